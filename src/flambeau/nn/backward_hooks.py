"""Hooks on a module's gradients: one graph node before the module and one behind it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

from flambeau.autograd.function import Function
from flambeau.core.errors import message
from flambeau.tensor.modes import is_grad_enabled
from flambeau.tensor.tensor import Tensor
from flambeau.tensor.views import SEVERAL, note_view


class BackwardHookFunction(Function):
    """Hands its inputs on; its node is where a module's gradients are seen."""

    @staticmethod
    def forward(ctx: Any, *tensors: Tensor) -> tuple[Tensor, ...]:
        return tensors

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> tuple[Any, ...]:
        return gradients


class _Maker:
    """Stands where views name the operation that made them."""

    name = "a module with backward hooks"


def watched(values: Sequence[Any]) -> tuple[list[Any], list[int], Any]:
    """Pass the tensors that want a gradient through a node.

    Returns:
        The values with those replaced, their positions, and the node (``None`` if there is none).
    """
    places = [i for i, x in enumerate(values) if isinstance(x, Tensor) and x.requires_grad]
    if not places or not is_grad_enabled():
        return list(values), [], None
    passed = BackwardHookFunction.apply(*[values[i] for i in places])
    result = list(values)
    for place, tensor in zip(places, passed, strict=True):
        # Changing it in place would leave the module's own tensor without its history.
        note_view(tensor, values[place], _Maker, (), SEVERAL)  # type: ignore[arg-type]
        result[place] = tensor
    return result, places, passed[0]._node.node


def scattered(places: Sequence[int], gradients: Sequence[Any], count: int) -> tuple[Any, ...]:
    """Gradients at their places among ``count`` values, ``None`` elsewhere."""
    result: list[Any] = [None] * count
    for place, gradient in zip(places, gradients, strict=True):
        result[place] = gradient
    return tuple(result)


class BackwardHooks:
    """Brings the gradients of one call's outputs and inputs together for the user's hooks.

    Args:
        module: the module that is called.
        hooks: called as ``hook(module, grad_input, grad_output)``.
        pre_hooks: called as ``hook(module, grad_output)``.
    """

    def __init__(self, module: Any, hooks: list[Callable], pre_hooks: list[Callable]) -> None:
        self.module = module
        self.hooks = hooks
        self.pre_hooks = pre_hooks
        self.inputs: tuple[list[int], int] = ([], 0)
        self.outputs: tuple[list[int], int] = ([], 0)
        self.grad_output: tuple[Any, ...] | None = None

    def watch_inputs(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments, passed through the node at which the module's backward ends."""
        values, places, node = watched(args)
        self.inputs = places, len(args)
        if node is not None:
            node.register_hook(self.at_inputs)
        return tuple(values)

    def watch_outputs(self, result: Any) -> Any:
        """The result, passed through the node at which the module's backward begins."""
        if not isinstance(result, (Tensor, tuple)):
            warnings.warn(
                "for backward hooks to be called, a module must return a tensor or a tuple of "
                f"tensors, but {type(self.module).__name__} returned {type(result).__name__}",
                stacklevel=5,
            )
            return result
        outputs = result if isinstance(result, tuple) else (result,)
        values, places, node = watched(outputs)
        self.outputs = places, len(outputs)
        if node is None:
            return result
        node.register_hook(self.at_outputs)
        if not isinstance(result, tuple):
            return values[0]
        return type(result)(*values) if hasattr(result, "_fields") else tuple(values)

    def at_outputs(self, _: Any, gradients: tuple[Any, ...]) -> tuple[Any, ...]:
        """The output gradients are known: show them to the pre-hooks."""
        places, count = self.outputs
        grad_output = scattered(places, gradients, count)
        for hook in self.pre_hooks:
            replacement = hook(self.module, grad_output)
            if replacement is not None:
                grad_output = _same_number("pre-hook", "grad_output", replacement, grad_output)
        self.grad_output = grad_output
        if not self.inputs[0]:
            self.without_inputs(grad_output)
        return tuple(grad_output[place] for place in places)

    def at_inputs(self, gradients: tuple[Any, ...], _: Any) -> tuple[Any, ...] | None:
        """The input gradients are known: show both to the hooks."""
        if self.grad_output is None:
            return None  # the gradient came by another way than the module's output
        places, count = self.inputs
        grad_input = scattered(places, gradients, count)
        for hook in self.hooks:
            replacement = hook(self.module, grad_input, self.grad_output)
            if replacement is not None:
                grad_input = _same_number("hook", "grad_input", replacement, grad_input)
        self.grad_output = None
        return tuple(grad_input[place] for place in places)

    def without_inputs(self, grad_output: tuple[Any, ...]) -> None:
        """No input wants a gradient: the hooks are called when the output gradients are known."""
        self.grad_output = None
        if not self.hooks:
            return
        warnings.warn(
            "a full backward hook is called with the gradients of its module's outputs only, "
            "since no input requires a gradient",
            stacklevel=5,
        )
        for hook in self.hooks:
            result = hook(self.module, (None,) * self.inputs[1], grad_output)
            if isinstance(result, tuple) and all(x is None for x in result):
                continue
            if result is not None:
                raise RuntimeError(
                    message(
                        "backward hook: it replaces gradients of inputs that want none",
                        expected="None, or a tuple of None",
                        got=type(result).__name__,
                    )
                )


def _same_number(kind: str, what: str, given: Any, before: tuple[Any, ...]) -> tuple[Any, ...]:
    given = tuple(given)
    if len(given) != len(before):
        raise RuntimeError(
            message(
                f"backward {kind}: it returned a wrong number of gradients",
                expected=f"{len(before)} for {what}",
                got=str(len(given)),
            )
        )
    return given


def attach_to_node(module: Any, hooks: Sequence[Callable[..., Any]], result: Any) -> None:
    """Hooks of the older kind: on the node of the first tensor in the result."""
    found = _first_tensor(result)
    node = None if found is None else found.grad_fn
    if node is None:
        return
    warnings.warn(
        f"{type(module).__name__}: a non-full backward hook sees the last operation of a module "
        "only; use register_full_backward_hook()",
        FutureWarning,
        stacklevel=5,
    )
    for hook in hooks:
        node.register_hook(lambda inputs, outputs, hook=hook: hook(module, inputs, outputs))


def _first_tensor(result: Any) -> Tensor | None:
    if isinstance(result, Tensor):
        return result
    if isinstance(result, dict):
        result = list(result.values())
    if isinstance(result, (list, tuple)):
        return next((t for x in result if (t := _first_tensor(x)) is not None), None)
    return None
