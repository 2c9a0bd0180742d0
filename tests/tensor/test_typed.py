"""Older names of tensors: classes by type, variables, devices that are not there."""

from __future__ import annotations

import numpy as np
import pytest

import flambeau as fb


def test_values_and_sizes() -> None:
    assert fb.FloatTensor([1, 2]).dtype is fb.float32
    assert fb.LongTensor([1.5, 2]).tolist() == [1, 2]
    assert fb.DoubleTensor(np.ones(2, np.float32)).dtype is fb.float64
    assert fb.ByteTensor(2, 3).shape == (2, 3)
    assert fb.BoolTensor([1, 0]).tolist() == [True, False]
    assert fb.IntTensor(fb.Size([2, 2])).shape == (2, 2)
    assert fb.HalfTensor().shape == (0,)


def test_a_tensor_is_shared() -> None:
    x = fb.ones(2)
    fb.FloatTensor(x).add_(1)
    assert x.tolist() == [2.0, 2.0]


def test_isinstance_asks_for_the_type() -> None:
    assert isinstance(fb.ones(1), fb.FloatTensor)
    assert not isinstance(fb.ones(1), fb.LongTensor)
    assert not isinstance([1.0], fb.FloatTensor)


def test_conversion() -> None:
    assert fb.ones(1).type(fb.LongTensor).dtype is fb.int64
    assert fb.ones(1).type("torch.DoubleTensor").dtype is fb.float64
    assert repr(fb.FloatTensor) == "<class 'torch.FloatTensor'>"


def test_another_type_is_refused() -> None:
    with pytest.raises(TypeError) as error:
        fb.FloatTensor(fb.tensor([1]))
    assert str(error.value) == (
        "FloatTensor: the tensor is of another type\n"
        "  expected: torch.float32\n"
        "  got:      torch.int64\n"
        "  help:     convert it with .to(torch.float32)"
    )


def test_variable() -> None:
    x = fb.ones(2)
    v = fb.autograd.Variable(x, requires_grad=True)
    assert isinstance(v, fb.Tensor)
    assert isinstance(x, fb.autograd.Variable)
    assert v.requires_grad
    assert v.data_ptr() == x.data_ptr()
    assert not x.requires_grad
    with pytest.raises(TypeError) as error:
        fb.autograd.Variable([1.0])  # type: ignore[arg-type]
    assert str(error.value) == (
        "Variable: not a tensor\n"
        "  expected: a tensor\n"
        "  got:      list\n"
        "  help:     make one with flambeau.tensor(...)"
    )


def test_there_are_no_other_devices() -> None:
    assert not fb.cuda.is_available()
    assert not fb.backends.mps.is_available()
    assert not fb.accelerator.is_available()
    assert fb.accelerator.current_accelerator() is None
    assert fb.cuda.device_count() == fb.cuda.max_memory_allocated() == 0
    fb.cuda.manual_seed_all(0)
    fb.cuda.empty_cache()
    assert str(fb.device("cuda" if fb.cuda.is_available() else "cpu")) == "cpu"
    with pytest.raises(RuntimeError) as error:
        fb.zeros(1).cuda()
    assert str(error.value) == (
        "cuda: only the CPU is available\n"
        "  expected: 'cpu'\n"
        "  got:      'cuda'\n"
        "  help:     guard the call with flambeau.cuda.is_available()"
    )


def test_questions_about_tensors() -> None:
    assert fb.result_type(fb.ones(2, dtype=fb.int32), 1.5) is fb.float32
    assert fb.result_type(fb.ones(2, dtype=fb.float16), fb.tensor(1.0)) is fb.float16
    assert fb.result_type(1, 2) is fb.int64
    assert fb.is_nonzero(fb.tensor(2.0))
    assert fb.is_signed(fb.tensor(2.0))
    assert fb.ones(1).get_device() == -1
    assert not fb.detach(fb.ones(1, requires_grad=True)).requires_grad


def test_numbers() -> None:
    assert (fb.inf, fb.pi, fb.e) == (float("inf"), np.pi, np.e)
    assert np.isnan(fb.nan)
    assert fb.ones(2)[fb.newaxis].shape == (1, 2)
