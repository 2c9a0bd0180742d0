"""Losses of comparisons: pairs and triplets, nearer or farther, higher or lower."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flambeau.core.errors import ShapeError, message
from flambeau.ops.arithmetic import sub
from flambeau.ops.distances import pairwise_distance
from flambeau.ops.loss_reduction import (
    check_same_shape,
    loss_type,
    number_node,
    reduced,
    reduction_of,
)
from flambeau.ops.operands import check_number, not_a_tensor
from flambeau.ops.publish import PUBLIC
from flambeau.ops.selection import where
from flambeau.tensor.interpreting import in_single
from flambeau.tensor.tensor import Tensor


def _require_tensors(name: str, *operands: Any) -> None:
    for x in operands:
        if not isinstance(x, Tensor):
            raise not_a_tensor(name, x)


# --- pairs ----------------------------------------------------------------------------------------


def hinge_embedding_loss(
    input: Tensor,
    target: Tensor,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The loss of distances that should be 0, or at least ``margin``.

    :math:`l_i = input_i` where :math:`target_i = 1`, :math:`max(0, margin - input_i)` where
    :math:`target_i = -1`, and the sum of both for any other target; :math:`out = 1/n · Σ_i l_i`

    Args:
        input: distances.
        target: 1 where they should be small, -1 where they should be large.
        margin: the distance from which on nothing is lost.
        size_average, reduce: the old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"``, or ``"none"`` for one loss per element.

    Shape: (*), (*) -> (), or (*) without a reduction.

    Raises:
        RuntimeError: if the shapes differ.
        ValueError: for an unknown reduction.

    Example:
        >>> import flambeau as fb
        >>> f = fb.nn.functional.hinge_embedding_loss
        >>> f(fb.tensor([0.5, 0.25]), fb.tensor([1., -1.]), reduction="none")
        tensor([0.5000, 0.7500])

    Differs from PyTorch: different shapes are an error; broadcast explicitly where that is meant.
    """
    name = "hinge_embedding_loss"
    reduction = reduction_of(name, size_average, reduce, reduction)
    input, target = in_single(input, target)
    check_same_shape(name, input, target)
    check_number(name, "margin", margin)
    loss_type(name, input._array)
    near = where(target != -1, input, 0)
    far = where(target != 1, sub(margin, input).clamp_min(0), 0)
    return reduced(far + near, reduction)


def cosine_embedding_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The loss of pairs of vectors that should point the same way, or not.

    :math:`l_n = 1 - cos_n` where :math:`target_n = 1`, :math:`max(0, cos_n - margin)` where
    :math:`target_n = -1`, and 0 for any other target, with :math:`cos_n` the cosine of the angle
    between the vectors; :math:`out = 1/N · Σ_n l_n`

    Args:
        input1, input2: vectors.
        target: 1 for pairs that belong together, -1 for others.
        margin: the cosine below which other pairs cost nothing, from -1 to 1.
        size_average, reduce: the old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"``, or ``"none"`` for one loss per pair.

    Shape: (N, D), (N, D), (N,) -> (), or (N,) without a reduction; also (D,), (D,), () -> ().

    Raises:
        RuntimeError: if the shapes do not fit.
        ValueError: for an unknown reduction.

    Example:
        >>> import flambeau as fb
        >>> x, y = fb.tensor([[1., 0.], [1., 1.]]), fb.tensor([[0., 1.], [1., 0.]])
        >>> fb.nn.functional.cosine_embedding_loss(x, y, fb.tensor([1, -1]), reduction="none")
        tensor([1.0000, 0.7071])

    Differs from PyTorch: different shapes of the vectors are an error; broadcast explicitly where
    that is meant.
    """
    name = "cosine_embedding_loss"
    reduction = reduction_of(name, size_average, reduce, reduction)
    input1, input2, target = in_single(input1, input2, target)
    _require_tensors(name, input1, input2, target)
    check_number(name, "margin", margin)
    check_same_shape(name, input1, input2, ("input1", "input2"))
    if target.ndim > 1 or tuple(target.shape) != tuple(input1.shape[:-1]) or input1.ndim == 0:
        raise ShapeError(
            message(
                f"{name}: the target's shape does not fit",
                expected="inputs (N, D) and target (N,), or inputs (D,) and target ()",
                got=f"inputs {tuple(input1.shape)} and target {tuple(target.shape)}",
            )
        )
    # Inside the root, so that the gradient at a zero vector is finite.
    squares = [number_node((x * x).sum(-1) + 1e-12) for x in (input1, input2)]
    cosine = (input1 * input2).sum(-1) / (squares[0] * squares[1]).sqrt()
    near = where(target == 1, sub(1.0, cosine), 0)
    far = where(target == -1, number_node(cosine - margin).clamp_min(0), 0)
    return reduced(near + far, reduction)


def margin_ranking_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The loss of pairs of scores that stand in the wrong order.

    :math:`l_i = max(0, -target_i · (input1_i - input2_i) + margin)`; :math:`out = 1/n · Σ_i l_i`

    Args:
        input1, input2: scores.
        target: 1 where the first should be higher, -1 where the second should.
        margin: by how much it should be.
        size_average, reduce: the old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"``, or ``"none"`` for one loss per pair.

    Shape: (*), (*), (*) -> (), or (*) without a reduction.

    Raises:
        RuntimeError: if the shapes differ.
        ValueError: for an unknown reduction.

    Example:
        >>> import flambeau as fb
        >>> f = fb.nn.functional.margin_ranking_loss
        >>> f(fb.tensor([1., 2.]), fb.tensor([3., 1.]), fb.tensor([1., 1.]), reduction="none")
        tensor([2., 0.])

    Differs from PyTorch: different shapes are an error; broadcast explicitly where that is meant.
    """
    name = "margin_ranking_loss"
    reduction = reduction_of(name, size_average, reduce, reduction)
    input1, input2, target = in_single(input1, input2, target)
    check_same_shape(name, input1, input2, ("input1", "input2"))
    check_same_shape(name, input1, target, ("input1", "target"))
    check_number(name, "margin", margin)
    losses = number_node(-target * (input1 - input2) + margin).clamp_min(0)
    return reduced(losses, reduction)


