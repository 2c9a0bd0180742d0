"""The running logarithm of summed exponentials."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core.shapes import wrap_dim
from flambeau.core.spec import Spec
from flambeau.ops.numpy_style import axis_as_dim
from flambeau.ops.products import RECURRENCE
from flambeau.ops.publish import PUBLIC, public
from flambeau.ops.reduction import dimensions, refuse
from flambeau.ops.scans import scan_samples
from flambeau.ops.single import apply_one
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor


def _logcumsumexp(array: np.ndarray, dim: int) -> np.ndarray:
    if array.dtype.kind not in "fVc":
        raise TypeError  # infer says why
    if array.ndim == 0:
        return array.copy()
    if array.dtype.kind == "c":
        return _complex_scan(array, dim)
    return np.logaddexp.accumulate(array.astype(np.float64), dim).astype(array.dtype)


def _complex_scan(array: np.ndarray, dim: int) -> np.ndarray:
    """The sum scaled by the largest element so far, whose size alone can overflow."""
    out = array.astype(np.complex128)
    rows = np.moveaxis(out, dim, 0)
    for k in range(1, len(rows)):
        before, here = rows[k - 1], rows[k]
        first = before.real >= here.real
        larger, smaller = np.where(first, before, here), np.where(first, here, before)
        total = larger + np.log1p(np.exp(smaller - larger))
        rows[k] = np.where(np.isneginf(larger.real), larger, total)
    return out.astype(array.dtype)


def _spec(x: Any, dim: int) -> Spec:
    if x.dtype.kind not in "fVc":
        raise refuse(
            "logcumsumexp", "needs a floating-point tensor", "floating-point or complex", x,
            help="convert with .float()",
        )  # fmt: skip
    return Spec(x.shape, x.dtype)


def _gradient(g: Any, input: Any, out: Any, dim: int) -> Any:
    """:math:`Σ_{k ≥ i} g_k exp(x_i - y_k)`, as a recurrence whose factors are at most 1."""
    shape = input._array.shape
    if not shape or not input._array.size:
        return g
    where = PUBLIC["where"]
    size = shape[dim]
    here, following = out.narrow(dim, 0, size - 1), out.narrow(dim, 1, size - 1)
    # -inf - -inf would be nan.
    factor = _conjugate(where(here == following, 0, here - following).exp())
    last = PUBLIC["zeros_like"](out.narrow(dim, 0, 1))
    later = apply(RECURRENCE, (PUBLIC["cat"]((factor, last), dim), g), (dim, True))
    return later * _conjugate(where(input == out, 0, input - out).exp())


def _conjugate(x: Any) -> Any:
    return x.conj() if x._array.dtype.kind == "c" else x


LOGCUMSUMEXP = Operation(
    "logcumsumexp",
    inputs="input",
    params="dim",
    evaluate=_logcumsumexp,
    infer=_spec,
    gradient={"input": _gradient},
    samples=scan_samples,
)


@public(method=True)
def logcumsumexp(input: Tensor, dim: Any = None, *, out: Any = None, axis: Any = None) -> Tensor:
    """Running logarithms of summed exponentials, without overflow.

    :math:`out_i = log Σ_{j ≤ i} exp(input_j)`

    Args:
        input: a floating-point or complex tensor.
        dim: the dimension to run along.
        out: a tensor to write the result into.

    Shape: the input's.

    Raises:
        RuntimeError: for other types.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([1000., 1000.]).logcumsumexp(0)
        tensor([1000.0000, 1000.6932])
    """
    if axis is not None:
        dim = axis_as_dim("logcumsumexp", dim, None, axis)
    dim = wrap_dim("logcumsumexp", dim, dimensions("logcumsumexp", input))
    result = apply_one(LOGCUMSUMEXP, input, (dim,))
    return result if out is None else write_out("logcumsumexp", out, result)
