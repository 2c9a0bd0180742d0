"""Rules that change one thing about Adam: differences of gradients, the order of the moments."""

from __future__ import annotations

from typing import Any

from flambeau.ops.likes import ones_like, zeros_like
from flambeau.ops.pairwise_extremes import maximum, minimum
from flambeau.optim.checks import in_range
from flambeau.optim.engine.combinators import chain
from flambeau.optim.engine.leaf import is_plain
from flambeau.optim.engine.transformation import Rule, Transformation
from flambeau.optim.scalars import as_tensor, is_first, where
from flambeau.optim.transform.adam_family import check_betas
from flambeau.optim.transform.moments import (
    added,
    average_,
    average_square_,
    real_zeros_for,
    root,
    size_squared,
    zeros_for,
)
from flambeau.optim.transform.scaling import add_decayed_weights, scale_by_learning_rate
from flambeau.tensor.tensor import Tensor

Slots = dict[str, Any]
Hyper = dict[str, Any]


def check_moments(name: str, h: Hyper) -> None:
    """Refuse decay rates and ε out of range."""
    check_betas(name, **{k: v for k, v in h.items() if k in ("b1", "b2", "b3")})
    for option in ("eps", "eps_root"):
        in_range(name, option, h.get(option, 0), 0)


# --- Adan ---------------------------------------------------------------------------------------


def _adan_start(p: Tensor, h: Hyper) -> Slots:
    return {"m": zeros_for(p), "v": zeros_for(p), "n": real_zeros_for(p), "g": zeros_for(p)}


def _adan(g: Tensor, s: Slots, p: Any, h: Hyper, t: Any) -> Tensor:
    b1, b2, b3 = h["b1"], h["b2"], h["b3"]
    change = where(is_first(t), zeros_like(g), g - s["g"])
    s["g"] = g.clone()
    m, v = average_(s["m"], g, b1), average_(s["v"], change, b2)
    n = average_square_(s["n"], added(g, change, 1 - b2), b3)
    mean = m / (1 - b1**t) + v * ((1 - b2) / (1 - b2**t))
    return mean / root(n / (1 - b3**t), h["eps"], h["eps_root"])


ADAN = Rule("scale_by_adan", _adan, _adan_start)


def scale_by_adan(
    b1: Any = 0.98, b2: Any = 0.92, b3: Any = 0.99, eps: Any = 1e-8, eps_root: Any = 0.0
) -> Transformation:
    r"""Adam's direction with Nesterov's momentum from differences of gradients.

    .. math::
        d = g_t - g_{t-1}, \quad m ← β_1 m + (1 - β_1) g, \quad v ← β_2 v + (1 - β_2) d, \quad
        n ← β_3 n + (1 - β_3) (g + (1 - β_2) d)^2, \quad
        u = \frac{\hat m + (1 - β_2) \hat v}{\sqrt{\hat n + ε_0} + ε}

    Args:
        b1, b2, b3: decay rates, in [0, 1).
        eps, eps_root: ε outside and ε₀ inside the root, at least 0.

    Raises:
        ValueError: for arguments out of range.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.scale_by_adan()
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([ 1., -1.])

    Reference: Xie et al., "Adan: adaptive Nesterov momentum algorithm for faster optimizing deep
    models", TPAMI 2024, algorithm 1 (whose β are 1 minus these).
    """
    h = {"b1": b1, "b2": b2, "b3": b3, "eps": eps, "eps_root": eps_root}
    check_moments("scale_by_adan", h)
    return ADAN(**h)


def adan(
    learning_rate: Any,
    b1: Any = 0.98,
    b2: Any = 0.92,
    b3: Any = 0.99,
    eps: Any = 1e-8,
    eps_root: Any = 1e-8,
    weight_decay: Any = 0.0,
    mask: Any = None,
) -> Transformation:
    """Adan: :func:`scale_by_adan`, weight decay, then the learning rate.

    Args:
        learning_rate: at least 0.
        b1, b2, b3, eps, eps_root: see :func:`scale_by_adan`.
        weight_decay, mask: see :func:`add_decayed_weights`.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.adan(0.1)
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([-0.1000,  0.1000])

    Reference: Xie et al., "Adan: adaptive Nesterov momentum algorithm for faster optimizing deep
    models", TPAMI 2024.
    """
    return chain(
        scale_by_adan(b1, b2, b3, eps, eps_root),
        add_decayed_weights(weight_decay, mask),
        scale_by_learning_rate(learning_rate),
    )


# --- ADOPT --------------------------------------------------------------------------------------


def _adopt_start(p: Tensor, h: Hyper) -> Slots:
    return {"mu": zeros_for(p, h["mu_dtype"]), "nu": real_zeros_for(p)}


