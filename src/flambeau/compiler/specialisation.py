"""A compiled function for one kind of arguments and one state of its surroundings."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import numpy as np

from flambeau.compiler.differentiable import CompiledNode
from flambeau.compiler.execute import execute
from flambeau.compiler.loops.access import direct
from flambeau.compiler.passes import optimise
from flambeau.compiler.passes.draws import generator_of
from flambeau.compiler.record.program import Program, Value
from flambeau.compiler.record.spanning import spanning
from flambeau.compiler.record.trace import Argument, GradientOf, Place, Trace, resolve
from flambeau.compiler.run.engine import is_available
from flambeau.compiler.run.interrupts import Deferred
from flambeau.compiler.second_order import Moment
from flambeau.core import trees
from flambeau.core.locks import reentrant_lock
from flambeau.core.number import Number, concrete, evaluate
from flambeau.tensor.dispatch import bump, wrap
from flambeau.tensor.graph import Node
from flambeau.tensor.operation import REGISTRY
from flambeau.tensor.tensor import Tensor, owner
from flambeau.tensor.views import edge_of

_QUESTIONS: dict[str, Callable[[Any, Any], Any]] = {
    "value": lambda x, y: x,
    "bool": lambda x, y: bool(x),
    "eq": lambda x, y: x == y,
    "ne": lambda x, y: x != y,
    "lt": lambda x, y: x < y,
    "le": lambda x, y: x <= y,
    "gt": lambda x, y: x > y,
    "ge": lambda x, y: x >= y,
}


class Specialisation:
    """Runs what one trace recorded, on new arguments.

    Args:
        trace: the recording. If it holds for one call only, it is not compiled.
        reason: why it was made, for the report.

    Attributes:
        program: the operations.
        compute: runs them.
        second: the derivatives of its backward pass, by the kinds of incoming gradients.
        generators: that it draws from.
        changes_state: whether it does more than to compute its results.
        numbers: of each buffer, its place among them.
        seconds: how long compiling took.
        calls: how often it ran through Python.
    """

    def __init__(self, trace: Trace, reason: str = "") -> None:
        self.trace = trace
        self.reason = reason
        self.once = trace.changes is not None or trace.overlapping or bool(trace.eager)
        self.calls = 0
        self.lock = reentrant_lock()  # the program's working memory is one
        recorded = trace.program
        derivative = trace.derivative
        self.live: list[int | None] = []
        if derivative is not None:
            recorded = self._with_saved(recorded)
        start = time.perf_counter()
        self.program, self.compute = _computation(recorded, interpreted=self.once)
        self.seconds = time.perf_counter() - start
        self.backward: Callable[..., Any] | None = None
        self.backward_numbers = [] if derivative is None else list(derivative.numbers())
        self.second: dict[Any, Specialisation] = {}
        drawn = map(generator_of, self.program.instructions)
        self.generators = list({id(g): g for g in drawn if g is not None}.values())
        self.numbers = {value: i for i, value in enumerate(self.program.buffers)}
        self.write_indices = [self.numbers[buffer] for buffer, _ in self.program.writes]
        self.twins = _twins(self.program)
        effects = (
            self.write_indices, trace.gradients, trace.requires, trace.escaped, trace.assigned
        )  # fmt: skip
        self.changes_state = any(effects) or bool(self.generators)
        self.arrays = {id(t): array for t, array, _ in trace.tensors}

    def _with_saved(self, program: Program) -> Program:
        """The program whose results hold what the backward pass reads, too."""
        written = {buffer for buffer, _ in program.writes}
        numbers = {value: i for i, value in enumerate(program.buffers)}
        results = list(program.results)
        self.result_count = len(results)
        for value in self.trace.derivative.saved:  # type: ignore[union-attr]
            if value in numbers and value not in written:
                self.live.append(numbers[value])
            else:
                self.live.append(None)
                results.append(value)
        return Program(program.buffers, program.instructions, program.writes, results)

    # --- does it still hold? ------------------------------------------------------------------

    def reason_against(self, leaves: list[Any]) -> str | None:
        """Why it does not hold for these arguments now; ``None`` if it does."""
        trace = self.trace
        changed = trace.watch.change()
        if changed is not None:
            return f"changed: {changed}"
        for target, present in trace.gradients_read.items():
            if (resolve(target, leaves)._stored_grad() is not None) is not present:
                return "changed: whether a tensor has a grad"
        for tensor, (_, requires, _) in trace.recorder.histories.items():
            if tensor.requires_grad is not requires:
                return "changed: requires_grad of a tensor"
        for container, key, _, spec in trace.assigned:
            if not _is_like(container.get(key), spec):
                return f"changed: {key}, which the function assigns"
        for number, question, other, answer in trace.questions:
            now = evaluate(number, lambda n: self.read(n, leaves))
            if _QUESTIONS[question](now, concrete(other)) != answer:
                return f"changed: the answer to {number!r} {question} {other!r}"
        return self._changed_memory(leaves)

    def _changed_memory(self, leaves: list[Any]) -> str | None:
        """Whether captured tensors have other shapes or types, or lie together differently."""
        wholes: dict[int, Any] = {}
        for tensor, before, number in self.trace.tensors:
            array = tensor._array
            if array is self.arrays[id(tensor)]:
                wholes.setdefault(number, spanning(array))
                continue
            if _geometry(array) != _geometry(before):
                return "changed: shape, type or layout of a captured tensor"
            self.arrays[id(tensor)] = array
        for tensor, _, number in self.trace.tensors:
            whole = spanning(tensor._array)
            if wholes.setdefault(number, whole) is not whole:
                return "changed: which captured tensors share memory"
        for value, source in zip(self.program.buffers, self.trace.sources, strict=True):
            if isinstance(source, GradientOf):
                array = _whole(source, leaves)
                spec = value.spec
                if (array.shape, array.dtype, array.strides) != (
                    spec.shape,
                    spec.dtype,
                    spec.strides,
                ):
                    return "changed: shape, type or layout of a gradient"
        return None

    def overlaps(self, leaves: list[Any]) -> bool:
        """Whether an argument shares memory with something else, and either is written."""
        given = [isinstance(source, Argument) for source in self.trace.sources]
        if not any(given) or not self.write_indices:
            return False
        written = set(self.write_indices)
        spans = [
            (*span_of(array), given[i], i in written)
            for i, array in enumerate(self.buffers(leaves))
            if array.size
        ]
        ends = {(x, y): 0 for x in (False, True) for y in (False, True)}
        for begin, end, is_given, is_written in sorted(spans):
            for (other_is_given, other_is_written), reached in ends.items():
                concerns = (is_given or other_is_given) and (is_written or other_is_written)
                if concerns and reached > begin:
                    return True
            kind = is_given, is_written
            ends[kind] = max(end, ends[kind])
        return False

    def read(self, number: Number, leaves: list[Any]) -> Any:
        """The value of a number's source now."""
        first, *keys = number.operands
        if first.__class__ is str:
            return leaves[keys[0]] if first == "argument" else keys[0]._array.item()
        for key in keys:
            first = first[key]
        return first

    def containers_of_numbers(self) -> list[Any]:
        """The dicts and other containers that numbers are read from."""
        found = self.trace.recorder.sources.values()
        first = [number.operands[0] for number in found]
        return list({id(x): x for x in first if not isinstance(x, str)}.values())

    # --- running ------------------------------------------------------------------------------

    def buffers(self, leaves: list[Any]) -> list[np.ndarray]:
        """An array for each buffer of the program."""
        return [_whole(source, leaves) for source in self.trace.sources]

    def run(self, leaves: list[Any]) -> Any:
        """Compute, change what the function changes, and return its result."""
        self.calls += 1
        buffers = self.buffers(leaves)
        numbers = self.numbers_for_backward(leaves)
        differentiable = self.trace.derivative is not None
        states = [g.snapshot() for g in self.generators] if differentiable else []
        with self.lock, Deferred() if self.changes_state else nullcontext():
            results, written = self.compute(buffers, lambda n: self.read(n, leaves))
            results, written = self._own(results, buffers), self._apart(written, buffers)
            for index, array in zip(self.write_indices, written, strict=True):
                if array is not buffers[index]:
                    np.copyto(buffers[index], array)
            return self.finish(results, buffers, leaves, numbers, states, done=False)

    def finish(
        self,
        results: list[np.ndarray],
        buffers: list[np.ndarray],
        leaves: list[Any],
        numbers: dict[Number, Any],
        states: list[Any],
        done: bool,
    ) -> Any:
        """Everything that follows the computation.

        Args:
            results: the program's results.
            buffers: its buffers.
            leaves: the arguments.
            numbers: what the backward pass will read of numbers.
            states: of the generators that were drawn from, as they were before.
            done: whether versions and gradients have been seen to already.
        """
        trace = self.trace
        if not done:
            for index in self.write_indices:
                bump(resolve(trace.sources[index], leaves))
        node = self._node(results, buffers, leaves, numbers, states)
        made: dict[Place, Tensor] = {}

        def tensor(place: Place) -> Tensor:
            if place not in made:
                made[place] = self._tensor(place, results, buffers, leaves, node)
            return made[place]

        found = [self._leaf(x, tensor, leaves) for x in trace.leaves]
        for target, place in trace.inner_gradients:
            tensor(target)._grad = tensor(place)
        for container, key, place, _ in trace.assigned:
            container[key] = tensor(place)
        if not done:
            for target, place in trace.gradients:
                resolve(target, leaves)._grad = None if place is None else tensor(place)
            for target, flag in trace.requires:
                resolve(target, leaves)._requires = flag
            for escaped, place in trace.escaped:
                made_now = tensor(place)
                escaped._array, escaped._node = made_now._array, made_now._node
        return trees.unflatten(trace.structure, found)

    def _leaf(self, x: Any, tensor: Callable[[Place], Tensor], leaves: list[Any]) -> Any:
        if isinstance(x, Place):
            return tensor(x)
        return evaluate(x, lambda n: self.read(n, leaves)) if isinstance(x, Number) else x

    def _own(self, results: list[np.ndarray], buffers: list[np.ndarray]) -> list[np.ndarray]:
        """Results that share no memory with the caller's, nor with each other."""
        outside = {id(owner(b)) for b in buffers}
        found = []
        for index, array in enumerate(results):
            shared = id(owner(array)) in outside or index in self.twins
            found.append(array.copy() if shared else array)
        return found

    def _apart(self, written: list[np.ndarray], buffers: list[np.ndarray]) -> list[np.ndarray]:
        """New contents that are no views of what is about to be overwritten."""
        outside = {id(owner(b)) for b in buffers}
        pairs = zip(self.write_indices, written, strict=True)
        return [
            array if array is buffers[i] or id(owner(array)) not in outside else array.copy()
            for i, array in pairs
        ]

    def _tensor(
        self, place: Place, results: list, buffers: list, leaves: list[Any], node: Any
    ) -> Tensor:
        if place.outside is not None:
            return resolve(place.outside, leaves)
        if place.buffer is None:
            array = results[place.index]
        else:
            array = buffers[self.numbers[place.buffer]]
        array = seen_through(place.chain, array)
        tensor = wrap(array)
        if place.output is not None:
            tensor._requires, tensor._node = True, node.output(place.output)
        elif place.requires:
            tensor._requires, tensor._node = True, None if place.is_leaf else CONSUMED
        return tensor

    # --- the backward pass --------------------------------------------------------------------

    def numbers_for_backward(self, leaves: list[Any]) -> dict[Number, Any]:
        """Values of the numbers that the backward pass will read, before anything changes."""
        found: dict[Number, Any] = {}

        def note(number: Number) -> Any:
            found[number] = self.read(number, leaves)
            return found[number]

        for number in self.backward_numbers:
            evaluate(number, note)
        return found

    def _node(
        self,
        results: list,
        buffers: list,
        leaves: list[Any],
        numbers: dict[Number, Any],
        states: list[Any],
    ) -> CompiledNode | None:
        derivative = self.trace.derivative
        if derivative is None:
            return None
        edges = tuple([edge_of(resolve(leaf, leaves)) for leaf in derivative.leaves])
        rest = iter(results[self.result_count :])
        saved = []
        for value, live in zip(derivative.saved, self.live, strict=True):
            if live is None:
                saved.append((_laid_out(next(rest), value), None))
            else:
                saved.append((buffers[live], resolve(self.trace.sources[live], leaves)))
        moment = Moment(self, leaves, states)
        return CompiledNode(derivative, self._backward, edges, tuple(saved), numbers, moment)

    def _backward(self, buffers: list[np.ndarray], read: Callable[..., Any]) -> Any:
        """Run the backward program, compiled when it is first needed."""
        if self.backward is None:
            program = self.trace.derivative.program  # type: ignore[union-attr]
            self.backward = _computation(program, interpreted=self.once)[1]
        with self.lock:
            return self.backward(buffers, read)


