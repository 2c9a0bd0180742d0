"""Stochastic gradient descent."""

from __future__ import annotations

from typing import Any, ClassVar

from flambeau.core.errors import message
from flambeau.optim.engine.combinators import Chain
from flambeau.optim.optimizer import check_range
from flambeau.optim.rule_optimizer import RuleOptimizer, decay, descent, recipe, upward
from flambeau.optim.transform.accumulation import TRACE
from flambeau.tensor.tensor import Tensor


class SGD(RuleOptimizer):
    r"""Stochastic gradient descent, with momentum on request.

    .. math::
        g ← ∇f(θ) + λθ, \quad b ← μb + (1 - τ)g, \quad
        θ ← θ - γ\,(g + μb \text{ if nesterov else } b)

    Without momentum :math:`θ ← θ - γg`. The first step sets :math:`b = g`.

    Args:
        params: parameters, named parameters, or groups of them.
        lr: learning rate γ, at least 0.
        momentum: μ, at least 0.
        dampening: τ.
        weight_decay: λ, at least 0; added to the gradient.
        nesterov: look ahead; needs a momentum and no dampening.
        maximize: go up instead of down.
        foreach, fused: selectors without effect.
        differentiable: record the step, so that what follows can be differentiated with respect
            to gradients; parameters then need not be leaves.

    Raises:
        ValueError: for hyperparameters out of range.

    Example:
        >>> import flambeau as fb
        >>> w = fb.ones(1, requires_grad=True)
        >>> optimizer = fb.optim.SGD([w], lr=0.1)
        >>> (w * w).sum().backward()
        >>> optimizer.step()
        >>> w
        tensor([0.8000], requires_grad=True)

    Reference: Sutskever et al., "On the importance of initialization and momentum in deep
    learning", ICML 2013.
    """

    slots: ClassVar[dict[str, dict[str, str]]] = {"trace": {"trace": "momentum_buffer"}}
    counts = False

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_range("SGD", "lr", lr, 0.0)
        check_range("SGD", "momentum", momentum, 0.0)
        check_range("SGD", "weight_decay", weight_decay, 0.0)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError(
                message(
                    "SGD: Nesterov momentum requires a momentum and zero dampening",
                    expected="momentum > 0 and dampening = 0",
                    got=f"momentum {momentum}, dampening {dampening}",
                )
            )
        options = {
            "lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay,
            "nesterov": nesterov, "maximize": maximize, "foreach": foreach,
            "differentiable": differentiable, "fused": fused,
        }  # fmt: skip
        super().__init__(params, options)

    def start(self, parameter: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        super().start(parameter, state, group)
        if state and group["dampening"] != 0:
            state["momentum_buffer"] = None  # the first gradient is not dampened

    def rule(self, options: Any) -> Chain:
        momentum, gathered = options["momentum"], None
        if momentum != 0:
            gathered = TRACE(
                decay=momentum,
                nesterov=options["nesterov"],
                accumulator_dtype=None,
                dampening=options["dampening"],
            )
        return recipe(
            upward(options["maximize"]),
            decay(options["weight_decay"]),
            gathered,
            descent(options["lr"]),
        )
