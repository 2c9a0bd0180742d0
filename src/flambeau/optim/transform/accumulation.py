"""Momentum, averages of updates, and updates gathered over several steps."""

from __future__ import annotations

from typing import Any

from flambeau.core import dtypes, trees
from flambeau.ops.creation import zeros
from flambeau.ops.likes import zeros_like
from flambeau.optim.checks import in_range
from flambeau.optim.engine.combinators import as_transformation, inside, tree_of
from flambeau.optim.engine.conditions import conditionally, zero_updates
from flambeau.optim.engine.leaf import Leaf, Run, number_of
from flambeau.optim.engine.transformation import Rule, Transformation
from flambeau.optim.scalars import is_first, where
from flambeau.optim.schedule.definition import value_at
from flambeau.optim.transform.moments import added, added_, average_, zeros_for
from flambeau.tensor.tensor import Tensor

Slots = dict[str, Any]
Hyper = dict[str, Any]


def _trace_start(p: Tensor, h: Hyper) -> Slots:
    return {"trace": zeros_for(p, h["accumulator_dtype"])}


def _trace(g: Tensor, s: Slots, p: Any, h: Hyper, t: Any) -> Tensor:
    decay, dampening = h["decay"], h["dampening"]
    fresh = 1 if not isinstance(dampening, Tensor) and dampening == 0 else 1 - dampening
    if s["trace"] is None:  # PyTorch's state before the first gradient
        trace = s["trace"] = g.clone()
    else:
        if fresh.__class__ is not int and t is not None:
            fresh = where(is_first(t), 1.0, fresh)
        trace = added_(s["trace"].mul_(decay), g, fresh)
    return added(g, trace, decay) if h["nesterov"] else trace


TRACE = Rule("trace", _trace, _trace_start)


def trace(
    decay: Any,
    nesterov: bool = False,
    accumulator_dtype: Any = None,
    *,
    dampening: Any = 0.0,
) -> Transformation:
    r"""Momentum: a decaying sum of gradients.

    .. math:: b ← μ b + (1 - τ) g, \quad u = b, \text{ or } g + μ b \text{ with Nesterov's}

    Args:
        decay: μ, at least 0.
        nesterov: look one step ahead.
        accumulator_dtype: the type in which :math:`b` is kept; ``None`` for the parameter's.
        dampening: τ; the first gradient is not dampened, as in PyTorch.

    Raises:
        ValueError: for arguments out of range.

    Example:
        >>> import flambeau as fb
        >>> rule = fb.optim.transform.trace(0.5)
        >>> _, state = rule.update(fb.ones(1), rule.init(fb.zeros(1)))
        >>> rule.update(fb.ones(1), state)[0]
        tensor([1.5000])

    Reference: Sutskever et al., "On the importance of initialization and momentum in deep
    learning", ICML 2013.
    Differs from optax: ``dampening`` is added.
    """
    in_range("trace", "decay", decay, 0)
    return TRACE(
        decay=decay, nesterov=nesterov, accumulator_dtype=accumulator_dtype, dampening=dampening
    )


def _ema_start(p: Tensor, h: Hyper) -> Slots:
    return {"ema": zeros_for(p, h["accumulator_dtype"])}


def _ema(g: Tensor, s: Slots, p: Any, h: Hyper, t: Any) -> Any:
    mean = average_(s["ema"], g, h["decay"])
    return mean, 1 / (1 - h["decay"] ** t) if h["debias"] else None


EMA = Rule("ema", _ema, _ema_start)


def ema(decay: Any, debias: bool = True, accumulator_dtype: Any = None) -> Transformation:
    r"""The running average of updates.

    .. math:: m ← β m + (1 - β) g, \quad u = m / (1 - β^t)

    Args:
        decay: β, in [0, 1).
        debias: divide by :math:`1 - β^t`.
        accumulator_dtype: the type in which :math:`m` is kept; ``None`` for the parameter's.

    Raises:
        ValueError: for arguments out of range.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.ema(0.1)
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([ 0.5000, -0.1000])
    """
    in_range("ema", "decay", decay, 0, 1)
    return EMA(decay=decay, debias=debias, accumulator_dtype=accumulator_dtype)


# --- several micro-batches ----------------------------------------------------------------------


def skip_not_finite(updates: Any, gradient_step: Any, params: Any) -> tuple[Any, dict[str, Any]]:
    """For :class:`MultiSteps`: leave out gradients with an element that is not finite.

    Returns:
        Whether to leave them out, and how many elements there are as ``num_not_finite``.
    """
    count = sum((~g.isfinite()).sum() for g in _tensors(updates))
    return count > 0, {"should_skip": count > 0, "num_not_finite": count}


def skip_large_updates(
    updates: Any, gradient_step: Any, params: Any, max_squared_norm: Any
) -> tuple[Any, dict[str, Any]]:
    """For :class:`MultiSteps`: leave out gradients whose squared norm reaches a bound, or is nan.

    Args:
        updates, gradient_step, params: what :class:`MultiSteps` gives.
        max_squared_norm: the bound; set it with ``functools.partial``.

    Returns:
        Whether to leave them out, and the squared norm as ``norm_squared``.
    """
    square = sum((g * g).sum() for g in _tensors(updates))
    skip = ~(square < max_squared_norm)
    return skip, {"should_skip": skip, "norm_squared": square}


