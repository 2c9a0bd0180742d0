"""Initial values: distributions, bounds, structure, and every error's text."""

import math

import numpy as np
import pytest

import flambeau as fb
from flambeau.nn import init

TENSOR = (40, 30)


def filled(function, *args, shape=TENSOR, **kwargs):
    fb.manual_seed(0)
    tensor = fb.empty(shape, dtype=fb.float64)
    assert function(tensor, *args, **kwargs) is tensor
    return tensor.numpy()


def test_bounds_and_deviations():
    limit = math.sqrt(6 / 70)
    values = filled(init.xavier_uniform_)
    assert 0.99 * limit < np.abs(values).max() < limit
    assert abs(filled(init.xavier_normal_, gain=2).std() - 2 * math.sqrt(2 / 70)) < 0.02
    limit = math.sqrt(3) * math.sqrt(2) / math.sqrt(30)
    values = filled(init.kaiming_uniform_, nonlinearity="relu")
    assert 0.99 * limit < np.abs(values).max() < limit
    values = filled(init.kaiming_normal_, mode="fan_out")
    assert abs(values.std() - math.sqrt(2 / 40)) < 0.01
    values = filled(init.kaiming_normal_, shape=(20, 5, 3, 3), nonlinearity="linear")
    assert abs(values.std() - math.sqrt(1 / 45)) < 0.01


@pytest.mark.parametrize("bounds", [(-2.0, 2.0), (0.5, 1.0), (1.5, 3.0), (-0.1, 0.1)])
def test_truncated_normal_follows_its_density(bounds):
    a, b = bounds
    values = np.sort(filled(init.trunc_normal_, 0.0, 1.0, a, b, shape=(4000,)))
    assert a <= values[0]
    assert values[-1] <= b

    def cumulative(x):
        return np.array([0.5 * (1 + math.erf(v / math.sqrt(2))) for v in np.atleast_1d(x)])

    low, high = cumulative(a), cumulative(b)
    expected = (cumulative(values) - low) / (high - low)
    # Kolmogorov and Smirnov: 1.95 / sqrt(n) is exceeded once in a thousand times.
    assert np.abs(expected - np.linspace(0, 1, 4000)).max() < 1.95 / math.sqrt(4000)


def test_truncated_normal_far_from_its_mean_warns():
    with pytest.warns(UserWarning, match="more than 2 std"):
        init.trunc_normal_(fb.empty(2), mean=9.0)


@pytest.mark.parametrize("shape", [(3, 3), (2, 6), (6, 2), (4, 3, 2)])
def test_orthogonal(shape):
    matrix = filled(init.orthogonal_, 2.0, shape=shape).reshape(shape[0], -1)
    small = matrix @ matrix.T if shape[0] <= matrix.shape[1] else matrix.T @ matrix
    np.testing.assert_allclose(small, 4 * np.eye(len(small)), atol=1e-12)


def test_sparse():
    values = filled(init.sparse_, 0.25, 1.0, shape=(8, 5))
    assert ((values == 0).sum(0) == 2).all()


def test_structured():
    assert filled(init.eye_, shape=(2, 3)).tolist() == [[1, 0, 0], [0, 1, 0]]
    kernel = filled(init.dirac_, 2, shape=(4, 2, 3))
    assert np.argwhere(kernel).tolist() == [[0, 0, 1], [1, 1, 1], [2, 0, 1], [3, 1, 1]]
    assert filled(init.constant_, 0.5, shape=(2,)).tolist() == [0.5, 0.5]
    assert filled(init.ones_, shape=(2,)).tolist() == [1, 1]
    assert filled(init.zeros_, shape=(2,)).tolist() == [0, 0]


def test_nothing_is_recorded():
    p = fb.nn.Parameter(fb.empty(3, 3))
    for function in (init.uniform_, init.normal_, init.eye_, init.orthogonal_, init.trunc_normal_):
        assert function(p) is p
        assert p.is_leaf


def test_older_names():
    with pytest.warns(FutureWarning, match="nn.init.uniform is deprecated in favor of"):
        init.uniform(fb.empty(2))


def test_nothing_to_fill():
    with pytest.warns(UserWarning, match="no elements"):
        init.kaiming_uniform_(fb.empty(0, 2))


ERRORS = {
    "gain": (
        lambda: init.calculate_gain("gelu"),
        (
            "calculate_gain: unsupported nonlinearity\n"
            "  expected: linear, conv1d, conv2d, conv3d, conv_transpose1d, conv_transpose2d, "
            "conv_transpose3d, sigmoid, tanh, relu, selu, leaky_relu\n  got:      'gelu'"
        ),
    ),
    "slope": (
        lambda: init.calculate_gain("leaky_relu", True),
        "calculate_gain: slope is not a number\n  expected: a number\n  got:      True",
    ),
    "fan": (
        lambda: init.xavier_normal_(fb.empty(3)),
        (
            "init: fan in and fan out need at least 2 dimensions\n"
            "  expected: a tensor of shape (out, in, ...)\n  got:      shape (3,)"
        ),
    ),
    "mode": (
        lambda: init.kaiming_normal_(fb.empty(3, 3), mode="fan"),
        "init: no such mode\n  expected: 'fan_in' or 'fan_out'\n  got:      'fan'",
    ),
    "eye": (
        lambda: init.eye_(fb.empty(3)),
        "eye_: wrong number of dimensions\n  expected: 2 dimensions\n  got:      shape (3,)",
    ),
    "dirac": (
        lambda: init.dirac_(fb.empty(3, 3)),
        (
            "dirac_: wrong number of dimensions\n  expected: 3 or 4 or 5 dimensions\n"
            "  got:      shape (3, 3)"
        ),
    ),
    "groups": (
        lambda: init.dirac_(fb.empty(3, 3, 3), 2),
        (
            "dirac_: groups do not divide the output channels\n  expected: a divisor of 3\n"
            "  got:      groups=2"
        ),
    ),
    "orthogonal": (
        lambda: init.orthogonal_(fb.empty(3)),
        (
            "orthogonal_: the tensor has too few dimensions\n  expected: at least 2 dimensions\n"
            "  got:      shape (3,)"
        ),
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name):
    call, text = ERRORS[name]
    with pytest.raises(ValueError) as caught:
        call()
    assert str(caught.value) == text
