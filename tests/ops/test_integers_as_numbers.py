"""Operations that give real numbers give the right ones for small integer types too."""

from __future__ import annotations

import math

import pytest

import flambeau as fb


def test_trapezoid_of_small_integers() -> None:
    y = fb.tensor([200, 150, 100], dtype=fb.uint8)
    assert fb.trapezoid(y).item() == 300.0
    assert fb.trapezoid(y, fb.tensor([2, 1, 0], dtype=fb.uint8)).item() == -300.0
    assert fb.cumulative_trapezoid(y).tolist() == [175.0, 300.0]


def test_trapezoid_errors() -> None:
    with pytest.raises(RuntimeError) as error:
        fb.trapezoid(fb.tensor([True, False]))
    assert str(error.value) == (
        "trapezoid: not defined on bool tensors\n  expected: numbers\n  got:      torch.bool"
    )
    with pytest.raises(IndexError) as index_error:
        fb.trapezoid(fb.tensor(3.0))
    assert str(index_error.value) == (
        "trapezoid: there is nothing to integrate along\n"
        "  expected: at least 1 dimension\n"
        "  got:      a 0-d tensor"
    )


def test_covariance_of_integers() -> None:
    x = fb.tensor([[1, 2, 4], [3, 1, 1]], dtype=fb.uint8)
    assert x.cov().dtype is fb.float32
    assert x.cov().tolist() == x.float().cov().tolist()
    assert x.corrcoef().tolist() == x.float().corrcoef().tolist()
    with pytest.raises(RuntimeError) as error:
        fb.tensor([True, False]).cov()
    assert str(error.value) == (
        "cov: not defined on bool tensors\n  expected: numbers\n  got:      torch.bool"
    )


def test_logsumexp_of_integers_has_the_default_type() -> None:
    x = fb.tensor([0, 0])
    assert x.logsumexp(0).dtype is fb.float32
    assert x.logsumexp(0).item() == pytest.approx(math.log(2))
    with pytest.raises(TypeError) as error:
        x.logsumexp()
    assert str(error.value) == (
        "logsumexp: over which dimensions?\n  expected: dim=\n  got:      none"
    )


def test_medians_of_nothing() -> None:
    assert fb.empty(0, dtype=fb.bool).median().item() is True
    assert fb.empty(0, dtype=fb.int32).median().item() == -(2**31)
    assert math.isnan(fb.empty(0).median().item())


def test_histogram_of_equal_values() -> None:
    counts, edges = fb.histogram(fb.tensor([1.5, 1.5]), 2)
    assert (counts.tolist(), edges.tolist()) == ([0.0, 2.0], [1.0, 1.5, 2.0])
    counts, edges = fb.histogram(fb.tensor([1.0, 2.0]), 1, range=(2.0, 2.0))
    assert (counts.tolist(), edges.tolist()) == ([1.0], [1.5, 2.5])


def test_a_row_of_softmax_does_not_depend_on_other_rows() -> None:
    row = fb.tensor([[0.3, -1.7, 2.9, 0.01]])
    calm, wild = fb.cat([row, row]), fb.cat([row, row * 1e3])
    for name in ("softmax", "log_softmax", "logsumexp"):
        assert getattr(calm, name)(1)[0].tolist() == getattr(wild, name)(1)[0].tolist()
