"""Worker processes: batches, seeds, failures, and that nothing of them is left."""

import gc
import multiprocessing
import os
import pickle
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import flambeau as fb
from flambeau.data.sharing import packed
from flambeau.utils.data import DataLoader, TensorDataset
from tests.data.worker_datasets import (
    Fails,
    Noisy,
    Rows,
    Seeds,
    Share,
    Table,
    as_given,
    refuse,
    reseed,
)  # fmt: skip

pytestmark = pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
ROOT = Path(__file__).parents[2]


def open_files():
    return sorted(os.readlink(f"/proc/self/fd/{fd}") for fd in _descriptors())


def _descriptors():
    found = []
    for fd in os.listdir("/proc/self/fd"):
        try:
            os.readlink(f"/proc/self/fd/{fd}")
        except OSError:
            continue
        found.append(fd)
    return found


@pytest.fixture(autouse=True)
def nothing_is_left():
    """No process, no file and no shared memory but what was there before."""
    gc.collect()
    linux = os.path.isdir("/proc/self/fd")
    files = len(open_files()) if linux else 0
    shared = set(os.listdir("/dev/shm")) if os.path.isdir("/dev/shm") else set()
    yield
    gc.collect()
    assert multiprocessing.active_children() == []
    if linux:
        # Servers that multiprocessing itself keeps have pipes; ours are gone.
        assert len(open_files()) <= files + 4
        assert not [f for f in open_files() if "memfd:flambeau" in f]
    if os.path.isdir("/dev/shm"):
        assert set(os.listdir("/dev/shm")) <= shared


def contents(batches):
    return [[part.tolist() for part in batch] for batch in batches]


@pytest.mark.parametrize("workers", [1, 2, 4])
@pytest.mark.parametrize("ahead", [1, 3])
def test_batches_are_those_of_one_process(workers, ahead):
    for size, shuffle, drop_last in [(3, True, False), (4, False, True), (20, True, True)]:
        found = []
        for options in ({}, {"num_workers": workers, "prefetch_factor": ahead}):
            fb.manual_seed(5)
            loader = DataLoader(Rows(), size, shuffle, drop_last=drop_last, **options)
            found.append((contents(loader), fb.get_rng_state().tolist()))
        assert found[0] == found[1]


@pytest.mark.parametrize("context", ["fork", "forkserver", "spawn"])
def test_ways_to_start(context):
    x = fb.arange(60_000).view(20, 3000)
    loader = DataLoader(Table(x), 6, num_workers=2, multiprocessing_context=context)
    batches = list(loader)
    assert fb.cat(batches).tolist() == x.tolist()
    batches[0][0, 0] = 7  # memory that the parent may change
    assert x[0, 0].item() == 0


def test_arrays_are_not_pickled():
    package = packed([fb.zeros(1000, 100), fb.ones(7).bfloat16(), (fb.zeros(3), 1)])
    assert len(package.structure) < 2000
    assert sum(length for _, length in package.places) == 400_000 + 14 + 12
    noted = packed(fb.nn.Parameter(fb.zeros(1000)))
    assert len(noted.structure) < 1000


def test_batches_lie_in_shared_memory():
    (batch, _), *_ = list(DataLoader(Rows(4), 4, num_workers=1))
    base = batch._array
    while getattr(base, "base", None) is not None:
        base = base.base
    assert not isinstance(base, fb.Tensor)
    assert batch.sum().item() == 3000 * 6
    batch += 1
    assert batch.sum().item() == 3000 * 10


def test_persistent_workers():
    loader = DataLoader(Seeds(4), 1, num_workers=2, persistent_workers=True, collate_fn=as_given)
    first, second = list(loader), list(loader)
    assert [[s[:3] for s in b] for b in first] == [[s[:3] for s in b] for b in second]
    half = iter(loader)
    next(half)
    third = list(loader)  # begun while the last pass was under way
    assert [b[0][0] for b in third] == [0, 1, 0, 1]
    again = DataLoader(Share(8), 2, num_workers=2, persistent_workers=True)
    for _ in range(2):
        assert [b[0].tolist() for b in again] == [[0, 2], [1, 3], [4, 6], [5, 7]]


def test_iterable_datasets():
    for workers, expected in [
        (1, [[0, 1, 2], [3, 4, 5], [6]]),
        (2, [[0, 2, 4], [1, 3, 5], [6]]),
        (3, [[0, 3, 6], [1, 4], [2, 5]]),
        (4, [[0, 4], [1, 5], [2, 6], [3]]),
    ]:
        assert [b[0].tolist() for b in DataLoader(Share(7), 3, num_workers=workers)] == expected
    dropped = DataLoader(Share(7), 3, num_workers=2, drop_last=True)
    assert [b[0].tolist() for b in dropped] == [[0, 2, 4], [1, 3, 5]]


def test_seeds_are_distinct_and_follow_from_the_base_seed():
    fb.manual_seed(9)
    base = fb.empty((), dtype=fb.int64).random_().item()
    fb.manual_seed(9)
    loader = DataLoader(Seeds(6), 1, num_workers=3, collate_fn=as_given)
    rows = [batch[0] for batch in loader]
    for worker, count, seed, own, *_ in rows:
        assert (count, seed, own) == (3, base + worker, base + worker)
    assert len({row[4:] for row in rows}) == 6
    loader = DataLoader(Seeds(2), 1, num_workers=2, collate_fn=as_given, worker_init_fn=reseed)
    expected = [random.Random(1000 + worker).random() for worker in range(2)]
    assert [batch[0][4] for batch in loader] == expected


