"""The rest of the transformations beside optax's, for 200 steps in double precision."""

from __future__ import annotations

import numpy as np
import pytest

optax = pytest.importorskip("optax")
import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402

import flambeau as fb  # noqa: E402
from flambeau.core import trees  # noqa: E402
from flambeau.optim import transform as T  # noqa: E402
from tests.optim.test_transform_peers import agree, ours, theirs  # noqa: E402
from tests.optim.trajectories import gradients, parameters  # noqa: E402

pytestmark = pytest.mark.peers

CASES = [
    ("ademamix", {"learning_rate": 0.05, "weight_decay": 0.1}),
    ("ademamix", {"learning_rate": 0.05, "b3": lambda t: 0.9 + 0.0001 * t, "alpha": 2.0}),
    ("simplified_ademamix", {"learning_rate": 1e-3, "alpha": 3.0}),
    ("adan", {"learning_rate": 0.05, "weight_decay": 0.1}),
    ("adopt", {"learning_rate": 0.05}),
    ("adopt", {"learning_rate": 0.05, "nesterov": True, "use_clipping": False, "eps": 0.1}),
    ("acprop", {"learning_rate": 0.05, "weight_decay": 0.1}),
    ("novograd", {"learning_rate": 0.05, "weight_decay": 0.1}),
    ("fromage", {"learning_rate": 0.05}),
    ("sm3", {"learning_rate": 0.05}),
    ("scale_by_sm3", {"b2": 0.9, "b1": 0.0}),
    ("madgrad", {"learning_rate": 0.05, "weight_decay": 0.1}),
    ("optimistic_gradient_descent", {"learning_rate": 0.05, "alpha": 0.7, "beta": 0.4}),
    ("optimistic_adam_v2", {"learning_rate": 0.05, "beta": 0.4}),
    ("cocob", {"weight_decay": 0.1}),
    ("prodigy", {"estim_lr0": 1e-3}),
    ("prodigy", {"estim_lr0": 1e-3, "weight_decay": 0.1, "safeguard_warmup": True, "beta3": 0.9}),
    ("dadapt_adamw", {"estim_lr0": 1e-3, "weight_decay": 0.1}),
    ("dog", {"weight_decay": 0.1}),
    ("dog", {"init_step": ("learning_rate", 0.1)}),
    ("dog", {"init_step": ("distance", 0.1), "learning_rate": 0.5}),
    ("dowg", {}),
    ("dowg", {"init_estim_sq_dist": 0.1, "weight_decay": 0.1}),
    ("scale_by_distance_over_gradients", {"reps_rel": 1e-3, "global_scale": 0.5}),
    ("apply_every", {"k": 3}),
    ("normalize", {}),
    ("normalize_by_update_norm", {"scale_factor": 0.5}),
    ("schedule_free_sgd", {"learning_rate": 0.1, "weight_decay": 0.1}),
    ("schedule_free_adamw", {"learning_rate": 0.1, "weight_decay": 0.1, "weight_lr_power": 1.0}),
]  # fmt: skip

# optax keeps a scalar in single precision whatever the parameters are.
SINGLE = {"madgrad": 1e-6, "scale_by_distance_over_gradients": 2e-6, "ademamix": 1e-7}


def peer_of(name):
    return getattr(optax, name, None) or getattr(optax.contrib, name)


@pytest.mark.parametrize(
    ("name", "options"), CASES, ids=[f"{n}-{i}" for i, (n, _) in enumerate(CASES)]
)
def test_same_path(name: str, options: dict) -> None:
    rate = 1.0 if name.startswith(("dog", "dowg", "cocob", "prodigy")) else -0.05
    rate = 1.0 if "learning_rate" in options else rate
    with jax.enable_x64(True):
        peer = theirs(peer_of(name)(**options), rate=rate)
    found = ours(getattr(T, name)(**options), rate=rate)
    agree(found, peer, SINGLE.get(name, 1e-10))


def losses(steps=200):
    random = np.random.default_rng(4)
    return 3.0 / (1 + np.arange(steps) / 20) + 0.3 * random.random(steps)


def with_losses_ours(rule, rate=1.0):
    params = trees.map(fb.tensor, parameters())
    state, path = rule.init(params), []
    for g, value in zip(gradients(200), losses(), strict=True):
        updates, state = rule.update(trees.map(fb.tensor, g), state, params, value=fb.tensor(value))
        params = T.apply_updates(params, trees.map(lambda u: u * rate, updates))
        path.append(trees.map(lambda p: p.numpy(), params))
    return path


