"""Pooling beside PyTorch's: values, indices, graphs, gradients of both orders, errors."""

from __future__ import annotations

import numpy as np
import pytest

import flambeau as fb
from tests.ops.peer_comparison import assert_same, assert_same_error, compare, to_peer

torch = pytest.importorskip("torch")

pytestmark = pytest.mark.peers


def values(shape, dtype="float64"):
    array = np.random.default_rng(len(shape)).permutation(int(np.prod(shape))).reshape(shape)
    return fb.from_numpy(array / 7 if dtype != "int64" else array).to(getattr(fb, dtype))


SIZES = {1: (9,), 2: (7, 6), 3: (4, 5, 4)}
MAX = [
    (2,), (3, 2), (3, 1, 1), (2, 2, 0, 2), (3, 2, 1, 1, True), (2, 3, 0, 1, True), (1, 1),
    (2, [], 1, 2, True),
]  # fmt: skip
AVG = [
    (2,),
    (3, 2),
    (3, 1, 1),
    (3, 2, 1, True),
    (3, 2, 1, True, False),
    (2, 3, 0, True),
    (3, 1, 1, False, False),
]


@pytest.mark.parametrize("ahead", [(2, 3), (3,), (0, 2)])
@pytest.mark.parametrize("arguments", MAX)
@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_max_pool(ndim, arguments, ahead):
    x = values((*ahead, *SIZES[ndim]))
    name = f"max_pool{ndim}d"
    order = 2 if x.numel() < 300 else 1
    compare(torch, lambda L, x: getattr(L.nn.functional, name)(x, *arguments), (x,), order=order)

    def both(L, x):
        return getattr(L.nn.functional, name)(x, *arguments, return_indices=True)

    compare(torch, both, (x,), order=1)


@pytest.mark.parametrize("ahead", [(2, 3), (3,), (0, 2)])
@pytest.mark.parametrize("arguments", AVG)
@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_avg_pool(ndim, arguments, ahead):
    x = values((*ahead, *SIZES[ndim]))
    name = f"avg_pool{ndim}d"
    order = 2 if x.numel() < 300 else 1
    compare(torch, lambda L, x: getattr(L.nn.functional, name)(x, *arguments), (x,), order=order)


def test_avg_pool_with_another_divisor():
    for divisor in (1, 3, -2):
        call = lambda L, x: L.nn.functional.avg_pool2d(x, 2, divisor_override=divisor)  # noqa: B023,E731
        compare(torch, call, (values((2, 4, 4)),))
        compare(torch, call, (values((2, 4, 4), "int64") - 20,))


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, None])
@pytest.mark.parametrize("kind", ["avg", "max"])
@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_adaptive(ndim, kind, size):
    x = values((2, 2, *SIZES[ndim]))
    name = f"adaptive_{kind}_pool{ndim}d"
    if size is None and ndim == 1:
        return  # PyTorch's takes no None
    given = (size,) * ndim if size is None else size
    call = lambda L, x: getattr(L.nn.functional, name)(x, given)  # noqa: E731
    compare(torch, call, (x,), order=2 if x.numel() < 200 else 1)
    if kind == "max":
        call = lambda L, x: getattr(L.nn.functional, name)(x, given, True)  # noqa: E731
        compare(torch, call, (x[0],), order=1)


@pytest.mark.parametrize(
    "arguments",
    [(2, 2), (3, 2, 2), (1, 3), (float("-inf"), 2, 1), (float("inf"), 2), (2.0, 2, 1, True)],
)
@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_power_means(ndim, arguments):
    x = values((2, 2, *SIZES[ndim])) + 0.5
    name = f"lp_pool{ndim}d"
    compare(torch, lambda L, x: getattr(L.nn.functional, name)(x, *arguments), (x,), order=1)


@pytest.mark.parametrize("size", [None, "given"])
@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_unpool(ndim, size):
    sizes = SIZES[ndim] if size else (8, 6, 4)[:ndim]
    x = values((2, 2, *sizes))
    name = f"max_unpool{ndim}d"
    places = getattr(fb.nn.functional, f"max_pool{ndim}d")(x, 2, return_indices=True)[1]
    target = None if size is None else sizes
    y = values(tuple(places.shape))

    def call(L, y):
        where = places if L is fb else to_peer(places, torch)
        return getattr(L.nn.functional, name)(y, where, 2, output_size=target)

    compare(torch, call, (y,))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("ndim", [2, 3])
def test_fractional(ndim, dtype):
    sizes = (11, 13, 9)[3 - ndim :]
    for shape in ((3, 2, *sizes), (2, *sizes), (0, 2, *sizes)):
        x = values(shape, dtype)
        results = []
        for L in (fb, torch):
            L.manual_seed(3)
            call = getattr(L.nn.functional, f"fractional_max_pool{ndim}d")
            y = x if L is fb else to_peer(x, torch)
            results.append(
                (
                    *call(y, 2, 4, return_indices=True),
                    call(y, (3, 2, 2)[:ndim], output_ratio=(0.6,) * ndim),
                )
            )
        assert_same(*results)
    samples = fb.rand(3, 2, ndim, dtype=fb.float64)

    def given(L, x):
        call = getattr(L.nn.functional, f"fractional_max_pool{ndim}d")
        draws = samples if L is fb else to_peer(samples, torch)
        return call(x, 2, 4, _random_samples=draws)

    compare(torch, given, (values((3, 2, *sizes)),), order=1)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "int64"])
