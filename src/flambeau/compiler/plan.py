"""The native plan of a specialisation: what the dispatcher checks, runs and returns for it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from flambeau.compiler.native import NativeProgram, _empty
from flambeau.compiler.record.program import Value
from flambeau.compiler.record.trace import Argument, GradientOf, Place
from flambeau.compiler.run import layout
from flambeau.compiler.run import plan_layout as tables
from flambeau.compiler.run.guard_plan import GuardPlan
from flambeau.compiler.run.native_text import ARGUMENT_NUMBERS
from flambeau.compiler.run.number_plan import NotNative, NumberPlan, sources_of
from flambeau.compiler.run.overlap_plan import OverlapPlan
from flambeau.compiler.run.plan_layout import Leaf, LeafKind, Plan, Root, Shape
from flambeau.compiler.run.unpacking import Unpacking
from flambeau.compiler.specialisation import CONSUMED, Specialisation, seen_through
from flambeau.core.number import Number
from flambeau.tensor.dispatch import wrap
from flambeau.tensor.tensor import Tensor, owner, shared_counter

POOL_BYTES = 1 << 16
LARGEST_POOL = 4
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
        self.head = np.zeros(Plan.SIZE, np.uint64)
        self.nothing = np.zeros(tables.Block.WORDS, np.uint64)  # words that never change
        self.noise: dict[int, int] = {}
        self.versions: dict[int, int] = {}
        self.is_native = False
        self.arrays: dict[int, tuple[np.ndarray, int]] = {}
        self.basis: list[Any] = []
        self.containers = specialisation.containers_of_numbers()
        self.keep: list[Any] = []
        self._callbacks = {
            Plan.RUN: self._run, Plan.RENEW: self._renew, Plan.GROW: self._grow,
            Plan.FINISH: self._finish, Plan.COUNT: shared_counter,
        }  # fmt: skip
        for field, function in self._callbacks.items():
            self.head[field] = id(function)

    @property
    def address(self) -> int:
        """Where the plan lies."""
        return self.head.ctypes.data

    @property
    def owner_thread(self) -> int:
        """The thread that is running it, or 0."""
        return int(self.head[Plan.BUSY])

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

    def _set(self, field: int, rows: list[tuple[int, ...]], width: int) -> np.ndarray:
        made = tables.table(rows, width)
        self.arrays[field] = (made, len(rows))
        self.head[field], self.head[field + 1] = len(rows), made.ctypes.data
        return made

    def _guard_tensors(self) -> None:
        trace = self.specialisation.trace
        for tensor, _, _ in trace.tensors:
            self.guards.add_slots(tensor, "_array", "_requires", "_view", "_node")
        for container, key, _, spec in trace.assigned:
            self.guards.add_tensor(container, key, spec)
        absent: list[tuple[int, ...]] = []
        borrowed = {self._name_of(s.target) for s in trace.sources if isinstance(s, GradientOf)}
        for target, present in trace.gradients_read.items():
            if not present:
                absent.append((self._name_of(target),))
            elif self._name_of(target) not in borrowed:
                raise NotNative("the presence of a gradient")
        self._set(Plan.ABSENT, absent, 1)

    def _name_of(self, target: Any) -> int:
        """How tables name a tensor: by its address, or as an argument by its number."""
        if not isinstance(target, Argument):
            return id(target)
        if target.index >= ARGUMENT_NUMBERS:
            raise NotNative("the gradient of one of very many arguments")
        return target.index

    def _set_guards(self) -> None:
        guards = self.guards
        tags, words = [(address,) for address in guards.tags], list(dict.fromkeys(guards.words))
        self.head[Plan.TAG_SUM] = guards.tag_sum & tables.WORD
        nothing = self.nothing.ctypes.data
        self._set(Plan.TAGS, _filled(tags, (nothing,)), 1)
        self._set(Plan.BLOCKS, _filled(guards.blocks(), (nothing,)), tables.Block.SIZE)
        self._set(Plan.WORDS, _filled(words, (nothing, 0)), 2)
        self._set(Plan.LISTS, guards.lists, 3)
        self._set(Plan.ITEMS, guards.items, 3)
        self._set(Plan.OTHERS, guards.others, tables.Other.SIZE)

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
            self._set_gradients()
            self._set_roots()
            self._set_leaves()
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
            self._set(field, [], 1)
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
        rows = []
        for i, (value, source, array) in enumerate(zip(values, sources, buffers, strict=True)):
            if isinstance(source, GradientOf):
                sizes = self._sizes(array)
                row = (
                    self._name_of(source.target),
                    id(array.dtype),
                    array.ndim,
                    sizes,
                    self._position(value),
                )
                rows.append((*row, int(i in written)))
                self.keep.append(array.dtype)
        self._set(Plan.BORROWED, rows, tables.Borrowed.SIZE)

    def _set_counters(self) -> None:
        """Whose versions go up: of captured tensors, by their counters themselves."""
        rows: list[tuple[int, ...]] = []
        self.counted = []
        for index in self.specialisation.write_indices:
            source = self.specialisation.trace.sources[index]
            if isinstance(source, Argument):
                rows.append((tables.CounterKind.ARGUMENT, source.index))
            elif isinstance(source, GradientOf):
                rows.append((tables.CounterKind.GRADIENT, self._name_of(source.target)))
            else:
                self.counted.append(shared_counter(source))
                self.guards.add_slots(source, "_counter")
        self._set_guards()
        self._set(Plan.COUNTERS, rows, tables.Counter.SIZE)
        self._set(Plan.COUNTED, [(id(counter),) for counter in self.counted], 1)

    def _set_overlaps(self, arrays: list[np.ndarray]) -> None:
        self.overlaps = OverlapPlan(self.specialisation, arrays, self._position)
        self._set(Plan.APART, self.overlaps.apart, tables.Apart.SIZE)
        self._set(Plan.OVERLAPS, self.overlaps.pairs, 4)

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
        self._set(Plan.SOURCES, plan.sources, tables.Source.SIZE)
        self._set(Plan.OPERATIONS, plan.steps, tables.Step.SIZE)
        self._set(Plan.OUTPUTS, plan.outputs, 2)
        self._set(Plan.EQUAL_SOURCES, plan.equal, 2)
        self._set(Plan.SHORT_OPERATIONS, plan.short_steps, tables.Step.SIZE)
        self._set(Plan.SHORT_OUTPUTS, plan.short_outputs, 2)
        self.table[self.native.numbers_entry] = plan.table.ctypes.data

    # --- gradients --------------------------------------------------------------------------------

    def _root_of(self, index: int) -> Value:
        """The value whose memory is a result's; it must be the result itself."""
        value = self.specialisation.program.results[index]
        access = self.native.schedule.accesses.get(value)
        roots = self.native.result_roots
        if access is None or access.root not in roots or index in self.specialisation.twins:
            raise NotNative("a result without memory of its own")
        return access.root

    def _set_gradients(self) -> None:
        trace = self.specialisation.trace
        self.owned: list[tuple[Tensor, Place | None]] = []
        used: list[Value] = []
        for target, place in trace.gradients:
            if place is not None:
                if place.outside is not None or place.buffer is not None or place.requires:
                    raise NotNative("a gradient that is an existing tensor")
                used.append(self._root_of(place.index))
            self.owned.append((target, place))
        used += [self._root_of(i) for i in {x.index for x in trace.leaves if _is_fresh(x)}]
        if len(set(used)) != len(used):
            raise NotNative("results that share memory")
        self._make_gradients()

    def _make_gradients(self) -> None:
        """New tensors for all gradients, which nobody else holds yet."""
        self.gradients: list[Tensor] = []
        self.gradient_arrays: list[np.ndarray] = []
        self.gradient_roots: list[np.ndarray] = []
        for _, place in self.owned:
            if place is None:
                continue
            value = self._root_of(place.index)
            root = _empty(value)
            self.table[self.native.slots[value].table] = root.ctypes.data
            self.gradient_arrays.append(self._result_array(place, root))
            self.gradients.append(wrap(self.gradient_arrays[-1]))
            self.gradient_roots.append(owner(root))
            del root
        self._set(Plan.GRADIENTS, self._gradient_rows(), tables.Gradient.SIZE)

    def _gradient_rows(self) -> list[tuple[int, ...]]:
        rows = []
        position = 0
        for target, place in self.owned:
            if place is None:
                rows.append((self._name_of(target), 0, 0, 0, 0, 0))
                continue
            row = [self._name_of(target), id(self.gradients[position])]
            for kept in (self.gradient_arrays, self.gradient_roots):
                row += [id(kept[position]), layout.count_of(kept[position])]
            rows.append(tuple(row))
            position += 1
        return rows

    def _result_array(self, place: Place, root: np.ndarray) -> np.ndarray:
        value = self.specialisation.program.results[place.index]
        array = self.native._seen(value, {self._root_of(place.index): root})
        return seen_through(place.chain, array)

    def _renew(self) -> None:
        self._make_gradients()

    # --- results ----------------------------------------------------------------------------------

    def _set_roots(self) -> None:
        """Memory for results that are not gradients: pools of arrays."""
        grads = {self._root_of(p.index) for _, p in self.owned if p is not None}
        self.roots = [v for v in self.native.result_roots if v not in grads]
        self.pools: list[list[np.ndarray]] = [[] for _ in self.roots]
        self.pool_addresses = [np.zeros(LARGEST_POOL, np.uint64) for _ in self.roots]
        rows = []
        for value, addresses in zip(self.roots, self.pool_addresses, strict=True):
            array = _empty(value)
            flags = layout.word_at(id(array) + layout.HEADER + 48) & 0xFFFFFFFF
            position = self.native.slots[value].table
            row = (position, 0, addresses.ctypes.data, flags, id(array.dtype), array.ndim)
            rows.append((*row, self._sizes(array), 0, 0))
            self.keep.append(array.dtype)
        self.root_rows = self._set(Plan.ROOTS, rows, Root.SIZE)

    def _grow(self, index: int) -> np.ndarray:
        """One more array for a result; kept for later calls if there are few."""
        array = _empty(self.roots[index])
        pool = self.pools[index]
        largest = LARGEST_POOL if array.nbytes <= POOL_BYTES else 2
        if array.base is not None:
            largest = 0  # its views would hold the base, not the array
        if len(pool) < largest:
            self.pool_addresses[index][len(pool)] = id(array)
            pool.append(array)
            self.root_rows[index, Root.COUNT] = len(pool)
        return array

    def _set_leaves(self) -> None:
        trace = self.specialisation.trace
        shape = _shape_of(trace.structure)
        finished = trace.derivative or trace.inner_gradients or trace.assigned
        direct = shape is not None and not finished
        rows: list[Any] = []
        if direct:
            self.returned: set[Place] = set()
            rows = [self._leaf(x) for x in trace.leaves]
            direct = None not in rows
        if not direct:
            shape = Shape.FINISHED
            rows = [(LeafKind.FRESH, i, id(False), id(None)) for i in range(len(self.roots))]
            rows += [(LeafKind.ARGUMENT, i, 0, 0) for i in range(self.argument_count)]
            for i in range(len(self.specialisation.program.results)):
                self._root_of(i)
        self._set(Plan.LEAVES, rows, Leaf.SIZE)
        self.head[Plan.SHAPE] = Shape.FINISHED if shape is None else shape

    def _leaf(self, x: Any) -> tuple[int, ...] | None:
        if isinstance(x, Number):
            return None
        if not isinstance(x, Place):
            self.keep.append(x)
            return LeafKind.OBJECT, id(x), 0, 0
        if isinstance(x.outside, Argument):
            return LeafKind.ARGUMENT, x.outside.index, 0, 0
        if x.outside is not None:
            return LeafKind.OBJECT, id(x.outside), 0, 0
        if x.buffer is not None or x.chain or x.output is not None:
            return None
        value = self.specialisation.program.results[x.index]
        root = self._root_of(x.index)
        if root is not value or root not in self.roots:
            return None
        if x in self.returned:
            return None
        self.returned.add(x)
        node = CONSUMED if x.requires and not x.is_leaf else None
        return LeafKind.FRESH, self.roots.index(root), id(x.requires), id(node)

    def _finish(self, parts: tuple[Any, ...]) -> Any:
        """What is returned, from new tensors around the results' memory, and the arguments."""
        specialisation = self.specialisation
        count = len(self.roots)
        leaves = list(parts[count:])
        buffers = specialisation.buffers(leaves)
        arrays = dict(zip(specialisation.program.buffers, buffers, strict=True))
        arrays.update(zip(self.roots, [t._array for t in parts[:count]], strict=True))
        results: list[Any] = [
            self.native._seen(v, arrays) if self._root_of(i) in arrays else None
            for i, v in enumerate(specialisation.program.results)
        ]
        numbers = specialisation.numbers_for_backward(leaves)
        return specialisation.finish(results, buffers, leaves, numbers, [], done=True)

    def _run(self, *leaves: Any) -> Any:
        return self.run(self.specialisation, self.structure, list(leaves))

    # --- arguments --------------------------------------------------------------------------------

    def _set_unpacking(self) -> None:
        """How leaves are found among the arguments."""
        unpacking = Unpacking(self.structure)
        self.head[Plan.GIVEN] = unpacking.given
        self._set(Plan.NAMES, [(id(name),) for name in unpacking.names], 1)
        self._set(Plan.UNPACK, unpacking.rows, tables.Unpack.SIZE)
        self._set(Plan.PICKED, [(place,) for place in unpacking.picked], 1)
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
        rows = []
        kind = tables.ArgumentKind
        firsts: dict[int, int] = {}
        for index, leaf in enumerate(leaves):
            if isinstance(leaf, Tensor):
                first = firsts.setdefault(id(leaf), index)
                number, value = where[first]
                array = leaf._array
                self.keep.append(array.dtype)
                row = (kind.TENSOR, first, id(type(leaf)), id(leaf.requires_grad), id(array.dtype))
                sizes = self._sizes(array)
                rows.append(
                    (*row, array.ndim, sizes, self._position(value), int(number in written))
                )
            elif type(leaf) in (int, float):
                rows.append((kind.NUMBER, index, id(type(leaf))))
            else:
                self.keep.append(leaf)
                rows.append((kind.OBJECT, index, id(leaf)))
        self._set(Plan.ARGUMENTS, rows, tables.Argument.SIZE)

    def _sizes(self, array: np.ndarray) -> int:
        """The address of an array's sizes and strides."""
        made = np.array([*array.shape, *array.strides, 0], np.int64)
        self.keep.append(made)
        return made.ctypes.data


def _filled(rows: list[Any], row: tuple[int, ...]) -> list[Any]:
    """Rows of a guard that always holds, up to a whole turn of its loop."""
    return rows + [row] * (-len(rows) % Plan.TOGETHER)


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


def _is_fresh(x: Any) -> bool:
    return isinstance(x, Place) and x.outside is None and x.buffer is None


def _shape_of(structure: Any) -> int | None:
    """How a result is put together, if natively it can be."""
    if structure.kind is None:
        return Shape.SINGLE
    if any(child.kind is not None for child in structure.children):
        return None
    return {tuple: Shape.TUPLE, list: Shape.LIST}.get(structure.kind)
