"""``Variable``: what tensors that record their history were called before PyTorch 0.4."""

from __future__ import annotations

from typing import Any

from flambeau.core.errors import message
from flambeau.tensor.tensor import Tensor


class _VariableType(type):
    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Tensor)


class Variable(metaclass=_VariableType):
    """``Variable(x)`` is ``x`` outside its graph: every tensor is a variable.

    Args:
        data: a tensor.
        requires_grad: whether a gradient is wanted.

    Raises:
        TypeError: if ``data`` is not a tensor.

    Example:
        >>> import flambeau as fb
        >>> fb.autograd.Variable(fb.ones(2), requires_grad=True)
        tensor([1., 1.], requires_grad=True)
    """

    def __new__(cls, data: Tensor, requires_grad: bool = False) -> Tensor:  # type: ignore[misc]
        if not isinstance(data, Tensor):
            raise TypeError(
                message(
                    "Variable: not a tensor",
                    expected="a tensor",
                    got=type(data).__name__,
                    help="make one with flambeau.tensor(...)",
                )
            )
        return data.detach().requires_grad_(requires_grad)
