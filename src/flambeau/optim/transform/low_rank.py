"""Moments of matrices in a space of few dimensions."""

from __future__ import annotations

from typing import Any

from flambeau.ops.singular_values import svd
from flambeau.optim.checks import in_range
from flambeau.optim.engine.combinators import chain, inside
from flambeau.optim.engine.leaf import Leaf, Run, truth_of
from flambeau.optim.engine.transformation import Transformation
from flambeau.optim.scalars import is_due, where
from flambeau.optim.transform.adam_family import scale_by_adam
from flambeau.optim.transform.conditions import Wrapper
from flambeau.optim.transform.orthogonal_momentum import (
    MuonDimensionNumbers,
    as_matrices,
    numbers_of,
)
from flambeau.optim.transform.scaling import add_decayed_weights, scale_by_learning_rate
from flambeau.tensor.tensor import Tensor


class GaLoreDimensionNumbers(MuonDimensionNumbers):
    """Which dimensions of a parameter are the rows and columns of a matrix.

    The others count matrices.

    Args:
        reduction_axis: the dimensions that inputs come in by, one or several.
        output_axis: the dimensions of the outputs.

    Differs from optax: the defaults are those of weights of shape (outputs, inputs).
    """

    __slots__ = ()


class LowRank(Wrapper):
    """See :func:`scale_by_galore`."""

    name = "scale_by_galore"

    def __init__(self, inner: Any, rank: int, gap: int, scale: Any, numbers: Any) -> None:
        super().__init__(inner)
        self.rank = rank
        self.gap = gap
        self.scale = scale
        self.numbers = numbers

    def _numbers(self, leaf: Leaf, run: Run, like: Tensor) -> MuonDimensionNumbers | None:
        """The dimensions of a parameter's matrices; ``None`` if it is not projected."""
        if self.numbers is None:
            return GaLoreDimensionNumbers() if like.ndim == 2 else None
        if isinstance(self.numbers, MuonDimensionNumbers):
            return self.numbers if like.ndim >= 2 else None
        return numbers_of(self.numbers, leaf, run)

    def start(self, leaves: list[Leaf], run: Run, path: str) -> None:
        key = path or self.name
        here = [leaf.param for leaf in leaves]
        for leaf in leaves:
            numbers = self._numbers(leaf, run, leaf.param)
            if numbers is not None:
                matrices, _ = as_matrices(leaf.param, numbers)
                basis = matrices.new_zeros(self._basis_shape(matrices))
                leaf.state[key] = {"projector": basis}
                leaf.param = _projected(matrices, basis)
        self.inner.start(leaves, run, inside(key, self.inner))
        for leaf, p in zip(leaves, here, strict=True):
            leaf.param = p

    def _basis_shape(self, matrices: Tensor) -> tuple[int, ...]:
        count, rows, columns = matrices.shape
        return count, max(rows, columns), min(self.rank, rows, columns)

    def run(self, leaves: list[Leaf], run: Run, path: str) -> None:
        key = path or self.name
        due = truth_of(is_due(run.step, self.gap))
        here = [leaf.param for leaf in leaves]
        backs: list[tuple[Any, Any]] = []
        for leaf in leaves:
            g = leaf.value()
            numbers, matrices, back = self._numbers(leaf, run, g), None, None
            if numbers is not None:
                matrices, back = as_matrices(g, numbers)
                slots = leaf.state[key]
                if due is not False:
                    fresh = _basis_of(matrices, slots["projector"])
                    slots["projector"] = where(due, fresh, slots["projector"])
                leaf.set(_projected(matrices, slots["projector"]))
                leaf.param = None if leaf.param is None else leaf.update * 0
            backs.append((back, matrices))
        self.inner.run(leaves, run, inside(key, self.inner))
        for leaf, p, (back, matrices) in zip(leaves, here, backs, strict=True):
            leaf.param = p
            if back is not None:
                whole = _unprojected(leaf.value(), leaf.state[key]["projector"], matrices)
                leaf.set(back(whole), self.scale)


