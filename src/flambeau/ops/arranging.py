"""Other arrangements of a tensor's elements: flipped, rolled, rotated, repeated."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import ValueDependentError, message
from flambeau.core.shapes import size_arguments, wrap_dim, wrap_dims
from flambeau.core.spec import Spec
from flambeau.ops.copying import like, zeros_of
from flambeau.ops.numpy_style import axis_as_dim
from flambeau.ops.publish import public
from flambeau.ops.single import apply_one
from flambeau.ops.view_record import require_tensor
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import REGISTRY, Operation
from flambeau.tensor.tensor import Tensor

_FORWARD, _BACKWARD = slice(None), slice(None, None, -1)


def _flipped(array: np.ndarray, dims: tuple[int, ...]) -> np.ndarray:
    places = [_FORWARD] * array.ndim
    for dim in dims:
        places[dim] = _BACKWARD
    return array[tuple(places)].copy("K")


FLIP = Operation(
    "flip",
    inputs="input",
    params="dims",
    evaluate=_flipped,
    infer=lambda x, dims: like(x),
    gradient={"input": lambda g, dims: apply(FLIP, (g,), (dims,))},
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 3)),), params=((0, 1),)),
        make.sample(inputs=(make.transposed((2, 3)),), params=((1,),)),
        make.sample(inputs=(make.tensor(()),), params=((),)),
        make.sample(inputs=(make.tensor((0,)),), params=((0,),)),
    ],
)


@public(method=True)
def flip(input: Tensor, *several: Any, dims: Any = None) -> Tensor:
    """The entries of some dimensions in the opposite order, as a copy.

    Args:
        input: a tensor.
        dims: the dimensions.

    Raises:
        IndexError: if one is out of range.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([[1, 2], [3, 4]]).flip(0)
        tensor([[3, 4],
                [1, 2]])
    """
    dims = several if dims is None else (dims,)
    ndim = require_tensor("flip", input).ndim
    return apply_one(FLIP, input, (wrap_dims("flip", size_arguments("flip", dims), ndim),))


def _flip_one(name: str, input: Tensor, dim: int) -> Tensor:
    ndim = require_tensor(name, input).ndim
    if ndim <= dim:
        raise RuntimeError(
            message(f"{name}: too few dimensions", expected=f"at least {dim + 1}", got=f"{ndim}")
        )
    return apply(FLIP, (input,), ((dim,),))


@public(method=True)
def fliplr(input: Tensor) -> Tensor:
    """Columns in the opposite order.

    Raises:
        RuntimeError: for fewer than two dimensions.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([[1, 2], [3, 4]]).fliplr()
        tensor([[2, 1],
                [4, 3]])
    """
    return _flip_one("fliplr", input, 1)


@public(method=True)
def flipud(input: Tensor) -> Tensor:
    """Rows in the opposite order.

    Raises:
        RuntimeError: for a 0-d tensor.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([1, 2]).flipud()
        tensor([2, 1])
    """
    return _flip_one("flipud", input, 0)


def _rolled_one(array: np.ndarray, shift: int, dim: int) -> np.ndarray:
    """Along one dimension: two blocks change places."""
    shift %= array.shape[dim]
    if shift == 0:
        return array.copy("C")
    before = (slice(None),) * dim
    parts = array[(*before, slice(-shift, None))], array[(*before, slice(-shift))]
    return np.concatenate(parts, dim, out=np.empty(array.shape, array.dtype))


def _rolled(array: np.ndarray, shifts: tuple[int, ...], dims: tuple[int, ...]) -> np.ndarray:
    if not dims:
        return np.roll(np.ascontiguousarray(array), shifts[0]).reshape(array.shape)
    if len(dims) == 1 and array.size:
        return _rolled_one(array, shifts[0], dims[0])
    return np.ascontiguousarray(np.roll(array, shifts, dims)) if array.ndim else array.copy()


ROLL = Operation(
    "roll",
    inputs="input",
    params="shifts dims",
    evaluate=_rolled,
    infer=lambda x, shifts, dims: Spec(x.shape, x.dtype),
    gradient={
        "input": lambda g, shifts, dims: apply(ROLL, (g,), (tuple([-s for s in shifts]), dims))
    },
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 3)),), params=((1,), (1,))),
        make.sample(inputs=(make.transposed((2, 3)),), params=((-2,), ())),
        make.sample(inputs=(make.tensor((3, 2)),), params=((1, 4), (0, 1))),
        make.sample(inputs=(make.tensor((0,)),), params=((2,), (0,))),
    ],
)


@public(method=True)
def roll(input: Tensor, shifts: Any, dims: Any = None) -> Tensor:
    """Entries moved along dimensions; those that leave at the end come back at the start.

    Args:
        input: a tensor.
        shifts: by how many places; one number, or one for each of ``dims``.
        dims: the dimensions; all elements are rolled in order if not given.

    Raises:
        RuntimeError: if shifts and dims differ in number.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([1, 2, 3, 4]).roll(1)
        tensor([4, 1, 2, 3])
    """
    array = require_tensor("roll", input)
    by = (shifts,) if isinstance(shifts, int) else tuple(shifts)
    along = () if dims is None else (dims,) if isinstance(dims, int) else tuple(dims)
    if along and not array.ndim:
        raise IndexError(
            message("roll: no dimensions to roll", expected="dims=None", got=f"dims={dims}")
        )
    if (
        not by
        or len(along) not in ((0, 1) if len(by) == 1 else (len(by),))
        or (along and len(along) != len(by))
    ):
        raise RuntimeError(
            message(
                "roll: shifts and dims do not fit together",
                expected="one shift for each dimension, or a single shift without dims",
                got=f"shifts={shifts}, dims={dims}",
            )
        )
    along = tuple([wrap_dim("roll", d, array.ndim) for d in along])
    return apply_one(ROLL, input, (by, along))


def _rotated(array: np.ndarray, k: int, dims: tuple[int, int]) -> np.ndarray:
    turned = np.rot90(array, k, dims)
    return turned.copy("K")


def _infer_rotated(x: Any, k: int, dims: tuple[int, int]) -> Spec:
    shape = list(x.shape)
    if k % 2:
        shape[dims[0]], shape[dims[1]] = shape[dims[1]], shape[dims[0]]
        strides = list(x.strides)
        strides[dims[0]], strides[dims[1]] = strides[dims[1]], strides[dims[0]]
        return like(Spec(shape, x.dtype, strides))
    return like(x)


ROT90 = Operation(
    "rot90",
    inputs="input",
    params="k dims",
    evaluate=_rotated,
    infer=_infer_rotated,
    gradient={"input": lambda g, k, dims: apply(ROT90, (g,), (-k, dims))},
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 3)),), params=(k, (0, 1))) for k in (1, 2, 3)
    ],
)


@public(method=True)
def rot90(input: Tensor, k: int = 1, dims: Any = (0, 1)) -> Tensor:
    """Turn the plane of two dimensions by 90 degrees.

    Args:
        input: a tensor of at least two dimensions.
        k: how many times; negative ones turn the other way.
        dims: the plane; turned from the first towards the second.

    Raises:
        RuntimeError: unless two different dimensions are given.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([[1, 2], [3, 4]]).rot90()
        tensor([[2, 4],
                [1, 3]])
    """
    ndim = require_tensor("rot90", input).ndim
    plane = tuple(dims)
    if len(plane) != 2 or ndim < 2:
        raise RuntimeError(
            message(
                "rot90: a plane is needed",
                expected="2 dims of a tensor with at least 2 dimensions",
                got=f"dims={list(plane)}, {ndim} dimension(s)",
            )
        )
    return apply(ROT90, (input,), (k, wrap_dims("rot90", plane, ndim)))


# --- repeating ------------------------------------------------------------------------------------


def _repeated(array: np.ndarray, repeats: tuple[int, ...]) -> np.ndarray:
    return np.ascontiguousarray(np.tile(array, repeats)) if repeats else array.copy()


def _repeat_gradient(g: Tensor, input_shape: tuple[int, ...], repeats: tuple[int, ...]) -> Tensor:
    """Sum over the copies: each dimension is seen as (copies, size)."""
    padded = (1,) * (len(repeats) - len(input_shape)) + tuple(input_shape)
    if 0 in repeats:
        return zeros_of(input_shape, g)
    parts = tuple([n for pair in zip(repeats, padded) for n in pair])
    copies = tuple(range(0, 2 * len(repeats), 2))
    split = apply(REGISTRY["reshape"], (g,), (parts,))
    summed = apply(REGISTRY["sum"], (split,), (copies, False, None)) if copies else split
    return apply(REGISTRY["reshape"], (summed,), (tuple(input_shape),))


REPEAT = Operation(
    "repeat",
    inputs="input",
    params="repeats",
    evaluate=_repeated,
    infer=lambda x, repeats: Spec(
        [r * n for r, n in zip(repeats, (1,) * (len(repeats) - len(x.shape)) + tuple(x.shape))],
        x.dtype,
    ),
    gradient={"input": _repeat_gradient},
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 3)),), params=((2, 1),)),
        make.sample(inputs=(make.tensor((3,)),), params=((2, 2),)),
        make.sample(inputs=(make.tensor(()),), params=((3,),)),
        make.sample(inputs=(make.transposed((2, 3)),), params=((1, 0),)),
    ],
)


def repeat(self: Tensor, *counts: Any, repeats: Any = None) -> Tensor:
    """The tensor laid side by side, ``repeats`` times along each dimension, as a copy.

    Args:
        repeats: one number for each dimension; additional ones stand in front.

    Raises:
        RuntimeError: for fewer numbers than dimensions.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([1, 2]).repeat(2, 2)
        tensor([[1, 2, 1, 2],
                [1, 2, 1, 2]])
    """
    repeats = counts if repeats is None else (repeats,)
    times = size_arguments("repeat", repeats)
    if len(times) < self._array.ndim or min(times, default=0) < 0:
        raise RuntimeError(
            message(
                "repeat: one number for each dimension is needed",
                expected=f"at least {self._array.ndim} numbers, none of them negative",
                got=str(times),
            )
        )
    return apply(REPEAT, (self,), (times,))


Tensor.repeat = repeat  # type: ignore[attr-defined]


@public(method=True)
def tile(input: Tensor, *counts: Any, dims: Any = None) -> Tensor:
    """Like :meth:`flambeau.Tensor.repeat`, but missing numbers count as 1, from the front.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([[1, 2]]).tile(2)
        tensor([[1, 2, 1, 2]])
    """
    dims = counts if dims is None else (dims,)
    ndim = require_tensor("tile", input).ndim
    times = size_arguments("tile", dims)
    return repeat(input, *((1,) * (ndim - len(times)) + times))


@public(method=True)
def repeat_interleave(
    input: Tensor,
    repeats: Any = None,
    dim: int | None = None,
    *,
    output_size: int | None = None,
    axis: Any = None,
) -> Tensor:
    """Each entry several times in a row.

    Args:
        input: a tensor; or, as the only argument, the numbers of repetitions, for which the
            indices are returned.
        repeats: how often; a number, or an integer tensor with one for each entry.
        dim: the dimension; the elements in order if not given.
        output_size: without effect: the size is found from ``repeats``.

    Raises:
        RuntimeError: if numbers are negative, or there is not one for each entry.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([1, 2]).repeat_interleave(2)
        tensor([1, 1, 2, 2])
        >>> fb.repeat_interleave(fb.tensor([1, 2]), fb.tensor([0, 3]))
        tensor([2, 2, 2])
    """
    if axis is not None:
        dim = axis_as_dim("repeat_interleave", dim, None, axis)
    require_tensor("repeat_interleave", input)
    if repeats is None:
        return apply(REPEATED_INDICES, (input,))
    if dim is None:
        input, dim = input.reshape(-1), 0  # type: ignore[attr-defined]
    axis = wrap_dim("repeat_interleave", dim, input._array.ndim)
    if input._array.ndim == 0:
        input = input.reshape(1)  # type: ignore[attr-defined]
    if isinstance(repeats, int):
        return _repeat_equally(input, repeats, axis)
    size = input._array.shape[axis]
    counts = repeats._array.shape
    if counts not in ((), (1,), (size,)):
        raise RuntimeError(
            message(
                "repeat_interleave: one number for each entry is needed",
                expected=f"a number, or {size} of them",
                got=f"shape {tuple(counts)}",
            )
        )
    if counts != (size,):
        repeats = repeats.reshape(1).expand(size)
    return input.index_select(axis, apply(REPEATED_INDICES, (repeats,)))  # type: ignore[attr-defined]


def _repeat_equally(input: Tensor, times: int, axis: int) -> Tensor:
    if times < 0:
        raise RuntimeError(
            message("repeat_interleave: repeats must not be negative", got=str(times))
        )
    shape = input._array.shape
    wide = (*shape[: axis + 1], times, *shape[axis + 1 :])
    copies = input.unsqueeze(axis + 1).expand(wide)  # type: ignore[attr-defined]
    joined = (*shape[:axis], shape[axis] * times, *shape[axis + 1 :])
    return copies.clone(memory_format="contiguous_format").view(joined)


def _repeated_indices(array: np.ndarray) -> np.ndarray:
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise RuntimeError(
            message(
                "repeat_interleave: repeats must be a 1-d integer tensor",
                expected="1 dimension, int32 or int64",
                got=f"{array.ndim} dimension(s), {dtypes.of(array.dtype)}",
            )
        )
    if array.size and int(array.min()) < 0:
        raise RuntimeError(
            message("repeat_interleave: repeats must not be negative", got=str(int(array.min())))
        )
    return np.repeat(np.arange(array.shape[0], dtype=array.dtype), array)


def _infer_repeated(x: Any) -> Spec:
    raise ValueDependentError(
        message(
            "repeat_interleave: the size of the result depends on the values of repeats",
            expected="a Python number while an operation is recorded",
            got="a tensor",
            help="pass repeats as an int",
        )
    )


REPEATED_INDICES = Operation(
    "repeated_indices",
    inputs="repeats",
    evaluate=_repeated_indices,
    infer=_infer_repeated,
    samples=lambda make: [
        make.sample(inputs=(make.integers((4,), 0, 3),)),
        make.sample(inputs=(make.integers((0,), 0, 3),)),
        make.error((make.tensor((2,)),), (), RuntimeError),
    ],
)
