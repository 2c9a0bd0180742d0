"""Compiled functions may use names such as ``Pair = tuple[int, int]``."""

from __future__ import annotations

import flambeau as fb

Pair = tuple[int, int]


def test_a_generic_alias_is_no_obstacle() -> None:
    @fb.compile
    def function(x: fb.Tensor) -> fb.Tensor:
        made = Pair((1, 2))
        return x * made.count(1) if made.index(1) == 0 else -x

    assert function(fb.ones(2)).tolist() == [1.0, 1.0]
