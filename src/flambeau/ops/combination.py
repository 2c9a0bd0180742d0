"""Operations of three operands: interpolation, and sums with a product or a quotient."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.ops.arithmetic import conjugate
from flambeau.ops.elementwise import elementwise
from flambeau.ops.older_forms import factors_first
from flambeau.ops.operands import (
    FLOAT32,
    FLOAT64,
    as_operand,
    as_type,
    check_alpha,
    not_a_tensor,
    refuse_integers,
)
from flambeau.ops.publish import public
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply, apply_inplace, written
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor

# --- lerp ----------------------------------------------------------------------------------------


def _lerp(x: np.ndarray, end: np.ndarray, weight: Any) -> np.ndarray:
    """Start from the nearer end, so that both ends are met exactly."""
    distance = end - x
    near_start = np.abs(weight) < 0.5
    if not getattr(near_start, "ndim", 0):
        return x + weight * distance if near_start else end - distance * (1 - weight)
    return np.where(near_start, x + weight * distance, end - distance * (1 - weight))


def _check_lerp(name: str, x: Any, end: Any, weight: Any) -> None:
    types = [x.dtype, end.dtype]
    if getattr(weight, "ndim", 0):
        types.append(weight.dtype)
    if len(set(types)) > 1:
        raise RuntimeError(
            message(
                "lerp: the types differ",
                expected="tensors of one type",
                got=", ".join(str(dtypes.of(t)) for t in types),
                help="convert them with .to(dtype)",
            )
        )
    refuse_integers("lerp", dtypes.of(x.dtype))


def _lerp_scalar(s: Any, x: Any, end: Any, weight: Any) -> Any:
    near_start = s.abs(weight) < 0.5
    distance = end - x
    return s.where(near_start, x + weight * distance, end - distance * (1.0 - weight))


def _lerp_samples(number: bool) -> Any:
    def samples(make: Any) -> list[Any]:
        def weight(shape: tuple[int, ...], value: float) -> Any:
            return value if number else make.tensor(shape, low=0.0, high=1.0)

        return [
            make.sample(inputs=(make.tensor((2, 3)), make.tensor((2, 3)), weight((2, 3), 0.25))),
            make.sample(inputs=(make.transposed((2, 3)), make.tensor((3,)), weight((2, 1), 0.75))),
            make.sample(inputs=(make.tensor(()), make.tensor(()), weight((), 0.5))),
            make.sample(inputs=(make.tensor((0,)), make.tensor((1,)), weight((1,), 0.5))),
            make.error((make.tensor((2,)), make.tensor((3,)), weight((), 0.5)), (), RuntimeError),
        ]

    return samples


def _lerp_record(name: str, node_name: str, number: bool) -> Operation:
    op = elementwise(
        name,
        _lerp,
        inputs="input end weight",
        gradient={
            "input": lambda g, weight: g * (1 - conjugate(weight)),
            "end": lambda g, weight: g * conjugate(weight),
            "weight": lambda g, input, end: g * conjugate(end - input),
        },
        scalar=_lerp_scalar,
        samples=_lerp_samples(number),
        node_name=node_name,
    )
    infer = op.infer

    def checked(x: Any, end: Any, weight: Any) -> Any:
        _check_lerp(name, x, end, weight)
        return infer(x, end, weight)

    generally = op.evaluate

    def evaluate(x: Any, end: Any, weight: Any) -> Any:
        kind = x.dtype
        if not (number and kind is end.dtype and (kind is FLOAT32 or kind is FLOAT64)):
            _check_lerp(name, x, end, weight)
            return generally(x, end, weight)
        if weight.__class__ is float and -0.5 < weight < 0.5:
            return x + as_type(weight, kind) * (end - x)
        return _lerp(x, end, as_type(weight, kind))

    op.infer, op.evaluate = checked, evaluate
    return op


LERP = _lerp_record("lerp", "LerpBackward1", False)
LERP_NUMBER = _lerp_record("lerp_scalar", "LerpBackward0", True)


def _lerp_operands(name: str, input: Any, end: Any, weight: Any) -> tuple[Operation, Any]:
    for x in (input, end):
        if not isinstance(x, Tensor):
            raise not_a_tensor(name, x)
    weight = as_operand(name, weight)
    return (LERP if isinstance(weight, Tensor) else LERP_NUMBER), weight


@public(method=True)
def lerp(input: Tensor, end: Tensor, weight: Any, *, out: Tensor | None = None) -> Tensor:
    """Interpolate linearly between two tensors.

    :math:`out = input + weight · (end - input)`

    Args:
        input: the values at weight 0.
        end: the values at weight 1, of the same type.
        weight: a number, or a tensor of the same type.
        out: a tensor to write the result into.

    Shape: the broadcast of all.

    Raises:
        RuntimeError: if the shapes do not broadcast or the types differ or are integers.

    Example:
        >>> import flambeau as fb
        >>> fb.lerp(fb.tensor([0., 10.]), fb.tensor([10., 20.]), 0.25)
        tensor([ 2.5000, 12.5000])
    """
    op, weight = _lerp_operands("lerp", input, end, weight)
    result = apply(op, (input, end, weight))
    return result if out is None else write_out("lerp", out, result)


@public(method=True, function=False)
def lerp_(input: Tensor, end: Tensor, weight: Any) -> Tensor:
    """In-place version of :func:`flambeau.lerp`; returns the tensor itself."""
    if weight.__class__ is float and written(LERP_NUMBER, input, (end, weight), ()):
        return input
    op, weight = _lerp_operands("lerp_", input, end, weight)
    return apply_inplace(op, input, (end, weight))


# --- addcmul and addcdiv -------------------------------------------------------------------------


def _scaled(x: Any, value: Any) -> Any:
    """``value · x`` in the type of ``x``."""
    return x if value == 1 else x * x.dtype.type(value)


def _addcmul_scalar(s: Any, x: Any, a: Any, b: Any, value: Any) -> Any:
    return x + a * value * b


def _addcdiv_scalar(s: Any, x: Any, a: Any, b: Any, value: Any) -> Any:
    return x + a * value / b


def _three_samples(make: Any) -> list[Any]:
    def tensor(shape: tuple[int, ...]) -> Any:
        return make.tensor(shape, low=0.5, high=3.0)

    return [
        make.sample(inputs=(tensor((2, 3)), tensor((2, 3)), tensor((2, 3))), params=(1,)),
        make.sample(inputs=(make.transposed((2, 3)), tensor((3,)), tensor((2, 1))), params=(-0.5,)),
        make.sample(inputs=(tensor(()), tensor(()), tensor(())), params=(2,)),
        make.sample(inputs=(tensor((0,)), tensor((1,)), tensor((0,))), params=(1,)),
        make.error((tensor((2,)), tensor((3,)), tensor((3,))), (1,), RuntimeError),
    ]


def _with_product(x: Any, a: Any, b: Any, value: Any) -> Any:
    return x + _scaled(a, value) * b


def _with_quotient(x: Any, a: Any, b: Any, value: Any) -> Any:
    return x + _scaled(a, value) / b


def _quick(op: Operation, function: Any) -> Operation:
    """The record with the usual case first: three arrays of one type."""
    generally = op.evaluate

    def evaluate(x: Any, a: Any, b: Any, value: Any) -> Any:
        kind = x.dtype
        if kind is a.dtype and kind is b.dtype and (kind is FLOAT32 or kind is FLOAT64):
            return function(x, a, b, value)
        return generally(x, a, b, value)

    op.evaluate = evaluate
    return op


ADDCMUL = elementwise(
    "addcmul",
    _with_product,
    inputs="input tensor1 tensor2",
    params="value",
    gradient={
        "input": lambda g: g,
        "tensor1": lambda g, tensor2, value: g * conjugate(_times(tensor2, value)),
        "tensor2": lambda g, tensor1, value: g * conjugate(_times(tensor1, value)),
    },
    scalar=_addcmul_scalar,
    samples=_three_samples,
)


def _times(x: Tensor, value: Any) -> Tensor:
    return x if value == 1 else x * value


ADDCDIV = elementwise(
    "addcdiv",
    _with_quotient,
    inputs="input tensor1 tensor2",
    params="value",
    check=refuse_integers,
    gradient={
        "input": lambda g: g,
        "tensor1": lambda g, tensor2, value: g * conjugate(value / tensor2),
        "tensor2": lambda g, tensor1, tensor2, value: (
            -g * conjugate(_times(tensor1, value) / (tensor2 * tensor2))
        ),
    },
    scalar=_addcdiv_scalar,
    samples=_three_samples,
)


_quick(ADDCMUL, _with_product)
_quick(ADDCDIV, _with_quotient)


def _check_three(name: str, operands: tuple[Any, ...], value: Any) -> None:
    for x in operands:
        if not isinstance(x, Tensor):
            raise not_a_tensor(name, x)
    check_alpha(name, operands, value, "value")
    _, numerator, divisor = operands
    integers = numerator._array.dtype.kind in "iub" and divisor._array.dtype.kind in "iub"
    if integers and name.startswith("addcdiv"):
        refuse_integers(name, numerator.dtype)


@public(method=True)
def addcmul(
    input: Tensor, tensor1: Any, tensor2: Tensor, *older: Tensor, value: Any = 1,
    out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Add a product of two tensors.

    :math:`out = input + value · tensor1 · tensor2`

    Args:
        input, tensor1, tensor2: tensors whose shapes broadcast.
        value: a factor for the product.
        out: a tensor to write the result into.

    Shape: the broadcast of all three.

    Raises:
        RuntimeError: if the shapes do not broadcast, or the type cannot hold ``value``.

    Differs from PyTorch: a fractional ``value`` for integer tensors is an error, it is not cut off.

    Example:
        >>> import flambeau as fb
        >>> fb.addcmul(fb.tensor([1., 1.]), fb.tensor([1., 2.]), fb.tensor([3., 4.]), value=0.5)
        tensor([2.5000, 5.0000])
    """
    if older:
        given = (input, tensor1, tensor2, *older)
        input, tensor1, tensor2, value = factors_first("addcmul", given, 3, 1)
    operands = (input, tensor1, tensor2)
    _check_three("addcmul", operands, value)
    result = apply(ADDCMUL, operands, (value,))
    return result if out is None else write_out("addcmul", out, result)


