"""What a function asks of its numbers is asked again, also where a part runs through NumPy."""

from __future__ import annotations

from itertools import pairwise

import flambeau as fb


def test_argument_of_a_program_that_is_not_native() -> None:
    @fb.compile
    def step(x: fb.Tensor, number: float) -> fb.Tensor:
        values = fb.linalg.svd(x)[1]
        return values * 10 if number > 2 else values

    x = fb.eye(2)
    found = [step(x, float(n)).sum().item() for n in (1, 1, 5, 1, 5, 5, 1)]
    assert found == [2, 2, 20, 2, 20, 20, 2]


def test_step_count_of_a_program_that_is_not_native() -> None:
    w = fb.zeros(4, 3, requires_grad=True)
    rule = fb.optim.transform.scale_by_galore(1, 3, 1.0, fb.optim.transform.identity())
    optimizer = fb.optim.from_transform(rule, [("w", w)])
    bases = []
    for i in range(7):
        fb.manual_seed(i)
        w.grad = fb.randn(4, 3)
        optimizer.step()
        bases.append(optimizer.transformation_state["projector"]["w"].clone())
    changes = [not fb.equal(a, b) for a, b in pairwise(bases)]
    assert changes == [False, False, True, False, False, True]
