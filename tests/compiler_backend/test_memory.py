"""Loads, stores, masks, gathers, scatters, reductions, loops and branches of the IR writer."""

import ctypes

import numpy as np
import pytest

from flambeau.compiler.llvm import Module
from flambeau.compiler.run.engine import compile_module, compile_text
from flambeau.core.scalar import DTYPES
from flambeau.core.scalar_numpy import numpy_dtype

STORAGE = [d for d in DTYPES if d != "bool"] + ["bool"]


def compiled(write, *arrays, extra=()):
    """Calls a function that ``write`` fills, with the arrays' addresses."""
    names = [f"x{k}" for k in range(len(arrays))]
    module = Module()
    with module.function("f", [*names, *(("i64", n) for n, _ in extra)]) as f:
        write(f)
    handle = compile_module(module, ["f"])
    kinds = [ctypes.c_void_p] * len(arrays) + [ctypes.c_int64] * len(extra)
    function = handle.function("f", None, *kinds)
    function(*[a.ctypes.data for a in arrays], *[v for _, v in extra])


def sample(dtype, count):
    values = np.arange(count) % 100
    return (values % 3 == 0) if dtype == "bool" else values.astype(numpy_dtype(dtype))


@pytest.mark.parametrize("dtype", STORAGE)
@pytest.mark.parametrize("lanes", [4, 16])
def test_masked_tails_of_every_length(dtype, lanes):
    """Copies n elements between guard zones that must keep what they hold."""
    for count in range(2 * lanes + 2):
        x = sample(dtype, count + lanes)
        y = np.full(count + lanes, 77).astype(numpy_dtype(dtype))
        guard = y.copy()

        def write(f, count=count):
            whole = count // lanes * lanes
            if whole:
                with f.loop(0, whole, lanes) as loop:
                    vector = f.load(f.offset("%x0", loop.index, dtype), dtype, lanes)
                    f.store(vector, f.offset("%x1", loop.index, dtype))
            if count - whole:
                tail = f.load(f.offset("%x0", whole, dtype), dtype, lanes, count - whole)
                f.store(tail, f.offset("%x1", whole, dtype), count - whole)

        compiled(write, x, y)
        np.testing.assert_array_equal(y[:count], x[:count])
        np.testing.assert_array_equal(y[count:], guard[count:])


@pytest.mark.parametrize("remaining", range(9))
def test_masks_known_at_run_time(remaining):
    x, y = np.arange(8, dtype=np.float32), np.full(8, -1, np.float32)

    def write(f):
        mask = f.tail_mask(f.value("%n", "int64"), 8)
        f.store(f.load("%x0", "float32", 8, mask) + 1.0, "%x1", mask)

    compiled(write, x, y, extra=[("n", remaining)])
    np.testing.assert_array_equal(y, np.where(np.arange(8) < remaining, x + 1, -1))


def test_masked_lanes_are_not_touched():
    """A load past the end of a page would fault."""
    import mmap

    page = mmap.mmap(-1, 2 * mmap.PAGESIZE)
    base = ctypes.addressof(ctypes.c_char.from_buffer(page))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mprotect(ctypes.c_void_p(base + mmap.PAGESIZE), mmap.PAGESIZE, 0) != 0:
        raise OSError(ctypes.get_errno(), "mprotect")
    x = np.ndarray(3, np.float32, page, mmap.PAGESIZE - 12)
    x[:] = 1, 2, 3
    y = np.zeros(16, np.float32)
    compiled(lambda f: f.store(f.load("%x0", "float32", 16, 3), "%x1"), x, y)
    compiled(lambda f: f.store(f.load("%x0", "float32", 16), "%x1", 3), y + 1, x)
    np.testing.assert_array_equal(y[:4], [1, 2, 3, 0])
    np.testing.assert_array_equal(x, [2, 3, 4])
    libc.mprotect(ctypes.c_void_p(base + mmap.PAGESIZE), mmap.PAGESIZE, 3)


@pytest.mark.parametrize("dtype", STORAGE)
@pytest.mark.parametrize("index", ["int32", "int64"])
@pytest.mark.parametrize("lanes", [1, 8])
def test_gather_and_scatter(dtype, index, lanes):
    x, order = sample(dtype, 30), np.array([3, 29, 0, 7, 7, 1, 2, 11], index)
    y, z = np.zeros(8, numpy_dtype(dtype)), np.zeros(30, numpy_dtype(dtype))

    def write(f):
        with f.loop(0, 8, lanes) as loop:
            where = f.load(f.offset("%x1", loop.index, index), index, lanes)
            found = f.gather("%x0", where, dtype)
            f.store(found, f.offset("%x2", loop.index, dtype))
            f.scatter(found, "%x3", where)

    compiled(write, x, order, y, z)
    np.testing.assert_array_equal(y, x[order])
    expected = np.zeros_like(z)
    expected[order] = x[order]
    np.testing.assert_array_equal(z, expected)


