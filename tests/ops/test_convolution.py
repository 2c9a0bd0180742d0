"""Convolutions against sums written out, and what is said about bad arguments."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import flambeau as fb
from flambeau.nn import functional as F

RANDOM = np.random.default_rng(0)


def written_out(x, w, stride, padding, dilation, groups):
    """The sum of the definition, place by place."""
    ndim = x.ndim - 2
    x = np.pad(x, [(0, 0), (0, 0)] + [(padding, padding)] * ndim)
    count, kernel = x.shape[0], w.shape[2:]
    places = [(n - dilation * (k - 1) - 1) // stride + 1 for n, k in zip(x.shape[2:], kernel)]
    out = np.zeros((count, w.shape[0], *places))
    inputs, outputs = x.shape[1] // groups, w.shape[0] // groups
    for place in itertools.product(*map(range, places)):
        window = tuple(
            slice(i * stride, i * stride + dilation * (k - 1) + 1, dilation)
            for i, k in zip(place, kernel)
        )
        for o in range(w.shape[0]):
            first = o // outputs * inputs
            seen = x[(slice(None), slice(first, first + inputs), *window)]
            out[(slice(None), o, *place)] = (seen * w[o]).reshape(count, -1).sum(1)
    return out


OPTIONS = [
    (ndim, stride, padding, dilation, groups)
    for ndim in (1, 2, 3)
    for stride, padding, dilation, groups in (
        (1, 0, 1, 1), (2, 1, 1, 1), (1, 2, 2, 2), (3, 1, 1, 4), (1, 1, 1, 2)
    )
]  # fmt: skip


@pytest.mark.parametrize(("ndim", "stride", "padding", "dilation", "groups"), OPTIONS)
def test_is_the_sum_of_its_definition(ndim, stride, padding, dilation, groups):
    x = RANDOM.normal(size=(3, 4, *(6, 5, 7)[:ndim]))
    w = RANDOM.normal(size=(8, 4 // groups, *(3, 2, 3)[:ndim]))
    bias = RANDOM.normal(size=8)
    expected = written_out(x, w, stride, padding, dilation, groups)
    expected += bias.reshape(8, *[1] * ndim)
    call = getattr(fb, f"conv{ndim}d")
    found = call(*map(fb.tensor, (x, w, bias)), stride, padding, dilation, groups)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("ndim", "stride", "padding", "dilation", "groups"), OPTIONS)
def test_transposed_is_the_transpose(ndim, stride, padding, dilation, groups):
    sizes = (7, 7, 7)[:ndim]
    x = fb.tensor(RANDOM.normal(size=(2, 4, *sizes)))
    w = fb.tensor(RANDOM.normal(size=(8, 4 // groups, *(3, 3, 3)[:ndim])))
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    y = getattr(fb, f"conv{ndim}d")(x, w, **options)
    g = fb.tensor(RANDOM.normal(size=tuple(y.shape)))
    back = getattr(fb, f"conv_transpose{ndim}d")(g, w, **options)
    assert back.shape == x.shape
    assert (y * g).sum().item() == pytest.approx((x * back).sum().item(), rel=1e-12)


def test_many_samples_go_block_by_block():
    x, w = RANDOM.normal(size=(70, 3, 20, 20)), RANDOM.normal(size=(4, 3, 3, 3))
    together = fb.conv2d(fb.tensor(x), fb.tensor(w), padding=1)
    alone = [fb.conv2d(fb.tensor(x[i]), fb.tensor(w), padding=1) for i in range(70)]
    np.testing.assert_allclose(together.numpy(), fb.stack(alone).numpy(), rtol=1e-12, atol=1e-12)


def test_same_padding_keeps_the_sizes():
    for kernel, dilation in itertools.product((1, 2, 3, 4), (1, 2, 3)):
        y = fb.conv1d(fb.ones(1, 1, 9), fb.ones(1, 1, kernel), padding="same", dilation=dilation)
        assert y.shape == (1, 1, 9)


ERRORS = {
    "channels": (
        lambda: fb.conv2d(fb.ones(2, 3, 5, 5), fb.ones(4, 2, 3, 3)),
        (
            "conv2d: channels do not fit\n"
            "  expected: input of shape (n, c, ...) and weight of shape (o, c / groups, ...)\n"
            "  got:      input (2, 3, 5, 5), weight (4, 2, 3, 3), groups=1"
        ),
    ),
    "kernel": (
        lambda: fb.conv1d(fb.ones(2, 3, 2), fb.ones(4, 3, 3)),
        (
            "conv1d: nothing is left\n"
            "  expected: sizes, kernel, padding and dilation that give an output of at least 1\n"
            "  got:      input (2, 3, 2), kernel (3,), stride (1,), padding (0,), dilation (1,): "
            "output sizes (0,)"
        ),
    ),
    "types": (
        lambda: fb.conv1d(fb.ones(2, 3, 4), fb.ones(4, 3, 3).double()),
        (
            "conv1d: types do not fit\n  expected: numbers of one type\n"
            "  got:      input torch.float32, weight torch.float64\n"
            "  help:     convert with .to(dtype)"
        ),
    ),
    "dimensions": (
        lambda: fb.conv2d(fb.ones(5, 5), fb.ones(4, 3, 3, 3)),
        (
            "conv2d: input has another number of dimensions\n"
            "  expected: 3 dimensions, or 4 with a batch\n  got:      input (5, 5)"
        ),
    ),
    "bias": (
        lambda: fb.conv1d(fb.ones(2, 3, 4), fb.ones(4, 3, 3), fb.ones(3)),
        "conv1d: bias does not fit\n  expected: bias of shape (4,)\n  got:      bias (3,)",
    ),
    "stride": (
        lambda: fb.conv2d(fb.ones(2, 3, 5, 5), fb.ones(4, 3, 3, 3), stride=(1, 2, 3)),
        (
            "conv2d: stride does not fit the dimensions\n  expected: one integer, or 2 of them\n"
            "  got:      stride=(1, 2, 3)"
        ),
    ),
    "output padding": (
        lambda: fb.conv_transpose1d(fb.ones(2, 3, 4), fb.ones(3, 4, 3), output_padding=1),
        (
            "conv_transpose1d: output padding is too large\n"
            "  expected: 0 <= output_padding < stride, or < dilation\n"
            "  got:      output_padding=(1,), stride=(1,), dilation=(1,)"
        ),
    ),
    "pad": (
        lambda: F.pad(fb.ones(1, 3), (3, 0), "reflect"),
        (
            "reflection_pad1d: more is added than there is\n"
            "  expected: borders of less than the size\n  got:      shape (1, 3) and pad=(3, 0)"
        ),
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name):
    call, text = ERRORS[name]
    with pytest.raises(RuntimeError) as caught:
        call()
    assert str(caught.value) == text


LAYER_ERRORS = {
    "groups": (
        lambda: fb.nn.Conv2d(3, 4, 3, groups=2),
        (
            "Conv2d: in_channels does not divide into the groups\n"
            "  expected: a multiple of groups=2\n  got:      3"
        ),
    ),
    "padding": (
        lambda: fb.nn.Conv1d(3, 4, 3, padding="full"),
        "Conv1d: no such padding\n  expected: integers, 'same' or 'valid'\n  got:      'full'",
    ),
    "same": (
        lambda: fb.nn.Conv1d(3, 4, 3, 2, padding="same"),
        "Conv1d: padding='same' needs a stride of 1\n  expected: stride=1\n  got:      2",
    ),
    "mode": (
        lambda: fb.nn.Conv1d(3, 4, 3, padding_mode="zero"),
        (
            "Conv1d: no such padding mode\n  expected: zeros, reflect, replicate, circular\n"
            "  got:      'zero'"
        ),
    ),
    "transposed mode": (
        lambda: fb.nn.ConvTranspose1d(3, 4, 3, padding_mode="reflect"),
        (
            "ConvTranspose1d: no such padding mode\n  expected: padding_mode='zeros'\n"
            "  got:      'reflect'"
        ),
    ),
    "output size": (
        lambda: fb.nn.ConvTranspose1d(3, 4, 3, 2)(fb.ones(1, 3, 4), output_size=(12,)),
        (
            "ConvTranspose1d: output_size cannot be reached\n  expected: sizes from (9,) to (10,)\n"
            "  got:      (12,)"
        ),
    ),
}


@pytest.mark.parametrize("name", LAYER_ERRORS)
def test_layer_errors(name):
    call, text = LAYER_ERRORS[name]
    with pytest.raises(ValueError) as caught:
        call()
    assert str(caught.value) == text


def test_output_size_chooses_the_output_padding():
    layer = fb.nn.ConvTranspose2d(2, 3, 3, stride=2, padding=1)
    x = fb.ones(1, 2, 4, 4)
    assert layer(x).shape == (1, 3, 7, 7)
    assert layer(x, output_size=(8, 7)).shape == (1, 3, 8, 7)
    assert layer(x, output_size=(1, 3, 8, 8)).shape == (1, 3, 8, 8)


def test_compiled_step_trains_as_eager():
    def losses(wrap):
        fb.manual_seed(0)
        model = fb.nn.Sequential(
            fb.nn.Conv2d(1, 3, 3, padding="same", padding_mode="reflect"),
            fb.nn.Tanh(),
            fb.nn.ConvTranspose2d(3, 1, 2, stride=2),
        ).double()
        optimizer = fb.optim.SGD(model.parameters(), lr=0.1)

        def step(x):
            optimizer.zero_grad()
            loss = (model(x) ** 2).mean()
            loss.backward()
            optimizer.step()
            return loss

        step, x = wrap(step), fb.randn(2, 1, 5, 4, dtype=fb.float64)
        return [step(x).item() for _ in range(5)]

    np.testing.assert_allclose(losses(fb.compile), losses(lambda f: f), rtol=1e-12)
