"""Checks of gradients against finite differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from flambeau.autograd.backward import grad
from flambeau.core.errors import message
from flambeau.tensor.dispatch import wrap
from flambeau.tensor.tensor import Tensor


class GradcheckError(RuntimeError):
    """A gradient that finite differences do not confirm."""


def gradcheck(
    func: Callable[..., Any],
    inputs: Tensor | Sequence[Any],
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> bool:
    """Compare the Jacobian from backward passes with central differences.

    :math:`J_{ij} ≈ (f_i(x + ε e_j) - f_i(x - ε e_j)) / 2ε`

    Args:
        func: a function of tensors that returns a tensor or a tuple of them.
        inputs: its arguments; those with ``requires_grad`` are checked. Use float64.
        eps: the step.
        atol, rtol: ``|analytic - numeric| <= atol + rtol * |numeric|``.
        raise_exception: raise rather than return ``False``.
        nondet_tol: how much two backward passes may differ.
        check_grad_dtypes: whether gradients must have the type of their input.
        fast_mode: compare one random projection instead of the whole Jacobian.
        check_undefined_grad, check_batched_grad, check_batched_forward_grad, check_forward_ad,
            check_backward_ad, masked: selectors without effect: backward passes over dense
            tensors are what is checked.

    Raises:
        ValueError: if no input requires a gradient.
        GradcheckError: if the Jacobians differ and ``raise_exception`` is set.

    Example:
        >>> import flambeau as fb
        >>> x = fb.ones(3, dtype=fb.float64, requires_grad=True)
        >>> fb.autograd.gradcheck(lambda x: x * x, (x,))
        True
    """
    try:
        _check(func, _as_tuple(inputs), eps, atol, rtol, nondet_tol, check_grad_dtypes, fast_mode)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Tensor | Sequence[Any],
    grad_outputs: Any = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool = False,
) -> bool:
    """Check gradients of gradients: :func:`gradcheck` of the backward pass.

    Args:
        func: a function of tensors that returns a tensor or a tuple of them.
        inputs: its arguments, float64, some with ``requires_grad``.
        grad_outputs: gradients to start from; random ones if not given.
        gen_non_contig_grad_outputs: make those random ones non-contiguous.
        eps, atol, rtol, raise_exception, nondet_tol, check_grad_dtypes, fast_mode: as there.
        check_undefined_grad, check_batched_grad, check_fwd_over_rev, check_rev_over_rev, masked:
            selectors without effect.

    Example:
        >>> import flambeau as fb
        >>> x = fb.ones(2, dtype=fb.float64, requires_grad=True)
        >>> fb.autograd.gradgradcheck(lambda x: x * x * x, (x,))
        True
    """
    arguments = _as_tuple(inputs)
    if grad_outputs is None:
        outputs = _differentiable(func(*arguments))
        gradients = tuple(_random_like(o, gen_non_contig_grad_outputs) for o in outputs)
    else:
        gradients = _as_tuple(grad_outputs)
    count = len(arguments)

    def first_order(*everything: Any) -> tuple[Any, ...]:
        xs, gs = everything[:count], everything[count:]
        wanted = [x for x in xs if isinstance(x, Tensor) and x.requires_grad]
        results = grad(_differentiable(func(*xs)), wanted, gs, create_graph=True, allow_unused=True)
        return tuple(r for r in results if r is not None)

    return gradcheck(
        first_order,
        (*arguments, *gradients),
        eps=eps,
        atol=atol,
        rtol=rtol,
        raise_exception=raise_exception,
        nondet_tol=nondet_tol,
        check_grad_dtypes=check_grad_dtypes,
        fast_mode=fast_mode,
    )


def _check(
    func: Callable, inputs: tuple, eps: float, atol: float, rtol: float, nondet: float,
    dtypes: bool, fast: bool,
) -> None:  # fmt: skip
    checked = [x for x in inputs if isinstance(x, Tensor) and x.requires_grad]
    if not checked:
        raise ValueError(
            message(
                "gradcheck: no input requires a gradient",
                expected="at least one input with requires_grad=True",
                got="none",
            )
        )
    outputs = _differentiable(func(*inputs))
    for number, output in enumerate(outputs):
        for position, x in enumerate(checked):
            for projection in _projections(output, fast):
                analytic = _analytic(output, x, projection, dtypes)
                again = _analytic(output, x, projection, dtypes)
                _compare_passes(analytic, again, nondet)
                numeric = _numeric(func, inputs, number, x, projection, eps)
                _compare(analytic, numeric, number, position, atol, rtol)


def _projections(output: Tensor, fast: bool) -> list[np.ndarray]:
    """Cotangents: every unit vector (and its imaginary twin), or one random direction."""
    kind = output._array.dtype
    if fast:
        return [_random_like(output, False)._array]
    units = []
    for index in np.ndindex(*output._array.shape):
        for value in (1, 1j) if kind.kind == "c" else (1,):
            unit = np.zeros(output._array.shape, kind)
            unit[index] = value
            units.append(unit)
    return units


def _analytic(output: Tensor, x: Tensor, projection: np.ndarray, dtypes: bool) -> np.ndarray:
    (result,) = grad(output, x, wrap(projection), retain_graph=True, allow_unused=True)
    if result is None:
        return np.zeros_like(x._array)
    if dtypes and result.dtype is not x.dtype:
        raise GradcheckError(
            message("gradcheck: wrong type", expected=str(x.dtype), got=str(result.dtype))
        )
    return result.detach()._array


def _numeric(
    func: Callable, inputs: tuple, number: int, x: Tensor, projection: np.ndarray, eps: float
) -> np.ndarray:
    """The gradient of Re <projection, output> with respect to ``x``, by central differences."""

    def value() -> float:
        out = _differentiable(func(*inputs))[number].detach()._array
        return float(np.sum(np.real(np.conj(projection) * out)))

    array = x._array
    result = np.zeros(array.shape, array.dtype)
    steps = (eps, 1j * eps) if array.dtype.kind == "c" else (eps,)
    for index in np.ndindex(*array.shape):
        kept = array[index]
        for step in steps:
            array[index] = kept + step
            above = value()
            array[index] = kept - step
            below = value()
            array[index] = kept
            result[index] += (above - below) / (2 * eps) * (step / eps)
    return result


def _compare_passes(first: np.ndarray, second: np.ndarray, tolerance: float) -> None:
    if not np.allclose(first, second, rtol=0, atol=tolerance, equal_nan=True):
        raise GradcheckError(
            message(
                "gradcheck: two backward passes differ",
                expected=f"a difference of at most {tolerance}",
                got=str(np.abs(first - second).max()),
            )
        )


def _compare(
    analytic: np.ndarray, numeric: np.ndarray, number: int, position: int, atol: float, rtol: float
) -> None:
    if not np.allclose(analytic, numeric, rtol=rtol, atol=atol, equal_nan=True):
        raise GradcheckError(
            message(
                f"gradcheck: the Jacobian of output {number} with respect to input {position} "
                "differs from finite differences",
                expected=str(numeric),
                got=str(analytic),
            )
        )


def _as_tuple(values: Any) -> tuple[Any, ...]:
    return (values,) if isinstance(values, Tensor) else tuple(values)


def _differentiable(outputs: Any) -> tuple[Tensor, ...]:
    return tuple(o for o in _as_tuple(outputs) if isinstance(o, Tensor) and o.requires_grad)


def _random_like(output: Tensor, transposed: bool) -> Tensor:
    generator = np.random.default_rng(0)
    shape, kind = output._array.shape, output._array.dtype
    values = generator.standard_normal(shape[::-1] if transposed else shape)
    if kind.kind == "c":
        values = values + 1j * generator.standard_normal(values.shape)
    values = np.asarray(values).astype(kind)
    result = wrap(values.T if transposed else values)
    result.requires_grad = True
    return result
