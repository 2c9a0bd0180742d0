"""Loaders in this process: orders, batches, the quick way and the long one, arguments."""

import numpy as np
import pytest

import flambeau as fb
from flambeau.data.gathering import gather_of
from flambeau.utils.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    DistributedSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    StackDataset,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
    default_collate,
)  # fmt: skip
from tests.data.worker_datasets import Share


def lists(batches):
    return [[part.tolist() for part in batch] for batch in batches]


class Singly(Dataset):
    """A dataset sample by sample, which no gather can know."""

    def __init__(self, dataset):
        self.dataset = dataset

    def __len__(self):
        return len(self.dataset)

    def __getitem__(self, index):
        return self.dataset[index]


def samplers(n):
    yield lambda: None
    for make in (
        lambda g: RandomSampler(range(n), generator=g),
        lambda g: RandomSampler(range(n), True, 2 * n + 1, g),
        lambda g: RandomSampler(range(n), num_samples=n + 3, generator=g),
        lambda g: SubsetRandomSampler(list(range(0, n, 2)), g),
        lambda g: WeightedRandomSampler(np.arange(1.0, n + 1), n, True, g),
        lambda g: WeightedRandomSampler(np.arange(1.0, n + 1), n, False, g),
        lambda g: DistributedSampler(range(n), 3, 1),
        lambda g: SequentialSampler(range(n)),
    ):
        yield lambda make=make: make(None)
        yield lambda make=make: make(fb.Generator().manual_seed(7))


def tables():
    x = fb.arange(46.0).view(23, 2)
    wide = fb.arange(23 * 8).view(23, 2, 4)
    yield TensorDataset(x, fb.arange(23))
    yield TensorDataset(wide[:, :, ::2], wide.permute(0, 2, 1), x.bfloat16())
    yield TensorDataset(fb.arange(46.0).view(2, 23).t(), fb.arange(46)[::2])
    yield TensorDataset(fb.zeros(23, 0), fb.arange(23).bool())
    yield Subset(TensorDataset(x), list(range(22, -1, -1)))
    yield Subset(Subset(TensorDataset(x), fb.arange(23).tolist()), range(23))


@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("size", [1, 4, 23, 30])
def test_gathers_give_what_stacking_samples_gives(size, drop_last):
    for dataset in tables():
        assert gather_of(dataset, default_collate) is not None
        assert gather_of(Singly(dataset), default_collate) is None
        for make in samplers(len(dataset)):
            found = []
            for part in (dataset, Singly(dataset)):
                fb.manual_seed(3)
                loader = DataLoader(part, size, sampler=make(), drop_last=drop_last)
                found.append((list(loader), fb.get_rng_state().tolist()))
            (quick, state), (slow, slow_state) = found
            assert lists(quick) == lists(slow)
            assert state == slow_state
            assert len(quick) == len(loader)
            for a, b in zip(quick, slow, strict=True):
                for x, y in zip(a, b, strict=True):
                    assert (x.dtype, x.shape, x.stride()) == (y.dtype, y.shape, y.stride())


def test_tensors_and_arrays_are_datasets():
    for data in (fb.arange(12).view(6, 2), np.arange(12).reshape(6, 2)):
        batches = list(DataLoader(data, 4))
        assert [b.tolist() for b in batches] == [
            [[0, 1], [2, 3], [4, 5], [6, 7]],
            [[8, 9], [10, 11]],
        ]
    assert [b.tolist() for b in DataLoader(fb.arange(3), 2)] == [[0, 1], [2]]


def test_batches_have_memory_of_their_own():
    x = fb.arange(6)
    for (batch,) in DataLoader(TensorDataset(x), 3):
        batch.zero_()
    assert x.tolist() == list(range(6))


def test_changes_of_the_data_are_seen_at_once():
    x = fb.zeros(4)
    batches = iter(DataLoader(TensorDataset(x), 2))
    next(batches)
    x.fill_(5)
    assert next(batches)[0].tolist() == [5, 5]


def test_rows_that_require_a_gradient_keep_their_graph():
    x = fb.ones(4, 2, requires_grad=True)
    sum(batch.sum() * k for k, (batch,) in enumerate(DataLoader(TensorDataset(x), 2))).backward()
    assert x.grad.tolist() == [[0, 0], [0, 0], [1, 1], [1, 1]]


