"""Updates kept within bounds, one by one or all together."""

from __future__ import annotations

from typing import Any

from flambeau.core import trees
from flambeau.ops.creation import zeros
from flambeau.optim.checks import in_range
from flambeau.optim.engine.leaf import Leaf, Run
from flambeau.optim.engine.transformation import Rule, Transformation, Whole
from flambeau.optim.scalars import where
from flambeau.optim.transform.moments import size_squared
from flambeau.optim.transform.scaling import rms_of
from flambeau.tensor.tensor import Tensor

Slots = dict[str, Any]
Hyper = dict[str, Any]


def global_norm(updates: Any) -> Tensor:
    r"""The norm of all elements of a tree together.

    .. math:: ‖g‖ = \sqrt{\sum_i |g_i|^2}

    Args:
        updates: a tree of tensors; ``None`` counts nothing.

    Example:
        >>> import flambeau as fb
        >>> fb.optim.transform.global_norm({"a": fb.tensor([3.]), "b": fb.tensor([4.])})
        tensor(5.)
    """
    return _norm([x for x in trees.leaves(updates) if x is not None])


def _norm(tensors: list[Tensor]) -> Tensor:
    # Squares of half-precision numbers overflow at 256: they are summed in single precision.
    wide = [x.float() if x.dtype.itemsize == 2 else x for x in tensors]
    squares = [size_squared(x).sum() for x in wide]
    return sum(squares[1:], squares[0]).sqrt() if squares else zeros(())


CLIP = Rule("clip", lambda g, s, p, h, t: g.clamp(-h["max_delta"], h["max_delta"]))


def clip(max_delta: Any) -> Transformation:
    r"""Keep every element within bounds.

    .. math:: u = \min(\max(g, -c), c)

    Args:
        max_delta: :math:`c`, at least 0.

    Raises:
        ValueError: for a negative bound.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.clip(0.1)
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([ 0.1000, -0.1000])
    """
    in_range("clip", "max_delta", max_delta, 0)
    return CLIP(max_delta=max_delta)


def _clip_block(g: Tensor, s: Slots, p: Any, h: Hyper, t: Any) -> Tensor:
    return g / (rms_of(g) / h["threshold"]).clamp(min=1.0)


CLIP_BLOCK = Rule("clip_by_block_rms", _clip_block)


def clip_by_block_rms(threshold: Any) -> Transformation:
    r"""Keep the root mean square of each parameter's update below a bound.

    .. math:: u = g / \max(1, \operatorname{rms}(g)/c)

    Args:
        threshold: :math:`c`, above 0.

    Raises:
        ValueError: for arguments out of range.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.clip_by_block_rms(0.1)
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([ 0.1387, -0.0277])

    Reference: Shazeer and Stern, "Adafactor: adaptive learning rates with sublinear memory cost",
    ICML 2018, section 6.
    """
    in_range("clip_by_block_rms", "threshold", threshold, 0, open_low=True)
    return CLIP_BLOCK(threshold=threshold)


def _clip_global(leaves: list[Leaf], h: Hyper, run: Run, path: str) -> None:
    norm = _norm([leaf.value() for leaf in leaves])
    factor = where(norm < h["max_norm"], 1.0, h["max_norm"] / norm)
    for leaf in leaves:
        leaf.scale(factor)


def clip_by_global_norm(max_norm: Any) -> Transformation:
    r"""Shrink all updates together if their norm is above a bound.

    .. math:: u = g \text{ if } ‖g‖ < c, \text{ else } g\, c / ‖g‖

    A gradient that is not finite makes all updates so; see :func:`apply_if_finite`.

    Args:
        max_norm: :math:`c`, above 0: a number, a 0-d tensor or a schedule.

    Raises:
        ValueError: for arguments out of range.

    Example:
        >>> import flambeau as fb
        >>> rule = fb.optim.transform.clip_by_global_norm(1.0)
        >>> gradients = {"a": fb.tensor([3.]), "b": fb.tensor([4.])}
        >>> rule.update(gradients, rule.init(gradients))[0]
        {'a': tensor([0.6000]), 'b': tensor([0.8000])}

    Reference: Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural
    networks", ICML 2013, algorithm 1.
    Differs from PyTorch: ``clip_grad_norm_`` multiplies by :math:`\min(1, c/(‖g‖ + 10^{-6}))`.
    """
    in_range("clip_by_global_norm", "max_norm", max_norm, 0, open_low=True)
    return Whole("clip_by_global_norm", _clip_global, {"max_norm": max_norm})


