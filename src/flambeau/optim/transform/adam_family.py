"""Rules that divide an average of gradients by an average of their size."""

from __future__ import annotations

from typing import Any

from flambeau.ops.pairwise_extremes import maximum
from flambeau.optim.checks import in_range, require
from flambeau.optim.engine.transformation import Rule, Transformation
from flambeau.optim.scalars import at_each_call, sqrt, where
from flambeau.optim.scalars import maximum as maximum_of_numbers
from flambeau.optim.transform.moments import (
    added,
    average_,
    average_square_,
    real_zeros_for,
    root,
    size_squared,
    with_nesterov,
    zeros_for,
)
from flambeau.tensor.tensor import Tensor

Slots = dict[str, Any]
Hyper = dict[str, Any]


def check_betas(name: str, **betas: Any) -> None:
    """Refuse decay rates outside [0, 1)."""
    for option, beta in betas.items():
        in_range(name, option, beta, 0, 1)


def _start(p: Tensor, h: Hyper) -> Slots:
    return {"mu": zeros_for(p, h.get("mu_dtype")), "nu": real_zeros_for(p)}


# --- Adam ---------------------------------------------------------------------------------------


def _adam(g: Tensor, s: Slots, p: Any, h: Hyper, t: Any) -> Any:
    b1, b2 = h["b1"], h["b2"]
    mu, nu = average_(s["mu"], g, b1), average_square_(s["nu"], g, b2)
    denominator = root(nu / (1 - b2**t), h["eps"], h["eps_root"])
    if h["nesterov"]:
        return with_nesterov(mu, g, b1, t) / denominator
    return mu / denominator, 1 / (1 - b1**t)


ADAM = Rule("scale_by_adam", _adam, _start)


def scale_by_adam(
    b1: Any = 0.9,
    b2: Any = 0.999,
    eps: Any = 1e-8,
    eps_root: Any = 0.0,
    mu_dtype: Any = None,
    *,
    nesterov: bool = False,
) -> Transformation:
    r"""Adam's direction: the average gradient over the root of the average square.

    .. math::
        m ← β_1 m + (1 - β_1) g, \quad v ← β_2 v + (1 - β_2) |g|^2, \quad
        u = \frac{m / (1 - β_1^t)}{\sqrt{v / (1 - β_2^t) + ε_0} + ε}

    With Nesterov's momentum the numerator is
    :math:`β_1 m / (1 - β_1^{t+1}) + (1 - β_1) g / (1 - β_1^t)`.

    Args:
        b1, b2: decay rates β₁, β₂, in [0, 1).
        eps: ε, at least 0, outside the root.
        eps_root: ε₀, at least 0, inside the root; above 0 the rule can be differentiated where
            gradients are 0.
        mu_dtype: the type in which :math:`m` is kept; ``None`` for the parameter's.
        nesterov: look one step ahead.

    Raises:
        ValueError: for arguments out of range.

    Example:
        >>> import flambeau as fb
        >>> rule = fb.optim.transform.scale_by_adam()
        >>> updates, _ = rule.update(fb.tensor([4., -2.]), rule.init(fb.zeros(2)))
        >>> updates
        tensor([ 1., -1.])

    Reference: Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1;
    Dozat, "Incorporating Nesterov momentum into Adam", 2016.
    Differs from PyTorch: ``NAdam`` also lets β₁ grow with the step; see ``fb.optim.NAdam``.
    """
    check_betas("scale_by_adam", b1=b1, b2=b2)
    in_range("scale_by_adam", "eps", eps, 0)
    in_range("scale_by_adam", "eps_root", eps_root, 0)
    return ADAM(b1=b1, b2=b2, eps=eps, eps_root=eps_root, mu_dtype=mu_dtype, nesterov=nesterov)


# --- AMSGrad ------------------------------------------------------------------------------------


def _amsgrad_start(p: Tensor, h: Hyper) -> Slots:
    return _start(p, h) | {"nu_max": real_zeros_for(p)}


def _amsgrad(g: Tensor, s: Slots, p: Any, h: Hyper, t: Any) -> Any:
    b1, b2 = h["b1"], h["b2"]
    mu, nu = average_(s["mu"], g, b1), average_square_(s["nu"], g, b2)
    correction = 1 - b2**t if h["bias_correction_nu"] else 1
    if h["debias_after_max"]:
        s["nu_max"] = maximum(s["nu_max"], nu)
        square = s["nu_max"] / correction
    else:
        square = s["nu_max"] = maximum(s["nu_max"], nu / correction)
    return mu / root(square, h["eps"], h["eps_root"]), (
        1 / (1 - b1**t) if h["bias_correction_mu"] else None
    )


