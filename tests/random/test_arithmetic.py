"""The exact arithmetic under the samplers, against rational numbers and the C library."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flambeau import random
from flambeau.random import Generator, box_muller, elementary, fused
from flambeau.random.destination import Destination
from flambeau.random.permutations import _exchanged, exchanges, inside_out
from flambeau.random.rejection import UniformStream
from tests.golden.random_steps import draw, steps

FLOATS = st.floats(allow_nan=False, allow_infinity=False)
SINGLES = st.floats(allow_nan=False, allow_infinity=False, width=32)


def nearest64(value: Fraction) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def nearest32(value: Fraction) -> np.float32:
    """Rounded once: towards zero with digits to spare, marked as inexact, then to float32."""
    wide = nearest64(value)
    with np.errstate(over="ignore"):
        candidate = np.float32(wide)
        below, above = (np.nextafter(candidate, np.float32(s * np.inf)) for s in (-1, 1))
    choices = [c for c in (below, candidate, above) if np.isfinite(c)]
    return min(choices, key=lambda c: (abs(Fraction(float(c)) - value), c.view(np.int32) & 1))


@given(FLOATS, FLOATS, FLOATS)
def test_fma_float64_rounds_once(a: float, b: float, c: float) -> None:
    with np.errstate(over="ignore", invalid="ignore"):
        result = fused.fma_float64(np.array([a]), b, c)[0]
    assert result == nearest64(Fraction(a) * Fraction(b) + Fraction(c))


# Sums that lie close to the middle between two neighbours, where rounding twice goes wrong.
@given(st.integers(2**52, 2**53), st.integers(2**52, 2**53), st.integers(-60, 60), st.booleans())
def test_fma_float64_near_ties(a: int, b: int, exponent: int, negative: bool) -> None:
    c = math.ldexp(-1.0 if negative else 1.0, 105 + exponent)
    result = fused.fma_float64(np.array([float(a)]), float(b), c)[0]
    assert result == nearest64(Fraction(a) * b + Fraction(c))


@given(SINGLES, SINGLES, SINGLES)
def test_fma_float32_rounds_once(a: float, b: float, c: float) -> None:
    exact = Fraction(a) * Fraction(b) + Fraction(c)
    if abs(exact) < Fraction(float(np.finfo(np.float32).max)):
        assert fused.fma_float32(np.array([a], np.float32), b, c)[0] == nearest32(exact)


@given(st.integers(2**23, 2**24), st.integers(2**23, 2**24), st.integers(-40, 40))
def test_fma_float32_near_ties(a: int, b: int, exponent: int) -> None:
    c = math.ldexp(1.0, 47 + exponent)
    result = fused.fma_float32(np.array([a], np.float32), float(b), c)[0]
    assert result == nearest32(Fraction(a) * b + Fraction(c))


@given(SINGLES, SINGLES)
def test_bounds_said_to_be_exact_are(b: float, c: float) -> None:
    if fused.is_exact_in_float64(b, c, digits=24):
        for k in (1, 3, 2**23 + 1, 2**24 - 1):
            product = Fraction(k, 2**24) * Fraction(b)
            assert Fraction(float(product)) == product
            assert Fraction(float(product) + c) == product + Fraction(c)


@pytest.mark.parametrize("name", ["log", "log1p", "exp", "sin", "cos", "tan"])
def test_functions_are_the_c_librarys(name: str) -> None:
    x = np.random.default_rng(0).uniform(0.0, 6.3, 20_000)
    x = -x / 6.3 if name == "log1p" else x
    expected = [getattr(math, name)(value) for value in x.tolist()]
    assert getattr(elementary, name)(x).tolist() == expected


def test_functions_at_their_poles() -> None:
    with np.errstate(divide="ignore", over="ignore"):
        assert elementary.log(np.array([0.0, 1.0])).tolist() == [-math.inf, 0.0]
        assert elementary.log1p(np.array([-1.0, 0.0])).tolist() == [-math.inf, 0.0]
        assert elementary.exp(np.array([1e4, 0.0])).tolist() == [math.inf, 1.0]


def single_fma(a: np.ndarray, b: np.ndarray | float, c: np.ndarray) -> np.ndarray:
    """The fused step of `box_muller`, with one rounding that is certain."""
    total = a * b
    result = total + c
    error = fused._sum_error(total, np.asarray(c, np.float64), result)
    return fused._rounded_to_odd(result, error).astype(np.float32)


def test_single_precision_blocks_round_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rounding by way of float64 changes no radius, cosine or sine.

    Every 61st of the 2**24 arguments; all of them take half a minute and agree too.
    """
    u = np.arange(0, 2**24, 61).astype(np.float32) * np.float32(2.0**-24)
    distance, angle = np.float32(1.0) - u, np.float32(2.0 * math.pi) * u
    fast = (box_muller.radius(distance), *box_muller.cosine_and_sine(angle))

    def horner(coefficients: tuple[float, ...], x: np.ndarray) -> np.ndarray:
        value = np.full(x.shape, coefficients[0], np.float32)
        for coefficient in coefficients[1:]:
            value = single_fma(value.astype(np.float64), x, np.float64(coefficient))
        return value

    monkeypatch.setattr(box_muller, "_fused", single_fma)
    monkeypatch.setattr(box_muller, "_horner", horner)
    exact = (box_muller.radius(distance), *box_muller.cosine_and_sine(angle))
    for ours, certain in zip(fast, exact, strict=True):
        assert np.array_equal(ours.view(np.int32), certain.view(np.int32))


