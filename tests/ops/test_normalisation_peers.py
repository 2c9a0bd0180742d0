"""Normalisation beside PyTorch's: values, graphs, gradients of both orders, statistics, errors."""

from __future__ import annotations

import numpy as np
import pytest

import flambeau as fb
from tests.ops.peer_comparison import as_array, assert_same_error, compare, to_peer

torch = pytest.importorskip("torch")

pytestmark = pytest.mark.peers


def values(shape, dtype="float64", seed=0):
    array = np.random.default_rng(seed).normal(2.0, 1.5, shape)
    return fb.from_numpy(np.asarray(array)).to(getattr(fb, dtype))


CASES = {
    "batch": (lambda L, x, w, b: L.nn.functional.batch_norm(x, None, None, w, b, True), True),
    "layer": (lambda L, x, w, b: L.nn.functional.layer_norm(x, w.shape, w, b, 1e-3), False),
    "group": (lambda L, x, w, b: L.nn.functional.group_norm(x, 2, w, b), True),
    "instance": (lambda L, x, w, b: L.nn.functional.instance_norm(x, None, None, w, b), True),
    "rms": (lambda L, x, w, b: L.nn.functional.rms_norm(x, w.shape, w), False),
}
SHAPES = [(3, 4, 5), (2, 4, 3, 2), (70, 4, 30), (2, 4, 300), (3, 6, 3000)]


