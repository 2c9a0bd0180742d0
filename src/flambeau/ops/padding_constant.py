"""Borders of one value, and their removal."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from flambeau.core.errors import message
from flambeau.core.spec import Spec
from flambeau.ops.creation import FULL
from flambeau.ops.publish import PUBLIC, public
from flambeau.ops.view_record import require_tensor
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor

Ints = tuple[int, ...]


def amounts_by_dim(ndim: int, pad: Ints) -> list[tuple[int, int]]:
    """For each dimension what is added before and behind; ``pad`` begins with the last one."""
    amounts = [(0, 0)] * ndim
    for place in range(len(pad) // 2):
        amounts[ndim - 1 - place] = (pad[2 * place], pad[2 * place + 1])
    return amounts


def _check(x: Any, pad: Ints) -> Ints:
    """The shape with borders."""
    return _plan(tuple(x.shape), pad)[0]


@lru_cache(maxsize=256)
def _plan(shape: Ints, pad: Ints) -> tuple[Ints, tuple[slice, ...], tuple[slice, ...]]:
    """The shape with borders, what is kept, and where it goes."""
    ndim = len(shape)
    if len(pad) % 2:
        raise RuntimeError(
            message(
                "pad: sizes come in pairs",
                expected="an even number of sizes, (before, behind) from the last dimension on",
                got=str(pad),
            )
        )
    if len(pad) > 2 * ndim:
        raise RuntimeError(
            message(
                "pad: more pairs of sizes than dimensions",
                expected=f"at most {2 * ndim} sizes for shape {shape}",
                got=str(pad),
            )
        )
    amounts = amounts_by_dim(ndim, pad)
    if any(n + min(a, 0) + min(b, 0) < 0 for n, (a, b) in zip(shape, amounts)):
        raise RuntimeError(
            message(
                "pad: more is taken away than there is",
                expected="sizes that leave every dimension with at least 0 elements",
                got=f"shape {shape} and sizes {pad}",
            )
        )
    pieces = [_overlap(n, a, b) for n, (a, b) in zip(shape, amounts)]
    found = tuple([n + a + b for n, (a, b) in zip(shape, amounts)])
    return found, tuple([p[0] for p in pieces]), tuple([p[1] for p in pieces])


def _overlap(n: int, before: int, behind: int) -> tuple[slice, slice]:
    """What of a dimension is kept, and where it goes."""
    start, stop = max(0, -before), n - max(0, -behind)
    return slice(start, stop), slice(start + before, stop + before)


def _constant_pad(x: np.ndarray, pad: Ints, value: Any) -> np.ndarray:
    shape, kept, place = _plan(x.shape, pad)
    if value == 0:
        out = np.zeros(shape, x.dtype)
    else:
        out = np.empty(shape, x.dtype)
        out.fill(value)
    if x.ndim:
        out[place] = x[kept]
    else:
        out[...] = x
    return out


def _in_parts(input: Any, pad: Ints, value: Any) -> Tensor:
    """Cut, then joined to blocks of the value."""
    for dim, (before, behind) in enumerate(amounts_by_dim(input.ndim, pad)):
        kept, _ = _overlap(input.shape[dim], before, behind)
        if kept != slice(0, input.shape[dim]):
            input = input.narrow(dim, kept.start, kept.stop - kept.start)
        blocks = [
            _block(input, dim, amount, value) if amount > 0 else None for amount in (before, behind)
        ]
        parts = [part for part in (blocks[0], input, blocks[1]) if part is not None]
        if len(parts) > 1:
            input = PUBLIC["cat"](parts, dim)
    return input


def _block(input: Any, dim: int, amount: int, value: Any) -> Tensor:
    shape = (*input.shape[:dim], amount, *input.shape[dim + 1 :])
    return apply(FULL, (), (shape, value, input._array.dtype, False))


CONSTANT_PAD = Operation(
    "constant_pad_nd",
    inputs="input",
    params="pad value",
    evaluate=_constant_pad,
    infer=lambda x, pad, value: Spec(_check(x, pad), x.dtype),
    gradient={
        "input": lambda g, pad: apply(CONSTANT_PAD, (g,), (tuple([-p for p in pad]), 0)),
    },
    decompose=_in_parts,
    samples=lambda make: [
        make.sample((make.tensor((3,)),), ((1, 2), 0)),
        make.sample((make.tensor((2, 3)),), ((1, 0, 0, 2), 1.5)),
        make.sample((make.tensor((2, 3, 4)),), ((-1, 2, 1, -1), 0.0)),
        make.sample((make.tensor((2, 3)),), ((-2, 3), 2.0)),
        make.sample((make.transposed((3, 4)),), ((0, 1), 7)),
        make.sample((make.tensor((0, 3)),), ((1, 1, 2, 0), 1.0)),
        make.sample((make.tensor(()),), ((), 1.0)),
        make.error((make.tensor((2, 3)),), ((1,), 0), RuntimeError),
        make.error((make.tensor((3,)),), ((1, 1, 1, 1), 0), RuntimeError),
        make.error((make.tensor((3,)),), ((-4, 3), 0), RuntimeError),
    ],
)


@public()
def constant_pad_nd(input: Tensor, pad: Any, value: Any = 0) -> Tensor:
    """Add borders of one value, or take borders away.

    Args:
        input: a tensor.
        pad: sizes before and behind, in pairs from the last dimension on; negative ones cut.
        value: what the borders are filled with.

    Raises:
        RuntimeError: if there are more pairs than dimensions, or more is cut than there is.

    Example:
        >>> import flambeau as fb
        >>> fb.constant_pad_nd(fb.tensor([1, 2]), (1, 2), 9)
        tensor([9, 1, 2, 9, 9])
    """
    require_tensor("pad", input)
    return apply(CONSTANT_PAD, (input,), (tuple([int(p) for p in pad]), value))
