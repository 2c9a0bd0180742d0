"""PyTorch's own table of operations: which entries are in scope, and their families."""

from __future__ import annotations

import itertools
import warnings
from typing import Any

import torch

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from torch.testing._internal.common_methods_invocations import op_db

# Not part of what flambeau is for.
OUT_OF_SCOPE = {
    "sparse": "sparse tensors",
    "to_sparse": "sparse tensors",
    "torch": "internal (torch._ or torch.ops)",
    "jiterator_unary": "CUDA only",
    "jiterator_binary": "CUDA only",
    "jiterator_4inputs_with_extra_args": "CUDA only",
    "jiterator_binary_return_by_ref": "CUDA only",
    "jiterator_2inputs_2outputs": "CUDA only",
    "slice": "internal (torch.ops.aten)",
    "max_pool2d_with_indices_backward": "internal (torch.ops.aten)",
    "chalf": "complex32, which NumPy has not",
}
SAMPLES = 8
"""How many samples of an entry are run for each data type."""


# Samples of these are large.
FEWER = {"grid_sampler_3d": 1}


def reason_out_of_scope(entry: Any) -> str | None:
    """Why an entry is not measured, or ``None``."""
    if entry.name.startswith("_segment_reduce"):  # torch.segment_reduce, called in two ways
        return None
    if entry.name.startswith("_") and not entry.name.startswith("__"):
        return "internal (its name begins with an underscore)"
    if entry.formatted_name == "bmm_triton_optimized":
        return "CUDA only"
    found = OUT_OF_SCOPE.get(entry.name) or OUT_OF_SCOPE.get(entry.name.split(".")[0])
    if found is None and not entry.supported_dtypes("cpu"):
        return "no data type on the CPU"
    return found


def family(entry: Any) -> str:
    """The part of the library that an entry belongs to."""
    head, dot, _ = entry.name.rpartition(".")
    return head if dot else "torch"


ENTRIES = [entry for entry in op_db if reason_out_of_scope(entry) is None]
EXCLUDED = [entry for entry in op_db if reason_out_of_scope(entry) is not None]


def samples(entry: Any, kind: torch.dtype, requires_grad: bool = False) -> list[Any]:
    """Some of an entry's samples, spread evenly over them, the same in every run."""
    torch.manual_seed(0)
    if kind not in entry.supported_dtypes("cpu"):
        return []
    made = list(itertools.islice(entry.sample_inputs("cpu", kind, requires_grad), 200))
    count = FEWER.get(entry.name, SAMPLES)
    step = max(1.0, len(made) / count)
    return [made[int(i * step)] for i in range(min(len(made), count))]
