"""Steps by the gradient at the worst point nearby."""

from __future__ import annotations

from typing import Any

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.ops.creation import zeros
from flambeau.optim.checks import in_range
from flambeau.optim.engine.combinators import as_transformation, at_path, inside, tree_of
from flambeau.optim.engine.conditions import conditionally
from flambeau.optim.engine.leaf import Leaf, Run, below, number_of
from flambeau.optim.engine.transformation import Transformation, require_params
from flambeau.optim.scalars import where
from flambeau.optim.transform.conditions import Skipping


class SharpnessAware(Skipping):
    """See :func:`sam`."""

    name = "sam"

    def __init__(self, inner: Any, adversary: Any, period: int, reset: bool, opaque: bool) -> None:
        super().__init__(inner)
        self.adversary = as_transformation(adversary)
        self.period = period
        self.reset = reset
        self.opaque = opaque

    def inside(self, key: str) -> str:
        return inside(below(key, "optimizer"), self.inner)

    def against(self, key: str) -> str:
        """What the adversary's state is called."""
        return inside(below(key, "adversary"), self.adversary)

    def start(self, leaves: list[Leaf], run: Run, path: str) -> None:
        super().start(leaves, run, path)
        key = path or self.name
        self.adversary.start(leaves, run, self.against(key))
        if not self.opaque:
            run.shared[key]["steps_since_sync"] = zeros((), dtype=dtypes.int64)
            for leaf in leaves:
                leaf.state[key] = {"cache": leaf.param.detach().clone()}

    def run(self, leaves: list[Leaf], run: Run, path: str) -> None:
        require_params(self.name, leaves)
        key = path or self.name
        if self.opaque:
            self._search(leaves, run, key)
            self.take(leaves, run, key)
        else:
            self._alternate(leaves, run, key)

    # --- one update in several steps ----------------------------------------------------------

    def _alternate(self, leaves: list[Leaf], run: Run, key: str) -> None:
        shared = run.shared[key]
        before = shared["steps_since_sync"]
        last = before == self.period - 1
        shared["steps_since_sync"] = (before + 1) % self.period
        first = before == 0
        for leaf in leaves:
            slots = leaf.state[key]
            slots["cache"] = where(first, leaf.param.detach(), slots["cache"]).clone()
        number = number_of(before + 1) + (
            0 if self.reset else number_of(shared["steps_taken"]) * (self.period - 1)
        )
        conditionally(
            ~last,
            leaves,
            run,
            below(key, "adversary"),
            lambda: self._climb(leaves, run, key, number),
        )
        conditionally(last, leaves, run, key, lambda: self._descend(leaves, run, key))

    def _climb(self, leaves: list[Leaf], run: Run, key: str, number: Any) -> None:
        outside, run.step = run.step, number
        for leaf in leaves:
            leaf.step = number
        self.adversary.run(leaves, run, self.against(key))
        run.step = outside
        for leaf in leaves:
            leaf.step = outside
            leaf.scale(-1)

    def _descend(self, leaves: list[Leaf], run: Run, key: str) -> None:
        there = [leaf.param for leaf in leaves]
        for leaf in leaves:
            leaf.param = leaf.state[key]["cache"]
        self.take(leaves, run, key)
        for leaf, p in zip(leaves, there, strict=True):
            leaf.set((leaf.param - p + leaf.value()).to(p.dtype))
            leaf.param = p
        if self.reset:
            self.adversary.start(leaves, run, self.against(key))

    # --- everything in one update -------------------------------------------------------------

    def _search(self, leaves: list[Leaf], run: Run, key: str) -> None:
        """The gradient at the worst point, found with a function that computes gradients."""
        gradient = run.extra.get("grad_fn")
        if gradient is None:
            raise ValueError(
                message(
                    "sam: update needs a function that computes gradients",
                    expected="update(updates, state, params, grad_fn=f) with f(params, i)",
                    got="no grad_fn",
                )
            )
        here = [leaf.param for leaf in leaves]
        for i in range(self.period - 1):
            self._climb(leaves, run, key, i + 1)
            for leaf in leaves:
                leaf.param = leaf.param + leaf.value()
            found = gradient(tree_of(leaves, run, lambda leaf: leaf.param), i)
            for leaf in leaves:
                leaf.set(at_path(found, leaf.path, self.name))
        for leaf, p in zip(leaves, here, strict=True):
            leaf.param = p
        if self.reset:
            self.adversary.start(leaves, run, self.against(key))


def sam(
    optimizer: Any,
    adv_optimizer: Any,
    sync_period: int = 2,
    reset_state: bool = True,
    opaque_mode: bool = False,
) -> Transformation:
    r"""Sharpness-aware steps: up to a bad point nearby, and down by the gradient there.

    .. math:: \hat θ = θ + ρ \frac{g(θ)}{‖g(θ)‖}, \quad θ ← θ - γ g(\hat θ)

    Args:
        optimizer: the transformation of the gradient at the bad point.
        adv_optimizer: the way up, as a descent: ``chain(normalize(), sgd(rho))`` in the paper.
        sync_period: one step down in so many updates, at least 1.
        reset_state: begin each way up with a new state.
        opaque_mode: do everything in one update, which is then given ``grad_fn``, a function of
            the parameters and the number of the step up to gradients. Otherwise the parameters
            walk up and come back, and gradients are taken where they are.

    Raises:
        ValueError: for arguments out of range; in ``update``, without parameters or ``grad_fn``.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.optim import transform
        >>> up = transform.chain(transform.normalize(), transform.sgd(0.5))
        >>> rule = transform.sam(transform.sgd(0.1), up, opaque_mode=True)
        >>> params = fb.ones(1)
        >>> rule.update(2 * params, rule.init(params), params, grad_fn=lambda p, i: 2 * p)[0]
        tensor([-0.3000])

    Reference: Foret et al., "Sharpness-aware minimization for efficiently improving
    generalization", ICLR 2021, algorithm 1.
    Differs from optax: updates are selected, so that a gradient that is not finite spoils one
    step; the optimizer's clock counts steps down.
    """
    in_range("sam", "sync_period", sync_period, 1)
    return SharpnessAware(optimizer, adv_optimizer, sync_period, reset_state, opaque_mode)
