"""Keeping elements between bounds."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core.errors import message
from flambeau.core.native import LEAST
from flambeau.ops.elementwise import binary, elementwise
from flambeau.ops.elementwise_calls import UNUSUAL
from flambeau.ops.operands import (
    CONSTANTS32,
    CONSTANTS64,
    FLOAT32,
    FLOAT64,
    as_operand,
    not_a_tensor,
    refuse_complex,
)
from flambeau.ops.publish import public
from flambeau.ops.selection import finished, where
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply, apply_inplace
from flambeau.tensor.modes import INTERPRETED, MODE
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor

PLAIN = frozenset((int, float, type(None)))


def _clamp(x: Any, low: Any, high: Any) -> np.ndarray:
    if low is not None:
        x = np.maximum(low, x)
    return x if high is None else np.minimum(high, x)


def _within(x: Tensor, low: Any, high: Any) -> Tensor:
    """Where a clamp lets the gradient through: inside, and at the bounds themselves."""
    if high is None:
        return x >= low
    return x <= high if low is None else (x >= low) & (x <= high)


def _clamp_input(g: Tensor, input: Tensor, min: Any, max: Any) -> Tensor:
    return where(_within(input, min, max), g, 0)


def _clamp_min(g: Tensor, input: Tensor, min: Any, max: Any) -> Tensor:
    below = input < min
    return where(below if max is None else below & (min < max), g, 0)


def _clamp_max(g: Tensor, input: Tensor, min: Any, max: Any) -> Tensor:
    above = input > max
    return where(above if min is None else above | (max < min), g, 0)


def _clamp_scalar(s: Any, x: Any, low: Any, high: Any) -> Any:
    if low is not None:
        x = s.maximum(x, low)
    return x if high is None else s.minimum(x, high)


def _clamp_samples(numbers: bool) -> Any:
    def samples(make: Any) -> list[Any]:
        def bound(shape: tuple[int, ...], value: float) -> Any:
            return value if numbers else make.tensor(shape)

        return [
            make.sample(inputs=(make.tensor((2, 3)), bound((2, 3), -1.0), bound((3,), 1.0))),
            make.sample(inputs=(make.transposed((2, 3)), bound((2, 1), 0.5), None)),
            make.sample(inputs=(make.tensor(()), None, bound((), 0.5))),
            make.sample(inputs=(make.tensor((0,)), bound((1,), -1.0), bound((0,), 1.0))),
        ]

    return samples


def _clamp_record(name: str, node_name: str, numbers: bool) -> Operation:
    return elementwise(
        name,
        _clamp,
        inputs="input min max",
        check=refuse_complex,
        gradient={"input": _clamp_input, "min": _clamp_min, "max": _clamp_max},
        scalar=_clamp_scalar,
        samples=_clamp_samples(numbers),
        node_name=node_name,
    )


CLAMP = _clamp_record("clamp", "ClampBackward0", False)
CLAMP_NUMBERS = _clamp_record("clamp_scalar", "ClampBackward1", True)


def _clamp_bounds(name: str, min: Any, max: Any) -> tuple[Operation, Any, Any]:
    if min is None and max is None:
        raise RuntimeError(
            message(
                f"{name}: at least one bound is needed", expected="min, max or both", got="neither"
            )
        )
    bounds = [None if x is None else as_operand(name, x) for x in (min, max)]
    tensors = isinstance(bounds[0], Tensor) or isinstance(bounds[1], Tensor)
    return (CLAMP if tensors else CLAMP_NUMBERS), bounds[0], bounds[1]


def _clamp_of_floats(input: Tensor, low: float | None, high: float | None) -> Tensor | None:
    """The usual case: floats between numbers."""
    array = input._array
    kind = array.dtype
    constants = CONSTANTS32 if kind is FLOAT32 else CONSTANTS64 if kind is FLOAT64 else None
    if constants is None or low is high or array.size >= LEAST:
        return None
    if low is None:
        array = np.minimum(constants[high], array)
    elif high is None:
        array = np.maximum(constants[low], array)
    else:  # the method: np.clip costs as much again
        array = array.clip(constants[low], constants[high])
    return finished(CLAMP_NUMBERS, (input, low, high), array)


@public(method=True, aliases=("clip",))
def clamp(input: Tensor, min: Any = None, max: Any = None, *, out: Tensor | None = None) -> Tensor:
    """Keep elements between two bounds.

    :math:`out = \\min(\\max(input, min), max)`

    Where ``min`` is larger than ``max`` the result is ``max``; nan stays nan. The gradient is let
    through between the bounds and at them.

    Args:
        input: a tensor.
        min, max: the bounds, numbers or tensors; one of them may be left out.
        out: a tensor to write the result into.

    Shape: that of ``input``, or its broadcast with the bounds.

    Raises:
        RuntimeError: if no bound is given, or shapes do not broadcast.

    Example:
        >>> import flambeau as fb
        >>> fb.clamp(fb.tensor([-2., 0.5, 3.]), 0, 1)
        tensor([0.0000, 0.5000, 1.0000])
    """
    plain = min.__class__ in PLAIN and max.__class__ in PLAIN
    if plain and out is None and MODE.code < INTERPRETED:
        try:
            found = _clamp_of_floats(input, min, max)
            if found is not None:
                return found
        except UNUSUAL:
            pass
    if not isinstance(input, Tensor):
        raise not_a_tensor("clamp", input)
    op, low, high = _clamp_bounds("clamp", min, max)
    result = apply(op, (input, low, high))
    return result if out is None else write_out("clamp", out, result)


@public(method=True, aliases=("clip_",))
def clamp_(input: Tensor, min: Any = None, max: Any = None) -> Tensor:
    """In-place version of :func:`flambeau.clamp`; returns the tensor itself."""
    op, low, high = _clamp_bounds("clamp_", min, max)
    return apply_inplace(op, input, (low, high))


def _one_sided(what: str, function: Any, passes: Any, stops: Any, scalar: Any) -> None:
    """``clamp_min`` and ``clamp_max``, each a record for tensors and one for numbers."""

    def rule(g: Tensor, input: Tensor, other: Any) -> Tensor:
        return where(passes(input, other), g, 0)

    def rule_of_bound(g: Tensor, input: Tensor, other: Any) -> Tensor:
        return where(stops(input, other), g, 0)

    symbol = "\\max(input, min)" if what == "min" else "\\min(input, max)"
    example = "tensor([0., 3.])" if what == "min" else "tensor([-2.,  0.])"
    node = "ClampMin" if what == "min" else "ClampMax"
    binary(
        f"clamp_{what}",
        function,
        numbers=(False, True),
        check=refuse_complex,
        direct="fiub",
        gradient={"input": rule, "other": rule_of_bound},
        scalar=scalar,
        node_name=f"{node}Backward1",
        number_node=f"{node}Backward0",
        doc=f"""Keep elements {"above" if what == "min" else "below"} a bound.

    :math:`out = {symbol}`

    Args:
        input: a tensor.
        other: the bound, a number or a tensor (PyTorch calls it ``{what}``).
        out: a tensor to write the result into.

    Shape: the broadcast of both.

    Raises:
        RuntimeError: if the shapes do not broadcast.

    Example:
        >>> import flambeau as fb
        >>> fb.clamp_{what}(fb.tensor([-2., 3.]), 0)
        {example}
    """,
    )


_one_sided(
    "min", np.maximum, lambda x, bound: x >= bound, lambda x, bound: x < bound,
    lambda s, x, y: s.maximum(x, y),
)  # fmt: skip
_one_sided(
    "max", np.minimum, lambda x, bound: x <= bound, lambda x, bound: x > bound,
    lambda s, x, y: s.minimum(x, y),
)  # fmt: skip
