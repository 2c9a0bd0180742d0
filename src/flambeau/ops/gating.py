"""The gated linear unit."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.core.native import LEAST, kernels
from flambeau.core.shapes import wrap_dim
from flambeau.core.spec import Spec
from flambeau.ops.activation import sigmoid, sigmoid_of
from flambeau.ops.operands import (
    REDUCED,
    not_a_tensor,
    only_floating,
)
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import REGISTRY, Operation
from flambeau.tensor.tensor import Tensor


def _halves(x: np.ndarray, dim: int) -> tuple[np.ndarray, np.ndarray]:
    half = x.shape[dim] // 2
    before = (slice(None),) * dim
    return x[(*before, slice(None, half))], x[(*before, slice(half, None))]


def _glu(x: np.ndarray, dim: int) -> np.ndarray:
    first, second = _halves(x, dim)
    if x.dtype in REDUCED:
        return (first.astype(np.float32) * sigmoid_of(second.astype(np.float32))).astype(x.dtype)
    native = kernels() if first.size >= LEAST else None
    halves = [np.ascontiguousarray(h) for h in (first, second)] if native else []
    found = native and native.elementwise("glu", _gated, tuple(halves), ())
    return first * sigmoid_of(second) if found is None else found


def _gated(s: Any, first: Any, second: Any) -> Any:
    return first * (1.0 / (s.exp(-second) + 1.0))


def _infer_glu(x: Any, dim: int) -> Spec:
    only_floating("glu", dtypes.of(x.dtype))
    shape = tuple(x.shape)
    if shape[dim] % 2:
        raise RuntimeError(
            message(
                "glu: the dimension cannot be halved",
                expected="an even size",
                got=f"size {shape[dim]} in dimension {dim}, shape {shape}",
            )
        )
    return Spec((*shape[:dim], shape[dim] // 2, *shape[dim + 1 :]), x.dtype)


def _glu_gradient(g: Tensor, input: Tensor, dim: int) -> Tensor:
    half = input._array.shape[dim] // 2
    first, second = input.narrow(dim, 0, half), input.narrow(dim, half, half)
    gate = sigmoid(second)
    parts = (g * gate, g * first * (gate * (1 - gate)))
    return apply(REGISTRY["cat"], parts, (dim,))


GLU = Operation(
    "glu",
    inputs="input",
    params="dim",
    evaluate=_glu,
    infer=_infer_glu,
    strict=True,
    gradient={"input": _glu_gradient},
    decompose=lambda input, dim: (
        input.narrow(dim, 0, input._array.shape[dim] // 2)
        * sigmoid(input.narrow(dim, input._array.shape[dim] // 2, input._array.shape[dim] // 2))
    ),
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 4)),), params=(1,)),
        make.sample(inputs=(make.tensor((4, 3)),), params=(0,)),
        make.sample(inputs=(make.transposed((2, 4)),), params=(1,)),
        make.sample(inputs=(make.tensor((0,)),), params=(0,)),
        make.error((make.tensor((2, 3)),), (1,), RuntimeError),
    ],
)


def glu(input: Tensor, dim: int = -1) -> Tensor:
    """The gated linear unit: one half of the tensor times the logistic function of the other.

    :math:`out = a · σ(b)` where the tensor is :math:`a` and :math:`b` in one dimension

    Args:
        input: a floating-point tensor with at least one dimension.
        dim: the dimension to halve, of even size.

    Shape: that of ``input`` with ``dim`` halved.

    Raises:
        RuntimeError: if the dimension cannot be halved.

    Reference: Dauphin et al., Language Modeling with Gated Convolutional Networks, 2016.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.ops.gating import glu
        >>> glu(fb.tensor([1., 2., 0., 0.]))
        tensor([0.5000, 1.0000])
    """
    if not isinstance(input, Tensor):
        raise not_a_tensor("glu", input)
    ndim = input._array.ndim
    if ndim == 0:
        raise RuntimeError(
            message("glu: a 0-d tensor has no halves", expected="at least 1 dimension")
        )
    return apply(GLU, (input,), (wrap_dim("glu", dim, ndim),))
