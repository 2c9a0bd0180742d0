"""Hooks on calls and gradients of modules."""

import gc
import weakref

import pytest

import flambeau as fb
from flambeau import nn


class Times(nn.Module):
    def forward(self, x, factor=1.0):
        return x * factor


def test_order_and_replacement():
    m, order = Times(), []
    m.register_forward_pre_hook(lambda m, args: order.append("second"))
    m.register_forward_pre_hook(lambda m, args: order.append("first"), prepend=True)
    m.register_forward_pre_hook(lambda m, args, kwargs: (args, {"factor": 3.0}), with_kwargs=True)
    m.register_forward_pre_hook(lambda m, args: args[0] + 1)
    m.register_forward_hook(lambda m, args, out: order.append(("after", args[0].item())))
    m.register_forward_hook(lambda m, args, kwargs, out: out + kwargs["factor"], with_kwargs=True)
    m.register_forward_hook(lambda m, args, out: order.append("before that"), prepend=True)
    assert m(fb.tensor(1.0), factor=100.0).item() == 9.0
    assert order == ["first", "second", "before that", ("after", 2.0)]


def test_handles():
    m = Times()
    handle = m.register_forward_hook(
        lambda m, a, k, out: out * 0, with_kwargs=True, always_call=True
    )
    assert m(fb.tensor(1.0)).item() == 0
    handle.remove()
    handle.remove()
    assert m(fb.tensor(1.0)).item() == 1
    assert not m._forward_hooks_with_kwargs
    assert not m._forward_hooks_always_called
    with m.register_forward_pre_hook(lambda m, args: args[0] * 5):
        assert m(fb.tensor(1.0)).item() == 5
    assert m(fb.tensor(1.0)).item() == 1


def test_kwargs_hooks_return_pairs():
    m = Times()
    m.register_forward_pre_hook(lambda m, args, kwargs: 3, with_kwargs=True)
    with pytest.raises(RuntimeError) as caught:
        m(fb.tensor(1.0))
    assert str(caught.value) == (
        "forward pre-hook: a hook with kwargs must return None or a pair\n"
        "  expected: None or (args, kwargs)\n  got:      3"
    )


def test_always_called_hooks_run_after_errors():
    class Failing(nn.Module):
        def forward(self, x):
            raise ArithmeticError("this one is raised")

    m, order = Failing(), []
    m.register_forward_hook(lambda *given: order.append("never"))
    m.register_forward_hook(lambda m, a, out: order.append(out), always_call=True)
    m.register_forward_hook(lambda *given: 1 / 0, always_call=True)
    m.register_forward_hook(lambda *given: order.append("last"), always_call=True)
    with (
        pytest.warns(UserWarning, match="silenced.*division by zero"),
        pytest.raises(ArithmeticError, match="this one is raised"),
    ):
        m(1)
    assert order == [None, "last"]


def test_backward_hooks_see_and_replace():
    m, order = Times(), []
    m.register_full_backward_pre_hook(lambda m, grad: (grad[0] * 10,))
    m.register_full_backward_hook(lambda m, gi, go: order.append((gi[0].item(), go[0].item())))
    m.register_full_backward_hook(lambda m, gi, go: (gi[0] + 1,))
    x = fb.tensor(2.0, requires_grad=True)
    m(x, factor=3.0).backward()
    assert order == [(30.0, 10.0)]
    assert x.grad.item() == 31.0


def test_backward_hooks_of_several_inputs_and_outputs():
    class Two(nn.Module):
        def forward(self, a, note, b):
            return a * b, note, a + b

    m, seen = Two(), []
    m.register_full_backward_hook(lambda m, gi, go: seen.append((gi, go)))
    a = fb.tensor(2.0, requires_grad=True)
    product, note, _ = m(a, "note", fb.tensor(3.0))
    assert note == "note"
    product.backward()
    ((first, second, third), (from_product, from_note, from_sum)) = seen[0]
    assert (first.item(), second, third) == (3.0, None, None)
    assert (from_product.item(), from_note, from_sum) == (1.0, None, None)


