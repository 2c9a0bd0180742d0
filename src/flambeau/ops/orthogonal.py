"""Orthonormal columns from any matrix: what orthogonal initialisation rests on."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core.spec import Spec
from flambeau.tensor.operation import Operation


def _orthonormal(matrix: np.ndarray) -> np.ndarray:
    """The Q of the QR decomposition whose R has a positive diagonal, which is unique."""
    kind = matrix.dtype
    wide = matrix if kind.kind == "c" or kind.itemsize >= 4 else matrix.astype(np.float32)
    q, r = np.linalg.qr(wide)
    diagonal = np.diagonal(r)
    sign = np.sign(diagonal) if kind.kind != "c" else diagonal / np.abs(diagonal)
    return (q * sign).astype(kind)


def _infer(matrix: Any) -> Spec:
    rows, columns = matrix.shape
    return Spec((rows, min(rows, columns)), matrix.dtype)


ORTHONORMAL_COLUMNS = Operation(
    "orthonormal_columns",
    inputs="matrix",
    evaluate=_orthonormal,
    infer=_infer,
    samples=lambda make: [
        make.sample((make.tensor((4, 3)),)),
        make.sample((make.tensor((3, 3)),)),
        make.sample((make.tensor((2, 3)),)),
    ],
)
