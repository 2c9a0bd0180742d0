"""The loss of sequences whose alignment is not known (connectionist temporal classification)."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import ShapeError, message
from flambeau.core.number import Number
from flambeau.core.spec import Spec
from flambeau.ops.ctc_alignment import Alignment
from flambeau.ops.loss_reduction import loss_type, reduced, reduction_of
from flambeau.ops.operands import not_a_tensor
from flambeau.ops.publish import PUBLIC
from flambeau.ops.selection import where
from flambeau.tensor.construction import tensor
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor

# --- what shapes and types can be wrong with ------------------------------------------------------


def _check(log_probs: Any, targets: Any, inputs: Any, lengths: Any, blank: int) -> np.dtype:
    """Raises what does not need values; the type of the result."""
    kind = loss_type("ctc_loss", log_probs)
    if log_probs.ndim != 3 or log_probs.size == 0:
        raise _wrong("log_probs", "shape (T, N, C), or (T, C) for one, not empty", log_probs)
    if not 0 <= blank < log_probs.shape[-1]:
        raise RuntimeError(
            message(
                "ctc_loss: blank is not a class",
                expected=f"a number from 0 to {log_probs.shape[-1] - 1}",
                got=str(blank),
            )
        )
    count = log_probs.shape[1]
    for what, x in (("targets", targets), ("input_lengths", inputs), ("target_lengths", lengths)):
        if x.dtype.kind not in "iu":
            raise RuntimeError(
                message(
                    f"ctc_loss: {what} are no integers",
                    expected="an integer tensor",
                    got=str(dtypes.of(x.dtype)),
                    help="convert them with .long()",
                )
            )
        if what != "targets" and x.shape != (count,):
            raise _wrong(what, f"shape ({count},)", x)
    if targets.ndim not in (1, 2) or (targets.ndim == 2 and targets.shape[0] != count):
        raise _wrong("targets", f"shape ({count}, S), or (the sum of target_lengths,)", targets)
    return kind


def _wrong(what: str, expected: str, x: Any) -> ShapeError:
    return ShapeError(
        message(
            f"ctc_loss: the shape of {what} does not fit",
            expected=expected,
            got=f"shape {tuple(x.shape)}",
        )
    )


# --- what their values can be wrong with ----------------------------------------------------------


def _check_lengths(what: str, lengths: np.ndarray, most: int) -> None:
    wrong = (lengths < 0) | (lengths > most)
    if wrong.any():
        n = int(np.flatnonzero(wrong)[0])
        raise RuntimeError(
            message(
                f"ctc_loss: a length is out of range in {what}",
                expected=f"lengths from 0 to {most}",
                got=f"{lengths[n]} at {what}[{n}]",
            )
        )


def _rows_of(targets: np.ndarray, lengths: np.ndarray, blank: int) -> np.ndarray:
    """One row of labels for each sequence, filled up with blanks."""
    total, longest = int(lengths.sum()), int(lengths.max())
    filled = np.arange(longest) < lengths[:, None]
    if targets.ndim == 2:
        return np.where(filled, targets[:, :longest], blank)
    if targets.size != total:
        raise RuntimeError(
            message(
                "ctc_loss: concatenated targets do not have the given lengths",
                expected=f"{total} labels, the sum of target_lengths",
                got=f"{targets.size} labels",
            )
        )
    rows = np.full(filled.shape, blank, np.int64)
    rows[filled] = targets
    return rows


def _check_labels(rows: np.ndarray, lengths: np.ndarray, classes: int, blank: int) -> None:
    filled = np.arange(rows.shape[1]) < lengths[:, None]
    wrong = filled & ((rows < 0) | (rows >= classes) | (rows == blank))
    if wrong.any():
        n, place = (int(i) for i in np.argwhere(wrong)[0])
        label = int(rows[n, place])
        raise (RuntimeError if label == blank else IndexError)(
            message(
                "ctc_loss: a target is the blank"
                if label == blank
                else "ctc_loss: a target is not a class",
                expected=f"targets from 0 to {classes - 1}, other than blank={blank}",
                got=f"{label}, target {place} of sequence {n}",
            )
        )


def _alignment(
    log_probs: np.ndarray, targets: np.ndarray, inputs: np.ndarray, lengths: np.ndarray, blank: int
) -> Alignment:
    _check(log_probs, targets, inputs, lengths, blank)
    inputs, lengths = inputs.astype(np.int64), lengths.astype(np.int64)
    _check_lengths("input_lengths", inputs, log_probs.shape[0])
    most = targets.shape[1] if targets.ndim == 2 else targets.size
    _check_lengths("target_lengths", lengths, most)
    rows = _rows_of(targets, lengths, blank)
    _check_labels(rows, lengths, log_probs.shape[2], blank)
    return Alignment(log_probs.astype(np.float64), rows, inputs, lengths, blank)


# --- the record -----------------------------------------------------------------------------------


def _ctc(log_probs: Any, targets: Any, inputs: Any, lengths: Any, blank: int, zero: bool) -> Any:
    losses = _alignment(log_probs, targets, inputs, lengths, blank).losses()
    return losses.astype(log_probs.dtype)


def _ctc_back(
    g: Any, log_probs: Any, targets: Any, inputs: Any, lengths: Any, blank: int, zero: bool
) -> np.ndarray:
    alignment = _alignment(log_probs, targets, inputs, lengths, blank)
    slopes = alignment.slopes(zero) * g.reshape(-1, 1).astype(np.float64)
    return slopes.astype(log_probs.dtype)


def _no_second_gradient(g: Any) -> Tensor:
    raise RuntimeError(
        message(
            "ctc_loss: its gradient has no gradient",
            expected="one differentiation",
            got="a second one",
            help="leave create_graph=True away, or detach() the gradient",
        )
    )


CTC_LOSS = Operation(
    "ctc_loss",
    inputs="log_probs targets input_lengths target_lengths",
    params="blank zero_infinity",
    evaluate=_ctc,
    infer=lambda log_probs, targets, inputs, lengths, blank, zero: Spec(
        log_probs.shape[1:2], _check(log_probs, targets, inputs, lengths, blank)
    ),
    gradient={
        "log_probs": lambda g, log_probs, targets, input_lengths, target_lengths, blank,
        zero_infinity: apply(
            CTC_LOSS_BACKWARD,
            (g, log_probs, targets, input_lengths, target_lengths),
            (blank, zero_infinity),
        ),
    },
    samples=lambda make: _samples(make),
)  # fmt: skip
CTC_LOSS_BACKWARD = Operation(
    "ctc_loss_backward",
    inputs="grad log_probs targets input_lengths target_lengths",
    params="blank zero_infinity",
    evaluate=_ctc_back,
    infer=lambda grad, log_probs, *rest: Spec(log_probs.shape, log_probs.dtype),
    gradient={"grad": _no_second_gradient, "log_probs": _no_second_gradient},
    samples=lambda make: [
        make.sample((make.tensor(s.inputs[0].shape[1:2]), *s.inputs), s.params, smooth=False)
        for s in _samples(make)
        if s.error is None
    ],
)


def _samples(make: Any) -> list[Any]:
    """None is for comparison with finite differences: see the convention of the gradient."""

    def lengths(*values: int) -> Any:
        return make.integers((len(values),), 0, 1) + tensor(values)

    logs = make.tensor((6, 2, 4), -3.0, -0.5)
    rows, flat = make.integers((2, 3), 1, 4), make.integers((4,), 0, 3)
    return [
        make.sample((logs, rows, lengths(6, 5), lengths(2, 3)), (0, False), smooth=False),
        make.sample((logs, flat, lengths(6, 4), lengths(1, 3)), (3, True), smooth=False),
        make.sample((logs, rows, lengths(6, 5), lengths(0, 2)), (0, True), smooth=False),
        make.error((logs, rows, lengths(6, 5), lengths(2, 3)), (4, False)),
        make.error((logs, rows, lengths(7, 5), lengths(2, 3)), (0, False)),
        make.error((logs, rows, lengths(6, 5), lengths(2, 4)), (0, False)),
        make.error((logs, rows, lengths(6,), lengths(2, 3)), (0, False)),
        make.error((logs, flat, lengths(6, 5), lengths(2, 3)), (3, False)),
        make.error((logs, rows + 3, lengths(6, 5), lengths(2, 3)), (0, False), IndexError),
        make.error((logs, make.tensor((2, 3)), lengths(6, 5), lengths(2, 3)), (0, False)),
    ]  # fmt: skip


# --- what users call ------------------------------------------------------------------------------


def ctc_loss(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Any,
    target_lengths: Any,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Tensor:
    """The negative log-likelihood of label sequences, over all ways to align them with time.

    :math:`l_n = -log Σ_π Π_t exp(log\\_probs[t, n, π_t])`, where the :math:`π` are the paths that
    become the targets when repetitions are merged and blanks are left out;
    :math:`out = 1/N · Σ_n l_n / max(1, target\\_lengths_n)`

    The gradient is that of PyTorch: it takes for granted that ``log_probs`` come from
    :func:`log_softmax`, and is right there, in front of it. It cannot be differentiated again.

    Args:
        log_probs: logarithms of probabilities of classes over time.
        targets: labels, other than ``blank``: a row for each sequence, or all in one.
        input_lengths: how many time steps each sequence has: a tensor, or a tuple of numbers.
        target_lengths: how many labels each sequence has.
        blank: the class that stands for no label.
        reduction: ``"mean"`` (of losses per label), ``"sum"``, or ``"none"`` for one loss per
            sequence.
        zero_infinity: count sequences that cannot be aligned, having too few time steps, as 0;
            otherwise their loss is infinite and their gradient nan.

    Shape: (T, N, C), (N, S) or (sum of target_lengths,), (N,), (N,) -> (), or (N,) without a
        reduction; also (T, C), (S,), (), () -> ().

    Raises:
        RuntimeError: if shapes, types or lengths do not fit, or a target is the blank.
        IndexError: if a target is no class.
        ValueError: for an unknown reduction.

    Example:
        >>> import flambeau as fb
        >>> log_probs = fb.full((2, 1, 3), 1 / 3).log()
        >>> f = fb.nn.functional.ctc_loss
        >>> f(log_probs, fb.tensor([[1]]), (2,), (1,))  # paths 1-, -1 and 11, of 9
        tensor(1.0986)

    Reference: Graves et al. (2006), equations 6 to 16.

    Differs from PyTorch: targets that are no class, or the blank, are errors.
    """
    reduction = reduction_of("ctc_loss", None, None, reduction)
    inputs, lengths = _as_lengths(input_lengths), _as_lengths(target_lengths)
    for x in (log_probs, targets):
        if not isinstance(x, Tensor):
            raise not_a_tensor("ctc_loss", x)
    single = log_probs.ndim == 2
    if single:
        log_probs = log_probs.unsqueeze(1)
        targets = targets.unsqueeze(0) if targets.ndim == 1 else targets
        inputs, lengths = [x.reshape(1) if x.numel() == 1 else x for x in (inputs, lengths)]
    params = (int(blank), bool(zero_infinity))
    losses = apply(CTC_LOSS, (log_probs, targets, inputs, lengths), params)
    if zero_infinity:
        losses = where(losses == float("inf"), 0, losses)
    if reduction == "mean":
        return (losses / lengths.clamp(min=1).to(losses.dtype)).mean()
    return losses.squeeze(0) if single and reduction == "none" else reduced(losses, reduction)


def _is_whole(x: Any) -> bool:
    """Whether it is an integer, perhaps one that a compiled function is given at each call."""
    return (x.value if isinstance(x, Number) else x).__class__ is int


def _as_lengths(lengths: Any) -> Tensor:
    if isinstance(lengths, Tensor):
        return lengths
    if isinstance(lengths, (tuple, list)) and all([x.__class__ is int for x in lengths]):
        return tensor(lengths)
    if isinstance(lengths, (tuple, list)) and all([_is_whole(x) for x in lengths]):
        return PUBLIC["stack"]([tensor(0) + x for x in lengths])
    raise TypeError(
        message(
            "ctc_loss: lengths are neither a tensor nor numbers",
            expected="an integer tensor, or a tuple of integers",
            got=repr(lengths),
        )
    )
