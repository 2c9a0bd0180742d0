"""The dispatcher: from a Python call to a running program and back, in native code.

One function serves every compiled function. It tries the plans of an entry one after the other;
the first whose guards hold runs. If none does, it calls Python, which records or repairs a plan.
"""

from __future__ import annotations

from flambeau.compiler.llvm.modes import define_modes
from flambeau.compiler.llvm.module import Module
from flambeau.compiler.llvm.target import Target
from flambeau.compiler.run import layout
from flambeau.compiler.run.call import ARRAY_DATA, ARRAY_FLAGS, HEADER
from flambeau.compiler.run.guard_text import (
    check_array,
    define_arguments,
    define_borrowed,
    define_guards,
    define_overlaps,
    item,
)
from flambeau.compiler.run.hold_text import define_hold
from flambeau.compiler.run.native_text import Native
from flambeau.compiler.run.number_text import define_numbers
from flambeau.compiler.run.plan_layout import (
    Counter,
    CounterKind,
    Gradient,
    Head,
    Plan,
    Root,
)
from flambeau.compiler.run.result_text import define_build, define_leaf, define_result
from flambeau.compiler.run.unpack_text import define_unpack

EXPORT = "flambeau_dispatch"
FAILED = "inttoptr (i64 1 to ptr)"  # Python has an exception


def dispatch_text(target: Target) -> str:
    """The dispatcher's module."""
    module = Module(target)
    define_modes(module)
    define_guards(module)
    define_unpack(module)
    define_arguments(module)
    define_borrowed(module)
    define_overlaps(module)
    define_numbers(module)
    _define_gradients(module)
    _define_intact(module)
    _define_roots(module)
    _define_kernel(module)
    _define_renumber(module)
    _define_commit(module)
    define_leaf(module)
    define_build(module)
    define_result(module)
    _define_run(module)
    define_hold(module)
    _define_attempt(module)
    _define_mode(module)
    _define_dispatch(module)
    return module.text()


# --- before the run ---------------------------------------------------------------------------


def _define_gradients(module: Module) -> None:
    """``i1 @dispatch.gradients(plan, arguments)``: whether gradients may be written where they lie.

    They may if nobody but their tensor and the plan holds them.
    """
    n = Native(module, "dispatch.gradients", [("ptr", "plan"), ("ptr", "arguments")], "i1")
    slots = layout.slots()
    with n.records("%plan", Plan.GRADIENTS, Gradient.SIZE) as (_, record):
        gradient = n.pointer(record, Gradient.GRADIENT)
        with n.unless(n.is_null(gradient)):
            tensor = n.tensor(record, Gradient.TENSOR, "%arguments")
            array = n.pointer(record, Gradient.ARRAY)
            there = n.same("ptr", n.load(tensor, slots["_grad"]), gradient)
            holders = n.emit(f"select i1 {there}, i32 2, i32 1")
            n.check_same("i32", n.count(gradient), holders)
            for held, expected in (
                (array, Gradient.ARRAY_COUNT),
                (n.pointer(record, Gradient.ROOT), Gradient.ROOT_COUNT),
            ):
                holders = n.emit(f"trunc i64 {n.word(record, expected)} to i32")
                n.check_same("i32", n.count(held), holders)
            n.check_same("ptr", n.load(gradient, slots["_array"]), array)
            n.check_same("ptr", n.load(gradient, slots["_requires"]), n.object("false"))
            for name in ("_node", "_view"):
                n.check_same("ptr", n.load(gradient, slots[name]), n.object("none"))
            n.check(n.is_null(n.load(gradient, slots["_grad"])))
    n.finish()


