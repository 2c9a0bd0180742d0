"""Elementwise operations: values against NumPy, types, operators, in-place forms, kinks."""

from __future__ import annotations

from math import inf, nan
from typing import Any

import numpy as np
import pytest

import flambeau as fb
from flambeau.ops import activation, exponential_units, gating, piecewise_activation, slopes

FINITE = np.array([-3.7, -2.0, -1.0, -0.5, 0.25, 0.5, 1.0, 2.5, 6.0])
POSITIVE = np.array([0.1, 0.5, 1.0, 2.0, 7.5])
UNIT = np.array([-0.9, -0.5, 0.0, 0.3, 0.99])

UNARY = [
    ("abs", np.abs, FINITE), ("absolute", np.abs, FINITE), ("neg", np.negative, FINITE),
    ("negative", np.negative, FINITE), ("sign", np.sign, FINITE), ("sgn", np.sign, FINITE),
    ("reciprocal", np.reciprocal, FINITE), ("square", np.square, FINITE),
    ("sqrt", np.sqrt, POSITIVE), ("rsqrt", lambda x: 1 / np.sqrt(x), POSITIVE),
    ("exp", np.exp, FINITE), ("exp2", np.exp2, FINITE), ("expm1", np.expm1, FINITE),
    ("log", np.log, POSITIVE), ("log2", np.log2, POSITIVE), ("log10", np.log10, POSITIVE),
    ("log1p", np.log1p, POSITIVE), ("sin", np.sin, FINITE), ("cos", np.cos, FINITE),
    ("tan", np.tan, FINITE), ("asin", np.arcsin, UNIT), ("arcsin", np.arcsin, UNIT),
    ("acos", np.arccos, UNIT), ("atan", np.arctan, FINITE), ("sinh", np.sinh, FINITE),
    ("cosh", np.cosh, FINITE), ("tanh", np.tanh, FINITE), ("asinh", np.arcsinh, FINITE),
    ("acosh", np.arccosh, POSITIVE + 1), ("atanh", np.arctanh, UNIT), ("sinc", np.sinc, FINITE),
    ("deg2rad", np.deg2rad, FINITE), ("rad2deg", np.rad2deg, FINITE), ("floor", np.floor, FINITE),
    ("ceil", np.ceil, FINITE), ("trunc", np.trunc, FINITE), ("fix", np.trunc, FINITE),
    ("round", np.rint, FINITE), ("frac", lambda x: x - np.trunc(x), FINITE),
    ("sigmoid", lambda x: 1 / (1 + np.exp(-x)), FINITE),
    ("logit", lambda x: np.log(x / (1 - x)), np.array([0.1, 0.5, 0.9])),
    ("relu", lambda x: np.maximum(x, 0), FINITE), ("angle", np.angle, FINITE),
    ("nan_to_num", np.nan_to_num, np.array([1.0, inf, -inf, nan])),
]  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("name", "oracle", "values"), UNARY, ids=[u[0] for u in UNARY])
def test_one_operand(name: str, oracle: Any, values: np.ndarray, dtype: Any) -> None:
    x = values.astype(dtype)
    expected = oracle(x.astype(np.float64) if name != "nan_to_num" else x)
    for shaped in (x, x[:1].reshape(()), x[:0], np.stack([x, x]).T):
        wanted = expected if shaped is x else oracle(shaped)
        result = getattr(fb, name)(fb.from_numpy(shaped))
        assert result.dtype is fb.from_numpy(x).dtype
        assert tuple(result.shape) == shaped.shape
        tight = 1e-6 if dtype is np.float32 else 1e-14
        np.testing.assert_allclose(result.numpy(), wanted, rtol=4 * tight, atol=tight)
    np.testing.assert_array_equal(
        getattr(fb.from_numpy(x), name)().numpy(), getattr(fb, name)(fb.from_numpy(x)).numpy()
    )


