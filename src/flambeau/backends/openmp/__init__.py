"""OpenMP: not used; threads are flambeau's own."""

from flambeau.tensor.other_devices import is_available as is_available

__all__ = ["is_available"]
