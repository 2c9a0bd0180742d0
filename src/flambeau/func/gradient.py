"""``grad`` and its relatives: functions that compute the gradient of a function."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from flambeau.autograd.modes import enable_grad
from flambeau.core import dtypes, trees
from flambeau.core.errors import message
from flambeau.func.arguments import ArgNums, check_tensors, chosen, replaced, with_aux
from flambeau.func.tape import Tape, fresh
from flambeau.tensor.tensor import Tensor


def _check_scalar(name: str, output: Any) -> Tensor:
    if not isinstance(output, Tensor) or output.ndim != 0:
        raise RuntimeError(
            message(
                f"{name}: the function must return one number",
                expected="a 0-d tensor",
                got=f"a tensor of shape {tuple(output.shape)}"
                if isinstance(output, Tensor)
                else type(output).__name__,
                help="reduce it, for example with .sum(); use jacrev() for several outputs, or "
                "has_aux=True for further results",
            )
        )
    if dtypes.of(output._array.dtype).category != dtypes.FLOATING:
        raise RuntimeError(
            message(
                f"{name}: the function must return a real number",
                expected="a floating-point tensor",
                got=str(output.dtype),
                help="take .real or .abs() first",
            )
        )
    return output


def _gradient(
    name: str, func: Callable[..., Any], argnums: ArgNums, has_aux: bool, args: Any, kwargs: Any
) -> tuple[Any, Any, Any]:
    """Gradient, value and further results."""
    leaves, structure = trees.flatten(chosen(name, argnums, args))
    with enable_grad():
        inputs = [fresh(name, x) for x in leaves]
        values = trees.unflatten(structure, inputs)
        result = func(*replaced(name, argnums, args, values), **kwargs)
        output, aux = with_aux(name, result, has_aux)
        output = _check_scalar(name, output)
        tape = Tape(inputs, [output, *trees.leaves(aux)])
        gradients = tape.gradients([output], [None])
    return (
        trees.unflatten(structure, gradients),
        tape.released(output),
        trees.map(tape.released, aux),
    )


def grad(
    func: Callable[..., Any], argnums: ArgNums = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """A function that computes the gradient of ``func``.

    Args:
        func: returns a 0-d tensor, and with ``has_aux`` a pair of that and anything else.
        argnums: the positional arguments to differentiate with respect to: trees of tensors.
        has_aux: whether ``func`` returns further results, which are passed on.

    Returns:
        A function of the same arguments that returns gradients in the form of the chosen
        arguments (a tuple of them if ``argnums`` is one), or ``(gradients, aux)``.

    Raises:
        RuntimeError: if the function returns something else, or ``argnums`` names no argument.
        TypeError: if an argument holds something that cannot be differentiated.

    Example:
        >>> import flambeau as fb
        >>> fb.func.grad(fb.func.grad(lambda x: x ** 3))(fb.tensor(2.))
        tensor(12.)
    """

    @functools.wraps(func)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        found, _, aux = _gradient("grad", func, argnums, has_aux, args, kwargs)
        return (found, aux) if has_aux else found

    return gradient


def value_and_grad(
    func: Callable[..., Any], argnums: ArgNums = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """A function that computes ``func`` and its gradient, in JAX's order.

    Args:
        func, argnums, has_aux: as for :func:`grad`.

    Returns:
        A function that returns ``(value, gradients)``, or ``((value, aux), gradients)``.

    Raises:
        RuntimeError, TypeError: as :func:`grad` does.

    Example:
        >>> import flambeau as fb
        >>> fb.func.value_and_grad(lambda w: (w * w).sum())(fb.tensor([1., 2.]))
        (tensor(5.), tensor([2., 4.]))
    """

    @functools.wraps(func)
    def both(*args: Any, **kwargs: Any) -> Any:
        found, value, aux = _gradient("value_and_grad", func, argnums, has_aux, args, kwargs)
        return ((value, aux) if has_aux else value), found

    return both


def grad_and_value(
    func: Callable[..., Any], argnums: ArgNums = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """A function that computes the gradient of ``func`` and its value, in PyTorch's order.

    Args:
        func, argnums, has_aux: as for :func:`grad`.

    Returns:
        A function that returns ``(gradients, value)``, or ``(gradients, (value, aux))``.

    Raises:
        RuntimeError, TypeError: as :func:`grad` does.

    Example:
        >>> import flambeau as fb
        >>> fb.func.grad_and_value(lambda w: (w * w).sum())(fb.tensor([1., 2.]))
        (tensor([2., 4.]), tensor(5.))
    """

    @functools.wraps(func)
    def both(*args: Any, **kwargs: Any) -> Any:
        found, value, aux = _gradient("grad_and_value", func, argnums, has_aux, args, kwargs)
        return found, ((value, aux) if has_aux else value)

    return both


def vjp(func: Callable[..., Any], *primals: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """The value of a function, and the function that multiplies a vector with its Jacobian.

    :math:`y = f(x), \\quad v \\mapsto v^T J_f(x)`

    Args:
        func: returns a tree of tensors, and with ``has_aux`` a pair of that and anything else.
        primals: trees of tensors.
        has_aux: whether ``func`` returns further results, which are passed on.

    Returns:
        ``(output, vjp_fn)`` or ``(output, vjp_fn, aux)``. ``vjp_fn`` takes a tree like the output
        and returns a tuple of trees like the primals; it may be called any number of times.

    Raises:
        RuntimeError: if something that is no tensor is returned or given.

    Example:
        >>> import flambeau as fb
        >>> y, pull = fb.func.vjp(lambda x: x.sin(), fb.zeros(2))
        >>> pull(fb.tensor([1., 10.]))
        (tensor([ 1., 10.]),)
    """
    leaves, structure = trees.flatten(primals)
    with enable_grad():
        inputs = [fresh("vjp", x) for x in leaves]
        result = func(*trees.unflatten(structure, inputs))
        output, aux = with_aux("vjp", result, has_aux)
        outputs, shape = check_tensors("vjp", "the output", output), trees.structure(output)
        tape = Tape(inputs, [*outputs, *trees.leaves(aux)])

    def vjp_fn(*cotangents: Any, retain_graph: bool = True) -> Any:
        """The product of a vector, a tree like the output, with the Jacobian."""
        vectors = _cotangents(cotangents, outputs, shape)
        return trees.unflatten(structure, tape.gradients(outputs, vectors, retain=retain_graph))

    value = trees.unflatten(shape, [tape.released(x) for x in outputs])
    if not has_aux:
        return value, vjp_fn
    return value, vjp_fn, trees.map(tape.released, aux)


def _cotangents(given: tuple[Any, ...], outputs: list[Tensor], shape: Any) -> list[Tensor]:
    """The vector that ``vjp_fn`` was called with, checked against the output."""
    tree = given[0] if len(given) == 1 else given
    found = check_tensors("vjp_fn", "the vector", tree)
    if trees.structure(tree) != shape:
        raise RuntimeError(
            message(
                "vjp_fn: the vector has another structure than the output",
                expected=repr(shape),
                got=repr(trees.structure(tree)),
            )
        )
    for vector, output in zip(found, outputs, strict=True):
        if tuple(vector.shape) != tuple(output.shape):
            raise RuntimeError(
                message(
                    "vjp_fn: the vector has another shape than the output",
                    expected=f"shape {tuple(output.shape)}",
                    got=f"shape {tuple(vector.shape)}",
                )
            )
    return found
