"""Sets that parameters and values lie in, each with a check.

A constraint says with ``check(x)`` which entries lie in its set. ``event_dim`` is how many last
dimensions make one entry: a vector on the simplex is one entry of ``simplex``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flambeau.core.errors import message
from flambeau.core.limits import finfo
from flambeau.ops import joining
from flambeau.ops.cholesky import cholesky_ex
from flambeau.ops.comparison import isclose
from flambeau.ops.creation import full
from flambeau.ops.eigenvalues import eigvalsh
from flambeau.tensor.tensor import Tensor


class Constraint:
    """A set of values.

    Attributes:
        is_discrete: whether it consists of separate points.
        event_dim: how many last dimensions make one entry.
    """

    is_discrete = False
    event_dim = 0

    def check(self, value: Tensor) -> Tensor:
        """Which entries lie in the set: their shape, without the event's dimensions.

        Args:
            value: any tensor.
        """
        raise AttributeError(f"{type(self).__name__} has no check")

    def __repr__(self) -> str:
        return type(self).__name__.lstrip("_") + "()"


class _Dependent(Constraint):
    """A set that depends on other values: a uniform distribution's support on its bounds."""

    def __init__(self, *, is_discrete: bool = False, event_dim: int = 0) -> None:
        self.is_discrete = is_discrete
        self.event_dim = event_dim

    def __call__(self, *, is_discrete: bool | None = None, event_dim: int | None = None) -> Any:
        """The same with other attributes."""
        return _Dependent(
            is_discrete=self.is_discrete if is_discrete is None else is_discrete,
            event_dim=self.event_dim if event_dim is None else event_dim,
        )

    def check(self, value: Tensor) -> Tensor:
        raise ValueError(
            message(
                "constraints.dependent: the set depends on values that are not here",
                expected="a constraint of a distribution that was made",
                got="one of its class",
            )
        )


def is_dependent(constraint: Any) -> bool:
    """Whether a constraint depends on other values.

    Args:
        constraint: any constraint.
    """
    return isinstance(constraint, _Dependent)


class dependent_property(property, _Dependent):
    """A property that is a constraint: dependent for the class, a definite one for an instance.

    Args:
        fn: the method that makes it.
        is_discrete, event_dim: as of a constraint.
    """

    def __init__(
        self,
        fn: Callable[..., Any] | None = None,
        *,
        is_discrete: bool = False,
        event_dim: int = 0,
    ) -> None:
        super().__init__(fn)
        self.is_discrete = is_discrete
        self.event_dim = event_dim

    def __call__(self, fn: Callable[..., Any]) -> dependent_property:  # type: ignore[override]
        """The property of a method, so that this can be a decorator with options."""
        return dependent_property(fn, is_discrete=self.is_discrete, event_dim=self.event_dim)


class _Independent(Constraint):
    """Entries of several entries of another set, each of which must lie in it."""

    def __init__(self, base_constraint: Constraint, reinterpreted_batch_ndims: int) -> None:
        self.base_constraint = base_constraint
        self.reinterpreted_batch_ndims = reinterpreted_batch_ndims

    @property
    def is_discrete(self) -> bool:  # type: ignore[override]
        return self.base_constraint.is_discrete

    @property
    def event_dim(self) -> int:  # type: ignore[override]
        return self.base_constraint.event_dim + self.reinterpreted_batch_ndims

    def check(self, value: Tensor) -> Tensor:
        found = self.base_constraint.check(value)
        count = self.reinterpreted_batch_ndims
        if found.ndim < count:
            raise ValueError(
                message(
                    "constraints.independent: too few dimensions",
                    expected=f"at least {self.event_dim}",
                    got=str(value.ndim),
                )
            )
        return found.reshape((*found.shape[: found.ndim - count], -1)).all(-1)

    def __repr__(self) -> str:
        return f"Independent({self.base_constraint!r}, {self.reinterpreted_batch_ndims})"


class MixtureSameFamilyConstraint(Constraint):
    """The support of a mixture, whose components have a dimension more.

    Args:
        base_constraint: the components' support.
    """

    def __init__(self, base_constraint: Constraint) -> None:
        self.base_constraint = base_constraint

    @property
    def is_discrete(self) -> bool:  # type: ignore[override]
        return self.base_constraint.is_discrete

    @property
    def event_dim(self) -> int:  # type: ignore[override]
        return self.base_constraint.event_dim

    def check(self, value: Tensor) -> Tensor:
        event = self.event_dim
        found = self.base_constraint.check(value.unsqueeze(-1 - event))
        return found.all(-1)

    def __repr__(self) -> str:
        return f"MixtureSameFamilyConstraint({self.base_constraint!r})"


