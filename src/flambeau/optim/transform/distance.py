"""Optimizers that find their own learning rate from how far the parameters have come."""

from __future__ import annotations

from typing import Any

from flambeau.core import dtypes
from flambeau.ops.creation import zeros
from flambeau.optim.checks import in_range, require
from flambeau.optim.engine.combinators import chain
from flambeau.optim.engine.leaf import Leaf, Run, number_of
from flambeau.optim.engine.transformation import Rule, Transformation, Whole
from flambeau.optim.scalars import is_first, maximum, sqrt, where
from flambeau.optim.transform.adam_family import check_betas
from flambeau.optim.transform.moments import added, real_zeros_for, size_squared, zeros_for
from flambeau.optim.transform.scaling import (
    add_decayed_weights,
    identity,
    norm_of,
    scale_by_learning_rate,
)
from flambeau.tensor.tensor import Tensor

Hyper = dict[str, Any]


def total(parts: list[Tensor]) -> Any:
    """The sum of 0-d tensors in double precision; as a number where it can be known."""
    return number_of(sum((x.double() for x in parts), zeros((), dtype=dtypes.float64)))


def dot(x: Tensor, y: Tensor) -> Tensor:
    """The sum of the products of all elements; its real part for complex ones."""
    return (x * y.conj()).real.sum() if x.is_complex() else (x * y).sum()


def scalar(value: Any) -> Tensor:
    """A number of the state, in double precision."""
    if isinstance(value, Tensor):
        return value.double().reshape(())
    return zeros((), dtype=dtypes.float64) + value


# --- Prodigy ------------------------------------------------------------------------------------


def _prodigy_start(leaves: list[Leaf], h: Hyper, key: str) -> Hyper:
    for leaf in leaves:
        leaf.state[key] = {
            "exp_avg": zeros_for(leaf.param),
            "exp_avg_sq": real_zeros_for(leaf.param),
            "grad_sum": zeros_for(leaf.param),
            "params0": leaf.param.detach().clone(),
        }
    return {"estim_lr": scalar(h["estim_lr0"]), "numerator_weighted": scalar(0.0)}


def _prodigy(leaves: list[Leaf], h: Hyper, run: Run, key: str) -> None:
    shared, t = run.shared[key], run.step
    b1, b2, b3 = h["b1"], h["b2"], h["b3"]
    d, d0 = number_of(shared["estim_lr"]), h["estim_lr0"]
    rate = d * h["learning_rate"] * sqrt(1 - b2**t) / (1 - b1**t)
    moved = total([dot(leaf.value(), leaf.state[key]["params0"] - leaf.param) for leaf in leaves])
    shown = number_of(shared["numerator_weighted"]) * b3 + d / d0 * rate * moved
    share = d / d0 * d if h["safeguard_warmup"] else rate / d0 * d
    for leaf in leaves:
        g, s = leaf.value(), leaf.state[key]
        s["exp_avg"] = added(s["exp_avg"] * b1, g, (1 - b1) * d)
        s["exp_avg_sq"] = added(s["exp_avg_sq"] * b2, size_squared(g), (1 - b2) * d * d)
        s["grad_sum"] = added(s["grad_sum"] * b3, g, share)
    size = total([leaf.state[key]["grad_sum"].abs().sum() for leaf in leaves])
    found = where(size > 0, h["estim_lr_coef"] * shown / where(size > 0, size, 1.0), d)
    d = maximum(d, found)
    for leaf in leaves:
        s = leaf.state[key]
        step = s["exp_avg"] / (s["exp_avg_sq"].sqrt() + d * h["eps"])
        leaf.set(added(step * -rate, leaf.param, -h["weight_decay"] * rate).to(leaf.param.dtype))
    shared["estim_lr"], shared["numerator_weighted"] = scalar(d), scalar(shown)


