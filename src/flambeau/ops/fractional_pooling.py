"""The largest values of windows whose places are drawn at random."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from flambeau.core.errors import message
from flambeau.core.spec import Spec
from flambeau.ops.adaptive_pooling import PLACE_SUMS, taken
from flambeau.ops.max_pooling import as_planes
from flambeau.ops.pooling_windows import flat_places
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import Operation

Ints = tuple[int, ...]


def _starts(sample: np.ndarray, size: int, new: int, kernel: int) -> np.ndarray:
    """Where the windows of each plane begin along one dimension, (planes, new)."""
    kind = sample.dtype.type
    starts = np.full((len(sample), new), size - kernel, np.int64)
    if new > 1:
        step = kind(size - kernel) / kind(new - 1)
        places = np.arange(new - 1).astype(kind) + sample[:, None]
        first = (sample * step).astype(np.int64)
        starts[:, :-1] = (places * step).astype(np.int64) - first[:, None]
    return starts


def _check(x: Any, samples: Any, kernel: Ints, sizes: Ints) -> None:
    ndim = len(kernel)
    name = f"fractional_max_pool{ndim}d"
    if x.ndim not in (ndim + 1, ndim + 2) or 0 in x.shape[x.ndim - ndim - 1 :]:
        raise RuntimeError(
            message(
                f"{name}: the input is no plane or empty",
                expected=f"{ndim + 1} dimensions, or {ndim + 2} with a batch",
                got=f"shape {tuple(x.shape)}",
            )
        )
    if any(n + k - 1 > m or k < 1 for n, k, m in zip(sizes, kernel, x.shape[-ndim:])):
        raise RuntimeError(
            message(
                f"{name}: the windows do not fit the input",
                expected="output size + kernel size - 1 <= input size",
                got=f"input {tuple(x.shape)}, kernel_size={kernel}, output_size={sizes}",
            )
        )
    ahead = (1, *x.shape[:1]) if x.ndim == ndim + 1 else x.shape[:2]
    given = tuple(samples.shape)
    if samples.dtype != x.dtype or given[1:] != (ahead[1], ndim) or given[0] < ahead[0]:
        raise RuntimeError(
            message(
                f"{name}: the random samples do not fit the input",
                expected=f"shape {(*ahead, ndim)} and the input's type",
                got=f"shape {tuple(samples.shape)}",
            )
        )


def _places(x: np.ndarray, samples: np.ndarray, kernel: Ints, sizes: Ints) -> np.ndarray:
    """Where in its plane each window's largest value lies."""
    ndim = len(kernel)
    planes = as_planes(x, ndim)
    count, whole = len(planes), planes.shape[1:]
    draws = samples.reshape(-1, ndim)[:count].astype(planes.dtype, copy=False)
    # PyTorch's first sample of two is the width's.
    order = (1, 0) if ndim == 2 else (0, 1, 2)
    starts = [
        _starts(draws[:, order[axis]], whole[axis], sizes[axis], kernel[axis])
        for axis in range(ndim)
    ]
    within = flat_places([np.arange(k) for k in kernel], whole).reshape(-1)
    begin = np.zeros((count, *[1] * ndim), np.int64)
    for axis, start in enumerate(starts):
        shape = [count, *[1] * ndim]
        shape[axis + 1] = sizes[axis]
        begin = begin + start.reshape(shape) * prod(whole[axis + 1 :])
    windows = begin.reshape(count, prod(sizes), 1) + within
    values = planes.reshape(count, prod(whole))[np.arange(count)[:, None, None], windows]
    found = np.take_along_axis(windows, values.argmax(-1)[..., None], -1)
    return found.reshape(*x.shape[: x.ndim - ndim], *sizes)


def _evaluate(
    x: np.ndarray, samples: np.ndarray, kernel: Ints, sizes: Ints
) -> tuple[np.ndarray, np.ndarray]:
    places = _places(x, samples, kernel, sizes)
    return taken(x, places, len(kernel)), places


def _infer(x: Any, samples: Any, kernel: Ints, sizes: Ints) -> tuple[Spec, Spec]:
    _check(x, samples, kernel, sizes)
    shape = (*x.shape[: x.ndim - len(sizes)], *sizes)
    return Spec(shape, x.dtype), Spec(shape, np.dtype(np.int64))


def _gradient(g: Any, input: Any, samples: Any, kernel: Ints, sizes: Ints) -> Any:
    if g[0] is None:
        return None
    places = apply(FRACTIONAL_PLACES, (input.detach(), samples), (kernel, sizes))
    return apply(PLACE_SUMS, (g[0], places), (tuple(input._array.shape[-len(sizes) :]),))


def _samples(ndim: int) -> Any:
    def samples(make: Any) -> list[Any]:
        shape = (2, 1, *(4, 5, 4)[3 - ndim :])
        draws = make.tensor((2, 1, ndim), 0, 1)
        x = make.tensor(shape)
        return [
            make.sample((x, draws), ((2,) * ndim, (3, 3, 2)[:ndim])),
            make.sample((make.transposed(shape), draws), ((1,) * ndim, (1, 2, 2)[:ndim])),
            make.sample((make.tensor(shape[1:]), draws[:1]), ((2,) * ndim, (2,) * ndim)),
        ]

    return samples


FRACTIONAL_PLACES = Operation(
    "fractional_max_pool_indices",
    inputs="input samples",
    params="kernel sizes",
    evaluate=_places,
    infer=lambda x, samples, kernel, sizes: _infer(x, samples, kernel, sizes)[1],
    samples=_samples(2),
)

FRACTIONAL_MAX_POOL = {
    ndim: Operation(
        f"fractional_max_pool{ndim}d",
        inputs="input samples",
        params="kernel sizes",
        evaluate=_evaluate,
        infer=_infer,
        gradient={"input": _gradient},
        node_name=f"FractionalMaxPool{ndim}DBackward0",
        strict=True,
        nondifferentiable_outputs=(1,),
        samples=_samples(ndim),
    )
    for ndim in (2, 3)
}
