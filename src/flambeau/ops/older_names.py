"""Names that PyTorch keeps beside newer ones."""

from __future__ import annotations

import warnings
from typing import Any

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.core.shapes import size_arguments
from flambeau.ops.matmul import mm
from flambeau.ops.publish import PUBLIC, public
from flambeau.tensor.tensor import Tensor


@public()
def range(
    start: Any = 0,
    end: Any = None,
    step: Any = 1,
    *,
    out: Tensor | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Numbers from ``start`` to ``end``, the end among them; :func:`arange` leaves it out.

    Args:
        start, end: the first number, and what the last does not exceed.
        step: the distance between two.
        out: a tensor to write the result into.
        dtype: the default type if not given, for whole numbers too.
        layout: only strided.
        device: only the CPU.
        requires_grad: whether the result shall.

    Shape: (floor((end - start) / step) + 1,).

    Raises:
        TypeError: without an end.
        RuntimeError: if ``step`` is 0 or points away from ``end``.

    Example:
        >>> import flambeau as fb, warnings
        >>> warnings.simplefilter("ignore")
        >>> fb.range(1, 3)
        tensor([1., 2., 3.])
    """
    warnings.warn("range: it contains its end, other than Python's; arange does not", stacklevel=2)
    if end is None:
        raise TypeError(message("range: it has no end", expected="start and end", got="start"))
    if step == 0 or (end - start) / step < 0:
        raise RuntimeError(
            message(
                "range: the step does not lead to the end",
                expected="a step towards the end, not 0",
                got=f"from {start} to {end} by {step}",
            )
        )
    kind = dtype or (out.dtype if out is not None else dtypes.get_default_dtype())
    count = int((end - start) / step) + 1
    options = {"layout": layout, "device": device}
    # In double precision, as the numbers of arange are.
    found: Any = PUBLIC["arange"](count, dtype=dtypes.float64, **options) * step + start
    found = found.to(kind)
    if out is not None:
        return out.resize_(count).copy_(found)  # type: ignore[attr-defined]
    return found.requires_grad_() if requires_grad else found


@public()
def frobenius_norm(input: Tensor, dim: Any = (), keepdim: bool = False) -> Tensor:
    """The root of the sum of squares; see :func:`flambeau.linalg.vector_norm`.

    Example:
        >>> import flambeau as fb
        >>> fb.frobenius_norm(fb.tensor([[3., 4.]]), (0, 1))
        tensor(5.)
    """
    dims = tuple(dim) if isinstance(dim, (tuple, list)) else (dim,)
    return PUBLIC["norm"](input, 2, dims or None, keepdim)


@public()
def nuclear_norm(input: Tensor, dim: Any = (-2, -1), keepdim: bool = False) -> Tensor:
    """The sum of the singular values; see :func:`flambeau.linalg.matrix_norm`.

    Example:
        >>> import flambeau as fb
        >>> fb.nuclear_norm(fb.eye(3))
        tensor(3.)
    """
    return PUBLIC["norm"](input, "nuc", tuple(dim), keepdim)


public("spmm")(mm)


def _as_function(name: str) -> None:
    """A method in place that PyTorch has as a function, too."""
    PUBLIC[name] = getattr(Tensor, name)


for _name in ("clamp_max_", "clamp_min_", "detach_"):
    _as_function(_name)


@public(method=True, function=False)
def resize(self: Tensor, *sizes: Any) -> Tensor:
    """The tensor in another shape of as many elements: what :meth:`view` gives.

    Raises:
        RuntimeError: if the number of elements differs.

    Example:
        >>> import flambeau as fb, warnings
        >>> warnings.simplefilter("ignore")
        >>> fb.arange(4).resize(2, 2).shape
        torch.Size([2, 2])
    """
    warnings.warn("resize: use view or reshape; resize_ changes sizes", stacklevel=2)
    shape = size_arguments("resize", sizes)
    count = 1
    for n in shape:
        count *= n
    if count != self._array.size:
        raise RuntimeError(
            message(
                "resize: another number of elements",
                expected=f"sizes whose product is {self._array.size}",
                got=str(shape),
                help="resize_ changes the size",
            )
        )
    return self.reshape(shape)  # type: ignore[attr-defined]


@public(method=True, function=False)
def resize_as(self: Tensor, tensor: Tensor) -> Tensor:
    """:meth:`resize` to the shape of another tensor.

    Example:
        >>> import flambeau as fb, warnings
        >>> warnings.simplefilter("ignore")
        >>> fb.arange(4).resize_as(fb.zeros(2, 2)).shape
        torch.Size([2, 2])
    """
    return resize(self, tuple(tensor._array.shape))


@public(method=True, function=False)
def to_dense(self: Tensor, dtype: Any = None, *, masked_grad: bool | None = None) -> Tensor:
    """The tensor itself, which is dense; in another type if one is given.

    Example:
        >>> import flambeau as fb
        >>> fb.ones(2).to_dense()
        tensor([1., 1.])
    """
    return self if dtype is None else self.to(dtype)  # type: ignore[attr-defined]
