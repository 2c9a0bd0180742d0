"""The backward pass.

A node is always newer than the nodes of its inputs, so taking the newest node first visits every
node after all that depend on it: a heap ordered by creation replaces recursion and counting.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from sys import getrefcount
from typing import Any

import numpy as np

from flambeau.autograd.gradients import fit
from flambeau.core.errors import GraphError, message
from flambeau.tensor.dispatch import apply, wrap
from flambeau.tensor.graph import Node, Output
from flambeau.tensor.modes import ANOMALY, INTERPRETED, MODE, set_grad
from flambeau.tensor.operation import REGISTRY
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
        self.useful: set[Any] = set()
        self.captured: dict[Any, Tensor] = {}
        self.leaves: dict[Tensor, Tensor] = {}
        self.waiting: dict[Node, Any] = {}
        self.heap: list[tuple[int, Node]] = []

    def run(self, roots: Any, accumulate: Any) -> dict[Any, Tensor]:
        for edge, gradient in roots:
            self.deliver(edge, gradient)
        if self.wanted is not None:
            self.useful = _nodes_that_reach(self.wanted, [edge for edge, _ in roots])
        self.walk()
        self.finish(accumulate)
        return self.captured

    def walk(self) -> None:
        """Visit nodes, newest first. Small graphs spend their time here: it is one flat loop."""
        heap, waiting, leaves = self.heap, self.waiting, self.leaves
        careful = self.wanted is not None or bool(MODE.code & ANOMALY and MODE.check_nan)
        keep = self.retain_graph
        while heap:
            node = heappop(heap)[1]
            gradient = waiting.pop(node)
            if careful or node.hooks is not None or gradient.__class__ is list:
                results = self.visit(node, gradient)
            else:
                results = node.backward(gradient)
            if not keep:
                node.release()
            for edge, result in zip(node.edges, results, strict=True):
                if edge is None or result is None:
                    continue
                array = result._array
                if isinstance(edge, Node):
                    if array.shape != edge.shape or array.dtype is not edge.dtype:
                        result = fit(result, edge.shape, edge.dtype, node)
                    if edge in waiting:
                        waiting[edge] = waiting[edge] + result
                    else:
                        waiting[edge] = result
                        heappush(heap, (-edge.sequence, edge))
                elif isinstance(edge, Tensor):
                    leaf = edge._array
                    if array.shape != leaf.shape or array.dtype is not leaf.dtype:
                        result = fit(result, leaf.shape, leaf.dtype, node)
                    leaves[edge] = leaves[edge] + result if edge in leaves else result
                else:
                    self.deliver_to_output(edge.node, edge.index, result, node)

    def deliver(self, edge: Any, gradient: Tensor) -> None:
        """Put a root's gradient where ``edge`` points, adding to what waits there."""
        if isinstance(edge, Output):
            self.deliver_to_output(edge.node, edge.index, gradient, None)
        elif isinstance(edge, Node):
            gradient = fit(gradient, edge.shape, edge.dtype)
            if edge in self.waiting:
                self.waiting[edge] = self.waiting[edge] + gradient
            else:
                self.waiting[edge] = gradient
                heappush(self.heap, (-edge.sequence, edge))
        else:
            gradient = fit(gradient, edge._array.shape, edge._array.dtype)
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

    def visit(self, node: Node, gradient: Any) -> tuple[Any, ...]:
        """A node with hooks, several outputs, wanted outputs, or under anomaly mode."""
        gradients = gradient if gradient.__class__ is list else [gradient]
        hooks = node.hooks
        for index, each in enumerate(gradients):
            if hooks is not None and each is not None:
                gradients[index] = each = hooks.before(index, each)
            if self.wanted is not None and (node, index) in self.wanted and each is not None:
                self.captured[node, index] = each
        if self.wanted is not None and not _leads_on(node, self.useful, self.wanted):
            return (None,) * len(node.edges)
        gradient = tuple(gradients) if gradient.__class__ is list else gradients[0]
        if hooks is not None:
            gradient = hooks.run_pre(gradient)
        results = node.backward(gradient)
        if MODE.code & ANOMALY and MODE.check_nan:
            _check_for_nan(node, results)
        if hooks is not None:
            results = hooks.run_post(results, gradient)
        return results

    def finish(self, accumulate: Any) -> None:
        leaves = self.leaves
        for leaf in list(leaves):
            gradient = leaves.pop(leaf)
            # Nobody else holds it: it may become the leaf's own .grad without a copy.
            unshared = getrefcount(gradient) <= 2
            hooks = leaf.__dict__.get("_hooks")
            if hooks is not None:
                gradient = hooks.before(0, gradient)
                unshared = False
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


_ONES: dict[Any, Any] = {}


def _one(array: Any) -> Any:
    """A read-only array of the shape and type of a one-element ``array``, holding 1."""
    found = _ONES.get((array.shape, array.dtype))
    if found is None:
        found = _ONES[array.shape, array.dtype] = np.ones_like(array, subok=False)
        found.flags.writeable = False
    return found


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
        if MODE.code & INTERPRETED:
            return apply(REGISTRY["ones_like"], (tensor.detach(),), (None,))
        return wrap(_one(tensor._array))
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
