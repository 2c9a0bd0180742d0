"""Whether two results are the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

import flambeau as fb

# What two correct implementations may differ by, relative to the largest element.
TOLERANCE = {
    "float64": 1e-9, "complex128": 1e-9, "float32": 2e-5, "complex64": 2e-5, "float16": 2e-3,
    "bfloat16": 2e-2,
}  # fmt: skip
# PyTorch's own error where it is larger, measured beside 30 digits; its slope of hardsigmoid is
# 1/6 in float32.
PEER_ERROR = {
    "nn.functional.hardsigmoid": 1e-8,
    "special.airy_ai": 1e-4, "special.bessel_j0": 1e-5, "special.bessel_j1": 1e-5,
    "special.bessel_y0": 1e-5, "special.bessel_y1": 1e-4,
}  # fmt: skip


class Different(Exception):
    """Results that do not agree."""


def array_of(x: Any) -> np.ndarray:
    """The values of either's tensor."""
    if isinstance(x, fb.Tensor):
        array = x.detach()._array
        return array.astype(np.float32) if x.dtype is fb.bfloat16 else array
    x = x.detach().resolve_conj().resolve_neg()
    return (x.float() if x.dtype is torch.bfloat16 else x).numpy(force=True)


def require_same(
    ours: Any, theirs: Any, what: str, values: bool = True, error: float = 0.0
) -> None:
    """Raise :class:`Different` unless types, shapes and values agree.

    Args:
        ours, theirs: results; tuples, lists and dicts are walked.
        what: where we are, for the message.
        values: ``False`` to compare everything but the values.
        error: what is known of PyTorch's own error.
    """
    if isinstance(theirs, torch.Tensor):
        if not isinstance(ours, fb.Tensor):
            raise Different(f"{what}: {type(ours).__name__}, not a tensor")
        if ours.dtype.name != str(theirs.dtype).removeprefix("torch."):
            raise Different(f"{what}: dtype {ours.dtype}, not {theirs.dtype}")
        if tuple(ours.shape) != tuple(theirs.shape):
            raise Different(f"{what}: shape {tuple(ours.shape)}, not {tuple(theirs.shape)}")
        if values:
            same_values(array_of(ours), array_of(theirs), what, error)
    elif isinstance(theirs, dict):
        for key in theirs:
            require_same(ours[key], theirs[key], f"{what}[{key}]", values, error)
    elif isinstance(theirs, (tuple, list)):
        if not isinstance(ours, (tuple, list)) or len(ours) != len(theirs):
            raise Different(f"{what}: {type(ours).__name__}, not {len(theirs)} results")
        for i, (x, y) in enumerate(zip(ours, theirs, strict=True)):
            require_same(x, y, f"{what}[{i}]", values, error)
    elif isinstance(theirs, (bool, int, float, complex)):
        if values and not isinstance(ours, fb.Tensor):
            same_values(np.asarray(ours), np.asarray(theirs), what)
        elif isinstance(ours, fb.Tensor):
            raise Different(f"{what}: a tensor, not a number")
    elif isinstance(theirs, torch.dtype):
        if ours.name != str(theirs).removeprefix("torch."):
            raise Different(f"{what}: {ours}, not {theirs}")
    elif theirs is None and ours is not None:
        raise Different(f"{what}: {type(ours).__name__}, not None")


def same_values(ours: np.ndarray, theirs: np.ndarray, what: str, error: float = 0.0) -> None:
    """Raise :class:`Different` where elements differ by more than rounding explains."""
    if theirs.dtype.kind not in "fc":
        same = np.array_equal(ours, theirs)
    else:
        tolerance = max(TOLERANCE[theirs.dtype.name], error)
        finite = np.abs(theirs[np.isfinite(theirs)])
        scale = max(1.0, float(finite.max())) if finite.size else 1.0
        same = np.allclose(ours, theirs, rtol=tolerance, atol=tolerance * scale, equal_nan=True)
    if not same:
        raise Different(f"{what}: values differ ({difference(ours, theirs)})")


def difference(ours: np.ndarray, theirs: np.ndarray) -> str:
    """The first elements that differ."""
    with np.errstate(all="ignore"):
        close = np.isclose(ours, theirs, rtol=1e-5, atol=1e-9, equal_nan=True)
        if close.all():
            return f"by rounding: {np.max(np.abs(ours - theirs))}"
    places = np.argwhere(~close)
    place = tuple(int(i) for i in places[0])
    return f"{ours[place]!r} and {theirs[place]!r} at {list(place)}"
