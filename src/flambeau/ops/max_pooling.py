"""The largest value of each window."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np

from flambeau.core.dtypes import of
from flambeau.core.errors import message
from flambeau.core.repeated import integers
from flambeau.core.spec import Spec
from flambeau.ops import pooling_windows as windows
from flambeau.ops.padding_constant import CONSTANT_PAD
from flambeau.ops.pooling_windows import Pool, check_pool
from flambeau.ops.publish import PUBLIC, public
from flambeau.ops.slicing import SLICE, SLICE_BACKWARD
from flambeau.ops.view_record import require_tensor
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor

Ints = tuple[int, ...]
_PARAMS = "kernel stride padding dilation ceil_mode"


def check_ordered(name: str, x: Any) -> None:
    """Refuse types whose values have no order.

    Raises:
        NotImplementedError: for truth values and complex numbers.
    """
    if x.dtype.kind in "bc":
        raise NotImplementedError(
            message(f"{name}: values have no order", expected="numbers", got=str(of(x.dtype)))
        )


def as_planes(x: np.ndarray, ndim: int) -> np.ndarray:
    """The array as (planes, *sizes), 16-bit types as float32, which is exact."""
    if x.dtype.itemsize == 2 and x.dtype.kind in "fV":
        x = x.astype(np.float32)
    return np.ascontiguousarray(x).reshape(-1, *x.shape[x.ndim - ndim :])


# --- in simpler operations --------------------------------------------------------------------


def bordered(x: Any, pool: Pool, value: Any) -> Any:
    """A tensor whose last dimensions have borders of a value, as far as windows reach."""
    if pool.extent == pool.sizes:
        return x
    pad: list[int] = []
    for n, p, e in zip(reversed(pool.sizes), reversed(pool.padding), reversed(pool.extent)):
        pad += [p, e - n - p]
    return apply(CONSTANT_PAD, (x,), (tuple(pad), value))


def reduced(x: Any, pool: Pool, combine: Callable[[Any, Any], Any]) -> Any:
    """A bordered tensor reduced over windows, dimension by dimension."""
    ndim = len(pool.kernel)
    for axis in range(ndim):
        dim = x.ndim - ndim + axis
        parts = [_part(x, dim, pool.along(axis, o)) for o in range(pool.kernel[axis])]
        x = reduce(combine, parts)
    return x


def _part(x: Any, dim: int, part: slice) -> Any:
    return apply(SLICE, (x,), (dim, part.start, part.stop, part.step))


def _maximum_in_parts(x: Any, pool: Pool) -> Any:
    low = windows.lowest(x._array.dtype)
    return reduced(bordered(x, pool, low), pool, PUBLIC["maximum"])


def _spread_in_parts(g: Any, x: Any, pool: Pool) -> Any:
    """Each window's ``g`` at the first of its elements that equals the largest."""
    low = windows.lowest(x._array.dtype)
    block = bordered(x, pool, low)
    best = reduced(block, pool, PUBLIC["maximum"])
    where, ndim = PUBLIC["where"], len(pool.kernel)
    shape, total, left = tuple(block._array.shape), None, None
    for _, index in pool.offsets():
        values, shapes = block, []
        for axis, part in enumerate(index[1:]):
            shapes.append(tuple(values._array.shape))
            values = _part(values, x.ndim - ndim + axis, part)
        mask = (values == best) | (values != values)
        mask = mask if left is None else mask & left
        left = ~mask if left is None else left & ~mask
        part = where(mask, g, 0)
        for axis in reversed(range(ndim)):
            along = index[axis + 1]
            params = (shapes[axis], x.ndim - ndim + axis, along.start, along.stop, along.step)
            part = apply(SLICE_BACKWARD, (part,), params)
        total = part if total is None else total + part
    assert total is not None
    if shape == tuple(x._array.shape):
        return total
    for axis, (p, n) in enumerate(zip(pool.padding, pool.sizes)):
        total = total.narrow(x.ndim - ndim + axis, p, n)
    return total


# --- records ----------------------------------------------------------------------------------


def _samples(ndim: int, outputs: bool = True) -> Callable[[Any], list[Any]]:
    def each(*numbers: int) -> tuple[Ints, ...]:
        return tuple((n,) * ndim for n in numbers)

    def samples(make: Any) -> list[Any]:
        shape = (2, 1, *(3, 4, 3)[3 - ndim :])
        x = make.tensor(shape)
        cases = [
            (x, (*each(2, 2, 0, 1), False)),
            (x, (*each(3 if ndim == 2 else 2, 1, 1, 1), False)),
            (make.transposed(shape), (*each(2, 2, 1, 1), True)),
            (make.tensor(shape[1:]), (*each(2, 1, 0, 2), False)),
            (make.tensor((0, *shape[1:])), (*each(2, 2, 0, 1), False)),
        ]
        found = [make.sample((x,), params) for x, params in cases]
        return [
            *found,
            make.error((x,), (*each(2, 0, 0, 1), False), RuntimeError),
            make.error((x,), (*each(2, 1, 2, 1), False), RuntimeError),
            make.error((x,), (*each(9, 1, 0, 1), False), RuntimeError),
            make.error((make.tensor((4,)),), (*each(2, 1, 0, 1), False), RuntimeError),
            make.error((make.booleans(shape),), (*each(2, 1, 0, 1), False), NotImplementedError),
        ]

    return samples


