"""Sums of products in Einstein's notation, by products of matrices.

Operands are brought to one order of dimensions and multiplied two at a time. A pair's dimensions
are kept in both (a batch), summed over (contracted), or of one operand only; that makes a stack of
matrix products. A dimension that a later operand does not need is summed over beforehand.

Reference: D. G. A. Smith and J. Gray, "opt_einsum", JOSS 3(26), 2018.
"""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import Any

from flambeau.core.errors import ShapeError, message
from flambeau.ops.matmul import bmm
from flambeau.ops.matrix_products import check_tensors, check_types
from flambeau.ops.publish import public
from flambeau.tensor.tensor import Tensor

# A dimension's label: a letter, or a number that counts the ellipsis's dimensions from its end.
Label = Any


@public()
def einsum(*args: Any) -> Tensor:
    """A sum of products, described by labels: ``einsum("ij,jk->ik", a, b)``.

    Every letter names a dimension. Dimensions with one letter are multiplied together, and summed
    over unless the letter stands after ``->``. A letter that stands twice in one operand takes its
    diagonal; ``...`` stands for any number of dimensions, which broadcast. Without ``->``, the
    result has the letters that stand once, in alphabetical order, after those of the ellipsis.

    Args:
        args: the equation and the tensors; or tensors, each followed by a list of numbers from 0
            to 51 (or ``Ellipsis``) as labels, and the list of the result, if any, at the end.

    Raises:
        RuntimeError: if the equation is malformed or does not fit the tensors.

    Example:
        >>> import flambeau as fb
        >>> fb.einsum("ij,j->i", fb.tensor([[1, 2], [3, 4]]), fb.tensor([1, 10]))
        tensor([21, 43])
    """
    if args and isinstance(args[0], str):
        tensors = args[1:]
        if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)):
            tensors = tuple(tensors[0])
        check_tensors("einsum", *tensors)
        steps = _steps_of(args[0], tuple([tuple(t._array.shape) for t in tensors]))
        check_types("einsum", *[t._array for t in tensors])
        return _carried_out(steps, tensors)
    inputs, output, tensors = parsed(args)
    check_types("einsum", *[t._array for t in tensors])
    return _computed(inputs, output, tensors)


def _computed(inputs: list[list[Label]], output: list[Label], tensors: list[Any]) -> Any:
    """The result, by operations on tensors, or drawn on :class:`Drawn` ones."""
    _check_sizes(inputs, tensors)
    operands = [_prepared(t, labels) for t, labels in zip(tensors, inputs, strict=True)]
    return _contract_all(operands, output)


# --- plans: what an equation does to tensors of some shapes, found once ---------------------------

Step = tuple[str, int, Any]


class Drawn:
    """Stands for a tensor of which only the shape is known; what is done to it is written down."""

    def __init__(self, steps: list[Step], number: int, shape: tuple[int, ...]) -> None:
        self.steps, self.number, self.shape = steps, number, shape
        self.ndim = len(shape)
        self.dtype = None
        self._array = self

    def then(self, name: str, shape: tuple[int, ...], arguments: Any) -> Drawn:
        """The result of an operation, after writing that down."""
        self.steps.append((name, self.number, arguments))
        return Drawn(self.steps, len(self.steps), shape)

    def diagonal(self, offset: int, dim1: int, dim2: int) -> Drawn:
        rest = tuple(n for d, n in enumerate(self.shape) if d not in (dim1, dim2))
        return self.then("diagonal", (*rest, self.shape[dim1]), (offset, dim1, dim2))

    def sum(self, dims: list[int], keepdim: bool = False, dtype: Any = None) -> Drawn:
        shape = tuple(
            1 if d in dims else n for d, n in enumerate(self.shape) if keepdim or d not in dims
        )
        return self.then("sum", shape, (tuple(dims), keepdim))

    def permute(self, order: list[int]) -> Drawn:
        return self.then("permute", tuple(self.shape[d] for d in order), (tuple(order),))

    def expand(self, shape: list[int]) -> Drawn:
        return self.then("expand", tuple(shape), (tuple(shape),))

    def reshape(self, shape: list[int]) -> Drawn:
        if tuple(shape) == self.shape:
            return self
        return self.then("reshape", tuple(shape), (tuple(shape),))

    def bmm(self, other: Drawn) -> Drawn:
        shape = (*self.shape[:2], other.shape[2])
        return self.then("bmm", shape, other.number)


@lru_cache(maxsize=512)
def _steps_of(equation: str, shapes: tuple[tuple[int, ...], ...]) -> tuple[Any, ...]:
    """What is done for an equation: steps over numbered values, operands first, and the result."""
    steps: list[Step] = [("operand", i, None) for i in range(len(shapes))]
    drawn: list[Any] = [Drawn(steps, i + 1, shape) for i, shape in enumerate(shapes)]
    terms, result = _of_equation(equation)
    _check_count(terms, drawn)
    inputs = [_numbered(term, t) for term, t in zip(terms, drawn, strict=True)]
    found = _computed(inputs, _output(inputs, result), drawn)
    return tuple(steps[len(shapes) :]), found.number


