"""Whatever happens while a file is saved, there is the old file or the new one."""

import os
import random
import resource
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

import flambeau as fb
from flambeau.checkpoint.atomic import replacing
from tests.checkpoint.interrupted_saves import save_without_end, value

SOURCES = Path(__file__).parents[2]
# Of each format; 300 were killed by hand before this number was chosen.
SAVES = 100


def check(path, kind):
    """Load what is there, which must be one of the values, whole; its number."""
    if kind == "pt":
        found = fb.load(path)
        number = found["number"]
        expected = value(number)
        assert found["x"].tolist() == expected["x"].tolist()
        assert found["y"][0].tolist() == expected["y"][0].tolist()
        return number
    file = fb.checkpoint.open_safetensors(path)
    number = int(file.metadata["number"])
    assert file["x"].tolist() == [number] * 3000
    return number


def kill_saver(path, kind, seconds):
    """Fork a process that saves without end (quicker than to start one), and kill it."""
    start, ready = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(start)
        os.write(ready, b"x")
        save_without_end(str(path), kind, check(path, kind))
    os.close(ready)
    os.read(start, 1)
    os.close(start)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
@pytest.mark.parametrize("kind", ["pt", "safetensors"])
def test_saves_that_are_killed(tmp_path, kind):
    path = tmp_path / "value.file"
    if kind == "pt":
        fb.save(value(0), path)
    else:
        fb.checkpoint.save_safetensors({"x": fb.full((3000,), 0)}, path, {"number": "0"})
    chance = random.Random(0)
    numbers, usual = [0], 0.005
    for _ in range(SAVES):
        kill_saver(path, kind, chance.uniform(0, 2 * usual))
        numbers.append(check(path, kind))
        # What a killed saver leaves, the next one removes.
        assert len(list(tmp_path.iterdir())) <= 2
        # On a busy machine a save takes longer: about one each time is what is wanted.
        usual = usual * 0.8 if numbers[-1] > numbers[-2] else min(usual * 1.5, 0.2)
    assert numbers == sorted(numbers)
    assert numbers[-1] > SAVES / 6, "the savers hardly got to save"


def test_a_save_that_was_killed_in_a_process_of_its_own(tmp_path):
    path = tmp_path / "value.pt"
    fb.save(value(0), path)
    command = [sys.executable, "-m", "tests.checkpoint.interrupted_saves", str(path), "pt", "0"]
    environment = {**os.environ, "PYTHONPATH": f"{SOURCES / 'src'}{os.pathsep}{SOURCES}"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=SOURCES, env=environment) as process:
        process.stdout.readline()
        time.sleep(0.2)
        process.kill()
    assert check(path, "pt") >= 0


def full_disk(limit, action):
    """Run something in a process whose files cannot grow beyond a limit; its exit status."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
            action()
        except OSError:
            status = 7
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
@pytest.mark.parametrize("limit", [0, 1, 100, 1000, 5000, 11000, 12000])
def test_a_full_disk(tmp_path, limit):
    path = tmp_path / "value.pt"
    fb.save(value(1), path)
    assert path.stat().st_size > 12000
    assert full_disk(limit, lambda: fb.save(value(2), path)) == 7
    assert check(path, "pt") == 1
    assert list(tmp_path.iterdir()) == [path]
    tensors = tmp_path / "value.safetensors"
    x = {"x": fb.full((3000,), 1)}
    fb.checkpoint.save_safetensors(x, tensors, {"number": "1"})
    new = {"x": fb.full((3000,), 2)}
    save = fb.checkpoint.save_safetensors
    assert full_disk(limit, lambda: save(new, tensors, {"number": "2"})) == 7
    assert check(tensors, "safetensors") == 1
    assert sorted(tmp_path.iterdir()) == [path, tensors]


def test_an_error_while_writing_leaves_the_old_file(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"old")

    def fail():
        with replacing(path) as file:
            file.write(b"half of the n")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_permissions_and_links_stay(tmp_path):
    path, link = tmp_path / "x.pt", tmp_path / "link.pt"
    fb.save(1, path)
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~mask
    path.chmod(0o640)
    link.symlink_to(path)
    fb.save(2, link)
    assert link.is_symlink()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert fb.load(path) == 2


def test_devices_are_written_to(tmp_path):
    fb.save(1, os.devnull)
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)


def test_another_writer_at_work_is_left_alone(tmp_path):
    path = tmp_path / "x"
    with replacing(path) as first:
        first.write(b"first")
        with replacing(path) as second:
            second.write(b"second")
        assert path.read_bytes() == b"second"
    assert path.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_does_not_exist(tmp_path):
    with pytest.raises(FileNotFoundError):
        fb.save(1, tmp_path / "none" / "x.pt")


def test_loading_changing_and_saving_to_the_same_path(tmp_path):
    path = tmp_path / "x.safetensors"
    fb.checkpoint.save_safetensors({"x": fb.zeros(5000)}, path)
    for mapped in (False, True):
        x = fb.checkpoint.load_safetensors(path, mmap=mapped)["x"]
        x += 1
        fb.checkpoint.save_safetensors({"x": x}, path)
    assert fb.checkpoint.load_safetensors(path)["x"].tolist() == [2.0] * 5000
