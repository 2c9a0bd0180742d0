"""Truth values over dimensions, and counts."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core.errors import ValueDependentError, message
from flambeau.core.shapes import wrap_dims
from flambeau.core.spec import Spec
from flambeau.ops.gathering import row_starts
from flambeau.ops.numpy_style import axis_as_dim, numpy_names
from flambeau.ops.publish import public
from flambeau.ops.reduction import SUM, add_reduce, dimensions, reduced_dims, reduced_shape
from flambeau.ops.single import apply_one
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor

_BOOL, _UINT8, _INT64 = np.dtype(np.bool_), np.dtype(np.uint8), np.dtype(np.int64)


def _truth_type(numpy_type: np.dtype) -> np.dtype:
    return _UINT8 if numpy_type == _UINT8 else _BOOL  # PyTorch keeps uint8, its old truth type


def _truth_record(name: str, ufunc: Any) -> Operation:
    def evaluate(array: np.ndarray, dim: tuple[int, ...], keepdim: bool) -> Any:
        kind = array.dtype
        truth = array if kind == _BOOL else array != 0
        result = ufunc.reduce(truth, dim, None, None, keepdim)
        return result.astype(_UINT8) if kind == _UINT8 else result

    return Operation(
        name,
        inputs="input",
        params="dim keepdim",
        evaluate=evaluate,
        infer=lambda x, dim, keepdim: Spec(
            reduced_shape(x.shape, dim, keepdim), _truth_type(x.dtype)
        ),
        samples=_truth_samples,
    )


def _truth_samples(make: Any) -> list[Any]:
    return [
        make.sample(inputs=(make.booleans((2, 3)),), params=((1,), False)),
        make.sample(inputs=(make.integers((2, 3), 0, 2),), params=((0, 1), True)),
        make.sample(inputs=(make.tensor(()),), params=((), False)),
        make.sample(inputs=(make.booleans((0,)),), params=((0,), False)),
        make.sample(inputs=(make.transposed((3, 4)),), params=((0,), False)),
    ]


ANY = _truth_record("any", np.logical_or)
ALL = _truth_record("all", np.logical_and)


def _truth_dims(name: str, dim: Any, ndim: int) -> tuple[int, ...]:
    """``any`` and ``all`` reduce over no dimension for ``()``, unlike sums."""
    if dim.__class__ is tuple or dim.__class__ is list:
        return tuple(sorted(wrap_dims(name, dim, ndim))) if ndim else ()
    return reduced_dims(name, dim, ndim)


@public(method=True)
def any(
    input: Tensor,
    dim: Any = None,
    keepdim: bool = False,
    *,
    out: Any = None,
    axis: Any = None,
    keepdims: bool | None = None,
) -> Tensor:
    """Whether at least one element is true (not 0).

    Args:
        input: a tensor; nan is true.
        dim: a dimension, a tuple of them, or ``None`` for all.
        keepdim: keep the reduced dimensions with size 1.
        out: a tensor to write the result into.

    Shape: the input's without ``dim`` (or with size 1 there). ``any`` of nothing is false.

    Raises:
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([[0, 1], [0, 0]]).any(dim=1)
        tensor([ True, False])
    """
    if axis is not None or keepdims is not None:
        dim, keepdim = numpy_names("any", dim, None, keepdim, axis, keepdims)
    dims = _truth_dims("any", dim, dimensions("any", input))
    result = apply_one(ANY, input, (dims, bool(keepdim)))
    return result if out is None else write_out("any", out, result)


@public(method=True)
def all(
    input: Tensor,
    dim: Any = None,
    keepdim: bool = False,
    *,
    out: Any = None,
    axis: Any = None,
    keepdims: bool | None = None,
) -> Tensor:
    """Whether every element is true (not 0).

    Args:
        input: a tensor; nan is true.
        dim: a dimension, a tuple of them, or ``None`` for all.
        keepdim: keep the reduced dimensions with size 1.
        out: a tensor to write the result into.

    Shape: the input's without ``dim`` (or with size 1 there). ``all`` of nothing is true.

    Raises:
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([[1, 1], [0, 1]]).all(dim=1)
        tensor([ True, False])
    """
    if axis is not None or keepdims is not None:
        dim, keepdim = numpy_names("all", dim, None, keepdim, axis, keepdims)
    dims = _truth_dims("all", dim, dimensions("all", input))
    result = apply_one(ALL, input, (dims, bool(keepdim)))
    return result if out is None else write_out("all", out, result)


COUNT_NONZERO = Operation(
    "count_nonzero",
    inputs="input",
    params="dim",
    evaluate=lambda array, dim: add_reduce(array != 0, dim, _INT64),
    infer=lambda x, dim: Spec(reduced_shape(x.shape, dim, False), _INT64),
    decompose=lambda input, dim: apply(SUM, (input != 0,), (dim, False, _INT64)),
    samples=lambda make: [
        make.sample(inputs=(make.integers((2, 3), 0, 2),), params=((1,),)),
        make.sample(inputs=(make.booleans((2, 3)),), params=((0, 1),)),
        make.sample(inputs=(make.tensor(()),), params=((),)),
        make.sample(inputs=(make.tensor((0,)),), params=((0,),)),
    ],
)


@public(method=True)
def count_nonzero(input: Tensor, dim: Any = None, *, axis: Any = None) -> Tensor:
    """How many elements are not 0.

    Args:
        input: a tensor; nan is not 0.
        dim: a dimension, a tuple of them, or ``None`` for all.

    Shape: the input's without ``dim``.

    Raises:
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([[0, 1], [2, 3]]).count_nonzero(dim=0)
        tensor([1, 2])
    """
    if axis is not None:
        dim = axis_as_dim("count_nonzero", dim, None, axis)
    dims = reduced_dims("count_nonzero", dim, dimensions("count_nonzero", input))
    return apply_one(COUNT_NONZERO, input, (dims,))


# --- one_hot ------------------------------------------------------------------------------------


def _check_labels(index: Any) -> None:
    if index.dtype != _INT64:
        raise RuntimeError(
            message(
                "one_hot: labels have a wrong type",
                expected="a tensor of type torch.int64",
                got=str(index.dtype),
                help="convert it with .long()",
            )
        )


def _one_hot(index: np.ndarray, num_classes: int) -> np.ndarray:
    _check_labels(index)
    low, high = 0, -1
    if index.size:
        flat = index.ravel()
        low, high = flat.item(flat.argmin()), flat.item(flat.argmax())
        if low < 0 or (num_classes >= 0 and high >= num_classes):
            limit = f"0 to {num_classes - 1}" if num_classes >= 0 else "0 upward"
            raise RuntimeError(
                message(
                    "one_hot: a label is out of range",
                    expected=f"labels from {limit}",
                    got=str(low if low < 0 else high),
                )
            )
    elif num_classes <= 0:
        raise RuntimeError(
            message(
                "one_hot: the number of classes cannot be found from no labels",
                expected="num_classes",
                got=f"labels of shape {tuple(index.shape)}",
            )
        )
    count = num_classes if num_classes >= 0 else high + 1
    result = np.zeros((*index.shape, count), _INT64)
    result.reshape(-1)[index.ravel() + row_starts(index.size, count)] = 1
    return result


def _one_hot_spec(index: Any, num_classes: int) -> Spec:
    _check_labels(index)
    if num_classes < 0:
        raise ValueDependentError(
            message(
                "one_hot: the number of classes depends on the labels' values",
                expected="num_classes, where shapes must be known beforehand",
                got=str(num_classes),
                help="pass num_classes=",
            )
        )
    return Spec((*index.shape, num_classes), _INT64)


ONE_HOT = Operation(
    "one_hot",
    inputs="tensor",
    params="num_classes",
    evaluate=_one_hot,
    infer=_one_hot_spec,
    samples=lambda make: [
        make.sample(inputs=(make.integers((2, 3), 0, 4),), params=(5,)),
        make.sample(inputs=(make.integers((), 0, 4),), params=(4,)),
        make.sample(inputs=(make.integers((0,), 0, 4),), params=(4,)),
        make.error((make.tensor((3,)),), (4,), RuntimeError),
    ],
)


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """Rows of zeros with a single 1 where the label says.

    :math:`out_{..., c} = 1` if :math:`tensor_{...} = c`, else 0

    Args:
        tensor: int64 labels from 0 to ``num_classes - 1``.
        num_classes: the size of the new last dimension; the largest label plus 1 if -1.

    Shape: the labels', and ``num_classes`` behind.

    Raises:
        RuntimeError: for labels of another type, or out of range.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.functional.one_hot(fb.tensor([0, 2]), num_classes=3)
        tensor([[1, 0, 0],
                [0, 0, 1]])
    """
    return apply(ONE_HOT, (tensor,), (num_classes,))
