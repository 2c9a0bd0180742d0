"""Construction, exchange and copies against PyTorch: what is printed, and types of errors."""

import copy
import pickle
import warnings
from typing import Any

import numpy as np
import pytest

import flambeau as fb

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.peers

EXPRESSIONS = """
x.numpy()
x.numpy(force=True)
np.asarray(y)
np.asarray(x)
np.array(y,dtype=np.float64)
np.sin(y)
np.add(y,y)
np.add(np.ones(3),y[0])
np.ones(3)+y[0]
np.float64(2)*y[0]
np.concatenate([y,y])
y.bfloat16().numpy()
lib.tensor(y)
lib.tensor([y[0],y[1]])
lib.tensor([y[0,0],2])
lib.tensor([[1,2],[3]])
lib.tensor(['a'])
lib.tensor('a')
lib.tensor(None)
lib.tensor([None])
lib.tensor([1,2.5,True])
lib.tensor([True,2])
lib.tensor([1,2j])
lib.tensor([])
lib.tensor([[],[]]).shape
lib.tensor(np.float32(2))
lib.tensor(np.ones(2,np.uint16))
lib.tensor([np.ones(2),np.ones(2)])
lib.tensor([np.float32(2),np.float32(3)]).dtype
lib.tensor([np.float64(2)]).dtype
lib.tensor([np.int32(2)]).dtype
lib.tensor(np.int32(2)).dtype
lib.tensor(np.array(['a']))
lib.tensor(300,dtype=lib.uint8)
lib.tensor([300],dtype=lib.uint8)
lib.tensor(-1,dtype=lib.uint8)
lib.tensor(2.7,dtype=lib.int64)
lib.tensor([2.7],dtype=lib.int64)
lib.tensor([2**63])
lib.tensor(2**63)
lib.tensor(2**70)
lib.tensor([1.5],dtype=lib.bool)
lib.tensor(1+2j,dtype=lib.float32)
lib.tensor(float('nan'),dtype=lib.int32)
lib.tensor(range(3))
lib.tensor({1,2})
lib.tensor({1:2})
lib.tensor(b'ab')
lib.tensor(bytearray(b'ab'))
lib.tensor([1,2],requires_grad=True)
lib.as_tensor([1,2])
lib.as_tensor(y) is y
lib.as_tensor(y,dtype=lib.float64).dtype
lib.asarray(y) is y
lib.asarray(y,copy=True) is y
lib.asarray([1,2])
lib.asarray(x).requires_grad
lib.asarray(x,requires_grad=True) is x
lib.asarray(b'abcd',dtype=lib.uint8)
lib.asarray(np.float32(2))
lib.asarray(3)
lib.frombuffer(b'abcdefgh',dtype=lib.int32)
lib.frombuffer(bytearray(b'abcdefgh'),dtype=lib.int32)
lib.frombuffer(bytearray(b'abcdefgh'),dtype=lib.int32,count=1,offset=4)
lib.frombuffer(bytearray(b'abcdefg'),dtype=lib.int32)
lib.frombuffer(bytearray(b''),dtype=lib.int32)
lib.from_numpy(np.ones(3)[::-1])
lib.from_numpy(np.float32(2))
lib.from_numpy(np.ones(2,'>f4'))
lib.from_numpy(np.ones(2,np.float16))
lib.from_numpy(np.array(2))
x.__dlpack__()
lib.from_dlpack(np.ones(3))
lib.tensor(1.5,dtype=lib.bfloat16).tolist()
len(lib.tensor(1))
list(lib.tensor(1))
2 in lib.tensor([1,2])
'a' in lib.tensor([1])
lib.from_numpy([1])
np.array([y[0],y[1]])
y.__array__().dtype
lib.Tensor([1,2])
lib.Tensor(2,3).shape
lib.Tensor((2,3))
lib.Tensor(lib.Size([2,3])).shape
lib.Tensor(np.ones(2))
lib.Tensor()
lib.Tensor(2.5)
lib.tensor([1e300])
lib.tensor([1e300],dtype=lib.float16)
lib.tensor(1e300)
lib.tensor([float('nan')],dtype=lib.int64)
lib.tensor(float('inf'),dtype=lib.int64)
lib.tensor([lib.tensor([1.])])
lib.tensor([lib.tensor([1.]),lib.tensor([2.])])
lib.tensor([[lib.tensor(1.)],[2]])
lib.tensor([lib.tensor([1.,2.])])
np.isnan(y)
np.greater(y,0)
np.isnan(y[0,0])
np.sin(y[0,0])
np.sin(x)
lib.tensor([lib.tensor(1),2.5])
lib.tensor([lib.tensor(1.,dtype=lib.float64),2])
lib.tensor([x[0],2.])
lib.tensor([2**31],dtype=lib.int32)
lib.tensor([-300],dtype=lib.uint8)
lib.tensor([-255],dtype=lib.uint8)
lib.tensor([1+2j],dtype=lib.float32)
lib.tensor([1.9,-1.9],dtype=lib.int32)
lib.tensor([True],dtype=lib.float32)
lib.tensor([],dtype=lib.int64)
lib.tensor([[1],2])
lib.tensor([1,[2]])
lib.tensor(np.array([1.5]),dtype=lib.int32)
lib.tensor(memoryview(b'ab'))
lib.tensor(iter([1]))
lib.tensor(object())
lib.tensor([object()])
copy.deepcopy(z)
copy.copy(z).grad_fn
copy.copy(z).requires_grad
pickle.loads(pickle.dumps(z)).requires_grad
copy.copy(x).is_leaf
copy.copy(y).data_ptr()==y.data_ptr()
np.from_dlpack(y).flags.writeable
lib.as_tensor(np.ones(2)).dtype
lib.as_tensor(np.float32(3))
lib.asarray(np.ones(2),copy=False).dtype
lib.asarray([1],copy=False)
lib.asarray(np.ones(2),dtype=lib.float32,copy=False)
""".strip().splitlines()

