"""Rules that divide the gradient by the root of a sum or an average of its squares."""

from __future__ import annotations

from typing import Any

from flambeau.ops.likes import full_like
from flambeau.optim.checks import in_range
from flambeau.optim.engine.transformation import Rule, Transformation
from flambeau.optim.scalars import where
from flambeau.optim.transform.moments import (
    average_,
    average_square_,
    real_zeros_for,
    size_squared,
    zeros_for,
)
from flambeau.tensor.tensor import Tensor

Slots = dict[str, Any]
Hyper = dict[str, Any]


# --- RMSprop ------------------------------------------------------------------------------------


def _rms_start(p: Tensor, h: Hyper) -> Slots:
    return {"nu": full_like(real_zeros_for(p), h["initial_scale"])}


def _divided(g: Tensor, square: Tensor, h: Hyper) -> Tensor:
    if h["eps_in_sqrt"]:
        return g / (square + h["eps"]).sqrt()
    return g / (square.sqrt() + h["eps"])


def _rms(g: Tensor, s: Slots, p: Any, h: Hyper, t: Any) -> Tensor:
    nu = average_square_(s["nu"], g, h["decay"])
    return _divided(g, nu / (1 - h["decay"] ** t) if h["bias_correction"] else nu, h)


RMS = Rule("scale_by_rms", _rms, _rms_start)


def scale_by_rms(
    decay: Any = 0.9,
    eps: Any = 1e-8,
    initial_scale: Any = 0.0,
    eps_in_sqrt: bool = True,
    bias_correction: bool = False,
) -> Transformation:
    r"""The gradient over the root of its average square.

    .. math:: v ← β v + (1 - β) |g|^2, \quad u = g / \sqrt{v + ε}

    Args:
        decay: β, in [0, 1).
        eps: ε, at least 0.
        initial_scale: where :math:`v` starts, at least 0.
        eps_in_sqrt: add ε inside the root; otherwise outside, as PyTorch does.
        bias_correction: divide :math:`v` by :math:`1 - β^t`.

    Raises:
        ValueError: for arguments out of range.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.scale_by_rms()
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([ 3.1623, -3.1623])

    Reference: Hinton, "Neural networks for machine learning", lecture 6, 2012.
    Differs from PyTorch: see ``eps_in_sqrt``; there β is 0.99.
    """
    _check("scale_by_rms", decay, eps, initial_scale)
    return RMS(
        decay=decay, eps=eps, initial_scale=initial_scale, eps_in_sqrt=eps_in_sqrt,
        bias_correction=bias_correction,
    )  # fmt: skip


def _check(name: str, decay: Any, eps: Any, initial: Any) -> None:
    in_range(name, "decay", decay, 0, 1)
    in_range(name, "eps", eps, 0)
    in_range(name, "initial_scale", initial, 0)


def _stddev_start(p: Tensor, h: Hyper) -> Slots:
    return {"mu": zeros_for(p), **_rms_start(p, h)}


def _stddev(g: Tensor, s: Slots, p: Any, h: Hyper, t: Any) -> Tensor:
    mu = average_(s["mu"], g, h["decay"])
    nu = average_square_(s["nu"], g, h["decay"])
    if h["bias_correction"]:
        correction = 1 - h["decay"] ** t
        mu, nu = mu / correction, nu / correction
    # The difference is never negative, but for its rounding; where it is 0 that would give nan.
    return _divided(g, (nu - size_squared(mu)).clamp(min=0), h)


STDDEV = Rule("scale_by_stddev", _stddev, _stddev_start)


