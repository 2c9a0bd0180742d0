"""Tensors filled with samples in place: ``uniform_``, ``normal_`` and their like.

Each is a record that names its generator (``None`` for the process's own), so that whoever records
a program knows which stream is drawn from. The numbers are those of PyTorch for the same seed, in
the order in which PyTorch fills a tensor: that of its memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from flambeau import random as room
from flambeau.core.errors import message
from flambeau.core.shapes import broadcast
from flambeau.core.spec import Spec
from flambeau.ops.likes import ZEROS_LIKE, like
from flambeau.tensor.dispatch import apply, apply_inplace, method
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor

# --- records ----------------------------------------------------------------------------------


def empty_twin(array: np.ndarray) -> np.ndarray:
    """Room for new values with the array's order of elements in memory.

    Samples are drawn in the order of memory, and normal ones by another method where memory has
    gaps, so an array with gaps needs a twin with gaps.
    """
    twin = np.empty_like(array, subok=False)
    if twin.flags.c_contiguous and not array.flags.c_contiguous:
        return np.empty((*array.shape, 2), array.dtype)[..., 0]
    return twin


def filling(
    name: str, draw: Callable[..., np.ndarray], params: str, samples: Callable, node_name: str = ""
) -> Operation:
    """Define a record that replaces every value of a tensor by a sample.

    Args:
        name: PyTorch's name without the underscore.
        draw: ``draw(generator, *params, into=array)``.
        params: names of the parameters before the generator.
        samples: for the contract tests.
        node_name: name of the graph node, where it does not follow.
    """

    def evaluate(array: np.ndarray, *given: Any) -> np.ndarray:
        *values, generator = given
        return draw(generator, *values, into=empty_twin(array))

    def infer(x: Any, *given: Any) -> Spec:
        # Without elements nothing is drawn, and every argument is checked.
        draw(None, *given[:-1], into=np.empty(0, x.dtype))
        return like(x)

    return Operation(
        name,
        inputs="input",
        params=f"{params} generator".strip(),
        evaluate=evaluate,
        infer=infer,
        # What was there before has no influence.
        gradient={"input": lambda g: apply(ZEROS_LIKE, (g,), (None,))},
        samples=samples,
        node_name=node_name or None,
    )


def _filled_samples(*params: Any, wrong: tuple[Any, ...] | None = None) -> Callable:
    def samples(make: Any) -> list[Any]:
        found = [
            make.sample(inputs=(x,), params=(*params, None))
            for x in (
                make.tensor((2, 3)),
                make.tensor(()),
                make.tensor((0,)),
                make.transposed((5, 4)),
                make.tensor((40,)),
            )
        ]
        if wrong is not None:
            found.append(make.error((make.tensor((2,)),), (*wrong, None), RuntimeError))
        return found

    return samples


UNIFORM = filling(
    "uniform",
    lambda generator, low, high, *, into: room.uniform(generator, low=low, high=high, into=into),
    "low high",
    _filled_samples(-1.0, 2.0, wrong=(2.0, 1.0)),
)
NORMAL = filling(
    "normal",
    lambda generator, mean, std, *, into: room.normal(generator, mean=mean, std=std, into=into),
    "mean std",
    _filled_samples(1.0, 2.0, wrong=(0.0, -1.0)),
)
RANDOM = filling(
    "random",
    lambda generator, low, high, *, into: room.integers(generator, low=low, high=high, into=into),
    "low high",
    _filled_samples(0, 10, wrong=(3, 3)),
)
RANDOM_BELOW = filling(
    "random_below",
    lambda generator, high, *, into: room.integers(generator, low=0, high=high, into=into),
    "high",
    _filled_samples(10, wrong=(0,)),
    node_name="RandomBackward1",
)
RANDOM_ANY = filling(
    "random_any",
    lambda generator, *, into: room.integers(generator, into=into),
    "",
    _filled_samples(),
    node_name="RandomBackward2",
)
BERNOULLI = filling(
    "bernoulli",
    lambda generator, p, *, into: room.bernoulli(generator, p, into=into),
    "p",
    _filled_samples(0.3, wrong=(1.5,)),
    node_name="BernoulliBackward2",
)
EXPONENTIAL = filling(
    "exponential",
    lambda generator, rate, *, into: room.exponential(generator, rate=rate, into=into),
    "lambd",
    _filled_samples(1.5, wrong=(-1.0,)),
)
GEOMETRIC = filling(
    "geometric",
    lambda generator, p, *, into: room.geometric(generator, p, into=into),
    "p",
    _filled_samples(0.3, wrong=(0.0,)),
)
CAUCHY = filling(
    "cauchy",
    lambda generator, median, sigma, *, into: room.cauchy(
        generator, median=median, sigma=sigma, into=into
    ),
    "median sigma",
    _filled_samples(0.5, 1.5, wrong=(0.0, -1.0)),
)
LOG_NORMAL = filling(
    "log_normal",
    lambda generator, mean, std, *, into: room.log_normal(generator, mean=mean, std=std, into=into),
    "mean std",
    _filled_samples(0.5, 0.25, wrong=(0.0, -1.0)),
)


def _bernoulli_of(array: np.ndarray, p: np.ndarray, generator: Any) -> np.ndarray:
    return room.bernoulli(generator, p, into=empty_twin(array))


def _infer_bernoulli_of(x: Any, p: Any, generator: Any) -> Spec:
    room.bernoulli(None, np.empty(0, p.dtype), into=np.empty(0, x.dtype))
    if broadcast("bernoulli_", x.shape, p.shape) != tuple(x.shape):
        raise RuntimeError(
            message(
                "bernoulli_: the probabilities do not broadcast to the tensor",
                expected=f"p that broadcasts to {tuple(x.shape)}",
                got=f"p {tuple(p.shape)}",
            )
        )
    return like(x)


BERNOULLI_OF = Operation(
    "bernoulli_of",
    inputs="input p",
    params="generator",
    evaluate=_bernoulli_of,
    infer=_infer_bernoulli_of,
    gradient={
        "input": lambda g: apply(ZEROS_LIKE, (g,), (None,)),
        "p": lambda g: apply(ZEROS_LIKE, (g,), (None,)),
    },
    node_name="BernoulliBackward1",
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 3)), make.tensor((3,), 0.1, 0.9)), params=(None,)),
        make.sample(inputs=(make.transposed((5, 4)), make.tensor((), 0.1, 0.9)), params=(None,)),
        make.error((make.tensor((2,)), make.tensor((3,), 0.1, 0.9)), (None,), RuntimeError),
    ],
)


# --- methods ----------------------------------------------------------------------------------


def bounds(name: str, from_: Any, to: Any) -> tuple[float, float]:
    """Two numbers as Python floats."""
    try:
        return float(from_), float(to)
    except (TypeError, ValueError):
        raise TypeError(
            message(f"{name}: not a number", expected="numbers", got=f"{from_!r} and {to!r}")
        ) from None


@method()
def uniform_(self: Tensor, from_: float = 0.0, to: float = 1.0, *, generator: Any = None) -> Tensor:
    """Fill with samples of the uniform distribution on ``[from_, to)``.

    Args:
        from_: lower bound, included (PyTorch's ``from``, by position).
        to: upper bound, excluded.
        generator: the stream; the process's own if not given.

    Raises:
        RuntimeError: if the bounds are in the wrong order or beyond the type's range, or the type
            is not floating-point.

    Example:
        >>> import flambeau as fb
        >>> x = fb.empty(100).uniform_(2, 3)
        >>> bool((x >= 2).all() and (x < 3).all())
        True
    """
    low, high = bounds("uniform_", from_, to)
    return apply_inplace(UNIFORM, self, (), (low, high, generator))


@method()
def normal_(self: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: Any = None) -> Tensor:
    """Fill with samples of the normal distribution.

    Args:
        mean: of the distribution.
        std: standard deviation, >= 0.
        generator: the stream; the process's own if not given.

    Raises:
        RuntimeError: if ``std`` is negative, or the type is not floating-point or complex.

    Example:
        >>> import flambeau as fb
        >>> fb.empty(3).normal_(5, 0)
        tensor([5., 5., 5.])
    """
    mean, std = bounds("normal_", mean, std)
    return apply_inplace(NORMAL, self, (), (mean, std, generator))


@method()
def random_(self: Tensor, *bounds: int, generator: Any = None, to: Any = None) -> Tensor:
    """Fill with whole numbers: ``random_()``, ``random_(to)`` or ``random_(from, to)``.

    Without bounds, all values that the type counts exactly and that are not negative.

    Args:
        bounds: ``from`` (0 if left out) and ``to``, which is excluded.
        generator: the stream; the process's own if not given.
        to: the upper bound by name.

    Raises:
        RuntimeError: if there is no number in the range, or the type cannot hold it.

    Example:
        >>> import flambeau as fb
        >>> fb.empty(3).random_(7, 8)
        tensor([7., 7., 7.])
    """
    limits = bounds if to is None else (*bounds, to)
    if not all(isinstance(limit, int) or limit is None for limit in limits) or len(limits) > 2:
        raise TypeError(
            message(
                "random_: wrong arguments",
                expected="(), (to) or (from, to), integers",
                got=repr(limits),
            )
        )
    if len(limits) == 0:
        return apply_inplace(RANDOM_ANY, self, (), (generator,))
    if len(limits) == 1:
        return apply_inplace(RANDOM_BELOW, self, (), (limits[0], generator))
    return apply_inplace(RANDOM, self, (), (*limits, generator))


@method()
def bernoulli_(self: Tensor, p: Any = 0.5, *, generator: Any = None) -> Tensor:
    """Fill with ones, each with probability ``p``, and zeros.

    Args:
        p: the probability, or a tensor of them that broadcasts.
        generator: the stream; the process's own if not given.

    Raises:
        RuntimeError: if a probability is not in [0, 1].

    Example:
        >>> import flambeau as fb
        >>> fb.empty(3).bernoulli_(1.0)
        tensor([1., 1., 1.])
    """
    if isinstance(p, Tensor):
        return apply_inplace(BERNOULLI_OF, self, (p,), (generator,))
    return apply_inplace(BERNOULLI, self, (), (float(p), generator))


@method()
def exponential_(self: Tensor, lambd: float = 1.0, *, generator: Any = None) -> Tensor:
    """Fill with samples of the exponential distribution.

    :math:`x = -\\log(1 - u) / lambd`

    Args:
        lambd: events per unit, > 0.
        generator: the stream; the process's own if not given.

    Raises:
        RuntimeError: if ``lambd`` is not positive, or the type is not floating-point.

    Example:
        >>> import flambeau as fb
        >>> bool((fb.empty(9).exponential_() > 0).all())
        True
    """
    return apply_inplace(EXPONENTIAL, self, (), (float(lambd), generator))


@method()
def geometric_(self: Tensor, p: float, *, generator: Any = None) -> Tensor:
    """Fill with the number of trials up to the first success.

    Args:
        p: probability of a success, in (0, 1).
        generator: the stream; the process's own if not given.

    Raises:
        RuntimeError: if ``p`` is not in (0, 1).

    Example:
        >>> import flambeau as fb
        >>> bool((fb.empty(9).geometric_(0.5) >= 1).all())
        True
    """
    return apply_inplace(GEOMETRIC, self, (), (float(p), generator))


@method()
def cauchy_(
    self: Tensor, median: float = 0.0, sigma: float = 1.0, *, generator: Any = None
) -> Tensor:
    """Fill with samples of the Cauchy distribution.

    Args:
        median: of the distribution.
        sigma: half the width at half the height, > 0.
        generator: the stream; the process's own if not given.

    Raises:
        RuntimeError: if ``sigma`` is not positive, or the type is not floating-point.

    Example:
        >>> import flambeau as fb
        >>> fb.empty(2, 3).cauchy_().shape
        torch.Size([2, 3])
    """
    median, sigma = bounds("cauchy_", median, sigma)
    return apply_inplace(CAUCHY, self, (), (median, sigma, generator))


@method()
def log_normal_(
    self: Tensor, mean: float = 1.0, std: float = 2.0, *, generator: Any = None
) -> Tensor:
    """Fill with samples whose logarithm is normally distributed.

    Args:
        mean: of the logarithm.
        std: standard deviation of the logarithm, > 0.
        generator: the stream; the process's own if not given.

    Raises:
        RuntimeError: if ``std`` is not positive, or the type is not floating-point.

    Example:
        >>> import flambeau as fb
        >>> bool((fb.empty(9).log_normal_() > 0).all())
        True
    """
    mean, std = bounds("log_normal_", mean, std)
    return apply_inplace(LOG_NORMAL, self, (), (mean, std, generator))