AMSGRAD = Rule("scale_by_amsgrad", _amsgrad, _amsgrad_start)


def scale_by_amsgrad(
    b1: Any = 0.9,
    b2: Any = 0.999,
    eps: Any = 1e-8,
    eps_root: Any = 0.0,
    mu_dtype: Any = None,
    bias_correction_mu: bool = True,
    bias_correction_nu: bool = True,
    *,
    debias_after_max: bool = False,
) -> Transformation:
    r"""Adam's direction with the largest second moment so far.

    .. math::
        \hat v ← \max(\hat v, v / (1 - β_2^t)), \quad
        u = \frac{m / (1 - β_1^t)}{\sqrt{\hat v + ε_0} + ε}

    Args:
        b1, b2: decay rates β₁, β₂, in [0, 1).
        eps: ε, at least 0, outside the root.
        eps_root: ε₀, at least 0, inside the root.
        mu_dtype: the type in which :math:`m` is kept; ``None`` for the parameter's.
        bias_correction_mu: divide :math:`m` by :math:`1 - β_1^t`.
        bias_correction_nu: divide :math:`v` by :math:`1 - β_2^t`.
        debias_after_max: the ``torch`` preset: take the largest :math:`v`, and divide that by
            :math:`1 - β_2^t`. The default is optax's.

    Raises:
        ValueError: for arguments out of range.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.scale_by_amsgrad()
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([ 1., -1.])

    Reference: Reddi, Kale and Kumar, "On the convergence of Adam and beyond", ICLR 2018,
    algorithm 2 (which has no bias correction).
    Differs from PyTorch: see ``debias_after_max``.
    """
    check_betas("scale_by_amsgrad", b1=b1, b2=b2)
    in_range("scale_by_amsgrad", "eps", eps, 0)
    in_range("scale_by_amsgrad", "eps_root", eps_root, 0)
    return AMSGRAD(
        b1=b1, b2=b2, eps=eps, eps_root=eps_root, mu_dtype=mu_dtype,
        bias_correction_mu=bias_correction_mu, bias_correction_nu=bias_correction_nu,
        debias_after_max=debias_after_max,
    )  # fmt: skip


# --- Adamax -------------------------------------------------------------------------------------


def _adamax(g: Tensor, s: Slots, p: Any, h: Hyper, t: Any) -> Any:
    mu = average_(s["mu"], g, h["b1"])
    nu = s["nu"] = maximum(s["nu"] * h["b2"], g.abs() + h["eps"])
    return mu / nu, 1 / (1 - h["b1"] ** t)


ADAMAX = Rule("scale_by_adamax", _adamax, _start)


def scale_by_adamax(b1: Any = 0.9, b2: Any = 0.999, eps: Any = 1e-8) -> Transformation:
    r"""Adam's direction with the largest gradient in place of the root mean square.

    .. math::
        m ← β_1 m + (1 - β_1) g, \quad v ← \max(β_2 v, |g| + ε), \quad
        u = \frac{m}{(1 - β_1^t)\, v}

    Args:
        b1, b2: decay rates β₁, β₂, in [0, 1).
        eps: ε, at least 0.

    Raises:
        ValueError: for arguments out of range.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.scale_by_adamax()
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([ 1., -1.])

    Reference: Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 2.
    """
    check_betas("scale_by_adamax", b1=b1, b2=b2)
    in_range("scale_by_adamax", "eps", eps, 0)
    return ADAMAX(b1=b1, b2=b2, eps=eps)


# --- AdaBelief ----------------------------------------------------------------------------------


def _belief(g: Tensor, s: Slots, p: Any, h: Hyper, t: Any) -> Any:
    b1, b2 = h["b1"], h["b2"]
    mu = average_(s["mu"], g, b1)
    nu = average_square_(s["nu"], g - mu, b2).add_(h["eps_root"])
    denominator = root(nu / (1 - b2**t), h["eps"])
    if h["nesterov"]:
        return with_nesterov(mu, g, b1, t) / denominator
    return mu / denominator, 1 / (1 - b1**t)


BELIEF = Rule("scale_by_belief", _belief, _start)


