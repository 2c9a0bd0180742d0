"""Differences of neighbours, and integrals by the trapezoidal rule."""

from __future__ import annotations

from typing import Any

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.core.shapes import wrap_dim
from flambeau.ops.numpy_style import axis_as_dim
from flambeau.ops.publish import PUBLIC, public
from flambeau.ops.reduction import dimensions
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import REGISTRY
from flambeau.tensor.tensor import Tensor


@public(method=True)
def diff(
    input: Tensor,
    n: int = 1,
    dim: int = -1,
    prepend: Tensor | None = None,
    append: Tensor | None = None,
    *,
    out: Any = None,
    axis: Any = None,
) -> Tensor:
    """Differences of neighbours along a dimension.

    :math:`out_i = input_{i+1} - input_i`, applied ``n`` times

    Args:
        input: a tensor; of truth values, whether neighbours differ.
        n: how often, at least 0.
        dim: the dimension.
        prepend, append: tensors to put before and behind the input along ``dim`` first.
        out: a tensor to write the result into.

    Shape: the input's (with what was put around it), ``dim`` shorter by ``n``.

    Raises:
        RuntimeError: for a 0-d tensor or a negative ``n``.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([1, 4, 9]).diff()
        tensor([3, 5])
    """
    if axis is not None:
        dim = axis_as_dim("diff", dim, -1, axis)
    if not input._array.ndim:
        raise RuntimeError(
            message("diff: the tensor is 0-d", expected="at least 1 dimension", got="shape ()")
        )
    if n < 0:
        raise RuntimeError(message("diff: n is negative", expected="n of at least 0", got=str(n)))
    dim = wrap_dim("diff", dim, dimensions("diff", input))
    result = input
    if n and (prepend is not None or append is not None):
        parts = [part for part in (prepend, input, append) if part is not None]
        result = PUBLIC["cat"](parts, dim)
    for _ in range(n):
        result = _neighbours(result, dim)
    if result is input:
        result = input.clone()  # type: ignore[attr-defined]
    return result if out is None else write_out("diff", out, result)


def _neighbours(x: Any, dim: int) -> Tensor:
    size = x._array.shape[dim]
    if size == 0:
        return x
    left, right = x.narrow(dim, 0, size - 1), x.narrow(dim, 1, size - 1)
    return right != left if x._array.dtype.kind == "b" else right - left


def _measurable(name: str, x: Tensor) -> Any:
    """Values to integrate, integers in the default type: sums of small ones would not fit theirs.

    Raises:
        RuntimeError: for truth values.
        IndexError: for a 0-d tensor.
    """
    ndim, kind = dimensions(name, x), x._array.dtype.kind
    if kind == "b":
        raise RuntimeError(
            message(f"{name}: not defined on bool tensors", expected="numbers", got="torch.bool")
        )
    if ndim == 0:
        raise IndexError(
            message(
                f"{name}: there is nothing to integrate along",
                expected="at least 1 dimension",
                got="a 0-d tensor",
            )
        )
    if kind in "iu":
        return apply(REGISTRY["to_dtype"], (x,), (dtypes.get_default_dtype().numpy,))
    return x


def _panels(name: str, y: Any, x: Any, dx: Any, dim: int) -> tuple[Any, float, int]:
    """Areas between neighbours, what to divide their sums by, and the dimension where they lie."""
    y, x = _measurable(name, y), x if x is None else _measurable(name, x)
    dim = wrap_dim(name, dim, y._array.ndim)
    size = y._array.shape[dim]
    if size == 0:
        return y, 1, dim
    heights = y.narrow(dim, 1, size - 1) + y.narrow(dim, 0, size - 1)
    if x is None:
        return heights * (dx / 2.0), 1, dim
    if x._array.ndim == 1 and y._array.ndim > 1:
        x = x.reshape((-1,) + (1,) * (y._array.ndim - 1 - dim))
    along = x._array.ndim - y._array.ndim + dim
    if x._array.shape[along] != size:
        raise RuntimeError(
            message(
                f"{name}: x does not have a place for each value",
                expected=f"size {size} along the dimension",
                got=str(x._array.shape[along]),
            )
        )
    return heights * _neighbours(x, along), 2.0, dim


def _space(name: str, x: Any, dx: Any) -> tuple[Any, Any]:
    if x is not None and dx is not None:
        raise TypeError(
            message(f"{name}: x and dx exclude each other", expected="one of them", got="both")
        )
    return (x, 1) if dx is None else (None, dx)


@public(aliases=("trapz",))
def trapezoid(
    y: Tensor, x: Any = None, *, dx: Any = None, dim: int = -1, axis: Any = None
) -> Tensor:
    """The integral of sampled values by the trapezoidal rule.

    :math:`out = Σ_i (x_{i+1} - x_i) (y_i + y_{i+1}) / 2`

    Args:
        y: values.
        x: where they were sampled, a vector or a tensor that broadcasts with ``y``.
        dx: the distance between samples, 1 if neither is given.
        dim: the dimension to integrate along.

    Shape: that of ``y`` without ``dim``.

    Raises:
        RuntimeError: if ``x`` does not fit.
        TypeError: if both ``x`` and ``dx`` are given.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.trapezoid(fb.tensor([1., 5., 10.]))
        tensor(10.5000)
    """
    if axis is not None:
        dim = axis_as_dim("trapezoid", dim, -1, axis)
    panels, divisor, dim = _panels("trapezoid", y, *_space("trapezoid", x, dx), dim)
    total = panels.sum(dim)
    return total if divisor == 1 else total / divisor


@public()
def cumulative_trapezoid(y: Tensor, x: Any = None, *, dx: Any = None, dim: int = -1) -> Tensor:
    """Running integrals of sampled values by the trapezoidal rule.

    Args:
        y: values.
        x: where they were sampled, a vector or a tensor that broadcasts with ``y``.
        dx: the distance between samples, 1 if neither is given.
        dim: the dimension to integrate along.

    Shape: that of ``y``, ``dim`` shorter by 1.

    Raises:
        RuntimeError: if ``x`` does not fit.
        TypeError: if both ``x`` and ``dx`` are given.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.cumulative_trapezoid(fb.tensor([1., 5., 10.]))
        tensor([ 3.0000, 10.5000])
    """
    name = "cumulative_trapezoid"
    panels, divisor, dim = _panels(name, y, *_space(name, x, dx), dim)
    total = panels.cumsum(dim)
    return total if divisor == 1 else total / divisor
