"""Operations that products do on their tiles: the same values, and nothing written too early."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import flambeau as fb
from flambeau.compiler.loops.steps import Product
from flambeau.nn import functional as F
from tests.compiler.programs import compare


def numbers(*shape: int, dtype: Any = fb.float64) -> fb.Tensor:
    return fb.randn(*shape, dtype=dtype)


def check(function: Callable[..., Any], *inputs: fb.Tensor, taken: int) -> None:
    """Compiled as eager, for any number of threads; ``taken`` operations go along with products."""
    before, step = fb.get_num_threads(), fb.compile(function)
    expected, found = list(function(*inputs)), []
    for threads in (1, 3):
        fb.set_num_threads(threads)
        found.append(list(step(*inputs)))
    fb.set_num_threads(before)
    for results in found:
        compare(expected, results)
    for one, other in zip(*found, strict=True):
        assert one._array.tobytes() == other._array.tobytes()
    (made,) = (s for several in step.specialisations.values() for s in several)
    products = [s for s in made.compute.schedule.steps if isinstance(s, Product)]
    assert sum(len(p.nest.body) for p in products if p.nest is not None) == taken


@pytest.mark.parametrize("dtype", [fb.float32, fb.float64])
@pytest.mark.parametrize("shape", [(32, 784, 512), (33, 2000, 70), (100, 3, 32), (5, 40, 17)])
def test_layers(shape: tuple[int, int, int], dtype: Any) -> None:
    m, k, n = shape
    x, w, b, r = (numbers(*s, dtype=dtype) for s in [(m, k), (n, k), (n,), (m, n)])
    scale = k**-0.5

    def layer(x: fb.Tensor, w: fb.Tensor, b: fb.Tensor, r: fb.Tensor) -> tuple[fb.Tensor, ...]:
        z = F.linear(x * scale, w, b)
        return F.relu(z), z > 0, z + r.clamp(min=0.1)

    check(layer, x, w, b, r, taken=5)


def test_rows_in_several_dimensions() -> None:
    x, w, b, c = numbers(3, 7, 20), numbers(20, 40), numbers(40), numbers(7, 1)
    check(lambda x, w, b: ((x @ w + b).relu(),), x, w, b, taken=2)
    check(lambda x, w, c: ((x @ w * c).relu(),), x, w, c, taken=0)  # rows are not one walk


def test_batches() -> None:
    x, y, b, r = numbers(6, 30, 20), numbers(6, 20, 40), numbers(6, 1, 40), numbers(6, 30, 1)
    check(lambda x, y, b, r: ((x @ y + b) * r,), x, y, b, r, taken=2)
    check(lambda x, y, b, r: (fb.bmm(x, y).sub(b).abs(),), x, y, b, r, taken=2)


def test_the_product_itself_is_wanted_too() -> None:
    x, y = numbers(40, 30), numbers(30, 50)

    def step(x: fb.Tensor, y: fb.Tensor) -> tuple[fb.Tensor, ...]:
        product = x @ y
        double = product * 2
        return product, double, product.sum(), double.amax(0)

    check(step, x, y, taken=1)


def test_other_orders_of_elements_stay_apart() -> None:
    x, y, z = numbers(40, 30), numbers(30, 40), numbers(40, 40)
    check(lambda x, y, z: ((x @ y).mT + z,), x, y, z, taken=0)
    check(lambda x, y, z: ((x @ y) + z.mT,), x, y, z, taken=0)
    check(lambda x, y, z: ((x @ y) + (x @ y).mT + z,), x, y, z, taken=0)
    check(lambda x, y, z: ((x @ y)[:20] * 2, (x @ y).view(-1) * 2), x, y, z, taken=0)


def test_numbers_and_divisors_that_change() -> None:
    x, y = numbers(40, 30), numbers(30, 50)
    step = fb.compile(lambda x, y, c: (x @ y) * c - c)
    for c in (1.5, -2.0, 0.25):
        compare([(x @ y) * c - c], [step(x, y, c)])


@pytest.mark.parametrize("size", [(30, 30), (80, 80), (300, 300)])
def test_a_buffer_that_the_product_reads_is_written_when_it_is_done(size: Any) -> None:
    start, y = numbers(*size) / size[0], numbers(*size)
    results = []
    for wrap in (lambda f: f, fb.compile):
        x = start.clone()

        def step(y: fb.Tensor, x: fb.Tensor = x) -> fb.Tensor:
            x.add_(x @ y)
            x.sub_(y @ x)
            return x.mul_(0.25).sum()

        run = wrap(step)
        results.append([run(y) for _ in range(3)] + [x])
    compare(*results)


def test_gradient_steps_with_weights_that_are_still_read() -> None:
    start, x, y = numbers(60, 50), numbers(70, 60), numbers(70, 50)
    results = []
    for wrap in (lambda f: f, fb.compile):
        weight = start.clone().requires_grad_()

        def step(x: fb.Tensor, y: fb.Tensor, weight: fb.Tensor = weight) -> fb.Tensor:
            loss = ((x @ weight).tanh() @ weight.mT).sub(x).square().mean()
            (gradient,) = fb.autograd.grad(loss, weight)
            with fb.no_grad():
                weight.sub_(gradient * 0.01)
            return loss.detach() + (y @ weight.mT).mean().detach()

        run = wrap(step)
        results.append([run(x, y) for _ in range(5)] + [weight.detach()])
    compare(*results)
