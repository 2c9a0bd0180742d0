"""What a transformation works on: one parameter's update at a time."""

from __future__ import annotations

from typing import Any

from flambeau.core import dtypes
from flambeau.core.number import Number
from flambeau.tensor.modes import INTERPRETED, MODE
from flambeau.tensor.tensor import Tensor

# slot -> value, for each transformation
Slots = dict[str, dict[str, Any]]


class Leaf:
    """One parameter during an update.

    Args:
        path: the keys that lead to it in the tree of parameters.
        param: its value, or ``None`` where the caller gave no parameters.
        update: what has become of its gradient so far.
        state: its slots, by transformation. A rule owns them: it may change them in place.
        step: the number of this update, from 1.

    Attributes:
        factor: a number that the update is still to be multiplied by; ``None`` for 1. Learning
            rates wait here, so that the last one can be applied while the parameter is changed.
    """

    __slots__ = ("factor", "param", "path", "state", "step", "update")

    def __init__(
        self, path: tuple[Any, ...], param: Any, update: Any, state: Slots, step: Any
    ) -> None:
        self.path = path
        self.param = param
        self.update = update
        self.factor: Any = None
        self.state = state
        self.step = step

    @property
    def name(self) -> str:
        """The keys that lead to it, joined by dots."""
        return name_of(self.path)

    def value(self) -> Tensor:
        """The update, multiplied by what it is to be multiplied by."""
        if self.factor is not None:
            self.update, self.factor = self.update * self.factor, None
        return self.update

    def set(self, update: Tensor, factor: Any = None) -> None:
        """Replace the update."""
        self.update, self.factor = update, factor

    def scale(self, factor: Any) -> None:
        """Multiply the update by a number or a 0-d tensor."""
        self.factor = factor if self.factor is None else self.factor * factor


class Run:
    """What an update knows beside its leaves.

    Args:
        structure: the structure of the whole tree.
        paths: where its leaves are.
        step: the number of this update, from 1: a Python number, a number of a recording, or a
            0-d tensor of float64.
        extra: extra arguments of ``update`` (the loss, a function that computes it, ...).
        shared: state that belongs to no parameter, by transformation.
        params, updates: the whole trees, for functions that users give.
    """

    __slots__ = ("extra", "params", "paths", "shared", "step", "structure", "updates")

    def __init__(
        self,
        structure: Any,
        paths: list[tuple[Any, ...]],
        step: Any,
        extra: dict[str, Any],
        shared: dict[str, dict[str, Any]],
        params: Any = None,
        updates: Any = None,
    ) -> None:
        self.structure = structure
        self.paths = paths
        self.step = step
        self.extra = extra
        self.shared = shared
        self.params = params
        self.updates = updates


def name_of(path: tuple[Any, ...]) -> str:
    """A parameter's name: the keys that lead to it, joined by dots."""
    return ".".join(map(str, path))


def below(path: str, name: str) -> str:
    """The name of a transformation inside another one."""
    if not path:
        return name
    return f"{path}.{name}" if name else path


def number_of(x: Any) -> Any:
    """The number that a 0-d tensor holds, if it can be known now; otherwise the tensor."""
    if isinstance(x, Tensor):
        if MODE.code & INTERPRETED:
            return x if x.dtype is dtypes.float64 else x.double()
        return x if x.requires_grad else x.item()
    return x


def truth_of(x: Any) -> Any:
    """``True`` or ``False`` if it can be known now; otherwise a tensor.

    The truth of a number of a recording counts as known: with another one, another recording.
    """
    if isinstance(x, Tensor):
        return x if MODE.code & INTERPRETED else bool(x.item())
    return bool(x)


def is_plain(x: Any) -> bool:
    """Whether ``x`` is a number, now or at each call, rather than a tensor."""
    return isinstance(x, (int, float, Number))
