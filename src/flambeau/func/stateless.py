"""Modules as functions of their parameters and buffers."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from flambeau.core.errors import message
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import REGISTRY
from flambeau.tensor.tensor import Tensor

State = Mapping[str, Tensor]


def functional_call(
    module: Any,
    parameter_and_buffer_dicts: State | Sequence[State],
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """Call a module with other tensors in place of its parameters and buffers.

    Args:
        module: the module; it is as before afterwards.
        parameter_and_buffer_dicts: tensors by the names that ``named_parameters()`` and
            ``named_buffers()`` give, or several such dicts. What is not named stays as it is.
        args: a tuple of positional arguments, or the only one.
        kwargs: keyword arguments.
        tie_weights: replace a shared parameter under all its names when one is given.
        strict: refuse missing names.

    Raises:
        RuntimeError: for names that the module does not have; with ``strict``, for names that
            are missing.
        ValueError: if a name is in several dicts, or the names of one shared tensor get
            different values.

    Example:
        >>> import flambeau as fb
        >>> layer = fb.nn.Linear(2, 1)
        >>> state = {"weight": fb.ones(1, 2), "bias": fb.zeros(1)}
        >>> fb.func.functional_call(layer, state, fb.tensor([[3., 4.]]))
        tensor([[7.]])
    """
    state = _merged(parameter_and_buffer_dicts)
    given = () if args is None else args if isinstance(args, tuple) else (args,)
    with _replaced(module, state, tie_weights, strict):
        return module(*given, **(kwargs or {}))


def _merged(dicts: State | Sequence[State]) -> dict[str, Tensor]:
    if isinstance(dicts, Mapping):
        return dict(dicts)
    found: dict[str, Tensor] = {}
    for each in dicts:
        twice = found.keys() & each.keys()
        if twice:
            raise ValueError(
                message(
                    "functional_call: a name is in several dicts",
                    expected="each name once",
                    got=", ".join(sorted(twice)),
                )
            )
        found.update(each)
    return found


def _members(module: Any) -> dict[str, tuple[Any, str]]:
    """Where each parameter and buffer is: a table of a module, and its name there."""
    found: dict[str, tuple[Any, str]] = {}
    for prefix, owner in module.named_modules(remove_duplicate=False):
        for table in (owner._parameters, owner._buffers):
            for name, value in table.items():
                if value is not None:
                    found[f"{prefix}.{name}" if prefix else name] = (table, name)
    return found


@contextmanager
def _replaced(
    module: Any, state: dict[str, Tensor], tie_weights: bool, strict: bool
) -> Iterator[None]:
    members = _members(module)
    _check_names(module, members, state, strict)
    values = _with_tied(members, state) if tie_weights else state
    before = [(members[name], members[name][0][members[name][1]]) for name in values]
    try:
        for name, value in values.items():
            table, key = members[name]
            table[key] = value
        yield
    finally:
        for (table, key), value in before:
            table[key] = value


def _check_names(module: Any, members: Any, state: dict[str, Tensor], strict: bool) -> None:
    unknown = [name for name in state if name not in members]
    missing = [name for name in members if name not in state] if strict else []
    if unknown or missing:
        raise RuntimeError(
            message(
                f"functional_call: names do not fit {type(module).__name__}",
                expected=", ".join(members) or "no parameters and no buffers",
                got=", ".join(
                    [f"{name}, which it does not have" for name in unknown]
                    + [f"no {name}" for name in missing]
                ),
            )
        )


def _with_tied(members: Any, state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The replacements, under every name that a shared tensor has."""
    names: dict[int, list[str]] = {}
    for name, (table, key) in members.items():
        names.setdefault(id(table[key]), []).append(name)
    values = dict(state)
    for group in names.values():
        given = [name for name in group if name in state]
        if not given or len(group) == 1:
            continue
        if any(state[name] is not state[given[0]] for name in given):
            raise ValueError(
                message(
                    "functional_call: the names of one shared tensor get different values",
                    expected="one value, or tie_weights=False",
                    got=", ".join(given),
                )
            )
        values.update(dict.fromkeys(group, state[given[0]]))
    return values


