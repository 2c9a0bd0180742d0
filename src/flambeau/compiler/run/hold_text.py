"""What a call holds while it runs, so that nothing it reads or writes can go meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flambeau.compiler.llvm.module import Module
from flambeau.compiler.run import layout
from flambeau.compiler.run.guard_text import gradient_of
from flambeau.compiler.run.native_text import Native
from flambeau.compiler.run.plan_layout import Argument, ArgumentKind, Borrowed, Plan


def define_hold(module: Module) -> None:
    """``i1 @dispatch.hold(plan, arguments)`` and ``void @dispatch.release(plan, arguments)``.

    From here on Python may run, here and in other threads: what it replaces stays until we are
    done. Where it has replaced an array since that was checked, the plan does not hold.
    """
    parameters = [("ptr", "plan"), ("ptr", "arguments")]
    n = Native(module, "dispatch.hold", parameters, "i1")
    with _tensor_arguments(n) as (index, record):
        given = n.load(n.element("%arguments", index))
        array = n.load(given, layout.slots()["_array"])
        n.check_same("ptr", array, n.pointer(record, Argument.ARRAY))
    with n.records("%plan", Plan.BORROWED, Borrowed.SIZE) as (_, record):
        gradient = gradient_of(n, record)
        array = n.load(gradient, layout.slots()["_array"])
        n.check_same("ptr", array, n.pointer(record, Borrowed.ARRAY))
    _for_all_held(n, "Py_IncRef")
    n.finish()
    n = Native(module, "dispatch.release", parameters, "void")
    _for_all_held(n, "Py_DecRef")
    n.f.finish()


@contextmanager
def _tensor_arguments(n: Native) -> Iterator[tuple[str, str]]:
    with n.records("%plan", Plan.ARGUMENTS, Argument.SIZE) as (index, record):
        is_tensor = n.same("i64", n.word(record, Argument.KIND), ArgumentKind.TENSOR)
        with n.when(is_tensor):
            yield index, record


def _for_all_held(n: Native, function: str) -> None:
    """Arrays of arguments and of gradients; what was found in containers."""
    with _tensor_arguments(n) as (_, record):
        n.run(function, f"ptr {n.pointer(record, Argument.ARRAY)}")
    with n.records("%plan", Plan.BORROWED, Borrowed.SIZE) as (_, record):
        n.run(function, f"ptr {n.pointer(record, Borrowed.ARRAY)}")
    taken_apart = n.emit(f"icmp ne i64 {n.word('%plan', Plan.UNPACK)}, 0")
    with n.when(taken_apart), n.each(n.word("%plan", Plan.PICKED)) as index:
        n.run(function, f"ptr {n.load(n.element('%arguments', index))}")
