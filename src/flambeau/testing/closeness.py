"""`assert_close`: tensors, numbers and containers of them that are nearly equal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.tensor.construction import as_tensor
from flambeau.tensor.tensor import Tensor

# (rtol, atol) for each type; what is not here must be equal.
_TOLERANCES = {
    dtypes.float16: (1e-3, 1e-5),
    dtypes.bfloat16: (1.6e-2, 1e-5),
    dtypes.float32: (1.3e-6, 1e-5),
    dtypes.float64: (1e-7, 1e-7),
    dtypes.complex64: (1.3e-6, 1e-5),
    dtypes.complex128: (1e-7, 1e-7),
}
_NUMBERS = {
    bool: dtypes.bool_,
    int: dtypes.int64,
    float: dtypes.float64,
    complex: dtypes.complex128,
}


class _Rules(NamedTuple):
    """What counts as close, and what else must agree."""

    rtol: float | None
    atol: float | None
    equal_nan: bool
    allow_subclasses: bool
    check_dtype: bool
    check_stride: bool

    def tolerances(self, *kinds: Any) -> tuple[float, float]:
        """The relative and the absolute tolerance for values of these types."""
        if self.rtol is not None and self.atol is not None:
            return self.rtol, self.atol
        found = [_TOLERANCES.get(kind, (0.0, 0.0)) for kind in kinds]
        return max(r for r, _ in found), max(a for _, a in found)


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
    r"""Raise an error unless two results are nearly equal.

    .. math:: |actual - expected| \le atol + rtol \cdot |expected|

    Tensors and arrays must have the same shape and type too; sequences and dicts the same lengths
    and keys, and their contents are compared.

    Args:
        actual, expected: tensors, NumPy arrays, numbers, ``None``, or sequences and dicts of them.
        allow_subclasses: whether a subclass of tensors may be compared with a tensor.
        rtol, atol: the tolerances; if neither is given, what the type's precision allows: 1.3e-6
            and 1e-5 for float32, 1e-7 and 1e-7 for float64, 0 for integers.
        equal_nan: whether nan equals nan.
        check_device, check_layout: selectors without effect: there is one of each.
        check_dtype: whether the types must be the same.
        check_stride: whether the strides must be the same.
        msg: the error's text instead, or what makes it of the usual one.

    Raises:
        AssertionError: if they are not.
        TypeError: if they are of kinds that cannot be compared.
        ValueError: if only one tolerance is given.

    Example:
        >>> import flambeau as fb
        >>> fb.testing.assert_close(fb.tensor([1.0, 2.0]), fb.tensor([1.0, 2.000001]))
        >>> fb.testing.assert_close({"a": [1.0]}, {"a": [1.0 + 1e-9]})
    """
    if (rtol is None) != (atol is None):
        raise ValueError(
            message(
                "assert_close: one tolerance without the other",
                expected="both of rtol and atol, or neither",
                got=f"rtol={rtol}, atol={atol}",
            )
        )
    rules = _Rules(rtol, atol, equal_nan, allow_subclasses, check_dtype, check_stride)
    for text in _differences(actual, expected, rules, ""):
        if callable(msg):
            raise AssertionError(msg(text))
        raise AssertionError(text if msg is None else msg)


def assert_allclose(
    actual: Any,
    expected: Any,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = True,
    msg: Any = None,
) -> None:
    """:func:`assert_close` for values of any type, where nan is equal to nan.

    Args:
        actual, expected: tensors, or what becomes one.
        rtol, atol: the relative and the absolute tolerance.
        equal_nan: whether two nan are equal.
        msg: text in place of the usual one.

    Raises:
        AssertionError: if values are not close.

    Example:
        >>> import flambeau as fb
        >>> fb.testing.assert_allclose(fb.ones(2), [1, 1])
    """
    expected = as_tensor(expected)
    assert_close(
        as_tensor(actual, dtype=expected.dtype), expected, rtol=rtol, atol=atol,
        equal_nan=equal_nan, check_dtype=False, msg=msg,
    )  # fmt: skip


def _differences(actual: Any, expected: Any, rules: _Rules, place: str) -> Iterator[str]:
    """A text for each difference, in the order in which they are found."""
    if isinstance(actual, Tensor) and isinstance(expected, Tensor):
        if not rules.allow_subclasses and type(actual) is not type(expected):
            raise _incomparable(actual, expected, place)
        yield from _of_tensors(actual, expected, rules, place)
    elif isinstance(actual, np.ndarray) and isinstance(expected, np.ndarray):
        yield from _of_arrays(actual, expected, rules, place)
    elif isinstance(actual, Mapping) and isinstance(expected, Mapping):
        yield from _of_mappings(actual, expected, rules, place)
    elif _is_sequence(actual) and _is_sequence(expected):
        yield from _of_sequences(actual, expected, rules, place)
    elif actual is None or expected is None:
        if actual is not expected:
            yield _text("one is None", repr(expected), repr(actual), place)
    elif _is_number(actual) and _is_number(expected):
        yield from _of_numbers(actual, expected, rules, place)
    else:
        raise _incomparable(actual, expected, place)


def _is_sequence(x: Any) -> bool:
    return isinstance(x, Sequence) and not isinstance(x, (str, bytes))


def _is_number(x: Any) -> bool:
    return isinstance(x, (int, float, complex, np.number, np.bool_))


def _incomparable(actual: Any, expected: Any, place: str) -> TypeError:
    return TypeError(
        _text(
            "these cannot be compared",
            "two tensors, arrays, numbers, sequences or dicts",
            f"{type(actual).__name__} and {type(expected).__name__}",
            place,
        )
    )


def _text(problem: str, expected: str, got: str, place: str) -> str:
    at = f" at {place}" if place else ""
    return message(f"assert_close: {problem}{at}", expected=expected, got=got)


def _of_tensors(actual: Tensor, expected: Tensor, rules: _Rules, place: str) -> Iterator[str]:
    if rules.check_stride and actual.stride() != expected.stride():
        yield _text("strides differ", str(expected.stride()), str(actual.stride()), place)
    yield from _of_arrays(actual._values("assert_close"), expected._values("assert_close"),
                          rules, place)  # fmt: skip


def _of_arrays(actual: Any, expected: Any, rules: _Rules, place: str) -> Iterator[str]:
    if actual.shape != expected.shape:
        yield _text("shapes differ", str(expected.shape), str(actual.shape), place)
        return
    kinds = dtypes.of(actual.dtype), dtypes.of(expected.dtype)
    if rules.check_dtype and kinds[0] is not kinds[1]:
        yield _text("types differ", repr(kinds[1]), repr(kinds[0]), place)
        return
    yield from _of_values(actual, expected, rules, rules.tolerances(*kinds), place)


def _of_numbers(actual: Any, expected: Any, rules: _Rules, place: str) -> Iterator[str]:
    kinds = type(actual), type(expected)
    if rules.check_dtype and kinds[0] is not kinds[1]:
        yield _text("types differ", kinds[1].__name__, kinds[0].__name__, place)
        return
    known = [_NUMBERS[k] if k in _NUMBERS else dtypes.of(np.dtype(k)) for k in kinds]
    values = np.asarray(actual), np.asarray(expected)
    yield from _of_values(*values, rules, rules.tolerances(*known), place)


def _of_values(
    actual: np.ndarray,
    expected: np.ndarray,
    rules: _Rules,
    tolerances: tuple[float, float],
    place: str,
) -> Iterator[str]:
    rtol, atol = tolerances
    letters = actual.dtype.kind + expected.dtype.kind
    wide: Any = np.complex128 if "c" in letters else np.float64
    if not (rtol or atol) and all(letter in "biu" for letter in letters):
        wide = object if "u" in letters else np.int64  # which hold every integer exactly
    x: Any = actual.astype(wide)
    y: Any = expected.astype(wide)
    with np.errstate(all="ignore"):
        distance = np.asarray(abs(x - y))
        within = distance <= atol + rtol * abs(y)
        close = (x == y) | (np.isfinite(distance.astype(float)) & within)
        if rules.equal_nan and wide is not object:
            close = close | (np.isnan(x) & np.isnan(y))
    if not np.all(close):
        yield _text(
            "values are not close" if rtol or atol else "values are not equal",
            f"differences of at most {atol:g} + {rtol:g} |expected|",
            _shown(np.asarray(x), np.asarray(y), distance, np.asarray(close)),
            place,
        )


def _shown(x: np.ndarray, y: np.ndarray, distance: np.ndarray, close: np.ndarray) -> str:
    if not x.ndim:
        return f"{x.item()} instead of {y.item()}"
    far = np.where(close, -1.0, np.nan_to_num(distance.astype(float), nan=np.inf))
    where = np.unravel_index(int(far.argmax()), far.shape)
    count = close.size - int(np.count_nonzero(close))
    index = tuple(int(i) for i in where)
    furthest = f"{x[where]} instead of {y[where]} at {index}"
    return f"{count} of {close.size} elements differ by more, the most {furthest}"


def _of_mappings(actual: Any, expected: Any, rules: _Rules, place: str) -> Iterator[str]:
    if actual.keys() != expected.keys():
        yield _text("keys differ", str(list(expected)), str(list(actual)), place)
        return
    for key in expected:
        yield from _differences(actual[key], expected[key], rules, f"{place}[{key!r}]")


def _of_sequences(actual: Any, expected: Any, rules: _Rules, place: str) -> Iterator[str]:
    if len(actual) != len(expected):
        yield _text("lengths differ", str(len(expected)), str(len(actual)), place)
        return
    for index, (a, b) in enumerate(zip(actual, expected, strict=True)):
        yield from _differences(a, b, rules, f"{place}[{index}]")
