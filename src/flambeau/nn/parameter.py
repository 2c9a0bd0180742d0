"""Tensors that modules own: parameters, buffers, and those whose shape is not known yet."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.core.shapes import Size
from flambeau.tensor.device import check_device
from flambeau.tensor.dispatch import wrap
from flambeau.tensor.tensor import Tensor, shared_counter

_new = object.__new__


class Parameter(Tensor):
    """A tensor that a module trains: assigned to a module's attribute, it is registered there.

    It shares the memory of ``data`` and is a leaf of the graph.

    Args:
        data: a tensor; an empty one if not given.
        requires_grad: whether a gradient is wanted.

    Raises:
        RuntimeError: if a gradient is wanted of integers or truth values.
        TypeError: if ``data`` is not a tensor.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.Parameter(fb.ones(2))
        Parameter containing:
        tensor([1., 1.], requires_grad=True)
    """

    __slots__ = ()

    def __new__(cls, data: Any = None, requires_grad: bool = True) -> Parameter:
        if data is None:
            data = wrap(np.empty(0, dtypes.get_default_dtype().numpy))
        return leaf_of(cls, data, requires_grad)

    def __repr__(self) -> str:
        return "Parameter containing:\n" + super().__repr__()

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameter:
        if id(self) not in memo:
            memo[id(self)] = leaf_of(type(self), _copied(self), self._requires)
        return memo[id(self)]

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return _rebuild, (type(self), self._array, self._requires, _attributes(self))


def leaf_of(cls: type, data: Any, requires_grad: bool) -> Any:
    """A leaf of class ``cls`` over the memory of ``data``."""
    if not isinstance(data, Tensor):
        raise TypeError(
            message(
                f"{cls.__name__}: data is not a tensor",
                expected="a tensor",
                got=type(data).__name__,
                help="make one with flambeau.tensor(...)",
            )
        )
    leaf = _new(cls)
    leaf._array = data._array
    leaf._node = None
    leaf._requires = False
    leaf._view = None
    leaf._counter = shared_counter(data)
    if requires_grad:
        leaf.requires_grad = True
    return leaf


def _copied(tensor: Tensor) -> Tensor:
    return wrap(tensor._array.copy("K"))


def _attributes(tensor: Tensor) -> dict[str, Any]:
    """What the user has attached; hooks and the like stay behind, as in PyTorch."""
    return {k: v for k, v in tensor.__dict__.items() if not k.startswith("_")}


def _rebuild(cls: type, array: Any, requires_grad: bool, attributes: dict[str, Any]) -> Any:
    leaf = leaf_of(cls, wrap(dtypes.interned(array)), requires_grad)
    leaf.__dict__.update(attributes)
    return leaf


class _BufferType(type):
    """Lets ``isinstance(x, Buffer)`` ask for what ``Buffer(...)`` attaches to a tensor."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Tensor) and "persistent" in instance.__dict__


class Buffer(metaclass=_BufferType):
    """A tensor that, assigned to a module's attribute, is registered there as a buffer.

    The result is a :class:`flambeau.Tensor` that shares the memory of ``data``.

    Args:
        data: a tensor; an empty one if not given.
        persistent: whether it belongs to the module's ``state_dict``.

    Raises:
        TypeError: if ``data`` is not a tensor.

    Example:
        >>> import flambeau as fb
        >>> module = fb.nn.Module()
        >>> module.mean = fb.nn.Buffer(fb.zeros(2))
        >>> list(module.state_dict())
        ['mean']
    """

    def __new__(cls, data: Any = None, *, persistent: bool = True) -> Any:
        if data is None:
            data = wrap(np.empty(0, dtypes.get_default_dtype().numpy))
        buffer = leaf_of(Tensor, data, data.requires_grad if isinstance(data, Tensor) else False)
        buffer.persistent = persistent
        return buffer


class _Uninitialized:
    """What tensors without a shape have in common: only ``materialize`` gives them one."""

    __slots__ = ()

    becomes: type

    @property
    def shape(self) -> Size:
        """Not known yet."""
        raise RuntimeError(
            message(
                f"{type(self).__name__}: the shape is not known yet",
                expected="a parameter or buffer whose shape is known",
                got="one that waits for its module's first input",
                help="call the module on an input first",
            )
        )

    def materialize(self, shape: Any, device: Any = None, dtype: Any = None) -> None:
        """Become an ordinary tensor with memory for ``shape``; the values are arbitrary.

        Args:
            shape: sizes.
            device: the CPU.
            dtype: the type; the one it was made with if not given.
        """
        check_device("materialize", device)
        kind = self._array.dtype if dtype is None else dtypes.as_numpy(dtype)
        self._array = np.empty(tuple(shape), kind)
        self.__class__ = self.becomes

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class UninitializedParameter(_Uninitialized, Parameter):
    """A parameter whose shape follows from the first input.

    Args:
        requires_grad: whether a gradient is wanted.
        device: the CPU.
        dtype: the type; the default type if not given.

    Example:
        >>> import flambeau as fb
        >>> p = fb.nn.UninitializedParameter()
        >>> p.materialize((2, 3)); p.shape
        torch.Size([2, 3])
    """

    __slots__ = ()
    becomes = Parameter

    def __new__(cls, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> Any:
        return leaf_of(cls, _without_shape(cls, device, dtype), requires_grad)


class UninitializedBuffer(_Uninitialized, Tensor):
    """A buffer whose shape follows from the first input.

    Args:
        requires_grad: whether a gradient is wanted.
        device: the CPU.
        dtype: the type; the default type if not given.
        persistent: whether it belongs to the module's ``state_dict``.
    """

    __slots__ = ()
    becomes = Tensor

    def __new__(
        cls,
        requires_grad: bool = False,
        device: Any = None,
        dtype: Any = None,
        persistent: bool = True,
    ) -> Any:
        buffer = leaf_of(cls, _without_shape(cls, device, dtype), requires_grad)
        buffer.persistent = persistent
        return buffer


def _without_shape(cls: type, device: Any, dtype: Any) -> Tensor:
    check_device(cls.__name__, device)
    kind = dtypes.get_default_dtype().numpy if dtype is None else dtypes.as_numpy(dtype)
    return wrap(np.empty(0, kind))


def is_lazy(tensor: Any) -> bool:
    """Whether a parameter or buffer waits for its shape."""
    return isinstance(tensor, _Uninitialized)
