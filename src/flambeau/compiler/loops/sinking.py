"""Elementwise values that are computed where they are used, instead of being kept in memory.

An operation joins the first nest that can take it, which may be long before the one that uses it:
the decay of an average runs beside the sum of squares that a gradient is clipped by, and would
have to be kept, at full size, until the update. Moved to its only user it needs no memory. What
the early nest uses too is computed twice, where that is cheap beside writing and reading it.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from flambeau.compiler.loops.access import direct
from flambeau.compiler.loops.steps import Guard, Nest, instructions_of
from flambeau.compiler.record.program import Instruction, Value

if TYPE_CHECKING:
    from flambeau.compiler.loops.schedule import Schedule

LARGE_BYTES = 1 << 20  # smaller values stay in the cache: to compute them twice gains nothing
SLOW = {"div", "sqrt", "rsqrt", "reciprocal", "remainder", "fmod"}
SLOW_WEIGHT, MOST_WEIGHT, MOST_MEMBERS = 4, 16, 16
TRAFFIC_OF_KEEPING = 2  # one walk that writes the value, and one that reads it


def sink(schedule: Schedule) -> None:
    """Move what is made too early to the nests that use it.

    Args:
        schedule: its steps, before large ones are divided.
    """
    for twice in (False, True):  # what moves lies in a nest of its user when that is copied
        sinking = _Sinking(schedule, twice)
        for index in range(len(schedule.steps) - 2, -1, -1):
            nest = schedule.steps[index]
            if isinstance(nest, Nest) and not nest.scatters:
                for instruction in reversed(nest.body):
                    sinking.consider(nest, index, instruction)
        sinking.finish()


class _Cone:
    """An instruction with all that only its nest needs for it, and what that reads from memory.

    Attributes:
        members: in order; the last one makes the value.
        leaves: roots of what they read.
    """

    def __init__(self, members: list[Instruction], leaves: set[Value]) -> None:
        self.members = members
        self.leaves = leaves

    def is_cheap(self) -> bool:
        """Whether computing it twice costs less than memory does."""
        from flambeau.compiler.loops.nest import HEAVY  # it needs the schedule itself

        names = [i.operation.name for i in self.members]
        weight = sum(SLOW_WEIGHT if name in SLOW else 1 for name in names)
        return weight <= MOST_WEIGHT and not HEAVY.intersection(names)


class _Sinking:
    """Who reads what, kept up to date while instructions move.

    Args:
        schedule: the steps.
        copies: whether instructions may be computed twice, too.

    Attributes:
        readers: of each root, the instructions that read it, and their places in the steps.
        makers: the instructions that write to each root.
        kept: roots that are results, new contents of buffers, or flags.
        written: of each buffer that is written, the value that it gets.
        gone: instructions that have left their nests.
        come: those that a nest has received.
        instead: for each nest, the values that it reads in place of others.
    """

    def __init__(self, schedule: Schedule, copies: bool) -> None:
        self.schedule = schedule
        self.copies = copies
        self.readers: dict[Value, dict[Instruction, int]] = {}
        self.makers: dict[Value, list[Instruction]] = {}
        for index, step in enumerate(schedule.steps):
            for instruction in instructions_of(step):
                self._note(instruction, index)
                for value in instruction.outputs:
                    self.makers.setdefault(self._root(value), []).append(instruction)
        self.written = dict(schedule.program.writes)
        ends = [*schedule.program.results, *self.written.values()]
        ends += [step.flag for step in schedule.steps if isinstance(step, Guard)]
        self.kept = {self._root(value) for value in ends}
        self.gone: set[Instruction] = set()
        self.come: dict[Nest, dict[Value, Instruction]] = {}
        self.instead: dict[Nest, dict[Value, Value]] = {}

    def _root(self, value: Value) -> Value:
        return self.schedule.accesses[value].root

    def _note(self, instruction: Instruction, index: int) -> None:
        for value in instruction.values():
            self.readers.setdefault(self._root(value), {})[instruction] = index

    def consider(self, nest: Nest, index: int, instruction: Instruction) -> None:
        """Move or copy an instruction of a nest's body to those that use it, if that is better."""
        value = instruction.outputs[0]
        if not self._is_movable(nest, instruction):
            return
        readers = self.readers.get(value, {})
        if not readers:
            self._leave([instruction])  # all who read it have copies
            return
        later = sorted(set(readers.values()) - {index})
        if not later or not all(
            self._takes(place, nest, value, user) for user, place in readers.items()
            if place != index
        ):  # fmt: skip
            return
        cone = self._cone(nest, index, instruction)
        if cone is None:
            return
        twice = len(later) > 1 or not self._is_alone(cone, index)
        if twice and not (self.copies and _bytes(value) >= LARGE_BYTES and cone.is_cheap()):
            return
        if all(self._is_better(cone, nest, index, place, twice) for place in later):
            for place in later:
                self._put(cone, place, twice)
            if twice and index not in readers.values():
                self._leave([instruction])

    # --- what may move ------------------------------------------------------------------------

    def _is_movable(self, nest: Nest, instruction: Instruction) -> bool:
        """Whether it makes a value of its own from each element, which nobody wants to keep."""
        value = instruction.outputs[0]
        return (
            instruction not in self.gone
            and instruction not in self.schedule.indexed
            and value.kind != "buffer"
            and value not in self.kept
            and self._root(value) is value
            and self.schedule.nest_of.get(value) is nest
            and value.spec.shape == nest.domain
            and len(self.makers.get(value, ())) == 1
        )

    def _takes(self, place: int, nest: Nest, value: Value, user: Instruction) -> bool:
        """Whether a later step can compute a value itself: it reads each element where it is."""
        step = self.schedule.steps[place]
        if not isinstance(step, Nest) or not step.takes(nest.domain):
            return False
        if user in self.schedule.indexed:
            return False
        return all(v is value for v in user.values() if self._root(v) is value)

    def _cone(self, nest: Nest, index: int, instruction: Instruction) -> _Cone | None:
        """An instruction and what it is made of; ``None`` if that is much."""
        members: dict[Instruction, None] = {}
        leaves: set[Value] = set()

        def visit(member: Instruction) -> bool:
            if member in members:
                return True
            if len(members) == MOST_MEMBERS:
                return False
            for value in member.values():
                root = self._root(value)
                if root in self.schedule.constants:
                    continue
                inside = value is root and self._is_inside(nest, index, root)
                if not inside:
                    leaves.add(root)
                elif not visit(self.makers[root][0]):
                    return False
            members[member] = None
            return True

        return _Cone(list(members), leaves) if visit(instruction) else None

    def _is_inside(self, nest: Nest, index: int, root: Value) -> bool:
        """Whether a value never leaves the nest that makes it, so that it has no memory."""
        made = self.makers.get(root)
        if made is None or self.schedule.nest_of.get(root) is not nest:
            return False
        return self._is_movable(nest, made[0]) and set(self.readers[root].values()) == {index}

    def _is_alone(self, cone: _Cone, index: int) -> bool:
        """Whether nothing else in its nest needs any part of a cone."""
        members = set(cone.members)
        return all(
            user in members
            for member in cone.members
            for user, place in self.readers[member.outputs[0]].items()
            if place == index
        )

    def _is_better(self, cone: _Cone, nest: Nest, index: int, place: int, twice: bool) -> bool:
        """Whether a later nest finds all that a cone reads, and memory and traffic become less."""
        size, members = prod(nest.domain), set(cone.members)
        longer = more = 0
        for leaf in cone.leaves:
            if not self._is_unchanged(leaf, place):
                return False
            if leaf.spec.size < size:
                continue
            readers = self.readers[leaf]
            others = any(p == index and i not in members for i, p in readers.items())
            more += (place not in readers.values()) - (not twice and not others)
            if leaf.kind != "buffer" and leaf not in self.kept:
                longer += _bytes(leaf) if max(readers.values()) < place else 0
        return longer < _bytes(cone.members[-1].outputs[0]) and more < TRAFFIC_OF_KEEPING

    def _is_unchanged(self, leaf: Value, place: int) -> bool:
        """Whether memory still holds at a later step what it holds now."""
        makers = len(self.makers.get(leaf, ()))
        if leaf.kind != "buffer":
            return leaf in self.schedule.tables or makers == 1
        content = self.written.get(leaf)
        return not makers and (content is None or self.schedule.made_at[content] >= place)

    # --- moving -------------------------------------------------------------------------------

    def _put(self, cone: _Cone, place: int, twice: bool) -> None:
        """Compute a cone in a later nest, with values of its own if it stays where it is too."""
        target = self.schedule.steps[place]
        assert isinstance(target, Nest)
        come = self.come.setdefault(target, {})
        if not twice:
            self._leave(cone.members)
        instead = self.instead.setdefault(target, {})
        value = cone.members[-1].outputs[0]
        for member in cone.members:
            (old,) = member.outputs
            if old in instead:
                continue
            new = member
            if twice:
                made = instead[old] = Value(old.number, old.spec, old.kind)
                self.schedule.accesses[made] = direct(made)
                new = Instruction(
                    member.operation, _with(member, instead), member.params, (made,), member.line
                )
                self.makers[made] = [new]
                if old is value:
                    moved = [i for i, p in self.readers[old].items() if p == place]
                    self.readers[made] = {i: self.readers[old].pop(i) for i in moved}
            (output,) = new.outputs
            come[output] = new
            self.schedule.nest_of[output] = target
            self.schedule.made_at[output] = place
            self._note(new, place)

    def _leave(self, instructions: list[Instruction]) -> None:
        for instruction in instructions:
            self.gone.add(instruction)
            for value in instruction.values():
                self.readers[self._root(value)].pop(instruction, None)

    def finish(self) -> None:
        """Rewrite the nests: what has come stands before the first that reads it."""
        steps = self.schedule.steps
        for nest in [step for step in steps if isinstance(step, Nest)]:
            nest.body = [i for i in nest.body if i not in self.gone]
            if nest in self.come:
                self._rewrite(nest, self.come[nest], self.instead[nest])
        kept = [s for s in steps if not isinstance(s, Nest) or instructions_of(s)]
        if len(kept) != len(steps):
            steps[:] = kept
            self.schedule.note_steps()

    def _rewrite(
        self, nest: Nest, come: dict[Value, Instruction], instead: dict[Value, Value]
    ) -> None:
        body: dict[Instruction, None] = {}
        brought: set[Value] = set()

        def renewed(instruction: Instruction) -> Instruction:
            if instead.keys().isdisjoint(instruction.values()):
                return instruction
            i = instruction
            return Instruction(i.operation, _with(i, instead), i.params, i.outputs, i.line)

        def bring(instruction: Instruction) -> None:
            for value in instruction.values():
                if value in come and value not in brought:
                    brought.add(value)
                    made = renewed(come[value])
                    bring(made)
                    body[made] = None

        for instruction in map(renewed, nest.body):
            bring(instruction)
            body[instruction] = None
        nest.reductions = list(map(renewed, nest.reductions))
        for instruction in nest.reductions:
            bring(instruction)
        nest.body = list(body)


def _with(instruction: Instruction, instead: dict[Value, Value]) -> tuple[object, ...]:
    """An instruction's inputs, some values replaced."""
    return tuple(instead.get(x, x) if isinstance(x, Value) else x for x in instruction.inputs)


def _bytes(value: Value) -> int:
    return value.spec.size * value.spec.dtype.itemsize
