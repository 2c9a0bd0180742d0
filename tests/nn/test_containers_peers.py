"""Containers beside PyTorch's."""

from collections import OrderedDict

import pytest

torch = pytest.importorskip("torch")

from tests.nn.side_by_side import assert_both_see_the_same  # noqa: E402 - needs torch

pytestmark = pytest.mark.peers
SCRIPTS = []


def script(function):
    SCRIPTS.append(function)
    return function


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


@pytest.mark.parametrize("function", SCRIPTS, ids=lambda f: f.__name__)
def test_both_see_the_same(function):
    assert_both_see_the_same(function)
