"""PyTorch's older classes of tensors of one type: ``FloatTensor``, ``LongTensor`` and others.

There is one class of tensors. These names make one of their type, and ``isinstance`` with them
asks for the type.
"""

from __future__ import annotations

from typing import Any

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.tensor.construction import legacy_tensor
from flambeau.tensor.tensor import Tensor

CLASS_NAMES = {
    "FloatTensor": dtypes.float32, "DoubleTensor": dtypes.float64, "HalfTensor": dtypes.float16,
    "BFloat16Tensor": dtypes.bfloat16, "ByteTensor": dtypes.uint8, "CharTensor": dtypes.int8,
    "ShortTensor": dtypes.int16, "IntTensor": dtypes.int32, "LongTensor": dtypes.int64,
    "BoolTensor": dtypes.bool_, "ComplexFloatTensor": dtypes.complex64,
    "ComplexDoubleTensor": dtypes.complex128, "UInt16Tensor": dtypes.uint16,
    "UInt32Tensor": dtypes.uint32, "UInt64Tensor": dtypes.uint64,
}  # fmt: skip


class TensorType(type):
    """The class of these classes."""

    dtype: dtypes.dtype

    def __call__(cls, *args: Any, **kwargs: Any) -> Tensor:
        if len(args) == 1 and isinstance(args[0], Tensor) and args[0].dtype is not cls.dtype:
            raise TypeError(
                message(
                    f"{cls.__name__}: the tensor is of another type",
                    expected=str(cls.dtype),
                    got=str(args[0].dtype),
                    help=f"convert it with .to({cls.dtype})",
                )
            )
        return legacy_tensor(cls.__name__, cls.dtype.numpy, args, kwargs.get("device"))

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Tensor) and instance.dtype is cls.dtype

    def __repr__(cls) -> str:
        return f"<class '{dtypes.NAME_PREFIX}{cls.__name__}'>"


def _typed(name: str, dtype: dtypes.dtype) -> TensorType:
    doc = f"Makes tensors of type {dtype}: of given sizes, or of the values of a sequence."
    return TensorType(name, (), {"dtype": dtype, "__doc__": doc, "__module__": "flambeau"})


# Of these PyTorch has classes; it knows the other names as text only.
CLASSES = {
    name: _typed(name, dtype)
    for name, dtype in CLASS_NAMES.items()
    if not name.startswith(("Complex", "UInt"))
}
