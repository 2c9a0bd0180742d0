"""Steps divided by an estimate of the Hessian's diagonal."""

from __future__ import annotations

from typing import Any

from flambeau.autograd import enable_grad
from flambeau.autograd.backward import grad as gradients_of
from flambeau.core.errors import message
from flambeau.ops.likes import zeros_like
from flambeau.optim.checks import in_range
from flambeau.optim.engine.combinators import as_transformation, chain, inside, tree_of
from flambeau.optim.engine.conditions import conditionally
from flambeau.optim.engine.leaf import Leaf, Run, below
from flambeau.optim.engine.step_noise import bits_of_step, place_of
from flambeau.optim.engine.transformation import Transformation, Whole, require_params
from flambeau.optim.scalars import is_due
from flambeau.optim.transform.adam_family import check_betas
from flambeau.optim.transform.moments import average_, zeros_for
from flambeau.optim.transform.scaling import add_decayed_weights, scale_by_learning_rate
from flambeau.tensor.tensor import Tensor

# --- the estimate -------------------------------------------------------------------------------


def _hutchinson(leaves: list[Leaf], h: dict[str, Any], run: Run, path: str) -> None:
    loss = run.extra.get("obj_fn")
    if loss is None:
        raise ValueError(
            message(
                "hutchinson_estimator_diag_hessian: update needs the loss as a function",
                expected="update(updates, state, params, obj_fn=f)",
                got="no obj_fn",
            )
        )
    values = [leaf.param.detach().requires_grad_() for leaf in leaves]
    by_path = {leaf.path: x for leaf, x in zip(leaves, values, strict=True)}
    with enable_grad():
        found = loss(tree_of(leaves, run, lambda leaf: by_path[leaf.path]))
        slopes = gradients_of(found, values, create_graph=True, allow_unused=True)
        signs = [_signs(leaf, run, h["key"], path) for leaf in leaves]
        used = [(g * s).sum() for g, s in zip(slopes, signs, strict=True) if g is not None]
        products = gradients_of(sum(used[1:], used[0]), values, allow_unused=True)
    for leaf, product, sign in zip(leaves, products, signs, strict=True):
        leaf.set(zeros_like(sign) if product is None else product.detach() * sign)


def _signs(leaf: Leaf, run: Run, key: int, path: str) -> Tensor:
    bits = bits_of_step(leaf.param, run.step, key, place_of(f"{path}/{leaf.name}"))
    return ((bits % 2) * 2 - 1).to(leaf.param.dtype)


def hutchinson_estimator_diag_hessian(random_seed: int = 0) -> Transformation:
    r"""An estimate of the Hessian's diagonal, in place of the gradient.

    .. math:: h = r ⊙ \nabla ⟨\nabla f, r⟩, \quad r_i = ±1, \quad \operatorname E h =
        \operatorname{diag} \nabla^2 f

    ``update`` must be given the loss as a function of the parameters, ``obj_fn``.

    Args:
        random_seed: a whole number; another one, other signs.

    Raises:
        ValueError: in ``update``, without parameters or ``obj_fn``.

    Example:
        >>> import flambeau as fb
        >>> rule = fb.optim.transform.hutchinson_estimator_diag_hessian()
        >>> w = fb.ones(2)
        >>> rule.update(w, rule.init(w), w, obj_fn=lambda w: (w ** 3).sum())[0]
        tensor([6., 6.])

    Reference: Hutchinson, "A stochastic estimator of the trace of the influence matrix for
    Laplacian smoothing splines", 1990; Bekas, Kokiopoulou and Saad, "An estimator for the
    diagonal of a matrix", 2007.
    """
    return Whole(
        "hutchinson_estimator_diag_hessian", _hutchinson, {"key": random_seed}, needs_params=True
    )


# --- Sophia -------------------------------------------------------------------------------------


