"""Weights that follow the trained ones slowly: lookahead, and averaging in place of a schedule."""

from __future__ import annotations

from typing import Any

from flambeau.core import dtypes, trees
from flambeau.core.errors import message
from flambeau.ops.creation import zeros
from flambeau.optim.checks import in_range
from flambeau.optim.engine.combinators import chain
from flambeau.optim.engine.conditions import conditionally
from flambeau.optim.engine.leaf import Leaf, Run, name_of, number_of
from flambeau.optim.engine.state import State
from flambeau.optim.engine.transformation import Transformation, require_params
from flambeau.optim.scalars import at_each_call, maximum, where
from flambeau.optim.schedule.combination import warmup_constant_schedule
from flambeau.optim.schedule.definition import value_at
from flambeau.optim.transform.conditions import Wrapper
from flambeau.optim.transform.descent_optimizers import sgd
from flambeau.optim.transform.distance import scalar
from flambeau.optim.transform.root_mean_square import scale_by_rms
from flambeau.optim.transform.scaling import add_decayed_weights, scale_by_learning_rate
from flambeau.tensor.tensor import Tensor

# --- lookahead ----------------------------------------------------------------------------------


class Lookahead(Wrapper):
    """See :func:`lookahead`."""

    name = "lookahead"

    def __init__(self, inner: Any, period: Any, rate: Any, reset: bool) -> None:
        super().__init__(inner)
        self.period = period
        self.rate = rate
        self.reset = reset

    def start(self, leaves: list[Leaf], run: Run, path: str) -> None:
        key = path or self.name
        for leaf in leaves:
            leaf.state[key] = {"slow": leaf.param.detach().clone()}
        run.shared[key] = {"steps_since_sync": zeros((), dtype=dtypes.int64)}
        self.inner.start(leaves, run, self.inside(key))

    def run(self, leaves: list[Leaf], run: Run, path: str) -> None:
        require_params(self.name, leaves)
        key = path or self.name
        shared = run.shared[key]
        shared["steps_since_sync"] = shared["steps_since_sync"] + 1
        last = shared["steps_since_sync"] == self.period
        self.inner.run(leaves, run, self.inside(key))
        conditionally(last, leaves, run, key, lambda: self._synchronize(leaves, run, key))

    def _synchronize(self, leaves: list[Leaf], run: Run, key: str) -> None:
        run.shared[key]["steps_since_sync"] = zeros((), dtype=dtypes.int64)
        for leaf in leaves:
            slow = leaf.state[key]["slow"]
            slow = slow + (leaf.param + leaf.value() - slow) * self.rate
            leaf.state[key]["slow"] = slow
            leaf.set(slow - leaf.param)
        if self.reset:
            self.inner.start(leaves, run, self.inside(key))


def lookahead(
    fast_optimizer: Any, sync_period: int, slow_step_size: Any, reset_state: bool = False
) -> Transformation:
    r"""Every few steps, go back part of the way to where the last such step began.

    .. math:: φ ← φ + α (θ - φ), \quad θ ← φ \quad \text{every } k \text{ steps}

    Args:
        fast_optimizer: the transformation whose steps are taken between.
        sync_period: :math:`k`, at least 1.
        slow_step_size: α, in (0, 1].
        reset_state: begin anew with the fast optimizer's state each time.

    Returns:
        A transformation whose slot ``slow`` is φ.

    Raises:
        ValueError: for arguments out of range; in ``update``, if it is given no parameters.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.optim import transform
        >>> rule = transform.lookahead(transform.sgd(1.0), 2, 0.5)
        >>> params = fb.zeros(1)
        >>> state = rule.init(params)
        >>> for _ in range(2):
        ...     updates, state = rule.update(fb.ones(1), state, params)
        ...     params = params + updates
        >>> params, state["slow"]
        (tensor([-1.]), {'': tensor([-1.])})

    Reference: Zhang et al., "Lookahead optimizer: k steps forward, 1 step back", NeurIPS 2019,
    algorithm 1.
    Differs from optax: the slow weights are part of the state, so parameters are an ordinary tree.
    """
    in_range("lookahead", "sync_period", sync_period, 1)
    in_range("lookahead", "slow_step_size", slow_step_size, 0, open_low=True)
    return Lookahead(fast_optimizer, sync_period, slow_step_size, reset_state)


