"""One of each layer, and an input for it; the tests with and without PyTorch go through them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tests.nn.image_layers import IMAGE_LAYERS

# name -> (how to make it from a library's `nn`, shape of its input)
LAYERS: dict[str, tuple[Callable[[Any], Any], tuple[int, ...]]] = {
    "identity": (lambda nn: nn.Identity(3, what="ever"), (2, 3)),
    "linear": (lambda nn: nn.Linear(3, 32), (4, 3)),
    "linear without bias": (lambda nn: nn.Linear(5, 2, bias=False), (2, 4, 5)),
    "flatten": (lambda nn: nn.Flatten(), (2, 3, 4)),
    "flatten some": (lambda nn: nn.Flatten(0, 1), (2, 3, 4)),
    "unflatten": (lambda nn: nn.Unflatten(1, (2, 3)), (2, 6)),
    "unflatten list": (lambda nn: nn.Unflatten(-1, [3, -1]), (2, 6)),
    "dropout": (lambda nn: nn.Dropout(0.2), (4, 5)),
    "dropout in place": (lambda nn: nn.Sequential(nn.Linear(5, 5), nn.Dropout(0.5, True)), (4, 5)),
    "dropout1d": (lambda nn: nn.Dropout1d(), (3, 4, 5)),
    "dropout2d": (lambda nn: nn.Dropout2d(0.3), (3, 4, 2, 2)),
    "dropout3d": (lambda nn: nn.Dropout3d(0.3), (2, 3, 2, 2, 2)),
    "alpha dropout": (lambda nn: nn.AlphaDropout(0.3), (4, 5)),
    "feature alpha dropout": (lambda nn: nn.FeatureAlphaDropout(0.3), (4, 5, 2)),
    "relu": (lambda nn: nn.ReLU(), (4, 5)),
    "relu in place": (lambda nn: nn.Sequential(nn.Linear(5, 5), nn.ReLU(inplace=True)), (4, 5)),
    "relu6": (lambda nn: nn.ReLU6(), (4, 5)),
    "leaky relu": (lambda nn: nn.LeakyReLU(0.2), (4, 5)),
    "elu": (lambda nn: nn.ELU(1.5), (4, 5)),
    "selu": (lambda nn: nn.SELU(), (4, 5)),
    "celu": (lambda nn: nn.CELU(1.5), (4, 5)),
    "gelu": (lambda nn: nn.GELU(), (4, 5)),
    "gelu tanh": (lambda nn: nn.GELU("tanh"), (4, 5)),
    "silu": (lambda nn: nn.SiLU(), (4, 5)),
    "mish": (lambda nn: nn.Mish(), (4, 5)),
    "softplus": (lambda nn: nn.Softplus(2, 1.5), (4, 5)),
    "softsign": (lambda nn: nn.Softsign(), (4, 5)),
    "tanh": (lambda nn: nn.Tanh(), (4, 5)),
    "tanhshrink": (lambda nn: nn.Tanhshrink(), (4, 5)),
    "hardtanh": (lambda nn: nn.Hardtanh(-0.5, 2), (4, 5)),
    "hardsigmoid": (lambda nn: nn.Hardsigmoid(), (4, 5)),
    "hardswish": (lambda nn: nn.Hardswish(), (4, 5)),
    "hardshrink": (lambda nn: nn.Hardshrink(0.3), (4, 5)),
    "softshrink": (lambda nn: nn.Softshrink(), (4, 5)),
    "threshold": (lambda nn: nn.Threshold(0.1, 20), (4, 5)),
    "logsigmoid": (lambda nn: nn.LogSigmoid(), (4, 5)),
    "sigmoid": (lambda nn: nn.Sigmoid(), (4, 5)),
    "prelu": (lambda nn: nn.PReLU(), (4, 5)),
    "prelu by channel": (lambda nn: nn.PReLU(5, 0.1), (4, 5, 2)),
    "rrelu": (lambda nn: nn.RReLU(0.1, 0.3), (4, 5)),
    "glu": (lambda nn: nn.GLU(), (4, 6)),
    "softmax": (lambda nn: nn.Softmax(-1), (4, 5)),
    "log softmax": (lambda nn: nn.LogSoftmax(0), (4, 5)),
    "softmin": (lambda nn: nn.Softmin(1), (4, 5)),
    "softmax2d": (lambda nn: nn.Softmax2d(), (2, 3, 2, 2)),
    "deep": (
        lambda nn: nn.Sequential(
            nn.Linear(4, 8),
            nn.LeakyReLU(),
            nn.Sequential(nn.Linear(8, 8), nn.Tanh()),
            nn.Linear(8, 1),
        ),
        (6, 4),
    ),
    **IMAGE_LAYERS,
}


def _called(layer: Any, ndim: int) -> Any:
    """A lazy layer after a first input of 4 channels."""
    library = __import__(type(layer).__module__.split(".")[0])
    layer(library.ones(2, 4, *[4] * (ndim - 2)))
    return layer


# modules that have no input of floating-point numbers, or none at all
OTHERS: dict[str, Callable[[Any], Any]] = {
    "embedding": lambda nn: nn.Embedding(7, 3),
    "embedding with all": lambda nn: nn.Embedding(
        7, 3, padding_idx=-2, max_norm=1.0, norm_type=1.0, scale_grad_by_freq=True
    ),
    "module list": lambda nn: nn.ModuleList(
        [nn.Linear(2, 2), nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2)]
    ),
    "module dict": lambda nn: nn.ModuleDict({"b": nn.ReLU(), "a": nn.Linear(1, 1)}),
    "nested list": lambda nn: nn.ModuleList(
        [nn.Sequential(nn.Linear(2, 2), nn.ReLU()) for _ in range(3)]
    ),
    "unpool shown": lambda nn: nn.ModuleList(
        [nn.MaxUnpool1d(2), nn.MaxUnpool2d((2, 3), 1, padding=1), nn.MaxUnpool3d(2)]
    ),
    "lazy layers shown": lambda nn: nn.ModuleList(
        [_called(nn.LazyConv1d(2, 3), 3), _called(nn.LazyConv2d(2, (3, 1), padding=1), 4),
         _called(nn.LazyConv3d(4, 2, groups=2, bias=False), 5),
         _called(nn.LazyConvTranspose1d(2, 3), 3),
         _called(nn.LazyConvTranspose2d(2, 3, stride=2, output_padding=1), 4),
         _called(nn.LazyConvTranspose3d(2, 2), 5), _called(nn.LazyBatchNorm1d(), 3),
         _called(nn.LazyBatchNorm2d(affine=False), 4),
         _called(nn.LazyBatchNorm3d(track_running_stats=False), 5),
         _called(nn.LazyInstanceNorm1d(), 3), _called(nn.LazyInstanceNorm2d(bias=False), 4),
         _called(nn.LazyInstanceNorm3d(momentum=0.3), 5)]
    ),
    "empty": lambda nn: nn.Sequential(),
    "relu shown": lambda nn: nn.ModuleList(
        [nn.ReLU(True), nn.ReLU6(True), nn.LeakyReLU(0.1, True), nn.ELU(inplace=True),
         nn.CELU(inplace=True), nn.SiLU(True), nn.Mish(True), nn.Hardtanh(0, 1, True),
         nn.Hardsigmoid(True), nn.Hardswish(True), nn.Threshold(0, 1, True), nn.SELU(True),
         nn.RReLU(inplace=True), nn.Dropout(0.1, True), nn.Softmax()]
    ),
}  # fmt: skip

ALL = {name: make for name, (make, _) in LAYERS.items()} | OTHERS


def example_input(name: str) -> np.ndarray:
    """An input for one of ``LAYERS``."""
    shape = LAYERS[name][1]
    return np.random.RandomState(0).normal(size=shape).astype(np.float32)


def weights_like(shape: Sequence[int]) -> np.ndarray:
    """The gradient to start from, different for each output."""
    return np.linspace(-1, 1, math.prod(shape)).astype(np.float32).reshape(tuple(shape))
