"""Views of any sizes and strides over a tensor's memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core.errors import message
from flambeau.core.memory import address, owner, strided
from flambeau.core.shapes import size_arguments
from flambeau.core.spec import Spec
from flambeau.ops.publish import public
from flambeau.ops.view_record import require_tensor, view_operation
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor


def _as_strided(
    array: np.ndarray, shape: tuple[int, ...], strides: tuple[int, ...], offset: int, *own: Any
) -> np.ndarray:
    step = array.dtype.itemsize
    return strided(array, shape, tuple([s * step for s in strides]), offset * step)


def _infer_as_strided(
    input: Any, shape: tuple[int, ...], strides: tuple[int, ...], offset: int, *own: Any
) -> Spec:
    step = input.dtype.itemsize
    reach = _reach(shape, strides, offset)
    if isinstance(input, np.ndarray):
        size = owner(input).nbytes // step
        if reach > size:
            raise RuntimeError(
                message(
                    "as_strided: the view reaches beyond the memory of the tensor",
                    expected=f"at most {size} elements of memory",
                    got=f"{reach}: shape {shape}, strides {strides}, offset {offset}",
                )
            )
    return Spec(shape, input.dtype, tuple([s * step for s in strides]))


def _as_strided_gradient(g, input_shape, input_strides, input_offset, shape, strides, offset):
    return apply(
        AS_STRIDED_BACKWARD,
        (g,),
        (tuple(input_shape), input_strides, input_offset, shape, strides, offset),
    )


def _reach(shape: tuple[int, ...], strides: tuple[int, ...], offset: int) -> int:
    return 0 if 0 in shape else offset + sum([(n - 1) * s for n, s in zip(shape, strides)]) + 1


def _places(shape: tuple[int, ...], strides: tuple[int, ...], offset: int) -> np.ndarray:
    """For each element, where it lies in memory."""
    places = np.full(shape, offset, np.int64)
    for axis, (n, s) in enumerate(zip(shape, strides)):
        places += (np.arange(n) * s).reshape((-1,) + (1,) * (len(shape) - axis - 1))
    return places


def _evaluate_as_strided_back(
    g: np.ndarray,
    input_shape: tuple[int, ...],
    input_strides: tuple[int, ...],
    input_offset: int,
    shape: tuple[int, ...],
    strides: tuple[int, ...],
    offset: int,
) -> np.ndarray:
    """Gradients added up in memory, and read from there as the input reads its elements.

    Where several elements of the input share a place, each gets an equal part.
    """
    size = max(_reach(input_shape, input_strides, input_offset), _reach(shape, strides, offset))
    memory = np.zeros(size, g.dtype)
    np.add.at(memory, _places(shape, strides, offset), g)
    where = _places(input_shape, input_strides, input_offset)
    count = np.zeros(size, np.int64)
    np.add.at(count, where, 1)
    return (memory[where] / count[where]).astype(g.dtype)


AS_STRIDED_BACKWARD = Operation(
    "as_strided_backward",
    inputs="g",
    params="input_shape input_strides input_offset shape strides offset",
    evaluate=_evaluate_as_strided_back,
    infer=lambda g, input_shape, *rest: Spec(input_shape, g.dtype),
    gradient={
        "g": lambda g, input_strides, input_offset, shape, strides, offset: apply(
            AS_STRIDED_SCATTERED, (g,), (input_strides, input_offset, shape, strides, offset)
        )
    },
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 2)),), params=((2, 3), (3, 1), 0, (2, 2), (1, 1), 1)),
    ],
)


def _read_strided(
    g: np.ndarray,
    input_strides: tuple[int, ...],
    input_offset: int,
    shape: tuple[int, ...],
    strides: tuple[int, ...],
    offset: int,
) -> np.ndarray:
    """The transpose of :data:`AS_STRIDED_BACKWARD`: what strides read from memory that holds g."""
    input_shape = g.shape
    size = max(_reach(input_shape, input_strides, input_offset), _reach(shape, strides, offset))
    memory, count = np.zeros(size, g.dtype), np.zeros(size, np.int64)
    where = _places(input_shape, input_strides, input_offset)
    np.add.at(count, where, 1)
    np.add.at(memory, where, (g / count[where]).astype(g.dtype))
    return memory[_places(shape, strides, offset)]


AS_STRIDED_SCATTERED = Operation(
    "read_strided",
    inputs="g",
    params="input_strides input_offset shape strides offset",
    evaluate=_read_strided,
    infer=lambda g, input_strides, input_offset, shape, strides, offset: Spec(shape, g.dtype),
    gradient={
        "g": lambda g, g_shape, input_strides, input_offset, shape, strides, offset: apply(
            AS_STRIDED_BACKWARD,
            (g,),
            (tuple(g_shape), input_strides, input_offset, shape, strides, offset),
        )
    },
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 3)),), params=((3, 1), 0, (2, 2), (1, 1), 1)),
    ],
)


# ``input_strides`` and ``input_offset`` say how the input itself lies in memory; only the gradient
# asks for them.
AS_STRIDED = view_operation(
    "as_strided",
    _as_strided,
    params="shape strides offset input_strides input_offset",
    infer=_infer_as_strided,
    gradient={"input": _as_strided_gradient},
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 3)),), params=((2, 2), (1, 1), 1, (3, 1), 0)),
        make.sample(inputs=(make.tensor((4,)),), params=((3,), (0,), 2, (1,), 0)),
        make.error((make.tensor((2,)),), ((3,), (1,), 0, (1,), 0), RuntimeError),
    ],
)


@public(method=True)
def as_strided(input: Tensor, size: Any, stride: Any, storage_offset: int | None = None) -> Tensor:
    """A view of the memory that a tensor lies in, with any sizes and strides.

    Args:
        input: a tensor.
        size: the shape of the result.
        stride: for each dimension, how many elements to step over; not negative.
        storage_offset: the first element, counted from the start of the memory; the tensor's
            own if not given.

    Raises:
        RuntimeError: if the view would reach beyond the memory.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([1, 2, 3, 4]).as_strided((2, 2), (1, 1), 1)
        tensor([[2, 3],
                [3, 4]])
    """
    array = require_tensor("as_strided", input)
    shape, strides = size_arguments("as_strided", (size,)), size_arguments("as_strided", (stride,))
    if len(shape) != len(strides) or min(strides, default=0) < 0 or min(shape, default=0) < 0:
        raise RuntimeError(
            message(
                "as_strided: sizes and strides do not fit together",
                expected="as many strides as sizes, none of them negative",
                got=f"sizes {shape}, strides {strides}",
            )
        )
    step = array.dtype.itemsize
    own = 0
    if isinstance(array, np.ndarray):
        own = (address(array) - address(owner(array))) // step
    offset = own if storage_offset is None else int(storage_offset)
    params = (shape, strides, offset, tuple([s // step for s in array.strides]), own)
    return apply(AS_STRIDED, (input,), params)
