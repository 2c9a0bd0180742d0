"""Rules for indexing with tensors: the number of the example becomes one more index."""

from __future__ import annotations

from typing import Any

from flambeau.core import dtypes
from flambeau.func.batching.held import Batched, reshaped, typed
from flambeau.func.level import Held
from flambeau.ops.advanced_indexing import MOST
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import REGISTRY, Operation
from flambeau.tensor.tensor import Tensor


class Selection:
    """What ``index`` and its relatives select of each example.

    Dimensions that are indexed stand behind the examples' (:attr:`order`), so that NumPy leaves
    the selection where it is.

    Args:
        tensors: what the index tensors hold.
        places: which dimensions of an example they index.
        ndim: the dimensions of an example.

    Attributes:
        inputs: index tensors for the batch, the first counting the examples.
        places: which dimensions of the batch, in its new order, they index.
        order: the new order of the batch's dimensions.
        count: the dimensions of what is selected by index tensors.
        at: where these stand among the dimensions of one example's result.
    """

    def __init__(self, tensors: list[Any], places: tuple[bool, ...], ndim: int) -> None:
        level = tensors[0].level
        taken = [d for d, used in enumerate(places) if used]
        rest = [d for d in range(ndim) if d not in taken]
        self.count = count = max(t.ndim for t in tensors)
        self.at = taken[0] if taken[-1] - taken[0] + 1 == len(taken) else 0
        self.order = (0, *[d + 1 for d in taken], *[d + 1 for d in rest])
        number = apply(
            REGISTRY["arange"], (), (0, level.size, 1, dtypes.int64.numpy)
        )  # of the example
        first = reshaped(number, (level.size, *(1,) * count))
        self.inputs = (first, *[t.aligned(count) for t in tensors])
        self.places = (True,) * len(self.inputs)

    def padded(self) -> tuple[Any, ...]:
        """The index tensors as the records take them."""
        return (*self.inputs, *(None,) * (MOST - len(self.inputs)))

    def moved(self, x: Tensor) -> Tensor:
        """The batch with indexed dimensions in front."""
        return apply(REGISTRY["permute"], (x,), (self.order,))

    def moved_back(self, x: Tensor) -> Tensor:
        """A batch that :meth:`moved` made as it was."""
        back = tuple(self.order.index(d) for d in range(len(self.order)))
        return apply(REGISTRY["permute"], (x,), (back,))

    def result(self, x: Tensor) -> Tensor:
        """A selection with its dimensions where one example's result has them."""
        dims = list(range(1, x.ndim))
        chosen, rest = dims[: self.count], dims[self.count :]
        order = (0, *rest[: self.at], *chosen, *rest[self.at :])
        return apply(REGISTRY["permute"], (x,), (order,))

    def unplaced(self, x: Tensor) -> Tensor:
        """The inverse of :meth:`result`."""
        dims = list(range(1, x.ndim))
        before, chosen = dims[: self.at], dims[self.at : self.at + self.count]
        order = (0, *chosen, *before, *dims[self.at + self.count :])
        return apply(REGISTRY["permute"], (x,), (order,))


def _given(tensors: list[Any]) -> list[Any] | None:
    found = [t for t in tensors if t is not None]
    masks = any(t.dtype.kind == "b" for t in found)
    return None if masks or len(found) >= MOST else found


