"""What a compiled step needs beside parameters, gradients and state."""

from __future__ import annotations

from typing import Any

import pytest

import flambeau as fb
from flambeau.compiler.native import NativeProgram
from flambeau.optim import schedule
from flambeau.optim import transform as T

SIDE, COUNT = 640, 2


def chain() -> T.Transformation:
    return T.chain(
        T.clip_by_global_norm(1.0),
        T.scale_by_adam(),
        T.add_decayed_weights(0.1, mask=lambda params: {k: p.ndim > 1 for k, p in params.items()}),
        T.scale_by_learning_rate(schedule.warmup_cosine_decay_schedule(0.0, 1e-3, 100, 10_000)),
    )


KINDS: dict[str, Any] = {
    "Adam": lambda named: fb.optim.Adam(named),
    "AdamW": lambda named: fb.optim.AdamW(named),
    "SGD": lambda named: fb.optim.SGD(named, lr=0.1, momentum=0.9),
    "Adafactor": lambda named: fb.optim.Adafactor(named),
    "Lion": lambda named: fb.optim.from_transform(T.lion(1e-4), named),
    "adafactor": lambda named: fb.optim.from_transform(T.adafactor(1e-2), named),
    "chain": lambda named: fb.optim.from_transform(chain(), named),
}


@pytest.mark.parametrize("name", KINDS)
def test_no_more_than_a_twentieth(name: str) -> None:
    named = [(str(i), fb.rand(SIDE, SIDE).requires_grad_()) for i in range(COUNT)]
    for _, p in named:
        p.grad = fb.rand(SIDE, SIDE)
    optimizer = KINDS[name](named)
    step = fb.compile(lambda: optimizer.step())
    step()
    step()
    assert step.recordings == 1
    (made,) = step.all()
    program = made.compute
    assert isinstance(program, NativeProgram)
    assert not program.calls
    assert not program.result_roots
    parameters_and_gradients = 2 * COUNT * 4 * SIDE * SIDE
    assert program.places.arena_size < 0.05 * parameters_and_gradients
