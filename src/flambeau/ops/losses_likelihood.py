"""The negative log-likelihood of labels."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import ShapeError, message
from flambeau.core.spec import Spec
from flambeau.ops.loss_reduction import loss_type, rounded
from flambeau.ops.reduction import widened
from flambeau.ops.selection import where
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor

_UINT64 = np.dtype(np.uint64)
_INT64 = dtypes.int64.numpy
_LABEL_TYPES = (_INT64, dtypes.uint8.numpy)

# --- labels ---------------------------------------------------------------------------------------


def checked_labels(
    name: str, target: np.ndarray, classes: int, ignore_index: int
) -> tuple[np.ndarray, np.ndarray | None]:
    """Labels as int64, with 0 in place of ignored ones, and where labels count.

    Where all count, that is ``None``.

    Raises:
        IndexError: if a label that is not ignored is no class.
    """
    labels = target if target.dtype == _INT64 else target.astype(_INT64)
    if labels.size == 0:
        return labels, None
    # Read as unsigned, negative labels are too large: one pass finds both.
    small = labels.view(_UINT64).max() < classes
    if small and not 0 <= ignore_index < classes:
        return labels, None
    counts = labels != ignore_index
    labels = np.where(counts, labels, 0)
    if not small and labels.size and labels.view(_UINT64).max() >= classes:
        raise _no_class(name, labels, classes, ignore_index)
    return labels, counts


def _no_class(name: str, labels: np.ndarray, classes: int, ignore_index: int) -> IndexError:
    wrong = np.argwhere((labels < 0) | (labels >= classes))[0]
    place = tuple(int(i) for i in wrong)
    where = f" at target[{', '.join(map(str, place))}]" if place else ""
    return IndexError(
        message(
            f"{name}: a label is not a class",
            expected=f"labels from 0 to {classes - 1}, or ignore_index={ignore_index}",
            got=f"{labels[place]}{where}",
        )
    )


def _places(shape: tuple[int, ...], labels: np.ndarray) -> np.ndarray:
    """Where the labelled elements lie in a row-major block of ``shape``."""
    if len(shape) == 2:
        return np.arange(0, shape[0] * shape[1], shape[1]) + labels
    if len(shape) == 1:
        return labels
    count, classes, inner = shape[0], shape[1], int(np.prod(shape[2:]))
    first = np.arange(0, count * classes * inner, classes * inner).reshape(-1, 1)
    flat = labels.reshape(count, inner)
    return (first + np.arange(inner) + flat * inner).reshape(labels.shape)


# --- the negative log-likelihood ------------------------------------------------------------------


def _nll(x: Any, target: Any, weight: Any, reduction: str, ignore_index: int) -> Any:
    kind = x.dtype
    shape = x.shape
    if kind.kind not in "fV" or target.shape != shape[:1] * (len(shape) > 1) + shape[2:]:
        raise ValueError("shapes or types do not fit")
    if target.dtype not in _LABEL_TYPES:
        raise TypeError("not labels")
    classes = shape[0] if len(shape) == 1 else shape[1]
    if weight is not None and (weight.shape != (classes,) or weight.dtype != kind):
        raise ValueError("not a weight for each class")
    labels, counts = checked_labels("nll_loss", target, classes, ignore_index)
    picked = widened(x.take(_places(shape, labels)))
    if weight is None and counts is None:
        if reduction == "none":
            return rounded(-picked, kind)
        total = np.add.reduce(picked, None)
        return rounded(-total / picked.size if reduction == "mean" else -total, kind)
    weights = _label_weights(weight, labels, counts, picked.dtype)
    losses = -picked * weights
    if counts is not None:  # an ignored element may be infinite
        losses = np.where(counts, losses, losses.dtype.type(0))
    if reduction == "none":
        return rounded(losses, kind)
    total = np.add.reduce(losses, None)
    return rounded(total / np.add.reduce(weights, None) if reduction == "mean" else total, kind)


def _label_weights(weight: Any, labels: Any, counts: Any, kind: np.dtype) -> np.ndarray:
    """The weight with which each label enters."""
    weights = None if weight is None else weight.astype(kind, copy=False).take(labels)
    if counts is None:
        return weights if weights is not None else np.ones(labels.shape, kind)
    return counts.astype(kind) if weights is None else np.where(counts, weights, kind.type(0))


def _nll_spec(x: Any, target: Any, weight: Any, reduction: str, ignore_index: int) -> Spec:
    kind = loss_type("nll_loss", x)
    check_labels("nll_loss", x, target)
    check_class_weights("nll_loss", x, weight)
    return Spec(target.shape if reduction == "none" else (), kind)


def check_labels(name: str, x: Any, target: Any) -> None:
    """Refuse labels of a wrong shape or type.

    Raises:
        ValueError: if the batch sizes differ.
        RuntimeError: if the other sizes differ, or the labels are no integers.
    """
    if x.ndim == 0:
        raise ValueError(
            message(f"{name}: the input has no classes", expected=_SHAPES, got="input ()")
        )
    expected = tuple(x.shape[:1] if x.ndim > 1 else ()) + tuple(x.shape[2:])
    if tuple(target.shape) != expected:
        if x.ndim == 1:
            batch = target.ndim == 1
        else:
            batch = target.ndim == 0 or target.shape[0] != x.shape[0]
        raise (ValueError if batch else ShapeError)(
            message(
                f"{name}: shapes of input and target do not fit",
                expected=_SHAPES,
                got=f"input {tuple(x.shape)} and target {tuple(target.shape)}",
                help=_label_help(tuple(x.shape), expected, tuple(target.shape)),
            )
        )
    if target.dtype not in _LABEL_TYPES:
        raise RuntimeError(
            message(
                f"{name}: labels have a wrong type",
                expected="labels of type torch.int64 (or torch.uint8)",
                got=str(dtypes.of(target.dtype)),
                help="convert them with .long()",
            )
        )


_SHAPES = "input (N, C, ...) and target (N, ...), or input (C,) and target ()"


def _label_help(x: tuple[int, ...], expected: tuple[int, ...], given: tuple[int, ...]) -> str:
    for dim, size in enumerate(given):
        if size == 1 and given[:dim] + given[dim + 1 :] == expected:
            return f"target.squeeze({dim})"
    if given == x:
        return "one-hot rows: target.argmax(1), or cross_entropy with a floating target"
    return f"here target of shape {expected}"


def check_class_weights(name: str, x: Any, weight: Any) -> None:
    """Refuse weights that are not one for each class.

    Raises:
        RuntimeError: if they are not.
    """
    if weight is None:
        return
    classes = x.shape[0] if x.ndim == 1 else x.shape[1]
    if tuple(weight.shape) != (classes,):
        raise ShapeError(
            message(
                f"{name}: weight must have one element for each class",
                expected=f"shape ({classes},)",
                got=f"shape {tuple(weight.shape)}",
            )
        )
    if weight.dtype != x.dtype:
        raise RuntimeError(
            message(
                f"{name}: weight has another type than input",
                expected=str(dtypes.of(x.dtype)),
                got=str(dtypes.of(weight.dtype)),
                help="weight.to(input.dtype)",
            )
        )


def _nll_back(
    g: Any, target: Any, weight: Any, shape: tuple[int, ...], reduction: str, ignore_index: int
) -> np.ndarray:
    """A gradient at the labelled elements, zero elsewhere."""
    kind = g.dtype
    classes = shape[0] if len(shape) == 1 else shape[1]
    labels, counts = checked_labels("nll_loss", target, classes, ignore_index)
    g = widened(g)
    values = -g
    if weight is not None or counts is not None:
        weights = _label_weights(weight, labels, counts, g.dtype)
        values = values * weights
        if reduction == "mean":
            values = values / np.add.reduce(weights, None)
        if counts is not None:  # an ignored element has none, even if the total weight is 0
            values = np.where(counts, values, values.dtype.type(0))
    elif reduction == "mean":
        values = values / (labels.size or 1)
    back = np.zeros(shape, kind)
    back.put(_places(shape, labels), values)
    return back


def _labelled(input: Tensor, target: Tensor, ignore_index: int) -> tuple[Tensor, Tensor, Tensor]:
    """The labelled elements, the labels with 0 for ignored ones, and which labels count."""
    counts = target != ignore_index
    labels = where(counts, target, 0).long()
    dim = 0 if input.ndim == 1 else 1
    return input.gather(dim, labels.unsqueeze(dim)).squeeze(dim), labels, counts


def _weights_in_parts(like: Tensor, weight: Any, labels: Tensor, counts: Tensor) -> Tensor:
    if weight is None:
        return counts.to(like.dtype)
    picked = weight.index_select(0, labels.reshape(-1)).reshape(labels.shape)
    return where(counts, picked, 0)


def _nll_in_parts(
    input: Tensor, target: Tensor, weight: Any, reduction: str, ignore_index: int
) -> Tensor:
    picked, labels, counts = _labelled(input, target, ignore_index)
    weights = _weights_in_parts(input, weight, labels, counts)
    losses = where(counts, -picked * weights, 0)
    if reduction == "none":
        return losses
    return losses.sum() / weights.sum() if reduction == "mean" else losses.sum()


def _nll_back_in_parts(
    g: Tensor, target: Tensor, weight: Any, shape: Any, reduction: str, ignore_index: int
) -> Tensor:
    counts = target != ignore_index
    labels = where(counts, target, 0).long()
    weights = _weights_in_parts(g, weight, labels, counts)
    values = -g * weights
    if reduction == "mean":
        values = values / weights.sum()
    values = where(counts, values, 0)
    dim = 0 if len(shape) == 1 else 1
    zeros = g.new_zeros(shape)
    return zeros.scatter_add(dim, labels.unsqueeze(dim), values.unsqueeze(dim))


def _nll_records(name: str, samples: Any, samples_back: Any) -> tuple[Operation, Operation]:
    """The records of the loss and of its way back."""
    backward = Operation(
        f"{name}_backward",
        inputs="grad target weight",
        params="shape reduction ignore_index",
        evaluate=_nll_back,
        infer=lambda grad, target, weight, shape, reduction, ignore_index: Spec(shape, grad.dtype),
        gradient={
            "grad": lambda g, target, weight, reduction, ignore_index: apply(
                record, (g, target, weight), (reduction, ignore_index)
            ),
        },
        decompose=_nll_back_in_parts,
        samples=samples_back,
    )
    record = Operation(
        name,
        inputs="input target weight",
        params="reduction ignore_index",
        evaluate=_nll,
        infer=_nll_spec,
        gradient={
            "input": lambda g, input_shape, target, weight, reduction, ignore_index: apply(
                backward, (g, target, weight), (input_shape, reduction, ignore_index)
            ),
        },
        decompose=_nll_in_parts,
        node_name="NllLossBackward0" if name == "nll_loss" else "NllLoss2DBackward0",
        samples=samples,
    )
    return record, backward


# A weight has no gradient: samples with one are not for comparison with finite differences.
def _nll_samples(make: Any) -> list[Any]:
    samples = []
    for reduction in ("mean", "sum", "none"):
        for shape in [(4, 3), (3,), (1, 3)]:
            labels = shape[:-1]
            weight = make.tensor((3,), 0.5, 2.0)
            inputs = make.tensor(shape), make.integers(labels, 0, 3), weight
            samples.append(make.sample(inputs, (reduction, -100), smooth=False))
            samples.append(make.sample((*inputs[:2], None), (reduction, -100)))
        many = make.tensor((9, 3)), make.integers((9,), 0, 3), make.tensor((3,), 0.5, 2.0)
        samples.append(make.sample(many, (reduction, 1), smooth=False))
        samples.append(make.sample((*many[:2], None), (reduction, 2)))
    samples.append(
        make.sample((make.transposed((4, 3)), make.integers((4,), 0, 3), None), ("sum", 0))
    )
    samples.append(make.sample((make.tensor((0, 3)), make.integers((0,), 0, 3), None), ("sum", 0)))
    samples += [
        make.error(
            (make.tensor((2, 3)), make.integers((2,), 3, 5), None), ("mean", -100), IndexError
        ),
        make.error(
            (make.tensor((2, 3)), make.integers((3,), 0, 3), None), ("mean", -100), ValueError
        ),
        make.error((make.tensor((2, 3)), make.integers((2, 1), 0, 3), None), ("mean", -100)),
        make.error((make.tensor((2, 3)), make.tensor((2,)), None), ("mean", -100)),
        make.error(
            (make.tensor((2, 3)), make.integers((2,), 0, 3), make.tensor((2,))), ("mean", -100)
        ),
    ]
    return samples


def _nll_back_samples(make: Any) -> list[Any]:
    samples = []
    for reduction in ("mean", "sum", "none"):
        for shape in [(4, 3), (3,)]:
            g = make.tensor(shape[:-1] if reduction == "none" else ())
            labels = make.integers(shape[:-1], 0, 3)
            samples.append(make.sample((g, labels, None), (shape, reduction, -100)))
        g = make.tensor((9,) if reduction == "none" else ())
        inputs = g, make.integers((9,), 0, 3), make.tensor((3,), 0.5, 2.0)
        samples.append(make.sample(inputs, ((9, 3), reduction, 1), smooth=False))
        samples.append(make.sample((*inputs[:2], None), ((9, 3), reduction, 1)))
    return samples


def _nll2d_samples(make: Any) -> list[Any]:
    inputs = make.tensor((2, 3, 2, 4)), make.integers((2, 2, 4), 0, 3)
    weight = make.tensor((3,), 0.5, 2.0)
    samples = [
        make.sample((*inputs, given), (reduction, ignored), smooth=given is None)
        for reduction in ("mean", "sum", "none")
        for given, ignored in [(None, -100), (weight, 1), (None, 0)]
    ]
    return [*samples, make.error((*inputs, make.tensor((2,))), ("mean", -100))]


def _nll2d_back_samples(make: Any) -> list[Any]:
    return [
        make.sample(
            (
                make.tensor((2, 2, 4) if reduction == "none" else ()),
                make.integers((2, 2, 4), 0, 3),
                weight,
            ),
            ((2, 3, 2, 4), reduction, 1),
            smooth=weight is None,
        )
        for weight in (None, make.tensor((3,), 0.5, 2.0))
        for reduction in ("mean", "sum", "none")
    ]


NLL_LOSS, NLL_LOSS_BACKWARD = _nll_records("nll_loss", _nll_samples, _nll_back_samples)
NLL_LOSS2D, NLL_LOSS2D_BACKWARD = _nll_records("nll_loss2d", _nll2d_samples, _nll2d_back_samples)


def likelihood(
    input: Tensor, target: Tensor, weight: Any, reduction: str, ignore_index: int
) -> Tensor:
    """The likelihood of labels over any number of dimensions; PyTorch knows vectors and images."""
    array = input._array
    params = (reduction, ignore_index)
    ndim = array.ndim
    if ndim <= 2:
        return apply(NLL_LOSS, (input, target, weight), params)
    if ndim == 4:
        return apply(NLL_LOSS2D, (input, target, weight), params)
    check_labels("nll_loss", array, target._array)
    count, classes = array.shape[:2]
    images = input.reshape(count, classes, 1, -1 if array.size else 0)
    labels = target.reshape(count, 1, images.shape[3])
    losses = apply(NLL_LOSS2D, (images, labels, weight), params)
    return losses.reshape(target.shape) if reduction == "none" else losses
