"""Fourier transforms under PyTorch's path for them: what ``torch.fft`` has."""

from __future__ import annotations

from flambeau.core.late import late

__getattr__, __dir__ = late(
    __name__,
    {
        "flambeau.ops.fourier_frequencies": "fftfreq fftshift ifftshift rfftfreq",
        "flambeau.ops.fourier_several": (
            "fft2 fftn hfft2 hfftn ifft2 ifftn ihfft2 ihfftn irfft2 irfftn rfft2 rfftn"
        ),
        "flambeau.ops.fourier_transforms": "fft hfft ifft ihfft irfft rfft",
    },
)
