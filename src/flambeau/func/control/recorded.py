"""A loop inside a function that is being compiled: one step is recorded, and so is its derivative.

Going backward is a loop in the other direction, over what was carried into each step.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from flambeau.autograd import engine
from flambeau.autograd.modes import enable_grad, no_grad
from flambeau.func.control.lowered import loop_of
from flambeau.func.control.regions import steady_region
from flambeau.func.level import off_graph
from flambeau.func.stretch import StretchNode, edges_before, is_continuous, own_leaf, zeros_at
from flambeau.func.tape import zeros_like
from flambeau.tensor.dispatch import apply
from flambeau.tensor.graph import SEQUENCE
from flambeau.tensor.modes import GRAD, MODE
from flambeau.tensor.operation import REGISTRY
from flambeau.tensor.tensor import Tensor
from flambeau.tensor.views import edge_of

Step = Callable[[list[Tensor], list[Tensor]], tuple[list[Tensor], list[Tensor]]]


def recorded_scan(
    step: Step, carried: list[Tensor], walked: list[Tensor], count: int, reverse: bool
) -> tuple[list[Tensor], list[Tensor]]:
    """The loop as one operation of the recording, joined to the graph where that is asked for."""
    region = steady_region()
    if region is not None:
        given = carried, walked, count, reverse
        return region.below(recorded_scan, region.resuming(step), *given)
    final, left, _ = run_loop(step, carried, walked, count, reverse)
    return final, left


def run_loop(
    step: Step, carried: list[Tensor], walked: list[Tensor], count: int, reverse: bool
) -> tuple[list[Tensor], list[Tensor], Callable[[Tensor], bool]]:
    """As :func:`recorded_scan`, and which tensors are not the step's own."""
    return _Loop(step, carried, walked, count, reverse).run()


class _Loop:
    """One loop, its arguments, and what its step reads besides them.

    Attributes:
        outside: edges in the caller's graph that the step's results depend on.
    """

    def __init__(
        self, step: Step, carried: list[Tensor], walked: list[Tensor], count: int, reverse: bool
    ) -> None:
        self.step = step
        self.carried, self.walked = carried, walked
        self.count, self.reverse = count, reverse
        self.outside: list[Any] = []

    def run(self) -> tuple[list[Tensor], list[Tensor], Callable[[Tensor], bool]]:
        """Record it; what it gives is joined to the graph if anything it reads is in one."""
        recording = bool(MODE.code & GRAD)
        edges = [edge_of(x) for x in (*self.carried, *self.walked)]
        kept = 0

        def traced(carry: list[Tensor], items: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
            nonlocal kept
            if not recording:
                return self.step(carry, items)
            before = [apply(REGISTRY["clone"], (x,), (None,)) for x in carry]
            first = next(SEQUENCE)
            own_carry, own_items = [own_leaf(x) for x in carry], [own_leaf(x) for x in items]
            new, ys = self.step(own_carry, own_items)
            own = {id(x) for x in (*own_carry, *own_items)}
            self.outside = edges_before(first, [*new, *ys], own)
            left = [off_graph(x) for x in ys]
            if self.outside or any(edge is not None for edge in edges):
                kept = len(before)
                left += before
            return [off_graph(x) for x in new], left

        scan: Any = loop_of(MODE.interpreter, run_loop)
        final, stacks, is_outer = scan(traced, self.carried, self.walked, self.count, self.reverse)
        self.outside = [e for e in self.outside if not isinstance(e, Tensor) or is_outer(e)]
        if not kept:
            return final, stacks, is_outer
        left, befores = stacks[: len(stacks) - kept], stacks[len(stacks) - kept :]
        if self.outside or any(edge is not None for edge in edges):
            outputs, pull = [*final, *left, *befores], partial(self.pulled_from, befores)
            StretchNode("ScanBackward0", (*edges, *self.outside), outputs, pull)
        return final, left, is_outer

    def pulled_from(self, befores: list[Tensor], gradients: list[Any]) -> list[Any]:
        """Gradients of what the loop was given, from those of all results."""
        first, last = len(self.carried), len(gradients) - len(befores)
        if not MODE.code & GRAD:
            befores = [off_graph(x) for x in befores]
        return self.pulled(gradients[:first], gradients[first:last], gradients[last:], befores)

    def pulled(
        self, g_final: list[Any], g_left: list[Any], g_befores: list[Any], befores: list[Tensor]
    ) -> list[Any]:
        """Gradients of what the loop was given, from those of what it gave.

        Args:
            g_final: of what the last step carries.
            g_left: of what the steps leave.
            g_befores: of what was carried into each step, where a first backward pass is
                differentiated again.
            befores: what was carried into each step.
        """
        further = bool(MODE.code & GRAD)
        differentiable = [i for i, x in enumerate(self.carried) if is_continuous(x._array)]
        walkable = [i for i, x in enumerate(self.walked) if is_continuous(x._array)]
        zeros = [zeros_at(edge) for edge in self.outside]
        left = [i for i, g in enumerate(g_left) if g is not None]
        direct = [i for i in differentiable if g_befores[i] is not None]

        def back(carry: list[Tensor], items: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
            count, size = len(differentiable), len(self.carried)
            g_carry, totals = carry[:count], carry[count:]
            before, rest = items[:size], items[size:]
            slices, rest = rest[: len(self.walked)], rest[len(self.walked) :]
            g_ys, g_direct = rest[: len(left)], dict(zip(direct, rest[len(left) :], strict=True))
            with enable_grad():
                cs = [x if further and x.requires_grad else own_leaf(x) for x in before]
                xs = [x if further and x.requires_grad else own_leaf(x) for x in slices]
                new, ys = self.step(list(cs), list(xs))
            roots = list(zip([new[i] for i in differentiable], g_carry, strict=True))
            roots += list(zip([ys[i] for i in left], g_ys, strict=True))
            wanted = [edge_of(cs[i]) for i in differentiable] + [edge_of(xs[i]) for i in walkable]
            found = engine.run(
                [(edge_of(x), g) for x, g in roots if x.requires_grad],
                create_graph=further,
                retain_graph=further,
                capture=[*wanted, *self.outside],
            )
            grads = [found.get(engine.key(edge)) for edge in wanted]
            like = [cs[i] for i in differentiable] + [xs[i] for i in walkable]
            grads = [zeros_like(x) if g is None else g for x, g in zip(like, grads, strict=True)]
            for place, i in enumerate(differentiable):
                if i in g_direct:
                    grads[place] = grads[place] + g_direct[i]
            added = [
                total if (g := found.get(engine.key(edge))) is None else total + g
                for total, edge in zip(totals, self.outside, strict=True)
            ]
            return [*grads[:count], *added], grads[count:]

        start = [
            zeros_like(self.carried[i]) if g_final[i] is None else g_final[i]
            for i in differentiable
        ]
        items = [*befores, *self.walked, *[g_left[i] for i in left]]
        items += [g_befores[i] for i in direct]
        with enable_grad() if further else no_grad():
            ends, slopes = recorded_scan(
                back, [*start, *zeros], items, self.count, not self.reverse
            )
        result: list[Any] = [None] * (len(self.carried) + len(self.walked))
        for i, g in zip(differentiable, ends):
            result[i] = g
        for i, g in zip(walkable, slopes, strict=True):
            result[len(self.carried) + i] = g
        return [*result, *ends[len(differentiable) :]]
