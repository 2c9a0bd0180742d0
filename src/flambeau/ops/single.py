"""The short way through :func:`flambeau.tensor.dispatch.apply` for operations of one tensor.

Nothing happens here that ``apply`` would not do; it only costs less where nothing unusual is on.
On small tensors that is most of an operation's time.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.tensor.dispatch import apply, attach, versions_of, wrap
from flambeau.tensor.graph import SEQUENCE, Node
from flambeau.tensor.modes import INTERPRETED, MODE
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor
from flambeau.tensor.views import refresh

_new = object.__new__
_ndarray = np.ndarray
_ONE = (True,)
_RETRIED = (
    AttributeError, ValueError, TypeError, IndexError, OverflowError, RuntimeWarning,
    FloatingPointError,
)  # fmt: skip


def apply_one(op: Operation, input: Tensor, params: tuple[Any, ...] = ()) -> Any:
    """``apply(op, (input,), params)``.

    Raises:
        TypeError: if ``input`` is not a tensor.
    """
    code = MODE.code
    if code < INTERPRETED and not op.strict:
        try:
            out = op.evaluate(input._array, *params)
        except _RETRIED:
            pass  # apply() says what is wrong, or computes it quietly
        else:
            if out.__class__ is tuple:
                outs = tuple([wrap(x if x.__class__ is _ndarray else np.asarray(x)) for x in out])
                if code:
                    attach(op, (input,), params, outs)
                return outs
            return finish_one(op, input, params, out, code)
    if not isinstance(input, Tensor):
        raise not_a_tensor(op.name.removesuffix("_all"), input)
    return apply(op, (input,), params)


def finish_one(
    op: Operation, input: Tensor, params: tuple[Any, ...], out: Any, code: int
) -> Tensor:
    """A tensor around the result of an operation of one tensor, with its graph node."""
    tensor = _new(Tensor)
    tensor._array = out if out.__class__ is _ndarray else np.asarray(out)
    tensor._node = None
    tensor._requires = False
    tensor._view = None
    tensor._counter = None
    if code and (input._requires or input._view is not None):
        _attach_one(op, input, params, tensor)
    return tensor


def _attach_one(op: Operation, input: Tensor, params: tuple[Any, ...], out: Tensor) -> None:
    if input._view is not None:
        refresh(input)
    array = out._array
    if not input._requires or op.gradient is None:
        return
    if array.dtype.kind in "biu" or dtypes.of(array.dtype).category < dtypes.FLOATING:
        return
    node = _new(Node)
    node.plan = plan = op.plans.get(_ONE) or op.plan(_ONE)
    node.edges = (input._node or input,)
    node.hooks = None
    node.sequence = next(SEQUENCE)
    node.shape = array.shape
    node.dtype = array.dtype
    out._node = node
    out._requires = True
    node.saved = saved = plan.save((input,), out, params)
    node.versions = None
    if input._counter is not None and plan.input_entries:
        node.versions = versions_of(saved, plan.input_entries)


def not_a_tensor(name: str, x: Any) -> TypeError:
    """The error about something that should have been a tensor."""
    return TypeError(
        message(
            f"{name}: not a tensor",
            expected="a tensor",
            got=type(x).__name__,
            help="make one with flambeau.tensor(...)",
        )
    )