def test_backward_hooks_without_gradients_of_inputs():
    m, seen = nn.Linear(1, 1), []
    m.register_full_backward_hook(lambda m, gi, go: seen.append((gi, go[0].item())))
    with pytest.warns(UserWarning, match="no input requires a gradient"):
        m(fb.ones(1)).backward()
    assert seen == [((None,), 1.0)]


def test_outputs_of_hooked_modules_are_not_changed_in_place():
    m = nn.Linear(1, 1)
    m.register_full_backward_hook(lambda m, gi, go: None)
    with pytest.raises(RuntimeError, match="made by a module with backward hooks"):
        m(fb.ones(1)).add_(1)


def test_kinds_of_backward_hooks_do_not_mix():
    m = nn.ReLU()
    handle = m.register_backward_hook(lambda m, gi, go: (gi[0] * 2,))
    x = fb.ones(1, requires_grad=True)
    with pytest.warns(FutureWarning, match="register_full_backward_hook"):
        m(x).backward()
    assert x.grad.item() == 2.0
    with pytest.raises(RuntimeError) as caught:
        m.register_full_backward_hook(lambda m, gi, go: None)
    assert str(caught.value) == (
        "ReLU: cannot use both kinds of backward hooks\n"
        "  expected: hooks of the older kind, which the module has already\n"
        "  got:      one of the full kind\n"
        "  help:     use register_full_backward_hook() throughout"
    )
    handle.remove()


def test_wrong_numbers_of_gradients():
    x = fb.ones(1, requires_grad=True)
    m = nn.ReLU()
    m.register_full_backward_hook(lambda m, gi, go: (gi[0], gi[0]))
    with pytest.raises(RuntimeError) as caught:
        m(x).backward()
    assert str(caught.value) == (
        "backward hook: it returned a wrong number of gradients\n"
        "  expected: 1 for grad_input\n  got:      2"
    )
    m = nn.ReLU()
    m.register_full_backward_pre_hook(lambda m, go: ())
    with pytest.raises(RuntimeError) as caught:
        m(x).backward()
    assert str(caught.value) == (
        "backward pre-hook: it returned a wrong number of gradients\n"
        "  expected: 1 for grad_output\n  got:      0"
    )


def test_hooks_on_all_modules():
    order = []
    handles = [
        nn.register_module_forward_pre_hook(lambda m, args: order.append(("pre", repr(m)))),
        nn.register_module_forward_hook(lambda m, args, out: order.append(("post", repr(m)))),
        nn.register_module_full_backward_pre_hook(lambda m, go: order.append("backward pre")),
        nn.register_module_full_backward_hook(lambda m, gi, go: order.append("backward")),
    ]
    try:
        nn.ReLU()(fb.ones(1, requires_grad=True)).backward()
    finally:
        for handle in handles:
            handle.remove()
    nn.ReLU()(fb.ones(1))
    assert order == [("pre", "ReLU()"), ("post", "ReLU()"), "backward pre", "backward"]


def test_hooks_on_registration():
    with nn.register_module_module_registration_hook(
        lambda parent, name, child: nn.Tanh() if name == "x" else None
    ):
        m = nn.Module()
        m.x = nn.ReLU()
        m.y = nn.ReLU()
    assert (repr(m.x), repr(m.y)) == ("Tanh()", "ReLU()")
    seen = []
    with (
        nn.register_module_parameter_registration_hook(lambda m, n, p: seen.append(n)),
        nn.register_module_buffer_registration_hook(lambda m, n, b: seen.append(n)),
    ):
        m.p = nn.Parameter(fb.ones(1))
        m.register_buffer("b", None)
    assert seen == ["p", "b"]


def test_modules_are_freed_at_once():
    gc.disable()
    try:
        m = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
        m(fb.ones(2))
        references = [weakref.ref(x) for x in (m, m[0], m[0].weight)]
        del m
        assert [reference() for reference in references] == [None, None, None]
    finally:
        gc.enable()
