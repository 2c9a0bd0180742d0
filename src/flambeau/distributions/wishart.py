"""The Wishart distribution."""

from __future__ import annotations

import math
import warnings
from typing import Any

from flambeau.core.errors import message
from flambeau.core.limits import finfo
from flambeau.core.shapes import Size, broadcast
from flambeau.distributions import constraints
from flambeau.distributions.chi2 import Chi2
from flambeau.distributions.exp_family import ExponentialFamily
from flambeau.distributions.matrices import Covariance, half_log_determinant
from flambeau.distributions.parameters import vec_to_tril_matrix
from flambeau.ops.determinants import slogdet
from flambeau.ops.sampling import randn
from flambeau.ops.selection import where
from flambeau.ops.sequences import arange
from flambeau.ops.triangular_systems import solve_triangular
from flambeau.tensor.modes import INTERPRETED, MODE
from flambeau.tensor.tensor import Tensor

_TRIES = 10


def log_gamma_of_matrices(a: Tensor, size: int) -> Tensor:
    """The logarithm of the gamma function of positive definite matrices.

    Args:
        a: > (size - 1) / 2.
        size: of the matrices.
    """
    steps = a.unsqueeze(-1) - arange(size, dtype=a.dtype) / 2
    return steps.lgamma().sum(-1) + size * (size - 1) / 4 * math.log(math.pi)


