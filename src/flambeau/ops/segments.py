"""Reductions of consecutive pieces of a dimension."""

from __future__ import annotations

from typing import Any

from flambeau.core.errors import message
from flambeau.core.shapes import wrap_dim
from flambeau.ops.publish import PUBLIC, public
from flambeau.ops.view_record import require_tensor
from flambeau.tensor.tensor import Tensor

# What each reduction begins with.
_STARTS = {"sum": 0.0, "mean": 0.0, "max": float("-inf"), "min": float("inf"), "prod": 1.0}
_SCATTERED = {"sum": "sum", "mean": "sum", "max": "amax", "min": "amin", "prod": "prod"}


@public()
def segment_reduce(
    data: Tensor,
    reduce: str,
    *,
    lengths: Tensor | None = None,
    indices: Tensor | None = None,
    offsets: Tensor | None = None,
    axis: int = 0,
    unsafe: bool = False,
    initial: Any = None,
) -> Tensor:
    """Reduce consecutive pieces of a dimension, each to one element.

    Args:
        data: a floating-point tensor.
        reduce: ``"sum"``, ``"mean"``, ``"max"``, ``"min"`` or ``"prod"``.
        lengths: how long the pieces are: a vector, or of the shape of ``data`` up to ``axis`` and
            then one dimension more.
        indices: not supported, as in PyTorch.
        offsets: in place of ``lengths``, where each piece begins, and where the last one ends.
        axis: the dimension.
        unsafe: leave out the checks that look at values.
        initial: what each piece begins with; it counts in sums, though not in the number of
            elements that a mean divides by. Pieces of no elements give it.

    Shape: that of ``data`` with as many elements along ``axis`` as there are pieces.

    Raises:
        RuntimeError: for an unknown reduction, with neither or both of ``lengths`` and
            ``offsets``, or where lengths do not add up to the size.

    Example:
        >>> import flambeau as fb
        >>> x = fb.tensor([1., 2., 3., 4.])
        >>> fb.segment_reduce(x, "mean", lengths=fb.tensor([1, 3]))
        tensor([1., 3.])
    """
    array = require_tensor("segment_reduce", data)
    axis = wrap_dim("segment_reduce", axis, array.ndim)
    if reduce not in _STARTS:
        raise _fail("no such reduction", ", ".join(_STARTS), repr(reduce))
    if indices is not None or (lengths is None) is (offsets is None):
        raise _fail("the pieces are not told", "either lengths or offsets", "both, or neither")
    bounds: Any = offsets
    if lengths is not None:
        bounds = PUBLIC["constant_pad_nd"](lengths.cumsum(-1), (1, 0))  # type: ignore[attr-defined]
    counts: Any = bounds.diff(dim=-1)
    size, pieces = array.shape[axis], counts.shape[-1]
    if tuple(counts.shape[:-1]) != array.shape[:axis]:
        raise _fail(
            "the pieces do not fit",
            f"lengths of shape {(*array.shape[:axis], 'n')}",
            str(tuple(counts.shape)),
        )
    if lengths is not None and not unsafe:
        _check_lengths(lengths, size)
    positions = PUBLIC["arange"](size).expand(*array.shape[:axis], size).contiguous()
    # 0 is before the first piece, and the last one behind all pieces.
    piece: Any = PUBLIC["searchsorted"](bounds.contiguous(), positions, right=True)
    first = _STARTS[reduce] if initial is None else float(initial)
    start: Any = PUBLIC["full"](
        (*array.shape[:axis], pieces + 2, *array.shape[axis + 1 :]), first, dtype=data.dtype
    )
    behind = (1,) * (array.ndim - axis - 1)
    index = piece.reshape(*piece.shape, *behind).expand(array.shape)
    found = start.scatter_reduce(axis, index, data, _SCATTERED[reduce]).narrow(axis, 1, pieces)
    if reduce != "mean":
        return found
    divisor = counts.clamp(min=1) if initial is not None else counts
    return found / divisor.reshape(*counts.shape, *behind).to(data.dtype)


def _fail(problem: str, expected: str, got: str) -> RuntimeError:
    return RuntimeError(message(f"segment_reduce: {problem}", expected=expected, got=got))


def _check_lengths(lengths: Any, size: int) -> None:
    if bool((lengths < 0).any()) or bool((lengths.sum(-1) != size).any()):
        raise _fail(
            "lengths do not add up",
            f"lengths >= 0 whose sum is {size}",
            str(lengths.tolist()),
        )
