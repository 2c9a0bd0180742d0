"""Functions of the user that are called before and after a module's ``forward`` and backward."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from flambeau.autograd.hooks import RemovableHandle
from flambeau.core.errors import message
from flambeau.nn.backward_hooks import BackwardHooks, attach_to_node

HOOK_TABLES = (
    "_backward_pre_hooks", "_backward_hooks", "_forward_hooks", "_forward_hooks_with_kwargs",
    "_forward_hooks_always_called", "_forward_pre_hooks", "_forward_pre_hooks_with_kwargs",
    "_state_dict_hooks", "_state_dict_pre_hooks", "_load_state_dict_pre_hooks",
    "_load_state_dict_post_hooks",
)  # fmt: skip


class HookHandle(RemovableHandle):
    """Takes a module's hook away again, by ``remove()`` or at the end of a ``with``.

    Args:
        hooks: the dictionary that holds the hook.
        marks: dictionaries that say more about it.
    """

    def __init__(self, hooks: dict[int, Any], *marks: dict[int, Any]) -> None:
        super().__init__(hooks)
        self._marks = marks

    def remove(self) -> None:
        """Take the hook away; nothing happens the second time."""
        super().remove()
        for mark in self._marks:
            mark.pop(self.id, None)


def add_hook(
    hooks: OrderedDict[int, Any],
    hook: Any,
    *,
    prepend: bool = False,
    marks: tuple[dict[int, bool], ...] = (),
) -> HookHandle:
    """Put a hook last (or first) into a table, and into each of ``marks``."""
    handle = HookHandle(hooks, *marks)
    hooks[handle.id] = hook
    for mark in marks:
        mark[handle.id] = True
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    return handle


# Hooks on all modules: number -> (kind, hook, with_kwargs, always_call). They lie in one table so
# that a call of a module has one thing to ask.
GLOBAL_HOOKS: OrderedDict[int, Any] = OrderedDict()
REGISTRATION_HOOKS: OrderedDict[int, Any] = OrderedDict()

FORWARD_PRE, FORWARD, BACKWARD_PRE, BACKWARD = "forward_pre", "forward", "backward_pre", "backward"


def global_hooks(kind: str) -> list[tuple[Callable[..., Any], bool, bool]]:
    """The hooks on all modules of one kind, each with its two marks."""
    return [tuple(entry[1:]) for entry in GLOBAL_HOOKS.values() if entry[0] == kind]


def registered(kind: str, module: Any, name: str, value: Any) -> Any:
    """Show a new member to the hooks that watch registrations; they may replace it."""
    for watched, hook in list(REGISTRATION_HOOKS.values()):
        if watched == kind:
            replacement = hook(module, name, value)
            if replacement is not None:
                value = replacement
    return value


class Hooked:
    """The part of :class:`~flambeau.nn.Module` that registers hooks on calls and gradients."""

    _forward_hooks: OrderedDict[int, Any]
    _forward_pre_hooks: OrderedDict[int, Any]
    _backward_hooks: OrderedDict[int, Any]
    _backward_pre_hooks: OrderedDict[int, Any]

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, args)`` before every ``forward``.

        Args:
            hook: may return new arguments: one value, or a tuple of them. With ``with_kwargs`` it
                is called as ``hook(module, args, kwargs)`` and may return a pair of both.
            prepend: run it before the hooks that are already there.
            with_kwargs: also show it the keyword arguments.

        Returns:
            A handle with ``remove()``.

        Example:
            >>> import flambeau as fb
            >>> module = fb.nn.Identity()
            >>> _ = module.register_forward_pre_hook(lambda module, args: args[0] + 1)
            >>> module(fb.zeros(2))
            tensor([1., 1.])
        """
        marks = (self._forward_pre_hooks_with_kwargs,) if with_kwargs else ()
        return add_hook(self._forward_pre_hooks, hook, prepend=prepend, marks=marks)

    def register_forward_hook(
        self,
        hook: Callable[..., Any],
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> RemovableHandle:
        """Call ``hook(module, args, output)`` after every ``forward``.

        Args:
            hook: may return another output. With ``with_kwargs`` it is called as
                ``hook(module, args, kwargs, output)``.
            prepend: run it before the hooks that are already there.
            with_kwargs: also show it the keyword arguments.
            always_call: run it even if ``forward`` or an earlier hook raises.

        Returns:
            A handle with ``remove()``.

        Example:
            >>> import flambeau as fb
            >>> module = fb.nn.Identity()
            >>> _ = module.register_forward_hook(lambda module, args, output: output * 2)
            >>> module(fb.ones(2))
            tensor([2., 2.])
        """
        marks = (self._forward_hooks_with_kwargs,) if with_kwargs else ()
        if always_call:
            marks = (*marks, self._forward_hooks_always_called)
        return add_hook(self._forward_hooks, hook, prepend=prepend, marks=marks)

    def register_full_backward_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, grad_input, grad_output)`` when the input gradients are known.

        Args:
            hook: is given tuples with ``None`` where there is no gradient; may return a new
                ``grad_input``.
            prepend: run it before the hooks that are already there.

        Returns:
            A handle with ``remove()``.

        Raises:
            RuntimeError: if the module has hooks of the older kind.

        Example:
            >>> import flambeau as fb
            >>> module = fb.nn.Identity()
            >>> _ = module.register_full_backward_hook(lambda m, gi, go: (gi[0] * 2,))
            >>> x = fb.ones(2, requires_grad=True)
            >>> module(x).sum().backward()
            >>> x.grad
            tensor([2., 2.])
        """
        self._choose_backward_kind(full=True)
        return add_hook(self._backward_hooks, hook, prepend=prepend)

    def register_full_backward_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, grad_output)`` before the module's gradients are computed.

        Args:
            hook: may return a new ``grad_output``.
            prepend: run it before the hooks that are already there.

        Returns:
            A handle with ``remove()``.
        """
        return add_hook(self._backward_pre_hooks, hook, prepend=prepend)

    def register_backward_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """The older kind: ``hook`` sees the last operation of the module, not the module.

        Use :meth:`register_full_backward_hook`.

        Args:
            hook: called as ``hook(module, grad_input, grad_output)``; may return a new first one.

        Returns:
            A handle with ``remove()``.

        Raises:
            RuntimeError: if the module has full backward hooks.
        """
        self._choose_backward_kind(full=False)
        return add_hook(self._backward_hooks, hook)

    def _choose_backward_kind(self, full: bool) -> None:
        if self._is_full_backward_hook is (not full):
            kinds = ("full", "older") if full else ("older", "full")
            raise RuntimeError(
                message(
                    f"{type(self).__name__}: cannot use both kinds of backward hooks",
                    expected=f"hooks of the {kinds[1]} kind, which the module has already",
                    got=f"one of the {kinds[0]} kind",
                    help="use register_full_backward_hook() throughout",
                )
            )
        self._is_full_backward_hook = full


