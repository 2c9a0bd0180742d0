"""States change hands between optax and flambeau in the middle of training."""

from __future__ import annotations

import pytest

optax = pytest.importorskip("optax")
import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402

import flambeau as fb  # noqa: E402
from flambeau.core import trees  # noqa: E402
from flambeau.optim import transform as T  # noqa: E402
from tests.optim.test_transform_peers import agree  # noqa: E402
from tests.optim.trajectories import gradients, parameters  # noqa: E402

pytestmark = pytest.mark.peers

MASK = {"w": True, "b": False, "s": True, "k": False}
LABELS = {"w": "x", "b": "y", "s": "x", "k": "y"}


def rate(count):
    return 0.1 / (1 + count)


RULES = {
    "adam": lambda t: t.adam(0.1),
    "adamw in a chain": lambda t: t.chain(t.clip_by_global_norm(1.0), t.adamw(rate, mask=MASK)),
    "momentum": lambda t: t.sgd(0.1, 0.9),
    "lion": lambda t: t.lion(0.01),
    "amsgrad": lambda t: t.amsgrad(0.01),
    "rmsprop": lambda t: t.rmsprop(0.01, centered=True, momentum=0.9, bias_correction=True),
    "adadelta": lambda t: t.adadelta(0.1),
    "adagrad": lambda t: t.adagrad(0.1),
    "adan": lambda t: t.adan(0.01),
    "novograd": lambda t: t.novograd(0.01),
    "partition": lambda t: t.partition({"x": t.adam(0.1), "y": t.sgd(0.1, 0.9)}, LABELS),
    "micro-batches": lambda t: t.MultiSteps(t.adam(0.1), 3),
}

# whose states hold a count
CLOCKS = ("adam", "adamw in a chain", "lion", "amsgrad", "rmsprop", "adan", "novograd")


@pytest.mark.parametrize("name", RULES)
def test_there_and_back(name: str) -> None:
    path = gradients(12)
    with jax.enable_x64(True):
        options = {"accumulator_dtype": jnp.float64} if name == "micro-batches" else {}
        peer = RULES[name](optax)
        if options:
            peer = optax.MultiSteps(optax.adam(0.1), 3, **options)
        params = jax.tree.map(jnp.asarray, parameters())
        state, points = peer.init(params), []
        for g in path:
            updates, state = peer.update(jax.tree.map(jnp.asarray, g), state, params)
            params = optax.apply_updates(params, updates)
            points.append((params, state))

        # optax begins, we go on, and optax ends
        rule = RULES[name](T)
        params, state = points[3]
        ours = {k: fb.tensor(jax.device_get(params[k]).copy()) for k in parameters()}
        mine = T.from_optax_state(state, rule, ours)
        if name in CLOCKS:
            assert mine.step.item() == 4
        for g in path[4:8]:
            updates, mine = rule.update(trees.map(fb.tensor, g), mine, ours)
            ours = T.apply_updates(ours, updates)
        agree([trees.map(lambda x: x.numpy(), ours)], [points[7][0]])
        state = T.to_optax_state(mine, rule, peer.init(params))
        assert jax.tree.structure(state) == jax.tree.structure(points[7][1])
        params = {k: jnp.asarray(v.numpy()) for k, v in ours.items()}
        for g in path[8:]:
            updates, state = peer.update(jax.tree.map(jnp.asarray, g), state, params)
            params = optax.apply_updates(params, updates)
        agree([params], [points[-1][0]])


def test_another_transformation_is_refused() -> None:
    params = {"w": fb.ones(2)}
    like = {"w": jnp.ones(2)}
    with pytest.raises(ValueError, match="it belongs to another transformation"):
        T.from_optax_state(optax.adamw(0.1).init(like), T.adam(0.1), params)
    with pytest.raises(ValueError, match="a field without counterpart"):
        T.from_optax_state(optax.adam(0.1).init(like), T.sgd(0.1, 0.9), params)
    with pytest.raises(ValueError) as caught:
        T.from_optax_state(optax.adam(0.1).init({"w": jnp.ones(3)}), T.adam(0.1), params)
    assert str(caught.value) == (
        "from_optax_state: mu of w does not fit\n"
        "  expected: an array of shape (2,)\n"
        "  got:      shape (3,)"
    )
