"""Matrix products of a program as problems for the generator of products."""

from __future__ import annotations

from flambeau.compiler.loops.access import Access, type_name
from flambeau.compiler.loops.gemm_spec import Gemm, Matrix
from flambeau.compiler.record.program import Instruction


class Problem:
    """A product and where its operands lie.

    Attributes:
        gemm: the problem.
        first, second: accesses of A and B.
    """

    __slots__ = ("first", "gemm", "second")

    def __init__(self, gemm: Gemm, first: Access, second: Access) -> None:
        self.gemm = gemm
        self.first = first
        self.second = second


def problem_of(instruction: Instruction, accesses: dict) -> Problem | None:
    """The product that an instruction asks for; ``None`` if it is not one matrix problem."""
    first, second = (accesses[x] for x in instruction.inputs[:2])
    a, b = _sides(instruction, first, second)
    if a is None or b is None:
        return None
    (batch, m, k, a_matrix), (b_batch, k_too, n, b_matrix) = a, b
    if k != k_too or b_batch not in (batch, 1):
        return None
    dtype = type_name(instruction.outputs[0].spec.dtype)
    c = Matrix(n, 1, m * n)
    return Problem(Gemm(m, n, k, a_matrix, b_matrix, c, dtype=dtype, batch=batch), first, second)


def is_batched(instruction: Instruction) -> bool:
    """Whether all but the last two dimensions of a product's output number matrices."""
    return instruction.operation.name in ("bmm", "matmul")


def flattened(
    domain: tuple[int, ...], strides: tuple[int, ...], batched: bool
) -> tuple[int, int, int] | None:
    """Strides over a product's output as those of a batch, its rows and its columns; ``None`` if
    several dimensions are not one walk."""
    if batched:
        batch = _merged(domain[:-2], strides[:-2])
        return None if batch is None else (batch, strides[-2], strides[-1])
    row = _merged(domain[:-1], strides[:-1])
    return None if row is None else (0, row, strides[-1])


Side = tuple[int, int, int, Matrix]


def _sides(
    instruction: Instruction, first: Access, second: Access
) -> tuple[Side | None, Side | None]:
    name = instruction.operation.name
    if name == "mm":
        return _matrix(first), _matrix(second)
    if name == "bmm":
        return _batched(first), _batched(second)
    if name == "matmul":
        flip_first, flip_second = instruction.params
        a, b = _batched(first), _batched(second)
        return _flipped(a) if flip_first else a, _flipped(b) if flip_second else b
    if name == "rows_matmul":
        (flip,) = instruction.params
        b = _matrix(second)
        return _rows(first), _flipped(b) if flip else b
    if name == "rows_product":
        return _flipped(_rows(first)), _rows(second)
    if name == "mv":
        return _matrix(first), _column(second)
    return _flipped(_column(first)), _column(second)  # dot


def _matrix(x: Access) -> Side | None:
    if len(x.shape) != 2:
        return None
    return 1, *x.shape, Matrix(*x.strides)


def _column(x: Access) -> Side | None:
    if len(x.shape) != 1:
        return None
    return 1, x.shape[0], 1, Matrix(x.strides[0], 0)


def _flipped(side: Side | None) -> Side | None:
    if side is None:
        return None
    batch, rows, columns, matrix = side
    return batch, columns, rows, matrix.transposed()


def _rows(x: Access) -> Side | None:
    """All leading dimensions as rows, where strides allow it; a vector is one row."""
    if len(x.shape) == 1:
        return 1, 1, x.shape[0], Matrix(0, x.strides[0])
    step = _merged(x.shape[:-1], x.strides[:-1])
    if step is None:
        return None
    count = 1
    for size in x.shape[:-1]:
        count *= size
    return 1, count, x.shape[-1], Matrix(step, x.strides[-1])


def _batched(x: Access) -> Side | None:
    if len(x.shape) == 2:
        return _matrix(x)
    if len(x.shape) < 2:
        return None
    step = _merged(x.shape[:-2], x.strides[:-2])
    if step is None:
        return None
    count = 1
    for size in x.shape[:-2]:
        count *= size
    rows, columns = x.shape[-2:]
    down, across = x.strides[-2:]
    return count, rows, columns, Matrix(down, across, step if count > 1 else 0)


def _merged(shape: tuple[int, ...], strides: tuple[int, ...]) -> int | None:
    """The one stride with which several dimensions are walked; ``None`` if there is none."""
    step, reach = 0, None
    for size, stride in zip(reversed(shape), reversed(strides), strict=True):
        if size == 1:
            continue
        if reach is None:
            step = stride
        elif stride != reach:
            return None
        reach = stride * size
    return step
