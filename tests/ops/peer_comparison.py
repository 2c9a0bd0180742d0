"""Compare a call of ours with the same call of PyTorch's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import flambeau as fb
from flambeau.core import dtypes


def to_peer(x: Any, torch: Any) -> Any:
    """PyTorch's tensor with the same values, type and strides."""
    if isinstance(x, fb.Tensor):
        array = x.detach()._array
        if x.dtype is fb.bfloat16:
            return torch.from_numpy(array.astype(np.float32)).to(torch.bfloat16)
        return torch.from_numpy(array.copy("K"))
    if isinstance(x, dtypes.dtype):
        return getattr(torch, x.name)
    if isinstance(x, (tuple, list)):
        return type(x)(to_peer(item, torch) for item in x)
    return x


def as_array(x: Any) -> np.ndarray:
    """The values of either's tensor."""
    if isinstance(x, fb.Tensor):
        array = x.detach()._array
        return array.astype(np.float32) if x.dtype is fb.bfloat16 else array
    x = x.detach()
    return x.float().numpy() if str(x.dtype) == "torch.bfloat16" else x.numpy(force=True)


def outputs(result: Any) -> list[Any]:
    """All tensors of a result."""
    return list(result) if isinstance(result, tuple) else [result]


def tolerance(x: Any) -> dict[str, float]:
    """What two correct implementations may differ by."""
    name = str(x.dtype).removeprefix("torch.")
    rtol = {"float64": 1e-11, "complex128": 1e-11, "float32": 3e-6, "complex64": 3e-6}.get(
        name, 2e-3 if name == "float16" else 1e-2
    )
    return {"rtol": rtol, "atol": rtol}


def assert_same(ours: Any, theirs: Any, what: str = "value") -> None:
    """Values, shape, type and strides of all outputs agree."""
    mine, other = outputs(ours), outputs(theirs)
    assert len(mine) == len(other)
    for x, y in zip(mine, other, strict=True):
        assert str(x.dtype) == str(y.dtype), what
        assert tuple(x.shape) == tuple(y.shape), what
        np.testing.assert_allclose(as_array(x), as_array(y), **tolerance(x), err_msg=what)


def node_names(result: Any) -> list[str]:
    """The names of the outputs' graph nodes."""
    return [x.grad_fn.name() if x.grad_fn is not None else "" for x in outputs(result)]


def cotangent(x: Any, seed: int) -> np.ndarray:
    """A direction for an output."""
    values = np.random.default_rng(seed).standard_normal(tuple(x.shape))
    return values.astype(as_array(x).dtype)


def gradients(module: Any, make: Callable, call: Callable, inputs: tuple, order: int) -> list[Any]:
    """Gradients of all floating inputs, and of those again for ``order=2``."""
    leaves = [
        x.detach().clone().requires_grad_()
        if hasattr(x, "is_floating_point") and (x.is_floating_point() or x.is_complex())
        else x
        for x in inputs
    ]
    wanted = [x for x in leaves if getattr(x, "requires_grad", False)]
    results = [r for r in outputs(call(module, *leaves)) if r.requires_grad]
    directions = [make(cotangent(r, i)) for i, r in enumerate(results)]
    if order == 2:
        directions = [d.requires_grad_() for d in directions]
    first = module.autograd.grad(
        results, wanted, directions, create_graph=order == 2, allow_unused=True
    )
    if order == 1:
        return list(first)
    used = [g for g in first if g is not None and g.requires_grad]
    if not used:
        return []
    second = [make(cotangent(g, 7 + i)) for i, g in enumerate(used)]
    return list(module.autograd.grad(used, [*wanted, *directions], second, allow_unused=True))


def compare(
    torch: Any, call: Callable, inputs: tuple, *, order: int = 2, names: bool = True
) -> None:
    """Values, node names, gradients and double gradients agree with PyTorch's."""
    theirs = tuple(to_peer(x, torch) for x in inputs)
    assert_same(call(fb, *inputs), call(torch, *theirs))
    floating = [x for x in inputs if isinstance(x, fb.Tensor) and x.dtype.category >= 2]
    if not floating or not order:
        return
    if names:
        mine = [x.detach().clone().requires_grad_() if x is floating[0] else x for x in inputs]
        other = [
            y.clone().requires_grad_() if x is floating[0] else y
            for x, y in zip(inputs, theirs, strict=True)
        ]
        assert node_names(call(fb, *mine)) == node_names(call(torch, *other))
    for depth in range(1, order + 1):
        ours = gradients(fb, lambda a: fb.from_numpy(np.asarray(a)), call, inputs, depth)
        peers = gradients(torch, lambda a: torch.from_numpy(np.asarray(a)), call, theirs, depth)
        if depth == 2 and len(ours) != len(peers):
            continue  # one of them knows that a second derivative is zero
        for x, y in zip(ours, peers, strict=True):
            if x is None or y is None:
                present = x if y is None else y
                assert present is None or not np.any(as_array(present)), f"order {depth}"
            else:
                assert_same(x, y, f"gradient of order {depth}")


def assert_same_error(torch: Any, call: Callable, inputs: tuple, expected: type[Exception]) -> None:
    """Both raise ``expected``, or something more special."""
    with pytest.raises(expected):
        call(fb, *inputs)
    with pytest.raises(expected):
        call(torch, *[to_peer(x, torch) for x in inputs])
