"""A reader of pickles that can build tensors and plain containers, and nothing else.

A pickle is a program for a stack machine that can call whatever can be imported. This machine
imports nothing: the names it knows are the entries of one table
(:mod:`flambeau.checkpoint.constructors`), and every other name is refused with its name.

What a file makes it do is bounded by the file's length: no instruction allocates more than it has
bytes, constructors may copy only as many elements as the pickle has bytes, and keys are small.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from flambeau.checkpoint.constructors import CONSTANTS, CONSTRUCTORS, Constructor, set_state
from flambeau.checkpoint.effort import Effort
from flambeau.checkpoint.errors import RefusedObjectError, damaged
from flambeau.checkpoint.refusals import refused_name, refused_step, require_key
from flambeau.checkpoint.storages import Storage
from flambeau.core.errors import message

_MARK = object()  # where a variable number of items begins on the stack
_LONGEST_NAME = 1000
_U8, _U16, _U32, _U64, _I32, _F64 = map(struct.Struct, ("<B", "<H", "<I", "<Q", "<i", ">d"))


def unpickle(
    data: bytes, storage: Callable[[Any], Storage], effort: Effort, encoding: str = "utf-8"
) -> Any:
    """The object that a pickle describes.

    Args:
        data: the pickle.
        storage: gives the block of memory that a persistent identifier stands for.
        effort: how much constructors may copy.
        encoding: of text that Python 2 wrote.

    Raises:
        RefusedObjectError: for anything but tensors and plain containers.
        DamagedFileError: for a pickle that is cut short or makes no sense.
    """
    return _Machine(data, storage, effort, encoding).run()


class _Machine:
    """The stack, the memo, and one method for each instruction."""

    def __init__(
        self, data: bytes, storage: Callable[[Any], Storage], effort: Effort, encoding: str
    ) -> None:
        self.data = data
        self.place = 0
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        self.storage = storage
        self.encoding = encoding
        self.effort = effort

    def run(self) -> Any:
        steps, data = _STEPS, self.data
        try:
            while True:
                code = data[self.place]
                self.place += 1
                if code == 46:  # STOP
                    return self.finished()
                step = steps.get(code)
                if step is None:
                    raise refused_step(code)
                step(self)
        except (IndexError, KeyError, struct.error, UnicodeDecodeError) as error:
            raise damaged(
                "the pickle makes no sense",
                expected="a whole pickle",
                got=f"{type(error).__name__} at byte {self.place} of {len(data)}",
            ) from None

    def finished(self) -> Any:
        (result,) = self.stack if len(self.stack) == 1 else (_MARK,)
        if result is _MARK:
            raise damaged(
                "the pickle makes no sense",
                expected="one object at its end",
                got=f"{len(self.stack)}",
            )
        return result

    # -- the stream

    def take(self, count: int) -> bytes:
        stop = self.place + count
        if stop > len(self.data):
            raise IndexError
        part = self.data[self.place : stop]
        self.place = stop
        return part

    def number(self, form: struct.Struct) -> Any:
        return form.unpack(self.take(form.size))[0]

    def line(self) -> str:
        stop = self.data.find(b"\n", self.place, self.place + _LONGEST_NAME)
        if stop < 0:
            raise IndexError
        part = self.data[self.place : stop]
        self.place = stop + 1
        return part.decode("utf-8")

    def text(self, count: int) -> None:
        self.stack.append(self.take(count).decode("utf-8", "surrogatepass"))

    def old_text(self, count: int) -> None:
        part = self.take(count)
        self.stack.append(part if self.encoding == "bytes" else part.decode(self.encoding))

    def integer(self, count: int) -> None:
        self.stack.append(int.from_bytes(self.take(count), "little", signed=True))

    # -- the stack

    def since_mark(self) -> list[Any]:
        """The items above the last mark, which are taken off with it."""
        stack = self.stack
        at = len(stack) - 1
        while stack[at] is not _MARK:  # at -1 the lookup wraps to the top, then runs out
            at -= 1
        items = stack[at + 1 :]
        del stack[at:]
        return items

    def top(self, kind: type | tuple[type, ...], what: str) -> Any:
        found = self.stack[-1]
        if not isinstance(found, kind):
            raise RefusedObjectError(
                message(
                    f"load: the file {what} something that takes none",
                    expected=what + " a plain container",
                    got=type(found).__name__,
                    help="it was tampered with; do not trust it",
                )
            )
        return found

    def tuple_of(self, count: int) -> None:
        if len(self.stack) < count:
            raise IndexError
        items = self.stack[-count:]
        del self.stack[-count:]
        self.stack.append(tuple(items))

    # -- containers

    def append(self) -> None:
        item = self.stack.pop()
        self.top(list, "appends to").append(item)

    def extend(self) -> None:
        items = self.since_mark()
        self.top(list, "appends to").extend(items)

    def set_item(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        require_key(key)
        self.top(dict, "sets items of")[key] = value

    def set_items(self) -> None:
        items = self.since_mark()
        if len(items) % 2:
            raise IndexError
        target = self.top(dict, "sets items of")
        for key, value in zip(items[::2], items[1::2], strict=True):
            require_key(key)
            target[key] = value

    def add_items(self) -> None:
        items = self.since_mark()
        for item in items:
            require_key(item)
        self.top(set, "adds items to").update(items)

    def frozen_set(self) -> None:
        items = self.since_mark()
        for item in items:
            require_key(item)
        self.stack.append(frozenset(items))

    # -- the memo

    def put(self, index: int) -> None:
        self.memo[index] = self.stack[-1]

    def get(self, index: int) -> None:
        self.stack.append(self.memo[index])

    # -- what would run code in other readers

    def name(self, module: str, name: str) -> None:
        found = CONSTRUCTORS.get((module, name))
        if found is None:
            found = CONSTANTS.get((module, name))
            if found is None:
                raise refused_name(module, name)
        self.stack.append(found)

    def stack_name(self) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        if name.__class__ is not str or module.__class__ is not str:
            raise IndexError
        self.name(module, name)

    def call(self) -> None:
        arguments, function = self.stack.pop(), self.stack.pop()
        if not isinstance(function, Constructor) or arguments.__class__ is not tuple:
            raise RefusedObjectError(
                message(
                    "load: the file calls something that is not a constructor",
                    expected="a constructor of tensors or plain containers",
                    got=type(function).__name__,
                    help="it was tampered with; do not trust it",
                )
            )
        self.stack.append(function.build(arguments, self.effort))

    def build(self) -> None:
        state = self.stack.pop()
        set_state(self.stack[-1], state, self.effort)

    def protocol(self) -> None:
        number = self.number(_U8)
        if number > 5:
            raise damaged(
                "unknown pickle protocol", expected="2 to 5", got=str(number),
                help="save the file again with an older protocol",
            )  # fmt: skip

    def persistent(self) -> None:
        self.stack.append(self.storage(self.stack.pop()))


def _sized(method: str, form: struct.Struct) -> Callable[[_Machine], None]:
    """An instruction whose argument is a length or an index."""
    call = getattr(_Machine, method)
    return lambda machine: call(machine, machine.number(form))


def _pushing(value: Any) -> Callable[[_Machine], None]:
    return lambda machine: machine.stack.append(value)


def _pushing_new(kind: Callable[[], Any]) -> Callable[[_Machine], None]:
    return lambda machine: machine.stack.append(kind())


def _pushing_number(form: struct.Struct) -> Callable[[_Machine], None]:
    return lambda machine: machine.stack.append(machine.number(form))


def _pushing_bytes(form: struct.Struct) -> Callable[[_Machine], None]:
    return lambda machine: machine.stack.append(machine.take(machine.number(form)))


def _tuple_of(count: int) -> Callable[[_Machine], None]:
    return lambda machine: machine.tuple_of(count)


_STEPS: dict[int, Callable[[_Machine], None]] = {
    # constants and numbers
    ord("N"): _pushing(None),
    0x88: _pushing(True),
    0x89: _pushing(False),
    ord("K"): _pushing_number(_U8),
    ord("M"): _pushing_number(_U16),
    ord("J"): _pushing_number(_I32),
    ord("G"): _pushing_number(_F64),
    0x8A: _sized("integer", _U8),
    0x8B: _sized("integer", _U32),
    # text and bytes
    ord("X"): _sized("text", _U32),
    0x8C: _sized("text", _U8),
    0x8D: _sized("text", _U64),
    ord("U"): _sized("old_text", _U8),
    ord("T"): _sized("old_text", _U32),
    ord("C"): _pushing_bytes(_U8),
    ord("B"): _pushing_bytes(_U32),
    0x8E: _pushing_bytes(_U64),
    0x96: lambda machine: machine.stack.append(bytearray(machine.take(machine.number(_U64)))),
    # containers
    ord("]"): _pushing_new(list),
    ord("}"): _pushing_new(dict),
    0x8F: _pushing_new(set),
    ord(")"): _pushing(()),
    ord("("): _pushing(_MARK),
    0x85: _tuple_of(1),
    0x86: _tuple_of(2),
    0x87: _tuple_of(3),
    ord("t"): lambda machine: machine.stack.append(tuple(machine.since_mark())),
    ord("a"): _Machine.append,
    ord("e"): _Machine.extend,
    ord("s"): _Machine.set_item,
    ord("u"): _Machine.set_items,
    0x90: _Machine.add_items,
    0x91: _Machine.frozen_set,
    # the memo
    ord("q"): _sized("put", _U8),
    ord("r"): _sized("put", _U32),
    0x94: lambda machine: machine.put(len(machine.memo)),
    ord("h"): _sized("get", _U8),
    ord("j"): _sized("get", _U32),
    # names, calls, states, storages
    ord("c"): lambda machine: machine.name(machine.line(), machine.line()),
    0x93: _Machine.stack_name,
    ord("R"): _Machine.call,
    ord("b"): _Machine.build,
    ord("Q"): _Machine.persistent,
    # the protocol's number, and frames, which only help buffering
    0x80: _Machine.protocol,
    0x95: lambda machine: machine.number(_U64) and None,
}
