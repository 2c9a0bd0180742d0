"""The nearest points of sets, for trees of tensors as if each were one vector.

Names and arguments are those of ``optax.projections``. Applied after an update, a projection keeps
parameters in a set.

>>> import flambeau as fb
>>> from flambeau.optim import projections
>>> projections.projection_simplex(fb.tensor([0.5, 1.0, -0.2]))
tensor([0.2500, 0.7500, 0.0000])
"""

from __future__ import annotations

from typing import Any

from flambeau.core import trees
from flambeau.ops.joining import cat
from flambeau.ops.pairwise_extremes import maximum
from flambeau.ops.sequences import arange
from flambeau.optim import tree as T
from flambeau.optim.checks import in_range
from flambeau.optim.scalars import as_tensor, where
from flambeau.tensor.tensor import Tensor


def projection_non_negative(tree: Any) -> Any:
    r"""Onto :math:`x ≥ 0`."""
    return T.clip(tree, 0)


def projection_box(tree: Any, lower: Any, upper: Any) -> Any:
    r"""Onto :math:`l ≤ x ≤ u`.

    Args:
        tree: the point.
        lower, upper: numbers, or trees like ``tree``.
    """
    bounds = [
        x if trees.children(x) is not None or isinstance(x, Tensor) and x.ndim else None
        for x in (lower, upper)
    ]
    low = bounds[0] if bounds[0] is not None else T.full_like(tree, _number(lower))
    high = bounds[1] if bounds[1] is not None else T.full_like(tree, _number(upper))
    return trees.map(
        lambda x, low, high: None if x is None else x.maximum(low).minimum(high), tree, low, high
    )


def _number(x: Any) -> Any:
    return x.item() if isinstance(x, Tensor) else x


def projection_hypercube(tree: Any, scale: Any = 1) -> Any:
    r"""Onto :math:`0 ≤ x ≤ s`."""
    return projection_box(tree, 0, scale)


def projection_linf_ball(tree: Any, scale: Any = 1) -> Any:
    r"""Onto :math:`‖x‖_∞ ≤ s`."""
    return projection_box(tree, -_number(scale), _number(scale))


def projection_simplex(tree: Any, scale: Any = 1) -> Any:
    r"""Onto :math:`x ≥ 0, \sum x = s`, all leaves together.

    .. math:: x ← \max(x - τ, 0) \text{ with the } τ \text{ for which the sum is } s

    Args:
        tree: the point.
        scale: :math:`s`, above 0.

    Raises:
        ValueError: for arguments out of range.

    Reference: Held, Wolfe and Crowder, "Validation of subgradient optimization", 1974.
    """
    in_range("projection_simplex", "scale", scale, 0, open_low=True)
    return _from_flat(tree, _simplex(_flat(tree), scale))


def _simplex(x: Tensor, scale: Any) -> Tensor:
    ordered = x.sort(descending=True).values
    places = arange(1, x.shape[0] + 1, dtype=x.dtype)
    thresholds = (ordered.cumsum(0) - scale) / places
    # The threshold of the largest set whose elements all stay above it.
    count = (ordered > thresholds).sum()
    return (x - thresholds[count - 1]).clamp(min=0)


def _flat(tree: Any) -> Tensor:
    return cat([x.reshape(-1) for x in trees.leaves(tree) if x is not None])


def _from_flat(tree: Any, flat: Tensor) -> Any:
    values, structure = trees.flatten(tree)
    found, offset = [], 0
    for x in values:
        if x is None:
            found.append(None)
            continue
        found.append(flat.narrow(0, offset, x.numel()).reshape(x.shape))
        offset += x.numel()
    return trees.unflatten(structure, found)


def projection_l1_sphere(tree: Any, scale: Any = 1) -> Any:
    r"""Onto :math:`‖x‖_1 = s`."""
    flat = _flat(tree)
    return _from_flat(tree, _simplex(flat.abs(), scale) * flat.sign())


def projection_l1_ball(tree: Any, scale: Any = 1) -> Any:
    r"""Onto :math:`‖x‖_1 ≤ s`.

    Reference: Duchi et al., "Efficient projections onto the l1-ball for learning in high
    dimensions", ICML 2008.
    """
    inside = T.norm(tree, 1) <= scale
    return T.where(inside, tree, projection_l1_sphere(tree, scale))


def projection_l2_sphere(tree: Any, scale: Any = 1) -> Any:
    r"""Onto :math:`‖x‖_2 = s`."""
    return T.scale(scale / T.norm(tree), tree)


def projection_l2_ball(tree: Any, scale: Any = 1) -> Any:
    r"""Onto :math:`‖x‖_2 ≤ s`."""
    norm = T.norm(tree)
    return T.scale(scale / maximum(norm, as_tensor(scale).to(norm.dtype)), tree)


def projection_vector(x: Any, a: Any) -> Any:
    r"""Onto the line through a vector: :math:`\frac{⟨x, a⟩}{⟨a, a⟩} a`."""
    return T.scale(T.vdot(x, a) / T.vdot(a, a), a)


def projection_hyperplane(x: Any, a: Any, b: Any) -> Any:
    r"""Onto :math:`⟨a, x⟩ = b`."""
    return T.add_scale(x, (b - T.vdot(x, a)) / T.vdot(a, a), a)


def projection_halfspace(x: Any, a: Any, b: Any) -> Any:
    r"""Onto :math:`⟨a, x⟩ ≤ b`."""
    over = (b - T.vdot(x, a)) / T.vdot(a, a)
    return T.add_scale(x, where(over < 0, over, 0.0), a)
