"""One recording of a function: what it computes, what it needs, what it changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from flambeau.compiler.record.derivative import Derivative
from flambeau.compiler.record.program import Program, Value, verify
from flambeau.compiler.record.recorder import Captured, Recorder
from flambeau.compiler.record.spanning import spanning
from flambeau.compiler.record.symbol import RecordingError, Symbol
from flambeau.compiler.record.watch import ITEM, PLAIN, Watch
from flambeau.core import trees
from flambeau.core.errors import message
from flambeau.core.spec import Spec
from flambeau.tensor.graph import Node, Output
from flambeau.tensor.tensor import Tensor

# Why a function runs as it is written: what it does, and what to do instead.
CHANGES_HIDDEN = (
    "changes a tensor in place that it makes from data, or finds nowhere\n"
    "make new tensors by fb.zeros() or clone(), or keep them outside"
)
KEEPS_GRAPH = (
    "keeps a tensor whose graph backward() has not used yet\n"
    "return the tensor, or keep detach() of it"
)
CHANGES_CONTAINERS = (
    "changes a dict or list that it is given\nreturn what is new, and put it there outside"
)


class Place:
    """Stands where a tensor goes that leaves the recording.

    Attributes:
        outside: the caller's own tensor, if that is what is returned: an :class:`Argument` or a
            tensor.
        buffer: the captured buffer that it is a view of, or ``None``.
        chain: how it is a view of that buffer, or of the value ``index``.
        index: which result of the program it is, if it lies in no captured buffer.
        requires: whether it requires a gradient.
        is_leaf: whether no operation made it.
        output: which output of the derivative's node it is, or ``None``.
    """

    __slots__ = ("buffer", "chain", "index", "is_leaf", "output", "outside", "requires")

    def __init__(self) -> None:
        self.outside: Any = None
        self.buffer: Value | None = None
        self.chain: tuple[Any, ...] = ()
        self.index = -1
        self.requires = False
        self.is_leaf = True
        self.output: int | None = None


class Argument:
    """The tensor that is given as leaf ``index`` of the arguments."""

    __slots__ = ("index",)

    def __init__(self, index: int) -> None:
        self.index = index

    def of(self, leaves: list[Any]) -> Any:
        """The tensor, at a call."""
        return leaves[self.index]


class GradientOf:
    """The present ``grad`` of a tensor: a buffer that is another tensor at each call.

    Attributes:
        target: a tensor, or an :class:`Argument`.
    """

    __slots__ = ("target",)

    def __init__(self, target: Any) -> None:
        self.target = target

    def of(self, leaves: list[Any]) -> Any:
        """The gradient, at a call."""
        return resolve(self.target, leaves)._stored_grad()


def resolve(source: Any, leaves: list[Any]) -> Any:
    """The tensor that a source stands for at a call."""
    return source.of(leaves) if isinstance(source, (Argument, GradientOf)) else source


class Trace:
    """What one recording found.

    Args:
        function: the user's function; its surroundings are watched.
        leaves: the leaves of its arguments.
        arguments: the structure of ``(args, kwargs)``; kept as ``arguments_structure``.

    Attributes:
        program: the operations.
        sources: for each buffer of the program, an :class:`Argument`, a :class:`GradientOf` or a
            captured tensor.
        structure, leaves: the function's result, tensors replaced by places.
        gradients: pairs of a target (an :class:`Argument` or a tensor) and the place of its new
            ``grad``, or ``None``.
        inner_gradients: pairs of the places of a returned tensor and of the ``grad`` it has.
        requires: pairs of a target and the ``requires_grad`` that the function set.
        questions: what was asked of numbers, with the answers.
        gradients_read: targets whose ``grad`` was looked at first, and whether it was there.
        tensors: for each captured tensor, its array and the buffer it lies in.
        watch: Python state that the recording depends on, as it was before.
        changes: what of that state the function itself changed, in words: such a recording holds
            for one call only, since replaying it does not replay that.
        assigned: attributes and entries of dicts that get a new tensor: container, key,
            place, and its shape and type.
        escaped: pairs of a tensor made by the function that state now holds, and its place.
        eager: why it has to run as it is written: it changes memory in place that may have been
            made by the function itself, or a container that it is given, or keeps a graph.
        overlapping: whether arguments share memory with captured tensors, or with each other.
        derivative: how gradients go back through results whose graph is not used up.
    """

    def __init__(
        self, function: Callable[..., Any], leaves: list[Any], arguments: trees.Structure
    ) -> None:
        self.eager: str | None = None
        self.function = function
        self.arguments_structure = arguments
        self.recorder = recorder = Recorder()
        self.arguments = {i: x for i, x in enumerate(leaves) if isinstance(x, Tensor)}
        self.inside = self._stand_ins()
        self.numbers_of = {id(x): i for i, x in reversed(self.inside.items())}
        stand_ins = [self._stand_in(i, x) for i, x in enumerate(leaves)]
        self.watch = recorder.watch = Watch(recorder.numbers_read)
        given = [x for x in leaves if not isinstance(x, (Tensor, *PLAIN))]
        self.watched = (function, *given)
        self.watch.function(*self.watched)
        with recorder:
            for tensor in self.inside.values():
                # Its values are not for the function to see: nobody shall find an array in it.
                tensor._array = recorder.symbol_of(tensor, alone=True)
            args, kwargs = trees.unflatten(arguments, stand_ins)
            self._collect(function(*args, **kwargs))
            after, structure = trees.flatten((args, kwargs))
        recorder.undo()
        self._check_histories()
        buffers = list(recorder.captured.values())
        self.sources = self._sources(buffers)
        self.overlapping = self._is_mixed()
        self.tensors = self._captured_tensors(buffers)
        if structure != arguments or any(x is not y for x, y in zip(after, stand_ins)):
            self.eager = CHANGES_CONTAINERS
        elif self.changes is None and self._writes_what_nothing_holds(buffers):
            self.eager = CHANGES_HIDDEN
        self.questions = recorder.questions
        self.gradients_read = {
            self._outside(t): present
            for t, present in recorder.gradients_read.items()
            if not self._is_inner(t)
        }

    def forget_changes(self) -> None:
        """Keep what the function computes, and drop what it changes."""
        self.program = Program(
            self.program.buffers, self.program.instructions, [], self.program.results
        )
        self.gradients, self.requires, self.escaped, self.assigned = [], [], [], []
        self.eager = None

    # --- arguments ----------------------------------------------------------------------------

    def _stand_ins(self) -> dict[int, Tensor]:
        """A leaf for each tensor; the same one where the same tensor is given again."""
        made: dict[int, Tensor] = {}
        return {i: made.setdefault(id(x), _stand_in(x)) for i, x in self.arguments.items()}

    def _stand_in(self, index: int, leaf: Any) -> Any:
        if index in self.inside:
            return self.inside[index]
        if type(leaf) in (int, float):
            return self.recorder.number(("argument", index), leaf)
        return leaf

    def _outside(self, tensor: Tensor) -> Any:
        """The argument that a stand-in stands for; any other tensor is its own."""
        index = self.numbers_of.get(id(tensor))
        return tensor if index is None else Argument(index)

    def _is_inner(self, tensor: Tensor) -> bool:
        """Whether the function itself made a tensor."""
        return tensor._array.__class__ is Symbol and self._outside(tensor) is tensor

    # --- what leaves --------------------------------------------------------------------------

    def _collect(self, result: Any) -> None:
        """Find every tensor that leaves the recording, and make the program."""
        found, self.structure = trees.flatten(result)
        self.results: dict[Value, int] = {}
        self.places: dict[int, Place] = {}
        self.derivative = self._differentiate(found)
        self.leaves = [self._place(x) for x in found]
        self.gradients = [
            (self._outside(tensor), None if g is None else self._place(g))
            for tensor, g in self.recorder.gradients.items()
            if not self._is_inner(tensor)
        ]
        self.inner_gradients = [
            (self.places[id(tensor)], self._place(g))
            for tensor, g in self.recorder.gradients.items()
            if self._is_inner(tensor) and g is not None and id(tensor) in self.places
        ]
        self.requires = [
            (self._outside(t), t._requires)
            for t, (_, before, _) in self.recorder.histories.items()
            if t._node is None and t._requires is not before
        ]
        self.assigned = self._assignments()
        self.changes = self.watch.change() or self.watch.streams.used()
        reachable = self._reachable() if self.changes else []
        if any(has_graph(t) and id(t) not in self.places for t in reachable):
            self.eager, reachable = KEEPS_GRAPH, []
        self.escaped = [(t, self._place(t)) for t in reachable]
        self.program: Program = self.recorder.program(list(self.results))
        verify(self.program)

    def _differentiate(self, found: list[Any]) -> Derivative | None:
        """Record the backward pass of results whose graph nobody has used."""
        outputs = {id(x): x for x in found if isinstance(x, Tensor) and has_graph(x)}
        if not outputs:
            return None
        sources = {t: self._outside(t) for t in self.recorder.histories}
        return Derivative(self.recorder, list(outputs.values()), sources)

    def _assignments(self) -> list[tuple[Any, Any, Place, Spec]]:
        """New tensors in place of old ones that the function did not look at, in attributes and
        dicts: that can be done again at each call. Everything else is ``changes``.
        """
        changed = list(self.watch.changed())
        if not all(map(self._is_assignment, changed)):
            return []
        found = []
        for place in changed:
            made = place.now()
            spec = made._array.spec()
            found.append((place.container, place.key, self._place(made), spec))
            place.container[place.key] = place.found
            self.watch.skipped.add((id(place.container), place.key))
        return found

    def _is_assignment(self, place: Any) -> bool:
        now, old = place.now(), place.found
        if place.kind != ITEM or not isinstance(now, Tensor) or type(old) is not Tensor:
            return False
        if now._array.__class__ is not Symbol:
            return False
        # Whoever looked at the old tensor's values captured its memory, perhaps by way of a view.
        if id(spanning(old._array)) in self.recorder.captured or old in self.recorder.histories:
            return False
        alike = now._array.shape == old._array.shape and now._array.dtype == old._array.dtype
        return alike and (not has_graph(now) or id(now) in self.places)

    def _reachable(self) -> list[Tensor]:
        """Tensors made by the function that can now be reached from outside."""
        after = Watch(self.recorder.numbers_read)
        after.function(*self.watched)
        return [t for t in after.tensors.values() if t._array.__class__ is Symbol]

    def _place(self, x: Any) -> Any:
        if not isinstance(x, Tensor):
            return x
        known = self.places.get(id(x))
        if known is not None:
            return known
        place = self.places[id(x)] = Place()
        place.requires = x.requires_grad
        place.is_leaf = x._node is None
        if self.derivative is not None:
            place.output = self.derivative.number_of(x)
        if place.output is None and has_graph(x):
            raise _graph_error(x)
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
        place.index = self.results.setdefault(root, len(self.results))
        return place

    def _writes_what_nothing_holds(self, buffers: list[Captured]) -> bool:
        """Whether it changes memory that was not found by name before: made inside, perhaps.

        ``as_tensor([0.])`` is another tensor at each call, and what the recording captured is
        the first of them.
        """
        known = {id(spanning(t._array)) for t in self.watch.tensors.values()}
        known |= {id(spanning(x)) for x in self.watch.seen.values() if isinstance(x, np.ndarray)}
        written = {buffer for buffer, _ in self.program.writes}
        return any(
            buffer.value in written and isinstance(source, Tensor) and id(buffer.array) not in known
            for buffer, source in zip(buffers, self.sources, strict=True)
        )

    # --- what was captured --------------------------------------------------------------------

    def _sources(self, buffers: list[Captured]) -> list[Any]:
        """What stands for each buffer at a call."""
        present = {
            id(target._stored_grad()): target
            for target, there in reversed(self.recorder.gradients_read.items())
            if there
        }
        return [self._source(buffer, present) for buffer in buffers]

    def _source(self, buffer: Captured, present: dict[int, Tensor]) -> Any:
        for tensor in buffer.tensors:
            outside = self._outside(tensor)
            if isinstance(outside, Argument):
                return outside
        for tensor in buffer.tensors:
            if id(tensor) in present:
                return GradientOf(self._outside(present[id(tensor)]))
        return buffer.tensors[0]

    def _is_mixed(self) -> bool:
        """Whether a buffer holds an argument and something captured: no rule for other calls."""
        kinds: dict[int, bool] = {}
        for tensor in self.recorder.histories:
            symbol = self.recorder.symbols.get(id(tensor._array))
            symbol = tensor._array if symbol is None else symbol
            given = id(tensor) in self.numbers_of
            if symbol.__class__ is Symbol and kinds.setdefault(id(symbol.storage), given) != given:
                return True
        return False

    def _captured_tensors(self, buffers: list[Captured]) -> list[tuple[Tensor, Any, int]]:
        found = []
        numbers = {id(buffer.storage): i for i, buffer in enumerate(buffers)}
        for tensor in self.recorder.histories:
            symbol = self.recorder.symbols.get(id(tensor._array))
            number = None if symbol is None else numbers.get(id(symbol.storage))
            if number is None or isinstance(self.sources[number], (Argument, GradientOf)):
                continue
            found.append((tensor, tensor._array, number))
        return found

    def _check_histories(self) -> None:
        for target, _ in self.gradients:
            if isinstance(target, Tensor) and target._node is not None:
                raise RecordingError(
                    message(
                        "compile: backward() inside the function reaches a graph made outside",
                        expected="a graph that is made and used inside the compiled function",
                        got=f"a tensor of shape {tuple(target.shape)} with a grad_fn",
                        help="detach() the tensor, or compile the part that computes it too",
                    )
                )


def _stand_in(tensor: Tensor) -> Tensor:
    """A leaf over the same memory: inside the recording the caller's graph does not show."""
    inside = tensor.detach()
    inside._requires = tensor.requires_grad
    inside._grad = tensor._stored_grad()
    inside.__dict__.update(tensor.__dict__)
    return inside


def has_graph(tensor: Tensor) -> bool:
    """Whether an operation made a tensor, and no backward pass has used the graph behind it."""
    return tensor.requires_grad and tensor._node is not None and not is_consumed(tensor)


def _graph_error(tensor: Tensor) -> RecordingError:
    return RecordingError(
        message(
            "compile: a gradient still has a graph that backward() has not used",
            expected="gradients without a graph, or results of the function",
            got=f"a tensor of shape {tuple(tensor.shape)} with grad_fn {tensor.grad_fn.name()}",
            help="return the tensor, detach() it, or leave out create_graph=True",
        )
    )


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
