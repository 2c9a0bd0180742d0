"""A step length that lowers a function enough and flattens its slope enough.

Along a direction the function has one variable, the step :math:`t`. The search first goes outward
until an acceptable step must lie between two points, then narrows that interval by cubic
interpolation.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from flambeau.tensor.tensor import Tensor

DECREASE = 1e-4  # the share of the slope's promise by which the value must fall
CURVATURE = 0.9  # the share of the first slope that the last one may still have
GROWTH = 10.0  # how far beyond a point the next one may lie
MARGIN = 0.1  # the share of an interval at either end that cannot be tried twice in a row


class Point(NamedTuple):
    """The function at one step length.

    Attributes:
        t: the step length.
        value: the function's value.
        slope: its derivative by ``t``.
        gradient: its gradient, flat.
    """

    t: float
    value: float
    slope: float
    gradient: Tensor


Evaluate = Callable[[float], Point]


def cubic_minimum(one: Point, two: Point, low: float, high: float) -> float:
    """Where the cubic through two points with their slopes is smallest, within bounds.

    Where there is no minimum, or a value is not finite, it is the middle of the bounds.

    Reference: Nocedal and Wright, "Numerical optimization", 2006, equation 3.59.
    """
    left, right = (one, two) if one.t <= two.t else (two, one)
    secant = (left.value - right.value) / (left.t - right.t)
    mean = left.slope + right.slope - 3 * secant
    square = mean * mean - left.slope * right.slope
    if not square >= 0 or math.isinf(square):
        return (low + high) / 2
    root = math.sqrt(square)
    share = (right.slope + root - mean) / (right.slope - left.slope + 2 * root)
    found = right.t - (right.t - left.t) * share
    return min(max(found, low), high) if math.isfinite(found) else (low + high) / 2


class StrongWolfe:
    r"""A search for a step :math:`t` with

    .. math:: f(t) ≤ f(0) + c_1 t f'(0), \quad |f'(t)| ≤ c_2 |f'(0)|

    Args:
        evaluate: the function of the step length.
        start: the function at 0; its slope is negative.
        size: the largest element of the direction.
        tolerance: intervals that move no element by more are not divided.
        most: how many points may be tried beside the first one.

    Attributes:
        evaluations: how often the function was evaluated.

    Reference: Nocedal and Wright, "Numerical optimization", 2006, algorithms 3.5 and 3.6.
    """

    def __init__(
        self, evaluate: Evaluate, start: Point, size: float, tolerance: float, most: int = 25
    ) -> None:
        self.evaluate = evaluate
        self.start = start
        self.size = size
        self.tolerance = tolerance
        self.most = most
        self.evaluations = 0

    def find(self, t: float) -> Point:
        """The best point found, searching from step length ``t``."""
        found = self._outward(t)
        return found if isinstance(found, Point) else self._between(*found)

    def _at(self, t: float) -> Point:
        self.evaluations += 1
        return self.evaluate(t)

    def _may_go_on(self) -> bool:
        return self.evaluations <= self.most

    def _is_too_high(self, point: Point) -> bool:
        bound = self.start.value + DECREASE * point.t * self.start.slope
        # A value that is not a number is too high: the step left the function's domain.
        return not point.value <= bound

    def _is_flat(self, point: Point) -> bool:
        return abs(point.slope) <= -CURVATURE * self.start.slope

    def _lower_first(self, one: Point, two: Point) -> tuple[Point, Point]:
        """Two points, the better one first: low enough, then lower."""
        worse = self._is_too_high(one), one.value
        return (two, one) if (self._is_too_high(two), two.value) < worse else (one, two)

    def _outward(self, t: float) -> Point | tuple[Point, Point]:
        """A point that will do, or two points with one between them."""
        before, here = self.start, self._at(t)
        while self._may_go_on():
            risen = self.evaluations > 2 and here.value >= before.value
            if self._is_too_high(here) or risen:
                return before, here
            if self._is_flat(here):
                return here
            if here.slope >= 0:
                return before, here
            nearest = here.t + 0.01 * (here.t - before.t)
            t = cubic_minimum(before, here, nearest, GROWTH * here.t)
            before, here = here, self._at(t)
        return here if here.value < self.start.value else self.start

    def _between(self, one: Point, two: Point) -> Point:
        """The point that will do between two, or the lowest one if none is found."""
        low, high = self._lower_first(one, two)
        hesitated = False
        while self._may_go_on() and abs(high.t - low.t) * self.size >= self.tolerance:
            left, right = sorted((low.t, high.t))
            t, hesitated = _inside(cubic_minimum(low, high, left, right), left, right, hesitated)
            here = self._at(t)
            if self._is_too_high(here) or here.value >= low.value:
                low, high = self._lower_first(low, here)
            elif self._is_flat(here):
                return here
            else:
                turned = here.slope * (high.t - low.t) >= 0
                low, high = here, low if turned else high
        return low


def _inside(t: float, left: float, right: float, hesitated: bool) -> tuple[float, bool]:
    """A trial step that is not close to an end twice in a row, and whether it is so now."""
    margin = MARGIN * (right - left)
    if min(right - t, t - left) >= margin:
        return t, False
    if not hesitated and left < t < right:
        return t, True
    return (right - margin if right - t < t - left else left + margin), False
