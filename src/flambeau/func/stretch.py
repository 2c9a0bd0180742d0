"""One graph node for a whole stretch of computation, which goes backward in a way of its own.

Loops, choices and checkpoints keep what they are given and run again for their gradients. Their
node leads to everything that the stretch depends on: its arguments, and what it reads besides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flambeau.autograd import engine
from flambeau.core import dtypes
from flambeau.func.tape import zeros_like
from flambeau.tensor.dispatch import apply, wrap
from flambeau.tensor.graph import SEQUENCE, Node, Output
from flambeau.tensor.operation import REGISTRY
from flambeau.tensor.tensor import Tensor
from flambeau.tensor.views import COMPOUND_PLAN, edge_of


class StretchNode(Node):
    """The node of a stretch with several results.

    Args:
        name: as ``grad_fn`` shows it.
        edges: to what the stretch depends on.
        outputs: its results, which get the node.
        pull: gradients along the edges from those of the results (``None`` among them).
        wants: which results get the node; those of a continuous type if not given.
    """

    __slots__ = ("pull", "shown")

    def __init__(
        self,
        name: str,
        edges: Sequence[Any],
        outputs: Sequence[Tensor],
        pull: Callable[[list[Any]], Sequence[Any]],
        wants: Sequence[bool] | None = None,
    ) -> None:
        self.shown, self.pull = name, pull
        self.plan = COMPOUND_PLAN
        self.edges = tuple(edges)
        self.saved, self.versions, self.hooks = (), None, None
        self.sequence = next(SEQUENCE)
        self.shape = tuple(x._array.shape for x in outputs)
        self.dtype = tuple(x._array.dtype for x in outputs)
        for index, x in enumerate(outputs):
            if is_continuous(x._array) and (wants is None or wants[index]):
                x._node, x._requires = Output(self, index), True

    def name(self) -> str:
        return self.shown

    def backward(self, gradient: Any) -> tuple[Any, ...]:
        return tuple(self.pull(list(gradient)))

    def release(self) -> None:
        """What it keeps are the arguments of the stretch."""


def is_continuous(array: Any) -> bool:
    """Whether what a tensor holds is of a type that can be differentiated."""
    return dtypes.of(array.dtype).category >= dtypes.FLOATING


def own_leaf(x: Tensor) -> Tensor:
    """A leaf of the stretch's own; what is an integer stays as it is."""
    leaf = wrap(x._array)
    leaf._requires = is_continuous(x._array)
    return leaf


def edges_before(first: int, outputs: list[Tensor], own: set[int]) -> list[Any]:
    """Edges from a stretch's graph to leaves and nodes that were there before it.

    A graph that a backward pass in the stretch has used up leads nowhere.

    Args:
        first: the number from which on nodes are the stretch's.
        outputs: its results.
        own: identities of the leaves that it was given.
    """
    found: dict[Any, Any] = {}
    seen: set[Any] = set()
    stack = [edge_of(x) for x in outputs if x.requires_grad]
    while stack:
        edge = stack.pop()
        if edge is None:
            continue
        target = edge.node if edge.__class__ is Output else edge
        if isinstance(target, Node) and target.sequence > first:
            if target not in seen:
                seen.add(target)
                if target.saved is None:
                    return []
                stack.extend(target.edges)
        elif id(target) not in own:
            found[engine.key(edge)] = edge
    return list(found.values())


def zeros_at(edge: Any) -> Tensor:
    """Zeros like the gradient that goes along an edge."""
    if isinstance(edge, Tensor):
        return zeros_like(edge)
    node, index = engine.key(edge)
    several = isinstance(node.dtype, tuple)
    shape = node.shape[index] if several else node.shape
    kind = node.dtype[index] if several else node.dtype
    return apply(REGISTRY["full"], (), (tuple(shape), 0, kind, False))
