"""Sums, means and maxima of rows of a table, bag by bag."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core.errors import message
from flambeau.core.spec import Spec
from flambeau.ops.embedding import EMBEDDING_BACKWARD
from flambeau.ops.sequences import arange
from flambeau.tensor.dispatch import apply
from flambeau.tensor.interpreting import may_use_states
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor

INTEGER = np.dtype(np.int64)


def _bag_of_each(offsets: Any, count: int, length: int, last: bool) -> tuple[np.ndarray, int]:
    """The bag that each index belongs to (-1 behind the last one), and how many bags there are."""
    if offsets is None:
        return np.repeat(np.arange(count // length), length), count // length
    ends = offsets[1:] if last else np.append(offsets[1:], count)
    starts = offsets[:-1] if last else offsets
    _check_offsets(offsets, count)
    bags = np.repeat(np.arange(len(starts)), ends - starts)
    return np.concatenate((bags, np.full(count - len(bags), -1, bags.dtype))), len(starts)


def _check_offsets(offsets: np.ndarray, count: int) -> None:
    if not offsets.size:
        return
    if offsets[0] != 0 or offsets[-1] > count or (np.diff(offsets) < 0).any():
        raise RuntimeError(
            message(
                "embedding_bag: offsets are not places in the input",
                expected=f"increasing numbers from 0 to at most {count}, the input's length",
                got=np.array2string(offsets, threshold=8),
            )
        )


def _check_indices(indices: np.ndarray, rows: int) -> None:
    if indices.size and (indices.min() < 0 or indices.max() >= rows):
        wrong = indices[(indices < 0) | (indices >= rows)][0]
        raise RuntimeError(
            message(
                "embedding_bag: an index is out of range",
                expected=f"indices from 0 to {rows - 1}",
                got=str(wrong),
            )
        )


def _embedding_bag(
    weight: np.ndarray, indices: np.ndarray, offsets: Any, factors: Any, mode: str,
    padding_idx: int, length: int, last: bool,
) -> tuple[np.ndarray, ...]:  # fmt: skip
    _check_indices(indices, weight.shape[0])
    if offsets is None and padding_idx < 0 and mode != "max":
        return _equal_bags(weight, indices, factors, mode, length)
    bag, count = _bag_of_each(offsets, indices.size, length, last)
    used = bag >= 0 if padding_idx < 0 else (bag >= 0) & (indices != padding_idx)
    places, bags = indices[used], bag[used]
    rows = weight[places]
    if factors is not None:
        rows = rows * factors[used, None]
    sizes = np.bincount(bags, minlength=count)
    full = sizes > 0
    starts = (np.cumsum(sizes) - sizes)[full]
    wide = rows.astype(np.float32) if rows.dtype.itemsize < 4 else rows
    out = np.zeros((count, weight.shape[1]), wide.dtype)
    largest = np.zeros((count, weight.shape[1]) if mode == "max" else (1, 1), INTEGER)
    if mode == "max" and places.size:
        out[full] = np.maximum.reduceat(wide, starts)
        # The first row that reaches the maximum gets the gradient.
        for place in reversed(range(len(places))):
            hit = wide[place] == out[bags[place]]
            largest[bags[place], hit] = places[place]
    elif places.size:
        out[full] = np.add.reduceat(wide, starts)
    if mode == "mean":
        out /= np.maximum(sizes, 1)[:, None].astype(out.dtype)
    return out.astype(weight.dtype), bag, sizes, largest


def _equal_bags(
    weight: np.ndarray, indices: np.ndarray, factors: Any, mode: str, length: int
) -> tuple[np.ndarray, ...]:
    """Sums or means of bags of one length, in which everything counts."""
    count, width = indices.size // length, weight.shape[1]
    rows = weight.take(indices, 0)
    if factors is not None:
        rows *= factors[:, None]
    wide = np.float32 if weight.dtype.itemsize < 4 else weight.dtype
    out = np.add.reduce(rows.reshape(count, length, width), 1, wide)
    if mode == "mean":
        out /= length
    bag = np.arange(count).repeat(length)
    sizes = np.full(count, length)
    return out.astype(weight.dtype, copy=False), bag, sizes, np.zeros((1, 1), INTEGER)


def _infer(
    weight: Any, indices: Any, offsets: Any, factors: Any, mode: str, padding_idx: int,
    length: int, last: bool,
) -> tuple[Spec, ...]:  # fmt: skip
    _check_types(weight, indices, offsets, factors)
    if offsets is None:
        count = indices.size // length
    else:
        count = max(offsets.size - 1, 0) if last else offsets.size
    table = (count, weight.shape[1])
    return (
        Spec(table, weight.dtype),
        Spec(indices.shape, INTEGER),
        Spec((count,), INTEGER),
        Spec(table if mode == "max" else (1, 1), INTEGER),
    )


def _check_types(weight: Any, indices: Any, offsets: Any, factors: Any) -> None:
    for label, x in (("input", indices), ("offsets", offsets)):
        if x is not None and (x.dtype.kind != "i" or x.dtype.itemsize < 4):
            raise RuntimeError(
                message(
                    f"embedding_bag: type of {label} does not fit",
                    expected="torch.int64 or torch.int32",
                    got=str(x.dtype),
                )
            )
    if factors is not None and factors.dtype != weight.dtype:
        raise RuntimeError(
            message(
                "embedding_bag: type of per_sample_weights does not fit",
                expected=f"the type of the table, {weight.dtype}",
                got=str(factors.dtype),
            )
        )


def _rows_of(g: Any, bag: Any, sizes: Any, mode: str) -> Any:
    """The gradient that each index receives from its bag."""
    if mode == "mean":
        g = g / sizes.clamp(min=1).to(g.dtype).unsqueeze(1)
    if not g.shape[0]:
        return g.new_zeros((bag.shape[0], g.shape[1]))
    rows = g.index_select(0, bag.clamp(min=0))
    return rows.masked_fill((bag < 0).unsqueeze(1), 0)


def _gradient(
    g: Any, weight: Any, indices: Any, offsets: Any, factors: Any, out: Any,
    needs: tuple[bool, ...], mode: str, padding_idx: int, scale_grad_by_freq: bool,
) -> tuple[Any, ...]:  # fmt: skip
    _, bag, sizes, largest = out
    count = weight.shape[0]
    if mode == "max":
        full = (sizes > 0).unsqueeze(1)
        kept = g[0].masked_fill(full.logical_not(), 0)
        table = g[0].new_zeros((count, g[0].shape[1]))
        return table.scatter_add(0, largest, kept), None, None, None
    d_weight = d_factors = None
    if needs[0]:
        to_table = _apply_to_table if may_use_states() else _to_table
        params = (count, mode, padding_idx, scale_grad_by_freq)
        d_weight = to_table(g[0], indices, bag, sizes, factors, *params)
    if needs[3]:
        rows = _rows_of(g[0], bag, sizes, mode)
        d_factors = (rows * weight.index_select(0, indices)).sum(1)
        if padding_idx >= 0:
            d_factors = d_factors.masked_fill(indices == padding_idx, 0)
    return d_weight, None, None, d_factors


def _to_table(
    g: Any, indices: Any, bag: Any, sizes: Any, factors: Any, count: int, mode: str,
    padding_idx: int, scale_grad_by_freq: bool,
) -> Any:  # fmt: skip
    """The gradient of the table, for sums and means."""
    rows = _rows_of(g, bag, sizes, mode)
    if factors is not None:
        rows = rows * factors.unsqueeze(1)
    return apply(EMBEDDING_BACKWARD, (rows, indices), (count, padding_idx, scale_grad_by_freq))


def _apply_to_table(g: Any, indices: Any, bag: Any, sizes: Any, factors: Any, *params: Any) -> Any:
    return apply(EMBEDDING_BAG_BACKWARD, (g, indices, bag, sizes, factors), params)


def _evaluate_to_table(
    g: np.ndarray, indices: np.ndarray, bag: np.ndarray, sizes: np.ndarray, factors: Any,
    count: int, mode: str, padding_idx: int, scale_grad_by_freq: bool,
) -> np.ndarray:  # fmt: skip
    if mode == "mean":
        g = g / np.maximum(sizes, 1).astype(g.dtype)[:, None]
    if bag.size and bag[-1] < 0:  # behind the last bag
        used = bag >= 0
        bag, indices = bag[used], indices[used]
        factors = None if factors is None else factors[used]
    rows = g.take(bag, 0)
    if factors is not None:
        rows *= factors[:, None]
    return EMBEDDING_BACKWARD.evaluate(rows, indices, count, padding_idx, scale_grad_by_freq)


EMBEDDING_BAG_BACKWARD = Operation(
    "embedding_bag_backward",
    inputs="g indices bag sizes per_sample_weights",
    params="count mode padding_idx scale_grad_by_freq",
    evaluate=_evaluate_to_table,
    infer=lambda g, indices, bag, sizes, factors, count, mode, padding_idx, scale: Spec(
        (count, g.shape[1]), g.dtype
    ),
    decompose=_to_table,
    samples=lambda make: [
        make.sample(
            (make.tensor((2, 3)), make.integers((5,), 0, 4), _bags(make), _sizes(make), factors),
            (4, mode, padding_idx, scale),
        )
        for mode, padding_idx, scale, factors in (
            ("sum", -1, False, None),
            ("sum", 1, False, make.tensor((5,))),
            ("mean", -1, False, None),
            ("mean", -1, True, None),
        )
    ],
)


def _bags(make: Any) -> Any:
    return (make.arange(5) > 2).long()


def _sizes(make: Any) -> Any:
    return 3 - make.arange(2).long()


def _in_parts(
    weight: Any, indices: Any, offsets: Any, factors: Any, mode: str, padding_idx: int,
    length: int, last: bool, scale_grad_by_freq: bool,
) -> Any:  # fmt: skip
    if offsets is not None or padding_idx >= 0 or mode == "max":
        return NotImplemented
    count = indices.shape[0] // length
    rows = weight.index_select(0, indices)
    if factors is not None:
        rows = rows * factors.unsqueeze(1)
    rows = rows.reshape(count, length, weight.shape[1])
    out = rows.mean(1) if mode == "mean" else rows.sum(1)
    bag = arange(count).repeat_interleave(length)
    sizes = indices.new_zeros((count,)).long() + length
    return out, bag, sizes, indices.new_zeros((1, 1)).long()


EMBEDDING_BAG = Operation(
    "embedding_bag",
    inputs="weight indices offsets per_sample_weights",
    params="mode padding_idx length include_last_offset scale_grad_by_freq",
    evaluate=lambda *given: _embedding_bag(*given[:-1]),
    infer=lambda *given: _infer(*given[:-1]),
    strict=True,
    gradient=lambda g, weight, indices, offsets, per_sample_weights, out, needs, mode,
    padding_idx, scale_grad_by_freq: _gradient(
        g, weight, indices, offsets, per_sample_weights, out, needs, mode, padding_idx,
        scale_grad_by_freq,
    ),
    nondifferentiable_outputs=(1, 2, 3),
    decompose=_in_parts,
    samples=lambda make: [
        make.sample(_operands(make), ("sum", -1, 0, False, False)),
        make.sample(_operands(make, True), ("sum", -1, 0, False, False)),
        make.sample(_operands(make), ("mean", -1, 0, True, False)),
        make.sample(_operands(make), ("max", -1, 0, False, False)),
        make.sample(_fixed(make), ("mean", -1, 3, False, False)),
        make.sample(_fixed(make, True), ("sum", -1, 3, False, False)),
        make.sample(_fixed(make), ("max", -1, 2, False, False)),
        # What these hand back is by intention not the derivative.
        make.sample(_operands(make), ("mean", 1, 0, False, False), smooth=False),
        make.sample(_operands(make, True), ("sum", 1, 0, False, True), smooth=False),
        make.error(
            (make.tensor((5, 2)), make.integers((3,), 0, 5), make.integers((2,), 2, 3), None),
            ("sum", -1, 0, False, False), RuntimeError,
        ),
        make.error(
            (make.tensor((5, 2)), make.integers((3,), 5, 9), make.integers((1,), 0, 1), None),
            ("sum", -1, 0, False, False), RuntimeError,
        ),
        make.error(
            (make.tensor((5, 2)), make.tensor((3,)), make.integers((1,), 0, 1), None),
            ("sum", -1, 0, False, False), RuntimeError,
        ),
    ],
)  # fmt: skip


def _operands(make: Any, weighted: bool = False) -> tuple[Any, ...]:
    offsets = (make.arange(4) * 2 - (make.arange(4) == 1).double() * 2).long()  # 0 0 4 6
    factors = make.tensor((7,)) if weighted else None
    return make.tensor((5, 2)), make.integers((7,), 0, 5), offsets, factors


def _fixed(make: Any, weighted: bool = False) -> tuple[Any, ...]:
    factors = make.tensor((6,)) if weighted else None
    return make.tensor((5, 2)), make.integers((6,), 0, 5), None, factors


def embedding_bag(
    weight: Tensor, indices: Tensor, offsets: Tensor | None, factors: Tensor | None, *params: Any
) -> Tensor:
    """What each bag makes of its rows; arguments are the record's."""
    return apply(EMBEDDING_BAG, (weight, indices, offsets, factors), params)[0]
