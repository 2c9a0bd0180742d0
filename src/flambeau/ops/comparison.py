"""Comparisons, questions about single values, and logic."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.core.spec import Spec
from flambeau.ops.elementwise import binary, elementwise, unary
from flambeau.ops.operands import BOOL, SAME, not_a_tensor, refuse_complex
from flambeau.ops.publish import public
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor


def _comparison(
    name: str, function: Any, symbol: str, aliases: tuple[str, ...], scalar: Any, ordered: bool
) -> Any:
    example = {
        "eq": " True, False", "ne": "False,  True", "lt": "False, False", "le": " True, False",
        "gt": "False,  True", "ge": "True, True",
    }[name]  # fmt: skip
    return binary(
        name,
        function,
        output=BOOL,
        check=refuse_complex if ordered else None,
        direct="fiub",
        numbers=(False, True),
        aliases=aliases,
        scalar=scalar,
        doc=f"""Compare elementwise.

    :math:`out = input {symbol} other`, of type bool.

    Operands of different types are compared in their common type. Every comparison with nan is
    false, except ``ne``.

    Example:
        >>> import flambeau as fb
        >>> fb.{name}(fb.tensor([1., 2.]), 1)
        tensor([{example}])
    """,
    )


eq = _comparison("eq", np.equal, "=", (), lambda s, x, y: x == y, False)
ne = _comparison("ne", np.not_equal, "≠", ("not_equal",), lambda s, x, y: x != y, False)
lt = _comparison("lt", np.less, "<", ("less",), lambda s, x, y: x < y, True)
le = _comparison("le", np.less_equal, "≤", ("less_equal",), lambda s, x, y: x <= y, True)
gt = _comparison("gt", np.greater, ">", ("greater",), lambda s, x, y: x > y, True)
ge = _comparison("ge", np.greater_equal, "≥", ("greater_equal",), lambda s, x, y: x >= y, True)


def _one_answer(*arrays: Any) -> Spec:
    return Spec((), BOOL)


def _equal(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.asarray(x.shape == y.shape and bool(np.all(np.equal(x, y))))


EQUAL = Operation(
    "equal",
    inputs="input other",
    evaluate=_equal,
    infer=_one_answer,
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 3)), make.tensor((2, 3)))),
        make.sample(inputs=(make.tensor((2,)), make.tensor((3,)))),
        make.sample(inputs=(make.tensor((0,)), make.tensor((0,)))),
    ],
)


@public(method=True)
def equal(input: Tensor, other: Tensor) -> bool:
    """Whether two tensors have the same shape and the same elements.

    Args:
        input, other: tensors.

    Example:
        >>> import flambeau as fb
        >>> fb.equal(fb.tensor([1, 2]), fb.tensor([1, 2])), fb.equal(fb.ones(2), fb.ones(3))
        (True, False)
    """
    for x in (input, other):
        if not isinstance(x, Tensor):
            raise not_a_tensor("equal", x)
    return bool(apply(EQUAL, (input, other)))


# --- closeness ---------------------------------------------------------------------------------


def _isclose(x: Any, y: Any, rtol: float, atol: float, equal_nan: bool) -> np.ndarray:
    close = np.equal(x, y)
    if equal_nan and x.dtype.kind in "fc":
        close |= np.isnan(x) & np.isnan(y)
    if rtol == 0 and atol == 0:
        return close
    if x.dtype.kind not in "fc":
        x, y = x.astype(np.float64), y.astype(np.float64)
    distance = np.abs(x - y)
    near = (distance <= atol + np.abs(rtol * y)) & np.isfinite(distance)
    return close | near


def _check_close(x: Any, y: Any, rtol: float, atol: float, equal_nan: bool) -> None:
    if x.dtype != y.dtype:
        raise RuntimeError(
            message(
                "isclose: the types differ",
                expected="two tensors of one type",
                got=f"{dtypes.of(x.dtype)} and {dtypes.of(y.dtype)}",
                help="convert one of them with .to(dtype)",
            )
        )
    for name, tolerance in (("rtol", rtol), ("atol", atol)):
        if not tolerance >= 0:
            raise RuntimeError(
                message(
                    f"isclose: {name} must not be negative", expected=">= 0", got=repr(tolerance)
                )
            )


def _close_samples(make: Any) -> list[Any]:
    params = (1e-5, 1e-8, False)
    return [
        make.sample(inputs=(make.tensor((2, 3)), make.tensor((2, 3))), params=params),
        make.sample(inputs=(make.tensor((2, 3)), make.tensor((3,))), params=(0.5, 0.5, True)),
        make.sample(inputs=(make.tensor(()), make.tensor(())), params=(0.0, 0.0, False)),
        make.sample(inputs=(make.tensor((0,)), make.tensor((0,))), params=params),
        make.error((make.tensor((2,)), make.integers((2,), 0, 3)), params, RuntimeError),
        make.error((make.tensor((2,)), make.tensor((2,))), (-1.0, 0.0, False), RuntimeError),
    ]


ISCLOSE = elementwise(
    "isclose",
    _isclose,
    inputs="input other",
    params="rtol atol equal_nan",
    output=BOOL,
    samples=_close_samples,
)
_infer_close = ISCLOSE.infer


def _checked_close(x: Any, y: Any, *params: Any) -> Spec:
    _check_close(x, y, *params)
    return _infer_close(x, y, *params)


ISCLOSE.infer, ISCLOSE.strict = _checked_close, True


@public(method=True)
def isclose(
    input: Tensor,
    other: Tensor,
    rtol: float = 1e-05,
    atol: float = 1e-08,
    equal_nan: bool = False,
) -> Tensor:
    """Whether elements are nearly equal.

    :math:`|input - other| \\le atol + rtol · |other|`

    Args:
        input, other: tensors of one type whose shapes broadcast.
        rtol: the difference allowed relative to ``other``, at least 0.
        atol: the difference allowed in any case, at least 0.
        equal_nan: whether nan is close to nan.

    Raises:
        RuntimeError: if the types differ or a tolerance is negative.

    Example:
        >>> import flambeau as fb
        >>> fb.isclose(fb.tensor([1., 1.]), fb.tensor([1.000001, 1.1]))
        tensor([ True, False])
    """
    for x in (input, other):
        if not isinstance(x, Tensor):
            raise not_a_tensor("isclose", x)
    return apply(ISCLOSE, (input, other), (float(rtol), float(atol), bool(equal_nan)))


@public(method=True)
def allclose(
    input: Tensor,
    other: Tensor,
    rtol: float = 1e-05,
    atol: float = 1e-08,
    equal_nan: bool = False,
) -> bool:
    """Whether all elements are nearly equal.

    :math:`|input - other| \\le atol + rtol · |other|` everywhere.

    Args:
        input, other: tensors of one type whose shapes broadcast.
        rtol: the difference allowed relative to ``other``, at least 0.
        atol: the difference allowed in any case, at least 0.
        equal_nan: whether nan is close to nan.

    Raises:
        RuntimeError: if the types differ or a tolerance is negative.

    Example:
        >>> import flambeau as fb
        >>> fb.allclose(fb.tensor([1., 2.]), fb.tensor([1., 2.000001]))
        True
    """
    return bool(isclose(input, other, rtol, atol, equal_nan).all())


# --- questions about single values ---------------------------------------------------------------


def _question(name: str, function: Any, what: str, answers: str, scalar: Any, real: bool) -> Any:
    return unary(
        name,
        function,
        kind=SAME,
        output=BOOL,
        check=refuse_complex if real else None,
        inplace=False,
        scalar=scalar,
        doc=f"""Whether each element is {what}.

    Example:
        >>> import flambeau as fb
        >>> fb.{name}(fb.tensor([1., float("inf"), -float("inf"), float("nan")]))
        tensor([{answers}])
    """,
    )


isnan = _question(
    "isnan", np.isnan, "nan", "False, False, False,  True", lambda s, x: s.isnan(x), False
)
isinf = _question(
    "isinf", np.isinf, "inf or -inf", "False,  True,  True, False", lambda s, x: s.isinf(x), False
)
isfinite = _question(
    "isfinite", np.isfinite, "neither infinite nor nan", " True, False, False, False",
    lambda s, x: s.isfinite(x), False,
)  # fmt: skip


def _integers_are_finite(function: Any) -> Any:
    return lambda x: function(x) if x.dtype.kind == "f" else np.zeros(x.shape, np.bool)


isposinf = _question(
    "isposinf", _integers_are_finite(np.isposinf), "inf", "False,  True, False, False",
    lambda s, x: s.logical_and(s.isinf(x), x > 0), True,
)  # fmt: skip
isneginf = _question(
    "isneginf", _integers_are_finite(np.isneginf), "-inf", "False, False,  True, False",
    lambda s, x: s.logical_and(s.isinf(x), x < 0), True,
)  # fmt: skip
isreal = unary(
    "isreal",
    lambda x: np.equal(x.imag, 0),
    kind=SAME,
    output=BOOL,
    inplace=False,
    scalar=lambda s, x: s.constant(True),
    doc="""Whether each element is a real number: one whose imaginary part is 0.

    Example:
        >>> import flambeau as fb
        >>> fb.isreal(fb.tensor([1 + 0j, 1j]))
        tensor([ True, False])
    """,
)
signbit = unary(
    "signbit",
    lambda x: np.signbit(x) if x.dtype.kind == "f" else np.less(x, 0),
    kind=SAME,
    output=BOOL,
    check=refuse_complex,
    inplace=False,
    scalar=lambda s, x: (s.copysign(s.constant(1, x.dtype), x) if "float" in x.dtype else x) < 0,
    doc="""Whether the sign bit of each element is set; it is for -0.0 too.

    Example:
        >>> import flambeau as fb
        >>> fb.signbit(fb.tensor([1., -1., -0.0]))
        tensor([False,  True,  True])
    """,
)


# --- logic ---------------------------------------------------------------------------------------


def _logical(name: str, function: Any, what: str, answers: str, scalar: Any) -> Any:
    return binary(
        name,
        function,
        output=BOOL,
        direct="fiub",
        numbers=(False, False),
        scalar=scalar,
        doc=f"""Whether {what} not zero.

    Example:
        >>> import flambeau as fb
        >>> fb.{name}(fb.tensor([0, 0, 2]), fb.tensor([0, 1, 3]))
        tensor([{answers}])
    """,
    )


logical_and = _logical(
    "logical_and", np.logical_and, "both elements are", "False, False,  True",
    lambda s, x, y: s.logical_and(x, y),
)  # fmt: skip
logical_or = _logical(
    "logical_or", np.logical_or, "one of the elements is", "False,  True,  True",
    lambda s, x, y: s.logical_or(x, y),
)  # fmt: skip
logical_xor = _logical(
    "logical_xor", np.logical_xor, "exactly one of the elements is", "False,  True, False",
    lambda s, x, y: s.logical_xor(x, y),
)  # fmt: skip
logical_not = unary(
    "logical_not",
    np.logical_not,
    kind=SAME,
    output=BOOL,
    scalar=lambda s, x: s.logical_not(x),
    doc="""Whether each element is zero.

    Example:
        >>> import flambeau as fb
        >>> fb.logical_not(fb.tensor([0, 2]))
        tensor([ True, False])
    """,
)
