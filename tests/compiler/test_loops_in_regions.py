"""Loops and choices in regions of mixed precision stay loops and choices of a compiled function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import flambeau as fb
from flambeau import func
from flambeau.core import trees

WEIGHT = fb.randn(8, 8) * 0.4
ITEMS = fb.randn(9, 3, 8)
CLOSE = 2e-2  # gradients of a cast parameter add up in another order, or in a wider type


def looped(x: fb.Tensor, w: fb.Tensor) -> fb.Tensor:
    def body(h: fb.Tensor, item: fb.Tensor) -> tuple[fb.Tensor, fb.Tensor]:
        h = (item @ w).float().tanh() + h * 0.5
        with fb.autocast("cpu", enabled=False):
            precise = h @ w
        return h, (h @ w).sum() + precise.sum()

    h, sums = func.scan(body, fb.zeros(3, 8), x)
    return h.sum() + sums.float().sum()


def chosen(x: fb.Tensor, w: fb.Tensor) -> fb.Tensor:
    y = func.cond(x.sum() > 0, lambda a: (a @ w).float(), lambda a: (a @ w @ w).float(), x[0])
    return y.sum()


def of_examples(x: fb.Tensor, w: fb.Tensor) -> fb.Tensor:
    def one(row: fb.Tensor) -> fb.Tensor:
        return func.scan(lambda h, i: ((h @ w).float() + i, None), row, x[:, 0])[0]

    return func.vmap(one)(x[0]).sum()


def step_of(
    function: Callable[..., fb.Tensor], dtype: fb.dtype
) -> Callable[..., tuple[fb.Tensor, fb.Tensor]]:
    def step(x: fb.Tensor, w: fb.Tensor) -> tuple[fb.Tensor, fb.Tensor]:
        w = w.detach().requires_grad_()
        with fb.autocast("cpu", dtype=dtype):
            loss = function(x, w)
        loss.backward()
        return loss.detach(), w.grad  # type: ignore[return-value]

    return step


def agrees(step: Callable[..., Any], record: str, *inputs: fb.Tensor, close: float = CLOSE) -> None:
    run = fb.compile(step)
    for given in (inputs, [-x for x in inputs]):
        for found, right in zip(trees.leaves(run(*given)), trees.leaves(step(*given)), strict=True):
            assert found.dtype is right.dtype
            assert (found - right).abs().max() <= close * right.abs().max()
    assert f"{record}(" in run.program()


@pytest.mark.parametrize("dtype", [fb.bfloat16, fb.float16])
@pytest.mark.parametrize(
    ("function", "record"), [(looped, "scan"), (chosen, "cond"), (of_examples, "scan")]
)
def test_one_step_is_recorded(function: Any, record: str, dtype: fb.dtype) -> None:
    agrees(step_of(function, dtype), record, ITEMS, WEIGHT)


def test_a_region_in_another_one() -> None:
    def outer(x: fb.Tensor, w: fb.Tensor) -> fb.Tensor:
        with fb.autocast("cpu", dtype=fb.float16):
            inner = looped(x, w)
        return inner + looped(x, w)

    agrees(step_of(outer, fb.bfloat16), "scan", ITEMS, WEIGHT)


def test_a_region_that_is_off_around_a_loop() -> None:
    def off(x: fb.Tensor, w: fb.Tensor) -> fb.Tensor:
        with fb.autocast("cpu", enabled=False):
            h, _ = func.scan(lambda h, i: ((i @ w).tanh() + h * 0.5, None), x[0], x)
        return h.sum()

    agrees(step_of(off, fb.bfloat16), "scan", ITEMS, WEIGHT, close=1e-5)


def test_a_loop_of_unknown_length() -> None:
    def step(x: fb.Tensor, w: fb.Tensor) -> fb.Tensor:
        with fb.autocast("cpu"):
            return func.while_loop(
                lambda h: h.abs().sum() < 100, lambda h: (h @ w).float() * 4, x[0]
            )

    agrees(step, "while_loop", ITEMS, fb.eye(8) + WEIGHT * 0.1)


def test_a_parameter_cast_in_a_loop_is_cast_again_behind_it() -> None:
    def twice(x: fb.Tensor, w: fb.Tensor) -> fb.Tensor:
        before = (x[0] @ w).float().sum()
        return before + looped(x, w) + (x[1] @ w).float().sum()

    agrees(step_of(twice, fb.bfloat16), "scan", ITEMS, WEIGHT)
