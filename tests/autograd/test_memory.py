"""Long graphs and long trainings: no deep recursion, no leaks, no reference cycles."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator

import pytest

import flambeau as fb
from flambeau.tensor.graph import Node

LONG = 100_000


@pytest.fixture(autouse=True)
def without_collector() -> Iterator[None]:
    """Whatever is freed here is freed by counting references."""
    for shape in ((), (1,)):
        fb.ones(shape, requires_grad=True).backward()  # makes the gradients of 1 that are kept
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def alive() -> int:
    """How many tensors and nodes there are."""
    return sum(isinstance(x, (Node, fb.Tensor)) for x in gc.get_objects())


def chain(step: Callable[[fb.Tensor], fb.Tensor], length: int) -> tuple[fb.Tensor, fb.Tensor]:
    x = fb.ones(1, requires_grad=True)
    y = x * 1
    for _ in range(length):
        y = step(y)
    return x, y


class Keep(fb.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        y = x * 1
        ctx.save_for_backward(x, y)
        return y

    @staticmethod
    def backward(ctx, g):
        x, y = ctx.saved_tensors
        return g * (x / y)


STEPS = {
    "sum": lambda y: y + 0.0,
    "product": lambda y: y * 1.0,
    "output saved": lambda y: (y * 0).exp(),
    "view": lambda y: y.view(1),
    "in place": lambda y: y.mul_(1.0),
    "in place on a view": lambda y: (y.view(1).mul_(1.0), y)[1],
    "function": Keep.apply,
}


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("use", ["backward", "retained", "grad", "dropped"])
def test_long_chain(name: str, use: str) -> None:
    before = alive()
    length = LONG if name in ("sum", "product") else LONG // 5
    x, y = chain(STEPS[name], length)
    if use == "backward":
        y.backward()
        assert x.grad.item() == (0.0 if name == "output saved" else 1.0)
    elif use == "retained":
        y.backward(retain_graph=True)
    elif use == "grad":
        fb.autograd.grad(y, x)
    del x, y
    assert alive() == before


def test_everything_is_freed_at_once() -> None:
    before = alive()
    w = fb.ones(3, requires_grad=True)
    hidden = (w * 2).exp()
    parts = hidden.split(1)
    loss = (parts[0] * Keep.apply(parts[1])).sum() + hidden[2:].mul(3).sum()
    nodes = [weakref.ref(loss.grad_fn), weakref.ref(hidden.grad_fn)]
    loss.backward()
    del loss, hidden, parts
    assert [n() for n in nodes] == [None, None]
    w.grad = None
    del w
    assert alive() == before


def test_graph_with_hooks_is_freed_at_once() -> None:
    before = alive()
    w = fb.ones(3, requires_grad=True)
    y = w * 2
    y.retain_grad()
    y.register_hook(lambda g: g * 2)
    y.grad_fn.register_hook(lambda before, after: None)
    y.sum().backward()
    del y, w
    assert alive() == before


def test_second_derivatives_are_freed_at_once() -> None:
    before = alive()
    x = fb.ones(3, requires_grad=True)
    (first,) = fb.autograd.grad((x**3).sum(), x, create_graph=True)
    fb.autograd.grad(first.sum(), x)
    del first, x
    assert alive() == before


def test_ctx_does_not_keep_its_node() -> None:
    y = Keep.apply(fb.ones(1, requires_grad=True))
    node, ctx = weakref.ref(y.grad_fn), y.grad_fn.ctx
    del y
    assert node() is None
    with pytest.raises(RuntimeError, match="freed"):
        ctx.saved_tensors


def training(optimizer_of: Callable[[list[fb.Tensor]], fb.optim.Optimizer]) -> Callable[[], None]:
    w, b = fb.zeros(3, 2, requires_grad=True), fb.zeros(2, requires_grad=True)
    x, y = fb.randn(8, 3), fb.randn(8, 2)
    optimizer = optimizer_of([w, b])

    def step() -> None:
        loss = (x @ w + b - y).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


@pytest.mark.parametrize(
    "optimizer_of",
    [
        lambda params: fb.optim.SGD(params, lr=0.01, momentum=0.9),
        lambda params: fb.optim.Adam(params, lr=0.01, amsgrad=True),
    ],
    ids=["SGD", "Adam"],
)
def test_training_does_not_grow(optimizer_of: Callable) -> None:
    step = training(optimizer_of)
    for _ in range(10):
        step()
    before, objects = alive(), len(gc.get_objects())
    for _ in range(10_000):
        step()
    assert alive() == before
    assert len(gc.get_objects()) <= objects + 20
