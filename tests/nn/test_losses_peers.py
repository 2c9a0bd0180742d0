"""Losses beside PyTorch's: values, graphs, gradients, double gradients, types, errors, text."""

from __future__ import annotations

import inspect
import warnings
from typing import Any

import numpy as np
import pytest

import flambeau as fb
from tests.nn.loss_cases import Case, all_cases

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.peers

CASES = all_cases()
TOLERANCE = {"float64": 1e-10, "float32": 2e-5, "float16": 5e-3, "bfloat16": 4e-2}


@pytest.fixture(autouse=True)
def _quietly():
    torch.set_num_threads(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def as_array(x: Any) -> np.ndarray:
    x = x.detach()
    return x.double().numpy(force=True) if x.is_floating_point() else x.numpy()


def assert_close(ours: Any, theirs: Any, kind: str, what: str) -> None:
    assert tuple(ours.shape) == tuple(theirs.shape), what
    assert str(ours.dtype) == str(theirs.dtype), what
    bound = TOLERANCE[kind]
    np.testing.assert_allclose(as_array(ours), as_array(theirs), bound, bound, err_msg=what)


def graph(node: Any) -> Any:
    """The names of the nodes that gradients pass, as nested tuples."""
    children = [child for child, _ in node.next_functions if child is not None]
    return node.name(), tuple(graph(child) for child in children)


def cotangent(library: Any, x: Any, seed: int, kind: str) -> Any:
    values = np.random.default_rng(seed).standard_normal(tuple(x.shape))
    return library.tensor(values).to(getattr(library, kind))


def derivatives(library: Any, case: Case, kind: str, second: bool) -> tuple[Any, list, list]:
    """The loss, its gradients, and theirs."""
    tensors = case.tensors(library, kind)
    loss = case.call(library, tensors, kind)
    wanted = [tensors[i] for i in case.wanted]
    direction = cotangent(library, loss, 1, kind).requires_grad_(second)
    first = list(library.autograd.grad(loss, wanted, direction, create_graph=second))
    if not second:
        return loss, first, []
    total = sum((g * cotangent(library, g, 2 + i, kind)).sum() for i, g in enumerate(first))
    return (
        loss,
        first,
        list(library.autograd.grad(total, [*wanted, direction], materialize_grads=True)),
    )


@pytest.mark.parametrize("kind", ["float64", "float32"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_values_and_derivatives(case: Case, kind: str) -> None:
    ours = derivatives(fb, case, kind, case.second)
    theirs = derivatives(torch, case, kind, case.second)
    assert_close(ours[0], theirs[0], kind, "loss")
    for order in (1, 2):
        assert len(ours[order]) == len(theirs[order])
        for x, y in zip(ours[order], theirs[order], strict=True):
            assert_close(x, y, kind, f"derivative of order {order}")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_graph(case: Case) -> None:
    found = [
        graph(case.call(library, case.tensors(library, "float64"), "float64").grad_fn)
        for library in (fb, torch)
    ]
    assert found[0] == found[1]


@pytest.mark.parametrize("kind", ["float16", "bfloat16"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_reduced_types(case: Case, kind: str) -> None:
    tensors = case.tensors(torch, kind)
    try:
        theirs = case.call(torch, tensors, kind)
    except (RuntimeError, NotImplementedError):
        theirs = None  # not there in PyTorch: compared with ours in float64
    ours = case.call(fb, case.tensors(fb, kind), kind)
    assert ours.dtype is getattr(fb, kind)
    exact = case.call(
        fb, [t.double() if t.is_floating_point() else t for t in case.tensors(fb, kind)], "float64"
    )
    if theirs is not None:
        assert str(theirs.dtype) == str(ours.dtype)
    bound = TOLERANCE[kind] * 2
    np.testing.assert_allclose(as_array(ours), as_array(exact), bound, bound)


# --- wrong arguments ------------------------------------------------------------------------------


def whole(library: Any, *shape: int) -> Any:
    return library.zeros(shape, dtype=library.int64)


WRONG = {
    "integers": lambda t, f: f.mse_loss(whole(t, 3), whole(t, 3)),
    "mean of integers": lambda t, f: f.l1_loss(whole(t, 3), whole(t, 3)),
    "shapes": lambda t, f: f.mse_loss(t.ones(3), t.ones(2)),
    "weights": lambda t, f: f.mse_loss(t.ones(3), t.ones(3), weight=t.ones(2)),
    "beta": lambda t, f: f.smooth_l1_loss(t.ones(3), t.ones(3), beta=-1.0),
    "delta": lambda t, f: f.huber_loss(t.ones(3), t.ones(3), delta=0),
    "reduction": lambda t, f: f.huber_loss(t.ones(3), t.ones(3), reduction="x"),
    "label": lambda t, f: f.nll_loss(t.ones(3, 4), t.tensor([0, 1, 4])),
    "negative label": lambda t, f: f.cross_entropy(t.ones(3, 4), t.tensor([0, 1, -1])),
    "smoothed label": lambda t, f: f.cross_entropy(
        t.ones(3, 4), t.tensor([0, 1, 4]), label_smoothing=0.1
    ),
    "floating labels": lambda t, f: f.nll_loss(t.ones(3, 4), t.ones(3)),
    "int32 labels": lambda t, f: f.cross_entropy(t.ones(3, 4), whole(t, 3).int()),
    "batch": lambda t, f: f.cross_entropy(t.ones(3, 4), whole(t, 2)),
    "column of labels": lambda t, f: f.cross_entropy(t.ones(3, 4), whole(t, 3, 1)),
    "image of labels": lambda t, f: f.nll_loss(t.ones(3, 4, 2, 2), whole(t, 3, 2, 3)),
    "images of labels": lambda t, f: f.nll_loss(t.ones(3, 4, 2, 2), whole(t, 2, 2, 2)),
    "labels of one": lambda t, f: f.nll_loss(t.ones(4), whole(t, 2)),
    "no classes": lambda t, f: f.nll_loss(t.ones(()), whole(t)),
    "class weights": lambda t, f: f.nll_loss(t.ones(3, 4), whole(t, 3), t.ones(3)),
    "type of class weights": lambda t, f: f.nll_loss(t.ones(3, 4), whole(t, 3), t.ones(4).double()),
    "gradient of weights": lambda t, f: f.nll_loss(
        t.ones(3, 4), whole(t, 3), t.ones(4, requires_grad=True)
    ),
    "smoothing": lambda t, f: f.cross_entropy(t.ones(3, 4), whole(t, 3), label_smoothing=1.5),
    "whole probabilities": lambda t, f: f.cross_entropy(t.ones(3, 4), whole(t, 3, 4)),
    "ignored probabilities": lambda t, f: f.cross_entropy(
        t.ones(3, 4), t.ones(3, 4), ignore_index=1
    ),
    "weights of probabilities": lambda t, f: f.cross_entropy(t.ones(3, 4), t.ones(3, 4), t.ones(3)),
    "probability": lambda t, f: f.binary_cross_entropy(t.tensor([1.5]), t.ones(1)),
    "nan probability": lambda t, f: f.binary_cross_entropy(t.tensor([float("nan")]), t.ones(1)),
    "target probability": lambda t, f: f.binary_cross_entropy(t.ones(1), t.tensor([-0.5])),
    "integer target": lambda t, f: f.binary_cross_entropy(t.ones(1), whole(t, 1)),
    "double target": lambda t, f: f.binary_cross_entropy(t.ones(1), t.ones(1).double()),
    "two sizes": lambda t, f: f.binary_cross_entropy(t.ones(2), t.ones(1)),
    "binary weights": lambda t, f: f.binary_cross_entropy(t.ones(2), t.ones(2), t.ones(3)),
    "more binary weights": lambda t, f: f.binary_cross_entropy(t.ones(2), t.ones(2), t.ones(3, 2)),
    "logits": lambda t, f: f.binary_cross_entropy_with_logits(t.ones(2), t.ones(1)),
    "integer logits": lambda t, f: f.binary_cross_entropy_with_logits(whole(t, 2), t.ones(2)),
    "positive weights": lambda t, f: f.binary_cross_entropy_with_logits(
        t.ones(2), t.ones(2), pos_weight=t.ones(3)
    ),
    "divergence": lambda t, f: f.kl_div(t.ones(3), whole(t, 3)),
    "divergence's reduction": lambda t, f: f.kl_div(t.ones(3), t.ones(3), reduction="x"),
    "variance": lambda t, f: f.gaussian_nll_loss(t.ones(3), t.ones(3), -t.ones(3)),
    "variance's shape": lambda t, f: f.gaussian_nll_loss(t.ones(3, 4), t.ones(3, 4), t.ones(4)),
    "variance's type": lambda t, f: f.gaussian_nll_loss(t.ones(3), t.ones(3), 1),
    "negative number": lambda t, f: f.gaussian_nll_loss(t.ones(3), t.ones(3), -1.0),
    "poisson": lambda t, f: f.poisson_nll_loss(t.ones(3), t.ones(3), reduction="x"),
    "hinge": lambda t, f: f.hinge_embedding_loss(t.ones(3), t.ones(2)),
    "cosine target": lambda t, f: f.cosine_embedding_loss(t.ones(3, 4), t.ones(3, 4), t.ones(())),
    "cosine vectors": lambda t, f: f.cosine_embedding_loss(t.ones(4), t.ones(4), t.ones(1)),
    "ranking": lambda t, f: f.margin_ranking_loss(t.ones(3), t.ones(3, 1), t.ones(3)),
    "margin label": lambda t, f: f.multi_margin_loss(t.ones(2, 3), t.tensor([0, 3])),
    "margin labels": lambda t, f: f.multi_margin_loss(t.ones(2, 3), whole(t, 3)),
    "margin type": lambda t, f: f.multi_margin_loss(t.ones(2, 3), whole(t, 2).int()),
    "degree": lambda t, f: f.multi_margin_loss(t.ones(2, 3), whole(t, 2), p=3),
    "margin weight": lambda t, f: f.multi_margin_loss(t.ones(2, 3), whole(t, 2), weight=t.ones(2)),
    "margin weights": lambda t, f: f.multi_margin_loss(
        t.ones(2, 3), whole(t, 2), weight=t.ones(1, 3)
    ),
    "margin shape": lambda t, f: f.multi_margin_loss(t.ones(2, 0), whole(t, 2)),
    "several labels": lambda t, f: f.multilabel_margin_loss(t.ones(2, 3), whole(t, 2, 3) + 3),
    "negative labels": lambda t, f: f.multilabel_margin_loss(t.ones(2, 3), whole(t, 2, 3) - 2),
    "few labels": lambda t, f: f.multilabel_margin_loss(t.ones(2, 3), whole(t, 2, 2)),
    "no dimension": lambda t, f: f.multilabel_soft_margin_loss(t.ones(()), t.ones(())),
    "soft reduction": lambda t, f: f.multilabel_soft_margin_loss(
        t.ones(2, 3), t.ones(2, 3), reduction="x"
    ),
    "soft integers": lambda t, f: f.soft_margin_loss(whole(t, 2), whole(t, 2)),
    "soft target": lambda t, f: f.soft_margin_loss(t.ones(2), t.ones(2, requires_grad=True)),
    "triplet margin": lambda t, f: f.triplet_margin_loss(*[t.ones(2, 3)] * 3, margin=0),
    "triplet shapes": lambda t, f: f.triplet_margin_loss(t.ones(2, 3), t.ones(2, 3), t.ones(3)),
    "triplet distance": lambda t, f: f.triplet_margin_with_distance_loss(
        t.ones(2, 3), t.ones(2, 3), t.ones(3)
    ),
    "similarity": lambda t, f: f.cosine_similarity(t.ones(2, 3), t.ones(2, 3), dim=2),
    "whole similarity": lambda t, f: f.cosine_similarity(whole(t, 2, 3), whole(t, 2, 3)),
    "distance": lambda t, f: f.pairwise_distance(t.ones(2, 3), t.ones(2, 4)),
    "blank": lambda t, f: sequence(t, f, blank=4),
    "input length": lambda t, f: sequence(t, f, input_lengths=t.tensor([7, 6])),
    "target length": lambda t, f: sequence(t, f, target_lengths=t.tensor([2, 3])),
    "negative length": lambda t, f: sequence(t, f, target_lengths=t.tensor([-1, 2])),
    "lengths": lambda t, f: sequence(t, f, input_lengths=t.tensor([6])),
    "floating lengths": lambda t, f: sequence(t, f, input_lengths=t.tensor([6.0, 6.0])),
    "concatenated": lambda t, f: sequence(t, f, targets=t.tensor([1, 2, 3])),
    "rows of targets": lambda t, f: sequence(t, f, targets=t.tensor([[1, 2]])),
    "empty": lambda t, f: sequence(t, f, log_probs=t.zeros(0, 2, 4)),
    "module margin": lambda t, f: t.nn.TripletMarginLoss(margin=0),
    "module degree": lambda t, f: t.nn.MultiMarginLoss(p=3),
}


def sequence(library: Any, f: Any, **changed: Any) -> Any:
    right = {
        "log_probs": library.zeros(6, 2, 4),
        "targets": library.tensor([[1, 2], [3, 3]]),
        "input_lengths": library.tensor([6, 6]),
        "target_lengths": library.tensor([2, 2]),
    }
    return f.ctc_loss(**right | changed)


@pytest.mark.parametrize("what", WRONG)
def test_error_types(what: str) -> None:
    raised = []
    for library in (torch, fb):
        with pytest.raises(Exception) as error:
            WRONG[what](library, library.nn.functional)
        raised.append(error.type)
    theirs, ours = raised
    # An `except` clause for PyTorch's error catches ours; NotImplementedError is a RuntimeError.
    assert issubclass(ours, RuntimeError if issubclass(theirs, RuntimeError) else theirs)


# --- modules --------------------------------------------------------------------------------------

LOSSES = [name for name in dir(torch.nn) if name.endswith("Loss") and "Linear" not in name]
MODULES = [n for n in LOSSES if "Adaptive" not in n] + ["CosineSimilarity", "PairwiseDistance"]


@pytest.mark.parametrize("name", MODULES)
def test_modules_take_the_same_arguments(name: str) -> None:
    ours, theirs = (
        [
            (p.name, p.kind, p.default)
            for p in inspect.signature(getattr(m.nn, name)).parameters.values()
        ]
        for m in (fb, torch)
    )
    assert ours == theirs
    assert repr(getattr(fb.nn, name)()) == repr(getattr(torch.nn, name)())


# PyTorch's two distances are built in and do not say what they take.
FUNCTIONS = sorted({c.function for c in CASES} - {"cosine_similarity", "pairwise_distance"})


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_take_the_same_arguments(name: str) -> None:
    theirs = getattr(torch.nn.functional, name)
    ours, theirs = (
        [(p.name, p.kind, p.default) for p in inspect.signature(f).parameters.values()]
        for f in (getattr(fb.nn.functional, name), theirs)
    )
    assert ours == theirs


@pytest.mark.parametrize("input_type", ["float16", "bfloat16", "float32", "float64", "int64"])
@pytest.mark.parametrize("target_type", ["float16", "bfloat16", "float32", "float64", "int64"])
@pytest.mark.parametrize(
    "name",
    [
        "mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "kl_div", "poisson_nll_loss",
        "binary_cross_entropy", "binary_cross_entropy_with_logits", "soft_margin_loss",
        "hinge_embedding_loss",
    ],
)  # fmt: skip
def test_types_of_results(name: str, input_type: str, target_type: str) -> None:
    found = []
    for library in (fb, torch):
        x = library.tensor([0.25, 0.5, 1.0]).to(getattr(library, input_type))
        y = library.tensor([1.0, 0.0, 1.0]).to(getattr(library, target_type))
        try:
            found.append(str(getattr(library.nn.functional, name)(x, y).dtype))
        except RuntimeError:
            found.append("an error")
    assert found[0] == found[1]
