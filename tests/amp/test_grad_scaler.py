"""Scaled losses."""

import pytest

import flambeau as fb
from flambeau.amp import GradScaler


def made(scale: float = 8.0, **options: float) -> tuple[fb.Tensor, fb.optim.SGD, GradScaler]:
    w = fb.tensor([2.0], requires_grad=True)
    scaler = GradScaler("cpu", init_scale=scale, **options)  # type: ignore[arg-type]
    return w, fb.optim.SGD([w], lr=0.5), scaler


def test_a_bad_step_is_left_out_and_the_scale_shrinks() -> None:
    w, optimizer, scaler = made()
    scaler.scale((w * float("inf")).sum()).backward()
    assert scaler.step(optimizer) is None
    scaler.update()
    assert (w.item(), scaler.get_scale()) == (2.0, 4.0)


def test_the_scale_grows_after_good_steps() -> None:
    w, optimizer, scaler = made(growth_interval=2)
    scales = []
    for _ in range(4):
        optimizer.zero_grad()
        scaler.scale(w.sum()).backward()
        scaler.step(optimizer)
        scaler.update()
        scales.append(scaler.get_scale())
    assert scales == [8, 16, 16, 32]
    assert w.item() == 0.0


def test_gradients_are_unscaled_once() -> None:
    w, optimizer, scaler = made()
    scaler.scale([w.sum()])[0].backward()
    scaler.unscale_(optimizer)
    assert w.grad is not None
    assert w.grad.item() == 1.0
    with pytest.raises(RuntimeError, match="has been unscaled since the last update"):
        scaler.unscale_(optimizer)
    scaler.step(optimizer)
    assert w.item() == 1.5
    with pytest.raises(RuntimeError, match="stepped since the last update"):
        scaler.step(optimizer)
    with pytest.raises(RuntimeError, match="has stepped since the last update"):
        scaler.unscale_(optimizer)


def test_its_state() -> None:
    _, _, scaler = made(growth_interval=7)
    other = GradScaler("cpu")
    other.load_state_dict(scaler.state_dict())
    assert other.state_dict() == scaler.state_dict()
    assert scaler.state_dict() == {
        "scale": 8.0,
        "growth_factor": 2.0,
        "backoff_factor": 0.5,
        "growth_interval": 7,
        "_growth_tracker": 0,
    }
    with pytest.raises(RuntimeError, match="the state is empty"):
        other.load_state_dict({})


def test_one_that_is_off_does_nothing() -> None:
    with pytest.warns(UserWarning, match="there is no device 'cuda'"):
        scaler = GradScaler("cuda")
    w, optimizer, _ = made()
    loss = w.sum()
    assert scaler.scale(loss) is loss
    loss.backward()
    scaler.unscale_(optimizer)
    scaler.step(optimizer)
    scaler.update()
    assert (w.item(), scaler.get_scale(), scaler.state_dict()) == (1.5, 1.0, {})


def test_misuse() -> None:
    w, optimizer, scaler = made()
    with pytest.raises(RuntimeError, match="nothing was unscaled"):
        scaler.update()
    with pytest.raises(RuntimeError, match="a closure cannot be scaled"):
        scaler.step(optimizer, closure=lambda: 0.0)
    with pytest.raises(ValueError, match="outputs must be tensors"):
        scaler.scale(3)
    with pytest.raises(ValueError, match="growth_factor is out of range"):
        GradScaler("cpu", growth_factor=0.5)
    short = fb.ones(1, dtype=fb.float16, requires_grad=True)
    short.grad = fb.ones(1, dtype=fb.float16)
    with pytest.raises(ValueError, match="a gradient is float16"):
        scaler.unscale_(fb.optim.SGD([short], lr=0.1))
    assert w.item() == 2.0
