"""Hooks on what the graph saves: pack it when it is saved, unpack it when it is read."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from flambeau.autograd.hooks import RemovableHandle, register_hook
from flambeau.core.errors import message
from flambeau.tensor.dispatch import apply, apply_inplace, wrap
from flambeau.tensor.graph import Node, Output, SavedOutput, SavedOutputs, inplace_error
from flambeau.tensor.interpreting import Passing
from flambeau.tensor.modes import GRAD, MODE
from flambeau.tensor.operation import REGISTRY, Operation
from flambeau.tensor.tensor import Tensor
from flambeau.tensor.views import CopySlices


class _Refusals(threading.local):
    reason: str | None = None


_REFUSALS = _Refusals()


class saved_tensors_hooks(Passing):
    """A region in which tensors that the graph saves go through a pair of functions.

    ``pack_hook`` is given each tensor as it is saved and may return anything; ``unpack_hook`` is
    given that when the backward pass needs the tensor, and returns one of the same values. Use it
    to keep saved tensors on disk, in a smaller type, or to count them. The innermost region's hooks
    count.

    Args:
        pack_hook: from a tensor to any object; it must not change the tensor.
        unpack_hook: from that object to a tensor.

    Raises:
        RuntimeError: inside :class:`disable_saved_tensors_hooks`, or if ``pack_hook`` changes its
            tensor.
        TypeError: in the backward pass, if ``unpack_hook`` returns no tensor.

    Example:
        >>> import flambeau as fb
        >>> x = fb.tensor([2.0], requires_grad=True)
        >>> with fb.autograd.graph.saved_tensors_hooks(lambda t: t.tolist(), fb.tensor):
        ...     y = x * x
        >>> y.backward()
        >>> x.grad
        tensor([4.])
    """

    def __init__(
        self, pack_hook: Callable[[Tensor], Any], unpack_hook: Callable[[Any], Tensor]
    ) -> None:
        self.pack_hook, self.unpack_hook = pack_hook, unpack_hook

    def __enter__(self) -> None:
        if _REFUSALS.reason is not None:
            raise RuntimeError(_REFUSALS.reason)
        super().__enter__()
        self.before, MODE.saving = MODE.saving, self

    def __exit__(self, *error: object) -> None:
        MODE.saving = self.before
        super().__exit__(*error)

    def apply(self, op: Operation, inputs: tuple[Any, ...], params: tuple[Any, ...]) -> Any:
        out = self.below(apply, op, inputs, params)
        first = out[0] if isinstance(out, tuple) and out else out
        if isinstance(first, Tensor):
            self._take(op, first._node)
        return out

    def apply_inplace(
        self, op: Operation, target: Tensor, others: tuple[Any, ...], params: tuple[Any, ...]
    ) -> Tensor:
        out = self.below(apply_inplace, op, target, others, params)
        self._take(op, out._node)
        return out

    def _take(self, op: Operation, node: Any) -> None:
        """Pack what the node of an operation that has just run has saved."""
        if MODE.saving is not self:
            return
        node = node.node if isinstance(node, Output) else node
        if isinstance(node, CopySlices):
            node = node.inner
        is_its_node = isinstance(node, Node) and getattr(node.plan, "operation", None) is op
        if is_its_node and node.plan.checked and node.saved.__class__ is tuple:
            node.saved = PackedValues(self, node)  # type: ignore[assignment]

    def entry(self, node: Node, value: Any, version: int, index: int | None) -> tuple[Any, ...]:
        """What a user's function has saved: a tensor, or an output of its own."""
        if isinstance(value, SavedOutput):
            return PackedOutput(self, value), version, index
        return _pack(self, value), version, index

    def packed(self, tensor: Tensor) -> Any:
        """What ``pack_hook`` makes of a tensor.

        Raises:
            RuntimeError: if it changes the tensor.
        """
        given = tensor.detach()  # type: ignore[attr-defined]
        version = given._version
        found = self.below(self.pack_hook, given)
        if given._version != version:
            raise RuntimeError(
                message(
                    "saved_tensors_hooks: pack_hook changed its tensor in place",
                    expected="a function that leaves its input as it is",
                    got=f"a tensor of shape {tuple(tensor.shape)} at another version",
                    help="clone() it first",
                )
            )
        return found

    def unpacked(self, found: Any) -> Tensor:
        """What ``unpack_hook`` makes of what was packed.

        Raises:
            TypeError: if that is no tensor.
        """
        tensor = self.unpack_hook(found)
        if not isinstance(tensor, Tensor):
            raise TypeError(
                message(
                    "saved_tensors_hooks: unpack_hook returned no tensor",
                    expected="a tensor with the values that were packed",
                    got=type(tensor).__name__,
                )
            )
        return tensor


