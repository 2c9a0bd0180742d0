"""States of modules, and subclasses of them, beside PyTorch's."""

import copy
from collections import OrderedDict

import pytest

torch = pytest.importorskip("torch")

from tests.nn.side_by_side import assert_both_see_the_same, network, plain  # noqa: E402 - needs torch

pytestmark = pytest.mark.peers
SCRIPTS = []


def script(function):
    SCRIPTS.append(function)
    return function


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


@pytest.mark.parametrize("function", SCRIPTS, ids=lambda f: f.__name__)
def test_both_see_the_same(function):
    assert_both_see_the_same(function)