def _carried_out(plan: tuple[Any, ...], tensors: tuple[Any, ...]) -> Tensor:
    steps, result = plan
    values: list[Any] = [None, *tensors]
    for name, number, arguments in steps:
        x = values[number]
        if name == "bmm":
            values.append(bmm(x, values[arguments]))
        elif name == "sum":
            values.append(x.sum(*arguments, dtype=x.dtype))  # integers keep their type here
        else:
            values.append(getattr(x, name)(*arguments))
    return values[result]


# --- parsing ----------------------------------------------------------------------------------


def parsed(args: tuple[Any, ...]) -> tuple[list[list[Label]], list[Label], list[Tensor]]:
    """The labels of each operand and of the result, and the operands."""
    if not args:
        raise ValueError(message("einsum: no equation", expected="an equation and tensors"))
    if isinstance(args[0], str):
        terms, result = _of_equation(args[0])
        tensors = args[1:]
        if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)):
            tensors = tuple(tensors[0])
    else:
        terms, result, tensors = _of_lists(args)
    check_tensors("einsum", *tensors)
    _check_count(terms, tensors)
    inputs = [_numbered(term, t) for term, t in zip(terms, tensors, strict=True)]
    return inputs, _output(inputs, result), list(tensors)


def _check_count(terms: list[list[Label]], tensors: Any) -> None:
    if len(terms) != len(tensors) or not tensors:
        raise (ValueError if not tensors else RuntimeError)(
            message(
                "einsum: operands and equation do not agree",
                expected=f"{len(terms)} operand(s)",
                got=str(len(tensors)),
            )
        )


def _of_equation(equation: str) -> tuple[list[list[Label]], list[Label] | None]:
    text = equation.replace(" ", "")
    left, arrow, right = text.partition("->")
    terms = [_letters(equation, term) for term in left.split(",")]
    return terms, _letters(equation, right) if arrow else None


def _letters(equation: str, term: str) -> list[Label]:
    labels: list[Label] = []
    for part_number, part in enumerate(term.split("...")):
        if part_number == 1:
            labels.append(Ellipsis)
        if part_number > 1 or not (part == "" or (part.isascii() and part.isalpha())):
            raise RuntimeError(
                message(
                    "einsum: not a term",
                    expected="letters, and at most one '...'",
                    got=f"{term!r} in {equation!r}",
                )
            )
        labels.extend(part)
    return labels


def _of_lists(args: tuple[Any, ...]) -> tuple[list[list[Label]], list[Label] | None, Any]:
    tensors = args[:-1:2] if len(args) % 2 else args[::2]
    lists = args[1::2]
    result = list(args[-1]) if len(args) % 2 else None
    return [_labels(each) for each in lists], None if result is None else _labels(result), tensors


def _labels(numbers: Any) -> list[Label]:
    labels: list[Label] = []
    for number in numbers:
        if number is Ellipsis:
            labels.append(Ellipsis)
        elif isinstance(number, int) and 0 <= number < 52:
            # Capitals first, so that the order of numbers is the order of labels.
            labels.append(chr(ord("A") + number) if number < 26 else chr(ord("a") + number - 26))
        else:
            raise ValueError(
                message(
                    "einsum: not a label",
                    expected="a number from 0 to 51, or ...",
                    got=repr(number),
                )
            )
    return labels


def _numbered(term: list[Label], tensor: Tensor) -> list[Label]:
    """Labels for every dimension: those of the ellipsis get numbers."""
    ndim = tensor._array.ndim
    named = len(term) - (Ellipsis in term)
    if term.count(Ellipsis) > 1 or named > ndim or (Ellipsis not in term and named != ndim):
        raise RuntimeError(
            message(
                "einsum: labels and dimensions of an operand do not agree",
                expected=f"labels for {ndim} dimension(s)",
                got="".join("..." if label is Ellipsis else label for label in term),
            )
        )
    if Ellipsis not in term:
        return term
    place = term.index(Ellipsis)
    extra = list(range(ndim - named - 1, -1, -1))
    return [*term[:place], *extra, *term[place + 1 :]]


def _output(inputs: list[list[Label]], result: list[Label] | None) -> list[Label]:
    used = [label for labels in inputs for label in labels]
    extra = sorted({label for label in used if isinstance(label, int)}, reverse=True)
    letters = {label for label in used if isinstance(label, str)}
    if result is None:
        return extra + sorted(label for label in letters if used.count(label) == 1)
    output: list[Label] = []
    for label in result:
        output.extend(extra if label is Ellipsis else [label])
    repeated = {label for label in output if output.count(label) > 1}
    unknown = {label for label in output if isinstance(label, str)} - letters
    if repeated or unknown:
        raise RuntimeError(
            message(
                "einsum: a label of the result "
                + ("stands twice" if repeated else "is in no operand"),
                expected="labels of the operands, each once",
                got=", ".join(sorted(map(str, repeated or unknown))),
            )
        )
    return output


