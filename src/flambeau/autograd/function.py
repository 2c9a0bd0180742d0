"""Operations that users define, with their own gradient."""

from __future__ import annotations

import functools
import inspect
import weakref
from collections.abc import Callable
from typing import Any

from flambeau.core import dtypes
from flambeau.core.errors import GraphError, message
from flambeau.ops.creation import zeros
from flambeau.tensor.anomaly import remember_line
from flambeau.tensor.dispatch import bump, edge_of
from flambeau.tensor.graph import (
    SEQUENCE,
    Node,
    Output,
    SavedOutput,
    freed_error,
    inplace_error,
    version_of,
)
from flambeau.tensor.modes import ANOMALY, GRAD, INTERPRETED, MODE, set_grad
from flambeau.tensor.tensor import Tensor, shared_counter
from flambeau.tensor.views import check_inplace, set_history


class _FunctionPlan:
    """Stands where other nodes keep the plan of their operation."""

    input_entries = ()
    output_entry = None
    needs = None
    saves_nothing = False
    checked = False


_PLAN = _FunctionPlan()


class FunctionCtx:
    """What the methods of a :class:`Function` are given to remember things with.

    It takes attributes of any name, which are the user's; ``grad_fn`` of the outputs shows them.

    Attributes:
        needs_input_grad: for each argument of ``apply``, whether it wants a gradient.
        to_save: what ``save_for_backward`` was given, until ``forward`` has returned.
    """

    def __init__(self, node: FunctionNode, needs_input_grad: tuple[bool, ...]) -> None:
        self._node = weakref.ref(node)
        self._dirty: tuple[Tensor, ...] = ()
        self._nondifferentiable: tuple[Tensor, ...] = ()
        self._materialize = True
        self.needs_input_grad = needs_input_grad
        self.to_save: tuple[Any, ...] = ()

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
        self.to_save = tensors

    def mark_dirty(self, *tensors: Tensor) -> None:
        """Say which inputs ``forward`` changed in place and returned."""
        self._dirty = tensors

    def mark_non_differentiable(self, *tensors: Tensor) -> None:
        """Say which outputs never carry a gradient."""
        self._nondifferentiable = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """Whether ``backward`` gets zeros (as by default) or ``None`` for unused outputs."""
        self._materialize = value

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """What ``save_for_backward`` was given, once ``forward`` has returned.

        Raises:
            RuntimeError: if one was changed in place since, or the graph was freed.
        """
        node = self._node()
        if node is None or node.saved is None:
            raise freed_error()
        return tuple([_unpack(node, entry) for entry in node.saved])


class FunctionNode(Node):
    """The node of a :class:`Function`.

    Attributes:
        ctx: what the function's methods were given. It is another object, since its attributes
            belong to the user, who may well call one ``shape``.
        not_tensors: positions of the arguments that are no tensors.
    """

    __slots__ = ("ctx", "not_tensors")

    _function: type[Function]

    def __init__(self, args: tuple[Any, ...]) -> None:
        records = bool(MODE.code & GRAD)
        self.plan = _PLAN
        self.ctx = FunctionCtx(
            self, tuple([isinstance(x, Tensor) and x.requires_grad for x in args])
        )
        # The number is drawn after the edges are known: finding one may make a node.
        self.edges = tuple([edge_of(x) if records else None for x in args])
        self.sequence = next(SEQUENCE)
        self.not_tensors = frozenset([i for i, x in enumerate(args) if not isinstance(x, Tensor)])
        self.saved = ()
        self.versions = None
        self.hooks = None
        self.shape = None
        self.dtype = None
        if MODE.code & ANOMALY:
            remember_line(self)

    def __getattr__(self, name: str) -> Any:
        if name == "ctx":
            raise AttributeError(name)
        return getattr(self.ctx, name)

    def name(self) -> str:
        return self._function.__name__ + "Backward"

    def freeze(self, outputs: tuple[Any, ...], plain: bool) -> None:
        """Store saved tensors with their versions; outputs without a cycle."""
        entries = []
        for tensor in self.ctx.to_save:
            index = next((i for i, out in enumerate(outputs) if out is tensor), None)
            if tensor is None or index is None:
                entries.append((tensor, version_of(tensor), None))
            else:
                entries.append((SavedOutput(tensor), 0, None if plain else index))
        if MODE.saving is not None:
            entries = [MODE.saving.entry(self, *entry) for entry in entries]
        self.saved = tuple(entries)
        self.ctx.to_save = ()

    def backward(self, gradient: Any) -> tuple[Any, ...]:
        gradients = gradient if gradient.__class__ is tuple else (gradient,)
        if self.ctx._materialize:
            gradients = tuple(
                [_zeros(self, i) if g is None else g for i, g in enumerate(gradients)]
            )
        results = _rule(self._function)(self.ctx, *gradients)
        return _checked(self, results if isinstance(results, tuple) else (results,))

    def release(self) -> None:
        if self.saved:
            self.saved = None


