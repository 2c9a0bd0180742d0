"""Conversions between data types, including the two 16-bit floating-point formats."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flambeau.compiler.llvm.types import BYTES
from flambeau.compiler.llvm.value import Value
from flambeau.core.scalar import FLOATING, STORED_FLOATING, UNSIGNED

if TYPE_CHECKING:
    from flambeau.compiler.llvm.vector import VectorBuilder


def cast(s: VectorBuilder, x: Value, dtype: str) -> Value:
    """The value in another type, as NumPy's ``astype`` converts."""
    if x.dtype == dtype:
        return x
    if dtype == "bool":
        return s.not_equal(x, 0)
    if x.dtype == "bool":
        return _from_bool(s, x, dtype)
    if x.dtype in STORED_FLOATING:
        wide = from_bfloat16(s, x) if x.dtype == "bfloat16" else from_float16(s, x)
        return cast(s, wide, dtype)
    if dtype == "bfloat16":
        return to_bfloat16(s, cast(s, x, "float32"))
    if dtype == "float16":
        return _to_float16(s, x)
    if x.dtype in FLOATING:
        return _from_floating(s, x, dtype)
    if dtype in FLOATING:
        return s.convert("uitofp" if x.dtype in UNSIGNED else "sitofp", x, dtype)
    return _between_integers(s, x, dtype)


def _from_bool(s: VectorBuilder, x: Value, dtype: str) -> Value:
    if dtype in FLOATING:
        return s.where(x, s.constant(1.0, dtype), s.constant(0.0, dtype))
    if dtype in STORED_FLOATING:
        return cast(s, _from_bool(s, x, "float32"), dtype)
    return s.convert("zext", x, dtype)


def _from_floating(s: VectorBuilder, x: Value, dtype: str) -> Value:
    if dtype in FLOATING:
        return s.convert("fpext" if dtype == "float64" else "fptrunc", x, dtype)
    if dtype == "uint64":
        return s.convert("fptoui", x, dtype)
    # Narrow integers pass through a wider one and wrap, as C compilers have it.
    wide = "int64" if BYTES[dtype] == 8 or dtype == "uint32" else "int32"
    return _between_integers(s, s.convert("fptosi", x, wide), dtype)


def _between_integers(s: VectorBuilder, x: Value, dtype: str) -> Value:
    if BYTES[x.dtype] == BYTES[dtype]:
        return s.bits(x, dtype)
    if BYTES[x.dtype] > BYTES[dtype]:
        return s.convert("trunc", x, dtype)
    return s.convert("zext" if x.dtype in UNSIGNED else "sext", x, dtype)


# --- bfloat16: the upper half of a float32 ----------------------------------------------------


def from_bfloat16(s: VectorBuilder, x: Value) -> Value:
    """Exact: the bits become a float32's upper half."""
    wide = s.convert("zext", x, "uint32")
    return s.bits(s.instruction("shl", wide, s.constant(16, "uint32")), "float32")


def _bfloat16_bits(s: VectorBuilder, x: Value) -> Value:
    """The float32's bits rounded to nearest even at bit 16; a NaN stays a NaN."""
    bits = s.bits(s.splat(x, x.lanes), "uint32")
    odd = s.instruction("lshr", bits, s.constant(16, "uint32")) & 1
    rounded = bits + odd + 0x7FFF
    return s.where(s.isnan(x), bits | 0x400000, rounded)


def to_bfloat16(s: VectorBuilder, x: Value) -> Value:
    """A float32 rounded to nearest even."""
    if x.literal:
        return s.constant(_value_of(x), "bfloat16")
    half = s.instruction("lshr", _bfloat16_bits(s, x), s.constant(16, "uint32"))
    return s.convert("trunc", half, "bfloat16")


def round_to_bfloat16(s: VectorBuilder, x: Value) -> Value:
    """A float32 rounded to a value that bfloat16 holds, kept as float32."""
    return s.bits(_bfloat16_bits(s, x) & 0xFFFF0000, "float32")


# --- float16 ----------------------------------------------------------------------------------


def from_float16(s: VectorBuilder, x: Value) -> Value:
    """Exact."""
    if s.function.module.target.has_half_conversion:
        return s.convert("fpext", x, "float32")
    bits = s.convert("zext", s.bits(x, "uint16"), "uint32")
    size = bits & 0x7FFF
    sign = s.instruction("shl", bits & 0x8000, s.constant(16, "uint32"))
    moved = s.instruction("shl", size, s.constant(13, "uint32"))
    normal = moved + ((127 - 15) << 23)
    special = moved | 0x7F800000
    # A denormal's bits count multiples of 2^-24.
    small = s.bits(s.convert("uitofp", size, "float32") * 2.0**-24, "uint32")
    result = s.where(size >= 0x7C00, special, s.where(size < 0x400, small, normal))
    return s.bits(result | sign, "float32")


def _to_float16(s: VectorBuilder, x: Value) -> Value:
    if x.dtype == "float64":
        x = _to_odd_float32(s, x)
    elif x.dtype != "float32":
        x = cast(s, x, "float32")
    if s.function.module.target.has_half_conversion:
        return s.convert("fptrunc", x, "float16")
    return _to_float16_by_integers(s, x)


def _to_odd_float32(s: VectorBuilder, x: Value) -> Value:
    """A float64 cut to float32 with its last bit set if anything was lost.

    Rounding that to float16 is rounding the float64 itself: rounding twice is not.
    """
    near = s.convert("fptrunc", x, "float32")
    back = s.convert("fpext", near, "float64")
    bits = s.bits(near, "int32")
    bits = bits - s.cast(s.abs(back) > s.abs(x), "int32")
    odd = s.bits(bits | s.cast(back != x, "int32"), "float32")
    return s.where(s.isnan(x), near, odd)


def _to_float16_by_integers(s: VectorBuilder, x: Value) -> Value:
    bits = s.bits(x, "uint32")
    size = bits & 0x7FFFFFFF
    sign = s.instruction("lshr", bits & 0x80000000, s.constant(16, "uint32"))
    # Adding 0.5 moves the bits that a float16 denormal keeps to the end of the fraction.
    small = s.bits(s.bits(size, "float32") + 0.5, "uint32") - 0x3F000000
    odd = s.instruction("lshr", size, s.constant(13, "uint32")) & 1
    rebased = size - ((127 - 15) << 23) + odd + 0xFFF
    normal = s.instruction("lshr", rebased, s.constant(13, "uint32"))
    nan = s.constant(0x7E00, "uint32")
    special = s.where(size > 0x7F800000, nan, s.constant(0x7C00, "uint32"))
    result = s.where(size >= 0x47800000, special, s.where(size < 0x38800000, small, normal))
    return s.bits(s.convert("trunc", result | sign, "uint16"), "float16")


def _value_of(x: Value) -> float:
    """The number that a float32 literal stands for."""
    import struct

    return struct.unpack("<d", struct.pack("<Q", int(x.name, 16)))[0]
