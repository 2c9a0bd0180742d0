"""Which operations run together.

Elementwise operations and reductions over one domain become one *nest*: a loop that reads each
element once, computes everything that needs it, and writes what others need. An operation joins
an existing nest if everything it reads is there by then; otherwise it starts a new one.
"""

from __future__ import annotations

from flambeau.compiler.loops.access import Access, direct, is_possible, through, viewed
from flambeau.compiler.loops.division import divided
from flambeau.compiler.loops.indexed import Indexed, indexed_of
from flambeau.compiler.loops.kinds import (
    COMPARISONS,
    CONSTANTS,
    RESHAPES,
    is_elementwise,
    is_native,
    is_product,
    is_reduction,
    is_table,
    reads_other_type,
)
from flambeau.compiler.loops.looping import nested_of
from flambeau.compiler.loops.movement import NOTHING, ZERO, Movement, Part, movements_of
from flambeau.compiler.loops.scan import is_scan
from flambeau.compiler.loops.sinking import sink
from flambeau.compiler.loops.steps import (
    Call,
    Draw,
    Guard,
    Nest,
    Product,
    Scan,
    Step,
    instructions_of,
    nest_of_step,
)
from flambeau.compiler.loops.thin_products import Column, columns_of
from flambeau.compiler.passes.checks import GUARD
from flambeau.compiler.passes.draws import DRAW, generator_of
from flambeau.compiler.record.program import Instruction, Program, Value
from flambeau.core.dtypes import bool_
from flambeau.core.shapes import contiguous_strides
from flambeau.core.spec import Spec
from flambeau.tensor.operation import REGISTRY

BOOL = bool_.numpy


