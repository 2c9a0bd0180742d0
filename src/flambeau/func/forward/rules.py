"""Tangents of operations.

Most follow from what a record says already. An elementwise operation has a diagonal Jacobian, so
its gradient rule applied to a tangent gives the tangent of the result. A linear operation is its
own derivative. For everything else :math:`Jv` is the derivative of :math:`u^T J v` by :math:`u`:
the gradient rule is differentiated with respect to the gradient it is given. A record may bring a
rule of its own (``forward=``): ``rule(op, primals, tangents, params, out)``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flambeau.autograd import engine
from flambeau.autograd.gradients import fit
from flambeau.func.level import is_tracked_below, off_graph
from flambeau.func.stretch import is_continuous
from flambeau.tensor.dispatch import apply, wrap
from flambeau.tensor.modes import GRAD, MODE
from flambeau.tensor.operation import REGISTRY, Operation, argument_names
from flambeau.tensor.tensor import Tensor
from flambeau.tensor.views import edge_of

# Operations that are linear in their inputs taken together; a missing tangent is zero.
_LINEAR = (
    "add sub rsub neg sum sum_all mean mean_all nansum spread expand reshape view unsafe_view "
    "transpose permute t alias clone to_dtype select slice diagonal tensor_unfold basic_index "
    "unsqueeze squeeze squeeze_1 squeeze_2 unbind split split_with_sizes unsafe_split "
    "unsafe_split_with_sizes flip roll rot90 repeat cat stack cumsum tril triu trace "
    "diagonal_copy diag_embed rows_sum real conj view_as_real view_as_complex select_backward "
    "slice_backward diagonal_backward unfold_backward basic_index_backward pad_behind block_diag "
    "as_strided as_strided_backward read_strided copy deg2rad rad2deg complex"
)
# Operations that are linear in one of two inputs at a time: the product rule.
_BILINEAR = "mul mm mv dot bmm matmul rows_matmul rows_product linalg_cross"
# Operations that are linear in the input that comes first; the others say where things go.
_PLACING = (
    "gather gather_backward index index_backward index_zero index_select index_select_backward "
    "take take_backward"
)
LINEAR = frozenset(_LINEAR.split())
BILINEAR = frozenset(_BILINEAR.split())
PLACING = frozenset(_PLACING.split())
# Linear in all inputs but one, a condition.
CONDITIONS = {"where": 0, "masked_fill": 1, "masked_fill_scalar": 1}


def tangent_of(
    op: Operation, primals: tuple, tangents: tuple, params: tuple[Any, ...], out: Any
) -> Any:
    """The tangent of an operation's result; a tuple for several results, ``None`` for zero."""
    if out.__class__ is not tuple and not is_continuous(out._array):
        return None
    if op.forward is not None:
        return op.forward(op, primals, tangents, params, out)
    name = op.name
    if name == "view":  # a tangent may lie in memory otherwise than its primal
        return _linear(REGISTRY["reshape"], primals, tangents, params)
    if name in LINEAR:
        return _linear(op, primals, tangents, params)
    if name in CONDITIONS:
        return _linear(op, primals, tangents, params, CONDITIONS[name])
    if name in BILINEAR:
        return _bilinear(op, primals, tangents, params, out)
    if name in PLACING:
        return apply(op, (tangents[0], *primals[1:]), params) if tangents[0] is not None else None
    if op.gradient is None:
        return (None,) * len(out) if out.__class__ is tuple else None
    if op.scalar is not None and not any(_is_complex(x) for x in (out, *primals)):
        return _diagonal(op, primals, tangents, params, out)
    return _transposed_twice(op, primals, tangents, params, out)


def _is_complex(x: Any) -> bool:
    return isinstance(x, Tensor) and x._array.dtype.kind == "c"


def _zeros_like(x: Any) -> Any:
    return apply(REGISTRY["zeros_like"], (x.detach(),), (None,))


# --- linear operations --------------------------------------------------------------------------


def _linear(
    op: Operation, primals: tuple, tangents: tuple, params: tuple[Any, ...], condition: int = -1
) -> Any:
    inputs = []
    for index, (primal, tangent) in enumerate(zip(primals, tangents)):
        if index == condition:
            inputs.append(primal)
        elif tangent is not None:
            inputs.append(tangent)
        elif isinstance(primal, Tensor):
            inputs.append(_zeros_like(primal))
        else:
            inputs.append(0 if isinstance(primal, (int, float, complex)) else primal)
    return apply(op, tuple(inputs), params)