def prodigy(
    learning_rate: Any = 1.0,
    betas: tuple[Any, Any] = (0.9, 0.999),
    beta3: Any = None,
    eps: Any = 1e-8,
    estim_lr0: Any = 1e-6,
    estim_lr_coef: Any = 1.0,
    weight_decay: Any = 0.0,
    safeguard_warmup: bool = False,
) -> Transformation:
    r"""AdamW that estimates its learning rate from the distance to the first parameters.

    .. math::
        γ_t = d\, γ \frac{\sqrt{1 - β_2^t}}{1 - β_1^t}, \quad
        r ← β_3 r + \frac{d}{d_0} γ_t ⟨g, θ_0 - θ⟩, \quad
        s ← β_3 s + \frac{d}{d_0} γ_t g, \quad d ← \max\left(d, \frac{c\, r}{‖s‖_1}\right)

    .. math::
        m ← β_1 m + (1 - β_1) d g, \quad v ← β_2 v + (1 - β_2) d^2 g^2, \quad
        u = -γ_t \left(\frac{m}{\sqrt v + d ε} + λ θ\right)

    Args:
        learning_rate: γ, at least 0, a factor or schedule; 1 leaves the estimate as it is.
        betas: β₁ and β₂, in [0, 1).
        beta3: β₃; ``None`` for :math:`\sqrt{β_2}`.
        eps: ε, at least 0.
        estim_lr0: :math:`d_0`, the first estimate, above 0.
        estim_lr_coef: :math:`c`.
        weight_decay: λ, at least 0.
        safeguard_warmup: leave the learning rate out of :math:`s`.

    Raises:
        ValueError: for arguments out of range; in ``update``, if it is given no parameters.

    Example:
        >>> import flambeau as fb
        >>> rule = fb.optim.transform.prodigy()
        >>> params = fb.ones(1)
        >>> updates, state = rule.update(fb.ones(1), rule.init(params), params)
        >>> state["estim_lr"]
        tensor(1.0000e-06, dtype=torch.float64)

    Reference: Mishchenko and Defazio, "Prodigy: an expeditiously adaptive parameter-free
    learner", ICML 2024, algorithm 4.
    """
    b1, b2 = betas
    check_betas("prodigy", b1=b1, b2=b2)
    in_range("prodigy", "eps", eps, 0)
    in_range("prodigy", "estim_lr0", estim_lr0, 0, open_low=True)
    in_range("prodigy", "weight_decay", weight_decay, 0)
    h = {
        "learning_rate": learning_rate, "b1": b1, "b2": b2,
        "b3": sqrt(b2) if beta3 is None else beta3, "eps": eps, "estim_lr0": estim_lr0,
        "estim_lr_coef": estim_lr_coef, "weight_decay": weight_decay,
        "safeguard_warmup": safeguard_warmup,
    }  # fmt: skip
    return Whole("prodigy", _prodigy, h, _prodigy_start, needs_params=True)


# --- D-Adaptation -------------------------------------------------------------------------------


def _dadapt_start(leaves: list[Leaf], h: Hyper, key: str) -> Hyper:
    for leaf in leaves:
        leaf.state[key] = {
            "exp_avg": zeros_for(leaf.param),
            "exp_avg_sq": real_zeros_for(leaf.param),
            "grad_sum": zeros_for(leaf.param),
        }
    return {"estim_lr": scalar(h["estim_lr0"]), "numerator_weighted": scalar(0.0)}


def _dadapt(leaves: list[Leaf], h: Hyper, run: Run, key: str) -> None:
    shared, t = run.shared[key], run.step
    b1, b2, eps = h["b1"], h["b2"], h["eps"]
    b3 = sqrt(b2)
    d = number_of(shared["estim_lr"])
    rate = d * h["learning_rate"] * sqrt(1 - b2**t) / (1 - b1**t)
    slots = [leaf.state[key] for leaf in leaves]
    gain = total(
        [
            dot(leaf.value(), s["grad_sum"] / (s["exp_avg_sq"].sqrt() + eps))
            for leaf, s in zip(leaves, slots, strict=True)
        ]
    )
    for leaf, s in zip(leaves, slots, strict=True):
        g = leaf.value()
        s["exp_avg"] = added(s["exp_avg"] * b1, g, (1 - b1) * rate)
        s["exp_avg_sq"] = added(s["exp_avg_sq"] * b2, size_squared(g), 1 - b2)
        s["grad_sum"] = added(s["grad_sum"] * b3, g, (1 - b3) * rate)
        leaf.set(
            added(
                -s["exp_avg"] / (s["exp_avg_sq"].sqrt() + eps),
                leaf.param,
                -h["weight_decay"] * rate,
            ).to(leaf.param.dtype)
        )
    shown = number_of(shared["numerator_weighted"]) * b3 + (1 - b3) * rate * gain
    size = total([s["grad_sum"].abs().sum() for s in slots]) * (1 - b3)
    found = where(size > 0, shown / where(size > 0, size, 1.0), d)
    shared["estim_lr"], shared["numerator_weighted"] = scalar(maximum(d, found)), scalar(shown)


