"""Indexing with tensors: selecting, and writing to what is selected."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import ShapeError, ValueDependentError, message
from flambeau.core.shapes import broadcast
from flambeau.core.spec import Spec
from flambeau.ops.publish import public
from flambeau.ops.view_record import require_tensor
from flambeau.tensor.dispatch import apply, apply_inplace, attach, bump, wrap
from flambeau.tensor.modes import GRAD, INTERPRETED, MODE
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor
from flambeau.tensor.views import check_inplace, check_writable

# An index has at most this many tensors; each has a place among the inputs of the record.
MOST = 8
_NAMES = " ".join(f"index{i}" for i in range(MOST))


def _numpy_index(places: tuple[bool, ...], tensors: Sequence[Any]) -> tuple[Any, ...]:
    given = iter(tensors)
    return tuple([next(given) if taken else slice(None) for taken in places])


def _index(array: np.ndarray, *arguments: Any) -> np.ndarray:
    places = arguments[MOST]
    selected = array[_numpy_index(places, arguments)]
    # NumPy lays the dimensions out in the order in which it visits them.
    return selected if selected.flags.c_contiguous else selected.copy("C")


def _infer_index(x: Any, *arguments: Any) -> Spec:
    places, tensors = arguments[MOST], [t for t in arguments[:MOST] if t is not None]
    _check_masks(x.shape, places, tensors)
    if any(t.dtype.kind == "b" and not isinstance(t, np.ndarray) for t in tensors):
        raise ValueDependentError(
            message(
                "index: the size of what a mask selects depends on its values",
                expected="integer indices while an operation is recorded",
                got="a bool mask",
                help="use flambeau.where(mask, x, 0) instead of x[mask]",
            )
        )
    tensors = [t.nonzero() if t.dtype.kind == "b" else (t,) for t in tensors]
    given = iter(tensors)
    wide = tuple([used for p in places for used in ((True,) * len(next(given)) if p else (False,))])
    flat = [t for group in tensors for t in group]
    shape = selected_shape(tuple(x.shape), wide, [t.shape for t in flat])
    _check_range(x.shape, wide, flat)
    return Spec(shape, x.dtype)


def selected_shape(
    shape: tuple[int, ...], places: tuple[bool, ...], index_shapes: list[tuple[int, ...]]
) -> tuple[int, ...]:
    """The shape that integer indices select.

    The broadcast of the indices stands where they are, if they are neighbours, else in front.
    """
    try:
        common = broadcast("index", *index_shapes)
    except ShapeError as error:
        raise IndexError(str(error)) from None
    taken = [d for d, used in enumerate(places) if used]
    rest = [size for d, size in enumerate(shape) if d not in taken]
    first = taken[0]
    at = first if taken[-1] - first + 1 == len(taken) else 0
    return (*rest[:at], *common, *rest[at:])


def _check_masks(shape: Any, places: tuple[bool, ...], tensors: list[Any]) -> None:
    dim = 0
    given = iter(tensors)
    for taken in places:
        tensor = next(given) if taken else None
        if tensor is None or tensor.dtype.kind != "b":
            dim += 1
            continue
        for size in tensor.shape:
            if size != shape[dim]:
                raise IndexError(
                    message(
                        "index: the mask does not fit the tensor",
                        expected=f"size {shape[dim]} where the mask meets dimension {dim}",
                        got=f"a mask of shape {tuple(tensor.shape)}, tensor {tuple(shape)}",
                    )
                )
            dim += 1


def _check_range(shape: Any, places: tuple[bool, ...], tensors: list[Any]) -> None:
    given = iter(tensors)
    for dim, taken in enumerate(places):
        tensor = next(given) if taken else None
        if not isinstance(tensor, np.ndarray) or not tensor.size:
            continue
        low, high = int(tensor.min()), int(tensor.max())
        size = shape[dim]
        if low < -size or high >= size:
            worst = low if low < -size else high
            raise IndexError(
                message(
                    f"index: index {worst} is out of bounds for dimension {dim} with size {size}",
                    expected=f"indices from {-size} to {size - 1}",
                    got=str(worst),
                )
            )


def _index_gradient(
    g, input_shape, places,
    index0, index1, index2, index3, index4, index5, index6, index7,
):  # fmt: skip
    tensors = (index0, index1, index2, index3, index4, index5, index6, index7)
    return apply(INDEX_BACKWARD, (g, *tensors), (tuple(input_shape), places))


INDEX = Operation(
    "index",
    inputs=f"input {_NAMES}",
    params="places",
    evaluate=_index,
    infer=_infer_index,
    gradient={"input": _index_gradient},
    samples=lambda make: [
        make.sample(
            inputs=(make.tensor((3, 4)), make.integers((5,), 0, 3), *(None,) * 7), params=((True,),)
        ),
        make.sample(
            inputs=(
                make.tensor((3, 4, 2)),
                make.integers((2, 1), 0, 3),
                make.integers((3,), -2, 2),
                *(None,) * 6,
            ),
            params=((True, False, True),),
        ),
        make.sample(
            inputs=(make.transposed((3, 4)), make.integers((), 0, 3), *(None,) * 7),
            params=((False, True),),
        ),
        make.sample(
            inputs=(make.tensor((3,)), make.integers((0,), 0, 3), *(None,) * 7), params=((True,),)
        ),
    ],
)


def _add_at(whole: np.ndarray, index: tuple[Any, ...], values: np.ndarray) -> None:
    """``whole[index] += values``, counting an index as often as it stands there."""
    if whole.dtype in (dtypes.float16.numpy, dtypes.bfloat16.numpy):
        exact = whole.astype(np.float32)
        np.add.at(exact, index, values.astype(np.float32))
        whole[...] = exact.astype(whole.dtype)
    elif whole.dtype.kind == "b":
        np.logical_or.at(whole, index, values)
    else:
        np.add.at(whole, index, values)


def _index_backward(g: np.ndarray, *arguments: Any) -> np.ndarray:
    shape, places = arguments[MOST:]
    whole = np.zeros(shape, g.dtype)
    _add_at(whole, _numpy_index(places, arguments), g)
    return whole


def _gather_again(
    g, places,
    index0, index1, index2, index3, index4, index5, index6, index7,
):  # fmt: skip
    tensors = (index0, index1, index2, index3, index4, index5, index6, index7)
    return apply(INDEX, (g, *tensors), (places,))


INDEX_BACKWARD = Operation(
    "index_backward",
    inputs=f"g {_NAMES}",
    params="shape places",
    evaluate=_index_backward,
    infer=lambda g, *arguments: Spec(arguments[MOST], g.dtype),
    gradient={"g": _gather_again},
    samples=lambda make: [
        make.sample(
            inputs=(make.tensor((5, 4)), make.integers((5,), 0, 3), *(None,) * 7),
            params=((3, 4), (True,)),
        ),
    ],
)


def _split_places(tensors: Sequence[Any]) -> tuple[tuple[Any, ...], tuple[bool, ...]]:
    """Index tensors padded to the record's inputs, and which dimensions they stand at."""
    given = [t for t in tensors if t is not None]
    if len(given) > MOST:
        raise IndexError(
            message(
                "index: too many index tensors",
                expected=f"at most {MOST}",
                got=str(len(given)),
                help="select in two steps",
            )
        )
    return (*given, *(None,) * (MOST - len(given))), tuple([t is not None for t in tensors])


