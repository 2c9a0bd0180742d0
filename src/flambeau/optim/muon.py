"""Muon."""

from __future__ import annotations

from typing import Any, ClassVar

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.optim.checks import require
from flambeau.optim.engine.combinators import Chain
from flambeau.optim.optimizer import check_range
from flambeau.optim.rule_optimizer import RuleOptimizer, decay, descent, recipe
from flambeau.optim.transform.pytorch_rules import MUON, SHAPE_FACTORS
from flambeau.tensor.tensor import Tensor


class Muon(RuleOptimizer):
    r"""Momentum for matrices, with its singular values moved towards 1.

    .. math::
        B ← μ B + (1 - μ) G, \quad M = μ B + (1 - μ) G \text{ or } B, \quad
        θ ← (1 - γλ) θ - γ\, s\, \operatorname{NS}(M)

    NS is Newton and Schulz's iteration in bfloat16,
    :math:`X ← aX + (bA + cA^2)X` with :math:`A = XX^T`, from :math:`M / \max(‖M‖, ε)`.

    Args:
        params: matrices, named matrices, or groups of them.
        lr: γ, at least 0.
        weight_decay: λ, at least 0.
        momentum: μ, at least 0.
        nesterov: mix the gradient in once more.
        ns_coefficients: :math:`(a, b, c)`.
        eps: ε.
        ns_steps: iterations, below 100.
        adjust_lr_fn: :math:`s` for a matrix of :math:`r × c`: ``"original"`` or ``None`` for
            :math:`\sqrt{\max(1, r/c)}`, ``"match_rms_adamw"`` for :math:`0.2\sqrt{\max(r, c)}`.

    Raises:
        ValueError: for hyperparameters out of range, or parameters that are no matrices.
        RuntimeError: for complex parameters.

    Example:
        >>> import flambeau as fb
        >>> w = fb.eye(2).requires_grad_()
        >>> optimizer = fb.optim.Muon([w], lr=0.1, weight_decay=0.0)
        >>> w.sum().backward()
        >>> optimizer.step()
        >>> bool(w[0, 0] < 1)
        True

    Reference: Jordan et al., "Muon: an optimizer for hidden layers in neural networks", 2024.
    """

    slots: ClassVar[dict[str, dict[str, str]]] = {"muon": {"momentum": "momentum_buffer"}}
    counts = False

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.775, 2.0315),
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
    ) -> None:
        check_range("Muon", "lr", lr, 0.0)
        check_range("Muon", "momentum", momentum, 0.0)
        check_range("Muon", "weight_decay", weight_decay, 0.0)
        check_range("Muon", "ns_steps", ns_steps, 0, 100)
        require(
            len(ns_coefficients) == 3,
            "Muon: invalid ns_coefficients",
            "three numbers",
            ns_coefficients,
        )
        require(
            adjust_lr_fn is None or adjust_lr_fn in SHAPE_FACTORS,
            "Muon: unknown adjust_lr_fn",
            f"None, {', '.join(map(repr, SHAPE_FACTORS))}",
            repr(adjust_lr_fn),
        )
        options = {
            "lr": lr, "weight_decay": weight_decay, "momentum": momentum, "nesterov": nesterov,
            "ns_coefficients": ns_coefficients, "eps": eps, "ns_steps": ns_steps,
            "adjust_lr_fn": adjust_lr_fn,
        }  # fmt: skip
        super().__init__(params, options)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        super().add_param_group(param_group)
        for parameter in self.param_groups[-1]["params"]:
            if parameter.ndim != 2 or parameter.is_complex():
                self.param_groups.pop()
                _refuse(parameter)

    def rule(self, options: Any) -> Chain:
        return recipe(
            MUON(
                momentum=options["momentum"], nesterov=options["nesterov"], eps=options["eps"],
                ns_coefficients=options["ns_coefficients"], ns_steps=options["ns_steps"],
                ns_dtype=dtypes.bfloat16, adjust=options["adjust_lr_fn"] or "original",
            ),
            decay(options["weight_decay"]),
            descent(options["lr"]),
        )  # fmt: skip


def _refuse(parameter: Tensor) -> None:
    if parameter.is_complex():
        raise RuntimeError(
            message(
                "Muon: complex parameters are not supported",
                expected="real matrices",
                got=f"a parameter of {parameter.dtype}",
            )
        )
    raise ValueError(
        message(
            "Muon: a parameter is not a matrix",
            expected="parameters with 2 dimensions",
            got=f"shape {tuple(parameter.shape)}",
            help="give the others to another optimizer, such as AdamW",
        )
    )
