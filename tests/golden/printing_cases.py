"""Recorded printing cases: arrays as text that JSON can hold, and back, bit for bit."""

import base64
import json
import zlib
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np

CASES_FILE = Path(__file__).with_name("printing.json")


def numpy_dtype(name: str) -> np.dtype:
    """The NumPy dtype of a name; bfloat16 is ml_dtypes'."""
    return np.dtype(ml_dtypes.bfloat16) if name == "bfloat16" else np.dtype(name)


def repeated_dimensions(array: np.ndarray) -> list[bool]:
    """Which dimensions step over no memory, so that one position stands for all."""
    pairs = zip(array.shape, array.strides, strict=True)
    return [stride == 0 and size > 1 for size, stride in pairs]


def distinct_part(array: np.ndarray) -> np.ndarray:
    """The array without the repeats of its broadcast dimensions, contiguous."""
    picks = [slice(0, 1) if repeat else slice(None) for repeat in repeated_dimensions(array)]
    return np.array(array[tuple(picks)], order="C")


def encode_array(array: np.ndarray) -> dict[str, Any]:
    """An array as its dtype, shape and compressed bytes; broadcast dimensions are kept once."""
    part = distinct_part(array)
    little_endian = part.astype(part.dtype.newbyteorder("<")) if part.dtype.kind != "V" else part
    packed = zlib.compress(little_endian.tobytes(), 9)
    return {
        "dtype": array.dtype.name,
        "shape": list(array.shape),
        "stored_shape": list(part.shape),
        "data": base64.b64encode(packed).decode("ascii"),
    }


def decode_array(record: dict[str, Any]) -> np.ndarray:
    """The array that `encode_array` was given."""
    dtype = numpy_dtype(record["dtype"])
    raw = zlib.decompress(base64.b64decode(record["data"]))
    stored = np.frombuffer(raw, dtype.newbyteorder("<") if dtype.kind != "V" else dtype)
    stored = stored.astype(dtype).reshape(record["stored_shape"])
    return np.broadcast_to(stored, record["shape"])


def read_cases() -> list[dict[str, Any]]:
    """Every recorded case: a name, an array, the arguments of printing, and PyTorch's text."""
    with CASES_FILE.open(encoding="utf-8") as file:
        return json.load(file)
