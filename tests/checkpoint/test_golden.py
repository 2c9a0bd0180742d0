"""Files that PyTorch wrote (tests/golden/record_checkpoints.py)."""

from collections import Counter, OrderedDict
from pathlib import Path

import numpy as np
import pytest

import flambeau as fb
from tests.checkpoint.values import assert_same

FILES = Path(__file__).parents[1] / "golden" / "checkpoints"


def golden(name, **options):
    return fb.load(FILES / f"{name}.pt", **options)


@pytest.fixture(params=[False, True], ids=["read", "mapped"])
def mapped(request):
    return request.param


def test_state_of_a_module(mapped):
    state = golden("module_state", mmap=mapped)
    assert type(state) is OrderedDict
    names = "0.weight 0.bias 1.weight 1.bias 1.running_mean 1.running_var 1.num_batches_tracked"
    assert list(state) == names.split()
    assert state["0.weight"].tolist() == [[0, 1], [2, 3], [4, 5]]
    assert state["1.bias"].tolist() == [3, 4, 5]
    assert_same(state["1.num_batches_tracked"], fb.tensor(0))
    assert state._metadata["1"] == {"version": 2}
    layer = fb.nn.Linear(2, 3)
    layer.load_state_dict({k[2:]: v for k, v in state.items() if k[0] == "0"})
    assert layer.bias.tolist() == [1, 2, 3]


def test_state_of_an_optimizer_and_a_scheduler(mapped):
    state = golden("optimizer_state", mmap=mapped)
    assert state["epoch"] == 3
    (group,) = state["optimizer"]["param_groups"]
    assert (group["lr"], group["betas"], group["params"]) == (0.5, (0.5, 0.75), [0])
    assert state["optimizer"]["state"][0]["exp_avg"].tolist() == [[0, 0.5, 1], [1.5, 2, 2.5]]
    assert state["scheduler"]["gamma"] == 0.5
    weight = fb.nn.Parameter(fb.ones(2, 3))
    optimizer = fb.optim.Adam([weight])
    optimizer.load_state_dict(state["optimizer"])
    assert optimizer.state[weight]["step"].item() == 1


@pytest.mark.parametrize("name", ["layouts", "protocol_4", "unchecked"])
def test_layouts(name, mapped):
    found = golden(name, mmap=mapped)
    x = np.arange(24, dtype="f4").reshape(2, 3, 4)
    assert found["whole"].tolist() == x.tolist()
    assert found["transposed"].tolist() == x.transpose(2, 1, 0).tolist()
    assert found["transposed"].stride() == (1, 4, 12)
    assert found["part"].tolist() == x[1, :, ::2].tolist()
    assert (found["number"].shape, found["number"].item()) == ((), 23)
    assert (found["expanded"].stride(), found["expanded"].tolist()) == ((0, 1), [[0]] * 5)
    assert found["empty"].shape == (0, 3)
    assert found["channels_last"].stride() == (16, 1, 8, 2)
    found["whole"].zero_()
    assert found["part"].tolist() == [[0, 0]] * 3
    assert found["number"].item() == 0


def test_parameters():
    found = golden("parameters")
    assert type(found["parameter"]) is type(found["frozen"]) is fb.nn.Parameter
    assert [found[k].requires_grad for k in ("parameter", "frozen", "leaf")] == [True, False, True]
    with fb.no_grad():
        found["parameter"].fill_(7)
    assert found["frozen"].tolist() == [7, 7, 7]
    assert found["noted"].note == "mine"
    assert_same(found["plain"].note, [1, fb.ones(1)])
    assert isinstance(found["buffer"], fb.nn.Buffer)


def test_containers():
    expected = {
        "numbers": [0, -1, 300, 70000, -(2**40), 2**70, 0.1, float("inf"), 1 - 2j, True, None],
        "text": ["", "ä€𝄞", b"", b"\x00\xff", bytearray(b"ab")],
        "nested": OrderedDict([("a", (1, (2, [3, {"b": set("x")}]))), (4, Counter("aab"))]),
        "names": [fb.float16, fb.Size([2, 0]), fb.device("cpu"), fb.strided],
    }
    assert_same(golden("containers"), expected)


def test_types(mapped):
    found = golden("dtypes", mmap=mapped)
    assert len(found) == 15
    for name, x in found.items():
        assert_same(x, fb.tensor([0, 1, 1], dtype=getattr(fb, name)))


def test_conjugates_and_negatives(mapped):
    found = golden("lazy_bits", mmap=mapped)
    assert found["x"].tolist() == [1 + 3j, 2 - 4j]
    assert found["conj"].tolist() == [1 - 3j, 2 + 4j]
    assert found["neg"].tolist() == [-3, 4]


REFUSED = {
    "legacy": (
        "load: the file is in the format that PyTorch wrote before version 1.6\n"
        "  expected: the zip format\n"
        "  got:      the older one\n"
        "  help:     open it with PyTorch and save it again: torch.save(torch.load(path), path)"
    ),
    "script": (
        "load: the file is a TorchScript program\n"
        "  expected: tensors and containers\n"
        "  got:      code\n"
        "  help:     torch.save(torch.jit.load(path).state_dict(), path) makes one to load"
    ),
    "module": (
        "load: the file asks for torch.nn.modules.linear.Linear\n"
        "  expected: tensors, numbers, text, and plain containers of them\n"
        "  got:      'Linear' of module 'torch.nn.modules.linear'\n"
        "  help:     where it was made, save tensors, numbers, text and plain containers only, "
        "for a model its state_dict()"
    ),
    "storage": (
        "load: the object is a bare storage\n"
        "  expected: tensors, numbers, text, and plain containers of them\n"
        "  got:      a bare storage\n"
        "  help:     where it was made, save tensors instead of their storages, and no classes"
    ),
    "sparse": (
        "load: the file asks for torch._utils._rebuild_sparse_tensor\n"
        "  expected: tensors, numbers, text, and plain containers of them\n"
        "  got:      '_rebuild_sparse_tensor' of module 'torch._utils'\n"
        "  help:     where it was made, save tensors, numbers, text and plain containers only, "
        "for a model its state_dict()"
    ),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("weights_only", [None, True, False])
def test_what_is_refused_is_named(name, weights_only):
    with pytest.raises((RuntimeError, fb.checkpoint.RefusedObjectError)) as raised:
        golden(name, weights_only=weights_only)
    assert str(raised.value) == REFUSED[name]
