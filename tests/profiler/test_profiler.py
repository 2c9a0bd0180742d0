"""What profilers see."""

import json
import os
import threading
from pathlib import Path

import pytest

import flambeau as fb
from flambeau.profiler import ProfilerAction, profile, record_function, schedule


def names(found: profile) -> list[str]:
    return [event.name for event in found.events()]


def test_operations_of_forward_and_backward_passes() -> None:
    x = fb.ones(2, 3, requires_grad=True)
    with profile(record_shapes=True, with_flops=True, with_stack=True) as found:
        (x @ x.T).sum().backward()
    product = next(e for e in found.events() if e.name == "mm")
    assert product.input_shapes == [(2, 3), (3, 2)]
    assert product.flops == 2 * 2 * 2 * 3
    assert product.memory == 2 * 2 * 4
    assert "test_profiler.py" in product.stack
    assert len(found.events()) > 4  # the backward pass is watched, too


def test_ranges_hold_what_is_inside() -> None:
    x = fb.ones(100, 100)
    with profile() as found, record_function("outer"):
        with record_function("inner"):
            x @ x
        x.exp()
    rows = {row.key: row for row in found.key_averages()}
    assert set(rows) == {"outer", "inner", "mm", "exp"}
    outer, inner = rows["outer"], rows["inner"]
    assert outer.cpu_time_total >= inner.cpu_time_total + rows["exp"].cpu_time_total
    assert inner.cpu_time_total >= rows["mm"].cpu_time_total
    assert outer.cpu_memory_usage == 2 * 100 * 100 * 4
    assert outer.self_cpu_memory_usage == 0
    total = sum(row.self_cpu_time_total for row in rows.values())
    assert total == pytest.approx(outer.cpu_time_total)


def test_functions_may_have_names() -> None:
    @record_function("twice")
    def twice(x: fb.Tensor) -> fb.Tensor:
        return x * 2

    assert twice(fb.ones(1)).item() == 2
    with profile() as found:
        twice(fb.ones(1))
        twice(fb.ones(1))
    assert [row.count for row in found.key_averages() if row.key == "twice"] == [2]


def test_in_place_operations_and_errors() -> None:
    x = fb.ones(2)
    with profile() as found:
        x.add_(1)
        with pytest.raises(RuntimeError), record_function("fails"):
            x @ fb.ones(3)
        x.mul_(2)
    assert x.tolist() == [4, 4]
    assert [n for n in names(found) if n != "full"] == ["add_", "fails", "mul_"]


def test_compiled_functions_stay_compiled() -> None:
    model = fb.nn.Linear(3, 1)
    optimizer = fb.optim.Adam(model.parameters())

    @fb.compile
    def step(x: fb.Tensor) -> fb.Tensor:
        optimizer.zero_grad()
        loss = model(x).sum()
        loss.backward()
        optimizer.step()
        return loss

    x = fb.ones(2, 3)
    step(x)
    with profile() as found:
        step(x)
    assert names(found) == ["compiled step"]
    step(x)
    assert len(step.specialisations) == 1
    before = model.weight.tolist()
    model(x).sum().backward()
    with profile() as found:
        optimizer.step()
    assert [n for n in names(found) if n.startswith("compiled")] == ["compiled _update_all"]
    assert model.weight.tolist() != before


def test_a_recorded_function_can_be_watched_from_inside() -> None:
    seen = []

    @fb.compile
    def watched(x: fb.Tensor) -> fb.Tensor:
        with profile() as found:
            y = x * 2
        seen.append(names(found))
        return y

    assert watched(fb.ones(1)).item() == 2
    assert seen == [["mul"]]


def test_other_threads_are_not_watched() -> None:
    def run() -> None:
        fb.ones(3).exp()

    with profile() as found:
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
    assert names(found) == []


def test_schedule_and_traces(tmp_path: Path) -> None:
    plan = schedule(skip_first=1, wait=1, warmup=1, active=2, repeat=2)
    folder, counts = tmp_path / "log", []
    handler = fb.profiler.tensorboard_trace_handler(str(folder), "worker")

    def ready(found: profile) -> None:
        counts.append((found.step_num, names(found).count("exp")))
        handler(found)

    with profile(schedule=plan, on_trace_ready=ready) as found:
        for _ in range(12):
            fb.ones(2).exp()
            found.step()
    assert counts == [(5, 2), (9, 2)]
    traces = sorted(os.listdir(folder))
    assert len(traces) == 2
    assert all(name.startswith("worker.") and name.endswith(".pt.trace.json") for name in traces)
    events = json.loads((folder / traces[0]).read_text())["traceEvents"]
    assert [event["name"] for event in events] == ["full", "exp"] * 2
    assert all(event["ph"] == "X" and event["dur"] > 0 for event in events)


def test_schedule_of_every_step() -> None:
    found = [schedule(wait=0, warmup=0, active=1)(step) for step in range(3)]
    assert found == [ProfilerAction.RECORD_AND_SAVE] * 3
    counts = []
    each = schedule(wait=0, warmup=0, active=1)
    with profile(schedule=each, on_trace_ready=lambda p: counts.append(len(p.events()))) as p:
        for _ in range(3):
            fb.ones(1)
            p.step()
    assert counts == [1, 1, 1, 0]
    with pytest.raises(ValueError, match="schedule: the numbers of steps are out of range"):
        schedule(wait=0, warmup=0, active=0)


def test_tables() -> None:
    x = fb.ones(4, 4)
    with profile(record_shapes=True, with_flops=True) as found:
        for _ in range(3):
            x @ x
        x[:2] @ x
    sums = found.key_averages(group_by_input_shape=True)
    text = sums.table(sort_by="count", row_limit=1, header="Products")
    lines = text.splitlines()
    assert lines[0] == "Products"
    assert lines[2].split("  ")[0] == "Name"
    assert lines[4].startswith("mm ")
    assert "[(4, 4), (4, 4)]" in lines[4]
    assert lines[-1].startswith("Self CPU time total: ")
    assert len(lines) == 7
    assert "FLOPs" in lines[2]
    with pytest.raises(ValueError, match="table: no such column to sort by"):
        sums.table(sort_by="cuda_time_total")
    assert found.total_average().count == len(found.events())
    assert found.self_cpu_time_total == pytest.approx(found.events().self_cpu_time_total)


def test_nothing_recorded() -> None:
    with pytest.raises(RuntimeError, match="profile: nothing has been recorded"):
        profile().events()
