"""Sums and means, and what all reductions over dimensions share."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.core.native import LEAST, kernels
from flambeau.core.shapes import contiguous_strides, wrap_dim, wrap_dims
from flambeau.core.spec import Spec
from flambeau.ops.numpy_style import numpy_names
from flambeau.ops.publish import public
from flambeau.ops.single import apply_one, finish_one, not_a_tensor
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply, wrap
from flambeau.tensor.modes import INTERPRETED, MODE
from flambeau.tensor.operation import REGISTRY, Operation
from flambeau.tensor.tensor import Tensor

_FLOAT16, _BFLOAT16 = dtypes.float16.numpy, dtypes.bfloat16.numpy
_FLOAT32 = dtypes.float32.numpy

# NumPy's reductions; its stubs do not know their positional form, which is the quicker one.
add_reduce: Any = np.add.reduce
multiply_reduce: Any = np.multiply.reduce
maximum_reduce: Any = np.maximum.reduce
minimum_reduce: Any = np.minimum.reduce

# Above this many elements a spread-out gradient is a view with strides of 0 and not a block.
SPREAD_LIMIT = 1 << 14
# Up to this many elements, what counts is the number of calls and not of additions.
SMALL = 1 << 12
_DOT_TYPES = (dtypes.float32.numpy, dtypes.float64.numpy)
_ONES_FLOAT32: dict[int, np.ndarray] = {}
_ONES_FLOAT64: dict[int, np.ndarray] = {}
_FIRST, _LAST = (0,), (1,)
# Beyond this many rows, float32 sums over outer dimensions are taken block by block.
_ROWS = 512


# --- dimensions ---------------------------------------------------------------------------------


def dimensions(name: str, input: Any) -> int:
    """How many dimensions a tensor has.

    Raises:
        TypeError: if it is not a tensor.
    """
    try:
        return input._array.ndim
    except AttributeError:
        raise not_a_tensor(name, input) from None


def reduced_dims(name: str, dim: Any, ndim: int) -> tuple[int, ...]:
    """The dimensions to reduce, wrapped and sorted; ``None`` and ``()`` stand for all."""
    if dim is None:
        return tuple(range(ndim))
    if dim.__class__ is int:
        wrapped = wrap_dim(name, dim, ndim)
        return (wrapped,) if ndim else ()
    dims = wrap_dims(name, dim, ndim)
    return tuple(sorted(dims)) if dims and ndim else tuple(range(ndim))


def reduced_shape(shape: tuple[int, ...], dims: tuple[int, ...], keepdim: bool) -> tuple[int, ...]:
    """The shape that is left of ``shape`` after reducing over ``dims``."""
    if keepdim:
        return tuple([1 if axis in dims else size for axis, size in enumerate(shape)])
    return tuple([size for axis, size in enumerate(shape) if axis not in dims])


def count_along(shape: tuple[int, ...], dims: tuple[int, ...]) -> int:
    """How many elements go into one result."""
    return prod([shape[axis] for axis in dims])


def is_reduced(numpy_type: np.dtype) -> bool:
    """Whether it is float16 or bfloat16: stored in 16 bits, computed in float32."""
    return numpy_type.itemsize == 2 and numpy_type.kind in "fV"


def widened(array: np.ndarray) -> np.ndarray:
    """The array, float16 and bfloat16 as float32 (which is exact and keeps the order)."""
    return array.astype(np.float32) if is_reduced(array.dtype) else array


def kind_of(dtype: Any) -> np.dtype | None:
    """A user's ``dtype=`` as NumPy's, or ``None``."""
    return None if dtype is None else dtypes.as_numpy(dtype)


def refuse(name: str, problem: str, expected: str, x: Any, **more: str) -> RuntimeError:
    """An error about a tensor's type."""
    got = f"a tensor of type {dtypes.of(x.dtype)}"
    return RuntimeError(message(f"{name}: {problem}", expected=expected, got=got, **more))


# --- the way back: from a reduced shape to the full one -----------------------------------------


