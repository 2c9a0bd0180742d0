"""NVIDIA's GPUs: not used. What programs set here has no effect."""

from types import SimpleNamespace as _SimpleNamespace

from flambeau.tensor.other_devices import is_available as is_available
from flambeau.tensor.other_devices import is_built as is_built

matmul = _SimpleNamespace(
    allow_tf32=False,
    allow_fp16_reduced_precision_reduction=True,
    allow_bf16_reduced_precision_reduction=True,
)

__all__ = ["is_available", "is_built", "matmul"]
