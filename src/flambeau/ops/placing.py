"""Writing elements of a source one after the other: under a mask, or at places."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import ShapeError, message
from flambeau.core.shapes import broadcast
from flambeau.core.spec import Spec
from flambeau.ops.masks import TAKE
from flambeau.ops.publish import PUBLIC, public
from flambeau.ops.view_record import require_tensor
from flambeau.tensor.dispatch import apply, apply_inplace
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor


def _infer_scatter(input: Any, mask: Any, source: Any) -> Spec:
    if mask.dtype.kind != "b" or input.dtype != source.dtype:
        raise RuntimeError(
            message(
                "masked_scatter: wrong types",
                expected="a mask of type bool, and a source of the input's type",
                got=f"{mask.dtype}, and {source.dtype} for {input.dtype}",
            )
        )
    return Spec(broadcast("masked_scatter", input.shape, mask.shape), input.dtype)


def _scatter(input: np.ndarray, mask: np.ndarray, source: np.ndarray) -> np.ndarray:
    shape = np.broadcast_shapes(input.shape, mask.shape)
    out = np.broadcast_to(input, shape).copy()
    chosen = np.broadcast_to(mask, shape)
    count = int(np.count_nonzero(chosen))
    if source.size < count:
        raise ShapeError(
            message(
                "masked_scatter: the source is too short",
                expected=f"at least {count} elements, as many as the mask chooses",
                got=f"{source.size}",
            )
        )
    out[chosen] = source.ravel()[:count]
    return out


MASKED_SCATTER = Operation(
    "masked_scatter",
    inputs="input mask source",
    evaluate=_scatter,
    infer=_infer_scatter,
    gradient={
        "input": lambda g, mask: PUBLIC["where"](mask, 0, g),
        "source": lambda g, mask, source_shape: apply(SCATTERED, (g, mask), (source_shape,)),
    },
    strict=True,
    samples=lambda make: [
        make.sample((make.tensor((2, 3)), make.booleans((2, 3)), make.tensor((7,)))),
        make.sample((make.tensor((2, 1)), make.booleans((3,)), make.tensor((2, 3)))),
        make.sample((make.tensor(()), make.booleans(()), make.tensor((1,)))),
        make.error((make.tensor((2,)), make.booleans((2,)), make.integers((2,)))),
        make.error((make.tensor((2,)), make.tensor((2,)) > -9, make.tensor((1,)))),
    ],
)


def _scattered(g: np.ndarray, mask: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    chosen = g[np.broadcast_to(mask, g.shape)]
    out = np.zeros(int(np.prod(shape)), g.dtype)
    out[: chosen.size] = chosen
    return out.reshape(shape)


SCATTERED = Operation(
    "masked_scatter_backward",
    inputs="g mask",
    params="shape",
    evaluate=_scattered,
    infer=lambda g, mask, shape: Spec(shape, g.dtype),
    gradient={
        "g": lambda g, g_shape, mask: apply(
            MASKED_SCATTER, (PUBLIC["zeros"](g_shape, dtype=g.dtype), mask, g)
        )
    },
    samples=lambda make: [
        make.sample((make.tensor((2, 3)), make.booleans((2, 3))), ((7,),)),
        make.sample((make.tensor((2, 3)), make.booleans((3,))), ((2, 4),)),
    ],
)


@public(method=True)
def masked_scatter(input: Tensor, mask: Tensor, source: Tensor) -> Tensor:
    """Replace elements under a mask by those of a source, one after the other.

    Args:
        input: a tensor.
        mask: a bool tensor whose shape broadcasts with it.
        source: a tensor of the input's type with as many elements as the mask chooses, or more.

    Shape: the broadcast of ``input`` and ``mask``.

    Raises:
        RuntimeError: if types or shapes do not fit, or the source is too short.

    Example:
        >>> import flambeau as fb
        >>> fb.zeros(3).masked_scatter(fb.tensor([True, False, True]), fb.tensor([1., 2.]))
        tensor([1., 0., 2.])
    """
    for x in (input, mask, source):
        require_tensor("masked_scatter", x)
    return apply(MASKED_SCATTER, (input, mask, source))


@public(method=True, function=False)
def masked_scatter_(input: Tensor, mask: Tensor, source: Tensor) -> Tensor:
    """In-place version of :func:`flambeau.masked_scatter`; returns the tensor itself."""
    for x in (input, mask, source):
        require_tensor("masked_scatter_", x)
    return apply_inplace(MASKED_SCATTER, input, (mask, source))


# --- put ----------------------------------------------------------------------------------------


def _infer_put(input: Any, index: Any, source: Any, accumulate: bool) -> Spec:
    if index.dtype != np.int64 or input.dtype != source.dtype:
        raise RuntimeError(
            message(
                "put: wrong types",
                expected="an index of type int64, and a source of the input's type",
                got=f"{dtypes.of(index.dtype)}, and {source.dtype} for {input.dtype}",
            )
        )
    if index.size != source.size:
        raise ShapeError(
            message(
                "put: index and source differ in size",
                expected="as many places as elements",
                got=f"{index.size} and {source.size}",
            )
        )
    if index.size and not input.size:
        raise IndexError(
            message("put: no places to write to", expected="an input with elements", got="none")
        )
    return Spec(input.shape, input.dtype)


def _put(input: np.ndarray, index: np.ndarray, source: np.ndarray, accumulate: bool) -> Any:
    flat, places = input.ravel().copy(), index.ravel()
    outside = (places < -flat.size) | (places >= flat.size)
    if outside.any():
        raise IndexError(
            message(
                "put: a place is out of range",
                expected=f"places from {-flat.size} to {flat.size - 1}",
                got=str(int(places[outside][0])),
            )
        )
    if accumulate:
        np.add.at(flat, places, source.ravel())
    else:
        flat[places] = source.ravel()
    return flat.reshape(input.shape)


def _put_gradient(g: Any, index: Any, source_shape: Any, accumulate: bool) -> Any:
    if accumulate:
        return g
    nothing = PUBLIC["zeros"](source_shape, dtype=g.dtype)
    return apply(PUT, (g, index, nothing), (False,))


PUT = Operation(
    "put",
    inputs="input index source",
    params="accumulate",
    evaluate=_put,
    infer=_infer_put,
    gradient={
        "input": _put_gradient,
        "source": lambda g, index, source_shape: apply(TAKE, (g, index)).reshape(source_shape),
    },
    strict=True,
    samples=lambda make: [
        make.sample(
            (make.tensor((2, 3)), make.integers((4,), -2, 3), make.tensor((2, 2))), (True,)
        ),
        make.sample((make.tensor((5,)), make.integers((1,), 0, 5), make.tensor((1,))), (False,)),
        make.error(
            (make.tensor((2,)), make.integers((1,), 2, 5), make.tensor((1,))), (False,), IndexError
        ),
        make.error((make.tensor((2,)), make.integers((1,), 0, 2), make.tensor((2,))), (False,)),
        make.error((make.tensor((2,)), make.tensor((1,)), make.tensor((1,))), (False,)),
    ],
)


@public(method=True)
def put(input: Tensor, index: Tensor, source: Tensor, accumulate: bool = False) -> Tensor:
    """Write elements to places, as if the tensor had one dimension.

    :math:`out_{index_i} = source_i`, or that is added if ``accumulate``.

    Args:
        input: a tensor.
        index: places, of type int64; negative ones count from the end.
        source: as many elements, of the input's type.
        accumulate: add to what is there.

    Shape: the input's.

    Raises:
        RuntimeError: if types or sizes do not fit.
        IndexError: if a place is out of range.

    Example:
        >>> import flambeau as fb
        >>> fb.zeros(2, 2).put(fb.tensor([3, 0]), fb.tensor([1., 2.]))
        tensor([[2., 0.],
                [0., 1.]])
    """
    for x in (input, index, source):
        require_tensor("put", x)
    return apply(PUT, (input, index, source), (bool(accumulate),))


@public(method=True, function=False)
def put_(input: Tensor, index: Tensor, source: Tensor, accumulate: bool = False) -> Tensor:
    """In-place version of :func:`flambeau.put`; returns the tensor itself."""
    for x in (input, index, source):
        require_tensor("put_", x)
    return apply_inplace(PUT, input, (index, source), (bool(accumulate),))
