"""The examples in the documentation of functions that are made, not written out."""

from __future__ import annotations

import doctest

import pytest

from flambeau.ops import elementwise_calls
from flambeau.ops.publish import PUBLIC

MADE = sorted(
    {
        f.__name__: f
        for f in PUBLIC.values()
        if f.__code__.co_filename == elementwise_calls.__file__
    }.items()
)


@pytest.mark.parametrize(("name", "function"), MADE, ids=[name for name, _ in MADE])
def test_example(name: str, function: object) -> None:
    text = function.__doc__ or ""
    test = doctest.DocTestParser().get_doctest(text, {}, name, None, 0)
    assert test.examples, f"{name} has no example"
    assert ":math:" in text or "Whether" in text or "Round" in text or name in WITHOUT_FORMULA
    for heading in ("Args:", "Shape:"):
        assert heading in text
    assert doctest.DocTestRunner(verbose=False).run(test).failed == 0


# Described in words.
WITHOUT_FORMULA = {
    "bitwise_not", "fmax", "fmin", "frac", "gcd", "heaviside", "lcm", "maximum", "minimum",
    "nextafter", "sign",
}  # fmt: skip
