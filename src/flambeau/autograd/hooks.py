"""Hooks: functions of the user that see, and may replace, gradients on their way."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable
from typing import Any

from flambeau.core.errors import message
from flambeau.tensor.dispatch import edge_of, method
from flambeau.tensor.graph import AccumulateGrad, Node, Output
from flambeau.tensor.tensor import Tensor

_numbers = itertools.count()


class RemovableHandle:
    """Takes a hook away again, by ``remove()`` or at the end of a ``with``.

    Args:
        hooks: the dictionary that holds the hook.
    """

    def __init__(self, hooks: dict[int, Any]) -> None:
        self.id = next(_numbers)
        self._hooks = hooks

    def remove(self) -> None:
        """Take the hook away; nothing happens the second time."""
        self._hooks.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *error: object) -> None:
        self.remove()


class Hooks:
    """The hooks of one node, or of one leaf tensor.

    Attributes:
        outputs: for each output, hooks on the tensor that it is.
        retained: for each output, a weak reference to the tensor whose ``grad`` is kept.
        pre, post: hooks on the node itself, before and after it runs.
    """

    # No slots: a compiled function watches its leaves' hooks through their attributes.

    def __init__(self) -> None:
        self.outputs: dict[int, dict[int, Callable[[Tensor], Any]]] = {}
        self.retained: dict[int, Any] = {}
        self.pre: dict[int, Callable[..., Any]] = {}
        self.post: dict[int, Callable[..., Any]] = {}

    def before(self, index: int, gradient: Tensor) -> Tensor:
        """Run the hooks on the tensor that is output ``index``; keep its gradient if asked."""
        for hook in list(self.outputs.get(index, {}).values()):
            replacement = hook(gradient)
            if replacement is not None:
                gradient = _checked("hook", replacement, gradient)
        reference = self.retained.get(index)
        tensor = None if reference is None else reference()
        if tensor is not None:
            present = tensor.grad
            tensor._store_grad(gradient if present is None else present + gradient)
        return gradient

    def run_pre(self, gradient: Any) -> Any:
        """Run the node's own hooks on the gradients of its outputs."""
        several = gradient.__class__ is tuple
        gradients = gradient if several else (gradient,)
        for hook in list(self.pre.values()):
            replacement = hook(gradients)
            if replacement is not None:
                gradients = _same_number("prehook", replacement, gradients)
        return gradients if several else gradients[0]

    def run_post(self, results: tuple[Any, ...], gradient: Any) -> tuple[Any, ...]:
        """Run the node's own hooks on the gradients of its inputs."""
        gradients = gradient if gradient.__class__ is tuple else (gradient,)
        for hook in list(self.post.values()):
            replacement = hook(results, gradients)
            if replacement is not None:
                results = _same_number("hook", replacement, results)
        return results


def _same_number(name: str, replacement: Any, before: tuple[Any, ...]) -> tuple[Any, ...]:
    """What a node's hook returned: one gradient for each that it was given.

    A hook on a node with one gradient may return it without a tuple.
    """
    if isinstance(replacement, Tensor) and len(before) == 1:
        return (replacement,)
    if not isinstance(replacement, tuple):
        raise TypeError(
            message(
                f"{name}: a node's hook must return a tuple or None",
                expected=f"a tuple of {len(before)} gradient(s), or None",
                got=type(replacement).__name__,
            )
        )
    if len(replacement) != len(before):
        raise RuntimeError(
            message(
                f"{name}: a node's hook returned a wrong number of gradients",
                expected=str(len(before)),
                got=str(len(replacement)),
            )
        )
    return replacement


def _checked(name: str, replacement: Any, gradient: Tensor) -> Tensor:
    if not isinstance(replacement, Tensor):
        raise TypeError(
            message(
                f"{name}: a hook must return a tensor or None",
                expected="a tensor or None",
                got=type(replacement).__name__,
            )
        )
    if replacement._array.shape != gradient._array.shape:
        raise RuntimeError(
            message(
                f"{name}: a hook has changed the gradient's size",
                expected=f"shape {tuple(gradient.shape)}",
                got=f"shape {tuple(replacement.shape)}",
            )
        )
    if replacement._array.dtype != gradient._array.dtype:
        raise RuntimeError(
            message(
                f"{name}: a hook has changed the gradient's type",
                expected=str(gradient.dtype),
                got=str(replacement.dtype),
            )
        )
    return replacement


def _add(hooks: dict[int, Any], hook: Callable[..., Any], first: bool = False) -> RemovableHandle:
    handle = RemovableHandle(hooks)
    hooks[handle.id] = hook
    if first:
        rest = [(k, hooks.pop(k)) for k in list(hooks) if k != handle.id]
        hooks.update(rest)
    return handle


def _hooks_of_node(node: Node) -> Hooks:
    if node.hooks is None:
        node.hooks = Hooks()
    return node.hooks


