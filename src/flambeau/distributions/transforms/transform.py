"""`Transform`, its inverse, and transforms made of others."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from flambeau.core.errors import message
from flambeau.core.shapes import Size
from flambeau.distributions import constraints
from flambeau.distributions.parameters import sum_rightmost
from flambeau.tensor.tensor import Tensor


class Transform:
    """A function from one set of values to another, with the logarithm of how it stretches volumes.

    Subclasses define ``_call``, ``_inverse`` where there is one, and ``log_abs_det_jacobian``.

    Args:
        cache_size: 1 to remember the last value and its image, so that the inverse of the image
            is exactly the value; 0 not to.

    Attributes:
        domain, codomain: constraints on values and images.
        bijective: whether different values have different images.
        sign: 1 for a transform that grows, -1 for one that falls.

    Raises:
        ValueError: for another cache size.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.distributions.transforms import ExpTransform
        >>> exponential = ExpTransform()
        >>> exponential(fb.tensor(0.0)), exponential.inv(fb.tensor(1.0))
        (tensor(1.), tensor(0.))
    """

    bijective: Any = False
    domain: Any = constraints.dependent
    codomain: Any = constraints.dependent

    def __init__(self, cache_size: int = 0) -> None:
        if cache_size not in (0, 1):
            raise ValueError(
                message(
                    f"{type(self).__name__}: one pair at most is remembered",
                    expected="cache_size 0 or 1",
                    got=repr(cache_size),
                )
            )
        self._cache_size = cache_size
        self._last: tuple[Any, Any] = (None, None)
        self._inv: Transform | None = None

    @property
    def event_dim(self) -> int:
        """How many last dimensions make one value, on the side where there are fewer."""
        domain, codomain = self.domain.event_dim, self.codomain.event_dim
        if domain != codomain:
            raise ValueError(
                message(
                    f"{type(self).__name__}: values and images have different dimensions",
                    expected="domain.event_dim, or codomain.event_dim",
                    got=f"{domain} and {codomain}",
                )
            )
        return domain

    @property
    def inv(self) -> Transform:
        """The inverse."""
        if self._inv is None:
            self._inv = _Inverse(self)
        return self._inv

    def _sign(self) -> Any:
        """1 where it grows, -1 where it falls."""
        raise _missing(self, "sign")

    sign: Any = property(_sign)

    def with_cache(self, cache_size: int = 1) -> Transform:
        """The same, with another cache.

        Args:
            cache_size: 0 or 1.
        """
        if self._cache_size == cache_size:
            return self
        new = type(self).__new__(type(self))
        new.__dict__.update(self.__dict__)
        new._cache_size, new._last, new._inv = cache_size, (None, None), None
        return new

    def __call__(self, x: Any) -> Any:
        value, image = self._last
        if value is not None and x is value:
            return image
        image = self._call(x)
        if self._cache_size:
            self._last = x, image
        return image

    def _inv_call(self, y: Any) -> Any:
        value, image = self._last
        if image is not None and y is image:
            return value
        value = self._inverse(y)
        if self._cache_size:
            self._last = value, y
        return value

    def _call(self, x: Any) -> Any:
        raise _missing(self, "function")

    def _inverse(self, y: Any) -> Any:
        raise _missing(self, "inverse")

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """log |det dy/dx|, without the event's dimensions.

        Args:
            x: a value.
            y: its image.
        """
        raise _missing(self, "log_abs_det_jacobian")

    def forward_shape(self, shape: Any) -> Any:
        """The shape of the images of values of a shape.

        Args:
            shape: of the values.
        """
        return shape

    def inverse_shape(self, shape: Any) -> Any:
        """The shape of the values whose images have a shape.

        Args:
            shape: of the images.
        """
        return shape

    def _state(self) -> Any:
        """What distinguishes it from others of its class."""
        return ()

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return type(other) is type(self) and _equal(self._state(), other._state())  # type: ignore[attr-defined]

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


def _missing(transform: Transform, name: str) -> NotImplementedError:
    return NotImplementedError(
        message(
            f"{type(transform).__name__}: there is no {name}",
            expected="a transform that has one",
            got=type(transform).__name__,
        )
    )


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, (tuple, list)) and isinstance(b, (tuple, list)):
        return len(a) == len(b) and all(map(_equal, a, b))
    if isinstance(a, Tensor) or isinstance(b, Tensor):
        return bool((a == b).all()) if isinstance(a == b, Tensor) else False
    return bool(a == b)


class _Inverse(Transform):
    """The inverse of a transform."""

    def __init__(self, transform: Transform) -> None:
        super().__init__(transform._cache_size)
        self._inv: Transform = transform

    @property
    def domain(self) -> Any:  # type: ignore[override]
        return self._inv.codomain

    @property
    def codomain(self) -> Any:  # type: ignore[override]
        return self._inv.domain

    @property
    def bijective(self) -> bool:  # type: ignore[override]
        return self._inv.bijective

    @property
    def sign(self) -> Any:
        return self._inv.sign

    def with_cache(self, cache_size: int = 1) -> Transform:
        return self._inv.with_cache(cache_size).inv

    def __call__(self, x: Any) -> Any:
        return self._inv._inv_call(x)

    def _inv_call(self, y: Any) -> Any:
        return self._inv(y)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return -self._inv.log_abs_det_jacobian(y, x)

    def forward_shape(self, shape: Any) -> Any:
        return self._inv.inverse_shape(shape)

    def inverse_shape(self, shape: Any) -> Any:
        return self._inv.forward_shape(shape)

    def _state(self) -> Any:
        return (self._inv,)

    def __repr__(self) -> str:
        return f"_InverseTransform({self._inv!r})"


class ComposeTransform(Transform):
    """Transforms one after the other.

    Args:
        parts: the transforms, the first one first.
        cache_size: as of all transforms.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.distributions.transforms import *
        >>> ComposeTransform([ExpTransform(), AffineTransform(1.0, 2.0)])(fb.tensor(0.0))
        tensor(3.)
    """

    def __init__(self, parts: Sequence[Transform], cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.parts = [part.with_cache(cache_size) if cache_size else part for part in parts]

    @constraints.dependent_property
    def domain(self) -> Any:  # type: ignore[override]
        if not self.parts:
            return constraints.real
        # How many dimensions the values have is what the parts need at the end, followed back.
        needed = self.parts[-1].codomain.event_dim
        for part in reversed(self.parts):
            change = part.domain.event_dim - part.codomain.event_dim
            needed = max(needed + change, part.domain.event_dim)
        return _with_dimensions(self.parts[0].domain, needed)

    @constraints.dependent_property
    def codomain(self) -> Any:  # type: ignore[override]
        if not self.parts:
            return constraints.real
        needed = self.parts[0].domain.event_dim
        for part in self.parts:
            change = part.codomain.event_dim - part.domain.event_dim
            needed = max(needed + change, part.codomain.event_dim)
        return _with_dimensions(self.parts[-1].codomain, needed)

    @property
    def bijective(self) -> bool:  # type: ignore[override]
        return all(part.bijective for part in self.parts)

    @property
    def sign(self) -> Any:
        return prod(part.sign for part in self.parts)

    @property
    def inv(self) -> Transform:
        if self._inv is None:
            inverse = ComposeTransform([part.inv for part in reversed(self.parts)])
            self._inv, inverse._inv = inverse, self
        return self._inv

    def with_cache(self, cache_size: int = 1) -> Transform:
        if self._cache_size == cache_size:
            return self
        return ComposeTransform(self.parts, cache_size)

    def __call__(self, x: Any) -> Any:
        for part in self.parts:
            x = part(x)
        return x

    def _inv_call(self, y: Any) -> Any:
        for part in reversed(self.parts):
            y = part._inv_call(y)
        return y

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        if not self.parts:
            return x * 0.0
        values = [x]
        for part in self.parts[:-1]:
            values.append(part(values[-1]))
        values.append(y)
        total: Any = 0
        dims = self.domain.event_dim
        for part, value, image in zip(self.parts, values, values[1:], strict=False):
            slope = part.log_abs_det_jacobian(value, image)
            total = total + sum_rightmost(slope, dims - part.domain.event_dim)
            dims += part.codomain.event_dim - part.domain.event_dim
        return total

    def forward_shape(self, shape: Any) -> Any:
        for part in self.parts:
            shape = part.forward_shape(shape)
        return shape

    def inverse_shape(self, shape: Any) -> Any:
        for part in reversed(self.parts):
            shape = part.inverse_shape(shape)
        return shape

    def _state(self) -> Any:
        return self.parts

    def __repr__(self) -> str:
        inner = ",\n    ".join(repr(part) for part in self.parts)
        return f"ComposeTransform(\n    {inner}\n)"


def _with_dimensions(constraint: Any, event_dim: int) -> Any:
    """A constraint on values of so many dimensions."""
    more = event_dim - constraint.event_dim
    return constraints.independent(constraint, more) if more > 0 else constraint


identity_transform = ComposeTransform([])


class IndependentTransform(Transform):
    """A transform of which several last dimensions count as one value.

    Args:
        base_transform: the transform.
        reinterpreted_batch_ndims: how many dimensions more make a value.
        cache_size: as of all transforms.
    """

    def __init__(
        self, base_transform: Transform, reinterpreted_batch_ndims: int, cache_size: int = 0
    ) -> None:
        super().__init__(cache_size)
        self.base_transform = base_transform.with_cache(cache_size)
        self.reinterpreted_batch_ndims = reinterpreted_batch_ndims

    def with_cache(self, cache_size: int = 1) -> Transform:
        if self._cache_size == cache_size:
            return self
        return type(self)(self.base_transform, self.reinterpreted_batch_ndims, cache_size)

    @constraints.dependent_property
    def domain(self) -> Any:  # type: ignore[override]
        return constraints.independent(self.base_transform.domain, self.reinterpreted_batch_ndims)

    @constraints.dependent_property
    def codomain(self) -> Any:  # type: ignore[override]
        return constraints.independent(self.base_transform.codomain, self.reinterpreted_batch_ndims)

    @property
    def bijective(self) -> bool:  # type: ignore[override]
        return self.base_transform.bijective

    @property
    def sign(self) -> Any:
        return self.base_transform.sign

    def _call(self, x: Any) -> Any:
        return self.base_transform(x)

    def _inverse(self, y: Any) -> Any:
        return self.base_transform.inv(y)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        slope = self.base_transform.log_abs_det_jacobian(x, y)
        return sum_rightmost(slope, self.reinterpreted_batch_ndims)

    def forward_shape(self, shape: Any) -> Any:
        return self.base_transform.forward_shape(shape)

    def inverse_shape(self, shape: Any) -> Any:
        return self.base_transform.inverse_shape(shape)

    def _state(self) -> Any:
        return self.base_transform, self.reinterpreted_batch_ndims

    def __repr__(self) -> str:
        inner = f"{self.base_transform!r}, {self.reinterpreted_batch_ndims}"
        return f"IndependentTransform({inner})"


class ReshapeTransform(Transform):
    """Values of one shape as values of another with as many elements.

    Args:
        in_shape: the shape of a value.
        out_shape: the shape of its image.
        cache_size: as of all transforms.

    Raises:
        ValueError: if the numbers of elements differ.
    """

    bijective = True

    def __init__(self, in_shape: Any, out_shape: Any, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.in_shape, self.out_shape = Size(in_shape), Size(out_shape)
        if prod(self.in_shape) != prod(self.out_shape):
            raise ValueError(
                message(
                    "ReshapeTransform: the shapes hold different numbers of elements",
                    expected=f"{prod(self.in_shape)} elements, as in {tuple(self.in_shape)}",
                    got=f"{tuple(self.out_shape)}",
                )
            )

    @constraints.dependent_property
    def domain(self) -> Any:  # type: ignore[override]
        return constraints.independent(constraints.real, len(self.in_shape))

    @constraints.dependent_property
    def codomain(self) -> Any:  # type: ignore[override]
        return constraints.independent(constraints.real, len(self.out_shape))

    def _call(self, x: Any) -> Any:
        return x.reshape(self.forward_shape(x.shape))

    def _inverse(self, y: Any) -> Any:
        return y.reshape(self.inverse_shape(y.shape))

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return x.new_zeros(x.shape[: x.ndim - len(self.in_shape)])

    def forward_shape(self, shape: Any) -> Any:
        return _replaced(shape, self.in_shape, self.out_shape)

    def inverse_shape(self, shape: Any) -> Any:
        return _replaced(shape, self.out_shape, self.in_shape)

    def _state(self) -> Any:
        return tuple(self.in_shape), tuple(self.out_shape)


def _replaced(shape: Any, before: Any, after: Any) -> Size:
    kept = len(shape) - len(before)
    if kept < 0 or tuple(shape[kept:]) != tuple(before):
        raise ValueError(
            message(
                "ReshapeTransform: a value has another shape",
                expected=f"(..., {', '.join(map(str, before))})",
                got=str(tuple(shape)),
            )
        )
    return Size((*shape[:kept], *after))
