"""Jacobians and Hessians as arrays, and products with a Hessian."""

from __future__ import annotations

import functools
from collections.abc import Callable
from math import prod
from typing import Any

from flambeau.core import dtypes, trees
from flambeau.core.errors import message
from flambeau.func.arguments import ArgNums, check_tensors, chosen, replaced
from flambeau.func.batching import vmap
from flambeau.func.forward import jvp
from flambeau.func.gradient import grad, vjp
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import REGISTRY
from flambeau.tensor.tensor import Tensor


def _directions(leaves: list[Tensor]) -> list[Tensor]:
    """For each tensor a stack of directions: together they are the unit vectors of all of them."""
    sizes = [prod(x._array.shape) for x in leaves]
    total = sum(sizes)
    found, start = [], 0
    for x, size in zip(leaves, sizes, strict=True):
        kind = x._array.dtype
        unit = apply(REGISTRY["eye"], (), (total, total, kind))
        columns = apply(REGISTRY["slice"], (unit,), (1, start, start + size, 1))
        found.append(apply(REGISTRY["reshape"], (columns,), ((total, *x._array.shape),)))
        start += size
    return found


def _split(stacked: Tensor, leaves: list[Tensor]) -> list[Tensor]:
    """Rows for all unit vectors, as one tensor for each of the tensors that these belong to."""
    found, start = [], 0
    for x in leaves:
        size = prod(x._array.shape)
        rows = apply(REGISTRY["slice"], (stacked,), (0, start, start + size, 1))
        shape = (*x._array.shape, *stacked._array.shape[1:])
        found.append(apply(REGISTRY["reshape"], (rows,), (shape,)))
        start += size
    return found


def jacrev(
    func: Callable[..., Any], argnums: ArgNums = 0, *, has_aux: bool = False,
    chunk_size: int | None = None,
) -> Callable[..., Any]:  # fmt: skip
    """A function that computes the Jacobian of ``func``, row by row in reverse mode.

    :math:`J_{ij} = \\partial f_i / \\partial x_j`. The right choice where there are fewer outputs
    than inputs.

    Args:
        func: returns a tree of tensors, and with ``has_aux`` a pair of that and anything else.
        argnums: the positional arguments to differentiate with respect to: trees of tensors.
        has_aux: whether ``func`` returns further results, which are passed on.
        chunk_size: how many rows to compute at once; all of them if not given.

    Returns:
        A function of the same arguments that returns, for each output, the Jacobians in the form
        of the chosen arguments; or a pair of that and the further results.

    Shape: an output of shape ``s`` and an argument of shape ``t`` have a Jacobian of shape
        ``(*s, *t)``.

    Example:
        >>> import flambeau as fb
        >>> fb.func.jacrev(lambda x: x * x)(fb.tensor([1., 2.]))
        tensor([[2., 0.],
                [0., 4.]])
    """

    @functools.wraps(func)
    def jacobian(*args: Any, **kwargs: Any) -> Any:
        def of_chosen(values: Any) -> Any:
            return func(*replaced("jacrev", argnums, args, values), **kwargs)

        found = vjp(of_chosen, chosen("jacrev", argnums, args), has_aux=has_aux)
        output, pull = found[0], found[1]
        outputs, shape = trees.flatten(output)
        directions = _directions(outputs)
        rows = vmap(lambda *vs: pull(trees.unflatten(shape, vs))[0], chunk_size=chunk_size)(
            *directions
        )
        stacks, form = trees.flatten(rows)
        columns = [_split(stack, outputs) for stack in stacks]
        result = trees.unflatten(
            shape,
            [trees.unflatten(form, [column[i] for column in columns]) for i in range(len(outputs))],
        )
        return (result, found[2]) if has_aux else result

    return jacobian


