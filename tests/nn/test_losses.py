"""Losses: recorded values, finite differences, formulas, extremes, empty batches, modules."""

from __future__ import annotations

import json
import warnings
from typing import Any

import numpy as np
import pytest

import flambeau as fb
from flambeau.ops.losses_likelihood import NLL_LOSS
from flambeau.ops.softmax import LOG_SOFTMAX
from flambeau.tensor.dispatch import apply
from tests.golden.losses_of_torch import CASES_FILE, numbers
from tests.nn.loss_cases import Case, all_cases

F = fb.nn.functional
CASES = all_cases()
RECORDED = json.loads(CASES_FILE.read_text())


def quietly(call: Any, *arguments: Any) -> Any:
    """A call's result; kl_div warns of its own reduction."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return call(*arguments)


# --- against what PyTorch computed ----------------------------------------------------------------


def test_every_case_is_recorded() -> None:
    assert sorted(map(str, CASES)) == sorted(RECORDED)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_recorded_values_and_gradients(case: Case) -> None:
    found = quietly(numbers, fb, case)
    expected = RECORDED[str(case)]
    assert len(found) == len(expected)
    for x, y in zip(found, expected, strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-10, atol=1e-11)


# --- finite differences ---------------------------------------------------------------------------

WEIGHTED = [
    case
    for case in CASES
    if case.options.get("reduction") == "mean"
    and (case.options.get("weight") is not None or case.options.get("pos_weight") is not None)
]


@pytest.mark.parametrize("case", WEIGHTED, ids=str)
def test_gradients_with_weights(case: Case) -> None:
    """The records' own samples leave weights out, since those have no gradient."""
    tensors = case.tensors(fb, "float64")
    assert fb.autograd.gradcheck(lambda *x: case.call(fb, list(x), "float64"), tuple(tensors))
    assert fb.autograd.gradgradcheck(
        lambda *x: case.call(fb, list(x), "float64"), tuple(tensors), fast_mode=True
    )


# --- formulas -------------------------------------------------------------------------------------


def test_cross_entropy_of_labels_is_that_of_their_one_hot_rows() -> None:
    logits = fb.randn(6, 5, dtype=fb.float64)
    labels = fb.tensor([0, 4, 2, 2, 1, 3])
    rows = F.one_hot(labels, 5).double()
    for smoothing in (0.0, 0.3):
        options = {"label_smoothing": smoothing}
        assert fb.allclose(
            F.cross_entropy(logits, labels, **options), F.cross_entropy(logits, rows, **options)
        )


def test_cross_entropy_over_images_is_that_over_pixels() -> None:
    images = fb.randn(2, 5, 3, 4, dtype=fb.float64)
    labels = fb.randint(0, 5, (2, 3, 4))
    rows = images.movedim(1, -1).reshape(-1, 5)
    assert fb.allclose(F.cross_entropy(images, labels), F.cross_entropy(rows, labels.reshape(-1)))


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("scale", [1.0, 100.0])  # beyond 10 or so the logits need a shift
@pytest.mark.parametrize("dtype", [fb.float32, fb.float64])
def test_short_way_gives_what_the_records_give(reduction: str, scale: float, dtype: Any) -> None:
    values = (fb.randn(7, 5, dtype=fb.float64) * scale).to(dtype)
    labels = fb.tensor([0, 4, 2, 2, 1, 3, 0])
    short, long = (values.clone().requires_grad_() for _ in range(2))
    losses = (
        F.cross_entropy(short, labels, reduction=reduction),
        apply(NLL_LOSS, (apply(LOG_SOFTMAX, (long,), (1,)), labels, None), (reduction, -100)),
    )
    gradients = [
        fb.autograd.grad(loss, x, create_graph=True)[0] for loss, x in zip(losses, (short, long))
    ]
    second = [fb.autograd.grad((g * g).sum(), x)[0] for g, x in zip(gradients, (short, long))]
    bound = 1e-5 if dtype is fb.float32 else 1e-12
    for x, y in (losses, gradients, second):
        assert x.dtype is y.dtype is dtype
        np.testing.assert_allclose(x.detach().numpy(), y.detach().numpy(), bound, bound)


