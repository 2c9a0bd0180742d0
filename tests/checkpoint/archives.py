"""Archives and pickles as an attacker, or a failing disk, would make them."""

import io
import struct
import zipfile

import flambeau as fb

STORAGE = (
    b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpu%btQ"
)
HOOKS = b"ccollections\nOrderedDict\n)R"


def integer(value: int) -> bytes:
    """An instruction that pushes an integer."""
    contents = value.to_bytes(max(value.bit_length() // 8 + 1, 1), "little", signed=True)
    return b"\x8a" + bytes([len(contents)]) + contents


def integers(values) -> bytes:
    return b"(" + b"".join(map(integer, values)) + b"t"


def tensor(shape=(3,), strides=(1,), offset=0, count=3, gradient=b"\x89", storage=None) -> bytes:
    """Instructions that build a tensor of the storage `0`."""
    storage = STORAGE % integer(count) if storage is None else storage
    return (
        b"ctorch._utils\n_rebuild_tensor_v2\n("
        + storage
        + integer(offset)
        + integers(shape)
        + integers(strides)
        + gradient
        + HOOKS
        + b"tR"
    )


def archive(pickle: bytes, storage: bytes = bytes(12), **more: bytes) -> bytes:
    """A `.pt` file of a pickle's instructions and one storage."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as target:
        target.writestr("x/data.pkl", b"\x80\x02" + pickle + b".")
        target.writestr("x/data/0", storage)
        for name, contents in more.items():
            target.writestr("x/" + name, contents)
    return file.getvalue()


def load(contents: bytes, **options):
    return fb.load(io.BytesIO(contents), **options)


def good() -> bytes:
    """A file that is as it should be."""
    file = io.BytesIO()
    fb.save({"a": fb.arange(10.0), "b": [fb.ones(2, 3), "text", 1.5, {1, 2}]}, file)
    return file.getvalue()


def renamed(contents: bytes, old: bytes, new: bytes) -> bytes:
    """Other names of the same length, in the headers and in the directory."""
    assert len(old) == len(new)
    return contents.replace(old, new)


def with_sizes(contents: bytes, name: str, size: int) -> bytes:
    """A directory that says another size of an entry."""
    with zipfile.ZipFile(io.BytesIO(contents)) as target:
        start = target.start_dir
    place = contents.index(name.encode(), start) - 46 + 20
    return contents[:place] + struct.pack("<II", size, size) + contents[place + 8 :]
