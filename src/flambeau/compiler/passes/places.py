"""Operations at places that indices name, by those for one index along one dimension."""

from __future__ import annotations

from functools import reduce
from math import prod
from typing import Any

from flambeau.ops.advanced_indexing import MOST
from flambeau.ops.creation import full, zeros
from flambeau.ops.scattering import identity
from flambeau.ops.selection import where
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import REGISTRY

Flags = tuple[bool, ...]


# --- several indices ----------------------------------------------------------------------------


def outside(index: Any, size: int) -> Any:
    """Where an index that may count from the end names nothing."""
    return (index < -size) | (index >= size)


def wrong_indices(shape: Any, indices: Any, places: Flags) -> Any:
    """What several indices of whole numbers name outside of their dimensions; else ``None``."""
    indices = _given(indices)
    dims = _dims_of(indices, places)
    if dims is None:
        return None
    return reduce(
        lambda x, y: x | y, [outside(i, shape[d]) for i, d in zip(indices, dims, strict=True)]
    )


def _given(indices: Any) -> list[Any]:
    return [index for index in indices if index is not None]


def _only(index: Any) -> tuple[Any, ...]:
    """One index, as a record takes it."""
    return (index, *(None,) * (MOST - 1))


def _dims_of(indices: Any, places: Flags) -> list[int] | None:
    """The dimensions of two or more indices of whole numbers; or of one that is a number."""
    dims = [d for d, given in enumerate(places) if given]
    if any(i._array.dtype.kind != "i" for i in indices) or len(dims) != len(indices):
        return None
    return dims if len(dims) > 1 or indices[0].ndim == 0 else None


class _Merged:
    """Several dimensions as one, and their indices as one."""

    def __init__(self, shape: Any, indices: Any, dims: list[int]) -> None:
        self.shape, self.dims = tuple(shape), dims
        together = dims == list(range(dims[0], dims[-1] + 1))
        self.first = dims[0] if together else 0
        others = [d for d in range(len(shape)) if d not in dims]
        self.order = (*others[: self.first], *dims, *others[self.first :])
        sizes = [shape[d] for d in dims]
        self.size = prod(sizes)
        self.flat = (
            *[shape[d] for d in others[: self.first]],
            self.size,
            *[shape[d] for d in others[self.first :]],
        )
        self.place = ((False,) * self.first + (True,),)
        total: Any = None
        for index, size in zip(indices, sizes, strict=True):
            index = index.long()  # places in large tensors are large numbers
            index = where(index < 0, index + size, index)
            total = index if total is None else total * size + index
        self.rank = total.ndim
        self.index = total if total.ndim else total.reshape(1)

    def merged(self, x: Any) -> Any:
        """A tensor of the whole shape, with one dimension for the indices."""
        return x.permute(self.order).reshape(self.flat)

    def apart(self, x: Any) -> Any:
        """The way back."""
        back = [self.order.index(d) for d in range(len(self.order))]
        return x.reshape([self.shape[d] for d in self.order]).permute(back).contiguous()

    def without(self, x: Any) -> Any:
        """What a number picks has no dimension for it."""
        return x if self.rank else x.squeeze(self.first)

    def with_it(self, x: Any) -> Any:
        return x if self.rank else x.unsqueeze(self.first)


def index(input: Any, *given: Any) -> Any:
    """``input[i, j, ...]``."""
    indices, places = _given(given[:MOST]), given[MOST]
    dims = _dims_of(indices, places)
    if dims is None:
        return NotImplemented
    one = _Merged(input.shape, indices, dims)
    return one.without(apply(REGISTRY["index"], (one.merged(input), *_only(one.index)), one.place))


def index_backward(gradient: Any, *given: Any) -> Any:
    """Zeros, with the gradient added where indices pick."""
    indices, (shape, places) = _given(given[:MOST]), given[MOST:]
    dims = _dims_of(indices, places)
    if dims is None:
        return NotImplemented
    one = _Merged(shape, indices, dims)
    params = one.flat, *one.place
    inputs = one.with_it(gradient), *_only(one.index)
    return one.apart(apply(REGISTRY["index_backward"], inputs, params))


def index_put(input: Any, values: Any, *given: Any) -> Any:
    """``input[i, j, ...] = values``; or ``input[mask] = number``."""
    indices, (places, accumulate) = _given(given[:MOST]), given[MOST:]
    if len(indices) == 1 and indices[0]._array.dtype.kind == "b":
        return _masked(input, values, indices[0], places.index(True), accumulate)
    dims = _dims_of(indices, places)
    if dims is None:
        return NotImplemented
    one = _Merged(input.shape, indices, dims)
    if not one.rank and values.ndim > one.first:
        return NotImplemented
    made = apply(
        REGISTRY["index_put"],
        (one.merged(input), values, *_only(one.index)),
        (*one.place, accumulate),
    )
    return one.apart(made)


def index_zero(input: Any, *given: Any) -> Any:
    """``input[i, j, ...] = 0``; or at a mask."""
    indices, places = _given(given[:MOST]), given[MOST]
    if len(indices) == 1 and indices[0]._array.dtype.kind == "b":
        nothing = zeros((), dtype=input.dtype)
        return _masked(input, nothing, indices[0], places.index(True), False)
    dims = _dims_of(indices, places)
    if dims is None:
        return NotImplemented
    one = _Merged(input.shape, indices, dims)
    made = apply(REGISTRY["index_zero"], (one.merged(input), *_only(one.index)), one.place)
    return one.apart(made)


