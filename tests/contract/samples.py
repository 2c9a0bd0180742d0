"""What records use to make inputs for the contract tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import flambeau as fb
from flambeau.core import dtypes
from flambeau.tensor.tensor import Tensor


class Sample:
    """One call of an operation.

    Attributes:
        inputs: tensors, numbers or ``None``.
        params: in the record's order.
        error: the exception's type if the call must fail.
        smooth: whether the gradient may be checked by finite differences here.
    """

    def __init__(
        self,
        inputs: Sequence[Any],
        params: Sequence[Any] = (),
        error: type[Exception] | None = None,
        smooth: bool = True,
    ) -> None:
        self.inputs = tuple(inputs)
        self.params = tuple(params)
        self.error = error
        self.smooth = smooth

    def __repr__(self) -> str:
        shown = [
            f"{x.dtype.name}{list(x.shape)}" if isinstance(x, Tensor) else repr(x)
            for x in self.inputs
        ]
        return f"({', '.join(shown)}; {', '.join(map(repr, self.params))})"


class Maker:
    """Makes tensors with reproducible values.

    Args:
        seed: of the values.
    """

    Sample = Sample

    def __init__(self, seed: int = 0) -> None:
        self.random = np.random.default_rng(seed)

    def tensor(
        self, shape: Sequence[int], low: float = -3.0, high: float = 3.0, dtype: Any = None
    ) -> Tensor:
        """Values spread evenly over (low, high) and shuffled, so that no two are equal."""
        count = int(np.prod(shape))
        values = low + (high - low) * (np.arange(count) + 0.5 + self.random.uniform(0, 0.3)) / max(
            count, 1
        )
        self.random.shuffle(values)
        kind = fb.float64 if dtype is None else _as_dtype(dtype)
        if kind.is_complex:
            values = values + 1j * self.random.permutation(values)
        return fb.from_numpy(values.reshape(shape)).to(kind)

    def transposed(self, shape: Sequence[int], low: float = -3.0, high: float = 3.0) -> Tensor:
        """A non-contiguous tensor of this shape."""
        return self.tensor(tuple(shape)[::-1], low, high).permute(*range(len(shape))[::-1])

    def integers(
        self, shape: Sequence[int], low: int = -5, high: int = 6, dtype: Any = None
    ) -> Any:
        """Integers from low to high - 1."""
        values = self.random.integers(low, high, tuple(shape))
        return fb.from_numpy(np.asarray(values)).to(_as_dtype(dtype or fb.int64))

    def arange(self, count: int) -> Tensor:
        """0, 1, 2, ... in float64."""
        return fb.from_numpy(np.arange(count, dtype=np.float64))

    def booleans(self, shape: Sequence[int]) -> Tensor:
        """Truth values, some of each."""
        return fb.from_numpy(np.asarray(self.random.random(tuple(shape)) < 0.5))

    def sample(
        self, inputs: Sequence[Any] = (), params: Sequence[Any] = (), smooth: bool = True
    ) -> Sample:
        """One call that works."""
        return Sample(inputs, params, None, smooth)

    def error(
        self,
        inputs: Sequence[Any],
        params: Sequence[Any] = (),
        error: type[Exception] = RuntimeError,
    ) -> Sample:
        """One call that must raise ``error``."""
        return Sample(inputs, params, error)

    def unary(self, domain: tuple[float, float], floating: bool = True, params: Any = ()) -> list:
        """Calls of an elementwise function of one tensor over all kinds of shapes."""
        low, high = domain
        shapes = [(), (0,), (3,), (2, 3), (2, 1, 4)]
        samples = [Sample([self.tensor(s, low, high)], params) for s in shapes]
        samples.append(Sample([self.transposed((3, 4), low, high)], params))
        samples.append(Sample([self.tensor((6, 4), low, high)[::2, 1:]], params))
        return samples

    def binary(
        self, first: tuple[float, float], second: tuple[float, float], params: Any = ()
    ) -> list:
        """Calls of an elementwise function of two operands: shapes, broadcasting, numbers."""
        pairs = [((), ()), ((3,), (3,)), ((0,), (0,)), ((2, 3), (3,)), ((2, 1), (1, 4)), ((), (2,))]
        samples = [
            Sample([self.tensor(a, *first), self.tensor(b, *second)], params) for a, b in pairs
        ]
        samples.append(
            Sample([self.transposed((3, 4), *first), self.tensor((3, 4), *second)], params)
        )
        samples.append(
            Sample([self.tensor((2, 3), *first), (second[0] + second[1]) / 2 + 0.3], params)
        )
        samples.append(
            Sample([self.tensor((2,), *first), self.tensor((3,), *second)], params, RuntimeError)
        )
        return samples


def _as_dtype(dtype: Any) -> Any:
    """Our data type, from ours or NumPy's."""
    return dtype if isinstance(dtype, fb.dtype) else dtypes.of(np.dtype(dtype))


def samples_of(op: Any) -> list[Sample]:
    """The samples of a record."""
    return [] if op.samples is None else list(op.samples(Maker()))
