"""One of each layer for images and the like; :mod:`tests.nn.layers` adds them to its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

# name -> (how to make it from a library's `nn`, shape of its input)
IMAGE_LAYERS: dict[str, tuple[Callable[[Any], Any], tuple[int, ...]]] = {
    "conv1d": (lambda nn: nn.Conv1d(3, 4, 3, padding=1), (2, 3, 6)),
    "conv1d same": (lambda nn: nn.Conv1d(2, 4, 3, padding="same", groups=2), (2, 2, 5)),
    "conv1d circular": (lambda nn: nn.Conv1d(2, 2, 3, padding=2, padding_mode="circular"), (2, 6)),
    "conv2d": (lambda nn: nn.Conv2d(3, 4, (3, 2), stride=(2, 1), bias=False), (2, 3, 5, 4)),
    "conv2d dilated": (lambda nn: nn.Conv2d(2, 2, 2, dilation=2, padding=(1, 0)), (2, 4, 4)),
    "conv2d by channel": (lambda nn: nn.Conv2d(3, 3, 3, padding=1, groups=3), (2, 3, 4, 4)),
    "conv2d reflect": (
        lambda nn: nn.Conv2d(2, 3, 3, padding="same", padding_mode="reflect"),
        (2, 2, 4, 4),
    ),
    "conv3d": (lambda nn: nn.Conv3d(2, 3, 2, padding="valid"), (1, 2, 3, 3, 3)),
    "conv transpose1d": (lambda nn: nn.ConvTranspose1d(3, 4, 3, stride=2), (2, 3, 4)),
    "conv transpose2d": (
        lambda nn: nn.ConvTranspose2d(4, 4, 3, stride=2, padding=1, output_padding=1, groups=2),
        (2, 4, 3, 3),
    ),
    "conv transpose3d": (lambda nn: nn.ConvTranspose3d(2, 2, 2, dilation=2), (1, 2, 2, 2, 2)),
    "batch norm": (lambda nn: nn.BatchNorm1d(4), (5, 4)),
    "batch norm of sequences": (lambda nn: nn.BatchNorm1d(4, momentum=None), (3, 4, 5)),
    "batch norm2d": (lambda nn: nn.BatchNorm2d(3, eps=0.01, momentum=0.3), (4, 3, 3, 2)),
    "batch norm2d bare": (lambda nn: nn.BatchNorm2d(3, affine=False), (4, 3, 3, 2)),
    "batch norm2d untracked": (
        lambda nn: nn.BatchNorm2d(3, track_running_stats=False, bias=False),
        (4, 3, 3, 2),
    ),
    "batch norm3d": (lambda nn: nn.BatchNorm3d(2), (2, 2, 2, 2, 3)),
    "layer norm": (lambda nn: nn.LayerNorm(5), (3, 5)),
    "layer norm of two": (lambda nn: nn.LayerNorm([4, 5], eps=0.1, bias=False), (3, 4, 5)),
    "layer norm bare": (lambda nn: nn.LayerNorm((5,), elementwise_affine=False), (3, 4, 5)),
    "rms norm": (lambda nn: nn.RMSNorm(5), (3, 5)),
    "rms norm bare": (lambda nn: nn.RMSNorm((4, 5), 0.1, elementwise_affine=False), (3, 4, 5)),
    "group norm": (lambda nn: nn.GroupNorm(2, 4), (3, 4, 5)),
    "group norm bare": (lambda nn: nn.GroupNorm(1, 4, affine=False), (3, 4, 2, 2)),
    "instance norm1d": (lambda nn: nn.InstanceNorm1d(3, affine=True), (2, 3, 4)),
    "instance norm1d alone": (lambda nn: nn.InstanceNorm1d(3), (3, 4)),
    "instance norm2d": (
        lambda nn: nn.InstanceNorm2d(3, affine=True, track_running_stats=True),
        (2, 3, 4, 3),
    ),
    "instance norm3d": (lambda nn: nn.InstanceNorm3d(2), (2, 2, 2, 2, 3)),
    "local response norm": (lambda nn: nn.LocalResponseNorm(3, 0.5, 0.6, 2.0), (2, 5, 4)),
    "local response norm 2d": (lambda nn: nn.LocalResponseNorm(2), (2, 5, 2, 2)),
    "max pool1d": (lambda nn: nn.MaxPool1d(3, 2, 1), (2, 3, 8)),
    "max pool2d": (lambda nn: nn.MaxPool2d(2), (2, 3, 5, 4)),
    "max pool2d overlapping": (
        lambda nn: nn.MaxPool2d((3, 2), (2, 1), 1, ceil_mode=True),
        (2, 3, 6, 4),
    ),
    "max pool3d": (lambda nn: nn.MaxPool3d(2, 1, dilation=(1, 2, 1)), (1, 2, 3, 4, 3)),
    "avg pool1d": (lambda nn: nn.AvgPool1d(2), (2, 3, 6)),
    "avg pool2d": (lambda nn: nn.AvgPool2d(3, 2, 1, True, False), (2, 3, 6, 5)),
    "avg pool2d divided": (lambda nn: nn.AvgPool2d((2, 1), divisor_override=3), (2, 3, 4, 2)),
    "avg pool3d": (lambda nn: nn.AvgPool3d(2, padding=1), (1, 2, 3, 4, 3)),
    "lp pool1d": (lambda nn: nn.LPPool1d(4, 2), (2, 3, 6)),
    "lp pool2d": (lambda nn: nn.LPPool2d(2, (2, 3), stride=(2, 1)), (2, 3, 5, 4)),
    "lp pool3d": (lambda nn: nn.LPPool3d(2.0, 2, ceil_mode=True), (1, 2, 2, 3, 2)),
    "adaptive avg pool1d": (lambda nn: nn.AdaptiveAvgPool1d(4), (2, 3, 6)),
    "adaptive avg pool2d": (lambda nn: nn.AdaptiveAvgPool2d((3, None)), (2, 3, 5, 4)),
    "adaptive avg pool2d to one": (lambda nn: nn.AdaptiveAvgPool2d(1), (2, 3, 5, 4)),
    "adaptive avg pool3d": (lambda nn: nn.AdaptiveAvgPool3d((2, 1, 3)), (1, 2, 3, 4, 3)),
    "adaptive max pool1d": (lambda nn: nn.AdaptiveMaxPool1d(4), (2, 3, 6)),
    "adaptive max pool2d": (lambda nn: nn.AdaptiveMaxPool2d((3, None)), (2, 3, 5, 4)),
    "adaptive max pool3d": (lambda nn: nn.AdaptiveMaxPool3d(2), (1, 2, 3, 4, 3)),
    "fractional max pool2d": (lambda nn: nn.FractionalMaxPool2d(2, (3, 2)), (2, 3, 6, 5)),
    "fractional max pool3d": (
        lambda nn: nn.FractionalMaxPool3d(2, output_ratio=0.5),
        (2, 2, 5, 6, 4),
    ),
}
