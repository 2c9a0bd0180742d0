"""Data types and literals as LLVM writes them."""

from __future__ import annotations

import struct

import numpy as np

# bfloat16 is kept as its bits: conversions are ours, and its arithmetic happens in float32.
ELEMENT = {
    "bool": "i1", "int8": "i8", "uint8": "i8", "int16": "i16", "uint16": "i16",
    "int32": "i32", "uint32": "i32", "int64": "i64", "uint64": "i64",
    "float16": "half", "bfloat16": "i16", "float32": "float", "float64": "double",
    "pointer": "ptr",  # loops may carry addresses
}  # fmt: skip
# In memory a bool is a byte.
STORED = ELEMENT | {"bool": "i8"}
BYTES = {
    "bool": 1, "int8": 1, "uint8": 1, "int16": 2, "uint16": 2, "int32": 4, "uint32": 4,
    "int64": 8, "uint64": 8, "float16": 2, "bfloat16": 2, "float32": 4, "float64": 8,
}  # fmt: skip
# The part of an intrinsic's name that stands for a type.
SUFFIX = {
    "i1": "i1", "i8": "i8", "i16": "i16", "i32": "i32", "i64": "i64",
    "half": "f16", "float": "f32", "double": "f64",
}  # fmt: skip
INTEGER_OF = {"float32": "int32", "float64": "int64"}


def vector_type(element: str, lanes: int) -> str:
    """``<16 x float>``, or the element itself for one lane."""
    return element if lanes == 1 else f"<{lanes} x {element}>"


def suffix(element: str, lanes: int) -> str:
    """``v16f32``, or ``f32`` for one lane."""
    return SUFFIX[element] if lanes == 1 else f"v{lanes}{SUFFIX[element]}"


def literal(value: float, dtype: str) -> str:
    """A number as LLVM reads it, exactly; integers wrap to the type."""
    if dtype == "float64":
        return f"0x{struct.unpack('<Q', struct.pack('<d', value))[0]:016X}"
    if dtype == "float32":
        single = float(np.float32(value))  # LLVM writes a float as the double of equal value
        return f"0x{struct.unpack('<Q', struct.pack('<d', single))[0]:016X}"
    if dtype == "bool":
        return "true" if value else "false"
    if dtype == "float16":
        return f"0xH{int(np.float16(value).view(np.uint16)):04X}"
    if dtype == "bfloat16":
        import ml_dtypes

        return str(int(np.asarray(value, ml_dtypes.bfloat16).view(np.int16)))
    bits = 8 * BYTES[dtype]
    wrapped = int(value) & ((1 << bits) - 1)
    return str(wrapped - (1 << bits) if wrapped >> (bits - 1) else wrapped)