class Sophia(Transformation):
    """See :func:`sophia`."""

    name = "scale_by_sophia"

    def __init__(self, h: dict[str, Any], hessian: Any) -> None:
        self.h = h
        self.hessian = as_transformation(hessian)

    def start(self, leaves: list[Leaf], run: Run, path: str) -> None:
        key = path or self.name
        for leaf in leaves:
            kind = self.h["mu_dtype"]
            leaf.state[key] = {"mu": zeros_for(leaf.param, kind), "nu": zeros_for(leaf.param)}
        self.hessian.start(leaves, run, inside(below(key, "hessian"), self.hessian))

    def run(self, leaves: list[Leaf], run: Run, path: str) -> None:
        require_params(self.name, leaves)
        key, h = path or self.name, self.h
        gradients = [leaf.value() for leaf in leaves]
        for leaf, g in zip(leaves, gradients, strict=True):
            s = leaf.state[key]
            mean = average_(s["mu"].to(g.dtype, copy=True), g, h["b1"])
            s["mu"] = mean.to(s["mu"].dtype)
            size = (s["nu"] * h["gamma"]).clamp(min=h["eps"])
            u = mean / (1 - h["b1"] ** run.step) / size
            if h["clip_threshold"] is not None:
                u = u.clamp(-h["clip_threshold"], h["clip_threshold"])
            leaf.set(u)
        due = is_due(run.step, h["update_interval"])
        conditionally(due, leaves, run, key, lambda: self._measure(leaves, gradients, run, key))

    def _measure(self, leaves: list[Leaf], gradients: list[Tensor], run: Run, key: str) -> None:
        updates = [leaf.value() for leaf in leaves]
        for leaf, g in zip(leaves, gradients, strict=True):
            leaf.set(g)
        self.hessian.run(leaves, run, inside(below(key, "hessian"), self.hessian))
        for leaf, u in zip(leaves, updates, strict=True):
            slots = leaf.state[key]
            slots["nu"] = average_(slots["nu"].clone(), leaf.value(), self.h["b2"])
            leaf.set(u)


def sophia(
    learning_rate: Any,
    b1: Any = 0.965,
    b2: Any = 0.99,
    eps: Any = 1e-8,
    weight_decay: Any = 1e-4,
    weight_decay_mask: Any = None,
    gamma: Any = 0.01,
    clip_threshold: Any = 1.0,
    update_interval: int = 10,
    hessian_diagonal_fn: Any = None,
    mu_dtype: Any = None,
) -> Transformation:
    r"""The average gradient over the Hessian's diagonal, within bounds.

    .. math::
        m ← β_1 m + (1 - β_1) g, \quad h ← β_2 h + (1 - β_2) \hat h \text{ every } k \text{ steps},
        \quad u = -γ \left(\operatorname{clip}\left(\frac{m / (1 - β_1^t)}{\max(ρ h, ε)}, c\right)
        + λ θ\right)

    ``update`` must be given the loss as a function of the parameters, ``obj_fn``.

    Args:
        learning_rate: γ, at least 0.
        b1, b2: decay rates β₁, β₂, in [0, 1).
        eps: ε, above 0.
        weight_decay, weight_decay_mask: λ; see :func:`add_decayed_weights`.
        gamma: ρ.
        clip_threshold: :math:`c`; ``None`` for no bounds.
        update_interval: :math:`k`, at least 1.
        hessian_diagonal_fn: a transformation that gives :math:`\hat h`;
            :func:`hutchinson_estimator_diag_hessian` if not given.
        mu_dtype: the type in which :math:`m` is kept.

    Raises:
        ValueError: for arguments out of range; in ``update``, without parameters or ``obj_fn``.

    Reference: Liu et al., "Sophia: a scalable stochastic second-order optimizer for language
    model pre-training", ICLR 2024, algorithm 3.
    """
    check_betas("sophia", b1=b1, b2=b2)
    in_range("sophia", "eps", eps, 0, open_low=True)
    in_range("sophia", "update_interval", update_interval, 1)
    h = {
        "b1": b1, "b2": b2, "eps": eps, "gamma": gamma, "clip_threshold": clip_threshold,
        "update_interval": update_interval, "mu_dtype": mu_dtype,
    }  # fmt: skip
    return chain(
        Sophia(h, hessian_diagonal_fn or hutchinson_estimator_diag_hessian()),
        add_decayed_weights(weight_decay, weight_decay_mask),
        scale_by_learning_rate(learning_rate),
    )
