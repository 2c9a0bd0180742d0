"""Pickles of tensors and plain containers, in the dialect that PyTorch's safe reader takes.

The second protocol, and of its instructions only the ones that ``torch.load(weights_only=True)``
knows. The same object gives the same bytes, on every machine and in every run.
"""

from __future__ import annotations

import struct
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from flambeau.checkpoint.blocks import Block, blocks_of
from flambeau.checkpoint.errors import UnstorableObjectError
from flambeau.checkpoint.keys import EXPECTED, unusable
from flambeau.checkpoint.storage_types import CLASS_OF
from flambeau.core.dtypes import dtype as DataType
from flambeau.core.dtypes import of
from flambeau.core.errors import message
from flambeau.core.shapes import Size
from flambeau.nn.parameter import Parameter, is_lazy
from flambeau.nn.state_dict import StateDict
from flambeau.tensor.device import STRIDED, device
from flambeau.tensor.pickling import users_attributes
from flambeau.tensor.tensor import Tensor

_LARGEST_TEXT = 2**32 - 1


def pickled(value: Any) -> tuple[bytes, list[Block]]:
    """The pickle of an object, and the memory it refers to.

    Raises:
        TypeError: if something in it is neither a tensor nor a plain container, number or text;
            the message says where it stands.
    """
    writer = _Writer()
    try:
        writer.write(value)
    except RecursionError:
        raise UnstorableObjectError(
            message(
                "save: the object is nested too deeply",
                expected="containers in containers, some hundred levels deep",
                got=f"more at {writer.where()[:100]}",
            )
        ) from None
    return writer.finished()


class _Slot(NamedTuple):
    """Where a tensor stands; what the calling function takes before its arguments."""

    tensor: Tensor
    between: bytes = b""


