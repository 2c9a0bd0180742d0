"""Reductions: accuracy, edges, named results, gradients at ties and zeros, error texts."""

from __future__ import annotations

import copy
import pickle
from math import inf, nan
from typing import Any

import numpy as np
import pytest
import scipy.special

import flambeau as fb


def error_of(call: Any, kind: type[Exception]) -> str:
    with pytest.raises(kind) as caught:
        call()
    return str(caught.value)


@pytest.mark.parametrize("shape", [(100_000,), (100_000, 3), (3, 100_000), (700, 5, 300)])
@pytest.mark.parametrize("dim", [None, 0, -1])
def test_float32_sums_are_accurate(shape: tuple[int, ...], dim: int | None) -> None:
    values = np.random.default_rng(0).random(shape, np.float32)
    x, exact = fb.from_numpy(values), values.astype(np.float64)
    np.testing.assert_allclose(x.sum(dim).numpy(), exact.sum(dim), rtol=2e-6)
    np.testing.assert_allclose(x.mean(dim).numpy(), exact.mean(dim), rtol=2e-6)


@pytest.mark.parametrize("dtype", [fb.float16, fb.bfloat16])
def test_reduced_types_are_summed_in_float32(dtype: Any) -> None:
    x = fb.ones(3000).to(dtype)
    assert x.sum().item() == fb.tensor(3000.0).to(dtype).item()
    assert (x * 0.1).mean().item() == pytest.approx((x * 0.1)[0].item())
    assert fb.ones(5000).to(dtype).cumsum(0)[-1].item() == fb.tensor(5000.0).to(dtype).item()


def test_nothing_and_scalars() -> None:
    empty = fb.zeros(0, 3)
    assert empty.sum().item() == 0
    assert empty.prod().item() == 1
    assert np.isnan(empty.mean().item())
    assert empty.logsumexp(0).tolist() == [-inf] * 3
    assert empty.any().item() is False
    assert empty.all().item() is True
    x = fb.tensor(3.0)
    for name in ("sum", "mean", "amax", "prod", "max", "logsumexp"):
        result = getattr(x, name)(0)
        value = result[0] if isinstance(result, tuple) else result
        assert value.item() == 3
        assert value.shape == ()


