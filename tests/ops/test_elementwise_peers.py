"""Elementwise operations against PyTorch: special values, all types, graphs, two derivatives."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from math import inf, nan
from typing import Any

import numpy as np
import pytest

import flambeau as fb
from flambeau.nn import functional
from tests.ops.peer_comparison import as_array, compare, to_peer, tolerance

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.peers

TYPES = (
    "bool", "uint8", "int8", "int32", "int64", "float16", "bfloat16", "float32", "float64",
    "complex64", "complex128",
)  # fmt: skip
VALUES = np.array(
    [0, -0.0, 1, -1, 0.5, -0.5, 2, -2, 3, -3.7, 2.5, 0.1, 6, -6, 20.5, inf, -inf, nan]
)
PLAIN = np.array([0.3, 0.5, -0.7, 1.6, -2.4, 3.1])


def of_type(values: np.ndarray, name: str) -> fb.Tensor:
    """The values in a type; complex ones get other values as imaginary parts."""
    if name.startswith(("int", "uint", "bool")):
        values = np.nan_to_num(values, nan=1.0, posinf=5.0, neginf=-5.0)
        if name == "uint8":
            values = np.abs(values)
    if name.startswith("complex"):
        finite = np.where(np.isfinite(values), values, 1.0)
        values = finite + 1j * np.roll(finite, 1)
    return fb.from_numpy(np.asarray(values)).to(getattr(fb, name))


def outcome(call: Callable, module: Any, *inputs: Any) -> Any:
    try:
        return call(module, *inputs)
    except (RuntimeError, TypeError, ValueError) as error:
        return error


def agree(call: Callable, *inputs: Any) -> None:
    """The same values, bits of sign included, or errors of a type that PyTorch's clauses catch."""
    ours = outcome(call, fb, *inputs)
    theirs = outcome(call, torch, *[to_peer(x, torch) for x in inputs])
    if isinstance(theirs, Exception):
        # PyTorch has no kernel for some types; that is no promise.
        if not isinstance(theirs, NotImplementedError):
            kind = RuntimeError if isinstance(theirs, RuntimeError) else type(theirs)
            assert isinstance(ours, kind), f"{ours!r} but {theirs!r}"
        return
    assert not isinstance(ours, Exception), ours
    assert str(ours.dtype) == str(theirs.dtype)
    x, y = as_array(ours), as_array(theirs)
    limits = tolerance(ours)
    np.testing.assert_allclose(x, y, rtol=limits["rtol"], atol=min(limits["atol"], 1e-6))


UNARY = (
    "abs", "sgn", "neg", "positive", "reciprocal", "square", "sqrt", "rsqrt", "exp", "exp2",
    "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan", "asin", "acos", "atan", "sinh",
    "cosh", "tanh", "asinh", "acosh", "atanh", "sinc", "deg2rad", "rad2deg", "floor", "ceil",
    "round", "trunc", "frac", "isnan", "isinf", "isfinite", "isposinf", "isneginf", "isreal",
    "signbit", "logical_not", "bitwise_not", "erf", "erfc", "erfinv", "lgamma", "digamma",
    "sigmoid", "logit", "relu", "selu", "celu", "hardshrink", "nan_to_num", "angle", "conj",
    "sign",
)  # fmt: skip

# At infinity PyTorch's complex functions and ours may differ in what is nan.
BINARY = (
    "add", "sub", "mul", "div", "floor_divide", "remainder", "fmod", "pow", "float_power",
    "logaddexp", "logaddexp2", "xlogy", "atan2", "hypot", "eq", "ne", "lt", "le", "gt", "ge",
    "logical_and", "logical_or", "logical_xor", "bitwise_and", "bitwise_or", "bitwise_xor",
    "minimum", "maximum", "fmin", "fmax", "copysign", "heaviside", "gcd", "lcm", "rsub",
    "clamp_min", "clamp_max", "isclose",
)  # fmt: skip


# The sign of nan has no meaning, and conversions change it.
SIGNS = ("signbit", "copysign")


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("name", UNARY)
def test_one_operand(name: str, kind: str) -> None:
    values = VALUES[:-1] if name in SIGNS else VALUES
    agree(lambda m, x: getattr(m, name)(x), of_type(values, kind))
    agree(lambda m, x: getattr(m, name)(x), of_type(VALUES[4:5].reshape(()), kind))


PAIRS = np.array(list(itertools.product(VALUES, VALUES)))


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("name", BINARY)
def test_two_operands(name: str, kind: str) -> None:
    pairs = PAIRS[~np.isnan(PAIRS).any(1)] if name in SIGNS else PAIRS
    x, y = of_type(pairs[:, 0], kind), of_type(pairs[:, 1], kind)
    if kind.startswith("complex"):
        x, y = of_type(PLAIN, kind), of_type(PLAIN[::-1].copy(), kind)
    agree(lambda m, a, b: getattr(m, name)(a, b), x, y)
    if "int" in kind:  # without division by zero
        y = fb.where(y == 0, 1, y)
        agree(lambda m, a, b: getattr(m, name)(a, b), x, y)


