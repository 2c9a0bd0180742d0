"""Recording the body of a loop once, in the middle of another recording.

The body's instructions are taken out of the recording and become a program of their own. Buffers
from outside that the body changes in place are carried from step to step, like what it returns,
and so are the gradients that it assigns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from flambeau.compiler.record.program import Instruction, Value
from flambeau.compiler.record.recorder import Recorder
from flambeau.compiler.record.symbol import RecordingError, Storage, Symbol
from flambeau.compiler.scan import COND, SCAN, WHILE_LOOP, Body
from flambeau.core.errors import message
from flambeau.core.number import Number, evaluate
from flambeau.core.spec import Spec
from flambeau.tensor.operation import REGISTRY
from flambeau.tensor.tensor import Tensor

Step = Callable[[list[Tensor], list[Tensor]], tuple[list[Tensor], list[Tensor]]]

Branch = Callable[[], list[Tensor]]


def record_scan(
    recorder: Recorder,
    step: Step,
    carried: list[Tensor],
    walked: list[Tensor],
    length: int | None,
    reverse: bool,
) -> tuple[list[Tensor], list[Tensor], Callable[[Tensor], bool]]:
    """Record a loop.

    Args:
        recorder: which is recording.
        step: takes what is carried and one slice of each array; returns what is carried on, of
            the same shapes and types, and what is left of the step.
        carried: what the first step is given.
        walked: arrays whose first dimension counts the steps.
        length: how many steps; if that is not known, ``walked`` is one truth value that says
            whether there is a first step, and what is left of a step says whether there is another.
        reverse: walk from the end to the beginning.

    Returns:
        What the last step carries, and what the steps leave, stacked, outside any graph; and
        which tensors were there before the step was recorded.

    Raises:
        RuntimeError: if a step would not be the same as the one before.
    """
    if length is None:
        return _record_while(recorder, step, carried, walked[0])
    initial = [recorder.read(recorder.symbol_of(x)) for x in carried]
    arrays = [recorder.read(recorder.symbol_of(x)) for x in walked]
    recording = _BodyRecording(recorder)
    ins = [recording.buffer(v.spec.shape, v.spec.dtype) for v in initial]
    slices = [recording.buffer(v.spec.shape[1:], v.spec.dtype) for v in arrays]
    recording.run(step, ins, slices)
    zeros = recording.zeros()
    body, constants = recording.body(ins, slices)
    first = [*initial, *[value for _, value in recording.changed], *zeros]
    values = recorder.emit(
        SCAN,
        [*first, *arrays, *constants, *recording.outer_numbers(body)],
        (body, length, reverse),
        body.specs(length),
    )
    count = len(initial)
    recording.take_over(values[count : len(first)])
    recording.count_on(length)
    final, stacks = values[:count], values[len(first) :]
    results = [_tensor(recorder, v) for v in final], [_tensor(recorder, v) for v in stacks]
    return *results, recording.is_outer


def _record_while(
    recorder: Recorder, step: Step, carried: list[Tensor], goes_on: Tensor
) -> tuple[list[Tensor], list[Tensor], Callable[[Tensor], bool]]:
    """Record a loop that ends by itself."""
    initial = [recorder.read(recorder.symbol_of(x)) for x in carried]
    first = recorder.read(recorder.symbol_of(goes_on))
    recording = _BodyRecording(recorder)
    ins = [recording.buffer(v.spec.shape, v.spec.dtype) for v in initial]
    recording.run(step, ins, [])
    if recording.rates:
        raise RecordingError(
            message(
                "while_loop: an optimizer's steps are counted, and nobody knows how many there are",
                expected="a loop of a known length",
                got="an optimizer's step in the loop",
                help="use func.fori_loop() or func.scan()",
            )
        )
    before = [*initial, *[value for _, value in recording.changed], *recording.zeros()]
    body, constants = recording.body(ins, [])
    inputs = [first, *before, *constants, *recording.outer_numbers(body)]
    values = recorder.emit(WHILE_LOOP, inputs, (body,), body.specs(1)[: len(before)])
    recording.take_over(values[len(initial) :])
    return [_tensor(recorder, v) for v in values[: len(initial)]], [], recording.is_outer


def record_cond(
    recorder: Recorder, condition: Tensor, branches: tuple[Branch, Branch]
) -> tuple[list[Tensor], Callable[[Tensor], bool]]:
    """Record a choice of which only one side runs.

    Args:
        recorder: which is recording.
        condition: one truth value.
        branches: return as many tensors of the same shapes and types.

    Returns:
        The results, outside any graph, and which tensors were there before.
    """
    chosen = recorder.read(recorder.symbol_of(condition))
    sides = []
    for branch in branches:
        side = _BodyRecording(recorder)
        side.run(lambda _, __, branch=branch: ([], branch()), [], [])
        if side.rates or side.assigned:
            raise RecordingError(
                message(
                    "cond: a branch takes an optimizer's step",
                    expected="branches that compute results",
                    got="a branch that counts steps or assigns gradients",
                    help="choose the gradients or the parameters with func.cond(), and step after",
                )
            )
        sides.append(side)
    _check_alike(*sides)
    changed = {id(s): (s, v) for side in sides for s, v in side.changed}
    bodies, inputs = [], []
    for side in sides:
        own = {id(s): v for (s, _), v in zip(side.changed, side.inner, strict=True)}
        side.left += [own.get(key, value) for key, (_, value) in changed.items()]
        side.changed, side.inner = [], []
        body, constants = side.body([], [])
        bodies.append(body)
        inputs.append([*constants, *side.outer_numbers(body)])
    params = (*bodies, len(inputs[0]))
    specs = COND.infer(*params)
    values = recorder.emit(COND, [chosen, *inputs[0], *inputs[1]], params, specs)
    count = len(values) - len(changed)
    for (storage, _), value in zip(changed.values(), values[count:], strict=True):
        storage.current = value
        storage.version += 1
        storage.views = {}
    return [_tensor(recorder, v) for v in values[:count]], sides[0].is_outer


def _check_alike(first: _BodyRecording, second: _BodyRecording) -> None:
    """Refuse branches whose results differ in shape or type."""
    specs = [[v.spec for v in side.left] for side in (first, second)]
    if specs[0] != specs[1]:
        shown = [", ".join(f"{s.dtype}{list(s.shape)}" for s in side) for side in specs]
        raise RecordingError(
            message(
                "cond: the branches return different shapes or types",
                expected=shown[0],
                got=shown[1],
                help="convert results with .to(dtype), or broadcast them to one shape",
            )
        )


def _tensor(recorder: Recorder, value: Value) -> Tensor:
    return recorder.tensor(Symbol(Storage(value), (), value.spec))


class _BodyRecording:
    """One step, recorded and taken out of the recording.

    Attributes:
        changed: buffers from outside that the step changes, and their values before it.
        assigned: tensors from outside whose ``grad`` the step assigns.
        outs, left, inner, last: values after the step: of what is carried, of what it leaves, of
            the changed buffers, of the assigned gradients.
    """

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.start = len(recorder.instructions)
        self.first = recorder.count  # values with higher numbers are the step's own
        self.known = {id(s): (s, s.current, dict(s.views)) for s in _storages(recorder)}
        self.gradients = dict(recorder.gradients)
        self.read = set(recorder.gradients_read)
        self.asked = len(recorder.questions)
        # Step counts go on in each step of the loop: inside, they are numbers of its own.
        self.counts = dict(recorder.steps)
        self.inner_counts = {
            key: Number("source", ("loop",), count.value, recorder.ask)
            for key, count in self.counts.items()
        }
        recorder.steps.update(self.inner_counts)

    def zeros(self) -> list[Value]:
        """What assigned gradients are before the first step."""
        return [
            self.recorder.emit(
                REGISTRY["full"], [], (v.spec.shape, 0, v.spec.dtype, False), (v.spec,)
            )[0]
            for v in self.last
        ]

    def buffer(self, shape: Iterable[int], dtype: Any) -> Value:
        """A buffer that each step finds filled."""
        return self.recorder.new_value(Spec(tuple(shape), dtype), "buffer")

    def run(self, step: Step, ins: list[Value], slices: list[Value]) -> None:
        """Record the step, and leave the recording as it was before."""
        recorder = self.recorder
        given = [[_tensor(recorder, v) for v in vs] for vs in (ins, slices)]
        outs, left = step(*given)
        self.outs = [recorder.read(recorder.symbol_of(x)) for x in outs]
        self.left = [recorder.read(recorder.symbol_of(x)) for x in left]
        self._check(ins)
        self._count()
        self.assigned = self._assigned()
        self.last = [recorder.read(recorder.gradients[t]._array) for t in self.assigned]  # type: ignore[union-attr]
        self.instructions = recorder.instructions[self.start :]
        del recorder.instructions[self.start :]
        for captured in recorder.captured.values():
            storage = captured.storage
            self.known.setdefault(id(storage), (storage, captured.value, {}))
        self.changed = [(s, v) for s, v, _ in self.known.values() if s.current is not v]
        self.inner = [s.current for s, _ in self.changed]
        for storage, value, views in self.known.values():
            storage.current, storage.views = value, views

    def is_outer(self, tensor: Tensor) -> bool:
        """Whether a tensor is not one of the step's own."""
        array = tensor._array
        return not isinstance(array, Symbol) or array.storage.current.number <= self.first

    def _check(self, ins: list[Value]) -> None:
        for before, after in zip(ins, self.outs, strict=True):
            if before.spec != after.spec:
                raise RecordingError(
                    message(
                        "scan: what is carried changes its shape or type",
                        expected=f"{before.spec.dtype}{list(before.spec.shape)}, as at first",
                        got=f"{after.spec.dtype}{list(after.spec.shape)} after a step",
                        help="convert it with .to(dtype), or begin with what a step returns",
                    )
                )

    def _count(self) -> None:
        """Find what each step of the loop adds to step counts, and what they are after it."""
        recorder = self.recorder
        self.rates: dict[Number, int] = {}
        for key, count in recorder.steps.items():
            first, rate = count, 0
            while first.function == "add":
                first, more = first.operands
                rate += more
            recorder.steps[key] = self.counts.get(key, first)
            if rate:
                self.rates[first] = rate
        moving = {id(x) for x in (*self.rates, *self.inner_counts.values())}
        for number, *_ in recorder.questions[self.asked :]:
            if any(id(source) in moving for source in _sources(number)):
                raise RecordingError(
                    message(
                        "scan: a step decides by the number of steps so far",
                        expected="a step that is the same each time",
                        got="a Python condition on an optimizer's step count",
                        help="loop in Python around the compiled step",
                    )
                )

    def count_on(self, length: int) -> None:
        """Note what step counts are after so many steps."""
        recorder = self.recorder
        for key, count in recorder.steps.items():
            rate = self.rates.get(self.inner_counts.get(key, count))
            if rate:
                recorder.steps[key] = count + rate * length

    def outer_numbers(self, body: Body) -> list[Number]:
        """What the sources of the body's numbers are outside, before the first step."""
        known = {id(x): self.counts[key] for key, x in self.inner_counts.items()}
        return [known.get(id(x), x) for x in body.numbers]

    def _assigned(self) -> list[Tensor]:
        """Tensors from outside that get another ``grad``; those of the step itself are dropped."""
        recorder, found = self.recorder, []
        for tensor, gradient in list(recorder.gradients.items()):
            if gradient is self.gradients.get(tensor):
                continue
            symbol = tensor._array if isinstance(tensor._array, Symbol) else None
            if (
                symbol is not None
                and id(symbol.storage) not in self.known
                and not any(symbol.storage is c.storage for c in recorder.captured.values())
            ):
                del recorder.gradients[tensor]
            elif gradient is not None:
                if tensor in recorder.gradients_read and tensor not in self.read:
                    raise RecordingError(
                        message(
                            "scan: each step would add to the gradient of the one before",
                            expected="gradients that are cleared in every step",
                            got=f"a tensor of shape {tuple(tensor.shape)} that has none at first",
                            help="call optimizer.zero_grad() in the step, or use func.grad()",
                        )
                    )
                found.append(tensor)
        return found

    def body(self, ins: list[Value], slices: list[Value]) -> tuple[Body, list[Value]]:
        """The step as a program, and the values from outside that it reads."""
        own = {v: v for v in (*ins, *slices)}
        before = [self._stand_in(value, own) for _, value in self.changed]
        cleared = [self.buffer(v.spec.shape, v.spec.dtype) for v in self.last]
        after = [*self.outs, *self.inner, *self.last]
        constants: dict[Value, Value] = {}

        def inside(x: Any) -> Any:
            if not isinstance(x, Value):
                return x
            if x not in own:
                constants[x] = self._stand_in(x, own)
            return own[x]

        numbers: dict[Number, None] = {}
        instructions = []
        for old in self.instructions:
            inputs = tuple([inside(x) for x in old.inputs])
            own.update((v, v) for v in old.outputs)
            new = Instruction(old.operation, inputs, old.params, old.outputs, old.line)
            instructions.append(new)
            for number in new.numbers():
                numbers.update(dict.fromkeys(_sources(number)))
        carried = list(zip([*ins, *before, *cleared], [inside(v) for v in after], strict=True))
        left = [inside(v) for v in self.left]
        rates = {source: self.rates.get(source, 0) for source in numbers}
        made = Body(carried, slices, list(constants.values()), rates, instructions, left)
        return made, list(constants)

    def _stand_in(self, value: Value, own: dict[Value, Value]) -> Value:
        own[value] = self.recorder.new_value(value.spec, "buffer")
        return own[value]

    def take_over(self, values: tuple[Value, ...]) -> None:
        """Note what buffers and gradients are after the loop."""
        for (storage, _), value in zip(self.changed, values):
            storage.current = value
            storage.version += 1
            storage.views = {}
        for tensor, value in zip(self.assigned, values[len(self.changed) :], strict=True):
            self.recorder.gradients[tensor] = _tensor(self.recorder, value)


def _storages(recorder: Recorder) -> list[Storage]:
    """Every storage that the recording knows."""
    found = [c.storage for c in recorder.captured.values()]
    found += [s.storage for s in recorder.symbols.values()]
    for reference in recorder.made:
        tensor = reference()
        if tensor is not None and isinstance(tensor._array, Symbol):
            found.append(tensor._array.storage)
    return list({id(s): s for s in found}.values())


def _sources(number: Number) -> list[Number]:
    """The sources that a number is computed from."""
    found: list[Number] = []

    def note(source: Number) -> Any:
        found.append(source)
        return source.value

    evaluate(number, note)
    return found