def test_masked_gather_reads_no_address_outside():
    x, order = np.arange(4, dtype=np.float64), np.array([1, 2**40, 3, 2**40])
    y = np.zeros(4)

    def write(f):
        where = f.load("%x1", "int64", 4)
        mask = where < 4
        f.store(f.gather("%x0", where, "float64", mask), "%x2")
        f.scatter(f.scalar.constant(9.0, "float64"), "%x0", where, mask)

    compiled(write, x, order, y)
    np.testing.assert_array_equal(y, [1, 0, 3, 0])
    np.testing.assert_array_equal(x, [0, 9, 2, 9])


REDUCTIONS = {
    "add": np.sum, "mul": np.prod, "minimum": np.min, "maximum": np.max,
    "bitwise_and": np.bitwise_and.reduce, "bitwise_or": np.bitwise_or.reduce,
    "bitwise_xor": np.bitwise_xor.reduce,
}  # fmt: skip


REDUCED = [
    (operation, dtype)
    for operation in REDUCTIONS
    for dtype in ("float32", "float64", "int32", "int64", "uint8", "bool")
    if not (operation.startswith("bitwise") and dtype.startswith("float"))
]


@pytest.mark.parametrize(("operation", "dtype"), REDUCED)
@pytest.mark.parametrize("lanes", [1, 2, 16])
def test_reductions(operation, dtype, lanes):
    rng = np.random.default_rng(3)
    for x in (rng.integers(1, 4, lanes).astype(dtype), rng.integers(0, 2, lanes).astype(dtype)):
        y = np.zeros(1, dtype)
        compiled(lambda f: f.store(f.reduce(operation, f.load("%x0", dtype, lanes)), "%x1"), x, y)
        assert y[0] == REDUCTIONS[operation](x).astype(dtype)


@pytest.mark.parametrize("operation", ["minimum", "maximum", "add"])
def test_reductions_keep_nan(operation):
    x, y = np.arange(8, dtype=np.float32), np.zeros(1, np.float32)
    x[5] = np.nan
    compiled(lambda f: f.store(f.reduce(operation, f.load("%x0", "float32", 8)), "%x1"), x, y)
    assert np.isnan(y[0])


@pytest.mark.parametrize("count", [0, 1, 2, 7])
def test_loops_carry_values(count):
    """Fibonacci numbers, with a bound that is known at run time, in a loop in a loop."""
    y = np.zeros(2, np.int64)

    def write(f):
        bound = f.value("%n", "int64")
        with f.loop(0, bound, carried=[f.constant(0), f.constant(1)]) as loop:
            a, b = loop.values
            with f.loop(0, 3, carried=[a + b]) as inner:
                inner.carry(inner.values[0])
            loop.carry(b, inner.results[0])
        f.store(loop.results[0], "%x0")
        f.store(loop.results[1], f.offset("%x0", 1, "int64"))

    compiled(write, y, extra=[("n", count)])
    a, b = 0, 1
    for _ in range(count):
        a, b = b, a + b
    assert y.tolist() == [a, b]


def test_branches():
    y = np.zeros(4, np.int64)

    def write(f):
        with f.loop(0, 4) as loop, f.when((loop.index & 1) == 1):
            f.store(loop.index * 10, f.offset("%x0", loop.index, "int64"))

    compiled(write, y)
    assert y.tolist() == [0, 10, 0, 30]


def test_tables_and_functions_of_a_module():
    y = np.zeros(3, np.float64)
    module = Module()
    table = module.table("squares", [0.0, 1.0, 4.0], "float64")
    with module.function("one", ["out", ("i64", "i")], internal=True) as f:
        index = f.value("%i", "int64")
        f.store(f.load(f.offset(table, index, "float64"), "float64"),
                f.offset("%out", index, "float64"))  # fmt: skip
    with module.function("all", ["out"]) as f, f.loop(0, 3) as loop:
        f.call(f"@one(ptr %out, i64 {loop.index.name})")
    with pytest.raises(ValueError, match="exists already"):
        module.add("one", "")
    handle = compile_module(module, ["all"])
    handle.function("all", None, ctypes.c_void_p)(y.ctypes.data)
    assert y.tolist() == [0, 1, 4]


def test_prefetch_and_stack_memory():
    x, y = np.arange(8, dtype=np.float32), np.zeros(8, np.float32)

    def write(f):
        place = f.allocate("float32", 8)
        f.prefetch("%x0")
        f.store(f.shuffle(f.load("%x0", "float32", 8), range(7, -1, -1)), place)
        f.store(f.load(place, "float32", 8), "%x1")

    compiled(write, x, y)
    np.testing.assert_array_equal(y, x[::-1])


def test_errors_of_use():
    module = Module()
    with module.function("f", ["x"]) as f:
        with pytest.raises(ValueError, match="4 lanes meet 8"):
            f.load("%x", "float32", 8) + f.load("%x", "float32", 4)
        with f.loop(0, 2, carried=[f.constant(0)]) as loop:
            zero = f.constant(0)
            with pytest.raises(ValueError, match="1 values are carried, not 2"):
                loop.carry(zero, zero)
    with pytest.raises(RuntimeError, match="value doesn't match function result type"):
        compile_text("define void @f() { ret i32 0 }", ["f"])
