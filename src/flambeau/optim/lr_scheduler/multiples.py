"""Schedulers whose rates are multiples of the first ones."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable
from types import FunctionType
from typing import Any

from flambeau.core.errors import message
from flambeau.optim.checks import in_range, require
from flambeau.optim.lr_scheduler.scheduler import LRScheduler, Multiplying
from flambeau.optim.optimizer import Optimizer


class _Lambdas(LRScheduler):
    """Schedulers with a function for each group.

    Args:
        optimizer: the optimizer.
        lr_lambda: a function of the epoch, or a list of one for each group.
        last_epoch: the epoch to go on after; -1 for the beginning.
    """

    def __init__(self, optimizer: Optimizer, lr_lambda: Any, last_epoch: int = -1) -> None:
        self.one_for_all = not isinstance(lr_lambda, (list, tuple))
        self.lr_lambdas = [lr_lambda] if self.one_for_all else list(lr_lambda)
        if not self.one_for_all:
            require(
                len(self.lr_lambdas) == len(optimizer.param_groups),
                f"{type(self).__name__}: lr_lambda does not fit the groups",
                f"one function, or {len(optimizer.param_groups)} of them",
                f"{len(self.lr_lambdas)} functions",
            )
        super().__init__(optimizer, last_epoch)

    def factor(self, epoch: Any, group: int) -> float:
        """The value of a group's function.

        Raises:
            ValueError: if a group was added that has none.
        """
        if self.one_for_all:
            return self.lr_lambdas[0](epoch)
        if group >= len(self.lr_lambdas):
            raise ValueError(
                message(
                    f"{type(self).__name__}: no function for group {group}",
                    expected="one function for each group",
                    got=f"{len(self.lr_lambdas)} functions",
                    help="append one to lr_lambdas, or give a single function for all",
                )
            )
        return self.lr_lambdas[group](epoch)

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimizer, and of the functions only the state of objects."""
        state = super().state_dict()
        state.pop("one_for_all")
        state["lr_lambdas"] = [
            None if isinstance(f, FunctionType) else dict(f.__dict__) for f in self._shown()
        ]
        return state

    def _shown(self) -> list[Callable[[Any], float]]:
        return self.lr_lambdas * len(self.base_lrs) if self.one_for_all else self.lr_lambdas

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what :meth:`state_dict` gave, and set its rates."""
        given = dict(state_dict)
        for function, state in zip(self._shown(), given.pop("lr_lambdas")):
            if state is not None:
                function.__dict__.update(state)
        super().load_state_dict(given)


class LambdaLR(_Lambdas):
    r"""The first rate times a function of the epoch.

    .. math:: γ_t = γ_0 f(t)

    Args:
        optimizer: the optimizer.
        lr_lambda: :math:`f`, or a list of one for each group.
        last_epoch: the epoch to go on after; -1 for the beginning.

    Example:
        >>> import flambeau as fb
        >>> optimizer = fb.optim.SGD([fb.ones(1, requires_grad=True)], lr=1.0)
        >>> scheduler = fb.optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: 0.5**epoch)
        >>> scheduler.step()
        >>> scheduler.get_last_lr()
        [0.5]
    """

    def value_at(self, epoch: Any, base_lr: float, group: int = 0) -> float:
        """The rate of a group at an epoch: a pure function."""
        return base_lr * self.factor(epoch, group)


class MultiplicativeLR(_Lambdas):
    r"""The rate before times a function of the epoch.

    .. math:: γ_t = γ_{t-1} f(t) = γ_0 \prod_{i=1}^t f(i)

    Args:
        optimizer: the optimizer.
        lr_lambda: :math:`f`, or a list of one for each group.
        last_epoch: the epoch to go on after; -1 for the beginning.

    Example:
        >>> import flambeau as fb
        >>> optimizer = fb.optim.SGD([fb.ones(1, requires_grad=True)], lr=1.0)
        >>> scheduler = fb.optim.lr_scheduler.MultiplicativeLR(optimizer, lambda epoch: 0.5)
        >>> scheduler.step()
        >>> scheduler.get_last_lr()
        [0.5]
    """

    def value_at(self, epoch: Any, base_lr: float, group: int = 0) -> float:
        """The rate of a group at an epoch: a pure function, as long as the functions are."""
        rate = base_lr
        for each in range(1, int(epoch) + 1):
            rate = rate * self.factor(each, group)
        return rate

    def _next(self, number: int, lr: float) -> float:
        return lr * self.factor(self.last_epoch, number) if self.last_epoch > 0 else lr


class StepLR(Multiplying):
    r"""A factor every few epochs.

    .. math:: γ_t = γ_0\, q^{⌊t/s⌋}

    Args:
        optimizer: the optimizer.
        step_size: :math:`s`, in epochs, above 0.
        gamma: :math:`q`.
        last_epoch: the epoch to go on after; -1 for the beginning.

    Example:
        >>> import flambeau as fb
        >>> optimizer = fb.optim.SGD([fb.ones(1, requires_grad=True)], lr=1.0)
        >>> scheduler = fb.optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.5)
        >>> for _ in range(4):
        ...     scheduler.step()
        >>> scheduler.get_last_lr()
        [0.25]
    """

    def __init__(
        self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        in_range("StepLR", "step_size", step_size, 0, open_low=True)
        self.step_size = step_size
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def multiple(self, epoch: Any) -> float:
        """The rate at an epoch as a multiple of the first one."""
        return self.gamma ** (epoch // self.step_size)


class MultiStepLR(Multiplying):
    r"""A factor at each of some epochs.

    .. math:: γ_t = γ_0\, q^{|\{i: m_i ≤ t\}|}

    Args:
        optimizer: the optimizer.
        milestones: the epochs :math:`m_i`; one that stands twice counts twice.
        gamma: :math:`q`.
        last_epoch: the epoch to go on after; -1 for the beginning.

    Example:
        >>> import flambeau as fb
        >>> optimizer = fb.optim.SGD([fb.ones(1, requires_grad=True)], lr=1.0)
        >>> scheduler = fb.optim.lr_scheduler.MultiStepLR(optimizer, [1, 3], gamma=0.5)
        >>> scheduler.step()
        >>> scheduler.get_last_lr()
        [0.5]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        milestones: Iterable[int],
        gamma: float = 0.1,
        last_epoch: int = -1,
    ) -> None:
        self.milestones = Counter(milestones)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def multiple(self, epoch: Any) -> float:
        """The rate at an epoch as a multiple of the first one."""
        return self.gamma ** bisect_right(sorted(self.milestones.elements()), epoch)


