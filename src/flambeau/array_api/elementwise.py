"""Functions of each element: the standard's names, most of which PyTorch has as well."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flambeau.array_api.types import promoted
from flambeau.ops.publish import PUBLIC
from flambeau.tensor.tensor import Tensor

# The standard's name -> PyTorch's.
UNARY = {
    "abs": "abs", "acos": "acos", "acosh": "acosh", "asin": "asin", "asinh": "asinh",
    "atan": "atan", "atanh": "atanh", "bitwise_invert": "bitwise_not", "ceil": "ceil",
    "cos": "cos", "cosh": "cosh", "exp": "exp", "expm1": "expm1", "floor": "floor",
    "isfinite": "isfinite", "isinf": "isinf", "isnan": "isnan", "log": "log", "log10": "log10",
    "log1p": "log1p", "log2": "log2", "logical_not": "logical_not", "negative": "neg",
    "positive": "positive", "reciprocal": "reciprocal", "round": "round", "sign": "sgn",
    "signbit": "signbit", "sin": "sin", "sinh": "sinh", "sqrt": "sqrt", "square": "square",
    "tan": "tan", "tanh": "tanh", "trunc": "trunc",
}  # fmt: skip
BINARY = {
    "add": "add", "atan2": "atan2", "bitwise_and": "bitwise_and",
    "bitwise_left_shift": "bitwise_left_shift", "bitwise_or": "bitwise_or",
    "bitwise_right_shift": "bitwise_right_shift", "bitwise_xor": "bitwise_xor",
    "copysign": "copysign", "divide": "div", "equal": "eq", "floor_divide": "floor_divide",
    "greater": "gt", "greater_equal": "ge", "hypot": "hypot", "less": "lt", "less_equal": "le",
    "logaddexp": "logaddexp", "logical_and": "logical_and", "logical_or": "logical_or",
    "logical_xor": "logical_xor", "maximum": "maximum", "minimum": "minimum", "multiply": "mul",
    "nextafter": "nextafter", "not_equal": "ne", "pow": "pow", "remainder": "remainder",
    "subtract": "sub",
}  # fmt: skip


def _unary(name: str, ours: str) -> Callable[[Tensor], Tensor]:
    function = PUBLIC[ours]

    def call(x: Tensor, /) -> Tensor:
        return function(x)

    return _named(call, name, ours)


def _binary(name: str, ours: str) -> Callable[[Any, Any], Tensor]:
    function = PUBLIC[ours]

    def call(x1: Any, x2: Any, /) -> Tensor:
        return function(*promoted(x1, x2))

    return _named(call, name, ours)


def _named(call: Callable[..., Any], name: str, ours: str) -> Callable[..., Any]:
    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"The standard's ``{name}``: :func:`flambeau.{ours}` of each element."
    return call


globals().update({name: _unary(name, ours) for name, ours in UNARY.items()})
globals().update({name: _binary(name, ours) for name, ours in BINARY.items()})


def clip(x: Tensor, /, min: Any = None, max: Any = None) -> Tensor:
    """Each element, raised to ``min`` and lowered to ``max`` where they are given."""
    if min is None and max is None:
        return x.clone()  # type: ignore[attr-defined]
    low, high = (_bound(b, x) for b in (min, max))
    return PUBLIC["clamp"](x, low, high)


def _bound(bound: Any, x: Tensor) -> Any:
    if bound is None:
        return None
    if isinstance(bound, Tensor):
        return bound.to(x.dtype)  # type: ignore[attr-defined]
    return PUBLIC["full"]((), bound, dtype=x.dtype)


def conj(x: Tensor, /) -> Tensor:
    """The complex conjugate of each element."""
    return PUBLIC["conj"](x)


def real(x: Tensor, /) -> Tensor:
    """The real part of each element."""
    return PUBLIC["real"](x)


def imag(x: Tensor, /) -> Tensor:
    """The imaginary part of each element of a complex array."""
    return PUBLIC["imag"](x)


def where(condition: Tensor, x1: Any, x2: Any, /) -> Tensor:
    """``x1`` where the condition holds, ``x2`` elsewhere."""
    return PUBLIC["where"](condition, *promoted(x1, x2))
