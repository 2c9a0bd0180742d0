"""Random numbers inside ``vmap``: the same for all examples, or different ones."""

from __future__ import annotations

from typing import Any

from flambeau.core.errors import message
from flambeau.func.level import Held
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import REGISTRY, Operation

MODES = ("error", "different", "same")

# What is drawn depends on the values of these operations' inputs, not only on their shape.
_OF_VALUES = frozenset({
    "bernoulli_of", "normal_around", "normal_spread", "normal_both", "bernoulli_probabilities",
    "multinomial", "poisson", "binomial",
})  # fmt: skip


def check_mode(mode: str) -> None:
    """Refuse an unknown way of drawing.

    Raises:
        RuntimeError: naming the three that there are.
    """
    if mode not in MODES:
        raise RuntimeError(
            message(
                "vmap: no such randomness",
                expected="'error', 'different' or 'same'",
                got=repr(mode),
            )
        )


def draw(
    level: Any, op: Operation, operands: list[Any], params: tuple[Any, ...]
) -> tuple[Any, bool]:
    """The results of an operation that draws, and whether they differ between examples."""
    if level.randomness == "error":
        raise RuntimeError(
            message(
                f"vmap: {op.name} draws random numbers",
                expected="randomness='different' or randomness='same'",
                got="randomness='error'",
                help="say with randomness= whether examples get different numbers or the same",
            )
        )
    if level.randomness == "same":
        return _same(level, op, operands, params)
    return _different(level, op, operands, params), True


def _same(
    level: Any, op: Operation, operands: list[Any], params: tuple[Any, ...]
) -> tuple[Any, bool]:
    varies = any(isinstance(x, Held) and x.is_batched for x in operands)
    if varies and op.name in _OF_VALUES:
        raise RuntimeError(
            message(
                f"vmap: {op.name} cannot draw the same for examples that differ",
                expected="inputs that are the same in all examples, or randomness='different'",
                got="inputs that differ",
            )
        )
    inputs = [_one_example(x) if isinstance(x, Held) else x for x in operands]
    return apply(op, tuple(inputs), params), False


def _one_example(x: Any) -> Any:
    """A tensor with the shape and type of one example."""
    if not x.is_batched:
        return x.value
    return apply(REGISTRY["full"], (), (x.shape, 0, x.dtype, False))


def _different(level: Any, op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    if op.name == "randperm" or (op.name == "multinomial" and operands[0].ndim > 1):
        inputs = [x.full() if isinstance(x, Held) else x for x in operands]
        rows = [
            apply(op, tuple(apply(REGISTRY["select"], (x,), (0, i)) for x in inputs), params)
            for i in range(level.size)
        ]
        return apply(REGISTRY["stack"], tuple(rows), (0,))
    ndim = max((x.ndim for x in operands if isinstance(x, Held)), default=0)
    named = dict(zip(op.params, params, strict=True))
    if "size" in named:
        named["size"] = (level.size, *named["size"])
    inputs = tuple(_aligned(x, ndim) if isinstance(x, Held) else x for x in operands)
    return apply(op, inputs, tuple(named.values()))


def _aligned(x: Any, ndim: int) -> Any:
    full = x.full(ndim)
    if x.is_batched:
        return full
    # PyTorch draws otherwise for memory that elements share.
    return apply(REGISTRY["clone"], (full,), ("contiguous_format",))