def _bilinear(
    op: Operation, primals: tuple, tangents: tuple, params: tuple[Any, ...], out: Tensor
) -> Any:
    x, y = primals
    dx, dy = tangents
    parts = []
    if dx is not None:
        parts.append(apply(op, (dx, y), params))
    if dy is not None:
        parts.append(apply(op, (x, dy), params))
    total = parts[0] if len(parts) == 1 else apply(REGISTRY["add"], tuple(parts), (1,))
    return _typed(total, out)


def _typed(x: Tensor, like: Tensor) -> Tensor:
    kind = like._array.dtype
    return x if x._array.dtype == kind else apply(REGISTRY["to_dtype"], (x,), (kind,))


# --- by the gradient rule -----------------------------------------------------------------------


def call_rule(
    op: Operation, rule: Callable[..., Any], g: Any, primals: tuple, params: tuple, out: Any,
    needs: tuple[bool, ...],
) -> Any:  # fmt: skip
    """Call a gradient rule with what it asks for by the names of its arguments."""
    values: dict[str, Any] = {}
    if op.variadic:
        (name,) = op.inputs
        values[name] = primals
        values[f"{name}_shape"] = tuple(x._array.shape for x in primals)
    else:
        for name, primal in zip(op.inputs, primals):
            values[name] = primal
            values[f"{name}_shape"] = primal._array.shape if isinstance(primal, Tensor) else ()
    values.update(zip(op.params, params))
    values.update(g=g, needs=needs, out=out)  # an input may be called g, too: it is not meant
    return rule(*[values[name] for name in argument_names(rule)])


def _pulled(op: Operation, g: Any, primals: tuple, params: tuple, out: Any, needs: Any) -> tuple:
    """The gradients that an operation's rules give for ``g``."""
    if callable(op.gradient):
        return tuple(call_rule(op, op.gradient, g, primals, params, out, needs))
    return tuple(
        call_rule(op, op.gradient[name], g, primals, params, out, needs)  # type: ignore[index]
        if need and op.gradient.get(name) is not None  # type: ignore[union-attr]
        else None
        for name, need in zip(op.inputs, needs)
    )


def _diagonal(
    op: Operation, primals: tuple, tangents: tuple, params: tuple[Any, ...], out: Tensor
) -> Tensor | None:
    """The sum of the rules' answers to each input's own tangent.

    Inputs are spread to the result's shape first, so that no rule has to undo a broadcast.
    """
    shape = tuple(out._array.shape)
    spread = tuple(_spread(x, shape) for x in primals)
    total = None
    for index, tangent in enumerate(tangents):
        if tangent is None:
            continue
        needs = tuple(i == index for i in range(len(primals)))
        g = _typed(_spread(tangent, shape), out)
        part = _pulled(op, g, spread, params, out, needs)[index]
        if part is not None:
            total = part if total is None else apply(REGISTRY["add"], (total, part), (1,))
    return None if total is None else _typed(total, out)


def _spread(x: Any, shape: tuple[int, ...]) -> Any:
    if not isinstance(x, Tensor) or tuple(x._array.shape) == shape:
        return x
    return apply(REGISTRY["expand"], (x,), (shape,))


def _transposed_twice(
    op: Operation, primals: tuple, tangents: tuple, params: tuple[Any, ...], out: Any
) -> Any:
    """:math:`Jv` as the derivative of :math:`(u^T J) v` with respect to :math:`u`."""
    code = MODE.code
    MODE.code = code | GRAD
    try:
        several = out.__class__ is tuple
        outs = out if several else (out,)
        us = tuple([_unknown(x) if is_continuous(x._array) else None for x in outs])
        needs = tuple(t is not None for t in tangents)
        constants = primals if code & GRAD else tuple(_constant(x) for x in primals)
        pulled = _pulled(op, us if several else us[0], constants, params, out, needs)
        roots = []
        for g, x, t in zip(pulled, primals, tangents):
            if g is not None and t is not None and g.requires_grad:
                g = fit(g, x._array.shape, x._array.dtype)
                roots.append((edge_of(g), t))
    finally:
        MODE.code = code
    wanted = [u for u in us if u is not None]
    tracked = bool(code & GRAD) and (
        is_tracked_below()
        or any(isinstance(x, Tensor) and x.requires_grad for x in (*primals, *tangents))
    )
    found = engine.run(roots, create_graph=tracked, retain_graph=tracked, capture=wanted)
    results = tuple(None if u is None else found.get((u, 0)) for u in us)
    return results if several else results[0]


def _unknown(x: Tensor) -> Tensor:
    """Zeros to differentiate with respect to; what a gradient rule gives is linear in them."""
    u = wrap(_zeros_like(x)._array)
    u._requires = True
    return u


def _constant(x: Any) -> Any:
    return off_graph(x) if isinstance(x, Tensor) else x
