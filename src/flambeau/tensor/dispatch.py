"""The one way to compute anything: :func:`apply`, and its in-place twin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.tensor.anomaly import remember_line
from flambeau.tensor.graph import SEQUENCE, Node, Output, VersionCounter
from flambeau.tensor.modes import ANOMALY, GRAD, INTERPRETED, MODE
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor, shared_counter
from flambeau.tensor.views import (
    ORDINARY,
    SEVERAL,
    check_inplace,
    check_writable,
    edge_of,
    note_view,
    refresh,
    set_history,
)

_new = object.__new__
ndarray = np.ndarray


def wrap(array: Any) -> Tensor:
    """A tensor without history around an array (or a symbol)."""
    tensor = _new(Tensor)
    tensor._array = array
    tensor._node = None
    tensor._requires = False
    tensor._view = None
    tensor._counter = None
    return tensor


def apply(op: Operation, inputs: tuple[Any, ...], params: tuple[Any, ...] = ()) -> Any:
    """Compute ``op`` and record it where a gradient may be asked for.

    Args:
        op: the operation's record.
        inputs: tensors; for elementwise operations also Python numbers; ``None`` for inputs
            that are left out.
        params: its other arguments, in the record's order.
    """
    code = MODE.code
    if code & INTERPRETED:
        return MODE.interpreter.apply(op, inputs, params)
    arrays = [x._array if isinstance(x, Tensor) else x for x in inputs]
    out = evaluate(op, arrays, params)
    if out.__class__ is tuple:
        return _finish_several(op, inputs, params, out, code)
    if out.__class__ is not ndarray:
        out = np.asarray(out)
    tensor = _new(Tensor)
    tensor._array = out
    tensor._node = None
    tensor._requires = False
    tensor._view = None
    tensor._counter = None
    if op.view:
        mark_view(tensor, inputs[0], op, params, ORDINARY)
    if code & GRAD and inputs:
        attach(op, inputs, params, tensor)
    return tensor


def evaluate(op: Operation, arrays: list[Any], params: tuple[Any, ...]) -> Any:
    """Run the record's NumPy meaning; NumPy's own complaints become ours.

    NumPy reports overflow or a division by zero as a warning, which users may have turned into
    an error. Tensors hold inf and nan without a word, so the computation is repeated quietly.
    Any other failure is explained by ``infer``, which knows what the arguments should have been.
    """
    try:
        if op.strict:
            op.infer(*arrays, *params)
        return op.evaluate(*arrays, *params)
    except (RuntimeWarning, FloatingPointError):
        with np.errstate(all="ignore"):
            return op.evaluate(*arrays, *params)
    except (ValueError, TypeError, IndexError, OverflowError):
        op.infer(*arrays, *params)
        raise


def mark_view(tensor: Tensor, parent: Tensor, op: Operation, params: tuple, kind: int) -> None:
    """Note that ``tensor`` shares the memory of ``parent``, if it really does."""
    array, source = tensor._array, parent._array
    if array is source or array.base is source or _same_memory(array, source):
        note_view(tensor, parent, op, params, kind)


def _same_memory(array: Any, source: Any) -> bool:
    base = source.base
    return base is not None and (array.base is base or np.may_share_memory(array, source))


def attach(op: Operation, inputs: tuple[Any, ...], params: tuple[Any, ...], out: Any) -> None:
    """Give ``out`` (a tensor, or a tuple of them) its graph node, if any input wants a gradient."""
    needs, edges, found = [], [], False
    for x in inputs:
        need, edge = False, None
        if isinstance(x, Tensor):
            if x._view is None:
                if x._requires:
                    need, edge, found = True, x._node or x, True
            elif x.requires_grad:
                need, edge, found = True, edge_of(x), True
        needs.append(need)
        edges.append(edge)
    if not found or op.gradient is None:
        return
    needs = tuple(needs)
    node = _new(Node)
    node.plan = plan = op.plans.get(needs) or op.plan(needs)
    node.edges = tuple(edges)
    node.hooks = None
    node.sequence = next(SEQUENCE)
    if out.__class__ is tuple:
        _attach_several(op, node, out)
    else:
        array = out._array
        if dtypes.of(array.dtype).category < dtypes.FLOATING:
            return
        node.shape = array.shape
        node.dtype = array.dtype
        out._node = node
        out._requires = True
    node.saved = saved = plan.save(inputs, out, params)
    node.versions = versions_of(saved, plan.input_entries) if plan.input_entries else None
    if MODE.code & ANOMALY:
        remember_line(node)


def _attach_several(op: Operation, node: Node, outs: tuple[Tensor, ...]) -> None:
    node.shape = tuple(t._array.shape for t in outs)
    node.dtype = tuple(t._array.dtype for t in outs)
    for index, t in enumerate(outs):
        differentiable = dtypes.of(t._array.dtype).category >= dtypes.FLOATING
        if differentiable and index not in op.nondifferentiable_outputs:
            t._node = Output(node, index)
            t._requires = True


def versions_of(saved: tuple[Any, ...], entries: tuple[int, ...]) -> tuple[int, ...]:
    """The versions of those entries that are inputs."""
    return tuple([_version(saved[entry]) for entry in entries])


def _version(value: Any) -> int:
    if value.__class__ is tuple:
        return sum(_version(v) for v in value)
    counter = getattr(value, "_counter", None)
    return 0 if counter is None else counter.value


def _finish_several(
    op: Operation, inputs: tuple[Any, ...], params: tuple[Any, ...], arrays: tuple, code: int
) -> tuple[Tensor, ...]:
    outs = tuple([wrap(a if a.__class__ is ndarray else np.asarray(a)) for a in arrays])
    if op.view:
        for t in outs:
            mark_view(t, inputs[0], op, params, SEVERAL)
    if code & GRAD:
        attach(op, inputs, params, outs)
    return outs


# --- in place ---------------------------------------------------------------------------------


def apply_inplace(
    op: Operation, target: Tensor, others: tuple[Any, ...] = (), params: tuple[Any, ...] = ()
) -> Tensor:
    """Compute ``op(target, *others)`` into ``target``; returns ``target``.

    The buffer's version goes up and the history of ``target``, and of the tensor it may be a
    view of, is rebased onto the operation.

    Raises:
        RuntimeError: before anything has changed, if a gradient would become wrong, or if the
            result has another shape or a type of a higher category.
    """
    code = MODE.code
    if code < INTERPRETED and written(op, target, others, params):
        return target
    name = op.name + "_"
    inputs = (target, *others)
    records = (
        code & GRAD
        and target._array.dtype.kind not in "iub"
        and any([isinstance(x, Tensor) and x.requires_grad for x in inputs])
    )
    check_inplace(name, target, records)
    if code & INTERPRETED:
        return MODE.interpreter.apply_inplace(op, target, others, params)
    check_writable(name, target)
    array = target._array
    arrays = [x._array if isinstance(x, Tensor) else x for x in inputs]
    result = np.asarray(evaluate(op, arrays, params))
    check_result(name, array, result)
    if not records or op.gradient is None:
        np.copyto(array, result, casting="unsafe")
        bump(target)
        return target
    node = inplace_node(op, target, inputs, params, _snapshot)
    np.copyto(array, result, casting="unsafe")
    bump(target)
    finish_inplace(name, node, target)
    return target


# Ufuncs whose in-place operation takes numbers as the operation does: in the tensor's type.
_WITH_NUMBERS = frozenset((np.add, np.subtract, np.multiply, np.true_divide))
_SINGLE, _DOUBLE = dtypes.float32.numpy, dtypes.float64.numpy


def written(op: Operation, target: Any, others: tuple[Any, ...], params: tuple[Any, ...]) -> bool:
    """The usual case of an in-place operation, done at once where nothing has to be recorded.

    Public functions may ask for it before they look at their arguments: where these are unusual,
    nothing happens.

    Returns:
        Whether it was that case: operands of the target's type, float32 or float64, contiguous
        memory that may be written to, nobody who interprets or records. Otherwise nothing has
        changed.
    """
    code = MODE.code
    if code >= INTERPRETED or not isinstance(target, Tensor):
        return False
    if code and (target._requires or target._view is not None):
        return False
    array = target._array
    kind, flags = array.dtype, array.flags
    if not (kind is _SINGLE or kind is _DOUBLE) or not (flags.c_contiguous and flags.writeable):
        return False
    operands = [array]
    for x in others:
        if isinstance(x, Tensor):
            if code and (x._requires or x._view is not None):
                return False
            x = x._array
            if x.dtype is not kind:
                return False
        operands.append(x)
    ufunc = op.ufunc
    if ufunc is not None and (not params or params == (1,)):  # (1,): alpha of add and sub
        done = _by_ufunc(ufunc, array, operands)
    else:
        done = not op.strict and _by_copy(op, array, operands, params)
    if done:
        bump(target)
    return done


def _by_ufunc(ufunc: Any, array: np.ndarray, operands: list[Any]) -> bool:
    """Let NumPy write straight into the array."""
    if len(operands) == 2:
        x = operands[1]
        if x.__class__ is not ndarray:
            if ufunc not in _WITH_NUMBERS or not (x.__class__ is float or x.__class__ is int):
                return False
            try:
                operands[1] = array.dtype.type(x)
            except (RuntimeWarning, FloatingPointError, OverflowError):
                return False
    try:
        ufunc(*operands, array)
    except (RuntimeWarning, FloatingPointError):
        pass  # raised after the values were written
    except (ValueError, TypeError):
        return False
    return True


def _by_copy(op: Operation, array: np.ndarray, operands: list[Any], params: tuple) -> bool:
    """Compute the result, then copy it into the array."""
    try:
        result = op.evaluate(*operands, *params)
    except (
        AttributeError, FloatingPointError, IndexError, OverflowError, RuntimeWarning, TypeError,
        ValueError,
    ):  # fmt: skip
        return False  # explained, or computed quietly, by evaluate()
    if result.__class__ is not ndarray or result.dtype is not array.dtype:
        return False
    if result.shape != array.shape:
        return False
    array[...] = result
    return True


def check_result(name: str, array: Any, result: Any) -> None:
    """Refuse a result of another shape or a higher category than the tensor it goes into."""
    if result.shape != array.shape:
        raise RuntimeError(
            message(
                f"{name}: the result does not fit the tensor",
                expected=f"a result of shape {tuple(array.shape)}",
                got=f"shape {tuple(result.shape)}",
                help="use the out-of-place operation",
            )
        )
    from_, to = dtypes.of(result.dtype), dtypes.of(array.dtype)
    if not dtypes.can_cast(from_, to):
        raise RuntimeError(
            message(
                f"{name}: result type {from_} can't be cast to the tensor's type {to}",
                expected=f"a result that {to} can hold",
                got=str(from_),
                help="use the out-of-place operation, or convert the tensor first",
            )
        )


def inplace_node(
    op: Operation,
    target: Tensor,
    inputs: tuple[Any, ...],
    params: tuple[Any, ...],
    snapshot: Callable[[Tensor], Tensor],
) -> Node:
    """The node of an in-place operation, made before the target changes.

    What it saves of the target's old value is a copy; what it saves of the result is the target
    itself, at its new version (:func:`finish_inplace`).
    """
    needs = tuple([isinstance(x, Tensor) and x.requires_grad for x in inputs])
    plan = op.plan(needs)
    node = _new(Node)
    node.plan = plan
    node.edges = tuple([edge_of(x) if need else None for x, need in zip(inputs, needs)])
    node.hooks = None
    node.sequence = next(SEQUENCE)
    node.shape = target._array.shape
    node.dtype = target._array.dtype
    copies = tuple([snapshot(x) if _overlaps(x, target) else x for x in inputs])
    node.saved = saved = plan.save(copies, target, params)
    node.versions = versions_of(saved, plan.input_entries) if plan.input_entries else None
    if MODE.code & ANOMALY:
        remember_line(node)
    return node


def _overlaps(x: Any, target: Tensor) -> bool:
    return x is target or (
        isinstance(x, Tensor) and x._counter is not None and x._counter is target._counter
    )


def _snapshot(tensor: Tensor) -> Tensor:
    """A copy of a tensor's present value at the same place in the graph."""
    copy = wrap(tensor._array.copy())
    copy._node = tensor._node
    copy._requires = tensor._requires
    return copy


def finish_inplace(name: str, node: Node, target: Tensor) -> None:
    """Bring a saved result up to the new version and rebase the target's history."""
    entry = node.plan.output_entry
    if entry is not None:
        saved = node.saved[entry]  # type: ignore[index]
        saved.counter = shared_counter(target)
        saved.version = saved.counter.value
    set_history(name, target, node)


def bump(tensor: Tensor) -> None:
    """Count one more in-place change of the tensor's buffer."""
    counter = tensor._counter
    if counter is None:
        counter = tensor._counter = VersionCounter()
    counter.value += 1


# --- how the rooms above attach their functions -------------------------------------------------


def method(name: str | None = None) -> Callable[[Callable], Callable]:
    """Decorator: make a function a method of Tensor as well, under ``name`` or its own."""

    def register(function: Callable) -> Callable:
        setattr(Tensor, name or function.__name__, function)
        return function

    return register


__all__ = [
    "apply", "apply_inplace", "attach", "bump", "check_result", "edge_of", "evaluate",
    "finish_inplace", "inplace_node", "method", "refresh", "wrap", "written",
]  # fmt: skip
