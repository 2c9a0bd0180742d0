"""Losses of sequences that are not aligned."""

from __future__ import annotations

from typing import Any

from flambeau.core import dtypes
from flambeau.ops.ctc import ctc_loss as aligned_loss
from flambeau.optim.checks import require
from flambeau.tensor.tensor import Tensor


def ctc_loss(
    logits: Tensor,
    logit_paddings: Tensor,
    labels: Tensor,
    label_paddings: Tensor,
    *,
    blank_id: int = 0,
) -> Tensor:
    r"""How unlikely a sequence of labels is, however it lies in the frames.

    .. math:: -\log \sum_{a \text{ reads } y} \prod_t \operatorname{softmax}(x_t)_{a_t}

    Args:
        logits: :math:`x`, of frames.
        logit_paddings: 1 for frames that are padding, at the end of each sequence; others 0.
        labels: :math:`y`.
        label_paddings: 1 for labels that are padding, at the end; others 0.
        blank_id: the class that reads as nothing.

    Shape:
        (batch, frames, classes), (batch, frames), and twice (batch, labels), to (batch,).

    Raises:
        ValueError: if the shapes do not fit.

    Example:
        >>> import flambeau as fb
        >>> frames, labels = fb.zeros(1, 2, 2), fb.tensor([[1]])
        >>> fb.optim.losses.ctc_loss(frames, fb.zeros(1, 2), labels, fb.zeros(1, 1))
        tensor([0.2877])

    Reference: Graves et al., "Connectionist temporal classification", ICML 2006.
    Differs from optax: labels that do not fit into the frames give infinity, there a large
    number; see ``nn.functional.ctc_loss`` for lengths in place of paddings.
    """
    require(
        logits.ndim == 3
        and tuple(logit_paddings.shape) == tuple(logits.shape[:2])
        and tuple(label_paddings.shape) == tuple(labels.shape)
        and labels.ndim == 2
        and labels.shape[0] == logits.shape[0],
        "ctc_loss: the shapes do not fit",
        "(batch, frames, classes), (batch, frames), (batch, labels), (batch, labels)",
        ", ".join(str(tuple(x.shape)) for x in (logits, logit_paddings, labels, label_paddings)),
    )

    def lengths(paddings: Tensor) -> Any:
        return (paddings == 0).to(dtypes.int64).sum(1)

    return aligned_loss(
        logits.log_softmax(-1).transpose(0, 1), labels, lengths(logit_paddings),
        lengths(label_paddings), blank_id, "none",
    )  # fmt: skip
