"""Operands of elementwise operations: their common type, their conversion, what is refused."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.core.number import Number, concrete
from flambeau.core.shapes import broadcast
from flambeau.core.spec import Spec, elementwise_strides
from flambeau.tensor.tensor import Tensor

# How the type in which an operation computes follows from its operands' common type.
SAME, FLOAT = "same", "float"

REDUCED = (dtypes.float16.numpy, dtypes.bfloat16.numpy)
NUMBERS = (int, float, complex, Number)  # bool is an int
ndarray = np.ndarray
FLOAT32, FLOAT64 = dtypes.float32.numpy, dtypes.float64.numpy


class _Constants(dict):
    """Python numbers as 0-d arrays of one type: NumPy takes those twice as fast as numbers.

    Zeros are kept apart, since 0.0 and -0.0 are one key; nan, which is no key, is not kept.
    """

    __slots__ = ("minus_zero", "type", "zero")

    LIMIT = 1024

    def __init__(self, numpy_type: np.dtype) -> None:
        self.type = numpy_type
        self.zero, self.minus_zero = np.array(0.0, numpy_type), np.array(-0.0, numpy_type)

    def __missing__(self, number: float) -> np.ndarray:
        if number == 0:
            return self.zero if math.copysign(1.0, number) > 0 else self.minus_zero
        array = np.array(number, self.type)
        if number == number:
            if len(self) >= self.LIMIT:
                self.clear()
            self[number] = array
        return array


CONSTANTS32, CONSTANTS64 = _Constants(FLOAT32), _Constants(FLOAT64)


class _Filled(dict):
    """One number as a 0-d array of each type."""

    __slots__ = ("number",)

    def __init__(self, number: int) -> None:
        self.number = number

    def __missing__(self, numpy_type: np.dtype) -> np.ndarray:
        array = self[numpy_type] = np.array(self.number, numpy_type)
        return array


ZEROS, ONES = _Filled(0), _Filled(1)


def common_type(operands: tuple[Any, ...]) -> np.dtype:
    """The type that operands have together, by PyTorch's rules; ``None`` among them is skipped."""
    first = operands[0]
    if first.__class__ is ndarray:
        kind = first.dtype
        if kind.kind == "f" and kind.itemsize > 2:
            for x in operands:
                given = x.__class__
                if given is ndarray:
                    if x.dtype is not kind:
                        break
                elif given is not float and given is not int:
                    break
            else:
                return kind
    return dtypes.result_numpy([x for x in operands if x is not None])


def computing_type(operands: tuple[Any, ...], kind: str) -> np.dtype:
    """The type that operands are converted to before the operation."""
    common = common_type(operands)
    return dtypes.as_floating(common) if kind == FLOAT else common


def converted(operands: tuple[Any, ...], common: np.dtype) -> list[Any]:
    """Operands as they are computed with, in an operation of type ``common``.

    float16 and bfloat16 are computed in float32; who calls this rounds the result, once. A
    number beside such a tensor is not rounded to the tensor's type first, as in PyTorch.
    """
    if common in REDUCED:
        return [x if x is None else reduced_operand(x, common) for x in operands]
    return [x if x is None else as_type(x, common) for x in operands]


def reduced_operand(x: Any, common: np.dtype) -> Any:
    """A float16 or bfloat16 operand as float32."""
    return as_type(as_type(x, common), FLOAT32) if hasattr(x, "ndim") else as_type(x, FLOAT32)


def as_type(x: Any, numpy_type: np.dtype) -> Any:
    """An array or number in another type; integers out of range wrap around."""
    if x.__class__ is ndarray or hasattr(x, "ndim"):
        return x if x.dtype == numpy_type else x.astype(numpy_type)
    if numpy_type is FLOAT32:
        return CONSTANTS32[concrete(x)]
    if numpy_type is FLOAT64:
        return CONSTANTS64[concrete(x)]
    return np.asarray(concrete(x)).astype(numpy_type)


def constant(number: float, numpy_type: np.dtype) -> Any:
    """A Python number as a 0-d array of a floating-point type."""
    if numpy_type is FLOAT32:
        return CONSTANTS32[concrete(number)]
    return as_type(number, numpy_type)


def result_type(output: Any, common: np.dtype) -> np.dtype:
    """The type of a result: ``output`` is ``None``, a type, or a function of the common type."""
    if output is None:
        return common
    return output if isinstance(output, np.dtype) else output(common)


def real_type(common: np.dtype) -> np.dtype:
    """The type of the parts of numbers of type ``common``."""
    return dtypes.of(common).to_real().numpy


BOOL = dtypes.bool_.numpy


def refuse_bool(name: str, common: dtypes.dtype) -> None:
    """For operations that have no meaning on truth values."""
    if common.category == dtypes.BOOL:
        raise RuntimeError(
            message(
                f"{name}: not defined on bool tensors",
                expected="numbers",
                got="torch.bool",
                help="convert with .int() or .float(), or use logical operations",
            )
        )


def refuse_complex(name: str, common: dtypes.dtype) -> None:
    """For operations that need an order, or are only defined on real numbers."""
    if common.category == dtypes.COMPLEX:
        raise RuntimeError(
            message(
                f"{name}: not defined on complex tensors",
                expected="real numbers",
                got=str(common),
                help="take .real, .imag or .abs() first",
            )
        )


def refuse_bool_and_complex(name: str, common: dtypes.dtype) -> None:
    """For operations that are defined on integers and real numbers."""
    refuse_bool(name, common)
    refuse_complex(name, common)


def refuse_floating(name: str, common: dtypes.dtype) -> None:
    """For operations on bits."""
    if common.category > dtypes.INTEGER:
        raise RuntimeError(
            message(
                f"{name}: only defined on integer and bool tensors",
                expected="integers or truth values",
                got=str(common),
            )
        )


