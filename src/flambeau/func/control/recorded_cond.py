"""A choice inside a function that is being compiled: both sides are recorded, one of them runs.

Going backward is a choice as well: the side that ran computes again what its gradient needs.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from flambeau.autograd import engine
from flambeau.autograd.modes import enable_grad, no_grad
from flambeau.core import dtypes, trees
from flambeau.core.errors import message
from flambeau.func.control.regions import steady_region
from flambeau.func.level import off_graph
from flambeau.func.stretch import StretchNode, edges_before, is_continuous, own_leaf, zeros_at
from flambeau.tensor.construction import tensor
from flambeau.tensor.dispatch import apply
from flambeau.tensor.graph import SEQUENCE
from flambeau.tensor.modes import GRAD, MODE
from flambeau.tensor.operation import REGISTRY
from flambeau.tensor.tensor import Tensor
from flambeau.tensor.views import edge_of

Side = Callable[[list[Tensor]], list[Tensor]]


def recorded_cond(
    pred: Tensor, true_fun: Callable[..., Any], false_fun: Callable[..., Any], operands: Any
) -> Any:
    """The choice as one operation of the recording."""
    region = steady_region()
    if region is not None:
        sides = region.resuming(true_fun), region.resuming(false_fun)
        return region.below(recorded_cond, pred, *sides, operands)
    leaves, form = trees.flatten(operands)
    inputs = [x for x in leaves if isinstance(x, Tensor)]
    structures: list[Any] = []

    def side(function: Callable[..., Any]) -> Side:
        def run(given: list[Tensor]) -> list[Tensor]:
            values = iter(given)
            args = [next(values) if isinstance(x, Tensor) else x for x in leaves]
            found, structure = trees.flatten(function(*trees.unflatten(form, args)))
            structures.append(structure)
            return [x if isinstance(x, Tensor) else tensor(x) for x in found]

        return run

    flat = pred if pred.ndim == 0 else apply(REGISTRY["reshape"], (pred,), ((),))
    condition = apply(REGISTRY["to_dtype"], (off_graph(flat),), (dtypes.bool_.numpy,))
    results = _Choice(condition, (side(true_fun), side(false_fun)), inputs).run()
    if structures[0] != structures[1]:
        raise TypeError(
            message(
                "cond: the branches return different structures",
                expected=repr(structures[0]),
                got=repr(structures[1]),
            )
        )
    return trees.unflatten(structures[0], results)


class _Choice:
    """One choice: its sides, their arguments, and what they read besides.

    Attributes:
        outside: edges in the caller's graph that a side's results depend on.
    """

    def __init__(self, condition: Tensor, sides: tuple[Side, Side], inputs: list[Tensor]) -> None:
        self.condition, self.sides, self.inputs = condition, sides, inputs
        self.outside: dict[Any, Any] = {}

    def run(self) -> list[Tensor]:
        """Record it, joined to the graph if it reads anything that is in one."""
        recording = bool(MODE.code & GRAD)

        def traced(side: Side) -> Callable[[], list[Tensor]]:
            def call() -> list[Tensor]:
                own = [own_leaf(x) for x in self.inputs] if recording else self.inputs
                first = next(SEQUENCE)
                outs = side(list(own))
                if recording:
                    found = edges_before(first, outs, {id(x) for x in own})
                    self.outside.update((engine.key(edge), edge) for edge in found)
                return [off_graph(x) for x in outs]

            return call

        first, second = self.sides
        outs, is_outer = MODE.interpreter.cond(self.condition, (traced(first), traced(second)))
        outside = [e for e in self.outside.values() if not isinstance(e, Tensor) or is_outer(e)]
        edges = (*[edge_of(x) for x in self.inputs], *outside)
        if recording and any(edge is not None for edge in edges):
            StretchNode("CondBackward0", edges, outs, partial(self.pulled, edges))
        return outs

    def pulled(self, edges: tuple[Any, ...], gradients: list[Any]) -> list[Any]:
        """Gradients along the edges, from those of the results."""
        further = bool(MODE.code & GRAD)
        outside = list(edges[len(self.inputs) :])
        given = [i for i, g in enumerate(gradients) if g is not None]
        floating = [i for i, x in enumerate(self.inputs) if is_continuous(x._array)]

        def back(side: Side) -> Side:
            def call(values: list[Tensor]) -> list[Tensor]:
                xs, gs = values[: len(self.inputs)], values[len(self.inputs) :]
                with enable_grad():
                    own = [x if further and x.requires_grad else own_leaf(x) for x in xs]
                    outs = side(list(own))
                roots = [
                    (edge_of(outs[i]), g)
                    for i, g in zip(given, gs, strict=True)
                    if outs[i].requires_grad
                ]
                wanted = [*[edge_of(own[i]) for i in floating], *outside]
                found = engine.run(
                    roots, create_graph=further, retain_graph=further, capture=wanted
                )
                return [
                    zeros_at(e) if (g := found.get(engine.key(e))) is None else g for e in wanted
                ]

            return call

        first, second = self.sides
        inputs = [*self.inputs, *[gradients[i] for i in given]]
        with enable_grad() if further else no_grad():
            found = _Choice(self.condition, (back(first), back(second)), inputs).run()
        result: list[Any] = [None] * len(self.inputs)
        for i, g in zip(floating, found):
            result[i] = g
        return [*result, *found[len(floating) :]]
