"""Native functions that Python calls in a tenth of a microsecond.

An entry is a built-in function object (``PyCFunction_NewEx``) whose code we generate: it checks
its arguments' types, data types, shapes and flags in their memory, fetches data pointers and
numbers, and calls the kernel. It returns ``True``, or ``False`` if an argument is not what it was
compiled for; nothing has happened then, and whatever the argument is, it does not crash.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from flambeau.compiler.llvm.modes import define_modes
from flambeau.core.scalar_numpy import numpy_dtype

if TYPE_CHECKING:
    from flambeau.compiler.llvm.module import Module
    from flambeau.compiler.run.engine import Handle

METH_FASTCALL = 0x0080
# Where fields lie, in bytes after the header that every object has.
HEADER = object.__basicsize__
TYPE_OFFSET = HEADER - 8
ARRAY_DATA, ARRAY_NDIM, ARRAY_SHAPE, ARRAY_STRIDES, ARRAY_DTYPE, ARRAY_FLAGS = 0, 8, 16, 24, 40, 48
DTYPE_KIND, DTYPE_LETTER, DTYPE_ORDER, DTYPE_NUMBER = 8, 9, 10, 12
C_CONTIGUOUS, ALIGNED, WRITEABLE = 0x1, 0x100, 0x400
# Before 3.12 True and False are counted like any object.
COUNTED_SINGLETONS = sys.version_info < (3, 12)


@dataclass(frozen=True)
class Array:
    """An ``ndarray`` argument; the kernel receives its data pointer.

    Attributes:
        dtype: the data type's name.
        shape: its sizes; ``None`` among them stands for any size.
        writable: whether the kernel writes to it.
        strides: byte strides, or ``None`` for row-major.
    """

    dtype: str
    shape: tuple[int | None, ...]
    writable: bool = False
    strides: tuple[int, ...] | None = None

    kernel_type = "ptr"


@dataclass(frozen=True)
class Float:
    """A Python float (or int) argument; the kernel receives a double."""

    kernel_type = "double"


@dataclass(frozen=True)
class Int:
    """A Python int argument of at most 64 bits; the kernel receives an i64."""

    kernel_type = "i64"


Parameter = Array | Float | Int


@dataclass(frozen=True)
class Signature:
    """How an entry is called, and what it does around the kernel.

    Attributes:
        parameters: its arguments, in order.
        table: how many pointers the entry owns. If there are any, the kernel receives the
            address of the table first; ``entry.__self__`` is the table, an array of uint64.
        release_gil: whether other Python threads may run meanwhile; worth 0.06 us from about
            10 us on.
        flush_denormals: whether denormals count as zero.
    """

    parameters: Sequence[Parameter] = field(default_factory=tuple)
    table: int = 0
    release_gil: bool = False
    flush_denormals: bool = True

    def kernel_types(self) -> list[str]:
        """The LLVM types of the kernel's parameters."""
        table = ["ptr"] if self.table else []
        return table + [p.kernel_type for p in self.parameters]


# --- code -----------------------------------------------------------------------------------------


def define_entry(module: Module, name: str, kernel: str, signature: Signature) -> str:
    """Adds the entry of a kernel to its module.

    Args:
        module: the module.
        name: the entry's name.
        kernel: the kernel's name; it returns nothing and takes ``signature.kernel_types()``.
        signature: what to check and pass.

    Returns:
        the name of the function to export.
    """
    writer = _EntryWriter(module)
    writer.check(f"icmp eq i64 %count, {len(signature.parameters)}")
    given = []
    if signature.table:
        given.append("ptr " + writer.load("ptr", "%self", HEADER + ARRAY_DATA))
    for position, parameter in enumerate(signature.parameters):
        given.append(writer.argument(position, parameter))
    if signature.flush_denormals:
        define_modes(module)
        writer.line("%mode = call i64 @flambeau.flush()")
    if signature.release_gil:
        module.declare("PyEval_SaveThread", "ptr @PyEval_SaveThread()")
        module.declare("PyEval_RestoreThread", "void @PyEval_RestoreThread(ptr)")
        writer.line("%thread = call ptr @PyEval_SaveThread()")
    writer.line(f"call void @{kernel}({', '.join(given)})")
    if signature.release_gil:
        writer.line("call void @PyEval_RestoreThread(ptr %thread)")
    if signature.flush_denormals:
        writer.line("call void @flambeau.set_mode(i64 %mode)")
    exported = f"{name}.entry"
    module.add(exported, writer.finish(exported))
    return exported