def _define_roots(module: Module) -> None:
    """``i1 @dispatch.roots(plan)``: memory for results; false with an exception."""
    n = Native(module, "dispatch.roots", [("ptr", "plan")], "i1")
    table = n.pointer("%plan", Plan.TABLE)
    with n.records("%plan", Plan.ROOTS, Root.SIZE) as (index, record):
        n.store("null", record, 8 * Root.CHOSEN)
        n.store("0", record, 8 * Root.OWNED, "i64")
        arrays = n.pointer(record, Root.ARRAYS)
        with n.each(n.word(record, Root.COUNT)) as position:
            array = n.load(n.element(arrays, position))
            none = n.is_null(n.pointer(record, Root.CHOSEN))
            free = n.same("i32", n.count(array), 1)
            with n.when(n.emit(f"and i1 {none}, {free}")):
                intact = n.emit(f"call i1 @dispatch.intact(ptr {array}, ptr {record})")
                fit = n.emit(f"select i1 {intact}, ptr {array}, ptr null")
                n.store(fit, record, 8 * Root.CHOSEN)
        with n.when(n.is_null(n.pointer(record, Root.CHOSEN))):
            number = n.called("PyLong_FromLongLong", f"i64 {index}")
            n.check(n.emit(f"icmp ne ptr {number}, null"))
            made = n.call_one(n.pointer("%plan", Plan.GROW), number)
            n.run("Py_DecRef", f"ptr {number}")
            n.check(n.emit(f"icmp ne ptr {made}, null"))
            n.store(made, record, 8 * Root.CHOSEN)
            n.store("1", record, 8 * Root.OWNED, "i64")
        chosen = n.pointer(record, Root.CHOSEN)
        data = n.load(chosen, HEADER + ARRAY_DATA)
        n.store(data, n.element(table, n.word(record, Root.TABLE)))
    n.finish()


def _define_intact(module: Module) -> None:
    """``i1 @dispatch.intact(array, record)``: whether it is as it was made, shape and flags."""
    n = Native(module, "dispatch.intact", [("ptr", "array"), ("ptr", "record")], "i1")
    dtype, ndim = n.pointer("%record", Root.DTYPE), n.word("%record", Root.NDIM)
    check_array(n, "%array", dtype, ndim, n.pointer("%record", Root.SIZES))
    flags = n.emit(f"zext i32 {n.load('%array', HEADER + ARRAY_FLAGS, 'i32')} to i64")
    n.check_same("i64", flags, n.word("%record", Root.FLAGS))
    n.finish()


# --- the run ----------------------------------------------------------------------------------


def _define_kernel(module: Module) -> None:
    """``void @dispatch.kernel(plan)``: the program, denormals flushed."""
    n = Native(module, "dispatch.kernel", [("ptr", "plan")], "void")
    table = n.pointer("%plan", Plan.TABLE)
    mode = n.emit("call i64 @flambeau.flush()")
    n.line(f"call void {n.pointer('%plan', Plan.KERNEL)}(ptr {table})")
    n.line(f"call void @flambeau.set_mode(i64 {mode})")
    n.f.finish()


def _define_run(module: Module) -> None:
    """``void @dispatch.run(plan)``: the program; a long one lets other threads run meanwhile.

    A program that draws holds its generator's lock: others may be drawing without Python's. It
    does not wait for it, since what the guards have found holds only as long as no other thread
    runs; a status other than 0 says that it was not free.
    """
    n = Native(module, "dispatch.run", [("ptr", "plan")], "void")
    lock = n.pointer("%plan", Plan.TRY_LOCK)
    draws = n.emit(f"icmp ne ptr {lock}, null")
    with n.when(draws):
        taken = _call_none(n, lock)
        with n.unless(n.same("ptr", taken, n.object("true"))):
            n.run("PyErr_Clear")
            n.store("1", n.pointer("%plan", Plan.STATUS), 0, "i64")
            n.give("void")
    long = n.same("i64", n.word("%plan", Plan.RELEASE), 1)
    with n.unless(long):
        n.line("call void @dispatch.kernel(ptr %plan)")
    with n.when(long):
        thread = n.called("PyEval_SaveThread")
        n.line("call void @dispatch.kernel(ptr %plan)")
        n.run("PyEval_RestoreThread", f"ptr {thread}")
    with n.when(draws):
        _call_none(n, n.pointer("%plan", Plan.UNLOCK))
    n.f.finish()


def _call_none(n: Native, function: str) -> str:
    """Calls a Python function without arguments that returns a constant, or null."""
    found = n.called("PyObject_Vectorcall", f"ptr {function}", "ptr null", "i64 0", "ptr null")
    with n.unless(n.is_null(found)):
        n.run("Py_DecRef", f"ptr {found}")
    return found


