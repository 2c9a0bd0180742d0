"""The stateful face of an optimizer: parameter groups, state, and what surrounds a step.

A subclass declares its defaults and a *rule*: how one parameter's state starts, and how one
gradient changes the parameter and its state. Walking over groups and parameters, reading
hyperparameters, closures, hooks and state dictionaries live here, once.
"""

from __future__ import annotations

import functools
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable
from copy import deepcopy
from itertools import chain
from typing import Any

from flambeau.autograd import enable_grad, no_grad
from flambeau.autograd.hooks import RemovableHandle
from flambeau.core.errors import message
from flambeau.optim.hyperparameters import Hyperparameters
from flambeau.tensor.modes import unrecorded
from flambeau.tensor.tensor import Tensor

Closure = Callable[[], Any]


class Optimizer:
    """Changes parameters by their gradients.

    Args:
        params: tensors, ``(name, tensor)`` pairs, or dicts of them with options of their own
            (each a *parameter group*).
        defaults: the options that groups have unless they set them.

    Attributes:
        param_groups: a list of dicts: ``params`` and the group's options.
        state: for each parameter, a dict of what the rule remembers.

    Raises:
        TypeError: if ``params`` is a tensor, or holds something else than tensors.
        ValueError: if it is empty, holds a tensor twice, or one that is not a leaf.
    """

    def __init__(self, params: Any, defaults: dict[str, Any]) -> None:
        self.defaults = defaults
        self.state: defaultdict[Tensor, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        self._hooks: dict[str, OrderedDict[int, Callable[..., Any]]] = {}
        for group in _as_groups(params):
            self.add_param_group(group)

    # --- the rule: what a subclass writes -----------------------------------------------------

    def start(self, parameter: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        """Fill the empty ``state`` of a parameter that gets its first gradient."""
        raise _missing_rule(self, "start")

    def update(
        self, parameter: Tensor, gradient: Tensor, state: dict[str, Any], hyper: Hyperparameters
    ) -> None:
        """Change a parameter and its state, in place, by its gradient."""
        raise _missing_rule(self, "update")

    # --- a step -------------------------------------------------------------------------------

    def step(self, closure: Closure | None = None) -> Any:
        """Update every parameter that has a gradient.

        Args:
            closure: computes the loss again and calls ``backward()``; its value is returned.

        Raises:
            RuntimeError: if a gradient does not fit its parameter; nothing has changed then.
        """
        self._run_hooks("step_pre", closure)
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        with no_grad():
            for group in self.param_groups:
                self._step_group(group)
        self._run_hooks("step_post", closure)
        return loss

    def _step_group(self, group: dict[str, Any]) -> None:
        hyper = Hyperparameters(group)
        state_of = self.state
        for parameter in group["params"]:
            gradient = parameter.grad
            if gradient is None:
                continue
            state = state_of[parameter]
            if not state:
                with unrecorded():
                    self.start(parameter, state, group)
            self.update(parameter, gradient, state, hyper)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters.

        Args:
            set_to_none: set them to ``None``; otherwise to zeros, in place.
        """
        for group in self.param_groups:
            for parameter in group["params"]:
                if set_to_none:
                    parameter.grad = None
                elif parameter.grad is not None:
                    _make_zero(parameter)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add parameters with options of their own, for example to unfreeze a layer.

        Args:
            param_group: a dict with ``params`` and options.

        Raises:
            TypeError: if it is no dict or does not hold tensors.
            ValueError: if an option is missing, or a parameter is not a leaf or already there.
        """
        if not isinstance(param_group, dict):
            raise TypeError(
                message("add_param_group: not a dict", expected="a dict", got=repr(param_group))
            )
        group = dict(param_group)
        group["params"], names = _parameters_of(group.get("params"))
        if names is not None:
            group["param_names"] = names
        for parameter in group["params"]:
            _check_parameter(parameter)
        self._check_new(group)
        for name, default in self.defaults.items():
            if default is REQUIRED and name not in group:
                raise ValueError(
                    message(f"{type(self).__name__}: a group lacks the option {name!r}")
                )
            group.setdefault(name, default)
        self.param_groups.append(group)

    def _check_new(self, group: dict[str, Any]) -> None:
        name = type(self).__name__
        known = {id(p) for g in self.param_groups for p in g["params"]}
        new = [id(p) for p in group["params"]]
        if len(set(new)) != len(new) or known & set(new):
            raise ValueError(
                message(
                    f"{name}: a parameter stands in the optimizer twice",
                    expected="each parameter once",
                    got="a parameter in two groups, or twice in one",
                )
            )
        if self.param_groups and ("param_names" in group) != (
            "param_names" in self.param_groups[0]
        ):
            raise ValueError(
                message(f"{name}: groups with and without parameter names cannot be mixed")
            )

    # --- hooks --------------------------------------------------------------------------------

    def _register(
        self, kind: str, hook: Callable[..., Any], first: bool = False
    ) -> RemovableHandle:
        hooks = self._hooks.setdefault(kind, OrderedDict())
        handle = RemovableHandle(hooks)
        hooks[handle.id] = hook
        if first:
            hooks.move_to_end(handle.id, last=False)
        return handle

    def _run_hooks(self, kind: str, closure: Closure | None) -> None:
        for hook in list(self._hooks.get(kind, {}).values()):
            hook(self, (closure,) if closure is not None else (), {})

    def register_step_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` before each step."""
        return self._register("step_pre", hook)

    def register_step_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` after each step."""
        return self._register("step_post", hook)

    def register_state_dict_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer)`` before ``state_dict()``."""
        return self._register("state_dict_pre", hook, prepend)

    def register_state_dict_post_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer, state_dict)`` after ``state_dict()``; it may replace the dict."""
        return self._register("state_dict_post", hook, prepend)

    def register_load_state_dict_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer, state_dict)`` before loading; it may replace the dict."""
        return self._register("load_pre", hook, prepend)

    def register_load_state_dict_post_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer)`` after loading."""
        return self._register("load_post", hook, prepend)

    # --- saving and loading -------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """The state and the groups, parameters replaced by numbers, in PyTorch's layout.

        Returns:
            ``{"state": {number: {...}}, "param_groups": [{..., "params": [numbers]}]}``. Tensors
            are not copied.
        """
        for hook in list(self._hooks.get("state_dict_pre", {}).values()):
            hook(self)
        numbers: dict[int, int] = {}
        groups = []
        for group in self.param_groups:
            packed = {k: v for k, v in group.items() if k != "params"}
            packed["params"] = [numbers.setdefault(id(p), len(numbers)) for p in group["params"]]
            groups.append(packed)
        state = {(numbers[id(k)] if isinstance(k, Tensor) else k): v for k, v in self.state.items()}
        result: dict[str, Any] = {"state": state, "param_groups": groups}
        for hook in list(self._hooks.get("state_dict_post", {}).values()):
            replacement = hook(self, result)
            result = result if replacement is None else replacement
        return result

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over state and options that :meth:`state_dict` gave; parameters stay as they are.

        State is matched by position. Floating-point state is converted to its parameter's type,
        step counts are not.

        Raises:
            ValueError: if groups or their sizes differ; nothing has changed then.
        """
        given = dict(state_dict)
        for hook in list(self._hooks.get("load_pre", {}).values()):
            replacement = hook(self, given)
            given = given if replacement is None else replacement
        saved_groups = given["param_groups"]
        _check_groups(type(self).__name__, self.param_groups, saved_groups)
        numbers = chain.from_iterable(g["params"] for g in saved_groups)
        present = chain.from_iterable(g["params"] for g in self.param_groups)
        parameter_of = dict(zip(numbers, present, strict=True))
        state: defaultdict[Tensor, dict[str, Any]] = defaultdict(dict)
        for key, value in given["state"].items():
            parameter = parameter_of.get(key)
            state[key if parameter is None else parameter] = _taken_over(value, parameter)
        groups = []
        for old, saved in zip(self.param_groups, saved_groups, strict=True):
            new = deepcopy({k: v for k, v in saved.items() if k != "params"})
            new["params"] = old["params"]
            if "param_names" in old and "param_names" not in new:
                new["param_names"] = old["param_names"]
            groups.append(new)
        self.__setstate__({"state": state, "param_groups": groups})
        for hook in list(self._hooks.get("load_post", {}).values()):
            hook(self)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.__dict__.setdefault("_hooks", {})
        for group in self.param_groups:
            for name, default in self.defaults.items():
                group.setdefault(name, default)

    def __getstate__(self) -> dict[str, Any]:
        return {
            "defaults": self.defaults,
            "state": self.state,
            "param_groups": self.param_groups,
        }

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for number, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {number}")
            lines += [f"    {k}: {group[k]}" for k in sorted(group) if k != "params"]
            lines.append("")
        return "\n".join(lines[:-1]) + "\n)"


