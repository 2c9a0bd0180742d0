"""Interpolation, shuffles and sliding blocks beside PyTorch's."""

from __future__ import annotations

import numpy as np
import pytest

import flambeau as fb
from tests.ops.peer_comparison import assert_same, assert_same_error, compare, to_peer

torch = pytest.importorskip("torch")

pytestmark = pytest.mark.peers


def values(shape, dtype="float64"):
    array = np.random.default_rng(len(shape)).normal(size=shape)
    return fb.from_numpy(np.asarray(array)).to(getattr(fb, dtype))


SIZES = {1: (7,), 2: (5, 6), 3: (3, 4, 2)}
MODES = {
    1: ["nearest", "nearest-exact", "linear", "area"],
    2: ["nearest", "nearest-exact", "bilinear", "bicubic", "area"],
    3: ["nearest", "nearest-exact", "trilinear", "area"],
}
HOW = [
    {"size": 3}, {"size": 11}, {"scale_factor": 2}, {"scale_factor": 1.7}, {"scale_factor": 0.6},
    {"scale_factor": 1.3, "recompute_scale_factor": True}, {"size": 1},
]  # fmt: skip


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize(("ndim", "mode"), [(n, m) for n in MODES for m in MODES[n]])
def test_interpolate(ndim, mode, how):
    x = values((2, 2, *SIZES[ndim]))
    for align in (None, True) if "linear" in mode or mode == "bicubic" else (None,):
        options = {**how, "mode": mode, "align_corners": align}
        call = lambda L, x: L.nn.functional.interpolate(x, **options)  # noqa: B023, E731
        compare(torch, call, (x,), order=1)


@pytest.mark.parametrize("mode", ["bilinear", "bicubic", "lanczos"])
@pytest.mark.parametrize("how", [{"size": (3, 9)}, {"scale_factor": 0.4}, {"size": (2, 20)}])
def test_antialias(mode, how):
    x = values((2, 2, 8, 9))
    for align in (None,) if mode == "lanczos" else (None, True):
        options = {**how, "mode": mode, "align_corners": align, "antialias": True}
        call = lambda L, x: L.nn.functional.interpolate(x, **options)  # noqa: B023, E731
        compare(torch, call, (x,), order=1)


@pytest.mark.parametrize("mode", ["nearest", "nearest-exact", "bilinear", "bicubic", "area"])
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_types(mode, dtype):
    x = values((2, 3, 70, 5), dtype)
    call = lambda L, x: L.nn.functional.interpolate(x, (100, 9), mode=mode)  # noqa: E731
    tolerance = {"float32": 1e-5, "float16": 2e-2, "bfloat16": 1e-1}[dtype]
    ours, theirs = call(fb, x), call(torch, to_peer(x, torch))
    assert str(ours.dtype) == str(theirs.dtype)
    np.testing.assert_allclose(
        ours.float().numpy(), theirs.float().numpy(), rtol=tolerance, atol=tolerance
    )


def test_bytes():
    x = fb.from_numpy(np.random.default_rng(0).integers(0, 256, (1, 3, 6, 5)).astype(np.uint8))
    for mode in ("nearest", "nearest-exact"):
        call = lambda L, x: L.nn.functional.interpolate(x, (9, 4), mode=mode)  # noqa: B023, E731
        assert_same(call(fb, x), call(torch, to_peer(x, torch)))
    for mode in ("bilinear", "bicubic"):
        call = lambda L, x: L.nn.functional.interpolate(x, (9, 4), mode=mode)  # noqa: B023, E731
        ours, theirs = call(fb, x).numpy(), call(torch, to_peer(x, torch)).numpy()
        assert np.abs(ours.astype(int) - theirs).max() <= 1  # PyTorch computes with whole numbers


@pytest.mark.parametrize("scale", [2, 1.7, 0.6, 1 / 3])
@pytest.mark.parametrize("size", [10, 33, 100])
def test_nearest_picks_the_same_elements(size, scale):
    x = fb.arange(size, dtype=fb.float64).reshape(1, 1, size)
    for mode in ("nearest", "nearest-exact"):
        for options in ({"scale_factor": scale}, {"size": int(size * scale)}):
            call = lambda L, x: L.nn.functional.interpolate(x, mode=mode, **options)  # noqa: B023, E731
            assert_same(call(fb, x), call(torch, to_peer(x, torch)))


