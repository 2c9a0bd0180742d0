"""Linear layers."""

from __future__ import annotations

import math
from typing import Any

from flambeau.core.errors import message
from flambeau.nn import init
from flambeau.nn.functional import bilinear, linear
from flambeau.nn.module import Module
from flambeau.nn.parameter import Parameter
from flambeau.ops.creation import empty
from flambeau.tensor.tensor import Tensor


class Identity(Module):
    """Hands its input on.

    Args:
        args: anything, without effect.
        kwargs: anything, without effect.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.Identity(54, unused=True)(fb.ones(1))
        tensor([1.])
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Tensor) -> Tensor:
        """The input."""
        return input


class Linear(Module):
    """An affine map of the last dimension.

    :math:`out = input · weight^T + bias`

    Weight and bias start uniform on (-k, k), k = 1 / sqrt(in_features).

    Args:
        in_features: size of the input's last dimension.
        out_features: size of the output's.
        bias: whether something is added.
        device: the CPU.
        dtype: the type of the parameters; the default type if not given.

    Shape: (..., in_features) -> (..., out_features).

    Example:
        >>> import flambeau as fb
        >>> fb.nn.Linear(20, 30)(fb.zeros(128, 20)).shape
        torch.Size([128, 30])
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.in_features = in_features
        self.out_features = out_features
        factory = {"device": device, "dtype": dtype}
        self.weight = Parameter(empty(out_features, in_features, **factory))
        self.register_parameter("bias", Parameter(empty(out_features, **factory)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw initial values."""
        # a = sqrt(5) makes the bound of the weight 1 / sqrt(in_features), up to rounding.
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            fan_in, _ = init._calculate_fan_in_and_fan_out(self.weight)
            bound = 1 / math.sqrt(fan_in) if fan_in > 0 else 0
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Tensor) -> Tensor:
        """The mapped input."""
        return linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, "
            f"bias={self.bias is not None}"
        )


class Bilinear(Module):
    """A bilinear form of two inputs for each output.

    :math:`out_k = x_1^T weight_k x_2 + bias_k`

    Args:
        in1_features: size of the first input's last dimension.
        in2_features: size of the second's.
        out_features: size of the output's.
        bias: whether something is added.
        device: the CPU.
        dtype: the type of the parameters; the default type if not given.

    Shape: (..., in1_features) and (..., in2_features) -> (..., out_features).

    Raises:
        ValueError: unless ``in1_features`` is positive.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.Bilinear(2, 3, 4)(fb.zeros(8, 2), fb.zeros(8, 3)).shape
        torch.Size([8, 4])
    """

    def __init__(
        self,
        in1_features: int,
        in2_features: int,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if in1_features <= 0:
            raise ValueError(
                message(
                    "Bilinear: no first input", expected="in1_features > 0", got=str(in1_features)
                )
            )
        self.in1_features = in1_features
        self.in2_features = in2_features
        self.out_features = out_features
        factory = {"device": device, "dtype": dtype}
        self.weight = Parameter(empty(out_features, in1_features, in2_features, **factory))
        self.register_parameter("bias", Parameter(empty(out_features, **factory)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw initial values."""
        bound = 1 / math.sqrt(self.weight.size(1))
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input1: Tensor, input2: Tensor) -> Tensor:
        """The forms of the two inputs."""
        return bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self) -> str:
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, "
            f"out_features={self.out_features}, bias={self.bias is not None}"
        )
