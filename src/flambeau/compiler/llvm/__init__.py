"""LLVM IR as text, with explicit vectors: written quickly, compiled without optimisation passes."""

from flambeau.compiler.llvm.function import Function, Loop
from flambeau.compiler.llvm.module import Module
from flambeau.compiler.llvm.target import Target, default, host, named
from flambeau.compiler.llvm.value import Value
from flambeau.compiler.llvm.vector import VectorBuilder

__all__ = ["Module", "Function", "Loop", "Value", "VectorBuilder"]
__all__ += ["Target", "default", "host", "named"]
