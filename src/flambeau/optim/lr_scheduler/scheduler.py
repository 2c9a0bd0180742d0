"""What schedulers have in common: they show the values of a function of the epoch to an optimizer.

A scheduler is a view: its rates are a pure function of ``last_epoch`` and of the groups' first
rates. As long as nobody else changes a rate, the function's value is what is set, so there is no
drift, and resuming is exact. A rate that somebody else has changed (another scheduler on the same
optimizer, or the user) is carried on from what it is, by PyTorch's recursive rules.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

from flambeau.core.errors import message
from flambeau.optim.optimizer import Optimizer
from flambeau.tensor.tensor import Tensor


class LRScheduler:
    """Sets the learning rates of an optimizer, epoch by epoch.

    A subclass writes :meth:`value_at`, or, as in PyTorch, a ``get_lr`` of its own, which reads
    ``last_epoch``, ``base_lrs`` and ``optimizer.param_groups``.

    Args:
        optimizer: the optimizer.
        last_epoch: the epoch to go on after; -1 for the beginning. The groups then need an
            ``initial_lr``, which saved optimizers have.

    Attributes:
        base_lrs: the first rate of each group.
        last_epoch: the epoch whose rates are set.

    Raises:
        TypeError: if ``optimizer`` is none.
        KeyError: if ``last_epoch`` is given and a group has no ``initial_lr``.

    Differs from PyTorch: a scheduler made for an optimizer whose state was loaded does not change
    the loaded rates; ``load_state_dict`` sets the rates that it loads; groups may be added later,
    and have the rates as if they had been there from the beginning. There is no warning about the
    order of ``optimizer.step()`` and ``scheduler.step()``.
    """

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        name = type(self).__name__
        if not isinstance(optimizer, Optimizer):
            raise TypeError(
                message(
                    f"{name}: not an optimizer",
                    expected="an optimizer of fb.optim",
                    got=type(optimizer).__name__,
                )
            )
        self.optimizer = optimizer
        groups = optimizer.param_groups
        if last_epoch >= 0:
            for number, group in enumerate(groups):
                if "initial_lr" not in group:
                    raise KeyError(
                        message(
                            f"{name}: group {number} has no 'initial_lr'",
                            expected="'initial_lr' in every group, to go on after last_epoch",
                            got=f"last_epoch {last_epoch}",
                            help="load the optimizer's state first",
                        )
                    )
        # Saved optimizers remember their first rates; one that had no scheduler yet was loaded.
        loaded = all("initial_lr" in g for g in groups) and not getattr(
            optimizer, "_has_scheduler", False
        )
        optimizer._has_scheduler = True  # type: ignore[attr-defined]
        self.base_lrs = [float(g.setdefault("initial_lr", _number(g["lr"]))) for g in groups]
        self.last_epoch = last_epoch
        self._last_lr = [_number(g["lr"]) for g in groups]
        self._keep = loaded and last_epoch < 0
        self._initial_step()

    def _initial_step(self) -> None:
        self._step_count = 0
        if self._keep:
            self._keep = False
            self.last_epoch += 1
            self._step_count += 1
        else:
            self.step()

    # --- what a kind of scheduler says --------------------------------------------------------

    def value_at(self, epoch: Any, base_lr: float, group: int = 0) -> float:
        """The rate of a group at an epoch: a pure function.

        Args:
            epoch: at least 0.
            base_lr: the group's first rate.
            group: the group's number.
        """
        raise RuntimeError(
            message(
                f"{type(self).__name__}: the scheduler is incomplete",
                expected="a method value_at() or get_lr() in the subclass",
                got="neither",
            )
        )

    def carried(self, lr: float, base_lr: float, group: int) -> float:
        """The rate that follows one which somebody else has changed.

        Args:
            lr: the rate now.
            base_lr: the group's first rate.
            group: the group's number.
        """
        return self.value_at(self.last_epoch, base_lr, group)

    # --- PyTorch's face -----------------------------------------------------------------------

    def get_lr(self) -> list[float]:
        """The rates of all groups at ``last_epoch``."""
        return [
            self._next(i, _number(group["lr"]))
            for i, group in enumerate(self.optimizer.param_groups)
        ]

    def _next(self, number: int, lr: float) -> float:
        base = self.base_lrs[number]
        if self.last_epoch > 0:
            before = self.value_at(self.last_epoch - 1, base, number)
            if math.isclose(lr, before, rel_tol=1e-9, abs_tol=1e-12 * abs(base)):
                return self.value_at(self.last_epoch, base, number)
        return self.carried(lr, base, number)

    def _get_closed_form_lr(self) -> list[float]:
        return [self.value_at(self.last_epoch, base, i) for i, base in enumerate(self.base_lrs)]

    def get_last_lr(self) -> list[float]:
        """The rates that were set last."""
        return self._last_lr

    def step(self, epoch: int | None = None) -> None:
        """Go on to the next epoch, and set its rates.

        Args:
            epoch: the epoch to go to; better left out, as in PyTorch.
        """
        self._step_count += 1
        if epoch is not None:
            warnings.warn(
                f"{type(self).__name__}.step: epoch is deprecated; call step() once per epoch",
                stacklevel=2,
            )
        self._update_lr(epoch)

    def _update_lr(self, epoch: int | None = None) -> None:
        self._notice_groups()
        if epoch is None:
            self.last_epoch += 1
            values = self.get_lr()
        else:
            self.last_epoch = epoch
            values = self._get_closed_form_lr()
        self._set(values)

    def _notice_groups(self) -> None:
        """Take in groups that were added since: they get the rate that their own leads to now."""
        groups = self.optimizer.param_groups
        for number in range(len(self.base_lrs), len(groups)):
            rate = _number(groups[number]["lr"])
            self.base_lrs.append(float(groups[number].setdefault("initial_lr", rate)))
            set_option(groups[number], "lr", self.value_at(self.last_epoch, rate, number))

    def _set(self, values: list[float]) -> None:
        for group, lr in zip(self.optimizer.param_groups, values):
            set_option(group, "lr", lr)
        self._last_lr = [_number(g["lr"]) for g in self.optimizer.param_groups]

    def schedule(self, group: int = 0) -> Callable[[Any], Any]:
        """The rates of a group as a pure function of the epoch, for transformations.

        Example:
            >>> import flambeau as fb
            >>> optimizer = fb.optim.SGD([fb.ones(1, requires_grad=True)], lr=0.5)
            >>> scheduler = fb.optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.5)
            >>> [scheduler.schedule()(epoch) for epoch in range(5)]
            [0.5, 0.5, 0.25, 0.25, 0.125]
        """
        base = self.base_lrs[group]
        return lambda epoch: self.value_at(epoch, base, group)

    # --- saving and loading -------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimizer."""
        hidden = ("optimizer", "_keep")
        return {k: v for k, v in self.__dict__.items() if k not in hidden}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what :meth:`state_dict` gave, and set its rates."""
        self.__dict__.update({k: v for k, v in state_dict.items() if k != "optimizer"})
        self._set_loaded()

    def _set_loaded(self) -> None:
        for group, lr in zip(self.optimizer.param_groups, self._last_lr):
            set_option(group, "lr", _number(lr))


class Multiplying(LRScheduler):
    """A scheduler whose rates are multiples of the first ones, so that several can be combined."""

    def multiple(self, epoch: Any) -> float:
        """The rate at an epoch as a multiple of the first one."""
        raise RuntimeError(
            message(
                f"{type(self).__name__}: the scheduler is incomplete",
                expected="a method multiple() in the subclass",
                got="none",
            )
        )

    def value_at(self, epoch: Any, base_lr: float, group: int = 0) -> float:
        """The rate of a group at an epoch: a pure function."""
        return base_lr * self.multiple(epoch)

    def carried(self, lr: float, base_lr: float, group: int) -> float:
        """The rate that follows one which somebody else has changed."""
        before = self.multiple(self.last_epoch - 1) if self.last_epoch > 0 else 1.0
        return lr * (self.multiple(self.last_epoch) / before) if before else lr


def _number(lr: Any) -> float:
    return lr.item() if isinstance(lr, Tensor) else lr


def set_option(group: dict[str, Any], name: str, value: Any) -> None:
    """Set a number of a group; a tensor keeps its place and changes its content."""
    if isinstance(group[name], Tensor):
        group[name].fill_(value)
    else:
        group[name] = value


def for_each_group(name: str, option: str, value: Any, optimizer: Optimizer) -> list[Any]:
    """One value for each group.

    Raises:
        ValueError: if a list of another length is given.
    """
    count = len(optimizer.param_groups)
    if not isinstance(value, (list, tuple)):
        return [value] * count
    if len(value) != count:
        raise ValueError(
            message(
                f"{name}: {option} does not fit the groups",
                expected=f"one value, or {count} of them",
                got=f"{len(value)} values",
            )
        )
    return list(value)
