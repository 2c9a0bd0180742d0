"""Derivatives of functions: Jacobians, Hessians and products with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flambeau.autograd.backward import grad
from flambeau.autograd.modes import enable_grad
from flambeau.core.errors import message
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import REGISTRY
from flambeau.tensor.tensor import Tensor

Func = Callable[..., Any]


def _tuple_of(name: str, what: str, values: Any) -> tuple[bool, tuple[Tensor, ...]]:
    plain = isinstance(values, Tensor)
    found = (values,) if plain else values
    if not isinstance(found, tuple) or not all(isinstance(v, Tensor) for v in found):
        raise TypeError(
            message(
                f"{name}: {what} must be a tensor or a tuple of tensors",
                expected="a tensor or a tuple of tensors",
                got=type(values).__name__,
            )
        )
    return plain, found


def _prepared(inputs: tuple[Tensor, ...], create_graph: bool) -> tuple[Tensor, ...]:
    """Fresh tensors to differentiate with respect to; still joined to the user's graph if asked."""
    if create_graph:
        return tuple(x.view_as(x) if x.requires_grad else _leaf(x) for x in inputs)
    return tuple(_leaf(x) for x in inputs)


def _leaf(x: Tensor) -> Tensor:
    return x.detach().requires_grad_()


def _zeros_like(x: Tensor) -> Tensor:
    return apply(REGISTRY["zeros_like"], (x.detach(),), (None,))


def _gradients(
    outputs: Any, inputs: tuple[Tensor, ...], vectors: Any, create_graph: bool, name: str,
    strict: bool,
) -> tuple[Tensor, ...]:  # fmt: skip
    """Gradients with zeros (or an error) for inputs that the outputs do not depend on."""
    pairs = [
        (o, v)
        for o, v in zip(outputs, vectors or (None,) * len(outputs), strict=True)
        if o.requires_grad
    ]
    found: tuple[Any, ...] = (None,) * len(inputs)
    if pairs:
        outs, vs = zip(*pairs, strict=True)
        found = grad(
            outs, inputs, vs, retain_graph=True, create_graph=create_graph, allow_unused=True
        )
    if strict:
        _check_dependence(name, found, create_graph)
    return tuple(_zeros_like(x) if g is None else g for g, x in zip(found, inputs, strict=True))


def _check_dependence(name: str, found: tuple[Any, ...], create_graph: bool) -> None:
    """Refuse, for ``strict=True``, derivatives that are constant zeros or constants."""
    for position, g in enumerate(found):
        if g is None:
            raise RuntimeError(
                message(
                    f"{name}: the output is independent of input {position}",
                    expected="a dependence on every input (strict=True)",
                    got="none",
                    help="pass strict=False to get zeros",
                )
            )
        if create_graph and not g.requires_grad:
            raise RuntimeError(
                message(
                    f"{name}: the derivative is independent of input {position}",
                    expected="a derivative that can be differentiated (strict=True, create_graph)",
                    got="a constant",
                    help="pass strict=False to get the constant",
                )
            )


def _unpack(plain: bool, values: Any) -> Any:
    return values[0] if plain else tuple(values)


def _finished(values: tuple[Tensor, ...], create_graph: bool) -> tuple[Tensor, ...]:
    return values if create_graph else tuple(v.detach() for v in values)


def _check_vector(name: str, v: tuple[Tensor, ...], like: tuple[Tensor, ...]) -> None:
    shapes, given = [tuple(x.shape) for x in like], [tuple(x.shape) for x in v]
    if shapes != given:
        raise RuntimeError(
            message(f"{name}: v does not fit", expected=f"shapes {shapes}", got=f"shapes {given}")
        )


