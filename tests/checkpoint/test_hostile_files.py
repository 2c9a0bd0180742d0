"""Files that were made to do harm, or that a disk has damaged: a clear error and nothing else."""

import gzip
import io
import os
import pickle
import re
import struct
import tracemalloc
import zipfile
from contextlib import suppress

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

import flambeau as fb
from flambeau.checkpoint import DamagedFileError, RefusedObjectError
from tests.checkpoint.archives import (
    HOOKS,
    STORAGE,
    archive,
    good,
    integer,
    integers,
    load,
    renamed,
    tensor,
    with_sizes,
)

# Long strings cost what they are long; anything beyond is the reader's own doing.
MEMORY = 20_000_000


@pytest.fixture(autouse=True)
def bounded_memory():
    tracemalloc.start()
    yield
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < MEMORY


class Touch:
    """Something whose unpickling would leave a trace."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_nothing_is_executed(tmp_path, protocol):
    trace = str(tmp_path / "trace")
    contents = pickle.dumps({"a": Touch(trace)}, protocol)
    with pytest.raises(RefusedObjectError, match=r"load: the file asks for (posix|nt)\.mkdir"):
        load(archive(contents[2:-1]))
    assert not os.path.exists(trace)


CODE = {
    "os.system": b"cos\nsystem\nX\x02\x00\x00\x00ls\x85R",
    "builtins.eval": b"c__builtin__\neval\nX\x01\x00\x00\x001\x85R",
    "builtins.getattr": b"cbuiltins\ngetattr\n)R",
    "subprocess.Popen": b"csubprocess\nPopen\n]\x85R",
    "numpy.load": b"cnumpy\nload\n)R",
    "numpy._core.multiarray._reconstruct": b"cnumpy._core.multiarray\n_reconstruct\n)R",
    "torch.hub.load": b"ctorch.hub\nload\n)R",
    "torch.load": b"ctorch\nload\n)R",
    "torch.storage._load_from_bytes": b"ctorch.storage\n_load_from_bytes\n)R",
    "torch.jit._script.unpackage_script_module": b"ctorch.jit._script\nunpackage_script_module\n)R",
    "collections.OrderedDict.__init__": b"ccollections\nOrderedDict.__init__\n)R",
    "flambeau.load": b"cflambeau\nload\n)R",
    "collections.defaultdict": b"ccollections\ndefaultdict\n)R",
    "pathlib.PosixPath": b"X\x07\x00\x00\x00pathlibX\x09\x00\x00\x00PosixPath\x93)R",
}


@pytest.mark.parametrize("name", CODE)
def test_names_are_refused_by_name(name):
    shown = name.replace("builtins", "(builtins|__builtin__)")
    with pytest.raises(RefusedObjectError, match=f"load: the file asks for {shown}\n"):
        load(archive(CODE[name]))


INSTRUCTIONS = {
    "GLOBAL instance": b"(ios\nsystem\n",
    "NEWOBJ": b"ccollections\nOrderedDict\n)\x81",
    "NEWOBJ_EX": b"ccollections\nOrderedDict\n)}\x92",
    "OBJ": b"(ccollections\nOrderedDict\no",
    "EXT1": b"\x82\x01",
    "PERSID": b"Pname\n",
    "DUP": b"K\x012",
    "POP": b"K\x01K\x020",
    "INT": b"I01\n",
    "NEXT_BUFFER": b"\x97",
}


@pytest.mark.parametrize("name", INSTRUCTIONS)
def test_instructions_that_no_checkpoint_needs(name):
    with pytest.raises(RefusedObjectError, match="load: the pickle has an instruction"):
        load(archive(INSTRUCTIONS[name]))


MISUSED = {
    "call of text": b"X\x01\x00\x00\x00a)R",
    "call of a tensor": tensor() + b")R",
    "call of a dtype": b"ctorch\nfloat32\n)R",
    "arguments that are a list": b"ccollections\nOrderedDict\n]R",
    "items of a tensor": tensor() + b"K\x00K\x01s",
    "items of text": b"X\x01\x00\x00\x00a(K\x00K\x01u",
    "append to a tensor": tensor() + b"K\x00a",
    "append to a dict": b"}K\x00a",
    "extend a tuple": b")(K\x00e",
    "state of a dict": b"}}b",
    "state of a constructor": b"ccollections\nOrderedDict\n}X\x01\x00\x00\x00aK\x01sb",
    "state of a tensor": tensor() + b"}X\x06\x00\x00\x00_arrayK\x01sb",
    "methods as state": HOOKS + b"}X\x05\x00\x00\x00itemsK\x01sb",
    "class as state": HOOKS + b"}X\x09\x00\x00\x00__class__K\x01sb",
    "a list as a key": b"}]K\x01s",
    "a tensor as a key": b"}" + tensor() + b"K\x01s",
    "a large number as a key": b"}\x8a\xff" + b"\x7f" * 255 + b"K\x01s",
    "a class in a list": b"]ctorch\nTensor\na",
    "a class alone": b"ccollections\nOrderedDict\n",
    "a storage alone": STORAGE % integer(3),
    "a storage in a tuple": STORAGE % integer(3) + b"\x85",
    "a storage of a note": b"ctorch._tensor\n_rebuild_from_type_v2\n(ctorch._utils\n"
    b"_rebuild_tensor_v2\nctorch\nTensor\n("
    + STORAGE % integer(3)
    + integer(0)
    + integers([3])
    + integers([1])
    + b"\x89"
    + HOOKS
    + b"t}X\x01\x00\x00\x00n"
    + STORAGE % integer(3)
    + b"stR",
}


@pytest.mark.parametrize("name", MISUSED)
def test_what_is_misused_is_refused(name):
    with pytest.raises(RefusedObjectError, match=r"^load: .*\n  expected: .*\n  got: "):
        load(archive(MISUSED[name]))


def call(function: bytes, *arguments: bytes) -> bytes:
    return b"c" + function + b"\n(" + b"".join(arguments) + b"tR"


DAMAGED = {
    "nothing": b"",
    "two objects": b"K\x01K\x02",
    "a mark": b"(",
    "tuple without mark": b"t",
    "pop of nothing": b"R",
    "memo of nothing": b"h\x07",
    "key without value": b"}(K\x01u",
    "short text": b"X\xff\xff\xff\xff",
    "short long text": b"\x8d" + b"\xff" * 8,
    "short bytes": b"\x8e" + b"\xff" * 7 + b"\x7f",
    "short byte array": b"\x96" + b"\xff" * 7 + b"\x7f",
    "short number": b"\x8b\xff\xff\xff\x7f",
    "text that is no text": b"X\x01\x00\x00\x00\xff",
    "unending name": b"c" + b"a" * 2000 + b"\nb\n",
    "protocol": b"\x80\x09N",
    "storage of text": b"X\x01\x00\x00\x000Q",
    "storage of an unknown class": b"(X\x07\x00\x00\x00storagectorch\nSize\nNNK\x01tQ",
    "storage of negative length": tensor(count=-1),
    "storage that is missing": tensor(storage=(STORAGE % integer(3)).replace(b"\x000X", b"\x007X")),
    "storage that is too short": tensor(count=4),
    "storage of exabytes": tensor(count=2**60),
    "storage of two types": b"("
    + tensor()
    + tensor(storage=(STORAGE % integer(3)).replace(b"FloatS", b"LongS"))
    + b"t",
    "tensor beyond its storage": tensor(shape=(4,)),
    "offset beyond": tensor(offset=1),
    "strides beyond": tensor(shape=(2,), strides=(3,)),
    "negative size": tensor(shape=(-1,)),
    "negative stride": tensor(strides=(-1,), offset=2),
    "negative offset": tensor(offset=-1),
    "huge size": tensor(shape=(2**62, 2**62), strides=(0, 0)),
    "huge number": tensor(shape=(2**80,), strides=(0,)),
    "too few strides": tensor(shape=(1, 1)),
    "65 dimensions": tensor(shape=(1,) * 65, strides=(1,) * 65),
    "sizes that are text": call(
        b"torch._utils\n_rebuild_tensor_v2", STORAGE % integer(3), b"K\x00",
        b"X\x01\x00\x00\x00aX\x01\x00\x00\x00a\x89", HOOKS,
    ),
    "integers with a gradient": tensor(
        gradient=b"\x88", storage=(STORAGE % integer(1)).replace(b"FloatS", b"LongS"),
        shape=(1,),
    ),
    "bytes of a length": call(b"builtins\nbytearray", integer(2**40)),
    "dictionary of a number": call(b"collections\nOrderedDict", b"K\x07"),
    "dictionary of triples": call(b"collections\nOrderedDict", b"]NNN\x87a"),
    "counter of a list": call(b"collections\nCounter", b"]"),
    "set of a number": call(b"builtins\nset", integer(2**40)),
    "complex of text": call(b"builtins\ncomplex", b"X\x01\x00\x00\x001K\x01"),
    "text in another code": call(b"_codecs\nencode", b"X\x01\x00\x00\x00aX\x05\x00\x00\x00utf-8"),
    "size of text": call(b"torch\nSize", b"X\x01\x00\x00\x001\x85"),
    "parameter of a number": call(b"torch._utils\n_rebuild_parameter", b"K\x01\x88", HOOKS),
    "note in place of data": b"ctorch._utils\n_rebuild_parameter_with_state\n("
    + tensor()
    + b"\x88"
    + HOOKS
    + b"}X\x04\x00\x00\x00dataK\x01stR",
    "no arguments": call(b"torch._utils\n_rebuild_tensor_v2"),
    "class called": call(b"torch\nTensor", b"K\x05"),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGED)
def test_what_makes_no_sense_is_damaged(name):
    with pytest.raises(DamagedFileError, match=r"^(load|checkpoint).*\n  expected: .*\n  got: "):
        load(archive(DAMAGED[name]))


def test_the_text_of_errors():
    with pytest.raises(DamagedFileError) as raised:
        load(archive(tensor(shape=(4,))))
    assert str(raised.value) == (
        "load: a tensor reaches beyond its storage\n"
        "  expected: at most 3 elements\n"
        "  got:      shape (4,), strides (1,), offset 0\n"
        "  help:     the file is damaged; take an older checkpoint"
    )
    with pytest.raises(RefusedObjectError) as refused:
        load(archive(CODE["os.system"]))
    assert str(refused.value) == (
        "load: the file asks for os.system\n"
        "  expected: tensors, numbers, text, and plain containers of them\n"
        "  got:      'system' of module 'os'\n"
        "  help:     it can run programs when other readers open it; do not trust it"
    )


def test_the_instructions_used_here_are_right():
    assert load(archive(tensor())).tolist() == [0, 0, 0]
    assert load(archive(tensor(shape=(2**40,), strides=(0,)))).shape == (2**40,)


def test_small_files_cannot_ask_for_much():
    items = b"](" + b"K\x01" * 30000 + b"eq\x00"
    again = b"h\x00\x85R"
    for name in (b"__builtin__\nset", b"torch\nSize"):
        with pytest.raises(DamagedFileError, match="load: the file builds more than it holds"):
            load(archive(b"(" + items + (b"c" + name + b"\n" + again) * 3000 + b"t"))
    text = b"X" + struct.pack("<I", 30000) + b"a" * 30000 + b"q\x00"
    with pytest.raises(DamagedFileError, match="load: the file builds more than it holds"):
        load(archive(b"(" + text + b"c_codecs\nencode\nh\x00\x85R" * 3000 + b"t"))


def test_conjugates_of_few_numbers_cannot_be_many():
    bits = b"}X\x04\x00\x00\x00conj\x88s"
    with pytest.raises(DamagedFileError, match="load: the file builds more than it holds"):
        load(archive(tensor(shape=(2**40,), strides=(0,))[:-2] + bits + b"tR"))


def test_tuples_of_tuples_do_not_take_forever():
    """Hashing one as a key would take 2**200 steps."""
    doubled = b")" + b"q\x00h\x00\x86" * 200
    with pytest.raises(RefusedObjectError, match="load: the file has a key that is not allowed"):
        load(archive(b"}" + doubled + b"K\x01s"))
    # As a value it is small, and errors that show it stay so.
    assert len(load(archive(doubled))) == 2
    shape = [STORAGE % integer(3), b"K\x00", doubled, b")\x89", HOOKS]
    with pytest.raises(DamagedFileError, match="a tensor's layout is impossible"):
        load(archive(call(b"torch._utils\n_rebuild_tensor_v2", *shape)))


def test_deep_nesting_is_read_without_recursion():
    depth = 50_000
    value = load(archive(b"]" * depth + b"a" * (depth - 1)))
    for _ in range(depth - 1):
        (value,) = value
    assert value == []


# --- the archive --------------------------------------------------------------------------------


def test_every_truncation_is_noticed():
    contents = good()
    for length in range(0, len(contents), 7):
        with pytest.raises(DamagedFileError):
            load(contents[:length])


def test_every_changed_byte_of_the_contents_is_noticed():
    """And changes elsewhere (of padding, dates, attributes) are, or have no effect."""
    contents = good()
    expected = load(contents)
    inside = set()
    for info in zipfile.ZipFile(io.BytesIO(contents)).infolist():
        name, extra = struct.unpack_from("<HH", contents, info.header_offset + 26)
        start = info.header_offset + 30 + name + extra
        if not info.filename.endswith("/version"):  # which is not read
            inside.update(range(start, start + info.file_size))
    for place in range(len(contents)):
        changed = bytearray(contents)
        changed[place] ^= 0x41
        try:
            found = load(bytes(changed))
        except (DamagedFileError, RefusedObjectError):
            continue
        assert place not in inside
        assert found["a"].tolist() == expected["a"].tolist()
        assert str(found["b"]) == str(expected["b"])


@settings(max_examples=300)
@given(st.data())
def test_noise_is_refused(data):
    contents = bytearray(good())
    for _ in range(data.draw(st.integers(1, 10))):
        start = data.draw(st.integers(0, len(contents) - 1))
        noise = data.draw(st.binary(min_size=1, max_size=8))
        contents[start : start + len(noise)] = noise
    with suppress(DamagedFileError, RefusedObjectError):
        load(bytes(contents))


@settings(max_examples=300)
@given(st.binary(max_size=60))
def test_noise_as_a_pickle_is_refused(noise):
    with suppress(DamagedFileError, RefusedObjectError):
        load(archive(noise))


@pytest.mark.parametrize("name", ["data/0", "data.pkl", "byteorder"])
@pytest.mark.parametrize("size", [2**31, 2**32 - 2, 5000])
def test_false_sizes(name, size):
    with pytest.raises(DamagedFileError):
        load(with_sizes(good(), "archive/" + name, size))


def test_names_that_lead_out():
    for old, new in [(b"x/data/0", b"../ata/0"), (b"x/data/0", b"x/../../"), (b"x/da", b"/xda")]:
        with pytest.raises(DamagedFileError, match=r"leads out of its folder|not a \.pt file"):
            load(renamed(archive(tensor()), old, new))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_names_that_stand_there_twice():
    with pytest.raises(DamagedFileError, match="load: the archive holds a name twice"):
        load(archive(b"N", **{"data/0": bytes(12)}))


def test_entries_that_overlap():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as target:
        target.writestr("x/data.pkl", b"\x80\x02N.")
        target.writestr("x/data/0", bytes(1000))
        first = target.getinfo("x/data/0")
        for number in range(1, 5):
            twin = zipfile.ZipInfo(f"x/data/{number}")
            for field in ("header_offset", "file_size", "compress_size", "CRC"):
                setattr(twin, field, getattr(first, field))
            target.filelist.append(twin)
            target.NameToInfo[twin.filename] = twin
    with pytest.raises(DamagedFileError, match="reaches into the next"):
        load(file.getvalue())


def test_bombs():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as target:
        target.writestr("x/data.pkl", b"\x80\x02N.")
        with target.open("x/data/0", "w") as entry:
            for _ in range(100):
                entry.write(bytes(1_000_000))
    with pytest.raises(DamagedFileError, match="load: an entry of the archive is compressed"):
        load(file.getvalue())


@pytest.mark.parametrize(
    "contents",
    [
        b"", b"P", b"PK", b"PK\x05\x06" + bytes(18), b"\x80\x02N.", b"\x93NUMPY\x01\x00" + bytes(9),
        b"text", bytes(1000), gzip.compress(b"x", mtime=0), struct.pack("<Q", 30) + b'{"a":{}}',
    ],
)  # fmt: skip
def test_other_files(contents):
    with pytest.raises(DamagedFileError, match=r"^load: .*\n  expected: .*\n  got: .*\n  help: "):
        load(contents)


def test_zip_files_of_others():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as target:
        target.writestr("a.txt", "hello")
    with pytest.raises(DamagedFileError, match=re.escape("load: not a .pt file")):
        load(file.getvalue())


def test_a_mapped_file_is_checked_too(tmp_path):
    path = tmp_path / "x.pt"
    for contents in (archive(tensor(count=4)), archive(tensor(shape=(4,))), good()[:-50]):
        path.write_bytes(contents)
        with pytest.raises(DamagedFileError):
            fb.load(path, mmap=True)


def test_the_other_byte_order():
    stored = np.arange(3, dtype=">f4").tobytes()
    assert load(archive(tensor(), stored, byteorder=b"big")).tolist() == [0, 1, 2]
    with pytest.raises(DamagedFileError, match="unknown byte order"):
        load(archive(tensor(), stored, byteorder=b"middle"))


def test_entries_that_are_not_aligned_are_copied(tmp_path):
    stored = np.arange(3, dtype="<f4").tobytes()
    for padding in range(4):
        path = tmp_path / "x.pt"
        path.write_bytes(archive(b"X" + struct.pack("<I", padding) + b"a" * padding + b"q\0" + b"]"
                                 + tensor() + b"a\x86", stored))  # fmt: skip
        found = fb.load(path, mmap=True)[1][0]
        assert found._array.flags.aligned
        assert found.tolist() == [0, 1, 2]
