"""Tensors and parameters from what a ``.pt`` file says of them."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np

from flambeau.checkpoint.effort import Effort
from flambeau.checkpoint.errors import damaged
from flambeau.checkpoint.storages import Storage
from flambeau.core.dtypes import FLOATING
from flambeau.core.dtypes import dtype as DataType
from flambeau.nn.parameter import Parameter, leaf_of
from flambeau.tensor.dispatch import wrap
from flambeau.tensor.tensor import Tensor


def tensor_v2(
    effort: Effort, storage: Any, offset: Any, shape: Any, strides: Any, requires_grad: Any,
    hooks: Any = None, bits: Any = None,
) -> Tensor:  # fmt: skip
    """A part of a storage that says its type."""
    if not isinstance(storage, Storage) or storage.dtype is None:
        raise TypeError
    return _tensor(effort, storage, storage.dtype, offset, shape, strides, requires_grad, bits)


def tensor_v3(
    effort: Effort, storage: Any, offset: Any, shape: Any, strides: Any, requires_grad: Any,
    hooks: Any, dtype: Any, bits: Any = None,
) -> Tensor:  # fmt: skip
    """A part of a storage of bytes."""
    if not isinstance(storage, Storage) or not isinstance(dtype, DataType):
        raise TypeError
    return _tensor(effort, storage, dtype, offset, shape, strides, requires_grad, bits)


def _tensor(
    effort: Effort, storage: Storage, dtype: DataType, offset: Any, shape: Any, strides: Any,
    requires_grad: Any, bits: Any,
) -> Tensor:  # fmt: skip
    if shape.__class__ not in (tuple, list) or strides.__class__ not in (tuple, list):
        raise TypeError
    array = storage.shown(dtype, offset, shape, strides)
    if bits:
        effort.charge_memory(array.nbytes)
        array = _resolved(array, bits)
    tensor = wrap(array)
    if requires_grad:
        _require_differentiable(dtype)
        tensor.requires_grad = True
    return tensor


def _resolved(array: np.ndarray, bits: Any) -> np.ndarray:
    """PyTorch may leave conjugation and the minus sign to be done later; here they are done."""
    if not isinstance(bits, dict) or not set(bits) <= {"conj", "neg"}:
        raise TypeError
    if bits.get("conj"):
        array = np.conjugate(array)
    if bits.get("neg"):
        array = np.negative(array)
    return np.asarray(array)


def parameter(effort: Effort, data: Any, requires_grad: Any, hooks: Any = None) -> Tensor:
    """A parameter over the memory of a tensor."""
    if not isinstance(data, Tensor):
        raise TypeError
    if requires_grad:
        _require_differentiable(data.dtype)
    return leaf_of(Parameter, data, bool(requires_grad))


def parameter_with_state(
    effort: Effort, data: Any, requires_grad: Any, hooks: Any, state: Any
) -> Tensor:
    """A parameter to which its user has attached something."""
    effort.charge(len(state))
    return attach(parameter(effort, data, requires_grad), state)


def attach(tensor: Tensor, state: Any) -> Tensor:
    """Give a tensor what its user had attached; names of the tensor's own are refused."""
    if state.__class__ not in (dict, OrderedDict):
        raise TypeError
    for name, value in state.items():
        if name.__class__ is not str or hasattr(Tensor, name):
            raise ValueError
        if not name.startswith("_"):  # those are notes of PyTorch's own
            tensor.__dict__[name] = value
    return tensor


def _require_differentiable(dtype: DataType) -> None:
    if dtype.category < FLOATING:
        raise damaged(
            "a tensor of integers wants a gradient",
            expected="a floating-point or complex tensor",
            got=repr(dtype),
        )
