"""Control flow that transformations and the compiler understand."""

from flambeau.func.control.branches import cond as cond
from flambeau.func.control.branches import switch as switch
from flambeau.func.control.loops import fori_loop as fori_loop
from flambeau.func.control.loops import while_loop as while_loop
from flambeau.func.control.scan import map as map
from flambeau.func.control.scan import scan as scan

__all__ = ["cond", "fori_loop", "map", "scan", "switch", "while_loop"]
