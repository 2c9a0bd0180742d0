"""The embedding layer."""

from __future__ import annotations

from typing import Any

from flambeau.autograd.modes import no_grad
from flambeau.core.errors import message
from flambeau.nn import init
from flambeau.nn.functional.lookup import embedding, padding_row
from flambeau.nn.module import Module
from flambeau.nn.parameter import Parameter
from flambeau.ops.creation import empty
from flambeau.tensor.tensor import Tensor


class Embedding(Module):
    """A table of vectors, looked up by number.

    :math:`out[i..., :] = weight[input[i...], :]`

    The table starts with samples of the standard normal distribution.

    Args:
        num_embeddings: the number of vectors.
        embedding_dim: their size.
        padding_idx: a row that starts at zero and gets no gradient.
        max_norm: rows that are looked up and longer than this are shortened, in the table.
        norm_type: the p of the p-norm that is meant.
        scale_grad_by_freq: divide the gradient of a row by how often it was looked up.
        sparse: that few rows get a gradient in each step, for readers: the gradient is a dense
            tensor either way, and ``optim.SparseAdam`` updates the rows that it touches.
        device: the CPU.
        dtype: the type of the table; the default type if not given.

    Shape: (*) -> (*, embedding_dim).

    Raises:
        AssertionError: if ``padding_idx`` is out of range.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.Embedding(10, 3)(fb.tensor([[1, 2], [4, 5]])).shape
        torch.Size([2, 2, 3])
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        _weight: Tensor | None = None,
        _freeze: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.padding_idx = padding_row("Embedding", padding_idx, num_embeddings)
        self.max_norm = max_norm
        self.norm_type = norm_type
        self.scale_grad_by_freq = scale_grad_by_freq
        self.sparse = sparse
        if _weight is None:
            table = empty(num_embeddings, embedding_dim, device=device, dtype=dtype)
            self.weight = Parameter(table, requires_grad=not _freeze)
            self.reset_parameters()
        else:
            _check_table(_weight, (num_embeddings, embedding_dim))
            self.weight = Parameter(_weight, requires_grad=not _freeze)

    def reset_parameters(self) -> None:
        """Draw initial values; the padding row becomes zero."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            with no_grad():
                self.weight[self.padding_idx].fill_(0)

    def forward(self, input: Tensor) -> Tensor:
        """The rows of the table that ``input`` names."""
        return embedding(
            input,
            self.weight,
            self.padding_idx,
            self.max_norm,
            self.norm_type,
            self.scale_grad_by_freq,
        )

    def extra_repr(self) -> str:
        text = f"{self.num_embeddings}, {self.embedding_dim}"
        if self.padding_idx is not None:
            text += f", padding_idx={self.padding_idx}"
        if self.max_norm is not None:
            text += f", max_norm={self.max_norm}"
        if self.norm_type != 2:
            text += f", norm_type={self.norm_type}"
        if self.scale_grad_by_freq is not False:
            text += f", scale_grad_by_freq={self.scale_grad_by_freq}"
        if self.sparse is not False:
            text += ", sparse=True"
        return text

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Tensor,
        freeze: bool = True,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
    ) -> Embedding:
        """A layer around a table that exists; it shares the table's memory.

        Args:
            embeddings: the table, a matrix.
            freeze: whether the table is not to be trained.
            padding_idx: a row that gets no gradient; its values stay.
            max_norm: as for the layer.
            norm_type: as for the layer.
            scale_grad_by_freq: as for the layer.
            sparse: as for the layer.

        Raises:
            AssertionError: if the table is not a matrix.

        Example:
            >>> import flambeau as fb
            >>> table = fb.tensor([[1.0, 2.3, 3.0], [4.0, 5.1, 6.3]])
            >>> fb.nn.Embedding.from_pretrained(table)(fb.tensor([1]))
            tensor([[4.0000, 5.1000, 6.3000]])
        """
        if embeddings.dim() != 2:
            raise AssertionError(
                message(
                    "from_pretrained: the table is not a matrix",
                    expected="shape (num_embeddings, embedding_dim)",
                    got=f"shape {tuple(embeddings.shape)}",
                )
            )
        return cls(
            *embeddings.shape,
            padding_idx=padding_idx,
            max_norm=max_norm,
            norm_type=norm_type,
            scale_grad_by_freq=scale_grad_by_freq,
            sparse=sparse,
            _weight=embeddings,
            _freeze=freeze,
        )


def _check_table(table: Tensor, expected: tuple[int, int]) -> None:
    if tuple(table.shape) != expected:
        raise AssertionError(
            message(
                "Embedding: the table has another shape",
                expected=f"shape {expected}",
                got=f"shape {tuple(table.shape)}",
            )
        )
