"""Operations that read, write or add at places which an index tensor names.

Along one dimension of the array that is pointed into, the position comes from the index; along
the others it is the loop's own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flambeau.compiler.loops.access import Access, type_name
from flambeau.compiler.record.program import Instruction, Value
from flambeau.core.scalar import DTYPES


class Indexed:
    """A gather, ``out[i, j] = x[index[i], j]``, or a scatter, ``out[index[i], j] (+)= x[i, j]``.

    Attributes:
        instruction: the operation.
        index: the index tensor.
        moved: what is read from at the index; or the values, perhaps a number, that go there.
        domain: the sizes that the loops run over.
        shape: of the array that is pointed into.
        dim: the dimension that the index is for.
        aligned: whether the index has all dimensions of the domain (``gather``).
        wraps: whether negative entries count from the end.
        effect: ``"read"``, ``"write"`` (of writes to one place the last one stays), or how what
            comes is combined with what is there: ``"add"``, ``"mul"``, ``"maximum"``,
            ``"minimum"``.
        start: what a scatter's output is at first; ``None`` for zeros.
        first, rank: which dimensions of the domain are the index's.
    """

    __slots__ = (
        "aligned", "dim", "domain", "effect", "first", "index", "instruction", "moved", "rank",
        "shape", "start", "wraps",
    )  # fmt: skip

    def __init__(
        self, instruction: Instruction, index: Value, moved: Any, domain: tuple[int, ...],
        shape: tuple[int, ...], dim: int, effect: str = "read", start: Value | None = None, *,
        aligned: bool = False, wraps: bool = False,
    ) -> None:  # fmt: skip
        self.instruction = instruction
        self.index = index
        self.moved = moved
        self.domain = domain
        self.shape = shape
        self.dim = dim
        self.effect = effect
        self.start = start
        self.aligned = aligned
        self.wraps = wraps
        self.first = dim
        self.rank = 1 if aligned else len(index.spec.shape)

    @property
    def scatters(self) -> bool:
        """Whether it changes what it points into."""
        return self.effect != "read"

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
    if any(v.spec.size == 0 for v in values):
        return None
    found = find(instruction)
    if found is None or type_name(found.index.spec.dtype) not in ("int32", "int64"):
        return None
    if not found.index.spec.shape or not found.shape:
        return None
    return found if _keeps_order(found) and _adds_exactly(found) else None


def _keeps_order(found: Indexed) -> bool:
    """Whether the last of several writes to a place is the last in whatever order loops run."""
    return found.effect != "write" or found.aligned or found.rank == 1


def _adds_exactly(found: Indexed) -> bool:
    """Sums of half-precision numbers are rounded once, which needs memory of another type."""
    kinds = ("float32", "float64", "int32", "int64")
    return (
        found.effect in ("read", "write")
        or type_name(found.instruction.outputs[0].spec.dtype) in kinds
    )


def _gather(instruction: Instruction) -> Indexed:
    source, index = instruction.inputs
    (dim,) = instruction.params
    return Indexed(
        instruction, index, source, index.spec.shape, source.spec.shape, dim, aligned=True
    )


def _index_select(instruction: Instruction) -> Indexed:
    source, index = instruction.inputs
    domain = instruction.outputs[0].spec.shape
    return Indexed(instruction, index, source, domain, source.spec.shape, *instruction.params)


def _one_place(indices: Sequence[Value | None], places: Sequence[bool]) -> tuple[Value, int] | None:
    """The only index, and the dimension that it is for."""
    given = [i for i in indices if i is not None]
    if len(given) != 1 or sum(places) != 1:
        return None
    return given[0], places.index(True)


def _index(instruction: Instruction) -> Indexed | None:
    source, *indices = instruction.inputs
    found = _one_place(indices, *instruction.params)
    if found is None:
        return None
    domain = instruction.outputs[0].spec.shape
    return Indexed(instruction, found[0], source, domain, source.spec.shape, found[1], wraps=True)


def _index_backward(instruction: Instruction) -> Indexed | None:
    gradient, *indices = instruction.inputs
    shape, places = instruction.params
    found = _one_place(indices, places)
    if found is None:
        return None
    index, dim = found
    return Indexed(instruction, index, gradient, gradient.spec.shape, shape, dim, "add", wraps=True)


def _index_put(instruction: Instruction) -> Indexed | None:
    start, values, *indices = instruction.inputs
    places, accumulate = instruction.params
    effect = "add" if accumulate else "write"
    return _put(instruction, start, values, _one_place(indices, places), effect)


def _index_zero(instruction: Instruction) -> Indexed | None:
    start, *indices = instruction.inputs
    return _put(instruction, start, 0, _one_place(indices, *instruction.params), "write")


def _put(
    instruction: Instruction, start: Value, values: Any, found: Any, effect: str
) -> Indexed | None:
    if found is None:
        return None
    (index, dim), shape = found, start.spec.shape
    domain = (*shape[:dim], *index.spec.shape, *shape[dim + 1 :])
    if isinstance(values, Value) and len(values.spec.shape) > len(domain):
        return None
    return Indexed(instruction, index, values, domain, shape, dim, effect, start, wraps=True)


def _scatter(effect: str) -> Callable[[Instruction], Indexed | None]:
    def find(instruction: Instruction) -> Indexed | None:
        start, index, source = instruction.inputs
        (dim,) = instruction.params
        domain = index.spec.shape
        if domain != source.spec.shape:
            return None
        shape = start.spec.shape
        return Indexed(instruction, index, source, domain, shape, dim, effect, start, aligned=True)

    return find


def _index_add(instruction: Instruction) -> Indexed | None:
    start, index, source = instruction.inputs
    dim, alpha = instruction.params
    if alpha.__class__ is not int or alpha != 1:
        return None
    return _rows(instruction, start, index, source, dim, "add")


def _index_copy(instruction: Instruction) -> Indexed | None:
    start, index, source = instruction.inputs
    (dim,) = instruction.params
    return _rows(instruction, start, index, source, dim, "write")


def _rows(
    instruction: Instruction, start: Value, index: Value, source: Value, dim: int, effect: str
) -> Indexed | None:
    domain, shape = source.spec.shape, start.spec.shape
    if len(index.spec.shape) != 1 or len(domain) != len(shape):
        return None
    return Indexed(instruction, index, source, domain, shape, dim, effect, start)


_REDUCTIONS = {"sum": "add", "prod": "mul", "amax": "maximum", "amin": "minimum"}


def _scatter_reduce(instruction: Instruction) -> Indexed | None:
    start, index, source = instruction.inputs
    dim, reduce, include_self = instruction.params
    domain, shape = index.spec.shape, start.spec.shape
    if domain != source.spec.shape or not include_self or reduce not in _REDUCTIONS:
        return None
    effect = _REDUCTIONS[reduce]
    return Indexed(instruction, index, source, domain, shape, dim, effect, start, aligned=True)


_FORMS: dict[str, Callable[[Instruction], Indexed | None]] = {
    "gather": _gather,
    "index_select": _index_select,
    "index": _index,
    "index_backward": _index_backward,
    "index_put": _index_put,
    "index_zero": _index_zero,
    "index_add": _index_add,
    "index_copy": _index_copy,
    "scatter": _scatter("write"),
    "scatter_add": _scatter("add"),
    "scatter_reduce": _scatter_reduce,
}
