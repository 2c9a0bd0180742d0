"""Normal samples from sixteen uniform ones, with the bits of :mod:`flambeau.random.normals`.

radius = sqrt(-2 log(1 - u1)), angle = 2 pi u2; eight times radius * cosine, then eight times
radius * sine. No instruction here may be rearranged: none carries a fast-math flag.
"""

from __future__ import annotations

import math

from flambeau.compiler.llvm.function import Function
from flambeau.compiler.llvm.module import Module
from flambeau.compiler.llvm.types import literal
from flambeau.random import box_muller

BLOCK, HALF = 16, 8
VECTOR, INTEGERS, FLAGS = f"<{HALF} x float>", f"<{HALF} x i32>", f"<{HALF} x i1>"


def define_block(module: Module, dtype: str, mean: float, std: float) -> str:
    """Adds ``void (ptr samples)`` for one block, uniform before and normal after."""
    name = f"flambeau.normal.{dtype}.{_bits(mean)}.{_bits(std)}"
    write = _write_float32 if dtype == "float32" else _write_float64
    return module.helper(name, lambda name: write(module, name, mean, std))


def _bits(number: float) -> str:
    return literal(number, "float64")[2:]


# --- single precision -------------------------------------------------------------------------


class _Lanes:
    """Eight floats at once, every operation as it is written."""

    def __init__(self, f: Function) -> None:
        self.f = f
        f.module.declare(
            "llvm.fma.v8f32", f"{VECTOR} @llvm.fma.v8f32({VECTOR}, {VECTOR}, {VECTOR})"
        )
        f.module.declare("llvm.sqrt.v8f32", f"{VECTOR} @llvm.sqrt.v8f32({VECTOR})")

    def constant(self, number: float) -> str:
        return f"splat (float {literal(number, 'float32')})"

    def real(self, operation: str, x: str, y: str) -> str:
        return self.f.emit(f"{operation} {VECTOR} {x}, {y}")

    def fused(self, x: str, y: str, z: str) -> str:
        return self.f.emit(
            f"call {VECTOR} @llvm.fma.v8f32({VECTOR} {x}, {VECTOR} {y}, {VECTOR} {z})"
        )

    def whole(self, operation: str, x: str, number: int | str) -> str:
        y = number if isinstance(number, str) else f"splat (i32 {number})"
        return self.f.emit(f"{operation} {INTEGERS} {x}, {y}")

    def as_real(self, x: str) -> str:
        return self.f.emit(f"bitcast {INTEGERS} {x} to {VECTOR}")

    def as_whole(self, x: str) -> str:
        return self.f.emit(f"bitcast {VECTOR} {x} to {INTEGERS}")

    def negated(self, x: str) -> str:
        return self.f.emit(f"fneg {VECTOR} {x}")

    def chosen(self, condition: str, x: str, y: str) -> str:
        return self.f.emit(f"select {FLAGS} {condition}, {VECTOR} {x}, {VECTOR} {y}")

    def polynomial(self, coefficients: tuple[float, ...], x: str) -> str:
        """Highest power first."""
        value = self.constant(coefficients[0])
        for coefficient in coefficients[1:]:
            value = self.fused(value, x, self.constant(coefficient))
        return value


def _write_float32(module: Module, name: str, mean: float, std: float) -> None:
    with module.function(name, [("ptr", "samples")], internal=True) as f:
        lanes = _Lanes(f)
        second = f.emit(f"getelementptr float, ptr %samples, i64 {HALF}")
        places = ("%samples", second)
        first, angles = (f.emit(f"load {VECTOR}, ptr {p}, align 4") for p in places)
        radius = _radius(lanes, lanes.real("fsub", lanes.constant(1.0), first))
        angle = lanes.real("fmul", lanes.constant(2 * math.pi), angles)
        for part, place in zip(_cosine_and_sine(lanes, angle), places, strict=True):
            sample = lanes.real("fmul", radius, part)
            sample = lanes.fused(sample, lanes.constant(std), lanes.constant(mean))
            f.line(f"store {VECTOR} {sample}, ptr {place}, align 4")


