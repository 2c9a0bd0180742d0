"""What operations demand of values, which the operations that they are made of do not.

A check is an instruction ``guard`` of a truth value for each element: if any holds, the program
ends before it has changed anything, and the function's own operations raise their error.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from flambeau.compiler.record.program import Instruction
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor


def _nothing(wrong: np.ndarray) -> tuple[()]:
    return ()


GUARD = Operation(
    "guard",
    inputs="wrong",
    evaluate=_nothing,
    infer=lambda wrong: (),
    samples=lambda make: [make.sample(inputs=(make.booleans((3,)),))],
)


def wrong_values(instruction: Instruction, inputs: list[Any]) -> Tensor | None:
    """Which elements the operation of an instruction refuses; ``None`` if it refuses none.

    To be asked for operations in ``CHECKED``.

    Args:
        instruction: the operation.
        inputs: tensors in place of its values.
    """
    return _CHECKS[instruction.operation.name](*inputs, *instruction.params)


def _no_probability(x: Any) -> Any:
    return ~((x >= 0) & (x <= 1))


def _cross_entropy(input: Any, target: Any, weight: Any, reduction: str) -> Any:
    return _no_probability(input) | _no_probability(target)


def _zero_divisor(x: Any, y: Any, *params: Any) -> Any:
    """Integers have no infinity that a division by zero could give."""
    if not isinstance(y, Tensor) or any(_is_floating(z) for z in (x, y)):
        return None
    return y == 0


def _div_rounding(x: Any, y: Any, mode: str | None) -> Any:
    return None if mode is None else _zero_divisor(x, y)


def _is_floating(x: Any) -> bool:
    return x.is_floating_point() if isinstance(x, Tensor) else isinstance(x, float)


def _label(target: Any, least: int, classes: int) -> Any:
    return (target < least) | (target >= classes)


def _multilabel(input: Any, target: Any, *params: Any) -> Any:
    return _label(target, -1, input.shape[-1] if input.ndim else 1)


def _one_hot(index: Any, num_classes: int) -> Any:
    return _label(index, 0, num_classes)


def _multinomial(weights: Any, *params: Any) -> Any:
    """Weights are finite and not negative, and one of each row is positive."""
    inside = (weights >= 0) & (weights < math.inf)
    return ~inside | (weights.amax(-1, keepdim=True) <= 0)


def _deviation(std: Any) -> Any:
    return ~(std >= 0)


_CHECKS: dict[str, Callable[..., Any]] = {
    "binary_cross_entropy": _cross_entropy,
    "div_rounding": _div_rounding,
    "floor_divide": _zero_divisor,
    "fmod": _zero_divisor,
    "multilabel_margin_loss": _multilabel,
    "multinomial": _multinomial,
    "normal_both": lambda mean, std, generator: _deviation(std),
    "normal_spread": lambda std, mean, generator: _deviation(std),
    "one_hot": _one_hot,
    "remainder": _zero_divisor,
}


def _several(indices: Any, shape: Any, places: Any) -> Any:
    from flambeau.compiler.passes.places import wrong_indices

    return wrong_indices(shape, indices, places)


_CHECKS |= {
    "index": lambda x, *rest: _several(rest[:-1], x.shape, rest[-1]),
    "index_backward": lambda g, *rest: _several(rest[:-2], *rest[-2:]),
    "index_zero": lambda x, *rest: _several(rest[:-1], x.shape, rest[-1]),
    "index_put": lambda x, values, *rest: _several(rest[:-2], x.shape, rest[-2]),
}
CHECKED = frozenset(_CHECKS)
