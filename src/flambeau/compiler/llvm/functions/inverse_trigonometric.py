"""asin, acos, atan, atan2: odd polynomials on short intervals, and identities around them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flambeau.compiler.llvm.floating import fma_exact
from flambeau.compiler.llvm.functions.parts import polynomial
from flambeau.compiler.llvm.value import Value

if TYPE_CHECKING:
    from flambeau.compiler.llvm.vector import VectorBuilder

# pi/2 as a sum of two numbers of the type.
HALF_PI = {
    "float32": (1.5707963705062866, -4.371139000186243e-08),
    "float64": (1.5707963267948966, 6.123233995736766e-17),
}


def _root_parts(s: VectorBuilder, z: Value) -> tuple[Value, Value]:
    """sqrt(z) and its rounding error."""
    root = s.sqrt(z)
    error = fma_exact(s, -root, root, z) / (root + root)
    return root, s.where(z > 0, error, 0.0)


def asin(s: VectorBuilder, x: Value) -> Value:
    """Inverse sine; beyond 1/2 it is pi/2 - 2 asin(sqrt((1 - |x|)/2))."""
    size = s.abs(x)
    small = size <= 0.5
    rest = (1.0 - size) * 0.5
    z = s.where(small, x * x, rest)
    p = polynomial(s, "asin", z) * z
    near = s.fma(x, p, x)
    root, error = _root_parts(s, s.where(small, 0.25, rest))
    high, low = HALF_PI[x.dtype]
    # pi/2 - 2 (root + error + root p), the small parts first.
    minor = s.fma(root, p, error) * 2.0 - low
    twice = root + root
    top = s.instruction("fsub", s.constant(high, x.dtype), twice)
    lost = s.instruction("fsub", s.instruction("fsub", s.constant(high, x.dtype), top), twice)
    far = top + (lost - minor)
    return s.where(small, near, s.copysign(far, x))


def acos(s: VectorBuilder, x: Value) -> Value:
    """Inverse cosine; near 1 it is 2 asin(sqrt((1 - x)/2))."""
    size = s.abs(x)
    small = size <= 0.5
    rest = (1.0 - size) * 0.5
    z = s.where(small, x * x, rest)
    p = polynomial(s, "asin", z) * z
    high, low = HALF_PI[x.dtype]
    middle = high - (x - (low - x * p))
    root, error = _root_parts(s, s.where(small, 0.25, rest))
    twice = (root + s.fma(root, p, error)) * 2.0
    turned = 2.0 * high - (twice - 2.0 * low)
    return s.where(small, middle, s.where(x < 0, turned, twice))


def _arc(s: VectorBuilder, y: Value, x: Value) -> Value:
    """The angle, between 0 and pi/2, of a point with y, x >= 0.

    atan t is a polynomial for t below tan(pi/8); the quadrant's other parts are turned there:
    (y - x)/(y + x) is the tangent of the angle less pi/4, and -x/y of the angle less pi/2.
    """
    steep = x < y * 0.41421356237309503
    middle = s.logical_and(s.logical_not(steep), x * 0.41421356237309503 < y)
    numerator = s.where(steep, -x, s.where(middle, y - x, y))
    denominator = s.where(steep, y, s.where(middle, y + x, x))
    t = numerator / denominator
    z = t * t
    high, low = HALF_PI[x.dtype]
    zero = s.constant(0.0, x.dtype)
    half = s.constant(0.5, x.dtype)
    turns = s.where(steep, s.constant(1.0, x.dtype), s.where(middle, half, zero))
    tail = s.fma(t * z, polynomial(s, "atan", z), turns * low)
    return s.where(turns == 0, t + tail, turns * high + (t + tail))


def atan(s: VectorBuilder, x: Value) -> Value:
    """Inverse tangent."""
    size = s.abs(x)
    infinite = s.isinf(x)
    arc = _arc(s, s.where(infinite, 1.0, size), s.where(infinite, s.constant(0.0, x.dtype),
                                                        s.constant(1.0, x.dtype)))  # fmt: skip
    return s.copysign(arc, x)


def atan2(s: VectorBuilder, y: Value, x: Value) -> Value:
    """The angle of the point (x, y), between -pi and pi."""
    lanes = max(x.lanes, y.lanes)
    y, x = s.splat(y, lanes), s.splat(x, lanes)
    up, right = s.abs(y), s.abs(x)
    infinity = float("inf")
    # An infinite coordinate outweighs a finite one; two of them make an angle of pi/4.
    any_infinite = s.logical_or(up == infinity, right == infinity)
    one, zero = s.constant(1.0, x.dtype), s.constant(0.0, x.dtype)
    up_or_one = s.where(any_infinite, s.where(up == infinity, one, zero), up)
    right_or_one = s.where(any_infinite, s.where(right == infinity, one, zero), right)
    # Far from overflow, so that the sum and the difference in the quotient are safe.
    large, tiny = (2.0**100, 2.0**-60) if x.dtype == "float32" else (2.0**1000, 2.0**-900)
    biggest = s.where(up_or_one > right_or_one, up_or_one, right_or_one)
    factor = s.where(biggest > large, s.constant(1 / 16, x.dtype),
                     s.where(biggest < tiny, s.constant(1 / tiny, x.dtype), one))  # fmt: skip
    at_origin = s.logical_and(up == 0, right == 0)
    flat = s.where(at_origin, 1.0, right_or_one * factor)
    arc = _arc(s, up_or_one * factor, flat)
    high, low = HALF_PI[x.dtype]
    turned = 2.0 * high - (arc - 2.0 * low)
    left = s.copysign(one, x) < 0
    angle = s.copysign(s.where(left, turned, arc), y)
    nan = s.logical_or(s.isnan(x), s.isnan(y))
    return s.where(nan, float("nan"), angle)