@pytest.mark.parametrize(
    "name", ["max_pool2d", "avg_pool2d", "adaptive_avg_pool2d", "adaptive_max_pool2d"]
)
def test_types(name, dtype):
    x = values((2, 3, 6, 4), dtype) - 5
    call = lambda L, x: getattr(L.nn.functional, name)(x, 2)  # noqa: E731
    if dtype == "int64" and "adaptive" in name:
        assert_same_error(torch, call, (x,), NotImplementedError)
    else:
        compare(torch, call, (x,), order=1)


def test_infinities_and_nan():
    inf, nan = float("inf"), float("nan")
    x = fb.tensor([[[-inf, -inf, 1.0, nan], [-inf, -inf, nan, 2.0], [3.0, 3.0, inf, -inf]]])
    for arguments in ((2, 1), (2, 2), (3, 2, 1), (2, 2, 1)):
        call = lambda L, x: L.nn.functional.max_pool2d(x, *arguments, return_indices=True)  # noqa: B023,E731
        ours, theirs = call(fb, x), call(torch, to_peer(x, torch))
        assert_same(ours, theirs)
        compare(torch, lambda L, x: call(L, x)[0], (x,), order=1)  # noqa: B023


ERRORS = {
    "padding": (lambda L, x: L.nn.functional.max_pool2d(x, 2, padding=2), RuntimeError),
    "negative padding": (lambda L, x: L.nn.functional.max_pool2d(x, 2, padding=-1), RuntimeError),
    "no stride": (lambda L, x: L.nn.functional.max_pool2d(x, 2, stride=0), RuntimeError),
    "no kernel": (lambda L, x: L.nn.functional.max_pool2d(x, 0), RuntimeError),
    "too large": (lambda L, x: L.nn.functional.max_pool2d(x, 9), RuntimeError),
    "dilation": (lambda L, x: L.nn.functional.max_pool2d(x, 2, dilation=0), RuntimeError),
    "bool": (lambda L, x: L.nn.functional.max_pool2d(x.bool(), 2), NotImplementedError),
    "one dimension": (lambda L, x: L.nn.functional.max_pool2d(x[0, 0, 0], 2), RuntimeError),
    "no channels": (lambda L, x: L.nn.functional.max_pool2d(x[:, :0], 2), RuntimeError),
    "three sizes": (lambda L, x: L.nn.functional.max_pool2d(x, (1, 2, 3)), RuntimeError),
    "float": (lambda L, x: L.nn.functional.max_pool2d(x, 2.5), TypeError),
    "average padding": (lambda L, x: L.nn.functional.avg_pool2d(x, 2, padding=2), RuntimeError),
    "average too large": (lambda L, x: L.nn.functional.avg_pool2d(x, 9), RuntimeError),
    "average divisor": (lambda L, x: L.nn.functional.avg_pool2d(x, 2, divisor_override=0),
                        RuntimeError),
    "average 1d": (lambda L, x: L.nn.functional.avg_pool1d(x, 2), RuntimeError),
    "adaptive negative": (lambda L, x: L.nn.functional.adaptive_avg_pool2d(x, -1), RuntimeError),
    "adaptive empty": (lambda L, x: L.nn.functional.adaptive_avg_pool2d(x[..., :0], 2),
                       RuntimeError),
    "adaptive three": (lambda L, x: L.nn.functional.adaptive_avg_pool2d(x, (1, 2, 3)),
                       RuntimeError),
    "adaptive of a row": (lambda L, x: L.nn.functional.adaptive_avg_pool2d(x[0, 0, 0], (1, 1)),
                          ValueError),
    "fractional none": (lambda L, x: L.nn.functional.fractional_max_pool2d(x, 2), ValueError),
    "fractional too large": (lambda L, x: L.nn.functional.fractional_max_pool2d(x, 3, 3),
                             RuntimeError),
    "fractional both": (lambda L, x: L.nn.FractionalMaxPool2d(2, 2, 0.5), ValueError),
    "fractional ratio": (lambda L, x: L.nn.FractionalMaxPool2d(2, output_ratio=2), ValueError),
    "unpool size": (lambda L, x: L.nn.functional.max_unpool2d(
        *L.nn.functional.max_pool2d(x, 2, return_indices=True), 2, output_size=(9, 9)), ValueError),
    "unpool indices": (lambda L, x: L.nn.functional.max_unpool2d(x, x, 2), RuntimeError),
    "unpool shapes": (lambda L, x: L.nn.functional.max_unpool2d(x, x[:1].long(), 2), RuntimeError),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name):
    call, expected = ERRORS[name]
    assert_same_error(torch, call, (values((2, 3, 4, 4)),), expected)


def test_pairs():
    x = values((2, 3, 9))
    for name in ("max_pool1d_with_indices", "adaptive_max_pool1d"):
        compare(torch, lambda L, x: getattr(L, name)(x, 3), (x,), order=1)  # noqa: B023
