"""How far a loop is: a bar on a terminal or in a notebook, plain lines anywhere else."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import Any, Generic, TextIO, TypeVar

from flambeau.core.errors import message
from flambeau.inspect.figures import figure, held, written

T = TypeVar("T")


def progress(
    iterable: Iterable[T],
    description: str = "",
    *,
    total: int | None = None,
    every: float = 10.0,
    file: TextIO | None = None,
) -> Progress[T]:
    """Loop over something and show how far the loop is.

    On a terminal and in a notebook it is a bar of tqdm's. Where the output goes to a file, a line
    is written now and then, and one at the end.

    Args:
        iterable: what to loop over, a loader for instance.
        description: what the loop is called.
        total: how many turns there will be; ``len(iterable)`` if not given and known.
        every: seconds between two lines, > 0; bars are drawn ten times a second.
        file: where to; the standard error stream if not given.

    Raises:
        ValueError: if ``every`` is not positive.

    Example:
        >>> import flambeau as fb, sys
        >>> batches = fb.progress([4.0, 2.0], "epoch 1", file=sys.stdout)
        >>> for loss in batches:
        ...     batches.show(loss=fb.tensor(loss))
        epoch 1: 2/2 (100%), 0:00 elapsed, loss 2
    """
    return Progress(iterable, description, total, every, file)


class Progress(Generic[T]):
    """A loop that shows how far it is; see :func:`progress`.

    Attributes:
        count: how many turns are done.
        total: how many there will be; ``None`` if nobody knows.
    """

    def __init__(
        self,
        iterable: Iterable[T],
        description: str = "",
        total: int | None = None,
        every: float = 10.0,
        file: TextIO | None = None,
    ) -> None:
        if not every > 0:
            raise ValueError(
                message("progress: no time between lines", expected="every > 0", got=repr(every))
            )
        self.iterable = iterable
        self.description = description
        self.total = _length(iterable) if total is None else total
        self.count = 0
        self._every = every
        self._file = sys.stderr if file is None else file
        self._values: dict[str, Any] = {}

    def show(self, **values: Any) -> None:
        """Say what else is to be shown from now on; it is looked at when it is drawn.

        Args:
            values: numbers, text, or tensors with one element, by name.
        """
        self._values.update((name, held(value)) for name, value in values.items())

    def __len__(self) -> int:
        if self.total is None:
            raise TypeError(
                message("progress: nobody knows how many turns there are", expected="total=...")
            )
        return self.total

    def __iter__(self) -> Iterator[T]:
        self.count = 0
        kind = _bar(self._file)
        return self._lines() if kind is None else self._drawn(kind)

    def _shown(self) -> str:
        return ", ".join(f"{n} {written(figure(n, v))}" for n, v in self._values.items())

    def _drawn(self, kind: Any) -> Iterator[T]:
        shown = self._shown

        class Bar(kind):
            def display(self, *args: Any, **kwargs: Any) -> Any:
                self.postfix = shown()  # tqdm would make text of it at each turn
                return super().display(*args, **kwargs)

        options = {"dynamic_ncols": True, "file": self._file}
        with Bar(desc=self.description or None, total=self.total, **options) as bar:
            for item in self.iterable:
                yield item
                self.count += 1
                bar.update()

    def _lines(self) -> Iterator[T]:
        start = last = time.monotonic()
        for item in self.iterable:
            yield item
            self.count += 1
            now = time.monotonic()
            if now - last >= self._every and self.count != self.total:
                last = now
                self._write(now - start)
        self._write(time.monotonic() - start)

    def _write(self, seconds: float) -> None:
        parts = [f"{self.count}", f"{_clock(seconds)} elapsed", self._shown()]
        if self.total:
            parts[0] += f"/{self.total} ({100 * self.count // self.total}%)"
            if 0 < self.count < self.total:
                left = seconds / self.count * (self.total - self.count)
                parts[1] += f", {_clock(left)} left"
        head = f"{self.description}: " if self.description else ""
        print(head + ", ".join(part for part in parts if part), file=self._file, flush=True)


def _length(iterable: Any) -> int | None:
    try:
        return len(iterable)
    except (TypeError, AttributeError):
        return None


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _bar(file: TextIO) -> Any:
    """tqdm's kind of bar for where the output goes; ``None`` if it is not looked at as it comes."""
    if file is sys.stderr and _in_notebook():
        from importlib.util import find_spec

        if find_spec("ipywidgets"):
            from tqdm.notebook import tqdm_notebook

            return tqdm_notebook
    elif not (hasattr(file, "isatty") and file.isatty()):
        return None
    from tqdm.std import tqdm

    return tqdm


def _in_notebook() -> bool:
    shell = sys.modules.get("IPython")
    return shell is not None and hasattr(shell.get_ipython(), "kernel")
