"""Apple's GPUs: not used."""

from flambeau.tensor.other_devices import is_available as is_available
from flambeau.tensor.other_devices import is_built as is_built

__all__ = ["is_available", "is_built"]
