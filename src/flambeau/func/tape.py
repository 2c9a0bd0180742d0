"""Differentiating a function by the recorded graph: fresh inputs, one run, what belongs to whom.

Every transformation of reverse mode gives its function fresh tensors to differentiate with
respect to. They are tensors of the transformation's own, so that transformations inside each other
cannot take one another's inputs for theirs. Where the caller's tensors are themselves being
differentiated, the fresh ones stay joined to their graph.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from flambeau.autograd import engine
from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.func.level import is_tracked_below, off_graph
from flambeau.tensor.dispatch import apply, wrap
from flambeau.tensor.graph import Node, Output
from flambeau.tensor.operation import REGISTRY
from flambeau.tensor.tensor import Tensor
from flambeau.tensor.views import edge_of


def fresh(name: str, x: Any) -> Tensor:
    """A tensor of the same value to differentiate with respect to.

    Args:
        name: of the transformation, for errors.
        x: a floating-point or complex tensor, or a Python float.

    Raises:
        TypeError: for anything else.
    """
    if isinstance(x, float):
        x = apply(REGISTRY["full"], (), ((), x, dtypes.get_default_dtype().numpy, False))
    if not isinstance(x, Tensor) or dtypes.of(x._array.dtype).category < dtypes.FLOATING:
        raise TypeError(
            message(
                f"{name}: not something to differentiate with respect to",
                expected="floating-point or complex tensors",
                got=str(x.dtype) if isinstance(x, Tensor) else type(x).__name__,
                help="choose other arguments with argnums, or convert with .float()",
            )
        )
    same = apply(REGISTRY["alias"], (x,))
    if same.requires_grad:
        return same
    leaf = wrap(same._array)  # the same value without being a view of anything
    leaf._counter = same._counter
    leaf._requires = True
    return leaf


class Tape:
    """The graph between fresh inputs and what a function made of them.

    Args:
        inputs: the fresh inputs.
        outputs: everything that the function returned, other values among the tensors.

    Attributes:
        is_tracked: whether anybody else differentiates through the same graph: derivatives must
            then be recorded, too.
    """

    def __init__(self, inputs: Sequence[Tensor], outputs: Iterable[Any]) -> None:
        self.inputs = inputs
        self.own = {engine.key(edge_of(x)) for x in inputs}
        self.joined = any(x._node is not None for x in inputs)
        tensors = [x for x in outputs if isinstance(x, Tensor) and x.requires_grad]
        self.foreign = self._foreign_nodes([edge_of(x) for x in tensors])
        self.is_tracked = bool(self.foreign) or self.joined or is_tracked_below()

    def _foreign_nodes(self, edges: list[Any]) -> set[Any]:
        """Nodes from which somebody else's leaf or node can be reached."""
        nodes: dict[Node, None] = {}
        foreign: set[Any] = set()
        stack = edges
        while stack:
            edge = stack.pop()
            if edge is None or engine.key(edge) in self.own:
                continue
            target = edge.node if edge.__class__ is Output else edge
            if not isinstance(target, Node):
                foreign.add(target)
            elif target not in nodes:
                nodes[target] = None
                stack.extend(target.edges)
        if foreign:
            for node in sorted(nodes, key=lambda n: n.sequence):
                if any(self._is_foreign(edge, foreign) for edge in node.edges):
                    foreign.add(node)
        return foreign

    def _is_foreign(self, edge: Any, foreign: set[Any]) -> bool:
        if edge is None or engine.key(edge) in self.own:
            return False
        return (edge.node if edge.__class__ is Output else edge) in foreign

    def released(self, x: Any) -> Any:
        """A returned value, outside the graph if only this transformation had to do with it."""
        if not isinstance(x, Tensor) or not x.requires_grad or self.joined:
            return x
        edge = edge_of(x)
        target = edge.node if edge.__class__ is Output else edge
        return x if target in self.foreign else off_graph(x)

    def gradients(
        self, outputs: Sequence[Tensor], vectors: Sequence[Tensor | None], retain: bool = False
    ) -> list[Tensor]:
        """The gradients of the inputs: zeros for those that nothing depends on."""
        roots = [
            (edge_of(x), _one_like(x) if v is None else v)
            for x, v in zip(outputs, vectors, strict=True)
            if x.requires_grad
        ]
        edges = [edge_of(x) for x in self.inputs]
        found = engine.run(
            roots,
            create_graph=self.is_tracked,
            retain_graph=retain or self.is_tracked,
            capture=edges,
        )
        results = [found.get(engine.key(edge)) for edge in edges]
        return [zeros_like(x) if g is None else g for g, x in zip(results, self.inputs)]


def _one_like(x: Tensor) -> Tensor:
    return apply(REGISTRY["ones_like"], (x.detach(),), (None,))


def zeros_like(x: Tensor) -> Tensor:
    """Zeros of a tensor's shape and type, outside any graph."""
    return apply(REGISTRY["zeros_like"], (x.detach(),), (None,))
