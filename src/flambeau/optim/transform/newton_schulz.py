"""Matrices with their singular values moved towards 1, without a decomposition."""

from __future__ import annotations

from typing import Any

from flambeau.ops.joining import cat
from flambeau.tensor.tensor import Tensor

PRECONDITIONINGS = ("frobenius", "spectral", "aol", "schatten")


STRIPS, LEAST_STRIP = 4, 64  # rows: products of fewer are not worth the copies


def symmetric_product(x: Tensor, y: Tensor) -> Tensor:
    """A product that is known to be symmetric: what is above its diagonal is not computed."""
    size = x.shape[-2]
    strip = -(-size // STRIPS)
    if strip < LEAST_STRIP:
        return x @ y
    ends = [(start, min(start + strip, size)) for start in range(0, size, strip)]
    below = [x[..., i:j, :] @ y[..., :j] for i, j in ends]
    rows = [
        cat([own, *[other[..., i:j].mT for other in below[number + 1 :]]], -1)
        for number, ((i, j), own) in enumerate(zip(ends, below, strict=True))
    ]
    return cat(rows, -2)


def step(x: Tensor, triple: tuple[float, float, float], gram: Tensor | None = None) -> Tensor:
    """One iteration: ``a x + (b A + c A A) x`` with ``A = x x^T``."""
    a, b, c = triple
    gram = symmetric_product(x, x.mT) if gram is None else gram
    # Sums come last: they are taken along while the products' tiles are written.
    factor = (symmetric_product(gram, gram) * c).add(gram, alpha=b)
    return (factor @ x).add(x, alpha=a)


def orthogonalized(
    x: Tensor, triples: tuple[tuple[float, float, float], ...], preconditioning: str, eps: Any
) -> Tensor:
    r"""Matrices with their singular values moved towards 1.

    Args:
        x: matrices, in the last two dimensions.
        triples: the coefficients of each iteration.
        preconditioning: how singular values are brought below 1 first.
        eps: added to norms, or their lower bound.

    Reference: Bernstein and Newhouse, "Old optimizer, new norm: an anthology", 2024.
    """
    tall = x.shape[-2] > x.shape[-1]
    y, rest = (x.mT if tall else x), triples
    if preconditioning == "frobenius":
        y = y / ((y * y).sum((-2, -1), keepdim=True).sqrt() + eps)
    elif preconditioning == "spectral":
        from flambeau.ops.singular_values import svdvals

        y = y / (svdvals(y).amax(-1)[..., None, None] + eps)
    else:
        y, rest = _bounded(y, triples[0], preconditioning, eps), triples[1:]
    for triple in rest:
        y = step(y, triple)
    return y.mT if tall else y


def _bounded(x: Tensor, triple: tuple[float, float, float], kind: str, eps: Any) -> Tensor:
    """The first iteration, of rows divided by a bound that its product gives for nothing."""
    gram = symmetric_product(x, x.mT)
    if kind == "aol":
        root = gram.abs().sum(-1, keepdim=True).clamp(min=eps).rsqrt()
        return step(x * root, triple, gram * root * root.mT)
    norm = (gram * gram).sum((-2, -1), keepdim=True).sqrt().clamp(min=eps)
    return step(x * norm.rsqrt(), triple, gram / norm)