class _Writer:
    """The parts of a pickle; tensors wait until it is known which of them share memory."""

    def __init__(self) -> None:
        self.parts: list[bytes | _Slot] = [b"\x80\x02"]
        self.path: list[Any] = []
        self.memo: dict[Any, int] = {}
        self.kept: list[Any] = []  # objects in the memo must not make room for others

    def finished(self) -> tuple[bytes, list[Block]]:
        slots = [part for part in self.parts if isinstance(part, _Slot)]
        blocks = blocks_of([slot.tensor._values("saving it") for slot in slots])
        waiting = iter(blocks)
        parts = [
            _tensor_bytes(part, next(waiting)) if isinstance(part, _Slot) else part
            for part in self.parts
        ]
        parts.append(b".")
        return b"".join(parts), list({block.name: block for block in blocks}.values())

    def write(self, value: Any) -> None:
        """Append what builds an object."""
        kind = value.__class__
        atom = _ATOMS.get(kind)
        if atom is not None:
            self.parts.append(atom(value))
            return
        key = value if kind is str else id(value)
        known = self.memo.get(key)
        if known is not None:
            self.parts.append(_get(known))
            return
        if kind is str:
            self.text(value)
        elif kind in _CONTAINERS:
            _CONTAINERS[kind](self, value)
        elif isinstance(value, Tensor):
            self.tensor(value)
        elif isinstance(value, np.generic) and value.dtype.kind in "biufc":
            self.write(_plain_number(value))
        else:
            raise self.refusal(value)

    def remember(self, value: Any) -> None:
        """Let an object that stands here again be the same one."""
        index = len(self.memo)
        self.memo[value if value.__class__ is str else id(value)] = index
        self.kept.append(value)
        self.parts.append(b"q" + bytes([index]) if index < 256 else b"r" + struct.pack("<I", index))

    def text(self, value: str) -> None:
        contents = value.encode("utf-8", "surrogatepass")
        if len(contents) > _LARGEST_TEXT:
            raise self.refusal(value)
        self.parts.append(b"X" + struct.pack("<I", len(contents)) + contents)
        self.remember(value)

    # -- containers

    def write_list(self, value: list[Any]) -> None:
        self.parts.append(b"]")
        self.remember(value)
        self.items(value)

    def items(self, values: Any) -> None:
        self.parts.append(b"(")
        for index, item in enumerate(values):
            self.path.append(index)
            self.write(item)
            self.path.pop()
        self.parts.append(b"e")

    def write_tuple(self, value: tuple[Any, ...]) -> None:
        self.plain_tuple(value)
        if value and id(value) not in self.memo:  # one that contains itself has come here before
            self.remember(value)

    def plain_tuple(self, value: tuple[Any, ...]) -> None:
        self.parts.append(b"(")
        for index, item in enumerate(value):
            self.path.append(index)
            self.write(item)
            self.path.pop()
        self.parts.append(b"t")

    def write_dict(self, value: dict[Any, Any]) -> None:
        self.parts.append(b"}")
        self.remember(value)
        self.entries(value)

    def entries(self, value: dict[Any, Any]) -> None:
        self.parts.append(b"(")
        for key, item in value.items():
            self.key(key)
            self.path.append(key)
            self.write(item)
            self.path.pop()
        self.parts.append(b"u")

    def key(self, key: Any) -> None:
        if isinstance(key, np.generic) and key.dtype.kind in "biufc":
            key = _plain_number(key)
        problem = unusable(key)
        if problem is not None:
            raise UnstorableObjectError(
                message(
                    f"save: a key of the object{self.where()} cannot be stored",
                    expected=EXPECTED,
                    got=problem,
                )
            )
        self.write(key)

    def ordered_dict(self, value: OrderedDict[Any, Any]) -> None:
        self.parts.append(b"ccollections\nOrderedDict\n)R")
        self.remember(value)
        self.entries(value)
        notes = vars(value)
        if notes:
            self.path.append("__dict__")
            self.write_dict(dict(notes))
            self.path.pop()
            self.parts.append(b"b")

    def counter(self, value: Counter[Any]) -> None:
        self.parts.append(b"ccollections\nCounter\n")
        self.write_dict(dict(value))
        self.parts.append(b"\x85R")
        self.remember(value)

    def write_set(self, value: set[Any]) -> None:
        self.parts.append(b"c__builtin__\nset\n](")
        for item in sorted(value, key=repr):  # the order of a set changes from run to run
            self.key(item)
        self.parts.append(b"e\x85R")
        self.remember(value)

    def byte_array(self, value: bytearray) -> None:
        self.parts.append(b"c__builtin__\nbytearray\n" + _bytes(bytes(value)) + b"\x85R")
        self.remember(value)

    # -- tensors

    def tensor(self, value: Tensor) -> None:
        if type(value) is Parameter:
            self.parameter(value)
        elif type(value) is not Tensor or is_lazy(value):
            raise self.refusal(value)
        else:
            attached = users_attributes(value)
            if attached:
                self.parts.append(b"ctorch._tensor\n_rebuild_from_type_v2\n(")
                self.parts.append(_Slot(value, b"ctorch\nTensor\n"))
                self.write_dict(attached)
                self.parts.append(b"tR")
            else:
                self.parts += [_Slot(value), b"R"]
        self.remember(value)

    def parameter(self, value: Parameter) -> None:
        attached = users_attributes(value)
        suffix = b"_with_state" if attached else b""
        self.parts.append(b"ctorch._utils\n_rebuild_parameter" + suffix + b"\n(")
        self.parts += [_Slot(value.detach()), b"R"]
        self.parts += [b"\x88" if value.requires_grad else b"\x89", _NO_HOOKS]
        if attached:
            self.write_dict(attached)
        self.parts.append(b"tR")

    # -- what cannot be stored

    def where(self) -> str:
        """The way from the object to where the writer is, as one would index it."""
        return "".join(f"[{key!r}]" for key in self.path)

    def refusal(self, value: Any) -> UnstorableObjectError:
        kind = type(value)
        return UnstorableObjectError(
            message(
                f"save: {'the object' + self.where()[:200]} cannot be stored",
                expected="tensors, numbers, text, bytes, and lists, tuples, sets and dicts of them",
                got=f"{kind.__module__}.{kind.__qualname__}",
                help=_advice(value),
            )
        )


def _advice(value: Any) -> str:
    if hasattr(value, "state_dict"):
        return "save its state_dict(), and load_state_dict() it into a new one"
    if isinstance(value, np.ndarray):
        return "make it a tensor: flambeau.from_numpy(array)"
    if isinstance(value, dict):
        return "make it a plain dictionary: dict(x)"
    if isinstance(value, tuple):
        return "make it a plain tuple or a dict: tuple(x), x._asdict()"
    if isinstance(value, Tensor):
        return "a lazy one needs a first input; make another one plain: flambeau.Tensor.detach(x)"
    if isinstance(value, frozenset):
        return "make it a set: set(x)"
    return "save what it consists of: numbers, text, tensors, in a dict"


def _plain_number(value: np.generic) -> Any:
    """A NumPy number as Python's."""
    plain = value.item()
    if isinstance(plain, np.generic):  # a long double has no counterpart
        raise UnstorableObjectError(
            message(
                "save: the number has no counterpart in Python",
                expected="at most 64 bits, or 128 for a complex number",
                got=str(value.dtype),
                help="convert it: float(x)",
            )
        )
    return plain