class _Numbers(Constraint):
    """Numbers between bounds.

    Args:
        lower, upper: the bounds; ``None`` for none.
        open_below, open_above: whether the bound itself is left away.
        whole: whether only integers count.
    """

    def __init__(
        self,
        lower: Any = None,
        upper: Any = None,
        open_below: bool = False,
        open_above: bool = False,
        whole: bool = False,
    ) -> None:
        self.lower_bound, self.upper_bound = lower, upper
        self.open_below, self.open_above = open_below, open_above
        self.is_discrete = whole

    def check(self, value: Tensor) -> Tensor:
        found = value % 1 == 0 if self.is_discrete and value.is_floating_point() else None
        if self.lower_bound is not None:
            low = self.lower_bound
            above = value > low if self.open_below else value >= low
            found = above if found is None else found & above
        if self.upper_bound is not None:
            high = self.upper_bound
            below = value < high if self.open_above else value <= high
            found = below if found is None else found & below
        return value == value if found is None else found

    def __repr__(self) -> str:
        kind = "integers" if self.is_discrete else "numbers"
        parts = []
        if self.lower_bound is not None:
            parts.append(f"{'>' if self.open_below else '>='} {_shown(self.lower_bound)}")
        if self.upper_bound is not None:
            parts.append(f"{'<' if self.open_above else '<='} {_shown(self.upper_bound)}")
        return f"{kind} {' and '.join(parts)}".strip()


def _shown(bound: Any) -> str:
    if isinstance(bound, Tensor):
        return (
            str(bound.item()) if bound.numel() == 1 else f"a tensor of shape {tuple(bound.shape)}"
        )
    return str(bound)


class _Boolean(Constraint):
    """0 and 1."""

    is_discrete = True

    def check(self, value: Tensor) -> Tensor:
        return (value == 0) | (value == 1)


class _OneHot(Constraint):
    """Vectors of zeros and a single one."""

    is_discrete = True
    event_dim = 1

    def check(self, value: Tensor) -> Tensor:
        return ((value == 0) | (value == 1)).all(-1) & (value.sum(-1) == 1)


class _Simplex(Constraint):
    """Vectors of non-negative numbers that sum to 1."""

    event_dim = 1

    def check(self, value: Tensor) -> Tensor:
        return (value >= 0).all(-1) & ((value.sum(-1) - 1).abs() < 1e-6)


class _Multinomial(Constraint):
    """Vectors of counts that sum to at most a bound."""

    is_discrete = True
    event_dim = 1

    def __init__(self, upper_bound: int) -> None:
        self.upper_bound = upper_bound

    def check(self, value: Tensor) -> Tensor:
        return (value >= 0).all(-1) & (value.sum(-1) <= self.upper_bound)


class _Matrix(Constraint):
    event_dim = 2


class _LowerTriangular(_Matrix):
    """Square matrices without entries above the diagonal."""

    def check(self, value: Tensor) -> Tensor:
        return (value.tril() == value).flatten(-2).all(-1)


class _LowerCholesky(_LowerTriangular):
    """Lower triangular matrices with a positive diagonal."""

    def check(self, value: Tensor) -> Tensor:
        return super().check(value) & (value.diagonal(dim1=-2, dim2=-1) > 0).all(-1)


class _CorrelationCholesky(_LowerCholesky):
    """Those with rows of length 1: Cholesky factors of correlation matrices."""

    def check(self, value: Tensor) -> Tensor:
        tolerance = 10 * value.shape[-1] * finfo(value.dtype).eps
        lengths = (value.detach() * value.detach()).sum(-1).sqrt()
        return super().check(value) & ((lengths - 1).abs() <= tolerance).all(-1)


class _Square(_Matrix):
    """Square matrices."""

    def check(self, value: Tensor) -> Tensor:
        square = value.shape[-2] == value.shape[-1]
        return full(value.shape[:-2], square, dtype=bool)


class _Symmetric(_Square):
    """Symmetric matrices."""

    def check(self, value: Tensor) -> Tensor:
        if value.shape[-2] != value.shape[-1]:
            return super().check(value)
        return isclose(value, value.mT, atol=1e-6).all(-2).all(-1)


class _PositiveSemidefinite(_Symmetric):
    """Symmetric matrices without negative eigenvalues."""

    def check(self, value: Tensor) -> Tensor:
        found = super().check(value)
        return found & (eigvalsh(value) >= 0).all(-1) if found.all() else found


class _PositiveDefinite(_Symmetric):
    """Symmetric matrices with positive eigenvalues."""

    def check(self, value: Tensor) -> Tensor:
        found = super().check(value)
        return found & (cholesky_ex(value).info == 0) if found.all() else found


