"""Convolutions beside PyTorch's: values, graphs, gradients of both orders, errors."""

from __future__ import annotations

import numpy as np
import pytest

import flambeau as fb
from tests.ops.peer_comparison import assert_same, assert_same_error, compare

torch = pytest.importorskip("torch")

pytestmark = pytest.mark.peers


def values(shape, dtype="float64"):
    array = np.random.default_rng(sum(shape)).normal(size=shape)
    if dtype.startswith("complex"):
        array = array + 1j * array[::-1]
    return fb.from_numpy(np.asarray(array)).to(getattr(fb, dtype))


# shape of the input, of the weight, options
FORWARD = [
    ((2, 3, 7), (4, 3, 3), {}),
    ((2, 3, 8), (4, 3, 3), {"stride": 2, "padding": 2, "dilation": 2}),
    ((3, 7), (4, 3, 3), {"padding": "valid"}),
    ((2, 3, 7), (4, 3, 3), {"padding": "same", "dilation": 2}),
    ((2, 4, 7), (6, 2, 1), {"groups": 2}),
    ((2, 4, 7), (4, 1, 3), {"groups": 4, "padding": (1,)}),
    ((2, 4, 7), (8, 1, 3), {"groups": 4, "stride": [3]}),
    ((0, 3, 7), (4, 3, 3), {}),
    ((2, 3, 6, 5), (4, 3, 3, 2), {"stride": (2, 1), "padding": (1, 0)}),
    ((2, 3, 6, 5), (4, 3, 2, 2), {"padding": "same"}),
    ((2, 3, 6, 5), (4, 3, 1, 1), {}),
    ((2, 3, 6, 5), (4, 3, 1, 1), {"stride": 2}),
    ((2, 3, 3, 3), (4, 3, 3, 3), {}),
    ((2, 3, 20, 20), (4, 3, 3, 3), {"padding": 1}),
    ((20, 2, 30, 20), (5, 2, 3, 3), {"padding": 1}),
    ((2, 4, 6, 5), (4, 1, 3, 3), {"groups": 4, "padding": 1, "stride": 2}),
    ((2, 4, 6, 5), (4, 2, 3, 3), {"groups": 2, "dilation": (2, 1)}),
    ((3, 6, 5), (4, 3, 3, 3), {}),
    ((2, 2, 4, 5, 4), (3, 2, 2, 3, 2), {"stride": (1, 2, 1), "padding": (0, 1, 1)}),
    ((2, 4, 5, 4), (2, 2, 2, 2, 2), {"groups": 1, "padding": "same"}),
]

TRANSPOSED = [
    ((2, 3, 5), (3, 4, 3), {}),
    ((2, 3, 5), (3, 4, 3), {"stride": 2, "padding": 1, "output_padding": 1}),
    ((3, 5), (3, 4, 3), {"stride": 3, "output_padding": 2}),
    ((2, 4, 5), (4, 1, 3), {"groups": 4}),
    ((2, 4, 5), (4, 3, 2), {"groups": 2, "stride": 2}),
    ((2, 3, 5), (3, 4, 3), {"dilation": 2, "output_padding": 1}),
    ((2, 3, 4, 3), (3, 2, 3, 2), {"stride": (2, 1), "output_padding": (1, 0)}),
    ((2, 3, 4, 3), (3, 2, 1, 1), {}),
    ((3, 4, 3), (3, 2, 4, 4), {"stride": 2, "padding": 1}),
    ((1, 2, 3, 2, 3), (2, 3, 2, 2, 3), {"stride": 2, "dilation": (1, 2, 1)}),
]


def convolution(transposed, ndim, options):
    name = f"conv{'_transpose' if transposed else ''}{ndim}d"
    return lambda lib, *inputs: getattr(lib.nn.functional, name)(*inputs, **options)


@pytest.mark.filterwarnings("ignore:Using padding='same'")
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize(
    ("transposed", "case"), [(False, c) for c in FORWARD] + [(True, c) for c in TRANSPOSED]
)
def test_values_and_gradients(transposed, case, bias):
    shape, kernel, options = case
    outputs = kernel[1] * options.get("groups", 1) if transposed else kernel[0]
    inputs = [values(shape), values(kernel)] + [values((outputs,))] * bias
    compare(torch, convolution(transposed, len(kernel) - 2, options), tuple(inputs))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "complex128", "int64"])
@pytest.mark.parametrize("transposed", [False, True])
def test_types(dtype, transposed):
    inputs = tuple(values(s, dtype) for s in ((2, 3, 6), (3, 3, 2), (3,)))
    names = not dtype.startswith("complex")  # PyTorch computes those in real parts
    call = convolution(transposed, 1, {"padding": 1})
    compare(torch, call, inputs, order=1 if names else 2, names=names)


def test_results_are_row_major():
    x = values((2, 3, 6, 6)).permute(0, 1, 3, 2)
    ours = fb.conv2d(x, values((4, 3, 3, 3)))
    theirs = torch.conv2d(
        torch.from_numpy(x.numpy()), torch.from_numpy(values((4, 3, 3, 3)).numpy())
    )
    assert ours.stride() == theirs.stride()
    assert_same(ours, theirs)


ERRORS = {
    "weight of a wrong type": ((2, 3, 6), (4, 3, 3), {}, "float32"),
    "bool": ((2, 3, 6), (4, 3, 3), {}, "bool"),
    "channels": ((2, 3, 6), (4, 2, 3), {}, None),
    "groups do not divide": ((2, 3, 6), (4, 1, 3), {"groups": 3}, None),
    "no groups": ((2, 3, 6), (4, 3, 3), {"groups": 0}, None),
    "no stride": ((2, 3, 6), (4, 3, 3), {"stride": 0}, None),
    "two strides": ((2, 3, 6), (4, 3, 3), {"stride": (1, 2)}, None),
    "stride of a float": ((2, 3, 6), (4, 3, 3), {"stride": 1.5}, None),
    "negative padding": ((2, 3, 6), (4, 3, 3), {"padding": -1}, None),
    "no such padding": ((2, 3, 6), (4, 3, 3), {"padding": "full"}, None),
    "same with a stride": ((2, 3, 6), (4, 3, 3), {"padding": "same", "stride": 2}, None),
    "no dilation": ((2, 3, 6), (4, 3, 3), {"dilation": 0}, None),
    "kernel too large": ((2, 3, 2), (4, 3, 3), {}, None),
    "one dimension": ((6,), (4, 3, 3), {}, None),
    "weight of two dimensions": ((2, 3, 6), (4, 3), {}, None),
    "no kernels": ((2, 3, 6), (0, 3, 3), {}, None),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name):
    shape, kernel, options, kind = ERRORS[name]
    x, w = values(shape), values(kernel)
    if kind == "bool":
        x, w = x.bool(), w.bool()
    elif kind:
        w = w.to(getattr(fb, kind))
    expected = {"bool": NotImplementedError, "stride of a float": TypeError}.get(name, RuntimeError)
    assert_same_error(torch, convolution(False, 1, options), (x, w), expected)


def test_bias_and_output_padding_errors():
    x, w = values((2, 3, 6)), values((3, 4, 3))
    call = convolution(True, 1, {"output_padding": 1})
    assert_same_error(torch, call, (x, w), RuntimeError)
    call = convolution(True, 1, {})
    assert_same_error(torch, call, (x, w, values((5,))), RuntimeError)
    assert_same_error(torch, call, (x, values((2, 4, 3))), RuntimeError)
