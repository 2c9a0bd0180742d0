"""Many quotients by one divisor, without dividing for each.

A division occupies its unit for many cycles; a reciprocal that is computed once, and one
correction, give the same rounded quotient in a few multiplications.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flambeau.compiler.llvm.floating import fma_exact
from flambeau.compiler.llvm.value import Value

if TYPE_CHECKING:
    from flambeau.compiler.llvm.vector import VectorBuilder

# From here on a reciprocal would be too small for a normal number: both sides are made smaller.
LARGE = {"float32": (2.0**100, 2.0**-30), "float64": (2.0**1000, 2.0**-60)}


@dataclass(frozen=True)
class Divisor:
    """A divisor c that many numbers are divided by.

    Attributes:
        step: a power of two with c's sign.
        size: c * step, which is positive.
        reciprocal: 1 / size.
    """

    step: Value
    size: Value
    reciprocal: Value


def divisor(s: VectorBuilder, c: Value) -> Divisor:
    """What dividing by c needs; to be written before the loop that divides."""
    limit, smaller = LARGE[c.dtype]
    one = s.constant(1.0, c.dtype)
    step = s.copysign(s.where(s.abs(c) >= limit, s.constant(smaller, c.dtype), one), c)
    size = c * step
    return Divisor(step, size, one / size)


def quotient(s: VectorBuilder, x: Value, by: Divisor) -> Value:
    """x / c.

    The product with the reciprocal is off by less than two units in the last place; what it
    leaves of x, which is exact, corrects that. Where it leaves NaN (zero, infinite and NaN
    operands, quotients that overflow) the product is the quotient.
    """
    x = x * by.step
    first = x * by.reciprocal
    excess = fma_exact(s, first, by.size, -x)
    better = fma_exact(s, -excess, by.reciprocal, first)
    return s.where(s.isnan(better), first, better)


__all__ = ["Divisor", "divisor", "quotient"]
