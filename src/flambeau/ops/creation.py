"""New tensors of one value: zeros, ones, full, empty, eye."""

from __future__ import annotations

import math
from typing import Any

import ml_dtypes
import numpy as np

from flambeau.core import dtypes, strides
from flambeau.core.errors import message
from flambeau.core.shapes import size_arguments
from flambeau.core.spec import Spec
from flambeau.ops.publish import public
from flambeau.ops.writing import write_out
from flambeau.tensor.device import check_device
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor

# --- arguments that all of them take ----------------------------------------------------------


def checked_sizes(name: str, sizes: tuple[Any, ...]) -> tuple[int, ...]:
    """Sizes as a tuple of integers, none of them negative.

    Raises:
        RuntimeError: for a negative size.
    """
    if len(sizes) == 1 and sizes[0].__class__ is tuple:
        sizes = sizes[0]
    for size in sizes:
        if size.__class__ is not int or size < 0:
            break
    else:
        return sizes
    found = size_arguments(name, sizes)
    for size in found:
        if size < 0:
            raise RuntimeError(
                message(f"{name}: a size is negative", expected="sizes >= 0", got=str(found))
            )
    return found


def checked_options(name: str, device: Any, layout: Any) -> None:
    """Accept the CPU and the strided layout, refuse others.

    Raises:
        RuntimeError: for another device or layout.
    """
    if device is not None:
        check_device(name, device)
    if layout is not None and getattr(layout, "name", None) != "strided":
        raise RuntimeError(
            message(f"{name}: no such layout", expected="flambeau.strided", got=repr(layout))
        )


def finish(name: str, tensor: Tensor, requires_grad: bool, out: Tensor | None = None) -> Tensor:
    """What every creating function does last: ``out=`` and ``requires_grad=``."""
    if out is not None:
        tensor = write_out(name, out, tensor)
    if requires_grad:
        tensor.requires_grad = True
    return tensor


def numpy_type(dtype: Any) -> np.dtype:
    """NumPy's type for ``dtype=``; the default type for ``None``."""
    return dtypes.get_default_dtype().numpy if dtype is None else dtypes.as_numpy(dtype)


def is_channels_last(name: str, memory_format: Any, ndim: int) -> bool:
    """Whether ``memory_format`` puts the channels innermost, as some number of dimensions may have.

    Raises:
        RuntimeError: for another number of dimensions.
    """
    if memory_format is None or memory_format.name not in strides.CHANNELS_LAST:
        return False
    wanted = strides.CHANNELS_LAST[memory_format.name]
    if ndim != wanted:
        raise RuntimeError(
            message(
                f"{name}: {memory_format.name} orders {wanted}-d tensors",
                expected=f"{wanted} dimensions",
                got=f"{ndim} dimensions",
            )
        )
    return True


# --- records ----------------------------------------------------------------------------------


def _allocate(size: tuple[int, ...], kind: np.dtype, channels_last: bool) -> np.ndarray:
    if channels_last:
        n, c, *inner = size
        return np.moveaxis(np.empty((n, *inner, c), kind), -1, 1)
    return np.empty(size, kind)


def _created(size: tuple[int, ...], kind: np.dtype, channels_last: bool) -> Spec:
    checked_sizes("full", size)
    if not channels_last:
        return Spec(size, kind)
    return Spec(size, kind, strides.channels_last(size, kind.itemsize))


def _full(size: tuple[int, ...], value: Any, kind: np.dtype, channels_last: bool) -> np.ndarray:
    if value.__class__ is int and value in (0, 1):
        if value == 0 and not channels_last:
            return np.zeros(size, kind)
    else:
        value = fill_value("full", value, kind)
    array = _allocate(size, kind, channels_last)
    array.fill(value)
    return array


