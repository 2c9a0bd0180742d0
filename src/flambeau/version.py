"""The version under PyTorch's path for it, and those of what is not used."""

from flambeau.core.version import VERSION as __version__

debug = False
cuda = None
hip = None
xpu = None

__all__ = ["__version__", "cuda", "debug", "hip", "xpu"]
