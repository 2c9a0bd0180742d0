"""The builder of element expressions that computes at once, with NumPy arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np

from flambeau.core import special
from flambeau.core.scalar import DTYPES, FLOATING, UNSIGNED, Scalar, dtype_name
from flambeau.core.scalar_builder import ScalarBuilder

_BFLOAT16 = np.dtype(ml_dtypes.bfloat16)
_TYPES = {name: _BFLOAT16 if name == "bfloat16" else np.dtype(name) for name in DTYPES}
_NAMES = {dtype: name for name, dtype in _TYPES.items()}


class NumPyScalar(Scalar):
    """An array standing for one element of each of its places.

    Attributes:
        array: the values.
    """

    __slots__ = ("array",)

    def __init__(self, builder: NumPyBuilder, array: Any) -> None:
        self.builder = builder
        self.array = np.asarray(array)
        # NumPy composes the name anew each time it is asked for it.
        self.dtype = _NAMES.get(self.array.dtype) or self.array.dtype.name


def numpy_dtype(dtype: Any) -> np.dtype:
    """NumPy's data type of that name."""
    return _TYPES[dtype_name(dtype)]


class NumPyBuilder(ScalarBuilder[NumPyScalar]):
    """Computes element expressions on whole arrays.

    Example:
        >>> from flambeau.core.scalar_numpy import evaluate
        >>> evaluate(lambda s, x: s.where(x > 0, x, 0.0), [-1.0, 2.0]).tolist()
        [0.0, 2.0]
    """

    __slots__ = ()

    def input(self, array: Any) -> NumPyScalar:
        """An array as an operand."""
        return NumPyScalar(self, array)

    def constant(self, value: float, dtype: Any = None) -> NumPyScalar:
        """A number as a zero-dimensional array; integers wrap to the type."""
        if dtype == "float64":  # the type of nearly all formulas
            return NumPyScalar(self, np.array(value, np.float64))
        if dtype is None:
            dtype = {bool: "bool", int: "int64"}.get(type(value), "float32")
        numpy = numpy_dtype(dtype)
        if numpy.kind in "iu":
            bits = 8 * numpy.itemsize
            value = int(value) & ((1 << bits) - 1)
            return NumPyScalar(self, np.array(value, f"u{numpy.itemsize}").view(numpy))
        return NumPyScalar(self, np.array(value, numpy))

    def cast(self, x: Any, dtype: Any) -> NumPyScalar:
        """``astype``."""
        if not isinstance(x, Scalar):
            return self.constant(x, dtype)
        return NumPyScalar(self, x.array.astype(numpy_dtype(dtype), copy=False))

    def unary(self, name: str, x: Any) -> NumPyScalar:
        """A NumPy function, or a formula of :mod:`flambeau.core.special`."""
        if name in _SPECIAL:
            wide = _SPECIAL[name](self, self.cast(x, "float64"))
            return self.cast(wide, x.dtype)
        return self._typed(_UNARY[name](x.array), x.array.dtype)

    def binary(self, name: str, x: Any, y: Any) -> NumPyScalar:
        """A NumPy function of two arrays."""
        if x.dtype not in FLOATING and name in _INTEGER:
            return self._typed(_INTEGER[name](x.array, y.array), x.array.dtype)
        return self._typed(_BINARY[name](x.array, y.array), x.array.dtype)

    def test(self, name: str, x: Any) -> NumPyScalar:
        """``isnan``, ``isinf``, ``isfinite``."""
        return NumPyScalar(self, getattr(np, name)(x.array))

    def compare(self, name: str, x: Any, y: Any) -> NumPyScalar:
        """NumPy's comparison of that name."""
        return NumPyScalar(self, getattr(np, name)(x.array, y.array))

    def ternary(self, name: str, x: Any, y: Any, z: Any) -> NumPyScalar:
        """``where``; ``fma``, which rounds float64 twice because NumPy has no other."""
        if name == "where":
            return self._typed(np.where(x.array, y.array, z.array), y.array.dtype)
        if x.dtype == "float64":
            return NumPyScalar(self, x.array * y.array + z.array)
        wide = x.array.astype(np.float64) * y.array + z.array
        return self._typed(wide, np.dtype(np.float32))

    def _typed(self, array: Any, dtype: np.dtype) -> NumPyScalar:
        if array.dtype is not dtype:
            array = array.astype(dtype, copy=False)
        return NumPyScalar(self, array)


def _sign(x: np.ndarray) -> np.ndarray:
    return (x > 0).astype(np.int8) - (x < 0).astype(np.int8) if x.dtype != bool else x