def _adopt(g: Tensor, s: Slots, p: Any, h: Hyper, t: Any) -> Tensor:
    first = is_first(t)
    scaled = g / s["nu"].sqrt().clamp(min=h["eps"])
    if h["use_clipping"]:
        bound = h["clip_value_fn"](t - 1)
        bound = as_tensor(bound).to(g.dtype) if not is_plain(bound) else bound
        scaled = maximum(minimum(scaled, bound + g * 0), -bound + g * 0)
    # The first gradient only sets the scale for the second one.
    b1, b2 = where(first, 1.0, h["b1"]), where(first, 0.0, h["b2"])
    average_square_(s["nu"], g, b2)
    mu = average_(s["mu"], scaled, b1)
    return mu * b1 + scaled * (1 - b1) if h["nesterov"] else mu


ADOPT = Rule("scale_by_adopt", _adopt, _adopt_start, functions=("clip_value_fn",))


def fourth_root(count: Any) -> Any:
    """ADOPT's bound after ``count`` updates: :math:`c^{1/4}`."""
    return count**0.25


def scale_by_adopt(
    b1: Any = 0.9,
    b2: Any = 0.9999,
    eps: Any = 1e-6,
    mu_dtype: Any = None,
    *,
    nesterov: bool = False,
    use_clipping: bool = True,
    clip_value_fn: Any = fourth_root,
) -> Transformation:
    r"""The average of gradients that are divided by the root of the squares before them.

    .. math::
        c = \operatorname{clip}\left(\frac{g}{\max(\sqrt v, ε)}, ±(t - 1)^{1/4}\right), \quad
        m ← β_1 m + (1 - β_1) c, \quad v ← β_2 v + (1 - β_2) g^2, \quad u = m

    The first update is zero.

    Args:
        b1, b2: decay rates β₁, β₂, in [0, 1).
        eps: ε, at least 0.
        mu_dtype: the type in which :math:`m` is kept.
        nesterov: look one step ahead.
        use_clipping: whether the quotient is clipped.
        clip_value_fn: the number of updates so far to the bound.

    Raises:
        ValueError: for arguments out of range.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.scale_by_adopt()
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([0., 0.])

    Reference: Taniguchi et al., "ADOPT: modified Adam can converge with any β₂ with the optimal
    rate", NeurIPS 2024, algorithm 2.
    """
    check_moments("scale_by_adopt", {"b1": b1, "b2": b2, "eps": eps})
    return ADOPT(
        b1=b1, b2=b2, eps=eps, mu_dtype=mu_dtype, nesterov=nesterov, use_clipping=use_clipping,
        clip_value_fn=clip_value_fn,
    )  # fmt: skip


def adopt(
    learning_rate: Any,
    b1: Any = 0.9,
    b2: Any = 0.9999,
    eps: Any = 1e-6,
    mu_dtype: Any = None,
    *,
    nesterov: bool = False,
    use_clipping: bool = True,
    clip_value_fn: Any = fourth_root,
) -> Transformation:
    """ADOPT: :func:`scale_by_adopt`, then the learning rate.

    Args:
        learning_rate: at least 0.
        b1, b2, eps, mu_dtype, nesterov, use_clipping, clip_value_fn: see :func:`scale_by_adopt`.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.adopt(0.1)
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([-0., -0.])

    Reference: Taniguchi et al., "ADOPT: modified Adam can converge with any β₂ with the optimal
    rate", NeurIPS 2024.
    """
    return chain(
        scale_by_adopt(
            b1, b2, eps, mu_dtype, nesterov=nesterov, use_clipping=use_clipping,
            clip_value_fn=clip_value_fn,
        ),
        scale_by_learning_rate(learning_rate),
    )  # fmt: skip


# --- ACProp -------------------------------------------------------------------------------------


def _acprop_start(p: Tensor, h: Hyper) -> Slots:
    return {"mu": zeros_for(p), "nu": real_zeros_for(p)}


def _acprop(g: Tensor, s: Slots, p: Any, h: Hyper, t: Any) -> Tensor:
    b2 = h["b2"]
    before, error = s["nu"], g - s["mu"]
    average_(s["mu"], g, h["b1"])
    s["nu"] = average_square_(before.clone(), error, b2) + h["eps_root"]
    first = is_first(t)
    corrected = where(first, ones_like(before), before / where(first, 1.0, 1 - b2 ** (t - 1)))
    return g / root(corrected, h["eps"])


ACPROP = Rule("scale_by_acprop", _acprop, _acprop_start)