def with_losses_theirs(rule, rate=1.0):
    params = jax.tree.map(jnp.asarray, parameters())
    state, path = rule.init(params), []

    @jax.jit
    def step(g, state, params, value):
        updates, state = rule.update(g, state, params, value=value)
        return optax.apply_updates(params, jax.tree.map(lambda u: u * rate, updates)), state

    for g, value in zip(gradients(200), losses(), strict=True):
        params, state = step(g, state, params, jnp.asarray(value))
        path.append(params)
    return path


WITH_LOSSES = [
    ("polyak_sgd", {}),
    ("polyak_sgd", {"f_min": 0.8, "variant": "sps+", "scaling": 0.5, "eps": 0.1}),
    ("momo", {"learning_rate": 0.1}),
    ("momo", {"weight_decay": 0.1, "adapt_lower_bound": True, "lower_bound": 0.2}),
    ("momo_adam", {"learning_rate": 0.1}),
    ("momo_adam", {"weight_decay": 0.1, "adapt_lower_bound": True, "lower_bound": 0.2}),
    ("reduce_on_plateau", {"factor": 0.7, "patience": 3}),
    ("reduce_on_plateau", {"factor": 0.7, "patience": 2, "cooldown": 4, "accumulation_size": 3,
                           "min_scale": 0.3, "rtol": 0.0, "atol": 0.05}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "options"), WITH_LOSSES, ids=[f"{n}-{i}" for i, (n, _) in enumerate(WITH_LOSSES)]
)
def test_same_path_with_losses(name: str, options: dict) -> None:
    rate = -0.05 if name == "reduce_on_plateau" else 1.0
    with jax.enable_x64(True):
        peer = with_losses_theirs(peer_of(name)(**options), rate)
    agree(with_losses_ours(getattr(T, name)(**options), rate), peer)


MUON = [
    {},
    {"nesterov": False, "weight_decay": 0.1, "ns_steps": 3},
    {"adaptive": True, "consistent_rms": 0.2},
    {"preconditioning": "spectral"},
    {"preconditioning": "aol"},
    {"preconditioning": "schatten", "adam_weight_decay": 0.1},
    {"ns_coeffs": ((4.0, -5.0, 2.0), (3.0, -4.0, 1.8), (2.0, -1.5, 0.5)), "ns_steps": 3},
]


@pytest.mark.parametrize("options", MUON, ids=range(len(MUON)))
def test_muon(options: dict) -> None:
    with jax.enable_x64(True):
        peer = theirs(optax.contrib.muon(0.05, **options), 60)
    numbers = {"w": T.MuonDimensionNumbers(0, 1), "b": None, "s": None, "k": None}
    found = ours(T.muon(0.05, muon_weight_dimension_numbers=numbers, **options), 60)
    agree(found, peer, 1e-9)


def test_muon_of_many_matrices() -> None:
    numbers = {"w": optax.contrib.MuonDimensionNumbers(1, 0), "b": None, "s": None,
               "k": optax.contrib.MuonDimensionNumbers((0, 2), 1)}  # fmt: skip
    with jax.enable_x64(True):
        peer = theirs(optax.contrib.muon(0.05, muon_weight_dimension_numbers=numbers), 40)
    numbers = {"w": T.MuonDimensionNumbers(), "b": None, "s": None,
               "k": T.MuonDimensionNumbers((0, 2), 1)}  # fmt: skip
    agree(ours(T.muon(0.05, muon_weight_dimension_numbers=numbers), 40), peer, 1e-9)


def test_mechanic() -> None:
    with jax.enable_x64(True):
        peer = theirs(optax.contrib.mechanize(optax.sgd(0.1), s_init=1e-2), 200)
    agree(ours(T.mechanize(T.sgd(0.1), s_init=1e-2), 200), peer, 1e-9)


def test_schedule_free_with_a_schedule() -> None:
    """optax's weights are one step ahead of its base optimizer; here they share one clock."""

    def rate(count):
        return 0.1 / (1 + 0.05 * count)

    with jax.enable_x64(True):

        def earlier(count):
            return rate(count - 1)

        rule = optax.contrib.schedule_free(optax.sgd(rate), earlier, b1=0.8)
        peer = theirs(rule)
    agree(ours(T.schedule_free(T.sgd(rate), rate, b1=0.8)), peer, 1e-7)  # a float32 schedule


@pytest.mark.parametrize("reset", [False, True])
def test_lookahead(reset: bool) -> None:
    with jax.enable_x64(True):
        rule = optax.lookahead(optax.adam(0.1), 4, 0.4, reset)
        params = optax.LookaheadParams.init_synced(jax.tree.map(jnp.asarray, parameters()))
        state, peer = rule.init(params), []
        for g in gradients(60):
            updates, state = rule.update(jax.tree.map(jnp.asarray, g), state, params)
            params = optax.apply_updates(params, updates)
            peer.append(params.fast)
    if reset:  # Adam's own clock begins anew there; here it is the one clock
        agree(ours(T.lookahead(T.sgd(0.1, 0.9), 4, 0.4, True), 60), lookahead_of_momentum())
    else:
        agree(ours(T.lookahead(T.adam(0.1), 4, 0.4, False), 60), peer)


