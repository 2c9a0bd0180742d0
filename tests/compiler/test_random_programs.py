"""Random programs compiled against the same programs run eagerly."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from flambeau.compiler.compiled import compile
from tests.compiler.programs import RandomProgram, compare, inputs_of


@settings(max_examples=60, derandomize=True)
@given(st.integers(0, 2**32), st.integers(1, 14))
def test_compiled_equals_eager(seed: int, length: int) -> None:
    program = RandomProgram(seed, length)
    expected = program(*inputs_of(seed))
    step = compile(program)
    for _ in range(2):
        found = step(*inputs_of(seed))
        compare(expected, found, step.program())
