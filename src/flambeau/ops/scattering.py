"""Writing and adding at places that an index names: the scatter family."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.core.shapes import wrap_dim
from flambeau.core.spec import Spec, elementwise_strides
from flambeau.ops.gathering import (
    GATHER,
    along,
    as_vector,
    check_bounds,
    check_fits,
)
from flambeau.ops.publish import PUBLIC, public
from flambeau.ops.reduction import dimensions, is_reduced
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply, apply_inplace
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor

REDUCTIONS = ("sum", "prod", "mean", "amax", "amin")
_UFUNCS = {
    "sum": np.add, "mean": np.add, "prod": np.multiply, "amax": np.maximum, "amin": np.minimum,
}  # fmt: skip


def like(x: Any) -> Spec:
    """A spec of a copy: NumPy's order 'K'."""
    strides = elementwise_strides(x.shape, [x])
    return Spec(x.shape, x.dtype, strides and tuple([s * x.dtype.itemsize for s in strides]))


def check_scatter(name: str, x: Any, index: Any, src: Any, dim: int) -> None:
    """Raises: RuntimeError: if shapes or types do not fit each other."""
    check_fits(name, x, index, dim)
    if src is None:
        return
    if src.dtype != x.dtype:
        raise RuntimeError(
            message(
                f"{name}: src has another type than input",
                expected=str(dtypes.of(x.dtype)),
                got=str(dtypes.of(src.dtype)),
                help="convert src with .to(input.dtype)",
            )
        )
    if index.size and not _covers(src.shape or (1,), index.shape or (1,)):
        raise RuntimeError(
            message(
                f"{name}: index is larger than src",
                expected="sizes of at most those of src",
                got=f"index {tuple(index.shape)} and src {tuple(src.shape)}",
            )
        )


def _covers(shape: tuple[int, ...], part: tuple[int, ...]) -> bool:
    return len(shape) == len(part) and all(s >= p for s, p in zip(shape, part, strict=True))