def _define_commit(module: Module) -> None:
    """``void @dispatch.commit(plan, arguments)``: versions go up, gradients are assigned."""
    n = Native(module, "dispatch.commit", [("ptr", "plan"), ("ptr", "arguments")], "void")
    slots = layout.slots()
    with n.records("%plan", Plan.COUNTED, 1) as (_, record):
        _count_up(n, n.pointer(record, 0))
    with n.records("%plan", Plan.COUNTERS, Counter.SIZE) as (_, record):
        kind = n.word(record, Counter.KIND)
        with n.when(n.same("i64", kind, CounterKind.ARGUMENT)):
            _increment(n, n.load(n.element("%arguments", n.word(record, Counter.FIRST))))
        with n.when(n.same("i64", kind, CounterKind.GRADIENT)):
            target = n.tensor(record, Counter.FIRST, "%arguments")
            gradient = n.load(target, slots["_grad"])
            # Another thread may have taken it away meanwhile.
            absent = n.same("ptr", gradient, n.object("none"))
            with n.unless(n.emit(f"or i1 {absent}, {n.is_null(gradient)}")):
                n.run("Py_IncRef", f"ptr {gradient}")
                _increment(n, gradient)
                n.run("Py_DecRef", f"ptr {gradient}")
    none = n.object("none")
    with n.records("%plan", Plan.GRADIENTS, Gradient.SIZE) as (_, record):
        gradient = n.pointer(record, Gradient.GRADIENT)
        tensor = n.tensor(record, Gradient.TENSOR, "%arguments")
        gone = n.is_null(gradient)
        wanted = n.emit(f"select i1 {gone}, ptr {none}, ptr {gradient}")
        with n.unless(gone):
            _replace(n, gradient, slots["_counter"], none)  # a fresh gradient is at version 0
        _replace(n, tensor, slots["_grad"], wanted)
    n.f.finish()


def _replace(n: Native, owner: str, offset: int, value: str) -> None:
    """Stores a reference in a slot, unless it is there."""
    old = n.load(owner, offset)
    with n.unless(n.same("ptr", old, value)):
        n.hold(value)
        n.store(value, owner, offset)
        with n.unless(n.is_null(old)):
            n.run("Py_DecRef", f"ptr {old}")


def _increment(n: Native, tensor: str) -> None:
    """One more in a tensor's version."""
    slots = layout.slots()
    uncounted = n.same("ptr", n.load(tensor, slots["_counter"]), n.object("none"))
    with n.when(uncounted):
        made = n.call_one(n.pointer("%plan", Plan.COUNT), tensor)
        with n.unless(n.is_null(made)):
            n.run("Py_DecRef", f"ptr {made}")
    _count_up(n, n.load(tensor, slots["_counter"]))


def _count_up(n: Native, counter: str) -> None:
    """One more in a version counter; in place if nobody else holds the int."""
    value = n.load(counter, layout.slots()["counter"])
    alone = n.same("i32", n.count(value), 1)
    short = n.same("i64", n.load(value, layout.INT_TAG, "i64"), layout.int_tag())
    digit = n.load(value, layout.INT_DIGIT, "i32")
    small = n.emit(f"icmp ult i32 {digit}, {layout.INT_DIGIT_LIMIT}")
    both = n.emit(f"and i1 {n.emit(f'and i1 {alone}, {short}')}, {small}")
    n.either(
        both,
        lambda: n.store(n.emit(f"add i32 {digit}, 1"), value, layout.INT_DIGIT, "i32"),
        lambda: n.line(f"call void @dispatch.renumber(ptr {counter})"),
    )


def _define_renumber(module: Module) -> None:
    """``void @dispatch.renumber(counter)``: one more, in a new int."""
    n = Native(module, "dispatch.renumber", [("ptr", "counter")], "void")
    n.f.attributes = "nounwind cold noinline"
    offset = layout.slots()["counter"]
    value = n.load("%counter", offset)
    number = n.called("PyLong_AsLongLong", f"ptr {value}")
    fresh = n.called("PyLong_FromLongLong", f"i64 {n.emit(f'add i64 {number}, 1')}")
    with n.unless(n.is_null(fresh)):
        n.store(fresh, "%counter", offset)
        n.run("Py_DecRef", f"ptr {value}")
    n.f.finish()


# --- the whole --------------------------------------------------------------------------------


