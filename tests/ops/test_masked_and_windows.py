"""Masked operations beside NumPy's masked arrays; windows beside SciPy's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.signal.windows as oracle

import flambeau as fb

VALUES = np.random.default_rng(0).normal(size=(3, 4))
MASK = np.array([[1, 0, 1, 1], [0, 1, 1, 0], [1, 1, 1, 1]], bool)
MASKED = np.ma.masked_array(VALUES, ~MASK)

REDUCTIONS = {
    "amax": lambda m, axis: m.max(axis),
    "amin": lambda m, axis: m.min(axis),
    "mean": lambda m, axis: m.mean(axis),
    "norm": lambda m, axis: np.ma.sqrt((m * m).sum(axis)),
    "prod": lambda m, axis: m.prod(axis),
    "std": lambda m, axis: m.std(axis, ddof=1),
    "sum": lambda m, axis: m.sum(axis),
    "var": lambda m, axis: m.var(axis, ddof=1),
    "logsumexp": lambda m, axis: np.ma.log(np.ma.exp(m).sum(axis)),
}


@pytest.mark.parametrize("dim", [0, 1, None])
@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions_leave_elements_out(name: str, dim: int | None) -> None:
    options: dict[str, Any] = {} if name in ("amax", "norm") and dim is None else {"dim": dim}
    found = getattr(fb.masked, name)(fb.from_numpy(VALUES), mask=fb.from_numpy(MASK), **options)
    np.testing.assert_allclose(found.numpy(), REDUCTIONS[name](MASKED, dim), rtol=1e-12)


@pytest.mark.parametrize("name", ["argmax", "argmin"])
def test_places_of_extremes(name: str) -> None:
    found = getattr(fb.masked, name)(fb.from_numpy(VALUES), 1, mask=fb.from_numpy(MASK))
    np.testing.assert_array_equal(found.numpy(), getattr(MASKED, name)(axis=1))


def test_softmax_gives_nothing_to_what_is_left_out() -> None:
    found = fb.masked.softmax(fb.from_numpy(VALUES), 1, mask=fb.from_numpy(MASK)).numpy()
    np.testing.assert_allclose(found.sum(1), 1.0)
    np.testing.assert_array_equal(found[~MASK], 0.0)


def test_gradient_of_what_is_left_out_is_zero() -> None:
    x = fb.from_numpy(VALUES).requires_grad_()
    fb.masked.sum(x * x, mask=fb.from_numpy(MASK)).backward()
    np.testing.assert_allclose(x.grad.numpy(), np.where(MASK, 2 * VALUES, 0.0))


def test_masked_errors() -> None:
    with pytest.raises(IndexError) as error:
        fb.masked.sum(fb.ones(2), mask=fb.ones(1, 2, dtype=fb.bool))
    assert str(error.value) == (
        "masked: the mask has too many dimensions\n"
        "  expected: a mask that broadcasts to (2,)\n"
        "  got:      shape (1, 2)"
    )
    with pytest.raises(ValueError, match="median: nothing is left of some rows"):
        fb.masked.median(fb.ones(2, dtype=fb.int64), 0, mask=fb.zeros(2, dtype=fb.bool))


WINDOWS: dict[str, tuple[dict[str, Any], Any]] = {
    "bartlett": ({}, oracle.bartlett),
    "blackman": ({}, oracle.blackman),
    "cosine": ({}, oracle.cosine),
    "exponential": ({"tau": 3.0}, oracle.exponential),
    "gaussian": ({"std": 2.0}, oracle.gaussian),
    "general_cosine": ({"a": [0.4, 0.3, 0.2]}, oracle.general_cosine),
    "general_hamming": ({"alpha": 0.6}, oracle.general_hamming),
    "hamming": ({}, oracle.hamming),
    "hann": ({}, oracle.hann),
    "kaiser": ({"beta": 9.0}, oracle.kaiser),
    "nuttall": ({}, oracle.nuttall),
}


@pytest.mark.parametrize("sym", [True, False])
@pytest.mark.parametrize("points", [0, 1, 2, 7, 8])
@pytest.mark.parametrize("name", WINDOWS)
def test_windows(name: str, points: int, sym: bool) -> None:
    options, function = WINDOWS[name]
    found = getattr(fb.signal.windows, name)(points, sym=sym, dtype=fb.float64, **options)
    expected = function(points, sym=sym, **options)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", ["bartlett", "blackman", "hamming", "hann", "kaiser"])
def test_older_windows_are_periodic(name: str) -> None:
    older, newer = getattr(fb, f"{name}_window"), getattr(fb.signal.windows, name)
    np.testing.assert_array_equal(older(7).numpy(), newer(7, sym=False).numpy())
    np.testing.assert_array_equal(older(7, periodic=False).numpy(), newer(7).numpy())


def test_window_errors() -> None:
    with pytest.raises(ValueError) as error:
        fb.signal.windows.gaussian(3, std=-1.0)
    assert str(error.value) == (
        "gaussian: std is not positive\n  expected: std > 0\n  got:      -1.0"
    )
