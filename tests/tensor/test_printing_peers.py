"""Live comparison of printed text with PyTorch's over random arrays and options."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flambeau.tensor.printing import (
    PrintOptions,
    format_parameter,
    format_tensor,
    get_printoptions,
    printoptions,
)
from tests.golden.printing_cases import numpy_dtype

torch = pytest.importorskip("torch")

from tests.golden.printing_of_torch import torch_tensor, torch_text  # noqa: E402 - needs torch

pytestmark = pytest.mark.peers

REALS = ["float16", "bfloat16", "float32", "float64"]
COMPLEXES = ["complex64", "complex128"]
INTEGERS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
DTYPES = [*REALS, *COMPLEXES, *INTEGERS, "bool"]

# Values on both sides of every rule: whole or not, the 1e8, 1e-4 and ratio 1000 limits, rounding.
NOTABLE_REALS = [
    *(0.0, -0.0, 1.0, -1.0, 0.5, -2.25, 9.99995, 99999.5, 999.0, 1000.0, 1001.0, -1000.5),
    *(1e-4, 9.9e-5, -1.1e-4, 1e-3, 1e8, 99999999.0, 100000001.0, -1e9, 65504.0, 1e-7),
    *(1e-45, 5e-324, 1.7e308, 3e38, 2.0**53, float("inf"), float("-inf"), float("nan")),
]


def our_text(array, *, default_dtype="float32", **arguments):
    return format_tensor(array, default_dtype=numpy_dtype(default_dtype), **arguments)


def element_strategy(dtype_name):
    dtype = numpy_dtype(dtype_name)
    if dtype.kind == "b":
        return st.booleans()
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        near_zero = st.integers(max(limits.min, -1100), min(limits.max, 1100))
        return st.one_of(near_zero, st.integers(int(limits.min), int(limits.max)))
    real = st.one_of(
        st.integers(-1100, 1100).map(float),
        st.floats(-20, 20),
        st.builds(lambda m, e: m * 10.0**e, st.floats(-10, 10), st.integers(-50, 50)),
        st.sampled_from(NOTABLE_REALS),
        st.floats(),
    )
    return st.builds(complex, real, real) if dtype.kind == "c" else real


@st.composite
def arrays(draw):
    """Arrays of up to five dimensions, filled from a few distinct values, sometimes broadcast."""
    dtype_name = draw(st.sampled_from(DTYPES))
    dtype = numpy_dtype(dtype_name)
    most = draw(st.sampled_from([2, 4, 9, 30]))
    ndim_most = {2: 5, 4: 4, 9: 3, 30: 2}[most]
    shape = tuple(draw(st.lists(st.integers(0, most), max_size=ndim_most)))
    pool = draw(st.lists(element_strategy(dtype_name), min_size=1, max_size=8))
    with np.errstate(all="ignore"):
        pool = np.array(pool, dtype if dtype.kind in "iub" else None).astype(dtype)
    seed = draw(st.integers(0, 2**32 - 1))
    array = np.asarray(pool[np.random.default_rng(seed).integers(0, len(pool), shape)])
    layout = draw(st.sampled_from(["plain", "transposed", "broadcast", "sliced"]))
    if layout == "transposed":
        return array.T
    if layout == "broadcast":
        return np.broadcast_to(array, (draw(st.integers(1, 9)), *array.shape))
    return array[..., ::2] if layout == "sliced" and array.ndim else array


option_sets = st.builds(
    PrintOptions,
    precision=st.integers(0, 12),
    threshold=st.sampled_from([0, 1, 5, 20, 1000, float("inf"), -1, 7.5]),
    edgeitems=st.integers(0, 5),
    linewidth=st.one_of(st.just(80), st.integers(-3, 140), st.just(33.5)),
    sci_mode=st.sampled_from([None, None, True, False]),
) | st.just(PrintOptions())

gradients = st.one_of(
    st.just({}),
    st.just({"requires_grad": True}),
    st.text("abcdefgh", min_size=1, max_size=40).map(lambda n: {"grad_fn_name": n + "Backward"}),
)


@settings(max_examples=400)
@given(arrays(), option_sets, gradients, st.sampled_from(["float32", *REALS]))
def test_text_equals_pytorch(array, options, gradient, default_dtype):
    arguments = {"default_dtype": default_dtype, "options": options}
    if array.dtype.kind not in "iub":
        arguments |= gradient
    assert our_text(array, **arguments) == torch_text(array, **arguments)


@settings(max_examples=100)
@given(
    st.sampled_from(REALS),
    st.lists(st.integers(1, 2000), min_size=1, max_size=3),
    st.integers(-12, 12),
    st.sampled_from([PrintOptions(), PrintOptions(edgeitems=2, linewidth=120)]),
)
def test_summaries_equal_pytorch(dtype_name, shape, exponent, options):
    row = np.linspace(-1, 1, shape[-1]) * 10.0**exponent
    with np.errstate(all="ignore"):
        array = np.broadcast_to(row.astype(numpy_dtype(dtype_name)), tuple(shape))
    assert our_text(array, options=options) == torch_text(array, options=options)


@settings(max_examples=50)
@given(arrays(), st.booleans())
def test_parameters_equal_pytorch(array, requires_grad):
    requires_grad = requires_grad and array.dtype.kind not in "iub"
    parameter = torch.nn.Parameter(torch_tensor(array), requires_grad=requires_grad)
    assert format_parameter(array, requires_grad=requires_grad) == repr(parameter)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"profile": "short"},
        {"profile": "full", "precision": 7},
        {"sci_mode": True, "linewidth": 120},
        {"profile": "short", "edgeitems": 5, "threshold": 10},
    ],
)
def test_options_equal_pytorch(changes):
    torch_get_printoptions = torch._tensor_str.get_printoptions
    torch_printoptions = torch._tensor_str.printoptions
    with printoptions(sci_mode=False, precision=3), torch_printoptions(sci_mode=False, precision=3):
        with printoptions(**changes), torch_printoptions(**changes):
            assert get_printoptions() == torch_get_printoptions()
        assert get_printoptions() == torch_get_printoptions()
    assert get_printoptions() == torch_get_printoptions()
