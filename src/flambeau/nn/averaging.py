"""A second copy of a model that holds an average of its weights."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any

from flambeau.autograd.modes import no_grad
from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.nn.batch_norm import _BatchNorm
from flambeau.nn.module import Module
from flambeau.ops.creation import zeros
from flambeau.tensor.tensor import Tensor

Average = Callable[[Tensor, Tensor, Any], Tensor]
MultiAverage = Callable[[list[Tensor], list[Tensor], Any], None]


def get_swa_avg_fn() -> Average:
    r"""The mean of all that came, one tensor at a time.

    .. math:: \bar θ + (θ - \bar θ) / (n + 1)

    Example:
        >>> import flambeau as fb
        >>> average = fb.optim.swa_utils.get_swa_avg_fn()
        >>> average(fb.tensor([1.]), fb.tensor([4.]), 2)
        tensor([2.])
    """

    def average(averaged: Tensor, current: Tensor, count: Any) -> Tensor:
        return averaged + (current - averaged) / (count + 1)

    return average


def get_ema_avg_fn(decay: float = 0.999) -> Average:
    r"""The exponential moving average, one tensor at a time.

    .. math:: β \bar θ + (1 - β) θ

    Args:
        decay: β, in [0, 1].

    Raises:
        ValueError: for a decay rate outside [0, 1].

    Example:
        >>> import flambeau as fb
        >>> fb.optim.swa_utils.get_ema_avg_fn(0.75)(fb.tensor([0.]), fb.tensor([4.]), 1)
        tensor([1.])
    """
    _check_decay("get_ema_avg_fn", decay)

    def average(averaged: Tensor, current: Tensor, count: Any) -> Tensor:
        return averaged * decay + current * (1 - decay)

    return average


def get_swa_multi_avg_fn() -> MultiAverage:
    """The mean of all that came, in place, for lists of tensors; see :func:`get_swa_avg_fn`."""

    def average(averaged: list[Tensor], current: list[Tensor], count: Any) -> None:
        share = 1 / (int(count) + 1)
        for mean, x in zip(averaged, current, strict=True):
            _move(mean, x, share)

    return average


def get_ema_multi_avg_fn(decay: float = 0.999) -> MultiAverage:
    """The exponential moving average, in place, for lists of tensors; see :func:`get_ema_avg_fn`.

    Args:
        decay: in [0, 1].

    Raises:
        ValueError: for a decay rate outside [0, 1].
    """
    _check_decay("get_ema_multi_avg_fn", decay)

    def average(averaged: list[Tensor], current: list[Tensor], count: Any) -> None:
        for mean, x in zip(averaged, current, strict=True):
            _move(mean, x, 1 - decay)

    return average


def _move(mean: Tensor, x: Tensor, share: float) -> None:
    with no_grad():
        mean.lerp_(x.to(mean.dtype), share)


def _check_decay(name: str, decay: float) -> None:
    if not 0 <= decay <= 1:
        raise ValueError(
            message(f"{name}: invalid decay", expected="decay in [0, 1]", got=str(decay))
        )


class AveragedModel(Module):
    r"""A model whose weights are an average of another model's weights over time.

    .. math:: \bar θ ← θ \text{ at first, then } \bar θ ← \bar θ + (θ - \bar θ) / (n + 1)

    Args:
        model: the model; it is copied.
        device: the CPU.
        avg_fn: ``(averaged, current, count)`` to the new average of one tensor.
        multi_avg_fn: ``(averaged, current, count)`` for lists of tensors of one type, in place.
        use_buffers: average floating-point buffers too; otherwise all buffers are copied.

    Attributes:
        module: the copy.
        n_averaged: how many times :meth:`update_parameters` was called.

    Raises:
        AssertionError: if both functions are given.

    Example:
        >>> import flambeau as fb
        >>> model = fb.nn.Linear(1, 1, bias=False)
        >>> averaged = fb.optim.swa_utils.AveragedModel(model)
        >>> for value in (1.0, 3.0):
        ...     _ = model.weight.data.fill_(value)
        ...     averaged.update_parameters(model)
        >>> averaged(fb.ones(1)).item()
        2.0

    Reference: Izmailov et al., "Averaging weights leads to wider optima and better
    generalization", UAI 2018; Polyak and Juditsky, "Acceleration of stochastic approximation by
    averaging", 1992.
    Differs from PyTorch: buffers of integers (counters) are copied, never averaged; a model with
    other parameters than the copy is an error.
    """

    n_averaged: Tensor

    def __init__(
        self,
        model: Module,
        device: Any = None,
        avg_fn: Average | None = None,
        multi_avg_fn: MultiAverage | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError(
                message(
                    "AveragedModel: two functions that average",
                    expected="avg_fn or multi_avg_fn",
                    got="both",
                )
            )
        self.module = deepcopy(model)
        if device is not None:
            self.module = self.module.to(device)
        self.register_buffer("n_averaged", zeros((), dtype=dtypes.int64))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the averaged model gives."""
        return self.module(*args, **kwargs)

    def update_parameters(self, model: Module) -> None:
        """Let the model's present weights count in the average.

        Args:
            model: the model that is trained.

        Raises:
            ValueError: if its parameters or buffers are not like the copy's; nothing has changed
                then.
        """
        averaged, copied = [], []
        for kind in ("parameters", "buffers"):
            pairs = _paired(kind, getattr(self.module, kind)(), getattr(model, kind)())
            for mean, x in pairs:
                exact = mean.is_floating_point() or mean.is_complex()
                counts = exact and (kind == "parameters" or self.use_buffers)
                (averaged if counts else copied).append((mean.detach(), x.detach()))
        if self.n_averaged.item() == 0:
            averaged, copied = [], averaged + copied
        with no_grad():
            self._average(averaged)
            for mean, x in copied:
                mean.copy_(x)
            self.n_averaged += 1

    def _average(self, pairs: list[tuple[Tensor, Tensor]]) -> None:
        if self.avg_fn is not None:
            for mean, x in pairs:
                mean.copy_(self.avg_fn(mean, x, self.n_averaged))
            return
        by_type: dict[Any, tuple[list[Tensor], list[Tensor]]] = {}
        for mean, x in pairs:
            means, values = by_type.setdefault(mean.dtype, ([], []))
            means.append(mean)
            values.append(x)
        function = self.multi_avg_fn or get_swa_multi_avg_fn()
        for means, values in by_type.values():
            function(means, values, self.n_averaged)


