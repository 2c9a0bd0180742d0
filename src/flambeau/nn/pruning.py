"""Functions that prune a module's parameters, or undo it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flambeau.core.errors import message
from flambeau.nn.parameter_vectors import parameters_to_vector
from flambeau.nn.pruning_methods import (
    BasePruningMethod,
    CustomFromMask,
    Identity,
    L1Unstructured,
    LnStructured,
    PruningContainer,
    RandomStructured,
    RandomUnstructured,
    take_hook,
)
from flambeau.ops.likes import ones_like
from flambeau.tensor.tensor import Tensor


def identity(module: Any, name: str) -> Any:
    """Give a parameter a mask of ones; returns the module.

    Args:
        module: the module.
        name: of the parameter.
    """
    Identity.apply(module, name)
    return module


def random_unstructured(module: Any, name: str, amount: float) -> Any:
    """Prune elements at random; returns the module.

    Args:
        module: the module.
        name: of the parameter.
        amount: how many (an integer), or which part of them (from 0.0 to 1.0).

    Raises:
        ValueError: if ``amount`` is out of range.

    Example:
        >>> import flambeau as fb
        >>> layer = fb.nn.utils.prune.random_unstructured(fb.nn.Linear(2, 3), "weight", amount=1)
        >>> int((layer.weight_mask == 0).sum())
        1
    """
    RandomUnstructured.apply(module, name, amount)
    return module


def l1_unstructured(module: Any, name: str, amount: float, importance_scores: Any = None) -> Any:
    """Prune the elements of the smallest size; returns the module.

    Args:
        module: the module.
        name: of the parameter.
        amount: how many (an integer), or which part of them (from 0.0 to 1.0).
        importance_scores: numbers to take in place of the parameter's.

    Raises:
        ValueError: if ``amount`` is out of range.

    Example:
        >>> import flambeau as fb
        >>> layer = fb.nn.utils.prune.l1_unstructured(fb.nn.Linear(2, 3), "weight", amount=0.5)
        >>> int((layer.weight == 0).sum())
        3
    """
    L1Unstructured.apply(module, name, amount, importance_scores=importance_scores)
    return module


def random_structured(module: Any, name: str, amount: float, dim: int) -> Any:
    """Prune channels at random; returns the module.

    Args:
        module: the module.
        name: of the parameter.
        amount: how many (an integer), or which part of them (from 0.0 to 1.0).
        dim: the dimension of the channels.

    Raises:
        ValueError: if ``amount`` is out of range, or the parameter has one dimension.
        IndexError: if ``dim`` is out of range.
    """
    RandomStructured.apply(module, name, amount, dim)
    return module


def ln_structured(
    module: Any, name: str, amount: float, n: Any, dim: int, importance_scores: Any = None
) -> Any:
    """Prune the channels of the smallest norm; returns the module.

    Args:
        module: the module.
        name: of the parameter.
        amount: how many (an integer), or which part of them (from 0.0 to 1.0).
        n: the p of the p-norm.
        dim: the dimension of the channels.
        importance_scores: numbers to take in place of the parameter's.

    Raises:
        ValueError: if ``amount`` is out of range, or the parameter has one dimension.
        IndexError: if ``dim`` is out of range.
    """
    LnStructured.apply(module, name, amount, n, dim, importance_scores=importance_scores)
    return module


def custom_from_mask(module: Any, name: str, mask: Tensor) -> Any:
    """Prune what a mask says; returns the module.

    Args:
        module: the module.
        name: of the parameter.
        mask: zero where an element is pruned.

    Raises:
        AssertionError: if the mask has another shape.
    """
    CustomFromMask.apply(module, name, mask)
    return module


def global_unstructured(
    parameters: Iterable[tuple[Any, str]],
    pruning_method: type[BasePruningMethod],
    importance_scores: dict[Any, Any] | None = None,
    **kwargs: Any,
) -> None:
    """Prune several parameters as if they were one.

    Args:
        parameters: pairs of a module and a parameter's name.
        pruning_method: an unstructured method, such as :class:`L1Unstructured`.
        importance_scores: numbers to take in place of some parameters', by such pairs.
        kwargs: for the method's constructor.

    Raises:
        TypeError: if an argument has another type, or the method is not unstructured.
    """
    if not isinstance(parameters, Iterable) or not isinstance(importance_scores or {}, dict):
        raise TypeError(
            message(
                "global_unstructured: types of the arguments",
                expected="an iterable of pairs, and scores in a dict",
                got=f"{type(parameters).__name__} and {type(importance_scores).__name__}",
            )
        )
    pairs, given = list(parameters), importance_scores or {}
    scores = parameters_to_vector([given.get(pair, getattr(*pair)) for pair in pairs])
    masks = [getattr(m, name + "_mask", ones_like(getattr(m, name))) for m, name in pairs]
    method = pruning_method(**kwargs)
    method._tensor_name = "all of them"
    if method.PRUNING_TYPE != "unstructured":
        raise TypeError(
            message(
                "global_unstructured: the method is not unstructured",
                expected="PRUNING_TYPE = 'unstructured'",
                got=repr(method.PRUNING_TYPE),
            )
        )
    container = PruningContainer(method)
    mask = container.compute_mask(scores, parameters_to_vector(masks))
    start = 0
    for module, name in pairs:
        parameter = getattr(module, name)
        part = mask[start : start + parameter.numel()]
        custom_from_mask(module, name, mask=part.view(parameter.shape))
        start += parameter.numel()


def remove(module: Any, name: str) -> Any:
    """Make a pruned tensor the parameter; returns the module.

    Args:
        module: the module.
        name: of the parameter.

    Raises:
        ValueError: if it is not pruned.
    """
    hook = take_hook(module, name)
    if hook is None:
        raise ValueError(
            message(
                f"prune: '{name}' is not pruned", expected="a pruned parameter", got=f"'{name}'"
            )
        )
    hook.remove(module)
    return module


def is_pruned(module: Any) -> bool:
    """Whether the module, or one below it, has a pruned parameter.

    Args:
        module: the module.
    """
    return any(
        isinstance(hook, BasePruningMethod)
        for each in module.modules()
        for hook in each._forward_pre_hooks.values()
    )
