"""The mean of each window."""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from flambeau.core.dtypes import of
from flambeau.core.errors import message
from flambeau.core.repeated import integers
from flambeau.core.spec import Spec
from flambeau.ops.max_pooling import as_planes, bordered, reduced
from flambeau.ops.pooling_windows import (
    Pool,
    check_pool,
    pool_of,
    window_spread,
    window_sums,
)
from flambeau.ops.publish import public
from flambeau.ops.reduction import is_reduced
from flambeau.ops.slicing import SLICE_BACKWARD
from flambeau.ops.view_record import require_tensor
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor

Ints = tuple[int, ...]
_PARAMS = "kernel stride padding ceil_mode count_include_pad divisor_override"


def _pool(x: Any, params: tuple[Any, ...], sizes: Ints | None = None) -> Pool:
    kernel, stride, padding, ceil_mode, _, divisor = params
    ndim = len(kernel)
    if x.dtype.kind in "bc":
        raise NotImplementedError(
            message(f"avg_pool{ndim}d: not defined for this type", expected="real numbers",
                    got=str(of(x.dtype)))
        )  # fmt: skip
    if divisor == 0:
        raise RuntimeError(
            message(f"avg_pool{ndim}d: a divisor of 0", expected="divisor_override != 0", got="0")
        )
    numbers = (kernel, stride, padding, (1,) * ndim)
    if sizes is not None:
        return pool_of(sizes, *numbers, ceil_mode)
    return check_pool(f"avg_pool{ndim}d", x, ndim, numbers, ceil_mode)


@lru_cache(maxsize=256)
def divisors(pool: Pool, count_include_pad: bool, divisor_override: int | None) -> Any:
    """What each window's sum is divided by: one number, or one for each window."""
    if divisor_override is not None:
        return divisor_override
    counts = []
    for places, n, k, s, p in zip(pool.places, pool.sizes, pool.kernel, pool.stride, pool.padding):
        start = np.arange(places) * s - p
        end = np.minimum(start + k, n + p)
        if not count_include_pad:
            start, end = np.maximum(start, 0), np.minimum(end, n)
        counts.append(end - start)
    if all((c == c[0]).all() for c in counts):
        return int(prod(int(c[0]) for c in counts))
    total = np.ones((), np.int64)
    for count in counts:
        total = total[..., None] * count
    total.flags.writeable = False
    return total


