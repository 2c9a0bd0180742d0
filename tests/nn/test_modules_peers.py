"""Modules beside PyTorch's: registration, hooks, containers, states, errors.

Each script runs once with each library and writes down what it sees; both must see the same.
"""

import copy
import pickle
import warnings
from collections import OrderedDict

import numpy as np
import pytest

import flambeau as fb

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.peers


def plain(value):
    """What a library returned, without the library."""
    if isinstance(value, (fb.Tensor, torch.Tensor)):
        return ("tensor", str(value.dtype), np.round(value.detach().double().numpy(), 5).tolist())
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, (fb.nn.Module, torch.nn.Module)):
        return repr(value)
    if isinstance(value, type) and issubclass(value, Exception):
        return value
    return value


class Notes(list):
    """What a script has seen."""

    def __call__(self, *values):
        self.append(plain(values))

    def error(self, call):
        try:
            self("fine", call())
        except Exception as error:  # noqa: BLE001 whatever it is, both must raise it
            self.append(type(error))


SCRIPTS = []


def script(function):
    SCRIPTS.append(function)
    return function


def same(a, b):
    if isinstance(a, type) and isinstance(b, type):
        return issubclass(a, b)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b))
    return a == b


# --- members --------------------------------------------------------------------------------------


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


def network(L, nn):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(L.ones(1))
            self.first = nn.Linear(2, 3)
            self.nothing = None
            self.register_module("later", None)
            self.register_buffer("mean", L.zeros(3))
            self.register_buffer("passing", L.zeros(2), persistent=False)
            self.shared = self.first
            self.rest = nn.Sequential(nn.ReLU(), nn.Linear(3, 2), self.first)
            self.rest.tied = self.scale

        def forward(self, x, factor=1.0):
            return self.rest[1](self.first(x)) * self.scale * factor

    return Net()


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


# --- copies ---------------------------------------------------------------------------------------


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


# --- containers -----------------------------------------------------------------------------------


@script
def sequential(L, nn, note):
    s = nn.Sequential(OrderedDict([("a", nn.Linear(2, 3)), ("b", nn.ReLU())]))
    note(s, s.a, s[0], s[-1], len(s), list(s), s[:1], s(L.ones(2)))
    note.error(lambda: s[2])
    note.error(lambda: s[-3])
    note.error(lambda: s["a"])
    s = nn.Sequential(*[nn.Linear(i, i + 1) for i in range(1, 5)])
    note(s[1:3], s[::2], list(s.state_dict()))
    del s[1]
    note(s)
    del s[1:]
    note(s)
    note(s.append(nn.ReLU()) is s, s.insert(0, nn.Tanh()) is s, s)
    note(s.insert(-1, nn.Sigmoid()), s.insert(len(s), nn.ELU()), s.extend([nn.ReLU(), nn.Tanh()]))
    note.error(lambda: s.insert(99, nn.ReLU()))
    note.error(lambda: s.insert(0, 3))
    note.error(lambda: s.append(3))
    note(s.pop(1), s, s + nn.Sequential(nn.ReLU()), nn.Sequential(nn.ReLU()) * 2)
    note(2 * nn.Sequential(nn.ReLU(), nn.Tanh()))
    note.error(lambda: s + 3)
    note.error(lambda: s * "a")
    note.error(lambda: s * 0)
    s[0] = nn.Linear(7, 7)
    s[-1] = nn.Linear(8, 8)
    note(s)
    s += nn.Sequential(nn.GELU())
    s *= 2
    note(s, len(s))

    def assign(index):
        s[index] = nn.ReLU()

    note.error(lambda: assign(99))


