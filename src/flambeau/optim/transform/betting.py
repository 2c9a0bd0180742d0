"""Learning without a learning rate, by betting on the sign of the next gradient."""

from __future__ import annotations

from typing import Any

from flambeau.core import dtypes
from flambeau.ops.creation import full, zeros
from flambeau.ops.sequences import arange
from flambeau.optim.checks import in_range
from flambeau.optim.engine.combinators import chain
from flambeau.optim.engine.leaf import Leaf, Run
from flambeau.optim.engine.transformation import Rule, Transformation, require_params
from flambeau.optim.scalars import sqrt
from flambeau.optim.transform.conditions import Wrapper
from flambeau.optim.transform.distance import dot, scalar, total
from flambeau.optim.transform.moments import added, size_squared, zeros_for
from flambeau.optim.transform.scaling import add_decayed_weights, scale_by_learning_rate
from flambeau.tensor.tensor import Tensor

Slots = dict[str, Any]
Hyper = dict[str, Any]


# --- COCOB --------------------------------------------------------------------------------------


def _cocob_start(p: Tensor, h: Hyper) -> Slots:
    return {
        "init_particles": p.detach().clone(),
        "cumulative_gradients": zeros_for(p),
        "scale": zeros_for(p) + h["eps"],
        "subgradients": zeros_for(p),
        "reward": zeros_for(p),
    }


def _cocob(g: Tensor, s: Slots, p: Tensor, h: Hyper, t: Any) -> Tensor:
    size = g.abs()
    scale = s["scale"] = s["scale"].maximum(size)
    used = s["subgradients"] = s["subgradients"] + size
    reward = s["reward"] = (s["reward"] - g * (p - s["init_particles"])).clamp(min=0)
    gained = s["cumulative_gradients"] = s["cumulative_gradients"] - g
    share = gained / (scale * (used + scale).maximum(scale * h["alpha"]))
    return s["init_particles"] + share * (scale + reward) - p


COCOB = Rule("scale_by_cocob", _cocob, _cocob_start, needs_params=True)


def scale_by_cocob(alpha: Any = 100.0, eps: Any = 1e-8) -> Transformation:
    r"""The bet of a gambler on each parameter, as far from the first parameters as it has won.

    .. math::
        L ← \max(L, |g|), \quad G ← G + |g|, \quad R ← \max(R - g (θ - θ_0), 0), \quad C ← C - g,
        \quad θ + u = θ_0 + \frac{C}{L \max(G + L, α L)} (L + R)

    Args:
        alpha: α; bets are small for about so many steps.
        eps: the first :math:`L`, above 0.

    Raises:
        ValueError: for arguments out of range; in ``update``, if it is given no parameters.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.scale_by_cocob()
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([-0.0100,  0.0100])

    Reference: Orabona and Tommasi, "Training deep networks without learning rates through coin
    betting", NeurIPS 2017, algorithm 2.
    """
    in_range("scale_by_cocob", "alpha", alpha, 0, open_low=True)
    in_range("scale_by_cocob", "eps", eps, 0, open_low=True)
    return COCOB(alpha=alpha, eps=eps)


def cocob(
    learning_rate: Any = 1.0,
    alpha: Any = 100.0,
    eps: Any = 1e-8,
    weight_decay: Any = 0.0,
    mask: Any = None,
) -> Transformation:
    """COCOB: weight decay, a factor, then :func:`scale_by_cocob`.

    Args:
        learning_rate: a factor of the gradient, at least 0.
        alpha, eps: see :func:`scale_by_cocob`.
        weight_decay, mask: see :func:`add_decayed_weights`.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.cocob()
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([-0.0100,  0.0100])

    Reference: Orabona and Tommasi, "Training deep networks without learning rates through coin
    betting", NeurIPS 2017.
    """
    return chain(
        add_decayed_weights(weight_decay, mask),
        scale_by_learning_rate(learning_rate, flip_sign=False),
        scale_by_cocob(alpha, eps),
    )


# --- Mechanic -----------------------------------------------------------------------------------


