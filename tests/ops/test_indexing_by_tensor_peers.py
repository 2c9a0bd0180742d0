"""Gather, scatter, sorting, scans, quantiles and histograms against PyTorch."""

# Every lambda is called before its loop goes on.
# ruff: noqa: B023

from __future__ import annotations

from math import nan
from typing import Any

import numpy as np
import pytest

import flambeau as fb
from tests.ops.peer_comparison import assert_same_error, compare

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.peers

RANDOM = np.random.default_rng(1)


def normal(*shape: int) -> fb.Tensor:
    return fb.from_numpy(np.asarray(RANDOM.standard_normal(shape)))


def integers(shape: Any, low: int, high: int) -> fb.Tensor:
    return fb.from_numpy(np.asarray(RANDOM.integers(low, high, shape)))


X = normal(3, 4)
TRANSPOSED = normal(4, 3).transpose(0, 1)
THREE = normal(2, 3, 4)
ZEROS = fb.from_numpy(np.array([[1.0, 0, 2, 3], [0, 0, 3, 3], [4, -1, 5, 5]]))
NANS = fb.from_numpy(np.array([[1.0, nan, 2, 0], [nan] * 4, [0, -1, 5, 5]]))
INDEX = integers((2, 6), 0, 4)
DISTINCT = fb.from_numpy(np.array([[3, 0, 1], [2, 1, 0]]))


@pytest.mark.parametrize("x", [X, TRANSPOSED], ids=["matrix", "transposed"])
def test_gather_and_index_select(x: fb.Tensor) -> None:
    compare(torch, lambda m, t, i: m.gather(t, 1, i), (x, INDEX))
    compare(torch, lambda m, t, i: t.gather(0, i), (x, integers((5, 2), 0, 3)))
    compare(torch, lambda m, t, i: m.index_select(t, 1, i), (x, integers((5,), 0, 4)))
    compare(torch, lambda m, t, i: m.index_select(t, 0, i), (x, integers((), 0, 3)))
    compare(torch, lambda m, t, i: m.gather(t, 1, i), (THREE, integers((2, 5, 3), 0, 3)))
    compare(torch, lambda m, t, i: m.gather(t, 0, i), (normal(), integers((3,), 0, 1)))
    compare(torch, lambda m, t, i: m.gather(t, 1, i), (x, INDEX.to(fb.int32)), order=1)


def test_scatter() -> None:
    compare(torch, lambda m, t, i, u: m.scatter(t, 1, i, u), (X, DISTINCT, normal(2, 3)))
    compare(torch, lambda m, t, i: m.scatter(t, 1, i, 2.5), (X, DISTINCT))
    compare(torch, lambda m, t, i: m.scatter(t, 1, i, value=2), (X.long(), DISTINCT))
    compare(torch, lambda m, t, i, u: m.scatter_add(t, 1, i, u), (X, INDEX, normal(2, 6)))
    compare(torch, lambda m, t, i, u: m.scatter_add(t, 1, i, u), (X, DISTINCT, X), order=0)
    compare(torch, lambda m, t, i, u: t.clone().scatter_(1, i, u), (X, DISTINCT, normal(2, 3)))
    compare(torch, lambda m, t, i, u: t.clone().scatter_add_(1, i, u), (X, INDEX, normal(2, 6)))


@pytest.mark.parametrize("include_self", [True, False])
@pytest.mark.parametrize("reduce", ["sum", "prod", "mean", "amax", "amin"])
def test_scatter_reduce(reduce: str, include_self: bool) -> None:
    def call(m: Any, t: Any, i: Any, u: Any) -> Any:
        return m.scatter_reduce(t, 1, i, u, reduce, include_self=include_self)

    compare(torch, call, (X, INDEX, normal(2, 6)))
    compare(torch, call, (ZEROS, INDEX, normal(2, 6)), order=1)
    compare(torch, call, (X.long(), INDEX, integers((2, 6), -9, 9)))
    compare(torch, call, (X.half(), INDEX, normal(2, 6).half()), order=0)


@pytest.mark.parametrize("include_self", [True, False])
@pytest.mark.parametrize("reduce", ["prod", "mean", "amax", "amin"])
@pytest.mark.filterwarnings("ignore:index_reduce")
def test_index_reduce(reduce: str, include_self: bool) -> None:
    compare(
        torch,
        lambda m, t, i, u: m.index_reduce(t, 1, i, u, reduce, include_self=include_self),
        (X, integers((2,), 0, 4), normal(3, 2)),
        names=False,
        order=1,
    )


def test_index_add_copy_fill() -> None:
    index = fb.from_numpy(np.array([2, 0]))
    for alpha in (1, 2.5):
        compare(
            torch,
            lambda m, t, i, u: m.index_add(t, 1, i, u, alpha=alpha),
            (X, integers((6,), 0, 4), normal(3, 6)),
        )
    compare(torch, lambda m, t, i, u: m.index_copy(t, 0, i, u), (X, index, normal(2, 4)))
    compare(torch, lambda m, t, i: m.index_fill(t, 0, i, 3.0), (X, index))
    compare(torch, lambda m, t, i: m.index_fill(t, 0, i, 3.0), (X, index - 3))
    compare(torch, lambda m, t, i, v: m.index_fill(t, 1, i, v), (X, index, normal()))


