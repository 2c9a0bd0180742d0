"""Which data types can be sampled, in which precision, and how values are rounded to them."""

from __future__ import annotations

import ml_dtypes
import numpy as np
from numpy.typing import DTypeLike

from flambeau.core.errors import message

float16 = np.dtype(np.float16)
bfloat16 = np.dtype(ml_dtypes.bfloat16)
float32 = np.dtype(np.float32)
float64 = np.dtype(np.float64)

# Tables are keyed by dtype objects: asking NumPy for a name costs more than a small draw.
# Digits of the significand, the leading one included.
DIGITS = {float16: 11, bfloat16: 8, float32: 24, float64: 53}
LARGEST = {
    float16: 65504.0,
    bfloat16: (2.0 - 2.0**-7) * 2.0**127,
    float32: (2.0 - 2.0**-23) * 2.0**127,
    float64: (2.0 - 2.0**-52) * 2.0**1023,
}
HALVES = frozenset({float16, bfloat16})
# The type of a complex number's parts.
PARTS = {np.dtype(np.complex64): float32, np.dtype(np.complex128): float64}
# Integer types that every sampler of whole numbers covers.
INTEGERS = frozenset(np.dtype(t) for t in (np.uint8, np.int8, np.int16, np.int32, np.int64))


def as_dtype(dtype: DTypeLike) -> np.dtype:
    """A NumPy data type; ``"bfloat16"`` by name too."""
    return bfloat16 if isinstance(dtype, str) and dtype == "bfloat16" else np.dtype(dtype)


def compute_dtype(dtype: np.dtype) -> np.dtype:
    """The precision in which values of a real floating-point type are computed."""
    return float64 if dtype == float64 else float32


def require_floating(operation: str, dtype: np.dtype) -> None:
    """Refuse what is not a real floating-point type."""
    if dtype not in DIGITS:
        refuse_dtype(operation, dtype, "a floating-point dtype")


def refuse_dtype(operation: str, dtype: np.dtype, expected: str) -> None:
    """Raise PyTorch's error for a data type that a kernel does not cover; a RuntimeError too."""
    text = message(
        f"{operation}: not implemented for {dtype.name}", expected=expected, got=dtype.name
    )
    raise NotImplementedError(text)


def cast(values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Round float64 values to a data type, half precisions by way of float32 as PyTorch does."""
    if dtype == values.dtype:
        return values
    if dtype in HALVES:
        values = values.astype(np.float32)
    return values.astype(dtype)
