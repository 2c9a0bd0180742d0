"""Averaged stochastic gradient descent."""

from __future__ import annotations

from typing import Any, ClassVar

from flambeau.optim.engine.combinators import Chain
from flambeau.optim.optimizer import check_range
from flambeau.optim.rule_optimizer import RuleOptimizer, decay, recipe, upward
from flambeau.optim.transform.pytorch_rules import ASGD as RULE
from flambeau.tensor.tensor import Tensor


class ASGD(RuleOptimizer):
    r"""Gradient descent with a falling rate, and the average of the parameters.

    .. math::
        θ ← (1 - λη) θ - η g, \quad a ← a + μ (θ - a), \quad
        η ← \frac{γ}{(1 + λγt)^α}, \quad μ ← \frac{1}{\max(1, t - t_0)}

    Args:
        params: parameters, named parameters, or groups of them.
        lr: learning rate γ, at least 0.
        lambd: λ.
        alpha: α.
        t0: the step at which averaging begins.
        weight_decay: at least 0; added to the gradient.
        foreach, capturable: selectors without effect.
        maximize: go up instead of down.
        differentiable: record the step.

    The average :math:`a` is ``optimizer.state[parameter]["ax"]``.

    Raises:
        ValueError: for hyperparameters out of range.

    Example:
        >>> import flambeau as fb
        >>> w = fb.ones(1, requires_grad=True)
        >>> optimizer = fb.optim.ASGD([w], lr=0.1)
        >>> (w * w).sum().backward()
        >>> optimizer.step()
        >>> w
        tensor([0.8000], requires_grad=True)

    Reference: Polyak and Juditsky, "Acceleration of stochastic approximation by averaging", 1992.
    Differs from PyTorch: η and μ are kept in double precision.
    """

    slots: ClassVar[dict[str, dict[str, str]]] = {"asgd": {"eta": "eta", "mu": "mu", "ax": "ax"}}

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check_range("ASGD", "lr", lr, 0.0)
        check_range("ASGD", "weight_decay", weight_decay, 0.0)
        options = {
            "lr": lr, "lambd": lambd, "alpha": alpha, "t0": t0, "weight_decay": weight_decay,
            "foreach": foreach, "maximize": maximize, "differentiable": differentiable,
            "capturable": capturable,
        }  # fmt: skip
        super().__init__(params, options)

    def rule(self, options: Any) -> Chain:
        return recipe(
            upward(options["maximize"]),
            decay(options["weight_decay"]),
            RULE(
                learning_rate=options["lr"],
                lambd=options["lambd"],
                alpha=options["alpha"],
                t0=options["t0"],
            ),
        )
