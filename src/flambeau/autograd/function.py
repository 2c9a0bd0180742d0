"""Operations that users define, with their own gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flambeau.core.errors import GraphError, message
from flambeau.tensor.dispatch import bump, edge_of
from flambeau.tensor.graph import SEQUENCE, Node, Output, SavedOutput, freed_error, version_of
from flambeau.tensor.modes import GRAD, MODE, set_grad
from flambeau.tensor.tensor import Tensor
from flambeau.tensor.views import check_inplace, set_history


class _FunctionPlan:
    """Stands where other nodes keep the plan of their operation."""

    input_entries = ()
    output_entry = None
    saves_nothing = False
    checked = False


_PLAN = _FunctionPlan()


class FunctionNode(Node):
    """The node of a :class:`Function`; also the ``ctx`` its methods are given.

    Attributes:
        needs_input_grad: for each argument of ``apply``, whether it wants a gradient.
        saved_tensors: what ``save_for_backward`` was given.
    """

    __slots__ = ("_dirty", "_materialize", "_nondifferentiable", "_saved", "needs_input_grad")

    _function: type[Function]

    def __init__(self) -> None:
        self.plan = _PLAN
        self.edges = ()
        self.saved = ()
        self.versions = None
        self.hooks = None
        self.shape = None
        self.dtype = None
        self.sequence = next(SEQUENCE)
        self._saved: Any = ()
        self._dirty: tuple[Tensor, ...] = ()
        self._nondifferentiable: tuple[Tensor, ...] = ()
        self._materialize = True

    def name(self) -> str:
        return self._function.__name__ + "Backward"

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep tensors for ``backward``; in-place changes to them will be noticed.

        Args:
            tensors: inputs or outputs of the function, or ``None``.

        Raises:
            TypeError: for anything else.
        """
        for tensor in tensors:
            if tensor is not None and not isinstance(tensor, Tensor):
                raise TypeError(
                    message(
                        "save_for_backward: only tensors can be saved",
                        expected="tensors or None",
                        got=type(tensor).__name__,
                        help="keep other values as attributes of ctx",
                    )
                )
        self._saved = tensors

    def mark_dirty(self, *tensors: Tensor) -> None:
        """Say which inputs ``forward`` changed in place and returned."""
        self._dirty = tensors

    def mark_non_differentiable(self, *tensors: Tensor) -> None:
        """Say which outputs never carry a gradient."""
        self._nondifferentiable = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """Whether ``backward`` gets zeros (the default) or ``None`` for outputs without gradient."""
        self._materialize = value

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """What ``save_for_backward`` was given.

        Raises:
            RuntimeError: if one was changed in place since, or the graph was freed.
        """
        if self.saved is None:
            raise freed_error()
        return tuple(_unpack(self, entry) for entry in self._saved)

    def freeze(self, outputs: tuple[Any, ...], plain: bool) -> None:
        """Store saved tensors with their versions; outputs without a cycle."""
        entries = []
        for tensor in self._saved:
            index = next((i for i, out in enumerate(outputs) if out is tensor), None)
            if tensor is None or index is None:
                entries.append((tensor, version_of(tensor), None))
            else:
                entries.append((SavedOutput(tensor), 0, None if plain else index))
        self._saved = tuple(entries)
        self.saved = (True,)

    def backward(self, gradient: Any) -> tuple[Any, ...]:
        if self.saved is None:
            raise freed_error()
        gradients = gradient if gradient.__class__ is tuple else (gradient,)
        if self._materialize:
            gradients = tuple(
                _zeros(self, i) if g is None else g for i, g in enumerate(gradients)
            )
        results = self._function.backward(self, *gradients)
        results = results if isinstance(results, tuple) else (results,)
        return self._fit(results)

    def _fit(self, results: tuple[Any, ...]) -> tuple[Any, ...]:
        count = len(self.edges)
        if len(results) > count and all(r is None for r in results[count:]):
            results = results[:count]
        if len(results) != count:
            raise GraphError(
                message(
                    f"{self.name()}: backward returned a wrong number of gradients",
                    expected=f"{count}, one for each argument of apply()",
                    got=str(len(results)),
                    help="return None for arguments that are not tensors",
                )
            )
        return results

    def release(self) -> None:
        self.saved = None
        self._saved = ()


def _unpack(node: FunctionNode, entry: tuple[Any, int, int | None]) -> Any:
    value, version, index = entry
    if isinstance(value, SavedOutput):
        return value.unpack(node, index)
    if value is not None and version_of(value) != version:
        from flambeau.tensor.graph import inplace_error

        raise inplace_error(node, value, version_of(value), version)
    return value


def _zeros(node: FunctionNode, index: int) -> Any:
    from flambeau.ops import zeros

    several = isinstance(node.dtype, tuple)
    shape = node.shape[index] if several else node.shape
    from flambeau.core.dtypes import of

    return zeros(shape, dtype=of(node.dtype[index] if several else node.dtype))


