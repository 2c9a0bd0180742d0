"""Compiled code draws what eager code draws, and leaves the generator as eager code does."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import flambeau as fb
from flambeau import nn, optim
from flambeau.compiler.llvm import named
from flambeau.compiler.run import dispatch
from flambeau.compiler.run.engine import emit_object
from flambeau.core import trees

F = nn.functional
native = pytest.mark.skipif(not dispatch.is_available(), reason="calls go through Python here")


def drawn(function: Callable[..., Any], *args: Any, calls: int = 3) -> tuple[list[Any], Any]:
    """All results of some calls as bytes, and the state of the generator afterwards."""
    fb.manual_seed(7)
    fb.rand(5)  # so that blocks of the stream end in the middle of a drawing
    results = [function(*args) for _ in range(calls)]
    found = [
        (x.shape, x.stride(), x.dtype, x.numpy(force=True).tobytes())
        for x in trees.leaves(results)
        if isinstance(x, fb.Tensor)
    ]
    return found, fb.get_rng_state().numpy().tobytes()


def agree(function: Callable[..., Any], *args: Any) -> Any:
    compiled = fb.compile(function)
    assert drawn(compiled, *args) == drawn(function, *args)
    return compiled


def is_one_call(compiled: Any) -> bool:
    return all(plan.is_native for plan in compiled.plans.values())


X = fb.linspace(-2, 2, 60).reshape(6, 10)

SAMPLERS: dict[str, Callable[[], Any]] = {
    "rand": lambda: fb.rand(7, 333),
    "rand of one": lambda: fb.rand(()),
    "rand float64": lambda: fb.rand(700, dtype=fb.float64),
    "rand of a chunk and more": lambda: fb.rand(2 * 1024 + 3, dtype=fb.float64),
    "randn": lambda: fb.randn(40, 40),
    "randn of a last block": lambda: fb.randn(1000),
    "randn of 17": lambda: fb.randn(17, dtype=fb.float64),
    "randn float64": lambda: fb.randn(30, 7, dtype=fb.float64),
    "uniform": lambda: fb.empty_like(X).uniform_(-0.123, 0.456),
    "uniform float64": lambda: fb.empty(100, dtype=fb.float64).uniform_(-0.123, 0.456),
    "uniform of a transposed tensor": lambda: fb.zeros_like(X).t().uniform_(-1, 2),
    "uniform of a slice": lambda: fb.zeros_like(X)[:, ::2].uniform_(1.5, 2.5),
    "normal": lambda: fb.empty_like(X).normal_(1.5, 0.3),
    "normal float64": lambda: fb.empty(50, dtype=fb.float64).normal_(1.5, 0.3),
    "rand_like": lambda: fb.rand_like(X.t()),
    "randn_like": lambda: fb.randn_like(X),
    "bernoulli": lambda: fb.empty_like(X).bernoulli_(0.3),
    "bernoulli always": lambda: fb.empty_like(X).bernoulli_(1.0),
    "bernoulli of integers": lambda: fb.zeros(50, dtype=fb.int32).bernoulli_(0.7),
    "bernoulli of truth values": lambda: fb.zeros(50, dtype=fb.bool).bernoulli_(0.7),
    "bernoulli of float16": lambda: fb.zeros(50, dtype=fb.float16).bernoulli_(0.7),
    "dropout": lambda: F.dropout(X, 0.3),
    "dropout of a transposed tensor": lambda: F.dropout(X.t(), 0.3),
    "dropout of channels": lambda: F.dropout2d(X.reshape(1, 6, 2, 5), 0.3),
    "randint": lambda: fb.randint(-5, 100, (1001,)),
    "randint of a power of two": lambda: fb.randint(0, 64, (50,), dtype=fb.int32),
    "randint of a wide range": lambda: fb.randint(-(2**40), 2**41 + 7, (50,)),
    "randint as numbers": lambda: fb.randint(3, 10, (50,), dtype=fb.float64),
    "all integers": lambda: fb.zeros(50, dtype=fb.int64).random_(),
    "small integers": lambda: fb.zeros(50, dtype=fb.int8).random_(),
    "randperm": lambda: fb.randperm(700),
    "randperm of one": lambda: fb.randperm(1, dtype=fb.int32),
    "randn of three": lambda: fb.randn(3),
    "randn of one number": lambda: fb.randn((), dtype=fb.float64),
    "randn of fifteen": lambda: fb.randn(15, dtype=fb.float64),
    "normal of few": lambda: fb.empty(4).normal_(1.5, 0.3),
    "normal of a transposed tensor": lambda: fb.zeros_like(X).t().normal_(1.5, 0.3),
    "normal of a slice": lambda: fb.zeros_like(X)[:, ::2].normal_(),
    "halves of pairs": lambda: (
        fb.randn(3),
        F.dropout(X, 0.2),
        fb.randn(3),
        fb.randn(40),
        fb.randn(2),
    ),
    "exponential": lambda: fb.empty_like(X).exponential_(1.7),
    "exponential float64": lambda: fb.empty(1030, dtype=fb.float64).exponential_(),
    "exponential of a transposed tensor": lambda: fb.zeros_like(X).t().exponential_(),
    "geometric": lambda: fb.empty(70).geometric_(0.3),
    "cauchy": lambda: fb.empty(7, dtype=fb.float64).cauchy_(0.5, 2.0),
    "log_normal": lambda: (fb.empty(7).log_normal_(0.5, 0.7), fb.randn(2, dtype=fb.float64)),
    "rrelu": lambda: F.rrelu(X, 0.1, 0.3, True),
    "rrelu of a slice": lambda: F.rrelu(X.double()[:, 1::3], 0.1, 0.3, True),
    "rrelu of constants": lambda: F.rrelu(-fb.ones(7), 0.1, 0.3, True),
    "multinomial": lambda: fb.multinomial(X.abs(), 1),
    "multinomial of a vector": lambda: fb.multinomial(X[0].double().abs(), 1, True),
    "multinomial of columns": lambda: fb.multinomial(X.abs().t(), 1),
    "normal around a tensor": lambda: (fb.normal(X), fb.normal(X[0, :3])),
}


@pytest.mark.parametrize("name", SAMPLERS)
def test_samples_are_those_of_eager_code(name: str) -> None:
    compiled = agree(SAMPLERS[name])
    assert not dispatch.is_available() or is_one_call(compiled)


@pytest.mark.parametrize(
    "sample",
    [
        lambda: fb.rand(0, 3),
        lambda: fb.bernoulli(X.sigmoid()),
        lambda: fb.multinomial(fb.ones(5), 3),
        lambda: fb.multinomial(fb.ones(5), 30, True),
        lambda: fb.empty(5, dtype=fb.float16).exponential_(),
        lambda: fb.zeros(5, dtype=fb.int64).geometric_(0.3),
        lambda: (fb.randn(3), fb.poisson(X.abs()), fb.randn(3)),
    ],
)
def test_samples_by_other_roads(sample: Callable[[], Any]) -> None:
    agree(sample)


@pytest.mark.parametrize("dtype", [fb.float32, fb.float64])
def test_alpha_dropout_is_native_and_drops_the_same(dtype: fb.dtype) -> None:
    def drop(x: fb.Tensor) -> fb.Tensor:
        return F.alpha_dropout(x, 0.3) + F.feature_alpha_dropout(x, 0.5, training=True)

    compiled, x = fb.compile(drop), X.to(dtype).reshape(3, 4, 5)
    fb.manual_seed(3)
    expected, state = drop(x), fb.get_rng_state()
    fb.manual_seed(3)
    found = compiled(x)
    assert (found - expected).abs().max() <= 4 * fb.finfo(dtype).eps
    assert (fb.get_rng_state() == state).all()
    assert not dispatch.is_available() or is_one_call(compiled)


def test_a_generator_that_is_given() -> None:
    def run(wrap: Callable[[Any], Any]) -> list[Any]:
        first, second = fb.Generator().manual_seed(3), fb.Generator().manual_seed(4)
        step = wrap(lambda: (fb.rand(5, generator=first), fb.randn(40, generator=second)))
        found = [[x.tolist() for x in step()] for _ in range(4)]
        return [found, first.get_state().tolist(), second.get_state().tolist()]

    assert run(fb.compile) == run(lambda f: f)


def test_eager_code_between_calls_draws_from_the_same_stream() -> None:
    def run(wrap: Callable[[Any], Any]) -> list[Any]:
        fb.manual_seed(1)
        step = wrap(lambda x: F.dropout(x, 0.5))
        found = []
        for turn in range(6):
            found += [step(fb.ones(9)).tolist(), fb.rand(2).tolist(), fb.randn(1).tolist()]
            if turn == 3:
                fb.manual_seed(2)
        return found

    assert run(fb.compile) == run(lambda f: f)


def test_three_steps_with_dropout_differ_and_are_those_of_eager_code() -> None:
    def run(wrap: Callable[[Any], Any]) -> list[Any]:
        fb.manual_seed(0)
        model = nn.Sequential(nn.Linear(4, 64), nn.Dropout(0.5), nn.Linear(64, 1)).double()
        optimizer = optim.SGD(model.parameters(), 0.01)
        x = fb.linspace(-1, 1, 20, dtype=fb.float64).reshape(5, 4)

        @wrap
        def step(x: fb.Tensor) -> fb.Tensor:
            loss = (model(x) ** 2).sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            return loss

        losses = [step(x).item() for _ in range(3)]
        return [losses, fb.get_rng_state().tolist()]

    (found, state), (expected, other) = run(fb.compile), run(lambda f: f)
    assert found == pytest.approx(expected, rel=1e-12)
    assert len(set(found)) == 3
    assert state == other


def test_a_failed_call_leaves_the_generator_as_it_was() -> None:
    table = fb.arange(6.0)

    @fb.compile
    def step(index: fb.Tensor) -> fb.Tensor:
        noise = fb.rand(6) + fb.randn(40).sum()
        return (table + noise)[index] + fb.rand(1)

    step(fb.tensor([0, 5]))
    step(fb.tensor([0, 5]))
    before = fb.get_rng_state()
    with pytest.raises(IndexError):
        step(fb.tensor([0, 6]))
    assert (fb.get_rng_state() == before).all()
    step(fb.tensor([0, 5]))
    assert not (fb.get_rng_state() == before).all()


def test_a_failure_beside_numpy_leaves_the_generator_as_it_was() -> None:
    @fb.compile
    def step(weights: fb.Tensor) -> fb.Tensor:
        return fb.rand(6).sum() + fb.multinomial(weights, 2)

    step(fb.ones(3))
    before = fb.get_rng_state()
    with pytest.raises(RuntimeError, match="multinomial"):
        step(fb.zeros(3))
    assert (fb.get_rng_state() == before).all()


@pytest.mark.parametrize(
    "change",
    [
        lambda: fb.manual_seed(3),
        lambda: fb.seed(),
        lambda: fb.get_rng_state(),
        lambda: fb.set_rng_state(STATE),
        lambda: fb.random.fork_rng().__enter__(),
    ],
)
def test_seeding_inside_is_an_error_that_names_the_line(change: Callable[[], Any]) -> None:
    @fb.compile
    def step(x: fb.Tensor) -> fb.Tensor:
        change()
        return F.dropout(x, 0.5)

    before = fb.get_rng_state()
    with pytest.raises(RuntimeError, match=r"compile: .* inside a compiled function") as caught:
        step(X)
    assert "test_random_numbers.py:" in str(caught.value)
    assert "do it outside of the compiled function" in str(caught.value)
    assert (fb.get_rng_state() == before).all()


@pytest.mark.parametrize(
    "weights", [-X, fb.zeros(4, 3), fb.tensor([1.0, fb.nan]), fb.tensor([1.0, fb.inf])]
)
def test_weights_that_are_none_are_refused_before_anything_is_drawn(weights: fb.Tensor) -> None:
    step = fb.compile(lambda w: (fb.randn(3), fb.multinomial(w, 1)))
    step(fb.ones_like(weights))
    fb.randn(1)  # a half waits, or no longer waits
    before = fb.get_rng_state()
    for _ in range(2):
        with pytest.raises(RuntimeError, match="multinomial: "):
            step(weights)
        assert (fb.get_rng_state() == before).all()


@pytest.mark.parametrize("dtype", [fb.float32, fb.float64])
def test_normal_samples_of_many_deviations(dtype: fb.dtype) -> None:
    """The samples are eager code's; scaling them rounds once instead of twice."""
    std, mean = X.to(dtype).abs(), X.to(dtype)[0]

    def draw() -> tuple[fb.Tensor, ...]:
        return fb.normal(1.5, std), fb.normal(mean, std), fb.normal(mean[:1], std[:, :1])

    step = fb.compile(draw)
    fb.manual_seed(3)
    expected, state = draw(), fb.get_rng_state()
    fb.manual_seed(3)
    for found, right in zip(step(), expected, strict=True):
        assert (found - right).abs().max() <= 4 * fb.finfo(dtype).eps
    assert (fb.get_rng_state() == state).all()
    with pytest.raises(RuntimeError, match="a standard deviation is negative"):
        fb.compile(lambda std: fb.normal(1.5, std))(-std)