def _define_attempt(module: Module) -> None:
    """``ptr @dispatch.attempt(plan, arguments)``: the result; null if the plan does not hold."""
    _define_held(module)
    n = Native(module, "dispatch.attempt", [("ptr", "plan"), ("ptr", "arguments")], "ptr")
    n.check(n.emit("icmp ne ptr %arguments, null"))
    _check_all(n, "arguments", "guards", "borrowed", "overlaps")
    with n.when(n.is_null(n.pointer("%plan", Plan.KERNEL))):
        _run_in_python(n)
    _check_all(n, "numbers")
    mine = n.emit("call i1 @dispatch.gradients(ptr %plan, ptr %arguments)")
    _check_all(n, "hold")
    given = f"ptr %plan, ptr %arguments, i1 {mine}"
    answer = n.emit(f"call ptr @dispatch.held({given})")
    n.line("call void @dispatch.release(ptr %plan, ptr %arguments)")
    n.finish("ptr null", f"ptr {answer}")


def _check_all(n: Native, *names: str) -> None:
    for name in names:
        given = "ptr %plan" if name in ("guards", "overlaps") else "ptr %plan, ptr %arguments"
        n.check(n.emit(f"call i1 @dispatch.{name}({given})"))


def _define_held(module: Module) -> None:
    """``ptr @dispatch.held(plan, arguments, mine)``: what remains once everything is held.

    ``mine`` says that gradients may be written where they lie.
    """
    parameters = [("ptr", "plan"), ("ptr", "arguments"), ("i1", "mine")]
    n = Native(module, "dispatch.held", parameters, "ptr")
    with n.unless("%mine"):
        _renew(n)
    with n.unless(n.emit("call i1 @dispatch.roots(ptr %plan)")):
        n.give(f"ptr {FAILED}")
    n.line("call void @dispatch.run(ptr %plan)")
    status = n.pointer("%plan", Plan.STATUS)
    with n.unless(n.same("i64", n.load(status, 0, "i64"), 0)):
        # An index out of range, or a generator in use: nothing has changed. Python will say what
        # is wrong, or wait.
        n.store("0", status, 0, "i64")
        _release_roots(n)
        n.f.branch("refused")
    n.line("call void @dispatch.commit(ptr %plan, ptr %arguments)")
    result = n.emit("call ptr @dispatch.result(ptr %plan, ptr %arguments)")
    _release_roots(n)
    failed = n.is_null(result)
    answer = n.emit(f"select i1 {failed}, ptr {FAILED}, ptr {result}")
    n.finish("ptr null", f"ptr {answer}")


def _release_roots(n: Native) -> None:
    """Arrays that were made for this call are held by its results from now on."""
    with n.records("%plan", Plan.ROOTS, Root.SIZE) as (_, record):
        owned = n.same("i64", n.word(record, Root.OWNED), 1)
        with n.when(owned):
            n.run("Py_DecRef", f"ptr {n.pointer(record, Root.CHOSEN)}")


def _run_in_python(n: Native) -> None:
    """The guards hold; the program itself is not one native call.

    Python makes sure that nobody else runs it. The plan may change or go meanwhile.
    """
    n.store("0", "%plan", 8 * Plan.BUSY, "i64")
    count = n.word("%plan", Plan.ARGUMENTS)
    result = n.called(
        "PyObject_Vectorcall", f"ptr {n.pointer('%plan', Plan.RUN)}", "ptr %arguments",
        f"i64 {count}", "ptr null",
    )  # fmt: skip
    failed = n.is_null(result)
    n.give(f"ptr {n.emit(f'select i1 {failed}, ptr {FAILED}, ptr {result}')}")


def _renew(n: Native) -> None:
    """Python makes new gradients in place of those that somebody else holds."""
    done = n.called(
        "PyObject_Vectorcall", f"ptr {n.pointer('%plan', Plan.RENEW)}", "ptr null", "i64 0",
        "ptr null",
    )  # fmt: skip
    with n.when(n.is_null(done)):
        n.give(f"ptr {FAILED}")
    n.run("Py_DecRef", f"ptr {done}")


def _define_mode(module: Module) -> None:
    """``ptr @dispatch.mode(head)``: the thread's mode, a small int; null if it has none."""
    n = Native(module, "dispatch.mode", [("ptr", "head")], "ptr")
    thread = n.called("PyThreadState_GetID", f"ptr {n.called('PyThreadState_Get')}")
    known = n.same("i64", thread, n.word("%head", Head.THREAD))
    with n.when(known):
        _give_known_mode(n)
    name = n.pointer("%head", Head.MODE_NAME)
    code = n.called("PyObject_GetAttr", f"ptr {n.pointer('%head', Head.MODE)}", f"ptr {name}")
    n.check(n.emit(f"icmp ne ptr {code}, null"))
    n.run("Py_DecRef", f"ptr {code}")  # a small int: it stays
    n.finish("ptr null", f"ptr {code}")


