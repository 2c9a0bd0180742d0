"""NVIDIA's library of layers: not used. What programs set here has no effect."""

from flambeau.tensor.other_devices import flags as flags
from flambeau.tensor.other_devices import is_available as is_available
from flambeau.tensor.other_devices import version as version

enabled = False
benchmark = False
deterministic = True
allow_tf32 = False

__all__ = [
    "allow_tf32", "benchmark", "deterministic", "enabled", "flags", "is_available", "version",
]  # fmt: skip
