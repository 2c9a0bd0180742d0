"""The loss of sequences: its definition, its gradient, limiting cases, errors in full."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

import flambeau as fb

F = fb.nn.functional


def likelihood_of_labels(logs: np.ndarray, labels: list[int], blank: int) -> float:
    """By definition: the sum over all paths that become the labels."""
    total = 0.0
    for path in product(range(logs.shape[1]), repeat=logs.shape[0]):
        merged = [c for i, c in enumerate(path) if i == 0 or c != path[i - 1]]
        if [c for c in merged if c != blank] == labels:
            total += np.exp(sum(logs[t, c] for t, c in enumerate(path)))
    return total


@pytest.mark.parametrize("labels", [[], [1], [1, 2], [1, 1], [2, 1, 2], [1, 1, 1]])
@pytest.mark.parametrize("blank", [0, 3])
def test_ctc_loss_by_definition(labels: list[int], blank: int) -> None:
    logits = fb.randn(5, 4, dtype=fb.float64)
    logs = F.log_softmax(logits, 1)
    expected = -np.log(likelihood_of_labels(logs.numpy(), labels, blank))
    target = fb.tensor([labels], dtype=fb.int64).reshape(1, len(labels))
    found = F.ctc_loss(logs.unsqueeze(1), target, (5,), (len(labels),), blank, "sum")
    np.testing.assert_allclose(found.item(), expected, rtol=1e-12)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_ctc_gradient_in_front_of_log_softmax(reduction: str) -> None:
    targets, times, counts = fb.tensor([[1, 2, 2], [3, 1, 0]]), fb.tensor([6, 5]), fb.tensor([3, 2])

    def loss(logits: fb.Tensor) -> fb.Tensor:
        return F.ctc_loss(F.log_softmax(logits, 2), targets, times, counts, reduction=reduction)

    assert fb.autograd.gradcheck(loss, (fb.randn(6, 2, 4, dtype=fb.float64).requires_grad_(),))


def test_ctc_loss_of_what_cannot_be_aligned() -> None:
    """Two equal labels need three time steps; PyTorch's values."""
    logs = F.log_softmax(fb.zeros(2, 1, 3, dtype=fb.float64), 2).requires_grad_()
    arguments = fb.tensor([[1, 1]]), (2,), (2,)
    loss = F.ctc_loss(logs, *arguments)
    assert loss.item() == float("inf")
    assert fb.autograd.grad(loss, logs)[0].isnan().all()
    loss = F.ctc_loss(logs, *arguments, zero_infinity=True)
    assert loss.item() == 0
    assert not fb.autograd.grad(loss, logs)[0].any()


def test_ctc_loss_of_no_time() -> None:
    logs = F.log_softmax(fb.randn(3, 2, 3), 2)
    found = F.ctc_loss(logs, fb.tensor([[1], [1]]), (0, 0), (0, 1), reduction="none")
    assert found.tolist() == [0.0, float("inf")]


# --- errors ---------------------------------------------------------------------------------------

