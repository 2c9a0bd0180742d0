"""Images looked up at any places: a grid of coordinates says where.

What an output element is made of is a product over dimensions: in each, a few neighbouring elements
(taps) and their weights. Everything is written once, against a handful of functions that arrays and
tensors both have (``Calculus``): on arrays it is the operation's meaning, on tensors it is what
gradients are made of, which therefore can be differentiated again.
"""

from __future__ import annotations

import itertools
from math import prod
from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.core.spec import Spec
from flambeau.ops.adaptive_pooling import PLACE_SUMS
from flambeau.ops.publish import PUBLIC
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import REGISTRY, Operation
from flambeau.tensor.tensor import Tensor

Ints = tuple[int, ...]
_INT64 = np.dtype(np.int64)


# --- what both kinds of values have -----------------------------------------------------------


class Arrays:
    """The functions on arrays."""

    floor: Any = staticmethod(np.floor)
    where: Any = staticmethod(np.where)
    remainder: Any = staticmethod(np.remainder)

    @staticmethod
    def clip(x: Any, low: float, high: float) -> Any:
        return np.minimum(np.maximum(x, x.dtype.type(low)), x.dtype.type(high))

    @staticmethod
    def as_places(x: np.ndarray, size: int) -> np.ndarray:
        """Whole numbers within 0 .. size - 1 (NaN goes to 0)."""
        return np.nan_to_num(np.clip(x, 0, size - 1)).astype(np.int64)

    @staticmethod
    def taken(planes: np.ndarray, places: np.ndarray) -> np.ndarray:
        """The elements of (n, c, size) at places (n, points)."""
        found = [p.take(i, 1) for p, i in zip(planes, places)]
        return np.stack(found) if found else np.empty((0, planes.shape[1], places.shape[1]))


class Tensors:
    """The functions on tensors."""

    @staticmethod
    def floor(x: Any) -> Any:
        return x.floor()

    @staticmethod
    def where(condition: Any, x: Any, y: Any) -> Any:
        return PUBLIC["where"](condition, x, y)

    @staticmethod
    def remainder(x: Any, y: Any) -> Any:
        return x.remainder(y)

    @staticmethod
    def clip(x: Any, low: float, high: float) -> Any:
        return x.clamp(low, high)

    @staticmethod
    def as_places(x: Any, size: int) -> Any:
        clipped = x.detach().nan_to_num(0.0).clamp(0, size - 1)
        return apply(REGISTRY["to_dtype"], (clipped,), (_INT64,))

    @staticmethod
    def taken(planes: Any, places: Any) -> Any:
        shape = (places.shape[0], planes.shape[1], places.shape[1])
        return planes.gather(2, places.unsqueeze(1).expand(*shape))


Calculus = Any  # one of the two classes


# --- coordinates ------------------------------------------------------------------------------


def _positions(xp: Calculus, x: Any, size: int, aligned: bool) -> tuple[Any, float]:
    """From -1 .. 1 to elements, and the slope."""
    if aligned:
        slope = (size - 1) / 2
        return (x + 1) * slope, slope
    return ((x + 1) * size - 1) / 2, size / 2


def _brought_inside(
    xp: Calculus, x: Any, size: int, padding: str, aligned: bool
) -> tuple[Any, Any]:
    """Positions after the border's rule, and the slope of that rule."""
    if padding == "zeros":
        return x, 1
    slope: Any = 1
    if padding == "reflection":
        x, slope = _reflected(xp, x, size, aligned)
    inside = (x > 0) & (x < size - 1)
    return xp.clip(x, 0, size - 1), xp.where(inside, slope, 0 * x)


def _reflected(xp: Calculus, x: Any, size: int, aligned: bool) -> tuple[Any, Any]:
    low, span = (0.0, size - 1) if aligned else (-0.5, size)
    if span == 0:
        return 0 * x, 0 * x
    x = x - low
    backward = x < 0
    x = xp.where(backward, -x, x)
    turns = xp.floor(x / span)
    rest = xp.remainder(x, span)
    odd = xp.remainder(turns, 2) == 1
    found = xp.where(odd, span - rest, rest) + low
    return found, xp.where(backward, -1.0, 1.0 + 0 * x) * xp.where(odd, -1.0, 1.0 + 0 * x)