def scale_by_acprop(
    b1: Any = 0.9, b2: Any = 0.999, eps: Any = 1e-16, eps_root: Any = 1e-16
) -> Transformation:
    r"""The gradient over its spread around its average, up to the step before.

    .. math::
        u = \frac{g_t}{\sqrt{v_{t-1} / (1 - β_2^{t-1})} + ε}, \quad
        v_t = β_2 v_{t-1} + (1 - β_2) (g_t - m_{t-1})^2 + ε_0

    Args:
        b1, b2: decay rates β₁, β₂, in [0, 1).
        eps, eps_root: ε and ε₀, at least 0.

    Raises:
        ValueError: for arguments out of range.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.scale_by_acprop()
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([ 0.5000, -0.1000])

    Reference: Zhuang et al., "Momentum centering and asynchronous update for adaptive gradient
    methods", NeurIPS 2021.
    """
    h = {"b1": b1, "b2": b2, "eps": eps, "eps_root": eps_root}
    check_moments("scale_by_acprop", h)
    return ACPROP(**h)


def acprop(
    learning_rate: Any,
    b1: Any = 0.9,
    b2: Any = 0.999,
    eps: Any = 1e-16,
    eps_root: Any = 1e-16,
    weight_decay: Any = 0.0,
    mask: Any = None,
) -> Transformation:
    """ACProp: :func:`scale_by_acprop`, weight decay, then the learning rate.

    Args:
        learning_rate: at least 0.
        b1, b2, eps, eps_root: see :func:`scale_by_acprop`.
        weight_decay, mask: see :func:`add_decayed_weights`.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.acprop(0.1)
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([-0.0500,  0.0100])

    Reference: Zhuang et al., "Momentum centering and asynchronous update for adaptive gradient
    methods", NeurIPS 2021.
    """
    return chain(
        scale_by_acprop(b1, b2, eps, eps_root),
        add_decayed_weights(weight_decay, mask),
        scale_by_learning_rate(learning_rate),
    )


# --- NovoGrad -----------------------------------------------------------------------------------


def _novograd_start(p: Tensor, h: Hyper) -> Slots:
    return {"mu": zeros_for(p, h["mu_dtype"]), "nu": real_zeros_for(p).sum()}


def _novograd(g: Tensor, s: Slots, p: Tensor, h: Hyper, t: Any) -> Tensor:
    square = size_squared(g).sum()
    nu = s["nu"] = where(is_first(t), square, s["nu"] * h["b2"] + square * (1 - h["b2"]))
    scaled = g / root(nu, h["eps"], h["eps_root"]).to(g.dtype)
    return s["mu"].mul_(h["b1"]).add_(added(scaled, p, h["weight_decay"]))


NOVOGRAD = Rule("scale_by_novograd", _novograd, _novograd_start, needs_params=True)


def scale_by_novograd(
    b1: Any = 0.9,
    b2: Any = 0.25,
    eps: Any = 1e-8,
    eps_root: Any = 0.0,
    weight_decay: Any = 0.0,
    mu_dtype: Any = None,
) -> Transformation:
    r"""Momentum of gradients that are divided by the norm of their parameter's gradient.

    .. math::
        v ← β_2 v + (1 - β_2) ‖g‖^2, \quad
        m ← β_1 m + \frac{g}{\sqrt{v + ε_0} + ε} + λ θ, \quad u = m

    :math:`v` is one number for each parameter, at first :math:`‖g‖^2`.

    Args:
        b1, b2: decay rates β₁, β₂, in [0, 1).
        eps, eps_root: ε outside and ε₀ inside the root, at least 0.
        weight_decay: λ, at least 0.
        mu_dtype: the type in which :math:`m` is kept.

    Raises:
        ValueError: for arguments out of range; in ``update``, if it is given no parameters.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.scale_by_novograd()
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([ 0.9806, -0.1961])

    Reference: Ginsburg et al., "Stochastic gradient methods with layer-wise adaptive moments for
    training of deep networks", 2019, algorithm 1.
    """
    check_moments("scale_by_novograd", {"b1": b1, "b2": b2, "eps": eps, "eps_root": eps_root})
    in_range("scale_by_novograd", "weight_decay", weight_decay, 0)
    return NOVOGRAD(
        b1=b1, b2=b2, eps=eps, eps_root=eps_root, weight_decay=weight_decay, mu_dtype=mu_dtype
    )


def novograd(
    learning_rate: Any,
    b1: Any = 0.9,
    b2: Any = 0.25,
    eps: Any = 1e-6,
    eps_root: Any = 0.0,
    weight_decay: Any = 0.0,
) -> Transformation:
    """NovoGrad: :func:`scale_by_novograd`, then the learning rate.

    Args:
        learning_rate: at least 0.
        b1, b2, eps, eps_root, weight_decay: see :func:`scale_by_novograd`.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.novograd(0.1)
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([-0.0981,  0.0196])

    Reference: Ginsburg et al., "Stochastic gradient methods with layer-wise adaptive moments for
    training of deep networks", 2019.
    """
    return chain(
        scale_by_novograd(b1, b2, eps, eps_root, weight_decay),
        scale_by_learning_rate(learning_rate),
    )
