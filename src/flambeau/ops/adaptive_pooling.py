"""Pooling to given sizes: the windows follow from the input's."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import cache
from math import prod
from typing import Any

import numpy as np

from flambeau.core.dtypes import of
from flambeau.core.errors import message
from flambeau.core.native import LEAST, kernels
from flambeau.core.repeated import integers
from flambeau.core.spec import Spec
from flambeau.ops.max_pooling import as_planes, gathered
from flambeau.ops.pooling_windows import place_sums
from flambeau.ops.publish import public
from flambeau.ops.resampling import resampling_record
from flambeau.ops.resampling_weights import region
from flambeau.ops.view_record import require_tensor
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor

Ints = tuple[int, ...]


def _output_sizes(name: str, input: Any, output_size: Any, ndim: int) -> Ints:
    """The sizes to pool to; ``None`` keeps a dimension's."""
    array = require_tensor(name, input)
    if array.ndim not in (ndim + 1, ndim + 2) or 0 in array.shape[array.ndim - ndim :]:
        # PyTorch's types: it looks for sizes to keep before it looks at the input.
        raise (ValueError if array.ndim <= ndim > 1 else RuntimeError)(
            message(
                f"{name}: the input is no plane or empty",
                expected=f"{ndim + 1} dimensions, or {ndim + 2} with a batch, none of the last "
                f"{ndim} empty",
                got=f"shape {tuple(array.shape)}",
            )
        )
    given = tuple(output_size) if isinstance(output_size, (tuple, list)) else (output_size,)
    if len(given) == 1:
        given *= ndim
    sizes = tuple([n if g is None else g for n, g in zip(array.shape[-ndim:], given)])
    if len(given) != ndim:
        sizes = given
    sizes = integers(name, "output_size", sizes, ndim)
    if min(sizes) < 0:
        raise RuntimeError(
            message(f"{name}: a negative size", expected="output_size >= 0", got=str(sizes))
        )
    return sizes


# --- means -------------------------------------------------------------------------------------

ADAPTIVE_AVG = {
    ndim: resampling_record(
        f"adaptive_avg_pool{ndim}d", f"AdaptiveAvgPool{ndim}DBackward0", ("mean",), ndim
    )
    for ndim in (2, 3)
}


def _averaged(ndim: int, input: Any, output_size: Any) -> Any:
    sizes = _output_sizes(f"adaptive_avg_pool{ndim}d", input, output_size, ndim)
    x = input.unsqueeze(-2) if ndim == 1 else input
    sizes = (1, *sizes) if ndim == 1 else sizes
    if ndim > 1 and prod(sizes) == 1 and input._array.dtype.kind in "fV":
        return input.mean(tuple(range(-ndim, 0)), keepdim=True)
    rules = tuple(
        [("mean", n, m, False, None) for n, m in zip(x._array.shape[-len(sizes) :], sizes)]
    )
    out = apply(ADAPTIVE_AVG[max(ndim, 2)], (x,), (rules,))
    return out.squeeze(-2) if ndim == 1 else out


# --- largest values ----------------------------------------------------------------------------


def _check_type(name: str, x: Any) -> None:
    if x.dtype.kind not in "fV":
        raise NotImplementedError(
            message(
                f"{name}: not defined for this type",
                expected="a floating-point tensor",
                got=str(of(x.dtype)),
                help="convert with .float()",
            )
        )


_FEW = 24  # elements of a region: larger ones NumPy looks through as quickly


@cache
def _bounds(whole: Ints, sizes: Ints) -> np.ndarray:
    """First and behind the last element of each region, dimension after dimension."""
    each = [region(i, n, m) for n, m in zip(whole, sizes) for i in range(m)]
    return np.array(each, np.int64).reshape(-1)


