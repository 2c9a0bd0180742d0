"""State in fewer bits, and 16-bit parameters whose small updates are not lost."""

from __future__ import annotations

import numpy as np
import pytest

import flambeau as fb
from flambeau import nn
from flambeau.compiler.compiled import compile
from flambeau.core import trees
from flambeau.optim import transform as T
from flambeau.optim.engine.rounding import from_blocks, round_at_random, to_blocks

SHORT = [fb.bfloat16, fb.float16]


# --- codes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(1000,), (3, 700), (5,), (), (0, 4)])
def test_codes_come_close(shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(0).standard_normal(shape).astype(np.float32) ** 3
    packed = to_blocks(fb.tensor(x), 256)
    assert packed["codes"].dtype is fb.int8
    assert packed["codes"].shape[0] == packed["scales"].shape[0] == max(-(-x.size // 256), 1)
    found = from_blocks(packed, shape).numpy()
    assert found.shape == shape
    scale = np.repeat(packed["scales"].numpy(), 256)[: x.size].reshape(shape)
    code = 127 * (np.abs(x) / np.where(scale > 0, scale, 1)) ** 0.25
    bound = scale * (((code + 0.51) / 127) ** 4 - (np.maximum(code - 0.51, 0) / 127) ** 4)
    assert (np.abs(found - x) <= bound + scale * 127.0**-4).all()
    assert (np.sign(found) == np.sign(x)).all()


def test_no_second_moment_vanishes() -> None:
    x = fb.tensor([1.0, 1e-30, 0.0, -1e-30])
    assert (from_blocks(to_blocks(x, 256), (4,)) != 0).tolist() == [True, True, False, True]
    assert from_blocks(to_blocks(fb.zeros(300), 256), (300,)).abs().sum().item() == 0


@pytest.mark.parametrize("dtype", SHORT)
def test_random_rounding_keeps_the_mean(dtype) -> None:
    random = np.random.default_rng(0)
    x = random.standard_normal(50).astype(np.float32)
    bits = random.integers(0, 65536, (20_000, 50)).astype(np.int32)
    many = fb.tensor(np.broadcast_to(x, bits.shape).copy())
    found = round_at_random(many, fb.tensor(bits), dtype).double().numpy()
    assert all(len(np.unique(column)) <= 2 for column in found.T)
    width = found.max(0) - found.min(0)
    assert (np.abs(found.mean(0) - x) <= 4 * width / np.sqrt(20_000) + 1e-7).all()
    exact = fb.tensor([1.0, 0.0, -2.0, float("inf")])
    for bit in (0, 65535):
        kept = round_at_random(exact, fb.full((4,), bit, dtype=fb.int32), dtype)
        assert kept.tolist() == exact.tolist()
    nan = round_at_random(fb.tensor([float("nan")]), fb.zeros(1, dtype=fb.int32), dtype)
    assert nan.isnan().item()


# --- moments ------------------------------------------------------------------------------------


def descend(rule, steps, dtype=fb.float32, size=300, rate=None):
    """The distance from the minimum of a bowl with axes of different lengths."""
    scales = fb.linspace(0.1, 3.0, size).to(dtype)
    w = fb.ones(size, dtype=dtype)
    state = rule.init(w)
    for _ in range(steps):
        updates, state = rule.update(scales * w, state, w)
        w = T.apply_updates(w, updates)
    return w.float().abs().max().item(), state, w


@pytest.mark.parametrize("dtype", [fb.bfloat16, fb.float16, fb.int8])
@pytest.mark.parametrize("name", ["adam", "lion", "sgd"])
def test_moments_in_fewer_bits(dtype, name: str) -> None:
    make = {"adam": lambda: T.adam(0.02), "lion": lambda: T.lion(0.005),
            "sgd": lambda: T.sgd(0.05, 0.9)}[name]  # fmt: skip
    far, _, exact = descend(make(), 120)
    rule = T.store_moments(make(), dtype, min_size=1)
    found, state, w = descend(rule, 120)
    assert found < 0.2 or found < 2 * far
    assert (w - exact).abs().max().item() < 0.1
    kinds = {x.dtype for x in trees.leaves(state.leaves) if x.ndim and x.numel()}
    assert kinds == ({fb.int8, fb.float32} if dtype is fb.int8 else {dtype})


def test_bytes_of_a_large_state() -> None:
    params = {"w": fb.zeros(256, 256), "b": fb.zeros(256)}
    rule = T.store_moments(T.adam(0.1), fb.int8)
    state = rule.init(params)
    used = sum(x.numel() * x.itemsize for x in trees.leaves(state.leaves["w"]))
    assert used == 2 * (256 * 256 + 4 * 256)
    assert state.leaves["b"]["store_moments.scale_by_adam"]["mu"].dtype is fb.float32


# --- short parameters -----------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", SHORT)
@pytest.mark.parametrize("name", ["master_weights", "compensated", "stochastic_rounding"])
def test_small_updates_are_not_lost(name: str, dtype) -> None:
    """Steps far below the precision at 1 move the parameter in the end."""
    step, count = (1e-4, 500) if dtype is fb.bfloat16 else (1e-5, 500)
    rule = getattr(T, name)(T.sgd(1.0))
    w = fb.ones(2000, dtype=dtype)
    state = rule.init(w)
    g = fb.full((2000,), -step).to(dtype)
    for _ in range(count):
        updates, state = rule.update(g, state, w)
        w = T.apply_updates(w, updates)
        assert w.dtype is dtype
    moved = (w.float() - 1).mean().item()
    assert moved == pytest.approx(count * g[0].item() * -1, rel=0.2)
    plain = T.sgd(1.0)
    still = fb.ones(1, dtype=dtype)
    updates, _ = plain.update(g[:1], plain.init(still), still)
    assert T.apply_updates(still, updates).item() == 1.0


@pytest.mark.parametrize("dtype", SHORT)
def test_master_weights_are_the_exact_path(dtype) -> None:
    rule = T.master_weights(T.adamw(0.01, weight_decay=0.1))
    random = np.random.default_rng(0)
    w = fb.tensor(random.standard_normal(40)).to(dtype)
    exact, plain = w.float(), T.adamw(0.01, weight_decay=0.1)
    state, other = rule.init(w), plain.init(exact)
    for _ in range(30):
        g = fb.tensor(random.standard_normal(40)).to(dtype)
        updates, state = rule.update(g, state, w)
        w = T.apply_updates(w, updates)
        updates, other = plain.update(g.float(), other, exact)
        exact = T.apply_updates(exact, updates)
        assert fb.equal(w, exact.to(dtype))
    assert fb.equal(state["master"][""], exact)
    assert state["mu"][""].dtype is fb.float32


def test_other_parameters_are_updated_as_they_are() -> None:
    for name in ("master_weights", "compensated", "stochastic_rounding"):
        params = {"a": fb.ones(3), "b": fb.ones(3, dtype=fb.bfloat16)}
        rule = getattr(T, name)(T.adam(0.1))
        updates, state = rule.update(params, rule.init(params), params)
        plain, _ = T.adam(0.1).update(params["a"], T.adam(0.1).init(params["a"]))
        assert fb.equal(updates["a"], plain)
        assert name not in state.leaves["a"]


WRAPPED = {
    "bytes": lambda: T.store_moments(T.adam(0.01), fb.int8, min_size=1, block_size=8),
    "short moments": lambda: T.store_moments(T.adam(0.01), fb.bfloat16),
    "master": lambda: T.master_weights(T.adam(0.01)),
    "kahan": lambda: T.compensated(T.adam(0.01)),
    "stochastic": lambda: T.stochastic_rounding(T.adam(0.01), 3),
    "all": lambda: T.master_weights(T.store_moments(T.adam(0.01), fb.bfloat16)),
}


@pytest.mark.parametrize("name", WRAPPED)
def test_compiled_training_and_resuming(name: str) -> None:
    def train(compiled, stop=None):
        fb.manual_seed(0)
        model = nn.Linear(4, 3).to(fb.bfloat16)
        optimizer = fb.optim.from_transform(WRAPPED[name](), model.named_parameters())

        def step(x):
            optimizer.zero_grad()
            loss = (model(x) - 1).float().pow(2).sum()
            loss.backward()
            optimizer.step()
            return loss

        function = compile(step) if compiled else step
        x = fb.linspace(-1, 1, 32).view(8, 4).to(fb.bfloat16)
        for i in range(8):
            if i == stop:
                saved = optimizer.state_dict()
                optimizer = fb.optim.from_transform(WRAPPED[name](), model.named_parameters())
                assert optimizer.load_state_dict(saved).matches
            function(x)
        return [p.detach().float().numpy() for p in model.parameters()]

    eager = train(False)
    for a, b in zip(train(False, stop=4), eager, strict=True):
        np.testing.assert_array_equal(a, b)
    for a, b in zip(train(True), eager, strict=True):
        np.testing.assert_allclose(a, b, rtol=0.02, atol=2e-3)  # a rounding apart at most


def test_errors() -> None:
    with pytest.raises(ValueError) as caught:
        T.store_moments(T.adam(0.1), fb.float32)
    assert str(caught.value) == (
        "store_moments: unknown type\n"
        "  expected: bfloat16, float16 or int8\n"
        "  got:      torch.float32"
    )
    rule = T.master_weights(T.sgd(0.1))
    w = fb.ones(1, dtype=fb.bfloat16)
    with pytest.raises(ValueError, match="master_weights: update needs the parameters"):
        rule.update(w, rule.init(w))


# --- roles ----------------------------------------------------------------------------------------


def test_roles() -> None:
    class Scaled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gain = nn.Parameter(fb.ones(3))
            self.table = nn.Embedding(5, 3)
            self.out = nn.Linear(3, 5)
            self.out.weight = self.table.weight  # tied: the first owner decides

    found = fb.optim.roles(Scaled())
    assert {k: r.kind for k, r in found.items()} == {
        "gain": "other", "table.weight": "embedding", "out.bias": "bias",
    }  # fmt: skip
    role = fb.optim.roles(nn.Linear(3, 5))["weight"]
    assert (role.fan_in, role.fan_out) == ((1,), (0,))


def test_roles_of_layers() -> None:
    model = nn.Sequential(
        nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.ConvTranspose2d(3, 2, 3), nn.LSTM(3, 2),
        nn.MultiheadAttention(4, 2), nn.LayerNorm(4), nn.EmbeddingBag(5, 3),
    )  # fmt: skip
    found = fb.optim.roles(model)
    kinds = {}
    for name, role in found.items():
        kinds.setdefault(role.kind, []).append(name)
    assert kinds["norm"] == ["1.weight", "5.weight"]
    assert kinds["embedding"] == ["6.weight"]
    assert all("bias" in name for name in kinds["bias"])
    assert "other" not in kinds
    assert found["0.weight"][1:] == ((1, 2, 3), (0,))
    assert found["2.weight"][1:] == ((0, 2, 3), (1,))


def test_masks_by_role() -> None:
    model = nn.Sequential(nn.Embedding(5, 3), nn.Linear(3, 2))
    params = dict(model.named_parameters())
    exact = T.by_role("matrix", roles=fb.optim.roles(model))(params)
    assert exact == {"0.weight": False, "1.weight": True, "1.bias": False}
    guessed = T.by_role("matrix")(params)
    assert guessed == {"0.weight": True, "1.weight": True, "1.bias": False}
    rule = T.add_decayed_weights(0.1, mask=T.by_role("bias", "embedding"))
    updates, _ = rule.update(
        trees.map(fb.zeros_like, params), rule.init(params), trees.map(fb.ones_like, params)
    )
    assert [u.any().item() for u in updates.values()] == [False, False, True]
    with pytest.raises(ValueError, match="by_role: unknown kind"):
        T.by_role("weights")