def _part(src: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The leading part of ``src`` that an index of this shape refers to."""
    return src[tuple([slice(0, size) for size in shape])]


def _scattered(
    name: str, write: Callable[..., None]
) -> Callable[[np.ndarray, np.ndarray, Any, int], np.ndarray]:
    """Evaluate "copy, then write at the places of an index"."""

    def evaluate(array: np.ndarray, index: np.ndarray, src: Any, dim: int, *rest: Any) -> Any:
        check_scatter(name, array, index, src if isinstance(src, np.ndarray) else None, dim)
        out = array.copy("K")
        if index.size == 0:
            return out
        full = as_vector(out)
        check_bounds(name, index, full.shape[dim], dim)
        if isinstance(src, np.ndarray):
            src = as_vector(_part(src, index.shape))
        write(full, along(as_vector(index), dim), src, *rest)
        return out

    return evaluate


def _assign(out: np.ndarray, places: tuple, src: Any) -> None:
    out[places] = src


def _add_at(out: np.ndarray, places: tuple, src: Any) -> None:
    if is_reduced(out.dtype):  # round once
        wide = out.astype(np.float32)
        np.add.at(wide, places, src.astype(np.float32))
        out[...] = wide
    else:
        np.add.at(out, places, src)


def _reduce_at(out: np.ndarray, places: tuple, src: Any, reduce: str, include_self: bool) -> None:
    wide = out.astype(np.float32) if is_reduced(out.dtype) else out
    if not include_self:
        wide[places] = identity(reduce, wide.dtype)
    _UFUNCS[reduce].at(wide, places, src.astype(wide.dtype))
    if reduce == "mean":
        count = np.full(out.shape, int(include_self), np.int64)
        np.add.at(count, places, 1)
        divide = np.floor_divide if wide.dtype.kind in "iu" else np.true_divide
        wide = divide(wide, np.maximum(count, 1).astype(wide.dtype))
    if wide is not out:
        out[...] = wide


def identity(reduce: str, kind: np.dtype) -> Any:
    """What a reduction starts from where the old element does not count."""
    if reduce in ("sum", "mean"):
        return 0
    if reduce == "prod":
        return 1
    if kind.kind == "b":
        return reduce == "amin"
    if kind.kind in "iu":
        limits = np.iinfo(kind)
        return limits.min if reduce == "amax" else limits.max
    return -np.inf if reduce == "amax" else np.inf


def _infer(name: str) -> Callable[..., Spec]:
    def infer(x: Any, index: Any, src: Any, dim: int, *rest: Any) -> Spec:
        check_scatter(name, x, index, src if hasattr(src, "dtype") else None, dim)
        return like(x)

    return infer


def _taken(g: Tensor, index: Tensor, src_shape: tuple[int, ...], dim: int) -> Tensor:
    """The gradient of ``src``: where a part of it was used, the rest gets 0."""
    part = apply(GATHER, (g, index), (dim,))
    if index._array.shape == src_shape:
        return part
    return _pad_behind(part, src_shape)


def _pad_behind(part: Tensor, shape: tuple[int, ...]) -> Tensor:
    return apply(PAD_BEHIND, (part,), (shape,))


def _padded(array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    out = np.zeros(shape, array.dtype)
    out[tuple([slice(0, size) for size in array.shape])] = array
    return out


PAD_BEHIND = Operation(
    "pad_behind",
    inputs="input",
    params="shape",
    evaluate=_padded,
    infer=lambda x, shape: Spec(shape, x.dtype),
    gradient={
        "input": lambda g, input_shape: g[tuple([slice(0, size) for size in input_shape])],
    },
    node_name="ConstantPadNdBackward0",
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 3)),), params=((4, 3),)),
        make.sample(inputs=(make.tensor((0,)),), params=((2,),)),
    ],
)


def _cases(make: Any, *params: Any) -> list[Any]:
    def case(shape: Any, index: Any, dim: int, src: Any) -> Any:
        bound = shape[dim] if shape else 1
        inputs = make.tensor(shape), make.integers(index, 0, bound), make.tensor(src)
        return make.sample(inputs=inputs, params=(dim, *params))

    wrong = make.tensor((3,)), make.integers((2, 2), 0, 3), make.tensor((2, 2))
    return [
        case((3, 4), (2, 5), 1, (2, 5)),
        case((3, 4), (6, 2), 0, (7, 3)),
        case((), (), 0, ()),
        case((3,), (0,), 0, (0,)),
        make.error(wrong, (0, *params), RuntimeError),
    ]


SCATTER = Operation(
    "scatter",
    inputs="input index src",
    params="dim",
    evaluate=_scattered("scatter", _assign),
    infer=_infer("scatter"),
    gradient={
        "input": lambda g, index, dim: apply(SCATTER_VALUE, (g, index), (dim, 0)),
        "src": lambda g, index, src_shape, dim: _taken(g, index, src_shape, dim),
    },
    samples=lambda make: [
        # No element is named twice: which value is written then is nobody's promise.
        make.sample(
            inputs=(make.tensor((3, 4)), make.integers((1, 4), 0, 3), make.tensor((1, 4))),
            params=(0,),
        ),
        make.sample(
            inputs=(make.tensor((3, 4)), make.integers((2, 1), 0, 4), make.tensor((3, 2))),
            params=(1,),
        ),
        make.sample(
            inputs=(make.tensor(()), make.integers((), 0, 1), make.tensor(())), params=(0,)
        ),
        make.error(
            (make.tensor((3,)), make.integers((2, 2), 0, 3), make.tensor((2, 2))),
            (0,),
            RuntimeError,
        ),
    ],
)

_scatter_number = _scattered("scatter", _assign)

SCATTER_VALUE = Operation(
    "scatter_value",
    inputs="input index",
    params="dim value",
    evaluate=lambda array, index, dim, value: _scatter_number(
        array, index, array.dtype.type(value), dim
    ),
    infer=lambda x, index, dim, value: _infer("scatter")(x, index, None, dim),
    gradient={"input": lambda g, index, dim: apply(SCATTER_VALUE, (g, index), (dim, 0))},
    node_name="ScatterBackward1",
    decompose=lambda input, index, dim, value: apply(
        SCATTER, (input, index, PUBLIC["full_like"](index, value, dtype=input.dtype)), (dim,)
    ),
    samples=lambda make: [
        make.sample(inputs=(make.tensor((3, 4)), make.integers((2, 5), 0, 4)), params=(1, 2.5)),
        make.sample(inputs=(make.tensor(()), make.integers((), 0, 1)), params=(0, 0)),
        make.error((make.tensor((3,)), make.integers((2, 2), 0, 3)), (0, 1), RuntimeError),
    ],
)

SCATTER_ADD = Operation(
    "scatter_add",
    inputs="input index src",
    params="dim",
    evaluate=_scattered("scatter_add", _add_at),
    infer=_infer("scatter_add"),
    gradient={
        "input": lambda g: g,
        "src": lambda g, index, src_shape, dim: _taken(g, index, src_shape, dim),
    },
    samples=_cases,
)


# --- scatter_reduce -----------------------------------------------------------------------------


def _reduce_gradient(
    g: Any, input: Any, index: Any, src: Any, out: Any, dim: int, reduce: str, include_self: bool
) -> tuple[Any, None, Any]:
    """Gradients of the old elements and of ``src``."""
    whole = src
    if src._array.shape != index._array.shape:
        src = src[tuple([slice(0, size) for size in index._array.shape])]
    if reduce == "sum":
        first, second = g, g.gather(dim, index)
    elif reduce == "mean":
        start = input.detach() * 0 + int(include_self)
        count = start.scatter_add(dim, index, src.detach() * 0 + 1)
        g = g / PUBLIC["where"](count == 0, 1, count)
        first, second = g, g.gather(dim, index)
    elif reduce == "prod":
        first, second = _product_gradient(g, input, index, src, out, dim, include_self)
    else:
        first, second = _shared_gradient(g, input, index, src, out, dim, include_self)
    if not include_self:
        first = apply(SCATTER_VALUE, (first, index), (dim, 0))
    if whole is not src:
        second = _pad_behind(second, whole._array.shape)
    return first, None, second


def _product_gradient(
    g: Any, input: Any, index: Any, src: Any, out: Any, dim: int, include_self: bool
) -> tuple[Any, Any]:
    """The product of all factors but one, also where that one, or another, is 0."""
    where = PUBLIC["where"]
    others = apply(
        SCATTER_REDUCE, (where(input == 0, 1, input), index, src), (dim, "prod", include_self)
    )
    first = g * others / where(input == 0, 1, input)
    zero = src == 0
    zeros = (input.detach() * 0).scatter_add(dim, index, zero.to(input.dtype))
    if include_self:
        zeros = zeros + (input == 0).to(input.dtype)
    only = zero & (zeros.gather(dim, index) == 1)
    rest = apply(SCATTER_REDUCE, (input, index, where(only, 1, src)), (dim, "prod", include_self))
    at_zero = (g * rest).gather(dim, index)
    elsewhere = (g * out).gather(dim, index) / where(zero, 1, src)
    return first, where(only, at_zero, elsewhere)


def _shared_gradient(
    g: Any, input: Any, index: Any, src: Any, out: Any, dim: int, include_self: bool
) -> tuple[Any, Any]:
    """The gradient of an extreme, divided evenly among all that are equal to it."""
    where = PUBLIC["where"]
    mine = (input == out).to(g.dtype)
    if not include_self:
        mine = apply(SCATTER_VALUE, (mine, index), (dim, 0))
    theirs = (src == out.gather(dim, index)).to(g.dtype)
    count = mine.scatter_add(dim, index, theirs)
    share = g / where(count == 0, 1, count)
    return where(mine != 0, share, 0), where(theirs != 0, share.gather(dim, index), 0)


SCATTER_REDUCE = Operation(
    "scatter_reduce",
    inputs="input index src",
    params="dim reduce include_self",
    evaluate=_scattered("scatter_reduce", _reduce_at),
    infer=_infer("scatter_reduce"),
    gradient=_reduce_gradient,
    samples=lambda make: [
        sample
        for reduce in REDUCTIONS
        for include_self in (True, False)
        for sample in _cases(make, reduce, include_self)
    ],
)


# --- what users call ----------------------------------------------------------------------------


def check_reduce(name: str, reduce: Any, known: tuple[str, ...]) -> None:
    """Raises: RuntimeError: for a reduction that is not known."""
    if reduce not in known:
        raise RuntimeError(
            message(f"{name}: unknown reduce", expected=" or ".join(known), got=repr(reduce))
        )


def _scatter_call(
    name: str, input: Tensor, dim: int, index: Tensor, src: Any, value: Any, reduce: str | None
) -> tuple[Operation, tuple[Any, ...], tuple[Any, ...]]:
    """The record, other inputs and parameters of a call of ``scatter`` or ``scatter_``."""
    dim = wrap_dim(name, dim, dimensions(name, input))
    src = value if src is None else src
    if reduce is not None:
        check_reduce(name, reduce, ("add", "multiply"))
        if not isinstance(src, Tensor):
            src = PUBLIC["full_like"](index, src, dtype=input.dtype)
        if reduce == "add":
            return SCATTER_ADD, (index, src), (dim,)
        return SCATTER_REDUCE, (index, src), (dim, "prod", True)
    if isinstance(src, Tensor):
        return SCATTER, (index, src), (dim,)
    if src is None:
        raise TypeError(message(f"{name}: nothing to write", expected="src= or value=", got="None"))
    return SCATTER_VALUE, (index,), (dim, src)


@public(method=True)
def scatter(
    input: Tensor, dim: int, index: Tensor, src: Any = None, *, value: Any = None,
    reduce: str | None = None, out: Any = None,
) -> Tensor:  # fmt: skip
    """A copy with elements replaced at the places that an index names.

    :math:`out[index[i, j], j] = src[i, j]` for ``dim=0``

    Args:
        input: a tensor.
        dim: the dimension that the index points along.
        index: int64 (or int32) entries from 0 to the size of ``dim`` less 1. Where an element is
            named twice, one of the two values is written.
        src: a tensor of the input's type, at least as large as the index, or a number.
        value: a number to write everywhere, in place of ``src``.
        reduce: ``"add"`` or ``"multiply"`` to combine with the old elements.
        out: a tensor to write the result into.

    Shape: the input's.

    Raises:
        RuntimeError: for an index or ``src`` of another type or shape, or an entry out of bounds.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.zeros(2, 3).scatter(1, fb.tensor([[2], [0]]), 1.)
        tensor([[0., 0., 1.],
                [1., 0., 0.]])

    Differs from PyTorch: with ``reduce=``, gradients are recorded.
    """
    op, others, params = _scatter_call("scatter", input, dim, index, src, value, reduce)
    result = apply(op, (input, *others), params)
    return result if out is None else write_out("scatter", out, result)


@public(method=True, function=False)
def scatter_(
    input: Tensor, dim: int, index: Tensor, src: Any = None, *, value: Any = None,
    reduce: str | None = None,
) -> Tensor:  # fmt: skip
    """In-place version of :func:`flambeau.scatter`; returns the tensor itself."""
    op, others, params = _scatter_call("scatter_", input, dim, index, src, value, reduce)
    return apply_inplace(op, input, others, params)


@public(method=True)
def scatter_add(input: Tensor, dim: int, index: Tensor, src: Tensor, *, out: Any = None) -> Tensor:
    """A copy with values added at the places that an index names.

    :math:`out[index[i, j], j] += src[i, j]` for ``dim=0``

    Args:
        input: a tensor.
        dim: the dimension that the index points along.
        index: int64 (or int32) entries from 0 to the size of ``dim`` less 1.
        src: a tensor of the input's type, at least as large as the index.
        out: a tensor to write the result into.

    Shape: the input's.

    Raises:
        RuntimeError: for an index or ``src`` of another type or shape, or an entry out of bounds.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.zeros(3).scatter_add(0, fb.tensor([2, 0, 2]), fb.tensor([1., 2., 3.]))
        tensor([2., 0., 4.])
    """
    dim = wrap_dim("scatter_add", dim, dimensions("scatter_add", input))
    result = apply(SCATTER_ADD, (input, index, src), (dim,))
    return result if out is None else write_out("scatter_add", out, result)


@public(method=True, function=False)
def scatter_add_(input: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """In-place version of :func:`flambeau.scatter_add`; returns the tensor itself."""
    dim = wrap_dim("scatter_add_", dim, dimensions("scatter_add_", input))
    return apply_inplace(SCATTER_ADD, input, (index, src), (dim,))


@public(method=True)
def scatter_reduce(
    input: Tensor, dim: int, index: Tensor, src: Tensor, reduce: str, *,
    include_self: bool = True, out: Any = None,
) -> Tensor:  # fmt: skip
    """A copy with values reduced into the places that an index names.

    Args:
        input: a tensor.
        dim: the dimension that the index points along.
        index: int64 (or int32) entries from 0 to the size of ``dim`` less 1.
        src: a tensor of the input's type, at least as large as the index.
        reduce: ``"sum"``, ``"prod"``, ``"mean"``, ``"amax"`` or ``"amin"``.
        include_self: whether the old elements count too.
        out: a tensor to write the result into.

    Shape: the input's.

    Raises:
        RuntimeError: for an unknown ``reduce``, an index or ``src`` of another type or shape, or
            an entry out of bounds.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.ones(2).scatter_reduce(0, fb.tensor([0, 0]), fb.tensor([3., 5.]), "mean")
        tensor([3., 1.])
    """
    dim = wrap_dim("scatter_reduce", dim, dimensions("scatter_reduce", input))
    check_reduce("scatter_reduce", reduce, REDUCTIONS)
    params = dim, reduce, bool(include_self)
    result = apply(SCATTER_REDUCE, (input, index, src), params)
    return result if out is None else write_out("scatter_reduce", out, result)


@public(method=True, function=False)
def scatter_reduce_(
    input: Tensor, dim: int, index: Tensor, src: Tensor, reduce: str, *, include_self: bool = True
) -> Tensor:
    """In-place version of :func:`flambeau.scatter_reduce`; returns the tensor itself."""
    dim = wrap_dim("scatter_reduce_", dim, dimensions("scatter_reduce_", input))
    check_reduce("scatter_reduce_", reduce, REDUCTIONS)
    params = dim, reduce, bool(include_self)
    return apply_inplace(SCATTER_REDUCE, input, (index, src), params)
