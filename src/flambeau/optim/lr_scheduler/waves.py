"""Schedulers that go up and down: cosine waves, cycles, one cycle."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from types import FunctionType
from typing import Any

from flambeau.core.errors import message
from flambeau.optim.checks import require
from flambeau.optim.lr_scheduler.scheduler import LRScheduler, for_each_group, set_option
from flambeau.optim.optimizer import Optimizer


class CosineAnnealingLR(LRScheduler):
    r"""A cosine wave between the first rate and the smallest one.

    .. math:: γ_t = η + \tfrac12 (γ_0 - η) \left(1 + \cos(π t / T)\right)

    Args:
        optimizer: the optimizer.
        T_max: :math:`T`, half a wave, in epochs; the rate rises again after it.
        eta_min: η, the smallest rate.
        last_epoch: the epoch to go on after; -1 for the beginning.

    Example:
        >>> import flambeau as fb
        >>> optimizer = fb.optim.SGD([fb.ones(1, requires_grad=True)], lr=1.0)
        >>> scheduler = fb.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=2)
        >>> scheduler.step()
        >>> scheduler.get_last_lr()
        [0.5]

    Reference: Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR
    2017, equation 5.
    """

    def __init__(
        self, optimizer: Optimizer, T_max: float, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
        self.T_max = T_max
        self.eta_min = eta_min
        super().__init__(optimizer, last_epoch)

    def value_at(self, epoch: Any, base_lr: float, group: int = 0) -> float:
        """The rate of a group at an epoch: a pure function."""
        wave = (1 + math.cos(math.pi * epoch / self.T_max)) / 2
        return self.eta_min + (base_lr - self.eta_min) * wave

    def carried(self, lr: float, base_lr: float, group: int) -> float:
        """The rate that follows one which somebody else has changed."""
        if self.last_epoch == 0:
            return lr
        before = 1 + math.cos(math.pi * (self.last_epoch - 1) / self.T_max)
        if (self.last_epoch - 1 - self.T_max) % (2 * self.T_max) == 0:  # at the bottom
            rise = (1 - math.cos(math.pi / self.T_max)) / 2
            return lr + (base_lr - self.eta_min) * rise
        wave = 1 + math.cos(math.pi * self.last_epoch / self.T_max)
        return wave / before * (lr - self.eta_min) + self.eta_min


class CosineAnnealingWarmRestarts(LRScheduler):
    r"""Half-waves of the cosine, each beginning at the first rate.

    .. math:: γ_t = η + \tfrac12 (γ_0 - η) \left(1 + \cos(π T_{cur} / T_i)\right), \quad
        T_{i+1} = m T_i

    Args:
        optimizer: the optimizer.
        T_0: the length of the first half-wave, in epochs, above 0.
        T_mult: :math:`m`, at least 1.
        eta_min: η, the smallest rate.
        last_epoch: the epoch to go on after; -1 for the beginning.

    Example:
        >>> import flambeau as fb
        >>> optimizer = fb.optim.SGD([fb.ones(1, requires_grad=True)], lr=1.0)
        >>> scheduler = fb.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, T_0=2)
        >>> [round(scheduler.schedule()(epoch), 3) for epoch in range(4)]
        [1.0, 0.5, 1.0, 0.5]

    Reference: Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR
    2017.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        T_0: int,
        T_mult: int = 1,
        eta_min: float = 0.0,
        last_epoch: int = -1,
    ) -> None:
        name = "CosineAnnealingWarmRestarts"
        require(isinstance(T_0, int) and T_0 > 0, f"{name}: invalid T_0", "a positive integer", T_0)
        require(
            isinstance(T_mult, int) and T_mult >= 1,
            f"{name}: invalid T_mult",
            "an integer of at least 1",
            T_mult,
        )
        self.T_0 = T_0
        self.T_i = T_0
        self.T_mult = T_mult
        self.eta_min = eta_min
        self.T_cur: float = last_epoch
        super().__init__(optimizer, last_epoch)

    def place(self, epoch: float) -> tuple[float, int]:
        """How far an epoch is in its half-wave, and how long that is."""
        length, start = self.T_0, 0
        if self.T_mult == 1:
            return epoch % length, length
        while epoch - start >= length:
            start, length = start + length, length * self.T_mult
        return epoch - start, length

    def value_at(self, epoch: Any, base_lr: float, group: int = 0) -> float:
        """The rate of a group at an epoch, which need not be whole: a pure function."""
        current, length = self.place(epoch)
        wave = (1 + math.cos(math.pi * current / length)) / 2
        return self.eta_min + (base_lr - self.eta_min) * wave

    def step(self, epoch: float | None = None) -> None:
        """Go on to the next epoch, or to the one that is given, which need not be whole.

        Args:
            epoch: at least 0.

        Raises:
            ValueError: for a negative epoch.
        """
        require(
            epoch is None or epoch >= 0,
            "CosineAnnealingWarmRestarts.step: invalid epoch",
            "at least 0",
            epoch,
        )
        self._notice_groups()
        now = self.last_epoch + 1 if epoch is None else epoch
        if epoch is None and self.last_epoch >= 0:
            now = self.last_epoch + 1 + (self.T_cur - math.floor(self.T_cur))
        self.T_cur, self.T_i = self.place(now)
        self.last_epoch = math.floor(now)
        self._set([self.value_at(now, base, i) for i, base in enumerate(self.base_lrs)])


