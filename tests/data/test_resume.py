"""A loop that is continued gives the batches that it would have given."""

import io
import random

import numpy as np
import pytest

import flambeau as fb
from flambeau.tensor.streams import set_streams, streams
from flambeau.utils.data import (
    DataLoader,
    RandomSampler,
    Sampler,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
)  # fmt: skip
from tests.data.worker_datasets import Noisy, Share, as_given

pytestmark = pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")


class Global(Sampler):
    """Draws its order from the streams of Python and NumPy, index by index."""

    def __iter__(self):
        for _ in range(10):
            yield random.randrange(10) if random.random() < 0.5 else int(np.random.randint(10))

    def __len__(self):
        return 10


def seeded():
    return fb.Generator().manual_seed(3)


LOADERS = {
    "in order": lambda **o: DataLoader(Noisy(10), 3, **o),
    "shuffled": lambda **o: DataLoader(Noisy(10), 3, True, **o),
    "own stream": lambda **o: DataLoader(Noisy(10), 3, True, generator=seeded(), **o),
    "replacement": lambda **o: DataLoader(
        Noisy(10), 3, sampler=RandomSampler(range(10), True, 70, seeded()), **o
    ),
    "subset": lambda **o: DataLoader(Noisy(10), 3, sampler=SubsetRandomSampler(range(9)), **o),
    "weights": lambda **o: DataLoader(
        Noisy(10), 3, sampler=WeightedRandomSampler([1.0] * 10, 10, generator=seeded()), **o
    ),
    "global": lambda **o: DataLoader(Noisy(10), 3, sampler=Global(), **o),
    "iterable": lambda **o: DataLoader(Share(20), 3, **o),
    "uneven": lambda **o: DataLoader(Share(17), 2, **o),
    "tensors": lambda **o: DataLoader(TensorDataset(fb.arange(10)), 3, True, **o),
}


def plain(batch):
    return [part.tolist() if isinstance(part, fb.Tensor) else part for part in batch]


def run(loader, epochs, log, stop=None):
    """Epochs of training that draws random numbers too; where it is when it stops."""
    for _ in range(epochs):
        for batch in loader:
            log.append((plain(batch), fb.rand(1).item(), random.random()))
            if stop is not None and len(log) == stop:
                return {"loader": loader.state_dict(), "streams": streams()}
    return {"loader": loader.state_dict(), "streams": streams()}


def saved_and_loaded(state):
    file = io.BytesIO()
    fb.save(state, file)
    return fb.load(file)


def restart():
    fb.manual_seed(11)
    random.seed(12)
    np.random.seed(13)


def check(make, stop):
    restart()
    whole = []
    run(make(), 3, whole)
    restart()
    log = []
    state = saved_and_loaded(run(make(), 3, log, stop))
    assert log == whole[:stop]
    fb.manual_seed(99)
    random.seed(98)
    np.random.seed(97)
    loader = make()
    set_streams(state["streams"])
    loader.load_state_dict(state["loader"])
    run(loader, 3, log)
    shorter = min(len(log), len(whole))
    assert shorter > stop
    assert log[:shorter] == whole[:shorter]


@pytest.mark.parametrize("stop", [1, 2, 3, 5])
@pytest.mark.parametrize("name", LOADERS)
def test_in_one_process(name, stop):
    check(LOADERS[name], stop)


@pytest.mark.parametrize("stop", [1, 3, 6, 8])
@pytest.mark.parametrize("workers", [1, 2, 4])
@pytest.mark.parametrize("name", ["shuffled", "own stream", "global", "iterable", "uneven"])
def test_through_workers(name, workers, stop):
    """The streams of workers continue too: `Noisy` draws from all of them."""
    check(lambda: LOADERS[name](num_workers=workers), stop)


@pytest.mark.parametrize("name", ["shuffled", "global", "tensors"])
@pytest.mark.parametrize("workers", [(2, 3), (2, 0), (0, 2)])
def test_another_number_of_workers_gives_the_same_order(name, workers):
    def indices(log):
        return [entry[0][0] for entry in log]

    restart()
    whole = []
    run(LOADERS[name](num_workers=workers[0]), 1, whole)
    restart()
    log = []
    state = run(LOADERS[name](num_workers=workers[0]), 1, log, 2)
    loader = LOADERS[name](num_workers=workers[1])
    set_streams(state["streams"])
    loader.load_state_dict(state["loader"])
    run(loader, 1, log)
    if name != "global" or workers[0]:  # where workers draw ahead, later indices are others
        assert indices(log) == indices(whole)


def test_workers_of_iterable_datasets_must_be_as_many():
    loader = LOADERS["iterable"](num_workers=2)
    next(batches := iter(loader))
    other = LOADERS["iterable"](num_workers=3)
    other.load_state_dict(loader.state_dict())
    with pytest.raises(ValueError, match="is continued by as many workers only"):
        iter(other)
    del batches


def test_between_epochs():
    restart()
    loader = LOADERS["own stream"]()
    whole = []
    run(loader, 1, whole)
    state = saved_and_loaded(loader.state_dict())
    expected = [plain(b)[0] for b in loader]
    other = LOADERS["own stream"]()
    other.load_state_dict(state)
    assert [plain(b)[0] for b in other] == expected


def test_a_loaded_state_is_kept_until_it_is_used():
    loader = DataLoader(range(6), 2, collate_fn=as_given)
    next(batches := iter(loader))
    state = loader.state_dict()
    del batches
    other = DataLoader(range(6), 2, collate_fn=as_given)
    other.load_state_dict(state)
    assert other.state_dict()["epoch"]["batches"] == 1
    assert list(other) == [[2, 3], [4, 5]]
    assert list(other) == [[0, 1], [2, 3], [4, 5]]
    assert other.state_dict()["epoch"] is None


def test_states_of_others_are_refused():
    loader = DataLoader(range(6), 2)
    with pytest.raises(ValueError) as raised:
        loader.load_state_dict({"a": 1})
    assert str(raised.value) == (
        "DataLoader: not the state of a loader\n"
        "  expected: what state_dict() gave\n"
        "  got:      dict ['a']"
    )
    loader.load_state_dict(DataLoader(range(6), generator=seeded()).state_dict())
    with pytest.raises(ValueError, match="of a loader with other generators"):
        iter(loader)
