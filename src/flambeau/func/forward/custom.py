"""``autograd.Function`` in forward mode: its tangent follows from its own ``backward``.

:math:`Jv` is the derivative of :math:`u^T J v` by :math:`u`, and :math:`u^T J` is what
``backward`` gives for :math:`u`. A ``backward`` that cannot be differentiated has no tangent.
"""

from __future__ import annotations

from typing import Any

from flambeau.autograd import engine
from flambeau.autograd.function import Function
from flambeau.autograd.modes import enable_grad
from flambeau.core import dtypes
from flambeau.func.level import is_tracked_below, off_graph
from flambeau.tensor.dispatch import apply, wrap
from flambeau.tensor.modes import GRAD, MODE
from flambeau.tensor.operation import REGISTRY
from flambeau.tensor.tensor import Tensor
from flambeau.tensor.views import edge_of


def dual_function(level: Any, function: type[Function], args: tuple[Any, ...]) -> Any:
    """Apply the function to tensors of the level."""
    lifted = [level.lifted(x) if isinstance(x, Tensor) else x for x in args]
    duals = [level.held(x) if isinstance(x, Tensor) else None for x in lifted]
    result = function._run(tuple(lifted))
    outputs = result if isinstance(result, tuple) else (result,)
    found = level._below(MODE.code, _pushed, function, args, duals)
    for x, pair in zip(outputs, found, strict=True):
        if isinstance(x, Tensor):
            x._array = level.dual(*pair)
    return result


def _pushed(function: type[Function], args: tuple[Any, ...], duals: list[Any]) -> list[Any]:
    """Values and tangents of the function's results, at the level below."""
    code = MODE.code
    with enable_grad():
        given = [
            x if d is None else _followed(d) if d.tangent is not None else d.primal
            for x, d in zip(args, duals, strict=True)
        ]
        result = function.apply(*given)
    outputs = result if isinstance(result, tuple) else (result,)
    tracked = bool(code & GRAD) and (
        is_tracked_below()
        or any(p is not None and p.requires_grad for d in duals if d is not None for p in d.parts())
    )
    values = [x if tracked or not isinstance(x, Tensor) else off_graph(x) for x in outputs]
    followed = [i for i, d in enumerate(duals) if d is not None and d.tangent is not None]
    used = [x for x in outputs if isinstance(x, Tensor) and x.requires_grad]
    if not followed or not used:
        return [(v, None) for v in values]
    us = [_unknown(x) for x in used]
    with enable_grad():
        pulled = engine.run(
            [(edge_of(x), u) for x, u in zip(used, us, strict=True)],
            create_graph=True,
            retain_graph=True,
            capture=[edge_of(given[i]) for i in followed],
        )
    rows = [(pulled.get(engine.key(edge_of(given[i]))), duals[i].tangent) for i in followed]
    slopes = engine.run(
        [(edge_of(row), t) for row, t in rows if row is not None and row.requires_grad],
        create_graph=tracked,
        retain_graph=tracked,
        capture=us,
    )
    tangents = {id(x): slopes.get((u, 0)) for x, u in zip(used, us, strict=True)}
    return [(v, tangents.get(id(x))) for v, x in zip(values, outputs, strict=True)]


def _followed(dual: Any) -> Tensor:
    """A tensor to differentiate with respect to, joined to the graph of the primal."""
    same = apply(REGISTRY["alias"], (dual.primal,))
    if same.requires_grad or dtypes.of(dual.dtype).category < dtypes.FLOATING:
        return same
    leaf = wrap(same._array)
    leaf._requires = True
    return leaf


def _unknown(x: Tensor) -> Tensor:
    u = wrap(apply(REGISTRY["zeros_like"], (x.detach(),), (None,))._array)
    u._requires = True
    return u
