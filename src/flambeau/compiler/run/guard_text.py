"""The native checks of a plan: whether what it was made for is still so."""

from __future__ import annotations

from flambeau.compiler.llvm.module import Module
from flambeau.compiler.run import layout
from flambeau.compiler.run.call import (
    ALIGNED,
    ARRAY_DATA,
    ARRAY_DTYPE,
    ARRAY_FLAGS,
    ARRAY_NDIM,
    ARRAY_SHAPE,
    ARRAY_STRIDES,
    HEADER,
    TYPE_OFFSET,
    WRITEABLE,
)
from flambeau.compiler.run.native_text import Native
from flambeau.compiler.run.plan_layout import (
    Apart,
    Argument,
    ArgumentKind,
    Block,
    Borrowed,
    Other,
    OtherKind,
    Plan,
)

PY_EQ = 2


def define_guards(module: Module) -> None:
    """Adds ``i1 @dispatch.guards(ptr plan)``."""
    n = Native(module, "dispatch.guards", [("ptr", "plan")], "i1")
    _tags(n)
    _blocks(n)
    _words(n)
    _lists(n)
    _items(n)
    _others(n)
    n.finish()


def _tags(n: Native) -> None:
    """Versions of dicts: as each of them only grows, none has if their sum is what it was."""
    if not layout.has_dict_versions():
        return
    count, start = n.word("%plan", Plan.TAGS), n.pointer("%plan", Plan.TAGS + 1)
    shift = layout.dict_version_shift()

    def version(index: str) -> str:
        now = n.load(n.load(n.element(start, index)), 0, "i64")
        return n.emit(f"lshr i64 {now}, {shift}") if shift else now

    total = n.total_of(count, version, Plan.TOGETHER, "add")
    n.check_same("i64", total, n.word("%plan", Plan.TAG_SUM))


def _blocks(n: Native) -> None:
    """Neighbouring words, compared together."""
    count, start = n.word("%plan", Plan.BLOCKS), n.pointer("%plan", Plan.BLOCKS + 1)
    vector = f"<{Block.WORDS} x i64>"

    def words(pointer: str, offset: int = 0) -> str:
        return n.emit(f"load {vector}, ptr {n.at(pointer, offset)}, align 8")

    def difference(index: str) -> str:
        record = n.element(start, index, f"[{Block.SIZE} x i64]")
        now, expected = words(n.pointer(record, Block.ADDRESS)), words(record, 8 * Block.EXPECTED)
        changed = n.emit(f"xor {vector} {now}, {expected}")
        return n.emit(f"and {vector} {changed}, {words(record, 8 * Block.MASK)}")

    total = n.total_of(count, difference, Plan.TOGETHER, lanes=Block.WORDS)
    reduce = f"llvm.vector.reduce.or.v{Block.WORDS}i64"
    n.module.declare(reduce, f"i64 @{reduce}({vector})")
    n.check_same("i64", n.emit(f"call i64 @{reduce}({vector} {total})"), 0)


def _words(n: Native) -> None:
    """Words in memory that must have the values they had."""
    count, start = n.word("%plan", Plan.WORDS), n.pointer("%plan", Plan.WORDS + 1)

    def difference(index: str) -> str:
        record = n.element(start, index, "[2 x i64]")
        now = n.load(n.pointer(record, 0), 0, "i64")
        return n.emit(f"xor i64 {now}, {n.word(record, 1)}")

    n.accumulate_differences(count, difference, Plan.TOGETHER)


def _lists(n: Native) -> None:
    """Lists that must hold the very objects they held."""
    with n.records("%plan", Plan.LISTS, 3) as (_, record):
        items, size = n.pointer(record, 0), n.word(record, 1)
        expected = n.pointer(record, 2)
        n.check_same("i64", n.load(items, layout.LIST_SIZE, "i64"), size)
        found = n.load(items, layout.LIST_ITEMS)

        def difference(index: str) -> str:
            now = n.load(n.element(found, index, "i64"), 0, "i64")
            return n.emit(f"xor i64 {now}, {n.load(n.element(expected, index, 'i64'), 0, 'i64')}")

        n.accumulate_differences(size, difference)