def _tensors(tree: Any) -> list[Tensor]:
    return [x for x in trees.leaves(tree) if x is not None]


class MultiSteps(Transformation):
    r"""Gather gradients over several micro-batches before a transformation sees them.

    .. math:: \bar g = \frac1k \sum_{i=1}^k g_i \text{ every } k \text{ updates; zeros between}

    Args:
        opt: the transformation; its clock counts what it sees.
        every_k_schedule: :math:`k`, or a function from the number of gathered updates to it.
        use_grad_mean: the mean; otherwise the sum.
        should_skip_update_fn: ``(updates, gradient_step, params)`` to whether to leave a
            micro-batch out, and a dict to be kept as ``skip_state``.
        accumulator_dtype: the type in which gradients are gathered; ``None`` for the parameter's.

    Raises:
        ValueError: for a :math:`k` below 1.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.optim import transform
        >>> rule = transform.MultiSteps(transform.sgd(1.0), 2)
        >>> first, state = rule.update(fb.tensor([1.]), rule.init(fb.zeros(1)))
        >>> second, state = rule.update(fb.tensor([3.]), state)
        >>> first, second
        (tensor([0.]), tensor([-2.]))

    Differs from optax: a micro-batch with nan stays alone: what is gathered starts anew after it
    was used, where optax multiplies it by zero. It is a transformation itself, and passes extra
    arguments on.
    """

    name = "multi_steps"

    def __init__(
        self,
        opt: Any,
        every_k_schedule: Any,
        use_grad_mean: bool = True,
        should_skip_update_fn: Any = None,
        accumulator_dtype: Any = None,
    ) -> None:
        in_range("MultiSteps", "every_k_schedule", every_k_schedule, 1)
        self.inner_opt = as_transformation(opt)
        self.every_k = every_k_schedule
        self.mean = use_grad_mean
        self.should_skip = should_skip_update_fn
        self.accumulator_dtype = accumulator_dtype

    def start(self, leaves: list[Leaf], run: Run, path: str) -> None:
        key = path or self.name
        for leaf in leaves:
            leaf.state[key] = {"acc_grads": zeros_for(leaf.param, self.accumulator_dtype)}
        shared = run.shared[key] = {
            "mini_step": zeros((), dtype=dtypes.int64),
            "gradient_step": zeros((), dtype=dtypes.int64),
        }
        if self.should_skip is not None:
            nothing = tree_of(leaves, run, lambda leaf: zeros_like(leaf.param))
            shared["skip_state"] = self.should_skip(nothing, shared["gradient_step"], run.params)[1]
        self.inner_opt.start(leaves, run, inside(key, self.inner_opt))

    def run(self, leaves: list[Leaf], run: Run, path: str) -> None:
        key = path or self.name
        shared = run.shared[key]
        skip: Any = False
        if self.should_skip is not None:
            updates = tree_of(leaves, run, Leaf.value)
            skip, shared["skip_state"] = self.should_skip(
                updates, shared["gradient_step"], run.params
            )
        keep = ~skip if isinstance(skip, Tensor) else not skip
        conditionally(keep, leaves, run, key, lambda: self._gather(leaves, run, key), zero_updates)

    def _gather(self, leaves: list[Leaf], run: Run, key: str) -> None:
        shared = run.shared[key]
        before = number_of(shared["mini_step"])
        last = value_at(self.every_k, number_of(shared["gradient_step"])) - 1
        for leaf in leaves:
            gathered = leaf.state[key]["acc_grads"]
            g = leaf.value().to(gathered.dtype)
            if self.mean:
                gathered = gathered + (g - gathered) / (before + 1)
            else:
                gathered = gathered + g
            leaf.state[key]["acc_grads"] = gathered
        shared["mini_step"] = shared["mini_step"] + 1
        conditionally(
            before == last, leaves, run, key, lambda: self._emit(leaves, run, key), zero_updates
        )

    def _emit(self, leaves: list[Leaf], run: Run, key: str) -> None:
        shared = run.shared[key]
        shared["mini_step"] = zeros((), dtype=dtypes.int64)
        shared["gradient_step"] = shared["gradient_step"] + 1
        outside, run.step = run.step, number_of(shared["gradient_step"])
        for leaf in leaves:
            gathered = leaf.state[key]["acc_grads"]
            leaf.set(gathered.to(leaf.update.dtype))
            leaf.state[key]["acc_grads"] = zeros_like(gathered)
            leaf.step = run.step
        self.inner_opt.run(leaves, run, inside(key, self.inner_opt))
        for leaf in leaves:
            leaf.step = outside
        run.step = outside

    def has_updated(self, state: Any) -> Tensor:
        """Whether the last update was one that the transformation saw."""
        return (state["mini_step"] == 0) & (state["gradient_step"] > 0)

    def gradient_transformation(self) -> Transformation:
        """Itself: it can stand in chains as it is."""
        return self