def _give_known_mode(n: Native) -> None:
    """The mode of the thread that the head knows, looked up only if its dict has changed."""
    modes = n.pointer("%head", Head.THREAD_MODES)
    tag = "0"
    if layout.has_dict_versions():
        tag = n.load(modes, layout.DICT_VERSION, "i64")
        with n.when(n.same("i64", tag, n.word("%head", Head.MODE_TAG))):
            n.give(f"ptr {n.pointer('%head', Head.MODE_FOUND)}")
    found = item(n, modes, n.pointer("%head", Head.MODE_NAME))
    first = n.pointer("%head", Head.FIRST_MODE)
    mode = n.emit(f"select i1 {n.is_null(found)}, ptr {first}, ptr {found}")
    n.store(mode, "%head", 8 * Head.MODE_FOUND)
    n.store(tag, "%head", 8 * Head.MODE_TAG, "i64")
    n.give(f"ptr {mode}")


def _define_dispatch(module: Module) -> None:
    """The entry, of the kind ``METH_FASTCALL | METH_KEYWORDS``."""
    parameters = [("ptr", "self"), ("ptr", "arguments"), ("i64", "count"), ("ptr", "names")]
    n = Native(module, EXPORT, parameters, "ptr", internal=False)
    head = n.load("%self", HEADER + ARRAY_DATA)
    named = n.emit("call i64 @dispatch.named(ptr %names)")
    code = n.emit(f"call ptr @dispatch.mode(ptr {head})")
    n.check(n.emit(f"icmp ne ptr {code}, null"))
    plan = n.pointer(head, Head.PLAN)
    before, turn = n.f.block_name, n.f.fresh("turn")
    n.f.branch(turn)
    n.f.block(turn)
    following = f"%{turn}.next"
    hole = len(n.f.lines)
    current = f"%{turn}.plan"
    n.check(n.emit(f"icmp ne ptr {current}, null"))
    answer, again, give = (n.f.fresh(x) for x in ("try", "again", "give"))
    fits = [
        n.same("i64", n.word(current, Plan.BUSY), 0),
        n.same("i64", n.word(current, Plan.GIVEN), "%count"),
        n.same("i64", n.word(current, Plan.NAMES), named),
        n.same("ptr", n.pointer(current, Plan.CODE), code),
    ]
    both = fits[0]
    for fit in fits[1:]:
        both = n.emit(f"and i1 {both}, {fit}")
    n.f.terminate(f"br i1 {both}, label %{answer}, label %{again}")
    n.f.block(answer)
    n.store(n.called("PyThread_get_thread_ident"), current, 8 * Plan.BUSY, "i64")
    guards_only = n.is_null(n.pointer(current, Plan.KERNEL))
    leaves = n.emit(f"call ptr @dispatch.unpack(ptr {current}, ptr %arguments, ptr %names)")
    result = n.emit(f"call ptr @dispatch.attempt(ptr {current}, ptr {leaves})")
    refused = n.is_null(result)
    # Where Python ran the program, the plan is no longer ours, and may be gone.
    with n.when(n.emit(f"select i1 {guards_only}, i1 {refused}, i1 true")):
        n.store("0", current, 8 * Plan.BUSY, "i64")
    n.f.terminate(f"br i1 {refused}, label %{again}, label %{give}")
    n.f.block(again)
    n.line(f"{following} = load ptr, ptr {current}")
    n.f.branch(turn)
    n.f.lines.insert(
        hole, f"  {current} = phi ptr [ {plan}, %{before} ], [ {following}, %{again} ]"
    )
    n.f.block(give)
    n.give(f"ptr {n.emit(f'select i1 {_is_failure(n, result)}, ptr null, ptr {result}')}")
    n.f.block("refused")
    slow = n.called(
        "PyObject_Vectorcall", f"ptr {n.pointer(head, Head.SLOW)}", "ptr %arguments", "i64 %count",
        "ptr %names",
    )  # fmt: skip
    n.give(f"ptr {slow}")
    n.f.finish()


def _is_failure(n: Native, result: str) -> str:
    return n.same("ptr", result, FAILED)
