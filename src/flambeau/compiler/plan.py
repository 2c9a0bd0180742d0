"""The native plan of a specialisation: what the dispatcher checks, runs and returns for it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from flambeau.compiler.native import NativeProgram
from flambeau.compiler.plan_memory import PlanMemory, Rows, layout_of, name_of
from flambeau.compiler.plan_results import ResultPlan
from flambeau.compiler.record.program import Value
from flambeau.compiler.record.trace import Argument, GradientOf
from flambeau.compiler.run import plan_layout as tables
from flambeau.compiler.run.guard_plan import GuardPlan
from flambeau.compiler.run.number_plan import NotNative, NumberPlan, sources_of
from flambeau.compiler.run.overlap_plan import OverlapPlan
from flambeau.compiler.run.plan_layout import Plan
from flambeau.compiler.run.unpacking import Unpacking
from flambeau.compiler.specialisation import Specialisation
from flambeau.tensor.tensor import Tensor, owner, shared_counter

RELEASE_SECONDS = 20e-6


class CallPlan:
    """Tables in memory for one specialisation.

    Args:
        specialisation: what to run.
        structure: of its arguments: ``(args, kwargs)``.
        code: the mode it was recorded in.
        run: runs it through Python, given it, the structure and the leaves of the arguments.

    Attributes:
        head: the plan itself; its address goes into an entry's table.
        is_native: whether the program runs as one native call; otherwise guards are checked
            natively and Python does the rest.
    """

    def __init__(
        self, specialisation: Specialisation, structure: Any, code: int, run: Callable[..., Any]
    ) -> None:
        self.specialisation = specialisation
        self.structure = structure
        self.run = run
        self.code = code
        self.memory = PlanMemory()
        self.head = self.memory.head
        self.noise: dict[int, int] = {}
        self.versions: dict[int, int] = {}
        self.is_native = False
        self.basis: list[Any] = []
        self.containers = specialisation.containers_of_numbers()
        self.memory.set_function(Plan.RUN, self._run)
        self.memory.set_function(Plan.COUNT, shared_counter)

    @property
    def address(self) -> int:
        """Where the plan lies."""
        return self.head.ctypes.data

    @property
    def owner_thread(self) -> int:
        """The thread that is running it, or 0."""
        return int(self.head[Plan.BUSY])

    def forget_others(self, thread: int) -> None:
        """In a process that has no other thread: none of them is running it."""
        if self.owner_thread != thread:
            self.head[Plan.BUSY] = 0

    # --- arming -------------------------------------------------------------------------------

    def arm(self, leaves: list[Any]) -> bool:
        """Fill the tables from how things are now, having been found to hold.

        Returns:
            whether the plan can be used.
        """
        self.head[Plan.CODE] = id(self.code)
        self.head[Plan.MOVED] = 1
        self.argument_count = len(leaves)
        trace = self.specialisation.trace
        if trace.requires or trace.escaped:
            return False
        try:
            self._set_unpacking()
            self.guards = GuardPlan(trace.watch, self.noise, self.versions)
            self._guard_tensors()
            self._set_guards()
        except NotNative:
            return False
        before, self.basis = self.basis, self._basis_now(leaves)
        if self.is_native and _are_same(before, self.basis):
            self._set_counters()
        else:
            self.is_native = self._try_native(leaves)
        if not self.is_native:
            if trace.questions:
                return False  # only Python asks again
            self._set_python(leaves)
        self._set_arguments(leaves)
        return True

    def _basis_now(self, leaves: list[Any]) -> list[Any]:
        """What the native tables are made from, beside the arguments and what guards look at."""
        specialisation = self.specialisation
        found: list[Any] = [
            array
            for source, array in zip(
                specialisation.trace.sources, specialisation.buffers(leaves), strict=True
            )
            if not isinstance(source, (Argument, GradientOf))
        ]
        for container in self.containers:
            guarded = self.guards.is_guarded(container)
            found += [guarded, self.versions[id(container)] if guarded else 0]
        return found

    def _guard_tensors(self) -> None:
        trace = self.specialisation.trace
        for tensor, _, _ in trace.tensors:
            self.guards.add_slots(tensor, "_array", "_requires", "_view", "_node")
        for container, key, _, spec in trace.assigned:
            self.guards.add_tensor(container, key, spec)
        absent: list[tuple[int, ...]] = []
        borrowed = {name_of(s.target) for s in trace.sources if isinstance(s, GradientOf)}
        for target, present in trace.gradients_read.items():
            if not present:
                absent.append((name_of(target),))
            elif name_of(target) not in borrowed:
                raise NotNative("the presence of a gradient")
        self.memory.set(Plan.ABSENT, absent, 1)

    def _set_guards(self) -> None:
        guards, memory = self.guards, self.memory
        self.head[Plan.TAG_SUM] = guards.tag_sum & tables.WORD
        memory.set_guard(Plan.TAGS, [(address,) for address in guards.tags], 1)
        memory.set_guard(Plan.BLOCKS, guards.blocks(), tables.Block.SIZE)
        memory.set_guard(Plan.WORDS, list(dict.fromkeys(guards.words)), 2)
        memory.set(Plan.LISTS, guards.lists, 3)
        memory.set(Plan.ITEMS, guards.items, 3)
        memory.set(Plan.OTHERS, guards.others, tables.Other.SIZE)

    # --- running natively -----------------------------------------------------------------------

    def _try_native(self, leaves: list[Any]) -> bool:
        compute = self.specialisation.compute
        if not isinstance(compute, NativeProgram) or not getattr(compute, "kernel_address", 0):
            return False
        if self.specialisation.trace.derivative is not None and compute.generators:
            return False  # the states of generators are noted before each run
        self.native: Any = compute
        self.table = np.array(compute.tables[0])  # calls through Python use the other
        self.head[Plan.TABLE] = self.table.ctypes.data
        try:
            self._set_buffers(leaves)
            self._set_numbers(leaves)
            self.results = ResultPlan(
                self.specialisation, self.memory, self.table, self.argument_count
            )
        except NotNative:
            return False
        self.head[Plan.KERNEL] = compute.kernel_address
        self.head[Plan.STATUS] = compute.status_word.ctypes.data
        self._set_locks()
        return True

    def note_time(self) -> None:
        """Let other threads run meanwhile, if the program is a long one."""
        seconds = getattr(self.specialisation.compute, "last_seconds", 0.0)
        self.head[Plan.RELEASE] = int(seconds > RELEASE_SECONDS)

    def _set_locks(self) -> None:
        locks = [generator.lock for generator in self.native.places.generators]
        if len(locks) == 1:
            functions: tuple[Any, Any] = partial(locks[0].acquire, False), locks[0].release
        elif locks:
            functions = partial(_acquired, locks), partial(_release, locks)
        else:
            return
        self.locks = functions
        self.head[Plan.TRY_LOCK], self.head[Plan.UNLOCK] = map(id, functions)

    def _set_python(self, leaves: list[Any]) -> None:
        """Guards and arguments only; the program itself is run by Python."""
        self.native = None
        self.head[Plan.KERNEL] = 0
        self.table = np.zeros(max(len(self.specialisation.program.buffers), 1), np.uint64)
        self.head[Plan.TABLE] = self.table.ctypes.data
        for field in (Plan.OVERLAPS, Plan.APART):
            self.memory.set(field, [], 1)
        self._set_borrowed(self.specialisation.buffers(leaves))

    def _position(self, value: Value) -> int:
        """Which entry of the table of pointers is a buffer's."""
        if self.native is not None:
            return self.native.slots[value].table
        return self.specialisation.numbers[value]

    def _set_buffers(self, leaves: list[Any]) -> None:
        """Addresses of captured buffers, and what is a tensor's gradient at the call."""
        specialisation = self.specialisation
        trace, program = specialisation.trace, specialisation.program
        buffers = specialisation.buffers(leaves)
        for value, source, array in zip(program.buffers, trace.sources, buffers, strict=True):
            if isinstance(source, GradientOf):
                if owner(source.of(leaves)._array) is not source.of(leaves)._array:
                    raise NotNative("a gradient that is a view")
            elif not isinstance(source, Argument):
                self.table[self._position(value)] = array.__array_interface__["data"][0]
        self._set_borrowed(buffers)
        self._set_counters()
        self._set_overlaps(buffers)

    def _set_borrowed(self, buffers: list[np.ndarray]) -> None:
        """Buffers that are a tensor's gradient at the call, which must be there, whoever runs."""
        specialisation = self.specialisation
        sources, values = specialisation.trace.sources, specialisation.program.buffers
        written = set(specialisation.write_indices)
        rows: Rows = []
        kept: list[Any] = []
        for i, (value, source, array) in enumerate(zip(values, sources, buffers, strict=True)):
            if isinstance(source, GradientOf):
                place = self._position(value), int(i in written)
                rows.append((name_of(source.target), *layout_of(array, kept), *place))
        self.memory.set(Plan.BORROWED, rows, tables.Borrowed.SIZE, kept)

    def _set_counters(self) -> None:
        """Whose versions go up: of captured tensors, by their counters themselves."""
        rows: list[tuple[int, ...]] = []
        self.counted = []
        for index in self.specialisation.write_indices:
            source = self.specialisation.trace.sources[index]
            if isinstance(source, Argument):
                rows.append((tables.CounterKind.ARGUMENT, source.index))
            elif isinstance(source, GradientOf):
                rows.append((tables.CounterKind.GRADIENT, name_of(source.target)))
            else:
                self.counted.append(shared_counter(source))
                self.guards.add_slots(source, "_counter")
        self._set_guards()
        self.memory.set(Plan.COUNTERS, rows, tables.Counter.SIZE)
        self.memory.set(Plan.COUNTED, [(id(counter),) for counter in self.counted], 1)

    def _set_overlaps(self, arrays: list[np.ndarray]) -> None:
        self.overlaps = OverlapPlan(self.specialisation, arrays, self._position)
        self.memory.set(Plan.APART, self.overlaps.apart, tables.Apart.SIZE)
        self.memory.set(Plan.OVERLAPS, self.overlaps.pairs, 4)

    def _set_numbers(self, leaves: list[Any]) -> None:
        trace = self.specialisation.trace
        if trace.derivative is not None and any(
            s.operands[0] == "tensor" for n in trace.derivative.numbers() for s in sources_of(n)
        ):
            raise NotNative("a backward pass that reads a step count")
        plan = self.numbers = NumberPlan(
            [number for _, number in self.native.numbers.values()],
            [source for number, *_ in trace.questions for source in sources_of(number)],
            self.specialisation.read,
            leaves,
            self.guards.is_guarded,
        )
        self.memory.set(Plan.SOURCES, plan.sources, tables.Source.SIZE)
        self.memory.set(Plan.OPERATIONS, plan.steps, tables.Step.SIZE)
        self.memory.set(Plan.OUTPUTS, plan.outputs, 2)
        self.memory.set(Plan.EQUAL_SOURCES, plan.equal, 2)
        self.memory.set(Plan.SHORT_OPERATIONS, plan.short_steps, tables.Step.SIZE)
        self.memory.set(Plan.SHORT_OUTPUTS, plan.short_outputs, 2)
        self.table[self.native.numbers_entry] = plan.table.ctypes.data

    def _run(self, *leaves: Any) -> Any:
        return self.run(self.specialisation, self.structure, list(leaves))

    # --- arguments --------------------------------------------------------------------------------

    def _set_unpacking(self) -> None:
        """How leaves are found among the arguments."""
        unpacking = Unpacking(self.structure)
        self.head[Plan.GIVEN] = unpacking.given
        self.memory.set(Plan.NAMES, [(id(name),) for name in unpacking.names], 1)
        self.memory.set(Plan.UNPACK, unpacking.rows, tables.Unpack.SIZE)
        self.memory.set(Plan.PICKED, [(place,) for place in unpacking.picked], 1)
        found, flat = unpacking.memory()
        self.head[Plan.FOUND], self.head[Plan.FLAT] = found.ctypes.data, flat.ctypes.data
        self.unpacking = unpacking, found, flat

    def _set_arguments(self, leaves: list[Any]) -> None:
        specialisation = self.specialisation
        trace, program = specialisation.trace, specialisation.program
        written = set(specialisation.write_indices)
        where = {
            s.index: (i, value)
            for i, (s, value) in enumerate(zip(trace.sources, program.buffers, strict=True))
            if isinstance(s, Argument)
        }
        rows: Rows = []
        kept: list[Any] = []
        kind = tables.ArgumentKind
        firsts: dict[int, int] = {}
        for index, leaf in enumerate(leaves):
            if isinstance(leaf, Tensor):
                first = firsts.setdefault(id(leaf), index)
                number, value = where[first]
                row = kind.TENSOR, first, id(type(leaf)), id(leaf.requires_grad)
                place = self._position(value), int(number in written)
                rows.append((*row, *layout_of(leaf._array, kept), *place))
            elif type(leaf) in (int, float):
                rows.append((kind.NUMBER, index, id(type(leaf))))
            else:
                kept.append(leaf)
                rows.append((kind.OBJECT, index, id(leaf)))
        self.memory.set(Plan.ARGUMENTS, rows, tables.Argument.SIZE, kept)


def _are_same(before: list[Any], now: list[Any]) -> bool:
    """Whether two lists hold the same objects, or equal numbers."""
    return len(before) == len(now) and all(
        x is y or (x.__class__ is int and x == y) for x, y in zip(before, now)
    )


def _acquired(locks: list[Any]) -> bool:
    """Take all locks if all are free."""
    for number, lock in enumerate(locks):
        if not lock.acquire(False):
            _release(locks[:number])
            return False
    return True


def _release(locks: list[Any]) -> None:
    for lock in locks:
        lock.release()
