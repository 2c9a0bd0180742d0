"""What a parameter is for: weights, biases, norms and tables are often treated differently."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from flambeau.core import trees
from flambeau.optim.checks import require
from flambeau.optim.engine.leaf import name_of

KINDS = ("matrix", "bias", "norm", "embedding", "other")


class Role(NamedTuple):
    """What a parameter is for.

    Attributes:
        kind: ``"matrix"`` (weights that inputs are multiplied by), ``"bias"``, ``"norm"`` (the
            scale of a normalization), ``"embedding"`` (a table), or ``"other"``.
        fan_in: the dimensions of a matrix that inputs come in by.
        fan_out: the dimensions of its outputs.
    """

    kind: str
    fan_in: tuple[int, ...] = ()
    fan_out: tuple[int, ...] = ()


def role_of(owner: Any, name: str, parameter: Any) -> Role:
    """The role of a module's own parameter, by the kind of layer that the module is.

    Args:
        owner: the module.
        name: what it calls the parameter.
        parameter: the parameter.
    """
    layers = " ".join(each.__name__ for each in type(owner).__mro__)
    if "bias" in name:
        return Role("bias")
    if "Norm" in layers:
        return Role("norm")
    if "Embedding" in layers:
        return Role("embedding")
    if parameter.ndim < 2:
        return Role("other")
    inputs = tuple(range(1, parameter.ndim))
    if "ConvTranspose" in layers:  # whose weights are (inputs, outputs, ...)
        return Role("matrix", (0, *inputs[1:]), (1,))
    return Role("matrix", inputs, (0,))


def roles(module: Any) -> dict[str, Role]:
    """The role of each parameter of a module, by name.

    Args:
        module: a module.

    Example:
        >>> import flambeau as fb
        >>> model = fb.nn.Sequential(fb.nn.Embedding(5, 3), fb.nn.Linear(3, 2))
        >>> {name: role.kind for name, role in fb.optim.roles(model).items()}
        {'0.weight': 'embedding', '1.weight': 'matrix', '1.bias': 'bias'}
    """
    found: dict[str, Role] = {}
    kept = {id(p): name for name, p in module.named_parameters()}
    for owner in module.modules():
        for name, parameter in owner.named_parameters(recurse=False):
            found.setdefault(kept[id(parameter)], role_of(owner, name, parameter))
    return {name: found[name] for name in kept.values()}


def by_role(*kinds: str, roles: Mapping[str, Role] | None = None) -> Callable[[Any], Any]:
    """A mask for the parameters of some kinds: for ``masked``, weight decay, and so on.

    Args:
        kinds: ``"matrix"``, ``"bias"``, ``"norm"``, ``"embedding"``, ``"other"``.
        roles: what :func:`flambeau.optim.roles` gave for the model. Without it, a parameter with
            ``bias`` in its last name is a bias, others with two dimensions or more are matrices,
            and the rest are norms.

    Returns:
        A function of a tree of parameters to a tree of truth values.

    Raises:
        ValueError: for an unknown kind.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.optim import transform
        >>> model = fb.nn.Linear(2, 1)
        >>> mask = transform.by_role("matrix", roles=fb.optim.roles(model))
        >>> mask(dict(model.named_parameters()))
        {'weight': True, 'bias': False}
    """
    for kind in kinds:
        require(kind in KINDS, "by_role: unknown kind", " or ".join(map(repr, KINDS)), repr(kind))

    def chosen(path: tuple[Any, ...], p: Any) -> bool:
        if p is None:
            return False
        known = None if roles is None else roles.get(name_of(path))
        return (_guessed(path, p) if known is None else known.kind) in kinds

    return lambda params: trees.map_with_path(chosen, params)


def _guessed(path: tuple[Any, ...], p: Any) -> str:
    if "bias" in name_of(path).rpartition(".")[2]:
        return "bias"
    return "matrix" if p.ndim >= 2 else "norm"
