"""Gradients of single examples on their way to one update, and how much they differ.

What is given has dimensions that count examples; an *aggregator* takes them away.

>>> import flambeau as fb
>>> from flambeau.optim import aggregating, transform
>>> rule = aggregating.add_mean_variance_to_opt(transform.sgd(1.0))
>>> state = rule.init(fb.zeros(1))
>>> updates, state = rule.update(fb.tensor([[1.], [3.]]), state)
>>> updates
tensor([-2.])
>>> aggregating.get_unbiased_mean_and_variance_ema(state)
(tensor([2.]), tensor([2.]))
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from flambeau.core import trees
from flambeau.core.errors import message
from flambeau.optim import tree as T
from flambeau.optim.checks import in_range, require

Axis = int | Sequence[int]


class Aggregator:
    """Two functions: ``init(params)`` and ``update(per_example, state, params)``.

    Args:
        init: parameters to a state, any tree.
        update: what examples give, the state and the parameters to updates and a new state; it
            may take further arguments by name. Updates are ``None`` while examples are collected.
        axis: the dimensions that count examples; ``None`` if there are none.
    """

    def __init__(
        self,
        init: Callable[[Any], Any],
        update: Callable[..., Any],
        axis: Axis | None = None,
    ) -> None:
        self.init = init
        self.update = update
        self.axis = axis


def process(
    preprocessor: Any, aggregator: Any, postprocessor: Any, aggregator_has_aux: bool = False
) -> Aggregator:
    """What happens to each example's gradient, then to all together, then to the result.

    Args:
        preprocessor: turns examples' gradients into others: an aggregator, a transformation, or
            a function of their tree; ``None`` leaves them.
        aggregator: makes one of them.
        postprocessor: a transformation of the result. Its state stays while nothing is ready,
            and the updates are zeros then.
        aggregator_has_aux: the aggregator returns updates and a dict of further arguments for the
            postprocessor.

    Returns:
        An :class:`Aggregator`.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.optim import aggregating, transform
        >>> clipped = lambda grads: grads.clamp(-1, 1)
        >>> rule = aggregating.process(
        ...     clipped, aggregating.average_per_element_updates(), transform.sgd(1.0))
        >>> rule.update(fb.tensor([[9.], [0.]]), rule.init(fb.zeros(1)))[0]
        tensor([-0.5000])

    Differs from optax: the preprocessor may be a function, or ``None``.
    """

    def init(params: Any) -> Any:
        first = preprocessor.init(params) if hasattr(preprocessor, "init") else ()
        return first, aggregator.init(params), postprocessor.init(params)

    def update(given: Any, state: Any, params: Any = None, **extra: Any) -> Any:
        before, during, after = state
        if hasattr(preprocessor, "update"):
            given, before = preprocessor.update(given, before, params, **extra)
        elif preprocessor is not None:
            given = preprocessor(given)
        found, during = aggregator.update(given, during, params, **extra)
        if found is None:
            axis = getattr(aggregator, "axis", None)
            zeros = trees.map(lambda x: None if x is None else _first(x, axis) * 0, given)
            return zeros, (before, during, after)
        if aggregator_has_aux:
            found, more = found
            extra = extra | more
        updates, after = postprocessor.update(found, after, params, **extra)
        return updates, (before, during, after)

    return Aggregator(init, update)


def _dims(x: Any, axis: Axis) -> list[int]:
    return [d % x.ndim for d in ([axis] if isinstance(axis, int) else axis)]


def _first(x: Any, axis: Axis | None) -> Any:
    """What one example gives."""
    for dim in [] if axis is None else sorted(_dims(x, axis), reverse=True):
        x = x.select(dim, 0)
    return x


def average_per_element_updates(per_elt_axis: Axis = 0) -> Aggregator:
    r"""The mean of what examples give.

    .. math:: u = \frac1B \sum_i g_i

    Args:
        per_elt_axis: the dimensions that count examples.
    """
    return Aggregator(
        lambda params: (),
        lambda given, state, params=None: (
            trees.map(lambda x: None if x is None else x.mean(_dims(x, per_elt_axis)), given),
            state,
        ),
        per_elt_axis,
    )


class Collected(NamedTuple):
    """What has been collected since an update was given.

    Attributes:
        steps: how many batches.
        mean: of their gradients.
        squares: sums of squared differences of single gradients from the mean, or ``None``.
    """

    steps: int
    mean: Any
    squares: Any


def average_incrementally_updates(per_elt_axis: Axis | None, accumulation_steps: int) -> Aggregator:
    r"""The mean of what several batches of examples give, at each last of them.

    .. math:: a ← a + (g - a) / k

    Args:
        per_elt_axis: the dimensions that count examples; ``None`` if there are none.
        accumulation_steps: batches, at least 1.

    Raises:
        ValueError: for arguments out of range.
    """
    in_range("average_incrementally_updates", "accumulation_steps", accumulation_steps, 1)

    def init(params: Any) -> Collected:
        return Collected(0, T.zeros_like(params), None)

    def update(given: Any, state: Collected, params: Any = None) -> Any:
        axis, mean = per_elt_axis, given
        if axis is not None:
            mean = trees.map(lambda x: x.mean(_dims(x, axis)), given)
        count = state.steps + 1
        mean = trees.map(lambda new, old: old + (new - old) / count, mean, state.mean)
        if count == accumulation_steps:
            return mean, Collected(0, T.zeros_like(mean), None)
        return None, Collected(count, mean, None)

    return Aggregator(init, update, per_elt_axis)


def accumulate_avg_updates(accumulation_steps: int) -> Aggregator:
    """The mean of several updates, at each last of them.

    Args:
        accumulation_steps: how many, at least 1.

    Raises:
        ValueError: for arguments out of range.

    Differs from optax: in between, ``update`` gives ``None``; :func:`process` makes zeros of it.
    """
    return average_incrementally_updates(None, accumulation_steps)


def get_batch_size_from_per_elt_updates(per_elt_updates: Any, per_elt_axis: Axis) -> int:
    """How many examples there are.

    Args:
        per_elt_updates: a tree of what examples give.
        per_elt_axis: the dimensions that count examples.

    Raises:
        ValueError: if the parts of the tree differ.
    """
    sizes = {
        math.prod(x.shape[d] for d in _dims(x, per_elt_axis))
        for x in trees.leaves(per_elt_updates)
        if x is not None
    }
    require(
        len(sizes) == 1,
        "get_batch_size_from_per_elt_updates: parts differ in their number of examples",
        "one number of examples",
        sorted(sizes),
    )
    return sizes.pop()


def get_per_element_mean_and_sum_sq_diff_grads(
    per_elt_axis: Axis = 0, accumulation_steps: int = 1
) -> Aggregator:
    r"""The mean of what examples give, and the sum of squared differences from it.

    .. math:: m = \frac1B \sum_i g_i, \quad s = \sum_i (g_i - m)^2

    Args:
        per_elt_axis: the dimensions that count examples.
        accumulation_steps: batches that are taken together, at least 1.

    Returns:
        An :class:`Aggregator` whose updates are pairs of the mean and a dict with
        ``sum_sq_diff_grads`` and ``sample_size``.

    Raises:
        ValueError: for arguments out of range.

    Reference: Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing
    sample variances", 1979 (several batches).
    """
    name = "get_per_element_mean_and_sum_sq_diff_grads"
    in_range(name, "accumulation_steps", accumulation_steps, 1)

    def init(params: Any) -> Collected:
        return Collected(0, T.zeros_like(params), T.zeros_like(params))

    def update(given: Any, state: Collected, params: Any = None) -> Any:
        size = get_batch_size_from_per_elt_updates(given, per_elt_axis)
        count = state.steps + 1
        means = trees.map(lambda x: x.mean(_dims(x, per_elt_axis)), given)
        own = trees.map(
            lambda x: (
                (x - x.mean(_dims(x, per_elt_axis), keepdim=True))
                .square()
                .sum(_dims(x, per_elt_axis))
            ),
            given,
        )
        apart = T.sub(means, state.mean)
        mean = trees.map(lambda old, d: old + d / count, state.mean, apart)
        weight = state.steps * size / count
        squares = trees.map(
            lambda old, new, d: old + new + d.square() * weight, state.squares, own, apart
        )
        if count < accumulation_steps:
            return None, Collected(count, mean, squares)
        found = {"sum_sq_diff_grads": squares, "sample_size": size * count}
        return (mean, found), Collected(0, T.zeros_like(mean), T.zeros_like(squares))

    return Aggregator(init, update, per_elt_axis)


class MeanAndVariance(NamedTuple):
    """Running averages, not yet freed from the zeros that they begin with.

    Attributes:
        count: updates.
        decay: the rate.
        mean, variance: trees like the parameters.
    """

    count: int
    decay: Any
    mean: Any
    variance: Any


def track_per_element_mean_and_variance_with_ema(ema_decay: Any = 0.9) -> Any:
    r"""Keep running averages of the mean and the variance of what examples give.

    .. math:: a ← β a + (1 - β) m, \quad v ← β v + (1 - β) \frac{s}{B - 1}

    Args:
        ema_decay: β, in [0, 1).

    Returns:
        A pair of functions, to be chained before an optimizer, that takes ``sum_sq_diff_grads``
        and ``sample_size`` as further arguments; updates pass.

    Raises:
        ValueError: for a decay rate outside [0, 1).
    """
    in_range("track_per_element_mean_and_variance_with_ema", "ema_decay", ema_decay, 0, 1)

    def init(params: Any) -> MeanAndVariance:
        return MeanAndVariance(0, ema_decay, T.zeros_like(params), T.zeros_like(params))

    def update(
        updates: Any,
        state: MeanAndVariance,
        params: Any = None,
        *,
        sum_sq_diff_grads: Any,
        sample_size: int,
        **others: Any,
    ) -> Any:
        def average(new: Any, old: Any) -> Any:
            return new * (1 - ema_decay) + old * ema_decay

        variance = T.scale(1 / (sample_size - 1), sum_sq_diff_grads)
        return updates, MeanAndVariance(
            state.count + 1,
            ema_decay,
            trees.map(average, updates, state.mean),
            trees.map(average, variance, state.variance),
        )

    return Aggregator(init, update)


def get_unbiased_mean_and_variance_ema(state: Any) -> tuple[Any, Any]:
    r"""The running averages, freed from the zeros that they began with.

    .. math:: a / (1 - β^t), \quad v / (1 - β^t)

    Args:
        state: one that has them, as that of :func:`add_mean_variance_to_opt`.

    Returns:
        Trees of means and variances.

    Raises:
        ValueError: if it has none.
    """
    found = _find(state)
    if found is None:
        raise ValueError(
            message(
                "get_unbiased_mean_and_variance_ema: no averages in the state",
                expected="a state with that of track_per_element_mean_and_variance_with_ema",
                got=type(state).__name__,
            )
        )
    rest = 1 - found.decay**found.count
    return T.scale(1 / rest, found.mean), T.scale(1 / rest, found.variance)


def _find(state: Any) -> MeanAndVariance | None:
    if isinstance(state, MeanAndVariance):
        return state
    parts = state if isinstance(state, (tuple, list)) else ()
    return next((x for x in map(_find, parts) if x is not None), None)


def add_mean_variance_to_opt(
    opt: Any, ema_decay: Any = 0.9, per_elt_axis: Axis = 0, accumulation_steps: int = 1
) -> Aggregator:
    """An optimizer that is given what examples give, and keeps their mean and variance.

    Args:
        opt: a transformation.
        ema_decay: see :func:`track_per_element_mean_and_variance_with_ema`.
        per_elt_axis, accumulation_steps: see
            :func:`get_per_element_mean_and_sum_sq_diff_grads`.

    Returns:
        An :class:`Aggregator`; see :func:`get_unbiased_mean_and_variance_ema`.
    """
    tracked = track_per_element_mean_and_variance_with_ema(ema_decay)

    def init(params: Any) -> Any:
        return tracked.init(params), opt.init(params)

    def update(updates: Any, state: Any, params: Any = None, **extra: Any) -> Any:
        updates, first = tracked.update(updates, state[0], params, **extra)
        del extra["sum_sq_diff_grads"], extra["sample_size"]
        updates, second = opt.update(updates, state[1], params, **extra)
        return updates, (first, second)

    collected = get_per_element_mean_and_sum_sq_diff_grads(per_elt_axis, accumulation_steps)
    return process(None, collected, Aggregator(init, update), aggregator_has_aux=True)
