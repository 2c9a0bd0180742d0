"""Places in flattened tensors, places of nonzero elements in a result of fixed size, hashes."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core.errors import message
from flambeau.core.spec import Spec
from flambeau.ops.publish import public
from flambeau.ops.reduction import dimensions, reduced_dims, reduced_shape
from flambeau.ops.view_record import require_tensor
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor

INT64, UINT64 = np.dtype(np.int64), np.dtype(np.uint64)


@public()
def unravel_index(indices: Tensor, shape: Any) -> tuple[Tensor, ...]:
    """The coordinates of elements whose places in the flattened tensor are given.

    Args:
        indices: places, integers.
        shape: the tensor's shape.

    Shape: a tensor of that of ``indices`` for each dimension.

    Raises:
        ValueError: if places are no integers, or a size is not positive.

    Example:
        >>> import flambeau as fb
        >>> fb.unravel_index(fb.tensor([0, 5]), (2, 3))
        (tensor([0, 1]), tensor([0, 2]))
    """
    kind = require_tensor("unravel_index", indices).dtype.kind
    if isinstance(shape, Tensor):
        shape = shape.tolist()
    sizes = (shape,) if isinstance(shape, int) else tuple(int(n) for n in shape)
    if kind not in "iu" or min(sizes, default=0) < 0:
        raise ValueError(
            message(
                "unravel_index: wrong arguments",
                expected="integers, and sizes of at least 0",
                got=f"{indices.dtype} and {sizes}",
            )
        )
    found: list[Any] = []
    rest: Any = indices
    for n in reversed(sizes):
        found.append(rest.remainder(n))
        rest = rest.div(n, rounding_mode="floor")
    return tuple(reversed(found))


# --- nonzero elements ---------------------------------------------------------------------------


def _nonzero_static(x: np.ndarray, size: int, fill: int) -> np.ndarray:
    out = np.full((size, x.ndim), fill, INT64)
    places = np.stack(np.nonzero(np.atleast_1d(x)), -1)[:size, : x.ndim]
    out[: len(places)] = places
    return out


def _infer_nonzero(x: Any, size: int, fill: int) -> Spec:
    if size < 0:
        raise RuntimeError(
            message("nonzero_static: a negative size", expected="size >= 0", got=str(size))
        )
    return Spec((size, x.ndim), INT64)


NONZERO_STATIC = Operation(
    "nonzero_static",
    inputs="input",
    params="size fill_value",
    evaluate=_nonzero_static,
    infer=_infer_nonzero,
    strict=True,
    samples=lambda make: [
        make.sample((make.integers((2, 3), 0, 2),), (4, -1)),
        make.sample((make.integers((), 1, 2),), (2, 7)),
        make.error((make.integers((2,)),), (-1, -1), RuntimeError),
    ],
)


@public(method=True)
def nonzero_static(
    input: Tensor, *, size: int, fill_value: int = -1, out: Tensor | None = None
) -> Tensor:
    """The coordinates of the first elements that are not zero, in a result of fixed size.

    Args:
        input: a tensor.
        size: rows of the result; further elements are left out.
        fill_value: what rows are filled with if there are fewer elements.
        out: a tensor to write the result into.

    Shape: (size, dimensions of the input), int64.

    Raises:
        RuntimeError: for a negative size.

    Example:
        >>> import flambeau as fb
        >>> fb.nonzero_static(fb.tensor([0, 5, 0]), size=2)
        tensor([[ 1],
                [-1]])
    """
    require_tensor("nonzero_static", input)
    result = apply(NONZERO_STATIC, (input,), (int(size), int(fill_value)))
    return result if out is None else write_out("nonzero_static", out, result)


# --- hashes -------------------------------------------------------------------------------------


def _hash(x: np.ndarray, dims: tuple[int, ...], keepdim: bool) -> np.ndarray:
    wide = x.astype(np.int64 if x.dtype.kind in "iub" else np.float64)
    return np.bitwise_xor.reduce(np.asarray(wide).view(UINT64), axis=dims, keepdims=keepdim)


def _infer_hash(x: Any, dims: tuple[int, ...], keepdim: bool) -> Spec:
    if x.dtype.kind == "c":
        raise RuntimeError(
            message("hash_tensor: a complex tensor", expected="real numbers", got=str(x.dtype))
        )
    return Spec(reduced_shape(x.shape, dims, keepdim), UINT64)


HASH = Operation(
    "hash_tensor",
    inputs="input",
    params="dims keepdim",
    evaluate=_hash,
    infer=_infer_hash,
    strict=True,
    samples=lambda make: [
        make.sample((make.tensor((2, 3)),), ((0, 1), False)),
        make.sample((make.integers((2, 3)),), ((1,), True)),
        make.error((make.tensor((2,), dtype=np.complex128),), ((0,), False), RuntimeError),
    ],
)


@public(method=True)
def hash_tensor(
    input: Tensor, dim: Any = (), *, keepdim: bool = False, mode: int = 0, out: Any = None
) -> Tensor:
    """The exclusive or of the bits of elements, as float64 or int64.

    Args:
        input: a tensor of real numbers.
        dim: a dimension, several, or ``()`` for all.
        keepdim: keep the reduced dimensions with size 1.
        mode: must be 0.
        out: a tensor to write the result into.

    Shape: the input's without ``dim`` (or with size 1 there), uint64.

    Raises:
        RuntimeError: for another mode, or complex numbers.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.hash_tensor(fb.tensor([1, 2]))
        tensor(3, dtype=torch.uint64)
    """
    if mode != 0:
        raise RuntimeError(message("hash_tensor: unknown mode", expected="0", got=str(mode)))
    dims = reduced_dims("hash_tensor", dim, dimensions("hash_tensor", input))
    result = apply(HASH, (input,), (dims, bool(keepdim)))
    return result if out is None else write_out("hash_tensor", out, result)
