"""A recorded program: operations on values, each value made once.

Nothing is changed in a program. What a function changes in place is described by the values that
its inputs and captured buffers have at the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flambeau.core.number import Number
from flambeau.core.spec import Spec
from flambeau.tensor.operation import Operation


class Value:
    """Something that a program computes with.

    Attributes:
        number: its place in the order of creation; ``%number`` in printed programs.
        spec: shape and type.
        kind: ``"buffer"`` for the content of a captured or given array when the program starts,
            ``"result"`` for the output of an instruction.
    """

    __slots__ = ("kind", "number", "spec")

    def __init__(self, number: int, spec: Spec, kind: str) -> None:
        self.number = number
        self.spec = spec
        self.kind = kind

    def __repr__(self) -> str:
        return f"%{self.number}"

    def describe(self) -> str:
        """The value with its type, as programs are printed."""
        sizes = "x".join(map(str, self.spec.shape))
        return f"%{self.number}:{self.spec.dtype}[{sizes}]"


class Instruction:
    """One operation of a program.

    Attributes:
        operation: the record.
        inputs: values, Python numbers, :class:`~flambeau.core.number.Number` or ``None``.
        params: the record's parameters; numbers among them may be ``Number``.
        outputs: the values it makes.
        line: ``file:line`` of the user's call.
    """

    __slots__ = ("inputs", "line", "operation", "outputs", "params")

    def __init__(
        self,
        operation: Operation,
        inputs: tuple[Any, ...],
        params: tuple[Any, ...],
        outputs: tuple[Value, ...],
        line: str | None = None,
    ) -> None:
        self.operation = operation
        self.inputs = inputs
        self.params = params
        self.outputs = outputs
        self.line = line

    def values(self) -> Iterator[Value]:
        """The values among the inputs."""
        for x in self.inputs:
            if isinstance(x, Value):
                yield x

    def numbers(self) -> Iterator[Number]:
        """The numbers among inputs and parameters that are read at each call."""
        for x in (*self.inputs, *self.params):
            if isinstance(x, Number):
                yield x

    def __repr__(self) -> str:
        outputs = ", ".join(o.describe() for o in self.outputs)
        arguments = [repr(x) for x in self.inputs]
        names = self.operation.params
        arguments += [f"{n}={p!r}" for n, p in zip(names, self.params, strict=False)]
        return f"{outputs} = {self.operation.name}({', '.join(arguments)})"


class Program:
    """Instructions in order, what they start from, and what becomes of their results.

    Attributes:
        buffers: values of the arrays that are read or changed, in the order of first use.
        instructions: in order.
        writes: pairs of a buffer's value and the value it has at the end.
        results: values that the caller wants: outputs, then new gradients.
    """

    __slots__ = ("buffers", "instructions", "results", "writes")

    def __init__(
        self,
        buffers: list[Value],
        instructions: list[Instruction],
        writes: list[tuple[Value, Value]],
        results: list[Value],
    ) -> None:
        self.buffers = buffers
        self.instructions = instructions
        self.writes = writes
        self.results = results

    def __repr__(self) -> str:
        lines = [f"buffer {v.describe()}" for v in self.buffers]
        lines += [repr(i) for i in self.instructions]
        lines += [f"write {buffer!r} <- {value!r}" for buffer, value in self.writes]
        lines.append(f"return {', '.join(map(repr, self.results))}")
        return "\n".join(lines)


def verify(program: Program) -> None:
    """Check that a program is well formed; a pass that breaks it is found at once.

    Raises:
        AssertionError: naming the instruction that uses an unknown value, makes a value twice,
            or disagrees with the record's own rule for shapes.
    """
    buffers = set(program.buffers)
    known = set(buffers)
    for instruction in program.instructions:
        for value in instruction.values():
            assert value in known, f"{instruction!r} uses {value!r} before it is made"
        for value in instruction.outputs:
            assert value not in known, f"{instruction!r} makes {value!r} a second time"
            known.add(value)
    for buffer, value in program.writes:
        assert buffer in buffers, f"a write to {buffer!r}, which is no buffer"
        assert value in known, f"a write of {value!r}, which nothing makes"
        assert buffer.spec == value.spec, f"a write of {value.describe()} to {buffer.describe()}"
    for value in program.results:
        assert value in known, f"a result {value!r}, which nothing makes"
