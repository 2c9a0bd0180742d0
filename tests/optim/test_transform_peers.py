"""Transformations beside optax's, for 200 steps in double precision."""

from __future__ import annotations

import functools

import numpy as np
import pytest

optax = pytest.importorskip("optax")
import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402

import flambeau as fb  # noqa: E402
from flambeau.core import trees  # noqa: E402
from flambeau.optim import schedule as S  # noqa: E402
from flambeau.optim import transform as T  # noqa: E402
from tests.optim.trajectories import gradients, parameters  # noqa: E402

pytestmark = pytest.mark.peers

STEPS = 200
MASK = {"w": True, "b": False, "s": True, "k": False}

# name, arguments
CASES = [
    ("sgd", {"learning_rate": 0.1}),
    ("sgd", {"learning_rate": 0.1, "momentum": 0.9}),
    ("sgd", {"learning_rate": 0.1, "momentum": 0.9, "nesterov": True}),
    ("adam", {"learning_rate": 0.1}),
    ("adam", {"learning_rate": 0.1, "b1": 0.8, "b2": 0.9, "eps": 1e-3, "eps_root": 1e-3}),
    ("adam", {"learning_rate": 0.1, "nesterov": True}),
    ("adamw", {"learning_rate": 0.1, "weight_decay": 0.1}),
    ("adamw", {"learning_rate": 0.1, "weight_decay": 0.1, "mask": MASK}),
    ("nadam", {"learning_rate": 0.1}),
    ("nadamw", {"learning_rate": 0.1, "weight_decay": 0.1}),
    ("amsgrad", {"learning_rate": 0.1, "b2": 0.9}),
    ("amsgrad", {"learning_rate": 0.1, "b2": 0.9, "bias_correction_mu": False}),
    ("amsgrad", {"learning_rate": 0.1, "b2": 0.9, "bias_correction_nu": False}),
    ("adamax", {"learning_rate": 0.1}),
    ("adamaxw", {"learning_rate": 0.1, "weight_decay": 0.1, "mask": MASK}),
    ("adabelief", {"learning_rate": 0.01}),
    ("adabelief", {"learning_rate": 0.01, "eps": 1e-4, "nesterov": True}),
    ("yogi", {"learning_rate": 0.1}),
    ("radam", {"learning_rate": 0.1}),
    ("radam", {"learning_rate": 0.1, "b2": 0.9, "eps_root": 1e-3, "nesterov": True}),
    ("lion", {"learning_rate": 0.01, "weight_decay": 0.1}),
    ("lamb", {"learning_rate": 0.01, "weight_decay": 0.1}),
    ("lars", {"learning_rate": 0.1, "weight_decay": 0.1}),
    ("lars", {"learning_rate": 0.1, "weight_decay": 0.1, "weight_decay_mask": MASK,
              "trust_ratio_mask": MASK, "nesterov": True, "eps": 1e-3}),
    ("rmsprop", {"learning_rate": 0.01}),
    ("rmsprop", {"learning_rate": 0.01, "eps_in_sqrt": False, "momentum": 0.9, "eps": 1e-3}),
    ("rmsprop", {"learning_rate": 0.01, "centered": True, "eps": 1e-3, "initial_scale": 1.0,
                 "momentum": 0.9, "nesterov": True}),
    ("rmsprop", {"learning_rate": 0.01, "bias_correction": True}),
    ("adagrad", {"learning_rate": 0.1}),
    ("adadelta", {"learning_rate": 1.0, "weight_decay": 0.1, "weight_decay_mask": MASK}),
    ("adafactor", {"learning_rate": 0.1}),
    ("adafactor", {"learning_rate": 0.1, "min_dim_size_to_factor": 2, "weight_decay_rate": 1e-3}),
    ("adafactor", {"learning_rate": 0.1, "min_dim_size_to_factor": 3, "momentum": 0.9,
                   "dtype_momentum": "float64", "multiply_by_parameter_scale": False,
                   "clipping_threshold": None}),
    ("sign_sgd", {"learning_rate": 0.1}),
    ("signum", {"learning_rate": 0.1}),
    ("clip", {"max_delta": 0.3}),
    ("clip_by_global_norm", {"max_norm": 0.3}),
    ("clip_by_block_rms", {"threshold": 0.3}),
    ("centralize", {}),
    ("zero_nans", {}),
    ("ema", {"decay": 0.9}),
    ("trace", {"decay": 0.9, "nesterov": True}),
    ("scale_by_param_block_norm", {}),
    ("scale_by_lion", {"mode": "refined"}),
    ("scale_by_lion", {"mode": "smooth", "smooth_beta": 2.0}),
    ("keep_params_nonnegative", {}),
]  # fmt: skip


def ours(rule, steps=STEPS, rate=1.0, **extra):
    params = trees.map(fb.tensor, parameters())
    state = rule.init(params)
    path = []
    for g in gradients(steps):
        updates, state = rule.update(trees.map(fb.tensor, g), state, params, **extra)
        params = T.apply_updates(params, trees.map(lambda u: u * rate, updates))
        path.append(trees.map(lambda p: p.numpy(), params))
    return path


def theirs(rule, steps=STEPS, rate=1.0, **extra):
    params = jax.tree.map(jnp.asarray, parameters())
    state = rule.init(params)

    @jax.jit
    def step(g, state, params):
        updates, state = rule.update(g, state, params, **extra)
        return optax.apply_updates(params, jax.tree.map(lambda u: u * rate, updates)), state

    path = []
    for g in gradients(steps):
        params, state = step(g, state, params)
        path.append(params)
    return path