class _Required:
    """Marks an option without a default."""

    def __repr__(self) -> str:
        return "<required parameter>"


REQUIRED = _Required()


def check_range(name: str, option: str, value: Any, low: float, high: float | None = None) -> None:
    """Refuse a hyperparameter outside ``[low, high)``.

    Raises:
        ValueError: if it is outside.
    """
    number = value.item() if isinstance(value, Tensor) else value
    if not (number >= low and (high is None or number < high)):
        limits = f"at least {low}" if high is None else f"in [{low}, {high})"
        raise ValueError(
            message(f"{name}: invalid {option}", expected=f"{option} {limits}", got=str(value))
        )


def _missing_rule(optimizer: Optimizer, what: str) -> RuntimeError:
    return RuntimeError(
        message(
            f"{type(optimizer).__name__}: the rule is incomplete",
            expected=f"a method {what}() in the subclass",
            got="none",
        )
    )


def _make_zero(parameter: Tensor) -> None:
    gradient = parameter.grad
    if gradient.grad_fn is not None:
        gradient.detach_()
    else:
        gradient.requires_grad_(False)
    gradient.zero_()


def _as_groups(params: Any) -> list[dict[str, Any]]:
    if isinstance(params, Tensor):
        raise TypeError(
            message(
                "optimizer: params must be a list of tensors",
                expected="an iterable of tensors or of dicts",
                got="a tensor",
                help="put it in a list: [parameter]",
            )
        )
    groups = list(params)
    if not groups:
        raise ValueError(
            message(
                "optimizer: got an empty parameter list",
                expected="at least one parameter",
                got="none",
                help="generators can be used only once; pass model.parameters() anew",
            )
        )
    return groups if isinstance(groups[0], dict) else [{"params": groups}]


