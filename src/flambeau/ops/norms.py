"""Norms and distances."""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np

from flambeau.core.errors import message
from flambeau.core.native import LEAST, kernels
from flambeau.core.shapes import wrap_dim
from flambeau.core.spec import Spec
from flambeau.ops.extremes import check_some, shared_gradient
from flambeau.ops.publish import PUBLIC, public
from flambeau.ops.reduction import (
    add_along,
    dimensions,
    expand_reduced,
    is_reduced,
    kind_of,
    maximum_reduce,
    minimum_reduce,
    reduced_dims,
    reduced_shape,
    refuse,
    widened,
)
from flambeau.ops.single import apply_one
from flambeau.ops.singular_values import svdvals
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply, apply_inplace, wrap
from flambeau.tensor.modes import MODE
from flambeau.tensor.operation import REGISTRY, Operation
from flambeau.tensor.tensor import Tensor

# Up to here BLAS adds precisely enough, and is quicker to call.
_FEW = 1 << 12


def _real_type(numpy_type: np.dtype) -> np.dtype:
    return numpy_type.type(0).real.dtype if numpy_type.kind == "c" else numpy_type


def _vector_norm(array: np.ndarray, ord: float, dim: tuple[int, ...], keepdim: bool) -> Any:
    if array.dtype.kind != "f" or not array.size:
        _check(array, ord, dim)
    kind = _real_type(array.dtype)
    if kind.itemsize > 2:
        return _norm_of(array, ord, dim, keepdim)
    return _norm_of(widened(array), ord, dim, keepdim).astype(kind, copy=False)


def _norm_of(array: np.ndarray, ord: float, dim: tuple[int, ...], keepdim: bool) -> Any:
    if ord == 2 and array.dtype.kind == "f":
        if array.size >= LEAST and len(dim) == array.ndim and not keepdim:
            native = kernels()
            squares = native and native.total_of_squares(array)
            if squares is not None:
                return np.sqrt(squares)
        if array.size <= _FEW and len(dim) == array.ndim and array.flags.c_contiguous:
            flat = array.ravel()
            found = np.sqrt(flat.dot(flat))
            return np.full((1,) * array.ndim, found) if keepdim else found
        return np.sqrt(add_along(array * array, dim, keepdim, array.dtype))
    size = np.abs(array)
    if ord == inf:
        return maximum_reduce(size, dim, None, None, keepdim)
    if ord == -inf:
        return minimum_reduce(size, dim, None, None, keepdim)
    if ord == 0:
        return add_along((array != 0).astype(size.dtype), dim, keepdim, size.dtype)
    if ord == 1:
        return add_along(size, dim, keepdim, size.dtype)
    if ord == 2:
        return np.sqrt(add_along(size * size, dim, keepdim, size.dtype))
    return add_along(size**ord, dim, keepdim, size.dtype) ** (1 / ord)


def _check(x: Any, ord: float, dim: tuple[int, ...]) -> None:
    if x.dtype.kind in "iub":
        raise refuse(
            "vector_norm", "needs a floating-point or complex tensor", "such a tensor", x,
            help="convert with .float(), or pass dtype=",
        )  # fmt: skip
    if (ord < 0 or ord == inf) and any(x.shape[axis] == 0 for axis in dim):
        check_some("vector_norm", x)


def _spec(x: Any, ord: float, dim: tuple[int, ...], keepdim: bool) -> Spec:
    _check(x, ord, dim)
    return Spec(reduced_shape(x.shape, dim, keepdim), _real_type(x.dtype))


def _norm_gradient(
    g: Any, input: Any, out: Any, ord: float, dim: tuple[int, ...], keepdim: bool
) -> Tensor | None:
    """The gradient of the norm; 0 at 0, where every slope would be right."""
    if ord == 0:
        return None
    if ord == 2 and MODE.code == 0 and input._array.dtype.kind == "f":
        return wrap(_unit_direction(g._array, input._array, out._array, dim))
    where = PUBLIC["where"]
    shape = input._array.shape
    size = input.abs()
    if ord in (inf, -inf):
        return shared_gradient(g, size, out, dim, keepdim) * input.sgn()
    spread = expand_reduced(g, shape, dim, keepdim)
    if ord == 1:
        return spread * input.sgn()
    norm = expand_reduced(out, shape, dim, keepdim)
    if ord == 2:
        return where(norm == 0, 0, input * (spread / where(norm == 0, 1, norm)))
    blank = (norm == 0) | (size == 0) if ord < 2 else norm == 0
    ratio = where(blank, 1, size) / where(blank, 1, norm)
    return where(blank, 0, input.sgn() * (ratio ** (ord - 1)) * spread)


