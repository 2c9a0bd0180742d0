"""Where a loader's loop is, so that another process can continue from there."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flambeau.core.errors import message
from flambeau.data.iteration import BEGINNING, Pass, Resumption, WorkerPass
from flambeau.tensor.construction import from_numpy
from flambeau.tensor.streams import set_streams, streams

if TYPE_CHECKING:
    from flambeau.data.loader import DataLoader

_KEYS = frozenset({"epoch", "generators"})


class Position:
    """The pass that is under way, and the random numbers that it began with."""

    def __init__(self) -> None:
        self._pass: weakref.ref[Pass] | None = None
        self._beginning: dict[str, Any] | None = None
        self._pending: dict[str, Any] | None = None

    def start(self, loader: DataLoader[Any], make: Callable[[Resumption], Pass]) -> Pass:
        """Begin a pass, or continue the one that was loaded."""
        pending, self._pending = self._pending, None
        if pending is None or pending["epoch"] is None:
            if pending is not None:
                _set_generators(loader, pending["generators"])
            self._beginning = {"streams": streams(), "generators": _generators(loader)}
            begun = make(BEGINNING)
        else:
            epoch = pending["epoch"]
            self._beginning = epoch["beginning"]
            begun = self._continued(loader, pending, make)
        self._pass = weakref.ref(begun)
        return begun

    def _continued(
        self,
        loader: DataLoader[Any],
        pending: dict[str, Any],
        make: Callable[[Resumption], Pass],
    ) -> Pass:
        """The pass again, from the random numbers of its beginning up to the place."""
        epoch = pending["epoch"]
        now = streams()
        set_streams(epoch["beginning"]["streams"])
        _set_generators(loader, epoch["beginning"]["generators"])
        workers = epoch["workers"]
        tasks = () if workers is None else tuple(workers["tasks"])
        if workers is not None and len(workers["given"]) != loader.num_workers:
            workers = None
        try:
            return make(Resumption(epoch["batches"], tasks, workers))
        finally:
            set_streams(now)
            _set_generators(loader, pending["generators"])

    def state_dict(self, loader: DataLoader[Any]) -> dict[str, Any]:
        """See :meth:`DataLoader.state_dict`."""
        if self._pending is not None:
            return self._pending
        under_way = None if self._pass is None else self._pass()
        state: dict[str, Any] = {"epoch": None, "generators": _generators(loader)}
        if under_way is not None and not under_way.exhausted:
            state["epoch"] = {
                "batches": under_way.yielded,
                "beginning": self._beginning,
                "workers": under_way.state() if isinstance(under_way, WorkerPass) else None,
            }
        return state

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """See :meth:`DataLoader.load_state_dict`."""
        if not isinstance(state, dict) or set(state) != _KEYS:
            raise ValueError(
                message(
                    "DataLoader: not the state of a loader",
                    expected="what state_dict() gave",
                    got=f"{type(state).__name__} {sorted(map(str, state))[:5]}"
                    if isinstance(state, dict)
                    else type(state).__name__,
                )
            )
        self._pending = state


def _owners(loader: DataLoader[Any]) -> list[Any]:
    """The random streams of a loader's own, each once."""
    batches = loader.batch_sampler
    holders = [loader, loader.sampler, batches, getattr(batches, "sampler", None)]
    found: list[Any] = []
    for holder in holders:
        generator = getattr(holder, "generator", None)
        if hasattr(generator, "state_bytes") and not any(generator is g for g in found):
            found.append(generator)
    return found


def _generators(loader: DataLoader[Any]) -> list[Any]:
    return [from_numpy(generator.state_bytes()) for generator in _owners(loader)]


def _set_generators(loader: DataLoader[Any], states: list[Any]) -> None:
    owners = _owners(loader)
    if len(owners) != len(states):
        raise ValueError(
            message(
                "DataLoader: the state is of a loader with other generators",
                expected=f"{len(owners)} of them",
                got=str(len(states)),
            )
        )
    for generator, state in zip(owners, states, strict=True):
        generator.load_state_bytes(state._array)
