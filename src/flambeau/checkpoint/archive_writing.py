"""The zip archive of a ``.pt`` file."""

from __future__ import annotations

import struct
import sys
import zipfile
from typing import IO, Any

from flambeau.checkpoint.blocks import Block

_FOLDER = "archive"
_ALIGNMENT = 64  # of tensors' memory, so that it can be used where it lies in a mapped file
_HEADER = 30  # bytes of an entry's own header, before its name
_SIZES = 20  # bytes that it grows by for contents of 2 GiB and more
_LARGE = zipfile.ZIP64_LIMIT
_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the same object gives the same file


def write_archive(file: IO[bytes], contents: bytes, blocks: list[Block]) -> None:
    """Write a pickle and the memory it refers to.

    Args:
        file: open for writing.
        contents: the pickle.
        blocks: the memory.
    """
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        _write(archive, "data.pkl", contents)
        _write(archive, "byteorder", sys.byteorder.encode())
        for block in blocks:
            _write(archive, f"data/{block.name}", block.contents.data)
        _write(archive, "version", b"3\n")


def _write(archive: zipfile.ZipFile, name: str, contents: Any) -> None:
    info = zipfile.ZipInfo(f"{_FOLDER}/{name}", _LONG_AGO)
    info.extra = _padding(archive.start_dir, len(info.filename), len(contents))
    with archive.open(info, "w", force_zip64=len(contents) > _LARGE) as entry:
        entry.write(contents)


def _padding(start: int, name: int, length: int) -> bytes:
    """An extra field of the header, after which the contents begin at a multiple of 64."""
    header = _HEADER + name + (_SIZES if length > _LARGE else 0)
    rest = -(start + header + 4) % _ALIGNMENT
    return struct.pack("<2sH", b"FB", rest) + b"Z" * rest
