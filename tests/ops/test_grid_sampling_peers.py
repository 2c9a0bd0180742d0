"""Images looked up at grids beside PyTorch's: values, graphs, gradients, errors."""

from __future__ import annotations

import numpy as np
import pytest

import flambeau as fb
from tests.ops.peer_comparison import assert_same, assert_same_error, compare, to_peer

torch = pytest.importorskip("torch")

pytestmark = pytest.mark.peers


def values(shape, scale=1.0, dtype="float64"):
    array = scale * np.random.default_rng(sum(shape)).normal(size=shape)
    return fb.from_numpy(np.asarray(array)).to(getattr(fb, dtype))


@pytest.mark.parametrize("aligned", [True, False])
@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("mode", ["bilinear", "nearest", "bicubic"])
def test_images(mode, padding, aligned):
    def call(L, x, grid):
        return L.nn.functional.grid_sample(x, grid, mode, padding, aligned)

    for shape, points in (((2, 3, 5, 4), (3, 6)), ((1, 1, 1, 2), (2, 2)), ((2, 1, 6, 6), (4, 4))):
        inputs = (values(shape), values((shape[0], *points, 2), 0.8))
        compare(torch, call, inputs, order=1)


@pytest.mark.parametrize("aligned", [True, False])
@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("mode", ["bilinear", "nearest"])
def test_volumes(mode, padding, aligned):
    def call(L, x, grid):
        return L.nn.functional.grid_sample(x, grid, mode, padding, aligned)

    inputs = (values((2, 2, 3, 4, 5)), values((2, 3, 2, 4, 3), 0.8))
    compare(torch, call, inputs, order=1)


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_types(dtype):
    x, grid = values((2, 3, 5, 4), dtype=dtype), values((2, 3, 6, 2), 0.6, dtype)
    call = lambda L, x, grid: L.nn.functional.grid_sample(x, grid, align_corners=False)  # noqa: E731
    ours, theirs = call(fb, x, grid), call(torch, to_peer(x, torch), to_peer(grid, torch))
    assert str(ours.dtype) == str(theirs.dtype)
    tolerance = 1e-5 if dtype == "float32" else 1e-2
    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("aligned", [True, False])
@pytest.mark.parametrize("sizes", [(3, 4), (1, 2), (2, 3, 4), (2, 1, 3)])
def test_affine_grids(sizes, aligned):
    ndim = len(sizes)
    call = lambda L, theta: L.nn.functional.affine_grid(theta, (2, 5, *sizes), aligned)  # noqa: E731
    compare(torch, call, (values((2, ndim, ndim + 1)),), order=1)


def test_a_spatial_transformer():
    def call(L, x, theta):
        grid = L.nn.functional.affine_grid(theta, (2, 1, 4, 5), align_corners=False)
        return L.nn.functional.grid_sample(x, grid, align_corners=False)

    compare(torch, call, (values((2, 1, 4, 5)), values((2, 2, 3))), order=1)


def test_the_default_warns():
    x, grid = values((1, 1, 2, 2)), values((1, 2, 2, 2))
    with pytest.warns(UserWarning, match="align_corners"):
        ours = fb.nn.functional.grid_sample(x, grid)
    with pytest.warns(UserWarning, match="align_corners"):
        theirs = torch.nn.functional.grid_sample(to_peer(x, torch), to_peer(grid, torch))
    assert_same(ours, theirs)
    with pytest.warns(UserWarning, match="align_corners"):
        fb.nn.functional.affine_grid(values((1, 2, 3)), (1, 1, 2, 2))


ERRORS = {
    "mode": (lambda L, x, g: L.nn.functional.grid_sample(x, g, "cubic"), ValueError),
    "padding": (lambda L, x, g: L.nn.functional.grid_sample(x, g, "nearest", "wrap"), ValueError),
    "types": (lambda L, x, g: L.nn.functional.grid_sample(x, g.float(), align_corners=True),
              RuntimeError),
    "batches": (lambda L, x, g: L.nn.functional.grid_sample(x[:1], g, align_corners=True),
                RuntimeError),
    "coordinates": (lambda L, x, g: L.nn.functional.grid_sample(x, g[..., :1], align_corners=True),
                    RuntimeError),
    "empty": (lambda L, x, g: L.nn.functional.grid_sample(x[:, :, :0], g, align_corners=True),
              RuntimeError),
    "volumes": (lambda L, x, g: L.nn.functional.grid_sample(
        x[None], L.ones(1, 2, 2, 2, 3, dtype=L.float64), "bicubic", align_corners=True),
        RuntimeError),
    "size": (lambda L, x, g: L.nn.functional.affine_grid(L.ones(2, 2, 3), (2, 1, 3), True),
             NotImplementedError),
    "theta": (lambda L, x, g: L.nn.functional.affine_grid(L.ones(2, 3, 3), (2, 1, 3, 3), True),
              ValueError),
    "zero": (lambda L, x, g: L.nn.functional.affine_grid(L.ones(2, 2, 3), (2, 1, 0, 3), True),
             ValueError),
    "integers": (lambda L, x, g: L.nn.functional.affine_grid(L.ones(2, 2, 3).long(), (2, 1, 2, 3),
                                                             True), ValueError),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name):
    call, expected = ERRORS[name]
    inputs = (values((2, 2, 3, 3)), values((2, 2, 2, 2)))
    assert_same_error(torch, call, inputs, expected)


def test_modes_by_number():
    x, grid = values((2, 2, 3, 3)), values((2, 2, 2, 2))
    for numbers in ((0, 1, True), (1, 2, False), (2, 0, True)):
        compare(torch, lambda L, x, g: L.grid_sampler(x, g, *numbers), (x, grid), order=1)  # noqa: B023
    with pytest.raises(RuntimeError, match="unknown rules"):
        fb.grid_sampler(x, grid, 3, 0, True)
