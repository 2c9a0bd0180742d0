"""Copies of tensors as Python objects: pickle, ``copy.copy`` and ``copy.deepcopy``."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np

from flambeau.core.dtypes import interned
from flambeau.core.errors import message
from flambeau.core.memory import address, as_block, owner
from flambeau.tensor.dispatch import method
from flambeau.tensor.modes import INTERPRETED, MODE
from flambeau.tensor.tensor import Tensor

_new = object.__new__


def rebuild(cls: type, array: np.ndarray, requires_grad: bool) -> Tensor:
    """A leaf of class ``cls`` around an array."""
    tensor = _new(cls)
    tensor._array = interned(array)
    tensor._node = None
    tensor._requires = requires_grad
    tensor._view = None
    tensor._counter = None
    return tensor


def users_attributes(tensor: Tensor) -> dict[str, Any] | None:
    """What the user has attached to a tensor; our own notes begin with an underscore."""
    found = {k: v for k, v in tensor.__dict__.items() if not k.startswith("_")}
    return found or None


@method("__reduce_ex__")
def _reduce(self: Tensor, protocol: int) -> tuple[Any, ...]:
    """What ``pickle`` stores: values, whether a gradient is wanted, and the user's attributes.

    Neither the gradient nor the history is stored, as in PyTorch.
    """
    if MODE.code & INTERPRETED:
        MODE.interpreter.read_value(self, "a copy by pickle")
    arguments = (type(self), self._array, self.requires_grad)
    return rebuild, arguments, users_attributes(self)


@method("__setstate__")
def _set_state(self: Tensor, state: dict[str, Any] | None) -> None:
    """Attach the user's attributes again."""
    if state:
        self.__dict__.update(state)


@method("__copy__")
def _copy(self: Tensor) -> Tensor:
    """Another tensor over the same memory, without history."""
    copy = rebuild(type(self), self._array, self.requires_grad)
    copy.__dict__.update(users_attributes(self) or {})
    return copy


@method("__deepcopy__")
def _deepcopy(self: Tensor, memo: dict[int, Any]) -> Tensor:
    """A copy of values and gradient.

    Tensors that share memory and are copied by one call share the memory of the copy.

    Raises:
        RuntimeError: for a tensor with a history.
    """
    found = memo.get(id(self))
    if found is not None:
        return found
    if MODE.code & INTERPRETED:
        MODE.interpreter.read_value(self, "a copy by deepcopy")
    if not self.is_leaf:
        raise RuntimeError(
            message(
                "deepcopy: only leaf tensors can be copied with their graph",
                expected="a tensor that no recorded operation made",
                got=f"the output of {self.grad_fn.name()}",
                help="use x.detach().clone(); a module may have kept it as an attribute",
            )
        )
    copy = rebuild(type(self), copied_array(self._array, memo), self._requires)
    memo[id(self)] = copy
    gradient = self.grad
    if gradient is not None:
        copy._grad = _deepcopy(gradient, memo) if gradient.is_leaf else gradient.detach().clone()
    for name, value in (users_attributes(self) or {}).items():
        copy.__dict__[name] = deepcopy(value, memo)
    return copy


def copied_array(array: np.ndarray, memo: dict[int, Any]) -> np.ndarray:
    """A copy of an array and of all the memory it is a part of, once for each ``memo``."""
    whole = owner(array)
    block = memo.get(id(whole))
    if block is None:
        block = memo[id(whole)] = as_block(whole).reshape(-1).copy()
        # The owner must outlive the memo: another array could get its identity.
        memo.setdefault(id(memo), []).append(whole)
    start = address(array) - address(whole)
    return np.ndarray(array.shape, array.dtype, block, start, array.strides)