def _divided(sums: np.ndarray, by: Any) -> np.ndarray:
    if sums.dtype.kind in "iu":  # towards zero, as C divides
        return np.sign(sums) * (np.abs(sums) // np.abs(by)) * np.sign(by)
    return np.divide(sums, np.asarray(by, sums.dtype), sums)


def _evaluate(x: np.ndarray, *params: Any) -> np.ndarray:
    pool = _pool(x, params)
    sums = window_sums(as_planes(x, len(pool.kernel)), pool)
    found = _divided(sums, divisors(pool, *params[4:]))
    return found.reshape(*x.shape[: x.ndim - len(pool.kernel)], *pool.places).astype(
        x.dtype, copy=False
    )


def _infer(x: Any, *params: Any) -> Spec:
    pool = _pool(x, params)
    return Spec((*x.shape[: x.ndim - len(pool.kernel)], *pool.places), x.dtype)


def _evaluate_back(g: np.ndarray, sizes: Ints, *params: Any) -> np.ndarray:
    pool = _pool(g, params, sizes)
    shares = as_planes(g, len(sizes)) / np.asarray(
        divisors(pool, *params[4:]), np.float32 if is_reduced(g.dtype) else g.dtype
    )
    shape = (*g.shape[: g.ndim - len(sizes)], *sizes)
    return window_spread(shares, pool).reshape(shape).astype(g.dtype, copy=False)


def _window_counts(kind: np.dtype, sizes: Ints, *params: Any) -> Any:
    found = divisors(_pool(np.empty(0, kind), params, sizes), *params[4:])
    return 1 / np.asarray(found, kind)


# The factor of each window's sum; known before a compiled program runs.
WINDOW_FACTORS = Operation(
    "avg_pool_factors",
    inputs="",
    params=f"dtype sizes {_PARAMS}",
    evaluate=_window_counts,
    infer=lambda kind, sizes, *params: Spec(
        np.shape(divisors(_pool(np.empty(0, kind), params, sizes), *params[4:])), kind
    ),
    samples=lambda make: [
        make.sample((), (np.dtype(np.float64), (5,), (2,), (2,), (1,), True, False, None)),
        make.sample((), (np.dtype(np.float64), (4, 4), (2, 2), (2, 2), (0, 0), False, True, 3)),
    ],
)


def _in_parts(x: Any, *params: Any) -> Any:
    kind = x._array.dtype
    if kind.kind not in "f" or kind.itemsize == 2:
        return NotImplemented
    pool = _pool(x._array, params)
    sums = reduced(bordered(x, pool, 0), pool, lambda a, b: a + b)
    return sums * apply(WINDOW_FACTORS, (), (kind, pool.sizes, *params))


def _gradient(ndim: int) -> Any:
    def rule(
        g: Any, input_shape: Ints, kernel: Ints, stride: Ints, padding: Ints, ceil_mode: bool,
        count_include_pad: bool, divisor_override: int | None,
    ) -> Tensor:  # fmt: skip
        params = (kernel, stride, padding, ceil_mode, count_include_pad, divisor_override)
        return apply(AVG_POOL_BACKWARD, (g,), (tuple(input_shape[-ndim:]), *params))

    return rule


def _samples(ndim: int) -> Any:
    def each(*numbers: int) -> tuple[Ints, ...]:
        return tuple((n,) * ndim for n in numbers)

    def samples(make: Any) -> list[Any]:
        shape = (2, 1, *(3, 4, 3)[3 - ndim :])
        cases = [
            (make.tensor(shape), (*each(2, 2, 0), False, True, None)),
            (make.tensor(shape), (*each(3, 2, 1), True, False, None)),
            (make.transposed(shape), (*each(2, 1, 1), True, True, None)),
            (make.tensor(shape[1:]), (*each(2, 1, 1), False, True, 3)),
            (make.tensor((0, *shape[1:])), (*each(2, 2, 0), False, True, None)),
        ]
        found = [make.sample((x,), params) for x, params in cases]
        x = make.tensor(shape)
        return found + [
            make.error((x,), (*each(2, 0, 0), False, True, None), RuntimeError),
            make.error((x,), (*each(2, 1, 2), False, True, None), RuntimeError),
            make.error((x,), (*each(9, 1, 0), False, True, None), RuntimeError),
            make.error((x,), (*each(2, 1, 0), False, True, 0), RuntimeError),
            make.error((make.booleans(shape),), (*each(2, 1, 0), False, True, None),
                       NotImplementedError),
        ]  # fmt: skip

    return samples


AVG_POOL = {
    ndim: Operation(
        f"avg_pool{ndim}d",
        inputs="input",
        params=_PARAMS,
        evaluate=_evaluate,
        infer=_infer,
        gradient={"input": _gradient(ndim)},
        node_name=f"AvgPool{ndim}DBackward0",
        decompose=_in_parts,
        samples=_samples(ndim),
    )
    for ndim in (2, 3)
}


def _pool_again(
    g: Any, kernel: Ints, stride: Ints, padding: Ints, ceil_mode: bool, count_include_pad: bool,
    divisor_override: int | None,
) -> Tensor:  # fmt: skip
    params = (kernel, stride, padding, ceil_mode, count_include_pad, divisor_override)
    return apply(AVG_POOL[len(kernel)], (g,), params)


def _spread_in_parts(g: Any, sizes: Ints, *params: Any) -> Any:
    """Shares placed at each element of their windows, dimension by dimension."""
    kind = g._array.dtype
    if kind.kind not in "f" or kind.itemsize == 2:
        return NotImplemented
    pool = _pool(g._array, params, sizes)
    x = g * apply(WINDOW_FACTORS, (), (kind, sizes, *params))
    ndim = len(sizes)
    for axis in reversed(range(ndim)):
        dim = g.ndim - ndim + axis
        x = _spread_along(x, pool, axis, dim)
    for axis, (p, n) in enumerate(zip(pool.padding, sizes)):
        x = x.narrow(g.ndim - ndim + axis, p, n)
    return x


def _spread_along(x: Any, pool: Pool, axis: int, dim: int) -> Any:
    shape = (*x._array.shape[:dim], pool.extent[axis], *x._array.shape[dim + 1 :])
    total = None
    for offset in range(pool.kernel[axis]):
        part = pool.along(axis, offset)
        placed = apply(SLICE_BACKWARD, (x,), (shape, dim, part.start, part.stop, part.step))
        total = placed if total is None else total + placed
    return total


AVG_POOL_BACKWARD = Operation(
    "avg_pool_backward",
    inputs="g",
    params=f"sizes {_PARAMS}",
    evaluate=_evaluate_back,
    infer=lambda g, sizes, *params: Spec((*g.shape[: len(g.shape) - len(sizes)], *sizes), g.dtype),
    gradient={"g": _pool_again},
    node_name="AvgPoolBackwardBackward0",
    decompose=_spread_in_parts,
    samples=lambda make: [
        make.sample((make.tensor((2, 2, 2)),), ((4, 5), (2, 2), (2, 2), (0, 0), False, True, None)),
        make.sample(
            (make.tensor((1, 2, 3, 3)),), ((4, 5), (3, 2), (2, 2), (1, 1), True, False, None)
        ),
    ],
)


def _pooled(
    ndim: int, input: Any, kernel_size: Any, stride: Any, padding: Any, ceil_mode: Any,
    count_include_pad: Any, divisor_override: Any,
) -> Any:  # fmt: skip
    name = f"avg_pool{ndim}d"
    array = require_tensor(name, input)
    kernel = integers(name, "kernel_size", kernel_size, ndim)
    missing = stride is None or (isinstance(stride, (tuple, list)) and not stride)
    stride = kernel if missing else integers(name, "stride", stride, ndim)
    padding = integers(name, "padding", padding, ndim)
    last = (bool(ceil_mode), bool(count_include_pad), divisor_override)
    if ndim > 1:
        return apply(AVG_POOL[ndim], (input,), (kernel, stride, padding, *last))
    if array.ndim not in (2, 3):
        check_pool(name, array, 1, (kernel, stride, padding, (1,)), False)
    params = ((1, *kernel), (1, *stride), (0, *padding), *last)
    return apply(AVG_POOL[2], (input.unsqueeze(-2),), params).squeeze(-2)


@public()
def avg_pool1d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """The mean of each window of sequences.

    Args:
        input: (n, c, length), or without n.
        kernel_size: the windows' size.
        stride: steps between windows, >= 1; ``kernel_size`` if not given.
        padding: zeros on both sides, at most half of a window.
        ceil_mode: whether a last window may reach beyond the end.
        count_include_pad: whether the padding counts in the mean.

    Shape: (n, c, length) -> (n, c, floor((length + 2·padding - kernel_size) / stride) + 1).

    Raises:
        RuntimeError: if the numbers do not fit the input.

    Example:
        >>> import flambeau as fb
        >>> fb.avg_pool1d(fb.tensor([[1., 3., 5., 9.]]), 2)
        tensor([[2., 7.]])
    """
    return _pooled(1, input, kernel_size, stride, padding, ceil_mode, count_include_pad, None)


def avg_pool2d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """The mean of each window of images.

    Args:
        input: (n, c, height, width), or without n.
        kernel_size: the windows' sizes, one number or two.
        stride: steps between windows, >= 1; ``kernel_size`` if not given.
        padding: zeros on both sides, at most half of a window.
        ceil_mode: whether a last window may reach beyond the end.
        count_include_pad: whether the padding counts in the mean.
        divisor_override: what sums are divided by instead of the windows' sizes.
        out: a tensor to write the result into.

    Shape: (n, c, height, width) -> (n, c, ...), sizes
        floor((size + 2·padding - kernel_size) / stride) + 1.

    Raises:
        RuntimeError: if the numbers do not fit the input.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.functional.avg_pool2d(fb.tensor([[[1., 3.], [5., 9.]]]), 2)
        tensor([[[4.5000]]])
    """
    result = _pooled(
        2, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )
    return result if out is None else write_out("avg_pool2d", out, result)


def avg_pool3d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """The mean of each window of volumes.

    Args:
        input: (n, c, depth, height, width), or without n.
        kernel_size: the windows' sizes, one number or three.
        stride: steps between windows, >= 1; ``kernel_size`` if not given.
        padding: zeros on both sides, at most half of a window.
        ceil_mode: whether a last window may reach beyond the end.
        count_include_pad: whether the padding counts in the mean.
        divisor_override: what sums are divided by instead of the windows' sizes.
        out: a tensor to write the result into.

    Shape: (n, c, depth, height, width) -> (n, c, ...), sizes as those of :func:`avg_pool2d`.

    Raises:
        RuntimeError: if the numbers do not fit the input.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.functional.avg_pool3d(fb.ones(1, 2, 4, 4, 4), 2).shape
        torch.Size([1, 2, 2, 2, 2])
    """
    result = _pooled(
        3, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )
    return result if out is None else write_out("avg_pool3d", out, result)
