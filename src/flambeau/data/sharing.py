"""Objects that travel between processes without copies of their arrays being pickled.

An object's structure is pickled; the memory of its arrays goes into an anonymous file that both
processes map. The file has no name, so that nothing is left of it when the last of them ends,
however it ends.
"""

from __future__ import annotations

import io
import mmap
import os
import pickle
import tempfile
from multiprocessing import reduction
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

import numpy as np

from flambeau.core.dtypes import bfloat16

_ALIGNMENT = 64
_FEW = 1 << 14  # bytes that go through the pipe more quickly than through a file


class Package(NamedTuple):
    """An object taken apart.

    Attributes:
        structure: its pickle, without the memory of its arrays.
        buffers: that memory.
    """

    structure: bytes
    buffers: list[pickle.PickleBuffer]

    @property
    def places(self) -> list[tuple[int, int]]:
        """Where in a file the memory of each array begins, and how long it is."""
        places, start = [], 0
        for buffer in self.buffers:
            length = buffer.raw().nbytes
            places.append((start, length))
            start += -(-length // _ALIGNMENT) * _ALIGNMENT
        return places


class _Pickler(reduction.ForkingPickler):
    """Keeps the memory of all arrays out of the pickle, even where NumPy would copy it in."""

    def reducer_override(self, value: Any) -> Any:
        if value.__class__ is not np.ndarray or value.dtype.hasobject:
            return NotImplemented
        if not value.flags.forc:
            return np.asarray, (np.ascontiguousarray(value),)
        if value.dtype.kind == "V" and value.dtype == bfloat16.numpy:
            return _as_bfloat16, (value.view(np.uint16),)
        return NotImplemented


def _as_bfloat16(words: np.ndarray) -> np.ndarray:
    return words.view(bfloat16.numpy)


def packed(value: Any) -> Package:
    """Take an object apart."""
    buffers: list[pickle.PickleBuffer] = []
    target = io.BytesIO()
    _Pickler(target, 5, True, buffers.append).dump(value)
    return Package(target.getvalue(), buffers)


def anonymous_file(package: Package) -> int:
    """A file without a name that holds a package's memory; its descriptor."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("flambeau", os.MFD_CLOEXEC)
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    places = package.places
    size = sum(places[-1])
    os.ftruncate(descriptor, size)
    with mmap.mmap(descriptor, size) as memory:
        for (start, length), buffer in zip(places, package.buffers, strict=True):
            memory[start : start + length] = buffer.raw()
    return descriptor


def mapped(descriptor: int, places: list[tuple[int, int]], private: bool) -> list[memoryview]:
    """The memory in such a file.

    Args:
        descriptor: of the file; it is closed.
        places: as the package gave them.
        private: whether changes of it stay in this process.
    """
    try:
        access = mmap.ACCESS_COPY if private else mmap.ACCESS_WRITE
        memory = memoryview(mmap.mmap(descriptor, sum(places[-1]), access=access))
    finally:
        os.close(descriptor)
    return [memory[start : start + length] for start, length in places]


def send(connection: Connection, value: Any, receiver: int) -> None:
    """Send an object through a pipe to a process that calls :func:`receive`."""
    package = packed(value)
    places = package.places
    if sum(length for _, length in places) <= _FEW:
        contents = [bytearray(buffer.raw()) for buffer in package.buffers]
        connection.send((package.structure, contents))
        return
    descriptor = anonymous_file(package)
    try:
        connection.send((package.structure, places))
        reduction.send_handle(connection, descriptor, receiver)
    finally:
        os.close(descriptor)


def receive(connection: Connection) -> Any:
    """Receive what :func:`send` sent."""
    structure, rest = connection.recv()
    if rest and rest[0].__class__ is tuple:
        rest = mapped(reduction.recv_handle(connection), rest, private=False)
    return pickle.loads(structure, buffers=rest)


class Shared:
    """An object for a child process, which maps the memory of its arrays if it is not forked.

    What children change of it stays theirs.

    Args:
        value: the object.
    """

    def __init__(self, value: Any) -> None:
        self.value = value
        self._package: Package | None = None
        self._descriptor: int | None = None

    def close(self) -> None:
        """Give back what was needed to start children."""
        if self._descriptor is not None:
            os.close(self._descriptor)
        self._package = self._descriptor = None

    def __reduce__(self) -> tuple[Any, ...]:
        if self._package is None:
            self._package = packed(self.value)
            if self._package.buffers and sum(self._package.places[-1]):
                self._descriptor = anonymous_file(self._package)
        structure, places = self._package.structure, self._package.places
        if self._descriptor is None:
            contents = [bytearray(buffer.raw()) for buffer in self._package.buffers]
            return _rebuilt, (structure, contents, None)
        return _rebuilt, (structure, places, reduction.DupFd(self._descriptor))


def _rebuilt(structure: bytes, rest: list[Any], descriptor: Any) -> Shared:
    if descriptor is not None:
        rest = mapped(descriptor.detach(), rest, private=True)
    return Shared(pickle.loads(structure, buffers=rest))
