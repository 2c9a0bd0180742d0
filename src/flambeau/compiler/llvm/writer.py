"""The lines of a function under construction."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flambeau.compiler.llvm.module import Module


class Writer:
    """Collects instructions and names their results."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.lines: list[str] = []
        self._count = 0

    def fresh(self, stem: str) -> str:
        """A name that nothing else in this function has."""
        self._count += 1
        return f"{stem}{self._count}"

    def emit(self, text: str) -> str:
        """Writes an instruction with a result; returns the result's name."""
        self._count += 1
        name = f"%v{self._count}"
        self.lines.append(f"  {name} = {text}")
        return name

    def line(self, text: str) -> None:
        """Writes an instruction without a result."""
        self.lines.append("  " + text)