def _unit_direction(
    g: np.ndarray, array: np.ndarray, norm: np.ndarray, dim: tuple[int, ...]
) -> np.ndarray:
    """The gradient of the 2-norm on arrays, where nobody records it."""
    zero = norm == 0
    scale = g / np.where(zero, norm.dtype.type(1), norm)
    kept = reduced_shape(array.shape, dim, True)
    found = array * np.asarray(scale).reshape(kept).astype(array.dtype, copy=False)
    return np.where(zero.reshape(kept), array.dtype.type(0), found) if zero.any() else found


def _norm_in_parts(input: Any, ord: float, dim: tuple[int, ...], keepdim: bool) -> Tensor:
    size = input.abs()
    if ord == inf:
        return apply(REGISTRY["amax"], (size,), (dim, keepdim))
    if ord == -inf:
        return apply(REGISTRY["amin"], (size,), (dim, keepdim))
    if ord == 0:
        return _total((input != 0).to(size.dtype), dim, keepdim)
    if ord == 1:
        return _total(size, dim, keepdim)
    if ord == 2:
        return _total(size * size, dim, keepdim).sqrt()  # type: ignore[attr-defined]
    return _total(size**ord, dim, keepdim) ** (1 / ord)  # type: ignore[operator]


def _total(x: Tensor, dim: tuple[int, ...], keepdim: bool) -> Tensor:
    return apply(REGISTRY["sum"], (x,), (dim, keepdim, None))


VECTOR_NORM = Operation(
    "linalg_vector_norm",
    inputs="input",
    params="ord dim keepdim",
    evaluate=_vector_norm,
    infer=_spec,
    gradient={"input": _norm_gradient},
    decompose=_norm_in_parts,
    samples=lambda make: [
        *[
            make.sample(inputs=(make.tensor((2, 3)),), params=(ord, (1,), False))
            for ord in (2, 1, 3.0, 0.5, -1, inf, -inf, 0)
        ],
        make.sample(inputs=(make.tensor((2, 3)),), params=(2, (0, 1), True)),
        make.sample(inputs=(make.transposed((3, 4)),), params=(2, (0,), False)),
        make.sample(inputs=(make.tensor(()),), params=(2, (), False)),
        make.sample(inputs=(make.tensor((0,)),), params=(2, (0,), False)),
        make.error((make.tensor((0,)),), (inf, (0,), False), RuntimeError),
        make.error((make.integers((3,), 0, 3),), (2, (0,), False), RuntimeError),
    ],
)


def as_type(x: Tensor, dtype: Any) -> Tensor:
    """The tensor converted to a user's ``dtype=``, if there is one."""
    kind = kind_of(dtype)
    if kind is None or x._array.dtype == kind:
        return x
    return apply(REGISTRY["to_dtype"], (x,), (kind,))


def vector_norm(
    x: Tensor, ord: float = 2, dim: Any = None, keepdim: bool = False, *,
    dtype: Any = None, out: Any = None,
) -> Tensor:  # fmt: skip
    """The length of vectors: the p-norm over all dimensions, or over some.

    :math:`out = (Σ_i |x_i|^p)^{1/p}`; the largest and smallest :math:`|x_i|` for ``p = ±inf``,
    and the number of elements that are not 0 for ``p = 0``. Gradients at 0 are 0.

    Args:
        x: a floating-point or complex tensor.
        ord: p, any real number, ``inf`` or ``-inf``.
        dim: a dimension, a tuple of them, or ``None`` for all.
        keepdim: keep the reduced dimensions with size 1.
        dtype: the type to convert to first.
        out: a tensor to write the result into.

    Shape: the input's without ``dim`` (or with size 1 there).

    Raises:
        RuntimeError: for integers and truth values, or an empty tensor with p < 0 or ``inf``.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.linalg.vector_norm(fb.tensor([3., 4.]))
        tensor(5.)
    """
    dims = reduced_dims("vector_norm", dim, dimensions("vector_norm", x))
    result = apply_one(VECTOR_NORM, as_type(x, dtype), (ord, dims, bool(keepdim)))
    return result if out is None else write_out("vector_norm", out, result)


