"""Operations on the bits of integers, and on truth values."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.ops.elementwise import binary, unary
from flambeau.ops.elementwise_samples import of_one_integer, of_two_integers
from flambeau.ops.operands import SAME, only_integers, refuse_floating


def _bitwise(name: str, function: Any, what: str, symbol: str, answer: str, scalar: Any) -> Any:
    return binary(
        name,
        function,
        check=refuse_floating,
        direct="iub",
        both=False,
        scalar=scalar,
        samples=of_two_integers(),
        doc=f"""The bits that {what}; on bool tensors the logical operation.

    :math:`out = input` {symbol} :math:`other`

    Example:
        >>> import flambeau as fb
        >>> fb.{name}(fb.tensor([6, -1]), 3)
        tensor([{answer}])
    """,
    )


bitwise_and = _bitwise(
    "bitwise_and", np.bitwise_and, "both operands have", "&", "2, 3", lambda s, x, y: x & y
)
bitwise_or = _bitwise(
    "bitwise_or", np.bitwise_or, "one of the operands has", "|", " 7, -1", lambda s, x, y: x | y
)
bitwise_xor = _bitwise(
    "bitwise_xor", np.bitwise_xor, "exactly one of the operands has", "^", " 5, -4",
    lambda s, x, y: x ^ y,
)  # fmt: skip


def _only_bits(name: str, common: dtypes.dtype) -> None:
    if common.category > dtypes.INTEGER:
        raise TypeError(
            message(
                f"{name}: only defined on integer and bool tensors",
                expected="integers or truth values",
                got=str(common),
            )
        )


bitwise_not = unary(
    "bitwise_not",
    np.invert,
    kind=SAME,
    check=_only_bits,
    scalar=lambda s, x: ~x,
    samples=of_one_integer,
    doc="""Every bit turned over; on bool tensors the logical negation.

    :math:`out = {\\sim}input`

    Example:
        >>> import flambeau as fb
        >>> ~fb.tensor([0, 5]), ~fb.tensor([True, False])
        (tensor([-1, -6]), tensor([False,  True]))
    """,
)


def _shift_right(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    bits = 8 * x.dtype.itemsize
    outside = (y < 0) | (y >= bits)
    if not np.any(outside):
        return np.right_shift(x, y)
    if x.dtype.kind == "u":
        zero = np.zeros((), x.dtype)
        return np.where(outside, zero, np.right_shift(x, np.where(outside, zero, y)))
    return np.right_shift(x, np.where(outside, bits - 1, y).astype(y.dtype))


def _shift_left(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    outside = (y < 0) | (y >= 8 * x.dtype.itemsize)
    if not np.any(outside):
        return np.left_shift(x, y)
    zero = np.zeros((), x.dtype)
    return np.where(outside, zero, np.left_shift(x, np.where(outside, zero, y)))


bitwise_left_shift = binary(
    "bitwise_left_shift",
    _shift_left,
    both=False,
    check=only_integers,
    samples=of_two_integers((0, 5)),
    scalar=lambda s, x, y: x << y,
    doc="""Bits moved to the left: a multiplication by a power of 2.

    :math:`out = input · 2^{other}`; 0 once every bit has left.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([1, 3]) << 2
        tensor([ 4, 12])
    """,
)

bitwise_right_shift = binary(
    "bitwise_right_shift",
    _shift_right,
    both=False,
    check=only_integers,
    samples=of_two_integers((0, 5)),
    scalar=lambda s, x, y: x >> y,
    doc="""Bits moved to the right, keeping the sign: a division by a power of 2, rounded down.

    :math:`out = ⌊input / 2^{other}⌋`; 0 or -1 once every bit has left.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([12, -3]) >> 1
        tensor([ 6, -2])
    """,
)
