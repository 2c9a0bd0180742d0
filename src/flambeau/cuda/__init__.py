"""GPUs under PyTorch's path for them: there are none."""

from flambeau.core.late import late
from flambeau.tensor.other_devices import NEED_A_DEVICE as _NEED_A_DEVICE
from flambeau.tensor.other_devices import device_count as device_count
from flambeau.tensor.other_devices import empty_cache as empty_cache
from flambeau.tensor.other_devices import get_arch_list as get_arch_list
from flambeau.tensor.other_devices import get_rng_state_all as get_rng_state_all
from flambeau.tensor.other_devices import ipc_collect as ipc_collect
from flambeau.tensor.other_devices import is_available as is_available
from flambeau.tensor.other_devices import is_bf16_supported as is_bf16_supported
from flambeau.tensor.other_devices import is_initialized as is_initialized
from flambeau.tensor.other_devices import is_tf32_supported as is_tf32_supported
from flambeau.tensor.other_devices import manual_seed as manual_seed
from flambeau.tensor.other_devices import manual_seed_all as manual_seed_all
from flambeau.tensor.other_devices import max_memory_allocated as max_memory_allocated
from flambeau.tensor.other_devices import max_memory_reserved as max_memory_reserved
from flambeau.tensor.other_devices import memory_allocated as memory_allocated
from flambeau.tensor.other_devices import memory_reserved as memory_reserved
from flambeau.tensor.other_devices import needing_a_device as _needing_a_device

globals().update({name: _needing_a_device(name) for name in _NEED_A_DEVICE})
__getattr__, __dir__ = late(__name__, {}, modules="amp")
