"""Which elementwise operations a product takes along: those on its own elements."""

from __future__ import annotations

from flambeau.compiler.llvm.target import Target
from flambeau.compiler.loops.access import direct
from flambeau.compiler.loops.gemm_plan import plan_gemm
from flambeau.compiler.loops.nest import HEAVY
from flambeau.compiler.loops.product import Problem, flattened, is_batched
from flambeau.compiler.loops.schedule import Schedule
from flambeau.compiler.loops.steps import Guard, Nest, Product, Step, instructions_of
from flambeau.compiler.loops.writes import Writes
from flambeau.compiler.record.program import Instruction, Value

# An optimizer's update does better in a nest: its roots and quotients would not run beside the
# next tile's products, which are too many instructions away, and its memory is read in order there.
SLOW = HEAVY | {"div", "sqrt", "rsqrt", "reciprocal"}
MOST_OPERATIONS = 8
WITHOUT = {"mv", "dot"}  # products whose outputs are not matrices


def absorb_nests(schedule: Schedule, problems: dict[Product, Problem], target: Target) -> None:
    """Let products do what nests would do with their elements, and move them there.

    Args:
        schedule: the steps, which change.
        problems: of all products.
        target: what code is generated for: not all ways to compute a product have tiles.
    """
    changed = False
    for step, problem in problems.items():
        changed |= _absorb(schedule, step, problem, target)
    if changed:
        schedule.note_steps()
        schedule.find_stored()


def choose_targets(schedule: Schedule, writes: Writes) -> None:
    """Let a product whose own output nobody needs fill the memory of what its nest makes."""
    for step in schedule.steps:
        if not isinstance(step, Product) or step.nest is None or step.target in schedule.needed:
            continue
        mine = step.target.spec
        for value in step.nest.stored:
            same = (
                value.spec.dtype == mine.dtype
                and direct(value).strides == direct(step.target).strides
            )
            if same and value not in writes.direct:
                step.target = value
                break


def _absorb(schedule: Schedule, step: Product, problem: Problem, target: Target) -> bool:
    steps, output = schedule.steps, step.instruction.outputs[0]
    if step.instruction.operation.name in WITHOUT or output.spec.size == 0:
        return False
    position = steps.index(step)
    place = _first_reader(schedule, output, position)
    if place is None:
        return False
    nest = steps[place]
    if not isinstance(nest, Nest) or nest.domain != output.spec.shape or nest.scatters:
        return False
    body = _wanted(schedule, nest, output)
    if not body or len(body) > MOST_OPERATIONS or any(i.operation.name in SLOW for i in body):
        return False
    if not _is_possible(schedule, step, nest, body):
        return False
    if _are_changed(schedule, steps[position + 1 : place + 1], step):
        return False
    if plan_gemm(problem.gemm, target).form != "broadcast":
        return False
    taken = set(body)
    step.nest = Nest(nest.domain)
    step.nest.body = body
    step.nest.stored = [i.outputs[0] for i in body if i.outputs[0] in nest.stored]
    nest.body = [i for i in nest.body if i not in taken]
    nest.stored = [v for v in nest.stored if v not in step.nest.stored]
    for instruction in body:
        schedule.nest_of[instruction.outputs[0]] = step.nest
    steps.insert(place, step)
    if not nest.body and not nest.reductions:
        del steps[place + 1]
    del steps[position]
    return True


def _first_reader(schedule: Schedule, output: Value, position: int) -> int | None:
    """The first step after a position that reads a value."""
    for place in range(position + 1, len(schedule.steps)):
        step = schedule.steps[place]
        read = [v for i in instructions_of(step) for v in i.values()]
        if isinstance(step, Guard):
            read.append(step.flag)
        if any(schedule.accesses[v].root is output for v in read):
            return place
    return None


def _wanted(schedule: Schedule, nest: Nest, output: Value) -> list[Instruction]:
    """What others need of a nest and depends on a product, with all that it is made of."""
    depends = {output}
    wanted: set[Value] = set()
    for instruction in nest.body:
        made = instruction.outputs[0]
        if any(schedule.accesses[v].root in depends for v in instruction.values()):
            depends.add(made)
            if made in nest.stored:
                wanted.add(made)
    for instruction in reversed(nest.body):
        if instruction.outputs[0] in wanted:
            inside = {i.outputs[0] for i in nest.body}
            wanted.update(v for v in instruction.values() if v in inside)
    return [i for i in nest.body if i.outputs[0] in wanted]


def _is_possible(schedule: Schedule, step: Product, nest: Nest, body: list[Instruction]) -> bool:
    """Whether the rest of the nest finds what it needs in memory, and tiles all they need."""
    output, batched = step.instruction.outputs[0], is_batched(step.instruction)
    made = {i.outputs[0] for i in body}
    taken = set(body)
    for instruction in [*nest.body, *nest.reductions]:
        if instruction not in taken:
            if any(v in made and v not in nest.stored for v in instruction.values()):
                return False
            continue
        if instruction in schedule.indexed:
            return False
        for value in (*instruction.values(), *instruction.outputs):
            access = schedule.accesses[value]
            if value in made and value not in nest.stored:
                continue
            if access.root in schedule.constants:
                continue
            strides = access.over(nest.domain)
            if access.root is output and (
                access.offset or strides != direct(output).over(nest.domain)
            ):
                return False
            flat = flattened(nest.domain, strides, batched)
            if flat is None or flat[2] not in (0, 1):
                return False
            if value in made and access.root is not value:
                return False
    return True


def _are_changed(schedule: Schedule, between: list[Step], step: Product) -> bool:
    """Whether some step up to there writes where the product's operands or its output lie."""
    accesses = schedule.accesses
    mine = {accesses[v].root for v in (*step.instruction.values(), *step.instruction.outputs)}
    made = [v for other in between for i in instructions_of(other) for v in i.outputs]
    return any(accesses[v].root in mine for v in made)
