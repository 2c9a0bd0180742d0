"""Loops of unknown length inside other transformations, eagerly and compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import flambeau as fb
from flambeau import func

TABLE = fb.arange(6.0, dtype=fb.float64) ** 1.5
STARTS = fb.randn(5, dtype=fb.float64, generator=fb.Generator().manual_seed(1))
DIRECTIONS = fb.randn(5, dtype=fb.float64, generator=fb.Generator().manual_seed(2))
LENGTHS = fb.tensor([3, 0, 6, 1, 6])

either = pytest.mark.parametrize("run", [lambda f: f, fb.compile], ids=["eager", "compiled"])


def total(x: fb.Tensor, length: fb.Tensor) -> Any:
    """Reads the table at each step: out of range if a step too many is taken."""

    def step(state: Any) -> Any:
        i, total, x = state
        return i + 1, total + TABLE[i] * x.sin(), x * 1.1

    return func.while_loop(lambda s: s[0] < length, step, (length * 0, x * 0, x))


def total_by_python(x: float, length: int) -> tuple[int, float, float]:
    result = 0.0
    for i in range(length):
        result += float(TABLE[i]) * np.sin(x)
        x *= 1.1
    return length, result, x


def value(x: fb.Tensor, length: fb.Tensor) -> fb.Tensor:
    return total(x, length)[1]


def slope(x: float, length: int) -> float:
    """The derivative of the total by its start."""
    return sum(float(TABLE[i]) * np.cos(x * 1.1**i) * 1.1**i for i in range(length))


def along(x: fb.Tensor, direction: fb.Tensor, length: fb.Tensor) -> fb.Tensor:
    return func.jvp(lambda x: value(x, length), (x,), (direction,))[1]


@either
def test_each_example_runs_as_long_as_it_has_to(run: Callable[..., Any]) -> None:
    found = run(fb.vmap(total))(STARTS, LENGTHS)
    pairs = list(zip(STARTS.tolist(), LENGTHS.tolist(), strict=True))
    for x, column in zip(found, zip(*[total_by_python(*p) for p in pairs], strict=True)):
        np.testing.assert_allclose(x, column, rtol=1e-13)
    shared = run(fb.vmap(total, (0, None)))(STARTS, fb.tensor(4))
    for x, column in zip(shared, zip(*[total_by_python(v, 4) for v, _ in pairs], strict=True)):
        np.testing.assert_allclose(x, column, rtol=1e-13)
    assert run(fb.vmap(value))(STARTS[:0], LENGTHS[:0]).shape == (0,)


@either
def test_no_step_for_any_example(run: Callable[..., Any]) -> None:
    found = run(fb.vmap(total))(STARTS, LENGTHS * 0)
    assert found[1].tolist() == [0.0] * 5
    assert found[2].tolist() == STARTS.tolist()


@either
def test_batches_of_batches_where_one_has_ended(run: Callable[..., Any]) -> None:
    lengths = fb.tensor([[3, 0, 6], [0, 0, 0]])
    starts = fb.stack([STARTS[:3], STARTS[2:]])
    found = run(fb.vmap(fb.vmap(value)))(starts, lengths)
    expected = [
        [total_by_python(float(x), int(n))[1] for x, n in zip(*rows, strict=True)]
        for rows in zip(starts, lengths, strict=True)
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-13)


@either
def test_forward_mode(run: Callable[..., Any]) -> None:
    x, v, n = STARTS[0], DIRECTIONS[0], LENGTHS[0]
    expected = slope(float(x), int(n)) * float(v)
    assert run(along)(x, v, n).item() == pytest.approx(expected, rel=1e-12)
    second = run(lambda x: func.jacfwd(func.jacfwd(lambda x: value(x, n)))(x))(x)
    step = 1e-6
    numeric = (slope(float(x) + step, int(n)) - slope(float(x) - step, int(n))) / (2 * step)
    assert second.item() == pytest.approx(numeric, rel=1e-6)


@either
def test_forward_mode_and_batches_in_either_order(run: Callable[..., Any]) -> None:
    pairs = zip(STARTS.tolist(), LENGTHS.tolist(), DIRECTIONS.tolist(), strict=True)
    expected = [slope(x, n) * v for x, n, v in pairs]
    inside = run(fb.vmap(along))(STARTS, DIRECTIONS, LENGTHS)
    np.testing.assert_allclose(inside, expected, rtol=1e-12)

    def outside(x: fb.Tensor, v: fb.Tensor) -> fb.Tensor:
        return func.jvp(lambda x: fb.vmap(value)(x, LENGTHS), (x,), (v,))[1]

    np.testing.assert_allclose(run(outside)(STARTS, DIRECTIONS), expected, rtol=1e-12)


def test_eager_loops_have_gradients_in_batches() -> None:
    pairs = zip(STARTS.tolist(), LENGTHS.tolist(), strict=True)
    expected = [slope(x, n) for x, n in pairs]
    inside = fb.vmap(func.grad(value))(STARTS, LENGTHS)
    np.testing.assert_allclose(inside, expected, rtol=1e-12)
    through = func.grad(lambda x: fb.vmap(value)(x, LENGTHS).sum())(STARTS)
    np.testing.assert_allclose(through, expected, rtol=1e-12)


@either
def test_an_infinite_slope_after_the_end_does_no_harm(run: Callable[..., Any]) -> None:
    """The square root has none at the point where every example ends."""
    descend = lambda x: func.while_loop(  # noqa: E731
        lambda y: y > 0.5, lambda y: y - 1 + 0 * (y - 0.5).sqrt(), x
    )
    x = fb.tensor([2.5, 1.5, 0.5])
    ends, slopes = run(lambda x, v: func.jvp(fb.vmap(descend), (x,), (v,)))(x, fb.ones(3))
    assert ends.tolist() == [0.5, 0.5, 0.5]
    assert slopes.tolist() == [1.0, 1.0, 1.0]
    assert fb.vmap(func.grad(descend))(x).tolist() == [1.0, 1.0, 1.0]


def test_one_loop_for_all_examples() -> None:
    compiled = fb.compile(fb.vmap(value))
    compiled(STARTS, LENGTHS)
    assert compiled.program().count(" = while_loop(") == 1


REFUSAL = """while_loop: a compiled loop of unknown length is differentiated backward
  expected: a loop of known length, or forward mode (func.jvp)
  got:      a backward pass
  help:     use func.fori_loop() or func.scan(), whose steps can be kept"""


def test_backward_through_a_compiled_loop_is_refused() -> None:
    for f, x, n in (
        (func.grad(value), STARTS[0], LENGTHS[0]),
        (fb.vmap(func.grad(value)), STARTS, LENGTHS),
    ):
        with pytest.raises(RuntimeError) as caught:
            fb.compile(f)(x, n)
        assert str(caught.value).startswith(REFUSAL)