def _rule(function: type[Function]) -> Callable[..., Any]:
    """The user's ``backward``, or ``vjp`` as it may be called as well."""
    if function.backward is Function.backward and function.vjp is not Function.vjp:
        return function.vjp
    return function.backward


def _checked(node: FunctionNode, results: tuple[Any, ...]) -> tuple[Any, ...]:
    """The gradients that a ``backward`` returned: one for each argument, tensors or ``None``."""
    count = len(node.edges)
    if len(results) > count and all(r is None for r in results[count:]):
        results = results[:count]
    if len(results) != count:
        raise GraphError(
            message(
                f"{node.name()}: backward returned a wrong number of gradients",
                expected=f"{count}, one for each argument of apply()",
                got=str(len(results)),
                help="return a tuple, with None for arguments that are not tensors",
            )
        )
    for position, result in enumerate(results):
        if result is None:
            continue
        if not isinstance(result, Tensor):
            raise GraphError(
                message(
                    f"{node.name()}: backward returned something else than gradients",
                    expected="tensors or None",
                    got=f"{type(result).__name__} for argument {position}",
                )
            )
        if position in node.not_tensors:
            raise GraphError(
                message(
                    f"{node.name()}: backward returned a gradient for what is no tensor",
                    expected=f"None for argument {position}",
                    got=f"a tensor of shape {tuple(result.shape)}",
                )
            )
    return results


def _unpack(node: FunctionNode, entry: tuple[Any, int, int | None]) -> Any:
    value, version, index = entry
    if value is not None and not isinstance(value, Tensor):
        return value.unpack(node, index)  # an output, or what hooks have packed
    if value is not None and version_of(value) != version:
        raise inplace_error(node, value, version_of(value), version)
    return value


def _zeros(node: FunctionNode, index: int) -> Any:
    several = isinstance(node.dtype, tuple)
    kind = node.dtype[index] if several else node.dtype
    if kind is None:
        return None
    return zeros(node.shape[index] if several else node.shape, dtype=dtypes.of(kind))


