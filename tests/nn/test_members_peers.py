"""Members, modes, conversions and copies of modules beside PyTorch's."""

import copy
import pickle
import warnings

import pytest

import flambeau as fb

torch = pytest.importorskip("torch")

from tests.nn.side_by_side import assert_both_see_the_same, network  # noqa: E402 - needs torch

pytestmark = pytest.mark.peers
SCRIPTS = []


def script(function):
    SCRIPTS.append(function)
    return function


@script
def assignment(L, nn, note):
    values = {
        "parameter": lambda: nn.Parameter(L.ones(1)),
        "module": lambda: nn.Linear(1, 1),
        "buffer": lambda: nn.Buffer(L.ones(1)),
        "passing buffer": lambda: nn.Buffer(L.ones(1), persistent=False),
        "tensor": lambda: L.ones(1),
        "number": lambda: 3,
        "none": lambda: None,
    }
    for first in values:
        for second in values:
            m = nn.Module()
            m.x = values[first]()
            note.error(lambda m=m, second=second: setattr(m, "x", values[second]()))
            note(first, second, list(m._parameters), list(m._modules), list(m._buffers))
            note(sorted(m._non_persistent_buffers_set), list(m.state_dict()), hasattr(m, "x"))
            note.error(lambda m=m: delattr(m, "x"))
            note(hasattr(m, "x"), list(m._parameters), list(m._modules), list(m._buffers))
            note(sorted(m._non_persistent_buffers_set))


@script
def registration_errors(L, nn, note):
    m = nn.Module()
    m.taken = 1
    for name in (3, "", "a.b", "taken", "forward", "fine"):
        note.error(lambda name=name: m.register_parameter(name, nn.Parameter(L.ones(1))))
        note.error(lambda name=name: nn.Module().register_buffer(name, L.ones(1)))
        note.error(lambda name=name: nn.Module().add_module(name, nn.ReLU()))
    note.error(lambda: m.register_parameter("p", L.ones(1)))
    note.error(lambda: m.register_parameter("p", 3))
    note.error(lambda: m.register_buffer("p", 3))
    note.error(lambda: m.add_module("p", 3))
    note.error(lambda: m.register_parameter("none", None))
    note.error(lambda: m.register_buffer("none too", None))
    note.error(lambda: m.add_module("none also", None))
    note(list(m._parameters), list(m._buffers), list(m._modules), repr(m))
    note.error(lambda: nn.Module(3))
    note.error(lambda: nn.Module()(1))
    note.error(lambda: nn.Module().missing)
    note.error(lambda: delattr(nn.Module(), "missing"))


@script
def before_init(L, nn, note):
    class Early(nn.Module):
        def __init__(self, act):
            act(self)

    for act in (
        lambda m: setattr(m, "x", nn.Parameter(L.ones(1))),
        lambda m: setattr(m, "x", nn.ReLU()),
        lambda m: setattr(m, "x", nn.Buffer(L.ones(1))),
        lambda m: setattr(m, "x", L.ones(1)),
        lambda m: m.register_parameter("x", None),
        lambda m: m.register_buffer("x", None),
        lambda m: m.add_module("x", None),
    ):
        note.error(lambda act=act: Early(act) and None)


@script
def traversal(L, nn, note):
    net = network(L, nn)
    for prefix in ("", "net"):
        for remove in (True, False):
            note([n for n, _ in net.named_modules(prefix=prefix, remove_duplicate=remove)])
            for recurse in (True, False):
                options = {"prefix": prefix, "recurse": recurse, "remove_duplicate": remove}
                note([n for n, _ in net.named_parameters(**options)])
                note([n for n, _ in net.named_buffers(**options)])
    note([n for n, _ in net.named_children()], len(list(net.children())))
    note(len(list(net.modules())), len(list(net.parameters())), len(list(net.buffers(False))))
    note(list(net.state_dict()), list(net.state_dict(prefix="a.")), repr(net))
    for name in ("", "first", "rest.1", "rest.9", "scale", "first.weight", "nothing"):
        note.error(lambda name=name: net.get_submodule(name))
    for name in ("scale", "first.weight", "mean", "first", "no", "rest.tied"):
        note.error(lambda name=name: net.get_parameter(name))
        note.error(lambda name=name: net.get_buffer(name))
    note.error(lambda: net.set_submodule("rest.1", nn.Tanh()))
    note.error(lambda: net.set_submodule("", nn.Tanh()))
    note.error(lambda: net.set_submodule("scale", nn.Tanh()))
    note.error(lambda: net.set_submodule("rest.new", nn.Tanh(), strict=True))
    note.error(lambda: net.set_submodule("rest.new", nn.Tanh()))
    note.error(lambda: net.set_submodule("rest.new", 3))
    note(repr(net))
    names = {"first", "scale", "mean", "rest", "training", "forward", "_parameters"}
    note(sorted(names & set(dir(net))), [n for n in dir(net.rest) if n[0].isdigit()])
    order = []
    net.apply(lambda m: order.append(type(m).__name__))
    note(order)


