"""A whole ``.pt`` file: its pickle, and the storages that the pickle refers to."""

from __future__ import annotations

from typing import IO, Any

from flambeau.checkpoint.archive_reading import Archive
from flambeau.checkpoint.constructors import Constructor
from flambeau.checkpoint.contents import check_contents
from flambeau.checkpoint.effort import Effort
from flambeau.checkpoint.errors import damaged
from flambeau.checkpoint.pickle_reading import unpickle
from flambeau.checkpoint.storage_types import STORAGE_CLASSES
from flambeau.checkpoint.storages import Storage


def read(file: IO[bytes], mapped: bool, encoding: str) -> Any:
    """The object that a file holds.

    Args:
        file: open for reading and seekable.
        mapped: whether tensors are shown where they lie in it.
        encoding: of text that Python 2 wrote.
    """
    archive = Archive(file, mapped)
    contents = archive.read("data.pkl")
    storages: dict[str, Storage] = {}

    def storage(identifier: Any) -> Storage:
        kind, name, count = _identifier(identifier)
        known = storages.get(name)
        if known is not None and known.dtype is kind:
            return known
        if known is not None:
            raise damaged(
                "a storage is said to have two types",
                expected=repr(known.dtype),
                got=repr(kind),
            )
        storages[name] = Storage(archive, f"data/{name}", kind, count)
        return storages[name]

    result = unpickle(contents, storage, Effort(len(contents), archive.file_size), encoding)
    check_contents(result)
    return result


def _identifier(identifier: Any) -> tuple[Any, str, int]:
    """The type, name and length of a storage."""
    if identifier.__class__ is tuple and len(identifier) == 5:
        tag, kind, name, _, count = identifier
        good = tag == "storage" and kind.__class__ is Constructor
        if good and name.__class__ is str and count.__class__ is int and count >= 0:
            if kind.module == "torch" and kind.name in STORAGE_CLASSES:
                return STORAGE_CLASSES[kind.name], name, count
            if (kind.module, kind.name) == ("torch.storage", "UntypedStorage"):
                return None, name, count
    raise damaged(
        "a storage is described in an unknown way",
        expected="('storage', class, name, place, length)",
        got=type(identifier).__name__,
    )
