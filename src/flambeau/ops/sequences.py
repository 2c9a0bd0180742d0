"""Evenly spaced numbers: arange, linspace, logspace, with PyTorch's roundings.

PyTorch computes these a few elements at a time with fused multiply-adds, and mirrors linspace at
its middle. The values here are the same bits.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.core.spec import Spec
from flambeau.ops.creation import checked_options, finish, numpy_type
from flambeau.ops.publish import public
from flambeau.random.fused import fma_float32, fma_float64, rounded_sum
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor

_INT64 = dtypes.int64.numpy
_REDUCED = (dtypes.float16.numpy, dtypes.bfloat16.numpy)


# --- arange -----------------------------------------------------------------------------------


def arange_size(start: Any, end: Any, step: Any, kind: np.dtype) -> int:
    """How many numbers lie in ``[start, end)``; for int64, counted on whole numbers.

    Raises:
        RuntimeError: if ``step`` is 0 or points away from ``end``, or a bound is not finite.
        ValueError: if an integer type makes ``step`` 0.
        NotImplementedError: for bool and complex types.
    """
    if kind.kind in "bc":
        raise NotImplementedError(
            message(
                f"arange: not defined for {dtypes.of(kind)}",
                expected="an integer or real floating-point type",
                got=str(dtypes.of(kind)),
            )
        )
    if step == 0:
        raise RuntimeError(message("arange: step is 0", expected="a step that is not 0", got="0"))
    if not (math.isfinite(start) and math.isfinite(end)):
        raise RuntimeError(
            message(
                "arange: a bound is not finite",
                expected="finite start and end",
                got=f"start {start} and end {end}",
            )
        )
    if (end - start) * math.copysign(1, step) < 0:
        raise RuntimeError(
            message(
                "arange: the step points away from the end",
                expected="end >= start for step > 0, end <= start for step < 0",
                got=f"start {start}, end {end}, step {step}",
            )
        )
    if kind.kind in "iu" and kind.itemsize == 8:
        start, end, step = int(start), int(end), int(step)
        if step == 0:
            raise ValueError(
                message("arange: step is 0 as an integer", expected="a step that is not 0", got="0")
            )
        return -((start - end) // step)
    return math.ceil((float(end) - float(start)) / float(step))


def _arange(start: Any, end: Any, step: Any, kind: np.dtype) -> np.ndarray:
    if kind is _INT64 and start.__class__ is end.__class__ is int and step == 1 and start <= end:
        return np.arange(start, end, dtype=kind)
    size = arange_size(start, end, step, kind)
    if kind.kind in "iu":
        first, stride = int(start), int(step)
        return (np.arange(size) * stride + first).astype(kind)
    if all(x == int(x) and abs(x) < 2**24 for x in (start, end, step)):  # exact in any order
        return (np.arange(size) * int(step) + int(start)).astype(kind)
    return _fractional(float(start), float(step), size, kind)


def _fractional(start: float, step: float, size: int, kind: np.dtype) -> np.ndarray:
    """``start + i step`` as a processor of 256-bit vectors does it.

    Two vectors at a time, the first element of a vector is rounded to the type and the others
    are counted from it; what is left at the end is computed one by one.
    """
    from fractions import Fraction  # seldom needed, and slow to import

    lanes = 32 // kind.itemsize
    whole = size - size % (2 * lanes)
    if kind in _REDUCED:
        return _fractional_reduced(start, step, size, whole, lanes, kind)
    result = np.empty(size, kind)
    first = fma_float64(np.arange(0, whole, lanes, dtype=np.float64), step, start)
    first = first.astype(kind).astype(np.float64)
    for lane in range(lanes):
        counted = lane * step  # and what its rounding left out
        rest = float(Fraction(lane) * Fraction(step) - Fraction(counted))
        result[lane:whole:lanes] = rounded_sum(counted, rest, first)
    result[whole:] = fma_float64(np.arange(whole, size, dtype=np.float64), step, start)
    return result


def _fractional_reduced(
    start: float, step: float, size: int, whole: int, lanes: int, kind: np.dtype
) -> np.ndarray:
    """The same for float16 and bfloat16, which are computed in float32."""
    start, step = float(np.float32(start)), float(np.float32(step))
    # Products of float32 numbers and small integers are exact in float64.
    first = (start + step * np.arange(0, whole, lanes, dtype=np.float64)).astype(np.float32)
    first = first.astype(kind).astype(np.float64)[:, None]
    vectors = (first + step * np.arange(lanes)).astype(np.float32).reshape(-1)
    rest = (start + step * np.arange(whole, size, dtype=np.float64)).astype(np.float32)
    return np.concatenate((vectors, rest)).astype(kind)


def _infer_arange(start: Any, end: Any, step: Any, kind: np.dtype) -> Spec:
    return Spec((arange_size(start, end, step, kind),), kind)


ARANGE = Operation(
    "arange",
    inputs="",
    params="start end step dtype",
    evaluate=_arange,
    infer=_infer_arange,
    samples=lambda make: [
        make.sample(params=(0, 5, 1, np.dtype("int64"))),
        make.sample(params=(0.1, 7.3, 0.2, np.dtype("float32"))),
        make.sample(params=(3, 3, 1, np.dtype("float64"))),
        make.sample(params=(5, -5, -3, np.dtype("int32"))),
        make.error((), (0, 5, 0, np.dtype("int64")), RuntimeError),
        make.error((), (0, 5, -1, np.dtype("int64")), RuntimeError),
    ],
)


@public()
def arange(
    *arguments: Any,
    start: Any = None,
    end: Any = None,
    step: Any = None,
    out: Tensor | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """Evenly spaced numbers in ``[start, end)``: ``arange(end)``, ``arange(start, end)`` or
    ``arange(start, end, step)``.

    :math:`out_i = start + i · step`

    Args:
        arguments: ``start`` (0 if left out), ``end`` and ``step`` (1 if left out).
        start: the first number.
        end: where to stop; it is not part of the result.
        step: from one number to the next.
        out: a tensor to write the result into.
        dtype: the type; int64 if all three are integers, else the default type.
        layout, device, pin_memory: selectors with one choice each.
        requires_grad: whether a gradient is wanted.

    Raises:
        RuntimeError: if ``step`` is 0 or points away from ``end``, or a bound is not finite.

    Example:
        >>> import flambeau as fb
        >>> fb.arange(3), fb.arange(1, 2, 0.5)
        (tensor([0, 1, 2]), tensor([1.0000, 1.5000]))
    """
    if device is not None or layout is not None:
        checked_options("arange", device, layout)
    usual = len(arguments) == 1 and start is end is step is out is dtype is None
    if usual and arguments[0].__class__ is int and not requires_grad:
        return apply(ARANGE, (), (0, arguments[0], 1, _INT64))
    first, last, stride = _start_end_step(arguments, start, end, step)
    if dtype is not None:
        kind = dtypes.as_numpy(dtype)
    elif out is not None:
        kind = out._array.dtype
    elif first.__class__ is last.__class__ is stride.__class__ is int:
        kind = dtypes.int64.numpy
    else:
        whole = all(isinstance(x, int) for x in (first, last, stride))
        kind = dtypes.int64.numpy if whole else numpy_type(None)
    tensor = apply(ARANGE, (), (first, last, stride, kind))
    if out is None and not requires_grad:
        return tensor
    return finish("arange", tensor, requires_grad, out)


def _start_end_step(given: tuple[Any, ...], start: Any, end: Any, step: Any) -> tuple[Any, ...]:
    if len(given) == 1 and end is None:
        first, last, stride = start, given[0], step
    elif len(given) == 1:
        first, last, stride = given[0], end, step
    else:
        values = [*given, None, None, None]
        first = start if values[0] is None else values[0]
        last = end if values[1] is None else values[1]
        stride = step if values[2] is None else values[2]
    if len(given) > 3 or last is None:
        raise TypeError(
            message(
                "arange: wrong arguments",
                expected="(end), (start, end) or (start, end, step)",
                got=repr(given),
            )
        )
    return (
        0 if first is None else as_number("arange", first),
        as_number("arange", last),
        1 if stride is None else as_number("arange", stride),
    )


def as_number(name: str, value: Any) -> Any:
    """A Python number from a number or a tensor with one element."""
    if value.__class__ is int or isinstance(value, (int, float, complex)):
        return value
    if isinstance(value, (Tensor, np.generic)):
        return value.item()
    raise TypeError(message(f"{name}: not a number", expected="a number", got=repr(value)))


# --- linspace and logspace --------------------------------------------------------------------


def _mirrored(start: Any, end: Any, steps: int, kind: np.dtype) -> np.ndarray:
    """``steps`` numbers counted from ``start`` up to the middle, and from ``end`` after it."""
    if kind.kind in "iu":
        # Integers are counted in double precision, and cut off at the end.
        start, end, fraction = int(start), int(end), np.dtype(np.float64)
    else:
        fraction = kind
    first, last = fraction.type(start), fraction.type(end)
    if steps == 1:
        return np.full(1, first).astype(kind)
    step = (last - first) / fraction.type(steps - 1)
    half = steps // 2
    up = np.arange(half, dtype=np.float64)
    down = np.arange(steps - half - 1, -1, -1, dtype=np.float64)
    values = np.concatenate((_counted(up, step, first), _counted(down, -step, last)))
    return values.astype(kind, copy=False)


def _counted(count: np.ndarray, step: Any, offset: Any) -> np.ndarray:
    """``offset + count * step``: with one rounding for float32 and float64, with two otherwise."""
    kind = step.dtype
    if kind == np.float64:
        return fma_float64(count, float(step), float(offset))
    if kind == np.float32:
        return fma_float32(count, float(step), float(offset))
    return count.astype(kind) * step + offset


def check_steps(name: str, steps: int, kind: np.dtype) -> int:
    """Refuse a negative number of steps, and truth values."""
    if kind.kind == "b":
        raise NotImplementedError(
            message(f"{name}: not defined for bool", expected="numbers", got="torch.bool")
        )
    if steps < 0:
        raise RuntimeError(
            message(f"{name}: negative number of steps", expected="steps >= 0", got=str(steps))
        )
    return steps


LINSPACE = Operation(
    "linspace",
    inputs="",
    params="start end steps dtype",
    evaluate=_mirrored,
    infer=lambda start, end, steps, kind: Spec((check_steps("linspace", steps, kind),), kind),
    strict=True,
    samples=lambda make: [
        make.sample(params=(0, 1, 5, np.dtype("float32"))),
        make.sample(params=(-3.3, 7.7, 100, np.dtype("float64"))),
        make.sample(params=(2, 9, 1, np.dtype("float32"))),
        make.sample(params=(2, 9, 0, np.dtype("float32"))),
        make.error((), (0, 1, -1, np.dtype("float32")), RuntimeError),
    ],
)


def _logspace(start: Any, end: Any, steps: int, base: Any, kind: np.dtype) -> np.ndarray:
    if kind.kind == "c":
        return np.power(kind.type(base), _mirrored(start, end, steps, kind))
    # The bounds are rounded to the type, the rest is computed in double precision.
    first, last = (float(kind.type(int(x) if kind.kind in "iu" else x)) for x in (start, end))
    step = (last - first) / max(steps - 1, 1)
    half = steps // 2 if steps > 1 else 1
    rising = first + step * np.arange(min(half, steps))
    falling = last - step * np.arange(steps - half - 1, -1, -1)
    return np.power(float(base), np.concatenate((rising, falling))).astype(kind)


LOGSPACE = Operation(
    "logspace",
    inputs="",
    params="start end steps base dtype",
    evaluate=_logspace,
    infer=lambda start, end, steps, base, kind: Spec((check_steps("logspace", steps, kind),), kind),
    strict=True,
    samples=lambda make: [
        make.sample(params=(0, 1, 5, 10.0, np.dtype("float32"))),
        make.sample(params=(-3.3, 2.7, 50, 2.0, np.dtype("float64"))),
        make.sample(params=(2, 9, 0, 10.0, np.dtype("float32"))),
        make.error((), (0, 1, -1, 10.0, np.dtype("float32")), RuntimeError),
    ],
)


@public()
def linspace(
    start: Any,
    end: Any,
    steps: int,
    *,
    out: Tensor | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """``steps`` evenly spaced numbers from ``start`` to ``end``, both included.

    :math:`out_i = start + i · (end - start) / (steps - 1)`

    Args:
        start: the first number.
        end: the last number.
        steps: how many.
        out: a tensor to write the result into.
        dtype: the type; the default type if not given.
        layout, device, pin_memory: selectors with one choice each.
        requires_grad: whether a gradient is wanted.

    Raises:
        RuntimeError: if ``steps`` is negative.

    Example:
        >>> import flambeau as fb
        >>> fb.linspace(0, 1, 5)
        tensor([0.0000, 0.2500, 0.5000, 0.7500, 1.0000])

    Differs from PyTorch: integers are counted in double precision and may differ by one where a
        value falls on a whole number.
    """
    checked_options("linspace", device, layout)
    first, last = as_number("linspace", start), as_number("linspace", end)
    kind = _spacing_type(first, last, dtype, out)
    tensor = apply(LINSPACE, (), (first, last, _count("linspace", steps), kind))
    return finish("linspace", tensor, requires_grad, out)


@public()
def logspace(
    start: Any,
    end: Any,
    steps: int,
    base: float = 10.0,
    *,
    out: Tensor | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """``steps`` numbers from ``base ** start`` to ``base ** end``, spaced evenly on a log scale.

    :math:`out_i = base^{start + i · (end - start) / (steps - 1)}`

    Args:
        start: the exponent of the first number.
        end: the exponent of the last number.
        steps: how many.
        base: the base.
        out: a tensor to write the result into.
        dtype: the type; the default type if not given.
        layout, device, pin_memory: selectors with one choice each.
        requires_grad: whether a gradient is wanted.

    Raises:
        RuntimeError: if ``steps`` is negative.

    Example:
        >>> import flambeau as fb
        >>> fb.logspace(0, 2, 3)
        tensor([  1.,  10., 100.])
    """
    checked_options("logspace", device, layout)
    first, last = as_number("logspace", start), as_number("logspace", end)
    kind = _spacing_type(first, last, dtype, out)
    params = (first, last, _count("logspace", steps), as_number("logspace", base), kind)
    return finish("logspace", apply(LOGSPACE, (), params), requires_grad, out)


def _spacing_type(start: Any, end: Any, dtype: Any, out: Tensor | None) -> np.dtype:
    if dtype is not None:
        return dtypes.as_numpy(dtype)
    if out is not None:
        return out._array.dtype
    if isinstance(start, complex) or isinstance(end, complex):
        return dtypes.get_default_complex().numpy
    return numpy_type(None)


def _count(name: str, steps: Any) -> int:
    try:
        return steps.__index__()
    except AttributeError:
        raise TypeError(
            message(f"{name}: steps is an integer", expected="an integer", got=repr(steps))
        ) from None
