"""Weight normalisation in the older way, by a hook."""

from __future__ import annotations

import warnings
from typing import Any

from flambeau.core.errors import message
from flambeau.nn.module import Module
from flambeau.nn.parameter import Parameter
from flambeau.nn.weight_hooks import remove_hook, weight_for_hook
from flambeau.ops.weight_normalisation import norm_except_dim, normalised_weight
from flambeau.tensor.tensor import Tensor


class WeightNorm:
    """The hook of the older way: it computes the weight before each call of the module.

    Args:
        name: of the weight.
        dim: along which there are lengths of their own; -1 for one length.
    """

    def __init__(self, name: str, dim: int | None) -> None:
        self.name = name
        self.dim = -1 if dim is None else dim

    def compute_weight(self, module: Module) -> Tensor:
        """The weight from its length and direction."""
        g, v = getattr(module, self.name + "_g"), getattr(module, self.name + "_v")
        return normalised_weight(v, g, self.dim)

    def __call__(self, module: Module, inputs: Any) -> None:
        setattr(module, self.name, self.compute_weight(module))

    @staticmethod
    def apply(module: Module, name: str, dim: int | None) -> WeightNorm:
        """Put the hook on a module."""
        warnings.warn(
            message(
                "weight_norm: there is a newer way",
                expected="nn.utils.parametrizations.weight_norm",
                got="nn.utils.weight_norm",
            ),
            FutureWarning,
            stacklevel=3,
        )
        weight = weight_for_hook("weight_norm", module, WeightNorm, name)
        hook = WeightNorm(name, dim)
        del module._parameters[name]
        lengths = norm_except_dim(weight.detach(), 2, hook.dim)
        module.register_parameter(name + "_g", Parameter(lengths))
        module.register_parameter(name + "_v", Parameter(weight.data))
        hook(module, None)
        module.register_forward_pre_hook(hook)
        return hook

    def remove(self, module: Module) -> None:
        """Make the weight a parameter again."""
        weight = self.compute_weight(module)
        delattr(module, self.name)
        del module._parameters[self.name + "_g"]
        del module._parameters[self.name + "_v"]
        setattr(module, self.name, Parameter(weight.detach()))


def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    """Train length and direction of a weight apart, in the older way.

    Args:
        module: changed, and returned; it has ``name_g`` and ``name_v`` afterwards.
        name: of the weight.
        dim: along which there are lengths of their own; ``None`` for one length.

    Raises:
        RuntimeError: if the weight has such a hook already.

    Example:
        >>> import warnings
        >>> import flambeau as fb
        >>> with warnings.catch_warnings():
        ...     warnings.simplefilter("ignore")
        ...     layer = fb.nn.utils.weight_norm(fb.nn.Linear(20, 40))
        >>> layer.weight_g.shape, layer.weight_v.shape
        (torch.Size([40, 1]), torch.Size([40, 20]))
    """
    WeightNorm.apply(module, name, dim)
    return module


def remove_weight_norm(module: Module, name: str = "weight") -> Module:
    """Undo the older way's weight normalisation.

    Args:
        module: changed, and returned.
        name: of the weight.

    Raises:
        ValueError: if there is none.
    """
    remove_hook(module, "weight_norm", WeightNorm, name)
    return module
