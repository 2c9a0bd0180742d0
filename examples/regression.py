"""A linear regression fitted by gradient descent, in full and by mini-batches.

The data are scikit-learn's ``make_regression`` with 10,000 rows and 20 features; least squares
gives the loss that the others approach. The figures beside ours were printed by JAX with optax
and by PyTorch for the same data, in float64.

Run it with ``python -m examples.regression``.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

import flambeau as fb
from examples.pictures import save_curves
from flambeau import nn

ROWS = 10_000

# (optimizer, batch size, learning rate, epochs) -> loss over all rows, as printed elsewhere
PRINTED = {
    ("SGD", 10, 1e-5, 30): 10458.8010476452,
    ("SGD", 100, 1e-5, 30): 10455.143628883325,
    ("SGD", 1000, 1e-5, 30): 10419.084076347228,
    ("SGD", 10000, 1e-5, 30): 10195.133454434466,
    ("SGD", 10, 5e-3, 30): 10963.709829142354,
    ("SGD", 100, 1e-3, 30): 10365.713752947544,
    ("SGD", 1000, 1e-4, 30): 10116.327374495744,
    ("Adam", 10, 1.0, 2): 24536.597439967307,
    ("Adam", 25, 1.0, 2): 12697.144058664155,
    ("Adam", 50, 1.0, 2): 11484.064849550556,
    ("Adam", 100, 1.0, 2): 10385.231077560382,
    ("Adam", 10, 0.1, 10): 12462.56275387035,
    ("Adam", 25, 0.1, 10): 10545.409745819998,
    ("Adam", 50, 0.1, 10): 10181.523600884477,
    ("Adam", 100, 0.1, 10): 217415.5995628308,
}
LEAST_SQUARES = 10105.859508383426


def make_data() -> tuple[fb.Tensor, fb.Tensor]:
    """A column of ones and 20 features, and the response: (10000, 21) and (10000,)."""
    from sklearn.datasets import make_regression

    features, response = make_regression(
        n_samples=ROWS, n_features=20, n_informative=4, bias=3, noise=1, random_state=1234
    )
    x = np.column_stack([np.ones(ROWS), features])
    return fb.from_numpy(x), fb.from_numpy(response)


def squared_error(x: fb.Tensor, beta: fb.Tensor, y: fb.Tensor) -> fb.Tensor:
    """The sum of squared residuals."""
    return (x @ beta - y).pow(2).sum()


def least_squares(x: fb.Tensor, y: fb.Tensor) -> float:
    """The smallest possible loss."""
    beta, *_ = np.linalg.lstsq(x.numpy(), y.numpy(), rcond=None)
    return squared_error(x, fb.from_numpy(beta), y).item()


def descend(
    x: fb.Tensor, y: fb.Tensor, steps: int = 31, rate: float = 1e-5
) -> tuple[fb.Tensor, list[float]]:
    """Plain gradient descent on all rows; returns the coefficients and the loss at each step."""
    beta = fb.zeros(x.shape[1], dtype=fb.float64, requires_grad=True)
    losses = []
    for _ in range(steps):
        loss = squared_error(x, beta, y)
        losses.append(loss.item())
        loss.backward()
        with fb.no_grad():
            beta -= rate * beta.grad
            beta.grad = None
    return beta, losses


class Regression(nn.Module):
    """Coefficients as a parameter of a module."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.beta = nn.Parameter(fb.zeros(features, dtype=fb.float64))

    def forward(self, x: fb.Tensor) -> fb.Tensor:
        return x @ self.beta


def fit_module(x: fb.Tensor, y: fb.Tensor, steps: int = 30) -> tuple[Regression, list[float]]:
    """The same descent with a module and an optimizer."""
    model = Regression(x.shape[1])
    optimizer = fb.optim.SGD(model.parameters(), lr=1e-5)
    losses = []
    for _ in range(steps):
        loss = (model(x) - y).pow(2).sum()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    return model, losses


def batches(size: int, epochs: int, seed: int = 1234) -> Iterator[np.ndarray]:
    """Row numbers of each batch: shuffled once, and in the same order in every epoch."""
    rows = np.arange(ROWS)
    np.random.default_rng(seed).shuffle(rows)
    for _ in range(epochs):
        yield from rows.reshape(-1, size)


def fit_batches(
    x: fb.Tensor, y: fb.Tensor, name: str, size: int, rate: float, epochs: int
) -> tuple[fb.Tensor, list[float]]:
    """Mini-batch training; returns the coefficients and the loss over all rows per epoch."""
    beta = fb.zeros(x.shape[1], dtype=fb.float64, requires_grad=True)
    optimizer = getattr(fb.optim, name)([beta], lr=rate)
    steps_per_epoch = ROWS // size
    losses = []
    for step, rows in enumerate(batches(size, epochs), start=1):
        index = fb.from_numpy(rows)
        loss = squared_error(x[index], beta, y[index])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % steps_per_epoch == 0:
            with fb.no_grad():
                losses.append(squared_error(x, beta, y).item())
    return beta.detach(), losses


def main() -> dict[str, float]:
    """Fit everything, print the comparison and save the curves."""
    x, y = make_data()
    best = least_squares(x, y)
    print(f"least squares                      loss {best:.6f}   (printed {LEAST_SQUARES:.6f})")
    _, losses = descend(x, y)
    for step in range(0, len(losses), 5):
        print(f"gradient descent, step {step:2d}          loss {losses[step]:.4f}")
    _, module_losses = fit_module(x, y)
    print(f"a module and SGD, 30 steps         loss {module_losses[-1]:.6f}")

    print(f"\n{'optimizer':9} {'batch':>6} {'rate':>7} {'epochs':>6} {'loss':>18} {'printed':>18}")
    curves = {"gradient descent": losses}
    worst = 0.0
    for (name, size, rate, epochs), printed in PRINTED.items():
        _, history = fit_batches(x, y, name, size, rate, epochs)
        worst = max(worst, abs(history[-1] / printed - 1))
        print(f"{name:9} {size:6d} {rate:7g} {epochs:6d} {history[-1]:18.8f} {printed:18.8f}")
        if rate in (1e-5, 0.1):
            curves[f"{name}, batches of {size}"] = history
    path = save_curves("regression", "Regression: loss over all rows", curves)
    print(f"\nlargest relative difference to the printed figures: {worst:.1e}")
    return {"least squares": best, "difference": worst, "picture": path}  # type: ignore[dict-item]


if __name__ == "__main__":
    main()