# --- triplets -------------------------------------------------------------------------------------


def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The loss of anchors that are not nearer to their positive than to their negative example.

    :math:`l_n = max(0, margin + d(anchor_n, positive_n) - d(anchor_n, negative_n))` with
    :math:`d(x, y) = ‖x - y + eps‖_p`; :math:`out = 1/N · Σ_n l_n`

    Args:
        anchor, positive, negative: vectors along the last dimension.
        margin: by how much the positive example should be nearer, > 0.
        p: the norm's degree.
        eps: added to each difference.
        swap: let the distance from positive to negative example count where it is the smaller.
        size_average, reduce: the old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"``, or ``"none"`` for one loss per triplet.

    Shape: three times (..., D) -> (), or (...) without a reduction.

    Raises:
        RuntimeError: if the shapes differ.
        ValueError: if the margin is not positive, or for an unknown reduction.

    Example:
        >>> import flambeau as fb
        >>> anchor, near, far = fb.tensor([[0., 0.]]), fb.tensor([[0., 1.]]), fb.tensor([[1., 1.]])
        >>> fb.nn.functional.triplet_margin_loss(anchor, near, far)
        tensor(0.5858)

    Reference: Balntas et al. (2016).

    Differs from PyTorch: different shapes are an error; broadcast explicitly where that is meant.
    """
    name = "triplet_margin_loss"
    reduction = reduction_of(name, size_average, reduce, reduction)
    check_same_shape(name, anchor, positive, ("anchor", "positive"))
    check_same_shape(name, anchor, negative, ("anchor", "negative"))

    def distance(x: Tensor, y: Tensor) -> Tensor:
        return pairwise_distance(x, y, p, eps)

    triplets = in_single(anchor, positive, negative)
    return _triplets(name, triplets, distance, margin, swap, reduction, inner=True)


def triplet_margin_with_distance_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """:func:`triplet_margin_loss` with a distance of one's own.

    :math:`l_n = max(0, margin + d(anchor_n, positive_n) - d(anchor_n, negative_n))`;
    :math:`out = 1/N · Σ_n l_n`

    Args:
        anchor, positive, negative: what the distance takes.
        distance_function: the distance d of two tensors; :func:`pairwise_distance` if not given.
        margin: by how much the positive example should be nearer, > 0.
        swap: let the distance from positive to negative example count where it is the smaller.
        reduction: ``"mean"``, ``"sum"``, or ``"none"`` for one loss per triplet.

    Shape: three times (N, ...) -> (), or that of the distances without a reduction.

    Raises:
        RuntimeError: if the numbers of dimensions differ.
        ValueError: if the margin is not positive, or for an unknown reduction.

    Example:
        >>> import flambeau as fb
        >>> anchor, near, far = fb.tensor([[0., 0.]]), fb.tensor([[0., 1.]]), fb.tensor([[1., 1.]])
        >>> fb.nn.functional.triplet_margin_with_distance_loss(
        ...     anchor, near, far, distance_function=lambda x, y: (x - y).abs().amax(1))
        tensor(1.)

    Reference: Balntas et al. (2016).
    """
    name = "triplet_margin_with_distance_loss"
    reduction = reduction_of(name, None, None, reduction)
    _require_tensors(name, anchor, positive, negative)
    if not anchor.ndim == positive.ndim == negative.ndim:
        raise ShapeError(
            message(
                f"{name}: the numbers of dimensions differ",
                expected="three tensors of as many dimensions",
                got=f"anchor {tuple(anchor.shape)}, positive {tuple(positive.shape)} and "
                f"negative {tuple(negative.shape)}",
            )
        )
    distance = pairwise_distance if distance_function is None else distance_function
    return _triplets(name, (anchor, positive, negative), distance, margin, swap, reduction)


def check_positive_margin(name: str, margin: float) -> None:
    """Raises: ValueError: unless a margin is positive."""
    check_number(name, "margin", margin)
    if margin <= 0:
        raise ValueError(
            message(f"{name}: margin is not positive", expected="margin > 0", got=str(margin))
        )


def _triplets(
    name: str,
    triplets: tuple[Tensor, Tensor, Tensor],
    distance: Callable[[Tensor, Tensor], Tensor],
    margin: float,
    swap: bool,
    reduction: str,
    inner: bool = False,
) -> Tensor:
    """The loss of triplets; ``inner``: PyTorch computes it inside one operation."""
    check_positive_margin(name, margin)
    anchor, positive, negative = triplets
    near, far = distance(anchor, positive), distance(anchor, negative)
    above = near + margin
    if inner:
        above = number_node(above)
    if swap:
        far = PUBLIC["minimum"](far, distance(positive, negative))
    return reduced((above - far).clamp_min(0), reduction)