@script
def modes(L, nn, note):
    net = network(L, nn)
    note([m.training for m in net.modules()])
    note(net.eval() is net, [m.training for m in net.modules()])
    net.train()
    net.first.eval()
    note([m.training for m in net.modules()])
    note.error(lambda: net.train("yes"))
    net.requires_grad_(False)
    note([p.requires_grad for p in net.parameters()])
    net.requires_grad_()
    net(L.ones(1, 2)).sum().backward()
    note([p.grad for p in net.parameters()])
    grads = [p.grad for p in net.parameters()]
    net.zero_grad(set_to_none=False)
    note([p.grad is g for p, g in zip(net.parameters(), grads)], grads)
    net.zero_grad()
    note([p.grad for p in net.parameters()])


@script
def conversions(L, nn, note):
    for convert in (
        lambda m: m.double(),
        lambda m: m.half(),
        lambda m: m.bfloat16(),
        lambda m: m.float(),
        lambda m: m.to(L.float64),
        lambda m: m.to("cpu", L.float64),
        lambda m: m.to(device="cpu", dtype=L.float16),
        lambda m: m.to(L.zeros(1, dtype=L.float64)),
        lambda m: m.to("cpu"),
        lambda m: m.cpu(),
        lambda m: m.type(L.float64),
        lambda m: m.to_empty(device="cpu"),
        lambda m: m.to(L.int64),
        lambda m: m.to(torch.device("cpu") if L is torch else fb.device("cpu")),
    ):
        net = nn.Linear(2, 2)
        net.register_buffer("count", L.tensor(3))
        net.register_buffer("mean", L.zeros(1))
        net(L.ones(1, 2)).sum().backward()
        held = list(net.parameters())
        note.error(lambda net=net, convert=convert: convert(net) is net)
        note([a is b for a, b in zip(held, net.parameters())])
        note([str(t.dtype) for t in (*net.parameters(), *net.buffers(), net.weight.grad)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch's about complex modules
        note(str(nn.Linear(2, 2).to(L.complex64).weight.dtype))
    conv = nn.Module()
    conv.weight = nn.Parameter(L.zeros(2, 3, 4, 5))
    note(conv.to(memory_format=L.channels_last).weight.stride())


@script
def parameters(L, nn, note):
    p = nn.Parameter(L.ones(2))
    note(repr(p), repr(nn.Parameter(L.ones(2), requires_grad=False)), repr(nn.Parameter()))
    note(isinstance(p, L.Tensor), isinstance(p, nn.Parameter), type(p * 2) is L.Tensor)
    note(isinstance(L.ones(1), nn.Parameter), type(p.data) is L.Tensor, p.is_leaf)
    note.error(lambda: nn.Parameter(L.tensor([1])))
    note.error(lambda: nn.Parameter(L.tensor([1]), requires_grad=False).requires_grad)
    x = L.ones(2)
    q = nn.Parameter(x)
    x.add_(1)
    note(q, q._version, x._version)
    y = nn.Parameter(q * 2)
    note(y.is_leaf, y.requires_grad, y)
    p.grad = L.ones(2)
    p.remark = 3
    c = copy.deepcopy(p)
    note(type(c) is nn.Parameter, c.grad, hasattr(c, "remark"), c, c.requires_grad)
    c = pickle.loads(pickle.dumps(p))
    note(type(c) is nn.Parameter, c.grad, getattr(c, "remark", None), c, c.requires_grad)
    b = nn.Buffer(x)
    note(isinstance(b, nn.Buffer), isinstance(x, nn.Buffer), isinstance(b, L.Tensor), b.persistent)
    u = nn.UninitializedParameter()
    note.error(lambda: u.shape)
    note(isinstance(u, nn.Parameter), u.requires_grad)
    u.materialize((2, 3))
    note(list(u.shape), type(u) is nn.Parameter)


@script
def copies(L, nn, note):
    net = nn.Sequential(nn.Linear(2, 2), nn.Tanh())
    net.extra = net[0]
    net.register_buffer("seen", L.zeros(2))
    calls = []
    net.register_forward_hook(lambda m, args, out: calls.append("called"))
    x = L.ones(1, 2)
    for make in (copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m)), copy.copy):
        if make is not copy.deepcopy:
            net._forward_hooks.clear()
        other = make(net)
        note(repr(other), list(other.state_dict()), other.extra is other[0])
        note(other[0].weight is net[0].weight, other(x), len(calls))
        other.register_buffer("new", L.zeros(1))
        other.seen += 1
        note(net.seen if make is not copy.copy else None)


@pytest.mark.parametrize("function", SCRIPTS, ids=lambda f: f.__name__)
def test_both_see_the_same(function):
    assert_both_see_the_same(function)