def _index(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    x, places = operands[0], params[0]
    tensors = _given(operands[1:])
    if tensors is None:
        return None
    selection = Selection(tensors, places, x.ndim)
    found = apply(
        REGISTRY["index"],
        (selection.moved(x.full()), *selection.padded()),
        (selection.places,),
    )
    return selection.result(found)


def _index_backward(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    g, (shape, places) = operands[0], params
    tensors = _given(operands[1:])
    if tensors is None:
        return None
    selection = Selection(tensors, places, len(shape))
    whole = tuple((g.level.size, *shape)[d] for d in selection.order)
    placed = apply(
        REGISTRY["index_backward"],
        (selection.unplaced(g.full()), *selection.padded()),
        (whole, selection.places),
    )
    return selection.moved_back(placed)


def _index_put(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    x, values, (places, accumulate) = operands[0], operands[1], params
    tensors = _given(operands[2:])
    if tensors is None:
        return None
    selection = Selection(tensors, places, x.ndim)
    spec = REGISTRY["index"].infer(x.spec(), *_specs(operands[2:]), places)
    spread = apply(REGISTRY["expand"], (values.aligned(spec.ndim),), ((x.level.size, *spec.shape),))
    written = apply(
        REGISTRY["index_put"],
        (selection.moved(x.full()), selection.unplaced(spread), *selection.padded()),
        (selection.places, accumulate),
    )
    return selection.moved_back(written)


def _specs(operands: list[Any]) -> list[Any]:
    return [x.spec() if isinstance(x, Held) else x for x in operands]


def _index_zero(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    g, places = operands[0], params[0]
    tensors = _given(operands[1:])
    if tensors is None:
        return None
    selection = Selection(tensors, places, g.ndim)
    cleared = apply(
        REGISTRY["index_zero"],
        (selection.moved(g.full()), *selection.padded()),
        (selection.places,),
    )
    return selection.moved_back(cleared)


# --- one index along one dimension ------------------------------------------------------------


def _index_select(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    x, index, dim = operands[0], operands[1], params[0]
    whole = x.at_least_1d()
    if not index.is_batched:
        return apply(op, (whole, index.value), (dim + 1,))
    shape = list(whole._array.shape)
    shape[dim + 1] = index.size
    return apply(REGISTRY["gather"], (whole, _along(index, shape, dim)), (dim + 1,))


def _along(index: Batched, shape: list[int], dim: int) -> Tensor:
    """Each example's index, repeated over all dimensions but ``dim``."""
    ones = [1] * len(shape)
    ones[0], ones[dim + 1] = index.level.size, index.size
    column = reshaped(index.full(), tuple(ones))
    return apply(REGISTRY["expand"], (column,), (tuple(shape),))


def _index_select_backward(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    g, index, (shape, dim) = operands[0], operands[1], params
    whole = (g.level.size, *(shape or (1,)))
    given = g.at_least_1d()
    if not index.is_batched:
        return apply(op, (given, index.value), (whole, dim + 1))
    spread = _along(index, list(given._array.shape), dim)
    return apply(REGISTRY["gather_backward"], (given, spread), (whole, dim + 1))


def _index_write(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    """``index_add``, ``index_copy``, ``index_fill``: by the scatter where indices differ."""
    x, index, dim = operands[0], operands[1], params[0]
    whole, rest = x.at_least_1d(), [y.at_least_1d() for y in operands[2:]]
    if not index.is_batched:
        return apply(op, (whole, index.value, *rest), (dim + 1, *params[1:]))
    shape = list(whole._array.shape)
    shape[dim + 1] = index.size
    spread = _along(index, shape, dim)
    if op.name == "index_fill":
        return apply(REGISTRY["scatter_value"], (whole, spread), (dim + 1, params[1]))
    source = rest[0]
    if op.name == "index_copy":
        return apply(REGISTRY["scatter"], (whole, spread, source), (dim + 1,))
    if params[1] != 1:
        source = apply(REGISTRY["mul"], (source, params[1]))
    return apply(REGISTRY["scatter_add"], (whole, spread, source), (dim + 1,))


def _index_fill_tensor(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    """Each example's own number is written to the places that its index names."""
    x, index, value = operands
    dim, whole = params[0], x.at_least_1d()
    if not index.is_batched and not value.is_batched:
        return apply(op, (whole, index.value, value.value), (dim + 1,))
    shape = list(whole._array.shape)
    shape[dim + 1] = index.size
    numbers = typed(reshaped(value.full(), (shape[0], *(1,) * (len(shape) - 1))), x.dtype)
    source = apply(REGISTRY["expand"], (numbers,), (tuple(shape),))
    return apply(REGISTRY["scatter"], (whole, _along(index, shape, dim), source), (dim + 1,))


def _embedding(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    weight, indices = operands
    if weight.is_batched or params[1]:
        return None
    return apply(op, (weight.value, indices.value), params)


RULES = {
    "index": _index,
    "index_backward": _index_backward,
    "index_put": _index_put,
    "index_zero": _index_zero,
    "index_select": _index_select,
    "index_select_backward": _index_select_backward,
    "index_add": _index_write,
    "index_copy": _index_write,
    "index_fill": _index_write,
    "index_fill_tensor": _index_fill_tensor,
    "embedding": _embedding,
}
