"""RMSprop."""

from __future__ import annotations

from typing import Any, ClassVar

from flambeau.optim.engine.combinators import Chain
from flambeau.optim.optimizer import check_range
from flambeau.optim.rule_optimizer import RuleOptimizer, decay, descent, recipe, upward
from flambeau.optim.transform.accumulation import TRACE
from flambeau.optim.transform.root_mean_square import RMS, STDDEV
from flambeau.tensor.tensor import Tensor


class RMSprop(RuleOptimizer):
    r"""Steps divided by the root of the average squared gradient.

    .. math::
        v ← α v + (1 - α) g^2, \quad b ← μ b + \frac{g}{\sqrt{v} + ε}, \quad θ ← θ - γ b

    Centered, :math:`v - \bar g^2` stands in place of :math:`v`, with :math:`\bar g` the average
    gradient.

    Args:
        params: parameters, named parameters, or groups of them.
        lr: learning rate γ, at least 0.
        alpha: α, at least 0.
        eps: ε, at least 0.
        weight_decay: λ, at least 0; added to the gradient.
        momentum: μ, at least 0.
        centered: divide by the standard deviation.
        capturable, foreach: selectors without effect.
        maximize: go up instead of down.
        differentiable: record the step.

    Raises:
        ValueError: for hyperparameters out of range.

    Example:
        >>> import flambeau as fb
        >>> w = fb.ones(1, requires_grad=True)
        >>> optimizer = fb.optim.RMSprop([w], lr=0.01)
        >>> (w * w).sum().backward()
        >>> optimizer.step()
        >>> w
        tensor([0.9000], requires_grad=True)

    Reference: Hinton, "Neural networks for machine learning", lecture 6, 2012; Graves, "Generating
    sequences with recurrent neural networks", 2013 (centered).
    Differs from PyTorch: a variance that is negative by rounding counts as 0; there it becomes nan.
    """

    slots: ClassVar[dict[str, dict[str, str]]] = {
        "scale_by_rms": {"nu": "square_avg"},
        "scale_by_stddev": {"nu": "square_avg", "mu": "grad_avg"},
        "trace": {"trace": "momentum_buffer"},
    }

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_range("RMSprop", "lr", lr, 0.0)
        check_range("RMSprop", "eps", eps, 0.0)
        check_range("RMSprop", "momentum", momentum, 0.0)
        check_range("RMSprop", "weight_decay", weight_decay, 0.0)
        check_range("RMSprop", "alpha", alpha, 0.0)
        options = {
            "lr": lr, "momentum": momentum, "alpha": alpha, "eps": eps, "centered": centered,
            "weight_decay": weight_decay, "capturable": capturable, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, options)

    def rule(self, options: Any) -> Chain:
        momentum = options["momentum"]
        scaled = (STDDEV if options["centered"] else RMS)(
            decay=options["alpha"], eps=options["eps"], initial_scale=0.0, eps_in_sqrt=False,
            bias_correction=False,
        )  # fmt: skip
        gathered = None
        if momentum != 0:
            gathered = TRACE(decay=momentum, nesterov=False, accumulator_dtype=None, dampening=0)
        return recipe(
            upward(options["maximize"]),
            decay(options["weight_decay"]),
            scaled,
            gathered,
            descent(options["lr"]),
        )
