"""Every error: its type is PyTorch's, its text is whole, and the stream has not moved."""

from collections.abc import Callable

import numpy as np
import pytest

from flambeau import random
from flambeau.random import Generator

ERRORS: list[tuple[type[Exception], Callable[[Generator], object], str]] = [
    (
        RuntimeError,
        lambda g: Generator("cuda"),
        """
Generator: no such device
  expected: device 'cpu'
  got:      device 'cuda'
""",
    ),
    (
        ValueError,
        lambda g: g.manual_seed(2**64),
        """
manual_seed: seed out of range
  expected: -2**63 <= seed < 2**64
  got:      18446744073709551616
""",
    ),
    (
        RuntimeError,
        lambda g: g.manual_seed(1.5),
        """
manual_seed: not an integer
  expected: an integer
  got:      float
""",
    ),
    (
        TypeError,
        lambda g: g.set_state(np.zeros(5056)),
        """
set_state: not a state of a generator
  expected: 5056 bytes, dtype uint8
  got:      dtype float64
  help:     pass what get_state() returned
""",
    ),
    (
        RuntimeError,
        lambda g: g.set_state(np.zeros(16, np.uint8)),
        """
set_state: not a state of a CPU generator
  expected: 5056 bytes
  got:      16 bytes
  help:     pass what get_state() of a CPU generator returned
""",
    ),
    (
        RuntimeError,
        lambda g: g.set_state(np.zeros(5056, np.uint8)),
        """
set_state: invalid mt19937 state
  expected: a seeded state with left = 625 - next, or left = 1 and next = 0
  got:      seeded = 0, left = 0, next = 0
  help:     pass what get_state() returned, unchanged
""",
    ),
    (
        RuntimeError,
        lambda g: random.uniform(g, into=np.broadcast_to(np.zeros((2, 1)), (2, 3))),
        """
uniform: several elements of the target lie in one place
  expected: a target with memory for each element
  got:      shape (2, 3) with strides (8, 0) bytes
  help:     clone() the expanded tensor first
""",
    ),
    (
        RuntimeError,
        lambda g: random.uniform(g, into=np.frombuffer(bytes(8), np.float32)),
        """
uniform: the target is read-only
  help:     copy it first
""",
    ),
    (
        RuntimeError,
        lambda g: random.uniform(g, (2,), low=2.0, high=1.0),
        """
uniform: the bounds are in the wrong order
  expected: low <= high
  got:      low = 2 and high = 1
""",
    ),
    (
        RuntimeError,
        lambda g: random.uniform(g, (2,), low=float("nan")),
        """
uniform: low is out of bounds for float32
  expected: -3.40282e+38 <= low <= 3.40282e+38
  got:      low = nan
""",
    ),
    (
        RuntimeError,
        lambda g: random.uniform(g, (2,), low=-3e38, high=3e38),
        """
uniform: the interval is too long for float32
  expected: high - low <= 3.40282e+38
  got:      low = -3e+38 and high = 3e+38
""",
    ),
    (
        NotImplementedError,
        lambda g: random.uniform(g, (2,), "int64"),
        """
uniform: not implemented for int64
  expected: a floating-point dtype
  got:      int64
""",
    ),
    (
        RuntimeError,
        lambda g: random.normal(g, (2,), std=-1.0),
        """
normal: negative standard deviation
  expected: std >= 0
  got:      std = -1
""",
    ),
    (
        RuntimeError,
        lambda g: random.integers(g, (2,), low=3, high=3),
        """
random: empty range of int64
  expected: low < high, as values of the dtype
  got:      low = 3 and high = 3
""",
    ),
    (
        RuntimeError,
        lambda g: random.integers(g, (2,), "uint8", 0, 300),
        """
random: the range is out of bounds for uint8
  expected: values in [0, 255]
  got:      values in [0, 299]
""",
    ),
    (
        RuntimeError,
        lambda g: random.integers(g, (2,), "int32", -(2**63)),
        """
random: int32 cannot hold 64-bit samples
  expected: int64, float64, float32 or bfloat16
  got:      int32
""",
    ),
    (
        NotImplementedError,
        lambda g: random.integers(g, (2,), "complex64"),
        """
random: not implemented for complex64
  expected: a real dtype
  got:      complex64
""",
    ),
    (
        NotImplementedError,
        lambda g: random.integers(g, (2,), "uint16"),
        """
random: not implemented for uint16
  expected: bounds with an unsigned dtype
  got:      uint16
""",
    ),
    (
        RuntimeError,
        lambda g: random.integers(g, (2,), "float32", 0, 2**63),
        """
random: the bound is no 64-bit integer
  expected: -2**63 <= bound < 2**63
  got:      9223372036854775808
""",
    ),
    (
        RuntimeError,
        lambda g: random.integers(g, (2,), "float32", 2**63 - 1),
        """
random: empty range of float32
  expected: low < high, as values of the dtype
  got:      low = 9223372036854775807 and high = 2**24 + 1
""",
    ),
    (
        RuntimeError,
        lambda g: random.permutation(g, -1),
        """
randperm: negative length
  expected: n >= 0
  got:      n = -1
""",
    ),
    (
        RuntimeError,
        lambda g: random.permutation(g, 257, "uint8"),
        """
randperm: too long for uint8
  expected: n <= 256
  got:      n = 257
""",
    ),
    (
        NotImplementedError,
        lambda g: random.permutation(g, 3, "bool"),
        """
randperm: not implemented for bool
  expected: a signed integer, uint8 or floating-point dtype
  got:      bool
""",
    ),
    (
        RuntimeError,
        lambda g: random.bernoulli(g, 1.5, (2,)),
        """
bernoulli: not a probability
  expected: 0 <= p <= 1
  got:      p = 1.5
""",
    ),
    (
        RuntimeError,
        lambda g: random.bernoulli(g, np.array([0.5, -0.25])),
        """
bernoulli: not a probability
  expected: 0 <= p <= 1
  got:      p = -0.25
""",
    ),
    (
        NotImplementedError,
        lambda g: random.bernoulli(g, np.array([1, 0])),
        """
bernoulli: not implemented for int64
  expected: a floating-point dtype
  got:      int64
""",
    ),
    (
        RuntimeError,
        lambda g: random.rrelu_slopes(g, np.zeros(2), 0.5, 0.25),
        """
rrelu: the bounds are in the wrong order
  expected: lower <= upper
  got:      lower = 0.5 and upper = 0.25
""",
    ),
    (
        RuntimeError,
        lambda g: random.exponential(g, (2,), rate=0.0),
        """
exponential: rate is not positive
  expected: rate > 0
  got:      rate = 0
""",
    ),
    (
        RuntimeError,
        lambda g: random.geometric(g, 1.0, (2,)),
        """
geometric: no probability of success
  expected: 0 < p < 1
  got:      p = 1
""",
    ),
    (
        RuntimeError,
        lambda g: random.cauchy(g, (2,), sigma=-1.0),
        """
cauchy: sigma is not positive
  expected: sigma > 0
  got:      sigma = -1
""",
    ),
    (
        RuntimeError,
        lambda g: random.log_normal(g, (2,), std=0.0),
        """
log_normal: std is not positive
  expected: std > 0
  got:      std = 0
""",
    ),
    (
        RuntimeError,
        lambda g: random.multinomial(g, np.array([1.0, 2.0]), 3),
        """
multinomial: more samples than categories
  expected: num_samples <= 2 without replacement
  got:      num_samples = 3
""",
    ),
    (
        RuntimeError,
        lambda g: random.multinomial(g, np.array([1.0, -2.0]), 1),
        """
multinomial: not weights
  expected: finite weights >= 0
  got:      a weight of -2
""",
    ),
    (
        RuntimeError,
        lambda g: random.multinomial(g, np.zeros(2), 3, replacement=True),
        """
multinomial: nothing to choose from
  expected: a positive weight in each row
  got:      a row of zeros
""",
    ),
    (
        RuntimeError,
        lambda g: random.multinomial(g, np.ones(2), 0),
        """
multinomial: too few samples
  expected: num_samples >= 1
  got:      num_samples = 0
""",
    ),
    (
        RuntimeError,
        lambda g: random.multinomial(g, np.ones((2, 2, 2)), 1),
        """
multinomial: wrong number of dimensions
  expected: weights of shape (n,) or (m, n)
  got:      (2, 2, 2)
""",
    ),
    (
        RuntimeError,
        lambda g: random.multinomial(g, np.array([1, 2]), 1),
        """
multinomial: weights are not floating-point
  expected: a floating-point dtype
  got:      int64
""",
    ),
    (
        RuntimeError,
        lambda g: random.multinomial(g, np.ones((2, 0)), 1, replacement=True),
        """
multinomial: no categories
  expected: at least one weight in each row
  got:      shape (2, 0)
""",
    ),
    (
        RuntimeError,
        lambda g: random.multinomial(g, np.ones(2**24 + 1, np.float16), 1),
        """
multinomial: too many categories
  expected: at most 2**24
  got:      16777217
""",
    ),
    (
        RuntimeError,
        lambda g: random.poisson(g, np.array([1.0, -1.0])),
        """
poisson: negative rate
  expected: rates >= 0
  got:      a rate of -1
""",
    ),
    (
        RuntimeError,
        lambda g: random.binomial(g, np.ones(2, np.float32), np.ones(2)),
        """
binomial: the arguments do not match
  expected: trials and probabilities of one shape and one dtype
  got:      (2,) float32 and (2,) float64
""",
    ),
    (
        NotImplementedError,
        lambda g: random.standard_gamma(g, np.ones(2, np.float16)),
        """
standard_gamma: not implemented for float16
  expected: float32 or float64
  got:      float16
""",
    ),
]


@pytest.mark.parametrize(
    ("kind", "call", "text"), ERRORS, ids=[text.strip().split("\n")[0] for _, _, text in ERRORS]
)
def test_error(kind: type[Exception], call: Callable[[Generator], object], text: str) -> None:
    generator = Generator()
    before = generator.state_bytes()
    with pytest.raises(kind) as caught:
        call(generator)
    assert type(caught.value) is kind
    assert str(caught.value) == text.strip()
    assert np.array_equal(generator.state_bytes(), before)


def test_whole_numbers_beyond_the_digits_warn() -> None:
    with pytest.warns(UserWarning, match=r"beyond 2\*\*24 float32 does not hold"):
        random.integers(Generator(), (2,), "float32", 0, 2**30)
