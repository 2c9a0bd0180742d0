"""Batches of sequences of several lengths: packed for recurrent layers, and padded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import ShapeError, message
from flambeau.ops.packing import PACK, PAD, PAD_SEQUENCE
from flambeau.tensor.construction import from_numpy
from flambeau.tensor.dispatch import apply
from flambeau.tensor.tensor import Tensor


class _Fields(NamedTuple):
    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None
    unsorted_indices: Tensor | None


class PackedSequence(_Fields):
    """Sequences without padding: the rows of the first time step, of the second, and so on.

    It is made by :func:`pack_padded_sequence` and :func:`pack_sequence`.

    Attributes:
        data: the rows.
        batch_sizes: how many sequences there are at each time, an int64 tensor.
        sorted_indices: where in the batch each sequence was before they were sorted by length.
        unsorted_indices: the inverse permutation.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.nn.utils.rnn import pack_sequence
        >>> pack_sequence([fb.tensor([1, 2, 3]), fb.tensor([4])]).data
        tensor([1, 4, 2, 3])
    """

    def __new__(
        cls,
        data: Any,
        batch_sizes: Any = None,
        sorted_indices: Tensor | None = None,
        unsorted_indices: Tensor | None = None,
    ) -> PackedSequence:
        if batch_sizes is None:  # the first argument is (data, batch_sizes)
            data, batch_sizes = data
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    @property
    def steps(self) -> tuple[int, ...]:
        """``batch_sizes`` as Python numbers, which are known also while a function is recorded."""
        known = self.__dict__.get("_steps")
        return tuple(self.batch_sizes.tolist()) if known is None else known

    def with_data(self, data: Tensor, steps: tuple[int, ...] | None = None) -> PackedSequence:
        """Other rows of the same sequences.

        Args:
            data: the rows.
            steps: ``batch_sizes`` as Python numbers; what is known of them if not given.
        """
        other = self._replace(data=data)
        other.__dict__["_steps"] = self.__dict__.get("_steps") if steps is None else steps
        return other

    def to(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """The same with ``data`` converted, as :meth:`flambeau.Tensor.to` does."""
        data = self.data.to(*args, **kwargs)
        return self if data is self.data else self.with_data(data)

    def cpu(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """The same: there is no other device."""
        return self

    def pin_memory(self) -> PackedSequence:
        """The same: memory of the CPU needs no pinning."""
        return self

    def is_pinned(self) -> bool:
        """Whether the memory is pinned: never."""
        return False

    @property
    def is_cuda(self) -> bool:
        """Whether the data are on a GPU: never."""
        return False


def _conversion(name: str, kind: Any) -> Callable[[PackedSequence], PackedSequence]:
    def convert(self: PackedSequence) -> PackedSequence:
        return self.to(dtype=kind)

    convert.__name__ = name
    convert.__qualname__ = f"PackedSequence.{name}"
    convert.__doc__ = f"The same with ``data`` of type {kind}."
    return convert


for _name, _kind in (
    ("double", dtypes.float64), ("float", dtypes.float32), ("half", dtypes.float16),
    ("long", dtypes.int64), ("int", dtypes.int32), ("short", dtypes.int16),
    ("char", dtypes.int8), ("byte", dtypes.uint8),
):  # fmt: skip
    setattr(PackedSequence, _name, _conversion(_name, _kind))


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """The permutation that undoes another one; ``None`` for ``None``.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.nn.utils.rnn import invert_permutation
        >>> invert_permutation(fb.tensor([2, 0, 1]))
        tensor([1, 2, 0])
    """
    return None if permutation is None else permutation.argsort()


def _lengths_of(lengths: Any) -> list[int]:
    given = lengths.tolist() if isinstance(lengths, Tensor) else list(lengths)
    return [int(length) for length in given]


def pack_padded_sequence(
    input: Tensor,
    lengths: Tensor | Sequence[int],
    batch_first: bool = False,
    enforce_sorted: bool = True,
) -> PackedSequence:
    """Leave the padding of a batch of sequences out.

    Args:
        input: the padded sequences.
        lengths: the length of each.
        batch_first: whether the first dimension of ``input`` is the batch, not time.
        enforce_sorted: whether the sequences come longest first; otherwise they are sorted.

    Shape: (length, batch, ...) or, with ``batch_first``, (batch, length, ...).

    Raises:
        RuntimeError: if lengths are not positive, not sorted where they must be, or do not fit.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.nn.utils.rnn import pack_padded_sequence
        >>> padded = fb.tensor([[1, 2, 0], [3, 0, 0], [4, 5, 6]])
        >>> packed = pack_padded_sequence(padded, [2, 1, 3], True, enforce_sorted=False)
        >>> packed.data, packed.batch_sizes
        (tensor([4, 1, 3, 5, 2, 6]), tensor([3, 2, 1]))
    """
    sizes = _lengths_of(lengths)
    batch = 0 if batch_first else 1
    _check_lengths(input, sizes, batch)
    order = None
    if not enforce_sorted:
        places = sorted(range(len(sizes)), key=lambda place: -sizes[place])
        sizes = [sizes[place] for place in places]
        order = from_numpy(np.array(places, np.int64))
        input = input.index_select(batch, order)
    elif sizes != sorted(sizes, reverse=True):
        raise RuntimeError(
            message(
                "pack_padded_sequence: lengths are not sorted",
                expected="lengths in decreasing order",
                got=str(sizes),
                help="pass enforce_sorted=False to have the sequences sorted",
            )
        )
    if batch_first:
        input = input.transpose(0, 1)
    steps = tuple([sum(size > t for size in sizes) for t in range(sizes[0])])
    data = apply(PACK, (input,), (steps,))
    packed = PackedSequence(data, from_numpy(np.array(steps, np.int64)), order)
    return packed.with_data(data, steps)


def _check_lengths(input: Tensor, sizes: list[int], batch: int) -> None:
    if input.ndim < 2 or len(sizes) != input.shape[batch]:
        raise ShapeError(
            message(
                "pack_padded_sequence: number of lengths does not fit",
                expected="one length for each sequence",
                got=f"{len(sizes)} lengths and input of shape {tuple(input.shape)}",
            )
        )
    if not sizes or min(sizes) <= 0:
        raise RuntimeError(
            message(
                "pack_padded_sequence: a sequence is empty",
                expected="lengths greater than 0",
                got=str(sizes),
            )
        )


def pad_packed_sequence(
    sequence: PackedSequence,
    batch_first: bool = False,
    padding_value: float = 0.0,
    total_length: int | None = None,
) -> tuple[Tensor, Tensor]:
    """Put the padding of a packed batch back.

    Args:
        sequence: the packed sequences.
        batch_first: whether the first dimension of the result is the batch, not time.
        padding_value: what to pad with.
        total_length: the length to pad to; that of the longest sequence if not given.

    Returns:
        The padded sequences, in the order they had before they were packed, and their lengths.

    Raises:
        ValueError: if ``total_length`` is less than the longest sequence's.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.nn.utils.rnn import pack_sequence, pad_packed_sequence
        >>> pad_packed_sequence(pack_sequence([fb.tensor([1, 2]), fb.tensor([3])]), True)
        (tensor([[1, 2],
                [3, 0]]), tensor([2, 1]))
    """
    steps = sequence.steps
    length = len(steps) if total_length is None else total_length
    if length < len(steps):
        raise ValueError(
            message(
                "pad_packed_sequence: total_length is too small",
                expected=f"at least {len(steps)}, the length of the longest sequence",
                got=str(total_length),
            )
        )
    padded = apply(PAD, (sequence.data,), (steps, padding_value, length))
    if batch_first:
        padded = padded.transpose(0, 1)
    lengths = from_numpy(np.array([sum(s > b for s in steps) for b in range(steps[0])], np.int64))
    order = sequence.unsorted_indices
    if order is not None:
        return padded.index_select(0 if batch_first else 1, order), lengths[order]
    return padded, lengths


def pad_sequence(
    sequences: Iterable[Tensor],
    batch_first: bool = False,
    padding_value: float = 0.0,
    padding_side: str = "right",
) -> Tensor:
    """Put sequences of several lengths into one tensor.

    Args:
        sequences: tensors that differ in their first dimension only.
        batch_first: whether the first dimension of the result is the batch, not time.
        padding_value: what to pad with.
        padding_side: ``"right"`` or ``"left"``.

    Shape: (length_i, ...) each -> (longest, batch, ...), or with ``batch_first``
        (batch, longest, ...).

    Raises:
        RuntimeError: if there are none, they do not fit, or the side is another one.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.nn.utils.rnn import pad_sequence
        >>> pad_sequence([fb.tensor([1, 2]), fb.tensor([3])], batch_first=True)
        tensor([[1, 2],
                [3, 0]])
    """
    if not isinstance(sequences, Iterable):
        raise RuntimeError(
            message(
                "pad_sequence: not a list of tensors",
                expected="an iterable of tensors",
                got=type(sequences).__name__,
            )
        )
    if padding_side not in ("left", "right"):
        raise RuntimeError(
            message(
                "pad_sequence: unknown padding_side",
                expected="'left' or 'right'",
                got=repr(padding_side),
            )
        )
    params = (bool(batch_first), padding_value, padding_side == "left")
    return apply(PAD_SEQUENCE, tuple(sequences), params)


def unpad_sequence(
    padded_sequences: Tensor, lengths: Tensor, batch_first: bool = False
) -> list[Tensor]:
    """The sequences of a padded batch, one by one.

    Args:
        padded_sequences: the batch.
        lengths: the length of each.
        batch_first: whether its first dimension is the batch, not time.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.nn.utils.rnn import unpad_sequence
        >>> unpad_sequence(fb.tensor([[1, 2], [3, 0]]), fb.tensor([2, 1]), batch_first=True)
        [tensor([1, 2]), tensor([3])]

    Differs from PyTorch: without ``batch_first`` the padded batch itself is not transposed.
    """
    batch = padded_sequences if batch_first else padded_sequences.transpose(0, 1)
    return [seq[:length].clone() for seq, length in zip(batch, _lengths_of(lengths), strict=True)]


def pack_sequence(sequences: Sequence[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Pack sequences of several lengths.

    Args:
        sequences: tensors that differ in their first dimension only.
        enforce_sorted: whether they come longest first; otherwise they are sorted.

    Raises:
        RuntimeError: if they are not sorted where they must be, or one is empty.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.nn.utils.rnn import pack_sequence
        >>> pack_sequence([fb.tensor([1, 2, 3]), fb.tensor([4])]).batch_sizes
        tensor([2, 1, 1])
    """
    lengths = [sequence.size(0) for sequence in sequences]
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """The sequences of a packed batch, one by one.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.nn.utils.rnn import pack_sequence, unpack_sequence
        >>> unpack_sequence(pack_sequence([fb.tensor([1, 2]), fb.tensor([3])]))
        [tensor([1, 2]), tensor([3])]
    """
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)
