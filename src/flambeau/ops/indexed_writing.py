"""Writing and adding whole slices: index_add, index_copy, index_fill, index_reduce."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.core.shapes import wrap_dim
from flambeau.core.spec import Spec
from flambeau.ops.gathering import INDEX_SELECT, as_vector, check_bounds, check_vector
from flambeau.ops.publish import PUBLIC, public
from flambeau.ops.reduction import dimensions, is_reduced
from flambeau.ops.scattering import SCATTER_REDUCE, check_reduce, like
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply, apply_inplace
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor


def _check(name: str, x: Any, index: Any, source: Any, dim: int) -> None:
    check_vector(name, x, index)
    if source.dtype != x.dtype:
        raise RuntimeError(
            message(
                f"{name}: source has another type than input",
                expected=str(dtypes.of(x.dtype)),
                got=str(dtypes.of(source.dtype)),
                help="convert source with .to(input.dtype)",
            )
        )
    expected = x.shape[:dim] + (index.size,) + x.shape[dim + 1 :] if x.shape else ()
    if tuple(source.shape) != expected:
        # PyTorch tells a wrong number of slices to copy from slices of a wrong shape.
        number = source.shape[dim] if len(source.shape) == len(expected) and expected else None
        wrong_number = name == "index_copy" and expected and number != index.size
        raise (IndexError if wrong_number else RuntimeError)(
            message(
                f"{name}: source does not fit",
                expected=f"shape {tuple(expected)}",
                got=f"shape {tuple(source.shape)}",
            )
        )


def _slices(array: np.ndarray, index: np.ndarray, dim: int) -> tuple[np.ndarray, Any]:
    """A copy, and how to index the slices of it; both with at least one dimension."""
    out = array.copy("K")
    return out, (slice(None),) * dim + (as_vector(index),)


def _bounded(
    name: str, out: np.ndarray, index: np.ndarray, dim: int, error: type[Exception] = IndexError
) -> np.ndarray:
    full = as_vector(out)
    check_bounds(name, as_vector(index), full.shape[dim], dim, error)
    return full


def _infer(name: str) -> Any:
    def infer(x: Any, index: Any, source: Any, dim: int) -> Spec:
        _check(name, x, index, source, dim)
        return like(x)

    return infer


def _samples(error: type[Exception], *params: Any) -> Any:
    def samples(make: Any) -> list[Any]:
        return [
            make.sample(
                inputs=(make.tensor((3, 4)), make.integers((1,), 0, 4), make.tensor((3, 1))),
                params=(1, *params),
            ),
            make.sample(
                inputs=(make.tensor(()), make.integers((1,), 0, 1), make.tensor(())),
                params=(0, *params),
            ),
            make.error(
                (make.tensor((3,)), make.integers((2,), 0, 3), make.tensor((3,))),
                (0, *params),
                error,
            ),
        ]

    return samples


def _source_gradient(g: Any, index: Any, source_shape: Any, dim: int) -> Any:
    taken = apply(INDEX_SELECT, (g, index), (dim,))
    return taken if taken._array.shape == source_shape else taken.reshape(source_shape)


# --- index_add ----------------------------------------------------------------------------------


def _index_add(
    array: np.ndarray, index: np.ndarray, source: np.ndarray, dim: int, alpha: Any
) -> np.ndarray:
    _check("index_add", array, index, source, dim)
    out, places = _slices(array, index, dim)
    full = _bounded("index_add", out, index, dim, RuntimeError)
    wide = full.astype(np.float32) if is_reduced(full.dtype) else full
    added = source.reshape(wide[places].shape).astype(wide.dtype, copy=False)
    np.add.at(wide, places, added if alpha == 1 else added * wide.dtype.type(alpha))
    if wide is not full:
        full[...] = wide
    return out


INDEX_ADD = Operation(
    "index_add",
    inputs="input index source",
    params="dim alpha",
    evaluate=_index_add,
    infer=lambda x, index, source, dim, alpha: _infer("index_add")(x, index, source, dim),
    gradient={
        "input": lambda g: g,
        "source": lambda g, index, source_shape, dim, alpha: (
            _source_gradient(g, index, source_shape, dim) * alpha
        ),
    },
    samples=lambda make: [*_samples(RuntimeError, 1)(make), *_samples(RuntimeError, 2.5)(make)],
)


@public(method=True)
def index_add(
    input: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: Any = 1, out: Any = None
) -> Tensor:
    """A copy with slices added where an index says.

    :math:`out[index[i]] += alpha · source[i]` for ``dim=0``

    Args:
        input: a tensor.
        dim: the dimension along which slices are numbered.
        index: a vector of int64 (or int32) numbers from 0 to the size of ``dim`` less 1.
        source: slices of the input's type, as many as the index has entries.
        alpha: a factor for ``source``.
        out: a tensor to write the result into.

    Shape: the input's.

    Raises:
        RuntimeError: if a number is out of range, or for other shapes or types.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.zeros(3).index_add(0, fb.tensor([2, 2]), fb.tensor([1., 2.]))
        tensor([0., 0., 3.])
    """
    dim = wrap_dim("index_add", dim, dimensions("index_add", input))
    result = apply(INDEX_ADD, (input, index, source), (dim, alpha))
    return result if out is None else write_out("index_add", out, result)


@public(method=True, function=False)
def index_add_(input: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: Any = 1) -> Tensor:
    """In-place version of :func:`flambeau.index_add`; returns the tensor itself."""
    dim = wrap_dim("index_add_", dim, dimensions("index_add_", input))
    return apply_inplace(INDEX_ADD, input, (index, source), (dim, alpha))


# --- index_copy ---------------------------------------------------------------------------------


def _index_copy(array: np.ndarray, index: np.ndarray, source: np.ndarray, dim: int) -> np.ndarray:
    _check("index_copy", array, index, source, dim)
    out, places = _slices(array, index, dim)
    full = _bounded("index_copy", out, index, dim)
    full[places] = source.reshape(full[places].shape)
    return out


INDEX_COPY = Operation(
    "index_copy",
    inputs="input index source",
    params="dim",
    evaluate=_index_copy,
    infer=_infer("index_copy"),
    gradient={
        "input": lambda g, index, dim: apply(INDEX_FILL, (g, index), (dim, 0)),
        "source": _source_gradient,
    },
    samples=_samples(IndexError),
)


@public(method=True)
def index_copy(
    input: Tensor, dim: int, index: Tensor, source: Tensor, *, out: Any = None
) -> Tensor:
    """A copy with slices replaced where an index says.

    :math:`out[index[i]] = source[i]` for ``dim=0``

    Args:
        input: a tensor.
        dim: the dimension along which slices are numbered.
        index: a vector of int64 (or int32) numbers from 0 to the size of ``dim`` less 1.
        source: slices of the input's type, as many as the index has entries.
        out: a tensor to write the result into.

    Shape: the input's.

    Raises:
        IndexError: if a number is out of range, or there is no such dimension.
        RuntimeError: for other shapes or types.

    Example:
        >>> import flambeau as fb
        >>> fb.zeros(3).index_copy(0, fb.tensor([2, 0]), fb.tensor([1., 2.]))
        tensor([2., 0., 1.])
    """
    dim = wrap_dim("index_copy", dim, dimensions("index_copy", input))
    result = apply(INDEX_COPY, (input, index, source), (dim,))
    return result if out is None else write_out("index_copy", out, result)


@public(method=True, function=False)
def index_copy_(input: Tensor, dim: int, index: Tensor, source: Tensor) -> Tensor:
    """In-place version of :func:`flambeau.index_copy`; returns the tensor itself."""
    dim = wrap_dim("index_copy_", dim, dimensions("index_copy_", input))
    return apply_inplace(INDEX_COPY, input, (index, source), (dim,))


# --- index_fill ---------------------------------------------------------------------------------


def _check_fill_index(index: Any) -> None:
    """As :func:`check_vector`, with the exception types that PyTorch has here."""
    if index.dtype.kind != "i" or index.dtype.itemsize < 4 or len(index.shape) > 1:
        vector = len(index.shape) <= 1
        raise (IndexError if vector else RuntimeError)(
            message(
                "index_fill: index does not fit",
                expected="a vector of type torch.int64 (or torch.int32)",
                got=f"shape {tuple(index.shape)} of type {dtypes.of(index.dtype)}",
            )
        )


def _fill_spec(x: Any, index: Any, dim: int, value: Any) -> Spec:
    _check_fill_index(index)
    return like(x)


def _index_fill(array: np.ndarray, index: np.ndarray, dim: int, value: Any) -> np.ndarray:
    _check_fill_index(index)
    size = as_vector(array).shape[dim]
    # Here, unlike in its relatives, PyTorch lets negative numbers count from the end.
    out, places = _slices(array, np.where(index < 0, index + size, index), dim)
    _bounded("index_fill", out, places[-1], dim)[places] = value
    return out


INDEX_FILL = Operation(
    "index_fill",
    inputs="input index",
    params="dim value",
    evaluate=_index_fill,
    infer=_fill_spec,
    gradient={"input": lambda g, index, dim: apply(INDEX_FILL, (g, index), (dim, 0))},
    samples=lambda make: [
        make.sample(inputs=(make.tensor((3, 4)), make.integers((2,), 0, 4)), params=(1, 2.5)),
        make.sample(inputs=(make.tensor(()), make.integers((1,), 0, 1)), params=(0, 1)),
        make.error((make.tensor((3,)), make.integers((2, 2), 0, 3)), (0, 1), RuntimeError),
    ],
)


def _check_value(x: Any, index: Any, value: Any, dim: int) -> Spec:
    if value.shape:
        raise RuntimeError(
            message(
                "index_fill: value must be a number or a 0-d tensor",
                expected="shape ()",
                got=f"shape {tuple(value.shape)}",
            )
        )
    return _fill_spec(x, index, dim, value)


def _filled(g: Any, index: Tensor, dim: int) -> Tensor:
    """The sum over what was filled, once for each element."""
    marks: Any = apply(INDEX_FILL, (PUBLIC["zeros_like"](g), index), (dim, 1))
    return PUBLIC["where"](marks != 0, g, 0).sum()  # type: ignore[attr-defined]


INDEX_FILL_TENSOR = Operation(
    "index_fill_tensor",
    inputs="input index value",
    params="dim",
    evaluate=lambda array, index, value, dim: _index_fill(array, index, dim, value),
    infer=_check_value,
    strict=True,
    gradient={
        "input": lambda g, index, dim: apply(INDEX_FILL, (g, index), (dim, 0)),
        "value": lambda g, index, dim: _filled(g, index, dim),
    },
    node_name="IndexFillBackward1",
    samples=lambda make: [
        make.sample(
            inputs=(make.tensor((3, 4)), make.integers((1,), 0, 4), make.tensor(())), params=(1,)
        ),
        make.error(
            (make.tensor((3,)), make.integers((1,), 0, 3), make.tensor((1,))), (0,), RuntimeError
        ),
    ],
)


def _filling(index: Tensor, value: Any, dim: int) -> tuple[Operation, tuple, tuple]:
    if isinstance(value, Tensor):
        return INDEX_FILL_TENSOR, (index, value), (dim,)
    return INDEX_FILL, (index,), (dim, value)


@public(method=True)
def index_fill(input: Tensor, dim: int, index: Tensor, value: Any) -> Tensor:
    """A copy with slices set to one value where an index says.

    Args:
        input: a tensor.
        dim: the dimension along which slices are numbered.
        index: a vector of int64 (or int32) numbers of slices, from the end if negative.
        value: a number or a 0-d tensor.

    Shape: the input's.

    Raises:
        IndexError: if a number is out of range, the index has another type, or there is no such
            dimension.
        RuntimeError: for an index or a value with too many dimensions.

    Example:
        >>> import flambeau as fb
        >>> fb.zeros(3).index_fill(0, fb.tensor([0, 2]), 7.)
        tensor([7., 0., 7.])
    """
    op, others, params = _filling(
        index, value, wrap_dim("index_fill", dim, dimensions("index_fill", input))
    )
    return apply(op, (input, *others), params)


@public(method=True, function=False)
def index_fill_(input: Tensor, dim: int, index: Tensor, value: Any) -> Tensor:
    """In-place version of :func:`flambeau.index_fill`; returns the tensor itself."""
    op, others, params = _filling(
        index, value, wrap_dim("index_fill_", dim, dimensions("index_fill_", input))
    )
    return apply_inplace(op, input, others, params)


# --- index_reduce -------------------------------------------------------------------------------

_REDUCTIONS = ("prod", "mean", "amax", "amin")


def _spread_index(name: str, input: Any, index: Any, source: Any, dim: int, reduce: str) -> Tensor:
    """A vector of slice numbers as an index for each element of ``source``."""
    check_reduce(name, reduce, _REDUCTIONS)
    _check(name, input._array, index._array, source._array, dim)
    shape = source._array.shape
    if not shape:
        return index.reshape(())
    return PUBLIC["expand"](index.reshape((-1,) + (1,) * (len(shape) - 1 - dim)), shape)


@public(method=True)
def index_reduce(
    input: Tensor, dim: int, index: Tensor, source: Tensor, reduce: str, *,
    include_self: bool = True, out: Any = None,
) -> Tensor:  # fmt: skip
    """A copy with slices reduced into those that an index names.

    Args:
        input: a tensor.
        dim: the dimension along which slices are numbered.
        index: a vector of int64 (or int32) numbers from 0 to the size of ``dim`` less 1.
        source: slices of the input's type, as many as the index has entries.
        reduce: ``"prod"``, ``"mean"``, ``"amax"`` or ``"amin"``.
        include_self: whether the old elements count too.
        out: a tensor to write the result into.

    Shape: the input's.

    Raises:
        RuntimeError: for an unknown ``reduce``, other shapes or types, or a number out of range.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.ones(2).index_reduce(0, fb.tensor([0, 0]), fb.tensor([3., 5.]), "amax")
        tensor([5., 1.])
    """
    dim = wrap_dim("index_reduce", dim, dimensions("index_reduce", input))
    places = _spread_index("index_reduce", input, index, source, dim, reduce)
    params = dim, reduce, bool(include_self)
    result = apply(SCATTER_REDUCE, (input, places, source), params)
    return result if out is None else write_out("index_reduce", out, result)


@public(method=True, function=False)
def index_reduce_(
    input: Tensor,
    dim: int,
    index: Tensor,
    source: Tensor,
    reduce: str,
    *,
    include_self: bool = True,
) -> Tensor:
    """In-place version of :func:`flambeau.index_reduce`; returns the tensor itself."""
    dim = wrap_dim("index_reduce_", dim, dimensions("index_reduce_", input))
    places = _spread_index("index_reduce_", input, index, source, dim, reduce)
    return apply_inplace(SCATTER_REDUCE, input, (places, source), (dim, reduce, bool(include_self)))
