"""States: saving, loading, and what happens when something does not fit."""

from collections import OrderedDict

import pytest

import flambeau as fb
from flambeau import nn


def model():
    return nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))


def values(module):
    return {name: tensor.tolist() for name, tensor in module.state_dict().items()}


def test_round_trip():
    source, target = model(), model()
    result = target.load_state_dict(source.state_dict())
    assert repr(result) == "<All keys matched successfully>"
    assert values(source) == values(target)


def test_states_share_memory_and_leave_the_graph():
    net = model()
    state = net.state_dict()
    assert isinstance(state, OrderedDict)
    assert not any(t.requires_grad for t in state.values())
    state["0.weight"].fill_(4)
    assert (net[0].weight == 4).all()
    assert net.state_dict(keep_vars=True)["0.weight"] is net[0].weight
    into = {"present": 1}
    assert net[0].state_dict(destination=into, prefix="p.") is into
    assert list(into) == ["present", "p.weight", "p.bias"]
    assert net.state_dict(into, "q.")["q.2.bias"] is not None


def test_loading_copies_and_assigning_does_not():
    net, state = model(), model().state_dict()
    weight = net[0].weight
    net.load_state_dict(state)
    assert net[0].weight is weight
    state["0.weight"].fill_(9)
    assert not (weight == 9).any()
    net.load_state_dict(state, assign=True)
    assert net[0].weight is not weight
    assert isinstance(net[0].weight, nn.Parameter)
    assert net[0].weight.requires_grad
    assert (net[0].weight == 9).all()


def test_other_types_are_converted():
    net = nn.Linear(1, 1)
    net.load_state_dict({"weight": fb.ones(1, 1, dtype=fb.float64), "bias": fb.tensor([2])})
    assert (net.weight.dtype, net.bias.item()) == (fb.float32, 2.0)


def test_not_strict():
    net = model()
    result = net.load_state_dict({"0.bias": fb.zeros(3), "odd": 1}, strict=False)
    assert result.missing_keys == ["0.weight", "2.weight", "2.bias"]
    assert result.unexpected_keys == ["odd"]
    assert net[0].bias.tolist() == [0, 0, 0]
    assert repr(result) == (
        "_IncompatibleKeys(missing_keys=['0.weight', '2.weight', '2.bias'], "
        "unexpected_keys=['odd'])"
    )


def spoilt(**changes):
    state = {name: fb.full_like(t, 7.0) for name, t in model().state_dict().items()}
    for name, value in changes.items():
        name = name.replace("_", ".")
        if value is None:
            del state[name]
        else:
            state[name] = value
    return state


HEAD = (
    "load_state_dict: Error(s) in loading state_dict for Sequential\n"
    "  expected: the names and shapes of the module's own state_dict()\n"
)
KEYS = "  help:     nothing was changed; strict=False passes over missing and unexpected keys"
SIZES = "  help:     nothing was changed; build the module with the sizes of the saved one"

ERRORS = {
    "missing": (
        spoilt(**{"2.bias": None, "0.bias": None}),
        '  got:      Missing key(s) in state_dict: "0.bias", "2.bias".\n' + KEYS,
    ),
    "unexpected": (
        spoilt(**{"2.more": fb.ones(1), "9.more": fb.ones(1), "more": fb.ones(1)}),
        '  got:      Unexpected key(s) in state_dict: "9.more", "more", "2.more".\n' + KEYS,
    ),
    "size": (
        spoilt(**{"2.weight": fb.ones(1, 4), "0.bias": fb.ones(2)}),
        "  got:      size mismatch for 0.bias: torch.Size([2]) in the checkpoint, "
        "torch.Size([3]) in the module.\n"
        "            size mismatch for 2.weight: torch.Size([1, 4]) in the checkpoint, "
        "torch.Size([1, 3]) in the module.\n" + SIZES,
    ),
    "all": (
        spoilt(**{"2.weight": fb.ones(1, 4), "0.bias": None, "x": fb.ones(1)}),
        '  got:      Missing key(s) in state_dict: "0.bias".\n'
        '            Unexpected key(s) in state_dict: "x".\n'
        "            size mismatch for 2.weight: torch.Size([1, 4]) in the checkpoint, "
        "torch.Size([1, 3]) in the module.\n" + SIZES,
    ),
    "no tensor": (
        spoilt(**{"2.weight": 3}),
        "  got:      2.weight: expected a tensor, the checkpoint has int\n" + SIZES,
    ),
}


@pytest.mark.parametrize("name", ERRORS)
@pytest.mark.parametrize("assign", [True, False])
@pytest.mark.parametrize("own_code", [True, False])
def test_a_failed_load_changes_nothing(name, assign, own_code):
    state, text = ERRORS[name]
    net = model()
    if own_code:  # values are then loaded at once, and taken back
        net[0].register_load_state_dict_post_hook(lambda module, keys: None)
    before, held = values(net), list(net.parameters())
    with pytest.raises(RuntimeError) as caught:
        net.load_state_dict(state, assign=assign)
    assert str(caught.value) == HEAD + text
    assert values(net) == before
    assert all(a is b for a, b in zip(held, net.parameters(), strict=True))


