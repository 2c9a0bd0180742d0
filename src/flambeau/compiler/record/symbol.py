"""What a tensor holds in place of an array while its function is recorded."""

from __future__ import annotations

from math import prod
from typing import Any

from flambeau.compiler.record.program import Value
from flambeau.core.errors import message
from flambeau.core.spec import Spec
from flambeau.tensor.anomaly import user_line


class RecordingError(RuntimeError):
    """Something was asked of a tensor that is only known when the compiled function runs."""


class Storage:
    """A buffer as the recording sees it.

    Attributes:
        current: the value of the whole buffer now; in-place operations replace it.
        initial: the value it started with, for captured buffers; ``None`` for new ones.
        version: how often ``current`` was replaced.
        views: values of views that were already read, by version and chain.
    """

    __slots__ = ("current", "initial", "version", "views")

    def __init__(self, current: Value, initial: Value | None = None) -> None:
        self.current = current
        self.initial = initial
        self.version = 0
        self.views: dict[Any, Value] = {}


class Symbol:
    """Shape, type and strides of a tensor, and where its value comes from.

    Attributes:
        storage: the buffer it lies in.
        chain: pairs of a view operation and its parameters that lead from the buffer to it.
    """

    __slots__ = ("chain", "dtype", "shape", "storage", "strides")

    flags = None
    base = None

    def __init__(self, storage: Storage, chain: tuple[Any, ...], spec: Spec) -> None:
        self.storage = storage
        self.chain = chain
        self.shape = spec.shape
        self.dtype = spec.dtype
        self.strides = spec.strides

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return prod(self.shape)

    @property
    def itemsize(self) -> int:
        return self.dtype.itemsize

    @property
    def nbytes(self) -> int:
        return self.size * self.dtype.itemsize

    def spec(self) -> Spec:
        """What is known of it."""
        return Spec(self.shape, self.dtype, self.strides)

    def __repr__(self) -> str:
        return f"<recorded {self.dtype}{list(self.shape)}>"

    def _refuse(self, what: str) -> RecordingError:
        return value_error(what, self.shape)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        raise self._refuse(f"its data (.{name})")

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise self._refuse("a conversion to NumPy")

    def __bool__(self) -> bool:
        raise self._refuse("a decision on its value")

    def __float__(self) -> float:
        raise self._refuse("its value as a Python number")

    __int__ = __index__ = __complex__ = __float__  # type: ignore[assignment]

    def __getitem__(self, index: Any) -> Any:
        raise self._refuse("its data")

    __iter__ = __len__ = __setitem__ = __getitem__  # type: ignore[assignment]


def value_error(what: str, shape: tuple[int, ...]) -> RecordingError:
    """The value of a recorded tensor was asked for."""
    return RecordingError(
        message(
            f"compile: {what} is asked of a tensor whose value is only known at run time",
            expected="operations on tensors",
            got=f"a tensor of shape {tuple(shape)} at {user_line()}",
            help="use flambeau.where() for decisions, return the tensor and look at it outside, "
            "or leave this part out of the compiled function",
        )
    )
