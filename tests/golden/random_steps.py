"""Sequences of random draws: what to draw, and how flambeau draws it."""

import hashlib
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from flambeau import random
from flambeau.random.precision import as_dtype

STREAMS_FILE = Path(__file__).with_name("random.json")
DIGEST_LENGTH = 8
SEEDS = (0, 1234567, -1, 2**63 + 12345)

REALS = ("float32", "float64", "float16", "bfloat16")
COMPLEXES = ("complex64", "complex128")
INTEGERS = ("int64", "int32", "int16", "int8", "uint8")
# Around blocks of sixteen, around a block of the generator, and past one pass of the samplers.
SIZES = (0, 1, 2, 7, 15, 16, 17, 31, 32, 100, 625, 10007)
LONG_SIZES = (32768, 32773, 65551)


class Step(NamedTuple):
    """One draw: a sampler's name, the target's shape, dtype and layout, and parameters."""

    sampler: str
    shape: tuple[int, ...]
    dtype: str = "float32"
    layout: str = "contiguous"
    parameters: tuple[float, ...] = ()

    @property
    def label(self) -> str:
        """The step in one line."""
        shape = "x".join(map(str, self.shape))
        parameters = ",".join(f"{value:g}" for value in self.parameters)
        return f"{self.sampler}({parameters}) {shape} {self.dtype} {self.layout}"

    @property
    def uses_library_functions(self) -> bool:
        """Whether the last bits depend on the C library's log, exp, sine, cosine or tangent."""
        if self.sampler == "normal":
            # The polynomials of the single-precision blocks are flambeau's own.
            blocks = self.layout == "contiguous" and np.prod(self.shape) >= 16
            return not (blocks and self.dtype in ("float32", "float16", "bfloat16", "complex64"))
        return self.sampler in LIBRARY_SAMPLERS


LIBRARY_SAMPLERS = frozenset(
    {
        "binomial",
        "cauchy",
        "dirichlet",
        "exponential",
        "geometric",
        "log_normal",
        "multinomial",
        "poisson",
        "standard_gamma",
    }
)


def steps() -> list[Step]:
    """All draws, in an order in which each dtype and size follows different neighbours."""
    groups = [
        list(group)
        for group in (
            _continuous(),
            _integers(),
            _masks(),
            _layouts(),
            _weighted(),
            _by_rejection(),
        )
    ]
    rounds = itertools.zip_longest(*groups)
    return [step for round_ in rounds for step in round_ if step is not None]


def _continuous() -> Iterator[Step]:
    for size, dtype in itertools.product(SIZES, (*REALS, *COMPLEXES)):
        for bounds in ((0.0, 1.0), (-0.123, 0.456), (1.0, 1.001), (-3e-5, 1e-5)):
            yield Step("uniform", (size,), dtype, parameters=bounds)
        for moments in ((0.0, 1.0), (1.5, 0.3), (0.0, 0.02), (1e4, 1e-3)):
            yield Step("normal", (size,), dtype, parameters=moments)
    for size, dtype in itertools.product(SIZES, REALS):
        for rate in (1.0, 0.3):
            yield Step("exponential", (size,), dtype, parameters=(rate,))
        yield Step("cauchy", (size,), dtype, parameters=(1.5, 0.3))
        yield Step("log_normal", (size,), dtype, parameters=(-0.3, 1.1))
    for size, dtype in itertools.product(LONG_SIZES, REALS):
        yield Step("normal", (size,), dtype, parameters=(0.0, 1.0))
        yield Step("uniform", (size,), dtype, parameters=(0.0, 1.0))


def _integers() -> Iterator[Step]:
    for size in (*SIZES, 599, 600, 60000):
        yield Step("permutation", (size,), "int64")
    yield Step("permutation", (200,), "int32")
    yield Step("permutation", (256,), "uint8")
    yield Step("permutation", (2049,), "float16")
    for size, dtype in itertools.product((0, 1, 16, 10007), (*INTEGERS, "bool", *REALS)):
        yield Step("integers", (size,), dtype)
        yield Step("integers", (size,), dtype, parameters=(0, 2))
    for dtype in (*INTEGERS, *REALS, "uint16", "uint32", "uint64"):
        yield Step("integers", (1000,), dtype, parameters=(3, 100))
    for bounds in ((-5, 7), (0, 2**28 - 1), (0, 2**28), (-(2**31), 2**40), (0, 2**63 - 1)):
        yield Step("integers", (1000,), "int64", parameters=bounds)
    for dtype, bounds in (
        ("float32", (2**24 + 1, 2**24 + 3)),
        ("float32", (-(2**30) - 3, 2**30 + 10)),
        ("float16", (-2049, 4097)),
        ("bfloat16", (-70001, 3)),
        ("float64", (2**53 + 1, 2**53 + 3)),
    ):
        yield Step("integers", (1000,), dtype, parameters=bounds)


def _masks() -> Iterator[Step]:
    for size, dtype in itertools.product(SIZES, ("bool", "int64", *REALS)):
        for p in (0.5, 1 / 3, 1e-6, 1.0):
            yield Step("bernoulli", (size,), dtype, parameters=(p,))
    for size, dtype in itertools.product(SIZES, REALS):
        yield Step("bernoulli_array", (size,), dtype)
        yield Step("geometric", (size,), dtype, parameters=(0.3,))
        yield Step("dropout_noise", (size,), dtype, parameters=(0.1,))
    for dtype in ("float32", "float64", "bfloat16"):
        yield Step("rrelu_slopes", (1000,), dtype, parameters=(0.125, 1 / 3))


