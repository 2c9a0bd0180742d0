"""Products of matrices against NumPy, their errors in full, and the graph they leave."""

from __future__ import annotations

import numpy as np
import pytest

import flambeau as fb
from flambeau.ops.linear import linear

RANDOM = np.random.default_rng(7)


def tensor(*shape, dtype=np.float64, transposed=False):
    values = RANDOM.normal(size=shape).astype(dtype)
    if transposed:
        return fb.from_numpy(np.ascontiguousarray(values.T)).transpose(0, 1)
    return fb.from_numpy(values)


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ((3,), (3,)),
        ((4, 3), (3,)),
        ((3,), (3, 4)),
        ((4, 3), (3, 5)),
        ((2, 4, 3), (3, 5)),
        ((2, 4, 3), (3,)),
        ((3,), (2, 3, 5)),
        ((4, 3), (2, 3, 5)),
        ((6, 1, 4, 3), (2, 3, 5)),
        ((0, 3), (3, 5)),
        ((4, 0), (0, 5)),
        ((2, 4, 0), (0, 5)),
    ],
)
def test_matmul_is_numpys(x, y):
    a, b = tensor(*x), tensor(*y)
    np.testing.assert_allclose(fb.matmul(a, b)._array, a._array @ b._array, rtol=1e-13)
    assert (a @ b).shape == fb.matmul(a, b).shape


@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.uint8])
def test_integers_wrap_around(dtype):
    a = np.full((2, 2), 100, dtype)
    result = fb.mm(fb.from_numpy(a), fb.from_numpy(a))
    assert result._array.dtype == dtype
    np.testing.assert_array_equal(result._array, a @ a)


@pytest.mark.parametrize("name", ["float16", "bfloat16"])
def test_halves_are_summed_in_single_precision(name):
    kind = getattr(fb, name)
    x = fb.ones(1, 4096, dtype=kind)
    assert fb.mm(x, x.transpose(0, 1)).item() == 4096.0
    assert linear(x, x, fb.ones(1, dtype=kind)).dtype is kind


def test_transposed_operands_and_gradient_layout():
    x, w = tensor(4, 3), tensor(5, 3).requires_grad_()
    linear(x, w, tensor(5)).sum().backward()
    assert w.grad.is_contiguous()
    np.testing.assert_allclose(w.grad._array, np.ones((5, 4)) @ x._array)
    np.testing.assert_allclose(fb.mm(x, tensor(3, 5, transposed=True))._array.shape, (4, 5))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(4, 3), (2, 4, 3), (3,), (0, 3), (300, 3)])
def test_linear_is_rows_times_weight_plus_bias(shape, dtype):
    x, w, b = tensor(*shape, dtype=dtype), tensor(5, 3, dtype=dtype), tensor(5, dtype=dtype)
    expected = x._array @ w._array.T
    np.testing.assert_allclose(linear(x, w)._array, expected, rtol=1e-5)
    np.testing.assert_allclose(linear(x, w, b)._array, expected + b._array, rtol=1e-4, atol=1e-6)


def test_linear_reads_its_arguments_as_they_are_now():
    x, w, b = tensor(2, 3), tensor(4, 3), tensor(4)
    w.requires_grad_()
    y = linear(x, w, b)
    with fb.no_grad():
        w.mul_(2)
    y.sum().backward()  # the weight's own gradient does not need its value
    assert w.grad is not None


def test_changed_weight_is_noticed_where_its_value_is_needed():
    x, w, b = tensor(2, 3).requires_grad_(), tensor(4, 3).requires_grad_(), tensor(4)
    y = linear(x, w, b)
    with fb.no_grad():
        w.mul_(2)
    with pytest.raises(RuntimeError, match="AddmmBackward0"):
        y.sum().backward()


def test_gradients_agree_with_finite_differences():
    x, w, b = tensor(4, 3), tensor(5, 3), tensor(5)
    inputs = [t.requires_grad_() for t in (x, w, b)]
    assert fb.autograd.gradcheck(linear, inputs)
    assert fb.autograd.gradgradcheck(linear, inputs)
    pair = [tensor(2, 4, 3).requires_grad_(), tensor(3, 5).requires_grad_()]
    assert fb.autograd.gradcheck(fb.matmul, pair)
    assert fb.autograd.gradgradcheck(fb.matmul, pair)


def test_complex_gradients_are_conjugated():
    x = fb.from_numpy(RANDOM.normal(size=(2, 3)) + 1j * RANDOM.normal(size=(2, 3)))
    y = fb.from_numpy(RANDOM.normal(size=(3, 2)) + 1j * RANDOM.normal(size=(3, 2)))
    assert fb.autograd.gradcheck(fb.mm, [x.requires_grad_(), y.requires_grad_()])


def test_beta_of_zero_ignores_what_is_added():
    nan = fb.full((2, 2), float("nan"))
    result = fb.addmm(nan, fb.ones(2, 2), fb.ones(2, 2), beta=0)
    assert result.tolist() == [[2.0, 2.0], [2.0, 2.0]]


