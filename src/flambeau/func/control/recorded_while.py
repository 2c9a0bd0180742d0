"""A loop of unknown length inside a function that is being compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flambeau.autograd.modes import no_grad
from flambeau.core import trees
from flambeau.core.errors import GraphError, message
from flambeau.func.control.lowered_while import Step, while_of
from flambeau.func.control.regions import steady_region
from flambeau.func.control.values import truth
from flambeau.func.level import off_graph
from flambeau.func.stretch import StretchNode, edges_before
from flambeau.tensor.graph import SEQUENCE
from flambeau.tensor.modes import GRAD, MODE
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
    region = steady_region()
    if region is not None:
        parts = region.resuming(cond_fun), region.resuming(body_fun)
        return region.below(recorded_while, *parts, value, goes_on)
    if while_of(MODE.interpreter, _run) is None:
        raise RuntimeError(
            message(
                f"while_loop: inside {_name_of(MODE.interpreter)} in a compiled function",
                expected="a number of steps that does not depend on values",
                got="a condition that is only known when the function runs",
                help="use func.fori_loop() or func.scan(), or do this outside of the compiled "
                "function",
            )
        )
    leaves, form = trees.flatten(value)

    def step(carry: list[Tensor]) -> tuple[list[Tensor], Tensor]:
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
        with no_grad():
            return found, truth(cond_fun(new))

    final, _ = _run(step, leaves, off_graph(truth(goes_on)))
    return trees.unflatten(form, final)


def _name_of(interpreter: Any) -> str:
    return getattr(interpreter, "name", "a region of its own")


def _run(
    step: Step, carried: list[Tensor], goes_on: Tensor
) -> tuple[list[Tensor], Callable[[Tensor], bool]]:
    """Record the loop; the graph remembers only that there was one."""
    edges: list[Any] = [edge_of(x) for x in carried]
    inner: list[Any] = []

    def traced(carry: list[Tensor]) -> tuple[list[Tensor], Tensor]:
        first = next(SEQUENCE)
        new, more = step(carry)
        inner[:] = edges_before(first, new, {id(x) for x in carry})
        return [off_graph(x) for x in new], off_graph(more)

    loop: Any = while_of(MODE.interpreter, _run)
    final, is_outer = loop(traced, carried, goes_on)
    edges += [e for e in inner if not isinstance(e, Tensor) or is_outer(e)]
    known = [edge for edge in edges if edge is not None]
    if MODE.code & GRAD and known:
        StretchNode("WhileLoopBackward0", known, final, _refuse)
    return final, is_outer


def _refuse(gradients: list[Any]) -> Any:
    """What was carried into each step is not known any more."""
    raise GraphError(
        message(
            "while_loop: a compiled loop of unknown length is differentiated backward",
            expected="a loop of known length, or forward mode (func.jvp)",
            got="a backward pass",
            help="use func.fori_loop() or func.scan(), whose steps can be kept",
        )
    )
