"""What hooks have in common that compute a weight before each call of its module."""

from __future__ import annotations

from typing import Any

from flambeau.core.errors import message
from flambeau.nn.parameter import is_lazy


def weight_for_hook(function: str, module: Any, kind: type, name: str) -> Any:
    """The weight that a hook is to be put on.

    Raises:
        RuntimeError: if it has a hook of this kind.
        ValueError: if it is ``None``, or its shape is not known yet.
    """
    if any(_is_hook_of(hook, kind, name) for hook in module._forward_pre_hooks.values()):
        raise RuntimeError(
            message(
                f"{function}: '{name}' has a hook already",
                expected="one for each weight",
                got="a second one",
            )
        )
    weight = getattr(module, name)
    if weight is None or is_lazy(weight):
        raise ValueError(
            message(
                f"{function}: '{name}' is no tensor with a shape",
                expected="a parameter whose shape is known",
                got="None" if weight is None else "one that waits for its module's first input",
            )
        )
    return weight


def _is_hook_of(hook: Any, kind: type, name: str) -> bool:
    return isinstance(hook, kind) and hook.name == name  # type: ignore[attr-defined]


def remove_hook(module: Any, function: str, kind: type, name: str) -> None:
    """Let a hook restore its weight, and take it away.

    Raises:
        ValueError: if there is none of this kind.
    """
    for key, hook in list(module._forward_pre_hooks.items()):
        if _is_hook_of(hook, kind, name):
            hook.remove(module)
            del module._forward_pre_hooks[key]
            return
    raise ValueError(
        message(
            f"{function}: '{name}' has no such hook",
            expected=f"a weight that {function} was applied to",
            got=f"'{name}'",
        )
    )
