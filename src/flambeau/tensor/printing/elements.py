"""Texts of single elements: one notation and one column width for all elements of a tensor."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from flambeau.tensor.printing.options import PrintOptions

# Where fixed-point digits stop being readable: beyond these, scientific notation is chosen.
_LARGEST_RATIO = 1000.0
_LARGEST_FIXED = 1e8
_SMALLEST_FIXED = 1e-4


class Column(NamedTuple):
    """Texts that are to be printed right-aligned in columns, and the columns' width.

    A text may be longer than the width: only finite, nonzero numbers decide it.
    """

    texts: list[str]
    width: int


class Notation(NamedTuple):
    """How real numbers are written: a format specification, and whether to end in a bare point."""

    specification: str
    bare_point: bool

    def write(self, value: float) -> str:
        """The number as text: ``2.`` for whole numbers, ``nan`` and ``inf`` without a point."""
        text = format(value, self.specification)
        return text + "." if self.bare_point and math.isfinite(value) else text


def format_elements(array: np.ndarray, options: PrintOptions) -> Column:
    """The elements of an array, in C order, as aligned texts.

    Shape:
        - array: any; the column holds `array.size` texts.

    Example:
        >>> import numpy as np
        >>> from flambeau.tensor.printing.elements import format_elements
        >>> from flambeau.tensor.printing.options import PrintOptions
        >>> format_elements(np.array([1.0, -0.5]), PrintOptions())
        Column(texts=[' 1.0000', '-0.5000'], width=7)
    """
    # Python's numbers: every floating type, bfloat16 (kind "V") included, is exact in float64.
    values = array.reshape(-1).tolist()
    if array.dtype.kind == "c":
        return _complex_column(values, options)
    if array.dtype.kind in "biu":
        return _plain_column(values)
    return _real_column(values, options)


def _plain_column(values: Sequence[int | bool]) -> Column:
    texts = [str(value) for value in values]
    width = max(map(len, texts))
    return Column([text.rjust(width) for text in texts], width)


def _real_column(values: Sequence[float], options: PrintOptions) -> Column:
    deciding = [value for value in values if value != 0 and math.isfinite(value)]
    notation = _choose_notation(deciding, options)
    width = max((len(notation.write(value)) for value in deciding), default=1)
    return Column([notation.write(value).rjust(width) for value in values], width)


def _complex_column(values: Sequence[complex], options: PrintOptions) -> Column:
    real = _real_column([value.real for value in values], options)
    imaginary = _real_column([value.imag for value in values], options)
    # Imaginary parts follow their sign directly, so that only the real parts line up.
    texts = [
        _join_parts(real_text, imaginary_text.lstrip())
        for real_text, imaginary_text in zip(real.texts, imaginary.texts, strict=True)
    ]
    return Column(texts, real.width + imaginary.width + len("j"))


def _join_parts(real: str, imaginary: str) -> str:
    sign = "" if imaginary.startswith("-") else "+"
    return f"{real}{sign}{imaginary}j"


def _choose_notation(deciding: Sequence[float], options: PrintOptions) -> Notation:
    if not deciding:
        return Notation(".0f", bare_point=True)
    if _is_scientific(deciding) if options.sci_mode is None else options.sci_mode:
        return Notation(f".{options.precision}e", bare_point=False)
    if all(value.is_integer() for value in deciding):
        return Notation(".0f", bare_point=True)
    return Notation(f".{options.precision}f", bare_point=False)


def _is_scientific(deciding: Sequence[float]) -> bool:
    magnitudes = [abs(value) for value in deciding]
    largest, smallest = max(magnitudes), min(magnitudes)
    return (
        largest / smallest > _LARGEST_RATIO
        or largest > _LARGEST_FIXED
        or smallest < _SMALLEST_FIXED
    )