class _EntryWriter:
    """Writes checks one after another; the first that fails leaves."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.lines: list[str] = []
        self._count = 0
        for singleton in ("_Py_TrueStruct", "_Py_FalseStruct"):
            module.define_global(singleton, "external global i8")

    def line(self, text: str) -> None:
        self.lines.append("  " + text)

    def emit(self, text: str) -> str:
        self._count += 1
        name = f"%v{self._count}"
        self.line(f"{name} = {text}")
        return name

    def check(self, condition: str) -> None:
        """Goes on only where the condition holds."""
        self._count += 1
        label = f"next{self._count}"
        self.line(f"br i1 {self.emit(condition)}, label %{label}, label %refused")
        self.lines.append(f"{label}:")

    def load(self, kind: str, pointer: str, offset: int) -> str:
        place = self.emit(f"getelementptr i8, ptr {pointer}, i64 {offset}") if offset else pointer
        return self.emit(f"load {kind}, ptr {place}")

    def check_field(self, kind: str, pointer: str, offset: int, value: int) -> None:
        self.check(f"icmp eq {kind} {self.load(kind, pointer, offset)}, {value}")

    def type_is(self, pointer: str, symbol: str) -> str:
        """A comparison of an object's exact type."""
        self.module.define_global(symbol, "external global i8")
        return f"icmp eq ptr {self.load('ptr', pointer, TYPE_OFFSET)}, @{symbol}"

    def argument(self, position: int, parameter: Parameter) -> str:
        """Checks an argument; returns what the kernel is given for it."""
        pointer = self.load("ptr", "%arguments", 8 * position)
        if isinstance(parameter, Array):
            return self._array(pointer, parameter)
        if isinstance(parameter, Float):
            return self._float(pointer)
        return self._int(pointer)

    def _array(self, pointer: str, wanted: Array) -> str:
        self.check(self.type_is(pointer, "flambeau_ndarray_type"))
        described = self.load("ptr", pointer, HEADER + ARRAY_DTYPE)
        self._dtype(described, wanted.dtype)
        self.check_field("i32", pointer, HEADER + ARRAY_NDIM, len(wanted.shape))
        needed = ALIGNED | (WRITEABLE if wanted.writable else 0)
        needed |= C_CONTIGUOUS if wanted.strides is None else 0
        flags = self.load("i32", pointer, HEADER + ARRAY_FLAGS)
        self.check(f"icmp eq i32 {self.emit(f'and i32 {flags}, {needed}')}, {needed}")
        if any(size is not None for size in wanted.shape):
            sizes = self.load("ptr", pointer, HEADER + ARRAY_SHAPE)
            for axis, size in enumerate(wanted.shape):
                if size is not None:
                    self.check_field("i64", sizes, 8 * axis, size)
        if wanted.strides:
            strides = self.load("ptr", pointer, HEADER + ARRAY_STRIDES)
            for axis, stride in enumerate(wanted.strides):
                self.check_field("i64", strides, 8 * axis, stride)
        return "ptr " + self.load("ptr", pointer, HEADER + ARRAY_DATA)

    def _dtype(self, described: str, dtype: str) -> None:
        # Types added to NumPy have numbers that change from process to process; letters do not.
        if dtype == "bfloat16":
            letters = numpy_dtype(dtype)
            self.check_field("i8", described, HEADER + DTYPE_KIND, ord(letters.kind))
            self.check_field("i8", described, HEADER + DTYPE_LETTER, ord(letters.char))
            return
        number = self.load("i32", described, HEADER + DTYPE_NUMBER)
        found = [self.emit(f"icmp eq i32 {number}, {n}") for n in _type_numbers(dtype)]
        either = found[0]
        for other in found[1:]:
            either = self.emit(f"or i1 {either}, {other}")
        self.check(f"icmp eq i1 {either}, true")
        order = self.load("i8", described, HEADER + DTYPE_ORDER)
        self.check(f"icmp ne i8 {order}, {ord('>')}")

    def _float(self, pointer: str) -> str:
        """An exact float is read in place; an exact int is converted, if it is not too large."""
        self._declare_conversions()
        is_float = self.emit(self.type_is(pointer, "PyFloat_Type"))
        label = f"label{self._count}"
        self.line(f"br i1 {is_float}, label %{label}.float, label %{label}.other")
        self.lines.append(f"{label}.other:")
        self.check(self.type_is(pointer, "PyLong_Type"))
        converted = self.emit(f"call double @PyLong_AsDouble(ptr {pointer})")
        minus = self.emit(f"fcmp oeq double {converted}, -1.0")
        self._check_no_error(minus, label)
        self.line(f"br label %{label}.done")
        self.lines.append(f"{label}.float:")
        read = self.load("double", pointer, HEADER)
        self.line(f"br label %{label}.done")
        self.lines.append(f"{label}.done:")
        value = self.emit(f"phi double [ {converted}, %{label}.fine ], [ {read}, %{label}.float ]")
        return "double " + value

    def _int(self, pointer: str) -> str:
        self._declare_conversions()
        self.check(self.type_is(pointer, "PyLong_Type"))
        converted = self.emit(f"call i64 @PyLong_AsLongLong(ptr {pointer})")
        minus = self.emit(f"icmp eq i64 {converted}, -1")
        self._check_no_error(minus, f"label{self._count}")
        return "i64 " + converted

    def _check_no_error(self, suspicious: str, label: str) -> None:
        """A conversion that gave -1 may have failed; then its exception is dropped."""
        self.line(f"br i1 {suspicious}, label %{label}.asked, label %{label}.fine")
        self.lines.append(f"{label}.asked:")
        error = self.emit("call ptr @PyErr_Occurred()")
        none = self.emit(f"icmp eq ptr {error}, null")
        self.line(f"br i1 {none}, label %{label}.fine, label %failed")
        self.lines.append(f"{label}.fine:")

    def _declare_conversions(self) -> None:
        self.module.declare("PyLong_AsDouble", "double @PyLong_AsDouble(ptr)")
        self.module.declare("PyLong_AsLongLong", "i64 @PyLong_AsLongLong(ptr)")
        self.module.declare("PyErr_Occurred", "ptr @PyErr_Occurred()")
        self.module.declare("PyErr_Clear", "void @PyErr_Clear()")

    def finish(self, name: str) -> str:
        """The function's text."""
        self._answer("@_Py_TrueStruct")
        if any("%failed" in line for line in self.lines):
            self.lines.append("failed:")
            self.line("call void @PyErr_Clear()")
            self.line("br label %refused")
        self.lines.append("refused:")
        self._answer("@_Py_FalseStruct")
        body = "\n".join(self.lines)
        head = f"define ptr @{name}(ptr %self, ptr %arguments, i64 %count) nounwind"
        return f"{head} {{\nentry:\n{body}\n}}\n"

    def _answer(self, singleton: str) -> None:
        if COUNTED_SINGLETONS:
            count = self.emit(f"load i64, ptr {singleton}, align 8")
            self.line(f"store i64 {self.emit(f'add i64 {count}, 1')}, ptr {singleton}, align 8")
        self.line(f"ret ptr {singleton}")


