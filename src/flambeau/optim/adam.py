"""Adam and AdamW."""

from __future__ import annotations

from typing import Any, ClassVar

from flambeau.optim.engine.combinators import Chain
from flambeau.optim.optimizer import check_range
from flambeau.optim.rule_optimizer import RuleOptimizer, decay, descent, recipe, upward
from flambeau.optim.transform.adam_family import ADAM, AMSGRAD
from flambeau.tensor.tensor import Tensor


class Adam(RuleOptimizer):
    r"""Steps scaled by running averages of the gradient and of its square.

    .. math::
        m ← β_1 m + (1 - β_1) g, \quad v ← β_2 v + (1 - β_2) g^2, \quad
        θ ← θ - γ \frac{m / (1 - β_1^t)}{\sqrt{v / (1 - β_2^t)} + ε}

    Args:
        params: parameters, named parameters, or groups of them.
        lr: learning rate γ, at least 0.
        betas: decay rates β₁, β₂ of the averages, in [0, 1).
        eps: ε, at least 0; keeps the denominator from 0.
        weight_decay: λ, at least 0; added to the gradient, or with ``decoupled_weight_decay``
            taken from the parameter (:math:`θ ← (1 - γλ)θ`) before the step.
        amsgrad: divide by the largest ``v`` so far.
        maximize: go up instead of down.
        decoupled_weight_decay: see ``weight_decay``.
        foreach, capturable, fused: selectors without effect.
        differentiable: record the step, so that what follows can be differentiated with respect
            to gradients; parameters then need not be leaves.

    Raises:
        ValueError: for hyperparameters out of range.

    Example:
        >>> import flambeau as fb
        >>> w = fb.ones(1, requires_grad=True)
        >>> optimizer = fb.optim.Adam([w], lr=0.1)
        >>> (w * w).sum().backward()
        >>> optimizer.step()
        >>> w
        tensor([0.9000], requires_grad=True)

    Reference: Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015,
    algorithm 1; Reddi et al., "On the convergence of Adam and beyond", ICLR 2018 (amsgrad).
    """

    slots: ClassVar[dict[str, dict[str, str]]] = {
        "scale_by_adam": {"mu": "exp_avg", "nu": "exp_avg_sq"},
        "scale_by_amsgrad": {"mu": "exp_avg", "nu": "exp_avg_sq", "nu_max": "max_exp_avg_sq"},
    }

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        name = type(self).__name__
        check_range(name, "lr", lr, 0.0)
        check_range(name, "eps", eps, 0.0)
        check_range(name, "betas[0]", betas[0], 0.0, 1.0)
        check_range(name, "betas[1]", betas[1], 0.0, 1.0)
        check_range(name, "weight_decay", weight_decay, 0.0)
        options = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay,
            "amsgrad": amsgrad, "maximize": maximize, "foreach": foreach,
            "capturable": capturable, "differentiable": differentiable, "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
        }  # fmt: skip
        super().__init__(params, options)

    def rule(self, options: Any) -> Chain:
        b1, b2 = options["betas"]
        decaying, decoupled = decay(options["weight_decay"]), options["decoupled_weight_decay"]
        if options["amsgrad"]:
            scaled = AMSGRAD(
                b1=b1, b2=b2, eps=options["eps"], eps_root=0.0, bias_correction_mu=True,
                bias_correction_nu=True, debias_after_max=True,
            )  # fmt: skip
        else:
            scaled = ADAM(b1=b1, b2=b2, eps=options["eps"], eps_root=0.0, nesterov=False)
        return recipe(
            upward(options["maximize"]),
            None if decoupled else decaying,
            scaled,
            decaying if decoupled else None,
            descent(options["lr"]),
        )


class AdamW(Adam):
    r"""Adam whose weight decay does not pass through the averages.

    .. math::
        θ ← (1 - γλ)θ, \text{ then Adam's step}

    Args:
        params: parameters, named parameters, or groups of them.
        lr: learning rate γ, at least 0.
        betas: decay rates β₁, β₂ of the averages, in [0, 1).
        eps: ε, at least 0; keeps the denominator from 0.
        weight_decay: λ, at least 0.
        amsgrad: divide by the largest ``v`` so far.
        maximize: go up instead of down.
        foreach, capturable, fused: selectors without effect.
        differentiable: record the step, so that what follows can be differentiated with respect
            to gradients; parameters then need not be leaves.

    Raises:
        ValueError: for hyperparameters out of range.

    Example:
        >>> import flambeau as fb
        >>> w = fb.ones(1, requires_grad=True)
        >>> fb.optim.AdamW([w], lr=0.1).param_groups[0]["weight_decay"]
        0.01

    Reference: Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019,
    algorithm 2.
    """

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            foreach=foreach,
            maximize=maximize,
            capturable=capturable,
            differentiable=differentiable,
            fused=fused,
            decoupled_weight_decay=True,
        )