@public(method=True, function=False)
def addcmul_(
    input: Tensor, tensor1: Any, tensor2: Tensor, *older: Tensor, value: Any = 1
) -> Tensor:
    """In-place version of :func:`flambeau.addcmul`; returns the tensor itself."""
    if older:
        given = (input, tensor1, tensor2, *older)
        input, tensor1, tensor2, value = factors_first("addcmul_", given, 3, 1)
    if written(ADDCMUL, input, (tensor1, tensor2), (value,)):
        return input
    _check_three("addcmul_", (input, tensor1, tensor2), value)
    return apply_inplace(ADDCMUL, input, (tensor1, tensor2), (value,))


@public(method=True)
def addcdiv(
    input: Tensor, tensor1: Any, tensor2: Tensor, *older: Tensor, value: Any = 1,
    out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Add a quotient of two tensors.

    :math:`out = input + value · tensor1 / tensor2`

    Args:
        input, tensor1, tensor2: floating-point tensors whose shapes broadcast.
        value: a factor for the quotient.
        out: a tensor to write the result into.

    Shape: the broadcast of all three.

    Raises:
        RuntimeError: if the shapes do not broadcast, ``tensor1`` and ``tensor2`` are both of
            integer types, or the type cannot hold ``value``.

    Example:
        >>> import flambeau as fb
        >>> fb.addcdiv(fb.tensor([1., 1.]), fb.tensor([1., 2.]), fb.tensor([2., 4.]), value=2)
        tensor([2., 2.])
    """
    if older:
        given = (input, tensor1, tensor2, *older)
        input, tensor1, tensor2, value = factors_first("addcdiv", given, 3, 1)
    operands = (input, tensor1, tensor2)
    _check_three("addcdiv", operands, value)
    result = apply(ADDCDIV, operands, (value,))
    return result if out is None else write_out("addcdiv", out, result)


@public(method=True, function=False)
def addcdiv_(
    input: Tensor, tensor1: Any, tensor2: Tensor, *older: Tensor, value: Any = 1
) -> Tensor:
    """In-place version of :func:`flambeau.addcdiv`; returns the tensor itself."""
    if older:
        given = (input, tensor1, tensor2, *older)
        input, tensor1, tensor2, value = factors_first("addcdiv_", given, 3, 1)
    if written(ADDCDIV, input, (tensor1, tensor2), (value,)):
        return input
    _check_three("addcdiv_", (input, tensor1, tensor2), value)
    return apply_inplace(ADDCDIV, input, (tensor1, tensor2), (value,))
