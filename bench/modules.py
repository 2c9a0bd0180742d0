"""Layers against PyTorch's: forward, and a training step; eager, and compiled by us.

Run it with ``python bench/modules.py`` (``make bench`` runs all benchmarks); arguments select rows.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import torch
from measure import interleaved, machine, table

import flambeau as fb

Case = tuple[str, Callable[[Any], Any], Callable[[Any], tuple[Any, ...]]]


def rows(*shape: int) -> Callable[[Any], tuple[Any, ...]]:
    """One input of normal numbers."""
    return lambda lib: (lib.randn(*shape),)


def same(*shape: int) -> Callable[[Any], tuple[Any, ...]]:
    """One input three times, for attention to itself."""
    return lambda lib: (lib.randn(*shape),) * 3


def twice(*shape: int) -> Callable[[Any], tuple[Any, ...]]:
    """One input two times."""
    return lambda lib: (lib.randn(*shape),) * 2


def bags(lib: Any) -> tuple[Any, ...]:
    """Bags of ten numbers."""
    return (lib.randint(0, 1000, (64, 10)),)


def words(count: int, *shape: int) -> Callable[[Any], tuple[Any, ...]]:
    """Indices below a number."""
    return lambda lib: (lib.randint(0, count, shape),)


# label, how to make the module, how to make its inputs; the first word says the family.
CASES: list[Case] = [
    ("RNN 32 of 20 steps, batch 16", lambda nn: nn.RNN(32, 32), rows(20, 16, 32)),
    ("RNN 128 of 35 steps, batch 20", lambda nn: nn.RNN(128, 128), rows(35, 20, 128)),
    ("LSTM 16 of 10 steps, batch 1", lambda nn: nn.LSTM(8, 16), rows(10, 1, 8)),
    ("LSTM 32 of 20 steps, batch 16", lambda nn: nn.LSTM(32, 32), rows(20, 16, 32)),
    ("LSTM 128 of 35 steps, batch 20", lambda nn: nn.LSTM(128, 128), rows(35, 20, 128)),
    ("GRU 32 of 20 steps, batch 16", lambda nn: nn.GRU(32, 32), rows(20, 16, 32)),
    ("GRU 128 of 35 steps, batch 20", lambda nn: nn.GRU(128, 128), rows(35, 20, 128)),
    (
        "GRU both ways, two layers, 10 steps, batch 8",
        lambda nn: nn.GRU(16, 16, 2, bidirectional=True),
        rows(10, 8, 16),
    ),
    ("LSTMCell 64, batch 16", lambda nn: nn.LSTMCell(64, 64), rows(16, 64)),
    ("GRUCell 64, batch 16", lambda nn: nn.GRUCell(64, 64), rows(16, 64)),
    (
        "MultiheadAttention 32, 4 heads, 8x16",
        lambda nn: nn.MultiheadAttention(32, 4, batch_first=True),
        same(8, 16, 32),
    ),
    (
        "MultiheadAttention 128, 8 heads, 8x64",
        lambda nn: nn.MultiheadAttention(128, 8, batch_first=True),
        same(8, 64, 128),
    ),
    (
        "TransformerEncoderLayer 32, 8x16",
        lambda nn: nn.TransformerEncoderLayer(32, 4, 64, dropout=0.0, batch_first=True),
        rows(8, 16, 32),
    ),
    (
        "TransformerEncoderLayer 128, 8x64",
        lambda nn: nn.TransformerEncoderLayer(128, 8, 512, dropout=0.0, batch_first=True),
        rows(8, 64, 128),
    ),
    ("Linear 64-64, batch 32", lambda nn: nn.Linear(64, 64), rows(32, 64)),
    ("Linear 512-512, batch 128", lambda nn: nn.Linear(512, 512), rows(128, 512)),
    ("Linear 256-1024, 8x128", lambda nn: nn.Linear(256, 1024), rows(8, 128, 256)),
    ("Bilinear 16, 16-8, batch 32", lambda nn: nn.Bilinear(16, 16, 8), twice(32, 16)),
    ("Embedding 1000x32, 8x10", lambda nn: nn.Embedding(1000, 32), words(1000, 8, 10)),
    ("Embedding 10000x128, 32x128", lambda nn: nn.Embedding(10000, 128), words(10000, 32, 128)),
    ("EmbeddingBag 1000x32, 64 bags of 10", lambda nn: nn.EmbeddingBag(1000, 32), bags),
    (
        "weight norm, Linear 32",
        lambda nn: nn.utils.parametrizations.weight_norm(nn.Linear(32, 32)),
        rows(32, 32),
    ),
    ("Conv1d 16-32, 3", lambda nn: nn.Conv1d(16, 32, 3, padding=1), rows(32, 16, 100)),
    ("Conv2d 1-32, 3 (digits)", lambda nn: nn.Conv2d(1, 32, 3), rows(64, 1, 28, 28)),
    ("Conv2d 32-64, 3 (digits)", lambda nn: nn.Conv2d(32, 64, 3), rows(64, 32, 26, 26)),
    ("Conv2d 6-16, 5 (LeNet)", lambda nn: nn.Conv2d(6, 16, 5), rows(64, 6, 14, 14)),
    ("Conv2d 64-64, 3 (ResNet)", lambda nn: nn.Conv2d(64, 64, 3, padding=1), rows(4, 64, 56, 56)),
    ("Conv2d 256-256, 1", lambda nn: nn.Conv2d(256, 256, 1), rows(8, 256, 14, 14)),
    (
        "Conv2d by channel",
        lambda nn: nn.Conv2d(64, 64, 3, padding=1, groups=64),
        rows(8, 64, 28, 28),
    ),
    ("Conv2d 3-16, one image", lambda nn: nn.Conv2d(3, 16, 3), rows(1, 3, 32, 32)),
    ("Conv3d 8-16, 3", lambda nn: nn.Conv3d(8, 16, 3, padding=1), rows(4, 8, 12, 12, 12)),
    (
        "ConvTranspose2d 64-32, 4",
        lambda nn: nn.ConvTranspose2d(64, 32, 4, 2, 1),
        rows(16, 64, 14, 14),
    ),
    ("BatchNorm1d", lambda nn: nn.BatchNorm1d(64), rows(32, 64)),
    ("BatchNorm2d", lambda nn: nn.BatchNorm2d(64), rows(16, 64, 28, 28)),
    ("BatchNorm2d, evaluation", lambda nn: nn.BatchNorm2d(64).eval(), rows(16, 64, 28, 28)),
    ("LayerNorm 64", lambda nn: nn.LayerNorm(64), rows(32, 64)),
    ("LayerNorm 256", lambda nn: nn.LayerNorm(256), rows(8, 128, 256)),
    ("RMSNorm 256", lambda nn: nn.RMSNorm(256), rows(8, 128, 256)),
    ("GroupNorm 8 of 64", lambda nn: nn.GroupNorm(8, 64), rows(16, 64, 28, 28)),
    ("InstanceNorm2d", lambda nn: nn.InstanceNorm2d(64), rows(16, 64, 28, 28)),
    ("MaxPool1d 2", lambda nn: nn.MaxPool1d(2), rows(32, 16, 100)),
    ("AvgPool2d 3, stride 2", lambda nn: nn.AvgPool2d(3, 2, 1), rows(4, 64, 56, 56)),
    ("AdaptiveMaxPool2d 6", lambda nn: nn.AdaptiveMaxPool2d(6), rows(8, 64, 13, 13)),
    ("Softmax 100, 8x128", lambda nn: nn.Softmax(-1), rows(8, 128, 100)),
    ("GELU 32x256", lambda nn: nn.GELU(), rows(32, 256)),
    ("Dropout 32x256", lambda nn: nn.Dropout(0.1), rows(32, 256)),
    ("MaxPool2d 2", lambda nn: nn.MaxPool2d(2), rows(64, 64, 24, 24)),
    ("MaxPool2d 2, small", lambda nn: nn.MaxPool2d(2), rows(8, 6, 14, 14)),
    ("MaxPool2d 3, stride 2", lambda nn: nn.MaxPool2d(3, 2, 1), rows(4, 64, 56, 56)),
    ("AvgPool2d 2", lambda nn: nn.AvgPool2d(2), rows(64, 64, 24, 24)),
    ("AdaptiveAvgPool2d 1", lambda nn: nn.AdaptiveAvgPool2d(1), rows(16, 128, 7, 7)),
    ("AdaptiveAvgPool2d 6", lambda nn: nn.AdaptiveAvgPool2d(6), rows(8, 64, 13, 13)),
    ("ReflectionPad2d 1", lambda nn: nn.ReflectionPad2d(1), rows(8, 64, 28, 28)),
    ("Upsample nearest 2", lambda nn: nn.Upsample(scale_factor=2), rows(8, 32, 28, 28)),
    (
        "Upsample bilinear 2",
        lambda nn: nn.Upsample(scale_factor=2, mode="bilinear"),
        rows(8, 32, 28, 28),
    ),
    (
        "Upsample bicubic 2",
        lambda nn: nn.Upsample(scale_factor=2, mode="bicubic"),
        rows(8, 16, 14, 14),
    ),
    ("ZeroPad2d 1", lambda nn: nn.ZeroPad2d(1), rows(8, 64, 28, 28)),
    ("PixelShuffle 2", lambda nn: nn.PixelShuffle(2), rows(8, 64, 28, 28)),
    ("Unfold 3", lambda nn: nn.Unfold(3, padding=1), rows(8, 16, 28, 28)),
]


def first(result: Any) -> Any:
    """The output, where there are states or weights beside it."""
    return result[0] if isinstance(result, tuple) else result


def sides(make: Any, make_inputs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """What to call: forward without gradients, and a step of training by gradient descent."""
    forward: dict[str, Any] = {}
    both: dict[str, Any] = {}
    for name, lib in (("flambeau", fb), ("compiled", fb), ("PyTorch", torch)):
        lib.manual_seed(0)
        module, inputs = make(lib.nn), make_inputs(lib)
        # Layers without parameters learn their input.
        learned = list(module.parameters()) or [inputs[0].requires_grad_()]
        optimizer = lib.optim.SGD(learned, lr=1e-4)

        def call(*inputs: Any, module: Any = module) -> Any:
            return first(module(*inputs))

        def step(*inputs: Any, module: Any = module, optimizer: Any = optimizer) -> Any:
            optimizer.zero_grad()
            loss = first(module(*inputs)).square().mean()
            loss.backward()
            optimizer.step()
            return loss

        if name == "compiled":
            call, step = fb.compile(call), fb.compile(step)
        forward[name] = without_gradients(lib, call, inputs)
        both[name] = lambda step=step, inputs=inputs: step(*inputs)
    return forward, both


def without_gradients(lib: Any, call: Any, inputs: tuple[Any, ...]) -> Callable[[], Any]:
    """A call in evaluation."""

    def run() -> Any:
        with lib.no_grad():
            return call(*inputs)

    return run


def ratios(title: str, measured: list[tuple[str, dict[str, float]]]) -> str:
    """Eager and compiled microseconds beside PyTorch's."""
    eager = table(title, [(k, {n: t[n] for n in ("flambeau", "PyTorch")}) for k, t in measured])
    lines = eager.splitlines()
    lines[0] += " compiled | compiled / PyTorch |"
    lines[1] += "---|---|"
    for number, (_, times) in enumerate(measured, 2):
        lines[number] += f" {times['compiled']:.2f} | {times['compiled'] / times['PyTorch']:.2f} |"
    return "\n".join(lines)


def main(chosen: list[str]) -> None:
    torch.set_num_threads(1)
    fb.set_num_threads(1)
    forward, both = [], []
    for label, make, make_inputs in CASES:
        if chosen and not any(word.lower() in label.lower() for word in chosen):
            continue
        calls, steps = sides(make, make_inputs)
        forward.append((label, interleaved(calls, seconds=0.6)))
        both.append((label, interleaved(steps, seconds=0.6)))
    print(machine(), f"torch {torch.__version__}", sep=", ")
    print(ratios("forward, us", forward))
    print()
    print(ratios("training step with SGD, us", both))


if __name__ == "__main__":
    main(sys.argv[1:])
