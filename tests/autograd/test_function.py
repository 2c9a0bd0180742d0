"""Functions of the user's own: what ctx keeps, and the text of each error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import flambeau as fb
from flambeau.autograd.function import Function, FunctionCtx, once_differentiable
from flambeau.tensor.graph import Node


def leaf() -> fb.Tensor:
    return fb.tensor([1.0, 2.0, 3.0], dtype=fb.float64, requires_grad=True)


def function(forward: Any, backward: Any, **more: Any) -> Any:
    methods = {"forward": forward, "backward": backward, **more}
    static = {name: staticmethod(f) for name, f in methods.items() if f is not None}
    return type("Mine", (Function,), static)


class Double(Function):
    @staticmethod
    def forward(ctx: FunctionCtx, x: fb.Tensor) -> fb.Tensor:
        return x * 2

    @staticmethod
    def backward(ctx: FunctionCtx, g: fb.Tensor) -> fb.Tensor:
        return g * 2


def test_text_and_place_of_the_node() -> None:
    x = leaf()
    y = Double.apply(x)
    node = y.grad_fn
    assert repr(node).startswith("<DoubleBackward object at 0x")
    assert isinstance(node, Node)
    assert node.name() == type(node).__name__ == "DoubleBackward"
    assert node.next_functions[0][0].variable is x
    assert str(y).endswith("grad_fn=<DoubleBackward>)")


def test_ctx_may_have_attributes_of_the_names_that_nodes_use() -> None:
    def forward(ctx: FunctionCtx, x: fb.Tensor) -> fb.Tensor:
        ctx.shape, ctx.dtype, ctx.edges, ctx.saved = x.shape, "mine", 7, [x * 2]
        ctx.hooks = ctx.plan = ctx.versions = ctx.sequence = None
        return x.sum()

    def backward(ctx: FunctionCtx, g: fb.Tensor) -> fb.Tensor:
        assert (ctx.dtype, ctx.edges, len(ctx.saved)) == ("mine", 7, 1)
        return g.expand(ctx.shape)

    x = leaf()
    function(forward, backward).apply(x).backward()
    assert x.grad.tolist() == [1.0] * 3


def test_numpy_inside_a_function() -> None:
    class Sine(Function):
        @staticmethod
        def forward(ctx: FunctionCtx, x: fb.Tensor) -> fb.Tensor:
            ctx.x = x.detach().numpy()
            return fb.from_numpy(np.sin(ctx.x))

        @staticmethod
        @once_differentiable
        def backward(ctx: FunctionCtx, g: fb.Tensor) -> fb.Tensor:
            return fb.from_numpy(g.numpy() * np.cos(ctx.x))

    x = leaf()
    Sine.apply(x).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), np.cos(x.detach().numpy()))


def test_function_made_after_a_view_changed_finds_its_place() -> None:
    base = leaf() * 1
    view = base[:2]
    base.mul_(3)
    Double.apply(view).sum().backward()
    x = base.grad_fn.next_functions[0][0].next_functions[0][0].variable
    assert x.grad.tolist() == [6.0, 6.0, 0.0]


def test_functions_inside_functions() -> None:
    class Outer(Function):
        @staticmethod
        def forward(ctx: FunctionCtx, x: fb.Tensor) -> fb.Tensor:
            with fb.enable_grad():
                ctx.inner = x.detach().requires_grad_()
                ctx.result = Double.apply(ctx.inner).exp()
            return ctx.result.detach()

        @staticmethod
        def backward(ctx: FunctionCtx, g: fb.Tensor) -> fb.Tensor:
            return fb.autograd.grad(ctx.result, ctx.inner, g)[0]

    x = leaf()
    Outer.apply(x).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), 2 * np.exp(2 * x.detach().numpy()))


def saved_and_changed() -> None:
    def forward(ctx: FunctionCtx, x: fb.Tensor) -> fb.Tensor:
        ctx.save_for_backward(x)
        return x * 1

    x = leaf() * 1
    y = function(forward, lambda c, g: c.saved_tensors and g).apply(x)
    x.add_(1)
    y.sum().backward()


def dirty(ctx: FunctionCtx, x: fb.Tensor) -> fb.Tensor:
    x.mul_(2)
    ctx.mark_dirty(x)
    return x


@once_differentiable
def constant(ctx: FunctionCtx, g: fb.Tensor) -> fb.Tensor:
    return g * 2


def twice() -> None:
    x = leaf()
    y = function(lambda c, x: x * 2, constant).apply(x * x)
    (first,) = fb.autograd.grad((y * x).sum(), x, create_graph=True)
    first.sum().backward()


ERRORS: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "instance": (
        Double,
        RuntimeError,
        (
            "Double: a Function is not instantiated\n"
            "  expected: Double.apply(...)\n"
            "  got:      Double(...)"
        ),
    ),
    "no forward": (
        lambda: function(None, lambda c, g: g).apply(leaf()),
        RuntimeError,
        (
            "Function: forward is missing\n"
            "  expected: a static method forward on the subclass\n"
            "  got:      none"
        ),
    ),
    "no backward": (
        lambda: function(lambda c, x: x * 1, None).apply(leaf()).sum().backward(),
        RuntimeError,
        (
            "Function: backward is missing\n"
            "  expected: a static method backward on the subclass\n"
            "  got:      none"
        ),
    ),
    "number": (
        lambda: (
            function(lambda c, x, y: x * y, lambda c, g: g).apply(leaf(), leaf()).sum().backward()
        ),
        RuntimeError,
        (
            "MineBackward: backward returned a wrong number of gradients\n"
            "  expected: 2, one for each argument of apply()\n"
            "  got:      1\n"
            "  help:     return a tuple, with None for arguments that are not tensors"
        ),
    ),
    "no tensor": (
        lambda: function(lambda c, x: x * 1, lambda c, g: 3.0).apply(leaf()).sum().backward(),
        RuntimeError,
        (
            "MineBackward: backward returned something else than gradients\n"
            "  expected: tensors or None\n"
            "  got:      float for argument 0"
        ),
    ),
    "for a number": (
        lambda: (
            function(lambda c, x, n: x * n, lambda c, g: (g, g)).apply(leaf(), 2).sum().backward()
        ),
        RuntimeError,
        (
            "MineBackward: backward returned a gradient for what is no tensor\n"
            "  expected: None for argument 1\n"
            "  got:      a tensor of shape (3,)"
        ),
    ),
    "save": (
        lambda: function(lambda c, x: c.save_for_backward([x]), None).apply(leaf()),
        TypeError,
        (
            "save_for_backward: only tensors can be saved\n"
            "  expected: tensors or None\n"
            "  got:      list\n"
            "  help:     keep other values as attributes of ctx"
        ),
    ),
    "changed": (
        saved_and_changed,
        RuntimeError,
        (
            "backward: a tensor that MineBackward needs was modified by an inplace operation\n"
            "  expected: the tensor of shape (3,) at version 0\n"
            "  got:      version 1\n"
            "  help:     clone() it before the in-place change, or use the out-of-place operation; "
            "set_detect_anomaly(True) shows where the operation was called"
        ),
    ),
    "dirty leaf": (
        lambda: function(dirty, lambda c, g: g).apply(leaf()),
        RuntimeError,
        (
            "MineBackward: a leaf tensor that requires a gradient is used in an in-place "
            "operation\n"
            "  expected: a tensor that the backward pass can do without\n"
            "  got:      a leaf tensor that requires a gradient\n"
            "  help:     wrap the change in no_grad(), or use the out-of-place operation"
        ),
    ),
    "dirty, not returned": (
        lambda: function(lambda c, x: dirty(c, x) * 1, lambda c, g: g).apply(leaf() * 1),
        RuntimeError,
        (
            "Mine: an input marked as dirty was not returned\n"
            "  expected: every tensor given to mark_dirty() among the outputs of forward()\n"
            "  got:      a tensor of shape (3,) that is not"
        ),
    ),
    "keyword only": (
        lambda: function(lambda c, x, *, k: x, lambda c, g: g).apply(leaf(), k=3),
        TypeError,
        (
            "Mine: apply() cannot pass keyword-only arguments on\n"
            "  expected: arguments of forward() that may be positional\n"
            "  got:      k"
        ),
    ),
    "twice": (
        twice,
        RuntimeError,
        (
            "backward: a function marked with once_differentiable is differentiated twice\n"
            "  expected: one derivative\n"
            "  got:      a second one\n"
            "  help:     write its backward in tensor operations and leave the mark out"
        ),
    ),
}


@pytest.mark.parametrize("case", ERRORS)
def test_error_text(case: str) -> None:
    call, kind, text = ERRORS[case]
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value) == text