def stack_module_state(models: Sequence[Any]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The parameters and buffers of several models, stacked, for :func:`vmap`.

    Args:
        models: modules of one class and structure, all in one of training and evaluation mode.

    Returns:
        Parameters, fresh leaves that require a gradient as the originals do, and buffers.

    Raises:
        RuntimeError: if there are none, or they differ.

    Example:
        >>> import flambeau as fb
        >>> models = [fb.nn.Linear(2, 1) for _ in range(3)]
        >>> params, buffers = fb.func.stack_module_state(models)
        >>> def predict(params, x):
        ...     return fb.func.functional_call(models[0], params, x)
        >>> fb.vmap(predict, in_dims=(0, None))(params, fb.ones(5, 2)).shape
        torch.Size([3, 5, 1])
    """
    _check_models(models)
    params = {
        name: _stacked([dict(m.named_parameters())[name] for m in models])
        for name, _ in models[0].named_parameters()
    }
    buffers = {
        name: _stacked([dict(m.named_buffers())[name] for m in models])
        for name, _ in models[0].named_buffers()
    }
    return params, buffers


def _check_models(models: Sequence[Any]) -> None:
    if not models:
        raise RuntimeError(
            message(
                "stack_module_state: no models", expected="at least one module", got="an empty list"
            )
        )
    if len({type(m) for m in models}) > 1 or len({m.training for m in models}) > 1:
        raise RuntimeError(
            message(
                "stack_module_state: models differ",
                expected="modules of one class, all in training or all in evaluation mode",
                got=", ".join(
                    f"{type(m).__name__} in {'training' if m.training else 'evaluation'}"
                    for m in models
                ),
            )
        )


def _stacked(tensors: list[Tensor]) -> Tensor:
    requires = tensors[0].requires_grad
    stacked = apply(REGISTRY["stack"], tuple([x.detach() for x in tensors]), (0,))
    return stacked.requires_grad_() if requires else stacked


def make_functional(module: Any) -> tuple[Callable[..., Any], dict[str, Tensor]]:
    """A module as a pure function of its parameters and buffers, and their present values.

    Args:
        module: any module.

    Returns:
        ``(function, state)``: ``function(state, *args, **kwargs)`` calls the module with the
        tensors of ``state``, a dict of detached copies by name.

    Example:
        >>> import flambeau as fb
        >>> function, state = fb.func.make_functional(fb.nn.Linear(2, 1))
        >>> loss = lambda state, x: function(state, x).sum()
        >>> fb.func.grad(loss)(state, fb.ones(3, 2))["bias"]
        tensor([3.])
    """
    named = [*module.named_parameters(), *module.named_buffers()]
    state = {name: apply(REGISTRY["clone"], (x.detach(),), (None,)) for name, x in named}

    def function(state: State, *args: Any, **kwargs: Any) -> Any:
        """The module's result with these parameters and buffers."""
        return functional_call(module, state, args, kwargs)

    return function, state


def functionalize(func: Callable[..., Any], *, remove: str = "mutations") -> Callable[..., Any]:
    """The function itself: transformations and the compiler need no other form of it.

    A recorded function has no changes in place left, and those of its arguments happen at its end.

    Args:
        func: any function.
        remove: ``"mutations"`` or ``"mutations_and_views"``; has no effect.

    Raises:
        RuntimeError: for another ``remove``.

    Example:
        >>> import flambeau as fb
        >>> fb.func.functionalize(lambda x: x.clone().add_(1))(fb.zeros(2))
        tensor([1., 1.])
    """
    if remove not in ("mutations", "mutations_and_views"):
        raise RuntimeError(
            message(
                "functionalize: no such thing to remove",
                expected="'mutations' or 'mutations_and_views'",
                got=repr(remove),
            )
        )
    return functools.wraps(func)(lambda *args, **kwargs: func(*args, **kwargs))


def replace_all_batch_norm_modules_(root: Any) -> Any:
    """Let the batch normalisations of a module forget their running statistics, in place.

    Without them they use those of the batch they are given, and change nothing: as
    :func:`flambeau.vmap` needs it.

    Args:
        root: a module; returned.

    Example:
        >>> import flambeau as fb
        >>> fb.func.replace_all_batch_norm_modules_(fb.nn.Sequential(fb.nn.Linear(2, 2)))
        Sequential(
          (0): Linear(in_features=2, out_features=2, bias=True)
        )
    """
    for module in root.modules():
        if "BatchNorm" in type(module).__name__ and hasattr(module, "track_running_stats"):
            module.running_mean = module.running_var = module.num_batches_tracked = None
            module.track_running_stats = False
    return root