def seen_through(chain: tuple[Any, ...], array: np.ndarray) -> np.ndarray:
    """The view of an array that a chain of view operations makes."""
    for op, params, output in chain:
        out = op.evaluate(array, *params)
        array = out[output] if isinstance(out, tuple) else out
    return array


def _twins(program: Program) -> set[int]:
    """Results whose value is an earlier result's: the function made them apart."""
    first: dict[Value, int] = {}
    return {i for i, v in enumerate(program.results) if first.setdefault(v, i) != i}


def _computation(recorded: Program, interpreted: bool) -> tuple[Program, Callable[..., Any]]:
    """A program, and what runs it: native code where llvmlite is there, NumPy otherwise."""
    if not is_available() or interpreted:
        return recorded, functools.partial(execute, recorded)
    from flambeau.compiler.native import NativeProgram

    program = optimise(recorded)
    return program, NativeProgram(program, recorded)


def _whole(source: Any, leaves: list[Any]) -> np.ndarray:
    """The array of a buffer: an argument's own, or the one that spans a captured tensor."""
    if isinstance(source, Argument):
        return source.of(leaves)._array
    return spanning(resolve(source, leaves)._array)


def span_of(array: np.ndarray) -> tuple[int, int]:
    """Where the memory of an array that is not empty begins and ends."""
    begin = end = array.__array_interface__["data"][0]
    for size, stride in zip(array.shape, array.strides, strict=True):
        if stride < 0:
            begin += (size - 1) * stride
        else:
            end += (size - 1) * stride
    return begin, end + array.itemsize


