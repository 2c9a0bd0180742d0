"""Tensors by name in the safetensors format, read and written beside the safetensors package."""

import json
import struct
import tracemalloc
from contextlib import suppress

import hypothesis.strategies as st
import numpy as np
import pytest
import safetensors
import safetensors.numpy
from hypothesis import given, settings

import flambeau as fb
from flambeau.checkpoint import load_safetensors, open_safetensors, save_safetensors
from flambeau.core.dtypes import ALL
from tests.checkpoint.values import bits, tensors

STORABLE = [d for d in ALL if d is not fb.complex128]


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=8).filter(
            lambda name: name != "__metadata__"
        ),
        tensors().filter(lambda x: x.dtype is not fb.complex128),
        max_size=5,
    ),
    st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=4), st.text(
        st.characters(exclude_categories=["Cs"]), max_size=4), max_size=3),
)  # fmt: skip
def test_everything_comes_back(tmp_path_factory, state, notes):
    path = tmp_path_factory.getbasetemp() / "x.safetensors"
    save_safetensors(state, path, notes)
    file = open_safetensors(path)
    assert file.metadata == notes
    for found in (load_safetensors(path), load_safetensors(path, mmap=True), file):
        assert sorted(found) == sorted(state)
        for name, x in state.items():
            assert (found[name].dtype, found[name].shape) == (x.dtype, x.shape)
            assert bits(found[name]) == bits(x)


def test_the_package_reads_what_is_written(tmp_path):
    path = tmp_path / "x.safetensors"
    known = [d for d in STORABLE if d is not fb.bfloat16]
    state = {d.name: fb.tensor([[0, 1, 1]], dtype=d) for d in known}
    save_safetensors({**state, "empty": fb.zeros(0, 2)}, path, {"a": "b"})
    found = safetensors.numpy.load_file(path)
    assert set(found) == {*state, "empty"}
    for name, x in state.items():
        assert found[name].dtype == x.numpy().dtype
        assert found[name].tolist() == x.tolist()
    with safetensors.safe_open(path, framework="numpy") as file:
        assert file.metadata() == {"a": "b"}
    save_safetensors({}, path)
    assert safetensors.numpy.load_file(path) == load_safetensors(path) == {}


def test_what_the_package_writes_is_read(tmp_path):
    path = tmp_path / "x.safetensors"
    state = {
        "a": np.arange(6, dtype="f4").reshape(2, 3),
        "b": np.array(5, "i8"),
        "c": np.ones(3, "?"),
    }
    safetensors.numpy.save_file(state, path, {"format": "pt"})
    file = open_safetensors(path)
    assert file.metadata == {"format": "pt"}
    assert {k: v.tolist() for k, v in file.items()} == {k: v.tolist() for k, v in state.items()}


def test_tensors_are_read_as_they_are_asked_for(tmp_path):
    path = tmp_path / "x.safetensors"
    save_safetensors({"large": fb.zeros(3_000_000), "small": fb.ones(3)}, path)
    tracemalloc.start()
    file = open_safetensors(path)
    assert file["small"].tolist() == [1, 1, 1]
    assert file["large"][5].item() == 0
    assert tracemalloc.get_traced_memory()[1] < 200_000
    tracemalloc.stop()
    assert len(file) == 2
    assert repr(file) == "SafetensorsFile(large, small)"
    with pytest.raises(KeyError):
        file["other"]


def test_changes_stay_in_memory(tmp_path):
    path = tmp_path / "x.safetensors"
    save_safetensors({"x": fb.ones(3)}, path)
    x = load_safetensors(path, mmap=True)["x"]
    x.zero_()
    assert load_safetensors(path)["x"].tolist() == [1, 1, 1]


def test_states_of_modules(tmp_path):
    path = tmp_path / "x.safetensors"
    model, other = fb.nn.Linear(2, 3), fb.nn.Linear(2, 3)
    save_safetensors(model.state_dict(), path)
    other.load_state_dict(load_safetensors(path))
    assert bits(model.weight) == bits(other.weight)


def test_what_the_format_lacks(tmp_path):
    path = tmp_path / "x.safetensors"
    x = fb.ones(4)
    cases = [
        (
            {"a": x, "b": x[2:]},
            RuntimeError,
            "save_safetensors: tensors share memory, which the format cannot say\n"
            "  expected: tensors with memory of their own\n"
            "  got:      'a' and 'b' share theirs\n"
            "  help:     leave one of them out, clone() it, or use flambeau.save(...)" + "",
        ),
        (
            {"a": fb.zeros(1, dtype=fb.complex128)},
            TypeError,
            "save_safetensors: the format has no type for 'a'\n"
            "  expected: any type but complex128\n"
            "  got:      torch.complex128\n"
            "  help:     use flambeau.save(...), or save flambeau.view_as_real(x)" + "",
        ),
        (
            {"a": 3},
            TypeError,
            "save_safetensors: 'a' is not a tensor by name\n"
            "  expected: tensors, each with text as its name\n"
            "  got:      int by str\n"
            "  help:     flambeau.save(...) stores numbers and nested containers too" + "",
        ),
    ]
    for state, kind, text in cases:
        with pytest.raises(kind) as raised:
            save_safetensors(state, path)
        assert str(raised.value) == text
    with pytest.raises(TypeError, match="save_safetensors: notes are text"):
        save_safetensors({}, path, {"epoch": 3})
    assert list(tmp_path.iterdir()) == []