# --- taps -------------------------------------------------------------------------------------

Tap = tuple[Any, Any, Any]  # element, weight, slope of the weight


def _taps(xp: Calculus, x: Any, mode: str) -> list[Tap]:
    """The elements next to a position, their weights and the slopes of those."""
    if mode == "nearest":
        return [(_rounded(xp, x), None, None)]
    before = xp.floor(x)
    way = x - before
    if mode == "bilinear":
        return [(before, 1 - way, -1.0), (before + 1, way, 1.0)]
    return [
        (before + shift, *_cubic(way - shift if shift < 1 else shift - way, shift < 1))
        for shift in (-1, 0, 1, 2)
    ]


def _rounded(xp: Calculus, x: Any) -> Any:
    """To the nearest whole number, halves to the even one."""
    below = xp.floor(x)
    rest = x - below
    up = (rest > 0.5) | ((rest == 0.5) & (xp.remainder(below, 2) == 1))
    return xp.where(up, below + 1, below)


def _cubic(distance: Any, ahead: bool) -> tuple[Any, Any]:
    """Keys' kernel with a = -0.75 at a distance of 0 to 2, and its slope by the position."""
    return _Cubic.weight(distance), _Cubic.slope(distance) * (1 if ahead else -1)


class _Cubic:
    """The kernel's two pieces, joined by their range."""

    a = -0.75

    @classmethod
    def weight(cls, x: Any) -> Any:
        near = ((cls.a + 2) * x - (cls.a + 3)) * x * x + 1
        far = ((x - 5) * x + 8) * x * cls.a - 4 * cls.a
        return _choose(x, near, far)

    @classmethod
    def slope(cls, x: Any) -> Any:
        near = (3 * (cls.a + 2) * x - 2 * (cls.a + 3)) * x
        far = ((3 * x - 10) * x + 8) * cls.a
        return _choose(x, near, far)


def _choose(x: Any, near: Any, far: Any) -> Any:
    where = np.where if isinstance(x, np.ndarray) else PUBLIC["where"]
    return where(x <= 1, near, far)


class Corner:
    """One element that outputs are made of.

    Attributes:
        places: where it lies in its plane, (n, points); somewhere inside if it lies outside.
        inside: where it counts; ``None`` for everywhere.
        weights: one for each dimension (``None``: 1), and ``slopes`` of those.
    """

    __slots__ = ("inside", "places", "slopes", "weights")

    def __init__(self, places: Any, inside: Any, weights: list[Any], slopes: list[Any]) -> None:
        self.places = places
        self.inside = inside
        self.weights = weights
        self.slopes = slopes

    def factor(self, xp: Calculus, but: int | None = None) -> Any:
        """The product of the weights, with the slope instead of the weight for one dimension."""
        total: Any = None
        for axis, weight in enumerate(self.weights):
            part = self.slopes[axis] if axis == but else weight
            if part is not None:
                total = part if total is None else total * part
        total = 1.0 if total is None else total
        return total if self.inside is None else xp.where(self.inside, total, 0.0)


def corners(
    xp: Calculus, grid: Any, sizes: Ints, mode: str, padding: str, aligned: bool
) -> tuple[list[Corner], list[Any]]:
    """All elements that outputs are made of, and each dimension's slope of position by grid.

    Args:
        grid: (n, points, dimensions), the last size's coordinate first.
    """
    ndim = len(sizes)
    per_dimension, slopes = [], []
    for axis, size in enumerate(sizes):
        x, slope = _positions(xp, grid[..., ndim - 1 - axis], size, aligned)
        if mode != "bicubic":
            x, rule = _brought_inside(xp, x, size, padding, aligned)
            slope = slope * rule
        per_dimension.append(
            [_placed(xp, *tap, size, mode, padding, aligned) for tap in _taps(xp, x, mode)]
        )
        slopes.append(slope)
    found = []
    for taps in itertools.product(*per_dimension):
        places: Any = 0
        inside: Any = None
        for (place, within, _, _), size in zip(taps, sizes):
            places = places * size + place
            if within is not None:
                inside = within if inside is None else inside & within
        found.append(Corner(places, inside, [t[2] for t in taps], [t[3] for t in taps]))
    return found, slopes


