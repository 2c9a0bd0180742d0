"""Transformations that step aside: for gradients that are not finite, or at some steps."""

from __future__ import annotations

import functools
import operator
from typing import Any

from flambeau.core import dtypes
from flambeau.ops.creation import full, zeros
from flambeau.optim.checks import in_range
from flambeau.optim.engine.combinators import as_transformation, inside
from flambeau.optim.engine.conditions import conditionally, keep_updates, zero_updates
from flambeau.optim.engine.leaf import Leaf, Run, number_of
from flambeau.optim.engine.transformation import Transformation
from flambeau.optim.schedule.definition import value_at


class Wrapper(Transformation):
    """A transformation around another one.

    Args:
        inner: the other one.
    """

    def __init__(self, inner: Any) -> None:
        self.inner = as_transformation(inner)

    def inside(self, key: str) -> str:
        """What the inner transformation's state is called."""
        return inside(key, self.inner)

    def hyperparameters(self) -> Any:
        return self.inner.hyperparameters()

    def __repr__(self) -> str:
        return f"{self.name}({self.inner!r})"


class Skipping(Wrapper):
    """A wrapper that may leave an update out; the inner clock counts those that were not."""

    def start(self, leaves: list[Leaf], run: Run, path: str) -> None:
        key = path or self.name
        run.shared[key] = {"steps_taken": zeros((), dtype=dtypes.int64)}
        self.inner.start(leaves, run, self.inside(key))

    def take(self, leaves: list[Leaf], run: Run, key: str) -> None:
        """Let the inner transformation do its step."""
        shared = run.shared[key]
        shared["steps_taken"] = shared["steps_taken"] + 1
        outside, run.step = run.step, number_of(shared["steps_taken"])
        for leaf in leaves:
            leaf.step = run.step
        self.inner.run(leaves, run, self.inside(key))
        for leaf in leaves:
            leaf.step = outside
        run.step = outside


class ApplyIfFinite(Skipping):
    """See :func:`apply_if_finite`."""

    name = "apply_if_finite"

    def __init__(self, inner: Any, most: Any) -> None:
        super().__init__(inner)
        self.most = most

    def start(self, leaves: list[Leaf], run: Run, path: str) -> None:
        super().start(leaves, run, path)
        run.shared[path or self.name] |= {
            "notfinite_count": zeros((), dtype=dtypes.int64),
            "total_notfinite": zeros((), dtype=dtypes.int64),
            "last_finite": full((), True, dtype=dtypes.bool_),
        }

    def run(self, leaves: list[Leaf], run: Run, path: str) -> None:
        key = path or self.name
        shared = run.shared[key]
        checks = [leaf.value().isfinite().all() for leaf in leaves]
        finite = functools.reduce(operator.and_, checks, full((), True, dtype=dtypes.bool_))
        bad = (~finite).to(dtypes.int64)
        shared["notfinite_count"] = (shared["notfinite_count"] + bad) * bad
        shared["total_notfinite"] = shared["total_notfinite"] + bad
        shared["last_finite"] = finite
        proceed = finite | (shared["notfinite_count"] > self.most)
        conditionally(proceed, leaves, run, key, lambda: self.take(leaves, run, key), zero_updates)


def apply_if_finite(inner: Any, max_consecutive_errors: int) -> Transformation:
    """Leave an update out if a gradient is not finite: zeros, and the state stays.

    Args:
        inner: the transformation; its clock counts the updates that were not left out.
        max_consecutive_errors: after so many in a row, at least 0, the next one is let through.

    Returns:
        A transformation that counts in its state: ``notfinite_count`` in a row,
        ``total_notfinite``, and ``last_finite``.

    Raises:
        ValueError: for a negative number.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.optim import transform
        >>> rule = transform.apply_if_finite(transform.adam(0.1), 5)
        >>> updates, state = rule.update(fb.tensor([float("nan")]), rule.init(fb.zeros(1)))
        >>> updates, state["total_notfinite"], state["mu"]
        (tensor([0.]), tensor(1), {'': tensor([0.])})
    """
    in_range("apply_if_finite", "max_consecutive_errors", max_consecutive_errors, 0)
    return ApplyIfFinite(inner, max_consecutive_errors)


class Conditional(Skipping):
    """See :func:`conditionally_transform` and :func:`conditionally_mask`."""

    def __init__(self, name: str, inner: Any, condition: Any, forward: bool, zeros: bool) -> None:
        super().__init__(inner)
        self.name = name
        self.condition = condition
        self.forward = forward
        self.otherwise = zero_updates if zeros else keep_updates

    def run(self, leaves: list[Leaf], run: Run, path: str) -> None:
        key = path or self.name
        given = functools.partial(self.condition, **run.extra) if self.forward else self.condition
        condition = value_at(given, run.step - 1)
        conditionally(
            condition,
            leaves,
            run,
            key,
            lambda: self.take(leaves, run, key),
            self.otherwise,
        )


def conditionally_transform(
    inner: Any, should_transform_fn: Any, forward_extra_args: bool = False
) -> Transformation:
    """Apply a transformation at some steps; at the others updates pass and the state stays.

    Args:
        inner: the transformation.
        should_transform_fn: a function of the number of updates so far, to a truth value.
        forward_extra_args: give it the extra arguments of ``update`` too.
    """
    return Conditional(
        "conditionally_transform", inner, should_transform_fn, forward_extra_args, False
    )


def conditionally_mask(
    inner: Any, should_transform_fn: Any, forward_extra_args: bool = False
) -> Transformation:
    """Apply a transformation at some steps; at the others updates are zeros, the state stays.

    Args:
        inner: the transformation.
        should_transform_fn: a function of the number of updates so far, to a truth value.
        forward_extra_args: give it the extra arguments of ``update`` too.
    """
    return Conditional("conditionally_mask", inner, should_transform_fn, forward_extra_args, True)
