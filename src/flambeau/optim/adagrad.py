"""Adagrad."""

from __future__ import annotations

from typing import Any, ClassVar

from flambeau.optim.engine.combinators import Chain
from flambeau.optim.engine.transformation import Rule
from flambeau.optim.optimizer import check_range
from flambeau.optim.rule_optimizer import RuleOptimizer, decay, recipe, upward
from flambeau.optim.transform.root_mean_square import RSS
from flambeau.tensor.tensor import Tensor

FALLING_RATE = Rule(
    "falling_rate", lambda g, s, p, h, t: (g, -h["lr"] / (1 + (t - 1) * h["lr_decay"]))
)


class Adagrad(RuleOptimizer):
    r"""Steps divided by the root of the sum of squared gradients.

    .. math::
        s ← s + g^2, \quad θ ← θ - \frac{γ}{1 + (t - 1) η} \frac{g}{\sqrt s + ε}

    Args:
        params: parameters, named parameters, or groups of them.
        lr: learning rate γ, at least 0.
        lr_decay: η, at least 0.
        weight_decay: λ, at least 0; added to the gradient.
        initial_accumulator_value: where :math:`s` starts, at least 0.
        eps: ε, at least 0.
        foreach, fused: selectors without effect.
        maximize: go up instead of down.
        differentiable: record the step.

    Raises:
        ValueError: for hyperparameters out of range.

    Example:
        >>> import flambeau as fb
        >>> w = fb.ones(1, requires_grad=True)
        >>> optimizer = fb.optim.Adagrad([w], lr=0.1)
        >>> (w * w).sum().backward()
        >>> optimizer.step()
        >>> w
        tensor([0.9000], requires_grad=True)

    Reference: Duchi, Hazan and Singer, "Adaptive subgradient methods for online learning and
    stochastic optimization", JMLR 2011.
    """

    slots: ClassVar[dict[str, dict[str, str]]] = {"scale_by_rss": {"sum_of_squares": "sum"}}

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_range("Adagrad", "lr", lr, 0.0)
        check_range("Adagrad", "lr_decay", lr_decay, 0.0)
        check_range("Adagrad", "weight_decay", weight_decay, 0.0)
        check_range("Adagrad", "initial_accumulator_value", initial_accumulator_value, 0.0)
        check_range("Adagrad", "eps", eps, 0.0)
        options = {
            "lr": lr, "lr_decay": lr_decay, "eps": eps, "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable, "fused": fused,
        }  # fmt: skip
        super().__init__(params, options)
        for group in self.param_groups:  # PyTorch has this state from the beginning
            for parameter in group["params"]:
                self.start(parameter, self.state[parameter], group)

    def rule(self, options: Any) -> Chain:
        return recipe(
            upward(options["maximize"]),
            decay(options["weight_decay"]),
            RSS(
                initial_accumulator_value=options["initial_accumulator_value"],
                eps=options["eps"],
                eps_in_sqrt=False,
            ),
            FALLING_RATE(lr=options["lr"], lr_decay=options["lr_decay"]),
        )
