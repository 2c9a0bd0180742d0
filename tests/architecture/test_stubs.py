"""The stubs say what is there."""

import ast
from pathlib import Path

import pytest

import flambeau
from flambeau.ops.publish import METHODS_ONLY, PUBLIC
from tests.architecture.sources import shown
from tools.stubs import PACKAGE_STUB, STUBS, TENSOR_STUB
from tools.write_stubs import TABLE, families


@pytest.mark.parametrize("path", STUBS, ids=shown)
def test_stubs_are_current(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == STUBS[path](), "run: python tools/write_stubs.py"


def declared(tree: ast.AST) -> set[str]:
    """The names that the statements of a module or class bind."""
    names: set[str] = set()
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
        elif isinstance(node, ast.Assign):
            names.update(t.id for t in node.targets if isinstance(t, ast.Name))
        elif isinstance(node, ast.ImportFrom):
            names.update(alias.asname for alias in node.names if alias.asname)
    return names


def test_every_public_name_is_declared() -> None:
    found = declared(ast.parse(PACKAGE_STUB.read_text(encoding="utf-8")))
    assert set(flambeau.__all__) - found == set()


def test_every_member_of_tensors_is_declared() -> None:
    tree = ast.parse(TENSOR_STUB.read_text(encoding="utf-8"))
    (cls,) = [n for n in tree.body if isinstance(n, ast.ClassDef)]
    members = {name for name in vars(flambeau.Tensor) if not name.startswith("__")}
    assert members - declared(cls) == set()


def test_the_table_of_late_families_is_current() -> None:
    assert TABLE.read_text(encoding="utf-8") == families(), "run: python tools/write_stubs.py"


def test_the_package_exports_what_families_register() -> None:
    functions = set(PUBLIC) - METHODS_ONLY
    assert functions <= set(flambeau.__all__)
    assert functions.isdisjoint(METHODS_ONLY)
    assert all(getattr(flambeau, name) is PUBLIC[name] for name in functions)
    assert all(hasattr(flambeau.Tensor, name) for name in METHODS_ONLY)
    assert set(dir(flambeau)) == {*flambeau.__all__, "__version__"}
