"""``autograd.functional`` against closed forms, and the text of its errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import flambeau as fb
from flambeau.autograd import functional

X = fb.tensor([1.0, 2.0, 3.0], dtype=fb.float64)
V = fb.tensor([3.0, -1.0, 2.0], dtype=fb.float64)
MATRIX = np.random.default_rng(0).standard_normal((3, 3))


def quadratic(x: fb.Tensor) -> fb.Tensor:
    """:math:`xᵀAx`, with gradient :math:`(A + Aᵀ)x` and Hessian :math:`A + Aᵀ`."""
    return x @ (fb.from_numpy(MATRIX) @ x)


def test_products_and_matrices_of_a_quadratic_form() -> None:
    both = MATRIX + MATRIX.T
    x, v = X.numpy(), V.numpy()
    close = np.testing.assert_allclose
    close(functional.jacobian(quadratic, X).numpy(), both @ x)
    close(functional.hessian(quadratic, X).numpy(), both, atol=1e-14)
    value, product = functional.hvp(quadratic, X, V)
    close(value.item(), x @ MATRIX @ x)
    close(product.numpy(), both @ v)
    close(functional.vhp(quadratic, X, V)[1].numpy(), v @ both)
    close(functional.jvp(quadratic, X, V)[1].item(), both @ x @ v)
    close(functional.vjp(quadratic, X)[1].numpy(), both @ x)


def test_inputs_are_left_alone_and_modes_do_not_matter() -> None:
    x = X.clone().requires_grad_()
    with fb.no_grad():
        result = functional.jacobian(lambda x: x**2, x)
    assert not result.requires_grad
    assert x.grad is None
    assert np.diag(result.numpy()).tolist() == [2.0, 4.0, 6.0]


ERRORS: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "strict": (
        lambda: functional.jacobian(lambda x, y: x * 2, (X, V), strict=True),
        RuntimeError,
        (
            "jacobian: the output is independent of input 1\n"
            "  expected: a dependence on every input (strict=True)\n"
            "  got:      none\n"
            "  help:     pass strict=False to get zeros"
        ),
    ),
    "strict, second": (
        lambda: functional.jvp(lambda x: x * 2, X, V, strict=True, create_graph=True),
        RuntimeError,
        (
            "jvp: the derivative is independent of input 0\n"
            "  expected: a derivative that can be differentiated (strict=True, create_graph)\n"
            "  got:      a constant\n"
            "  help:     pass strict=False to get the constant"
        ),
    ),
    "strategy": (
        lambda: functional.jacobian(lambda x: x, X, strategy="sideways"),
        ValueError,
        (
            "jacobian: unknown strategy\n"
            "  expected: 'reverse-mode' or 'forward-mode'\n"
            "  got:      'sideways'"
        ),
    ),
    "inputs": (
        lambda: functional.vjp(lambda x: x, [X]),
        TypeError,
        (
            "vjp: inputs must be a tensor or a tuple of tensors\n"
            "  expected: a tensor or a tuple of tensors\n"
            "  got:      list"
        ),
    ),
    "vector": (
        lambda: functional.hvp(quadratic, X, V[:2]),
        RuntimeError,
        "hvp: v does not fit\n  expected: shapes [(3,)]\n  got:      shapes [(2,)]",
    ),
    "no vector": (
        lambda: functional.jvp(lambda x: x, X),
        RuntimeError,
        (
            "jvp: v may be left out only for one tensor with one element\n"
            "  expected: v with the shapes of what it is multiplied with\n"
            "  got:      None"
        ),
    ),
    "not one number": (
        lambda: functional.hessian(lambda x: x * 2, X),
        RuntimeError,
        (
            "hessian: the function must return one number\n"
            "  expected: 1 element\n"
            "  got:      shape (3,)"
        ),
    ),
}


@pytest.mark.parametrize("case", ERRORS)
def test_error_text(case: str) -> None:
    call, kind, text = ERRORS[case]
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value) == text
