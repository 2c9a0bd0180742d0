"""The backward pass.

A node is always newer than the nodes of its inputs, so taking the newest node first visits every
node after all that depend on it: a heap ordered by creation replaces recursion and counting.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from sys import getrefcount
from typing import Any

from flambeau.autograd.gradients import fit
from flambeau.core.errors import GraphError, message
from flambeau.tensor.graph import Node, Output
from flambeau.tensor.modes import ANOMALY, MODE, set_grad
from flambeau.tensor.operation import REGISTRY
from flambeau.tensor.dispatch import apply
from flambeau.tensor.tensor import Tensor
from flambeau.tensor.views import edge_of


def run(
    roots: Sequence[tuple[Any, Tensor]],
    *,
    create_graph: bool,
    retain_graph: bool,
    capture: Sequence[Any] | None = None,
    accumulate: Callable[[Tensor, Tensor, bool, bool], None] | None = None,
) -> dict[Any, Tensor]:
    """Send gradients from ``roots`` through the graph.

    Args:
        roots: pairs of an edge (a node, an output of one, or a leaf) and its gradient.
        create_graph: record the backward pass itself, so that it can be differentiated.
        retain_graph: keep what nodes have saved.
        capture: edges whose gradients are wanted; the pass visits only what leads to them.
        accumulate: called with each leaf that was reached, its gradient, and ``create_graph``.

    Returns:
        The gradients of the captured edges that were reached.
    """
    before = set_grad(create_graph)
    try:
        return _Pass(capture, create_graph, retain_graph).run(roots, accumulate)
    finally:
        set_grad(before)


class _Pass:
    """One backward pass: gradients waiting at nodes, and those that arrived at leaves."""

    def __init__(self, capture: Any, create_graph: bool, retain_graph: bool) -> None:
        self.create_graph = create_graph
        self.retain_graph = retain_graph
        self.wanted = None if capture is None else {key(edge) for edge in capture}
        self.captured: dict[Any, Tensor] = {}
        self.leaves: dict[Tensor, Tensor] = {}
        self.waiting: dict[Node, Any] = {}
        self.heap: list[tuple[int, Node]] = []

    def run(self, roots: Any, accumulate: Any) -> dict[Any, Tensor]:
        for edge, gradient in roots:
            self.deliver(edge, gradient)
        if self.wanted is None:
            self.useful = None
        else:
            self.useful = _nodes_that_reach(self.wanted, [edge for edge, _ in roots])
        heap, waiting = self.heap, self.waiting
        while heap:
            _, node = heappop(heap)
            gradient = waiting.pop(node)
            if node.shape.__class__ is tuple and node.dtype.__class__ is tuple:
                gradient = self.several(node, gradient)
            elif self.useful is None or node in self.useful:
                self.visit(node, gradient)
        self.finish(accumulate)
        return self.captured

    def several(self, node: Node, gradients: list[Any]) -> None:
        """A node with several outputs: some may have no gradient."""
        hooks = node.hooks
        for index, gradient in enumerate(gradients):
            if gradient is not None and hooks is not None:
                gradients[index] = hooks.before(node, index, gradient)
            if self.wanted is not None and (node, index) in self.wanted and gradients[index]:
                self.captured[node, index] = gradients[index]
        if self.useful is None or node in self.useful:
            self.propagate(node, tuple(gradients))

    def visit(self, node: Node, gradient: Tensor) -> None:
        """A node with one output."""
        if node.hooks is not None:
            gradient = node.hooks.before(node, 0, gradient)
        if self.wanted is not None and (node, 0) in self.wanted:
            self.captured[node, 0] = gradient
        self.propagate(node, gradient)

    def propagate(self, node: Node, gradient: Any) -> None:
        if self.wanted is not None and not _leads_on(node, self.useful, self.wanted):
            return
        hooks = node.hooks
        if hooks is not None and hooks.pre:
            gradient = hooks.run_pre(gradient)
        results = node.backward(gradient)
        if MODE.code & ANOMALY and MODE.check_nan:
            _check_for_nan(node, results)
        if hooks is not None and hooks.post:
            results = hooks.run_post(results, gradient)
        if not self.retain_graph:
            node.release()
        for edge, result in zip(node.edges, results, strict=True):
            if edge is not None and result is not None:
                self.deliver(edge, result, node)

    def deliver(self, edge: Any, gradient: Tensor, source: Node | None = None) -> None:
        """Put a gradient where ``edge`` points, adding to what waits there."""
        if edge.__class__ is Output:
            self.deliver_to_output(edge.node, edge.index, gradient, source)
        elif isinstance(edge, Node):
            if gradient._array.shape != edge.shape or gradient._array.dtype != edge.dtype:
                gradient = fit(gradient, edge.shape, edge.dtype, source)
            present = self.waiting.get(edge)
            if present is None:
                self.waiting[edge] = gradient
                heappush(self.heap, (-edge.sequence, edge))
            else:
                self.waiting[edge] = present + gradient
        else:
            array = edge._array
            if gradient._array.shape != array.shape or gradient._array.dtype != array.dtype:
                gradient = fit(gradient, array.shape, array.dtype, source)
            present = self.leaves.get(edge)
            self.leaves[edge] = gradient if present is None else present + gradient

    def deliver_to_output(self, node: Node, index: int, gradient: Tensor, source: Any) -> None:
        gradient = fit(gradient, node.shape[index], node.dtype[index], source)
        present = self.waiting.get(node)
        if present is None:
            present = self.waiting[node] = [None] * len(node.shape)
            heappush(self.heap, (-node.sequence, node))
        old = present[index]
        present[index] = gradient if old is None else old + gradient

    def finish(self, accumulate: Any) -> None:
        for leaf in list(self.leaves):
            gradient = self.leaves.pop(leaf)
            # Nobody else holds it: it may become the leaf's own .grad without a copy.
            unshared = getrefcount(gradient) <= 2
            hooks = leaf.__dict__.get("_hooks")
            if hooks is not None:
                gradient = hooks.run(gradient)
            if self.wanted is not None and (leaf, 0) in self.wanted:
                self.captured[leaf, 0] = gradient
            if accumulate is not None:
                accumulate(leaf, gradient, self.create_graph, unshared)


def key(edge: Any) -> tuple[Any, int]:
    return (edge.node, edge.index) if edge.__class__ is Output else (edge, 0)


def _nodes_that_reach(wanted: set[tuple[Any, int]], roots: list[Any]) -> set[Any]:
    """Nodes from which a wanted edge can be reached (found without recursion, oldest first)."""
    targets = {target for target, _ in wanted}
    seen: set[Any] = set()
    stack = [key(edge)[0] for edge in roots if isinstance(key(edge)[0], Node)]
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        for edge in node.edges:
            if edge is not None and isinstance(target := key(edge)[0], Node):
                stack.append(target)
    useful: set[Any] = set()
    for node in sorted(seen, key=lambda n: n.sequence):
        if node in targets or any(
            e is not None and (key(e)[0] in targets or key(e)[0] in useful) for e in node.edges
        ):
            useful.add(node)
    return useful


def _leads_on(node: Node, useful: set[Any] | None, wanted: set[tuple[Any, int]]) -> bool:
    """Whether an input of ``node`` is wanted or leads to what is."""
    assert useful is not None
    for edge in node.edges:
        if edge is not None:
            target = key(edge)
            if target in wanted or target[0] in useful:
                return True
    return False


def _check_for_nan(node: Node, results: tuple[Any, ...]) -> None:
    isnan = REGISTRY["isnan"]
    for index, result in enumerate(results):
        if result is not None and bool(apply(isnan, (result.detach(),)).any()):
            where = "".join(node.metadata.get("traceback_", ["(made outside anomaly mode)\n"]))
            raise GraphError(
                message(
                    f"backward: {node.name()} returned nan values in its output {index}",
                    expected="finite gradients",
                    got="nan",
                    help="the operation was called here:\n" + where,
                )
            )


def roots_of(
    tensors: Sequence[Tensor], gradients: Sequence[Tensor | None], name: str
) -> list[tuple[Any, Tensor]]:
    """Pair outputs with the gradients to start from; a missing one is 1 for a single element.

    Raises:
        RuntimeError: if an output has no graph, or needs a gradient that was not given, or one
            of another shape was given.
    """
    roots = []
    for tensor, gradient in zip(tensors, gradients, strict=True):
        edge = edge_of(tensor)
        if edge is None:
            raise GraphError(
                message(
                    f"{name}: the tensor does not require a gradient and has no grad_fn",
                    expected="the result of operations on a tensor with requires_grad=True",
                    got=f"a tensor of shape {tuple(tensor.shape)} without history",
                    help="set requires_grad=True before computing; check for no_grad() or detach()",
                )
            )
        roots.append((edge, _initial_gradient(tensor, gradient, name)))
    return roots


def _initial_gradient(tensor: Tensor, gradient: Tensor | None, name: str) -> Tensor:
    if gradient is None:
        if tensor.numel() != 1:
            raise GraphError(
                message(
                    f"{name}: grad can be implicitly created only for scalar outputs",
                    expected="a tensor with 1 element, or a gradient of the output's shape",
                    got=f"shape {tuple(tensor.shape)} and no gradient",
                    help="reduce it first, for example with .sum(), or pass gradient=",
                )
            )
        if tensor.is_complex():
            raise GraphError(
                message(
                    f"{name}: grad can be implicitly created only for real outputs",
                    expected="a real tensor",
                    got=str(tensor.dtype),
                    help="take .real or .abs() first, or pass gradient=",
                )
            )
        return apply(REGISTRY["ones_like"], (tensor.detach(),), (None,))
    if not isinstance(gradient, Tensor):
        raise TypeError(
            message(f"{name}: gradient must be a tensor", got=type(gradient).__name__)
        )
    if gradient._array.shape != tensor._array.shape:
        raise GraphError(
            message(
                f"{name}: the gradient has another shape than its output",
                expected=f"shape {tuple(tensor.shape)}",
                got=f"shape {tuple(gradient.shape)}",
            )
        )
    return gradient
