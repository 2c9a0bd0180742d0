"""NVIDIA's library of layers: not used. What programs set here has no effect."""

from flambeau.tensor.other_devices import is_available as is_available

enabled = False
benchmark = False
deterministic = True
allow_tf32 = False

__all__ = ["allow_tf32", "benchmark", "deterministic", "enabled", "is_available"]
