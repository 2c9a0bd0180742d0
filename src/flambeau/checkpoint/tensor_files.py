"""Tensors by name in the safetensors format: written whole, read whole or as they are asked for.

The format is a header, which says each tensor's type, shape and place, and the bytes of all of
them without gaps. The safetensors package checks what is read; a file that passed is mapped into
memory, and tensors show the parts of it that are theirs. (It does not write here: it makes a
temporary file of its own, which nobody forces to the disk, and the file twice in memory.)
"""

from __future__ import annotations

import itertools
import json
import math
import os
import reprlib
import struct
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from flambeau.checkpoint.errors import DamagedFileError, UnstorableObjectError
from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.tensor.device import check_device
from flambeau.tensor.dispatch import wrap
from flambeau.tensor.tensor import Tensor

_CODES = {
    "BOOL": dtypes.bool_,
    "U8": dtypes.uint8,
    "I8": dtypes.int8,
    "I16": dtypes.int16,
    "I32": dtypes.int32,
    "I64": dtypes.int64,
    "U16": dtypes.uint16,
    "U32": dtypes.uint32,
    "U64": dtypes.uint64,
    "F16": dtypes.float16,
    "BF16": dtypes.bfloat16,
    "F32": dtypes.float32,
    "F64": dtypes.float64,
    "C64": dtypes.complex64,
}
_CODE_OF = {dtype: code for code, dtype in _CODES.items()}
_MOST_DIMENSIONS = 64  # NumPy's limits
_LARGEST = 2**59
_LENGTH = struct.Struct("<Q")


