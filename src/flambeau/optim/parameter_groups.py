"""What users give an optimizer, made into parameter groups."""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Iterable
from typing import Any

from flambeau.core.errors import message
from flambeau.tensor.tensor import Tensor


class _Required:
    """Marks an option without a default."""

    def __repr__(self) -> str:
        return "<required parameter>"


REQUIRED = _Required()


def as_groups(params: Any) -> list[dict[str, Any]]:
    """Parameters, named parameters or groups as a list of groups.

    Raises:
        TypeError: for a tensor.
        ValueError: if there is nothing.
    """
    if isinstance(params, Tensor):
        raise TypeError(
            message(
                "optimizer: params must be a list of tensors",
                expected="an iterable of tensors, of (name, tensor) pairs or of dicts",
                got="a tensor",
                help="put it in a list: [parameter]",
            )
        )
    groups = list(params)
    if not groups:
        raise ValueError(
            message(
                "optimizer: the list of parameters is empty",
                expected="at least one parameter",
                got="none",
                help="generators can be used only once; pass model.parameters() anew",
            )
        )
    return groups if isinstance(groups[0], dict) else [{"params": groups}]


def group_of(given: Any, defaults: dict[str, Any], name: str) -> dict[str, Any]:
    """A group as an optimizer keeps it: a list of parameters, perhaps names, and all options.

    Args:
        given: what the user gave.
        defaults: options and their values where the group has none of its own.
        name: the optimizer's, for errors.

    Raises:
        TypeError: if it is no dict or does not hold tensors.
        ValueError: if an option is missing or misspelt, or a parameter is not a leaf.
    """
    if not isinstance(given, dict):
        raise TypeError(
            message(
                f"{name}: a parameter group is not a dict",
                expected="a dict with 'params'",
                got=type(given).__name__,
            )
        )
    if "params" not in given:
        raise KeyError(
            message(
                f"{name}: a parameter group has no 'params'",
                expected="a dict with 'params'",
                got=f"a dict with {sorted(given)}",
            )
        )
    _check_options(name, given, defaults)
    group = dict(given)
    group["params"], names = _parameters_of(name, given["params"])
    if names is not None:
        group["param_names"] = names
    for parameter in group["params"]:
        check_parameter(name, parameter, defaults.get("differentiable", False))
    for option, default in defaults.items():
        if default is REQUIRED and option not in group:
            raise ValueError(
                message(
                    f"{name}: a parameter group lacks the option {option!r}",
                    expected=f"{option!r} in the group, or as an argument of {name}",
                    got="neither",
                )
            )
        group.setdefault(option, default)
    return group


def _check_options(name: str, given: dict[str, Any], defaults: dict[str, Any]) -> None:
    """Refuse an option that nobody reads because it is misspelt.

    Other unknown entries stay: programs and schedulers keep notes of their own in groups.
    """
    for option in given:
        if option in defaults or option in ("params", "param_names"):
            continue
        close = difflib.get_close_matches(str(option), defaults, 1, cutoff=0.8)
        if close and close[0] not in given:
            raise ValueError(
                message(
                    f"{name}: a parameter group has an unknown option",
                    expected=f"one of {sorted(defaults)}",
                    got=repr(option),
                    help=f"is {close[0]!r} meant?",
                )
            )


def _parameters_of(name: str, params: Any) -> tuple[list[Any], list[str] | None]:
    """The tensors of a group, and their names if it was given ``(name, tensor)`` pairs."""
    if isinstance(params, Tensor):
        return [params], None
    if isinstance(params, set):
        raise TypeError(
            message(
                f"{name}: the parameters of a group have no order",
                expected="a list or another ordered collection",
                got="a set",
                help="sort them, since state is saved in their order",
            )
        )
    if not isinstance(params, Iterable):
        raise TypeError(
            message(
                f"{name}: the 'params' of a group are no parameters",
                expected="a tensor or an iterable of tensors",
                got=type(params).__name__,
            )
        )
    items = list(params)
    named = [isinstance(x, tuple) for x in items]
    if any(named) and not all(named):
        raise ValueError(
            message(
                f"{name}: some parameters of a group have names and some have none",
                expected="(name, tensor) pairs for all or for none",
                got=f"{sum(named)} pairs among {len(named)} parameters",
            )
        )
    if items and all(named):
        return [tensor for _, tensor in items], [each for each, _ in items]
    return items, None


def check_parameter(name: str, parameter: Any, differentiable: bool) -> None:
    """Refuse what cannot be optimized.

    Raises:
        TypeError: for what is no tensor.
        ValueError: for a tensor that is not a leaf, unless the step is to be differentiated.
    """
    if not isinstance(parameter, Tensor):
        raise TypeError(
            message(
                f"{name}: only tensors can be optimized",
                expected="tensors",
                got=type(parameter).__name__,
            )
        )
    if not (differentiable or parameter.is_leaf or parameter.retains_grad):
        raise ValueError(
            message(
                f"{name}: a parameter is not a leaf",
                expected="tensors that no recorded operation made",
                got=f"the output of {parameter.grad_fn.name()}",
                help="use x.detach().requires_grad_() or make it a Parameter",
            )
        )


def check_new(group: dict[str, Any], groups: list[dict[str, Any]], name: str) -> None:
    """Refuse a group whose parameters are there already, or named unlike the others.

    A parameter that stands twice in one group is updated twice, as in PyTorch, with a warning.
    """
    known = {id(p) for g in groups for p in g["params"]}
    new = {id(p) for p in group["params"]}
    if known & new:
        raise ValueError(
            message(
                f"{name}: a parameter stands in two groups",
                expected="each parameter once",
                got=f"{len(known & new)} parameter(s) of the new group that are in another",
            )
        )
    if len(new) < len(group["params"]):
        warnings.warn(
            f"{name}: a parameter stands twice in a group, and every step will update it twice",
            stacklevel=4,
        )
    if groups and ("param_names" in group) != ("param_names" in groups[0]):
        raise ValueError(
            message(
                f"{name}: groups with and without names cannot be mixed",
                expected="names for the parameters of all groups or of none",
                got="some groups with names",
            )
        )
