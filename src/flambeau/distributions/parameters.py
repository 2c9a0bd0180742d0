"""Parameters of distributions: brought to one shape, and turned into one another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

from flambeau.autograd import enable_grad
from flambeau.core.errors import message
from flambeau.core.limits import finfo
from flambeau.core.shapes import Size
from flambeau.ops.creation import zeros
from flambeau.ops.expansion import broadcast_tensors
from flambeau.ops.triangular import tril_indices
from flambeau.tensor.construction import tensor
from flambeau.tensor.tensor import Tensor

T = TypeVar("T")


def broadcast_all(*values: Any) -> tuple[Tensor, ...]:
    """Tensors of one shape.

    Args:
        values: tensors and numbers; numbers take the type of the first tensor, or the default one.

    Raises:
        ValueError: for anything else.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.distributions.utils import broadcast_all
        >>> broadcast_all(fb.ones(2), 3)
        (tensor([1., 1.]), tensor([3., 3.]))
    """
    first = None
    for value in values:
        if isinstance(value, Tensor):
            first = value if first is None else first
        elif not isinstance(value, (int, float)):
            raise ValueError(
                message(
                    "broadcast_all: a value is neither a tensor nor a number",
                    expected="tensors, floats and ints",
                    got=type(value).__name__,
                )
            )
    kind = None if first is None else first.dtype
    made = [
        v if isinstance(v, Tensor) else tensor(float(v) if kind is None else v, dtype=kind)
        for v in values
    ]
    return tuple(broadcast_tensors(*made))


def batch_shape_of(parameter: Tensor, *given: Any) -> Size:
    """The batch shape of a distribution whose given parameters were brought to one shape."""
    return parameter.size() if any(isinstance(v, Tensor) for v in given) else Size()


def clamp_probs(probs: Tensor) -> Tensor:
    """Probabilities between eps and 1 - eps.

    Args:
        probs: floating-point.
    """
    eps = finfo(probs.dtype).eps
    return probs.clamp(min=eps, max=1 - eps)


def probs_to_logits(probs: Tensor, is_binary: bool = False) -> Tensor:
    """Logarithms of probabilities, or of odds.

    Args:
        probs: probabilities, or weights of a binary choice.
        is_binary: whether they are of a choice between two.
    """
    bounded = clamp_probs(probs)
    if is_binary:
        return bounded.log() - (-bounded).log1p()
    return bounded.log()


def logits_to_probs(logits: Tensor, is_binary: bool = False) -> Tensor:
    """Probabilities of logarithms of them (softmax), or of odds (sigmoid).

    Args:
        logits: of any size.
        is_binary: whether they are of a choice between two.
    """
    return logits.sigmoid() if is_binary else logits.softmax(-1)


def normalised_probs(probs: Tensor) -> Tensor:
    """Weights over their sum along the last dimension."""
    return probs / probs.sum(-1, keepdim=True)


def normalised_logits(logits: Tensor) -> Tensor:
    """Logits whose exponentials sum to 1 along the last dimension."""
    return logits - logits.logsumexp(-1, keepdim=True)


class lazy_property(Generic[T]):
    """A property that is computed once, when it is first asked for, and differentiable.

    Args:
        wrapped: the method that computes it.
    """

    def __init__(self, wrapped: Callable[[Any], T]) -> None:
        self.wrapped = wrapped
        self.__doc__ = wrapped.__doc__
        self.name = wrapped.__name__

    @overload
    def __get__(self, instance: None, owner: type) -> lazy_property[T]: ...
    @overload
    def __get__(self, instance: Any, owner: type) -> T: ...
    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is None:
            return self
        with enable_grad():
            value = self.wrapped(instance)
        instance.__dict__[self.name] = value
        return value


def one_of(owner: Any, **given: Any) -> str:
    """The name of the one argument that is given.

    Raises:
        ValueError: if none is, or several are.
    """
    names = [name for name, value in given.items() if value is not None]
    if len(names) != 1:
        raise ValueError(
            message(
                f"{type(owner).__name__}: a distribution is described in one way",
                expected=f"one of {', '.join(given)}",
                got=" and ".join(names) or "none of them",
            )
        )
    return names[0]


def vec_to_tril_matrix(vec: Tensor, diag: int = 0) -> Tensor:
    """A lower triangular matrix, row by row from a vector.

    Shape: (..., n) -> (..., D, D).

    Args:
        vec: its D (D + 1) / 2 entries, fewer for a diagonal below the main one.
        diag: the uppermost diagonal that is filled, 0 or below.
    """
    count = vec.shape[-1]
    size = -diag
    while (size + diag) * (size + diag + 1) // 2 < count:
        size += 1
    if (size + diag) * (size + diag + 1) // 2 != count:
        raise ValueError(
            message(
                "vec_to_tril_matrix: so many entries are no triangle",
                expected="n (n + 1) / 2 entries",
                got=str(count),
            )
        )
    rows, columns = tril_indices(size, size, diag)
    matrix = zeros((*vec.shape[:-1], size, size), dtype=vec.dtype)
    matrix[..., rows, columns] = vec
    return matrix


def tril_matrix_to_vec(mat: Tensor, diag: int = 0) -> Tensor:
    """The lower triangle of a matrix as a vector, row by row.

    Shape: (..., D, D) -> (..., n).

    Args:
        mat: a square matrix.
        diag: the uppermost diagonal that is taken.
    """
    size = mat.shape[-1]
    if not -size <= diag < size:
        raise ValueError(
            message(
                "tril_matrix_to_vec: there is no such diagonal",
                expected=f"diag from {-size} to {size - 1}",
                got=str(diag),
            )
        )
    rows, columns = tril_indices(size, size, diag)
    return mat[..., rows, columns]


def sum_rightmost(value: Any, dims: int) -> Any:
    """The sum over so many last dimensions.

    Args:
        value: a tensor, or a number where there is nothing to sum.
        dims: how many.
    """
    if dims == 0:
        return value
    return value.reshape((*value.shape[:-dims], -1)).sum(-1)
