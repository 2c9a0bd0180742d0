"""Finding places in sorted sequences, and membership."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from flambeau.core.errors import message
from flambeau.core.spec import Spec
from flambeau.ops.publish import PUBLIC, public
from flambeau.ops.reduction import widened
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor

_BOOL, _INT32, _INT64 = np.dtype(np.bool_), np.dtype(np.int32), np.dtype(np.int64)


def _check(sequence: Any, values: Any, right: bool, out_int32: bool) -> Spec:
    if not sequence.shape:
        raise RuntimeError(
            message(
                "searchsorted: the sorted sequence is 0-d",
                expected="at least 1 dimension",
                got="shape ()",
            )
        )
    if len(sequence.shape) > 1 and sequence.shape[:-1] != tuple(values.shape[:-1]):
        raise RuntimeError(
            message(
                "searchsorted: leading sizes differ",
                expected="a vector, or sequences and values with equal sizes but the last",
                got=f"sequence {tuple(sequence.shape)} and values {tuple(values.shape)}",
            )
        )
    return Spec(values.shape, _INT32 if out_int32 else _INT64)


def _searchsorted(sequence: np.ndarray, values: np.ndarray, right: bool, out_int32: bool) -> Any:
    kind = _check(sequence, values, right, out_int32).dtype
    side = "right" if right else "left"
    sequence, values = widened(sequence), widened(values)
    if sequence.ndim == 1:
        return np.asarray(sequence.searchsorted(values, side)).astype(kind, copy=False)
    out = np.empty(values.shape, kind)
    count = prod(values.shape[:-1])
    rows = out.reshape(count, values.shape[-1])
    pairs = zip(
        sequence.reshape(count, sequence.shape[-1]), values.reshape(rows.shape), rows, strict=True
    )
    for ordered, wanted, found in pairs:
        found[...] = ordered.searchsorted(wanted, side)
    return out


SEARCHSORTED = Operation(
    "searchsorted",
    inputs="sorted_sequence input",
    params="right out_int32",
    evaluate=_searchsorted,
    infer=_check,
    samples=lambda make: [
        make.sample(inputs=(make.integers((1,), 0, 5), make.tensor((2, 3))), params=(False, False)),
        make.sample(inputs=(make.tensor((2, 1)), make.tensor((2, 4))), params=(True, True)),
        make.sample(inputs=(make.tensor((0,)), make.tensor(())), params=(False, False)),
        make.error((make.tensor((2, 3)), make.tensor((3,))), (False, False), RuntimeError),
    ],
)


def _as_values(values: Any, sequence: Tensor) -> Tensor:
    if isinstance(values, Tensor):
        return values
    return PUBLIC["full"]((), values, dtype=sequence.dtype if values.__class__ is int else None)


@public()
def searchsorted(
    sorted_sequence: Tensor, input: Any, *, out_int32: bool = False, right: bool = False,
    side: str | None = None, out: Any = None, sorter: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Where values would have to be inserted to keep a sequence sorted.

    :math:`s_{i-1} < v ≤ s_i`, or :math:`s_{i-1} ≤ v < s_i` with ``right=True``

    Args:
        sorted_sequence: ascending along the last dimension.
        input: values, or one number.
        out_int32: give int32 instead of int64.
        right: insert behind equal elements and not before them.
        side: ``"left"`` or ``"right"``, a second way to say that.
        out: a tensor to write the result into.
        sorter: indices that sort the sequence, if it is not sorted.

    Shape: that of ``input``; with a sequence of several dimensions, all sizes but the last must
    agree.

    Raises:
        RuntimeError: if sizes do not agree, or ``side`` is unknown or contradicts ``right``.

    Example:
        >>> import flambeau as fb
        >>> fb.searchsorted(fb.tensor([1, 3, 5]), fb.tensor([3, 6]))
        tensor([1, 3])
    """
    if side is not None and (side not in ("left", "right") or (right and side == "left")):
        raise RuntimeError(
            message(
                "searchsorted: side is unknown or contradicts right",
                expected="'left' or 'right'",
                got=f"side={side!r}, right={right}",
            )
        )
    if sorter is not None:
        sorted_sequence = sorted_sequence.gather(-1, sorter)  # type: ignore[attr-defined]
    values = _as_values(input, sorted_sequence)
    params = bool(right) or side == "right", bool(out_int32)
    result = apply(SEARCHSORTED, (sorted_sequence, values), params)
    return result if out is None else write_out("searchsorted", out, result)


@public()
def bucketize(
    input: Any, boundaries: Tensor, *, out_int32: bool = False, right: bool = False, out: Any = None
) -> Tensor:
    """The number of the bucket that each value falls into.

    Args:
        input: values, or one number.
        boundaries: an ascending vector.
        out_int32: give int32 instead of int64.
        right: whether a value that is equal to a boundary belongs to the bucket behind it.
        out: a tensor to write the result into.

    Shape: that of ``input``.

    Raises:
        RuntimeError: if ``boundaries`` is not a vector.

    Example:
        >>> import flambeau as fb
        >>> fb.bucketize(fb.tensor([0., 3., 9.]), fb.tensor([1., 3., 5.]))
        tensor([0, 1, 3])
    """
    if boundaries._array.ndim != 1:
        raise RuntimeError(
            message(
                "bucketize: boundaries must be a vector",
                expected="1 dimension",
                got=f"shape {tuple(boundaries._array.shape)}",
            )
        )
    return searchsorted(boundaries, input, out_int32=out_int32, right=right, out=out)


# --- membership ---------------------------------------------------------------------------------

ISIN = Operation(
    "isin",
    inputs="elements test_elements",
    params="invert",
    evaluate=lambda elements, tests, invert: np.isin(
        widened(elements), widened(tests), invert=invert
    ),
    infer=lambda elements, tests, invert: Spec(elements.shape, _BOOL),
    samples=lambda make: [
        make.sample(inputs=(make.integers((2, 3), 0, 5), make.integers((2,), 0, 5)), params=(i,))
        for i in (False, True)
    ],
)


@public()
def isin(
    elements: Any, test_elements: Any, *, assume_unique: bool = False, invert: bool = False,
    out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Whether each element is among some others.

    Args:
        elements: a tensor or number.
        test_elements: a tensor or number.
        assume_unique: accepted; results do not depend on it.
        invert: whether it is *not* among them.
        out: a tensor to write the result into.

    Shape: that of ``elements``.

    Example:
        >>> import flambeau as fb
        >>> fb.isin(fb.tensor([1, 2, 3]), fb.tensor([2, 5]))
        tensor([False,  True, False])
    """
    if not isinstance(elements, Tensor):
        elements = _as_values(elements, test_elements)
    if not isinstance(test_elements, Tensor):
        test_elements = _as_values(test_elements, elements)
    result = apply(ISIN, (elements, test_elements), (bool(invert),))
    return result if out is None else write_out("isin", out, result)