def _items(n: Native) -> None:
    """Entries of dicts that must be the very objects they were."""
    with n.records("%plan", Plan.ITEMS, 3) as (_, record):
        found = item(n, n.pointer(record, 0), n.pointer(record, 1))
        n.check_same("ptr", found, n.pointer(record, 2))


def item(n: Native, container: str, key: str) -> str:
    """``container.get(key)``, or null; refuses if the lookup fails."""
    found = n.called("PyDict_GetItemWithError", f"ptr {container}", f"ptr {key}")
    with n.when(n.is_null(found)):
        n.run("PyErr_Clear")
    return found


def _others(n: Native) -> None:
    """Attributes, sets and the contents of arrays."""
    with n.records("%plan", Plan.OTHERS, Other.SIZE) as (_, record):
        first, second = n.pointer(record, Other.FIRST), n.pointer(record, Other.SECOND)
        kind = n.word(record, Other.KIND)
        with n.when(n.same("i64", kind, OtherKind.ATTRIBUTE)):
            now = n.called("PyObject_GetAttr", f"ptr {first}", f"ptr {second}")
            missing = n.is_null(now)
            with n.when(missing):
                n.run("PyErr_Clear")
            with n.unless(missing):
                n.run("Py_DecRef", f"ptr {now}")  # somebody else holds it if it is the expected
            n.check_same("ptr", now, n.pointer(record, Other.EXPECTED))
        with n.when(n.same("i64", kind, OtherKind.EQUAL)):
            answer = n.called(
                "PyObject_RichCompareBool", f"ptr {first}", f"ptr {second}", f"i32 {PY_EQ}"
            )
            with n.when(n.emit(f"icmp slt i32 {answer}, 0")):
                n.run("PyErr_Clear")
            n.check_same("i32", answer, 1)
        with n.when(n.same("i64", kind, OtherKind.TENSOR)):
            found = item(n, first, second)
            n.check(n.emit(f"icmp ne ptr {found}, null"))
            n.check_same("ptr", n.load(found, TYPE_OFFSET), n.object("tensor"))
            wanted = n.pointer(record, Other.EXPECTED)
            array = n.load(found, layout.slots()["_array"])
            check_array(n, array, n.pointer(wanted, 0), n.word(wanted, 1), n.pointer(wanted, 2))
        with n.when(n.same("i64", kind, OtherKind.BYTES)):
            size = n.word(record, Other.EXPECTED)
            n.check_same(
                "i32", n.called("memcmp", f"ptr {first}", f"ptr {second}", f"i64 {size}"), 0
            )


# --- arguments --------------------------------------------------------------------------------


def define_arguments(module: Module) -> None:
    """Adds ``i1 @dispatch.arguments(ptr plan, ptr arguments)``: checks them, notes addresses."""
    n = Native(module, "dispatch.arguments", [("ptr", "plan"), ("ptr", "arguments")], "i1")
    table = n.pointer("%plan", Plan.TABLE)
    with n.records("%plan", Plan.ARGUMENTS, Argument.SIZE) as (index, record):
        given = n.load(n.element("%arguments", index))
        first = n.load(n.element("%arguments", n.word(record, Argument.FIRST)))
        n.check_same("ptr", given, first)
        expected = n.pointer(record, Argument.TYPE)
        kind = n.word(record, Argument.KIND)
        is_object = n.same("i64", kind, ArgumentKind.OBJECT)
        with n.when(is_object):
            n.check_same("ptr", given, expected)
        with n.unless(is_object):
            n.check_same("ptr", n.load(given, TYPE_OFFSET), expected)
        with n.when(n.same("i64", kind, ArgumentKind.TENSOR)):
            _check_requires(n, given, n.pointer(record, Argument.REQUIRES))
            array = n.load(given, layout.slots()["_array"])
            n.store(array, record, 8 * Argument.ARRAY)
            data = check_array(
                n,
                array,
                n.pointer(record, Argument.DTYPE),
                n.word(record, Argument.NDIM),
                n.pointer(record, Argument.SIZES),
            )
            _note_address(n, data, n.element(table, n.word(record, Argument.TABLE)))
            with n.when(n.same("i64", n.word(record, Argument.WRITTEN), 1)):
                _check_writable(n, array)
    n.finish()