def dadapt_adamw(
    learning_rate: Any = 1.0,
    betas: tuple[Any, Any] = (0.9, 0.999),
    eps: Any = 1e-8,
    estim_lr0: Any = 1e-6,
    weight_decay: Any = 0.0,
) -> Transformation:
    r"""AdamW that estimates its learning rate from sums of gradients.

    .. math::
        γ_t = d\, γ \frac{\sqrt{1 - β_2^t}}{1 - β_1^t}, \quad
        r ← β_3 r + (1 - β_3) γ_t \left⟨g, \frac{s}{\sqrt v + ε}\right⟩, \quad
        s ← β_3 s + (1 - β_3) γ_t g, \quad
        d ← \max\left(d, \frac{r}{(1 - β_3) ‖s‖_1}\right), \quad β_3 = \sqrt{β_2}

    .. math::
        m ← β_1 m + (1 - β_1) γ_t g, \quad v ← β_2 v + (1 - β_2) g^2, \quad
        u = -\frac{m}{\sqrt v + ε} - γ_t λ θ

    Args:
        learning_rate: γ, at least 0, a factor or schedule; 1 leaves the estimate as it is.
        betas: β₁ and β₂, in [0, 1).
        eps: ε, at least 0.
        estim_lr0: the first estimate :math:`d`, above 0.
        weight_decay: λ, at least 0.

    Raises:
        ValueError: for arguments out of range; in ``update``, if it is given no parameters.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.dadapt_adamw()
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([-1.0000e-06,  1.0000e-06])

    Reference: Defazio and Mishchenko, "Learning-rate-free learning by D-adaptation", ICML 2023,
    algorithm 5.
    """
    b1, b2 = betas
    check_betas("dadapt_adamw", b1=b1, b2=b2)
    in_range("dadapt_adamw", "eps", eps, 0)
    in_range("dadapt_adamw", "estim_lr0", estim_lr0, 0, open_low=True)
    in_range("dadapt_adamw", "weight_decay", weight_decay, 0)
    h = {
        "learning_rate": learning_rate, "b1": b1, "b2": b2, "eps": eps, "estim_lr0": estim_lr0,
        "weight_decay": weight_decay,
    }  # fmt: skip
    return Whole("dadapt_adamw", _dadapt, h, _dadapt_start, needs_params=True)


# --- distance over gradients --------------------------------------------------------------------

FIRST_STEPS = ("distance", "learning_rate", "heuristic")


def _keep_first(leaves: list[Leaf], key: str) -> None:
    for leaf in leaves:
        leaf.state[key] = {"init_params": leaf.param.detach().clone()}


def _distance_squared(leaves: list[Leaf], key: str) -> Any:
    return total(
        [size_squared(leaf.state[key]["init_params"] - leaf.param).sum() for leaf in leaves]
    )


def _norm_squared(leaves: list[Leaf]) -> Any:
    return total([size_squared(leaf.value()).sum() for leaf in leaves])


def _dog_start(leaves: list[Leaf], h: Hyper, key: str) -> Hyper:
    _keep_first(leaves, key)
    kind, value = h["init_step"]
    if kind == "heuristic":
        value = value * (1 + sqrt(total([size_squared(leaf.param).sum() for leaf in leaves])))
    if kind == "learning_rate":
        value = 0.0
    return {"max_dist": scalar(value), "sum_sq_norm_grads": scalar(0.0)}


