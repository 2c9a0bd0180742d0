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
        if not self.pre:
            return gradient
        several = gradient.__class__ is tuple
        gradients = gradient if several else (gradient,)
        for hook in list(self.pre.values()):
            replacement = hook(gradients)
            if replacement is not None:
                gradients = _as_tuple(replacement)
        return gradients if several else gradients[0]

    def run_post(self, results: tuple[Any, ...], gradient: Any) -> tuple[Any, ...]:
        """Run the node's own hooks on the gradients of its inputs."""
        gradients = gradient if gradient.__class__ is tuple else (gradient,)
        for hook in list(self.post.values()):
            replacement = hook(results, gradients)
            if replacement is not None:
                results = _as_tuple(replacement)
        return results


def _as_tuple(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


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

    Raises:
        RuntimeError: if the tensor is not a leaf.
    """
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
    """Call ``hook(grad_inputs, grad_outputs)`` after this node has run; it may replace the first."""
    return _add(_hooks_of_node(self).post, hook)


def _node_register_prehook(self: Node, hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(grad_outputs)`` before this node runs; it may replace them."""
    return _add(_hooks_of_node(self).pre, hook)


def _accumulator_register_hook(self: AccumulateGrad, hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook((), grad_outputs)`` after the leaf's gradient was added up."""
    leaf = self.variable

    def call(tensor: Tensor) -> None:
        hook((), (tensor.grad,))

    return _add(leaf.__dict__.setdefault("_after_accumulation", {}), call)


def _accumulator_register_prehook(self: AccumulateGrad, hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(grad_outputs)`` before the leaf's gradient is added up; it may replace them."""
    hooks = self.variable.__dict__.setdefault("_hooks", Hooks())

    def call(gradient: Tensor) -> Any:
        replacement = hook((gradient,))
        return None if replacement is None else _as_tuple(replacement)[0]

    return _add(hooks.outputs.setdefault(0, {}), call)


Node.register_hook = _node_register_hook  # type: ignore[attr-defined]
Node.register_prehook = _node_register_prehook  # type: ignore[attr-defined]
AccumulateGrad.register_hook = _accumulator_register_hook  # type: ignore[attr-defined]
AccumulateGrad.register_prehook = _accumulator_register_prehook  # type: ignore[attr-defined]
