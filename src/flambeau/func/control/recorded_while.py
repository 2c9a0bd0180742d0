"""A loop of unknown length inside a function that is being compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flambeau.autograd.modes import no_grad
from flambeau.core import dtypes, trees
from flambeau.core.errors import GraphError, message
from flambeau.func.level import off_graph
from flambeau.func.stretch import StretchNode, edges_before
from flambeau.tensor.dispatch import apply
from flambeau.tensor.graph import SEQUENCE
from flambeau.tensor.modes import GRAD, MODE
from flambeau.tensor.operation import REGISTRY
from flambeau.tensor.tensor import Tensor
from flambeau.tensor.views import edge_of


def recorded_while(
    cond_fun: Callable[[Any], Any], body_fun: Callable[[Any], Any], value: Any, goes_on: Tensor
) -> Any:
    """The loop as one operation of the recording.

    Args:
        cond_fun, body_fun: of the loop.
        value: what the first step is given, a tree of tensors.
        goes_on: whether there is a first step.
    """
    if not hasattr(MODE.interpreter, "scan"):
        inside = getattr(MODE.interpreter, "name", "a region of its own")
        raise RuntimeError(
            message(
                f"while_loop: inside {inside} in a compiled function",
                expected="a number of steps that does not depend on values",
                got="a condition that is only known when the function runs",
                help="use func.fori_loop() or func.scan(), or transform outside of the compiled "
                "function",
            )
        )
    leaves, form = trees.flatten(value)
    edges: list[Any] = [edge_of(x) for x in leaves]

    def step(carry: list[Tensor], _: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        first = next(SEQUENCE)
        new = body_fun(trees.unflatten(form, carry))
        found, shape = trees.flatten(new)
        if shape != form:
            raise TypeError(
                message(
                    "while_loop: the value changes its structure",
                    expected=repr(form),
                    got=repr(shape),
                )
            )
        edges.extend(edges_before(first, found, {id(x) for x in carry}))
        with no_grad():
            more = apply(REGISTRY["to_dtype"], (_scalar(cond_fun(new)),), (_BOOL,))
        return [off_graph(x) for x in found], [more]

    first = apply(REGISTRY["to_dtype"], (_scalar(goes_on),), (_BOOL,))
    final, _, _ = MODE.interpreter.scan(step, leaves, [off_graph(first)], None, False)
    known = tuple([edge for edge in edges if edge is not None])
    if MODE.code & GRAD and known:
        StretchNode("WhileLoopBackward0", known, final, _refuse)
    return trees.unflatten(form, final)


_BOOL = dtypes.bool_.numpy


def _scalar(x: Tensor) -> Tensor:
    return x if x.ndim == 0 else apply(REGISTRY["reshape"], (x,), ((),))


def _refuse(gradients: list[Any]) -> Any:
    """What was carried into each step is not known any more."""
    raise GraphError(
        message(
            "while_loop: a compiled loop of unknown length is differentiated backward",
            expected="a loop of known length, or forward mode outside of the function",
            got="a backward pass",
            help="use func.fori_loop() or func.scan(), whose steps can be kept",
        )
    )
