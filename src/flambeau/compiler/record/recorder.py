"""The recorder: receives operations instead of NumPy and writes them down.

Buffers are functionalised. Each has a current value; a view reads through it, an in-place
operation replaces it. Tensors from outside are captured when they are first used, and nothing
outside changes while a recording runs.
"""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np

from flambeau.compiler.record.program import Instruction, Program, Value
from flambeau.compiler.record.spanning import spanning
from flambeau.compiler.record.symbol import RecordingError, Storage, Symbol, value_error
from flambeau.core.errors import ValueDependentError, message
from flambeau.core.number import Number
from flambeau.core.spec import Spec
from flambeau.core.strides import can_view
from flambeau.tensor.anomaly import user_line
from flambeau.tensor.dispatch import (
    attach,
    bump,
    check_result,
    finish_inplace,
    inplace_node,
    wrap,
)
from flambeau.tensor.interpreting import Interpreter
from flambeau.tensor.modes import GRAD, INTERPRETED, MODE
from flambeau.tensor.operation import REGISTRY, Operation
from flambeau.tensor.tensor import Tensor, shared_counter
from flambeau.tensor.views import NO_GRAD, ORDINARY, SEVERAL, View, refresh


class Captured:
    """A buffer from outside.

    Attributes:
        value: its content at the start, in the program.
        array: the array that spans it.
        tensors: tensors that were seen to lie in it.
    """

    __slots__ = ("array", "storage", "tensors", "value")

    def __init__(self, array: np.ndarray, value: Value) -> None:
        self.array = array
        self.value = value
        self.storage = Storage(value, value)
        self.tensors: list[Tensor] = []


