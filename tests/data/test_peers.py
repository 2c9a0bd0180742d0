"""Orders, batches and random numbers live beside PyTorch's."""

import itertools
import random

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import flambeau as fb  # noqa: E402 - needs torch
import flambeau.utils.data  # noqa: E402 - needs torch

pytestmark = [
    pytest.mark.peers,
    pytest.mark.filterwarnings("ignore:This process:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:This DataLoader will create"),
]
LIBRARIES = (fb, torch)


def both(run):
    """What a program gives with each library, from the same seeds."""
    found = []
    for lib in LIBRARIES:
        lib.manual_seed(4)
        random.seed(5)
        np.random.seed(6)
        found.append((run(lib), lib.rand(2).tolist()))
    assert found[0] == found[1]
    return found[0][0]


def lists(batches):
    return [[part.tolist() for part in batch] for batch in batches]


SAMPLERS = {
    "none": lambda data, n, g: None,
    "sequential": lambda data, n, g: data.SequentialSampler(range(n)),
    "random": lambda data, n, g: data.RandomSampler(range(n), generator=g),
    "more": lambda data, n, g: data.RandomSampler(range(n), num_samples=2 * n + 1, generator=g),
    "replacement": lambda data, n, g: data.RandomSampler(range(n), True, 70, g),
    "subset": lambda data, n, g: data.SubsetRandomSampler(range(0, n, 3), g),
    "weights": lambda data, n, g: data.WeightedRandomSampler(
        [k % 5 + 0.5 for k in range(n)], n, generator=g
    ),
    "weights without": lambda data, n, g: data.WeightedRandomSampler(
        [k % 5 + 0.5 for k in range(n)], n, False, g
    ),
    "distributed": lambda data, n, g: data.DistributedSampler(range(n), 3, 1),
}


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("name", SAMPLERS)
def test_orders(name, own):
    def run(lib):
        found = []
        data = lib.utils.data
        for n, size, drop_last in itertools.product((1, 23, 1000), (1, 7, 23), (False, True)):
            g = lib.Generator().manual_seed(8) if own else None
            dataset = data.TensorDataset(lib.arange(n), lib.arange(2 * n).view(n, 2))
            sampler = SAMPLERS[name](data, n, g)
            loader = data.DataLoader(dataset, size, sampler=sampler, drop_last=drop_last)
            found += [lists(loader), lists(loader), len(loader)]
            found += [lib.rand(1, generator=g).item()] if own else []
        return found

    both(run)


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("stop", [1, 2, 5])
def test_loops_that_are_left_draw_alike(shuffle, own, stop):
    def run(lib):
        g = lib.Generator().manual_seed(8) if own else None
        dataset = lib.utils.data.TensorDataset(lib.arange(10))
        loader = lib.utils.data.DataLoader(dataset, 3, shuffle, generator=g)
        found = []
        for _ in range(2):
            found += lists(itertools.islice(loader, stop))
            found.append(lib.rand(1, generator=g).item())
        return found

    both(run)


class Rows:
    """A dataset of plain Python, for both."""

    def __init__(self, n):
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, index):
        return index, random.random(), np.random.rand()


class FbRandom(Rows):
    def __getitem__(self, index):
        return index, fb.rand(()).item(), *super().__getitem__(index)


class TorchRandom(Rows):
    def __getitem__(self, index):
        return index, torch.rand(()).item(), *super().__getitem__(index)


@pytest.mark.parametrize("persistent", [False, True])
@pytest.mark.parametrize("workers", [1, 2, 4])
@pytest.mark.parametrize("shuffle", [False, True])
def test_workers_draw_alike(workers, shuffle, persistent):
    def run(lib):
        dataset = (FbRandom if lib is fb else TorchRandom)(10)
        loader = lib.utils.data.DataLoader(
            dataset, 3, shuffle, num_workers=workers, persistent_workers=persistent
        )
        return [lists(loader) for _ in range(2)]

    both(run)


