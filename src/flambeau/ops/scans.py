"""Running sums, products and extremes along a dimension."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core.shapes import wrap_dim
from flambeau.core.spec import Spec
from flambeau.ops.publish import public
from flambeau.ops.reduction import kind_of, sum_type
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor


def running(ufunc: Any, array: np.ndarray, dim: int, kind: np.dtype) -> np.ndarray:
    """``ufunc`` accumulated along ``dim``, in a wider type that is rounded at the end.

    PyTorch does the same on the CPU; errors of a running float32 sum would grow along the way.
    """
    if array.ndim == 0:
        return array.astype(kind)
    wide = kind
    if kind.kind in "fV" and kind.itemsize < 8:
        wide = np.dtype(np.float64)
    return ufunc.accumulate(array.astype(kind, copy=False), dim, wide).astype(kind, copy=False)


def scan_samples(make: Any, *last: Any) -> list[Any]:
    """Inputs for records whose first parameter is ``dim``."""
    cases = [((2, 4), 1), ((4, 3), 0), ((), 0), ((0, 3), 0)]
    return [
        *[make.sample(inputs=(make.tensor(s),), params=(d, *last)) for s, d in cases],
        make.sample(inputs=(make.transposed((3, 4)),), params=(1, *last)),
    ]


def _like(x: Any, dim: int, dtype: Any) -> Spec:
    return Spec(x.shape, sum_type(x.dtype, dtype))


def from_the_end(g: Tensor, dim: int) -> Tensor:
    """The running sum from the last element to the first."""
    if not g._array.shape:
        return g
    return apply(CUMSUM, (g.flip(dim),), (dim, None)).flip(dim)  # type: ignore[attr-defined]


CUMSUM = Operation(
    "cumsum",
    inputs="input",
    params="dim dtype",
    evaluate=lambda array, dim, dtype: running(np.add, array, dim, sum_type(array.dtype, dtype)),
    infer=_like,
    gradient={"input": lambda g, dim: from_the_end(g, dim)},
    samples=lambda make: scan_samples(make, None),
)


@public(method=True)
def cumsum(input: Tensor, dim: int, *, dtype: Any = None, out: Any = None) -> Tensor:
    """Running sums along a dimension.

    :math:`out_i = Σ_{j ≤ i} input_j`

    Args:
        input: a tensor; integers and truth values are summed as int64.
        dim: the dimension to run along.
        dtype: the type to convert to first.
        out: a tensor to write the result into.

    Shape: the input's.

    Raises:
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([1., 2., 3.]).cumsum(0)
        tensor([1., 3., 6.])
    """
    dim = wrap_dim("cumsum", dim, input._array.ndim)
    result = apply(CUMSUM, (input,), (dim, kind_of(dtype)))
    return result if out is None else write_out("cumsum", out, result)
