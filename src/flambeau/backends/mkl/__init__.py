"""Intel's library of linear algebra: NumPy's own is used."""

from flambeau.tensor.other_devices import is_available as is_available

__all__ = ["is_available"]
