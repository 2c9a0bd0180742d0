"""Weights that are orthogonal matrices."""

from __future__ import annotations

from typing import Any

from flambeau.autograd.modes import no_grad
from flambeau.core.errors import message
from flambeau.core.limits import finfo
from flambeau.nn.module import Module
from flambeau.nn.parametrization import register_parametrization
from flambeau.ops.comparison import allclose
from flambeau.ops.creation import eye
from flambeau.ops.joining import cat
from flambeau.ops.matrix_exponential import matrix_exp
from flambeau.ops.qr_decomposition import geqrf, householder_product
from flambeau.ops.solving import solve
from flambeau.tensor.tensor import Tensor

MAPS = ("matrix_exp", "cayley", "householder")


def _diagonal(x: Any) -> Any:
    return x.diagonal(dim1=-2, dim2=-1)


def _is_orthogonal(q: Any) -> bool:
    rows, columns = q.shape[-2:]
    unit = eye(columns, dtype=q.dtype)
    return allclose(q.mH @ q, unit, atol=10.0 * rows * finfo(q.dtype).eps)


def _made_orthogonal(matrix: Any) -> Any:
    """The orthogonal factor whose triangular one has a positive diagonal."""
    reflectors, tau = geqrf(matrix)
    return householder_product(reflectors, tau) * _diagonal(reflectors).sgn().unsqueeze(-2)


class _Orthogonal(Module):
    base: Any

    def __init__(self, weight: Any, orthogonal_map: str, use_trivialization: bool = True) -> None:
        super().__init__()
        if weight.is_complex() and orthogonal_map == "householder":
            raise ValueError(
                message(
                    "orthogonal: householder is not for complex tensors",
                    expected="'matrix_exp' or 'cayley'",
                    got="'householder'",
                )
            )
        self.shape = weight.shape
        self.orthogonal_map = orthogonal_map
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, X: Any) -> Any:
        wide = X.shape[-2] < X.shape[-1]
        x = X.mT if wide else X
        q = _by_reflections(x) if self.orthogonal_map == "householder" else self._by_group(x)
        if hasattr(self, "base"):
            q = self.base @ q
        return q.mT if wide else q

    def _by_group(self, x: Any) -> Any:
        """From the triangle below the diagonal to a skew matrix, and on to the group."""
        rows, columns = x.shape[-2:]
        lower = x.tril()
        if rows != columns:
            rest = lower.new_zeros((*lower.shape[:-1], rows - columns))
            lower = cat([lower, rest], -1)
        skew = lower - lower.mH
        if self.orthogonal_map == "matrix_exp":
            q = matrix_exp(skew)
        else:
            unit = eye(rows, dtype=skew.dtype)
            q = solve(unit - skew * 0.5, unit + skew * 0.5)
        return q if rows == columns else q[..., :columns]

    def right_inverse(self, Q: Any) -> Any:
        if Q.shape != self.shape:
            raise ValueError(
                message(
                    "orthogonal: another shape",
                    expected=str(tuple(self.shape)),
                    got=str(tuple(Q.shape)),
                )
            )
        with no_grad():
            wide = Q.shape[-2] < Q.shape[-1]
            tall = Q.mT if wide else Q
            if not hasattr(self, "base"):
                found = self._reflectors(tall)
                return found.mT if wide else found
            self.base = _completed(tall)
            start = Q.new_zeros(Q.shape)
            _diagonal(start).fill_(-1.0)  # which the maps take to the first columns of a unit
            return start

    def _reflectors(self, matrix: Any) -> Any:
        if self.orthogonal_map != "householder":
            raise NotImplementedError(
                message(
                    "orthogonal: this map has no inverse",
                    expected="use_trivialization=True, or 'householder'",
                    got=f"'{self.orthogonal_map}'",
                )
            )
        reflectors, tau = geqrf(matrix)
        signs = _diagonal(reflectors).sign()
        signs = signs.where(tau != 0.0, -signs)  # LAPACK left these reflections out
        _diagonal(reflectors).copy_(signs)
        return reflectors


def _by_reflections(x: Any) -> Any:
    below = x.tril(-1)
    tau = 2.0 / (1.0 + (below * below).sum(-2))
    # The diagonal holds signs, which are not trained.
    signs = _diagonal(x).detach().int().unsqueeze(-2)
    return householder_product(below, tau) * signs


def _completed(matrix: Any) -> Any:
    """A square orthogonal matrix; its first columns are those given, made orthogonal."""
    rows, columns = matrix.shape[-2:]
    if rows == columns:
        return matrix.clone() if _is_orthogonal(matrix) else _made_orthogonal(matrix)
    shape = (*matrix.shape[:-1], rows - columns)
    return _made_orthogonal(cat([matrix, matrix.new_empty(shape).normal_()], -1))


def orthogonal(
    module: Module,
    name: str = "weight",
    orthogonal_map: str | None = None,
    *,
    use_trivialization: bool = True,
) -> Module:
    """Keep a weight an orthogonal matrix (or its columns, or rows, orthonormal) in training.

    Args:
        module: changed, and returned.
        name: of the weight, a matrix or a stack of them.
        orthogonal_map: ``"matrix_exp"``: :math:`exp(A)`, ``"cayley"``:
            :math:`(I - A/2)^{-1} (I + A/2)` of a skew matrix A, or ``"householder"``: a product of
            reflections. If not given, the first for square and complex matrices, the last for
            others.
        use_trivialization: whether the weight is measured from where it starts, so that it may be
            assigned.

    Raises:
        ValueError: if there is no such weight, it is no matrix, or the map is unknown.

    Reference: M. Lezcano-Casado, "Trivializations for Gradient-Based Optimization on Manifolds",
        2019.

    Example:
        >>> import flambeau as fb
        >>> layer = fb.nn.utils.parametrizations.orthogonal(fb.nn.Linear(20, 40))
        >>> fb.allclose(layer.weight.mT @ layer.weight, fb.eye(20), atol=1e-5)
        True
    """
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor) or weight.ndim < 2:
        shown = "none" if weight is None else f"shape {tuple(weight.shape)}"
        raise ValueError(
            message(
                f"orthogonal: '{name}' is no matrix",
                expected="a parameter or buffer of two dimensions or more",
                got=shown,
            )
        )
    if orthogonal_map is None:
        square = weight.shape[-2] == weight.shape[-1] or weight.is_complex()
        orthogonal_map = "matrix_exp" if square else "householder"
    if orthogonal_map not in MAPS:
        raise ValueError(
            message("orthogonal: unknown map", expected=", ".join(MAPS), got=repr(orthogonal_map))
        )
    parametrization = _Orthogonal(weight, orthogonal_map, use_trivialization)
    return register_parametrization(module, name, parametrization, unsafe=True)
