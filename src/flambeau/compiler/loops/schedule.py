"""Which operations run together.

Elementwise operations and reductions over one domain become one *nest*: a loop that reads each
element once, computes everything that needs it, and writes what others need. An operation joins
an existing nest if everything it reads is there by then; otherwise it starts a new one.
"""

from __future__ import annotations


from flambeau.compiler.loops.access import Access, direct, is_possible, through
from flambeau.compiler.record.program import Instruction, Program, Value
from flambeau.core.scalar import DTYPES
from flambeau.core.spec import Spec
from flambeau.tensor.operation import REGISTRY

LARGEST_NEST = 48  # operations; more would not stay in registers

REDUCTIONS = {"sum": "add", "prod": "mul", "amax": "maximum", "amin": "minimum", "all": "bitwise_and",
              "any": "bitwise_or"}  # fmt: skip
CONSTANTS = {"full", "zeros_like", "ones_like", "full_like", "zero", "zeros_of_shape"}
COPIES = {"clone", "to_dtype", "copy", "fill"}
RESHAPES = {"reshape", "view", "unsafe_view"}


class Nest:
    """Operations over one domain.

    Attributes:
        domain: the sizes that all of them run over.
        body: elementwise instructions, in order.
        reductions: instructions that reduce something over the domain.
        stored: values of the body that others read.
    """

    def __init__(self, domain: tuple[int, ...]) -> None:
        self.domain = domain
        self.body: list[Instruction] = []
        self.reductions: list[Instruction] = []
        self.stored: list[Value] = []

    def size(self) -> int:
        return len(self.body) + len(self.reductions)


class Product:
    """A matrix product: one instruction."""

    def __init__(self, instruction: Instruction) -> None:
        self.instruction = instruction


class Call:
    """An instruction that runs through NumPy, between native parts."""

    def __init__(self, instruction: Instruction) -> None:
        self.instruction = instruction


Step = Nest | Product | Call


class Schedule:
    """A program as steps in order.

    Attributes:
        steps: what runs, in order.
        accesses: where each value that has memory is read.
        constants: instructions that make constants; they are written into whoever reads them.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.steps: list[Step] = []
        self.accesses: dict[Value, Access] = {v: direct(v) for v in program.buffers}
        self.constants: dict[Value, Instruction] = {}
        self.made_at: dict[Value, int] = dict.fromkeys(program.buffers, -1)
        self.nest_of: dict[Value, Nest] = {}
        for instruction in program.instructions:
            self._place(instruction)
        self.find_stored()

    # --- placing ------------------------------------------------------------------------------

    def _place(self, instruction: Instruction) -> None:
        op = instruction.operation
        if op.name in RESHAPES or (op.view and not _reads_other_type(instruction)):
            self._place_view(instruction)
            return
        if op.name in CONSTANTS and _is_native(instruction):
            self.constants[instruction.outputs[0]] = instruction
            self.made_at[instruction.outputs[0]] = -1
            self.accesses[instruction.outputs[0]] = direct(instruction.outputs[0])
        elif is_elementwise(instruction):
            self._join(instruction, instruction.outputs[0].spec.shape)
        elif is_reduction(instruction):
            (source,) = instruction.values()
            self._join(instruction, source.spec.shape)
        elif is_product(instruction):
            self._append(Product(instruction), instruction)
        else:
            self._append(Call(instruction), instruction)

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

    def _append(self, step: Step, instruction: Instruction) -> None:
        self.steps.append(step)
        for output in instruction.outputs:
            self.made_at[output] = len(self.steps) - 1
            self.accesses[output] = direct(output)

    def _join(self, instruction: Instruction, domain: tuple[int, ...]) -> None:
        """Put an instruction into the first nest over its domain that it may join."""
        earliest = 0
        for value in instruction.values():
            made = self.made_at[value]
            access = self.accesses[value]
            nest = self.nest_of.get(access.root)
            same = nest is not None and access.root is value and value.spec.shape == domain
            earliest = max(earliest, made if same else made + 1)
        for index in range(earliest, len(self.steps)):
            nest = self.steps[index]
            if isinstance(nest, Nest) and nest.domain == domain and nest.size() < LARGEST_NEST:
                break
        else:
            nest = Nest(domain)
            self.steps.append(nest)
            index = len(self.steps) - 1
        output = instruction.outputs[0]
        self.made_at[output] = index
        self.accesses[output] = direct(output)
        if is_reduction(instruction):
            nest.reductions.append(instruction)
        else:
            nest.body.append(instruction)
            self.nest_of[output] = nest

    # --- what must be in memory ---------------------------------------------------------------

    def find_stored(self) -> None:
        """Decide which values of nests lie in memory: those that another step, a result or a
        write reads, and those that are a buffer's new content."""
        needed: set[Value] = set()
        for value in [*self.program.results, *[v for _, v in self.program.writes]]:
            needed.add(self.accesses[value].root)
        for step in self.steps:
            for instruction in instructions_of(step):
                for value in instruction.values():
                    root = self.accesses[value].root
                    inside = isinstance(step, Nest) and self.nest_of.get(value) is step
                    if not inside:
                        needed.add(root)
        for step in self.steps:
            if isinstance(step, Nest):
                outputs = [i.outputs[0] for i in step.body]
                step.stored = [v for v in outputs if v in needed or v.kind == "buffer"]
        self.needed = needed


def instructions_of(step: Step) -> list[Instruction]:
    """All instructions of a step."""
    if isinstance(step, Nest):
        return step.body + step.reductions
    return [step.instruction]


def _is_native(instruction: Instruction) -> bool:
    """Whether all its values have types that native code computes with."""
    values = [*instruction.values(), *instruction.outputs]
    return all(v.spec.dtype.name in DTYPES for v in values)


def is_elementwise(instruction: Instruction) -> bool:
    """Whether it computes each element of its output from one element of each input."""
    op = instruction.operation
    if not _is_native(instruction):
        return False
    return op.scalar is not None or op.name in COPIES


def _reads_other_type(instruction: Instruction) -> bool:
    """Whether a view shows its memory as another type: complex numbers as pairs, for example."""
    (source,) = instruction.values()
    return any(o.spec.dtype != source.spec.dtype for o in instruction.outputs)


def is_reduction(instruction: Instruction) -> bool:
    """Whether it is a reduction that nests compute."""
    op = instruction.operation
    if op.name not in REDUCTIONS or not _is_native(instruction):
        return False
    (source,) = instruction.values()
    if op.name in ("amax", "amin") and source.spec.dtype.name == "bool":
        return False
    return source.spec.size > 0


PRODUCTS = {"mm", "bmm", "matmul", "rows_matmul", "rows_product", "mv", "dot"}


def is_product(instruction: Instruction) -> bool:
    """Whether it is a matrix product that is generated."""
    if instruction.operation.name not in PRODUCTS:
        return False
    output = instruction.outputs[0].spec
    kinds = {v.spec.dtype.name for v in instruction.values()}
    return output.dtype.name in ("float32", "float64") and kinds == {output.dtype.name}


