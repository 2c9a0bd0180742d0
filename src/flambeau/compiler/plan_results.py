"""The results of a plan: gradients, memory for what is returned, and how that is put together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from flambeau.compiler.native import _empty
from flambeau.compiler.plan_memory import PlanMemory, Rows, layout_of, name_of
from flambeau.compiler.record.program import Value
from flambeau.compiler.record.trace import Argument, Place
from flambeau.compiler.run import layout
from flambeau.compiler.run import plan_layout as tables
from flambeau.compiler.run.call import ARRAY_FLAGS, HEADER
from flambeau.compiler.run.number_plan import NotNative
from flambeau.compiler.run.plan_layout import BuildKind, Leaf, LeafKind, Plan, Root, Shape
from flambeau.compiler.specialisation import CONSUMED, Specialisation, seen_through
from flambeau.core.number import Number
from flambeau.tensor.dispatch import wrap
from flambeau.tensor.tensor import Tensor, owner

POOL_BYTES = 1 << 16
LARGEST_POOL = 4
_KINDS = {tuple: BuildKind.TUPLE, list: BuildKind.LIST, dict: BuildKind.DICT}


class ResultPlan:
    """Tables of what a native program gives back.

    Args:
        specialisation: what runs, as a native program.
        memory: of the plan.
        table: the pointers that the program is given.
        argument_count: how many leaves the arguments have.

    Raises:
        NotNative: if only Python can put the results together.
    """

    def __init__(
        self,
        specialisation: Specialisation,
        memory: PlanMemory,
        table: np.ndarray,
        argument_count: int,
    ) -> None:
        self.specialisation = specialisation
        self.native: Any = specialisation.compute
        self.memory = memory
        self.table = table
        self._set_gradients()
        self._set_roots()
        self._set_leaves(argument_count)
        memory.set_function(Plan.RENEW, self._make_gradients)
        memory.set_function(Plan.GROW, self._grow)
        memory.set_function(Plan.FINISH, self._finish)

    def _root_of(self, index: int) -> Value:
        """The value whose memory is a result's; it must be the result itself."""
        value = self.specialisation.program.results[index]
        access = self.native.schedule.accesses.get(value)
        roots = self.native.result_roots
        if access is None or access.root not in roots or index in self.specialisation.twins:
            raise NotNative("a result without memory of its own")
        return access.root

    # --- gradients --------------------------------------------------------------------------------

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
        self.memory.set(Plan.GRADIENTS, self._gradient_rows(), tables.Gradient.SIZE)

    def _gradient_rows(self) -> Rows:
        rows = []
        position = 0
        for target, place in self.owned:
            if place is None:
                rows.append((name_of(target), 0, 0, 0, 0, 0))
                continue
            row = [name_of(target), id(self.gradients[position])]
            for kept in (self.gradient_arrays, self.gradient_roots):
                row += [id(kept[position]), layout.count_of(kept[position])]
            rows.append(tuple(row))
            position += 1
        return rows

    def _result_array(self, place: Place, root: np.ndarray) -> np.ndarray:
        value = self.specialisation.program.results[place.index]
        array = self.native._seen(value, {self._root_of(place.index): root})
        return seen_through(place.chain, array)

    # --- memory -----------------------------------------------------------------------------------

    def _set_roots(self) -> None:
        """Memory for results that are not gradients: pools of arrays."""
        grads = {self._root_of(p.index) for _, p in self.owned if p is not None}
        self.roots = [v for v in self.native.result_roots if v not in grads]
        self.pools: list[list[np.ndarray]] = [[] for _ in self.roots]
        self.pool_addresses = [np.zeros(LARGEST_POOL, np.uint64) for _ in self.roots]
        rows: Rows = []
        kept: list[Any] = []
        for value, addresses in zip(self.roots, self.pool_addresses, strict=True):
            array = _empty(value)
            flags = layout.word_at(id(array) + HEADER + ARRAY_FLAGS) & 0xFFFFFFFF
            position = self.native.slots[value].table
            described = layout_of(array, kept)
            rows.append((position, 0, addresses.ctypes.data, flags, *described, 0, 0))
        self.root_rows = self.memory.set(Plan.ROOTS, rows, Root.SIZE, kept)

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

    # --- what is returned -------------------------------------------------------------------------

    def _set_leaves(self, argument_count: int) -> None:
        trace = self.specialisation.trace
        finished = trace.derivative or trace.inner_gradients or trace.assigned
        kept: list[Any] = []
        self.returned: set[Place] = set()
        rows: list[Any] = [None] if finished else [self._leaf(x, kept) for x in trace.leaves]
        build: Rows = []
        shape = Shape.SINGLE if trace.structure.kind is None else Shape.BUILT
        if None in rows or not _add_structure(trace.structure, build, kept):
            shape, build = Shape.FINISHED, []
            rows = [(LeafKind.FRESH, i, id(False), id(None)) for i in range(len(self.roots))]
            rows += [(LeafKind.ARGUMENT, i, 0, 0) for i in range(argument_count)]
            count = len(self.specialisation.program.results)
            self.finished = [self._finished(i) for i in range(count)]
        self.memory.set(Plan.LEAVES, rows, Leaf.SIZE, kept)
        self.stack = np.zeros(len(build) + 1, np.uint64)
        self.memory.set(Plan.BUILD, build, tables.Build.SIZE, kept, self.stack)
        self.memory.head[Plan.STACK] = self.stack.ctypes.data
        self.memory.head[Plan.SHAPE] = shape

    def _leaf(self, x: Any, kept: list[Any]) -> tuple[int, ...] | None:
        if isinstance(x, Number):
            return None
        if not isinstance(x, Place):
            kept.append(x)
            return LeafKind.OBJECT, id(x), 0, 0
        if isinstance(x.outside, Argument):
            return LeafKind.ARGUMENT, x.outside.index, 0, 0
        if x.outside is not None:
            kept.append(x.outside)
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

    def _finished(self, index: int) -> tuple[int | None, Callable[[np.ndarray], np.ndarray]]:
        """Which new tensor has a result's memory, if one does, and the result made of that."""
        value, root = self.specialisation.program.results[index], self._root_of(index)
        place = self.roots.index(root) if root in self.roots else None
        if value is root:
            return place, lambda array: array
        return place, lambda array: self.native._seen(value, {root: array})

    def _finish(self, parts: tuple[Any, ...]) -> Any:
        """What is returned, from new tensors around the results' memory, and the arguments."""
        specialisation = self.specialisation
        leaves = list(parts[len(self.roots) :])
        buffers = specialisation.buffers(leaves)
        results: list[Any] = [
            None if place is None else seen(parts[place]._array) for place, seen in self.finished
        ]
        numbers = specialisation.numbers_for_backward(leaves)
        return specialisation.finish(results, buffers, leaves, numbers, [], done=True)


def _is_fresh(x: Any) -> bool:
    return isinstance(x, Place) and x.outside is None and x.buffer is None


def _add_structure(structure: Any, rows: Rows, kept: list[Any]) -> bool:
    """Rows that put a tree together, children before their container; whether that is possible."""
    if structure.kind is None:
        rows.append((BuildKind.LEAF, 0, 0))
        return True
    kind = _KINDS.get(structure.kind)
    if kind is None or not all(_add_structure(x, rows, kept) for x in structure.children):
        return False
    keys = np.array([id(key) for key in structure.keys] or [0], np.uint64)
    kept += [structure, keys]
    rows.append((kind, len(structure.children), keys.ctypes.data))
    return True