def jacfwd(
    func: Callable[..., Any], argnums: ArgNums = 0, has_aux: bool = False, *,
    randomness: str = "error", chunk_size: int | None = None,
) -> Callable[..., Any]:  # fmt: skip
    """A function that computes the Jacobian of ``func``, column by column in forward mode.

    :math:`J_{ij} = \\partial f_i / \\partial x_j`. The right choice where there are fewer inputs
    than outputs.

    Args:
        func: returns a tree of tensors, and with ``has_aux`` a pair of that and anything else.
        argnums: the positional arguments to differentiate with respect to: trees of tensors.
        has_aux: whether ``func`` returns further results, which are passed on.
        randomness: as for :func:`vmap`.
        chunk_size: how many columns to compute at once; all of them if not given.

    Returns:
        What :func:`jacrev` returns.

    Shape: an output of shape ``s`` and an argument of shape ``t`` have a Jacobian of shape
        ``(*s, *t)``.

    Example:
        >>> import flambeau as fb
        >>> fb.func.jacfwd(lambda x: x * x)(fb.tensor([1., 2.]))
        tensor([[2., 0.],
                [0., 4.]])
    """

    @functools.wraps(func)
    def jacobian(*args: Any, **kwargs: Any) -> Any:
        values = chosen("jacfwd", argnums, args)
        leaves, form = trees.flatten(values)
        check_tensors("jacfwd", "an argument that is differentiated", values)
        _check_floating(leaves)

        def along(*directions: Any) -> Any:
            def of_chosen(values: Any) -> Any:
                return func(*replaced("jacfwd", argnums, args, values), **kwargs)

            found = jvp(of_chosen, (values,), (trees.unflatten(form, directions),), has_aux=has_aux)
            return (found[1], found[2]) if has_aux else (found[1], ())

        slopes, aux = vmap(along, out_dims=(0, None), randomness=randomness, chunk_size=chunk_size)(
            *_directions(leaves)
        )
        stacks, shape = trees.flatten(slopes)
        parts = [[_last(part, x) for part, x in zip(_split(s, leaves), leaves)] for s in stacks]
        result = trees.unflatten(shape, [trees.unflatten(form, part) for part in parts])
        return (result, aux) if has_aux else result

    return jacobian


def _check_floating(leaves: list[Tensor]) -> None:
    for x in leaves:
        if dtypes.of(x._array.dtype).category < dtypes.FLOATING:
            raise RuntimeError(
                message(
                    "jacfwd: not something to differentiate with respect to",
                    expected="floating-point or complex tensors",
                    got=str(x.dtype),
                    help="choose other arguments with argnums, or convert with .float()",
                )
            )


def _last(part: Tensor, x: Tensor) -> Tensor:
    """The argument's dimensions behind those of the output."""
    inner, ndim = x._array.ndim, part._array.ndim
    order = (*range(inner, ndim), *range(inner))
    return apply(REGISTRY["permute"], (part,), (order,))


def hessian(
    func: Callable[..., Any], argnums: ArgNums = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """A function that computes the Hessian of ``func``: forward mode over reverse mode.

    :math:`H_{ij} = \\partial^2 f / \\partial x_i \\partial x_j`

    Args:
        func, argnums, has_aux: as for :func:`jacrev`.

    Returns:
        A function of the same arguments that returns the Hessian: for each chosen argument, in
        its form, the derivatives by all of them.

    Example:
        >>> import flambeau as fb
        >>> fb.func.hessian(lambda x: (x ** 3).sum())(fb.tensor([1., 2.]))
        tensor([[ 6.,  0.],
                [ 0., 12.]])
    """
    return jacfwd(jacrev(func, argnums, has_aux=has_aux), argnums, has_aux=has_aux)


def hvp(
    func: Callable[..., Any], primals: tuple[Any, ...], tangents: tuple[Any, ...]
) -> tuple[Any, Any]:
    """The gradient of a function and the product of its Hessian with a direction.

    :math:`\\nabla f(x), \\quad \\nabla^2 f(x) v`, without the matrix: forward mode over reverse
    mode, for about the price of two gradients.

    Args:
        func: returns a 0-d tensor.
        primals: a tuple of the arguments, trees of tensors.
        tangents: the direction, of the same structure.

    Returns:
        Gradient and product, in the form of the first argument, or of the tuple of arguments if
        there are several.

    Example:
        >>> import flambeau as fb
        >>> fb.func.hvp(lambda x: (x ** 3).sum(), (fb.tensor([1., 2.]),), (fb.ones(2),))
        (tensor([ 3., 12.]), tensor([ 6., 12.]))
    """
    argnums = 0 if len(primals) == 1 else tuple(range(len(primals)))
    found = jvp(grad(func, argnums), tuple(primals), tuple(tangents))
    return found[0], found[1]


__all__ = ["hessian", "hvp", "jacfwd", "jacrev"]
