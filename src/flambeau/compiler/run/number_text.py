"""Numbers that compiled code reads: fetched and computed natively before each run."""

from __future__ import annotations

from flambeau.compiler.llvm.module import Module
from flambeau.compiler.run import layout
from flambeau.compiler.run.call import HEADER, TYPE_OFFSET
from flambeau.compiler.run.guard_text import item
from flambeau.compiler.run.native_text import Native
from flambeau.compiler.run.plan_layout import FUNCTIONS, Plan, Source, SourceKind, Step

EXACT = "0x4340000000000000"  # 2**53: below it, an int is a double
INFINITE = "0x7FF0000000000000"


def define_numbers(module: Module) -> None:
    """Adds ``i1 @dispatch.numbers(ptr plan, ptr arguments)``."""
    _define_read(module)
    _define_function(module)
    n = Native(module, "dispatch.numbers", [("ptr", "plan"), ("ptr", "arguments")], "i1")
    with n.records("%plan", Plan.SOURCES, Source.SIZE) as (_, record):
        n.check(n.emit(f"call i1 @dispatch.read(ptr {record}, ptr %arguments)"))
    count = n.word("%plan", Plan.EQUAL_SOURCES)
    start = n.pointer("%plan", Plan.EQUAL_SOURCES + 1)

    def difference(index: str) -> str:
        record = n.element(start, index, "[2 x i64]")
        values = [n.load(n.pointer(record, field), 0, "i64") for field in (0, 1)]
        return n.emit(f"xor i64 {values[0]}, {values[1]}")

    equal = n.same("i64", n.total_of(count, difference), 0)
    with n.when(equal):
        _compute(n, Plan.SHORT_OPERATIONS, Plan.SHORT_OUTPUTS)
        n.give("i1 true")
    _compute(n, Plan.OPERATIONS, Plan.OUTPUTS)
    n.finish()


def _compute(n: Native, operations: int, outputs: int) -> None:
    """Run a table of operations, and store what the program reads."""
    with n.records("%plan", operations, Step.SIZE) as (_, record):
        given = ", ".join(f"ptr {x}" for x in (record, "%plan", "%arguments"))
        n.check(n.emit(f"call i1 @dispatch.function({given})"))
    with n.records("%plan", outputs, 2) as (_, record):
        n.store(n.load(n.pointer(record, 0), 0, "i64"), n.pointer(record, 1), 0, "i64")


def _define_read(module: Module) -> None:
    """``i1 @dispatch.read(record, arguments)``: one source into its register."""
    n = Native(module, "dispatch.read", [("ptr", "record"), ("ptr", "arguments")], "i1")
    place = n.pointer("%record", Source.PLACE)
    stored = {SourceKind.FLOAT32: "float", SourceKind.FLOAT64: "double", SourceKind.INT64: "i64"}
    kinds = [SourceKind.ARGUMENT, SourceKind.ITEM, *stored]
    n.switch(n.word("%record", Source.KIND), {kind: f"source{kind}" for kind in kinds})
    n.f.block(f"source{SourceKind.ARGUMENT}")
    _convert(n, n.load(n.element("%arguments", n.word("%record", Source.INDEX))), place)
    n.f.block(f"source{SourceKind.ITEM}")
    _convert(n, _found_item(n), place)
    for kind, element in stored.items():
        n.f.block(f"source{kind}")
        value = n.load(n.pointer("%record", Source.FIRST), 0, element)
        if element == "float":
            value = n.emit(f"fpext float {value} to double")
        elif element == "i64":
            value = n.emit(f"sitofp i64 {value} to double")
            _check_exact(n, value)
        _note(n, value, place)
    n.finish(accepted=None)


def _found_item(n: Native) -> str:
    """The number in a dict, or in a tuple in a dict."""
    found = item(n, n.pointer("%record", Source.FIRST), n.pointer("%record", Source.SECOND))
    n.check(n.emit(f"icmp ne ptr {found}, null"))
    index, chosen = n.word("%record", Source.INDEX), n.emit("alloca ptr")
    n.store(found, chosen)
    with n.when(n.emit(f"icmp sge i64 {index}, 0")):
        n.check_same("ptr", n.load(found, TYPE_OFFSET), n.object("tuple"))
        size = n.load(found, layout.LIST_SIZE, "i64")
        n.check(n.emit(f"icmp slt i64 {index}, {size}"))
        n.store(n.load(n.element(n.at(found, layout.TUPLE_ITEMS), index)), chosen)
    return n.load(chosen)


