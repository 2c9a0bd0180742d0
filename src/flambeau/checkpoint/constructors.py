"""Everything that a ``.pt`` file may name: the table of what the reader can build.

Arguments come from the file and are checked before anything is made of them.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Any

from flambeau.checkpoint.effort import Effort
from flambeau.checkpoint.errors import RefusedObjectError, damaged
from flambeau.checkpoint.refusals import require_key
from flambeau.checkpoint.storage_types import DTYPES, STORAGE_CLASSES
from flambeau.checkpoint.tensor_building import (
    attach,
    parameter,
    parameter_with_state,
    tensor_v2,
    tensor_v3,
)
from flambeau.core.errors import message
from flambeau.core.shapes import Size
from flambeau.tensor.device import CPU, STRIDED
from flambeau.tensor.tensor import Tensor


class Constructor:
    """A name that a file may call.

    Args:
        module, name: as the file spells it.
        make: from the checked arguments to the object.
    """

    def __init__(self, module: str, name: str, make: Callable[..., Any]) -> None:
        self.module = module
        self.name = name
        self._make = make

    def build(self, arguments: tuple[Any, ...], effort: Effort) -> Any:
        """Call it.

        Raises:
            DamagedFileError: if it does not take such arguments.
        """
        try:
            return self._make(effort, *arguments)
        except (TypeError, ValueError, KeyError, LookupError) as error:
            raise damaged(
                f"{self.module}.{self.name} got arguments that it does not take",
                expected="what PyTorch writes for it",
                got=f"{len(arguments)} arguments ({type(error).__name__})",
            ) from None

    def __repr__(self) -> str:
        return f"{self.module}.{self.name}"


def _require(kind: type | tuple[type, ...], *values: Any) -> None:
    for value in values:
        if not isinstance(value, kind):
            raise TypeError


def _ordered_dict(effort: Effort, items: Any = ()) -> OrderedDict[Any, Any]:
    _require((list, tuple), items)
    effort.charge(len(items))
    result: OrderedDict[Any, Any] = OrderedDict()
    for item in items:
        key, value = item
        require_key(key)
        result[key] = value
    return result


def _counter(effort: Effort, counts: Any = None) -> Counter[Any]:
    counts = {} if counts is None else counts
    _require(dict, counts)
    effort.charge(len(counts))
    result: Counter[Any] = Counter()
    for key, value in counts.items():
        result[key] = value
    return result


def _set(effort: Effort, items: Any = ()) -> set[Any]:
    return set(_keys(effort, items))


def _frozen_set(effort: Effort, items: Any = ()) -> frozenset[Any]:
    return frozenset(_keys(effort, items))


def _keys(effort: Effort, items: Any) -> Any:
    _require((list, tuple), items)
    effort.charge(len(items))
    for item in items:
        require_key(item)
    return items


def _encoded(effort: Effort, text: Any, encoding: Any = "latin1") -> bytes:
    """Bytes, which the second protocol spells as text."""
    _require(str, text)
    if encoding not in ("latin1", "latin-1"):
        raise ValueError
    effort.charge(len(text))
    return text.encode("latin1")


def _byte_array(effort: Effort, contents: Any = b"", encoding: Any = "latin-1") -> bytearray:
    if isinstance(contents, str):
        return bytearray(_encoded(effort, contents, encoding))
    _require((bytes, bytearray), contents)
    effort.charge(len(contents))
    return bytearray(contents)


def _empty_bytes(effort: Effort) -> bytes:
    return b""


def _complex(effort: Effort, real: Any, imag: Any) -> complex:
    _require(float, real, imag)
    return complex(real, imag)


def _size(effort: Effort, sizes: Any = ()) -> Size:
    _require((tuple, list), sizes)
    _require(int, *sizes)
    effort.charge(len(sizes))
    return Size(sizes)


def _device(effort: Effort, kind: Any, index: Any = None) -> Any:
    """Whatever the place was, there is only the CPU here."""
    _require(str, kind)
    return CPU


def _layout(effort: Effort, name: Any) -> Any:
    if name != "torch.strided":
        raise RefusedObjectError(
            message(
                f"load: the file asks for the layout {name!r}"[:200],
                expected="dense tensors (torch.strided)",
                got="another layout",
                help="where it was made, save x.to_dense()",
            )
        )
    return STRIDED


def _from_type(effort: Effort, function: Any, kind: Any, arguments: Any, state: Any) -> Tensor:
    """A tensor to which its user has attached something."""
    _require(Constructor, function, kind)
    _require(tuple, arguments)
    if kind.name not in ("Tensor", "Parameter") or function.name not in _REBUILDING:
        raise TypeError
    tensor = function.build(arguments, effort)
    effort.charge(len(state))
    return attach(tensor, state)


_REBUILDING = ("_rebuild_tensor_v2", "_rebuild_tensor_v3", "_rebuild_parameter")


def _no_call(effort: Effort, *arguments: Any) -> Any:
    """A class that is named beside what builds it, and never called."""
    raise TypeError


def set_state(target: Any, state: Any, effort: Effort) -> None:
    """Attach what a pickle says was attached to an object.

    Raises:
        RefusedObjectError: for anything but the notes of an ordered dictionary, such as the
            ``_metadata`` of a module's state.
    """
    names = state if state.__class__ is dict else {}
    effort.charge(len(names))
    hidden = [n for n in names if n.__class__ is not str or hasattr(OrderedDict, n)]
    if target.__class__ is not OrderedDict or not names or hidden:
        raise RefusedObjectError(
            message(
                "load: the file sets the state of an object that has none",
                expected="notes attached to an ordered dictionary",
                got=f"a {type(target).__name__}",
                help="it was tampered with; do not trust it",
            )
        )
    target.__dict__.update(names)


_TABLE: dict[tuple[str, str], Callable[..., Any]] = {
    ("collections", "OrderedDict"): _ordered_dict,
    ("collections", "Counter"): _counter,
    ("_codecs", "encode"): _encoded,
    ("torch", "Size"): _size,
    ("torch", "device"): _device,
    ("torch.serialization", "_get_layout"): _layout,
    ("torch._utils", "_rebuild_tensor_v2"): tensor_v2,
    ("torch._utils", "_rebuild_tensor_v3"): tensor_v3,
    ("torch._utils", "_rebuild_parameter"): parameter,
    ("torch._utils", "_rebuild_parameter_with_state"): parameter_with_state,
    ("torch._tensor", "_rebuild_from_type_v2"): _from_type,
    ("torch", "Tensor"): _no_call,
    ("torch.nn.parameter", "Parameter"): _no_call,
    ("torch.storage", "UntypedStorage"): _no_call,
}
for _module in ("builtins", "__builtin__"):  # of Python 3 and of Python 2
    _TABLE |= {
        (_module, "set"): _set,
        (_module, "frozenset"): _frozen_set,
        (_module, "bytearray"): _byte_array,
        (_module, "bytes"): _empty_bytes,
        (_module, "complex"): _complex,
    }
_TABLE |= {("torch", name): _no_call for name in STORAGE_CLASSES}

CONSTRUCTORS = {key: Constructor(*key, make) for key, make in _TABLE.items()}
CONSTANTS: dict[tuple[str, str], Any] = {("torch", name): d for name, d in DTYPES.items()}
