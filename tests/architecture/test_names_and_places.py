"""Files say by name what they hold, and logic lives in rooms."""

import ast
from pathlib import Path

import pytest

from tests.architecture.sources import EMPTY_NAMES, PACKAGE, python_files, rooms, shown

FOLDERS = ("src", "tests", "bench", "examples", "docs")


def is_face(path: Path) -> bool:
    """Whether a file belongs to a package that only offers names under PyTorch's path for them."""
    relative = path.relative_to(PACKAGE) if path.is_relative_to(PACKAGE) else None
    return relative is not None and path.name == "__init__.py" and "utils" in relative.parts


def empty_parts(path: Path) -> list[str]:
    """The parts of a file's path that say nothing."""
    return [part for part in Path(shown(path)).with_suffix("").parts if part in EMPTY_NAMES]


def logic(path: Path) -> list[str]:
    """The functions and classes that a module defines, but for the hooks of a lazy import."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [
        node.name
        for node in ast.walk(tree)
        if isinstance(node, kinds) and node.name not in {"__getattr__", "__dir__"}
    ]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("src/flambeau/core/utils.py", ["utils"]),
        ("src/flambeau/misc/shapes.py", ["misc"]),
        ("tests/helpers.py", ["helpers"]),
        ("src/flambeau/core/shapes.py", []),
        ("src/flambeau/nn/common_losses.py", []),
    ],
)
def test_empty_names_are_recognised(path: str, expected: list[str]) -> None:
    assert empty_parts(PACKAGE.parents[1] / path) == expected


def test_no_file_has_a_name_that_says_nothing() -> None:
    found = [
        shown(path) for path in python_files(*FOLDERS) if empty_parts(path) and not is_face(path)
    ]
    assert found == [], f"name these after what they hold: {found}"


def test_faces_hold_no_logic() -> None:
    found = {shown(path): logic(path) for path in python_files("src") if is_face(path)}
    found = {path: names for path, names in found.items() if names}
    assert found == {}, f"move these into the room they belong to: {found}"


def test_logic_lives_in_rooms() -> None:
    outside = [
        path
        for path in python_files("src")
        if path.relative_to(PACKAGE).with_suffix("").parts[0] not in rooms()
    ]
    found = {shown(path): logic(path) for path in outside if logic(path)}
    assert found == {}, f"these are in no room that the import contract knows: {found}"


def test_every_folder_of_the_package_is_a_package() -> None:
    """A folder without `__init__.py` would escape the import contract without a word."""
    folders = {path.parent for path in python_files("src")}
    found = sorted(shown(folder) for folder in folders if not (folder / "__init__.py").exists())
    assert found == []