CALLS = {
    "pixel_shuffle": (lambda L, x: L.nn.functional.pixel_shuffle(x, 2), (2, 8, 2, 3)),
    "pixel_shuffle alone": (lambda L, x: L.pixel_shuffle(x, 3), (9, 1, 2)),
    "pixel_unshuffle": (lambda L, x: L.nn.functional.pixel_unshuffle(x, 2), (2, 2, 4, 6)),
    "channel_shuffle": (lambda L, x: L.nn.functional.channel_shuffle(x, 3), (2, 6, 2, 3)),
    "channel_shuffle of rows": (lambda L, x: L.nn.functional.channel_shuffle(x, 2), (3, 6, 2)),
    "unfold": (lambda L, x: L.nn.functional.unfold(x, 2), (2, 3, 4, 5)),
    "unfold with all": (lambda L, x: L.nn.functional.unfold(x, (2, 3), 2, (1, 2), (1, 2)),
                        (2, 3, 4, 5)),
    "unfold alone": (lambda L, x: L.nn.functional.unfold(x, 3, padding=1), (3, 4, 5)),
    "fold": (lambda L, x: L.nn.functional.fold(x, (4, 5), 2), (2, 12, 12)),
    "fold with all": (lambda L, x: L.nn.functional.fold(x, (4, 5), (2, 3), 2, (1, 2), (1, 2)),
                      (2, 12, 12)),
    "fold alone": (lambda L, x: L.nn.functional.fold(x, 4, 3, padding=1), (18, 16)),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_rearrangements(name):
    call, shape = CALLS[name]
    compare(torch, call, (values(shape),))
    if "pixel" in name:
        compare(torch, call, (values(shape).long(),))
    if "fold" in name:
        compare(torch, call, (values(shape, "bfloat16"),), order=1)


ERRORS = {
    "neither": (lambda L, x: L.nn.functional.interpolate(x), ValueError),
    "both": (lambda L, x: L.nn.functional.interpolate(x, 3, 2), ValueError),
    "one of two": (lambda L, x: L.nn.functional.interpolate(x, (3,)), ValueError),
    "three scales": (lambda L, x: L.nn.functional.interpolate(x, None, (1, 2, 3)), ValueError),
    "mode": (lambda L, x: L.nn.functional.interpolate(x, 3, mode="cubic"), NotImplementedError),
    "linear": (lambda L, x: L.nn.functional.interpolate(x, 3, mode="linear"), NotImplementedError),
    "align": (lambda L, x: L.nn.functional.interpolate(x, 3, align_corners=True), ValueError),
    "antialias": (lambda L, x: L.nn.functional.interpolate(x, 3, antialias=True), ValueError),
    "lanczos": (lambda L, x: L.nn.functional.interpolate(x, 3, mode="lanczos"), ValueError),
    "recompute": (lambda L, x: L.nn.functional.interpolate(x, 3, recompute_scale_factor=True),
                  ValueError),
    "zero": (lambda L, x: L.nn.functional.interpolate(x, 0), RuntimeError),
    "to nothing": (lambda L, x: L.nn.functional.interpolate(x, scale_factor=0.1), RuntimeError),
    "half": (lambda L, x: L.nn.functional.interpolate(x, 2.5), TypeError),
    "two dimensions": (lambda L, x: L.nn.functional.interpolate(x[0, 0], 2), NotImplementedError),
    "integers": (lambda L, x: L.nn.functional.interpolate(x.long(), 2), NotImplementedError),
    "no channels": (lambda L, x: L.nn.functional.interpolate(x[:, :0], 2), RuntimeError),
    "shuffle": (lambda L, x: L.nn.functional.pixel_shuffle(x, 3), RuntimeError),
    "shuffle by 0": (lambda L, x: L.nn.functional.pixel_shuffle(x, 0), RuntimeError),
    "shuffle of a matrix": (lambda L, x: L.nn.functional.pixel_shuffle(x[0, 0], 2), RuntimeError),
    "unshuffle": (lambda L, x: L.nn.functional.pixel_unshuffle(x, 3), RuntimeError),
    "channels": (lambda L, x: L.nn.functional.channel_shuffle(x, 3), RuntimeError),
    "unfold too large": (lambda L, x: L.nn.functional.unfold(x, 9), RuntimeError),
    "unfold without stride": (lambda L, x: L.nn.functional.unfold(x, 2, stride=0), RuntimeError),
    "unfold of integers": (lambda L, x: L.nn.functional.unfold(x.long(), 2), NotImplementedError),
    "unfold of volumes": (lambda L, x: L.nn.functional.unfold(x[None], 2), RuntimeError),
    "fold": (lambda L, x: L.nn.functional.fold(x[0], (4, 6), 2), RuntimeError),
    "fold of channels": (lambda L, x: L.nn.functional.fold(L.ones(1, 5, 15), (4, 6), 2),
                         RuntimeError),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name):
    call, expected = ERRORS[name]
    assert_same_error(torch, call, (values((2, 8, 4, 5)),), expected)


def test_old_names():
    x = values((1, 1, 2, 3))
    for name in ("upsample", "upsample_nearest", "upsample_bilinear"):
        with pytest.warns(UserWarning, match="upsample"):
            ours = getattr(fb.nn.functional, name)(x, scale_factor=2)
        with pytest.warns(UserWarning, match="upsample"):
            theirs = getattr(torch.nn.functional, name)(to_peer(x, torch), scale_factor=2)
        assert_same(ours, theirs)
