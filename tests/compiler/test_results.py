"""What compiled functions return: kept results stay as they are, shared memory is shared."""

from __future__ import annotations

import _thread
import gc
import signal
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

import flambeau as fb
from flambeau import nn, optim


def test_results_kept_from_earlier_calls_stay() -> None:
    step = fb.compile(lambda x: (x * 2, x.sum()))
    kept = [step(fb.full((3,), float(i))) for i in range(20)]
    for i, (double, total) in enumerate(kept):
        assert double.tolist() == [2.0 * i] * 3
        assert total.item() == 3.0 * i


@pytest.mark.parametrize("keep", [
    lambda t: t, lambda t: t.detach(), lambda t: t[1:], lambda t: t.numpy(),
    lambda t: t.numpy()[1:], lambda t: memoryview(t.numpy()), lambda t: t.view(-1),
], ids=["tensor", "detached", "view", "array", "array view", "memory", "reshaped"])  # fmt: skip
def test_whatever_is_kept_of_a_result_stays(keep: Any) -> None:
    step, kept = fb.compile(lambda x: x * 2), []
    for i in range(20):
        kept.append(keep(step(fb.full((3,), float(i)))))
    for i, x in enumerate(kept):
        values = x.tolist() if not isinstance(x, fb.Tensor) else x.numpy().tolist()
        assert set(values) == {2.0 * i}


def test_changing_a_result_changes_nothing_else() -> None:
    step = fb.compile(lambda x: x * 2)
    x = fb.ones(3)
    for _ in range(10):
        result = step(x)
        assert result.tolist() == [2.0, 2.0, 2.0]
        assert result._version == 0
        assert not hasattr(result, "note")
        result.add_(5.0)
        result.note = "mine"
        result.requires_grad_()
        array = result.detach().numpy()
        array.shape = (1, 3)
        array.flags.writeable = False


def training(wrap: Any = fb.compile) -> tuple[Any, Any, Any]:
    model = nn.Linear(3, 1, dtype=fb.float64)
    optimizer = optim.SGD(model.parameters(), 0.01)

    @wrap
    def step(x: fb.Tensor) -> fb.Tensor:
        loss = (model(x) ** 2).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return step, model, fb.randn(4, 3, dtype=fb.float64)


def test_gradients_kept_from_earlier_steps_stay() -> None:
    step, model, x = training()
    kept, copies = [], []
    for i in range(12):
        step(x)
        gradient = model.weight.grad
        kept.append([gradient, gradient.detach(), gradient[0], gradient.numpy()][i % 4])
        copies.append(np.array(kept[-1] if i % 4 == 3 else kept[-1].numpy()))
    for mine, copy in zip(kept, copies, strict=True):
        np.testing.assert_array_equal(mine if isinstance(mine, np.ndarray) else mine.numpy(), copy)


def test_a_gradient_that_was_changed_is_new_at_the_next_step() -> None:
    step, model, x = training()
    for _ in range(6):
        step(x)
        gradient = model.weight.grad
        assert gradient._version == 0
        assert not gradient.requires_grad
        gradient.mul_(100.0)
        model.bias.grad.requires_grad_()
        del gradient
    model.weight.grad = None
    step(x)
    assert model.weight.grad is not None
    assert (model.weight.grad.numpy() < 100).all()


def test_gradients_of_tensors_made_inside() -> None:
    @fb.compile
    def step(x: fb.Tensor) -> Any:
        inner, unseen = x.detach().requires_grad_(), (x * 2).detach().requires_grad_()
        (inner * inner * unseen).sum().backward()
        return inner, inner.grad

    for i in range(1, 5):
        inner, gradient = step(fb.full((2,), float(i)))
        assert inner.grad is gradient
        assert gradient.tolist() == [4.0 * i * i] * 2
        assert inner.is_leaf
        assert inner.requires_grad
    assert len(step.reasons) == 1


def test_gradients_are_distinct() -> None:
    first, second = fb.ones(2, requires_grad=True), fb.ones(2, requires_grad=True)

    @fb.compile
    def step(x: fb.Tensor) -> fb.Tensor:
        loss = ((first + second) * x).sum()
        first.grad = second.grad = None
        loss.backward()
        return loss

    for _ in range(4):
        step(fb.ones(2))
        first.grad.add_(1.0)
        assert second.grad.tolist() == [1.0, 1.0]


def test_what_is_returned_as_it_is_given() -> None:
    captured = fb.ones(2)
    step = fb.compile(lambda x, y: (x, captured, y, x[1:], captured.view(1, 2)))
    for i in range(4):
        x = fb.full((3,), float(i))
        same, outer, name, tail, reshaped = step(x, "name")
        assert same is x
        assert outer is captured
        assert name == "name"
        tail.add_(1.0)
        assert x.tolist() == [float(i), i + 1.0, i + 1.0]
        reshaped.add_(1.0)
        assert captured.tolist() == [2.0 + i, 2.0 + i]


