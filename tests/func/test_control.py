"""Control flow: the same eagerly, compiled, batched and differentiated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import flambeau as fb
from flambeau import func
from tests.contract.samples import samples_of

ITEMS = fb.randn(7, 3, dtype=fb.float64, generator=fb.Generator().manual_seed(1))
WEIGHT = fb.randn(3, 3, dtype=fb.float64, generator=fb.Generator().manual_seed(2))


def start() -> fb.Tensor:
    return fb.full((3,), 0.1, dtype=fb.float64)


def cell(weight: fb.Tensor, carry: fb.Tensor, x: fb.Tensor) -> tuple[fb.Tensor, Any]:
    carry = (weight @ carry).tanh() + x
    return carry, {"square": (carry * carry).sum(), "carry": carry}


def loss(weight: fb.Tensor, carry: fb.Tensor, items: fb.Tensor, reverse: bool = False) -> Any:
    carry, left = func.scan(lambda c, x: cell(weight, c, x), carry, items, reverse=reverse)
    return left["square"].sum() + carry.prod() + (left["carry"][::2] ** 3).sum()


def unrolled(weight: fb.Tensor, carry: fb.Tensor, items: fb.Tensor, reverse: bool = False) -> Any:
    carries = []
    for x in reversed(list(items)) if reverse else items:
        carry = (weight @ carry).tanh() + x
        carries.append(carry)
    every = fb.stack(carries[::-1] if reverse else carries)
    return (every * every).sum() + carry.prod() + (every[::2] ** 3).sum()


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("compiled", [False, True])
def test_scan_and_its_gradients_are_those_of_the_loop(compiled: bool, reverse: bool) -> None:
    arguments = (WEIGHT, start(), ITEMS)
    both = func.value_and_grad(lambda *xs: loss(*xs, reverse=reverse), (0, 1, 2))
    expected = func.value_and_grad(lambda *xs: unrolled(*xs, reverse=reverse), (0, 1, 2))(
        *arguments
    )
    found = (fb.compile(both) if compiled else both)(*arguments)
    fb.tree.map(lambda x, y: np.testing.assert_allclose(x, y, rtol=1e-10), found, expected)


@pytest.mark.parametrize("compiled", [False, True])
def test_second_derivatives_of_scan(compiled: bool) -> None:
    def curvature(f: Callable[..., Any]) -> Callable[..., Any]:
        first = func.grad(f, (0, 1))
        return func.grad(lambda w, c: sum((g**2).sum() for g in first(w, c, ITEMS)), (0, 1))

    expected = curvature(unrolled)(WEIGHT, start())
    found = curvature(loss)
    found = (fb.compile(found) if compiled else found)(WEIGHT, start())
    for x, y in zip(found, expected, strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-9)


def test_scan_under_other_transformations() -> None:
    stack = fb.stack([start(), start() * 2])
    expected = fb.stack([unrolled(WEIGHT, c, ITEMS) for c in stack])
    batched = fb.vmap(lambda c: loss(WEIGHT, c, ITEMS))
    np.testing.assert_allclose(batched(stack), expected, rtol=1e-12)
    np.testing.assert_allclose(fb.compile(batched)(stack), expected, rtol=1e-12)
    jacobian = func.jacfwd(lambda c: loss(WEIGHT, c, ITEMS))(start())
    gradient = func.grad(lambda c: unrolled(WEIGHT, c, ITEMS))(start())
    np.testing.assert_allclose(jacobian, gradient, rtol=1e-12)


def everything(f: Callable[..., Any]) -> dict[str, Any]:
    """Compositions of transformations of a function of a weight and a start."""
    stack = fb.stack([start(), start() * 2])
    over = lambda g: fb.vmap(g, in_dims=(None, 0))  # noqa: E731
    return {
        "vmap": over(f)(WEIGHT, stack),
        "vmap of the weight": fb.vmap(f, in_dims=(0, None))(fb.stack([WEIGHT, -WEIGHT]), start()),
        "gradients of examples": over(func.grad(f))(WEIGHT, stack),
        "gradient of a batch": func.grad(lambda w: over(f)(w, stack).sum())(WEIGHT),
        "jvp": func.jvp(f, (WEIGHT, start()), (WEIGHT.sin(), start()))[1],
        "jacfwd": func.jacfwd(f, (0, 1))(WEIGHT, start()),
        "hessian": func.hessian(f, 1)(WEIGHT, start()),
        "hessians of examples": over(func.hessian(f, 1))(WEIGHT, stack),
        "gradient of jvp": func.grad(
            lambda w: func.jvp(lambda c: f(w, c), (start(),), (start(),))[1]
        )(WEIGHT),
    }


def test_compositions_of_transformations_around_a_loop() -> None:
    expected = everything(lambda w, c: unrolled(w, c, ITEMS))
    compiled = fb.compile(lambda: everything(lambda w, c: loss(w, c, ITEMS)))
    found = compiled()
    for name, value in expected.items():
        fb.tree.map(
            lambda x, y, name=name: np.testing.assert_allclose(
                x, y, rtol=1e-8, atol=1e-10, err_msg=name
            ),
            found[name],
            value,
        )
    assert compiled.program().count("tanh(") < 7 * len(expected)


def test_a_compiled_loop_is_one_operation() -> None:
    total = fb.compile(lambda xs: func.scan(lambda t, x: (t + x, None), fb.zeros(()), xs)[0])
    assert float(total(fb.arange(100.0))) == 4950.0
    assert float(total(fb.arange(100.0) * 2)) == 9900.0
    assert total.program().count(" = scan(") == 1
    assert total.program().count(" = add(") == 1


def test_the_record_of_the_loop_keeps_its_promises() -> None:
    from flambeau.compiler.scan import SCAN

    for sample in samples_of(SCAN):
        arrays = [x.numpy() for x in sample.inputs]
        results = SCAN.evaluate(*arrays, *sample.params)
        specs = SCAN.infer(*arrays, *sample.params)
        for result, spec in zip(results, specs, strict=True):
            assert (result.shape, result.dtype) == (spec.shape, spec.dtype)
        carry, items, scale = arrays
        order = items[::-1] if sample.params[2] else items
        totals = carry + np.cumsum(order, 0)
        totals = totals[::-1] if sample.params[2] else totals
        np.testing.assert_allclose(results[1], totals * scale)
        np.testing.assert_allclose(results[2], totals)


OPTIMIZERS: dict[str, Callable[[Any], Any]] = {
    "SGD": lambda params: fb.optim.SGD(params, lr=1e-2, momentum=0.9),
    "Adam": lambda params: fb.optim.Adam(params, lr=1e-2),
    "AdamW": lambda params: fb.optim.AdamW(params, lr=1e-2, amsgrad=True),
    "RMSprop": lambda params: fb.optim.RMSprop(params, lr=1e-3),
    "NAdam": lambda params: fb.optim.NAdam(params, lr=1e-3),
    "RAdam": lambda params: fb.optim.RAdam(params, lr=1e-2),
    "Adagrad": lambda params: fb.optim.Adagrad(params, lr=1e-1, lr_decay=0.1),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_epoch_of_training_in_one_loop(name: str) -> None:
    x = fb.randn(60, 4, dtype=fb.float64)
    y = x @ fb.tensor([1.0, -2.0, 3.0, 0.5], dtype=fb.float64)
    order = fb.randperm(60).reshape(6, 10)

    def epoch_of(loops: bool) -> tuple[list[float], fb.Tensor, fb.Tensor]:
        weight = fb.zeros(4, dtype=fb.float64, requires_grad=True)
        optimizer = OPTIMIZERS[name]([weight])

        def step(carry: Any, rows: fb.Tensor) -> tuple[Any, fb.Tensor]:
            optimizer.zero_grad()
            value = ((x[rows] @ weight - y[rows]) ** 2).mean()
            value.backward()
            optimizer.step()
            return carry, value.detach()

        step(None, order[0])  # its state exists from now on
        if loops:
            epoch = fb.compile(lambda order: func.scan(step, fb.zeros(()), order)[1])
            losses = [*epoch(order).tolist(), *epoch(order.flip(0)).tolist()]
        else:
            losses = [float(step(None, rows)[1]) for rows in [*order, *order.flip(0)]]
        assert weight.grad is not None
        return losses, weight.detach(), weight.grad

    one, other = epoch_of(True), epoch_of(False)
    np.testing.assert_allclose(one[0], other[0], rtol=1e-10)
    np.testing.assert_allclose(one[1], other[1], rtol=1e-10)
    np.testing.assert_allclose(one[2], other[2], rtol=1e-8, atol=1e-12)


def test_an_optimizer_before_in_and_after_a_loop() -> None:
    """Its count of steps goes on where the loop left it."""

    def trained(compiled: bool) -> list[float]:
        weight = fb.ones(3, requires_grad=True)
        optimizer = fb.optim.Adam([weight], lr=1e-2)

        def step(carry: Any, x: fb.Tensor) -> Any:
            optimizer.zero_grad()
            (weight * x).sin().sum().backward()
            optimizer.step()
            return carry, None

        def run(xs: fb.Tensor) -> fb.Tensor:
            step(None, xs[0])
            func.scan(step, fb.zeros(()), xs)
            step(None, xs[1])
            func.scan(step, fb.zeros(()), xs, reverse=True)
            step(None, xs[2])
            return weight.detach().clone()

        call = fb.compile(run) if compiled else run
        xs = fb.randn(4, 3, generator=fb.Generator().manual_seed(0))
        return [*call(xs).tolist(), *call(xs * 2).tolist(), optimizer.state[weight]["step"].item()]

    np.testing.assert_allclose(trained(True), trained(False), rtol=1e-6)


def test_what_cannot_be_one_loop_says_so() -> None:
    weight = fb.zeros(2, requires_grad=True)

    def adds_up(carry: Any, x: fb.Tensor) -> tuple[Any, None]:
        (weight * x).sum().backward()
        return carry, None

    with pytest.raises(RuntimeError, match="each step would add to the gradient"):
        fb.compile(lambda xs: func.scan(adds_up, fb.zeros(()), xs))(fb.ones(3, 2))
    with pytest.raises(RuntimeError, match="what is carried changes its shape or type"):
        fb.compile(lambda xs: func.scan(lambda c, x: (fb.stack([c, x]), c), xs[0], xs))(fb.ones(3))


def test_random_numbers_in_a_loop_are_those_of_eager_code() -> None:
    def noisy(carry: fb.Tensor, x: fb.Tensor) -> tuple[fb.Tensor, fb.Tensor]:
        carry = carry + x + fb.rand(2)
        return carry, carry

    fb.manual_seed(3)
    expected = func.scan(noisy, fb.zeros(2), fb.ones(4, 2))
    fb.manual_seed(3)
    found = fb.compile(lambda xs: func.scan(noisy, fb.zeros(2), xs))(fb.ones(4, 2))
    np.testing.assert_array_equal(found[1], expected[1])


def test_an_index_out_of_range_is_found_in_the_loop() -> None:
    table = fb.arange(5.0)
    compiled = fb.compile(
        lambda rows: func.scan(lambda c, i: (c + table[i].sum(), None), fb.zeros(()), rows)[0]
    )
    assert float(compiled(fb.tensor([[0, 1], [2, 3]]))) == 6.0
    with pytest.raises(IndexError):
        compiled(fb.tensor([[0, 1], [2, 7]]))
    assert float(compiled(fb.tensor([[4, 4], [4, 4]]))) == 16.0


def test_trees_numbers_and_none() -> None:
    def step(carry: Any, x: Any) -> Any:
        carry = {"n": carry["n"] + 1, "total": carry["total"] + x["a"] * x["b"]}
        return carry, (None, carry["n"])

    xs = {"a": fb.arange(4.0), "b": fb.ones(4)}
    for run in (func.scan, fb.compile(lambda f, i, x: func.scan(f, i, x))):
        carry, (nothing, counts) = run(step, {"n": fb.tensor(0), "total": fb.tensor(0.0)}, xs)
        assert nothing is None
        assert counts.tolist() == [1, 2, 3, 4]
        assert float(carry["total"]) == 6.0
    assert func.scan(lambda c, x: (c * 2, None), 1.0, length=5)[0].item() == 32.0


@pytest.mark.parametrize("compiled", [False, True])
def test_no_steps_at_all(compiled: bool) -> None:
    run = lambda xs: func.scan(lambda c, x: (c + x, {"y": x.outer(c)}), fb.ones(3), xs)  # noqa: E731
    carry, left = (fb.compile(run) if compiled else run)(fb.zeros(0, 3))
    assert carry.tolist() == [1.0, 1.0, 1.0]
    assert left["y"].shape == (0, 3, 3)
    assert func.scan(lambda c, x: (c, c), fb.ones(2), length=0)[1].shape == (0, 2)


def test_loops_by_number() -> None:
    power = lambda x: func.fori_loop(0, 5, lambda i, y: y * x + i, x)  # noqa: E731
    x = fb.tensor(1.5, dtype=fb.float64)
    value = 1.5
    for i in range(5):
        value = value * 1.5 + i
    assert float(power(x)) == pytest.approx(value)
    assert float(fb.compile(power)(x)) == pytest.approx(value)
    slope = float(power(x + 1e-6) - power(x - 1e-6)) / 2e-6
    for gradient in (func.grad(power), fb.compile(func.grad(power))):
        assert float(gradient(x)) == pytest.approx(slope, rel=1e-7)
    assert float(func.fori_loop(3, 3, lambda i, y: y + 1, fb.tensor(0.0))) == 0.0


def test_while_loop() -> None:
    triple = lambda x: func.while_loop(lambda y: y < 100, lambda y: y * 3, x)  # noqa: E731
    assert float(triple(fb.tensor(1.0))) == 243.0
    assert fb.vmap(triple)(fb.tensor([1.0, 5.0, 200.0])).tolist() == [243.0, 135.0, 200.0]
    assert float(func.grad(triple)(fb.tensor(1.0))) == 243.0
    assert float(func.jvp(triple, (fb.tensor(1.0),), (fb.tensor(2.0),))[1]) == 486.0
    slopes = fb.vmap(func.grad(triple))(fb.tensor([1.0, 5.0, 200.0]))
    assert slopes.tolist() == [243.0, 27.0, 1.0]


def test_compiled_while_loops() -> None:
    offset = fb.tensor(0.25, dtype=fb.float64)

    def root(x: fb.Tensor) -> Any:
        """The square root by Newton's method, and the number of steps."""

        def step(state: Any) -> Any:
            y, _, count = state
            return (y + x / y) / 2 + 0 * offset, y, count + 1

        begin = (x, 2 * x, fb.tensor(0))
        return func.while_loop(lambda s: (s[0] - s[1]).abs() > 1e-12 * s[0], step, begin)

    compiled = fb.compile(root)
    for value in (2.0, 1e6, 1e-3):
        x = fb.tensor(value, dtype=fb.float64)
        found, expected = compiled(x), root(x)
        assert [v.item() for v in found] == [v.item() for v in expected]
        assert found[0].item() == pytest.approx(value**0.5)
    assert compiled.program().count(" = while_loop(") == 1
    none = fb.compile(lambda x: func.while_loop(lambda y: y < 0, lambda y: y * 2, x))
    assert none(fb.tensor(3.0)).item() == 3.0
    with pytest.raises(RuntimeError, match="is differentiated backward"):
        fb.compile(func.grad(lambda x: root(x)[0]))(fb.tensor(2.0, dtype=fb.float64))
    every = fb.compile(fb.vmap(root))(fb.tensor([2.0, 1e6, 1e-3], dtype=fb.float64))
    for i, value in enumerate((2.0, 1e6, 1e-3)):
        expected = root(fb.tensor(value, dtype=fb.float64))
        assert [v[i].item() for v in every] == [v.item() for v in expected]