def unitwise_norm(x: Tensor, axis: Any = None) -> Tensor:
    """The norms of the units of a tensor, with the reduced dimensions kept.

    Args:
        x: a tensor.
        axis: the dimensions of a unit; ``None`` for all of a vector, and all but the first (a
            row of a matrix, a filter of a convolution) otherwise.

    Differs from optax: there units lie along the first dimensions, as JAX's weights do.
    """
    square = size_squared(x)
    if axis is None:
        axis = tuple(range(x.ndim)) if x.ndim <= 1 else tuple(range(1, x.ndim))
    return square.sqrt() if axis == () else square.sum(axis, keepdim=True).sqrt()


def _clip_units(g: Tensor, s: Slots, p: Tensor, h: Hyper, t: Any) -> Tensor:
    norm = unitwise_norm(g, h["axis"])
    most = unitwise_norm(p, h["axis"]).clamp(min=h["eps"]) * h["clipping"]
    return where(norm < most, g, g * (most / norm.clamp(min=1e-6)))


CLIP_UNITS = Rule("adaptive_grad_clip", _clip_units, needs_params=True)


def adaptive_grad_clip(clipping: Any, eps: Any = 1e-3, axis: Any = None) -> Transformation:
    r"""Keep the gradient of every unit small beside its weights.

    .. math:: u_i = g_i \text{ if } ‖g_i‖ < m, \text{ else } g_i\, m/‖g_i‖, \quad
        m = c \max(‖θ_i‖, ε)

    Args:
        clipping: :math:`c`, above 0.
        eps: ε, at least 0.
        axis: the dimensions of a unit; ``None`` for all of a vector, and all but the first of
            other tensors.

    Raises:
        ValueError: for arguments out of range; in ``update``, if it is given no parameters.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.adaptive_grad_clip(0.1)
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([ 0.2193, -0.0439])

    Reference: Brock, De, Smith and Simonyan, "High-performance large-scale image recognition
    without normalization", ICML 2021, equation 3.
    Differs from optax: see :func:`unitwise_norm`; ``axis=0`` gives optax's units of a matrix.
    """
    in_range("adaptive_grad_clip", "clipping", clipping, 0, open_low=True)
    in_range("adaptive_grad_clip", "eps", eps, 0)
    return CLIP_UNITS(clipping=clipping, eps=eps, axis=axis)


ZERO_NANS = Rule("zero_nans", lambda g, s, p, h, t: where(g.isnan(), 0.0, g))


def zero_nans() -> Transformation:
    """Zeros in place of nan.

    Example:
        >>> import flambeau as fb
        >>> rule = fb.optim.transform.zero_nans()
        >>> rule.update(fb.tensor([1., float("nan")]), rule.init(fb.zeros(2)))[0]
        tensor([1., 0.])

    Differs from optax: the state does not note where they were.
    """
    return ZERO_NANS()


def _centralize(g: Tensor, s: Slots, p: Any, h: Hyper, t: Any) -> Tensor:
    return g - g.mean(tuple(range(1, g.ndim)), keepdim=True) if g.ndim > 1 else g


CENTRALIZE = Rule("centralize", _centralize)


def centralize() -> Transformation:
    r"""Subtract the mean of every unit of matrices and filters.

    .. math:: u_i = g_i - \operatorname{mean}(g_i)

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.centralize()
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([ 0.5000, -0.1000])

    Reference: Yong et al., "Gradient centralization: a new optimization technique for deep neural
    networks", ECCV 2020, equation 1.
    """
    return CENTRALIZE()


KEEP_NONNEGATIVE = Rule(
    "keep_params_nonnegative",
    lambda g, s, p, h, t: where(p + g < 0, -p, g),
    needs_params=True,
)