@script
def module_list(L, nn, note):
    m = nn.ModuleList([nn.Linear(1, 2), nn.ReLU()])
    note(m, len(m), m[0], m[-1], m[:1], list(m), nn.ReLU() in m)
    m += [nn.Tanh()]
    m.append(nn.ReLU())
    m.extend([nn.ReLU(), nn.ReLU()])
    m.insert(1, nn.ELU())
    note(m, m + [nn.SELU()], m.pop(0), m, m.pop(-1), m)
    del m[0]
    note(m)
    del m[1:3]
    note(m)
    m[0] = nn.Sigmoid()
    note(m)
    note.error(lambda: m[99])
    note.error(lambda: m.append(3))
    note.error(lambda: m.extend(3))
    note.error(lambda: m(1))
    note.error(lambda: nn.ModuleList([1]))
    note(nn.ModuleList([None, nn.ReLU(), None]))


@script
def module_dict(L, nn, note):
    m = nn.ModuleDict([("a", nn.ReLU()), ("b", nn.Linear(1, 1))])
    note(m, list(m), list(m.keys()), list(m.values()), list(m.items()), "a" in m, len(m))
    m["c"] = nn.Tanh()
    m.update({"z": nn.ELU(), "a": nn.SELU()})
    m.update(nn.ModuleDict({"y": nn.GELU()}))
    note(m, m.pop("b"), m, m["a"])
    del m["a"]
    note(m)
    note.error(lambda: m["missing"])
    note.error(lambda: m.update(3))
    note.error(lambda: m.update([3]))
    note.error(lambda: m.update([("a", nn.ReLU(), 3)]))
    note.error(lambda: nn.ModuleDict({"keys": nn.ReLU()}))
    note.error(lambda: nn.ModuleDict({"a.b": nn.ReLU()}))
    note.error(lambda: nn.ModuleDict({3: nn.ReLU()}))
    m.clear()
    note(m, len(m))


@script
def parameter_containers(L, nn, note):
    p = nn.ParameterList([L.zeros(2, 3), nn.Parameter(L.tensor(1.0)), "text"])
    note(p, len(p), p[0], p[-1], [n for n, _ in p.named_parameters()], list(p.state_dict()))
    p.append(L.ones(1))
    p.extend([L.ones(2)])
    p += [L.ones(3)]
    p[0] = L.zeros(4)
    note(
        p,
        p[1:3],
        nn.ParameterList(),
        nn.ParameterList([L.zeros(1)]),
        isinstance(p[0], nn.Parameter),
    )
    note.error(lambda: p[99])
    note.error(lambda: p.extend(3))
    note.error(lambda: p.extend(L.zeros(2)))
    note.error(lambda: p(1))
    d = nn.ParameterDict({"b": L.ones(1), "a": nn.Parameter(L.zeros(2)), "c": 3})
    note(d, list(d), len(d), "a" in d, d["a"], list(d.state_dict()), list(d.values()))
    d["e"] = L.ones(2, 2)
    d.update(OrderedDict([("z", L.ones(1)), ("y", L.ones(1))]))
    d.update([("x", L.ones(1))])
    note(
        d, list(reversed(d)), d.get("no"), d.get("no", 5), d.setdefault("s", L.ones(1)), d.pop("e")
    )
    note(d.popitem()[0], list(d.copy()), list(d | {"q": L.ones(1)}), [*d.items()][:1])
    del d["b"]
    note(d, list(d.fromkeys(["k", "l"], 3.0).items()))
    note.error(lambda: d["no"])
    note.error(lambda: d(1))
    note.error(lambda: nn.ParameterDict({1: L.ones(1)}))
    note.error(lambda: nn.ParameterDict({"a.b": L.ones(1)}))
    note.error(lambda: nn.ParameterDict({"keys": L.ones(1)}))
    d.clear()
    note(d)


# --- hooks ----------------------------------------------------------------------------------------


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


# --- states ---------------------------------------------------------------------------------------


