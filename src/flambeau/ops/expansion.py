"""Views that repeat elements without copying them."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core.errors import ShapeError, message
from flambeau.core.memory import strided
from flambeau.core.shapes import Size, broadcast, size_arguments
from flambeau.core.spec import Spec
from flambeau.ops.publish import public
from flambeau.ops.view_record import require_tensor, view_of, view_operation, view_over
from flambeau.tensor.dispatch import apply
from flambeau.tensor.modes import INTERPRETED, MODE
from flambeau.tensor.operation import REGISTRY
from flambeau.tensor.tensor import Tensor


def expanded_strides(array: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Byte strides of an array expanded to ``shape``: 0 along what is repeated.

    Raises:
        ValueError: if a size other than 1 would change, or a size is negative.
    """
    given = array.shape
    if given == shape:
        return array.strides
    extra = len(shape) - len(given)
    if extra and min(shape[:extra]) < 0:
        raise ValueError("a new size is negative")
    if not given and extra >= 0:  # what the backward pass of a whole reduction expands
        return (0,) * extra
    strides = [0] * extra
    for size, stride, wanted in zip(given, array.strides, shape[extra:], strict=True):
        if size == wanted:
            strides.append(stride)
        elif size == 1 and wanted >= 0:
            strides.append(0)
        else:
            raise ValueError(f"size {size} cannot become {wanted}")
    return tuple(strides)


def expand_array(array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The array seen in a larger shape, over the same memory; sizes must fit.

    The result is not marked as read-only: one row of an expanded tensor may be written to, and
    :func:`flambeau.tensor.views.check_writable` refuses the rest.
    """
    return strided(array, shape, expanded_strides(array, shape))


def _check_expand(name: str, given: tuple[int, ...], shape: tuple[int, ...]) -> None:
    extra = len(shape) - len(given)
    if (
        extra < 0
        or any(size not in (1, shape[extra + axis]) for axis, size in enumerate(given))
        or min(shape, default=0) < 0
    ):
        raise ShapeError(
            message(
                f"{name}: the sizes do not fit the tensor",
                expected="at least as many sizes as dimensions; each -1, the present size, or "
                "any where the present size is 1",
                got=f"a tensor of shape {tuple(given)}, sizes {tuple(shape)}",
            )
        )


def _infer_expand(input: Any, shape: tuple[int, ...]) -> Spec:
    _check_expand("expand", tuple(input.shape), shape)
    return Spec(shape, input.dtype, expanded_strides(input, shape))


def sum_to(g: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Sum over the dimensions along which ``shape`` was expanded."""
    given = g._array.shape
    if given == shape:
        return g
    extra = len(given) - len(shape)
    dims = tuple(range(extra)) + tuple(
        [extra + a for a, size in enumerate(shape) if size == 1 and given[extra + a] != 1]
    )
    if not dims:
        return g
    summed = apply(REGISTRY["sum"], (g,), (dims, True, None))
    return summed if not extra else apply(REGISTRY["reshape"], (summed,), (tuple(shape),))


EXPAND = view_operation(
    "expand",
    expand_array,
    params="shape",
    infer=_infer_expand,
    gradient={"input": lambda g, input_shape: sum_to(g, input_shape)},
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 1)),), params=((3, 2, 4),)),
        make.sample(inputs=(make.tensor(()),), params=((2,),)),
        make.sample(
            inputs=(make.transposed((3, 2)),), params=((2, *make.transposed((3, 2)).shape),)
        ),
        make.sample(inputs=(make.tensor((1,)),), params=((0,),)),
        make.error((make.tensor((2, 3)),), ((4, 3),), RuntimeError),
    ],
)


@public(method=True, function=False)
def expand(input: Tensor, *sizes: Any, size: Any = None, implicit: bool = False) -> Tensor:
    """A view in which dimensions of size 1 are repeated; new ones may stand in front.

    The elements of the result share places in memory: clone it before changing it.

    Args:
        input: a tensor.
        sizes: the new shape; -1 keeps a size.
        implicit: without effect, as in PyTorch.

    Raises:
        RuntimeError: if a size other than 1 would change.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([[1], [2]]).expand(-1, 3)
        tensor([[1, 1, 1],
                [2, 2, 2]])
    """
    if size is not None:
        sizes = (size,)
    if MODE.code < INTERPRETED:
        wide = len(sizes) == 1 and isinstance(sizes[0], (tuple, list))
        shape = tuple(sizes[0]) if wide else sizes
        try:
            return view_over(EXPAND, input, expand_array(input._array, shape), (shape,))
        except (AttributeError, TypeError, ValueError):
            pass  # a -1, or an error that is explained below
    given = require_tensor("expand", input).shape
    shape = size_arguments("expand", sizes)
    if -1 in shape:
        extra = len(shape) - len(given)
        shape = tuple(
            [given[a - extra] if s == -1 and a >= extra else s for a, s in enumerate(shape)]
        )
    _check_expand("expand", given, shape)
    return view_of(EXPAND, input, (shape,))


