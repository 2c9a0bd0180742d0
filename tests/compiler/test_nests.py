"""Corners of loop nests: sizes, strides, types and special values, compiled against eager."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import flambeau as fb
from flambeau.compiler.compiled import compile
from tests.compiler.programs import compare


def check(function: Callable[..., Any], *inputs: Any) -> None:
    """Eager and compiled agree, at the first call and at the second."""
    expected = function(*inputs)
    step = compile(function)
    for _ in range(2):
        found = step(*inputs)
        if isinstance(expected, fb.Tensor):
            compare([expected], [found])
            assert expected.stride() == found.stride()
        else:
            compare(list(expected), list(found))


def numbers(*shape: int, dtype: Any = fb.float64) -> fb.Tensor:
    count = int(np.prod(shape))
    return (fb.arange(count, dtype=fb.float64) * 0.37).sin().reshape(shape).to(dtype)


@pytest.mark.parametrize(
    "shape", [(0,), (0, 3), (3, 0), (2, 0, 4), (1,), (1, 1), (1, 7, 1), (7, 1)]
)
def test_sizes_zero_and_one(shape: tuple[int, ...]) -> None:
    check(
        lambda x: (
            x * 2 + 1,
            x.sum(),
            x.sum(0),
            x.prod(-1, keepdim=True),
            x.exp().mT if x.ndim > 1 else x.exp(),
        ),
        numbers(*shape),
    )


@pytest.mark.parametrize("size", [1, 2, 7, 8, 9, 15, 16, 17, 63, 64, 65, 127, 129, 1000, 1023])
@pytest.mark.parametrize("dtype", [fb.float64, fb.float32, fb.int64, fb.bfloat16, fb.float16])
def test_tails(size: int, dtype: Any) -> None:
    x, y = numbers(3, size).mul(5).to(dtype), numbers(size).mul(5).to(dtype)
    check(
        lambda x, y: (x + y, (x * y).sum(1), (x + 1).sum(0), x.amax(1), x > y, (x > y).any(0)), x, y
    )


@pytest.mark.parametrize("dims", [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)])
@pytest.mark.parametrize("keepdim", [False, True])
@pytest.mark.parametrize("shape", [(2, 3, 5), (4, 33, 70), (3, 2, 1000), (300, 2, 3), (2, 300, 3)])
def test_reductions_over_any_dims(
    dims: tuple[int, ...], keepdim: bool, shape: tuple[int, ...]
) -> None:
    x = numbers(*shape)
    check(
        lambda x: (
            x.sum(dims, keepdim), x.amax(dims, keepdim), x.amin(dims, keepdim),
            x.mean(dims, keepdim), (x > 0.9).any(dims, keepdim), (x * 2).logsumexp(dims, keepdim),
            x.var(dims, keepdim=keepdim),
        ),
        x,
    )  # fmt: skip


@pytest.mark.parametrize("order", [(0, 2, 1), (2, 1, 0), (1, 0, 2), (2, 0, 1), (1, 2, 0)])
def test_transposed_inputs_and_outputs(order: tuple[int, ...]) -> None:
    check(lambda x: x.permute(order) * 2, numbers(4, 5, 33))
    check(lambda x: ((x * 2).permute(order).sum(1),), numbers(4, 5, 33))
    check(lambda x: x.permute(order).contiguous(), numbers(4, 5, 33))
    check(lambda x, y: x.permute(order) + y.permute(order), numbers(4, 5, 6), numbers(4, 5, 6))


def test_steps_and_offsets() -> None:
    check(lambda x: (x[::2, 1:] * 2, x[1, ::3].sum(), x.flip(0, 2) + x), numbers(5, 6, 7))


def test_broadcasts_of_every_kind() -> None:
    a, b, c, d = numbers(4, 1, 6), numbers(5, 1), numbers(6), numbers()
    check(lambda a, b, c, d: (a + b, a * b + c, a - d, (a + b + c + d).sum(1)), a, b, c, d)


def test_mixed_types() -> None:
    a, b, c = numbers(40), numbers(40, dtype=fb.float32), fb.arange(40)
    d, e = fb.arange(40) % 3 == 0, numbers(40, dtype=fb.bfloat16)
    check(
        lambda a, b, c, d, e: (a + b, b * c, c + d, d * e, b + e, a + c, c // 7, e * 2),
        a,
        b,
        c,
        d,
        e,
    )


def test_more_operations_than_one_nest_takes() -> None:
    def function(x: fb.Tensor) -> Any:
        kept = []
        for number in range(150):
            x = (x * 0.9 + 0.1 * number).sin()
            kept.append(x.sum())
        return [x, *kept]

    check(function, numbers(37))


def test_nan_and_infinity() -> None:
    x = fb.tensor([1.0, float("nan"), -float("inf"), float("inf"), -0.0, 0.0, 3.0] * 5)
    x = x.to(fb.float64)
    check(
        lambda x: (
            x + 1, x.relu(), x.clamp(-1, 1), x > 0, x == x, x.isnan(), x.isinf(), x * 0, 1 / x,
            x.amax(), x.amin(), x[:1].amax(), x.reshape(7, 5).amax(0), fb.maximum(x, x.flip(0)),
            x.nan_to_num(), x.sum(), x.sign(), x.sigmoid(), x.tanh(), x.exp(),
            fb.where(x > 0, x, 0),
        ),
        x,
    )  # fmt: skip


def test_reductions_of_nothing() -> None:
    x = fb.zeros(0, 4, dtype=fb.float64)
    check(lambda x: (x.sum(), x.sum(0), x.prod(0), x.any(), x.all(1), x.mean(0)), x)
    with pytest.raises(RuntimeError, match="amax"):
        compile(lambda x: x.amax())(x)


def test_integers_wrap() -> None:
    x = fb.tensor([2**62, -(2**62), 5, -7])
    check(lambda x: (x * 4, x + x, x.sum(), x // 2, x % 3, x.abs(), x.prod()), x)


def test_a_value_read_in_two_layouts() -> None:
    def function(x: fb.Tensor) -> Any:
        y = x.sin()
        return y + y.T, (y @ y.T).sum(0) * y[0], y.T.reshape(-1), y.sum(1) - y.T.sum(0)

    check(function, numbers(9, 9))


def test_writes_to_overlapping_views() -> None:
    def function(x: fb.Tensor) -> Any:
        y = x.clone()
        y[1:].add_(y[:-1])
        y.T[0] = 5
        y.diagonal().mul_(2)
        y[::2, 1:] += y[1::2, :-1].sum()
        return y

    check(function, numbers(6, 6))


def test_a_captured_array_written_while_it_is_read() -> None:
    def run(transform: Callable[..., Any]) -> Any:
        state = numbers(7, 7)

        def step(x: fb.Tensor) -> Any:
            before = state.sum()
            state.add_(state.T)
            state[2:4].mul_(x)
            return before, state * 1

        step = transform(step)
        found = [step(fb.tensor(0.5, dtype=fb.float64)) for _ in range(3)]
        return [t for pair in found for t in pair] + [state]

    compare(run(lambda f: f), run(compile))


def test_the_index_is_checked_before_anything_changes() -> None:
    state, index = numbers(5), fb.tensor([0, 9])

    def step(index: fb.Tensor) -> Any:
        state.mul_(2)
        return state.index_select(0, index)

    before = state.clone()
    compiled = compile(step)
    compiled(fb.tensor([0, 1]))
    expected = (before * 2).numpy().copy()
    with pytest.raises((IndexError, RuntimeError)):
        compiled(index)
    np.testing.assert_array_equal(state.numpy(), expected)


def native(function: Callable[..., Any], *inputs: Any) -> None:
    """As ``check``, and nothing runs through NumPy."""
    check(function, *inputs)
    step = compile(function)
    step(*inputs)
    (made,) = (s for several in step.specialisations.values() for s in several)
    assert made.compute.calls == []


def test_movement_needs_no_numpy() -> None:
    x, y = numbers(4, 5, 6), numbers(4, 2, 6)
    native(
        lambda x, y: (
            fb.cat([x, y, x * 2], 1), fb.stack([x, x + 1], 2), x.flip(0, 2), x.roll(2, 1),
            x.roll((1, -2), (0, 2)), x.repeat(2, 1, 3), x.rot90(1, (0, 2)), x.mT.flip(1) + 1,
            fb.cat([x.mT, x.mT], 0).sum(1), fb.diag_embed(y[0, 0]), x[0, 0].repeat(2, 2),
        ),
        x, y,
    )  # fmt: skip


def test_gradients_of_movement_need_no_numpy() -> None:
    def function(x: fb.Tensor) -> Any:
        x = x.detach().requires_grad_()
        y = fb.cat([x[1:, :2], x.flip(0)[1:, 3:]], 1).roll(1, 0)
        z = (y * x[0, 0]).sum() + (x.diagonal() ** 2).sum() + x[:, ::2].chunk(2, 1)[0].sin().sum()
        return fb.autograd.grad(z, x)

    native(function, numbers(3, 6))


def test_writes_by_index_need_no_numpy() -> None:
    x, rows, index = numbers(6, 5), numbers(4, 5), fb.tensor([3, -1, 3, 0])

    def function(x: fb.Tensor, rows: fb.Tensor, index: fb.Tensor) -> Any:
        y, z, w, places = x.clone(), x.clone(), x * 2, index % 6
        y[index] = rows
        z[:, index % 5] = 0.5
        w.index_put_((index,), rows[0], accumulate=True)
        return [
            y, z, w, x.index_copy(0, places, rows), x.index_add(0, places, rows),
            x.scatter(0, places.reshape(4, 1).expand(4, 5), rows),
            x.scatter_add(1, (places % 5).expand(6, 4), rows.T[:, :4].repeat(2, 1)[:6]),
        ]  # fmt: skip

    native(function, x, rows, index)


@pytest.mark.parametrize("shape", [(7,), (1, 5), (40, 3), (3, 40), (5, 17, 33)])
@pytest.mark.parametrize("dtype", [fb.float64, fb.float32, fb.int64])
def test_running_sums_and_positions_need_no_numpy(shape: tuple[int, ...], dtype: Any) -> None:
    x = numbers(*shape).mul(4).to(dtype)
    for dim in range(x.ndim):
        native(
            lambda x, dim=dim: (
                x.cumsum(dim), (x.mT if x.ndim > 1 else x).cumprod(dim), x.argmax(dim),
                x.argmin(dim, keepdim=True), *x.max(dim), *x.min(dim, keepdim=True), x.argmax(),
            ),
            x,
        )  # fmt: skip


def test_positions_of_nan_and_of_equal_elements() -> None:
    nan = float("nan")
    x = fb.tensor([[1.0, nan, 3.0, nan], [2.0, 5.0, 5.0, 1.0], [nan, 1.0, 1.0, 1.0]])
    native(lambda x: (x.argmax(1), x.argmin(1), *x.max(0), x.argmax()), x)


@pytest.mark.parametrize("diagonal", [-2, 0, 1])
def test_triangles_need_no_numpy(diagonal: int) -> None:
    native(lambda x: (x.tril(diagonal), x.triu(diagonal).sum(0)), numbers(2, 5, 7))


@pytest.mark.parametrize("dtype", [fb.float32, fb.float64])
def test_quotients_by_one_divisor(dtype: Any) -> None:
    """Divisors that a loop divides by many times: also the rarest of values, and their signs."""
    info = np.finfo(dtype.numpy)
    special = [0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0, info.max, -info.max, info.tiny, 3.0]
    ordinary = np.random.default_rng(0).standard_normal(1000) * 10.0 ** np.arange(-10, 10).repeat(
        50
    )
    x = fb.from_numpy(np.concatenate([special, ordinary]).astype(dtype.numpy))
    exponent = 120.0 if dtype is fb.float32 else 1020.0
    divisors = [*special, 7.0, -0.3, 1e10, 2.0**exponent * 1.1, -(2.0**-exponent)]
    by_number = fb.compile(lambda x, c: x / c)
    by_tensor = fb.compile(lambda x, c: x / c)
    by_column = fb.compile(lambda x, c: x / c)
    columns = fb.tensor(divisors, dtype=dtype)[:, None]
    with np.errstate(all="ignore"):
        for c in divisors:
            expected = x.numpy() / dtype.numpy.type(c)
            for found in (by_number(x, c), by_tensor(x, fb.tensor(c, dtype=dtype))):
                same_quotients(found.numpy(), expected, info)
        expected = x.numpy() / columns.numpy()
    same_quotients(by_column(x, columns).numpy(), expected, info)


def same_quotients(found: np.ndarray, expected: np.ndarray, info: Any) -> None:
    ordinary = ~(np.abs(expected) < info.tiny) | (expected == 0)  # the others are flushed
    np.testing.assert_array_max_ulp(found[ordinary], expected[ordinary], 1)
    assert (np.signbit(found) == np.signbit(expected))[~np.isnan(expected)].all()
    wrong = (found != expected)[ordinary & ~np.isnan(expected)]
    assert wrong.sum() <= 0.01 * wrong.size


@pytest.mark.parametrize("dtype", [fb.float32, fb.float64, fb.bfloat16, fb.float16])
@pytest.mark.parametrize("size", [256, 511, 1024, 2085])
def test_long_expressions_of_several_vectors(dtype: Any, size: int) -> None:
    """Vectors computed side by side, with reductions, broadcasts, truth values and a rest."""
    x, y = numbers(3, size, dtype=dtype), numbers(size, dtype=dtype)
    check(
        lambda x, y: (
            fb.nn.functional.gelu(x * 2 + y).tanh() > 0.1, (x * y).exp().sum(-1),
            x.sigmoid().amax(), (x.exp() + y).sum(0), x.erf().where(x > y, y.sin()),
            fb.where(x > 0, x.tanh(), 1).prod(-1) if dtype is fb.float64 else x.cos(),
        ),
        x, y,
    )  # fmt: skip


@pytest.mark.parametrize("dtype", [fb.float32, fb.float64])
@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 9, 17, 25, 33, 50, 129, 257])
def test_unused_lanes_of_quotients_do_not_reach_sums(size: int, dtype: Any) -> None:
    x, y = numbers(7, size, dtype=dtype), numbers(1, size, dtype=dtype).abs() + 0.5
    check(
        lambda x, y: (
            (x / y).sum(-1), (x * 2 / (y + y)).amax(-1), (x / y).prod(1), (y / x).square().sum(),
            (x * x / (x * x)).sum(1), (x.atan2(y) + x.fmod(y)).sum(1), (x / y).amin(0),
        ),
        x, y,
    )  # fmt: skip


@pytest.mark.parametrize("shape", [(1, 300_001), (1, 11, 26_003), (90_000, 1)])
def test_sums_along_dimensions_of_size_one_in_chunks(shape: tuple[int, ...]) -> None:
    x = numbers(*shape)
    dim = shape.index(1)
    check(
        lambda x: (
            (x * 2).exp().sum(dim, keepdim=True) + x, x.amax(dim), (x > 0).any(dim),
            x.mT.sum(-1 if dim == len(shape) - 2 else -2),
        ),
        x,
    )  # fmt: skip
