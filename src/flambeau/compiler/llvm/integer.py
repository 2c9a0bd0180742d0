"""Integer and bool operations: they wrap, and never trap."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from flambeau.compiler.llvm.types import BYTES
from flambeau.compiler.llvm.value import Value
from flambeau.core.scalar import UNSIGNED

if TYPE_CHECKING:
    from flambeau.compiler.llvm.vector import VectorBuilder


def _plain(opcode: str) -> Callable[..., Value]:
    return lambda s, x, y: s.instruction(opcode, x, y)


def _neg(s: VectorBuilder, x: Value) -> Value:
    return s.instruction("sub", s.constant(0, x.dtype), x)


def _not(s: VectorBuilder, x: Value) -> Value:
    return s.instruction("xor", x, s.constant(-1 if x.dtype != "bool" else True, x.dtype))


def _abs(s: VectorBuilder, x: Value) -> Value:
    return x if x.dtype in UNSIGNED else s.intrinsic("abs", x, tail=", i1 false")


def _sign(s: VectorBuilder, x: Value) -> Value:
    return (
        s.where(x > 0, 1, s.cast(x < 0, x.dtype) * -1)
        if x.dtype not in UNSIGNED
        else s.where(x > 0, s.constant(1, x.dtype), s.constant(0, x.dtype))
    )


def _extreme(name: str) -> Callable[..., Value]:
    return lambda s, x, y: s.intrinsic(("u" if x.dtype in UNSIGNED else "s") + name, x, y)


def _divide(s: VectorBuilder, x: Value, y: Value) -> tuple[Value, Value, Value]:
    """Quotient and remainder towards zero, and where y is 0 (both are then 0).

    The processor traps on a divisor 0 and on -2^31 / -1, so both are divided by 1 instead.
    """
    zero = y == 0
    if x.dtype in UNSIGNED:
        quotient = s.instruction("udiv", x, s.where(zero, 1, y))
    else:
        minus = y == -1
        safe = s.where(s.logical_or(zero, minus), 1, y)
        quotient = s.instruction("sdiv", x, safe)
        quotient = s.where(minus, -x, quotient)
    quotient = s.where(zero, 0, quotient)
    rest = s.where(zero, 0, x - quotient * y)
    return quotient, rest, zero


def _trunc_divide(s: VectorBuilder, x: Value, y: Value) -> Value:
    return _divide(s, x, y)[0]


def _fmod(s: VectorBuilder, x: Value, y: Value) -> Value:
    return _divide(s, x, y)[1]


def _signs_differ(s: VectorBuilder, rest: Value, y: Value) -> Value:
    """Where rounding towards zero went up: a remainder is left, and not of y's sign."""
    return s.logical_and(rest != 0, (rest ^ y) < 0)


def _floor_divide(s: VectorBuilder, x: Value, y: Value) -> Value:
    quotient, rest, _ = _divide(s, x, y)
    if x.dtype in UNSIGNED:
        return quotient
    return quotient - s.cast(_signs_differ(s, rest, y), x.dtype)


def _remainder(s: VectorBuilder, x: Value, y: Value) -> Value:
    rest = _divide(s, x, y)[1]
    if x.dtype in UNSIGNED:
        return rest
    return s.where(_signs_differ(s, rest, y), rest + y, rest)


def _shift(opcode: str) -> Callable[..., Value]:
    def shift(s: VectorBuilder, x: Value, y: Value) -> Value:
        bits = 8 * BYTES[x.dtype]
        inside = s.bits(y, x.dtype.replace("uint", "int").replace("int", "uint")) < bits
        if opcode == "ashr" and x.dtype not in UNSIGNED:
            return s.instruction("ashr", x, s.where(inside, y, bits - 1))
        how = "lshr" if opcode == "ashr" else opcode
        return s.where(inside, s.instruction(how, x, s.where(inside, y, 0)), 0)

    return shift


def _pow(s: VectorBuilder, x: Value, y: Value) -> Value:
    """Repeated squaring; a negative power is 0 but of 1 and -1."""
    f = s.function
    lanes = max(x.lanes, y.lanes)
    one = s.splat(s.constant(1, x.dtype), lanes)
    power = s.splat(y, lanes)
    with f.loop(0, 8 * BYTES[x.dtype], carried=[one, s.splat(x, lanes), power]) as loop:
        result, square, rest = loop.values
        result = s.where((rest & 1) != 0, result * square, result)
        loop.carry(result, square * square, s.shift_right(rest, 1))
    result = loop.results[0]
    if x.dtype in UNSIGNED:
        return result
    odd = (power & 1) != 0
    inverse = s.where(x == 1, 1, s.where(x == -1, s.where(odd, s.constant(-1, x.dtype), 1), 0))
    return s.where(power < 0, inverse, result)


def _no_subtraction(s: VectorBuilder, x: Value, y: Value) -> Value:
    raise TypeError("sub: bools are not subtracted; use bitwise_xor")


OPERATIONS: dict[str, Callable[..., Value]] = {
    "add": _plain("add"), "sub": _plain("sub"), "mul": _plain("mul"),
    "bitwise_and": _plain("and"), "bitwise_or": _plain("or"), "bitwise_xor": _plain("xor"),
    "bitwise_not": _not, "neg": _neg, "abs": _abs, "sign": _sign,
    "minimum": _extreme("min"), "maximum": _extreme("max"),
    "trunc_divide": _trunc_divide, "fmod": _fmod,
    "floor_divide": _floor_divide, "remainder": _remainder,
    "shift_left": _shift("shl"), "shift_right": _shift("ashr"), "pow": _pow,
}  # fmt: skip

BOOL_OPERATIONS: dict[str, Callable[..., Value]] = {
    "add": _plain("or"), "maximum": _plain("or"), "bitwise_or": _plain("or"),
    "mul": _plain("and"), "minimum": _plain("and"), "bitwise_and": _plain("and"),
    "bitwise_xor": _plain("xor"), "bitwise_not": _not, "abs": lambda s, x: x,
    "sign": lambda s, x: x, "sub": _no_subtraction,
}  # fmt: skip
