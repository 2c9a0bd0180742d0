"""Where instructions are done: comparisons at their use, thin products as sums over rows."""

from __future__ import annotations

from typing import Any

import pytest

import flambeau as fb
from flambeau.compiler.loops import nest, rows
from flambeau.compiler.loops.steps import Nest, Product
from tests.compiler.programs import compare


def steps_of(function: Any, *inputs: fb.Tensor) -> list[Any]:
    """The steps that a function becomes, compiled as eager."""
    step = fb.compile(function)
    for _ in range(2):
        compare(list(function(*inputs)), list(step(*inputs)))
    (made,) = (s for several in step.specialisations.values() for s in several)
    return made.compute.schedule.steps


def test_comparisons_are_done_where_they_are_used() -> None:
    def step(x: fb.Tensor) -> tuple[fb.Tensor, ...]:
        double = x * 2
        mask = double > 0.5
        columns = double.sum(0)
        return fb.where(mask, columns, x), fb.where(mask, x, columns.exp()), double

    nests = [s for s in steps_of(step, fb.randn(9, 40)) if isinstance(s, Nest)]
    assert not any(v.spec.dtype == bool for n in nests for v in n.stored)


def test_comparisons_that_others_see_are_kept() -> None:
    def step(x: fb.Tensor) -> tuple[fb.Tensor, ...]:
        mask = x * 2 > 0.5
        both = (x > 0) & (x.mT < 0).mT
        return mask, mask.sum(), mask.mT, mask[1:].any(0), both, (x > 1).to(fb.float64) + 1

    steps_of(step, fb.randn(9, 40))


def test_what_is_compared_may_change_afterwards() -> None:
    def step(x: fb.Tensor) -> tuple[fb.Tensor, ...]:
        double = x * 2
        positive = double > 0
        double[2:5] = -double[2:5]
        again = double > 0
        double.mul_(-1)
        return fb.where(positive, double, x), fb.where(again, x, 3.0), double

    steps_of(step, fb.randn(9, 40))


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("dtype", [fb.float32, fb.float64])
@pytest.mark.parametrize(
    ("count", "m", "n"),
    [(100, 3, 32), (100, 32, 3), (100, 1, 32), (33, 32, 1), (7, 4, 4), (2, 1, 1)],
)
def test_thin_products(
    count: int, m: int, n: int, dtype: Any, chunked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if chunked:
        monkeypatch.setattr(nest, "SHARED_NANOSECONDS", 0)
        monkeypatch.setattr(nest, "CHUNK_NANOSECONDS", 0.01)
        monkeypatch.setattr(rows, "BLOCK_BYTES", 300)

    weight = fb.randn(n, m, dtype=dtype, requires_grad=True)

    def step(x: fb.Tensor, y: fb.Tensor) -> tuple[fb.Tensor, ...]:
        def sums(x: fb.Tensor, y: fb.Tensor) -> fb.Tensor:
            (found,) = fb.autograd.grad((fb.nn.functional.linear(x, weight) * y).sum(), weight)
            return found

        once, twice = sums(x * 2, y + 1), sums(x, y)
        return once, once.mT * 3, once.sum(0), twice.clone(), twice, x - x.mean(0)

    x, y = fb.randn(count, m, dtype=dtype), fb.randn(count, n, dtype=dtype)
    steps = steps_of(step, x, y)
    assert not any(isinstance(s, Product) for s in steps)


def test_thin_products_become_gradients_of_small_layers() -> None:
    fb.manual_seed(0)
    model = fb.nn.Sequential(fb.nn.Linear(3, 32), fb.nn.ReLU(), fb.nn.Linear(32, 1)).double()
    parameters = list(model.parameters())
    x, y = fb.randn(100, 3, dtype=fb.float64), fb.randn(100, 1, dtype=fb.float64)

    def step(x: fb.Tensor, y: fb.Tensor) -> list[fb.Tensor]:
        return list(fb.autograd.grad(((model(x) - y) ** 2).mean(), parameters))

    steps = steps_of(step, x, y)
    assert sum(isinstance(s, Product) for s in steps) == 2
