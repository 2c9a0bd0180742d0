"""Files that are replaced whole: whoever opens one finds the old contents or the new ones.

The new contents go into a temporary file in the same folder, are forced to the disk, and take the
old file's name in one step of the file system. A writer holds a lock on its temporary file, so
that the next one can tell what a killed writer has left behind, and removes it.
"""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO

_FULL_SYNC = getattr(fcntl, "F_FULLFSYNC", None)


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """A file to write, which becomes ``path`` when the block ends without an error.

    A symbolic link stays one: the file it leads to is replaced. The permissions of an existing
    file are kept. Pipes and devices, which have no contents to lose, are written to directly.
    The ``name`` of what the block gets is the path it is at meanwhile.

    Args:
        path: the file to make or replace.

    Raises:
        OSError: as the system says; the old file is untouched then.
    """
    target = os.path.realpath(os.fspath(path))
    mode = _mode(target)
    if mode is not None and not stat.S_ISREG(mode):
        with open(target, "wb") as file:
            yield file
        return
    folder, name = os.path.split(target)
    _remove_leftovers(folder, name)
    descriptor, temporary = _locked_file(folder, name)
    try:
        with open(temporary, "r+b", opener=lambda *_: descriptor) as file:
            if mode is not None:
                os.fchmod(descriptor, stat.S_IMODE(mode))
            yield file
            file.flush()
            force_to_disk(descriptor)
            os.replace(temporary, target)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
    _force_folder_to_disk(folder)


def force_to_disk(descriptor: int) -> None:
    """Return when a file's contents would survive a loss of power."""
    if _FULL_SYNC is not None:  # macOS: fsync leaves them in the drive's cache
        with suppress(OSError):  # not every file system can
            fcntl.fcntl(descriptor, _FULL_SYNC)
            return
    os.fsync(descriptor)


def _force_folder_to_disk(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # some network file systems have nothing to force
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _mode(path: str) -> int | None:
    try:
        return os.stat(path).st_mode
    except FileNotFoundError:
        return None


def _prefix(name: str) -> str:
    return f".{name[:200]}."


_SUFFIX = ".flambeau-part"


def _locked_file(folder: str, name: str) -> tuple[int, str]:
    """A new file that nobody else takes for a leftover."""
    while True:
        path = os.path.join(folder, f"{_prefix(name)}{os.urandom(6).hex()}{_SUFFIX}")
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:  # taken for a leftover before it was locked
            os.close(descriptor)
            continue
        except OSError:  # without locks nobody removes it
            return descriptor, path
        if os.path.exists(path):
            return descriptor, path
        os.close(descriptor)


def _remove_leftovers(folder: str, name: str) -> None:
    """Remove the temporary files of writers that were killed."""
    prefix = _prefix(name)
    with os.scandir(folder) as entries:
        found = [
            entry.path
            for entry in entries
            if entry.name.startswith(prefix) and entry.name.endswith(_SUFFIX)
        ]
    for path in found:
        with suppress(OSError):  # another writer's, in use or not ours to remove
            _remove_unless_locked(path)


def _remove_unless_locked(path: str) -> None:
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.unlink(path)
    finally:
        os.close(descriptor)