def test_short_way_goes_back_once_unless_kept() -> None:
    x = fb.randn(3, 4, requires_grad=True)
    labels = fb.tensor([1, 2, 3])
    for loss in (F.cross_entropy(x, labels), F.nll_loss(x, labels)):
        loss.backward(retain_graph=True)
        first = x.grad.clone()
        loss.backward()
        assert fb.equal(x.grad, first * 2)
        with pytest.raises(RuntimeError, match="already used"):
            loss.backward()
        x.grad = None


def test_short_way_does_not_mind_changed_inputs() -> None:
    """Everything that goes back is its own."""
    x, labels = fb.randn(3, 4), fb.tensor([1, 2, 3])
    leaf = x.clone().requires_grad_()
    (expected,) = fb.autograd.grad(F.cross_entropy(leaf, labels), leaf)
    leaf, changing = x.clone().requires_grad_(), labels.clone()
    logits = leaf * 1
    loss = F.cross_entropy(logits, changing)
    logits.detach().zero_()
    changing.zero_()
    assert fb.equal(fb.autograd.grad(loss, leaf)[0], expected)


def test_short_way_shows_the_usual_graph() -> None:
    x = fb.randn(3, 4, requires_grad=True)
    node = F.cross_entropy(x * 2, fb.tensor([1, 2, 3])).grad_fn
    names = []
    while node is not None:
        names.append(node.name())
        node = node.next_functions[0][0] if node.next_functions else None
    assert names == [
        "NllLossBackward0",
        "LogSoftmaxBackward0",
        "MulBackward0",
        "torch::autograd::AccumulateGrad",
    ]


def test_one_label_may_stand_in_a_vector() -> None:
    x = fb.randn(4)
    for function in (F.nll_loss, F.cross_entropy):
        found = function(x, fb.tensor([2]), reduction="none")
        assert fb.equal(found, function(x, fb.tensor(2), reduction="none"))
        assert found.shape == ()


def test_labels_may_be_bytes() -> None:
    x, labels = fb.randn(3, 4), fb.tensor([0, 3, 1])
    assert fb.equal(F.cross_entropy(x, labels.to(fb.uint8)), F.nll_loss(x.log_softmax(1), labels))


# --- extremes -------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [fb.float32, fb.float64])
def test_huge_logits(dtype: Any) -> None:
    x = fb.tensor([1e4, -1e4, 1e4, -1e4], dtype=dtype, requires_grad=True)
    target = fb.tensor([0.0, 1.0, 1.0, 0.0], dtype=dtype)
    losses = F.binary_cross_entropy_with_logits(x, target, reduction="none")
    assert losses.tolist() == [1e4, 1e4, 0.0, 0.0]
    losses.sum().backward()
    assert x.grad.tolist() == [1.0, -1.0, 0.0, 0.0]
    weighted = F.binary_cross_entropy_with_logits(
        x, target, pos_weight=fb.full((4,), 2.0, dtype=dtype), reduction="none"
    )
    assert weighted.tolist() == [1e4, 2e4, 0.0, 0.0]
    rows = fb.tensor([[1e4, -1e4, 0.0]], dtype=dtype, requires_grad=True)
    for label, expected, slopes in ((0, 0.0, [0.0, 0, 0]), (1, 2e4, [1.0, -1, 0])):
        rows.grad = None
        loss = F.cross_entropy(rows, fb.tensor([label]))
        assert loss.item() == expected
        loss.backward()
        assert rows.grad.tolist() == [slopes]
    signs = fb.tensor([-1.0, 1.0, 1.0, -1.0], dtype=dtype)
    assert F.soft_margin_loss(x, signs, reduction="none").tolist() == [1e4, 1e4, 0.0, 0.0]


def test_small_losses_keep_their_digits() -> None:
    x = fb.tensor([20.0, -20.0])
    losses = F.binary_cross_entropy_with_logits(x, fb.tensor([1.0, 0.0]), reduction="none")
    np.testing.assert_allclose(losses.numpy(), np.exp(-20.0), rtol=1e-6)


def test_certain_predictions() -> None:
    """Logarithms below -100 count as -100, also in the way back to the target."""
    x = fb.tensor([0.0, 1.0, 0.0, 1.0], requires_grad=True)
    target = fb.tensor([1.0, 0.0, 0.0, 1.0], requires_grad=True)
    losses = F.binary_cross_entropy(x, target, reduction="none")
    assert losses.tolist() == [100.0, 100.0, 0.0, 0.0]
    losses.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), [-1e12, 1e12, 0, 0], rtol=1e-6)
    assert target.grad.tolist() == [100.0, -100.0, 100.0, -100.0]


