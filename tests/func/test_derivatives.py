"""Derivatives of functions against closed forms and finite differences."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import flambeau as fb
from flambeau import func, nn

X = [0.3, -0.7, 1.1]


def x64(values: Any = X) -> fb.Tensor:
    return fb.tensor(values, dtype=fb.float64)


def smooth(x: fb.Tensor) -> fb.Tensor:
    return (x.sin() * x.exp()).sum() + x.prod() + (x[0] * x[1:]).tanh().sum()


def central(f: Callable[[np.ndarray], np.ndarray], x: np.ndarray, h: float = 1e-5) -> np.ndarray:
    """The Jacobian of f by central differences, the direction last."""
    columns = []
    for i in range(x.size):
        step = np.zeros_like(x)
        step[i] = h
        columns.append((f(x + step) - f(x - step)) / (2 * h))
    return np.stack(columns, -1)


def test_first_to_third_derivatives() -> None:
    x = np.array(X)
    value = lambda z: np.asarray(float(smooth(fb.from_numpy(z))))  # noqa: E731
    gradient = lambda z: func.grad(smooth)(fb.from_numpy(z)).numpy()  # noqa: E731
    hessian = lambda z: func.hessian(smooth)(fb.from_numpy(z)).numpy()  # noqa: E731
    np.testing.assert_allclose(gradient(x), central(value, x), rtol=1e-8)
    np.testing.assert_allclose(hessian(x), central(gradient, x), rtol=1e-8)
    third = func.jacfwd(func.hessian(smooth))(fb.from_numpy(x)).numpy()
    np.testing.assert_allclose(third, central(hessian, x), rtol=1e-7, atol=1e-9)


MODES: list[Any] = [func.jacfwd, func.jacrev]


@pytest.mark.parametrize("first", MODES)
@pytest.mark.parametrize("second", MODES)
@pytest.mark.parametrize("third", MODES)
def test_any_order_of_modes(first: Any, second: Any, third: Any) -> None:
    f = lambda x: (x.exp() * x.roll(1, 0).sin()).sum()  # noqa: E731
    expected = func.jacrev(func.jacrev(func.jacrev(f)))(x64())
    np.testing.assert_allclose(third(second(first(f)))(x64()), expected, atol=1e-12)


def test_deep_nesting_has_the_closed_form() -> None:
    """Each derivative of exp(2x) doubles it."""
    f = lambda x: (2 * x).exp()  # noqa: E731
    for order in range(1, 6):
        f = func.grad(f)
        assert float(f(x64(0.3))) == pytest.approx(2**order * math.exp(0.6), rel=1e-12)


def test_one_transformation_does_not_take_another_s_input_for_its_own() -> None:
    inner = lambda x: func.grad(lambda y: x * y)(fb.tensor(1.0))  # noqa: E731
    assert float(func.grad(lambda x: x * inner(x))(fb.tensor(3.0))) == 6.0
    pushed = func.jvp(
        lambda x: x * func.jvp(lambda y: x * y, (fb.tensor(1.0),), (fb.tensor(1.0),))[1],
        (fb.tensor(3.0),),
        (fb.tensor(1.0),),
    )
    assert float(pushed[1]) == 6.0


def test_gradients_stay_joined_to_the_caller_s_graph() -> None:
    w = fb.ones(3, requires_grad=True)
    x = fb.tensor([1.0, 2.0, 3.0], requires_grad=True)
    g = func.grad(lambda x: (w * x * x).sum())(x)
    gw, gx = fb.autograd.grad(g.sum(), (w, x))
    assert gw.tolist() == [2.0, 4.0, 6.0]
    assert gx.tolist() == [2.0, 2.0, 2.0]


def test_values_leave_the_graph_of_the_transformation() -> None:
    gradient, (value, aux) = func.grad_and_value(lambda x: ((x * x).sum(), x * 2), has_aux=True)(
        fb.ones(2)
    )
    assert not gradient.requires_grad
    assert not value.requires_grad
    assert not aux.requires_grad


def test_trees_argnums_and_aux() -> None:
    def loss(params: Any, scale: Any, offset: Any) -> Any:
        return (params["w"] * scale).sum() + (params["b"][0] * offset).sum(), {"seen": scale}

    params = {"w": fb.tensor([1.0, 2.0]), "b": [fb.tensor(3.0)]}
    scale, offset = fb.tensor([10.0, 20.0]), fb.tensor(5.0)
    (value, aux), (of_params, of_offset) = func.value_and_grad(loss, argnums=(0, -1), has_aux=True)(
        params, scale, offset
    )
    assert float(value) == 65.0
    assert aux["seen"].tolist() == [10.0, 20.0]
    assert of_params["w"].tolist() == [10.0, 20.0]
    assert float(of_params["b"][0]) == 5.0
    assert float(of_offset) == 3.0


def test_unused_arguments_have_zero_gradients() -> None:
    assert func.grad(lambda x, y: (x * 1).sum(), argnums=1)(fb.ones(2), fb.ones(3)).tolist() == [
        0.0,
        0.0,
        0.0,
    ]


def test_python_floats_are_differentiated() -> None:
    assert float(func.grad(lambda x: x**3)(2.0)) == 12.0


def test_vjp_may_be_called_again() -> None:
    y, pull = func.vjp(lambda a, b: (a * b, a + b), x64(), x64([1.0, 2.0, 3.0]))
    one = fb.ones(3, dtype=fb.float64)
    zero = fb.zeros(3, dtype=fb.float64)
    for _ in range(2):
        np.testing.assert_allclose(pull((one, zero))[0], [1, 2, 3])
        np.testing.assert_allclose(pull((zero, one))[1], [1, 1, 1])
    np.testing.assert_allclose(y[1], np.array(X) + [1, 2, 3])


def test_linearize_is_jvp() -> None:
    f = lambda p, x: {"y": (p["a"] * x.sin()).cumsum(0), "z": x.prod()}  # noqa: E731
    primals = ({"a": x64([1.0, 2.0, 3.0])}, x64())
    tangents = ({"a": x64([0.5, -1.0, 2.0])}, x64([1.0, 0.0, -1.0]))
    value, slope = func.jvp(f, primals, tangents)
    again, push = func.linearize(f, *primals)
    for found, expected in ((again, value), (push(*tangents), slope), (push(*tangents), slope)):
        fb.tree.map(np.testing.assert_allclose, found, expected)


def test_jacobians_of_trees_in_both_modes() -> None:
    def f(p: Any) -> Any:
        return {"o": p["a"] * p["b"].sum(), "q": [p["b"] * 2, p["a"].exp()]}

    p = {"a": x64([1.0, 2.0]), "b": x64()}
    forward, reverse = func.jacfwd(f)(p), func.jacrev(f)(p)
    fb.tree.map(np.testing.assert_allclose, forward, reverse)
    assert tuple(reverse["o"]["b"].shape) == (2, 3)
    np.testing.assert_allclose(reverse["q"][1]["a"], np.diag(np.exp([1.0, 2.0])))
    np.testing.assert_allclose(reverse["q"][0]["a"], np.zeros((3, 2)))


@pytest.mark.parametrize("chunk_size", [1, 2, 5])
def test_chunks_change_nothing(chunk_size: int) -> None:
    f = lambda x: x.outer(x).tanh()  # noqa: E731
    expected = func.jacrev(f)(x64())
    np.testing.assert_allclose(func.jacrev(f, chunk_size=chunk_size)(x64()), expected)
    np.testing.assert_allclose(func.jacfwd(f, chunk_size=chunk_size)(x64()), expected)


def test_hessian_products() -> None:
    v = x64([1.0, -2.0, 0.5])
    gradient, product = func.hvp(smooth, (x64(),), (v,))
    np.testing.assert_allclose(gradient, func.grad(smooth)(x64()))
    np.testing.assert_allclose(product, func.hessian(smooth)(x64()) @ v, rtol=1e-12)
    of_two = func.hvp(lambda a, b: (a * b * b).sum(), (x64(), x64()), (v, v))[1]
    np.testing.assert_allclose(of_two[0], 2 * x64() * v)
    np.testing.assert_allclose(of_two[1], 2 * x64() * v + 2 * x64() * v)


def test_complex_functions() -> None:
    z = fb.tensor([1 + 2j, -0.5 + 0.3j], dtype=fb.complex128)
    f = lambda z: (z.abs() ** 2 + (z * z).real + (z.exp()).imag).sum()  # noqa: E731
    v = fb.tensor([0.3 - 1j, 2 + 0.1j], dtype=fb.complex128)
    slope = float(func.jvp(f, (z,), (v,))[1])
    h = 1e-6
    expected = float(f(z + h * v) - f(z - h * v)) / (2 * h)
    assert slope == pytest.approx(expected, rel=1e-8)
    g = func.grad(f)(z)
    assert float((g.conj() * v).real.sum()) == pytest.approx(expected, rel=1e-8)


def test_changes_in_place_carry_tangents() -> None:
    def f(x: fb.Tensor) -> fb.Tensor:
        z = fb.zeros(3, dtype=fb.float64)
        tail = z[1:]
        z[0] = x[0] ** 2
        tail += x[1:]
        tail.mul_(x[0])
        return z + 0 * tail.sum()

    expected = [[0.6, 0, 0], [-0.7, 0.3, 0], [1.1, 0, 0.3]]
    np.testing.assert_allclose(func.jacfwd(f)(x64()), expected, atol=1e-15)
    np.testing.assert_allclose(func.jacrev(f)(x64()), expected, atol=1e-15)


def test_modules_and_their_second_derivatives() -> None:
    model = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1)).double()
    laplacian = lambda x: func.hessian(lambda z: model(z).squeeze())(x).trace()  # noqa: E731
    points = fb.randn(4, 3, dtype=fb.float64)
    total = fb.vmap(laplacian)(points)
    for point, found in zip(points, total, strict=True):
        f = lambda z: func.grad(lambda y: model(y).squeeze())(fb.from_numpy(z)).detach().numpy()  # noqa: E731
        assert float(found) == pytest.approx(np.trace(central(f, point.numpy())), rel=1e-7)
    loss = total.sum()
    weights = [model[0].weight, model[2].weight]
    gradient = fb.autograd.grad(loss, weights)[0]

    def changed(z: np.ndarray) -> np.ndarray:
        state = {"0.weight": fb.from_numpy(z.reshape(8, 3))}
        g = lambda x: func.functional_call(model, state, x).squeeze()  # noqa: E731
        return np.asarray(float(sum(func.hessian(g)(x).trace() for x in points)))  # type: ignore[arg-type]

    expected = central(changed, model[0].weight.detach().numpy().ravel()).reshape(8, 3)
    np.testing.assert_allclose(gradient, expected, rtol=1e-6, atol=1e-9)


def test_compiled_and_compiling() -> None:
    compiled = fb.compile(func.hessian(smooth))
    np.testing.assert_allclose(compiled(x64()), func.hessian(smooth)(x64()), rtol=1e-12)
    np.testing.assert_allclose(compiled(x64() * 2), func.hessian(smooth)(x64() * 2), rtol=1e-12)
    inner = fb.compile(smooth)
    np.testing.assert_allclose(func.grad(inner)(x64()), func.grad(smooth)(x64()), rtol=1e-12)
    stack = fb.stack([x64(), x64() * 2])
    np.testing.assert_allclose(
        fb.vmap(func.grad(inner))(stack), fb.vmap(func.grad(smooth))(stack), rtol=1e-12
    )


ERRORS: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (
        lambda: func.grad(lambda x: x * 2)(fb.ones(3)),
        RuntimeError,
        (
            "grad: the function must return one number\n"
            "  expected: a 0-d tensor\n"
            "  got:      a tensor of shape (3,)\n"
            "  help:     reduce it, for example with .sum(); use jacrev() for several outputs, or "
            "has_aux=True for further results"
        ),
    ),
    (
        lambda: func.grad(lambda x: x.sum())(fb.ones(3, dtype=fb.int64)),
        TypeError,
        (
            "grad: not something to differentiate with respect to\n"
            "  expected: floating-point or complex tensors\n"
            "  got:      torch.int64\n"
            "  help:     choose other arguments with argnums, or convert with .float()"
        ),
    ),
    (
        lambda: func.grad(lambda x: x.sum(), argnums=1)(fb.ones(3)),
        RuntimeError,
        (
            "grad: argnums names an argument that was not given\n"
            "  expected: positions from -1 to 0\n"
            "  got:      argnums=1 and 1 positional arguments"
        ),
    ),
    (
        lambda: func.grad(lambda x: x.sum(), has_aux=True)(fb.ones(3)),
        RuntimeError,
        (
            "grad: has_aux=True and the function returned no pair\n"
            "  expected: (result, aux)\n"
            "  got:      Tensor"
        ),
    ),
    (
        lambda: func.vjp(lambda x: x * 2, fb.ones(3))[1](fb.ones(2)),
        RuntimeError,
        (
            "vjp_fn: the vector has another shape than the output\n"
            "  expected: shape (3,)\n"
            "  got:      shape (2,)"
        ),
    ),
    (
        lambda: func.jvp(lambda x: x * 2, (fb.ones(3),), (fb.ones(2),)),
        RuntimeError,
        (
            "jvp: tangents do not fit the primals\n"
            "  expected: shapes [(3,)] in Structure(('*',))\n"
            "  got:      shapes [(2,)] in Structure(('*',))"
        ),
    ),
    (
        lambda: func.jvp(lambda x: fb.ones(2), (fb.ones(3),), (fb.ones(3),), strict=True),
        RuntimeError,
        (
            "jvp: the output is independent of the arguments\n"
            "  expected: a dependence on them (strict=True)\n"
            "  got:      none\n"
            "  help:     pass strict=False to get zeros"
        ),
    ),
]


@pytest.mark.parametrize(("call", "kind", "text"), ERRORS)
def test_errors(call: Callable[[], Any], kind: type[Exception], text: str) -> None:
    with pytest.raises(kind) as error:
        call()
    assert str(error.value) == text


def test_detached_values_are_constants_for_every_transformation() -> None:
    f = lambda x: (x.detach() * x * x.data).sum()  # noqa: E731
    rows = fb.stack([x64(), x64() * 2])
    expected = rows * rows
    np.testing.assert_allclose(func.grad(lambda x: fb.vmap(f)(x).sum())(rows), expected)
    np.testing.assert_allclose(fb.vmap(func.grad(f))(rows), expected)
    np.testing.assert_allclose(func.jvp(f, (x64(),), (x64([1.0, 0.0, 0.0]),))[1], X[0] ** 2)
    np.testing.assert_allclose(func.jacfwd(f)(x64()), np.square(X))
    np.testing.assert_allclose(fb.compile(fb.vmap(func.grad(f)))(rows), expected)
    pushed = lambda x: func.jvp(f, (x,), (fb.ones_like(x),))[1]  # noqa: E731
    np.testing.assert_allclose(func.grad(pushed)(x64()), np.zeros(3))
    outer = func.grad(lambda x: fb.vmap(func.grad(lambda x: (x.detach() * x**2).sum()))(x).sum())
    np.testing.assert_allclose(outer(rows), 2 * rows)


def test_forward_mode_may_decide_by_values() -> None:
    """What is known eagerly is known there, too; only vmap has no one answer."""
    fold = lambda x: x**3 if x > 0 else -x  # noqa: E731
    for value, slope, second in ((2.0, 12.0, 12.0), (-1.0, -1.0, 0.0)):
        x = fb.tensor(value)
        assert func.jvp(fold, (x,), (fb.tensor(1.0),))[1].item() == slope
        assert func.jacfwd(fold)(x).item() == slope
        assert func.jacfwd(func.jacfwd(fold))(x).item() == second
    assert func.jvp(lambda x: x * x.item(), (fb.tensor(3.0),), (fb.tensor(1.0),))[1].item() == 3.0
    with pytest.raises(RuntimeError, match="vmap: a decision"):
        func.jvp(fb.vmap(fold), (fb.ones(2),), (fb.ones(2),))
    with pytest.raises(RuntimeError, match="a decision"):
        fb.compile(lambda x: func.jvp(fold, (x,), (x,)))(fb.tensor(1.0))


def test_running_averages_in_forward_mode() -> None:
    """They are as after an ordinary call, and no derivative follows from them."""
    x = fb.randn(6, 3, dtype=fb.float64, generator=fb.Generator().manual_seed(0))
    v = fb.randn(6, 3, dtype=fb.float64, generator=fb.Generator().manual_seed(1))
    layer, twin = (fb.nn.BatchNorm1d(3).double() for _ in range(2))
    slope = func.jvp(layer, (x,), (v,))[1].detach()
    twin(x)
    assert layer.running_mean.tolist() == twin.running_mean.tolist()
    assert layer.running_var.tolist() == twin.running_var.tolist()
    step = 1e-6
    with fb.no_grad():
        numeric = (layer(x + step * v) - layer(x - step * v)) / (2 * step)
    fb.testing.assert_close(slope, numeric, rtol=1e-6, atol=1e-8)