def scale_by_belief(
    b1: Any = 0.9,
    b2: Any = 0.999,
    eps: Any = 1e-16,
    eps_root: Any = 1e-16,
    *,
    nesterov: bool = False,
) -> Transformation:
    r"""Adam's direction with the gradient's deviation from its average as its size.

    .. math::
        m ← β_1 m + (1 - β_1) g, \quad v ← β_2 v + (1 - β_2) |g - m|^2 + ε_0, \quad
        u = \frac{m / (1 - β_1^t)}{\sqrt{v / (1 - β_2^t)} + ε}

    Args:
        b1, b2: decay rates β₁, β₂, in [0, 1).
        eps: ε, at least 0.
        eps_root: ε₀, at least 0, added to the average at every step.
        nesterov: look one step ahead, as in :func:`scale_by_adam`.

    Raises:
        ValueError: for arguments out of range.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.scale_by_belief()
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([ 1.1111, -1.1111])

    Reference: Zhuang et al., "AdaBelief optimizer: adapting stepsizes by the belief in observed
    gradients", NeurIPS 2020, algorithm 2.
    """
    check_betas("scale_by_belief", b1=b1, b2=b2)
    in_range("scale_by_belief", "eps", eps, 0)
    in_range("scale_by_belief", "eps_root", eps_root, 0)
    return BELIEF(b1=b1, b2=b2, eps=eps, eps_root=eps_root, nesterov=nesterov)


# --- Yogi ---------------------------------------------------------------------------------------


def _yogi_start(p: Tensor, h: Hyper) -> Slots:
    initial = h["initial_accumulator_value"]
    return {slot: value + initial for slot, value in _start(p, h).items()}


def _yogi(g: Tensor, s: Slots, p: Any, h: Hyper, t: Any) -> Any:
    b1, b2 = h["b1"], h["b2"]
    mu, square = average_(s["mu"], g, b1), size_squared(g)
    nu = s["nu"] = added(s["nu"], (s["nu"] - square).sign() * square, -(1 - b2))
    return mu / root(nu / (1 - b2**t), h["eps"], h["eps_root"]), 1 / (1 - b1**t)


YOGI = Rule("scale_by_yogi", _yogi, _yogi_start)


def scale_by_yogi(
    b1: Any = 0.9,
    b2: Any = 0.999,
    eps: Any = 1e-3,
    eps_root: Any = 0.0,
    initial_accumulator_value: Any = 1e-6,
) -> Transformation:
    r"""Adam's direction with a second moment that changes by bounded steps.

    .. math::
        v ← v - (1 - β_2)\operatorname{sign}(v - |g|^2)\,|g|^2, \quad
        u = \frac{m / (1 - β_1^t)}{\sqrt{v / (1 - β_2^t) + ε_0} + ε}

    Args:
        b1, b2: decay rates β₁, β₂, in [0, 1).
        eps: ε, at least 0, outside the root.
        eps_root: ε₀, at least 0, inside the root.
        initial_accumulator_value: where both averages start, at least 0.

    Raises:
        ValueError: for arguments out of range.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.scale_by_yogi()
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([ 0.9960, -0.9444])

    Reference: Zaheer et al., "Adaptive methods for nonconvex optimization", NeurIPS 2018,
    algorithm 2.
    """
    check_betas("scale_by_yogi", b1=b1, b2=b2)
    in_range("scale_by_yogi", "eps", eps, 0)
    in_range("scale_by_yogi", "initial_accumulator_value", initial_accumulator_value, 0)
    return YOGI(
        b1=b1, b2=b2, eps=eps, eps_root=eps_root,
        initial_accumulator_value=initial_accumulator_value,
    )  # fmt: skip


# --- RAdam --------------------------------------------------------------------------------------


@at_each_call
def _length(b2: Any, t: Any) -> Any:
    """How many gradients the second moment averages over."""
    power = b2**t
    return 2 / (1 - b2) - 1 - 2 * t * power / (1 - power)


@at_each_call
def _is_long(length: Any, threshold: Any, strict: bool) -> Any:
    return length > threshold if strict else length >= threshold


@at_each_call
def _rectification(length: Any, b2: Any) -> Any:
    most = 2 / (1 - b2) - 1
    square = (length - 4) * (length - 2) * most / ((most - 4) * (most - 2) * length)
    return sqrt(maximum_of_numbers(square, 0.0))


@at_each_call
def _root_of_correction(b2: Any, t: Any) -> Any:
    return sqrt(1 - b2**t)


def _radam(g: Tensor, s: Slots, p: Any, h: Hyper, t: Any) -> Any:
    b1, b2, eps = h["b1"], h["b2"], h["eps"]
    mu, nu = average_(s["mu"], g, b1), average_square_(s["nu"], g, b2)
    mean = with_nesterov(mu, g, b1, t) if h["nesterov"] else mu * (1 / (1 - b1**t))
    length = _length(b2, t)
    factor = _rectification(length, b2)
    if h["eps_before_correction"]:
        factor, square = factor * _root_of_correction(b2, t), nu
    else:
        square = nu / (1 - b2**t)
    adapted = mean / root(square, eps, h["eps_root"]) * factor
    return where(_is_long(length, h["threshold"], h["strict"]), adapted, mean)


