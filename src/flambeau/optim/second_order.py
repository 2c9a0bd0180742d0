"""Second derivatives of losses ``loss(params, inputs, targets)``, as vectors over all parameters.

>>> import flambeau as fb
>>> from flambeau.optim import second_order
>>> loss = lambda w, x, y: ((w * x - y) ** 2).sum()
>>> second_order.hessian_diag(loss, fb.zeros(2), fb.tensor([1., 3.]), fb.ones(2))
tensor([ 2., 18.])
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flambeau.autograd import enable_grad
from flambeau.autograd.backward import grad as gradients_of
from flambeau.core import trees
from flambeau.ops.joining import cat, stack
from flambeau.ops.likes import zeros_like
from flambeau.optim.checks import require
from flambeau.tensor.tensor import Tensor

Loss = Callable[[Any, Any, Any], Tensor]


def _slopes(
    loss: Loss, params: Any, inputs: Any, targets: Any, again: bool
) -> tuple[list[Tensor], list[Tensor]]:
    """Copies of the parameters, and the loss's gradient at them."""
    values, structure = trees.flatten(params)
    leaves = [x.detach().requires_grad_() for x in values]
    with enable_grad():
        found = loss(trees.unflatten(structure, leaves), inputs, targets)
        slopes = gradients_of(found, leaves, create_graph=again, allow_unused=True)
    return leaves, [zeros_like(x) if g is None else g for x, g in zip(leaves, slopes, strict=True)]


def _flat(parts: list[Tensor]) -> Tensor:
    return cat([x.reshape(-1) for x in parts])


def _product(slopes: list[Tensor], leaves: list[Tensor], v: Tensor) -> list[Tensor]:
    """The Hessian times a vector, from a gradient that has a graph."""
    with enable_grad():
        total = (_flat(slopes) * v).sum()
    if not total.requires_grad:  # a loss without second derivatives
        return [zeros_like(x) for x in leaves]
    found = gradients_of(total, leaves, retain_graph=True, allow_unused=True)
    return [zeros_like(x) if g is None else g for x, g in zip(leaves, found, strict=True)]


def hvp(loss: Loss, v: Tensor, params: Any, inputs: Any, targets: Any) -> Any:
    r"""The product of the loss's Hessian with a vector, without the Hessian.

    .. math:: \nabla^2 L(θ)\, v = \nabla_θ ⟨\nabla L(θ), v⟩

    Args:
        loss: ``(params, inputs, targets)`` to a number.
        v: a vector with one element for each of the parameters' elements, in order.
        params: a tree of tensors.
        inputs, targets: what the loss is computed from.

    Returns:
        A tree like ``params``.

    Raises:
        ValueError: if ``v`` has another number of elements.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.optim import second_order
        >>> loss = lambda w, x, y: (w ** 3 * x).sum()
        >>> second_order.hvp(loss, fb.tensor([1., 0.]), fb.tensor([1., 2.]), fb.ones(2), None)
        tensor([6., 0.])

    Reference: Pearlmutter, "Fast exact multiplication by the Hessian", 1994.
    """
    leaves, slopes = _slopes(loss, params, inputs, targets, True)
    _check_vector("hvp", v, leaves)
    return trees.unflatten(trees.structure(params), _product(slopes, leaves, v))


def _check_vector(name: str, v: Tensor, leaves: list[Tensor]) -> None:
    count = sum(x.numel() for x in leaves)
    require(
        tuple(v.shape) == (count,),
        f"{name}: v does not fit the parameters",
        f"shape ({count},)",
        f"shape {tuple(v.shape)}",
        "join the parts: cat([x.reshape(-1) for x in trees.leaves(params)])",
    )


def hessian_diag(loss: Loss, params: Any, inputs: Any, targets: Any) -> Tensor:
    r"""The diagonal of the loss's Hessian.

    .. math:: h_i = ∂^2 L / ∂θ_i^2

    It takes a product for every element: see ``transform.hutchinson_estimator_diag_hessian`` for
    an estimate that takes one.

    Args:
        loss: ``(params, inputs, targets)`` to a number.
        params: a tree of tensors.
        inputs, targets: what the loss is computed from.

    Returns:
        A vector over all elements of the parameters, in order.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.optim import second_order
        >>> loss = lambda w, x, y: (w ** 3 * x).sum()
        >>> second_order.hessian_diag(loss, fb.tensor([1., 2.]), fb.ones(2), None)
        tensor([ 6., 12.])
    """
    leaves, slopes = _slopes(loss, params, inputs, targets, True)
    found = []
    for number in range(sum(x.numel() for x in leaves)):
        unit = zeros_like(_flat(slopes).detach())
        unit[number] = 1
        found.append(_flat(_product(slopes, leaves, unit))[number])
    return stack(found)


def fisher_diag(negative_log_likelihood: Loss, params: Any, inputs: Any, targets: Any) -> Tensor:
    r"""The diagonal of the empirical Fisher information, of one batch as a whole.

    .. math:: f_i = \left(∂ L / ∂θ_i\right)^2

    Args:
        negative_log_likelihood: ``(params, inputs, targets)`` to a number.
        params: a tree of tensors.
        inputs, targets: what the loss is computed from.

    Returns:
        A vector over all elements of the parameters, in order.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.optim import second_order
        >>> loss = lambda w, x, y: (w ** 3 * x).sum()
        >>> second_order.fisher_diag(loss, fb.tensor([1., 2.]), fb.ones(2), None)
        tensor([  9., 144.])

    Reference: Martens, "New insights and perspectives on the natural gradient method", JMLR 2020,
    section 5.
    """
    _, slopes = _slopes(negative_log_likelihood, params, inputs, targets, False)
    return _flat(slopes).square()