@pytest.mark.parametrize("descending", [False, True])
def test_sort(descending: bool) -> None:
    for x in (X, TRANSPOSED, THREE, ZEROS, NANS, X.long(), normal(), normal(0, 3)):
        for dim in (0, -1):
            compare(
                torch,
                lambda m, t: m.sort(t, dim=dim, descending=descending, stable=True),
                (x,),
                names=False,  # PyTorch's stable sort has a node of its own
            )
    compare(torch, lambda m, t: m.sort(t, -1, descending), (X,))
    compare(torch, lambda m, t: m.argsort(t, -1, descending), (X,))
    compare(torch, lambda m, t: m.msort(t), (X,))


@pytest.mark.parametrize("largest", [True, False])
def test_topk(largest: bool) -> None:
    for x in (X, TRANSPOSED, THREE):
        for dim in (0, -1):
            for k in (0, 1, 2):
                compare(torch, lambda m, t: m.topk(t, k, dim, largest), (x,))
    long = normal(3, 1000)
    for k in (1, 5, 250, 251):
        compare(torch, lambda m, t: m.topk(t, k, -1, largest), (long,), order=1)
    compare(torch, lambda m, t: m.topk(t, 2, -1, largest)[0], (NANS,), order=0)


def test_kthvalue_and_mode() -> None:
    for dim in (0, -1):
        compare(torch, lambda m, t: m.kthvalue(t, 2, dim), (X,))
        compare(torch, lambda m, t: m.mode(t, dim), (integers((6, 9), 0, 4),))
    compare(torch, lambda m, t: m.mode(t), (integers((6, 9), 0, 4).double(),))


@pytest.mark.parametrize("name", ["cumsum", "cumprod", "logcumsumexp", "cummax", "cummin"])
def test_scans(name: str) -> None:
    for x in (X, TRANSPOSED, THREE, ZEROS, normal()):
        for dim in (0, -1):
            compare(torch, lambda m, t: getattr(m, name)(t, dim), (x,))
    compare(torch, lambda m, t: getattr(m, name)(t, 1), (X.float(),), order=1)
    compare(torch, lambda m, t: getattr(m, name)(t, 1), (X.half(),), order=0)


def test_differences_and_integrals() -> None:
    for n in (0, 1, 2):
        compare(torch, lambda m, t: m.diff(t, n), (X,), order=2 if n else 0)
    compare(torch, lambda m, t, u: m.diff(t, prepend=u, append=u), (X, normal(3, 1)))
    compare(torch, lambda m, t: m.diff(t, dim=0), (X > 0,))
    compare(torch, lambda m, t, u: m.trapezoid(t, u), (X, normal(4)), names=False)
    compare(torch, lambda m, t: m.trapezoid(t, dx=0.5, dim=0), (X,), names=False)
    compare(torch, lambda m, t, u: m.cumulative_trapezoid(t, u), (X, normal(4)), names=False)


@pytest.mark.parametrize("name", ["quantile", "nanquantile"])
@pytest.mark.parametrize("interpolation", ["linear", "lower", "higher", "midpoint", "nearest"])
def test_quantiles(name: str, interpolation: str) -> None:
    for x in (X, TRANSPOSED, NANS):
        for q in (0.0, 0.3, 0.5, 1.0):
            for dim in (None, 0, -1):
                for keepdim in (False, True):
                    compare(
                        torch,
                        lambda m, t: getattr(m, name)(
                            t, q, dim, keepdim, interpolation=interpolation
                        ),
                        (x,),
                        names=False,
                        order=1 if x is X else 0,
                    )
    vector = fb.from_numpy(np.array([0.1, 0.9, 0.5]))
    for dim in (None, 0, 1, -1):
        compare(torch, lambda m, t, q: getattr(m, name)(t, q, dim), (THREE, vector), order=0)


UNIQUE_OPTIONS: list[dict[str, Any]] = [
    {}, {"return_inverse": True}, {"return_counts": True},
    {"return_inverse": True, "return_counts": True},
    {"return_inverse": True, "return_counts": True, "dim": 0},
    {"return_inverse": True, "return_counts": True, "dim": 1},
]  # fmt: skip


@pytest.mark.parametrize("options", UNIQUE_OPTIONS, ids=str)
@pytest.mark.parametrize("name", ["unique", "unique_consecutive"])
def test_unique(name: str, options: dict[str, Any]) -> None:
    for x in (integers((6, 9), 0, 4), integers((5, 2), 0, 2), X, X > 0):
        compare(torch, lambda m, t: getattr(m, name)(t, **options), (x,), order=0)