def test_infinite_differences() -> None:
    x, y = fb.tensor([float("inf"), 1.0]), fb.tensor([0.0, float("nan")])
    for name in ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"):
        found = getattr(F, name)(x, y, reduction="none").tolist()
        assert found[0] == float("inf"), name
        assert found[1] != found[1], name


def test_targets_without_probability_cost_nothing() -> None:
    logs = fb.tensor([0.5, 0.5]).log()
    assert F.kl_div(logs, fb.tensor([0.0, 1.0]), reduction="none").tolist()[0] == 0


def test_variances_are_bounded_below() -> None:
    var = fb.tensor([0.0], requires_grad=True)
    loss = F.gaussian_nll_loss(fb.tensor([1.0]), fb.tensor([1.0]), var, eps=1e-2)
    np.testing.assert_allclose(loss.item(), 0.5 * np.log(1e-2), rtol=1e-6)
    loss.backward()
    np.testing.assert_allclose(var.grad.item(), 50.0, rtol=1e-6)


# --- nothing to average ---------------------------------------------------------------------------


@pytest.mark.parametrize("classes", [(4,), (4, 3), (4, 2, 2)])
def test_all_labels_ignored(classes: tuple[int, ...]) -> None:
    """The mean is nan and its gradient 0; the sum is 0."""
    x = fb.randn(3, *classes, requires_grad=True)
    labels = fb.full((3, *classes[1:]), -100)
    loss = F.cross_entropy(x, labels)
    assert loss.isnan()
    assert F.cross_entropy(x, labels, label_smoothing=0.1).isnan()
    loss = F.cross_entropy(x, labels, reduction="sum")
    assert loss.item() == 0
    loss.backward()
    assert not x.grad.any()
    assert F.cross_entropy(x, labels, reduction="none").tolist() == fb.zeros(labels.shape).tolist()


def test_ignored_labels_do_not_count() -> None:
    x = fb.randn(4, 3, dtype=fb.float64)
    labels = fb.tensor([0, -7, 2, -7])
    found = F.cross_entropy(x, labels, ignore_index=-7)
    assert fb.allclose(found, F.cross_entropy(x[::2], labels[::2]))


def test_ignored_elements_may_be_infinite() -> None:
    logs = fb.tensor([[float("-inf"), 0.0], [0.0, float("-inf")]])
    assert F.nll_loss(logs, fb.tensor([0, 0]), ignore_index=0).isnan()
    assert F.nll_loss(logs, fb.tensor([-100, 0])).item() == 0
    assert F.nll_loss(logs, fb.tensor([-100, 0]), weight=fb.ones(2)).item() == 0


EMPTY = fb.zeros(0)
NO_ROWS, NO_LABELS = fb.zeros(0, 4), fb.zeros(0, dtype=fb.int64)
OF_NOTHING = {
    "mse_loss": (EMPTY, EMPTY),
    "l1_loss": (EMPTY, EMPTY),
    "smooth_l1_loss": (EMPTY, EMPTY),
    "huber_loss": (EMPTY, EMPTY),
    "binary_cross_entropy": (EMPTY, EMPTY),
    "binary_cross_entropy_with_logits": (EMPTY, EMPTY),
    "soft_margin_loss": (EMPTY, EMPTY),
    "kl_div": (NO_ROWS, NO_ROWS),
    "poisson_nll_loss": (EMPTY, EMPTY),
    "gaussian_nll_loss": (EMPTY, EMPTY, EMPTY),
    "hinge_embedding_loss": (EMPTY, EMPTY),
    "margin_ranking_loss": (EMPTY, EMPTY, EMPTY),
    "cosine_embedding_loss": (NO_ROWS, NO_ROWS, EMPTY),
    "triplet_margin_loss": (NO_ROWS, NO_ROWS, NO_ROWS),
    "nll_loss": (NO_ROWS, NO_LABELS),
    "cross_entropy": (NO_ROWS, NO_LABELS),
    "multi_margin_loss": (NO_ROWS, NO_LABELS),
    "multilabel_margin_loss": (NO_ROWS, fb.zeros(0, 4, dtype=fb.int64)),
    "multilabel_soft_margin_loss": (NO_ROWS, NO_ROWS),
}


