"""Adamax."""

from __future__ import annotations

from typing import Any, ClassVar

from flambeau.optim.engine.combinators import Chain
from flambeau.optim.optimizer import check_range
from flambeau.optim.rule_optimizer import RuleOptimizer, decay, descent, recipe, upward
from flambeau.optim.transform.adam_family import ADAMAX
from flambeau.tensor.tensor import Tensor


class Adamax(RuleOptimizer):
    r"""Adam with the largest gradient in place of the root mean square.

    .. math::
        m ← β_1 m + (1 - β_1) g, \quad u ← \max(β_2 u, |g| + ε), \quad
        θ ← θ - \frac{γ m}{(1 - β_1^t)\, u}

    Args:
        params: parameters, named parameters, or groups of them.
        lr: learning rate γ, at least 0.
        betas: decay rates β₁, β₂, in [0, 1).
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
        >>> optimizer = fb.optim.Adamax([w], lr=0.1)
        >>> (w * w).sum().backward()
        >>> optimizer.step()
        >>> w
        tensor([0.9000], requires_grad=True)

    Reference: Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 2.
    """

    slots: ClassVar[dict[str, dict[str, str]]] = {
        "scale_by_adamax": {"mu": "exp_avg", "nu": "exp_inf"}
    }

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check_range("Adamax", "lr", lr, 0.0)
        check_range("Adamax", "eps", eps, 0.0)
        check_range("Adamax", "betas[0]", betas[0], 0.0, 1.0)
        check_range("Adamax", "betas[1]", betas[1], 0.0, 1.0)
        check_range("Adamax", "weight_decay", weight_decay, 0.0)
        options = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay,
            "foreach": foreach, "maximize": maximize, "differentiable": differentiable,
            "capturable": capturable,
        }  # fmt: skip
        super().__init__(params, options)

    def rule(self, options: Any) -> Chain:
        b1, b2 = options["betas"]
        return recipe(
            upward(options["maximize"]),
            decay(options["weight_decay"]),
            ADAMAX(b1=b1, b2=b2, eps=options["eps"]),
            descent(options["lr"]),
        )
