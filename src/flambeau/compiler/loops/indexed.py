"""Operations that read, or add, at places which an index tensor names.

Along one dimension of the array that is pointed into, the position comes from the index; along
the others it is the loop's own.
"""

from __future__ import annotations

from flambeau.compiler.loops.access import Access, type_name
from flambeau.compiler.record.program import Instruction, Value
from flambeau.core.scalar import DTYPES


class Indexed:
    """A gather, ``out[i, j] = x[index[i], j]``, or a scatter, ``out[index[i], j] += x[i, j]``.

    Attributes:
        instruction: the operation.
        index: the index tensor.
        moved: what is read from at the index, or the values that are added.
        domain: the sizes that the loops run over.
        shape: of the array that is pointed into.
        dim: the dimension that the index is for.
        first, rank: which dimensions of the domain are the index's.
        aligned: whether the index has all dimensions of the domain (``gather``).
        wraps: whether negative entries count from the end.
        adds: whether it is the scatter.
    """

    __slots__ = (
        "adds", "aligned", "dim", "domain", "first", "index", "instruction", "moved", "rank",
        "shape", "wraps",
    )  # fmt: skip

    def __init__(
        self, instruction: Instruction, index: Value, moved: Value, domain: tuple[int, ...],
        shape: tuple[int, ...], dim: int, *, aligned: bool, wraps: bool, adds: bool,
    ) -> None:  # fmt: skip
        self.instruction = instruction
        self.index = index
        self.moved = moved
        self.domain = domain
        self.shape = shape
        self.dim = dim
        self.aligned = aligned
        self.first = dim
        self.rank = 1 if aligned else len(index.spec.shape)
        self.wraps = wraps
        self.adds = adds

    def index_strides(self, access: Access) -> tuple[int, ...]:
        """How the index is walked over the domain."""
        if self.aligned:
            return access.over(self.domain)
        own = tuple(0 if n == 1 else s for n, s in zip(access.shape, access.strides, strict=True))
        return (0,) * self.first + own + (0,) * (len(self.domain) - self.first - self.rank)

    def pointed_strides(self, strides: tuple[int, ...]) -> list[int]:
        """How the array that is pointed into is walked, apart from the index."""
        return [*strides[: self.dim], *[0] * self.rank, *strides[self.dim + 1 :]]


def indexed_of(instruction: Instruction) -> Indexed | None:
    """What an instruction does with an index; ``None`` if it is no such operation."""
    find = _FORMS.get(instruction.operation.name)
    values = [*instruction.values(), *instruction.outputs]
    if find is None or any(type_name(v.spec.dtype) not in DTYPES for v in values):
        return None
    if any(v.spec.size == 0 or not v.spec.shape for v in values):
        return None
    found = find(instruction)
    if found is None or type_name(found.index.spec.dtype) not in ("int32", "int64"):
        return None
    return found


def _gather(instruction: Instruction) -> Indexed:
    source, index = instruction.inputs
    (dim,) = instruction.params
    return Indexed(
        instruction, index, source, index.spec.shape, source.spec.shape, dim,
        aligned=True, wraps=False, adds=False,
    )  # fmt: skip


def _index_select(instruction: Instruction) -> Indexed:
    source, index = instruction.inputs
    (dim,) = instruction.params
    return Indexed(
        instruction, index, source, instruction.outputs[0].spec.shape, source.spec.shape, dim,
        aligned=False, wraps=False, adds=False,
    )  # fmt: skip


def _index(instruction: Instruction) -> Indexed | None:
    source, *indices = instruction.inputs
    (places,) = instruction.params
    given = [i for i in indices if i is not None]
    if len(given) != 1 or sum(places) != 1:
        return None
    return Indexed(
        instruction, given[0], source, instruction.outputs[0].spec.shape, source.spec.shape,
        places.index(True), aligned=False, wraps=True, adds=False,
    )  # fmt: skip


def _index_backward(instruction: Instruction) -> Indexed | None:
    gradient, *indices = instruction.inputs
    shape, places = instruction.params
    given = [i for i in indices if i is not None]
    if len(given) != 1 or sum(places) != 1:
        return None
    return Indexed(
        instruction, given[0], gradient, gradient.spec.shape, shape, places.index(True),
        aligned=False, wraps=True, adds=True,
    )  # fmt: skip


def _scatter_add(instruction: Instruction) -> Indexed | None:
    start, index, source = instruction.inputs
    (dim,) = instruction.params
    if index.spec.shape != source.spec.shape:
        return None
    return Indexed(
        instruction, index, source, index.spec.shape, start.spec.shape, dim,
        aligned=True, wraps=False, adds=True,
    )  # fmt: skip


def _index_add(instruction: Instruction) -> Indexed | None:
    start, index, source = instruction.inputs
    dim, alpha = instruction.params
    if alpha.__class__ is not int or alpha != 1 or len(index.spec.shape) != 1:
        return None
    return Indexed(
        instruction, index, source, source.spec.shape, start.spec.shape, dim,
        aligned=False, wraps=False, adds=True,
    )  # fmt: skip


_FORMS = {
    "gather": _gather,
    "index_select": _index_select,
    "index": _index,
    "index_backward": _index_backward,
    "scatter_add": _scatter_add,
    "index_add": _index_add,
}
