"""Orders: values recorded from PyTorch 2.13 for seed 0, and the errors."""

import pytest

import flambeau as fb
from flambeau.utils.data import (
    BatchSampler,
    DistributedSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)  # fmt: skip


def seeded():
    return fb.Generator().manual_seed(0)


def test_sequential():
    assert list(SequentialSampler("abc")) == [0, 1, 2]
    assert len(SequentialSampler("abc")) == 3


def test_random():
    assert list(RandomSampler(range(8), generator=seeded())) == RECORDED["random"]
    assert list(RandomSampler(range(3), num_samples=7, generator=seeded())) == RECORDED["more"]
    replaced = RandomSampler(range(10), replacement=True, num_samples=40, generator=seeded())
    assert list(replaced) == RECORDED["replaced"]
    fb.manual_seed(0)
    assert list(RandomSampler(range(8))) == RECORDED["own stream"]
    assert len(RandomSampler(range(3), num_samples=7)) == 7


def test_subset_and_weights():
    assert list(SubsetRandomSampler("abcdef", seeded())) == list(RECORDED["subset"])
    weights = [0.1, 0.4, 0.2, 0.3]
    assert list(WeightedRandomSampler(weights, 6, generator=seeded())) == RECORDED["weighted"]
    drawn = WeightedRandomSampler(weights, 4, replacement=False, generator=seeded())
    assert list(drawn) == RECORDED["weighted without"]


def test_distributed():
    for drop_last in (False, True):
        for rank in range(3):
            sampler = DistributedSampler(range(10), 3, rank, seed=1, drop_last=drop_last)
            sampler.set_epoch(4)
            assert list(sampler) == RECORDED["distributed"][drop_last][rank]
            assert len(sampler) == 3 if drop_last else 4
    assert [list(DistributedSampler("a", 3, r, shuffle=False)) for r in range(3)] == [[0]] * 3


def test_batches():
    assert list(BatchSampler("abcde", 2, False)) == [["a", "b"], ["c", "d"], ["e"]]
    assert list(BatchSampler(range(5), 2, True)) == [[0, 1], [2, 3]]
    assert [len(BatchSampler(range(5), 2, drop)) for drop in (False, True)] == [3, 2]
    assert list(BatchSampler([], 2, False)) == []


def test_blocks_and_indices_agree():
    """Blocks are what loaders take; they must be drawn as the single indices are."""
    for number, size in [(7, 3), (6, 3), (40, 7), (64, 16)]:
        for options in ({}, {"num_samples": 2 * number + 1}, {"replacement": True}):
            for drop_last in (False, True):
                first, second = seeded(), seeded()
                one = BatchSampler(
                    RandomSampler(range(number), generator=first, **options), size, drop_last
                )
                other = BatchSampler(
                    RandomSampler(range(number), generator=second, **options), size, drop_last
                )
                singly, blocks = iter(one), other.batches(other.sampler.blocks())
                for batch in singly:
                    assert next(blocks).tolist() == batch
                    assert (first.get_state() == second.get_state()).all()
                assert next(blocks, None) is None
                assert (first.get_state() == second.get_state()).all()


def test_errors():
    with pytest.raises(ValueError) as raised:
        BatchSampler(range(3), 0, False)
    assert str(raised.value) == (
        "BatchSampler: batch_size is not a positive integer\n"
        "  expected: batch_size >= 1\n"
        "  got:      batch_size=0"
    )
    cases = [
        lambda: BatchSampler(range(3), True, False),
        lambda: BatchSampler(range(3), 1, 1),
        lambda: RandomSampler(range(3), num_samples=0),
        lambda: RandomSampler([]),
        lambda: WeightedRandomSampler([1.0], 0),
        lambda: WeightedRandomSampler([1.0], 1, 1),
        lambda: WeightedRandomSampler([[1.0]], 1),
        lambda: DistributedSampler(range(3), 2, 2),
    ]
    for case in cases:
        with pytest.raises(ValueError, match="Sampler: "):
            case()
    with pytest.raises(TypeError, match="RandomSampler: replacement is not a boolean"):
        RandomSampler(range(3), replacement=1)
    with pytest.raises(RuntimeError, match="DistributedSampler: the processes are not known"):
        DistributedSampler(range(3))
    with pytest.raises(TypeError):
        iter(Sampler())


RECORDED = {
    "random": [4, 0, 7, 3, 2, 5, 1, 6],
    "more": [2, 0, 1, 2, 1, 0, 1],
    "replaced": [
        4,
        9,
        3,
        0,
        3,
        9,
        7,
        3,
        7,
        3,
        1,
        6,
        6,
        9,
        8,
        6,
        6,
        8,
        4,
        3,
        6,
        9,
        1,
        4,
        4,
        1,
        9,
        9,
        9,
        0,
        1,
        2,
        3,
        0,
        5,
        5,
        2,
        9,
        1,
        8,
    ],
    "own stream": [2, 5, 4, 6, 1, 7, 0, 3],
    "subset": "cfdabe",
    "weighted": [3, 3, 1, 3, 2, 3],
    "weighted without": [2, 1, 3, 0],
    "distributed": {
        False: [[1, 6, 0, 7], [4, 3, 2, 1], [9, 5, 8, 4]],
        True: [[1, 6, 0], [4, 3, 2], [9, 5, 8]],
    },
}
