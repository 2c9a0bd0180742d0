"""Borders beside PyTorch's: values, graphs, gradients of both orders, errors."""

from __future__ import annotations

import numpy as np
import pytest

import flambeau as fb
from tests.ops.peer_comparison import assert_same_error, compare

torch = pytest.importorskip("torch")

pytestmark = pytest.mark.peers


def values(shape, dtype=None):
    array = np.arange(1.0, np.prod(shape) + 1).reshape(shape)
    return fb.from_numpy(array).to(dtype or fb.float64)


def padded(pad, *args):
    return lambda lib, x: lib.nn.functional.pad(x, pad, *args)


CASES = [
    ((4,), (1, 2), ()),
    ((3, 4), (1, -2, 0, 1), ("constant", 2.5)),
    ((3, 4), (-1, -2, -1, -1), ()),
    ((2, 0), (1, 1), ("constant", 1.0)),
    *[((2, 4), pad, (mode,)) for mode in ("reflect", "replicate", "circular")
      for pad in ((1, 2), (3, 0), (-1, 2), (-3, 0), (0, 0))],
    *[((1, 2, 4), pad, (mode,)) for mode in ("reflect", "replicate", "circular")
      for pad in ((1, 2, 1, 0), (2, -1, 1, 1), (3, 3))],
    *[((1, 2, 2, 3, 4), pad, (mode,)) for mode in ("reflect", "replicate", "circular")
      for pad in ((1, 2, 2, 0, 1, 1), (0, 0, 0, 0, 1, 0))],
    ((2, 2), (5, 7), ("replicate",)),
    ((0, 2, 3), (1, 1), ("reflect",)),
]  # fmt: skip


@pytest.mark.parametrize(("shape", "pad", "args"), CASES)
def test_values_and_gradients(shape, pad, args):
    names = args[:1] != ("circular",)  # PyTorch copies into a new tensor, part by part
    compare(torch, padded(pad, *args), (values(shape),), names=names)


@pytest.mark.parametrize("mode", ["constant", "reflect", "replicate", "circular"])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "int64", "complex64"])
def test_types(mode, dtype):
    x = values((2, 4), getattr(fb, dtype))
    compare(torch, padded((1, 2), mode), (x,), order=1, names=mode != "circular")


@pytest.mark.parametrize(
    ("shape", "pad", "args", "error"),
    [
        ((3,), (1,), (), RuntimeError),
        ((3,), (1, 1, 1, 1), (), RuntimeError),
        ((3,), (-2, -2), (), RuntimeError),
        ((3,), (-4, 3), (), RuntimeError),
        ((3,), (1.5, 1), (), TypeError),
        ((3,), (1, 1), ("reflect",), NotImplementedError),
        ((3, 4), (1, 1, 1, 1), ("replicate",), NotImplementedError),
        ((3, 4), (1, 1), ("mirror",), NotImplementedError),
        ((3, 4), (1, 1), ("reflect", 1.0), RuntimeError),
        ((3, 4), (4, 0), ("reflect",), RuntimeError),
        ((3, 4), (5, 0), ("circular",), RuntimeError),
        ((2, 0, 3), (1, 1), ("reflect",), RuntimeError),
        ((3, 4), (-2, -2), ("replicate",), RuntimeError),
    ],
)
def test_errors(shape, pad, args, error):
    assert_same_error(torch, padded(pad, *args), (values(shape),), error)
