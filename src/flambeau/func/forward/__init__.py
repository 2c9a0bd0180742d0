"""Forward mode: values that carry their tangents through a function."""

from flambeau.func.forward.jvp import jvp as jvp
from flambeau.func.forward.jvp import linearize as linearize

__all__ = ["jvp", "linearize"]