def _places(x: np.ndarray, sizes: Ints) -> np.ndarray:
    """Where in its plane each region's largest value lies."""
    ndim = len(sizes)
    planes = as_planes(x, ndim)
    whole = planes.shape[1:]
    few = prod(whole) <= _FEW * prod(sizes)
    native = kernels() if few and x.size >= LEAST and x.flags.c_contiguous else None
    found = native and native.region_maxima(planes, sizes, _bounds(whole, sizes))
    if found is not None:
        return found.reshape(*x.shape[: x.ndim - ndim], *sizes)
    out = np.empty((len(planes), *sizes), np.int64)
    for place in itertools.product(*map(range, sizes)):
        bounds = [region(i, n, m) for i, n, m in zip(place, whole, sizes)]
        part = planes[(slice(None), *[slice(a, b) for a, b in bounds])]
        flat = part.reshape(len(planes), prod(part.shape[1:])).argmax(1)
        inside = np.unravel_index(flat, part.shape[1:])
        moved = [a + i for (a, _), i in zip(bounds, inside)]
        out[(slice(None), *place)] = np.ravel_multi_index(moved, whole)
    return out.reshape(*x.shape[: x.ndim - ndim], *sizes)


def taken(x: np.ndarray, places: np.ndarray, ndim: int) -> np.ndarray:
    """The elements of planes at these places."""
    flat = x.reshape(*x.shape[: x.ndim - ndim], prod(x.shape[x.ndim - ndim :]))
    wanted = places.reshape(*flat.shape[:-1], prod(places.shape[places.ndim - ndim :]))
    return np.take_along_axis(flat, wanted, -1).reshape(places.shape)


class _Records:
    """The records for one number of dimensions."""

    def __init__(self, ndim: int) -> None:
        self.name = name = f"adaptive_max_pool{ndim}d"
        self.ndim = ndim
        self.places = Operation(
            f"{name}_indices",
            inputs="input",
            params="output_size",
            evaluate=_places,
            infer=lambda x, sizes: Spec(self._shape(x, sizes), np.dtype(np.int64)),
            samples=lambda make: self._samples(make)[:-1],
        )
        self.both = Operation(
            name,
            inputs="input",
            params="output_size",
            evaluate=self._evaluate,
            infer=self._infer,
            gradient={"input": _places_gradient(self.places, ndim)},
            node_name=f"AdaptiveMaxPool{ndim}DBackward0",
            strict=True,
            nondifferentiable_outputs=(1,),
            samples=self._samples,
        )

    def _shape(self, x: Any, sizes: Ints) -> Ints:
        return (*x.shape[: x.ndim - self.ndim], *sizes)

    def _evaluate(self, x: np.ndarray, sizes: Ints) -> tuple[np.ndarray, np.ndarray]:
        places = _places(x, sizes)
        return taken(x, places, self.ndim), places

    def _infer(self, x: Any, sizes: Ints) -> tuple[Spec, Spec]:
        _check_type(self.name, x)
        shape = self._shape(x, sizes)
        return Spec(shape, x.dtype), Spec(shape, np.dtype(np.int64))

    def _samples(self, make: Any) -> list[Any]:
        shape = (2, 1, *(3, 4, 3)[3 - self.ndim :])
        return [
            make.sample((make.tensor(shape),), ((2,) * self.ndim,)),
            make.sample((make.transposed(shape),), ((3, 1, 2)[3 - self.ndim :],)),
            make.sample((make.tensor((0, *shape[1:])),), ((2,) * self.ndim,)),
            make.error((make.integers(shape),), ((2,) * self.ndim,), NotImplementedError),
        ]


def _places_gradient(places: Operation, ndim: int) -> Callable[..., Any]:
    def rule(g: Any, input: Any, output_size: Ints) -> Any:
        if g[0] is None:
            return None
        found = apply(places, (input.detach(),), (output_size,))
        return apply(PLACE_SUMS, (g[0], found), (tuple(input._array.shape[-ndim:]),))

    return rule


def _sums_at(g: np.ndarray, places: np.ndarray, sizes: Ints) -> np.ndarray:
    ndim = len(sizes)
    shape = (*g.shape[: g.ndim - ndim], *sizes)
    if not g.size:
        return np.zeros(shape, g.dtype)
    flat = places.reshape(-1, *places.shape[places.ndim - ndim :])
    return place_sums(as_planes(g, ndim), flat, sizes).reshape(shape).astype(g.dtype, copy=False)


