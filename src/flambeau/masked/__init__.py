"""Operations that leave elements out, under PyTorch's path for them: ``torch.masked``."""

from __future__ import annotations

from flambeau.core.late import late

__getattr__, __dir__ = late(
    __name__,
    {
        ".normalizations": "cumprod cumsum log_softmax logaddexp normalize softmax softmin",
        ".reductions": ("amax amin argmax argmin logsumexp mean median norm prod std sum var"),
    },
)
