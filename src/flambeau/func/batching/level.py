"""The level of ``vmap``: computes an operation for all examples at once."""

from __future__ import annotations

import warnings
from typing import Any, ClassVar

from flambeau.core.errors import message
from flambeau.func.batching import randomness
from flambeau.func.batching.custom import batched_function
from flambeau.func.batching.elementwise import elementwise
from flambeau.func.batching.held import Batched, reshaped
from flambeau.func.batching.rules import rule_of
from flambeau.func.level import Held, Level, LevelError
from flambeau.tensor.dispatch import apply, apply_inplace
from flambeau.tensor.operation import REGISTRY, Operation
from flambeau.tensor.tensor import Tensor

_WARNED: set[str] = set()


class BatchLevel(Level):
    """One call of a function that ``vmap`` made.

    Args:
        size: the number of examples.
        randomness: ``"error"``, ``"different"`` or ``"same"``.
    """

    name: ClassVar[str] = "vmap"

    def __init__(self, size: int, randomness: str) -> None:
        self.size = size
        self.randomness = randomness

    def constant(self, x: Tensor) -> Batched:
        return Batched(self, x, False)

    def batched(self, value: Tensor) -> Batched:
        """What a tensor of this level holds whose examples lie along dimension 0 of ``value``."""
        return Batched(self, value, True)

    def compute(self, op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
        if "generator" in op.params:
            return self._drawn(op, operands, params)
        if not any(isinstance(x, Held) and x.is_batched for x in operands):
            return self._wrapped(apply(op, _values(operands), params), False)
        rule = rule_of(op)
        if rule is elementwise and _are_alike(operands):
            return self._quickly(op, operands, params)
        specs = op.infer(*[_described(x) for x in operands], *params)
        if rule is not None:
            out = rule(op, operands, params)
            if out is not None:
                return self._fitted(out, specs)
        if op.decompose is not None:
            parts = self.taken_apart(op, operands, params)
            if parts is not None:
                return parts
        return self._fitted(self._one_by_one(op, operands, params, specs), specs)

    def _quickly(self, op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
        """An elementwise operation whose result's shape and type need no further thought."""
        try:
            return self._wrapped(elementwise(op, operands, params), True)
        except (RuntimeError, ValueError, TypeError, IndexError):
            op.infer(*[_described(x) for x in operands], *params)  # speaks of one example
            raise

    def _wrapped(self, out: Any, is_batched: bool) -> Any:
        if out.__class__ is tuple:
            return tuple(Batched(self, x, is_batched) for x in out)
        return Batched(self, out, is_batched)

    def _fitted(self, out: Any, specs: Any) -> Any:
        """Results in the shapes that one example has."""
        if isinstance(out, Held):
            return out
        if specs.__class__ is tuple:
            return tuple(self._fitted(x, s) for x, s in zip(out, specs, strict=True))
        return self.batched(reshaped(out, (self.size, *specs.shape)))

    def _drawn(self, op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
        out, is_batched = randomness.draw(self, op, operands, params)
        return self._wrapped(out, is_batched)

    # --- one example after the other ----------------------------------------------------------

    def _one_by_one(
        self, op: Operation, operands: list[Any], params: tuple[Any, ...], specs: Any
    ) -> Any:
        """What works for every operation: a loop over the examples."""
        if op.name not in _WARNED:
            _WARNED.add(op.name)
            warnings.warn(
                message(
                    f"vmap: {op.name} runs for one example after the other",
                    expected="an operation with a batching rule",
                    got=op.name,
                    help="its results are right, and slow for many examples",
                ),
                stacklevel=2,
            )
        several = specs.__class__ is tuple
        rows = [self._example(op, operands, params, i) for i in range(self.size)]
        columns = []
        for index, spec in enumerate(specs if several else (specs,)):
            if not rows:
                shape = (0, *spec.shape)
                columns.append(apply(REGISTRY["full"], (), (shape, 0, spec.dtype, False)))
                continue
            column = tuple(row[index] if several else row for row in rows)
            columns.append(apply(REGISTRY["stack"], column, (0,)))
        return tuple(columns) if several else columns[0]

    def _example(
        self, op: Operation, operands: list[Any], params: tuple[Any, ...], index: int
    ) -> Any:
        inputs = tuple(
            apply(REGISTRY["select"], (x.value,), (0, index))
            if isinstance(x, Held) and x.is_batched
            else x.value
            if isinstance(x, Held)
            else x
            for x in operands
        )
        return apply(op, inputs, params)

    def custom_function(self, function: Any, args: tuple[Any, ...]) -> Any:
        """An operation with a gradient of the user's own."""
        return batched_function(self, function, args)

    # --- in place -----------------------------------------------------------------------------

    def widened(self, held: Any, value: Any) -> Held | None:
        if held.is_batched or not value.is_batched:
            return None
        return self.batched(apply(REGISTRY["clone"], (held.full(),), (None,)))

    def write(self, held: Any, value: Any) -> None:
        apply_inplace(REGISTRY["copy"], held.value, (value.value,))

    def outside_value(self, name: str, x: Any) -> Any:
        if isinstance(x, Tensor) and self.owns(x):
            held = self.held(x)
            if not held.is_batched:
                return held.value
            raise LevelError(
                message(
                    f"{name}: a tensor from outside vmap would get another value in each example",
                    expected="one value, or a tensor that was made inside the function",
                    got=f"a value of shape {tuple(held.shape)} in each of {self.size} examples",
                    help="pass the tensor to the function with an in_dim, or return the value",
                )
            )
        return x


def _are_alike(operands: list[Any]) -> bool:
    """Whether all tensors have one type, however many dimensions they have."""
    kind = None
    for x in operands:
        if isinstance(x, Held):
            if kind is not None and x.dtype != kind:
                return False
            kind = x.dtype
    return True


def _described(x: Any) -> Any:
    """What a shape rule may look at: also values, of what all examples share."""
    return x.value._array if isinstance(x, Held) and not x.is_batched else x


def _values(operands: list[Any]) -> tuple[Any, ...]:
    return tuple([x.value if isinstance(x, Held) else x for x in operands])
