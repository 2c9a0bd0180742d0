"""``backward()`` and ``grad()``: what users call to go backward."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from flambeau.autograd import engine
from flambeau.autograd.gradients import accumulate
from flambeau.core import dtypes
from flambeau.core.errors import GraphError, message
from flambeau.ops.creation import zeros
from flambeau.tensor.dispatch import apply, method, wrap
from flambeau.tensor.graph import AccumulateGrad, Output
from flambeau.tensor.modes import INTERPRETED, MODE
from flambeau.tensor.operation import REGISTRY
from flambeau.tensor.tensor import Tensor
from flambeau.tensor.views import edge_of


def backward(
    tensors: Any,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Any = None,
) -> None:
    """Add the gradients of ``tensors`` to the ``grad`` of the leaves they came from.

    Args:
        tensors: outputs.
        grad_tensors: a gradient for each output; may be left out for one-element outputs.
        retain_graph: keep the graph for another pass; ``create_graph`` if not given.
        create_graph: record the pass, for derivatives of higher order. The ``grad`` of a leaf
            then holds the graph that holds the leaf: set it to ``None`` when you are done.
        inputs: add to the ``grad`` of these only; they need not be leaves.

    Raises:
        RuntimeError: if an output has no graph, a graph was freed, or a gradient does not fit.

    Differs from PyTorch: leaves get their gradients when all of the graph was visited, and never
    the memory of a tensor of the user's.

    Example:
        >>> import flambeau as fb
        >>> x = fb.tensor([1., 2.], requires_grad=True)
        >>> fb.autograd.backward((x * x).sum())
        >>> x.grad
        tensor([2., 4.])
    """
    roots = _roots("backward", _as_tuple(tensors), grad_tensors)
    capture = None if inputs is None else _captured_by_backward(_as_tuple(inputs))
    if create_graph:
        warnings.warn(
            "backward(create_graph=True) makes a cycle of a leaf, its grad and its graph, which "
            "keeps their memory; use autograd.grad(), or set the grads to None afterwards",
            stacklevel=2,
        )
    engine.run(
        roots,
        create_graph=create_graph,
        retain_graph=create_graph if retain_graph is None else retain_graph,
        capture=capture,
        accumulate=accumulate,
    )


def _captured_by_backward(inputs: tuple[Any, ...]) -> list[Any]:
    """The edges of ``inputs``; those that are not leaves keep their gradient from now on."""
    edges = _edges("backward", inputs)
    for tensor in inputs:
        if isinstance(tensor, Tensor) and not tensor.is_leaf:
            tensor.retain_grad()
    return edges


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
        inputs: add to the ``grad`` of these tensors only.

    Example:
        >>> import flambeau as fb
        >>> x = fb.tensor([1., 2.], requires_grad=True)
        >>> (x * x).backward(fb.tensor([1., 10.]))
        >>> x.grad
        tensor([ 2., 40.])
    """
    if inputs is None and not create_graph:  # the usual case, without the bookkeeping
        engine.run(
            (_root("backward", self, gradient),),
            create_graph=False,
            retain_graph=bool(retain_graph),
            accumulate=accumulate,
        )
        return
    backward((self,), (gradient,), retain_graph, create_graph, inputs)


