"""Adafactor."""

from __future__ import annotations

from typing import Any, ClassVar

from flambeau.core.errors import message
from flambeau.optim.checks import require
from flambeau.optim.engine.combinators import Chain
from flambeau.optim.optimizer import check_range
from flambeau.optim.rule_optimizer import RuleOptimizer, recipe, upward
from flambeau.optim.transform.pytorch_rules import ADAFACTOR
from flambeau.tensor.tensor import Tensor


class Adafactor(RuleOptimizer):
    r"""Adaptive steps of which only sums over rows and columns are remembered.

    .. math::
        β = 1 - t^{τ}, \quad R ← βR + (1 - β) \operatorname{mean}_j(g^2), \quad
        C ← βC + (1 - β) \operatorname{mean}_i(g^2), \quad
        \hat v = \frac{R C}{\max(\operatorname{mean} R, ε_1)}

    .. math::
        u = \frac{g}{\sqrt{\max(\hat v, ε_1^2)}}, \quad
        α = \max(ε_2, \operatorname{rms}(θ)) \min(γ, 1/\sqrt t), \quad
        θ ← (1 - γλ) θ - α \frac{u}{\max(1, \operatorname{rms}(u)/d)}

    Vectors keep the whole average of squares in place of :math:`\hat v`.

    Args:
        params: real parameters, named parameters, or groups of them.
        lr: γ, at least 0.
        beta2_decay: τ, at most 0.
        eps: :math:`(ε_1, ε_2)`, at least 0; ``None`` for :math:`ε_1` takes the machine epsilon of
            each parameter's own type.
        d: the clipping threshold, at least 1.
        weight_decay: λ, at least 0.
        foreach: a selector without effect.
        maximize: go up instead of down.

    Raises:
        ValueError: for hyperparameters out of range.
        RuntimeError: for complex parameters.

    Example:
        >>> import flambeau as fb
        >>> w = fb.ones(1, requires_grad=True)
        >>> optimizer = fb.optim.Adafactor([w], lr=0.1)
        >>> (w * w).sum().backward()
        >>> optimizer.step()
        >>> w
        tensor([0.9000], requires_grad=True)

    Reference: Shazeer and Stern, "Adafactor: adaptive learning rates with sublinear memory cost",
    ICML 2018, algorithm 5.
    Differs from PyTorch: ε₁ is that of each parameter, also in a group of several types.
    """

    slots: ClassVar[dict[str, dict[str, str]]] = {
        "adafactor": {"row_var": "row_var", "col_var": "col_var", "variance": "variance"}
    }

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
    ) -> None:
        check_range("Adafactor", "lr", lr, 0.0)
        require(
            beta2_decay <= 0, "Adafactor: invalid beta2_decay", "beta2_decay at most 0", beta2_decay
        )
        if eps[0] is not None:
            check_range("Adafactor", "eps[0]", eps[0], 0.0)
        check_range("Adafactor", "eps[1]", eps[1], 0.0)
        check_range("Adafactor", "d", d, 1.0)
        check_range("Adafactor", "weight_decay", weight_decay, 0.0)
        options = {
            "lr": lr, "beta2_decay": beta2_decay, "eps": eps, "d": d, "weight_decay": weight_decay,
            "foreach": foreach, "maximize": maximize,
        }  # fmt: skip
        super().__init__(params, options)

    def start(self, parameter: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        if parameter.is_complex():
            raise RuntimeError(
                message(
                    "Adafactor: complex parameters are not supported",
                    expected="real parameters",
                    got=f"a parameter of {parameter.dtype}",
                )
            )
        super().start(parameter, state, group)

    def rule(self, options: Any) -> Chain:
        return recipe(
            upward(options["maximize"]),
            ADAFACTOR(
                learning_rate=options["lr"], beta2_decay=options["beta2_decay"],
                eps=options["eps"], d=options["d"], weight_decay=options["weight_decay"],
            ),
        )  # fmt: skip
