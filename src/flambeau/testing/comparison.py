"""Whether two results are as close as rounding explains."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

import flambeau as fb
from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.tensor.tensor import Tensor

# Relative and absolute tolerance of each type, as PyTorch's.
TOLERANCES = {
    "float16": (1e-3, 1e-5), "bfloat16": (1.6e-2, 1e-5), "float32": (1.3e-6, 1e-5),
    "float64": (1e-7, 1e-7), "complex64": (1.3e-6, 1e-5), "complex128": (1e-7, 1e-7),
}  # fmt: skip


def assert_close(
    actual: Any,
    expected: Any,
    *,
    allow_subclasses: bool = True,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = False,
    check_device: bool = True,
    check_dtype: bool = True,
    check_layout: bool = True,
    check_stride: bool = False,
    msg: str | Callable[[str], str] | None = None,
) -> None:
    """Require two tensors, or containers of tensors, to be close.

    :math:`|actual - expected| ≤ atol + rtol · |expected|`

    Args:
        actual, expected: tensors, numbers, or sequences and mappings of them.
        allow_subclasses: whether types may differ that are related by inheritance.
        rtol, atol: both or neither; PyTorch's for the type if neither is given.
        equal_nan: whether nan is close to nan.
        check_device, check_layout: without effect, for there is one of each.
        check_dtype: whether types must agree; otherwise both are promoted.
        check_stride: whether strides must agree.
        msg: another text for the error, or a function from its text to another.

    Raises:
        AssertionError: if they are not close, or differ in type or shape.
        ValueError: if only one of ``rtol`` and ``atol`` is given.
        TypeError: for what cannot be compared.

    Example:
        >>> import flambeau as fb
        >>> fb.testing.assert_close(fb.tensor([1.]) / 3, fb.tensor([0.33333333]))
    """
    if (rtol is None) is not (atol is None):
        raise ValueError(
            message("assert_close: one tolerance", expected="rtol and atol, or none", got="one")
        )
    options = {
        "rtol": rtol, "atol": atol, "equal_nan": equal_nan, "check_dtype": check_dtype,
        "check_stride": check_stride, "allow_subclasses": allow_subclasses,
    }  # fmt: skip
    try:
        _compare(actual, expected, "", options)
    except AssertionError as error:
        if msg is None:
            raise
        raise AssertionError(msg(str(error)) if callable(msg) else msg) from None


def _fail(problem: str, expected: Any, got: Any, place: str) -> AssertionError:
    where = f" at {place}" if place else ""
    text = message(f"assert_close: {problem}{where}", expected=str(expected), got=str(got))
    return AssertionError(text)


def _compare(actual: Any, expected: Any, place: str, options: dict[str, Any]) -> None:
    if isinstance(actual, Mapping) and isinstance(expected, Mapping):
        if set(actual) != set(expected):
            raise _fail("keys differ", sorted(expected), sorted(actual), place)
        for key in expected:
            _compare(actual[key], expected[key], f"{place}[{key!r}]", options)
        return
    if _is_sequence(actual) and _is_sequence(expected):
        if len(actual) != len(expected):
            raise _fail("lengths differ", len(expected), len(actual), place)
        for i, (x, y) in enumerate(zip(actual, expected, strict=True)):
            _compare(x, y, f"{place}[{i}]", options)
        return
    if actual is None and expected is None:
        return
    related = isinstance(actual, type(expected)) or isinstance(expected, type(actual))
    if isinstance(actual, Tensor) is not isinstance(expected, Tensor) or (
        isinstance(actual, Tensor) and not options["allow_subclasses"] and not related
    ):
        raise TypeError(
            message(
                "assert_close: cannot be compared",
                expected="two tensors, or two numbers",
                got=f"{type(actual).__name__} and {type(expected).__name__}",
            )
        )
    _compare_tensors(_tensor(actual), _tensor(expected), place, options)


def _is_sequence(x: Any) -> bool:
    return isinstance(x, Sequence) and not isinstance(x, str)


def _tensor(x: Any) -> Tensor:
    if isinstance(x, Tensor):
        return x
    try:
        return fb.as_tensor(x, dtype=fb.float64 if isinstance(x, float) else None)
    except (TypeError, ValueError, RuntimeError):
        raise TypeError(
            message(
                "assert_close: cannot be compared",
                expected="tensors, numbers, or sequences and mappings of them",
                got=type(x).__name__,
            )
        ) from None


def _compare_tensors(x: Tensor, y: Tensor, place: str, options: dict[str, Any]) -> None:
    if tuple(x.shape) != tuple(y.shape):
        raise _fail("shapes differ", tuple(y.shape), tuple(x.shape), place)
    if options["check_dtype"] and x.dtype is not y.dtype:
        raise _fail("types differ", y.dtype, x.dtype, place)
    if options["check_stride"] and x.stride() != y.stride():
        raise _fail("strides differ", y.stride(), x.stride(), place)
    rtol, atol = options["rtol"], options["atol"]
    if rtol is None:
        pairs = [TOLERANCES.get(t.dtype.name, (0.0, 0.0)) for t in (x, y)]
        rtol, atol = max(p[0] for p in pairs), max(p[1] for p in pairs)
    a, b = _wide(x), _wide(y)
    close = np.isclose(a, b, rtol, atol, equal_nan=options["equal_nan"])
    if close.all():
        return
    away = np.where(close, 0.0, np.abs(a - b)) if a.dtype.kind != "b" else ~close
    worst = tuple(int(i) for i in np.unravel_index(np.argmax(np.nan_to_num(away)), a.shape))
    raise _fail(
        f"{int((~close).sum())} of {close.size} elements are not close",
        f"{y[worst].item()!r} at {list(worst)}, within rtol={rtol} and atol={atol}",
        f"{x[worst].item()!r}",
        place,
    )


def _wide(x: Tensor) -> np.ndarray:
    """The values, in a type in which their difference is not rounded."""
    array = x.detach()._array
    if x.dtype.category == dtypes.FLOATING:
        return array.astype(np.float64)
    return array.astype(np.complex128) if array.dtype.kind == "c" else array
