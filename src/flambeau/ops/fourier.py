"""The records of discrete Fourier transforms: complex, from real, and to real numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import ShapeError, message
from flambeau.core.spec import Spec
from flambeau.ops.publish import PUBLIC
from flambeau.tensor.construction import from_numpy
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor

# How a transform of n points is scaled: not at all, by 1/√n, by 1/n. NumPy says it by direction.
NONE, ROOT, FULL = 0, 1, 2
_FORWARD: tuple[Any, ...] = ("backward", "ortho", "forward")
_INVERSE: tuple[Any, ...] = ("forward", "ortho", "backward")


def complex_kind(kind: np.dtype) -> np.dtype:
    """The complex type beside a floating-point type."""
    return np.dtype(
        np.complex64 if kind.itemsize == 4 or kind.name == "complex64" else np.complex128
    )


def _check(name: str, x: Any, dims: tuple[int, ...], kind: str) -> None:
    if x.dtype.kind != kind or x.dtype.itemsize < 4:
        wanted = "complex64 or complex128" if kind == "c" else "float32 or float64"
        raise RuntimeError(
            message(f"{name}: a wrong type", expected=wanted, got=str(dtypes.of(x.dtype)))
        )
    for dim in dims:
        if x.shape[dim] < 1:
            raise ShapeError(
                message(
                    f"{name}: nothing to transform",
                    expected="at least one element along each transformed dimension",
                    got=f"shape {tuple(x.shape)}",
                )
            )


def _complex(x: np.ndarray, dims: tuple[int, ...], scale: int, forward: bool) -> np.ndarray:
    if forward:
        return np.fft.fftn(x, axes=dims, norm=_FORWARD[scale])
    return np.fft.ifftn(x, axes=dims, norm=_INVERSE[scale])


def _infer_complex(x: Any, dims: tuple[int, ...], scale: int, forward: bool) -> Spec:
    _check("fft", x, dims, "c")
    return Spec(x.shape, x.dtype)


def transform(x: Tensor, dims: tuple[int, ...], scale: int, forward: bool) -> Tensor:
    """The transform of a complex tensor along dimensions."""
    return apply(COMPLEX, (x,), (dims, scale, forward))


COMPLEX = Operation(
    "fft_c2c",
    inputs="input",
    params="dims scale forward",
    evaluate=_complex,
    infer=_infer_complex,
    gradient={
        "input": lambda g, dims, scale, forward: transform(g, dims, scale, not forward),
    },
    node_name="FftC2CBackward0",
    strict=True,
    samples=lambda make: [
        make.sample((make.tensor((4,), dtype=np.complex128),), ((0,), NONE, True)),
        make.sample((make.tensor((2, 3), dtype=np.complex128),), ((1, 0), FULL, False)),
        make.sample((make.tensor((0, 3), dtype=np.complex64),), ((1,), ROOT, True)),
        make.error((make.tensor((3,)),), ((0,), NONE, True), RuntimeError),
        make.error((make.tensor((0,), dtype=np.complex128),), ((0,), NONE, True), RuntimeError),
    ],
)


def _from_real(x: np.ndarray, dims: tuple[int, ...], scale: int, half: bool) -> np.ndarray:
    run = np.fft.rfftn if half else np.fft.fftn
    return run(x, axes=dims, norm=_FORWARD[scale])


def _infer_from_real(x: Any, dims: tuple[int, ...], scale: int, half: bool) -> Spec:
    _check("rfft", x, dims, "f")
    shape = list(x.shape)
    if half:
        shape[dims[-1]] = shape[dims[-1]] // 2 + 1
    return Spec(shape, complex_kind(x.dtype))


def _from_real_gradient(
    g: Any, input_shape: Any, dims: tuple[int, ...], scale: int, half: bool
) -> Tensor:
    if half:
        g = fitted(g, dims[-1], input_shape[dims[-1]])
    return transform(g, dims, scale, False).real  # type: ignore[attr-defined]


FROM_REAL = Operation(
    "fft_r2c",
    inputs="input",
    params="dims scale half",
    evaluate=_from_real,
    infer=_infer_from_real,
    gradient={"input": _from_real_gradient},
    node_name="FftR2CBackward0",
    strict=True,
    samples=lambda make: [
        make.sample((make.tensor((4,)),), ((0,), NONE, True)),
        make.sample((make.tensor((3, 5)),), ((0, 1), ROOT, True)),
        make.sample((make.tensor((2, 3)),), ((0,), FULL, False)),
        make.error((make.integers((3,)),), ((0,), NONE, True), RuntimeError),
        make.error((make.tensor((0,)),), ((0,), NONE, True), RuntimeError),
    ],
)


def _to_real(x: np.ndarray, dims: tuple[int, ...], scale: int, size: int) -> np.ndarray:
    sizes = [x.shape[d] for d in dims[:-1]] + [size]
    return np.fft.irfftn(x, s=sizes, axes=dims, norm=_INVERSE[scale])


def _infer_to_real(x: Any, dims: tuple[int, ...], scale: int, size: int) -> Spec:
    _check("irfft", x, dims, "c")
    if size < 1 or x.shape[dims[-1]] != size // 2 + 1:
        raise ShapeError(
            message(
                "irfft: the sizes do not fit",
                expected=f"{size // 2 + 1} elements for a result of {size}, which is at least 1",
                got=f"shape {tuple(x.shape)}",
            )
        )
    shape = list(x.shape)
    shape[dims[-1]] = size
    return Spec(shape, dtypes.of(x.dtype).to_real().numpy)


def _to_real_gradient(g: Any, dims: tuple[int, ...], scale: int, size: int) -> Tensor:
    """Elements that stand for two count twice."""
    half: Any = apply(FROM_REAL, (g,), (dims, scale, True))
    counts = np.full(size // 2 + 1, 2.0)
    counts[0] = 1.0
    if size % 2 == 0:
        counts[-1] = 1.0
    shape = [1] * g._array.ndim
    shape[dims[-1]] = -1
    return half * from_numpy(counts).to(g.dtype).reshape(shape)


TO_REAL = Operation(
    "fft_c2r",
    inputs="input",
    params="dims scale size",
    evaluate=_to_real,
    infer=_infer_to_real,
    gradient={"input": _to_real_gradient},
    node_name="FftC2RBackward0",
    strict=True,
    samples=lambda make: [
        make.sample((make.tensor((3,), dtype=np.complex128),), ((0,), NONE, 4)),
        make.sample((make.tensor((2, 3), dtype=np.complex128),), ((0, 1), FULL, 5)),
        make.sample((make.tensor((1, 2), dtype=np.complex64),), ((0,), ROOT, 1)),
        make.error((make.tensor((3,)),), ((0,), NONE, 4), RuntimeError),
        make.error((make.tensor((3,), dtype=np.complex128),), ((0,), NONE, 0), RuntimeError),
    ],
)


# --- sizes --------------------------------------------------------------------------------------


def fitted(x: Any, dim: int, size: int) -> Any:
    """A tensor cut off, or continued with zeros, along a dimension."""
    have = x._array.shape[dim]
    if have > size:
        return x.narrow(dim, 0, size)
    if have < size:
        shape = list(x._array.shape)
        shape[dim] = size - have
        return PUBLIC["cat"]((x, PUBLIC["zeros"](tuple(shape), dtype=x.dtype)), dim)
    return x
