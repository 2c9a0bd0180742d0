"""Loops inside ``vmap`` and ``jvp`` in a function that is being compiled.

They become loops of the level below, whose step runs at the transformation's level: with the
examples along one more dimension, or with tangents carried beside the values.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from flambeau.func.batching.level import BatchLevel
from flambeau.func.forward.level import DualLevel
from flambeau.func.stretch import is_continuous
from flambeau.tensor.dispatch import apply, wrap
from flambeau.tensor.modes import GRAD, MODE
from flambeau.tensor.operation import REGISTRY
from flambeau.tensor.tensor import Tensor

Loop = Callable[..., tuple[list[Tensor], list[Tensor], Callable[[Tensor], bool]]]


def loop_of(interpreter: Any, run: Loop) -> Loop | None:
    """How the interpreter runs a loop as one operation; ``None`` if it does not.

    Args:
        interpreter: the active one.
        run: runs a loop at the level below.
    """
    if isinstance(interpreter, BatchLevel):
        return partial(_batched, interpreter, run)
    if isinstance(interpreter, DualLevel):
        return partial(_dual, interpreter, run)
    return getattr(interpreter, "scan", None)


def held_of(level: Any, tensors: list[Tensor]) -> list[Any]:
    """What tensors hold at a level, also those of levels below."""
    return [level.held(level.lifted(x)) for x in tensors]


def _swapped(x: Tensor) -> Tensor:
    """Examples and steps, the first two dimensions, in the other order."""
    return apply(REGISTRY["transpose"], (x,), (0, 1))


def _batched(
    level: BatchLevel, run: Loop, step: Any, carried: list[Tensor], walked: list[Tensor],
    count: int, reverse: bool,
) -> Any:  # fmt: skip
    inside = MODE.code & GRAD
    states, arrays = held_of(level, carried), held_of(level, walked)
    batched = [h.is_batched for h in arrays]

    def lowered(carry: list[Tensor], items: list[Tensor]) -> Any:
        with level.resumed():
            MODE.code |= inside
            given = [wrap(level.batched(x)) for x in carry]
            slices = [
                wrap(level.batched(x) if b else level.constant(x)) for x, b in zip(items, batched)
            ]
            new, left = step(given, slices)
            found = held_of(level, new), held_of(level, left)
        return [h.full() for h in found[0]], [h.full() for h in found[1]]

    def below() -> Any:
        full = [h.full() for h in states]
        slices = [_swapped(h.value) if b else h.value for h, b in zip(arrays, batched)]
        final, stacks, is_outer = run(lowered, full, slices, count, reverse)
        return final, [_swapped(x) for x in stacks], is_outer

    final, stacks, is_outer = level._below(MODE.code, below)
    return (
        [wrap(level.batched(x)) for x in final],
        [wrap(level.batched(x)) for x in stacks],
        lambda x: is_outer(x._array.value if level.owns(x) else x),
    )


def _dual(
    level: DualLevel, run: Loop, step: Any, carried: list[Tensor], walked: list[Tensor],
    count: int, reverse: bool,
) -> Any:  # fmt: skip
    inside = MODE.code & GRAD
    states, arrays = held_of(level, carried), held_of(level, walked)
    kinds = [is_continuous(h) for h in states], [is_continuous(h) for h in arrays]
    shapes: list[list[bool]] = []

    def lowered(carry: list[Tensor], items: list[Tensor]) -> Any:
        with level.resumed():
            MODE.code |= inside
            new, left = step(joined(level, carry, kinds[0]), joined(level, items, kinds[1]))
            found = held_of(level, new), held_of(level, left)
        shapes[:] = [[is_continuous(h) for h in found[1]]]
        return apart(found[0]), apart(found[1])

    def below() -> Any:
        return run(lowered, apart(states), apart(arrays), count, reverse)

    final, stacks, is_outer = level._below(MODE.code, below)
    return (
        joined(level, final, kinds[0]),
        joined(level, stacks, shapes[0]),
        lambda x: is_outer(x._array.primal if level.owns(x) else x),
    )


def apart(duals: list[Any]) -> list[Tensor]:
    """Values, then the tangents of those that have one."""
    zeros = REGISTRY["zeros_like"]
    tangents = [
        apply(zeros, (h.primal.detach(),), (None,)) if h.tangent is None else h.tangent
        for h in duals
        if is_continuous(h)
    ]
    return [h.primal for h in duals] + tangents


def joined(level: DualLevel, tensors: list[Tensor], continuous: list[bool]) -> list[Tensor]:
    """The inverse of :func:`apart`, as tensors of the level."""
    primals = tensors[: len(continuous)]
    tangents = iter(tensors[len(continuous) :])
    return [
        wrap(level.dual(x, next(tangents) if has else None))
        for x, has in zip(primals, continuous, strict=True)
    ]