@pytest.mark.filterwarnings("ignore:compile. llvmlite is not installed")
def test_loops_without_native_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """What runs where there is no llvmlite."""
    for module in ("scan", "specialisation", "compiled"):
        monkeypatch.setattr(f"flambeau.compiler.{module}.is_available", lambda: False)
    root = lambda x: func.while_loop(lambda y: y * y > x, lambda y: (y + x / y) / 2, x)  # noqa: E731
    found = fb.compile(root)(fb.tensor(9.0))
    assert found.shape == ()
    assert found.item() == root(fb.tensor(9.0)).item()
    pair = lambda xs: func.scan(lambda c, x: (c + x, c * x), fb.zeros(()), xs)  # noqa: E731
    total, left = fb.compile(pair)(fb.arange(4.0))
    assert total.shape == ()
    assert (total.item(), left.tolist()) == (6.0, [0.0, 0.0, 2.0, 9.0])


def test_the_record_of_the_while_loop_keeps_its_promises() -> None:
    from flambeau.compiler.scan import WHILE_LOOP

    for sample in samples_of(WHILE_LOOP):
        first, start_value = (x.numpy() for x in sample.inputs)
        (result,) = WHILE_LOOP.evaluate(first, start_value, *sample.params)
        (spec,) = WHILE_LOOP.infer(first, start_value, *sample.params)
        assert (result.shape, result.dtype) == (spec.shape, spec.dtype)
        expected = start_value
        while first:
            expected = expected / 2
            first = expected.sum() > 1
        np.testing.assert_array_equal(result, expected)


