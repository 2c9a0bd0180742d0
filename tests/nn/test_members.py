"""Registration: assignment, replacement, deletion, live dictionaries, and every error's text."""

import copy
import pickle

import pytest

import flambeau as fb
from flambeau import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(fb.ones(1))
        self.first = nn.Linear(2, 3)
        self.register_buffer("mean", fb.zeros(3))
        self.register_buffer("passing", fb.zeros(2), persistent=False)
        self.again = self.first
        self.rest = nn.Sequential(nn.ReLU(), nn.Linear(3, 2, bias=False))

    def forward(self, x):
        return self.rest(self.first(x)) * self.scale


def test_names_and_their_order():
    net = Net()
    names = ["scale", "first.weight", "first.bias", "rest.1.weight"]
    assert [n for n, _ in net.named_parameters()] == names
    assert len(list(net.parameters(recurse=False))) == 1
    both = [n for n, _ in net.named_parameters("net", remove_duplicate=False)]
    assert both == [
        "net.scale", "net.first.weight", "net.first.bias", "net.again.weight", "net.again.bias",
        "net.rest.1.weight",
    ]  # fmt: skip
    assert [n for n, _ in net.named_buffers()] == ["mean", "passing"]
    assert [n for n, _ in net.named_modules()] == ["", "first", "rest", "rest.0", "rest.1"]
    assert [n for n, _ in net.named_children()] == ["first", "rest"]
    assert list(net.state_dict()) == [
        "scale", "mean", "first.weight", "first.bias", "again.weight", "again.bias",
        "rest.1.weight",
    ]  # fmt: skip


def test_text():
    assert repr(Net()) == (
        "Net(\n"
        "  (first): Linear(in_features=2, out_features=3, bias=True)\n"
        "  (again): Linear(in_features=2, out_features=3, bias=True)\n"
        "  (rest): Sequential(\n"
        "    (0): ReLU()\n"
        "    (1): Linear(in_features=3, out_features=2, bias=False)\n"
        "  )\n"
        ")"
    )
    assert repr(nn.Module()) == "Module()"


def test_a_name_belongs_to_one_kind_of_member():
    m = nn.Module()
    m.x = fb.ones(1)
    assert not m._parameters
    m.x = nn.Parameter(fb.ones(1))
    assert list(m._parameters) == ["x"]
    del m.x
    m.x = nn.Buffer(fb.ones(1), persistent=False)
    assert (list(m._buffers), m._non_persistent_buffers_set) == (["x"], {"x"})
    m.x = nn.ReLU()
    assert (list(m._buffers), list(m._modules)) == ([], ["x"])
    assert m._non_persistent_buffers_set == set()
    m.x = None
    assert list(m._modules) == ["x"]
    assert m.x is None
    assert list(m.children()) == []


def test_dictionaries_are_live():
    m = nn.Linear(2, 2)
    new = nn.Parameter(fb.zeros(2, 2))
    m._parameters["weight"] = new
    assert m.weight is new
    m.weight = other = nn.Parameter(fb.ones(2, 2))
    assert m._parameters["weight"] is other
    m._buffers.update(mean=fb.zeros(1))
    assert m.mean is m._buffers["mean"]
    del m._buffers["mean"]
    assert not hasattr(m, "mean")
    assert m._parameters.pop("bias") is not None
    assert not hasattr(m, "bias")
    assert dict(m._parameters) == {"weight": other}
    assert repr(m._modules) == "{}"
    assert type(m._parameters.copy()) is dict
    assert pickle.loads(pickle.dumps(m._modules)) == {}
    m._parameters = {"only": new}
    assert m.only is new
    assert not hasattr(m, "weight")
    with pytest.raises(KeyError):
        m._parameters["weight"]


def test_reading_a_member_finds_it_in_the_instance():
    m = nn.Linear(2, 2)
    assert "weight" in vars(m)
    assert m.__getattr__("weight") is m.weight


def test_copies_are_independent():
    net = Net()
    net.rest.append(net.first)
    for other in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert other.first is other.again
        assert other.rest[2] is other.first
        assert other.first.weight is not net.first.weight
        other.scale.data.fill_(7)
        assert net.scale.item() == 1
        other.late = nn.Parameter(fb.ones(1))
        assert "late" not in net._parameters
    shallow = copy.copy(net)
    assert shallow.first is net.first
    shallow.late = nn.ReLU()
    assert "late" not in net._modules