# --- schedule-free ------------------------------------------------------------------------------


@at_each_call
def _share(weight: Any, total: Any) -> Any:
    """The newest point's share of the average; 0 as long as no point has any weight."""
    some = total > 0
    return where(some, weight / where(some, total, 1.0), 0.0)


class ScheduleFree(Wrapper):
    """See :func:`schedule_free`."""

    name = "schedule_free"

    def __init__(self, inner: Any, rate: Any, b1: Any, power: Any, dtype: Any) -> None:
        super().__init__(inner)
        self.rate = rate
        self.b1 = b1
        self.power = power
        self.dtype = dtype

    def start(self, leaves: list[Leaf], run: Run, path: str) -> None:
        key = path or self.name
        for leaf in leaves:
            z = leaf.param.detach().to(self.dtype or leaf.param.dtype, copy=True)
            leaf.state[key] = {"z": z}
        run.shared[key] = {"weight_sum": scalar(0.0), "max_lr": scalar(0.0), "b1": scalar(self.b1)}
        self.inner.start(leaves, run, self.inside(key))

    def run(self, leaves: list[Leaf], run: Run, path: str) -> None:
        require_params(self.name, leaves)
        key = path or self.name
        shared, b1 = run.shared[key], self.b1
        rate = value_at(self.rate, run.step - 1)
        largest = maximum(number_of(shared["max_lr"]), rate)
        weight = largest**self.power
        total = number_of(shared["weight_sum"]) + weight
        share = _share(weight, total)
        shared["max_lr"], shared["weight_sum"] = scalar(largest), scalar(total)
        self.inner.run(leaves, run, self.inside(key))
        for leaf in leaves:
            z = leaf.state[key]["z"]
            average = _average_point(leaf.param, z, b1)
            z = (z + leaf.value()).to(z.dtype)
            average = average + (z - average) * share
            leaf.state[key]["z"] = z
            leaf.set((average * b1 + z * (1 - b1) - leaf.param).to(leaf.param.dtype))


def _average_point(y: Tensor, z: Tensor, b1: Any) -> Tensor:
    """The average of the points, given the point of the gradient: ``y = b1 x + (1 - b1) z``."""
    return (y - z * (1 - b1)) / b1


def schedule_free(
    base_optimizer: Any,
    learning_rate: Any,
    b1: Any = 0.9,
    weight_lr_power: Any = 2.0,
    state_dtype: Any = None,
) -> Transformation:
    r"""Averaging in place of a falling learning rate.

    .. math::
        z ← z + u, \quad w = γ_{max}^p, \quad c = \frac{w}{\sum w}, \quad
        x ← (1 - c) x + c z, \quad y ← β x + (1 - β) z

    The parameters are :math:`y`, where gradients are taken. Use the model with :math:`x`, which
    :func:`schedule_free_eval_params` gives.

    Args:
        base_optimizer: gives the updates :math:`u`; without momentum of its own.
        learning_rate: the learning rate that it has, a number or a schedule; it weights points.
        b1: β, in (0, 1), which takes the place of momentum.
        weight_lr_power: :math:`p`.
        state_dtype: the type in which :math:`z` is kept; ``None`` for the parameter's.

    Raises:
        ValueError: for arguments out of range; in ``update``, if it is given no parameters.

    Reference: Defazio et al., "The road less scheduled", NeurIPS 2024, equations 1 to 3.
    Differs from optax: a schedule is read at the same step here as in the base optimizer, where
    optax is one step ahead.
    """
    in_range("schedule_free", "b1", b1, 0, 1, open_low=True)
    return ScheduleFree(base_optimizer, learning_rate, b1, weight_lr_power, state_dtype)