@public(method=True)
def norm(
    input: Tensor, p: Any = "fro", dim: Any = None, keepdim: bool = False, out: Any = None,
    dtype: Any = None,
) -> Tensor:  # fmt: skip
    """The p-norm over all dimensions, or over some; its gradient at 0 is 0.

    :math:`out = (Σ_i |x_i|^p)^{1/p}`

    Args:
        input: a floating-point or complex tensor.
        p: a real number, ``inf``, ``-inf``, ``"fro"`` for 2, or ``"nuc"`` for the sum of a
            matrix's singular values.
        dim: a dimension, a tuple of them, or ``None`` for all.
        keepdim: keep the reduced dimensions with size 1.
        out: a tensor to write the result into.
        dtype: the type to convert to first.

    Shape: the input's without ``dim`` (or with size 1 there).

    Raises:
        RuntimeError: for integers and truth values, or an unknown ``p``.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([[3., 4.], [6., 8.]]).norm(dim=1)
        tensor([ 5., 10.])
    """
    input = as_type(input, dtype)
    if p == "nuc":
        result = _nuclear(input, dim, keepdim)
    elif isinstance(p, str) and p != "fro":
        raise RuntimeError(message("norm: unknown p", expected="a number, 'fro' or 'nuc'", got=p))
    else:
        result = vector_norm(input, 2 if p in ("fro", None) else p, dim, keepdim)
    return result if out is None else write_out("norm", out, result)


def _nuclear(input: Tensor, dim: Any, keepdim: bool) -> Tensor:
    """The sum of singular values over two dimensions."""
    ndim = input._array.ndim
    axes = tuple(range(ndim)) if dim is None else tuple(wrap_dim("norm", d, ndim) for d in dim)
    if len(axes) != 2:
        raise RuntimeError(
            message("norm: p='nuc' is for matrices", expected="2 dimensions", got=str(len(axes)))
        )
    matrices = PUBLIC["movedim"](input, axes, (-2, -1))
    total = svdvals(matrices).sum(-1)
    if not keepdim:
        return total
    return total.reshape(reduced_shape(input._array.shape, axes, True))


# --- dist -----------------------------------------------------------------------------------


@public(method=True)
def dist(input: Tensor, other: Tensor, p: float = 2) -> Tensor:
    """The p-norm of a difference.

    :math:`out = (Σ_i |input_i - other_i|^p)^{1/p}`

    Args:
        input: a floating-point or complex tensor.
        other: a tensor that broadcasts with it.
        p: a real number, ``inf`` or ``-inf``.

    Shape: a scalar.

    Raises:
        RuntimeError: if the shapes do not broadcast, or for integers.

    Example:
        >>> import flambeau as fb
        >>> fb.dist(fb.tensor([1., 2.]), fb.tensor([4., 6.]))
        tensor(5.)
    """
    return apply(DIST, (input, other), (p,))


def _difference(input: np.ndarray, other: np.ndarray) -> np.ndarray:
    if input.dtype == other.dtype and not is_reduced(input.dtype):
        return input - other
    common = REGISTRY["sub"].infer(input, other, 1).dtype
    return (input.astype(common) - other.astype(common)).astype(common)


def _dist(input: np.ndarray, other: np.ndarray, p: float) -> Any:
    away = _difference(input, other)
    return _vector_norm(away, p, tuple(range(away.ndim)), False)


def _dist_spec(x: Any, y: Any, p: float) -> Spec:
    away = REGISTRY["sub"].infer(x, y, 1)
    return _spec(away, p, tuple(range(len(away.shape))), False)


def _dist_gradient(g: Tensor, input: Any, other: Any, out: Tensor, p: float) -> Any:
    away = input - other
    return _norm_gradient(g, away, out, p, tuple(range(away._array.ndim)), False)


def _negative(rule: Any) -> Any:
    def gradient(g: Tensor, input: Any, other: Any, out: Tensor, p: float) -> Any:
        found = rule(g, input, other, out, p)
        return None if found is None else -found

    return gradient


DIST = Operation(
    "dist",
    inputs="input other",
    params="p",
    evaluate=_dist,
    infer=_dist_spec,
    gradient={"input": _dist_gradient, "other": _negative(_dist_gradient)},
    decompose=lambda input, other, p: vector_norm(input - other, p),
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 3)), make.tensor((3,))), params=(p,))
        for p in (2, 1, 3, inf)
    ],
)


