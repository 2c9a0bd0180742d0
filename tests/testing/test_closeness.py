"""Comparisons: what passes, and what an error says."""

import numpy as np
import pytest

import flambeau as fb
from flambeau.testing import assert_close

NAN, INF = float("nan"), float("inf")
CLOSE = [
    (fb.tensor([1.0, 2.0]), fb.tensor([1.0, 2.000002]), {}),
    (fb.tensor([1.0], dtype=fb.float64), fb.tensor([1.0 + 9e-8], dtype=fb.float64), {}),
    (fb.tensor([1.0]).bfloat16(), fb.tensor([1.01]).bfloat16(), {}),
    (fb.tensor([1]), fb.tensor([2]), {"rtol": 0, "atol": 1}),
    (fb.tensor([NAN, INF]), fb.tensor([NAN, INF]), {"equal_nan": True}),
    (fb.tensor([1 + 1j]), fb.tensor([1 + 1j]), {}),
    (fb.ones(2, dtype=fb.float16), fb.ones(2), {"check_dtype": False}),
    (fb.nn.Parameter(fb.ones(2)), fb.ones(2), {}),
    (fb.tensor([2**63 + 1], dtype=fb.uint64), fb.tensor([2**63 + 1], dtype=fb.uint64), {}),
    (np.ones(2), np.ones(2) + 1e-9, {}),
    ({"a": [1.0, (2, None)]}, {"a": (1.0, [2, None])}, {}),
    (1, 1.0, {"check_dtype": False}),
    (fb.ones(0, 3), fb.zeros(0, 3), {}),
]


@pytest.mark.parametrize(("actual", "expected", "options"), CLOSE)
def test_close(actual, expected, options):
    assert_close(actual, expected, **options)


FAR = [
    (
        fb.tensor([[1.0, 2.0]]), fb.tensor([[1.0, 2.5]]), {},
        ("assert_close: values are not close\n"
        "  expected: differences of at most 1e-05 + 1.3e-06 |expected|\n"
        "  got:      1 of 2 elements differ by more, the most 2.0 instead of 2.5 at (0, 1)"),
    ),
    (
        {"a": [1, 2]}, {"a": [1, 3]}, {},
        ("assert_close: values are not equal at ['a'][1]\n"
        "  expected: differences of at most 0 + 0 |expected|\n"
        "  got:      2 instead of 3"),
    ),
    (
        fb.ones(2), fb.ones(2).double(), {},
        "assert_close: types differ\n  expected: torch.float64\n  got:      torch.float32",
    ),
    (
        fb.ones(2), fb.ones(1, 2), {},
        "assert_close: shapes differ\n  expected: (1, 2)\n  got:      (2,)",
    ),
    (
        fb.ones(2, 2).t(), fb.ones(2, 2), {"check_stride": True},
        "assert_close: strides differ\n  expected: (2, 1)\n  got:      (1, 2)",
    ),
    (
        fb.tensor(NAN), fb.tensor(NAN), {},
        ("assert_close: values are not close\n"
        "  expected: differences of at most 1e-05 + 1.3e-06 |expected|\n"
        "  got:      nan instead of nan"),
    ),
    (
        fb.tensor([INF, 1.0]), fb.tensor([-INF, 1.0]), {},
        ("assert_close: values are not close\n"
        "  expected: differences of at most 1e-05 + 1.3e-06 |expected|\n"
        "  got:      1 of 2 elements differ by more, the most inf instead of -inf at (0,)"),
    ),
    (
        {"a": 1}, {"b": 1}, {},
        "assert_close: keys differ\n  expected: ['b']\n  got:      ['a']",
    ),
    ([1], [1, 2], {}, "assert_close: lengths differ\n  expected: 2\n  got:      1"),
    (None, 1, {}, "assert_close: one is None\n  expected: 1\n  got:      None"),
    (1, 1.0, {}, "assert_close: types differ\n  expected: float\n  got:      int"),
    (fb.ones(2), fb.zeros(2), {"msg": "mine"}, "mine"),
    (1, 2, {"msg": lambda text: text.partition("\n")[0]}, "assert_close: values are not equal"),
    (
        fb.tensor([2**63 + 1], dtype=fb.uint64), fb.tensor([2**63], dtype=fb.uint64), {},
        ("assert_close: values are not equal\n"
        "  expected: differences of at most 0 + 0 |expected|\n"
        "  got:      1 of 1 elements differ by more, the most 9223372036854775809 instead of "
        "9223372036854775808 at (0,)"),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("actual", "expected", "options", "text"), FAR)
def test_far(actual, expected, options, text):
    with pytest.raises(AssertionError) as raised:
        assert_close(actual, expected, **options)
    assert str(raised.value) == text


INCOMPARABLE = [
    (fb.ones(2), [1.0, 1.0]), (fb.ones(2), np.ones(2)), (fb.ones(()), 1.0), ("a", "a"),
    (object(), object()),
]  # fmt: skip


@pytest.mark.parametrize(("actual", "expected"), INCOMPARABLE)
def test_what_cannot_be_compared(actual, expected):
    with pytest.raises(TypeError, match="assert_close: these cannot be compared"):
        assert_close(actual, expected)


def test_subclasses_may_be_refused():
    with pytest.raises(TypeError, match="these cannot be compared"):
        assert_close(fb.nn.Parameter(fb.ones(2)), fb.ones(2), allow_subclasses=False)


def test_tolerances_come_together():
    with pytest.raises(ValueError, match="one tolerance without the other"):
        assert_close(1.0, 1.0, rtol=1e-3)
