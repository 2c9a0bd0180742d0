"""Hooks, gradient modes and anomaly mode."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import flambeau as fb
from flambeau.autograd import detect_anomaly, set_detect_anomaly


def leaf() -> fb.Tensor:
    return fb.tensor([1.0, 2.0, 3.0], dtype=fb.float64, requires_grad=True)


# --- hooks -------------------------------------------------------------------------------------


def test_handle_removes_at_the_end_of_a_with() -> None:
    x, seen = leaf(), []
    with x.register_hook(seen.append):
        x.sum().backward()
    x.sum().backward()
    assert len(seen) == 1


def test_hook_may_remove_itself_and_add_others() -> None:
    x, seen = leaf(), []

    def once(g: fb.Tensor) -> None:
        seen.append("once")
        handle.remove()
        x.register_hook(lambda g: seen.append("later"))

    handle = x.register_hook(once)
    x.sum().backward()
    x.sum().backward()
    assert seen == ["once", "later"]


HOOK_ERRORS: dict[str, tuple[Callable[[fb.Tensor], Any], type[Exception], str]] = {
    "number": (
        lambda x: x.register_hook(lambda g: 3),
        TypeError,
        "hook: a hook must return a tensor or None\n  expected: a tensor or None\n  got:      int",
    ),
    "shape": (
        lambda x: x.register_hook(lambda g: g[:2]),
        RuntimeError,
        (
            "hook: a hook has changed the gradient's size\n"
            "  expected: shape (3,)\n"
            "  got:      shape (2,)"
        ),
    ),
    "type": (
        lambda x: x.register_hook(lambda g: g.float()),
        RuntimeError,
        (
            "hook: a hook has changed the gradient's type\n"
            "  expected: torch.float64\n"
            "  got:      torch.float32"
        ),
    ),
    "after accumulation": (
        lambda x: x.register_post_accumulate_grad_hook(lambda x: x),
        TypeError,
        "post-accumulate hook: it must return None\n  expected: None\n  got:      Tensor",
    ),
    "inner tensor": (
        lambda x: (x * 2).register_post_accumulate_grad_hook(lambda x: None),
        RuntimeError,
        (
            "register_post_accumulate_grad_hook: only leaf tensors accumulate gradients\n"
            "  expected: a leaf tensor\n"
            "  got:      the output of MulBackward0"
        ),
    ),
    "no gradient": (
        lambda x: x.detach().retain_grad(),
        RuntimeError,
        (
            "retain_grad: the tensor does not require a gradient\n"
            "  expected: a tensor with requires_grad=True\n"
            "  got:      one without\n"
            "  help:     call requires_grad_() on it"
        ),
    ),
}


@pytest.mark.parametrize("case", HOOK_ERRORS)
def test_text_of_hook_errors(case: str) -> None:
    register, kind, text = HOOK_ERRORS[case]
    x = leaf()

    def use() -> None:
        register(x)
        (x * 1).sum().backward()

    with pytest.raises(kind) as caught:
        use()
    assert str(caught.value) == text


def test_text_of_node_hook_errors() -> None:
    y = leaf() * 2
    handle = y.grad_fn.register_hook(lambda before, after: 3)
    with pytest.raises(TypeError) as caught:
        y.sum().backward(retain_graph=True)
    assert str(caught.value) == (
        "hook: a node's hook must return a tuple or None\n"
        "  expected: a tuple of 2 gradient(s), or None\n"
        "  got:      int"
    )
    handle.remove()
    y.grad_fn.register_prehook(lambda after: (after[0], after[0]))
    with pytest.raises(RuntimeError) as caught:
        y.sum().backward()
    assert str(caught.value) == (
        "prehook: a node's hook returned a wrong number of gradients\n  expected: 1\n  got:      2"
    )


# --- modes -------------------------------------------------------------------------------------

SWITCHES = [
    (fb.no_grad, False),
    (fb.enable_grad, True),
    (lambda: fb.set_grad_enabled(False), False),
    (lambda: fb.set_grad_enabled(True), True),
    (fb.inference_mode, False),
    (lambda: fb.inference_mode(False), True),
]


@pytest.fixture(params=[True, False], ids=["grad", "no_grad"])
def outside(request: pytest.FixtureRequest) -> Iterator[bool]:
    fb.set_grad_enabled(request.param)
    yield request.param
    fb.set_grad_enabled(True)


@pytest.mark.parametrize(("make", "inside"), SWITCHES)
def test_switch_with_error_decorator_and_generator(
    make: Callable[[], Any], inside: bool, outside: bool
) -> None:
    with make():
        assert fb.is_grad_enabled() is inside
    assert fb.is_grad_enabled() is outside

    with pytest.raises(KeyError), make():
        raise KeyError
    assert fb.is_grad_enabled() is outside

    @make()
    def function(a: int, *, b: int) -> tuple[int, int, bool]:
        """A docstring."""
        return a, b, fb.is_grad_enabled()

    assert fb.is_grad_enabled() is outside
    assert function(1, b=2) == (1, 2, inside)
    assert (function.__name__, function.__doc__) == ("function", "A docstring.")
    assert fb.is_grad_enabled() is outside

    @make()
    def generator() -> Any:
        try:
            got = yield fb.is_grad_enabled()
            yield got, fb.is_grad_enabled()
        except KeyError:
            yield "thrown", fb.is_grad_enabled()
        return "result"

    running = generator()
    assert next(running) is inside
    assert fb.is_grad_enabled() is outside
    assert running.send(5) == (5, inside)
    assert running.throw(KeyError()) == ("thrown", inside)
    assert fb.is_grad_enabled() is outside
    with pytest.raises(StopIteration) as stopped:
        next(running)
    assert stopped.value.value == "result"
    assert fb.is_grad_enabled() is outside


def test_closed_generator_cleans_up_in_its_mode() -> None:
    seen = []

    @fb.no_grad()
    def generator() -> Any:
        try:
            yield 1
        finally:
            seen.append(fb.is_grad_enabled())

    running = generator()
    next(running)
    running.close()
    assert seen == [False]
    assert fb.is_grad_enabled()


@pytest.mark.parametrize("make", [fb.no_grad, fb.inference_mode])
def test_one_switch_entered_twice(make: Callable[[], Any]) -> None:
    switch = make()
    with switch:
        with switch:
            assert not fb.is_grad_enabled()
        assert not fb.is_grad_enabled()
    assert fb.is_grad_enabled()


def test_decorators_without_parentheses() -> None:
    @fb.no_grad
    def first() -> bool:
        return fb.is_grad_enabled()

    @fb.inference_mode
    def second() -> bool:
        return fb.is_inference_mode_enabled()

    assert (first(), second(), fb.is_grad_enabled()) == (False, True, True)


def test_recursion_through_a_decorator() -> None:
    @fb.no_grad()
    def down(n: int) -> bool:
        return fb.is_grad_enabled() if n == 0 else down(n - 1)

    assert down(5) is False
    assert fb.is_grad_enabled()


def test_class_decorated_warns() -> None:
    with pytest.warns(FutureWarning, match="decorate the methods"):

        @fb.no_grad()
        class Made:
            def __init__(self) -> None:
                self.enabled = fb.is_grad_enabled()

    assert Made().enabled is False


def test_set_grad_enabled_at_once_and_its_error() -> None:
    fb.set_grad_enabled(False)
    assert not fb.is_grad_enabled()
    fb.set_grad_enabled(True)
    with pytest.raises(TypeError) as caught:
        fb.set_grad_enabled(1)
    assert (
        str(caught.value)
        == "set_grad_enabled: mode is not a bool\n  expected: a bool\n  got:      1"
    )


def test_modes_belong_to_a_thread() -> None:
    seen = []
    with fb.no_grad(), fb.inference_mode():
        thread = threading.Thread(
            target=lambda: seen.append((fb.is_grad_enabled(), fb.is_inference_mode_enabled()))
        )
        thread.start()
        thread.join()
    assert seen == [(True, False)]


def test_nothing_is_recorded_under_no_grad() -> None:
    x = leaf()
    with fb.no_grad():
        y = x * 2
        x.mul_(2)
    assert y.grad_fn is None
    assert not y.requires_grad
    assert x.is_leaf


# --- anomaly mode ------------------------------------------------------------------------------


def test_nan_names_the_line_of_the_operation() -> None:
    x = fb.tensor([0.0], requires_grad=True)
    with detect_anomaly():
        y = x.sqrt() * 0  # the line that the error names
        with pytest.raises(RuntimeError) as caught:
            y.backward()
    text = str(caught.value)
    assert text.startswith("backward: SqrtBackward0 returned nan values in its output 0\n")
    assert "y = x.sqrt() * 0  # the line that the error names" in text
    assert __file__ in text


def test_nan_is_let_through_if_asked() -> None:
    x = fb.tensor([0.0], requires_grad=True)
    with detect_anomaly(check_nan=False):
        (x.sqrt() * 0).backward()
    assert x.grad.isnan().all()
    x.grad = None
    (x.sqrt() * 0).backward()
    assert x.grad.isnan().all()


@pytest.mark.parametrize("kind", ["operation", "in place", "function"])
def test_error_is_preceded_by_a_warning_with_the_line(kind: str) -> None:
    class Keeps(fb.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * 1

        @staticmethod
        def backward(ctx, g):
            return g * ctx.saved_tensors[0]

    y = leaf() * 1
    with detect_anomaly():
        if kind == "operation":
            z = y * y  # this line
        elif kind == "in place":
            z = y * 2
            z.mul_(y)  # this line
        else:
            z = Keeps.apply(y)  # this line
        y.add_(1)
        with (
            pytest.warns(UserWarning, match="# this line"),
            pytest.raises(RuntimeError, match="modified by an inplace operation"),
        ):
            z.sum().backward()


def test_anomaly_mode_ends() -> None:
    with detect_anomaly():
        assert fb.is_anomaly_enabled()
        with set_detect_anomaly(False):
            assert not fb.is_anomaly_enabled()
        assert fb.is_anomaly_enabled()
    assert not fb.is_anomaly_enabled()
    set_detect_anomaly(True, check_nan=False)
    assert (fb.is_anomaly_enabled(), fb.is_anomaly_check_nan_enabled()) == (True, False)
    set_detect_anomaly(False)
    assert (fb.is_anomaly_enabled(), fb.is_anomaly_check_nan_enabled()) == (False, True)

    @detect_anomaly()
    def function() -> bool:
        return fb.is_anomaly_enabled()

    assert function()
    assert not fb.is_anomaly_enabled()


def test_gradients_are_the_same_under_anomaly_mode() -> None:
    x = leaf()
    (x.exp() * x).sum().backward()
    expected = x.grad.tolist()
    x.grad = None
    with detect_anomaly(), warnings.catch_warnings():
        warnings.simplefilter("error")
        (x.exp() * x).sum().backward()
    assert x.grad.tolist() == expected
