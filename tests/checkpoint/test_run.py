"""A run that is killed and resumed continues bit for bit."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import flambeau as fb
from tests.checkpoint.training_run import train
from tests.checkpoint.values import assert_same

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")


def steps(log):
    """The loss of each step; a step that was done again must give the same."""
    found = {}
    for line in Path(log).read_text().splitlines():
        step, loss = line.split()
        assert found.setdefault(int(step), loss) == loss, f"step {step}"
    return found


@pytest.mark.parametrize(("workers", "how"), [(0, "eager"), (2, "eager"), (2, "compiled")])
def test_killed_runs_give_the_same_bits(tmp_path, workers, how):
    epochs = 4
    whole, log = str(tmp_path / "whole.pt"), str(tmp_path / "whole.log")
    train(whole, epochs, workers, log, compiled=how == "compiled")
    expected = steps(log)
    assert len(expected) == epochs * 14
    path, log = str(tmp_path / "killed.pt"), str(tmp_path / "killed.log")
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    chance, kills = random.Random(workers), 0
    while not os.path.exists(path + ".end"):
        assert kills < 40
        command = [sys.executable, "-m", "tests.checkpoint.training_run", path, str(epochs)]
        command += [str(workers), log, "0.01" if kills < 3 else "0", how]
        before = os.path.getsize(log) if os.path.exists(log) else 0
        with subprocess.Popen(command, cwd=ROOT, env=environment) as process:
            if kills < 3:
                while process.poll() is None and (
                    not os.path.exists(log) or os.path.getsize(log) == before
                ):
                    time.sleep(0.01)
                time.sleep(chance.uniform(0.05, 0.25))
                process.send_signal(signal.SIGKILL)
                kills += 1
            assert process.wait(120) in (0, -signal.SIGKILL)
    assert steps(log) == expected
    assert_same(fb.load(path + ".end"), fb.load(whole + ".end"))


def made():
    model = fb.nn.Linear(2, 1)
    return fb.checkpoint.Run(model=model, optimizer=fb.optim.SGD(model.parameters(), lr=0.1))


def test_older_states_are_kept(tmp_path):
    path = tmp_path / "run.pt"
    run = made()
    for number in range(5):
        run.progress["number"] = number
        run.save(path, keep=3)
        names = sorted(p.name for p in tmp_path.iterdir())
        assert names == ["run.pt", "run.pt.1", "run.pt.2"][: number + 1]
    for name, number in [("run.pt", 4), ("run.pt.1", 3), ("run.pt.2", 2)]:
        other = made()
        assert other.resume(tmp_path / name)
        assert other.progress == {"number": number}
    run.save(path)
    assert made().resume(path)
    with pytest.raises(ValueError, match="Run: nothing would be kept"):
        run.save(path, keep=0)


def test_a_link_left_by_a_killed_save_is_no_obstacle(tmp_path):
    run, path = made(), tmp_path / "run.pt"
    run.save(path, keep=2)
    (tmp_path / "run.pt.1.new").write_bytes(b"half")
    run.save(path, keep=2)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["run.pt", "run.pt.1"]
    assert made().resume(tmp_path / "run.pt.1")


def test_gradients_that_are_being_added_up(tmp_path):
    run = made()
    model = run._parts["model"]
    model.weight.grad = fb.ones(1, 2)
    run.save(tmp_path / "run.pt")
    other = made()
    other._parts["model"].bias.grad = fb.ones(1)
    other.resume(tmp_path / "run.pt")
    assert other._parts["model"].weight.grad.tolist() == [[1, 1]]
    assert other._parts["model"].bias.grad is None


def test_what_does_not_fit(tmp_path):
    path = tmp_path / "run.pt"
    made().save(path)
    model = fb.nn.Linear(2, 1)
    before = model.weight.tolist()
    with pytest.raises(ValueError) as raised:
        fb.checkpoint.Run(model=model, generator=fb.Generator()).resume(path)
    assert str(raised.value) == (
        "Run: the file is of a run with other parts\n"
        "  expected: generator, model\n"
        "  got:      model, optimizer"
    )
    fb.save({"a": 1}, path)
    with pytest.raises(ValueError, match="Run: the file does not hold a run's state"):
        made().resume(path)
    assert model.weight.tolist() == before
    with pytest.raises(TypeError, match="Run: model has no state to save"):
        fb.checkpoint.Run(model=3)
    assert made().resume(tmp_path / "none.pt") is False