# Planes of zeros with each element of ``g`` added at its place.
PLACE_SUMS = Operation(
    "place_sums",
    inputs="g places",
    params="sizes",
    evaluate=_sums_at,
    infer=lambda g, places, sizes: Spec((*g.shape[: g.ndim - len(sizes)], *sizes), g.dtype),
    gradient={"g": lambda g, places, sizes: gathered(g, places, len(sizes))},
    samples=lambda make: [
        make.sample((make.tensor((2, 3)), make.integers((2, 3), 0, 4)), ((4,),)),
        make.sample((make.tensor((2, 2, 2)), make.integers((2, 2, 2), 0, 6)), ((2, 3),)),
        make.sample((make.tensor((0, 2)), make.integers((0, 2), 0, 4)), ((4,),)),
    ],
)

ADAPTIVE_MAX = {ndim: _Records(ndim) for ndim in (2, 3)}


def _maximal(ndim: int, input: Any, output_size: Any, return_indices: bool) -> Any:
    sizes = _output_sizes(f"adaptive_max_pool{ndim}d", input, output_size, ndim)
    if ndim > 1:
        both = apply(ADAPTIVE_MAX[ndim].both, (input,), (sizes,))
    else:
        both = apply(ADAPTIVE_MAX[2].both, (input.unsqueeze(-2),), ((1, *sizes),))
        both = tuple([x.squeeze(-2) for x in both])
    return both if return_indices else both[0]


# --- what users call ---------------------------------------------------------------------------

_SIZES = {1: "length", 2: "height, width", 3: "depth, height, width"}


def _average_function(ndim: int) -> Callable[..., Tensor]:
    def call(input: Tensor, output_size: Any) -> Tensor:
        return _averaged(ndim, input, output_size)

    call.__name__ = call.__qualname__ = f"adaptive_avg_pool{ndim}d"
    call.__doc__ = f"""The means of as many regions of the input as asked for.

    Args:
        input: (n, c, {_SIZES[ndim]}), or without n.
        output_size: how many regions in each dimension, one number or one for each; ``None`` for as
            many as there are elements.

    Shape: (n, c, {_SIZES[ndim]}) -> (n, c, *output_size).

    Raises:
        RuntimeError: for empty inputs, more dimensions, or negative sizes.
        ValueError: for fewer dimensions.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.functional.adaptive_avg_pool{ndim}d(fb.ones(1, 3{", 6" * ndim}), 2).shape
        torch.Size([1, 3{", 2" * ndim}])
    """
    return call


def _maximum_function(ndim: int) -> Callable[..., Any]:
    def call(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
        return _maximal(ndim, input, output_size, return_indices)

    call.__name__ = call.__qualname__ = f"adaptive_max_pool{ndim}d"
    call.__doc__ = f"""The largest values of as many regions of the input as asked for.

    Args:
        input: (n, c, {_SIZES[ndim]}), or without n.
        output_size: how many regions in each dimension, one number or one for each; ``None`` for as
            many as there are elements.
        return_indices: also return where the values lie, counted row by row within a channel.

    Shape: (n, c, {_SIZES[ndim]}) -> (n, c, *output_size).

    Raises:
        RuntimeError: for empty inputs, more dimensions, or negative sizes.
        ValueError: for fewer dimensions.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.functional.adaptive_max_pool{ndim}d(fb.ones(1, 3{", 6" * ndim}), 2).shape
        torch.Size([1, 3{", 2" * ndim}])
    """
    return call


adaptive_avg_pool1d = public()(_average_function(1))
adaptive_avg_pool2d, adaptive_avg_pool3d = _average_function(2), _average_function(3)
adaptive_max_pool1d = _maximum_function(1)
adaptive_max_pool2d, adaptive_max_pool3d = _maximum_function(2), _maximum_function(3)


@public("adaptive_max_pool1d")
def _adaptive_max_pool1d_with_indices(input: Tensor, output_size: Any) -> tuple[Tensor, Tensor]:
    """The largest values of as many regions as asked for, and where they lie.

    Args:
        input: (n, c, length), or without n.
        output_size: how many regions.

    Example:
        >>> import flambeau as fb
        >>> fb.adaptive_max_pool1d(fb.tensor([[1., 3., 2., 0.]]), 2)
        (tensor([[3., 2.]]), tensor([[1, 2]]))
    """
    return _maximal(1, input, output_size, True)
