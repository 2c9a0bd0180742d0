"""Joining tensors: cat, stack and their relatives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import ShapeError, message
from flambeau.core.shapes import wrap_dim
from flambeau.core.spec import Spec
from flambeau.ops.numpy_style import axis_as_dim
from flambeau.ops.publish import public
from flambeau.ops.slicing import SELECT, SLICE
from flambeau.ops.view_record import require_tensor
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply, attach, wrap
from flambeau.tensor.modes import INTERPRETED, MODE
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor


def _left_out(shape: tuple[int, ...]) -> bool:
    """Tensors of shape (0,) join anything, whatever its shape."""
    return len(shape) == 1 and shape[0] == 0


def _common_type(arrays: Sequence[Any]) -> np.dtype:
    first = arrays[0].dtype
    for x in arrays:
        if x.dtype is not first:
            return dtypes.result_numpy(arrays)
    return first


def _cat(*arguments: Any) -> np.ndarray:
    arrays, dim = arguments[:-1], arguments[-1]
    kind = arrays[0].dtype
    if all([x.dtype is kind and x.flags.c_contiguous and x.ndim > dim for x in arrays]):
        kept = [x for x in arrays if not _left_out(x.shape)] if dim == 0 else arrays
        if kept:
            return np.concatenate(kept, dim)
    spec = _infer_cat(*arguments)
    kept = [x for x in arrays if not _left_out(x.shape)]
    out = np.empty(spec.shape, spec.dtype)
    if kept:
        np.concatenate(kept, dim, out=out, casting="unsafe")
    return out


def _infer_cat(*arguments: Any) -> Spec:
    arrays, dim = arguments[:-1], arguments[-1]
    kind = _common_type(arrays)
    kept = [x for x in arrays if not _left_out(x.shape)]
    if not kept:
        return Spec((0,), kind)
    shape = list(kept[0].shape)
    for x in kept[1:]:
        if len(x.shape) != len(shape) or any(
            a != b for d, (a, b) in enumerate(zip(shape, x.shape)) if d != dim
        ):
            raise ShapeError(
                message(
                    "cat: sizes differ in a dimension other than the one joined",
                    expected=f"shapes that are equal except in dimension {dim}",
                    got=" and ".join(str(tuple(k.shape)) for k in kept),
                )
            )
    shape[dim] = sum([x.shape[dim] for x in kept])
    return Spec(tuple(shape), kind)


def _cat_gradient(g, tensors_shape, needs, dim):
    gradients, start = [], 0
    for shape, need in zip(tensors_shape, needs):
        if _left_out(shape):
            gradients.append(_nothing(g, dim) if need else None)
            continue
        end = start + shape[dim]
        gradients.append(apply(SLICE, (g,), (dim, start, end, 1)) if need else None)
        start = end
    return tuple(gradients)


def _nothing(g: Tensor, dim: int) -> Tensor:
    """A gradient for a tensor of shape (0,)."""
    return apply(SLICE, (g,), (dim, 0, 0, 1)).reshape(0)  # type: ignore[attr-defined]


CAT = Operation(
    "cat",
    inputs="*tensors",
    params="dim",
    evaluate=_cat,
    infer=_infer_cat,
    gradient=_cat_gradient,
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 3)), make.tensor((2, 1))), params=(1,)),
        make.sample(inputs=(make.tensor((0,)), make.tensor((2, 3))), params=(0,)),
        make.sample(inputs=(make.transposed((3, 2)), make.transposed((3, 2))), params=(0,)),
        make.sample(inputs=(make.tensor((3,)),), params=(0,)),
        make.error((make.tensor((2, 3)), make.tensor((3, 2))), (0,), RuntimeError),
    ],
)


def tensor_list(name: str, tensors: Any) -> tuple[Tensor, ...]:
    """A sequence of tensors as a tuple.

    Raises:
        TypeError: if it is no sequence, or not all of it are tensors.
        RuntimeError: if it is empty.
    """
    if isinstance(tensors, Tensor) or not isinstance(tensors, (tuple, list)):
        raise TypeError(
            message(
                f"{name}: a list of tensors is needed",
                expected="a tuple or list of tensors",
                got=type(tensors).__name__,
            )
        )
    for position, tensor in enumerate(tensors):
        if not isinstance(tensor, Tensor):
            raise TypeError(
                message(
                    f"{name}: not all are tensors",
                    expected="a tuple or list of tensors",
                    got=f"{type(tensor).__name__} at position {position}",
                )
            )
    if not tensors:
        error = ValueError if name == "cat" else RuntimeError
        raise error(message(f"{name}: the list is empty", expected="at least one tensor"))
    return tuple(tensors)


@public(aliases=("concat", "concatenate"))
def cat(
    tensors: Any, dim: int = 0, *, axis: int | None = None, out: Tensor | None = None
) -> Tensor:
    """Join tensors along a dimension they have.

    Args:
        tensors: a list of tensors, equal in all other dimensions; those of shape (0,) are left
            out.
        dim: the dimension.
        axis: NumPy's name for ``dim``.
        out: a tensor to write the result into.

    Raises:
        RuntimeError: if sizes do not fit, or a tensor is 0-d.

    Example:
        >>> import flambeau as fb
        >>> fb.cat([fb.tensor([1, 2]), fb.tensor([3])])
        tensor([1, 2, 3])
    """
    if axis is None and out is None and MODE.code < INTERPRETED:
        result = _quickly_joined(tensors, dim)
        if result is not None:
            return result
    if axis is not None:
        dim = axis_as_dim("cat", dim, 0, axis)
    given = tensor_list("cat", tensors)
    for position, tensor in enumerate(given):
        if tensor._array.ndim == 0:
            raise RuntimeError(
                message(
                    "cat: a 0-d tensor cannot be joined",
                    expected="tensors of at least 1 dimension",
                    got=f"a 0-d tensor at position {position}",
                    help="use stack, or reshape it with .reshape(1)",
                )
            )
    ndim = next((t._array.ndim for t in given if not _left_out(t._array.shape)), 1)
    result = apply(CAT, given, (wrap_dim("cat", dim, ndim),))
    return result if out is None else write_out("cat", out, result, apart=tuple(tensors))


def _quickly_joined(tensors: Any, dim: int) -> Tensor | None:
    """The common case: equal types, row-major, nothing wrong; ``None`` for others."""
    if tensors.__class__ is not list and tensors.__class__ is not tuple:
        return None
    try:
        arrays = [t._array for t in tensors]
        kind, ndim = arrays[0].dtype, arrays[0].ndim
        for x in arrays:
            if x.dtype is not kind or x.ndim != ndim or not x.flags.c_contiguous:
                return None
        result = wrap(np.concatenate(arrays, dim))
    except (AttributeError, TypeError, ValueError, IndexError):
        return None
    if MODE.code and any([t._requires or t._view is not None for t in tensors]):
        attach(CAT, tuple(tensors), (dim + ndim if dim < 0 else dim,), result)
    return result


# Up to so many arrays are written one after the other, which costs less to call.
_ONE_BY_ONE = 4


def _stack(*arguments: Any) -> np.ndarray:
    arrays, dim = arguments[:-1], arguments[-1]
    kind = _common_type(arrays)
    shape = arrays[0].shape
    for x in arrays:
        if x.shape != shape:
            raise ValueError("shapes differ")  # explained by the shape rule
    return _stacked(arrays, dim, kind)


def _stacked(arrays: Sequence[np.ndarray], dim: int, kind: np.dtype) -> np.ndarray:
    """Arrays of one shape along a new dimension, in a type that all of them fit."""
    shape = arrays[0].shape
    if dim == 0 and len(arrays) > _ONE_BY_ONE and shape and all([x.dtype is kind for x in arrays]):
        out = np.empty((len(arrays), *shape), kind)
        np.concatenate(arrays, 0, out=out.reshape(len(arrays) * shape[0], *shape[1:]))
        return out
    out = np.empty((*shape[:dim], len(arrays), *shape[dim:]), kind)
    before = (slice(None),) * dim
    for position, x in enumerate(arrays):
        out[(*before, position)] = x
    return out


def _infer_stack(*arguments: Any) -> Spec:
    arrays, dim = arguments[:-1], arguments[-1]
    shape = tuple(arrays[0].shape)
    for position, x in enumerate(arrays):
        if tuple(x.shape) != shape:
            raise ShapeError(
                message(
                    "stack: tensors have different shapes",
                    expected=f"shape {shape}, that of the first",
                    got=f"shape {tuple(x.shape)} at position {position}",
                )
            )
    return Spec((*shape[:dim], len(arrays), *shape[dim:]), _common_type(arrays))


STACK = Operation(
    "stack",
    inputs="*tensors",
    params="dim",
    evaluate=_stack,
    infer=_infer_stack,
    gradient=lambda g, needs, dim: tuple(
        [apply(SELECT, (g,), (dim, i)) if need else None for i, need in enumerate(needs)]
    ),
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 3)), make.tensor((2, 3))), params=(1,)),
        make.sample(inputs=(make.tensor(()), make.tensor(())), params=(0,)),
        make.sample(inputs=(make.transposed((3, 2)), make.transposed((3, 2))), params=(2,)),
        make.sample(inputs=(make.tensor((0,)),), params=(0,)),
        make.error((make.tensor((2, 3)), make.tensor((3, 2))), (0,), RuntimeError),
    ],
)


@public()
def stack(tensors: Any, dim: int = 0, *, out: Tensor | None = None, axis: Any = None) -> Tensor:
    """Join tensors of one shape along a new dimension.

    Args:
        tensors: a list of tensors.
        dim: where the new dimension stands in the result.
        out: a tensor to write the result into.

    Raises:
        RuntimeError: if shapes differ.

    Example:
        >>> import flambeau as fb
        >>> fb.stack([fb.tensor([1, 2]), fb.tensor([3, 4])], dim=1)
        tensor([[1, 3],
                [2, 4]])
    """
    if axis is None and out is None and MODE.code < INTERPRETED:
        result = _quickly_stacked(tensors, dim)
        if result is not None:
            return result
    if axis is not None:
        dim = axis_as_dim("stack", dim, 0, axis)
    given = tensor_list("stack", tensors)
    axis = wrap_dim("stack", dim, given[0]._array.ndim + 1)
    result = apply(STACK, given, (axis,))
    return result if out is None else write_out("stack", out, result)


def _quickly_stacked(tensors: Any, dim: int) -> Tensor | None:
    """The common case: equal types and shapes, nothing wrong; ``None`` for others."""
    if tensors.__class__ is not list and tensors.__class__ is not tuple:
        return None
    try:
        arrays = [t._array for t in tensors]
        first = arrays[0]
        kind, shape, places = first.dtype, first.shape, first.ndim + 1
        if not -places <= dim < places:
            return None
    except (AttributeError, TypeError, IndexError):
        return None
    for x in arrays:
        if x.dtype is not kind or x.shape != shape:
            return None
    dim = dim + places if dim < 0 else dim
    result = wrap(_stacked(arrays, dim, kind))
    if MODE.code and any([t._requires or t._view is not None for t in tensors]):
        attach(STACK, tuple(tensors), (dim,), result)
    return result


# --- relatives ------------------------------------------------------------------------------------


@public()
def atleast_1d(*tensors: Any) -> Any:
    """Tensors of at least one dimension: 0-d ones get one of size 1.

    Example:
        >>> import flambeau as fb
        >>> fb.atleast_1d(fb.tensor(1.))
        tensor([1.])
    """
    return _each("atleast_1d", tensors, lambda x: x if x.ndim else x.reshape(1))


@public()
def atleast_2d(*tensors: Any) -> Any:
    """Tensors of at least two dimensions; new ones stand in front.

    Example:
        >>> import flambeau as fb
        >>> fb.atleast_2d(fb.tensor([1., 2.])).shape
        torch.Size([1, 2])
    """

    def widen(x: Any) -> Tensor:
        if x.ndim >= 2:
            return x
        return x.unsqueeze(0) if x.ndim else x.reshape(1, 1)

    return _each("atleast_2d", tensors, widen)


@public()
def atleast_3d(*tensors: Any) -> Any:
    """Tensors of at least three dimensions: (n,) becomes (1, n, 1), (m, n) becomes (m, n, 1).

    Example:
        >>> import flambeau as fb
        >>> fb.atleast_3d(fb.tensor([1., 2.])).shape
        torch.Size([1, 2, 1])
    """

    def widen(x: Any) -> Tensor:
        if x.ndim >= 3:
            return x
        if x.ndim == 2:
            return x.unsqueeze(-1)
        return x.unsqueeze(0).unsqueeze(-1) if x.ndim else x.reshape(1, 1, 1)

    return _each("atleast_3d", tensors, widen)


def _each(name: str, tensors: tuple[Any, ...], widen: Any) -> Any:
    if len(tensors) == 1 and not isinstance(tensors[0], (tuple, list)):
        require_tensor(name, tensors[0])
        return widen(tensors[0])
    if len(tensors) == 1:
        tensors = tuple(tensors[0])
    for x in tensors:
        require_tensor(name, x)
    return tuple([widen(x) for x in tensors])


def _joined(name: str, tensors: Any, widened: Any, dim: int, out: Any) -> Tensor:
    result = cat(list(widened(tensor_list(name, tensors))), dim)
    return result if out is None else write_out(name, out, result)


@public()
def hstack(tensors: Any, *, out: Tensor | None = None) -> Tensor:
    """Join along dimension 1 (dimension 0 for 1-d tensors).

    Raises:
        RuntimeError: if sizes do not fit.

    Example:
        >>> import flambeau as fb
        >>> fb.hstack([fb.tensor([1]), fb.tensor([2, 3])])
        tensor([1, 2, 3])
    """
    dim = 0 if tensor_list("hstack", tensors)[0].ndim <= 1 else 1
    return _joined("hstack", tensors, atleast_1d, dim, out)


@public(aliases=("row_stack",))
def vstack(tensors: Any, *, out: Tensor | None = None) -> Tensor:
    """Join along dimension 0; 1-d tensors are rows.

    Raises:
        RuntimeError: if sizes do not fit.

    Example:
        >>> import flambeau as fb
        >>> fb.vstack([fb.tensor([1, 2]), fb.tensor([3, 4])])
        tensor([[1, 2],
                [3, 4]])
    """
    return _joined("vstack", tensors, atleast_2d, 0, out)


@public()
def dstack(tensors: Any, *, out: Tensor | None = None) -> Tensor:
    """Join along dimension 2.

    Raises:
        RuntimeError: if sizes do not fit.

    Example:
        >>> import flambeau as fb
        >>> fb.dstack([fb.tensor([1, 2]), fb.tensor([3, 4])])
        tensor([[[1, 3],
                 [2, 4]]])
    """
    return _joined("dstack", tensors, atleast_3d, 2, out)


@public()
def column_stack(tensors: Any, *, out: Tensor | None = None) -> Tensor:
    """Join along dimension 1; 1-d tensors are columns.

    Raises:
        RuntimeError: if sizes do not fit.

    Example:
        >>> import flambeau as fb
        >>> fb.column_stack([fb.tensor([1, 2]), fb.tensor([3, 4])])
        tensor([[1, 3],
                [2, 4]])
    """

    def columns(given: Any) -> list[Tensor]:
        return [x if x.ndim > 1 else x.reshape(-1, 1) for x in given]

    return _joined("column_stack", tensors, columns, 1, out)
