"""One operation or named range as it was seen running."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Event:
    """An operation, a call of a compiled function, or a range named by ``record_function``.

    Attributes:
        name: of the operation's record, or of the range.
        start: nanoseconds on the clock of ``time.perf_counter_ns``.
        end: when it was over.
        thread: the number of the thread.
        depth: in how many other events it lies.
        children_ns: nanoseconds spent in events directly inside it.
        memory: bytes of the results, where they are memory of their own.
        children_memory: bytes of results of the events directly inside it.
        input_shapes: shapes of the inputs, if they were asked for; ``()`` for other arguments.
        flops: floating-point operations of a product, if they were asked for.
        stack: the user's line, if it was asked for.
    """

    name: str
    start: int
    end: int = 0
    thread: int = 0
    depth: int = 0
    children_ns: int = 0
    memory: int = 0
    children_memory: int = 0
    input_shapes: list[tuple[int, ...]] = field(default_factory=list)
    flops: int = 0
    stack: str = ""

    @property
    def key(self) -> str:
        """PyTorch's other word for its name."""
        return self.name

    @property
    def cpu_time_total(self) -> float:
        """Microseconds from start to end."""
        return (self.end - self.start) / 1e3

    @property
    def self_cpu_time_total(self) -> float:
        """Microseconds that were not spent in events inside it."""
        return (self.end - self.start - self.children_ns) / 1e3

    @property
    def cpu_memory_usage(self) -> int:
        """Bytes of results, those of events inside it included."""
        return self.memory + self.children_memory


def product_flops(name: str, inputs: tuple[Any, ...], out: Any) -> int:
    """Floating-point operations of a matrix product, convolution or elementwise sum or product."""
    size = getattr(out, "_array", None)
    if size is None:
        return 0
    count = size.size
    if name == "convolution":
        weight = inputs[1]._array
        return 2 * count * (weight.size // max(weight.shape[0], 1))
    if name in _PRODUCTS:
        left = inputs[_PRODUCTS[name]]._array
        return 2 * count * (left.shape[-1] if left.ndim else 1)
    return count if name in ("add", "mul", "sub", "div") else 0


# The records of products, and which input has the dimension that is summed over last.
_PRODUCTS = {
    "addmm": 1, "baddbmm": 1, "bmm": 0, "dot": 0, "linear": 0, "matmul": 0, "mm": 0, "mv": 0,
    "rows_matmul": 0,
}  # fmt: skip
