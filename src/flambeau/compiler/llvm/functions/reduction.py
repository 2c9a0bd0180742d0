"""Angles modulo a quarter turn: x = n pi/2 + r with |r| <= pi/4, exactly enough for every x."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flambeau.compiler.llvm.floating import fma_exact
from flambeau.compiler.llvm.functions.parts import two_product, two_sum
from flambeau.compiler.llvm.value import Value

if TYPE_CHECKING:
    from flambeau.compiler.llvm.vector import VectorBuilder

HALF_PI = (1.5707963267948966, 6.123233995736766e-17, -1.4973849048591698e-33)
TWO_OVER_PI = 0.6366197723675814
# Up to here n fits an int32 and three parts of pi/2 are enough.
LARGE = 2.0**30

_WORDS = 21


def _two_over_pi_words() -> list[int]:
    """64 zero bits and then the binary digits of 2/pi, in words of 64."""
    bits = 64 * _WORDS
    # Machin's formula in integers, with guard bits.
    one = 1 << (bits + 64)

    def inverse_tangent(inverse: int) -> int:
        term = one // inverse
        total, k, sign = term, 3, -1
        while term:
            term //= inverse * inverse
            total += sign * (term // k)
            k, sign = k + 2, -sign
        return total

    pi = 4 * (4 * inverse_tangent(5) - inverse_tangent(239))
    digits = (2 * one << bits) // pi
    words = [(digits >> (bits - 64 * (k + 1))) & (2**64 - 1) for k in range(_WORDS - 1)]
    return [0, *words]


def reduce(s: VectorBuilder, x: Value) -> tuple[Value, Value, Value]:
    """The quarter turns n (int64, right modulo 4) and r as a sum of two, of float64 angles."""
    n = s.round(x * TWO_OVER_PI)
    first = fma_exact(s, n, s.constant(-HALF_PI[0], "float64"), x)  # exact
    second, second_low = two_product(s, n, s.constant(HALF_PI[1], "float64"))
    high, low = two_sum(s, first, -second)
    low = s.fma(n, -HALF_PI[2], low - second_low)
    r = s.instruction("fadd", high, low)
    r_low = s.instruction("fadd", s.instruction("fsub", high, r), low)
    quarter = s.convert("sext", s.convert("fptosi", n, "int32"), "int64")
    return _reduce_large(s, x, (quarter, r, r_low))


def _reduce_large(
    s: VectorBuilder, x: Value, usual: tuple[Value, Value, Value]
) -> tuple[Value, Value, Value]:
    """Replaces the lanes whose angle is large, one at a time, where there are any."""
    f = s.function
    module = f.module
    helper = module.helper("flambeau.reduce_large", lambda name: _write_helper(module, name))
    large = s.logical_not(s.abs(x) < LARGE)
    slow, after = f.fresh("large"), f.fresh("after")
    before = f.block_name
    f.branch_if(s.any_lane(large), slow, after)
    f.block(slow)
    kind = "{ i64, double, double }"
    with f.loop(0, x.lanes, carried=usual) as loop:
        lane = f.lane(x, loop.index)
        answer = f.emit(f"call {kind} @{helper}(double {lane.name})")
        chosen = f.lane(large, loop.index)
        replaced = []
        for position, old in enumerate(loop.values):
            new = f.value(f.emit(f"extractvalue {kind} {answer}, {position}"), old.dtype)
            new = s.where(chosen, new, f.lane(old, loop.index))
            replaced.append(f.with_lane(old, loop.index, new))
        loop.carry(*replaced)
    last = f.block_name
    f.branch(after)
    f.block(after)
    merged = []
    for old, new in zip(usual, loop.results, strict=True):
        name = f.phi(old.type, [(old.name, before), (new.name, last)])
        merged.append(Value(s, name, old.dtype, old.lanes))
    return merged[0], merged[1], merged[2]


def _write_helper(module: object, name: str) -> None:
    """One angle by integers: the fraction's bits times the 192 bits of 2/pi that matter.

    Bits of 2/pi whose product is a multiple of four quarter turns are left out, those far below
    the result too (Payne and Hanek's method).
    """
    table = module.table("flambeau.two_over_pi", _two_over_pi_words(), "uint64")
    module.declare("llvm.ctlz.i192", "i192 @llvm.ctlz.i192(i192, i1)")
    module.declare("llvm.fma.f64", "double @llvm.fma.f64(double, double, double)")
    first, second = _hex(HALF_PI[0]), _hex(HALF_PI[1])
    module.add(
        name,
        f"""define internal {{ i64, double, double }} @{name}(double %x) noinline nounwind {{
entry:
  %bits = bitcast double %x to i64
  %biased.0 = lshr i64 %bits, 52
  %biased = and i64 %biased.0, 2047
  %special = icmp eq i64 %biased, 2047
  br i1 %special, label %nan, label %finite
nan:
  ret {{ i64, double, double }} {{ i64 0, double 0x7FF8000000000000, double 0x7FF8000000000000 }}
finite:
  %small = icmp ult i64 %biased, 1053
  %exponent = select i1 %small, i64 1053, i64 %biased
  %fraction.0 = and i64 %bits, 4503599627370495
  %fraction = or i64 %fraction.0, 4503599627370496
  %start = sub i64 %exponent, 1013
  %word = lshr i64 %start, 6
  %shift = and i64 %start, 63
  %p0 = getelementptr i64, ptr {table}, i64 %word
  %p1 = getelementptr i64, ptr %p0, i64 1
  %p2 = getelementptr i64, ptr %p0, i64 2
  %p3 = getelementptr i64, ptr %p0, i64 3
  %w0 = load i64, ptr %p0
  %w1 = load i64, ptr %p1
  %w2 = load i64, ptr %p2
  %w3 = load i64, ptr %p3
  %e0 = zext i64 %w0 to i256
  %e1 = zext i64 %w1 to i256
  %e2 = zext i64 %w2 to i256
  %e3 = zext i64 %w3 to i256
  %s0 = shl i256 %e0, 192
  %s1 = shl i256 %e1, 128
  %s2 = shl i256 %e2, 64
  %o1 = or i256 %s0, %s1
  %o2 = or i256 %o1, %s2
  %o3 = or i256 %o2, %e3
  %by = zext i64 %shift to i256
  %moved = shl i256 %o3, %by
  %window.0 = lshr i256 %moved, 64
  %window = trunc i256 %window.0 to i192
  %wide = zext i64 %fraction to i192
  %turn = mul i192 %window, %wide
  %half = shl i192 1, 189
  %biased.turn = add i192 %turn, %half
  %quarter.0 = lshr i192 %biased.turn, 190
  %quarter = trunc i192 %quarter.0 to i64
  %whole = shl i192 %quarter.0, 190
  %rest = sub i192 %turn, %whole
  %negative = icmp slt i192 %rest, 0
  %opposite = sub i192 0, %rest
  %size = select i1 %negative, i192 %opposite, i192 %rest
  %zeros = call i192 @llvm.ctlz.i192(i192 %size, i1 false)
  %normal = shl i192 %size, %zeros
  %top.0 = lshr i192 %normal, 128
  %top = trunc i192 %top.0 to i64
  %next.0 = lshr i192 %normal, 64
  %next = trunc i192 %next.0 to i64
  %a.0 = lshr i64 %top, 11
  %a = uitofp i64 %a.0 to double
  %b.0 = shl i64 %top, 53
  %b.1 = lshr i64 %next, 11
  %b.2 = or i64 %b.0, %b.1
  %b.3 = lshr i64 %b.2, 11
  %b = uitofp i64 %b.3 to double
  %zeros.64 = trunc i192 %zeros to i64
  %scale.0 = sub i64 972, %zeros.64
  %scale.1 = shl i64 %scale.0, 52
  %scale = bitcast i64 %scale.1 to double
  %high.0 = fmul double %a, %scale
  %low.0 = fmul double %b, %scale
  %low.1 = fmul double %low.0, 0x3CA0000000000000
  %r = fmul double %high.0, {first}
  %minus = fneg double %r
  %error = call double @llvm.fma.f64(double %high.0, double {first}, double %minus)
  %c1 = call double @llvm.fma.f64(double %high.0, double {second}, double %error)
  %c = call double @llvm.fma.f64(double %low.1, double {first}, double %c1)
  %flip.0 = icmp slt i64 %bits, 0
  %flip = xor i1 %flip.0, %negative
  %r.minus = fneg double %r
  %c.minus = fneg double %c
  %r.signed = select i1 %flip, double %r.minus, double %r
  %c.signed = select i1 %flip, double %c.minus, double %c
  %quarter.minus = sub i64 0, %quarter
  %n = select i1 %flip.0, i64 %quarter.minus, i64 %quarter
  %answer.0 = insertvalue {{ i64, double, double }} poison, i64 %n, 0
  %answer.1 = insertvalue {{ i64, double, double }} %answer.0, double %r.signed, 1
  %answer.2 = insertvalue {{ i64, double, double }} %answer.1, double %c.signed, 2
  ret {{ i64, double, double }} %answer.2
}}
""",
    )


def _hex(value: float) -> str:
    from flambeau.compiler.llvm.types import literal

    return literal(value, "float64")
