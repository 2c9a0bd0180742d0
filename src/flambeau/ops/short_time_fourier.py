"""Fourier transforms of overlapping pieces of a signal, and back."""

from __future__ import annotations

from typing import Any

from flambeau.core.errors import ShapeError, message
from flambeau.ops.fourier_transforms import fft, ifft, irfft, rfft
from flambeau.ops.padding_borders import pad_with
from flambeau.ops.publish import PUBLIC, public
from flambeau.ops.view_record import require_tensor
from flambeau.tensor.tensor import Tensor


def _fail(name: str, problem: str, expected: str, got: Any) -> ShapeError:
    return ShapeError(message(f"{name}: {problem}", expected=expected, got=str(got)))


def _sizes(name: str, n_fft: int, hop: int | None, length: int | None, window: Any) -> tuple:
    """The hop and the window's length, checked."""
    hop = n_fft // 4 if hop is None else hop
    length = n_fft if length is None else length
    if hop <= 0:
        raise _fail(name, "the hop is not positive", "hop_length > 0", hop)
    if not 0 < length <= n_fft:
        raise _fail(name, "the window does not fit", f"0 < win_length <= {n_fft}", length)
    if window is not None and tuple(window.shape) != (length,):
        raise _fail(name, "the window does not fit", f"shape ({length},)", tuple(window.shape))
    return hop, length


def _whole_window(window: Any, length: int, n_fft: int, kind: Any) -> Any:
    """The window in the middle of ``n_fft`` points, zeros beside it; ``None`` for ones."""
    if window is None:
        if length == n_fft:
            return None
        window = PUBLIC["ones"](length, dtype=kind)
    before = (n_fft - length) // 2
    return PUBLIC["constant_pad_nd"](window, (before, n_fft - length - before))


def _extended(signal: Any, by: int, mode: str) -> Any:
    """A signal (batch, time) continued at both ends."""
    if mode == "constant":
        return PUBLIC["constant_pad_nd"](signal, (by, by))
    return pad_with(mode, signal.unsqueeze(1), (by, by)).squeeze(1)  # type: ignore[attr-defined]


