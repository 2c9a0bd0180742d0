"""Matrix products of any operands are generated, whatever their layout."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import flambeau as fb

X = fb.linspace(-1, 1, 2 * 3 * 4 * 5, dtype=fb.float64).reshape(2, 3, 4, 5)
W = fb.linspace(-2, 1, 6 * 5, dtype=fb.float64).reshape(6, 5)
LINEAR = fb.nn.functional.linear
PROGRAMS: dict[str, Callable[[fb.Tensor], fb.Tensor]] = {
    "rows that were moved": lambda x: LINEAR(x.transpose(0, 1), W),
    "rows that are repeated": lambda x: LINEAR(x[:, :1].expand(2, 3, 4, 5), W),
    "one row repeated": lambda x: LINEAR(x[0, 0, 0].expand(7, 5), W),
    "a constant": lambda x: fb.ones(3, 5, dtype=fb.float64) @ x[0, 0].mT,
    "a constant repeated": lambda x: fb.ones(1, 1, dtype=fb.float64).expand(3, 5) @ x[0, 0].mT,
    "batches that were moved": lambda x: x.transpose(0, 1) @ x.transpose(0, 1).mT,
    "heads": lambda x: x.permute(0, 2, 1, 3) @ x.permute(0, 2, 3, 1),
    "batches of one kind": lambda x: x @ x[:, :1].mT,
    "batches of two kinds": lambda x: x[:, :1] @ x[:1].mT,
    "a matrix times a batch": lambda x: W @ x.mT,
    "a batch times a matrix": lambda x: x @ W.T,
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_forward(name: str) -> None:
    compiled = fb.compile(PROGRAMS[name])
    for _ in range(2):
        assert fb.allclose(compiled(X), PROGRAMS[name](X), rtol=1e-13, atol=1e-13)
    assert "operations through NumPy: none" in str(compiled.report())


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_backward(name: str, reduction: str) -> None:
    def step(x: fb.Tensor) -> fb.Tensor:
        leaf = x.detach().requires_grad_()
        loss = getattr(PROGRAMS[name](leaf), reduction)((0, 1)).sum()
        (gradient,) = fb.autograd.grad(loss, leaf)
        return gradient

    compiled = fb.compile(step)
    for _ in range(2):
        assert fb.allclose(compiled(X), step(X), rtol=1e-13, atol=1e-13)
    assert "operations through NumPy: none" in str(compiled.report())
