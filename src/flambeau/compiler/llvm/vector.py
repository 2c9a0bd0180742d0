"""The builder of element expressions that writes vector instructions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from flambeau.compiler.llvm import conversion, floating, integer
from flambeau.compiler.llvm.types import ELEMENT, literal, suffix, vector_type
from flambeau.compiler.llvm.value import Value
from flambeau.core.scalar import FLOATING, STORED_FLOATING, UNSIGNED, dtype_name
from flambeau.core.scalar_builder import ScalarBuilder

if TYPE_CHECKING:
    from flambeau.compiler.llvm.function import Function

_COMPARISONS = {
    "less": ("olt", "slt", "ult"), "less_equal": ("ole", "sle", "ule"),
    "greater": ("ogt", "sgt", "ugt"), "greater_equal": ("oge", "sge", "uge"),
    "equal": ("oeq", "eq", "eq"), "not_equal": ("une", "ne", "ne"),
}  # fmt: skip


class VectorBuilder(ScalarBuilder[Value]):
    """Writes element expressions into a function.

    Operands of one lane (literals, numbers read at run time) are repeated to meet vectors.

    Attributes:
        function: where instructions go.
        flags: what floating-point arithmetic may do beyond IEEE 754. ``contract`` lets products
            and sums fuse. Reassociating would turn ``(x + big) - big`` into ``x``, which the
            eager program does not do; only horizontal sums reassociate.
    """

    __slots__ = ("flags", "function")

    def __init__(self, function: Function) -> None:
        self.function = function
        self.flags = "contract"

    # --- operands ---------------------------------------------------------------------------

    def operand(self, x: Value, lanes: int) -> str:
        """The name of a value in an instruction on so many lanes."""
        if x.lanes == lanes:
            return x.name
        if x.lanes != 1:
            raise ValueError(f"vector: {x.lanes} lanes meet {lanes}")
        if x.literal:
            return f"splat ({ELEMENT[x.dtype]} {x.name})"
        return self.splat(x, lanes).name

    def splat(self, x: Value, lanes: int) -> Value:
        """A vector that repeats one element; before a loop it saves the loop doing so."""
        if x.lanes == lanes:
            return x
        kind = vector_type(ELEMENT[x.dtype], lanes)
        if x.literal:
            return Value(self, f"splat ({ELEMENT[x.dtype]} {x.name})", x.dtype, lanes)
        emit = self.function.emit
        one = emit(f"insertelement {kind} poison, {ELEMENT[x.dtype]} {x.name}, i64 0")
        name = emit(f"shufflevector {kind} {one}, {kind} poison, <{lanes} x i32> zeroinitializer")
        return Value(self, name, x.dtype, lanes)

    def named(self, x: Value) -> Value:
        """A literal as something that a loop can carry."""
        return x

    def instruction(self, opcode: str, x: Value, y: Value) -> Value:
        """``opcode x, y`` whose result has the operands' type."""
        lanes = x.lanes if x.lanes > y.lanes else y.lanes
        kind = vector_type(ELEMENT[x.dtype], lanes)
        name = self.function.emit(
            f"{opcode} {kind} {self.operand(x, lanes)}, {self.operand(y, lanes)}"
        )
        return Value(self, name, x.dtype, lanes)

    def intrinsic(self, name: str, *operands: Value, flags: str = "", tail: str = "") -> Value:
        """A call of ``@llvm.name`` on values of one type; ``tail`` is literal text after them."""
        lanes = max(x.lanes for x in operands)
        dtype = operands[0].dtype
        kind = vector_type(ELEMENT[dtype], lanes)
        full = f"llvm.{name}.{suffix(ELEMENT[dtype], lanes)}"
        types = ", ".join([kind] * len(operands)) + (", i1" if tail else "")
        self.function.module.declare(full, f"{kind} @{full}({types})")
        given = ", ".join(f"{kind} {self.operand(x, lanes)}" for x in operands)
        result = self.function.emit(f"call {flags}{kind} @{full}({given}{tail})")
        return Value(self, result, dtype, lanes)

    def bits(self, x: Value, dtype: str) -> Value:
        """The same bits read as another type of the same size."""
        if ELEMENT[dtype] == ELEMENT[x.dtype]:
            return Value(self, x.name, dtype, x.lanes, x.literal)
        kind = vector_type(ELEMENT[dtype], x.lanes)
        name = self.function.emit(f"bitcast {x.type} {x.name} to {kind}")
        return Value(self, name, dtype, x.lanes)

    def convert(self, opcode: str, x: Value, dtype: str) -> Value:
        """``opcode x to dtype`` (sext, fptosi...)."""
        kind = vector_type(ELEMENT[dtype], x.lanes)
        name = self.function.emit(f"{opcode} {x.type} {x.name} to {kind}")
        return Value(self, name, dtype, x.lanes)

    def any_lane(self, condition: Value) -> Value:
        """Whether the condition holds in some lane."""
        return self.function.reduce("bitwise_or", condition)

    @contextmanager
    def flagged(self, flags: str) -> Iterator[None]:
        """Writes floating-point arithmetic with other flags."""
        previous, self.flags = self.flags, flags
        try:
            yield
        finally:
            self.flags = previous

    # --- the eight methods ------------------------------------------------------------------

    def constant(self, value: float, dtype: Any = None) -> Value:
        """A literal."""
        if dtype is None:
            dtype = {bool: "bool", int: "int64"}.get(type(value), "float32")
        name = dtype_name(dtype)
        return Value(self, literal(value, name), name, 1, literal=True)

    def cast(self, x: Any, dtype: Any) -> Value:
        """The value in another type."""
        if not isinstance(x, Value):
            return self.constant(x, dtype)
        return conversion.cast(self, x, dtype_name(dtype))

    def unary(self, name: str, x: Value) -> Value:
        """An operation on one value that keeps its type."""
        return self._implementation(name, x.dtype)(self, x)

    def binary(self, name: str, x: Value, y: Value) -> Value:
        """An operation on two values of one type that keeps their type."""
        return self._implementation(name, x.dtype)(self, x, y)

    def _implementation(self, name: str, dtype: str) -> Callable[..., Value]:
        if dtype in FLOATING:
            found = floating.OPERATIONS.get(name) or _function(name)
        elif dtype == "bool":
            found = integer.BOOL_OPERATIONS.get(name)
        else:
            found = integer.OPERATIONS.get(name)
        if found is None:
            raise TypeError(f"{name}: does not apply to {dtype}")
        return found

    def test(self, name: str, x: Value) -> Value:
        """A question about one value."""
        if x.dtype not in FLOATING:
            return self.constant(name == "isfinite")
        if name == "isnan":
            return self._compared(f"fcmp uno {x.type} {x.name}, {x.name}", x.lanes)
        largest = self.constant(float("inf"), x.dtype)
        return self.compare("equal" if name == "isinf" else "less", self.abs(x), largest)

    def compare(self, name: str, x: Value, y: Value) -> Value:
        """A question about two values of one type."""
        floating_, signed, unsigned = _COMPARISONS[name]
        lanes = max(x.lanes, y.lanes)
        kind = vector_type(ELEMENT[x.dtype], lanes)
        if x.dtype in FLOATING:
            how = f"fcmp {floating_}"
        else:
            how = f"icmp {unsigned if x.dtype in UNSIGNED or x.dtype == 'bool' else signed}"
        return self._compared(
            f"{how} {kind} {self.operand(x, lanes)}, {self.operand(y, lanes)}", lanes
        )

    def _compared(self, text: str, lanes: int) -> Value:
        return Value(self, self.function.emit(text), "bool", lanes)

    def ternary(self, name: str, x: Value, y: Value, z: Value) -> Value:
        """``where`` (x is bool) or ``fma``."""
        if name == "fma":
            return self.intrinsic("fmuladd", x, y, z)
        lanes = max(x.lanes, y.lanes, z.lanes)
        kind = vector_type(ELEMENT[y.dtype], lanes)
        result = self.function.emit(
            f"select {x.type} {x.name}, {kind} {self.operand(y, lanes)}, "
            f"{kind} {self.operand(z, lanes)}"
        )
        return Value(self, result, y.dtype, lanes)

    def rounded(self, x: Value, dtype: Any) -> Value:
        """A float32 rounded to the values that float16 or bfloat16 can hold."""
        name = dtype_name(dtype)
        if name == "bfloat16":
            return conversion.round_to_bfloat16(self, x)
        stored = self.cast(x, name)
        return self.cast(stored, "float32") if name in STORED_FLOATING else stored


def _function(name: str) -> Callable[..., Value] | None:
    """Transcendental functions are loaded when a program first has one."""
    from flambeau.compiler.llvm.functions import FUNCTIONS

    return FUNCTIONS.get(name)
