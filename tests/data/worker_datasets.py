"""Datasets for worker processes, which must be able to import them."""

import os
import random
import signal
import time

import numpy as np

import flambeau as fb
from flambeau.utils.data import Dataset, IterableDataset, get_worker_info


class Rows(Dataset):
    """Row i holds i; large enough to travel through shared memory."""

    def __init__(self, length=20, width=3000):
        self.length, self.width = length, width

    def __len__(self):
        return self.length

    def __getitem__(self, index):
        return fb.full((self.width,), float(index)), index


class Table(Dataset):
    """Rows of a tensor that every worker has."""

    def __init__(self, x):
        self.x = x

    def __len__(self):
        return len(self.x)

    def __getitem__(self, index):
        return self.x[index] * 1


class Noisy(Rows):
    """Draws from all random streams of its process."""

    def __getitem__(self, index):
        return index, fb.rand(()).item(), random.random(), np.random.rand()


class Seeds(Rows):
    """Says which worker it is in."""

    def __getitem__(self, index):
        info = get_worker_info()
        streams = fb.initial_seed(), random.random(), np.random.randint(2**30)
        return (info.id, info.num_workers, info.seed, *streams)


class Fails(Rows):
    """Does something bad at row 5."""

    def __init__(self, how):
        super().__init__(20, 3)
        self.how = how

    def __getitem__(self, index):
        if index == 5:
            if self.how == "raise":
                raise ValueError("row five is bad")
            if self.how == "key":
                raise KeyError("five")
            if self.how == "odd":
                raise OddError(1, 2)
            if self.how == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            if self.how == "exit":
                os._exit(3)
            if self.how == "unpicklable":
                return lambda: None
            time.sleep(1000)
        return super().__getitem__(index)


class OddError(Exception):
    """Takes more than a text."""

    def __init__(self, a, b):
        super().__init__(f"{a} and {b}")


class Share(IterableDataset):
    """Each worker iterates its share of 0 ... length - 1."""

    def __init__(self, length=20):
        self.length = length

    def __iter__(self):
        info = get_worker_info()
        number, count = (info.id, info.num_workers) if info else (0, 1)
        for index in range(number, self.length, count):
            yield index, random.random()


def refuse(number):
    """A `worker_init_fn` that fails in worker 1."""
    if number == 1:
        raise RuntimeError("worker one does not want to")


def reseed(number):
    """A `worker_init_fn` that seeds Python's stream itself."""
    random.seed(1000 + number)


def as_given(samples):
    """A `collate_fn` that leaves samples as they are."""
    return samples
