"""Functions with gradients of their own in regions of mixed precision."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from flambeau.amp.autocast import autocast, get_autocast_dtype, is_autocast_enabled
from flambeau.core import dtypes, trees
from flambeau.tensor.tensor import Tensor


def custom_fwd(
    fwd: Callable[..., Any] | None = None, *, device_type: str, cast_inputs: Any = None
) -> Callable[..., Any]:
    """Decorator of ``forward`` of an :class:`flambeau.autograd.Function`.

    Args:
        fwd: the method.
        device_type: ``"cpu"``; for other devices nothing happens.
        cast_inputs: in a region, floating-point inputs are of this type (but for float64), and
            the region is off inside; ``None`` leaves both as they are.

    Example:
        >>> import flambeau as fb
        >>> class Product(fb.autograd.Function):
        ...     @staticmethod
        ...     @fb.amp.custom_fwd(device_type="cpu", cast_inputs=fb.float32)
        ...     def forward(ctx, x, y):
        ...         ctx.save_for_backward(x, y)
        ...         return x @ y
        ...     @staticmethod
        ...     @fb.amp.custom_bwd(device_type="cpu")
        ...     def backward(ctx, g):
        ...         x, y = ctx.saved_tensors
        ...         return g @ y.mT, x.mT @ g
        >>> with fb.autocast("cpu"):
        ...     Product.apply(fb.eye(2), fb.eye(2)).dtype
        torch.float32
    """
    if fwd is None:
        return functools.partial(custom_fwd, device_type=device_type, cast_inputs=cast_inputs)

    @functools.wraps(fwd)
    def forward(ctx: Any, *args: Any, **options: Any) -> Any:
        inside = is_autocast_enabled(device_type)
        ctx._region = get_autocast_dtype(device_type), inside and cast_inputs is None
        if not inside or cast_inputs is None:
            return fwd(ctx, *args, **options)
        given = trees.map(lambda x: _cast(x, cast_inputs), (args, options))
        with autocast(device_type, enabled=False):
            return fwd(ctx, *given[0], **given[1])

    return forward


def custom_bwd(bwd: Callable[..., Any] | None = None, *, device_type: str) -> Callable[..., Any]:
    """Decorator of ``backward``: it runs in the region that :func:`custom_fwd` has seen.

    Args:
        bwd: the method.
        device_type: ``"cpu"``; for other devices nothing happens.
    """
    if bwd is None:
        return functools.partial(custom_bwd, device_type=device_type)

    @functools.wraps(bwd)
    def backward(ctx: Any, *args: Any, **options: Any) -> Any:
        dtype, inside = ctx._region
        with autocast("cpu", dtype=dtype, enabled=inside):
            return bwd(ctx, *args, **options)

    return backward


def _cast(x: Any, dtype: dtypes.dtype) -> Any:
    floats = isinstance(x, Tensor) and x.dtype.is_floating_point and x.dtype is not dtypes.float64
    return x.to(dtype) if floats else x
