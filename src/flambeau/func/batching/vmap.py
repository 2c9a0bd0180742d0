"""``vmap`` itself: what goes in, what comes out, and in which pieces."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from flambeau.core import trees
from flambeau.core.errors import message
from flambeau.func.arguments import name_of
from flambeau.func.batching.level import BatchLevel
from flambeau.func.batching.randomness import check_mode
from flambeau.tensor.dispatch import apply, wrap
from flambeau.tensor.operation import REGISTRY
from flambeau.tensor.tensor import Tensor

_NOT_GIVEN: Any = object()


def vmap(
    func: Callable[..., Any],
    in_dims: Any = 0,
    out_dims: Any = 0,
    randomness: str = "error",
    *,
    chunk_size: int | None = None,
    in_axes: Any = _NOT_GIVEN,
    out_axes: Any = _NOT_GIVEN,
) -> Callable[..., Any]:
    """A function of a batch of examples from a function of one.

    :math:`vmap(f)(x)_i = f(x_i)`, computed for all examples at once.

    Args:
        func: takes and returns trees of tensors.
        in_dims: the dimension of the examples in each argument: an integer for all of them, or a
            tuple with an entry for each; an entry is an integer, ``None`` for what all examples
            share, or a tree of such entries. Keyword arguments are shared.
        out_dims: where the examples go in the results: an integer, ``None`` for a result that is
            the same for all, or a tree of them.
        randomness: what random operations do: ``"error"``, draw ``"different"`` numbers for each
            example, or the ``"same"`` for all.
        chunk_size: how many examples to compute at once; all of them if not given.
        in_axes, out_axes: JAX's names for ``in_dims`` and ``out_dims``.

    Shape: what has shape ``(..., examples, ...)`` outside has shape ``(..., ...)`` inside.

    Raises:
        ValueError: if the dimensions do not fit the arguments, or differ in size.
        RuntimeError: for random operations unless ``randomness`` allows them.

    Example:
        >>> import flambeau as fb
        >>> fb.func.vmap(fb.dot)(fb.ones(3, 2), fb.ones(3, 2))
        tensor([2., 2., 2.])
    """
    check_mode(randomness)
    ins = in_dims if in_axes is _NOT_GIVEN else in_axes
    outs = out_dims if out_axes is _NOT_GIVEN else out_axes
    if chunk_size is not None and (not isinstance(chunk_size, int) or chunk_size < 1):
        raise ValueError(
            message("vmap: no such chunk_size", expected="a positive integer", got=repr(chunk_size))
        )

    @functools.wraps(func)
    def batched(*args: Any, **kwargs: Any) -> Any:
        leaves, structure = trees.flatten(args)
        dims = _input_dims(func, args, structure, ins)
        size = _common_size(func, leaves, dims)
        leaves = [x if d is None else _front(x, d) for x, d in zip(leaves, dims, strict=True)]
        step = size if chunk_size is None else chunk_size
        pieces = [
            _run(func, _part(leaves, dims, start, min(start + step, size), size), structure, dims,
                 min(step, size - start), outs, randomness, kwargs)
            for start in range(0, max(size, 1), max(step, 1))
        ]  # fmt: skip
        return pieces[0] if len(pieces) == 1 else _joined(pieces, outs)

    return batched


def _part(leaves: list[Any], dims: list[Any], start: int, stop: int, size: int) -> list[Any]:
    """The examples from ``start`` to ``stop`` of what has examples."""
    if start == 0 and stop == size:
        return leaves
    return [
        x if d is None else apply(REGISTRY["slice"], (x,), (0, start, stop, 1))
        for x, d in zip(leaves, dims, strict=True)
    ]


def _run(
    func: Callable[..., Any], leaves: list[Any], structure: Any, dims: list[Any], size: int,
    out_dims: Any, randomness: str, kwargs: dict[str, Any],
) -> Any:  # fmt: skip
    """Run the function once on all these examples."""
    with BatchLevel(size, randomness) as level:
        inside = [
            x if d is None else wrap(level.batched(x)) for x, d in zip(leaves, dims, strict=True)
        ]
        result = func(*trees.unflatten(structure, inside), **kwargs)
        found, shape = trees.flatten(result)
        found = [_returned(level, func, x) for x in found]
    places = _spread("out_dims", func, out_dims, shape)
    out = [_placed(func, x, d) for x, d in zip(found, places, strict=True)]
    return trees.unflatten(shape, out)


def _returned(level: BatchLevel, func: Callable[..., Any], x: Any) -> Any:
    if not isinstance(x, Tensor):
        if isinstance(x, (int, float, complex)):
            x = wrap_number(x)
        else:
            raise ValueError(
                message(
                    f"vmap: {name_of(func)} returned something else than tensors",
                    expected="a tree of tensors",
                    got=type(x).__name__,
                )
            )
    return level.held(level.lifted(x))


def wrap_number(x: Any) -> Tensor:
    """A Python number as a 0-d tensor."""
    from flambeau.tensor.construction import tensor

    return tensor(x)


def _placed(func: Callable[..., Any], held: Any, dim: int | None) -> Tensor:
    """A result with its examples along ``dim``."""
    if dim is None:
        if held.is_batched:
            raise ValueError(
                message(
                    f"vmap: a result of {name_of(func)} differs between examples",
                    expected="an integer in out_dims",
                    got="None, which stands for a result that all examples share",
                )
            )
        return held.value
    ndim = held.ndim + 1
    if not isinstance(dim, int) or not -ndim <= dim < ndim:
        raise IndexError(
            message(
                "vmap: out_dims is no dimension of the result",
                expected=f"an integer from {-ndim} to {ndim - 1}",
                got=repr(dim),
            )
        )
    place = dim % ndim
    if place == 0:
        return held.full()
    order = (*range(1, place + 1), 0, *range(place + 1, ndim))
    return apply(REGISTRY["permute"], (held.full(),), (order,))


def _front(x: Tensor, dim: int) -> Tensor:
    ndim = x._array.ndim
    dim %= ndim
    if dim == 0:
        return x
    return apply(REGISTRY["permute"], (x,), ((dim, *[d for d in range(ndim) if d != dim]),))


def _joined(pieces: list[Any], out_dims: Any) -> Any:
    """The results of several pieces as one."""
    shape = trees.structure(pieces[0])
    places = _spread("out_dims", None, out_dims, shape)
    columns = zip(*[trees.leaves(piece) for piece in pieces], strict=True)
    joined = [
        column[0] if d is None else apply(REGISTRY["cat"], column, (d % column[0].ndim,))
        for column, d in zip(columns, places, strict=True)
    ]
    return trees.unflatten(shape, joined)


# --- dimensions ---------------------------------------------------------------------------------


def _is_dim(x: Any) -> bool:
    return x is None or (isinstance(x, int) and not isinstance(x, bool))


def _input_dims(
    func: Callable[..., Any], args: tuple[Any, ...], structure: Any, in_dims: Any
) -> list[Any]:
    """A dimension or ``None`` for each leaf of the arguments."""
    if not args:
        raise ValueError(
            message(
                f"vmap: {name_of(func)} was called without arguments",
                expected="at least one positional argument with examples",
                got="none",
            )
        )
    if isinstance(in_dims, list):
        in_dims = tuple(in_dims)
    if _is_dim(in_dims):
        in_dims = (in_dims,) * len(args)
    return _spread("in_dims", func, in_dims, structure)


def _spread(name: str, func: Any, dims: Any, structure: Any) -> list[Any]:
    """An entry for each leaf, from a tree of entries that may stop above the leaves."""
    found: list[Any] = []

    def walk(given: Any, shape: Any) -> None:
        if _is_dim(given):
            found.extend([given] * shape.count)
            return
        inner = trees.children(given)
        if shape.kind is None or inner is None or tuple(inner) != shape.keys:
            raise ValueError(
                message(
                    f"vmap: {name} does not fit what it describes",
                    expected=f"an integer, None, or a tree of them like {shape!r}",
                    got=repr(dims),
                )
            )
        for entry, child in zip(inner.values(), shape.children, strict=True):
            walk(entry, child)

    walk(dims, structure)
    return found


def _common_size(func: Callable[..., Any], leaves: list[Any], dims: list[Any]) -> int:
    """How many examples there are."""
    sizes = []
    for x, dim in zip(leaves, dims, strict=True):
        if dim is None:
            continue
        if not isinstance(x, Tensor):
            raise ValueError(
                message(
                    f"vmap: an argument of {name_of(func)} has no dimensions",
                    expected="tensors, or None in in_dims",
                    got=f"{type(x).__name__} with in_dims {dim}",
                )
            )
        if not -x.ndim <= dim < x.ndim:
            raise ValueError(
                message(
                    "vmap: in_dims is no dimension of an argument",
                    expected=f"an integer from {-x.ndim} to {x.ndim - 1}, or None"
                    if x.ndim
                    else "None",
                    got=f"{dim} for a tensor of shape {tuple(x.shape)}",
                )
            )
        sizes.append(x.shape[dim])
    if not sizes:
        raise ValueError(
            message(
                "vmap: no argument has examples",
                expected="a dimension in in_dims for at least one argument",
                got="None for all of them",
            )
        )
    if len(set(sizes)) > 1:
        raise ValueError(
            message(
                "vmap: arguments have different numbers of examples",
                expected="one size along all dimensions in in_dims",
                got=f"sizes {sizes}",
            )
        )
    return sizes[0]
