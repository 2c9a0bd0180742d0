"""A transform for each part of a value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flambeau.distributions import constraints
from flambeau.distributions.parameters import sum_rightmost
from flambeau.distributions.transforms.transform import Transform
from flambeau.ops.joining import cat, stack
from flambeau.tensor.tensor import Tensor


class _Several(Transform):
    """Transforms of parts along a dimension."""

    transforms: list[Transform]
    dim: int

    @property
    def bijective(self) -> bool:  # type: ignore[override]
        return all(t.bijective for t in self.transforms)

    def _state(self) -> Any:
        return self.transforms, self.dim

    def _each(self, apply: Callable[..., Any], *values: Tensor) -> list[Any]:
        parts = [self._parts(v) for v in values]
        return [apply(t, *p) for t, p in zip(self.transforms, zip(*parts), strict=True)]

    def _parts(self, value: Tensor) -> Sequence[Tensor]:
        return value.unbind(self.dim)

    def _joined(self, parts: list[Tensor]) -> Tensor:
        return stack(parts, self.dim)

    def _call(self, x: Tensor) -> Tensor:
        return self._joined(self._each(lambda t, v: t(v), x))

    def _inverse(self, y: Tensor) -> Tensor:
        return self._joined(self._each(lambda t, v: t.inv(v), y))

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return self._joined(self._each(lambda t, a, b: t.log_abs_det_jacobian(a, b), x, y))


class CatTransform(_Several):
    """Transforms of parts that follow each other along a dimension.

    Args:
        tseq: a transform for each part.
        dim: the dimension.
        lengths: how long the parts are; 1 each if not given.
        cache_size: as of all transforms.
    """

    def __init__(
        self,
        tseq: Sequence[Transform],
        dim: int = 0,
        lengths: Sequence[int] | None = None,
        cache_size: int = 0,
    ) -> None:
        super().__init__(cache_size)
        self.transforms = [t.with_cache(cache_size) if cache_size else t for t in tseq]
        self.lengths = [1] * len(self.transforms) if lengths is None else list(lengths)
        self.dim = dim

    @property
    def length(self) -> int:
        """How long the whole is."""
        return sum(self.lengths)

    @property
    def event_dim(self) -> int:
        return max(t.event_dim for t in self.transforms)

    @constraints.dependent_property
    def domain(self) -> Any:  # type: ignore[override]
        return constraints.cat([t.domain for t in self.transforms], self.dim, self.lengths)

    @constraints.dependent_property
    def codomain(self) -> Any:  # type: ignore[override]
        return constraints.cat([t.codomain for t in self.transforms], self.dim, self.lengths)

    def _parts(self, value: Tensor) -> Sequence[Tensor]:
        return value.split(self.lengths, self.dim)

    def _joined(self, parts: list[Tensor]) -> Tensor:
        return cat(parts, self.dim)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Any:
        def slope(t: Transform, a: Tensor, b: Tensor) -> Tensor:
            found = t.log_abs_det_jacobian(a, b)
            return sum_rightmost(found, self.event_dim - t.event_dim)

        slopes = self._each(slope, x, y)
        dim = self.dim - x.ndim if self.dim >= 0 else self.dim
        dim += self.event_dim
        # Along a dimension of the event the parts' volumes multiply.
        return cat(slopes, dim) if dim < 0 else sum(slopes[1:], slopes[0])

    def with_cache(self, cache_size: int = 1) -> Transform:
        if self._cache_size == cache_size:
            return self
        return CatTransform(self.transforms, self.dim, self.lengths, cache_size)


class StackTransform(_Several):
    """Transforms of parts that lie beside each other along a dimension.

    Args:
        tseq: a transform for each part.
        dim: the dimension.
        cache_size: as of all transforms.
    """

    def __init__(self, tseq: Sequence[Transform], dim: int = 0, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.transforms = [t.with_cache(cache_size) if cache_size else t for t in tseq]
        self.dim = dim

    @constraints.dependent_property
    def domain(self) -> Any:  # type: ignore[override]
        return constraints.stack([t.domain for t in self.transforms], self.dim)

    @constraints.dependent_property
    def codomain(self) -> Any:  # type: ignore[override]
        return constraints.stack([t.codomain for t in self.transforms], self.dim)

    def with_cache(self, cache_size: int = 1) -> Transform:
        if self._cache_size == cache_size:
            return self
        return StackTransform(self.transforms, self.dim, cache_size)
