"""What PyTorch keeps under ``utils``: the data loading of :mod:`flambeau.utils.data`."""

from importlib import import_module as _import_module
from typing import Any as _Any


def __getattr__(name: str) -> _Any:
    """Import `data` when it is first asked for: many programs do without it."""
    if name == "data":
        return _import_module("flambeau.utils.data")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
