"""Find out which functions, methods and records each family of operations has.

It has to be run in a process of its own: it imports the families one by one and looks at what has
come. Those that importing flambeau imports are left out.
"""

from __future__ import annotations

import ast
import sys
from importlib import import_module
from pathlib import Path
from pprint import pformat

import flambeau
from flambeau.ops.publish import METHODS_ONLY, PUBLIC
from flambeau.tensor.operation import REGISTRY
from flambeau.tensor.tensor import Tensor

OPS = Path(flambeau.__file__).parent / "ops"
TABLE = OPS / "families.py"
HEAD = '"""What each family has that is loaded late. Written by tools/write_stubs.py."""\n'


def imported_families(family: str) -> list[str]:
    """The families that one imports, which come first: what they have is not its own."""
    tree = ast.parse((OPS / f"{family}.py").read_text(encoding="utf-8"))
    modules = [n.module for n in tree.body if isinstance(n, ast.ImportFrom) and n.module]
    return [m.removeprefix("flambeau.ops.") for m in modules if m.startswith("flambeau.ops.")]


class Finder:
    """Imports families and notes what each adds."""

    def __init__(self) -> None:
        self.functions: dict[str, str] = {}
        self.methods: dict[str, str] = {}
        self.records: dict[str, str] = {}

    def load(self, family: str) -> None:
        """Import a family after those that it imports itself."""
        if f"flambeau.ops.{family}" in sys.modules:
            return
        for other in imported_families(family):
            self.load(other)
        functions, records, members = set(PUBLIC), set(REGISTRY), dict(vars(Tensor))
        import_module(f"flambeau.ops.{family}")
        methods = [name for name, value in vars(Tensor).items() if members.get(name) is not value]
        self.note(self.functions, family, set(PUBLIC) - functions)
        self.note(self.methods, family, set(methods))
        self.note(self.records, family, set(REGISTRY) - records)

    @staticmethod
    def note(table: dict[str, str], family: str, names: set[str]) -> None:
        """Write a family's names into a table, if there are any."""
        if names:
            table[family] = " ".join(sorted(names))


def families_text() -> str:
    """The source of the table."""
    finder = Finder()
    for path in sorted(OPS.glob("*.py")):
        if path.stem != "__init__":
            finder.load(path.stem)
    # Methods that PyTorch has no function for stay out of the package's own names.
    only = {
        name: sorted(METHODS_ONLY & set(names.split())) for name, names in finder.functions.items()
    }
    methods_only = {name: " ".join(names) for name, names in only.items() if names}
    tables = {
        "FUNCTIONS": finder.functions,
        "METHODS": finder.methods,
        "METHODS_ONLY": methods_only,
        "RECORDS": finder.records,
    }
    lines = [
        f"{name}: dict[str, str] = {pformat(table, width=100, sort_dicts=True)}\n"
        for name, table in tables.items()
    ]
    return HEAD + "\n" + "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(families_text())
