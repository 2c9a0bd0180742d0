"""Views of memory with gaps, where a part of a compiled function is not native or is a loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import flambeau as fb
from flambeau import func
from flambeau.core import trees

CAPTURED = fb.randn(4, 12, dtype=fb.float64)[:, 1:]

INPUTS: dict[str, Callable[[], fb.Tensor]] = {
    "without gaps": lambda: fb.randn(4, 12, dtype=fb.float64),
    "columns": lambda: fb.randn(12, 4, dtype=fb.float64).t(),
    "every second": lambda: fb.randn(4, 24, dtype=fb.float64)[:, ::2],
    "the same again": lambda: fb.randn(4, 1, dtype=fb.float64).expand(4, 12),
    "behind a gap": lambda: fb.randn(30, 15, dtype=fb.float64)[2::7, 3:][:4],
}
VIEWS: dict[str, Callable[[fb.Tensor], fb.Tensor]] = {
    "of an argument": lambda x: x[:, ::3],
    "of an argument, turned": lambda x: x.t()[1:5],
    "diagonal": lambda x: x.diagonal(),
    "of a result": lambda x: (x * 2).t()[::3],
    "of a result, spread": lambda x: (x * 2)[:, :1].expand(4, 7),
    "windows": lambda x: (x * 3).unfold(1, 4, 3),
    "of what is captured": lambda x: CAPTURED[:, ::3],
    "nothing": lambda x: (x * 2)[:, 3:3],
}
NOTHING = fb.zeros((), dtype=fb.float64)
STEPS = fb.randn(5, dtype=fb.float64)
USES: dict[str, Callable[[fb.Tensor], Any]] = {
    "constant of a loop": lambda c: func.scan(
        lambda total, item: (total * 0.5 + c.sum() * item, c * item), NOTHING, STEPS
    ),
    "carried by a loop": lambda c: func.scan(lambda k, i: (k * 0.5 + i, k + 1), c, STEPS),
    "walked along": lambda c: func.scan(lambda k, i: (k + i.sum(), i * 2), NOTHING, c),
    "constant of a loop without a known end": lambda c: func.while_loop(
        lambda i: i < 3, lambda i: i + 1 + (c * 0).sum(), NOTHING
    ),
    "constant of a branch": lambda c: func.cond(STEPS.sum() > 9, lambda: c * 2, lambda: c * 3),
    "sorted by NumPy": lambda c: c.sort(0),
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("name", INPUTS)
def test_views_are_read_where_they_lie(name: str, use: str) -> None:
    x = INPUTS[name]()
    for view in VIEWS.values():

        def step(x: fb.Tensor, view: Any = view) -> Any:
            return USES[use](view(x))

        expected = trees.leaves(step(x))
        run = fb.compile(step)
        for _ in range(2):
            for found, right in zip(trees.leaves(run(x)), expected, strict=True):
                assert found.shape == right.shape
                assert fb.allclose(found, right, rtol=1e-12, atol=1e-12)
