"""Activation checkpointing under PyTorch's name: see :mod:`flambeau.func.checkpoint`."""

from flambeau.func.checkpoint import checkpoint as checkpoint
from flambeau.func.checkpoint import checkpoint_sequential as checkpoint_sequential

__all__ = ["checkpoint", "checkpoint_sequential"]
