"""Resilient backpropagation."""

from __future__ import annotations

from typing import Any, ClassVar

from flambeau.optim.checks import require
from flambeau.optim.engine.combinators import Chain
from flambeau.optim.optimizer import check_range
from flambeau.optim.rule_optimizer import RuleOptimizer, descent, recipe, upward
from flambeau.optim.transform.signed_steps import RPROP
from flambeau.tensor.tensor import Tensor


class Rprop(RuleOptimizer):
    r"""A step size for every element, led by the gradient's sign.

    .. math::
        s ← \operatorname{clip}(s\,η), \quad η = \begin{cases} η_+ & g g' > 0 \\ η_- & g g' < 0 \\
        1 & g g' = 0 \end{cases}, \quad
        g ← 0 \text{ where } g g' < 0, \quad θ ← θ - s \operatorname{sign}(g)

    with :math:`g'` the gradient of the step before.

    Args:
        params: parameters, named parameters, or groups of them.
        lr: the first step size, at least 0.
        etas: :math:`η_-` in (0, 1) and :math:`η_+` above 1.
        step_sizes: bounds of the step sizes.
        capturable, foreach: selectors without effect.
        maximize: go up instead of down.
        differentiable: record the step.

    Raises:
        ValueError: for hyperparameters out of range.

    Example:
        >>> import flambeau as fb
        >>> w = fb.ones(1, requires_grad=True)
        >>> optimizer = fb.optim.Rprop([w], lr=0.1)
        >>> (w * w).sum().backward()
        >>> optimizer.step()
        >>> w
        tensor([0.9000], requires_grad=True)

    Reference: Riedmiller and Braun, "A direct adaptive method for faster backpropagation learning:
    the RPROP algorithm", ICNN 1993.
    """

    slots: ClassVar[dict[str, dict[str, str]]] = {
        "scale_by_rprop": {"prev_updates": "prev", "step_sizes": "step_size"}
    }

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_range("Rprop", "lr", lr, 0.0)
        require(
            0.0 < etas[0] < 1.0 < etas[1],
            "Rprop: invalid etas",
            "0 < etas[0] < 1 < etas[1]",
            etas,
        )
        options = {
            "lr": lr, "etas": etas, "step_sizes": step_sizes, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable, "capturable": capturable,
        }  # fmt: skip
        super().__init__(params, options)

    def rule(self, options: Any) -> Chain:
        minus, plus = options["etas"]
        low, high = options["step_sizes"]
        return recipe(
            upward(options["maximize"]),
            RPROP(
                learning_rate=options["lr"], eta_minus=minus, eta_plus=plus,
                min_step_size=low, max_step_size=high,
            ),
            descent(1),
        )  # fmt: skip
