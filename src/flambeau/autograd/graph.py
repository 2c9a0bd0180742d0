"""The recorded graph as users walk it: nodes, edges, and what nodes have saved."""

from __future__ import annotations

from typing import Any, NamedTuple

from flambeau.autograd.gradients import accumulate
from flambeau.autograd.saving import disable_saved_tensors_hooks as disable_saved_tensors_hooks
from flambeau.autograd.saving import register_multi_grad_hook as register_multi_grad_hook
from flambeau.autograd.saving import save_on_cpu as save_on_cpu
from flambeau.autograd.saving import saved_tensors_hooks as saved_tensors_hooks
from flambeau.core.errors import message
from flambeau.tensor.dispatch import bump
from flambeau.tensor.graph import (
    AccumulateGrad,
    Node,
    Output,
    SavedOutput,
    SavedOutputs,
    accumulator_of,
    freed_error,
)
from flambeau.tensor.modes import MODE
from flambeau.tensor.tensor import Tensor
from flambeau.tensor.views import edge_of

# PyTorch's names of saved values where ours differ.
_SYNONYMS = {"exponent": "other", "result": "out", "self": "input"}


class GradientEdge(NamedTuple):
    """A place in the graph where a gradient arrives; it can stand for a tensor in ``grad()``.

    Attributes:
        node: the node.
        output_nr: which of its outputs.
        ownership_token: has no use here.
    """

    node: Any
    output_nr: int
    ownership_token: Any = None


def get_gradient_edge(tensor: Tensor) -> GradientEdge:
    """The edge at which a tensor's gradient arrives.

    It keeps the graph and not the tensor.

    Raises:
        RuntimeError: if the tensor requires no gradient.

    Example:
        >>> import flambeau as fb
        >>> x = fb.ones(2, requires_grad=True)
        >>> y = x * 3
        >>> edge = fb.autograd.graph.get_gradient_edge(y)
        >>> fb.autograd.grad(y.sum(), edge)
        (tensor([1., 1.]),)
    """
    edge = edge_of(tensor)
    if edge is None:
        raise RuntimeError(
            message(
                "get_gradient_edge: the tensor does not require a gradient",
                expected="a tensor with requires_grad=True",
                got="one without",
            )
        )
    if isinstance(edge, Output):
        return GradientEdge(edge.node, edge.index)
    return GradientEdge(edge if isinstance(edge, Node) else accumulator_of(edge), 0)


def increment_version(tensor: Any) -> None:
    """Tell the graph that a tensor's memory was changed behind its back.

    Args:
        tensor: a tensor, or several.

    Example:
        >>> import flambeau as fb
        >>> x = fb.ones(2)
        >>> x.numpy()[0] = 5
        >>> fb.autograd.graph.increment_version(x)
        >>> x._version
        1
    """
    for each in (tensor,) if isinstance(tensor, Tensor) else tuple(tensor):
        bump(each)


def _call_node(self: Node, *gradients: Any) -> Any:
    """Gradients of the node's inputs from those of its outputs, as its rules give them.

    Hooks are not run, and what was broadcast is not summed up: a backward pass does both.
    """
    results = self.backward(gradients if isinstance(self.dtype, tuple) else gradients[0])
    return results[0] if len(results) == 1 else results


def _call_accumulator(self: AccumulateGrad, gradient: Tensor) -> tuple[()]:
    """Add a gradient to the leaf's ``grad``."""
    accumulate(self.variable, gradient, bool(MODE.code & 1), False)
    return ()


def _saved_value(self: Node, name: str) -> Any:
    """``_saved_x``: what the node has saved under that name.

    Raises:
        AttributeError: if it saved nothing under that name.
        RuntimeError: if it was freed, or changed in place since.
    """
    known = getattr(self.plan, "names", ())
    if name.startswith("_saved_"):
        for wanted in (name[7:], _SYNONYMS.get(name[7:])):
            if wanted in known:
                if self.saved is None:
                    raise freed_error()
                position = known.index(wanted)
                if not isinstance(self.saved, tuple):
                    return self.unpack()[position]
                if isinstance(self.saved[position], (SavedOutput, SavedOutputs, Tensor)):
                    return self.unpack()[position]
                return self.saved[position]
    raise AttributeError(f"{self.name()!r} object has no attribute {name!r}")


Node.__call__ = _call_node  # type: ignore[attr-defined]
Node.__getattr__ = _saved_value  # type: ignore[attr-defined]
AccumulateGrad.__call__ = _call_accumulator  # type: ignore[attr-defined]

__all__ = [
    "GradientEdge",
    "Node",
    "disable_saved_tensors_hooks",
    "get_gradient_edge",
    "increment_version",
    "register_multi_grad_hook",
    "save_on_cpu",
    "saved_tensors_hooks",
]