@script
def state_round_trip(L, nn, note):
    net, other = network(L, nn), network(L, nn)
    note(repr(other.load_state_dict(net.state_dict())), plain(other.state_dict()))
    note({k: v.requires_grad for k, v in net.state_dict().items()})
    note({k: v.requires_grad for k, v in net.state_dict(keep_vars=True).items()})
    note(net.state_dict()._metadata, net.state_dict()["scale"].data_ptr() == net.scale.data_ptr())
    into = {}
    note(net.state_dict(destination=into) is into, list(into))
    held = other.first.weight
    state = copy.deepcopy(net.state_dict())
    state["first.weight"] = L.ones(3, 2)
    other.load_state_dict(state, assign=True)
    new = other.first.weight
    note(new is held, new.requires_grad, type(new).__name__)
    note(other.first.weight.data_ptr() == state["first.weight"].data_ptr())
    result = other.load_state_dict({"first.weight": L.zeros(3, 2), "odd": L.ones(1)}, strict=False)
    note(repr(result), result.missing_keys, result.unexpected_keys, other.first.weight)
    m = nn.Module()
    m.register_buffer("n", L.tensor(0.0))
    m.load_state_dict({"n": L.tensor([4.0])})
    note(m.n)
    m.load_state_dict({"n": L.tensor(5, dtype=L.int64)})
    note(m.n)


@script
def state_errors(L, nn, note):
    def load(state, **options):
        nn.Sequential(nn.Linear(2, 2), nn.ReLU()).load_state_dict(state, **options)

    good = nn.Sequential(nn.Linear(2, 2), nn.ReLU()).state_dict()
    note.error(lambda: load(3))
    note.error(lambda: load({}))
    note.error(lambda: load({}, strict=False))
    note.error(lambda: load({**good, "0.weight": L.ones(3, 2)}, strict=False))
    note.error(lambda: load({**good, "0.weight": 3}))
    note.error(lambda: load({**good, "more": L.ones(1)}))
    note.error(lambda: load({**good, "0.more": L.ones(1)}))
    note.error(lambda: load({**good, "7.more": L.ones(1)}, strict=False))


@script
def state_hooks(L, nn, note):
    net, order = network(L, nn), []
    net.register_state_dict_pre_hook(lambda m, prefix, keep: order.append(("pre", prefix, keep)))
    net.register_state_dict_post_hook(lambda m, s, p, meta: s.update(added=L.ones(1)))
    net.first.register_state_dict_post_hook(lambda m, s, p, meta: order.append((p, dict(meta))))
    note(list(net.state_dict()), order)
    order.clear()
    net.register_load_state_dict_pre_hook(
        lambda m, s, *rest: s.pop("added") is None or order.append(len(rest))
    )
    net.first.register_load_state_dict_post_hook(
        lambda m, keys: order.append((list(keys.missing_keys), plain(m.weight)))
    )
    note(net.load_state_dict(net.state_dict()), order)
    net._register_load_state_dict_pre_hook(lambda s, *rest: order.append(("private", len(rest))))
    net.register_load_state_dict_post_hook(lambda m, keys: keys.unexpected_keys.clear())
    note(repr(net.load_state_dict({**net.state_dict(), "odd": 3})))
    m = nn.Linear(1, 1)
    m._register_state_dict_hook(lambda m, s, p, meta: {"instead": 1})
    note(m.state_dict())
    m = nn.Linear(1, 1)
    m.register_state_dict_post_hook(lambda m, s, p, meta: 3)
    note.error(m.state_dict)
    m = nn.Linear(1, 1)
    m.register_load_state_dict_post_hook(lambda m, keys: 3)
    note.error(lambda: m.load_state_dict(nn.Linear(1, 1).state_dict()))


