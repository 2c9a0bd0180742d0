"""``backward()`` and ``grad()``: what users call to go backward."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flambeau.autograd import engine
from flambeau.autograd.gradients import accumulate
from flambeau.core.errors import GraphError, message
from flambeau.tensor.dispatch import apply, method
from flambeau.tensor.operation import REGISTRY
from flambeau.tensor.tensor import Tensor
from flambeau.tensor.views import edge_of


def backward(
    tensors: Tensor | Sequence[Tensor],
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Tensor | Sequence[Tensor] | None = None,
) -> None:
    """Add the gradients of ``tensors`` to the ``grad`` of the leaves they came from.

    Args:
        tensors: outputs.
        grad_tensors: a gradient for each output; may be left out for one-element outputs.
        retain_graph: keep the graph for another pass; ``create_graph`` if not given.
        create_graph: record the pass, for derivatives of higher order.
        inputs: accumulate into these only.

    Raises:
        RuntimeError: if an output has no graph, a graph was freed, or a gradient does not fit.

    Example:
        >>> import flambeau as fb
        >>> x = fb.tensor([1., 2.], requires_grad=True)
        >>> fb.autograd.backward((x * x).sum())
        >>> x.grad
        tensor([2., 4.])
    """
    outputs = _as_tuple(tensors)
    gradients = (None,) * len(outputs) if grad_tensors is None else _as_tuple(grad_tensors)
    if len(gradients) != len(outputs):
        raise RuntimeError(
            message(
                "backward: one gradient for each tensor is needed",
                expected=f"{len(outputs)} gradient(s)",
                got=str(len(gradients)),
            )
        )
    roots = engine.roots_of(outputs, gradients, "backward")
    retain = create_graph if retain_graph is None else retain_graph
    if inputs is None:
        engine.run(roots, create_graph=create_graph, retain_graph=retain, accumulate=accumulate)
        return
    wanted = _as_tuple(inputs)
    edges = _edges("backward", wanted)
    found = engine.run(roots, create_graph=create_graph, retain_graph=retain, capture=edges)
    for tensor, edge in zip(wanted, edges, strict=True):
        gradient = found.get(engine.key(edge))
        if gradient is not None:
            accumulate(tensor, gradient, create_graph, False)


@method("backward")
def _tensor_backward(
    self: Tensor,
    gradient: Tensor | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Any = None,
) -> None:
    """Add this tensor's gradients to the ``grad`` of the leaves it came from.

    Args:
        gradient: the gradient to start from; may be left out for a one-element tensor.
        retain_graph: keep the graph for another pass; ``create_graph`` if not given.
        create_graph: record the pass, for derivatives of higher order.
        inputs: accumulate into these tensors only.
    """
    backward((self,), None if gradient is None else (gradient,), retain_graph, create_graph, inputs)


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Tensor | None, ...]:
    """The gradients of ``outputs`` with respect to ``inputs``; nobody's ``grad`` changes.

    Args:
        outputs: tensors to differentiate.
        inputs: tensors to differentiate with respect to; they need not be leaves.
        grad_outputs: a gradient for each output; may be left out for one-element outputs.
        retain_graph: keep the graph for another pass; ``create_graph`` if not given.
        create_graph: record the pass, so that the results can be differentiated.
        only_inputs: must be true; PyTorch's other mode is gone there as well.
        allow_unused: return ``None`` for inputs the outputs do not depend on.
        is_grads_batched: ``grad_outputs`` have a leading batch dimension, and so have results.
        materialize_grads: return zeros instead of ``None``.

    Raises:
        RuntimeError: if an input is unused or requires no gradient.

    Example:
        >>> import flambeau as fb
        >>> x = fb.tensor(3., requires_grad=True)
        >>> first, = fb.autograd.grad(x * x * x, x, create_graph=True)
        >>> fb.autograd.grad(first, x)
        (tensor(18.),)
    """
    if not only_inputs:
        raise RuntimeError(message("grad: only_inputs=False is not supported", help="leave it out"))
    outs, ins = _as_tuple(outputs), _as_tuple(inputs)
    gradients = (None,) * len(outs) if grad_outputs is None else _as_tuple(grad_outputs)
    unused_is_fine = materialize_grads if allow_unused is None else allow_unused
    retain = create_graph if retain_graph is None else retain_graph
    edges = _edges("grad", ins)
    if is_grads_batched:
        return _batched(outs, ins, gradients, create_graph, unused_is_fine, materialize_grads)
    roots = engine.roots_of(outs, gradients, "grad")
    found = engine.run(roots, create_graph=create_graph, retain_graph=retain, capture=edges)
    results = [found.get(engine.key(edge)) for edge in edges]
    if materialize_grads:
        zeros = REGISTRY["zeros_like"]
        results = [
            apply(zeros, (x.detach(),), (None,)) if r is None else r
            for x, r in zip(ins, results, strict=True)
        ]
    elif None in [r if r is None else 0 for r in results] and not unused_is_fine:
        raise GraphError(
            message(
                "grad: one of the inputs was not used to compute the outputs",
                expected="outputs that depend on every input",
                got=f"no path to input {[r is None for r in results].index(True)}",
                help="pass allow_unused=True to get None for it",
            )
        )
    return tuple(results)


def _batched(
    outputs: tuple, inputs: tuple, gradients: tuple, create_graph: bool, unused: bool, zeros: bool
) -> tuple[Any, ...]:
    """One pass for each entry along the leading dimension of the gradients, stacked."""
    count = next(g.shape[0] for g in gradients if g is not None)
    rows = [
        grad(
            outputs,
            inputs,
            tuple(None if g is None else g[i] for g in gradients),
            retain_graph=True,
            create_graph=create_graph,
            allow_unused=unused,
            materialize_grads=zeros,
        )
        for i in range(count)
    ]
    stack = REGISTRY["stack"]
    return tuple(
        None if column[0] is None else apply(stack, tuple(column), (0,))
        for column in zip(*rows, strict=True)
    )


def _as_tuple(tensors: Any) -> tuple[Any, ...]:
    return (tensors,) if isinstance(tensors, Tensor) else tuple(tensors)


def _edges(name: str, tensors: tuple[Any, ...]) -> list[Any]:
    edges = [edge_of(t) for t in tensors]
    if not edges:
        raise ValueError(message(f"{name}: inputs is empty", expected="at least one tensor"))
    for tensor, edge in zip(tensors, edges, strict=True):
        if edge is None:
            raise GraphError(
                message(
                    f"{name}: one of the inputs does not require a gradient",
                    expected="tensors with requires_grad=True",
                    got=f"a tensor of shape {tuple(tensor.shape)} without",
                    help="call requires_grad_() on it before computing",
                )
            )
    return edges
