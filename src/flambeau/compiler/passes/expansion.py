"""Expansion: composite operations become the simpler ones that they are made of."""

from __future__ import annotations

from typing import Any

from flambeau.compiler.passes.checks import CHECKED, GUARD, wrong_values
from flambeau.compiler.passes.decompositions import DECOMPOSITIONS
from flambeau.compiler.record.program import Instruction, Program, Value
from flambeau.compiler.record.recorder import Recorder
from flambeau.compiler.record.symbol import Storage, Symbol
from flambeau.tensor.dispatch import wrap
from flambeau.tensor.modes import set_grad
from flambeau.tensor.tensor import Tensor


def expand_composites(program: Program) -> Program:
    """Replace instructions whose record has a decomposition, until none is left."""
    expansion = _Expansion(program)
    before = set_grad(False)
    try:
        with expansion.recorder:
            for instruction in program.instructions:
                expansion.add(instruction)
    finally:
        set_grad(before)
    final = expansion.final
    return Program(
        program.buffers,
        expansion.recorder.instructions,
        [(buffer, final(value)) for buffer, value in program.writes],
        [final(value) for value in program.results],
    )


class _Expansion(Recorder):
    """A recorder that is fed instructions instead of a function."""

    def __init__(self, program: Program) -> None:
        super().__init__()
        self.recorder = self
        self.count = 1 + max(
            [v.number for v in program.buffers]
            + [o.number for i in program.instructions for o in i.outputs],
            default=0,
        )
        self.instead: dict[Value, Value] = {}

    def final(self, value: Value) -> Value:
        """The value that stands for one of the old program."""
        return self.instead.get(value, value)

    def add(self, old: Instruction) -> None:
        """Append an instruction, or what it is made of."""
        inputs = tuple(self.final(x) if isinstance(x, Value) else x for x in old.inputs)
        self._check(old, inputs)
        decompose = DECOMPOSITIONS.get(old.operation.name, old.operation.decompose)
        start = len(self.instructions)
        outs = NotImplemented
        if decompose is not None and not _is_empty(old):
            tensors = [self._tensor(x) if isinstance(x, Value) else x for x in inputs]
            outs = decompose(*tensors, *old.params)
        if outs is NotImplemented:
            kept = Instruction(old.operation, inputs, old.params, old.outputs, old.line)
            self.instructions.append(kept)
            return
        made = self.instructions[start:]
        del self.instructions[start:]
        outs = outs if isinstance(outs, tuple) else (outs,)
        values = [self._value(out) for out in outs]
        made += self.instructions[start:]
        del self.instructions[start:]
        self.instead.update(zip(old.outputs, values, strict=True))
        for instruction in made:
            self.add(instruction)
        self.instead.update({o: self.final(v) for o, v in zip(old.outputs, values, strict=True)})

    def _check(self, old: Instruction, inputs: tuple[Any, ...]) -> None:
        """Guard what the record refuses, before it is taken apart or computed natively."""
        if _is_empty(old) or old.operation.name not in CHECKED:
            return
        start = len(self.instructions)
        wrong = wrong_values(old, [self._tensor(x) if isinstance(x, Value) else x for x in inputs])
        if wrong is None:
            return
        value = self._value(wrong)
        made = self.instructions[start:]
        del self.instructions[start:]
        for instruction in made:
            self.add(instruction)
        self.instructions.append(Instruction(GUARD, (self.final(value),), (), (), old.line))

    def _tensor(self, value: Value) -> Tensor:
        return wrap(Symbol(Storage(value), (), value.spec))

    def _value(self, out: Tensor) -> Value:
        return self.read(self.symbol_of(out))


def _is_empty(instruction: Instruction) -> bool:
    """Whether a value has no elements: such edge cases are left to the record itself."""
    return any(v.spec.size == 0 for v in (*instruction.values(), *instruction.outputs))