def agree(one, other, tolerance=1e-10):
    for t, (a, b) in enumerate(zip(one, other, strict=True), start=1):
        for k in a:
            np.testing.assert_allclose(
                a[k], b[k], rtol=tolerance, atol=tolerance, err_msg=f"step {t}, {k}"
            )


def peer_options(options):
    """A type is given by its name; optax takes NumPy's."""
    return {k: jnp.float64 if v == "float64" else v for k, v in options.items()}


def our_options(options):
    return {k: fb.float64 if v == "float64" else v for k, v in options.items()}


def single(name, options):
    """Where optax keeps a scalar in single precision: Adafactor's decay rate."""
    return name == "adafactor"


@pytest.mark.parametrize(
    ("name", "options"), CASES, ids=[f"{n}-{i}" for i, (n, _) in enumerate(CASES)]
)
def test_same_path(name: str, options: dict) -> None:
    rate = 1.0 if "learning_rate" in options else -0.05
    with jax.enable_x64(True):
        peer = theirs(getattr(optax, name)(**peer_options(options)), rate=rate)
    found = ours(getattr(T, name)(**our_options(options)), rate=rate)
    agree(found, peer, 2e-5 if single(name, options) else 1e-10)


def test_adaptive_grad_clip_of_matrices() -> None:
    with jax.enable_x64(True):
        peer = theirs(optax.adaptive_grad_clip(0.3), 3, -0.05)
    agree([{"w": x["w"]} for x in ours(T.adaptive_grad_clip(0.3, axis=0), 3, -0.05)],
          [{"w": x["w"]} for x in peer])  # fmt: skip


SCHEDULES = [
    ("exponential_decay", (0.3, 20, 0.9)),
    ("warmup_cosine_decay_schedule", (0.0, 0.3, 20, 150)),
]


class Exact:
    """optax's schedules, given the step as a float64: of its own int32 it makes a float32."""

    def __getattr__(self, name: str):
        def make(*args):
            schedule = getattr(optax, name)(*args)
            return lambda count: schedule(jnp.asarray(count, jnp.float64))

        return make


@pytest.mark.parametrize(("name", "args"), SCHEDULES)
def test_schedule_in_single_precision(name: str, args: tuple) -> None:
    """As optax computes it, to the last digit or two of a float32."""
    with jax.enable_x64(True):
        peer = theirs(optax.adam(getattr(optax, name)(*args)), 30)
    agree(ours(T.adam(S.as_float32(getattr(S, name)(*args))), 30), peer, 1e-7)
    with pytest.raises(AssertionError):
        agree(ours(T.adam(getattr(S, name)(*args)), 30), peer, 1e-10)


@pytest.mark.parametrize(("name", "args"), SCHEDULES)
def test_scheduled_chain(name: str, args: tuple) -> None:
    def rule(t, s):
        return t.chain(
            t.clip_by_global_norm(1.0),
            t.scale_by_adam(),
            t.add_decayed_weights(0.1, mask=MASK),
            t.scale_by_learning_rate(getattr(s, name)(*args)),
        )

    with jax.enable_x64(True):
        peer = theirs(rule(optax, Exact()))
    agree(ours(rule(T, S)), peer)


def test_partition_and_freeze() -> None:
    labels = {"w": "a", "b": "b", "s": "a", "k": "none"}

    def rule(t):
        parts = {"a": t.adam(0.1), "b": t.sgd(0.1, momentum=0.9), "none": t.set_to_zero()}
        return t.chain(t.clip(0.5), t.partition(parts, labels))

    with jax.enable_x64(True):
        peer = theirs(rule(optax))
    agree(ours(rule(T)), peer)


@pytest.mark.parametrize("mean", [True, False])
def test_several_micro_batches(mean: bool) -> None:
    with jax.enable_x64(True):
        inner = optax.adam(Exact().exponential_decay(0.1, 10, 0.9))
        peer = theirs(optax.MultiSteps(inner, 4, use_grad_mean=mean, accumulator_dtype=jnp.float64))
    rule = T.MultiSteps(T.adam(S.exponential_decay(0.1, 10, 0.9)), 4, use_grad_mean=mean)
    agree(ours(rule), peer)


def test_skipped_micro_batches() -> None:
    def rule(t, **rest):
        skip = functools.partial(t.skip_large_updates, max_squared_norm=110.0)
        return t.MultiSteps(t.adam(0.1), 3, should_skip_update_fn=skip, **rest)

    with jax.enable_x64(True):
        peer = theirs(rule(optax, accumulator_dtype=jnp.float64))
    agree(ours(rule(T)), peer)


def test_injected_hyperparameters() -> None:
    def rule(t, s, **rest):
        return t.inject_hyperparams(t.adamw, **rest)(
            learning_rate=s.exponential_decay(0.1, 10, 0.9), b2=0.9, weight_decay=0.1
        )

    with jax.enable_x64(True):
        peer = theirs(rule(optax, Exact(), hyperparam_dtype=jnp.float64))
    agree(ours(rule(T, S)), peer)


def test_conditional() -> None:
    for name in ("conditionally_transform", "conditionally_mask"):
        with jax.enable_x64(True):
            peer = theirs(getattr(optax, name)(optax.adam(0.1), lambda step: step % 3 != 1))
        agree(ours(getattr(T, name)(T.adam(0.1), lambda step: step % 3 != 1)), peer)
