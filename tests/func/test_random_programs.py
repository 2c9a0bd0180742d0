"""Random programs of tensor operations under random transformations, against loops."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import flambeau as fb
from flambeau import func
from tests.compiler.programs import RandomProgram, inputs_of

EXAMPLES = 3


# Derivatives are rounded to the types on the way, in each mode at other places.
PRECISION = {"bfloat16": 5e-2, "float32": 1e-4, "float64": 1e-6}


class Real(RandomProgram):
    """A random program whose result is the sum of some of its smooth values.

    Attributes:
        precision: of its least precise value.
    """

    precision = 1e-6

    def __call__(self, *inputs: fb.Tensor) -> Any:
        random = Random(self.seed + 1)
        known = list(inputs)
        for _ in range(self.length):
            made = self.step(random, known)
            known += made if isinstance(made, list) else [made]
        kinds = {x.dtype.name for x in known}
        self.precision = max(PRECISION.get(kind, 0) for kind in kinds | {"float64"})
        results = [x for x in known[-4:] + known[:1] if x.is_floating_point()]
        total = sum((x.to(fb.float64) * 0.5).sum() for x in results)
        return total + fb.zeros((), dtype=fb.float64)


def arguments(seed: int) -> tuple[list[fb.Tensor], list[int]]:
    """Inputs, and which of them are differentiated."""
    inputs = [x.detach() for x in inputs_of(seed)]
    return inputs, [i for i, x in enumerate(inputs) if x.dtype is fb.float64]


def varied(x: fb.Tensor, i: int) -> fb.Tensor:
    return x * (1 - 0.1 * i) if x.dtype is fb.float64 else x.clone()


def of_real(program: Real, inputs: list[fb.Tensor], places: list[int]) -> Any:
    """The program as a function of its float64 inputs."""

    def call(*xs: fb.Tensor) -> fb.Tensor:
        given = dict(zip(places, xs, strict=True))
        return program(*[given.get(i, x) for i, x in enumerate(inputs)])

    return call


def close(found: Any, expected: Any, precision: float) -> None:
    x, y = (np.asarray(v.detach()._array) for v in (found, expected))
    np.testing.assert_allclose(x, y, rtol=precision, atol=precision * max(1, np.abs(y).max()))


@settings(max_examples=60, derandomize=True, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 10))
@pytest.mark.filterwarnings("ignore:vmap")
def test_transformations_of_random_programs(seed: int, length: int) -> None:
    inputs, places = arguments(seed)
    if not places:
        return
    program = Real(seed, length)
    call = of_real(program, inputs, places)
    every = tuple(range(len(places)))
    rows = [[varied(inputs[i], e) for i in places] for e in range(EXAMPLES)]
    stacks = [fb.stack(column) for column in zip(*rows, strict=True)]
    values = [call(*row) for row in rows]
    gradients = [func.grad(call, every)(*row) for row in rows]

    close(fb.vmap(call)(*stacks), fb.stack(values), program.precision)
    inside = fb.vmap(func.grad(call, every))(*stacks)
    through = func.grad(lambda *xs: fb.vmap(call)(*xs).sum(), every)(*stacks)
    for i in every:
        expected = fb.stack([g[i] for g in gradients])
        close(inside[i], expected, program.precision)
        close(through[i], expected, program.precision)
    directions = tuple(x.cos() for x in rows[0])
    slope = func.jvp(call, tuple(rows[0]), directions)[1]
    products = [(g * v).sum() for g, v in zip(gradients[0], directions, strict=True)]
    close(slope, fb.stack(products).sum(), program.precision)
    _, push = func.linearize(call, *rows[0])
    close(push(*directions), slope, program.precision)