BINARY = [
    ("add", np.add), ("sub", np.subtract), ("subtract", np.subtract), ("mul", np.multiply),
    ("multiply", np.multiply), ("div", np.divide), ("true_divide", np.divide),
    ("floor_divide", np.floor_divide), ("remainder", np.remainder), ("fmod", np.fmod),
    ("maximum", np.maximum), ("minimum", np.minimum), ("fmax", np.fmax), ("fmin", np.fmin),
    ("atan2", np.arctan2), ("hypot", np.hypot), ("logaddexp", np.logaddexp),
    ("logaddexp2", np.logaddexp2), ("copysign", np.copysign), ("nextafter", np.nextafter),
    ("eq", np.equal), ("ne", np.not_equal), ("lt", np.less), ("le", np.less_equal),
    ("gt", np.greater), ("ge", np.greater_equal), ("greater", np.greater),
    ("logical_and", np.logical_and), ("logical_or", np.logical_or),
    ("logical_xor", np.logical_xor),
]  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("name", "oracle"), BINARY, ids=[b[0] for b in BINARY])
def test_two_operands(name: str, oracle: Any, dtype: Any) -> None:
    x, y = FINITE.astype(dtype), FINITE[::-1].copy().astype(dtype)
    for a, b in ((x, y), (x[:, None], y), (x[0].reshape(()), y), (x[:0], y[:1])):
        result = getattr(fb, name)(fb.from_numpy(np.asarray(a)), fb.from_numpy(np.asarray(b)))
        expected = oracle(a, b)
        assert result.numpy().dtype == expected.dtype
        rtol = 1e-6 if dtype is np.float32 else 1e-14
        np.testing.assert_allclose(result.numpy(), expected, rtol=rtol)


OPERATORS = [
    ("x + y", 5.0), ("x - y", 1.0), ("x * y", 6.0), ("x / y", 1.5), ("x // y", 1.0), ("x % y", 1.0),
    ("x ** y", 9.0), ("x + 2", 5.0), ("2 + x", 5.0), ("x - 2", 1.0), ("2 - x", -1.0),
    ("x * 2", 6.0), ("2 * x", 6.0), ("x / 2", 1.5), ("6 / x", 2.0), ("x // 2", 1.0),
    ("7 // x", 2.0), ("x % 2", 1.0), ("7 % x", 1.0), ("x ** 2", 9.0), ("2 ** x", 8.0), ("-x", -3.0),
    ("+x", 3.0), ("abs(-x)", 3.0), ("x > y", True), ("x >= 3", True), ("x < y", False),
    ("x <= 2.5", False), ("x == 3", True), ("x != 3", False), ("2 < x", True), ("3 == x", True),
    ("i & 6", 4), ("i | 2", 7), ("i ^ 1", 4), ("6 & i", 4), ("~i", -6), ("i << 1", 10),
    ("i >> 1", 2), ("1 << i", 32), ("b & True", True), ("b ^ b", False), ("~b", False),
    ("x * x0", 6.0), ("x * i", 15.0), ("i * 1.5", 7.5), ("i / 2", 2.5), ("i // 2", 2),
    ("i ** 2", 25), ("2 ** i", 32), ("x + True", 4.0),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "expected"), OPERATORS, ids=[o[0] for o in OPERATORS])
def test_operators(expression: str, expected: Any) -> None:
    names = {
        "x": fb.tensor([3.0]), "y": fb.tensor([2.0]), "i": fb.tensor([5]), "b": fb.tensor([True]),
        "x0": fb.tensor(2.0, dtype=fb.float64),
    }  # fmt: skip
    result = eval(expression, names)
    assert result.tolist() == [expected]
    assert type(result.tolist()[0]) is type(expected)


@pytest.mark.parametrize(
    "statement", ["x += 2", "x -= 1", "x *= 3", "x /= 2", "x **= 2", "x //= 2"]
)
def test_augmented_assignment_keeps_the_tensor(statement: str) -> None:
    names = {"x": fb.tensor([3.0, 5.0])}
    before, address = names["x"], names["x"].data_ptr()
    expected = {"x": np.array([3.0, 5.0])}
    exec(statement, names)
    exec(statement, expected)
    assert names["x"] is before
    assert names["x"].data_ptr() == address
    np.testing.assert_allclose(before.numpy(), expected["x"])
    assert before._version == 1


