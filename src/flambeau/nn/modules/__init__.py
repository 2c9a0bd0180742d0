"""Layers under PyTorch's inner paths for them: ``nn.modules.conv.Conv2d`` is ``nn.Conv2d``.

All of PyTorch's files of layers lead here, and from here every name of :mod:`flambeau.nn` can be
had.
"""

import sys
from importlib import import_module

from flambeau import nn as _nn

_FILES = (
    "activation", "adaptive", "batchnorm", "channelshuffle", "container", "conv", "distance",
    "dropout", "flatten", "fold", "instancenorm", "lazy", "linear", "loss", "module",
    "normalization", "padding", "pixelshuffle", "pooling", "rnn", "sparse", "transformer",
    "upsampling",
)  # fmt: skip

for _file in _FILES:
    sys.modules[f"{__name__}.{_file}"] = sys.modules[__name__]


# Classes that layers have in common, which programs ask isinstance() about.
_BASES = {
    "_ConvNd": "convolution", "_ConvTransposeNd": "convolution_transposed",
    "_BatchNorm": "batch_norm", "_NormBase": "batch_norm", "_InstanceNorm": "instance_norm",
    "_MaxPoolNd": "max_pooling", "RNNBase": "recurrent", "RNNCellBase": "recurrent_cells",
}  # fmt: skip
_RENAMED = {
    "_Loss": ("losses", "Loss"), "_WeightedLoss": ("losses", "WeightedLoss"),
    "_DropoutNd": ("dropout", "_Dropout"),
}  # fmt: skip


def __getattr__(name: str) -> object:
    if name in _FILES:
        return sys.modules[__name__]
    if name == "utils":
        return import_module("flambeau.nn.modules.utils")
    if name in _BASES or name in _RENAMED:
        file, inner = _RENAMED[name] if name in _RENAMED else (_BASES[name], name)
        return getattr(import_module(f"flambeau.nn.{file}"), inner)
    if name.startswith("__"):
        raise AttributeError(name)
    return getattr(_nn, name)


def __dir__() -> list[str]:
    return sorted([*_FILES, *[name for name in dir(_nn) if name != "modules"]])
