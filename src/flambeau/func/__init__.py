"""Transformations of functions: derivatives, batching, control flow (`torch.func` and JAX)."""

from flambeau.func.batching import vmap as vmap
from flambeau.func.gradient import grad as grad
from flambeau.func.gradient import grad_and_value as grad_and_value
from flambeau.func.gradient import value_and_grad as value_and_grad
from flambeau.func.gradient import vjp as vjp

__all__ = ["grad", "grad_and_value", "value_and_grad", "vjp", "vmap"]