@script
def extra_state_and_versions(L, nn, note):
    class Counting(nn.Module):
        _version = 2

        def __init__(self):
            super().__init__()
            self.count = 0
            self.weight = nn.Parameter(L.ones(1))

        def get_extra_state(self):
            return {"count": self.count}

        def set_extra_state(self, state):
            self.count = state["count"]

        def _load_from_state_dict(self, state, prefix, metadata, *rest):
            note(prefix, metadata)
            if metadata.get("version", 1) < 2:
                state[prefix + "weight"] = state.pop(prefix + "older")
            super()._load_from_state_dict(state, prefix, metadata, *rest)

    net = nn.Sequential(Counting(), nn.ReLU())
    net[0].count = 5
    state = net.state_dict()
    note(list(state), state._metadata, state["0._extra_state"])
    other = nn.Sequential(Counting(), nn.ReLU())
    note(repr(other.load_state_dict(state)), other[0].count)
    older = {"0.older": L.zeros(1), "0._extra_state": {"count": 1}}
    note(repr(other.load_state_dict(older)), other[0].count, other[0].weight)
    note.error(lambda: other.load_state_dict({"0.weight": L.zeros(1), "0.older": L.ones(1)}))
    note.error(lambda: nn.Linear(1, 1).get_extra_state())
    note.error(lambda: nn.Linear(1, 1).set_extra_state(3))
    bare = nn.Linear(1, 1)
    note.error(lambda: bare.load_state_dict({**bare.state_dict(), "_extra_state": 1}))


@script
def lazy_linear(L, nn, note):
    m = nn.Sequential(nn.LazyLinear(3), nn.ReLU(), nn.LazyLinear(2, bias=False))
    note(m, m[0].has_uninitialized_params(), isinstance(m[0], nn.Linear))
    L.manual_seed(4)
    note(m(L.ones(5, 4)), m, type(m[0]).__name__, m.state_dict())
    other = nn.LazyLinear(3)
    note(repr(other.load_state_dict(m[0].state_dict())), other(L.ones(4)), other)


@script
def subclasses(L, nn, note):
    class Wrapper(nn.Module):
        def __init__(self, inner):
            super().__init__()
            self.inner = inner

        def __getattr__(self, name):
            try:
                return super().__getattr__(name)
            except AttributeError:
                return getattr(super().__getattr__("inner"), name)

    w = Wrapper(nn.Linear(2, 3))
    note(w.in_features, w.weight.shape[0], hasattr(w, "missing"), w.inner)

    class Base:
        def __init__(self, label):
            self.label = label

    class Both(nn.Module, Base):
        call_super_init = True

    note(Both("x").label)

    class Older(nn.Module):
        def register_buffer(self, name, tensor):
            super().register_buffer(name, tensor)

    m = Older()
    m.b = nn.Buffer(L.ones(1))
    note(list(m._buffers))

    class Shown(nn.Module):
        def __init__(self):
            super().__init__()
            self.a = nn.Sequential(nn.ReLU())

        def extra_repr(self):
            return "one\ntwo"

    note(Shown())
    m = nn.Linear(1, 1)
    m._parameters["weight"] = nn.Parameter(L.zeros(1, 1))
    note(m.weight, list(m.state_dict()))
    m.register_parameter("extra", nn.Parameter(L.ones(1)))
    del m._parameters["extra"]
    note(hasattr(m, "extra"), list(m.state_dict()))
    m._buffers["late"] = L.ones(1)
    note(m.late, list(m.buffers()))
    m._modules["child"] = nn.ReLU()
    note(m.child, m)
    m._parameters = OrderedDict(a=nn.Parameter(L.ones(1)))
    note(m.a, hasattr(m, "weight"), dict(m._parameters), "a" in m._parameters, len(m._parameters))


# --- the test -------------------------------------------------------------------------------------


@pytest.mark.parametrize("function", SCRIPTS, ids=lambda f: f.__name__)
def test_both_see_the_same(function):
    seen = []
    for library in (fb, torch):
        notes = Notes()
        library.manual_seed(0)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            function(library, library.nn, notes)
        seen.append([*notes, [w.category.__name__ for w in caught]])
    assert len(seen[0]) == len(seen[1])
    for ours, theirs in zip(*seen):
        assert same(ours, theirs), (ours, theirs)
