"""New tensors: values, types, layouts, options and errors in full."""

from __future__ import annotations

import numpy as np
import pytest

import flambeau as fb


@pytest.mark.parametrize("sizes", [(2, 3), ((2, 3),), ([2, 3],), (fb.Size([2, 3]),)])
@pytest.mark.parametrize("make", [fb.zeros, fb.ones, fb.empty, fb.rand, fb.randn])
def test_sizes_in_all_forms(make, sizes):
    assert tuple(make(*sizes).shape) == (2, 3)
    assert tuple(make(size=(2, 3)).shape) == (2, 3)


def test_values_and_types():
    assert fb.zeros(2).tolist() == [0.0, 0.0]
    assert fb.ones((), dtype=fb.int8).item() == 1
    assert fb.full((2,), 3).dtype is fb.int64
    assert fb.full((2,), 3.0).dtype is fb.float32
    assert fb.full((2,), True).dtype is fb.bool
    assert fb.full((2,), 1j).dtype is fb.complex64
    assert fb.full((2,), fb.tensor(3.0)).tolist() == [3.0, 3.0]
    assert fb.full((2,), 2.7, dtype=fb.int64).tolist() == [2, 2]
    assert fb.full((1,), -1, dtype=fb.uint8).item() == 255
    assert np.signbit(fb.full((1,), -0.0)._array).all()
    assert fb.eye(2, 3).tolist() == [[1, 0, 0], [0, 1, 0]]


def test_default_type_is_followed():
    fb.set_default_dtype(fb.float64)
    try:
        made = [fb.zeros(1), fb.arange(0.5), fb.linspace(0, 1, 2), fb.rand(1), fb.full((1,), 0.5)]
    finally:
        fb.set_default_dtype(fb.float32)
    assert {x.dtype for x in made} == {fb.float64}


def test_options():
    x = fb.zeros(2, device="cpu", layout=fb.strided, pin_memory=False, requires_grad=True)
    assert x.requires_grad
    assert x.is_leaf
    with pytest.raises(RuntimeError):
        fb.zeros(2, device="cuda")
    with pytest.raises(RuntimeError):
        fb.zeros(2, dtype=fb.int64, requires_grad=True)


def test_out_is_filled_and_resized():
    out = fb.ones(5)
    assert fb.zeros(2, 2, out=out) is out
    assert out.tolist() == [[0.0, 0.0], [0.0, 0.0]]
    integers = fb.empty(3, dtype=fb.int64)
    assert fb.arange(3, out=integers).dtype is fb.int64


def test_likes_keep_the_layout():
    x = fb.zeros(2, 3).transpose(0, 1)
    for make in (fb.zeros_like, fb.ones_like, fb.empty_like, fb.rand_like, fb.randn_like):
        assert make(x).stride() == (1, 3)
        assert make(x, memory_format=fb.contiguous_format).stride() == (2, 1)
    assert fb.full_like(x, 7, dtype=fb.int32).dtype is fb.int32
    images = fb.empty(2, 3, 4, 5, memory_format=fb.channels_last)
    assert images.stride() == (60, 1, 15, 3)
    assert fb.zeros_like(fb.zeros(2, 3, 4, 5), memory_format=fb.channels_last).stride() == (
        60,
        1,
        15,
        3,
    )


def test_likes_carry_no_history():
    assert not fb.zeros_like(fb.ones(2, requires_grad=True)).requires_grad


def test_arange_forms():
    assert fb.arange(3).tolist() == [0, 1, 2]
    assert fb.arange(1, 3).tolist() == fb.arange(start=1, end=3).tolist() == [1, 2]
    assert fb.arange(end=2).tolist() == [0, 1]
    assert fb.arange(5, 0, -2).tolist() == [5, 3, 1]
    assert fb.arange(0, 1, 0.25).dtype is fb.float32
    assert fb.arange(0, 5, 1.5, dtype=fb.int64).tolist() == [0, 1, 2, 3, 4]
    assert fb.arange(0, 2**62, 2**61).tolist() == [0, 2**61]


def test_linspace_is_symmetric():
    values = fb.linspace(-0.7, 0.7, 100)._array
    np.testing.assert_array_equal(values, -values[::-1])
    assert fb.linspace(2, 5, 1).tolist() == [2.0]
    assert fb.linspace(2, 5, 0).tolist() == []


def test_float64_arange_is_the_correctly_rounded_recurrence():
    from fractions import Fraction

    start, step, found = 0.1, 0.3, fb.arange(0.1, 30, 0.3, dtype=fb.float64).tolist()
    for place in range(len(found) - len(found) % 8):
        block = place - place % 4
        first = float(Fraction(step) * block + Fraction(start))
        assert found[place] == float(Fraction(step) * (place - block) + Fraction(first))