def test_small_and_large_tensors_agree() -> None:
    """Below a certain size other NumPy calls compute the same."""
    values = np.random.default_rng(1).standard_normal((40, 50)).astype(np.float32) * 5
    large, rows = fb.from_numpy(values), [fb.from_numpy(r[None].copy()) for r in values]
    for name in ("sum", "mean", "softmax", "log_softmax", "logsumexp", "amax", "argmax", "var"):
        whole = getattr(large, name)(1).numpy().reshape(40, -1)
        parts = np.stack([getattr(r, name)(1).numpy().reshape(-1) for r in rows])
        np.testing.assert_allclose(whole, parts, rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("scale", [1.0, 100.0, 1e5])
def test_softmax_family_against_scipy(scale: float) -> None:
    values = np.random.default_rng(2).standard_normal((5, 7)) * scale
    x = fb.from_numpy(values)
    np.testing.assert_allclose(x.softmax(1).numpy(), scipy.special.softmax(values, 1), rtol=1e-12)
    np.testing.assert_allclose(
        x.log_softmax(0).numpy(), scipy.special.log_softmax(values, 0), rtol=1e-12, atol=1e-12
    )
    np.testing.assert_allclose(
        x.logsumexp((0, 1)).numpy(), scipy.special.logsumexp(values), rtol=1e-12
    )


def test_confident_log_softmax_keeps_its_digits() -> None:
    x = fb.tensor([15.0, 0.0, -1.0])
    exact = scipy.special.log_softmax(np.array([15.0, 0.0, -1.0]))
    np.testing.assert_allclose(x.log_softmax(0).numpy(), exact, rtol=5e-7, atol=6e-8)


def test_softmax_of_infinities_and_nan() -> None:
    assert fb.tensor([-inf, 0.0, 0.0]).softmax(0).tolist() == [0, 0.5, 0.5]
    assert np.isnan(fb.tensor([nan, 0.0]).softmax(0).numpy()).all()
    assert np.isnan(fb.tensor([inf, 0.0]).softmax(0).numpy()[0])
    assert fb.tensor([-inf, -inf]).logsumexp(0).item() == -inf


@pytest.mark.parametrize("zeros", [0, 1, 2])
def test_products_of_zeros_pass_gradient_checks(zeros: int) -> None:
    values = np.array([[1.5, -2.0, 0.7], [2.0, 0.5, 3.0]])
    values[0, :zeros] = 0
    x = fb.from_numpy(values).requires_grad_()
    for call in (lambda t: t.prod(), lambda t: t.prod(1), lambda t: t.cumprod(1)):
        assert fb.autograd.gradcheck(call, (x,))
        assert fb.autograd.gradgradcheck(call, (x,))


def test_zero_deviation_and_zero_norm_have_gradient_zero() -> None:
    x = fb.ones(4, requires_grad=True)
    x.std().backward()
    assert x.grad.tolist() == [0, 0, 0, 0]
    y = fb.zeros(4, requires_grad=True)
    y.norm().backward()
    assert y.grad.tolist() == [0, 0, 0, 0]


def test_gradients_with_infinite_neighbours() -> None:
    """A gradient of inf beside a masked element must not turn into nan."""
    x = fb.tensor([1.0, 5.0], requires_grad=True)
    (x.max() * inf).backward()
    assert x.grad.tolist() == [0, inf]


def test_sum_of_an_expanded_gradient_can_be_written_to() -> None:
    x = fb.zeros(3, requires_grad=True)
    x.sum().backward()
    x.grad.add_(1)
    assert x.grad.tolist() == [2, 2, 2]
    large = fb.zeros(20_000, requires_grad=True)
    large.sum().backward()
    large.grad.add_(1)
    assert large.grad.sum().item() == 40_000


def test_named_results() -> None:
    result = fb.tensor([[1, 3], [4, 2]]).max(1)
    assert repr(result) == (
        "torch.return_types.max(\nvalues=tensor([3, 4]),\nindices=tensor([1, 0]))"
    )
    values, indices = result
    assert result.values is values
    assert result[1] is indices
    assert isinstance(result, tuple)
    assert type(copy.copy(result)) is type(result)
    again = pickle.loads(pickle.dumps(result))
    assert again.indices.tolist() == [1, 0]


def test_out() -> None:
    x = fb.tensor([[1.0, 2.0], [4.0, 3.0]])
    out = fb.zeros(2)
    assert fb.sum(x, 0, out=out) is out
    assert out.tolist() == [5, 5]
    values, indices = fb.zeros(2), fb.zeros(2, dtype=fb.int64)
    result = fb.max(x, 1, out=(values, indices))
    assert result.values is values
    assert indices.tolist() == [1, 0]


def test_error_texts() -> None:
    assert error_of(lambda: fb.zeros(2, 3).sum(2), IndexError) == (
        "sum: dimension out of range\n  expected: dim from -2 to 1\n  got:      2"
    )
    assert error_of(lambda: fb.zeros(0).max(), RuntimeError) == (
        "max: the tensor is empty\n"
        "  expected: at least one element\n"
        "  got:      shape (0,)\n"
        "  help:     name the dimension to reduce with dim=, if that one is not empty"
    )
    assert error_of(lambda: fb.zeros(0, 3).amax(0), IndexError) == (
        "amax: dimension 0 has size 0\n"
        "  expected: at least one element along a reduced dimension\n"
        "  got:      shape (0, 3)"
    )
    assert error_of(lambda: fb.tensor([1, 2]).mean(), RuntimeError) == (
        "mean: needs a floating-point or complex type\n"
        "  expected: a floating-point or complex tensor, or such a dtype=\n"
        "  got:      torch.int64\n"
        "  help:     convert with .float(), or pass dtype="
    )
    assert error_of(lambda: fb.sum([1.0]), TypeError) == (  # type: ignore[arg-type]
        "sum: not a tensor\n"
        "  expected: a tensor\n"
        "  got:      list\n"
        "  help:     make one with flambeau.tensor(...)"
    )
    assert error_of(lambda: fb.tensor([1]).softmax(0), RuntimeError) == (
        "softmax: needs a floating-point tensor\n"
        "  expected: a floating-point tensor\n"
        "  got:      a tensor of type torch.int64\n"
        "  help:     convert with .float(), or pass dtype="
    )
