"""What eager operations refuse of values, compiled ones refuse too, before anything has changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import flambeau as fb
from flambeau import nn, optim
from flambeau.compiler import specialisation
from flambeau.compiler.run import dispatch

F = nn.functional
Case = tuple[Callable[..., Any], tuple[Any, ...], tuple[Any, ...]]

SCORES = fb.linspace(-1, 1, 12).reshape(4, 3)
LABELS = fb.tensor([0, 1, 2, 0])
P = fb.tensor([0.1, 0.9, 0.5, 0.3])
BITS = fb.tensor([0.0, 1.0, 0.0, 1.0])


def labels(*values: int) -> fb.Tensor:
    return fb.tensor(list(values))


CASES: dict[str, Case] = {
    "a target above 1": (F.binary_cross_entropy, (P, BITS), (P, BITS * 1.5)),
    "a target below 0": (F.binary_cross_entropy, (P, BITS), (P, BITS - 0.5)),
    "a target that is nan": (F.binary_cross_entropy, (P, BITS), (P, BITS * float("nan"))),
    "a prediction above 1": (F.binary_cross_entropy, (P, BITS), (P + 1, BITS)),
    "a label too large": (F.cross_entropy, (SCORES, LABELS), (SCORES, labels(0, 1, 3, 0))),
    "a negative label": (F.cross_entropy, (SCORES, LABELS), (SCORES, labels(0, -1, 2, 0))),
    "a smoothed label": (
        lambda x, y: F.cross_entropy(x, y, label_smoothing=0.1),
        (SCORES, LABELS), (SCORES, labels(0, 1, 3, 0)),
    ),
    "a weighted label": (
        lambda x, y: F.nll_loss(x, y, weight=fb.ones(3)),
        (SCORES, LABELS), (SCORES, labels(0, 1, 7, 0)),
    ),
    "a margin's label": (F.multi_margin_loss, (SCORES, LABELS), (SCORES, labels(0, 1, 3, 0))),
    "one of several labels": (
        F.multilabel_margin_loss,
        (SCORES, labels(0, -1, 0).expand(4, 3)), (SCORES, labels(0, 3, -1).expand(4, 3)),
    ),
    "a class to encode": (lambda y: F.one_hot(y, 3), (LABELS,), (labels(0, 3, 1, 2),)),
    "a row to look up": (F.embedding, (LABELS, SCORES), (labels(0, 4, 1, 2), SCORES)),
    "a place to gather": (
        lambda x, y: x.gather(1, y), (SCORES, LABELS[:, None]), (SCORES, LABELS[:, None] + 1),
    ),
    "an index": (lambda x, i: x[i], (SCORES, LABELS), (SCORES, labels(-5, 0, 0, 0))),
    "a probability": (fb.bernoulli, (P,), (P + 0.5,)),
    "no weights": (lambda w: fb.multinomial(w, 2), (P,), (P * 0,)),
    "a divisor": (fb.floor_divide, (labels(3, 4), labels(1, 2)), (labels(3, 4), labels(0, 2))),
    "a modulus": (fb.remainder, (labels(3, 4), labels(1, 2)), (labels(3, 4), labels(1, 0))),
    "a divisor that is computed": (
        lambda x, y: x // (y + 1), (labels(3, 4), labels(1, 2)), (labels(3, 4), labels(-1, 2)),
    ),
    "one of two indices": (
        lambda x, i: x[i, i - 1], (SCORES, labels(0, 1)), (SCORES, labels(0, 4)),
    ),
    "a matrix": (fb.linalg.cholesky, (fb.eye(3),), (-fb.eye(3),)),
}  # fmt: skip


def error_of(function: Callable[..., Any], *args: Any) -> tuple[type, str]:
    with pytest.raises(Exception) as caught:
        function(*args)
    text = str(caught.value)
    return type(caught.value), text.partition(": ")[2]  # the loss may call itself by another name


@pytest.mark.parametrize("case", CASES)
def test_compiled_code_refuses_what_eager_code_refuses(case: str) -> None:
    function, good, bad = CASES[case]
    compiled = fb.compile(function)
    expected = error_of(function, *bad)
    for _ in range(3):
        compiled(*good)
    assert error_of(compiled, *bad) == expected
    compiled(*good)
    first = fb.compile(function)
    assert error_of(first, *bad) == expected


@pytest.mark.parametrize("kind", ["target", "label", "row", "none"])
def test_a_step_that_is_refused_changes_nothing(kind: str) -> None:
    fb.manual_seed(0)
    table = nn.Embedding(5, 4)
    model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(0.2), nn.Linear(8, 3))
    parameters = [*table.parameters(), *model.parameters()]
    optimizer = optim.Adam(parameters, 0.01)
    steps = fb.zeros((), dtype=fb.int64)

    @fb.compile
    def step(rows: fb.Tensor, target: fb.Tensor, label: fb.Tensor) -> fb.Tensor:
        steps.add_(1)
        scores = model(table(rows))
        loss = F.cross_entropy(scores, label)
        loss = loss + F.binary_cross_entropy(scores[:, 0].sigmoid(), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    rows, target, label = fb.arange(4), BITS, LABELS
    for _ in range(3):
        step(rows, target, label)

    def everything() -> list[Any]:
        tensors = [*parameters, *model.buffers(), steps]
        tensors += [x for p in parameters for x in optimizer.state[p].values()]
        tensors += [p.grad for p in parameters if p.grad is not None]
        return [[(x.tolist(), x._version) for x in tensors], fb.get_rng_state().tolist()]

    before = everything()
    if kind == "target":
        with pytest.raises(RuntimeError, match="target has an element that is no probability"):
            step(rows, target * 2, label)
    elif kind == "label":
        with pytest.raises(IndexError, match="a label is not a class"):
            step(rows, target, label + 2)
    elif kind == "row":
        with pytest.raises(IndexError, match="index 5 is out of bounds"):
            step(rows + 2, target, label)
    else:
        step(rows, target, label)
        assert everything() != before
        return
    assert everything() == before
    step(rows, target, label)
    assert steps.item() == 4


def test_checks_hold_for_empty_tensors() -> None:
    compiled = fb.compile(lambda p, t: F.binary_cross_entropy(p, t, reduction="sum"))
    assert compiled(fb.zeros(0), fb.zeros(0)).item() == 0
    encoded = fb.compile(lambda y: F.one_hot(y, 3))
    assert encoded(fb.zeros(0, dtype=fb.int64)).shape == (0, 3)


@pytest.mark.skipif(not dispatch.is_available(), reason="runs through NumPy here")
@pytest.mark.parametrize("case", ["a target above 1", "a class to encode", "a probability"])
def test_checked_operations_are_native(case: str) -> None:
    function, good, _ = CASES[case]
    compiled = fb.compile(function)
    compiled(*good)
    assert compiled.all()[0].compute.calls == []


def test_checks_hold_without_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(specialisation, "is_available", lambda: False)
    for function, good, bad in CASES.values():
        compiled = fb.compile(function)
        compiled(*good)
        assert error_of(compiled, *bad) == error_of(function, *bad)
