"""A scale that falls when the loss no longer does."""

from __future__ import annotations

import math
from typing import Any

from flambeau.optim.checks import in_range, require
from flambeau.optim.engine.leaf import Leaf, Run, number_of
from flambeau.optim.engine.transformation import Transformation, Whole
from flambeau.optim.scalars import maximum, where
from flambeau.optim.transform.distance import scalar
from flambeau.optim.transform.loss_dependent import loss_of

Hyper = dict[str, Any]

COUNTERS = ("plateau_count", "cooldown_count", "count")


def _start(leaves: list[Leaf], h: Hyper, key: str) -> Hyper:
    counters = {slot: scalar(0.0) for slot in COUNTERS}
    return {"scale": scalar(1.0), "best_value": scalar(math.inf), "avg_value": scalar(0.0)} | (
        counters
    )


def _reduce(leaves: list[Leaf], h: Hyper, run: Run, key: str) -> None:
    before = {slot: number_of(x) for slot, x in run.shared[key].items()}
    count = before["count"] + 1
    mean = (before["count"] * before["avg_value"] + loss_of("reduce_on_plateau", run)) / count
    gathered = _judged(before, mean, h) | {"count": 0.0, "avg_value": 0.0}
    waiting = before | {"count": count, "avg_value": mean}
    ready = count == h["accumulation_size"]
    for slot in run.shared[key]:
        run.shared[key][slot] = scalar(where(ready, gathered[slot], waiting[slot]))
    rate = number_of(run.shared[key]["scale"])
    for leaf in leaves:
        leaf.scale(rate)


def _judged(state: Hyper, value: Any, h: Hyper) -> Hyper:
    """The state after a value that is to be compared with the best one."""
    better = value < (1 - h["rtol"]) * state["best_value"] - h["atol"]
    waited = where(better, 0.0, state["plateau_count"] + 1)
    resting = state["cooldown_count"] > 0
    enough = waited == h["patience"]
    lower = maximum(where(enough, state["scale"] * h["factor"], state["scale"]), h["min_scale"])
    rest = where(enough, h["cooldown"], 0.0)
    return {
        "scale": where(resting, state["scale"], lower),
        "best_value": where(better, value, state["best_value"]),
        "plateau_count": where(resting, 0.0, where(enough, 0.0, waited)),
        "cooldown_count": where(resting, state["cooldown_count"] - 1, rest),
    }


def reduce_on_plateau(
    factor: float = 0.1,
    patience: int = 10,
    rtol: float = 1e-4,
    atol: float = 0.0,
    cooldown: int = 0,
    accumulation_size: int = 1,
    min_scale: float = 0.0,
) -> Transformation:
    r"""Multiply by a scale that shrinks when the loss has not improved for some time.

    .. math:: s ← \max(f s, s_{min}) \text{ after } n \text{ values without }
        \bar f < (1 - r) f_{best} - a

    ``update`` must be given the loss as ``value``.

    Args:
        factor: :math:`f`, in (0, 1).
        patience: :math:`n`, at least 1.
        rtol, atol: :math:`r` in [0, 1] and :math:`a` at least 0, not both 0.
        cooldown: values that do not count after the scale has shrunk.
        accumulation_size: how many losses are averaged into one value, at least 1.
        min_scale: :math:`s_{min}`, at least 0.

    Raises:
        ValueError: for arguments out of range; in ``update``, if it is given no loss.

    Example:
        >>> import flambeau as fb
        >>> rule = fb.optim.transform.reduce_on_plateau(factor=0.5, patience=1)
        >>> g = fb.ones(1)
        >>> state = rule.init(g)
        >>> for loss in (3.0, 2.0, 2.0):
        ...     updates, state = rule.update(g, state, value=loss)
        >>> updates
        tensor([0.5000])

    Differs from PyTorch: ``ReduceLROnPlateau`` waits for more than ``patience`` values.
    """
    name = "reduce_on_plateau"
    in_range(name, "factor", factor, 0, 1, open_low=True)
    in_range(name, "patience", patience, 1)
    in_range(name, "atol", atol, 0)
    in_range(name, "accumulation_size", accumulation_size, 1)
    in_range(name, "min_scale", min_scale, 0)
    require(0 <= rtol <= 1, f"{name}: invalid rtol", "rtol in [0, 1]", rtol)
    require(rtol or atol, f"{name}: no tolerance", "rtol or atol above 0", "both 0")
    h = {
        "factor": factor, "patience": patience, "rtol": rtol, "atol": atol, "cooldown": cooldown,
        "accumulation_size": accumulation_size, "min_scale": min_scale,
    }  # fmt: skip
    return Whole(name, _reduce, h, _start)
