"""Tensors from Python values and arrays, and back."""

import copy
import gc
import pickle
import warnings
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import flambeau as fb


@given(st.recursive(
    st.floats(allow_nan=False, width=32) | st.integers(-5, 5) | st.booleans(),
    lambda inner: st.lists(inner, min_size=1, max_size=3).map(lambda x: [x[0]] * len(x)),
    max_leaves=6,
))  # fmt: skip
def test_nested_lists_agree_with_numpy(data: object) -> None:
    x = fb.tensor(data)
    np.testing.assert_array_equal(x.numpy(), np.array(data, x._array.dtype))
    kind = np.array(data).dtype.kind
    assert x.dtype is {"f": fb.float32, "i": fb.int64, "b": fb.bool}[kind]


def test_types_of_mixed_lists() -> None:
    assert fb.tensor([1, True]).dtype is fb.int64
    assert fb.tensor([1, 2.5]).dtype is fb.float32
    assert fb.tensor([1.5, 2j]).dtype is fb.complex64
    assert fb.tensor([np.float64(1)]).dtype is fb.float64
    assert fb.tensor([np.int16(1), 2]).dtype is fb.int64
    assert fb.tensor([fb.tensor(1.0, dtype=fb.float64), 2]).dtype is fb.float64
    assert fb.tensor([]).dtype is fb.float32


def test_texts_of_errors() -> None:
    cases = [
        (lambda: fb.tensor([[1, 2], [3]]), ValueError,
         ("tensor: rows have different lengths, or numbers stand beside sequences\n"
         "  expected: nested sequences, all rows alike\n  got:      [[1, 2], [3]]")),
        (lambda: fb.tensor([[1], 2]), TypeError,
         ("tensor: rows have different lengths, or numbers stand beside sequences\n"
         "  expected: nested sequences, all rows alike\n  got:      [[1], 2]")),
        (lambda: fb.tensor("a"), TypeError,
         "tensor: text is no number\n  expected: numbers\n  got:      'a'"),
        (lambda: fb.tensor([300], dtype=fb.uint8), RuntimeError,
         ("tensor: a value cannot be converted to type uint8\n"
         "  expected: values from 0 to 255\n  got:      values from 300 to 300")),
        (lambda: fb.tensor([2**63]), ValueError,
         "tensor: an integer does not fit 64 bits\n  expected: integers below 2**63"),
        (lambda: fb.tensor([None]), RuntimeError,
         ("tensor: could not infer dtype of NoneType\n"
         "  expected: numbers, or nested sequences of them\n  got:      None")),
        (lambda: fb.tensor([fb.ones(2)]), ValueError,
         ("tensor: only one element tensors can be converted to Python scalars\n"
         "  expected: tensors of 1 element inside a list\n"
         "  got:      a tensor of shape (2,)\n"
         "  help:     use flambeau.stack to join tensors")),
        (lambda: fb.ones(2, requires_grad=True).numpy(), RuntimeError,
         ("numpy: a tensor that requires a gradient cannot become an array\n"
         "  expected: a tensor that requires no gradient\n"
         "  got:      one whose changes would go unnoticed\n"
         "  help:     use x.detach().numpy(), or x.numpy(force=True)")),
        (lambda: fb.from_numpy(np.ones(3)[::-1]), ValueError,
         ("from_numpy: tensors have no negative strides\n"
         "  expected: an array whose strides are at least 0\n"
         "  got:      strides (-8,)\n  help:     copy it first: array.copy()")),
        (lambda: fb.frombuffer(b"abc", dtype=fb.int32), ValueError,
         ("frombuffer: the buffer does not hold the elements\n"
         "  expected: a multiple of 4 bytes from the offset on\n"
         "  got:      3 bytes, offset 0")),
    ]  # fmt: skip
    for call, kind, expected in cases:
        with pytest.raises(kind) as error:
            call()
        assert str(error.value) == expected


def test_memory_is_shared_where_it_is_promised() -> None:
    array = np.zeros(3)
    shared = [fb.from_numpy(array), fb.as_tensor(array), fb.asarray(array), fb.from_dlpack(array)]
    copied = [fb.tensor(array), fb.asarray(array, copy=True), fb.as_tensor(array, dtype=fb.float32)]
    array[1] = 4
    assert all(x[1].item() == 4 for x in shared)
    assert all(x[1].item() == 0 for x in copied)
    shared[0].numpy()[2] = 7
    assert array[2] == 7
    with pytest.raises(ValueError, match="cannot be shared"):
        fb.asarray(array, dtype=fb.float32, copy=False)
    buffer = bytearray(8)
    fb.frombuffer(buffer, dtype=fb.uint8)[3] = 9
    assert buffer[3] == 9