# --- a call of a module that has hooks ----------------------------------------------------------


def call(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run a module's ``forward`` with everything that is hooked to it."""
    run = _Call(module, args, kwargs)
    try:
        return run.all()
    except BaseException:
        run.always_called()
        raise


class _Call:
    """One call: its arguments and result, which hooks may replace, and which hooks have run."""

    def __init__(self, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.module = module
        self.args = args
        self.kwargs = kwargs
        self.result: Any = None
        self.waiting = [hook for hook in _forward_hooks(module) if hook[2]]

    def all(self) -> Any:
        module = self.module
        self.before()
        full, plain = _backward_hooks(module)
        pre = [h for h, _, _ in global_hooks(BACKWARD_PRE)] + [*module._backward_pre_hooks.values()]
        watch = BackwardHooks(module, full, pre) if full or pre else None
        if watch is not None:
            self.args = watch.watch_inputs(self.args)
        self.result = module.forward(*self.args, **self.kwargs)
        for hook in _forward_hooks(module):
            if hook[2]:
                self.waiting.remove(hook)
            self.after(hook)
        if watch is not None:
            self.result = watch.watch_outputs(self.result)
        if plain:
            attach_to_node(module, plain, self.result)
        return self.result

    def before(self) -> None:
        module, marks = self.module, self.module._forward_pre_hooks_with_kwargs
        hooks = [(hook, kwargs) for hook, kwargs, _ in global_hooks(FORWARD_PRE)]
        hooks += [(hook, key in marks) for key, hook in module._forward_pre_hooks.items()]
        for hook, with_kwargs in hooks:
            if with_kwargs:
                both = hook(module, self.args, self.kwargs)
                if both is not None:
                    self.args, self.kwargs = _arguments(both)
            else:
                args = hook(module, self.args)
                if args is not None:
                    self.args = args if isinstance(args, tuple) else (args,)

    def after(self, entry: tuple[Callable[..., Any], bool, bool]) -> None:
        hook, with_kwargs, _ = entry
        given = (self.args, self.kwargs) if with_kwargs else (self.args,)
        replacement = hook(self.module, *given, self.result)
        if replacement is not None:
            self.result = replacement

    def always_called(self) -> None:
        """Run what must be run although something was raised."""
        for hook in self.waiting:
            with _Warned():
                self.after(hook)


def _forward_hooks(module: Any) -> list[tuple[Callable[..., Any], bool, bool]]:
    with_kwargs, always = module._forward_hooks_with_kwargs, module._forward_hooks_always_called
    own = [(hook, k in with_kwargs, k in always) for k, hook in module._forward_hooks.items()]
    return global_hooks(FORWARD) + own


def _backward_hooks(module: Any) -> tuple[list[Any], list[Any]]:
    """Hooks on the module's gradients, and those of the older kind on its last operation."""
    everywhere = [hook for hook, _, _ in global_hooks(BACKWARD)]
    own = list(module._backward_hooks.values())
    return (everywhere, own) if module._is_full_backward_hook is False else (everywhere + own, [])


def _arguments(both: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    if isinstance(both, tuple) and len(both) == 2:
        return both
    raise RuntimeError(
        message(
            "forward pre-hook: a hook with kwargs must return None or a pair",
            expected="None or (args, kwargs)",
            got=repr(both),
        )
    )


class _Warned:
    """Turns an error of a hook into a warning, where another error is on its way already."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: Any, where: Any) -> bool:
        if kind is None or not issubclass(kind, Exception):
            return False
        warnings.warn(
            "module forward hook with always_call=True raised an exception that was silenced, "
            f"since another error was raised in forward: {error}",
            stacklevel=5,
        )
        return True
