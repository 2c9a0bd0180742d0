"""Reductions, extremes, statistics, norms and softmax against PyTorch."""

# Every lambda is called before its loop goes on.
# ruff: noqa: B023

from __future__ import annotations

from math import inf, nan
from typing import Any

import numpy as np
import pytest

import flambeau as fb
from flambeau.ops.counting import one_hot
from tests.ops.peer_comparison import assert_same_error, compare

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.peers

RANDOM = np.random.default_rng(0)


def normal(shape: Any, dtype: Any = np.float64) -> fb.Tensor:
    return fb.from_numpy(np.asarray(RANDOM.standard_normal(shape)).astype(dtype))


X = normal((3, 4))
INTEGERS = fb.from_numpy(RANDOM.integers(-5, 6, (3, 4)))
TIES = fb.from_numpy(np.array([[1.0, 2, 2, 0], [3, 3, 3, 3], [0, -1, 5, 5]]))
ZEROS = fb.from_numpy(np.array([[1.0, 0, 2, 3], [0, 0, 3, 3], [4, -1, 5, 5]]))
NANS = fb.from_numpy(np.array([[1.0, nan, 2, 0], [3, 1, 0.5, nan], [0, -1, 5, 5]]))
COMPLEX = fb.from_numpy(RANDOM.standard_normal((3, 4)) + 1j * RANDOM.standard_normal((3, 4)))
INPUTS = {
    "matrix": X,
    "transposed": normal((4, 3)).transpose(0, 1),
    "three": normal((2, 3, 4)),
    "float32": normal((3, 4), np.float32),
    "long": normal((3, 700)),
    "ties": TIES,
}


def inputs(*names: str) -> Any:
    return pytest.mark.parametrize("x", [INPUTS[n] for n in names or INPUTS], ids=names or INPUTS)


@pytest.mark.parametrize("name", ["sum", "mean", "nansum", "nanmean", "prod"])
@inputs()
def test_sums_and_products(name: str, x: fb.Tensor) -> None:
    compare(torch, lambda m, t: getattr(m, name)(t), (x,), order=1 if x.numel() > 99 else 2)
    for dim in (0, -1):
        for keepdim in (False, True):
            compare(torch, lambda m, t: getattr(m, name)(t, dim, keepdim), (x,), order=1)


@pytest.mark.parametrize("name", ["sum", "mean", "nansum", "nanmean", "amax", "amin", "logsumexp"])
def test_several_dimensions(name: str) -> None:
    compare(torch, lambda m, t: getattr(m, name)(t, (0, 2)), (INPUTS["three"],))
    compare(torch, lambda m, t: getattr(m, name)(t, (-1, 0), True), (INPUTS["three"],))


@pytest.mark.parametrize("name", ["sum", "prod"])
def test_integers_become_int64(name: str) -> None:
    for x in (INTEGERS, INTEGERS.to(fb.int16), INTEGERS > 0):
        compare(torch, lambda m, t: getattr(m, name)(t), (x,))
        compare(torch, lambda m, t: getattr(m, name)(t, 0), (x,))


@pytest.mark.parametrize("name", ["sum", "mean", "prod"])
def test_empty_complex_and_reduced_types(name: str) -> None:
    compare(torch, lambda m, t: getattr(m, name)(t), (normal((0, 3)),))
    compare(torch, lambda m, t: getattr(m, name)(t, 0), (normal((0, 3)),))
    compare(torch, lambda m, t: getattr(m, name)(t, 0), (COMPLEX,))
    for dtype in (fb.float16, fb.bfloat16):
        compare(torch, lambda m, t: getattr(m, name)(t, 1), (X.to(dtype),), order=0)
    compare(torch, lambda m, t: getattr(m, name)(t, dtype=m.float64), (INPUTS["float32"],), order=1)


def test_products_with_zeros_are_differentiable_twice() -> None:
    for call in (
        lambda m, t: m.prod(t),
        lambda m, t: m.prod(t, 1),
        lambda m, t: m.prod(t, 0, True),
    ):
        compare(torch, call, (ZEROS,))


