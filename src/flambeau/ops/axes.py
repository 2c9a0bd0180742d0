"""Views that reorder dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flambeau.core.errors import message
from flambeau.core.shapes import size_arguments, wrap_dim, wrap_dims
from flambeau.ops.publish import public
from flambeau.ops.view_record import require_tensor, view_of, view_operation, view_over
from flambeau.tensor.dispatch import apply
from flambeau.tensor.modes import INTERPRETED, MODE
from flambeau.tensor.tensor import Tensor


def inverse(dims: Sequence[int]) -> tuple[int, ...]:
    """The permutation that undoes ``dims``."""
    result = [0] * len(dims)
    for position, dim in enumerate(dims):
        result[dim] = position
    return tuple(result)


TRANSPOSE = view_operation(
    "transpose",
    lambda array, dim0, dim1: array.swapaxes(dim0, dim1) if array.ndim else array[...],
    params="dim0 dim1",
    gradient={"input": lambda g, dim0, dim1: apply(TRANSPOSE, (g,), (dim0, dim1))},
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 3)),), params=(0, 1)),
        make.sample(inputs=(make.transposed((2, 3)),), params=(1, 1)),
        make.sample(inputs=(make.tensor((2, 0, 3)),), params=(0, 2)),
    ],
)

PERMUTE = view_operation(
    "permute",
    lambda array, dims: array.transpose(dims),
    params="dims",
    gradient={"input": lambda g, dims: apply(PERMUTE, (g,), (inverse(dims),))},
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 3, 4)),), params=((2, 0, 1),)),
        make.sample(inputs=(make.transposed((2, 3)),), params=((1, 0),)),
        make.sample(inputs=(make.tensor(()),), params=((),)),
        make.sample(inputs=(make.tensor((0, 2)),), params=((1, 0),)),
    ],
)

T = view_operation(
    "t",
    lambda array: array.transpose(),
    gradient={"input": lambda g: apply(T, (g,))},
    node_name="TBackward0",
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 3)),)),
        make.sample(inputs=(make.transposed((2, 3)),)),
        make.sample(inputs=(make.tensor((3,)),)),
        make.sample(inputs=(make.tensor(()),)),
    ],
)

# Where nothing is moved: another name for the same tensor.
ALIAS = view_operation(
    "alias",
    lambda array: array[...],
    gradient={"input": lambda g: g},
    samples=lambda make: [
        make.sample(inputs=(make.transposed((2, 3)),)),
        make.sample(inputs=(make.tensor(()),)),
    ],
)


@public(method=True, aliases=("swapdims",))
def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """Swap two dimensions; the result shares the tensor's memory.

    Args:
        input: a tensor.
        dim0, dim1: the dimensions.

    Raises:
        IndexError: if one is out of range.

    Example:
        >>> import flambeau as fb
        >>> fb.zeros(2, 3).transpose(0, 1).shape
        torch.Size([3, 2])
    """
    ndim = require_tensor("transpose", input).ndim
    dims = wrap_dim("transpose", dim0, ndim), wrap_dim("transpose", dim1, ndim)
    return view_of(TRANSPOSE, input, dims)


@public(method=True)
def swapaxes(input: Tensor, axis0: int, axis1: int) -> Tensor:
    """:func:`flambeau.transpose` with NumPy's names.

    Example:
        >>> import flambeau as fb
        >>> fb.zeros(2, 3).swapaxes(axis0=0, axis1=1).shape
        torch.Size([3, 2])
    """
    return transpose(input, axis0, axis1)


@public(method=True)
def permute(input: Tensor, *order: Any, dims: Any = None) -> Tensor:
    """Put the dimensions into another order; the result shares the tensor's memory.

    Args:
        input: a tensor.
        dims: for each dimension of the result, the one of ``input`` that stands there.

    Raises:
        RuntimeError: if a dimension is missing or stands twice.
        IndexError: if one is out of range.

    Example:
        >>> import flambeau as fb
        >>> fb.zeros(2, 3, 5).permute(2, 0, 1).shape
        torch.Size([5, 2, 3])
    """
    dims = order if dims is None else (dims,)
    if MODE.code < INTERPRETED:
        order = tuple(dims[0]) if len(dims) == 1 and isinstance(dims[0], (tuple, list)) else dims
        try:
            array = input._array.transpose(order)
            if order and min(order) >= 0:
                return view_over(PERMUTE, input, array, (order,))
        except (AttributeError, TypeError, ValueError):
            pass  # explained below
    ndim = require_tensor("permute", input).ndim
    given = size_arguments("permute", dims)
    if len(given) != ndim:
        raise RuntimeError(
            message(
                "permute: every dimension must stand once",
                expected=f"{ndim} dims",
                got=str(given),
            )
        )
    return view_of(PERMUTE, input, (wrap_dims("permute", given, ndim),))


@public(method=True)
def t(input: Tensor) -> Tensor:
    """The transpose of a matrix; tensors of fewer dimensions as they are.

    Raises:
        RuntimeError: for more than two dimensions.

    Example:
        >>> import flambeau as fb
        >>> fb.zeros(2, 3).t().shape
        torch.Size([3, 2])
    """
    ndim = require_tensor("t", input).ndim
    if ndim > 2:
        raise RuntimeError(
            message(
                "t: only matrices and what has fewer dimensions",
                expected="at most 2 dimensions",
                got=f"{ndim}",
                help="use .mT for the last two dimensions, or .transpose(dim0, dim1)",
            )
        )
    return view_of(T, input, ())


@public(method=True, aliases=("moveaxis",))
def movedim(input: Tensor, source: Any, destination: Any) -> Tensor:
    """Move dimensions to other places; the others keep their order.

    Args:
        input: a tensor.
        source: the dimension, or dimensions, to move.
        destination: where they go.

    Raises:
        RuntimeError: if their numbers differ or one stands twice.
        IndexError: if one is out of range.

    Example:
        >>> import flambeau as fb
        >>> fb.zeros(2, 3, 5).movedim(0, -1).shape
        torch.Size([3, 5, 2])
    """
    ndim = require_tensor("movedim", input).ndim
    from_ = wrap_dims("movedim", source, ndim)
    to = wrap_dims("movedim", destination, ndim)
    if len(from_) != len(to):
        raise RuntimeError(
            message(
                "movedim: source and destination differ in number",
                expected="as many destinations as sources",
                got=f"{source} and {destination}",
            )
        )
    if ndim == 0:
        return view_of(ALIAS, input, ())
    dims: list[int] = [-1] * ndim
    for s, d in zip(from_, to, strict=True):
        dims[d] = s
    rest = iter([d for d in range(ndim) if d not in from_])
    return view_of(PERMUTE, input, (tuple([next(rest) if d < 0 else d for d in dims]),))


def _conjugate(x: Tensor) -> Tensor:
    return x.conj() if x._array.dtype.kind == "c" else x  # type: ignore[attr-defined]


@public(method=True)
def adjoint(input: Tensor) -> Tensor:
    """The conjugate transpose of the last two dimensions; of a 0-d tensor, the conjugate.

    Raises:
        RuntimeError: for one dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.zeros(4, 2, 3).adjoint().shape
        torch.Size([4, 3, 2])
    """
    if require_tensor("adjoint", input).ndim == 0:
        return _conjugate(input)
    return _conjugate(_last_two("adjoint", input))


def _last_two(name: str, input: Tensor) -> Tensor:
    ndim = require_tensor(name, input).ndim
    if ndim < 2:
        raise RuntimeError(
            message(f"{name}: at least 2 dimensions are needed", expected="a matrix", got=f"{ndim}")
        )
    return view_of(TRANSPOSE, input, (ndim - 2, ndim - 1))


def _all_reversed(self: Tensor) -> Tensor:
    """A view with all dimensions in the opposite order."""
    ndim = self._array.ndim
    return view_of(PERMUTE, self, (tuple(range(ndim - 1, -1, -1)),))


def _matrix_transpose(self: Tensor) -> Tensor:
    """A view with the last two dimensions swapped.

    Raises:
        RuntimeError: for fewer than two dimensions.
    """
    return _last_two(".mT", self)


def _matrix_adjoint(self: Tensor) -> Tensor:
    """The conjugate of ``mT``.

    Raises:
        RuntimeError: for fewer than two dimensions.
    """
    return _conjugate(_last_two(".mH", self))


def _adjoint_of_matrix(self: Tensor) -> Tensor:
    """The conjugate transpose of a matrix.

    Raises:
        RuntimeError: unless there are two dimensions, or none.
    """
    ndim = self._array.ndim
    if ndim not in (0, 2):
        raise RuntimeError(
            message(".H: only matrices", expected="2 dimensions", got=f"{ndim}", help="use .mH")
        )
    return _conjugate(view_of(TRANSPOSE, self, (0, 1)) if ndim else self)


Tensor.T = property(_all_reversed)  # type: ignore[attr-defined]
Tensor.mT = property(_matrix_transpose)  # type: ignore[attr-defined]
Tensor.mH = property(_matrix_adjoint)  # type: ignore[attr-defined]
Tensor.H = property(_adjoint_of_matrix)  # type: ignore[attr-defined]

__all__ = ["ALIAS", "PERMUTE", "TRANSPOSE", "T"]
