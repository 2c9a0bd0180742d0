"""Normalisation against its definition, and what is said about bad arguments."""

from __future__ import annotations

import numpy as np
import pytest

import flambeau as fb
from flambeau.nn import functional as F

RANDOM = np.random.default_rng(0)


def standardised(x, axes, eps):
    centred = x - x.mean(axes, keepdims=True)
    return centred / np.sqrt((centred**2).mean(axes, keepdims=True) + eps)


@pytest.mark.parametrize("shape", [(6, 4), (3, 4, 5), (2, 4, 3, 3), (40, 4, 40, 40)])
def test_definitions(shape):
    x = RANDOM.normal(3.0, 2.0, shape)
    weight, bias = RANDOM.normal(size=4), RANDOM.normal(size=4)
    w, b = (v.reshape(1, 4, *[1] * (len(shape) - 2)) for v in (weight, bias))
    places = tuple(range(2, len(shape)))
    expected = standardised(x, (0, *places), 1e-5) * w + b
    found = F.batch_norm(
        fb.tensor(x), None, None, fb.tensor(weight), fb.tensor(bias), training=True
    )
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-11, atol=1e-11)
    if places:
        expected = standardised(x, places, 1e-5) * w + b
        found = F.instance_norm(fb.tensor(x), weight=fb.tensor(weight), bias=fb.tensor(bias))
        np.testing.assert_allclose(found.numpy(), expected, rtol=1e-11, atol=1e-11)
    grouped = x.reshape(shape[0], 2, 2, *shape[2:])
    axes = tuple(range(2, grouped.ndim))
    expected = standardised(grouped, axes, 1e-5).reshape(shape) * w + b
    found = F.group_norm(fb.tensor(x), 2, fb.tensor(weight), fb.tensor(bias))
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-11, atol=1e-11)
    expected = standardised(x, -1, 0.1)
    found = F.layer_norm(fb.tensor(x), shape[-1:], eps=0.1)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-11, atol=1e-11)
    expected = x / np.sqrt((x**2).mean(-1, keepdims=True) + 0.1)
    found = F.rms_norm(fb.tensor(x), shape[-1:], eps=0.1)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-11, atol=1e-11)


def test_large_means_do_not_drown_the_variance():
    x = RANDOM.normal(0.0, 1.0, (500, 300)).astype(np.float32)
    for shift in (0, 1000):
        y = F.layer_norm(fb.tensor(x + np.float32(shift)), (300,)).numpy()
        np.testing.assert_allclose(y.std(1), 1, rtol=1e-3)


def test_an_output_may_be_changed_in_place():
    layer = fb.nn.BatchNorm1d(3)
    y = layer(fb.randn(4, 3)).relu_()
    y.sum().backward()
    assert layer.weight.grad is not None


def test_running_statistics_follow_their_formula():
    x = RANDOM.normal(2.0, 3.0, (5, 2, 4))
    layer = fb.nn.BatchNorm1d(2, momentum=0.25, dtype=fb.float64)
    layer(fb.tensor(x))
    mean, var = x.mean((0, 2)), x.var((0, 2), ddof=1)
    np.testing.assert_allclose(layer.running_mean.numpy(), 0.25 * mean, rtol=1e-13)
    np.testing.assert_allclose(layer.running_var.numpy(), 0.75 + 0.25 * var, rtol=1e-13)
    layer.reset_running_stats()
    assert layer.running_mean.tolist() == [0, 0]
    assert layer.num_batches_tracked.item() == 0


ERRORS = {
    "one value": (
        lambda: F.batch_norm(fb.ones(1, 3), None, None, training=True),
        ValueError,
        (
            "batch_norm: one value has no variance\n"
            "  expected: more than 1 value per channel when training\n  got:      shape (1, 3)"
        ),
    ),
    "no statistics": (
        lambda: F.batch_norm(fb.ones(2, 3), None, None),
        RuntimeError,
        (
            "batch_norm: running statistics are missing\n"
            "  expected: running_mean and running_var where the batch's own are not used\n"
            "  got:      running_mean=None, running_var=None"
        ),
    ),
    "channels": (
        lambda: fb.nn.BatchNorm2d(3)(fb.ones(2, 2, 2, 2)),
        RuntimeError,
        (
            "batch_norm: running_mean does not fit the channels\n"
            "  expected: shape (2,)\n  got:      (3,)"
        ),
    ),
    "dimensions": (
        lambda: fb.nn.BatchNorm1d(3)(fb.ones(2, 3, 2, 2)),
        ValueError,
        (
            "BatchNorm1d: the input has another number of dimensions\n"
            "  expected: 2 or 3 dimensions\n  got:      4: shape (2, 3, 2, 2)"
        ),
    ),
    "layer": (
        lambda: F.layer_norm(fb.ones(2, 3), (2,)),
        RuntimeError,
        (
            "layer_norm: the input does not end in normalized_shape\n"
            "  expected: an input of shape (*, 2)\n"
            "  got:      input (2, 3) and normalized_shape (2,)"
        ),
    ),
    "types": (
        lambda: F.layer_norm(fb.ones(2, 3), (3,), fb.ones(3).double()),
        RuntimeError,
        (
            "layer_norm: a parameter has another type than the input\n"
            "  expected: parameters of type torch.float32\n  got:      torch.float64\n"
            "  help:     convert with .to(dtype)"
        ),
    ),
    "groups": (
        lambda: F.group_norm(fb.ones(2, 3), 2),
        RuntimeError,
        (
            "group_norm: the channels do not divide into the groups\n"
            "  expected: an input of shape (n, c, *) with c a multiple of 2\n  got:      (2, 3)"
        ),
    ),
    "instance": (
        lambda: fb.nn.InstanceNorm1d(3, affine=True)(fb.ones(2, 2, 2)),
        ValueError,
        (
            "InstanceNorm1d: the channels are not num_features\n"
            "  expected: size 3 in dimension 1\n  got:      shape (2, 2, 2)"
        ),
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name):
    call, kind, text = ERRORS[name]
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value) == text


def test_instance_norm_warns_of_other_channels():
    with pytest.warns(UserWarning, match="the channels are not num_features"):
        fb.nn.InstanceNorm1d(3)(fb.ones(2, 2, 2))
