"""L-BFGS as a transformation: gradients multiplied by an approximate inverse Hessian."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.ops.creation import zeros
from flambeau.ops.joining import cat
from flambeau.optim.checks import in_range
from flambeau.optim.engine.combinators import chain
from flambeau.optim.engine.leaf import Leaf, Run, number_of
from flambeau.optim.engine.transformation import Transformation, Whole
from flambeau.optim.scalars import is_first, minimum, sqrt, where
from flambeau.optim.transform.distance import dot, scalar, total
from flambeau.optim.transform.line_searches import scale_by_zoom_linesearch
from flambeau.optim.transform.moments import added, size_squared, zeros_for
from flambeau.optim.transform.scaling import identity, scale, scale_by_learning_rate
from flambeau.tensor.tensor import Tensor

Hyper = dict[str, Any]
SLOTS = ("diff_params_memory", "diff_updates_memory")
CURVED = float(np.finfo(np.float64).eps)


def _start(leaves: list[Leaf], h: Hyper, key: str) -> Hyper:
    for leaf in leaves:
        p = leaf.param.detach()
        memory = {slot: p.new_zeros((h["memory_size"], *p.shape)) for slot in SLOTS}
        leaf.state[key] = {"params": zeros_for(p), "updates": zeros_for(p)} | memory
    return {
        "weights_memory": zeros((h["memory_size"],), dtype=dtypes.float64),
        "identity_scale": scalar(1.0),
    }


def _remember(leaves: list[Leaf], h: Hyper, run: Run, key: str) -> None:
    """Take in the newest change of parameters and gradients, if its curvature is positive."""
    shared, changes = run.shared[key], []
    for leaf in leaves:
        s = leaf.state[key]
        changes.append((leaf.param - s["params"], leaf.value() - s["updates"]))
        s["params"], s["updates"] = leaf.param.detach().clone(), leaf.value().clone()
    curvature = total([dot(x, y) for x, y in changes])
    size = total([size_squared(y).sum() for _, y in changes])
    useful = curvature > CURVED * size
    useful = where(is_first(run.step), 0.0, where(useful, 1.0, 0.0)) > 0
    for leaf, pair in zip(leaves, changes, strict=True):
        s = leaf.state[key]
        for slot, change in zip(SLOTS, pair, strict=True):
            s[slot] = _appended(s[slot], change, useful)
    safe = where(useful, curvature, 1.0)
    weight = scalar(1 / safe)
    shared["weights_memory"] = _appended(shared["weights_memory"], weight, useful)
    known = number_of(shared["identity_scale"])
    ratio = safe / where(useful, size, 1.0)
    shared["identity_scale"] = scalar(where(useful, ratio, known))


def _appended(memory: Tensor, value: Tensor, useful: Any) -> Tensor:
    longer = cat([memory[1:], value.detach().unsqueeze(0).to(memory.dtype)])
    return where(useful, longer, memory).to(memory.dtype)


def _precondition(leaves: list[Leaf], h: Hyper, run: Run, key: str) -> None:
    _remember(leaves, h, run, key)
    shared, count = run.shared[key], h["memory_size"]
    weights = [number_of(shared["weights_memory"][i]) for i in range(count)]
    if h["scale_init_precond"]:
        norm = sqrt(total([size_squared(leaf.value()).sum() for leaf in leaves]))
        some = norm > 0
        first = where(some, minimum(1.0, 1 / where(some, norm, 1.0)), 1.0)
        start = where(is_first(run.step), first, number_of(shared["identity_scale"]))
    else:
        start = 1.0
    memory = [[leaf.state[key][slot] for slot in SLOTS] for leaf in leaves]
    shares: dict[int, Any] = {}
    for i in reversed(range(count)):
        shares[i] = weights[i] * total(
            [dot(m[0][i], leaf.value()) for m, leaf in zip(memory, leaves, strict=True)]
        )
        for m, leaf in zip(memory, leaves, strict=True):
            leaf.set(added(leaf.value(), m[1][i], -shares[i]))
    for leaf in leaves:
        leaf.set(leaf.value() * start)
    for i in range(count):
        share = weights[i] * total(
            [dot(m[1][i], leaf.value()) for m, leaf in zip(memory, leaves, strict=True)]
        )
        for m, leaf in zip(memory, leaves, strict=True):
            leaf.set(added(leaf.value(), m[0][i], shares[i] - share))


def scale_by_lbfgs(memory_size: int = 10, scale_init_precond: bool = True) -> Transformation:
    r"""The gradient times an approximate inverse Hessian, from its last few changes.

    .. math:: u = H g, \quad s = θ_t - θ_{t-1}, \quad y = g_t - g_{t-1}

    with :math:`H` made of the last pairs with :math:`y^T s > 0`, from
    :math:`\frac{y^T s}{y^T y} I`.

    Args:
        memory_size: how many pairs are kept, at least 1.
        scale_init_precond: scale the identity that :math:`H` starts with, in the first update by
            :math:`\min(1, 1/‖g‖)`.

    Raises:
        ValueError: for arguments out of range; in ``update``, if it is given no parameters.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.scale_by_lbfgs()
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([ 0.5000, -0.1000])

    Reference: Nocedal and Wright, "Numerical optimization", 2006, algorithm 7.4.
    Differs from optax: pairs without positive curvature are left out, so :math:`-H g` always goes
    down.
    """
    in_range("scale_by_lbfgs", "memory_size", memory_size, 1)
    h = {"memory_size": memory_size, "scale_init_precond": scale_init_precond}
    return Whole("scale_by_lbfgs", _precondition, h, _start, needs_params=True)


def lbfgs(
    learning_rate: Any = None,
    memory_size: int = 10,
    scale_init_precond: bool = True,
    linesearch: Any = "zoom",
) -> Transformation:
    """L-BFGS: :func:`scale_by_lbfgs`, downward, then a line search.

    ``update`` must be given ``value``, ``grad`` and ``value_fn`` for the line search.

    Args:
        learning_rate: a factor of the direction before the search, at least 0; ``None`` for 1.
        memory_size, scale_init_precond: see :func:`scale_by_lbfgs`.
        linesearch: a transformation; ``None`` for none; :func:`scale_by_zoom_linesearch` with
            20 steps, each beginning at 1, if not given.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.optim import transform
        >>> def f(w):
        ...     return ((w - 3) ** 2).sum()
        >>> rule, w = transform.lbfgs(), fb.zeros(2)
        >>> state = rule.init(w)
        >>> evaluate = transform.value_and_grad_from_state(f)
        >>> for _ in range(3):
        ...     value, g = evaluate(w, state=state)
        ...     updates, state = rule.update(g, state, w, value=value, grad=g, value_fn=f)
        ...     w = transform.apply_updates(w, updates)
        >>> w
        tensor([3., 3.])

    Reference: Liu and Nocedal, "On the limited memory BFGS method for large scale optimization",
    1989.
    """
    if isinstance(linesearch, str):
        linesearch = scale_by_zoom_linesearch(20, initial_guess_strategy="one")
    down = scale(-1.0) if learning_rate is None else scale_by_learning_rate(learning_rate)
    return chain(
        scale_by_lbfgs(memory_size, scale_init_precond),
        down,
        identity() if linesearch is None else linesearch,
    )