def keep_params_nonnegative() -> Transformation:
    r"""Shorten updates that would make a parameter negative, so that it becomes 0.

    .. math:: u = \max(g, -θ)

    Example:
        >>> import flambeau as fb
        >>> rule = fb.optim.transform.keep_params_nonnegative()
        >>> params = fb.tensor([1., 1.])
        >>> rule.update(fb.tensor([-2., -0.5]), rule.init(params), params)[0]
        tensor([-1.0000, -0.5000])
    """
    return KEEP_NONNEGATIVE()


def unitwise_clip(g_norm: Tensor, max_norm: Tensor, grad: Tensor, div_eps: float = 1e-6) -> Tensor:
    r"""Shrink the units of a gradient whose norm is too large.

    .. math:: g \text{ where } n < m, \text{ else } g\, m / \max(n, ε)

    Args:
        g_norm: the units' norms :math:`n`; see :func:`unitwise_norm`.
        max_norm: the largest norms :math:`m` that they may have.
        grad: the gradient.
        div_eps: ε, above 0.
    """
    return where(g_norm < max_norm, grad, grad * (max_norm / g_norm.clamp(min=div_eps)))


# --- examples one by one ------------------------------------------------------------------------


def per_example_global_norm_clip(grads: Any, l2_norm_clip: Any) -> tuple[Any, Tensor]:
    r"""The sum of the gradients of single examples, each shrunk to a norm.

    .. math:: \sum_i g_i \min(1, c / ‖g_i‖)

    Args:
        grads: a tree of gradients whose first dimension counts examples.
        l2_norm_clip: :math:`c`, above 0.

    Returns:
        The sum, without the first dimension, and how many gradients were shrunk.

    Raises:
        ValueError: for arguments out of range.

    Example:
        >>> import flambeau as fb
        >>> grads = fb.tensor([[3., 4.], [0.3, 0.4]])
        >>> fb.optim.transform.per_example_global_norm_clip(grads, 1.0)
        (tensor([0.9000, 1.2000]), tensor(1))

    Reference: Abadi et al., "Deep learning with differential privacy", CCS 2016, algorithm 1.
    """
    in_range("per_example_global_norm_clip", "l2_norm_clip", l2_norm_clip, 0, open_low=True)
    parts = [g for g in trees.leaves(grads) if g is not None]
    squares = [size_squared(g).reshape(g.shape[0], -1).sum(1) for g in parts]
    norms = sum(squares[1:], squares[0]).sqrt()
    # A gradient that is zero has no direction: it stays zero.
    factors = where(norms > l2_norm_clip, l2_norm_clip / norms, 1.0)

    def shrunk(g: Any) -> Any:
        if g is None:
            return None
        return (g * factors.reshape(-1, *[1] * (g.ndim - 1)).to(g.dtype)).sum(0)

    return trees.map(shrunk, grads), (norms > l2_norm_clip).sum()


def per_example_layer_norm_clip(
    grads: Any, global_l2_norm_clip: Any, uniform: bool = True
) -> tuple[Any, Any]:
    r"""The sum of the gradients of single examples, each layer's shrunk on its own.

    Args:
        grads: a tree of gradients whose first dimension counts examples.
        global_l2_norm_clip: the norm of all layers together, above 0.
        uniform: share it alike among the layers; otherwise by their number of elements.

    Returns:
        A tree of sums, and a tree of how many gradients were shrunk.

    Raises:
        ValueError: for arguments out of range.

    Reference: McMahan et al., "Learning differentially private recurrent language models", ICLR
    2018, section 3.
    """
    parts = [g for g in trees.leaves(grads) if g is not None]
    total = sum(g[0].numel() for g in parts)

    def bound(g: Tensor) -> Any:
        share = 1 / len(parts) if uniform else g[0].numel() / total
        return global_l2_norm_clip * share**0.5

    found = [
        None if g is None else per_example_global_norm_clip(g, bound(g))
        for g in trees.leaves(grads)
    ]
    structure = trees.structure(grads)
    sums, counts = (
        trees.unflatten(structure, [None if x is None else x[i] for x in found]) for i in (0, 1)
    )
    return sums, counts
