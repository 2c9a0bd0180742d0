"""Devices quicker than the CPU under PyTorch's path for them: there are none."""

from flambeau.tensor.other_devices import current_accelerator as current_accelerator
from flambeau.tensor.other_devices import device_count as device_count
from flambeau.tensor.other_devices import is_available as is_available

__all__ = ["current_accelerator", "device_count", "is_available"]
