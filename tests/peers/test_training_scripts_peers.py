"""Whole training scripts with PyTorch's names: both libraries print the same losses."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import flambeau as fb

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.peers

Script = Callable[[Any], Iterator[Any]]


def mlp_regression_with_adam(lib: Any) -> Iterator[Any]:
    """A network in a class, the mean squared error, minibatches in a random order."""
    nn = lib.nn

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.hidden = nn.Linear(4, 16)
            self.out = nn.Linear(16, 1)

        def forward(self, x: Any) -> Any:
            return self.out(lib.tanh(self.hidden(x)))

    model = Net()
    x = lib.randn(64, 4)
    y = (x * x).sum(dim=1, keepdim=True) - x[:, :1] * x[:, 1:2]
    criterion = nn.MSELoss()
    optimizer = lib.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(5):
        order = lib.randperm(64)
        total = 0.0
        for start in range(0, 64, 16):
            rows = order[start : start + 16]
            optimizer.zero_grad()
            loss = criterion(model(x[rows]), y[rows])
            loss.backward()
            optimizer.step()
            total += loss.item()
        yield total
    model.eval()
    with lib.no_grad():
        yield criterion(model(x), y)


def classifier_with_dropout(lib: Any) -> Iterator[Any]:
    """Cross entropy, dropout, SGD with momentum; accuracy at the end."""
    nn, F = lib.nn, lib.nn.functional
    model = nn.Sequential(
        nn.Linear(6, 32), nn.ReLU(), nn.Dropout(0.3), nn.Linear(32, 16), nn.GELU(), nn.Linear(16, 3)
    )
    x = lib.randn(90, 6)
    labels = lib.randint(0, 3, (90,))
    optimizer = lib.optim.SGD(
        model.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=1e-3
    )
    for _ in range(20):
        model.train()
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), labels)
        loss.backward()
        optimizer.step()
        yield loss
    model.eval()
    with lib.no_grad():
        yield (model(x).argmax(dim=1) == labels).double().mean()


def logistic_regression(lib: Any) -> Iterator[Any]:
    """Bare tensors and the binary cross entropy of logits."""
    x = lib.randn(50, 5)
    target = (x[:, 0] + 0.5 * x[:, 1] > 0).to(x.dtype)
    w = lib.zeros(5, requires_grad=True)
    b = lib.zeros(1, requires_grad=True)
    optimizer = lib.optim.AdamW([w, b], lr=0.1, weight_decay=0.05)
    for _ in range(30):
        loss = lib.nn.functional.binary_cross_entropy_with_logits(x @ w + b, target)
        optimizer.zero_grad(set_to_none=False)
        loss.backward()
        optimizer.step()
        yield loss
    yield w.norm()


def bag_of_words(lib: Any) -> Iterator[Any]:
    """Embeddings averaged over words, with padding; log-softmax and the negative likelihood."""
    nn, F = lib.nn, lib.nn.functional
    table = nn.Embedding(20, 8, padding_idx=0)
    head = nn.Linear(8, 4)
    words = lib.randint(0, 20, (30, 7))
    labels = lib.randint(0, 4, (30,))
    optimizer = lib.optim.Adam([*table.parameters(), *head.parameters()], lr=0.05, amsgrad=True)
    for _ in range(15):
        known = (words != 0).unsqueeze(-1).to(head.weight.dtype)
        mean = (table(words) * known).sum(1) / known.sum(1).clamp(min=1)
        loss = F.nll_loss(F.log_softmax(head(mean), dim=1), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        yield loss
    yield table.weight[0].abs().sum()


def by_hand_under_no_grad(lib: Any) -> Iterator[Any]:
    """The polynomial of PyTorch's first examples: parameters changed in place by hand."""
    x = lib.linspace(-3.0, 3.0, 100)
    y = lib.sin(x)
    coefficients = [lib.randn((), requires_grad=True) for _ in range(4)]
    for _ in range(25):
        guess = sum(c * x**k for k, c in enumerate(coefficients))
        loss = (guess - y).pow(2).sum()
        loss.backward()
        with lib.no_grad():
            for c in coefficients:
                c -= 1e-5 * c.grad
                c.grad = None
        yield loss


def gradients_over_several_batches(lib: Any) -> Iterator[Any]:
    """Gradients of four batches are added up before a step; a learning rate that falls."""
    model = lib.nn.Linear(5, 2)
    optimizer = lib.optim.SGD(model.parameters(), lr=0.2, momentum=0.5, dampening=0.1)
    batches = [(lib.randn(8, 5), lib.randn(8, 2)) for _ in range(4)]
    for _ in range(8):
        for x, y in batches:
            loss = (model(x) - y).abs().mean() / len(batches)
            loss.backward()
        yield model.weight.grad.norm()
        optimizer.step()
        optimizer.zero_grad()
        for group in optimizer.param_groups:
            group["lr"] *= 0.9
        yield loss


