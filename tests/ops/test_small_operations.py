"""Operations of one idea each: placing, number parts, sampled gradients, places, creation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import flambeau as fb
from flambeau.core import native
from flambeau.ops import scans

VALUES = np.random.default_rng(0).normal(size=(3, 4))


def test_masked_scatter_and_put() -> None:
    x, mask = fb.from_numpy(VALUES), fb.from_numpy(VALUES > 0)
    source = fb.arange(12.0, dtype=fb.float64)
    expected = VALUES.copy()
    expected[VALUES > 0] = np.arange((VALUES > 0).sum())
    np.testing.assert_array_equal(x.masked_scatter(mask, source).numpy(), expected)
    again = x.clone()
    assert again.masked_scatter_(mask, source) is again
    np.testing.assert_array_equal(again.numpy(), expected)
    places, numbers = fb.tensor([0, -1, 5]), fb.tensor([1.0, 2.0, 3.0], dtype=fb.float64)
    np.put(expected := VALUES.copy(), [0, -1, 5], [1.0, 2.0, 3.0])
    np.testing.assert_array_equal(x.put(places, numbers).numpy(), expected)
    np.testing.assert_array_equal(x.clone().put_(places, numbers).numpy(), expected)


def test_running_sums_in_place() -> None:
    x = fb.from_numpy(VALUES.copy())
    np.testing.assert_allclose(x.cumsum_(1).numpy(), VALUES.cumsum(1))
    x = fb.from_numpy(VALUES.copy())
    np.testing.assert_allclose(x.cumprod_(0).numpy(), VALUES.cumprod(0))


def test_mantissas_and_exponents() -> None:
    x = fb.from_numpy(VALUES)
    mantissa, exponent = fb.frexp(x)
    expected = np.frexp(VALUES)
    np.testing.assert_array_equal(mantissa.numpy(), expected[0])
    np.testing.assert_array_equal(exponent.numpy(), expected[1])
    np.testing.assert_array_equal(fb.ldexp(mantissa, exponent).numpy(), VALUES)
    np.testing.assert_array_equal(mantissa.ldexp_(exponent).numpy(), VALUES)


@pytest.mark.parametrize("edge_order", [1, 2])
@pytest.mark.parametrize(
    "spacing", [1.0, [2.0, 0.5], [np.array([0.0, 1.0, 4.0]), np.array([0.0, 1.0, 1.5, 3.0])]]
)
def test_gradients_of_samples(spacing: Any, edge_order: int) -> None:
    ours = [fb.from_numpy(s) if isinstance(s, np.ndarray) else s for s in spacing] \
        if isinstance(spacing, list) else spacing  # fmt: skip
    found = fb.gradient(fb.from_numpy(VALUES), spacing=ours, edge_order=edge_order)
    theirs = spacing if isinstance(spacing, list) else [spacing]
    expected = np.gradient(VALUES, *theirs, edge_order=edge_order)
    for x, y in zip(found, expected, strict=True):
        np.testing.assert_allclose(x.numpy(), y)


def test_places() -> None:
    places = fb.tensor([[0, 5], [11, 7]])
    for found, expected in zip(
        fb.unravel_index(places, (3, 4)), np.unravel_index(places.numpy(), (3, 4)), strict=True
    ):
        np.testing.assert_array_equal(found.numpy(), expected)
    x = fb.from_numpy(VALUES > 0)
    whole = np.argwhere(VALUES > 0)
    np.testing.assert_array_equal(x.nonzero_static(size=2).numpy(), whole[:2])
    np.testing.assert_array_equal(x.nonzero_static(size=20, fill_value=7).numpy()[len(whole) :], 7)


def test_hashes_are_bits() -> None:
    bits = VALUES.view(np.uint64)
    assert fb.hash_tensor(fb.from_numpy(VALUES)).item() == int(np.bitwise_xor.reduce(bits.ravel()))
    np.testing.assert_array_equal(
        fb.hash_tensor(fb.from_numpy(VALUES), 1, keepdim=True).numpy(),
        np.bitwise_xor.reduce(bits, 1, keepdims=True),
    )


def test_distances_of_pairs() -> None:
    x = fb.from_numpy(VALUES)
    for p in (0.0, 1.0, 2.0, 3.0, float("inf")):
        found = fb.pdist(x, p).numpy()
        expected = [np.linalg.norm(VALUES[i] - VALUES[j], p) for i in range(3) for j in range(i)]
        np.testing.assert_allclose(sorted(found), sorted(expected))


def test_low_rank_decompositions() -> None:
    x = fb.from_numpy(VALUES[:, :2] @ VALUES[:2])
    u, s, v = fb.svd_lowrank(x, 3)
    np.testing.assert_allclose(((u * s) @ v.mT).numpy(), x.numpy(), atol=1e-12)
    _, s, _ = fb.pca_lowrank(x, 3)
    centred = x.numpy() - x.numpy().mean(0)
    np.testing.assert_allclose(s.numpy(), np.linalg.svd(centred)[1][:3], atol=1e-12)


def test_memory_layouts() -> None:
    assert fb.empty_strided((2, 3), (1, 2)).stride() == (1, 2)
    assert fb.empty_permuted((2, 3, 4), (0, 2, 1)).stride() == (12, 1, 3)
    assert fb.zeros(1, dtype=fb.int64).new_empty_strided((2,), (3,)).dtype is fb.int64
    assert fb.scalar_tensor(2).dtype is fb.float32


@pytest.mark.parametrize("density", [False, True])
def test_histograms_of_points(density: bool) -> None:
    points, weight = VALUES.reshape(6, 2), np.arange(6.0)
    for bins in ([3, 2], [np.array([-2.0, 0.0, 0.5]), np.array([-1.0, 0.2, 3.0])]):
        ours = [fb.from_numpy(b) if isinstance(b, np.ndarray) else b for b in bins]
        hist, edges = fb.histogramdd(
            fb.from_numpy(points), ours, weight=fb.from_numpy(weight), density=density
        )
        expected, ends = np.histogramdd(points, bins, weights=weight, density=density)
        np.testing.assert_allclose(hist.numpy(), expected)
        for x, y in zip(edges, ends, strict=True):
            np.testing.assert_allclose(x.numpy(), y)


def test_sums_to_a_size() -> None:
    x = fb.ones(2, 3, 4)
    assert x.sum_to_size(3, 1).tolist() == [[8.0]] * 3
    assert x.sum_to_size(2, 3, 4) is x


@pytest.mark.parametrize(
    ("call", "kind", "text"),
    [
        (
            lambda: fb.zeros(2).masked_scatter(fb.tensor([True, True]), fb.ones(1)),
            RuntimeError,
            (
                "masked_scatter: the source is too short\n"
                "  expected: at least 2 elements, as many as the mask chooses\n"
                "  got:      1"
            ),
        ),
        (
            lambda: fb.zeros(2).put(fb.tensor([2]), fb.ones(1)),
            IndexError,
            "put: a place is out of range\n  expected: places from -2 to 1\n  got:      2",
        ),
        (
            lambda: fb.gradient(fb.ones(2), edge_order=2),
            RuntimeError,
            "gradient: too few samples\n  expected: at least 3\n  got:      2",
        ),
        (
            lambda: fb.ones(2, 3).sum_to_size(2, 2),
            RuntimeError,
            (
                "sum_to_size: the shape does not broadcast to the tensor's\n"
                "  expected: a shape that broadcasts to (2, 3)\n"
                "  got:      (2, 2)"
            ),
        ),
    ],
)
def test_errors_in_full(call: Any, kind: type[Exception], text: str) -> None:
    with pytest.raises(kind) as error:
        call()
    assert str(error.value) == text


def test_convolution_of_time_first() -> None:
    rng = np.random.default_rng(1)
    x, weight, bias = rng.normal(size=(5, 2, 3)), rng.normal(size=(2, 3, 4)), rng.normal(size=4)
    padded = np.pad(x, ((1, 1), (0, 0), (0, 0)))
    expected = sum(padded[k : k + 6] @ weight[k] for k in range(2)) + bias
    found = fb.conv_tbc(*map(fb.from_numpy, (x, weight, bias)), 1)
    np.testing.assert_allclose(found.numpy(), expected)
    assert found.is_contiguous()
    with pytest.raises(RuntimeError, match="conv_tbc: bias has another number of dimensions"):
        fb.conv_tbc(fb.ones(3, 1, 1), fb.ones(2, 1, 1), fb.zeros(1, 1))


def test_sums_with_outer_products_of_booleans() -> None:
    first, second = fb.tensor([True, False]), fb.tensor([True, True])
    start = fb.tensor([[False, False], [False, True]])
    assert fb.addr(start, first, second).tolist() == [[True, True], [False, True]]
    assert fb.addr(start, first, second, beta=0).tolist() == [[True, True], [False, False]]
    assert fb.addr(start, first, second, alpha=0).tolist() == start.tolist()


def test_out_that_would_grow_into_an_input() -> None:
    index = fb.tensor([2, 1, 0])
    with pytest.raises(RuntimeError, match="gather: elements of out share their memory"):
        fb.gather(index, 0, index[1:], out=index[:1])
    with pytest.raises(RuntimeError, match="index_select: elements of out share their memory"):
        fb.index_select(index, 0, index, out=fb.zeros(1, dtype=fb.int64).expand(5))
    empty = fb.zeros(0)
    with pytest.raises(RuntimeError, match="cat: elements of out share their memory"):
        fb.cat([empty, fb.ones(2)], out=empty)


def test_weights_of_covariance_are_not_negative() -> None:
    with pytest.raises(RuntimeError) as raised:
        fb.cov(fb.ones(3), fweights=fb.tensor([1, -1, 2]))
    assert str(raised.value) == ("cov: a negative weight\n  expected: numbers >= 0\n  got:      -1")


def test_complex_root_mean_squares() -> None:
    x = fb.complex(fb.ones(2, 3), fb.arange(3.0).expand(2, 3))
    values = x.numpy()
    expected = values / np.sqrt((values**2).mean(1, keepdims=True) + 0.1)
    np.testing.assert_allclose(fb.rms_norm(x, (3,), None, 0.1).numpy(), expected, rtol=1e-6)


def test_functions_by_their_inner_names() -> None:
    aten = fb.ops.aten
    x = fb.tensor([1.0, -2.0])
    assert aten.native_dropout_backward(x, x > 0, 2.0).tolist() == [2.0, 0.0]
    assert aten.neg(x).tolist() == [-1.0, 2.0]
    assert aten.gelu is fb.nn.functional.gelu
    assert aten.add_(x, 1).tolist() == [2.0, -1.0]
    with pytest.raises(AttributeError, match="has no 'nothing'"):
        _ = aten.nothing


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_softmax_of_small_rows_of_any_height(dtype: type) -> None:
    x = VALUES.astype(dtype)
    height = np.array([[0.0], [-150.0], [300.0]], dtype)
    bent = np.exp(x - x.max(1, keepdims=True))
    expected = bent / bent.sum(1, keepdims=True)
    # The sum of a row and its height is rounded.
    tolerance = {"rtol": 400 * float(np.finfo(dtype).eps)}
    found = fb.from_numpy(x + height).softmax(1).numpy()
    np.testing.assert_allclose(found, expected, **tolerance)
    found = fb.from_numpy(x + height).log_softmax(1).exp().numpy()
    np.testing.assert_allclose(found, expected, **tolerance)


def test_softmax_of_rows_with_infinities() -> None:
    x = fb.tensor([[0.0, -np.inf, 0.0], [-np.inf] * 3, [np.inf, 0.0, 0.0], [1.0, np.nan, 0.0]])
    found = x.softmax(1).numpy()
    np.testing.assert_array_equal(found[0], [0.5, 0.0, 0.5])
    assert np.isnan(found[1:]).all()


@pytest.mark.parametrize("k", [1, 3, 8, 9])
def test_largest_elements_one_by_one_and_by_sorting(k: int) -> None:
    x = np.random.default_rng(1).integers(0, 9, (5, 12)).astype(np.float32)  # with equal ones
    x[1, 3], x[2, :8], x[3, 5] = np.nan, -np.inf, np.inf
    values, index = fb.from_numpy(x).topk(k)
    order = np.argsort(-x, axis=1, kind="stable")
    order[1] = [3, *[i for i in np.argsort(-x[1], kind="stable") if i != 3]]
    np.testing.assert_array_equal(values.numpy(), np.take_along_axis(x, order[:, :k], 1))
    finite = np.isfinite(values.numpy())
    np.testing.assert_array_equal(index.numpy()[finite], order[:, :k][finite])
    assert values.is_contiguous()
    assert index.is_contiguous()


def test_short_running_sums_have_the_same_bits_in_native_code(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    x = fb.from_numpy((VALUES.repeat(60, 1) ** 5).astype(np.float32))
    found = []
    for kernels in (native.kernels(), None):
        monkeypatch.setattr(scans, "kernels_for", lambda size, kernels=kernels: kernels)
        found.append(x.cumsum(1).numpy().tobytes())
    assert found[0] == found[1]
