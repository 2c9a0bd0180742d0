"""Averaged models and their rate beside PyTorch's."""

from __future__ import annotations

import numpy as np
import pytest

import flambeau as fb

torch = pytest.importorskip("torch")
pytestmark = [
    pytest.mark.peers,
    pytest.mark.filterwarnings("ignore:Detected call of `lr_scheduler.step"),
]

FUNCTIONS = {
    "default": lambda utils: {},
    "swa": lambda utils: {"avg_fn": utils.get_swa_avg_fn()},
    "swa of lists": lambda utils: {"multi_avg_fn": utils.get_swa_multi_avg_fn()},
    "ema": lambda utils: {"avg_fn": utils.get_ema_avg_fn(0.9)},
    "ema of lists": lambda utils: {"multi_avg_fn": utils.get_ema_multi_avg_fn(0.9)},
    "with buffers": lambda utils: {"avg_fn": utils.get_swa_avg_fn(), "use_buffers": True},
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_same_averages(name: str) -> None:
    random = np.random.default_rng(0)
    models, averages = [], []
    for lib in (fb, torch):
        model = lib.nn.Linear(3, 2).double()
        model.register_buffer("scale", lib.zeros(2, dtype=lib.float64))
        models.append(model)
        utils = lib.optim.swa_utils
        averages.append(utils.AveragedModel(model, **FUNCTIONS[name](utils)))
    for _ in range(20):
        values = [random.standard_normal(s) for s in ((2, 3), (2,), (2,))]
        for lib, model, averaged in zip((fb, torch), models, averages, strict=True):
            with lib.no_grad():
                for x, v in zip((model.weight, model.bias, model.scale), values, strict=True):
                    x.copy_(lib.tensor(v))
            averaged.update_parameters(model)
    ours, theirs = (x.state_dict() for x in averages)
    assert list(ours) == list(theirs)
    # There the share of the newest weights, 1 / (n + 1), is a number of single precision.
    tolerance = 1e-6 if name == "swa of lists" else 1e-12
    for key, value in ours.items():
        np.testing.assert_allclose(
            value.numpy(), theirs[key].numpy(), rtol=tolerance, atol=tolerance
        )


@pytest.mark.parametrize("strategy", ["cos", "linear"])
@pytest.mark.parametrize("epochs", [0, 1, 7])
@pytest.mark.parametrize("after", [0, 5])
def test_same_rates(strategy: str, epochs: int, after: int) -> None:
    rates = []
    for lib in (fb, torch):
        optimizer = lib.optim.SGD(
            [{"params": [lib.ones(1).requires_grad_()]},
             {"params": [lib.ones(1).requires_grad_()], "lr": 0.3}], lr=1.0
        )  # fmt: skip
        first = lib.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)
        for _ in range(after):
            first.step()
        scheduler = lib.optim.swa_utils.SWALR(optimizer, [0.05, 0.02], epochs, strategy)
        found = [[g["lr"] for g in optimizer.param_groups]]
        for _ in range(12):
            scheduler.step()
            found.append([g["lr"] for g in optimizer.param_groups])
        rates.append(found)
    np.testing.assert_allclose(rates[0], rates[1], rtol=1e-12)


def test_statistics_anew() -> None:
    batches = np.random.default_rng(0).standard_normal((4, 8, 3)).astype(np.float32)
    found = []
    for lib in (fb, torch):
        model = lib.nn.Sequential(lib.nn.BatchNorm1d(3), lib.nn.InstanceNorm1d(8))
        model[0](lib.tensor(batches[0]) * 5)
        lib.optim.swa_utils.update_bn([lib.tensor(x) for x in batches], model)
        found.append(model.state_dict())
    for key, value in found[0].items():
        np.testing.assert_allclose(value.numpy(), found[1][key].numpy(), rtol=1e-5, err_msg=key)