def test_operators_leave_foreign_operands_to_python() -> None:
    class Other:
        def __radd__(self, x: Any) -> str:
            return "other's"

    x = fb.tensor([1.0])
    assert x + Other() == "other's"
    assert (x == None) is False  # noqa: E711
    assert (x != "a") is True
    for expression in ("x + None", "x * 'a'", "x < None", "None / x", "x & []"):
        with pytest.raises(TypeError):
            eval(expression, {"x": x})


PROMOTIONS = [
    ("fb.tensor([1]) + 1", fb.int64), ("fb.tensor([1]) + 1.5", fb.float32),
    ("fb.tensor([1], dtype=fb.uint8) * 300", fb.uint8), ("fb.tensor([True]) + 1", fb.int64),
    ("fb.tensor([1.], dtype=fb.float16) * 2.5", fb.float16),
    ("fb.tensor([1.], dtype=fb.float16) + fb.tensor([1.], dtype=fb.bfloat16)", fb.float32),
    ("fb.tensor([1]) / 2", fb.float32), ("fb.tensor([1]) // 2", fb.int64),
    ("fb.tensor([1.]) + fb.tensor(1., dtype=fb.float64)", fb.float32),
    ("fb.tensor([1.]) + fb.tensor([1.], dtype=fb.float64)", fb.float64),
    ("fb.tensor([1]) + fb.tensor(1., dtype=fb.float64)", fb.float64),
    ("fb.tensor([1.]) * 1j", fb.complex64), ("fb.tensor([1j]).abs()", fb.float32),
    ("fb.exp(fb.tensor([1]))", fb.float32), ("fb.tensor([1]) ** 0.5", fb.float32),
    ("fb.tensor([2]) == 2.0", fb.bool), ("fb.float_power(fb.tensor([2]), 2)", fb.float64),
    ("fb.where(fb.tensor([True]), fb.tensor([1]), 2.5)", fb.float32),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "dtype"), PROMOTIONS, ids=[p[0] for p in PROMOTIONS])
def test_types_of_results(expression: str, dtype: Any) -> None:
    assert eval(expression).dtype is dtype


def test_half_precision_rounds_once() -> None:
    x = fb.tensor([0.1, 0.7, 3.3], dtype=fb.float16)
    wide = x.numpy().astype(np.float64)
    for name, oracle in (
        ("sigmoid", lambda v: 1 / (1 + np.exp(-v))), ("rsqrt", lambda v: 1 / np.sqrt(v)),
    ):  # fmt: skip
        np.testing.assert_array_equal(getattr(fb, name)(x).numpy(), oracle(wide).astype(np.float16))
    np.testing.assert_array_equal((x * 0.3).numpy(), (wide * np.float32(0.3)).astype(np.float16))


