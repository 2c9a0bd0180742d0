"""Files whose sizes need more than 32 bits."""

import io
import struct
import zipfile

import pytest

import flambeau as fb
from tests.checkpoint.large_archives import STATE, large_archive
from tests.checkpoint.values import assert_same


@pytest.mark.parametrize("mapped", [False, True])
def test_large_archives_are_read(tmp_path, monkeypatch, mapped):
    contents = large_archive(monkeypatch)
    path = tmp_path / "large.pt"
    path.write_bytes(contents)
    assert_same(fb.load(path, mmap=mapped), STATE)


def test_they_have_the_fields_of_large_ones(monkeypatch):
    contents = large_archive(monkeypatch)
    sizes = {}
    with zipfile.ZipFile(io.BytesIO(contents)) as archive:
        for info in archive.infolist():
            kept = struct.unpack_from("<I", contents, info.header_offset + 22)[0]
            sizes[info.filename.rpartition("/")[2]] = kept, info.file_size
            if info.file_size > 100:
                assert kept == 0xFFFFFFFF, info.filename  # it stands in an extra field
    assert sizes["1"] == (0xFFFFFFFF, 8000)
    assert sizes["0"][0] == sizes["0"][1] == 24
    assert b"PK\x06\x06" in contents  # where the list of entries ends
    # Tensors lie where they can be used in a mapped file.
    place = contents.index(STATE["large"].numpy().tobytes())
    assert place % 64 == 0