def lookahead_of_momentum():
    with jax.enable_x64(True):
        rule = optax.lookahead(optax.sgd(0.1, 0.9), 4, 0.4, True)
        params = optax.LookaheadParams.init_synced(jax.tree.map(jnp.asarray, parameters()))
        state, path = rule.init(params), []
        for g in gradients(60):
            updates, state = rule.update(jax.tree.map(jnp.asarray, g), state, params)
            params = optax.apply_updates(params, updates)
            path.append(params.fast)
    return path


@pytest.mark.parametrize(("period", "reset"), [(2, True), (3, False)])
def test_sharpness_aware(period: int, reset: bool) -> None:
    with jax.enable_x64(True):
        up = optax.chain(optax.contrib.normalize(), optax.sgd(0.3, 0.9))
        peer = theirs(optax.contrib.sam(optax.adam(0.1), up, period, reset), 60)
    up = T.chain(T.normalize(), T.sgd(0.3, 0.9))
    agree(ours(T.sam(T.adam(0.1), up, period, reset), 60), peer)


def test_sharpness_aware_in_one_update() -> None:
    def slope(p, i):
        return {k: v * 2 + 0.1 * i for k, v in p.items()}

    with jax.enable_x64(True):
        up = optax.chain(optax.contrib.normalize(), optax.sgd(0.3))
        peer = theirs(optax.contrib.sam(optax.adam(0.1), up, 3, opaque_mode=True), 40,
                      grad_fn=slope)  # fmt: skip
    up = T.chain(T.normalize(), T.sgd(0.3))
    agree(ours(T.sam(T.adam(0.1), up, 3, opaque_mode=True), 40, grad_fn=slope), peer)


# --- line searches ------------------------------------------------------------------------------


def rosenbrock(w):
    return (100 * (w[1:] - w[:-1] ** 2) ** 2 + (1 - w[:-1]) ** 2).sum()


def bowl(w):
    return (w * w * w * w).sum() + (w * w).sum()


START = np.tile([-1.2, 1.0], 3)


def descend_ours(rule, f, steps):
    w = fb.tensor(START)
    state, path = rule.init(w), []
    for _ in range(steps):
        x = w.detach().requires_grad_()
        value = f(x)
        (g,) = fb.autograd.grad(value, x)
        updates, state = rule.update(g, state, w, value=value.detach(), grad=g, value_fn=f)
        w = T.apply_updates(w, updates)
        path.append({"w": w.numpy(), "f": np.asarray(value.item())})
    return path


def descend_theirs(rule, f, steps):
    w = jnp.asarray(START)
    state, path = rule.init(w), []

    @jax.jit
    def step(w, state):
        value, g = jax.value_and_grad(f)(w)
        updates, state = rule.update(g, state, w, value=value, grad=g, value_fn=f)
        return optax.apply_updates(w, updates), state, value

    for _ in range(steps):
        w, state, value = step(w, state)
        path.append({"w": w, "f": value})
    return path


SEARCHES = {
    "lbfgs": lambda t: t.lbfgs(),
    "short memory": lambda t: t.lbfgs(memory_size=2, scale_init_precond=False),
    "lbfgs without search": lambda t: t.lbfgs(1e-2, linesearch=None),
    "backtracking": lambda t: t.chain(t.sgd(1.0), t.scale_by_backtracking_linesearch(15)),
    "backtracking loosely": lambda t: t.chain(
        t.sgd(0.3),
        t.scale_by_backtracking_linesearch(
            3, slope_rtol=0.1, decrease_factor=0.5, increase_factor=3.0, max_learning_rate=2.0,
            atol=1e-3, rtol=1e-3, store_grad=True,
        ),
    ),
    "zoom": lambda t: t.chain(t.sgd(1.0), t.scale_by_zoom_linesearch(15)),
    "zoom within bounds": lambda t: t.chain(
        t.sgd(0.01),
        t.scale_by_zoom_linesearch(
            6, max_learning_rate=3.0, tol=1e-3, curv_rtol=0.3, approx_dec_rtol=None,
            stepsize_precision=0.1,
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("f", [rosenbrock, bowl])
@pytest.mark.parametrize("name", SEARCHES)
def test_line_searches(name: str, f) -> None:
    steps = 12
    with jax.enable_x64(True):
        peer = descend_theirs(SEARCHES[name](optax), f, steps)
    agree(descend_ours(SEARCHES[name](T), f, steps), peer, 1e-6)
