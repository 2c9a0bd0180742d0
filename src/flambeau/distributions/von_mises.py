"""The von Mises distribution."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from flambeau.autograd import no_grad
from flambeau.distributions import constraints
from flambeau.distributions.distribution import Distribution
from flambeau.distributions.parameters import batch_shape_of, broadcast_all
from flambeau.ops.creation import empty
from flambeau.ops.sampling import rand
from flambeau.ops.selection import where
from flambeau.special import i0e, i1e
from flambeau.tensor.tensor import Tensor


class VonMises(Distribution):
    r"""The von Mises distribution of angles, in radians from -pi to pi.

    .. math:: p(x) = \frac{e^{\kappa \cos(x - \mu)}}{2 \pi I_0(\kappa)}

    Args:
        loc: the mean direction mu.
        concentration: kappa > 0.
        validate_args: see :class:`Distribution`.

    Example:
        >>> import flambeau as fb
        >>> fb.distributions.VonMises(fb.tensor(0.0), fb.tensor(1.0)).log_prob(fb.tensor(0.0))
        tensor(-1.0738)

    Reference: D. J. Best and N. I. Fisher, "Efficient Simulation of the von Mises Distribution",
    Applied Statistics 28, 1979.

    Differs from PyTorch: Bessel functions have the type's precision, rather than 1e-7.
    """

    arg_constraints: ClassVar = {
        "loc": constraints.real,
        "concentration": constraints.positive,
    }
    support = constraints.real

    def __init__(self, loc: Any, concentration: Any, validate_args: bool | None = None) -> None:
        self.loc, self.concentration = broadcast_all(loc, concentration)
        shape = batch_shape_of(self.loc, loc, concentration)
        super().__init__(shape, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        """The mean direction."""
        return self.loc

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        """The circular variance, from 0 to 1."""
        return 1 - i1e(self.concentration) / i0e(self.concentration)

    def log_prob(self, value: Tensor) -> Tensor:
        self._validate_sample(value)
        k = self.concentration
        # i0e(k) = I_0(k) exp(-k), which does not overflow
        return k * ((value - self.loc).cos() - 1) - math.log(2 * math.pi) - i0e(k).log()

    def _ratio(self, k: Tensor) -> Tensor:
        """The parameter of the wrapped Cauchy distribution that proposes angles."""
        tau = 1 + (1 + 4 * k * k).sqrt()
        rho = (tau - (2 * tau).sqrt()) / (2 * k)
        return where(k < 1e-5, 1 / k + k, (1 + rho * rho) / (2 * rho))

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Random angles, in float64 throughout: small concentrations would never end otherwise."""
        shape = self._extended_shape(sample_shape)
        with no_grad():
            k = self.concentration.double()
            r = self._ratio(k)
            angles = empty(shape, dtype=k.dtype)
            waiting = empty(shape, dtype=k.dtype).fill_(1) == 1
            while bool(waiting.any()):
                first, second, third = rand((3, *shape), dtype=k.dtype).unbind()
                z = (math.pi * first).cos()
                f = (1 + r * z) / (r + z)
                c = k * (r - f)
                taken = (c * (2 - c) - second > 0) | ((c / second).log() + 1 - c >= 0)
                angles = where(taken, (third - 0.5).sign() * f.acos(), angles)
                waiting = waiting & ~taken
            turned = (angles + math.pi + self.loc.double()) % (2 * math.pi) - math.pi
            return turned.to(self.loc.dtype)