@public(method=True, function=False)
def expand_as(input: Tensor, other: Tensor) -> Tensor:
    """``input`` expanded to the shape of ``other``.

    Raises:
        RuntimeError: if a size other than 1 would change.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([1, 2]).expand_as(fb.zeros(3, 2)).shape
        torch.Size([3, 2])
    """
    return expand(input, require_tensor("expand_as", other).shape)


@public(method=True)
def broadcast_to(input: Tensor, *sizes: Any, size: Any = None) -> Tensor:
    """``input`` expanded to a shape.

    Args:
        input: a tensor.
        size: the shape.

    Raises:
        RuntimeError: if a size other than 1 would change.

    Example:
        >>> import flambeau as fb
        >>> fb.broadcast_to(fb.tensor([1, 2]), (2, 2))
        tensor([[1, 2],
                [1, 2]])
    """
    size = sizes if size is None else (size,)
    return expand(input, *size)


@public()
def broadcast_shapes(*shapes: Any) -> Any:
    """The shape that all ``shapes`` broadcast to.

    Args:
        shapes: shapes, or integers for shapes of one dimension.

    Raises:
        RuntimeError: if they do not fit together.
        ValueError: for negative sizes.

    Example:
        >>> import flambeau as fb
        >>> fb.broadcast_shapes((3, 1), (4,), 1)
        torch.Size([3, 4])
    """
    tuples = [(s,) if isinstance(s, int) else tuple(s) for s in shapes]
    for shape in tuples:
        if min(shape, default=0) < 0:
            raise ValueError(
                message(
                    "broadcast_shapes: sizes must not be negative",
                    expected="sizes of at least 0",
                    got=str(shape),
                )
            )
    return Size(broadcast("broadcast_shapes", *tuples))


@public()
def broadcast_tensors(*tensors: Any) -> tuple[Tensor, ...]:
    """All tensors expanded to the shape they broadcast to.

    Raises:
        RuntimeError: if the shapes do not fit together.

    Example:
        >>> import flambeau as fb
        >>> x, y = fb.broadcast_tensors(fb.zeros(3, 1), fb.zeros(4))
        >>> x.shape, y.shape
        (torch.Size([3, 4]), torch.Size([3, 4]))
    """
    if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)):
        tensors = tuple(tensors[0])
    shape = broadcast(
        "broadcast_tensors", *[require_tensor("broadcast_tensors", t).shape for t in tensors]
    )
    return tuple([t if t._array.shape == shape else view_of(EXPAND, t, (shape,)) for t in tensors])


@public(method=True, function=False)
def sum_to_size(self: Tensor, *size: Any) -> Tensor:
    """Sum over what broadcasting from a shape to this tensor's would repeat.

    Args:
        size: the shape.

    Shape: ``size``.

    Raises:
        RuntimeError: if ``size`` does not broadcast to the tensor's shape.

    Example:
        >>> import flambeau as fb
        >>> fb.ones(2, 3).sum_to_size(1, 3)
        tensor([[2., 2., 2.]])
    """
    wanted = size_arguments("sum_to_size", size)
    if not wanted:
        return self.sum()  # type: ignore[attr-defined]
    shape = tuple(require_tensor("sum_to_size", self).shape)
    beyond = len(shape) - len(wanted)
    fits = beyond >= 0 and all(
        a == b or a == 1 for a, b in zip(wanted, shape[max(beyond, 0) :], strict=False)
    )
    if not fits:
        raise RuntimeError(
            message(
                "sum_to_size: the shape does not broadcast to the tensor's",
                expected=f"a shape that broadcasts to {shape}",
                got=str(wanted),
            )
        )
    kept = [d for d in range(beyond, len(shape)) if wanted[d - beyond] == 1 != shape[d]]
    dims = tuple(range(beyond)) + tuple(kept)
    if not dims:
        return self
    return self.sum(dims, keepdim=True).reshape(wanted)  # type: ignore[attr-defined]
