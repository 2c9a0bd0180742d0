"""Burgers' equation solved by a network that is trained on the equation alone.

:math:`u_t + u u_x = \\nu u_{xx}` for x in [-1, 1], with u = -sin(pi x) at first and u = 0 at both
ends. Both conditions are built into the network's form, so that the squared residual of the
equation at random points is the whole loss. The result is compared with finite differences.

Run it with ``python -m examples.burgers``.
"""

from __future__ import annotations

from math import pi

import numpy as np

import flambeau as fb
from flambeau import func, nn

VISCOSITY = 0.1
END = 0.5


def make_network(width: int = 24, depth: int = 3) -> nn.Module:
    """A smooth network of (t, x)."""
    layers: list[nn.Module] = [nn.Linear(2, width), nn.Tanh()]
    for _ in range(depth - 1):
        layers += [nn.Linear(width, width), nn.Tanh()]
    return nn.Sequential(*layers, nn.Linear(width, 1))


def solution(network: nn.Module, t: fb.Tensor, x: fb.Tensor) -> fb.Tensor:
    """u(t, x) at one point, with the initial and boundary values that are asked for."""
    free = network(fb.stack([t, x])).squeeze()
    return -fb.sin(pi * x) + t * (1 - x * x) * free


def residual(network: nn.Module, t: fb.Tensor, x: fb.Tensor) -> fb.Tensor:
    """What is left of the equation at one point."""
    u = lambda t, x: solution(network, t, x)  # noqa: E731
    u_x = func.grad(u, argnums=1)
    value, slope, curvature = u(t, x), u_x(t, x), func.grad(u_x, argnums=1)(t, x)
    return func.grad(u)(t, x) + value * slope - VISCOSITY * curvature


def train(steps: int = 6000, points: int = 256, seed: int = 0) -> tuple[nn.Module, list[float]]:
    """A trained network, and the loss along the way."""
    fb.manual_seed(seed)
    network = make_network()
    optimizer = fb.optim.Adam(network.parameters(), lr=5e-3)
    schedule = fb.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    residuals = fb.vmap(lambda t, x: residual(network, t, x))

    @fb.compile
    def step(t: fb.Tensor, x: fb.Tensor) -> fb.Tensor:
        loss = (residuals(t, x) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    losses = []
    for _ in range(steps):
        t, x = END * fb.rand(points), 2 * fb.rand(points) - 1
        losses.append(step(t, x).item())
        schedule.step()
    return network, losses


def finite_differences(cells: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """The grid, and u on it at the end: central differences, explicit steps of second order."""
    x = np.linspace(-1, 1, cells + 1)
    h = x[1] - x[0]
    count = int(np.ceil(END / (0.2 * h * h / VISCOSITY)))
    dt = END / count

    def slope(u: np.ndarray) -> np.ndarray:
        d = np.zeros_like(u)
        d[1:-1] = VISCOSITY * (u[2:] - 2 * u[1:-1] + u[:-2]) / h**2 - (u[2:] ** 2 - u[:-2] ** 2) / (
            4 * h
        )
        return d

    u = -np.sin(pi * x)
    for _ in range(count):
        middle = u + dt / 2 * slope(u)
        u = u + dt * slope(middle)
    return x, u


def error(network: nn.Module) -> float:
    """The largest difference between the two solutions at the end."""
    x, reference = finite_differences()
    points = fb.from_numpy(x).float()
    with fb.no_grad():
        found = fb.vmap(lambda x: solution(network, fb.tensor(END), x))(points)
    return float(np.abs(found.numpy() - reference).max())


def main() -> None:
    """Train, compare and print."""
    network, losses = train()
    print(f"squared residual: {losses[0]:.4f} at first, {np.mean(losses[-50:]):.2e} at the end")
    print(f"largest difference from finite differences at t = {END}: {error(network):.1e}")


if __name__ == "__main__":
    main()
