"""The figures printed in the lecture on optimization and tensors."""

from __future__ import annotations

import numpy as np
import pytest

import flambeau as fb
from examples import regression


@pytest.fixture(scope="module")
def data() -> tuple[fb.Tensor, fb.Tensor]:
    return regression.make_data()


RANDOM = """\
tensor([[[[0.02898, 0.40190],
          [0.25984, 0.36664]],

         [[0.05830, 0.70064],
          [0.05180, 0.46814]]],


        [[[0.67381, 0.33146],
          [0.78371, 0.56306]],

         [[0.77485, 0.82080],
          [0.27928, 0.68171]]]])"""


def test_random_numbers_print_as_in_the_lecture() -> None:
    fb.manual_seed(1234)
    fb.set_printoptions(precision=5)
    try:
        assert repr(fb.rand(2, 2, 2, 2)) == RANDOM
    finally:
        fb.set_printoptions(profile="default")


def test_creation_and_conversion_print_as_in_the_lecture() -> None:
    assert repr(fb.zeros(3)) == "tensor([0., 0., 0.])"
    assert repr(fb.ones(3, 2)) == "tensor([[1., 1.],\n        [1., 1.],\n        [1., 1.]])"
    eye = fb.from_numpy(np.eye(3, 3))
    assert repr(eye) == (
        "tensor([[1., 0., 0.],\n        [0., 1., 0.],\n        [0., 0., 1.]], dtype=torch.float64)"
    )
    assert repr(fb.from_numpy(np.array([1, 2, 3]))) == "tensor([1, 2, 3])"
    assert fb.ones(2, 2, dtype=fb.int64).numpy().tolist() == [[1, 1], [1, 1]]
    assert repr(fb.zeros(10000, 21).shape) == "torch.Size([10000, 21])"


def test_in_place_functions_change_their_tensor() -> None:
    a = fb.rand(2, 2)
    expected = np.exp(a.numpy().copy())
    assert fb.exp_(a) is a
    np.testing.assert_allclose(a.numpy(), expected, rtol=1e-6)
    b = fb.ones(2, 2)
    c = fb.rand(2, 2)
    b.add_(c)
    np.testing.assert_array_equal(b.numpy(), 1 + c.numpy())


def test_views_share_memory_and_refuse_what_strides_cannot_express() -> None:
    x = fb.zeros(3, 2)
    y = x.view(2, 3)
    x.fill_(1)
    assert y.tolist() == [[1.0] * 3] * 2
    x = fb.zeros(3, 2)
    y = x.t()
    assert x.view(6).tolist() == [0.0] * 6
    with pytest.raises(RuntimeError, match="view size is not compatible") as error:
        y.view(6)
    assert "reshape" in str(error.value)
    z = y.reshape(6)
    x.fill_(1)
    assert y.tolist() == [[1.0] * 3] * 2
    assert z.tolist() == [0.0] * 6


def test_tensor_expressions() -> None:
    x = fb.linspace(2, 1, steps=11, requires_grad=True)
    y = fb.linspace(1, 2, steps=11, requires_grad=True)
    z = fb.log(x * y)
    assert repr(z.grad_fn).startswith("<LogBackward0 object at ")
    ((node, index),) = z.grad_fn.next_functions
    assert (node.name(), index) == ("MulBackward0", 0)
    assert [n.name() for n, _ in node.next_functions] == ["torch::autograd::AccumulateGrad"] * 2
    out = z.sum()
    out.backward()
    assert out.item() == pytest.approx(8.41071, abs=5e-6)
    reciprocals = [1, 0.90909, 0.83333, 0.76923, 0.71429, 0.66667, 0.625, 0.58824, 0.55556]
    reciprocals += [0.52632, 0.5]
    assert y.grad.numpy() == pytest.approx(reciprocals, abs=5e-6)
    assert x.grad.numpy() == pytest.approx(reciprocals[::-1], abs=5e-6)
    with pytest.warns(UserWarning, match="not a leaf"):
        assert z.grad is None


def test_gradient_of_a_line() -> None:
    x = fb.linspace(0, 2, steps=21, requires_grad=True)
    (3 * x + 2).sum().backward()
    assert x.grad.tolist() == [3.0] * 21
    n = 21
    x = fb.linspace(0, 2, steps=n, requires_grad=True)
    m = fb.rand(n, requires_grad=True)
    y = m * x + 2
    y.backward(fb.ones(n))
    assert fb.equal(x.grad, m)
    assert fb.equal(m.grad, x)