_NO_HOOKS = b"ccollections\nOrderedDict\n)R"


def _get(index: int) -> bytes:
    return b"h" + bytes([index]) if index < 256 else b"j" + struct.pack("<I", index)


def _integer(value: int) -> bytes:
    if 0 <= value < 256:
        return b"K" + bytes([value])
    if 0 <= value < 65536:
        return b"M" + struct.pack("<H", value)
    if -(2**31) <= value < 2**31:
        return b"J" + struct.pack("<i", value)
    contents = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    if len(contents) > 255:
        raise UnstorableObjectError(
            message(
                "save: the integer is too large",
                expected="at most 254 bytes",
                got=f"{len(contents)} bytes",
                help="save it as text",
            )
        )
    return b"\x8a" + bytes([len(contents)]) + contents


def _bytes(value: bytes) -> bytes:
    """The second protocol has no bytes; they go through text of one byte per character."""
    contents = value.decode("latin1").encode("utf-8")
    if len(contents) > _LARGEST_TEXT:
        raise UnstorableObjectError(
            message(
                "save: too many bytes", expected="at most 2 GiB", got=str(len(value)),
                help="make a tensor of them: flambeau.frombuffer(x, dtype=flambeau.uint8)",
            )
        )  # fmt: skip
    return b"c_codecs\nencode\n" + _plain_text(contents) + _plain_text(b"latin1") + b"\x86R"


def _plain_text(contents: bytes) -> bytes:
    return b"X" + struct.pack("<I", len(contents)) + contents


def _float(value: float) -> bytes:
    return b"G" + struct.pack(">d", value)


def _integers(values: tuple[int, ...]) -> bytes:
    return b"(" + b"".join(map(_integer, values)) + b"t"


def _device(value: Any) -> bytes:
    return b"ctorch\ndevice\n" + _plain_text(b"cpu") + b"\x85R"


def _layout(value: Any) -> bytes:
    if value is not STRIDED:
        raise UnstorableObjectError(
            message("save: a memory format cannot be stored", expected="a layout", got=repr(value))
        )
    return b"ctorch.serialization\n_get_layout\n" + _plain_text(b"torch.strided") + b"\x85R"


_ATOMS: dict[type, Callable[[Any], bytes]] = {
    type(None): lambda value: b"N",
    bool: lambda value: b"\x88" if value else b"\x89",
    int: _integer,
    float: _float,
    bytes: _bytes,
    complex: lambda value: (
        b"c__builtin__\ncomplex\n" + _float(value.real) + _float(value.imag) + b"\x86R"
    ),
    DataType: lambda value: f"ctorch\n{value.name}\n".encode(),
    Size: lambda value: b"ctorch\nSize\n" + _integers(value) + b"\x85R",
    device: _device,
    type(STRIDED): _layout,
}

_CONTAINERS: dict[type, Callable[[_Writer, Any], None]] = {
    list: _Writer.write_list,
    tuple: _Writer.write_tuple,
    dict: _Writer.write_dict,
    OrderedDict: _Writer.ordered_dict,
    StateDict: _Writer.ordered_dict,
    Counter: _Writer.counter,
    set: _Writer.write_set,
    bytearray: _Writer.byte_array,
}


def _tensor_bytes(slot: _Slot, block: Block) -> bytes:
    """The function that builds a tensor, and its arguments."""
    tensor = slot.tensor
    array = tensor._array
    dtype = of(array.dtype)
    typed = dtype in CLASS_OF and block.dtype is dtype
    function = b"_rebuild_tensor_v2" if typed else b"_rebuild_tensor_v3"
    storage = f"ctorch\n{CLASS_OF[dtype]}\n" if typed else "ctorch.storage\nUntypedStorage\n"
    count = block.contents.size // (array.itemsize if typed else 1)
    parts = [
        b"ctorch._utils\n" + function + b"\n" + slot.between + b"((",
        _plain_text(b"storage"),
        storage.encode(),
        _plain_text(block.name.encode()),
        _plain_text(b"cpu"),
        _integer(count) + b"tQ",
        _integer(block.offset(array)),
        _integers(array.shape),
        _integers(tensor._strides()),
        b"\x88" if tensor.requires_grad else b"\x89",
        _NO_HOOKS,
        b"" if typed else f"ctorch\n{dtype.name}\n".encode(),
        b"t",
    ]
    return b"".join(parts)
