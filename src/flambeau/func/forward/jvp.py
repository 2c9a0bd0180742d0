"""``jvp`` and ``linearize``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flambeau.autograd import engine
from flambeau.autograd.modes import enable_grad
from flambeau.core import trees
from flambeau.core.errors import message
from flambeau.func.arguments import check_tensors, with_aux
from flambeau.func.forward.level import DualLevel
from flambeau.func.level import is_tracked_below
from flambeau.func.tape import Tape, fresh, zeros_like
from flambeau.tensor.dispatch import wrap
from flambeau.tensor.tensor import Tensor
from flambeau.tensor.views import edge_of


def jvp(
    func: Callable[..., Any], primals: Any, tangents: Any, *, strict: bool = False,
    has_aux: bool = False,
) -> tuple[Any, ...]:  # fmt: skip
    """The value of a function and its derivative in a direction, in one pass forward.

    :math:`f(x), \\quad J_f(x) v`

    Args:
        func: returns a tree of tensors, and with ``has_aux`` a pair of that and anything else.
        primals: a tuple of the arguments, trees of tensors.
        tangents: the direction, of the same structure.
        strict: raise if the result does not depend on the arguments.
        has_aux: whether ``func`` returns further results, which are passed on.

    Returns:
        ``(output, tangent)`` or ``(output, tangent, aux)``.

    Raises:
        RuntimeError: if the tangents do not fit the primals.

    Example:
        >>> import flambeau as fb
        >>> fb.func.jvp(fb.sin, (fb.zeros(2),), (fb.tensor([1., 10.]),))
        (tensor([0., 0.]), tensor([ 1., 10.]))
    """
    xs, vs, structure = _pairs("jvp", primals, tangents)
    with DualLevel() as level:
        inside = [wrap(level.dual(x, v)) for x, v in zip(xs, vs, strict=True)]
        result, aux = with_aux("jvp", func(*trees.unflatten(structure, inside)), has_aux)
        check_tensors("jvp", "the output", result)
        found, shape = trees.flatten(result)
        duals = [level.held(level.lifted(x)) for x in found]
        aux = trees.map(lambda x: _primal(level, x), aux)
    if strict and any(d.tangent is None for d in duals):
        raise RuntimeError(
            message(
                "jvp: the output is independent of the arguments",
                expected="a dependence on them (strict=True)",
                got="none",
                help="pass strict=False to get zeros",
            )
        )
    values = trees.unflatten(shape, [d.primal for d in duals])
    slopes = [zeros_like(d.primal) if d.tangent is None else d.tangent for d in duals]
    out = values, trees.unflatten(shape, slopes)
    return (*out, aux) if has_aux else out


def _primal(level: DualLevel, x: Any) -> Any:
    return level.held(level.lifted(x)).primal if isinstance(x, Tensor) else x


def _pairs(name: str, primals: Any, tangents: Any) -> tuple[list[Tensor], list[Tensor], Any]:
    """Primals and tangents, leaf by leaf."""
    if not isinstance(primals, (tuple, list)) or not isinstance(tangents, (tuple, list)):
        raise RuntimeError(
            message(
                f"{name}: primals and tangents are tuples with an entry for each argument",
                expected=f"{name}(f, (x,), (v,))",
                got=f"{type(primals).__name__} and {type(tangents).__name__}",
            )
        )
    xs, structure = trees.flatten(tuple(primals))
    vs, shape = trees.flatten(tuple(tangents))
    check_tensors(name, "primals", tuple(primals))
    check_tensors(name, "tangents", tuple(tangents))
    same = structure == shape and all(
        tuple(x.shape) == tuple(v.shape) for x, v in zip(xs, vs, strict=True)
    )
    if not same:
        raise RuntimeError(
            message(
                f"{name}: tangents do not fit the primals",
                expected=f"shapes {[tuple(x.shape) for x in xs]} in {structure!r}",
                got=f"shapes {[tuple(v.shape) for v in vs]} in {shape!r}",
            )
        )
    return xs, [v if v.dtype == x.dtype else v.to(x.dtype) for x, v in zip(xs, vs)], structure


def linearize(func: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[..., Any]]:
    """The value of a function, and its derivative there as a linear function of the direction.

    The function runs once. Each direction then costs about two passes through what was kept.

    Args:
        func: returns a tree of tensors.
        primals: trees of tensors.

    Returns:
        ``(output, jvp_fn)``; ``jvp_fn`` takes tangents like the primals.

    Example:
        >>> import flambeau as fb
        >>> y, push = fb.func.linearize(fb.sin, fb.zeros(2))
        >>> push(fb.tensor([1., 10.]))
        tensor([ 1., 10.])
    """
    leaves, structure = trees.flatten(primals)
    with enable_grad():
        inputs = [fresh("linearize", x) for x in leaves]
        result = func(*trees.unflatten(structure, inputs))
        outputs, shape = check_tensors("linearize", "the output", result), trees.structure(result)
        tape = Tape(inputs, outputs)
        used = [x for x in outputs if x.requires_grad]
        us = [fresh("linearize", zeros_like(x)) for x in used]
        pulled = engine.run(
            [(edge_of(x), u) for x, u in zip(used, us, strict=True)],
            create_graph=True,
            retain_graph=True,
            capture=[edge_of(x) for x in inputs],
        )
    rows = [pulled.get(engine.key(edge_of(x))) for x in inputs]

    def jvp_fn(*tangents: Any) -> Any:
        """The derivative in a direction, a tree like the primals."""
        _, vs, _ = _pairs("jvp_fn", primals, tangents)
        roots = [
            (edge_of(row), v)
            for row, v in zip(rows, vs, strict=True)
            if row is not None and row.requires_grad
        ]
        found = engine.run(
            roots,
            create_graph=tape.is_tracked or is_tracked_below(),
            retain_graph=True,
            capture=us,
        )
        slopes = {id(x): found.get((u, 0)) for x, u in zip(used, us, strict=True)}
        return trees.unflatten(
            shape, [zeros_like(x) if (s := slopes.get(id(x))) is None else s for x in outputs]
        )

    return trees.unflatten(shape, [tape.released(x) for x in outputs]), jvp_fn