ERRORS = (RuntimeError, TypeError, ValueError, IndexError, BufferError, AttributeError)


def evaluate(expression: str, lib: Any) -> Any:
    x, y = lib.ones(2, requires_grad=True), lib.ones(2, 3)
    names = {"lib": lib, "x": x, "y": y, "z": x * 2, "np": np, "copy": copy, "pickle": pickle}
    try:
        return repr(eval(expression, names))
    except ERRORS as error:
        return error


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_prints_the_same_or_fails_the_same(expression: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs, ours = evaluate(expression, torch), evaluate(expression, fb)
    if isinstance(theirs, Exception) or isinstance(ours, Exception):
        assert isinstance(theirs, Exception), repr(ours)
        assert isinstance(ours, type(theirs)), (repr(theirs), repr(ours))
    else:
        assert ours == theirs


def test_memory_goes_to_pytorch_and_back() -> None:
    x = fb.zeros(2, 3)
    theirs = torch.from_dlpack(x)
    theirs[1, 2] = 5
    again = fb.from_dlpack(theirs.t())
    again[0, 0] = 7
    assert x.tolist() == [[7, 0, 0], [0, 0, 5]]
    assert again.stride() == (1, 3)
    capsule = torch.utils.dlpack.to_dlpack(theirs)
    by_capsule = fb.from_dlpack(capsule)
    by_capsule.mul_(2)
    assert x.tolist() == [[14, 0, 0], [0, 0, 10]]
    with pytest.raises(BufferError):
        fb.ones(1, requires_grad=True).__dlpack__()


@pytest.mark.parametrize("name", ["float16", "float64", "int8", "uint8", "bool", "complex64"])
def test_types_survive_dlpack(name: str) -> None:
    x = fb.tensor([0, 1, 1]).to(getattr(fb, name))
    theirs = torch.from_dlpack(x)
    assert str(theirs.dtype) == str(x.dtype)
    assert fb.from_dlpack(theirs).tolist() == x.tolist()
