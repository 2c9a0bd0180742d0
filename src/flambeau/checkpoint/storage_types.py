"""The names under which PyTorch's files speak of data types."""

from __future__ import annotations

from flambeau.core import dtypes

# The class of a storage says the type of its elements.
STORAGE_CLASSES = {
    "BoolStorage": dtypes.bool_,
    "ByteStorage": dtypes.uint8,
    "CharStorage": dtypes.int8,
    "ShortStorage": dtypes.int16,
    "IntStorage": dtypes.int32,
    "LongStorage": dtypes.int64,
    "HalfStorage": dtypes.float16,
    "BFloat16Storage": dtypes.bfloat16,
    "FloatStorage": dtypes.float32,
    "DoubleStorage": dtypes.float64,
    "ComplexFloatStorage": dtypes.complex64,
    "ComplexDoubleStorage": dtypes.complex128,
}

CLASS_OF = {dtype: name for name, dtype in STORAGE_CLASSES.items()}

# The types that have no such class lie in storages of bytes, and the tensor says its type.
DTYPES = {dtype.name: dtype for dtype in dtypes.ALL}