def _is_tall(matrices: Tensor) -> bool:
    return matrices.shape[-2] > matrices.shape[-1]


def _basis_of(matrices: Tensor, like: Tensor) -> Tensor:
    """The leading singular vectors along the longer dimension."""
    left, _, right = svd(matrices)
    basis = left if _is_tall(matrices) else right
    return basis[..., : like.shape[-1]].contiguous()


def _projected(matrices: Tensor, basis: Tensor) -> Tensor:
    return basis.mT @ matrices if _is_tall(matrices) else matrices @ basis


def _unprojected(x: Tensor, basis: Tensor, like: Tensor) -> Tensor:
    return basis @ x if _is_tall(like) else x @ basis.mT


def scale_by_galore(
    rank: int = 128,
    update_proj_gap: int = 200,
    scale: Any = 1.0,
    base_optimizer: Any = None,
    weight_dimension_numbers: Any = None,
) -> Transformation:
    r"""Another transformation, in the space of a matrix's leading singular vectors.

    .. math:: G = U Σ V^T, \quad P = U_{:, :r}, \quad u = s\, P\, ρ(P^T G)

    and :math:`u = s\, ρ(G P)\, P^T` with :math:`P = V_{:, :r}` for matrices that are not tall
    (inputs × outputs). :math:`P` is found anew every so many updates.

    Args:
        rank: :math:`r`, at least 1.
        update_proj_gap: updates for which :math:`P` stays, at least 1.
        scale: :math:`s`.
        base_optimizer: ρ, which must not need the parameters; :func:`scale_by_adam` if not given.
            Parameters that are no matrices go through it as they are.
        weight_dimension_numbers: a :class:`GaLoreDimensionNumbers`, a tree of them like that of
            the parameters (``None`` leaves one out), or a function of the parameters; if not
            given, parameters with two dimensions are matrices.

    Raises:
        ValueError: for arguments out of range.

    Example:
        >>> import flambeau as fb
        >>> rule = fb.optim.transform.scale_by_galore(rank=2)
        >>> rule.init(fb.zeros(8, 16))["mu"][""].shape
        torch.Size([1, 2, 8])

    Reference: Zhao et al., "GaLore: memory-efficient LLM training by gradient low-rank
    projection", ICML 2024, algorithm 2.
    Differs from optax: weights are (outputs, inputs); vectors are found in the parameter's own
    precision.
    """
    in_range("scale_by_galore", "rank", rank, 1)
    in_range("scale_by_galore", "update_proj_gap", update_proj_gap, 1)
    inner = scale_by_adam() if base_optimizer is None else base_optimizer
    return LowRank(inner, rank, update_proj_gap, scale, weight_dimension_numbers)


def galore(
    learning_rate: Any,
    rank: int = 128,
    update_proj_gap: int = 200,
    scale: Any = 1.0,
    base_optimizer: Any = None,
    weight_decay: Any = 0.0,
    mask: Any = None,
    weight_dimension_numbers: Any = None,
) -> Transformation:
    r"""Adam with moments in a space of few dimensions, and weight decay.

    .. math:: θ ← θ - γ (u + λ θ), \quad u \text{ of } \texttt{scale\_by\_galore}

    Args:
        learning_rate: γ, at least 0.
        rank, update_proj_gap, scale, base_optimizer, weight_dimension_numbers: see
            :func:`scale_by_galore`.
        weight_decay, mask: λ; see :func:`add_decayed_weights`.

    Raises:
        ValueError: for arguments out of range.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.galore(0.1)
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([-0.1000,  0.1000])

    Reference: Zhao et al., "GaLore: memory-efficient LLM training by gradient low-rank
    projection", ICML 2024.
    """
    return chain(
        scale_by_galore(rank, update_proj_gap, scale, base_optimizer, weight_dimension_numbers),
        add_decayed_weights(weight_decay, mask),
        scale_by_learning_rate(learning_rate),
    )
