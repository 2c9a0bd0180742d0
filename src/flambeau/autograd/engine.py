"""The backward pass.

A node is always newer than the nodes of its inputs, so taking the newest node first visits every
node after all that depend on it: a heap ordered by creation replaces recursion and counting.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Sequence
from heapq import heappop, heappush
from sys import getrefcount
from typing import Any

from flambeau.autograd.gradients import fit
from flambeau.core.errors import GraphError, message
from flambeau.tensor.dispatch import apply
from flambeau.tensor.graph import Node, Output
from flambeau.tensor.modes import ANOMALY, GRAD, MODE
from flambeau.tensor.operation import REGISTRY
from flambeau.tensor.tensor import Tensor

Accumulate = Callable[[Tensor, Tensor, bool, bool], None]


def run(
    roots: Sequence[tuple[Any, Tensor]],
    *,
    create_graph: bool,
    retain_graph: bool,
    capture: Collection[Any] | None = None,
    accumulate: Accumulate | None = None,
) -> dict[Any, Tensor]:
    """Send gradients from ``roots`` through the graph.

    Args:
        roots: pairs of an edge (a node, an output of one, or a leaf) and its gradient.
        create_graph: record the backward pass itself, so that it can be differentiated.
        retain_graph: keep what nodes have saved.
        capture: edges whose gradients are wanted; the pass visits only what leads to them.
        accumulate: called with each leaf that was reached, its gradient, ``create_graph``, and
            whether nobody else holds the gradient.

    Returns:
        The gradients of the captured edges that were reached, by :func:`key`.
    """
    code = MODE.code
    MODE.code = code | GRAD if create_graph else code & ~GRAD
    try:
        this = _Pass(create_graph, retain_graph)
        if capture is not None:
            this.aim_at(capture, roots)
        for edge, gradient in roots:
            this.deliver(edge, gradient)
        this.walk()
        this.finish(accumulate)
        return this.captured
    finally:
        MODE.code = (MODE.code & ~GRAD) | (code & GRAD)


class _Pass:
    """One backward pass: gradients waiting at nodes, and those that arrived at leaves."""

    def __init__(self, create_graph: bool, retain_graph: bool) -> None:
        self.create_graph = create_graph
        self.retain_graph = retain_graph
        self.wanted: set[Any] | None = None
        self.useful: set[Any] = set()
        self.captured: dict[Any, Tensor] = {}
        self.leaves: dict[Tensor, Tensor] = {}
        self.waiting: dict[Node, Any] = {}
        self.heap: list[tuple[int, Node]] = []

    def aim_at(self, capture: Collection[Any], roots: Sequence[tuple[Any, Tensor]]) -> None:
        """Visit only what leads to the edges in ``capture``."""
        self.wanted = {key(edge) for edge in capture}
        self.useful = _nodes_that_reach(self.wanted, [edge for edge, _ in roots])

    def walk(self) -> None:
        """Visit nodes, newest first. Small graphs spend their time here: it is one flat loop."""
        heap, waiting, leaves = self.heap, self.waiting, self.leaves
        careful = self.wanted is not None or bool(MODE.code & ANOMALY)
        keep = self.retain_graph
        while heap:
            node = heappop(heap)[1]
            gradient = waiting.pop(node)
            if careful or node.hooks is not None or gradient.__class__ is list:
                results = self.visit(node, gradient)
                if results is None:
                    continue
            else:
                results = node.backward(gradient)
            if not keep:
                node.release()
            for edge, result in zip(node.edges, results):
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
        if self.wanted is not None and not self.leads_on(edge):
            return
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
        """Put a gradient at one of a node's several outputs."""
        gradient = fit(gradient, node.shape[index], node.dtype[index], source)
        present: list[Any] | None = self.waiting.get(node)
        if present is None:
            present = self.waiting[node] = [None] * len(node.shape)
            heappush(self.heap, (-node.sequence, node))
        old = present[index]
        present[index] = gradient if old is None else old + gradient

    def visit(self, node: Node, gradient: Any) -> tuple[Any, ...] | None:
        """A node with hooks, several outputs, wanted outputs, or under anomaly mode.

        Returns:
            Gradients of its inputs; ``None`` if it need not run since only its own gradient is
            wanted.
        """
        gradients: list[Any] = gradient if gradient.__class__ is list else [gradient]
        hooks, wanted = node.hooks, self.wanted
        for index, each in enumerate(gradients):
            if each is None:
                continue
            if hooks is not None:
                gradients[index] = each = hooks.before(index, each)
            if wanted is not None and (node, index) in wanted:
                self.captured[node, index] = each
        gradient = tuple(gradients) if gradient.__class__ is list else gradients[0]
        asked = None
        if wanted is not None:
            asked = tuple([self.leads_on(edge) for edge in node.edges])
            if True not in asked:
                return None
        if hooks is not None and hooks.pre:
            gradient = hooks.run_pre(gradient)
        results = self.backward_of(node, gradient, asked)
        if hooks is not None and hooks.post:
            results = hooks.run_post(results, gradient)
        if asked is not None:
            results = tuple([r if ask else None for r, ask in zip(results, asked)])
        return results

    def leads_on(self, edge: Any) -> bool:
        """Whether an edge is wanted or leads to one that is."""
        if edge is None:
            return False
        target = key(edge)
        return target[0] in self.useful or target in self.wanted  # type: ignore[operator]

    def backward_of(self, node: Node, gradient: Any, asked: Any) -> tuple[Any, ...]:
        """Gradients of a node's inputs, those that are asked for; anomaly mode looks at them."""
        if not MODE.code & ANOMALY:
            return node.backward(gradient) if asked is None else node.backward_to(asked, gradient)
        done = False
        try:
            results = node.backward(gradient)
            done = True
        finally:
            if not done:
                warnings.warn(
                    f"error in {node.name()}, which was recorded here:\n{_lines(node)}",
                    stacklevel=2,
                )
        if MODE.check_nan:
            _check_for_nan(node, results)
        return results

    def finish(self, accumulate: Accumulate | None) -> None:
        """Hand the gradients of leaves over, each once and whole."""
        leaves, wanted = self.leaves, self.wanted
        for leaf in list(leaves):
            gradient = leaves.pop(leaf)
            # Nobody else holds it: it may become the leaf's own .grad without a copy.
            unshared = getrefcount(gradient) <= _UNSHARED
            hooks = leaf.__dict__.get("_hooks")
            if hooks is not None:
                gradient, unshared = hooks.before(0, gradient), False
            if wanted is not None:
                self.captured[leaf, 0] = gradient
                unshared = False
            if accumulate is None:
                continue
            if hooks is not None and hooks.pre:
                gradient = hooks.run_pre(gradient)
            accumulate(leaf, gradient, self.create_graph, unshared)
            if hooks is not None and hooks.post:
                hooks.run_post((), gradient)


def _count_of_an_unshared_value() -> int:
    """What ``getrefcount`` says in :meth:`_Pass.finish` of a gradient that nobody else holds.

    It differs between versions of Python, so it is counted in the same situation.
    """
    leaves = {0: object()}
    for leaf in list(leaves):
        gradient = leaves.pop(leaf)
        return getrefcount(gradient)
    return 0


_UNSHARED = _count_of_an_unshared_value()


def key(edge: Any) -> tuple[Any, int]:
    """What a gradient belongs to: a node or leaf, and which of its outputs."""
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


def _lines(node: Node) -> str:
    """Where the user called the operation of a node."""
    return "".join(node.metadata.get("traceback_") or ["(outside anomaly mode)\n"])


def _check_for_nan(node: Node, results: tuple[Any, ...]) -> None:
    isnan = REGISTRY["isnan"]
    for index, result in enumerate(results):
        if result is not None and bool(apply(isnan, (result.detach(),)).any()):
            raise GraphError(
                message(
                    f"backward: {node.name()} returned nan values in its output {index}",
                    expected="gradients without nan",
                    got="nan",
                    help="the operation was called here:\n" + _lines(node),
                )
            )
