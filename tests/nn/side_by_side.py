"""Scripts that run once with each library and write down what they see; both must see the same."""

from __future__ import annotations

import warnings

import numpy as np
import torch

import flambeau as fb


def plain(value):
    """What a library returned, without the library."""
    if isinstance(value, (fb.Tensor, torch.Tensor)):
        return ("tensor", str(value.dtype), np.round(value.detach().double().numpy(), 5).tolist())
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, (fb.nn.Module, torch.nn.Module)):
        return repr(value)
    if isinstance(value, type) and issubclass(value, Exception):
        return value
    return value


class Notes(list):
    """What a script has seen."""

    def __call__(self, *values):
        self.append(plain(values))

    def error(self, call):
        try:
            self("fine", call())
        except Exception as error:  # noqa: BLE001 whatever it is, both must raise it
            self.append(type(error))


def same(a, b):
    if isinstance(a, type) and isinstance(b, type):
        return issubclass(a, b)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b))
    return a == b


def network(L, nn):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(L.ones(1))
            self.first = nn.Linear(2, 3)
            self.nothing = None
            self.register_module("later", None)
            self.register_buffer("mean", L.zeros(3))
            self.register_buffer("passing", L.zeros(2), persistent=False)
            self.shared = self.first
            self.rest = nn.Sequential(nn.ReLU(), nn.Linear(3, 2), self.first)
            self.rest.tied = self.scale

        def forward(self, x, factor=1.0):
            return self.rest[1](self.first(x)) * self.scale * factor

    return Net()


def assert_both_see_the_same(function):
    """Run a script with both libraries and compare what it noted, warnings included."""
    seen = []
    for library in (fb, torch):
        notes = Notes()
        library.manual_seed(0)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            function(library, library.nn, notes)
        seen.append([*notes, [w.category.__name__ for w in caught]])
    assert len(seen[0]) == len(seen[1])
    for ours, theirs in zip(*seen):
        assert same(ours, theirs), (ours, theirs)