ORDERS = {
    "in order": lambda data, n: None,
    "random": lambda data, n: data.RandomSampler(range(n)),
    "with replacement": lambda data, n: data.RandomSampler(range(n), True, 17),
    "weighted": lambda data, n: data.WeightedRandomSampler([1.0 + i for i in range(n)], 13),
    "of a subset": lambda data, n: data.SubsetRandomSampler(list(range(1, n, 2))),
    "in batches": lambda data, n: data.BatchSampler(data.SequentialSampler(range(n)), 4, True),
}


@pytest.mark.parametrize(
    ("name", "workers", "drop_last"),
    [
        *itertools.product(ORDERS, [0], [False, True]),
        *[(name, 2, bool(number % 2)) for number, name in enumerate(ORDERS)],
        ("random", 4, False),
        ("weighted", 4, True),
    ],
)
def test_batches_of_samplers_through_workers(name, workers, drop_last):
    def run(lib):
        data = lib.utils.data
        order = ORDERS[name](data, 11)
        options = {"batch_size": 3, "sampler": order, "drop_last": drop_last}
        if name == "in batches":
            options = {"batch_sampler": order}
        dataset = (FbRandom if lib is fb else TorchRandom)(11)
        # In this process it draws from the streams that both libraries' rows share.
        dataset = Rows(11) if not workers else dataset
        loader = data.DataLoader(dataset, num_workers=workers, **options)
        return [len(loader), lists(loader)]

    both(run)


def test_epochs_of_distributed_samplers():
    def run(lib):
        found = []
        for n, drop_last in itertools.product((2, 10, 12), (False, True)):
            for rank in range(4):
                sampler = lib.utils.data.DistributedSampler(
                    range(n), 4, rank, seed=2, drop_last=drop_last
                )
                for epoch in range(3):
                    sampler.set_epoch(epoch)
                    found += [list(sampler), len(sampler)]
        return found

    both(run)


def test_random_split():
    def run(lib):
        split = lib.utils.data.random_split
        found = [list(part) for part in split(range(100), [30, 70])]
        g = lib.Generator().manual_seed(3)
        found += [list(part) for part in split(range(11), [0.33, 0.33, 0.34], g)]
        return found

    both(run)


class FbShare(flambeau.utils.data.IterableDataset):
    def __iter__(self):
        info = flambeau.utils.data.get_worker_info()
        return iter(range(info.id if info else 0, 11, info.num_workers if info else 1))


class TorchShare(torch.utils.data.IterableDataset):
    def __iter__(self):
        info = torch.utils.data.get_worker_info()
        return iter(range(info.id if info else 0, 11, info.num_workers if info else 1))


@pytest.mark.parametrize("workers", [0, 1, 2])
@pytest.mark.parametrize("drop_last", [False, True])
def test_iterable_datasets(workers, drop_last):
    def run(lib):
        dataset = FbShare() if lib is fb else TorchShare()
        loader = lib.utils.data.DataLoader(dataset, 3, num_workers=workers, drop_last=drop_last)
        return [batch.tolist() for batch in loader]

    both(run)


SAMPLES = [
    [1, 2], [1.5, 2.0], [True, False], ["a", "b"], [(1, "a"), (2, "b")], [[1, 2.0], [3, 4.0]],
    [{"a": 1, "b": [1, 2]}] * 3, [np.float32(1)] * 2, [np.ones(2, "i2")] * 2, [np.array(3)] * 2,
    [b"a"], [None], [set()], [[1], [1, 2]], [np.array(["a"])], [2**40, 1],
]  # fmt: skip


@pytest.mark.parametrize("samples", SAMPLES)
def test_collation(samples):
    def run(lib):
        try:
            return repr(lib.utils.data.default_collate(samples))
        except (TypeError, RuntimeError) as error:
            return next(k for k in (TypeError, RuntimeError) if isinstance(error, k)).__name__

    both(run)
