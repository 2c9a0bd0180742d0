"""What the compiler takes apart further than the records do, in public tensor operations.

A decomposition returns ``NotImplemented`` for arguments that it has no form for; the operation
then stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from flambeau.core.shapes import broadcast
from flambeau.ops.creation import zeros
from flambeau.ops.division import reciprocal
from flambeau.ops.exponential import rsqrt, sqrt
from flambeau.ops.extremes import amax, amin
from flambeau.ops.selection import where
from flambeau.ops.sequences import arange
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import REGISTRY

WALKED_BYTES, WALKED_COLUMNS = 512 << 10, 64


def _matmul_plus(multiply: str) -> Callable[..., Any]:
    """``beta * input + alpha * product`` in two operations, so that the sum can be fused."""

    def decompose(input: Any, first: Any, second: Any, beta: Any, alpha: Any) -> Any:
        product = apply(REGISTRY[multiply], (first, second))
        if alpha.__class__ is not int or alpha != 1:
            product = product * alpha
        if beta.__class__ is int and beta == 0:
            return product
        return product + (input if beta.__class__ is int and beta == 1 else input * beta)

    return decompose


def _outer(input: Any, mat2: Any) -> Any:
    """A product whose sums have one term: elementwise, so that it joins what uses it."""
    return input * mat2 if input.shape[-1] == 1 else NotImplemented


def _matmul(input: Any, other: Any, transpose_input: bool, transpose_other: bool) -> Any:
    first = input.mT if transpose_input else input
    outer = _outer(first, other.mT if transpose_other else other)
    if outer is not NotImplemented:
        return outer
    shapes = input.shape[:-2], other.shape[:-2]
    alike = shapes[0] == shapes[1] or not shapes[1]
    batch = shapes[0] if alike else broadcast("matmul", *shapes)
    given = [_evenly(x if alike else x.expand(*batch, *x.shape[-2:]), 2) for x in (input, other)]
    return _if_changed("matmul", (input, other), given, (transpose_input, transpose_other))


def _rows_matmul(input: Any, mat2: Any, transpose: bool) -> Any:
    if input.ndim > 1 and input.shape[-1] == 1:
        return input * mat2.reshape(-1)
    columns = mat2.mT if transpose else mat2
    if input.ndim == 1 and _is_walked_once(columns):
        return (columns * input.reshape(-1, 1)).sum(0)
    given = [_evenly(input, 1), _evenly(mat2, 1)]
    return _if_changed("rows_matmul", (input, mat2), given, (transpose,))


def _if_changed(name: str, before: Any, given: Any, params: tuple[Any, ...]) -> Any:
    if all(x is y for x, y in zip(before, given)):
        return NotImplemented
    return apply(REGISTRY[name], tuple(given), params)


def _evenly(x: Any, kept: int) -> Any:
    """A product's operand whose leading dimensions are one walk through memory, copied if not.

    Args:
        x: the operand.
        kept: how many of the last dimensions are walked by strides of their own.
    """
    shape, strides = x._array.shape, x._array.strides
    reach = None
    for size, stride in zip(reversed(shape[:-kept]), reversed(strides[:-kept])):
        if size == 1:
            continue
        if reach not in (None, stride):
            return x.contiguous()
        reach = stride * size
    spread = all([stride == 0 or size == 1 for size, stride in zip(shape, strides)])
    return x.contiguous() if spread and x.ndim and x.numel() > 1 else x


def _tall_times_vector(input: Any, vec: Any) -> Any:
    """Sums along short rows, in the one walk over the rows that others take too."""
    return (input * vec).sum(-1) if _is_walked_once(input) else NotImplemented


def _is_walked_once(matrix: Any) -> bool:
    """Whether a matrix is too large for the caches, and its rows are short."""
    rows, columns = matrix.shape
    array = matrix._array
    long = rows * columns * array.dtype.itemsize >= WALKED_BYTES
    return long and 1 < columns <= WALKED_COLUMNS and array.strides[1] == array.dtype.itemsize


def _rows_product(input: Any, other: Any) -> Any:
    rows, columns = input.shape[-1], other.shape[-1]
    if input.numel() != rows:
        given = [_evenly(input, 1), _evenly(other, 1)]
        return _if_changed("rows_product", (input, other), given, ())
    return _outer(input.reshape(rows, 1), other.reshape(1, columns))


def _with_halves(name: str, otherwise: Callable[..., Any] | None) -> Callable[..., Any]:
    """A product; of half-precision matrices computed in single precision, and rounded once."""

    def decompose(first: Any, second: Any, *params: Any) -> Any:
        kind = first._array.dtype
        if kind.itemsize == 2 and kind.kind in "fV" and second._array.dtype == kind:
            given = (first.float(), second.float())
            return apply(REGISTRY[name], given, params).to(first.dtype)
        return NotImplemented if otherwise is None else otherwise(first, second, *params)

    return decompose


def _first_place(input: Any, extreme: Any, dim: int, keepdim: bool) -> Any:
    """The first position along ``dim`` of the extreme, or of the first NaN."""
    found = input == extreme
    if input.is_floating_point():
        found = found | (input != input)
    size = input.shape[dim]
    places = arange(size).reshape((size,) + (1,) * (input.ndim - 1 - dim))
    return amin(where(found, places, size), dim, keepdim)


def _position(reduce: Callable[..., Any]) -> Callable[..., Any]:
    """``argmax`` or ``argmin``."""

    def decompose(input: Any, dim: int | None, keepdim: bool) -> Any:
        if not _has_order(input):
            return NotImplemented
        if dim is not None:
            return _first_place(input, reduce(input, dim, True), dim, keepdim)
        flat = input.reshape(-1)
        found = _first_place(flat, reduce(flat, 0, True), 0, False)
        return found.reshape((1,) * input.ndim) if keepdim else found

    return decompose


def _extreme(reduce: Callable[..., Any]) -> Callable[..., Any]:
    """``max`` or ``min`` along a dimension: the value and its position."""

    def decompose(input: Any, dim: int, keepdim: bool) -> Any:
        if not _has_order(input):
            return NotImplemented
        extreme = reduce(input, dim, True)
        value = extreme if keepdim else extreme.squeeze(dim)
        return value, _first_place(input, extreme, dim, keepdim)

    return decompose


def _has_order(input: Any) -> bool:
    kind = input._array.dtype.kind
    return input.ndim > 0 and kind in "fiuV"


def _triangle(keeps: Callable[[Any, int], Any]) -> Callable[..., Any]:
    """``tril`` or ``triu``."""

    def decompose(input: Any, diagonal: int) -> Any:
        if input._array.dtype.kind not in "fiuV":
            return NotImplemented
        rows, columns = input.shape[-2:]
        distance = arange(columns) - arange(rows).reshape(rows, 1)
        return where(keeps(distance, diagonal), input, 0)

    return decompose


def _one_hot(index: Any, num_classes: int) -> Any:
    classes = arange(num_classes)
    return (index.unsqueeze(-1) == classes).to(classes.dtype)


_POWERS: dict[float, Callable[[Any], Any]] = {
    2: lambda x: x * x,
    3: lambda x: x * x * x,
    0.5: sqrt,
    -0.5: rsqrt,
    -1: reciprocal,
    -2: lambda x: reciprocal(x * x),
}


def _power(input: Any, exponent: Any) -> Any:
    """A power by a number that products and roots compute; only those that eager code has too."""
    dtype = getattr(getattr(input, "_array", None), "dtype", None)
    if dtype is None or dtype.kind != "f" or dtype.itemsize < 4:
        return NotImplemented
    if exponent.__class__ not in (int, float):
        return NotImplemented
    quick = _POWERS.get(exponent)
    return NotImplemented if quick is None else quick(input)


def _multinomial(weights: Any, num_samples: int, replacement: bool, generator: Any) -> Any:
    """One index of each row: where the weight over exponential noise is largest."""
    if num_samples != 1 or weights._array.dtype.itemsize < 4 or not weights.numel():
        return NotImplemented
    noise = apply(REGISTRY["exponential"], (weights,), (1.0, generator))
    return (weights / noise).argmax(-1, keepdim=True)


def _standard_normal(shape: Any, like: Any, std: float, generator: Any) -> Any:
    empty = zeros(shape, dtype=like.dtype)
    return apply(REGISTRY["normal"], (empty,), (0.0, std, generator))


def _normal_around(mean: Any, std: float, generator: Any) -> Any:
    return _standard_normal(mean.shape, mean, std, generator) + mean


def _normal_spread(std: Any, mean: float, generator: Any) -> Any:
    return _standard_normal(std.shape, std, 1.0, generator) * std + mean


def _normal_both(mean: Any, std: Any, generator: Any) -> Any:
    shape = broadcast("normal", mean.shape, std.shape)
    return (_standard_normal(shape, mean, 1.0, generator) * std).to(mean.dtype) + mean


def _later(room: str, name: str, *given: Any) -> Callable[..., Any]:
    """A decomposition that is imported with the first use, as the families are that it needs.

    Args:
        room: a module beside this one.
        name: of the decomposition there, or of a function that makes it out of ``given``.
        given: that function's arguments.
    """

    def decompose(*arguments: Any) -> Any:
        found = getattr(import_module(f"flambeau.compiler.passes.{room}"), name)
        return (found(*given) if given else found)(*arguments)

    return decompose


DECOMPOSITIONS: dict[str, Callable[..., Any]] = {
    **{f"adaptive_max_pool{n}d": _later("pooling", "adaptive_max_pool") for n in (2, 3)},
    **{f"adaptive_max_pool{n}d_indices": _later("pooling", "adaptive_places") for n in (2, 3)},
    **{f"max_pool{n}d_indices": _later("pooling", "max_pool_places", n) for n in (2, 3)},
    **{f"max_pool{n}d_with_indices": _later("pooling", "max_pool_with_places", n) for n in (2, 3)},
    **{f"max_unpool{n}d": _later("places", "max_unpool") for n in (2, 3)},
    "addbmm": _later("short_forms", "addbmm"),
    "addr": _later("short_forms", "addr"),
    "index": _later("places", "index"),
    "index_add": _later("places", "index_add"),
    "index_backward": _later("places", "index_backward"),
    "index_fill": _later("places", "index_fill"),
    "index_fill_tensor": _later("places", "index_fill_tensor"),
    "index_put": _later("places", "index_put"),
    "index_zero": _later("places", "index_zero"),
    "isclose": _later("short_forms", "isclose"),
    "isin": _later("short_forms", "isin"),
    "linalg_cross": _later("short_forms", "cross"),
    "pad_backward": _later("pooling", "pad_backward"),
    "place_sums": _later("places", "place_sums"),
    "put": _later("places", "put"),
    "roll": _later("short_forms", "roll"),
    "scatter": _later("places", "scatter", "scatter"),
    "scatter_add": _later("places", "scatter", "scatter_add"),
    "scatter_reduce": _later("places", "scatter_reduce"),
    "special_xlog1py": _later("short_forms", "xlog1py"),
    "take": _later("places", "take"),
    "take_backward": _later("places", "take_backward"),
    "trace": _later("short_forms", "trace"),
    "unfold_backward": _later("pooling", "unfold_backward"),
    "vdot": _later("short_forms", "vdot"),
    "addmm": _matmul_plus("mm"),
    "addmv": _matmul_plus("mv"),
    "baddbmm": _matmul_plus("bmm"),
    "argmax": _position(amax),
    "argmin": _position(amin),
    "bmm": _outer,
    "convolution": _later("convolutions", "convolution"),
    "convolution_weight": _later("convolutions", "convolution_weight"),
    "matmul": _matmul,
    "max": _extreme(amax),
    "min": _extreme(amin),
    "multinomial": _multinomial,
    "normal_around": _normal_around,
    "normal_both": _normal_both,
    "normal_spread": _normal_spread,
    "one_hot": _one_hot,
    "mm": _outer,
    "mv": _tall_times_vector,
    "pow": _power,
    "pow_scalar": _power,
    "rows_matmul": _rows_matmul,
    "rows_product": _rows_product,
    "tril": _triangle(lambda distance, diagonal: distance <= diagonal),
    "triu": _triangle(lambda distance, diagonal: distance >= diagonal),
}
for _name in ("bmm", "dot", "matmul", "mm", "mv", "rows_matmul", "rows_product"):
    DECOMPOSITIONS[_name] = _with_halves(_name, DECOMPOSITIONS.get(_name))
