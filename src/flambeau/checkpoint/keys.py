"""What may be a key of a dictionary or an item of a set in a checkpoint.

Looking up a key takes as long as hashing it, and a tuple in which the same tuple stands again and
again takes exponentially long. So keys are text, numbers and small tuples of them.
"""

from __future__ import annotations

from typing import Any

from flambeau.core.dtypes import dtype as DataType

EXPECTED = "text, numbers of 64 bits, data types, or tuples of at most 64 of them"

_MOST_PARTS = 64
_LARGEST = 2**64
_SIMPLE = frozenset({str, float, bool, type(None), bytes, complex, DataType})


def unusable(key: Any) -> str | None:
    """What is wrong with a key; ``None`` if nothing is."""
    if key.__class__ in _SIMPLE:
        return None
    waiting, parts = [key], 0
    while waiting:
        part = waiting.pop()
        parts += 1
        kind = part.__class__
        if kind is int:
            allowed = -_LARGEST < part < _LARGEST
        elif kind is tuple:
            allowed = parts + len(part) + len(waiting) <= _MOST_PARTS
            waiting += part if allowed else ()
        else:
            allowed = kind in _SIMPLE
        if not allowed:
            return f"a large {kind.__name__}" if kind in (int, tuple) else kind.__name__
    return None
