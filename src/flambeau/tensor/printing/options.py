"""The printing options: how many digits, how many elements, how wide."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np

from flambeau.core.errors import message


class PrintOptions(NamedTuple):
    """One complete, immutable set of printing options; the defaults are PyTorch's.

    Args:
        precision: digits after the decimal point, at least 0.
        threshold: number of elements above which a tensor is summarised with ``...``.
        edgeitems: elements shown at each end of a summarised dimension, at least 0.
        linewidth: characters a line may hold before it is wrapped.
        sci_mode: scientific notation always (True), never (False) or where it helps (None).

    Example:
        >>> from flambeau.tensor.printing import PrintOptions
        >>> PrintOptions(precision=2).linewidth
        80
    """

    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: float = 80
    sci_mode: bool | None = None


_PROFILES: dict[str, dict[str, Any]] = {
    "default": {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80},
    "short": {"precision": 2, "threshold": 1000, "edgeitems": 2, "linewidth": 80},
    "full": {"precision": 4, "threshold": math.inf, "edgeitems": 3, "linewidth": 80},
}

_current = PrintOptions()


def current_options() -> PrintOptions:
    """The options in force now, as one immutable record."""
    return _current


def get_printoptions() -> dict[str, Any]:
    """The options in force now, as a new dictionary that `set_printoptions` accepts.

    Example:
        >>> from flambeau.tensor.printing import get_printoptions
        >>> sorted(get_printoptions())
        ['edgeitems', 'linewidth', 'precision', 'sci_mode', 'threshold']
    """
    return _current._asdict()


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: float | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Change how tensors are printed, for the whole process.

    An option left at None keeps its value, except `sci_mode`, where None is the automatic
    choice; `profile` is applied first, the other options on top of it.

    Args:
        precision: digits after the decimal point, at least 0.
        threshold: number of elements above which a tensor is summarised; ``inf`` for never.
        edgeitems: elements shown at each end of a summarised dimension, at least 0.
        linewidth: characters a line may hold; ``inf`` for no wrapping.
        profile: ``"default"``, ``"short"`` or ``"full"``.
        sci_mode: scientific notation always (True), never (False) or where it helps (None).

    Raises:
        TypeError: an option is of the wrong type.
        ValueError: an option is outside its range.

    Example:
        >>> from flambeau.tensor.printing import get_printoptions, set_printoptions
        >>> set_printoptions(profile="short", linewidth=100)
        >>> get_printoptions()["precision"], get_printoptions()["linewidth"]
        (2, 100)
        >>> set_printoptions(profile="default")

    Differs from PyTorch:
        A value that cannot be printed with is refused here, before anything has changed, and not
        by the next print; so is an unknown profile. An infinite `linewidth` is allowed.
    """
    global _current
    fields = _current._asdict() | _profile_fields(profile)
    if precision is not None:
        fields["precision"] = _count("precision", precision)
    if threshold is not None:
        fields["threshold"] = _number("threshold", threshold)
    if edgeitems is not None:
        fields["edgeitems"] = _count("edgeitems", edgeitems)
    if linewidth is not None:
        fields["linewidth"] = _number("linewidth", linewidth)
    fields["sci_mode"] = _choice("sci_mode", sci_mode)
    _current = PrintOptions(**fields)


@contextmanager
def printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: float | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> Iterator[None]:
    """Change how tensors are printed inside a ``with`` block, and restore it afterwards.

    Args: as of `set_printoptions`.

    Raises: as `set_printoptions`.

    Example:
        >>> import numpy as np
        >>> from flambeau.tensor.printing import format_tensor, printoptions
        >>> with printoptions(precision=2):
        ...     print(format_tensor(np.float32([0.125, 2])))
        tensor([0.12, 2.00])
    """
    global _current
    before = _current
    set_printoptions(precision, threshold, edgeitems, linewidth, profile, sci_mode)
    try:
        yield
    finally:
        _current = before


def _profile_fields(profile: str | None) -> dict[str, Any]:
    if profile is None:
        return {}
    if not isinstance(profile, str):
        raise TypeError(_refusal("profile", profile, "one of 'default', 'short' and 'full'"))
    if profile not in _PROFILES:
        raise ValueError(_refusal("profile", profile, "one of 'default', 'short' and 'full'"))
    return _PROFILES[profile]


def _count(name: str, value: object) -> int:
    expected = "an integer of at least 0"
    # True would pass for 1, and is always a mistake for an option that counts.
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(_refusal(name, value, expected))
    if value < 0:
        raise ValueError(_refusal(name, value, expected))
    return int(value)


def _number(name: str, value: object) -> float:
    expected = "a number; inf for no limit"
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(_refusal(name, value, expected))
    if math.isnan(value):
        raise ValueError(_refusal(name, value, expected))
    return int(value) if isinstance(value, Integral) else float(value)


def _choice(name: str, value: object) -> bool | None:
    expected = "True, False, or None for the automatic choice"
    if value is None:
        return None
    if not isinstance(value, (Integral, np.bool_)):
        raise TypeError(_refusal(name, value, expected))
    if value not in (0, 1):
        raise ValueError(_refusal(name, value, expected))
    return bool(value)


def _refusal(name: str, value: object, expected: str) -> str:
    return message(
        f"set_printoptions: {name} cannot be printed with",
        expected=expected,
        got=f"{name}={value!r}",
        help="set_printoptions(profile='default') restores every option",
    )
