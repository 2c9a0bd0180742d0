"""Gradients of single examples, shrunk and hidden in noise before they become one."""

from __future__ import annotations

from typing import Any

from flambeau.core.errors import message
from flambeau.optim.checks import in_range
from flambeau.optim.engine.combinators import chain
from flambeau.optim.engine.leaf import Leaf, Run
from flambeau.optim.engine.step_noise import normal_of_step, place_of
from flambeau.optim.engine.transformation import Transformation, Whole
from flambeau.optim.transform.accumulation import trace
from flambeau.optim.transform.clipping import per_example_global_norm_clip
from flambeau.optim.transform.moments import added
from flambeau.optim.transform.scaling import scale_by_learning_rate


class Private(Whole):
    """See :func:`differentially_private_aggregate`: what it is given has one dimension more."""

    example_dims = 1


def _aggregate(leaves: list[Leaf], h: dict[str, Any], run: Run, path: str) -> None:
    counts = {leaf.update.shape[0] if leaf.update.ndim else 0 for leaf in leaves}
    if len(counts) != 1 or 0 in counts:
        raise ValueError(
            message(
                "differentially_private_aggregate: no gradients of single examples",
                expected="gradients whose first dimension counts the same examples",
                got=f"sizes {sorted(counts)}",
                help="compute them with func.vmap(func.grad(loss), in_dims=(None, 0))",
            )
        )
    given = [leaf.value() for leaf in leaves]
    sums, _ = per_example_global_norm_clip(given, h["l2_norm_clip"])
    size, (count,) = h["l2_norm_clip"] * h["noise_multiplier"], counts
    for leaf, total in zip(leaves, sums, strict=True):
        noise = normal_of_step(total, run.step, h["key"], place_of(f"{path}/{leaf.name}"))
        leaf.set(added(total, noise, size) / count)


def differentially_private_aggregate(
    l2_norm_clip: Any, noise_multiplier: Any, key: int | None = None, *, seed: int | None = None
) -> Transformation:
    r"""The mean of single examples' gradients, each shrunk to a norm, with noise.

    .. math:: u = \frac1B \left(\sum_i g_i \min(1, c/‖g_i‖) + ε\right), \quad
        ε \sim \mathcal N(0, c^2 σ^2)

    It must come first in a chain. What it is given has a first dimension that counts examples,
    which the parameters do not have.

    Args:
        l2_norm_clip: :math:`c`, above 0.
        noise_multiplier: σ, at least 0.
        key: a whole number; another one, other noise. 0 if not given.
        seed: optax's older name for it.

    Raises:
        ValueError: for arguments out of range; in ``update``, if gradients do not count the same
            examples.

    Example:
        >>> import flambeau as fb
        >>> rule = fb.optim.transform.differentially_private_aggregate(1.0, 0.0)
        >>> w = fb.zeros(2)
        >>> rule.update(fb.tensor([[3., 4.], [0., 0.]]), rule.init(w), w)[0]
        tensor([0.3000, 0.4000])

    Reference: Abadi et al., "Deep learning with differential privacy", CCS 2016, algorithm 1.
    Differs from optax: there the generator is part of the state; the numbers differ.
    """
    name = "differentially_private_aggregate"
    in_range(name, "l2_norm_clip", l2_norm_clip, 0, open_low=True)
    in_range(name, "noise_multiplier", noise_multiplier, 0)
    chosen = next((x for x in (key, seed) if x is not None), 0)
    hyper = {"l2_norm_clip": l2_norm_clip, "noise_multiplier": noise_multiplier, "key": chosen}
    return Private(name, _aggregate, hyper)


def dpsgd(
    learning_rate: Any,
    l2_norm_clip: Any,
    noise_multiplier: Any,
    seed: int = 0,
    momentum: Any = None,
    nesterov: bool = False,
) -> Transformation:
    r"""Gradient descent that hides each example.

    .. math:: θ ← θ - γ u, \quad u \text{ of } \texttt{differentially\_private\_aggregate}

    Args:
        learning_rate: γ, at least 0.
        l2_norm_clip, noise_multiplier, seed: see :func:`differentially_private_aggregate`.
        momentum, nesterov: see :func:`trace`; no momentum if ``None``.

    Raises:
        ValueError: for arguments out of range.

    Reference: Abadi et al., "Deep learning with differential privacy", CCS 2016, algorithm 1.
    """
    parts = [differentially_private_aggregate(l2_norm_clip, noise_multiplier, seed)]
    if momentum is not None:
        parts.append(trace(momentum, nesterov))
    return chain(*parts, scale_by_learning_rate(learning_rate))
