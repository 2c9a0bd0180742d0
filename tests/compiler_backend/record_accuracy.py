"""Records exact values of the transcendental functions, and prints measured errors.

    python -m tests.compiler_backend.record_accuracy            # writes accuracy.npz (needs mpmath)
    python -m tests.compiler_backend.record_accuracy measure    # prints the table of errors

An exact value is kept as the nearest float64 and the rest in units of its last place, so that
errors can be told to a hundredth of a unit.
"""

from __future__ import annotations

import sys
import zlib
from pathlib import Path

import numpy as np
from mpmath import mp, mpf

mp.dps = 50
PATH = Path(__file__).with_name("accuracy.npz")

# name: the exact function and the intervals from which arguments are drawn; "log" marks those
# drawn evenly by their exponent
RANGES = {
    "exp": [(-700, 700), (-1, 1)],
    "exp2": [(-1000, 1000), (-1, 1)],
    "expm1": [(-40, 700), (-1, 1), (1e-15, 1e-2, "log")],
    "log": [(1e-300, 1e300, "log"), (0.5, 2)],
    "log2": [(1e-300, 1e300, "log"), (0.5, 2)],
    "log10": [(1e-300, 1e300, "log"), (0.5, 2)],
    "log1p": [(1e-300, 1e300, "log"), (-0.9, 2), (1e-15, 1e-2, "log")],
    "sin": [(-10, 10), (-1e6, 1e6), (1e9, 1e300, "log"), (1e-12, 1e-2, "log")],
    "cos": [(-10, 10), (-1e6, 1e6), (1e9, 1e300, "log")],
    "tan": [(-10, 10), (-1e6, 1e6), (1e9, 1e300, "log"), (1e-12, 1e-2, "log")],
    "asin": [(-1, 1), (1e-12, 1e-2, "log")],
    "acos": [(-1, 1)],
    "atan": [(-3, 3), (1e-12, 1e12, "log")],
    "sinh": [(-5, 5), (-700, 700)],
    "cosh": [(-5, 5), (-700, 700)],
    "tanh": [(-3, 3), (-25, 25), (1e-12, 1e-2, "log")],
    "asinh": [(-3, 3), (1e-12, 1e300, "log")],
    "acosh": [(1, 3), (1, 1e300, "log")],
    "atanh": [(-1, 1), (1e-12, 1e-2, "log")],
    "erf": [(-3, 3), (-7, 7)],
    "erfc": [(-3, 3), (-7, 26)],
    "erfinv": [(-1, 1), (1e-12, 1e-2, "log")],
    "lgamma": [(0.01, 10), (1e-10, 1e15, "log")],
    "digamma": [(0.01, 12), (1e-10, 1e15, "log")],
    "pow": [(1e-20, 1e20, "log"), (0.5, 2)],
    "atan2": [(-3, 3), (-1e5, 1e5)],
}


def erfinv(x: mpf) -> mpf:
    """Newton's method on the complementary function, which keeps what is close to 1."""
    sign, size = (1 if x >= 0 else -1), abs(x)
    y = mp.sqrt(-mp.log((1 - size) * (1 + size)) / 2 + mpf("1e-30")) if size > 0.5 else size
    for _ in range(60):
        step = (mp.erfc(y) - (1 - size)) / (2 / mp.sqrt(mp.pi) * mp.exp(-y * y))
        y += step
        if abs(step) < mpf(10) ** -40 * abs(y):
            break
    return sign * y


EXACT = {
    "exp2": lambda x: mpf(2) ** x,
    "log2": lambda x: mp.log(x) / mp.log(2),
    "erfinv": erfinv,
    "lgamma": lambda x: mp.loggamma(x),
    "pow": lambda x, y: x**y,
    "atan2": mp.atan2,
}


def arguments(name: str, count: int) -> list[np.ndarray]:
    """Arguments of a function, the same in every run."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    ranges = RANGES[name]
    parts = []
    for low, high, *how in ranges:
        share = -(-count // len(ranges))
        if how:
            parts.append(np.exp(rng.uniform(np.log(low), np.log(high), share)))
        else:
            parts.append(rng.uniform(low, high, share))
    x = np.concatenate(parts)
    if name == "pow":
        return [x, rng.uniform(-15, 15, x.size)]
    if name == "atan2":
        return [x, rng.permutation(x)]
    return [x]


def exact(name: str, arrays: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The nearest float64, and the rest in units of its last place."""
    function = EXACT.get(name) or getattr(mp, name)
    nearest, rest = [], []
    for given in zip(*arrays, strict=True):
        value = function(*(mpf(float(v)) for v in given))
        head = float(value)
        nearest.append(head)
        rest.append(float((value - mpf(head)) / mpf(float(np.spacing(abs(head))))))
    return np.array(nearest), np.array(rest, np.float16)


def record() -> None:
    """Writes the file that the tests read."""
    contents = {}
    for name in RANGES:
        arrays = arguments(name, 160)
        nearest, rest = exact(name, arrays)
        for k, array in enumerate(arrays):
            contents[f"{name}.x{k}"] = array
        contents[f"{name}.nearest"] = nearest
        contents[f"{name}.rest"] = rest
    np.savez_compressed(PATH, **contents)
    print(PATH.stat().st_size, "bytes")


def measure() -> None:
    """Prints the largest errors found."""
    from tests.compiler_backend.native import run, units_of_last_place

    for name in RANGES:
        arrays = arguments(name, 6000)
        nearest, rest = exact(name, arrays)

        def call(s, *values, name=name):
            return getattr(s, name)(*values)

        double = units_of_last_place(run(call, *arrays), nearest, rest)
        arrays = [a.astype(np.float32) for a in arguments(name, 400_000)]
        single_of = run(call, *arrays)
        reference = run(call, *(a.astype(np.float64) for a in arrays))
        inside = (np.abs(reference) < 3e38) & (np.abs(reference) > 1.2e-38)
        inside &= np.logical_and.reduce([np.isfinite(a) for a in arrays])
        single = np.abs(single_of[inside] - reference[inside])
        single /= np.spacing(np.abs(reference[inside]).astype(np.float32))
        print(f"{name:8s} {single.max():10.2f} {double.max():10.2f}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:] == ["measure"]:
        measure()
    else:
        record()
