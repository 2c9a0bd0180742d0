"""Sums over vectors and matrices: trace, cross product, distances between all pairs."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import ShapeError, message
from flambeau.core.shapes import broadcast, wrap_dim
from flambeau.core.spec import Spec
from flambeau.ops.arithmetic import conjugate
from flambeau.ops.matrix_products import check_tensors, check_types
from flambeau.ops.numpy_style import axis_as_dim
from flambeau.ops.publish import PUBLIC, public
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import REGISTRY, Operation
from flambeau.tensor.tensor import Tensor

# --- trace ------------------------------------------------------------------------------------


def _trace(x: np.ndarray) -> Any:
    kind = _trace_type(x.dtype)
    if x.dtype in (dtypes.float16.numpy, dtypes.bfloat16.numpy):
        return np.add.reduce(np.diagonal(x), dtype=np.float32).astype(kind)
    return np.add.reduce(np.diagonal(x), dtype=kind)


def _trace_type(kind: np.dtype) -> np.dtype:
    return dtypes.int64.numpy if kind.kind in "iu" else kind


def _infer_trace(x: Any) -> Spec:
    if x.ndim != 2:
        raise ShapeError(
            message("trace: not a matrix", expected="2 dimensions", got=f"shape {tuple(x.shape)}")
        )
    check_types("trace", x)
    return Spec((), _trace_type(x.dtype))


TRACE = Operation(
    "trace",
    inputs="input",
    evaluate=_trace,
    infer=_infer_trace,
    gradient={"input": lambda g, input_shape: _on_diagonal(g, input_shape)},
    strict=True,
    samples=lambda make: [
        make.sample(inputs=(make.tensor((3, 3)),)),
        make.sample(inputs=(make.transposed((2, 4)),)),
        make.sample(inputs=(make.tensor((0, 3)),)),
        make.error((make.tensor((3,)),), (), RuntimeError),
    ],
)


def _on_diagonal(g: Tensor, shape: tuple[int, ...]) -> Tensor:
    spread = apply(REGISTRY["expand"], (g,), ((min(shape),),))
    return apply(REGISTRY["diagonal_backward"], (spread,), (tuple(shape), 0, 0, 1))


@public(method=True)
def trace(input: Tensor) -> Tensor:
    """The sum of a matrix's diagonal.

    :math:`out = \\sum_i input_{ii}`

    Args:
        input: a matrix; integers are summed as int64.

    Shape: (m, n) -> ().

    Raises:
        RuntimeError: if it is no matrix.

    Example:
        >>> import flambeau as fb
        >>> fb.trace(fb.tensor([[1, 2], [3, 4]]))
        tensor(5)
    """
    check_tensors("trace", input)
    return apply(TRACE, (input,))


# --- cross product ----------------------------------------------------------------------------


def _cross(x: np.ndarray, y: np.ndarray, dim: int) -> np.ndarray:
    if x.dtype in (dtypes.float16.numpy, dtypes.bfloat16.numpy):
        wide = x.astype(np.float32), y.astype(np.float32)
        return _cross(*wide, dim).astype(x.dtype)
    result = np.empty(np.broadcast(x, y).shape, x.dtype)
    a, b, c = (np.moveaxis(each, dim, 0) for each in (x, y, result))
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        np.subtract(a[j] * b[k], a[k] * b[j], c[i, ...])
    return result


def _infer_cross(x: Any, y: Any, dim: int) -> Spec:
    if x.ndim != y.ndim or x.shape[dim] != 3 or y.shape[dim] != 3:
        raise ShapeError(
            message(
                "cross: vectors of three components are needed",
                expected=f"as many dimensions in both, and size 3 in dimension {dim}",
                got=f"{tuple(x.shape)} and {tuple(y.shape)}",
            )
        )
    return Spec(broadcast("cross", x.shape, y.shape), check_types("cross", x, y))


CROSS = Operation(
    "linalg_cross",
    inputs="input other",
    params="dim",
    evaluate=_cross,
    infer=_infer_cross,
    gradient={
        "input": lambda g, other, dim: _crossed(conjugate(other), g, dim),
        "other": lambda g, input, dim: _crossed(g, conjugate(input), dim),
    },
    strict=True,
    samples=lambda make: [
        make.sample(inputs=(make.tensor((3,)), make.tensor((3,))), params=(0,)),
        make.sample(inputs=(make.tensor((2, 3)), make.tensor((1, 3))), params=(1,)),
        make.sample(inputs=(make.tensor((3, 0)), make.tensor((3, 0))), params=(0,)),
        make.error((make.tensor((4,)), make.tensor((4,))), (0,), RuntimeError),
    ],
)


def _crossed(x: Tensor, y: Tensor, dim: int) -> Tensor:
    return apply(CROSS, (x, y), (dim,))


@public(method=True)
def cross(
    input: Tensor, other: Tensor, dim: int | None = None, *, out: Any = None, axis: Any = None
) -> Tensor:
    """The cross product of vectors with three components.

    Args:
        input, other: tensors that broadcast, of one type.
        dim: the dimension of size 3 that holds the components; the first such one if not given.
        out: a tensor to write the result into.

    Shape: the broadcast of both.

    Raises:
        RuntimeError: if the dimension's size is not 3.

    Example:
        >>> import flambeau as fb
        >>> fb.cross(fb.tensor([1, 0, 0]), fb.tensor([0, 1, 0]), dim=0)
        tensor([0, 0, 1])
    """
    if axis is not None:
        dim = axis_as_dim("cross", dim, None, axis)
    check_tensors("cross", input, other)
    ndim = input._array.ndim
    if dim is None:
        found = [d for d in range(ndim) if input._array.shape[d] == 3]
        if not found:
            raise ShapeError(
                message(
                    "cross: no dimension of size 3",
                    expected="vectors of three components",
                    got=f"shape {tuple(input._array.shape)}",
                )
            )
        dim = found[0]
    result = apply(CROSS, (input, other), (wrap_dim("cross", dim, ndim),))
    return result if out is None else write_out("cross", out, result)


# --- distances --------------------------------------------------------------------------------


def _differences(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return x[..., :, None, :] - y[..., None, :, :]


def _cdist(x: np.ndarray, y: np.ndarray, p: float) -> np.ndarray:
    distance = np.abs(_differences(x, y))
    if p == 0:
        return np.count_nonzero(distance, -1).astype(x.dtype)
    if p == 1:
        return np.add.reduce(distance, -1)
    if p == np.inf:
        return np.maximum.reduce(distance, -1, initial=0)
    if p == 2:
        return np.sqrt(np.add.reduce(np.square(distance, distance), -1))
    return np.power(np.add.reduce(np.power(distance, p), -1), 1 / p)


def _infer_cdist(x: Any, y: Any, p: float) -> Spec:
    for each in (x, y):
        if each.ndim < 2:
            raise ShapeError(
                message(
                    "cdist: no rows",
                    expected="at least 2 dimensions",
                    got=f"x1 {tuple(x.shape)} and x2 {tuple(y.shape)}",
                )
            )
        if dtypes.of(each.dtype).category != dtypes.FLOATING:
            raise RuntimeError(
                message(
                    "cdist: only defined on floating-point tensors",
                    expected="a floating-point type",
                    got=str(dtypes.of(each.dtype)),
                )
            )
    if x.shape[-1] != y.shape[-1]:
        raise ShapeError(
            message(
                "cdist: points have different numbers of coordinates",
                expected="x1 of shape (..., m, k) and x2 of shape (..., n, k)",
                got=f"x1 {tuple(x.shape)} and x2 {tuple(y.shape)}",
            )
        )
    if not p >= 0:
        raise RuntimeError(message("cdist: p is negative", expected="p >= 0", got=str(p)))
    batch = broadcast("cdist", x.shape[:-2], y.shape[:-2])
    return Spec((*batch, x.shape[-2], y.shape[-2]), check_types("cdist", x, y))


def _pull(g: Tensor, x: Tensor, y: Tensor, out: Tensor, p: float) -> Tensor:
    """The gradient of every distance with respect to its difference; 0 where points coincide."""
    difference = x.unsqueeze(-2) - y.unsqueeze(-3)  # type: ignore[attr-defined]
    g, out = g.unsqueeze(-1), out.unsqueeze(-1)  # type: ignore[attr-defined]
    where = PUBLIC["where"]
    if p == 0:
        return difference * 0
    if p == 1:
        return g * difference.sign()
    if p == np.inf:
        # Each of several equal largest components takes the whole, as in PyTorch.
        return where(difference.abs() == out, g * difference.sign(), 0.0)
    apart = out != 0
    divisor = where(apart, out, 1.0)
    if p == 2:
        return where(apart, g * difference / divisor, 0.0)
    size = difference.abs()
    safe = where(size != 0, size, 1.0)
    scaled = where(size != 0, difference.sign() * safe ** (p - 1), 0.0)
    return where(apart, g * scaled / divisor ** (p - 1), 0.0)


CDIST = Operation(
    "cdist",
    inputs="x1 x2",
    params="p",
    evaluate=_cdist,
    infer=_infer_cdist,
    gradient={
        "x1": lambda g, x1, x2, out, p: _pull(g, x1, x2, out, p).sum(-2),
        "x2": lambda g, x1, x2, out, p: -_pull(g, x1, x2, out, p).sum(-3),
    },
    strict=True,
    samples=lambda make: [
        make.sample(inputs=(make.tensor((4, 3)), make.tensor((5, 3))), params=(2.0,)),
        make.sample(inputs=(make.tensor((2, 4, 3)), make.tensor((5, 3))), params=(1.0,)),
        make.sample(inputs=(make.tensor((4, 3)), make.tensor((5, 3))), params=(3.5,)),
        make.sample(inputs=(make.tensor((4, 3)), make.tensor((5, 3))), params=(float("inf"),)),
        make.sample(inputs=(make.tensor((0, 3)), make.tensor((5, 3))), params=(2.0,)),
        make.error((make.tensor((4, 3)), make.tensor((5, 2))), (2.0,), RuntimeError),
        make.error((make.tensor((4, 3)), make.tensor((5, 3))), (-1.0,), RuntimeError),
    ],
)


@public()
def cdist(
    x1: Tensor,
    x2: Tensor,
    p: float = 2.0,
    compute_mode: str | None = "use_mm_for_euclid_dist_if_necessary",
) -> Tensor:
    """The distance between every row of ``x1`` and every row of ``x2``.

    :math:`out_{ij} = (\\sum_k |x1_{ik} - x2_{jk}|^p)^{1/p}`

    Args:
        x1, x2: points, one in each row; leading dimensions broadcast.
        p: which norm, from 0 (the number of differing coordinates) to ``inf``.
        compute_mode: accepted and not needed.

    Shape: (..., m, k), (..., n, k) -> (..., m, n).

    Raises:
        RuntimeError: if numbers of coordinates or types differ, or ``p`` is negative.

    Example:
        >>> import flambeau as fb
        >>> fb.cdist(fb.zeros(1, 2), fb.tensor([[3., 4.]]))
        tensor([[5.]])

    Differs from PyTorch: many points at ``p=2`` are computed from their differences too, without
        the cancellation of the product formula.
    """
    check_tensors("cdist", x1, x2)
    return apply(CDIST, (x1, x2), (float(p),))
