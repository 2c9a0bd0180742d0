"""What a compiled call returns, made natively: tensors around results' memory, in containers."""

from __future__ import annotations

from flambeau.compiler.llvm.module import Module
from flambeau.compiler.run import layout
from flambeau.compiler.run.native_text import Native
from flambeau.compiler.run.plan_layout import Build, BuildKind, Leaf, LeafKind, Plan, Root, Shape


def define_leaf(module: Module) -> None:
    """``ptr @dispatch.leaf(plan, arguments, record)``: a new reference, or null."""
    parameters = [("ptr", x) for x in ("plan", "arguments", "record")]
    n = Native(module, "dispatch.leaf", parameters, "ptr")
    slots = layout.slots()
    kind = n.word("%record", Leaf.KIND)
    with n.when(n.same("i64", kind, LeafKind.ARGUMENT)):
        given = n.load(n.element("%arguments", n.word("%record", Leaf.FIRST)))
        n.hold(given)
        n.give(f"ptr {given}")
    with n.when(n.same("i64", kind, LeafKind.OBJECT)):
        kept = n.pointer("%record", Leaf.FIRST)
        n.hold(kept)
        n.give(f"ptr {kept}")
    root = n.element(
        n.pointer("%plan", Plan.ROOTS + 1), n.word("%record", Leaf.FIRST), f"[{Root.SIZE} x i64]"
    )
    array = n.pointer(root, Root.CHOSEN)
    tensor = n.called("flambeau_allocate", f"ptr {n.object('tensor')}", "i64 0")
    n.check(n.emit(f"icmp ne ptr {tensor}, null"))
    contents = {
        "_array": array,
        "_node": n.pointer("%record", Leaf.NODE),
        "_requires": n.pointer("%record", Leaf.REQUIRES),
        "_view": n.object("none"),
        "_counter": n.object("none"),
    }
    for name, value in contents.items():
        n.hold(value)
        n.store(value, tensor, slots[name])
    n.finish("ptr null", f"ptr {tensor}")


def define_result(module: Module) -> None:
    """``ptr @dispatch.result(plan, arguments)``: what the call returns, or null."""
    n = Native(module, "dispatch.result", [("ptr", "plan"), ("ptr", "arguments")], "ptr")
    shape = n.word("%plan", Plan.SHAPE)
    with n.when(n.same("i64", shape, Shape.SINGLE)):
        n.give(f"ptr {_leaf(n, n.pointer('%plan', Plan.LEAVES + 1))}")
    with n.when(n.same("i64", shape, Shape.BUILT)):
        n.give(f"ptr {n.emit('call ptr @dispatch.build(ptr %plan, ptr %arguments)')}")
    found = _all_leaves(n)
    finished = n.call_one(n.pointer("%plan", Plan.FINISH), found)
    n.run("Py_DecRef", f"ptr {found}")
    n.finish("ptr null", f"ptr {finished}")


def _leaf(n: Native, record: str) -> str:
    return n.emit(f"call ptr @dispatch.leaf(ptr %plan, ptr %arguments, ptr {record})")


def _all_leaves(n: Native) -> str:
    """A tuple of them; refuses with an exception."""
    made = n.called("PyTuple_New", f"i64 {n.word('%plan', Plan.LEAVES)}")
    n.check(n.emit(f"icmp ne ptr {made}, null"))
    with n.records("%plan", Plan.LEAVES, Leaf.SIZE) as (index, record):
        leaf = _leaf(n, record)
        with n.when(n.is_null(leaf)):
            n.run("Py_DecRef", f"ptr {made}")
            n.f.branch("refused")
        n.called("PyTuple_SetItem", f"ptr {made}", f"i64 {index}", f"ptr {leaf}")
    return made


def define_build(module: Module) -> None:
    """``ptr @dispatch.build(plan, arguments)``: the leaves in their containers, or null.

    Objects that are not in a container yet lie on a stack.
    """
    _define_container(module)
    n = Native(module, "dispatch.build", [("ptr", "plan"), ("ptr", "arguments")], "ptr")
    depth, leaf, made = (n.emit(f"alloca {kind}") for kind in ("i64", "ptr", "ptr"))
    stack = n.pointer("%plan", Plan.STACK)
    n.store("0", depth, 0, "i64")
    n.store(n.pointer("%plan", Plan.LEAVES + 1), leaf)
    with n.records("%plan", Plan.BUILD, Build.SIZE) as (_, record):
        count = n.word(record, Build.COUNT)  # of a leaf, 0
        base = n.emit(f"sub i64 {n.load(depth, 0, 'i64')}, {count}")
        place = n.element(stack, base)

        def next_leaf() -> None:
            n.store(_leaf(n, n.load(leaf)), made)
            n.store(n.at(n.load(leaf), 8 * Leaf.SIZE), leaf)

        def container() -> None:
            given = f"ptr {record}, ptr {place}"
            n.store(n.emit(f"call ptr @dispatch.container({given})"), made)

        n.either(n.same("i64", n.word(record, Build.KIND), BuildKind.LEAF), next_leaf, container)
        n.check(n.emit(f"icmp ne ptr {n.load(made)}, null"))
        n.store(n.load(made), place)
        n.store(n.emit(f"add i64 {base}, 1"), depth, 0, "i64")
    n.give(f"ptr {n.load(stack)}")
    n.f.block("refused")
    with n.each(n.load(depth, 0, "i64")) as index:
        n.run("Py_DecRef", f"ptr {n.load(n.element(stack, index))}")
    n.give("ptr null")
    n.f.finish()


def _define_container(module: Module) -> None:
    """``ptr @dispatch.container(record, items)``: takes over the items, unless it returns null."""
    n = Native(module, "dispatch.container", [("ptr", "record"), ("ptr", "items")], "ptr")
    kind, count = n.word("%record", Build.KIND), n.word("%record", Build.COUNT)
    for which, name in ((BuildKind.TUPLE, "PyTuple"), (BuildKind.LIST, "PyList")):
        with n.when(n.same("i64", kind, which)):
            made = n.called(f"{name}_New", f"i64 {count}")
            n.check(n.emit(f"icmp ne ptr {made}, null"))
            with n.each(count) as index:
                given = n.load(n.element("%items", index))
                n.called(f"{name}_SetItem", f"ptr {made}", f"i64 {index}", f"ptr {given}")
            n.give(f"ptr {made}")
    made, keys = n.called("PyDict_New"), n.pointer("%record", Build.KEYS)
    n.check(n.emit(f"icmp ne ptr {made}, null"))
    with n.each(count) as index:
        key, given = (n.load(n.element(start, index)) for start in (keys, "%items"))
        failed = n.called("PyDict_SetItem", f"ptr {made}", f"ptr {key}", f"ptr {given}")
        with n.unless(n.same("i32", failed, 0)):
            n.run("Py_DecRef", f"ptr {made}")
            n.f.branch("refused")
    with n.each(count) as index:
        n.run("Py_DecRef", f"ptr {n.load(n.element('%items', index))}")
    n.finish("ptr null", f"ptr {made}")