def grad(
    outputs: Any,
    inputs: Any,
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
        only_inputs: has no effect; PyTorch's other mode is gone there as well.
        allow_unused: return ``None`` for inputs the outputs do not depend on; not given, it is
            ``materialize_grads``.
        is_grads_batched: ``grad_outputs`` have a leading batch dimension, and so have results.
        materialize_grads: return zeros instead of ``None``.

    Raises:
        RuntimeError: if an input is unused or requires no gradient.
        ValueError: for ``materialize_grads`` without ``allow_unused``.

    Example:
        >>> import flambeau as fb
        >>> x = fb.tensor(3., requires_grad=True)
        >>> first, = fb.autograd.grad(x * x * x, x, create_graph=True)
        >>> fb.autograd.grad(first, x)
        (tensor(18.),)
    """
    if not only_inputs:
        warnings.warn("only_inputs has no effect: grad() accumulates nowhere", stacklevel=2)
    if materialize_grads and allow_unused is False:
        raise ValueError(
            message(
                "grad: zeros for unused inputs are asked for, and unused inputs are forbidden",
                expected="allow_unused=True, or not given, with materialize_grads=True",
                got="allow_unused=False",
            )
        )
    outs, ins = _as_tuple(outputs), _as_tuple(inputs)
    edges = _edges("grad", ins)
    retain = create_graph if retain_graph is None else retain_graph
    if is_grads_batched:
        results = _batched(outs, ins, grad_outputs, retain, create_graph)
    else:
        roots = _roots("grad", outs, grad_outputs)
        found = engine.run(roots, create_graph=create_graph, retain_graph=retain, capture=edges)
        results = [found.get(engine.key(edge)) for edge in edges]
    missing = [i for i, result in enumerate(results) if result is None]
    if not missing:
        return tuple(results)
    if materialize_grads:
        return tuple([_zeros(e) if r is None else r for e, r in zip(edges, results)])
    if not allow_unused:
        raise GraphError(
            message(
                "grad: one of the inputs was not used to compute the outputs",
                expected="outputs that depend on every input",
                got=f"no path to input {missing[0]}",
                help="pass allow_unused=True to get None for it",
            )
        )
    return tuple(results)


def _batched(
    outputs: tuple, inputs: tuple, gradients: Any, retain_graph: bool, create_graph: bool
) -> list[Any]:
    """One pass for each entry along the leading dimension of the gradients, stacked."""
    given = _as_tuple(gradients) if gradients is not None else ()
    sizes = [g.shape[0] for g in given if g is not None and g.dim()]
    if not sizes:
        raise RuntimeError(
            message(
                "grad: is_grads_batched needs gradients with a leading batch dimension",
                expected="grad_outputs of shape (batch, *output.shape)",
                got="none",
            )
        )
    rows = [
        grad(
            outputs,
            inputs,
            tuple(None if g is None else g[i] for g in given),
            retain_graph=retain_graph or i < sizes[0] - 1,
            create_graph=create_graph,
            allow_unused=True,
        )
        for i in range(sizes[0])
    ]
    stack = REGISTRY["stack"]
    return [
        None if column[0] is None else apply(stack, tuple(column), (0,))
        for column in zip(*rows, strict=True)
    ]


def _zeros(edge: Any) -> Tensor:
    """Zeros like the gradient of an edge."""
    if isinstance(edge, Tensor):
        return apply(REGISTRY["zeros_like"], (edge.detach(),), (None,))
    node, index = engine.key(edge)
    several = isinstance(node.dtype, tuple)
    shape = node.shape[index] if several else node.shape
    return zeros(shape, dtype=dtypes.of(node.dtype[index] if several else node.dtype))


def _as_tuple(tensors: Any) -> tuple[Any, ...]:
    if isinstance(tensors, Tensor) or hasattr(tensors, "output_nr"):  # the latter: GradientEdge
        return (tensors,)
    return tuple(tensors)


def _edge(x: Any) -> Any:
    """Where a gradient for a tensor, or for a ``GradientEdge``, goes."""
    if isinstance(x, Tensor):
        return edge_of(x)
    node = x.node
    if isinstance(node, AccumulateGrad):
        return node.variable
    return Output(node, x.output_nr) if isinstance(node.dtype, tuple) else node


def _edges(name: str, inputs: tuple[Any, ...]) -> list[Any]:
    edges = [_edge(x) for x in inputs]
    if not edges:
        raise GraphError(
            message(
                f"{name}: inputs is empty",
                expected="at least one tensor",
                got="none",
                help=None if name == "grad" else "leave inputs out to reach all leaves",
            )
        )
    for tensor, edge in zip(inputs, edges):
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


# --- where a pass begins -----------------------------------------------------------------------


def _roots(name: str, outputs: tuple[Any, ...], gradients: Any) -> list[tuple[Any, Tensor]]:
    """Outputs paired with the gradients to start from."""
    given: Sequence[Any] = (None,) * len(outputs) if gradients is None else _as_tuple(gradients)
    if len(given) != len(outputs):
        raise RuntimeError(
            message(
                f"{name}: one gradient for each tensor is needed",
                expected=f"{len(outputs)} gradient(s)",
                got=str(len(given)),
            )
        )
    return [_root(name, output, gradient) for output, gradient in zip(outputs, given)]


def _root(name: str, output: Any, gradient: Tensor | None) -> tuple[Any, Tensor]:
    """The edge of an output and the gradient to start from: 1 for a single element if not given.

    Raises:
        RuntimeError: if the output has no graph, or needs a gradient that was not given, or the
            gradient does not fit.
    """
    edge = _edge(output)
    if edge is None:
        raise GraphError(
            message(
                f"{name}: the tensor does not require a gradient and has no grad_fn",
                expected="the result of operations on a tensor with requires_grad=True",
                got=f"a tensor of shape {tuple(output.shape)} without history",
                help="set requires_grad=True before computing; check for no_grad() or detach()",
            )
        )
    like = output._array if isinstance(output, Tensor) else _zeros(edge)._array
    if gradient is None:
        return edge, _implicit_gradient(name, like)
    _check_gradient(name, gradient, like)
    return edge, gradient


_ONES: dict[Any, Tensor] = {}


def _implicit_gradient(name: str, like: Any) -> Tensor:
    """1 in the shape and type of ``like``, in memory that cannot be written to."""
    if like.size != 1:
        raise GraphError(
            message(
                f"{name}: grad can be implicitly created only for scalar outputs",
                expected="a tensor with 1 element, or a gradient of the output's shape",
                got=f"shape {tuple(like.shape)} and no gradient",
                help="reduce it first, for example with .sum(), or pass gradient=",
            )
        )
    if like.dtype.kind == "c":
        raise GraphError(
            message(
                f"{name}: grad can be implicitly created only for real outputs",
                expected="a real tensor",
                got=str(dtypes.of(like.dtype)),
                help="take .real or .abs() first, or pass gradient=",
            )
        )
    if MODE.code & INTERPRETED:
        return apply(REGISTRY["ones_like"], (wrap(like),), (None,))
    one = _ONES.get((like.shape, like.dtype))
    if one is None:
        one = _ONES[like.shape, like.dtype] = wrap(np.ones(like.shape, like.dtype))
        one._array.flags.writeable = False
    return one


def _check_gradient(name: str, gradient: Any, like: Any) -> None:
    if not isinstance(gradient, Tensor):
        raise TypeError(
            message(
                f"{name}: a gradient must be a tensor or None",
                expected="a tensor or None",
                got=type(gradient).__name__,
            )
        )
    array = gradient._array
    if array.shape != like.shape:
        raise GraphError(
            message(
                f"{name}: the gradient has another shape than its output",
                expected=f"shape {tuple(like.shape)}",
                got=f"shape {tuple(array.shape)}",
            )
        )
    if (array.dtype.kind == "c") != (like.dtype.kind == "c"):
        raise GraphError(
            message(
                f"{name}: one of the gradient and its output is complex, the other is real",
                expected=f"a gradient of type {dtypes.of(like.dtype)}",
                got=str(gradient.dtype),
            )
        )