def test_cond_and_switch() -> None:
    size = lambda x: func.cond(x.sum() > 0, lambda x: x * 2, lambda x: -x, x)  # noqa: E731
    for run in (size, fb.compile(size)):
        assert run(fb.tensor([1.0, 2.0])).tolist() == [2.0, 4.0]
        assert run(fb.tensor([-1.0, -2.0])).tolist() == [1.0, 2.0]
    rows = fb.tensor([[1.0, 2.0], [-1.0, -2.0]])
    assert fb.vmap(size)(rows).tolist() == [[2.0, 4.0], [1.0, 2.0]]
    assert fb.vmap(func.grad(lambda x: size(x).sum()))(rows).tolist() == [[2.0, 2.0], [-1.0, -1.0]]
    branches = [lambda x: x, lambda x: x * 10, lambda x: x * 100]
    for index, factor in ((0, 1), (1, 10), (2, 100), (5, 100), (-3, 1)):
        assert float(func.switch(index, branches, fb.tensor(2.0))) == 2.0 * factor
        found = fb.compile(lambda i, x: func.switch(i, branches, x))(
            fb.tensor(index), fb.tensor(2.0)
        )
        assert float(found) == 2.0 * factor


def test_compiled_choices_run_one_side() -> None:
    """The other side's derivative, infinite here, takes no part."""
    scale = fb.tensor(3.0, dtype=fb.float64)
    f = lambda x: func.cond(x > 0, lambda x: (x * scale).sqrt(), lambda x: x * x * scale, x)  # noqa: E731
    for value in (2.0, 0.0, -1.5):
        x = fb.tensor(value, dtype=fb.float64)
        for g in (f, func.grad(f), func.grad(func.grad(f))):
            assert fb.compile(g)(x).item() == pytest.approx(g(x).item(), rel=1e-12)
    program = fb.compile(f)
    program(fb.tensor(2.0, dtype=fb.float64))
    assert program.program().count(" = cond(") == 1


