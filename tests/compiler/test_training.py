"""Whole training steps compiled against the same steps run eagerly: a hundred of them each."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import flambeau as fb
from flambeau import nn, optim
from flambeau.compiler.compiled import compile
from flambeau.nn import functional as F

STEPS = 100
Step = Callable[..., fb.Tensor]

OPTIMIZERS: dict[str, Callable[[Any], Any]] = {
    "SGD": lambda p: optim.SGD(p, 0.05),
    "SGD momentum": lambda p: optim.SGD(p, 0.05, momentum=0.9),
    "SGD dampening": lambda p: optim.SGD(p, 0.05, momentum=0.9, dampening=0.3, weight_decay=0.01),
    "SGD nesterov": lambda p: optim.SGD(p, 0.05, momentum=0.9, nesterov=True),
    "SGD maximize": lambda p: optim.SGD(p, 0.001, maximize=True),
    "Adam": lambda p: optim.Adam(p, 0.01),
    "Adam weight decay": lambda p: optim.Adam(p, 0.01, weight_decay=0.01),
    "Adam amsgrad": lambda p: optim.Adam(p, 0.01, amsgrad=True),
    "AdamW": lambda p: optim.AdamW(p, 0.01),
    "AdamW amsgrad": lambda p: optim.AdamW(p, 0.01, amsgrad=True, betas=(0.8, 0.99)),
    "Adadelta": lambda p: optim.Adadelta(p, 0.5),
    "Adafactor": lambda p: optim.Adafactor(p, 0.02),
    "Adagrad": lambda p: optim.Adagrad(p, 0.05, lr_decay=0.01),
    "Adamax": lambda p: optim.Adamax(p, 0.01),
    "ASGD": lambda p: optim.ASGD(p, 0.05, t0=20),
    "Muon": lambda p: optim.Muon([x for x in p if x.ndim == 2], 0.02),
    "NAdam": lambda p: optim.NAdam(p, 0.01),
    "RAdam": lambda p: optim.RAdam(p, 0.01),
    "RMSprop": lambda p: optim.RMSprop(p, 0.01),
    "RMSprop centered": lambda p: optim.RMSprop(p, 0.01, centered=True, momentum=0.9),
    "Rprop": lambda p: optim.Rprop(p, 0.01),
    "SparseAdam": lambda p: optim.SparseAdam(p, 0.01),
}


def mlp(activation: nn.Module, *sizes: int) -> nn.Module:
    layers: list[nn.Module] = []
    for one, other in pairwise(sizes):
        layers += [nn.Linear(one, other, dtype=fb.float64), activation]
    return nn.Sequential(*layers[:-1])


def numbers(*shape: int) -> fb.Tensor:
    return fb.randn(*shape, dtype=fb.float64)


def train(make: Callable[[], tuple[Step, list[Any], Any]], compiled: bool, steps: int) -> Any:
    """The losses, and everything that the training changed."""
    fb.manual_seed(0)
    step, batches, (model, optimizer) = make()
    if compiled:
        step = compile(step)
    losses = [step(*batches[i % len(batches)]).detach().numpy().copy() for i in range(steps)]
    state = [p.detach().numpy() for p in model.parameters()]
    state += [p.grad.numpy() for p in model.parameters() if p.grad is not None]
    state += [b.numpy() for b in model.buffers()]
    for slots in optimizer.state_dict()["state"].values():
        state += [np.asarray(v) for v in slots.values() if v is not None]
    return [*losses, *state, fb.get_rng_state().numpy()]


def check(make: Callable[[], Any], steps: int = STEPS, precision: float = 1e-12) -> None:
    """Losses, parameters, gradients, optimizer state and generator agree."""
    eager, compiled = train(make, False, steps), train(make, True, steps)
    assert len(eager) == len(compiled)
    for x, y in zip(eager, compiled, strict=True):
        if x.dtype.kind == "f":
            np.testing.assert_allclose(y, x, rtol=precision, atol=precision * np.abs(x).max())
        else:
            np.testing.assert_array_equal(y, x)


def ordinary(
    model: nn.Module, optimizer: Any, loss: Callable[[Any, Any], Any], batches: list[Any]
) -> Any:
    """The step that everybody writes."""

    def step(x: fb.Tensor, y: fb.Tensor) -> fb.Tensor:
        optimizer.zero_grad()
        value = loss(model(x), y)
        value.backward()
        optimizer.step()
        return value

    return step, batches, (model, optimizer)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers(name: str) -> None:
    def make() -> Any:
        model = mlp(nn.Tanh(), 5, 16, 3)
        batches = [(numbers(20, 5), numbers(20, 3)) for _ in range(3)]
        return ordinary(model, OPTIMIZERS[name](model.parameters()), F.mse_loss, batches)

    check(make)


ACTIVATIONS = [
    "ReLU", "LeakyReLU", "ELU", "SELU", "CELU", "GELU", "SiLU", "Mish", "Softplus", "Softsign",
    "Tanh", "Sigmoid", "LogSigmoid", "Hardtanh", "Hardswish", "Hardsigmoid", "Tanhshrink",
    "Softshrink", "Hardshrink", "ReLU6", "Identity",
]  # fmt: skip


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(name: str) -> None:
    def make() -> Any:
        model = mlp(getattr(nn, name)(), 5, 16, 8, 2)
        batches = [(numbers(12, 5), numbers(12, 2))]
        return ordinary(model, optim.SGD(model.parameters(), 0.01), F.mse_loss, batches)

    check(make, 20)


REGRESSIONS = ["mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"]


@pytest.mark.parametrize("name", REGRESSIONS)
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_regression_losses(name: str, reduction: str) -> None:
    def make() -> Any:
        model = mlp(nn.Tanh(), 4, 9, 2)
        batches = [(numbers(17, 4), numbers(17, 2))]
        loss = getattr(F, name)
        optimizer = optim.Adam(model.parameters(), 0.01)
        return ordinary(model, optimizer, lambda x, y: loss(x, y, reduction=reduction), batches)

    check(make, 20)


@pytest.mark.parametrize("name", ["binary_cross_entropy", "binary_cross_entropy_with_logits"])
def test_binary_losses(name: str) -> None:
    def make() -> Any:
        model = mlp(nn.Tanh(), 4, 9, 1)
        if name == "binary_cross_entropy":
            model = nn.Sequential(model, nn.Sigmoid())
        batches = [(numbers(17, 4), (numbers(17, 1) > 0).to(fb.float64))]
        return ordinary(model, optim.Adam(model.parameters(), 0.01), getattr(F, name), batches)

    check(make, 20)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_embedding_and_cross_entropy(smoothing: float) -> None:
    def make() -> Any:
        model = nn.Sequential(
            nn.Embedding(11, 6, dtype=fb.float64), nn.Flatten(), nn.Linear(18, 4, dtype=fb.float64)
        )
        batches = [
            (fb.randint(0, 11, (9, 3)), fb.randint(0, 4, (9,)))
            for _ in range(3)
        ]  # fmt: skip

        def loss(x: fb.Tensor, y: fb.Tensor) -> fb.Tensor:
            return F.cross_entropy(x, y, label_smoothing=smoothing)

        return ordinary(model, optim.Adam(model.parameters(), 0.01), loss, batches)

    check(make, 30)


def test_dropout_draws_what_eager_draws() -> None:
    def make() -> Any:
        model = mlp(nn.Dropout(0.3), 5, 16, 8, 2)
        batches = [(numbers(12, 5), numbers(12, 2))]
        return ordinary(model, optim.SGD(model.parameters(), 0.01), F.mse_loss, batches)

    check(make, 20)


@pytest.mark.parametrize("limit", [0.01, 100.0])
def test_clipping_by_norm(limit: float) -> None:
    def make() -> Any:
        model = mlp(nn.Tanh(), 5, 16, 2)
        optimizer = optim.Adam(model.parameters(), 0.01)

        def step(x: fb.Tensor, y: fb.Tensor) -> fb.Tensor:
            optimizer.zero_grad()
            value = F.mse_loss(model(x), y)
            value.backward()
            norms = [(p.grad * p.grad).sum() for p in model.parameters()]
            scale = (limit / (fb.sqrt(sum(norms)) + 1e-6)).clamp(max=1.0)
            for p in model.parameters():
                p.grad.mul_(scale)
            optimizer.step()
            return value

        return step, [(numbers(12, 5), numbers(12, 2))], (model, optimizer)

    check(make, 20)


def test_gradient_penalty_by_double_backward() -> None:
    def make() -> Any:
        model = mlp(nn.Tanh(), 5, 16, 1)
        optimizer = optim.Adam(model.parameters(), 0.01)

        def step(x: fb.Tensor) -> fb.Tensor:
            x = x.detach().requires_grad_()
            optimizer.zero_grad()
            (g,) = fb.autograd.grad(model(x).sum(), x, create_graph=True)
            value = ((g.norm(dim=1) - 1) ** 2).mean()
            value.backward()
            optimizer.step()
            return value

        return step, [(numbers(12, 5),)], (model, optimizer)

    check(make, 20)


def test_two_optimizers_and_two_losses() -> None:
    def make() -> Any:
        model = mlp(nn.Tanh(), 5, 16, 2)
        first = optim.Adam(model[0].parameters(), 0.01)
        second = optim.SGD(model[2].parameters(), 0.1, momentum=0.5)

        def step(x: fb.Tensor, y: fb.Tensor) -> fb.Tensor:
            first.zero_grad()
            second.zero_grad()
            hidden = model[1](model[0](x))
            one = F.mse_loss(model[2](hidden), y)
            one.backward(retain_graph=True)
            other = hidden.square().mean() * 0.1
            other.backward()
            first.step()
            second.step()
            return one + other.detach()

        return step, [(numbers(12, 5), numbers(12, 2))], (model, first)

    check(make, 20)
