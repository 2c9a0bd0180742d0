"""Adam and AdamW."""

from __future__ import annotations

from typing import Any

from flambeau.core import dtypes
from flambeau.ops.complex_views import view_as_real
from flambeau.ops.creation import full, zeros
from flambeau.ops.likes import zeros_like
from flambeau.ops.pairwise_extremes import maximum
from flambeau.optim.hyperparameters import Hyperparameters, advance
from flambeau.optim.optimizer import Optimizer, check_range
from flambeau.tensor.tensor import Tensor


class Adam(Optimizer):
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

    def start(self, parameter: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        double = dtypes.get_default_dtype() is dtypes.float64
        state["step"] = zeros((), dtype=dtypes.float64 if double else dtypes.float32)
        state["exp_avg"] = zeros_like(parameter)
        state["exp_avg_sq"] = zeros_like(parameter)
        if group["amsgrad"]:
            state["max_exp_avg_sq"] = zeros_like(parameter)

    def update(
        self,
        parameter: Tensor,
        gradient: Tensor,
        state: dict[str, Any],
        hyper: Hyperparameters | dict[str, Any],
    ) -> None:
        lr, (beta1, beta2), decay = hyper["lr"], hyper["betas"], hyper["weight_decay"]
        count = advance(state["step"])
        mean, square, largest = state["exp_avg"], state["exp_avg_sq"], state.get("max_exp_avg_sq")
        if hyper["maximize"]:
            gradient = -gradient
        if decay != 0:
            if hyper["decoupled_weight_decay"]:
                parameter.mul_(1 - lr * decay)
            else:
                gradient = gradient.add(parameter, alpha=decay)
        if gradient.is_complex():  # real and imaginary parts are averaged on their own
            parameter, gradient, mean, square = (
                view_as_real(x) for x in (parameter, gradient, mean, square)
            )
            largest = None if largest is None else view_as_real(largest)
        if mean._array.dtype is not gradient._array.dtype:
            gradient = gradient.to(mean.dtype)
        mean.lerp_(gradient, 1 - beta1)
        square.mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
        if hyper["differentiable"]:  # later steps change the averages that the graph remembers
            mean, square = mean.clone(), square.clone()
        if hyper["amsgrad"]:
            square = largest.copy_(maximum(largest, square))
        denominator = square.sqrt() / (1 - beta2**count) ** 0.5 + hyper["eps"]
        rate = lr / (1 - beta1**count)
        if isinstance(rate, Tensor):
            parameter.sub_(mean / denominator * rate)
        else:
            parameter.addcdiv_(mean, denominator, value=-rate)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for slots in self.state.values():
            if isinstance(slots.get("step"), (int, float)):  # as PyTorch stored it before 1.12
                slots["step"] = full((), float(slots["step"]), dtype=dtypes.float32)


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