def _masked(input: Any, values: Any, mask: Any, dim: int, accumulate: bool) -> Any:
    if values.numel() != 1 or accumulate or tuple(input.shape[dim : dim + mask.ndim]) != mask.shape:
        return NotImplemented
    beside = mask.reshape(*mask.shape, *(1,) * (input.ndim - dim - mask.ndim))
    return where(beside, values.reshape(()).to(input.dtype), input)


# --- places in a flat tensor ----------------------------------------------------------------------


def take(input: Any, index: Any) -> Any:
    """``input.reshape(-1)[index]``."""
    found = apply(REGISTRY["index"], (input.reshape(-1), *_only(index.reshape(-1))), ((True,),))
    return found.reshape(index.shape)


def take_backward(g: Any, index: Any, shape: Any) -> Any:
    """Zeros, with ``g`` added at places of the flat tensor."""
    params = (prod(shape),), (True,)
    found = apply(REGISTRY["index_backward"], (g.reshape(-1), *_only(index.reshape(-1))), params)
    return found.reshape(shape)


def put(input: Any, index: Any, source: Any, accumulate: bool) -> Any:
    """A copy with values written, or added, at places of the flat tensor."""
    inputs = input.reshape(-1), source.reshape(-1), *_only(index.reshape(-1))
    return apply(REGISTRY["index_put"], inputs, ((True,), accumulate)).reshape(input.shape)


# --- along one dimension --------------------------------------------------------------------------


def index_fill(input: Any, index: Any, dim: int, value: Any) -> Any:
    """One number at all places of an index."""
    if not input.ndim:
        return NotImplemented
    shape = (*input.shape[:dim], index.numel(), *input.shape[dim + 1 :])
    filled = full(shape, value, dtype=input.dtype)
    return apply(REGISTRY["index_copy"], (input, index.reshape(-1), filled), (dim,))


def index_fill_tensor(input: Any, index: Any, value: Any, dim: int) -> Any:
    """The same of a number that a tensor holds."""
    if not input.ndim:
        return NotImplemented
    shape = (*input.shape[:dim], index.numel(), *input.shape[dim + 1 :])
    filled = value.to(input.dtype).expand(shape)
    return apply(REGISTRY["index_copy"], (input, index.reshape(-1), filled), (dim,))


def index_add(input: Any, index: Any, source: Any, dim: int, alpha: Any) -> Any:
    """With a factor."""
    if alpha.__class__ is int and alpha == 1:
        return NotImplemented
    return apply(REGISTRY["index_add"], (input, index, source * alpha), (dim, 1))


def scatter(name: str) -> Any:
    """``scatter`` and ``scatter_add`` with more values than places."""

    def decompose(input: Any, index: Any, src: Any, dim: int) -> Any:
        part = _part(src, index)
        return (
            NotImplemented if part is src else apply(REGISTRY[name], (input, index, part), (dim,))
        )

    return decompose


def _part(src: Any, index: Any) -> Any:
    if tuple(src.shape) == tuple(index.shape):
        return src
    return src[tuple([slice(0, n) for n in index.shape])]


def scatter_reduce(
    input: Any, index: Any, src: Any, dim: int, reduce: str, include_self: bool
) -> Any:
    """Sums, means, products and extremes of what goes to one place."""
    kind = input._array.dtype
    if not input.ndim or not (kind.kind in "fi" and kind.itemsize >= 4):
        return NotImplemented
    part = _part(src, index)
    adds = reduce in ("sum", "mean")
    if part is src and include_self and not adds:
        return NotImplemented
    start = input
    if not include_self:
        params = dim, identity(reduce, kind)
        start = apply(REGISTRY["scatter_value"], (input, index), params)
    if not adds:
        return apply(REGISTRY["scatter_reduce"], (start, index, part), (dim, reduce, True))
    total = apply(REGISTRY["scatter_add"], (start, index, part), (dim,))
    if reduce == "sum":
        return total
    ones = full(index.shape, 1, dtype=index.dtype)
    count = full(input.shape, int(include_self), dtype=index.dtype)
    count = apply(REGISTRY["scatter_add"], (count, index, ones), (dim,)).clamp(min=1)
    count = count.to(input.dtype)
    return total // count if kind.kind == "i" else total / count


# --- places in planes -----------------------------------------------------------------------------


def place_sums(g: Any, places: Any, sizes: Any) -> Any:
    """Planes of zeros with each ``g`` added at its place."""
    return _into_planes("scatter_add", g, places, sizes)


def max_unpool(input: Any, places: Any, sizes: Any) -> Any:
    """Planes of zeros with each element of the input at its place."""
    return _into_planes("scatter", input, places, sizes)


def _into_planes(name: str, x: Any, places: Any, sizes: Any) -> Any:
    ahead = tuple(x.shape[: x.ndim - len(sizes)])
    start = zeros(*ahead, prod(sizes), dtype=x.dtype)
    given = places.reshape(*ahead, -1), x.reshape(*ahead, -1)
    found = apply(REGISTRY[name], (start, *given), (len(ahead),))
    return found.reshape(*ahead, *sizes)
