"""Errors of elementwise operations: type and full text."""

from __future__ import annotations

from typing import Any

import pytest

import flambeau as fb
from flambeau.ops import exponential_units, gating, piecewise_activation
from flambeau.ops.activation import gelu

NAMES = {
    "fb": fb, "gelu": gelu, "glu": gating.glu, "elu": exponential_units.elu,
    "hardtanh": piecewise_activation.hardtanh, "softshrink": piecewise_activation.softshrink,
    "leaky_relu": piecewise_activation.leaky_relu,
}  # fmt: skip

CASES: list[tuple[str, type[Exception], str]] = [
    (
        "fb.add(x, fb.ones(4))", RuntimeError,
        ("add: shapes do not broadcast\n"
        "  expected: sizes that are equal or 1, compared from the last dimension\n"
        "  got:      (3,) and (4,)\n"
        "  help:     insert dimensions with .unsqueeze(dim) or match sizes with .expand()"),
    ),
    (
        "fb.add(x, 'a')", TypeError,
        ("add: not a tensor or a number\n"
        "  expected: a tensor or a Python number\n"
        "  got:      str\n"
        "  help:     make a tensor of it with flambeau.tensor(...)"),
    ),
    (
        "fb.exp(1.0)", TypeError,
        ("exp: not a tensor\n"
        "  expected: a tensor\n"
        "  got:      float\n"
        "  help:     make one with flambeau.tensor(...)"),
    ),
    (
        "fb.maximum(x, 0)", TypeError,
        ("maximum: not a tensor\n"
        "  expected: a tensor\n"
        "  got:      int\n"
        "  help:     make one with flambeau.tensor(...)"),
    ),
    (
        "fb.tensor([1]) // 0", RuntimeError,
        ("floor_divide: ZeroDivisionError\n"
        "  expected: integer divisors other than 0\n"
        "  got:      a divisor 0\n"
        "  help:     convert to floating point, where x / 0 is inf or nan"),
    ),
    (
        "fb.tensor([1]) % fb.tensor([0])", RuntimeError,
        ("remainder: ZeroDivisionError\n"
        "  expected: integer divisors other than 0\n"
        "  got:      a divisor 0\n"
        "  help:     convert to floating point, where x / 0 is inf or nan"),
    ),
    (
        "fb.div(x, x, rounding_mode='up')", RuntimeError,
        ("div: unknown rounding_mode\n"
        "  expected: None, 'trunc' or 'floor'\n"
        "  got:      'up'"),
    ),
    (
        "fb.tensor([2]) ** -1", RuntimeError,
        ("pow: Integers to negative integer powers are not allowed.\n"
        "  expected: an exponent of at least 0, or a floating-point tensor\n"
        "  got:      -1\n"
        "  help:     convert with .float() first"),
    ),
    (
        "fb.tensor([1]) - True", RuntimeError,
        ("sub: not defined on bool tensors\n"
        "  expected: numbers\n"
        "  got:      torch.bool\n"
        "  help:     convert with .int() or .float(), or use logical operations"),
    ),
    (
        "fb.tensor([1j]) > 1", RuntimeError,
        ("gt: not defined on complex tensors\n"
        "  expected: real numbers\n"
        "  got:      torch.complex64\n"
        "  help:     take .real, .imag or .abs() first"),
    ),
    (
        "x & 1", RuntimeError,
        ("bitwise_and: only defined on integer and bool tensors\n"
        "  expected: integers or truth values\n"
        "  got:      torch.float32"),
    ),
    (
        "fb.gcd(x, x)", RuntimeError,
        ("gcd: only defined on integer tensors\n"
        "  expected: integers\n"
        "  got:      torch.float32"),
    ),
    (
        "fb.frac(fb.tensor([1]))", RuntimeError,
        ("frac: only defined on floating-point tensors\n"
        "  expected: float16, bfloat16, float32 or float64\n"
        "  got:      torch.int64\n"
        "  help:     convert with .float()"),
    ),
    (
        "fb.add(fb.tensor([1]), 1, alpha=1.5)", RuntimeError,
        ("add: alpha does not fit the operands' type\n"
        "  expected: a number that torch.int64 can hold\n"
        "  got:      1.5"),
    ),
    (
        "x.clamp()", RuntimeError,
        ("clamp: at least one bound is needed\n"
        "  expected: min, max or both\n"
        "  got:      neither"),
    ),
    (
        "fb.where(x, x, x)", RuntimeError,
        ("where: the condition must be a bool tensor\n"
        "  expected: torch.bool\n"
        "  got:      torch.float32\n"
        "  help:     compare it with something, or convert it with .bool()"),
    ),
    (
        "x.masked_fill(x > 0, x)", RuntimeError,
        ("masked_fill: the value must be a number or a 0-d tensor\n"
        "  expected: 0 dimensions\n"
        "  got:      shape (3,)"),
    ),
    (
        "fb.lerp(x, x.double(), 0.5)", RuntimeError,
        ("lerp: the types differ\n"
        "  expected: tensors of one type\n"
        "  got:      torch.float32, torch.float64\n"
        "  help:     convert them with .to(dtype)"),
    ),
    (
        "fb.isclose(x, x, rtol=-1)", RuntimeError,
        ("isclose: rtol must not be negative\n"
        "  expected: >= 0\n"
        "  got:      -1.0"),
    ),
    (
        "fb.polygamma(-1, x)", RuntimeError,
        ("polygamma: n must not be negative\n"
        "  expected: n >= 0\n"
        "  got:      -1"),
    ),
    (
        "fb.prelu(x, fb.ones(2))", RuntimeError,
        ("prelu: the slopes do not fit the channels\n"
        "  expected: a weight of 1 or 1 elements in at most 1 dimension\n"
        "  got:      input of shape (3,), weight of shape (2,)"),
    ),
    (
        "hardtanh(x, 2.0, 1.0)", ValueError,
        ("hardtanh: min_val is larger than max_val\n"
        "  expected: min_val <= max_val\n"
        "  got:      min_val=2.0, max_val=1.0"),
    ),
    (
        "softshrink(x, -1.0)", RuntimeError,
        ("softshrink: lambd must not be negative\n"
        "  expected: >= 0\n"
        "  got:      -1.0"),
    ),
    (
        "gelu(x, approximate='fast')", RuntimeError,
        ("gelu: unknown approximation\n"
        "  expected: 'none' or 'tanh'\n"
        "  got:      'fast'"),
    ),
    (
        "glu(x)", RuntimeError,
        ("glu: the dimension cannot be halved\n"
        "  expected: an even size\n"
        "  got:      size 3 in dimension 0, shape (3,)"),
    ),
    (
        "fb.celu(x, 0.0)", RuntimeError,
        ("celu: alpha must not be 0\n"
        "  expected: a number other than 0\n"
        "  got:      0.0"),
    ),
    (
        "elu(w * 1, -1.0, inplace=True)", RuntimeError,
        ("elu_: a negative alpha has no gradient in place\n"
        "  expected: alpha >= 0\n"
        "  got:      -1.0\n"
        "  help:     use inplace=False"),
    ),
    (
        "leaky_relu(w * 1, -1.0, inplace=True)", RuntimeError,
        ("leaky_relu_: a negative slope has no gradient in place\n"
        "  expected: negative_slope >= 0\n"
        "  got:      -1.0\n"
        "  help:     use inplace=False"),
    ),
    (
        "fb.tensor([1]).add_(1.5)", RuntimeError,
        ("add_: result type torch.float32 can't be cast to the tensor's type torch.int64\n"
        "  expected: a result that torch.int64 can hold\n"
        "  got:      torch.float32\n"
        "  help:     use the out-of-place operation, or convert the tensor first"),
    ),
    (
        "fb.exp_(2)", TypeError,
        ("exp_: not a tensor\n"
        "  expected: a tensor\n"
        "  got:      int\n"
        "  help:     make one with flambeau.tensor(...)"),
    ),
    (
        "x.add_([2])", TypeError,
        ("add_: not a tensor or a number\n"
        "  expected: a tensor or a Python number\n"
        "  got:      list\n"
        "  help:     make a tensor of it with flambeau.tensor(...)"),
    ),
    (
        "fb.tensor([1]).add_(1, alpha=1.5)", RuntimeError,
        ("add_: alpha does not fit the operands' type\n"
        "  expected: a number that torch.int64 can hold\n"
        "  got:      1.5"),
    ),
    (
        "fb.heaviside(x, fb.tensor([1]))", RuntimeError,
        ("heaviside: the types differ\n"
        "  expected: two tensors of one type\n"
        "  got:      torch.float32 and torch.int64\n"
        "  help:     convert one of them with .to(dtype)"),
    ),
    (
        "fb.addcmul(fb.tensor([1]), fb.tensor([1]), fb.tensor([1]), value=0.5)", RuntimeError,
        ("addcmul: value does not fit the operands' type\n"
        "  expected: a number that torch.int64 can hold\n"
        "  got:      0.5"),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "kind", "text"), CASES, ids=[c[0] for c in CASES])
def test_error(expression: str, kind: type[Exception], text: str) -> None:
    names: dict[str, Any] = {"x": fb.ones(3), "w": fb.ones(3, requires_grad=True), **NAMES}
    with pytest.raises(kind) as caught:
        eval(expression, names)
    assert str(caught.value) == text


def test_nothing_changes_before_an_error() -> None:
    x = fb.tensor([1, 2])
    for call in (lambda: x.add_(1.5), lambda: x.floor_divide_(0), lambda: x.add_(fb.ones(3))):
        with pytest.raises(RuntimeError):
            call()
    assert x.tolist() == [1, 2]
    assert x._version == 0