def _check_sizes(inputs: list[list[Label]], tensors: list[Tensor]) -> None:
    """Refuse a label that stands for two sizes other than 1."""
    sizes: dict[Label, int] = {}
    for labels, tensor in zip(inputs, tensors, strict=True):
        for label, size in zip(labels, tensor._array.shape, strict=True):
            known = sizes.setdefault(label, size)
            if known == 1:
                sizes[label] = size
            elif size not in (1, known):
                raise _two_sizes(label, known, size)


def _two_sizes(label: Label, known: int, size: int) -> ShapeError:
    name = "the ellipsis" if isinstance(label, int) else repr(label)
    return ShapeError(
        message(
            "einsum: a label stands for two sizes",
            expected=f"size {known} or 1 for {name}",
            got=str(size),
        )
    )


# --- computing --------------------------------------------------------------------------------

Operand = tuple[Tensor, list[Label]]


def _prepared(tensor: Tensor, labels: list[Label]) -> Operand:
    """An operand in which each label stands once."""
    while len(set(labels)) < len(labels):
        label = next(each for each in labels if labels.count(each) > 1)
        first = labels.index(label)
        second = labels.index(label, first + 1)
        shape = tensor._array.shape
        if shape[first] != shape[second]:
            raise _two_sizes(label, shape[first], shape[second])
        tensor = tensor.diagonal(0, first, second)  # type: ignore[attr-defined]
        rest = [each for place, each in enumerate(labels) if place not in (first, second)]
        labels = [*rest, label]
    return tensor, labels


def _contract_all(operands: list[Operand], output: list[Label]) -> Tensor:
    current = operands[0]
    for number, following in enumerate(operands[1:], 1):
        later = {label for _, labels in operands[number + 1 :] for label in labels}
        current = _contract(current, following, later.union(output))
    tensor, labels = _summed(*current, set(output))
    order = [labels.index(label) for label in output]
    if order != list(range(len(order))):
        tensor = tensor.permute(order)  # type: ignore[attr-defined]
    return tensor


def _summed(tensor: Tensor, labels: list[Label], kept: set[Label]) -> Operand:
    """Sum over every label that is not kept."""
    dims = [place for place, label in enumerate(labels) if label not in kept]
    if not dims:
        return tensor, labels
    # Integers keep their type here.
    summed = tensor.sum(dims, dtype=tensor.dtype)  # type: ignore[attr-defined]
    return summed, [label for label in labels if label in kept]


def _contract(a: Operand, b: Operand, kept: set[Label]) -> Operand:
    """The product of two operands, summed over the labels that nobody needs any more."""
    a = _summed(*a, kept.union(b[1]))
    b = _summed(*b, kept.union(a[1]))
    a, b = _sum_unmatched(a, b, kept), _sum_unmatched(b, a, kept)
    common = [label for label in a[1] if label in b[1]]
    batch = [label for label in common if label in kept]
    contracted = [label for label in common if label not in kept]
    only_a = [label for label in a[1] if label not in common]
    only_b = [label for label in b[1] if label not in common]
    sizes = dict(zip(b[1], b[0]._array.shape, strict=True))
    for label, size in zip(a[1], a[0]._array.shape, strict=True):
        sizes[label] = size if size != 1 else sizes.get(label, 1)
    left = _arranged(a, (batch, only_a, contracted), sizes)
    right = _arranged(b, (batch, contracted, only_b), sizes)
    labels = [*batch, *only_a, *only_b]
    multiplied: Any = left.bmm(right)  # type: ignore[attr-defined]
    return multiplied.reshape([sizes[each] for each in labels]), labels


def _sum_unmatched(a: Operand, b: Operand, kept: set[Label]) -> Operand:
    """Sum a contracted dimension beforehand where the other operand has size 1."""
    tensor, labels = a
    other = dict(zip(b[1], b[0]._array.shape, strict=True))
    dims = [
        place
        for place, label in enumerate(labels)
        if label not in kept and other.get(label) == 1 and tensor._array.shape[place] != 1
    ]
    if not dims:
        return a
    return tensor.sum(dims, keepdim=True, dtype=tensor.dtype), labels  # type: ignore[attr-defined]


def _arranged(operand: Operand, groups: tuple[list[Label], ...], sizes: dict[Label, int]) -> Tensor:
    """An operand as a stack of matrices, its labels in three groups."""
    tensor, labels = operand
    order = [labels.index(label) for group in groups for label in group]
    if order != list(range(len(order))):
        tensor = tensor.permute(order)  # type: ignore[attr-defined]
    shape = [sizes[label] for group in groups for label in group]
    if shape != list(tensor._array.shape):
        tensor = tensor.expand(shape)  # type: ignore[attr-defined]
    sides = [prod(sizes[label] for label in group) for group in groups]
    return tensor.reshape(sides)  # type: ignore[attr-defined]
