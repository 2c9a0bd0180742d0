"""Running sums and products along a dimension."""

from __future__ import annotations

from flambeau.compiler.llvm.function import Function
from flambeau.compiler.llvm.module import Module
from flambeau.compiler.llvm.types import BYTES
from flambeau.compiler.loops.access import Access, type_name
from flambeau.compiler.record.program import Instruction
from flambeau.core.scalar import DTYPES

SCANS = {"cumsum": "add", "cumprod": "mul"}
# Real numbers run in double precision, whatever is stored.
RUNNING = {"float16": "float64", "bfloat16": "float64", "float32": "float64"}


def is_scan(instruction: Instruction) -> bool:
    """Whether an instruction is a running sum or product that native code computes."""
    if instruction.operation.name not in SCANS:
        return False
    (source,) = instruction.values()
    (output,) = instruction.outputs
    kinds = (type_name(source.spec.dtype), type_name(output.spec.dtype))
    native = all(k in DTYPES for k in kinds) and kinds[1] != "bool"
    return native and len(source.spec.shape) > 0 and source.spec.size > 0


class ScanWriter:
    """Writes one scan as a function of two pointers: the source and the output.

    Args:
        instruction: the scan.
        source, target: where its input and its output lie.
    """

    def __init__(self, instruction: Instruction, source: Access, target: Access) -> None:
        self.operation = SCANS[instruction.operation.name]
        self.source = type_name(source.root.spec.dtype)
        self.target = type_name(target.root.spec.dtype)
        self.running = RUNNING.get(self.target, self.target)
        dim = instruction.params[0]
        rows = list(zip(source.shape, source.strides, target.strides, strict=True))
        self.length, self.step, self.target_step = rows.pop(dim)
        # The dimension that both walk one by one goes innermost: its elements share a vector.
        rows = [row for row in rows if row[0] != 1]
        rows.sort(key=lambda row: (row[1] == row[2] == 1, row[2] != 1))
        self.rows = rows

    def signature(self) -> tuple[object, ...]:
        """What decides the function's text."""
        return (
            "scan", self.operation, self.source, self.target, self.length, self.step,
            self.target_step, *self.rows,
        )  # fmt: skip

    def write(self, module: Module, name: str) -> None:
        """Write the function."""
        parameters = [("ptr", "x"), ("ptr", "y")]
        with module.function(name, parameters, internal=True) as f:
            self._rows(f, "%x", "%y", 0)

    def _rows(self, f: Function, x: str, y: str, depth: int) -> None:
        if depth == len(self.rows):
            self._run(f, x, y, 1, 1)
            return
        size, step, target_step = self.rows[depth]
        lanes = f.module.target.lanes(8 * max(BYTES[self.running], BYTES[self.source]))
        if depth == len(self.rows) - 1 and step == target_step == 1:
            with f.loop(0, size // lanes * lanes, lanes) as loop:
                here = [f.offset(p, loop.index, k) for p, k in ((x, self.source), (y, self.target))]
                self._run(f, here[0], here[1], lanes, lanes)
            done = size // lanes * lanes
            if size > done:
                here = [f.offset(p, done, k) for p, k in ((x, self.source), (y, self.target))]
                self._run(f, here[0], here[1], lanes, size - done)
            return
        with f.loop(0, size) as loop:
            self._rows(
                f,
                f.offset(x, loop.index * step, self.source),
                f.offset(y, loop.index * target_step, self.target),
                depth + 1,
            )

    def _run(self, f: Function, x: str, y: str, lanes: int, count: int) -> None:
        """Along the dimension, for ``count`` neighbours at once."""
        s = f.scalar
        mask = None if count == lanes else count
        start = s.splat(f.constant(int(self.operation == "mul"), self.running), lanes)
        with f.loop(0, self.length, carried=[start]) as loop:
            place = f.offset(x, loop.index * self.step, self.source)
            element = s.cast(f.load(place, self.source, lanes, mask), self.target)
            total = s.binary(self.operation, loop.values[0], s.cast(element, self.running))
            place = f.offset(y, loop.index * self.target_step, self.target)
            f.store(s.cast(total, self.target), place, mask, lanes=lanes)
            loop.carry(total)
