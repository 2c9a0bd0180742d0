"""Modules that hold parameters in a list or in a dictionary."""

from __future__ import annotations

import operator
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from flambeau.core.errors import message
from flambeau.nn.containers import pairs
from flambeau.nn.module import Module
from flambeau.nn.parameter import Parameter
from flambeau.tensor.tensor import Tensor


def _as_parameter(value: Any) -> Any:
    """Plain tensors become parameters; everything else is kept as it is."""
    plain = isinstance(value, Tensor) and not isinstance(value, Parameter)
    return Parameter(value) if plain else value


def _line(key: Any, value: Any, type_of: Callable[[Tensor], Any]) -> str:
    """One entry's line; lists name a tensor's dtype there, dictionaries its type."""
    if not isinstance(value, Tensor):
        return f"  ({key}): Object of type: {type(value).__name__}"
    kind = "Parameter" if isinstance(value, Parameter) else "Tensor"
    sizes = "x".join(str(size) for size in value.shape)
    return f"  ({key}): {kind} containing: [{type_of(value)} of size {sizes}]"


def _not_called(container: Module) -> RuntimeError:
    return RuntimeError(
        message(
            f"{type(container).__name__}: it holds parameters and cannot be called",
            expected="a module with a forward()",
            got=type(container).__name__,
        )
    )


class ParameterList(Module):
    """A list of parameters; plain tensors put into it become parameters.

    Args:
        values: parameters, tensors, or other values.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.ParameterList([fb.zeros(2, 3)])
        ParameterList(  (0): Parameter containing: [torch.float32 of size 2x3])
    """

    def __init__(self, values: Iterable[Any] | None = None) -> None:
        super().__init__()
        self._size = 0
        if values is not None:
            self += values

    def _name_at(self, index: Any) -> str:
        position = operator.index(index)
        if not -self._size <= position < self._size:
            raise IndexError(
                message(
                    "ParameterList: index out of range",
                    expected=f"an index from {-self._size} to {self._size - 1}",
                    got=str(position),
                )
            )
        return str(position % self._size)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return type(self)(list(self)[index])
        return getattr(self, self._name_at(index))

    def __setitem__(self, index: int, value: Any) -> None:
        setattr(self, self._name_at(index), _as_parameter(value))

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Any]:
        return iter([getattr(self, str(i)) for i in range(self._size)])

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise _not_called(self)

    def __iadd__(self, values: Iterable[Any]) -> ParameterList:
        return self.extend(values)

    def append(self, value: Any) -> ParameterList:
        """Add a value at the end; returns the list.

        Args:
            value: a parameter, tensor, or other value.
        """
        name = str(self._size)
        self._size += 1
        setattr(self, name, _as_parameter(value))
        return self

    def extend(self, values: Iterable[Any]) -> ParameterList:
        """Add several values at the end; returns the list.

        Args:
            values: parameters, tensors, or other values.

        Raises:
            TypeError: if it cannot be iterated over, or is a single tensor.
        """
        if not isinstance(values, Iterable) or isinstance(values, Tensor):
            raise TypeError(
                message(
                    "ParameterList.extend: not a collection",
                    expected="an iterable of parameters",
                    got=type(values).__name__,
                )
            )
        for value in list(values):
            self.append(value)
        return self

    def extra_repr(self) -> str:
        return "\n".join(_line(i, value, lambda t: t.dtype) for i, value in enumerate(self))


class ParameterDict(Module):
    """A dictionary of parameters; plain tensors put into it become parameters.

    Args:
        parameters: a mapping, or pairs, from names to parameters, tensors, or other values.

    Example:
        >>> import flambeau as fb
        >>> held = fb.nn.ParameterDict({"scale": fb.ones(1)})
        >>> held["scale"].requires_grad
        True
    """

    def __init__(self, parameters: Any = None) -> None:
        super().__init__()
        self._keys: dict[str, None] = {}
        if parameters is not None:
            self.update(parameters)

    def _checked(self, key: Any) -> str:
        if not isinstance(key, str):
            raise TypeError(
                message(
                    "ParameterDict: the name is not a string",
                    expected="a string",
                    got=type(key).__name__,
                )
            )
        return key

    def __getitem__(self, key: str) -> Any:
        return getattr(self, self._checked(key))

    def __setitem__(self, key: str, value: Any) -> None:
        setattr(self, self._checked(key), _as_parameter(value))
        self._keys[key] = None

    def __delitem__(self, key: str) -> None:
        del self._keys[key]
        delattr(self, key)

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._keys))

    def __reversed__(self) -> Iterator[str]:
        return reversed(list(self._keys))

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    def keys(self) -> Any:
        """The names."""
        return self._keys.keys()

    def items(self) -> Any:
        """Names and values."""
        return [(key, self[key]) for key in self._keys]

    def values(self) -> Any:
        """The values."""
        return [self[key] for key in self._keys]

    def copy(self) -> ParameterDict:
        """Another dictionary with the same parameters."""
        return ParameterDict(self.items())

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a name, or ``default``.

        Args:
            key: the name.
            default: what to return if there is none.
        """
        return self[key] if key in self._keys else default

    def setdefault(self, key: str, default: Any = None) -> Any:
        """The value of a name, after setting it to ``default`` if there was none.

        Args:
            key: the name.
            default: the value to set.
        """
        if key not in self._keys:
            self[key] = default
        return self[key]

    def clear(self) -> None:
        """Take out all values."""
        for key in list(self._keys):
            del self[key]

    def pop(self, key: str) -> Any:
        """Take out a value and return it.

        Args:
            key: its name.
        """
        value = self[key]
        del self[key]
        return value

    def popitem(self) -> tuple[str, Any]:
        """Take out the last name and value and return them."""
        if not self._keys:
            raise KeyError("popitem: the dictionary is empty")
        key = next(reversed(self._keys))
        return key, self.pop(key)

    def fromkeys(self, keys: Iterable[str], default: Any = None) -> ParameterDict:
        """Another dictionary with the given names, all of one value.

        Args:
            keys: names.
            default: the value.
        """
        return ParameterDict([(key, default) for key in keys])

    def update(self, parameters: Any) -> None:
        """Add values, replacing those of the same name.

        Args:
            parameters: a mapping, or pairs, from names to values.

        Raises:
            TypeError: if it is neither.
            ValueError: if something in it is not a pair.
        """
        found = pairs("ParameterDict.update", parameters)
        ordered = (OrderedDict, ParameterDict)
        if isinstance(parameters, Mapping) and not isinstance(parameters, ordered):
            found = sorted(found)  # as in PyTorch, on whose order optimizers' states depend
        for key, value in found:
            self[key] = value

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise _not_called(self)

    def __or__(self, other: ParameterDict) -> ParameterDict:
        both = self.copy()
        both.update(other)
        return both

    def __ror__(self, other: Any) -> ParameterDict:
        both = ParameterDict(other)
        both.update(self)
        return both

    def __ior__(self, other: ParameterDict) -> ParameterDict:
        self.update(other)
        return self

    def extra_repr(self) -> str:
        return "\n".join(_line(key, value, Tensor.type) for key, value in self.items())
