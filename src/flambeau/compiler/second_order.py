"""Derivatives of the backward pass of a compiled function, compiled when they are asked for.

A backward pass that is to be differentiated itself (``create_graph=True``) is the gradient of the
function as a function of its arguments and of the incoming gradients. That is recorded like any
other function, from the arguments on, and without what the function changes; its results are
differentiable in turn, to any order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from flambeau.autograd.backward import grad
from flambeau.compiler.record.trace import Argument, Trace, has_graph, resolve
from flambeau.core import trees
from flambeau.core.errors import GraphError, message
from flambeau.tensor.dispatch import wrap
from flambeau.tensor.graph import version_of
from flambeau.tensor.tensor import Tensor, owner

if TYPE_CHECKING:
    from flambeau.compiler.specialisation import Specialisation


class Moment:
    """What a call was given, so that its backward pass can be computed from the start.

    Args:
        specialisation: what ran.
        leaves: the arguments.
        states: of the generators that it drew from, before it ran.
    """

    def __init__(
        self, specialisation: Specialisation, leaves: list[Any], states: list[Any]
    ) -> None:
        self.specialisation = specialisation
        self.leaves = leaves
        self.states = states
        tensors = [resolve(source, leaves) for source in specialisation.trace.sources]
        self.seen = [(t, t._array, version_of(t)) for t in tensors]
        self.written = set(specialisation.write_indices)

    def gradients(self, incoming: tuple[Tensor | None, ...]) -> tuple[Any, ...]:
        """The gradients of what the function depends on, with a graph."""
        derivative = self.specialisation.trace.derivative
        assert derivative is not None
        given = [
            wrap(np.zeros(shape, dtype)) if g is None else g
            for g, shape, dtype in zip(incoming, derivative.shapes, derivative.dtypes)
        ]
        leaves = [*self.leaves, *given]
        found = second_order(self.specialisation, leaves, len(given))
        self._check(found, leaves)
        generators = self.specialisation.generators
        now = [generator.snapshot() for generator in generators]
        for generator, state in zip(generators, self.states, strict=True):
            generator.restore(state)
        try:
            return found.run(leaves)
        finally:
            for generator, state in zip(generators, now, strict=True):
                generator.restore(state)

    def _check(self, found: Specialisation, leaves: list[Any]) -> None:
        """What the pass reads must be as the function found it."""
        read = {v for i in found.program.instructions for v in i.values()}
        arrays = zip(found.program.buffers, found.buffers(leaves), strict=True)
        memory = {id(owner(array)) for value, array in arrays if value in read}
        for index, (tensor, array, version) in enumerate(self.seen):
            changed = tensor._array is not array or version_of(tensor) != version
            if (changed or index in self.written) and id(owner(array)) in memory:
                raise GraphError(
                    message(
                        "backward: a compiled function's second derivative needs what was changed",
                        expected="arguments, parameters and buffers as the function found them",
                        got=f"a tensor of shape {tuple(tensor.shape)} that was changed since, "
                        "or by the function itself",
                        help="compile the function that takes the second derivative",
                    )
                )


def second_order(specialisation: Specialisation, leaves: list[Any], incoming: int) -> Any:
    """The compiled gradient of a compiled function, recorded when it is first needed.

    Args:
        specialisation: of the function.
        leaves: its arguments, then the incoming gradients.
        incoming: how many of these there are.
    """
    from flambeau.compiler.specialisation import Specialisation

    kinds = tuple(
        (g._array.shape, g._array.strides, g._array.dtype, g.requires_grad)
        for g in leaves[-incoming:]
    )
    known = specialisation.second.get(kinds)
    if known is None:
        trace = specialisation.trace
        changed = trace.watch.change()
        if changed is not None:
            raise GraphError(
                message(
                    "backward: a compiled function is not what it was when it ran",
                    expected="the same modes, modules and numbers until backward()",
                    got=f"changed: {changed}",
                )
            )
        structure = _joined(trace.arguments_structure, incoming)
        made = Trace(_gradient_of(trace), leaves, structure)
        made.forget_changes()
        known = specialisation.second[kinds] = Specialisation(made, "a second derivative")
    return known


def _joined(arguments: trees.Structure, incoming: int) -> trees.Structure:
    """The structure of ``(((args, kwargs), gradients), {})``."""
    gradients = trees.structure([0] * incoming)
    args = trees.Structure(tuple, (0, 1), (arguments, gradients), None)
    return trees.Structure(tuple, (0, 1), (args, trees.structure({})), None)


def _gradient_of(trace: Trace) -> Any:
    """The function of arguments and incoming gradients that a backward pass is."""

    def gradient(arguments: Any, incoming: list[Tensor]) -> tuple[Tensor | None, ...]:
        args, kwargs = arguments
        result = trees.leaves(trace.function(*args, **kwargs))
        outputs = {id(x): x for x in result if isinstance(x, Tensor) and has_graph(x)}
        leaves = trees.leaves(arguments)
        targets = [
            leaves[source.index] if isinstance(source, Argument) else source
            for source in trace.derivative.leaves  # type: ignore[union-attr]
        ]
        return grad(list(outputs.values()), targets, incoming, create_graph=True, allow_unused=True)

    return gradient
