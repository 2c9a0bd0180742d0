"""The rate for averaging weights: from what it is to a constant."""

from __future__ import annotations

import math
from typing import Any

from flambeau.optim.checks import require
from flambeau.optim.lr_scheduler.scheduler import LRScheduler, for_each_group
from flambeau.optim.optimizer import Optimizer

STRATEGIES = {"cos": lambda t: (1 - math.cos(math.pi * t)) / 2, "linear": lambda t: t}


class SWALR(LRScheduler):
    r"""From the rate at the beginning to a constant one, at which weights are averaged.

    .. math:: γ_t = α γ_{swa} + (1 - α) γ_0, \quad α = \tfrac12 (1 - \cos π s) \text{ or } s,
        \quad s = \min(1, t / T)

    Args:
        optimizer: the optimizer.
        swa_lr: :math:`γ_{swa}`, or one for each group.
        anneal_epochs: :math:`T`, at least 0.
        anneal_strategy: ``"cos"`` or ``"linear"``.
        last_epoch: the epoch to go on after; -1 for the beginning.

    Raises:
        ValueError: for an unknown strategy, negative epochs, or a list that does not fit the
            groups.

    Example:
        >>> import flambeau as fb
        >>> optimizer = fb.optim.SGD([fb.ones(1, requires_grad=True)], lr=1.0)
        >>> scheduler = fb.optim.swa_utils.SWALR(optimizer, 0.5, 2, "linear")
        >>> for _ in range(3):
        ...     scheduler.step()
        ...     print(scheduler.get_last_lr())
        [0.75]
        [0.5]
        [0.5]

    Reference: Izmailov et al., "Averaging weights leads to wider optima and better
    generalization", UAI 2018.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: Any,
        anneal_epochs: int = 10,
        anneal_strategy: str = "cos",
        last_epoch: int = -1,
    ) -> None:
        require(
            anneal_strategy in STRATEGIES,
            "SWALR: unknown anneal_strategy",
            " or ".join(map(repr, STRATEGIES)),
            repr(anneal_strategy),
        )
        require(
            isinstance(anneal_epochs, int) and anneal_epochs >= 0,
            "SWALR: invalid anneal_epochs",
            "a whole number, at least 0",
            repr(anneal_epochs),
        )
        rates = for_each_group("SWALR", "swa_lr", swa_lr, optimizer)
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["swa_lr"] = rate
        self.anneal_epochs = anneal_epochs
        self._anneal_strategy = anneal_strategy
        super().__init__(optimizer, last_epoch)

    def share(self, epoch: Any) -> float:
        """The share of the last rate at an epoch, from 0 to 1."""
        if self.anneal_epochs == 0:
            return 1.0
        return STRATEGIES[self._anneal_strategy](max(0, min(1, epoch / self.anneal_epochs)))

    def value_at(self, epoch: Any, base_lr: float, group: int = 0) -> float:
        """The rate of a group at an epoch: a pure function."""
        share = self.share(epoch)
        return self._last(group) * share + base_lr * (1 - share)

    def carried(self, lr: float, base_lr: float, group: int) -> float:
        """The rate that follows one which somebody else has changed."""
        last, before = self._last(group), self.share(max(self.last_epoch - 1, 0))
        if self.anneal_epochs == 0 or before == 1:
            return last
        return self.value_at(self.last_epoch, (lr - before * last) / (1 - before), group)

    def _last(self, group: int) -> float:
        groups = self.optimizer.param_groups
        return groups[group].get("swa_lr", groups[0]["swa_lr"])
