"""``backward()`` and ``grad()``: values against finite differences, and the text of each error."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.optimize import approx_fprime

import flambeau as fb


def doubles(*shape: int, seed: int = 0) -> fb.Tensor:
    values = np.random.default_rng(seed).uniform(0.5, 2.0, shape)
    return fb.from_numpy(values).requires_grad_()


def text_of(call: Callable[[], Any], kind: type[Exception]) -> str:
    with pytest.raises(kind) as caught:
        call()
    return str(caught.value)


def test_values_against_finite_differences() -> None:
    def loss(x: fb.Tensor) -> fb.Tensor:
        rows = x.reshape(2, 3)
        scaled = rows * rows.sum(dim=1, keepdim=True) + rows[0] / rows[1].exp()
        return (scaled.tanh() @ rows.mT).log1p().sum() + rows.amax()

    x = doubles(6)
    loss(x).backward()
    numeric = approx_fprime(x.detach().numpy(), lambda v: loss(fb.from_numpy(v)).item(), 1e-7)
    np.testing.assert_allclose(x.grad.numpy(), numeric, rtol=1e-5)


def test_a_leaf_used_in_many_places_gets_the_sum() -> None:
    x = doubles(3)
    sum(((x * k).sum() for k in range(1, 5)), start=fb.zeros(())).backward()
    assert x.grad.tolist() == [10.0] * 3


def test_partial_passes_compute_what_the_whole_pass_does() -> None:
    x, w, b = doubles(4, 3), doubles(2, 3, seed=1), doubles(2, seed=2)
    y = fb.nn.functional.linear(x, w, b).tanh().sum()
    whole = fb.autograd.grad(y, [x, w, b], retain_graph=True)
    for position, leaf in enumerate([x, w, b]):
        (part,) = fb.autograd.grad(y, leaf, retain_graph=True)
        np.testing.assert_array_equal(part.numpy(), whole[position].numpy())


def test_partial_pass_does_not_compute_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    from flambeau.tensor.operation import REGISTRY

    x, w = doubles(2, 3), doubles(3, 4, seed=1)
    y = (x @ w).sum()
    products: list[str] = []
    op = y.grad_fn.next_functions[0][0].plan.operation
    evaluate = REGISTRY[op.name].evaluate
    monkeypatch.setattr(op, "evaluate", lambda *a: products.append("product") or evaluate(*a))
    monkeypatch.setattr(
        REGISTRY["mm"], "evaluate", lambda a, b: products.append("product") or a @ b
    )
    fb.autograd.grad(y, x, retain_graph=True)
    one = len(products)
    fb.autograd.grad(y, [x, w])
    assert len(products) - one == 2 * one


def test_user_gradient_is_not_shared() -> None:
    x, g = doubles(3), fb.ones(3, dtype=fb.float64)
    x.view_as(x).backward(g)
    x.grad.mul_(5)
    assert g.tolist() == [1.0] * 3
    x.grad = None
    x.view_as(x).backward(g)
    g.mul_(7)
    assert x.grad.tolist() == [1.0] * 3


def test_gradient_seen_by_a_hook_is_not_shared() -> None:
    x, seen = doubles(3), []
    x.register_hook(lambda g: seen.append((g, g.data, g.numpy())))
    (x * 2).sum().backward()
    x.grad.zero_()
    assert [v.tolist() for v in seen[0]] == [[2.0] * 3] * 3


def test_gradient_noted_by_its_memory_alone_is_not_shared() -> None:
    x, seen = doubles(3), []
    y = x + 2
    y.register_hook(lambda g: seen.append(g.data))
    y.backward(fb.ones(3, dtype=fb.float64) * 1)
    x.grad.zero_()
    assert seen[0].tolist() == [1.0] * 3


def test_gradient_of_one_is_not_written_to() -> None:
    x = fb.tensor(2.0, requires_grad=True)
    x.backward()
    x.grad.add_(5)
    y = fb.tensor(2.0, requires_grad=True)
    y.backward()
    assert y.grad.item() == 1.0


def test_create_graph_warns_of_the_cycle() -> None:
    x = doubles(3)
    with pytest.warns(UserWarning, match="makes a cycle"):
        (x * x).sum().backward(create_graph=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fb.autograd.grad((x * x).sum(), x, create_graph=True)


def test_reading_the_grad_of_an_inner_tensor_warns_where_it_is_read() -> None:
    y = doubles(2) * 2
    with pytest.warns(UserWarning, match="not a leaf") as caught:
        assert y.grad is None
    assert caught[0].filename == __file__


def test_threads_go_backward_on_their_own() -> None:
    results: dict[int, list[float]] = {}

    def work(number: int) -> None:
        x = fb.ones(3, requires_grad=True)
        for _ in range(50):
            x.grad = None
            ((x * number) * x).sum().backward()
        results[number] = x.grad.tolist()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {n: [2.0 * n] * 3 for n in range(4)}


def test_failed_pass_restores_the_mode() -> None:
    x = doubles(3)
    x.register_hook(lambda g: {}[g])
    with pytest.raises(KeyError):
        (x * 2).sum().backward()
    assert fb.is_grad_enabled()
    with fb.no_grad():
        assert not fb.is_grad_enabled()
        x._hooks.outputs.clear()
        fb.autograd.backward([(x.detach().requires_grad_())], [x.detach()])
        assert not fb.is_grad_enabled()


# --- errors ------------------------------------------------------------------------------------

CASES: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "freed": (
        lambda: [y.backward() for y in [(doubles(2) ** 2).sum()] * 2],
        RuntimeError,
        (
            "backward: the graph was already used and its saved tensors are freed\n"
            "  expected: one backward pass through a graph\n"
            "  got:      a second one, or reading its saved tensors after the first\n"
            "  help:     pass retain_graph=True to the first backward() if you need both"
        ),
    ),
    "no history": (
        lambda: fb.ones(2, 1).backward(),
        RuntimeError,
        (
            "backward: the tensor does not require a gradient and has no grad_fn\n"
            "  expected: the result of operations on a tensor with requires_grad=True\n"
            "  got:      a tensor of shape (2, 1) without history\n"
            "  help:     set requires_grad=True before computing; check for no_grad() or detach()"
        ),
    ),
    "not one element": (
        lambda: (doubles(2) * 2).backward(),
        RuntimeError,
        (
            "backward: grad can be implicitly created only for scalar outputs\n"
            "  expected: a tensor with 1 element, or a gradient of the output's shape\n"
            "  got:      shape (2,) and no gradient\n"
            "  help:     reduce it first, for example with .sum(), or pass gradient="
        ),
    ),
    "complex": (
        lambda: fb.ones(1, dtype=fb.complex64, requires_grad=True).backward(),
        RuntimeError,
        (
            "backward: grad can be implicitly created only for real outputs\n"
            "  expected: a real tensor\n"
            "  got:      torch.complex64\n"
            "  help:     take .real or .abs() first, or pass gradient="
        ),
    ),
    "shape": (
        lambda: (doubles(2) * 2).backward(fb.ones(3)),
        RuntimeError,
        (
            "backward: the gradient has another shape than its output\n"
            "  expected: shape (2,)\n"
            "  got:      shape (3,)"
        ),
    ),
    "complex gradient": (
        lambda: (doubles(2) * 2).backward(fb.ones(2, dtype=fb.complex128)),
        RuntimeError,
        (
            "backward: one of the gradient and its output is complex, the other is real\n"
            "  expected: a gradient of type torch.float64\n"
            "  got:      torch.complex128"
        ),
    ),
    "no tensor": (
        lambda: (doubles(2) * 2).backward(2.0),
        TypeError,
        (
            "backward: a gradient must be a tensor or None\n"
            "  expected: a tensor or None\n"
            "  got:      float"
        ),
    ),
    "count": (
        lambda: fb.autograd.grad([doubles(2).sum()], [doubles(2)], [None, None]),
        RuntimeError,
        "grad: one gradient for each tensor is needed\n  expected: 1 gradient(s)\n  got:      2",
    ),
    "inputs empty": (
        lambda: doubles(2).sum().backward(inputs=[]),
        RuntimeError,
        (
            "backward: inputs is empty\n"
            "  expected: at least one tensor\n"
            "  got:      none\n"
            "  help:     leave inputs out to reach all leaves"
        ),
    ),
    "input without": (
        lambda: fb.autograd.grad(doubles(2).sum(), fb.ones(4)),
        RuntimeError,
        (
            "grad: one of the inputs does not require a gradient\n"
            "  expected: tensors with requires_grad=True\n"
            "  got:      a tensor of shape (4,) without\n"
            "  help:     call requires_grad_() on it before computing"
        ),
    ),
    "unused": (
        lambda: fb.autograd.grad(doubles(2).sum(), doubles(2)),
        RuntimeError,
        (
            "grad: one of the inputs was not used to compute the outputs\n"
            "  expected: outputs that depend on every input\n"
            "  got:      no path to input 0\n"
            "  help:     pass allow_unused=True to get None for it"
        ),
    ),
    "zeros": (
        lambda: fb.autograd.grad(
            doubles(2).sum(), doubles(2), allow_unused=False, materialize_grads=True
        ),
        ValueError,
        (
            "grad: zeros for unused inputs are asked for, and unused inputs are forbidden\n"
            "  expected: allow_unused=True, or not given, with materialize_grads=True\n"
            "  got:      allow_unused=False"
        ),
    ),
    "batches": (
        lambda: fb.autograd.grad(doubles(2).sum(), doubles(2), is_grads_batched=True),
        RuntimeError,
        (
            "grad: is_grads_batched needs gradients with a leading batch dimension\n"
            "  expected: grad_outputs of shape (batch, *output.shape)\n"
            "  got:      none"
        ),
    ),
    "own gradient": (
        lambda: (lambda x: setattr(x, "grad", x))(doubles(2)),
        RuntimeError,
        (
            "grad: a tensor cannot be its own gradient\n"
            "  expected: another tensor\n"
            "  got:      the tensor itself\n"
            "  help:     clone() it"
        ),
    ),
    "wrong rule": (
        lambda: Wrong.apply(doubles(2)).sum().backward(),
        RuntimeError,
        (
            "backward: WrongBackward returned a gradient that does not fit its input\n"
            "  expected: shape (2,)\n"
            "  got:      shape (3,)"
        ),
    ),
}


class Wrong(fb.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 1

    @staticmethod
    def backward(ctx, g):
        return fb.ones(3, dtype=fb.float64)


@pytest.mark.parametrize("case", CASES)
def test_error_text(case: str) -> None:
    call, kind, text = CASES[case]
    assert text_of(call, kind) == text
