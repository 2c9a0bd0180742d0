"""Mixed precision on GPUs: there are none, so it is off."""

from __future__ import annotations

from typing import Any

from flambeau.amp.autocast import autocast as _autocast
from flambeau.amp.grad_scaler import GradScaler as _GradScaler


class autocast(_autocast):
    """A region of mixed precision on a GPU: there is none, so it is off, and says so.

    Args:
        enabled: whether the region would do anything.
        dtype: its lower precision.
        cache_enabled: whether parameters would be cast once.
    """

    def __init__(
        self, enabled: bool = True, dtype: Any = None, cache_enabled: bool | None = None
    ) -> None:
        super().__init__("cuda", dtype, enabled, cache_enabled)


class GradScaler(_GradScaler):
    """Scales losses for a GPU: there is none, so it is off, and says so.

    Args:
        options: as :class:`flambeau.amp.GradScaler` takes them.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__("cuda", *args, **options)
