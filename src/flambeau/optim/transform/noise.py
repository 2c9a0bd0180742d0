"""Noise that falls with time."""

from __future__ import annotations

from typing import Any

from flambeau.optim.checks import in_range, require
from flambeau.optim.engine.combinators import chain
from flambeau.optim.engine.leaf import Leaf, Run
from flambeau.optim.engine.step_noise import normal_of_step, place_of
from flambeau.optim.engine.transformation import Transformation, Whole
from flambeau.optim.scalars import sqrt
from flambeau.optim.transform.moments import added
from flambeau.optim.transform.scaling import scale_by_learning_rate


def _add_noise(leaves: list[Leaf], h: dict[str, Any], run: Run, path: str) -> None:
    size = sqrt(h["eta"] / run.step ** h["gamma"])
    for leaf in leaves:
        g = leaf.value()
        noise = normal_of_step(g, run.step, h["key"], place_of(f"{path}/{leaf.name}"))
        leaf.set(added(g, noise, size))


def add_noise(
    eta: Any, gamma: Any, key: int | None = None, *, seed: int | None = None
) -> Transformation:
    r"""Add normally distributed noise whose variance falls with the step.

    .. math:: u = g + ε, \quad ε \sim \mathcal N(0, η / t^γ)

    The noise is a function of the key, the parameter's name and the step: a run that goes on from
    a saved state goes on with the same noise.

    Args:
        eta: η, at least 0.
        gamma: γ, at least 0.
        key: a whole number; another key, other noise. 0 if not given.
        seed: optax's older name for it.

    Raises:
        ValueError: for arguments out of range, or both ``key`` and ``seed``.

    Example:
        >>> import flambeau as fb
        >>> rule = fb.optim.transform.add_noise(0.01, 0.55, key=0)
        >>> g = fb.zeros(1000)
        >>> updates, _ = rule.update(g, rule.init(g))
        >>> bool(0.09 < updates.std() < 0.11)
        True

    Reference: Neelakantan et al., "Adding gradient noise improves learning for very deep
    networks", 2015, equation 1.
    Differs from optax: there the generator is part of the state; the numbers differ.
    """
    in_range("add_noise", "eta", eta, 0)
    in_range("add_noise", "gamma", gamma, 0)
    require(key is None or seed is None, "add_noise: two seeds", "key or seed", "both")
    chosen = next((x for x in (key, seed) if x is not None), 0)
    return Whole("add_noise", _add_noise, {"eta": eta, "gamma": gamma, "key": chosen})


def noisy_sgd(
    learning_rate: Any,
    eta: Any = 0.01,
    gamma: Any = 0.55,
    key: int | None = None,
    *,
    seed: int | None = None,
) -> Transformation:
    """Gradient descent with noise: :func:`add_noise`, then the learning rate.

    Args:
        learning_rate: at least 0.
        eta, gamma, key, seed: see :func:`add_noise`.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.noisy_sgd(0.1)
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([-0.0416,  0.0255])

    Reference: Neelakantan et al., "Adding gradient noise improves learning for very deep
    networks", 2015.
    """
    return chain(add_noise(eta, gamma, key, seed=seed), scale_by_learning_rate(learning_rate))
