"""Convolutions natively: forward and backward as eager, for every stride, padding and dilation."""

from __future__ import annotations

from typing import Any

import pytest

import flambeau as fb
from flambeau.compiler.passes import convolutions
from flambeau.nn import functional as F
from tests.compiler.programs import compare

CASES: list[tuple[str, tuple[int, ...], tuple[int, ...], dict[str, Any]]] = [
    ("conv1d", (2, 3, 11), (4, 3, 3), {}),
    ("conv2d", (2, 3, 8, 9), (5, 3, 3, 2), {}),
    ("conv2d", (2, 3, 8, 9), (5, 3, 3, 2), {"stride": 2, "padding": 1}),
    ("conv2d", (2, 3, 12, 13), (5, 3, 3, 2),
     {"stride": (2, 1), "padding": (1, 0), "dilation": (2, 3)}),
    ("conv2d", (3, 2, 6, 6), (4, 2, 1, 1), {}),
    ("conv2d", (1, 2, 8, 9), (5, 2, 8, 9), {}),
    ("conv2d", (4, 1, 28, 28), (8, 1, 3, 3), {}),
    ("conv3d", (1, 2, 5, 6, 7), (3, 2, 2, 2, 3), {"padding": 1}),
    ("conv_transpose1d", (2, 3, 7), (3, 4, 3), {"stride": 3, "output_padding": 2}),
    ("conv_transpose2d", (2, 3, 8, 9), (3, 5, 3, 2), {"stride": 2, "padding": 1}),
    ("conv_transpose2d", (2, 3, 4, 5), (3, 2, 2, 3), {"dilation": 2}),
]  # fmt: skip


def gradients(name: str, options: dict[str, Any], bias: bool) -> Any:
    def step(*given: fb.Tensor) -> list[fb.Tensor]:
        inputs = [t.detach().requires_grad_() for t in given]
        out = getattr(F, name)(inputs[0], inputs[1], inputs[2] if bias else None, **options)
        found = fb.autograd.grad((out * out).sum(), inputs if bias else inputs[:2])
        return [out.detach(), *found]

    return step


def compiled(step: Any, *inputs: fb.Tensor) -> tuple[list[fb.Tensor], list[str]]:
    run = fb.compile(step)
    results = [run(*inputs) for _ in range(2)][-1]
    (made,) = (s for several in run.specialisations.values() for s in several)
    return results, made.compute.calls


@pytest.mark.parametrize("dtype", [fb.float32, fb.float64])
@pytest.mark.parametrize(("name", "image", "kernel", "options"), CASES)
def test_convolutions(name: str, image: Any, kernel: Any, options: Any, dtype: Any) -> None:
    outputs = kernel[1] if "transpose" in name else kernel[0]
    for bias in (True, False):
        inputs = [fb.randn(*shape, dtype=dtype) for shape in (image, kernel, (outputs,))]
        step = gradients(name, options, bias)
        results, calls = compiled(step, *inputs)
        compare(step(*inputs), results)
        assert calls == []


def test_groups_and_large_windows_run_through_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    x, weight, bias = fb.randn(2, 4, 7, 7), fb.randn(6, 2, 3, 3), fb.randn(6)
    step = gradients("conv2d", {"groups": 2}, True)
    results, calls = compiled(step, x, weight, bias)
    compare(step(x, weight, bias), results)
    assert "convolution" in calls
    monkeypatch.setattr(convolutions, "LARGEST_COLUMNS", 1000)
    weight = fb.randn(6, 4, 3, 3)
    step = gradients("conv2d", {"padding": 1}, True)
    results, calls = compiled(step, x, weight, bias)
    compare(step(x, weight, bias), results)
    assert set(calls) == {"convolution", "convolution_weight"}


def test_a_small_network_trains() -> None:
    def run(wrap: Any) -> list[fb.Tensor]:
        fb.manual_seed(0)
        model = fb.nn.Sequential(
            fb.nn.Conv2d(1, 4, 3, padding=1), fb.nn.ReLU(), fb.nn.Conv2d(4, 6, 3, stride=2),
            fb.nn.ReLU(), fb.nn.Flatten(1), fb.nn.Linear(6 * 16, 3),
        ).double()  # fmt: skip
        optimizer = fb.optim.SGD(model.parameters(), 1e-2, momentum=0.9)
        x, y = fb.randn(5, 1, 10, 10, dtype=fb.float64), fb.randint(0, 3, (5,))

        @wrap
        def step(x: fb.Tensor, y: fb.Tensor) -> fb.Tensor:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            return loss

        return [step(x, y).detach().clone() for _ in range(100)] + [
            p.detach() for p in model.parameters()
        ]

    compare(run(lambda f: f), run(fb.compile))
