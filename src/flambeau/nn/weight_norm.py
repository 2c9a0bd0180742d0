"""Weight normalisation as a parametrization."""

from __future__ import annotations

from typing import Any

from flambeau.nn.module import Module
from flambeau.nn.parametrization import register_parametrization
from flambeau.ops.weight_normalisation import norm_except_dim, normalised_weight
from flambeau.tensor.tensor import Tensor


class _WeightNorm(Module):
    def __init__(self, dim: int | None = 0) -> None:
        super().__init__()
        self.dim = -1 if dim is None else dim

    def forward(self, weight_g: Tensor, weight_v: Tensor) -> Tensor:
        return normalised_weight(weight_v, weight_g, self.dim)

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        return norm_except_dim(weight, 2, self.dim), weight


def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    """Train length and direction of a weight apart.

    :math:`w = g · v / ||v||`

    Args:
        module: changed, and returned; ``g`` and ``v`` are ``original0`` and ``original1`` of
            ``module.parametrizations[name]``.
        name: of the weight.
        dim: along which there are lengths of their own; ``None`` for one length.

    Raises:
        ValueError: if there is no such weight.

    Reference: T. Salimans and D. Kingma, "Weight Normalization", 2016.

    Example:
        >>> import flambeau as fb
        >>> layer = fb.nn.utils.parametrizations.weight_norm(fb.nn.Linear(20, 40))
        >>> layer.parametrizations.weight.original0.shape
        torch.Size([40, 1])
    """
    register_parametrization(module, name, _WeightNorm(dim), unsafe=True)

    def take_older_names(state_dict: Any, prefix: str, *reports: Any) -> None:
        keys = (f"{prefix}{name}_g", f"{prefix}{name}_v")
        if all(key in state_dict for key in keys):
            for place, key in enumerate(keys):
                new = f"{prefix}parametrizations.{name}.original{place}"
                state_dict[new] = state_dict.pop(key)

    module._register_load_state_dict_pre_hook(take_older_names)
    return module