class _Parts(Constraint):
    """Entries whose parts along a dimension lie in sets of their own.

    Args:
        constraints: one for each part.
        dim: the dimension.
    """

    def __init__(self, constraints: Sequence[Constraint], dim: int = 0) -> None:
        self.cseq = list(constraints)
        self.dim = dim

    @property
    def is_discrete(self) -> bool:  # type: ignore[override]
        return any(c.is_discrete for c in self.cseq)

    @property
    def event_dim(self) -> int:  # type: ignore[override]
        return max(c.event_dim for c in self.cseq)


class _Cat(_Parts):
    """Parts that follow each other, of given lengths."""

    def __init__(
        self, cseq: Sequence[Constraint], dim: int = 0, lengths: Sequence[int] | None = None
    ) -> None:
        super().__init__(cseq, dim)
        self.lengths = [1] * len(self.cseq) if lengths is None else list(lengths)

    def check(self, value: Tensor) -> Tensor:
        parts = value.split(self.lengths, self.dim)
        found = [c.check(part) for c, part in zip(self.cseq, parts, strict=True)]
        return joining.cat(found, self.dim)


class _Stack(_Parts):
    """Parts that lie beside each other."""

    def check(self, value: Tensor) -> Tensor:
        parts = value.unbind(self.dim)
        found = [c.check(part) for c, part in zip(self.cseq, parts, strict=True)]
        return joining.stack(found, self.dim)


class greater_than(_Numbers):
    """Numbers above a bound.

    Args:
        lower_bound: a number, or a tensor.
    """

    def __init__(self, lower_bound: Any) -> None:
        super().__init__(lower_bound, open_below=True)


class greater_than_eq(_Numbers):
    """Numbers from a bound on.

    Args:
        lower_bound: a number, or a tensor.
    """

    def __init__(self, lower_bound: Any) -> None:
        super().__init__(lower_bound)


class less_than(_Numbers):
    """Numbers below a bound.

    Args:
        upper_bound: a number, or a tensor.
    """

    def __init__(self, upper_bound: Any) -> None:
        super().__init__(None, upper_bound, open_above=True)


class interval(_Numbers):
    """Numbers between two bounds, both of which belong to them.

    Args:
        lower_bound, upper_bound: numbers, or tensors.
    """

    def __init__(self, lower_bound: Any, upper_bound: Any) -> None:
        super().__init__(lower_bound, upper_bound)


class half_open_interval(_Numbers):
    """Numbers between two bounds, the lower of which belongs to them.

    Args:
        lower_bound, upper_bound: numbers, or tensors.
    """

    def __init__(self, lower_bound: Any, upper_bound: Any) -> None:
        super().__init__(lower_bound, upper_bound, open_above=True)


class integer_interval(_Numbers):
    """Integers between two bounds, both of which belong to them; ``None`` for no bound.

    Args:
        lower_bound, upper_bound: numbers, or tensors.
    """

    def __init__(self, lower_bound: Any, upper_bound: Any) -> None:
        super().__init__(lower_bound, upper_bound, whole=True)


class _Real(_Numbers):
    """All numbers but nan."""


dependent = _Dependent()
independent = _Independent
cat = _Cat
stack = _Stack
multinomial = _Multinomial

boolean = _Boolean()
one_hot = _OneHot()
simplex = _Simplex()
lower_triangular = _LowerTriangular()
lower_cholesky = _LowerCholesky()
corr_cholesky = _CorrelationCholesky()
square = _Square()
symmetric = _Symmetric()
positive_semidefinite = _PositiveSemidefinite()
positive_definite = _PositiveDefinite()

real = _Real()
real_vector = _Independent(real, 1)
positive = greater_than(0.0)
nonnegative = greater_than_eq(0.0)
unit_interval = interval(0.0, 1.0)
nonnegative_integer = integer_interval(0, None)
positive_integer = integer_interval(1, None)

__all__ = [
    "Constraint",
    "MixtureSameFamilyConstraint",
    "boolean",
    "cat",
    "corr_cholesky",
    "dependent",
    "dependent_property",
    "greater_than",
    "greater_than_eq",
    "half_open_interval",
    "independent",
    "integer_interval",
    "interval",
    "is_dependent",
    "less_than",
    "lower_cholesky",
    "lower_triangular",
    "multinomial",
    "nonnegative",
    "nonnegative_integer",
    "one_hot",
    "positive",
    "positive_definite",
    "positive_integer",
    "positive_semidefinite",
    "real",
    "real_vector",
    "simplex",
    "square",
    "stack",
    "symmetric",
    "unit_interval",
]
