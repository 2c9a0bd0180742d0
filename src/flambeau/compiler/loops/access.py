"""Where the elements of a value lie: a buffer, an offset and strides."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from flambeau.compiler.record.program import Instruction, Value
from flambeau.core.memory import without_values
from flambeau.core.shapes import contiguous_strides
from flambeau.core.spec import Spec


@lru_cache(maxsize=64)
def type_name(dtype: np.dtype) -> str:
    """The name of a type; NumPy takes microseconds to put one together."""
    return dtype.name


class Access:
    """How a value is read from memory.

    Attributes:
        root: the value whose memory it is.
        offset: of the first element, in elements.
        strides: in elements, one for each dimension of ``shape``.
        shape: sizes.
    """

    __slots__ = ("offset", "root", "shape", "strides")

    def __init__(
        self, root: Value, offset: int, strides: tuple[int, ...], shape: tuple[int, ...]
    ) -> None:
        self.root = root
        self.offset = offset
        self.strides = strides
        self.shape = shape

    def over(self, domain: tuple[int, ...]) -> tuple[int, ...]:
        """Strides over a domain that the value broadcasts to."""
        missing = len(domain) - len(self.shape)
        aligned = [
            0 if size == 1 else stride
            for size, stride in zip(self.shape, self.strides, strict=True)
        ]
        return (0,) * missing + tuple(aligned)


def direct(value: Value) -> Access:
    """A value that has memory of its own: without gaps, unless it is a buffer of the caller's."""
    spec = value.spec
    if value.kind == "buffer" or _is_dense(spec):
        strides = tuple(s // spec.dtype.itemsize for s in spec.strides)
    else:
        strides = contiguous_strides(spec.shape)
    return Access(value, 0, strides, spec.shape)


def _is_dense(spec: Spec) -> bool:
    """Whether the elements fill one block, in whatever order of dimensions."""
    step = spec.dtype.itemsize
    for stride, size in sorted(zip(spec.strides, spec.shape, strict=True)):
        if size != 1:
            if stride != step:
                return False
            step *= size
    return True


def through(source: Access, instruction: Instruction) -> tuple[Access, ...]:
    """What a view operation shows of a value."""
    if instruction.operation.name in ("reshape", "view", "unsafe_view"):
        return viewed(source, lambda array: array.reshape(instruction.params[0]))
    return viewed(source, lambda array: instruction.operation.evaluate(array, *instruction.params))


def viewed(source: Access, view: Callable[[np.ndarray], Any]) -> tuple[Access, ...]:
    """What a function of arrays shows of a value, found by calling it on memory without data."""
    dtype = source.root.spec.dtype
    meta = without_values(source.shape, dtype, tuple(s * dtype.itemsize for s in source.strides))
    out = view(meta)
    return tuple(_seen(source, meta, x) for x in (out if isinstance(out, tuple) else (out,)))


def _seen(source: Access, meta: np.ndarray, array: np.ndarray) -> Access:
    itemsize = meta.dtype.itemsize
    distance = _address(array) - _address(meta)
    strides = tuple(s // itemsize for s in array.strides)
    return Access(source.root, source.offset + distance // itemsize, strides, array.shape)


def _address(array: np.ndarray) -> int:
    return array.__array_interface__["data"][0]


def is_possible(source: Access, instruction: Instruction) -> bool:
    """Whether the view exists: a reshape of strides that do not allow it is a copy."""
    from flambeau.core.strides import can_view

    if instruction.operation.name not in ("reshape", "view", "unsafe_view"):
        return True
    return can_view(source.shape, source.strides, instruction.params[0])
