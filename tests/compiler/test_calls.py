"""How compiled functions are called: as decorators, methods, modules; through the dispatcher."""

from __future__ import annotations

import copy
import gc
import itertools
import pickle
import threading
import time
import tracemalloc
import warnings
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import flambeau as fb
from flambeau import nn, optim
from flambeau.compiler import compiled as compiled_file
from flambeau.compiler.record.symbol import RecordingError
from flambeau.compiler.run import dispatch, layout
from flambeau.compiler.run.plan_layout import Plan

native = pytest.mark.skipif(not dispatch.is_available(), reason="calls go through Python here")


def plans(compiled: Any) -> list[Any]:
    return list(compiled.plans.values())


# --- forms ----------------------------------------------------------------------------------------


def test_a_decorator_with_and_without_arguments() -> None:
    @fb.compile
    def first(x: fb.Tensor) -> fb.Tensor:
        """Doubles."""
        return x * 2

    @fb.compile(verify=2)
    def second(x: fb.Tensor) -> fb.Tensor:
        return x * 3

    x = fb.ones(2)
    for _ in range(3):
        assert first(x).tolist() == [2.0, 2.0]
        assert second(x).tolist() == [3.0, 3.0]
    assert first.__name__ == "first"
    assert first.__doc__ == "Doubles."
    assert repr(first) == "<compiled first>"


def test_methods_belong_to_their_objects() -> None:
    class Scaler:
        def __init__(self, scale: float) -> None:
            self.scale = scale

        @fb.compile
        def apply(self, x: fb.Tensor) -> fb.Tensor:
            return x * self.scale

    one, other = Scaler(2.0), Scaler(3.0)
    for _ in range(3):
        assert one.apply(fb.ones(1)).item() == 2.0
        assert other.apply(fb.ones(1)).item() == 3.0
    assert len(one.apply.reasons) == len(other.apply.reasons) == 1
    one.scale = 5.0
    assert one.apply(fb.ones(1)).item() == 5.0


def test_a_compiled_module_is_the_module() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
    faster = fb.compile(model)
    x = fb.randn(5, 3)
    assert next(iter(faster.parameters())) is model[0].weight
    for _ in range(3):
        np.testing.assert_allclose(
            faster(x).detach().numpy(), model(x).detach().numpy(), rtol=1e-5, atol=1e-6
        )
    faster.eval()
    assert not model.training
    assert faster.state_dict().keys() == model.state_dict().keys()
    assert "operations" in faster.report()


def test_a_compiled_module_trains_from_eager_code() -> None:
    results = []
    for wrap in (lambda m: m, fb.compile):
        fb.manual_seed(0)
        model = nn.Sequential(
            nn.Linear(3, 8, dtype=fb.float64), nn.Tanh(), nn.Linear(8, 1, dtype=fb.float64)
        )
        x = fb.randn(6, 3, dtype=fb.float64, requires_grad=True)
        y, face = fb.randn(6, 1, dtype=fb.float64), wrap(model)
        optimizer = optim.Adam(model.parameters(), 0.05)
        losses = []
        for _ in range(10):
            loss = ((face(x * 2) - y) ** 2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        grads = [p.grad.numpy() for p in model.parameters()]
        results.append([np.array(losses), *grads, x.grad.numpy()])
    for mine, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-9)


def test_several_results_are_differentiated_together() -> None:
    weight = fb.tensor([1.0, 2.0], requires_grad=True)

    def both(x: fb.Tensor) -> tuple[fb.Tensor, fb.Tensor, fb.Tensor]:
        product = x * weight
        return product.sum(), product.exp(), product.detach()

    faster, x = fb.compile(both), fb.tensor([0.5, -1.0], requires_grad=True)
    for use in (
        lambda a, b: a.backward(),
        lambda a, b: b.sum().backward(),
        lambda a, b: (a + b.sum()).backward(),
    ):
        found = []
        for function in (both, faster):
            weight.grad = x.grad = None
            first, second, third = function(x)
            assert not third.requires_grad
            use(first, second)
            found.append([weight.grad.tolist(), x.grad.tolist()])
        np.testing.assert_allclose(found[1], found[0], rtol=1e-6)


