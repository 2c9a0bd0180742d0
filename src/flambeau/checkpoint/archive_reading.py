"""The zip archive of a ``.pt`` file, read without trusting it.

PyTorch stores entries as they are, so nothing in an archive can be larger than the file itself:
compressed entries, entries that overlap, and names that stand there twice are refused.
"""

from __future__ import annotations

import mmap
import os
import struct
import sys
import zipfile
import zlib
from collections import Counter
from typing import IO, Any, NamedTuple

import numpy as np

from flambeau.checkpoint.errors import DamagedFileError, damaged
from flambeau.core.errors import message

_LOCAL_HEADER = struct.Struct("<4s22xHH")
_LOCAL_MAGIC = b"PK\x03\x04"
# What reading a directory of nonsense can raise.
_BROKEN = (
    zipfile.BadZipFile, struct.error, NotImplementedError, UnicodeDecodeError, ValueError,
    OverflowError, IndexError, EOFError,
)  # fmt: skip

_PICKLE_OF_MAGIC = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."  # how files began before PyTorch 1.6
_SAVE_AGAIN = "open it with PyTorch and save it again: torch.save(torch.load(path), path)"


class Entry(NamedTuple):
    """Where an entry's bytes lie in the file."""

    start: int
    size: int
    checksum: int


class Archive:
    """The entries of a ``.pt`` file by their names, without the folder they all lie in.

    Args:
        file: the file, open for reading and seekable.
        mapped: whether contents are shown where they lie in the file, rather than copied. Changes
            of them stay in memory.

    Raises:
        DamagedFileError: if it is not such an archive, or contradicts itself.
    """

    def __init__(self, file: IO[bytes], mapped: bool = False) -> None:
        self._file = file
        self.file_size = _check_kind(file)
        infos, end = _directory(file)
        self._entries = self._located(infos, end)
        self.byte_order = self._byte_order()
        self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY) if mapped else None

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def size(self, name: str) -> int:
        """How many bytes an entry has.

        Raises:
            DamagedFileError: if there is no such entry.
        """
        return self._entry(name).size

    def read(self, name: str) -> bytes:
        """An entry's bytes."""
        entry = self._entry(name)
        contents = bytearray(entry.size)
        self._fill(name, entry, memoryview(contents))
        return bytes(contents)

    def array(self, name: str, dtype: np.dtype, count: int) -> np.ndarray:
        """The first ``count`` elements of an entry, as an array that owns its memory.

        Raises:
            DamagedFileError: if the entry is shorter.
        """
        entry = self._entry(name)
        if count * dtype.itemsize > entry.size:
            raise damaged(
                "a storage is shorter than the file says",
                expected=f"{count} elements of {dtype}, {count * dtype.itemsize} bytes",
                got=f"{entry.size} bytes in {name!r}",
            )
        if self._map is not None and self.byte_order == sys.byteorder and count:
            shown = np.frombuffer(self._map, dtype, count, entry.start)
            return shown if shown.flags.aligned else shown.copy()
        found = np.empty(count, dtype)
        self._fill(name, entry, found.view(np.uint8).data)
        if self.byte_order != sys.byteorder:
            _swap_bytes(found)
        return found

    # -- how it is read

    def _entry(self, name: str) -> Entry:
        entry = self._entries.get(name)
        if entry is None:
            raise damaged(
                "a part of the archive is missing",
                expected=f"an entry {name!r}",
                got=f"{len(self._entries)} other entries",
            )
        return entry

    def _located(self, infos: list[zipfile.ZipInfo], end: int) -> dict[str, Entry]:
        prefix = _prefix(infos)
        spans, entries = [], {}
        for info in infos:
            _check_stored(info)
            entry = self._locate(info)
            spans.append((info.header_offset, entry.start + entry.size, info.filename))
            entries[info.filename[len(prefix) :]] = entry
        _check_apart(spans, end)
        return entries

    def _locate(self, info: zipfile.ZipInfo) -> Entry:
        """The bytes behind an entry's own header, whose length only the header tells."""
        header = b""
        if 0 <= info.header_offset <= self.file_size - _LOCAL_HEADER.size:
            self._file.seek(info.header_offset)
            header = self._file.read(_LOCAL_HEADER.size)
        if len(header) < _LOCAL_HEADER.size or header[:4] != _LOCAL_MAGIC:
            raise damaged(
                "an entry of the archive is not where its directory says",
                expected=f"an entry's header at byte {info.header_offset}",
                got="something else",
            )
        _, name, extra = _LOCAL_HEADER.unpack(header)
        start = info.header_offset + _LOCAL_HEADER.size + name + extra
        return Entry(start, info.file_size, info.CRC)

    def _fill(self, name: str, entry: Entry, target: memoryview) -> None:
        """Read the beginning of an entry; its checksum is compared if all of it is read."""
        self._file.seek(entry.start)
        done = 0
        while done < len(target):
            count = _read_into(self._file, target[done:])
            if not count:
                raise damaged(
                    "the file is shorter than its directory says",
                    expected=f"{len(target)} bytes of {name!r}",
                    got=f"{done} bytes",
                )
            done += count
        # PyTorch writes 0 where it was told to compute none.
        if entry.checksum and len(target) == entry.size:
            found = zlib.crc32(target)
            if found != entry.checksum:
                raise damaged(
                    "the contents have changed since they were written",
                    expected=f"checksum {entry.checksum:#010x} of {name!r}",
                    got=f"{found:#010x}",
                )

    def _byte_order(self) -> str:
        order = self.read("byteorder") if "byteorder" in self else b"little"
        if order not in (b"little", b"big"):
            raise damaged("unknown byte order", expected="little or big", got=repr(order[:20]))
        return order.decode()


