"""Mantissas and exponents."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.spec import Spec
from flambeau.ops import return_types
from flambeau.ops.operands import as_operand, not_a_tensor, only_floating
from flambeau.ops.publish import PUBLIC, public
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor

INT32 = np.dtype(np.int32)


def _frexp(x: np.ndarray) -> tuple[Any, Any]:
    wide = x if x.dtype.kind == "f" else x.astype(np.float32)
    mantissa, exponent = np.frexp(wide)
    return np.asarray(mantissa).astype(x.dtype, copy=False), np.asarray(exponent, INT32)


def _infer(x: Any) -> tuple[Spec, Spec]:
    only_floating("frexp", dtypes.of(x.dtype))
    return Spec(x.shape, x.dtype), Spec(x.shape, INT32)


def _gradient(g: Any, out: Any) -> Tensor | None:
    return None if g[0] is None else g[0] / out[1].to(g[0].dtype).exp2()


FREXP = Operation(
    "frexp",
    inputs="input",
    evaluate=_frexp,
    infer=_infer,
    gradient={"input": _gradient},
    nondifferentiable_outputs=(1,),
    strict=True,
    samples=lambda make: [
        make.sample((make.tensor((2, 3)),)),
        make.sample((make.tensor(()),)),
        make.sample((make.tensor((0,)),)),
        make.error((make.integers((2,)),), (), RuntimeError),
    ],
)


@public(method=True)
def frexp(input: Tensor, *, out: Any = None) -> Any:
    """Take numbers apart into a mantissa from 0.5 to 1 and a power of 2.

    :math:`input = mantissa · 2^{exponent}`

    Args:
        input: a floating-point tensor.
        out: a pair of tensors to write the results into.

    Shape: both have the input's; the exponents are of type int32.

    Raises:
        RuntimeError: for other types.

    Example:
        >>> import flambeau as fb
        >>> fb.frexp(fb.tensor([3., 0.5])).exponent
        tensor([2, 0], dtype=torch.int32)
    """
    if not isinstance(input, Tensor):
        raise not_a_tensor("frexp", input)
    result = return_types.frexp(*apply(FREXP, (input,)))
    return result if out is None else write_out("frexp", out, result)


@public(method=True)
def ldexp(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Numbers times powers of 2.

    :math:`out = input · 2^{other}`

    Args:
        input: a tensor.
        other: exponents, whose shape broadcasts with it.
        out: a tensor to write the result into.

    Shape: the broadcast of both.

    Raises:
        RuntimeError: if the shapes do not broadcast.

    Example:
        >>> import flambeau as fb
        >>> fb.ldexp(fb.tensor([0.75, 0.5]), fb.tensor([2, 0]))
        tensor([3.0000, 0.5000])
    """
    _check_two("ldexp", input, other)
    result = input * PUBLIC["pow"](2.0, other)
    return result if out is None else write_out("ldexp", out, result)


@public(method=True)
def ldexp_(input: Tensor, other: Tensor) -> Tensor:
    """In-place version of :func:`flambeau.ldexp`; returns the tensor itself."""
    _check_two("ldexp_", input, other)
    return input.mul_(PUBLIC["pow"](2.0, other))  # type: ignore[attr-defined]


def _check_two(name: str, input: Any, other: Any) -> None:
    for x in (input, other):
        if not isinstance(x, Tensor):
            as_operand(name, x)
            raise not_a_tensor(name, x)
