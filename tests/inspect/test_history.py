"""Histories: rows in memory and in files, resumed and drawn."""

import csv
import json
import math
import sys

import matplotlib as mpl
import pytest

import flambeau as fb

mpl.use("agg")


def filled(*paths):
    history = fb.History(*paths)
    history.log(loss=fb.tensor(2.0), name="a, b")
    history.log(loss=math.nan, extra=3)
    history.log(step=10, loss=-math.inf, name='"quoted"', done=True)
    return history


def without_seconds(rows):
    return [{k: v for k, v in row.items() if k != "seconds"} for row in rows]


def test_rows_and_columns():
    history = filled()
    assert len(history) == 3
    assert history.columns == ["step", "seconds", "loss", "name", "extra", "done"]
    assert history["step"] == [0, 1, 10]
    assert history["name"] == ["a, b", '"quoted"']
    assert list(history)[1]["extra"] == 3
    assert repr(history) == "History(3 rows of step, seconds, loss, name, extra, done)"
    seconds = history["seconds"]
    assert sorted(seconds) == seconds
    history.log()
    assert history["step"][-1] == 11
    with pytest.raises(KeyError, match="there are: step, seconds, loss"):
        history["lost"]


def test_best():
    history = filled()
    assert history.best("loss")["step"] == 10
    assert history.best("loss", largest=True)["step"] == 0
    with pytest.raises(ValueError, match="History: no row has a value of 'accuracy'"):
        history.best("accuracy")


@pytest.mark.parametrize("name", ["run.jsonl", "run.csv"])
def test_files_hold_what_was_logged(tmp_path, name):
    path = tmp_path / name
    history = filled(path)
    found = fb.History.read(path)
    assert repr(found.rows) == repr(history.rows)
    with open(path, "a") as file:
        file.write(path.read_text().splitlines()[-1][:-1])  # a killed run's last line
    assert repr(fb.History.read(path).rows) == repr(history.rows)


def test_other_programs_read_the_files(tmp_path):
    lines, table = tmp_path / "run.jsonl", tmp_path / "run.csv"
    filled(lines, table)

    def refuse(text):
        raise ValueError(text)

    rows = [json.loads(x, parse_constant=refuse) for x in lines.read_text().splitlines()]
    assert [row["loss"] for row in rows] == [2.0, "NaN", "-Infinity"]
    with open(table, newline="") as file:
        cells = list(csv.reader(file))
    assert cells[0] == ["step", "seconds", "loss", "name", "extra", "done"]
    assert [row[2:] for row in cells[1:]] == [
        ["2.0", "a, b", "", ""],
        ["nan", "", "3", ""],
        ["-inf", '"quoted"', "", "True"],
    ]


def test_an_older_file_is_replaced(tmp_path):
    path = tmp_path / "run.jsonl"
    filled(path)
    history = fb.History(path)
    assert len(fb.History.read(path)) == 3
    history.log(loss=1)
    assert len(fb.History.read(path)) == 1


def test_a_resumed_run_has_the_rows_up_to_its_state(tmp_path):
    files = [tmp_path / "run.jsonl", tmp_path / "run.csv"]
    path = tmp_path / "run.pt"
    history = fb.History(*files)
    run = fb.checkpoint.Run(history=history)
    history.log(loss=1.5, name="first")
    run.save(path)
    history.log(loss=0.5)
    again = fb.History(*files)
    assert fb.checkpoint.Run(history=again).resume(path)
    assert again.rows == history.rows[:1]
    again.log(loss=0.25)
    assert again.rows[1]["seconds"] >= again.rows[0]["seconds"]
    for file in files:
        assert without_seconds(fb.History.read(file)) == [
            {"step": 0, "loss": 1.5, "name": "first"},
            {"step": 1, "loss": 0.25},
        ]


def test_a_value_that_is_no_figure_adds_nothing(tmp_path):
    history = fb.History(tmp_path / "run.csv")
    with pytest.raises(TypeError) as raised:
        history.log(loss=1.0, weights=fb.ones(2, 3))
    assert str(raised.value) == (
        "History: weights: not a single figure\n"
        "  expected: a number, text, or a tensor with one element\n"
        "  got:      shape (2, 3)\n"
        "  help:     reduce it first: x.mean()"
    )
    assert len(history) == 0
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ValueError) as raised:
        fb.History("run.txt")
    assert str(raised.value) == (
        "History: unknown kind of file\n"
        "  expected: a path that ends in .jsonl or .csv\n"
        "  got:      'run.txt'"
    )


def test_curves():
    history = fb.History()
    for step in range(4):
        values = {"validation": 2.0 / (step + 1)} if step % 2 else {"note": "x"}
        history.log(loss=1.0 / (step + 1), **values)
    axes = history.plot()
    assert [line.get_label() for line in axes.lines] == ["loss", "validation"]
    assert axes.lines[0].get_ydata().tolist() == [1, 1 / 2, 1 / 3, 1 / 4]
    assert axes.lines[1].get_xdata().tolist() == [1, 3]
    assert axes.get_xlabel() == "step"
    assert axes.get_legend() is not None
    again = history.plot("loss", x="seconds", logarithmic=True, axes=axes)
    assert again is axes
    assert axes.get_yscale() == "log"
    assert axes.get_ylabel() == "loss"
    assert len(axes.lines) == 3
    with pytest.raises(KeyError, match="lost"):
        history.plot("lost")
    mpl.pyplot.close("all")


def test_without_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"pip install flambeau\[plot\]"):
        filled().plot("loss")
