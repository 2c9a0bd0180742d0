"""One recording of a function: what it computes, what it needs, what it changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flambeau.compiler.record.program import Program, Value, verify
from flambeau.compiler.record.recorder import Recorder
from flambeau.compiler.record.symbol import RecordingError, Symbol
from flambeau.compiler.record.watch import Watch
from flambeau.core import trees
from flambeau.core.errors import message
from flambeau.tensor.graph import Node, Output
from flambeau.tensor.tensor import Tensor


class Place:
    """Stands where a tensor goes that leaves the recording.

    Attributes:
        outside: the caller's own tensor, if that is what is returned.
        buffer: the captured buffer that it is a view of, or ``None``.
        chain: how it is a view of that buffer, or of the value ``index``.
        index: which result of the program it is, if it lies in no captured buffer.
        requires: whether it requires a gradient.
    """

    __slots__ = ("buffer", "chain", "index", "outside", "requires")

    def __init__(self) -> None:
        self.outside: Tensor | None = None
        self.buffer: Value | None = None
        self.chain: tuple[Any, ...] = ()
        self.index = -1
        self.requires = False


class Trace:
    """What one recording found.

    Args:
        function: the user's function; its surroundings are watched.
        leaves: the leaves of its arguments.
        call: calls it with other leaves in place of these.

    Attributes:
        program: the operations.
        sources: for each buffer of the program, ``("argument", i)`` or a captured tensor.
        structure, leaves: the function's result, tensors replaced by places.
        gradients: pairs of a tensor and the place of its new ``grad``, or ``None``.
        questions: what was asked of numbers, with the answers.
        gradients_read: tensors whose ``grad`` was looked at first, and whether it was there.
        watch: Python state that the recording depends on, as it was before.
        changes: what of that state the function itself changed, in words: such a recording holds
            for one call only, since replaying it does not replay that.
        escaped: pairs of a tensor made by the function that state now holds, and its place.
    """

    def __init__(
        self, function: Callable[..., Any], leaves: list[Any], call: Callable[[list[Any]], Any]
    ) -> None:
        self.recorder = recorder = Recorder()
        self.arguments = {i: x for i, x in enumerate(leaves) if isinstance(x, Tensor)}
        self.inside = {i: _stand_in(x) for i, x in self.arguments.items()}
        stand_ins = [self._stand_in(i, x) for i, x in enumerate(leaves)]
        self.watch = Watch(recorder.numbers_read)
        self.watch.function(function)
        with recorder:
            for tensor in self.inside.values():
                recorder.symbol_of(tensor, alone=True)
            self._collect(call(stand_ins), function)
        recorder.undo()
        self._check_histories()
        self.sources = [self._source(buffer) for buffer in recorder.captured.values()]
        self.questions = recorder.questions
        self.gradients_read = recorder.gradients_read

    def _stand_in(self, index: int, leaf: Any) -> Any:
        if index in self.inside:
            return self.inside[index]
        if type(leaf) in (int, float):
            return self.recorder.number(("argument", index), leaf)
        return leaf

    def _collect(self, result: Any, function: Callable[..., Any]) -> None:
        """Find every tensor that leaves the recording, and make the program."""
        found, self.structure = trees.flatten(result)
        self.results: list[Value] = []
        self.leaves = [self._place(x) for x in found]
        self.gradients = [
            (self._outside(tensor), None if g is None else self._place(g))
            for tensor, g in self.recorder.gradients.items()
        ]
        self.changes = self.watch.change()
        self.escaped = [(t, self._place(t)) for t in self._reachable(function)] if self.changes else []
        self.program: Program = self.recorder.program(self.results)
        verify(self.program)

    def _reachable(self, function: Callable[..., Any]) -> list[Tensor]:
        """Tensors made by the function that can now be reached from outside."""
        after = Watch(self.recorder.numbers_read)
        after.function(function)
        return [t for t in after.tensors.values() if t._array.__class__ is Symbol]

    def _place(self, x: Any) -> Any:
        if not isinstance(x, Tensor):
            return x
        place = Place()
        place.requires = x.requires_grad
        if place.requires and x._node is not None and not is_consumed(x):
            raise RecordingError(
                message(
                    "compile: a result still has a graph that backward() has not used",
                    expected="results of a whole step, or of a function without gradients",
                    got=f"a tensor of shape {tuple(x.shape)} with grad_fn {x.grad_fn.name()}",
                    help="call backward() inside the compiled function, or return x.detach()",
                )
            )
        outside = self._outside(x)
        if outside is not x or x._array.__class__ is not Symbol:
            place.outside = outside
            return place
        symbol = x._array
        place.chain = symbol.chain
        if symbol.storage.initial is not None:
            place.buffer = symbol.storage.initial
            return place
        root = symbol.storage.current
        if root not in self.results:
            self.results.append(root)
        place.index = self.results.index(root)
        return place

    def _outside(self, tensor: Tensor) -> Tensor:
        """The caller's tensor for a stand-in; any other tensor is its own."""
        for index, inside in self.inside.items():
            if inside is tensor:
                return self.arguments[index]
        return tensor

    def _source(self, buffer: Any) -> Any:
        for index, inside in self.inside.items():
            if any(t is inside for t in buffer.tensors):
                return ("argument", index)
        return buffer.tensors[0]

    def _check_histories(self) -> None:
        for tensor, _ in self.gradients:
            if tensor._node is not None:
                raise RecordingError(
                    message(
                        "compile: backward() inside the function reaches a graph made outside",
                        expected="a graph that is made and used inside the compiled function",
                        got=f"a tensor of shape {tuple(tensor.shape)} with a grad_fn",
                        help="detach() the tensor, or compile the part that computes it too",
                    )
                )


def _stand_in(tensor: Tensor) -> Tensor:
    """A leaf over the same memory: inside the recording the caller's graph does not show."""
    inside = tensor.detach()
    inside._requires = tensor.requires_grad
    return inside


def is_consumed(tensor: Tensor) -> bool:
    """Whether a backward pass has already used the graph behind a tensor."""
    stack = [tensor.grad_fn]
    seen: set[Any] = set()
    while stack:
        node = stack.pop()
        if not isinstance(node, Node) or node in seen:
            continue
        seen.add(node)
        if node.saved is None:
            return True
        for edge in node.edges:
            if edge is not None:
                stack.append(edge.node if isinstance(edge, Output) else edge)
    return False
