"""Looking up bags of rows."""

from __future__ import annotations

from typing import Any

from flambeau.autograd.modes import no_grad
from flambeau.core.errors import message
from flambeau.ops import embedding_bag as records
from flambeau.ops.embedding import embedding_renorm_
from flambeau.tensor.tensor import Tensor


def embedding_bag(
    input: Tensor,
    weight: Tensor,
    offsets: Tensor | None = None,
    max_norm: float | None = None,
    norm_type: float = 2,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Tensor:
    """Sums, means or maxima of rows of a table, bag by bag.

    :math:`out_b = Σ_{i in bag b} w_i · weight[input_i]`, or divided by the number of rows, or the
    maximum in place of the sum. An empty bag gives zeros.

    Args:
        input: row numbers: a matrix with a bag in each row, or all bags one after the other.
        weight: the table.
        offsets: where in ``input`` each bag begins, if it is not a matrix.
        max_norm: rows that are looked up and longer than this are shortened, in the table.
        norm_type: the p of the p-norm that is meant.
        scale_grad_by_freq: divide the gradient of a row by how often it was looked up.
        mode: ``"sum"``, ``"mean"`` or ``"max"``.
        sparse: without effect: the gradient is a dense tensor.
        per_sample_weights: what rows are multiplied by, for ``"sum"``.
        include_last_offset: whether ``offsets`` ends with the end of the last bag.
        padding_idx: a row that does not count.

    Shape: (bags, length), or (n,) and (bags,); (num_embeddings, embedding_dim) ->
        (bags, embedding_dim).

    Raises:
        ValueError: if shapes or options do not fit.
        NotImplementedError: for ``per_sample_weights`` of another mode.
        RuntimeError: if a number is out of range, offsets are no places, or types do not fit.

    Differs from PyTorch: ``scale_grad_by_freq`` divides by how often the row itself was looked up,
        where PyTorch takes the count of another row.

    Example:
        >>> import flambeau as fb
        >>> table = fb.eye(3)
        >>> fb.nn.functional.embedding_bag(fb.tensor([0, 0, 2]), table, fb.tensor([0, 2]))
        tensor([[1., 0., 0.],
                [0., 0., 1.]])
    """
    length = _check_shapes(input, weight, offsets, per_sample_weights)
    _check_mode(mode, scale_grad_by_freq, sparse, per_sample_weights)
    if input.ndim == 2:
        input = input.reshape(-1)
        if per_sample_weights is not None:
            per_sample_weights = per_sample_weights.reshape(-1)
    row = _padding_row(padding_idx, weight.shape[0])
    if max_norm is not None:
        with no_grad():
            embedding_renorm_(weight, input, max_norm, norm_type)
    params = (mode, row, length, bool(include_last_offset))
    return records.embedding_bag(
        weight, input, offsets, per_sample_weights, *params, bool(scale_grad_by_freq)
    )


def _check_shapes(input: Any, weight: Any, offsets: Any, factors: Any) -> int:
    """The length of bags that are rows of a matrix, 0 for others.

    Raises:
        ValueError: if shapes do not fit.
        RuntimeError: if bags in a matrix have no elements.
    """
    if factors is not None and tuple(factors.shape) != tuple(input.shape):
        raise _wrong(
            "shape of per_sample_weights", str(tuple(input.shape)), str(tuple(factors.shape))
        )
    if weight.ndim != 2:
        raise _wrong(
            "weight is not a matrix", "(num_embeddings, embedding_dim)", str(tuple(weight.shape))
        )
    if input.ndim == 2 and offsets is not None:
        raise _wrong("offsets of a matrix", "None: each row is a bag", "offsets")
    if input.ndim == 1 and (offsets is None or offsets.ndim != 1):
        shown = "None" if offsets is None else str(tuple(offsets.shape))
        raise _wrong("offsets are missing", "offsets of shape (bags,)", shown)
    if input.ndim not in (1, 2):
        raise _wrong("shape of the input", "(bags, length) or (n,)", str(tuple(input.shape)))
    if input.ndim == 2 and input.shape[1] == 0:
        raise RuntimeError(
            message("embedding_bag: bags are empty", expected="length > 0", got="length 0")
        )
    return input.shape[1] if input.ndim == 2 else 0


def _padding_row(padding_idx: int | None, count: int) -> int:
    """The padding row as a number from 0; -1 if there is none."""
    if padding_idx is None:
        return -1
    if not -count <= padding_idx < count:
        raise RuntimeError(
            message(
                "embedding_bag: padding_idx is not a row of the table",
                expected=f"a number from {-count} to {count - 1}",
                got=str(padding_idx),
            )
        )
    return padding_idx % count


def _check_mode(mode: str, scale: bool, sparse: bool, factors: Any) -> None:
    if mode not in ("sum", "mean", "max"):
        raise _wrong("unknown mode", "'sum', 'mean' or 'max'", repr(mode))
    if mode == "max" and (scale or sparse):
        raise _wrong(
            "an option that max does not have", "no scale_grad_by_freq, no sparse", "one of them"
        )
    if factors is not None and mode != "sum":
        raise NotImplementedError(
            message(
                "embedding_bag: per_sample_weights of another mode",
                expected="mode='sum'",
                got=f"mode={mode!r}",
            )
        )


def _wrong(problem: str, expected: str, got: str) -> ValueError:
    return ValueError(message(f"embedding_bag: {problem}", expected=expected, got=got))
