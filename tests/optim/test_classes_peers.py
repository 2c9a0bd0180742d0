"""PyTorch's optimizers beside PyTorch's own, over their options, types and saved states."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import flambeau as fb
from tests.optim.trajectories import gradients, parameters

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.peers

BOTH = (False, True)
CASES = [
    *[("RMSprop", {"momentum": m, "centered": c, "weight_decay": w, "maximize": up, "eps": 1e-3})
      for m, c, w, up in itertools.product((0, 0.9), BOTH, (0, 0.1), BOTH)],
    ("RMSprop", {"alpha": 0.5}),
    *[("Adagrad", {"lr_decay": d, "weight_decay": w, "initial_accumulator_value": a,
                   "maximize": up})
      for d, w, a, up in itertools.product((0, 0.1), (0, 0.1), (0, 0.5), BOTH)],
    *[("Adadelta", {"weight_decay": w, "maximize": up, "rho": rho, "lr": 0.5})
      for w, up, rho in itertools.product((0, 0.1), BOTH, (0.9, 0.4))],
    *[("Adamax", {"weight_decay": w, "maximize": up, "eps": eps})
      for w, up, eps in itertools.product((0, 0.1), BOTH, (1e-8, 0.1))],
    *[("NAdam", {"weight_decay": w, "decoupled_weight_decay": d, "maximize": up,
                 "momentum_decay": psi})
      for w, d, up, psi in itertools.product((0, 0.1), BOTH, BOTH, (4e-3, 0.5))],
    *[("RAdam", {"weight_decay": w, "decoupled_weight_decay": d, "maximize": up, "betas": b,
                 "eps": 1e-3})
      for w, d, up, b in itertools.product((0, 0.1), BOTH, BOTH, ((0.9, 0.999), (0.5, 0.8)))],
    *[("ASGD", {"weight_decay": w, "maximize": up, "t0": t0, "lambd": 0.01, "lr": 0.1})
      for w, up, t0 in itertools.product((0, 0.1), BOTH, (1e6, 5))],
    *[("Rprop", {"maximize": up, "etas": e, "step_sizes": s})
      for up, e, s in itertools.product(BOTH, ((0.5, 1.2), (0.3, 2.0)), ((1e-6, 50), (1e-3, .02)))],
    *[("Adafactor", {"weight_decay": w, "maximize": up, "eps": e, "d": d, "lr": 0.5})
      for w, up, e, d in itertools.product((0, 0.1), BOTH, ((None, 1e-3), (0.01, 0.1)), (1, 2))],
]  # fmt: skip


@pytest.fixture(autouse=True)
def double_precision_scalars():
    """Both libraries keep step counts, rates and products in the default type."""
    before = fb.get_default_dtype()
    fb.set_default_dtype(fb.float64)
    torch.set_default_dtype(torch.float64)
    yield
    fb.set_default_dtype(before)
    torch.set_default_dtype(torch.float32)


def make(lib, name, options, kind=np.float64):
    values = parameters(dtype=np.float64)
    if kind == np.complex128:
        other = parameters(7)
        values = {k: v + 1j * other[k] for k, v in values.items()}
    params = {k: lib.tensor(v.astype(kind)).requires_grad_() for k, v in values.items()}
    return params, getattr(lib.optim, name)(list(params.items()), **options)


def advance(lib, params, optimizer, steps, first=0, kind=np.float64):
    for number, g in enumerate(gradients(first + steps)[first:], start=first):
        other = gradients(first + steps, 5)[number]
        for i, (k, p) in enumerate(params.items()):
            value = g[k] + 1j * other[k] if kind == np.complex128 else g[k]
            missing = (number + i) % 7 == 6
            p.grad = None if missing else lib.tensor(value.astype(kind))
        optimizer.step()


def compare(ours, theirs, tolerance=1e-10):
    for k in ours:
        np.testing.assert_allclose(
            ours[k].detach().numpy(), theirs[k].detach().numpy(), rtol=tolerance, atol=tolerance
        )


def compare_states(ours, theirs, tolerance=1e-10):
    mine, other = ours.state_dict(), theirs.state_dict()
    assert mine["state"].keys() == other["state"].keys()
    for key, slots in mine["state"].items():
        assert set(slots) == set(other["state"][key]), key
        for slot, value in slots.items():
            expected = other["state"][key][slot]
            assert tuple(value.shape) == tuple(expected.shape), slot
            np.testing.assert_allclose(
                value.numpy(), expected.numpy(), rtol=tolerance, atol=tolerance, err_msg=slot
            )
    for a, b in zip(mine["param_groups"], other["param_groups"], strict=True):
        assert set(a) == set(b)


@pytest.mark.parametrize(
    ("name", "options"), CASES, ids=[f"{n}-{i}" for i, (n, _) in enumerate(CASES)]
)
def test_same_path(name: str, options: dict) -> None:
    ours, mine = make(fb, name, options)
    theirs, peer = make(torch, name, options)
    for start in range(0, 200, 40):
        advance(fb, ours, mine, 40, start)
        advance(torch, theirs, peer, 40, start)
        compare(ours, theirs)
    compare_states(mine, peer)


ONE_EACH = list({name: (name, options) for name, options in CASES}.values())
COMPLEX = [case for case in ONE_EACH if case[0] != "Adafactor"]


@pytest.mark.parametrize(("name", "options"), COMPLEX, ids=[x[0] for x in COMPLEX])
def test_complex_parameters(name: str, options: dict) -> None:
    ours, mine = make(fb, name, options, np.complex128)
    theirs, peer = make(torch, name, options, np.complex128)
    advance(fb, ours, mine, 30, kind=np.complex128)
    advance(torch, theirs, peer, 30, kind=np.complex128)
    compare(ours, theirs)
    if name not in ("ASGD",):
        compare_states(mine, peer)


@pytest.mark.parametrize(("name", "options"), ONE_EACH, ids=[x[0] for x in ONE_EACH])
def test_saved_states_change_hands(name: str, options: dict) -> None:
    ours, mine = make(fb, name, options)
    theirs, peer = make(torch, name, options)
    advance(torch, theirs, peer, 10)
    advance(fb, ours, mine, 3)
    saved = peer.state_dict()
    saved["state"] = {
        key: {slot: fb.tensor(v.numpy()) for slot, v in slots.items()}
        for key, slots in saved["state"].items()
    }
    mine.load_state_dict(saved)
    with fb.no_grad():
        for k, p in ours.items():
            p.copy_(fb.tensor(theirs[k].detach().numpy()))
    advance(fb, ours, mine, 20, 10)
    advance(torch, theirs, peer, 20, 10)
    compare(ours, theirs)


def test_muon() -> None:
    """The iteration runs in bfloat16, whose rounding is not the same everywhere."""
    for options in ({}, {"nesterov": False, "adjust_lr_fn": "match_rms_adamw"}):
        values = {k: np.random.default_rng(i).standard_normal(s)
                  for i, (k, s) in enumerate({"a": (6, 4), "b": (3, 8)}.items())}  # fmt: skip
        found = []
        for lib in (fb, torch):
            params = {k: lib.tensor(v).requires_grad_() for k, v in values.items()}
            optimizer = lib.optim.Muon(list(params.values()), lr=0.1, **options)
            random = np.random.default_rng(9)
            for _ in range(5):
                for p in params.values():
                    p.grad = lib.tensor(random.standard_normal(tuple(p.shape)))
                optimizer.step()
            found.append({k: p.detach().numpy() for k, p in params.items()})
        for k in values:
            np.testing.assert_allclose(found[0][k], found[1][k], atol=0.03)


def test_sparse_adam() -> None:
    """PyTorch's gradients are sparse, ours dense; the path is the same."""
    start = np.random.default_rng(0).standard_normal((7, 3))
    lookups = np.random.default_rng(1).integers(0, 6, (50, 4))
    targets = np.random.default_rng(2).standard_normal((50, 4, 3))
    for options in ({}, {"betas": (0.5, 0.7), "eps": 0.1}, {"maximize": True}):
        found = []
        for lib in (fb, torch):
            table = lib.nn.Embedding.from_pretrained(lib.tensor(start), freeze=False, sparse=True)
            optimizer = lib.optim.SparseAdam(list(table.parameters()), lr=0.1, **options)
            for rows, y in zip(lookups, targets, strict=True):
                optimizer.zero_grad()
                ((table(lib.tensor(rows)) - lib.tensor(y)) ** 2).sum().backward()
                optimizer.step()
            found.append((table, optimizer))
        (ours, mine), (theirs, peer) = found
        compare({"w": ours.weight}, {"w": theirs.weight})
        (slots,), (others,) = mine.state.values(), peer.state.values()
        assert set(slots) == set(others)
        compare(*({k: v for k, v in x.items() if k != "step"} for x in (slots, others)))
        assert slots["step"].item() == others["step"]
        assert repr(ours) == repr(theirs)