def fill_value(name: str, value: Any, kind: np.dtype) -> Any:
    """A Python number as an element of type ``kind``.

    Raises:
        RuntimeError: if the type cannot hold it. Negative integers wrap around in unsigned types,
            and fractions are cut off in integer types, as in PyTorch.
    """
    if kind.kind == "b":
        return bool(value)
    if kind.kind == "c":
        return value
    if isinstance(value, complex):
        if value.imag != 0:
            raise _does_not_fit(name, value, kind)
        return fill_value(name, value.real, kind)
    if kind.kind in "iu":
        if not math.isfinite(value):
            raise _does_not_fit(name, value, kind)
        limits, whole = np.iinfo(kind), int(value)
        low = -int(limits.max) if kind.kind == "u" else int(limits.min)
        if not low <= whole <= int(limits.max):
            raise _does_not_fit(name, value, kind)
        return whole % (int(limits.max) + 1) if whole < 0 and kind.kind == "u" else whole
    if kind.itemsize < 8 and math.isfinite(value) and abs(value) > float(ml_dtypes.finfo(kind).max):
        raise _does_not_fit(name, value, kind)
    return value


def _does_not_fit(name: str, value: Any, kind: np.dtype) -> RuntimeError:
    return RuntimeError(
        message(
            f"{name}: the type cannot hold the value",
            expected=f"a value in the range of {dtypes.of(kind)}",
            got=repr(value),
        )
    )


def _infer_full(size: tuple[int, ...], value: Any, kind: np.dtype, channels_last: bool) -> Spec:
    fill_value("full", value, kind)
    return _created(size, kind, channels_last)


FULL = Operation(
    "full",
    inputs="",
    params="size value dtype channels_last",
    evaluate=_full,
    infer=_infer_full,
    samples=lambda make: [
        make.sample(params=((2, 3), 0, np.dtype("float32"), False)),
        make.sample(params=((), 1.5, np.dtype("float64"), False)),
        make.sample(params=((0,), 7, np.dtype("int64"), False)),
        make.sample(params=((2, 3, 4, 5), 2.5, np.dtype("float32"), True)),
        make.error((), ((2, -1), 0, np.dtype("float32"), False), RuntimeError),
        make.error((), ((2,), 300, np.dtype("uint8"), False), RuntimeError),
    ],
)

EMPTY = Operation(
    "empty",
    inputs="",
    params="size dtype channels_last",
    evaluate=_allocate,
    infer=_created,
    # Shapes without elements: the values of others are not set.
    samples=lambda make: [
        make.sample(params=((0,), np.dtype("float32"), False)),
        make.sample(params=((2, 0, 3), np.dtype("int64"), False)),
        make.error((), ((2, -1), np.dtype("float32"), False), RuntimeError),
    ],
)


EYE = Operation(
    "eye",
    inputs="",
    params="n m dtype",
    evaluate=lambda n, m, kind: np.eye(n, m, dtype=kind),
    infer=lambda n, m, kind: Spec(checked_sizes("eye", (n, m)), kind),
    strict=True,
    samples=lambda make: [
        make.sample(params=(3, 3, np.dtype("float32"))),
        make.sample(params=(2, 4, np.dtype("int64"))),
        make.sample(params=(0, 3, np.dtype("float64"))),
        make.error((), (-1, 3, np.dtype("float32")), RuntimeError),
    ],
)


# --- public functions -------------------------------------------------------------------------


