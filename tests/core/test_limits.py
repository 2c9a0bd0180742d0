"""The limits of data types."""

from __future__ import annotations

import numpy as np
import pytest

import flambeau as fb


def test_floating_point() -> None:
    found = fb.finfo(fb.float64)
    known = np.finfo(np.float64)
    assert (found.eps, found.max, found.min) == (known.eps, known.max, known.min)
    assert (found.tiny, found.smallest_normal) == (known.tiny, known.tiny)
    assert (found.bits, found.dtype, found.resolution) == (64, "float64", 1e-15)


def test_bfloat16_has_the_range_of_float32() -> None:
    found = fb.finfo(fb.bfloat16)
    assert (found.bits, found.eps, found.tiny) == (16, 2.0**-7, 2.0**-126)
    assert found.max == (2 - 2.0**-7) * 2.0**127


def test_complex_types_have_the_limits_of_their_parts() -> None:
    assert repr(fb.finfo(fb.complex128)) == repr(fb.finfo(fb.float64))


def test_default_type() -> None:
    assert fb.finfo().dtype == "float32"


@pytest.mark.parametrize("name", ["int8", "uint8", "int16", "int32", "int64"])
def test_integers(name: str) -> None:
    found, known = fb.iinfo(getattr(fb, name)), np.iinfo(name)
    assert (found.min, found.max, found.bits, found.dtype) == (
        known.min, known.max, known.bits, name,
    )  # fmt: skip


def test_text() -> None:
    assert repr(fb.finfo(fb.float16)) == (
        "finfo(resolution=0.001, min=-65504, max=65504, eps=0.000976562, "
        "smallest_normal=6.10352e-05, tiny=6.10352e-05, dtype=float16)"
    )
    assert repr(fb.iinfo(fb.int64)) == "iinfo(min=-9.22337e+18, max=9.22337e+18, dtype=int64)"


def test_errors() -> None:
    with pytest.raises(TypeError) as error:
        fb.finfo(fb.int32)
    assert str(error.value) == (
        "finfo: no limits of this kind\n"
        "  expected: a floating-point or complex type\n"
        "  got:      torch.int32\n"
        "  help:     iinfo knows other types"
    )
    with pytest.raises(TypeError) as error:
        fb.iinfo(fb.bool)
    assert str(error.value) == (
        "iinfo: no limits of this kind\n"
        "  expected: an integer type\n"
        "  got:      torch.bool\n"
        "  help:     finfo knows other types"
    )
    with pytest.raises(TypeError) as error:
        fb.finfo("float32")
    assert str(error.value) == (
        "finfo: not a data type\n  expected: a dtype\n  got:      'float32'"
    )
