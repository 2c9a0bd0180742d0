"""How far to go along an update, found by evaluating the loss.

A search takes as many steps as it needs, which depends on values: it runs in eager code.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from flambeau.autograd import enable_grad
from flambeau.autograd.backward import grad as gradients_of
from flambeau.core import trees
from flambeau.core.errors import message
from flambeau.ops.likes import zeros_like
from flambeau.optim.checks import in_range, require
from flambeau.optim.engine.combinators import at_path, tree_of
from flambeau.optim.engine.leaf import Leaf, Run, name_of, number_of
from flambeau.optim.engine.state import State
from flambeau.optim.engine.transformation import Transformation, Whole
from flambeau.optim.transform.distance import dot, scalar, total
from flambeau.optim.transform.moments import added, zeros_for
from flambeau.tensor.tensor import Tensor

Hyper = dict[str, Any]
GUESSES = ("one", "keep")


class Trial(NamedTuple):
    """The loss at one step length.

    Attributes:
        t: the step length.
        value: the loss.
        slope: its derivative by ``t``.
        gradients: its gradient for each leaf, if it was asked for.
    """

    t: float
    value: float
    slope: float
    gradients: list[Tensor]


class Line:
    """The loss along the updates.

    Args:
        name: the transformation's, for errors.
        leaves: parameters and updates.
        run: what ``update`` was given: ``value``, ``grad`` and ``value_fn``, and arguments that
            ``value_fn`` takes beside the parameters.
    """

    def __init__(self, name: str, leaves: list[Leaf], run: Run) -> None:
        missing = [x for x in ("value", "grad", "value_fn") if run.extra.get(x) is None]
        if missing:
            raise ValueError(
                message(
                    f"{name}: update needs the loss",
                    expected="update(updates, state, params, value=v, grad=g, value_fn=f)",
                    got=f"no {', '.join(missing)}",
                )
            )
        self.leaves = leaves
        self.run = run
        self.updates = [leaf.value() for leaf in leaves]
        given = run.extra["grad"]
        gradients = [at_path(given, leaf.path, name) for leaf in leaves]
        value = float(number_of(run.extra["value"]))
        self.start = Trial(0.0, value, self._slope(gradients), gradients)

    def _slope(self, gradients: list[Tensor]) -> float:
        return float(total([dot(u, g) for u, g in zip(self.updates, gradients, strict=True)]))

    def _moved(self, t: float) -> list[Tensor]:
        pairs = zip(self.leaves, self.updates, strict=True)
        return [added(leaf.param.detach(), u.detach(), t) for leaf, u in pairs]

    def _loss(self, values: list[Tensor]) -> Any:
        by_path = {leaf.path: x for leaf, x in zip(self.leaves, values, strict=True)}
        tree = tree_of(self.leaves, self.run, lambda leaf: by_path[leaf.path])
        rest = {k: v for k, v in self.run.extra.items() if k not in ("value", "grad", "value_fn")}
        return self.run.extra["value_fn"](tree, **rest)

    def value(self, t: float) -> float:
        """The loss after a step of length ``t``."""
        return float(number_of(self._loss(self._moved(t))))

    def at(self, t: float) -> Trial:
        """The loss and its slope after a step of length ``t``."""
        values = [x.requires_grad_() for x in self._moved(t)]
        with enable_grad():
            loss = self._loss(values)
            found = gradients_of(loss, values, allow_unused=True)
        gradients = [zeros_like(x) if g is None else g for x, g in zip(values, found, strict=True)]
        return Trial(t, loss.item(), self._slope(gradients), gradients)


def _infos(*names: str) -> Hyper:
    return {name: scalar(math.inf) for name in names} | {
        "learning_rate": scalar(1.0),
        "num_linesearch_steps": scalar(0.0),
    }


# --- backtracking -------------------------------------------------------------------------------


def _backtracking_start(leaves: list[Leaf], h: Hyper, key: str) -> Hyper:
    if h["store_grad"]:
        for leaf in leaves:
            leaf.state[key] = {"grad": zeros_for(leaf.param)}
    return _infos("value", "decrease_error")


def _backtrack(leaves: list[Leaf], h: Hyper, run: Run, key: str) -> None:
    line = Line("scale_by_backtracking_linesearch", leaves, run)
    shared, start = run.shared[key], line.start
    t = min(h["increase_factor"] * float(shared["learning_rate"].item()), h["max_learning_rate"])

    def judged(t: float) -> tuple[float, float]:
        value = line.value(t)
        error = value - (1 + h["rtol"]) * start.value - t * h["slope_rtol"] * start.slope
        return value, math.inf if math.isnan(error) else max(error, 0.0)

    count, (value, error) = 1, judged(t)
    while error > h["atol"] and count <= h["max_backtracking_steps"]:
        t *= h["decrease_factor"]
        count, (value, error) = count + 1, judged(t)
    if h["store_grad"]:
        for leaf, g in zip(leaves, line.at(t).gradients, strict=True):
            leaf.state[key]["grad"] = g
    t = 0.0 if math.isinf(error) else t
    found = {"learning_rate": t, "value": value, "decrease_error": error,
             "num_linesearch_steps": count}  # fmt: skip
    shared.update({k: scalar(v) for k, v in found.items()})
    for leaf in leaves:
        leaf.scale(t)


def scale_by_backtracking_linesearch(
    max_backtracking_steps: int,
    slope_rtol: float = 1e-4,
    decrease_factor: float = 0.8,
    increase_factor: float = 1.5,
    max_learning_rate: float = 1.0,
    atol: float = 0.0,
    rtol: float = 0.0,
    store_grad: bool = False,
) -> Transformation:
    r"""Shorten the step until the loss falls enough.

    .. math:: f(θ + t u) ≤ (1 + δ) f(θ) + t c ⟨u, g⟩ + ε

    ``update`` must be given the loss as ``value``, its gradient as ``grad``, and a function of
    the parameters that computes the loss as ``value_fn``; other extra arguments are passed on to
    that function. It evaluates the loss as often as it needs, and so runs in eager code.

    Args:
        max_backtracking_steps: how often the step may be shortened, at least 0.
        slope_rtol: :math:`c`, in [0, 1).
        decrease_factor: what a step that is too long is multiplied by, in (0, 1).
        increase_factor: what the last step is multiplied by to begin, at least 1.
        max_learning_rate: the longest step, above 0.
        atol, rtol: ε and δ, at least 0.
        store_grad: keep the gradient at the new parameters, for
            :func:`value_and_grad_from_state`.

    Raises:
        ValueError: for arguments out of range; in ``update``, if it is not given what it needs.

    Reference: Armijo, "Minimization of functions having Lipschitz continuous first partial
    derivatives", 1966.
    """
    name = "scale_by_backtracking_linesearch"
    in_range(name, "max_backtracking_steps", max_backtracking_steps, 0)
    in_range(name, "slope_rtol", slope_rtol, 0, 1)
    in_range(name, "decrease_factor", decrease_factor, 0, 1, open_low=True)
    in_range(name, "increase_factor", increase_factor, 1)
    in_range(name, "max_learning_rate", max_learning_rate, 0, math.inf, open_low=True)
    h = {
        "max_backtracking_steps": max_backtracking_steps, "slope_rtol": slope_rtol,
        "decrease_factor": decrease_factor, "increase_factor": increase_factor,
        "max_learning_rate": max_learning_rate, "atol": atol, "rtol": rtol,
        "store_grad": store_grad,
    }  # fmt: skip
    return Whole(name, _backtrack, h, _backtracking_start, needs_params=True)


# --- zoom ---------------------------------------------------------------------------------------


class Zoom:
    """A search for a step that lowers the loss enough and flattens its slope enough.

    Args:
        line: the loss along the updates.
        h: the options of :func:`scale_by_zoom_linesearch`.

    Reference: Nocedal and Wright, "Numerical optimization", 2006, algorithms 3.5 and 3.6; Hager
    and Zhang, "Algorithm 851: CG_DESCENT", 2006 (the approximate condition).
    """

    def __init__(self, line: Line, h: Hyper) -> None:
        self.line = line
        self.h = h
        self.count = 0
        self.safe = line.start  # the best point that lowers the loss enough

    def decrease_error(self, x: Trial) -> float:
        """By how much the loss is not low enough."""
        h, start = self.h, self.line.start
        error = x.value - start.value - h["slope_rtol"] * x.t * start.slope
        if h["approx_dec_rtol"] is not None:
            slope = x.slope - (2 * h["slope_rtol"] - 1) * start.slope
            rise = x.value - start.value - h["approx_dec_rtol"] * abs(start.value)
            error = min(error, max(slope, rise)) if math.isfinite(slope + rise) else math.nan
        return math.inf if math.isnan(error) else max(error, 0.0)

    def curvature_error(self, x: Trial) -> float:
        """By how much the slope is too steep."""
        error = abs(x.slope) - self.h["curv_rtol"] * abs(self.line.start.slope)
        return math.inf if math.isnan(error) else max(error, 0.0)

    def _will_do(self, x: Trial) -> bool:
        return max(self.decrease_error(x), self.curvature_error(x)) <= self.h["tol"]

    def _try(self, t: float) -> Trial:
        self.count += 1
        return self.line.at(t)

    def _is_over(self) -> bool:
        return self.count >= self.h["max_linesearch_steps"]

    def _at_last(self, x: Trial) -> Trial:
        """What to take when the search has failed at a point."""
        return self.safe if self.safe.t > 0 or math.isinf(self.decrease_error(x)) else x

    def find(self, guess: float) -> Trial:
        """The step to take, searching from a first guess."""
        before, t, most = self.line.start, guess, self.h["max_learning_rate"]
        while True:
            longest = most is not None and t >= most
            here = self._try(min(t, most) if longest else t)
            error = self.decrease_error(here)
            if error <= self.h["tol"]:
                self.safe = here
            if self._will_do(here):
                return here
            risen = error > 0 or (here.value >= before.value and self.count > 1)
            if risen or here.slope >= 0:
                low, high = (before, here) if risen else (here, before)
                return self._at_last(here) if self._is_over() else self._narrow(low, high)
            if longest:
                return here
            if self._is_over():
                return self._at_last(here)
            before, t = here, self.h["increase_factor"] * here.t

    def _narrow(self, low: Trial, high: Trial) -> Trial:
        third = low
        while True:
            tiny = abs(high.t - low.t) <= self.h["stepsize_precision"]
            here = self._try(between(low, high, third))
            error = self.decrease_error(here)
            if error <= self.h["tol"] and here.value < self.safe.value:
                self.safe = here
            if self._will_do(here):
                return here
            if error > 0 or here.value >= low.value:
                third, high = high, here
            elif here.slope * (high.t - low.t) >= 0:
                third, high, low = high, low, here
            else:
                third, low = low, here
            if self._is_over() or (tiny and self.safe.t > 0):
                return self._at_last(here)


def between(low: Trial, high: Trial, third: Trial) -> float:
    """The next step to try: a cubic's minimum, else a parabola's, else the middle."""
    left, right = min(low.t, high.t), max(low.t, high.t)
    for found, margin in ((_cubic(low, high, third), 0.2), (_parabola(low, high), 0.1)):
        edge = margin * (right - left)
        if found is not None and left + edge < found < right - edge:
            return found
    return (low.t + high.t) / 2


def _cubic(low: Trial, high: Trial, third: Trial) -> float | None:
    """Where the cubic through three values with the slope at the first one is smallest."""
    db, dc = high.t - low.t, third.t - low.t
    denominator = (db * dc) ** 2 * (db - dc)
    if denominator == 0:
        return None
    rb = high.value - low.value - low.slope * db
    rc = third.value - low.value - low.slope * dc
    a = (dc * dc * rb - db * db * rc) / denominator
    b = (db**3 * rc - dc**3 * rb) / denominator
    radical = b * b - 3 * a * low.slope
    if a == 0 or not radical >= 0:
        return None
    return low.t + (math.sqrt(radical) - b) / (3 * a)


def _parabola(low: Trial, high: Trial) -> float | None:
    """Where the parabola through two values with the slope at the first one is smallest."""
    d = high.t - low.t
    bend = (high.value - low.value - low.slope * d) / (d * d)
    return low.t - low.slope / (2 * bend) if bend else None


def _zoom_start(leaves: list[Leaf], h: Hyper, key: str) -> Hyper:
    for leaf in leaves:
        leaf.state[key] = {"grad": zeros_for(leaf.param)}
    return _infos("value", "decrease_error", "curvature_error")


def _zoom(leaves: list[Leaf], h: Hyper, run: Run, key: str) -> None:
    shared = run.shared[key]
    search = Zoom(Line("scale_by_zoom_linesearch", leaves, run), h)
    keep = h["initial_guess_strategy"] == "keep"
    found = search.find(shared["learning_rate"].item() if keep else 1.0)
    infos = {
        "learning_rate": found.t, "value": found.value, "num_linesearch_steps": search.count,
        "decrease_error": search.decrease_error(found),
        "curvature_error": search.curvature_error(found),
    }  # fmt: skip
    shared.update({k: scalar(v) for k, v in infos.items()})
    for leaf, g in zip(leaves, found.gradients, strict=True):
        leaf.state[key]["grad"] = g.clone()
        leaf.scale(found.t)


def scale_by_zoom_linesearch(
    max_linesearch_steps: int,
    max_learning_rate: float | None = None,
    tol: float = 0.0,
    increase_factor: float = 2.0,
    slope_rtol: float = 1e-4,
    curv_rtol: float = 0.9,
    approx_dec_rtol: float | None = 1e-6,
    stepsize_precision: float = 1e-5,
    initial_guess_strategy: str = "keep",
) -> Transformation:
    r"""A step that lowers the loss enough and flattens its slope enough.

    .. math::
        f(θ + t u) ≤ f(θ) + c_1 t ⟨u, g⟩, \quad |⟨u, g(θ + t u)⟩| ≤ c_2 |⟨u, g⟩|

    ``update`` must be given the loss as ``value``, its gradient as ``grad``, and a function of
    the parameters that computes the loss as ``value_fn``; other extra arguments are passed on to
    that function. It evaluates the loss as often as it needs, and so runs in eager code.

    Args:
        max_linesearch_steps: the most evaluations, at least 1.
        max_learning_rate: the longest step; ``None`` for no limit.
        tol: by how much the conditions may fail.
        increase_factor: what a step that is too short is multiplied by, above 1.
        slope_rtol: :math:`c_1`, in [0, 1).
        curv_rtol: :math:`c_2`.
        approx_dec_rtol: where values differ by less than this times :math:`|f(θ)|`, slopes
            decide in place of values, whose difference is lost in rounding; ``None`` for never.
        stepsize_precision: intervals below this length are not divided if a step that lowers the
            loss is known.
        initial_guess_strategy: begin with ``"one"``, or ``"keep"`` the last step.

    Raises:
        ValueError: for arguments out of range; in ``update``, if it is not given what it needs.

    Reference: Nocedal and Wright, "Numerical optimization", 2006, algorithms 3.5 and 3.6.
    """
    name = "scale_by_zoom_linesearch"
    in_range(name, "max_linesearch_steps", max_linesearch_steps, 1)
    in_range(name, "increase_factor", increase_factor, 1, open_low=True)
    in_range(name, "slope_rtol", slope_rtol, 0, 1)
    require(
        initial_guess_strategy in GUESSES,
        f"{name}: unknown initial_guess_strategy",
        " or ".join(map(repr, GUESSES)),
        repr(initial_guess_strategy),
    )
    h = {
        "max_linesearch_steps": max_linesearch_steps, "max_learning_rate": max_learning_rate,
        "tol": tol, "increase_factor": increase_factor, "slope_rtol": slope_rtol,
        "curv_rtol": curv_rtol, "approx_dec_rtol": approx_dec_rtol,
        "stepsize_precision": stepsize_precision, "initial_guess_strategy": initial_guess_strategy,
    }  # fmt: skip
    return Whole(name, _zoom, h, _zoom_start, needs_params=True)


def value_and_grad_from_state(value_fn: Callable[..., Any]) -> Callable[..., tuple[Any, Any]]:
    """The loss and its gradient, taken from the state of a line search if it has them.

    Args:
        value_fn: a function of the parameters, and perhaps more, to the loss.

    Returns:
        A function ``(params, *args, state=..., **kwargs)`` to the loss and a tree of gradients.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.optim import transform
        >>> rule = transform.lbfgs()
        >>> w = fb.ones(1)
        >>> evaluate = transform.value_and_grad_from_state(lambda w: (w * w).sum())
        >>> evaluate(w, state=rule.init(w))
        (tensor(1.), tensor([2.]))
    """

    def evaluate(params: Any, *args: Any, state: State, **kwargs: Any) -> tuple[Any, Any]:
        value, gradients = state["value"], state["grad"]
        if value.isfinite().item():
            return value, trees.map_with_path(lambda path, p: gradients[name_of(path)], params)
        values, structure = trees.flatten(params)
        values = [x.detach().requires_grad_() for x in values]
        with enable_grad():
            loss = value_fn(trees.unflatten(structure, values), *args, **kwargs)
            found = gradients_of(loss, values)
        return loss.detach(), trees.unflatten(structure, list(found))

    return evaluate
