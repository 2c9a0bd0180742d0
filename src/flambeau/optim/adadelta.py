"""Adadelta."""

from __future__ import annotations

from typing import Any, ClassVar

from flambeau.optim.engine.combinators import Chain
from flambeau.optim.optimizer import check_range
from flambeau.optim.rule_optimizer import RuleOptimizer, decay, descent, recipe, upward
from flambeau.optim.transform.root_mean_square import ADADELTA
from flambeau.tensor.tensor import Tensor


class Adadelta(RuleOptimizer):
    r"""Steps in the units of the parameter.

    .. math::
        v ← ρ v + (1 - ρ) g^2, \quad d = \frac{\sqrt{x + ε}}{\sqrt{v + ε}}\, g, \quad
        x ← ρ x + (1 - ρ) d^2, \quad θ ← θ - γ d

    Args:
        params: parameters, named parameters, or groups of them.
        lr: γ, at least 0.
        rho: ρ, in [0, 1].
        eps: ε, at least 0.
        weight_decay: λ, at least 0; added to the gradient.
        foreach, capturable: selectors without effect.
        maximize: go up instead of down.
        differentiable: record the step.

    Raises:
        ValueError: for hyperparameters out of range.

    Example:
        >>> import flambeau as fb
        >>> w = fb.ones(1, requires_grad=True)
        >>> optimizer = fb.optim.Adadelta([w])
        >>> (w * w).sum().backward()
        >>> optimizer.step()
        >>> w
        tensor([0.9968], requires_grad=True)

    Reference: Zeiler, "ADADELTA: an adaptive learning rate method", 2012, algorithm 1.
    """

    slots: ClassVar[dict[str, dict[str, str]]] = {
        "scale_by_adadelta": {"e_g": "square_avg", "e_x": "acc_delta"}
    }

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_range("Adadelta", "lr", lr, 0.0)
        check_range("Adadelta", "rho", rho, 0.0)
        check_range("Adadelta", "1 - rho", 1.0 - rho, 0.0)
        check_range("Adadelta", "eps", eps, 0.0)
        check_range("Adadelta", "weight_decay", weight_decay, 0.0)
        options = {
            "lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay, "maximize": maximize,
            "capturable": capturable, "foreach": foreach, "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, options)

    def rule(self, options: Any) -> Chain:
        return recipe(
            upward(options["maximize"]),
            decay(options["weight_decay"]),
            ADADELTA(rho=options["rho"], eps=options["eps"]),
            descent(options["lr"]),
        )
