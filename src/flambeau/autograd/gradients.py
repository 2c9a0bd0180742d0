"""Fitting gradients to what they belong to, and adding them up in leaves."""

from __future__ import annotations

from sys import getrefcount
from typing import Any

import numpy as np

from flambeau.core.errors import GraphError, message
from flambeau.tensor.dispatch import apply, apply_inplace, wrap
from flambeau.tensor.modes import INTERPRETED, MODE
from flambeau.tensor.operation import REGISTRY
from flambeau.tensor.tensor import Tensor


def fit(gradient: Tensor, shape: tuple[int, ...], dtype: np.dtype, source: Any = None) -> Tensor:
    """A gradient reduced to ``shape`` where the operation broadcast, and converted to ``dtype``.

    Rules of elementwise operations return gradients of the output's shape and type; this is the
    one place where broadcasting and promotion are undone. The gradient of a real input of a
    complex operation is the real part.

    Args:
        gradient: what a node gave.
        shape, dtype: what it has to be like.
        source: the node that gave it, for errors.

    Raises:
        RuntimeError: if ``shape`` does not broadcast to the gradient's.
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
        gradient: what arrived in this pass, of the leaf's shape and type.
        create_graph: whether ``leaf.grad`` keeps its history; then it is another tensor after.
        unshared: whether the caller holds the only reference to ``gradient``.
    """
    present = leaf.grad
    if present is None:
        if create_graph:
            leaf._store_grad(apply(REGISTRY["clone"], (gradient,), (None,)))
        else:
            leaf._store_grad(_own(gradient, leaf, unshared))
    elif create_graph:
        leaf._store_grad(present + gradient)
    else:
        apply_inplace(REGISTRY["add"], present, (gradient,), (1,))
    after = leaf.__dict__.get("_after_accumulation")
    if after:
        for hook in list(after.values()):
            _check_nothing(hook(leaf))


def _check_nothing(result: Any) -> None:
    if result is not None:
        raise TypeError(
            message(
                "post-accumulate hook: it must return None",
                expected="None",
                got=type(result).__name__,
            )
        )


def _own(gradient: Tensor, leaf: Tensor, unshared: bool) -> Tensor:
    """The gradient in memory that nobody else holds or writes to, laid out like the leaf.

    The layout matters to whoever updates the leaf by it: NumPy walks two arrays of one layout
    in one sweep.
    """
    if MODE.code & INTERPRETED:
        return apply(REGISTRY["clone"], (gradient.detach(),), (None,))
    array, data = gradient._array, leaf._array
    if unshared and gradient._counter is None and gradient._view is None:
        alone = getrefcount(array) <= _UNSHARED
        flags = array.flags
        if alone and flags.owndata and flags.writeable and _same_layout(array, data):
            gradient._node, gradient._requires = None, False
            return gradient
    if data.flags.c_contiguous or 0 in data.strides:
        return wrap(np.array(array, order="C"))
    copy = np.empty_like(data, subok=False)
    copy[...] = array
    return wrap(copy)


def _same_layout(x: np.ndarray, y: np.ndarray) -> bool:
    return x.strides == y.strides or (x.flags.c_contiguous and y.flags.c_contiguous)


def _count_of_an_unshared_array() -> int:
    """What ``getrefcount`` says in :func:`_own` of an array that only its tensor holds.

    It differs between versions of Python, so it is counted in the same situation.
    """
    gradient = wrap(np.empty(0))
    array, _ = gradient._array, None
    return getrefcount(array)


_UNSHARED = _count_of_an_unshared_array()
