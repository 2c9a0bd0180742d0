"""From a constraint to a transform onto its set."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flambeau.core.errors import message
from flambeau.distributions import constraints, transforms


class ConstraintRegistry:
    """From a constraint to a transform from all numbers onto its set.

    Args:
        name: what it is called in errors.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.distributions import constraints, transform_to
        >>> transform_to(constraints.positive)(fb.tensor([0.0, 1.0]))
        tensor([1.0000, 2.7183])
    """

    def __init__(self, name: str = "transform_to") -> None:
        self._name = name
        self._makers: dict[type, Callable[[Any], Any]] = {}

    def register(self, constraint: Any, factory: Callable[[Any], Any] | None = None) -> Any:
        """Say which transform belongs to a class of constraints; also as a decorator.

        Args:
            constraint: a class of constraints, or one of them.
            factory: makes a transform of a constraint.

        Raises:
            TypeError: if it is no constraint.
        """
        if factory is None:
            return lambda made: self.register(constraint, made)
        kind = type(constraint) if isinstance(constraint, constraints.Constraint) else constraint
        if not (isinstance(kind, type) and issubclass(kind, constraints.Constraint)):
            raise TypeError(
                message(
                    f"{self._name}: not a constraint",
                    expected="a class of constraints, or one of them",
                    got=repr(constraint),
                )
            )
        self._makers[kind] = factory
        return factory

    def __call__(self, constraint: Any) -> Any:
        for kind in type(constraint).__mro__:
            if kind in self._makers:
                return self._makers[kind](constraint)
        raise NotImplementedError(
            message(
                f"{self._name}: no transform is known for this constraint",
                expected=", ".join(kind.__name__.lstrip("_") for kind in self._makers),
                got=repr(constraint),
                help=f"register one: @{self._name}.register({type(constraint).__name__})",
            )
        )


biject_to = ConstraintRegistry("biject_to")
transform_to = ConstraintRegistry("transform_to")
_BOTH = (biject_to, transform_to)


def _both(kind: Any, factory: Callable[[Any], Any]) -> None:
    for registry in _BOTH:
        registry.register(kind, factory)


def _above(constraint: Any) -> Any:
    low = constraint.lower_bound
    return transforms.ComposeTransform(
        [transforms.ExpTransform(), transforms.AffineTransform(low, 1)]
    )


def _below(constraint: Any) -> Any:
    high = constraint.upper_bound
    return transforms.ComposeTransform(
        [transforms.ExpTransform(), transforms.AffineTransform(high, -1)]
    )


def _between(constraint: Any) -> Any:
    low, high = constraint.lower_bound, constraint.upper_bound
    if low.__class__ in (int, float) and (low, high) == (0, 1):
        return transforms.SigmoidTransform()
    return transforms.ComposeTransform(
        [transforms.SigmoidTransform(), transforms.AffineTransform(low, high - low)]
    )


def _several(registry: ConstraintRegistry) -> None:
    """Constraints that consist of others."""
    registry.register(
        constraints.independent,
        lambda c: transforms.IndependentTransform(
            registry(c.base_constraint), c.reinterpreted_batch_ndims
        ),
    )
    registry.register(
        constraints.cat,
        lambda c: transforms.CatTransform([registry(part) for part in c.cseq], c.dim, c.lengths),
    )
    registry.register(
        constraints.stack,
        lambda c: transforms.StackTransform([registry(part) for part in c.cseq], c.dim),
    )


_both(constraints.real, lambda c: transforms.identity_transform)
_both(constraints.greater_than, _above)
_both(constraints.greater_than_eq, _above)
_both(constraints.less_than, _below)
_both(constraints.interval, _between)
_both(constraints.half_open_interval, _between)
transform_to.register(constraints.lower_cholesky, lambda c: transforms.LowerCholeskyTransform())
for _kind in (constraints.positive_definite, constraints.positive_semidefinite):
    transform_to.register(_kind, lambda c: transforms.PositiveDefiniteTransform())
_both(constraints.corr_cholesky, lambda c: transforms.CorrCholeskyTransform())
biject_to.register(constraints.simplex, lambda c: transforms.StickBreakingTransform())
transform_to.register(constraints.simplex, lambda c: transforms.SoftmaxTransform())
_several(biject_to)
_several(transform_to)
