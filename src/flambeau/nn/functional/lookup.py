"""Looking up rows of a table."""

from __future__ import annotations

from flambeau.autograd.modes import no_grad
from flambeau.core.errors import message
from flambeau.ops.embedding import embedding as look_up
from flambeau.ops.embedding import embedding_renorm_
from flambeau.tensor.tensor import Tensor


def padding_row(name: str, padding_idx: int | None, count: int) -> int | None:
    """The padding row as a number from 0; ``None`` stays.

    Raises:
        AssertionError: if there is no such row.
    """
    if padding_idx is None:
        return None
    if not -count <= padding_idx < max(count, 1):
        raise AssertionError(
            message(
                f"{name}: padding_idx is not a row of the table",
                expected=f"a number from {-count} to {count - 1}",
                got=str(padding_idx),
            )
        )
    return padding_idx + count if padding_idx < 0 else padding_idx


def embedding(
    input: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """Rows of a table, one for each number in ``input``.

    :math:`out[i..., :] = weight[input[i...], :]`

    Args:
        input: row numbers, of type int64 or int32.
        weight: the table.
        padding_idx: a row that gets no gradient.
        max_norm: rows that are looked up and longer than this are shortened, in the table.
        norm_type: the p of the p-norm that is meant.
        scale_grad_by_freq: divide the gradient of a row by how often it was looked up.
        sparse: without effect: the gradient is a dense tensor, which ``optim.SparseAdam`` takes.

    Shape: (*) and (num_embeddings, embedding_dim) -> (*, embedding_dim).

    Raises:
        AssertionError: if ``padding_idx`` is not a row of the table.
        IndexError: if a number is out of range.
        RuntimeError: for numbers of another type.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.functional.embedding(fb.tensor([1, 0]), fb.eye(2))
        tensor([[0., 1.],
                [1., 0.]])
    """
    if padding_idx is not None:
        padding_idx = padding_row("embedding", padding_idx, weight.size(0))
    if max_norm is not None:
        with no_grad():
            embedding_renorm_(weight, input, max_norm, norm_type)
    row = -1 if padding_idx is None else padding_idx
    return look_up(weight, input, row, scale_grad_by_freq)
