"""Copies of views, replaced parts, and transforms of overlapping pieces."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.signal

import flambeau as fb

X = fb.arange(6.0).reshape(2, 3)

COPIES: dict[str, tuple[Any, ...]] = {
    "as_strided": ((2,), (2,)),
    "diagonal": (1,),
    "expand": ((2, 2, 3),),
    "narrow": (1, 1, 2),
    "permute": ((1, 0),),
    "select": (1, 2),
    "squeeze": (),
    "t": (),
    "transpose": (0, 1),
    "unfold": (1, 2, 1),
    "unsqueeze": (1,),
    "view": ((3, 2),),
}


@pytest.mark.parametrize("name", COPIES)
def test_copies_have_memory_of_their_own(name: str) -> None:
    view = getattr(X, name)(*COPIES[name])
    copy = getattr(fb, f"{name}_copy")(X, *COPIES[name])
    assert copy.tolist() == view.tolist()
    assert copy.is_contiguous()
    assert not np.shares_memory(copy.numpy(), X.numpy())
    out = fb.empty(0)
    assert getattr(fb, f"{name}_copy")(X, *COPIES[name], out=out) is out
    assert out.tolist() == view.tolist()


def test_several_copies() -> None:
    for name, arguments in (("unbind", ()), ("split", (1,)), ("split_with_sizes", ([1, 1],))):
        parts = getattr(fb, f"{name}_copy")(X, *arguments)
        views = getattr(X, name)(*arguments)
        assert [p.tolist() for p in parts] == [v.tolist() for v in views]
        assert not any(np.shares_memory(p.numpy(), X.numpy()) for p in parts)


PARTS: dict[str, tuple[Any, ...]] = {
    "as_strided": ((2,), (2,), 1),
    "diagonal": (1,),
    "select": (1, 2),
    "slice": (1, 0, 3, 2),
}


@pytest.mark.parametrize("name", PARTS)
def test_parts_are_replaced_in_a_copy(name: str) -> None:
    part = getattr(fb, f"{name}_copy")(X, *PARTS[name])
    source = fb.full(tuple(part.shape), -1.0)
    result = getattr(X, f"{name}_scatter")(source, *PARTS[name])
    assert getattr(fb, f"{name}_copy")(result, *PARTS[name]).tolist() == source.tolist()
    assert int((result == -1).sum()) == source.numel()
    assert X.min() == 0
    x, src = X.double().requires_grad_(), source.double().requires_grad_()
    call = getattr(fb, f"{name}_scatter")
    assert fb.autograd.gradcheck(lambda x, s: call(x, s, *PARTS[name]) ** 2, (x, src))


def test_a_part_of_another_shape() -> None:
    with pytest.raises(RuntimeError) as error:
        fb.select_scatter(X, fb.ones(2), 0, 1)
    assert str(error.value) == (
        "select_scatter: the source does not fit\n"
        "  expected: src of shape (3,)\n"
        "  got:      shape (2,)"
    )


SIGNAL = fb.from_numpy(np.random.default_rng(0).normal(size=(2, 40)))


@pytest.mark.parametrize("normalized", [False, True])
@pytest.mark.parametrize("onesided", [False, True])
def test_pieces_put_together_again(onesided: bool, normalized: bool) -> None:
    window = fb.hann_window(8, dtype=fb.float64)
    options: dict[str, Any] = {"window": window, "normalized": normalized, "onesided": onesided}
    pieces = fb.stft(SIGNAL, 8, 2, return_complex=True, **options)
    again = fb.istft(pieces, 8, 2, length=40, **options)
    np.testing.assert_allclose(again.numpy(), SIGNAL.numpy(), atol=1e-12)


def test_pieces_beside_scipy() -> None:
    window = scipy.signal.windows.hann(8, sym=False)
    _, _, expected = scipy.signal.stft(
        SIGNAL.numpy(), window=window, nperseg=8, noverlap=6, boundary=None, padded=False
    )
    found = fb.stft(SIGNAL, 8, 2, window=fb.from_numpy(window), center=False, return_complex=True)
    np.testing.assert_allclose(found.numpy() / window.sum(), expected, atol=1e-12)


def test_gradients_of_pieces() -> None:
    x = SIGNAL[:, :12].clone().requires_grad_()
    window = fb.hann_window(6, dtype=fb.float64).requires_grad_()
    assert fb.autograd.gradcheck(
        lambda x, w: fb.stft(x, 6, 2, window=w, return_complex=True), (x, window)
    )


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (
            lambda: fb.stft(fb.ones(8), 4),
            (
                "stft: return_complex is not given\n"
                "  expected: return_complex=True, or False for parts in a last dimension\n"
                "  got:      None for a real signal"
            ),
        ),
        (
            lambda: fb.stft(fb.ones(8), 4, win_length=5, return_complex=True),
            "stft: the window does not fit\n  expected: 0 < win_length <= 4\n  got:      5",
        ),
    ],
)
def test_errors_in_full(call: Any, text: str) -> None:
    with pytest.raises(RuntimeError) as error:
        call()
    assert str(error.value) == text
