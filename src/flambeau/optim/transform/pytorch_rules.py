"""Rules that PyTorch has in a form of its own."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.ops.creation import full, ones
from flambeau.optim.checks import in_range, require
from flambeau.optim.engine.leaf import is_plain, number_of
from flambeau.optim.engine.transformation import Rule, Transformation
from flambeau.optim.scalars import at_each_call, maximum, minimum, where
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
from flambeau.optim.transform.newton_schulz import step
from flambeau.optim.transform.scaling import rms_of
from flambeau.tensor.tensor import Tensor

Slots = dict[str, Any]
Hyper = dict[str, Any]


# --- NAdam --------------------------------------------------------------------------------------


def _nadam_start(p: Tensor, h: Hyper) -> Slots:
    return {
        "mu": zeros_for(p),
        "nu": real_zeros_for(p),
        "mu_product": ones((), dtype=dtypes.float64),
    }


def _nadam(g: Tensor, s: Slots, p: Any, h: Hyper, t: Any) -> Tensor:
    b1, psi = h["b1"], h["momentum_decay"]
    now = b1 * (1 - 0.5 * 0.96 ** (t * psi))
    ahead = b1 * (1 - 0.5 * 0.96 ** ((t + 1) * psi))
    s["mu_product"] = s["mu_product"] * now
    product = number_of(s["mu_product"])
    mu, nu = average_(s["mu"], g, b1), average_square_(s["nu"], g, h["b2"])
    mean = added(mu * (ahead / (1 - product * ahead)), g, (1 - now) / (1 - product))
    return mean / root(nu / (1 - h["b2"] ** t), h["eps"])


NADAM = Rule("scale_by_nadam", _nadam, _nadam_start)


def scale_by_nadam(
    b1: Any = 0.9, b2: Any = 0.999, eps: Any = 1e-8, momentum_decay: Any = 4e-3
) -> Transformation:
    r"""Adam's direction with Nesterov's momentum that grows with the step.

    .. math::
        μ_t = β_1 (1 - \tfrac12 0.96^{tψ}), \quad P_t = \prod_{i ≤ t} μ_i, \quad
        u = \left(\frac{μ_{t+1} m}{1 - P_{t+1}} + \frac{(1 - μ_t) g}{1 - P_t}\right) \Big/
        \left(\sqrt{v / (1 - β_2^t)} + ε\right)

    Args:
        b1, b2: decay rates β₁, β₂, in [0, 1).
        eps: ε, at least 0.
        momentum_decay: ψ, at least 0.

    Raises:
        ValueError: for arguments out of range.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.scale_by_nadam()
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([ 1.0565, -1.0565])

    Reference: Dozat, "Incorporating Nesterov momentum into Adam", 2016, algorithm 2.
    Differs from optax: ``adam(nesterov=True)`` has a fixed β₁. From PyTorch: the product is kept
    in double precision.
    """
    check_betas("scale_by_nadam", b1=b1, b2=b2)
    in_range("scale_by_nadam", "eps", eps, 0)
    in_range("scale_by_nadam", "momentum_decay", momentum_decay, 0)
    return NADAM(b1=b1, b2=b2, eps=eps, momentum_decay=momentum_decay)


# --- averaged gradient descent ------------------------------------------------------------------


def _asgd_start(p: Tensor, h: Hyper) -> Slots:
    rate = h["learning_rate"]
    eta = rate.detach().double() if isinstance(rate, Tensor) else rate
    return {
        "eta": full((), eta, dtype=dtypes.float64) if is_plain(eta) else eta.reshape(()).clone(),
        "mu": ones((), dtype=dtypes.float64),
        "ax": zeros_for(p),
    }


@at_each_call
def _share(t: Any, t0: Any) -> Any:
    return 1 / maximum(t - t0, 1)


def _asgd(g: Tensor, s: Slots, p: Tensor, h: Hyper, t: Any) -> Tensor:
    rate, lambd = h["learning_rate"], h["lambd"]
    eta, share = number_of(s["eta"]), number_of(s["mu"])
    update = added(g, p, lambd) * -eta
    moved = p + update
    s["ax"] = where(share == 1, moved, s["ax"] + (moved - s["ax"]) * share)
    s["eta"] = s["eta"] * 0 + rate / (1 + lambd * rate * t) ** h["alpha"]
    s["mu"] = s["mu"] * 0 + _share(t, h["t0"])
    return update


ASGD = Rule("asgd", _asgd, _asgd_start, needs_params=True)


def asgd(
    learning_rate: Any = 0.01, lambd: Any = 1e-4, alpha: Any = 0.75, t0: Any = 1e6
) -> Transformation:
    r"""Gradient descent with a falling rate, and the average of the parameters.

    .. math::
        u = -η (g + λ θ), \quad \bar θ ← \bar θ + μ (θ + u - \bar θ), \quad
        η ← \frac{γ}{(1 + λ γ t)^α}, \quad μ ← \frac{1}{\max(1, t - t_0)}

    Args:
        learning_rate: γ, at least 0.
        lambd: λ, decay of parameters and rate.
        alpha: α, the power of the rate's decay.
        t0: the step at which averaging begins.

    Returns:
        A transformation whose slot ``ax`` is :math:`\bar θ`.

    Raises:
        ValueError: for arguments out of range.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.asgd()
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([-0.0050,  0.0010])

    Reference: Polyak and Juditsky, "Acceleration of stochastic approximation by averaging", 1992.
    """
    in_range("asgd", "learning_rate", learning_rate, 0)
    return ASGD(learning_rate=learning_rate, lambd=lambd, alpha=alpha, t0=t0)


# --- Adafactor, as PyTorch has it ---------------------------------------------------------------


def _adafactor_start(p: Tensor, h: Hyper) -> Slots:
    if p.ndim < 2:
        return {"variance": zeros_for(p)}
    return {"row_var": zeros_for(p.narrow(-1, 0, 1)), "col_var": zeros_for(p.narrow(-2, 0, 1))}


def _adafactor(g: Tensor, s: Slots, p: Tensor, h: Hyper, t: Any) -> Tensor:
    eps1, eps2 = h["eps"]
    if eps1 is None:
        eps1 = _machine_epsilon(p)
    fresh = t ** h["beta2_decay"]
    square = size_squared(g)
    if g.ndim < 2:
        size = average_(s["variance"], square, 1 - fresh)
    else:
        row = average_(s["row_var"], square.mean(-1, keepdim=True), 1 - fresh)
        col = average_(s["col_var"], square.mean(-2, keepdim=True), 1 - fresh)
        size = row / row.mean(-2, keepdim=True).clamp(min=eps1) * col
    u = g / size.clamp(min=eps1 * eps1).sqrt()
    step = rms_of(p).clamp(min=eps2) * minimum(h["learning_rate"], t**-0.5)
    u = u * (-step / (rms_of(u) / h["d"]).clamp(min=1.0))
    return added(u, p, -(h["learning_rate"] * h["weight_decay"]))


def _machine_epsilon(p: Tensor) -> float:
    if p.dtype is dtypes.bfloat16:
        return 2.0**-7
    return float(np.finfo(p.dtype.numpy).eps)


ADAFACTOR = Rule("adafactor", _adafactor, _adafactor_start, needs_params=True)


# --- Muon ---------------------------------------------------------------------------------------


def _orthogonalized(x: Tensor, h: Hyper) -> Tensor:
    """A matrix with its singular values moved towards 1, in the type of the iteration."""
    tall = x.shape[0] > x.shape[1]
    y = x.to(h["ns_dtype"])
    y = y.mT if tall else y
    y = y / y.norm().clamp(min=h["eps"])
    for _ in range(h["ns_steps"]):
        y = step(y, h["ns_coefficients"])
    return (y.mT if tall else y).to(x.dtype)


SHAPE_FACTORS = {
    "original": lambda rows, columns: math.sqrt(max(1.0, rows / columns)),
    "match_rms_adamw": lambda rows, columns: 0.2 * math.sqrt(max(rows, columns)),
}


def _muon_start(p: Tensor, h: Hyper) -> Slots:
    require(p.ndim == 2, "muon: not a matrix", "parameters with 2 dimensions", f"{p.ndim}")
    return {"momentum": zeros_for(p)}


def _muon(g: Tensor, s: Slots, p: Any, h: Hyper, t: Any) -> Any:
    mean = average_(s["momentum"], g, h["momentum"])
    mixed = g.lerp(mean, h["momentum"]) if h["nesterov"] else mean
    return _orthogonalized(mixed, h), SHAPE_FACTORS[h["adjust"]](*g.shape)


MUON = Rule("muon", _muon, _muon_start)
