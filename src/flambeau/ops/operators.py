"""Python's operators on tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flambeau.ops.elementwise_calls import OPERATORS, is_operand
from flambeau.ops.publish import PUBLIC
from flambeau.tensor.tensor import Tensor

# special method -> record, for both orders of operands and for augmented assignment
ARITHMETIC = {
    "add": "add", "sub": "sub", "mul": "mul", "truediv": "div", "floordiv": "floor_divide",
    "mod": "remainder", "pow": "pow", "and": "bitwise_and", "or": "bitwise_or",
    "xor": "bitwise_xor", "lshift": "bitwise_left_shift", "rshift": "bitwise_right_shift",
}  # fmt: skip
COMPARISONS = {"eq": "eq", "ne": "ne", "lt": "lt", "le": "le", "gt": "gt", "ge": "ge"}
UNARY = {"neg": "neg", "pos": "positive", "abs": "abs", "invert": "bitwise_not"}


def guarded(function: Callable) -> Callable:
    """``x op y`` or ``x op= y`` for tensors and numbers; anything else is left to Python."""

    def operator(self: Tensor, other: Any) -> Any:
        if other.__class__ is Tensor or is_operand(other):
            return function(self, other)
        return NotImplemented

    return operator


def install() -> None:
    """Give Tensor its operators, once all records exist."""
    for special, name in ARITHMETIC.items():
        if name in OPERATORS:
            operators = OPERATORS[name]
            setattr(Tensor, f"__{special}__", operators.forward)
            setattr(Tensor, f"__r{special}__", operators.reflected)
            setattr(Tensor, f"__i{special}__", guarded(PUBLIC[name + "_"]))
    for special, name in COMPARISONS.items():
        if name in OPERATORS:
            setattr(Tensor, f"__{special}__", OPERATORS[name].forward)
    for special, name in UNARY.items():
        if name in PUBLIC:
            setattr(Tensor, f"__{special}__", PUBLIC[name])
    if "matmul" in PUBLIC:
        matmul = PUBLIC["matmul"]
        Tensor.__matmul__ = guarded(matmul)
        Tensor.__rmatmul__ = guarded(lambda self, other: matmul(other, self))