def only_integers(name: str, common: dtypes.dtype) -> None:
    """For operations of number theory, and shifts."""
    if common.category != dtypes.INTEGER:
        raise RuntimeError(
            message(
                f"{name}: only defined on integer tensors", expected="integers", got=str(common)
            )
        )


def only_floating(name: str, common: dtypes.dtype) -> None:
    """For operations on real floating-point numbers, which integers are not converted for."""
    if common.category != dtypes.FLOATING:
        raise RuntimeError(
            message(
                f"{name}: only defined on floating-point tensors",
                expected="float16, bfloat16, float32 or float64",
                got=str(common),
                help="convert with .float()",
            )
        )


def refuse_integers(name: str, common: dtypes.dtype) -> None:
    """For operations on floating-point and complex numbers that do not convert integers."""
    if common.category < dtypes.FLOATING:
        raise RuntimeError(
            message(
                f"{name}: not defined on integer and bool tensors",
                expected="floating-point or complex numbers",
                got=str(common),
                help="convert with .float()",
            )
        )


def takes_floats(name: str, check: Any) -> bool:
    """Whether an operation is defined on float32 and float64 operands."""
    if check is None:
        return True
    try:
        check(name, dtypes.float32)
    except (RuntimeError, TypeError):
        return False
    return True


def elementwise_evaluate(
    name: str,
    function: Callable,
    kind: str,
    output: Any = None,
    check: Any = None,
    inputs: int | None = None,
) -> Callable:
    """The NumPy meaning of an elementwise operation over operands of any types.

    Args:
        name: for errors.
        function: its meaning on operands of the computing type (and parameters).
        kind: ``SAME`` or ``FLOAT``.
        output: type of the result, see :func:`result_type`.
        check: called with the name and the operands' common type; raises.
        inputs: how many of the arguments are operands; all if not given.
    """
    usual = output is None and takes_floats(name, check)

    def evaluate(*arguments: Any) -> Any:
        if usual:
            first = arguments[0]
            if first.__class__ is ndarray:
                common = first.dtype
                if common is FLOAT32 or common is FLOAT64:
                    for x in arguments[1:inputs]:
                        if x.__class__ is not ndarray or x.dtype is not common:
                            break
                    else:
                        return function(*arguments)
        operands = arguments[:inputs]
        common = common_type(operands)
        if check is not None:
            check(name, dtypes.of(common))
        if kind == FLOAT:
            common = dtypes.as_floating(common)
        result = function(*converted(operands, common), *arguments[len(operands) :])
        wanted = result_type(output, common)
        return result if result.dtype == wanted else result.astype(wanted)

    return evaluate


def elementwise_infer(
    name: str, kind: str, output: Any = None, check: Any = None, inputs: int | None = None
) -> Callable:
    """The shape and type rule of an elementwise operation.

    Args:
        name: for errors.
        kind, output, inputs: as for :func:`elementwise_evaluate`.
        check: called with the name and the operands' common
            :class:`~flambeau.core.dtypes.dtype`; raises.
    """

    def infer(*arguments: Any) -> Spec:
        operands = [x for x in arguments[:inputs] if x is not None]
        arrays = [x for x in operands if hasattr(x, "ndim")]
        shape = broadcast(name, *[x.shape for x in arrays])
        common = dtypes.result_numpy(operands)
        if check is not None:
            check(name, dtypes.of(common))
        if kind == FLOAT:
            common = dtypes.as_floating(common)
        return elementwise_spec(shape, result_type(output, common), arrays)

    return infer


def elementwise_spec(shape: tuple[int, ...], numpy_type: np.dtype, arrays: list[Any]) -> Spec:
    """The spec of a result that keeps the layout of its operands."""
    strides = elementwise_strides(shape, arrays)
    if strides is not None:
        strides = tuple(s * numpy_type.itemsize for s in strides)
    return Spec(shape, numpy_type, strides)


def as_operand(name: str, x: Any) -> Any:
    """A tensor or a Python number from what a user wrote.

    Raises:
        TypeError: for anything else, arrays included.
    """
    if isinstance(x, np.generic):  # first: NumPy's float64 is a Python float as well
        return x.item()
    if isinstance(x, (Tensor, *NUMBERS)):
        return x
    raise TypeError(
        message(
            f"{name}: not a tensor or a number",
            expected="a tensor or a Python number",
            got=type(x).__name__,
            help="make a tensor of it with flambeau.tensor(...)",
        )
    )


def not_a_tensor(name: str, x: Any) -> TypeError:
    """The error for an operand that must be a tensor."""
    return TypeError(
        message(
            f"{name}: not a tensor",
            expected="a tensor",
            got=type(x).__name__,
            help="make one with flambeau.tensor(...)",
        )
    )


def check_number(name: str, what: str, value: Any) -> None:
    """Refuse an argument that must be a Python number.

    Raises:
        TypeError: if it is not.
    """
    if not isinstance(value, NUMBERS):
        raise TypeError(
            message(f"{name}: {what} must be a number", expected="a number", got=repr(value))
        )


def check_alpha(name: str, operands: tuple[Any, ...], alpha: Any, what: str = "alpha") -> None:
    """A factor must not have a higher category than the result."""
    if isinstance(operands[0], Tensor) and (alpha.__class__ is float or alpha.__class__ is int):
        kind = operands[0]._array.dtype.kind
        if kind == "f":
            return
    common = dtypes.of(computing_type(tuple(getattr(x, "_array", x) for x in operands), SAME))
    if dtypes.of_number(alpha).category > common.category:
        raise RuntimeError(
            message(
                f"{name}: {what} does not fit the operands' type",
                expected=f"a number that {common} can hold",
                got=repr(alpha),
            )
        )