JACOBIANS = {(0.0, 0.0): (3.0, 0.0), (0.0, 1.0): (4.0, 4.0), (1.0, 0.0): (3.0, 1.0)}
JACOBIANS[1.0, 1.0] = (4.0, 5.0)


@pytest.mark.parametrize("point", JACOBIANS)
def test_jacobian_and_hessian_tables(point: tuple[float, float]) -> None:
    def f(x: fb.Tensor, y: fb.Tensor) -> fb.Tensor:
        return 3 * x + 1 + 2 * y**2 + x * y

    inputs = tuple(fb.tensor([v]) for v in point)
    jacobian = fb.autograd.functional.jacobian(f, inputs)
    a, b = JACOBIANS[point]
    assert repr(jacobian) == f"(tensor([[{a:.0f}.]]), tensor([[{b:.0f}.]]))"
    hessian = fb.autograd.functional.hessian(f, inputs)
    expected = "((tensor([[0.]]), tensor([[1.]])), (tensor([[1.]]), tensor([[4.]])))"
    assert repr(hessian) == expected


def test_least_squares(data: tuple[fb.Tensor, fb.Tensor]) -> None:
    assert regression.least_squares(*data) == pytest.approx(10105.859508383426, rel=1e-12)


def test_one_step_by_hand(data: tuple[fb.Tensor, fb.Tensor]) -> None:
    x, y = data
    beta = fb.zeros(21, dtype=fb.float64, requires_grad=True)
    loss = (x @ beta - y).pow(2).sum()
    assert loss.item() == pytest.approx(59888326.630047254, rel=1e-13)
    loss.backward()
    with fb.no_grad():
        beta -= 1e-5 * beta.grad
        beta.grad = None
    loss = (x @ beta - y).pow(2).sum()
    assert loss.item() == pytest.approx(38094962.507031634, rel=1e-13)


STEPS = {0: 59888326.6300, 5: 6266083.4579, 10: 669796.6821, 15: 80312.2264}
STEPS |= {20: 17645.4153, 25: 10922.7506, 30: 10195.1335}


def test_gradient_descent_prints_the_lectures_table(data: tuple[fb.Tensor, fb.Tensor]) -> None:
    beta, losses = regression.descend(*data)
    for step, printed in STEPS.items():
        assert f"{losses[step]:.4f}" == f"{printed:.4f}"
    final = regression.squared_error(data[0], beta, data[1]).item()
    assert final == pytest.approx(10163.254649280698, rel=1e-12)
    some = beta.detach().numpy()[[0, 9, 10, 13]]
    assert some == pytest.approx([3.0095, 12.27, 44.4532, 61.3333], abs=5e-5)


def test_module_and_optimizer(data: tuple[fb.Tensor, fb.Tensor]) -> None:
    model, losses = regression.fit_module(*data)
    assert losses[-1] == pytest.approx(10244.764879521514, rel=1e-12)
    text = repr(model.beta)
    assert text.startswith("Parameter containing:\ntensor([ 3.0097e+00,  1.6852e-02,")
    assert text.endswith("dtype=torch.float64, requires_grad=True)")


@pytest.mark.parametrize("case", regression.PRINTED, ids=str)
def test_mini_batch_tables(case: tuple, data: tuple[fb.Tensor, fb.Tensor]) -> None:
    _, losses = regression.fit_batches(*data, *case)
    assert losses[-1] == pytest.approx(regression.PRINTED[case], rel=1e-10)


def test_optimizer_and_parameter_print_as_pytorch_prints_them() -> None:
    weight = fb.nn.Parameter(fb.ones(2))
    assert repr(weight) == "Parameter containing:\ntensor([1., 1.], requires_grad=True)"
    optimizer = fb.optim.SGD([weight], lr=0.5)
    lines = ["dampening: 0", "differentiable: False", "foreach: None", "fused: None", "lr: 0.5"]
    lines += ["maximize: False", "momentum: 0", "nesterov: False", "weight_decay: 0"]
    expected = "SGD (\nParameter Group 0\n" + "".join(f"    {x}\n" for x in lines) + ")"
    assert repr(optimizer) == expected
