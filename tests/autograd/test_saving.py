"""Hooks on what the graph saves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import flambeau as fb
from flambeau.autograd.graph import (
    disable_saved_tensors_hooks,
    register_multi_grad_hook,
    save_on_cpu,
    saved_tensors_hooks,
)

F = fb.nn.functional
X = fb.linspace(0.1, 1.2, 12, dtype=fb.float64).reshape(3, 4)
PROGRAMS = {
    "product": lambda x: x * x,
    "output": lambda x: x.exp(),
    "composite": lambda x: F.softmax(x @ x.T, 1).log(),
    "several outputs": lambda x: sum(x.std(0)) + fb.var_mean(x, 1)[0].sum(),
    "cat": lambda x: fb.cat([x, x * 2]) ** 2,
    "einsum": lambda x: fb.einsum("ij,kj->ik", x, x).tanh(),
    "in place": lambda x: x.clone().mul_(x).sin_(),
    "in place on a view": lambda x: _changed_view(x),
    "cross entropy": lambda x: F.cross_entropy(x, fb.tensor([0, 1, 2])),
}


def _changed_view(x: fb.Tensor) -> fb.Tensor:
    y = x * 2
    y[0].mul_(x[1])
    return y * y


class Cube(fb.autograd.Function):
    """x ** 3, which saves its input and its output."""

    @staticmethod
    def forward(ctx: Any, x: fb.Tensor) -> fb.Tensor:
        y = x**3
        ctx.save_for_backward(x, y, None)
        return y

    @staticmethod
    def backward(ctx: Any, g: fb.Tensor) -> fb.Tensor:
        x, y, nothing = ctx.saved_tensors
        assert nothing is None
        return 3 * g * y / x


def gradients(call: Any, hooks: Any = None) -> list[fb.Tensor]:
    """Gradients of first and second order."""
    x = X.clone().requires_grad_()
    if hooks is None:
        y = call(x)
    else:
        with hooks:
            y = call(x)
    (first,) = fb.autograd.grad(y.sum(), x, create_graph=True)
    (second,) = fb.autograd.grad((first * first).sum(), x)
    return [first, second]


@pytest.mark.parametrize("call", [*PROGRAMS.values(), Cube.apply], ids=[*PROGRAMS, "function"])
def test_gradients_through_numpy_and_back(call: Any) -> None:
    packed = []

    def pack(tensor: fb.Tensor) -> np.ndarray:
        packed.append(tensor.shape)
        assert not tensor.requires_grad
        return tensor.numpy().copy()

    found = gradients(call, saved_tensors_hooks(pack, fb.from_numpy))
    assert packed
    for ours, expected in zip(found, gradients(call), strict=True):
        assert fb.allclose(ours, expected, rtol=1e-14, atol=1e-14)


def test_what_is_unpacked_counts() -> None:
    x = fb.tensor([3.0], requires_grad=True)
    with saved_tensors_hooks(lambda t: None, lambda nothing: fb.tensor([10.0])):
        y = x * x
    y.backward()
    assert x.grad is not None
    assert x.grad.item() == 20


def test_the_innermost_hooks_count_and_regions_end() -> None:
    seen: list[str] = []

    def hooks(name: str) -> saved_tensors_hooks:
        return saved_tensors_hooks(lambda t: seen.append(name) or t, lambda t: t)

    x = fb.ones(1, requires_grad=True)
    with hooks("outer"):
        x * x
        with hooks("inner"):
            x.exp()
        x.exp()
    x * x
    assert seen == ["outer", "outer", "inner", "outer"]


def test_changed_tensors_are_noticed_unless_copied() -> None:
    def run(hooks: Any) -> fb.Tensor:
        x = fb.tensor([2.0], requires_grad=True)
        y = x * 1
        with hooks:
            z = y * y
        with fb.no_grad():
            y.mul_(5)
        z.backward()
        assert x.grad is not None
        return x.grad

    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        run(saved_tensors_hooks(lambda t: t, lambda t: t))
    assert run(save_on_cpu()).item() == 4


def test_saved_values_of_nodes_are_unpacked() -> None:
    x = fb.tensor([2.0], requires_grad=True)
    with saved_tensors_hooks(lambda t: t.tolist(), fb.tensor):
        y = x * x
    assert y.grad_fn._saved_self.tolist() == [2.0]
    y.backward()
    with pytest.raises(RuntimeError, match="already used"):
        y.backward()


def test_misuse() -> None:
    x = fb.ones(1, requires_grad=True)
    with (
        pytest.raises(RuntimeError, match="pack_hook changed its tensor in place"),
        saved_tensors_hooks(lambda t: t.mul_(2), lambda t: t),
    ):
        x * x
    with saved_tensors_hooks(lambda t: t, lambda t: 3):  # type: ignore[arg-type,return-value]
        y = x * x
    with pytest.raises(TypeError, match="unpack_hook returned no tensor"):
        y.backward()
    with (
        disable_saved_tensors_hooks("not now"),
        pytest.raises(RuntimeError, match="not now"),
        save_on_cpu(),
    ):
        pass
    with save_on_cpu():
        pass


def test_several_gradients_at_once() -> None:
    x, y = fb.ones(2, requires_grad=True), fb.ones(2, requires_grad=True)
    seen: list[Any] = []
    handle = register_multi_grad_hook(
        (x, y), lambda found: seen.append([g.tolist() for g in found])
    )
    for _ in range(2):
        (x * y * 3).sum().backward()
    assert seen == [[[3, 3], [3, 3]]] * 2
    handle.remove()
    (x * y).sum().backward()
    assert len(seen) == 2
    with pytest.raises(ValueError, match="register_multi_grad_hook: no such mode"):
        register_multi_grad_hook((x,), print, mode="some")


def test_the_first_of_several_gradients() -> None:
    x, y = fb.ones(2, requires_grad=True), fb.ones(2, requires_grad=True)
    seen: list[Any] = []
    with register_multi_grad_hook((x, y), seen.append, mode="any"):
        for _ in range(3):
            (x * y).sum().backward()
    (x * y).sum().backward()
    assert len(seen) == 3
