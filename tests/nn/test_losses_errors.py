"""What losses say about wrong arguments, in full."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import flambeau as fb

F = fb.nn.functional

ONES, ROWS = fb.ones(3), fb.full((2, 3), 0.5)
LABELS = fb.tensor([0, 2])

# --- shapes that would broadcast ------------------------------------------------------------------

PAIRS = {
    "mse_loss": F.mse_loss,
    "l1_loss": F.l1_loss,
    "smooth_l1_loss": F.smooth_l1_loss,
    "huber_loss": F.huber_loss,
    "kl_div": F.kl_div,
    "soft_margin_loss": F.soft_margin_loss,
    "multilabel_soft_margin_loss": F.multilabel_soft_margin_loss,
    "poisson_nll_loss": F.poisson_nll_loss,
    "hinge_embedding_loss": F.hinge_embedding_loss,
    "gaussian_nll_loss": lambda x, y: F.gaussian_nll_loss(x, y, fb.ones_like(x)),
    "binary_cross_entropy": F.binary_cross_entropy,
    "binary_cross_entropy_with_logits": F.binary_cross_entropy_with_logits,
}
OF_VALUES = ("binary_cross_entropy", "binary_cross_entropy_with_logits")


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize(
    ("first", "second", "remedy"),
    [
        ((8, 1), (8,), "target.unsqueeze(1), or input.squeeze(1)"),
        ((8,), (8, 1), "input.unsqueeze(1), or target.squeeze(1)"),
        ((1, 8), (8,), "target.unsqueeze(0), or input.squeeze(0)"),
        ((8,), (), "if broadcasting is meant, write target.expand(8)"),
        ((4, 1), (4, 3), "if broadcasting is meant, write input.expand(4, 3)"),
        ((4, 3), (3,), "if broadcasting is meant, write target.expand(4, 3)"),
        ((4, 3), (3, 4), None),
        ((8,), (7,), None),
    ],
)
def test_different_shapes(name: str, first: Any, second: Any, remedy: str | None) -> None:
    with pytest.raises(ValueError if name in OF_VALUES else RuntimeError) as error:
        PAIRS[name](fb.full(first, 0.5), fb.full(second, 0.5))
    expected = (
        f"{name}: input and target have different shapes\n"
        "  expected: two tensors of one shape\n"
        f"  got:      input {first} and target {second}"
    )
    if remedy is not None:
        expected += f"\n  help:     {remedy}"
    assert str(error.value) == expected


@pytest.mark.parametrize("name", PAIRS)
def test_both_remedies_help(name: str) -> None:
    x, y = fb.full((8, 1), 0.5), fb.full((8,), 0.5)
    function = PAIRS[name]
    if name == "kl_div":
        function = lambda x, y: F.kl_div(x, y, reduction="sum")  # noqa: E731
    assert function(x, y.unsqueeze(1)).ndim == 0
    assert function(x.squeeze(1), y).ndim == 0
    assert function(x.squeeze(1), fb.full((), 0.5).expand(8)).ndim == 0


# --- everything else ------------------------------------------------------------------------------

CASES: list[tuple[Callable[[], Any], type[Exception], str]] = [
    # what is no tensor, no number, no reduction
    (
        lambda: F.mse_loss(ONES, [1.0, 2.0, 3.0]),
        TypeError,
        (
            "mse_loss: not a tensor\n"
            "  expected: a tensor\n"
            "  got:      list\n"
            "  help:     make one with flambeau.tensor(...)"
        ),
    ),
    (
        lambda: F.binary_cross_entropy_with_logits(1.0, ONES),
        TypeError,
        (
            "binary_cross_entropy_with_logits: not a tensor\n"
            "  expected: a tensor\n"
            "  got:      float\n"
            "  help:     make one with flambeau.tensor(...)"
        ),
    ),
    (
        lambda: F.huber_loss(ONES, ONES, reduction="average"),
        ValueError,
        "huber_loss: no such reduction\n  expected: 'none', 'mean' or 'sum'\n  got:      'average'",
    ),
    (
        lambda: fb.hinge_embedding_loss(ONES, ONES, reduction=3),
        ValueError,
        (
            "hinge_embedding_loss: no such reduction\n"
            "  expected: 0 (none), 1 (mean) or 2 (sum)\n"
            "  got:      3"
        ),
    ),
    (
        lambda: F.margin_ranking_loss(ONES, ONES, ONES, margin="1"),
        TypeError,
        "margin_ranking_loss: margin must be a number\n  expected: a number\n  got:      '1'",
    ),
    # numbers
    (
        lambda: F.mse_loss(fb.tensor([1, 2]), fb.tensor([1, 2])),
        RuntimeError,
        (
            "mse_loss: only defined on floating-point tensors\n"
            "  expected: float16, bfloat16, float32 or float64\n"
            "  got:      torch.int64\n"
            "  help:     convert with .float()"
        ),
    ),
    (
        lambda: F.smooth_l1_loss(ONES, ONES, beta=-1.0),
        RuntimeError,
        "smooth_l1_loss: beta is negative\n  expected: beta >= 0\n  got:      -1.0",
    ),
    (
        lambda: F.huber_loss(ONES, ONES, delta=0),
        RuntimeError,
        "huber_loss: delta is not positive\n  expected: delta > 0\n  got:      0",
    ),
    (
        lambda: F.mse_loss(ONES, ONES, weight=fb.ones(3, 1)),
        ValueError,
        (
            "mse_loss: input and weight have different shapes\n"
            "  expected: two tensors of one shape\n"
            "  got:      input (3,) and weight (3, 1)\n"
            "  help:     input.unsqueeze(1), or weight.squeeze(1)"
        ),
    ),
    # labels
    (
        lambda: F.cross_entropy(ROWS, fb.tensor([0, 3])),
        IndexError,
        (
            "cross_entropy: a label is not a class\n"
            "  expected: labels from 0 to 2, or ignore_index=-100\n"
            "  got:      3 at target[1]"
        ),
    ),
    (
        lambda: F.nll_loss(fb.zeros(2, 3, 2, 2), fb.tensor([[[0, 1], [2, -1]], [[5, 0], [0, 0]]])),
        IndexError,
        (
            "nll_loss: a label is not a class\n"
            "  expected: labels from 0 to 2, or ignore_index=-100\n"
            "  got:      -1 at target[0, 1, 1]"
        ),
    ),
    (
        lambda: F.nll_loss(fb.zeros(3), fb.tensor(7), ignore_index=1),
        IndexError,
        (
            "nll_loss: a label is not a class\n"
            "  expected: labels from 0 to 2, or ignore_index=1\n"
            "  got:      7"
        ),
    ),
    (
        lambda: F.cross_entropy(ROWS, fb.tensor([0, 1, 2])),
        ValueError,
        (
            "cross_entropy: shapes of input and target do not fit\n"
            "  expected: input (N, C, ...) and target (N, ...), or input (C,) and target ()\n"
            "  got:      input (2, 3) and target (3,)\n"
            "  help:     here target of shape (2,)"
        ),
    ),
    (
        lambda: F.cross_entropy(ROWS, fb.tensor([[0], [2]])),
        RuntimeError,
        (
            "cross_entropy: shapes of input and target do not fit\n"
            "  expected: input (N, C, ...) and target (N, ...), or input (C,) and target ()\n"
            "  got:      input (2, 3) and target (2, 1)\n"
            "  help:     target.squeeze(1)"
        ),
    ),
    (
        lambda: F.nll_loss(ROWS, fb.zeros(2, 3, dtype=fb.int64)),
        RuntimeError,
        (
            "nll_loss: shapes of input and target do not fit\n"
            "  expected: input (N, C, ...) and target (N, ...), or input (C,) and target ()\n"
            "  got:      input (2, 3) and target (2, 3)\n"
            "  help:     one-hot rows: target.argmax(1), or cross_entropy with a floating target"
        ),
    ),
    (
        lambda: F.nll_loss(fb.zeros(()), fb.tensor(0)),
        ValueError,
        (
            "nll_loss: the input has no classes\n"
            "  expected: input (N, C, ...) and target (N, ...), or input (C,) and target ()\n"
            "  got:      input ()"
        ),
    ),
    (
        lambda: F.cross_entropy(ROWS, LABELS.int()),
        RuntimeError,
        (
            "cross_entropy: labels have a wrong type\n"
            "  expected: labels of type torch.int64 (or torch.uint8)\n"
            "  got:      torch.int32\n"
            "  help:     convert them with .long()"
        ),
    ),
    (
        lambda: F.cross_entropy(ROWS, LABELS, weight=fb.ones(2)),
        RuntimeError,
        (
            "cross_entropy: weight must have one element for each class\n"
            "  expected: shape (3,)\n"
            "  got:      shape (2,)"
        ),
    ),
    (
        lambda: F.nll_loss(ROWS, LABELS, weight=fb.ones(3, dtype=fb.float64)),
        RuntimeError,
        (
            "nll_loss: weight has another type than input\n"
            "  expected: torch.float32\n"
            "  got:      torch.float64\n"
            "  help:     weight.to(input.dtype)"
        ),
    ),
    (
        lambda: F.nll_loss(ROWS, LABELS, weight=fb.ones(3, requires_grad=True)),
        RuntimeError,
        (
            "nll_loss: weight has no gradient\n"
            "  expected: a weight that requires none\n"
            "  got:      a weight with requires_grad=True\n"
            "  help:     weight.detach()"
        ),
    ),
    # probabilities of classes
    (
        lambda: F.cross_entropy(ROWS, fb.ones(2, 3, dtype=fb.int64)),
        RuntimeError,
        (
            "cross_entropy: probabilities have a wrong type\n"
            "  expected: a floating-point target, since it has the shape of input\n"
            "  got:      torch.int64\n"
            "  help:     convert it with .to(input.dtype); labels have no class dimension"
        ),
    ),
    (
        lambda: F.cross_entropy(ROWS, ROWS, ignore_index=1),
        RuntimeError,
        (
            "cross_entropy: probabilities cannot be ignored by label\n"
            "  expected: no ignore_index beside a floating-point target\n"
            "  got:      ignore_index=1"
        ),
    ),
    (
        lambda: F.cross_entropy(ROWS, LABELS, label_smoothing=1.5),
        RuntimeError,
        (
            "cross_entropy: label_smoothing is no share\n"
            "  expected: a number from 0 to 1\n"
            "  got:      1.5"
        ),
    ),
    # two classes
    (
        lambda: F.binary_cross_entropy(fb.tensor([0.5, 1.5]), fb.ones(2)),
        RuntimeError,
        (
            "binary_cross_entropy: input has an element that is no probability\n"
            "  expected: elements from 0 to 1\n"
            "  got:      1.5\n"
            "  help:     binary_cross_entropy_with_logits takes any numbers"
        ),
    ),
    (
        lambda: F.binary_cross_entropy(fb.tensor([0.5]), fb.tensor([float("nan")])),
        RuntimeError,
        (
            "binary_cross_entropy: target has an element that is no probability\n"
            "  expected: elements from 0 to 1\n"
            "  got:      nan"
        ),
    ),
    (
        lambda: F.binary_cross_entropy(fb.ones(2), fb.ones(2, dtype=fb.float64)),
        RuntimeError,
        (
            "binary_cross_entropy: input and target have different types\n"
            "  expected: a target of type torch.float32\n"
            "  got:      torch.float64\n"
            "  help:     target.to(input.dtype)"
        ),
    ),
    (
        lambda: F.binary_cross_entropy_with_logits(ONES, fb.tensor([0, 1, 1])),
        RuntimeError,
        (
            "binary_cross_entropy_with_logits: target has a wrong type\n"
            "  expected: a floating-point target\n"
            "  got:      torch.int64\n"
            "  help:     target.to(input.dtype)"
        ),
    ),
    (
        lambda: F.binary_cross_entropy_with_logits(ONES, ONES, pos_weight=fb.ones(2)),
        RuntimeError,
        (
            "binary_cross_entropy_with_logits: the weight's shape does not fit\n"
            "  expected: a shape that broadcasts to that of input, (3,)\n"
            "  got:      weight (2,)"
        ),
    ),
    (
        lambda: F.binary_cross_entropy(ONES, ONES, fb.ones(3, requires_grad=True)),
        RuntimeError,
        (
            "binary_cross_entropy: weight has no gradient\n"
            "  expected: a weight that requires none\n"
            "  got:      a weight with requires_grad=True\n"
            "  help:     weight.detach()"
        ),
    ),
    # distributions
    (
        lambda: F.kl_div(ROWS, fb.ones(2, 3, dtype=fb.int64), reduction="sum"),
        RuntimeError,
        (
            "kl_div: target has a wrong type\n"
            "  expected: a floating-point tensor\n"
            "  got:      torch.int64\n"
            "  help:     convert it with target.float()"
        ),
    ),
    (
        lambda: F.gaussian_nll_loss(ONES, ONES, fb.tensor([1.0, -2.0, 1.0])),
        ValueError,
        (
            "gaussian_nll_loss: a variance is negative\n"
            "  expected: elements >= 0\n"
            "  got:      -2.0 at var[1]\n"
            "  help:     predict its logarithm, and pass the exponential"
        ),
    ),
    (
        lambda: F.gaussian_nll_loss(ROWS, ROWS, fb.ones(3)),
        ValueError,
        (
            "gaussian_nll_loss: var's shape does not fit\n"
            "  expected: shape (2, 3), (2, 1) or (2,)\n"
            "  got:      shape (3,)"
        ),
    ),
    # margins
    (
        lambda: F.soft_margin_loss(ONES, fb.ones(3, requires_grad=True)),
        RuntimeError,
        (
            "soft_margin_loss: target has no gradient\n"
            "  expected: a target that requires none\n"
            "  got:      a target with requires_grad=True\n"
            "  help:     target.detach()"
        ),
    ),
    (
        lambda: F.multi_margin_loss(ROWS, fb.tensor([0, 3])),
        RuntimeError,
        (
            "multi_margin_loss: a label is not a class\n"
            "  expected: labels from 0 to 2\n"
            "  got:      3 at target[1]"
        ),
    ),
    (
        lambda: F.multi_margin_loss(ROWS, fb.tensor([[0], [1]])),
        RuntimeError,
        (
            "multi_margin_loss: shapes of input and target do not fit\n"
            "  expected: input (N, C) and target (N,), or input (C,) and target ()\n"
            "  got:      input (2, 3) and target (2, 1)\n"
            "  help:     target.squeeze(1)"
        ),
    ),
    (
        lambda: F.multi_margin_loss(ROWS, LABELS, p=3),
        ValueError,
        "multi_margin_loss: p is neither 1 nor 2\n  expected: 1 or 2\n  got:      3",
    ),
    (
        lambda: fb.nn.MultiMarginLoss(weight=fb.ones(1, 3)),
        ValueError,
        (
            "MultiMarginLoss: weight must have one dimension\n"
            "  expected: shape (C,)\n"
            "  got:      shape (1, 3)"
        ),
    ),
    (
        lambda: F.multi_margin_loss(ROWS, LABELS, weight=fb.ones(2)),
        RuntimeError,
        (
            "multi_margin_loss: weight must have one element for each class, and the input's type\n"
            "  expected: shape (3,) and type torch.float32\n"
            "  got:      shape (2,) and type torch.float32"
        ),
    ),
    (
        lambda: F.multi_margin_loss(fb.ones(2, 0), LABELS),
        RuntimeError,
        (
            "multi_margin_loss: the input's shape does not fit\n"
            "  expected: shape (N, C) or (C,), of at least one class\n"
            "  got:      shape (2, 0)"
        ),
    ),
    (
        lambda: F.multilabel_margin_loss(ROWS, fb.tensor([[0, 1, -1], [-2, 0, 0]])),
        RuntimeError,
        (
            "multilabel_margin_loss: a label is not a class\n"
            "  expected: labels from 0 to 2, or -1 after the last\n"
            "  got:      -2 at target[1, 0]"
        ),
    ),
    (
        lambda: F.multilabel_margin_loss(ROWS, fb.tensor([[0, 1], [2, 0]])),
        RuntimeError,
        (
            "multilabel_margin_loss: input and target have different shapes\n"
            "  expected: labels in the shape of input, filled up with -1\n"
            "  got:      input (2, 3) and target (2, 2)"
        ),
    ),
    (
        lambda: F.multilabel_margin_loss(ROWS, ROWS),
        RuntimeError,
        (
            "multilabel_margin_loss: labels have a wrong type\n"
            "  expected: labels of type torch.int64\n"
            "  got:      torch.float32\n"
            "  help:     convert them with .long()"
        ),
    ),
    (
        lambda: F.multilabel_soft_margin_loss(fb.ones(()), fb.ones(())),
        IndexError,
        (
            "multilabel_soft_margin_loss: the input has no classes\n"
            "  expected: shape (..., C)\n"
            "  got:      shape ()"
        ),
    ),
    # comparisons
    (
        lambda: F.margin_ranking_loss(ONES, fb.ones(3, 1), ONES),
        RuntimeError,
        (
            "margin_ranking_loss: input1 and input2 have different shapes\n"
            "  expected: two tensors of one shape\n"
            "  got:      input1 (3,) and input2 (3, 1)\n"
            "  help:     input1.unsqueeze(1), or input2.squeeze(1)"
        ),
    ),
    (
        lambda: F.cosine_embedding_loss(ROWS, ROWS, fb.tensor(1)),
        RuntimeError,
        (
            "cosine_embedding_loss: the target's shape does not fit\n"
            "  expected: inputs (N, D) and target (N,), or inputs (D,) and target ()\n"
            "  got:      inputs (2, 3) and target ()"
        ),
    ),
    (
        lambda: F.triplet_margin_loss(ROWS, ROWS, ROWS, margin=0),
        ValueError,
        "triplet_margin_loss: margin is not positive\n  expected: margin > 0\n  got:      0",
    ),
    (
        lambda: fb.nn.TripletMarginLoss(margin=-1.0),
        ValueError,
        "TripletMarginLoss: margin is not positive\n  expected: margin > 0\n  got:      -1.0",
    ),
    (
        lambda: F.triplet_margin_with_distance_loss(ROWS, ROWS, ONES),
        RuntimeError,
        (
            "triplet_margin_with_distance_loss: the numbers of dimensions differ\n"
            "  expected: three tensors of as many dimensions\n"
            "  got:      anchor (2, 3), positive (2, 3) and negative (3,)"
        ),
    ),
    (
        lambda: F.cosine_similarity(LABELS, LABELS, dim=0),
        RuntimeError,
        (
            "cosine_similarity: not defined on integer and bool tensors\n"
            "  expected: at least one floating-point tensor\n"
            "  got:      torch.int64\n"
            "  help:     convert one with .float()"
        ),
    ),
    (
        lambda: F.pairwise_distance(ROWS, fb.ones(2, 4)),
        RuntimeError,
        (
            "pairwise_distance: shapes do not broadcast\n"
            "  expected: sizes that are equal or 1, compared from the last dimension\n"
            "  got:      (2, 3) and (2, 4)\n"
            "  help:     insert dimensions with .unsqueeze(dim) or match sizes with .expand()"
        ),
    ),
]


@pytest.mark.parametrize(("call", "kind", "text"), CASES, ids=[c[2].split("\n")[0] for c in CASES])
def test_text(call: Callable[[], Any], kind: type[Exception], text: str) -> None:
    with pytest.raises(kind) as error:
        call()
    assert str(error.value) == text
