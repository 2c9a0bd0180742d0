"""Nodes that compute in one step what PyTorch's graph shows in several.

A linear layer is one product here. PyTorch's graph has a node for the transposed weight and,
for inputs of more than two dimensions, nodes for reshaping before and after. Whoever walks
``grad_fn.next_functions`` finds those; the backward pass goes straight to the inputs.
"""

from __future__ import annotations

from typing import Any

from flambeau.tensor.graph import SEQUENCE, Node, Output, _as_next_function
from flambeau.tensor.tensor import Tensor


def show(tensor: Tensor, kind: type[Node]) -> Tensor:
    """Let the node of a tensor just computed present itself as ``kind`` does."""
    node = tensor._node
    if node is not None and node.__class__ is Node:
        node.__class__ = kind
    return tensor


class ShownNode(Node):
    """A step that PyTorch's graph has and the backward pass does not visit by itself."""

    __slots__ = ("children", "label")

    def __init__(self, label: str, *children: Any, shape: Any = (), dtype: Any = None) -> None:
        self.label = label
        self.children = children
        self.sequence = next(SEQUENCE)
        self.edges = ()
        self.saved = ()
        self.versions = self.hooks = self.plan = None
        self.shape = shape
        self.dtype = dtype

    def name(self) -> str:
        return self.label

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        return self.children


def step(label: str, *children: tuple[Any, int]) -> tuple[Any, int]:
    """A step before which ``children`` come; none is shown where no gradient is wanted."""
    wanted = any(node is not None for node, _ in children)
    return (ShownNode(label, *children), 0) if wanted else (None, 0)


class Composite(Node):
    """A node that shows the steps it consists of (made when somebody looks, and kept)."""

    __slots__ = ()

    def steps(self) -> tuple[str, tuple[tuple[Any, int], ...]]:
        """The node's name and what comes before it, as PyTorch's graph has them."""
        raise TypeError("a composite node says what it shows")

    def _shown(self) -> tuple[str, tuple[tuple[Any, int], ...]]:
        found = self.__dict__.get("_shown_steps")
        if found is None:
            found = self.__dict__["_shown_steps"] = self.steps()
        return found

    def name(self) -> str:
        return self._shown()[0]

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        return self._shown()[1]

    def inputs(self) -> list[tuple[Any, int]]:
        """Where the gradients of the inputs really go."""
        return [_as_next_function(edge) for edge in self.edges]


class LinearNode(Composite):
    """``linear`` with a bias: addmm of the bias, the rows and the transposed weight."""

    __slots__ = ()

    def steps(self) -> tuple[str, tuple[tuple[Any, int], ...]]:
        x, weight, bias = self.inputs()
        transposed = step("TBackward0", weight)
        if len(self.shape) == 2:
            return "AddmmBackward0", (bias, x, transposed)
        return "ViewBackward0", (
            step("AddmmBackward0", bias, step("ViewBackward0", x), transposed),
        )


class UnbiasedLinearNode(Composite):
    """``linear`` without a bias: mm of the rows and the transposed weight."""

    __slots__ = ()

    def steps(self) -> tuple[str, tuple[tuple[Any, int], ...]]:
        x, weight = self.inputs()
        transposed = step("TBackward0", weight)
        if len(self.shape) == 2:
            return "MmBackward0", (x, transposed)
        if len(self.shape) == 1:
            return "SqueezeBackward4", (
                step("MmBackward0", step("UnsqueezeBackward0", x), transposed),
            )
        return "UnsafeViewBackward0", (step("MmBackward0", step("ViewBackward0", x), transposed),)


class RowsNode(Composite):
    """``matmul`` of rows and a matrix."""

    __slots__ = ()

    def steps(self) -> tuple[str, tuple[tuple[Any, int], ...]]:
        x, matrix = self.inputs()
        if len(self.shape) == 1:
            return "SqueezeBackward4", (step("MmBackward0", step("UnsqueezeBackward0", x), matrix),)
        return "UnsafeViewBackward0", (step("MmBackward0", step("ViewBackward0", x), matrix),)


class StackNode(Composite):
    """``matmul`` of stacks of matrices."""

    __slots__ = ()

    def steps(self) -> tuple[str, tuple[tuple[Any, int], ...]]:
        stacks = [
            self.as_stack(edge, child)
            for edge, child in zip(self.edges, self.inputs(), strict=True)
        ]
        return "UnsafeViewBackward0", (step("BmmBackward0", *stacks),)

    def as_stack(self, edge: Any, child: tuple[Any, int]) -> tuple[Any, int]:
        """How one operand becomes a stack: by a view of the expanded operand, or by a copy."""
        expanded = step("ExpandBackward0", child)
        if edge is None:
            return expanded
        batch, full = _shape(edge)[:-2], self.shape[:-2]
        batch = (1,) * (len(full) - len(batch)) + tuple(batch)
        if batch == tuple(full):
            return step("ViewBackward0", expanded)
        if leads_to_view(batch, full):
            return step("ReshapeAliasBackward0", expanded)
        return step("UnsafeViewBackward0", step("CloneBackward0", expanded))


def leads_to_view(batch: tuple[int, ...], full: tuple[int, ...]) -> bool:
    """Whether row-major dimensions ``batch``, expanded to ``full``, can be merged into one."""
    step_size, inner = 1, None
    for size, wide in zip(reversed(batch), reversed(full), strict=True):
        stride = 0 if size != wide else step_size
        step_size *= size
        if wide == 1:
            continue
        if inner is not None and stride != inner:
            return False
        inner = stride * wide
    return True


def _shape(edge: Any) -> tuple[int, ...]:
    return edge.node.shape[edge.index] if isinstance(edge, Output) else tuple(edge.shape)
