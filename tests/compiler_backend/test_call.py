"""Entries: native functions that check what Python gives them, and never crash on it."""

import ctypes
import gc
import sys
import threading
import weakref

import ml_dtypes
import numpy as np
import pytest

import flambeau as fb
from flambeau.compiler.llvm import Module
from flambeau.compiler.run import Array, Float, Int, Signature, compile_module, define_entry
from flambeau.compiler.run.call import HEADER, _MethodDefinition
from flambeau.compiler.run.engine import Handle
from flambeau.core.scalar import DTYPES
from flambeau.core.scalar_numpy import numpy_dtype


def scaled(**options):
    """``entry(x, y, a, n)``: y = a x + n, and the table's first word counts calls."""
    parameters = [Array("float32", (2, 4)), Array("float32", (2, 4), writable=True), Float(), Int()]
    signature = Signature(parameters, table=2, **options)
    module = Module()
    names = ["table", "x", "y", "a", "n"]
    typed = list(zip(signature.kernel_types(), names, strict=True))
    with module.function("kernel", typed) as f:
        a = f.scalar.cast(f.value("%a", "float64"), "float32")
        n = f.scalar.cast(f.value("%n", "int64"), "float32")
        f.store(f.load("%x", "float32", 8) * a + n, "%y")
        f.store(f.load("%table", "int64") + 1, "%table")
    exported = define_entry(module, "kernel", "kernel", signature)
    return compile_module(module, [exported]).entry(exported, signature, "scaled")


@pytest.fixture
def arrays():
    return np.arange(8, dtype=np.float32).reshape(2, 4), np.zeros((2, 4), np.float32)


@pytest.mark.parametrize("release_gil", [False, True])
def test_runs(arrays, release_gil):
    x, y = arrays
    entry = scaled(release_gil=release_gil)
    assert entry(x, y, 2.5, -3) is True
    np.testing.assert_array_equal(y, 2.5 * x - 3)
    assert entry(x, y, 2, 2**62) is True
    assert entry(x, y, -1, -1) is True  # the values by which conversions report errors
    np.testing.assert_array_equal(y, -x - 1)
    assert entry.__self__.tolist() == [3, 0]
    assert entry.__name__ == "scaled"


def refusals(x, y):
    read_only = y.copy()
    read_only.flags.writeable = False
    swapped = x.astype(x.dtype.newbyteorder())
    unaligned = np.zeros(33, np.uint8)[1:].view(np.float32).reshape(2, 4)
    yield "no arguments", ()
    yield "too few", (x, y, 1.0)
    yield "too many", (x, y, 1.0, 1, 1)
    yield "data type", (x.astype(np.float64), y, 1.0, 1)
    yield "integers", (x.astype(np.int32), y, 1.0, 1)
    yield "byte order", (swapped, y, 1.0, 1)
    yield "shape", (x.T.copy(), y, 1.0, 1)
    yield "rank", (x.ravel(), y, 1.0, 1)
    yield "rank 0", (np.float32(1) * np.ones(()), y, 1.0, 1)
    yield "strides", (np.zeros((2, 8), np.float32)[:, ::2], y, 1.0, 1)
    yield "order", (np.asfortranarray(x), y, 1.0, 1)
    yield "alignment", (unaligned, y, 1.0, 1)
    yield "read-only", (x, read_only, 1.0, 1)
    yield "subclass", (x.view(np.matrix), y, 1.0, 1)
    yield "list", ([1, 2], y, 1.0, 1)
    yield "None", (None, None, None, None)
    yield "object", (object(), object(), object(), object())
    yield "type", (np.ndarray, y, 1.0, 1)
    yield "string for float", (x, y, "a", 1)
    yield "array for float", (x, y, np.ones(1), 1)
    yield "int too large for float", (x, y, 10**400, 1)
    yield "int too large", (x, y, 1.0, 2**63)
    yield "int too small", (x, y, 1.0, -(2**63) - 1)
    yield "float for int", (x, y, 1.0, 1.0)
    yield "bool for int", (x, y, 1.0, True)


def test_refuses_without_doing_anything(arrays):
    x, y = arrays
    entry = scaled()
    for why, arguments in refusals(x, y):
        assert entry(*arguments) is False, why
    assert entry.__self__.tolist() == [0, 0]
    assert not y.any()
    with pytest.raises(TypeError, match="takes no keyword arguments"):
        entry(x, y, a=1.0, n=1)


def test_reference_counts_stay(arrays):
    x, y = arrays
    entry = scaled()
    before = [sys.getrefcount(v) for v in (True, False, x, y)]
    results = [entry(x, y, 1.0, 1) for _ in range(1000)] + [entry() for _ in range(1000)]
    assert results == [True] * 1000 + [False] * 1000
    del results
    assert [sys.getrefcount(v) for v in (True, False, x, y)] == before