@public()
def zeros(
    *sizes: Any,
    size: Any = None,
    out: Tensor | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """A tensor of zeros.

    Args:
        sizes: the shape, as integers or one sequence of them; or ``size=``.
        out: a tensor to write the result into.
        dtype: the type; the default type if not given.
        layout, device, pin_memory: selectors with one choice each.
        requires_grad: whether a gradient is wanted.

    Raises:
        RuntimeError: for a negative size.

    Example:
        >>> import flambeau as fb
        >>> fb.zeros(2, 3)
        tensor([[0., 0., 0.],
                [0., 0., 0.]])
    """
    return _of_value("zeros", sizes, size, 0, dtype, layout, device, requires_grad, out)


@public()
def ones(
    *sizes: Any,
    size: Any = None,
    out: Tensor | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """A tensor of ones.

    Args:
        sizes: the shape, as integers or one sequence of them; or ``size=``.
        out: a tensor to write the result into.
        dtype: the type; the default type if not given.
        layout, device, pin_memory: selectors with one choice each.
        requires_grad: whether a gradient is wanted.

    Raises:
        RuntimeError: for a negative size.

    Example:
        >>> import flambeau as fb
        >>> fb.ones(2, dtype=fb.int64)
        tensor([1, 1])
    """
    return _of_value("ones", sizes, size, 1, dtype, layout, device, requires_grad, out)


def _of_value(
    name: str,
    sizes: tuple[Any, ...],
    size: Any,
    value: int,
    dtype: Any,
    layout: Any,
    device: Any,
    requires_grad: bool,
    out: Tensor | None,
) -> Tensor:
    if device is not None or layout is not None:
        checked_options(name, device, layout)
    shape = checked_sizes(name, sizes if size is None else (tuple(size),))
    if out is not None and dtype is None:
        kind = out._array.dtype
    else:
        kind = numpy_type(dtype)
    tensor = apply(FULL, (), (shape, value, kind, False))
    if out is None and not requires_grad:
        return tensor
    return finish(name, tensor, requires_grad, out)


@public()
def full(
    size: Any,
    fill_value: Any,
    *,
    out: Tensor | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """A tensor with one value everywhere.

    Args:
        size: the shape.
        fill_value: a number, or a tensor with one element.
        out: a tensor to write the result into.
        dtype: the type; found from the value if not given.
        layout, device, pin_memory: selectors with one choice each.
        requires_grad: whether a gradient is wanted.

    Raises:
        RuntimeError: for a negative size, or a value that the type cannot hold.

    Example:
        >>> import flambeau as fb
        >>> fb.full((2,), 3.5)
        tensor([3.5000, 3.5000])
    """
    checked_options("full", device, layout)
    value = as_number("full", fill_value)
    if not isinstance(size, (tuple, list)):
        raise TypeError(
            message("full: size is a sequence", expected="a tuple of integers", got=repr(size))
        )
    if dtype is not None:
        kind = dtypes.as_numpy(dtype)
    else:
        kind = out._array.dtype if out is not None else dtypes.of_number(value).numpy
    shape = checked_sizes("full", (size,))
    return finish("full", apply(FULL, (), (shape, value, kind, False)), requires_grad, out)


def as_number(name: str, value: Any) -> Any:
    """A Python number from a number or a tensor with one element."""
    if isinstance(value, (bool, int, float, complex)):
        return value
    if isinstance(value, (Tensor, np.generic)):
        return value.item()
    raise TypeError(message(f"{name}: not a number", expected="a number", got=type(value).__name__))


@public()
def empty(
    *sizes: Any,
    size: Any = None,
    out: Tensor | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """A tensor whose values are not set: whatever the memory held.

    Args:
        sizes: the shape, as integers or one sequence of them; or ``size=``.
        out: a tensor to resize.
        dtype: the type; the default type if not given.
        layout, device, pin_memory: selectors with one choice each.
        requires_grad: whether a gradient is wanted.
        memory_format: ``flambeau.channels_last`` for 4-d tensors whose channels lie innermost.

    Raises:
        RuntimeError: for a negative size.

    Example:
        >>> import flambeau as fb
        >>> fb.empty(2, 3).shape
        torch.Size([2, 3])
    """
    checked_options("empty", device, layout)
    shape = checked_sizes("empty", sizes if size is None else (tuple(size),))
    channels_last = is_channels_last("empty", memory_format, len(shape))
    kind = out._array.dtype if out is not None and dtype is None else numpy_type(dtype)
    tensor = apply(EMPTY, (), (shape, kind, channels_last))
    return finish("empty", tensor, requires_grad, out)


@public()
def eye(
    n: int,
    m: int | None = None,
    *,
    out: Tensor | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """A matrix with ones on the diagonal and zeros elsewhere.

    Args:
        n: rows.
        m: columns; ``n`` if not given.
        out: a tensor to write the result into.
        dtype: the type; the default type if not given.
        layout, device, pin_memory: selectors with one choice each.
        requires_grad: whether a gradient is wanted.

    Raises:
        RuntimeError: for a negative size.

    Example:
        >>> import flambeau as fb
        >>> fb.eye(2)
        tensor([[1., 0.],
                [0., 1.]])
    """
    checked_options("eye", device, layout)
    columns = n if m is None else m
    kind = out._array.dtype if out is not None and dtype is None else numpy_type(dtype)
    shape = size_arguments("eye", (n, columns))
    return finish("eye", apply(EYE, (), (*shape, kind)), requires_grad, out)
