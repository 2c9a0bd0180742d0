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


GROUPED: list[tuple[str, tuple[int, ...], tuple[int, ...], dict[str, Any]]] = [
    ("conv1d", (2, 4, 11), (6, 2, 3), {"groups": 2}),
    ("conv2d", (2, 6, 7, 5), (9, 2, 3, 2), {"groups": 3, "stride": 2, "padding": 1}),
    ("conv2d", (3, 5, 7, 9), (5, 1, 3, 3), {"groups": 5, "padding": 1}),
    ("conv2d", (1, 3, 9, 9), (3, 1, 3, 2), {"groups": 3, "stride": (2, 3), "padding": (1, 0)}),
    ("conv2d", (2, 3, 9, 8), (6, 1, 2, 3), {"groups": 3, "dilation": (2, 1), "padding": 2}),
    ("conv2d", (2, 6, 9, 8), (3, 2, 2, 3), {"groups": 3}),
    ("conv2d", (2, 3, 8, 8), (9, 1, 9, 9), {"groups": 3, "padding": 4}),
    ("conv2d", (2, 2, 5, 6), (2, 1, 2, 2), {"groups": 2, "stride": 2}),
    ("conv3d", (1, 4, 5, 4, 6), (4, 1, 2, 2, 3), {"groups": 4, "padding": 1}),
    ("conv_transpose1d", (2, 4, 7), (4, 1, 3), {"groups": 4, "stride": 2, "output_padding": 1}),
    ("conv_transpose1d", (2, 4, 7), (4, 3, 3), {"groups": 2, "stride": 3, "output_padding": 2}),
    ("conv_transpose2d", (2, 4, 5, 4), (4, 2, 3, 2), {"groups": 4, "padding": 1}),
    ("conv_transpose2d", (2, 4, 5, 4), (4, 1, 3, 2), {"groups": 4, "dilation": 2,
     "output_padding": 1}),
    ("conv_transpose2d", (2, 6, 5, 4), (6, 4, 3, 3), {"groups": 2, "stride": 2, "padding": 1}),
]  # fmt: skip


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize(("name", "image", "kernel", "options"), GROUPED)
def test_groups(name: str, image: Any, kernel: Any, options: Any, threads: int) -> None:
    outputs = kernel[1] * options["groups"] if "transpose" in name else kernel[0]
    given = [fb.randn(*shape, dtype=fb.float64) for shape in (image, kernel, (outputs,))]
    step = gradients(name, options, True)
    before = fb.get_num_threads()
    fb.set_num_threads(threads)
    try:
        results, calls = compiled(step, *given)
    finally:
        fb.set_num_threads(before)
    compare(step(*given), results)
    assert calls == []


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("largest", [2_000, 20_000, 200_000])
@pytest.mark.parametrize("name", ["conv2d", "conv_transpose2d"])
def test_windows_in_parts(
    name: str, largest: int, groups: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(convolutions, "LARGEST_COLUMNS", largest)
    kernel = (8, 8 // groups, 3, 2) if name == "conv2d" else (8, 6, 3, 2)
    x, weight = fb.randn(5, 8, 7, 9, dtype=fb.float64), fb.randn(*kernel, dtype=fb.float64)
    bias = fb.randn(8 if name == "conv2d" else 6 * groups, dtype=fb.float64)
    step = gradients(name, {"padding": 1, "stride": (2, 1), "groups": groups}, True)
    results, calls = compiled(step, x, weight, bias)
    compare(step(x, weight, bias), results)
    assert largest < 20_000 or calls == []


@pytest.mark.parametrize("options", [{}, {"groups": 3}, {"groups": 3, "stride": 2}])
def test_images_with_gaps(options: dict[str, Any]) -> None:
    whole = fb.randn(9, 2, 3, 8, dtype=fb.float64)
    weight = fb.randn(3, 3 // options.get("groups", 1), 3, 3, dtype=fb.float64)

    def step(x: fb.Tensor, weight: fb.Tensor) -> list[fb.Tensor]:
        x = x.permute(1, 2, 0, 3)[..., ::2]
        return [F.conv2d(x, weight.mT, padding=1, **options)]

    results, calls = compiled(step, whole, weight)
    compare(step(whole, weight), results)
    assert calls == []


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
