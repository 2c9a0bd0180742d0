"""Views and in-place changes, as the graph sees them.

A view remembers its parent, the operation that made it, and the version its buffer had then. When
somebody changes the buffer in place and a gradient is involved, the tensor at the root of the
views gets a new node; the next time a view is asked for its own node, :func:`refresh` notices the
version and gives it a :class:`ReplayedView` of the root as it is now.
"""

from __future__ import annotations

from typing import Any

from flambeau.core.errors import InplaceError, message
from flambeau.core.strides import overlaps_itself
from flambeau.tensor.graph import SEQUENCE, Node, Output
from flambeau.tensor.modes import GRAD, MODE
from flambeau.tensor.operation import REGISTRY, Operation, Plan
from flambeau.tensor.tensor import Tensor, shared_counter

ORDINARY, SEVERAL, NO_GRAD = range(3)

_new = object.__new__


class View:
    """How a tensor is a view of another.

    Attributes:
        parent: the tensor it was taken from.
        operation, params: how.
        version: the buffer's version when this view's own node was made.
        kind: ``ORDINARY``; ``SEVERAL`` for one of several outputs; ``NO_GRAD`` if it was taken
            while gradients were off. A view of a view that is not ordinary is of the same kind.
        source: the parent's array then, by which a parent that was reshaped in place is told.
    """

    __slots__ = ("kind", "operation", "params", "parent", "source", "version")

    def __init__(
        self, parent: Tensor, operation: Operation, params: tuple[Any, ...], kind: int
    ) -> None:
        self.parent = parent
        self.operation = operation
        self.params = params
        self.version = shared_counter(parent).value
        self.source = parent._array
        above = parent._view
        self.kind = above.kind if above is not None and above.kind else kind


def note_view(
    tensor: Tensor, parent: Tensor, operation: Operation, params: tuple[Any, ...], kind: int
) -> None:
    """Write down that ``tensor``, just made and of the same memory, is a view of ``parent``.

    Args:
        tensor: the view.
        parent: what it was taken from.
        operation, params: how.
        kind: ``ORDINARY`` or ``SEVERAL``; what it becomes while gradients are off is seen here.
    """
    counter = parent._counter
    if counter is None:
        counter = shared_counter(parent)
    tensor._counter = counter
    tensor._view = view = _new(View)  # as __init__ does, without the call
    view.parent = parent
    view.operation = operation
    view.params = params
    view.version = counter.value
    view.source = parent._array
    if parent._view is not None and parent._view.kind:
        view.kind = parent._view.kind
    else:
        view.kind = kind if MODE.code & GRAD else NO_GRAD


def root_of(tensor: Tensor) -> Tensor:
    """The tensor that a view, or a view of views, was taken from; itself for other tensors."""
    view = tensor._view
    while view is not None:
        tensor = view.parent
        view = tensor._view
    return tensor


def refresh(tensor: Tensor) -> None:
    """Bring a view's place in the graph up to date if its buffer has changed since.

    Raises:
        RuntimeError: if the view was taken in a way that leaves it without a place in the graph.
    """
    view = tensor._view
    version = tensor._counter.value  # type: ignore[union-attr]
    if view.version == version:
        return
    root = root_of(tensor)
    if not root._requires and tensor._node is None:
        return
    if view.kind:
        raise _stale_error(tensor)
    view.version = version
    if root._requires:
        node = ReplayedView(tensor, root)
        _move_retained(tensor, node)
        tensor._node = node
        tensor._requires = True


def wants_gradient(tensor: Tensor) -> bool:
    """Whether a view requires a gradient; unlike using it, asking is never an error."""
    view = tensor._view
    if view.kind == ORDINARY:
        refresh(tensor)
    elif view.version != tensor._counter.value:  # type: ignore[union-attr]
        return tensor._requires or root_of(tensor)._requires
    return tensor._requires


