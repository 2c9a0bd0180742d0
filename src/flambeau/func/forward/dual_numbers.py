"""``dual_level``, ``make_dual`` and ``unpack_dual``: values with their derivatives at hand."""

from __future__ import annotations

from typing import Any, NamedTuple

from flambeau.core.errors import message
from flambeau.func.forward.level import DualLevel
from flambeau.tensor.dispatch import wrap
from flambeau.tensor.modes import INTERPRETED, MODE
from flambeau.tensor.tensor import Tensor


class dual_level(DualLevel):
    """A region in which tensors may carry a derivative; see :func:`make_dual`.

    Example:
        >>> import flambeau as fb
        >>> import flambeau.autograd.forward_ad as fwAD
        >>> with fwAD.dual_level():
        ...     x = fwAD.make_dual(fb.tensor(0.0), fb.tensor(3.0))
        ...     y = fwAD.unpack_dual(x.sin())
        >>> y.primal, y.tangent
        (tensor(0.), tensor(3.))

    Differs from PyTorch: values are looked at outside of the region.
    """


class UnpackedDualTensor(NamedTuple):
    """A value and its derivative.

    Attributes:
        primal: the value.
        tangent: the derivative, or ``None`` where nothing depends on a dual tensor.

    Example:
        >>> import flambeau as fb
        >>> import flambeau.autograd.forward_ad as fwAD
        >>> with fwAD.dual_level():
        ...     fwAD.unpack_dual(fb.ones(2)).tangent is None
        True
    """

    primal: Tensor
    tangent: Tensor | None


def make_dual(tensor: Tensor, tangent: Tensor, *, level: Any = None) -> Tensor:
    """A tensor that carries a derivative.

    Args:
        tensor: the value.
        tangent: its derivative in the direction that is followed, of the same shape and type.
        level: only the innermost.

    Raises:
        RuntimeError: outside of a :class:`dual_level`, or if the tangent does not fit.

    Example:
        >>> import flambeau as fb
        >>> import flambeau.autograd.forward_ad as fwAD
        >>> with fwAD.dual_level():
        ...     x = fwAD.make_dual(fb.tensor(2.0), fb.tensor(1.0))
        ...     slope = fwAD.unpack_dual(x * x).tangent
        >>> slope
        tensor(4.)
    """
    active = MODE.interpreter if MODE.code & INTERPRETED else None
    if not isinstance(active, DualLevel):
        raise RuntimeError(
            message(
                "make_dual: no derivatives are carried here",
                expected="a call inside of dual_level()",
                got="one outside",
                help="with forward_ad.dual_level(): ...",
            )
        )
    if tuple(tensor.shape) != tuple(tangent.shape) or tensor.dtype is not tangent.dtype:
        raise RuntimeError(
            message(
                "make_dual: the tangent does not fit",
                expected=f"shape {tuple(tensor.shape)} of type {tensor.dtype}",
                got=f"shape {tuple(tangent.shape)} of type {tangent.dtype}",
            )
        )
    below = [active.held(active.lifted(x)).primal for x in (tensor, tangent)]
    return wrap(active.dual(*below))


def unpack_dual(tensor: Tensor, *, level: Any = None) -> UnpackedDualTensor:
    """The value of a tensor and the derivative that it carries.

    Args:
        tensor: any tensor.
        level: only the innermost.

    Example:
        >>> import flambeau as fb
        >>> import flambeau.autograd.forward_ad as fwAD
        >>> with fwAD.dual_level():
        ...     x = fwAD.make_dual(fb.tensor(2.0), fb.tensor(1.0))
        ...     slope = fwAD.unpack_dual(x.exp().log()).tangent
        >>> slope
        tensor(1.)
    """
    active = MODE.interpreter if MODE.code & INTERPRETED else None
    if not isinstance(active, DualLevel):
        return UnpackedDualTensor(tensor, None)
    held = active.held(active.lifted(tensor))
    return UnpackedDualTensor(held.primal, held.tangent)