def _placed(
    xp: Calculus, element: Any, weight: Any, slope: Any, size: int, mode: str, padding: str,
    aligned: bool,
) -> tuple[Any, Any, Any, Any]:  # fmt: skip
    """A tap's place within the size, and where it lies inside."""
    if mode == "bicubic":  # here the border's rule holds for each tap
        element, _ = _brought_inside(xp, element, size, padding, aligned)
        if padding == "reflection":
            element = _rounded(xp, element)
    within = (element >= 0) & (element <= size - 1) if padding == "zeros" else None
    return xp.as_places(element, size), within, weight, slope


# --- the record -------------------------------------------------------------------------------


def _flat(x: Any, grid: Any) -> tuple[Any, Any, Ints, Ints]:
    """Planes (n, c, size), grid (n, points, dimensions), the sizes, the output's sizes."""
    sizes, points = tuple(x.shape[2:]), tuple(grid.shape[1:-1])
    planes = x.reshape(x.shape[0], x.shape[1], prod(sizes))
    return planes, grid.reshape(grid.shape[0], prod(points), len(sizes)), sizes, points


def _sampled(xp: Calculus, x: Any, grid: Any, mode: str, padding: str, aligned: bool) -> Any:
    planes, flat, sizes, points = _flat(x, grid)
    found, _ = corners(xp, flat, sizes, mode, padding, aligned)
    total = None
    for corner in found:
        factor = corner.factor(xp)
        part = xp.taken(planes, corner.places)
        if not isinstance(factor, float):
            part = part * factor[:, None]
        total = part if total is None else total + part
    assert total is not None
    return total.reshape(x.shape[0], x.shape[1], *points)


def _wide(x: np.ndarray) -> np.ndarray:
    return x.astype(np.float32) if x.dtype.itemsize == 2 else x


def _evaluate(
    x: np.ndarray, grid: np.ndarray, mode: str, padding: str, aligned: bool
) -> np.ndarray:
    found = _sampled(Arrays, _wide(x), _wide(grid), mode, padding, aligned)
    return np.ascontiguousarray(found).astype(x.dtype, copy=False)


def _in_parts(input: Any, grid: Any, mode: str, padding: str, aligned: bool) -> Tensor:
    found = _sampled(Tensors, _widened(input), _widened(grid), mode, padding, aligned)
    return found.to(input.dtype)


def _refuse(problem: str, expected: str, got: str) -> RuntimeError:
    return RuntimeError(message(f"grid_sampler: {problem}", expected=expected, got=got))


def _infer(x: Any, grid: Any, mode: str, padding: str, aligned: bool) -> Spec:
    got = f"input {tuple(x.shape)} and grid {tuple(grid.shape)}"
    if x.dtype != grid.dtype or x.dtype.kind not in "fV":
        types = f"{dtypes.of(x.dtype)} and {dtypes.of(grid.dtype)}"
        raise _refuse("types do not fit", "two tensors of one floating-point type", types)
    if x.ndim not in (4, 5) or grid.ndim != x.ndim:
        raise _refuse("wrong number of dimensions", "two tensors of 4 or of 5 dimensions", got)
    if x.shape[0] != grid.shape[0] or grid.shape[-1] != x.ndim - 2:
        expected = f"a grid of shape ({x.shape[0]}, ..., {x.ndim - 2})"
        raise _refuse("the grid does not fit the input", expected, got)
    if 0 in x.shape[2:]:
        raise _refuse("the input has no elements", "sizes >= 1", got)
    if mode == "bicubic" and x.ndim == 5:
        raise _refuse("bicubic is for images", "an input of 4 dimensions", got)
    return Spec((*x.shape[:2], *grid.shape[1:-1]), x.dtype)