def indexed(x: Tensor, tensors: Sequence[Any]) -> Tensor:
    """What ``tensors`` select from ``x``: one for each dimension, ``None`` to take all of it.

    Raises:
        IndexError: if an index is out of range, or masks or shapes do not fit.
    """
    inputs, places = _split_places(tensors)
    if MODE.code < INTERPRETED:
        index = tuple([slice(None) if t is None else t._array for t in tensors])
        try:
            selected = x._array[index]
        except IndexError:
            pass  # explained below
        else:
            result = wrap(selected if selected.flags.c_contiguous else selected.copy("C"))
            if MODE.code and x.requires_grad:
                attach(INDEX, (x, *inputs), (places,), result)
            return result
    try:
        return apply(INDEX, (x, *inputs), (places,))
    except RuntimeError as error:
        if isinstance(error, ShapeError):
            raise IndexError(str(error)) from None
        raise


# --- writing ------------------------------------------------------------------------------------


def _as_index(array: np.ndarray, places: tuple[bool, ...], tensors: Sequence[Any]) -> Any:
    return _numpy_index(places, [np.asarray(t) for t in tensors if t is not None])


def _put(array: np.ndarray, values: np.ndarray, *arguments: Any) -> np.ndarray:
    places, accumulate = arguments[MOST:]
    result = array.copy("K")
    put_values(result, places, arguments[:MOST], values, accumulate)
    return result


