"""The project's files, as the architecture tests see them."""

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "flambeau"

# Names that say nothing about what a file holds.
EMPTY_NAMES = frozenset(
    {"common", "helper", "helpers", "misc", "miscellaneous", "stuff", "util", "utilities", "utils"}
)

_PEERS_MARK = re.compile(r"^pytestmark\s*=.*\bpytest\.mark\.peers\b", re.MULTILINE)


def compares_with_peers(path: Path) -> bool:
    """Whether a test module as a whole is marked `peers`, and so may import them at its top."""
    return _PEERS_MARK.search(path.read_text(encoding="utf-8")) is not None


def tracked_files() -> list[Path]:
    """Every file that git keeps, except those deleted in the work tree."""
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
    ).stdout
    paths = (ROOT / name for name in listing.split("\0") if name)
    return [path for path in paths if path.is_file()]


def python_files(*folders: str) -> list[Path]:
    """The Python files below the given folders of the project, in order."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def project_settings() -> dict[str, Any]:
    """The contents of pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def rooms() -> list[str]:
    """The rooms of the package, topmost first, as the import contract lists them."""
    contracts = project_settings()["tool"]["importlinter"]["contracts"]
    (layers,) = [contract["layers"] for contract in contracts if contract["id"] == "rooms"]
    return [room for layer in layers for room in re.findall(r"\w+", layer)]


def shown(path: Path) -> str:
    """A path as a reader of a failure wants it."""
    return path.relative_to(ROOT).as_posix()
