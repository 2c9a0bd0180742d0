"""The gradient of a function of which samples are given."""

from __future__ import annotations

from typing import Any

from flambeau.core.errors import message
from flambeau.core.shapes import wrap_dim
from flambeau.ops.publish import PUBLIC, public
from flambeau.ops.view_record import require_tensor
from flambeau.tensor.tensor import Tensor


def _fail(problem: str, expected: str, got: Any) -> RuntimeError:
    return RuntimeError(message(f"gradient: {problem}", expected=expected, got=str(got)))


def _steps(x: Any, dim: int, spacing: Any) -> Any:
    """The distances between neighbours along a dimension: a number, or a tensor."""
    if not isinstance(spacing, Tensor):
        return spacing
    if spacing.ndim == 0:
        return spacing
    if spacing.ndim != 1 or spacing.shape[0] != x.shape[dim]:
        raise _fail("coordinates do not fit", f"a vector of {x.shape[dim]}", tuple(spacing.shape))
    shape = [1] * x.ndim
    shape[dim] = -1
    return (spacing[1:] - spacing[:-1]).reshape(shape)  # type: ignore[attr-defined]


def _along(x: Any, dim: int, spacing: Any, edge_order: int) -> Any:
    """Second-order differences inside, one-sided ones of the given order at both ends."""
    size = x.shape[dim]
    steps = _steps(x, dim, spacing)
    even = not (isinstance(steps, Tensor) and steps.ndim)

    def at(first: int, last: int) -> Any:
        return x.narrow(dim, first, last - first)

    def step(first: int, last: int) -> Any:
        return steps if even else steps.narrow(dim, first, last - first)

    if even:
        inside = (at(2, size) - at(0, size - 2)) / (2 * steps)
    else:
        before, after = step(0, size - 2), step(1, size - 1)
        inside = (
            at(0, size - 2) * (-after / (before * (before + after)))
            + at(1, size - 1) * ((after - before) / (before * after))
            + at(2, size) * (before / (after * (before + after)))
        )
    if edge_order == 1:
        low = (at(1, 2) - at(0, 1)) / step(0, 1)
        high = (at(size - 1, size) - at(size - 2, size - 1)) / step(size - 2, size - 1)
    else:
        low = _edge(at(0, 1), at(1, 2), at(2, 3), step(0, 1), step(1, 2))
        near, far = step(size - 2, size - 1), step(size - 3, size - 2)
        high = -_edge(at(size - 1, size), at(size - 2, size - 1), at(size - 3, size - 2), near, far)
    return PUBLIC["cat"]((low, inside, high), dim)


def _edge(end: Any, first: Any, second: Any, near: Any, far: Any) -> Any:
    """The derivative, away from the end, of the parabola through three samples."""
    whole = near + far
    return (
        end * (-(2 * near + far) / (near * whole))
        + first * (whole / (near * far))
        - second * (near / (far * whole))
    )


def _spacings(spacing: Any, count: int) -> list[Any]:
    """One for each dimension."""
    if spacing is None:
        return [1.0] * count
    if isinstance(spacing, (int, float, complex)):
        return [spacing] * count
    found = [spacing] if isinstance(spacing, Tensor) else list(spacing)
    if len(found) != count:
        raise _fail("spacings and dimensions differ", f"{count} spacings", len(found))
    return found


@public()
def gradient(
    input: Tensor, *, spacing: Any = None, dim: Any = None, edge_order: int = 1
) -> tuple[Tensor, ...]:
    """Estimate a function's gradient from samples on a grid.

    :math:`out_i = (input_{i+1} - input_{i-1}) / (x_{i+1} - x_{i-1})` inside, for even distances

    Args:
        input: the function's values.
        spacing: the distance between samples: a number, one for each dimension, or for each the
            coordinates as a vector.
        dim: a dimension, or several; all if not given.
        edge_order: 1 or 2: the order of the one-sided differences at the ends.

    Shape: one tensor of the input's for each dimension.

    Raises:
        RuntimeError: for another ``edge_order``, spacings that do not fit, or fewer samples than
            ``edge_order + 1``.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.gradient(fb.tensor([1., 4., 9.]))
        (tensor([3., 4., 5.]),)
    """
    array = require_tensor("gradient", input)
    if edge_order not in (1, 2):
        raise _fail("unknown edge_order", "1 or 2", edge_order)
    if array.dtype.kind == "u" or array.dtype.kind == "b":
        raise _fail("a wrong type", "signed numbers", input.dtype)
    given = range(array.ndim) if dim is None else (dim,) if isinstance(dim, int) else tuple(dim)
    dims = tuple(wrap_dim("gradient", d, array.ndim) for d in given)
    if len(set(dims)) != len(dims):
        raise _fail("a dimension is named twice", "different dimensions", tuple(given))
    spacings = _spacings(spacing, len(dims))
    for d in dims:
        if array.shape[d] < edge_order + 1:
            raise _fail("too few samples", f"at least {edge_order + 1}", array.shape[d])
    found = [_along(input, d, s, edge_order) for d, s in zip(dims, spacings, strict=True)]
    return tuple(found)
