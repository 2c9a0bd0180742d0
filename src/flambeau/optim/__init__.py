"""Optimizers."""

from flambeau.optim.adam import Adam as Adam
from flambeau.optim.adam import AdamW as AdamW
from flambeau.optim.from_transform import TransformOptimizer as TransformOptimizer
from flambeau.optim.from_transform import from_transform as from_transform
from flambeau.optim.optimizer import Optimizer as Optimizer
from flambeau.optim.sgd import SGD as SGD

# Imported when they are first asked for: most programs use one of them.
_LAZY = frozenset({"schedule", "transform"})


def __getattr__(name: str) -> object:
    if name in _LAZY:
        import importlib

        return importlib.import_module(f"flambeau.optim.{name}")
    raise AttributeError(f"module 'flambeau.optim' has no attribute {name!r}")
