"""Adam for embeddings."""

from __future__ import annotations

from typing import Any, ClassVar

from flambeau.optim.checks import in_range
from flambeau.optim.engine.combinators import Chain
from flambeau.optim.optimizer import check_range
from flambeau.optim.rule_optimizer import RuleOptimizer, descent, recipe, upward
from flambeau.optim.transform.row_sparse import SPARSE_ADAM
from flambeau.tensor.tensor import Tensor


class SparseAdam(RuleOptimizer):
    r"""Adam that leaves rows alone, averages included, that the gradient does not touch.

    .. math::
        m_i ← β_1 m_i + (1 - β_1) g_i, \quad v_i ← β_2 v_i + (1 - β_2) g_i^2, \quad
        θ_i ← θ_i - γ \frac{\sqrt{1 - β_2^t}}{1 - β_1^t} \frac{m_i}{\sqrt{v_i} + ε}
        \quad \text{where } g_i ≠ 0

    For tables such as that of ``nn.Embedding(..., sparse=True)``: rows that were not looked up in
    this step neither move on by their momentum nor forget it.

    Args:
        params: parameters, named parameters, or groups of them.
        lr: learning rate γ, above 0.
        betas: decay rates β₁, β₂ of the averages, in [0, 1).
        eps: ε, above 0.
        maximize: go up instead of down.

    Raises:
        ValueError: for hyperparameters out of range.

    Example:
        >>> import flambeau as fb
        >>> table = fb.nn.Embedding.from_pretrained(fb.zeros(3, 2), freeze=False, sparse=True)
        >>> optimizer = fb.optim.SparseAdam(table.parameters(), lr=0.1)
        >>> table(fb.tensor([2])).sum().backward()
        >>> optimizer.step()
        >>> table.weight
        Parameter containing:
        tensor([[ 0.0000,  0.0000],
                [ 0.0000,  0.0000],
                [-0.1000, -0.1000]], requires_grad=True)

    Reference: Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015, section 2.
    Differs from PyTorch: gradients are dense tensors here, so any parameter may be given. A row
    that was looked up, but whose gradient is exactly zero throughout, rests too.
    """

    slots: ClassVar[dict[str, dict[str, str]]] = {
        "scale_by_sparse_adam": {"mu": "exp_avg", "nu": "exp_avg_sq"}
    }

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        maximize: bool = False,
    ) -> None:
        in_range("SparseAdam", "lr", lr, 0, open_low=True)
        in_range("SparseAdam", "eps", eps, 0, open_low=True)
        check_range("SparseAdam", "betas[0]", betas[0], 0.0, 1.0)
        check_range("SparseAdam", "betas[1]", betas[1], 0.0, 1.0)
        options = {"lr": lr, "betas": betas, "eps": eps, "maximize": maximize}
        super().__init__(params, options)

    def rule(self, options: Any) -> Chain:
        b1, b2 = options["betas"]
        return recipe(
            upward(options["maximize"]),
            SPARSE_ADAM(b1=b1, b2=b2, eps=options["eps"]),
            descent(options["lr"]),
        )