class Recorder(Interpreter):
    """Writes down what a function computes.

    Use it as a context manager; operations inside the block are recorded.

    Attributes:
        captured: buffers from outside, by the identity of the array that owns the memory.
        gradients: what the function assigned to ``tensor.grad``, by tensor.
        gradients_read: tensors whose ``grad`` was looked at before it was assigned, and whether
            it was there: the recording holds only while that stays so.
        questions: what was asked of numbers, with the answers.
        numbers_read: (container, key) pairs whose values are inputs of the program.
        watch: the Python state that the recording depends on, if somebody watches it.
    """

    def __init__(self) -> None:
        self.instructions: list[Instruction] = []
        self.captured: dict[int, Captured] = {}
        self.symbols: dict[int, Symbol] = {}
        self.keep: list[Any] = []
        self.made: list[weakref.ref[Tensor]] = []
        self.gradients: dict[Tensor, Tensor | None] = {}
        self.gradients_read: dict[Tensor, bool] = {}
        self.questions: list[tuple[Number, str, Any, Any]] = []
        self.numbers_read: set[tuple[int, Any]] = set()
        self.sources: dict[Any, Number] = {}
        self.steps: dict[int, Number] = {}
        self.histories: dict[Tensor, tuple[Any, bool, int]] = {}
        self.count = 0
        self.watch: Any = None

    # --- being the interpreter ----------------------------------------------------------------

    def __enter__(self) -> Recorder:
        self.before = MODE.code, MODE.interpreter
        MODE.code |= INTERPRETED
        MODE.interpreter = self
        return self

    def __exit__(self, *error: object) -> None:
        MODE.interpreter = self.before[1]
        MODE.code = (MODE.code & ~INTERPRETED) | (self.before[0] & INTERPRETED)
        if error[0] is not None:
            self.undo()

    def undo(self) -> None:
        """Give captured tensors back the versions and histories they had."""
        for tensor, (node, requires, version) in self.histories.items():
            tensor._node, tensor._requires = node, requires
            if tensor._counter is not None:
                tensor._counter.value = version

    def apply(self, op: Operation, inputs: tuple[Any, ...], params: tuple[Any, ...]) -> Any:
        """Record an operation; returns tensors that hold symbols."""
        symbols = [self.symbol_of(x) if isinstance(x, Tensor) else x for x in inputs]
        specs = inferred(op, symbols, params)
        if op.view and _shares(op, symbols[0], params):
            outs = self.views(op, inputs[0], symbols[0], params, specs)
        else:
            outs = self.results(op, symbols, params, specs)
        if MODE.code & GRAD:
            attach(op, inputs, params, outs)
        return outs

    def apply_inplace(
        self, op: Operation, target: Tensor, others: tuple[Any, ...], params: tuple[Any, ...]
    ) -> Tensor:
        """Record an in-place operation: the target's buffer gets a new value."""
        inputs = (target, *others)
        symbols = [self.symbol_of(x) if isinstance(x, Tensor) else x for x in inputs]
        spec = inferred(op, symbols, params)
        check_result(op.name + "_", symbols[0], spec)
        wanted = [isinstance(x, Tensor) and x.requires_grad for x in inputs]
        records = MODE.code & GRAD and any(wanted)
        node = None
        if records and op.gradient is not None:
            node = inplace_node(op, target, inputs, params, self.snapshot)
        value = self.emit(op, symbols, params, (spec,))[0]
        if value.spec.dtype != symbols[0].dtype:
            kind = symbols[0].dtype
            value = self.emit(
                REGISTRY["to_dtype"], [value], (kind,), (Spec(value.spec.shape, kind),)
            )[0]
        self.write(symbols[0], value)
        bump(target)
        if node is not None:
            finish_inplace(op.name + "_", node, target)
        return target

    def fresh(self, tensor: Tensor) -> Tensor:
        """A copy of data that the function makes a tensor of: a new one at each call."""
        return self.apply(REGISTRY["clone"], (tensor,), (None,))

    def read_value(self, tensor: Tensor, what: str) -> None:
        """Somebody asks for a tensor's value as Python sees it."""
        raise value_error(what, tensor._array.shape)

    def refuse_state(self, what: str) -> None:
        """Something is done that only Python does, and that replaying would not do again."""
        raise RecordingError(
            message(
                f"compile: {what} inside a compiled function",
                expected="operations on tensors",
                got=f"a call at {user_line()} that would take effect only once",
                help="do it outside of the compiled function",
            )
        )

    def prepared(self, container: dict) -> None:
        """State has been put into a dict, once and for all, before anything of it is read."""
        if self.watch is not None:
            self.watch.renew(container)

    def read_grad(self, tensor: Tensor) -> Tensor | None:
        """``tensor.grad`` inside the recording."""
        if tensor in self.gradients:
            return self.gradients[tensor]
        present = tensor._stored_grad()
        self.gradients_read.setdefault(tensor, present is not None)
        return present

    def write_grad(self, tensor: Tensor, gradient: Tensor | None) -> None:
        """``tensor.grad = gradient`` inside the recording; really assigned at each call."""
        self.gradients[tensor] = gradient

    # --- numbers ------------------------------------------------------------------------------

    def number(self, source: tuple[Any, ...], value: Any) -> Number:
        """A Python number that is read again at each call.

        Args:
            source: ``("argument", i)``, or a container, a key and perhaps an index in the value.
            value: what it is now.
        """
        key = (id(source[0]), *source[1:]) if not isinstance(source[0], str) else source
        found = self.sources.get(key)
        if found is None:
            found = self.sources[key] = Number("source", source, value, self.ask)
            self.keep.append(source)
            if not isinstance(source[0], str):
                self.numbers_read.add((id(source[0]), source[1]))
        return found

    def ask(self, number: Number, question: str, other: Any, answer: Any) -> None:
        """Note what was asked of a number: the recording holds while the answer is the same."""
        self.questions.append((number, question, other, answer))

    def advance(self, step: Tensor) -> Number:
        """Count one more step in a 0-d tensor; the count as a number."""
        count = self.steps.get(id(step))
        if count is None:
            if step._array.__class__ is Symbol:
                raise value_error("the value of a step count", ())
            count = Number("source", ("tensor", step), step._array.item(), self.ask)
        self.steps[id(step)] = count = count + 1
        self.apply_inplace(REGISTRY["add"], step, (1,), (1,))
        return count

    def scan(self, *args: Any) -> Any:
        """Record a loop: see :func:`flambeau.compiler.record.loops.record_scan`."""
        from flambeau.compiler.record.loops import record_scan

        return record_scan(self, *args)

    def cond(self, *args: Any) -> Any:
        """Record a choice: see :func:`flambeau.compiler.record.loops.record_cond`."""
        from flambeau.compiler.record.loops import record_cond

        return record_cond(self, *args)

    # --- symbols ------------------------------------------------------------------------------

    def symbol_of(self, tensor: Tensor, alone: bool = False) -> Symbol:
        """The symbol that a tensor holds, or that of its captured array.

        Args:
            tensor: any tensor.
            alone: for arguments: the array itself is the buffer, whatever larger array it is a
                view of, since the next call brings another part of it.
        """
        array = tensor._array
        if array.__class__ is Symbol:
            return array
        found = self.symbols.get(id(array))
        if found is None:
            found = self.symbols[id(array)] = self.capture(tensor, alone)
            self.keep.append(array)
        if tensor not in self.histories:
            self.histories[tensor] = (tensor._node, tensor._requires, tensor._version)
            if tensor._view is not None:
                refresh(tensor)
            tensor._node = None  # inside the recording the outside graph ends here
        return found

    def capture(self, tensor: Tensor, alone: bool) -> Symbol:
        """Make the memory of a tensor from outside a buffer of the program."""
        array = tensor._array
        whole = array if alone else spanning(array)
        buffer = self.captured.get(id(whole))
        if buffer is None:
            value = self.new_value(Spec(whole.shape, whole.dtype, whole.strides), "buffer")
            buffer = self.captured[id(whole)] = Captured(whole, value)
        buffer.tensors.append(tensor)
        spec = Spec(array.shape, array.dtype, array.strides)
        return Symbol(buffer.storage, _chain_to(array, whole), spec)

    def new_value(self, spec: Spec, kind: str = "result") -> Value:
        self.count += 1
        return Value(self.count, spec, kind)

    def read(self, symbol: Symbol) -> Value:
        """The value that a symbol has now."""
        storage = symbol.storage
        value = storage.current
        for length in range(1, len(symbol.chain) + 1):
            key = symbol.chain[:length]
            found = storage.views.get(key)
            if found is None:
                op, params, output = key[-1]
                outs = self.emit(op, [value], params, _as_tuple(op.infer(value.spec, *params)))
                found = storage.views[key] = outs[output]
            value = found
        return value

    def write(self, symbol: Symbol, value: Value) -> None:
        """Replace what a symbol shows by ``value``; everything that shares its buffer sees it."""
        storage = symbol.storage
        if symbol.chain:
            spec = storage.current.spec
            inputs = [storage.current, value]
            value = self.emit(REPLACE_SLICE, inputs, (symbol.chain,), (spec,))[0]
        storage.current = value
        storage.version += 1
        storage.views = {}

    def snapshot(self, tensor: Tensor) -> Tensor:
        """A tensor that keeps the present value, whatever is written later."""
        symbol = self.symbol_of(tensor)
        copy = wrap(Symbol(Storage(self.read(symbol)), (), symbol.spec()))
        copy._node, copy._requires = tensor._node, tensor._requires
        return copy

    # --- instructions -------------------------------------------------------------------------

    def emit(
        self, op: Operation, inputs: list[Any], params: tuple[Any, ...], specs: tuple[Spec, ...]
    ) -> tuple[Value, ...]:
        """Append an instruction."""
        values = tuple(self.read(x) if isinstance(x, Symbol) else x for x in inputs)
        outputs = tuple(self.new_value(spec) for spec in specs)
        self.instructions.append(Instruction(op, values, params, outputs, user_line()))
        return outputs

    def results(
        self, op: Operation, symbols: list[Any], params: tuple[Any, ...], specs: Any
    ) -> Any:
        values = self.emit(op, symbols, params, _as_tuple(specs))
        tensors = tuple(self.tensor(Symbol(Storage(v), (), v.spec)) for v in values)
        return tensors if isinstance(specs, tuple) else tensors[0]

    def views(
        self, op: Operation, parent: Tensor, symbol: Symbol, params: tuple[Any, ...], specs: Any
    ) -> Any:
        several = isinstance(specs, tuple)
        kind = (SEVERAL if several else ORDINARY) if MODE.code & GRAD else NO_GRAD
        tensors = []
        for index, spec in enumerate(_as_tuple(specs)):
            chain = (*symbol.chain, (op, params, index))
            tensor = self.tensor(Symbol(symbol.storage, chain, spec))
            tensor._counter = shared_counter(parent)
            tensor._view = View(parent, op, params, kind)
            tensors.append(tensor)
        return tuple(tensors) if several else tensors[0]

    def tensor(self, symbol: Symbol) -> Tensor:
        tensor = wrap(symbol)
        self.made.append(weakref.ref(tensor))
        return tensor

    # --- the end ------------------------------------------------------------------------------

    def program(self, results: list[Value]) -> Program:
        """What was recorded, with these values as results."""
        writes = [
            (c.value, c.storage.current)
            for c in self.captured.values()
            if c.storage.current is not c.value
        ]
        buffers = [c.value for c in self.captured.values()]
        return Program(buffers, self.instructions, writes, results)