def tied_weights(lib: Any) -> Iterator[Any]:
    """A language model's output layer uses its embeddings; a frozen bias; two groups."""
    nn, F = lib.nn, lib.nn.functional

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table = nn.Embedding(12, 6)
            self.mix = nn.Linear(6, 6)
            self.head = nn.Linear(6, 12)
            self.head.weight = self.table.weight
            self.head.bias.requires_grad_(False)

        def forward(self, tokens: Any) -> Any:
            return self.head(F.silu(self.mix(self.table(tokens))))

    model = Net()
    tokens = lib.randint(0, 12, (4, 9))
    named = dict(model.named_parameters())
    groups = [
        {"params": [named["table.weight"]], "lr": 0.05},
        {"params": [p for n, p in named.items() if n.startswith("mix")], "weight_decay": 0.0},
    ]
    optimizer = lib.optim.AdamW(groups, lr=0.01)
    for _ in range(12):
        logits = model(tokens[:, :-1])
        loss = F.cross_entropy(logits.reshape(-1, 12), tokens[:, 1:].reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        yield loss
    yield (model.head.weight - model.table.weight).abs().max()
    yield model.head.bias.sum()


def clipped_gradients(lib: Any) -> Iterator[Any]:
    """A recurrence written out, its gradients clipped by hand, hooks on the way."""
    w = (lib.randn(6, 6) * 0.3).requires_grad_()
    readout = lib.randn(6, requires_grad=True)
    inputs, targets = lib.randn(10, 6), lib.randn(10)
    seen = []
    for _ in range(10):
        state, loss = lib.zeros(6), 0.0
        for x, y in zip(inputs, targets):
            state = lib.tanh(w @ state + x)
            loss = loss + (state @ readout - y) ** 2
        state.register_hook(lambda g: seen.append(g.norm().item()))
        loss.backward()
        parameters = [w, readout]
        norm = lib.stack([p.grad.norm() for p in parameters]).norm()
        with lib.no_grad():
            for p in parameters:
                p.grad.mul_((1.0 / (norm + 1e-6)).clamp(max=1.0))
                p.sub_(p.grad, alpha=0.1)
                p.grad.zero_()
        yield loss
        yield norm
    yield from seen


def gradient_penalty(lib: Any) -> Iterator[Any]:
    """A penalty on the gradient with respect to the input: second derivatives in training."""
    nn = lib.nn
    model = nn.Sequential(nn.Linear(3, 16), nn.Softplus(), nn.Linear(16, 1))
    optimizer = lib.optim.Adam(model.parameters(), lr=5e-3, betas=(0.5, 0.9))
    for _ in range(8):
        x = lib.randn(20, 3, requires_grad=True)
        out = model(x)
        (slope,) = lib.autograd.grad(out.sum(), x, create_graph=True)
        penalty = ((slope.norm(dim=1) - 1) ** 2).mean()
        loss = out.mean() + 10 * penalty
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        yield loss
        yield penalty


def function_of_ones_own(lib: Any) -> Iterator[Any]:
    """A network with a hand-written activation and a straight-through estimator."""

    class Rounded(lib.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x.round()

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g

    class Swish(lib.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any, beta: float) -> Any:
            ctx.save_for_backward(x)
            ctx.beta = beta
            return x * lib.sigmoid(beta * x)

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            (x,) = ctx.saved_tensors
            s = lib.sigmoid(ctx.beta * x)
            return g * (s + ctx.beta * x * s * (1 - s)), None

    first, second = lib.nn.Linear(4, 8), lib.nn.Linear(8, 1)
    x, y = lib.randn(32, 4), lib.randn(32, 1)
    optimizer = lib.optim.SGD([*first.parameters(), *second.parameters()], lr=0.05)
    for _ in range(10):
        hidden = Swish.apply(first(x), 1.5)
        loss = ((second(Rounded.apply(hidden * 4) / 4) - y) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        yield loss


def interrupted_training(lib: Any) -> Iterator[Any]:
    """State dicts of model and optimizer, taken and loaded halfway."""
    x, y = lib.randn(16, 3), lib.randn(16, 1)

    def fresh() -> tuple[Any, Any]:
        model = lib.nn.Linear(3, 1)
        return model, lib.optim.Adam(model.parameters(), lr=0.1)

    model, optimizer = fresh()
    for number in range(10):
        if number == 5:
            kept = model.state_dict(), optimizer.state_dict()
            model, optimizer = fresh()
            model.load_state_dict(kept[0])
            optimizer.load_state_dict(kept[1])
        loss = (model(x) - y).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        yield loss


SCRIPTS: list[Script] = [
    mlp_regression_with_adam,
    classifier_with_dropout,
    logistic_regression,
    bag_of_words,
    by_hand_under_no_grad,
    gradients_over_several_batches,
    tied_weights,
    clipped_gradients,
    gradient_penalty,
    function_of_ones_own,
    interrupted_training,
]


def printed(lib: Any, script: Script, kind: str) -> list[float]:
    """What a script prints, from the same seed, with a default type."""
    before = lib.get_default_dtype()
    lib.set_default_dtype(getattr(lib, kind))
    lib.manual_seed(7)
    try:
        return [value if isinstance(value, float) else value.item() for value in script(lib)]
    finally:
        lib.set_default_dtype(before)


@pytest.mark.parametrize(("kind", "digits"), [("float32", 6), ("float64", 12)])
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda s: s.__name__)
def test_same_losses(script: Script, kind: str, digits: int) -> None:
    ours, theirs = (printed(lib, script, kind) for lib in (fb, torch))
    assert len(ours) == len(theirs) > 5
    for step, (a, b) in enumerate(zip(ours, theirs)):
        # One unit of the last digit, for numbers that lie at the edge of rounding.
        unit = 10.0 ** (math.floor(math.log10(abs(b))) + 1 - digits) if b else 0.0
        assert abs(a - b) <= unit, (step, a, b)
