"""Hooks on all modules at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flambeau.autograd.hooks import RemovableHandle
from flambeau.nn.module_hooks import (
    BACKWARD,
    BACKWARD_PRE,
    FORWARD,
    FORWARD_PRE,
    GLOBAL_HOOKS,
    REGISTRATION_HOOKS,
    add_hook,
)


def register_module_forward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, args)`` before every ``forward`` of every module.

    Args:
        hook: may return new arguments.

    Returns:
        A handle with ``remove()``.

    Example:
        >>> import flambeau as fb
        >>> seen = []
        >>> with fb.nn.register_module_forward_pre_hook(lambda m, args: seen.append(m)):
        ...     _ = fb.nn.Identity()(1)
        >>> seen
        [Identity()]
    """
    return add_hook(GLOBAL_HOOKS, (FORWARD_PRE, hook, False, False))


def register_module_forward_hook(
    hook: Callable[..., Any], *, with_kwargs: bool = False, always_call: bool = False
) -> RemovableHandle:
    """Call ``hook(module, args, output)`` after every ``forward`` of every module.

    Args:
        hook: may return another output.
        with_kwargs: call it as ``hook(module, args, kwargs, output)``.
        always_call: run it even if ``forward`` raises.

    Returns:
        A handle with ``remove()``.
    """
    return add_hook(GLOBAL_HOOKS, (FORWARD, hook, with_kwargs, always_call))


def register_module_full_backward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, grad_output)`` before the gradients of every module.

    Args:
        hook: may return a new ``grad_output``.

    Returns:
        A handle with ``remove()``.
    """
    return add_hook(GLOBAL_HOOKS, (BACKWARD_PRE, hook, False, False))


def register_module_full_backward_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, grad_input, grad_output)`` after the gradients of every module.

    Args:
        hook: may return a new ``grad_input``.

    Returns:
        A handle with ``remove()``.
    """
    return add_hook(GLOBAL_HOOKS, (BACKWARD, hook, False, False))


def register_module_parameter_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, name, param)`` when a parameter is registered anywhere.

    Args:
        hook: may return another parameter.

    Returns:
        A handle with ``remove()``.
    """
    return add_hook(REGISTRATION_HOOKS, ("parameter", hook))


def register_module_buffer_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, name, buffer)`` when a buffer is registered anywhere.

    Args:
        hook: may return another buffer.

    Returns:
        A handle with ``remove()``.
    """
    return add_hook(REGISTRATION_HOOKS, ("buffer", hook))


def register_module_module_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, name, submodule)`` when a submodule is registered anywhere.

    Args:
        hook: may return another submodule.

    Returns:
        A handle with ``remove()``.
    """
    return add_hook(REGISTRATION_HOOKS, ("module", hook))
