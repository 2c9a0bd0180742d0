"""NumPy's words for arguments, which PyTorch takes as well: ``axis`` and ``keepdims``.

Functions declare them after their own keywords, and ask here only if one was given: what is not
used costs nothing.
"""

from __future__ import annotations

from typing import Any

from flambeau.core.errors import message


def axis_as_dim(name: str, dim: Any, default: Any, axis: Any) -> Any:
    """The dimension that ``axis=`` names.

    Raises:
        TypeError: if ``dim`` was given as well.
    """
    if dim is not default and dim != default:
        raise TypeError(
            message(
                f"{name}: dim and axis are two words for one argument",
                expected="one of them",
                got=f"dim={dim!r} and axis={axis!r}",
            )
        )
    return axis


def numpy_names(
    name: str, dim: Any, default: Any, keepdim: bool, axis: Any, keepdims: bool | None
) -> tuple[Any, bool]:
    """``dim`` and ``keepdim`` where at least one of ``axis=`` and ``keepdims=`` was given.

    Raises:
        TypeError: if an argument was given under both words.
    """
    if axis is not None:
        dim = axis_as_dim(name, dim, default, axis)
    if keepdims is None:
        return dim, keepdim
    if keepdim:
        raise TypeError(
            message(
                f"{name}: keepdim and keepdims are two words for one argument",
                expected="one of them",
                got=f"keepdim={keepdim!r} and keepdims={keepdims!r}",
            )
        )
    return dim, keepdims
