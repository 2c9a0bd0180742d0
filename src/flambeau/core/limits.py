"""The limits of data types: the smallest, the largest, the distance between neighbours."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import message


class finfo:
    """The limits of a floating-point type; of its parts for a complex one.

    Args:
        type: the data type; the default type if not given.

    Attributes:
        bits: bits per number.
        eps: the distance from 1 to the next number.
        max, min: the largest number and its negative.
        smallest_normal, tiny: the smallest positive number of full precision.
        resolution: 10 to the power of minus the decimal digits that are certain.
        dtype: the type's name.

    Raises:
        TypeError: for other types.

    Example:
        >>> import flambeau as fb
        >>> fb.finfo(fb.float32).eps
        1.1920928955078125e-07
    """

    __slots__ = ("bits", "dtype", "eps", "max", "min", "resolution", "smallest_normal", "tiny")

    def __init__(self, type: Any = None) -> None:
        kind = dtypes.get_default_dtype() if type is None else _checked(type, "finfo")
        if kind.category < dtypes.FLOATING:
            raise _refused("finfo", "a floating-point or complex type", kind, "iinfo")
        kind = kind.to_real()
        known: Any = (ml_dtypes if kind is dtypes.bfloat16 else np).finfo(kind.numpy)
        self.bits: int = kind.itemsize * 8
        self.dtype: str = kind.name
        self.eps = float(known.eps)
        self.max, self.min = float(known.max), float(known.min)
        self.smallest_normal = self.tiny = float(known.smallest_normal)
        self.resolution = float(f"1e-{known.precision}")

    def __repr__(self) -> str:
        return (
            f"finfo(resolution={self.resolution:g}, min={self.min:g}, max={self.max:g}, "
            f"eps={self.eps:g}, smallest_normal={self.smallest_normal:g}, tiny={self.tiny:g}, "
            f"dtype={self.dtype})"
        )


class iinfo:
    """The limits of an integer type.

    Args:
        type: the data type.

    Attributes:
        bits: bits per number.
        max, min: the largest and the smallest number.
        dtype: the type's name.

    Raises:
        TypeError: for other types.

    Example:
        >>> import flambeau as fb
        >>> fb.iinfo(fb.int8)
        iinfo(min=-128, max=127, dtype=int8)
    """

    __slots__ = ("bits", "dtype", "max", "min")

    def __init__(self, type: Any) -> None:
        kind = _checked(type, "iinfo")
        if kind.category != dtypes.INTEGER:
            raise _refused("iinfo", "an integer type", kind, "finfo")
        known = np.iinfo(kind.numpy)
        self.bits: int = kind.itemsize * 8
        self.dtype: str = kind.name
        self.max, self.min = int(known.max), int(known.min)

    def __repr__(self) -> str:
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"


def _checked(type: Any, name: str) -> dtypes.dtype:
    if not isinstance(type, dtypes.dtype):
        raise TypeError(message(f"{name}: not a data type", expected="a dtype", got=repr(type)))
    return type


def _refused(name: str, expected: str, kind: dtypes.dtype, other: str) -> TypeError:
    return TypeError(
        message(
            f"{name}: no limits of this kind",
            expected=expected,
            got=str(kind),
            help=f"{other} knows other types",
        )
    )
