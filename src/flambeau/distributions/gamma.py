"""The gamma distribution."""

from __future__ import annotations

from typing import Any, ClassVar

from flambeau.core.limits import finfo
from flambeau.distributions import constraints
from flambeau.distributions.exp_family import ExponentialFamily
from flambeau.distributions.parameters import batch_shape_of, broadcast_all
from flambeau.ops.gamma_samples import standard_gamma
from flambeau.tensor.tensor import Tensor


class Gamma(ExponentialFamily):
    r"""The gamma distribution.

    .. math:: p(x) = \frac{\beta^\alpha}{\Gamma(\alpha)} x^{\alpha - 1} e^{-\beta x}

    Samples follow both parameters, by implicit differentiation.

    Args:
        concentration: the shape alpha > 0.
        rate: beta > 0.
        validate_args: see :class:`Distribution`.

    Example:
        >>> import flambeau as fb
        >>> fb.distributions.Gamma(3.0, 2.0).mean
        tensor(1.5000)

    Reference: M. Figurnov, S. Mohamed and A. Mnih, "Implicit Reparameterization Gradients", 2018.

    Differs from PyTorch: derivatives of samples with respect to the concentration have an error of
    1e-7 rather than 1e-4.
    """

    arg_constraints: ClassVar = {
        "concentration": constraints.positive,
        "rate": constraints.positive,
    }
    support = constraints.nonnegative
    has_rsample = True
    _mean_carrier_measure = 0

    def __init__(self, concentration: Any, rate: Any, validate_args: bool | None = None) -> None:
        self.concentration, self.rate = broadcast_all(concentration, rate)
        shape = batch_shape_of(self.concentration, concentration, rate)
        super().__init__(shape, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        return self.concentration / self.rate

    @property
    def mode(self) -> Tensor:
        return ((self.concentration - 1) / self.rate).clamp(min=0)

    @property
    def variance(self) -> Tensor:
        return self.concentration / self.rate.square()

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        value = standard_gamma(self.concentration.expand(shape)) / self.rate.expand(shape)
        return above_zero(value)

    def log_prob(self, value: Tensor) -> Tensor:
        self._validate_sample(value)
        value = value if isinstance(value, Tensor) else self.rate.new_tensor(value)
        return (
            self.concentration.xlogy(self.rate)
            + (self.concentration - 1).xlogy(value)
            - self.rate * value
            - self.concentration.lgamma()
        )

    def cdf(self, value: Tensor) -> Tensor:
        from flambeau.special import gammainc

        self._validate_sample(value)
        return gammainc(self.concentration, self.rate * value)

    def entropy(self) -> Tensor:
        a = self.concentration
        return a - self.rate.log() + a.lgamma() + (1.0 - a) * a.digamma()

    @property
    def _natural_params(self) -> tuple[Tensor, ...]:
        return self.concentration - 1, -self.rate

    def _log_normalizer(self, *natural_params: Tensor) -> Tensor:
        first, second = natural_params
        return (first + 1).lgamma() - (first + 1) * (-second).log()


def above_zero(value: Tensor) -> Tensor:
    """Samples that underflowed are the least positive number; gradients pass as they are."""
    least = finfo(value.dtype).tiny
    raised = value.detach().clamp(min=least)
    return value + (raised - value.detach()) if value.requires_grad else raised