def written(path, header, data=bytes(8), length=None):
    header = header if isinstance(header, bytes) else text(header)
    path.write_bytes(struct.pack("<Q", len(header) if length is None else length) + header + data)


def text(header):
    return json.dumps(header).encode()


def entry(dtype="F32", shape=(2,), offsets=(0, 8)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


HOSTILE = {
    "header of all the world": ({"a": entry()}, bytes(8), 2**64 - 1),
    "header beyond the file": ({"a": entry()}, bytes(8), 10_000),
    "header of nothing": (b"", bytes(8), 0),
    "no header": (b"\xff\xfe", bytes(8), None),
    "not an object": ([1, 2], bytes(8), None),
    "overlap": ({"a": entry(), "b": entry(offsets=(4, 12))}, bytes(12), None),
    "the same place": ({"a": entry(), "b": entry()}, bytes(8), None),
    "gap": ({"a": entry(), "b": entry(offsets=(12, 20))}, bytes(20), None),
    "gap at the start": ({"a": entry(offsets=(4, 12))}, bytes(12), None),
    "rest at the end": ({"a": entry()}, bytes(9), None),
    "truncated": ({"a": entry()}, bytes(7), None),
    "negative size": ({"a": entry(shape=(-2,))}, bytes(8), None),
    "negative sizes": ({"a": entry(shape=(-2, -1))}, bytes(8), None),
    "overflowing sizes": ({"a": entry(shape=(2**62, 8))}, bytes(8), None),
    "sizes beyond 64 bits": ({"a": entry(shape=(2**64 + 2,))}, bytes(8), None),
    "false size": ({"a": entry(shape=(3,))}, bytes(8), None),
    "negative place": ({"a": entry(offsets=(-8, 0))}, bytes(8), None),
    "backwards": ({"a": entry(offsets=(8, 0))}, bytes(8), None),
    "unknown type": ({"a": entry(dtype="F7")}, bytes(8), None),
    "type that tensors lack": ({"a": entry(dtype="F8_E4M3", shape=(8,))}, bytes(8), None),
    "text as a size": ({"a": entry(shape=("2",))}, bytes(8), None),
    "name twice": (
        b'{"a":%s,"a":%s}' % (text(entry()), text(entry(shape=(1,), offsets=(8, 12)))),
        bytes(12),
        None,
    ),
    "name twice at one place": (
        b'{"a":%s,"a":%s}' % (text(entry()), text(entry(dtype="I32"))),
        bytes(8),
        None,
    ),
    "65 dimensions": ({"a": entry(shape=(1,) * 64 + (2,))}, bytes(8), None),
    "nothing of 65 dimensions": ({"a": entry(shape=(0,) * 65, offsets=(0, 0))}, b"", None),
    "nothing of much": ({"a": entry(shape=(0, 2**40, 2**40), offsets=(0, 0))}, b"", None),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files(tmp_path, name):
    path = tmp_path / "x.safetensors"
    header, data, length = HOSTILE[name]
    written(path, header, data, length)
    tracemalloc.start()
    with pytest.raises(RuntimeError, match=r"^load_safetensors: .*\n  expected: .*\n  got: "):
        load_safetensors(path)
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


def test_every_truncation_is_noticed(tmp_path):
    path = tmp_path / "x.safetensors"
    save_safetensors({"a": fb.ones(5), "b": fb.zeros(2, 2)}, path, {"a": "b"})
    contents = path.read_bytes()
    for length in range(len(contents)):
        path.write_bytes(contents[:length])
        with pytest.raises(fb.checkpoint.DamagedFileError):
            load_safetensors(path)


@settings(max_examples=200)
@given(data=st.data())
def test_noise(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "noise.safetensors"
    save_safetensors({"a": fb.ones(5), "b": fb.zeros(2, 2)}, path)
    contents = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(contents) - 1))
        noise = data.draw(st.binary(min_size=1, max_size=4))
        contents[start : start + len(noise)] = noise
    path.write_bytes(bytes(contents))
    with suppress(fb.checkpoint.DamagedFileError):
        load_safetensors(path)
