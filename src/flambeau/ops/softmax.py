"""The softmax family: softmax, log_softmax, softmin, logsumexp."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.core.native import LEAST, kernels
from flambeau.core.shapes import wrap_dim
from flambeau.core.spec import Spec
from flambeau.ops.gathering import row_starts
from flambeau.ops.numpy_style import axis_as_dim, numpy_names
from flambeau.ops.publish import PUBLIC, public
from flambeau.ops.reduction import (
    SMALL,
    add_reduce,
    dimensions,
    expand_reduced,
    is_reduced,
    maximum_reduce,
    ones,
    reduced_dims,
    reduced_shape,
    refuse,
    widened,
)
from flambeau.ops.single import apply_one
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import REGISTRY, Operation
from flambeau.tensor.tensor import Tensor


def _check_floating(name: str, x: Any) -> None:
    if x.dtype.kind not in "fV":
        raise refuse(
            name, "needs a floating-point tensor", "a floating-point tensor", x,
            help="convert with .float(), or pass dtype=",
        )  # fmt: skip


def _softmax_record(name: str, function: Any, gradient: Any, decompose: Any) -> Operation:
    """A record over one dimension, computed in float32 at least."""

    def evaluate(array: np.ndarray, dim: int) -> Any:
        kind = array.dtype
        if kind.kind not in "fV":
            raise TypeError  # infer says why
        if array.size == 0:
            return np.empty(array.shape, kind)
        if array.ndim == 0:  # where NumPy's functions give scalars, which cannot be written to
            return evaluate(array.reshape(1), 0).reshape(())
        if kind.itemsize == 2:
            return function(widened(array), dim).astype(kind)
        return function(array, dim)

    def infer(x: Any, dim: int) -> Spec:
        _check_floating(name, x)
        return Spec(x.shape, x.dtype)

    return Operation(
        name,
        inputs="input",
        params="dim",
        evaluate=evaluate,
        infer=infer,
        gradient={"input": gradient},
        decompose=decompose,
        samples=_samples,
    )


def _samples(make: Any) -> list[Any]:
    return [
        make.sample(inputs=(make.tensor((2, 3)),), params=(1,)),
        make.sample(inputs=(make.tensor((2, 3, 2)),), params=(1,)),
        make.sample(inputs=(make.transposed((3, 4)),), params=(0,)),
        make.sample(inputs=(make.tensor(()),), params=(0,)),
        make.sample(inputs=(make.tensor((0, 3)),), params=(0,)),
        make.error((make.integers((3,), 0, 3),), (0,), RuntimeError),
    ]


# Up to this many elements, what counts is the number of rows and of NumPy's calls.
_FEW = 1 << 13
# Sums of exponentials between these bounds lose nothing: no element is too large for exp, and
# what it gives 0 for is far below what the sum can show.
_LEAST_SUM, _LARGEST_SUM = 0.01, 1e30


def _is_small_matrix(array: np.ndarray, dim: int) -> bool:
    return (
        dim == 1
        and array.ndim == 2
        and 0 < array.size <= _FEW
        and array.shape[1] <= SMALL
        and array.flags.c_contiguous
    )


def _row_sums(array: np.ndarray) -> np.ndarray:
    """The sums of the rows of a small matrix, as a column."""
    return array.dot(ones(array.shape[1], array.dtype).reshape(-1, 1))


def _row_maxima(array: np.ndarray) -> np.ndarray:
    """The largest elements of the rows of a small matrix, repeated along them.

    NumPy repeats a column and then takes two blocks of one shape in less time than it takes
    a block and a column, one row after the other.
    """
    places = array.argmax(1)
    places += row_starts(*array.shape)
    return array.ravel().take(places).repeat(array.shape[1]).reshape(array.shape)


def _added(array: np.ndarray, dim: int) -> np.ndarray:
    """The sum along ``dim``, which keeps size 1."""
    return add_reduce(array, dim, None, None, True)


def _below_largest(array: np.ndarray, dim: int) -> np.ndarray:
    """The array less its largest element along ``dim``, in row-major memory as PyTorch gives it."""
    return np.subtract(array, maximum_reduce(array, dim, None, None, True), order="C")


def _large(name: str, array: np.ndarray, dim: int) -> np.ndarray | None:
    """Long or many rows by native code, if there is any."""
    if array.size < LEAST or dim != array.ndim - 1:
        return None
    native = kernels()
    return native and getattr(native, name)(array)


def _softmax(array: np.ndarray, dim: int) -> np.ndarray:
    found = _large("softmax", array, dim)
    if found is not None:
        return found
    if _is_small_matrix(array, dim):
        return _softmax_of_rows(array)
    out = _below_largest(array, dim)
    np.exp(out, out)
    return np.divide(out, _added(out, dim), out)


def _softmax_of_rows(array: np.ndarray) -> np.ndarray:
    """Softmax along the rows of a small matrix: the largest element is seldom in the way.

    Where it is, is decided for each row alone, whose result depends on no other.
    """
    out = np.exp(array)
    sums = _row_sums(out)
    least, largest = sums.item(sums.argmin()), sums.item(sums.argmax())
    if not (least > _LEAST_SUM and largest < _LARGEST_SUM):  # also for nan
        delicate = ~((sums > _LEAST_SUM) & (sums < _LARGEST_SUM)).ravel()
        rows = array[delicate]
        rows = np.exp(np.subtract(rows, _row_maxima(rows)))
        out[delicate], sums[delicate] = rows, _row_sums(rows)
    return np.divide(out, sums.repeat(array.shape[1], 1), out)


def _log_softmax(array: np.ndarray, dim: int) -> np.ndarray:
    found = _large("log_softmax", array, dim)
    if found is not None:
        return found
    if _is_small_matrix(array, dim):
        out = np.subtract(array, _row_maxima(array))
        logarithms = np.log(_row_sums(np.exp(out)))
        return np.subtract(out, logarithms.repeat(array.shape[1], 1), out)
    out = _below_largest(array, dim)
    return np.subtract(out, np.log(_added(np.exp(out), dim)), out)


def _shifted(input: Tensor, dim: int) -> Tensor:
    if not input._array.size:  # nothing has no largest element
        return input
    return input - input.detach().amax(dim, True)  # type: ignore[attr-defined]


def _softmax_in_parts(input: Tensor, dim: int) -> Tensor:
    weights = _shifted(input, dim).exp()  # type: ignore[attr-defined]
    return weights / weights.sum(dim, True)


def _log_softmax_in_parts(input: Tensor, dim: int) -> Tensor:
    shifted = _shifted(input, dim)
    return shifted - shifted.exp().sum(dim, True).log()  # type: ignore[attr-defined]


SOFTMAX = _softmax_record(
    "softmax",
    _softmax,
    lambda g, out, dim: apply(SOFTMAX_BACKWARD, (g, out), (dim,)),
    _softmax_in_parts,
)
LOG_SOFTMAX = _softmax_record(
    "log_softmax",
    _log_softmax,
    lambda g, out, dim: apply(LOG_SOFTMAX_BACKWARD, (g, out), (dim,)),
    _log_softmax_in_parts,
)


# --- the way back, one record each ---------------------------------------------------------------


def _backward_record(name: str, function: Any, gradient: Any, decompose: Any) -> Operation:
    def evaluate(g: np.ndarray, out: np.ndarray, dim: int) -> Any:
        kind = g.dtype
        if g.ndim == 0:
            return evaluate(g.reshape(1), out.reshape(1), 0).reshape(())
        result = function(widened(g), widened(out), dim)
        return result.astype(kind) if is_reduced(kind) else result

    return Operation(
        name,
        inputs="grad output",
        params="dim",
        evaluate=evaluate,
        infer=lambda g, out, dim: Spec(g.shape, g.dtype),
        gradient=gradient,
        decompose=decompose,
        samples=lambda make: [
            make.sample(inputs=(make.tensor((2, 3)), make.tensor((2, 3))), params=(1,)),
            make.sample(inputs=(make.tensor((2, 3, 2)), make.tensor((2, 3, 2))), params=(1,)),
            make.sample(inputs=(make.tensor(()), make.tensor(())), params=(0,)),
            make.sample(inputs=(make.tensor((0, 3)), make.tensor((0, 3))), params=(0,)),
        ],
    )


def _sum_beside(array: np.ndarray, dim: int) -> np.ndarray:
    """The sum along ``dim``, repeated along it where that is quicker."""
    if _is_small_matrix(array, dim):
        return _row_sums(array).repeat(array.shape[1], 1)
    return add_reduce(array, dim, None, None, True)


def _softmax_back(g: np.ndarray, out: np.ndarray, dim: int) -> np.ndarray:
    weighted = np.multiply(g, out, order="C")
    return np.subtract(weighted, out * _sum_beside(weighted, dim), weighted)


def _log_softmax_back(g: np.ndarray, out: np.ndarray, dim: int) -> np.ndarray:
    weighted = np.exp(out, order="C")
    np.multiply(weighted, _sum_beside(g, dim), weighted)
    return np.subtract(g, weighted, weighted)


def _softmax_back_in_parts(grad: Any, output: Any, dim: int) -> Tensor:
    weighted = grad * output
    return weighted - output * weighted.sum(dim, True)


SOFTMAX_BACKWARD = _backward_record(
    "softmax_backward_data",
    _softmax_back,
    {
        "grad": lambda g, output, dim: _softmax_back_in_parts(g, output, dim),
        "output": lambda g, grad, output, dim: (
            g * (grad - (grad * output).sum(dim, True)) - grad * (g * output).sum(dim, True)
        ),
    },
    _softmax_back_in_parts,
)
LOG_SOFTMAX_BACKWARD = _backward_record(
    "log_softmax_backward_data",
    _log_softmax_back,
    {
        "grad": lambda g, output, dim: g - (g * output.exp()).sum(dim, True),
        "output": lambda g, grad, output, dim: -g * output.exp() * grad.sum(dim, True),
    },
    lambda grad, output, dim: grad - output.exp() * grad.sum(dim, True),
)


# --- what users call ----------------------------------------------------------------------------


def _along(name: str, record: Operation, input: Tensor, dim: int, dtype: Any, out: Any) -> Tensor:
    if dtype is not None:
        kind = dtypes.as_numpy(dtype)
        if input._array.dtype != kind:
            input = apply(REGISTRY["to_dtype"], (input,), (kind,))
    result = apply_one(record, input, (wrap_dim(name, dim, dimensions(name, input)),))
    return result if out is None else write_out(name, out, result)


@public(method=True)
def softmax(
    input: Tensor, dim: Any = None, dtype: Any = None, *, out: Any = None, axis: Any = None
) -> Tensor:
    """Positive weights that sum to 1 along a dimension.

    :math:`out_i = exp(x_i) / Σ_j exp(x_j)`

    The largest element is subtracted first, so nothing overflows.

    Args:
        input: a floating-point tensor.
        dim: the dimension along which the results sum to 1.
        dtype: the type to convert to first; allows integers, and avoids float16's small range.
        out: a tensor to write the result into.

    Shape: the input's.

    Raises:
        RuntimeError: for integer, bool and complex tensors.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.softmax(fb.tensor([1., 1., 2.]), dim=0)
        tensor([0.2119, 0.2119, 0.5761])
    """
    if axis is not None:
        dim = axis_as_dim("softmax", dim, None, axis)
    return _along("softmax", SOFTMAX, input, dim, dtype, out)


@public(method=True)
def log_softmax(
    input: Tensor, dim: Any = None, dtype: Any = None, *, out: Any = None, axis: Any = None
) -> Tensor:
    """The logarithm of :func:`softmax`, exact where that rounds to 0.

    :math:`out_i = x_i - log Σ_j exp(x_j)`

    Args:
        input: a floating-point tensor.
        dim: the dimension along which the results' exponentials sum to 1.
        dtype: the type to convert to first.
        out: a tensor to write the result into.

    Shape: the input's.

    Raises:
        RuntimeError: for integer, bool and complex tensors.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.log_softmax(fb.tensor([0., 1000.]), dim=0)
        tensor([-1000.,     0.])
    """
    if axis is not None:
        dim = axis_as_dim("log_softmax", dim, None, axis)
    return _along("log_softmax", LOG_SOFTMAX, input, dim, dtype, out)


def softmin(input: Tensor, dim: int, dtype: Any = None) -> Tensor:
    """Softmax of the negative: small elements get large weights.

    :math:`out_i = exp(-x_i) / Σ_j exp(-x_j)`

    Args:
        input: a floating-point tensor.
        dim: the dimension along which the results sum to 1.
        dtype: the type to convert to first.

    Shape: the input's.

    Raises:
        RuntimeError: for integer, bool and complex tensors.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.functional.softmin(fb.tensor([1., 1., 2.]), dim=0)
        tensor([0.4223, 0.4223, 0.1554])
    """
    return softmax(-input, dim, dtype)  # type: ignore[operator]


# --- logsumexp ----------------------------------------------------------------------------------


def _logsumexp(array: np.ndarray, dim: tuple[int, ...], keepdim: bool) -> Any:
    kind = array.dtype
    array = widened(array)
    if not array.size and any(array.shape[axis] == 0 for axis in dim):
        shape = reduced_shape(array.shape, dim, keepdim)
        return np.full(shape, -np.inf, kind)
    top = maximum_reduce(array.real if array.dtype.kind == "c" else array, dim, None, None, True)
    top = np.where(np.isfinite(top), top, top.dtype.type(0))  # inf - inf would be nan
    total = np.log(add_reduce(np.exp(array - top), dim, None, None, True)) + top
    result = total if keepdim else total.reshape(reduced_shape(array.shape, dim, False))
    return result.astype(kind, copy=False)


def _logsumexp_gradient(g: Any, input: Any, out: Any, dim: Any, keepdim: bool) -> Tensor:
    shape = input._array.shape
    weights = (input - expand_reduced(out, shape, dim, keepdim)).exp()
    if input._array.dtype.kind == "c":
        weights = weights.conj()
    return expand_reduced(g, shape, dim, keepdim) * weights


def _logsumexp_in_parts(input: Any, dim: tuple[int, ...], keepdim: bool) -> Tensor:
    if not input._array.size:  # nothing has no largest element
        return apply(REGISTRY["sum"], (input.exp(),), (dim, keepdim, None)).log()
    top = input.detach().amax(dim, True)
    top = PUBLIC["where"](PUBLIC["isfinite"](top), top, 0)
    total = apply(REGISTRY["sum"], ((input - top).exp(),), (dim, True, None)).log() + top
    return total if keepdim else total.reshape(reduced_shape(input._array.shape, dim, False))


LOGSUMEXP = Operation(
    "logsumexp",
    inputs="input",
    params="dim keepdim",
    evaluate=_logsumexp,
    infer=lambda x, dim, keepdim: Spec(reduced_shape(x.shape, dim, keepdim), x.dtype),
    gradient={"input": _logsumexp_gradient},
    decompose=_logsumexp_in_parts,
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 3)),), params=((1,), False)),
        make.sample(inputs=(make.tensor((2, 3)),), params=((0, 1), True)),
        make.sample(inputs=(make.tensor(()),), params=((), False)),
        make.sample(inputs=(make.transposed((3, 4)),), params=((0,), False)),
        make.sample(inputs=(make.tensor((0, 3)),), params=((0,), False)),
    ],
)


@public(method=True)
def logsumexp(
    input: Tensor,
    dim: Any = None,
    keepdim: bool = False,
    *,
    out: Any = None,
    axis: Any = None,
    keepdims: bool | None = None,
) -> Tensor:
    """The logarithm of the sum of exponentials, without overflow.

    :math:`out = log Σ_i exp(x_i)`

    Args:
        input: a tensor; integers are converted to the default type.
        dim: a dimension or a tuple of them.
        keepdim: keep the reduced dimensions with size 1.
        out: a tensor to write the result into.

    Shape: the input's without ``dim`` (or with size 1 there). Of nothing it is -inf.

    Raises:
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.logsumexp(fb.tensor([1000., 1000.]), dim=0)
        tensor(1000.6932)
    """
    if axis is not None or keepdims is not None:
        dim, keepdim = numpy_names("logsumexp", dim, None, keepdim, axis, keepdims)
    ndim = dimensions("logsumexp", input)
    if dim is None:
        raise TypeError(message("logsumexp: over which dimensions?", expected="dim=", got="none"))
    dims = reduced_dims("logsumexp", dim, ndim)
    if input._array.dtype.kind in "iub":
        input = apply(REGISTRY["to_dtype"], (input,), (dtypes.get_default_dtype().numpy,))
    result = apply_one(LOGSUMEXP, input, (dims, bool(keepdim)))
    return result if out is None else write_out("logsumexp", out, result)
