"""New tensors beside PyTorch: the same bits, types, strides and kinds of errors."""

from __future__ import annotations

import numpy as np
import pytest

import flambeau as fb

torch = pytest.importorskip("torch")
hypothesis = pytest.importorskip("hypothesis")
st = hypothesis.strategies

pytestmark = pytest.mark.peers

KINDS = (RuntimeError, ValueError, TypeError, IndexError)


def attempt(call, module):
    try:
        return call(module)
    except KINDS as error:
        return [kind for kind in KINDS if isinstance(error, kind)]


def compare(call):
    ours, theirs = attempt(call, fb), attempt(call, torch)
    if isinstance(ours, list) or isinstance(theirs, list):
        assert ours == theirs
        return
    assert str(ours.dtype) == str(theirs.dtype)
    assert tuple(ours.shape) == tuple(theirs.shape)
    assert ours.stride() == theirs.stride()
    x, y = ours.detach(), theirs.detach()
    if y.dtype is torch.bfloat16:
        x, y = x.view(fb.int16), y.view(torch.int16)
    np.testing.assert_array_equal(x._array, y.numpy())


BOUNDS = st.one_of(st.integers(-50, 50), st.floats(-50, 50), st.sampled_from([0.1, -7.7, 1 / 3]))
STEPS = st.one_of(
    st.integers(-3, 3), st.floats(0.01, 3), st.floats(-3, -0.01), st.sampled_from([0.1, 1 / 3])
)
DTYPES = st.sampled_from(["float32", "float64", "float16", "bfloat16", "int64", "int32", "int8"])


@hypothesis.given(BOUNDS, BOUNDS, STEPS, st.one_of(st.none(), DTYPES))
@hypothesis.settings(max_examples=300)
def test_arange(start, end, step, dtype):
    compare(lambda m: m.arange(start, end, step, dtype=dtype and getattr(m, dtype)))


@hypothesis.given(
    BOUNDS,
    BOUNDS,
    st.integers(0, 200),
    st.sampled_from(["float32", "float64", "float16", "bfloat16"]),
)
@hypothesis.settings(max_examples=300)
def test_linspace(start, end, steps, dtype):
    compare(lambda m: m.linspace(start, end, steps, dtype=getattr(m, dtype)))


@hypothesis.given(BOUNDS, BOUNDS, st.integers(0, 200), st.sampled_from(["int64", "int32", "int8"]))
def test_linspace_of_integers_differs_by_one_at_most(start, end, steps, dtype):
    ours = fb.linspace(start, end, steps, dtype=getattr(fb, dtype))._array
    theirs = torch.linspace(start, end, steps, dtype=getattr(torch, dtype)).numpy()
    assert ours.dtype == theirs.dtype
    assert np.abs(ours.astype(int) - theirs).max(initial=0) <= 1


@hypothesis.given(st.floats(-3, 3), st.floats(-3, 3), st.integers(0, 60))
def test_logspace(start, end, steps):
    for base in (10.0, 2.0, 0.5):
        ours = fb.logspace(start, end, steps, base, dtype=fb.float64)._array
        theirs = torch.logspace(start, end, steps, base, dtype=torch.float64).numpy()
        np.testing.assert_allclose(ours, theirs, rtol=1e-14)


CALLS = {
    "zeros": lambda m: m.zeros(2, 3, dtype=m.int32),
    "zeros-python-type": lambda m: m.zeros(2, dtype=float),
    "ones-0d": lambda m: m.ones(()),
    "full-bool": lambda m: m.full((2,), 2.5, dtype=m.bool),
    "full-wraps": lambda m: m.full((2,), -1, dtype=m.uint8),
    "full-too-large": lambda m: m.full((2,), 300, dtype=m.uint8),
    "full-too-small": lambda m: m.full((2,), -300, dtype=m.uint8),
    "full-int8": lambda m: m.full((2,), 128, dtype=m.int8),
    "full-overflow": lambda m: m.full((2,), 1e40),
    "full-half": lambda m: m.full((2,), 70000, dtype=m.float16),
    "full-complex": lambda m: m.full((2,), 1j, dtype=m.float32),
    "full-size": lambda m: m.full(2, 3),
    "full-inf": lambda m: m.full((2,), float("inf")),
    "zeros-negative": lambda m: m.zeros(2, -1),
    "zeros-fraction": lambda m: m.zeros(2.5),
    "zeros-name": lambda m: m.zeros(2, dtype="float32"),
    "eye": lambda m: m.eye(3, 5, dtype=m.bool),
    "eye-negative": lambda m: m.eye(-1),
    "zeros_like": lambda m: m.zeros_like(m.ones(3, 4).transpose(0, 1)),
    "ones_like-sliced": lambda m: m.ones_like(m.zeros(6, 8)[:, ::2]),
    "full_like": lambda m: m.full_like(m.ones(2, dtype=m.int64), 2.5),
    "channels_last": lambda m: m.zeros_like(m.ones(2, 3, 4, 5), memory_format=m.channels_last),
    "arange-bool": lambda m: m.arange(5, dtype=m.bool),
    "arange-inf": lambda m: m.arange(0, float("inf")),
    "arange-nothing": lambda m: m.arange(),
    "linspace-bool": lambda m: m.linspace(0, 1, 3, dtype=m.bool),
    "linspace-steps": lambda m: m.linspace(0, 1, 2.5),
    "tril_indices": lambda m: m.tril_indices(3, 4, 1),
    "triu_indices": lambda m: m.triu_indices(4, 3, -1, dtype=m.int32),
    "tril_indices-float": lambda m: m.tril_indices(3, 3, dtype=m.float32),
    "tril_indices-negative": lambda m: m.tril_indices(-1, 3),
    "tril-transposed": lambda m: m.ones(3, 4).transpose(0, 1).tril(),
    "tril-vector": lambda m: m.tril(m.ones(3)),
    "diag-0d": lambda m: m.diag(m.tensor(1.0)),
    "diag_embed": lambda m: m.diag_embed(m.arange(6).reshape(2, 3), 1, 0, 2),
    "diag_embed-same": lambda m: m.diag_embed(m.ones(3), 0, 0, 0),
    "diag_embed-range": lambda m: m.diag_embed(m.ones(3), 0, 0, 5),
    "diagflat": lambda m: m.diagflat(m.arange(4).reshape(2, 2), -1),
    "vander": lambda m: m.vander(m.tensor([1.0, 2.0, 3.0]), 4, True).contiguous(),
    "vander-matrix": lambda m: m.vander(m.ones(2, 2)),
    "vander-negative": lambda m: m.vander(m.ones(2), -1),
    "complex": lambda m: m.complex(m.ones(2), m.zeros(2)),
    "complex-types": lambda m: m.complex(m.ones(2), m.zeros(2, dtype=m.float64)),
    "complex-integers": lambda m: m.complex(m.tensor([1]), m.tensor([1])),
}


@pytest.mark.parametrize("name", CALLS)
def test_same_result_or_kind_of_error(name):
    compare(CALLS[name])
