"""Largest and smallest elements: amax, amin, aminmax, max, min."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core.errors import message
from flambeau.core.shapes import wrap_dim
from flambeau.core.spec import Spec
from flambeau.ops import return_types
from flambeau.ops.gathering import put_back_reduced, row_starts, take_along
from flambeau.ops.numpy_style import numpy_names
from flambeau.ops.publish import PUBLIC, public
from flambeau.ops.reduction import (
    add_reduce,
    dimensions,
    expand_reduced,
    reduced_dims,
    reduced_shape,
    refuse,
    widened,
)
from flambeau.ops.single import apply_one
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply, wrap
from flambeau.tensor.modes import MODE
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor

_INT64 = np.dtype(np.int64)


def check_order(name: str, x: Any) -> None:
    """Raises: RuntimeError: for complex numbers, which have no order."""
    if x.dtype.kind == "c":
        raise refuse(name, "not defined on complex tensors", "real numbers", x)


def check_not_empty(name: str, x: Any, dims: tuple[int, ...]) -> None:
    """Raises: IndexError: if a dimension that is reduced has size 0."""
    for axis in dims:
        if x.shape[axis] == 0:
            raise IndexError(
                message(
                    f"{name}: dimension {axis} has size 0",
                    expected="at least one element along a reduced dimension",
                    got=f"shape {tuple(x.shape)}",
                )
            )


def check_some(name: str, x: Any, error: type[Exception] = RuntimeError) -> None:
    """Raises: ``error``: if there are no elements at all."""
    if x.size == 0:
        raise error(
            message(
                f"{name}: the tensor is empty",
                expected="at least one element",
                got=f"shape {tuple(x.shape)}",
                help="name the dimension to reduce with dim=, if that one is not empty",
            )
        )


# --- values over any dimensions: gradients are shared by all that are equal ----------------------


def shared_gradient(
    g: Tensor, input: Tensor, out: Tensor, dim: tuple[int, ...], keepdim: bool
) -> Tensor:
    """A gradient divided evenly among the elements that are equal to the result."""
    if MODE.code == 0:  # nobody records: straight to the values
        return wrap(_shared(g._array, input._array, out._array, dim, keepdim))
    shape = input._array.shape
    value = expand_reduced(out, shape, dim, keepdim)
    chosen = (input == value) | ((input != input) & (value != value))  # nan is the extreme
    count = chosen.sum(dim, True) if dim else chosen  # type: ignore[attr-defined]
    if not keepdim and dim:
        g = g.reshape(reduced_shape(shape, dim, True))  # type: ignore[attr-defined]
    return PUBLIC["where"](chosen, g / count, 0)


def _shared(
    g: np.ndarray, array: np.ndarray, value: np.ndarray, dim: tuple[int, ...], keepdim: bool
) -> np.ndarray:
    """The same on arrays."""
    if dim and not keepdim:
        kept = reduced_shape(array.shape, dim, True)
        g, value = g.reshape(kept), value.reshape(kept)
    chosen = np.equal(array, value)
    if array.dtype.kind not in "iub":
        nan = np.not_equal(value, value)
        if nan.any():
            chosen |= np.not_equal(array, array) & nan
    count: Any = add_reduce(chosen, dim, np.int64, None, True) if dim else 1
    return np.where(chosen, (g / count).astype(g.dtype, copy=False), g.dtype.type(0))


def _extreme_spec(name: str) -> Any:
    def infer(x: Any, dim: tuple[int, ...], keepdim: bool) -> Spec:
        check_order(name, x)
        if len(dim) == len(x.shape):
            check_some(name, x)
        check_not_empty(name, x, dim)
        return Spec(reduced_shape(x.shape, dim, keepdim), x.dtype)

    return infer


def _samples(make: Any) -> list[Any]:
    cases = [((2, 3), (1,), False), ((2, 3), (0, 1), True), ((), (), False), ((0, 3), (1,), False)]
    return [
        *[make.sample(inputs=(make.tensor(s),), params=(d, k)) for s, d, k in cases],
        make.sample(inputs=(make.transposed((3, 4)),), params=((0,), False)),
        make.error((make.tensor((0, 3)),), ((0,), False), IndexError),
        make.error((make.tensor((0,)),), ((0,), False), RuntimeError),
    ]


def _whole_samples(make: Any) -> list[Any]:
    return [
        *[make.sample(inputs=(make.tensor(s),), params=()) for s in [(), (1,), (2, 3)]],
        make.sample(inputs=(make.transposed((3, 4)),), params=()),
        make.error((make.tensor((0,)),), (), RuntimeError),
    ]


def _extreme_record(name: str, ufunc: Any) -> Operation:
    """A reduction by ``maximum`` or ``minimum`` (nan wins in both, as in PyTorch)."""
    infer = _extreme_spec(name)

    def evaluate(array: np.ndarray, dim: tuple[int, ...], keepdim: bool) -> Any:
        if array.dtype.kind == "c" or not array.size:
            infer(array, dim, keepdim)
        if array.dtype.itemsize == 2:
            return ufunc.reduce(widened(array), dim, None, None, keepdim).astype(array.dtype)
        return ufunc.reduce(array, dim, None, None, keepdim)

    return Operation(
        name,
        inputs="input",
        params="dim keepdim",
        evaluate=evaluate,
        infer=infer,
        gradient={"input": shared_gradient},
        samples=_samples,
    )


AMAX = _extreme_record("amax", np.maximum)
AMIN = _extreme_record("amin", np.minimum)


def _whole_record(name: str, find: Any, record: Operation) -> Operation:
    """``max(x)`` and ``min(x)``: a node of its own name, the same rules over all dimensions."""
    infer = _extreme_spec(name)

    def evaluate(array: np.ndarray) -> Any:
        if array.dtype.kind in "fiub" and array.dtype.itemsize != 2 and array.size:
            # Finding the place and copying from it costs less to call than a reduction.
            flat = array.ravel()
            return flat[find(flat), ...].copy()
        infer(array, tuple(range(array.ndim)), False)
        return record.evaluate(array, tuple(range(array.ndim)), False)

    return Operation(
        name + "_all",
        inputs="input",
        evaluate=evaluate,
        infer=lambda x: infer(x, tuple(range(len(x.shape))), False),
        gradient={
            "input": lambda g, input, out: shared_gradient(
                g, input, out, tuple(range(input._array.ndim)), False
            )
        },
        decompose=lambda input: apply(record, (input,), (tuple(range(input.ndim)), False)),
        node_name=f"{name.capitalize()}Backward1",
        samples=_whole_samples,
    )


MAX_ALL = _whole_record("max", np.ndarray.argmax, AMAX)
MIN_ALL = _whole_record("min", np.ndarray.argmin, AMIN)


@public(method=True)
def amax(
    input: Tensor,
    dim: Any = (),
    keepdim: bool = False,
    *,
    out: Any = None,
    axis: Any = None,
    keepdims: bool | None = None,
) -> Tensor:
    """The largest element over all dimensions, or over some; equal ones share the gradient.

    Args:
        input: a real tensor; nan counts as the largest.
        dim: a dimension, a tuple of them, or ``()`` for all.
        keepdim: keep the reduced dimensions with size 1.
        out: a tensor to write the result into.

    Shape: the input's without ``dim`` (or with size 1 there).

    Raises:
        RuntimeError: for complex tensors, or if there are no elements.
        IndexError: if there is no such dimension, or it has size 0.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([[1., 5.], [3., 2.]]).amax(0)
        tensor([3., 5.])
    """
    if axis is not None or keepdims is not None:
        dim, keepdim = numpy_names("amax", dim, (), keepdim, axis, keepdims)
    dims = reduced_dims("amax", dim, dimensions("amax", input))
    result = apply_one(AMAX, input, (dims, bool(keepdim)))
    return result if out is None else write_out("amax", out, result)


@public(method=True)
def amin(
    input: Tensor,
    dim: Any = (),
    keepdim: bool = False,
    *,
    out: Any = None,
    axis: Any = None,
    keepdims: bool | None = None,
) -> Tensor:
    """The smallest element over all dimensions, or over some; equal ones share the gradient.

    Args:
        input: a real tensor; nan counts as the smallest.
        dim: a dimension, a tuple of them, or ``()`` for all.
        keepdim: keep the reduced dimensions with size 1.
        out: a tensor to write the result into.

    Shape: the input's without ``dim`` (or with size 1 there).

    Raises:
        RuntimeError: for complex tensors, or if there are no elements.
        IndexError: if there is no such dimension, or it has size 0.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([[1., 5.], [3., 2.]]).amin(0)
        tensor([1., 2.])
    """
    if axis is not None or keepdims is not None:
        dim, keepdim = numpy_names("amin", dim, (), keepdim, axis, keepdims)
    dims = reduced_dims("amin", dim, dimensions("amin", input))
    result = apply_one(AMIN, input, (dims, bool(keepdim)))
    return result if out is None else write_out("amin", out, result)


# --- both at once -------------------------------------------------------------------------------


def _aminmax_gradient(
    g: tuple, input: Tensor, out: tuple, dim: tuple[int, ...], keepdim: bool
) -> Tensor | None:
    low, high = (
        None if each is None else shared_gradient(each, input, value, dim, keepdim)
        for each, value in zip(g, out, strict=True)
    )
    return high if low is None else low if high is None else low + high


def _aminmax_spec(x: Any, dim: tuple[int, ...], keepdim: bool) -> tuple[Spec, Spec]:
    spec = _extreme_spec("aminmax")(x, dim, keepdim)
    return spec, spec


def _aminmax(array: np.ndarray, dim: tuple[int, ...], keepdim: bool) -> tuple[Any, Any]:
    if array.dtype.kind == "c" or not array.size:
        _aminmax_spec(array, dim, keepdim)
    return AMIN.evaluate(array, dim, keepdim), AMAX.evaluate(array, dim, keepdim)


AMINMAX = Operation(
    "aminmax",
    inputs="input",
    params="dim keepdim",
    evaluate=_aminmax,
    infer=_aminmax_spec,
    gradient={"input": _aminmax_gradient},
    decompose=lambda input, dim, keepdim: (
        apply(AMIN, (input,), (dim, keepdim)),
        apply(AMAX, (input,), (dim, keepdim)),
    ),
    samples=_samples,
)


@public(method=True)
def aminmax(
    input: Tensor,
    *,
    dim: int | None = None,
    keepdim: bool = False,
    out: Any = None,
    axis: Any = None,
    keepdims: bool | None = None,
) -> Any:
    """The smallest and the largest element.

    Args:
        input: a real tensor.
        dim: a dimension, or ``None`` for all.
        keepdim: keep the reduced dimension with size 1.
        out: a pair of tensors to write the results into.

    Shape: both the input's without ``dim`` (or with size 1 there).

    Raises:
        RuntimeError: for complex tensors, or if there are no elements.
        IndexError: if there is no such dimension, or it has size 0.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([3, 1, 2]).aminmax()
        torch.return_types.aminmax(
        min=tensor(1),
        max=tensor(3))
    """
    if axis is not None or keepdims is not None:
        dim, keepdim = numpy_names("aminmax", dim, None, keepdim, axis, keepdims)
    dims = reduced_dims("aminmax", dim, dimensions("aminmax", input))
    result = return_types.aminmax(*apply_one(AMINMAX, input, (dims, bool(keepdim))))
    return result if out is None else write_out("aminmax", out, result, True)


# --- max and min --------------------------------------------------------------------------------


def _pick_spec(name: str) -> Any:
    def infer(x: Any, dim: int, keepdim: bool) -> tuple[Spec, Spec]:
        check_order(name, x)
        dims = (dim,) if x.shape else ()
        check_not_empty(name, x, dims)
        shape = reduced_shape(x.shape, dims, keepdim)
        return Spec(shape, x.dtype), Spec(shape, _INT64)

    return infer


def pick(array: np.ndarray, index: np.ndarray, dim: int, keepdim: bool) -> tuple[Any, Any]:
    """The elements along ``dim`` that an index with that dimension (of size 1) points to."""
    values = take_along(array, index, dim)
    return (values, index) if keepdim else (values.squeeze(dim), index.squeeze(dim))


def _pick_record(name: str, find: Any) -> Operation:
    """``max(x, dim)`` and ``min(x, dim)``: the gradient goes to the element that was chosen."""

    def evaluate(array: np.ndarray, dim: int, keepdim: bool) -> tuple[Any, Any]:
        if array.dtype.kind == "c":
            raise TypeError  # infer says why
        if array.ndim == 0:
            return array.copy(), np.zeros((), _INT64)
        wide = widened(array) if array.dtype.itemsize == 2 else array
        if array.ndim == 2 and dim == 1 and not keepdim and array.flags.c_contiguous and array.size:
            index = find(wide, 1)
            return array.ravel().take(index + row_starts(*array.shape)), index
        return pick(array, find(wide, dim, None, keepdims=True), dim, keepdim)

    def gradient(g: tuple, input_shape: Any, out: tuple, dim: int, keepdim: bool) -> Tensor:
        return put_back_reduced(g[0], out[1], input_shape, dim, keepdim)

    return Operation(
        name,
        inputs="input",
        params="dim keepdim",
        evaluate=evaluate,
        infer=_pick_spec(name),
        gradient={"input": gradient},
        nondifferentiable_outputs=(1,),
        samples=pick_samples,
    )


def pick_samples(make: Any) -> list[Any]:
    """Inputs for records with parameters ``dim keepdim`` that pick one element."""
    return [
        make.sample(inputs=(make.tensor((2, 3)),), params=(1, False)),
        make.sample(inputs=(make.tensor((2, 3)),), params=(0, True)),
        make.sample(inputs=(make.tensor(()),), params=(0, False)),
        make.sample(inputs=(make.tensor((0, 3)),), params=(1, False)),
        make.sample(inputs=(make.transposed((3, 4)),), params=(1, False)),
        make.error((make.tensor((0, 3)),), (0, False), IndexError),
    ]


MAX = _pick_record("max", np.ndarray.argmax)
MIN = _pick_record("min", np.ndarray.argmin)


def _extreme(
    name: str, whole: Operation, picking: Operation, result_type: Any, elementwise: str
) -> Any:
    """``max`` or ``min`` in its three forms."""

    def function(
        input: Tensor,
        dim: Any = None,
        keepdim: bool = False,
        *,
        other: Any = None,
        out: Any = None,
        axis: Any = None,
        keepdims: bool | None = None,
    ) -> Any:
        if axis is not None or keepdims is not None:
            dim, keepdim = numpy_names(name, dim, None, keepdim, axis, keepdims)
        if dim is None and other is None:
            result = apply_one(whole, input)
        elif isinstance(dim, int):
            params = wrap_dim(name, dim, dimensions(name, input)), bool(keepdim)
            result = result_type(*apply_one(picking, input, params))
        elif isinstance(other if dim is None else dim, Tensor):
            return PUBLIC[elementwise](input, other if dim is None else dim, out=out)
        else:
            raise TypeError(
                message(
                    f"{name}: the second argument is neither a dimension nor a tensor",
                    expected="an integer or a tensor",
                    got=type(dim if other is None else other).__name__,
                    help=f"use a{name} for several dimensions",
                )
            )
        return result if out is None else write_out(name, out, result)

    function.__name__ = function.__qualname__ = name
    return function


max = _extreme("max", MAX_ALL, MAX, return_types.max, "maximum")
max.__doc__ = """The largest element; along a dimension, also where it is.

    ``max(x)`` is the largest of all elements, and equal ones share its gradient. ``max(x, dim)``
    gives the pair ``(values, indices)``; the gradient goes to the element that was chosen, the
    first of equal ones. ``max(x, other)`` is ``maximum(x, other)``.

    Args:
        input: a real tensor; nan counts as the largest.
        dim: a dimension, or another tensor.
        keepdim: keep the reduced dimension with size 1.
        other: a tensor to compare elementwise.
        out: a tensor, or with ``dim`` a pair of them, to write the result into.

    Shape: the input's without ``dim`` (or with size 1 there).

    Raises:
        RuntimeError: for complex tensors, or if there are no elements.
        IndexError: if there is no such dimension, or it has size 0.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([[1., 5.], [3., 2.]]).max(1).indices
        tensor([1, 0])
    """
min = _extreme("min", MIN_ALL, MIN, return_types.min, "minimum")
min.__doc__ = """The smallest element; along a dimension, also where it is.

    ``min(x)`` is the smallest of all elements, and equal ones share its gradient. ``min(x, dim)``
    gives the pair ``(values, indices)``; the gradient goes to the element that was chosen, the
    first of equal ones. ``min(x, other)`` is ``minimum(x, other)``.

    Args:
        input: a real tensor; nan counts as the smallest.
        dim: a dimension, or another tensor.
        keepdim: keep the reduced dimension with size 1.
        other: a tensor to compare elementwise.
        out: a tensor, or with ``dim`` a pair of them, to write the result into.

    Shape: the input's without ``dim`` (or with size 1 there).

    Raises:
        RuntimeError: for complex tensors, or if there are no elements.
        IndexError: if there is no such dimension, or it has size 0.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([[1., 5.], [3., 2.]]).min(1).indices
        tensor([0, 1])
    """
public("max", method=True)(max)
public("min", method=True)(min)
