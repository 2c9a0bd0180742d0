"""How many values fall into each bin."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.core.spec import Spec
from flambeau.ops import return_types
from flambeau.ops.publish import PUBLIC, public
from flambeau.ops.reduction import refuse
from flambeau.ops.uniqueness import unknown_shape
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor


def _limits(name: str, array: np.ndarray, low: float, high: float) -> tuple[float, float]:
    """The range of the bins: that of the values where none was given."""
    if low == high and array.size:
        low, high = float(array.min()), float(array.max())
    if low == high:  # histc has its range around the value, histogram above it
        low, high = low - (name != "histogram"), high + 1
    if not (np.isfinite(low) and np.isfinite(high)) or low > high:
        raise RuntimeError(
            message(
                f"{name}: the range is not one",
                expected="finite limits, the lower one first",
                got=f"{low} to {high}",
            )
        )
    return low, high


def _check_bins(name: str, x: Any, bins: int) -> None:
    if x.dtype.kind not in "fV":
        raise refuse(name, "needs a floating-point tensor", "a floating-point tensor", x)
    if bins <= 0:
        raise RuntimeError(
            message(f"{name}: too few bins", expected="at least 1 bin", got=str(bins))
        )


def _uniform_places(array: np.ndarray, bins: int, low: float, high: float) -> np.ndarray:
    """The bin of each value that lies within the limits; the last bin includes its upper one."""
    values = array.reshape(-1)
    values = values[(values >= low) & (values <= high)]
    kind = values.dtype.type
    places = ((values - kind(low)) * bins / (kind(high) - kind(low))).astype(np.int64)
    return np.minimum(places, bins - 1)


def _histc(array: np.ndarray, bins: int, low: float, high: float) -> np.ndarray:
    _check_bins("histc", array, bins)
    low, high = _limits("histc", array, low, high)
    return np.bincount(_uniform_places(array, bins, low, high), minlength=bins).astype(array.dtype)


def _histc_spec(x: Any, bins: int, low: float, high: float) -> Spec:
    _check_bins("histc", x, bins)
    return Spec((bins,), x.dtype)


HISTC = Operation(
    "histc",
    inputs="input",
    params="bins min max",
    evaluate=_histc,
    infer=_histc_spec,
    samples=lambda make: [
        make.sample(inputs=(make.tensor((20,)),), params=(5, 0, 0)),
        make.sample(inputs=(make.tensor((4, 5)),), params=(3, -1, 2)),
        make.sample(inputs=(make.tensor((0,)),), params=(3, 0, 0)),
        make.error((make.integers((3,), 0, 3),), (3, 0, 0), RuntimeError),
    ],
)


@public(method=True)
def histc(
    input: Tensor, bins: int = 100, min: float = 0, max: float = 0, *, out: Any = None
) -> Tensor:
    """How many elements fall into each of some bins of equal width.

    Args:
        input: a floating-point tensor.
        bins: how many bins, at least 1.
        min, max: the limits; elements outside, and nan, are left out. Those of the input if both
            are equal.
        out: a tensor to write the result into.

    Shape: ``(bins,)``, of the input's type.

    Raises:
        RuntimeError: for other types, no bins, or limits that are not finite or in order.

    Example:
        >>> import flambeau as fb
        >>> fb.histc(fb.tensor([1., 2., 1.]), bins=4, min=0, max=3)
        tensor([0., 2., 1., 0.])
    """
    result = apply(HISTC, (input,), (int(bins), min, max))
    return result if out is None else write_out("histc", out, result)


# --- histogram ----------------------------------------------------------------------------------


def _counted(
    array: np.ndarray, edges: np.ndarray, weight: np.ndarray | None, density: bool
) -> tuple[np.ndarray, np.ndarray]:
    values = array.reshape(-1)
    weights = None if weight is None else weight.reshape(-1)
    inside = (values >= edges[0]) & (values <= edges[-1])
    places = np.minimum(edges.searchsorted(values[inside], "right") - 1, len(edges) - 2)
    chosen = None if weights is None else weights[inside]
    counts = np.bincount(places, chosen, len(edges) - 1).astype(array.dtype)
    if density:
        counts = counts / counts.sum() / np.diff(edges)
    return counts, edges


def _histogram(
    array: np.ndarray, weight: Any, bins: int, range: tuple[float, float] | None, density: bool
) -> tuple[np.ndarray, np.ndarray]:
    _check_bins("histogram", array, bins)
    low, high = range or (0.0, 0.0)
    if range is not None and low == high:
        low, high = low - 0.5, high + 0.5
    low, high = _limits("histogram", array, low, high)
    edges = np.linspace(low, high, bins + 1, dtype=array.dtype)
    return _counted(array, edges, weight, density)


def _histogram_spec(x: Any, weight: Any, bins: int, range: Any, density: bool) -> tuple[Spec, Spec]:
    _check_bins("histogram", x, bins)
    return Spec((bins,), x.dtype), Spec((bins + 1,), x.dtype)


HISTOGRAM = Operation(
    "histogram",
    inputs="input weight",
    params="bins range density",
    evaluate=_histogram,
    infer=_histogram_spec,
    samples=lambda make: [
        make.sample(inputs=(make.tensor((20,)), None), params=(5, None, False)),
        make.sample(inputs=(make.tensor((20,)), make.tensor((20,))), params=(4, (-1.0, 2.0), True)),
    ],
)
HISTOGRAM_EDGES = Operation(
    "histogram_edges",
    inputs="input edges weight",
    params="density",
    evaluate=lambda array, edges, weight, density: _counted(array, edges.copy(), weight, density),
    infer=lambda x, edges, weight, density: (
        Spec((edges.shape[0] - 1,), x.dtype),
        Spec(edges.shape, edges.dtype),
    ),
    samples=lambda make: [
        make.sample(
            inputs=(make.tensor((20,)), PUBLIC["linspace"](-2, 2, 5, dtype=dtypes.float64), None),
            params=(False,),
        ),
    ],
)


@public(method=True)
def histogram(
    input: Tensor, bins: Any, *, range: tuple[float, float] | None = None,
    weight: Tensor | None = None, density: bool = False, out: Any = None,
) -> Any:  # fmt: skip
    """How many elements (or how much weight) falls into each bin, and the bins' edges.

    Args:
        input: a floating-point tensor.
        bins: how many bins of equal width, or an ascending vector of edges.
        range: the lower and upper limit; that of the input if not given.
        weight: what each element counts; 1 if not given.
        density: divide by the total and the bins' widths, so that the integral is 1.
        out: a pair of tensors to write the results into.

    Shape: ``hist`` has one entry for each bin, ``bin_edges`` one more.

    Raises:
        RuntimeError: for other types, no bins, or limits that are not finite or in order.

    Example:
        >>> import flambeau as fb
        >>> fb.histogram(fb.tensor([1., 2., 1.]), bins=4, range=(0., 3.)).hist
        tensor([0., 2., 1., 0.])
    """
    if isinstance(bins, Tensor):
        found = apply(HISTOGRAM_EDGES, (input, bins, weight), (bool(density),))
    else:
        limits = None if range is None else (float(range[0]), float(range[1]))
        found = apply(HISTOGRAM, (input, weight), (int(bins), limits, bool(density)))
    result = return_types.histogram(*found)
    return result if out is None else write_out("histogram", out, result)


# --- bincount -----------------------------------------------------------------------------------


def _bincount(array: np.ndarray, weights: np.ndarray | None, minlength: int) -> np.ndarray:
    wrong = None
    if array.dtype.kind not in "iu" or array.ndim != 1:
        wrong = f"shape {array.shape} of type {array.dtype}"
    elif array.size and array.min() < 0:
        wrong = str(array.min())
    elif weights is not None and weights.shape != array.shape:
        wrong = f"{array.size} integers and weights of shape {weights.shape}"
    elif minlength < 0:
        wrong = f"minlength {minlength}"
    if wrong:
        raise RuntimeError(
            message(
                "bincount: needs a vector of integers",
                expected="integers of at least 0, and as many weights",
                got=wrong,
            )
        )
    counts = np.bincount(array.astype(np.int64), weights, minlength)
    if weights is not None and weights.dtype == np.float32:
        return counts.astype(np.float32)
    return counts


BINCOUNT = Operation(
    "bincount",
    inputs="input weights",
    params="minlength",
    evaluate=_bincount,
    infer=unknown_shape("bincount"),
    samples=lambda make: [
        make.sample(inputs=(make.integers((6,), 0, 4), None), params=(0,)),
        make.sample(inputs=(make.integers((6,), 0, 4), make.tensor((6,))), params=(7,)),
    ],
)


@public(method=True)
def bincount(input: Tensor, weights: Tensor | None = None, minlength: int = 0) -> Tensor:
    """How often each of the integers 0, 1, 2, ... occurs (or how much weight it has).

    Args:
        input: a vector of integers that are not negative.
        weights: what each element counts; 1 if not given.
        minlength: the least length of the result.

    Shape: a vector as long as the largest integer plus 1, or ``minlength``.

    Raises:
        RuntimeError: for other types or shapes, or negative integers.

    Example:
        >>> import flambeau as fb
        >>> fb.bincount(fb.tensor([1, 1, 3]))
        tensor([0, 2, 0, 1])
    """
    return apply(BINCOUNT, (input, weights), (int(minlength),))