def _vector(name: str, v: Any, like: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    if v is None:
        if len(like) != 1 or like[0].numel() != 1:
            raise RuntimeError(
                message(
                    f"{name}: v may be left out only for one tensor with one element",
                    expected="v with the shapes of what it is multiplied with",
                    got="None",
                )
            )
        return (apply(REGISTRY["ones_like"], (like[0].detach(),), (None,)),)
    _, vectors = _tuple_of(name, "v", v)
    _check_vector(name, vectors, like)
    return vectors


def vjp(
    func: Func, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """The function's value and the product of a vector with its Jacobian, :math:`vᵀJ`.

    Args:
        func: a function of tensors.
        inputs: a tensor or a tuple of them.
        v: the vector, shaped like the output; may be left out for a one-element output.
        create_graph: let the result be differentiated.
        strict: raise if the output does not depend on an input.

    Returns:
        The output, and the product, shaped like the inputs.

    Example:
        >>> import flambeau as fb
        >>> fb.autograd.functional.vjp(lambda x: (x * x).sum(), fb.tensor([1., 2.]))
        (tensor(5.), tensor([2., 4.]))
    """
    plain, xs = _tuple_of("vjp", "inputs", inputs)
    with enable_grad():
        xs = _prepared(xs, create_graph)
        out_plain, outputs = _tuple_of("vjp", "the output", func(*xs))
        vectors = _vector("vjp", v, outputs)
        result = _gradients(outputs, xs, vectors, create_graph, "vjp", strict)
    return (
        _unpack(out_plain, _finished(outputs, create_graph)),
        _unpack(plain, _finished(result, create_graph)),
    )


def jvp(
    func: Func, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """The function's value and the product of its Jacobian with a vector, :math:`Jv`.

    Computed by differentiating :math:`uᵀJ`, which is linear in ``u``, with respect to ``u``.

    Args:
        func: a function of tensors.
        inputs: a tensor or a tuple of them.
        v: the vector, shaped like the inputs; may be left out for a one-element input.
        create_graph: let the result be differentiated.
        strict: raise if the output does not depend on an input.

    Example:
        >>> import flambeau as fb
        >>> fb.autograd.functional.jvp(lambda x: x * x, fb.tensor([1., 2.]), fb.tensor([1., 1.]))
        (tensor([1., 4.]), tensor([2., 4.]))
    """
    _, xs = _tuple_of("jvp", "inputs", inputs)
    vectors = _vector("jvp", v, xs)
    with enable_grad():
        xs = _prepared(xs, create_graph)
        out_plain, outputs = _tuple_of("jvp", "the output", func(*xs))
        us = tuple(_zeros_like(o).requires_grad_() for o in outputs)
        pulled = _gradients(outputs, xs, us, True, "jvp", strict)
        result = _gradients(pulled, us, vectors, create_graph, "jvp", False)
        if strict:
            _check_dependence("jvp", result, create_graph)
    return (
        _unpack(out_plain, _finished(outputs, create_graph)),
        _unpack(out_plain, _finished(result, create_graph)),
    )


def jacobian(
    func: Func,
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """The Jacobian of a function.

    Args:
        func: a function of tensors.
        inputs: a tensor or a tuple of them.
        create_graph: let the result be differentiated.
        strict: raise if an output does not depend on an input.
        vectorize, strategy: selectors without effect: values do not depend on them.

    Returns:
        For one input and one output a tensor of shape ``output.shape + input.shape``; for tuples
        a tuple for each output, of a tensor for each input.

    Raises:
        RuntimeError: for ``strict``, as said there.
        TypeError: if inputs or outputs are no tensors.
        ValueError: for an unknown strategy.

    Example:
        >>> import flambeau as fb
        >>> fb.autograd.functional.jacobian(lambda x: x * x, fb.tensor([1., 2.]))
        tensor([[2., 0.],
                [0., 4.]])
    """
    if strategy not in ("reverse-mode", "forward-mode"):
        raise ValueError(
            message(
                "jacobian: unknown strategy",
                expected="'reverse-mode' or 'forward-mode'",
                got=repr(strategy),
            )
        )
    plain, xs = _tuple_of("jacobian", "inputs", inputs)
    with enable_grad():
        xs = _prepared(xs, create_graph)
        out_plain, outputs = _tuple_of("jacobian", "the output", func(*xs))
        rows = tuple(_jacobian_of(o, xs, create_graph, strict) for o in outputs)
    rows = tuple(_finished(row, create_graph) for row in rows)
    return _unpack(out_plain, tuple(_unpack(plain, row) for row in rows))


def _jacobian_of(
    output: Tensor, xs: tuple[Tensor, ...], create_graph: bool, strict: bool
) -> tuple[Tensor, ...]:
    flat = output.reshape(-1)
    columns: list[tuple[Tensor, ...]] = []
    for index in range(flat.numel()):
        element = (flat[index],)
        columns.append(_gradients(element, xs, None, create_graph, "jacobian", strict))
    if not columns:
        return tuple(_zeros_like(x).reshape((0, *x.shape)) for x in xs)
    stack = REGISTRY["stack"]
    return tuple(
        apply(stack, tuple(c[i] for c in columns), (0,)).reshape((*output.shape, *x.shape))
        for i, x in enumerate(xs)
    )


def _scalar(name: str, output: Any) -> Tensor:
    plain, _ = _tuple_of(name, "the output", output)
    if not plain or output.numel() != 1:
        raise RuntimeError(
            message(
                f"{name}: the function must return one number",
                expected="1 element",
                got=f"shape {tuple(output.shape)}" if plain else "several tensors",
            )
        )
    return output


def hessian(
    func: Func,
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """The matrix of second derivatives of a function that returns one number.

    Args:
        func: a function of tensors that returns one number.
        inputs: a tensor or a tuple of them.
        create_graph: let the result be differentiated.
        strict: raise if the result does not depend on an input.
        vectorize, outer_jacobian_strategy: selectors without effect.

    Example:
        >>> import flambeau as fb
        >>> fb.autograd.functional.hessian(lambda x: (x * x * x).sum(), fb.tensor([1., 2.]))
        tensor([[ 6.,  0.],
                [ 0., 12.]])
    """
    plain, _ = _tuple_of("hessian", "inputs", inputs)

    def gradient(*xs: Tensor) -> tuple[Tensor, ...]:
        output = _scalar("hessian", func(*xs))
        return _gradients((output.reshape(()),), xs, None, True, "hessian", strict)

    _, xs = _tuple_of("hessian", "inputs", inputs)
    result = jacobian(gradient, xs, create_graph=create_graph, strict=strict)
    return result[0][0] if plain else result


def hvp(
    func: Func, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """The function's value and the product of its Hessian with a vector, :math:`Hv`.

    Args:
        func: a function of tensors that returns one number.
        inputs: a tensor or a tuple of them.
        v: the vector, shaped like the inputs.
        create_graph: let the result be differentiated.
        strict: raise if the result does not depend on an input.

    Example:
        >>> import flambeau as fb
        >>> f = lambda x: (x * x * x).sum()
        >>> fb.autograd.functional.hvp(f, fb.tensor([1., 2.]), fb.tensor([1., 1.]))
        (tensor(9.), tensor([ 6., 12.]))
    """
    return _hessian_product("hvp", func, inputs, v, create_graph, strict, jvp)


def vhp(
    func: Func, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """The function's value and the product of a vector with its Hessian, :math:`vᵀH`.

    Args:
        func: a function of tensors that returns one number.
        inputs: a tensor or a tuple of them.
        v: the vector, shaped like the inputs.
        create_graph: let the result be differentiated.
        strict: raise if the result does not depend on an input.

    Example:
        >>> import flambeau as fb
        >>> f = lambda x: (x * x * x).sum()
        >>> fb.autograd.functional.vhp(f, fb.tensor([1., 2.]), fb.tensor([1., 1.]))
        (tensor(9.), tensor([ 6., 12.]))
    """
    return _hessian_product("vhp", func, inputs, v, create_graph, strict, vjp)


def _hessian_product(
    name: str, func: Func, inputs: Any, v: Any, create_graph: bool, strict: bool, product: Func
) -> tuple[Any, Any]:
    plain, given = _tuple_of(name, "inputs", inputs)
    vectors = _vector(name, v, given)
    value: list[Tensor] = []

    def gradient(*xs: Tensor) -> tuple[Tensor, ...]:
        output = _scalar(name, func(*xs))
        value[:] = [output]
        return _gradients((output.reshape(()),), xs, None, True, name, strict)

    _, result = product(gradient, given, vectors, create_graph=create_graph, strict=strict)
    output = value[0] if create_graph else value[0].detach()
    return output, _unpack(plain, result)
