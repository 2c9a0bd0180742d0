"""Student's t distribution."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from flambeau.distributions import constraints
from flambeau.distributions.chi2 import Chi2
from flambeau.distributions.distribution import Distribution
from flambeau.distributions.parameters import broadcast_all
from flambeau.ops.sampling import randn
from flambeau.ops.selection import where
from flambeau.tensor.tensor import Tensor


class StudentT(Distribution):
    r"""Student's t distribution: a normal number over the root of a chi-squared one's mean square.

    .. math:: p(x) \propto (1 + z^2 / \nu)^{-(\nu + 1) / 2}, \quad z = (x - \mu) / \sigma

    Args:
        df: degrees of freedom nu > 0.
        loc: mu.
        scale: sigma > 0.
        validate_args: see :class:`Distribution`.

    Example:
        >>> import flambeau as fb
        >>> fb.distributions.StudentT(fb.tensor([4.0])).variance
        tensor([2.])
    """

    arg_constraints: ClassVar = {
        "df": constraints.positive,
        "loc": constraints.real,
        "scale": constraints.positive,
    }
    support = constraints.real
    has_rsample = True

    def __init__(
        self, df: Any, loc: Any = 0.0, scale: Any = 1.0, validate_args: bool | None = None
    ) -> None:
        self.df, self.loc, self.scale = broadcast_all(df, loc, scale)
        self._chi2 = Chi2(self.df)
        super().__init__(self.df.size(), validate_args=validate_args)

    def _expand_others(self, new: Any, shape: Any) -> None:
        new._chi2 = self._chi2.expand(shape)

    @property
    def mean(self) -> Tensor:
        return where(self.df > 1, self.loc, math.nan)

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        finite = self.scale.square() * self.df / (self.df - 2)
        return where(
            self.df > 2, finite, where(self.df > 1, math.inf, self.df.new_tensor(math.nan))
        )

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        noise = randn(self._extended_shape(sample_shape), dtype=self.df.dtype)
        spread = self._chi2.rsample(sample_shape)
        return self.loc + self.scale * (noise * (spread / self.df).rsqrt())

    def log_prob(self, value: Tensor) -> Tensor:
        self._validate_sample(value)
        z, df = (value - self.loc) / self.scale, self.df
        return -0.5 * (df + 1.0) * (z.square() / df).log1p() - self._log_normaliser()

    def _log_normaliser(self) -> Tensor:
        df = self.df
        gammas = (0.5 * df).lgamma() - (0.5 * (df + 1.0)).lgamma()
        return self.scale.log() + 0.5 * df.log() + 0.5 * math.log(math.pi) + gammas

    def entropy(self) -> Tensor:
        half = 0.5 * (self.df + 1)
        return half * (half.digamma() - (0.5 * self.df).digamma()) + self._log_normaliser()
