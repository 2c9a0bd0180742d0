"""Nested brackets: rows of element texts, wrapped at the line width, stacked by dimension."""

import sys
from collections.abc import Sequence

import numpy as np

from flambeau.tensor.printing.elements import format_elements
from flambeau.tensor.printing.options import PrintOptions

_ELLIPSIS = "..."
_SEPARATOR = ", "


def format_brackets(
    array: np.ndarray, options: PrintOptions, *, summarised: bool, indent: int
) -> str:
    """The elements of a nonempty array between nested brackets.

    Only the elements that are printed are read; they alone decide the notation.

    Shape:
        - array: any nonempty shape; no brackets for ``()``.

    Args:
        summarised: whether long dimensions show only `options.edgeitems` at each end.
        indent: characters that precede the text on its first line.

    Example:
        >>> import numpy as np
        >>> from flambeau.tensor.printing.brackets import format_brackets
        >>> from flambeau.tensor.printing.options import PrintOptions
        >>> print(format_brackets(np.eye(2), PrintOptions(), summarised=False, indent=0))
        [[1., 0.],
         [0., 1.]]
    """
    edge = options.edgeitems
    cut = [summarised and size > 2 * edge for size in array.shape]
    shown = _edges(array, cut, edge) if any(cut) else array
    column = format_elements(shown, options)
    if shown.ndim == 0:
        return column.texts[0]

    innermost = shown.ndim - 1
    room = min(max(options.linewidth, 0), sys.maxsize) - (indent + innermost)
    per_line = max(1, int(room // (column.width + len(_SEPARATOR))))
    rows = [
        _row(_with_ellipsis(row, cut[innermost], " " + _ELLIPSIS), per_line, indent + innermost)
        for row in _groups(column.texts, shown.shape[innermost])
    ]
    for dimension in reversed(range(innermost)):
        blank_lines = "\n" * (innermost - dimension)
        separator = "," + blank_lines + " " * (indent + dimension + 1)
        rows = [
            "[" + separator.join(_with_ellipsis(group, cut[dimension], _ELLIPSIS)) + "]"
            for group in _groups(rows, shown.shape[dimension])
        ]
    return rows[0]


def _edges(array: np.ndarray, cut: Sequence[bool], edge: int) -> np.ndarray:
    """Copy the two ends of the cut dimensions and the whole of the others."""
    picks = []
    for size, is_cut in zip(array.shape, cut, strict=True):
        pick = np.arange(size) if not is_cut else np.r_[:edge, size - edge : size]
        picks.append(pick)
    return array[np.ix_(*picks)]


def _groups(texts: list[str], size: int) -> list[list[str]]:
    return [texts[start : start + size] for start in range(0, len(texts), size)]


def _with_ellipsis(texts: list[str], is_cut: bool, ellipsis: str) -> list[str]:
    """Put the ellipsis of a cut dimension between its two ends."""
    middle = len(texts) // 2
    return [*texts[:middle], ellipsis, *texts[middle:]] if is_cut else texts


def _row(texts: list[str], per_line: int, indent: int) -> str:
    """One innermost dimension; its ellipsis takes the place of one element on the line."""
    lines = [_SEPARATOR.join(line) for line in _groups(texts, per_line)]
    return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"
