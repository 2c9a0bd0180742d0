"""Random tensors: rand, randn, randint, randperm, and those like another tensor.

Each is a record that names its generator (``None`` for the process's own), so that whoever records
a program knows which stream is drawn from. The numbers are those of PyTorch for the same seed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from flambeau import random as room
from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.core.spec import Spec
from flambeau.ops.creation import (
    checked_options,
    checked_sizes,
    finish,
    numpy_type,
)
from flambeau.ops.filling import NORMAL, RANDOM, UNIFORM
from flambeau.ops.likes import empty_like
from flambeau.ops.publish import public
from flambeau.tensor.dispatch import apply, apply_inplace
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor

_INT64 = dtypes.int64.numpy

# --- records ---------------------------------------------------------------------------------


def creating(name: str, draw: Callable[..., np.ndarray], params: str, *first: Any) -> Operation:
    """Define a record without inputs that makes a new tensor of samples.

    Args:
        name: PyTorch's name.
        draw: ``draw(generator, size, dtype, *params)``.
        params: names of the parameters before ``size dtype generator``.
        first: their values in the samples for the contract tests.
    """

    def evaluate(*given: Any) -> np.ndarray:
        return draw(given[-1], given[-3], given[-2], *given[:-3])

    def infer(*given: Any) -> Spec:
        *values, size, kind, _ = given
        draw(None, (0,), kind, *values)
        return Spec(checked_sizes(name, (size,)), kind)

    def samples(make: Any) -> list[Any]:
        shapes = ((2, 3), (), (0,), (40,))
        found = [make.sample(params=(*first, shape, np.dtype("float32"), None)) for shape in shapes]
        wrong = (*first, (2, -1), np.dtype("float32"), None)
        return [*found, make.error((), wrong, RuntimeError)]

    return Operation(
        name,
        inputs="",
        params=f"{params} size dtype generator".strip(),
        evaluate=evaluate,
        infer=infer,
        samples=samples,
    )


RAND = creating("rand", lambda generator, size, kind: room.uniform(generator, size, kind), "")
RANDN = creating("randn", lambda generator, size, kind: room.normal(generator, size, kind), "")
RANDINT = creating(
    "randint",
    lambda generator, size, kind, low, high: room.integers(generator, size, kind, low, high),
    "low high",
    -3,
    7,
)


def _infer_randperm(n: int, kind: np.dtype, generator: Any) -> Spec:
    if n < 0:
        raise RuntimeError(message("randperm: n is negative", expected="n >= 0", got=str(n)))
    return Spec((n,), kind)


RANDPERM = Operation(
    "randperm",
    inputs="",
    params="n dtype generator",
    evaluate=lambda n, kind, generator: room.permutation(generator, n, kind),
    infer=_infer_randperm,
    samples=lambda make: (
        [make.sample(params=(n, np.dtype("int64"), None)) for n in (0, 1, 2, 50)]
        + [make.error((), (-1, np.dtype("int64"), None), RuntimeError)]
    ),
)


# --- new tensors -----------------------------------------------------------------------------


def _created(
    op: Operation,
    into: Operation,
    values: tuple[Any, ...],
    shape: tuple[int, ...],
    dtype: Any,
    default: np.dtype | None,
    generator: Any,
    out: Tensor | None,
    requires_grad: bool,
) -> Tensor:
    """A new tensor of samples, or ``out`` filled with them in the order of its memory."""
    if out is None:
        kind = dtypes.as_numpy(dtype) if dtype is not None else default or numpy_type(None)
        parameters = values if op is RANDINT else ()
        tensor = apply(op, (), (*parameters, shape, kind, generator))
        if requires_grad:
            tensor.requires_grad = True
        return tensor
    if out._array.shape != shape:
        kind = out._array.dtype
        parameters = values if op is RANDINT else ()
        tensor = apply(op, (), (*parameters, shape, kind, generator))
        return finish(op.name, tensor, requires_grad, out)
    return finish(op.name, apply_inplace(into, out, (), (*values, generator)), requires_grad)


@public()
def rand(
    *sizes: Any,
    size: Any = None,
    generator: Any = None,
    out: Tensor | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """Samples of the uniform distribution on [0, 1).

    Args:
        sizes: the shape, as integers or one sequence of them; or ``size=``.
        generator: the stream; the process's own if not given.
        out: a tensor to fill.
        dtype: a floating-point or complex type; the default type if not given.
        layout, device, pin_memory: selectors with one choice each.
        requires_grad: whether a gradient is wanted.

    Raises:
        RuntimeError: for a negative size, or a type that is not floating-point or complex.

    Example:
        >>> import flambeau as fb
        >>> _ = fb.manual_seed(0)
        >>> fb.rand(2)
        tensor([0.4963, 0.7682])
    """
    if device is not None or layout is not None:
        checked_options("rand", device, layout)
    shape = checked_sizes("rand", sizes if size is None else (tuple(size),))
    return _created(RAND, UNIFORM, (0.0, 1.0), shape, dtype, None, generator, out, requires_grad)


@public()
def randn(
    *sizes: Any,
    size: Any = None,
    generator: Any = None,
    out: Tensor | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """Samples of the standard normal distribution.

    Complex samples have variance 1 in all, half of it in each part.

    Args:
        sizes: the shape, as integers or one sequence of them; or ``size=``.
        generator: the stream; the process's own if not given.
        out: a tensor to fill.
        dtype: a floating-point or complex type; the default type if not given.
        layout, device, pin_memory: selectors with one choice each.
        requires_grad: whether a gradient is wanted.

    Raises:
        RuntimeError: for a negative size, or a type that is not floating-point or complex.

    Example:
        >>> import flambeau as fb
        >>> _ = fb.manual_seed(0)
        >>> fb.randn(2)
        tensor([ 1.5410, -0.2934])
    """
    if device is not None or layout is not None:
        checked_options("randn", device, layout)
    shape = checked_sizes("randn", sizes if size is None else (tuple(size),))
    return _created(RANDN, NORMAL, (0.0, 1.0), shape, dtype, None, generator, out, requires_grad)


def _low_high_size(name: str, given: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
    """``(high, size)`` or ``(low, high, size)``, by position or by name."""
    values = list(given)
    size = named["size"] if named["size"] is not None else values.pop() if values else None
    high = named["high"] if named["high"] is not None else values.pop() if values else None
    low = named["low"] if named["low"] is not None else values.pop() if values else 0
    if values or size is None or high is None or not isinstance(size, (tuple, list)):
        raise TypeError(
            message(
                f"{name}: wrong arguments",
                expected="(high, size) or (low, high, size), size a tuple",
                got=f"{given} and { {k: v for k, v in named.items() if v is not None} }",
            )
        )
    return _integer(name, low), _integer(name, high), tuple(size)


def _integer(name: str, value: Any) -> int:
    if isinstance(value, (Tensor, np.generic)):
        value = value.item()
    if not isinstance(value, int):
        raise TypeError(
            message(f"{name}: bounds are integers", expected="an integer", got=repr(value))
        )
    return value


@public()
def randint(
    *arguments: Any,
    low: Any = None,
    high: Any = None,
    size: Any = None,
    generator: Any = None,
    out: Tensor | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """Integers drawn evenly from ``low .. high - 1``: ``randint(high, size)`` or
    ``randint(low, high, size)``.

    Args:
        arguments: ``low`` (0 if left out), ``high`` and ``size``.
        low: the least value.
        high: one more than the largest value.
        size: the shape, a tuple.
        generator: the stream; the process's own if not given.
        out: a tensor to fill.
        dtype: the type; int64 if not given.
        layout, device, pin_memory: selectors with one choice each.
        requires_grad: whether a gradient is wanted.

    Raises:
        RuntimeError: if there is no integer in the range, or the type cannot hold it.

    Example:
        >>> import flambeau as fb
        >>> _ = fb.manual_seed(0)
        >>> fb.randint(10, (5,))
        tensor([4, 9, 3, 0, 3])
    """
    if device is not None or layout is not None:
        checked_options("randint", device, layout)
    usual = low is high is size is out is dtype is None and not requires_grad
    if usual and len(arguments) == 3 and arguments[2].__class__ is tuple:
        first, last, shape = arguments
        if first.__class__ is last.__class__ is int:
            shape = checked_sizes("randint", (shape,))
            return apply(RANDINT, (), (first, last, shape, _INT64, generator))
    named = {"low": low, "high": high, "size": size}
    first, last, shape = _low_high_size("randint", arguments, named)
    return _created(
        RANDINT,
        RANDOM,
        (first, last),
        checked_sizes("randint", (shape,)),
        dtype,
        dtypes.int64.numpy,
        generator,
        out,
        requires_grad,
    )


@public()
def randperm(
    n: int,
    *,
    generator: Any = None,
    out: Tensor | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """The integers ``0 .. n - 1`` in random order.

    Args:
        n: how many.
        generator: the stream; the process's own if not given.
        out: a tensor to write the result into.
        dtype: the type; int64 if not given.
        layout, device, pin_memory: selectors with one choice each.
        requires_grad: whether a gradient is wanted.

    Raises:
        RuntimeError: if ``n`` is negative, or too large for the type.

    Example:
        >>> import flambeau as fb
        >>> _ = fb.manual_seed(0)
        >>> fb.randperm(5)
        tensor([4, 0, 1, 3, 2])
    """
    if device is not None or layout is not None:
        checked_options("randperm", device, layout)
    kind = dtypes.int64.numpy if dtype is None else dtypes.as_numpy(dtype)
    if out is not None and dtype is None:
        kind = out._array.dtype
    tensor = apply(RANDPERM, (), (_integer("randperm", n), kind, generator))
    return finish("randperm", tensor, requires_grad, out)


# --- like another tensor ---------------------------------------------------------------------


def _filled_like(
    op: Operation, input: Tensor, params: tuple[Any, ...], options: dict[str, Any]
) -> Tensor:
    """New samples in the shape, type and layout of ``input``."""
    requires_grad = options.pop("requires_grad")
    fresh = apply(op, (empty_like(input, **options),), params)
    if requires_grad:
        fresh.requires_grad = True
    return fresh


@public()
def rand_like(
    input: Tensor,
    *,
    generator: Any = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Samples of the uniform distribution on [0, 1), in the shape and layout of a tensor.

    Args:
        input: the tensor to be like.
        generator: the stream; the process's own if not given.
        dtype: another type.
        layout, device: selectors with one choice each.
        requires_grad: whether a gradient is wanted.
        memory_format: another order in memory.

    Example:
        >>> import flambeau as fb
        >>> fb.rand_like(fb.zeros(2, 3)).shape
        torch.Size([2, 3])
    """
    options = {
        "dtype": dtype,
        "layout": layout,
        "device": device,
        "requires_grad": requires_grad,
        "memory_format": memory_format,
    }
    return _filled_like(UNIFORM, input, (0.0, 1.0, generator), options)