@pytest.mark.parametrize("right", [False, True])
def test_searching(right: bool) -> None:
    ordered = fb.from_numpy(np.sort(RANDOM.standard_normal((3, 5)), 1))
    values = normal(3, 7)
    compare(torch, lambda m, s, v: m.searchsorted(s, v, right=right), (ordered, values), order=0)
    compare(torch, lambda m, s, v: m.bucketize(v, s, right=right), (ordered[0], THREE), order=0)
    compare(torch, lambda m, s, v: m.searchsorted(s, v, right=right), (ordered[0], NANS), order=0)
    compare(
        torch,
        lambda m, s, v: m.searchsorted(s, v, right=right, out_int32=True),
        (fb.tensor([1, 2, 2, 5]), integers((6,), 0, 7)),
    )


def test_membership_and_counts() -> None:
    x = integers((3, 4), -5, 6)
    for invert in (False, True):
        compare(torch, lambda m, a, b: m.isin(a, b, invert=invert), (x, integers((5,), -5, 6)))
        compare(torch, lambda m, a: m.isin(a, 3, invert=invert), (x,))
    compare(torch, lambda m, t: m.count_nonzero(t, 0), (ZEROS,), order=0)
    counted = integers((20,), 0, 6)
    compare(torch, lambda m, t: m.bincount(t, minlength=9), (counted,))
    compare(torch, lambda m, t, w: m.bincount(t, w), (counted, normal(20)), order=0)


def test_histograms() -> None:
    for x in (X, normal(500)):
        compare(torch, lambda m, t: m.histc(t, 10), (x,), order=0)
        compare(torch, lambda m, t: m.histc(t, 7, -1, 1.5), (x,), order=0)
        compare(torch, lambda m, t: m.histogram(t, 8), (x,), order=0)
        compare(
            torch, lambda m, t: m.histogram(t, 8, range=(-1.0, 1.0), density=True), (x,), order=0
        )
    edges = fb.from_numpy(np.array([-1.0, 0, 0.5, 2]))
    compare(
        torch, lambda m, t, e, w: m.histogram(t, e, weight=w), (X, edges, normal(3, 4)), order=0
    )


SMALL = integers((2, 2), 0, 2)
ERRORS: list[tuple[Any, tuple[Any, ...], type[Exception]]] = [
    (lambda m, t, i: m.gather(t, 1, i), (X, SMALL + 9), RuntimeError),
    (lambda m, t, i: m.gather(t, 1, i), (X, SMALL - 5), RuntimeError),
    (lambda m, t, i: m.gather(t, 1, i), (X, SMALL[0]), RuntimeError),
    (lambda m, t, i: m.gather(t, 1, i), (X, X), RuntimeError),
    (lambda m, t, i: m.gather(t, 3, i), (X, SMALL), IndexError),
    (lambda m, t, i, u: m.scatter(t, 1, i, u), (X, SMALL + 9, normal(2, 2)), RuntimeError),
    (lambda m, t, i, u: m.scatter(t, 1, i, u), (X, SMALL, SMALL), RuntimeError),
    (lambda m, t, i, u: m.scatter(t, 1, i, u), (X, SMALL, normal(1, 2)), RuntimeError),
    (lambda m, t, i, u: m.scatter_reduce(t, 1, i, u, "no"), (X, SMALL, normal(2, 2)), RuntimeError),
    (lambda m, t, i: m.index_select(t, 0, i), (X, SMALL[0] + 9), IndexError),
    (lambda m, t, i: m.index_select(t, 0, i), (X, SMALL), IndexError),
    (lambda m, t, i, u: m.index_add(t, 0, i, u), (X, SMALL[0] + 9, normal(2, 4)), RuntimeError),
    (lambda m, t, i, u: m.index_copy(t, 0, i, u), (X, SMALL[0], normal(3, 4)), IndexError),
    (lambda m, t, i: m.index_fill(t, 0, i, 1.0), (X, SMALL[0] + 9), IndexError),
    (lambda m, t: m.topk(t, 5), (X,), RuntimeError),
    (lambda m, t: m.kthvalue(t, 0), (X,), RuntimeError),
    (lambda m, t: m.quantile(t, 1.5), (X,), RuntimeError),
    (lambda m, t: m.quantile(t, 0.5), (SMALL,), RuntimeError),
    (lambda m, t, v: m.searchsorted(t, v), (X, normal(4)), RuntimeError),
    (lambda m, t: m.bincount(t), (SMALL[0] - 9,), RuntimeError),
    (lambda m, t: m.histc(t, 0), (X,), RuntimeError),
    (lambda m, t: m.diff(t, -1), (X,), RuntimeError),
    (lambda m, t: m.cumsum(t, 2), (X,), IndexError),
]


@pytest.mark.parametrize("case", range(len(ERRORS)))
def test_errors_have_the_same_type(case: int) -> None:
    call, arguments, expected = ERRORS[case]
    assert_same_error(torch, call, arguments, expected)
