"""Machine code on disk: compiled once per program, processor and version.

An entry is a file named by the hash of everything that decides its contents. It carries a
checksum; what is damaged or foreign counts as absent and is written anew. Writers use a temporary
file and a rename, so any number of processes may share the folder.

Environment: ``FLAMBEAU_CACHE=0`` switches it off, ``FLAMBEAU_CACHE_DIR`` moves it,
``FLAMBEAU_CACHE_BYTES`` bounds its size (256 MiB).
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

MAGIC = b"flambeau object 1\n"
SUFFIX = ".object"
DEFAULT_BYTES = 256 * 2**20
# Beyond the bound the oldest go until this share of it is left, so that not every write cleans.
KEEP_SHARE = 0.75


def directory() -> Path | None:
    """The folder that holds the entries, or ``None`` if caching is switched off."""
    if os.environ.get("FLAMBEAU_CACHE", "1").lower() in ("0", "off", "false", "no"):
        return None
    chosen = os.environ.get("FLAMBEAU_CACHE_DIR")
    if chosen:
        return Path(chosen)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "flambeau"
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "flambeau"


def size_bound() -> int:
    """How many bytes all entries may take."""
    text = os.environ.get("FLAMBEAU_CACHE_BYTES", "")
    return int(text) if text.isdigit() else DEFAULT_BYTES


def key(*parts: str) -> str:
    """The name of an entry: a hash of all that decides its contents."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode()
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()[:40]


def load(name: str) -> bytes | None:
    """The entry's machine code, or ``None`` if there is none that is whole."""
    folder = directory()
    if folder is None:
        return None
    path = folder / (name + SUFFIX)
    try:
        data = path.read_bytes()
    except OSError:
        return None
    start = len(MAGIC) + 32
    code = data[start:]
    if not data.startswith(MAGIC) or hashlib.sha256(code).digest() != data[len(MAGIC) : start]:
        return None
    with suppress(OSError):
        os.utime(path)  # the time of last use decides what goes first
    return code


def store(name: str, code: bytes) -> None:
    """Writes an entry; a folder that cannot be written is no error."""
    folder = directory()
    if folder is None:
        return
    temporary = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=".writing-", dir=folder)
        with os.fdopen(handle, "wb") as file:
            file.write(MAGIC + hashlib.sha256(code).digest() + code)
        os.replace(temporary, folder / (name + SUFFIX))
        temporary = None
        _bound(folder)
    except OSError:
        pass
    finally:
        if temporary is not None:
            with suppress(OSError):
                os.unlink(temporary)


def _bound(folder: Path) -> None:
    """Removes the entries used longest ago once all together are too large."""
    entries = []
    with os.scandir(folder) as scan:
        for entry in scan:
            if entry.name.endswith(SUFFIX) or entry.name.startswith(".writing-"):
                with suppress(OSError):  # another process may have removed it
                    status = entry.stat()
                    entries.append((status.st_mtime, status.st_size, entry.path))
    bound = size_bound()
    total = sum(size for _, size, _ in entries)
    if total <= bound:
        return
    for _, size, path in sorted(entries):
        if total <= bound * KEEP_SHARE:
            break
        with suppress(OSError):
            os.unlink(path)
        total -= size


def clear() -> None:
    """Removes every entry."""
    folder = directory()
    if folder is None or not folder.is_dir():
        return
    for path in folder.glob("*" + SUFFIX):
        with suppress(OSError):
            path.unlink()