def put_values(
    array: np.ndarray, places: tuple[bool, ...], tensors: Sequence[Any], values: Any, add: bool
) -> None:
    """Write, or add, ``values`` to what the index selects."""
    index = _as_index(array, places, tensors)
    kept = [t for t in tensors if t is not None]
    if values.ndim > 1 and any(t.dtype.kind == "b" for t in kept):
        values = _without_leading_ones(values, array[index].ndim)
    if add:
        _add_at(array, index, values.astype(array.dtype, copy=False))
    else:
        array[index] = values


def _without_leading_ones(values: np.ndarray, ndim: int) -> np.ndarray:
    while values.ndim > ndim and values.shape[0] == 1:
        values = values[0]
    return values


def _infer_put(x: Any, values: Any, *arguments: Any) -> Spec:
    places, _ = arguments[MOST:]
    tensors = [t for t in arguments[:MOST] if t is not None]
    if x.dtype != values.dtype:
        raise RuntimeError(
            message(
                "index_put_: the values are of another type",
                expected=str(dtypes.of(x.dtype)),
                got=str(dtypes.of(values.dtype)),
                help="convert them with .to(dtype)",
            )
        )
    _check_masks(x.shape, places, tensors)
    if any(t.dtype.kind == "b" for t in tensors):
        _check_values_of_mask(x, places, tensors, values)
        return Spec(x.shape, x.dtype, x.strides)
    _check_range(x.shape, places, tensors)
    shape = selected_shape(tuple(x.shape), places, [t.shape for t in tensors])
    _check_values(shape, tuple(values.shape))
    return Spec(x.shape, x.dtype, x.strides)


def _check_values_of_mask(x: Any, places: Any, tensors: list[Any], values: Any) -> None:
    if isinstance(x, np.ndarray) and all(isinstance(t, np.ndarray) for t in tensors):
        try:
            shape = x[_numpy_index(places, tensors)].shape
        except IndexError as error:
            raise IndexError(message("index: indices do not broadcast", got=str(error))) from None
        _check_values(shape, tuple(values.shape))


def _check_values(shape: tuple[int, ...], given: tuple[int, ...]) -> None:
    core = given
    while len(core) > len(shape) and core[0] == 1:
        core = core[1:]
    extra = len(shape) - len(core)
    if extra < 0 or any(s not in (1, shape[extra + a]) for a, s in enumerate(core)):
        raise ShapeError(
            message(
                "index_put_: the values do not broadcast to the selection",
                expected=f"values that broadcast to {shape}",
                got=f"shape {given}",
            )
        )


def _put_gradient(
    g, values_shape, needs, places, accumulate,
    index0, index1, index2, index3, index4, index5, index6, index7,
):  # fmt: skip
    tensors = (index0, index1, index2, index3, index4, index5, index6, index7)
    outside = values = None
    if needs[0]:
        outside = g if accumulate else apply(INDEX_ZERO, (g, *tensors), (places,))
    if needs[1]:
        values = _fit(apply(INDEX, (g, *tensors), (places,)), tuple(values_shape))
    return (outside, values, *(None,) * MOST)