class Function:
    """A differentiable operation with a gradient of the user's own.

    Subclass it with two static methods and call ``apply``. ``backward`` is written in tensor
    operations, so it can be differentiated again unless it is decorated with
    :func:`once_differentiable`. ``forward`` may leave ``ctx`` out if there is a
    ``setup_context(ctx, inputs, output)``. ``backward`` may be called ``vjp``.

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

    @staticmethod
    def vjp(ctx: Any, *grad_outputs: Any) -> Any:
        """Another name for ``backward``."""
        raise _missing("backward")

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
        """Run ``forward`` on the arguments and record the operation.

        Args:
            args, kwargs: tensors and other values; gradients flow to the tensors among them.

        Raises:
            RuntimeError: if ``forward`` marked an input as changed that must not change, or did
                not return it.
        """
        in_two_parts = cls.setup_context is not Function.setup_context
        if kwargs or in_two_parts:
            args = _positional(cls, in_two_parts, args, kwargs)
        interpreter = MODE.interpreter if MODE.code & INTERPRETED else None
        while interpreter is not None:
            if hasattr(interpreter, "custom_function"):
                return interpreter.custom_function(cls, args)
            interpreter = getattr(interpreter, "outer", None)
        return cls._run(args)

    @classmethod
    def _run(cls, args: tuple[Any, ...]) -> Any:
        in_two_parts = cls.setup_context is not Function.setup_context
        node = cls._node_class(args)
        before = set_grad(False)
        try:
            if in_two_parts:
                result = cls.forward(*args)
                cls.setup_context(node.ctx, args, result)
            else:
                result = cls.forward(node.ctx, *args)
        finally:
            set_grad(before)
        return _finish(node, args, result, before and True in node.ctx.needs_input_grad)


def _positional(
    cls: type[Function], in_two_parts: bool, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Any, ...]:
    """All arguments of ``forward`` in their order, with its defaults."""
    signature = inspect.signature(cls.forward)
    found = (
        signature.bind(*args, **kwargs) if in_two_parts else signature.bind(None, *args, **kwargs)
    )
    found.apply_defaults()
    if found.kwargs:
        raise TypeError(
            message(
                f"{cls.__name__}: apply() cannot pass keyword-only arguments on",
                expected="arguments of forward() that may be positional",
                got=", ".join(found.kwargs),
            )
        )
    return found.args if in_two_parts else found.args[1:]


def _missing(what: str) -> RuntimeError:
    return RuntimeError(
        message(
            f"Function: {what} is missing",
            expected=f"a static method {what} on the subclass",
            got="none",
        )
    )


def _is_among(x: Any, others: tuple[Any, ...]) -> bool:
    return any([x is other for other in others])


def _finish(node: FunctionNode, args: tuple[Any, ...], result: Any, records: bool) -> Any:
    """Join the outputs to the graph."""
    plain = not isinstance(result, tuple)
    outputs = (result,) if plain else tuple(result)
    for tensor in node.ctx._dirty:
        _check_dirty(node, tensor, outputs, records)
        bump(tensor)
    outputs = tuple([_separate(node, out, args) for out in outputs])
    if records:
        _join(node, outputs, plain)
    else:
        outputs = tuple([_without_history(out) for out in outputs])
    return outputs[0] if plain else outputs


def _check_dirty(node: FunctionNode, tensor: Tensor, outputs: tuple, records: bool) -> None:
    if not _is_among(tensor, outputs):
        raise RuntimeError(
            message(
                f"{node._function.__name__}: an input marked as dirty was not returned",
                expected="every tensor given to mark_dirty() among the outputs of forward()",
                got=f"a tensor of shape {tuple(tensor.shape)} that is not",
            )
        )
    if records:
        check_inplace(node.name(), tensor, records=True)


def _separate(node: FunctionNode, out: Any, args: tuple[Any, ...]) -> Any:
    """An output as a tensor of its own in the graph, also if it is an unchanged input."""
    if isinstance(out, Tensor) and _is_among(out, args) and not _is_among(out, node.ctx._dirty):
        return out._alias(shared_counter(out))
    return out


def _without_history(out: Any) -> Any:
    """An output of a function that is not recorded, though ``forward`` may have recorded it."""
    return out.detach() if isinstance(out, Tensor) and out._node is not None else out


def _join(node: FunctionNode, outputs: tuple[Any, ...], plain: bool) -> None:
    tensors = [out if isinstance(out, Tensor) else None for out in outputs]
    shapes = tuple([() if t is None else t._array.shape for t in tensors])
    kinds = tuple([None if t is None else t._array.dtype for t in tensors])
    node.shape, node.dtype = (shapes[0], kinds[0]) if plain else (shapes, kinds)
    node.freeze(outputs, plain)
    for index, tensor in enumerate(tensors):
        if tensor is None or _is_among(tensor, node.ctx._nondifferentiable):
            continue
        if not (tensor.is_floating_point() or tensor.is_complex()):
            continue
        if _is_among(tensor, node.ctx._dirty) and tensor._view is not None:
            set_history(node.name(), tensor, node)
        else:
            tensor._node = node if plain else Output(node, index)
            tensor._requires = True


def once_differentiable(backward: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator for a ``backward`` that cannot be differentiated again.

    It may then use anything, NumPy for example; its result has a history that raises when
    somebody goes backward through it.

    Example:
        >>> import flambeau as fb
        >>> class Sine(fb.autograd.Function):
        ...     @staticmethod
        ...     def forward(ctx, x):
        ...         ctx.save_for_backward(x)
        ...         return x.sin()
        ...     @staticmethod
        ...     @fb.autograd.function.once_differentiable
        ...     def backward(ctx, g):
        ...         x, = ctx.saved_tensors
        ...         return g * x.cos()
        >>> x = fb.zeros(2, requires_grad=True)
        >>> Sine.apply(x).sum().backward()
        >>> x.grad
        tensor([1., 1.])
    """

    @functools.wraps(backward)
    def wrapped(ctx: Any, *gradients: Any) -> Any:
        before = set_grad(False)
        try:
            results = backward(ctx, *gradients)
        finally:
            set_grad(before)
        if not before or not any(isinstance(g, Tensor) and g.requires_grad for g in gradients):
            return results
        several = isinstance(results, tuple)
        marked = tuple([_end(r) for r in (results if several else (results,))])
        return marked if several else marked[0]

    return wrapped


def _end(tensor: Any) -> Any:
    if not isinstance(tensor, Tensor):
        return tensor
    node = _OnceNode(())
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
                help="write its backward in tensor operations and leave the mark out",
            )
        )