class Schedule:
    """A program as steps in order.

    Attributes:
        steps: what runs, in order.
        accesses: where each value that has memory is read.
        constants: instructions that make constants; they are written into whoever reads them.
        indexed: for instructions that use an index, how.
        tables: instructions whose outputs are known now; they lie in memory from the start.
        waiting: comparisons that are done where they are used.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.steps: list[Step] = []
        self.accesses: dict[Value, Access] = {v: direct(v) for v in program.buffers}
        self.constants: dict[Value, Instruction] = {}
        self.made_at: dict[Value, int] = dict.fromkeys(program.buffers, -1)
        self.nest_of: dict[Value, Nest] = {}
        self.indexed: dict[Instruction, Indexed] = {}
        self.tables: dict[Value, Instruction] = {}
        self.guarded: set[tuple[Value, int, bool]] = set()
        self.aliases: dict[Value, list[Value]] = {}
        self.last_read: dict[Value, int] = {}
        self.last_use = _last_uses(program)
        self.waiting: dict[Value, Instruction] = {}
        for number, instruction in enumerate(program.instructions):
            self.now = number
            if self._may_wait(instruction):
                continue
            self._place(self._with_comparisons(instruction))
            self._note_aliases(instruction)
        for value in [*program.results, *[v for _, v in program.writes]]:
            self._wait_no_longer(value)
        sink(self)
        self._divide()
        self.find_stored()

    # --- comparisons --------------------------------------------------------------------------

    def _may_wait(self, instruction: Instruction) -> bool:
        """Whether an instruction is done where its output is used, each time: comparing what lies
        in memory anyway costs less than keeping truth values there."""
        if instruction.operation.name not in COMPARISONS or not is_native(instruction):
            return False
        (output,), inputs = instruction.outputs, list(instruction.values())
        if len(inputs) != 1 or inputs[0].spec.shape != output.spec.shape:
            return False
        (source,) = inputs
        self._wait_no_longer(source)
        access = self.accesses[source]
        if access.root is not source or source in self.constants or source.kind == "buffer":
            return False
        self.waiting[output] = instruction
        last = max(self.last_use.get(source, -1), self.last_use.get(output, -1))
        self.last_use[source] = last
        return True

    def _wait_no_longer(self, value: Value) -> None:
        instruction = self.waiting.pop(value, None)
        if instruction is not None:
            self._place(instruction)
            self._note_aliases(instruction)

    def _with_comparisons(self, instruction: Instruction) -> Instruction:
        """The instruction with comparisons that waited, placed where it will be."""
        waited = [v for v in instruction.values() if v in self.waiting]
        if not waited:
            return instruction
        joins = is_elementwise(instruction)  # then it has an output, which a guard has not
        domain = instruction.outputs[0].spec.shape if joins else None
        if domain is None or any(v.spec.shape != domain for v in waited):
            for value in waited:
                self._wait_no_longer(value)
            return instruction
        others = [v for v in instruction.values() if v not in self.waiting]
        after = max([self.made_at[v] + (self.nest_of.get(v) is None) for v in others], default=0)
        instead: dict[Value, Value] = {}
        for value in dict.fromkeys(waited):
            old = self.waiting[value]
            instead[value] = copy = Value(value.number, value.spec, "result")
            self._join(Instruction(old.operation, old.inputs, old.params, (copy,)), domain, after)
        inputs = tuple(instead.get(x, x) if isinstance(x, Value) else x for x in instruction.inputs)
        return Instruction(
            instruction.operation, inputs, instruction.params, instruction.outputs, instruction.line
        )

    def _note_aliases(self, instruction: Instruction) -> None:
        for output in instruction.outputs:
            self.aliases.setdefault(self.accesses[output].root, []).append(output)

    # --- placing ------------------------------------------------------------------------------

    def _place(self, instruction: Instruction) -> None:
        op = instruction.operation
        if op is GUARD:
            self._leave_if_any(*instruction.values())
            return
        if op.name in RESHAPES or (op.view and not reads_other_type(instruction)):
            self._place_view(instruction)
            return
        if op.name in CONSTANTS and is_native(instruction):
            self.constants[instruction.outputs[0]] = instruction
            self.made_at[instruction.outputs[0]] = -1
            self.accesses[instruction.outputs[0]] = direct(instruction.outputs[0])
        elif is_elementwise(instruction):
            self._join(instruction, instruction.outputs[0].spec.shape)
        elif is_reduction(instruction):
            (source,) = instruction.values()
            self._join(instruction, source.spec.shape)
        elif is_table(instruction):
            (output,) = instruction.outputs
            self.tables[output] = instruction
            self.made_at[output] = -1
            self.accesses[output] = direct(output)
        elif self._place_indexed(instruction) or self._place_movement(instruction):
            return
        elif is_scan(instruction) and self._has_memory(instruction):
            self._append(Scan(instruction), instruction)
        elif op is DRAW:
            self._place_draw(instruction)
        elif is_product(instruction):
            self._place_product(instruction)
        elif (nested := nested_of(self, instruction)) is not None:
            self._append(nested, nested.instruction)
        else:
            self._append(Call(instruction), instruction)

    def _place_draw(self, old: Instruction) -> None:
        """What a drawing looks at is walked in order, without gaps."""
        inputs = []
        for x in old.values():
            access = self.accesses[x]
            plain = access.strides == contiguous_strides(x.spec.shape)
            is_there = plain and access.root not in self.constants
            inputs.append(x if is_there else self.copy_of(x))
        new = Instruction(old.operation, tuple(inputs), old.params, old.outputs, old.line)
        self._append(Draw(new, generator_of(new)), new)

    def _place_product(self, instruction: Instruction) -> None:
        columns = []
        if self._has_memory(instruction):
            columns = columns_of(instruction, self.accesses)
        if not columns:
            self._append(Product(instruction), instruction)
            return
        output = instruction.outputs[0]
        self.accesses[output] = direct(output)
        self.made_at[output] = -1
        for column in columns:
            self._place_column(output, column)

    def _place_column(self, output: Value, column: Column) -> None:
        """One row or column of a product as a sum of elementwise products."""
        dtype, domain = output.spec.dtype, column.wide.spec.shape
        thin = Value(output.number, Spec(column.place.shape, dtype), "result")
        self.accesses[thin] = column.place
        self.made_at[thin] = self.made_at[column.thin]
        product = Value(output.number, Spec(domain, dtype), "result")
        self._join(Instruction(REGISTRY["mul"], (column.wide, thin), (), (product,)), domain)
        total = Value(output.number, Spec(column.target.shape, dtype), "result")
        self._join(Instruction(REGISTRY["sum"], (product,), ((0,), False, None), (total,)), domain)
        self.accesses[total] = column.target
        self.made_at[output] = max(self.made_at[output], self.made_at[total])

    def _has_memory(self, instruction: Instruction) -> bool:
        """Whether all inputs lie in memory: constants do not."""
        return not any(self.accesses[v].root in self.constants for v in instruction.values())

    def _place_indexed(self, instruction: Instruction) -> bool:
        indexed = indexed_of(instruction)
        if indexed is None or self.accesses[indexed.index].root in self.constants:
            return False
        if not indexed.scatters and self.accesses[indexed.moved].root in self.constants:
            return False
        self._guard(indexed)
        if indexed.scatters:
            self._place_scatter(indexed)
        else:
            self.indexed[instruction] = indexed
            self._join(instruction, indexed.domain)
        return True

    def _place_scatter(self, indexed: Indexed) -> None:
        """A nest of its own, which changes an output that was started before."""
        old = indexed.instruction
        (output,) = old.outputs
        after = self._begin(output, Movement(ZERO if indexed.start is None else indexed.start, []))
        made = Value(output.number, output.spec, "result")
        inputs = (indexed.index, *[x for x in (indexed.moved,) if isinstance(x, Value)])
        indexed.instruction = new = Instruction(old.operation, inputs, (), (made,), old.line)
        self.indexed[new] = indexed
        nest = Nest(indexed.domain)
        nest.scatters.append(new)
        self._append(nest, new)
        self.accesses[made] = self.accesses[output]
        self.made_at[output] = max(after, self.made_at[made])

    def _guard(self, indexed: Indexed) -> None:
        """Check an index before anything is read or written through it."""
        size = indexed.shape[indexed.dim]
        index, low = indexed.index, -size if indexed.wraps else 0
        if (index, size, indexed.wraps) in self.guarded:
            return
        self.guarded.add((index, size, indexed.wraps))
        shape = index.spec.shape
        below, above, wrong = (Value(index.number, Spec(shape, BOOL), "result") for _ in range(3))
        for made in (
            Instruction(REGISTRY["lt"], (index, low), (), (below,)),
            Instruction(REGISTRY["ge"], (index, size), (), (above,)),
            Instruction(REGISTRY["logical_or"], (below, above), (), (wrong,)),
        ):
            self._join(made, shape)
        self._leave_if_any(wrong)

    def _leave_if_any(self, wrong: Value) -> None:
        """End the program if any element is true."""
        shape = wrong.spec.shape
        if self.accesses[wrong].root in self.constants:
            wrong = self.copy_of(wrong)
        flag = Value(wrong.number, Spec((), BOOL), "result")
        dims = tuple(range(len(shape)))
        self._join(Instruction(REGISTRY["any"], (wrong,), (dims, False), (flag,)), shape)
        self.steps.append(Guard(flag))

    def _place_view(self, instruction: Instruction) -> None:
        (source,) = instruction.values()
        access = self.accesses[source]
        if access.root in self.constants:
            # A view of a constant is a constant of another shape.
            for output in instruction.outputs:
                self.constants[output] = self.constants[access.root]
                self.made_at[output] = -1
                self.accesses[output] = direct(output)
            return
        if not is_possible(access, instruction):
            source = self.copy_of(source)
            access = self.accesses[source]
        for output, seen in zip(instruction.outputs, through(access, instruction), strict=True):
            self.accesses[output] = seen
            self.made_at[output] = self.made_at[source]

    def copy_of(self, source: Value) -> Value:
        """A row-major copy of a value, of which every shape is a view."""
        spec = Spec(source.spec.shape, source.spec.dtype)
        copy = Value(source.number, spec, "result")
        self._join(Instruction(REGISTRY["clone"], (source,), (True,), (copy,)), spec.shape)
        return copy

    # --- movement -----------------------------------------------------------------------------

    def _place_movement(self, instruction: Instruction) -> bool:
        movements = movements_of(instruction)
        if movements is None:
            return False
        for output, movement in zip(instruction.outputs, movements, strict=True):
            after = self._begin(output, movement)
            for part in movement.parts:
                self.made_at[output] = max(
                    self.made_at[output], self._copy_part(output, part, after)
                )
        return True

    def _begin(self, output: Value, movement: Movement) -> int:
        """Give an output its memory and its start; returns the first step that may add to it."""
        start = movement.start
        self.made_at[output] = -1
        if start is NOTHING:
            self.accesses[output] = direct(output)
        elif start is not ZERO and self._is_free(start):
            self.accesses[output] = access = self.accesses[start]
            self.made_at[output] = max(self.made_at[start], self.last_read.get(access.root, -1))
        else:
            source = 0 if start is ZERO else start
            op = REGISTRY["clone"]
            self._join(Instruction(op, (source,), (None,), (output,)), output.spec.shape)
            del self.nest_of[output]  # what reads it wants the parts too
        return self.made_at[output] + 1

    def _is_free(self, start: Value) -> bool:
        """Whether the memory of a value may change now: it is the program's own, and no one will
        look at it again."""
        access = self.accesses[start]
        root = access.root
        if root.kind == "buffer" or root in self.constants or root in self.tables:
            return False
        if any(s == 0 and n > 1 for s, n in zip(access.strides, access.shape, strict=True)):
            return False
        return all(self.last_use.get(v, -1) <= self.now for v in self.aliases.get(root, ()))

    def _copy_part(self, output: Value, part: Part, after: int) -> int:
        """Copy a value to a part of an output, not before the step ``after``."""
        source = part.source
        if part.view is not None and source not in self.constants:
            seen = viewed(self.accesses[source], part.view)[0]
            source = Value(source.number, Spec(seen.shape, source.spec.dtype), "result")
            self.accesses[source] = seen
            self.made_at[source] = self.made_at[part.source]
        target = self.accesses[output]
        if part.target is not None:
            target = viewed(target, part.target)[0]
        made = Value(output.number, Spec(target.shape, output.spec.dtype), "result")
        self._join(Instruction(REGISTRY["clone"], (source,), (None,), (made,)), target.shape, after)
        self.accesses[made] = target
        del self.nest_of[made]
        return self.made_at[made]

    # --- steps --------------------------------------------------------------------------------

    def _append(self, step: Step, instruction: Instruction) -> None:
        self.steps.append(step)
        self._note_reads(instruction, len(self.steps) - 1)
        for output in instruction.outputs:
            self.made_at[output] = len(self.steps) - 1
            self.accesses[output] = direct(output)

    def _note_reads(self, instruction: Instruction, step: int) -> None:
        for value in instruction.values():
            root = self.accesses[value].root
            self.last_read[root] = max(self.last_read.get(root, -1), step)

    def _join(self, instruction: Instruction, domain: tuple[int, ...], after: int = 0) -> None:
        """Put an instruction into the first nest over its domain, from the step ``after`` on, that
        it may join."""
        earliest = max(after, self._after_guards(instruction))
        for value in instruction.values():
            made = self.made_at[value]
            access = self.accesses[value]
            nest = self.nest_of.get(access.root)
            same = nest is not None and access.root is value and value.spec.shape == domain
            if instruction in self.indexed and value is self.indexed[instruction].moved:
                same = False  # it is read elsewhere than where this turn of the loop writes
            earliest = max(earliest, made if same else made + 1)
        for index in range(earliest, len(self.steps)):
            nest = self.steps[index]
            if isinstance(nest, Nest) and nest.takes(domain):
                break
        else:
            nest = Nest(domain)
            self.steps.append(nest)
            index = len(self.steps) - 1
        self._note_reads(instruction, index)
        output = instruction.outputs[0]
        self.made_at[output] = index
        self.accesses[output] = direct(output)
        if is_reduction(instruction):
            nest.reductions.append(instruction)
        else:
            nest.body.append(instruction)
            self.nest_of[output] = nest

    def _after_guards(self, instruction: Instruction) -> int:
        """The first step that an instruction may join: what uses an index comes after its guard."""
        if instruction not in self.indexed:
            return 0
        return 1 + max(i for i, step in enumerate(self.steps) if isinstance(step, Guard))

    def _divide(self) -> None:
        """Make several nests of those that have grown large."""
        self.steps = [
            piece
            for step in self.steps
            for piece in (divided(step, self.accesses.get) if isinstance(step, Nest) else [step])
        ]
        self.note_steps()

    def note_steps(self) -> None:
        """Note anew where each value is made, after steps have moved."""
        for index, step in enumerate(self.steps):
            for instruction in instructions_of(step):
                for output in instruction.outputs:
                    self.made_at[output] = index
                    if output in self.nest_of and isinstance(step, Nest):
                        self.nest_of[output] = step

    # --- what must be in memory ---------------------------------------------------------------

    def find_stored(self) -> None:
        """Decide which values of nests lie in memory: those that another step, a result or a
        write reads, and those that are a buffer's new content."""
        needed: set[Value] = set()
        for value in [*self.program.results, *[v for _, v in self.program.writes]]:
            needed.add(self.accesses[value].root)
        for step in self.steps:
            for instruction in instructions_of(step):
                pointed = self.indexed.get(instruction)
                for value in instruction.values():
                    root = self.accesses[value].root
                    nest = nest_of_step(step)
                    inside = nest is not None and self.nest_of.get(value) is nest
                    if isinstance(step, Product) and instruction is not step.instruction:
                        inside |= root is step.instruction.outputs[0]
                    if pointed is not None and value is pointed.moved and not pointed.scatters:
                        inside = False
                    if not inside:
                        needed.add(root)
        for step in self.steps:
            nest = nest_of_step(step)
            if nest is not None:
                outputs = [i.outputs[0] for i in nest.body]
                nest.stored = [
                    v
                    for v in outputs
                    if v in needed or v.kind == "buffer" or self.accesses[v].root is not v
                ]
        self.needed = needed


def _last_uses(program: Program) -> dict[Value, int]:
    """For each value, the number of the last instruction that reads it."""
    found = {v: n for n, i in enumerate(program.instructions) for v in i.values()}
    end = len(program.instructions)
    return found | dict.fromkeys([*program.results, *[v for _, v in program.writes]], end)
