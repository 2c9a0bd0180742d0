"""RAdam."""

from __future__ import annotations

from typing import Any, ClassVar

from flambeau.optim.engine.combinators import Chain
from flambeau.optim.optimizer import check_range
from flambeau.optim.rule_optimizer import RuleOptimizer, decay, descent, recipe, upward
from flambeau.optim.transform.adam_family import RADAM
from flambeau.tensor.tensor import Tensor


class RAdam(RuleOptimizer):
    r"""Adam, adaptive only as far as its second moment is reliable.

    .. math::
        ρ_∞ = \frac{2}{1 - β_2} - 1, \quad ρ = ρ_∞ - \frac{2 t β_2^t}{1 - β_2^t}, \quad
        r = \sqrt{\frac{(ρ - 4)(ρ - 2) ρ_∞}{(ρ_∞ - 4)(ρ_∞ - 2) ρ}}

    .. math::
        θ ← θ - γ \frac{m}{1 - β_1^t} \cdot \begin{cases}
        r \sqrt{1 - β_2^t} / (\sqrt v + ε) & ρ > 5 \\ 1 & \text{otherwise} \end{cases}

    Args:
        params: parameters, named parameters, or groups of them.
        lr: learning rate γ, at least 0.
        betas: decay rates β₁, β₂ of the averages, in [0, 1).
        eps: ε, at least 0.
        weight_decay: λ, at least 0; added to the gradient, or with ``decoupled_weight_decay``
            taken from the parameter.
        decoupled_weight_decay: see ``weight_decay``.
        foreach, capturable: selectors without effect.
        maximize: go up instead of down.
        differentiable: record the step.

    Raises:
        ValueError: for hyperparameters out of range.

    Example:
        >>> import flambeau as fb
        >>> w = fb.ones(1, requires_grad=True)
        >>> optimizer = fb.optim.RAdam([w], lr=0.1)
        >>> (w * w).sum().backward()
        >>> optimizer.step()
        >>> w
        tensor([0.8000], requires_grad=True)

    Reference: Liu et al., "On the variance of the adaptive learning rate and beyond", ICLR 2020,
    algorithm 2.
    """

    slots: ClassVar[dict[str, dict[str, str]]] = {
        "scale_by_radam": {"mu": "exp_avg", "nu": "exp_avg_sq"}
    }

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_range("RAdam", "lr", lr, 0.0)
        check_range("RAdam", "eps", eps, 0.0)
        check_range("RAdam", "betas[0]", betas[0], 0.0, 1.0)
        check_range("RAdam", "betas[1]", betas[1], 0.0, 1.0)
        check_range("RAdam", "weight_decay", weight_decay, 0.0)
        options = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay,
            "maximize": maximize, "foreach": foreach, "capturable": capturable,
            "decoupled_weight_decay": decoupled_weight_decay, "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, options)

    def rule(self, options: Any) -> Chain:
        b1, b2 = options["betas"]
        decaying, decoupled = decay(options["weight_decay"]), options["decoupled_weight_decay"]
        return recipe(
            upward(options["maximize"]),
            None if decoupled else decaying,
            RADAM(
                b1=b1, b2=b2, eps=options["eps"], eps_root=0.0, threshold=5.0, nesterov=False,
                strict=True, eps_before_correction=True,
            ),
            decaying if decoupled else None,
            descent(options["lr"]),
        )  # fmt: skip