@public()
def randn_like(
    input: Tensor,
    *,
    generator: Any = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Samples of the standard normal distribution, in the shape and layout of a tensor.

    Args:
        input: the tensor to be like.
        generator: the stream; the process's own if not given.
        dtype: another type.
        layout, device: selectors with one choice each.
        requires_grad: whether a gradient is wanted.
        memory_format: another order in memory.

    Example:
        >>> import flambeau as fb
        >>> fb.randn_like(fb.zeros(2, 3)).shape
        torch.Size([2, 3])
    """
    options = {
        "dtype": dtype,
        "layout": layout,
        "device": device,
        "requires_grad": requires_grad,
        "memory_format": memory_format,
    }
    return _filled_like(NORMAL, input, (0.0, 1.0, generator), options)


@public()
def randint_like(
    input: Tensor,
    *arguments: Any,
    low: Any = None,
    high: Any = None,
    generator: Any = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Integers drawn evenly, in the shape, type and layout of a tensor:
    ``randint_like(input, high)`` or ``randint_like(input, low, high)``.

    Args:
        input: the tensor to be like.
        arguments: ``low`` (0 if left out) and ``high``.
        low: the least value.
        high: one more than the largest value.
        generator: the stream; the process's own if not given.
        dtype: another type.
        layout, device: selectors with one choice each.
        requires_grad: whether a gradient is wanted.
        memory_format: another order in memory.

    Raises:
        RuntimeError: if there is no integer in the range, or the type cannot hold it.

    Example:
        >>> import flambeau as fb
        >>> int(fb.randint_like(fb.zeros(2, 3), 1).sum())
        0
    """
    named = {"low": low, "high": high, "size": tuple(input._array.shape)}
    first, last, _ = _low_high_size("randint_like", arguments, named)
    options = {
        "dtype": dtype,
        "layout": layout,
        "device": device,
        "requires_grad": requires_grad,
        "memory_format": memory_format,
    }
    return _filled_like(RANDOM, input, (first, last, generator), options)