class PackedInput:
    """An input that was packed, and where it stood in the graph."""

    def __init__(self, hooks: saved_tensors_hooks, tensor: Tensor) -> None:
        self.hooks = hooks
        self.found = hooks.packed(tensor)
        self.counter, self.version = tensor._counter, tensor._version
        self.requires, self.node = tensor.requires_grad, tensor._node
        self.leaf = tensor if self.requires and self.node is None else None

    def unpack(self, node: Node, index: int | None = None) -> Tensor:
        """The tensor, with the input's place in the graph."""
        tensor = self.hooks.unpacked(self.found)
        now = 0 if self.counter is None else self.counter.value
        if tensor._counter is self.counter and now != self.version:  # it shares the memory
            raise inplace_error(node, tensor, now, self.version)
        if not self.requires:
            return tensor
        if self.leaf is not None and MODE.code & GRAD:
            made = apply(REGISTRY["alias"], (self.leaf,))
            made._array, made._view = tensor._array, None
            return made
        made = wrap(tensor._array)
        made._node, made._requires = self.node, True
        return made


class PackedOutput:
    """A node's own output that was packed."""

    def __init__(self, hooks: saved_tensors_hooks, saved: SavedOutput) -> None:
        self.hooks = hooks
        tensor = wrap(saved.array)
        tensor._counter = saved.counter
        self.found = hooks.packed(tensor)

    def unpack(self, node: Node, index: int | None = None) -> Tensor:
        """The output, with the node's place in the graph."""
        made = wrap(self.hooks.unpacked(self.found)._array)
        made._node, made._requires = node if index is None else Output(node, index), True
        return made


class PackedValues:
    """What a node has saved, its tensors packed: stands in the place of the tuple."""

    def __init__(self, hooks: saved_tensors_hooks, node: Node) -> None:
        plan = node.plan
        values: list[Any] = list(node.saved or ())
        for entry in plan.input_entries:
            value = values[entry]
            if isinstance(value, tuple):
                values[entry] = tuple([_pack(hooks, x) for x in value])
            else:
                values[entry] = _pack(hooks, value)
        if plan.output_entry is not None:
            saved = values[plan.output_entry]
            if isinstance(saved, SavedOutputs):
                values[plan.output_entry] = tuple([PackedOutput(hooks, x) for x in saved.outputs])
            else:
                values[plan.output_entry] = PackedOutput(hooks, saved)
        self.values = values

    def unpack(self, node: Node) -> tuple[Any, ...]:
        """The values, for a gradient rule."""
        plan = node.plan
        values: list[Any] = list(self.values)
        for entry in plan.input_entries:
            value = values[entry]
            if isinstance(value, tuple):
                values[entry] = tuple([_unpack(x, node) for x in value])
            else:
                values[entry] = _unpack(value, node)
        if plan.output_entry is not None:
            saved = values[plan.output_entry]
            if isinstance(saved, tuple):
                unpacked = tuple([x.unpack(node, index) for index, x in enumerate(saved)])
                values[plan.output_entry] = unpacked
            else:
                values[plan.output_entry] = saved.unpack(node)
        return tuple(values)


