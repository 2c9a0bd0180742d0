"""Complex numbers seen as pairs of real ones, and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.core.spec import Spec
from flambeau.ops.publish import public
from flambeau.ops.slicing import SELECT
from flambeau.ops.view_record import require_tensor, view_of, view_operation
from flambeau.tensor.dispatch import apply
from flambeau.tensor.tensor import Tensor


def _pairs(array: np.ndarray) -> np.ndarray:
    kind = dtypes.of(array.dtype).to_real().numpy
    return array[..., None].view(kind)


def _infer_pairs(x: Any) -> Spec:
    kind = dtypes.of(x.dtype).to_real().numpy
    return Spec((*x.shape, 2), kind, (*x.strides, kind.itemsize))


VIEW_AS_REAL = view_operation(
    "view_as_real",
    _pairs,
    gradient={"input": lambda g: apply(VIEW_AS_COMPLEX, (g.contiguous(),))},
    infer=_infer_pairs,
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 3), dtype=np.dtype(np.complex128)),)),
        make.sample(inputs=(make.tensor((), dtype=np.dtype(np.complex128)),)),
        make.sample(inputs=(make.tensor((0,), dtype=np.dtype(np.complex128)),)),
    ],
)


def _numbers(array: np.ndarray) -> np.ndarray:
    kind = dtypes.of(array.dtype).to_complex().numpy
    if not array.size:  # whose strides NumPy may have set to anything
        return array.reshape(-1).view(kind).reshape(array.shape[:-1])
    return array.view(kind)[..., 0]


def _infer_numbers(x: Any) -> Spec:
    kind = dtypes.of(x.dtype).to_complex().numpy
    _check_pairs(x)
    return Spec(x.shape[:-1], kind, x.strides[:-1])


def _check_pairs(x: Any) -> None:
    shape, strides, itemsize = tuple(x.shape), tuple(x.strides), x.dtype.itemsize
    if x.dtype not in (np.float32, np.float64):
        raise RuntimeError(
            message(
                "view_as_complex: only float32 and float64 tensors",
                expected="torch.float32 or torch.float64",
                got=str(dtypes.of(x.dtype)),
            )
        )
    if not shape or shape[-1] != 2:
        raise RuntimeError(
            message(
                "view_as_complex: the last dimension must hold pairs",
                expected="a last dimension of size 2",
                got=f"shape {shape}",
            )
        )
    if 0 in shape:  # nothing lies anywhere
        return
    if strides[-1] != itemsize or any(s % (2 * itemsize) for s in strides[:-1]):
        raise RuntimeError(
            message(
                "view_as_complex: pairs must lie side by side in memory",
                expected="stride 1 in the last dimension, even ones in the others",
                got=f"strides {tuple(s // itemsize for s in strides)}",
                help="use contiguous() first",
            )
        )


VIEW_AS_COMPLEX = view_operation(
    "view_as_complex",
    _numbers,
    gradient={"input": lambda g: apply(VIEW_AS_REAL, (g,))},
    infer=_infer_numbers,
    check=_check_pairs,
    samples=lambda make: [
        make.sample(inputs=(make.tensor((3, 2)),)),
        make.sample(inputs=(make.tensor((2,)),)),
        make.sample(inputs=(make.tensor((0, 2)),)),
        make.error((make.tensor((3,)),), (), RuntimeError),
    ],
)


@public()
def view_as_real(input: Tensor) -> Tensor:
    """A view of complex numbers as a last dimension of real and imaginary parts.

    Raises:
        RuntimeError: for real tensors.

    Example:
        >>> import flambeau as fb
        >>> fb.view_as_real(fb.tensor([1 + 2j]))
        tensor([[1., 2.]])
    """
    if require_tensor("view_as_real", input).dtype.kind != "c":
        raise RuntimeError(
            message("view_as_real: only complex tensors", expected="complex", got=str(input.dtype))
        )
    return view_of(VIEW_AS_REAL, input, ())


@public()
def view_as_complex(input: Tensor) -> Tensor:
    """A view of a last dimension of size 2 as complex numbers.

    Raises:
        RuntimeError: if there is no such dimension, or its pairs do not lie side by side.

    Example:
        >>> import flambeau as fb
        >>> fb.view_as_complex(fb.tensor([[1., 2.]]))
        tensor([1.+2.j])
    """
    require_tensor("view_as_complex", input)
    return apply(VIEW_AS_COMPLEX, (input,))


@public()
def imag(input: Tensor) -> Tensor:
    """The imaginary parts, as a view.

    Raises:
        RuntimeError: for real tensors.

    Example:
        >>> import flambeau as fb
        >>> fb.imag(fb.tensor([1 + 2j]))
        tensor([2.])
    """
    if require_tensor("imag", input).dtype.kind != "c":
        raise RuntimeError(
            message(
                "imag: not defined on real tensors",
                expected="a complex tensor",
                got=str(input.dtype),
                help="the imaginary part of a real tensor is zero",
            )
        )
    pairs = view_of(VIEW_AS_REAL, input, ())
    return view_of(SELECT, pairs, (input._array.ndim, 1))


def _set_imag(self: Tensor, value: Any) -> None:
    imag(self).copy_(value)  # type: ignore[attr-defined]


Tensor.imag = property(imag, _set_imag)  # type: ignore[attr-defined]
