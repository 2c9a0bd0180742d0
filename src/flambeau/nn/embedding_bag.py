"""The layer that looks up bags of vectors."""

from __future__ import annotations

from typing import Any

from flambeau.core.errors import message
from flambeau.nn.embedding import Embedding
from flambeau.nn.functional.bags import embedding_bag
from flambeau.tensor.tensor import Tensor


class EmbeddingBag(Embedding):
    """A table of vectors, of which each bag of numbers gives a sum, a mean or a maximum.

    :math:`out_b = Σ_{i in bag b} w_i · weight[input_i]` for ``mode="sum"``.

    The table starts with samples of the standard normal distribution.

    Args:
        num_embeddings: the number of vectors.
        embedding_dim: their size.
        max_norm: rows that are looked up and longer than this are shortened, in the table.
        norm_type: the p of the p-norm that is meant.
        scale_grad_by_freq: divide the gradient of a row by how often it was looked up.
        mode: ``"sum"``, ``"mean"`` or ``"max"``.
        sparse: without effect: gradients are dense tensors.
        include_last_offset: whether offsets end with the end of the last bag.
        padding_idx: a row that starts at zero and does not count.
        device: the CPU.
        dtype: the type of the table; the default type if not given.

    Shape: (bags, length), or (n,) and offsets (bags,) -> (bags, embedding_dim).

    Raises:
        AssertionError: if ``padding_idx`` is out of range.

    Differs from PyTorch: it is a kind of :class:`Embedding`.

    Example:
        >>> import flambeau as fb
        >>> layer = fb.nn.EmbeddingBag(10, 3, mode="sum")
        >>> layer(fb.tensor([1, 2, 4, 5, 4, 3]), fb.tensor([0, 4])).shape
        torch.Size([2, 3])
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        _weight: Tensor | None = None,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            num_embeddings,
            embedding_dim,
            padding_idx,
            max_norm,
            norm_type,
            scale_grad_by_freq,
            sparse,
            _weight,
            device=device,
            dtype=dtype,
        )
        self.mode = mode
        self.include_last_offset = include_last_offset

    def forward(
        self,
        input: Tensor,
        offsets: Tensor | None = None,
        per_sample_weights: Tensor | None = None,
    ) -> Tensor:
        """One vector for each bag."""
        return embedding_bag(
            input,
            self.weight,
            offsets,
            self.max_norm,
            self.norm_type,
            self.scale_grad_by_freq,
            self.mode,
            self.sparse,
            per_sample_weights,
            self.include_last_offset,
            self.padding_idx,
        )

    def extra_repr(self) -> str:
        text = f"{self.num_embeddings}, {self.embedding_dim}"
        if self.max_norm is not None:
            text += f", max_norm={self.max_norm}"
        if self.norm_type != 2:
            text += f", norm_type={self.norm_type}"
        if self.scale_grad_by_freq is not False:
            text += f", scale_grad_by_freq={self.scale_grad_by_freq}"
        text += f", mode={self.mode!r}"
        if self.padding_idx is not None:
            text += f", padding_idx={self.padding_idx}"
        return text

    @classmethod
    def from_pretrained(  # type: ignore[override]
        cls,
        embeddings: Tensor,
        freeze: bool = True,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
    ) -> EmbeddingBag:
        """A layer around a table that exists; it shares the table's memory.

        Args:
            embeddings: the table, a matrix.
            freeze: whether the table is not to be trained.
            max_norm, norm_type, scale_grad_by_freq, mode, sparse, include_last_offset: as for the
                layer.
            padding_idx: a row that does not count; its values stay.

        Raises:
            AssertionError: if the table is not a matrix.

        Example:
            >>> import flambeau as fb
            >>> layer = fb.nn.EmbeddingBag.from_pretrained(fb.eye(2))
            >>> layer(fb.tensor([[1, 1, 0, 0]]))
            tensor([[0.5000, 0.5000]])
        """
        if embeddings.dim() != 2:
            raise AssertionError(
                message(
                    "from_pretrained: the table is not a matrix",
                    expected="shape (num_embeddings, embedding_dim)",
                    got=f"shape {tuple(embeddings.shape)}",
                )
            )
        layer = cls(
            *embeddings.shape,
            max_norm=max_norm,
            norm_type=norm_type,
            scale_grad_by_freq=scale_grad_by_freq,
            mode=mode,
            sparse=sparse,
            _weight=embeddings,
            include_last_offset=include_last_offset,
            padding_idx=padding_idx,
        )
        layer.weight.requires_grad = not freeze
        return layer
