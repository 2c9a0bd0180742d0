"""Fourier transforms beside their definition, undone, and with gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import flambeau as fb

INVERSES = {"fft": "ifft", "rfft": "irfft", "ihfft": "hfft"}
NORMS = [None, "forward", "ortho"]


def values(*shape: int) -> Any:
    return fb.from_numpy(np.random.default_rng(0).normal(size=shape))


@pytest.mark.parametrize("n", [1, 4, 5])
def test_fft_is_the_sum_of_its_definition(n: int) -> None:
    x = values(n)
    k = np.arange(n)
    expected = np.exp(-2j * np.pi * np.outer(k, k) / n) @ x.numpy()
    np.testing.assert_allclose(fb.fft.fft(x).numpy(), expected, atol=1e-13)
    np.testing.assert_allclose(fb.fft.rfft(x).numpy(), expected[: n // 2 + 1], atol=1e-13)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("name", INVERSES)
@pytest.mark.parametrize("n", [4, 5])
def test_inverses_undo(name: str, norm: str | None, n: int) -> None:
    x = values(3, n)
    for suffix in ("", "n", "2"):
        there = getattr(fb.fft, name + suffix)
        back = getattr(fb.fft, INVERSES[name] + suffix)
        size: Any = n if suffix == "" else (3, n)
        options: dict[str, Any] = {"n": size} if suffix == "" else {"s": size}
        again = back(there(x, norm=norm), norm=norm, **options)
        real = again.real if again.is_complex() else again
        np.testing.assert_allclose(real.numpy(), x.numpy(), atol=1e-13)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("name", ["fft", "ifft", "hfft", "irfft", "fftn", "ifft2", "irfftn"])
def test_gradients_of_complex_numbers(name: str, norm: str | None) -> None:
    x = (values(3, 4) + 1j * values(3, 4)).requires_grad_()
    assert fb.autograd.gradcheck(lambda x: getattr(fb.fft, name)(x, norm=norm), (x,))
    assert fb.autograd.gradgradcheck(lambda x: getattr(fb.fft, name)(x, norm=norm), (x,))


@pytest.mark.parametrize("name", ["fft", "ifft", "rfft", "ihfft", "rfftn", "ihfft2"])
def test_gradients_of_real_numbers(name: str) -> None:
    x = values(3, 5).requires_grad_()
    assert fb.autograd.gradcheck(lambda x: getattr(fb.fft, name)(x), (x,))


@pytest.mark.parametrize(
    ("call", "kind", "text"),
    [
        (
            lambda: fb.fft.fft(fb.ones(2), norm="full"),
            RuntimeError,
            (
                "fft: unknown norm\n"
                "  expected: 'backward' (the usual), 'ortho' or 'forward'\n"
                "  got:      'full'"
            ),
        ),
        (
            lambda: fb.fft.rfft(fb.ones(2, dtype=fb.complex64)),
            RuntimeError,
            (
                "rfft: a complex tensor\n"
                "  expected: real numbers\n"
                "  got:      torch.complex64\n"
                "  help:     use the transform of complex numbers"
            ),
        ),
        (
            lambda: fb.fft.fft(fb.ones(())),
            IndexError,
            "fft: no dimension to transform\n  expected: a vector\n  got:      shape ()",
        ),
        (
            lambda: fb.fft.fftn(fb.ones(2, 2), dim=(0, -2)),
            RuntimeError,
            (
                "fftn: sizes and dimensions do not fit\n"
                "  expected: one size for each dimension, and different dimensions\n"
                "  got:      dim (0, -2), which names one twice"
            ),
        ),
    ],
)
def test_errors_in_full(call: Any, kind: type[Exception], text: str) -> None:
    with pytest.raises(kind) as error:
        call()
    assert str(error.value) == text


def test_frequencies_and_their_order() -> None:
    for n in (1, 4, 5):
        np.testing.assert_allclose(fb.fft.fftfreq(n, 0.5).numpy(), np.fft.fftfreq(n, 0.5))
        np.testing.assert_allclose(fb.fft.rfftfreq(n, 0.5).numpy(), np.fft.rfftfreq(n, 0.5))
        x = values(n, 3)
        np.testing.assert_array_equal(fb.fft.fftshift(x).numpy(), np.fft.fftshift(x.numpy()))
        np.testing.assert_array_equal(fb.fft.ifftshift(fb.fft.fftshift(x)).numpy(), x.numpy())
