"""Other arrangements of a tensor's elements: flipped, rolled, rotated, repeated, combined."""

from __future__ import annotations

from itertools import combinations as choose
from itertools import combinations_with_replacement as choose_again
from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.core.shapes import size_arguments, wrap_dim, wrap_dims
from flambeau.core.spec import Spec
from flambeau.ops.advanced_indexing import indexed
from flambeau.ops.copying import like, zeros_of
from flambeau.ops.expansion import EXPAND
from flambeau.ops.publish import public
from flambeau.ops.view_record import require_tensor, view_of
from flambeau.tensor.dispatch import apply, wrap
from flambeau.tensor.operation import REGISTRY, Operation
from flambeau.tensor.tensor import Tensor


def _flipped(array: np.ndarray, dims: tuple[int, ...]) -> np.ndarray:
    result = np.empty_like(array, subok=False)
    result[...] = np.flip(array, dims)
    return result


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
def flip(input: Tensor, *dims: Any) -> Tensor:
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
    ndim = require_tensor("flip", input).ndim
    return apply(FLIP, (input,), (wrap_dims("flip", size_arguments("flip", dims), ndim),))


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


def _rolled(array: np.ndarray, shifts: tuple[int, ...], dims: tuple[int, ...]) -> np.ndarray:
    if not dims:
        return np.roll(np.ascontiguousarray(array), shifts[0]).reshape(array.shape)
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
    if not by or len(along) not in ((0, 1) if len(by) == 1 else (len(by),)) or (
        along and len(along) != len(by)
    ):
        raise RuntimeError(
            message(
                "roll: shifts and dims do not fit together",
                expected="one shift for each dimension, or a single shift without dims",
                got=f"shifts={shifts}, dims={dims}",
            )
        )
    along = tuple([wrap_dim("roll", d, array.ndim) for d in along])
    return apply(ROLL, (input,), (by, along))


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
        [
            r * n
            for r, n in zip(repeats, (1,) * (len(repeats) - len(x.shape)) + tuple(x.shape))
        ],
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


def repeat(self: Tensor, *repeats: Any) -> Tensor:
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
def tile(input: Tensor, *dims: Any) -> Tensor:
    """Like :meth:`flambeau.Tensor.repeat`, but missing numbers count as 1, from the front.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([[1, 2]]).tile(2)
        tensor([[1, 2, 1, 2]])
    """
    ndim = require_tensor("tile", input).ndim
    times = size_arguments("tile", dims)
    return repeat(input, *((1,) * (ndim - len(times)) + times))


@public(method=True)
def repeat_interleave(
    input: Tensor, repeats: Any = None, dim: int | None = None, *, output_size: int | None = None
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
    raise RuntimeError(
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
)


# --- grids and combinations -----------------------------------------------------------------------


@public()
def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Tensor, ...]:
    """Coordinates of a grid: each 1-d tensor expanded along the dimensions of the others.

    Args:
        tensors: tensors of at most one dimension.
        indexing: ``"ij"`` (the default) for the order given, ``"xy"`` to swap the first two.

    Raises:
        RuntimeError: for tensors of more dimensions, of different types, or another indexing.

    Example:
        >>> import flambeau as fb
        >>> x, y = fb.meshgrid(fb.tensor([1, 2]), fb.tensor([3, 4, 5]), indexing="ij")
        >>> x
        tensor([[1, 1, 1],
                [2, 2, 2]])
    """
    if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)):
        tensors = tuple(tensors[0])
    _check_grid(tensors, indexing)
    swap = indexing == "xy" and len(tensors) >= 2
    if swap:
        tensors = (tensors[1], tensors[0], *tensors[2:])
    shape = tuple([t._array.size for t in tensors])
    grids = []
    for axis, tensor in enumerate(tensors):
        sizes = (1,) * axis + (-1,) + (1,) * (len(tensors) - axis - 1)
        grids.append(view_of(EXPAND, tensor.view(sizes), (shape,)))
    if swap:
        grids[0], grids[1] = grids[1], grids[0]
    return tuple(grids)


def _check_grid(tensors: tuple[Any, ...], indexing: str | None) -> None:
    if not tensors:
        raise ValueError(message("meshgrid: no tensors", expected="at least one tensor"))
    for tensor in tensors:
        if require_tensor("meshgrid", tensor).ndim > 1:
            raise RuntimeError(
                message(
                    "meshgrid: only tensors of at most one dimension",
                    expected="shape (n,) or ()",
                    got=f"shape {tuple(tensor.shape)}",
                )
            )
        if tensor._array.dtype != tensors[0]._array.dtype:
            raise RuntimeError(
                message(
                    "meshgrid: all tensors must be of one type",
                    expected=str(tensors[0].dtype),
                    got=str(tensor.dtype),
                )
            )
    if indexing not in (None, "ij", "xy"):
        raise RuntimeError(
            message("meshgrid: indexing is not known", expected="'ij' or 'xy'", got=repr(indexing))
        )