def check_inplace(name: str, target: Tensor, records: Any = None) -> None:
    """Refuse an in-place change that would make a gradient wrong.

    Args:
        name: the operation, for errors.
        target: what is about to be changed.
        records: whether the change will be recorded; if not given, it is when ``target``
            requires a gradient.

    Raises:
        RuntimeError: while gradients are on, for a recorded change of a leaf that requires a
            gradient, a view of one, one of several views that one operation made, or a view
            taken while gradients were off.
    """
    if not MODE.code & GRAD:
        return
    view = target._view
    if view is None:
        if target._requires and target._node is None:
            raise _leaf_error(name, "a leaf tensor that requires a gradient")
        return
    root = root_of(target)
    if not (records or target._requires or root._requires):
        return
    if view.kind == NO_GRAD:
        raise _no_grad_error(name)
    if view.kind == SEVERAL:
        raise _several_error(name, target)
    refresh(target)
    if target._requires and target._node is None:
        raise _leaf_error(name, "a leaf tensor that requires a gradient")
    if target._requires and root._node is None:
        raise _leaf_error(name, "a view of a leaf tensor that requires a gradient")


def check_memory(name: str, target: Tensor) -> None:
    """Refuse to write into read-only memory.

    Raises:
        RuntimeError: for tensors over read-only arrays.
    """
    flags = getattr(target._array, "flags", None)
    if flags is not None and not flags.writeable:
        raise RuntimeError(
            message(
                f"{name}: the tensor cannot be written to",
                expected="a tensor over memory that may be written to",
                got=f"a tensor of shape {tuple(target._array.shape)} over read-only memory",
                help="clone() it first",
            )
        )


# What writes one and the same value everywhere may write it to a place several times.
FILLING = frozenset({"fill_", "zero_"})


def check_writable(name: str, target: Tensor) -> None:
    """Refuse to write into read-only memory, or where elements share one place in it.

    Raises:
        RuntimeError: for expanded tensors, and tensors over read-only arrays.
    """
    check_memory(name, target)
    if name not in FILLING:
        check_apart(name, target)


def check_apart(name: str, target: Tensor) -> None:
    """Refuse to write where elements share one place in memory.

    Raises:
        RuntimeError: for expanded tensors.
    """
    array = target._array
    if overlaps_itself(array.shape, array.strides):
        raise RuntimeError(
            message(
                f"{name}: several elements of the tensor share one place in memory",
                expected="a tensor whose elements each have a place of their own",
                got=f"an expanded tensor of shape {tuple(array.shape)}",
                help="clone() it first",
            )
        )


def set_history(name: str, target: Tensor, node: Node) -> None:
    """Give ``target``, just changed in place, the history ``node``; its root's follows.

    Args:
        name: the operation, for errors.
        target: what was changed; :func:`check_inplace` has let it pass.
        node: the node of the operation that changed it.
    """
    if target._view is None:
        _move_retained(target, node)
        target._node = node
        target._requires = True
        return
    check_inplace(name, target, records=True)
    chain: list[tuple[Operation, tuple[Any, ...]]] = []
    tensor = target
    while tensor._view is not None:
        view = tensor._view
        _check_source(view)
        chain.append((view.operation, view.params))
        tensor = view.parent
    chain.reverse()
    slices = CopySlices(tensor, chain, node)
    _move_retained(tensor, slices)
    tensor._node = slices
    tensor._requires = True
    replayed = ReplayedView(target, tensor)
    _move_retained(target, replayed)
    target._node = replayed
    target._requires = True
    target._view.version = target._counter.value  # type: ignore[union-attr]


def _move_retained(tensor: Tensor, node: Node) -> None:
    """A tensor whose ``grad`` is kept keeps that of its newest value."""
    edge = tensor._node
    old, index = (edge.node, edge.index) if edge.__class__ is Output else (edge, 0)
    if old is None or old.hooks is None or old.hooks.retained.get(index) is None:
        return
    if node.hooks is None:
        node.hooks = old.hooks.__class__()
    node.hooks.retained[0] = old.hooks.retained.pop(index)


class CopySlices(Node):
    """The node of a base, one of whose views was changed in place.

    The base is now its old self with the slice replaced. Its gradient goes to the old base with
    the slice replaced as well: by the gradient that the changing operation gives for the view's
    old value. The other inputs of that operation get theirs from the slice.
    """

    __slots__ = ("chain", "inner")

    def __init__(self, root: Tensor, chain: list[tuple[Operation, tuple]], inner: Node) -> None:
        self.plan = COMPOUND_PLAN
        self.chain = chain
        self.inner = inner
        self.edges = (edge_of(root), *inner.edges[1:])
        self.saved = ()
        self.versions = None
        self.hooks = None
        self.shape = root._array.shape
        self.dtype = root._array.dtype
        self.sequence = next(SEQUENCE)

    def name(self) -> str:
        return "torch::autograd::CopySlices"

    def backward(self, gradient: Tensor) -> tuple[Any, ...]:
        from flambeau.tensor.dispatch import apply, apply_inplace

        clone = REGISTRY["clone"]
        results = self.inner.backward(apply(clone, (self._slice(gradient),), (None,)))
        if self.edges[0] is None:
            return None, *results[1:]
        outside = apply(clone, (gradient,), (None,))
        slot = self._slice(outside)
        if results[0] is None:
            apply_inplace(REGISTRY["zero"], slot)
        else:
            apply_inplace(REGISTRY["copy"], slot, (results[0],))
        return outside, *results[1:]

    def release(self) -> None:
        self.inner.release()

    def _slice(self, tensor: Tensor) -> Tensor:
        from flambeau.tensor.dispatch import apply

        for operation, params in self.chain:
            tensor = apply(operation, (tensor,), params)
        return tensor


