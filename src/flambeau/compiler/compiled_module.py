"""A module whose ``forward`` is compiled, and which otherwise is the module itself."""

from __future__ import annotations

from typing import Any

from flambeau.compiler.compiled import Compiled


class CompiledModule:
    """Calls go to the compiled module, everything else to the module.

    Parameters, buffers and modes are the module's own; training one trains the other.

    Args:
        module: the module.
        verify: for how many calls to run it eagerly, too, and compare.
    """

    def __init__(self, module: Any, verify: int) -> None:
        self.__dict__["_module"] = module
        self.__dict__["_compiled"] = Compiled(module, verify)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._compiled(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        if name in ("report", "program", "llvm"):
            return getattr(self._compiled, name)
        return getattr(self._module, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._module, name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self._module, name)

    def __repr__(self) -> str:
        return f"compiled {self._module!r}"


def compiled_module(module: Any, verify: int) -> CompiledModule:
    """The compiled face of a module."""
    return CompiledModule(module, verify)
