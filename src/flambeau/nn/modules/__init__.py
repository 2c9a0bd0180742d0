"""Layers under PyTorch's inner paths for them: ``nn.modules.conv.Conv2d`` is ``nn.Conv2d``.

All of PyTorch's files of layers lead here, and from here every name of :mod:`flambeau.nn` can be
had.
"""

import sys

from flambeau import nn as _nn

_FILES = (
    "activation", "adaptive", "batchnorm", "channelshuffle", "container", "conv", "distance",
    "dropout", "flatten", "fold", "instancenorm", "lazy", "linear", "loss", "module",
    "normalization", "padding", "pixelshuffle", "pooling", "rnn", "sparse", "transformer",
    "upsampling",
)  # fmt: skip

for _file in _FILES:
    sys.modules[f"{__name__}.{_file}"] = sys.modules[__name__]


def __getattr__(name: str) -> object:
    if name in _FILES:
        return sys.modules[__name__]
    if name.startswith("__"):
        raise AttributeError(name)
    return getattr(_nn, name)


def __dir__() -> list[str]:
    return sorted([*_FILES, *[name for name in dir(_nn) if name != "modules"]])
