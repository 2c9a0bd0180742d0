"""Views and in-place changes, as the graph sees them.

A view remembers its parent and the operation that made it. When somebody changes the parent's
buffer in place and a gradient is involved, the parent gets a new node; the next time a view of
it is asked for its own node, :func:`refresh` notices and replays the view on the new parent.
"""

from __future__ import annotations

from typing import Any

from flambeau.core.errors import InplaceError, message
from flambeau.tensor.graph import SEQUENCE, Node, Output
from flambeau.tensor.modes import GRAD, MODE
from flambeau.tensor.operation import REGISTRY, Operation
from flambeau.tensor.tensor import Tensor

ORDINARY, SEVERAL, NO_GRAD = range(3)


class View:
    """How a tensor is a view of another.

    Attributes:
        parent: the tensor it was taken from.
        operation, params: how.
        node: the parent's node when this view's own node was made.
        kind: ``ORDINARY``; ``SEVERAL`` for one of several outputs; ``NO_GRAD`` if it was taken
            while gradients were off.
    """

    __slots__ = ("kind", "node", "operation", "params", "parent")

    def __init__(
        self, parent: Tensor, operation: Operation, params: tuple[Any, ...], kind: int
    ) -> None:
        self.parent = parent
        self.operation = operation
        self.params = params
        self.node = parent._node
        self.kind = kind


def refresh(tensor: Tensor) -> None:
    """Replay the view if its parent's history has changed since."""
    view = tensor._view
    parent = view.parent
    if parent._view is not None:
        refresh(parent)
    if parent._node is not view.node and view.kind == ORDINARY:
        from flambeau.tensor.dispatch import attach

        view.node = parent._node
        attach(view.operation, (parent,), view.params, tensor)


def check_inplace(name: str, target: Tensor) -> None:
    """Refuse an in-place change that would make a gradient wrong.

    Raises:
        RuntimeError: on a leaf that requires a gradient, a view of one, or one of several views
            that one operation made, while gradients are on.
    """
    if not MODE.code & GRAD:
        return
    if target._view is not None:
        refresh(target)
    if not target._requires:
        return
    if target._node is None:
        raise _leaf_error(name, "a leaf tensor that requires a gradient")
    root, view = target, target._view
    while view is not None:
        if view.kind == SEVERAL:
            raise _several_error(name, view)
        root, view = view.parent, view.parent._view
    if root is not target and root._requires and root._node is None:
        raise _leaf_error(name, "a view of a leaf tensor that requires a gradient")


def check_writable(name: str, target: Tensor) -> None:
    """Refuse to write where several elements share one place in memory."""
    array = target._array
    flags = getattr(array, "flags", None)
    if flags is not None and not flags.writeable:
        raise RuntimeError(
            message(
                f"{name}: the tensor cannot be written to",
                expected="a tensor whose elements each have a place of their own",
                got=f"an expanded or read-only tensor of shape {tuple(array.shape)}",
                help="clone() it first",
            )
        )


def set_history(name: str, target: Tensor, node: Node) -> None:
    """Give ``target``, just changed in place, the history ``node``; its base's follows."""
    view = target._view
    if view is None:
        target._node = node
        target._requires = True
        return
    chain: list[tuple[Operation, tuple[Any, ...]]] = []
    root = target
    while root._view is not None:
        view = root._view
        if view.kind == NO_GRAD:
            raise InplaceError(
                message(
                    f"{name}: a view taken under no_grad() is changed by a recorded operation",
                    expected="the view and its change both inside or both outside no_grad()",
                    got="the view inside, the change outside",
                    help="take the view outside no_grad(), or clone() it",
                )
            )
        if view.kind == SEVERAL:
            raise _several_error(name, view)
        chain.append((view.operation, view.params))
        root = view.parent
    chain.reverse()
    root._node = CopySlices(root, chain, node)
    root._requires = True
    refresh(target)


class CopySlices(Node):
    """The node of a base, one of whose views was changed in place.

    The base is now its old self with the slice replaced, so its gradient goes to the replacing
    operation through the slice, and to the old base everywhere else.
    """

    __slots__ = ("chain",)

    def __init__(self, root: Tensor, chain: list[tuple[Operation, tuple]], node: Node) -> None:
        self.plan = COPY_SLICES_PLAN
        self.chain = chain
        self.edges = (edge_of(root), node)
        self.saved = ()
        self.versions = None
        self.hooks = None
        self.shape = root._array.shape
        self.dtype = root._array.dtype
        self.sequence = next(SEQUENCE)

    def name(self) -> str:
        return "CopySlices"

    def backward(self, gradient: Tensor) -> tuple[Any, ...]:
        from flambeau.tensor.dispatch import apply, apply_inplace

        clone, zero = REGISTRY["clone"], REGISTRY["zero"]
        outside = None
        if self.edges[0] is not None:
            outside = apply(clone, (gradient,), (None,))
            apply_inplace(zero, self._slice(outside), (), ())
        return outside, apply(clone, (self._slice(gradient),), (None,))

    def _slice(self, tensor: Tensor) -> Tensor:
        from flambeau.tensor.dispatch import apply

        for operation, params in self.chain:
            tensor = apply(operation, (tensor,), params)
        return tensor


class _CopySlicesPlan:
    """Stands where other nodes keep the plan of their operation."""

    input_entries = ()
    output_entry = None


COPY_SLICES_PLAN = _CopySlicesPlan()


def edge_of(tensor: Any) -> Node | Output | Tensor | None:
    """Where a gradient for ``tensor`` goes: its node, itself if it is a leaf, or nowhere."""
    if not isinstance(tensor, Tensor):
        return None
    if tensor._view is not None:
        refresh(tensor)
    return (tensor._node or tensor) if tensor._requires else None


def _leaf_error(name: str, what: str) -> InplaceError:
    return InplaceError(
        message(
            f"{name}: {what} is used in an in-place operation",
            expected="a tensor that the backward pass can do without",
            got=what,
            help="wrap the change in no_grad(), or use the out-of-place operation",
        )
    )


def _several_error(name: str, view: View) -> InplaceError:
    return InplaceError(
        message(
            f"{name}: one of several views made by {view.operation.name} is changed in place",
            expected="a view of its own",
            got=f"an output of {view.operation.name}",
            help="take the view by indexing, or clone() it",
        )
    )