def test_single_precision_functions_are_accurate() -> None:
    u = np.arange(1, 2**24, 997).astype(np.float32) * np.float32(2.0**-24)
    np.testing.assert_allclose(box_muller.radius(u), np.sqrt(-2.0 * np.log(u.astype(float))), 2e-7)
    cosine, sine = box_muller.cosine_and_sine(u * np.float32(6.28))
    angle = (u * np.float32(6.28)).astype(float)
    np.testing.assert_allclose(cosine, np.cos(angle), rtol=0, atol=1e-7)
    np.testing.assert_allclose(sine, np.sin(angle), rtol=0, atol=1e-7)


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=60))
def test_exchanges_found_by_sorting_are_those_of_the_loop(outputs: list[int]) -> None:
    n = len(outputs) + 1
    aims = np.array([i + z % (n - i) for i, z in enumerate([*outputs, 0])], np.uint64)
    assert exchanges(aims).tolist() == _exchanged(outputs, n)


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=60))
def test_inside_out_shuffle(outputs: list[int]) -> None:
    aims = [z % (i + 1) for i, z in enumerate(outputs)]
    order: list[int] = []
    for i, aim in enumerate(aims):
        order.append(i)
        order[i], order[aim] = order[aim], i
    assert inside_out(aims, len(aims)).tolist() == order


@given(st.permutations(range(4)), st.lists(st.integers(1, 2), min_size=4, max_size=4))
def test_targets_are_filled_in_the_order_of_their_memory(axes: list[int], skip: list[int]) -> None:
    base = np.zeros((3, 4, 2, 5), int)
    view = base[tuple(slice(None, None, step) for step in skip)]
    count = view.size
    destination = Destination("test", into=view.transpose(axes))
    destination.flat[:] = np.arange(1, count + 1)
    destination.finish()
    assert base[base > 0].tolist() == list(range(1, count + 1))


def test_what_a_stream_did_not_use_goes_back() -> None:
    for taken in (0, 1, 15, 16, 17, 3000):
        generator = Generator().manual_seed(2)
        with UniformStream(generator) as stream:
            values = [stream.next() for _ in range(taken)]
        assert values == random.uniform(Generator().manual_seed(2), taken, "float64").tolist()
        expected = Generator().manual_seed(2)
        expected.advance(2 * taken)
        assert np.array_equal(generator.peek(700), expected.peek(700))


def draws(step, waiting: bool) -> int | None:
    """What `flambeau.random.draws` says about a step; None for samplers without a number."""
    n = int(np.prod(step.shape))
    match step.sampler:
        case "uniform":
            return random.draws_uniform(n, step.dtype)
        case "normal":
            contiguous = step.layout == "contiguous"
            return random.draws_normal(n, step.dtype, contiguous=contiguous, waiting=waiting)
        case "log_normal":
            return random.draws_log_normal(n, waiting=waiting)
        case "integers":
            low, high = step.parameters or (None, None)
            return random.draws_integers(n, step.dtype, low, high)
        case "permutation":
            return random.draws_permutation(n)
        case "bernoulli" | "dropout_noise":
            return random.draws_bernoulli(n)
        case "bernoulli_array":
            return random.draws_bernoulli(n, step.dtype)
        case "exponential" | "geometric" | "cauchy":
            return random.draws_inversion(n)
        case "multinomial":
            count, replacement = step.parameters
            rows = n // step.shape[-1]
            return random.draws_multinomial(rows, step.shape[-1], int(count), bool(replacement))
    return None


@pytest.mark.filterwarnings("ignore:random. beyond")
def test_samplers_consume_what_they_say() -> None:
    generator, shadow = Generator(), Generator()
    counted = 0
    for step in steps():
        count = draws(step, generator.cached_normal is not None)
        draw(generator, step)
        if count is None:
            shadow.restore(generator.snapshot())
            continue
        shadow.advance(count)
        counted += 1
        assert np.array_equal(shadow.engine.words, generator.engine.words), step.label
    assert counted > 1000
