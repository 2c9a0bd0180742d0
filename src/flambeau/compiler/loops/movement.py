"""Operations that only move elements, as copies between views of memory.

Joining, flipping, repeating, writing into a view: each output starts as nothing, as zeros or as
another value, and then parts of it receive other values. Parts and sources are described by
functions that view an array.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from flambeau.compiler.loops.access import type_name
from flambeau.compiler.record.program import Instruction, Value
from flambeau.core.scalar import DTYPES
from flambeau.tensor.operation import REGISTRY

View = Callable[[np.ndarray], np.ndarray]
NOTHING, ZERO = object(), object()


class Part:
    """One copy: ``target(output) = view(source)``; a view that is ``None`` shows all of it."""

    __slots__ = ("source", "target", "view")

    def __init__(self, source: Value, view: View | None, target: View | None) -> None:
        self.source = source
        self.view = view
        self.target = target


class Movement:
    """How one output comes about.

    Attributes:
        start: ``NOTHING``, ``ZERO``, or the value that the output equals at first.
        parts: the copies, which do not overlap.
    """

    __slots__ = ("parts", "start")

    def __init__(self, start: Any, parts: list[Part]) -> None:
        self.start = start
        self.parts = parts


def movements_of(instruction: Instruction) -> list[Movement] | None:
    """How each output comes about; ``None`` if the operation does more than move elements."""
    make = _FORMS.get(instruction.operation.name)
    values = (*instruction.values(), *instruction.outputs)
    if make is None or any(type_name(v.spec.dtype) not in DTYPES for v in values):
        return None
    if any(v.spec.size == 0 for v in instruction.outputs):
        return None
    return make(instruction)


def _at(dim: int, part: Any) -> View:
    index = (*[slice(None)] * dim, part, ...)
    return lambda array: array[index]


def _cat(instruction: Instruction) -> list[Movement]:
    (dim,) = instruction.params
    parts, start = [], 0
    for x in instruction.inputs:
        if x.spec.size:
            size = x.spec.shape[dim]
            parts.append(Part(x, None, _at(dim, slice(start, start + size))))
            start += size
    return [Movement(NOTHING, parts)]


def _stack(instruction: Instruction) -> list[Movement]:
    (dim,) = instruction.params
    parts = [Part(x, None, _at(dim, i)) for i, x in enumerate(instruction.inputs)]
    return [Movement(NOTHING, parts)]


def _whole(view: Callable[..., np.ndarray]) -> Callable[[Instruction], list[Movement]]:
    """An output that is a view of the input, copied."""

    def make(instruction: Instruction) -> list[Movement]:
        (source,) = instruction.inputs
        return [Movement(NOTHING, [Part(source, lambda x: view(x, *instruction.params), None)])]

    return make


def _placing(forward: str) -> Callable[[Instruction], list[Movement]]:
    """Zeros, of which what the operation ``forward`` shows is the input."""

    def make(instruction: Instruction) -> list[Movement]:
        (source,) = instruction.inputs
        _, *params = instruction.params
        evaluate = REGISTRY[forward].evaluate
        return [Movement(ZERO, _copied(source, lambda x: evaluate(x, *params)))]

    return make


def _copied(source: Value, target: View) -> list[Part]:
    return [Part(source, None, target)] if source.spec.size else []


def _pad_behind(instruction: Instruction) -> list[Movement]:
    (source,) = instruction.inputs
    corner = tuple(slice(0, n) for n in source.spec.shape)
    return [Movement(ZERO, _copied(source, lambda x: x[(*corner, ...)]))]


def _diag_embed(instruction: Instruction) -> list[Movement]:
    (source,) = instruction.inputs
    offset, first, second = instruction.params
    return [Movement(ZERO, _copied(source, lambda x: np.diagonal(x, offset, first, second)))]


def _replace_slice(instruction: Instruction) -> list[Movement]:
    whole, part = instruction.inputs
    (chain,) = instruction.params

    def target(array: np.ndarray) -> np.ndarray:
        for op, params, output in chain:
            found = op.evaluate(array, *params)
            array = found[output] if isinstance(found, tuple) else found
        return array

    return [Movement(whole, _copied(part, target))]


def _repeat(instruction: Instruction) -> list[Movement]:
    (source,) = instruction.inputs
    (repeats,) = instruction.params
    padded = (1,) * (len(repeats) - len(source.spec.shape)) + tuple(source.spec.shape)
    pairs = tuple(zip(repeats, padded, strict=True))
    split = tuple(itertools.chain.from_iterable(pairs))
    apart = tuple(itertools.chain.from_iterable((1, n) for n in padded))

    def view(array: np.ndarray) -> np.ndarray:
        index = tuple(itertools.chain.from_iterable((None, slice(None)) for _ in array.shape))
        alone = (None,) * (2 * (len(padded) - array.ndim))
        return np.broadcast_to(array[(*alone, *index)].reshape(apart), split)

    return [Movement(NOTHING, [Part(source, view, lambda array: array.reshape(split))])]


def _roll(instruction: Instruction) -> list[Movement] | None:
    (source,) = instruction.inputs
    shifts, dims = instruction.params
    if not dims and len(source.spec.shape) != 1:
        return None
    moved = dict.fromkeys(dims or (0,), 0)
    for dim, shift in zip(dims or (0,), shifts, strict=True):
        moved[dim] += shift
    choices = [list(_halves(dim, shift, source.spec.shape[dim])) for dim, shift in moved.items()]
    parts = []
    for pieces in itertools.product(*choices):
        index = {dim: (there, here) for dim, there, here in pieces}
        there, here = (
            tuple(index[d][k] if d in index else slice(None) for d in range(len(source.spec.shape)))
            for k in (0, 1)
        )
        parts.append(Part(source, lambda x, i=here: x[i], lambda x, i=there: x[i]))
    return [Movement(NOTHING, parts)]


def _halves(dim: int, shift: int, size: int) -> Iterator[tuple[int, slice, slice]]:
    """The two pieces that a rotation exchanges: where they go, and where they were."""
    shift %= size
    yield dim, slice(shift, size), slice(0, size - shift)
    if shift:
        yield dim, slice(0, shift), slice(size - shift, size)


def _split(instruction: Instruction) -> list[Movement]:
    (source,) = instruction.inputs
    dim = instruction.params[-1]
    movements, start = [], 0
    for output in instruction.outputs:
        end = start + output.spec.shape[dim]
        view = _at(dim, slice(start, end))
        movements.append(Movement(NOTHING, [Part(source, view, None)]))
        start = end
    return movements


_FORMS: dict[str, Callable[[Instruction], list[Movement] | None]] = {
    "cat": _cat,
    "stack": _stack,
    "flip": _whole(lambda x, dims: np.flip(x, dims) if x.ndim else x),
    "rot90": _whole(np.rot90),
    "diagonal_copy": _whole(np.diagonal),
    "roll": _roll,
    "repeat": _repeat,
    "select_backward": _placing("select"),
    "slice_backward": _placing("slice"),
    "basic_index_backward": _placing("basic_index"),
    "diagonal_backward": _placing("diagonal"),
    "diag_embed": _diag_embed,
    "pad_behind": _pad_behind,
    "replace_slice": _replace_slice,
    "unsafe_split": _split,
    "unsafe_split_with_sizes": _split,
}
