"""Losses beside PyTorch's: values, graphs, gradients, double gradients, types, errors, text."""

from __future__ import annotations

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
    total = sum(
        (g * cotangent(library, g, 2 + i, kind)).sum() for i, g in enumerate(first)
    )
    return loss, first, list(
        library.autograd.grad(total, [*wanted, direction], materialize_grads=True)
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
    exact = case.call(fb, [t.double() if t.is_floating_point() else t
                           for t in case.tensors(fb, kind)], "float64")
    if theirs is not None:
        assert str(theirs.dtype) == str(ours.dtype)
    bound = TOLERANCE[kind] * 2
    np.testing.assert_allclose(as_array(ours), as_array(exact), bound, bound)
