"""Losses of embeddings that are compared with each other."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.ops.creation import eye
from flambeau.optim.checks import in_range, require
from flambeau.optim.losses.distances import cosine_similarity
from flambeau.tensor.tensor import Tensor


def ntxent(embeddings: Tensor, labels: Tensor, temperature: Any = 0.07) -> Tensor:
    r"""Embeddings with one label should be near each other, and far from those of others.

    .. math:: -\frac1{|P|} \sum_{(i, j) ∈ P}
        \log \frac{e^{s_{ij}}}{e^{s_{ij}} + \sum_{k: y_k ≠ y_i} e^{s_{ik}}}, \quad
        s_{ij} = \cos(x_i, x_j) / τ

    over all pairs :math:`P` of different embeddings with one label.

    Args:
        embeddings: :math:`x`.
        labels: :math:`y`, whole numbers; each should come twice or more.
        temperature: τ, above 0.

    Shape:
        (count, size) and (count,) to one number.

    Raises:
        ValueError: if the shapes do not fit, or an argument is out of range.

    Example:
        >>> import flambeau as fb
        >>> x = fb.tensor([[1., 0.], [1., 0.], [0., 1.]])
        >>> bool(fb.optim.losses.ntxent(x, fb.tensor([0, 0, 1])) < 1e-5)
        True

    Reference: Chen et al., "A simple framework for contrastive learning of visual
    representations", ICML 2020, equation 1.
    """
    in_range("ntxent", "temperature", temperature, 0, open_low=True)
    require(
        embeddings.ndim == 2 and tuple(labels.shape) == (embeddings.shape[0],),
        "ntxent: the labels do not fit the embeddings",
        "embeddings of shape (count, size) and labels of shape (count,)",
        f"{tuple(embeddings.shape)} and {tuple(labels.shape)}",
    )
    eps = float(np.finfo(embeddings.dtype.numpy).eps)
    near = cosine_similarity(embeddings[None], embeddings[:, None], epsilon=eps) / temperature
    alike = labels[:, None] == labels[None]
    pairs = alike & eye(len(labels), dtype=dtypes.bool_).logical_not()
    others = near.masked_fill(alike, float("-inf")).logsumexp(1, keepdim=True)
    log_chances = near - near.logaddexp(others)
    return -log_chances.masked_fill(pairs.logical_not(), 0).sum() / pairs.sum()
