"""Hyperbolic functions and their inverses: polynomials near 0, exp and log elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flambeau.compiler.llvm.functions.exponential import exp, exp_scaled
from flambeau.compiler.llvm.functions.logarithm import log1p
from flambeau.compiler.llvm.functions.parts import polynomial
from flambeau.compiler.llvm.value import Value

if TYPE_CHECKING:
    from flambeau.compiler.llvm.vector import VectorBuilder

LOG2 = 0.6931471805599453


def _odd(s: VectorBuilder, name: str, x: Value) -> Value:
    """x + x^3 P(x^2) for x >= 0; callers put the sign on, as -0.0 would lose its own here."""
    z = x * x
    return s.fma(x * z, polynomial(s, name, z), x)


def sinh(s: VectorBuilder, x: Value) -> Value:
    """(e^x - e^-x) / 2."""
    size = s.abs(x)
    half = exp_scaled(s, size, -1)
    return s.copysign(s.where(size < 1, _odd(s, "sinh", size), half - 0.25 / half), x)


def cosh(s: VectorBuilder, x: Value) -> Value:
    """(e^x + e^-x) / 2."""
    half = exp_scaled(s, s.abs(x), -1)
    return half + 0.25 / half


def tanh(s: VectorBuilder, x: Value) -> Value:
    """1 - 2 / (e^2x + 1)."""
    size = s.abs(x)
    limit = 10.0 if x.dtype == "float32" else 20.0
    bounded = s.where(size > limit, limit, size)
    large = 1.0 - 2.0 / (exp(s, bounded + bounded) + 1.0)
    return s.copysign(s.where(size < 0.6, _odd(s, "tanh", size), large), x)


def asinh(s: VectorBuilder, x: Value) -> Value:
    """log(x + sqrt(x^2 + 1)), as log1p(x + x^2 / (1 + sqrt(x^2 + 1)))."""
    size = s.abs(x)
    huge = size > (2.0**15 if x.dtype == "float32" else 2.0**30)
    safe = s.where(huge, 1.0, size)
    square = safe * safe
    inner = log1p(s, s.where(huge, size - 1.0, safe + square / (s.sqrt(square + 1.0) + 1.0)))
    result = s.where(huge, inner + LOG2, inner)
    return s.copysign(s.where(size < 0.5, _odd(s, "asinh", size), result), x)


def acosh(s: VectorBuilder, x: Value) -> Value:
    """log(x + sqrt(x^2 - 1)), as log1p(t + sqrt(2t + t^2)) with t = x - 1."""
    huge = x > (2.0**15 if x.dtype == "float32" else 2.0**30)
    t = x - 1.0
    safe = s.where(huge, 1.0, t)
    inner = log1p(s, s.where(huge, t, safe + s.sqrt(s.fma(safe, safe, safe + safe))))
    return s.where(x < 1, float("nan"), s.where(huge, inner + LOG2, inner))


def atanh(s: VectorBuilder, x: Value) -> Value:
    """log((1 + x)/(1 - x)) / 2, as log1p(2x / (1 - x)) / 2."""
    size = s.abs(x)
    large = log1p(s, (size + size) / (1.0 - size)) * 0.5
    return s.copysign(s.where(size < 0.5, _odd(s, "atanh", size), large), x)