def save_safetensors(
    tensors: Mapping[str, Tensor],
    filename: str | os.PathLike[str],
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write tensors into a safetensors file, at once or not at all (see :func:`flambeau.save`).

    Args:
        tensors: by name; a module's ``state_dict()`` for instance. They need not be contiguous.
        filename: the path.
        metadata: notes, text by text.

    Raises:
        TypeError: if a value is not a tensor, or of a type that the format lacks (complex128).
        RuntimeError: if two tensors share memory: the format cannot say so.
        OSError: as the system says; the old file is untouched then.

    Example:
        >>> import flambeau as fb, tempfile, os
        >>> path = os.path.join(tempfile.mkdtemp(), "model.safetensors")
        >>> fb.checkpoint.save_safetensors({"weight": fb.ones(2)}, path, {"epoch": "3"})
        >>> fb.checkpoint.load_safetensors(path)
        {'weight': tensor([1., 1.])}
    """
    from flambeau.checkpoint.atomic import replacing

    arrays = {name: _storable(name, tensor) for name, tensor in tensors.items()}
    _check_apart(tensors)
    # Larger elements first, so that all lie at multiples of their size, as the package does.
    order = sorted(arrays, key=lambda name: (-arrays[name].itemsize, name))
    header = _header(arrays, order, metadata)
    with replacing(filename) as file:
        file.write(_LENGTH.pack(len(header)) + header)
        for name in order:
            file.write(arrays[name].reshape(-1).view(np.uint8).data)


def _header(
    arrays: dict[str, np.ndarray], order: list[str], metadata: Mapping[str, str] | None
) -> bytes:
    """What and where tensors are, as JSON, padded so that the first one lies at a multiple of 8."""
    entries: dict[str, Any] = {}
    if metadata is not None:
        entries["__metadata__"] = _notes(metadata)
    offset = 0
    for name in order:
        array = arrays[name]
        entries[name] = {
            "dtype": _CODE_OF[dtypes.of(array.dtype)],
            "shape": array.shape,
            "data_offsets": [offset, offset + array.nbytes],
        }
        offset += array.nbytes
    header = json.dumps(entries, ensure_ascii=False, separators=(",", ":")).encode()
    return header + b" " * (-len(header) % 8)


def _notes(metadata: Mapping[str, str]) -> dict[str, str]:
    notes = dict(metadata)
    for key, value in notes.items():
        if key.__class__ is not str or value.__class__ is not str:
            raise UnstorableObjectError(
                message(
                    "save_safetensors: notes are text",
                    expected="text by text",
                    got=f"{type(value).__name__} by {type(key).__name__}",
                    help="convert it: str(value), or json.dumps(value)",
                )
            )
    return notes


def _storable(name: Any, tensor: Any) -> np.ndarray:
    if name.__class__ is not str or name == "__metadata__" or not isinstance(tensor, Tensor):
        raise UnstorableObjectError(
            message(
                f"save_safetensors: {name!r} is not a tensor by name",
                expected="tensors, each with text as its name",
                got=f"{type(tensor).__name__} by {type(name).__name__}",
                help="flambeau.save(...) stores numbers and nested containers too",
            )
        )
    if tensor.dtype not in _CODE_OF:
        raise UnstorableObjectError(
            message(
                f"save_safetensors: the format has no type for {name!r}",
                expected="any type but complex128",
                got=repr(tensor.dtype),
                help="use flambeau.save(...), or save flambeau.view_as_real(x)",
            )
        )
    array = np.ascontiguousarray(tensor._values("saving it")).reshape(tensor._array.shape)
    if sys.byteorder == "big" and array.itemsize > 1:
        words = array.view(np.uint16) if array.dtype.kind == "V" else array
        return words.byteswap().view(array.dtype)
    return array


def _check_apart(tensors: Mapping[str, Tensor]) -> None:
    """Refuse tensors that share memory."""
    spans = sorted((*np.lib.array_utils.byte_bounds(t._array), name) for name, t in tensors.items())
    spans = [span for span in spans if tensors[span[2]]._array.size]
    for (_, stop, first), (start, _, second) in itertools.pairwise(spans):
        if start < stop:
            raise RuntimeError(
                message(
                    "save_safetensors: tensors share memory, which the format cannot say",
                    expected="tensors with memory of their own",
                    got=f"{first!r} and {second!r} share theirs",
                    help="leave one of them out, clone() it, or use flambeau.save(...)",
                )
            )


class SafetensorsFile(Mapping[str, Tensor]):
    """The tensors of a safetensors file by name, each made when it is asked for.

    A tensor shows the bytes where they lie in the file, which must not be written to meanwhile.
    Only what is looked at is read from the disk; changes of a tensor stay in memory.

    Args:
        filename: the path.

    Attributes:
        metadata: the notes, text by text.

    Raises:
        FileNotFoundError: if there is no such file.
        RuntimeError: if it is damaged or not of this format.

    Example:
        >>> import flambeau as fb, tempfile, os
        >>> path = os.path.join(tempfile.mkdtemp(), "model.safetensors")
        >>> fb.checkpoint.save_safetensors({"a": fb.ones(2), "b": fb.zeros(3)}, path)
        >>> file = fb.checkpoint.open_safetensors(path)
        >>> list(file), file["b"]
        (['a', 'b'], tensor([0., 0., 0.]))
    """

    metadata: dict[str, str]

    def __init__(self, filename: str | os.PathLike[str]) -> None:
        import mmap

        with open(filename, "rb") as file:  # the system's own errors come first
            self._places, self.metadata = _checked_header(os.fspath(filename))
            (length,) = _LENGTH.unpack(file.read(_LENGTH.size))
            _check_names(file.read(length))
            self._start = _LENGTH.size + length
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)

    def __getitem__(self, name: str) -> Tensor:
        code, shape, offset = self._places[name]
        dtype = _dtype_of(code, name)
        count = math.prod(shape)
        if not count:
            return wrap(np.empty(shape, dtype.numpy))
        array = np.frombuffer(self._map, dtype.numpy, count, self._start + offset)
        if sys.byteorder == "big" and dtype.itemsize > 1:
            words = array.view(np.uint16) if array.dtype.kind == "V" else array
            array = words.byteswap().view(dtype.numpy)
        elif not array.flags.aligned:
            array = array.copy()
        return wrap(array.reshape(shape))

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(self._places)})"


def open_safetensors(filename: str | os.PathLike[str]) -> SafetensorsFile:
    """A safetensors file whose tensors are read as they are asked for; see the class.

    Args:
        filename: the path.

    Raises:
        FileNotFoundError: if there is no such file.
        RuntimeError: if it is damaged or not of this format.
    """
    return SafetensorsFile(filename)


def load_safetensors(
    filename: str | os.PathLike[str], device: Any = "cpu", *, mmap: bool = False
) -> dict[str, Tensor]:
    """All tensors of a safetensors file, by name.

    Args:
        filename: the path.
        device: the CPU.
        mmap: show them where they lie in the file, which must not be written to meanwhile, rather
            than copy them.

    Raises:
        FileNotFoundError: if there is no such file.
        RuntimeError: if it is damaged or not of this format, or for another device.

    Example:
        >>> import flambeau as fb, tempfile, os
        >>> path = os.path.join(tempfile.mkdtemp(), "model.safetensors")
        >>> model = fb.nn.Linear(2, 1)
        >>> fb.checkpoint.save_safetensors(model.state_dict(), path)
        >>> model.load_state_dict(fb.checkpoint.load_safetensors(path))
        <All keys matched successfully>
    """
    check_device("load_safetensors", device)
    file = SafetensorsFile(filename)
    if mmap:
        return dict(file.items())
    return {name: wrap(tensor._array.copy()) for name, tensor in file.items()}


def _checked_header(
    filename: str,
) -> tuple[dict[str, tuple[str, tuple[int, ...], int]], dict[str, str]]:
    """Each tensor's type, shape and place, and the notes, as the safetensors package finds them.

    The package refuses tensors that overlap, leave gaps or do not fill the file exactly; so the
    places follow from the order and the sizes.
    """
    import safetensors

    try:
        with safetensors.safe_open(filename, framework="numpy") as file:
            names, notes = list(file.offset_keys()), file.metadata()
            parts = [file.get_slice(name) for name in names]
            found = [(part.get_dtype(), tuple(part.get_shape())) for part in parts]
    except safetensors.SafetensorError as error:
        raise DamagedFileError(
            message(
                "load_safetensors: the file cannot be read",
                expected="a whole safetensors file",
                got=str(error),
                help="the file is damaged or of another format; take an older checkpoint",
            )
        ) from None
    places, offset = {}, 0
    for name, (code, shape) in zip(names, found, strict=True):
        _check_shape(name, shape)
        places[name] = (code, shape, offset)
        offset += math.prod(shape) * _dtype_of(code, name).itemsize
    return dict(sorted(places.items())), notes or {}


def _check_shape(name: str, shape: tuple[int, ...]) -> None:
    """Refuse shapes that arrays cannot have, even without elements."""
    reach = math.prod([max(size, 1) for size in shape])
    if len(shape) > _MOST_DIMENSIONS or reach > _LARGEST:
        raise DamagedFileError(
            message(
                f"load_safetensors: {name!r} has an impossible shape",
                expected=f"at most {_MOST_DIMENSIONS} dimensions and {_LARGEST} elements",
                got=reprlib.repr(shape),
                help="the file is damaged; take an older checkpoint",
            )
        )


def _check_names(header: bytes) -> None:
    """Refuse a header that says a name twice: which one counts, readers may disagree."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise DamagedFileError(
                message(
                    "load_safetensors: the header says a name twice",
                    expected="each name once",
                    got=f"{len(pairs) - len(found)} more",
                    help="it was tampered with; do not trust it",
                )
            )
        return found

    json.loads(header, object_pairs_hook=once)


def _dtype_of(code: str, name: str) -> dtypes.dtype:
    found = _CODES.get(code)
    if found is None:
        raise DamagedFileError(
            message(
                f"load_safetensors: {name!r} is of a type that tensors cannot hold",
                expected=", ".join(_CODES),
                got=code,
                help="convert it where it was made",
            )
        )
    return found
