"""Variance and standard deviation, covariance and correlation."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core.errors import message
from flambeau.core.spec import Spec
from flambeau.ops.numpy_style import numpy_names
from flambeau.ops.publish import PUBLIC, public
from flambeau.ops.reduction import (
    add_along,
    count_along,
    dimensions,
    expand_reduced,
    is_reduced,
    reduced_dims,
    reduced_shape,
    refuse,
    widened,
)
from flambeau.ops.single import apply_one
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import REGISTRY, Operation
from flambeau.tensor.tensor import Tensor

Moments = tuple[np.ndarray, np.ndarray]


def _real_type(numpy_type: np.dtype) -> np.dtype:
    return numpy_type.type(0).real.dtype if numpy_type.kind == "c" else numpy_type


def freedom(shape: tuple[int, ...], dims: tuple[int, ...], correction: float) -> float:
    """The number of elements less the correction, at least 0: what squares are divided by."""
    left = count_along(shape, dims) - correction
    return left if left > 0 else 0


def _moments(array: np.ndarray, dim: tuple[int, ...], correction: float, keepdim: bool) -> Moments:
    """Variance and mean; the mean is subtracted first, so large offsets cost no digits."""
    kind = array.dtype
    if kind.kind in "iub":
        raise TypeError  # infer says why
    wide = widened(array)
    count = count_along(array.shape, dim)
    if len(dim) == array.ndim and not keepdim:
        average: Any = np.true_divide(add_along(wide, dim, False, wide.dtype), count)
    else:
        kept = reduced_shape(array.shape, dim, True)
        average = np.true_divide(add_along(wide, dim, False, wide.dtype).reshape(kept), count)
    away = wide - average
    squares = away * away if kind.kind != "c" else away.real**2 + away.imag**2
    total = add_along(squares, dim, keepdim, squares.dtype)
    variance = np.true_divide(total, freedom(array.shape, dim, correction))
    if not keepdim and len(dim) != array.ndim:
        average = average.reshape(reduced_shape(array.shape, dim, False))
    if is_reduced(kind):
        return variance.astype(kind), average.astype(kind)
    return variance, average


def _deviation(
    array: np.ndarray, dim: tuple[int, ...], correction: float, keepdim: bool
) -> Moments:
    wide = widened(array)
    variance, average = _moments(wide, dim, correction, keepdim)
    deviation = np.sqrt(variance)
    return deviation.astype(_real_type(array.dtype)), average.astype(array.dtype)


def _spec(name: str, several: bool) -> Any:
    def infer(x: Any, dim: tuple[int, ...], correction: float, keepdim: bool) -> Any:
        if x.dtype.kind in "iub":
            raise refuse(
                name, "needs a floating-point or complex tensor", "such a tensor", x,
                help="convert with .float()",
            )  # fmt: skip
        shape = reduced_shape(x.shape, dim, keepdim)
        spec = Spec(shape, _real_type(x.dtype))
        return (spec, Spec(shape, x.dtype)) if several else spec

    return infer


def variance_gradient(g: Tensor, input: Any, dim: Any, correction: float, keepdim: bool) -> Tensor:
    """The gradient of the variance: twice the distance from the mean, over the freedom."""
    shape = input._array.shape
    away = input - input.mean(dim, True) if dim else input - input
    left = freedom(shape, dim, correction)
    spread = expand_reduced(g, shape, dim, keepdim)
    if left == 0:  # 0 / 0 at the mean, a division by 0 elsewhere
        return spread * PUBLIC["where"](away == 0, float("nan"), float("inf"))
    return spread * (away * (2.0 / left))


def deviation_gradient(
    g: Tensor, input: Any, out: Any, dim: Any, correction: float, keepdim: bool
) -> Tensor:
    """The gradient of the standard deviation; 0 where that is 0, as PyTorch chooses."""
    where = PUBLIC["where"]
    zero = out == 0
    half = where(zero, 0, g / where(zero, 1, out * 2))  # no division by 0 at any order
    return variance_gradient(half, input, dim, correction, keepdim)


def _mean_gradient(g: Tensor, input: Tensor, dim: Any, keepdim: bool) -> Tensor:
    shape = input._array.shape
    return expand_reduced(g / (count_along(shape, dim) or 1), shape, dim, keepdim)


def _with_mean(rule: Any) -> Any:
    """The gradient of a pair whose second entry is the mean."""

    def gradient(
        g: tuple, input: Tensor, out: tuple, dim: Any, correction: float, keepdim: bool
    ) -> Any:
        spread, average = g
        first = None if spread is None else rule(spread, input, out[0], dim, correction, keepdim)
        second = None if average is None else _mean_gradient(average, input, dim, keepdim)
        return second if first is None else first if second is None else first + second

    return gradient


def _variance_in_parts(input: Any, dim: Any, correction: float, keepdim: bool) -> Tensor:
    average = apply(REGISTRY["mean"], (input,), (dim, True, None))
    away = input - average
    square = away * away if not input.is_complex() else away.real**2 + away.imag**2
    total = apply(REGISTRY["sum"], (square,), (dim, keepdim, None))
    return total / freedom(input._array.shape, dim, correction)


def _samples(make: Any) -> list[Any]:
    cases = [
        ((2, 3), (1,), 1, False), ((2, 3), (0, 1), 0, True), ((4, 3, 2), (0, 2), 2, False),
        ((), (), 0, False), ((5,), (0,), 1.5, False),
    ]  # fmt: skip
    return [
        *[make.sample(inputs=(make.tensor(s),), params=(d, c, k)) for s, d, c, k in cases],
        make.sample(inputs=(make.transposed((3, 4)),), params=((0,), 1, False)),
        make.error((make.integers((3,), 0, 3),), ((0,), 1, False), RuntimeError),
    ]


def _record(
    name: str, evaluate: Any, gradient: Any, decompose: Any, several: bool = False
) -> Operation:
    return Operation(
        name,
        inputs="input",
        params="dim correction keepdim",
        evaluate=evaluate,
        infer=_spec(name, several),
        gradient={"input": gradient},
        decompose=decompose,
        samples=_samples,
    )


VAR = _record("var", lambda *a: _moments(*a)[0], variance_gradient, _variance_in_parts)
STD = _record(
    "std", lambda *a: _deviation(*a)[0], deviation_gradient,
    lambda *a: _variance_in_parts(*a).sqrt(),  # type: ignore[attr-defined]
)  # fmt: skip
VAR_MEAN = _record(
    "var_mean",
    _moments,
    _with_mean(lambda g, input, out, *rest: variance_gradient(g, input, *rest)),
    lambda input, dim, correction, keepdim: (
        _variance_in_parts(input, dim, correction, keepdim),
        apply(REGISTRY["mean"], (input,), (dim, keepdim, None)),
    ),
    several=True,
)
STD_MEAN = _record(
    "std_mean",
    _deviation,
    _with_mean(deviation_gradient),
    lambda input, dim, correction, keepdim: (
        _variance_in_parts(input, dim, correction, keepdim).sqrt(),
        apply(REGISTRY["mean"], (input,), (dim, keepdim, None)),
    ),
    several=True,
)


def _call(
    record: Operation, input: Tensor, dim: Any, unbiased: Any, keepdim: bool, correction: Any,
    out: Any,
) -> Any:  # fmt: skip
    if dim.__class__ is bool:  # var(x, unbiased)
        dim, unbiased = None, dim
    if unbiased is not None:
        if correction is not None:
            raise TypeError(
                message(
                    f"{record.name}: unbiased and correction exclude each other",
                    expected="one of them",
                    got=f"unbiased={unbiased} and correction={correction}",
                )
            )
        correction = int(unbiased)
    correction = 1 if correction is None else correction
    dims = reduced_dims(record.name, dim, dimensions(record.name, input))
    result = apply_one(record, input, (dims, correction, bool(keepdim)))
    return result if out is None else write_out(record.name, out, result)


@public(method=True)
def var(
    input: Tensor,
    dim: Any = None,
    unbiased: Any = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
    out: Any = None,
    axis: Any = None,
    keepdims: bool | None = None,
) -> Tensor:
    """The variance over all dimensions, or over some.

    :math:`out = Σ_i (x_i - mean)² / max(0, n - correction)`

    Args:
        input: a floating-point or complex tensor.
        dim: a dimension, a tuple of them, or ``None`` for all.
        unbiased: PyTorch's older way to say ``correction=1`` (true) or ``correction=0``.
        keepdim: keep the reduced dimensions with size 1.
        correction: what is subtracted from the number of elements; 1 if not given.
        out: a tensor to write the result into.

    Shape: the input's without ``dim`` (or with size 1 there). With no freedom left it is nan, or
    inf where elements differ.

    Raises:
        RuntimeError: for integers and truth values.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([1., 2., 4.]).var()
        tensor(2.3333)
    """
    if axis is not None or keepdims is not None:
        dim, keepdim = numpy_names("var", dim, None, keepdim, axis, keepdims)
    return _call(VAR, input, dim, unbiased, keepdim, correction, out)


@public(method=True)
def std(
    input: Tensor,
    dim: Any = None,
    unbiased: Any = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
    out: Any = None,
    axis: Any = None,
    keepdims: bool | None = None,
) -> Tensor:
    """The standard deviation over all dimensions, or over some; its gradient at 0 is 0.

    :math:`out = √(Σ_i (x_i - mean)² / max(0, n - correction))`

    Args:
        input: a floating-point or complex tensor.
        dim: a dimension, a tuple of them, or ``None`` for all.
        unbiased: PyTorch's older way to say ``correction=1`` (true) or ``correction=0``.
        keepdim: keep the reduced dimensions with size 1.
        correction: what is subtracted from the number of elements; 1 if not given.
        out: a tensor to write the result into.

    Shape: the input's without ``dim`` (or with size 1 there).

    Raises:
        RuntimeError: for integers and truth values.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([1., 2., 4.]).std(correction=0)
        tensor(1.2472)
    """
    if axis is not None or keepdims is not None:
        dim, keepdim = numpy_names("std", dim, None, keepdim, axis, keepdims)
    return _call(STD, input, dim, unbiased, keepdim, correction, out)


@public()
def var_mean(
    input: Tensor,
    dim: Any = None,
    unbiased: Any = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
    out: Any = None,
    axis: Any = None,
    keepdims: bool | None = None,
) -> tuple[Tensor, Tensor]:
    """The variance and the mean, as :func:`var` and :func:`mean` give them.

    Args:
        input: a floating-point or complex tensor.
        dim: a dimension, a tuple of them, or ``None`` for all.
        unbiased: PyTorch's older way to say ``correction=1`` (true) or ``correction=0``.
        keepdim: keep the reduced dimensions with size 1.
        correction: what is subtracted from the number of elements; 1 if not given.
        out: a pair of tensors to write the results into.

    Shape: both the input's without ``dim`` (or with size 1 there).

    Raises:
        RuntimeError: for integers and truth values.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.var_mean(fb.tensor([1., 2., 3.]))
        (tensor(1.), tensor(2.))
    """
    if axis is not None or keepdims is not None:
        dim, keepdim = numpy_names("var_mean", dim, None, keepdim, axis, keepdims)
    return _call(VAR_MEAN, input, dim, unbiased, keepdim, correction, out)


@public()
def std_mean(
    input: Tensor,
    dim: Any = None,
    unbiased: Any = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
    out: Any = None,
    axis: Any = None,
    keepdims: bool | None = None,
) -> tuple[Tensor, Tensor]:
    """The standard deviation and the mean, as :func:`std` and :func:`mean` give them.

    Args:
        input: a floating-point or complex tensor.
        dim: a dimension, a tuple of them, or ``None`` for all.
        unbiased: PyTorch's older way to say ``correction=1`` (true) or ``correction=0``.
        keepdim: keep the reduced dimensions with size 1.
        correction: what is subtracted from the number of elements; 1 if not given.
        out: a pair of tensors to write the results into.

    Shape: both the input's without ``dim`` (or with size 1 there).

    Raises:
        RuntimeError: for integers and truth values.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.std_mean(fb.tensor([1., 2., 3.]))
        (tensor(1.), tensor(2.))
    """
    if axis is not None or keepdims is not None:
        dim, keepdim = numpy_names("std_mean", dim, None, keepdim, axis, keepdims)
    return _call(STD_MEAN, input, dim, unbiased, keepdim, correction, out)
