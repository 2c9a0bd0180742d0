"""Values that move to their users: what stays in memory, and that nothing else changes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import flambeau as fb
from flambeau.compiler.compiled import compile
from flambeau.compiler.loops import sinking
from flambeau.compiler.native import NativeProgram
from flambeau.compiler.record.program import Value
from tests.compiler.programs import RandomProgram, compare, inputs_of

SIDE = 520  # of a matrix of more than a megabyte


def kept(step: Callable[..., object], *inputs: fb.Tensor) -> list[Value]:
    """The matrices that a function keeps in the arena; its results must be those of eager code."""
    expected = step(*[x.clone() for x in inputs])
    compiled = compile(step)
    given = [x.clone() for x in inputs]
    found = compiled(*given)
    compare(expected, found, compiled.program())
    (specialisation,) = compiled.all()
    program = specialisation.compute
    assert isinstance(program, NativeProgram)
    return [v for v in program.arena_arrays if v.spec.size >= SIDE * SIDE]


def matrix(seed: int) -> fb.Tensor:
    fb.manual_seed(seed)
    return fb.rand(SIDE, SIDE) + 0.5


def test_decay_waits_for_the_norm() -> None:
    def step(g: fb.Tensor, v: fb.Tensor) -> tuple[fb.Tensor, ...]:
        factor = 1 / (g * g).sum().sqrt()
        scaled = g * factor
        v.mul_(0.9).addcmul_(scaled, scaled, value=0.1)
        return (v + 1,)

    assert kept(step, matrix(0), matrix(1)) == []


def test_cheap_value_is_computed_twice() -> None:
    def step(g: fb.Tensor, row: fb.Tensor, column: fb.Tensor) -> tuple[fb.Tensor, ...]:
        u = g / (row * column).clamp(min=1e-6).sqrt()
        return (u * (1 / (u * u).mean().sqrt()),)

    assert kept(step, matrix(0), matrix(1)[:, :1], matrix(2)[:1]) == []


def test_expensive_value_is_kept() -> None:
    def step(x: fb.Tensor) -> tuple[fb.Tensor, ...]:
        e = x.exp()
        return (e / e.sum(),)

    assert len(kept(step, matrix(0))) == 1


def test_old_content_is_read_before_it_is_overwritten() -> None:
    def step(x: fb.Tensor, y: fb.Tensor) -> tuple[fb.Tensor, ...]:
        early = x * 3
        x.add_(y)  # in the first nest; what follows must see the old content
        return (early / (y * y).sum(), x)

    kept(step, matrix(0), matrix(1))


def test_value_of_several_later_users() -> None:
    def step(x: fb.Tensor) -> tuple[fb.Tensor, ...]:
        y = x * 2 - 1
        first = (y * y).sum()
        second = (y / first).amax()
        return y * second, (y - second).abs().mean()

    assert kept(step, matrix(0)) == []


@pytest.mark.parametrize("bytes_", [0, 1 << 20])
@settings(max_examples=60, derandomize=True, deadline=None)
@given(seed=st.integers(0, 2**32), length=st.integers(4, 20))
def test_compiled_equals_eager(bytes_: int, seed: int, length: int) -> None:
    before, sinking.LARGE_BYTES = sinking.LARGE_BYTES, bytes_
    try:
        program = RandomProgram(seed, length)
        expected = program(*inputs_of(seed))
        step = compile(program)
        compare(expected, step(*inputs_of(seed)), step.program())
    finally:
        sinking.LARGE_BYTES = before