def test_keeps_its_machine_code_alive(arrays):
    """Nothing but the function object need be kept; with it everything goes."""
    entry = scaled()
    (handle,) = [weakref.ref(x) for x in gc.get_objects() if _is_code_of(x, entry)]
    gc.collect()
    assert entry(*arrays, 1.0, 1)
    del entry
    gc.collect()
    assert handle() is None


def _is_code_of(x, entry):
    return type(x) is Handle and definition_of(id(entry)).code in x.addresses.values()


def definition_of(entry):
    """The definition that the entry at an address points at, whoever owns its memory."""
    return _MethodDefinition.from_address(ctypes.c_void_p.from_address(entry + HEADER).value)


Destructor = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


def capsule(destructor):
    """An object that no search for garbage sees: it goes when what holds it is emptied."""
    create = ctypes.pythonapi.PyCapsule_New
    create.restype, create.argtypes = (
        ctypes.py_object,
        (ctypes.c_void_p, ctypes.c_void_p, Destructor),
    )
    return create(1, None, destructor)


@pytest.mark.parametrize("compiled", [False, True])
def test_a_definition_outlives_its_function(compiled):
    """The search for garbage may empty the table before it frees the function, which then still
    reads its definition."""
    entry = fb.compile(lambda x: x).entry if compiled else scaled()
    address, flags = id(entry), definition_of(id(entry)).flags
    found = []

    @Destructor
    def emptied(_):
        assert ctypes.c_ssize_t.from_address(address).value > 0  # the function still lives
        others = [_MethodDefinition(b"other", 1, 0x7FFFFFFF, None) for _ in range(1000)]
        found.append(definition_of(address).flags)
        del others

    entry.__self__.cycle = entry, capsule(emptied)
    del entry
    gc.collect()
    assert found == [flags]


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_data_type_is_told_apart(dtype):
    signature = Signature([Array(dtype, (3,))])
    module = Module()
    with module.function("kernel", ["x"]):
        pass
    exported = define_entry(module, "kernel", "kernel", signature)
    entry = compile_module(module, [exported]).entry(exported, signature)
    for other in DTYPES:
        assert entry(np.zeros(3, numpy_dtype(other))) is (other == dtype)
    others = [np.complex64, "S2", "U1", "M8[s]", "m8[s]", "V2", object, ml_dtypes.float8_e5m2]
    for other in others:
        assert entry(np.zeros(3, other)) is False
    # C has two names for integers of 64 bits.
    if dtype in ("int64", "uint64"):
        assert entry(np.zeros(3, np.longlong if dtype == "int64" else np.ulonglong))


def test_strides_and_free_sizes():
    signature = Signature([Array("float32", (None, 2), strides=(16, 8)), Array("int32", ())])
    module = Module()
    with module.function("kernel", ["x", "n"]):
        pass
    exported = define_entry(module, "kernel", "kernel", signature)
    entry = compile_module(module, [exported]).entry(exported, signature)
    wide, number = np.zeros((5, 4), np.float32), np.array(3, np.int32)
    assert entry(wide[:, ::2], number) is True
    assert entry(wide[:3, ::2], number) is True
    assert entry(wide[:, :2], number) is False
    assert entry(wide[:, ::2], np.zeros(1, np.int32)) is False


def test_denormals_are_flushed_inside_and_nowhere_else():
    tiny = np.full(8, 1e-40, np.float32)
    out = np.zeros(8, np.float32)
    for flush in (True, False):
        signature = Signature(
            [Array("float32", (8,)), Array("float32", (8,), writable=True)], flush_denormals=flush
        )
        module = Module()
        with module.function("kernel", ["x", "y"]) as f:
            f.store(f.load("%x", "float32", 8) * 1.5, "%y")
        exported = define_entry(module, "kernel", "kernel", signature)
        assert compile_module(module, [exported]).entry(exported, signature)(tiny, out)
        assert (out == 0).all() == flush
        assert (tiny * np.float32(1.5) > 0).all()


def test_other_threads_run_while_the_gil_is_released():
    """The kernel waits for a byte that another Python thread writes."""
    signature = Signature([Array("int64", (1,), writable=True)], release_gil=True)
    module = Module()
    with module.function("kernel", [("ptr", "x")]) as f:
        f.branch("wait")
        f.block("wait")
        f.line("%seen = load atomic i64, ptr %x seq_cst, align 8")
        f.line("%set = icmp ne i64 %seen, 0")
        f.terminate("br i1 %set, label %leave, label %wait")
        f.block("leave")
    exported = define_entry(module, "kernel", "kernel", signature)
    entry = compile_module(module, [exported]).entry(exported, signature)
    flag = np.zeros(1, np.int64)
    timer = threading.Timer(0.05, lambda: flag.fill(1))
    timer.start()
    assert entry(flag)
    timer.join()