LOGS = fb.zeros(6, 2, 4).log_softmax(2)
PADDED = fb.tensor([[1, 2], [3, 3]])
SEQUENCES: list[tuple[dict[str, Any], type[Exception], str]] = [
    (
        {"log_probs": fb.zeros(0, 2, 4)},
        RuntimeError,
        (
            "ctc_loss: the shape of log_probs does not fit\n"
            "  expected: shape (T, N, C), or (T, C) for one, not empty\n"
            "  got:      shape (0, 2, 4)"
        ),
    ),
    (
        {"blank": 4},
        RuntimeError,
        "ctc_loss: blank is not a class\n  expected: a number from 0 to 3\n  got:      4",
    ),
    (
        {"input_lengths": fb.tensor([7, 6])},
        RuntimeError,
        (
            "ctc_loss: a length is out of range in input_lengths\n"
            "  expected: lengths from 0 to 6\n"
            "  got:      7 at input_lengths[0]"
        ),
    ),
    (
        {"target_lengths": fb.tensor([2, 3])},
        RuntimeError,
        (
            "ctc_loss: a length is out of range in target_lengths\n"
            "  expected: lengths from 0 to 2\n"
            "  got:      3 at target_lengths[1]"
        ),
    ),
    (
        {"target_lengths": (-1, 2)},
        RuntimeError,
        (
            "ctc_loss: a length is out of range in target_lengths\n"
            "  expected: lengths from 0 to 2\n"
            "  got:      -1 at target_lengths[0]"
        ),
    ),
    (
        {"input_lengths": fb.tensor([6])},
        RuntimeError,
        (
            "ctc_loss: the shape of input_lengths does not fit\n"
            "  expected: shape (2,)\n"
            "  got:      shape (1,)"
        ),
    ),
    (
        {"input_lengths": fb.tensor([6.0, 6.0])},
        RuntimeError,
        (
            "ctc_loss: input_lengths are no integers\n"
            "  expected: an integer tensor\n"
            "  got:      torch.float32\n"
            "  help:     convert them with .long()"
        ),
    ),
    (
        {"input_lengths": (6.0, 6.0)},
        TypeError,
        (
            "ctc_loss: lengths are neither a tensor nor numbers\n"
            "  expected: an integer tensor, or a tuple of integers\n"
            "  got:      (6.0, 6.0)"
        ),
    ),
    (
        {"targets": fb.tensor([1, 2, 3])},
        RuntimeError,
        (
            "ctc_loss: concatenated targets do not have the given lengths\n"
            "  expected: 4 labels, the sum of target_lengths\n"
            "  got:      3 labels"
        ),
    ),
    (
        {"targets": fb.tensor([[1, 2]])},
        RuntimeError,
        (
            "ctc_loss: the shape of targets does not fit\n"
            "  expected: shape (2, S), or (the sum of target_lengths,)\n"
            "  got:      shape (1, 2)"
        ),
    ),
    (
        {"targets": fb.tensor([[1, 2], [3, 4]])},
        IndexError,
        (
            "ctc_loss: a target is not a class\n"
            "  expected: targets from 0 to 3, other than blank=0\n"
            "  got:      4, target 1 of sequence 1"
        ),
    ),
    (
        {"targets": fb.tensor([[1, 0], [3, 3]])},
        RuntimeError,
        (
            "ctc_loss: a target is the blank\n"
            "  expected: targets from 0 to 3, other than blank=0\n"
            "  got:      0, target 1 of sequence 0"
        ),
    ),
]


@pytest.mark.parametrize(("changed", "kind", "text"), SEQUENCES)
def test_sequences(changed: dict[str, Any], kind: type[Exception], text: str) -> None:
    right = {
        "log_probs": LOGS,
        "targets": PADDED,
        "input_lengths": (6, 6),
        "target_lengths": (2, 2),
    }
    assert F.ctc_loss(**right).isfinite()
    with pytest.raises(kind) as error:
        F.ctc_loss(**right | changed)
    assert str(error.value) == text


def test_padding_of_targets_is_not_looked_at() -> None:
    padded = fb.tensor([[1, 2], [3, 99]])
    assert F.ctc_loss(LOGS, padded, (6, 6), (2, 1)).isfinite()


def test_ctc_gradient_has_no_gradient() -> None:
    logits = fb.zeros(6, 2, 4, requires_grad=True)
    loss = F.ctc_loss(logits.log_softmax(2), PADDED, (6, 6), (2, 2))
    (gradient,) = fb.autograd.grad(loss, logits, create_graph=True)
    with pytest.raises(RuntimeError) as error:
        gradient.sum().backward()
    assert str(error.value) == (
        "ctc_loss: its gradient has no gradient\n"
        "  expected: one differentiation\n"
        "  got:      a second one\n"
        "  help:     leave create_graph=True away, or detach() the gradient"
    )
