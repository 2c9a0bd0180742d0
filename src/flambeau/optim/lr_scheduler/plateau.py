"""A scheduler that looks at a measured value."""

from __future__ import annotations

import math
from typing import Any

from flambeau.optim.checks import require
from flambeau.optim.lr_scheduler.scheduler import LRScheduler, for_each_group, set_option
from flambeau.optim.optimizer import Optimizer
from flambeau.tensor.tensor import Tensor


class ReduceLROnPlateau(LRScheduler):
    """Multiplies the rates by a factor when a measured value has stopped getting better.

    Args:
        optimizer: the optimizer.
        mode: ``"min"`` if the value should fall, ``"max"`` if it should rise.
        factor: by which rates are multiplied, below 1.
        patience: epochs without getting better that are allowed.
        threshold: how much better counts.
        threshold_mode: ``"rel"`` for a fraction of the best value, ``"abs"`` for a difference.
        cooldown: epochs after a reduction in which nothing is counted.
        min_lr: the smallest rate: one, or one for each group.
        eps: a reduction by less than this is not made.

    Raises:
        ValueError: for a factor of 1 or more, or an unknown mode.

    Example:
        >>> import flambeau as fb
        >>> optimizer = fb.optim.SGD([fb.ones(1, requires_grad=True)], lr=1.0)
        >>> scheduler = fb.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=1)
        >>> for loss in (3.0, 3.0, 3.0):
        ...     scheduler.step(loss)
        >>> scheduler.get_last_lr()
        [0.1]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float | list[float] = 0,
        eps: float = 1e-8,
    ) -> None:
        name = "ReduceLROnPlateau"
        require(factor < 1, f"{name}: invalid factor", "factor below 1", factor)
        require(mode in ("min", "max"), f"{name}: unknown mode", "'min' or 'max'", repr(mode))
        require(
            threshold_mode in ("rel", "abs"),
            f"{name}: unknown threshold_mode",
            "'rel' or 'abs'",
            repr(threshold_mode),
        )
        require(
            isinstance(optimizer, Optimizer),
            f"{name}: not an optimizer",
            "an optimizer of fb.optim",
            type(optimizer).__name__,
        )
        self.optimizer = optimizer
        self.factor = factor
        self.default_min_lr = min_lr[-1] if isinstance(min_lr, (list, tuple)) else min_lr
        self.min_lrs = for_each_group(name, "min_lr", min_lr, optimizer)
        self.patience = patience
        self.cooldown = cooldown
        self.eps = eps
        self.mode = mode
        self.threshold = threshold
        self.threshold_mode = threshold_mode
        self.last_epoch = 0
        self._last_lr = [_as_number(g["lr"]) for g in optimizer.param_groups]
        self._reset()

    def _reset(self) -> None:
        self.best = math.inf if self.mode == "min" else -math.inf
        self.cooldown_counter = 0
        self.num_bad_epochs = 0

    @property
    def in_cooldown(self) -> bool:
        """Whether epochs are not counted now."""
        return self.cooldown_counter > 0

    def is_better(self, a: float, best: float) -> bool:
        """Whether a value is better than the best one by more than the threshold."""
        if self.threshold_mode == "rel":
            sign = -1 if self.mode == "min" else 1
            limit = best * (1 + sign * self.threshold)
        else:
            limit = best - self.threshold if self.mode == "min" else best + self.threshold
        return a < limit if self.mode == "min" else a > limit

    def step(self, metrics: Any, epoch: int | None = None) -> None:  # type: ignore[override]
        """Take notice of a measured value.

        Args:
            metrics: the value: a number or a 0-d tensor.
            epoch: its epoch; better left out, as in PyTorch.
        """
        current = float(metrics)
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        if self.is_better(current, self.best):
            self.best = current
            self.num_bad_epochs = 0
        else:
            self.num_bad_epochs += 1
        if self.in_cooldown:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self._reduce_lr()
            self.cooldown_counter = self.cooldown
            self.num_bad_epochs = 0
        self._last_lr = [_as_number(g["lr"]) for g in self.optimizer.param_groups]

    def _reduce_lr(self) -> None:
        groups = self.optimizer.param_groups
        self.min_lrs += [self.default_min_lr] * (len(groups) - len(self.min_lrs))
        for group, least in zip(groups, self.min_lrs):
            old = _as_number(group["lr"])
            new = max(old * self.factor, least)
            if old - new > self.eps:
                set_option(group, "lr", new)


def _as_number(lr: Any) -> float:
    return lr.item() if isinstance(lr, Tensor) else lr