MIXED = [
    ("float32", "int64"), ("int32", "float16"), ("uint8", "int8"), ("bool", "float32"),
    ("float32", "float64"), ("float16", "bfloat16"), ("float32", "complex64"),
]  # fmt: skip


@pytest.mark.parametrize(("first", "second"), MIXED)
@pytest.mark.parametrize("name", BINARY)
def test_mixed_types(name: str, first: str, second: str) -> None:
    x, y = of_type(PLAIN * 3, first), of_type(PLAIN[::-1] * 3 + 4, second)
    agree(lambda m, a, b: getattr(m, name)(a, b), x, y)
    agree(lambda m, a, b: getattr(m, name)(a, b[0]), x, y)


NUMBERS = (2, -1, 0.5, 2.0, True, 3)


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("name", BINARY)
def test_numbers(name: str, kind: str) -> None:
    if kind == "bool" and name in ("pow", "clamp_min", "clamp_max"):
        return  # PyTorch computes some of these in bool and has no kernel for others
    for number in NUMBERS:
        x = of_type(PLAIN * 3 + 8, kind)
        agree(lambda m, a, n=number: getattr(m, name)(a, n), x)
        agree(lambda m, a, n=number: getattr(m, name)(n, a), x)


def leaf(values: np.ndarray) -> fb.Tensor:
    return fb.from_numpy(np.asarray(values, np.float64))


ELSEWHERE = ("acosh", "isreal", "bitwise_not", "lgamma", "digamma")
GRAPHS: list[tuple[str, Callable]] = [
    *[(n, lambda m, x, n=n: getattr(m, n)(x)) for n in UNARY if n not in ELSEWHERE],
    ("acosh", lambda m, x: m.acosh(x * x + 1.5)),
    ("x * 2", lambda m, x: x * 2), ("2 - x", lambda m, x: 2 - x), ("2 / x", lambda m, x: 2 / x),
    ("x ** 2", lambda m, x: x**2), ("x ** 3", lambda m, x: x**3), ("x ** 0", lambda m, x: x**0),
    ("2 ** x", lambda m, x: 2**x), ("|x| ** 0.5", lambda m, x: x.abs() ** 0.5),
    ("x % 2", lambda m, x: x % 2), ("fmod", lambda m, x: m.fmod(x, 2)),
    ("copysign", lambda m, x: m.copysign(x, -2)), ("xlogy", lambda m, x: m.xlogy(x.abs(), 2)),
    ("round", lambda m, x: m.round(x, decimals=1)), ("clamp", lambda m, x: m.clamp(x, -1, 0.5)),
    ("clamp min", lambda m, x: m.clamp(x, min=0.3)), ("logit", lambda m, x: m.logit(x, 0.1)),
    ("masked_fill", lambda m, x: x.masked_fill(x > 0, 2.0)),
    ("where", lambda m, x: m.where(x > 0, x, 2.0)),
    ("polygamma", lambda m, x: m.polygamma(2, x.abs())), ("i0", lambda m, x: m.i0(x)),
    ("threshold", lambda m, x: m.threshold(x, 0.4, 2.0)),
]  # fmt: skip


def test_graph_of_lgamma() -> None:
    compare(torch, lambda m, x: m.lgamma(x), (leaf(PLAIN),), order=1)  # its trigamma has 9 digits


@pytest.mark.parametrize("call", [g[1] for g in GRAPHS], ids=[g[0] for g in GRAPHS])
def test_graph_of_one(call: Callable) -> None:
    compare(torch, call, (leaf(PLAIN),))


@pytest.mark.parametrize(
    "name", [n for n in BINARY if n not in ("heaviside", "floor_divide", "gcd", "lcm")]
)
def test_graph_of_two(name: str) -> None:
    if name.startswith("bitwise"):
        return
    x = np.abs(PLAIN) if name in ("pow", "xlogy", "float_power") else PLAIN
    compare(
        torch, lambda m, a, b: getattr(m, name)(a, b), (leaf(x), leaf(np.abs(PLAIN[::-1]) + 0.21))
    )