def test_sizes_must_fit_even_if_not_strict():
    with pytest.raises(RuntimeError, match=r"size mismatch for 0\.bias"):
        model().load_state_dict({"0.bias": fb.ones(2)}, strict=False)


def test_not_a_mapping():
    with pytest.raises(TypeError) as caught:
        model().load_state_dict([1])
    assert str(caught.value) == (
        "load_state_dict: not a mapping\n  expected: a dictionary from names to tensors\n"
        "  got:      list"
    )


def test_hooks_see_what_was_loaded_so_far():
    net, seen = model(), []
    net[0].register_load_state_dict_post_hook(
        lambda module, keys: seen.append((module.bias.tolist(), keys.missing_keys))
    )
    net.load_state_dict({**model().state_dict(), "0.bias": fb.full((3,), 5.0)})
    assert seen == [([5.0, 5.0, 5.0], [])]


def test_hooks_may_rename_and_forgive():
    net = nn.Linear(1, 1, bias=False)

    def rename(module, state, prefix, *rest):
        state[prefix + "weight"] = state.pop(prefix + "kernel")

    net.register_load_state_dict_pre_hook(rename)
    net.register_load_state_dict_post_hook(lambda module, keys: keys.unexpected_keys.clear())
    net.load_state_dict({"kernel": fb.full((1, 1), 3.0), "odd": 1})
    assert net.weight.item() == 3.0


def test_saving_hooks():
    net, order = model(), []
    net.register_state_dict_pre_hook(lambda module, prefix, keep: order.append("before"))
    handle = net[0].register_state_dict_post_hook(
        lambda module, state, prefix, metadata: state.update({prefix + "new": 1})
    )
    assert "0.new" in net.state_dict()
    assert order == ["before"]
    handle.remove()
    assert "0.new" not in net.state_dict()
    net._register_state_dict_hook(lambda module, state, prefix, metadata: {"other": 1})
    assert net.state_dict() == {"other": 1}
    net.register_state_dict_post_hook(lambda *given: 3)
    with pytest.raises(RuntimeError) as caught:
        net.state_dict()
    assert str(caught.value) == (
        "state_dict: a post-hook returned something\n"
        "  expected: None; change the dictionary in place\n  got:      int"
    )


class Counting(nn.Module):
    _version = 2

    def __init__(self):
        super().__init__()
        self.count = 0
        self.weight = nn.Parameter(fb.ones(1))

    def get_extra_state(self):
        return {"count": self.count}

    def set_extra_state(self, state):
        self.count = state["count"]

    def _load_from_state_dict(self, state, prefix, metadata, *rest):
        if metadata.get("version", 1) < 2:
            state[prefix + "weight"] = state.pop(prefix + "older")
        super()._load_from_state_dict(state, prefix, metadata, *rest)


def test_extra_state_and_versions():
    net = nn.Sequential(Counting())
    net[0].count = 5
    state = net.state_dict()
    assert list(state) == ["0.weight", "0._extra_state"]
    assert state._metadata == {"": {"version": 1}, "0": {"version": 2}}
    other = nn.Sequential(Counting())
    other.load_state_dict(state)
    assert other[0].count == 5
    other.load_state_dict({"0.older": fb.zeros(1), "0._extra_state": {"count": 2}})
    assert (other[0].count, other[0].weight.item()) == (2, 0.0)
    with pytest.raises(RuntimeError, match=r'Missing key\(s\) in state_dict: "0._extra_state"'):
        other.load_state_dict({"0.older": fb.full((1,), 8.0)})
    assert (other[0].count, other[0].weight.item()) == (2, 0.0)


def test_extra_state_that_is_not_defined():
    with pytest.raises(RuntimeError) as caught:
        nn.ReLU().get_extra_state()
    assert str(caught.value) == (
        "get_extra_state: ReLU does not define it\n"
        "  expected: a class with both get_extra_state and set_extra_state\n"
        "  got:      ReLU without get_extra_state"
    )


def test_buffers_that_do_not_persist():
    net = nn.Module()
    net.register_buffer("kept", fb.zeros(1))
    net.register_buffer("passing", fb.zeros(1), persistent=False)
    net.register_buffer("none", None)
    assert list(net.state_dict()) == ["kept"]
    net.load_state_dict({"kept": fb.ones(1)})
    assert net.kept.item() == 1.0


def test_one_element_goes_into_a_scalar():
    net = nn.Module()
    net.register_buffer("n", fb.tensor(0.0))
    net.load_state_dict({"n": fb.tensor([4.0])})
    assert net.n.item() == 4.0
    assert net.n.shape == ()
