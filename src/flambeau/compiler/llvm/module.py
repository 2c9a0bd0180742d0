"""A module: functions, what they declare, and constant tables, as LLVM IR text."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flambeau.compiler.llvm import target as targets
from flambeau.compiler.llvm.function import Function
from flambeau.compiler.llvm.target import Target
from flambeau.compiler.llvm.types import STORED, literal


class Module:
    """LLVM IR text that is written piece by piece.

    Args:
        target: what the code is for; the host by default.

    Example:
        >>> from flambeau.compiler.llvm import Module, named
        >>> module = Module(named("avx2"))
        >>> with module.function("double", ["x"]) as f:
        ...     f.store(f.load("%x", "float32", 8) * 2.0, "%x")
        >>> print(module.text().splitlines()[2])
        define void @double(ptr noalias %x) nounwind {
    """

    def __init__(self, target: Target | None = None) -> None:
        self.target = target or targets.default()
        self._declarations: dict[str, str] = {}
        self._globals: dict[str, str] = {}
        self._functions: dict[str, str] = {}

    def function(
        self,
        name: str,
        parameters: Sequence[str | tuple[str, str]] = (),
        returns: str = "void",
        internal: bool = False,
    ) -> Function:
        """Begins a function; used in ``with``, its end adds it to the module.

        Args:
            name: its name.
            parameters: names of pointers that no other parameter aliases, or (type, name) pairs.
            returns: LLVM's name of the type it returns.
            internal: whether only this module calls it.
        """
        typed = [("ptr noalias", p) if isinstance(p, str) else p for p in parameters]
        return Function(self, name, typed, returns, internal)

    def add(self, name: str, text: str) -> None:
        """Adds a function's finished text."""
        if name in self._functions:
            raise ValueError(f"module: the function {name} exists already")
        self._functions[name] = text

    def declare(self, name: str, text: str) -> None:
        """Declares an external function or intrinsic, ``"double @exp(double)"``, once."""
        self._declarations.setdefault(name, f"declare {text}")

    def define_global(self, name: str, text: str) -> str:
        """Defines a global variable, ``"internal global i64 0"``, once; returns ``@name``."""
        self._globals.setdefault(name, f"@{name} = {text}")
        return f"@{name}"

    def table(self, name: str, values: Sequence[float], dtype: str) -> str:
        """A constant array in memory; returns ``@name``."""
        element = STORED[dtype]
        items = ", ".join(f"{element} {literal(v, dtype)}" for v in values)
        kind = f"internal unnamed_addr constant [{len(values)} x {element}]"
        return self.define_global(name, f"{kind} [{items}], align 64")

    def helper(self, name: str, write: Callable[[str], None]) -> str:
        """An internal function that several places call: written at its first use."""
        if name not in self._functions:
            write(name)
        return name

    def __contains__(self, name: str) -> bool:
        return name in self._functions

    def text(self) -> str:
        """The whole module."""
        head = [f'target triple = "{self.target.triple}"', ""]
        parts = [*self._globals.values(), *self._functions.values(), *self._declarations.values()]
        return "\n".join(head + parts) + "\n"
