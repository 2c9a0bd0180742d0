"""Pooling functions that are made of others, and the ways back."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, prod
from typing import Any

from flambeau.core.errors import message
from flambeau.core.repeated import integers
from flambeau.ops.average_pooling import avg_pool1d, avg_pool2d, avg_pool3d
from flambeau.ops.fractional_pooling import FRACTIONAL_MAX_POOL
from flambeau.ops.max_pooling import max_pool1d, max_pool2d, max_pool3d
from flambeau.ops.sampling import rand
from flambeau.ops.unpooling import MAX_UNPOOL
from flambeau.ops.view_record import require_tensor
from flambeau.tensor.dispatch import apply
from flambeau.tensor.tensor import Tensor

_AVERAGE = {1: avg_pool1d, 2: avg_pool2d, 3: avg_pool3d}
_MAXIMUM = {1: max_pool1d, 2: max_pool2d, 3: max_pool3d}


# --- power means ---------------------------------------------------------------------------------


def _power_mean(
    ndim: int, input: Any, norm_type: float, kernel_size: Any, stride: Any, ceil_mode: bool
) -> Any:
    require_tensor(f"lp_pool{ndim}d", input)
    if norm_type == inf:
        return _MAXIMUM[ndim](input.abs(), kernel_size, stride, 0, 1, ceil_mode)
    if norm_type == -inf:
        return -_MAXIMUM[ndim](-input.abs(), kernel_size, stride, 0, 1, ceil_mode)
    kernel = integers(f"lp_pool{ndim}d", "kernel_size", kernel_size, ndim)
    means: Any = _AVERAGE[ndim](input.pow(norm_type), kernel_size, stride, 0, ceil_mode)
    return (means.sign() * means.abs().relu()).mul(prod(kernel)).pow(1.0 / norm_type)


def lp_pool1d(
    input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> Tensor:
    """The p-norm of each window of sequences.

    :math:`out = (Σ_k input_k^p)^{1/p}`

    Args:
        input: (n, c, length), or without n.
        norm_type: p, not 0; ``inf`` for the largest absolute value.
        kernel_size: the windows' size.
        stride: steps between windows, >= 1; ``kernel_size`` if not given.
        ceil_mode: whether a last window may reach beyond the end.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.functional.lp_pool1d(fb.tensor([[3., 4.]]), 2, 2)
        tensor([[5.]])
    """
    return _power_mean(1, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool2d(
    input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> Tensor:
    """The p-norm of each window of images.

    :math:`out = (Σ_k input_k^p)^{1/p}`

    Args:
        input: (n, c, height, width), or without n.
        norm_type: p, not 0; ``inf`` for the largest absolute value.
        kernel_size: the windows' sizes, one number or two.
        stride: steps between windows, >= 1; ``kernel_size`` if not given.
        ceil_mode: whether a last window may reach beyond the end.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.functional.lp_pool2d(fb.ones(1, 4, 4), 2, 2)
        tensor([[[2., 2.],
                 [2., 2.]]])
    """
    return _power_mean(2, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool3d(
    input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> Tensor:
    """The p-norm of each window of volumes.

    :math:`out = (Σ_k input_k^p)^{1/p}`

    Args:
        input: (n, c, depth, height, width), or without n.
        norm_type: p, not 0; ``inf`` for the largest absolute value.
        kernel_size: the windows' sizes, one number or three.
        stride: steps between windows, >= 1; ``kernel_size`` if not given.
        ceil_mode: whether a last window may reach beyond the end.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.functional.lp_pool3d(fb.ones(1, 2, 2, 2), 3, 2)
        tensor([[[[2.]]]])
    """
    return _power_mean(3, input, norm_type, kernel_size, stride, ceil_mode)


# --- back to where the largest values were -------------------------------------------------------


def _unpooled_sizes(
    name: str, input: Any, kernel: Any, stride: Any, padding: Any, output_size: Any
) -> tuple[int, ...]:
    ndim = len(kernel)
    places = input.shape[-ndim:]
    usual = [(n - 1) * s + k - 2 * p for n, s, k, p in zip(places, stride, kernel, padding)]
    if output_size is None:
        return tuple(usual)
    sizes = tuple(output_size)
    sizes = sizes[2:] if len(sizes) == ndim + 2 else sizes
    if len(sizes) != ndim or any(abs(n - u) >= s for n, u, s in zip(sizes, usual, stride)):
        least = tuple([u - s + 1 for u, s in zip(usual, stride)])
        most = tuple([u + s - 1 for u, s in zip(usual, stride)])
        raise ValueError(
            message(
                f"{name}: output_size cannot be reached",
                expected=f"sizes from {least} to {most}",
                got=str(tuple(output_size)),
            )
        )
    return sizes


def _unpooled(
    ndim: int, input: Any, indices: Any, kernel_size: Any, stride: Any, padding: Any,
    output_size: Any,
) -> Any:  # fmt: skip
    name = f"max_unpool{ndim}d"
    require_tensor(name, input)
    require_tensor(name, indices)
    kernel = integers(name, "kernel_size", kernel_size, ndim)
    missing = stride is None or (isinstance(stride, (tuple, list)) and not stride)
    steps = kernel if missing else integers(name, "stride", stride, ndim)
    borders = integers(name, "padding", padding, ndim)
    sizes = _unpooled_sizes(name, input, kernel, steps, borders, output_size)
    if ndim > 1:
        return apply(MAX_UNPOOL[ndim], (input, indices), (sizes,))
    flat = (input.unsqueeze(-1), indices.unsqueeze(-1))
    return apply(MAX_UNPOOL[2], flat, ((*sizes, 1),)).squeeze(-1)


def _unpool_function(ndim: int, sizes: str, example: str) -> Callable[..., Tensor]:
    def call(
        input: Tensor,
        indices: Tensor,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        output_size: Any = None,
    ) -> Tensor:
        return _unpooled(ndim, input, indices, kernel_size, stride, padding, output_size)

    call.__name__ = call.__qualname__ = f"max_unpool{ndim}d"
    call.__doc__ = f"""Put the largest values of windows back to where they were; zeros elsewhere.

    Args:
        input: (n, c, {sizes}), or without n: what ``max_pool{ndim}d`` returned.
        indices: where the values were, as ``max_pool{ndim}d`` returned it.
        kernel_size, stride, padding: those of the pooling.
        output_size: the sizes before the pooling, where several are possible.

    Shape: (n, c, {sizes}) -> (n, c, ...), sizes (size - 1)·stride - 2·padding + kernel_size.

    Raises:
        ValueError: if ``output_size`` cannot be reached.
        RuntimeError: if shapes do not fit, or an index is out of range.

    Example:
        >>> import flambeau as fb
        >>> F = fb.nn.functional
        >>> x, where = F.max_pool{ndim}d({example}, 2, return_indices=True)
        >>> F.max_unpool{ndim}d(x, where, 2).sum()
        tensor(3.)
    """
    return call


max_unpool1d = _unpool_function(1, "length", "fb.tensor([[1., 3.]])")
max_unpool2d = _unpool_function(2, "height, width", "fb.tensor([[[1., 3.], [2., 0.]]])")
max_unpool3d = _unpool_function(3, "depth, height, width", "3 * fb.ones(1, 2, 2, 2)")


# --- windows at random places --------------------------------------------------------------------


def _fractional(
    ndim: int, input: Any, kernel_size: Any, output_size: Any, output_ratio: Any,
    return_indices: bool, samples: Any,
) -> Any:  # fmt: skip
    name = f"fractional_max_pool{ndim}d"
    array = require_tensor(name, input)
    if output_size is None and output_ratio is None:
        raise ValueError(
            message(
                f"{name}: no size is asked for", expected="output_size or output_ratio", got="none"
            )
        )
    kernel = integers(name, "kernel_size", kernel_size, ndim)
    if output_size is None:
        ratios = output_ratio if isinstance(output_ratio, (tuple, list)) else (output_ratio,) * ndim
        output_size = tuple([int(n * r) for n, r in zip(array.shape[-ndim:], ratios)])
    sizes = integers(name, "output_size", output_size, ndim)
    if samples is None:
        count = array.shape[0] if array.ndim == ndim + 2 else 1
        samples = rand(count, array.shape[-ndim - 1], ndim, dtype=input.dtype)
    both = apply(FRACTIONAL_MAX_POOL[ndim], (input, samples), (kernel, sizes))
    return both if return_indices else both[0]


def fractional_max_pool2d(
    input: Tensor,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> Any:
    """The largest values of windows at random places, as many as asked for.

    Args:
        input: (n, c, height, width), or without n.
        kernel_size: the windows' sizes, one number or two.
        output_size: how many windows, one number or two.
        output_ratio: how many, as a part of the input's sizes, 0 to 1.
        return_indices: also return where the values lie, counted row by row within a channel.

    Shape: (n, c, height, width) -> (n, c, *output_size).

    Raises:
        ValueError: if neither size nor ratio is given.
        RuntimeError: if the windows do not fit the input.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.functional.fractional_max_pool2d(fb.ones(1, 2, 9, 9), 2, output_ratio=0.5).shape
        torch.Size([1, 2, 4, 4])

    Reference: Graham, Fractional max-pooling, 2014.
    """
    return _fractional(
        2, input, kernel_size, output_size, output_ratio, return_indices, _random_samples
    )


def fractional_max_pool3d(
    input: Tensor,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> Any:
    """The largest values of windows at random places, as many as asked for.

    Args:
        input: (n, c, depth, height, width), or without n.
        kernel_size: the windows' sizes, one number or three.
        output_size: how many windows, one number or three.
        output_ratio: how many, as a part of the input's sizes, 0 to 1.
        return_indices: also return where the values lie, counted row by row within a channel.

    Shape: (n, c, depth, height, width) -> (n, c, *output_size).

    Raises:
        ValueError: if neither size nor ratio is given.
        RuntimeError: if the windows do not fit the input.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.functional.fractional_max_pool3d(fb.ones(1, 2, 9, 9, 9), 2, 3).shape
        torch.Size([1, 2, 3, 3, 3])

    Reference: Graham, Fractional max-pooling, 2014.
    """
    return _fractional(
        3, input, kernel_size, output_size, output_ratio, return_indices, _random_samples
    )


# --- with indices --------------------------------------------------------------------------------


def _with_indices(pool: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        kwargs["return_indices"] = True
        return pool(*args, **kwargs)

    name = pool.__name__ + "_with_indices"
    call.__name__ = call.__qualname__ = name
    call.__doc__ = f":func:`{pool.__name__}` with ``return_indices=True``."
    return call


max_pool1d_with_indices = _with_indices(max_pool1d)
max_pool2d_with_indices = _with_indices(max_pool2d)
max_pool3d_with_indices = _with_indices(max_pool3d)
fractional_max_pool2d_with_indices = _with_indices(fractional_max_pool2d)
fractional_max_pool3d_with_indices = _with_indices(fractional_max_pool3d)
