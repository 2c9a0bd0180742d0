"""Functions that NumPy lacks too, so that their formulas live in :mod:`flambeau.core.special`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from flambeau.compiler.llvm.functions.exponential import exp
from flambeau.compiler.llvm.functions.parts import polynomial
from flambeau.compiler.llvm.value import Value
from flambeau.core import special

if TYPE_CHECKING:
    from flambeau.compiler.llvm.vector import VectorBuilder


def _through_float64(formula: Callable) -> Callable[[VectorBuilder, Value], Value]:
    """Computes float32 in float64: one rounding, and no second formula."""

    def function(s: VectorBuilder, x: Value) -> Value:
        return s.cast(formula(s, s.cast(x, "float64")), x.dtype)

    return function


def erf(s: VectorBuilder, x: Value) -> Value:
    """The error function."""
    if x.dtype == "float64":
        return special.erf(s, x)
    size = s.abs(x)
    near = s.fma(x, polynomial(s, "erf", x * x), x)
    bounded = s.where(size > 4, 4.0, size)
    far = 1.0 - exp(s, polynomial(s, "erf_tail", bounded))
    return s.where(size < 1, near, s.copysign(far, x))


erfc = _through_float64(special.erfc)
erfinv = _through_float64(special.erfinv)
lgamma = _through_float64(special.lgamma)
digamma = _through_float64(special.digamma)