@pytest.mark.parametrize("shape", [*SHAPES, (5, 4)])
@pytest.mark.parametrize("name", CASES)
def test_values_and_gradients(name, shape):
    if name == "instance" and len(shape) == 2:
        return  # one value per channel is an error
    call, by_channel = CASES[name]
    count = (shape[1],) if by_channel else (shape[-1],)
    # PyTorch shows the root mean square norm in parts.
    names = name != "rms"
    order = 2 if np.prod(shape) < 1000 else 1
    inputs = (values(shape), values(count, seed=1), values(count, seed=2))
    compare(torch, call, inputs, names=names, order=order)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize(("dtype", "kind"), [
    ("float32", "float32"), ("bfloat16", "float32"), ("float16", "float32"),
    ("bfloat16", "bfloat16"),
])  # fmt: skip
@pytest.mark.filterwarnings("ignore:Mismatch dtype")
def test_types(name, dtype, kind):
    call, by_channel = CASES[name]
    count = (4,) if by_channel else (5,)
    inputs = (values((3, 4, 5), dtype), values(count, kind, 1), values(count, kind, 2))
    theirs = call(torch, *[to_peer(x, torch) for x in inputs])
    ours = call(fb, *inputs)
    assert str(ours.dtype) == str(theirs.dtype)
    tolerance = {"float32": 2e-6, "float16": 3e-3, "bfloat16": 3e-2}[dtype]
    np.testing.assert_allclose(as_array(ours), as_array(theirs), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", ["batch_norm", "instance_norm"])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
def test_running_statistics(name, training, dtype):
    results = []
    for L in (fb, torch):
        x = values((3, 4, 5), dtype)
        mean, var = (
            values((4,), "float32" if dtype != "float64" else dtype, 3),
            values((4,), seed=4),
        )
        mean, var = mean, var.abs().to(mean.dtype)
        if L is torch:
            x, mean, var = (to_peer(v, torch) for v in (x, mean, var))
        y = getattr(L.nn.functional, name)(x, mean, var, None, None, training, 0.3, 1e-2)
        results.append([y, mean, var])
    for ours, theirs in zip(*results):
        tolerance = {"float32": 1e-6, "float64": 1e-13, "bfloat16": 2e-2}[dtype]
        np.testing.assert_allclose(as_array(ours), as_array(theirs), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("momentum", [0.3, None])
@pytest.mark.parametrize("kind", ["BatchNorm1d", "InstanceNorm1d", "SyncBatchNorm"])
def test_training_then_evaluation(kind, momentum):
    results = []
    for L in (fb, torch):
        if kind == "InstanceNorm1d":
            layer = L.nn.InstanceNorm1d(4, momentum=momentum, affine=True, track_running_stats=True)
        elif kind == "SyncBatchNorm":
            layer = L.nn.SyncBatchNorm.convert_sync_batchnorm(
                L.nn.BatchNorm1d(4, momentum=momentum)
            )
        else:
            layer = L.nn.BatchNorm1d(4, momentum=momentum)
        layer = layer.double()
        seen = []
        for step in range(4):
            x = values((3, 4, 5), seed=step)
            seen.append(layer(x if L is fb else to_peer(x, torch)))
        layer.eval()
        seen += [layer(x if L is fb else to_peer(x, torch)), *layer.state_dict().values()]
        results.append(seen)
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(as_array(ours), as_array(theirs), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("shape", [(0, 4, 5), (0,)])
@pytest.mark.parametrize("training", [True, False])
def test_empty_batches(shape, training):
    results = []
    for L in (fb, torch):
        mean = L.zeros(shape[1] if len(shape) > 1 else 0)
        y = L.nn.functional.batch_norm(L.zeros(shape), mean, mean + 1, training=training)
        assert not mean.isnan().any()
        results.append(tuple(y.shape))
    assert results[0] == results[1]


def test_evaluation_has_gradients():
    def call(L, x, w, b):
        mean, var = (L.tensor([0.5, -1.0, 2.0, 0.1], dtype=L.float64).add(i) for i in (0, 3))
        return L.nn.functional.batch_norm(x, mean, var, w, b, False)

    compare(torch, call, (values((3, 4, 5)), values((4,), seed=1), values((4,), seed=2)))


@pytest.mark.parametrize("shape", [(2, 5, 3), (2, 5, 3, 2), (2, 5, 2, 2, 2)])
@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_local_response_norm(shape, size):
    call = lambda L, x: L.nn.functional.local_response_norm(x, size, 0.7, 0.8, 1.5)  # noqa: E731
    compare(torch, call, (values(shape),))


@pytest.mark.parametrize(
    "options", [{}, {"p": 1}, {"dim": 0}, {"p": 3.0, "dim": -1}, {"dim": (0, 1)}]
)
def test_normalize(options):
    compare(torch, lambda L, x: L.nn.functional.normalize(x, **options), (values((3, 4, 2)),))


ERRORS = {
    "one value": (lambda L: L.nn.functional.batch_norm(L.ones(1, 3), None, None, training=True),
                  ValueError),
    "no eps": (lambda L: L.nn.functional.batch_norm(L.ones(2, 3), None, None, training=True, eps=0),
               ValueError),
    "one of two": (lambda L: L.nn.functional.batch_norm(L.ones(2, 3), L.ones(3), None,
                                                        training=True), ValueError),
    "no statistics": (lambda L: L.nn.functional.batch_norm(L.ones(2, 3), None, None), RuntimeError),
    "statistics": (lambda L: L.nn.functional.batch_norm(L.ones(2, 3), L.ones(2), L.ones(3)),
                   RuntimeError),
    "weight": (lambda L: L.nn.functional.batch_norm(L.ones(2, 3), None, None, L.ones(2),
                                                    training=True), RuntimeError),
    "integers": (lambda L: L.nn.functional.batch_norm(L.ones(2, 3).long(), None, None,
                                                      training=True), NotImplementedError),
    "momentum": (lambda L: L.nn.functional.batch_norm(L.ones(2, 3), None, None, training=True,
                                                      momentum=None), TypeError),
    "layer shape": (lambda L: L.nn.functional.layer_norm(L.ones(2, 3), (2,)), RuntimeError),
    "layer no shape": (lambda L: L.nn.functional.layer_norm(L.ones(2, 3), ()), RuntimeError),
    "layer int": (lambda L: L.nn.functional.layer_norm(L.ones(2, 3), 3), TypeError),
    "layer weight": (lambda L: L.nn.functional.layer_norm(L.ones(2, 3), (3,), L.ones(2)),
                     RuntimeError),
    "layer types": (lambda L: L.nn.functional.layer_norm(L.ones(2, 3), (3,), L.ones(3).double()),
                    RuntimeError),
    "layer complex": (lambda L: L.nn.functional.layer_norm(L.ones(2, 3).to(L.complex64), (3,)),
                      NotImplementedError),
    "groups": (lambda L: L.nn.functional.group_norm(L.ones(2, 3), 2), RuntimeError),
    "group of one dimension": (lambda L: L.nn.functional.group_norm(L.ones(3), 1), RuntimeError),
    "group of one value": (lambda L: L.nn.functional.group_norm(L.ones(1, 3), 3), ValueError),
    "group weight": (lambda L: L.nn.functional.group_norm(L.ones(2, 4), 2, L.ones(2)),
                     RuntimeError),
    "instance of one value": (lambda L: L.nn.functional.instance_norm(L.ones(2, 3, 1)), ValueError),
    "rms": (lambda L: L.nn.functional.rms_norm(L.ones(2, 3), (2,)), RuntimeError),
    "rms integers": (lambda L: L.nn.functional.rms_norm(L.ones(2, 3).long(), (3,)),
                     NotImplementedError),
    "response": (lambda L: L.nn.functional.local_response_norm(L.ones(2, 3), 2), ValueError),
    "GroupNorm": (lambda L: L.nn.GroupNorm(2, 3), ValueError),
    "BatchNorm1d": (lambda L: L.nn.BatchNorm1d(3)(L.ones(2, 3, 2, 2)), ValueError),
    "BatchNorm2d": (lambda L: L.nn.BatchNorm2d(3)(L.ones(2, 3, 2)), ValueError),
    "BatchNorm2d channels": (lambda L: L.nn.BatchNorm2d(3)(L.ones(2, 2, 2, 2)), RuntimeError),
    "InstanceNorm1d": (lambda L: L.nn.InstanceNorm1d(3)(L.ones(2, 3, 2, 2)), ValueError),
    "InstanceNorm1d channels": (lambda L: L.nn.InstanceNorm1d(3, affine=True)(L.ones(2, 2, 2)),
                                ValueError),
    "SyncBatchNorm": (lambda L: L.nn.SyncBatchNorm(3)(L.ones(3)), ValueError),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name):
    call, expected = ERRORS[name]
    assert_same_error(torch, call, (), expected)


def test_old_state_without_a_count():
    for L in (fb, torch):
        layer = L.nn.BatchNorm1d(2)
        layer(L.tensor([[1.0, 2.0], [3.0, 5.0]]))
        state = layer.state_dict()
        state._metadata.clear()
        del state["num_batches_tracked"]
        other = L.nn.BatchNorm1d(2)
        other.load_state_dict(state)
        assert other.num_batches_tracked.item() == 0
        assert other.running_mean.tolist() == layer.running_mean.tolist()
