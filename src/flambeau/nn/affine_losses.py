"""A loss with an affine map before it."""

from __future__ import annotations

from math import prod
from typing import Any

from flambeau.core.errors import message
from flambeau.nn import functional
from flambeau.nn.linear import Linear
from flambeau.nn.losses import WeightedLoss
from flambeau.tensor.tensor import Tensor


class LinearCrossEntropyLoss(WeightedLoss):
    """The cross entropy of an affine map's results:
    :func:`flambeau.nn.functional.linear_cross_entropy`.

    :math:`out = cross\\_entropy(input · W^T + b, target)`

    Args:
        in_features: the size of the input.
        num_classes: how many classes.
        out_features: further dimensions, for one map at each place.
        bias: whether the map adds something.
        device: the CPU.
        dtype: the type of the map.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
        weight: what each class counts.
        ignore_index: a class that is left out.
        label_smoothing: how much of the target is spread over all classes, from 0 to 1.
        options: PyTorch's ways to save memory, which change no result.

    Shape: (N, in_features), and (N), or (N, classes) for probabilities -> ().

    Raises:
        RuntimeError: for a weight of another shape, or ``label_smoothing`` out of range.

    Example:
        >>> import flambeau as fb
        >>> loss = fb.nn.LinearCrossEntropyLoss(2, 3)
        >>> loss(fb.zeros(1, 2), fb.tensor([0]))
        tensor(1.0986, grad_fn=<NllLossBackward0>)
    """

    def __init__(
        self,
        in_features: int,
        num_classes: int,
        *,
        out_features: tuple[int, ...] = (),
        bias: bool = False,
        device: Any = None,
        dtype: Any = None,
        reduction: str = "mean",
        weight: Tensor | None = None,
        ignore_index: int | None = None,
        label_smoothing: float = 0.0,
        options: Any = None,
    ) -> None:
        fits = weight is None or tuple(weight.shape) == (num_classes,)
        if not fits or not 0 <= label_smoothing <= 1:
            raise RuntimeError(
                message(
                    "LinearCrossEntropyLoss: wrong arguments",
                    expected=f"weight of shape {(num_classes,)}, label_smoothing from 0 to 1",
                    got=f"{None if weight is None else tuple(weight.shape)}, {label_smoothing}",
                )
            )
        super().__init__(weight=weight, reduction=reduction)
        self.num_classes, self.out_features = num_classes, tuple(out_features)
        self.ignore_index, self.label_smoothing = ignore_index, label_smoothing
        maps = num_classes * prod(self.out_features)
        self.linear = Linear(in_features, maps, bias=bias, device=device, dtype=dtype)
        self.options = options

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of some features and a target."""
        shape = (self.num_classes, *self.out_features)
        matrix: Any = self.linear.weight
        added: Any = self.linear.bias
        return functional.linear_cross_entropy(
            input,
            matrix.reshape((*shape, self.linear.in_features)),
            target,
            linear_bias=None if added is None else added.reshape(shape),
            weight=self.weight,
            reduction=self.reduction,
            ignore_index=self.ignore_index,
            label_smoothing=self.label_smoothing,
        )
