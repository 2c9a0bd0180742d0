"""SparseAdam: rows that are not looked up rest, whatever their averages say."""

from __future__ import annotations

import numpy as np

import flambeau as fb
from flambeau.compiler.compiled import compile


def train(lookups, compiled=False, **options):
    table = fb.nn.Embedding.from_pretrained(
        fb.arange(12.0, dtype=fb.float64).view(6, 2), freeze=False, sparse=True
    )
    optimizer = fb.optim.SparseAdam(table.parameters(), lr=0.1, **options)

    def step(rows):
        optimizer.zero_grad()
        loss = (table(rows) ** 2).sum()
        loss.backward()
        optimizer.step()
        return loss

    run = compile(step) if compiled else step
    tables = []
    for rows in lookups:
        run(fb.tensor(rows))
        tables.append(table.weight.detach().numpy().copy())
    return tables, optimizer


LOOKUPS = [[1, 1, 3], [3, 4, 5], [0, 1, 0], [3, 3, 3], [5, 4, 3]]


def test_only_rows_that_were_looked_up_change() -> None:
    tables, optimizer = train(LOOKUPS)
    before = np.arange(12.0).reshape(6, 2)
    for rows, after in zip(LOOKUPS, tables, strict=True):
        changed = (before != after).any(1)
        assert set(np.flatnonzero(changed)) == set(rows)
        before = after
    (slots,) = optimizer.state.values()
    assert slots["step"].item() == 5
    assert slots["exp_avg"][2].tolist() == slots["exp_avg_sq"][2].tolist() == [0, 0]


def test_compiled_equals_eager() -> None:
    for eager, compiled in zip(train(LOOKUPS)[0], train(LOOKUPS, True)[0], strict=True):
        np.testing.assert_allclose(compiled, eager, rtol=1e-13)


def test_a_bad_row_spoils_only_itself() -> None:
    w = fb.ones(3, 2, requires_grad=True)
    optimizer = fb.optim.SparseAdam([w])
    w.grad = fb.tensor([[1.0, 1.0], [float("nan"), 0.0], [0.0, 0.0]])
    optimizer.step()
    assert w.isfinite().tolist() == [[True, True], [False, True], [True, True]]
