"""Clipping of gradients: values beside NumPy's, what changes and what does not."""

from __future__ import annotations

import math

import numpy as np
import pytest

import flambeau as fb
from flambeau.compiler.compiled import compile
from flambeau.nn import utils


def parameters(dtypes=(fb.float64, fb.float64, fb.float64)):
    random = np.random.default_rng(0)
    found = []
    for shape, dtype in zip([(3, 4), (), (5,)], dtypes, strict=True):
        p = fb.zeros(shape, dtype=dtype, requires_grad=True)
        p.grad = fb.tensor(random.standard_normal(shape), dtype=dtype)
        found.append(p)
    return [*found, fb.zeros(2, requires_grad=True)]  # the last one has no gradient


def flat(params):
    return np.concatenate([p.grad.numpy().ravel() for p in params if p.grad is not None])


@pytest.mark.parametrize("order", [1, 2, 3, 0.5, math.inf, -math.inf])
@pytest.mark.parametrize("bound", [0.1, 1e3])
def test_norm(order: float, bound: float) -> None:
    params = parameters()
    before = flat(params)
    expected = np.linalg.norm(before, order)
    total = utils.clip_grad_norm_(iter(params), bound, order)
    assert total.item() == pytest.approx(expected, rel=1e-13)
    np.testing.assert_allclose(flat(params), before * min(1, bound / (expected + 1e-6)), rtol=1e-13)
    assert params[-1].grad is None


def test_value() -> None:
    params = parameters()
    before = flat(params)
    utils.clip_grad_value_(params, 0.4)
    np.testing.assert_array_equal(flat(params), np.clip(before, -0.4, 0.4))


def test_several_types_and_nothing() -> None:
    params = parameters((fb.float32, fb.float64, fb.bfloat16))
    total = utils.clip_grad_norm_(params, 0.5)
    assert total.dtype is fb.float64
    assert [p.grad.dtype for p in params[:3]] == [fb.float32, fb.float64, fb.bfloat16]
    assert utils.get_total_norm([]).item() == 0
    assert utils.clip_grad_norm_([fb.zeros(1, requires_grad=True)], 1.0).item() == 0
    with pytest.warns(UserWarning, match="empty generator"):
        utils.clip_grad_norm_(iter([]), 1.0)


def test_gradients_that_are_not_finite() -> None:
    params = parameters()
    params[0].grad[1, 2] = math.inf
    before = flat(params)
    with pytest.raises(RuntimeError) as caught:
        utils.clip_grad_norm_(params, 1.0, error_if_nonfinite=True)
    assert str(caught.value) == (
        "get_total_norm: the norm of order 2 is not finite\n"
        "  expected: finite gradients\n"
        "  got:      inf\n"
        "  help:     find the operation with autograd.set_detect_anomaly(True), or set"
        " error_if_nonfinite=False"
    )
    np.testing.assert_array_equal(flat(params), before)
    assert utils.clip_grad_norm_(params, 1.0).item() == math.inf


def test_compiled_steps_clip() -> None:
    def train(wrap):
        fb.manual_seed(0)
        layer = fb.nn.Linear(3, 2).double()
        optimizer = fb.optim.SGD(layer.parameters(), lr=0.1)

        def step(x, bound):
            optimizer.zero_grad()
            layer(x).pow(2).sum().backward()
            norm = utils.clip_grad_norm_(layer.parameters(), bound)
            optimizer.step()
            return norm

        run = wrap(step)
        x = fb.ones(4, 3, dtype=fb.float64)
        norms = [run(x, bound).item() for bound in (0.5, 0.25, 100.0)]
        return norms, layer.weight.detach().numpy(), run

    norms, weight, _ = train(lambda step: step)
    found, compiled, run = train(compile)
    assert found == pytest.approx(norms, rel=1e-12)
    np.testing.assert_allclose(compiled, weight, rtol=1e-12)
    assert len(run.reasons) == 1