def _note(n: Native, value: str, place: str) -> None:
    """Stores what was read, unless something was asked about it and it is another."""
    asked = n.same("i64", n.word("%record", Source.ASKED), 1)
    with n.when(asked):
        # Until Python has asked again, the value that it asked about stays the known one.
        bits = n.emit(f"bitcast double {value} to i64")
        n.check_same("i64", bits, n.load(place, 0, "i64"))
    n.store(value, place, 0, "double")
    n.give("i1 true")


def _convert(n: Native, number: str, place: str) -> None:
    """Notes a float or int object of the expected type, as a double."""
    kind = n.load(number, TYPE_OFFSET)
    n.check_same("ptr", kind, n.pointer("%record", Source.TYPE))
    with n.when(n.same("ptr", kind, n.object("float"))):
        _note(n, n.load(number, HEADER, "double"), place)
    value = n.called("PyLong_AsDouble", f"ptr {number}")
    with n.when(n.emit(f"fcmp oeq double {value}, -1.0")):
        failed = n.called("PyErr_Occurred")
        with n.unless(n.is_null(failed)):
            n.run("PyErr_Clear")
            n.f.branch("refused")
    _check_exact(n, value)
    _note(n, value, place)


def _check_exact(n: Native, value: str) -> None:
    n.module.declare("llvm.fabs.f64", "double @llvm.fabs.f64(double)")
    size = n.emit(f"call double @llvm.fabs.f64(double {value})")
    n.check(n.emit(f"fcmp olt double {size}, {EXACT}"))


def _define_function(module: Module) -> None:
    """``i1 @dispatch.function(record, plan, arguments)``: one operation.

    Refuses where Python raises.
    """
    parameters = [("ptr", x) for x in ("record", "plan", "arguments")]
    n = Native(module, "dispatch.function", parameters, "i1")
    n.switch(n.word("%record", Step.FUNCTION), dict(enumerate(FUNCTIONS)))
    n.module.declare("llvm.fabs.f64", "double @llvm.fabs.f64(double)")
    for name in FUNCTIONS:
        n.f.block(name)
        if name == "python":
            value = _called(n)
        else:
            fields = (Step.FIRST, Step.SECOND)
            x, y = (n.load(n.pointer("%record", field), 0, "double") for field in fields)
            value = _value(n, name, x, y)
        n.store(value, n.pointer("%record", Step.RESULT), 0, "double")
        n.give("i1 true")
    n.finish(accepted=None)


def _called(n: Native) -> str:
    """What a Python function of the arguments returns, a float."""
    count = n.word("%plan", Plan.ARGUMENTS)
    found = n.called(
        "PyObject_Vectorcall", f"ptr {n.pointer('%record', Step.FIRST)}", "ptr %arguments",
        f"i64 {count}", "ptr null",
    )  # fmt: skip
    with n.when(n.is_null(found)):
        n.run("PyErr_Clear")
        n.f.branch("refused")
    is_float = n.same("ptr", n.load(found, TYPE_OFFSET), n.object("float"))
    with n.unless(is_float):
        n.run("Py_DecRef", f"ptr {found}")
        n.f.branch("refused")
    value = n.load(found, HEADER, "double")
    n.run("Py_DecRef", f"ptr {found}")
    return value


def _value(n: Native, name: str, x: str, y: str) -> str:
    if name == "neg":
        return n.emit(f"fneg double {x}")
    if name == "abs":
        return n.emit(f"call double @llvm.fabs.f64(double {x})")
    if name == "pow":
        return _power(n, x, y)
    if name == "rest":
        _give_one_if_so(n, x, y)
        return n.emit(f"fsub double 1.0, {_power(n, x, y)}")
    if name == "div":
        n.check(n.emit(f"fcmp une double {y}, 0.0"))
    return n.emit(f"f{name} double {x}, {y}")


def _power(n: Native, x: str, y: str) -> str:
    value = n.called("pow", f"double {x}", f"double {y}")
    size = n.emit(f"call double @llvm.fabs.f64(double {value})")
    n.check(n.emit(f"fcmp olt double {size}, {INFINITE}"))
    return value


def _give_one_if_so(n: Native, x: str, y: str) -> None:
    """Ends with 1 where ``1 - x**y`` is exactly that, as it is after many steps.

    ln x <= x - 1, so that x**y <= exp(-y (1 - x)); of exp(-38), 1.0 loses nothing.
    """
    exponent = n.emit(f"fmul double {y}, {n.emit(f'fsub double 1.0, {x}')}")
    large = n.emit(f"fcmp ogt double {exponent}, 38.0")
    for operand in (x, y):
        large = n.emit(f"and i1 {large}, {n.emit(f'fcmp oge double {operand}, 0.0')}")
    with n.when(large):
        n.store("1.0", n.pointer("%record", Step.RESULT), 0, "double")
        n.give("i1 true")
