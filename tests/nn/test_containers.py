"""Containers: Python's protocols, text, and every error's text."""

from collections import OrderedDict

import pytest

import flambeau as fb
from flambeau import nn


def test_sequential():
    s = nn.Sequential(nn.Linear(1, 2), nn.ReLU(), nn.Linear(2, 3))
    assert s(fb.ones(4, 1)).shape == (4, 3)
    assert (len(s), repr(s[1]), s[-1].out_features) == (3, "ReLU()", 3)
    assert repr(s[:2]) == (
        "Sequential(\n  (0): Linear(in_features=1, out_features=2, bias=True)\n  (1): ReLU()\n)"
    )
    named = nn.Sequential(OrderedDict(first=nn.ReLU(), second=nn.Tanh()))
    assert named.second is named[1]
    del named[0]
    assert list(named._modules) == ["0"]
    s.insert(1, nn.Tanh()).append(nn.ELU()).extend([nn.SELU()])
    assert [type(m).__name__ for m in s] == ["Linear", "Tanh", "ReLU", "Linear", "ELU", "SELU"]
    assert list(s._modules) == list("012345")
    assert repr(s.pop(1)) == "Tanh()"
    del s[1:]
    assert len(s) == 1
    s[0] = nn.GELU()
    both = s + nn.Sequential(nn.ReLU())
    assert [type(m).__name__ for m in both * 2] == ["GELU", "ReLU"] * 2
    both *= 2
    both += nn.Sequential(nn.Mish())
    assert len(both) == 5


def test_module_list():
    m = nn.ModuleList([nn.ReLU(), nn.ReLU(), nn.Linear(1, 1), nn.Tanh()])
    assert repr(m) == (
        "ModuleList(\n  (0-1): 2 x ReLU()\n"
        "  (2): Linear(in_features=1, out_features=1, bias=True)\n  (3): Tanh()\n)"
    )
    m.insert(0, nn.GELU())
    m += [nn.ELU()]
    del m[1:3]
    assert [type(x).__name__ for x in m] == ["GELU", "Linear", "Tanh", "ELU"]
    assert [type(x).__name__ for x in m[::2]] == ["GELU", "Tanh"]
    assert len(m + [nn.ReLU()]) == 5
    m[-1] = nn.SELU()
    assert repr(m.pop(-1)) == "SELU()"
    assert [n for n, _ in m.named_parameters()] == ["1.weight", "1.bias"]


def test_repeated_blocks_are_printed_once():
    m = nn.ModuleList([nn.Sequential(nn.ReLU()) for _ in range(2)])
    assert repr(m) == "ModuleList(\n  (0-1): 2 x Sequential(\n    (0): ReLU()\n  )\n)"


def test_module_dict():
    m = nn.ModuleDict({"b": nn.ReLU(), "a": nn.Tanh()})
    assert (list(m), "a" in m, len(m)) == (["b", "a"], True, 2)
    m["c"] = nn.ELU()
    m.update([("d", nn.GELU())])
    assert [name for name, _ in m.items()] == ["b", "a", "c", "d"]
    assert repr(m.pop("a")) == "Tanh()"
    del m["b"]
    assert repr(m) == "ModuleDict(\n  (c): ELU(alpha=1.0)\n  (d): GELU(approximate='none')\n)"
    m.clear()
    assert repr(m) == "ModuleDict()"


def test_parameter_list():
    p = nn.ParameterList([fb.zeros(2, 3), "text"])
    p.append(fb.ones(1))
    assert isinstance(p[0], nn.Parameter)
    assert repr(p) == (
        "ParameterList(\n"
        "    (0): Parameter containing: [torch.float32 of size 2x3]\n"
        "    (1): Object of type: str\n"
        "    (2): Parameter containing: [torch.float32 of size 1]\n)"
    )
    assert [n for n, _ in p.named_parameters()] == ["0", "2"]
    p[-1] = fb.zeros(5)
    assert p[2].shape == (5,)
    assert len(p[1:]) == 2