@pytest.mark.parametrize("name", OF_NOTHING)
def test_losses_of_nothing(name: str) -> None:
    """The mean of nothing is nan, its sum is 0."""
    function, inputs = getattr(F, name), OF_NOTHING[name]
    assert quietly(lambda: function(*inputs)).isnan()
    assert function(*inputs, reduction="sum").item() == 0
    assert function(*inputs, reduction="none").numel() == 0
    leaf = inputs[0].clone().requires_grad_()
    quietly(lambda: function(leaf, *inputs[1:])).backward()
    assert leaf.grad.shape == leaf.shape


# --- the old arguments ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size_average", "reduce", "reduction"),
    [
        (None, True, "mean"), (None, False, "none"), (True, None, "mean"), (False, None, "sum"),
        (True, False, "none"), (False, True, "sum"),
    ],
)  # fmt: skip
def test_old_arguments(size_average: Any, reduce: Any, reduction: str) -> None:
    x, y = fb.tensor([1.0, 2.0]), fb.tensor([1.0, 4.0])
    text = f"size_average and reduce are deprecated: write reduction='{reduction}'"
    with pytest.warns(UserWarning, match="deprecated") as caught:
        found = F.mse_loss(x, y, size_average, reduce)
    assert str(caught[0].message) == text
    assert caught[0].filename == __file__
    assert fb.equal(found, F.mse_loss(x, y, reduction=reduction))
    with pytest.warns(UserWarning, match="deprecated") as caught:
        module = fb.nn.MSELoss(size_average, reduce)
    assert caught[0].filename == __file__
    assert module.reduction == reduction


def test_older_name_of_the_mean() -> None:
    x, y = fb.tensor([1.0, 2.0]), fb.tensor([1.0, 4.0])
    with pytest.warns(UserWarning, match="write reduction='mean'"):
        assert F.mse_loss(x, y, reduction="elementwise_mean").item() == 2


def test_divergence_warns_of_its_mean() -> None:
    x = fb.tensor([[0.5, 0.5]])
    with pytest.warns(UserWarning, match="batchmean") as caught:
        F.kl_div(x.log(), x)
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for reduction in ("batchmean", "sum", "none"):
            F.kl_div(x.log(), x, reduction=reduction)
        fb.kl_div(x.log(), x)


# --- at the top level -----------------------------------------------------------------------------


def test_reductions_by_number() -> None:
    x, y = fb.rand(4), fb.rand(4)
    for number, name in enumerate(("none", "mean", "sum")):
        expected = F.binary_cross_entropy_with_logits(x, y, reduction=name)
        assert fb.equal(fb.binary_cross_entropy_with_logits(x, y, reduction=number), expected)


# --- modules --------------------------------------------------------------------------------------