def test_going_backward_twice_needs_retain_graph() -> None:
    weight = fb.ones(2, requires_grad=True)
    step = fb.compile(lambda x: (x * weight * weight).sum())
    loss = step(fb.ones(2))
    loss.backward(retain_graph=True)
    loss.backward()
    assert weight.grad.tolist() == [4.0, 4.0]
    with pytest.raises(RuntimeError, match="the graph was already used"):
        loss.backward()


def test_a_change_in_place_before_backward_is_an_error() -> None:
    weight = fb.ones(2, requires_grad=True)
    x = fb.ones(2)
    loss = fb.compile(lambda x: (x * weight).sum())(x)
    x.add_(1.0)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_a_compiled_function_inside_another() -> None:
    inner = fb.compile(lambda x: x * 2)
    outer = fb.compile(lambda x: inner(x) + inner(x))
    for _ in range(3):
        assert outer(fb.ones(2)).tolist() == [4.0, 4.0]
        assert inner(fb.ones(2)).tolist() == [2.0, 2.0]


def test_trees_and_keywords() -> None:
    def compute(x: Any, *, scale: float = 1.0, extra: Any = None) -> Any:
        return {"a": x["a"] * scale, "b": [x["b"][0], x["b"][1] + (0 if extra is None else extra)]}

    step = fb.compile(compute)
    given = {"a": fb.ones(2), "b": (fb.zeros(1), fb.ones(1))}
    for scale in (1.0, 2.0, 3.0):
        found = step(given, scale=scale, extra=fb.ones(1))
        assert found["a"].tolist() == [scale, scale]
        assert found["b"][1].item() == 2.0
        assert found["b"][0] is given["b"][0]
        assert step(given)["b"][1].item() == 1.0


def test_wrong_arguments_are_pythons_errors() -> None:
    step = fb.compile(lambda x: x)
    with pytest.raises(TypeError, match="argument"):
        step()
    with pytest.raises(TypeError, match="argument"):
        step(fb.ones(1), fb.ones(1))
    with pytest.raises(TypeError, match="not a function"):
        fb.compile(3)


def test_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLAMBEAU_COMPILE", "0")
    calls = []

    @fb.compile
    def step(x: fb.Tensor) -> fb.Tensor:
        calls.append(1)
        return x + 1

    for _ in range(3):
        step(fb.ones(1))
    assert len(calls) == 3
    assert step.reasons == []


# --- what users may ask ---------------------------------------------------------------------------


def test_reports() -> None:
    weight = fb.ones(3, requires_grad=True)

    @fb.compile
    def step(x: fb.Tensor) -> fb.Tensor:
        loss = (x * weight).sum()
        weight.grad = None
        loss.backward()
        return loss

    step(fb.ones(3))
    step(fb.ones(2, 3))
    assert "2 recording(s)" in step.report()
    assert "new kinds of arguments" in step.report()
    assert "mul(" in step.program()
    if dispatch.is_available():
        assert "define void @" in step.llvm()
        assert "one native call" in step.report()


def test_many_recordings_are_worth_one_warning() -> None:
    step = fb.compile(lambda x: x + 1)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for size in range(1, 22):
            step(fb.ones(size))
    mine = [w for w in caught if "was recorded 17 times" in str(w.message)]
    assert len(mine) == len(caught) == 1
    assert mine[0].filename == __file__


def test_verification_runs_both_and_changes_nothing_twice() -> None:
    total = fb.zeros(2)
    calls = []

    @fb.compile(verify=3)
    def step(x: fb.Tensor) -> fb.Tensor:
        calls.append(1) if len(calls) < 0 else None
        total.add_(x)
        return total * 2

    for i in range(1, 5):
        assert step(fb.ones(2)).tolist() == [2.0 * i, 2.0 * i]
    assert total.tolist() == [4.0, 4.0]


def test_verification_finds_a_difference() -> None:
    counter = itertools.count(1)  # nothing can watch what it will say next
    step = fb.compile(lambda x: x * next(counter), verify=1)
    with pytest.raises(RuntimeError) as caught:
        step(fb.ones(2))
    assert str(caught.value) == (
        "compile: result of shape (2,) differs from the eager function's\n"
        "  expected: the same to 0.0001\n"
        "  got:      a difference of 1\n"
        "  help:     FLAMBEAU_COMPILE=0 switches compilation off; please report this"
    )


