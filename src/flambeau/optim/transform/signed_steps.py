"""Resilient backpropagation: a step size for every element, led by the gradient's sign."""

from __future__ import annotations

from typing import Any

from flambeau.ops.likes import full_like
from flambeau.optim.checks import in_range
from flambeau.optim.engine.combinators import chain
from flambeau.optim.engine.transformation import Rule, Transformation
from flambeau.optim.scalars import where
from flambeau.optim.transform.moments import zeros_for
from flambeau.optim.transform.scaling import scale
from flambeau.tensor.tensor import Tensor

Slots = dict[str, Any]
Hyper = dict[str, Any]


def _start(p: Tensor, h: Hyper) -> Slots:
    rate = h["learning_rate"]
    sizes = zeros_for(p) + rate if isinstance(rate, Tensor) else full_like(p, rate)
    return {"step_sizes": sizes.detach(), "prev_updates": zeros_for(p)}


def _rprop(g: Tensor, s: Slots, p: Any, h: Hyper, t: Any) -> Tensor:
    turn = g * s["prev_updates"]
    change = where(turn > 0, h["eta_plus"], where(turn < 0, h["eta_minus"], 1.0)).to(g.dtype)
    sizes = s["step_sizes"] = (s["step_sizes"] * change).clamp(
        h["min_step_size"], h["max_step_size"]
    )
    kept = s["prev_updates"] = where(turn < 0, 0.0, g).to(g.dtype)
    return sizes * kept.sign()


RPROP = Rule("scale_by_rprop", _rprop, _start)


def scale_by_rprop(
    learning_rate: Any,
    eta_minus: Any = 0.5,
    eta_plus: Any = 1.2,
    min_step_size: Any = 1e-6,
    max_step_size: Any = 50.0,
) -> Transformation:
    r"""The gradient's sign times a step size that grows while the sign stays.

    .. math::
        s ← \operatorname{clip}(s\,η), \quad η = \begin{cases} η_+ & g g' > 0 \\ η_- & g g' < 0 \\
        1 & g g' = 0 \end{cases}, \quad
        g ← 0 \text{ where } g g' < 0, \quad u = s \operatorname{sign}(g)

    with :math:`g'` the gradient of the step before, 0 where the sign had changed then.

    Args:
        learning_rate: the first step size, at least 0.
        eta_minus: :math:`η_-`, in (0, 1).
        eta_plus: :math:`η_+`, above 1.
        min_step_size, max_step_size: bounds of the step sizes.

    Raises:
        ValueError: for arguments out of range.

    Example:
        >>> import flambeau as fb
        >>> rule = fb.optim.transform.scale_by_rprop(0.1)
        >>> state = rule.init(fb.zeros(1))
        >>> for sign in (1., 1., -1., -1.):
        ...     update, state = rule.update(fb.tensor([sign]), state)
        ...     print(update)
        tensor([0.1000])
        tensor([0.1200])
        tensor([0.])
        tensor([-0.0600])

    Reference: Riedmiller and Braun, "A direct adaptive method for faster backpropagation learning:
    the RPROP algorithm", ICNN 1993.
    Differs from optax: the update is that of this step, not of the one before, and the first step
    is within the bounds too, as in PyTorch.
    """
    name = "scale_by_rprop"
    in_range(name, "learning_rate", learning_rate, 0)
    in_range(name, "eta_minus", eta_minus, 0, 1, open_low=True)
    in_range(name, "eta_plus", eta_plus, 1, open_low=True)
    return RPROP(
        learning_rate=learning_rate, eta_minus=eta_minus, eta_plus=eta_plus,
        min_step_size=min_step_size, max_step_size=max_step_size,
    )  # fmt: skip


def rprop(
    learning_rate: Any,
    eta_minus: Any = 0.5,
    eta_plus: Any = 1.2,
    min_step_size: Any = 1e-6,
    max_step_size: Any = 50.0,
) -> Transformation:
    """Resilient backpropagation: :func:`scale_by_rprop`, downward.

    Args:
        learning_rate, eta_minus, eta_plus, min_step_size, max_step_size: see
            :func:`scale_by_rprop`.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.rprop(0.1)
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([-0.1000,  0.1000])

    Reference: Riedmiller and Braun, "A direct adaptive method for faster backpropagation learning:
    the RPROP algorithm", ICNN 1993.
    """
    return chain(
        scale_by_rprop(learning_rate, eta_minus, eta_plus, min_step_size, max_step_size),
        scale(-1.0),
    )
