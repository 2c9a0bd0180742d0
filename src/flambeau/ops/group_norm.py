"""Group norm: groups of a sample's channels are brought to mean 0 and variance 1."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from flambeau.core.errors import message
from flambeau.core.spec import Spec
from flambeau.ops import normalisation_kernels as kernels
from flambeau.ops.normalisation import (
    FLOAT32,
    FLOAT64,
    arrays_of,
    check_kinds,
    gradient_of_normalised,
    narrowed,
    normalised,
    summed_to,
    tensors_of,
    wide,
    widened,
)
from flambeau.ops.publish import public
from flambeau.ops.view_record import require_tensor
from flambeau.tensor.dispatch import apply
from flambeau.tensor.modes import MODE
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor

Ints = tuple[int, ...]


def fits_channels(x: Any, params: tuple[Any, ...]) -> bool:
    """Whether the input, and parameters with one number for each channel, are usual ones."""
    kind = x.dtype
    if kind is not FLOAT32 and kind is not FLOAT64 or x.ndim < 2:
        return False
    shape = (x.shape[1],)
    return all([p is None or (p.dtype is kind and p.shape == shape) for p in params])


def check_channels(name: str, x: Any, *params: Any) -> None:
    """Parameters hold one number for each channel.

    Raises:
        RuntimeError: if one does not.
    """
    for param in params:
        if param is not None and tuple(param.shape) != (x.shape[1],):
            raise RuntimeError(
                message(
                    f"{name}: a parameter does not fit the channels",
                    expected=f"shape ({x.shape[1]},)",
                    got=f"{tuple(param.shape)} for an input of shape {tuple(x.shape)}",
                )
            )


def _infer(x: Any, weight: Any, bias: Any, num_groups: int, eps: float) -> Spec:
    if x.ndim < 2 or x.shape[1] % num_groups:
        raise RuntimeError(
            message(
                "group_norm: the channels do not divide into the groups",
                expected=f"an input of shape (n, c, *) with c a multiple of {num_groups}",
                got=str(tuple(x.shape)),
            )
        )
    if not fits_channels(x, (weight, bias)):
        check_channels("group_norm", x, weight, bias)
        check_kinds("group_norm", x, weight, bias)
    return Spec(x.shape, x.dtype)


def _as_channels(x: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(x).reshape(x.shape[0], x.shape[1], prod(x.shape[2:]))


def _evaluate(x: np.ndarray, weight: Any, bias: Any, groups: int, eps: float) -> np.ndarray:
    kind, shape = x.dtype, x.shape
    if not x.size:
        return x.copy()
    parameters = (wide(weight), wide(bias))
    out = kernels.normalised_groups(_as_channels(wide(x)), groups, *parameters, eps)
    return out.reshape(shape).astype(kind, copy=False)


def _gradient(
    g: Any, input: Any, weight: Any, num_groups: int, eps: float, needs: Any
) -> tuple[Any, Any, Any]:
    shape = input._array.shape
    if MODE.code == 0 and input._array.size:
        along, x, factors = arrays_of(g, input, weight)
        dx, dw, db = kernels.normalised_groups_gradient(
            _as_channels(along), _as_channels(x), num_groups, factors, eps
        )
        return tensors_of((dx.reshape(shape), dw, db))
    view, affine = _views(shape, num_groups)
    g, x = widened(g).reshape(view), widened(input).reshape(view)
    w = None if weight is None else widened(weight).reshape(affine)
    unit, factor = normalised(x, (2, 3), eps)
    found = (
        gradient_of_normalised(g, unit, factor, w, (2, 3), True).reshape(shape)
        if needs[0]
        else None
    )
    return (
        found,
        summed_to(g * unit, (shape[1],), (1, 2)) if needs[1] else None,
        summed_to(g, (shape[1],), (1, 2)) if needs[2] else None,
    )


def _views(shape: Ints, groups: int) -> tuple[Ints, Ints]:
    """The shapes in which groups have dimensions of their own: of the input, of parameters."""
    samples, channels = shape[:2]
    each = channels // groups
    return (samples, groups, each, prod(shape[2:])), (1, groups, each, 1)


def _in_parts(input: Any, weight: Any, bias: Any, groups: int, eps: float) -> Tensor:
    shape, kind = input._array.shape, input._array.dtype
    view, affine = _views(shape, groups)
    out, _ = normalised(widened(input).reshape(view), (2, 3), eps)
    out = out if weight is None else out * widened(weight).reshape(affine)
    out = out if bias is None else out + widened(bias).reshape(affine)
    return narrowed(out.reshape(shape), kind)


GROUP_NORM = Operation(
    "native_group_norm",
    inputs="input weight bias",
    params="num_groups eps",
    evaluate=_evaluate,
    infer=_infer,
    gradient=_gradient,
    strict=True,
    decompose=_in_parts,
    samples=lambda make: [
        make.sample((make.tensor((2, 4, 3)), make.tensor((4,)), make.tensor((4,))), (2, 1e-5)),
        make.sample((make.tensor((2, 4)), make.tensor((4,)), None), (2, 0.1)),
        make.sample((make.tensor((2, 4, 2, 3)), None, make.tensor((4,))), (1, 1e-5)),
        make.sample((make.transposed((3, 2, 5)), None, None), (2, 1e-5)),
        make.sample((make.tensor((0, 4, 3)), make.tensor((4,)), make.tensor((4,))), (2, 1e-5)),
        make.error((make.tensor((2, 4, 3)), None, None), (3, 1e-5), RuntimeError),
        make.error((make.tensor((4,)), None, None), (2, 1e-5), RuntimeError),
        make.error((make.tensor((2, 4)), make.tensor((2,)), None), (2, 1e-5), RuntimeError),
        make.error((make.integers((2, 4)), None, None), (2, 1e-5), NotImplementedError),
    ],
)


@public()
def group_norm(
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
    cudnn_enabled: bool = True,
) -> Tensor:
    """Bring each group of a sample's channels to mean 0 and variance 1.

    :math:`out = (input - E[input]) / sqrt(Var[input] + eps) · weight + bias`

    Args:
        input: a floating-point tensor; 16-bit types are computed in float32.
        num_groups: into how many groups the channels divide, >= 1.
        weight: a factor for each channel, if any.
        bias: a summand for each channel, if any.
        eps: keeps the division finite, >= 0.
        cudnn_enabled: has no effect.

    Shape: (n, c, *) -> the same.

    Raises:
        RuntimeError: if shapes or types do not fit.

    Example:
        >>> import flambeau as fb
        >>> fb.group_norm(fb.tensor([[1., 3., 5., 9.]]), 2)
        tensor([[-1.0000,  1.0000, -1.0000,  1.0000]])

    Reference: Wu and He, Group normalization, 2018.
    """
    require_tensor("group_norm", input)
    return apply(GROUP_NORM, (input, weight, bias), (int(num_groups), float(eps)))
