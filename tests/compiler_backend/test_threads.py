"""The thread pool: every chunk once, whoever calls, through fork and exit."""

import os
import random
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from flambeau.compiler.llvm import Module
from flambeau.compiler.run import (
    Array,
    Int,
    Signature,
    compile_module,
    define_entry,
    get_num_threads,
    set_num_threads,
)
from flambeau.compiler.run import threads as pool
from tests.compiler_backend.programs import counting

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def same_number_afterwards():
    before = get_num_threads()
    yield
    set_num_threads(before)


def counter(release_gil=False):
    module, exported, signature = counting(release_gil)
    return compile_module(module, [exported]).entry(exported, signature)


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_every_chunk_runs_once(workers):
    set_num_threads(workers)
    entry = counter()
    for count in (0, 1, 2, 3, 17, 1000, 65535, 65536, 65537, 200_000):
        x = np.zeros(200_001, np.int64)
        assert entry(x, count)
        assert (x[:count] == 1).all()
        assert not x[count:].any()


def test_workers_begin_when_there_is_work():
    set_num_threads(1)
    entry = counter()
    x = np.zeros(64, np.int64)
    assert entry(x, 64)
    assert pool.started_workers() == 0
    set_num_threads(4)
    assert pool.started_workers() == 0
    assert entry(x, 1)
    assert pool.started_workers() == 0
    assert entry(x, 64)
    assert pool.started_workers() == 3
    set_num_threads(2)
    assert pool.started_workers() == 0
    assert entry(x, 64)
    assert pool.started_workers() == 1


def test_many_jobs_from_several_python_threads():
    """Two callers at once; one of them also changes the number of threads."""
    entry = counter(release_gil=True)
    wrong = []

    def call(seed):
        choice = random.Random(seed)
        x, expected = np.zeros(300, np.int64), np.zeros(300, np.int64)
        for turn in range(4000):
            count = choice.choice([1, 2, 3, 16, 64, 300])
            entry(x, count)
            expected[:count] += 1
            if not (x == expected).all():
                wrong.append((seed, turn))
                return
            if seed == 0 and turn % 200 == 0:
                set_num_threads(choice.choice([1, 2, 3, 5]))

    callers = [threading.Thread(target=call, args=(seed,)) for seed in range(3)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert wrong == []


def test_sleeping_workers_wake():
    import time

    set_num_threads(3)
    entry = counter()
    x = np.zeros(50, np.int64)
    for turn in range(1, 21):
        assert entry(x, 50)
        assert (x == turn).all()
        time.sleep(0.002)  # far beyond the time that workers spin


def test_jobs_within_jobs():
    """A chunk that starts a job of its own runs it by itself."""
    module = Module()
    with module.function("inner", [("ptr", "x"), ("i64", "i")], internal=True) as f:
        f.line("%old = atomicrmw add ptr %x, i64 1 seq_cst")
    with module.function("outer", [("ptr", "x"), ("i64", "i")], internal=True) as f:
        f.parallel_for("inner", f.offset("%x", f.value("%i", "int64"), "int64"), 5)
    with module.function("kernel", ["x"]) as f:
        f.parallel_for("outer", "%x", 40)
    signature = Signature([Array("int64", (40,), writable=True)])
    exported = define_entry(module, "kernel", "kernel", signature)
    set_num_threads(3)
    x = np.zeros(40, np.int64)
    assert compile_module(module, [exported]).entry(exported, signature)(x)
    assert (x == 5).all()


def test_results_do_not_depend_on_the_number_of_threads():
    """Partial sums of denormals: workers round, and flush, exactly as the caller does."""
    for flush in (True, False):
        results = []
        for workers in (1, 2, 5):
            set_num_threads(workers)
            results.append(partial_sums(flush).tobytes())
        assert len(set(results)) == 1
        assert (np.frombuffer(results[0], np.float32)[:8] == 0).all() == flush


def partial_sums(flush):
    parameters = [Array("float32", (64, 16)), Array("float32", (64,), writable=True), Int()]
    signature = Signature(parameters, table=2, flush_denormals=flush)
    module = Module()
    with module.function("row", [("ptr", "table"), ("i64", "i")], internal=True) as f:
        x = f.emit("load ptr, ptr %table")
        y = f.emit(f"load ptr, ptr {f.offset('%table', 1, 'int64')}")
        index = f.value("%i", "int64")
        row = f.load(f.offset(x, index * 16, "float32"), "float32", 16)
        f.store(f.reduce("add", row * row), f.offset(y, index, "float32"))
    with module.function(
        "kernel", [("ptr", "table"), ("ptr", "x"), ("ptr", "y"), ("i64", "n")]
    ) as f:
        f.parallel_for("row", "%table", f.value("%n", "int64"))
    exported = define_entry(module, "kernel", "kernel", signature)
    entry = compile_module(module, [exported]).entry(exported, signature)
    x = np.random.default_rng(4).standard_normal((64, 16)).astype(np.float32)
    x[:8] *= 1e-21
    y = np.zeros(64, np.float32)
    entry.__self__[:] = x.ctypes.data, y.ctypes.data
    assert entry(x, y, 64)
    return y


def test_fork():
    """A child makes its own workers, whatever its parent's threads were doing."""
    set_num_threads(3)
    entry = counter(release_gil=True)
    x = np.zeros(500, np.int64)
    assert entry(x, 500)
    stop = threading.Event()

    def keep_busy():
        y = np.zeros(500, np.int64)
        while not stop.is_set():
            entry(y, 500)

    busy = threading.Thread(target=keep_busy)
    busy.start()
    try:
        for _ in range(5):
            child = os.fork()
            if child == 0:
                before = pool.started_workers()
                x[:] = 0
                for _ in range(100):
                    entry(x, 500)
                good = before == 0 and (x == 100).all() and pool.started_workers() == 2
                os._exit(0 if good else 1)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    finally:
        stop.set()
        busy.join()


EXIT = """
import atexit, os, sys
import numpy as np
atexit.register(lambda: print(entry(x, 50), (x == 2).all()))  # runs after the pool's own
from flambeau.compiler.run import compile_module, set_num_threads
from flambeau.compiler.run.threads import started_workers
from tests.compiler_backend.programs import counting
module, exported, signature = counting()
set_num_threads(4)
entry = compile_module(module, [exported]).entry(exported, signature)
x = np.zeros(50, np.int64)
print(entry(x, 50), started_workers())
"""


def test_clean_exit():
    """Workers end before the interpreter does; a call after that runs alone."""
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join([str(ROOT / "src"), str(ROOT)]))
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", EXIT],
            env=environment, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stdout, done.stderr) == (0, "True 3\nTrue True\n", "")


def test_number_of_threads(monkeypatch):
    set_num_threads(3)
    assert get_num_threads() == 3
    set_num_threads(10_000)
    assert get_num_threads() == 256
    for wrong in (0, -1, 1.5, True, "2"):
        with pytest.raises(RuntimeError, match="set_num_threads: not a number of threads"):
            set_num_threads(wrong)
    monkeypatch.setattr(pool, "_chosen", None)
    monkeypatch.setenv("FLAMBEAU_NUM_THREADS", "7")
    assert get_num_threads() == 7
    monkeypatch.delenv("FLAMBEAU_NUM_THREADS")
    assert get_num_threads() == pool.available_cores() >= 1