RADAM = Rule("scale_by_radam", _radam, _start)


def scale_by_radam(
    b1: Any = 0.9,
    b2: Any = 0.999,
    eps: Any = 1e-8,
    eps_root: Any = 0.0,
    threshold: Any = 5.0,
    *,
    nesterov: bool = False,
    strict: bool = False,
    eps_before_correction: bool = False,
) -> Transformation:
    r"""Adam's direction, adaptive only as far as the second moment is reliable.

    .. math::
        ρ_∞ = \frac{2}{1 - β_2} - 1, \quad ρ = ρ_∞ - \frac{2 t β_2^t}{1 - β_2^t}, \quad
        r = \sqrt{\frac{(ρ - 4)(ρ - 2) ρ_∞}{(ρ_∞ - 4)(ρ_∞ - 2) ρ}}

    .. math::
        u = \begin{cases} r\,\dfrac{m / (1 - β_1^t)}{\sqrt{v / (1 - β_2^t) + ε_0} + ε}
        & ρ ≥ ρ_0 \\ m / (1 - β_1^t) & \text{otherwise} \end{cases}

    Args:
        b1, b2: decay rates β₁, β₂, in [0, 1).
        eps: ε, at least 0, outside the root.
        eps_root: ε₀, at least 0, inside the root.
        threshold: ρ₀, at least 4.
        nesterov: look one step ahead, as in :func:`scale_by_adam`.
        strict: adapt only for ρ > ρ₀.
        eps_before_correction: the denominator is
            :math:`(\sqrt{v + ε_0} + ε)/\sqrt{1 - β_2^t}`. This with ``strict`` is the ``torch``
            preset.

    Raises:
        ValueError: for arguments out of range.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.scale_by_radam()
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([ 0.5000, -0.1000])

    Reference: Liu et al., "On the variance of the adaptive learning rate and beyond", ICLR 2020,
    algorithm 2.
    Differs from PyTorch: see ``strict`` and ``eps_before_correction``.
    """
    name = "scale_by_radam"
    check_betas(name, b1=b1, b2=b2)
    in_range(name, "eps", eps, 0)
    in_range(name, "eps_root", eps_root, 0)
    in_range(name, "threshold", threshold, 4)
    return RADAM(
        b1=b1, b2=b2, eps=eps, eps_root=eps_root, threshold=threshold, nesterov=nesterov,
        strict=strict, eps_before_correction=eps_before_correction,
    )  # fmt: skip


# --- Lion ---------------------------------------------------------------------------------------

MODES = {
    "hard": lambda x, beta: x.sign(),
    "smooth": lambda x, beta: (x * beta).tanh(),
    "refined": lambda x, beta: where(x.abs() < 1, x, x.sign()),
}


def _lion_start(p: Tensor, h: Hyper) -> Slots:
    return {"mu": zeros_for(p, h["mu_dtype"])}


def _lion(g: Tensor, s: Slots, p: Any, h: Hyper, t: Any) -> Tensor:
    mixed = added(s["mu"] * h["b1"], g, 1 - h["b1"])
    average_(s["mu"], g, h["b2"])
    return MODES[h["mode"]](mixed, h["smooth_beta"])


LION = Rule("scale_by_lion", _lion, _lion_start)


def scale_by_lion(
    b1: Any = 0.9,
    b2: Any = 0.99,
    mu_dtype: Any = None,
    *,
    mode: str = "hard",
    smooth_beta: Any = 1.0,
) -> Transformation:
    r"""The sign of a mixture of the gradient and its average.

    .. math:: u = \operatorname{sign}(β_1 m + (1 - β_1) g), \quad m ← β_2 m + (1 - β_2) g

    Args:
        b1: β₁, the mixture, in [0, 1).
        b2: β₂, the decay rate of the average, in [0, 1).
        mu_dtype: the type in which :math:`m` is kept; ``None`` for the parameter's.
        mode: ``"hard"`` takes the sign, ``"smooth"`` :math:`\tanh(s x)`, ``"refined"`` the sign
            only from size 1 on.
        smooth_beta: :math:`s`.

    Raises:
        ValueError: for arguments out of range.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.scale_by_lion()
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([ 1., -1.])

    Reference: Chen et al., "Symbolic discovery of optimization algorithms", NeurIPS 2023,
    program 1.
    """
    check_betas("scale_by_lion", b1=b1, b2=b2)
    require(
        mode in MODES,
        "scale_by_lion: unknown mode",
        " or ".join(map(repr, MODES)),
        repr(mode),
    )
    return LION(b1=b1, b2=b2, mu_dtype=mu_dtype, mode=mode, smooth_beta=smooth_beta)
