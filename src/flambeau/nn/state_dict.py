"""A module's state as a dictionary, and back."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from flambeau.autograd.hooks import RemovableHandle
from flambeau.autograd.modes import no_grad
from flambeau.core.errors import message
from flambeau.nn.members import BUFFERS, MODULES, PARAMETERS, members
from flambeau.nn.parameter import Parameter, is_lazy
from flambeau.tensor.tensor import Tensor

EXTRA_STATE = "_extra_state"


class _IncompatibleKeys(NamedTuple):
    """What ``load_state_dict`` could not match."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return (
            f"_IncompatibleKeys(missing_keys={self.missing_keys}, "
            f"unexpected_keys={self.unexpected_keys})"
        )

    __str__ = __repr__


class StateDict(OrderedDict):
    """An ordered dictionary that also holds each module's version, in ``_metadata``."""

    _metadata: Any


class Stateful:
    """The part of :class:`~flambeau.nn.Module` that saves and loads.

    Attributes:
        _version: the layout of a class's own entries, stored beside them; a class that changes
            its layout raises it and overrides ``_load_from_state_dict``.
    """

    _version: int = 1

    # --- saving -----------------------------------------------------------------------------

    def state_dict(
        self, *args: Any, destination: Any = None, prefix: str = "", keep_vars: bool = False
    ) -> Any:
        """Parameters and persistent buffers of the module and all below it, by dotted name.

        The tensors share the module's memory.

        Args:
            args: the arguments below by position, as older programs give them.
            destination: a dictionary to add to; a new one if not given.
            prefix: what names begin with.
            keep_vars: whether the tensors stay in the graph.

        Returns:
            An ordered dictionary.

        Example:
            >>> import flambeau as fb
            >>> list(fb.nn.Linear(2, 1).state_dict())
            ['weight', 'bias']
        """
        if args:
            given = dict(zip(("destination", "prefix", "keep_vars"), args, strict=False))
            destination = given.get("destination", destination)
            prefix = given.get("prefix", prefix)
            keep_vars = given.get("keep_vars", keep_vars)
        if destination is None:
            destination = StateDict()
            destination._metadata = OrderedDict()
        local_metadata = {"version": self._version}
        if hasattr(destination, "_metadata"):
            destination._metadata[prefix[:-1]] = local_metadata
        for hook in list(self._state_dict_pre_hooks.values()):
            hook(self, prefix, keep_vars)
        self._save_to_state_dict(destination, prefix, keep_vars)
        for name, module in members(self, MODULES):
            if module is not None:
                inner = f"{prefix}{name}."
                module.state_dict(destination=destination, prefix=inner, keep_vars=keep_vars)
        for hook, replaces in list(self._state_dict_hooks.values()):
            replacement = hook(self, destination, prefix, local_metadata)
            if replacement is not None:
                if not replaces:
                    raise RuntimeError(
                        message(
                            "state_dict: a post-hook returned something",
                            expected="None; change the dictionary in place",
                            got=type(replacement).__name__,
                        )
                    )
                destination = replacement
        return destination

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        """Put this module's own entries into ``destination``; for subclasses to override."""
        for name, tensor in self._own_state():
            as_it_is = keep_vars or is_lazy(tensor)
            destination[prefix + name] = tensor if as_it_is else tensor.detach()
        if type(self).get_extra_state is not Stateful.get_extra_state:
            destination[prefix + EXTRA_STATE] = self.get_extra_state()

    def _own_state(self) -> list[tuple[str, Tensor]]:
        """Parameters, then persistent buffers, without those that are ``None``."""
        passing = self._non_persistent_buffers_set
        buffers = [(name, b) for name, b in members(self, BUFFERS) if name not in passing]
        return [(name, t) for name, t in members(self, PARAMETERS) + buffers if t is not None]

    def get_extra_state(self) -> Any:
        """More state of a subclass than parameters and buffers; part of ``state_dict``."""
        raise _no_extra_state(self, "get_extra_state")

    def set_extra_state(self, state: Any) -> None:
        """Take back what ``get_extra_state`` returned.

        Args:
            state: from a ``state_dict``.
        """
        raise _no_extra_state(self, "set_extra_state")

    # --- loading ----------------------------------------------------------------------------

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> _IncompatibleKeys:
        """Copy a state into the module's parameters and buffers.

        Nothing is copied unless all of it fits.

        Args:
            state_dict: names and tensors, as ``state_dict()`` returns them.
            strict: whether the names must be the module's, all and no others.
            assign: take the tensors themselves instead of copying from them.

        Returns:
            A named tuple of ``missing_keys`` and ``unexpected_keys``.

        Raises:
            RuntimeError: if names (when ``strict``) or shapes do not match.
            TypeError: if it is not a mapping.

        Differs from PyTorch: a module whose loading fails is left as it was.

        Example:
            >>> import flambeau as fb
            >>> model = fb.nn.Linear(1, 1)
            >>> model.load_state_dict({"weight": fb.ones(1, 1), "bias": fb.zeros(1)})
            <All keys matched successfully>
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(
                message(
                    "load_state_dict: not a mapping",
                    expected="a dictionary from names to tensors",
                    got=type(state_dict).__name__,
                )
            )
        metadata = getattr(state_dict, "_metadata", None)
        entries = StateDict(state_dict)
        if metadata is not None:
            entries._metadata = metadata
        loading = Loading(assign, metadata, deferred=not _runs_own_code(self))
        with loading:
            loading.load(self, entries, "")
            loading.check(self, strict)
            loading.finish()
        return _IncompatibleKeys(loading.missing, loading.unexpected)

    def _load_from_state_dict(
        self,
        state_dict: Any,
        prefix: str,
        local_metadata: Any,
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        """Take this module's own entries out of a state; for subclasses to override.

        Args:
            state_dict: all entries at or below this module; may be changed.
            prefix: what their names begin with.
            local_metadata: what was saved beside them, such as ``version``.
            strict: whether to report names that do not match.
            missing_keys, unexpected_keys, error_msgs: lists to report in.
        """
        for hook, with_module in list(self._load_state_dict_pre_hooks.values()):
            given = (state_dict, prefix, local_metadata, strict)
            reports = (missing_keys, unexpected_keys, error_msgs)
            hook(*((self,) if with_module else ()), *given, *reports)
        own = dict(self._own_state())
        loading = Loading.current.value or Loading(
            local_metadata.get("assign_to_params_buffers", False), None, deferred=False
        )
        for name, tensor in own.items():
            key = prefix + name
            if key not in state_dict:
                if strict:
                    missing_keys.append(key)
                continue
            source = state_dict[key]
            problem = _mismatch(key, tensor, source)
            if problem is not None:
                error_msgs.append(problem)
            else:
                loading.put(self, name, tensor, source)
        self._load_extra_state(state_dict, prefix, strict, missing_keys, unexpected_keys, loading)
        if strict:
            _report_unexpected(self, state_dict, prefix, own, unexpected_keys)

    def _load_extra_state(
        self,
        state_dict: Any,
        prefix: str,
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        loading: Loading,
    ) -> None:
        key = prefix + EXTRA_STATE
        if type(self).set_extra_state is not Stateful.set_extra_state:
            if key in state_dict:
                loading.put_extra(self, state_dict[key])
            elif strict:
                missing_keys.append(key)
        elif strict and key in state_dict:
            unexpected_keys.append(key)

    # --- hooks ------------------------------------------------------------------------------

    def register_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, prefix, keep_vars)`` before ``state_dict`` reads the module.

        Args:
            hook: may bring the module into the state that is to be saved.
        """
        return _add(self._state_dict_pre_hooks, hook)

    def register_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, state_dict, prefix, local_metadata)`` after ``state_dict``.

        Args:
            hook: may change the dictionary in place; must return ``None``.
        """
        return _add(self._state_dict_hooks, (hook, False))

    def _register_state_dict_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """As the public one, but ``hook`` may return another dictionary."""
        return _add(self._state_dict_hooks, (hook, True))

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, state_dict, prefix, ...)`` before the module is loaded.

        Args:
            hook: gets the module and the arguments of ``_load_from_state_dict``; may change the
                dictionary in place.
        """
        return self._register_load_state_dict_pre_hook(hook, with_module=True)

    def _register_load_state_dict_pre_hook(
        self, hook: Callable[..., Any], with_module: bool = False
    ) -> RemovableHandle:
        """As the public one; ``hook`` does not get the module unless it is asked for."""
        return _add(self._load_state_dict_pre_hooks, (hook, with_module))

    def register_load_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, incompatible_keys)`` after the module is loaded.

        Args:
            hook: may change the two lists in place; must return ``None``.
        """
        return _add(self._load_state_dict_post_hooks, hook)


def _add(hooks: Any, hook: Any) -> RemovableHandle:
    handle = RemovableHandle(hooks)
    hooks[handle.id] = hook
    return handle


# --- one load -----------------------------------------------------------------------------------


class _Current(threading.local):
    value: Any = None


class Loading:
    """One ``load_state_dict``: what is to be changed, and what was.

    Ordinary modules are changed when everything is known to fit. Where a subclass or a hook runs
    code of its own, which may look at what was loaded so far, changes are made at once and
    undone if something does not fit.

    Args:
        assign: whether tensors are taken themselves.
        metadata: what was saved beside the state.
        deferred: whether changes wait for the end.
    """

    current = _Current()

    def __init__(self, assign: bool, metadata: Any, deferred: bool) -> None:
        self.assign = assign
        self.metadata = metadata
        self.deferred = deferred
        self.waiting: list[Callable[[], None]] = []
        self.undo: list[Callable[[], None]] = []
        self.missing: list[str] = []
        self.unexpected: list[str] = []
        self.errors: list[str] = []

    def __enter__(self) -> None:
        self.outer, Loading.current.value = Loading.current.value, self

    def __exit__(self, kind: Any, *error: object) -> None:
        Loading.current.value = self.outer
        if kind is not None:
            for step in reversed(self.undo):
                step()

    def load(self, module: Any, entries: Any, prefix: str) -> None:
        """Load a module, then those below it."""
        local = {} if self.metadata is None else dict(self.metadata.get(prefix[:-1], {}))
        if self.assign:
            local["assign_to_params_buffers"] = True
        reports = (self.missing, self.unexpected, self.errors)
        module._load_from_state_dict(entries, prefix, local, True, *reports)
        for name, child in members(module, MODULES):
            if child is not None:
                inner = f"{prefix}{name}."
                below = {k: v for k, v in entries.items() if k.startswith(inner)}
                self.load(child, below, inner)
        for hook in list(module._load_state_dict_post_hooks.values()):
            if hook(module, _IncompatibleKeys(self.missing, self.unexpected)) is not None:
                raise AssertionError(
                    message(
                        "load_state_dict: a post-hook returned something",
                        expected="None; change the lists of keys in place",
                        got="a value",
                    )
                )

    def put(self, module: Any, name: str, tensor: Tensor, source: Tensor) -> None:
        """Give a member its new value, now or at the end."""
        if self.assign:
            new = _assignable(tensor, source)
            self.step(lambda: setattr(module, name, new), lambda: setattr(module, name, tensor))
        elif self.deferred:
            self.waiting.append(lambda: _copy(tensor, source))
        else:
            before = tensor.detach().clone()
            self.step(lambda: _copy(tensor, source), lambda: _copy(tensor, before))

    def put_extra(self, module: Any, state: Any) -> None:
        """Give a module its extra state."""
        if type(module).get_extra_state is Stateful.get_extra_state:
            self.step(lambda: module.set_extra_state(state), lambda: None)
            return
        before = module.get_extra_state()
        self.step(lambda: module.set_extra_state(state), lambda: module.set_extra_state(before))

    def step(self, change: Callable[[], None], undo: Callable[[], None]) -> None:
        if self.deferred:
            self.waiting.append(change)
        else:
            self.undo.append(undo)
            change()

    def check(self, module: Any, strict: bool) -> None:
        """Raise if something did not fit."""
        problems = list(self.errors)
        if strict and self.unexpected:
            problems.insert(0, f"Unexpected key(s) in state_dict: {_quoted(self.unexpected)}.")
        if strict and self.missing:
            problems.insert(0, f"Missing key(s) in state_dict: {_quoted(self.missing)}.")
        if not problems:
            return
        only_keys = not self.errors
        raise RuntimeError(
            message(
                f"load_state_dict: Error(s) in loading state_dict for {type(module).__name__}",
                expected="the names and shapes of the module's own state_dict()",
                got="\n            ".join(problems),
                help="nothing was changed; "
                + (
                    "strict=False passes over missing and unexpected keys"
                    if only_keys
                    else "build the module with the sizes of the saved one"
                ),
            )
        )

    def finish(self) -> None:
        """Make the changes that have waited."""
        for change in self.waiting:
            change()


def _runs_own_code(module: Any) -> bool:
    """Whether loading runs code that is not this file's."""
    return any(
        type(m)._load_from_state_dict is not Stateful._load_from_state_dict
        or type(m).set_extra_state is not Stateful.set_extra_state
        or m._load_state_dict_pre_hooks
        or m._load_state_dict_post_hooks
        for m in module.modules()
    )


