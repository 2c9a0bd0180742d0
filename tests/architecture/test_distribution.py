"""The package is pure Python, and whole when it is installed from a wheel."""

import shutil
import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

from tests.architecture.sources import PACKAGE, ROOT, project_settings, tracked_files

NATIVE_SUFFIXES = frozenset({".c", ".cc", ".cpp", ".cu", ".pyx", ".rs", ".so", ".dylib", ".dll"})


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from a copy of the package, without a network."""
    folder = tmp_path_factory.mktemp("distribution")
    project = folder / "project"
    project.mkdir()
    for entry in ("pyproject.toml", "README.md", "LICENSE"):
        if (ROOT / entry).exists():
            shutil.copy(ROOT / entry, project)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PACKAGE, project / "src" / "flambeau", ignore=ignored)
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=project, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


def test_wheel_is_for_every_machine(wheel: Path) -> None:
    assert wheel.name.endswith("-py3-none-any.whl")


def test_wheel_holds_the_whole_package(wheel: Path) -> None:
    packed = set(zipfile.ZipFile(wheel).namelist())
    expected = {
        path.relative_to(PACKAGE.parent).as_posix()
        for path in tracked_files()
        if path.is_relative_to(PACKAGE)
    }
    assert "flambeau/py.typed" in expected
    assert expected <= packed


def test_wheel_holds_nothing_but_the_package_and_its_metadata(wheel: Path) -> None:
    tops = {name.partition("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    version = project_settings()["project"]["version"]
    assert tops == {"flambeau", f"flambeau-{version}.dist-info"}


def test_wheel_says_what_it_needs(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith("/METADATA")]
        metadata = Parser().parsestr(archive.read(name).decode("utf-8"))
    needed = [line for line in metadata.get_all("Requires-Dist", []) if "extra ==" not in line]
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == ">=3.11"
    assert sorted(line.partition(">")[0] for line in needed) == [
        "llvmlite",
        "ml-dtypes",
        "numpy",
        "safetensors",
        "tqdm",
    ]
    (llvmlite,) = [line for line in needed if line.startswith("llvmlite")]
    assert "sys_platform != 'emscripten'" in llvmlite.replace('"', "'")


def test_no_native_sources() -> None:
    found = [path.name for path in tracked_files() if path.suffix in NATIVE_SUFFIXES]
    assert [name for name in found if (PACKAGE / name).exists()] == []
    assert [p.name for p in PACKAGE.rglob("*") if p.suffix in NATIVE_SUFFIXES] == []
