"""Choosing between values: where, extremes of two, clamping, filling under a mask."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.core.number import concrete
from flambeau.core.shapes import broadcast
from flambeau.core.spec import Spec
from flambeau.ops.elementwise import binary, elementwise
from flambeau.ops.operands import (
    SAME,
    as_operand,
    as_type,
    computing_type,
    elementwise_spec,
    not_a_tensor,
    refuse_complex,
)
from flambeau.ops.publish import public
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply, apply_inplace
from flambeau.tensor.operation import REGISTRY, Operation
from flambeau.tensor.tensor import Tensor

# --- where ---------------------------------------------------------------------------------------


def _where(condition: Any, input: Any, other: Any) -> np.ndarray:
    common = computing_type((input, other), SAME)
    if condition.dtype.kind != "b":
        condition = condition.astype(np.bool)
    return np.where(condition, as_type(input, common), as_type(other, common))


def _infer_where(condition: Any, input: Any, other: Any) -> Spec:
    if condition.dtype.kind != "b" and condition.dtype != np.uint8:
        raise RuntimeError(
            message(
                "where: the condition must be a bool tensor",
                expected="torch.bool",
                got=str(dtypes.of(condition.dtype)),
                help="compare it with something, or convert it with .bool()",
            )
        )
    arrays = [x for x in (condition, input, other) if hasattr(x, "ndim")]
    shape = broadcast("where", *[x.shape for x in arrays])
    return elementwise_spec(shape, computing_type((input, other), SAME), arrays)


def _where_samples(make: Any) -> list[Any]:
    return [
        make.sample(inputs=(make.booleans((2, 3)), make.tensor((2, 3)), make.tensor((2, 3)))),
        make.sample(inputs=(make.booleans((2, 1)), make.tensor((3,)), make.tensor(()))),
        make.sample(inputs=(make.booleans((2, 3)), make.transposed((2, 3)), 2.0)),
        make.sample(inputs=(make.booleans((2, 3)), 1, make.tensor((2, 3)))),
        make.sample(inputs=(make.booleans(()), make.tensor(()), make.tensor(()))),
        make.sample(inputs=(make.booleans((0,)), make.tensor((0,)), make.tensor((1,)))),
        make.error(
            (make.booleans((2,)), make.tensor((3,)), make.tensor((3,))), (), RuntimeError
        ),
        make.error((make.tensor((2,)), make.tensor((2,)), make.tensor((2,))), (), RuntimeError),
    ]


WHERE = Operation(
    "where",
    inputs="condition input other",
    evaluate=_where,
    infer=_infer_where,
    strict=True,
    gradient={
        "input": lambda g, condition: apply(WHERE, (condition, g, 0)),
        "other": lambda g, condition: apply(WHERE, (condition, 0, g)),
    },
    scalar=lambda s, condition, x, y: s.where(condition, x, y),
    samples=_where_samples,
)


def where(condition: Tensor, input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """``input`` where a condition holds, ``other`` elsewhere.

    :math:`out_i = input_i` if :math:`condition_i`, else :math:`other_i`

    Args:
        condition: a bool tensor.
        input, other: tensors or numbers; shapes broadcast, types are promoted.
        out: a tensor to write the result into.

    Shape: the broadcast of all three.

    Raises:
        RuntimeError: if the shapes do not broadcast, or the condition is not of type bool.

    Example:
        >>> import flambeau as fb
        >>> x = fb.tensor([1., -2.])
        >>> fb.where(x > 0, x, 0.)
        tensor([1., 0.])
    """
    if not isinstance(condition, Tensor):
        raise not_a_tensor("where", condition)
    operands = as_operand("where", input), as_operand("where", other)
    result = apply(WHERE, (condition, *operands))
    return result if out is None else write_out("where", out, result)


@public("where")
def _where_function(
    condition: Tensor, input: Any = None, other: Any = None, *, out: Tensor | None = None
) -> Any:
    if input is None and other is None and out is None:
        return condition.nonzero(as_tuple=True)  # type: ignore[attr-defined]
    return where(condition, input, other, out=out)


_where_function.__doc__ = where.__doc__
_where_function.__name__ = _where_function.__qualname__ = "where"


@public("where", method=True)
def _where_method(self: Tensor, condition: Tensor, other: Any) -> Tensor:
    return where(condition, self, other)


# The method takes the tensor itself as the first choice, the function takes the condition first.
public("where")(_where_function)
_where_method.__doc__ = "The tensor where a condition holds, ``other`` elsewhere."
_where_method.__name__ = _where_method.__qualname__ = "where"


# --- the larger and the smaller of two -----------------------------------------------------------


def _extreme_gradient(better: Any) -> Any:
    """At a tie half of the gradient goes to each; a nan that stands on either side takes all."""
    return {
        "input": lambda g, input, other: _share(g, input == other, better(other, input)),
        "other": lambda g, input, other: _share(g, input == other, better(input, other)),
    }


def _share(g: Tensor, tie: Tensor, lost: Tensor) -> Tensor:
    return where(tie, g / 2, where(lost, 0, g))


maximum = binary(
    "maximum",
    np.maximum,
    numbers=(False, False),
    check=refuse_complex,
    direct="fiub",
    inplace=False,
    gradient=_extreme_gradient(lambda x, y: x > y),
    scalar=lambda s, x, y: s.maximum(x, y),
    doc="""The larger of two elements; nan if either is nan.

    At a tie each operand gets half of the gradient.

    Example:
        >>> import flambeau as fb
        >>> fb.maximum(fb.tensor([1., 5.]), fb.tensor([3., 2.]))
        tensor([3., 5.])
    """,
)

minimum = binary(
    "minimum",
    np.minimum,
    numbers=(False, False),
    check=refuse_complex,
    direct="fiub",
    inplace=False,
    gradient=_extreme_gradient(lambda x, y: x < y),
    scalar=lambda s, x, y: s.minimum(x, y),
    doc="""The smaller of two elements; nan if either is nan.

    At a tie each operand gets half of the gradient.

    Example:
        >>> import flambeau as fb
        >>> fb.minimum(fb.tensor([1., 5.]), fb.tensor([3., 2.]))
        tensor([1., 2.])
    """,
)


def _isnan(x: Tensor) -> Tensor:
    return apply(REGISTRY["isnan"], (x,))


def _chosen_gradient(at_least: Any) -> Any:
    """At a tie the gradient goes to ``input``; a nan gives way to the other operand."""
    return {
        "input": lambda g, input, other: where(at_least(input, other) | _isnan(other), g, 0),
        "other": lambda g, input, other: where(at_least(input, other) | _isnan(other), 0, g),
    }


fmax = binary(
    "fmax",
    np.fmax,
    numbers=(False, False),
    check=refuse_complex,
    direct="fiub",
    inplace=False,
    gradient=_chosen_gradient(lambda x, y: x >= y),
    scalar=lambda s, x, y: s.where(s.isnan(x), y, s.where(s.isnan(y), x, s.maximum(x, y))),
    doc="""The larger of two elements; if one of them is nan, the other.

    At a tie the gradient goes to ``input``.

    Example:
        >>> import flambeau as fb
        >>> fb.fmax(fb.tensor([1., float("nan")]), fb.tensor([3., 2.]))
        tensor([3., 2.])
    """,
)

fmin = binary(
    "fmin",
    np.fmin,
    numbers=(False, False),
    check=refuse_complex,
    direct="fiub",
    inplace=False,
    gradient=_chosen_gradient(lambda x, y: x <= y),
    scalar=lambda s, x, y: s.where(s.isnan(x), y, s.where(s.isnan(y), x, s.minimum(x, y))),
    doc="""The smaller of two elements; if one of them is nan, the other.

    At a tie the gradient goes to ``input``.

    Example:
        >>> import flambeau as fb
        >>> fb.fmin(fb.tensor([1., float("nan")]), fb.tensor([3., 2.]))
        tensor([1., 2.])
    """,
)


# --- clamp ---------------------------------------------------------------------------------------


def _clamp(x: Any, low: Any, high: Any) -> np.ndarray:
    if low is not None:
        x = np.maximum(x, low)
    return x if high is None else np.minimum(x, high)


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


@public(method=True, aliases=("clip",))
def clamp(
    input: Tensor, min: Any = None, max: Any = None, *, out: Tensor | None = None
) -> Tensor:
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


# --- masked_fill ---------------------------------------------------------------------------------


def _masked_fill(input: Any, mask: Any, value: Any) -> np.ndarray:
    kind = input.dtype
    if not hasattr(value, "ndim"):
        value = np.asarray(concrete(value)).astype(kind)
    elif value.dtype != kind:
        value = value.astype(kind)
    return np.where(mask, value, input)


def _infer_masked_fill(input: Any, mask: Any, value: Any) -> Spec:
    if mask.dtype.kind != "b":
        raise RuntimeError(
            message(
                "masked_fill: the mask must be a bool tensor",
                expected="torch.bool",
                got=str(dtypes.of(mask.dtype)),
                help="compare it with something, or convert it with .bool()",
            )
        )
    is_tensor = hasattr(value, "ndim")
    if is_tensor and value.ndim:
        raise RuntimeError(
            message(
                "masked_fill: the value must be a number or a 0-d tensor",
                expected="0 dimensions",
                got=f"shape {tuple(value.shape)}",
            )
        )
    given = dtypes.of(value.dtype) if is_tensor else dtypes.of_number(value)
    wanted = dtypes.of(input.dtype)
    if given.category == dtypes.COMPLEX != wanted.category:
        raise RuntimeError(
            message(
                f"masked_fill: the value cannot be converted to {wanted}",
                expected=f"a value that {wanted} can hold",
                got=repr(value) if not is_tensor else str(given),
            )
        )
    shape = broadcast("masked_fill", input.shape, mask.shape)
    return elementwise_spec(shape, input.dtype, [input, mask])


def _masked_samples(number: bool) -> Any:
    def samples(make: Any) -> list[Any]:
        value = 2.0 if number else make.tensor(())
        return [
            make.sample(inputs=(make.tensor((2, 3)), make.booleans((2, 3)), value)),
            make.sample(inputs=(make.transposed((2, 3)), make.booleans((3,)), value)),
            make.sample(inputs=(make.tensor((3,)), make.booleans((2, 1)), value)),
            make.sample(inputs=(make.tensor(()), make.booleans(()), value)),
            make.sample(inputs=(make.tensor((0,)), make.booleans((1,)), value)),
            make.error((make.tensor((2,)), make.booleans((3,)), value), (), RuntimeError),
            make.error((make.tensor((2,)), make.tensor((2,)), value), (), RuntimeError),
        ]

    return samples


def _total(g: Tensor) -> Tensor:
    return apply(REGISTRY["sum"], (g,), (tuple(range(g._array.ndim)), False, None))


def _masked_fill_record(name: str, node_name: str, number: bool) -> Operation:
    return Operation(
        name,
        inputs="input mask value",
        evaluate=_masked_fill,
        infer=_infer_masked_fill,
        strict=True,
        gradient={
            "input": lambda g, mask: where(mask, 0, g),
            "value": lambda g, mask: _total(where(mask, g, 0)),
        },
        scalar=lambda s, x, mask, value: s.where(mask, value, x),
        samples=_masked_samples(number),
        node_name=node_name,
    )


MASKED_FILL = _masked_fill_record("masked_fill", "MaskedFillBackward1", False)
MASKED_FILL_NUMBER = _masked_fill_record("masked_fill_scalar", "MaskedFillBackward0", True)


def _masked_operands(name: str, input: Any, mask: Any, value: Any) -> tuple[Operation, Any]:
    for x in (input, mask):
        if not isinstance(x, Tensor):
            raise not_a_tensor(name, x)
    value = as_operand(name, value)
    return (MASKED_FILL if isinstance(value, Tensor) else MASKED_FILL_NUMBER), value


@public(method=True)
def masked_fill(input: Tensor, mask: Tensor, value: Any) -> Tensor:
    """Replace elements under a mask by one value.

    :math:`out_i = value` if :math:`mask_i`, else :math:`input_i`

    Args:
        input: a tensor.
        mask: a bool tensor whose shape broadcasts with it.
        value: a number or a 0-d tensor.

    Shape: the broadcast of ``input`` and ``mask``.

    Raises:
        RuntimeError: if the shapes do not broadcast, the mask is not of type bool, or the
            tensor's type cannot hold the value.

    Example:
        >>> import flambeau as fb
        >>> x = fb.tensor([1., 2., 3.])
        >>> x.masked_fill(x > 1.5, -1.)
        tensor([ 1., -1., -1.])
    """
    op, value = _masked_operands("masked_fill", input, mask, value)
    return apply(op, (input, mask, value))


@public(method=True)
def masked_fill_(input: Tensor, mask: Tensor, value: Any) -> Tensor:
    """In-place version of :func:`flambeau.masked_fill`; returns the tensor itself."""
    op, value = _masked_operands("masked_fill_", input, mask, value)
    return apply_inplace(op, input, (mask, value))