def _radius(lanes: _Lanes, u: str) -> str:
    """sqrt(-2 log u), u = 2**e (1 + x) with 1 + x between sqrt(1/2) and sqrt(2)."""
    f = lanes.f
    bits = lanes.as_whole(u)
    exponent = lanes.whole("sub", lanes.whole("lshr", bits, 23), 126)
    x = lanes.as_real(lanes.whole("or", lanes.whole("and", bits, 0x7FFFFF), 0x3F000000))
    small = f.emit(f"fcmp olt {VECTOR} {x}, {lanes.constant(float(box_muller.SQRT_HALF))}")
    exponent = lanes.whole("add", exponent, f.emit(f"sext {FLAGS} {small} to {INTEGERS}"))
    extra = lanes.chosen(small, x, lanes.constant(0.0))
    x = lanes.real("fadd", lanes.real("fsub", x, lanes.constant(1.0)), extra)
    power = f.emit(f"sitofp {INTEGERS} {exponent} to {VECTOR}")
    square = lanes.real("fmul", x, x)
    y = lanes.real("fmul", lanes.polynomial(box_muller.LOG_POLYNOMIAL, x), x)
    low = lanes.real("fmul", power, lanes.constant(box_muller.LN2_LOW))
    y = lanes.fused(y, square, low)
    y = lanes.fused(lanes.negated(square), lanes.constant(0.5), y)
    y = lanes.real("fadd", x, y)
    logarithm = lanes.fused(power, lanes.constant(box_muller.LN2_HIGH), y)
    doubled = lanes.real("fmul", lanes.constant(-2.0), logarithm)
    return f.emit(f"call {VECTOR} @llvm.sqrt.v8f32({VECTOR} {doubled})")


def _cosine_and_sine(lanes: _Lanes, angle: str) -> tuple[str, str]:
    """Of an angle in [0, 2 pi), reduced by multiples of a quarter turn."""
    f = lanes.f
    eighths = lanes.real("fmul", angle, lanes.constant(float(box_muller.EIGHTHS)))
    octant = f.emit(f"fptosi {VECTOR} {eighths} to {INTEGERS}")
    octant = lanes.whole("and", lanes.whole("add", octant, 1), -2)
    turns = f.emit(f"sitofp {INTEGERS} {octant} to {VECTOR}")
    x = angle
    for part in box_muller.EIGHTH_TURN:
        x = lanes.fused(turns, lanes.constant(-part), x)
    square = lanes.real("fmul", x, x)
    cosine = lanes.real("fmul", lanes.polynomial(box_muller.COSINE_POLYNOMIAL, square), square)
    half = lanes.real("fmul", square, lanes.constant(0.5))
    cosine = lanes.fused(cosine, square, lanes.negated(half))
    cosine = lanes.real("fadd", cosine, lanes.constant(1.0))
    sine = lanes.real("fmul", lanes.polynomial(box_muller.SINE_POLYNOMIAL, square), square)
    sine = lanes.fused(sine, x, x)
    exchanged = f.emit(f"icmp ne {INTEGERS} {lanes.whole('and', octant, 2)}, zeroinitializer")
    cosine, sine = lanes.chosen(exchanged, sine, cosine), lanes.chosen(exchanged, cosine, sine)
    # Bit 2 of the octant, moved to the sign bit.
    before = lanes.whole("xor", lanes.whole("sub", octant, 2), -1)
    signs = [lanes.whole("shl", lanes.whole("and", x, 4), 29) for x in (before, octant)]
    flipped = [
        lanes.as_real(lanes.whole("xor", lanes.as_whole(x), sign))
        for x, sign in zip((cosine, sine), signs, strict=True)
    ]
    return flipped[0], flipped[1]


# --- double precision -------------------------------------------------------------------------


def _write_float64(module: Module, name: str, mean: float, std: float) -> None:
    """The C library's functions, as in eager code."""
    for function in ("log", "cos", "sin", "llvm.sqrt.f64"):
        module.declare(function, f"double @{function}(double)")
    module.declare("llvm.fma.f64", "double @llvm.fma.f64(double, double, double)")
    with module.function(name, [("ptr", "samples")], internal=True) as f, f.loop(0, HALF) as loop:
        near = f.offset("%samples", loop.index, "float64")
        far = f.emit(f"getelementptr double, ptr {near}, i64 {HALF}")
        first, second = (f.emit(f"load double, ptr {place}") for place in (near, far))
        logarithm = f.emit(f"call double @log(double {f.emit(f'fsub double 1.0, {first}')})")
        doubled = f.emit(f"fmul double -2.0, {logarithm}")
        radius = f.emit(f"call double @llvm.sqrt.f64(double {doubled})")
        angle = f.emit(f"fmul double {literal(2 * math.pi, 'float64')}, {second}")
        for function, place in (("cos", near), ("sin", far)):
            part = f.emit(f"call double @{function}(double {angle})")
            sample = f.emit(f"fmul double {radius}, {part}")
            numbers = f"double {literal(std, 'float64')}, double {literal(mean, 'float64')}"
            made = f.emit(f"call double @llvm.fma.f64(double {sample}, {numbers})")
            f.line(f"store double {made}, ptr {place}")
