"""Layer, group and root-mean-square norm: a sample's own values are brought to mean 0, variance 1.

Their gradients look at the input again instead of keeping what the forward pass found: that is one
more pass over memory, and the output may be changed in place afterwards. Where nobody records, they
are computed on arrays; otherwise in tensor operations, which can be differentiated again and fused.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.core.spec import Spec
from flambeau.ops import normalisation_kernels as kernels
from flambeau.ops.publish import public
from flambeau.ops.reduction import MEAN, SUM
from flambeau.ops.view_record import require_tensor
from flambeau.tensor.dispatch import apply, wrap
from flambeau.tensor.modes import MODE
from flambeau.tensor.operation import REGISTRY, Operation
from flambeau.tensor.tensor import Tensor

Ints = tuple[int, ...]
FLOAT32, FLOAT64 = dtypes.float32.numpy, dtypes.float64.numpy


# --- types -----------------------------------------------------------------------------------


def check_kinds(name: str, x: Any, *others: Any) -> None:
    """Parameters have the input's type, or float32 beside a 16-bit input.

    Raises:
        NotImplementedError: for integers, truth values and complex numbers.
        RuntimeError: for parameters of another type.
    """
    if x.dtype.kind not in "fV":
        raise NotImplementedError(
            message(
                f"{name}: not defined on {dtypes.of(x.dtype)} tensors",
                expected="a floating-point tensor",
                got=str(dtypes.of(x.dtype)),
                help="convert with .float()",
            )
        )
    allowed = (x.dtype, FLOAT32) if x.dtype.itemsize == 2 else (x.dtype,)
    for other in others:
        if other is not None and other.dtype not in allowed:
            raise RuntimeError(
                message(
                    f"{name}: a parameter has another type than the input",
                    expected=f"parameters of type {dtypes.of(x.dtype)}",
                    got=str(dtypes.of(other.dtype)),
                    help="convert with .to(dtype)",
                )
            )


def wide(array: Any) -> Any:
    """An array in the type that is computed in; ``None`` stays."""
    if array is None or array.dtype.itemsize > 2:
        return array
    return array.astype(np.float32)


def widened(x: Any) -> Any:
    """:func:`wide` for tensors."""
    if x is None or x._array.dtype.itemsize > 2:
        return x
    return apply(REGISTRY["to_dtype"], (x,), (FLOAT32,))


def narrowed(x: Tensor, kind: np.dtype) -> Tensor:
    """A tensor in the type of an input."""
    return x if x._array.dtype == kind else apply(REGISTRY["to_dtype"], (x,), (kind,))


# --- the formulas in tensor operations -------------------------------------------------------


def mean_over(x: Any, dims: Ints) -> Any:
    """The mean over dimensions, which stay with size 1."""
    return apply(MEAN, (x,), (dims, True, None))


def normalised(x: Any, dims: Ints, eps: float, centre: bool = True) -> tuple[Any, Any]:
    """The input with mean 0 and variance 1 over dimensions, and the factor."""
    if centre:
        x = x - mean_over(x, dims)
    factor = (mean_over(x * x, dims) + eps).rsqrt()
    return x * factor, factor


def gradient_of_normalised(
    g: Any, unit: Any, factor: Any, weight: Any, dims: Ints, centre: bool
) -> Any:
    """The gradient of the input of ``unit * weight``."""
    g = g if weight is None else g * weight
    inner = g - unit * mean_over(g * unit, dims)
    if centre:
        inner = inner - mean_over(g, dims)
    return inner * factor


def summed_to(g: Any, shape: Ints, kept: Ints) -> Any:
    """The sum over all dimensions but ``kept``, in another shape."""
    dims = tuple([d for d in range(g.ndim) if d not in kept])
    return apply(SUM, (g,), (dims, False, None)).reshape(shape) if dims else g.reshape(shape)


def arrays_of(*tensors: Any) -> list[Any]:
    """The arrays of tensors, widened; ``None`` stays."""
    return [None if t is None else wide(t._array) for t in tensors]


def tensors_of(arrays: tuple[Any, ...]) -> tuple[Any, ...]:
    """Tensors around arrays; ``None`` stays."""
    return tuple([None if a is None else wrap(a) for a in arrays])


# --- layer norm and root mean square norm ----------------------------------------------------


def _fits_layer(x: Any, shape: Ints, params: tuple[Any, ...]) -> bool:
    """Whether the input, and parameters of the normalised shape, are usual ones."""
    kind = x.dtype
    if kind is not FLOAT32 and kind is not FLOAT64 or not shape or x.shape[-len(shape) :] != shape:
        return False
    return all([p is None or (p.dtype is kind and p.shape == shape) for p in params])


def _check_layer(name: str, x: Any, shape: Ints, *params: Any) -> None:
    if _fits_layer(x, shape, params):
        return
    if not shape or tuple(x.shape[x.ndim - len(shape) :]) != shape or x.ndim < len(shape):
        raise RuntimeError(
            message(
                f"{name}: the input does not end in normalized_shape",
                expected=f"an input of shape (*, {', '.join(map(str, shape))})"
                if shape
                else "at least one size in normalized_shape",
                got=f"input {tuple(x.shape)} and normalized_shape {shape}",
            )
        )
    for param in params:
        if param is not None and tuple(param.shape) != shape:
            raise RuntimeError(
                message(
                    f"{name}: a parameter does not have the normalized shape",
                    expected=f"shape {shape}",
                    got=str(tuple(param.shape)),
                )
            )
    check_kinds(name, x, *params)


def _as_rows(x: np.ndarray, shape: Ints) -> np.ndarray:
    if x.ndim == 2 and len(shape) == 1 and x.flags.c_contiguous:
        return x
    columns = prod(shape)
    return np.ascontiguousarray(x).reshape(x.size // columns if columns else 0, columns)


def _evaluate_rows(
    x: np.ndarray, weight: Any, bias: Any, shape: Ints, eps: float, centre: bool
) -> np.ndarray:
    _check_layer("layer_norm" if centre else "rms_norm", x, shape, weight, bias)
    kind = x.dtype
    if len(shape) > 1 or kind.itemsize == 2:
        weight, bias = (None if p is None else wide(p).reshape(-1) for p in (weight, bias))
    rows = _as_rows(wide(x), shape)
    out = kernels.normalised_rows(rows, weight, bias, eps, centre).reshape(x.shape)
    return out if out.dtype is kind else out.astype(kind)


def _rows_gradient(
    g: Any, input: Any, weight: Any, shape: Ints, eps: float, centre: bool, needs: Any
) -> tuple[Any, Any, Any]:
    """The gradients of input, weight and bias."""
    if MODE.code == 0:
        rows, values = (_as_rows(a, shape) for a in arrays_of(g, input))
        (factors,) = arrays_of(weight)
        factors = None if factors is None else factors.reshape(-1)
        found = kernels.normalised_rows_gradient(rows, values, factors, eps, centre, needs)
        shapes = (input._array.shape, shape, shape)
        return tensors_of(
            tuple([None if f is None else f.reshape(s) for f, s in zip(found, shapes)])
        )
    g, x, w = widened(g), widened(input), widened(weight)
    ndim = x.ndim
    dims = tuple(range(ndim - len(shape), ndim))
    unit, factor = normalised(x, dims, eps, centre)
    return (
        gradient_of_normalised(g, unit, factor, w, dims, centre) if needs[0] else None,
        summed_to(g * unit, shape, dims) if needs[1] else None,
        summed_to(g, shape, dims) if needs[2] else None,
    )


def _rows_in_parts(
    input: Any, weight: Any, bias: Any, shape: Ints, eps: float, centre: bool
) -> Tensor:
    kind = input._array.dtype
    ndim = input.ndim
    out, _ = normalised(widened(input), tuple(range(ndim - len(shape), ndim)), eps, centre)
    out = out if weight is None else out * widened(weight)
    return narrowed(out if bias is None else out + widened(bias), kind)


def _infer_layer(x: Any, weight: Any, bias: Any, shape: Ints, eps: float) -> Spec:
    _check_layer("layer_norm", x, shape, weight, bias)
    return Spec(x.shape, x.dtype)


LAYER_NORM = Operation(
    "native_layer_norm",
    inputs="input weight bias",
    params="normalized_shape eps",
    evaluate=lambda x, weight, bias, shape, eps: _evaluate_rows(x, weight, bias, shape, eps, True),
    infer=_infer_layer,
    gradient=lambda g, input, weight, normalized_shape, eps, needs: _rows_gradient(
        g, input, weight, normalized_shape, eps, True, needs
    ),
    decompose=lambda input, weight, bias, shape, eps: _rows_in_parts(
        input, weight, bias, shape, eps, True
    ),
    samples=lambda make: [
        make.sample((make.tensor((4, 3)), make.tensor((3,)), make.tensor((3,))), ((3,), 1e-5)),
        make.sample((make.tensor((2, 3, 4)), make.tensor((3, 4)), None), ((3, 4), 0.1)),
        make.sample((make.transposed((3, 4)), None, None), ((4,), 1e-5)),
        make.sample((make.tensor((4,)), None, make.tensor((4,))), ((4,), 1e-5)),
        make.sample((make.tensor((0, 3)), make.tensor((3,)), make.tensor((3,))), ((3,), 1e-5)),
        make.error((make.tensor((4, 3)), None, None), ((4,), 1e-5), RuntimeError),
        make.error((make.tensor((4, 3)), None, None), ((), 1e-5), RuntimeError),
        make.error((make.tensor((4, 3)), make.tensor((4,)), None), ((3,), 1e-5), RuntimeError),
        make.error((make.integers((4, 3)), None, None), ((3,), 1e-5), NotImplementedError),
        make.error(
            (make.tensor((4, 3), dtype=np.float32), make.tensor((3,)), None),
            ((3,), 1e-5),
            RuntimeError,
        ),
    ],
)


def _infer_rms(x: Any, weight: Any, shape: Ints, eps: float) -> Spec:
    _check_layer("rms_norm", x, shape, weight)
    return Spec(x.shape, x.dtype)


RMS_NORM = Operation(
    "rms_norm",
    inputs="input weight",
    params="normalized_shape eps",
    evaluate=lambda x, weight, shape, eps: _evaluate_rows(x, weight, None, shape, eps, False),
    infer=_infer_rms,
    gradient=lambda g, input, weight, normalized_shape, eps, needs: _rows_gradient(
        g, input, weight, normalized_shape, eps, False, (*needs, False)
    )[:2],
    decompose=lambda input, weight, shape, eps: _rows_in_parts(
        input, weight, None, shape, eps, False
    ),
    samples=lambda make: [
        make.sample((make.tensor((4, 3)), make.tensor((3,))), ((3,), 1e-5)),
        make.sample((make.tensor((2, 3, 4)), make.tensor((3, 4))), ((3, 4), 0.1)),
        make.sample((make.transposed((3, 4)), None), ((4,), 1e-5)),
        make.sample((make.tensor((0, 3)), make.tensor((3,))), ((3,), 1e-5)),
        make.error((make.tensor((4, 3)), None), ((4,), 1e-5), RuntimeError),
        make.error((make.tensor((4, 3)), make.tensor((4,))), ((3,), 1e-5), RuntimeError),
        make.error((make.integers((4, 3)), None), ((3,), 1e-5), NotImplementedError),
    ],
)


def _shape_argument(name: str, shape: Any) -> Ints:
    if not isinstance(shape, (tuple, list)):
        raise TypeError(
            message(
                f"{name}: normalized_shape is not a tuple of integers",
                expected="a tuple or list of integers",
                got=repr(shape),
            )
        )
    if len(shape) == 1 and shape[0].__class__ is int:
        return tuple(shape)
    return tuple([int(n) for n in shape])


@public()
def layer_norm(
    input: Tensor,
    normalized_shape: Any,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
    cudnn_enable: bool = True,
) -> Tensor:
    """Bring the last dimensions of each sample to mean 0 and variance 1.

    :math:`out = (input - E[input]) / sqrt(Var[input] + eps) · weight + bias`

    Args:
        input: a floating-point tensor; 16-bit types are computed in float32.
        normalized_shape: the sizes of the last dimensions.
        weight: factors of that shape, if any.
        bias: summands of that shape, if any.
        eps: keeps the division finite, >= 0.
        cudnn_enable: has no effect.

    Shape: (*, normalized_shape) -> the same.

    Raises:
        RuntimeError: if shapes or types do not fit.

    Example:
        >>> import flambeau as fb
        >>> fb.layer_norm(fb.tensor([[1., 3.], [5., 5.]]), (2,))
        tensor([[-1.0000,  1.0000],
                [ 0.0000,  0.0000]])

    Reference: Ba, Kiros and Hinton, Layer normalization, 2016.
    """
    require_tensor("layer_norm", input)
    shape = _shape_argument("layer_norm", normalized_shape)
    return apply(LAYER_NORM, (input, weight, bias), (shape, float(eps)))


def _complex_rows(input: Any, shape: Ints, weight: Any, eps: float) -> Tensor:
    """Squares of complex numbers are complex here, as PyTorch has it."""
    if tuple(input.shape[input.ndim - len(shape) :]) != shape or (
        weight is not None and tuple(weight.shape) != shape
    ):
        _check_layer("rms_norm", input, shape, weight)
    dims = tuple(range(input.ndim - len(shape), input.ndim))
    unit = input * ((input * input).mean(dims, True) + eps).rsqrt()
    return unit if weight is None else unit * weight


@public()
def rms_norm(
    input: Tensor, normalized_shape: Any, weight: Tensor | None = None, eps: float | None = None
) -> Tensor:
    """Bring the last dimensions of each sample to a mean square of 1.

    :math:`out = input / sqrt(E[input²] + eps) · weight`

    Args:
        input: a floating-point tensor; 16-bit types are computed in float32.
        normalized_shape: the sizes of the last dimensions.
        weight: factors of that shape, if any.
        eps: keeps the division finite; the smallest step from 1 in the type that is computed in if
            not given.

    Shape: (*, normalized_shape) -> the same.

    Raises:
        RuntimeError: if shapes or types do not fit.

    Example:
        >>> import flambeau as fb
        >>> fb.rms_norm(fb.tensor([[3., 4.]]), (2,))
        tensor([[0.8485, 1.1314]])

    Reference: Zhang and Sennrich, Root mean square layer normalization, 2019.
    """
    array = require_tensor("rms_norm", input)
    shape = _shape_argument("rms_norm", normalized_shape)
    if eps is None:
        double = array.dtype in (np.float64, np.complex128)
        eps = float(np.finfo(np.float64 if double else np.float32).eps)
    if array.dtype.kind == "c" and shape:
        return _complex_rows(input, shape, weight, eps)
    return apply(RMS_NORM, (input, weight), (shape, float(eps)))
