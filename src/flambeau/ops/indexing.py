"""``x[...]`` and ``x[...] = v``.

An index is read entry by entry, as PyTorch does: integers, slices and ``None`` become views, one
graph node each; what tensors and masks select is then one :data:`INDEX` operation.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from flambeau.core.errors import message
from flambeau.core.number import Number
from flambeau.ops.advanced_indexing import index_put_into, indexed
from flambeau.ops.axes import ALIAS
from flambeau.ops.copying import copy_into, fill_
from flambeau.ops.slicing import SELECT, SLICE, checked_index
from flambeau.ops.view_record import view_of
from flambeau.ops.views import UNSQUEEZE
from flambeau.tensor.construction import array_of
from flambeau.tensor.dispatch import wrap
from flambeau.tensor.modes import INTERPRETED, MODE
from flambeau.tensor.tensor import Tensor


def getitem(self: Tensor, index: Any) -> Tensor:
    """``x[index]``: a view for integers, slices, ``...`` and ``None``; a copy for tensors.

    Raises:
        IndexError: for an index out of range, too many indices, or a mask that does not fit.
        ValueError: for slices with a negative step.
    """
    if index.__class__ is int:
        shape = self._array.shape
        if shape:
            size = shape[0]
            if not -size <= index < size:
                checked_index("index", index, 0, size)
            return view_of(SELECT, self, (0, index + size if index < 0 else index))
    view, tensors = walk(self, index)
    if tensors is None:
        return view_of(ALIAS, self, ()) if view is self else view
    return indexed(view, tensors)


def setitem(self: Tensor, index: Any, value: Any) -> None:
    """``x[index] = value``: writes into what the index selects.

    Args:
        index: as for reading.
        value: a number, or a tensor that broadcasts to the selection.

    Raises:
        IndexError: for an index out of range, too many indices, or a mask that does not fit.
        RuntimeError: if ``value`` does not broadcast, or the tensor cannot be changed.
    """
    view, tensors = walk(self, index)
    if tensors is None:
        _write(view, value)
        return
    index_put_into(view, tensors, as_value(value, view))


Tensor.__getitem__ = getitem  # type: ignore[attr-defined]
Tensor.__setitem__ = setitem  # type: ignore[attr-defined]


def as_value(value: Any, target: Tensor) -> Tensor:
    """What is assigned, as a tensor; numbers take the type of ``target``.

    Raises:
        TypeError: for what is neither a number nor a tensor.
    """
    if isinstance(value, Tensor):
        return value
    if isinstance(value, (int, float, complex, np.generic, Number)):
        number = np.empty((), target._array.dtype)
        fill_(wrap(number), value)
        return wrap(number)
    raise TypeError(
        message(
            "index: the value assigned is not a tensor",
            expected="a tensor or a number",
            got=type(value).__name__,
            help="make a tensor of it with flambeau.tensor(...)",
        )
    )


def _write(view: Tensor, value: Any) -> None:
    if not isinstance(value, Tensor):
        if not isinstance(value, (int, float, complex, np.generic, Number)):
            as_value(value, view)
        fill_(view, value)
        return
    if value._array.ndim > view._array.ndim:
        # Leading dimensions of size 1 do not count in an assignment.
        shape = value._array.shape
        extra = len(shape) - len(view._array.shape)
        if all(size == 1 for size in shape[:extra]):
            value = value.reshape(shape[extra:])  # type: ignore[attr-defined]
    if value._array is view._array:
        return
    copy_into("index", view, value)


def walk(x: Tensor, index: Any) -> tuple[Tensor, list[Any] | None]:
    """Take all views that an index asks for.

    Returns:
        The view, and for each of its dimensions the tensor that selects from it, ``None`` where
        none does (a mask stands for as many dimensions as it has); or no list at all.
    """
    entries = _entries(index)
    shape = x._array.shape
    consumed = sum([_dimensions(e) for e in entries])
    if consumed > len(shape):
        raise IndexError(
            message(
                "index: too many indices",
                expected=f"at most {len(shape)} for shape {tuple(shape)}",
                got=str(consumed),
            )
        )
    dim, position = 0, 0
    tensors: dict[int, Any] = {}
    for entry in entries:
        if entry is Ellipsis:
            skipped = len(shape) - consumed
            dim, position = dim + skipped, position + skipped
        elif entry is None:
            x = view_of(UNSQUEEZE, x, (dim,))
            dim += 1
        elif entry.__class__ is int:
            size = x._array.shape[dim]
            x = view_of(SELECT, x, (dim, checked_index("index", entry, position, size)))
            position += 1
        elif entry.__class__ is slice:
            x = _sliced(x, dim, entry)
            dim, position = dim + 1, position + 1
        elif entry is True or entry is False:
            x = view_of(UNSQUEEZE, x, (dim,))
            tensors[dim] = wrap(np.zeros(int(entry), np.int64))
            dim += 1
        else:
            tensors[dim] = entry
            width = _dimensions(entry)
            if width == 0:  # a 0-d mask has a dimension of size 1 for itself
                x = view_of(UNSQUEEZE, x, (dim,))
                tensors[dim] = entry.reshape(1)
                width, position = 1, position - 1
            dim, position = dim + width, position + width
    if not tensors:
        return x, None
    return x, _in_places(tensors)


def _in_places(tensors: dict[int, Any]) -> list[Any]:
    places: list[Any] = []
    for dim, tensor in sorted(tensors.items()):
        places += [None] * (dim - _width(places))
        places.append(tensor)
    return places


def _width(places: list[Any]) -> int:
    return sum([1 if p is None else _dimensions(p) for p in places])


def _sliced(x: Tensor, dim: int, entry: slice) -> Tensor:
    step = 1 if entry.step is None else entry.step.__index__()
    if step <= 0:
        raise ValueError(
            message(
                "index: slices need a positive step",
                expected="a step of at least 1",
                got=str(step),
                help="use flambeau.flip(x, (dim,)) to reverse a dimension",
            )
        )
    start, stop, step = slice(
        None if entry.start is None else entry.start.__index__(),
        None if entry.stop is None else entry.stop.__index__(),
        step,
    ).indices(x._array.shape[dim])
    return view_of(SLICE, x, (dim, start, max(start, stop), step))


def _dimensions(entry: Any) -> int:
    """How many dimensions an entry of an index stands for."""
    if entry is None or entry is Ellipsis or entry is True or entry is False:
        return 0
    if isinstance(entry, Tensor) and entry._array.dtype.kind in "b":
        return entry._array.ndim
    return 1


def _entries(index: Any) -> list[Any]:
    """The entries of an index: integers, slices, ``None``, ``...``, booleans and tensors."""
    if index.__class__ is tuple or index.__class__ is list and _stands_for_tuple(index):
        return [_entry(e) for e in index]
    return [_entry(index)]


def _stands_for_tuple(index: list[Any]) -> bool:
    """Whether a list is read as a tuple of indices, as NumPy once did and PyTorch does."""
    return len(index) < 32 and any(
        [e is None or e is Ellipsis or isinstance(e, (Tensor, slice, list, tuple)) for e in index]
    )


def _entry(e: Any) -> Any:
    kind = e.__class__
    if kind is int or kind is slice or e is None or e is Ellipsis or kind is bool:
        return e
    if isinstance(e, Tensor):
        return _tensor_entry(e)
    if isinstance(e, np.bool_):
        return bool(e)
    if isinstance(e, (list, tuple, np.ndarray, range)):
        return _tensor_entry(wrap(_index_array(e)))
    if hasattr(e, "__index__"):
        return e.__index__()
    if isinstance(e, str):
        raise TypeError(message("index: not an index", expected="integers, slices", got=repr(e)))
    raise IndexError(
        message(
            "index: not an index",
            expected="integers, slices, None, ..., and integer or bool tensors, arrays or lists",
            got=f"{e!r} of type {type(e).__name__}",
        )
    )


def _index_array(e: Any) -> np.ndarray:
    array = array_of(e, None, copy=False)
    if array.size == 0 and array.dtype.kind == "f":
        return array.astype(np.int64)
    return array


def _tensor_entry(e: Tensor) -> Any:
    array = e._array
    kind = array.dtype
    if kind == np.bool_:
        return e
    if kind == np.uint8:
        warnings.warn(
            "index: a uint8 tensor is read as a mask; make it one with .bool()", stacklevel=4
        )
        return e.bool()  # type: ignore[attr-defined]
    if kind not in (np.int64, np.int32):
        raise IndexError(
            message(
                "index: tensors used as indices must be of an integer or bool type",
                expected="int64, int32, uint8 or bool",
                got=str(e.dtype),
            )
        )
    if array.ndim == 0 and not MODE.code & INTERPRETED:
        return int(array)  # a number, and so a view; while recording it must stay an input
    return e
