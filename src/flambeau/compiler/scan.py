"""Loops inside a compiled function: a body that is recorded once and runs many times.

What the body carries from one step to the next are buffers that it writes; what it reads of each
step and what it leaves of each step are slices of larger arrays. Where the body is native code, so
is the loop around it: between two steps it moves the pointers to the slices.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from flambeau.compiler.execute import execute
from flambeau.compiler.native import NativeProgram
from flambeau.compiler.passes import optimise
from flambeau.compiler.record.program import Instruction, Program, Value
from flambeau.compiler.run.engine import is_available
from flambeau.compiler.step_code import StepCode, entries_of, native_loop
from flambeau.core.locks import reentrant_lock
from flambeau.core.memory import address
from flambeau.core.number import Number, combined
from flambeau.core.spec import Spec
from flambeau.tensor.operation import REGISTRY, Operation

# By the identity of a number's source: its value in the first step, and what each step adds.
Starts = dict[int, tuple[Any, int]]


class Body:
    """One step of a loop.

    Args:
        carried: pairs of a buffer and its value after the step.
        slices: buffers that hold one slice each of the arrays that are walked along.
        constants: buffers that stay the same.
        rates: sources of numbers that the instructions read, and what each step adds to them.
        instructions: the step.
        results: what is left of each step.
    """

    def __init__(
        self,
        carried: Sequence[tuple[Value, Value]],
        slices: Sequence[Value],
        constants: Sequence[Value],
        rates: Mapping[Number, int],
        instructions: list[Instruction],
        results: Sequence[Value],
    ) -> None:
        self.carried = [buffer for buffer, _ in carried]
        self.slices, self.constants = list(slices), list(constants)
        self.numbers, self.rates = list(rates), list(rates.values())
        self.results = list(dict.fromkeys(results))
        self.places = [self.results.index(value) for value in results]
        buffers = [*self.carried, *self.slices, *self.constants]
        writes = [(buffer, value) for buffer, value in carried if buffer is not value]
        self.program = optimise(Program(buffers, instructions, writes, list(self.results)))
        self.lock = reentrant_lock()
        self.native: NativeProgram | None = None
        self.entries: tuple[list[int], list[int] | None] | None = None

    def __repr__(self) -> str:
        lines = repr(self.program).replace("\n", "\n    ")
        return f"\n    {lines}\n"

    def specs(self, length: int) -> tuple[Spec, ...]:
        """What a loop of so many steps gives: the carried values, then what steps leave."""
        carried = [Spec(v.spec.shape, v.spec.dtype) for v in self.carried]
        left = [self.results[i].spec for i in self.places]
        return (*carried, *[Spec((length, *s.shape), s.dtype) for s in left])

    # --- code ---------------------------------------------------------------------------------

    def step_code(self, length: int, reverse: bool) -> StepCode | None:
        """The step as part of the native code around it; ``None`` if Python has to help."""
        if self.numbers or not is_available():
            return None
        for apart in (False, True):
            native = self._compiled(apart)
            if not native.kernel_address or native.guarded or native.generators:
                return None
            fixed, moving = entries_of(native, self)
            if moving is not None:
                return StepCode(self, native, fixed, moving, length, reverse)
        return None

    def _compiled(self, apart: bool = False) -> NativeProgram:
        """Code and memory for one caller at a time; a program belongs to its code.

        Args:
            apart: give results that are views memory of their own.
        """
        program = self.program
        shown = {v for i in program.instructions if i.operation.view for v in i.outputs}
        shared = {*program.buffers, *(shown if apart else ())}
        instructions, results = list(program.instructions), []
        for value in program.results:
            if value in shared:
                made = Value(value.number, Spec(value.spec.shape, value.spec.dtype), "result")
                clone = REGISTRY["clone"]
                instructions.append(Instruction(clone, (value,), (True,), (made,)))
                value = made
            results.append(value)
        own = Program(list(program.buffers), instructions, list(program.writes), results)
        return NativeProgram(own, program)

    # --- running ------------------------------------------------------------------------------

    def run(self, arrays: Sequence[Any], length: int, reverse: bool) -> tuple[np.ndarray, ...]:
        """All steps.

        Args:
            arrays: initial values of what is carried, arrays to walk along, constants, and the
                values of numbers.
            length: how many steps.
            reverse: walk from the end to the beginning.
        """
        carried_count, slice_count = len(self.carried), len(self.slices)
        first = carried_count + slice_count
        carried = [_copy(a, v.spec) for a, v in zip(arrays, self.carried)]
        walked = [np.ascontiguousarray(a) for a in arrays[carried_count:first]]
        constants = [_laid_out(a, v.spec) for a, v in zip(arrays[first:], self.constants)]
        values = arrays[first + len(self.constants) :]
        starts = dict(zip(map(id, self.numbers), zip(values, self.rates, strict=True), strict=True))
        left = [np.empty((length, *v.spec.shape), v.spec.dtype) for v in self.results]
        with self.lock:
            if self.native is None and is_available():
                self.native = self._compiled()
            order = range(length - 1, -1, -1) if reverse else range(length)
            if not self._run_natively(carried, walked, constants, left, order, starts):
                self._run_by_steps(carried, walked, constants, left, order, starts)
        return (*[_in_order(a) for a in carried], *[left[i] for i in self.places])

    def run_while(self, arrays: Sequence[Any]) -> tuple[np.ndarray, ...]:
        """Steps until one leaves false.

        Args:
            arrays: whether there is a first step, initial values of what is carried, constants,
                and the values of numbers.
        """
        goes_on, *arrays = arrays
        count = len(self.carried)
        carried = [_copy(a, v.spec) for a, v in zip(arrays, self.carried)]
        constants = [_laid_out(a, v.spec) for a, v in zip(arrays[count:], self.constants)]
        starts = {id(n): (v, 0) for n, v in zip(self.numbers, arrays[count + len(constants) :])}
        left = [np.ones((1,), np.bool_)]
        with self.lock:
            if self.native is None and is_available():
                self.native = self._compiled()
            if goes_on:
                watch = left[0]
                while watch[0]:
                    if not self._run_natively(
                        carried, [], constants, left, range(PATIENCE), starts, watch
                    ):
                        self._run_by_steps(carried, [], constants, left, range(1), starts)
        return tuple(_in_order(a) for a in carried)

    def run_once(self, arrays: Sequence[Any]) -> tuple[np.ndarray, ...]:
        """What one step leaves, where nothing is carried.

        Args:
            arrays: constants, and the values of numbers.
        """
        constants = [_laid_out(a, v.spec) for a, v in zip(arrays, self.constants)]
        values = dict(zip(map(id, self.numbers), arrays[len(constants) :], strict=True))
        with self.lock:
            if self.native is None and is_available():
                self.native = self._compiled()
            compute = self.native or functools.partial(execute, self.program)
            results, _ = compute(constants, lambda source: values[id(source)])
        return tuple(np.array(results[i], order="C") for i in self.places)

    def _run_by_steps(
        self, carried: list, walked: list, constants: list, left: list, order: Iterable[int],
        starts: Starts,
    ) -> None:  # fmt: skip
        """One call for each step."""
        written = {buffer: i for i, buffer in enumerate(self.carried)}
        for number, step in enumerate(order):

            def read(source: Number, number: int = number) -> Any:
                first, rate = starts[id(source)]
                return first + rate * number if rate else first

            buffers = [*carried, *[a[step, ...] for a in walked], *constants]
            if self.native is not None:
                results, new = self.native(buffers, read)
            else:
                results, new = execute(self.program, buffers, read)
            for array, result in zip(left, results, strict=True):
                array[step] = result
            for (buffer, _), array in zip(self.program.writes, new, strict=True):
                target = carried[written[buffer]]
                if array is not target:
                    np.copyto(target, array)

    def _run_natively(
        self, carried: list, walked: list, constants: list, left: list, order: range,
        starts: Starts, watch: np.ndarray | None = None,
    ) -> bool:  # fmt: skip
        """One call for all steps, where the body is one native part.

        Steps that leave their results in ``watch`` end where they leave false.
        """
        native = self.native
        if native is None or not native.kernel_address or not len(order):
            return False
        if self.entries is None:
            self.entries = entries_of(native, self)
        fixed, moving = self.entries
        if moving is None:
            return False
        numbers = np.zeros((len(order) if any(self.rates) else 1, native.number_values.size))
        for position, number in native.numbers.values():
            numbers[:, position] = over_steps(number, starts, len(order))
        table = native.tables[0].copy()
        for entry, array in zip(fixed, (*carried, *constants), strict=True):
            table[entry] = address(array)
        table[native.numbers_entry] = address(numbers)
        rows = [native.numbers_entry, numbers.strides[0] if len(numbers) > 1 else 0]
        for entry, array in zip(moving, (*walked, *left), strict=True):
            stride = array.strides[0] if array is not watch else 0
            table[entry] = address(array) + order[0] * stride
            rows += (entry, order.step * stride)
        steps = np.array(rows, np.int64)
        done = native_loop()(
            native.kernel_address, address(table), address(steps), len(rows) // 2, len(order),
            address(native.status_word), None if watch is None else address(watch),
        )  # fmt: skip
        if native.status_word[0]:
            native.status_word[0] = 0
            step = order[done]
            buffers = [*carried, *[a[step, ...] for a in walked], *constants]
            execute(self.program, buffers, lambda source: starts[id(source)][0])  # raises
        return True


def over_steps(x: Any, starts: Starts, length: int) -> Any:
    """The values of a number in all steps of a loop: one of them, or an array if they differ.

    Sums, products and quotients of arrays are those of Python's numbers, bit for bit; NumPy's
    powers are not.
    """
    if not isinstance(x, Number):
        return x
    if x.function == "source":
        first, rate = starts[id(x)]
        return first + rate * np.arange(length) if rate else first
    calls = x.function == "call"
    compute: Any = x.operands[0] if calls else None
    values = [over_steps(o, starts, length) for o in x.operands[1 if calls else 0 :]]
    if not any(isinstance(v, np.ndarray) for v in values):
        return compute(*values) if calls else combined(x.function, values)
    if not calls and x.function != "pow":
        return combined(x.function, values)
    columns = [v.tolist() if isinstance(v, np.ndarray) else [v] * length for v in values]
    rows = zip(*columns, strict=True)
    return np.array([compute(*r) if calls else combined("pow", r) for r in rows], np.float64)


def _in_order(array: np.ndarray) -> np.ndarray:
    """The array in row-major order (NumPy's own function for it gives a 0-d array a dimension)."""
    return array if array.flags.c_contiguous else array.copy("C")


def _laid_out(array: Any, spec: Spec) -> np.ndarray:
    """A constant in the layout that the body expects."""
    return array if array.strides == spec.strides else _copy(array, spec)


def _copy(array: np.ndarray, spec: Spec) -> np.ndarray:
    """A copy in a layout, which may have gaps."""
    if array.flags.c_contiguous and array.strides == spec.strides:
        return array.copy()
    extent = sum((n - 1) * s for n, s in zip(spec.shape, spec.strides)) + spec.dtype.itemsize
    block = np.empty(max(extent, 1) if 0 not in spec.shape else 1, np.uint8)
    made = np.ndarray(spec.shape, spec.dtype, block, 0, spec.strides)
    made[...] = array
    return made


# A step of a loop without a known end is an interruption's chance after so many.
PATIENCE = 1 << 20


def _sample_body() -> Body:
    """A step that adds to what is carried, and leaves a product: for the contract tests."""
    kind = np.dtype("float64")
    carry, item, scale = (Value(i, Spec((3,), kind), "buffer") for i in range(3))
    total, product = (Value(i, Spec((3,), kind), "result") for i in (3, 4))
    instructions = [
        Instruction(REGISTRY["add"], (carry, item), (1,), (total,)),
        Instruction(REGISTRY["mul"], (total, scale), (), (product,)),
    ]
    return Body([(carry, total)], [item], [scale], {}, instructions, [product, total])


SCAN = Operation(
    "scan",
    inputs="*tensors",
    params="body length reverse",
    evaluate=lambda *given: given[-3].run(given[:-3], given[-2], given[-1]),
    infer=lambda *given: given[-3].specs(given[-2]),
    samples=lambda make: [
        make.sample(
            inputs=(make.tensor((3,)), make.tensor((4, 3)), make.tensor((3,))),
            params=(_sample_body(), 4, reverse),
        )
        for reverse in (False, True)
    ],
)


def _sample_halving() -> Body:
    """A step that halves what is carried, as long as its sum is above 1."""
    kind = np.dtype("float64")
    carry = Value(0, Spec((3,), kind), "buffer")
    half, total = Value(1, Spec((3,), kind), "result"), Value(2, Spec((), kind), "result")
    more = Value(3, Spec((), np.dtype("bool")), "result")
    instructions = [
        Instruction(REGISTRY["mul"], (carry, 0.5), (), (half,)),
        Instruction(REGISTRY["sum_all"], (half,), (None,), (total,)),
        Instruction(REGISTRY["gt"], (total, 1), (), (more,)),
    ]
    return Body([(carry, half)], [], [], {}, instructions, [more])


WHILE_LOOP = Operation(
    "while_loop",
    inputs="*tensors",
    params="body",
    evaluate=lambda *given: given[-1].run_while(given[:-1]),
    infer=lambda *given: given[-1].specs(1)[: len(given[-1].carried)],
    samples=lambda make: [
        make.sample(
            inputs=(make.tensor((), 1, 2) > first, make.tensor((3,), 5, 9)),
            params=(_sample_halving(),),
        )
        for first in (0, 3)
    ],
)


def _choose(*given: Any) -> tuple[np.ndarray, ...]:
    condition, *arrays, first, second, count = given
    return first.run_once(arrays[:count]) if condition else second.run_once(arrays[count:])


def _sample_branches() -> tuple[Body, Body]:
    """The double and the square of a constant: for the contract tests."""
    spec = Spec((3,), np.dtype("float64"))
    bodies = []
    for other in (2.0, None):
        x, y = Value(0, spec, "buffer"), Value(1, spec, "result")
        inputs = (x, x if other is None else other)
        bodies.append(Body([], [], [x], {}, [Instruction(REGISTRY["mul"], inputs, (), (y,))], [y]))
    return bodies[0], bodies[1]


COND = Operation(
    "cond",
    inputs="*tensors",
    params="first second count",
    evaluate=_choose,
    infer=lambda *given: tuple(
        Spec(s.shape, s.dtype) for s in (given[-3].results[i].spec for i in given[-3].places)
    ),
    samples=lambda make: [
        make.sample(
            inputs=(make.tensor((), 1, 2) > limit, make.tensor((3,)), make.tensor((3,))),
            params=(*_sample_branches(), 1),
        )
        for limit in (0, 3)
    ],
)
