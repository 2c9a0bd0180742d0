"""What tests of tensors ask: ``torch.testing``."""

from __future__ import annotations

from flambeau.core.late import late

__getattr__, __dir__ = late(
    __name__, {".closeness": "assert_allclose assert_close", ".samples": "make_tensor"}
)
