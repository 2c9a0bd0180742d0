"""Files live between PyTorch and flambeau, in both directions."""

import io
from collections import Counter, OrderedDict

import numpy as np
import pytest
from hypothesis import given, settings

torch = pytest.importorskip("torch")

import flambeau as fb  # noqa: E402 - needs torch
from tests.checkpoint.large_archives import STATE, large_archive  # noqa: E402 - needs torch
from tests.checkpoint.values import objects  # noqa: E402 - needs torch

pytestmark = pytest.mark.peers


def as_torch(value):
    """The same object in PyTorch's terms; tensors that share memory share it there too."""
    return _converted(value, {})


def _converted(value, memo):
    if isinstance(value, fb.Tensor):
        array = value._array
        owner = array
        while isinstance(owner.base, np.ndarray):
            owner = owner.base
        if id(owner) not in memo:
            raw = np.frombuffer(owner.tobytes("A"), np.uint8).copy()
            memo[id(owner)] = torch.from_numpy(raw), owner
        raw, _ = memo[id(owner)]
        dtype = getattr(torch, value.dtype.name)
        kind = raw[: raw.numel() // value.itemsize * value.itemsize].view(dtype)
        x = torch.as_strided(kind, value.shape, value.stride(), value.storage_offset())
        if isinstance(value, fb.nn.Parameter):
            return torch.nn.Parameter(x, value.requires_grad)
        return x.requires_grad_() if value.requires_grad else x
    if isinstance(value, fb.Size):
        return torch.Size(value)
    if type(value) is type(fb.float32):
        return getattr(torch, value.name)
    if isinstance(value, (Counter, set)):
        return value
    if isinstance(value, dict):
        return type(value)((_converted(k, memo), _converted(v, memo)) for k, v in value.items())
    if type(value) in (list, tuple):
        return type(value)(_converted(v, memo) for v in value)
    return value


def raw(x) -> bytes:
    if isinstance(x, fb.Tensor):
        return np.ascontiguousarray(x._array).tobytes()
    x = x.detach().resolve_conj().resolve_neg().contiguous()
    return x.reshape(-1).view(torch.uint8).numpy().tobytes() if x.numel() else b""


def assert_alike(ours, theirs, path="x"):
    if isinstance(ours, fb.Tensor):
        assert isinstance(theirs, torch.Tensor), path
        assert isinstance(theirs, torch.nn.Parameter) == isinstance(ours, fb.nn.Parameter), path
        assert repr(ours.dtype) == repr(theirs.dtype), path
        assert tuple(ours.shape) == tuple(theirs.shape), path
        assert ours.numel() == 0 or ours.stride() == theirs.stride(), path
        assert ours.requires_grad == theirs.requires_grad, path
        assert raw(ours) == raw(theirs), path
    elif isinstance(ours, dict):
        assert type(ours) is type(theirs), path
        for (key, a), (other, b) in zip(ours.items(), theirs.items(), strict=True):
            assert repr(key) == repr(other), path
            assert_alike(a, b, f"{path}[{key!r}]")
    elif type(ours) in (list, tuple):
        for index, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            assert_alike(a, b, f"{path}[{index}]")
    elif isinstance(ours, set):
        assert {repr(v) for v in ours} == {repr(v) for v in theirs}, path
    else:
        assert repr(ours) == repr(theirs), path


@settings(max_examples=200)
@given(objects)
def test_pytorch_reads_what_we_write(value):
    file = io.BytesIO()
    fb.save(value, file)
    file.seek(0)
    assert_alike(value, torch.load(file, weights_only=True))


@settings(max_examples=200)
@given(objects)
def test_we_read_what_pytorch_writes(value):
    theirs = as_torch(value)
    assert_alike(value, theirs)
    file = io.BytesIO()
    torch.save(theirs, file)
    assert_alike(fb.load(file), theirs)


def test_shared_memory_in_both_directions():
    x = torch.arange(12.0).view(3, 4)
    file = io.BytesIO()
    torch.save([x, x.t(), x[1:, ::2], torch.nn.Parameter(x[0])], file)
    ours = fb.load(file)
    ours[0].fill_(7)
    assert all((part == 7).all() for part in ours)
    back = io.BytesIO()
    fb.save(ours, back)
    back.seek(0)
    theirs = torch.load(back, weights_only=True)
    theirs[0].fill_(5)
    assert all((part == 5).all() for part in theirs)


def test_views_of_other_types_reach_pytorch():
    x = fb.zeros(4)
    file = io.BytesIO()
    fb.save([x, x.view(fb.int32), x.view(fb.uint16)], file)
    file.seek(0)
    theirs = torch.load(file, weights_only=True)
    theirs[0][1] = 1.0
    assert theirs[1].tolist() == [0, 0x3F800000, 0, 0]
    assert theirs[2].tolist()[2:4] == [0, 0x3F80]


@pytest.mark.parametrize("mapped", [False, True])
def test_files_on_disk(tmp_path, mapped):
    path = tmp_path / "model.pt"
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    torch.save(model.state_dict(), path)
    ours = fb.load(path, mmap=mapped)
    assert_alike(ours, model.state_dict())
    assert ours._metadata == model.state_dict()._metadata
    fb.save(ours, path)
    theirs = torch.load(path, weights_only=True, mmap=mapped)
    assert type(theirs) is OrderedDict
    assert theirs._metadata == model.state_dict()._metadata
    model.load_state_dict(theirs)


@pytest.mark.parametrize("mapped", [False, True])
def test_pytorch_reads_large_files(tmp_path, monkeypatch, mapped):
    path = tmp_path / "large.pt"
    path.write_bytes(large_archive(monkeypatch))
    assert_alike(STATE, torch.load(path, weights_only=True, mmap=mapped))


def test_pytorch_reads_notes():
    x, p = fb.ones(2), fb.nn.Parameter(fb.ones(2))
    x.note, p.note = "mine", [1, fb.zeros(1)]
    file = io.BytesIO()
    fb.save([x, p, fb.nn.Buffer(fb.ones(1))], file)
    file.seek(0)
    theirs = torch.load(file, weights_only=True)
    assert theirs[0].note == "mine"
    assert_alike(p.note, theirs[1].note)


def optimizers(lib):
    """The optimizers that both have, with options that fill their state."""
    names = [n for n in dir(lib.optim) if n[0].isupper()]
    return {n: getattr(lib.optim, n) for n in names if n not in ("Optimizer", "LBFGS")}


COMMON = sorted(set(optimizers(torch)) & set(optimizers(fb)))
OPTIONS = {"SGD": {"momentum": 0.9, "lr": 0.1}, "RMSprop": {"momentum": 0.9, "centered": True}}


def stepped(lib, name):
    x = lib.nn.Parameter(lib.arange(6.0).view(2, 3))
    optimizer = optimizers(lib)[name]([x], **OPTIONS.get(name, {}))
    for _ in range(2):
        x.grad = lib.ones(2, 3)
        optimizer.step()
    return x, optimizer


@pytest.mark.parametrize("name", [n for n in COMMON if n not in ("LBFGS", "SparseAdam", "Muon")])
def test_states_of_optimizers(name):
    x, theirs = stepped(torch, name)
    file = io.BytesIO()
    torch.save(theirs.state_dict(), file)
    found = fb.load(file)
    assert_alike(found, theirs.state_dict())
    y, ours = stepped(fb, name)
    ours.load_state_dict(found)
    back = io.BytesIO()
    fb.save(ours.state_dict(), back)
    back.seek(0)
    theirs.load_state_dict(torch.load(back, weights_only=True))
    with fb.no_grad():
        y.copy_(fb.tensor(x.tolist()))
    x.grad, y.grad = torch.ones(2, 3), fb.ones(2, 3)
    theirs.step()
    ours.step()
    np.testing.assert_allclose(y.detach().numpy(), x.detach().numpy(), rtol=1e-6)


def stepped_otherwise(name):
    """An optimizer of PyTorch's that takes a closure, or gradients of another kind."""
    x = torch.nn.Parameter(torch.arange(6.0).view(2, 3))
    optimizer = getattr(torch.optim, name)([x], lr=0.1)

    def closure():
        loss = (x - 3).pow(4).sum()
        x.grad = None
        loss.backward()
        if name == "SparseAdam":
            x.grad = x.grad.to_sparse()
        return loss

    for _ in range(2):
        optimizer.step(closure)
    return optimizer


@pytest.mark.parametrize("name", ["LBFGS", "Muon", "SparseAdam"])
def test_states_of_other_optimizers(name):
    theirs = stepped_otherwise(name)
    file = io.BytesIO()
    torch.save(theirs.state_dict(), file)
    found = fb.load(file)
    assert_alike(found, theirs.state_dict())
    ours = getattr(fb.optim, name)([fb.nn.Parameter(fb.zeros(2, 3))], lr=0.1)
    ours.load_state_dict(found)
    back = io.BytesIO()
    fb.save(ours.state_dict(), back)
    back.seek(0)
    again = torch.load(back, weights_only=True)
    for slots in found["state"].values():
        if isinstance(slots.get("step"), int):  # PyTorch counts in a tensor or in a number
            slots["step"] = fb.tensor(float(slots["step"]))
    assert_alike(found["state"], again["state"])
    theirs.load_state_dict(again)


SCHEDULERS = {
    "StepLR": (3,), "MultiStepLR": ([2, 4],), "ConstantLR": (), "LinearLR": (),
    "ExponentialLR": (0.9,), "PolynomialLR": (), "CosineAnnealingLR": (5,),
    "CosineAnnealingWarmRestarts": (3,), "ReduceLROnPlateau": (), "OneCycleLR": (0.1, 10),
    "CyclicLR": (0.1, 0.2),
}  # fmt: skip


@pytest.mark.parametrize("name", SCHEDULERS)
def test_states_of_schedulers(name):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.1, momentum=0.9)
    scheduler = getattr(torch.optim.lr_scheduler, name)(optimizer, *SCHEDULERS[name])
    state = scheduler.state_dict()
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    expected = torch.load(file, weights_only=True)
    found = fb.load(file)
    assert_alike(found, expected)
    back = io.BytesIO()
    fb.save(found, back)
    back.seek(0)
    assert_alike(found, torch.load(back, weights_only=True))


def test_safetensors_in_both_directions(tmp_path):
    from safetensors import torch as package

    path = tmp_path / "x.safetensors"
    names = [d for d in dir(fb) if type(getattr(fb, d)) is type(fb.float32)]
    dtypes = {getattr(fb, d).name for d in names} - {"complex128"}
    ours = {name: fb.tensor([[0, 1, 1]], dtype=getattr(fb, name)) for name in dtypes}
    fb.checkpoint.save_safetensors(ours, path)
    theirs = package.load_file(path)
    assert set(theirs) == set(ours)
    for name in dtypes:
        assert_alike(ours[name], theirs[name])
    package.save_file(
        {k: v * v if v.dtype.is_floating_point else v for k, v in theirs.items()}, path
    )
    again = fb.checkpoint.load_safetensors(path)
    for name in dtypes:
        assert_alike(again[name], theirs[name])
