"""Samples whose parameters are tensors: normal, bernoulli, multinomial, poisson, binomial."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau import random as room
from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.core.shapes import broadcast
from flambeau.core.spec import Spec
from flambeau.ops.creation import (
    EMPTY,
    checked_options,
    checked_sizes,
    finish,
    numpy_type,
)
from flambeau.ops.filling import BERNOULLI, NORMAL, bounds
from flambeau.ops.likes import ZEROS_LIKE
from flambeau.ops.matrix_products import check_tensors
from flambeau.ops.publish import public
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor


def no_gradient(g: Tensor) -> Tensor:
    """Samples do not follow their parameters: the gradient is zero."""
    return apply(ZEROS_LIKE, (g,), (None,))


# --- normal -----------------------------------------------------------------------------------


def _check_real(std: Any) -> None:
    if std.dtype.kind == "c":
        raise RuntimeError(
            message(
                "normal: a standard deviation is complex",
                expected="a real std",
                got=str(dtypes.of(std.dtype)),
            )
        )


def _check_deviations(std: np.ndarray) -> None:
    if std.size and not (std >= 0).all():
        raise RuntimeError(
            message(
                "normal: a standard deviation is negative",
                expected="std >= 0",
                got=f"{float(std.min())}",
            )
        )


def _around(mean: np.ndarray, std: float, generator: Any) -> np.ndarray:
    return room.normal(generator, mean.shape, mean.dtype, 0.0, std) + mean


def _spread(std: np.ndarray, mean: float, generator: Any) -> np.ndarray:
    _check_deviations(std)
    samples = room.normal(generator, std.shape, std.dtype)
    return samples * std + std.dtype.type(mean)


def _around_and_spread(mean: np.ndarray, std: np.ndarray, generator: Any) -> np.ndarray:
    _check_deviations(std)
    shape = broadcast("normal", mean.shape, std.shape)
    kind = mean.dtype
    samples = room.normal(generator, shape, kind)
    return (samples * std).astype(kind, copy=False) + mean


def _infer_around(mean: Any, std: float, generator: Any) -> Spec:
    room.normal(None, (0,), mean.dtype, 0.0, std)
    return Spec(mean.shape, mean.dtype)


def _infer_spread(std: Any, mean: float, generator: Any) -> Spec:
    _check_real(std)
    room.normal(None, (0,), std.dtype)
    return Spec(std.shape, std.dtype)


def _infer_both(mean: Any, std: Any, generator: Any) -> Spec:
    _check_real(std)
    room.normal(None, (0,), mean.dtype)
    return Spec(broadcast("normal", mean.shape, std.shape), mean.dtype)


NORMAL_AROUND = Operation(
    "normal_around",
    inputs="mean",
    params="std generator",
    evaluate=_around,
    infer=_infer_around,
    gradient={"mean": no_gradient},
    node_name="NormalBackward1",
    strict=True,
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 3)),), params=(2.0, None)),
        make.sample(inputs=(make.transposed((5, 4)),), params=(2.0, None)),
        make.sample(inputs=(make.tensor(()),), params=(2.0, None)),
        make.sample(inputs=(make.tensor((0,)),), params=(2.0, None)),
        make.error((make.tensor((2,)),), (-1.0, None), RuntimeError),
    ],
)

NORMAL_SPREAD = Operation(
    "normal_spread",
    inputs="std",
    params="mean generator",
    evaluate=_spread,
    infer=_infer_spread,
    gradient={"std": no_gradient},
    node_name="NormalBackward2",
    strict=True,
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 3), 0.5, 2),), params=(2.0, None)),
        make.sample(inputs=(make.tensor((20,), 0.5, 2),), params=(2.0, None)),
        make.sample(inputs=(make.tensor((), 0.5, 2),), params=(2.0, None)),
        make.error((make.integers((2,), 0, 5),), (1.0, None), RuntimeError),
    ],
)

NORMAL_BOTH = Operation(
    "normal_both",
    inputs="mean std",
    params="generator",
    evaluate=_around_and_spread,
    infer=_infer_both,
    gradient={"mean": no_gradient, "std": no_gradient},
    node_name="NormalBackward3",
    strict=True,
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 3)), make.tensor((3,), 0.5, 2)), params=(None,)),
        make.sample(inputs=(make.tensor((4, 1)), make.tensor((5,), 0.5, 2)), params=(None,)),
        make.error((make.tensor((2,)), make.tensor((3,), 0.5, 2)), (None,), RuntimeError),
    ],
)


@public()
def normal(
    mean: Any = 0.0,
    std: Any = 1.0,
    size: Any = None,
    *,
    generator: Any = None,
    out: Tensor | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """Samples of normal distributions.

    Args:
        mean: a number, or a tensor with one mean for each sample.
        std: standard deviations >= 0; a number or a tensor that broadcasts with ``mean``.
        size: the shape, if both are numbers.
        generator: the stream; the process's own if not given.
        out: a tensor to write the result into.
        dtype, layout, device, pin_memory, requires_grad: of a tensor made by ``size``.

    Raises:
        RuntimeError: if a standard deviation is negative, or shapes do not broadcast.
        TypeError: if both are numbers and no size is given.

    Example:
        >>> import flambeau as fb
        >>> fb.normal(fb.tensor([1., 2.]), 0.0)
        tensor([1., 2.])
    """
    if size is not None:
        checked_options("normal", device, layout)
        return _normal_of_size(mean, std, size, generator, out, dtype, requires_grad)
    if isinstance(mean, Tensor) and isinstance(std, Tensor):
        result = apply(NORMAL_BOTH, (mean, std), (generator,))
    elif isinstance(mean, Tensor):
        result = apply(NORMAL_AROUND, (mean,), (bounds("normal", 0, std)[1], generator))
    elif isinstance(std, Tensor):
        result = apply(NORMAL_SPREAD, (std,), (bounds("normal", mean, 0)[0], generator))
    else:
        raise TypeError(
            message(
                "normal: no shape",
                expected="a tensor as mean or std, or size=",
                got=f"mean {mean!r} and std {std!r}",
            )
        )
    return result if out is None else write_out("normal", out, result)


def _normal_of_size(
    mean: Any, std: Any, size: Any, generator: Any, out: Any, dtype: Any, requires_grad: bool
) -> Tensor:
    mean, std = bounds("normal", mean, std)
    kind = out._array.dtype if out is not None and dtype is None else numpy_type(dtype)
    shape = checked_sizes("normal", (size,))
    fresh = apply(EMPTY, (), (shape, kind, False))
    result = apply(NORMAL, (fresh,), (mean, std, generator))
    return finish("normal", result, requires_grad, out)


# --- bernoulli --------------------------------------------------------------------------------


def _infer_bernoulli(p: Any, generator: Any) -> Spec:
    room.bernoulli(None, np.empty(0, p.dtype))
    return Spec(p.shape, p.dtype)


BERNOULLI_PROBABILITIES = Operation(
    "bernoulli_probabilities",
    inputs="input",
    params="generator",
    evaluate=lambda p, generator: room.bernoulli(generator, p),
    infer=_infer_bernoulli,
    gradient={"input": no_gradient},
    node_name="BernoulliBackward0",
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 3), 0.1, 0.9),), params=(None,)),
        make.sample(inputs=(make.tensor((), 0.1, 0.9),), params=(None,)),
        make.sample(inputs=(make.tensor((0,), 0.1, 0.9),), params=(None,)),
        make.error((make.integers((2,), 0, 2),), (None,), RuntimeError),
    ],
)


@public(method=True)
def bernoulli(
    input: Tensor, p: Any = None, *, generator: Any = None, out: Tensor | None = None
) -> Tensor:
    """Ones and zeros: ``bernoulli(probabilities)``, or ``bernoulli(input, p)`` like ``input``.

    Args:
        input: the probabilities of a one, in [0, 1]; with ``p``, only the shape and type matter.
        p: one probability for all.
        generator: the stream; the process's own if not given.
        out: a tensor to write the result into.

    Shape: that of the input.

    Raises:
        RuntimeError: if a probability is not in [0, 1], or ``input`` is not floating-point.

    Example:
        >>> import flambeau as fb
        >>> fb.bernoulli(fb.tensor([0., 1., 0.]))
        tensor([0., 1., 0.])
    """
    if input.__class__ is not Tensor:
        check_tensors("bernoulli", input)
    if p is None:
        result = apply(BERNOULLI_PROBABILITIES, (input,), (generator,))
    else:
        array = input._array
        fresh = apply(EMPTY, (), (tuple(array.shape), array.dtype, False))
        result = apply(BERNOULLI, (fresh,), (float(p), generator))
    return result if out is None else write_out("bernoulli", out, result)


# --- counts -----------------------------------------------------------------------------------


def _infer_multinomial(x: Any, num_samples: int, replacement: bool, generator: Any) -> Spec:
    if x.ndim not in (1, 2):
        raise RuntimeError(
            message(
                "multinomial: weights are a vector or a matrix",
                expected="1 or 2 dimensions",
                got=f"shape {tuple(x.shape)}",
            )
        )
    room.multinomial(None, np.empty((0, *x.shape[-1:]), x.dtype), num_samples, replacement)
    return Spec((*x.shape[:-1], num_samples), np.dtype(np.int64))


MULTINOMIAL = Operation(
    "multinomial",
    inputs="input",
    params="num_samples replacement generator",
    evaluate=lambda x, num_samples, replacement, generator: room.multinomial(
        generator, x, num_samples, replacement
    ),
    infer=_infer_multinomial,
    strict=True,
    samples=lambda make: [
        make.sample(inputs=(make.tensor((5,), 0.1, 1),), params=(3, False, None)),
        make.sample(inputs=(make.tensor((4, 5), 0.1, 1),), params=(1, False, None)),
        make.sample(inputs=(make.tensor((4, 5), 0.1, 1),), params=(9, True, None)),
        make.error((make.tensor((5,), 0.1, 1),), (6, False, None), RuntimeError),
        make.error((make.tensor((), 0.1, 1),), (1, False, None), RuntimeError),
    ],
)


@public(method=True)
def multinomial(
    input: Tensor,
    num_samples: int,
    replacement: bool = False,
    *,
    generator: Any = None,
    out: Tensor | None = None,
) -> Tensor:
    """Indices drawn in proportion to weights, for each row.

    Args:
        input: weights >= 0, with a positive sum in each row.
        num_samples: how many indices to draw from each row.
        replacement: whether an index can be drawn again.
        generator: the stream; the process's own if not given.
        out: a tensor to write the result into.

    Shape: (n,) -> (num_samples,), or (m, n) -> (m, num_samples); int64.

    Raises:
        RuntimeError: if a weight is negative, inf or nan, a row's sum is 0, or there are too few
            indices to draw from.

    Example:
        >>> import flambeau as fb
        >>> fb.multinomial(fb.tensor([0., 3., 0.]), 4, replacement=True)
        tensor([1, 1, 1, 1])
    """
    check_tensors("multinomial", input)
    result = apply(MULTINOMIAL, (input,), (int(num_samples), bool(replacement), generator))
    return result if out is None else write_out("multinomial", out, result, True)


def _infer_poisson(x: Any, generator: Any) -> Spec:
    room.poisson(None, np.empty(0, x.dtype))
    return Spec(x.shape, x.dtype)


POISSON = Operation(
    "poisson",
    inputs="input",
    params="generator",
    evaluate=lambda rates, generator: room.poisson(generator, rates),
    infer=_infer_poisson,
    gradient={"input": no_gradient},
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 3), 0.1, 30),), params=(None,)),
        make.sample(inputs=(make.tensor((), 0.1, 3),), params=(None,)),
        make.error((make.integers((2,), 0, 5),), (None,), RuntimeError),
    ],
)


@public()
def poisson(input: Tensor, generator: Any = None) -> Tensor:
    """The number of events where ``input`` of them are expected.

    Args:
        input: expected numbers, >= 0.
        generator: the stream; the process's own if not given.

    Shape: that of the input.

    Raises:
        RuntimeError: if a rate is negative, or the type is not floating-point.

    Example:
        >>> import flambeau as fb
        >>> fb.poisson(fb.zeros(3))
        tensor([0., 0., 0.])
    """
    check_tensors("poisson", input)
    return apply(POISSON, (input,), (generator,))


def _binomial(count: np.ndarray, prob: np.ndarray, generator: Any) -> np.ndarray:
    return room.binomial(generator, *np.broadcast_arrays(count, prob))


def _infer_binomial(count: Any, prob: Any, generator: Any) -> Spec:
    room.binomial(None, np.empty(0, count.dtype), np.empty(0, prob.dtype))
    return Spec(broadcast("binomial", count.shape, prob.shape), count.dtype)


BINOMIAL = Operation(
    "binomial",
    inputs="count prob",
    params="generator",
    evaluate=_binomial,
    infer=_infer_binomial,
    strict=True,
    samples=lambda make: [
        make.sample(
            inputs=(make.tensor((2, 3), 0, 9), make.tensor((2, 3), 0.1, 0.9)),
            params=(None,),
        ),
        make.error((make.integers((2,), 0, 9), make.tensor((2,), 0.1, 0.9)), (None,), RuntimeError),
    ],
)


@public()
def binomial(count: Tensor, prob: Tensor, generator: Any = None) -> Tensor:
    """The number of successes in ``count`` trials.

    Args:
        count: trials.
        prob: probability of a success.
        generator: the stream; the process's own if not given.

    Shape: the broadcast of both.

    Raises:
        RuntimeError: if the types differ or are not floating-point.

    Example:
        >>> import flambeau as fb
        >>> fb.binomial(fb.tensor([3.]), fb.tensor([1.]))
        tensor([3.])
    """
    check_tensors("binomial", count, prob)
    return apply(BINOMIAL, (count, prob), (generator,))
