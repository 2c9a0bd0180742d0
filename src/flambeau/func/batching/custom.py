"""``autograd.Function`` inside ``vmap``, where somebody outside differentiates.

Its ``forward`` runs without gradients, and so do the operations below. The result's graph below
has one node in their place: it calls the function's own ``backward``, for all examples at once.
"""

from __future__ import annotations

from typing import Any

from flambeau.autograd.function import Function, FunctionNode
from flambeau.tensor.dispatch import apply, wrap
from flambeau.tensor.graph import SEQUENCE, Node, Output
from flambeau.tensor.modes import GRAD, MODE
from flambeau.tensor.operation import REGISTRY
from flambeau.tensor.tensor import Tensor
from flambeau.tensor.views import COMPOUND_PLAN, edge_of


def batched_function(level: Any, function: type[Function], args: tuple[Any, ...]) -> Any:
    """Apply the function to tensors of the level."""
    lifted = [level.lifted(x) if isinstance(x, Tensor) else x for x in args]
    held = [level.held(x) if isinstance(x, Tensor) else None for x in lifted]
    tracked = [h is not None and h.value.requires_grad for h in held]
    if not level.entry & GRAD or True not in tracked:
        return function._run(tuple(lifted))
    wanted = any(isinstance(x, Tensor) and x.requires_grad for x in lifted)
    given = [_wanting(x) if need else x for x, need in zip(lifted, tracked, strict=True)]
    result = function._run(tuple(given))
    outputs = result if isinstance(result, tuple) else (result,)
    node = _node_of(outputs)
    if node is not None:
        _BatchedNode(level, node, held, outputs)
    if not wanted:
        for x in outputs:
            if isinstance(x, Tensor):
                x._node, x._requires = None, False
    return result


def _wanting(x: Tensor) -> Tensor:
    """The same tensor, so that the function's node is made; its own graph is kept."""
    if x.requires_grad:
        return x
    leaf = wrap(x._array)
    leaf._requires = True
    return leaf


def _node_of(outputs: tuple[Any, ...]) -> FunctionNode | None:
    """The function's node, which is kept for as long as anybody may go backward."""
    for x in outputs:
        if isinstance(x, Tensor) and x._node is not None:
            node: Any = x.grad_fn
            node.release = lambda: None
            return node
    return None


class _BatchedNode(Node):
    """What stands in the graph below for a function that was applied to a batch."""

    __slots__ = ("batched", "inner", "level")

    def __init__(
        self, level: Any, inner: FunctionNode, held: list[Any], outputs: tuple[Any, ...]
    ) -> None:
        self.level, self.inner = level, inner
        self.batched = [h is not None and h.is_batched for h in held]
        self.plan = COMPOUND_PLAN
        self.edges = tuple([None if h is None else edge_of(h.value) for h in held])
        self.saved, self.versions, self.hooks = (), None, None
        self.sequence = next(SEQUENCE)
        below = [level.held(x) if isinstance(x, Tensor) else None for x in outputs]
        self.shape = tuple([() if h is None else (level.size, *h.shape) for h in below])
        self.dtype = tuple([None if h is None else h.dtype for h in below])
        for index, (x, h) in enumerate(zip(outputs, below, strict=True)):
            if h is None or x._node is None:
                continue
            value = wrap(level._below(MODE.code, h.full)._array)
            value._node, value._requires = Output(self, index), True
            x._array = level.batched(value)
        level.tracks = True

    def name(self) -> str:
        return self.inner.name()

    def backward(self, gradient: Any) -> tuple[Any, ...]:
        level = self.level
        with level.resumed():
            inside = [None if g is None else wrap(level.batched(g)) for g in gradient]
            several = isinstance(self.inner.shape, tuple) and isinstance(self.inner.dtype, tuple)
            results = self.inner.backward(tuple(inside) if several else inside[0])
            found = [None if r is None else level.held(level.lifted(r)) for r in results]
        return tuple(
            [
                None
                if h is None
                else h.full()
                if is_batched
                else apply(REGISTRY["sum"], (h.full(),), ((0,), False, None))
                for h, is_batched in zip(found, self.batched, strict=True)
            ]
        )

    def release(self) -> None:
        """What the function saved is kept by its own node."""
