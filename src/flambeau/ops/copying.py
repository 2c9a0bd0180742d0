"""Copies of whole tensors: clone, copy into, fill."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core.errors import ShapeError, message
from flambeau.core.number import Number
from flambeau.core.spec import Spec, elementwise_strides
from flambeau.core.strides import CHANNELS_LAST, channels_last
from flambeau.ops.creation import fill_value
from flambeau.ops.publish import public
from flambeau.tensor.dispatch import apply, apply_inplace, bump
from flambeau.tensor.modes import GRAD, INTERPRETED, MODE
from flambeau.tensor.operation import REGISTRY, Operation
from flambeau.tensor.tensor import Tensor
from flambeau.tensor.views import check_apart, check_inplace, check_memory, check_writable

ROW_MAJOR = "contiguous_format"


def like(x: Any, numpy_type: np.dtype | None = None) -> Spec:
    """An array like ``x`` in shape and layout, possibly of another type."""
    kind = x.dtype if numpy_type is None else numpy_type
    strides = elementwise_strides(x.shape, [x])
    return Spec(x.shape, kind, strides and tuple(s * kind.itemsize for s in strides))


def layout_name(name: str, memory_format: Any) -> str | None:
    """A memory format as a record keeps it; ``None`` to keep the layout of the input.

    Raises:
        RuntimeError: if it is not a memory format.
    """
    if memory_format is None:
        return None
    kind = getattr(memory_format, "name", memory_format)
    if kind == ROW_MAJOR or kind in CHANNELS_LAST:
        return kind
    if kind == "preserve_format":
        return None
    raise RuntimeError(
        message(
            f"{name}: not a memory format",
            expected="contiguous_format, preserve_format, channels_last or channels_last_3d",
            got=repr(memory_format),
        )
    )


def copied(array: np.ndarray, numpy_type: np.dtype) -> np.ndarray:
    """A copy of some type that keeps the layout, without the gaps."""
    if array.flags.forc or 0 not in array.strides:
        return array.astype(numpy_type)
    # NumPy would lay a repeated dimension innermost.
    spec = like(array, numpy_type)
    result = np.ndarray(spec.shape, numpy_type, strides=spec.strides)
    np.copyto(result, array, casting="unsafe")
    return result


def _clone(array: np.ndarray, memory_format: str | None) -> np.ndarray:
    if memory_format is None:
        return copied(array, array.dtype)
    if memory_format == ROW_MAJOR:
        return array.copy("C")
    if array.ndim != CHANNELS_LAST[memory_format]:
        raise TypeError("another number of dimensions")
    return np.moveaxis(np.ascontiguousarray(np.moveaxis(array, 1, -1)), -1, 1)


def _infer_clone(x: Any, memory_format: str | None) -> Spec:
    if memory_format is None:
        return like(x)
    if memory_format == ROW_MAJOR:
        return Spec(x.shape, x.dtype)
    ndim = CHANNELS_LAST[memory_format]
    if len(x.shape) != ndim:
        raise RuntimeError(
            message(
                f"clone: {memory_format} is a layout of {ndim}-d tensors",
                expected=f"a tensor of {ndim} dimensions",
                got=f"shape {tuple(x.shape)}",
            )
        )
    return Spec(x.shape, x.dtype, channels_last(x.shape, x.dtype.itemsize))


CLONE = Operation(
    "clone",
    inputs="input",
    params="memory_format",
    evaluate=_clone,
    infer=_infer_clone,
    gradient={"input": lambda g: g},
    samples=lambda make: [
        *[
            make.sample(inputs=(make.tensor(shape),), params=(None,))
            for shape in ((), (0,), (2, 3))
        ],
        make.sample(inputs=(make.transposed((2, 3)),), params=(None,)),
        make.sample(inputs=(make.transposed((2, 3)),), params=(ROW_MAJOR,)),
        make.sample(inputs=(make.tensor((2, 3, 2, 2)),), params=("channels_last",)),
        make.sample(inputs=(make.tensor((2, 3, 1, 2, 2)),), params=("channels_last_3d",)),
        make.error((make.tensor((2, 3)),), ("channels_last",), RuntimeError),
    ],
)


@public(method=True)
def clone(input: Tensor, *, memory_format: Any = None) -> Tensor:
    """A copy with memory of its own; gradients flow through it.

    Args:
        input: a tensor.
        memory_format: the layout of the copy; the input's if not given.

    Example:
        >>> import flambeau as fb
        >>> x = fb.zeros(2); y = x.clone(); y[0] = 1; x
        tensor([0., 0.])
    """
    return apply(CLONE, (input,), (layout_name("clone", memory_format),))


def contiguous(self: Tensor, memory_format: Any = None) -> Tensor:
    """The tensor itself if its elements lie in row-major order, a copy that does otherwise.

    Args:
        memory_format: another layout to ask for (``flambeau.channels_last``).

    Example:
        >>> import flambeau as fb
        >>> fb.zeros(2, 3).t().contiguous().stride()
        (2, 1)
    """
    if self.is_contiguous(memory_format):
        return self
    return apply(CLONE, (self,), (layout_name("contiguous", memory_format) or ROW_MAJOR,))


Tensor.contiguous = contiguous  # type: ignore[attr-defined]


# --- copying into a tensor ----------------------------------------------------------------------


def zeros_of(shape: tuple[int, ...], like: Tensor) -> Tensor:
    """Zeros of a shape and of the type of ``like``."""
    return apply(ZEROS_OF_SHAPE, (like,), (tuple(shape),))


ZEROS_OF_SHAPE = Operation(
    "zeros_of_shape",
    inputs="input",
    params="shape",
    evaluate=lambda array, shape: np.zeros(shape, array.dtype),
    infer=lambda x, shape: Spec(shape, x.dtype),
    samples=lambda make: [make.sample(inputs=(make.tensor((2,)),), params=((3, 0),))],
)


def _no_gradient(g: Tensor) -> Tensor:
    """Zeros: the old value has no influence."""
    return zeros_of(tuple(g._array.shape), g)


def _evaluate_copy(array: np.ndarray, source: np.ndarray) -> np.ndarray:
    result = np.empty_like(array, subok=False)
    _write(result, source)
    return result


def _write(array: np.ndarray, source: np.ndarray) -> None:
    """Copy and convert; unlike in NumPy, a source may not have more dimensions."""
    if source.ndim > array.ndim:
        _infer_copy(array, source)
    np.copyto(array, source, casting="unsafe")


def _infer_copy(x: Any, source: Any) -> Spec:
    shape, given = tuple(x.shape), tuple(source.shape)
    extra = len(shape) - len(given)
    if extra < 0 or any(s not in (1, shape[extra + a]) for a, s in enumerate(given)):
        raise ShapeError(
            message(
                "copy_: the source does not broadcast to the tensor",
                expected=f"a source that broadcasts to {shape}",
                got=f"shape {given}",
            )
        )
    return like(x)


COPY = Operation(
    "copy",
    inputs="input source",
    evaluate=_evaluate_copy,
    infer=_infer_copy,
    gradient={"input": _no_gradient, "source": lambda g: g},
    node_name="torch::autograd::CopyBackwards",
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 3)), make.tensor((3,)))),
        make.sample(inputs=(make.tensor((2, 3)), make.transposed((2, 3)))),
        make.sample(inputs=(make.tensor(()), make.tensor(()))),
        make.sample(inputs=(make.tensor((0,)), make.tensor((1,)))),
        make.error((make.tensor((2, 3)), make.tensor((2,))), (), RuntimeError),
    ],
)


def copy_(self: Tensor, src: Any, non_blocking: bool = False) -> Tensor:
    """Write the values of ``src`` into this tensor, converted to its type; returns it.

    Args:
        src: a tensor that broadcasts to this one, or a number.
        non_blocking: without effect: there is one device.

    Raises:
        RuntimeError: if ``src`` does not broadcast, or the tensor cannot be changed.

    Example:
        >>> import flambeau as fb
        >>> fb.zeros(2, 2).copy_(fb.tensor([1, 2]))
        tensor([[1., 2.],
                [1., 2.]])
    """
    if not isinstance(src, Tensor):
        return fill_(self, src)
    return copy_into("copy_", self, src)


Tensor.copy_ = copy_  # type: ignore[attr-defined]


def _is_plain(target: Tensor, source: Tensor) -> bool:
    """Whether nothing about a copy is unusual: two whole tensors alike, of which none records."""
    code = MODE.code
    if code >= INTERPRETED or not (target._view is source._view is None):
        return False
    if code and (target._requires or source._requires):
        return False
    array, given = target._array, source._array
    if array.shape != given.shape or array.dtype is not given.dtype:
        return False
    return array.flags.c_contiguous and array.flags.writeable


def copy_into(name: str, target: Tensor, source: Tensor) -> Tensor:
    """Write ``source`` into ``target``, recorded where a gradient may be asked for."""
    array = target._array
    if _is_plain(target, source):
        array[...] = source._array
        bump(target)
        return target
    if (
        MODE.code & INTERPRETED
        or MODE.code & GRAD
        and (target.requires_grad or source.requires_grad)
    ):
        return apply_inplace(COPY, target, (source,))
    check_inplace(name, target)
    check_writable(name, target)
    try:
        _write(array, source._array)
    except ValueError:
        _infer_copy(array, source._array)
        raise
    bump(target)
    return target


# --- filling ------------------------------------------------------------------------------------

ZERO = Operation(
    "zero",
    inputs="input",
    evaluate=lambda array: np.zeros_like(array, subok=False),
    infer=like,
    gradient={"input": _no_gradient},
    samples=lambda make: [
        make.sample(inputs=(make.tensor(shape),)) for shape in ((), (0,), (2, 3))
    ],
)


def _filled(array: np.ndarray, value: Any) -> np.ndarray:
    return np.full_like(array, value, subok=False)


def _infer_fill(x: Any, value: Any) -> Spec:
    if getattr(value, "ndim", 0):
        raise RuntimeError(
            message(
                "fill_: the value must be a number or a 0-d tensor",
                expected="0 dimensions",
                got=f"shape {tuple(value.shape)}",
            )
        )
    return like(x)


FILL = Operation(
    "fill",
    inputs="input value",
    evaluate=_filled,
    infer=_infer_fill,
    gradient={
        "input": _no_gradient,
        "value": lambda g: apply(REGISTRY["sum"], (g,), (tuple(range(g._array.ndim)), False, None)),
    },
    strict=True,
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 3)), make.tensor(()))),
        make.sample(inputs=(make.tensor(()), 2.0)),
        make.sample(inputs=(make.tensor((0,)), 1)),
        make.error((make.tensor((2,)), make.tensor((2,))), (), RuntimeError),
    ],
)


@public(method=True)
def zero_(input: Tensor) -> Tensor:
    """Set every element to 0, in place.

    Example:
        >>> import flambeau as fb
        >>> fb.ones(2).zero_()
        tensor([0., 0.])
    """
    return _fill(ZERO, input, ())


@public(method=True)
def fill_(input: Tensor, value: Any) -> Tensor:
    """Set every element to ``value``, in place.

    Args:
        input: the tensor to change.
        value: a number or a 0-d tensor.

    Raises:
        RuntimeError: if ``value`` has dimensions, or the tensor cannot be changed.

    Example:
        >>> import flambeau as fb
        >>> fb.zeros(2).fill_(3)
        tensor([3., 3.])
    """
    if value.__class__ is float and input._array.dtype.kind == "f" and -6e4 < value < 6e4:
        pass  # every floating-point type holds it
    elif isinstance(value, (int, float, complex)):
        value = fill_value("fill_", value, input._array.dtype)
    elif isinstance(value, np.generic):
        value = fill_value("fill_", value.item(), input._array.dtype)
    elif not isinstance(value, (Tensor, Number)):
        raise TypeError(
            message(
                "fill_: not a number", expected="a number or 0-d tensor", got=type(value).__name__
            )
        )
    if isinstance(value, Tensor):  # PyTorch fills expanded tensors with numbers only
        check_apart("fill_", input)
    return _fill(FILL, input, (value,))


def _fill(op: Operation, target: Tensor, values: tuple[Any, ...]) -> Tensor:
    """One value in every place; expanded tensors can be filled as well."""
    code = MODE.code
    if (
        code & INTERPRETED
        or code & GRAD
        and (
            target.requires_grad or any([isinstance(v, Tensor) and v.requires_grad for v in values])
        )
    ):
        return apply_inplace(op, target, values)
    name, array = op.name + "_", target._array
    if target._view is not None:
        check_inplace(name, target)
    check_memory(name, target)
    value = values[0] if values else 0
    if isinstance(value, Tensor):
        value = value._array
        _infer_fill(array, value)
    array.fill(value)
    bump(target)
    return target


@public()
def fill(input: Tensor, value: Any) -> Tensor:
    """A tensor like ``input`` with every element equal to ``value``.

    Example:
        >>> import flambeau as fb
        >>> fb.fill(fb.zeros(2), 3)
        tensor([3., 3.])
    """
    return apply(FILL, (input, value))
