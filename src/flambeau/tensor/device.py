"""Devices, layouts and memory formats: there is one device, and its names are PyTorch's."""

from __future__ import annotations

from typing import Any

from flambeau.core.dtypes import NAME_PREFIX
from flambeau.core.errors import message


class device:
    """Where tensors live; always the CPU.

    Args:
        type: ``"cpu"``, ``"cpu:0"`` or a device.
        index: ``None`` or 0.

    Raises:
        RuntimeError: for any other device.

    Example:
        >>> import flambeau as fb
        >>> fb.device("cpu")
        device(type='cpu')
    """

    __slots__ = ("index", "type")

    def __init__(self, type: Any = "cpu", index: int | None = None) -> None:
        if isinstance(type, device):
            type, index = type.type, type.index
        name, _, number = str(type).partition(":")
        if name != "cpu":
            raise RuntimeError(
                message(
                    "device: only the CPU is available",
                    expected="'cpu'",
                    got=repr(type),
                    help="guard other devices with flambeau.cuda.is_available()",
                )
            )
        self.type = name
        self.index = int(number) if number else index

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device) and (self.type, self.index) == (other.type, other.index)

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __repr__(self) -> str:
        index = "" if self.index is None else f", index={self.index}"
        return f"device(type='{self.type}'{index})"

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __reduce__(self) -> tuple[Any, ...]:
        return device, (self.type, self.index)


CPU = device("cpu")


class Named:
    """A constant that prints as PyTorch's does."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return NAME_PREFIX + self.name

    def __reduce__(self) -> tuple[Any, ...]:
        return _constant, (self.name,)


class layout(Named):
    """How a tensor lies in memory; ``strided`` is the only one."""

    __slots__ = ()


class memory_format(Named):
    """The order of a tensor's dimensions in memory, such as ``channels_last``."""

    __slots__ = ()


def _constant(name: str) -> Named:
    return CONSTANTS[name]


STRIDED = layout("strided")
CONTIGUOUS_FORMAT = memory_format("contiguous_format")
PRESERVE_FORMAT = memory_format("preserve_format")
CHANNELS_LAST = memory_format("channels_last")
CHANNELS_LAST_3D = memory_format("channels_last_3d")
CONSTANTS = {
    c.name: c
    for c in (STRIDED, CONTIGUOUS_FORMAT, PRESERVE_FORMAT, CHANNELS_LAST, CHANNELS_LAST_3D)
}


def check_device(name: str, given: Any) -> None:
    """Accept ``None`` and the CPU, refuse anything else.

    Raises:
        RuntimeError: for another device.
    """
    if given is not None and given is not CPU:
        device(given)
