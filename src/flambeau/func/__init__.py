"""Transformations of functions: derivatives, batching, control flow (`torch.func` and JAX)."""

from flambeau.func.batching import vmap as vmap
from flambeau.func.checkpoint import checkpoint as checkpoint
from flambeau.func.checkpoint import checkpoint_sequential as checkpoint_sequential
from flambeau.func.checkpoint import remat as remat
from flambeau.func.control import cond as cond
from flambeau.func.control import fori_loop as fori_loop
from flambeau.func.control import map as map
from flambeau.func.control import scan as scan
from flambeau.func.control import switch as switch
from flambeau.func.control import while_loop as while_loop
from flambeau.func.forward import jvp as jvp
from flambeau.func.forward import linearize as linearize
from flambeau.func.gradient import grad as grad
from flambeau.func.gradient import grad_and_value as grad_and_value
from flambeau.func.gradient import value_and_grad as value_and_grad
from flambeau.func.gradient import vjp as vjp
from flambeau.func.jacobian import hessian as hessian
from flambeau.func.jacobian import hvp as hvp
from flambeau.func.jacobian import jacfwd as jacfwd
from flambeau.func.jacobian import jacrev as jacrev
from flambeau.func.level import debug_unwrap as debug_unwrap
from flambeau.func.stateless import functional_call as functional_call
from flambeau.func.stateless import functionalize as functionalize
from flambeau.func.stateless import make_functional as make_functional
from flambeau.func.stateless import (
    replace_all_batch_norm_modules_ as replace_all_batch_norm_modules_,
)
from flambeau.func.stateless import stack_module_state as stack_module_state

__all__ = [
    "checkpoint", "checkpoint_sequential", "cond", "debug_unwrap", "fori_loop", "functional_call",
    "functionalize", "grad", "grad_and_value", "hessian", "hvp", "jacfwd", "jacrev", "jvp",
    "linearize", "make_functional", "map", "remat", "replace_all_batch_norm_modules_", "scan",
    "stack_module_state", "switch", "value_and_grad", "vjp", "vmap", "while_loop",
]  # fmt: skip