def _dog(leaves: list[Leaf], h: Hyper, run: Run, key: str) -> None:
    shared = run.shared[key]
    far = maximum(number_of(shared["max_dist"]), sqrt(_distance_squared(leaves, key)))
    squares = number_of(shared["sum_sq_norm_grads"]) + _norm_squared(leaves)
    rate = far / sqrt(squares + h["eps"])
    if h["init_step"][0] == "learning_rate":
        rate = where(is_first(run.step), h["init_step"][1], rate)
    for leaf in leaves:
        leaf.scale(rate)
    shared["max_dist"], shared["sum_sq_norm_grads"] = scalar(far), scalar(squares)


def scale_by_dog(
    init_step: tuple[str, Any] = ("heuristic", 1e-6), eps: Any = 1e-8
) -> Transformation:
    r"""The gradient times the largest distance so far over the root of all squares so far.

    .. math:: u = \frac{\max_{i ≤ t} ‖θ_i - θ_0‖}{\sqrt{\sum_{i ≤ t} ‖g_i‖^2 + ε}}\, g

    Args:
        init_step: how the first step is found: ``("distance", r)`` takes :math:`r` for the
            distance, ``("heuristic", r)`` :math:`r (1 + ‖θ_0‖)`, and ``("learning_rate", r)``
            makes the first step :math:`r g`.
        eps: ε, at least 0.

    Raises:
        ValueError: for arguments out of range; in ``update``, if it is given no parameters.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.scale_by_dog()
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([ 3.1732e-06, -6.3465e-07])

    Reference: Ivgi, Hinder and Carmon, "DoG is SGD's best friend: a parameter-free dynamic step
    size schedule", ICML 2023, equation 1.
    """
    require(
        init_step[0] in FIRST_STEPS,
        "scale_by_dog: unknown first step",
        " or ".join(map(repr, FIRST_STEPS)),
        repr(init_step[0]),
    )
    in_range("scale_by_dog", "eps", eps, 0)
    h = {"init_step": init_step, "eps": eps}
    return Whole("scale_by_dog", _dog, h, _dog_start, needs_params=True)


def dog(
    learning_rate: Any = 1.0,
    init_step: tuple[str, Any] = ("heuristic", 1e-6),
    eps: Any = 1e-8,
    weight_decay: Any = None,
    mask: Any = None,
) -> Transformation:
    """DoG: weight decay, :func:`scale_by_dog`, then a factor.

    Args:
        learning_rate: a factor, at least 0; 1 as in the paper.
        init_step, eps: see :func:`scale_by_dog`.
        weight_decay, mask: see :func:`add_decayed_weights`; ``None`` for none.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.dog()
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([-3.1732e-06,  6.3465e-07])

    Reference: Ivgi, Hinder and Carmon, "DoG is SGD's best friend: a parameter-free dynamic step
    size schedule", ICML 2023.
    """
    return chain(
        identity() if weight_decay is None else add_decayed_weights(weight_decay, mask),
        scale_by_dog(init_step, eps),
        scale_by_learning_rate(learning_rate),
    )


def _dowg_start(leaves: list[Leaf], h: Hyper, key: str) -> Hyper:
    _keep_first(leaves, key)
    first = h["eps"] if h["init_estim_sq_dist"] is None else h["init_estim_sq_dist"]
    return {"estim_sq_dist": scalar(first), "weighted_sq_norm_grads": scalar(0.0)}


def _dowg(leaves: list[Leaf], h: Hyper, run: Run, key: str) -> None:
    shared = run.shared[key]
    far = maximum(number_of(shared["estim_sq_dist"]), _distance_squared(leaves, key))
    squares = number_of(shared["weighted_sq_norm_grads"]) + far * _norm_squared(leaves)
    for leaf in leaves:
        leaf.scale(far / (sqrt(squares) + h["eps"]))
    shared["estim_sq_dist"], shared["weighted_sq_norm_grads"] = scalar(far), scalar(squares)


