"""Distributions of the exponential family."""

from __future__ import annotations

from typing import Any

from flambeau.autograd import grad
from flambeau.distributions.distribution import Distribution
from flambeau.tensor.tensor import Tensor


class ExponentialFamily(Distribution):
    r"""Distributions whose density is

    .. math:: p(x; \theta) = \exp(\langle t(x), \theta \rangle - F(\theta) + k(x))

    with natural parameters theta, and the log normaliser F, from which the entropy and divergences
    follow by differentiation.

    Reference: F. Nielsen and R. Nock, "Entropies and Cross-entropies of Exponential Families",
    ICIP 2010.
    """

    # The mean of k(x).
    _mean_carrier_measure: Any = 0

    @property
    def _natural_params(self) -> tuple[Tensor, ...]:
        raise self._lacks("natural parameters")

    def _log_normalizer(self, *natural_params: Tensor) -> Tensor:
        raise self._lacks("log normaliser")

    def entropy(self) -> Tensor:
        natural = [p.detach().requires_grad_() for p in self._natural_params]
        normaliser = self._log_normalizer(*natural)
        slopes = grad(normaliser.sum(), natural, create_graph=True)
        result = normaliser - self._mean_carrier_measure
        for p, slope in zip(natural, slopes, strict=True):
            result = result - (p * slope).reshape((*self._batch_shape, -1)).sum(-1)
        return result