@pytest.mark.parametrize("name", ["max", "min", "median", "nanmedian"])
@inputs("matrix", "transposed", "three", "float32")
def test_picking_reductions(name: str, x: fb.Tensor) -> None:
    compare(torch, lambda m, t: getattr(m, name)(t), (x,))
    for dim in (0, -1):
        for keepdim in (False, True):
            compare(torch, lambda m, t: getattr(m, name)(t, dim, keepdim), (x,))


@pytest.mark.parametrize("name", ["max", "min", "amax", "amin", "aminmax", "median"])
def test_equal_elements_share_the_gradient(name: str) -> None:
    compare(torch, lambda m, t: getattr(m, name)(t), (TIES,))


@pytest.mark.parametrize("name", ["max", "min"])
def test_first_of_equal_elements_and_nan(name: str) -> None:
    compare(torch, lambda m, t: getattr(m, name)(t, 1), (TIES,))
    compare(torch, lambda m, t: getattr(m, name)(t, 1), (NANS,))
    compare(torch, lambda m, t: getattr(m, name)(t), (NANS,))
    compare(torch, lambda m, t, u: getattr(m, name)(t, u), (X, TIES))


@pytest.mark.parametrize("name", ["amax", "amin", "aminmax"])
@inputs("matrix", "transposed", "three", "ties")
def test_extremes(name: str, x: fb.Tensor) -> None:
    for dim in (0, -1):
        for keepdim in (False, True):
            compare(torch, lambda m, t: getattr(m, name)(t, dim=dim, keepdim=keepdim), (x,))


@pytest.mark.parametrize("name", ["argmax", "argmin"])
def test_positions(name: str) -> None:
    for x in (X, TIES, NANS, INTEGERS, normal(()), X.to(fb.float16)):
        compare(torch, lambda m, t: getattr(m, name)(t), (x,))
        compare(torch, lambda m, t: getattr(m, name)(t, -1, True), (x,))


@pytest.mark.parametrize("name", ["any", "all"])
def test_truth(name: str) -> None:
    for x in (X, ZEROS, INTEGERS > 0, normal((0, 3)), INTEGERS.to(fb.uint8)):
        compare(torch, lambda m, t: getattr(m, name)(t), (x,), order=0)
        compare(torch, lambda m, t: getattr(m, name)(t, ()), (x,), order=0)
        compare(torch, lambda m, t: getattr(m, name)(t, (0, 1), True), (x,), order=0)


VARIATIONS: list[dict[str, Any]] = [
    {}, {"correction": 0}, {"dim": 0, "unbiased": False}, {"dim": (0, 1), "keepdim": True},
    {"dim": -1, "correction": 2},
]  # fmt: skip


@pytest.mark.parametrize("name", ["var", "std", "var_mean", "std_mean"])
@pytest.mark.parametrize("options", VARIATIONS, ids=str)
@inputs("matrix", "transposed", "three", "float32")
def test_variance(name: str, options: dict[str, Any], x: fb.Tensor) -> None:
    compare(torch, lambda m, t: getattr(m, name)(t, **options), (x,))


@pytest.mark.filterwarnings("ignore:.*degrees of freedom")
def test_variance_at_its_edges() -> None:
    for name in ("var", "std"):
        compare(torch, lambda m, t: getattr(m, name)(t), (normal((1,)),), order=1)
        compare(torch, lambda m, t: getattr(m, name)(t, True), (X,))
        compare(torch, lambda m, t: getattr(m, name)(t, 0), (COMPLEX,), order=1)
        compare(torch, lambda m, t: getattr(m, name)(t, 1), (fb.ones(2, 3),), order=1)


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "logsumexp"])
@inputs("matrix", "transposed", "three", "float32", "long")
def test_softmax(name: str, x: fb.Tensor) -> None:
    for dim in (0, -1):
        compare(torch, lambda m, t: getattr(m, name)(t, dim), (x,))
        compare(torch, lambda m, t: getattr(m, name)(t * 1000, dim), (x,), order=0)
        compare(torch, lambda m, t: getattr(m, name)(t, dim), (x.to(fb.bfloat16),), order=0)
    compare(torch, lambda m, t: getattr(m, name)(t, 0), (normal(()),))


