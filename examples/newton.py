"""Logistic regression by Newton's method, its linear systems solved by conjugate gradients.

The Hessian is never formed: conjugate gradients need its products with vectors only, and those
cost two gradients each.

Run it with ``python -m examples.newton``.

Reference: Nocedal and Wright 2006, Numerical Optimization, section 7.1.
"""

from __future__ import annotations

from collections.abc import Callable

import flambeau as fb
import flambeau.nn.functional as F
from flambeau import func

PENALTY = 1e-3


def make_data(count: int = 500, features: int = 20) -> tuple[fb.Tensor, fb.Tensor]:
    """Correlated features, and labels that follow them."""
    mix = fb.randn(features, features, dtype=fb.float64) / features**0.5
    x = fb.randn(count, features, dtype=fb.float64) @ mix
    chance = (x @ fb.randn(features, dtype=fb.float64)).sigmoid()
    return x, fb.bernoulli(chance)


def objective(weights: fb.Tensor, x: fb.Tensor, y: fb.Tensor) -> fb.Tensor:
    """The mean negative log-likelihood and a squared penalty."""
    fit = F.binary_cross_entropy_with_logits(x @ weights, y)
    return fit + PENALTY / 2 * (weights @ weights)


def conjugate_gradients(
    product: Callable[[fb.Tensor], fb.Tensor], b: fb.Tensor, tolerance: float, limit: int = 100
) -> fb.Tensor:
    """A solution of ``product(x) = b`` for a positive-definite linear map.

    Args:
        product: the map.
        b: the right-hand side.
        tolerance: the length of the residual at which to stop.
        limit: how many steps at most.
    """

    def goes_on(state: tuple[fb.Tensor, ...]) -> fb.Tensor:
        _, r, _, count = state
        return (r @ r > tolerance**2) & (count < limit)

    def step(state: tuple[fb.Tensor, ...]) -> tuple[fb.Tensor, ...]:
        x, r, p, count = state
        mapped = product(p)
        length = (r @ r) / (p @ mapped)
        smaller = r - length * mapped
        direction = smaller + (smaller @ smaller) / (r @ r) * p
        return x + length * p, smaller, direction, count + 1

    return func.while_loop(goes_on, step, (fb.zeros_like(b), b, b, fb.tensor(0)))[0]


def newton(
    f: Callable[[fb.Tensor], fb.Tensor], start: fb.Tensor, rounds: int = 20, goal: float = 1e-12
) -> tuple[fb.Tensor, list[float]]:
    """Where the gradient of a convex function vanishes, and its length along the way."""
    weights, lengths = start, []
    along = fb.compile(lambda w, v: func.hvp(f, (w,), (v,))[1])
    gradient_of = fb.compile(func.grad(f))
    for _ in range(rounds):
        gradient = gradient_of(weights)
        length = gradient.norm().item()
        lengths.append(length)
        if length < goal:
            break
        at = weights
        tolerance = min(0.5, length**0.5) * length
        weights = weights - conjugate_gradients(lambda v: along(at, v), gradient, tolerance)  # noqa: B023
    return weights, lengths


def main() -> None:
    """Fit and print."""
    fb.manual_seed(0)
    x, y = make_data()
    _, lengths = newton(lambda w: objective(w, x, y), fb.zeros(x.shape[1], dtype=fb.float64))
    for number, length in enumerate(lengths):
        print(f"step {number}: length of the gradient {length:.1e}")


if __name__ == "__main__":
    main()