class Function:
    """A differentiable operation with a gradient of the user's own.

    Subclass it with two static methods and call ``apply``. ``backward`` is written in tensor
    operations, so it can be differentiated again unless it is decorated with
    :func:`once_differentiable`. ``forward`` may leave ``ctx`` out if there is a
    ``setup_context(ctx, inputs, output)``.

    Example:
        >>> import flambeau as fb
        >>> class Double(fb.autograd.Function):
        ...     @staticmethod
        ...     def forward(ctx, x):
        ...         return x * 2
        ...     @staticmethod
        ...     def backward(ctx, g):
        ...         return g * 2
        >>> x = fb.ones(2, requires_grad=True)
        >>> y = Double.apply(x)
        >>> y
        tensor([2., 2.], grad_fn=<DoubleBackward>)
    """

    _node_class: type[FunctionNode]

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """The operation: ``forward(ctx, *args)``, computed without recording."""
        raise _missing("forward")

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        """What ``backward`` will need, for a ``forward`` without ``ctx``."""
        raise _missing("setup_context")

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """Gradients of the arguments from those of the outputs."""
        raise _missing("backward")

    vjp: Callable[..., Any]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._node_class = type(cls.__name__ + "Backward", (FunctionNode,), {"_function": cls})

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise RuntimeError(
            message(
                f"{type(self).__name__}: a Function is not instantiated",
                expected=f"{type(self).__name__}.apply(...)",
                got=f"{type(self).__name__}(...)",
            )
        )

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Run ``forward`` on ``args`` and record the operation.

        Args:
            args: tensors and other values; gradients flow to the tensors among them.
        """
        node = cls._node_class()
        node.needs_input_grad = tuple([isinstance(x, Tensor) and x.requires_grad for x in args])
        records = bool(MODE.code & GRAD) and True in node.needs_input_grad
        node.edges = tuple([edge_of(x) if records else None for x in args])
        before = set_grad(False)
        try:
            result = _forward(cls, node, args, kwargs)
        finally:
            set_grad(before)
        return _finish(node, args, result, records)


def _missing(what: str) -> RuntimeError:
    return RuntimeError(
        message(
            f"Function: {what} is missing",
            expected=f"a static method {what} on the subclass",
            got="none",
        )
    )


def _forward(cls: type[Function], node: FunctionNode, args: tuple, kwargs: dict) -> Any:
    if cls.setup_context is Function.setup_context:
        return cls.forward(node, *args, **kwargs)
    result = cls.forward(*args, **kwargs)
    cls.setup_context(node, args, result)
    return result


def _finish(node: FunctionNode, args: tuple[Any, ...], result: Any, records: bool) -> Any:
    """Join the outputs to the graph."""
    plain = not isinstance(result, tuple)
    outputs = (result,) if plain else tuple(result)
    for tensor in node._dirty:
        if records:
            check_inplace(node.name(), tensor)
        bump(tensor)
    # An input that comes back unchanged becomes a tensor of its own in the graph.
    outputs = tuple(
        out._alias(out._counter)
        if isinstance(out, Tensor)
        and any(out is x for x in args)
        and not any(out is d for d in node._dirty)
        else out
        for out in outputs
    )
    if records:
        _join(node, outputs, plain)
    return outputs[0] if plain else outputs


def _join(node: FunctionNode, outputs: tuple[Any, ...], plain: bool) -> None:
    tensors = [out if isinstance(out, Tensor) else None for out in outputs]
    shapes = tuple(() if t is None else t._array.shape for t in tensors)
    kinds = tuple(None if t is None else t._array.dtype for t in tensors)
    node.shape, node.dtype = (shapes[0], kinds[0]) if plain else (shapes, kinds)
    node.freeze(outputs, plain)
    for index, tensor in enumerate(tensors):
        if tensor is None or any(tensor is n for n in node._nondifferentiable):
            continue
        if not (tensor.is_floating_point() or tensor.is_complex()):
            continue
        if any(tensor is d for d in node._dirty) and tensor._view is not None:
            set_history(node.name(), tensor, node)
        else:
            tensor._node = node if plain else Output(node, index)
            tensor._requires = True


def once_differentiable(backward: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator for a ``backward`` that cannot be differentiated again.

    Its result has a history that raises when somebody tries.
    """

    def wrapped(ctx: Any, *gradients: Any) -> Any:
        before = set_grad(False)
        try:
            results = backward(ctx, *gradients)
        finally:
            set_grad(before)
        if not before or not any(isinstance(g, Tensor) and g.requires_grad for g in gradients):
            return results
        several = isinstance(results, tuple)
        marked = tuple(_end(r) for r in (results if several else (results,)))
        return marked if several else marked[0]

    return wrapped


def _end(tensor: Any) -> Any:
    if not isinstance(tensor, Tensor):
        return tensor
    node = _OnceNode()
    node.shape, node.dtype = tensor._array.shape, tensor._array.dtype
    tensor = tensor.detach()
    tensor._node, tensor._requires = node, True
    return tensor


class _OnceNode(FunctionNode):
    """The end of a graph that cannot be differentiated further."""

    __slots__ = ()

    def name(self) -> str:
        return "OnceDifferentiableBackward"

    def backward(self, gradient: Any) -> tuple[Any, ...]:
        raise GraphError(
            message(
                "backward: a function marked with once_differentiable is differentiated twice",
                expected="one derivative",
                got="a second one",
            )
        )
