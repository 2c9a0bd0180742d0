"""Evaluate one expression with PyTorch and with us, and compare all that can be seen of it."""

from __future__ import annotations

from typing import Any

import numpy as np

import flambeau as fb

ERRORS = (RuntimeError, IndexError, ValueError, TypeError, BufferError, AttributeError)


def variables(lib: Any) -> dict[str, Any]:
    """What expressions compute with; ``lib`` is PyTorch or flambeau."""
    values = np.sin(np.arange(24.0)).reshape(2, 3, 4)
    tensor = lib.tensor
    found = {
        "lib": lib,
        "x": tensor(values.tolist(), dtype=lib.float64),
        "m": tensor(values[0].tolist(), dtype=lib.float64),
        "v": tensor(values[0, 0].tolist(), dtype=lib.float64),
        "s": tensor(0.5, dtype=lib.float64),
        "one": tensor(values[:1, :, :1].tolist(), dtype=lib.float64),
        "none": lib.zeros(0, dtype=lib.float64),
        "z": tensor((values + 1j * values[::-1]).tolist(), dtype=lib.complex128),
    }
    fixed = {
        "i": tensor([[1, 0, 2], [2, 2, 0]]),
        "n": tensor([1, 2, 3, 4], dtype=lib.int32),
        "f": tensor([1.0, 2.0, 3.0, 4.0]),
        "mask": tensor((values > 0).tolist()),
        "np": np,
    }
    for leaf in found.values():
        if leaf is not lib:
            leaf.requires_grad_()
    return found | fixed


def leaves(names: dict[str, Any]) -> list[Any]:
    return [names[k] for k in ("x", "m", "v", "s", "one", "none", "z")]


def evaluate(expression: str, lib: Any) -> tuple[Any, dict[str, Any]]:
    """The value of an expression, or the type of error it raises."""
    names = variables(lib)
    try:
        return eval(expression, dict(names)), names
    except ERRORS as error:
        return error, names


def tensors(result: Any, kind: type) -> list[Any]:
    if isinstance(result, kind):
        return [result]
    return [t for t in result if isinstance(t, kind)] if isinstance(result, (tuple, list)) else []


def names_above(node: Any, depth: int) -> list[str]:
    """Names of a node and of those before it, along the first input."""
    names = []
    while node is not None and len(names) < depth:
        # PyTorch numbers the overloads of fill.
        names.append("FillBackward" if "FillBackward" in node.name() else node.name())
        node = node.next_functions[0][0] if node.next_functions else None
    return names


def gradients(lib: Any, result: list[Any], names: dict[str, Any]) -> list[Any]:
    """First derivatives of a function of the results, and derivatives of those."""
    outputs = [t for t in result if t.requires_grad and t.numel()]
    if not outputs:
        return []
    wanted = leaves(names)
    total = sum((t * t * t.detach()).abs().sum() for t in outputs)
    first = lib.autograd.grad(total, wanted, create_graph=True, allow_unused=True)
    used = [g for g in first if g is not None and g.requires_grad]
    second = []
    if used:
        again = sum((g * g).abs().sum() for g in used)
        second = list(lib.autograd.grad(again, wanted, allow_unused=True))
    return [*first, *second]


def stepped(t: Any) -> list[int]:
    """The strides along which one can step."""
    return [s for n, s in zip(t.shape, t.stride(), strict=True) if n > 1]


def as_numpy(t: Any) -> np.ndarray:
    t = t.detach()
    return (t.float() if str(t.dtype) == "torch.bfloat16" else t).resolve_conj().numpy()


def assert_agrees(
    expression: str, torch: Any, *, strides: bool = True, views: bool = True, nodes: int = 1
) -> None:
    """Values, types, shapes, strides, sharing, graph nodes, both derivatives or errors agree.

    Args:
        expression: over the names of :func:`variables`.
        torch: PyTorch.
        strides: whether strides are compared as well.
        views: whether it is compared which results are views.
        nodes: how many node names are compared, from the result upwards.
    """
    theirs, their_names = evaluate(expression, torch)
    ours, our_names = evaluate(expression, fb)
    if isinstance(theirs, Exception) or isinstance(ours, Exception):
        assert isinstance(theirs, Exception), f"{expression}: only we refuse it: {ours}"
        assert isinstance(ours, Exception), f"{expression}: only PyTorch refuses it: {theirs}"
        assert isinstance(ours, type(theirs)), (expression, repr(theirs), repr(ours))
        return
    a, b = tensors(theirs, torch.Tensor), tensors(ours, fb.Tensor)
    assert len(a) == len(b), expression
    if not a:
        assert str(theirs) == str(ours), expression
    for x, y in zip(a, b, strict=True):
        assert str(x.dtype) == str(y.dtype), expression
        assert tuple(x.shape) == tuple(y.shape), expression
        np.testing.assert_allclose(as_numpy(y), as_numpy(x), rtol=1e-12, err_msg=expression)
        if strides and x.numel():
            assert stepped(x) == stepped(y), expression
        assert x.requires_grad == y.requires_grad, expression
        assert names_above(x.grad_fn, nodes) == names_above(y.grad_fn, nodes), expression
        assert not views or x._is_view() == y._is_view(), expression
        assert not strides or x.is_contiguous() == y.is_contiguous(), expression
    reduced = any(str(x.dtype) != "torch.float64" for x in a)
    mine = gradients(fb, b, our_names)
    for g, h in zip(gradients(torch, a, their_names), mine, strict=True):
        assert (g is None) == (h is None), expression
        if g is not None:
            assert g.dtype.is_complex == h.dtype.is_complex, expression
            np.testing.assert_allclose(
                as_numpy(h),
                as_numpy(g),
                rtol=1e-6 if reduced else 1e-10,
                atol=1e-12,
                err_msg=expression,
            )