class CyclicLR(LRScheduler):
    r"""Triangles between two rates, and the opposite for the momentum.

    .. math:: γ_t = γ_{min} + (γ_{max} - γ_{min})\, Δ(t)\, s

    Args:
        optimizer: the optimizer.
        base_lr, max_lr: the rates of the corners: one, or one for each group.
        step_size_up: epochs (usually batches) upward.
        step_size_down: epochs downward; as many if ``None``.
        mode: ``"triangular"`` (:math:`s = 1`), ``"triangular2"`` (:math:`s = 2^{1-c}` in cycle
            :math:`c`) or ``"exp_range"`` (:math:`s = g^t`).
        gamma: :math:`g`.
        scale_fn: :math:`s`, a function in place of ``mode``.
        scale_mode: what ``scale_fn`` is given: the ``"cycle"``, from 1, or the ``"iterations"``.
        cycle_momentum: change the momentum (or β₁) too.
        base_momentum, max_momentum: its corners: one, or one for each group.
        last_epoch: the epoch to go on after; -1 for the beginning.

    Raises:
        ValueError: for an unknown mode, or an optimizer without momentum.

    Example:
        >>> import flambeau as fb
        >>> optimizer = fb.optim.SGD([fb.ones(1, requires_grad=True)], lr=1.0)
        >>> scheduler = fb.optim.lr_scheduler.CyclicLR(
        ...     optimizer, 0.1, 0.5, step_size_up=2, cycle_momentum=False)
        >>> [round(scheduler.schedule()(epoch), 3) for epoch in range(5)]
        [0.1, 0.3, 0.5, 0.3, 0.1]

    Reference: Smith, "Cyclical learning rates for training neural networks", WACV 2017.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: float | list[float],
        max_lr: float | list[float],
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: str = "cycle",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.8,
        max_momentum: float | list[float] = 0.9,
        last_epoch: int = -1,
    ) -> None:
        require(
            scale_fn is not None or mode in SCALES,
            "CyclicLR: unknown mode",
            f"one of {', '.join(map(repr, SCALES))}, or a scale_fn",
            repr(mode),
        )
        base_lrs = for_each_group("CyclicLR", "base_lr", base_lr, optimizer)
        self.max_lrs = for_each_group("CyclicLR", "max_lr", max_lr, optimizer)
        if last_epoch == -1:
            for lr, group in zip(base_lrs, optimizer.param_groups):
                set_option(group, "lr", lr)
        up = float(step_size_up)
        self.total_size = up + (up if step_size_down is None else float(step_size_down))
        self.step_ratio = up / self.total_size
        self.mode, self.gamma = mode, gamma
        self._scale_fn_custom = scale_fn
        if scale_fn is None:
            scale_mode = "iterations" if mode == "exp_range" else "cycle"
        self.scale_mode = scale_mode
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self.use_beta1 = _uses_beta1("CyclicLR", optimizer)
            self.base_momentums, self.max_momentums = (
                for_each_group("CyclicLR", option, value, optimizer)
                for option, value in (
                    ("base_momentum", base_momentum),
                    ("max_momentum", max_momentum),
                )
            )
            if last_epoch == -1:
                _start_momentum(self, self.base_momentums, self.max_momentums, optimizer)
        super().__init__(optimizer, last_epoch)
        self.base_lrs = base_lrs

    def scale_fn(self, x: float) -> float:
        """The factor of the cycle or iteration ``x``."""
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(x)
        return SCALES[self.mode](x, self.gamma)

    def height(self, epoch: Any) -> float:
        """How high between the corners an epoch is."""
        cycle = math.floor(1 + epoch / self.total_size)
        x = 1.0 + epoch / self.total_size - cycle
        ratio = self.step_ratio
        triangle = x / ratio if x <= ratio else (x - 1) / (ratio - 1)
        return triangle * self.scale_fn(cycle if self.scale_mode == "cycle" else epoch)

    def value_at(self, epoch: Any, base_lr: float, group: int = 0) -> float:
        """The rate of a group at an epoch: a pure function."""
        return base_lr + (self.max_lrs[group] - base_lr) * self.height(epoch)

    def _notice_groups(self) -> None:
        _extend(self.base_lrs, len(self.optimizer.param_groups))
        _extend(self.max_lrs, len(self.base_lrs))

    def _set(self, values: list[float]) -> None:
        # The base class asks before ``base_lrs`` are the corners; groups start at the lower one.
        super()._set(values)
        if self.cycle_momentum:
            height = self.height(self.last_epoch)
            _extend(self.base_momentums, len(values))
            _extend(self.max_momentums, len(values))
            for group, low, high in zip(
                self.optimizer.param_groups, self.base_momentums, self.max_momentums
            ):
                _set_momentum(group, high - (high - low) * height, self.use_beta1)

    def get_lr(self) -> list[float]:
        """The rates of all groups at ``last_epoch``."""
        return self._get_closed_form_lr()

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimizer, and of ``scale_fn`` only the state of an object."""
        state = super().state_dict()
        function = state["_scale_fn_custom"]
        plain = function is None or isinstance(function, FunctionType)
        state["_scale_fn_custom"] = None if plain else dict(function.__dict__)
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what :meth:`state_dict` gave, and set its rates."""
        given = dict(state_dict)
        of_function = given.pop("_scale_fn_custom", None)
        if of_function is not None and self._scale_fn_custom is not None:
            self._scale_fn_custom.__dict__.update(of_function)
        super().load_state_dict(given)


SCALES: dict[str, Callable[[float, float], float]] = {
    "triangular": lambda x, gamma: 1.0,
    "triangular2": lambda x, gamma: 1 / 2.0 ** (x - 1),
    "exp_range": lambda x, gamma: gamma**x,
}


def _cos(start: float, end: float, fraction: float) -> float:
    return end + (start - end) / 2.0 * (math.cos(math.pi * fraction) + 1)


def _linear(start: float, end: float, fraction: float) -> float:
    return (end - start) * fraction + start


ANNEALINGS = {"cos": _cos, "linear": _linear}


class OneCycleLR(LRScheduler):
    r"""Up to a peak and down to almost nothing, and the opposite for the momentum.

    .. math:: \frac{γ}{d} \to γ \to \frac{γ}{d d'} \quad\text{at}\quad 0,\ pT - 1,\ T - 1

    Args:
        optimizer: the optimizer.
        max_lr: γ: one, or one for each group.
        total_steps: :math:`T`; or ``epochs`` times ``steps_per_epoch``.
        epochs, steps_per_epoch: see ``total_steps``.
        pct_start: :math:`p`, the fraction of steps that go up, in [0, 1].
        anneal_strategy: ``"cos"`` or ``"linear"``.
        cycle_momentum: change the momentum (or β₁) too.
        base_momentum, max_momentum: its corners: one, or one for each group.
        div_factor, final_div_factor: :math:`d` and :math:`d'`.
        three_phase: down to :math:`γ/d` in :math:`pT` steps first, and then to the end.
        last_epoch: the epoch to go on after; -1 for the beginning.

    Raises:
        ValueError: for arguments out of range, an optimizer without momentum, or more steps than
            ``total_steps``.

    Example:
        >>> import flambeau as fb
        >>> optimizer = fb.optim.SGD([fb.ones(1, requires_grad=True)], lr=1.0)
        >>> scheduler = fb.optim.lr_scheduler.OneCycleLR(
        ...     optimizer, 1.0, total_steps=10, cycle_momentum=False)
        >>> [round(scheduler.schedule()(epoch), 4) for epoch in (0, 2, 9)]
        [0.04, 1.0, 0.0]

    Reference: Smith and Topin, "Super-convergence: very fast training of neural networks using
    large learning rates", 2017.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | list[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.85,
        max_momentum: float | list[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        if total_steps is None and epochs is not None and steps_per_epoch is not None:
            total_steps = epochs * steps_per_epoch
        require(
            isinstance(total_steps, int) and total_steps > 0,
            "OneCycleLR: invalid number of steps",
            "total_steps, or epochs and steps_per_epoch: positive integers",
            f"total_steps {total_steps}",
        )
        require(
            isinstance(pct_start, float) and 0 <= pct_start <= 1,
            "OneCycleLR: invalid pct_start",
            "a float in [0, 1]",
            pct_start,
        )
        require(
            anneal_strategy in ANNEALINGS,
            "OneCycleLR: unknown anneal_strategy",
            " or ".join(map(repr, ANNEALINGS)),
            repr(anneal_strategy),
        )
        self.total_steps: int = total_steps  # type: ignore[assignment]
        self._schedule_phases = _phases(pct_start, self.total_steps, three_phase)
        self._anneal_func_type = anneal_strategy
        peaks = for_each_group("OneCycleLR", "max_lr", max_lr, optimizer)
        if last_epoch == -1:
            for peak, group in zip(peaks, optimizer.param_groups):
                group["initial_lr"] = peak / div_factor
                group["max_lr"] = peak
                group["min_lr"] = group["initial_lr"] / final_div_factor
                set_option(group, "lr", group["initial_lr"])
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self.use_beta1 = _uses_beta1("OneCycleLR", optimizer)
            if last_epoch == -1:
                low, high = (
                    for_each_group("OneCycleLR", option, value, optimizer)
                    for option, value in (
                        ("base_momentum", base_momentum),
                        ("max_momentum", max_momentum),
                    )
                )
                _start_momentum(self, low, high, optimizer)
        super().__init__(optimizer, last_epoch)

    def phase(self, epoch: Any) -> tuple[dict[str, Any], float]:
        """The phase that an epoch is in, and how much of it has passed.

        Raises:
            ValueError: after the last step.
        """
        if epoch > self.total_steps:
            raise ValueError(
                message(
                    "OneCycleLR: a step too many",
                    expected=f"at most {self.total_steps} steps, as total_steps says",
                    got=f"step {epoch}",
                )
            )
        start = 0.0
        for phase in self._schedule_phases:
            if epoch <= phase["end_step"] or phase is self._schedule_phases[-1]:
                return phase, (epoch - start) / (phase["end_step"] - start)
            start = phase["end_step"]
        raise AssertionError("there is always a last phase")

    def value_at(self, epoch: Any, base_lr: float, group: int = 0) -> float:
        """The rate of a group at an epoch: a pure function."""
        phase, fraction = self.phase(epoch)
        corners = self.optimizer.param_groups[group]
        return ANNEALINGS[self._anneal_func_type](
            corners[phase["start_lr"]], corners[phase["end_lr"]], fraction
        )

    def get_lr(self) -> list[float]:
        """The rates of all groups at ``last_epoch``."""
        return self._get_closed_form_lr()

    def _notice_groups(self) -> None:
        first = self.optimizer.param_groups[0]
        _extend(self.base_lrs, len(self.optimizer.param_groups))
        for group in self.optimizer.param_groups[1:]:
            for corner in ("initial_lr", "max_lr", "min_lr", "base_momentum", "max_momentum"):
                if corner in first:
                    group.setdefault(corner, first[corner])

    def _set(self, values: list[float]) -> None:
        super()._set(values)
        if self.cycle_momentum:
            phase, fraction = self.phase(self.last_epoch)
            between = ANNEALINGS[self._anneal_func_type]
            for group in self.optimizer.param_groups:
                start, end = group[phase["start_momentum"]], group[phase["end_momentum"]]
                _set_momentum(group, between(start, end, fraction), self.use_beta1)


def _phases(fraction: float, steps: int, three: bool) -> list[dict[str, Any]]:
    make = partial(
        dict, start_momentum="max_momentum", end_momentum="base_momentum",
        start_lr="initial_lr", end_lr="max_lr", end_step=float(fraction * steps) - 1,
    )  # fmt: skip
    down = {"start_momentum": "base_momentum", "end_momentum": "max_momentum", "start_lr": "max_lr"}
    if not three:
        return [make(), make(**down, end_lr="min_lr", end_step=steps - 1)]
    back = make(**down, end_lr="initial_lr", end_step=float(2 * fraction * steps) - 2)
    last = make(end_momentum="max_momentum", end_lr="min_lr", end_step=steps - 1)
    return [make(), back, last]


def _uses_beta1(name: str, optimizer: Optimizer) -> bool:
    """Whether the momentum is Adam's β₁.

    Raises:
        ValueError: if the optimizer has none.
    """
    require(
        "momentum" in optimizer.defaults or "betas" in optimizer.defaults,
        f"{name}: the optimizer has no momentum",
        "an optimizer with momentum or betas, for cycle_momentum",
        type(optimizer).__name__,
        help="set cycle_momentum=False",
    )
    return "betas" in optimizer.defaults


def _set_momentum(group: dict[str, Any], momentum: float, is_beta1: bool) -> None:
    if is_beta1:
        group["betas"] = (momentum, *group["betas"][1:])
    else:
        group["momentum"] = momentum


def _start_momentum(
    scheduler: Any, low: list[float], high: list[float], optimizer: Optimizer
) -> None:
    for base, top, group in zip(low, high, optimizer.param_groups):
        _set_momentum(group, top, scheduler.use_beta1)
        group["max_momentum"], group["base_momentum"] = top, base


def _extend(values: list[Any], count: int) -> None:
    """Later groups have the last group's corners."""
    values += [values[-1]] * (count - len(values))