def scale_by_stddev(
    decay: Any = 0.9,
    eps: Any = 1e-8,
    initial_scale: Any = 0.0,
    eps_in_sqrt: bool = True,
    bias_correction: bool = False,
) -> Transformation:
    r"""The gradient over its standard deviation: RMSprop, centered.

    .. math::
        m ← β m + (1 - β) g, \quad v ← β v + (1 - β) |g|^2, \quad
        u = g / \sqrt{\max(v - |m|^2, 0) + ε}

    Args:
        decay: β, in [0, 1).
        eps: ε, at least 0.
        initial_scale: where :math:`v` starts, at least 0.
        eps_in_sqrt: add ε inside the root; otherwise outside, as PyTorch does.
        bias_correction: divide both averages by :math:`1 - β^t`.

    Raises:
        ValueError: for arguments out of range.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.scale_by_stddev()
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([ 3.3333, -3.3333])

    Reference: Graves, "Generating sequences with recurrent neural networks", 2013, equations 38
    to 45.
    Differs from both peers: a difference that is negative by rounding counts as 0; there it
    becomes nan.
    """
    _check("scale_by_stddev", decay, eps, initial_scale)
    return STDDEV(
        decay=decay, eps=eps, initial_scale=initial_scale, eps_in_sqrt=eps_in_sqrt,
        bias_correction=bias_correction,
    )  # fmt: skip


# --- Adagrad ------------------------------------------------------------------------------------


def _rss_start(p: Tensor, h: Hyper) -> Slots:
    return {"sum_of_squares": full_like(real_zeros_for(p), h["initial_accumulator_value"])}


def _rss(g: Tensor, s: Slots, p: Any, h: Hyper, t: Any) -> Tensor:
    total = s["sum_of_squares"] = s["sum_of_squares"] + size_squared(g)
    if not h["eps_in_sqrt"]:
        return g / (total.sqrt() + h["eps"])
    # Where no gradient has come yet, the quotient may be 0/0.
    return where(total > 0, g / (total + h["eps"]).sqrt(), g * 0)


RSS = Rule("scale_by_rss", _rss, _rss_start)


def scale_by_rss(
    initial_accumulator_value: Any = 0.1, eps: Any = 1e-7, *, eps_in_sqrt: bool = True
) -> Transformation:
    r"""The gradient over the root of the sum of its squares.

    .. math:: s ← s + |g|^2, \quad u = g / \sqrt{s + ε} \text{ where } s > 0, \text{ else } 0

    Args:
        initial_accumulator_value: where :math:`s` starts, at least 0.
        eps: ε, at least 0.
        eps_in_sqrt: add ε inside the root; otherwise :math:`u = g / (\sqrt s + ε)`, which with a
            start at 0 and ε = 1e-10 is the ``torch`` preset.

    Raises:
        ValueError: for arguments out of range.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.scale_by_rss()
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([ 0.8452, -0.3015])

    Reference: Duchi, Hazan and Singer, "Adaptive subgradient methods for online learning and
    stochastic optimization", JMLR 2011, figure 1.
    Differs from PyTorch: see ``eps_in_sqrt``.
    """
    in_range("scale_by_rss", "initial_accumulator_value", initial_accumulator_value, 0)
    in_range("scale_by_rss", "eps", eps, 0)
    return RSS(
        initial_accumulator_value=initial_accumulator_value, eps=eps, eps_in_sqrt=eps_in_sqrt
    )


# --- Adadelta -----------------------------------------------------------------------------------


def _adadelta_start(p: Tensor, h: Hyper) -> Slots:
    return {"e_g": real_zeros_for(p), "e_x": real_zeros_for(p)}


def _adadelta(g: Tensor, s: Slots, p: Any, h: Hyper, t: Any) -> Tensor:
    eps = h["eps"]
    gradients = average_square_(s["e_g"], g, h["rho"])
    update = (s["e_x"] + eps).sqrt() / (gradients + eps).sqrt() * g
    s["e_x"] = average_square_(s["e_x"].clone(), update, h["rho"])
    return update


ADADELTA = Rule("scale_by_adadelta", _adadelta, _adadelta_start)


def scale_by_adadelta(rho: Any = 0.9, eps: Any = 1e-6) -> Transformation:
    r"""The gradient, in the units of the parameter.

    .. math::
        v ← ρ v + (1 - ρ) |g|^2, \quad u = \frac{\sqrt{x + ε}}{\sqrt{v + ε}}\, g, \quad
        x ← ρ x + (1 - ρ) |u|^2

    Args:
        rho: ρ, in [0, 1).
        eps: ε, at least 0.

    Raises:
        ValueError: for arguments out of range.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.scale_by_adadelta()
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([ 0.0032, -0.0032])

    Reference: Zeiler, "ADADELTA: an adaptive learning rate method", 2012, algorithm 1.
    """
    in_range("scale_by_adadelta", "rho", rho, 0, 1)
    in_range("scale_by_adadelta", "eps", eps, 0)
    return ADADELTA(rho=rho, eps=eps)


