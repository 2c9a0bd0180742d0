"""Blocks that slide over images as columns, and the way back."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from flambeau.core.dtypes import of
from flambeau.core.errors import message
from flambeau.core.repeated import integers
from flambeau.core.spec import Spec
from flambeau.ops.convolution import places_of
from flambeau.ops.convolution_kernels import Windows, windows_of
from flambeau.ops.padding_constant import CONSTANT_PAD
from flambeau.ops.publish import PUBLIC
from flambeau.ops.reduction import is_reduced
from flambeau.ops.slicing import SLICE, SLICE_BACKWARD
from flambeau.ops.view_record import require_tensor
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor

Ints = tuple[int, ...]
_PARAMS = "kernel dilation padding stride"


def _refuse(name: str, problem: str, expected: str, got: str) -> RuntimeError:
    return RuntimeError(message(f"{name}: {problem}", expected=expected, got=got))


def _check_type(name: str, x: Any) -> None:
    if x.dtype.kind in "iu":
        raise NotImplementedError(
            message(
                f"{name}: not defined on integers",
                expected="a floating-point, complex or bool tensor",
                got=str(of(x.dtype)),
                help="convert with .float()",
            )
        )


def _places(
    name: str, sizes: Ints, kernel: Ints, dilation: Ints, padding: Ints, stride: Ints
) -> Ints:
    for what, values, least in (
        ("kernel_size", kernel, 1),
        ("dilation", dilation, 1),
        ("padding", padding, 0),
        ("stride", stride, 1),
    ):
        if min(values) < least:
            raise _refuse(name, f"{what} is too small", f"{what} >= {least}", str(values))
    places = places_of(sizes, kernel, stride, padding, dilation)
    if min(places) < 1:
        got = f"sizes {sizes}, kernel_size={kernel}, dilation={dilation}, padding={padding}"
        raise _refuse(name, "the blocks do not fit", "blocks within the padded image", got)
    return places


def _infer(x: Any, *params: Ints) -> Spec:
    if x.ndim not in (3, 4) or 0 in x.shape[-3:]:
        expected = "(n, c, height, width) or (c, height, width), none but n empty"
        raise _refuse("unfold", "not an image", expected, f"shape {tuple(x.shape)}")
    _check_type("unfold", x)
    *ahead, channels, height, width = x.shape
    places = _places("unfold", (height, width), *params)
    return Spec((*ahead, channels * prod(params[0]), prod(places)), x.dtype)


def _windows(channels: int, sizes: Ints, params: tuple[Ints, ...], kind: np.dtype) -> Windows:
    kernel, dilation, padding, stride = params
    places = places_of(sizes, kernel, stride, padding, dilation)
    return windows_of(channels, sizes, kernel, places, stride, padding, dilation, kind)


def _evaluate(x: np.ndarray, *params: Ints) -> np.ndarray:
    if x.ndim == 3:
        return _evaluate(x[None], *params)[0]
    count, channels = x.shape[:2]
    windows = _windows(channels, x.shape[2:], params, x.dtype)
    x = np.ascontiguousarray(x)
    if windows.padded != windows.sizes:
        padded = np.zeros((count, channels, *windows.padded), x.dtype)
        windows.interior(padded)[...] = x
        x = padded
    shape = (count, channels, *windows.kernel, *windows.places)
    out = np.empty(shape, x.dtype)
    for offset, part in windows.shifts(x):
        out[(slice(None), slice(None), *offset)] = part
    return out.reshape(count, channels * prod(windows.kernel), prod(windows.places))


def _infer_back(columns: Any, sizes: Ints, *params: Ints) -> Spec:
    kernel = params[0]
    if columns.ndim not in (2, 3) or 0 in columns.shape[-2:]:
        expected = "(n, c · kernel, blocks) or (c · kernel, blocks), none but n empty"
        raise _refuse("fold", "no columns", expected, f"shape {tuple(columns.shape)}")
    _check_type("fold", columns)
    places = _places("fold", sizes, *params)
    *ahead, rows, blocks = columns.shape
    if rows % prod(kernel) or blocks != prod(places):
        expected = f"(n, a multiple of {prod(kernel)}, {prod(places)})"
        raise _refuse("fold", "the columns do not fit", expected, f"shape {tuple(columns.shape)}")
    return Spec((*ahead, rows // prod(kernel), *sizes), columns.dtype)


def _evaluate_back(columns: np.ndarray, sizes: Ints, *params: Ints) -> np.ndarray:
    if columns.ndim == 2:
        return _evaluate_back(columns[None], sizes, *params)[0]
    kind = columns.dtype
    count, rows, _ = columns.shape
    channels = rows // prod(params[0])
    wide = np.dtype(np.float32) if is_reduced(kind) else kind
    windows = _windows(channels, sizes, params, wide)
    target = np.zeros((count, channels, *windows.padded), wide)
    parts = columns.reshape(count, channels, *windows.kernel, *windows.places)
    for offset, place in windows.shifts(target):
        place += parts[(slice(None), slice(None), *offset)]
    return np.ascontiguousarray(windows.interior(target)).astype(kind, copy=False)


def _in_parts(x: Any, *params: Ints) -> Any:
    """Padding, a strided slice for each element of a block, and one stack."""
    if x.ndim == 3:
        return _in_parts(x.unsqueeze(0), *params).squeeze(0)
    kernel = params[0]
    windows = _windows(x._array.shape[1], tuple(x._array.shape[2:]), params, x._array.dtype)
    x = _bordered(x, windows)
    parts = []
    for _, index in _indices(windows):
        part = x
        for dim, along in enumerate(index, 2):
            part = apply(SLICE, (part,), (dim, along.start, along.stop, along.step))
        parts.append(part)
    stacked = PUBLIC["stack"](parts, 2)
    return stacked.reshape(x.shape[0], x.shape[1] * prod(kernel), prod(windows.places))


def _bordered(x: Any, windows: Windows) -> Any:
    pad: list[int] = []
    for n, p, e in zip(windows.sizes[::-1], windows.padding[::-1], windows.padded[::-1]):
        pad += [p, e - n - p]
    return apply(CONSTANT_PAD, (x,), (tuple(pad), 0)) if any(pad) else x


def _indices(windows: Windows) -> list[tuple[Ints, list[slice]]]:
    found = []
    for offset in np.ndindex(*windows.kernel):
        index = []
        parts = zip(offset, windows.dilation, windows.places, windows.stride)
        for o, d, n, s in parts:
            index.append(slice(o * d, o * d + (n - 1) * s + 1, s))
        found.append((offset, index))
    return found


def _back_in_parts(columns: Any, sizes: Ints, *params: Ints) -> Any:
    if columns.ndim == 2:
        return _back_in_parts(columns.unsqueeze(0), sizes, *params).squeeze(0)
    count, rows, _ = columns._array.shape
    channels = rows // prod(params[0])
    windows = _windows(channels, sizes, params, columns._array.dtype)
    parts = columns.reshape(count, channels, *windows.kernel, *windows.places)
    shape: Ints = (count, channels, *windows.padded)
    total = None
    for offset, (rows_, across) in _indices(windows):
        part = parts.select(2, offset[0]).select(2, offset[1])
        between = (*shape[:3], windows.places[1])
        down = (2, rows_.start, rows_.stop, rows_.step)
        part = apply(SLICE_BACKWARD, (part,), (between, *down))
        right = (3, across.start, across.stop, across.step)
        part = apply(SLICE_BACKWARD, (part,), (shape, *right))
        total = part if total is None else total + part
    for dim, (p, n) in enumerate(zip(windows.padding, sizes), 2):
        total = total.narrow(dim, p, n)  # type: ignore[union-attr]
    return total


IM2COL = Operation(
    "im2col",
    inputs="input",
    params=_PARAMS,
    evaluate=_evaluate,
    infer=_infer,
    gradient={
        "input": lambda g, input_shape, kernel, dilation, padding, stride: apply(
            COL2IM, (g,), (tuple(input_shape[-2:]), kernel, dilation, padding, stride)
        )
    },
    node_name="Im2ColBackward0",
    strict=True,
    decompose=_in_parts,
    samples=lambda make: [
        make.sample((make.tensor((1, 2, 3, 4)),), ((2, 2), (1, 1), (0, 0), (1, 1))),
        make.sample((make.transposed((2, 1, 3, 4)),), ((2, 1), (2, 1), (1, 0), (1, 2))),
        make.sample((make.tensor((2, 3, 4)),), ((2, 2), (1, 1), (0, 0), (1, 1))),
        make.sample((make.tensor((0, 2, 3, 4)),), ((2, 2), (1, 1), (0, 0), (1, 1))),
        make.error((make.tensor((1, 2, 3, 4)),), ((5, 5), (1, 1), (0, 0), (1, 1)), RuntimeError),
        make.error((make.tensor((1, 2, 3, 4)),), ((2, 2), (1, 1), (0, 0), (0, 1)), RuntimeError),
        make.error(
            (make.integers((1, 2, 3, 4)),),
            ((2, 2), (1, 1), (0, 0), (1, 1)),
            NotImplementedError,
        ),
    ],
)

COL2IM = Operation(
    "col2im",
    inputs="input",
    params=f"sizes {_PARAMS}",
    evaluate=_evaluate_back,
    infer=_infer_back,
    gradient={
        "input": lambda g, kernel, dilation, padding, stride: apply(
            IM2COL, (g,), (kernel, dilation, padding, stride)
        )
    },
    node_name="Col2ImBackward0",
    strict=True,
    decompose=_back_in_parts,
    samples=lambda make: [
        make.sample((make.tensor((1, 8, 6)),), ((3, 4), (2, 2), (1, 1), (0, 0), (1, 1))),
        make.sample((make.tensor((2, 2, 6)),), ((3, 4), (2, 1), (2, 1), (1, 0), (1, 2))),
        make.sample((make.tensor((8, 6)),), ((3, 4), (2, 2), (1, 1), (0, 0), (1, 1))),
        make.error(
            (make.tensor((1, 7, 6)),), ((3, 4), (2, 2), (1, 1), (0, 0), (1, 1)), RuntimeError
        ),
        make.error(
            (make.tensor((1, 8, 5)),), ((3, 4), (2, 2), (1, 1), (0, 0), (1, 1)), RuntimeError
        ),
    ],
)


def unfold(
    input: Tensor, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Tensor:
    """The blocks that slide over images, each as a column.

    Args:
        input: (n, c, height, width), or without n.
        kernel_size: a block's height and width, one number or two.
        dilation: steps between a block's elements, >= 1.
        padding: zeros on both sides, >= 0.
        stride: steps between blocks, >= 1.

    Shape: (n, c, height, width) -> (n, c · elements of a block, blocks).

    Raises:
        RuntimeError: if the blocks do not fit.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.functional.unfold(fb.tensor([[[1., 2., 3.]]]), (1, 2))
        tensor([[1., 2.],
                [2., 3.]])
    """
    array = require_tensor("unfold", input)
    pair = [
        integers("unfold", what, value, 2)
        for what, value in (
            ("kernel_size", kernel_size),
            ("dilation", dilation),
            ("padding", padding),
            ("stride", stride),
        )
    ]
    if array.ndim < 3:
        raise IndexError(
            message(
                "unfold: not an image",
                expected="(n, c, height, width) or (c, height, width)",
                got=f"shape {tuple(array.shape)}",
            )
        )
    return apply(IM2COL, (input,), tuple(pair))


def fold(
    input: Tensor,
    output_size: Any,
    kernel_size: Any,
    dilation: Any = 1,
    padding: Any = 0,
    stride: Any = 1,
) -> Tensor:
    """Add columns to where :func:`unfold` took them from.

    Args:
        input: (n, c · elements of a block, blocks), or without n.
        output_size: the image's height and width.
        kernel_size, dilation, padding, stride: those of :func:`unfold`.

    Shape: (n, c · elements of a block, blocks) -> (n, c, *output_size).

    Raises:
        RuntimeError: if the columns do not fit.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.functional.fold(fb.tensor([[1., 2.], [2., 3.]]), (1, 3), (1, 2))
        tensor([[[1., 4., 3.]]])
    """
    require_tensor("fold", input)
    pair = [
        integers("fold", what, value, 2)
        for what, value in (
            ("output_size", output_size),
            ("kernel_size", kernel_size),
            ("dilation", dilation),
            ("padding", padding),
            ("stride", stride),
        )
    ]
    return apply(COL2IM, (input,), tuple(pair))