def _is_like(x: Any, spec: Any) -> bool:
    """Whether something is a tensor of a shape and type."""
    if type(x) is not Tensor:
        return False
    return x._array.shape == spec.shape and x._array.dtype == spec.dtype


def _geometry(array: np.ndarray) -> tuple[Any, ...]:
    whole = spanning(array)
    start = array.__array_interface__["data"][0] - whole.__array_interface__["data"][0]
    mine = array.shape, array.strides, array.dtype
    return (*mine, whole.shape, whole.strides, whole.dtype, start)


def _laid_out(array: np.ndarray, value: Value) -> np.ndarray:
    """The array in the layout that a program expects of a value that it does not make itself."""
    item = value.spec.dtype.itemsize
    strides = tuple([step * item for step in direct(value).strides])
    if array.strides == strides:
        return array
    made = np.ndarray(value.spec.shape, value.spec.dtype, strides=strides)
    made[...] = array
    return made


def _consumed_node() -> Node:
    """The node of a result whose graph was used inside the compiled function."""
    node = Node()
    node.plan = REGISTRY["clone"].plan((True,))
    node.edges, node.saved, node.versions, node.hooks = (), None, None, None
    node.shape, node.dtype, node.sequence = (), None, -1
    return node


CONSUMED = _consumed_node()