def test_parameters():
    x = fb.ones(2)
    p = nn.Parameter(x)
    x.mul_(3)
    assert p.tolist() == [3.0, 3.0]
    assert repr(p) == "Parameter containing:\ntensor([3., 3.], requires_grad=True)"
    assert type(p * 1) is fb.Tensor
    p.grad, p.remark = fb.ones(2), "kept by pickle"
    duplicate = copy.deepcopy(p)
    assert (type(duplicate), duplicate.grad, hasattr(duplicate, "remark")) == (
        nn.Parameter, None, False,
    )  # fmt: skip
    loaded = pickle.loads(pickle.dumps(p))
    assert (type(loaded), loaded.grad, loaded.remark) == (nn.Parameter, None, "kept by pickle")
    assert (loaded @ fb.ones(2)).item() == 6.0
    frozen = copy.deepcopy(nn.Parameter(x, requires_grad=False))
    assert not frozen.requires_grad


def test_unpickled_tensors_compute():
    net = pickle.loads(pickle.dumps(Net()))
    weight = pickle.loads(pickle.dumps(fb.ones(3, 2, dtype=fb.float16)))
    assert (net.mean @ fb.ones(3)).item() == 0
    assert (fb.ones(1, 3, dtype=fb.float16) @ weight).tolist() == [[3, 3]]
    array = pickle.loads(pickle.dumps(weight.numpy()))
    for make in (fb.from_numpy, fb.tensor, fb.as_tensor):
        assert (fb.ones(1, 3, dtype=fb.float16) @ make(array)).tolist() == [[3, 3]]
    swapped = fb.tensor(array.astype(">f2"))
    assert (fb.ones(1, 3, dtype=fb.float16) @ swapped).tolist() == [[3, 3]]


def test_buffers():
    x = fb.ones(2)
    b = nn.Buffer(x)
    assert type(b) is fb.Tensor
    assert isinstance(b, nn.Buffer)
    assert isinstance(copy.deepcopy(b), nn.Buffer)
    assert not isinstance(x, nn.Buffer)
    x.add_(1)
    assert b.tolist() == [2.0, 2.0]


def test_conversions_keep_the_parameters():
    net = Net()
    net(fb.ones(1, 2)).sum().backward()
    net.register_buffer("count", fb.tensor(3))
    held = list(net.parameters())
    assert net.to(fb.float64) is net
    assert all(a is b for a, b in zip(held, net.parameters(), strict=True))
    assert {p.dtype for p in held} | {p.grad.dtype for p in held} == {fb.float64}
    assert net.count.dtype == fb.int64
    assert net.half().scale.dtype == fb.float16
    assert net.bfloat16().scale.dtype == fb.bfloat16
    assert net.float().type(fb.float64).count.dtype == fb.float64
    assert net.to(fb.zeros(1, dtype=fb.float32)).scale.dtype == fb.float32
    assert net.cpu().to("cpu") is net


def test_shared_memory_is_seen_by_forked_processes():
    import os

    net = nn.Linear(1, 1).share_memory()
    child = os.fork()
    if child == 0:
        with fb.no_grad():
            net.weight.fill_(42)
        os._exit(0)
    os.waitpid(child, 0)
    assert net.weight.item() == 42


def test_modes():
    net = Net().eval()
    assert not any(m.training for m in net.modules())
    net.rest.train()
    assert (net.training, net.rest[0].training) == (False, True)
    net.requires_grad_(False)
    assert not any(p.requires_grad for p in net.parameters())


def test_zero_grad():
    net = Net()
    net(fb.ones(1, 2)).sum().backward()
    gradient = net.scale.grad
    net.zero_grad(set_to_none=False)
    assert net.scale.grad is gradient
    assert gradient.item() == 0
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())


def test_multiple_inheritance_may_pass_arguments_on():
    class Labelled:
        def __init__(self, label):
            self.label = label

    class Both(nn.Module, Labelled):
        call_super_init = True

    assert Both("x").label == "x"