def _remainder(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    rest = np.fmod(x, y)
    return np.where((rest != 0) & ((rest < 0) != (y < 0)), rest + y, rest)


def _safe_divisor(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A divisor without 0, and -1 apart: the processor traps on the smallest integer by -1."""
    minus = (y == -1) if x.dtype.name not in UNSIGNED else np.zeros(y.shape, bool)
    return np.where((y == 0) | minus, np.ones((), y.dtype), y), minus


def _trunc_divide(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    safe, minus = _safe_divisor(x, y)
    floor = np.floor_divide(x, safe)
    up = (floor * safe != x) & ((x < 0) != (safe < 0))
    quotient = np.where(minus, np.negative(x), floor + up.astype(x.dtype))
    return np.where(y == 0, np.zeros((), x.dtype), quotient)


def _integer_floor_divide(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    safe, minus = _safe_divisor(x, y)
    quotient = np.where(minus, np.negative(x), np.floor_divide(x, safe))
    return np.where(y == 0, np.zeros((), x.dtype), quotient)


def _integer_rest(function: Callable[..., Any]) -> Callable[..., Any]:
    def rest(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        safe, _ = _safe_divisor(x, y)
        return np.where(y == 0, np.zeros((), x.dtype), function(x, safe))

    return rest


def _integer_pow(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    if x.dtype.name in UNSIGNED:
        return np.power(x, y)
    powers = np.power(x, np.maximum(y, 0))
    odd = (y & 1) != 0
    inverse = np.where(x == 1, 1, np.where(x == -1, np.where(odd, -1, 1), 0))
    return np.where(y < 0, inverse, powers)


def _shift(x: np.ndarray, y: np.ndarray, left: bool) -> np.ndarray:
    bits = 8 * x.dtype.itemsize
    inside = (y >= 0) & (y < bits)
    if left:
        return np.where(inside, np.left_shift(x, np.where(inside, y, 0)), 0)
    return (
        np.right_shift(x, np.where(inside, y, bits - 1))
        if x.dtype.kind == "i"
        else np.where(inside, np.right_shift(x, np.where(inside, y, 0)), 0)
    )


_UNARY: dict[str, Callable[..., Any]] = {
    "neg": np.negative, "abs": np.abs, "floor": np.floor, "ceil": np.ceil, "round": np.round,
    "trunc": np.trunc, "sqrt": np.sqrt, "reciprocal": lambda x: 1 / x,
    "rsqrt": lambda x: 1 / np.sqrt(x), "sign": _sign, "bitwise_not": np.invert,
    "exp": np.exp, "exp2": np.exp2, "expm1": np.expm1, "log": np.log, "log2": np.log2,
    "log10": np.log10, "log1p": np.log1p, "sin": np.sin, "cos": np.cos, "tan": np.tan,
    "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan, "sinh": np.sinh, "cosh": np.cosh,
    "tanh": np.tanh, "asinh": np.arcsinh, "acosh": np.arccosh, "atanh": np.arctanh,
}  # fmt: skip

_BINARY: dict[str, Callable[..., Any]] = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide,
    "minimum": np.minimum, "maximum": np.maximum, "pow": np.power, "fmod": np.fmod,
    "remainder": _remainder, "floor_divide": np.floor_divide,
    "trunc_divide": lambda x, y: np.trunc(x / y), "copysign": np.copysign,
    "atan2": np.arctan2, "bitwise_and": np.bitwise_and, "bitwise_or": np.bitwise_or,
    "bitwise_xor": np.bitwise_xor,
    "shift_left": lambda x, y: _shift(x, y, True),
    "shift_right": lambda x, y: _shift(x, y, False),
}  # fmt: skip

_INTEGER: dict[str, Callable[..., Any]] = {
    "trunc_divide": _trunc_divide, "floor_divide": _integer_floor_divide,
    "fmod": _integer_rest(np.fmod), "remainder": _integer_rest(np.remainder),
    "pow": _integer_pow,
}  # fmt: skip

_SPECIAL: dict[str, Callable[..., Any]] = {
    "erf": special.erf, "erfc": special.erfc, "erfinv": special.erfinv,
    "lgamma": special.lgamma, "digamma": special.digamma,
}  # fmt: skip

BUILDER = NumPyBuilder()


def evaluate(expression: Callable[..., Any], *inputs: Any) -> np.ndarray:
    """Computes an element expression on arrays.

    Args:
        expression: a function of a builder and of one value for each input.
        inputs: arrays, or what NumPy makes arrays of.
    """
    with np.errstate(all="ignore"):
        result = expression(BUILDER, *(BUILDER.input(x) for x in inputs))
    return result.array if isinstance(result, NumPyScalar) else np.asarray(result)
