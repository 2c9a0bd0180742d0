"""Large arrays give what small ones give."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import flambeau as fb
from flambeau.core.native import LEAST
from flambeau.ops.large import in_one_sweep

F = fb.nn.functional
CALLS = {
    "relu": lambda x: x.relu(),
    "sigmoid": lambda x: x.sigmoid(),
    "gelu": F.gelu,
    "gelu tanh": lambda x: F.gelu(x, approximate="tanh"),
    "silu": F.silu,
    "mish": F.mish,
    "softplus": F.softplus,
    "softplus 2": lambda x: F.softplus(x, 2.0, 3.0),
    "elu": F.elu,
    "celu": lambda x: F.celu(x, 0.5),
    "selu": F.selu,
    "leaky_relu": lambda x: F.leaky_relu(x, 0.1),
    "logsigmoid": F.logsigmoid,
    "hardtanh": F.hardtanh,
    "hardswish": F.hardswish,
    "hardsigmoid": F.hardsigmoid,
    "hardshrink": F.hardshrink,
    "softshrink": F.softshrink,
    "softsign": F.softsign,
    "tanhshrink": F.tanhshrink,
    "threshold": lambda x: F.threshold(x, 0.1, 20.0),
    "relu6": F.relu6,
    "clamp": lambda x: x.clamp(-1, 1),
    "clamp from below": lambda x: x.clamp(min=-1),
    "remainder": lambda x: x % 0.7,
    "remainder of tensors": lambda x: x % (x.abs() + 1),
    "fmod": lambda x: x.fmod(0.7),
    "erf": lambda x: x.erf(),
    "erfc": lambda x: x.erfc(),
    "erfinv": lambda x: (x / 5).erfinv(),
    "lgamma": lambda x: x.lgamma(),
    "digamma": lambda x: x.abs().digamma(),
    "rsqrt": lambda x: x.abs().rsqrt(),
    "square": lambda x: x.square(),
    "sinc": lambda x: x.sinc(),
    "frac": lambda x: x.frac(),
    "logit": lambda x: (x / 8 + 0.5).logit(),
    "lerp": lambda x: x.lerp(x * 2, 0.3),
    "addcmul": lambda x: x.addcmul(x, x, value=0.5),
    "addcdiv": lambda x: x.addcdiv(x, x.abs() + 1, value=0.5),
    "masked_fill": lambda x: x.masked_fill(x > 0, 1.0),
    "xlogy": lambda x: x.xlogy(x.abs()),
    "logaddexp": lambda x: x.logaddexp(-x),
}


ROWS = {
    "sum": lambda x: x.sum(),
    "sum of rows": lambda x: x.sum(-1, keepdim=True),
    "sum of planes": lambda x: x.reshape(3, -1, x.shape[-1]).sum((1, 2)),
    "sum of columns": lambda x: x.sum(0),
    "mean": lambda x: x.mean(),
    "norm": lambda x: x.norm(),
    "softmax": lambda x: x.softmax(-1),
    "log_softmax": lambda x: x.log_softmax(-1),
    "cumsum": lambda x: x.cumsum(-1),
}


def values(count: int, dtype: Any) -> fb.Tensor:
    x = np.random.default_rng(0).uniform(-3, 3, count)
    x[:6] = [0.0, -0.0, np.nan, np.inf, -np.inf, 1e-30]
    return fb.from_numpy(x.astype(dtype))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", CALLS)
def test_the_size_does_not_show(name: str, dtype: str) -> None:
    call, x = CALLS[name], values(LEAST + 13, dtype)
    whole = call(x).numpy()
    parts = np.concatenate([call(part).numpy() for part in x.split(LEAST // 2)])
    assert whole.dtype == parts.dtype
    tolerance = 2e-6 if dtype == "float32" else 1e-13
    np.testing.assert_allclose(whole, parts, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("columns", [1, 7, 64, 1003])
@pytest.mark.parametrize("name", ROWS)
def test_rows(name: str, columns: int, dtype: str) -> None:
    rows = -(-LEAST // columns) // 3 * 3 + 3
    x = np.random.default_rng(1).uniform(-3, 3, (rows, columns)).astype(dtype)
    ours = ROWS[name](fb.from_numpy(x)).numpy()
    exact = ROWS[name](fb.from_numpy(x.astype("float64")[:, ::-1].copy()).flip(1)).numpy()
    assert ours.dtype == np.dtype(dtype)
    tolerance = 3e-6 if dtype == "float32" else 1e-13
    np.testing.assert_allclose(
        ours, exact, rtol=tolerance, atol=tolerance * max(1, abs(exact).max())
    )


def test_rows_with_nothing_finite() -> None:
    x = fb.zeros(LEAST // 8, 16)
    x[0] = -fb.inf
    x[1, 3] = fb.nan
    x[2, 5] = fb.inf
    x[3, 5] = -fb.inf
    for name in ("softmax", "log_softmax"):
        ours = getattr(x, name)(1)[:5].numpy()
        np.testing.assert_allclose(ours, getattr(x[:5], name)(1).numpy(), rtol=1e-6)


def test_gradients_of_large_arrays() -> None:
    x = values(LEAST + 5, "float64")[6:].requires_grad_()
    F.gelu(x).sum().backward()
    cdf = 0.5 * (1 + (x.detach() / 2**0.5).erf())
    density = (-0.5 * x.detach() ** 2).exp() / (2 * fb.pi) ** 0.5
    assert x.grad is not None
    np.testing.assert_allclose(x.grad.numpy(), (cdf + x.detach() * density).numpy(), atol=1e-13)


def test_in_place_and_other_layouts() -> None:
    x = values(LEAST * 2, "float32").reshape(2, -1)
    turned = x.t().sigmoid()
    assert turned.stride() == x.t().stride()
    np.testing.assert_array_equal(turned.numpy(), x.sigmoid().t().numpy())
    y = x.clone()
    assert F.leaky_relu(y, 0.1, inplace=True) is y
    np.testing.assert_array_equal(y.numpy(), F.leaky_relu(x, 0.1).numpy())
    half = x[:, ::2]
    np.testing.assert_allclose(half.sigmoid().numpy(), half.clone().sigmoid().numpy(), rtol=1e-6)
    whole = fb.arange(LEAST * 2)
    np.testing.assert_array_equal(whole.clamp(3, 9).numpy(), whole.numpy().clip(3, 9))


def test_threads_do_not_show() -> None:
    x = values(LEAST * 8 + 7, "float32")
    before = fb.get_num_threads()
    results = []
    for count in (1, 2, 3):
        fb.set_num_threads(count)
        results.append(F.gelu(x).numpy())
    fb.set_num_threads(before)
    np.testing.assert_array_equal(results[0], results[1])
    np.testing.assert_array_equal(results[0], results[2])


def test_ufuncs_are_left_alone() -> None:
    assert in_one_sweep("exp", np.exp, lambda s, x: s.exp(x), 1) is np.exp
    assert in_one_sweep("f", abs, None, 1) is abs


def test_without_a_compiler() -> None:
    program = (
        "import sys; sys.modules['llvmlite'] = None\n"
        "import flambeau as fb\n"
        f"x = fb.linspace(-3, 3, {LEAST})\n"
        "print(round(fb.nn.functional.gelu(x).sum().item(), 1))\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert float(found.stdout) == pytest.approx(
        F.gelu(fb.linspace(-3, 3, LEAST)).sum().item(), 1e-4
    )
