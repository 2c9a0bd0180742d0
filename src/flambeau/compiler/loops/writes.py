"""Where the final contents of buffers are computed: in the buffer itself, if nobody minds.

An optimizer's new parameter may replace the old one at once when every reader of the old value
is done, or reads the very element that is about to be replaced. Otherwise it is computed beside
and copied at the end.
"""

from __future__ import annotations

from collections import Counter

from flambeau.compiler.loops.access import Access, direct, type_name
from flambeau.compiler.loops.schedule import Schedule
from flambeau.compiler.loops.steps import Call, Guard, Nest, Product, instructions_of
from flambeau.compiler.record.program import Instruction, Value
from flambeau.core.scalar import DTYPES
from flambeau.tensor.operation import REGISTRY


class Writes:
    """What becomes of a program's writes.

    Attributes:
        direct: values that are computed in a buffer's memory, and the buffer.
        copies: a last nest for each other write: pairs of the buffer and its nest's output.
        slow: writes of types without native code: pairs of buffer and value.
    """

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule
        self.direct: dict[Value, Value] = {}
        self.copies: list[tuple[Value, Value]] = []
        self.slow: list[tuple[Value, Value]] = []
        self._own_results()
        self.readers = self._find_readers()
        results = {schedule.accesses[v].root for v in schedule.program.results}
        sources = Counter(value for _, value in schedule.program.writes)
        # What may still fail must fail before anything has changed.
        last_call = max(
            (i for i, step in enumerate(schedule.steps) if isinstance(step, (Call, Guard))),
            default=-1,
        )
        waiting = []
        for buffer, value in schedule.program.writes:
            shared = value in results or sources[value] > 1
            if not shared and self._is_direct(buffer, value, last_call):
                self.direct[value] = buffer
            else:
                waiting.append((buffer, value))
        for buffer, value in waiting:
            self._copy_at_the_end(buffer, value)

    def _own_results(self) -> None:
        """Results and writes that show a buffer's old content, or a table, need a copy of it."""
        schedule, program = self.schedule, self.schedule.program
        written = {buffer for buffer, _ in program.writes}
        copies: dict[Value, Value] = {}

        def own(value: Value) -> Value:
            root = schedule.accesses[value].root
            if root not in written and root not in schedule.tables:
                return value
            if value not in copies:
                copies[value] = schedule.copy_of(value)
            return copies[value]

        program.results[:] = [own(v) for v in program.results]
        program.writes[:] = [(buffer, own(v)) for buffer, v in program.writes]

    def _find_readers(self) -> dict[Value, list[tuple[int, Access]]]:
        """For each buffer, the steps that read its old content, and how."""
        readers: dict[Value, list[tuple[int, Access]]] = {}
        for index, step in enumerate(self.schedule.steps):
            for instruction in instructions_of(step):
                pointed = self.schedule.indexed.get(instruction)
                for value in instruction.values():
                    access = self.schedule.accesses[value]
                    elsewhere = isinstance(step, Product) and instruction is step.instruction
                    if pointed is not None and value is pointed.moved and not pointed.scatters:
                        elsewhere = True
                    if elsewhere:
                        access = Access(access.root, -1, access.strides, access.shape)
                    readers.setdefault(access.root, []).append((index, access))
        return readers

    def _is_direct(self, buffer: Value, value: Value, last_call: int) -> bool:
        nest = self.schedule.nest_of.get(value)
        if nest is None or value not in nest.stored:
            return False
        made = self.schedule.made_at[value]
        place = direct(buffer)
        if made < last_call or direct(value).strides != place.strides:
            return False
        for index, access in self.readers.get(buffer, ()):
            if index < made:
                continue
            same = access.offset == 0 and access.over(nest.domain) == place.over(nest.domain)
            if index > made or not same:
                return False
        return True

    def _copy_at_the_end(self, buffer: Value, value: Value) -> None:
        if type_name(buffer.spec.dtype) not in DTYPES:
            self.slow.append((buffer, value))
            return
        target = Value(buffer.number, buffer.spec, "buffer")
        nest = Nest(buffer.spec.shape)
        nest.body = [Instruction(REGISTRY["clone"], (value,), (None,), (target,))]
        nest.stored = [target]
        self.schedule.accesses[target] = direct(target)
        self.schedule.steps.append(nest)
        self.copies.append((buffer, target))
