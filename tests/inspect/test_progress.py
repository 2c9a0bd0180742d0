"""Progress: lines where nobody looks, tqdm's bar on a terminal."""

import fcntl
import io
import os
import pty
import select
import struct
import sys
import termios

import pytest
from tqdm.std import tqdm

import flambeau as fb
from flambeau.inspect import progress_bar


class Clock:
    """Seconds that pass when told to."""

    now = 100.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(progress_bar, "time", clock)
    return clock


def test_lines(clock):
    file = io.StringIO()
    turns = fb.progress(range(40), "epoch 2", every=100, file=file)
    for turn in turns:
        clock.now += 30
        turns.show(loss=fb.tensor(turn / 3), best="yes", count=turn)
    lines = file.getvalue().splitlines()
    assert len(lines) == 10
    assert lines[0] == ("epoch 2: 4/40 (10%), 2:00 elapsed, 18:00 left, loss 1, best yes, count 3")
    assert lines[-1] == "epoch 2: 40/40 (100%), 20:00 elapsed, loss 13, best yes, count 39"


def test_lines_of_unknown_length(clock):
    file = io.StringIO()
    assert list(fb.progress(iter("abc"), file=file)) == ["a", "b", "c"]
    assert file.getvalue() == "3, 0:00 elapsed\n"
    clock.now = 0
    turns = fb.progress(iter("a"), file=file, total=2)
    for _ in turns:
        clock.now += 3700
    assert file.getvalue().splitlines()[1] == "1/2 (50%), 1:01:40 elapsed, 1:01:40 left"


def test_lengths():
    loader = fb.utils.data.DataLoader(fb.arange(10), 4)
    assert len(fb.progress(loader)) == 3
    assert len(fb.progress(iter("ab"), total=2)) == 2
    with pytest.raises(TypeError, match="nobody knows how many turns there are"):
        len(fb.progress(iter("ab")))
    with pytest.raises(ValueError, match="progress: no time between lines"):
        fb.progress([], every=0)


def test_a_second_loop_starts_again():
    file = io.StringIO()
    turns = fb.progress(range(2), file=file)
    assert list(turns) == list(turns) == [0, 1]
    assert file.getvalue() == "2/2 (100%), 0:00 elapsed\n" * 2


def test_what_is_shown_holds_no_graph():
    w = fb.ones((), requires_grad=True)
    turns = fb.progress([1], file=io.StringIO())
    turns.show(loss=w * 2)
    assert turns._values["loss"].grad_fn is None
    turns.show(loss=fb.ones(2))
    with pytest.raises(TypeError) as raised:
        list(turns)
    assert str(raised.value) == (
        "loss: not a single figure\n"
        "  expected: a number, text, or a tensor with one element\n"
        "  got:      shape (2,)\n"
        "  help:     reduce it first: x.mean()"
    )


def test_a_bar_on_a_terminal():
    here, there = pty.openpty()
    fcntl.ioctl(there, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    with open(there, "w", buffering=1) as terminal:
        turns = fb.progress(range(3), "epoch", file=terminal)
        assert progress_bar._bar(terminal) is tqdm
        for turn in turns:
            turns.show(loss=fb.tensor(turn + 0.5))
        text = ""
        while "loss 2.5" not in text and select.select([here], [], [], 10)[0]:
            text += os.read(here, 1 << 16).decode()  # what has come so far
    os.close(here)
    assert "epoch: 100%" in text
    assert "3/3" in text
    assert "loss 2.5" in text


def test_a_bar_in_a_notebook(monkeypatch):
    class Shell:
        kernel = None

    class IPython:
        @staticmethod
        def get_ipython():
            return Shell()

    monkeypatch.setitem(sys.modules, "IPython", IPython)
    assert progress_bar._in_notebook()
    # Without the widgets it is a bar of text.
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert progress_bar._bar(sys.stderr) is tqdm
    assert progress_bar._bar(io.StringIO()) is None