def schedule_free_eval_params(state: State, params: Any) -> Any:
    r"""The averaged parameters of :func:`schedule_free`, to be used after training.

    .. math:: x = (y - (1 - β) z) / β

    Args:
        state: the state, also of a chain that holds ``schedule_free``.
        params: the parameters :math:`y`.

    Raises:
        ValueError: if the state is not one of ``schedule_free``.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.optim import transform
        >>> rule = transform.schedule_free_sgd(1.0)
        >>> params = fb.zeros(1)
        >>> state = rule.init(params)
        >>> for _ in range(3):
        ...     updates, state = rule.update(fb.ones(1), state, params)
        ...     params = params + updates
        >>> transform.schedule_free_eval_params(state, params)
        tensor([-2.])
    """
    try:
        points, b1 = state["z"], number_of(state["b1"])
    except (KeyError, TypeError):
        raise ValueError(
            message(
                "schedule_free_eval_params: another kind of state",
                expected="the state of a transformation with schedule_free",
                got="a state without z and b1",
            )
        ) from None
    return trees.map_with_path(
        lambda path, y: (
            y if name_of(path) not in points else _average_point(y, points[name_of(path)], b1)
        ),
        params,
    )


def _warm(learning_rate: Any, steps: int | None) -> Any:
    if steps is None:
        return learning_rate
    return warmup_constant_schedule(0.0, learning_rate, steps)


def schedule_free_sgd(
    learning_rate: Any = 1.0,
    warmup_steps: int | None = None,
    b1: Any = 0.9,
    weight_decay: Any = None,
    weight_lr_power: Any = 2.0,
    state_dtype: Any = None,
) -> Transformation:
    """Gradient descent without a schedule: :func:`schedule_free` around :func:`sgd`.

    Args:
        learning_rate: at least 0.
        warmup_steps: steps in which it rises from 0; ``None`` for none.
        b1, weight_lr_power, state_dtype: see :func:`schedule_free`.
        weight_decay: see :func:`add_decayed_weights`; ``None`` for none.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.schedule_free_sgd()
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([-0.5000,  0.1000])

    Reference: Defazio et al., "The road less scheduled", NeurIPS 2024.
    """
    rate = _warm(learning_rate, warmup_steps)
    decay = [] if weight_decay is None else [add_decayed_weights(weight_decay)]
    return schedule_free(chain(*decay, sgd(rate)), rate, b1, weight_lr_power, state_dtype)


def schedule_free_adamw(
    learning_rate: Any = 0.0025,
    warmup_steps: int | None = None,
    b1: Any = 0.9,
    b2: Any = 0.999,
    eps: Any = 1e-8,
    weight_decay: Any = 0.0,
    weight_lr_power: Any = 2.0,
    state_dtype: Any = None,
) -> Transformation:
    """AdamW without a schedule: :func:`schedule_free` around Adam without momentum.

    Args:
        learning_rate: at least 0.
        warmup_steps: steps in which it rises from 0; ``None`` for none.
        b1, weight_lr_power, state_dtype: see :func:`schedule_free`.
        b2, eps: see :func:`scale_by_rms`.
        weight_decay: see :func:`add_decayed_weights`.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.schedule_free_adamw()
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([-0.0025,  0.0025])

    Reference: Defazio et al., "The road less scheduled", NeurIPS 2024.
    """
    rate = _warm(learning_rate, warmup_steps)
    base = chain(
        scale_by_rms(b2, eps, eps_in_sqrt=False, bias_correction=True),
        add_decayed_weights(weight_decay),
        scale_by_learning_rate(rate),
    )
    return schedule_free(base, rate, b1, weight_lr_power, state_dtype)
