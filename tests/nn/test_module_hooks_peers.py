"""Hooks of modules beside PyTorch's."""

import pytest

torch = pytest.importorskip("torch")

from tests.nn.side_by_side import assert_both_see_the_same, network, plain  # noqa: E402 - needs torch

pytestmark = pytest.mark.peers
SCRIPTS = []


def script(function):
    SCRIPTS.append(function)
    return function


@script
def forward_hooks(L, nn, note):
    net = network(L, nn)
    order = []
    x = L.ones(1, 2)

    def pre(name, result=None):
        return lambda m, args: order.append((name, len(args))) or result

    def post(name, result=None):
        return lambda m, args, out: order.append((name, len(args))) or result

    handles = [
        net.register_forward_pre_hook(pre("a")),
        net.register_forward_pre_hook(pre("b"), prepend=True),
        net.register_forward_pre_hook(
            lambda m, a, k: order.append(("kwargs", k)) or (a, {"factor": 3.0}), with_kwargs=True
        ),
        net.register_forward_pre_hook(pre("replaces", x * 2)),
        net.register_forward_hook(post("c")),
        net.register_forward_hook(post("d"), prepend=True),
        net.register_forward_hook(
            lambda m, a, k, out: order.append(("out", k)) or out + 1, with_kwargs=True
        ),
    ]
    note(net(x, factor=2.0), order)
    for handle in handles:
        handle.remove()
        handle.remove()
    note(net(x), len(net._forward_hooks), len(net._forward_pre_hooks))
    note(len(net._forward_hooks_with_kwargs), len(net._forward_pre_hooks_with_kwargs))
    with net.register_forward_hook(lambda m, a, out: out * 0):
        note(net(x))
    note(net(x))
    net.register_forward_pre_hook(lambda m, a, k: 3, with_kwargs=True)
    note.error(lambda: net(x))


@script
def always_called(L, nn, note):
    class Failing(nn.Module):
        def forward(self, x):
            raise ArithmeticError("no")

    def run(m, add):
        order = []
        handles = [
            add(lambda *a: order.append("never")),
            add(lambda m, a, out: order.append(("always", out)), always_call=True),
            add(lambda m, a, out: 1 / 0, always_call=True),
            add(lambda m, a, out: order.append(("also", out)), always_call=True),
        ]
        note.error(lambda: m(L.ones(1)))
        note(order)
        for handle in handles:
            handle.remove()
        note(len(m._forward_hooks_always_called))

    m = Failing()
    run(m, m.register_forward_hook)
    where = torch.nn.modules.module if L is torch else nn
    run(m, where.register_module_forward_hook)


@script
def backward_hooks(L, nn, note):
    class Two(nn.Module):
        def forward(self, a, b, flag, c=None):
            return a * b, a + b, flag

    m, order = Two(), []
    m.register_full_backward_pre_hook(lambda m, go: order.append(("pre", plain(go))))
    m.register_full_backward_pre_hook(
        lambda m, go: (None if go[0] is None else go[0] * 2, go[1], None)
    )
    m.register_full_backward_hook(lambda m, gi, go: order.append(("post", plain(gi), plain(go))))
    m.register_full_backward_hook(lambda m, gi, go: (gi[0] * 3, gi[1], None))
    m.register_full_backward_hook(lambda m, gi, go: order.append(("last", plain(gi))))
    m.register_full_backward_hook(lambda m, gi, go: order.append("first"), prepend=True)
    a = L.tensor([1.0, 2.0], requires_grad=True)
    b = L.tensor([3.0, 4.0], requires_grad=True)
    y, z, flag = m(a, b, "flag")
    note(flag, y.grad_fn.name().startswith("BackwardHookFunctionBackward"))
    (y * 5 + z).sum().backward()
    note(order, a.grad, b.grad)
    order.clear()
    y, z, flag = m(a, L.ones(2), 3)
    z.sum().backward()
    note(order[0], a.grad)
    with L.no_grad():
        note(m(a, b, 1)[0].requires_grad)


@script
def backward_hooks_without_inputs(L, nn, note):
    m, order = nn.Linear(2, 2), []
    m.register_full_backward_hook(lambda m, gi, go: order.append((plain(gi), plain(go))))
    m(L.ones(1, 2)).sum().backward()
    note(order, m.weight.grad)
    m = nn.Linear(2, 2)
    m.register_full_backward_hook(lambda m, gi, go: (L.ones(1, 2),))
    note.error(lambda: m(L.ones(1, 2)).sum().backward())
    m = nn.Linear(2, 2)
    m.register_full_backward_hook(lambda m, gi, go: (gi[0], gi[0]))
    note.error(lambda: m(L.ones(1, 2, requires_grad=True)).sum().backward())
    m = nn.Linear(2, 2)
    m.register_full_backward_pre_hook(lambda m, go: (go[0], go[0]))
    note.error(lambda: m(L.ones(1, 2, requires_grad=True)).sum().backward())
    m = nn.Linear(2, 2)
    m.register_full_backward_hook(lambda m, gi, go: None)
    note.error(lambda: m.register_backward_hook(lambda m, gi, go: None))
    note.error(lambda: m(L.ones(1, 2, requires_grad=True)).add_(1))
    m = nn.Identity()
    m.register_full_backward_hook(lambda m, gi, go: None)
    note(m({"a": L.ones(1)}))
    m = nn.ReLU()
    handle = m.register_backward_hook(lambda m, gi, go: (gi[0] * 2,))
    note.error(lambda: m.register_full_backward_hook(lambda m, gi, go: None))
    x = L.ones(2, requires_grad=True)
    m(x).sum().backward()
    note(x.grad)
    handle.remove()


@script
def nested_backward_hooks(L, nn, note):
    order = []
    net = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Sequential(nn.ReLU(), nn.Linear(2, 1)))
    for name, module in net.named_modules():
        module.register_full_backward_hook(
            lambda m, gi, go, name=name: order.append((name, plain(gi), plain(go)))
        )
    x = L.ones(3, 2, requires_grad=True)
    net(x).sum().backward()
    note(order, x.grad)


@script
def global_hooks(L, nn, note):
    where = torch.nn.modules.module if L is torch else nn
    order = []
    handles = [
        where.register_module_forward_pre_hook(lambda m, a: order.append(("pre", repr(m)))),
        where.register_module_forward_hook(lambda m, a, out: order.append(("post", repr(m)))),
        where.register_module_full_backward_pre_hook(lambda m, go: order.append(("bp", repr(m)))),
        where.register_module_full_backward_hook(lambda m, gi, go: order.append(("b", repr(m)))),
        where.register_module_parameter_registration_hook(
            lambda m, n, p: order.append(("parameter", n))
        ),
        where.register_module_buffer_registration_hook(lambda m, n, b: order.append(("buffer", n))),
        where.register_module_module_registration_hook(
            lambda m, n, child: order.append(("module", n)) or (nn.Tanh() if n == "x" else None)
        ),
    ]
    net = nn.Sequential(nn.Linear(1, 1), nn.ReLU())
    net.register_buffer("b", None)
    net.x = nn.ReLU()
    net[0].register_forward_hook(lambda m, a, out: order.append("own"))
    net(L.ones(1, requires_grad=True)).sum().backward()
    for handle in handles:
        handle.remove()
    before = len(order)
    net(L.ones(1))
    note(order, net, len(order) - before)


@pytest.mark.parametrize("function", SCRIPTS, ids=lambda f: f.__name__)
def test_both_see_the_same(function):
    assert_both_see_the_same(function)
