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
from flambeau.ops.slicing import SELECT, SLICE, checked_index, placing_operation
from flambeau.ops.view_record import view_of, view_operation, view_over
from flambeau.ops.views import UNSQUEEZE
from flambeau.tensor.construction import array_of
from flambeau.tensor.dispatch import apply, bump, wrap
from flambeau.tensor.modes import INTERPRETED, MODE
from flambeau.tensor.operation import REGISTRY
from flambeau.tensor.tensor import Tensor
from flambeau.tensor.views import check_apart


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
    if _is_selector(index, self._array.ndim):
        return indexed(self, (index,))
    if MODE.code < INTERPRETED and not (MODE.code and self.requires_grad):
        view = _quickly(self, index)
        if view is not None:
            return view
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
    if MODE.code < INTERPRETED and _written_quickly(self, index, value):
        return
    if index is False:
        return  # selects nothing
    if _is_selector(index, self._array.ndim):
        index_put_into(self, (index,), as_value(value, self))
        return
    view, tensors = walk(self, index, writing=True)
    if tensors is None:
        _write(view, value)
        return
    index_put_into(view, tensors, as_value(value, view))


_INT64, _BOOL = np.dtype(np.int64), np.dtype(np.bool_)


def _is_selector(index: Any, ndim: int) -> bool:
    """Whether an index is one tensor, neither a number nor a flag, that fits so many dimensions."""
    if index.__class__ is not Tensor or index._array.ndim == 0 or ndim == 0:
        return False
    kind = index._array.dtype
    return kind is _INT64 or kind is _BOOL and index._array.ndim <= ndim


# What NumPy and PyTorch mean the same by. (bool is a class of its own: True adds a dimension.)
_BASIC = {int, slice, type(None), type(Ellipsis)}


def _basic(index: Any) -> tuple[Any, ...] | None:
    """An index as NumPy takes it, if it asks for nothing but views; the result is an array."""
    entries = index if index.__class__ is tuple else (index,)
    dots = False
    for e in entries:
        kind = e.__class__
        if kind not in _BASIC:
            return None
        if kind is slice:
            step = e.step
            if step is not None and (step.__class__ is not int or step <= 0):
                return None
        elif e is Ellipsis:
            dots = True
    return entries if dots else (*entries, Ellipsis)


def _part(array: np.ndarray, index: tuple[Any, ...]) -> np.ndarray:
    return array[tuple([slice(*e) if e.__class__ is tuple else e for e in index])]


def _hashable(index: tuple[Any, ...]) -> tuple[Any, ...]:
    """The index with slices as tuples, as a record's parameters must be."""
    return tuple([(e.start, e.stop, e.step) if e.__class__ is slice else e for e in index])


# Without a graph, the views that an index asks for are one. If a change in place gives the tensor
# a history later, the view is replayed by this record.
BASIC_BACKWARD = placing_operation(
    "basic_index_backward",
    _part,
    "index",
    lambda: BASIC_INDEX,
    samples=lambda make: [
        make.sample(inputs=(make.tensor((1, 2)),), params=((3, 4), (1, None, (0, 4, 2), ...))),
        make.sample(inputs=(make.tensor(()),), params=((3,), (1, ...))),
    ],
)

BASIC_INDEX = view_operation(
    "basic_index",
    _part,
    params="index",
    gradient={
        "input": lambda g, input_shape, index: apply(
            BASIC_BACKWARD, (g,), (tuple(input_shape), _hashable(index))
        )
    },
    samples=lambda make: [
        make.sample(inputs=(make.tensor((3, 4)),), params=((1, None, (0, 4, 2), ...),)),
        make.sample(inputs=(make.transposed((3, 4)),), params=((..., 1),)),
        make.sample(inputs=(make.tensor((3,)),), params=((1, ...),)),
        make.sample(inputs=(make.tensor((0, 2)),), params=((..., (None, None, None)),)),
    ],
)


def _quickly(x: Tensor, index: Any) -> Tensor | None:
    """The view that an index asks for; ``None`` if it asks for something else, or is wrong."""
    basic = _basic(index)
    if basic is None:
        return None
    try:
        return view_over(BASIC_INDEX, x, x._array[basic], (basic,))
    except (IndexError, TypeError):
        return None


def _written_quickly(x: Tensor, index: Any, value: Any) -> bool:
    """Write where nothing is recorded, converted or wrong; whether that was so."""
    if MODE.code and x.requires_grad:
        return False
    basic = _basic(index)
    array = x._array
    flags = array.flags
    if basic is None or not flags.writeable or not flags.forc:
        return False
    kind = array.dtype
    if isinstance(value, Tensor):
        if MODE.code and value.requires_grad or value._array.dtype is not kind:
            return False
        value = value._array
    elif not (value.__class__ is float and kind.kind == "f" and -6e4 < value < 6e4):
        return False
    try:
        array[basic] = value
    except (IndexError, ValueError, TypeError):
        return False
    bump(x)
    return True


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
        if MODE.code & INTERPRETED:
            kind = target._array.dtype
            return fill_(apply(REGISTRY["full"], (), ((), 0, kind, False)), value)
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
    check_apart("index", view)
    if not isinstance(value, Tensor):
        if not isinstance(value, (int, float, complex, np.generic, Number)):
            as_value(value, view)
        fill_(view, value)
        return
    if value._array.ndim == 0 and view._array.ndim:
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


def walk(x: Tensor, index: Any, writing: bool = False) -> tuple[Tensor, list[Any] | None]:
    """Take all views that an index asks for.

    Args:
        x: a tensor.
        index: the index.
        writing: whether what is selected will be written to: a slice that takes all of a
            dimension then needs no view of its own.

    Returns:
        The view, and for each of its dimensions the tensor that selects from it, ``None`` where
        none does (a mask stands for as many dimensions as it has); or no list at all.
    """
    entries = _entries(index)
    several = writing or index.__class__ is not slice
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
            x = _sliced(x, dim, entry, several)
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


def _sliced(x: Tensor, dim: int, entry: slice, several: bool) -> Tensor:
    """A slice of one dimension; among ``several`` entries, none where it would take all."""
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
    size = x._array.shape[dim]
    start, stop, step = slice(
        None if entry.start is None else entry.start.__index__(),
        None if entry.stop is None else entry.stop.__index__(),
        step,
    ).indices(size)
    if several and start == 0 and stop == size and step == 1:
        return x
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