def test_results_that_share_memory_share_it() -> None:
    def compute(x: fb.Tensor) -> tuple[fb.Tensor, fb.Tensor, fb.Tensor]:
        double = x * 2
        return double, double[0], double.t()

    step = fb.compile(compute)
    for _ in range(4):
        whole, row, turned = step(fb.ones(2, 2))
        row.zero_()
        assert whole.tolist() == [[0.0, 0.0], [2.0, 2.0]]
        assert turned.tolist() == [[0.0, 2.0], [0.0, 2.0]]


def test_equal_results_made_apart_do_not_share_memory() -> None:
    step = fb.compile(lambda x: (x * 2, x * 2, x.clone(), x.clone()))
    for _ in range(4):
        x = fb.ones(2)
        results = step(x)
        results[0].zero_()
        results[2].zero_()
        assert x.tolist() == [1.0, 1.0]
        assert results[1].tolist() == [2.0, 2.0]
        assert results[3].tolist() == [1.0, 1.0]


def test_an_array_handed_over_keeps_its_tensor_alive_no_longer() -> None:
    step = fb.compile(lambda x: x * 2)
    for _ in range(3):
        result = step(fb.ones(2))
    reference = weakref.ref(result)
    del result
    gc.collect()
    assert reference() is None


def test_numbers_and_nothing_are_returned_as_they_are() -> None:
    step = fb.compile(lambda x, n: (None, "text", n, 3, x.shape))
    for n in (1.0, 2.0, 2.5):
        assert step(fb.ones(2), n) == (None, "text", n, 3, (2,))


def test_layouts_of_results() -> None:
    def compute(x: fb.Tensor) -> Any:
        return x.t() * 2, (x + 1).t(), x.t().contiguous(), x.expand(2, 3, 4) * 1

    step, x = fb.compile(compute), fb.randn(3, 4)
    expected = compute(x)
    for _ in range(3):
        for mine, theirs in zip(step(x), expected, strict=True):
            assert mine.shape == theirs.shape
            assert mine.stride() == theirs.stride()
            np.testing.assert_array_equal(mine.numpy(), theirs.numpy())


def test_empty_results() -> None:
    step = fb.compile(lambda x: (x * 2, x.sum()))
    for _ in range(3):
        empty, total = step(fb.ones(0, 3))
        assert empty.shape == (0, 3)
        assert total.item() == 0.0


def test_an_index_out_of_range_leaves_everything_as_it_was() -> None:
    weight = fb.ones(3)

    @fb.compile
    def step(index: fb.Tensor) -> fb.Tensor:
        weight.add_(1.0)
        return weight[index]

    for _ in range(3):
        step(fb.tensor([0, 2]))
    before = weight.tolist()
    for _ in range(2):
        with pytest.raises(IndexError):
            step(fb.tensor([0, 3]))
        assert weight.tolist() == before
    assert step(fb.tensor([1, 1])).tolist() == [before[0] + 1.0] * 2


def _native(x: fb.Tensor) -> fb.Tensor:
    return x


def _beside_numpy(x: fb.Tensor) -> fb.Tensor:
    return x.sort().values


@pytest.mark.parametrize("through", [_native, _beside_numpy], ids=["native", "beside NumPy"])
def test_an_interrupt_leaves_a_whole_number_of_steps(through: Any) -> None:
    total, count = fb.zeros(64), fb.zeros(64)
    weight = fb.ones(64, requires_grad=True)

    @fb.compile
    def step(x: fb.Tensor) -> fb.Tensor:
        total.add_(through(x))
        count.add_(1.0)
        weight.grad = None
        (weight * total).sum().backward()
        return total.sum()

    x = fb.full((64,), 2.0)
    for _ in range(3):
        step(x)
    versions = total._version - count._version
    for number in range(40):
        with pytest.raises(KeyboardInterrupt), interrupted_after(0.002 + 0.00003 * number):
            _call_for_ever(step, x)
        assert (total.numpy() == 2 * count.numpy()).all()
        assert len(set(count.tolist())) == 1
        assert total._version - count._version == versions
        assert weight.grad is not None
        assert weight.grad.tolist() == total.tolist()


def test_an_interrupt_is_handled_as_the_user_wants() -> None:
    heard = []
    previous = signal.signal(signal.SIGINT, lambda *arguments: heard.append(arguments[0]))
    try:
        state = fb.zeros(3)
        handler = signal.getsignal(signal.SIGINT)

        @fb.compile
        def step(x: fb.Tensor) -> fb.Tensor:
            state.add_(x.sort().values)
            return state.sum()

        with interrupted_after(0.01):
            while not heard:
                step(fb.ones(3))
        assert heard == [signal.SIGINT]
        assert signal.getsignal(signal.SIGINT) is handler
    finally:
        signal.signal(signal.SIGINT, previous)


@contextmanager
def interrupted_after(seconds: float) -> Iterator[None]:
    """Ctrl-C is pressed after that time."""
    previous = signal.signal(signal.SIGALRM, lambda *arguments: _thread.interrupt_main())
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def _call_for_ever(step: Any, x: fb.Tensor) -> None:
    while True:
        step(x)
