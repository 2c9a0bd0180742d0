"""Activations with bounds or slopes of their own: hardtanh, PReLU and RReLU."""

from __future__ import annotations

import warnings
from typing import Any

from flambeau.core.errors import message
from flambeau.nn import functional
from flambeau.nn.module import Module
from flambeau.nn.parameter import Parameter
from flambeau.ops.creation import full
from flambeau.tensor.tensor import Tensor


class Hardtanh(Module):
    """Elements are kept within bounds.

    :math:`out = min(max(x, min_val), max_val)`

    Args:
        min_val: the least value.
        max_val: the greatest value, > ``min_val``.
        inplace: replace the input.
        min_value: an older name of ``min_val``.
        max_value: an older name of ``max_val``.

    Raises:
        AssertionError: if the bounds are in the wrong order.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.Hardtanh()(fb.tensor([-2., 0., 2.]))
        tensor([-1.,  0.,  1.])
    """

    def __init__(
        self,
        min_val: float = -1.0,
        max_val: float = 1.0,
        inplace: bool = False,
        min_value: float | None = None,
        max_value: float | None = None,
    ) -> None:
        super().__init__()
        if min_value is not None:
            min_val = _older_name("min_value", "min_val", min_value)
        if max_value is not None:
            max_val = _older_name("max_value", "max_val", max_value)
        if max_val <= min_val:
            raise AssertionError(
                message(
                    "Hardtanh: the bounds are in the wrong order",
                    expected="min_val < max_val",
                    got=f"min_val = {min_val} and max_val = {max_val}",
                )
            )
        self.min_val = min_val
        self.max_val = max_val
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """The input within the bounds."""
        return functional.hardtanh(input, self.min_val, self.max_val, self.inplace)

    def extra_repr(self) -> str:
        inplace = ", inplace=True" if self.inplace else ""
        return f"min_val={self.min_val}, max_val={self.max_val}{inplace}"


def _older_name(old: str, new: str, value: float) -> float:
    warnings.warn(f"Hardtanh: {old} is deprecated, say {new}", FutureWarning, stacklevel=3)
    return value


class ReLU6(Hardtanh):
    """Elements are kept between 0 and 6.

    :math:`out = min(max(x, 0), 6)`

    Args:
        inplace: replace the input.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.ReLU6()(fb.tensor([-2., 0., 8.]))
        tensor([0., 0., 6.])
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__(0.0, 6.0, inplace)

    def forward(self, input: Tensor) -> Tensor:
        """The input between 0 and 6."""
        return functional.relu6(input, self.inplace)

    def extra_repr(self) -> str:
        return "inplace=True" if self.inplace else ""


class RReLU(Module):
    """The rectifier with a slope below 0 that is drawn for each element while training.

    :math:`out = x` for :math:`x > 0`, else :math:`a · x` with :math:`a` uniform on
    (lower, upper), and their mean in evaluation

    Args:
        lower: the least slope.
        upper: the greatest slope.
        inplace: replace the input.

    Reference: Xu et al. (2015).

    Example:
        >>> import flambeau as fb
        >>> fb.nn.RReLU(0.1, 0.3).eval()(fb.tensor([-2., 0., 2.]))
        tensor([-0.4000,  0.0000,  2.0000])
    """

    def __init__(
        self, lower: float = 1.0 / 8, upper: float = 1.0 / 3, inplace: bool = False
    ) -> None:
        super().__init__()
        self.lower = lower
        self.upper = upper
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """The activation of the input."""
        return functional.rrelu(input, self.lower, self.upper, self.training, self.inplace)

    def extra_repr(self) -> str:
        inplace = ", inplace=True" if self.inplace else ""
        return f"lower={self.lower}, upper={self.upper}{inplace}"


class PReLU(Module):
    """The rectifier with a slope below 0 that is trained.

    :math:`out = x` for :math:`x > 0`, else :math:`weight · x`

    Args:
        num_parameters: 1, or the number of channels for a slope of each.
        init: the slope to start from.
        device: the CPU.
        dtype: the type of the slopes; the default type if not given.

    Shape: (n, c, ...) with as many channels as slopes, or any with one slope.

    Reference: He et al. (2015).

    Example:
        >>> import flambeau as fb
        >>> fb.nn.PReLU()(fb.tensor([-2., 0., 2.]))
        tensor([-0.5000,  0.0000,  2.0000], grad_fn=<PreluKernelBackward0>)
    """

    def __init__(
        self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.num_parameters = num_parameters
        self.init = init
        self.weight = Parameter(full((num_parameters,), init, device=device, dtype=dtype))

    def reset_parameters(self) -> None:
        """Set the slopes to what they started from."""
        self.weight.data.fill_(self.init)

    def forward(self, input: Tensor) -> Tensor:
        """The activation of the input."""
        return functional.prelu(input, self.weight)

    def extra_repr(self) -> str:
        return f"num_parameters={self.num_parameters}"