def test_parameter_dict():
    p = nn.ParameterDict({"b": fb.ones(1), "a": 3})
    assert list(p) == ["a", "b"]  # plain dictionaries are sorted, as in PyTorch
    p["c"] = fb.zeros(2, 2)
    assert repr(p) == (
        "ParameterDict(\n    (a): Object of type: int\n"
        "    (b): Parameter containing: [torch.FloatTensor of size 1]\n"
        "    (c): Parameter containing: [torch.FloatTensor of size 2x2]\n)"
    )
    assert list((p | {"z": fb.ones(1)}).named_parameters())[-1][0] == "z"
    assert p.setdefault("a", 5) == 3
    assert p.get("no") is None
    assert p.pop("a") == 3
    key, value = p.popitem()
    assert (key, value.shape) == ("c", (2, 2))
    assert list(p.fromkeys(["k"], 1).items()) == [("k", 1)]
    p.clear()
    assert len(p) == 0


def assign(container, index):
    container[index] = nn.ReLU()


def relus(count):
    return nn.Sequential(*[nn.ReLU() for _ in range(count)])


ERRORS = {
    "index": (
        lambda: relus(2)[2],
        IndexError,
        "Sequential: index out of range\n  expected: an index from -2 to 1\n  got:      2",
    ),
    "assigned index": (
        lambda: assign(nn.ModuleList([nn.ReLU()]), -2),
        IndexError,
        "ModuleList: index out of range\n  expected: an index from -1 to 0\n  got:      -2",
    ),
    "insert": (
        lambda: relus(1).insert(0, 3),
        AssertionError,
        "Sequential.insert: not a module\n  expected: a flambeau.nn.Module\n  got:      int",
    ),
    "insert far": (
        lambda: relus(1).insert(9, nn.ReLU()),
        IndexError,
        "Sequential.insert: index out of range\n  expected: an index from -1 to 1\n  got:      9",
    ),
    "add": (
        lambda: relus(1) + 3,
        ValueError,
        (
            "Sequential +: the other operand is not a Sequential\n  expected: a Sequential\n"
            "  got:      int\n  help:     use append() or extend()"
        ),
    ),
    "times": (
        lambda: relus(1) * 0,
        ValueError,
        "Sequential *: not a positive number\n  expected: >= 1\n  got:      0",
    ),
    "times text": (
        lambda: relus(1) * "a",
        TypeError,
        "Sequential *: not a number\n  expected: an int\n  got:      str",
    ),
    "extend": (
        lambda: nn.ModuleList().extend(3),
        TypeError,
        "ModuleList.extend: not a collection of modules\n  expected: an iterable\n  got:      int",
    ),
    "no module": (
        lambda: nn.Sequential(3),
        TypeError,
        (
            "add_module: '0' is not a module\n  expected: a flambeau.nn.Module or None\n"
            "  got:      int"
        ),
    ),
    "not pairs": (
        lambda: nn.ModuleDict([3]),
        TypeError,
        "ModuleDict.update: element 0 is not a pair\n  expected: (name, value)\n  got:      int",
    ),
    "no pair": (
        lambda: nn.ModuleDict([("a", 1, 2)]),
        ValueError,
        "ModuleDict.update: element 0 is not a pair\n  expected: 2 values\n  got:      3 values",
    ),
    "no mapping": (
        lambda: nn.ParameterDict(3),
        TypeError,
        (
            "ParameterDict.update: neither a mapping nor pairs\n"
            "  expected: a mapping, or an iterable of (name, value)\n  got:      int"
        ),
    ),
    "name of a method": (
        lambda: nn.ModuleDict({"keys": nn.ReLU()}),
        KeyError,
        (
            "add_module: attribute 'keys' already exists\n  expected: a name that is not in use\n"
            "  got:      'keys'\n  help:     delete the attribute first, or choose another name"
        ),
    ),
    "list of parameters": (
        lambda: nn.ParameterList(fb.ones(2)),
        TypeError,
        (
            "ParameterList.extend: not a collection\n  expected: an iterable of parameters\n"
            "  got:      Tensor"
        ),
    ),
    "index of parameters": (
        lambda: nn.ParameterList()[0],
        IndexError,
        "ParameterList: index out of range\n  expected: an index from 0 to -1\n  got:      0",
    ),
    "key of parameters": (
        lambda: nn.ParameterDict({1: fb.ones(1)}),
        TypeError,
        "ParameterDict: the name is not a string\n  expected: a string\n  got:      int",
    ),
    "call": (
        lambda: nn.ParameterList()(1),
        RuntimeError,
        (
            "ParameterList: it holds parameters and cannot be called\n"
            "  expected: a module with a forward()\n  got:      ParameterList"
        ),
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name):
    call, kind, text = ERRORS[name]
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value) == text