def _read_into(file: Any, target: memoryview) -> int:
    if hasattr(file, "readinto"):
        return file.readinto(target)
    part = file.read(len(target))
    target[: len(part)] = part
    return len(part)


def _swap_bytes(array: np.ndarray) -> None:
    if array.dtype.kind == "V":  # NumPy does not swap the bytes of bfloat16 itself
        array = array.view(np.uint16)
    array.byteswap(inplace=True)


def _check_kind(file: IO[bytes]) -> int:
    """The file's size.

    Raises:
        DamagedFileError: if it is something else than a zip archive.
    """
    file.seek(0)
    start = file.read(512)
    size = file.seek(0, os.SEEK_END)
    if start.startswith(b"PK"):
        return size
    if not start:
        raise damaged("the file is empty", expected="a .pt file", got="0 bytes")
    if start.startswith(_PICKLE_OF_MAGIC) or start[257:262] == b"ustar":
        raise DamagedFileError(
            message(
                "load: the file is in the format that PyTorch wrote before version 1.6",
                expected="the zip format",
                got="the older one",
                help=_SAVE_AGAIN,
            )
        )
    if start[8:10] == b'{"' or start[8:9] == b"{":
        raise damaged(
            "not a .pt file",
            expected="a zip archive",
            got="what looks like safetensors",
            help="use flambeau.checkpoint.load_safetensors(path)",
        )
    raise damaged(
        "not a .pt file", expected="a zip archive", got=f"a file that begins with {start[:8]!r}",
        help="only what torch.save or flambeau.save wrote can be loaded",
    )  # fmt: skip


def _directory(file: IO[bytes]) -> tuple[list[zipfile.ZipInfo], int]:
    """What the archive says of its entries, and where this directory begins."""
    try:
        with zipfile.ZipFile(file) as archive:
            return archive.infolist(), archive.start_dir
    except _BROKEN as error:
        raise damaged(
            "the archive's directory cannot be read",
            expected="a whole zip archive",
            got=str(error) or type(error).__name__,
            help="the file is cut short or damaged; take an older checkpoint",
        ) from None


def _prefix(infos: list[zipfile.ZipInfo]) -> str:
    """The folder in which all entries lie, named by whoever wrote the archive."""
    names = [info.filename for info in infos]
    if len(set(names)) != len(names):
        ((twice, _),) = Counter(names).most_common(1)
        raise damaged(
            "the archive holds a name twice", expected="each name once", got=f"{twice!r} twice",
            help="it was tampered with; do not trust it",
        )  # fmt: skip
    pickles = [name for name in names if name.count("/") == 1 and name.endswith("/data.pkl")]
    if len(pickles) != 1:
        raise damaged(
            "not a .pt file",
            expected="a zip archive with one folder that holds a data.pkl",
            got=f"a zip archive of {len(names)} entries with {len(pickles)} of them",
            help="only what torch.save or flambeau.save wrote can be loaded",
        )
    prefix = pickles[0][: -len("data.pkl")]
    if prefix + "constants.pkl" in names:
        raise DamagedFileError(
            message(
                "load: the file is a TorchScript program",
                expected="tensors and containers",
                got="code",
                help="torch.save(torch.jit.load(path).state_dict(), path) makes one to load",
            )
        )
    for name in names:
        if not name.startswith(prefix) or ".." in name.split("/") or "\\" in name:
            raise damaged(
                "a name in the archive leads out of its folder",
                expected=f"names below {prefix!r}",
                got=repr(name[:100]),
                help="it was tampered with; do not trust it",
            )
    return prefix


def _check_stored(info: zipfile.ZipInfo) -> None:
    if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1:
        what = "encrypted" if info.flag_bits & 1 else "compressed"
        raise damaged(
            f"an entry of the archive is {what}",
            expected="entries that are stored as they are",
            got=repr(info.filename[:100]),
            help="pack it again without compression (zip -0)",
        )
    if info.compress_size != info.file_size:
        raise damaged(
            "an entry of the archive has two sizes",
            expected=f"{info.compress_size} bytes",
            got=f"{info.file_size} bytes",
        )


def _check_apart(spans: list[tuple[int, int, str]], end: int) -> None:
    """Refuse entries that share bytes: a small file could claim to hold a large one."""
    spans.sort()
    for (_, stop, name), (start, _, _) in zip(spans, [*spans[1:], (end, end, "")], strict=True):
        if stop > start:
            raise damaged(
                "an entry of the archive reaches into the next",
                expected=f"{name[:100]!r} to end by byte {start}",
                got=f"byte {stop}",
            )