def test_a_batch_is_a_sum_in_addbmm():
    a, b, m = tensor(3, 2, 4), tensor(3, 4, 5), tensor(2, 5)
    expected = 0.5 * m._array + 2 * np.einsum("bij,bjk->ik", a._array, b._array)
    np.testing.assert_allclose(fb.addbmm(m, a, b, beta=0.5, alpha=2)._array, expected)


def test_out_and_in_place():
    a, b = tensor(2, 3), tensor(3, 4)
    out = fb.empty(0, dtype=fb.float64)
    assert fb.mm(a, b, out=out) is out
    np.testing.assert_allclose(out._array, a._array @ b._array)
    m = tensor(2, 4)
    before = m._array.copy()
    assert m.addmm_(a, b, alpha=2) is m
    np.testing.assert_allclose(m._array, before + 2 * (a._array @ b._array))


def names(node, depth=3):
    if node is None or depth == 0:
        return None
    children = [names(child, depth - 1) for child, _ in node.next_functions]
    return (node.name().removeprefix("torch::autograd::"), *children)


def test_graph_of_linear_shows_the_transposed_weight():
    w, b = tensor(4, 3).requires_grad_(), tensor(4).requires_grad_()
    leaf = ("AccumulateGrad",)
    node = linear(tensor(2, 3), w, b).grad_fn
    assert names(node) == ("AddmmBackward0", leaf, None, ("TBackward0", leaf))
    assert node.next_functions is node.next_functions
    assert node.next_functions[0][0].variable is b


ERRORS = {
    "inner": (
        lambda: fb.ones(3, 4) @ fb.ones(5, 4),
        (
            "matmul: inner sizes differ\n"
            "  expected: x of shape (m, k) and y of shape (k, n)\n"
            "  got:      x (3, 4) and y (5, 4)\n"
            "  help:     transpose one of them with .mT"
        ),
    ),
    "ndim": (
        lambda: fb.mm(fb.ones(3), fb.ones(3, 2)),
        (
            "mm: wrong number of dimensions\n"
            "  expected: x of shape (m, k) and y of shape (k, n)\n"
            "  got:      x (3,) and y (3, 2)"
        ),
    ),
    "types": (
        lambda: fb.mm(fb.ones(2, 2), fb.ones(2, 2, dtype=fb.float64)),
        (
            "mm: operands of different types\n"
            "  expected: operands of the same dtype\n"
            "  got:      torch.float32 and torch.float64\n"
            "  help:     convert one of them with .to(dtype)"
        ),
    ),
    "bool": (
        lambda: fb.mm(fb.ones(2, 2, dtype=fb.bool), fb.ones(2, 2, dtype=fb.bool)),
        (
            "mm: not defined on bool tensors\n"
            "  expected: numbers\n"
            "  got:      torch.bool\n"
            "  help:     convert with .int() or .float()"
        ),
    ),
    "batch": (
        lambda: fb.bmm(fb.ones(2, 3, 4), fb.ones(1, 4, 5)),
        (
            "bmm: batch sizes differ\n"
            "  expected: x of shape (b, m, k) and y of shape (b, k, n)\n"
            "  got:      x (2, 3, 4) and y (1, 4, 5)\n"
            "  help:     matmul broadcasts them"
        ),
    ),
    "zero": (
        lambda: fb.matmul(fb.tensor(1.0), fb.ones(2)),
        (
            "matmul: a 0-d tensor is no vector or matrix\n"
            "  expected: x and y with at least 1 dimension\n"
            "  got:      x () and y (2,)\n"
            "  help:     multiply by a number with *"
        ),
    ),
    "linear": (
        lambda: linear(fb.ones(2, 4), fb.ones(5, 3), fb.ones(5)),
        (
            "linear: sizes of input and weight do not fit\n"
            "  expected: input of shape (..., in_features) and weight of shape "
            "(out_features, in_features)\n"
            "  got:      input (2, 4) and weight (5, 3)"
        ),
    ),
    "bias": (
        lambda: linear(fb.ones(2, 3), fb.ones(5, 3), fb.ones(4)),
        (
            "linear: size of the bias does not fit\n"
            "  expected: weight of shape (out_features, in_features) and bias of shape "
            "(out_features,)\n"
            "  got:      weight (5, 3) and bias (4,)"
        ),
    ),
    "added": (
        lambda: fb.addmm(fb.ones(3, 4, 2), fb.ones(4, 3), fb.ones(3, 2)),
        (
            "addmm: the added tensor does not broadcast to the product\n"
            "  expected: input that broadcasts to (4, 2)\n"
            "  got:      input (3, 4, 2)"
        ),
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors_teach(name):
    call, text = ERRORS[name]
    with pytest.raises(RuntimeError) as error:
        call()
    assert str(error.value) == text


@pytest.mark.parametrize("function", [fb.mm, fb.matmul, fb.dot, fb.bmm])
def test_other_things_than_tensors_are_refused(function):
    with pytest.raises(TypeError, match="not a tensor"):
        function(fb.ones(2, 2), [[1.0]])