def define_borrowed(module: Module) -> None:
    """Adds ``i1 @dispatch.borrowed(ptr plan, ptr arguments)``: gradients that must not be there,
    or that must and are buffers.
    """
    n = Native(module, "dispatch.borrowed", [("ptr", "plan"), ("ptr", "arguments")], "i1")
    table = n.pointer("%plan", Plan.TABLE)
    slots = layout.slots()
    with n.records("%plan", Plan.ABSENT, 1) as (_, record):
        gradient = n.load(n.tensor(record, 0, "%arguments"), slots["_grad"])
        none = n.same("ptr", gradient, n.object("none"))
        n.check(n.emit(f"or i1 {n.is_null(gradient)}, {none}"))
    with n.records("%plan", Plan.BORROWED, Borrowed.SIZE) as (_, record):
        gradient = gradient_of(n, record)
        _check_requires(n, gradient, n.object("false"))
        array = n.load(gradient, slots["_array"])
        n.store(array, record, 8 * Borrowed.ARRAY)
        data = check_array(
            n,
            array,
            n.pointer(record, Borrowed.DTYPE),
            n.word(record, Borrowed.NDIM),
            n.pointer(record, Borrowed.SIZES),
        )
        _note_address(n, data, n.element(table, n.word(record, Borrowed.TABLE)))
        with n.when(n.same("i64", n.word(record, Borrowed.WRITTEN), 1)):
            _check_writable(n, array)
    n.finish()


def gradient_of(n: Native, record: str) -> str:
    """The gradient that a record of :class:`Borrowed` tells of, which must be there."""
    tensor = n.tensor(record, Borrowed.TENSOR, "%arguments")
    gradient = n.load(tensor, layout.slots()["_grad"])
    n.check(n.emit(f"icmp ne ptr {gradient}, null"))
    n.check_same("ptr", n.load(gradient, TYPE_OFFSET), n.object("tensor"))
    return gradient


def _note_address(n: Native, data: str, place: str) -> None:
    with n.unless(n.same("ptr", data, n.load(place))):
        n.store(data, place)
        n.store("1", "%plan", 8 * Plan.MOVED, "i64")


def _check_requires(n: Native, tensor: str, expected: str) -> None:
    """Whether the tensor requires a gradient as it did; a view must be up to date to say."""
    slots = layout.slots()
    n.check_same("ptr", n.load(tensor, slots["_requires"]), expected)
    view = n.load(tensor, slots["_view"])
    with n.unless(n.same("ptr", view, n.object("none"))):
        version = n.load(view, slots["version"])
        now = n.load(n.load(tensor, slots["_counter"]), slots["counter"])
        with n.unless(n.same("ptr", version, now)):
            # Versions differ: only a view of a tensor without gradient still says what it said.
            n.check_same("ptr", n.load(tensor, slots["_node"]), n.object("none"))
            parent = n.load(view, slots["parent"])
            n.check_same("ptr", n.load(parent, slots["_view"]), n.object("none"))
            n.check_same("ptr", n.load(parent, slots["_requires"]), n.object("false"))
            n.check_same("ptr", expected, n.object("false"))


