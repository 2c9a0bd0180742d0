"""Products of tall, thin matrices as sums over rows.

The gradient of a small layer's weights is a handful of sums over rows that another nest walks
anyway: there the sums stay in registers, and what they sum need not lie in memory.
"""

from __future__ import annotations

from collections.abc import Iterator

from flambeau.compiler.loops.access import Access, direct
from flambeau.compiler.record.program import Instruction, Value

MOST_SUMS = 128  # numbers that are summed up side by side
MOST_ELEMENTS = 1 << 14  # of the wider operand: larger ones are better multiplied in tiles


class Column:
    """One column of the thinner operand: a row or a column of the product.

    Attributes:
        wide: the other operand.
        thin, place: the column, as a view of the operand's memory.
        target: where in the output's memory the sums go.
    """

    __slots__ = ("place", "target", "thin", "wide")

    def __init__(self, wide: Value, thin: Value, place: Access, target: Access) -> None:
        self.wide = wide
        self.thin = thin
        self.place = place
        self.target = target


def columns_of(instruction: Instruction, accesses: dict[Value, Access]) -> list[Column]:
    """The columns that a product is done by; none if it is better done in tiles."""
    if instruction.operation.name != "rows_product":
        return []
    first, second = instruction.values()
    if len(first.spec.shape) != 2 or not _is_thin(first, second):
        return []
    return list(_columns(instruction.outputs[0], first, second, accesses))


def _is_thin(first: Value, second: Value) -> bool:
    (rows, m), (_, n) = first.spec.shape, second.spec.shape
    many = rows * max(m, n) <= MOST_ELEMENTS and m * n <= MOST_SUMS
    return many and min(m, n) <= 4 and rows > 1 and m * n > 0


def _columns(
    output: Value, first: Value, second: Value, accesses: dict[Value, Access]
) -> Iterator[Column]:
    m, n = output.spec.shape
    down, across = direct(output).strides
    for index in range(min(m, n)):
        if m <= n:
            wide, thin, target = second, first, Access(output, index * down, (across,), (n,))
        else:
            wide, thin, target = first, second, Access(output, index * across, (down,), (m,))
        own = accesses[thin]
        offset = own.offset + index * own.strides[1]
        yield Column(wide, thin, Access(own.root, offset, own.strides, (own.shape[0], 1)), target)
