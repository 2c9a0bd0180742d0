"""Whatever a compiled function depends on may change between calls: it notices, each time.

Every script runs twice, with the function itself and with the compiled one; what it returns must
agree. Functions are called several times before and after each change, so that both the first
call and the quick ones that follow are seen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import flambeau as fb
from flambeau import nn, optim
from flambeau.compiler.compiled import compile
from flambeau.nn import functional as F

Script = Callable[[Callable[[Any], Any]], list[Any]]
CALLS = 4
SCALE = 2.0
OFFSET = fb.tensor([1.0, 2.0])
SETTINGS = {"scale": 3.0}


def agree(script: Script) -> None:
    """The script gives the same with and without compiling."""
    results = []
    for wrap in (lambda f: f, compile):
        fb.manual_seed(0)
        results.append([np.asarray(x.detach() if isinstance(x, fb.Tensor) else x)
                        for x in script(wrap)])  # fmt: skip
    eager, compiled = results
    assert len(eager) == len(compiled)
    for mine, theirs in zip(compiled, eager, strict=True):
        precision = 1e-6 if mine.dtype == np.float32 else 1e-10
        np.testing.assert_allclose(mine, theirs, rtol=precision, atol=precision)


def several(step: Callable[..., Any], *args: Any) -> list[Any]:
    return [np.array(step(*args).detach()) for _ in range(CALLS)]


def network() -> tuple[nn.Module, fb.Tensor, fb.Tensor]:
    model = nn.Sequential(
        nn.Linear(3, 8, dtype=fb.float64), nn.Tanh(), nn.Linear(8, 1, dtype=fb.float64)
    )
    return model, fb.randn(5, 3, dtype=fb.float64), fb.randn(5, 1, dtype=fb.float64)


def training(wrap: Any, make: Callable[[Any], Any]) -> tuple[Any, Any, Any, tuple[Any, Any]]:
    model, x, y = network()
    optimizer = make(model.parameters())

    @wrap
    def step(x: fb.Tensor, y: fb.Tensor) -> fb.Tensor:
        loss = F.mse_loss(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return step, model, optimizer, (x, y)


def after(model: nn.Module) -> list[Any]:
    grads = [p.grad.numpy().copy() for p in model.parameters() if p.grad is not None]
    return [p.detach().numpy().copy() for p in model.parameters()] + grads


# --- hyperparameters ------------------------------------------------------------------------------

OPTIONS = {
    "lr": (lambda p: optim.Adam(p, 0.01), "lr", 0.1),
    "lr of SGD": (lambda p: optim.SGD(p, 0.01), "lr", 0.1),
    "lr as an int": (lambda p: optim.SGD(p, 0.01), "lr", 0),
    "betas": (lambda p: optim.Adam(p, 0.01), "betas", (0.5, 0.6)),
    "eps": (lambda p: optim.Adam(p, 0.01), "eps", 0.5),
    "momentum": (lambda p: optim.SGD(p, 0.01, momentum=0.9), "momentum", 0.1),
    "momentum begins": (lambda p: optim.SGD(p, 0.01), "momentum", 0.9),
    "weight decay begins": (lambda p: optim.Adam(p, 0.01), "weight_decay", 0.5),
    "weight decay": (lambda p: optim.AdamW(p, 0.01, weight_decay=0.1), "weight_decay", 0.5),
    "maximize": (lambda p: optim.SGD(p, 0.01), "maximize", True),
}


@pytest.mark.parametrize("case", OPTIONS.values(), ids=OPTIONS)
def test_an_option_of_an_optimizer_changes(case: tuple[Any, str, Any]) -> None:
    make, name, value = case

    def script(wrap: Any) -> list[Any]:
        step, model, optimizer, batch = training(wrap, make)
        losses = several(step, *batch)
        before = optimizer.param_groups[0][name]
        for now in (value, before, value):
            optimizer.param_groups[0][name] = now
            losses += several(step, *batch)
        return losses + after(model)

    agree(script)


def test_a_learning_rate_that_changes_at_every_step_is_never_recompiled() -> None:
    step, _, optimizer, batch = training(compile, lambda p: optim.Adam(p, 0.01))
    several(step, *batch)
    made = len(step.reasons)
    for i in range(20):
        optimizer.param_groups[0]["lr"] = 0.01 / (i + 1)
        step(*batch)
    assert len(step.reasons) == made

    def script(wrap: Any) -> list[Any]:
        step, model, optimizer, batch = training(wrap, lambda p: optim.Adam(p, 0.01))
        losses = []
        for i in range(20):
            optimizer.param_groups[0]["lr"] = 0.01 / (i + 1)
            losses.append(step(*batch))
        return losses + after(model)

    agree(script)


def test_two_groups_with_options_of_their_own() -> None:
    def script(wrap: Any) -> list[Any]:
        def make(parameters: Any) -> Any:
            first, *rest = parameters
            return optim.Adam([{"params": [first], "lr": 0.1}, {"params": rest}], lr=0.01)

        step, model, optimizer, batch = training(wrap, make)
        losses = several(step, *batch)
        optimizer.param_groups[1]["lr"] = 0.2
        losses += several(step, *batch)
        optimizer.param_groups[0]["betas"] = (0.1, 0.2)
        return losses + several(step, *batch) + after(model)

    agree(script)


def test_a_group_is_added() -> None:
    def script(wrap: Any) -> list[Any]:
        def make(parameters: Any) -> Any:
            return optim.SGD(list(parameters)[:2], 0.1)

        step, model, optimizer, batch = training(wrap, make)
        losses = several(step, *batch)
        optimizer.add_param_group({"params": list(model.parameters())[2:], "lr": 0.01})
        return losses + several(step, *batch) + after(model)

    agree(script)


def test_the_state_of_an_optimizer_is_loaded() -> None:
    def script(wrap: Any) -> list[Any]:
        step, model, optimizer, batch = training(wrap, lambda p: optim.Adam(p, 0.01))
        losses = several(step, *batch)
        saved, weights = optimizer.state_dict(), model.state_dict()
        saved = {**saved, "state": {k: {n: v.clone() for n, v in s.items()}
                                    for k, s in saved["state"].items()}}  # fmt: skip
        weights = {k: v.clone() for k, v in weights.items()}
        losses += several(step, *batch)
        optimizer.load_state_dict(saved)
        model.load_state_dict(weights)
        return losses + several(step, *batch) + after(model)

    agree(script)


# --- modules --------------------------------------------------------------------------------------


def test_modes_of_a_module() -> None:
    def script(wrap: Any) -> list[Any]:
        model = nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.5))
        x = fb.randn(2, 3)
        with fb.no_grad():
            step = wrap(lambda x: model(x))
            found = several(step, x)
            model.eval()
            found += several(step, x)
            model.train()
            found += several(step, x)
            model[1].p = 0.1
            return found + several(step, x)

    agree(script)


def test_dropout_draws_anew_at_each_step() -> None:
    dropped = compile(lambda x: F.dropout(x, 0.5))
    first, second, third = (dropped(fb.ones(64)).numpy().copy() for _ in range(3))
    assert not np.array_equal(first, second)
    assert not np.array_equal(second, third)


def test_a_layer_is_frozen_and_freed() -> None:
    def script(wrap: Any) -> list[Any]:
        step, model, _, batch = training(wrap, lambda p: optim.SGD(p, 0.1))
        losses = several(step, *batch)
        model[0].weight.requires_grad = False
        losses += several(step, *batch)
        model[0].weight.requires_grad_(True)
        return losses + several(step, *batch) + after(model)

    agree(script)


def test_a_parameter_is_added_and_a_layer_replaced() -> None:
    class Scaled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(fb.tensor(2.0))

        def forward(self, x: fb.Tensor) -> fb.Tensor:
            out = x * self.scale
            return out + self.shift if hasattr(self, "shift") else out

    def script(wrap: Any) -> list[Any]:
        model = nn.Sequential(Scaled())
        step, x = wrap(lambda x: model(x).detach()), fb.randn(3)
        found = several(step, x)
        model[0].shift = nn.Parameter(fb.tensor(1.0))
        found += several(step, x)
        model[0] = nn.ReLU()
        found += several(step, x)
        model.append(nn.Tanh())
        return found + several(step, x)

    agree(script)


def test_data_of_a_parameter_is_replaced() -> None:
    def script(wrap: Any) -> list[Any]:
        step, model, _, batch = training(wrap, lambda p: optim.SGD(p, 0.1, momentum=0.9))
        losses = several(step, *batch)
        for _ in range(3):
            model[0].weight.data = fb.randn(8, 3, dtype=fb.float64)
            losses += several(step, *batch)
        model[0].weight.data = model[0].weight.data.t().contiguous().t()
        return losses + several(step, *batch) + after(model)

    agree(script)


def test_a_parameter_changes_in_place() -> None:
    def script(wrap: Any) -> list[Any]:
        step, model, _, batch = training(wrap, lambda p: optim.Adam(p, 0.1))
        losses = several(step, *batch)
        with fb.no_grad():
            model[0].weight.zero_()
            model[2].bias.add_(1.0)
        return losses + several(step, *batch) + after(model)

    agree(script)


def test_hooks_are_added_and_removed() -> None:
    def script(wrap: Any) -> list[Any]:
        step, model, _, batch = training(wrap, lambda p: optim.SGD(p, 0.1))
        losses = several(step, *batch)
        handles = [
            model[0].weight.register_hook(lambda g: g * 0.5),
            model[1].register_forward_hook(lambda module, args, out: out * 2),
        ]
        losses += several(step, *batch)
        for handle in handles:
            handle.remove()
            losses += several(step, *batch)
        return losses + after(model)

    agree(script)


def test_two_instances_of_one_class() -> None:
    def script(wrap: Any) -> list[Any]:
        models = [nn.Linear(2, 2), nn.Linear(2, 2)]
        steps = [wrap(m) for m in models]
        x = fb.randn(2)
        return [step(x).detach() for _ in range(CALLS) for step in steps]

    agree(script)


# --- Python state ---------------------------------------------------------------------------------


def test_a_global_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def script(wrap: Any) -> list[Any]:
        step, x = wrap(lambda x: x * SCALE), fb.randn(3)
        found = []
        for scale in (2.0, 3.0, 2.0, 5):
            monkeypatch.setitem(globals(), "SCALE", scale)
            found += several(step, x)
        return found

    agree(script)


class Scaling(nn.Module):
    """Reads a global, a class attribute and a number of its own."""

    factor = 1.5

    def __init__(self) -> None:
        super().__init__()
        self.own = 2.0

    def forward(self, x: fb.Tensor) -> fb.Tensor:
        return x * SCALE * self.factor * self.own + helper(x)


def helper(x: fb.Tensor) -> fb.Tensor:
    return x * SETTINGS["scale"] + OFFSET.sum()


def test_state_that_a_module_and_its_helpers_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def script(wrap: Any) -> list[Any]:
        model = Scaling()
        step, x = wrap(lambda x: model(x)), fb.randn(3)
        found = several(step, x)
        monkeypatch.setitem(globals(), "SCALE", 7.0)
        found += several(step, x)
        monkeypatch.setattr(Scaling, "factor", 0.5)
        found += several(step, x)
        model.own = 4.0
        found += several(step, x)
        model.factor = 9.0
        found += several(step, x)
        monkeypatch.setitem(SETTINGS, "scale", 1.0)
        found += several(step, x)
        monkeypatch.setitem(globals(), "OFFSET", fb.tensor([5.0]))
        found += several(step, x)
        monkeypatch.setitem(globals(), "helper", lambda x: x)
        found += several(step, x)
        monkeypatch.setattr(Scaling, "forward", lambda self, x: -x)
        found += several(step, x)
        monkeypatch.undo()
        return found + several(step, x)

    agree(script)


def test_objects_of_plain_classes() -> None:
    class Slotted:
        __slots__ = ("value",)

        def __init__(self) -> None:
            self.value = 1.0

    def script(wrap: Any) -> list[Any]:
        class Settings:
            limit = 3.0

            def __init__(self) -> None:
                self.scale, self.names, self.weights = 2.0, ["a", "b"], {"a": 1.0, "b": 2.0}

            @property
            def double(self) -> float:
                return self.scale * 2

        settings, slotted, chosen = Settings(), Slotted(), {"a"}

        def compute(x: fb.Tensor) -> fb.Tensor:
            for name in settings.names:
                if name in chosen:
                    x = x * settings.weights[name]
            return x * settings.double + slotted.value + settings.limit

        step, x = wrap(compute), fb.randn(3)
        found = several(step, x)
        settings.scale = 3.0
        found += several(step, x)
        settings.names.append("a")
        found += several(step, x)
        settings.weights["a"] = 0.5
        found += several(step, x)
        slotted.value = 2.0
        found += several(step, x)
        chosen.add("b")
        found += several(step, x)
        settings.limit = 1.0
        found += several(step, x)
        Settings.limit = 8.0
        del settings.limit
        return found + several(step, x)

    agree(script)


def test_a_counter_beside_the_state_does_not_recompile() -> None:
    class Trainer:
        def __init__(self) -> None:
            self.scale, self.steps, self.losses = 2.0, 0, []

        def compute(self, x: fb.Tensor) -> fb.Tensor:
            return x * self.scale

    trainer = Trainer()
    step, x = compile(trainer.compute), fb.ones(2)
    for _ in range(10):
        trainer.losses.append(step(x).numpy())
        trainer.steps += 1
    assert len(step.reasons) == 1
    trainer.scale = 5.0
    assert step(x).tolist() == [5.0, 5.0]


def test_closures() -> None:
    def script(wrap: Any) -> list[Any]:
        array, tensor, number = np.ones(3), fb.ones(3), 2.0

        def compute(x: fb.Tensor) -> fb.Tensor:
            return x * fb.from_numpy(array) + tensor * number + fb.tensor(array) * array.sum()

        step, x = wrap(compute), fb.randn(3)
        found = several(step, x)
        tensor = fb.full((3,), 5.0)
        found += several(step, x)
        tensor.add_(1.0)
        found += several(step, x)
        number = 3.0
        found += several(step, x)
        array = np.full(3, 4.0)
        return found + several(step, x)

    agree(script)


def test_a_closure_array_changes_in_place() -> None:
    def script(wrap: Any) -> list[Any]:
        shared, copied, summed = np.ones(3), np.ones(3), np.ones(3)

        def compute(x: fb.Tensor) -> fb.Tensor:
            return x * fb.from_numpy(shared) + fb.tensor(copied) + float(summed.sum())

        step, x = wrap(compute), fb.randn(3)
        found = several(step, x)
        for array in (shared, copied, summed):
            array[1] = 7.0
            found += several(step, x)
        return found

    agree(script)


def test_the_default_type() -> None:
    def script(wrap: Any) -> list[Any]:
        step, x = wrap(lambda x: x + fb.zeros(2) + fb.tensor([0.1, 0.2])), fb.ones(2)
        found = several(step, x)
        fb.set_default_dtype(fb.float64)
        try:
            found.append(step(x))
            found.append(str(step(x).dtype) == "torch.float64")
        finally:
            fb.set_default_dtype(fb.float32)
        return found + several(step, x)

    agree(script)


def test_a_constant_made_inside_is_new_each_time() -> None:
    def script(wrap: Any) -> list[Any]:
        def compute(x: fb.Tensor) -> fb.Tensor:
            total = fb.tensor([1.0, 2.0])
            total.add_(x)
            return total

        return several(wrap(compute), fb.ones(2))

    agree(script)


@pytest.mark.parametrize("make", [
    lambda: fb.as_tensor([1.0, 2.0]), lambda: fb.from_numpy(np.ones(2, np.float32)),
], ids=["as_tensor", "from_numpy"])  # fmt: skip
def test_data_turned_into_a_tensor_and_changed(make: Callable[[], fb.Tensor]) -> None:
    def script(wrap: Any) -> list[Any]:
        def compute(x: fb.Tensor) -> fb.Tensor:
            total = make()
            total.add_(x)
            return total

        return several(wrap(compute), fb.ones(2))

    with pytest.warns(UserWarning, match="changes a tensor in place that it makes from data"):
        agree(script)


def test_a_class_method_and_defaults() -> None:
    def script(wrap: Any) -> list[Any]:
        options = [1.0, 2.0]

        def compute(x: fb.Tensor, weights: Any = options) -> fb.Tensor:
            return x * weights[0] + weights[1]

        step, x = wrap(compute), fb.randn(2)
        found = several(step, x)
        options[0] = 5.0
        return found + several(step, x) + several(step, x, [3.0, 4.0])

    agree(script)


# --- arguments ------------------------------------------------------------------------------------


def test_batches_of_two_sizes_are_recorded_once_each() -> None:
    def script(wrap: Any) -> list[Any]:
        step, model, _, _ = training(wrap, lambda p: optim.Adam(p, 0.01))
        found = []
        for size in (32, 32, 17, 32, 17, 32, 32, 17):
            x, y = fb.randn(size, 3, dtype=fb.float64), fb.randn(size, 1, dtype=fb.float64)
            found.append(step(x, y))
        return found + after(model)

    agree(script)
    step, _, _, _ = training(compile, lambda p: optim.SGD(p, 0.01))
    for size in (32, 32, 17, 32, 17):
        step(fb.randn(size, 3, dtype=fb.float64), fb.randn(size, 1, dtype=fb.float64))
    assert len(step.reasons) == 2


def test_numbers_as_arguments() -> None:
    def script(wrap: Any) -> list[Any]:
        def compute(x: fb.Tensor, scale: float, power: int) -> fb.Tensor:
            return x * scale + 2.0**power if scale > 1 else x - power

        step, x = wrap(compute), fb.randn(3)
        calls = [(2.0, 3), (4.5, 3), (4.5, 1), (0.5, 2), (2.0, 2), (3, 1), (-1, 4)]
        return [step(x, *given) for given in calls for _ in range(3)]

    agree(script)


def test_the_same_tensor_twice() -> None:
    def script(wrap: Any) -> list[Any]:
        def compute(x: fb.Tensor, y: fb.Tensor) -> fb.Tensor:
            x.add_(1.0)
            return x * y

        step, x, y = wrap(compute), fb.ones(3), fb.ones(3)
        found = []
        for _ in range(CALLS):
            found += [step(x, y).clone(), step(x, x).clone(), x.clone(), y.clone()]
        return found

    agree(script)


def test_arguments_that_share_memory() -> None:
    def script(wrap: Any) -> list[Any]:
        def compute(x: fb.Tensor, y: fb.Tensor) -> fb.Tensor:
            x.mul_(2.0)
            return x + y

        step, whole = wrap(compute), fb.arange(8, dtype=fb.float32)
        apart, found = fb.ones(4), []
        for _ in range(CALLS):
            found += [step(apart, fb.ones(4)).clone(), apart.clone()]
            found += [step(whole[:4], whole[2:6]).clone(), whole.clone()]
        return found

    agree(script)


def test_an_argument_that_is_captured_too() -> None:
    def script(wrap: Any) -> list[Any]:
        weight = fb.ones(3)

        def compute(x: fb.Tensor) -> fb.Tensor:
            weight.add_(x)
            return weight * x

        step, other, found = wrap(compute), fb.full((3,), 2.0), []
        for given in (other, other, weight, other, weight, weight, other):
            found += [step(given).clone(), weight.clone()]
        return found

    agree(script)


def test_requires_grad_and_gradients_of_arguments() -> None:
    def script(wrap: Any) -> list[Any]:
        def compute(x: fb.Tensor) -> fb.Tensor:
            loss = (x * x).sum()
            if x.requires_grad:
                loss.backward()
            return loss

        step, found = wrap(compute), []
        for i in range(CALLS):
            x = fb.full((3,), float(i), requires_grad=i % 2 == 0)
            found.append(step(x))
            if x.grad is not None:
                found += [x.grad.clone(), step(x), x.grad.clone()]
        return found

    agree(script)


def test_grad_mode() -> None:
    def script(wrap: Any) -> list[Any]:
        weight = fb.ones(3, requires_grad=True)
        step, x, found = wrap(lambda x: x * weight), fb.randn(3), []
        for _ in range(CALLS):
            with fb.no_grad():
                found.append(step(x).requires_grad)
            found.append(step(x).requires_grad)
        return found

    agree(script)


def test_objects_given_as_arguments() -> None:
    def script(wrap: Any) -> list[Any]:
        model = nn.Linear(2, 2)

        def compute(model: nn.Module, x: fb.Tensor, settings: dict[str, float]) -> fb.Tensor:
            return model(x).detach() * settings["scale"]

        step, x, found = wrap(compute), fb.randn(2), []
        for scale in (1.0, 2.0, 1.0):
            found += [step(model, x, {"scale": scale}) for _ in range(3)]
        with fb.no_grad():
            model.weight.zero_()
        found.append(step(model, x, {"scale": 1.0}))
        model.weight = nn.Parameter(fb.ones(2, 2))
        return [*found, step(model, x, {"scale": 1.0}), step(nn.Linear(2, 2), x, {"scale": 1.0})]

    agree(script)


# --- gradients ------------------------------------------------------------------------------------


def test_gradients_accumulate_over_calls() -> None:
    def script(wrap: Any) -> list[Any]:
        model, x, y = network()
        optimizer = optim.SGD(model.parameters(), 0.1)
        forward = wrap(lambda x, y: F.mse_loss(model(x), y).backward())
        update = wrap(lambda: optimizer.step())
        found = []
        for _ in range(CALLS):
            for _ in range(3):
                forward(x, y)
                found += after(model)
            update()
            optimizer.zero_grad()
        return found

    agree(script)


def test_gradients_set_outside() -> None:
    def script(wrap: Any) -> list[Any]:
        step, model, optimizer, batch = training(wrap, lambda p: optim.SGD(p, 0.1))
        update = wrap(lambda: optimizer.step())
        found = several(step, *batch)
        for i in range(CALLS):
            for p in model.parameters():
                p.grad = fb.full_like(p, float(i)).detach()
            update()
            found += after(model)
        optimizer.zero_grad()
        update()
        return found + after(model)

    agree(script)
