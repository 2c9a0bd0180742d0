"""Work shared among threads: the same bits, however many threads there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import flambeau as fb
from flambeau import nn
from flambeau.compiler.compiled import compile
from flambeau.compiler.loops import nest, rows
from flambeau.compiler.loops.steps import Rows
from flambeau.nn import functional as F
from tests.compiler.programs import RandomProgram, compare, inputs_of


@pytest.fixture(autouse=True)
def same_threads_afterwards() -> Iterator[None]:
    before = fb.get_num_threads()
    yield
    fb.set_num_threads(before)


def numbers(*shape: int, dtype: Any = fb.float32) -> fb.Tensor:
    return fb.randn(*shape, dtype=fb.float64).to(dtype)


def check(function: Callable[..., Any], *inputs: fb.Tensor) -> list[Any]:
    """The bits of all results agree for 1, 2, 3 and 8 threads, and the values with eager's.

    Returns:
        The steps that the function became.
    """
    step = compile(function)
    found = []
    for count in (1, 2, 3, 8):
        fb.set_num_threads(count)
        found.append(step(*inputs))
    (made,) = (s for several in step.specialisations.values() for s in several)
    assert "flambeau_parallel_for" in made.compute.handle.text
    for other in found[1:]:
        for x, y in zip(found[0], other, strict=True):
            assert x._array.tobytes() == y._array.tobytes()
    compare(list(function(*inputs)), list(found[0]))
    return made.compute.schedule.steps


@pytest.mark.parametrize("dtype", [fb.float32, fb.float64, fb.bfloat16])
@pytest.mark.parametrize("size", [300_000, 262_144, 299_999, 300_065])
def test_long_vectors(dtype: Any, size: int) -> None:
    x = numbers(size, dtype=dtype).clamp(-3, 3)
    check(lambda x: (x * 2 + 1, x.sum(dtype=fb.float64), x.amax(), (x > 2.5).any(), x.exp()), x)


@pytest.mark.parametrize("shape", [(700, 500), (3, 100_003), (100_003, 3), (37, 41, 211)])
def test_reductions_of_every_kind(shape: tuple[int, ...]) -> None:
    x = numbers(*shape, dtype=fb.float64)
    last = x.ndim - 1
    check(
        lambda x: (
            x.sum(0), x.sum(last), x.mean(), x.amax(0), x.T.amin(0) if x.ndim == 2 else x.amin(1),
            (x * 2).logsumexp(last), x.var(0), x.prod(last, keepdim=True), x.sum(0, keepdim=True),
        ),
        x,
    )  # fmt: skip


@pytest.mark.parametrize("columns", [4000, 8000, 10_000])
def test_long_results_of_chunks_are_combined_at_once(columns: int) -> None:
    """Combining them is itself work that might be worth sharing."""
    x = numbers(400, columns)
    check(lambda x: (x.sum(0), x.amax(0), (x * x).sum(0, keepdim=True)), x)


def test_transposed_and_broadcast() -> None:
    x, y = numbers(900, 400), numbers(400, 900)
    check(lambda x, y: (x + y.T, (x.T * y).sum(0), x - x.mean(1, keepdim=True)), x, y)


def test_products() -> None:
    x, y, z = numbers(300, 500), numbers(500, 260), numbers(24, 70, 90)
    check(lambda x, y, z: (x @ y, (y.T @ x.T).sum(0), z @ z.mT), x, y, z)


def test_gathers() -> None:
    x, index = numbers(5000, 64), fb.randint(0, 5000, (20_000,))
    check(lambda x, i: (x[i] * 2, x.index_select(0, i).sum(1)), x, index)


def test_training_step() -> None:
    def run(threads: int) -> list[np.ndarray]:
        fb.set_num_threads(threads)
        fb.manual_seed(0)
        model = nn.Sequential(nn.Linear(200, 300), nn.ReLU(), nn.Linear(300, 10))
        optimizer = fb.optim.Adam(model.parameters(), 1e-3)
        x, y = numbers(128, 200), fb.randint(0, 10, (128,))

        @compile
        def step(x: fb.Tensor, y: fb.Tensor) -> fb.Tensor:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            return loss

        losses = [step(x, y).detach().numpy().copy() for _ in range(5)]
        return losses + [p.detach().numpy() for p in model.parameters()]

    first = run(1)
    for threads in (2, 3, 8):
        for x, y in zip(first, run(threads), strict=True):
            assert x.tobytes() == y.tobytes()


def layer_norm(x: fb.Tensor) -> fb.Tensor:
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()


@pytest.mark.parametrize("shape", [(300, 700), (1000, 33), (7, 40, 500), (3, 90_000)])
def test_rows_walked_several_times(shape: tuple[int, ...]) -> None:
    x = numbers(*shape)
    steps = check(
        lambda x: (
            x.softmax(-1), layer_norm(x), x.log_softmax(0), x.softmax(1), layer_norm(x).sum(0),
            (x - x.amax(-1, keepdim=True)).argmax(-1), layer_norm(x.mT),
        ),
        x,
    )  # fmt: skip
    assert any(isinstance(step, Rows) for step in steps)


def test_sums_across_rows_are_whole_before_rows_use_them() -> None:
    x = numbers(700, 700, dtype=fb.float64)

    def step(x: fb.Tensor) -> tuple[fb.Tensor, ...]:
        centred = x - x.mean(-1, keepdim=True)
        columns = centred.exp().sum(0)
        return centred * columns[:, None], centred * columns, columns, centred.sum(), x.amin(0)

    steps = check(step, x)
    (rows,) = [step for step in steps if isinstance(step, Rows)]
    assert rows.chunks > 1


def test_rows_of_several_dimensions() -> None:
    x, y = numbers(6, 50, 700, dtype=fb.float64), numbers(50, 700, dtype=fb.float64)

    def step(x: fb.Tensor, y: fb.Tensor) -> tuple[fb.Tensor, ...]:
        chances = (x + y).softmax(-1)
        return chances.sum(0), chances.sum((0, 1)), layer_norm(chances), chances.sum(1)

    steps = check(step, x, y)
    assert any(isinstance(step, Rows) for step in steps)


@pytest.mark.parametrize("dtype", [fb.float32, fb.float64])
@pytest.mark.parametrize("shape", [(300, 701), (1031, 65)])
def test_gradients_along_rows(shape: tuple[int, ...], dtype: Any) -> None:
    x, y, g = (numbers(*shape, dtype=dtype) for _ in range(3))
    weight, bias = numbers(shape[-1], dtype=dtype), numbers(shape[-1], dtype=dtype)
    labels = fb.randint(0, shape[-1], shape[:1])

    def gradients(x: fb.Tensor, y: fb.Tensor, weight: fb.Tensor, bias: fb.Tensor) -> list:
        inputs = [t.detach().requires_grad_() for t in (x, y, weight, bias)]
        x, y, weight, bias = inputs
        scale = (y.square().mean(-1, keepdim=True) + 1e-5).rsqrt()
        total = (
            (x.softmax(-1) * g).sum() + (layer_norm(y) * weight + bias).mul(g).sum()
            + F.cross_entropy(y, labels) + (y * scale * weight).mul(g).sum()
        )  # fmt: skip
        return list(fb.autograd.grad(total, inputs))

    steps = check(gradients, x, y, weight, bias)
    assert any(isinstance(step, Rows) for step in steps)


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("block", [1, 300])
def test_small_programs_in_chunks(seed: int, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks so small that every corner of splitting is met."""
    monkeypatch.setattr(nest, "SHARED_NANOSECONDS", 0)
    monkeypatch.setattr(nest, "CHUNK_NANOSECONDS", 0.01)
    monkeypatch.setattr(rows, "BLOCK_BYTES", block)
    fb.set_num_threads(3)
    program = RandomProgram(seed, 10)
    compare(program(*inputs_of(seed)), compile(program)(*inputs_of(seed)))
