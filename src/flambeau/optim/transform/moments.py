"""Running averages that rules are made of. They change the average in place."""

from __future__ import annotations

from typing import Any

from flambeau.ops.likes import zeros_like
from flambeau.tensor.tensor import Tensor


def zeros_for(p: Tensor, dtype: Any = None) -> Tensor:
    """An average like the parameter that starts at zero."""
    return zeros_like(p, dtype=dtype)


def real_zeros_for(p: Tensor, dtype: Any = None) -> Tensor:
    """An average of squared sizes that starts at zero: real, also for complex parameters."""
    return zeros_like(p, dtype=dtype if dtype is not None else p.dtype.to_real())


def size_squared(g: Tensor) -> Tensor:
    """The square of each element, or of its modulus."""
    return (g * g.conj()).real if g.is_complex() else g * g


def average_(moment: Tensor, value: Tensor, decay: Any) -> Tensor:
    """``moment = decay * moment + (1 - decay) * value``."""
    if isinstance(decay, Tensor):
        return moment.mul_(decay).add_(value * (1 - decay))
    return moment.lerp_(value, 1 - decay)


def average_square_(moment: Tensor, g: Tensor, decay: Any) -> Tensor:
    """``moment = decay * moment + (1 - decay) * |g|**2``."""
    if isinstance(decay, Tensor):
        return moment.mul_(decay).add_(size_squared(g) * (1 - decay))
    if g.is_complex():
        return moment.mul_(decay).add_(size_squared(g), alpha=1 - decay)
    return moment.mul_(decay).addcmul_(g, g, value=1 - decay)


def added(x: Tensor, y: Any, factor: Any) -> Tensor:
    """``x + factor * y``."""
    return x + y * factor if isinstance(factor, Tensor) else x.add(y, alpha=factor)


def added_(x: Tensor, y: Any, factor: Any) -> Tensor:
    """``x += factor * y``."""
    return x.add_(y * factor) if isinstance(factor, Tensor) else x.add_(y, alpha=factor)


def root(square: Tensor, eps: Any, eps_root: Any = 0.0) -> Tensor:
    """``sqrt(square + eps_root) + eps``."""
    if isinstance(eps_root, Tensor) or eps_root != 0:
        square = square + eps_root
    return square.sqrt() + eps


def with_nesterov(mu: Tensor, g: Tensor, b1: Any, step: Any) -> Tensor:
    """The first moment one step ahead, freed from its bias: ``b1 m/c' + (1 - b1) g/c``."""
    ahead = mu * (b1 / (1 - b1 ** (step + 1)))
    return added(ahead, g, (1 - b1) / (1 - b1**step))
