"""Calls of every operation, as the tests of function transforms use them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import flambeau as fb
from flambeau.ops import deferred
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import REGISTRY, Operation
from flambeau.tensor.tensor import Tensor
from tests.contract.samples import Sample, samples_of

deferred.load_all()

# The shapes of their results depend on values, so that examples cannot be stacked.
DATA_DEPENDENT = {
    "bincount", "masked_select", "nonzero", "repeated_indices", "unique", "unique_consecutive",
}  # fmt: skip
# Made by the compiler in what is recorded already: no function that is transformed calls them.
INTERNAL = {"guard", "replace_slice"}
OPERATIONS = [
    op
    for name, op in sorted(REGISTRY.items())
    if name not in DATA_DEPENDENT | INTERNAL and "generator" not in op.params
]


def valid_samples(op: Operation) -> list[Sample]:
    """Samples with tensors that do not raise."""
    return [
        s
        for s in samples_of(op)
        if s.error is None and any(isinstance(x, Tensor) for x in s.inputs)
    ]


def as_tuple(x: Any) -> tuple[Any, ...]:
    return x if isinstance(x, tuple) else (x,)


def call_of(op: Operation, sample: Sample, positions: list[int]) -> Callable[..., Any]:
    """The operation as a function of some of its inputs."""

    def call(*values: Any) -> Any:
        given = dict(zip(positions, values, strict=True))
        inputs = tuple(given.get(i, x) for i, x in enumerate(sample.inputs))
        return apply(op, inputs, sample.params)

    return call


def is_continuous(x: Any) -> bool:
    return isinstance(x, Tensor) and (x.is_floating_point() or x.is_complex())


def differentiable_positions(op: Operation, sample: Sample) -> list[int]:
    """The inputs by which the record can be differentiated."""
    names = op.inputs * len(sample.inputs) if op.variadic else op.inputs
    return [
        i
        for i, x in enumerate(sample.inputs)
        if is_continuous(x)
        and x.dtype in (fb.float64, fb.complex128)
        and (callable(op.gradient) or op.gradient.get(names[i]) is not None)  # type: ignore[union-attr]
    ]


def random_like(x: Tensor, generator: np.random.Generator) -> Tensor:
    """Normal values of a tensor's shape and type."""
    shape = tuple(x.shape)
    values = generator.standard_normal(shape)
    if x.is_complex():
        values = values + 1j * generator.standard_normal(shape)
    return fb.from_numpy(np.asarray(values))


def inner_product(xs: list[Tensor], ys: list[Tensor]) -> float:
    return sum(float(np.real(np.vdot(x._array, y._array))) for x, y in zip(xs, ys, strict=True))
