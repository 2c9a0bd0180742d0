"""flambeau: tensors, automatic differentiation, modules, losses, optimizers, and a compiler.

PyTorch's names and numbers, NumPy beneath, and a whole training step in one native call.
"""

import warnings as _warnings
from math import e as e
from math import inf as inf
from math import nan as nan
from math import pi as pi

# NumPy reports overflow, division by zero and nan as warnings; tensors hold inf and nan silently.
# The filter names our modules, so warnings of the user's own NumPy code are not touched.
_warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"flambeau(\.|$)")

from flambeau import autograd as autograd
from flambeau import ops as ops
from flambeau import random as random
from flambeau.autograd import enable_grad as enable_grad
from flambeau.autograd import inference_mode as inference_mode
from flambeau.autograd import no_grad as no_grad
from flambeau.autograd import set_grad_enabled as set_grad_enabled
from flambeau.autograd.modes import is_anomaly_check_nan_enabled as is_anomaly_check_nan_enabled
from flambeau.autograd.modes import is_anomaly_enabled as is_anomaly_enabled
from flambeau.autograd.modes import is_inference_mode_enabled as is_inference_mode_enabled
from flambeau.core.absent import ABSENT as _ABSENT
from flambeau.core.dtypes import ALIASES as _ALIASES
from flambeau.core.dtypes import ALL as _ALL
from flambeau.core.dtypes import can_cast as can_cast
from flambeau.core.dtypes import dtype as dtype
from flambeau.core.dtypes import get_default_dtype as get_default_dtype
from flambeau.core.dtypes import promote_types as promote_types
from flambeau.core.dtypes import set_default_dtype as set_default_dtype
from flambeau.core.late import late as _late
from flambeau.core.limits import finfo as finfo
from flambeau.core.limits import iinfo as iinfo
from flambeau.core.shapes import Size as Size
from flambeau.core.version import VERSION as _VERSION
from flambeau.ops import deferred as _deferred
from flambeau.ops import operators as _operators
from flambeau.ops.publish import METHODS_ONLY as _METHODS_ONLY
from flambeau.ops.publish import PUBLIC as _PUBLIC
from flambeau.tensor import pickling as _pickling
from flambeau.tensor import representation as _representation
from flambeau.tensor.construction import as_tensor as as_tensor
from flambeau.tensor.construction import asarray as asarray
from flambeau.tensor.construction import from_numpy as from_numpy
from flambeau.tensor.construction import frombuffer as frombuffer
from flambeau.tensor.construction import tensor as tensor
from flambeau.tensor.device import CONSTANTS as _CONSTANTS
from flambeau.tensor.device import device as device
from flambeau.tensor.device import layout as layout
from flambeau.tensor.device import memory_format as memory_format
from flambeau.tensor.exchange import from_dlpack as from_dlpack
from flambeau.tensor.generator import Generator as Generator
from flambeau.tensor.generator import default_generator as default_generator
from flambeau.tensor.generator import get_rng_state as get_rng_state
from flambeau.tensor.generator import initial_seed as initial_seed
from flambeau.tensor.generator import manual_seed as manual_seed
from flambeau.tensor.generator import seed as seed
from flambeau.tensor.generator import set_rng_state as set_rng_state
from flambeau.tensor.modes import is_grad_enabled as is_grad_enabled
from flambeau.tensor.printing import set_printoptions as set_printoptions
from flambeau.tensor.tensor import Tensor as Tensor
from flambeau.tensor.typed import CLASSES as _CLASSES

__version__ = _VERSION
newaxis = None

# Imported when they are first asked for.
_LAZY_ROOMS = """
    accelerator amp array_api backends checkpoint cuda distributed distributions fft func inspect
    linalg masked mps nn optim profiler signal sklearn special testing tree utils version xpu
"""
_late_getattr, _late_dir = _late(
    __name__,
    {
        ".amp": "GradScaler autocast get_autocast_dtype is_autocast_enabled",
        ".checkpoint": "load save",
        ".compiler": "compile get_num_threads set_num_threads",
        ".func": "vmap",
        ".func.with_operands": "cond while_loop",
        ".inspect": "History progress",
        ".tensor.settings": (
            "are_deterministic_algorithms_enabled get_default_device "
            "get_deterministic_debug_mode get_float32_matmul_precision "
            "get_num_interop_threads is_deterministic_algorithms_warn_only_enabled "
            "is_warn_always_enabled set_default_device set_deterministic_debug_mode "
            "set_default_tensor_type set_float32_matmul_precision set_flush_denormal "
            "set_num_interop_threads set_warn_always typename use_deterministic_algorithms"
        ),
    },
    modules=_LAZY_ROOMS,
)

_deferred.install()
_operators.install()
globals().update({d.name: d for d in _ALL} | _ALIASES | _CONSTANTS | _CLASSES)
globals().update({name: f for name, f in _PUBLIC.items() if name not in _METHODS_ONLY})


def __getattr__(name: str) -> object:
    if name in _deferred.PACKAGE_FUNCTIONS:
        globals()[name] = value = _PUBLIC[name]
        return value
    if name in _ABSENT:
        raise AttributeError(f"flambeau has no {name!r}: {_ABSENT[name]}")
    return _late_getattr(name)


# Seen from outside, streams deal in tensors.
for _name in ("default_generator", "get_rng_state", "manual_seed", "set_rng_state"):
    setattr(random, _name, globals()[_name])

# Rooms that hold no public names of their own are bound here by importing them.
_ROOMS = {"compiler", "core", "ops"}
_NAMES = {*_late_dir(), *_deferred.PACKAGE_FUNCTIONS, *globals()} - _ROOMS
__all__ = [  # pyright: ignore[reportUnsupportedDunderAll]
    name for name in sorted(_NAMES) if not name.startswith("_")
]


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