def _spread(array: np.ndarray, shape: tuple[int, ...], dim: tuple[int, ...], keepdim: bool) -> Any:
    if not keepdim and array.shape and dim:
        array = array.reshape(reduced_shape(shape, dim, True))
    if prod(shape) > SPREAD_LIMIT:
        return np.broadcast_to(array, shape)
    full = np.empty(shape, array.dtype)
    full[...] = array
    return full


def _spread_spec(x: Any, shape: tuple[int, ...], dim: tuple[int, ...], keepdim: bool) -> Spec:
    if prod(shape) <= SPREAD_LIMIT:
        return Spec(shape, x.dtype)
    kept = reduced_shape(shape, dim, True)
    given = iter(x.strides if not keepdim else [s for a, s in enumerate(x.strides) if a not in dim])
    if not keepdim and len(x.shape) != len(shape) - len(dim):
        given = iter(contiguous_strides(kept, x.dtype.itemsize))
    strides = [0 if axis in dim else next(given) for axis in range(len(shape))]
    return Spec(shape, x.dtype, strides)


SPREAD = Operation(
    "spread",
    inputs="input",
    params="shape dim keepdim",
    evaluate=_spread,
    infer=_spread_spec,
    gradient={"input": lambda g, dim, keepdim: apply(SUM, (g,), (dim, keepdim, None))},
    decompose=lambda input, shape, dim, keepdim: input.reshape(
        reduced_shape(shape, dim, True)
    ).expand(shape),
    node_name="ExpandBackward0",
    samples=lambda make: [
        make.sample(inputs=(make.tensor((3,)),), params=((2, 3), (0,), False)),
        make.sample(inputs=(make.tensor(()),), params=((2, 3), (0, 1), False)),
        make.sample(inputs=(make.tensor((2, 1)),), params=((2, 4), (1,), True)),
        make.sample(inputs=(make.tensor((0,)),), params=((0, 3), (1,), False)),
    ],
)


def expand_reduced(
    g: Tensor, shape: tuple[int, ...], dims: tuple[int, ...], keepdim: bool
) -> Tensor:
    """A reduction's gradient (or output) spread over the input's shape again."""
    return apply(SPREAD, (g,), (shape, dims, keepdim))


# --- sums ---------------------------------------------------------------------------------------


def sum_type(numpy_type: np.dtype, dtype: np.dtype | None) -> np.dtype:
    """The type of a sum or product: integers and truth values give int64."""
    if dtype is not None:
        return dtype
    return dtypes.int64.numpy if numpy_type.kind in "iub" else numpy_type


def add_along(array: np.ndarray, dim: tuple[int, ...], keepdim: bool, kind: np.dtype) -> Any:
    """NumPy's sum, with float16 and bfloat16 rounded once and long float32 columns in blocks."""
    if array.size <= SMALL and not keepdim and array.dtype is kind and kind in _DOT_TYPES:
        found = _small_sum(array, dim, kind)
        if found is not None:
            return found
    if array.size >= LEAST and array.dtype == kind and kind.kind == "f":
        found = _large_sum(array, dim)
        if found is not None:
            return found.reshape(reduced_shape(array.shape, dim, True)) if keepdim else found
    if kind.itemsize == 2 and kind.kind in "fV":
        return add_along(array.astype(np.float32), dim, keepdim, _FLOAT32).astype(kind)
    outer = array.ndim > 1 and dim and dim[0] != array.ndim - 1
    if outer and array.shape[dim[0]] > _ROWS and kind == _FLOAT32:
        return _blockwise(array.astype(kind, copy=False), dim, keepdim)
    return add_reduce(array, dim, kind, None, keepdim)


def _large_sum(array: np.ndarray, dim: tuple[int, ...]) -> np.ndarray | None:
    """A sum over everything, or over the last dimensions, by native code if there is any."""
    native, ndim = kernels(), array.ndim
    if native is None:
        return None
    if len(dim) == ndim:
        return native.total(array)
    if dim != tuple(range(ndim - len(dim), ndim)) or not array.flags.c_contiguous:
        return None
    return native.sums_of_rows(array.reshape(*array.shape[: -len(dim)], -1))