def test_own_getattr_of_a_subclass():
    class Wrapper(nn.Module):
        def __init__(self, inner):
            super().__init__()
            self.inner = inner

        def __getattr__(self, name):
            try:
                return super().__getattr__(name)
            except AttributeError:
                return getattr(super().__getattr__("inner"), name)

    assert Wrapper(nn.Linear(2, 3)).out_features == 3


def test_dir():
    names = dir(Net())
    assert {"scale", "first", "mean", "forward"} <= set(names)
    assert not any(name[0].isdigit() for name in dir(nn.Sequential(nn.ReLU())))


def parameter_with_history():
    p = nn.Parameter(fb.ones(1))
    p._node = (p * 2)._node
    return p


def before_init(act):
    class Early(nn.Module):
        def __init__(self):
            act(self)

    return Early


ERRORS = {
    "tensor as parameter": (
        lambda: setattr(nn.Linear(1, 1), "weight", fb.ones(1)),
        TypeError,
        (
            "Linear: cannot assign this as parameter 'weight'\n"
            "  expected: a flambeau.nn.Parameter or None\n"
            "  got:      flambeau.tensor.tensor.Tensor\n"
            "  help:     delete the parameter first to give its name to something else"
        ),
    ),
    "number as module": (
        lambda: setattr(Net(), "first", 3),
        TypeError,
        (
            "Net: cannot assign this as child module 'first'\n"
            "  expected: a flambeau.nn.Module or None\n"
            "  got:      builtins.int\n"
            "  help:     delete the child module first to give its name to something else"
        ),
    ),
    "number as buffer": (
        lambda: setattr(Net(), "mean", 3),
        TypeError,
        (
            "Net: cannot assign this as buffer 'mean'\n"
            "  expected: a flambeau.Tensor or None\n"
            "  got:      builtins.int\n"
            "  help:     delete the buffer first to give its name to something else"
        ),
    ),
    "parameter too early": (
        before_init(lambda m: setattr(m, "x", nn.Parameter(fb.ones(1)))),
        AttributeError,
        (
            "Module: cannot assign parameters before Module.__init__() call\n"
            "  expected: super().__init__() first\n  got:      an assignment before it"
        ),
    ),
    "module too early": (
        before_init(lambda m: m.add_module("x", None)),
        AttributeError,
        (
            "Module: cannot assign modules before Module.__init__() call\n"
            "  expected: super().__init__() first\n  got:      an assignment before it"
        ),
    ),
    "missing attribute": (
        lambda: nn.Module().missing,
        AttributeError,
        "'Module' object has no attribute 'missing'",
    ),
    "name in use": (
        lambda: nn.Module().register_parameter("forward", None),
        KeyError,
        (
            "register_parameter: attribute 'forward' already exists\n"
            "  expected: a name that is not in use\n  got:      'forward'\n"
            "  help:     delete the attribute first, or choose another name"
        ),
    ),
    "dot": (
        lambda: nn.Module().add_module("a.b", None),
        KeyError,
        "add_module: the name has a dot\n  expected: an attribute name\n  got:      'a.b'",
    ),
    "empty name": (
        lambda: nn.Module().register_buffer("", None),
        KeyError,
        "register_buffer: the name is empty\n  expected: an attribute name\n  got:      ''",
    ),
    "no name": (
        lambda: nn.Module().register_buffer(3, None),
        TypeError,
        "register_buffer: the name is not a string\n  expected: a string\n  got:      int",
    ),
    "no parameter": (
        lambda: nn.Module().register_parameter("x", fb.ones(1)),
        TypeError,
        (
            "register_parameter: 'x' is not a parameter\n"
            "  expected: a flambeau.nn.Parameter or None\n  got:      Tensor\n"
            "  help:     wrap the tensor: flambeau.nn.Parameter(tensor)"
        ),
    ),
    "history": (
        lambda: nn.Module().register_parameter("x", parameter_with_history()),
        ValueError,
        (
            "register_parameter: 'x' is not a leaf of the graph\n"
            "  expected: a parameter that no recorded operation made\n"
            "  got:      the output of MulBackward0\n"
            "  help:     compute such a tensor from its parameters in forward()"
        ),
    ),
    "no buffer": (
        lambda: nn.Module().register_buffer("x", 3),
        TypeError,
        "register_buffer: 'x' is not a tensor\n  expected: a tensor or None\n  got:      int",
    ),
    "no module": (
        lambda: nn.Module().add_module("x", 3),
        TypeError,
        (
            "add_module: 'x' is not a module\n"
            "  expected: a flambeau.nn.Module or None\n  got:      int"
        ),
    ),
    "arguments": (
        lambda: nn.Module(3, x=4),
        TypeError,
        (
            "Module: Module.__init__() takes no arguments\n  expected: no arguments\n"
            "  got:      1 positional and 1 by name\n"
            "  help:     set call_super_init = True on the class to pass them to the next one"
        ),
    ),
    "forward": (
        lambda: nn.Module()(1),
        NotImplementedError,
        (
            'Module [Module]: missing the required "forward" function\n'
            "  expected: a method forward(self, ...)\n  got:      none"
        ),
    ),
    "mode": (
        lambda: nn.Module().train("yes"),
        ValueError,
        "train: mode is not a bool\n  expected: True or False\n  got:      'yes'",
    ),
    "integer type": (
        lambda: nn.Module().to(fb.int64),
        TypeError,
        (
            "Module.to: parameters can only be floating-point or complex\n"
            "  expected: a floating-point or complex dtype\n  got:      torch.int64"
        ),
    ),
    "submodule": (
        lambda: Net().get_submodule("rest.7"),
        AttributeError,
        (
            "get_submodule: Sequential has no attribute '7'\n"
            "  expected: a name such as ['0', '1']\n  got:      '7'"
        ),
    ),
    "submodule of another kind": (
        lambda: Net().get_submodule("scale"),
        AttributeError,
        "get_submodule: 'scale' is not a module\n  expected: a module\n  got:      Parameter",
    ),
    "parameter of another kind": (
        lambda: Net().get_parameter("mean"),
        AttributeError,
        (
            "get_parameter: 'mean' is not a parameter\n  expected: one of ['scale']\n"
            "  got:      'mean', a Tensor"
        ),
    ),
    "buffer": (
        lambda: Net().get_buffer("rest.x"),
        AttributeError,
        (
            "get_buffer: Sequential has no attribute 'x'\n"
            "  expected: a name such as ['0', '1']\n  got:      'x'"
        ),
    ),
    "set nothing": (
        lambda: Net().set_submodule("", nn.ReLU()),
        ValueError,
        "set_submodule: the name is empty\n  expected: a dotted name\n  got:      ''",
    ),
    "set no module": (
        lambda: Net().set_submodule("rest.0", 3),
        ValueError,
        "set_submodule: not a module\n  expected: a flambeau.nn.Module\n  got:      int",
    ),
    "set over another kind": (
        lambda: Net().set_submodule("scale", nn.ReLU()),
        AttributeError,
        (
            "set_submodule: 'scale' is not a module\n  expected: a module to replace\n"
            "  got:      Parameter"
        ),
    ),
    "parameter of a list": (
        lambda: nn.Parameter([1.0]),
        TypeError,
        (
            "Parameter: data is not a tensor\n  expected: a tensor\n  got:      list\n"
            "  help:     make one with flambeau.tensor(...)"
        ),
    ),
    "shape not known": (
        lambda: nn.UninitializedParameter().shape,
        RuntimeError,
        (
            "UninitializedParameter: the shape is not known yet\n"
            "  expected: a parameter or buffer whose shape is known\n"
            "  got:      one that waits for its module's first input\n"
            "  help:     call the module on an input first"
        ),
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name):
    call, kind, text = ERRORS[name]
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value) == text


def test_a_failed_registration_changes_nothing():
    net = Net()
    before = list(net.state_dict())
    for name in ("first", "scale"):
        with pytest.raises(KeyError):
            net.register_buffer(name, fb.ones(1))
    assert list(net.state_dict()) == before


def test_lazy_linear():
    layer = nn.LazyLinear(2)
    assert repr(layer) == "LazyLinear(in_features=0, out_features=2, bias=True)"
    fb.manual_seed(0)
    layer(fb.ones(1, 3))
    assert type(layer) is nn.Linear
    fb.manual_seed(0)
    same = nn.Linear(3, 2)
    assert (layer.weight == same.weight).all()
    assert repr(layer) == repr(same)
    other = nn.LazyLinear(2)
    other.load_state_dict(same.state_dict())
    assert (other(fb.ones(3)) == same(fb.ones(3))).all()