def test_order_as_it_comes():
    loader = DataLoader(Rows(12, 3), 2, num_workers=3, in_order=False)
    assert sorted(i for _, part in loader for i in part.tolist()) == list(range(12))


# --- failures ---------------------------------------------------------------------------------


def failure(how, **options):
    loader = DataLoader(Fails(how), 2, num_workers=2, **options)
    start = time.monotonic()
    with pytest.raises((RuntimeError, ValueError, KeyError)) as raised:
        list(loader)
    assert time.monotonic() - start < 15
    return raised.value


@pytest.mark.parametrize("persistent", [False, True])
def test_a_worker_that_raises(persistent):
    error = failure("raise", persistent_workers=persistent)
    assert type(error) is ValueError
    text = str(error)
    assert text.startswith(
        "DataLoader: worker 0 raised ValueError\n"
        "  expected: a batch\n"
        "  got:      this error in the worker:\n\n"
        "Traceback (most recent call last):\n"
    )
    assert 'raise ValueError("row five is bad")' in text
    assert text.endswith("ValueError: row five is bad\n")


def test_errors_of_other_kinds():
    error = failure("key")
    assert type(error) is KeyError
    assert "\nKeyError: 'five'\n" in str(error)
    error = failure("odd")
    assert type(error) is RuntimeError
    assert "OddError: 1 and 2" in str(error)
    error = failure("unpicklable", collate_fn=as_given)
    assert "worker 0" in str(error)


def test_a_worker_that_is_killed():
    text = str(failure("kill"))
    assert text.startswith("DataLoader: worker 0 (process ")
    assert text.endswith(
        ") ended unexpectedly\n"
        "  expected: a batch\n"
        "  got:      it was killed by signal 9\n"
        "  help:     signal 9 often means too little memory, 11 an error in native code; "
        "num_workers=0 runs the dataset in this process"
    )
    assert "exit status 3" in str(failure("exit"))


def test_a_worker_that_hangs():
    text = str(failure("hang", timeout=0.5))
    assert text.startswith(
        "DataLoader: no batch came in time\n"
        "  expected: batch 2 from worker 0 within the timeout\n"
        "  got:      nothing; it is still running\n"
        "  help:     pass a longer timeout, or look for what blocks in the dataset\n\n"
    )
    assert "worker_datasets.py" in text
    assert "in __getitem__" in text


def test_a_worker_that_cannot_start():
    loader = DataLoader(Rows(), 2, num_workers=2, worker_init_fn=refuse)
    with pytest.raises(RuntimeError, match="worker one does not want to"):
        list(loader)
    unpicklable = DataLoader([lambda: 1], num_workers=1, multiprocessing_context="spawn")
    with pytest.raises((AttributeError, pickle.PicklingError), match=r"lambda|pickle"):
        iter(unpicklable)


def test_a_loop_that_is_left():
    for _ in DataLoader(Rows(200), 2, num_workers=2):
        break
    batches = iter(DataLoader(Fails("hang"), 2, num_workers=2))
    next(batches)
    start = time.monotonic()
    del batches
    gc.collect()
    assert time.monotonic() - start < 8


SCRIPT = """
import os, sys, time
import flambeau as fb
from flambeau.utils.data import DataLoader
from tests.data.worker_datasets import Fails

if __name__ == "__main__":
    loader = DataLoader(Fails("hang"), 2, num_workers=2, multiprocessing_context=sys.argv[1])
    batches = iter(loader)
    print(*(w.process.pid for w in batches._pool._workers), flush=True)
    for batch in batches:
        pass
"""


def gone(pid, seconds=15):
    """Whether a process ends within a while."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            with open(f"/proc/{pid}/stat") as file:
                if file.read().rpartition(")")[2].split()[0] == "Z":
                    return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.05)
    return False


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="looks processes up in /proc")
@pytest.mark.parametrize("context", ["fork", "forkserver", "spawn"])
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_end_of_the_program_ends_its_workers(tmp_path, context, how):
    script = tmp_path / "program.py"
    script.write_text(SCRIPT)
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    with subprocess.Popen(
        [sys.executable, str(script), context],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, start_new_session=True,
    ) as process:  # fmt: skip
        workers = [int(pid) for pid in process.stdout.readline().split()]
        assert len(workers) == 2
        time.sleep(0.3)
        if how == signal.SIGINT:  # as a terminal sends it: to all of them
            os.killpg(process.pid, how)
        else:
            process.send_signal(how)
        process.wait(15)
        idle = workers[1]  # the other one hangs in the dataset
        assert gone(idle)
        if how != signal.SIGINT:
            os.kill(workers[0], signal.SIGKILL) if not gone(workers[0], 0.1) else None
        assert gone(workers[0])


def test_tensors_in_memory_through_workers_too():
    dataset = TensorDataset(fb.arange(10), fb.arange(10) * 2)
    found = contents(DataLoader(dataset, 4, num_workers=2))
    assert found == contents(DataLoader(dataset, 4))


def test_noise_differs_between_workers():
    rows = [b[0] for b in DataLoader(Noisy(4), 1, num_workers=2, collate_fn=as_given)]
    for column in range(1, 4):
        assert len({row[column] for row in rows}) == 4
