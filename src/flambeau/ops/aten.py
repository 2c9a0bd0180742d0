"""What PyTorch has below ``torch.ops.aten``: operations by name, as scripts about them call them.

These are the public functions, in-place ones included; some that PyTorch has only here are below.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from flambeau.ops.deferred import FAMILY_OF_FUNCTION
from flambeau.ops.publish import PUBLIC
from flambeau.tensor.tensor import Tensor

# Where functions of layers live that have no name at the top level.
_LAYERS = ("activation", "piecewise_activation", "average_pooling", "adaptive_pooling")


def native_dropout_backward(grad_output: Tensor, mask: Tensor, scale: float) -> Tensor:
    """The gradient of dropout from the mask of what was kept.

    :math:`out = grad · mask · scale`

    Args:
        grad_output: the gradient of the result.
        mask: truth values: what was kept.
        scale: what it was multiplied with.

    Shape: that of ``grad_output``.

    Example:
        >>> import flambeau as fb
        >>> fb.ops.aten.native_dropout_backward(fb.ones(2), fb.tensor([True, False]), 2.0)
        tensor([2., 0.])
    """
    return grad_output * mask * scale


def __getattr__(name: str) -> Any:
    if name[:1] != "_":
        if name in PUBLIC or name in FAMILY_OF_FUNCTION:
            return PUBLIC[name]
        for room in _LAYERS:
            found = getattr(import_module(f"flambeau.ops.{room}"), name, None)
            if callable(found):
                return found
        if callable(getattr(Tensor, name, None)):
            return getattr(Tensor, name)
    raise AttributeError(f"flambeau.ops.aten has no {name!r}")