# --- Adafactor ----------------------------------------------------------------------------------


def _factored_dims(p: Tensor, h: Hyper) -> tuple[int, int] | None:
    """The largest dimension but one and the largest, if the parameter is to be factored."""
    if not h["factored"] or p.ndim < 2:
        return None
    order = sorted(range(p.ndim), key=lambda dim: p.shape[dim])
    if p.shape[order[-2]] < h["min_dim_size_to_factor"]:
        return None
    return order[-2], order[-1]


def _factored_start(p: Tensor, h: Hyper) -> Slots:
    dims = _factored_dims(p, h)
    if dims is None:
        return {"v": real_zeros_for(p)}
    second, first = dims
    return {
        "v_row": real_zeros_for(p.select(first, 0)),
        "v_col": real_zeros_for(p.select(second, 0)),
    }


def power_decay(count: Any, exponent: Any) -> Any:
    """Adafactor's decay rate after ``count`` updates: :math:`1 - (c + 1)^{-p}`."""
    return 1 - (count + 1) ** -exponent


def _factored_rms(g: Tensor, s: Slots, p: Any, h: Hyper, t: Any) -> Tensor:
    decay = h["decay_rate_fn"](t - 1 - h["step_offset"], h["decay_rate"])
    square = size_squared(g) + h["epsilon"]
    dims = _factored_dims(g, h)
    if dims is None:
        return g / average_(s["v"], square, decay).sqrt()
    second, first = dims
    row = average_(s["v_row"], square.mean(first), decay)
    col = average_(s["v_col"], square.mean(second), decay)
    mean = row.mean(second - 1 if second > first else second, keepdim=True)
    # One quotient of the whole matrix; the others are of its rows and columns only.
    return g * ((mean.sqrt() * row.rsqrt()).unsqueeze(first) * col.rsqrt().unsqueeze(second))


FACTORED_RMS = Rule(
    "scale_by_factored_rms", _factored_rms, _factored_start, functions=("decay_rate_fn",)
)


def scale_by_factored_rms(
    factored: bool = True,
    decay_rate: Any = 0.8,
    step_offset: Any = 0,
    min_dim_size_to_factor: int = 128,
    epsilon: Any = 1e-30,
    decay_rate_fn: Any = power_decay,
) -> Transformation:
    r"""The gradient over the root of its average square, of which only sums are kept.

    .. math::
        β = 1 - t^{-p}, \quad R ← βR + (1 - β) \operatorname{mean}_j(g^2 + ε), \quad
        C ← βC + (1 - β) \operatorname{mean}_i(g^2 + ε), \quad
        u_{ij} = g_{ij} \Big/ \sqrt{\frac{R_i C_j}{\operatorname{mean}(R)}}

    Args:
        factored: keep only means over the two largest dimensions; otherwise the whole average.
        decay_rate: :math:`p`, above 0.
        step_offset: updates to be left out of :math:`t`.
        min_dim_size_to_factor: parameters are factored if their two largest dimensions are at
            least that long.
        epsilon: ε, at least 0, added to the squares.
        decay_rate_fn: ``(updates before this one, decay_rate)`` to β.

    Raises:
        ValueError: for arguments out of range.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.scale_by_factored_rms()
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([ 1., -1.])

    Reference: Shazeer and Stern, "Adafactor: adaptive learning rates with sublinear memory cost",
    ICML 2018, algorithm 4.
    Differs from PyTorch: ``Adafactor`` factors the last two dimensions of every matrix.
    """
    in_range("scale_by_factored_rms", "decay_rate", decay_rate, 0, open_low=True)
    in_range("scale_by_factored_rms", "epsilon", epsilon, 0)
    return FACTORED_RMS(
        factored=factored, decay_rate=decay_rate, step_offset=step_offset,
        min_dim_size_to_factor=min_dim_size_to_factor, epsilon=epsilon,
        decay_rate_fn=decay_rate_fn,
    )  # fmt: skip