# Whether an option shows depends on the numbers: they have to be the same in every run.
GENERATOR = fb.Generator().manual_seed(4)
VALUES, OTHERS, ROWS = (fb.rand(4, 5, generator=GENERATOR) for _ in range(3))
SIGNS = fb.tensor([1.0, -1.0, 1.0, -1.0])
LABELS = fb.tensor([0, 1, 2, 3])
# Each module: its function, options that differ from the defaults, and inputs that show it.
MODULES = {
    "L1Loss": ("l1_loss", {}, (VALUES, OTHERS)),
    "MSELoss": ("mse_loss", {}, (VALUES, OTHERS)),
    "SmoothL1Loss": ("smooth_l1_loss", {"beta": 0.1}, (VALUES, OTHERS)),
    "HuberLoss": ("huber_loss", {"delta": 0.1}, (VALUES, OTHERS)),
    "NLLLoss": ("nll_loss", {"weight": fb.rand(5), "ignore_index": 2}, (VALUES, LABELS)),
    "CrossEntropyLoss": (
        "cross_entropy",
        {"weight": fb.rand(5), "ignore_index": 2, "label_smoothing": 0.2},
        (VALUES, LABELS),
    ),
    "BCELoss": ("binary_cross_entropy", {"weight": fb.rand(5)}, (VALUES, OTHERS)),
    "BCEWithLogitsLoss": (
        "binary_cross_entropy_with_logits",
        {"weight": fb.rand(5), "pos_weight": fb.rand(5)},
        (VALUES, OTHERS),
    ),
    "SoftMarginLoss": ("soft_margin_loss", {}, (VALUES, OTHERS)),
    "MultiLabelSoftMarginLoss": (
        "multilabel_soft_margin_loss",
        {"weight": fb.rand(5)},
        (VALUES, OTHERS),
    ),
    "MultiMarginLoss": (
        "multi_margin_loss",
        {"p": 2, "margin": 0.7, "weight": fb.rand(5)},
        (VALUES, LABELS),
    ),
    "MultiLabelMarginLoss": ("multilabel_margin_loss", {}, (VALUES, fb.randint(-1, 5, (4, 5)))),
    "KLDivLoss": ("kl_div", {"log_target": True}, (VALUES, OTHERS)),
    "GaussianNLLLoss": ("gaussian_nll_loss", {"full": True, "eps": 0.9}, (VALUES, OTHERS, ROWS)),
    "PoissonNLLLoss": (
        "poisson_nll_loss",
        {"log_input": False, "full": True, "eps": 0.1},
        (VALUES, OTHERS * 5),
    ),
    "HingeEmbeddingLoss": ("hinge_embedding_loss", {"margin": 0.3}, (VALUES[:, 0], SIGNS)),
    "CosineEmbeddingLoss": ("cosine_embedding_loss", {"margin": 0.3}, (VALUES, OTHERS, SIGNS)),
    "MarginRankingLoss": (
        "margin_ranking_loss",
        {"margin": 0.3},
        (VALUES[:, 0], OTHERS[:, 0], SIGNS),
    ),
    "TripletMarginLoss": (
        "triplet_margin_loss",
        {"margin": 0.3, "p": 1, "eps": 1e-3, "swap": True},
        (VALUES, OTHERS, ROWS),
    ),
    "TripletMarginWithDistanceLoss": (
        "triplet_margin_with_distance_loss",
        {"margin": 0.3, "swap": True, "distance_function": lambda x, y: (x - y).abs().amax(1)},
        (VALUES, OTHERS, ROWS),
    ),
    "CTCLoss": (
        "ctc_loss",
        {"blank": 4, "zero_infinity": True},
        (ROWS.log_softmax(1).unsqueeze(1), fb.tensor([[1, 2]]), (4,), (2,)),
    ),
    "CosineSimilarity": ("cosine_similarity", {"dim": 0, "eps": 5.0}, (VALUES, OTHERS)),
    "PairwiseDistance": (
        "pairwise_distance",
        {"p": 1, "eps": 0.1, "keepdim": True},
        (VALUES, OTHERS),
    ),
}


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_modules_hand_on_all_they_keep(name: str, reduction: str) -> None:
    function, options, inputs = MODULES[name]
    if "distance" not in function[-8:] and "similarity" not in function:
        options = options | {"reduction": reduction}
    expected = quietly(lambda: getattr(F, function)(*inputs, **options))
    module = getattr(fb.nn, name)(**options)
    assert fb.equal(quietly(lambda: module(*inputs)), expected)


@pytest.mark.parametrize(
    ("name", "option"), [(n, o) for n, (_, options, _) in MODULES.items() for o in options]
)
def test_every_option_has_an_effect(name: str, option: str) -> None:
    """An option that changes nothing would make the test above say nothing."""
    _, options, inputs = MODULES[name]
    if option == "zero_infinity":
        inputs = (inputs[0], fb.tensor([[1, 1, 1]]), (4,), (3,))
    with_all = getattr(fb.nn, name)(**options)
    without = getattr(fb.nn, name)(**{k: v for k, v in options.items() if k != option})
    found = quietly(lambda: (with_all(*inputs), without(*inputs)))
    assert not fb.equal(*found)


def test_weights_are_buffers() -> None:
    loss = fb.nn.BCEWithLogitsLoss(weight=fb.ones(2), pos_weight=fb.ones(2))
    assert list(loss.state_dict()) == ["weight", "pos_weight"]
    assert loss.double().pos_weight.dtype is fb.float64
    assert list(fb.nn.CrossEntropyLoss().state_dict()) == []
    assert repr(loss) == "BCEWithLogitsLoss()"


def test_distances_may_be_modules() -> None:
    loss = fb.nn.TripletMarginWithDistanceLoss()
    assert repr(loss) == (
        "TripletMarginWithDistanceLoss(\n  (distance_function): PairwiseDistance()\n)"
    )