def ones(count: int, kind: np.dtype) -> np.ndarray:
    """A vector of at most ``SMALL`` ones of type float32 or float64, always the same."""
    known = _ONES_FLOAT32 if kind is _FLOAT32 else _ONES_FLOAT64
    found = known.get(count)
    if found is None:
        block = known.get(SMALL)
        if block is None:
            block = known[SMALL] = np.ones(SMALL, kind)
        found = known[count] = block[:count]
    return found


def _dot_with_ones(array: np.ndarray, kind: np.dtype) -> np.ndarray:
    flat = array.ravel()
    out = np.empty((), kind)
    flat.dot(ones(flat.size, kind), out)
    return out


def _small_sum(array: np.ndarray, dim: tuple[int, ...], kind: np.dtype) -> np.ndarray | None:
    """A sum as a product with ones, which costs less to call than NumPy's reductions do.

    So few terms need no pairwise order: BLAS adds them in several lanes.
    """
    ndim = array.ndim
    if len(dim) == ndim:
        return _dot_with_ones(array, kind)
    if ndim == 2 and array.flags.c_contiguous and array.size:
        if dim == _LAST:
            return array.dot(ones(array.shape[1], kind))
        if dim == _FIRST and array.shape[0] <= _ROWS:
            return ones(array.shape[0], kind).dot(array)
    return None


