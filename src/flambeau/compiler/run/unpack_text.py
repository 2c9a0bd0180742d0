"""Arguments that are containers, or given by name, taken apart natively."""

from __future__ import annotations

from flambeau.compiler.llvm.module import Module
from flambeau.compiler.run import layout
from flambeau.compiler.run.call import TYPE_OFFSET
from flambeau.compiler.run.native_text import Native
from flambeau.compiler.run.plan_layout import Plan, Unpack, UnpackKind


def define_unpack(module: Module) -> None:
    """Adds ``ptr @dispatch.unpack(plan, arguments, names)``: the leaves, or null.

    Containers must have the very types, sizes and keys that they had, in their order.
    """
    _define_named(module)
    _define_opened(module)
    n = Native(
        module, "dispatch.unpack", [("ptr", x) for x in ("plan", "arguments", "names")], "ptr"
    )
    names, containers = n.word("%plan", Plan.NAMES), n.word("%plan", Plan.UNPACK)
    flat = n.same("i64", n.emit(f"or i64 {names}, {containers}"), 0)
    with n.when(flat):
        n.give("ptr %arguments")
    found, given = n.pointer("%plan", Plan.FOUND), n.word("%plan", Plan.GIVEN)
    with n.each(n.emit(f"add i64 {given}, {names}")) as index:
        n.store(n.load(n.element("%arguments", index)), n.element(found, index))
    expected = n.pointer("%plan", Plan.NAMES + 1)
    with n.each(names) as index:
        name = n.load(n.element(n.at("%names", layout.TUPLE_ITEMS), index))
        n.check_same("ptr", name, n.load(n.element(expected, index)))
    with n.records("%plan", Plan.UNPACK, Unpack.SIZE) as (_, record):
        n.check(n.emit(f"call i1 @dispatch.opened(ptr {record}, ptr {found})"))
    leaves = n.pointer("%plan", Plan.FLAT)
    with n.records("%plan", Plan.PICKED, 1) as (index, record):
        n.store(n.load(n.element(found, n.word(record, 0))), n.element(leaves, index))
    n.finish("ptr null", f"ptr {leaves}")


def _define_named(module: Module) -> None:
    """``i64 @dispatch.named(names)``: how many arguments have names."""
    n = Native(module, "dispatch.named", [("ptr", "names")], "i64")
    with n.when(n.is_null("%names")):
        n.give("i64 0")
    n.finish("i64 0", f"i64 {n.load('%names', layout.LIST_SIZE, 'i64')}")


def _define_opened(module: Module) -> None:
    """``i1 @dispatch.opened(record, found)``: the children of one container beside the others."""
    n = Native(module, "dispatch.opened", [("ptr", "record"), ("ptr", "found")], "i1")
    places = [n.emit(f"alloca {kind}") for kind in ("i64", "ptr", "ptr")]
    container = n.load(n.element("%found", n.word("%record", Unpack.SOURCE)))
    kind, count = n.word("%record", Unpack.KIND), n.word("%record", Unpack.COUNT)
    target = n.element("%found", n.word("%record", Unpack.TARGET))
    is_type = n.load(container, TYPE_OFFSET)
    for which, name in ((UnpackKind.TUPLE, "tuple"), (UnpackKind.LIST, "list")):
        with n.when(n.same("i64", kind, which)):
            n.check_same("ptr", is_type, n.object(name))
            n.check_same("i64", n.load(container, layout.LIST_SIZE, "i64"), count)
            items = n.at(container, layout.TUPLE_ITEMS)
            if which == UnpackKind.LIST:
                items = n.load(container, layout.LIST_ITEMS)
            with n.each(count) as index:
                n.store(n.load(n.element(items, index)), n.element(target, index))
            n.give("i1 true")
    n.check_same("ptr", is_type, n.object("dict"))
    n.check_same("i64", n.load(container, layout.DICT_USED, "i64"), count)
    position, key, value = places
    n.store("0", position, 0, "i64")
    keys = n.pointer("%record", Unpack.KEYS)
    with n.each(count) as index:
        given = ", ".join(f"ptr {x}" for x in (container, position, key, value))
        more = n.called("PyDict_Next", given)
        n.check(n.emit(f"icmp ne i32 {more}, 0"))
        n.check_same("ptr", n.load(key), n.load(n.element(keys, index)))
        n.store(n.load(value), n.element(target, index))
    n.finish()
