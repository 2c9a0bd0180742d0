"""Events in the JSON format of Chrome's trace viewer."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable, Iterable
from typing import Any

from flambeau.profiler.event import Event


def write_trace(path: str | os.PathLike[str], events: Iterable[Event]) -> None:
    """Write events for ``chrome://tracing`` or Perfetto (the Trace Event Format)."""
    process = os.getpid()
    shown = [
        {
            "ph": "X",
            "cat": "cpu_op",
            "name": event.name,
            "pid": process,
            "tid": event.thread,
            "ts": event.start / 1e3,
            "dur": event.cpu_time_total,
            "args": _arguments(event),
        }
        for event in events
    ]
    document = {"schemaVersion": 1, "displayTimeUnit": "ms", "traceEvents": shown}
    with open(path, "w", encoding="utf-8") as file:
        json.dump(document, file)


def _arguments(event: Event) -> dict[str, Any]:
    found: dict[str, Any] = {"Bytes": event.memory}
    if event.input_shapes:
        found["Input Dims"] = [list(shape) for shape in event.input_shapes]
    if event.stack:
        found["Line"] = event.stack
    if event.flops:
        found["FLOPs"] = event.flops
    return found


def tensorboard_trace_handler(
    dir_name: str, worker_name: str | None = None
) -> Callable[[Any], None]:
    """For ``on_trace_ready=``: writes each trace into a folder, under a name of its own.

    Args:
        dir_name: the folder; it is made if it is not there.
        worker_name: the first part of the file's name; the machine's name and the process number
            if not given.
    """

    def handle(profile: Any) -> None:
        os.makedirs(dir_name, exist_ok=True)
        worker = worker_name or f"{socket.gethostname()}_{os.getpid()}"
        profile.export_chrome_trace(
            os.path.join(dir_name, f"{worker}.{time.time_ns()}.pt.trace.json")
        )

    return handle
