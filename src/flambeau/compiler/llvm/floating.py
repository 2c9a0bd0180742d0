"""Floating-point arithmetic that is a few instructions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from flambeau.compiler.llvm.types import INTEGER_OF
from flambeau.compiler.llvm.value import Value

if TYPE_CHECKING:
    from flambeau.compiler.llvm.vector import VectorBuilder

# Above this magnitude a quotient is no longer known to one unit, and fmod asks the C library.
EXACT_QUOTIENT = {"float32": 2.0**23, "float64": 2.0**52}


def _flagged(opcode: str) -> Callable[..., Value]:
    return lambda s, x, y: s.instruction(f"{opcode} {s.flags}", x, y)


def _call(name: str) -> Callable[..., Value]:
    return lambda s, x: s.intrinsic(name, x)


def _neg(s: VectorBuilder, x: Value) -> Value:
    name = s.function.emit(f"fneg {x.type} {x.name}")
    return Value(s, name, x.dtype, x.lanes)


def _minimum(s: VectorBuilder, x: Value, y: Value) -> Value:
    # The comparison takes y if either is NaN, as the processor's own minimum does.
    return s.where(s.isnan(x), x, s.where(x < y, x, y))


def _maximum(s: VectorBuilder, x: Value, y: Value) -> Value:
    return s.where(s.isnan(x), x, s.where(x > y, x, y))


def _sign(s: VectorBuilder, x: Value) -> Value:
    zero = s.constant(0.0, x.dtype)
    return s.where(x > 0, 1.0, s.where(x < 0, s.constant(-1.0, x.dtype), zero))


def _reciprocal(s: VectorBuilder, x: Value) -> Value:
    return 1.0 / x


def _rsqrt(s: VectorBuilder, x: Value) -> Value:
    return 1.0 / s.sqrt(x)


def fma_exact(s: VectorBuilder, x: Value, y: Value, z: Value) -> Value:
    """x y + z rounded once, on every machine."""
    return s.intrinsic("fma", x, y, z)


def _fmod(s: VectorBuilder, x: Value, y: Value) -> Value:
    """x - trunc(x/y) y, exactly.

    The quotient, rounded, is at most one too large in magnitude; the fused product then leaves a
    remainder of the other sign, and adding |y| back is exact too. Quotients too large for that
    are rare and go lane by lane to the C library.
    """
    f = s.function
    x, y = s.splat(x, max(x.lanes, y.lanes)), s.splat(y, max(x.lanes, y.lanes))
    size, modulus = s.abs(x), s.abs(y)
    ratio = s.instruction("fdiv", size, modulus)
    rest = fma_exact(s, -s.trunc(ratio), modulus, size)
    rest = s.where(rest < 0, s.instruction("fadd", rest, modulus), rest)
    # An infinite modulus leaves x as it is; NaN and infinite x make NaN on the rare path.
    rest = s.where(size < modulus, size, rest)
    rare = s.logical_not(ratio < EXACT_QUOTIENT[x.dtype])
    slow, after = f.fresh("slow"), f.fresh("after")
    before = f.block_name
    f.branch_if(s.any_lane(rare), slow, after)
    f.block(slow)
    whole = s.instruction("frem", size, modulus)
    f.branch(after)
    f.block(after)
    merged = f.phi(x.type, [(rest.name, before), (whole.name, slow)])
    return s.copysign(Value(s, merged, x.dtype, x.lanes), x)


def _remainder(s: VectorBuilder, x: Value, y: Value) -> Value:
    rest = _fmod(s, x, y)
    other_sign = s.logical_and(rest != 0, (rest < 0) != (y < 0))
    # As Python has it, -0.0 and 0.0 follow the divisor's sign; PyTorch keeps the dividend's.
    return s.where(other_sign, s.instruction("fadd", rest, y), rest)


def _floor_divide(s: VectorBuilder, x: Value, y: Value) -> Value:
    """The floor of the exact quotient: (x - remainder) / y is an integer but for rounding."""
    rest = _fmod(s, x, y)
    quotient = s.instruction("fdiv", s.instruction("fsub", x, rest), y)
    other_sign = s.logical_and(rest != 0, (rest < 0) != (y < 0))
    quotient = s.where(other_sign, s.instruction("fsub", quotient, s.constant(1.0, x.dtype)),
                       quotient)  # fmt: skip
    below = s.floor(quotient)
    nearest = s.where(s.instruction("fsub", quotient, below) > 0.5,
                      s.instruction("fadd", below, s.constant(1.0, x.dtype)), below)  # fmt: skip
    ratio = s.instruction("fdiv", x, y)
    signed_zero = s.copysign(s.constant(0.0, x.dtype), ratio)
    nearest = s.where(quotient == 0, signed_zero, nearest)
    return s.where(y == 0, ratio, nearest)


def _trunc_divide(s: VectorBuilder, x: Value, y: Value) -> Value:
    return s.trunc(x / y)


def _copysign(s: VectorBuilder, x: Value, y: Value) -> Value:
    return s.intrinsic("copysign", x, y)


def sign_bit(s: VectorBuilder, x: Value) -> Value:
    """The sign bit alone, as an integer."""
    integer = INTEGER_OF[x.dtype]
    bits = s.bits(x, integer)
    return bits & (-(2**31) if integer == "int32" else -(2**63))


OPERATIONS: dict[str, Callable[..., Value]] = {
    "add": _flagged("fadd"), "sub": _flagged("fsub"), "mul": _flagged("fmul"),
    "div": _flagged("fdiv"), "neg": _neg, "abs": _call("fabs"), "sqrt": _call("sqrt"),
    "floor": _call("floor"), "ceil": _call("ceil"), "trunc": _call("trunc"),
    "round": _call("roundeven"), "minimum": _minimum, "maximum": _maximum, "sign": _sign,
    "reciprocal": _reciprocal, "rsqrt": _rsqrt, "copysign": _copysign, "fmod": _fmod,
    "remainder": _remainder, "floor_divide": _floor_divide, "trunc_divide": _trunc_divide,
}  # fmt: skip
