"""The ways of optimizers over surfaces in two dimensions, as a picture.

python -m examples.trajectories gallery.png
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import flambeau as fb
from flambeau.optim import transform


class Surface(NamedTuple):
    """A function of two numbers, and how it is shown.

    Attributes:
        function: of a tensor with two elements.
        start: where every way begins.
        minimum: where it should end.
        window: the limits of the picture: left, right, bottom, top.
        scale: how fast optimizers go on it, as a factor of their learning rates.
        steps: how many steps are taken.
    """

    function: Callable[[Any], Any]
    start: tuple[float, float]
    minimum: tuple[float, float]
    window: tuple[float, float, float, float]
    scale: float
    steps: int

    def value(self, point: Any) -> float:
        """The function at a point."""
        return self.function(fb.tensor(np.asarray(point, float))).item()


def rosenbrock(w: Any) -> Any:
    """A bent valley with a flat floor."""
    return (1 - w[..., 0]) ** 2 + 100 * (w[..., 1] - w[..., 0] ** 2) ** 2


def ravine(w: Any) -> Any:
    """A valley that is fifty times steeper across than along."""
    return 0.5 * w[..., 0] ** 2 + 25 * w[..., 1] ** 2


def beale(w: Any) -> Any:
    """Flat regions with steep walls (Beale, 1958)."""
    x, y = w[..., 0], w[..., 1]
    return (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2


def saddle(w: Any) -> Any:
    """A saddle at the origin between two minima."""
    x, y = w[..., 0], w[..., 1]
    return 0.25 * x**4 - 0.5 * x**2 + 0.5 * y**2 + 0.25


SURFACES = {
    "ravine": Surface(ravine, (-4.0, 0.6), (0, 0), (-5, 2, -1, 1), 1.0, 150),
    "Rosenbrock": Surface(rosenbrock, (-1.2, 1.0), (1, 1), (-1.8, 1.6, -0.6, 2.2), 0.3, 600),
    "Beale": Surface(beale, (1.0, 1.5), (3, 0.5), (-0.5, 4.2, -1.0, 2.0), 0.3, 400),
    "saddle": Surface(saddle, (1e-3, 1.0), (1, 0), (-1.6, 1.6, -1.2, 1.2), 0.5, 200),
}

RULES: dict[str, Callable[[float], Any]] = {
    "sgd": lambda scale: transform.chain(transform.clip(50.0), transform.sgd(0.004 * scale)),
    "momentum": lambda scale: transform.chain(
        transform.clip(50.0), transform.sgd(0.004 * scale, 0.9)
    ),
    "rmsprop": lambda scale: transform.rmsprop(0.05 * scale),
    "adam": lambda scale: transform.adam(0.15 * scale),
    "lion": lambda scale: transform.lion(0.05 * scale, weight_decay=0.0),
    "lbfgs": lambda scale: transform.lbfgs(),
}


def trajectories(surface: Surface, steps: int) -> dict[str, np.ndarray]:
    """The points that each optimizer visits."""
    return {name: way(make(surface.scale), surface, steps) for name, make in RULES.items()}


def way(rule: Any, surface: Surface, steps: int) -> np.ndarray:
    """The points that one optimizer visits."""
    w = fb.tensor(np.asarray(surface.start, float))
    state, points = rule.init(w), [w.numpy().copy()]
    for _ in range(steps):
        x = w.detach().requires_grad_()
        value = surface.function(x)
        (g,) = fb.autograd.grad(value, x)
        updates, state = rule.update(
            g, state, w, value=value.detach(), grad=g, value_fn=surface.function
        )
        w = transform.apply_updates(w, updates)
        points.append(w.numpy().copy())
    return np.stack(points)


def draw(path: Path, steps: int | None = None) -> None:
    """Write the picture.

    Args:
        path: the file; its ending says the format.
        steps: how many steps; each surface's own number if not given.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 9), layout="constrained")
    for axes, (name, surface) in zip(figure.subplots(2, 2).flat, SURFACES.items(), strict=True):
        left, right, bottom, top = surface.window
        grid = np.stack(np.meshgrid(np.linspace(left, right, 200), np.linspace(bottom, top, 200)))
        heights = surface.function(fb.tensor(np.moveaxis(grid, 0, -1).copy())).numpy()
        axes.contour(*grid, np.log1p(heights - heights.min()), 25, cmap="Greys", alpha=0.6)
        for rule, points in trajectories(surface, steps or surface.steps).items():
            axes.plot(*points.T, ".-", label=rule, markersize=3, linewidth=1)
        axes.plot(*surface.minimum, "k*", markersize=12)
        axes.set(title=name, xlim=(left, right), ylim=(bottom, top))
    figure.axes[0].legend(loc="lower right")
    figure.savefig(path, dpi=120)


def main() -> None:
    """Write the picture to the file that is named."""
    path = Path(sys.argv[1] if len(sys.argv) > 1 else "trajectories.png")
    draw(path)
    print(f"written to {path}")


if __name__ == "__main__":
    main()
