"""Copies, fills and conversions."""

import numpy as np
import pytest

import flambeau as fb


def test_a_clone_has_memory_of_its_own_and_keeps_the_layout() -> None:
    x = fb.arange(6.0).reshape(2, 3).t()
    y = x.clone()
    assert y.stride() == (1, 3)
    assert x.clone(memory_format=fb.contiguous_format).stride() == (2, 1)
    y.fill_(9)
    assert x[0, 0].item() == 0
    image = fb.arange(24.0).reshape(1, 2, 3, 4)
    assert image.contiguous(memory_format=fb.channels_last).stride() == (24, 1, 8, 2)
    with pytest.raises(RuntimeError) as error:
        x.clone(memory_format=fb.channels_last)
    assert str(error.value) == (
        "clone: channels_last is a layout of 4-d tensors\n"
        "  expected: a tensor of 4 dimensions\n"
        "  got:      shape (3, 2)"
    )


def test_conversions_return_the_tensor_itself_where_nothing_changes() -> None:
    x = fb.zeros(2)
    for same in (x.float(), x.to(fb.float32), x.to("cpu"), x.type_as(x), x.contiguous(), x.cpu()):
        assert same is x
    assert x.to(fb.float32, copy=True) is not x


@pytest.mark.parametrize("name", [
    "bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32",
    "float64", "complex64", "complex128",
])  # fmt: skip
def test_conversions_agree_with_numpy(name: str) -> None:
    values = np.array([0.0, 1.0, 2.75, 100.4])
    kind = getattr(fb, name)
    found = fb.tensor(values).to(kind)
    assert found.dtype is kind
    np.testing.assert_array_equal(found._array, values.astype(kind.numpy))


def test_gradients_come_back_in_the_type_of_the_input() -> None:
    x = fb.ones(3, requires_grad=True)
    (x.double() * 2).sum().backward()
    assert x.grad.dtype is fb.float32
    assert x.grad.tolist() == [2, 2, 2]
    z = fb.ones(2, dtype=fb.complex64, requires_grad=True)
    z.real.float().sum().backward()
    assert z.grad.tolist() == [1, 1]


def test_copy_converts_broadcasts_and_records() -> None:
    source = fb.tensor([1.5, 2.5], requires_grad=True)
    target = (fb.ones(2, 2, dtype=fb.float64, requires_grad=True) * 1).copy_(source)
    assert target.dtype is fb.float64
    target.sum().backward()
    assert source.grad.tolist() == [2, 2]
    assert fb.zeros(2, dtype=fb.int32).copy_(fb.tensor([1.9, -1.9])).tolist() == [1, -1]
    with pytest.raises(RuntimeError) as error:
        fb.zeros(2).copy_(fb.zeros(1, 2))
    assert str(error.value) == (
        "copy_: the source does not broadcast to the tensor\n"
        "  expected: a source that broadcasts to (2,)\n"
        "  got:      shape (1, 2)"
    )


def test_an_integer_tensor_gets_no_history() -> None:
    count = fb.zeros(2, dtype=fb.int64)
    count.copy_(fb.ones(2, requires_grad=True))
    assert not count.requires_grad


def test_fills_check_the_value_before_they_write() -> None:
    x = fb.zeros(2, dtype=fb.uint8)
    assert x.fill_(-1).tolist() == [255, 255]
    for value in (300, 2j, float("nan")):
        with pytest.raises(RuntimeError, match="cannot hold"):
            x.fill_(value)
    with pytest.raises(RuntimeError) as error:
        x.fill_(fb.zeros(2))
    assert str(error.value) == (
        "fill_: the value must be a number or a 0-d tensor\n"
        "  expected: 0 dimensions\n"
        "  got:      shape (2,)"
    )
    assert x.tolist() == [255, 255]


def test_other_devices_are_refused() -> None:
    x = fb.zeros(1)
    for call in (lambda: x.cuda(), lambda: x.to("cuda"), lambda: x.to(device="mps")):
        with pytest.raises(RuntimeError, match="only the CPU is available"):
            call()


def test_resizing_keeps_what_is_in_memory() -> None:
    x = fb.arange(6)
    x.resize_(2, 2)
    assert x.tolist() == [[0, 1], [2, 3]]
    x.resize_(6)
    assert x.tolist() == [0, 1, 2, 3, 4, 5]
    x.resize_(8)
    assert x[:6].tolist() == [0, 1, 2, 3, 4, 5]
    with pytest.raises(RuntimeError, match="cannot be resized"):
        fb.ones(2, requires_grad=True).resize_(3)


def test_volumes_with_channels_innermost() -> None:
    x = fb.arange(48.0).reshape(1, 2, 2, 3, 4)
    y = x.contiguous(memory_format=fb.channels_last_3d)
    assert y.stride() == (48, 1, 24, 8, 2)
    assert y.is_contiguous(memory_format=fb.channels_last_3d)
    assert not x.is_contiguous(memory_format=fb.channels_last_3d)
    assert not y.is_contiguous(memory_format=fb.channels_last)
    assert fb.equal(x, y)
    for z in (y.clone(), y + 1, y.double(), fb.empty_like(y), fb.zeros_like(y)):
        assert z.stride() == y.stride()
    empty = fb.empty(1, 2, 2, 3, 4, memory_format=fb.channels_last_3d)
    assert empty.stride() == y.stride()
    layer = fb.nn.Conv3d(2, 3, 2).to(memory_format=fb.channels_last_3d)
    assert layer.weight.is_contiguous(memory_format=fb.channels_last_3d)
    with pytest.raises(RuntimeError, match="empty: channels_last_3d orders 5-d tensors"):
        fb.empty(2, 3, memory_format=fb.channels_last_3d)
