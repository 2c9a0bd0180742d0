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
    registers, numbers = n.pointer("%plan", Plan.REGISTERS), n.pointer("%plan", Plan.NUMBERS)
    table = n.pointer("%plan", Plan.TABLE)
    with n.records("%plan", Plan.SOURCES, Source.SIZE) as (_, record):
        given = ", ".join(f"ptr {x}" for x in (record, "%arguments", registers, table))
        n.check(n.emit(f"call i1 @dispatch.read({given})"))
    count = n.word("%plan", Plan.EQUAL_SOURCES)
    start = n.pointer("%plan", Plan.EQUAL_SOURCES + 1)

    def difference(index: str) -> str:
        record = n.element(start, index, "[2 x i64]")
        values = [n.load(_register(n, registers, record, field), 0, "i64") for field in (0, 1)]
        return n.emit(f"xor i64 {values[0]}, {values[1]}")

    equal = n.same("i64", n.total_of(count, difference), 0)
    with n.when(equal):
        _compute(n, Plan.SHORT_OPERATIONS, Plan.SHORT_OUTPUTS, registers, numbers)
        n.give("i1 true")
    _compute(n, Plan.OPERATIONS, Plan.OUTPUTS, registers, numbers)
    n.finish()


def _compute(n: Native, operations: int, outputs: int, registers: str, numbers: str) -> None:
    """Run a table of operations, and store what the program reads."""
    with n.records("%plan", operations, Step.SIZE) as (_, record):
        given = ", ".join(f"ptr {x}" for x in (record, registers, "%plan", "%arguments"))
        n.check(n.emit(f"call i1 @dispatch.function({given})"))
    with n.records("%plan", outputs, 2) as (_, record):
        value = n.load(_register(n, registers, record, 0), 0, "i64")
        n.store(value, n.element(numbers, n.word(record, 1), "i64"), 0, "i64")


def _register(n: Native, registers: str, record: str, field: int) -> str:
    return n.element(registers, n.word(record, field), "double")


def _define_read(module: Module) -> None:
    """``i1 @dispatch.read(record, arguments, registers, table)``: one source into its register."""
    parameters = [("ptr", x) for x in ("record", "arguments", "registers", "table")]
    n = Native(module, "dispatch.read", parameters, "i1")
    kind = n.word("%record", Source.KIND)
    place = _register(n, "%registers", "%record", Source.REGISTER)
    before = n.load(place, 0, "i64")
    with n.when(n.same("i64", kind, SourceKind.ARGUMENT)):
        _convert(n, n.load(n.element("%arguments", n.word("%record", Source.INDEX))), place)
    with n.when(n.same("i64", kind, SourceKind.ITEM)):
        found = item(n, n.pointer("%record", Source.FIRST), n.pointer("%record", Source.SECOND))
        n.check(n.emit(f"icmp ne ptr {found}, null"))
        index = n.word("%record", Source.INDEX)
        inside = n.emit(f"icmp sge i64 {index}, 0")
        with n.unless(inside):
            _convert(n, found, place)
        with n.when(inside):
            n.check_same("ptr", n.load(found, TYPE_OFFSET), n.object("tuple"))
            size = n.load(found, layout.LIST_SIZE, "i64")
            n.check(n.emit(f"icmp slt i64 {index}, {size}"))
            _convert(n, n.load(n.element(n.at(found, layout.TUPLE_ITEMS), index)), place)
    for which, stored in (
        (SourceKind.FLOAT32, "float"),
        (SourceKind.FLOAT64, "double"),
        (SourceKind.INT64, "i64"),
    ):
        with n.when(n.same("i64", kind, which)):
            value = n.load(n.pointer("%record", Source.FIRST), 0, stored)
            if stored == "float":
                value = n.emit(f"fpext float {value} to double")
            elif stored == "i64":
                value = n.emit(f"sitofp i64 {value} to double")
                _check_exact(n, value)
            n.store(value, place, 0, "double")
    asked = n.same("i64", n.word("%record", Source.ASKED), 1)
    with n.when(asked), n.unless(n.same("i64", n.load(place, 0, "i64"), before)):
        # Until Python has asked again, the value that it asked about stays the known one.
        n.store(before, place, 0, "i64")
        n.f.branch("refused")
    n.finish()


def _convert(n: Native, number: str, place: str) -> None:
    """A float or int object of the expected type, as a double."""
    kind = n.load(number, TYPE_OFFSET)
    n.check_same("ptr", kind, n.pointer("%record", Source.TYPE))
    is_float = n.same("ptr", kind, n.object("float"))
    with n.when(is_float):
        n.store(n.load(number, HEADER, "i64"), place, 0, "i64")
    with n.unless(is_float):
        value = n.called("PyLong_AsDouble", f"ptr {number}")
        with n.when(n.emit(f"fcmp oeq double {value}, -1.0")):
            failed = n.called("PyErr_Occurred")
            with n.unless(n.is_null(failed)):
                n.run("PyErr_Clear")
                n.f.branch("refused")
        _check_exact(n, value)
        n.store(value, place, 0, "double")


def _check_exact(n: Native, value: str) -> None:
    n.module.declare("llvm.fabs.f64", "double @llvm.fabs.f64(double)")
    size = n.emit(f"call double @llvm.fabs.f64(double {value})")
    n.check(n.emit(f"fcmp olt double {size}, {EXACT}"))


def _define_function(module: Module) -> None:
    """``i1 @dispatch.function(record, registers, plan, arguments)``: one operation.

    Refuses where Python raises.
    """
    parameters = [("ptr", x) for x in ("record", "registers", "plan", "arguments")]
    n = Native(module, "dispatch.function", parameters, "i1")
    result = _register(n, "%registers", "%record", Step.RESULT)
    cases = " ".join(f"i64 {i}, label %{name}" for i, name in enumerate(FUNCTIONS))
    n.f.terminate(f"switch i64 {n.word('%record', Step.FUNCTION)}, label %refused [ {cases} ]")
    n.module.declare("llvm.fabs.f64", "double @llvm.fabs.f64(double)")
    for name in FUNCTIONS:
        n.f.block(name)
        if name == "python":
            value = _called(n)
        else:
            x, y = (
                n.load(_register(n, "%registers", "%record", field), 0, "double")
                for field in (Step.FIRST, Step.SECOND)
            )
            value = _value(n, name, x, y)
        n.store(value, result, 0, "double")
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
        value = n.called("pow", f"double {x}", f"double {y}")
        size = n.emit(f"call double @llvm.fabs.f64(double {value})")
        n.check(n.emit(f"fcmp olt double {size}, {INFINITE}"))
        return value
    if name == "div":
        n.check(n.emit(f"fcmp une double {y}, 0.0"))
    return n.emit(f"f{name} double {x}, {y}")