def scale_by_dowg(init_estim_sq_dist: Any = None, eps: Any = 1e-4) -> Transformation:
    r"""DoG with sums of squares that are weighted by the distance.

    .. math::
        r ← \max(r, ‖θ - θ_0‖^2), \quad v ← v + r ‖g‖^2, \quad u = \frac{r}{\sqrt v + ε}\, g

    Args:
        init_estim_sq_dist: the first :math:`r`, above 0; ``None`` for ε.
        eps: ε, above 0.

    Raises:
        ValueError: for arguments out of range; in ``update``, if it is given no parameters.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.scale_by_dowg()
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([ 0.0096, -0.0019])

    Reference: Khaled, Mishchenko and Jin, "DoWG unleashed: an efficient universal parameter-free
    gradient descent method", NeurIPS 2023, algorithm 1.
    """
    in_range("scale_by_dowg", "eps", eps, 0, open_low=True)
    h = {"init_estim_sq_dist": init_estim_sq_dist, "eps": eps}
    return Whole("scale_by_dowg", _dowg, h, _dowg_start, needs_params=True)


def dowg(
    learning_rate: Any = 1.0,
    init_estim_sq_dist: Any = None,
    eps: Any = 1e-4,
    weight_decay: Any = None,
    mask: Any = None,
) -> Transformation:
    """DoWG: weight decay, :func:`scale_by_dowg`, then a factor.

    Args:
        learning_rate: a factor, at least 0; 1 as in the paper.
        init_estim_sq_dist, eps: see :func:`scale_by_dowg`.
        weight_decay, mask: see :func:`add_decayed_weights`; ``None`` for none.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.dowg()
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([-0.0096,  0.0019])

    Reference: Khaled, Mishchenko and Jin, "DoWG unleashed: an efficient universal parameter-free
    gradient descent method", NeurIPS 2023.
    """
    return chain(
        identity() if weight_decay is None else add_decayed_weights(weight_decay, mask),
        scale_by_dowg(init_estim_sq_dist, eps),
        scale_by_learning_rate(learning_rate),
    )


def _layers_start(p: Tensor, h: Hyper) -> Hyper:
    return {
        "max_dist": (norm_of(p) + 1) * h["reps_rel"],
        "grad_sum_of_squares": real_zeros_for(p).sum(),
        "init_params": p.detach().to(h["param_dtype"] or p.dtype, copy=True),
    }


def _layers(g: Tensor, s: Hyper, p: Tensor, h: Hyper, t: Any) -> Any:
    far = s["max_dist"] = maximum(s["max_dist"], norm_of(p - s["init_params"]))
    squares = s["grad_sum_of_squares"] = s["grad_sum_of_squares"] + size_squared(g).sum()
    return g * (h["global_scale"] * far / (squares + h["eps"]).sqrt()).to(g.dtype)


DISTANCE_OVER_GRADIENTS = Rule(
    "scale_by_distance_over_gradients", _layers, _layers_start, needs_params=True
)


def scale_by_distance_over_gradients(
    reps_rel: Any = 1e-6, eps: Any = 1e-8, param_dtype: Any = None, global_scale: Any = 1.0
) -> Transformation:
    r"""DoG for each parameter on its own.

    .. math::
        u = c\, \frac{\max_{i ≤ t} ‖θ_i - θ_0‖}{\sqrt{\sum_{i ≤ t} ‖g_i‖^2 + ε}}\, g,
        \quad \text{at first } ‖θ_i - θ_0‖ = r (1 + ‖θ_0‖)

    Args:
        reps_rel: :math:`r`, above 0.
        eps: ε, at least 0.
        param_dtype: the type in which the first parameters are kept; ``None`` for their own.
        global_scale: :math:`c`.

    Raises:
        ValueError: for arguments out of range; in ``update``, if it is given no parameters.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.scale_by_distance_over_gradients()
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([ 3.1732e-06, -6.3465e-07])

    Reference: Ivgi, Hinder and Carmon, "DoG is SGD's best friend: a parameter-free dynamic step
    size schedule", ICML 2023, section 4.
    """
    name = "scale_by_distance_over_gradients"
    in_range(name, "reps_rel", reps_rel, 0, open_low=True)
    in_range(name, "eps", eps, 0)
    return DISTANCE_OVER_GRADIENTS(
        reps_rel=reps_rel, eps=eps, param_dtype=param_dtype, global_scale=global_scale
    )