def test_triangles_and_diagonals():
    x = fb.arange(12).reshape(3, 4)
    for k in (-3, -1, 0, 2, 9):
        np.testing.assert_array_equal(fb.tril(x, k)._array, np.tril(x._array, k))
        np.testing.assert_array_equal(fb.triu(x, k)._array, np.triu(x._array, k))
        np.testing.assert_array_equal(fb.diag(x, k)._array, np.diag(x._array, k))
        np.testing.assert_array_equal(fb.diag(x[0], k)._array, np.diag(x._array[0], k))
        np.testing.assert_array_equal(fb.tril_indices(3, 4, k)._array, np.tril_indices(3, k, 4))
        np.testing.assert_array_equal(fb.triu_indices(3, 4, k)._array, np.triu_indices(3, k, 4))
    np.testing.assert_array_equal(fb.diagflat(x, 1)._array, np.diagflat(x._array, 1))
    y = x.clone()
    assert y.tril_() is y
    np.testing.assert_array_equal(y._array, np.tril(x._array))
    np.testing.assert_array_equal(fb.vander(x[1], 3)._array, np.vander(x._array[1], 3))


def test_complex_from_parts():
    z = fb.complex(fb.tensor([1.0, 2.0]), fb.tensor([3.0, 4.0]))
    assert z.tolist() == [1 + 3j, 2 + 4j]
    magnitude, angle = fb.tensor([2.0, 1.0]), fb.tensor([0.5, -1.0])
    expected = magnitude._array * np.exp(1j * angle._array)
    np.testing.assert_allclose(fb.polar(magnitude, angle)._array, expected, rtol=1e-6)


def test_polar_gradients_agree_with_finite_differences():
    inputs = [
        fb.tensor([2.0, -1.0], dtype=fb.float64, requires_grad=True),
        fb.tensor([0.5, -1.0], dtype=fb.float64, requires_grad=True),
    ]
    assert fb.autograd.gradcheck(fb.polar, inputs)
    assert fb.autograd.gradcheck(fb.complex, inputs)


ERRORS = {
    "negative": (
        lambda: fb.zeros(2, -1),
        RuntimeError,
        "zeros: a size is negative\n  expected: sizes >= 0\n  got:      (2, -1)",
    ),
    "fraction": (
        lambda: fb.zeros(2.5),
        TypeError,
        "zeros: sizes must be integers\n  expected: integers\n  got:      (2.5,)",
    ),
    "overflow": (
        lambda: fb.full((2,), 300, dtype=fb.uint8),
        RuntimeError,
        (
            "full: the type cannot hold the value\n"
            "  expected: a value in the range of torch.uint8\n"
            "  got:      300"
        ),
    ),
    "infinite": (
        lambda: fb.full_like(fb.zeros(2, dtype=fb.int64), float("inf")),
        RuntimeError,
        (
            "full_like: the type cannot hold the value\n"
            "  expected: a value in the range of torch.int64\n"
            "  got:      inf"
        ),
    ),
    "step": (
        lambda: fb.arange(0, 5, 0),
        RuntimeError,
        "arange: step is 0\n  expected: a step that is not 0\n  got:      0",
    ),
    "direction": (
        lambda: fb.arange(0, 5, -1),
        RuntimeError,
        (
            "arange: the step points away from the end\n"
            "  expected: end >= start for step > 0, end <= start for step < 0\n"
            "  got:      start 0, end 5, step -1"
        ),
    ),
    "steps": (
        lambda: fb.linspace(0, 1, -1),
        RuntimeError,
        "linspace: negative number of steps\n  expected: steps >= 0\n  got:      -1",
    ),
    "matrix": (
        lambda: fb.tril(fb.ones(3)),
        RuntimeError,
        "tril: not a matrix\n  expected: at least 2 dimensions\n  got:      shape (3,)",
    ),
    "diag": (
        lambda: fb.diag(fb.ones(2, 2, 2)),
        RuntimeError,
        (
            "diag: neither a vector nor a matrix\n"
            "  expected: 1 or 2 dimensions\n"
            "  got:      shape (2, 2, 2)\n"
            "  help:     use diagonal() or diag_embed() for stacks of matrices"
        ),
    ),
    "like": (
        lambda: fb.zeros_like([1]),
        TypeError,
        "zeros_like: not a tensor\n  expected: a tensor\n  got:      list",
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors_teach(name):
    call, kind, text = ERRORS[name]
    with pytest.raises(kind) as error:
        call()
    assert str(error.value) == text