def _widened(x: Any) -> Any:
    if x._array.dtype.itemsize > 2:
        return x
    return apply(REGISTRY["to_dtype"], (x,), (np.dtype(np.float32),))


def _input_gradient(
    g: Any, input_shape: Ints, grid: Any, mode: str, padding: str, aligned: bool
) -> Tensor:
    sizes = tuple(input_shape[2:])
    flat = _widened(grid).reshape(grid.shape[0], -1, len(sizes))
    along = _widened(g).reshape(g.shape[0], g.shape[1], -1)
    parts, places = [], []
    for corner in corners(Tensors, flat, sizes, mode, padding, aligned)[0]:
        factor = corner.factor(Tensors)
        parts.append(along if isinstance(factor, float) else along * factor.unsqueeze(1))
        places.append(corner.places)
    cat = PUBLIC["cat"]
    values, where = cat(parts, 2), cat(places, 1)
    where = where.unsqueeze(1).expand(*values.shape)
    return apply(PLACE_SUMS, (values, where), ((prod(sizes),),)).reshape(tuple(input_shape))


def _grid_gradient(
    g: Any, input: Any, grid: Any, mode: str, padding: str, aligned: bool
) -> Tensor | None:
    if mode == "nearest":
        return grid * 0
    planes, flat, sizes, _ = _flat(_widened(input), _widened(grid))
    along = _widened(g).reshape(g.shape[0], g.shape[1], -1)
    found, slopes = corners(Tensors, flat, sizes, mode, padding, aligned)
    # What each corner's weight is worth, summed over the channels.
    worth = [(along * Tensors.taken(planes, corner.places)).sum(1) for corner in found]
    parts = []
    for axis, slope in enumerate(slopes):
        total: Any = 0.0
        for corner, value in zip(found, worth):
            total = total + value * corner.factor(Tensors, but=axis)
        parts.append(total * slope)
    return PUBLIC["stack"](parts[::-1], -1).reshape(grid.shape)


def _samples(ndim: int) -> Any:
    modes = ("bilinear", "nearest", "bicubic")[: 5 - ndim]
    paddings = ("zeros", "border", "reflection")
    usual = ("bilinear", "zeros", False)

    def samples(make: Any) -> list[Any]:
        shape = (1, 1, *(2, 2, 3)[3 - ndim :])
        points = (1, *(1, 1, 2)[3 - ndim :], ndim)
        rules = [(m, p, (i + j) % 2 == 0) for i, m in enumerate(modes)
                 for j, p in enumerate(paddings)]  # fmt: skip
        x = make.tensor(shape)
        found = [
            make.sample((x, make.tensor(points, -1.3, 1.3)), rule)
            for rule in (rules if ndim == 2 else rules[::2])
        ]
        grid = make.tensor(points, -1, 1)
        return [
            *found,
            make.sample((x[:0], grid[:0]), usual),
            make.error((x, grid[:0]), usual, RuntimeError),
            make.error((x, grid[0]), usual, RuntimeError),
            make.error((x[:, :, :0], grid), usual, RuntimeError),
            make.error((x, make.tensor(points, dtype=np.float32)), usual, RuntimeError),
        ]

    return samples


GRID_SAMPLER = {
    ndim: Operation(
        f"grid_sampler_{ndim}d",
        inputs="input grid",
        params="mode padding aligned",
        evaluate=_evaluate,
        infer=_infer,
        gradient={"input": _input_gradient, "grid": _grid_gradient},
        decompose=_in_parts,
        node_name=f"GridSampler{ndim}DBackward0",
        strict=True,
        samples=_samples(ndim),
    )
    for ndim in (2, 3)
}
