"""NAdam."""

from __future__ import annotations

from typing import Any, ClassVar

from flambeau.optim.engine.combinators import Chain
from flambeau.optim.optimizer import check_range
from flambeau.optim.rule_optimizer import RuleOptimizer, decay, descent, recipe, upward
from flambeau.optim.transform.pytorch_rules import NADAM
from flambeau.tensor.tensor import Tensor


class NAdam(RuleOptimizer):
    r"""Adam with Nesterov's momentum that grows with the step.

    .. math::
        μ_t = β_1 (1 - \tfrac12 0.96^{tψ}), \quad P_t = \prod_{i ≤ t} μ_i, \quad
        θ ← θ - γ \left(\frac{μ_{t+1} m}{1 - P_{t+1}} + \frac{(1 - μ_t) g}{1 - P_t}\right) \Big/
        \left(\sqrt{v / (1 - β_2^t)} + ε\right)

    Args:
        params: parameters, named parameters, or groups of them.
        lr: learning rate γ, at least 0.
        betas: decay rates β₁, β₂ of the averages, in [0, 1).
        eps: ε, at least 0.
        weight_decay: λ, at least 0; added to the gradient, or with ``decoupled_weight_decay``
            taken from the parameter.
        momentum_decay: ψ, at least 0.
        decoupled_weight_decay: see ``weight_decay``.
        foreach, capturable: selectors without effect.
        maximize: go up instead of down.
        differentiable: record the step.

    Raises:
        ValueError: for hyperparameters out of range.

    Example:
        >>> import flambeau as fb
        >>> w = fb.ones(1, requires_grad=True)
        >>> optimizer = fb.optim.NAdam([w], lr=0.1)
        >>> (w * w).sum().backward()
        >>> optimizer.step()
        >>> w
        tensor([0.8944], requires_grad=True)

    Reference: Dozat, "Incorporating Nesterov momentum into Adam", 2016, algorithm 2.
    Differs from PyTorch: :math:`P_t` is kept in double precision.
    """

    slots: ClassVar[dict[str, dict[str, str]]] = {
        "scale_by_nadam": {"mu": "exp_avg", "nu": "exp_avg_sq", "mu_product": "mu_product"}
    }

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_range("NAdam", "lr", lr, 0.0)
        check_range("NAdam", "eps", eps, 0.0)
        check_range("NAdam", "betas[0]", betas[0], 0.0, 1.0)
        check_range("NAdam", "betas[1]", betas[1], 0.0, 1.0)
        check_range("NAdam", "weight_decay", weight_decay, 0.0)
        check_range("NAdam", "momentum_decay", momentum_decay, 0.0)
        options = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay,
            "momentum_decay": momentum_decay, "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize, "foreach": foreach, "capturable": capturable,
            "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, options)

    def rule(self, options: Any) -> Chain:
        b1, b2 = options["betas"]
        decaying, decoupled = decay(options["weight_decay"]), options["decoupled_weight_decay"]
        return recipe(
            upward(options["maximize"]),
            None if decoupled else decaying,
            NADAM(b1=b1, b2=b2, eps=options["eps"], momentum_decay=options["momentum_decay"]),
            decaying if decoupled else None,
            descent(options["lr"]),
        )