@public()
def cartesian_prod(*tensors: Any) -> Tensor:
    """All combinations of one element of each tensor, a row for each.

    Args:
        tensors: tensors of one dimension.

    Raises:
        RuntimeError: for tensors of other dimensions.

    Example:
        >>> import flambeau as fb
        >>> fb.cartesian_prod(fb.tensor([1, 2]), fb.tensor([3, 4]))
        tensor([[1, 3],
                [1, 4],
                [2, 3],
                [2, 4]])
    """
    for tensor in tensors:
        if require_tensor("cartesian_prod", tensor).ndim != 1:
            raise RuntimeError(
                message(
                    "cartesian_prod: only 1-d tensors",
                    expected="shape (n,)",
                    got=f"shape {tuple(tensor.shape)}",
                )
            )
    if len(tensors) == 1:
        return tensors[0]
    columns = [grid.flatten() for grid in meshgrid(*tensors, indexing="ij")]  # type: ignore[attr-defined]
    return apply(REGISTRY["stack"], tuple(columns), (1,))


@public(method=True)
def combinations(input: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    """All choices of ``r`` elements in order, a row for each.

    Args:
        input: a tensor of one dimension.
        r: how many to choose.
        with_replacement: whether an element may be chosen several times.

    Raises:
        RuntimeError: for tensors of other dimensions or a negative ``r``.

    Example:
        >>> import flambeau as fb
        >>> fb.combinations(fb.tensor([1, 2, 3]))
        tensor([[1, 2],
                [1, 3],
                [2, 3]])
    """
    array = require_tensor("combinations", input)
    if array.ndim != 1 or r < 0:
        raise RuntimeError(
            message(
                "combinations: a 1-d tensor and a number of elements are needed",
                expected="shape (n,) and r >= 0",
                got=f"shape {tuple(array.shape)} and r={r}",
            )
        )
    if r == 0:
        return input.new_empty((0,))  # type: ignore[attr-defined]
    chosen = (choose_again if with_replacement else choose)(range(array.size), r)
    places = np.array(list(chosen), np.int64).reshape(-1, r)
    columns = [indexed(input, [wrap(places[:, c].copy())]) for c in range(r)]
    return apply(REGISTRY["stack"], tuple(columns), (1,))


def _block_diagonal(*arrays: np.ndarray) -> np.ndarray:
    spec = _infer_blocks(*arrays)
    result = np.zeros(spec.shape, spec.dtype)
    row = column = 0
    for x in arrays:
        height, width = _block_size(x.shape)
        result[row : row + height, column : column + width] = x
        row, column = row + height, column + width
    return result


def _block_size(shape: tuple[int, ...]) -> tuple[int, int]:
    """Vectors are rows, numbers are blocks of one element."""
    return (1,) * (2 - len(shape)) + tuple(shape)  # type: ignore[return-value]


def _infer_blocks(*arrays: Any) -> Spec:
    kind = dtypes.of(arrays[0].dtype)
    for x in arrays:
        if len(x.shape) > 2:
            raise RuntimeError(
                message(
                    "block_diag: only tensors of at most two dimensions",
                    expected="at most 2 dimensions",
                    got=f"shape {tuple(x.shape)}",
                )
            )
        kind = dtypes.promote_types(kind, dtypes.of(x.dtype))
    sizes = [_block_size(tuple(x.shape)) for x in arrays]
    return Spec((sum([h for h, _ in sizes]), sum([w for _, w in sizes])), kind.numpy)


def _block_gradient(g, tensors_shape, needs):
    gradients, row, column = [], 0, 0
    for shape, need in zip(tensors_shape, needs):
        height, width = _block_size(tuple(shape))
        block = None
        if need:
            block = g[row : row + height, column : column + width].reshape(tuple(shape))
        gradients.append(block)
        row, column = row + height, column + width
    return tuple(gradients)


BLOCK_DIAG = Operation(
    "block_diag",
    inputs="*tensors",
    evaluate=_block_diagonal,
    infer=_infer_blocks,
    gradient=_block_gradient,
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 3)), make.tensor((2,)), make.tensor(()))),
        make.sample(inputs=(make.transposed((2, 3)), make.tensor((0,)))),
        make.error((make.tensor((1, 1, 1)),), (), RuntimeError),
    ],
)


@public()
def block_diag(*tensors: Any) -> Tensor:
    """A matrix with the tensors as blocks along its diagonal, and zeros elsewhere.

    Args:
        tensors: matrices, vectors (rows) or numbers.

    Raises:
        RuntimeError: for tensors of more than two dimensions.

    Example:
        >>> import flambeau as fb
        >>> fb.block_diag(fb.tensor([[1, 2]]), fb.tensor(3))
        tensor([[1, 2, 0],
                [0, 0, 3]])
    """
    for tensor in tensors:
        require_tensor("block_diag", tensor)
    if not tensors:
        return wrap(np.empty((1, 0), dtypes.get_default_dtype().numpy))
    return apply(BLOCK_DIAG, tensors)

