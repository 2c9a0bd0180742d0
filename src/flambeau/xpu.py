"""Intel's GPUs under PyTorch's path for them: there are none."""

from flambeau.tensor.other_devices import device_count as device_count
from flambeau.tensor.other_devices import empty_cache as empty_cache
from flambeau.tensor.other_devices import is_available as is_available
from flambeau.tensor.other_devices import manual_seed as manual_seed

__all__ = ["device_count", "empty_cache", "is_available", "manual_seed"]
