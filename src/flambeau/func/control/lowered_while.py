"""Loops of unknown length inside ``vmap`` and ``jvp`` in a function that is being compiled.

They become loops of the level below: with the examples along one more dimension, until every one
of them is done, or with tangents carried beside the values.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from flambeau.func.batching.level import BatchLevel
from flambeau.func.control.lowered import apart, held_of, joined
from flambeau.func.control.unfinished import any_of, chosen, going_on
from flambeau.func.forward.level import DualLevel
from flambeau.func.stretch import is_continuous
from flambeau.tensor.dispatch import apply, wrap
from flambeau.tensor.modes import GRAD, MODE
from flambeau.tensor.operation import REGISTRY
from flambeau.tensor.tensor import Tensor

# A step takes what is carried, and returns what is carried on and whether there is another step.
Step = Callable[[list[Tensor]], tuple[list[Tensor], Tensor]]
Loop = Callable[[Step, list[Tensor], Tensor], tuple[list[Tensor], Callable[[Tensor], bool]]]


def while_of(interpreter: Any, run: Loop) -> Loop | None:
    """How the interpreter runs a loop of unknown length; ``None`` if it does not.

    Args:
        interpreter: the active one.
        run: runs a loop at the level below.
    """
    if isinstance(interpreter, BatchLevel):
        return partial(_batched, interpreter, run)
    if isinstance(interpreter, DualLevel):
        return partial(_dual, interpreter, run)
    return partial(_recorded, interpreter) if hasattr(interpreter, "scan") else None


def _recorded(recorder: Any, step: Step, carried: list[Tensor], goes_on: Tensor) -> Any:
    def single(carry: list[Tensor], _: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        new, more = step(carry)
        return new, [more]

    final, _, is_outer = recorder.scan(single, carried, [goes_on], None, False)
    return final, is_outer


def _batched(
    level: BatchLevel, run: Loop, step: Step, carried: list[Tensor], goes_on: Tensor
) -> Any:
    inside = MODE.code & GRAD
    states, first = held_of(level, carried), level.held(level.lifted(goes_on))

    def lowered(carry: list[Tensor]) -> tuple[list[Tensor], Tensor]:
        flags, *values = carry
        given = [going_on(flags, x) for x in values]
        with level.resumed():
            MODE.code |= inside
            new, more = step([wrap(level.batched(x)) for x in given])
            found, asked = held_of(level, new), level.held(level.lifted(more))
        kept = [chosen(flags, h.full(), x) for h, x in zip(found, values, strict=True)]
        flags = apply(REGISTRY["logical_and"], (flags, asked.full()))
        return [flags, *kept], any_of(flags)

    def below() -> Any:
        flags = first.full()
        return run(lowered, [flags, *[h.full() for h in states]], any_of(flags))

    final, is_outer = level._below(MODE.code, below)
    return (
        [wrap(level.batched(x)) for x in final[1:]],
        lambda x: is_outer(x._array.value if level.owns(x) else x),
    )


def _dual(level: DualLevel, run: Loop, step: Step, carried: list[Tensor], goes_on: Tensor) -> Any:
    inside = MODE.code & GRAD
    states, first = held_of(level, carried), level.held(level.lifted(goes_on))
    kinds = [is_continuous(h) for h in states]

    def lowered(carry: list[Tensor]) -> tuple[list[Tensor], Tensor]:
        with level.resumed():
            MODE.code |= inside
            new, more = step(joined(level, carry, kinds))
            found, asked = held_of(level, new), level.held(level.lifted(more))
        return apart(found), asked.primal

    final, is_outer = level._below(MODE.code, lambda: run(lowered, apart(states), first.primal))
    return (
        joined(level, final, kinds),
        lambda x: is_outer(x._array.primal if level.owns(x) else x),
    )