class ReplayedView(Node):
    """The node of a view whose buffer was changed after it was taken: it leads to the root."""

    __slots__ = ("steps",)

    def __init__(self, tensor: Tensor, root: Tensor) -> None:
        self.plan = COMPOUND_PLAN
        self.steps = _steps(tensor)
        self.edges = (root._node or root,)
        self.saved = ()
        self.versions = None
        self.hooks = None
        self.shape = tensor._array.shape
        self.dtype = tensor._array.dtype
        self.sequence = next(SEQUENCE)

    def name(self) -> str:
        return "AsStridedBackward0"

    def backward(self, gradient: Tensor) -> tuple[Any, ...]:
        for plan, saved in self.steps:
            (gradient,) = plan.backward(saved, gradient)
        return (gradient,)

    def release(self) -> None:
        """Nothing was saved but shapes."""


def _steps(tensor: Tensor) -> list[tuple[Plan, tuple[Any, ...]]]:
    """How a gradient goes from a view back to its root, one view at a time."""
    steps = []
    while tensor._view is not None:
        view = tensor._view
        _check_source(view)
        plan = view.operation.plan((True,))
        steps.append((plan, plan.save((view.parent,), tensor, view.params)))
        tensor = view.parent
    return steps


def _check_source(view: View) -> None:
    """A view can be taken again only from a parent that still has its sizes and strides."""
    if view.parent._array is not view.source:
        raise InplaceError(
            message(
                f"{view.operation.name}: the tensor that a view was taken from got other sizes, "
                "strides or memory in place",
                expected=f"a tensor of shape {tuple(view.source.shape)}",
                got=f"shape {tuple(view.parent._array.shape)}",
                help="take the view after the change, or use the out-of-place operation",
            )
        )


class _CompoundPlan:
    """Stands where other nodes keep the plan of their operation."""

    input_entries = ()
    output_entry = None
    needs = None
    checked = False


COMPOUND_PLAN = _CompoundPlan()


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


def _no_grad_error(name: str) -> InplaceError:
    return InplaceError(
        message(
            f"{name}: a view taken under no_grad() is changed by a recorded operation",
            expected="the view and its change both inside or both outside no_grad()",
            got="the view inside, the change outside",
            help="take the view outside no_grad(), or clone() it",
        )
    )


def _made_by(tensor: Tensor) -> str:
    """The operation with several outputs that a view, or what it is a view of, came from."""
    name = tensor._view.operation.name
    while tensor._view is not None and tensor._view.kind == SEVERAL:
        name, tensor = tensor._view.operation.name, tensor._view.parent
    return name


def _several_error(name: str, target: Tensor) -> InplaceError:
    maker = _made_by(target)
    return InplaceError(
        message(
            f"{name}: one of several views made by {maker} is changed in place",
            expected="a view of its own",
            got=f"an output of {maker}",
            help="take the view by indexing, or clone() it",
        )
    )


def _stale_error(tensor: Tensor) -> InplaceError:
    """A view without a place in the graph is used after its buffer was changed."""
    if tensor._view.kind == NO_GRAD:
        return InplaceError(
            message(
                "view: its base was changed by a recorded operation, the view taken in no_grad()",
                expected="the view and the change both inside or both outside no_grad()",
                got="the view inside, the change outside",
                help="take the view outside no_grad(), or clone() it",
            )
        )
    maker = _made_by(tensor)
    return InplaceError(
        message(
            f"{maker}: the base of one of its several views was changed in place",
            expected="a base that keeps its values while the views are used",
            got="a base at a later version",
            help="take the views by indexing, or use the out-of-place operation",
        )
    )
