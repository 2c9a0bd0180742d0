"""``scan``: a loop that carries a state along and leaves a result of each step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flambeau.autograd.modes import no_grad
from flambeau.core import trees
from flambeau.core.errors import message
from flambeau.func.arguments import check_tensors, name_of
from flambeau.func.batching import vmap
from flambeau.func.control.lowered import loop_of
from flambeau.func.control.recorded import recorded_scan, run_loop
from flambeau.func.control.regions import below_regions
from flambeau.func.control.values import is_recording
from flambeau.tensor.construction import tensor
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import REGISTRY
from flambeau.tensor.tensor import Tensor


def scan(
    f: Callable[[Any, Any], tuple[Any, Any]],
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
    unroll: int = 1,
) -> tuple[Any, Any]:
    """Carry a state through a loop over the first dimension of ``xs``.

    The meaning is that of ::

        carry, ys = init, []
        for x in xs:
            carry, y = f(carry, x)
            ys.append(y)
        return carry, stack(ys)

    In a function that :func:`flambeau.compile` compiles, ``f`` is recorded once and the loop is one
    native call; it can be differentiated there, too.

    Args:
        f: takes what is carried and a slice of ``xs``; returns what is carried on, of the same
            structure, shapes and types, and what is left of the step: trees of tensors.
        init: what the first step is given: a tree of tensors and numbers.
        xs: a tree of tensors with one size of dimension 0, or ``None``.
        length: how many steps; needed where there are no ``xs``.
        reverse: walk from the end to the beginning; results stay in the order of ``xs``.
        unroll: has no effect: JAX's option for its compiler.

    Returns:
        What the last step carries, and what the steps leave, stacked.

    Raises:
        ValueError: if sizes differ, or there is no length.
        TypeError: if what is carried changes its structure.

    Example:
        >>> import flambeau as fb
        >>> fb.func.scan(lambda total, x: (total + x, total * x), fb.tensor(0.), fb.arange(1., 5.))
        (tensor(10.), tensor([ 0.,  2.,  9., 24.]))
    """
    carried, form = trees.flatten(init)
    carried = [x if isinstance(x, Tensor) else tensor(x) for x in carried]
    walked, shape = ([], None) if xs is None else trees.flatten(xs)
    if shape is not None:
        check_tensors("scan", "xs", xs)
    count = _length(walked, length)
    left: list[Any] = []

    def step(carry: list[Tensor], items: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        item = None if shape is None else trees.unflatten(shape, items)
        new, y = _pair(f, f(trees.unflatten(form, carry), item))
        found, structure = trees.flatten(new)
        if structure != form:
            raise TypeError(
                message(
                    f"scan: what {name_of(f)} carries changes its structure",
                    expected=repr(form),
                    got=repr(structure),
                )
            )
        ys, structure = trees.flatten(y)
        none = [x is None for x in ys]
        left[:] = [structure, none]
        return _as_tensors(found), _as_tensors([x for x in ys if x is not None])

    if count and is_recording() and loop_of(below_regions(), run_loop) is not None:
        carried, stacks = recorded_scan(step, carried, walked, count, reverse)
    else:
        carried, stacks = _looped(step, carried, walked, count, reverse)
    return trees.unflatten(form, carried), _results(left, stacks)


def map(f: Callable[[Any], Any], xs: Any, *, batch_size: int | None = None) -> Any:
    """Apply a function to one slice of ``xs`` after the other; :func:`vmap` with less memory.

    Args:
        f: takes a slice of ``xs``; returns a tree of tensors.
        xs: a tree of tensors with one size of dimension 0.
        batch_size: how many slices to compute at once; 1 if not given.

    Returns:
        The results, stacked.

    Example:
        >>> import flambeau as fb
        >>> fb.func.map(lambda x: x * x, fb.arange(4))
        tensor([0, 1, 4, 9])
    """
    if batch_size is not None:
        return vmap(f, chunk_size=batch_size)(xs)
    return scan(lambda carry, x: (carry, f(x)), (), xs)[1]


def _results(left: list[Any], stacks: list[Tensor]) -> Any:
    """What steps leave, in the form in which they leave it; ``None`` stays ``None``."""
    if not left:
        return None
    structure, none = left
    given = iter(stacks)
    return trees.unflatten(structure, [None if absent else next(given) for absent in none])


def _as_tensors(leaves: list[Any]) -> list[Tensor]:
    return [x if isinstance(x, Tensor) else tensor(x) for x in leaves]


def _pair(f: Callable[..., Any], result: Any) -> tuple[Any, Any]:
    if not isinstance(result, tuple) or len(result) != 2:
        raise TypeError(
            message(
                f"scan: {name_of(f)} returned no pair",
                expected="(carry, y); y may be None",
                got=type(result).__name__,
            )
        )
    return result


def _length(walked: list[Tensor], length: int | None) -> int:
    if any(x.ndim == 0 for x in walked):
        raise ValueError(
            message(
                "scan: a 0-d tensor has no dimension to walk along",
                expected="xs with at least 1 dimension",
                got="shape ()",
            )
        )
    sizes = [x.shape[0] for x in walked] + ([] if length is None else [int(length)])
    if not sizes:
        raise ValueError(
            message("scan: how many steps?", expected="xs, or length", got="neither of them")
        )
    if len(set(sizes)) > 1:
        raise ValueError(
            message(
                "scan: sizes of dimension 0 differ",
                expected="one size for all of xs, and for length if it is given",
                got=f"{sizes}",
            )
        )
    return sizes[0]


def _looped(
    step: Callable[..., Any], carried: list[Tensor], walked: list[Tensor], count: int, reverse: bool
) -> tuple[list[Tensor], list[Tensor]]:
    """The loop as Python runs it."""
    if count == 0:
        return carried, _nothing(step, carried, walked)
    rows: list[list[Tensor]] = [[] for _ in range(count)]
    columns = [apply(REGISTRY["unbind"], (x,), (0,)) for x in walked]
    for i in range(count - 1, -1, -1) if reverse else range(count):
        carried, rows[i] = step(carried, [column[i] for column in columns])
    return carried, [apply(REGISTRY["stack"], column, (0,)) for column in zip(*rows, strict=True)]


def _nothing(step: Callable[..., Any], carried: list[Tensor], walked: list[Tensor]) -> list[Tensor]:
    """What no steps leave: tensors without rows, of the shapes that a step would leave."""
    with no_grad():
        items = [apply(REGISTRY["full"], (), (tuple(x.shape[1:]), 0, x._array.dtype, False))
                 for x in walked]  # fmt: skip
        left = step([apply(REGISTRY["clone"], (x,), (None,)) for x in carried], items)[1]
    return [apply(REGISTRY["full"], (), ((0, *y.shape), 0, y._array.dtype, False)) for y in left]
