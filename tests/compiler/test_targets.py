"""Each family of loops for each kind of processor: all compile, and those that can run agree."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import flambeau as fb
from flambeau.compiler.llvm import host, named
from flambeau.compiler.native import NativeProgram
from flambeau.compiler.run.engine import emit_object
from flambeau.nn import functional as F
from tests.compiler.programs import compare

TARGETS = ["sse2", "avx2", "avx512", "neon"]
WIDE = (60, 1100)  # large enough for blocks of rows


def training(x: fb.Tensor, w: fb.Tensor, y: fb.Tensor) -> tuple[fb.Tensor, ...]:
    weight = w.detach().requires_grad_()
    loss = F.mse_loss(F.relu(x @ weight + 1), y)
    (gradient,) = fb.autograd.grad(loss, weight)
    return loss.detach(), weight.detach() - gradient.square().sqrt() * 0.1


FAMILIES: dict[str, tuple[Callable[..., Any], list[tuple[int, ...]]]] = {
    "elementwise": (lambda x, y: (F.gelu(x).tanh() / 3 + y.sin(), x > y), [(40, 70), (70,)]),
    "reductions": (lambda x: (x.sum(0), x.amax(1), x.prod(), (x > 1).all(1)), [(33, 70)]),
    "rows": (lambda x: (x.softmax(-1), x.log_softmax(-1).exp().sum(0)), [WIDE]),
    "movement": (lambda x, y: (fb.cat([x, y.mT]), x.flip(1), fb.stack([x, x], 1)),
                 [(5, 7), (7, 5)]),
    "scan": (lambda x: (x.cumsum(0), x.cumsum(1)), [(9, 40)]),
    "product": (lambda x, y: ((x @ y).relu(), y.mT @ x.mT), [(50, 40), (40, 30)]),
    "products": (lambda x, y: (x @ y + 1,), [(4, 20, 30), (4, 30, 17)]),
    "training": (training, [(64, 100), (100, 33), (64, 33)]),
}  # fmt: skip


def inputs_of(family: str, dtype: Any) -> list[fb.Tensor]:
    fb.manual_seed(0)
    return [fb.randn(*shape, dtype=dtype) for shape in FAMILIES[family][1]]


@pytest.mark.parametrize("dtype", [fb.float32, fb.float64])
@pytest.mark.parametrize("family", FAMILIES)
def test_compiles(family: str, dtype: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    step = fb.compile(FAMILIES[family][0])
    step(*inputs_of(family, dtype))
    (made,) = (s for several in step.specialisations.values() for s in several)
    monkeypatch.setattr(NativeProgram, "_load", lambda self: None)
    for name in TARGETS:
        monkeypatch.setenv("FLAMBEAU_TARGET", name)
        native = NativeProgram(made.program, made.program)
        assert native.calls == []
        assert len(emit_object(native.module.text(), named(name))) > 500


def runnable() -> list[str]:
    if not host().is_x86:
        return ["host"]
    return [n for n in TARGETS[:3] if named(n).vector_bits <= host().vector_bits]


@pytest.mark.parametrize("dtype", [fb.float32, fb.float64])
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("name", runnable())
def test_agrees(name: str, family: str, dtype: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLAMBEAU_TARGET", name)
    function, inputs = FAMILIES[family][0], inputs_of(family, dtype)
    compare(list(function(*inputs)), list(fb.compile(function)(*inputs)))
