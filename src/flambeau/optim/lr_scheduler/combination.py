"""Schedulers made of schedulers: one after another, or all at once."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from flambeau.core.errors import message
from flambeau.optim.checks import require
from flambeau.optim.lr_scheduler.plateau import ReduceLROnPlateau
from flambeau.optim.lr_scheduler.scheduler import LRScheduler, set_option
from flambeau.optim.optimizer import Optimizer


class SequentialLR(LRScheduler):
    r"""One scheduler after another.

    .. math:: γ_t = f_i(t - m_i) \quad\text{for}\quad m_i ≤ t < m_{i+1}

    Args:
        optimizer: the optimizer.
        schedulers: schedulers of the same optimizer, each beginning with the first rates.
        milestones: the epochs :math:`m_1, m_2, …` at which the next one takes over.
        last_epoch: the epoch to go on after; -1 for the beginning.

    Raises:
        ValueError: if the schedulers do not fit.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.optim.lr_scheduler import ConstantLR, ExponentialLR, SequentialLR
        >>> optimizer = fb.optim.SGD([fb.ones(1, requires_grad=True)], lr=1.0)
        >>> parts = [ConstantLR(optimizer, 0.5, 100), ExponentialLR(optimizer, 0.5)]
        >>> scheduler = SequentialLR(optimizer, parts, milestones=[2])
        >>> for _ in range(4):
        ...     print(scheduler.get_last_lr())
        ...     scheduler.step()
        [0.5]
        [0.5]
        [1.0]
        [0.5]

    Differs from PyTorch: with ``last_epoch`` it goes on where it was, also within a later part.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        schedulers: list[LRScheduler],
        milestones: list[int],
        last_epoch: int = -1,
    ) -> None:
        _check("SequentialLR", schedulers, optimizer)
        require(
            len(milestones) == len(schedulers) - 1,
            "SequentialLR: schedulers and milestones do not match",
            "one milestone between each two schedulers",
            f"{len(schedulers)} schedulers and {len(milestones)} milestones",
        )
        require(
            list(milestones) == sorted(milestones),
            "SequentialLR: milestones out of order",
            "milestones that do not decrease",
            milestones,
        )
        self._schedulers = list(schedulers)
        self._milestones = list(milestones)
        self.optimizer = optimizer
        self.last_epoch = last_epoch + 1
        self._step_count = 1
        for group in optimizer.param_groups:
            set_option(group, "lr", group["initial_lr"])
        self._show()

    @property
    def base_lrs(self) -> list[float]:  # type: ignore[override]
        """The first rate of each group."""
        return self._schedulers[0].base_lrs

    def _part(self, epoch: Any) -> tuple[LRScheduler, Any]:
        index = bisect_right(self._milestones, epoch)
        return self._schedulers[index], epoch - (self._milestones[index - 1] if index else 0)

    def value_at(self, epoch: Any, base_lr: float, group: int = 0) -> float:
        """The rate of a group at an epoch: a pure function."""
        part, inside = self._part(epoch)
        return part.value_at(inside, base_lr, group)

    def _show(self) -> None:
        """Let the scheduler that is in force set the rates of its own epoch."""
        part, epoch = self._part(self.last_epoch)
        part._notice_groups()
        part.last_epoch = epoch
        if isinstance(part, SequentialLR):
            part._show()
        else:
            part._set(part._get_closed_form_lr())
        self._last_lr = part.get_last_lr()

    def step(self) -> None:  # type: ignore[override]
        """Go on to the next epoch, and set its rates."""
        self.last_epoch += 1
        self._step_count += 1
        part, epoch = self._part(self.last_epoch)
        if epoch == 0 or isinstance(part, SequentialLR):
            self._show()
        else:
            part.last_epoch = epoch - 1
            part.step()
            self._last_lr = part.get_last_lr()

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimizer, with the states of the parts as ``_schedulers``."""
        return _state_of(self)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what :meth:`state_dict` gave, and set its rates."""
        _load_into(self, state_dict)


class ChainedScheduler(LRScheduler):
    """Several schedulers, each changing what the ones before it have set.

    Args:
        schedulers: schedulers of one optimizer.
        optimizer: that optimizer; taken from them if ``None``.

    Raises:
        ValueError: if the schedulers do not fit.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.optim.lr_scheduler import ChainedScheduler, ConstantLR, ExponentialLR
        >>> optimizer = fb.optim.SGD([fb.ones(1, requires_grad=True)], lr=1.0)
        >>> parts = [ConstantLR(optimizer, 0.5, 2), ExponentialLR(optimizer, 0.5)]
        >>> scheduler = ChainedScheduler(parts)
        >>> for _ in range(3):
        ...     print(scheduler.get_last_lr())
        ...     scheduler.step()
        [0.5]
        [0.25]
        [0.25]
    """

    def __init__(
        self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None
    ) -> None:
        require(schedulers, "ChainedScheduler: no schedulers", "at least one", "none")
        self.optimizer = optimizer or schedulers[0].optimizer
        _check("ChainedScheduler", schedulers, self.optimizer)
        self._schedulers = list(schedulers)
        self._last_lr = [float(g["lr"]) for g in self.optimizer.param_groups]

    def step(self) -> None:  # type: ignore[override]
        """Let every scheduler go on to the next epoch."""
        for scheduler in self._schedulers:
            scheduler.step()
        self._last_lr = [float(g["lr"]) for g in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimizer, with the states of the parts as ``_schedulers``."""
        return _state_of(self)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what :meth:`state_dict` gave, and set its rates."""
        _load_into(self, state_dict)


def _check(name: str, schedulers: Sequence[Any], optimizer: Any) -> None:
    require(schedulers, f"{name}: no schedulers", "at least one", "none")
    for number, scheduler in enumerate(schedulers):
        if not hasattr(scheduler, "optimizer"):
            raise TypeError(
                message(
                    f"{name}: number {number} is no scheduler",
                    expected="schedulers",
                    got=type(scheduler).__name__,
                )
            )
        require(
            not isinstance(scheduler, ReduceLROnPlateau),
            f"{name}: number {number} needs a measured value",
            "schedulers of the epoch alone",
            "ReduceLROnPlateau",
        )
        require(
            scheduler.optimizer is optimizer,
            f"{name}: number {number} belongs to another optimizer",
            f"schedulers of one {type(optimizer).__name__}",
            f"one of another {type(scheduler.optimizer).__name__}",
        )


def _state_of(scheduler: Any) -> dict[str, Any]:
    hidden = ("optimizer", "_schedulers")
    state = {k: v for k, v in scheduler.__dict__.items() if k not in hidden}
    state["_schedulers"] = [part.state_dict() for part in scheduler._schedulers]
    return state


def _load_into(scheduler: Any, state_dict: dict[str, Any]) -> None:
    for part, state in zip(scheduler._schedulers, state_dict["_schedulers"], strict=True):
        part.load_state_dict(state)
    hidden = ("optimizer", "_schedulers")
    scheduler.__dict__.update({k: v for k, v in state_dict.items() if k not in hidden})
    scheduler._set_loaded()
