"""Mixed precision on GPUs under PyTorch's path for it: there are none, so it is off."""

from flambeau.amp.gpu import GradScaler as GradScaler
from flambeau.amp.gpu import autocast as autocast

__all__ = ["GradScaler", "autocast"]
