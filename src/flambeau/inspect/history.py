"""`History`: the figures of a run, row by row, in memory and in files."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from flambeau.core.errors import message
from flambeau.inspect.figures import Figure, figure
from flambeau.inspect.run_log import log_of, read_rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Columns that say where a row stands rather than what was measured.
_PLACES = ("step", "seconds")


class History:
    """The figures of a run: losses, accuracies, whatever is worth a curve.

    Each :meth:`log` is a row with its step and the seconds since the history was made. Rows are
    written to files as they come. A history has a ``state_dict``, so that a
    :class:`flambeau.checkpoint.Run` can hold it: resumed, it is as it was, and so are its files.

    Args:
        paths: files to write, ``.jsonl`` for JSON lines or ``.csv`` for a table. Those that exist
            are written anew with the first row.

    Attributes:
        rows: a dict for each row.

    Raises:
        ValueError: if a path ends otherwise.

    Example:
        >>> import flambeau as fb
        >>> history = fb.History()
        >>> for epoch in range(3):
        ...     history.log(loss=fb.tensor(1.0) / (epoch + 1), epoch=epoch)
        >>> history["epoch"], history.best("loss")["epoch"]
        ([0, 1, 2], 2)
    """

    def __init__(self, *paths: str | os.PathLike[str]) -> None:
        self._logs = [log_of(os.fspath(path)) for path in paths]
        self._start = time.monotonic()
        self.rows: list[dict[str, Figure]] = []

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> History:
        """The history that a file holds; nothing more is written to it.

        Args:
            path: of JSON lines or a table, by its ending. A last line that was not finished, as a
                killed run leaves it, is left away.

        Example:
            >>> import flambeau as fb, tempfile, os
            >>> path = os.path.join(tempfile.mkdtemp(), "run.csv")
            >>> fb.History(path).log(loss=0.5)
            >>> fb.History.read(path)["loss"]
            [0.5]
        """
        history = cls()
        history.rows = read_rows(os.fspath(path))
        return history

    def log(self, step: int | None = None, **values: Any) -> None:
        """Add a row.

        Args:
            step: its place; one more than the last row's if not given.
            values: numbers, text, or tensors with one element, by name.

        Raises:
            TypeError: if a value is more than one figure; nothing has been added then.
        """
        row: dict[str, Figure] = {
            "step": self._next_step() if step is None else int(step),
            "seconds": round(time.monotonic() - self._start, 3),
        }
        row.update((name, figure(f"History: {name}", value)) for name, value in values.items())
        self.rows.append(row)
        for log in self._logs:
            log.add(self.rows)

    def _next_step(self) -> int:
        return int(self.rows[-1]["step"]) + 1 if self.rows else 0

    def __getitem__(self, name: str) -> list[Figure]:
        """A column: the values of all rows that have one."""
        found = [row[name] for row in self.rows if name in row]
        if not found and name not in self.columns:
            raise KeyError(f"{name} (there are: {', '.join(self.columns) or 'no rows'})")
        return found

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[dict[str, Figure]]:
        return iter(self.rows)

    def __repr__(self) -> str:
        return f"History({len(self.rows)} rows of {', '.join(self.columns) or 'nothing'})"

    @property
    def columns(self) -> list[str]:
        """The names of all columns, in the order in which they came."""
        return list(dict.fromkeys(name for row in self.rows for name in row))

    def best(self, name: str, largest: bool = False) -> dict[str, Figure]:
        """The row with the least value of a column; rows without it, or with nan, do not count.

        Args:
            name: the column.
            largest: the row with the largest value instead.

        Raises:
            ValueError: if no row has a value.
        """
        rows = [row for row in self.rows if name in row and row[name] == row[name]]
        if not rows:
            raise ValueError(
                message(
                    f"History: no row has a value of {name!r}",
                    expected=", ".join(self.columns) or "rows",
                    got=repr(name),
                )
            )
        return (max if largest else min)(rows, key=lambda row: row[name])

    def plot(
        self,
        *names: str,
        x: str = "step",
        logarithmic: bool = False,
        axes: Axes | None = None,
    ) -> Axes:
        """Draw columns as curves; needs matplotlib (``pip install flambeau[plot]``).

        Args:
            names: which columns; all that hold numbers if none is named.
            x: the column along the horizontal axis.
            logarithmic: whether the vertical axis is.
            axes: where to draw; a new figure if not given.

        Returns:
            The axes, for titles and limits, or ``.figure.savefig(...)``.

        Raises:
            ImportError: if matplotlib is not installed.
            KeyError: if there is no such column.
        """
        from flambeau.inspect.curves import draw

        chosen = names or tuple(
            n for n in self.columns
            if n not in _PLACES and n != x and not any(isinstance(v, str) for v in self[n])
        )  # fmt: skip
        curves = {}
        for name in chosen:
            self[name]  # says which there are, if it is none
            pairs = [(row[x], row[name]) for row in self.rows if name in row and x in row]
            curves[name] = tuple(zip(*pairs))
        return draw(curves, x, logarithmic, axes)

    def state_dict(self) -> dict[str, Any]:
        """The rows, and how long the run took so far."""
        rows = [dict(row) for row in self.rows]
        return {"rows": rows, "seconds": time.monotonic() - self._start}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from where :meth:`state_dict` was called; files lose the rows that came after it.

        Args:
            state_dict: what :meth:`state_dict` gave.
        """
        rows, seconds = state_dict["rows"], state_dict["seconds"]
        self.rows = [dict(row) for row in rows]
        self._start = time.monotonic() - seconds
        for log in self._logs:
            log.write(self.rows)
