"""The stateful face of an optimizer: parameter groups, state, and what surrounds a step.

A subclass declares its defaults and a *rule*: how one parameter's state starts, and how one
gradient changes the parameter and its state. Walking over groups and parameters, reading
hyperparameters, closures, hooks and state dictionaries live here, once.
"""

from __future__ import annotations

import functools
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from typing import Any

from flambeau.autograd import enable_grad
from flambeau.autograd.hooks import RemovableHandle
from flambeau.core.errors import message
from flambeau.optim.hyperparameters import Hyperparameters
from flambeau.optim.parameter_groups import REQUIRED, as_groups, check_new, group_of
from flambeau.optim.saving import Savable
from flambeau.optim.surgery import Changeable
from flambeau.tensor.modes import INTERPRETED, MODE, set_grad, unrecorded
from flambeau.tensor.tensor import Tensor

Closure = Callable[[], Any]

required = REQUIRED  # PyTorch's name


class Optimizer(Savable, Changeable):
    """Changes parameters by their gradients.

    A subclass writes :meth:`start` and :meth:`update`, or, as in PyTorch, a ``step`` of its own.

    Args:
        params: tensors, ``(name, tensor)`` pairs, or dicts of them with options of their own
            (each a *parameter group*).
        defaults: the options that groups have unless they set them.

    Attributes:
        param_groups: a list of dicts: ``params`` and the group's options.
        state: for each parameter, a dict of what the rule remembers.

    Raises:
        TypeError: if ``params`` is a tensor, or holds something else than tensors.
        ValueError: if it is empty, holds a tensor in two groups, or one that is not a leaf.

    Example:
        >>> import flambeau as fb
        >>> class Signs(fb.optim.Optimizer):
        ...     def __init__(self, params, lr=0.5):
        ...         super().__init__(params, {"lr": lr})
        ...     def update(self, parameter, gradient, state, hyper):
        ...         parameter.add_(gradient.sign(), alpha=-hyper["lr"])
        >>> w = fb.tensor([3., -3.], requires_grad=True)
        >>> optimizer = Signs([w])
        >>> (w * w).sum().backward()
        >>> optimizer.step()
        >>> w
        tensor([ 2.5000, -2.5000], requires_grad=True)
    """

    def __init__(self, params: Any, defaults: dict[str, Any]) -> None:
        self.defaults = defaults
        self.state: defaultdict[Tensor, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        self._hooks: dict[str, OrderedDict[int, Callable[..., Any]]] = {}
        for group in as_groups(params):
            self.add_param_group(group)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "step" in cls.__dict__:
            cls.step = _with_hooks(cls.step)  # type: ignore[method-assign]

    # --- the rule: what a subclass writes -----------------------------------------------------

    def start(self, parameter: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        """Fill the empty ``state`` of a parameter that gets its first gradient."""

    def update(
        self,
        parameter: Tensor,
        gradient: Tensor,
        state: dict[str, Any],
        hyper: Hyperparameters | dict[str, Any],
    ) -> None:
        """Change a parameter and its state, in place, by its gradient."""
        raise RuntimeError(
            message(
                f"{type(self).__name__}: the rule is incomplete",
                expected="a method update() or step() in the subclass",
                got="none",
            )
        )

    # --- a step -------------------------------------------------------------------------------

    def step(self, closure: Closure | None = None) -> Any:
        """Update every parameter that has a gradient.

        Args:
            closure: computes the loss again and calls ``backward()``; its value is returned.

        Raises:
            RuntimeError: if a gradient does not fit its parameter; nothing has changed then.
        """
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        gradients = [self._gradient_of(p) for g in self.param_groups for p in g["params"]]
        differentiable = bool(self.defaults.get("differentiable"))
        before = set_grad(differentiable)
        try:
            if differentiable:
                self._update_all(*gradients)
            else:
                self._update_natively(gradients)
        finally:
            set_grad(before)
        return loss

    def _gradient_of(self, parameter: Tensor) -> Tensor | None:
        gradient = parameter.grad
        if gradient is not None and gradient._array.shape != parameter._array.shape:
            raise _misfit(type(self).__name__, parameter, gradient)
        return gradient

    def _update_natively(self, gradients: list[Tensor | None]) -> None:
        """The update of all parameters as one native call, also for steps taken eagerly.

        A rule of the user's own may look at values, which cannot be recorded; recording has
        changed nothing then, and the rule runs as it is written.
        """
        compiled = self.__dict__.get("_compiled")
        if compiled is None:
            compiled = self.__dict__["_compiled"] = _native_form(self._update_all)
        try:
            compiled(*gradients)
        except RuntimeError as error:
            if not _is_about_recording(error):
                raise
            self.__dict__["_compiled"] = self._update_all
            self._update_all(*gradients)

    def _update_all(self, *gradients: Tensor | None) -> None:
        """Apply the rule to every parameter that has a gradient.

        Args:
            gradients: one, or ``None``, for each parameter of all groups in order.
        """
        remaining = iter(gradients)
        for group in self.param_groups:
            pairs = [(parameter, next(remaining)) for parameter in group["params"]]
            self._step_group(group, [(p, g) for p, g in pairs if g is not None])

    def _step_group(self, group: dict[str, Any], ready: list[tuple[Tensor, Tensor]]) -> None:
        states, started = self.state, False
        for parameter, _ in ready:
            if not states.get(parameter):
                state: dict[str, Any] = {}
                with unrecorded():
                    self.start(parameter, state, group)
                if state:
                    states[parameter] = state
                    started = True
        if started:
            note_prepared(states)
        # Nothing stands between the rule and the options unless somebody has to see them read.
        hyper = Hyperparameters(group) if MODE.code & INTERPRETED else group
        for parameter, gradient in ready:
            kept = states.get(parameter)
            state = {} if kept is None else kept
            self.update(parameter, gradient, state, hyper)
            if kept is None and state:
                states[parameter] = state

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters.

        Args:
            set_to_none: set them to ``None``; otherwise to zeros, in place.
        """
        for group in self.param_groups:
            for parameter in group["params"]:
                if set_to_none:
                    parameter._store_grad(None)
                elif parameter.grad is not None:
                    _make_zero(parameter.grad)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add parameters with options of their own, for example to unfreeze a layer.

        Args:
            param_group: a dict with ``params`` and options.

        Raises:
            TypeError: if it is no dict or does not hold tensors.
            ValueError: if an option is missing, or a parameter is not a leaf or in another group.
        """
        name = type(self).__name__
        group = group_of(param_group, self.defaults, name)
        check_new(group, self.param_groups, name)
        self.param_groups.append(group)

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

    def register_step_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` before each step; ``args[0]`` is the optimizer.

        It may return a pair of arguments and keyword arguments for ``step`` to use instead.
        """
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


def check_range(name: str, option: str, value: Any, low: float, high: float | None = None) -> None:
    """Refuse a hyperparameter outside ``[low, high)``.

    Args:
        name: the optimizer's.
        option: the hyperparameter's.
        value: a number, or a tensor with one element.
        low, high: the range; no upper limit if ``high`` is not given.

    Raises:
        ValueError: if it is outside, or a tensor with several elements.
    """
    number = value
    if isinstance(value, Tensor):
        if value.numel() != 1:
            raise ValueError(
                message(
                    f"{name}: {option} must be one number",
                    expected="a number, or a tensor with 1 element",
                    got=f"a tensor of shape {tuple(value.shape)}",
                )
            )
        number = value.item()
    if not (number >= low and (high is None or number < high)):
        limits = f"at least {low}" if high is None else f"in [{low}, {high})"
        raise ValueError(
            message(f"{name}: invalid {option}", expected=f"{option} {limits}", got=str(value))
        )


def _with_hooks(step: Callable[..., Any]) -> Callable[..., Any]:
    """A ``step`` that runs the hooks before and after it."""

    @functools.wraps(step)
    def hooked(self: Optimizer, *args: Any, **kwargs: Any) -> Any:
        if not self._hooks:
            return step(self, *args, **kwargs)
        given: tuple[Any, ...] = (self, *args)
        for hook in list(self._hooks.get("step_pre", {}).values()):
            replacement = hook(self, given, kwargs)
            if replacement is not None:
                given, kwargs = _arguments(replacement)
        result = step(*given, **kwargs)
        for hook in list(self._hooks.get("step_post", {}).values()):
            hook(self, given, kwargs)
        return result

    return hooked


Optimizer.step = _with_hooks(Optimizer.step)  # type: ignore[method-assign]


def _arguments(replacement: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    if not isinstance(replacement, tuple) or len(replacement) != 2:
        raise RuntimeError(
            message(
                "step pre-hook: it must return None or the arguments of step()",
                expected="None, or a pair of a tuple and a dict",
                got=repr(replacement),
            )
        )
    return replacement


def note_prepared(states: dict[Tensor, dict[str, Any]]) -> None:
    """Tell a recording that state was made for it: that need not happen again at each call."""
    interpreter = MODE.interpreter if MODE.code & INTERPRETED else None
    while interpreter is not None and not hasattr(interpreter, "prepared"):
        interpreter = getattr(interpreter, "outer", None)
    if interpreter is not None:
        interpreter.prepared(states)


def _misfit(name: str, parameter: Tensor, gradient: Tensor) -> RuntimeError:
    return RuntimeError(
        message(
            f"{name}: a gradient does not fit its parameter",
            expected=f"a gradient of shape {tuple(parameter.shape)}",
            got=f"shape {tuple(gradient.shape)}",
            help="call zero_grad() after giving a parameter another shape",
        )
    )


def _make_zero(gradient: Tensor) -> None:
    if gradient.grad_fn is not None:
        gradient.detach_()
    else:
        gradient.requires_grad_(False)
    gradient.zero_()


def _native_form(update: Callable[..., None]) -> Callable[..., None]:
    """The update as native code, or as it is without llvmlite.

    The compiler is imported here, at the first step: importing flambeau need not wait for it.
    """
    from flambeau.compiler.run.engine import is_available

    if not is_available():
        return update
    from flambeau.compiler.compiled import Compiled

    return Compiled(update)


def _is_about_recording(error: RuntimeError) -> bool:
    from flambeau.compiler.record.symbol import RecordingError

    return isinstance(error, RecordingError)
