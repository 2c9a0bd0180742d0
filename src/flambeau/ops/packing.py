"""Sequences of several lengths: packed into rows, and padded to one tensor."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from flambeau.core.errors import ShapeError, message
from flambeau.core.spec import Spec
from flambeau.ops.joining import cat, stack
from flambeau.ops.recurrence import unrolled
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import Operation


@lru_cache(maxsize=256)
def _places(batch_sizes: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Time and sequence of each row."""
    time = np.repeat(np.arange(len(batch_sizes)), batch_sizes)
    sequence = np.concatenate([np.arange(size) for size in batch_sizes])
    return time, sequence


def _pack(padded: np.ndarray, batch_sizes: tuple[int, ...]) -> np.ndarray:
    return padded[_places(batch_sizes)]


def _infer_pack(padded: Any, batch_sizes: tuple[int, ...]) -> Spec:
    if padded.ndim < 2 or padded.shape[0] < len(batch_sizes) or padded.shape[1] != batch_sizes[0]:
        raise ShapeError(
            message(
                "pack_padded_sequence: lengths and input do not fit",
                expected=f"input of shape ({len(batch_sizes)} or more, {batch_sizes[0]}, ...)",
                got=f"input {tuple(padded.shape)}",
            )
        )
    return Spec((sum(batch_sizes), *padded.shape[2:]), padded.dtype)


def _pad(rows: np.ndarray, batch_sizes: tuple[int, ...], value: float, length: int) -> np.ndarray:
    shape = (length, batch_sizes[0], *rows.shape[1:])
    padded = np.full(shape, value, rows.dtype)
    padded[_places(batch_sizes)] = rows
    return padded


def _infer_pad(rows: Any, batch_sizes: tuple[int, ...], value: float, length: int) -> Spec:
    if rows.ndim < 1 or rows.shape[0] != sum(batch_sizes):
        raise ShapeError(
            message(
                "pad_packed_sequence: batch_sizes and data do not fit",
                expected=f"data of shape ({sum(batch_sizes)}, ...)",
                got=f"data {tuple(rows.shape)}",
            )
        )
    return Spec((length, batch_sizes[0], *rows.shape[1:]), rows.dtype)


def _pack_in_parts(padded: Any, batch_sizes: tuple[int, ...]) -> Any:
    return cat([padded.select(0, t).narrow(0, 0, size) for t, size in enumerate(batch_sizes)])


def _pad_in_parts(rows: Any, batch_sizes: tuple[int, ...], value: float, length: int) -> Any:
    steps, start, count = [], 0, batch_sizes[0]
    for size in batch_sizes + (0,) * (length - len(batch_sizes)):
        parts = [rows.narrow(0, start, size)] if size else []
        if size < count:
            parts.append(rows.new_full((count - size, *rows.shape[1:]), value))
        steps.append(parts[0] if len(parts) == 1 else cat(parts))
        start += size
    return stack(steps)


PACK = Operation(
    "pack_padded_sequence",
    inputs="input",
    params="batch_sizes",
    evaluate=_pack,
    infer=_infer_pack,
    strict=True,
    gradient={
        "input": lambda g, input_shape, batch_sizes: apply(
            PAD, (g,), (batch_sizes, 0, input_shape[0])
        )
    },
    decompose=unrolled(_pack_in_parts),
    samples=lambda make: [
        make.sample((make.tensor((3, 2, 2)),), ((2, 1, 1),)),
        make.sample((make.tensor((4, 3)),), ((3, 3, 1),)),
        make.sample((make.transposed((2, 2, 3)),), ((2, 2),)),
        make.error((make.tensor((2, 2, 2)),), ((2, 1, 1),), RuntimeError),
        make.error((make.tensor((3, 3, 2)),), ((2, 1, 1),), RuntimeError),
    ],
)

PAD = Operation(
    "pad_packed_sequence",
    inputs="input",
    params="batch_sizes padding_value total_length",
    evaluate=_pad,
    infer=_infer_pad,
    strict=True,
    gradient={"input": lambda g, batch_sizes: apply(PACK, (g,), (batch_sizes,))},
    decompose=unrolled(_pad_in_parts),
    samples=lambda make: [
        make.sample((make.tensor((4, 2)),), ((2, 1, 1), 0, 3)),
        make.sample((make.tensor((5,)),), ((3, 2), -1.5, 4)),
        make.error((make.tensor((4, 2)),), ((2, 1), 0, 2), RuntimeError),
    ],
)


def _together(*given: Any) -> np.ndarray:
    *sequences, batch_first, value, left = given
    first = sequences[0]
    count, length = len(sequences), max(s.shape[0] for s in sequences)
    lead = (count, length) if batch_first else (length, count)
    padded = np.full((*lead, *first.shape[1:]), value, first.dtype)
    for place, sequence in enumerate(sequences):
        row = padded[place] if batch_first else padded[:, place]
        size = sequence.shape[0]
        row[length - size if left else 0 : length if left else size] = sequence
    return padded


def _infer_together(*given: Any) -> Spec:
    *sequences, batch_first, _, _ = given
    if not sequences:
        raise RuntimeError(
            message("pad_sequence: nothing to pad", expected="one tensor or more", got="none")
        )
    first = sequences[0]
    if any(s.ndim == 0 or s.shape[1:] != first.shape[1:] for s in sequences):
        raise ShapeError(
            message(
                "pad_sequence: sequences differ in more than their length",
                expected="shapes (length, ...) that are equal after the first dimension",
                got=", ".join(str(tuple(s.shape)) for s in sequences),
            )
        )
    count, length = len(sequences), max(s.shape[0] for s in sequences)
    lead = (count, length) if batch_first else (length, count)
    return Spec((*lead, *first.shape[1:]), first.dtype)


def _apart(
    g: Any, tensors_shape: Any, batch_first: bool, padding_value: float, left: bool
) -> tuple[Any, ...]:
    length = g.shape[1 if batch_first else 0]
    found = []
    for place, shape in enumerate(tensors_shape):
        row = g.select(0 if batch_first else 1, place)
        found.append(row.narrow(0, length - shape[0] if left else 0, shape[0]))
    return tuple(found)


PAD_SEQUENCE = Operation(
    "pad_sequence",
    inputs="*tensors",
    params="batch_first padding_value left",
    evaluate=_together,
    infer=_infer_together,
    strict=True,
    gradient=_apart,
    samples=lambda make: [
        make.sample((make.tensor((2, 3)), make.tensor((4, 3))), (False, 0.0, False)),
        make.sample((make.tensor((2,)), make.tensor((1,)), make.tensor((0,))), (True, -1.0, False)),
        make.sample((make.tensor((2, 3)), make.tensor((4, 3))), (True, 0.5, True)),
        make.error((make.tensor((2, 3)), make.tensor((4, 2))), (True, 0.5, True), RuntimeError),
        make.error((), (True, 0.0, False), RuntimeError),
    ],
)
