"""Mixed precision: operations in bfloat16 or float16 where that is safe, and scaled losses."""

from flambeau.amp.autocast import autocast as autocast
from flambeau.amp.autocast import get_autocast_dtype as get_autocast_dtype
from flambeau.amp.autocast import is_autocast_available as is_autocast_available
from flambeau.amp.autocast import is_autocast_enabled as is_autocast_enabled
from flambeau.amp.custom import custom_bwd as custom_bwd
from flambeau.amp.custom import custom_fwd as custom_fwd
from flambeau.amp.grad_scaler import GradScaler as GradScaler

__all__ = [
    "GradScaler",
    "autocast",
    "custom_bwd",
    "custom_fwd",
    "get_autocast_dtype",
    "is_autocast_available",
    "is_autocast_enabled",
]
