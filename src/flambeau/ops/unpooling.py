"""The way back from the largest values of windows: they go to where they were, zeros elsewhere."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from flambeau.core.dtypes import of
from flambeau.core.errors import message
from flambeau.core.spec import Spec
from flambeau.ops.max_pooling import gathered
from flambeau.tensor.operation import Operation

Ints = tuple[int, ...]


def _check(name: str, x: Any, places: Any, sizes: Ints) -> None:
    ndim = len(sizes)
    if places.dtype != np.int64:
        raise RuntimeError(
            message(
                f"{name}: indices are no int64",
                expected="torch.int64",
                got=str(of(places.dtype)),
            )
        )
    if tuple(x.shape) != tuple(places.shape) or x.ndim not in (ndim + 1, ndim + 2):
        raise RuntimeError(
            message(
                f"{name}: input and indices do not fit",
                expected=f"two tensors of one shape, of {ndim + 1} or {ndim + 2} dimensions",
                got=f"input {tuple(x.shape)} and indices {tuple(places.shape)}",
            )
        )


def _unpool(name: str) -> Any:
    def evaluate(x: np.ndarray, places: np.ndarray, sizes: Ints) -> np.ndarray:
        _check(name, x, places, sizes)
        ndim, size = len(sizes), prod(sizes)
        if places.size and (places.min() < 0 or places.max() >= size):
            raise RuntimeError(
                message(
                    f"{name}: an index is out of range",
                    expected=f"0 <= index < {size} for sizes {sizes}",
                    got=f"from {places.min()} to {places.max()}",
                )
            )
        ahead = x.shape[: x.ndim - ndim]
        out = np.zeros((prod(ahead), size), x.dtype)
        flat = places.reshape(len(out), prod(places.shape[places.ndim - ndim :]))
        np.put_along_axis(out, flat, x.reshape(flat.shape), 1)
        return out.reshape(*ahead, *sizes)

    return evaluate


def _infer(name: str) -> Any:
    def infer(x: Any, places: Any, sizes: Ints) -> Spec:
        _check(name, x, places, sizes)
        return Spec((*x.shape[: x.ndim - len(sizes)], *sizes), x.dtype)

    return infer


def _samples(ndim: int) -> Any:
    def samples(make: Any) -> list[Any]:
        sizes = (2, 4, 3)[3 - ndim :]
        shape = (2, 2, *(1, 2, 2)[3 - ndim :])
        count = prod(shape[2:])
        zeros = make.integers(shape, 0, 1)
        places = zeros + 2 * make.arange(count).reshape(shape[2:]).to(zeros.dtype)
        x = make.tensor(shape)
        return [
            make.sample((x, places), (sizes,)),
            make.sample((make.transposed(shape), places), (sizes,)),
            make.sample((make.tensor((0, *shape[1:])), places[:0]), (sizes,)),
            make.error((x, places[:1]), (sizes,), RuntimeError),
            make.error((x, x), (sizes,), RuntimeError),
            make.error((x, places + 100), (sizes,), RuntimeError),
        ]

    return samples


MAX_UNPOOL = {
    ndim: Operation(
        f"max_unpool{ndim}d",
        inputs="input places",
        params="sizes",
        evaluate=_unpool(f"max_unpool{ndim}d"),
        infer=_infer(f"max_unpool{ndim}d"),
        gradient={"input": lambda g, places, sizes: gathered(g, places, len(sizes))},
        node_name=f"MaxUnpool{ndim}DBackward0",
        samples=_samples(ndim),
    )
    for ndim in (2, 3)
}
