"""Schedulers beside PyTorch's, at every step of 1,000."""

from __future__ import annotations

import warnings

import pytest

import flambeau as fb
from tests.optim.scheduler_cases import CASES, of

torch = pytest.importorskip("torch")
pytestmark = [
    pytest.mark.peers,
    pytest.mark.filterwarnings("ignore:Detected call of `lr_scheduler.step"),
    pytest.mark.filterwarnings("ignore:The epoch parameter"),
]


def optimizer(lib, kind="SGD", lr=0.5, second=0.05):
    a, b = (lib.ones(1).requires_grad_() for _ in range(2))
    options = {"momentum": 0.9} if kind == "SGD" else {}
    return getattr(lib.optim, kind)([{"params": [a]}, {"params": [b], "lr": second}], lr, **options)


def options_of(o):
    return [
        {k: v for k, v in g.items() if k in ("lr", "momentum", "betas", "initial_lr")}
        for g in o.param_groups
    ]


def same(ours, theirs, tolerance=1e-10):
    for mine, peer in zip(options_of(ours), options_of(theirs), strict=True):
        assert mine.keys() == peer.keys()
        for k, value in mine.items():
            assert value == pytest.approx(peer[k], rel=tolerance, abs=1e-12), k


@pytest.mark.parametrize("kind", ["SGD", "Adam"])
@pytest.mark.parametrize("name", CASES)
def test_every_step(name: str, kind: str) -> None:
    ours, theirs = optimizer(fb, kind), optimizer(torch, kind)
    mine, peer = CASES[name](fb, ours), CASES[name](torch, theirs)
    same(ours, theirs)
    for _ in range(1000):
        mine.step()
        peer.step()
        same(ours, theirs)
        assert mine.get_last_lr() == pytest.approx(peer.get_last_lr(), rel=1e-10, abs=1e-12)


NO_LISTS = [n for n in CASES if n not in ("lambda", "lambdas", "multiplicative", "cyclic own")]


@pytest.mark.parametrize("name", NO_LISTS)
def test_states_that_pytorch_saved(name: str) -> None:
    ours, theirs = optimizer(fb), optimizer(torch)
    mine, peer = CASES[name](fb, ours), CASES[name](torch, theirs)
    for _ in range(57):
        peer.step()
    ours.load_state_dict(theirs.state_dict())
    mine.load_state_dict(peer.state_dict())
    same(ours, theirs)
    for _ in range(300):
        mine.step()
        peer.step()
        same(ours, theirs)


def test_two_schedulers_on_one_optimizer() -> None:
    ours, theirs = optimizer(fb), optimizer(torch)
    parts = [of("LinearLR", 0.5, 1.0, 10), of("CosineAnnealingLR", 30, 0.01),
             of("ExponentialLR", 0.97)]  # fmt: skip
    mine, peer = ([part(lib, o) for part in parts] for lib, o in ((fb, ours), (torch, theirs)))
    for _ in range(25):
        for scheduler in (*mine, *peer):
            scheduler.step()
        same(ours, theirs)


def test_rates_changed_by_hand() -> None:
    for part in (of("StepLR", 5, 0.5), of("LinearLR", 0.5, 1.0, 20), of("ExponentialLR", 0.9),
                 of("CosineAnnealingLR", 30), of("PolynomialLR", 50)):  # fmt: skip
        ours, theirs = optimizer(fb), optimizer(torch)
        mine, peer = part(fb, ours), part(torch, theirs)
        for step in range(20):
            if step == 7:
                ours.param_groups[0]["lr"] = theirs.param_groups[0]["lr"] = 3.0
            mine.step()
            peer.step()
            same(ours, theirs)


def test_given_epochs() -> None:
    for part in (of("StepLR", 5, 0.5), of("LinearLR", 0.5, 1.0, 20), of("MultiStepLR", [3, 9]),
                 of("CosineAnnealingLR", 30), of("LambdaLR", lambda e: 1 / (e + 1))):  # fmt: skip
        ours, theirs = optimizer(fb), optimizer(torch)
        mine, peer = part(fb, ours), part(torch, theirs)
        for epoch in (3, 9, 2, 40):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                mine.step(epoch)
                peer.step(epoch)
            same(ours, theirs)


def test_parts_of_epochs() -> None:
    ours, theirs = optimizer(fb), optimizer(torch)
    part = of("CosineAnnealingWarmRestarts", 4, 2, 0.01)
    mine, peer = part(fb, ours), part(torch, theirs)
    for epoch in [0.25, 3.5, 4.0, 7.75, 11.9, 12.0, 20.5, 27.75]:
        mine.step(epoch)
        peer.step(epoch)
        same(ours, theirs)
        assert mine.T_i == peer.T_i


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"mode": "max", "threshold_mode": "abs", "threshold": 0.05, "patience": 2},
        {"patience": 1, "cooldown": 3, "factor": 0.5, "min_lr": [0.1, 0.001]},
        {"mode": "max", "patience": 0, "eps": 0.01},
        {"threshold_mode": "abs", "patience": 3, "min_lr": 0.02},
    ],
)
def test_plateau(options: dict) -> None:
    import random

    source = random.Random(0)
    ours, theirs = optimizer(fb), optimizer(torch)
    mine = fb.optim.lr_scheduler.ReduceLROnPlateau(ours, **options)
    peer = torch.optim.lr_scheduler.ReduceLROnPlateau(theirs, **options)
    for step in range(200):
        value = 1 / (1 + step * 0.05) + 0.3 * source.random()
        mine.step(value)
        peer.step(value)
        same(ours, theirs)
        assert (mine.best, mine.num_bad_epochs, mine.cooldown_counter) == (
            peer.best, peer.num_bad_epochs, peer.cooldown_counter,
        )  # fmt: skip


def test_subclasses_written_for_pytorch() -> None:
    def make(lib, o):
        class Halving(lib.optim.lr_scheduler.LRScheduler):
            def get_lr(self):
                if self.last_epoch == 0:
                    return [g["lr"] for g in self.optimizer.param_groups]
                return [g["lr"] * 0.5 for g in self.optimizer.param_groups]

        return Halving(o)

    ours, theirs = optimizer(fb), optimizer(torch)
    mine, peer = make(fb, ours), make(torch, theirs)
    for _ in range(5):
        mine.step()
        peer.step()
        same(ours, theirs)