def _hooks_of_tensor(name: str, tensor: Tensor) -> tuple[Hooks, int]:
    edge = edge_of(tensor)
    if edge is None:
        raise RuntimeError(
            message(
                f"{name}: the tensor does not require a gradient",
                expected="a tensor with requires_grad=True",
                got="one without",
                help="call requires_grad_() on it",
            )
        )
    if isinstance(edge, Output):
        return _hooks_of_node(edge.node), edge.index
    if isinstance(edge, Node):
        return _hooks_of_node(edge), 0
    return tensor.__dict__.setdefault("_hooks", Hooks()), 0


@method()
def register_hook(self: Tensor, hook: Callable[[Tensor], Any]) -> RemovableHandle:
    """Call ``hook(grad)`` whenever this tensor's gradient is computed.

    Args:
        hook: may return a gradient to go on with instead.

    Returns:
        A handle with ``remove()``.

    Raises:
        RuntimeError: if the tensor requires no gradient.

    Example:
        >>> import flambeau as fb
        >>> x = fb.ones(2, requires_grad=True)
        >>> handle = x.register_hook(lambda grad: grad * 10)
        >>> x.sum().backward()
        >>> x.grad
        tensor([10., 10.])
    """
    hooks, index = _hooks_of_tensor("register_hook", self)
    return _add(hooks.outputs.setdefault(index, {}), hook)


@method()
def register_post_accumulate_grad_hook(
    self: Tensor, hook: Callable[[Tensor], Any]
) -> RemovableHandle:
    """Call ``hook(tensor)`` after a backward pass has added to this leaf's ``grad``.

    Args:
        hook: returns nothing.

    Returns:
        A handle with ``remove()``.

    Raises:
        RuntimeError: if the tensor is not a leaf, or requires no gradient.

    Example:
        >>> import flambeau as fb
        >>> x = fb.ones(2, requires_grad=True)
        >>> handle = x.register_post_accumulate_grad_hook(lambda x: print(x.grad))
        >>> x.sum().backward()
        tensor([1., 1.])
    """
    _hooks_of_tensor("register_post_accumulate_grad_hook", self)
    if not self.is_leaf:
        raise RuntimeError(
            message(
                "register_post_accumulate_grad_hook: only leaf tensors accumulate gradients",
                expected="a leaf tensor",
                got=f"the output of {self.grad_fn.name()}",
            )
        )
    return _add(self.__dict__.setdefault("_after_accumulation", {}), hook)


@method()
def retain_grad(self: Tensor) -> None:
    """Keep the gradient of a tensor that is not a leaf in its ``grad``.

    Raises:
        RuntimeError: if the tensor requires no gradient.

    Example:
        >>> import flambeau as fb
        >>> x = fb.ones(2, requires_grad=True)
        >>> y = x * 3
        >>> y.retain_grad()
        >>> y.sum().backward()
        >>> y.grad
        tensor([1., 1.])
    """
    hooks, index = _hooks_of_tensor("retain_grad", self)
    if not self.is_leaf:
        hooks.retained[index] = weakref.ref(self)


def _retains_grad(self: Tensor) -> bool:
    """Whether ``retain_grad()`` was called on this tensor, which is not a leaf."""
    edge = edge_of(self)
    if not isinstance(edge, (Node, Output)):
        return False
    node, index = (edge.node, edge.index) if isinstance(edge, Output) else (edge, 0)
    reference = None if node.hooks is None else node.hooks.retained.get(index)
    return reference is not None and reference() is self


Tensor.retains_grad = property(_retains_grad)  # type: ignore[attr-defined]


def _node_register_hook(self: Node, hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(grad_inputs, grad_outputs)`` after this node; it may replace the first."""
    return _add(_hooks_of_node(self).post, hook)


def _node_register_prehook(self: Node, hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(grad_outputs)`` before this node runs; it may replace them."""
    return _add(_hooks_of_node(self).pre, hook)


def _hooks_of_accumulator(node: AccumulateGrad) -> Hooks:
    return node.variable.__dict__.setdefault("_hooks", Hooks())


def _accumulator_register_hook(self: AccumulateGrad, hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook((), grad_outputs)`` after a leaf's gradient was added to what it had."""
    return _add(_hooks_of_accumulator(self).post, hook)


def _accumulator_register_prehook(
    self: AccumulateGrad, hook: Callable[..., Any]
) -> RemovableHandle:
    """Call ``hook(grad_outputs)`` before a leaf's gradient is added; it may replace them."""
    return _add(_hooks_of_accumulator(self).pre, hook)


Node.register_hook = _node_register_hook  # type: ignore[attr-defined]
Node.register_prehook = _node_register_prehook  # type: ignore[attr-defined]
AccumulateGrad.register_hook = _accumulator_register_hook  # type: ignore[attr-defined]
AccumulateGrad.register_prehook = _accumulator_register_prehook  # type: ignore[attr-defined]
