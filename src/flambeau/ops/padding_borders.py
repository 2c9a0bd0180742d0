"""Borders that continue an image: mirrored, repeated at the edge, or wrapped around."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np

from flambeau.core.dtypes import of
from flambeau.core.errors import message
from flambeau.core.spec import Spec
from flambeau.ops.native_copies import put
from flambeau.ops.padding_constant import amounts_by_dim
from flambeau.ops.publish import PUBLIC
from flambeau.ops.reduction import is_reduced
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor

Ints = tuple[int, ...]


# --- which element each place of the output shows -------------------------------------------------


def _reflected(place: int, size: int) -> int:
    place = abs(place)
    return 2 * (size - 1) - place if place >= size else place


@cache
def sources(mode: str, size: int, before: int, behind: int) -> Ints:
    """For each place along a padded dimension, the element that it shows."""
    places = range(-before, size + behind)
    if mode == "reflect":
        return tuple([_reflected(p, size) for p in places])
    if mode == "replicate":
        return tuple([min(max(p, 0), size - 1) for p in places])
    first, last = max(0, -before), size - max(0, -behind)
    return tuple([first + (p - first) % max(last - first, 1) for p in places])


def _padded_dims(ndim: int, pad: Ints) -> Iterator[tuple[int, int, int]]:
    """Each dimension with something to add or cut: dimension, before, behind."""
    for dim, (before, behind) in enumerate(amounts_by_dim(ndim, pad)):
        if before or behind:
            yield dim, before, behind


def _check(name: str, mode: str, x: Any, pad: Ints) -> Ints:
    if x.dtype.kind == "b" and mode != "circular":
        raise NotImplementedError(
            message(f"{name}: not defined on bool tensors", expected="numbers", got="torch.bool")
        )
    shape = list(x.shape)
    added = len(pad) // 2
    if mode != "circular" and 0 in shape[-added - 1 :]:
        raise _refuse(name, "an empty dimension cannot be continued", "sizes >= 1", x, pad)
    for dim, before, behind in _padded_dims(x.ndim, pad):
        size = shape[dim]
        shape[dim] = size + before + behind
        limit = {"reflect": size - 1, "circular": size + min(before, 0) + min(behind, 0)}
        if max(before, behind) > limit.get(mode, max(before, behind)):
            least = "less than the size" if mode == "reflect" else "at most the size"
            raise _refuse(name, "more is added than there is", f"borders of {least}", x, pad)
        if shape[dim] < (0 if mode == "circular" else 1):
            raise _refuse(name, "nothing is left", "borders that leave something", x, pad)
    return tuple(shape)


def _refuse(name: str, problem: str, expected: str, x: Any, pad: Ints) -> RuntimeError:
    got = f"shape {tuple(x.shape)} and pad={pad}"
    return RuntimeError(message(f"{name}: {problem}", expected=expected, got=got))


# --- on arrays ------------------------------------------------------------------------------------


def _extend(x: np.ndarray, mode: str, pad: Ints) -> np.ndarray:
    if min(pad) >= 0 and x.size:
        return _surrounded(x, mode, pad)
    for dim, before, behind in _padded_dims(x.ndim, pad):
        x = x.take(sources(mode, x.shape[dim], before, behind), dim)
    return x


def _surrounded(x: np.ndarray, mode: str, pad: Ints) -> np.ndarray:
    """The image in the middle of new memory, then one border after the other."""
    sides = amounts_by_dim(x.ndim, pad)
    out = np.empty([before + n + behind for n, (before, behind) in zip(x.shape, sides)], x.dtype)
    inner = tuple([slice(before, before + n) for n, (before, _) in zip(x.shape, sides)])
    put(out, x, inner)
    # A border's ends lie in other borders: dimensions follow each other, over those gone through.
    index: list[Any] = list(inner)
    for dim, before, behind in _padded_dims(x.ndim, pad):
        shown = sources(mode, x.shape[dim], before, behind)
        for at in (*range(before), *range(before + x.shape[dim], len(shown))):
            index[dim] = at
            target = out[tuple(index)]
            index[dim] = before + shown[at]
            target[...] = out[tuple(index)]
        index[dim] = slice(None)
    return out


def _fold_back(g: np.ndarray, mode: str, sizes: Ints, pad: Ints) -> np.ndarray:
    """The transpose of :func:`_extend`: borders are added to what they show."""
    kind = g.dtype
    x = g.astype(np.float32) if is_reduced(kind) else g
    for dim, before, behind in _padded_dims(x.ndim, pad):
        x = _fold_one(x, dim, sources(mode, sizes[dim], before, behind), sizes[dim], before)
    return x.astype(kind, copy=False)


def _fold_one(g: np.ndarray, dim: int, shown: Ints, size: int, before: int) -> np.ndarray:
    along = np.moveaxis(g, dim, 0)
    out = np.zeros((*g.shape[:dim], size, *g.shape[dim + 1 :]), g.dtype)
    target = np.moveaxis(out, dim, 0)
    first, last = max(0, -before), min(size, len(shown) - before)
    target[first:last] = along[first + before : last + before]
    for place, element in enumerate(shown):
        if not first <= place - before < last:
            target[element] += along[place]
    return out


# --- in simpler operations ------------------------------------------------------------------------


def _runs(shown: Ints) -> Iterator[tuple[int, int, int]]:
    """Stretches of a rising or falling order: first element, length, step (0: repeated)."""
    start = 0
    while start < len(shown):
        stop = start + 1
        step = shown[stop] - shown[start] if stop < len(shown) else 1
        step = step if step in (-1, 0, 1) else 1
        while stop < len(shown) and shown[stop] - shown[stop - 1] == step:
            stop += 1
        yield shown[start], stop - start, step
        start = stop


def _joined_runs(input: Any, mode: str, pad: Ints) -> Tensor:
    for dim, before, behind in _padded_dims(input.ndim, pad):
        shown = sources(mode, input.shape[dim], before, behind)
        parts = [_run(input, dim, *run) for run in _runs(shown)]
        input = PUBLIC["cat"](parts, dim) if len(parts) > 1 else parts[0]
    return input


def _run(input: Any, dim: int, first: int, length: int, step: int) -> Tensor:
    if step == 0:
        sizes = [length if d == dim else -1 for d in range(input.ndim)]
        return input.narrow(dim, first, 1).expand(*sizes)
    if step > 0:
        return input.narrow(dim, first, length)
    return input.narrow(dim, first - length + 1, length).flip(dim)


# --- the records ----------------------------------------------------------------------------------


def _samples(ndim: int) -> Callable[[Any], list[Any]]:
    def samples(make: Any) -> list[Any]:
        shape = (1, 3, 4, 3)[: ndim + 1]
        shape = (2, *shape[1:])
        return [
            make.sample((make.tensor(shape),), ((1, 2) * ndim,)),
            make.sample((make.transposed((2, *shape)),), ((-1, 1) + (2, 0) * (ndim - 1),)),
            make.sample((make.tensor((0, *shape)),), ((1, 1) * ndim,)),
            make.error((make.tensor((2, *shape[:-1], 0)),), ((1, 1) * ndim,), RuntimeError),
            make.error((make.tensor((2, *shape)),), ((-3, -3) * ndim,), RuntimeError),
        ]

    return samples


def _record(name: str, mode: str, ndim: int, node_name: str) -> Operation:
    return Operation(
        name,
        inputs="input",
        params="pad",
        evaluate=lambda x, pad: _extend(x, mode, pad),
        infer=lambda x, pad: Spec(_check(name, mode, x, pad), x.dtype),
        gradient={
            "input": lambda g, input_shape, pad: apply(
                FOLD_BACK, (g,), (name, mode, tuple(input_shape), pad)
            )
        },
        node_name=node_name,
        strict=True,
        decompose=lambda input, pad: _joined_runs(input, mode, pad),
        samples=_samples(ndim),
    )


RECORDS: dict[tuple[str, int], Operation] = {}
for _ndim in (1, 2, 3):
    RECORDS["reflect", _ndim] = _record(
        f"reflection_pad{_ndim}d", "reflect", _ndim, f"ReflectionPad{_ndim}DBackward0"
    )
    RECORDS["replicate", _ndim] = _record(
        f"replication_pad{_ndim}d", "replicate", _ndim, f"ReplicationPad{_ndim}DBackward0"
    )
    RECORDS["circular", _ndim] = _record(
        f"circular_pad{_ndim}d", "circular", _ndim, f"CircularPad{_ndim}DBackward0"
    )

_BY_NAME = {record.name: record for record in RECORDS.values()}

FOLD_BACK = Operation(
    "pad_backward",
    inputs="g",
    params="record mode sizes pad",
    evaluate=lambda g, record, mode, sizes, pad: _fold_back(g, mode, sizes, pad),
    infer=lambda g, record, mode, sizes, pad: Spec(sizes, g.dtype),
    gradient={"g": lambda g, record, pad: apply(_BY_NAME[record], (g,), (pad,))},
    samples=lambda make: [
        make.sample((make.tensor((2, 6)),), ("reflection_pad1d", "reflect", (2, 3), (1, 2))),
        make.sample(
            (make.tensor((2, 6, 4)),), ("replication_pad2d", "replicate", (2, 3, 5), (-1, 0, 1, 2))
        ),
        make.sample((make.tensor((2, 6)),), ("circular_pad1d", "circular", (2, 3), (1, 2))),
    ],
)


def pad_with(mode: str, input: Tensor, pad: Ints) -> Tensor:
    """Continue the last dimensions of a tensor.

    Raises:
        NotImplementedError: unless one or two dimensions come before those that are padded.
    """
    count, ndim = len(pad) // 2, input._array.ndim
    if count not in (1, 2, 3) or ndim - count not in (1, 2):
        raise NotImplementedError(
            message(
                f"pad: mode {mode!r} is not defined for these dimensions",
                expected="2, 4 or 6 sizes, and one or two dimensions before those they are for",
                got=f"{of(input._array.dtype)} of shape {tuple(input._array.shape)}, pad={pad}",
            )
        )
    return apply(RECORDS[mode, count], (input,), (pad,))
