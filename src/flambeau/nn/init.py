"""Initial values: each function fills a tensor in place and returns it.

They draw from the random stream exactly as PyTorch's do, so that one seed gives one model.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

from flambeau.autograd.modes import no_grad
from flambeau.core.errors import message
from flambeau.nn.truncated_normal import fill_truncated_normal
from flambeau.ops.creation import empty
from flambeau.ops.orthogonal import ORTHONORMAL_COLUMNS
from flambeau.ops.sampling import randperm
from flambeau.tensor.dispatch import apply
from flambeau.tensor.tensor import Tensor

_LINEAR = (
    "linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d",
    "conv_transpose3d", "sigmoid",
)  # fmt: skip
_GAINS = {**dict.fromkeys(_LINEAR, 1), "tanh": 5.0 / 3, "relu": math.sqrt(2.0), "selu": 3.0 / 4}


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """The factor by which weights before an activation are larger than before a linear map.

    Args:
        nonlinearity: the name of a function of ``flambeau.nn.functional``.
        param: the negative slope of ``leaky_relu``; 0.01 if not given.

    Raises:
        ValueError: for an activation that has no such factor.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.init.calculate_gain("tanh")
        1.6666666666666667
    """
    if nonlinearity in _GAINS:
        return _GAINS[nonlinearity]
    if nonlinearity != "leaky_relu":
        raise ValueError(
            message(
                "calculate_gain: unsupported nonlinearity",
                expected=", ".join([*_GAINS, "leaky_relu"]),
                got=repr(nonlinearity),
            )
        )
    slope = 0.01 if param is None else param
    if isinstance(slope, bool) or not isinstance(slope, (int, float)):
        raise ValueError(
            message("calculate_gain: slope is not a number", expected="a number", got=repr(param))
        )
    return math.sqrt(2.0 / (1 + slope**2))


# --- one distribution, one value ----------------------------------------------------------------


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Any = None) -> Tensor:
    """Fill with samples of the uniform distribution on [a, b).

    Args:
        tensor: what to fill.
        a: lower bound.
        b: upper bound, >= a.
        generator: the stream; the process's own if not given.

    Example:
        >>> import flambeau as fb
        >>> _ = fb.manual_seed(0)
        >>> fb.nn.init.uniform_(fb.empty(2))
        tensor([0.4963, 0.7682])
    """
    with no_grad():
        return tensor.uniform_(a, b, generator=generator)


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Any = None) -> Tensor:
    """Fill with samples of the normal distribution.

    Args:
        tensor: what to fill.
        mean: its mean.
        std: its standard deviation, >= 0.
        generator: the stream; the process's own if not given.

    Example:
        >>> import flambeau as fb
        >>> _ = fb.manual_seed(0)
        >>> fb.nn.init.normal_(fb.empty(2))
        tensor([ 1.5410, -0.2934])
    """
    with no_grad():
        return tensor.normal_(mean, std, generator=generator)


def trunc_normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Any = None,
) -> Tensor:
    """Fill with samples of the normal distribution restricted to [a, b].

    Args:
        tensor: what to fill.
        mean: the mean of the whole distribution.
        std: its standard deviation, > 0.
        a: the least value.
        b: the greatest value.
        generator: the stream; the process's own if not given.

    Example:
        >>> import flambeau as fb
        >>> values = fb.nn.init.trunc_normal_(fb.empty(1000), a=-1.0, b=1.0)
        >>> bool((values.abs() <= 1).all())
        True
    """
    with no_grad():
        return fill_truncated_normal(tensor, mean, std, a, b, generator)


def constant_(tensor: Tensor, val: float) -> Tensor:
    """Fill with one value.

    Args:
        tensor: what to fill.
        val: the value.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.init.constant_(fb.empty(2), 0.3)
        tensor([0.3000, 0.3000])
    """
    with no_grad():
        return tensor.fill_(val)


def ones_(tensor: Tensor) -> Tensor:
    """Fill with 1.

    Args:
        tensor: what to fill.
    """
    return constant_(tensor, 1.0)


def zeros_(tensor: Tensor) -> Tensor:
    """Fill with 0.

    Args:
        tensor: what to fill.
    """
    with no_grad():
        return tensor.zero_()


# --- matrices that do nothing -------------------------------------------------------------------


def eye_(tensor: Tensor) -> Tensor:
    """Fill a matrix with the identity: a linear layer that hands its input on.

    Args:
        tensor: a matrix.

    Raises:
        ValueError: if it is not a matrix.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.init.eye_(fb.empty(2, 3))
        tensor([[1., 0., 0.],
                [0., 1., 0.]])
    """
    _check_dimensions("eye_", tensor, (2,))
    with no_grad():
        tensor.zero_()
        tensor.diagonal().fill_(1)
    return tensor


def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """Fill the kernel of a convolution so that it hands on as many channels as it can.

    Args:
        tensor: a kernel with 3, 4 or 5 dimensions, output channels first.
        groups: the number of groups; it divides the output channels.

    Raises:
        ValueError: for other dimensions or numbers of groups.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.init.dirac_(fb.empty(1, 1, 3))
        tensor([[[0., 1., 0.]]])
    """
    _check_dimensions("dirac_", tensor, (3, 4, 5))
    channels, inputs, *sizes = tensor.shape
    if channels % groups:
        raise ValueError(
            message(
                "dirac_: groups do not divide the output channels",
                expected=f"a divisor of {channels}",
                got=f"groups={groups}",
            )
        )
    each = channels // groups
    middle = tuple(size // 2 for size in sizes)
    with no_grad():
        tensor.zero_()
        for group in range(groups):
            for channel in range(min(each, inputs)):
                tensor[(group * each + channel, channel, *middle)] = 1
    return tensor


# --- scaled by the number of inputs and outputs -------------------------------------------------


def _calculate_fan_in_and_fan_out(tensor: Tensor) -> tuple[int, int]:
    """How many values each output is made of, and each input goes into."""
    if tensor.ndim < 2:
        raise ValueError(
            message(
                "init: fan in and fan out need at least 2 dimensions",
                expected="a tensor of shape (out, in, ...)",
                got=f"shape {tuple(tensor.shape)}",
            )
        )
    field = math.prod(tensor.shape[2:])
    return tensor.shape[1] * field, tensor.shape[0] * field


def _calculate_correct_fan(tensor: Tensor, mode: str) -> int:
    """The fan of a name."""
    modes = ["fan_in", "fan_out"]
    if mode.lower() not in modes:
        raise ValueError(
            message("init: no such mode", expected="'fan_in' or 'fan_out'", got=repr(mode))
        )
    return _calculate_fan_in_and_fan_out(tensor)[modes.index(mode.lower())]


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Any = None) -> Tensor:
    """Fill uniformly so that signals keep their size forward and backward.

    :math:`U(-a, a)`, :math:`a = gain · sqrt(6 / (fan_in + fan_out))`

    Args:
        tensor: a weight of shape (out, in, ...).
        gain: a factor, see :func:`calculate_gain`.
        generator: the stream; the process's own if not given.

    Raises:
        ValueError: for fewer than 2 dimensions.

    Reference: Glorot and Bengio (2010), equation 16.
    """
    bound = math.sqrt(3.0) * _xavier_std(tensor, gain)
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Any = None) -> Tensor:
    """Fill with normal samples so that signals keep their size forward and backward.

    :math:`N(0, s^2)`, :math:`s = gain · sqrt(2 / (fan_in + fan_out))`

    Args:
        tensor: a weight of shape (out, in, ...).
        gain: a factor, see :func:`calculate_gain`.
        generator: the stream; the process's own if not given.

    Raises:
        ValueError: for fewer than 2 dimensions.

    Reference: Glorot and Bengio (2010).
    """
    return normal_(tensor, 0.0, _xavier_std(tensor, gain), generator)


def _xavier_std(tensor: Tensor, gain: float) -> float:
    return gain * math.sqrt(2.0 / float(sum(_calculate_fan_in_and_fan_out(tensor))))


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Any = None,
) -> Tensor:
    """Fill uniformly so that signals keep their size through rectifiers.

    :math:`U(-b, b)`, :math:`b = gain · sqrt(3 / fan)`

    Args:
        tensor: a weight of shape (out, in, ...).
        a: the negative slope of ``leaky_relu``.
        mode: ``"fan_in"`` to keep sizes forward, ``"fan_out"`` backward.
        nonlinearity: the activation that follows.
        generator: the stream; the process's own if not given.

    Raises:
        ValueError: for fewer than 2 dimensions, or an unknown mode or activation.

    Reference: He et al. (2015), equation 14.
    """
    if _nothing_to_fill(tensor):
        return tensor
    bound = math.sqrt(3.0) * _kaiming_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Any = None,
) -> Tensor:
    """Fill with normal samples so that signals keep their size through rectifiers.

    :math:`N(0, s^2)`, :math:`s = gain / sqrt(fan)`

    Args:
        tensor: a weight of shape (out, in, ...).
        a: the negative slope of ``leaky_relu``.
        mode: ``"fan_in"`` to keep sizes forward, ``"fan_out"`` backward.
        nonlinearity: the activation that follows.
        generator: the stream; the process's own if not given.

    Raises:
        ValueError: for fewer than 2 dimensions, or an unknown mode or activation.

    Reference: He et al. (2015), equation 14.
    """
    if _nothing_to_fill(tensor):
        return tensor
    return normal_(tensor, 0, _kaiming_std(tensor, a, mode, nonlinearity), generator)


def _kaiming_std(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    fan = _calculate_correct_fan(tensor, mode)
    return calculate_gain(nonlinearity, a) / math.sqrt(fan)


def _nothing_to_fill(tensor: Tensor) -> bool:
    if 0 in tensor.shape:
        warnings.warn("init: the tensor has no elements to fill", stacklevel=3)
        return True
    return False


# --- structured matrices ------------------------------------------------------------------------


def orthogonal_(tensor: Tensor, gain: float = 1, generator: Any = None) -> Tensor:
    """Fill with a matrix whose rows or columns, whichever are fewer, are orthonormal.

    Args:
        tensor: at least 2 dimensions; all but the first are taken as one.
        gain: a factor.
        generator: the stream; the process's own if not given.

    Raises:
        ValueError: for fewer than 2 dimensions.

    Reference: Saxe et al. (2013).

    Example:
        >>> import flambeau as fb
        >>> q = fb.nn.init.orthogonal_(fb.empty(2, 5))
        >>> bool(((q @ q.T - fb.eye(2)).abs() < 1e-5).all())
        True
    """
    if tensor.ndim < 2:
        raise ValueError(
            message(
                "orthogonal_: the tensor has too few dimensions",
                expected="at least 2 dimensions",
                got=f"shape {tuple(tensor.shape)}",
            )
        )
    if tensor.numel() == 0:
        return tensor
    rows = tensor.shape[0]
    columns = tensor.numel() // rows
    with no_grad():
        drawn = empty(rows, columns, dtype=tensor.dtype).normal_(0, 1, generator=generator)
        if rows < columns:
            result = apply(ORTHONORMAL_COLUMNS, (drawn.t(),)).t()
        else:
            result = apply(ORTHONORMAL_COLUMNS, (drawn,))
        tensor.copy_(result.reshape(tensor.shape))
        return tensor.mul_(gain)


def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Any = None) -> Tensor:
    """Fill with normal samples, and some places of each column, drawn by lot, with 0.

    Args:
        tensor: a matrix.
        sparsity: the part of each column that is 0, in [0, 1].
        std: the standard deviation.
        generator: the stream of the samples; the lots come from the process's own.

    Raises:
        ValueError: if it is not a matrix.

    Reference: Martens (2010).
    """
    _check_dimensions("sparse_", tensor, (2,))
    rows, columns = tensor.shape
    zeros = math.ceil(sparsity * rows)
    with no_grad():
        tensor.normal_(0, std, generator=generator)
        for column in range(columns):
            tensor[randperm(rows)[:zeros], column] = 0
    return tensor


def _check_dimensions(name: str, tensor: Tensor, allowed: tuple[int, ...]) -> None:
    if tensor.ndim not in allowed:
        raise ValueError(
            message(
                f"{name}: wrong number of dimensions",
                expected=" or ".join(map(str, allowed)) + " dimensions",
                got=f"shape {tuple(tensor.shape)}",
            )
        )


# --- the names of older programs ----------------------------------------------------------------


def _older(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """A function under its name of old, without the underscore at its end."""
    name = function.__name__

    def call(*args: Any, **kwargs: Any) -> Tensor:
        warnings.warn(
            f"nn.init.{name[:-1]} is deprecated in favor of nn.init.{name}",
            FutureWarning,
            stacklevel=2,
        )
        return function(*args, **kwargs)

    call.__name__ = call.__qualname__ = name[:-1]
    call.__doc__ = f"An older name of :func:`{name}`."
    return call


uniform = _older(uniform_)
normal = _older(normal_)
constant = _older(constant_)
eye = _older(eye_)
dirac = _older(dirac_)
xavier_uniform = _older(xavier_uniform_)
xavier_normal = _older(xavier_normal_)
kaiming_uniform = _older(kaiming_uniform_)
kaiming_normal = _older(kaiming_normal_)
orthogonal = _older(orthogonal_)
sparse = _older(sparse_)
