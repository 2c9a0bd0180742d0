"""``vmap``: what may be done inside it, and what it says where something may not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import flambeau as fb
from flambeau import func, nn

ROWS = fb.tensor([[1.0, 2.0, 3.0], [-4.0, 5.0, 0.5]])


def test_changes_in_place() -> None:
    """Tensors that the function makes take values of the examples, views of them too."""

    def f(x: fb.Tensor) -> tuple[fb.Tensor, fb.Tensor]:
        z = fb.zeros(3)
        early = z[1:]
        z[0] = x[0]
        z[1:] = x[1:] * 2
        late = z[2:]
        z.mul_(x[1])
        return z, early.sum() + late.sum()

    found, sums = fb.vmap(f)(ROWS)
    for x, z, total in zip(ROWS, found, sums, strict=True):
        expected = fb.stack([x[0], x[1] * 2, x[2] * 2]) * x[1]
        assert z.tolist() == expected.tolist()
        assert float(total) == pytest.approx(float(expected[1:].sum() + expected[2:].sum()))


def test_arguments_changed_in_place_change_the_caller_s() -> None:
    x = ROWS.clone()
    fb.vmap(lambda row: row.add_(1))(x)
    assert x.tolist() == (ROWS + 1).tolist()


def test_outside_tensors_take_only_what_all_examples_share() -> None:
    total = fb.zeros(3)
    fb.vmap(lambda x: (total.add_(1), x)[1])(ROWS)
    assert total.tolist() == [1.0, 1.0, 1.0]
    with pytest.raises(RuntimeError) as error:
        fb.vmap(lambda x: (total.add_(x), x)[1])(ROWS)
    assert str(error.value) == (
        "add_: a tensor from outside vmap would get another value in each example\n"
        "  expected: one value, or a tensor that was made inside the function\n"
        "  got:      a value of shape (3,) in each of 2 examples\n"
        "  help:     pass the tensor to the function with an in_dim, or return the value"
    )
    assert total.tolist() == [1.0, 1.0, 1.0]


def test_0d_examples_promote_as_0d_tensors_do() -> None:
    scale = fb.ones(2, dtype=fb.float64)
    found = fb.vmap(lambda s: s * fb.ones(3))(scale)
    assert found.dtype is (scale[0] * fb.ones(3)).dtype is fb.float32


def test_results_that_all_examples_share() -> None:
    shared, each = fb.vmap(lambda x: (fb.ones(2), x.sum()), out_dims=(None, 0))(ROWS)
    assert shared.tolist() == [1.0, 1.0]
    assert each.tolist() == [6.0, 1.5]
    assert fb.vmap(lambda x: fb.ones(2))(ROWS).shape == (2, 2)


def test_no_examples_at_all() -> None:
    assert fb.vmap(lambda x: (x @ fb.ones(3, 4)).sin())(fb.zeros(0, 3)).shape == (0, 4)


@pytest.mark.parametrize("chunk_size", [1, 2, 3, 7])
def test_chunks(chunk_size: int) -> None:
    x = fb.randn(7, 3)
    f = lambda x: (x.sum(), x.outer(x))  # noqa: E731
    found = fb.vmap(f, out_dims=(0, 1), chunk_size=chunk_size)(x)
    expected = fb.vmap(f, out_dims=(0, 1))(x)
    fb.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-6), found, expected)


def test_jax_s_names() -> None:
    found = fb.vmap(lambda x, y: x * y, in_axes=(1, None), out_axes=1)(ROWS, fb.ones(2))
    assert found.tolist() == ROWS.tolist()


def test_no_grad_inside_holds_outside() -> None:
    def f(x: fb.Tensor) -> fb.Tensor:
        with fb.no_grad():
            constant = x * x
        return (constant * x).sum()

    total = lambda x: fb.vmap(f)(x).sum()  # noqa: E731
    np.testing.assert_allclose(func.grad(total)(ROWS), ROWS * ROWS)


def test_modules_ensembles_and_their_gradients_compiled() -> None:
    models = [nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4), nn.Linear(4, 1)) for _ in range(3)]
    params, _ = func.stack_module_state(models)
    call = lambda p, x: func.functional_call(models[0], p, x)  # noqa: E731
    found = fb.vmap(call, in_dims=(0, None))(params, ROWS)
    for model, value in zip(models, found, strict=True):
        np.testing.assert_allclose(value.detach(), model(ROWS).detach(), rtol=1e-5, atol=1e-6)
    loss = lambda p, x: call(p, x).square().sum()  # noqa: E731
    each = fb.vmap(func.grad(loss), in_dims=(0, None))
    eager = each(params, ROWS)
    compiled = fb.compile(each)(params, ROWS)
    for name, gradient in eager.items():
        np.testing.assert_allclose(compiled[name].detach(), gradient.detach(), rtol=1e-4, atol=1e-5)


def test_functional_call_leaves_the_module_as_it_was() -> None:
    layer = nn.Linear(2, 2)
    before = layer.weight
    with pytest.raises(RuntimeError):
        func.functional_call(layer, {"weight": fb.ones(5, 5)}, fb.ones(2))
    assert layer.weight is before
    tied = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False))
    tied[1].weight = tied[0].weight
    x, w = fb.ones(2), fb.full((2, 2), 2.0)
    assert func.functional_call(tied, {"0.weight": w}, x).tolist() == [16.0, 16.0]
    alone = func.functional_call(tied, {"0.weight": w}, x, tie_weights=False)
    assert alone.tolist() != [16.0, 16.0]


def test_random_numbers() -> None:
    same = fb.vmap(lambda x: x + fb.rand(3), randomness="same")(ROWS) - ROWS
    np.testing.assert_allclose(same[0], same[1], atol=1e-6)
    different = fb.vmap(lambda x: x + fb.rand(3), randomness="different")(ROWS) - ROWS
    assert float((different[0] - different[1]).abs().max()) > 1e-3
    order = fb.vmap(lambda x: fb.randperm(9), randomness="different")(fb.ones(20))
    assert order.sort(1)[0].tolist() == [list(range(9))] * 20
    assert len({tuple(row) for row in order.tolist()}) > 10
    dropped = fb.vmap(lambda x: nn.functional.dropout(x, 0.5), randomness="different")(
        fb.ones(4, 50)
    )
    assert len({tuple(row) for row in dropped.tolist()}) == 4


ERRORS: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (
        lambda: fb.vmap(lambda x: x * x.sum().item())(ROWS),
        RuntimeError,
        (
            "vmap: item() is asked of a tensor inside the transformed function\n"
            "  expected: operations on tensors\n"
            "  got:      a tensor of shape () at {line}\n"
            "  help:     use flambeau.where() or func.cond() for decisions, or return the tensor "
            "and look at it outside"
        ),
    ),
    (
        lambda: fb.vmap(lambda x: x + fb.rand(3))(ROWS),
        RuntimeError,
        (
            "vmap: rand draws random numbers\n"
            "  expected: randomness='different' or randomness='same'\n"
            "  got:      randomness='error'\n"
            "  help:     say with randomness= whether examples get different numbers or the same"
        ),
    ),
    (
        lambda: fb.vmap(lambda x, y: x + y)(ROWS, fb.ones(3)),
        ValueError,
        (
            "vmap: arguments have different numbers of examples\n"
            "  expected: one size along all dimensions in in_dims\n"
            "  got:      sizes [2, 3]"
        ),
    ),
    (
        lambda: fb.vmap(lambda x: x, out_dims=None)(ROWS),
        ValueError,
        (
            "vmap: a result of <lambda> differs between examples\n"
            "  expected: an integer in out_dims\n"
            "  got:      None, which stands for a result that all examples share"
        ),
    ),
    (
        lambda: fb.vmap(lambda x: x @ fb.ones(4))(ROWS),
        RuntimeError,
        (
            "matmul: inner sizes differ\n"
            "  expected: x of shape (k,) and y of shape (k,)\n"
            "  got:      x (3,) and y (4,)"
        ),
    ),
]


@pytest.mark.parametrize(("call", "kind", "text"), ERRORS)
def test_errors(call: Callable[[], Any], kind: type[Exception], text: str) -> None:
    with pytest.raises(kind) as error:
        call()
    head, line, tail = text.partition("{line}")
    assert str(error.value).startswith(head)
    assert str(error.value).endswith(tail)
    assert line or str(error.value) == text


def test_tensors_inside_can_be_printed() -> None:
    shown = []
    fb.vmap(lambda x: (shown.append(repr(x)), shown.append(repr(fb.ones(2))), x)[2])(fb.ones(2, 2))
    func.jvp(lambda x: (shown.append(repr(x)), x)[1], (fb.ones(1),), (fb.zeros(1),))
    assert shown == [
        "vmap(of each example, size=2): tensor([[1., 1.],\n        [1., 1.]])",
        "vmap(in all examples, size=2): tensor([1., 1.])",
        "jvp(primal=tensor([1.]), tangent=tensor([0.]))",
    ]


def test_a_tensor_that_was_kept_says_so() -> None:
    kept = []
    fb.vmap(lambda x: (kept.append(x), x)[1])(ROWS)
    with pytest.raises(RuntimeError, match="inside the transformed function"):
        kept[0] + 1
    with pytest.raises(RuntimeError, match="is used outside the transformed function that made it"):
        fb.vmap(lambda x: x + kept[0])(ROWS)


def test_gradients_of_examples_of_a_convolutional_network() -> None:
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 6, 3, padding=1, groups=2),
        nn.Tanh(), nn.Flatten(), nn.Linear(6 * 9, 3),
    ).double()  # fmt: skip
    predict, state = func.make_functional(model)
    x, labels = fb.randn(5, 1, 8, 8, dtype=fb.float64), fb.arange(5) % 3

    def loss(state: Any, x: fb.Tensor, label: fb.Tensor) -> fb.Tensor:
        return nn.functional.cross_entropy(predict(state, x.unsqueeze(0)), label.unsqueeze(0))

    each = fb.vmap(func.grad(loss), (None, 0, 0))(state, x, labels)
    for i in range(5):
        for name, gradient in func.grad(loss)(state, x[i], labels[i]).items():
            np.testing.assert_allclose(each[name][i], gradient, rtol=1e-9, atol=1e-12)
    networks = {name: fb.stack([p, p * 0.5]) for name, p in state.items()}
    both = fb.vmap(func.grad(loss), (0, None, None))(networks, x[0], labels[0])
    for i, factor in enumerate((1, 0.5)):
        smaller = {name: p * factor for name, p in state.items()}
        for name, gradient in func.grad(loss)(smaller, x[0], labels[0]).items():
            np.testing.assert_allclose(both[name][i], gradient, rtol=1e-9, atol=1e-12)


def test_mixed_precision_around_and_inside() -> None:
    w = fb.randn(3, 2)
    f = lambda x: (x @ w).sum()  # noqa: E731
    plain = fb.vmap(func.grad(f))(ROWS)
    with fb.autocast("cpu", dtype=fb.bfloat16):
        expected = [func.grad(f)(x) for x in ROWS]
        assert fb.vmap(lambda x: x @ w)(ROWS).dtype is (ROWS[0] @ w).dtype is fb.bfloat16
        found = fb.vmap(func.grad(f))(ROWS)
        slope = func.jvp(f, (ROWS[0],), (ROWS[1],))[1]
        np.testing.assert_allclose(float(slope), float(expected[0] @ ROWS[1]), rtol=2e-2)
    np.testing.assert_allclose(found, fb.stack(expected))
    assert found.dtype is fb.float32
    np.testing.assert_allclose(found, plain, rtol=2e-2, atol=2e-2)

    def inside(x: fb.Tensor) -> fb.Tensor:
        with fb.autocast("cpu", dtype=fb.bfloat16):
            return x @ w

    assert fb.vmap(inside)(ROWS).dtype is fb.bfloat16
    assert (fb.vmap(lambda x: x @ w)(ROWS)).dtype is fb.float32