def check_array(n: Native, array: str, dtype: str, ndim: str, sizes: str) -> str:
    """Checks an array's type, sizes and strides; returns the address of its data."""
    n.check_same("ptr", n.load(array, TYPE_OFFSET), n.object("ndarray"))
    n.check_same("ptr", n.load(array, HEADER + ARRAY_DTYPE), dtype)
    dims = n.emit(f"zext i32 {n.load(array, HEADER + ARRAY_NDIM, 'i32')} to i64")
    n.check_same("i64", dims, ndim)
    shape = n.load(array, HEADER + ARRAY_SHAPE)
    strides = n.load(array, HEADER + ARRAY_STRIDES)
    expected_strides = n.element(sizes, ndim, "i64")

    def difference(index: str) -> str:
        pairs = ((shape, sizes), (strides, expected_strides))
        parts = []
        for found, wanted in pairs:
            now = n.load(n.element(found, index, "i64"), 0, "i64")
            before = n.load(n.element(wanted, index, "i64"), 0, "i64")
            parts.append(n.emit(f"xor i64 {now}, {before}"))
        return n.emit(f"or i64 {parts[0]}, {parts[1]}")

    n.accumulate_differences(ndim, difference)
    flags = n.load(array, HEADER + ARRAY_FLAGS, "i32")
    n.check_same("i32", n.emit(f"and i32 {flags}, {ALIGNED}"), ALIGNED)
    return n.load(array, HEADER + ARRAY_DATA)


def _check_writable(n: Native, array: str) -> None:
    flags = n.load(array, HEADER + ARRAY_FLAGS, "i32")
    n.check_same("i32", n.emit(f"and i32 {flags}, {WRITEABLE}"), WRITEABLE)


def define_overlaps(module: Module) -> None:
    """Adds ``i1 @dispatch.overlaps(ptr plan)``: pairs of buffers that must lie apart."""
    n = Native(module, "dispatch.overlaps", [("ptr", "plan")], "i1")
    with n.when(n.same("i64", n.word("%plan", Plan.MOVED), 0)):
        n.give("i1 true")
    table = n.pointer("%plan", Plan.TABLE)
    count, start = n.word("%plan", Plan.OVERLAPS), n.pointer("%plan", Plan.OVERLAPS + 1)

    def overlap(index: str) -> str:
        record = n.element(start, index, "[4 x i64]")
        begins, ends = [], []
        for field in (0, 2):
            begin = n.load(n.element(table, n.word(record, field), "i64"), 0, "i64")
            begins.append(begin)
            ends.append(n.emit(f"add i64 {begin}, {n.word(record, field + 1)}"))
        below = n.emit(f"icmp ult i64 {begins[0]}, {ends[1]}")
        above = n.emit(f"icmp ult i64 {begins[1]}, {ends[0]}")
        return n.emit(f"zext i1 {n.emit(f'and i1 {below}, {above}')} to i64")

    n.accumulate_differences(count, overlap)
    with n.records("%plan", Plan.APART, Apart.SIZE) as (_, record):
        begin = n.load(n.element(table, n.word(record, Apart.TABLE), "i64"), 0, "i64")
        end = n.emit(f"add i64 {begin}, {n.word(record, Apart.EXTENT)}")
        nearest = _first_ending_after(n, record, begin)
        n.check(n.emit(f"icmp uge i64 {n.load(nearest, 0, 'i64')}, {end}"))
    n.store("0", "%plan", 8 * Plan.MOVED, "i64")
    n.finish()


def _first_ending_after(n: Native, record: str, address: str) -> str:
    """The first span of a record that ends after an address, found by halving."""
    spans, bits = n.pointer(record, Apart.SPANS), n.word(record, Apart.BITS)
    f = n.f
    size = f.value(n.emit(f"shl i64 1, {bits}"), "int64")
    with f.loop(0, f.value(bits, "int64"), carried=[f.constant(0), size]) as loop:
        position, step = loop.values
        half = n.emit(f"lshr i64 {step.name}, 1")
        middle = n.emit(f"add i64 {position.name}, {half}")
        last = n.element(spans, n.emit(f"sub i64 {middle}, 1"), "[2 x i64]")
        below = n.emit(f"icmp ule i64 {n.word(last, 1)}, {address}")
        chosen = n.emit(f"select i1 {below}, i64 {middle}, i64 {position.name}")
        loop.carry(f.value(chosen, "int64"), f.value(half, "int64"))
    return n.element(spans, loop.results[0].name, "[2 x i64]")
