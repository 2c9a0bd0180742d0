"""Modules without drawing initial values."""

from __future__ import annotations

import inspect
from typing import Any

from flambeau.core.errors import message
from flambeau.nn.module import Module
from flambeau.tensor.generator import get_rng_state, set_rng_state


def skip_init(module_cls: type[Module], *args: Any, **kwargs: Any) -> Module:
    """Make a module whose initial values are arbitrary.

    The random stream is afterwards where it was before.

    Args:
        module_cls: the class.
        args, kwargs: for its constructor, which must take ``device``.

    Raises:
        RuntimeError: if it is no module's class, or does not take ``device``.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.utils.skip_init(fb.nn.Linear, 5, 1)
        Linear(in_features=5, out_features=1, bias=True)
    """
    if not issubclass(module_cls, Module):
        raise RuntimeError(
            message("skip_init: not a module", expected="a class of modules", got=repr(module_cls))
        )
    if "device" not in inspect.signature(module_cls).parameters:
        raise RuntimeError(
            message(
                f"skip_init: {module_cls.__name__} takes no device",
                expected="a constructor with an argument device",
                got="one without",
            )
        )
    before = get_rng_state()
    try:
        return module_cls(*args, **kwargs)
    finally:
        set_rng_state(before)
