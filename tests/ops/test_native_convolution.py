"""Convolutions by native products agree with sums written out, whatever blocks and threads."""

from itertools import product
from math import prod

import numpy as np
import pytest

import flambeau as fb
from flambeau.core.native import kernels
from flambeau.ops import convolution_kernels, native_convolution

pytestmark = pytest.mark.skipif(kernels() is None, reason="there is no native code here")

# sizes, kernel, stride, padding, dilation, groups, inputs and outputs of a group
CASES = [
    ((9,), (3,), (1,), (0,), (1,), 1, 5, 11),
    ((40,), (4,), (3,), (2,), (2,), 2, 3, 4),
    ((7, 6), (3, 2), (1, 1), (1, 1), (1, 1), 1, 4, 9),
    ((20, 21), (5, 5), (1, 1), (0, 0), (1, 1), 1, 3, 18),
    ((8, 11), (3, 3), (2, 3), (1, 2), (1, 2), 1, 2, 13),
    ((9, 8), (1, 1), (2, 2), (0, 0), (1, 1), 1, 17, 6),
    ((6, 7), (3, 3), (1, 1), (1, 1), (1, 1), 6, 1, 1),
    ((6, 7), (2, 3), (1, 2), (3, 0), (2, 1), 3, 2, 5),
    ((4, 5, 6), (2, 3, 3), (1, 1, 1), (1, 0, 1), (1, 1, 1), 1, 3, 4),
    ((5, 4, 7), (3, 1, 2), (2, 1, 2), (1, 1, 0), (1, 1, 2), 2, 2, 3),
]


def _arrays(case, dtype=np.float64, count=3):
    sizes, kernel, stride, padding, dilation, groups, inputs, outputs = case
    places = tuple(
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, k, s, p, d in zip(sizes, kernel, stride, padding, dilation)
    )
    draw = np.random.default_rng(prod(sizes)).standard_normal
    x = draw((count, groups * inputs, *sizes)).astype(dtype)
    w = draw((groups * outputs, inputs, *kernel)).astype(dtype)
    g = draw((count, groups * outputs, *places)).astype(dtype)
    return x, w, g


def _written_out(case, x, w, g):
    """What the three directions are, tap by tap."""
    sizes, kernel, stride, padding, dilation, groups, inputs, outputs = case
    padded = np.pad(x, [(0, 0), (0, 0), *[(p, p) for p in padding]])
    out, dx, dw = np.zeros_like(g), np.zeros_like(padded), np.zeros_like(w)
    inner = tuple(slice(p, p + n) for p, n in zip(padding, sizes))
    for group, tap in product(range(groups), product(*map(range, kernel))):
        a = slice(group * inputs, (group + 1) * inputs)
        o = slice(group * outputs, (group + 1) * outputs)
        met = tuple(
            slice(t * d, t * d + (n - 1) * s + 1, s)
            for t, d, n, s in zip(tap, dilation, g.shape[2:], stride)
        )
        factors = w[(o, slice(None), *tap)]
        out[:, o] += np.einsum("nc...,oc->no...", padded[(slice(None), a, *met)], factors)
        dx[(slice(None), a, *met)] += np.einsum("no...,oc->nc...", g[:, o], factors)
        seen = padded[(slice(None), a, *met)]
        flat = (len(x), -1, prod(g.shape[2:]))
        dw[(o, slice(None), *tap)] = np.einsum(
            "nop,ncp->oc", g[:, o].reshape(flat), seen.reshape(flat)
        )
    return out, dx[(slice(None), slice(None), *inner)], dw


def _native(case, x, w, g):
    sizes, kernel, stride, padding, dilation, groups, *_ = case
    how = (stride, padding, dilation, groups)
    return (
        native_convolution.correlate(x, w, g.shape[2:], *how),
        native_convolution.scatter(g, w, sizes, *how),
        native_convolution.kernel_gradient(x, g, kernel, *how),
    )


@pytest.mark.parametrize("case", CASES)
def test_all_directions(case, monkeypatch):
    monkeypatch.setattr(native_convolution, "LEAST_WORK", 1)
    arrays = _arrays(case)
    for found, wanted in zip(_native(case, *arrays), _written_out(case, *arrays), strict=True):
        if found is not None:
            np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-12)


def test_most_cases_are_native(monkeypatch):
    monkeypatch.setattr(native_convolution, "LEAST_WORK", 1)
    found = [f is not None for case in CASES for f in _native(case, *_arrays(case))]
    assert sum(found) >= len(found) - 3


@pytest.mark.parametrize("case", [CASES[3], CASES[4], CASES[8]])
def test_blocks_and_threads_do_not_matter(case, monkeypatch):
    arrays = _arrays(case, np.float32, count=40)
    monkeypatch.setattr(native_convolution, "LEAST_WORK", 1)
    before = fb.get_num_threads()
    try:
        fb.set_num_threads(1)
        once = _native(case, *arrays)
        fb.set_num_threads(2)
        twice = _native(case, *arrays)
    finally:
        fb.set_num_threads(before)
    assert [a.tobytes() for a in once] == [a.tobytes() for a in twice]
    monkeypatch.setattr(native_convolution, "BLOCK_BYTES", 1)
    for found, wanted in zip(_native(case, *arrays)[:2], once[:2], strict=True):
        assert found.tobytes() == wanted.tobytes()


def test_memory_in_another_order(monkeypatch):
    monkeypatch.setattr(native_convolution, "LEAST_WORK", 1)
    case = CASES[2]
    arrays = _arrays(case)
    turned = [np.asfortranarray(a) for a in arrays]
    for found, wanted in zip(_native(case, *turned), _native(case, *arrays), strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_small_and_other_types_stay_with_numpy():
    case = CASES[2]
    assert _native(case, *_arrays(case)) == (None, None, None)
    whole = [a.astype(np.int64) for a in _arrays(case, count=3000)]
    assert _native(case, *whole) == (None, None, None)


def test_without_native_code(monkeypatch):
    arrays = _arrays(CASES[3], count=4)
    case = CASES[3]
    monkeypatch.setattr(native_convolution, "kernels", lambda: None)
    assert _native(case, *arrays) == (None, None, None)
    x, w, g = arrays
    how = (*case[2:5], case[5])
    found = (
        convolution_kernels.correlate(x, w, g.shape[2:], *how),
        convolution_kernels.scatter(g, w, case[0], *how),
        convolution_kernels.kernel_gradient(x, g, case[1], *how),
    )
    for one, wanted in zip(found, _written_out(case, *arrays), strict=True):
        np.testing.assert_allclose(one, wanted, rtol=0, atol=1e-11)


def test_large_convolutions_take_the_native_way():
    x = fb.randn(2, 8, 30, 30, requires_grad=True)
    w = fb.randn(16, 8, 3, 3, requires_grad=True)
    assert native_convolution.correlate(
        x.detach().numpy(), w.detach().numpy(), (28, 28), (1, 1), (0, 0), (1, 1), 1
    ) is not None  # fmt: skip
    fb.conv2d(x, w).square().sum().backward()
    wide = x.detach().double().requires_grad_(), w.detach().double().requires_grad_()
    fb.conv2d(*wide).square().sum().backward()
    fb.testing.assert_close(x.grad, wide[0].grad.float(), rtol=1e-4, atol=1e-2)
    fb.testing.assert_close(w.grad, wide[1].grad.float(), rtol=1e-4, atol=5e-2)
