"""Fits the polynomials of the transcendental functions and writes the coefficient files.

Each entry names a function, the interval of its reduced argument, and a weight: how much an error
of the polynomial matters, relative to the function's value, at that argument. Degrees grow until
the weighted error is below a fraction of the data type's rounding error.

    python tools/fit_polynomials.py        # needs mpmath
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from mpmath import mp, mpf

mp.dps = 80
ROOT = Path(__file__).resolve().parent.parent / "src" / "flambeau"
TOLERANCE = {"float64": mpf(2) ** -57, "float32": mpf(2) ** -28}

Real = Callable[[mpf], mpf]


def odd(f: Real) -> Real:
    """The z -> (f(x)/x - 1)/z of an odd f with slope 1, where z = x^2."""

    def g(z: mpf) -> mpf:
        x = mp.sqrt(max(z, mpf(10) ** -16))
        return (f(x) / x - 1) / (x * x)

    return g


def at_nonzero(f: Real) -> Real:
    """f, away from a removable singularity at 0."""
    return lambda t: f(t if abs(t) > mpf(10) ** -20 else mpf(10) ** -20)


def erfcx(x: mpf) -> mpf:
    """exp(x^2) erfc(x)."""
    return mp.exp(x * x) * mp.erfc(x)


def erfinv_of(w: mpf) -> mpf:
    """erfinv(x)/x where w = -log(1 - x^2)."""
    if w < mpf(10) ** -26:
        w = mpf(10) ** -26
    x = mp.sqrt(-mp.expm1(-w))
    if w < 20:
        y = mp.erfinv(x)
    else:  # from the tail, where x is too close to 1
        tail = mp.exp(-w) / (1 + x)
        y = mp.findroot(lambda v: mp.log(mp.erfc(v)) - mp.log(tail), mp.sqrt(w) - 0.5)
    return y / x


PSI_ROOT = mp.findroot(mp.digamma, 1.4616321449683623)
TAIL = mpf("3.75")
half_ln2 = mp.log(2) / 2 * (1 + mpf(2) ** -20)
quarter_pi_squared = (mp.pi / 4) ** 2 * (1 + mpf(2) ** -20)
atanh_square = ((mp.sqrt(2) - 1) / (mp.sqrt(2) + 1)) ** 2 * (1 + mpf(2) ** -20)


def tail_x(t: mpf) -> mpf:
    """The x of t = (x - TAIL) / (x + TAIL)."""
    return TAIL * (1 + t) / (1 - t)


# name: (function, interval, weight, data types)
BOTH = ("float64", "float32")
ELEMENTARY = {
    "exp": (at_nonzero(lambda r: (mp.expm1(r) - r) / r**2), (-half_ln2, half_ln2),
            lambda r: r * r, BOTH),
    "exp2": (at_nonzero(lambda r: (mp.mpf(2) ** r - 1) / r), (mpf(-0.5), mpf(0.5)), abs, BOTH),
    "log": (lambda z: 2 * odd(mp.atanh)(z), (mpf(0), atanh_square), lambda z: z, BOTH),
    "log_direct": (at_nonzero(lambda f: (mp.log1p(f) - f + f * f / 2) / f**3),
                   (mp.sqrt(0.5) - 1, mp.sqrt(2) - 1), lambda f: f * f, ("float32",)),
    "log_extended": (lambda z: 2 * at_nonzero(lambda u: (odd(mp.atanh)(max(u, mpf(10) ** -20))
                     - mpf(1) / 3) / max(u, mpf(10) ** -20))(z), (mpf(0), atanh_square),
                     lambda z: z * z * 2**11, ("float64",)),
    "sin": (odd(mp.sin), (mpf(0), quarter_pi_squared), lambda z: z, BOTH),
    "cos": (at_nonzero(lambda z: (mp.cos(mp.sqrt(abs(z))) - 1 + z / 2) / z**2),
            (mpf(0), quarter_pi_squared), lambda z: z * z, BOTH),
    "asin": (odd(mp.asin), (mpf(0), mpf(0.25)), lambda z: z, BOTH),
    "atan": (odd(mp.atan), (mpf(0), (mp.sqrt(2) - 1) ** 2), lambda z: z, BOTH),
    "sinh": (odd(mp.sinh), (mpf(0), mpf(1)), lambda z: z, BOTH),
    "tanh": (odd(mp.tanh), (mpf(0), mpf(0.36)), lambda z: z, BOTH),
    "asinh": (odd(mp.asinh), (mpf(0), mpf(0.25)), lambda z: z, BOTH),
    "atanh": (odd(mp.atanh), (mpf(0), mpf(0.25)), lambda z: z, BOTH),
    "erf": (lambda z: mp.erf(mp.sqrt(max(z, mpf(10) ** -20))) / mp.sqrt(max(z, mpf(10) ** -20))
            - 1, (mpf(0), mpf(1)), lambda z: 1, ("float32",)),
    "erf_tail": (lambda x: mp.log(mp.erfc(x)), (mpf(1), mpf(4)), lambda x: mp.erfc(x),
                 ("float32",)),
}  # fmt: skip
SPECIAL = {
    "erf": (lambda z: mp.erf(mp.sqrt(max(z, mpf(10) ** -30))) / mp.sqrt(max(z, mpf(10) ** -30))
            - 1, (mpf(0), mpf(1)), lambda z: 1, ("float64",)),
    "erfc": (lambda t: (1 + 2 * tail_x(t)) * erfcx(tail_x(t)),
             ((mpf(0.7) - TAIL) / (mpf(0.7) + TAIL), (28 - TAIL) / (28 + TAIL)), lambda t: 1,
             ("float64",)),
    "erfinv_centre": (lambda t: erfinv_of(t + 2.5), (mpf(-2.5), mpf(2.5)), lambda t: 1,
                      ("float64",)),
    "erfinv_middle": (lambda t: erfinv_of((t + 3.125) ** 2), (mpf(-0.9), mpf(0.9)),
                      lambda t: 1, ("float64",)),
    "erfinv_tail": (lambda t: erfinv_of((t + 5) ** 2), (mpf(-1.01), mpf(1.05)), lambda t: 1,
                    ("float64",)),
    "lgamma": (at_nonzero(lambda z: mp.loggamma(2 + z) / z), (mpf(-0.5), mpf(0.5)),
               lambda z: 1, ("float64",)),
    "stirling": (lambda u: (lambda x: (mp.loggamma(x) - (x - 0.5) * mp.log(x) + x
                 - mp.log(2 * mp.pi) / 2) * x)(1 / mp.sqrt(max(u, mpf(10) ** -20))),
                 (mpf(0), mpf(1) / 64), lambda u: u**0.5, ("float64",)),
    "digamma": (at_nonzero(lambda t: mp.digamma(t + 1.5) / (t + 1.5 - PSI_ROOT)),
                (mpf(-0.5), mpf(0.5)), lambda t: 1, ("float64",)),
    "digamma_large": (lambda u: (lambda x: (mp.digamma(x) - mp.log(x) + 1 / (2 * x)) * x * x)(
                      1 / mp.sqrt(max(u, mpf(10) ** -20))), (mpf(0), mpf(0.01)), lambda u: u,
                      ("float64",)),
}  # fmt: skip


def rounded(value: mpf, dtype: str) -> float:
    """The nearest number of the data type."""
    return float(value) if dtype == "float64" else float(np.float32(float(value)))


def fit(f: Real, interval: tuple[mpf, mpf], weight: Real, dtype: str) -> list[float]:
    """Coefficients, constant term first, of the lowest degree that is accurate enough."""
    low, high = interval
    grid = [low + (high - low) * mpf(k) / 150 for k in range(151)]
    exact = [f(t) for t in grid]
    for count in range(2, 40):
        poly = mp.chebyfit(f, [low, high], count)
        error = max(abs((mp.polyval(poly, t) - y) * weight(t)) for t, y in zip(grid, exact))
        if error < TOLERANCE[dtype]:
            return [rounded(c, dtype) for c in reversed(poly)]
    raise ValueError("no degree is high enough")


def write(path: Path, title: str, table: dict) -> None:
    lines = [f'"""{title}', "", "Constant term first; written by tools/fit_polynomials.py.", '"""',
             "", "from __future__ import annotations", "", "# fmt: off",
             "POLYNOMIALS: dict[tuple[str, str], tuple[float, ...]] = {"]  # fmt: skip
    for name, (f, interval, weight, dtypes) in table.items():
        for dtype in dtypes:
            coefficients = fit(f, interval, weight, dtype)
            print(name, dtype, len(coefficients), flush=True)
            lines.append(f'    ("{name}", "{dtype}"): (')
            for k in range(0, len(coefficients), 3):
                row = ", ".join(repr(c) for c in coefficients[k : k + 3])
                lines.append(f"        {row},")
            lines.append("    ),")
    lines += ["}", "# fmt: on", ""]
    path.write_text("\n".join(lines))


if __name__ == "__main__":
    write(
        ROOT / "compiler" / "llvm" / "functions" / "coefficients.py",
        "Polynomial coefficients of the elementary functions.",
        ELEMENTARY,
    )
    write(
        ROOT / "core" / "special_coefficients.py",
        "Polynomial coefficients of the special functions.",
        SPECIAL,
    )
    print("digamma's root", repr(float(PSI_ROOT)), repr(float(PSI_ROOT - mpf(float(PSI_ROOT)))))
