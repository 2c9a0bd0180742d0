"""``gradcheck`` and ``gradgradcheck`` accept right gradients and catch wrong ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import flambeau as fb
from flambeau.autograd import GradcheckError, gradcheck, gradgradcheck


def function(forward: Callable[..., Any], backward: Callable[..., Any]) -> Callable[..., Any]:
    methods = {"forward": staticmethod(forward), "backward": staticmethod(backward)}
    return type("Mine", (fb.autograd.Function,), methods).apply


def cube(derivative: Callable[[fb.Tensor], fb.Tensor]) -> Callable[..., Any]:
    """A cube with a derivative of one's own."""

    def forward(ctx: Any, x: fb.Tensor) -> fb.Tensor:
        ctx.save_for_backward(x)
        return x**3

    return function(forward, lambda ctx, g: g * derivative(ctx.saved_tensors[0]))


def doubles(*shape: int, complex: bool = False) -> fb.Tensor:
    fb.manual_seed(1)
    kind = fb.complex128 if complex else fb.float64
    return fb.randn(*shape, dtype=kind).requires_grad_()


RIGHT = {
    "function": (cube(lambda x: 3 * x**2), lambda: (doubles(3),)),
    "two inputs": (lambda x, y: x * y.sin(), lambda: (doubles(2, 3), doubles(3))),
    "two outputs": (lambda x: (x.exp(), x.sum()), lambda: (doubles(2, 2),)),
    "not differentiable": (lambda x: (x * 2, x > 0), lambda: (doubles(3),)),
    "other arguments": (lambda x, n, y: x * n + y, lambda: (doubles(3), 2, doubles(3).detach())),
    "complex": (lambda z: z * z.conj() + z.exp(), lambda: (doubles(2, complex=True),)),
    "complex to real": (lambda z: z.abs(), lambda: (doubles(2, complex=True),)),
    "real to complex": (lambda x: fb.complex(x, x * 2) ** 2, lambda: (doubles(2),)),
    "0-d": (lambda x: x.tanh(), lambda: (doubles(),)),
    "empty": (lambda x: x * 2, lambda: (doubles(0, 2),)),
}


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("name", RIGHT)
def test_right_gradients_pass(name: str, fast: bool) -> None:
    call, inputs = RIGHT[name]
    assert gradcheck(call, inputs(), fast_mode=fast)
    if name != "empty":
        assert gradgradcheck(call, inputs(), fast_mode=fast, atol=1e-4)


WRONG = {
    "factor": (cube(lambda x: 2 * x**2), lambda: (doubles(3),)),
    "one element": (
        cube(lambda x: 3 * x**2 + fb.tensor([0.0, 0.0, 0.01], dtype=x.dtype)),
        lambda: (doubles(3),),
    ),
    "one input": (
        function(lambda c, x, y: x + y, lambda c, g: (g, 2 * g)),
        lambda: (doubles(3), doubles(3)),
    ),
    "one output": (
        function(lambda c, x: (x * 1, x * 2), lambda c, g, h: g + h),
        lambda: (doubles(3),),
    ),
    "transposed": (
        function(lambda c, x: x.t() * 1, lambda c, g: g),
        lambda: (doubles(2, 2),),
    ),
    "conjugate": (
        function(lambda c, z: z * 2j, lambda c, g: g * 2j),
        lambda: (doubles(2, complex=True),),
    ),
    "missing": (lambda x: x * x.detach(), lambda: (doubles(3),)),
    "left out": (
        function(lambda c, x, y: x * 1 + y, lambda c, g: (g, None)),
        lambda: (doubles(3), doubles(3)),
    ),
}


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("name", WRONG)
def test_wrong_gradients_are_caught(name: str, fast: bool) -> None:
    call, inputs = WRONG[name]
    with pytest.raises(GradcheckError, match="differs from finite differences"):
        gradcheck(call, inputs(), fast_mode=fast)
    assert gradcheck(call, inputs(), fast_mode=fast, raise_exception=False) is False


def test_wrong_second_derivative_is_caught() -> None:
    def backward_of_cube(x: fb.Tensor) -> fb.Tensor:
        return 3 * x.detach() * x  # the right value with half of its derivative

    call = cube(backward_of_cube)
    assert gradcheck(call, (doubles(3),))
    with pytest.raises(GradcheckError, match="differs from finite differences"):
        gradgradcheck(call, (doubles(3),))
    assert gradgradcheck(call, (doubles(3),), raise_exception=False) is False


def test_gradients_to_start_from_may_be_given_or_transposed() -> None:
    x = doubles(2, 3)
    start = fb.ones(2, 3, dtype=fb.float64, requires_grad=True)
    assert gradgradcheck(lambda x: x**3, x, start)
    assert gradgradcheck(lambda x: x**3, x, gen_non_contig_grad_outputs=True)


def test_gradients_that_change_are_caught() -> None:
    calls = []

    def backward(ctx: Any, g: fb.Tensor) -> fb.Tensor:
        calls.append(1)
        return g * (1 + 1e-9 * len(calls))

    call = function(lambda ctx, x: x * 1, backward)
    with pytest.raises(GradcheckError, match="two backward passes differ"):
        gradcheck(call, (doubles(2),))
    assert gradcheck(call, (doubles(2),), nondet_tol=1e-6)


def test_type_of_the_gradient() -> None:
    x = fb.ones(2, requires_grad=True)
    assert gradcheck(lambda x: x * 2, (x,), eps=1e-2, atol=1e-2, check_grad_dtypes=True)


def test_inputs_keep_their_values_and_gradients() -> None:
    x = doubles(3)
    before = x.tolist()
    gradcheck(lambda x: x.exp(), (x,))
    assert x.tolist() == before
    assert x.grad is None


def test_nothing_to_check() -> None:
    with pytest.raises(ValueError) as caught:
        gradcheck(lambda x: x, (fb.ones(2),))
    assert str(caught.value) == (
        "gradcheck: no input requires a gradient\n"
        "  expected: at least one input with requires_grad=True\n"
        "  got:      none"
    )
