"""Every class as native code beside itself as Python operations, one after the other."""

from __future__ import annotations

import numpy as np
import pytest

import flambeau as fb
from tests.optim.trajectories import gradients, parameters

CASES = [
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "maximize": True}),
    ("Adam", {"lr": 0.1, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.1, "amsgrad": True, "betas": (0.5, 0.7)}),
    ("AdamW", {"lr": 0.1}),
    ("RMSprop", {"momentum": 0.9, "centered": True, "eps": 1e-3}),
    ("Adagrad", {"lr_decay": 0.1, "weight_decay": 0.1}),
    ("Adadelta", {"weight_decay": 0.1}),
    ("Adamax", {"weight_decay": 0.1}),
    ("NAdam", {"weight_decay": 0.1}),
    ("RAdam", {"betas": (0.9, 0.9)}),
    ("ASGD", {"t0": 3}),
    ("Rprop", {}),
    ("Adafactor", {"weight_decay": 0.1, "lr": 0.5}),
    ("SparseAdam", {"lr": 0.1}),
]
IDS = [f"{name}-{i}" for i, (name, _) in enumerate(CASES)]


def run(name: str, options: dict, steps: int = 30, compiled: bool = False):
    params = {k: fb.tensor(v).requires_grad_() for k, v in parameters().items()}
    optimizer = getattr(fb.optim, name)(list(params.items()), **options)

    def step(factor):
        optimizer.zero_grad()
        sum(((p - factor) ** 2).sum() + (p * 3).sin().sum() for p in params.values()).backward()
        optimizer.step()

    function = fb.compile(step) if compiled else step
    for g in gradients(steps):
        if compiled:
            function(fb.tensor(g["s"]))
            continue
        for k, p in params.items():
            p.grad = fb.tensor(g[k])
        optimizer.step()
    return params, optimizer, function


def close(one: dict, other: dict) -> None:
    for k, p in one.items():
        np.testing.assert_allclose(
            p.detach().numpy(), other[k].detach().numpy(), rtol=1e-11, atol=1e-12, err_msg=k
        )


@pytest.mark.parametrize(("name", "options"), CASES, ids=IDS)
def test_native_steps(name: str, options: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    native, optimizer, _ = run(name, options)
    monkeypatch.setenv("FLAMBEAU_COMPILE", "0")
    plain, other, _ = run(name, options)
    close(native, plain)
    for k, p in plain.items():
        slots = other.state[p]
        assert list(slots) == list(optimizer.state[native[k]])
        for slot, x in slots.items():
            if isinstance(x, fb.Tensor):
                np.testing.assert_allclose(
                    optimizer.state[native[k]][slot].numpy(), x.numpy(), rtol=1e-11, atol=1e-12
                )


@pytest.mark.parametrize(("name", "options"), CASES, ids=IDS)
def test_compiled_training(name: str, options: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    native, _, function = run(name, options, 15, compiled=True)
    assert len(function.reasons) == 1, function.reasons
    assert "operations through NumPy: none" in str(function.report())
    monkeypatch.setenv("FLAMBEAU_COMPILE", "0")
    plain, _, _ = run(name, options, 15, compiled=True)
    close(native, plain)
