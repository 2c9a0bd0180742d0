"""Whole training scripts: the same numbers as PyTorch when only the imports are changed."""

from __future__ import annotations

import pytest

from tests.scripts.running import NAMES, first_difference, script

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.peers


@pytest.mark.parametrize("name", NAMES)
def test_same_numbers(name: str) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        theirs = script(name, "torch").train()
    finally:
        torch.set_num_threads(before)
    assert first_difference(script(name).train(), theirs) == ""