def test_changing_the_shape_of_an_array_leaves_the_tensor_alone() -> None:
    x = fb.zeros(2, 3)
    array = x.numpy()
    array.shape = (6,)
    assert x.shape == (2, 3)


def test_copying_a_tensor_with_tensor_warns() -> None:
    x = fb.ones(2, requires_grad=True)
    with pytest.warns(UserWarning, match=r"detach\(\)\.clone\(\)"):
        y = fb.tensor(x)
    assert not y.requires_grad
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fb.as_tensor(x)


def test_numpy_functions_return_tensors() -> None:
    x = fb.tensor([1.0, 4.0])
    assert isinstance(np.sqrt(x), fb.Tensor)
    assert np.sqrt(x).tolist() == [1, 2]
    assert (np.float64(2) * x).tolist() == [2, 8]
    assert np.asarray(x, dtype=np.float64).dtype == np.float64


def test_dlpack_shares_memory_both_ways() -> None:
    x = fb.zeros(2, 3).t()
    array = np.from_dlpack(x)
    array[0, 1] = 5
    assert x[0, 1].item() == 5
    assert x.__dlpack_device__() == (1, 0)
    with pytest.raises(BufferError, match="requires a gradient"):
        fb.ones(1, requires_grad=True).__dlpack__()


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("name", ["float32", "bfloat16", "int64", "bool", "complex64"])
def test_pickling(protocol: int, name: str) -> None:
    x = fb.tensor([[0, 1], [2, 3]]).to(getattr(fb, name)).t()
    y = pickle.loads(pickle.dumps(x, protocol))
    assert y.dtype is x.dtype
    assert y.tolist() == x.tolist()
    leaf = fb.ones(2, requires_grad=True)
    leaf.note = "kept"
    leaf.sum().backward()
    again = pickle.loads(pickle.dumps(leaf, protocol))
    assert again.requires_grad
    assert again.is_leaf
    assert again.note == "kept"
    assert again.grad is None


def test_deepcopy_keeps_sharing_and_gradients() -> None:
    x = fb.zeros(2, 3)
    row = x[1]
    twin, twin_row = copy.deepcopy([x, row])
    twin_row.fill_(3)
    assert twin[1].tolist() == [3, 3, 3]
    assert x.sum().item() == 0
    leaf = fb.ones(2, requires_grad=True)
    leaf.sum().backward()
    other = copy.deepcopy(leaf)
    assert other.grad.tolist() == [1, 1]
    other.grad.fill_(7)
    assert leaf.grad.tolist() == [1, 1]
    with pytest.raises(RuntimeError) as error:
        copy.deepcopy(leaf * 2)
    assert str(error.value) == (
        "deepcopy: only leaf tensors can be copied with their graph\n"
        "  expected: a tensor that no recorded operation made\n"
        "  got:      the output of MulBackward0\n"
        "  help:     use x.detach().clone(); a module may have kept it as an attribute"
    )


def test_deepcopy_of_a_transposed_view_of_another_memory_order() -> None:
    x = fb.from_numpy(np.asfortranarray(np.arange(6.0).reshape(2, 3)))[1:, 1:]
    y = copy.deepcopy(x)
    assert y.tolist() == x.tolist()
    assert y.stride() == x.stride()
    assert y.data_ptr() != x.data_ptr()


def test_a_shallow_copy_shares_memory() -> None:
    x = fb.zeros(2, requires_grad=True)
    y = copy.copy(x)
    assert y is not x
    assert y.requires_grad
    assert y.data_ptr() == x.data_ptr()


def test_tensors_are_freed_without_the_cycle_collector() -> None:
    gc.disable()
    try:
        x = fb.ones(2, requires_grad=True)
        y = (x * 2).exp() + 1
        view = y[0]
        y.mul_(3)
        view.sum().backward()
        seen = [weakref.ref(t) for t in (x, y, view)]
        del x, y, view
        assert [r() for r in seen] == [None, None, None]
    finally:
        gc.enable()