def _layouts() -> Iterator[Step]:
    samplers = {
        "uniform": (0.0, 1.0),
        "normal": (0.5, 2.0),
        "integers": (0, 1000),
        "bernoulli": (0.5,),
        "exponential": (1.0,),
    }
    for layout, (sampler, parameters) in itertools.product(
        ("transposed", "strided"), samplers.items()
    ):
        yield Step(sampler, (3, 5), "float32", layout, parameters)
        yield Step(sampler, (40, 33), "float64", layout, parameters)
    for sampler in ("uniform", "normal"):
        yield Step(sampler, (6, 7), "complex64", "transposed", (0.0, 1.0))
    yield Step("bernoulli_array", (9, 31), "float32", "transposed")


def _weighted() -> Iterator[Step]:
    for shape, dtype in itertools.product(((27,), (5, 27), (1000,)), REALS):
        yield Step("multinomial", shape, dtype, parameters=(1, False))
        yield Step("multinomial", shape, dtype, parameters=(40, True))
    for shape, dtype in itertools.product(((27,), (5, 27), (1000,)), ("float32", "float64")):
        yield Step("multinomial", shape, dtype, parameters=(9, False))


def _by_rejection() -> Iterator[Step]:
    for dtype, rate in itertools.product(REALS, (0.0, 0.5, 9.99, 10.0, 777.0)):
        yield Step("poisson", (300,), dtype, parameters=(rate,))
    for dtype, n, p in itertools.product(
        ("float32", "float64"), (1, 20, 1e5), (0.0, 0.001, 0.3, 0.5, 0.83, 1.0)
    ):
        yield Step("binomial", (200,), dtype, parameters=(n, p))
    for dtype, shape in itertools.product(("float32", "float64"), (0.01, 0.5, 1.0, 2.7, 1e4)):
        yield Step("standard_gamma", (201,), dtype, parameters=(shape,))
        yield Step("dirichlet", (30, 3), dtype, parameters=(shape,))


def target(step: Step) -> np.ndarray:
    """An array to fill, in the step's layout."""
    dtype = as_dtype(step.dtype)
    if step.layout == "transposed":
        return np.empty(step.shape[::-1], dtype).T
    rows, columns = step.shape
    return np.empty((2 * rows, 3 * columns), dtype)[::2, 1::3]


def ramp(step: Step) -> np.ndarray:
    """Input of a step's shape and dtype, from 0 to 1."""
    size = int(np.prod(step.shape))
    return np.linspace(0.0, 1.0, size).reshape(step.shape).astype(as_dtype(step.dtype))


def filled(step: Step, value: float) -> np.ndarray:
    """Input of a step's shape and dtype, everywhere the same."""
    return np.full(step.shape, value, as_dtype(step.dtype))


def draw(generator: random.Generator, step: Step) -> np.ndarray:
    """flambeau's samples."""
    if step.layout == "contiguous":
        place: dict[str, Any] = {"shape": step.shape, "dtype": as_dtype(step.dtype)}
    else:
        place = {"into": target(step)}
    parameters = step.parameters
    match step.sampler:
        case "uniform" | "normal" | "exponential" | "cauchy" | "log_normal":
            names = {
                "uniform": ("low", "high"),
                "normal": ("mean", "std"),
                "exponential": ("rate",),
                "cauchy": ("median", "sigma"),
                "log_normal": ("mean", "std"),
            }[step.sampler]
            named = dict(zip(names, parameters, strict=True))
            return getattr(random, step.sampler)(generator, **place, **named)
        case "integers":
            low, high = parameters or (None, None)
            return random.integers(generator, **place, low=low, high=high)
        case "permutation":
            return random.permutation(generator, step.shape[0], as_dtype(step.dtype))
        case "bernoulli" | "geometric" | "dropout_noise":
            return getattr(random, step.sampler)(generator, parameters[0], **place)
        case "bernoulli_array":
            return random.bernoulli(generator, ramp(step), **place)
        case "rrelu_slopes":
            x = filled(step, 0.5) - ramp(step)
            return random.rrelu_slopes(generator, x, *parameters)
        case "multinomial":
            count, replacement = parameters
            return random.multinomial(generator, weights(step), int(count), bool(replacement))
        case "binomial":
            n, p = parameters
            return random.binomial(generator, filled(step, n), filled(step, p))
        case _:
            return getattr(random, step.sampler)(generator, filled(step, parameters[0]))


def weights(step: Step) -> np.ndarray:
    """Weights for `multinomial`, the first one zero."""
    return ramp(step)[..., ::-1].copy() if len(step.shape) > 1 else ramp(step)


def digest(array: np.ndarray) -> str:
    """A short fingerprint of the bits, elements in logical order."""
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()[:DIGEST_LENGTH]


def last_value(array: np.ndarray) -> float | None:
    """The last sample, if there is one: what a machine with another C library still agrees on."""
    return float(array.reshape(-1)[-1].real) if array.size else None


def read_streams() -> dict[str, Any]:
    """What was recorded from PyTorch."""
    return json.loads(STREAMS_FILE.read_text(encoding="utf-8"))
