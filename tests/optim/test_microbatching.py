"""Batches in pieces: sums, means, concatenations; gradients as of the whole."""

from __future__ import annotations

import numpy as np
import pytest

import flambeau as fb
from flambeau.optim.microbatching import AccumulationType as A
from flambeau.optim.microbatching import microbatch

X = np.random.default_rng(0).standard_normal((12, 3))


def summary(w, x, scale=1.0):
    y = (x * w).sum(1) * scale
    return {"sum": y.sum(), "mean": [y.mean()], "each": y}


KINDS = {"sum": A.SUM, "mean": A.MEAN, "each": A.CONCAT}


@pytest.mark.parametrize("size", [1, 3, 4, 12])
def test_pieces_make_the_whole(size: int) -> None:
    w, x = fb.tensor([1.0, -2.0, 0.5], dtype=fb.float64), fb.tensor(X)
    whole = summary(w, x, 3.0)
    found = microbatch(summary, 1, size, KINDS)(w, x, scale=3.0)
    np.testing.assert_allclose(found["sum"].item(), whole["sum"].item(), rtol=1e-12)
    np.testing.assert_allclose(found["mean"][0].item(), whole["mean"][0].item(), rtol=1e-12)
    np.testing.assert_allclose(found["each"].numpy(), whole["each"].numpy(), rtol=1e-12)


def test_several_arguments_and_dimensions() -> None:
    def product(a, *, b):
        return (a["left"] @ b.mT).trace()

    a, b = {"left": fb.tensor(X)}, fb.tensor(X.T.copy())
    in_pieces = microbatch(lambda a, *, b: product(a, b=b.mT), 0, 4, argnames="b", in_axes=(0, 1))
    np.testing.assert_allclose(in_pieces(a, b=b).item(), (X * X).sum(), rtol=1e-12)


def test_gradients() -> None:
    slope = fb.func.grad(lambda w, x: ((x @ w) ** 2).mean())
    w, x = fb.ones(3, dtype=fb.float64), fb.tensor(X)
    found = microbatch(slope, 1, 4, A.MEAN)(w, x)
    np.testing.assert_allclose(found.numpy(), slope(w, x).numpy(), rtol=1e-12)


def test_padding_is_left_out() -> None:
    total = microbatch(lambda x: x.sum(), 0, 4, num_real_microbatches=2)
    np.testing.assert_allclose(total(fb.tensor(X)).item(), X[:8].sum(), rtol=1e-12)


@pytest.mark.parametrize("shape", [(10,), (0,)])
def test_batches_that_do_not_fall_into_pieces(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError) as caught:
        microbatch(lambda x: x.sum(), 0, 4)(fb.zeros(*shape))
    assert str(caught.value) == (
        "microbatch: the batch does not fall into pieces\n"
        "  expected: as many examples in every argument, a multiple of 4\n"
        f"  got:      [{shape[0]}] examples"
    )
    with pytest.raises(ValueError, match="microbatch: in_axes does not fit"):
        microbatch(lambda x: x, (0, 1), 4, in_axes=(0,))