class Mechanized(Wrapper):
    """See :func:`mechanize`."""

    name = "mechanize"

    def __init__(self, inner: Any, weight_decay: Any, eps: Any, s_init: Any, count: int) -> None:
        super().__init__(inner)
        self.weight_decay = weight_decay
        self.eps = eps
        self.s_init = s_init
        self.count = count

    def start(self, leaves: list[Leaf], run: Run, path: str) -> None:
        key = path or self.name
        for leaf in leaves:
            leaf.state[key] = {"x0": leaf.param.detach().clone()}
        run.shared[key] = {
            slot: zeros((self.count,), dtype=dtypes.float64) for slot in ("r", "m", "v")
        } | {"s": full((self.count,), self.s_init, dtype=dtypes.float64)}
        self.inner.start(leaves, run, self.inside(key))

    def run(self, leaves: list[Leaf], run: Run, path: str) -> None:
        require_params(self.name, leaves)
        key = path or self.name
        shared, eps = run.shared[key], self.eps
        scale = shared["s"].sum()
        gradients = [leaf.value() for leaf in leaves]
        of_g = sqrt(total([size_squared(g).sum() for g in gradients]))
        of_p = sqrt(total([size_squared(leaf.param).sum() for leaf in leaves]))
        decay = scale * self.weight_decay * of_g / (of_p + eps)
        gone = [(leaf.state[key]["x0"] - leaf.param) / (scale + eps) for leaf in leaves]
        decayed = [added(g, x.param, decay) for g, x in zip(gradients, leaves, strict=True)]
        h = scalar(total([dot(g, d) for g, d in zip(decayed, gone, strict=True)]))
        self.inner.run(leaves, run, self.inside(key))
        self._bet(shared, h)
        scale = shared["s"].sum()
        for leaf, d in zip(leaves, gone, strict=True):
            moved = leaf.state[key]["x0"] - (d - leaf.value()) * scale
            leaf.set((moved - leaf.param).to(leaf.param.dtype))

    def _bet(self, shared: dict[str, Tensor], h: Tensor) -> None:
        decays = 1 - 0.1 ** arange(1, self.count + 1, dtype=dtypes.float64)
        clipped = h.maximum(-shared["m"]).minimum(shared["m"])
        reward = shared["r"] * decays + clipped * shared["s"]
        largest = (shared["m"] * decays).maximum(h.abs() + self.eps)
        square = shared["v"] * decays * decays + h * h
        wealth = largest * (self.s_init / self.count) + reward.clamp(min=0)
        shared["r"], shared["m"], shared["v"] = reward, largest, square
        shared["s"] = wealth / (square.sqrt() + self.eps)


def mechanize(
    base_optimizer: Any,
    weight_decay: Any = 0.01,
    eps: Any = 1e-8,
    s_init: Any = 1e-6,
    num_betas: int = 6,
) -> Transformation:
    r"""Let a gambler choose the scale of another optimizer's way from the first parameters.

    .. math:: θ + u = θ_0 + s\, Δ, \quad Δ = \sum \text{ of the other optimizer's updates}

    where :math:`s` is the sum of several bets on :math:`⟨g, Δ⟩`, with memories of different
    lengths.

    Args:
        base_optimizer: the optimizer; its learning rate matters little, its schedule does.
        weight_decay: at least 0; in units of the gradient's norm over the parameters'.
        eps: at least 0.
        s_init: the first scale, above 0.
        num_betas: how many bets, at least 1.

    Raises:
        ValueError: for arguments out of range; in ``update``, if it is given no parameters.

    Reference: Cutkosky, Defazio and Mehta, "Mechanic: a learning rate tuner", NeurIPS 2023,
    algorithm 1.
    """
    in_range("mechanize", "weight_decay", weight_decay, 0)
    in_range("mechanize", "s_init", s_init, 0, open_low=True)
    in_range("mechanize", "num_betas", num_betas, 1)
    return Mechanized(base_optimizer, weight_decay, eps, s_init, num_betas)