# --- clear errors ---------------------------------------------------------------------------------

ASKED = {
    "item": lambda x: x.sum().item(),
    "float": lambda x: float(x.sum()),
    "int": lambda x: int(x.sum()),
    "if": lambda x: x if x.sum() > 0 else -x,
    "print": lambda x: f"{x}",
    "numpy": lambda x: np.asarray(x),
    "numpy()": lambda x: x.numpy(),
    "tolist": lambda x: x.tolist(),
    "nonzero": lambda x: fb.nonzero(x),
    "mask": lambda x: x[x > 0],
    "unique": lambda x: x.unique(),
    "one_hot": lambda x: nn.functional.one_hot(x.long()),
    "repeat_interleave": lambda x: fb.repeat_interleave(x, x.long()),
    "pickle": lambda x: pickle.dumps(x),
    "deepcopy": lambda x: copy.deepcopy(x),
    "dlpack": lambda x: fb.from_dlpack(x),
    "max": lambda x: max(x),
}


@pytest.mark.parametrize("function", ASKED.values(), ids=ASKED)
def test_values_asked_while_recording_name_the_line(function: Any) -> None:
    step = fb.compile(function)
    for _ in range(2):
        with pytest.raises(RecordingError, match=r"compile: (?s:.*)test_calls\.py:\d+") as caught:
            step(fb.ones(3))
        assert "help:" in str(caught.value)
    assert fb.ones(3).sum().item() == 3.0  # nothing of the recording stays behind


def test_a_tensor_that_escapes_says_so_when_touched() -> None:
    kept: list[fb.Tensor] = []

    class Keeper:
        def keep(self, x: fb.Tensor) -> None:
            kept_elsewhere.append(x * 2)

    kept_elsewhere = kept

    @fb.compile
    def step(x: fb.Tensor) -> fb.Tensor:
        Keeper().keep(x)
        return x + 1

    for i in range(1, 4):
        step(fb.ones(2))
        assert len(kept) == i  # a step that changes Python state is run again each time
        assert kept[-1].tolist() == [2.0, 2.0]


def test_an_error_in_the_middle_changes_nothing() -> None:
    model = nn.Linear(2, 1)
    optimizer = optim.Adam(model.parameters(), 0.1)
    broken = {"yes": True}

    @fb.compile
    def step(x: fb.Tensor) -> fb.Tensor:
        loss = model(x).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if broken["yes"]:
            raise KeyError("on purpose")
        return loss

    before = [p.detach().clone() for p in model.parameters()]
    versions = [p._version for p in model.parameters()]
    for _ in range(2):
        with pytest.raises(KeyError, match="on purpose"):
            step(fb.ones(3, 2))
        assert fb.is_grad_enabled()
        for p, old, version in zip(model.parameters(), before, versions, strict=True):
            assert p.tolist() == old.tolist()
            assert p._version == version
            assert p.grad is None
            assert p.requires_grad
            assert p.is_leaf
    broken["yes"] = False
    step(fb.ones(3, 2))
    assert model.weight.grad is not None


# --- the dispatcher -------------------------------------------------------------------------------


@native
def test_calls_take_the_native_way() -> None:
    counted = []
    step = fb.compile(lambda x, y: x + y)
    x, y = fb.ones(4), fb.ones(4)
    step(x, y)
    original = step.call
    step.call = lambda *args: counted.append(1) or original(*args)
    before = step.all()[0].calls
    for _ in range(100):
        step(x, y)
    assert step.all()[0].calls == before
    assert plans(step)[0].is_native


