"""The cache of machine code: found again, bounded, undamaged by crashes and concurrent writers."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from flambeau.compiler.llvm import Module, named
from flambeau.compiler.run import objects
from flambeau.compiler.run.engine import compile_module, compile_text

SOURCE = Path(__file__).resolve().parents[2] / "src"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("FLAMBEAU_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("FLAMBEAU_CACHE_BYTES", raising=False)
    monkeypatch.delenv("FLAMBEAU_CACHE", raising=False)
    return tmp_path / "cache"


def text(number):
    return f"define i64 @f() {{\n  ret i64 {number}\n}}\n"


def compiled(number):
    import ctypes

    handle = compile_text(text(number), ["f"])
    assert handle.function("f", ctypes.c_int64)() == number
    return handle


def entries(folder):
    return sorted(folder.glob("*.object"))


def test_found_again(folder):
    assert not compiled(1).from_cache
    assert compiled(1).from_cache
    assert not compiled(2).from_cache
    assert len(entries(folder)) == 2


def test_depends_on_the_target():
    module = Module(named("host"))
    with module.function("f"):
        pass
    other = Module(named("sse2" if module.target.is_x86 else "host"))
    with other.function("f"):
        pass
    assert not compile_module(module, ["f"]).from_cache
    assert compile_module(other, ["f"]).from_cache == (not module.target.is_x86)
    assert not compile_module(module, ["f"], opt=2).from_cache


@pytest.mark.parametrize("damage", ["truncated", "flipped", "empty", "foreign"])
def test_damaged_entries_are_written_anew(folder, damage):
    compiled(3)
    (path,) = entries(folder)
    data = bytearray(path.read_bytes())
    whole = bytes(data)
    if damage == "truncated":
        data = data[:-7]
    elif damage == "flipped":
        data[len(data) // 2] ^= 1
    elif damage == "empty":
        data = bytearray()
    else:
        data[:8] = b"\x7fELF\0\0\0\0"
    path.write_bytes(data)
    assert not compiled(3).from_cache
    assert path.read_bytes() == whole
    assert compiled(3).from_cache


def test_switched_off(folder, monkeypatch):
    for value in ("0", "off", "False"):
        monkeypatch.setenv("FLAMBEAU_CACHE", value)
        assert objects.directory() is None
        assert not compiled(4).from_cache
        assert not compiled(4).from_cache
    assert not folder.exists()


def test_a_folder_that_cannot_be_written_is_no_error(folder):
    folder.parent.mkdir(exist_ok=True)
    folder.write_text("a file where the folder should be")
    assert not compiled(5).from_cache
    assert not compiled(5).from_cache


def test_bounded_by_size(folder, monkeypatch):
    compiled(0)
    size = entries(folder)[0].stat().st_size
    monkeypatch.setenv("FLAMBEAU_CACHE_BYTES", str(8 * size))
    for number in range(8):
        compiled(number)
        os.utime(folder / entry_of(number), (1000 + number, 1000 + number))
    assert compiled(0).from_cache  # using it makes it the newest
    compiled(100)
    left = {path.name for path in entries(folder)}
    assert {entry_of(0), entry_of(100), entry_of(7)} <= left
    assert not {entry_of(1), entry_of(2)} & left
    assert sum(path.stat().st_size for path in entries(folder)) <= 8 * size


def entry_of(number):
    """The file of a program: the one whose loading makes it newest."""
    import llvmlite

    from flambeau.compiler.llvm import default
    from flambeau.compiler.run.engine import OBJECT_FORMAT
    from flambeau.core.version import VERSION

    target = default()
    version = f"{OBJECT_FORMAT} {llvmlite.__version__} {VERSION}"
    return (
        objects.key(text(number), target.triple, target.cpu, target.features, "1", version)
        + objects.SUFFIX
    )


def test_clear(folder):
    compiled(6)
    objects.clear()
    assert entries(folder) == []
    assert not compiled(6).from_cache


def test_parts_of_a_key_do_not_run_together():
    assert objects.key("ab", "c") != objects.key("a", "bc")


def test_default_folder(monkeypatch, tmp_path):
    monkeypatch.delenv("FLAMBEAU_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    assert objects.directory() == tmp_path / "flambeau"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert objects.directory() == tmp_path / ".cache" / "flambeau"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert objects.directory() == tmp_path / "Library" / "Caches" / "flambeau"


WRITER = """
import ctypes, sys
from flambeau.compiler.run import objects
from flambeau.compiler.run.engine import compile_text
for turn in range(3):
    for number in range(12):
        text = f"define i64 @f() {{\\n  ret i64 {number}\\n}}\\n"
        handle = compile_text(text, ["f"])
        assert handle.function("f", ctypes.c_int64)() == number
    if sys.argv[1] == "clearing":
        objects.clear()
print("done")
"""


def test_concurrent_processes(folder):
    """Writers, readers and one that keeps clearing share a folder."""
    environment = dict(os.environ, PYTHONPATH=str(SOURCE), FLAMBEAU_CACHE_BYTES="20000")
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, how],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for how in ("writing", "clearing", "writing")
    ]  # fmt: skip
    for process in processes:
        out, error = process.communicate(timeout=120)
        assert (process.returncode, out, error) == (0, "done\n", "")
    assert [p.name for p in folder.iterdir() if p.suffix != ".object"] == []


def test_machine_code_holds_no_addresses(folder):
    """An entry made by another process runs in this one, thread pool and Python symbols bound."""
    script = """
from flambeau.compiler.run.engine import compile_module
from tests.compiler_backend.programs import counting
module, entry, signature = counting()
assert not compile_module(module, [entry]).from_cache
"""
    root = SOURCE.parent
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join([str(SOURCE), str(root)]))
    subprocess.run([sys.executable, "-c", script], env=environment, check=True, cwd=root)
    from tests.compiler_backend.programs import counting

    module, entry, signature = counting()
    handle = compile_module(module, [entry])
    assert handle.from_cache
    x = np.zeros(100, np.int64)
    assert handle.entry(entry, signature)(x, 100)
    assert (x == 1).all()
