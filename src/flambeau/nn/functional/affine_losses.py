"""The cross entropy of an affine map's results."""

from __future__ import annotations

from typing import Any

from flambeau.core.errors import message
from flambeau.nn.functional.losses import cross_entropy
from flambeau.ops.linear import linear
from flambeau.ops.view_record import require_tensor
from flambeau.tensor.tensor import Tensor


def linear_cross_entropy(
    input: Tensor,
    linear_weight: Tensor,
    target: Tensor,
    *,
    linear_bias: Tensor | None = None,
    weight: Tensor | None = None,
    reduction: str = "mean",
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    options: Any = None,
) -> Tensor:
    """The cross entropy between an affine map's results, as logits, and a target.

    :math:`out = cross\\_entropy(input · W^T + b, target)`

    Args:
        input: features.
        linear_weight: the map's matrix; with further dimensions one matrix for each place.
        target: classes, or their probabilities.
        linear_bias: what the map adds.
        weight: what each class counts.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
        ignore_index: a class that is left out.
        label_smoothing: how much of the target is spread over all classes.
        options: PyTorch's ways to save memory, which change no result.

    Shape: (in,) or (n, in), (classes, ..., in) -> (), or the target's without a reduction.

    Raises:
        RuntimeError: if shapes do not fit.

    Example:
        >>> import flambeau as fb
        >>> f = fb.nn.functional.linear_cross_entropy
        >>> f(fb.ones(1, 2), fb.zeros(3, 2), fb.tensor([0]))
        tensor(1.0986)
    """
    shape = tuple(require_tensor("linear_cross_entropy", linear_weight).shape)
    array = require_tensor("linear_cross_entropy", input)
    if not shape or array.ndim not in (1, 2) or array.shape[-1] != shape[-1]:
        raise RuntimeError(
            message(
                "linear_cross_entropy: the sizes do not fit",
                expected="input (in,) or (n, in), and linear_weight (classes, ..., in)",
                got=f"{tuple(array.shape)} and {shape}",
            )
        )
    if len(shape) > 2 and array.ndim != 2:
        raise RuntimeError(
            message(
                "linear_cross_entropy: one map for each place needs a batch",
                expected="input (n, in)",
                got=str(tuple(array.shape)),
            )
        )
    rows: Any = linear_weight.reshape(-1, shape[-1])  # type: ignore[attr-defined]
    bias: Any = None if linear_bias is None else linear_bias.reshape(-1)  # type: ignore[attr-defined]
    logits: Any = linear(input, rows, bias).reshape((*array.shape[:-1], *shape[:-1]))
    return cross_entropy(
        logits,
        target,
        weight=weight,
        reduction=reduction,
        label_smoothing=label_smoothing,
        ignore_index=-100 if ignore_index is None else ignore_index,
    )
