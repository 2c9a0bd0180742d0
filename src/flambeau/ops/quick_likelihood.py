"""The short way for small losses of labels: one step forward, one back.

A batch of logits and labels without weights is what most training loops have. Here its cross
entropy is computed in one go, and so is its gradient; the graph shows what PyTorch's shows. What
is not as usual (a label that is no class or does not count, other types and shapes, a recorder)
is left to the records, which say what is wrong.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.ops.losses_likelihood import NLL_LOSS, NLL_LOSS_BACKWARD
from flambeau.ops.operands import FLOAT32, FLOAT64
from flambeau.ops.reduction import SMALL, ones
from flambeau.ops.shown_graph import Composite
from flambeau.ops.softmax import LOG_SOFTMAX, LOG_SOFTMAX_BACKWARD
from flambeau.tensor.dispatch import apply, wrap
from flambeau.tensor.graph import SEQUENCE, Node, VersionCounter, freed_error
from flambeau.tensor.modes import MODE
from flambeau.tensor.tensor import Tensor
from flambeau.tensor.views import refresh

_new = object.__new__
_INT64, _UINT64 = dtypes.int64.numpy, np.dtype(np.uint64)
_FIRST = (True, False, False)
# Logits whose squares sum up to this need no shift: their exponentials are normal float64 numbers.
_LARGEST = 4e4


class _Starts(dict):
    """Where the rows of a small matrix of a shape start, and its number of columns."""

    LIMIT = 256

    def __missing__(self, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
        if len(self) >= self.LIMIT:
            self.clear()
        count, classes = shape
        starts = np.arange(0, count * classes, classes), np.array(classes, _UINT64)
        self[shape] = starts
        return starts


_STARTS = _Starts()


def _places(shape: tuple[int, ...], target: np.ndarray, ignore_index: int) -> np.ndarray | None:
    """Where the labelled elements lie, if every label is a class and counts."""
    if len(shape) != 2 or target.shape != shape[:1] or target.dtype is not _INT64:
        return None
    starts, classes = _STARTS[shape]
    # Read as unsigned, negative labels are too large. Looking for a 0 byte is quicker than all().
    if 0 <= ignore_index < shape[1] or 0 in (target.view(_UINT64) < classes).tobytes():
        return None
    return starts + target


def _usual(input: Any, target: Any, reduction: str) -> bool:
    return (
        MODE.code <= 1
        and input.__class__ is Tensor
        and target.__class__ is Tensor
        and reduction != "none"
        and 0 < input._array.size <= SMALL
        and (input._array.dtype is FLOAT32 or input._array.dtype is FLOAT64)
    )


class _LabelNode(Node):
    """A node that saves places of labels, and goes back by itself where nobody records it."""

    __slots__ = ()

    def backward(self, gradient: Any) -> tuple[Any, ...]:
        saved = self.saved
        if saved is None:
            raise freed_error()
        if MODE.code:
            return (self.recorded(gradient),)
        return (wrap(self.direct(gradient._array, *saved)),)

    def backward_to(self, asked: tuple[bool, ...], gradient: Any) -> tuple[Any, ...]:
        return self.backward(gradient)

    def direct(self, g: np.ndarray, *saved: Any) -> np.ndarray:
        """The gradient on arrays."""
        raise TypeError("a node of labels says how it goes back")

    def recorded(self, gradient: Tensor) -> Tensor:
        """The gradient in operations."""
        raise TypeError("a node of labels says how it goes back")

    def of_labels(self, gradient: Tensor) -> Tensor:
        """The gradient at the log-probabilities, in operations."""
        shape, places, reduction = self.saved[:3]  # type: ignore[index]
        labels = wrap(places - _STARTS[shape][0])
        return apply(NLL_LOSS_BACKWARD, (gradient, labels, None), (shape, reduction, -1))


def _with_node(kind: type[_LabelNode], input: Tensor, total: Any, saved: tuple[Any, ...]) -> Tensor:
    """The loss as a tensor, with its node if the input wants a gradient."""
    array = np.array(total, input._array.dtype)
    tensor = wrap(array)
    if MODE.code:
        if input._view is not None:
            refresh(input)
        if input._requires:
            tensor._node = node = _new(kind)
            tensor._requires = True
            node.plan = NLL_LOSS.plans.get(_FIRST) or NLL_LOSS.plan(_FIRST)
            node.edges = (input._node or input,)
            node.hooks = None
            node.sequence = next(SEQUENCE)
            node.shape = ()
            node.dtype = array.dtype
            node.versions = None
            node.saved = saved
    return tensor


# --- the likelihood of labels ---------------------------------------------------------------------


class LikelihoodNode(_LabelNode):
    """The node of :func:`quick_likelihood`; saves shape, places and the reduction."""

    __slots__ = ()

    def direct(self, g: np.ndarray, *saved: Any) -> np.ndarray:
        shape, places, reduction = saved
        back = np.zeros(shape, g.dtype)
        back.put(places, g / -shape[0] if reduction == "mean" else -g)
        return back

    def recorded(self, gradient: Tensor) -> Tensor:
        return self.of_labels(gradient)


def quick_likelihood(input: Any, target: Any, reduction: str, ignore_index: int) -> Tensor | None:
    """``nll_loss`` without weights, reduced, of a small matrix; ``None`` if that is not asked."""
    if not _usual(input, target, reduction):
        return None
    x = input._array
    shape = x.shape
    places = _places(shape, target._array, ignore_index)
    if places is None:
        return None
    total = -x.take(places).dot(ones(shape[0], x.dtype))
    if reduction == "mean":
        total = total / shape[0]
    return _with_node(LikelihoodNode, input, total, (shape, places, reduction))


# --- cross entropy --------------------------------------------------------------------------------


class CrossEntropyNode(Composite, _LabelNode):
    """The node of :func:`quick_cross_entropy`.

    It saves shape, places, the reduction, exponentials of the logits and their sums. The
    log-softmax that PyTorch's graph has below it is made when somebody asks for it.
    """

    __slots__ = ()

    def steps(self) -> tuple[str, tuple[tuple[Any, int], ...]]:
        return NLL_LOSS.node_name, ((self.log_softmax()[0], 0),)

    def log_softmax(self) -> tuple[Node, Tensor | None]:
        """The node below, and its output."""
        known = self.__dict__.get("_log_softmax")
        if known is not None:
            return known
        node = _new(Node)
        node.plan = plan = LOG_SOFTMAX.plan((True,))
        node.edges = self.edges
        node.hooks = node.versions = node.saved = None
        node.sequence = self.sequence - 0.5  # older than this, newer than the input's
        node.dtype = self.dtype
        node.shape = ()
        output = None
        if self.saved is not None:
            node.shape, _, _, powers, sums = self.saved
            logs = np.log(powers) - np.log(sums)[:, None]
            array = logs.astype(self.dtype, copy=False)
            output = Tensor._saved_view(array, VersionCounter(), node)
            node.saved = plan.save((None,), output, (1,))
        self.__dict__["_log_softmax"] = node, output
        return node, output

    def direct(self, g: np.ndarray, *saved: Any) -> np.ndarray:
        shape, places, reduction, powers, sums = saved
        scale = (float(g) / shape[0] if reduction == "mean" else float(g)) / sums
        back = powers * scale[:, None]
        back.put(places, (powers.take(places) - sums) * scale)
        return back.astype(g.dtype, copy=False)

    def recorded(self, gradient: Tensor) -> Tensor:
        logs = self.log_softmax()[1]
        return apply(LOG_SOFTMAX_BACKWARD, (self.of_labels(gradient), logs), (1,))


def quick_cross_entropy(
    input: Any, target: Any, reduction: str, ignore_index: int
) -> Tensor | None:
    """``cross_entropy`` without weights, reduced, of a small matrix; ``None`` if not asked.

    It is computed in float64.
    """
    if not _usual(input, target, reduction):
        return None
    x = input._array
    shape = x.shape
    places = _places(shape, target._array, ignore_index)
    if places is None:
        return None
    flat = x.reshape(-1)
    if not flat.dot(flat) < _LARGEST:
        return None
    flat = flat.astype(FLOAT64)
    powers = np.exp(flat).reshape(shape)
    sums = powers.dot(ones(shape[1], FLOAT64))
    each = ones(shape[0], FLOAT64)
    total = np.log(sums).dot(each) - flat.take(places).dot(each)
    if reduction == "mean":
        total = total / shape[0]
    return _with_node(CrossEntropyNode, input, total, (shape, places, reduction, powers, sums))