# --- renorm ---------------------------------------------------------------------------------

_GUARD = 1e-7  # PyTorch's, so that the shortened slice is not longer than asked for


def _other_dims(ndim: int, dim: int) -> tuple[int, ...]:
    return tuple([axis for axis in range(ndim) if axis != dim])


def _renorm(array: np.ndarray, p: float, dim: int, maxnorm: float) -> np.ndarray:
    _renorm_spec(array, p, dim, maxnorm)
    wide = widened(array)
    size = _norm_of(wide, p, _other_dims(array.ndim, dim), True)
    factor = np.where(size > maxnorm, maxnorm / (size + _GUARD), 1).astype(size.dtype)
    return (wide * factor).astype(array.dtype, copy=False)


def _renorm_spec(x: Any, p: float, dim: int, maxnorm: float) -> Spec:
    if len(x.shape) < 2 or p <= 0 or maxnorm < 0 or x.dtype.kind in "iub":
        raise RuntimeError(
            message(
                "renorm: wrong arguments",
                expected="at least 2 dimensions of floating-point numbers, p > 0, maxnorm ≥ 0",
                got=f"shape {tuple(x.shape)} of type {x.dtype}, p={p}, maxnorm={maxnorm}",
            )
        )
    return Spec(x.shape, x.dtype)


def _renorm_in_parts(input: Any, p: float, dim: int, maxnorm: float) -> Tensor:
    size = apply(VECTOR_NORM, (input,), (p, _other_dims(input._array.ndim, dim), True))
    return input * PUBLIC["where"](size > maxnorm, maxnorm / (size + _GUARD), 1)


def _renorm_gradient(g: Any, input: Any, p: float, dim: int, maxnorm: float) -> Tensor:
    where = PUBLIC["where"]
    dims = _other_dims(input._array.ndim, dim)
    size: Any = apply(VECTOR_NORM, (input,), (p, dims, True))
    along = (g * (input.conj() if input._array.dtype.kind == "c" else input)).sum(dims, True)
    slope = -maxnorm * (along.real if along._array.dtype.kind == "c" else along)
    slope = slope / (size + _GUARD) ** 2
    shortened = g * (maxnorm / (size + _GUARD)) + _norm_gradient(slope, input, size, p, dims, True)
    return where(size > maxnorm, shortened, g)


RENORM = Operation(
    "renorm",
    inputs="input",
    params="p dim maxnorm",
    evaluate=_renorm,
    infer=_renorm_spec,
    gradient={"input": _renorm_gradient},
    decompose=_renorm_in_parts,
    samples=lambda make: [
        make.sample(inputs=(make.tensor((3, 4)),), params=(2, 0, 1.5)),
        make.sample(inputs=(make.tensor((3, 4, 2)),), params=(1, 1, 5.0)),
        make.error((make.tensor((3,)),), (2, 0, 1.0), RuntimeError),
    ],
)


@public(method=True)
def renorm(input: Tensor, p: float, dim: int, maxnorm: float, *, out: Any = None) -> Tensor:
    """Shorten every slice along a dimension whose p-norm is larger than a limit.

    :math:`out_i = input_i · min(1, maxnorm / ‖input_i‖_p)`

    Args:
        input: a floating-point or complex tensor with at least 2 dimensions.
        p: the norm, above 0.
        dim: the dimension along which slices are numbered.
        maxnorm: the limit, at least 0.
        out: a tensor to write the result into.

    Shape: the input's.

    Raises:
        RuntimeError: for other types or fewer dimensions, or numbers out of range.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.renorm(fb.tensor([[3., 4.], [0.3, 0.4]]), 2, 0, 1.)
        tensor([[0.6000, 0.8000],
                [0.3000, 0.4000]])
    """
    dim = wrap_dim("renorm", dim, dimensions("renorm", input))
    result = apply_one(RENORM, input, (p, dim, maxnorm))
    return result if out is None else write_out("renorm", out, result)


@public(method=True, function=False)
def renorm_(input: Tensor, p: float, dim: int, maxnorm: float) -> Tensor:
    """In-place version of :func:`flambeau.renorm`; returns the tensor itself."""
    dim = wrap_dim("renorm_", dim, dimensions("renorm_", input))
    return apply_inplace(RENORM, input, (), (p, dim, maxnorm))
