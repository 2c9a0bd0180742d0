"""Assertions about tensors: what is close, and what the error says."""

from __future__ import annotations

import pytest

import flambeau as fb


def test_close_is_close() -> None:
    x = fb.tensor([1.0, 2.0])
    fb.testing.assert_close(x, x + 1e-6)
    fb.testing.assert_close([x, {"a": x}], [x, {"a": x.clone()}])
    fb.testing.assert_close(1.0, 1.0 + 1e-9)
    fb.testing.assert_close(x, x + 0.5, rtol=0.0, atol=0.6)
    fb.testing.assert_close(fb.tensor([float("nan")]), fb.tensor([float("nan")]), equal_nan=True)
    fb.testing.assert_close(x, x.double(), check_dtype=False)


def test_types_and_shapes_are_compared() -> None:
    x = fb.tensor([1.0])
    for other, text in ((x.double(), "types differ"), (x.reshape(1, 1), "shapes differ")):
        with pytest.raises(AssertionError, match=text):
            fb.testing.assert_close(x, other)
    with pytest.raises(AssertionError, match="not close"):
        fb.testing.assert_close(fb.tensor([float("nan")]), fb.tensor([float("nan")]))
    with pytest.raises(TypeError, match="cannot be compared"):
        fb.testing.assert_close(x, "text")
    with pytest.raises(ValueError, match="one tolerance"):
        fb.testing.assert_close(x, x, rtol=1.0)
    with pytest.raises(AssertionError, match=r"^mine$"):
        fb.testing.assert_close(x, x + 1, msg="mine")


@pytest.mark.parametrize("kind", [fb.float32, fb.float64, fb.int64, fb.uint8, fb.complex128])
def test_made_tensors_lie_in_their_range(kind: fb.dtype) -> None:
    x = fb.testing.make_tensor(20, 3, dtype=kind, low=1, high=4, noncontiguous=True)
    assert x.dtype is kind
    assert not x.is_contiguous()
    parts = [x.real, x.imag] if kind.is_complex else [x]
    assert all(bool(((p >= 1) & (p < 4)).all()) for p in parts)
    zeros = fb.testing.make_tensor(50, dtype=fb.int64, low=0, high=2, exclude_zero=True)
    assert zeros.min() == 1