THREE: list[tuple[str, Callable]] = [
    ("lerp", lambda m, x, y, z: m.lerp(x, y, z)),
    ("lerp 0.3", lambda m, x, y, z: m.lerp(x, y, 0.3)),
    ("addcmul", lambda m, x, y, z: m.addcmul(x, y, z, value=1.5)),
    ("addcdiv", lambda m, x, y, z: m.addcdiv(x, y, z * z + 1, value=1.5)),
    ("clamp", lambda m, x, y, z: m.clamp(x, y, z)), ("min", lambda m, x, y, z: m.clamp(x, min=y)),
    ("where", lambda m, x, y, z: m.where(x > 0, y, z)),
    ("masked_fill", lambda m, x, y, z: x.masked_fill(x > 0, z.sum())),
    ("prelu", lambda m, x, y, z: m.prelu(x.reshape(2, 3), y[:3])),
    ("add", lambda m, x, y, z: m.add(x, y, alpha=2.5)),
    ("rsub", lambda m, x, y, z: m.rsub(x, y, alpha=2.5)),
    ("div", lambda m, x, y, z: m.div(x, y, rounding_mode="trunc")),
    ("broadcast", lambda m, x, y, z: x[:, None] * y / (z * z + 1)),
]  # fmt: skip


@pytest.mark.parametrize("call", [t[1] for t in THREE], ids=[t[0] for t in THREE])
def test_graph_of_three(call: Callable) -> None:
    compare(torch, call, (leaf(PLAIN), leaf(PLAIN[::-1].copy()), leaf(np.sin(PLAIN))), names=False)


ACTIVATIONS: dict[str, list[dict[str, Any]]] = {
    "relu6": [{}], "leaky_relu": [{}, {"negative_slope": 0.3}], "elu": [{}, {"alpha": 1.7}],
    "selu": [{}], "celu": [{}, {"alpha": 0.5}], "gelu": [{}, {"approximate": "tanh"}],
    "silu": [{}], "mish": [{}], "softplus": [{}, {"beta": 2.0, "threshold": 3.0}],
    "hardtanh": [{}, {"min_val": -0.5, "max_val": 2.0}], "hardsigmoid": [{}], "hardswish": [{}],
    "hardshrink": [{}], "softshrink": [{}, {"lambd": 0.2}], "logsigmoid": [{}], "glu": [{}],
}  # fmt: skip


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(name: str) -> None:
    for arguments in ACTIVATIONS[name]:

        def call(m: Any, x: Any, arguments: Any = arguments) -> Any:
            room = functional if m is fb else torch.nn.functional
            return getattr(room, name)(x, **arguments)

        for kind in ("float16", "float32", "float64"):
            finite = VALUES[np.isfinite(VALUES)][:14]
            agree(call, of_type(finite, kind))
        # PyTorch's slope has float32's precision there.
        rough = name in ("celu", "hardsigmoid")
        compare(torch, call, (leaf(PLAIN),), order=0 if rough else 2)


IN_PLACE: list[Callable] = [
    lambda x: x.exp_(), lambda x: x.mul_(3).add_(x), lambda x: x.pow_(3), lambda x: x.tanh_(),
    lambda x: x.clamp_(-1, 1), lambda x: x.div_(3, rounding_mode="floor"), lambda x: x.square_(),
    lambda x: x.masked_fill_(x > 0, 3.0), lambda x: x.lerp_(x * 2, 0.3), lambda x: x.sigmoid_(),
    lambda x: x.addcmul_(x * 2, x * 3, value=2), lambda x: x.add_(2, alpha=3), lambda x: x.sub_(1),
    lambda x: x.remainder_(2), lambda x: x.copysign_(-2), lambda x: x.round_(decimals=1),
    lambda x: x.relu_(), lambda x: x.neg_(), lambda x: x.float_power_(2), lambda x: x.logit_(0.1),
]  # fmt: skip


@pytest.mark.parametrize("call", IN_PLACE)
def test_in_place(call: Callable) -> None:
    compare(torch, lambda m, x: call(x * 1), (leaf(PLAIN),))


def test_complex_gradients() -> None:
    z = fb.from_numpy(PLAIN + 1j * PLAIN[::-1])
    w = fb.from_numpy(PLAIN[::-1] - 1j * np.cos(PLAIN))
    for name in (
        "exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "asin", "acos", "atan", "sqrt",
        "rsqrt", "reciprocal", "square", "abs", "sgn", "angle", "conj", "sigmoid", "neg", "log1p",
        "log2", "log10", "exp2", "asinh", "acosh", "atanh",
    ):  # fmt: skip
        compare(torch, lambda m, x, name=name: getattr(m, name)(x), (z,), order=1, names=False)
    for name in ("add", "sub", "mul", "div", "pow"):
        compare(torch, lambda m, x, y, name=name: getattr(m, name)(x, y), (z, w), order=1)
    compare(torch, lambda m, x: (x * x.conj()).real + x.imag, (z,), order=1, names=False)
    compare(torch, lambda m, x: x * 2.5 + x**2, (z,), order=1)
    compare(torch, lambda m, x, y: x.real * y, (z, w), order=1, names=False)
