"""Rules for losses with a reduction: unreduced for the batch, then reduced in each example."""

from __future__ import annotations

from typing import Any

from flambeau.func.batching.held import reshaped
from flambeau.func.level import Held
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import REGISTRY, Operation

NAMES = (
    "mse_loss", "huber_loss", "smooth_l1_loss", "binary_cross_entropy",
    "binary_cross_entropy_with_logits", "weighted_binary_cross_entropy_with_logits",
    "soft_margin_loss",
)  # fmt: skip


def _loss(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    reduction, *rest = params
    ndim = max(x.ndim for x in operands if isinstance(x, Held))
    inputs = tuple([x.full(ndim) if isinstance(x, Held) else x for x in operands])
    losses = apply(op, inputs, ("none", *rest))
    if reduction == "none":
        return losses
    size = next(x for x in operands if isinstance(x, Held)).level.size
    count = losses._array.size // size if size else 0
    rows = reshaped(losses, (size, count))
    return apply(REGISTRY[reduction], (rows,), ((1,), False, None))


RULES: dict[str, Any] = dict.fromkeys(NAMES, _loss)