def _blockwise(array: np.ndarray, dim: tuple[int, ...], keepdim: bool) -> np.ndarray:
    """A float32 sum whose first dimension is long.

    NumPy adds pairwise along the innermost dimension only; over an outer one it adds row after
    row, with an error that grows with their number. Sums of blocks, summed, keep it at its root.
    """
    axis, size = dim[0], array.shape[dim[0]]
    block = 1 << ((size.bit_length() + 1) // 2)
    whole = size // block * block
    split = array.shape[:axis] + (whole // block, block) + array.shape[axis + 1 :]
    head = array[(slice(None),) * axis + (slice(0, whole),)].reshape(split)
    later = tuple([d + 1 for d in dim[1:]])
    partial = add_reduce(head, (axis + 1, *later), np.float32, None, True)
    total = add_reduce(partial, (axis, axis + 1, *later), np.float32)
    if whole < size:
        tail = array[(slice(None),) * axis + (slice(whole, size),)]
        total = total + add_reduce(tail, dim, np.float32)
    return np.asarray(total).reshape(reduced_shape(array.shape, dim, True)) if keepdim else total


def _reduction_samples(make: Any, last: tuple[Any, ...] = ()) -> list[Any]:
    cases = [
        ((2, 3), (1,), False), ((2, 3), (0, 1), True), ((), (), False), ((0,), (0,), False),
        ((2, 3, 4), (0, 2), False), ((0, 3), (1,), True),
    ]  # fmt: skip
    samples = [
        make.sample(inputs=(make.tensor(shape),), params=(dim, keep, *last))
        for shape, dim, keep in cases
    ]
    return [*samples, make.sample(inputs=(make.transposed((3, 4)),), params=((0,), False, *last))]


def _whole_samples(make: Any) -> list[Any]:
    inputs = [make.tensor(()), make.tensor((0,)), make.tensor((2, 3)), make.transposed((3, 4))]
    return [make.sample(inputs=(x,), params=(None,)) for x in inputs]


SUM = Operation(
    "sum",
    inputs="input",
    params="dim keepdim dtype",
    evaluate=lambda array, dim, keepdim, dtype: add_along(
        array, dim, keepdim, sum_type(array.dtype, dtype)
    ),
    infer=lambda x, dim, keepdim, dtype: Spec(
        reduced_shape(x.shape, dim, keepdim), sum_type(x.dtype, dtype)
    ),
    gradient={
        "input": lambda g, input_shape, dim, keepdim: expand_reduced(g, input_shape, dim, keepdim)
    },
    node_name="SumBackward1",
    samples=lambda make: _reduction_samples(make, (None,)),
)


def _sum_all(array: np.ndarray, dtype: Any) -> Any:
    kind = array.dtype
    if dtype is None and array.size <= SMALL and kind in _DOT_TYPES:
        return _dot_with_ones(array, kind)
    return add_along(array, tuple(range(array.ndim)), False, sum_type(kind, dtype))


SUM_ALL = Operation(
    "sum_all",
    inputs="input",
    params="dtype",
    evaluate=_sum_all,
    infer=lambda x, dtype: Spec((), sum_type(x.dtype, dtype)),
    gradient={"input": lambda g, input_shape: over_everything(g, input_shape)},
    decompose=lambda input, dtype: apply(SUM, (input,), (tuple(range(input.ndim)), False, dtype)),
    node_name="SumBackward0",
    samples=_whole_samples,
)


def over_everything(g: Tensor, shape: tuple[int, ...]) -> Tensor:
    """A 0-d gradient spread over a shape."""
    if MODE.code == 0 and prod(shape) <= SPREAD_LIMIT:
        array = g._array
        full = np.empty(shape, array.dtype)
        full.fill(array)
        return wrap(full)
    return apply(SPREAD, (g,), (shape, tuple(range(len(shape))), False))


@public(method=True)
def sum(
    input: Tensor,
    dim: Any = None,
    keepdim: bool = False,
    *,
    dtype: Any = None,
    out: Any = None,
    axis: Any = None,
    keepdims: bool | None = None,
) -> Tensor:
    """The sum over all dimensions, or over some.

    :math:`out = Σ_i input_i`

    Args:
        input: a tensor; integers and truth values are summed as int64, float16 and bfloat16 in
            float32 with one rounding at the end.
        dim: a dimension, a tuple of them, or ``None`` or ``()`` for all.
        keepdim: keep the reduced dimensions with size 1.
        dtype: the type to convert to before summing.
        out: a tensor to write the result into.

    Shape: the input's without ``dim`` (or with size 1 there). The sum of nothing is 0.

    Raises:
        IndexError: if there is no such dimension.
        RuntimeError: if a dimension stands twice.

    Example:
        >>> import flambeau as fb
        >>> fb.ones(2, 3).sum(dim=1)
        tensor([3., 3.])
    """
    if axis is not None or keepdims is not None:
        dim, keepdim = numpy_names("sum", dim, None, keepdim, axis, keepdims)
    whole = dim is None and not keepdim
    if whole and dtype is None and out is None and input.__class__ is Tensor:
        code = MODE.code
        array = input._array
        # The commonest call of all: what _sum_all does, without the calls on the way to it.
        if code < INTERPRETED and array.dtype is _FLOAT32 and array.size <= SMALL:
            total = np.empty((), _FLOAT32)
            array.ravel().dot(ones(array.size, _FLOAT32), total)
            return finish_one(SUM_ALL, input, (None,), total, code)
    kind = None if dtype is None else dtypes.as_numpy(dtype)
    if whole:
        result = apply_one(SUM_ALL, input, (kind,))
    else:
        dims = reduced_dims("sum", dim, dimensions("sum", input))
        result = apply_one(SUM, input, (dims, bool(keepdim), kind))
    return result if out is None else write_out("sum", out, result)


# --- means --------------------------------------------------------------------------------------


def _mean(array: np.ndarray, dim: tuple[int, ...], keepdim: bool, dtype: Any) -> Any:
    kind = array.dtype if dtype is None else dtype
    if kind.kind in "iub":
        raise TypeError  # infer says why
    wide = _FLOAT32 if is_reduced(kind) else kind
    total = add_along(array, dim, keepdim, wide)
    # A Python integer takes the type of the sum, so nothing is promoted.
    mean = np.true_divide(total, count_along(array.shape, dim))
    return mean if kind is wide else mean.astype(kind)


def _mean_spec(x: Any, dim: tuple[int, ...], keepdim: bool, dtype: Any) -> Spec:
    kind = x.dtype if dtype is None else dtype
    if kind.kind in "iub":
        raise RuntimeError(
            message(
                "mean: needs a floating-point or complex type",
                expected="a floating-point or complex tensor, or such a dtype=",
                got=str(dtypes.of(kind)),
                help="convert with .float(), or pass dtype=",
            )
        )
    return Spec(reduced_shape(x.shape, dim, keepdim), kind)


def _mean_gradient(g: Tensor, input_shape: Any, dim: Any, keepdim: bool) -> Tensor:
    # An empty mean is nan and has no element that a gradient could reach: any divisor will do.
    return expand_reduced(g / (count_along(input_shape, dim) or 1), input_shape, dim, keepdim)


def _mean_in_sums(input: Tensor, dim: tuple[int, ...], keepdim: bool, dtype: Any) -> Tensor:
    kind = input._array.dtype if dtype is None else dtype
    wide = _FLOAT32 if is_reduced(kind) else kind
    total = apply(SUM, (input,), (dim, keepdim, wide))
    mean = total / count_along(input._array.shape, dim)
    return mean if kind == wide else apply(REGISTRY["to_dtype"], (mean,), (kind,))


MEAN = Operation(
    "mean",
    inputs="input",
    params="dim keepdim dtype",
    evaluate=_mean,
    infer=_mean_spec,
    gradient={"input": _mean_gradient},
    decompose=_mean_in_sums,
    node_name="MeanBackward1",
    samples=lambda make: [
        *_reduction_samples(make, (None,)),
        make.error((make.integers((3,), 0, 5),), ((0,), False, None), RuntimeError),
    ],
)


def _mean_all(array: np.ndarray, dtype: Any) -> Any:
    kind = array.dtype
    if dtype is None and 0 < array.size <= SMALL and kind in _DOT_TYPES:
        total = _dot_with_ones(array, kind)
        return np.divide(total, array.size, total)
    return _mean(array, tuple(range(array.ndim)), False, dtype)


def _mean_all_gradient(g: Tensor, input_shape: tuple[int, ...]) -> Tensor:
    count = prod(input_shape) or 1
    if MODE.code == 0 and count <= SPREAD_LIMIT:
        array = g._array
        full = np.empty(input_shape, array.dtype)
        full.fill(array / count)
        return wrap(full)
    return over_everything(g / count, input_shape)


MEAN_ALL = Operation(
    "mean_all",
    inputs="input",
    params="dtype",
    evaluate=_mean_all,
    infer=lambda x, dtype: _mean_spec(x, tuple(range(len(x.shape))), False, dtype),
    gradient={"input": _mean_all_gradient},
    decompose=lambda input, dtype: _mean_in_sums(input, tuple(range(input.ndim)), False, dtype),
    node_name="MeanBackward0",
    samples=_whole_samples,
)


@public(method=True)
def mean(
    input: Tensor,
    dim: Any = None,
    keepdim: bool = False,
    *,
    dtype: Any = None,
    out: Any = None,
    axis: Any = None,
    keepdims: bool | None = None,
) -> Tensor:
    """The arithmetic mean over all dimensions, or over some.

    :math:`out = 1/n · Σ_i input_i`

    Args:
        input: a floating-point or complex tensor.
        dim: a dimension, a tuple of them, or ``None`` or ``()`` for all.
        keepdim: keep the reduced dimensions with size 1.
        dtype: the type to convert to before summing.
        out: a tensor to write the result into.

    Shape: the input's without ``dim`` (or with size 1 there). The mean of nothing is nan.

    Raises:
        RuntimeError: for integers and truth values without ``dtype=``.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([[1., 2.], [3., 5.]]).mean(0)
        tensor([2.0000, 3.5000])
    """
    if axis is not None or keepdims is not None:
        dim, keepdim = numpy_names("mean", dim, None, keepdim, axis, keepdims)
    kind = None if dtype is None else dtypes.as_numpy(dtype)
    if dim is None and not keepdim:
        result = apply_one(MEAN_ALL, input, (kind,))
    else:
        dims = reduced_dims("mean", dim, dimensions("mean", input))
        result = apply_one(MEAN, input, (dims, bool(keepdim), kind))
    return result if out is None else write_out("mean", out, result)