def _gradient(ndim: int) -> Callable[..., Tensor | None]:
    def rule(
        g: Any, input: Any, kernel: Ints, stride: Ints, padding: Ints, dilation: Ints,
        ceil_mode: bool,
    ) -> Tensor | None:  # fmt: skip
        g = g[0] if isinstance(g, tuple) else g
        params = (kernel, stride, padding, dilation, ceil_mode)
        return None if g is None else apply(MAX_POOL[ndim].spread, (g, input), params)

    return rule


def _gather(ndim: int) -> Callable[..., Tensor]:
    def rule(
        g: Any, input: Any, kernel: Ints, stride: Ints, padding: Ints, dilation: Ints,
        ceil_mode: bool,
    ) -> Tensor:  # fmt: skip
        params = (kernel, stride, padding, dilation, ceil_mode)
        return gathered(g, apply(MAX_POOL[ndim].places, (input.detach(),), params), ndim)

    return rule


class _Records:
    """The records for one number of dimensions."""

    def __init__(self, ndim: int) -> None:
        self.ndim = ndim
        self.name = f"max_pool{ndim}d"
        node = f"MaxPool{ndim}DWithIndicesBackward0"
        self.values = Operation(
            self.name,
            inputs="input",
            params=_PARAMS,
            evaluate=self._values,
            infer=lambda x, *params: Spec(self._shape(x, params), x.dtype),
            gradient={"input": _gradient(ndim)},
            node_name=node,
            decompose=lambda x, *params: _maximum_in_parts(x, self.pool(x._array, params)),
            samples=_samples(ndim),
        )
        self.both = Operation(
            f"{self.name}_with_indices",
            inputs="input",
            params=_PARAMS,
            evaluate=lambda x, *params: (self._values(x, *params), self._places(x, *params)),
            infer=self._infer_both,
            gradient={"input": _gradient(ndim)},
            node_name=node,
            nondifferentiable_outputs=(1,),
            samples=_samples(ndim),
        )  # fmt: skip
        self.places = Operation(
            f"{self.name}_indices",
            inputs="input",
            params=_PARAMS,
            evaluate=self._places,
            infer=lambda x, *params: Spec(self._shape(x, params), np.dtype(np.int64)),
            samples=_samples(ndim),
        )
        self.spread = Operation(
            f"{self.name}_backward",
            inputs="g input",
            params=_PARAMS,
            evaluate=self._spread,
            infer=lambda g, x, *params: Spec(x.shape, g.dtype),
            gradient={"g": _gather(ndim)},
            node_name=f"MaxPool{ndim}DWithIndicesBackwardBackward0",
            decompose=lambda g, x, *params: _spread_in_parts(g, x, self.pool(x._array, params)),
            samples=self._spread_samples,
        )

    def pool(self, x: Any, params: tuple[Any, ...]) -> Pool:
        check_ordered(self.name, x)
        return check_pool(self.name, x, self.ndim, params[:4], params[4])

    def _shape(self, x: Any, params: tuple[Any, ...]) -> Ints:
        return (*x.shape[: x.ndim - self.ndim], *self.pool(x, params).places)

    def _infer_both(self, x: Any, *params: Any) -> tuple[Spec, Spec]:
        shape = self._shape(x, params)
        return Spec(shape, x.dtype), Spec(shape, np.dtype(np.int64))

    def _values(self, x: np.ndarray, *params: Any) -> np.ndarray:
        pool = self.pool(x, params)
        found = windows.largest(as_planes(x, self.ndim), pool)
        shape = (*x.shape[: x.ndim - self.ndim], *pool.places)
        return found.reshape(shape).astype(x.dtype, copy=False)

    def _places(self, x: np.ndarray, *params: Any) -> np.ndarray:
        pool = self.pool(x, params)
        found = windows.largest_places(as_planes(x, self.ndim), pool)
        return found.reshape(*x.shape[: x.ndim - self.ndim], *pool.places)

    def _spread(self, g: np.ndarray, x: np.ndarray, *params: Any) -> np.ndarray:
        pool = self.pool(x, params)
        along = as_planes(g, self.ndim)
        found = windows.spread_to_largest(along, as_planes(x, self.ndim), pool)
        return found.reshape(x.shape).astype(g.dtype, copy=False)

    def _spread_samples(self, make: Any) -> list[Any]:
        found = []
        for sample in _samples(self.ndim)(make):
            if sample.error is None:
                shape = self._shape(sample.inputs[0]._array, sample.params)
                inputs = (make.tensor(shape), sample.inputs[0])
                found.append(make.sample(inputs, sample.params))
        return found


