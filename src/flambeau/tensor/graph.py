"""Nodes of the recorded graph.

A node remembers how to turn the gradient of an operation's output into gradients of its inputs.
Its *edges* say where those go: a :class:`Node`, an :class:`Output` of a node with several
outputs, a leaf tensor, or ``None`` where no gradient is wanted.
"""

from __future__ import annotations

import weakref
from itertools import count
from typing import Any

from flambeau.core.errors import GraphError, InplaceError, message

# Creation order. An operation's node is always newer than those of its inputs, so the backward
# pass may simply take the newest node first.
SEQUENCE = count()


class VersionCounter:
    """How often a buffer was changed in place; shared by all tensors that are views of it."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0


class Output:
    """One output of a node that has several: what such a tensor holds in place of a node."""

    __slots__ = ("index", "node")

    def __init__(self, node: Node, index: int) -> None:
        self.node = node
        self.index = index


class Node:
    """What a tensor's ``grad_fn`` is.

    Attributes:
        plan: how to save and how to go backward (:class:`flambeau.tensor.operation.Plan`).
        edges: where the gradients of the inputs go.
        saved: what the gradient rule reads; ``None`` once it was freed.
        versions: versions of the saved inputs when they were saved; ``None`` if all were 0.
        shape, dtype: of the output (tuples of them for several outputs).
        hooks: ``None`` or the hooks of :mod:`flambeau.autograd.hooks`.
    """

    __slots__ = (
        "__dict__", "__weakref__", "dtype", "edges", "hooks", "plan", "saved", "sequence",
        "shape", "versions",
    )  # fmt: skip

    plan: Any
    edges: tuple[Any, ...]
    saved: Any
    versions: tuple[int, ...] | None
    shape: Any
    dtype: Any
    hooks: Any
    sequence: int

    def name(self) -> str:
        """The node's name, such as ``MulBackward0``."""
        return self.plan.operation.node_name

    def __repr__(self) -> str:
        return f"<{self.name().rpartition(':')[2]} object at {id(self):#x}>"

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        """For each input, the node its gradient goes to and which output of that node it was."""
        return tuple(_as_next_function(edge) for edge in self.edges)

    @property
    def metadata(self) -> dict[Any, Any]:
        """A dictionary for the user's own notes on this node."""
        return self.__dict__.setdefault("_metadata", {})

    def backward(self, gradient: Any) -> tuple[Any, ...]:
        """Gradients of the inputs from the gradient of the output."""
        plan, saved = self.plan, self.saved
        if plan.saves_nothing:
            return plan.backward((), gradient)
        if saved is None or plan.checked:
            saved = self.unpack()
        return plan.backward(saved, gradient)

    def backward_to(self, asked: tuple[bool, ...], gradient: Any) -> tuple[Any, ...]:
        """Like :meth:`backward`, for some of the inputs; others may be ``None``."""
        plan, saved = self.plan, self.saved
        if plan.needs is None or asked == plan.needs:
            return self.backward(gradient)
        if saved is None or plan.checked:
            saved = self.unpack()
        return plan.partial(asked)(saved, gradient)

    def unpack(self) -> tuple[Any, ...]:
        """What was saved, once it is sure that nobody has changed it since."""
        saved = self.saved
        if not isinstance(saved, tuple):
            if saved is None:
                raise freed_error()
            return saved.unpack(self)  # hooks have packed it
        plan = self.plan
        if plan.input_entries:
            self._check_versions(saved, plan.input_entries)
        if plan.output_entry is not None:
            saved = list(saved)
            saved[plan.output_entry] = saved[plan.output_entry].unpack(self)
        return saved  # type: ignore[return-value]

    def _check_versions(self, saved: tuple[Any, ...], entries: tuple[int, ...]) -> None:
        versions = self.versions
        for position, entry in enumerate(entries):
            value = saved[entry]
            if value.__class__ is tuple:
                now = sum(version_of(x) for x in value)
            else:
                counter = getattr(value, "_counter", None)
                now = 0 if counter is None else counter.value
            if now != (0 if versions is None else versions[position]):
                expected = 0 if versions is None else versions[position]
                raise inplace_error(self, value, now, expected)

    def release(self) -> None:
        """Give up saved tensors: this node cannot run again if there were any."""
        if self.plan.checked:
            self.saved = None


class SavedOutput:
    """An operation's own output, saved without the cycle node -> output -> node."""

    __slots__ = ("array", "counter", "make", "version")

    def __init__(self, tensor: Any) -> None:
        counter = tensor._counter
        if counter is None:
            counter = tensor._counter = VersionCounter()
        self.array = tensor._array
        self.counter = counter
        self.version = counter.value
        self.make = type(tensor)._saved_view

    def unpack(self, node: Node, index: int | None = None) -> Any:
        if self.counter.value != self.version:
            raise inplace_error(node, self, self.counter.value, self.version)
        return self.make(self.array, self.counter, node if index is None else Output(node, index))


class SavedOutputs:
    """All outputs of an operation that has several."""

    __slots__ = ("outputs",)

    def __init__(self, tensors: tuple[Any, ...]) -> None:
        self.outputs = tuple(SavedOutput(t) for t in tensors)

    def unpack(self, node: Node) -> tuple[Any, ...]:
        return tuple(saved.unpack(node, index) for index, saved in enumerate(self.outputs))


class AccumulateGrad:
    """The end of a path through the graph: adds what arrives to ``variable.grad``."""

    __slots__ = ("__weakref__", "variable")

    def __init__(self, variable: Any) -> None:
        self.variable = variable

    next_functions = ()

    def name(self) -> str:
        """The node's name."""
        return "torch::autograd::AccumulateGrad"

    def __repr__(self) -> str:
        return f"<AccumulateGrad object at {id(self):#x}>"

    @property
    def metadata(self) -> dict[Any, Any]:
        """A dictionary for the user's own notes on this node."""
        return self.variable.__dict__.setdefault("_accumulator_metadata", {})


def accumulator_of(variable: Any) -> AccumulateGrad:
    """The leaf's node, the same object as long as somebody holds it."""
    reference = variable.__dict__.get("_accumulator")
    found = None if reference is None else reference()
    if found is None:
        found = AccumulateGrad(variable)
        variable.__dict__["_accumulator"] = weakref.ref(found)
    return found


def _as_next_function(edge: Any) -> tuple[Any, int]:
    if edge is None:
        return None, 0
    if isinstance(edge, Output):
        return edge.node, edge.index
    if isinstance(edge, Node):
        return edge, 0
    return accumulator_of(edge), 0


def version_of(value: Any) -> int:
    """How often the tensor's buffer was changed in place."""
    counter = getattr(value, "_counter", None)
    return 0 if counter is None else counter.value


def freed_error() -> GraphError:
    """Somebody went backward through a graph that was already freed."""
    return GraphError(
        message(
            "backward: the graph was already used and its saved tensors are freed",
            expected="one backward pass through a graph",
            got="a second one, or reading its saved tensors after the first",
            help="pass retain_graph=True to the first backward() if you need both",
        )
    )


def inplace_error(node: Any, value: Any, now: int, expected: int) -> InplaceError:
    """A tensor that a gradient rule needs was changed in place after it was saved."""
    shape = getattr(getattr(value, "_array", getattr(value, "array", None)), "shape", ())
    return InplaceError(
        message(
            f"backward: a tensor that {node.name()} needs was modified by an inplace operation",
            expected=f"the tensor of shape {tuple(shape)} at version {expected}",
            got=f"version {now}",
            help="clone() it before the in-place change, or use the out-of-place operation; "
            "set_detect_anomaly(True) shows where the operation was called",
        )
    )
