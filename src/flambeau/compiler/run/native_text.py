"""Words, records and calls of the interpreter's functions, as IR text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from flambeau.compiler.llvm.function import Function
from flambeau.compiler.llvm.module import Module
from flambeau.compiler.run.call import COUNTED_SINGLETONS
from flambeau.compiler.run.plan_layout import Plan

# What the dispatcher calls: name and type.
CALLED = {
    "Py_IncRef": "void (ptr)",
    "Py_DecRef": "void (ptr)",
    "PyDict_GetItemWithError": "ptr (ptr, ptr)",
    "PyDict_New": "ptr ()",
    "PyDict_SetItem": "i32 (ptr, ptr, ptr)",
    "PyDict_Next": "i32 (ptr, ptr, ptr, ptr)",
    "PyObject_GetAttr": "ptr (ptr, ptr)",
    "PyObject_RichCompareBool": "i32 (ptr, ptr, i32)",
    "PyErr_Clear": "void ()",
    "PyErr_Occurred": "ptr ()",
    "PyLong_AsDouble": "double (ptr)",
    "PyLong_AsLongLong": "i64 (ptr)",
    "PyLong_FromLongLong": "ptr (i64)",
    "PyLong_FromVoidPtr": "ptr (ptr)",
    "PyObject_Vectorcall": "ptr (ptr, ptr, i64, ptr)",
    "PyTuple_New": "ptr (i64)",
    "PyTuple_SetItem": "i32 (ptr, i64, ptr)",
    "PyList_New": "ptr (i64)",
    "PyList_SetItem": "i32 (ptr, i64, ptr)",
    "PyEval_SaveThread": "ptr ()",
    "PyEval_RestoreThread": "void (ptr)",
    "PyThread_get_thread_ident": "i64 ()",
    "PyThreadState_Get": "ptr ()",
    "PyThreadState_GetID": "i64 (ptr)",
    "memcmp": "i32 (ptr, ptr, i64)",
    "pow": "double (double, double)",
    "flambeau_allocate": "ptr (ptr, i64)",
}
OBJECTS = ("flambeau_tensor", "flambeau_none", "flambeau_false", "flambeau_float",
           "flambeau_int", "flambeau_ndarray", "flambeau_tuple", "flambeau_true", "flambeau_list",
           "flambeau_dict")  # fmt: skip
REFUSED = "refused"
ARGUMENT_NUMBERS = 4096  # no object lies at an address as small as the number of an argument


class Native:
    """Writes a function on words and pointers; checks lead to its block ``refused``.

    Args:
        module: where it goes.
        name: its name.
        parameters: (type, name) pairs.
        returns: what it returns.
    """

    def __init__(
        self, module: Module, name: str, parameters: list[tuple[str, str]], returns: str,
        internal: bool = True,
    ) -> None:  # fmt: skip
        self.module = module
        self.f: Function = module.function(name, parameters, returns, internal)

    def emit(self, text: str) -> str:
        return self.f.emit(text)

    def line(self, text: str) -> None:
        self.f.line(text)

    # --- memory -----------------------------------------------------------------------------

    def at(self, pointer: str, offset: int) -> str:
        return self.emit(f"getelementptr i8, ptr {pointer}, i64 {offset}") if offset else pointer

    def load(self, pointer: str, offset: int = 0, kind: str = "ptr") -> str:
        return self.emit(f"load {kind}, ptr {self.at(pointer, offset)}")

    def store(self, value: str, pointer: str, offset: int = 0, kind: str = "ptr") -> None:
        self.line(f"store {kind} {value}, ptr {self.at(pointer, offset)}")

    def word(self, pointer: str, field: int) -> str:
        return self.load(pointer, 8 * field, "i64")

    def pointer(self, pointer: str, field: int) -> str:
        return self.load(pointer, 8 * field)

    def element(self, pointer: str, index: str, kind: str = "ptr") -> str:
        """The address of element ``index``."""
        return self.emit(f"getelementptr {kind}, ptr {pointer}, i64 {index}")

    # --- control ----------------------------------------------------------------------------

    def same(self, kind: str, first: str, second: str | int) -> str:
        return self.emit(f"icmp eq {kind} {first}, {second}")

    def check(self, condition: str, otherwise: str = REFUSED) -> None:
        """Goes on only where the condition holds."""
        label = self.f.fresh("next")
        self.f.terminate(f"br i1 {condition}, label %{label}, label %{otherwise}")
        self.f.block(label)

    def check_same(self, kind: str, first: str, second: str | int) -> None:
        self.check(self.same(kind, first, second))

    def switch(self, value: str, cases: dict[int, str]) -> None:
        """Goes on at the block of a number, or refuses."""
        listed = " ".join(f"i64 {number}, label %{label}" for number, label in cases.items())
        self.f.terminate(f"switch i64 {value}, label %{REFUSED} [ {listed} ]")

    @contextmanager
    def when(self, condition: str) -> Iterator[None]:
        """The body runs only where the condition holds."""
        with self.f.when(self.f.value(condition, "bool")):
            yield

    def either(self, condition: str, yes: Callable[[], None], no: Callable[[], None]) -> None:
        """Writes both ways."""
        labels = [self.f.fresh(name) for name in ("yes", "no", "after")]
        self.f.terminate(f"br i1 {condition}, label %{labels[0]}, label %{labels[1]}")
        for label, write in zip(labels, (yes, no), strict=False):
            self.f.block(label)
            write()
            self.f.branch(labels[2])
        self.f.block(labels[2])

    def unless(self, condition: str) -> Any:
        """The body runs only where the condition does not hold."""
        return self.when(self.emit(f"xor i1 {condition}, true"))

    @contextmanager
    def each(self, count: str) -> Iterator[str]:
        """Counts; yields the index."""
        with self.f.loop(0, self.f.value(count, "int64")) as loop:
            yield loop.index.name

    @contextmanager
    def records(self, owner: str, field: int, size: int) -> Iterator[tuple[str, str]]:
        """The records of a table; yields index and address."""
        count, start = self.word(owner, field), self.pointer(owner, field + 1)
        with self.each(count) as index:
            yield index, self.element(start, index, f"[{size} x i64]")

    def accumulate_differences(self, count: str, body: Any, together: int = 1) -> None:
        """Checks that ``body(index)`` is 0 for every index, with one branch at the end."""
        self.check_same("i64", self.total_of(count, body, together), 0)

    def total_of(
        self, count: str, body: Any, together: int = 1, joined: str = "or", lanes: int = 1
    ) -> str:
        """The bitwise or, or the sum, of ``body(index)`` for every index.

        Args:
            count: how many there are, a multiple of ``together``.
            body: writes the code for an index.
            together: how many are looked at in each turn of the loop.
            joined: ``"or"`` or ``"add"``.
            lanes: how many words ``body`` gives for an index.
        """
        f = self.f
        start = f.value("zeroinitializer", "int64", lanes)
        with f.loop(0, f.value(count, "int64"), together, carried=[start]) as loop:
            words = [body((loop.index + i).name if i else loop.index.name) for i in range(together)]
            while len(words) > 1:
                pairs = zip(words[::2], words[1::2], strict=True)
                words = [self.emit(f"{joined} {start.type} {x}, {y}") for x, y in pairs]
            before = loop.values[0].name
            total = self.emit(f"{joined} {start.type} {before}, {words[0]}")
            loop.carry(f.value(total, "int64", lanes))
        return loop.results[0].name

    # --- the interpreter --------------------------------------------------------------------

    def called(self, name: str, *arguments: str) -> str:
        """Calls a function with a result; arguments are written with their types."""
        kind = self._declare(name)
        return self.emit(f"call {kind} @{name}({', '.join(arguments)})")

    def run(self, name: str, *arguments: str) -> None:
        """Calls a function without a result."""
        self._declare(name)
        self.line(f"call void @{name}({', '.join(arguments)})")

    def call_one(self, function: str, argument: str) -> str:
        """Calls a Python function of one argument."""
        place = self.emit("alloca ptr")
        self.store(argument, place)
        given = f"ptr {function}", f"ptr {place}", "i64 1", "ptr null"
        return self.called("PyObject_Vectorcall", *given)

    def _declare(self, name: str) -> str:
        returns, _, parameters = CALLED[name].partition(" ")
        self.module.declare(name, f"{returns} @{name}{parameters}")
        return returns

    def object(self, name: str) -> str:
        """The address of an object that is bound by name."""
        return self.module.define_global(f"flambeau_{name}", "external global i8")

    def count(self, x: str) -> str:
        """How many references an object has, its low 32 bits."""
        return self.load(x, 0, "i32")

    def hold(self, x: str) -> None:
        """One more reference to an object."""
        if not COUNTED_SINGLETONS:  # some objects are not counted
            self.run("Py_IncRef", f"ptr {x}")
            return
        self.store(self.emit(f"add i64 {self.load(x, 0, 'i64')}, 1"), x, 0, "i64")

    def address(self, x: str) -> str:
        return self.emit(f"ptrtoint ptr {x} to i64")

    def is_null(self, x: str) -> str:
        return self.emit(f"icmp eq ptr {x}, null")

    def tensor(self, record: str, field: int, arguments: str) -> str:
        """The tensor that a field names: by its address, or as the argument of that number."""
        name = self.word(record, field)
        given = self.emit(f"icmp ult i64 {name}, {ARGUMENT_NUMBERS}")
        place = self.emit(f"select i1 {given}, i64 {name}, i64 0")
        argument = self.element(arguments, place)
        address = self.emit(f"getelementptr i8, ptr %plan, i64 {8 * Plan.CODE}")
        source = self.emit(f"select i1 {given}, ptr {argument}, ptr {address}")
        found, named = self.load(source), self.pointer(record, field)
        return self.emit(f"select i1 {given}, ptr {found}, ptr {named}")

    # --- ends -------------------------------------------------------------------------------

    def give(self, text: str) -> None:
        """Returns."""
        self.f.terminate(f"ret {text}")

    def finish(self, refused: str = "i1 false", accepted: str | None = "i1 true") -> None:
        """Ends the function, with its block for refusals."""
        if accepted is not None and not self.f.finished:
            self.give(accepted)
        self.f.block(REFUSED)
        self.give(refused)
        self.f.finish()