def _pack(hooks: saved_tensors_hooks, value: Any) -> Any:
    return PackedInput(hooks, value) if isinstance(value, Tensor) else value


def _unpack(value: Any, node: Node) -> Any:
    return value.unpack(node) if isinstance(value, PackedInput) else value


class save_on_cpu(saved_tensors_hooks):
    """A region in which the graph keeps copies of what it saves.

    With a GPU the copies would lie in the computer's memory. Here they lie where the tensors do,
    so that these may be changed in place.

    Args:
        pin_memory: a selector without effect.
        device_type: a selector without effect.
    """

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        super().__init__(lambda tensor: tensor.clone(), lambda copy: copy)  # type: ignore[attr-defined]


class disable_saved_tensors_hooks:
    """A region in which entering :class:`saved_tensors_hooks` is an error.

    Args:
        error_message: of that error.

    Example:
        >>> import flambeau as fb
        >>> with fb.autograd.graph.disable_saved_tensors_hooks("not here"):
        ...     with fb.autograd.graph.saved_tensors_hooks(id, id):
        ...         pass
        Traceback (most recent call last):
        RuntimeError: not here
    """

    def __init__(self, error_message: str) -> None:
        self.error_message = error_message

    def __enter__(self) -> None:
        self.before, _REFUSALS.reason = _REFUSALS.reason, self.error_message

    def __exit__(self, *error: object) -> None:
        _REFUSALS.reason = self.before


def register_multi_grad_hook(
    tensors: Sequence[Tensor], fn: Callable[[Any], Any], *, mode: str = "all"
) -> RemovableHandle:
    """Call a function when the gradients of several tensors are there.

    Args:
        tensors: those that are waited for, in each backward pass of which they are part.
        fn: with ``mode="all"`` it is given the list of their gradients (``None`` for tensors the
            pass did not reach); with ``"any"`` the gradient that comes first.
        mode: ``"all"`` or ``"any"``.

    Raises:
        ValueError: for another mode.

    Example:
        >>> import flambeau as fb
        >>> x, y = fb.ones(2, requires_grad=True), fb.ones(2, requires_grad=True)
        >>> handle = fb.autograd.graph.register_multi_grad_hook((x, y), print)
        >>> (x * y).sum().backward()
        [tensor([1., 1.]), tensor([1., 1.])]

    Differs from PyTorch:
        With ``"all"``, tensors that a pass does not reach are waited for; the function is then
        called when the next pass has brought the rest.
    """
    if mode not in ("all", "any"):
        raise ValueError(
            message(
                "register_multi_grad_hook: no such mode",
                expected="'all' or 'any'",
                got=repr(mode),
            )
        )
    wait = _All(len(tensors), fn) if mode == "all" else _Any(fn)
    handles = [
        register_hook(tensor, lambda gradient, index=index: wait.arrived(index, gradient))
        for index, tensor in enumerate(tensors)
    ]
    return _Handles(handles)


class _All:
    def __init__(self, count: int, fn: Callable[[Any], Any]) -> None:
        self.count, self.fn = count, fn
        self.gradients: dict[int, Tensor] = {}

    def arrived(self, index: int, gradient: Tensor) -> None:
        self.gradients[index] = gradient
        if len(self.gradients) == self.count:
            found = [self.gradients[i] for i in range(self.count)]
            self.gradients = {}
            self.fn(found)


class _Any:
    """One call for each backward pass, which is recognised by a tensor's coming again."""

    def __init__(self, fn: Callable[[Any], Any]) -> None:
        self.fn, self.seen = fn, set[int]()

    def arrived(self, index: int, gradient: Tensor) -> None:
        if index in self.seen:
            self.seen.clear()
        if not self.seen:
            self.fn(gradient)
        self.seen.add(index)


class _Handles(RemovableHandle):
    def __init__(self, handles: Sequence[RemovableHandle]) -> None:
        super().__init__({})
        self.handles = tuple(handles)

    def remove(self) -> None:
        for handle in self.handles:
            handle.remove()