def test_indices_of_own_samplers():
    class Odd(Sampler):
        def __iter__(self):
            return iter([-1, 0, 2])

        def __len__(self):
            return 3

    dataset = TensorDataset(fb.arange(4))
    assert lists(DataLoader(dataset, 2, sampler=Odd())) == [[[3, 0]], [[2]]]
    assert lists(DataLoader(dataset, 2, sampler=[1, 1, 3])) == [[[1, 1]], [[3]]]
    assert lists(DataLoader(dataset, batch_sampler=[[0], [1, 2]])) == [[[0]], [[1, 2]]]
    with pytest.raises(IndexError):
        list(DataLoader(dataset, sampler=[4]))
    with pytest.raises(IndexError):
        list(DataLoader(dataset, sampler=SubsetRandomSampler([4])))


def test_a_subclass_is_asked_for_each_sample():
    class Doubled(TensorDataset):
        def __getitem__(self, index):
            return tuple(2 * t for t in super().__getitem__(index))

    class Backwards(RandomSampler):
        def __iter__(self):
            return iter(range(2, -1, -1))

    assert lists(DataLoader(Doubled(fb.arange(3)), 3)) == [[[0, 2, 4]]]
    dataset = TensorDataset(fb.arange(3))
    assert lists(DataLoader(dataset, 3, sampler=Backwards(dataset))) == [[[2, 1, 0]]]


def test_without_batches():
    dataset = StackDataset(np.arange(3), "abc")
    assert [tuple(map(str, s)) for s in DataLoader(dataset, None)] == [
        ("tensor(0)", "a"),
        ("tensor(1)", "b"),
        ("tensor(2)", "c"),
    ]
    assert [s[0] for s in DataLoader(Share(3), None)] == [0, 1, 2]


def test_iterable_datasets():
    sizes = [len(b[0]) for b in DataLoader(Share(7), 3)]
    assert sizes == [3, 3, 1]
    assert len(list(DataLoader(Share(7), 3, drop_last=True))) == 2

    class Lying(Share):
        def __len__(self):
            return 1

    loader = DataLoader(Lying(3))
    assert len(loader) == 1
    with pytest.warns(UserWarning, match="said that it has 1 samples"):
        list(loader)


def test_collate_function_of_ones_own():
    loader = DataLoader(TensorDataset(fb.arange(3)), 2, collate_fn=len)
    assert list(loader) == [2, 1]


def test_an_epoch_draws_what_pytorch_draws():
    """A base seed for every iterator, and, if shuffled, a seed of the permutation."""
    dataset = TensorDataset(fb.arange(5))
    for shuffle, count in ((False, 1), (True, 2)):
        fb.manual_seed(1)
        list(DataLoader(dataset, 2, shuffle))
        after = fb.rand(1)
        fb.manual_seed(1)
        for _ in range(count):
            fb.empty(1, dtype=fb.int64).random_()
        assert fb.rand(1).item() == after.item()


def test_attributes_are_fixed():
    loader = DataLoader(range(3))
    with pytest.raises(ValueError, match="DataLoader: batch_size cannot be changed"):
        loader.batch_size = 3
    loader.num_workers = 0
    assert isinstance(loader.batch_sampler, BatchSampler)
    assert loader.batch_size == 1


CONTRADICTIONS = [
    {"num_workers": -1}, {"timeout": -1}, {"prefetch_factor": 2}, {"persistent_workers": True},
    {"num_workers": 1, "prefetch_factor": 0}, {"shuffle": True, "sampler": [0]},
    {"batch_sampler": [[0]], "batch_size": 2}, {"batch_sampler": [[0]], "shuffle": True},
    {"batch_sampler": [[0]], "drop_last": True}, {"batch_size": None, "drop_last": True},
    {"multiprocessing_context": "fork"},
    {"num_workers": 1, "multiprocessing_context": "teleport"}, {"batch_size": 0},
]  # fmt: skip


@pytest.mark.parametrize("options", CONTRADICTIONS)
def test_contradictions(options):
    with pytest.raises(ValueError, match=r"^\w+: .*\n  expected: .*\n  got: "):
        DataLoader(range(3), **options)


def test_contradictions_of_iterable_datasets():
    for options in ({"shuffle": True}, {"sampler": [0]}, {"batch_sampler": [[0]]}):
        with pytest.raises(ValueError, match="an iterable-style dataset has its own order"):
            DataLoader(Share(), **options)
    with pytest.raises(TypeError, match="multiprocessing_context is no context"):
        DataLoader(range(3), num_workers=1, multiprocessing_context=3)
