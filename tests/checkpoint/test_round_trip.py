"""What is saved is what is loaded: values, types, strides, and which tensors share memory."""

import io
from collections import OrderedDict, defaultdict

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

import flambeau as fb
from tests.checkpoint.values import assert_same, objects, tensors


def saved(value) -> io.BytesIO:
    file = io.BytesIO()
    fb.save(value, file)
    return file


def round_trip(value):
    return fb.load(saved(value))


@settings(max_examples=300)
@given(objects)
def test_everything_comes_back(value):
    assert_same(value, round_trip(value))


@settings(max_examples=50)
@given(value=objects)
def test_files_and_mapped_files(value, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "value.pt"
    fb.save(value, path)
    assert_same(value, fb.load(path))
    assert_same(value, fb.load(str(path), mmap=True))


@given(objects)
def test_the_same_object_gives_the_same_bytes(value):
    assert saved(value).getvalue() == saved(value).getvalue()


@given(tensors(), st.data())
def test_tensors_that_share_memory_share_it_again(x, data):
    base = x.detach()
    parts = [base, base.reshape(-1) if base.is_contiguous() else base]
    for _ in range(3):
        if base.ndim:
            start = data.draw(st.integers(0, base.shape[0]))
            parts.append(base[start:])
    back = round_trip(parts)
    for i, a in enumerate(parts):
        for j, b in enumerate(parts):
            shared = np.shares_memory(a._array, b._array)
            assert shared == np.shares_memory(back[i]._array, back[j]._array)
            if shared:
                assert a.data_ptr() - b.data_ptr() == back[i].data_ptr() - back[j].data_ptr()


def test_changes_are_seen_through_shared_memory():
    x = fb.zeros(4, 4)
    back = round_trip({"x": x, "t": x.t(), "row": x[1], "column": x[:, 2], "again": x})
    assert back["again"] is back["x"]
    back["row"].fill_(1)
    back["column"].fill_(2)
    expected = [[0, 0, 2, 0], [1, 1, 2, 1], [0, 0, 2, 0], [0, 0, 2, 0]]
    assert back["x"].tolist() == expected
    assert back["t"].t().tolist() == expected


def test_views_of_other_types_share_memory_again():
    x = fb.zeros(4)
    back = round_trip([x, x.view(fb.int32), x.view(fb.uint8)])
    back[0][1] = 1.0
    assert back[1].tolist() == [0, 0x3F800000, 0, 0]
    assert back[2].tolist()[4:8] == [0, 0, 0x80, 0x3F]


def test_only_memory_that_is_reached_is_written():
    x = fb.zeros(1000, 1000)
    assert len(saved(x[3]).getvalue()) < 6000
    assert len(saved([x[3], x[900]]).getvalue()) < 11000


def test_containers_that_contain_themselves():
    value = [1]
    value.append({"self": value})
    back = round_trip(value)
    assert back[1]["self"] is back


def test_one_object_twice_is_one_object_again():
    inner = {"a": 1}
    back = round_trip([inner, inner, fb.ones(1)])
    assert back[0] is back[1]


def test_notes_of_users_and_versions_of_modules():
    x = fb.ones(2)
    x.note = "mine"
    p = fb.nn.Parameter(fb.ones(2), requires_grad=False)
    p.groups = [1, fb.zeros(1)]
    back = round_trip([x, p])
    assert back[0].note == "mine"
    assert_same(p.groups, back[1].groups)
    state = fb.nn.Sequential(fb.nn.Linear(1, 1)).state_dict()
    again = round_trip(state)
    assert type(again) is OrderedDict
    assert again._metadata == state._metadata
    assert round_trip(again)._metadata == state._metadata


def test_numbers_of_numpy_become_numbers_of_python():
    values = [np.float64(0.1), np.float32(0.5), np.int8(-3), np.bool_(True), np.complex64(1j)]
    back = round_trip({np.int64(3): values})
    assert_same(back, {3: [0.1, 0.5, -3, True, 1j]})


def test_optimizers_continue_where_they_were():
    def made():
        fb.manual_seed(0)
        model = fb.nn.Linear(3, 2)
        return model, fb.optim.Adam(model.parameters(), lr=0.1)

    def step(model, optimizer):
        optimizer.zero_grad()
        model(fb.ones(1, 3)).square().sum().backward()
        optimizer.step()

    model, optimizer = made()
    step(model, optimizer)
    file = saved({"model": model.state_dict(), "optimizer": optimizer.state_dict()})
    step(model, optimizer)
    other, other_optimizer = made()
    state = fb.load(file)
    other.load_state_dict(state["model"])
    other_optimizer.load_state_dict(state["optimizer"])
    step(other, other_optimizer)
    assert_same(list(model.parameters()), list(other.parameters()))


def test_mapped_tensors_may_be_changed_and_the_file_saved_again(tmp_path):
    path = tmp_path / "x.pt"
    fb.save(fb.arange(1000), path)
    before = path.read_bytes()
    x = fb.load(path, mmap=True)
    x += 1
    assert path.read_bytes() == before
    fb.save(x, path)
    assert x[0].item() == 1
    assert fb.load(path)[999].item() == 1000


def test_storages_lie_at_multiples_of_64_bytes(tmp_path):
    path = tmp_path / "a-name-of-some-length.pt"
    fb.save([fb.ones(n) for n in (1, 3, 17)], path)
    for x in fb.load(path, mmap=True):
        assert x.data_ptr() % 64 == 0


EXPECTED = "  expected: tensors, numbers, text, bytes, and lists, tuples, sets and dicts of them\n"
UNSTORABLE = [
    (
        lambda: {"a": [1, fb.nn.Linear(1, 1)]},
        "save: the object['a'][1] cannot be stored\n" + EXPECTED + "  got:      "
        "flambeau.nn.linear.Linear\n"
        "  help:     save its state_dict(), and load_state_dict() it into a new one",
    ),
    (
        lambda: np.ones(3),
        "save: the object cannot be stored\n" + EXPECTED + "  got:      numpy.ndarray\n"
        "  help:     make it a tensor: flambeau.from_numpy(array)",
    ),
    (
        lambda: defaultdict(list),
        "save: the object cannot be stored\n" + EXPECTED + "  got:      collections.defaultdict\n"
        "  help:     make it a plain dictionary: dict(x)",
    ),
    (
        lambda: {"a": {frozenset(): 1}},
        "save: a key of the object['a'] cannot be stored\n"
        "  expected: text, numbers of 64 bits, data types, or tuples of at most 64 of them\n"
        "  got:      frozenset" + "",
    ),
    (
        lambda: [2**4000],
        "save: the integer is too large\n  expected: at most 254 bytes\n  got:      501 bytes\n"
        "  help:     save it as text" + "",
    ),
]


@pytest.mark.parametrize(("make", "text"), UNSTORABLE)
def test_what_cannot_be_stored_is_named_before_anything_is_written(make, text, tmp_path):
    path = tmp_path / "x.pt"
    with pytest.raises(TypeError) as raised:
        fb.save(make(), path)
    assert str(raised.value) == text
    assert list(tmp_path.iterdir()) == []


def test_nesting_has_a_limit():
    value = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(TypeError, match="save: the object is nested too deeply"):
        fb.save(value, io.BytesIO())


def test_other_formats_are_refused():
    with pytest.raises(RuntimeError, match="save: only one format is written"):
        fb.save(1, io.BytesIO(), _use_new_zipfile_serialization=False)
    with pytest.raises(RuntimeError, match="save: only one format is written"):
        fb.save(1, io.BytesIO(), pickle_protocol=4)


def test_what_load_takes(tmp_path):
    path = tmp_path / "x.pt"
    fb.save(1, path)
    for location in (None, "cpu", fb.device("cpu"), {"cuda:0": "cpu"}, lambda s, place: s):
        assert fb.load(path, location, weights_only=False) == 1
    with pytest.raises(RuntimeError, match="only the CPU is available"):
        fb.load(path, "cuda")
    with pytest.raises(ValueError, match="load: only a file on disk can be mapped"):
        fb.load(io.BytesIO(path.read_bytes()), mmap=True)
    with pytest.raises(FileNotFoundError):
        fb.load(tmp_path / "none.pt")
    with pytest.raises(AttributeError, match="load: neither a path nor a file"):
        fb.load(3)
