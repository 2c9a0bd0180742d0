"""Fitting gradients to what they belong to, and adding them up in leaves."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core.errors import GraphError, message
from flambeau.tensor.dispatch import apply, apply_inplace
from flambeau.tensor.operation import REGISTRY
from flambeau.tensor.tensor import Tensor


def fit(gradient: Tensor, shape: tuple[int, ...], dtype: np.dtype, source: Any = None) -> Tensor:
    """A gradient reduced to ``shape`` where the operation broadcast, and converted to ``dtype``.

    Rules of elementwise operations return gradients of the output's shape and type; this is the
    one place where broadcasting and promotion are undone. The gradient of a real input of a
    complex operation is the real part.
    """
    array = gradient._array
    if array.shape != shape:
        gradient = _reduce(gradient, shape, source)
    if array.dtype != dtype:
        if array.dtype.kind == "c" and dtype.kind != "c":
            gradient = apply(REGISTRY["real"], (gradient,))
        if gradient._array.dtype != dtype:
            gradient = apply(REGISTRY["to_dtype"], (gradient,), (dtype,))
    return gradient


def _reduce(gradient: Tensor, shape: tuple[int, ...], source: Any) -> Tensor:
    given = gradient._array.shape
    extra = len(given) - len(shape)
    kept = given[extra:] if extra >= 0 else None
    if kept is None or any(s not in (1, g) for s, g in zip(shape, kept, strict=True)):
        raise GraphError(
            message(
                f"backward: {source.name() if source is not None else 'a node'} returned a "
                "gradient that does not fit its input",
                expected=f"shape {tuple(shape)}",
                got=f"shape {tuple(given)}",
            )
        )
    return sum_to(gradient, shape)


def sum_to(gradient: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Sum over the dimensions along which ``shape`` was broadcast."""
    given = gradient._array.shape
    extra = len(given) - len(shape)
    dims = tuple(range(extra)) + tuple(
        extra + axis for axis, size in enumerate(shape) if size == 1 and given[extra + axis] != 1
    )
    summed = apply(REGISTRY["sum"], (gradient,), (dims, True, None))
    return summed if not extra else apply(REGISTRY["reshape"], (summed,), (tuple(shape),))


def accumulate(leaf: Tensor, gradient: Tensor, create_graph: bool, unshared: bool) -> None:
    """Add ``gradient`` to ``leaf.grad``, as the end of a backward pass does.

    Args:
        leaf: where it belongs.
        gradient: what arrived in this pass.
        create_graph: whether ``leaf.grad`` keeps its history.
        unshared: whether the caller holds the only reference to ``gradient``.
    """
    present = leaf.grad
    if present is None:
        leaf._store_grad(gradient if create_graph else _own(gradient, unshared))
    elif create_graph:
        leaf._store_grad(present + gradient)
    else:
        apply_inplace(REGISTRY["add"], present, (gradient,), (1,))
    after = leaf.__dict__.get("_after_accumulation")
    if after:
        for hook in list(after.values()):
            hook(leaf)


def _own(gradient: Tensor, unshared: bool) -> Tensor:
    """A gradient that nobody else holds or writes to."""
    array = gradient._array
    if unshared and gradient._counter is None and gradient._view is None and _owns(array):
        gradient._node, gradient._requires = None, False
        return gradient
    return apply(REGISTRY["clone"], (gradient.detach(),), (None,))


def _owns(array: Any) -> bool:
    flags = getattr(array, "flags", None)
    return flags is None or (flags.owndata and flags.writeable)