STATE = fb.get_rng_state()


@pytest.fixture
def switching_threads() -> Iterator[None]:
    """Threads take turns a thousand times as often as usual."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(5e-6)
    yield
    sys.setswitchinterval(before)


@native
@pytest.mark.parametrize("size", [100, 30000])
def test_two_threads_draw_from_one_generator(size: int, switching_threads: None) -> None:
    """Every number of the stream goes to one of them."""
    step = fb.compile(lambda: fb.rand(size))
    fb.manual_seed(5)
    step()
    fb.manual_seed(5)
    found: list[fb.Tensor] = []

    def work(draw: Callable[[], fb.Tensor]) -> None:
        for _ in range(20):
            found.append(draw())

    threads = [threading.Thread(target=work, args=(d,)) for d in (step, lambda: fb.rand(size))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    fb.manual_seed(5)
    expected = {fb.rand(size).numpy().tobytes() for _ in range(40)}
    assert {x.numpy().tobytes() for x in found} == expected


@native
@pytest.mark.parametrize("target", ["sse2", "avx2", "avx512", "neon"])
def test_the_samplers_compile_for_every_processor(
    target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def everything() -> Any:
        few = fb.randn(3), fb.empty(9).exponential_(), F.rrelu(X, training=True)
        return few, fb.rand(9), fb.randn(33), fb.randperm(9), fb.randint(7, (9,)), F.dropout(X, 0.5)

    text = fb.compile(everything)
    text()
    assert "@flambeau.words" in text.llvm()
    from flambeau.compiler.llvm.module import Module
    from flambeau.compiler.loops.draw import DrawWriter

    module = Module(named(target))
    draws = [i for i in text.all()[0].program.instructions if i.operation.name == "draw"]
    assert len(draws) == 8
    for number, instruction in enumerate(draws):
        DrawWriter.of(instruction).write(module, f"draw{number}")
    assert len(emit_object(module.text(), module.target)) > 1000
