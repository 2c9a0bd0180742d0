"""Transcendental functions on vectors, from polynomials of our own.

Each is a function of a builder and a value. They call no library (but for remainders of huge
quotients), so that they are the same on every machine, and they are accurate at the ends of their
domains: at zeros, infinities, NaN and huge angles.
"""

from __future__ import annotations

from flambeau.compiler.llvm.functions import (
    exponential,
    hyperbolic,
    inverse_trigonometric,
    logarithm,
    power,
    special,
    trigonometric,
)

FUNCTIONS = {
    "exp": exponential.exp, "exp2": exponential.exp2, "expm1": exponential.expm1,
    "log": logarithm.log, "log2": logarithm.log2, "log10": logarithm.log10,
    "log1p": logarithm.log1p, "pow": power.pow,
    "sin": trigonometric.sin, "cos": trigonometric.cos, "tan": trigonometric.tan,
    "asin": inverse_trigonometric.asin, "acos": inverse_trigonometric.acos,
    "atan": inverse_trigonometric.atan, "atan2": inverse_trigonometric.atan2,
    "sinh": hyperbolic.sinh, "cosh": hyperbolic.cosh, "tanh": hyperbolic.tanh,
    "asinh": hyperbolic.asinh, "acosh": hyperbolic.acosh, "atanh": hyperbolic.atanh,
    "erf": special.erf, "erfc": special.erfc, "erfinv": special.erfinv,
    "lgamma": special.lgamma, "digamma": special.digamma,
}  # fmt: skip