def _copy(tensor: Tensor, source: Tensor) -> None:
    with no_grad():
        tensor.copy_(_as_scalar(tensor, source))


def _as_scalar(tensor: Tensor, source: Tensor) -> Tensor:
    """One element of shape (1,) goes into a 0-d tensor, as very old files have it."""
    return source[0] if tensor._array.ndim == 0 and source._array.shape == (1,) else source


def _assignable(tensor: Tensor, source: Tensor) -> Tensor:
    if not isinstance(tensor, Parameter):
        return source
    if isinstance(source, Parameter):
        return source.requires_grad_(tensor.requires_grad)
    return Parameter(source, tensor.requires_grad)


def _mismatch(key: str, tensor: Tensor, source: Any) -> str | None:
    if not isinstance(source, Tensor):
        return f"{key}: expected a tensor, the checkpoint has {type(source).__name__}"
    if is_lazy(tensor):
        return None if is_lazy(source) else f"{key}: its shape is not known before the first input"
    if is_lazy(source):
        return f"{key}: the checkpoint's has no shape yet"
    here, there = tensor._array.shape, source._array.shape
    if here == there or (here == () and there == (1,)):
        return None
    return (
        f"size mismatch for {key}: {source.shape} in the checkpoint, {tensor.shape} in the module."
    )


def _report_unexpected(
    module: Any, state_dict: Any, prefix: str, own: dict[str, Any], unexpected: list[str]
) -> None:
    submodules = module.__dict__[MODULES]
    for key in state_dict:
        if key.startswith(prefix) and key != prefix + EXTRA_STATE:
            name, dot, _ = key[len(prefix) :].partition(".")
            if name not in (submodules if dot else own):
                unexpected.append(key)


def _quoted(keys: list[str]) -> str:
    return ", ".join(f'"{key}"' for key in keys)


def _no_extra_state(module: Any, function: str) -> RuntimeError:
    return RuntimeError(
        message(
            f"{function}: {type(module).__name__} does not define it",
            expected="a class with both get_extra_state and set_extra_state",
            got=f"{type(module).__name__} without {function}",
        )
    )
