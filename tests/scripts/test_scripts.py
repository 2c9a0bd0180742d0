"""Whole training scripts: eager, compiled, and as PyTorch printed them."""

from __future__ import annotations

import pytest

from tests.scripts.running import NAMES, first_difference, script, stored


@pytest.mark.parametrize("name", NAMES)
def test_same_numbers(name: str) -> None:
    eager = script(name).train()
    assert first_difference(eager, stored()[name]) == ""
    assert first_difference(script(name).train(compiled=True), eager) == ""


@pytest.mark.parametrize("name", NAMES)
def test_something_was_learnt(name: str) -> None:
    """The stored numbers are those of a training that goes somewhere."""
    numbers = stored()[name]
    assert len(numbers) >= 50
    assert len(set(numbers)) > 25
