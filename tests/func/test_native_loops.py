"""Loops in the midst of native code: the same as in Python, whatever lies where."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import flambeau as fb
from flambeau import func
from flambeau.compiler.run.engine import is_available


def normal(seed: int, *shape: int) -> fb.Tensor:
    return fb.randn(shape, dtype=fb.float64, generator=fb.Generator().manual_seed(seed))


WEIGHT, ITEMS, START = normal(1, 4, 4), normal(2, 6, 4), normal(3, 4)
ZEROS = fb.zeros(4, dtype=fb.float64)


def cell(c: fb.Tensor, x: fb.Tensor) -> tuple[fb.Tensor, fb.Tensor]:
    return (WEIGHT @ c).tanh() + x, c * x


def inner(c: fb.Tensor, x: fb.Tensor) -> tuple[fb.Tensor, fb.Tensor]:
    return func.scan(lambda d, y: (d * y, d + y), c, fb.stack([x, x + 1]))[0], c


def total(c: fb.Tensor, x: fb.Tensor) -> fb.Tensor:
    final, left = func.scan(cell, c, x)
    return (final**2).sum() + (left**3).sum()


PROGRAMS: dict[str, Callable[[Any, Any], Any]] = {
    "a transposed constant, and one result twice": lambda c, x: func.scan(
        lambda c, x: (WEIGHT.T @ c + x, (c, c, x * 2)), c, x
    ),
    "from the end": lambda c, x: func.scan(lambda c, x: (c + x, c * x), c, x, reverse=True),
    "columns": lambda c, x: func.scan(lambda c, x: (c + x.sum(), c * 2), c, x.T),
    "every second row, from zeros": lambda c, x: func.scan(
        lambda c, x: (c + x, c - x), fb.zeros(4, dtype=fb.float64), x[::2]
    ),
    "an exchange": lambda c, x: func.scan(
        lambda s, x: ((s[1], s[0] * x), s[0] + 1), (c, c * 2), x
    ),
    "a loop in a loop": lambda c, x: func.scan(inner, c, x),
    "numbers of steps": lambda c, x: func.scan(lambda c, i: (c + i, i * 2), c, fb.arange(5)),
    "a carry from one row": lambda c, x: func.scan(
        lambda c, x: (c + x, c.sum()), c.expand(3, 4), x
    ),
    "truth values and integers": lambda c, x: func.scan(
        lambda c, x: (c, (x > 0, (x * 3).int())), c, x
    ),
    "other uses of what it is given": lambda c, x: (
        func.scan(lambda c, x: (c + x, c), c, x), c * 2, x.sum(),
    ),
    "its gradient": func.grad(total, (0, 1)),
    "its second derivative": func.hessian(total),
    "a batch": lambda c, x: fb.vmap(lambda c: func.scan(cell, c, x))(fb.stack([c, -c, c * 2])),
    "forward mode": lambda c, x: func.jvp(lambda c: total(c, x), (c,), (c * 3,)),
}  # fmt: skip


def same(found: Any, expected: Any) -> None:
    for x, y in zip(fb.tree.leaves(found), fb.tree.leaves(expected), strict=True):
        assert (x.shape, x.dtype) == (y.shape, y.dtype)
        np.testing.assert_allclose(x.detach(), y.detach(), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_loop_in_native_code_is_the_loop(name: str) -> None:
    program = PROGRAMS[name]
    compiled = fb.compile(program)
    expected = program(START, ITEMS)
    for _ in range(3):  # the first call goes through Python, the others are native
        same(compiled(START, ITEMS), expected)
    if is_available():
        assert "operations through NumPy: none" in str(compiled.report())
    same(compiled(START * 2, ITEMS - 1), program(START * 2, ITEMS - 1))


def test_what_is_changed_in_place_around_a_loop_and_in_it() -> None:
    state, sums = START.clone(), ZEROS.clone()

    def step(c: fb.Tensor, x: fb.Tensor) -> Any:
        sums.add_(x)
        return c + sums, sums * c

    def program(x: fb.Tensor) -> Any:
        state.add_(1)
        result = func.scan(step, state, x)
        state.mul_(result[0])
        return result

    compiled = fb.compile(program)
    for _ in range(3):
        before = state.clone(), sums.clone()
        found, after = compiled(ITEMS), (state.clone(), sums.clone())
        state.copy_(before[0])
        sums.copy_(before[1])
        same(found, program(ITEMS))
        same(after, (state, sums))


def test_products_on_all_threads_in_a_loop() -> None:
    weight = normal(4, 200, 200).float() * 0.07
    rows = normal(5, 3, 64, 200).float()
    program = lambda c, x: func.scan(lambda c, x: ((c @ weight + x).tanh(), c.mean()), c, x)  # noqa: E731
    found, expected = fb.compile(program)(rows[0], rows), program(rows[0], rows)
    for x, y in zip(found, expected, strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-4, atol=1e-5)


def test_callers_in_several_threads() -> None:
    compiled = fb.compile(lambda c, x: func.scan(cell, c, x))
    expected = [compiled(START * i, ITEMS)[1] for i in range(4)]
    wrong: list[int] = []

    def call(i: int) -> None:
        for _ in range(200):
            if not fb.equal(compiled(START * i, ITEMS)[1], expected[i]):
                wrong.append(i)

    threads = [threading.Thread(target=call, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_step_that_may_fail_runs_from_python() -> None:
    """It reports the index as eager code would, and leaves everything as it was."""
    table, count = normal(6, 5), fb.zeros(())

    def program(places: fb.Tensor) -> Any:
        count.add_(1)
        return func.scan(lambda c, i: (c + table[i], c), fb.zeros((), dtype=fb.float64), places)

    compiled = fb.compile(program)
    compiled(fb.tensor([0, 4, 2]))
    with pytest.raises(IndexError):
        compiled(fb.tensor([0, 7, 2]))
    assert count.item() == 1.0


def spread(x: fb.Tensor) -> fb.Tensor:
    return x.sinh() + WEIGHT @ x


CHOICES: dict[str, Callable[[Any, Any], Any]] = {
    "one side as it is": lambda p, x: func.cond(p, spread, lambda x: x, x),
    "closures and several results": lambda p, x: func.cond(
        p, lambda: (x * 2, ITEMS.sum(0)), lambda: (START, x), *()
    ),
    "one result twice": lambda p, x: func.cond(
        p, lambda x: (x + 1, x + 1, x.T), lambda x: (x, x, x * 3), fb.outer(x, START)
    ),
    "in a loop": lambda p, x: func.scan(
        lambda c, y: (func.cond(c.sum() > y.sum(), lambda c: c * 0.5, spread, c), c), x, ITEMS
    ),
    "a loop in it": lambda p, x: func.cond(
        p, lambda x: func.scan(cell, x, ITEMS)[0], lambda x: x * 0, x
    ),
    "its gradient": lambda p, x: func.grad(
        lambda x: (func.cond(p, spread, lambda x: x**3, x) ** 2).sum()
    )(x),
    "of three": lambda p, x: func.switch(
        p.long() + (x.sum() > 0).long(), [fb.sin, fb.cos, lambda x: x], x
    ),
}


@pytest.mark.parametrize("name", CHOICES)
def test_a_choice_in_native_code_is_the_choice(name: str) -> None:
    program = CHOICES[name]
    compiled = fb.compile(program)
    for flag in (True, False, True):
        for x in (START, -START):
            chosen = fb.tensor(flag)
            same(compiled(chosen, x), program(chosen, x))
    if is_available():
        assert "operations through NumPy: none" in str(compiled.report())


def test_a_choice_changes_only_what_the_taken_side_changes() -> None:
    counts = fb.zeros(2)

    def add(place: int) -> Callable[[], fb.Tensor]:
        def side() -> fb.Tensor:
            counts[place] += 1
            return counts.sum()

        return side

    compiled = fb.compile(lambda p: func.cond(p, add(0), add(1)))
    totals = [compiled(fb.tensor(p)).item() for p in (True, False, True, True)]
    assert totals == [1.0, 2.0, 3.0, 4.0]
    assert counts.tolist() == [3.0, 1.0]
