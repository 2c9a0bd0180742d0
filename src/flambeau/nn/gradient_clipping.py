"""Gradients made smaller before an optimizer sees them."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from typing import Any

from flambeau.autograd import no_grad
from flambeau.core.errors import message
from flambeau.ops.creation import zeros
from flambeau.ops.joining import stack
from flambeau.tensor.tensor import Tensor


def get_total_norm(
    tensors: Tensor | Iterable[Tensor],
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    r"""The norm of all elements of several tensors together.

    .. math:: ‖x‖_p = \left(\sum_i ‖x_i‖_p^p\right)^{1/p}

    Args:
        tensors: a tensor or several.
        norm_type: :math:`p`; ``float("inf")`` for the largest element.
        error_if_nonfinite: refuse a norm that is inf or nan.
        foreach: a selector without effect.

    Returns:
        A 0-d tensor; 0 if there are no tensors.

    Raises:
        RuntimeError: see ``error_if_nonfinite``.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.utils.get_total_norm([fb.tensor([3.]), fb.tensor([4.])])
        tensor(5.)
    """
    found = [tensors] if isinstance(tensors, Tensor) else list(tensors)
    if not found:
        return zeros(())
    order = float(norm_type)
    # An empty tensor has no largest element, and adds nothing to a norm.
    norms = [x.norm(order) if x.numel() else zeros((), dtype=x.dtype.to_real()) for x in found]
    total = norms[0] if len(norms) == 1 else stack(_of_one_type(norms)).norm(order)
    if error_if_nonfinite and not bool(total.isfinite()):
        raise RuntimeError(
            message(
                f"get_total_norm: the norm of order {order:g} is not finite",
                expected="finite gradients",
                got=str(total.item()),
                help="find the operation with autograd.set_detect_anomaly(True), or set"
                " error_if_nonfinite=False",
            )
        )
    return total


def _of_one_type(norms: list[Tensor]) -> list[Tensor]:
    total = sum(norms[1:], norms[0])  # has the type of them all
    return [x.to(total.dtype) for x in norms]


def clip_grads_with_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    total_norm: Tensor,
    foreach: bool | None = None,
) -> None:
    r"""Shrink gradients in place as far as a norm that is known already asks for.

    .. math:: g ← g \min\left(1, \frac{c}{‖g‖ + 10^{-6}}\right)

    Args:
        parameters: tensors with gradients.
        max_norm: :math:`c`.
        total_norm: :math:`‖g‖`, 0-d.
        foreach: a selector without effect.

    Example:
        >>> import flambeau as fb
        >>> w = fb.ones(1, requires_grad=True)
        >>> w.grad = fb.tensor([3.])
        >>> fb.nn.utils.clip_grads_with_norm_(w, 1.0, fb.tensor(6.0))
        >>> w.grad
        tensor([0.5000])
    """
    with no_grad():
        factor = (max_norm / (total_norm + 1e-6)).clamp(max=1.0)
        for gradient in _gradients(parameters):
            gradient.mul_(factor)


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    r"""Shrink all gradients together, in place, if their norm is above a bound.

    .. math:: g ← g \min\left(1, \frac{c}{‖g‖_p + 10^{-6}}\right)

    Args:
        parameters: tensors with gradients; those without are left out.
        max_norm: :math:`c`.
        norm_type: :math:`p`; ``float("inf")`` for the largest element.
        error_if_nonfinite: refuse a norm that is inf or nan; nothing has changed then.
        foreach: a selector without effect.

    Returns:
        The norm before, a 0-d tensor.

    Raises:
        RuntimeError: see ``error_if_nonfinite``.

    Example:
        >>> import flambeau as fb
        >>> w = fb.ones(2, requires_grad=True)
        >>> w.grad = fb.tensor([3., 4.])
        >>> fb.nn.utils.clip_grad_norm_([w], max_norm=1.0)
        tensor(5.)
        >>> w.grad
        tensor([0.6000, 0.8000])

    Reference: Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural
    networks", ICML 2013, algorithm 1.
    """
    listed = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    if not listed and isinstance(parameters, Iterator):
        warnings.warn(
            "clip_grad_norm_: parameters is an empty generator, and nothing was clipped",
            stacklevel=2,
        )
    with no_grad():
        total = get_total_norm(_gradients(listed), norm_type, error_if_nonfinite)
    clip_grads_with_norm_(listed, max_norm, total)
    return total


def clip_grad_value_(
    parameters: Tensor | Iterable[Tensor], clip_value: float, foreach: bool | None = None
) -> None:
    r"""Keep every element of the gradients within bounds, in place.

    .. math:: g ← \min(\max(g, -c), c)

    Args:
        parameters: tensors with gradients.
        clip_value: :math:`c`.
        foreach: a selector without effect.

    Example:
        >>> import flambeau as fb
        >>> w = fb.ones(2, requires_grad=True)
        >>> w.grad = fb.tensor([3., -0.5])
        >>> fb.nn.utils.clip_grad_value_(w, 1.0)
        >>> w.grad
        tensor([ 1.0000, -0.5000])
    """
    with no_grad():
        for gradient in _gradients(parameters):
            gradient.clamp_(-clip_value, clip_value)


def _gradients(parameters: Any) -> list[Tensor]:
    listed = [parameters] if isinstance(parameters, Tensor) else parameters
    return [p.grad for p in listed if p.grad is not None]


def clip_grad_norm(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """The older name of :func:`clip_grad_norm_`.

    Example:
        >>> import flambeau as fb, warnings
        >>> warnings.simplefilter("ignore")
        >>> w = fb.ones(1, requires_grad=True)
        >>> (w * 4).sum().backward()
        >>> fb.nn.utils.clip_grad_norm([w], 2.0)
        tensor(4.)
    """
    warnings.warn("clip_grad_norm: write clip_grad_norm_", FutureWarning, stacklevel=2)
    return clip_grad_norm_(parameters, max_norm, norm_type, error_if_nonfinite, foreach)
