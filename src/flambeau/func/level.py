"""Levels: what a transformation puts between a function and the operations it calls.

While a level is active, operations go to it. It hands them on to the level below in another form:
with a batch dimension (:mod:`flambeau.func.batching`), or together with their tangents
(:mod:`flambeau.func.forward`). Tensors of a level look like any others: they have the shape and
type that the function sees, are recorded in graphs, viewed and changed in place. What they hold in
place of an array is :class:`Held`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import prod
from typing import Any, ClassVar

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.core.spec import Spec
from flambeau.tensor.anomaly import user_line
from flambeau.tensor.dispatch import (
    apply_inplace,
    attach,
    bump,
    check_result,
    finish_inplace,
    inplace_node,
    wrap,
)
from flambeau.tensor.interpreting import Interpreter, Passing
from flambeau.tensor.modes import GRAD, INTERPRETED, MODE
from flambeau.tensor.operation import REGISTRY, Operation
from flambeau.tensor.tensor import Tensor
from flambeau.tensor.views import ORDINARY, SEVERAL, note_view, root_of

# What Python may ask of a value that is known: numbers, from which no derivative follows.
DECISIONS = frozenset({"item()", "tolist()", "a decision (bool)"})


class LevelError(RuntimeError):
    """Something was asked of a tensor that its transformation cannot give."""


class Held:
    """Shape, type and strides of a tensor of a level, as the function sees it.

    Attributes:
        level: to which it belongs.
        index: which output it is, of an operation with several.
    """

    __slots__ = ("dtype", "index", "level", "shape", "strides")

    flags = None
    base = None

    def __init__(self, level: Level, shape: Any, dtype: Any, strides: Any) -> None:
        self.level = level
        self.shape = tuple(shape)
        self.dtype = dtype
        self.strides = tuple(strides)
        self.index = 0

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return prod(self.shape)

    @property
    def itemsize(self) -> int:
        return self.dtype.itemsize

    @property
    def nbytes(self) -> int:
        return self.size * self.dtype.itemsize

    def spec(self) -> Spec:
        """What is known of it."""
        return Spec(self.shape, self.dtype, self.strides)

    def parts(self) -> tuple[Tensor | None, ...]:
        """The tensors of the level below that it stands for."""
        return ()

    def readable(self) -> Tensor | None:
        """A tensor of the level below that has the values which Python may look at, if any."""
        return None

    def item(self) -> Any:
        return self._known().item()

    def tolist(self) -> Any:
        return self._known().tolist()

    def __bool__(self) -> bool:
        return bool(self._known())

    def _known(self) -> Any:
        inner = self.readable()
        if inner is None:
            raise self.level.value_error("its data", self.shape)
        return inner._array

    def describe(self) -> str:
        """What ``print`` shows of a tensor that holds this."""
        return f"tensor(..., size={self.shape}, dtype={dtypes.of(self.dtype)}, in {self!r})"

    def __repr__(self) -> str:
        return f"<{self.level.name} {self.dtype}{list(self.shape)}>"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        raise self.level.value_error(f"its data (.{name})", self.shape)

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise self.level.value_error("a conversion to NumPy", self.shape)


class Level(Interpreter):
    """The interpreter of one call of a transformed function.

    Use it as a context manager around the call. A subclass says how an operation is computed
    (:meth:`compute`), how tensors from outside come in (:meth:`constant`), and how a tensor makes
    room for what it could not hold before (:meth:`widened`).

    Attributes:
        outer: the interpreter below, if there is one.
        entry: the mode it was entered in.
        transforms: whether it asks of operations more than their values.
        attaching: whether results get graph nodes; off while a composite operation is taken apart.
        tracks: whether anything below is recorded in a graph.
    """

    name: ClassVar[str] = "level"
    transforms: ClassVar[bool] = True

    def __enter__(self) -> Any:
        self.entry = MODE.code
        self.outer = MODE.interpreter if self.entry & INTERPRETED else None
        # A region around the transformation (mixed precision, a profiler) is asked first, as it
        # would be for the operations of any function that is called in it.
        self.above: Passing | None = None
        while isinstance(self.outer, Passing):
            self.above, self.outer = self.outer, self.outer.outer
        self.attaching = True
        self.tracks = False
        self.is_active = True
        if self.above is None:
            MODE.interpreter = self
        else:
            self.above.outer = self
        MODE.code |= INTERPRETED
        return self

    def __exit__(self, *error: object) -> None:
        self.is_active = False
        if self.above is None:
            MODE.interpreter = self.outer
        else:
            self.above.outer = self.outer
        MODE.code = (MODE.code & ~INTERPRETED) | (self.entry & INTERPRETED)

    # --- what a kind of level says ------------------------------------------------------------

    def compute(self, op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
        """Held results of an operation; runs at the level below.

        Args:
            op: the operation.
            operands: what tensors hold, and numbers or ``None`` as they are.
            params: its parameters.
        """
        raise TypeError("a kind of level says how it computes")

    def constant(self, x: Tensor) -> Held:
        """What a tensor from outside holds here."""
        raise TypeError("a kind of level says what constants hold")

    def widened(self, held: Any, value: Any) -> Held | None:
        """What ``held`` has to become before ``value`` can be written to it; ``None``: it fits.

        Runs at the level below.
        """
        raise TypeError("a kind of level says what fits")

    def write(self, held: Any, value: Any) -> None:
        """Copy ``value`` into ``held``; runs at the level below."""
        raise TypeError("a kind of level says how it writes")

    # --- being the interpreter ----------------------------------------------------------------

    def apply(self, op: Operation, inputs: tuple[Any, ...], params: tuple[Any, ...]) -> Any:
        """Compute an operation on tensors of this level and of those below."""
        inside = MODE.code
        lifted = tuple([self.lifted(x) if isinstance(x, Tensor) else x for x in inputs])
        operands = [x._array if isinstance(x, Tensor) else x for x in lifted]
        results = self._below(inside, self.compute, op, operands, params)
        several = results.__class__ is tuple
        tensors = [wrap(r) for r in (results if several else (results,))]
        for index, (tensor, result) in enumerate(zip(tensors, results if several else (results,))):
            result.index = index
            if not self.tracks and any([p is not None and p._requires for p in result.parts()]):
                self.tracks = True
            if op.view and _shares(result, operands[0]):
                note_view(tensor, lifted[0], op, params, SEVERAL if several else ORDINARY)
        out = tuple(tensors) if several else tensors[0]
        if inside & GRAD and self.attaching:
            attach(op, lifted, params, out)
        return out

    def apply_inplace(
        self, op: Operation, target: Tensor, others: tuple[Any, ...], params: tuple[Any, ...]
    ) -> Tensor:
        """Compute an in-place operation."""
        inside = MODE.code
        if not self.owns(target):
            return self._change_outside(op, target, others, params)
        inputs = (target, *[self.lifted(x) if isinstance(x, Tensor) else x for x in others])
        held = self.held(target)
        operands = [held, *[x._array if isinstance(x, Tensor) else x for x in inputs[1:]]]
        wanted = [isinstance(x, Tensor) and x.requires_grad for x in inputs]
        node = None
        if inside & GRAD and self.attaching and op.gradient is not None and any(wanted):
            node = inplace_node(op, target, inputs, params, self._snapshot)
        if inside & self.entry & GRAD and _is_tracked(operands):
            # What the operations below save of the old value must outlive the change.
            operands[0] = self._below(inside, self.compute, REGISTRY["clone"], [held], (None,))
        result = self._below(inside, self.compute, op, operands, params)
        check_result(op.name + "_", held, result)
        self._store(inside, target, result)
        bump(target)
        if node is not None:
            finish_inplace(op.name + "_", node, target)
        return target

    def _change_outside(
        self, op: Operation, target: Tensor, others: tuple[Any, ...], params: tuple[Any, ...]
    ) -> Tensor:
        """An in-place change of a tensor that the function was not given."""
        values = [self.outside_value(op.name + "_", x) for x in others]
        self._below(MODE.code, apply_inplace, op, target, tuple(values), params)
        return target

    def _store(self, inside: int, target: Tensor, result: Any) -> None:
        wider = self._below(inside, self.widened, target._array, result)
        if wider is not None:
            root = root_of(target)
            if root is not target:
                wider = self._below(inside, self.widened, self.held(root), result)
            root._array = wider  # views of it notice when they are next looked at
        self._below(inside, self.write, self.held(target), result)

    def _snapshot(self, tensor: Tensor) -> Tensor:
        clone = wrap(
            self._below(MODE.code, self.compute, REGISTRY["clone"], [self.held(tensor)], (None,))
        )
        clone._node, clone._requires = tensor._node, tensor._requires
        return clone

    def _below(self, inside: int, function: Any, *args: Any) -> Any:
        """Run a function at the level below, where gradients are on if they are here and there."""
        top = MODE.interpreter
        MODE.code = (inside & ~(GRAD | INTERPRETED)) | (inside & self.entry & GRAD)
        if self.outer is not None:
            MODE.code |= INTERPRETED
        MODE.interpreter = self.outer
        try:
            return function(*args)
        finally:
            MODE.code = inside
            MODE.interpreter = top

    def taken_apart(self, op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
        """A composite operation by its simpler ones, at this level; called from :meth:`compute`.

        ``None`` where the record has no simpler ones for such inputs.
        """
        return self.at_its_level(lambda *inputs: op.decompose(*inputs, *params), operands)  # type: ignore[misc]

    def at_its_level(self, function: Callable[..., Any], operands: list[Any]) -> Any:
        """Run a function of tensors at this level, from below, without graph nodes in between."""
        below, tensors = MODE.code, [wrap(x) if isinstance(x, Held) else x for x in operands]
        attaching, self.attaching = self.attaching, False
        MODE.code |= INTERPRETED
        MODE.interpreter = self
        try:
            out = function(*tensors)
            if out is NotImplemented:
                return None
            if isinstance(out, tuple):
                return tuple(self.held(self.lifted(x)) for x in out)
            return self.held(self.lifted(out))
        finally:
            self.attaching = attaching
            MODE.code = below
            MODE.interpreter = self.outer

    @contextmanager
    def resumed(self) -> Iterator[None]:
        """The level again, for a backward pass below it that calls functions of this level."""
        before = self.entry, self.outer, MODE.interpreter, MODE.code
        self.entry = MODE.code
        self.outer = MODE.interpreter if MODE.code & INTERPRETED else None
        MODE.interpreter, MODE.code = self, MODE.code | INTERPRETED
        try:
            yield
        finally:
            self.entry, self.outer, MODE.interpreter, MODE.code = before

    # --- tensors of this level ----------------------------------------------------------------

    def owns(self, x: Tensor) -> bool:
        """Whether a tensor belongs to this level."""
        return isinstance(x._array, Held) and x._array.level is self

    def lifted(self, x: Tensor) -> Tensor:
        """The tensor itself if it belongs here; one that holds it as a constant otherwise."""
        array = x._array
        if isinstance(array, Held):
            if array.level is self:
                if x._view is not None:
                    self.held(x)
                return x
            if not array.level.is_active:
                raise escaped_error(array)
        made = wrap(self.constant(x))
        made._counter = x._counter
        return made

    def held(self, x: Tensor) -> Any:
        """What a tensor of this level holds, also if what it is a view of has become wider."""
        view = x._view
        if view is not None and self.owns(view.parent):
            source = self.held(view.parent)
            if source is not view.source:
                outs = self._below(MODE.code, self.compute, view.operation, [source], view.params)
                index = x._array.index
                x._array = outs[index] if outs.__class__ is tuple else outs
                x._array.index = index
                view.source = source
        return x._array

    def outside_value(self, name: str, x: Any) -> Any:
        """A value to be written to a tensor from outside."""
        if isinstance(x, Tensor) and self.owns(x):
            raise LevelError(
                message(
                    f"{name}: a tensor from outside is changed inside {self.name}",
                    expected="changes of tensors that the function was given or has made",
                    got=f"a value of shape {tuple(x.shape)} that {self.name} follows",
                    help="return the value, or make the tensor inside the function",
                )
            )
        return x

    # --- what else the rooms below ask of an interpreter --------------------------------------

    def fresh(self, tensor: Tensor) -> Tensor:
        return self.lifted(self._below(MODE.code, super().fresh, tensor))

    def read_value(self, tensor: Tensor, what: str) -> None:
        held = tensor._array
        if not isinstance(held, Held):
            super().read_value(tensor, what)
            return
        inner = held.readable() if what in DECISIONS else None
        if inner is None:
            raise held.level.value_error(what, held.shape)
        self._below(MODE.code, inner._values, what)  # the levels below have a say, too

    def read_grad(self, tensor: Tensor) -> Tensor | None:
        if isinstance(tensor._array, Held):
            return tensor._stored_grad()
        return super().read_grad(tensor)

    def write_grad(self, tensor: Tensor, gradient: Tensor | None) -> None:
        if isinstance(tensor._array, Held):
            tensor._grad = gradient
        else:
            super().write_grad(tensor, self.outside_value("grad", gradient))

    def value_error(self, what: str, shape: tuple[int, ...]) -> LevelError:
        """The value of a tensor of this level was asked for."""
        return LevelError(
            message(
                f"{self.name}: {what} is asked of a tensor inside the transformed function",
                expected="operations on tensors",
                got=f"a tensor of shape {tuple(shape)} at {user_line()}",
                help="use flambeau.where() or func.cond() for decisions, or return the tensor and "
                "look at it outside",
            )
        )


def _is_tracked(operands: list[Any]) -> bool:
    """Whether a graph below has to do with any of the operands."""
    return any(
        p is not None and p.requires_grad
        for x in operands
        if isinstance(x, Held)
        for p in x.parts()
    )


def _shares(result: Any, source: Any) -> bool:
    """Whether a result of a view operation shares memory with what it was taken from."""
    made, given = result.parts()[0], source.parts()[0]
    return made is not given and root_of(made) is root_of(given)


def escaped_error(held: Held) -> LevelError:
    """A tensor was used after the transformed function returned."""
    return LevelError(
        message(
            f"{held.level.name}: a tensor is used outside the transformed function that made it",
            expected="values that the function returns",
            got=f"a tensor of shape {tuple(held.shape)} that was kept inside it",
            help="return it",
        )
    )


def is_tracked_below() -> bool:
    """Whether a level is active below which something is recorded in a graph."""
    level = MODE.interpreter if MODE.code & INTERPRETED else None
    while level is not None:
        if getattr(level, "tracks", False):
            return True
        level = getattr(level, "outer", None)
    return False


def off_graph(x: Tensor) -> Tensor:
    """The same value outside the graph of the active level; graphs below go on.

    ``detach()`` is the user's: it leaves the graphs of all levels.
    """
    return x._alias(x._counter)


def debug_unwrap(tensor: Tensor, *, recurse: bool = True) -> Tensor:
    """What a tensor inside a transformed function stands for, to look at.

    Args:
        tensor: any tensor.
        recurse: look through all transformations, not only the innermost.

    Returns:
        All examples of a tensor inside ``vmap``, the primal of one inside ``jvp``; another tensor
        itself.

    Example:
        >>> import flambeau as fb
        >>> seen = []
        >>> _ = fb.vmap(lambda x: seen.append(fb.func.debug_unwrap(x).shape) or x)(fb.ones(3, 2))
        >>> seen
        [torch.Size([3, 2])]
    """
    while isinstance(tensor._array, Held):
        inner = tensor._array.parts()[0]
        assert inner is not None  # what a tensor stands for always has a value
        tensor = inner
        if not recurse:
            break
    return tensor
