"""What is committed holds for every machine."""

import ast
import re
from pathlib import Path

import pytest

from tests.architecture.sources import compares_with_peers, python_files, shown, tracked_files

# Folders that exist on the machine where something was written and on few others.
MACHINE_PATH = re.compile(r"(?<![\w.:*-])/(?:work|farm|root|Users/\w+|home/\w+|tmp/\w+)/")

# Spelled in parts, so that this file does not name them either.
REGISTRIES = [
    ".".join(parts)
    for parts in [
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("download", "pytorch", "org"),
        ("anaconda", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("debian", "org"),
    ]
]
PEERS = frozenset({"jax", "optax", "torch"})


def machine_bound(text: str) -> list[str]:
    """The paths and hosts in a text that tie it to one machine or one source of packages."""
    return MACHINE_PATH.findall(text) + [host for host in REGISTRIES if host in text]


def imported_at_top(path: Path) -> set[str]:
    """The top-level packages that a module imports as soon as it is imported itself."""
    names: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            names.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names


@pytest.mark.parametrize(
    "text",
    [
        "see " + "/".join(["", "work", "main"]),
        "x=" + "/".join(["", "tmp", "a", "b"]),
        REGISTRIES[0],
    ],
)
def test_machine_bound_text_is_recognised(text: str) -> None:
    assert machine_bound(text)


@pytest.mark.parametrize("text", ["src/work/main.py", "a / b", "https://example.invalid/work/x"])
def test_other_text_is_not(text: str) -> None:
    assert machine_bound(text) == []


def test_no_machine_paths_or_registry_hosts() -> None:
    found = {}
    for path in tracked_files():
        data = path.read_bytes()
        if b"\0" not in data:
            found[shown(path)] = machine_bound(data.decode("utf-8", errors="replace"))
    found = {name: matches for name, matches in found.items() if matches}
    assert found == {}


def test_ordinary_tests_run_without_the_peers() -> None:
    found = [
        shown(path)
        for path in python_files("tests")
        if path.name.startswith("test_")
        and PEERS & imported_at_top(path)
        and not compares_with_peers(path)
    ]
    assert found == [], f"mark each with `pytestmark = pytest.mark.peers`: {found}"