def _paired(
    kind: str, averaged: Iterable[Tensor], current: Iterable[Tensor]
) -> list[tuple[Tensor, Tensor]]:
    ours, theirs = list(averaged), list(current)
    shapes, others = ([tuple(x.shape) for x in tensors] for tensors in (ours, theirs))
    if shapes != others:
        raise ValueError(
            message(
                f"AveragedModel: the model has other {kind} than its copy",
                expected=f"shapes {shapes}",
                got=f"shapes {others}",
            )
        )
    return list(zip(ours, theirs, strict=True))


def update_bn(loader: Iterable[Any], model: Module, device: Any = None) -> None:
    """Compute the running statistics of a model's batch normalization layers anew.

    The statistics that came with averaged weights belong to other weights. They become the mean
    over all batches of the loader.

    Args:
        loader: batches: tensors, or lists and tuples of which the first element is the input.
        model: the model; its mode stays what it is.
        device: the CPU.
    """
    layers = [module for module in model.modules() if isinstance(module, _BatchNorm)]
    momenta = {layer: layer.momentum for layer in layers}
    if not momenta:
        return
    training = model.training
    for module in momenta:
        module.reset_running_stats()
        module.momentum = None
    model.train()
    try:
        with no_grad():
            for batch in loader:
                x = batch[0] if isinstance(batch, (list, tuple)) else batch
                model(x if device is None else x.to(device))
    finally:
        for module, momentum in momenta.items():
            module.momentum = momentum
        model.train(training)