def inferred(op: Operation, symbols: list[Any], params: tuple[Any, ...]) -> Any:
    """What an operation makes of symbols."""
    try:
        return op.infer(*symbols, *params)
    except ValueDependentError as error:
        raise RecordingError(f"compile: {error}\n  where:    {user_line()}") from None


def _shares(op: Operation, symbol: Symbol, params: tuple[Any, ...]) -> bool:
    """Whether a view operation really is a view: a reshape of some strides is a copy."""
    if op.name != "reshape":
        return True
    return can_view(symbol.shape, symbol.strides, params[0])


def _as_tuple(x: Any) -> tuple[Any, ...]:
    return x if isinstance(x, tuple) else (x,)


def _chain_to(array: np.ndarray, whole: np.ndarray) -> tuple[Any, ...]:
    """How ``array`` is a view of the array that owns its memory."""
    same = array.shape == whole.shape and array.strides == whole.strides
    address = array.__array_interface__["data"][0]
    start = whole.__array_interface__["data"][0]
    if same and address == start and array.dtype == whole.dtype:
        return ()
    itemsize = array.dtype.itemsize
    strides = tuple(s // itemsize for s in array.strides)
    params = (array.shape, strides, (address - start) // itemsize)
    return ((REGISTRY["as_strided"], params, 0),)


def _replace_slice(whole: np.ndarray, part: np.ndarray, chain: tuple[Any, ...]) -> np.ndarray:
    """A copy of ``whole`` in which the view described by ``chain`` holds ``part``."""
    result = whole.copy()
    view = result
    for op, params, output in chain:
        found = op.evaluate(view, *params)
        view = found[output] if isinstance(found, tuple) else found
    view[...] = part
    return result


REPLACE_SLICE = Operation(
    "replace_slice",
    inputs="whole part",
    params="chain",
    evaluate=_replace_slice,
    infer=lambda whole, part, chain: Spec(whole.shape, whole.dtype),
    samples=lambda make: [
        make.sample(
            inputs=(make.tensor((3, 2)), make.tensor((2, 3))),
            params=(((REGISTRY["transpose"], (0, 1), 0),),),
        ),
        make.sample(
            inputs=(make.tensor((4,)), make.tensor(())),
            params=(((REGISTRY["select"], (0, 2), 0),),),
        ),
    ],
)