class Wishart(Covariance, ExponentialFamily):
    r"""The Wishart distribution: of X X^T, the columns of X being df normal vectors.

    .. math:: p(S) \propto |S|^{(\nu - n - 1) / 2} \exp(-\tfrac12 \mathrm{tr}(V^{-1} S))

    Args:
        df: degrees of freedom nu > n - 1.
        covariance_matrix: the vectors' covariance V, of shape (..., n, n).
        precision_matrix: its inverse instead.
        scale_tril: its lower Cholesky factor instead.
        validate_args: see :class:`Distribution`.

    Raises:
        ValueError: if not exactly one matrix is given, it is no matrix, or df is too small.

    Example:
        >>> import flambeau as fb
        >>> fb.distributions.Wishart(fb.tensor(3.0), fb.eye(2)).mean
        tensor([[3., 0.],
                [0., 3.]])

    Reference: P. L. Odell and A. H. Feiveson, "A Numerical Procedure to Generate a Sample
    Covariance Matrix", JASA 61, 1966.
    """

    support = constraints.positive_definite
    has_rsample = True
    _mean_carrier_measure = 0

    @property
    def arg_constraints(self) -> Any:  # type: ignore[override]
        return {
            "covariance_matrix": constraints.positive_definite,
            "precision_matrix": constraints.positive_definite,
            "scale_tril": constraints.lower_cholesky,
            "df": constraints.greater_than(self.event_shape[-1] - 1),
        }

    def __init__(
        self,
        df: Any,
        covariance_matrix: Tensor | None = None,
        precision_matrix: Tensor | None = None,
        scale_tril: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        name, matrix = self._given(covariance_matrix, precision_matrix, scale_tril)
        if matrix.dim() < 2:
            raise ValueError(
                message(
                    f"Wishart: {name} is no matrix",
                    expected="shape (..., n, n)",
                    got=str(tuple(matrix.shape)),
                )
            )
        size = matrix.shape[-1]
        if isinstance(df, Tensor):
            shape = broadcast("Wishart", tuple(matrix.shape[:-2]), tuple(df.shape))
            self.df = df.expand(shape)
        else:
            shape = tuple(matrix.shape[:-2])
            self.df = matrix.new_tensor(float(df)).expand(shape)
        known = not MODE.code & INTERPRETED
        if known and (self.df <= size - 1).any():
            raise ValueError(
                message("Wishart: df is too small", expected=f"df > {size - 1}", got=f"{df}")
            )
        if known and (self.df < size).any():
            warnings.warn(
                f"Wishart: with df below {size} samples are likely to be singular", stacklevel=2
            )
        self.__dict__[name] = matrix.expand((*shape, -1, -1))
        super().__init__(shape, matrix.shape[-2:], validate_args=validate_args)
        self._set_factor(name, matrix)
        self._set_chi2()

    def _set_chi2(self) -> None:
        steps = arange(self._event_shape[-1], dtype=self.df.dtype)
        self._chi2 = Chi2(self.df.unsqueeze(-1) - steps)

    def _expand_others(self, new: Any, shape: Size) -> None:
        new._factor = self._factor
        new._event_shape = self._event_shape
        new._set_chi2()

    @property
    def mean(self) -> Tensor:
        return self.df[..., None, None] * self.covariance_matrix

    @property
    def mode(self) -> Tensor:
        factor = self.df - self._event_shape[-1] - 1
        return where(factor > 0, factor, math.nan)[..., None, None] * self.covariance_matrix

    @property
    def variance(self) -> Tensor:
        v = self.covariance_matrix
        diagonal = v.diagonal(dim1=-2, dim2=-1)
        products = diagonal.unsqueeze(-1) * diagonal.unsqueeze(-2)
        return self.df[..., None, None] * (v.square() + products)

    def _drawn(self, sample_shape: Any) -> Tensor:
        """Bartlett's decomposition: chi variables on the diagonal, normal ones below it."""
        size = self._event_shape[-1]
        spread = self._chi2.rsample(sample_shape).sqrt()
        kind = spread.dtype
        spread = spread.clamp(min=finfo(kind).eps)
        below = randn((*sample_shape, *self._batch_shape, size * (size - 1) // 2), dtype=kind)
        root = self._factor @ (spread.diag_embed() + vec_to_tril_matrix(below, -1))
        return root @ root.mT

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Random matrices.

        PyTorch draws again where the first draw *was* positive definite, and where later ones were
        not; so that the same seed gives the same matrices, this does too.

        Args:
            sample_shape: how many for each distribution of the batch.
        """
        sample = self._drawn(sample_shape)
        again = self._in_batch(self.support.check(sample))
        for _ in range(_TRIES):
            if not again.any():
                break
            fresh = self._drawn(tuple(again[again].shape))
            sample = sample.clone()
            sample[again] = fresh
            still = self._in_batch(~self.support.check(fresh))
            again = again.clone()
            again[again.clone()] = still
        return sample

    def _in_batch(self, found: Tensor) -> Tensor:
        """Whether it holds for any distribution of the batch, for each sample."""
        dims = tuple(range(-len(self._batch_shape), 0))
        return found.any(dims) if dims else found

    def log_prob(self, value: Tensor) -> Tensor:
        self._validate_sample(value)
        size, df = self._event_shape[-1], self.df
        solved = solve_triangular(self._factor, value, upper=False)
        solved = solve_triangular(self._factor, solved.mT, upper=False)
        trace = solved.diagonal(dim1=-2, dim2=-1).sum(-1)
        return (
            (df - size - 1) / 2 * slogdet(value)[1]
            - trace / 2
            - df * (size * math.log(2) / 2 + half_log_determinant(self._factor))
            - log_gamma_of_matrices(df / 2, size)
        )

    def entropy(self) -> Tensor:
        size, df = self._event_shape[-1], self.df
        scale = size * math.log(2) / 2 + half_log_determinant(self._factor)
        steps = df.unsqueeze(-1) / 2 - arange(size, dtype=df.dtype) / 2
        slopes = steps.digamma().sum(-1)
        gammas = log_gamma_of_matrices(df / 2, size)
        return (size + 1) * scale + gammas - (df - size - 1) / 2 * slopes + df * size / 2

    @property
    def _natural_params(self) -> tuple[Tensor, ...]:
        return -self.precision_matrix / 2, (self.df - self._event_shape[-1] - 1) / 2

    def _log_normalizer(self, *natural_params: Tensor) -> Tensor:
        x, y = natural_params
        size = self._event_shape[-1]
        half = y + (size + 1) / 2
        scale = size * math.log(2) - slogdet(-2 * x)[1]
        return half * scale + log_gamma_of_matrices(half, size)