def _type_numbers(dtype: str) -> list[int]:
    """NumPy's numbers of a type: C has several names for integers of one size."""
    wanted = np.dtype(dtype)
    return [np.dtype(c).num for c in "?bBhHiIlLqQefd" if np.dtype(c) == wanted]


# --- function objects -----------------------------------------------------------------------------


class _MethodDefinition(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("code", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    )


class PointerTable(np.ndarray):
    """The pointers an entry owns, and what the entry needs.

    Attributes:
        slow: of a compiled function's entry, what runs where no plan holds.
        modes: of a compiled function's entry, the modes of the thread that it knows.
    """

    slow: Any
    modes: Any


class _Memory:
    """The memory of a table, which keeps alive what must outlive the table's entry.

    The interpreter reads an entry's definition when it frees the entry, and its search for
    garbage may empty the table before that. What an array stands on it cannot see: that stays
    until the array is gone, and the array is what an entry lets go last.
    """

    def __init__(self, size: int, kept: tuple[Any, ...]) -> None:
        self.words = np.zeros(max(size, 1), np.uint64)
        self.kept = kept
        self.__array_interface__ = self.words.__array_interface__


def make_function(handle: Handle, exported: str, name: str, flags: int, table_size: int) -> Any:
    """A built-in function whose ``__self__`` is a table of null pointers.

    Args:
        handle: its machine code, which it keeps.
        exported: what the code is called there.
        name: what the function calls itself.
        flags: how it is called (``METH_...``).
        table_size: how many pointers its table has.
    """
    text = name.encode()
    definition = _MethodDefinition(text, handle.address(exported), flags, None)
    memory = _Memory(table_size, (handle, definition, text))
    table = np.asarray(memory).view(PointerTable)
    create = ctypes.pythonapi.PyCFunction_NewEx
    create.restype = ctypes.py_object
    create.argtypes = (ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p)
    return create(ctypes.addressof(definition), table, None)


def bind(handle: Handle, exported: str, signature: Signature, name: str = "") -> Any:
    """The Python function that runs an entry.

    Args:
        handle: the loaded module.
        exported: what :func:`define_entry` returned.
        signature: the entry's.
        name: what the function calls itself.
    """
    return make_function(handle, exported, name or exported, METH_FASTCALL, signature.table)


@lru_cache(maxsize=1)
def symbols() -> dict[str, int]:
    """Addresses of what entries use of Python and NumPy, bound by name when code is loaded."""
    functions = (
        "PyEval_SaveThread", "PyEval_RestoreThread", "PyLong_AsDouble", "PyLong_AsLongLong",
        "PyErr_Occurred", "PyErr_Clear",
    )  # fmt: skip
    found = {
        name: ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p).value or 0
        for name in functions
    }
    found["_Py_TrueStruct"] = id(True)
    found["_Py_FalseStruct"] = id(False)
    found["PyFloat_Type"] = id(float)
    found["PyLong_Type"] = id(int)
    found["flambeau_ndarray_type"] = id(np.ndarray)
    return found
