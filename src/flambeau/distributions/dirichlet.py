"""The Dirichlet distribution."""

from __future__ import annotations

from typing import Any, ClassVar

from flambeau.core.errors import message
from flambeau.distributions import constraints
from flambeau.distributions.exp_family import ExponentialFamily
from flambeau.ops.gamma_samples import sample_dirichlet
from flambeau.ops.selection import where
from flambeau.tensor.tensor import Tensor


class Dirichlet(ExponentialFamily):
    r"""The Dirichlet distribution, of vectors that sum to 1.

    .. math::
        p(x) = \frac{\Gamma(\sum_i \alpha_i)}{\prod_i \Gamma(\alpha_i)}
        \prod_i x_i^{\alpha_i - 1}

    Args:
        concentration: alpha > 0, of shape (..., n).
        validate_args: see :class:`Distribution`.

    Example:
        >>> import flambeau as fb
        >>> fb.distributions.Dirichlet(fb.tensor([1.0, 3.0])).mean
        tensor([0.2500, 0.7500])
    """

    arg_constraints: ClassVar = {"concentration": constraints.independent(constraints.positive, 1)}
    support = constraints.simplex
    has_rsample = True

    def __init__(self, concentration: Tensor, validate_args: bool | None = None) -> None:
        if concentration.dim() < 1:
            raise ValueError(
                message(
                    "Dirichlet: the concentration is no vector",
                    expected="at least one dimension",
                    got="shape ()",
                )
            )
        self.concentration = concentration
        shape = concentration.shape
        super().__init__(shape[:-1], shape[-1:], validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        return self.concentration / self.concentration.sum(-1, True)

    @property
    def mode(self) -> Tensor:
        above = (self.concentration - 1).clamp(min=0.0)
        share = above / above.sum(-1, True)
        # Without a concentration above 1 the density is largest at a corner.
        corner = one_hot_like(self.concentration.argmax(-1), self.concentration)
        return where((self.concentration < 1).all(-1, keepdim=True), corner, share)

    @property
    def variance(self) -> Tensor:
        total = self.concentration.sum(-1, True)
        return self.concentration * (total - self.concentration) / (total.square() * (total + 1))

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        return sample_dirichlet(self.concentration.expand(self._extended_shape(sample_shape)))

    def log_prob(self, value: Tensor) -> Tensor:
        self._validate_sample(value)
        a = self.concentration
        return (a - 1.0).xlogy(value).sum(-1) + a.sum(-1).lgamma() - a.lgamma().sum(-1)

    def entropy(self) -> Tensor:
        a = self.concentration
        total = a.sum(-1)
        return (
            a.lgamma().sum(-1)
            - total.lgamma()
            - (a.shape[-1] - total) * total.digamma()
            - ((a - 1.0) * a.digamma()).sum(-1)
        )

    @property
    def _natural_params(self) -> tuple[Tensor, ...]:
        return (self.concentration - 1,)

    def _log_normalizer(self, *natural_params: Tensor) -> Tensor:
        a = natural_params[0] + 1
        return a.lgamma().sum(-1) - a.sum(-1).lgamma()


def one_hot_like(index: Tensor, like: Tensor) -> Tensor:
    """Ones at indices along the last dimension, and zeros."""
    return like.new_zeros(like.shape).scatter(-1, index.unsqueeze(-1), 1.0)
