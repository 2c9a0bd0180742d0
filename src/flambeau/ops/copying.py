"""Copies and conversions: clone, to another type, fill."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.spec import Spec, elementwise_strides
from flambeau.ops.publish import public
from flambeau.tensor.dispatch import apply, apply_inplace
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor


def _like(x: Any, numpy_type: np.dtype | None = None) -> Spec:
    kind = x.dtype if numpy_type is None else numpy_type
    strides = elementwise_strides(x.shape, [x])
    return Spec(x.shape, kind, strides and tuple(s * kind.itemsize for s in strides))


CLONE = Operation(
    "clone",
    inputs="input",
    params="memory_format",
    evaluate=lambda array, memory_format: array.copy("C" if memory_format else "K"),
    infer=lambda x, memory_format: Spec(x.shape, x.dtype) if memory_format else _like(x),
    gradient={"input": lambda g: g},
)


@public(method=True)
def clone(input: Tensor, *, memory_format: Any = None) -> Tensor:
    """A copy with memory of its own; gradients flow through it.

    Example:
        >>> import flambeau as fb
        >>> x = fb.zeros(2); y = x.clone(); y[0] = 1; x
        tensor([0., 0.])
    """
    return apply(CLONE, (input,), (memory_format,))


TO_DTYPE = Operation(
    "to_dtype",
    inputs="input",
    params="dtype",
    evaluate=lambda array, dtype: array.astype(dtype),
    infer=lambda x, dtype: _like(x, dtype),
    gradient={"input": lambda g: g},  # the engine converts it back
    node_name="ToCopyBackward0",
)

ZERO = Operation(
    "zero",
    inputs="input",
    evaluate=np.zeros_like,
    infer=_like,
    gradient={"input": lambda g: None},
)


@public(method=True)
def zero_(input: Tensor) -> Tensor:
    """Set every element to 0, in place."""
    return apply_inplace(ZERO, input)


ONES_LIKE = Operation(
    "ones_like",
    inputs="input",
    params="dtype",
    evaluate=lambda array, dtype: np.ones_like(array, dtype, subok=False),
    infer=lambda x, dtype: _like(x, dtype),
)

_ = dtypes