class ConstantLR(Multiplying):
    r"""A factor for the first epochs.

    .. math:: γ_t = γ_0 f \text{ for } t < T, \quad γ_0 \text{ from then on}

    Args:
        optimizer: the optimizer.
        factor: :math:`f`, in [0, 1].
        total_iters: :math:`T`, in epochs.
        last_epoch: the epoch to go on after; -1 for the beginning.

    Example:
        >>> import flambeau as fb
        >>> optimizer = fb.optim.SGD([fb.ones(1, requires_grad=True)], lr=1.0)
        >>> scheduler = fb.optim.lr_scheduler.ConstantLR(optimizer, factor=0.5, total_iters=2)
        >>> scheduler.get_last_lr()
        [0.5]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        factor: float = 1.0 / 3,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        require(0 <= factor <= 1, "ConstantLR: invalid factor", "factor in [0, 1]", factor)
        self.factor = factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def multiple(self, epoch: Any) -> float:
        """The rate at an epoch as a multiple of the first one."""
        return self.factor if epoch < self.total_iters else 1.0


class LinearLR(Multiplying):
    r"""A factor that changes along a line.

    .. math:: γ_t = γ_0 \left(a + (b - a) \min(t, T)/T\right)

    Args:
        optimizer: the optimizer.
        start_factor: :math:`a`, in (0, 1].
        end_factor: :math:`b`, in [0, 1].
        total_iters: :math:`T`, in epochs.
        last_epoch: the epoch to go on after; -1 for the beginning.

    Example:
        >>> import flambeau as fb
        >>> optimizer = fb.optim.SGD([fb.ones(1, requires_grad=True)], lr=1.0)
        >>> scheduler = fb.optim.lr_scheduler.LinearLR(optimizer, 0.5, total_iters=4)
        >>> scheduler.step()
        >>> scheduler.get_last_lr()
        [0.625]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1.0 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        require(
            0 < start_factor <= 1,
            "LinearLR: invalid start_factor",
            "start_factor in (0, 1]",
            start_factor,
        )
        require(
            0 <= end_factor <= 1, "LinearLR: invalid end_factor", "end_factor in [0, 1]", end_factor
        )
        self.start_factor = start_factor
        self.end_factor = end_factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def multiple(self, epoch: Any) -> float:
        """The rate at an epoch as a multiple of the first one."""
        if epoch >= self.total_iters:
            return self.end_factor
        change = self.end_factor - self.start_factor
        return self.start_factor + change * epoch / self.total_iters


class ExponentialLR(Multiplying):
    r"""A factor every epoch.

    .. math:: γ_t = γ_0\, q^t

    Args:
        optimizer: the optimizer.
        gamma: :math:`q`.
        last_epoch: the epoch to go on after; -1 for the beginning.

    Example:
        >>> import flambeau as fb
        >>> optimizer = fb.optim.SGD([fb.ones(1, requires_grad=True)], lr=1.0)
        >>> scheduler = fb.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.5)
        >>> scheduler.step()
        >>> scheduler.get_last_lr()
        [0.5]
    """

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def multiple(self, epoch: Any) -> float:
        """The rate at an epoch as a multiple of the first one."""
        return self.gamma**epoch

    def carried(self, lr: float, base_lr: float, group: int) -> float:
        """The rate that follows one which somebody else has changed."""
        return lr * self.gamma if self.last_epoch > 0 else lr


class PolynomialLR(Multiplying):
    r"""A power of the remaining time.

    .. math:: γ_t = γ_0 \left(1 - \min(t, T)/T\right)^p

    Args:
        optimizer: the optimizer.
        total_iters: :math:`T`, in epochs.
        power: :math:`p`.
        last_epoch: the epoch to go on after; -1 for the beginning.

    Example:
        >>> import flambeau as fb
        >>> optimizer = fb.optim.SGD([fb.ones(1, requires_grad=True)], lr=1.0)
        >>> scheduler = fb.optim.lr_scheduler.PolynomialLR(optimizer, total_iters=4, power=2)
        >>> scheduler.step()
        >>> scheduler.get_last_lr()
        [0.5625]
    """

    def __init__(
        self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1
    ) -> None:
        self.total_iters = total_iters
        self.power = power
        super().__init__(optimizer, last_epoch)

    def multiple(self, epoch: Any) -> float:
        """The rate at an epoch as a multiple of the first one."""
        return (1.0 - min(self.total_iters, epoch) / self.total_iters) ** self.power
