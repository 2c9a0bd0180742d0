"""How many values fall into each bin."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.core.spec import Spec
from flambeau.ops import return_types
from flambeau.ops.matrix_products import check_tensors
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
    if range is not None:
        low, high = range
    elif array.size:
        low, high = float(array.min()), float(array.max())
    else:
        low, high = 0.0, 1.0
    if low == high:
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


def _edges_of(values: np.ndarray, bins: int, limits: tuple[float, float] | None) -> np.ndarray:
    """Edges of bins of equal width over some limits, or over those of the values."""
    if limits is not None:
        low, high = limits
    elif values.size:
        low, high = float(values.min()), float(values.max())
    else:
        low, high = 0.0, 1.0
    if low == high:
        low, high = low - 0.5, high + 0.5
    low, high = _limits("histogramdd", values, low, high)
    return np.linspace(low, high, bins + 1, dtype=values.dtype)


def _histogramdd(
    array: np.ndarray,
    weight: np.ndarray | None,
    *more: Any,
) -> tuple[np.ndarray, ...]:
    *given, bins, limits, density = more
    rows = array.reshape(prod(array.shape[:-1]), array.shape[-1])
    if bins is None:
        edges = [e.copy() for e in given]
    else:
        pairs = [None] * len(bins) if limits is None else list(zip(limits[::2], limits[1::2]))
        edges = [_edges_of(rows[:, d], n, pairs[d]) for d, n in enumerate(bins)]
    places, inside = np.zeros(len(rows), np.int64), np.ones(len(rows), bool)
    for d, e in enumerate(edges):
        values = rows[:, d]
        inside &= (values >= e[0]) & (values <= e[-1])
        place = np.minimum(e.searchsorted(values, "right") - 1, len(e) - 2)
        places = places * (len(e) - 1) + np.maximum(place, 0)
    shape = tuple(len(e) - 1 for e in edges)
    chosen = None if weight is None else weight.reshape(-1)[inside]
    counts = np.bincount(places[inside], chosen, prod(shape)).astype(array.dtype).reshape(shape)
    if density:
        counts = counts / counts.sum()
        for d, e in enumerate(edges):
            widths = np.diff(e)
            counts = counts / widths.reshape((-1,) + (1,) * (len(shape) - 1 - d))
    return (counts.astype(array.dtype), *edges)


def _histogramdd_spec(x: Any, weight: Any, *more: Any) -> tuple[Spec, ...]:
    *given, bins, limits, _ = more
    sizes = [e.shape[0] - 1 for e in given] if bins is None else list(bins)
    problem = None
    if x.ndim < 2 or x.dtype.kind != "f":
        problem = f"shape {tuple(x.shape)} of type {x.dtype}"
    elif len(sizes) != x.shape[-1] or min(sizes, default=1) < 1:
        problem = f"bins {sizes} for {x.shape[-1]} coordinates"
    elif limits is not None and len(limits) != 2 * x.shape[-1]:
        problem = f"{len(limits)} limits for {x.shape[-1]} coordinates"
    elif weight is not None and (
        tuple(weight.shape) != tuple(x.shape[:-1]) or weight.dtype != x.dtype
    ):
        problem = f"weights of shape {tuple(weight.shape)} and type {weight.dtype}"
    elif any(e.dtype != x.dtype or e.ndim != 1 for e in given):
        problem = "edges of another type or shape"
    if problem:
        raise RuntimeError(
            message(
                "histogramdd: wrong arguments",
                expected="points (..., n), and for each coordinate bins and limits",
                got=problem,
            )
        )
    return (Spec(sizes, x.dtype), *[Spec((n + 1,), x.dtype) for n in sizes])


HISTOGRAMDD = Operation(
    "histogramdd",
    inputs="*points",
    params="bins range density",
    evaluate=_histogramdd,
    infer=_histogramdd_spec,
    strict=True,
    samples=lambda make: [
        make.sample((make.tensor((20, 2)), None), ((3, 4), None, False)),
        make.sample(
            (make.tensor((9, 2)), make.tensor((9,))), ((2, 2), (-1.0, 1.0, 0.0, 2.0), True)
        ),
        make.sample(
            (make.tensor((9, 1)), None, PUBLIC["linspace"](-2, 2, 5, dtype=dtypes.float64)),
            (None, None, False),
        ),
        make.error((make.tensor((9,)), None), ((2,), None, False), RuntimeError),
        make.error((make.tensor((9, 2)), None), ((2,), None, False), RuntimeError),
    ],
)


@public()
def histogramdd(
    input: Tensor, bins: Any, *, range: Any = None, weight: Tensor | None = None,
    density: bool = False,
) -> Any:  # fmt: skip
    """How many points (or how much weight) falls into each bin of a grid, and the bins' edges.

    Args:
        input: points, with their coordinates in the last dimension.
        bins: how many bins along each coordinate, or one number for all; or for each coordinate
            an ascending vector of edges.
        range: the lower and upper limit of each coordinate in turn; those of the points if not
            given.
        weight: what each point counts; 1 if not given.
        density: divide by the total and the bins' volumes, so that the integral is 1.

    Shape: (..., n) -> one entry for each bin, and n vectors of edges.

    Raises:
        RuntimeError: if types, bins or limits do not fit.

    Example:
        >>> import flambeau as fb
        >>> fb.histogramdd(fb.tensor([[0., 1.], [1., 0.]]), bins=[2, 2]).hist
        tensor([[0., 1.],
                [1., 0.]])
    """
    check_tensors("histogramdd", input)
    count = input._array.shape[-1] if input._array.ndim else 0
    limits = None if range is None else tuple(float(x) for x in range)
    edges: tuple[Any, ...] = ()
    sizes: tuple[int, ...] | None = None
    if isinstance(bins, int):
        sizes = (bins,) * count
    elif bins and isinstance(bins[0], Tensor):
        edges = tuple(bins)
    else:
        sizes = tuple(int(n) for n in bins)
    hist, *found = apply(HISTOGRAMDD, (input, weight, *edges), (sizes, limits, bool(density)))
    return return_types.histogramdd(hist, tuple(found))


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
