"""A training run's whole state in one file."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any

from flambeau.checkpoint.loading import load
from flambeau.core.errors import message
from flambeau.tensor.streams import set_streams, streams

_FORMAT = "flambeau run 1"


class Run:
    """All that a training run consists of, to be saved and resumed by one call each.

    A run that was stopped, by whatever, and resumed continues bit for bit as if it had not been:
    parameters, gradients added up so far, the optimizer's and scheduler's state, the loader's
    place in the epoch, and the random streams (flambeau's, Python's and NumPy's) are restored.

    Args:
        model: a module.
        optimizer, scheduler, loader: anything with ``state_dict`` and ``load_state_dict``.
        generator: a random stream of one's own, if the run has one.
        others: any more such objects, by name.

    Attributes:
        progress: numbers and notes of one's own, saved and restored with the rest.

    Raises:
        TypeError: if a part has no ``state_dict`` or no ``load_state_dict``.

    Example:
        >>> import flambeau as fb, tempfile, os
        >>> model = fb.nn.Linear(2, 1)
        >>> optimizer = fb.optim.SGD(model.parameters(), lr=0.1)
        >>> run = fb.checkpoint.Run(model=model, optimizer=optimizer)
        >>> path = os.path.join(tempfile.mkdtemp(), "run.pt")
        >>> run.resume(path)
        False
        >>> run.progress["epoch"] = 3
        >>> run.save(path, keep=2)
        >>> run.resume(path), run.progress["epoch"]
        (True, 3)
    """

    def __init__(
        self,
        *,
        model: Any = None,
        optimizer: Any = None,
        scheduler: Any = None,
        loader: Any = None,
        generator: Any = None,
        **others: Any,
    ) -> None:
        parts = {"model": model, "optimizer": optimizer, "scheduler": scheduler, "loader": loader}
        self._parts = {name: part for name, part in (parts | others).items() if part is not None}
        self._generator = generator
        self.progress: dict[str, Any] = {}
        for name, part in self._parts.items():
            if not (hasattr(part, "state_dict") and hasattr(part, "load_state_dict")):
                raise TypeError(
                    message(
                        f"Run: {name} has no state to save",
                        expected="an object with state_dict() and load_state_dict()",
                        got=type(part).__name__,
                        help="put numbers and notes into run.progress",
                    )
                )

    def save(self, path: str | os.PathLike[str], keep: int = 1) -> None:
        """Write the state into a file, at once or not at all.

        Args:
            path: the file.
            keep: how many states to keep: the newest at ``path``, and those before it at
                ``path.1``, ``path.2`` and so on.

        Raises:
            ValueError: if ``keep`` is less than 1.
            OSError: as the system says; the file at ``path`` is untouched then.
        """
        if keep < 1:
            raise ValueError(
                message("Run: nothing would be kept", expected="keep >= 1", got=f"keep={keep}")
            )
        state = {
            "format": _FORMAT,
            "parts": {name: part.state_dict() for name, part in self._parts.items()},
            "gradients": _gradients(self._parts.get("model")),
            "generator": None if self._generator is None else self._generator.get_state(),
            "streams": streams(),
            "progress": self.progress,
        }
        from flambeau.checkpoint.archive_writing import write_archive
        from flambeau.checkpoint.atomic import replacing
        from flambeau.checkpoint.pickle_writing import pickled

        contents, blocks = pickled(state)
        with replacing(path) as file:
            write_archive(file, contents, blocks)
            _shift(os.fspath(path), keep)

    def resume(self, path: str | os.PathLike[str]) -> bool:
        """Take over the state that :meth:`save` wrote.

        Args:
            path: the file.

        Returns:
            Whether there was one: without a file, nothing happens.

        Raises:
            RuntimeError: if the file is damaged, or a part does not fit.
            ValueError: if it is of a run with other parts; nothing has changed then.
        """
        if not os.path.exists(path):
            return False
        state = load(path)
        self._check(state)
        for name, part in self._parts.items():
            part.load_state_dict(state["parts"][name])
        _set_gradients(self._parts.get("model"), state["gradients"])
        if self._generator is not None:
            self._generator.set_state(state["generator"])
        self.progress = state["progress"]
        set_streams(state["streams"])
        return True

    def _check(self, state: Any) -> None:
        if not isinstance(state, dict) or state.get("format") != _FORMAT:
            raise ValueError(
                message(
                    "Run: the file does not hold a run's state",
                    expected="what Run.save() wrote",
                    got=type(state).__name__,
                )
            )
        ours = {*self._parts, *([] if self._generator is None else ["generator"])}
        theirs = {*state["parts"], *([] if state["generator"] is None else ["generator"])}
        if ours != theirs:
            raise ValueError(
                message(
                    "Run: the file is of a run with other parts",
                    expected=", ".join(sorted(ours)),
                    got=", ".join(sorted(theirs)),
                )
            )


def _gradients(model: Any) -> dict[str, Any]:
    """Gradients that are there, which a step may be adding up."""
    if model is None:
        return {}
    return {n: p.grad for n, p in model.named_parameters() if p.grad is not None}


def _set_gradients(model: Any, gradients: dict[str, Any]) -> None:
    if model is not None:
        for name, parameter in model.named_parameters():
            parameter.grad = gradients.get(name)


def _shift(path: str, keep: int) -> None:
    """Give older states their next numbers; what is at ``path`` stays there, too."""
    for number in range(keep - 2, 0, -1):
        with suppress(FileNotFoundError):
            os.replace(f"{path}.{number}", f"{path}.{number + 1}")
    if keep > 1:
        with suppress(FileNotFoundError):
            os.unlink(f"{path}.1.new")  # of a process that was killed between the next two lines
        with suppress(FileNotFoundError):
            os.link(path, f"{path}.1.new")
            os.replace(f"{path}.1.new", f"{path}.1")
