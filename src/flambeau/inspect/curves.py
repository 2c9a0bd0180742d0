"""Curves of a run's figures, drawn by matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flambeau.core.errors import message

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw(curves: dict[str, Any], x: str, logarithmic: bool, axes: Axes | None) -> Axes:
    """Draw curves over one horizontal axis.

    Args:
        curves: from a name to the horizontal and the vertical values; empty for no points.
        x: what the horizontal axis is called.
        logarithmic: whether the vertical axis is.
        axes: where to; a new figure if ``None``.

    Raises:
        ImportError: if matplotlib is not installed.
    """
    if axes is None:
        axes = _new_axes()
    for name, points in curves.items():
        # A single point would be invisible as a line.
        marker = "o" if points and len(points[0]) == 1 else ""
        axes.plot(*(points or ((), ())), label=name, marker=marker)
    axes.set_xlabel(x)
    if logarithmic:
        axes.set_yscale("log")
    if len(curves) == 1:
        axes.set_ylabel(next(iter(curves)))
    elif curves:
        axes.legend()
    return axes


def _new_axes() -> Axes:
    try:
        from matplotlib import pyplot as plt
    except ImportError as error:
        raise ImportError(
            message(
                "plot: matplotlib is not installed",
                expected="the extra that draws",
                got=str(error),
                help="pip install flambeau[plot]",
            )
        ) from None
    return plt.subplots()[1]