def test_compiled_choices_between_closures() -> None:
    w = fb.tensor([1.0, -2.0], dtype=fb.float64, requires_grad=True)
    b = fb.tensor([0.5, 0.5], dtype=fb.float64, requires_grad=True)

    def loss(x: fb.Tensor) -> fb.Tensor:
        y = x * w
        out = func.cond(y.sum() > 0, lambda: {"a": (y * y).sum()}, lambda: {"a": (y * b).sum()})
        return out["a"] * 2

    def gradients(x: fb.Tensor) -> Any:
        return fb.autograd.grad(loss(x), (w, b), allow_unused=True, materialize_grads=True)

    compiled = fb.compile(gradients)
    for x in (fb.tensor([3.0, 1.0], dtype=fb.float64), fb.tensor([1.0, 3.0], dtype=fb.float64)):
        for found, expected in zip(compiled(x), gradients(x), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_compiled_choices_change_only_what_the_taken_side_changes() -> None:
    count, other = fb.zeros(2), fb.zeros(2)

    def step(x: fb.Tensor) -> fb.Tensor:
        def yes() -> fb.Tensor:
            count[0] += 1
            return x * 1

        def no() -> fb.Tensor:
            count[1] += 1
            other.add_(x)
            return -x

        return func.cond(x.sum() > 0, yes, no)

    compiled = fb.compile(step)
    for value in (1.0, -2.0, -3.0):
        assert compiled(fb.tensor([value])).item() == abs(value)
    assert count.tolist() == [1.0, 2.0]
    assert other.tolist() == [-5.0, -5.0]


def test_compiled_choices_must_agree() -> None:
    with pytest.raises(RuntimeError) as error:
        fb.compile(lambda x: func.cond(x.sum() > 0, lambda: x, lambda: x.sum()))(fb.ones(2))
    assert str(error.value) == (
        "cond: the branches return different shapes or types\n"
        "  expected: float32[2]\n"
        "  got:      float32[]\n"
        "  help:     convert results with .to(dtype), or broadcast them to one shape"
    )


def test_loops_in_loops() -> None:
    def f(weight: fb.Tensor, items: fb.Tensor) -> fb.Tensor:
        def outer(carry: fb.Tensor, x: fb.Tensor) -> Any:
            def inner(c: fb.Tensor, y: fb.Tensor) -> Any:
                return (c * weight + y * x.sum()).tanh(), (c * carry).sum()

            end, sums = func.scan(inner, carry, x)
            return end + x, sums.sum()

        carry, sums = func.scan(outer, start(), items)
        return (sums**2).sum() + carry.prod()

    arguments = (fb.tensor([1.5, -0.5, 2.0], dtype=fb.float64), ITEMS)
    expected = func.value_and_grad(f, (0, 1))(*arguments)
    found = fb.compile(func.value_and_grad(f, (0, 1)))(*arguments)
    fb.tree.map(lambda x, y: np.testing.assert_allclose(x, y, rtol=1e-10), found, expected)
    second = lambda w: (func.grad(f)(w, ITEMS) ** 2).sum()  # noqa: E731
    np.testing.assert_allclose(
        fb.compile(func.grad(second))(arguments[0]), func.grad(second)(arguments[0]), rtol=1e-8
    )


def test_choices_in_loops() -> None:
    def f(weight: fb.Tensor, items: fb.Tensor) -> fb.Tensor:
        def step(carry: fb.Tensor, x: fb.Tensor) -> Any:
            grown = func.cond(x.sum() > 0, lambda c: c * weight, lambda c: c.sin() + x, carry)
            return grown, (grown**2).sum()

        carry, squares = func.scan(step, start(), items)
        return squares.sum() + carry.prod()

    arguments = (fb.tensor([1.5, -0.5, 2.0], dtype=fb.float64), ITEMS)
    expected = func.value_and_grad(f, (0, 1))(*arguments)
    found = fb.compile(func.value_and_grad(f, (0, 1)))(*arguments)
    fb.tree.map(lambda x, y: np.testing.assert_allclose(x, y, rtol=1e-10), found, expected)


def test_the_record_of_the_choice_keeps_its_promises() -> None:
    from flambeau.compiler.scan import COND

    for sample, expected in zip(samples_of(COND), (lambda x: 2 * x, lambda x: x * x), strict=True):
        arrays = [x.numpy() for x in sample.inputs]
        (result,) = COND.evaluate(*arrays, *sample.params)
        (spec,) = COND.infer(*arrays, *sample.params)
        assert (result.shape, result.dtype) == (spec.shape, spec.dtype)
        np.testing.assert_array_equal(result, expected(arrays[1 if arrays[0] else 2]))


ERRORS: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (
        lambda: func.scan(lambda c, x: (c, x), fb.zeros(2)),
        ValueError,
        "scan: how many steps?\n  expected: xs, or length\n  got:      neither of them",
    ),
    (
        lambda: func.scan(lambda c, x: (c, x), fb.zeros(2), (fb.ones(3), fb.ones(4))),
        ValueError,
        (
            "scan: sizes of dimension 0 differ\n"
            "  expected: one size for all of xs, and for length if it is given\n"
            "  got:      [3, 4]"
        ),
    ),
    (
        lambda: func.scan(lambda c, x: ((c, c), x), fb.zeros(2), fb.ones(3)),
        TypeError,
        (
            "scan: what <lambda> carries changes its structure\n"
            "  expected: Structure('*')\n"
            "  got:      Structure(('*', '*'))"
        ),
    ),
    (
        lambda: func.switch(0, []),
        ValueError,
        "switch: no branches\n  expected: at least one function\n  got:      an empty list",
    ),
]


@pytest.mark.parametrize(("call", "kind", "text"), ERRORS)
def test_errors(call: Callable[[], Any], kind: type[Exception], text: str) -> None:
    with pytest.raises(kind) as error:
        call()
    assert str(error.value) == text