def test_softmax_of_infinities() -> None:
    x = fb.from_numpy(np.array([[-inf, 0.0, 1.0], [-inf, -inf, 2.0]]))
    compare(torch, lambda m, t: m.softmax(t, 1), (x,), order=1)
    y = fb.from_numpy(np.array([[-inf, -inf], [inf, 1], [-inf, 3.0]]))
    compare(torch, lambda m, t: m.logsumexp(t, 1), (y,), order=0)


@pytest.mark.parametrize("p", [2, 1, 3, 2.5, 0.5, -1, inf, -inf, 0, "fro"])
def test_norms(p: Any) -> None:
    order = 0 if p == 0 else 2
    for x in (X, INPUTS["transposed"], INPUTS["float32"]):
        compare(torch, lambda m, t: t.norm(p), (x,), order=order)
        compare(torch, lambda m, t: t.norm(p, 1, True), (x,), order=order)
    compare(torch, lambda m, t: t.norm(p, 0), (COMPLEX,), order=min(order, 1))
    if p != "fro":
        compare(torch, lambda m, t, u: m.dist(t, u, p), (X, normal((4,))), order=order)


@pytest.mark.parametrize("p", [2, 1, 3, inf, 1.5])
def test_the_gradient_of_a_norm_at_zero_is_zero(p: float) -> None:
    compare(torch, lambda m, t: t.norm(p, 1), (fb.zeros(2, 3),), order=1)


@pytest.mark.parametrize("p", [2, 1, 3.0])
def test_renorm(p: float) -> None:
    compare(torch, lambda m, t: m.renorm(t, p, 0, 1.0), (X,))
    compare(torch, lambda m, t: m.renorm(t, p, 1, 2.0), (INPUTS["three"],))


def test_covariance_and_correlation() -> None:
    compare(torch, lambda m, t: m.cov(t), (X,), names=False)
    compare(torch, lambda m, t: m.corrcoef(t), (X,), names=False)
    weights = fb.from_numpy(np.array([1, 2, 1, 3])), fb.from_numpy(np.array([0.5, 1, 2, 0.1]))
    compare(
        torch,
        lambda m, t, f, a: m.cov(t, fweights=f, aweights=a),
        (X, *weights),
        names=False,
        order=1,
    )


def test_one_hot() -> None:
    def call(m: Any, t: Any) -> Any:
        return one_hot(t, 5) if m is fb else m.nn.functional.one_hot(t, 5)

    compare(torch, call, (fb.tensor([[0, 4], [2, 2]]),))


ERRORS: list[tuple[Any, fb.Tensor, type[Exception]]] = [
    (lambda m, t: m.sum(t, 2), X, IndexError),
    (lambda m, t: m.sum(t, (0, 0)), X, RuntimeError),
    (lambda m, t: m.mean(t), INTEGERS, RuntimeError),
    (lambda m, t: m.max(t), normal((0,)), RuntimeError),
    (lambda m, t: m.max(t, 0), normal((0, 3)), IndexError),
    (lambda m, t: m.amax(t, 0), normal((0, 3)), IndexError),
    (lambda m, t: m.argmax(t), normal((0,)), IndexError),
    (lambda m, t: m.argmax(t), INTEGERS > 0, RuntimeError),
    (lambda m, t: m.max(t), COMPLEX, RuntimeError),
    (lambda m, t: m.softmax(t, 0), INTEGERS, RuntimeError),
    (lambda m, t: m.softmax(t, 5), X, IndexError),
    (lambda m, t: m.var(t), INTEGERS, RuntimeError),
    (lambda m, t: t.norm(), INTEGERS, RuntimeError),
    (lambda m, t: t.norm(inf), normal((0,)), RuntimeError),
    (lambda m, t: t.norm("what"), X, RuntimeError),
    (lambda m, t: m.renorm(t, 2, 0, -1.0), X, RuntimeError),
    (lambda m, t: m.max(t, (0, 1)), X, TypeError),
    (lambda m, t: m.softmax([1.0, 2.0], 0), X, TypeError),
]


@pytest.mark.parametrize("case", range(len(ERRORS)))
def test_errors_have_the_same_type(case: int) -> None:
    call, x, expected = ERRORS[case]
    assert_same_error(torch, call, (x,), expected)