SPECIAL_VALUES = [
    ("fb.tensor([0., -0.]) ** 0", [1.0, 1.0]), ("fb.tensor([nan]) ** 0", [1.0]),
    ("fb.tensor([-8.]) ** (1/3)", [nan]), ("fb.tensor([-2.]) ** 3", [-8.0]),
    ("fb.tensor([2, 1, -1, -1]) ** fb.tensor([-1, -5, -2, -3])", [0, 1, 1, -1]),
    ("fb.tensor([2., 4.]) ** fb.tensor([-1, 2])", [0.5, 16.0]),
    ("fb.tensor([7, -7]) // fb.tensor([2, 2])", [3, -4]),
    ("fb.tensor([7, -7]) % fb.tensor([-3, 3])", [-2, 2]),
    ("fb.fmod(fb.tensor([7, -7]), 3)", [1, -1]),
    ("fb.div(fb.tensor([7, -7]), 2, rounding_mode='trunc')", [3, -3]),
    ("fb.div(fb.tensor([7., -7.]), 2, rounding_mode='floor')", [3.0, -4.0]),
    ("fb.tensor([1., -1., 0.]) / 0", [inf, -inf, nan]), ("fb.sign(fb.tensor([nan]))", [0.0]),
    ("fb.maximum(fb.tensor([nan, 1.]), fb.tensor([1., nan]))", [nan, nan]),
    ("fb.fmax(fb.tensor([nan, 1.]), fb.tensor([1., nan]))", [1.0, 1.0]),
    ("fb.clamp(fb.tensor([nan, 5.]), 2, 1)", [nan, 1.0]),
    ("fb.xlogy(fb.tensor([0., 0.]), fb.tensor([0., nan]))", [0.0, nan]),
    ("fb.logaddexp(fb.tensor([-inf]), fb.tensor([-inf]))", [-inf]),
    ("fb.round(fb.tensor([0.5, 1.5, -0.5]))", [0.0, 2.0, -0.0]),
    ("fb.round(fb.tensor([15., 25.]), decimals=-1)", [20.0, 20.0]),
    ("fb.heaviside(fb.tensor([nan, 0., 1.]), fb.tensor([3.]))", [0.0, 3.0, 1.0]),
    ("fb.gcd(fb.tensor([-12, 0]), fb.tensor([18, 0]))", [6, 0]),
    ("fb.lcm(fb.tensor([-4, 0]), fb.tensor([6, 3]))", [12, 0]),
    ("fb.tensor([-5, 5]) >> 1", [-3, 2]), ("fb.tensor([1], dtype=fb.int8) << 8", [0]),
    ("fb.tensor([-1], dtype=fb.int8) >> 9", [-1]), ("fb.tensor([9], dtype=fb.uint8) >> 9", [0]),
    ("fb.nan_to_num(fb.tensor([nan, inf, -inf]), 1., 2., 3.)", [1.0, 2.0, 3.0]),
    ("fb.signbit(fb.tensor([-0., 0.]))", [True, False]),
    ("fb.isposinf(fb.tensor([inf, -inf, nan]))", [True, False, False]),
    ("fb.isneginf(fb.tensor([inf, -inf, nan]))", [False, True, False]),
    ("fb.isfinite(fb.tensor([inf, 1., nan]))", [False, True, False]),
    ("fb.isnan(fb.tensor([1, 2]))", [False, False]),
    ("fb.isreal(fb.tensor([1j, 2]))", [False, True]),
    ("fb.lerp(fb.tensor([1e8]), fb.tensor([1.]), 1.0)", [1.0]),
    ("fb.logit(fb.tensor([0., 1., 2.]))", [-inf, inf, nan]),
    ("fb.angle(fb.tensor([-1., 2., nan]))", [float(np.float32(np.pi)), 0.0, nan]),
    ("fb.sigmoid(fb.tensor([-1000., 1000.]))", [0.0, 1.0]),
    ("fb.sinc(fb.tensor([0.]))", [1.0]),
    ("fb.addcmul(fb.tensor([1]), fb.tensor([2]), fb.tensor([3]), value=2)", [13]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("expression", "expected"), SPECIAL_VALUES, ids=[s[0] for s in SPECIAL_VALUES]
)
def test_special_values(expression: str, expected: list) -> None:
    result = eval(expression, {"fb": fb, "nan": nan, "inf": inf}).tolist()
    np.testing.assert_array_equal(result, expected)
    signs = np.where(np.isnan(expected), False, np.signbit(expected))
    np.testing.assert_array_equal(np.where(np.isnan(result), False, np.signbit(result)), signs)


def slope(function: Any, point: float) -> float:
    x = fb.tensor([point], dtype=fb.float64, requires_grad=True)
    function(x).sum().backward()
    return x.grad.item()


KINKS = [
    ("relu", fb.relu, 0.0, 0.0), ("relu6 at 0", piecewise_activation.relu6, 0.0, 0.0),
    ("relu6 at 6", piecewise_activation.relu6, 6.0, 0.0),
    ("hardtanh", piecewise_activation.hardtanh, 1.0, 0.0),
    ("leaky_relu", piecewise_activation.leaky_relu, 0.0, 0.01),
    ("hardsigmoid", piecewise_activation.hardsigmoid, 3.0, 0.0),
    ("hardswish at -3", piecewise_activation.hardswish, -3.0, 0.0),
    ("hardswish at 3", piecewise_activation.hardswish, 3.0, 1.0),
    ("hardshrink", fb.hardshrink, 0.5, 0.0),
    ("softshrink", piecewise_activation.softshrink, 0.5, 0.0),
    ("threshold", lambda x: fb.threshold(x, 1.0, 5.0), 1.0, 0.0),
    ("elu", lambda x: exponential_units.elu(x, 2.0), 0.0, 2.0), ("abs", fb.abs, 0.0, 0.0),
    ("clamp at min", lambda x: fb.clamp(x, 1.0, 2.0), 1.0, 1.0),
    ("clamp at max", lambda x: fb.clamp(x, 1.0, 2.0), 2.0, 1.0),
    ("maximum", lambda x: fb.maximum(x, fb.ones_like(x)), 1.0, 0.5),
    ("minimum", lambda x: fb.minimum(x, fb.ones_like(x)), 1.0, 0.5),
    ("fmax", lambda x: fb.fmax(x, fb.ones_like(x)), 1.0, 1.0), ("x ** 0", lambda x: x**0, 0.0, 0.0),
    ("x ** 2", lambda x: x**2, 0.0, 0.0), ("x ** 1", lambda x: x**1, 0.0, 1.0),
    ("sqrt", fb.sqrt, 0.0, inf), ("sinc", fb.sinc, 0.0, 0.0), ("floor", fb.floor, 1.5, 0.0),
    ("sign", fb.sign, 1.5, 0.0), ("nan_to_num", fb.nan_to_num, inf, 0.0),
    ("where", lambda x: fb.where(x > 0, fb.log(x), 0.0), 0.0, nan),
    ("masked_fill", lambda x: x.masked_fill(x == 0, 3.0), 0.0, 0.0),
    ("prelu", lambda x: fb.prelu(x, fb.tensor([0.25], dtype=fb.float64)), 0.0, 0.25),
    ("softplus", activation.softplus, 21.0, 1.0), ("rrelu", slopes.rrelu, -1.0, 11 / 48),
]  # fmt: skip


@pytest.mark.parametrize(
    ("function", "point", "expected"), [k[1:] for k in KINKS], ids=[k[0] for k in KINKS]
)
def test_gradients_at_kinks(function: Any, point: float, expected: float) -> None:
    np.testing.assert_allclose(slope(function, point), expected, rtol=1e-12)


def test_unused_branch_of_where_gets_zero_even_if_the_gradient_is_infinite() -> None:
    x = fb.tensor([0.0, 4.0], requires_grad=True)
    chosen = fb.where(fb.tensor([False, True]), x, 0.0)
    chosen.backward(fb.tensor([inf, 1.0]))
    assert x.grad.tolist() == [0.0, 1.0]


def test_broadcast_operands_get_gradients_of_their_own_shape() -> None:
    x = fb.ones(2, 1, requires_grad=True)
    y = fb.full((3,), 2.0, requires_grad=True)
    z = fb.tensor(4.0, requires_grad=True)
    (x * y / z).sum().backward()
    assert x.grad.tolist() == [[1.5], [1.5]]
    assert y.grad.tolist() == [0.5, 0.5, 0.5]
    assert z.grad.item() == -0.75


def test_number_operands_of_the_quick_path() -> None:
    x = fb.tensor([1.0, -2.0], requires_grad=True)
    for number in (2, 2.0, 0, 0.0, -0.0, 1e-3, 10**12, inf, nan):
        result = x * number
        np.testing.assert_array_equal(
            result.detach().numpy(), np.float32([1, -2]) * np.float32(number)
        )
    assert not np.signbit((fb.tensor([1.0]) * 0.0).item())
    assert np.signbit((fb.tensor([1.0]) * -0.0).item())


def test_non_contiguous_results_keep_the_layout_of_their_operands() -> None:
    x = fb.from_numpy(np.arange(6.0).reshape(2, 3)).t()
    assert fb.exp(x).stride() == x.stride() == (1, 3)
    assert (x + x).stride() == (1, 3)
    assert (x * 2).stride() == (1, 3)


def test_numpy_scalars_are_numbers() -> None:
    x = fb.tensor([1.5, 2.5])
    assert (x * np.float64(2)).dtype is fb.float32
    assert (np.float64(2) * x).tolist() == [3.0, 5.0]
    assert (x + np.int64(1)).tolist() == [2.5, 3.5]


def test_out_is_written_and_returned() -> None:
    x, out = fb.tensor([1.0, 4.0]), fb.zeros(2)
    assert fb.sqrt(x, out=out) is out
    assert out.tolist() == [1.0, 2.0]
    fb.add(x, x, alpha=2, out=out)
    assert out.tolist() == [3.0, 12.0]
    fb.where(x > 2, x, 0.0, out=out)
    assert out.tolist() == [0.0, 4.0]


def test_in_place_saves_what_the_gradient_needs() -> None:
    w = fb.tensor([1.0, 2.0], dtype=fb.float64, requires_grad=True)
    x = w * 1
    x.mul_(w).exp_()
    x.sum().backward()
    values = np.array([1.0, 2.0])
    np.testing.assert_allclose(w.grad.numpy(), 2 * values * np.exp(values**2))


def test_in_place_activations() -> None:
    w = fb.tensor([-1.0, 2.0], requires_grad=True)
    for function, expected in (
        (lambda x: piecewise_activation.leaky_relu(x, 0.5, inplace=True), [-0.5, 2.0]),
        (lambda x: exponential_units.elu(x, inplace=True), [np.expm1(-1.0), 2.0]),
        (lambda x: piecewise_activation.relu6(x, inplace=True), [0.0, 2.0]),
        (lambda x: fb.relu_(x), [0.0, 2.0]),
    ):
        x = w * 1
        assert function(x) is x
        np.testing.assert_allclose(x.detach().numpy(), expected, rtol=1e-6)


def test_glu_halves_a_dimension() -> None:
    x = np.arange(8.0).reshape(2, 4)
    expected = x[:, :2] / (1 + np.exp(-x[:, 2:]))
    np.testing.assert_allclose(gating.glu(fb.from_numpy(x)).numpy(), expected)


def test_equal_and_allclose_are_python_truth_values() -> None:
    x = fb.tensor([1.0, 2.0])
    assert fb.equal(x, x.clone()) is True
    assert fb.equal(x, fb.tensor([1.0])) is False
    assert fb.allclose(x, x + 1e-9) is True
    assert fb.allclose(fb.tensor([nan]), fb.tensor([nan])) is False
    assert fb.allclose(fb.tensor([nan]), fb.tensor([nan]), equal_nan=True) is True
    assert fb.isclose(fb.tensor([inf, 1.0]), fb.tensor([inf, 1.1])).tolist() == [True, False]


def test_real_and_imag_are_views() -> None:
    z = fb.tensor([1 + 2j, 3 - 1j])
    z.real[0] = 9.0
    assert z.tolist() == [9 + 2j, 3 - 1j]
    x = fb.tensor([1.0])
    assert x.conj() is x
    assert fb.real(x) is x
    assert z.conj().tolist() == [9 - 2j, 3 + 1j]
    assert z.conj_physical_() is z
    assert z.tolist() == [9 - 2j, 3 + 1j]


def test_functions_without_derivative_say_so_in_the_backward_pass() -> None:
    x = fb.tensor([3.0], requires_grad=True)
    result = x // 2
    assert result.requires_grad
    with pytest.raises(RuntimeError) as caught:
        result.backward()
    assert str(caught.value) == (
        "floor_divide: the derivative is not defined\n"
        "  expected: operations that have one between the loss and what it is taken for\n"
        "  got:      floor_divide\n"
        "  help:     call .detach() where no gradient should flow"
    )
