"""The LKJ distribution of Cholesky factors of correlation matrices."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from flambeau.autograd import no_grad
from flambeau.core.errors import message
from flambeau.core.limits import finfo
from flambeau.core.shapes import Size
from flambeau.distributions import constraints
from flambeau.distributions.beta import Beta
from flambeau.distributions.distribution import Distribution
from flambeau.distributions.parameters import broadcast_all
from flambeau.distributions.wishart import log_gamma_of_matrices
from flambeau.ops.sampling import randn
from flambeau.ops.selection import where
from flambeau.ops.sequences import arange
from flambeau.tensor.tensor import Tensor


class LKJCholesky(Distribution):
    r"""The LKJ distribution of Cholesky factors of correlation matrices.

    The matrix itself has a density that is proportional to a power of its determinant:

    .. math:: p(L L^T) \propto \det(L L^T)^{\eta - 1}

    Args:
        dim: the matrices' size, >= 2.
        concentration: eta > 0; 1 for all correlation matrices alike.
        validate_args: see :class:`Distribution`.

    Raises:
        ValueError: if ``dim`` is below 2.

    Example:
        >>> import flambeau as fb
        >>> fb.distributions.LKJCholesky(3, 0.5).sample().shape
        torch.Size([3, 3])

    Reference: D. Lewandowski, D. Kurowicka and H. Joe, "Generating random correlation matrices
    based on vines and extended onion method", Journal of Multivariate Analysis 100, 2009.
    """

    arg_constraints: ClassVar = {"concentration": constraints.positive}
    support = constraints.corr_cholesky

    def __init__(
        self, dim: int, concentration: Any = 1.0, validate_args: bool | None = None
    ) -> None:
        if dim < 2:
            raise ValueError(
                message("LKJCholesky: too small", expected="dim >= 2", got=f"dim={dim}")
            )
        self.dim = dim
        (self.concentration,) = broadcast_all(concentration)
        # How much of each row's length lies before the diagonal.
        steps = (arange(dim, dtype=self.concentration.dtype) - 1).clamp(min=0)
        last = self.concentration + 0.5 * (dim - 2)
        self._beta = Beta(steps + 0.5, last.unsqueeze(-1) - 0.5 * steps)
        shape = self.concentration.size()
        super().__init__(shape, (dim, dim), validate_args=validate_args)

    def _expand_others(self, new: Any, shape: Size) -> None:
        new.dim = self.dim
        new._beta = self._beta.expand((*shape, self.dim))

    def sample(self, sample_shape: Any = ()) -> Tensor:
        with no_grad():
            length = self._beta.sample(sample_shape).unsqueeze(-1)
            shape = self._extended_shape(sample_shape)
            direction = randn(shape, dtype=length.dtype).tril(-1)
            norm = direction.norm(dim=-1, keepdim=True)
            below = length.sqrt() * where(norm == 0, 0.0, direction / norm)
            rest = 1 - below.square().sum(-1)
            return below + rest.clamp(min=finfo(below.dtype).tiny).sqrt().diag_embed()

    def log_prob(self, value: Tensor) -> Tensor:
        self._validate_sample(value)
        size = self.dim - 1
        # det^(eta - 1), and det^(dim - row) for the change of variables row by row
        rows = arange(2, self.dim + 1, dtype=self.concentration.dtype)
        powers = 2 * (self.concentration - 1).unsqueeze(-1) + self.dim - rows
        diagonal = value.diagonal(dim1=-2, dim2=-1)[..., 1:]
        alpha = self.concentration + 0.5 * size
        normaliser = log_gamma_of_matrices(alpha - 0.5, size) - alpha.lgamma() * size
        normaliser = normaliser + 0.5 * size * math.log(math.pi)
        return (powers * diagonal.log()).sum(-1) - normaliser