@public(method=True)
def stft(
    input: Tensor,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: Tensor | None = None,
    center: bool = True,
    pad_mode: str = "reflect",
    normalized: bool = False,
    onesided: bool | None = None,
    return_complex: bool | None = None,
    align_to_window: bool | None = None,
) -> Tensor:
    """The Fourier transforms of overlapping pieces of a signal.

    :math:`out_{ωm} = Σ_k window_k · input_{m · hop + k} · e^{-2πi ωk / n_{fft}}`

    Args:
        input: a signal, or a batch of them.
        n_fft: points of each piece.
        hop_length: from one piece to the next; a quarter of ``n_fft`` if not given.
        win_length: points of the window, in the middle of each piece; ``n_fft`` if not given.
        window: what each piece is multiplied with; ones if not given.
        center: continue the signal so that piece m has its middle at m · hop.
        pad_mode: how it is continued, as for :func:`flambeau.nn.functional.pad`.
        normalized: divide by the root of ``n_fft``.
        onesided: only the first half, which the other mirrors; so for real signals and windows
            if not given.
        return_complex: must be true for real signals, or complex ones; false gives the real and
            imaginary parts in a last dimension.
        align_to_window: without ``center``, let the first piece begin where its window does.

    Shape: (..., time) -> (..., n_fft // 2 + 1 or n_fft, pieces).

    Raises:
        RuntimeError: if sizes do not fit, or ``return_complex`` is not said for a real signal.

    Example:
        >>> import flambeau as fb
        >>> fb.stft(fb.ones(8), 4, center=False, return_complex=True).abs()
        tensor([[4., 4., 4., 4., 4.],
                [0., 0., 0., 0., 0.],
                [0., 0., 0., 0., 0.]])
    """
    array = require_tensor("stft", input)
    if array.ndim not in (1, 2) or array.dtype.kind not in "fc":
        raise _fail("stft", "not a signal", "1 or 2 dimensions of floating-point numbers",
                    f"shape {tuple(array.shape)} of {input.dtype}")  # fmt: skip
    is_complex = input.is_complex() or (window is not None and window.is_complex())
    if return_complex is None:
        if not is_complex:
            raise RuntimeError(
                message(
                    "stft: return_complex is not given",
                    expected="return_complex=True, or False for parts in a last dimension",
                    got="None for a real signal",
                )
            )
        return_complex = True
    if onesided is None:
        onesided = not is_complex
    if onesided and is_complex:
        raise _fail("stft", "a complex signal has two sides", "onesided=False", "True")
    if align_to_window is not None and center:
        raise _fail("stft", "align_to_window is for center=False", "None", align_to_window)
    signal: Any = input if array.ndim == 2 else input.unsqueeze(0)  # type: ignore[attr-defined]
    if center:
        if pad_mode not in ("constant", "reflect", "replicate", "circular"):
            known = "'constant', 'reflect', 'replicate' or 'circular'"
            raise NotImplementedError(
                message("stft: no such pad_mode", expected=known, got=repr(pad_mode))
            )
        signal = _extended(signal, n_fft // 2, pad_mode)
    size = signal.shape[-1]
    if not 0 < n_fft <= size:
        raise _fail("stft", "the pieces do not fit", f"0 < n_fft <= {size}", n_fft)
    hop, length = _sizes("stft", n_fft, hop_length, win_length, window)
    if align_to_window and length < n_fft:
        pieces = signal.unfold(-1, length, hop)
        before = (n_fft - length) // 2
        pieces = PUBLIC["constant_pad_nd"](pieces, (before, n_fft - length - before))
    else:
        pieces = signal.unfold(-1, n_fft, hop)
    shape = _whole_window(window, length, n_fft, signal.dtype)
    if shape is not None:
        pieces = pieces * shape
    return _transformed(pieces, array.ndim, normalized, onesided, return_complex)


def _transformed(pieces: Any, ndim: int, normalized: bool, onesided: bool, whole: bool) -> Any:
    run = rfft if onesided else fft
    found: Any = run(pieces, norm="ortho" if normalized else None)
    found = found.transpose(-1, -2)
    if ndim == 1:
        found = found.squeeze(0)
    return found if whole else PUBLIC["view_as_real"](found)


@public(method=True)
def istft(
    input: Tensor,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: Tensor | None = None,
    center: bool = True,
    normalized: bool = False,
    onesided: bool | None = None,
    length: int | None = None,
    return_complex: bool = False,
) -> Tensor:
    """The signal whose pieces have the given Fourier transforms.

    Where pieces overlap, they are weighted with their windows:
    :math:`out_t = Σ_m window_{t - m · hop} · x_{m, t - m · hop} / Σ_m window_{t - m · hop}^2`

    Args:
        input: what :func:`flambeau.stft` gives.
        n_fft, hop_length, win_length, window, center, normalized: as for it.
        onesided: whether ``input`` is the first half; told from its shape if not given.
        length: points of the signal; as many as the pieces reach if not given.
        return_complex: whether the signal is complex.

    Shape: (..., n_fft // 2 + 1 or n_fft, pieces) -> (..., time).

    Raises:
        RuntimeError: if sizes do not fit, or the windows leave a point that none reaches.

    Example:
        >>> import flambeau as fb
        >>> x = fb.arange(8.0)
        >>> fb.istft(fb.stft(x, 4, return_complex=True), 4).round()
        tensor([0., 1., 2., 3., 4., 5., 6., 7.])
    """
    array = require_tensor("istft", input)
    if array.dtype.kind != "c" or array.ndim not in (2, 3) or not array.size:
        raise _fail("istft", "not a transform of pieces", "complex numbers in 2 or 3 dimensions",
                    f"shape {tuple(array.shape)} of {input.dtype}")  # fmt: skip
    hop, width = _sizes("istft", n_fft, hop_length, win_length, window)
    if onesided is None:
        onesided = array.shape[-2] != n_fft
    if array.shape[-2] != (n_fft // 2 + 1 if onesided else n_fft):
        raise _fail("istft", "the frequencies do not fit n_fft", f"those of {n_fft} points",
                    array.shape[-2])  # fmt: skip
    if onesided and return_complex:
        raise _fail("istft", "one side gives a real signal", "return_complex=False", "True")
    pieces = _pieces(input, n_fft, normalized, return_complex)
    kind = pieces.dtype
    shape = _whole_window(window, width, n_fft, kind)
    if shape is None:
        shape = PUBLIC["ones"](n_fft, dtype=kind)
    signal = _overlapped(pieces * shape, hop)
    weight = _overlapped((shape * shape).expand(pieces.shape), hop)
    first = n_fft // 2 if center else 0
    reached = signal.shape[-1]
    last = first + length if length is not None else reached - first if center else reached
    signal, weight = signal[:, first : min(last, reached)], weight[:, first : min(last, reached)]
    if bool((weight.abs() < 1e-11).any()):
        raise _fail("istft", "a point is not reached by any window", "windows that overlap", hop)
    signal = signal / weight
    missing = last - max(reached, first)
    if length is not None and missing > 0:
        signal = PUBLIC["constant_pad_nd"](signal, (0, missing))
    return signal.squeeze(0) if array.ndim == 2 else signal


def _pieces(input: Any, n_fft: int, normalized: bool, whole: bool) -> Any:
    """Pieces of the signal, (batch, pieces, n_fft); of a real one the first half is read."""
    turned = (input if input.ndim == 3 else input.unsqueeze(0)).transpose(-1, -2)
    norm = "ortho" if normalized else None
    if whole:
        return ifft(turned, norm=norm)
    return irfft(turned[..., : n_fft // 2 + 1], n_fft, norm=norm)


def _overlapped(pieces: Any, hop: int) -> Any:
    """The sum of pieces, each put ``hop`` points after the one before."""
    batch, count, n_fft = pieces.shape
    size = (count - 1) * hop + n_fft
    places: Any = PUBLIC["arange"](n_fft) + hop * PUBLIC["arange"](count).unsqueeze(1)
    start = PUBLIC["zeros"]((batch, size), dtype=pieces.dtype)
    return start.index_add(1, places.reshape(-1), pieces.reshape(batch, -1))
