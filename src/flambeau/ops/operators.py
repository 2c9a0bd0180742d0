"""Python's operators on tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from flambeau.ops.elementwise import OPERATORS
from flambeau.ops.publish import PUBLIC
from flambeau.tensor.tensor import Tensor

_OPERANDS = (Tensor, int, float, complex, np.generic)

# special method -> record, for both orders of operands and for augmented assignment
ARITHMETIC = {
    "add": "add", "sub": "sub", "mul": "mul", "truediv": "div", "floordiv": "floor_divide",
    "mod": "remainder", "pow": "pow", "and": "bitwise_and", "or": "bitwise_or",
    "xor": "bitwise_xor", "lshift": "bitwise_left_shift", "rshift": "bitwise_right_shift",
}  # fmt: skip
COMPARISONS = {"eq": "eq", "ne": "ne", "lt": "lt", "le": "le", "gt": "gt", "ge": "ge"}
UNARY = {"neg": "neg", "pos": "positive", "abs": "abs", "invert": "bitwise_not"}


def forward(function: Callable) -> Callable:
    """``x op y``."""

    def operator(self: Tensor, other: Any) -> Any:
        if other.__class__ is Tensor or isinstance(other, _OPERANDS):
            return function(self, other)
        return NotImplemented

    return operator


def reflected(function: Callable) -> Callable:
    """``y op x`` where only ``x`` is a tensor."""

    def operator(self: Tensor, other: Any) -> Any:
        return function(other, self) if isinstance(other, _OPERANDS) else NotImplemented

    return operator


def install() -> None:
    """Give Tensor its operators, once all records exist."""
    for special, name in ARITHMETIC.items():
        if name in OPERATORS:
            setattr(Tensor, f"__{special}__", forward(OPERATORS[name]))
            setattr(Tensor, f"__r{special}__", reflected(OPERATORS[name]))
            setattr(Tensor, f"__i{special}__", forward(PUBLIC[name + "_"]))
    for special, name in COMPARISONS.items():
        if name in OPERATORS:
            setattr(Tensor, f"__{special}__", forward(OPERATORS[name]))
    for special, name in UNARY.items():
        if name in PUBLIC:
            setattr(Tensor, f"__{special}__", PUBLIC[name])
