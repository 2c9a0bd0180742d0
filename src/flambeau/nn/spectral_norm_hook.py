"""Spectral normalisation in the older way, by a hook."""

from __future__ import annotations

from typing import Any

from flambeau.autograd.modes import no_grad
from flambeau.nn.functional import normalize
from flambeau.nn.module import Module
from flambeau.nn.parameter import Parameter
from flambeau.nn.spectral_norm import as_matrix, check_iterations, usual_dimension
from flambeau.nn.weight_hooks import remove_hook, weight_for_hook


class SpectralNorm:
    """The hook of the older way: it computes the weight before each call of the module.

    Args:
        name: of the weight.
        n_power_iterations: how many steps of the power method each call takes.
        dim: the dimension of the outputs.
        eps: keeps norms from being zero.
    """

    _version = 1

    def __init__(
        self, name: str = "weight", n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12
    ) -> None:
        check_iterations(n_power_iterations)
        self.name = name
        self.dim = dim
        self.n_power_iterations = n_power_iterations
        self.eps = eps

    def reshape_weight_to_matrix(self, weight: Any) -> Any:
        """The weight with the outputs as rows."""
        return as_matrix(weight, self.dim)

    def compute_weight(self, module: Any, do_power_iteration: bool) -> Any:
        """The weight, divided by its largest singular value as far as that is known."""
        weight = getattr(module, self.name + "_orig")
        u, v = getattr(module, self.name + "_u"), getattr(module, self.name + "_v")
        matrix = as_matrix(weight, self.dim)
        if do_power_iteration:
            with no_grad():
                for _ in range(self.n_power_iterations):
                    v.copy_(normalize(matrix.t().mv(u), dim=0, eps=self.eps))
                    u.copy_(normalize(matrix.mv(v), dim=0, eps=self.eps))
                # Copies: another call may change the buffers before this one's backward pass.
                u, v = u.clone(), v.clone()
        return weight / u.dot(matrix.mv(v))

    def __call__(self, module: Any, inputs: Any) -> None:
        setattr(module, self.name, self.compute_weight(module, module.training))

    @staticmethod
    def apply(
        module: Any, name: str, n_power_iterations: int, dim: int, eps: float
    ) -> SpectralNorm:
        """Put the hook on a module."""
        weight = weight_for_hook("spectral_norm", module, SpectralNorm, name)
        hook = SpectralNorm(name, n_power_iterations, dim, eps)
        matrix = as_matrix(weight.detach(), dim)
        u, v = (
            normalize(weight.detach().new_empty(size).normal_(0, 1), dim=0, eps=eps)
            for size in matrix.shape
        )
        delattr(module, name)
        module.register_parameter(name + "_orig", weight)
        setattr(module, name, weight.data)
        module.register_buffer(name + "_u", u)
        module.register_buffer(name + "_v", v)
        module.register_forward_pre_hook(hook)
        module._register_state_dict_hook(_NoteVersion(hook))
        module._register_load_state_dict_pre_hook(_FindVector(hook))
        return hook

    def remove(self, module: Any) -> None:
        """Make the weight a parameter again."""
        with no_grad():
            weight = self.compute_weight(module, do_power_iteration=False)
        for suffix in ("", "_u", "_v", "_orig"):
            delattr(module, self.name + suffix)
        module.register_parameter(self.name, Parameter(weight.detach()))


class _NoteVersion:
    """Notes in a state dict that it holds ``v`` and no computed weight."""

    def __init__(self, hook: SpectralNorm) -> None:
        self.hook = hook

    def __call__(self, module: Any, state_dict: Any, prefix: str, local_metadata: Any) -> None:
        versions = local_metadata.setdefault("spectral_norm", {})
        versions[self.hook.name + ".version"] = self.hook._version


class _FindVector:
    """Finds ``v`` for state dicts of the first version, which hold the computed weight instead."""

    def __init__(self, hook: SpectralNorm) -> None:
        self.hook = hook

    def __call__(
        self, state_dict: Any, prefix: str, local_metadata: Any, strict: bool,
        missing_keys: list[str], *reports: Any,
    ) -> None:  # fmt: skip
        name = self.hook.name
        version = local_metadata.get("spectral_norm", {}).get(name + ".version")
        key = prefix + name
        complete = all(key + suffix in state_dict for suffix in ("_orig", "_u", "_v"))
        if version is not None or (complete and key not in state_dict):
            return
        missing = [key + suffix for suffix in ("_orig", "", "_u") if key + suffix not in state_dict]
        if missing:
            missing_keys += missing if strict else []
            return
        with no_grad():
            original, u = state_dict[key + "_orig"], state_dict[key + "_u"]
            sigma = (original / state_dict.pop(key)).mean()
            matrix = as_matrix(original, self.hook.dim)
            v = (matrix.t().mm(matrix).pinverse() @ matrix.t()).mv(u)
            state_dict[key + "_v"] = v * (sigma / u.dot(matrix.mv(v)))


def spectral_norm(
    module: Module,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
) -> Module:
    """Divide a weight by its largest singular value, in the older way.

    Args:
        module: changed, and returned; it has ``name_orig``, ``name_u`` and ``name_v`` afterwards.
        name: of the weight.
        n_power_iterations: how many steps of the power method each call takes.
        eps: keeps norms from being zero.
        dim: the dimension of the outputs; 1 for transposed convolutions and 0 for others if not
            given.

    Raises:
        RuntimeError: if the weight has such a hook already.
        ValueError: if ``n_power_iterations`` is not positive.

    Example:
        >>> import flambeau as fb
        >>> layer = fb.nn.utils.spectral_norm(fb.nn.Linear(20, 40))
        >>> layer.weight_u.shape
        torch.Size([40])
    """
    SpectralNorm.apply(module, name, n_power_iterations, usual_dimension(module, dim), eps)
    return module


def remove_spectral_norm(module: Module, name: str = "weight") -> Module:
    """Undo the older way's spectral normalisation.

    Args:
        module: changed, and returned.
        name: of the weight.

    Raises:
        ValueError: if there is none.
    """
    remove_hook(module, "spectral_norm", SpectralNorm, name)
    for table, kind in (
        (module._state_dict_hooks, _NoteVersion),
        (module._load_state_dict_pre_hooks, _FindVector),
    ):
        for key, (hook, _) in list(table.items()):
            if isinstance(hook, kind) and hook.hook.name == name:
                del table[key]
    return module