def _fit(g: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Values may have had more leading dimensions of size 1 than the selection has."""
    from flambeau.ops.expansion import sum_to

    core = shape
    while len(core) > g._array.ndim:
        core = core[1:]
    g = sum_to(g, core)
    return g if core == shape else g.reshape(shape)  # type: ignore[attr-defined]


INDEX_PUT = Operation(
    "index_put",
    inputs=f"input values {_NAMES}",
    params="places accumulate",
    evaluate=_put,
    infer=_infer_put,
    gradient=_put_gradient,
    strict=True,
    samples=lambda make: [
        make.sample(
            inputs=(
                make.tensor((4, 3)),
                make.tensor((3,)),
                make.integers((2,), 0, 4),
                *(None,) * 7,
            ),
            params=((True,), True),
        ),
        make.sample(
            inputs=(make.tensor((4, 3)), make.tensor(()), make.integers((2,), 0, 3), *(None,) * 7),
            params=((False, True), False),
        ),
        make.sample(
            inputs=(make.tensor((4, 3)), make.tensor(()), make.booleans((4, 3)), *(None,) * 7),
            params=((True,), False),
        ),
    ],
)


def _zero_at(g: np.ndarray, *arguments: Any) -> np.ndarray:
    result = g.copy("K")
    result[_as_index(g, arguments[MOST], arguments[:MOST])] = 0
    return result


def _zero_again(
    g, places,
    index0, index1, index2, index3, index4, index5, index6, index7,
):  # fmt: skip
    tensors = (index0, index1, index2, index3, index4, index5, index6, index7)
    return apply(INDEX_ZERO, (g, *tensors), (places,))


INDEX_ZERO = Operation(
    "index_zero",
    inputs=f"g {_NAMES}",
    params="places",
    evaluate=_zero_at,
    infer=lambda g, *arguments: Spec(g.shape, g.dtype, g.strides),
    gradient={"g": _zero_again},
    samples=lambda make: [
        make.sample(
            inputs=(make.tensor((4, 3)), make.integers((2,), 0, 4), *(None,) * 7),
            params=((True,),),
        ),
    ],
)


def index_put_into(target: Tensor, tensors: Sequence[Any], values: Tensor) -> Tensor:
    """Write ``values`` to what ``tensors`` select from ``target``, in place."""
    return _index_put(target, tensors, values, False)


def _index_put(target: Tensor, tensors: Sequence[Any], values: Tensor, accumulate: bool) -> Tensor:
    inputs, places = _split_places(tensors)
    code = MODE.code
    records = code & GRAD and (target.requires_grad or values.requires_grad)
    if code & INTERPRETED or records:
        return apply_inplace(INDEX_PUT, target, (values, *inputs), (places, accumulate))
    # Nothing is recorded: only what is selected needs to be touched.
    check_inplace("index_put_", target)
    check_writable("index_put_", target)
    arrays = [None if t is None else t._array for t in inputs]
    try:
        if values._array.dtype != target._array.dtype:
            raise TypeError("types differ")
        put_values(target._array, places, arrays, values._array, accumulate)
    except (IndexError, ValueError, TypeError):  # NumPy checks before it writes
        _infer_put(target._array, values._array, *arrays, places, accumulate)
        raise
    bump(target)
    return target


def _index_tensors(name: str, indices: Any) -> list[Any]:
    for index in indices:
        if index is not None:
            kind = require_tensor(name, index).dtype.kind
            if kind not in "iub":
                raise IndexError(
                    message(
                        f"{name}: indices must be of an integer or bool type",
                        expected="int64, int32, int8, uint8 or bool",
                        got=str(index.dtype),
                    )
                )
    return list(indices)


@public(method=True)
def index_put_(input: Tensor, indices: Any, values: Tensor, accumulate: bool = False) -> Tensor:
    """Write ``values`` to what a tuple of index tensors selects, in place.

    Args:
        input: the tensor to change.
        indices: a tuple of integer or bool tensors, one for each dimension from the first on.
        values: what to write; must broadcast to the selection and be of the same type.
        accumulate: add instead; an index that stands several times then counts as often.

    Raises:
        IndexError: if an index is out of range.
        RuntimeError: if values do not broadcast or are of another type.

    Example:
        >>> import flambeau as fb
        >>> fb.zeros(3).index_put_((fb.tensor([0, 0]),), fb.tensor(1.), accumulate=True)
        tensor([2., 0., 0.])
    """
    require_tensor("index_put_", input)
    require_tensor("index_put_", values)
    return _index_put(input, _index_tensors("index_put_", indices), values, accumulate)


@public(method=True)
def index_put(input: Tensor, indices: Any, values: Tensor, accumulate: bool = False) -> Tensor:
    """Like :func:`flambeau.Tensor.index_put_`, but the result is a new tensor.

    Example:
        >>> import flambeau as fb
        >>> fb.zeros(3).index_put((fb.tensor([1]),), fb.tensor(1.))
        tensor([0., 1., 0.])
    """
    require_tensor("index_put", input)
    require_tensor("index_put", values)
    inputs, places = _split_places(_index_tensors("index_put", indices))
    return apply(INDEX_PUT, (input, values, *inputs), (places, accumulate))
