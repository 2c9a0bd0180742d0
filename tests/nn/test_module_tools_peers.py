"""What PyTorch has around modules: vectors of parameters, wrappers, adaptive softmax."""

import copy

import numpy as np
import pytest

import flambeau as fb
from tests.nn.side_by_side import assert_both_see_the_same

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.peers, pytest.mark.filterwarnings("ignore::UserWarning")]


def test_vectors_of_parameters():
    def script(L, nn, note):
        model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
        vector = nn.utils.parameters_to_vector(model.parameters())
        note(vector, vector.requires_grad)
        kept = [id(p) for p in model.parameters()]
        new = L.arange(13.0)
        nn.utils.vector_to_parameters(new, model.parameters())
        note([id(p) for p in model.parameters()] == kept, model[0].weight, model[1].bias)
        new[0] = 100.0
        note(model[0].weight[0, 0])
        note.error(lambda: nn.utils.vector_to_parameters([1.0], model.parameters()))
        model(L.ones(1, 2)).sum().backward()
        note(model[0].weight.grad)

    assert_both_see_the_same(script)


def test_wrappers():
    def script(L, nn, note):
        model = nn.DataParallel(nn.Linear(2, 3))
        note(model, list(model.state_dict()), model.device_ids, model(L.ones(1, 2)))
        note(nn.parallel.DataParallel is nn.DataParallel)
        plain = nn.utils.skip_init(nn.Linear, 2, 3, bias=False)
        note(repr(plain), plain.weight.shape, plain.weight.requires_grad, L.rand(1))
        note.error(lambda: nn.utils.skip_init(nn.ReLU))
        note.error(lambda: nn.utils.skip_init(dict))
        layer = nn.Linear(2, 1)
        state = {"weight": L.ones(1, 2), "bias": L.zeros(1)}
        note(L.func.functional_call(layer, state, L.tensor([[3.0, 4.0]])))

    assert_both_see_the_same(script)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("affine", [True, False])
def test_fused_norms(bias, affine):
    def script(L, nn, note):
        for make, norm, shape, options in (
            (nn.Conv1d, nn.BatchNorm1d, (2, 3, 5), {}),
            (nn.Conv2d, nn.BatchNorm2d, (2, 3, 5, 4), {}),
            (nn.ConvTranspose1d, nn.BatchNorm1d, (2, 3, 5), {"transpose": True}),
        ):
            layer, bn = make(3, 4, 2, bias=bias), norm(4, affine=affine)
            x = L.randn(*shape)
            bn(layer(x))
            note.error(lambda: nn.utils.fuse_conv_bn_eval(layer, bn))  # noqa: B023
            fused = nn.utils.fuse_conv_bn_eval(layer.eval(), bn.eval(), **options)
            note(fused, fused.weight, fused.bias, fused.weight.requires_grad)
            note(L.allclose(fused(x), bn(layer(x)), atol=1e-5))
        linear, bn = nn.Linear(3, 4, bias=bias).eval(), nn.BatchNorm1d(4).eval()
        fused = nn.utils.fuse_linear_bn_eval(linear, bn)
        note(fused, fused.weight, fused.bias)
        note.error(lambda: nn.utils.fuse_linear_bn_eval(linear, nn.BatchNorm1d(3).eval()))
        plain = nn.BatchNorm1d(4, track_running_stats=False).eval()
        note.error(lambda: nn.utils.fuse_linear_bn_eval(linear, plain))

    assert_both_see_the_same(script)


def compiled_copy(module):
    other = copy.deepcopy(module)
    other.compile()
    return other


def test_a_module_that_compiles_itself():
    model = fb.nn.Sequential(fb.nn.Linear(3, 4), fb.nn.Tanh(), fb.nn.Linear(4, 1)).double()
    other = compiled_copy(model)
    x = fb.randn(5, 3, dtype=fb.float64)
    for each in (model, other):
        each(x).sum().backward()
    for p, q in zip(model.parameters(), other.parameters(), strict=True):
        np.testing.assert_allclose(p.grad, q.grad, rtol=1e-12)


@pytest.mark.parametrize("options", [{}, {"div_value": 2.0, "head_bias": True}])
def test_adaptive_softmax(options):
    results = []
    for L in (fb, torch):
        L.manual_seed(0)
        model = L.nn.AdaptiveLogSoftmaxWithLoss(16, 20, [4, 9, 15], **options)
        before = [p.detach().clone() for p in model.parameters()]
        names, text = list(model.state_dict()), repr(model)
        model = model.double()
        rng = np.random.default_rng(0)
        x = L.tensor(rng.normal(size=(12, 16)), requires_grad=True)
        found = []
        for numbers in (rng.integers(0, 20, 12), np.full(12, 2), np.full(12, 17)):
            output, loss = model(x, L.tensor(numbers))
            (loss + (output * L.tensor(rng.normal(size=12))).sum()).backward()
            found += [output, loss]
        one = model(x[0], L.tensor(7))
        found += [one.output, one.loss, model.log_prob(x), model.predict(x).double()]
        found += [x.grad, *(p.grad for p in model.parameters())]
        results.append((before, names, text, found))
    (bits, *shown, found), (their_bits, *their_shown, expected) = results
    assert shown == their_shown
    for a, b in zip(bits, their_bits, strict=True):
        assert a.numpy().tobytes() == b.numpy().tobytes()
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-11, atol=1e-12)


def test_errors_of_adaptive_softmax():
    def script(L, nn, note):
        for cutoffs in ([], [5, 4], [0], [10], [2, 2], [1.5]):
            note.error(lambda: nn.AdaptiveLogSoftmaxWithLoss(4, 10, cutoffs))  # noqa: B023
        model = nn.AdaptiveLogSoftmaxWithLoss(4, 10, [2, 5])
        note.error(lambda: model(L.zeros(2, 4), L.tensor([1, 10])))
        note.error(lambda: model(L.zeros(2, 4), L.tensor([-1, 1])))
        note.error(lambda: model(L.zeros(2, 4), L.tensor([1])))
        note.error(lambda: model(L.zeros(4), L.tensor([1])))
        note.error(lambda: model(L.zeros(2, 4), L.tensor([[1], [1]])))
        note.error(lambda: model(L.zeros(2, 4), L.tensor(1)))

    assert_both_see_the_same(script)
