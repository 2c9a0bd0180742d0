"""Intel's library of layers: not used."""

from flambeau.tensor.other_devices import is_available as is_available

__all__ = ["is_available"]
