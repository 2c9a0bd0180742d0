"""What the transcendental functions share: polynomials, exponents, exact sums and products."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from flambeau.compiler.llvm.floating import fma_exact
from flambeau.compiler.llvm.functions.coefficients import POLYNOMIALS
from flambeau.compiler.llvm.types import ELEMENT, INTEGER_OF, suffix, vector_type
from flambeau.compiler.llvm.value import Value

if TYPE_CHECKING:
    from flambeau.compiler.llvm.vector import VectorBuilder

FRACTION_BITS = {"float32": 23, "float64": 52}
BIAS = {"float32": 127, "float64": 1023}
SMALLEST_NORMAL = {"float32": 2.0**-126, "float64": 2.0**-1022}


def polynomial(s: VectorBuilder, name: str, x: Value) -> Value:
    """The polynomial of that name at x, by Horner's rule."""
    return horner(s, x, POLYNOMIALS[name, x.dtype])


def horner(s: VectorBuilder, x: Value, coefficients: Sequence[float]) -> Value:
    """A polynomial with the constant term first."""
    result = s.constant(coefficients[-1], x.dtype)
    for coefficient in reversed(coefficients[:-1]):
        result = s.ternary("fma", result, x, s.constant(coefficient, x.dtype))
    return result


def power_of_two(s: VectorBuilder, n: Value, dtype: str) -> Value:
    """2^n of an integer n for which that is a normal number."""
    shift = s.constant(FRACTION_BITS[dtype], n.dtype)
    biased = s.instruction("add", n, s.constant(BIAS[dtype], n.dtype))
    return s.bits(s.instruction("shl", biased, shift), dtype)


def scale(s: VectorBuilder, x: Value, n: Value) -> Value:
    """x 2^n in two steps, so that results beyond the normal numbers come out right."""
    if s.function.module.target.vector_bits >= 512:
        return _load_exponent(s, x, n)
    half = s.instruction("ashr", n, s.constant(1, n.dtype))
    return x * power_of_two(s, half, x.dtype) * power_of_two(s, n - half, x.dtype)


def _load_exponent(s: VectorBuilder, x: Value, n: Value) -> Value:
    """x 2^n by the instruction that AVX-512 has for it."""
    n = n if n.dtype == "int32" else s.convert("trunc", n, "int32")
    lanes = max(x.lanes, n.lanes)
    kinds = vector_type(ELEMENT[x.dtype], lanes), vector_type("i32", lanes)
    name = f"llvm.ldexp.{suffix(ELEMENT[x.dtype], lanes)}.{suffix('i32', lanes)}"
    s.function.module.declare(name, f"{kinds[0]} @{name}({kinds[0]}, {kinds[1]})")
    given = f"{kinds[0]} {s.operand(x, lanes)}, {kinds[1]} {s.operand(n, lanes)}"
    made = s.function.emit(f"call {kinds[0]} @{name}({given})")
    return s.function.value(made, x.dtype, lanes)


def to_integer(s: VectorBuilder, n: Value) -> Value:
    """A floating-point integer as an integer of the same size."""
    if n.dtype == "float32":
        return s.convert("fptosi", n, "int32")
    # Through int32, which every machine converts in one instruction.
    return s.convert("sext", s.convert("fptosi", n, "int32"), "int64")


def split_exponent(s: VectorBuilder, x: Value) -> tuple[Value, Value]:
    """x = m 2^k of a positive x, with sqrt(1/2) <= m < sqrt(2); k is floating-point."""
    dtype = x.dtype
    integer, bits = INTEGER_OF[dtype], FRACTION_BITS[dtype]
    tiny = x < SMALLEST_NORMAL[dtype]
    x = s.where(tiny, x * 2.0**bits, x)
    raw = s.bits(x, integer)
    root = 0x3F3504F3 if dtype == "float32" else 0x3FE6A09E667F3BCD
    one = 0x3F800000 if dtype == "float32" else 0x3FF0000000000000
    shifted = raw + (one - root)
    exponent = s.instruction("ashr", shifted, s.constant(bits, integer))
    fraction = (shifted & ((1 << bits) - 1)) + root
    exponent = exponent - BIAS[dtype]
    if dtype == "float64":
        exponent = s.convert("trunc", exponent, "int32")
    k = s.convert("sitofp", exponent, dtype)
    return s.bits(fraction, dtype), s.where(tiny, k - float(bits), k)


# --- numbers kept as a sum of two -----------------------------------------------------------------


def _rounded(s: VectorBuilder, opcode: str, x: Value, y: Value) -> Value:
    """An operation that must not be fused with its neighbours."""
    return s.instruction(opcode, x, y)


def two_sum(s: VectorBuilder, x: Value, y: Value) -> tuple[Value, Value]:
    """x + y exactly, as a rounded sum and its error."""
    total = _rounded(s, "fadd", x, y)
    part = _rounded(s, "fsub", total, x)
    error_x = _rounded(s, "fsub", x, _rounded(s, "fsub", total, part))
    return total, _rounded(s, "fadd", error_x, _rounded(s, "fsub", y, part))


def fast_two_sum(s: VectorBuilder, x: Value, y: Value) -> tuple[Value, Value]:
    """x + y exactly where x is the larger."""
    total = _rounded(s, "fadd", x, y)
    return total, _rounded(s, "fsub", y, _rounded(s, "fsub", total, x))


def two_product(s: VectorBuilder, x: Value, y: Value) -> tuple[Value, Value]:
    """x y exactly, as a rounded product and its error."""
    product = _rounded(s, "fmul", x, y)
    return product, fma_exact(s, x, y, -product)
