"""Averaged models: parameters, buffers, statistics; and the rate they are averaged at."""

from __future__ import annotations

import copy

import pytest

import flambeau as fb
from flambeau import nn
from flambeau.optim import swa_utils


def moved(model, value):
    with fb.no_grad():
        model.weight.fill_(value)
        model.running_mean.fill_(10 * value)
        model.num_batches_tracked.fill_(int(100 * value))


@pytest.mark.parametrize("buffers", [False, True])
def test_mean_of_all_weights(buffers: bool) -> None:
    model = nn.BatchNorm1d(2)
    averaged = swa_utils.AveragedModel(model, use_buffers=buffers)
    for value in (1.0, 2.0, 6.0):
        moved(model, value)
        averaged.update_parameters(model)
    assert averaged.n_averaged.item() == 3
    assert averaged.module.weight.tolist() == pytest.approx([3, 3])
    assert averaged.module.running_mean.tolist() == pytest.approx([30, 30] if buffers else [60, 60])
    assert averaged.module.num_batches_tracked.item() == 600
    assert model.weight.tolist() == [6, 6]


@pytest.mark.parametrize("kind", ["avg_fn", "multi_avg_fn"])
def test_moving_average(kind: str) -> None:
    make = {"avg_fn": swa_utils.get_ema_avg_fn, "multi_avg_fn": swa_utils.get_ema_multi_avg_fn}
    model = nn.BatchNorm1d(2)
    averaged = swa_utils.AveragedModel(model, **{kind: make[kind](0.75)})
    for value in (4.0, 0.0, 8.0):
        moved(model, value)
        averaged.update_parameters(model)
    assert averaged.module.weight.tolist() == pytest.approx([4.25, 4.25])


def test_state_goes_on() -> None:
    model = nn.BatchNorm1d(2)
    averaged = swa_utils.AveragedModel(model)
    averaged.update_parameters(model)
    other = swa_utils.AveragedModel(nn.BatchNorm1d(2))
    other.load_state_dict(copy.deepcopy(averaged.state_dict()))
    moved(model, 3.0)
    for each in (averaged, other):
        each.update_parameters(model)
    assert other.module.weight.tolist() == averaged.module.weight.tolist() == [2, 2]
    assert set(averaged.state_dict()) == {
        "n_averaged", "module.weight", "module.bias", "module.running_mean",
        "module.running_var", "module.num_batches_tracked",
    }  # fmt: skip


def test_another_model_is_refused() -> None:
    averaged = swa_utils.AveragedModel(nn.Linear(2, 1))
    with pytest.raises(ValueError) as caught:
        averaged.update_parameters(nn.Linear(3, 1))
    assert str(caught.value) == (
        "AveragedModel: the model has other parameters than its copy\n"
        "  expected: shapes [(1, 2), (1,)]\n"
        "  got:      shapes [(1, 3), (1,)]"
    )
    assert averaged.n_averaged.item() == 0
    with pytest.raises(AssertionError, match="two functions that average"):
        swa_utils.AveragedModel(nn.Linear(1, 1), None, min, max)
    with pytest.raises(ValueError, match="get_ema_multi_avg_fn: invalid decay"):
        swa_utils.get_ema_multi_avg_fn(1.5)


@pytest.mark.parametrize("training", [False, True])
def test_statistics_anew(training: bool) -> None:
    model = nn.Sequential(nn.Identity(), nn.BatchNorm1d(2)).train(training)
    moved(model[1], 5.0)
    batches = [fb.full((3, 2), 1.0), (fb.full((3, 2), 2.0), "label"), [fb.full((3, 2), 6.0)]]
    swa_utils.update_bn(iter(batches), model)
    assert model[1].running_mean.tolist() == pytest.approx([3, 3])
    assert model[1].momentum == 0.1
    assert model.training is model[1].training is training
    swa_utils.update_bn(None, nn.Linear(1, 1))  # nothing to do, nothing is asked for


def test_the_mode_comes_back_after_an_error() -> None:
    model = nn.Sequential(nn.BatchNorm1d(2)).eval()
    with pytest.raises(RuntimeError):
        swa_utils.update_bn([fb.ones(3, 5)], model)
    assert not model.training
    assert model[0].momentum == 0.1


def test_rate_errors() -> None:
    optimizer = fb.optim.SGD([fb.ones(1, requires_grad=True)], lr=1.0)
    with pytest.raises(ValueError) as caught:
        swa_utils.SWALR(optimizer, 0.1, anneal_strategy="cosine")
    assert str(caught.value) == (
        "SWALR: unknown anneal_strategy\n  expected: 'cos' or 'linear'\n  got:      'cosine'"
    )
    with pytest.raises(ValueError, match="a whole number, at least 0"):
        swa_utils.SWALR(optimizer, 0.1, anneal_epochs=-1)
    with pytest.raises(ValueError, match="swa_lr does not fit the groups"):
        swa_utils.SWALR(optimizer, [0.1, 0.2])
    assert "swa_lr" not in optimizer.param_groups[0]
