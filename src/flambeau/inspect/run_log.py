"""Files that hold a history: JSON lines, and tables of comma-separated values."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable
from typing import Any

from flambeau.checkpoint.atomic import replacing
from flambeau.core.errors import message
from flambeau.inspect.figures import Figure

Row = dict[str, Figure]

# What JSON has no numbers for, as protocol buffers spell it.
_SPELLED = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


class JsonLines:
    """A file with one JSON object in each line.

    Args:
        path: where it is.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._written = 0

    def add(self, rows: list[Row]) -> None:
        """Write the last row; it is one write, so that a reader sees no half of it."""
        if not self._written:
            self.write(rows)
            return
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(_line(rows[-1]))
        self._written += 1

    def write(self, rows: list[Row]) -> None:
        """Write all rows anew."""
        with replacing(self.path) as file:
            file.write("".join(map(_line, rows)).encode())
        self._written = len(rows)

    @staticmethod
    def parse(text: str) -> list[Row]:
        """The rows of a file's text."""
        return [
            {name: _SPELLED.get(value, value) if isinstance(value, str) else value
             for name, value in json.loads(line).items()}
            for line in text.splitlines()
        ]  # fmt: skip


def _line(row: Row) -> str:
    return json.dumps({n: _json(v) for n, v in row.items()}, ensure_ascii=False) + "\n"


def _json(value: Figure) -> Figure:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    return value


class Table:
    """A file of comma-separated values, with the columns' names in its first line.

    Args:
        path: where it is.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._columns: list[str] = []

    def add(self, rows: list[Row]) -> None:
        """Write the last row; a new column makes the table be written anew."""
        if not self._columns or not rows[-1].keys() <= set(self._columns):
            self.write(rows)
            return
        with open(self.path, "a", encoding="utf-8", newline="") as file:
            file.write(self._text(rows[-1:]))

    def write(self, rows: list[Row]) -> None:
        """Write all rows anew."""
        self._columns = list(dict.fromkeys(name for row in rows for name in row))
        head = io.StringIO()
        csv.writer(head, lineterminator="\n").writerow(self._columns)
        with replacing(self.path) as file:
            file.write((head.getvalue() + self._text(rows)).encode())

    def _text(self, rows: list[Row]) -> str:
        text = io.StringIO()
        writer = csv.DictWriter(text, self._columns, lineterminator="\n")
        writer.writerows(rows)
        return text.getvalue()

    @staticmethod
    def parse(text: str) -> list[Row]:
        """The rows of a file's text."""
        found = csv.DictReader(io.StringIO(text))
        return [{n: _number(v) for n, v in row.items() if v not in ("", None)} for row in found]


def _number(text: str) -> Figure:
    kinds: tuple[Callable[[str], Any], ...] = (int, float)
    for kind in kinds:
        try:
            return kind(text)
        except ValueError:
            continue
    return {"True": True, "False": False}.get(text, text)


_KINDS = {".jsonl": JsonLines, ".csv": Table}


def _kind(path: str) -> Any:
    for ending, kind in _KINDS.items():
        if path.endswith(ending):
            return kind
    raise ValueError(
        message(
            "History: unknown kind of file",
            expected=f"a path that ends in {' or '.join(_KINDS)}",
            got=repr(path),
        )
    )


def log_of(path: str) -> Any:
    """What writes a history to a file, by the path's ending.

    Raises:
        ValueError: if it is neither ``.jsonl`` nor ``.csv``.
    """
    return _kind(path)(path)


def read_rows(path: str) -> list[Row]:
    """The rows that a file holds, whole ones only.

    Raises:
        ValueError: if the path ends otherwise, or the file holds something else.
    """
    kind = _kind(path)
    with open(path, encoding="utf-8", newline="") as file:
        text = file.read()
    return kind.parse(text[: text.rfind("\n") + 1])