def gathered(x: Any, places: Any, ndim: int) -> Any:
    """The elements of planes at these places."""
    flat = x.flatten(x.ndim - ndim)
    return flat.gather(-1, places.flatten(places.ndim - ndim)).reshape(places._array.shape)


MAX_POOL = {ndim: _Records(ndim) for ndim in (2, 3)}


# --- what users call --------------------------------------------------------------------------


def _pooled(
    ndim: int, input: Any, kernel_size: Any, stride: Any, padding: Any, dilation: Any,
    ceil_mode: bool, return_indices: bool,
) -> Any:  # fmt: skip
    name = f"max_pool{ndim}d"
    require_tensor(name, input)
    kernel = integers(name, "kernel_size", kernel_size, ndim)
    missing = stride is None or (isinstance(stride, (tuple, list)) and not stride)
    stride = kernel if missing else integers(name, "stride", stride, ndim)
    padding, dilation = (
        integers(name, "padding", padding, ndim),
        integers(name, "dilation", dilation, ndim),
    )
    ceil_mode = bool(ceil_mode)
    if ndim > 1:
        records = MAX_POOL[ndim]
        params = (kernel, stride, padding, dilation, ceil_mode)
        return apply(records.both if return_indices else records.values, (input,), params)
    if input._array.ndim not in (2, 3):
        check_pool(name, input._array, 1, (kernel, stride, padding, dilation), False)
    flat = input.unsqueeze(-2)
    flat_params = ((1, *kernel), (1, *stride), (0, *padding), (1, *dilation), ceil_mode)
    if not return_indices:
        return apply(MAX_POOL[2].values, (flat,), flat_params).squeeze(-2)
    values, places = apply(MAX_POOL[2].both, (flat,), flat_params)
    return values.squeeze(-2), places.squeeze(-2)


_SIZES = {1: "length", 2: "height, width", 3: "depth, height, width"}


def _function(ndim: int) -> Callable[..., Any]:
    def call(
        input: Tensor,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        ceil_mode: bool = False,
        return_indices: bool = False,
    ) -> Any:
        return _pooled(
            ndim, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices
        )

    call.__name__ = call.__qualname__ = f"max_pool{ndim}d"
    call.__module__ = "flambeau"
    call.__doc__ = f"""The largest value of each window.

    Args:
        input: (n, c, {_SIZES[ndim]}), or without n.
        kernel_size: the windows' sizes, one number or one for each dimension.
        stride: steps between windows, >= 1; ``kernel_size`` if not given.
        padding: borders on both sides that no window's largest value lies in, at most half of a
            window.
        dilation: steps between a window's elements, >= 1.
        ceil_mode: whether a last window may reach beyond the end.
        return_indices: also return where the values lie, counted row by row within a channel.

    Shape: (n, c, {_SIZES[ndim]}) -> (n, c, ...), sizes
        floor((size + 2·padding - dilation·(kernel_size - 1) - 1) / stride) + 1.

    Raises:
        RuntimeError: if the numbers do not fit the input.

    Example:
        >>> import flambeau as fb
        >>> fb.max_pool{ndim}d(fb.ones(1, 3{", 6" * ndim}), 2).shape
        torch.Size([1, 3{", 3" * ndim}])
    """
    return public()(call)


max_pool1d, max_pool2d, max_pool3d = _function(1), _function(2), _function(3)


@public()
def max_pool1d_with_indices(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
) -> tuple[Tensor, Tensor]:
    """:func:`max_pool1d`, and where the values lie.

    Args:
        input: (n, c, length), or without n.
        kernel_size: the windows' size.
        stride: steps between windows, >= 1; ``kernel_size`` if not given.
        padding: borders on both sides that no window's largest value lies in.
        dilation: steps between a window's elements, >= 1.
        ceil_mode: whether a last window may reach beyond the end.

    Example:
        >>> import flambeau as fb
        >>> fb.max_pool1d_with_indices(fb.tensor([[1., 3., 2., 0.]]), 2)
        (tensor([[3., 2.]]), tensor([[1, 2]]))
    """
    return _pooled(1, input, kernel_size, stride, padding, dilation, ceil_mode, True)
