"""GPUs under PyTorch's path for them: there are none."""

from flambeau.tensor.other_devices import device_count as device_count
from flambeau.tensor.other_devices import empty_cache as empty_cache
from flambeau.tensor.other_devices import is_available as is_available
from flambeau.tensor.other_devices import is_bf16_supported as is_bf16_supported
from flambeau.tensor.other_devices import manual_seed as manual_seed
from flambeau.tensor.other_devices import manual_seed_all as manual_seed_all
from flambeau.tensor.other_devices import max_memory_allocated as max_memory_allocated
from flambeau.tensor.other_devices import memory_allocated as memory_allocated

__all__ = [
    "device_count",
    "empty_cache",
    "is_available",
    "is_bf16_supported",
    "manual_seed",
    "manual_seed_all",
    "max_memory_allocated",
    "memory_allocated",
]
