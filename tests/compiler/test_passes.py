"""Rewrites of recorded programs: what becomes less, and what must stay as it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import flambeau as fb
from tests.compiler.programs import compare


def compiled(function: Callable[..., Any], *inputs: fb.Tensor) -> tuple[list[Any], list[str]]:
    """What a compiled function returns, and the operations that are left of it."""
    step = fb.compile(function)
    results = [step(*inputs) for _ in range(3)][-1]
    (made,) = (s for several in step.specialisations.values() for s in several)
    return list(results), [i.operation.name for i in made.program.instructions]


def test_copies_of_intermediate_values_are_shared() -> None:
    x = fb.randn(4, 5)
    results, names = compiled(lambda x: ((x * 2).clone() + (x * 3).clone().clone(),), x)
    assert "clone" not in names
    compare([x * 5], results)


def test_results_never_share_memory_unless_eager_ones_do() -> None:
    def several(x: fb.Tensor) -> tuple[fb.Tensor, ...]:
        double = x * 2
        return double, double.clone(), double.view(-1).clone(), x.clone(), x.clone()

    results, _ = compiled(several, fb.ones(2, 3))
    results[0].add_(1)
    results[3].add_(1)
    assert [r.sum().item() for r in results] == [18.0, 12.0, 12.0, 12.0, 6.0]


def test_a_copy_of_what_is_written_later_keeps_the_old_content() -> None:
    x = fb.zeros(3)

    def step(y: fb.Tensor) -> fb.Tensor:
        made = y + 1
        kept = made.clone()
        x.copy_(made)
        made.mul_(10)
        return kept

    step = fb.compile(step)
    for _ in range(3):
        kept = step(fb.ones(3))
        assert kept.tolist() == [2.0] * 3
        assert x.tolist() == [2.0] * 3
        kept.add_(1)
        assert x.tolist() == [2.0] * 3


def test_copies_in_another_layout_stay() -> None:
    x = fb.randn(4, 5)
    results, names = compiled(lambda x: ((x * 2).mT.clone(memory_format=fb.contiguous_format),), x)
    assert "clone" in names
    assert results[0].is_contiguous()
    compare([x.mT * 2], results)


@pytest.mark.parametrize(
    ("function", "shapes"),
    [
        (lambda x, y: x @ y, [(7, 1), (1, 5)]),
        (lambda x, y: x @ y, [(3, 7, 1), (3, 1, 5)]),
        (lambda x, y: x @ y, [(2, 1, 7, 1), (3, 1, 5)]),
        (lambda x, y: x @ y, [(2, 3, 4, 1), (1, 5)]),
        (lambda x, y: fb.bmm(x, y), [(3, 7, 1), (3, 1, 5)]),
        (lambda x, y: x.mT @ y, [(1, 7), (1, 5)]),
        (lambda x, y: x.mT @ y.mT, [(3, 1, 7), (3, 5, 1)]),
        (lambda x, y: fb.nn.functional.linear(x, y), [(4, 1), (5, 1)]),
        (lambda x, y: fb.nn.functional.linear(x, y), [(2, 3, 1), (5, 1)]),
    ],
)
def test_products_with_one_term_are_elementwise(function: Any, shapes: Any) -> None:
    inputs = [fb.randn(*shape, dtype=fb.float64, requires_grad=True) for shape in shapes]

    def gradients(*inputs: fb.Tensor) -> list[fb.Tensor]:
        result = function(*inputs)
        return [result.detach(), *fb.autograd.grad(result.square().sum(), inputs)]

    results, names = compiled(lambda *inputs: [function(*inputs).detach()], *inputs)
    assert not {"mm", "bmm", "matmul", "rows_matmul", "rows_product"} & set(names)
    compare([function(*inputs).detach()], results)
    results, _ = compiled(gradients, *inputs)
    compare(gradients(*inputs), results)


def test_operations_on_constants_are_done_once() -> None:
    def step(x: fb.Tensor) -> tuple[fb.Tensor, ...]:
        scale = fb.ones_like(x).mul(3.0).div(7).sqrt()
        return x * scale, scale.view(-1) - 1, fb.zeros(2, 3) / 0.0

    x = fb.randn(2, 3)
    results, names = compiled(step, x)
    assert not {"div", "sqrt"} & set(names)
    compare(list(step(x)), results)


@pytest.mark.parametrize("dtype", [fb.float32, fb.float64])
def test_tall_matrices_are_walked_once(dtype: fb.dtype) -> None:
    x, y = fb.randn(9001, 21, dtype=dtype), fb.randn(9001, dtype=dtype)
    rows, weight = fb.randint(0, 9001, (9000,)), fb.randn(21, dtype=dtype, requires_grad=True)

    def step(rows: fb.Tensor) -> tuple[fb.Tensor, ...]:
        loss = ((x[rows] @ weight - y[rows]) ** 2).mean()
        return loss.detach(), *fb.autograd.grad(loss, weight)

    results, names = compiled(step, rows)
    assert "mv" not in names
    assert "rows_matmul" not in names
    compare(list(step(rows)), results)
