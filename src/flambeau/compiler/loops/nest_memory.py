"""What a nest touches: the memory it reads and writes, and the numbers it reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flambeau.compiler.loops.access import Access, type_name
from flambeau.compiler.loops.accumulators import reduction_strides
from flambeau.compiler.loops.indexed import Indexed
from flambeau.compiler.loops.schedule import Schedule
from flambeau.compiler.loops.steps import Nest
from flambeau.compiler.record.program import Instruction, Value
from flambeau.core.number import Number


class Memory:
    """One pointer of a nest's function: what is read or written through it.

    Attributes:
        value: whose memory it is.
        dtype: the type of the elements.
        offset: of the first element; the caller adds it to the pointer.
        strides: in elements, over the nest's loops.
        partial: for a reduction in chunks: how many elements one chunk's results are.
        name: of the function's parameter.
    """

    __slots__ = ("dtype", "name", "offset", "partial", "strides", "value")

    def __init__(self, value: Value, dtype: str, offset: int, strides: list[int]) -> None:
        self.value = value
        self.dtype = dtype
        self.offset = offset
        self.strides = strides
        self.partial = 0
        self.name = ""


class NestMemory:
    """The memory of a nest, whatever writes its loops.

    Args:
        schedule: where values lie.
        nest: what to compute.

    Attributes:
        reads: memories of values that other steps made, by root, offset and strides.
        pointed: memories that indices point into, by instruction.
        writes: memories of stored values and of reductions.
        memories: all of them.
        places: the positions of memories among them.
        numbers: numbers that are read at each call.
    """

    def __init__(self, schedule: Schedule, nest: Nest) -> None:
        self.schedule = schedule
        self.nest = nest
        self.inside = {i.outputs[0] for i in nest.body}
        self.reads: dict[Any, Memory] = {}
        self.pointed: dict[Instruction, Memory] = {}
        self.writes: dict[Value, Memory] = {}
        self.numbers: dict[int, Number] = {}
        self._gather_memory()
        self.memories = [*self.reads.values(), *self.pointed.values(), *self.writes.values()]
        self.places = {memory: place for place, memory in enumerate(self.memories)}

    # --- what is touched ----------------------------------------------------------------------

    def _gather_memory(self) -> None:
        nest, accesses = self.nest, self.schedule.accesses
        for instruction in [*nest.body, *nest.reductions, *nest.scatters]:
            if instruction in self.schedule.indexed:
                self._gather_indexed(self.schedule.indexed[instruction])
                continue
            for x in (*instruction.inputs, *instruction.params):
                if isinstance(x, Number):
                    self.numbers.setdefault(id(x), x)
                elif isinstance(x, Value) and x not in self.inside and not self._constant(x):
                    self._read(accesses[x])
        for value in nest.stored:
            access = accesses[value]
            strides = list(access.over(nest.domain))
            dtype = type_name(value.spec.dtype)
            self.writes[value] = Memory(access.root, dtype, access.offset, strides)
        for instruction in nest.reductions:
            value = instruction.outputs[0]
            access = accesses[value]
            strides = reduction_strides(instruction, access, nest.domain)
            dtype = type_name(value.spec.dtype)
            self.writes[value] = Memory(access.root, dtype, access.offset, strides)

    def _gather_indexed(self, indexed: Indexed) -> None:
        """The index, and the array that it points into."""
        accesses = self.schedule.accesses
        if indexed.index not in self.inside or not indexed.aligned:
            access = accesses[indexed.index]
            self._read_along(access, indexed.index_strides(access))
        if indexed.scatters:
            if isinstance(indexed.moved, Value) and not self._constant(indexed.moved):
                self._read(accesses[indexed.moved])
            access = accesses[indexed.instruction.outputs[0]]
        else:
            access = accesses[indexed.moved]
        dtype = type_name(access.root.spec.dtype)
        strides = indexed.pointed_strides(access.strides)
        self.pointed[indexed.instruction] = Memory(access.root, dtype, access.offset, strides)

    def _constant(self, value: Value) -> Instruction | None:
        return self.schedule.constants.get(value)

    def _read(self, access: Access) -> None:
        self._read_along(access, access.over(self.nest.domain))

    def _read_along(self, access: Access, strides: tuple[int, ...]) -> None:
        key = (access.root, access.offset, strides)
        if key not in self.reads:
            dtype = type_name(access.root.spec.dtype)
            self.reads[key] = Memory(access.root, dtype, access.offset, list(strides))

    def read_key(self, value: Value) -> Any:
        """The key in ``reads`` of a value, if it is read at the loops' own place."""
        access = self.schedule.accesses[value]
        return access.root, access.offset, access.over(self.nest.domain)

    def index_key(self, indexed: Indexed) -> Any:
        """The key in ``reads`` of an index."""
        access = self.schedule.accesses[indexed.index]
        return access.root, access.offset, indexed.index_strides(access)

    # --- its text ---------------------------------------------------------------------------

    def described(self) -> Iterator[Any]:
        """Each instruction, its inputs named by where this nest has them."""
        nest = self.nest
        made = {i.outputs[0]: n for n, i in enumerate(nest.body)}
        reads = {key: place for place, key in enumerate(self.reads)}
        numbers = {key: place for place, key in enumerate(self.numbers)}

        def known(x: Any) -> Any:
            if isinstance(x, Number):
                return "number", numbers[id(x)]
            if not isinstance(x, Value):
                return repr(x)
            if x in made:
                return "made", made[x]
            constant = self._constant(x)
            if constant is not None:
                return (
                    "constant",
                    constant.operation,
                    repr(constant.params),
                    type_name(x.spec.dtype),
                )
            return reads.get(self.read_key(x), "indexed")

        for group in (nest.body, nest.reductions, nest.scatters):
            yield len(group)
            for i in group:
                output = i.outputs[0]
                memory = self.writes.get(output)
                yield (
                    i.operation.name,
                    tuple([known(x) for x in i.inputs]),
                    tuple([known(x) for x in i.params]),
                    tuple([type_name(v.spec.dtype) for v in i.values()]),
                    type_name(output.spec.dtype),
                    None if memory is None else self.places[memory],
                )
                indexed = self.schedule.indexed.get(i)
                if indexed is not None:
                    yield self._described_index(i, indexed, made, reads)

    def _described_index(
        self, instruction: Instruction, indexed: Indexed, made: Any, reads: Any
    ) -> Any:
        pointed = instruction.outputs[0] if indexed.scatters else indexed.moved
        return (
            indexed.effect,
            None if isinstance(indexed.moved, Value) else repr(indexed.moved),
            made.get(indexed.index) if indexed.aligned else None,
            reads.get(self.index_key(indexed)),
            indexed.wraps,
            indexed.shape[indexed.dim],
            self.schedule.accesses[pointed].strides[indexed.dim],
            self.places[self.pointed[instruction]],
        )
