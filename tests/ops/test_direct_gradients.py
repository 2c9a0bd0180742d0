"""Gradients that are computed on arrays where nobody records: the same bits as the recorded ones.

Some rules work on arrays directly while no graph is made of the backward pass. With
``create_graph=True`` the same rules run in Tensor operations. Both must agree to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import flambeau as fb
from flambeau.nn import functional as F

LABELS = [2, 0, 1]
RULES: dict[str, Callable[[fb.Tensor], fb.Tensor]] = {
    "sum": lambda x: x.sum(),
    "sum over rows": lambda x: x.sum(0),
    "sum, kept": lambda x: x.sum(1, True),
    "mean": lambda x: x.mean(),
    "mean over rows": lambda x: x.mean(1),
    "max": lambda x: x.max(),
    "amax": lambda x: x.amax(1),
    "amin, kept": lambda x: x.amin(0, True),
    "max with indices": lambda x: x.max(1)[0],
    "norm": lambda x: x.norm(),
    "norm of rows": lambda x: x.norm(dim=1),
    "largest": lambda x: x.norm(p=float("inf")),
    "mse": lambda x: F.mse_loss(x, x.detach() * 0.7),
    "l1": lambda x: F.l1_loss(x, x.detach() * 0.7, reduction="sum"),
    "nll": lambda x: F.nll_loss(x, fb.tensor(LABELS)),
    "softmax": lambda x: x.softmax(1),
    "selection": lambda x: x[1:, fb.tensor([0, 0, 2])],
}
VALUES = {
    "ordinary": [[0.3, -1.7, 2.9], [0.01, 4.0, -0.6], [1.1, 1.2, 1.3]],
    "equal": [[2.0, 2.0, 2.0], [0.0, 0.0, 0.0], [-1.0, 2.0, 2.0]],
    "zero": [[0.0, 0.0, 0.0], [0.0, -0.0, 0.0], [0.0, 0.0, 0.0]],
    "special": [[float("nan"), 1.0, 2.0], [float("inf"), 0.0, 1.0], [1.0, -float("inf"), 3.0]],
}


def bits(x: fb.Tensor) -> Any:
    return [repr(v) for v in x.detach().double().reshape(-1).tolist()]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("values", VALUES)
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
def test_same_bits_as_recorded(rule: str, values: str, dtype: str) -> None:
    x = fb.tensor(VALUES[values], dtype=getattr(fb, dtype), requires_grad=True)
    y = RULES[rule](x)
    weight = (fb.arange(y.numel(), dtype=y.dtype) * 0.37 + 0.2).reshape(y.shape)
    (direct,) = fb.autograd.grad(y, x, weight, retain_graph=True)
    (recorded,) = fb.autograd.grad(y, x, weight, create_graph=True)
    assert not direct.requires_grad
    assert direct.dtype is recorded.dtype
    assert bits(direct) == bits(recorded)