@native
def test_the_training_step_takes_the_native_way_and_counts_versions() -> None:
    model = nn.Linear(3, 1)
    optimizer = optim.Adam(model.parameters(), 0.01)

    @fb.compile
    def step(x: fb.Tensor) -> fb.Tensor:
        loss = (model(x) ** 2).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    x = fb.randn(4, 3)
    for _ in range(3):
        step(x)
    slow = [s.calls for s in step.all()]
    versions = model.weight._version
    count = optimizer.state[model.weight]["step"].item()
    for _ in range(1000):
        step(x)
    assert [s.calls for s in step.all()] == slow
    assert optimizer.state[model.weight]["step"].item() == count + 1000
    assert model.weight._version > versions
    assert (model.weight._version - versions) % 1000 == 0


@native
def test_layout_is_checked_against_live_objects() -> None:
    assert layout.is_supported()
    x = object()
    assert layout.count_of(x) == 1
    assert layout.word_at(id(x) + 8) == id(object)


def test_a_compiled_function_is_freed_with_what_it_holds() -> None:
    def run() -> Any:
        model = nn.Linear(3, 1)
        step = fb.compile(lambda x: model(x).sum())
        for _ in range(3):
            step(fb.ones(2, 3))
        return weakref.ref(model)

    reference = run()
    gc.collect()
    assert reference() is None


def test_copies_of_objects_with_compiled_methods() -> None:
    class Scaler:
        def __init__(self, scale: float) -> None:
            self.scale = scale

        @fb.compile
        def apply(self, x: fb.Tensor) -> fb.Tensor:
            return x * self.scale

    one = Scaler(2.0)
    one.apply(fb.ones(1))
    other = copy.deepcopy(one)
    other.scale = 3.0
    for _ in range(3):
        assert one.apply(fb.ones(1)).item() == 2.0
        assert other.apply(fb.ones(1)).item() == 3.0


@native
def test_memory_stays_flat() -> None:
    model = nn.Linear(3, 1)
    optimizer = optim.Adam(model.parameters(), 0.01)

    @fb.compile
    def step(x: fb.Tensor) -> fb.Tensor:
        loss = (model(x) ** 2).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    x = fb.randn(4, 3)
    for _ in range(10):
        loss = step(x)
    gc.collect()
    tracemalloc.start()
    try:
        tensors = sum(isinstance(o, fb.Tensor) for o in gc.get_objects())
        start = tracemalloc.get_traced_memory()[0]
        for _ in range(10_000):
            loss = step(x)
        end = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert end - start < 4096
    assert sum(isinstance(o, fb.Tensor) for o in gc.get_objects()) == tensors
    assert len(step.all()) <= 2
    assert np.isfinite(loss.item())


@native
def test_two_threads_call_one_step() -> None:
    weight = fb.zeros(200_000)
    step = fb.compile(lambda x: weight.add_(x).sum())
    x = fb.ones(200_000)
    for _ in range(3):
        step(x)
    plans(step)[0].head[Plan.RELEASE] = 1
    with ThreadPoolExecutor(3) as pool:
        for done in [pool.submit(lambda: [step(x) for _ in range(50)]) for _ in range(3)]:
            done.result()
    assert weight[0].item() == weight[-1].item() == 153.0


@native
def test_threads_have_modes_of_their_own() -> None:
    weight = fb.ones(3, requires_grad=True)
    step = fb.compile(lambda x: x * weight)
    x = fb.ones(3)
    for _ in range(3):
        assert step(x).requires_grad
    seen = []

    def work() -> None:
        with fb.no_grad():
            for _ in range(5):
                seen.append(step(x).requires_grad)
                time.sleep(0.001)

    thread = threading.Thread(target=work)
    thread.start()
    for _ in range(5):
        assert step(x).requires_grad
        time.sleep(0.001)
    thread.join()
    assert seen == [False] * 5


def test_without_llvmlite_it_runs_through_numpy_and_says_so_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(compiled_file, "is_available", lambda: False)
    monkeypatch.setattr(dispatch, "is_available", lambda: False)
    monkeypatch.setattr("flambeau.compiler.specialisation.is_available", lambda: False)
    compiled_file._say_once.cache_clear()
    step = fb.compile(lambda x: x * 2)
    with pytest.warns(UserWarning, match="llvmlite is not installed"):
        assert step(fb.ones(2)).tolist() == [2.0, 2.0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert step(fb.ones(2)).tolist() == [2.0, 2.0]
    compiled_file._say_once.cache_clear()