def _parameters_of(params: Any) -> tuple[list[Tensor], list[str] | None]:
    """The tensors of a group, and their names if it was given ``(name, tensor)`` pairs."""
    if isinstance(params, Tensor):
        return [params], None
    if isinstance(params, set):
        raise TypeError(
            message(
                "optimizer: parameters must have an order",
                expected="a list or another ordered collection",
                got="a set",
                help="sort them, since state is matched by position",
            )
        )
    if not isinstance(params, Iterable):
        raise TypeError(
            message("optimizer: a group has no params", expected="params", got=repr(params))
        )
    items = list(params)
    if items and all(isinstance(x, tuple) for x in items):
        return [tensor for _, tensor in items], [name for name, _ in items]
    return items, None


def _check_parameter(parameter: Any) -> None:
    if not isinstance(parameter, Tensor):
        raise TypeError(
            message(
                "optimizer can only optimize tensors",
                expected="tensors",
                got=type(parameter).__name__,
            )
        )
    if not (parameter.is_leaf or parameter.__dict__.get("_retain")):
        raise ValueError(
            message(
                "optimizer: can't optimize a non-leaf tensor",
                expected="tensors that no recorded operation made",
                got=f"the output of {parameter.grad_fn.name()}",
                help="use x.detach().requires_grad_() or make it a Parameter",
            )
        )


def _check_groups(name: str, groups: list[dict], saved: list[dict]) -> None:
    sizes, saved_sizes = [[len(g["params"]) for g in x] for x in (groups, saved)]
    if sizes != saved_sizes:
        raise ValueError(
            message(
                f"{name}: the loaded state dict has other parameter groups",
                expected=f"groups of {sizes} parameters",
                got=f"groups of {saved_sizes}",
            )
        )


def _taken_over(value: Any, parameter: Tensor | None, key: str | None = None) -> Any:
    """Loaded state for ``parameter``: a copy, in its type unless it is a step count."""
    if isinstance(value, Tensor):
        if parameter is not None and key != "step" and parameter.is_floating_point():
            return value.detach().to(parameter.dtype, copy=True)
        return value.detach().clone()
    if isinstance(value, dict):
        return {k: _taken_over(v, parameter, k) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_taken_over(v, parameter) for v in value)
    return value


def quietly(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator: run without recording gradients."""

    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        with no_grad():
            return function(*args, **kwargs)

    return wrapped
