"""Functions of a batch, computed piece by piece where memory does not hold the whole.

>>> import flambeau as fb
>>> from flambeau.optim.microbatching import microbatch
>>> loss = microbatch(lambda w, x: (w * x).sum(), argnums=1, microbatch_size=2)
>>> loss(fb.tensor(2.), fb.arange(6.))
tensor(30.)
"""

from __future__ import annotations

import enum
import functools
from collections.abc import Callable, Sequence
from typing import Any

from flambeau.core import trees
from flambeau.core.errors import message
from flambeau.ops.joining import cat
from flambeau.optim.checks import require


class AccumulationType(enum.Enum):
    """How the results of several pieces become one."""

    MEAN = "mean"
    SUM = "sum"
    CONCAT = "concat"


def microbatch(
    fun: Callable[..., Any],
    argnums: int | Sequence[int],
    microbatch_size: int,
    accumulator: AccumulationType | Any = AccumulationType.SUM,
    *,
    argnames: str | Sequence[str] = (),
    in_axes: int | Sequence[int] = 0,
    num_real_microbatches: int | None = None,
) -> Callable[..., Any]:
    """A function that calls another one for pieces of a batch, and adds up what that gives.

    What one call keeps for its gradient is gone when the next begins: let ``fun`` compute
    gradients, and only they need memory for the whole batch.

    Args:
        fun: the function; its result is a tree of tensors.
        argnums: the positions of the arguments that hold the batch, trees of tensors.
        microbatch_size: examples in a piece; it divides the batch.
        accumulator: ``SUM``, ``MEAN`` or ``CONCAT`` (along the first dimension), or a tree of
            them like the result, or an upper part of one.
        argnames: names of arguments that hold the batch too.
        in_axes: the dimension of each such argument that counts examples: one for all, or one
            for each of ``argnums`` and then ``argnames``.
        num_real_microbatches: compute only so many pieces, the first ones; the rest is padding.

    Raises:
        ValueError: in the call, if a piece does not divide the batch, or arguments differ in
            their number of examples.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.optim.microbatching import AccumulationType, microbatch
        >>> w = fb.tensor([1.0, 2.0])
        >>> slope = fb.func.grad(lambda w, x: ((x @ w) ** 2).mean())
        >>> pieces = microbatch(slope, 1, 2, AccumulationType.MEAN)
        >>> x = fb.arange(8.0).view(4, 2)
        >>> bool((slope(w, x) - pieces(w, x)).abs().max() < 1e-4)
        True
    """
    numbers = (argnums,) if isinstance(argnums, int) else tuple(argnums)
    names = (argnames,) if isinstance(argnames, str) else tuple(argnames)
    count = len(numbers) + len(names)
    axes = (in_axes,) * count if isinstance(in_axes, int) else tuple(in_axes)
    require(microbatch_size >= 1, "microbatch: invalid size", "at least 1", microbatch_size)
    require(len(axes) == count, "microbatch: in_axes does not fit", f"{count} numbers", axes)
    dims = dict(zip((*numbers, *names), axes, strict=True))

    @functools.wraps(fun)
    def in_pieces(*args: Any, **kwargs: Any) -> Any:
        given: dict[int | str, Any] = {**dict(enumerate(args)), **kwargs}
        pieces = _count(given, dims, microbatch_size)
        pieces = pieces if num_real_microbatches is None else min(pieces, num_real_microbatches)
        results = []
        for i in range(pieces):
            part = {
                key: _piece(value, dims[key], i, microbatch_size) if key in dims else value
                for key, value in given.items()
            }
            found = fun(*[part[i] for i in range(len(args))], **{k: part[k] for k in kwargs})
            results = _gathered(results, found, accumulator)
        return _finished(results, accumulator, pieces)

    return in_pieces


def _count(given: dict[int | str, Any], dims: dict[Any, int], size: int) -> int:
    """How many pieces a batch has.

    Raises:
        ValueError: if pieces do not divide it, or arguments differ.
    """
    lengths = {
        x.shape[dim] for key, dim in dims.items() if key in given
        for x in trees.leaves(given[key]) if x is not None
    }  # fmt: skip
    if len(lengths) != 1 or next(iter(lengths)) % size or not next(iter(lengths)):
        raise ValueError(
            message(
                "microbatch: the batch does not fall into pieces",
                expected=f"as many examples in every argument, a multiple of {size}",
                got=f"{sorted(lengths)} examples",
            )
        )
    return next(iter(lengths)) // size


def _piece(tree: Any, dim: int, i: int, size: int) -> Any:
    return trees.map(lambda x: None if x is None else x.narrow(dim, i * size, size), tree)


def _kinds(accumulator: Any, tree: Any) -> list[AccumulationType]:
    """The kind of accumulation for each leaf, from an upper part of its tree."""
    found = []
    for path in trees.paths(tree):
        kind = accumulator
        for key in path:
            parts = trees.children(kind)
            if parts is None:
                break
            kind = parts[key]
        found.append(kind)
    return found


def _gathered(results: list[Any], found: Any, accumulator: Any) -> list[Any]:
    """Results so far, with one more: sums need not wait for the end."""
    if not results:
        return [found]
    values, structure = trees.flatten(found)
    before = trees.leaves(results[0])
    joined = [
        cat([old, new]) if kind is AccumulationType.CONCAT else old + new
        for kind, old, new in zip(_kinds(accumulator, found), before, values, strict=True)
    ]
    return [trees.unflatten(structure, joined)]


def _finished(results: list[Any], accumulator: Any, pieces: int) -> Any:
    values, structure = trees.flatten(results[0])
    kinds = _kinds(accumulator, results[0])
    return trees.unflatten(
        structure,
        [x / pieces if k is AccumulationType.MEAN else x for k, x in zip(kinds, values)],
    )
