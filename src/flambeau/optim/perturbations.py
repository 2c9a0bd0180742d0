"""Gradients of functions that have none, from their values at points nearby.

>>> import flambeau as fb
>>> from flambeau.optim import perturbations
>>> step = perturbations.make_perturbed_fun(lambda x: (x > 0).float().sum(), 2000, 0.5)
>>> x = fb.zeros(1, requires_grad=True)
>>> step(x, fb.Generator().manual_seed(0)).backward()
>>> bool(x.grad > 0.5)
True
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flambeau.autograd import no_grad
from flambeau.core import trees
from flambeau.ops.creation import empty
from flambeau.ops.joining import stack
from flambeau.optim.checks import in_range
from flambeau.tensor.tensor import Tensor


class Normal:
    r"""The standard normal distribution, :math:`\log p(z) = -z^2/2 + c`."""

    def sample(self, shape: tuple[int, ...], dtype: Any, generator: Any = None) -> Tensor:
        """Samples of a shape and type."""
        return empty(shape, dtype=dtype).normal_(generator=generator)

    def log_prob(self, z: Tensor) -> Tensor:
        """The logarithm of the density, but for a constant."""
        return z * z * -0.5


class Gumbel:
    r"""The standard Gumbel distribution, :math:`\log p(z) = -z - e^{-z}`."""

    def sample(self, shape: tuple[int, ...], dtype: Any, generator: Any = None) -> Tensor:
        """Samples of a shape and type."""
        return empty(shape, dtype=dtype).exponential_(generator=generator).log().neg()

    def log_prob(self, z: Tensor) -> Tensor:
        """The logarithm of the density."""
        return -z - (-z).exp()


def make_perturbed_fun(
    fun: Callable[[Any], Any],
    num_samples: int = 1000,
    sigma: float = 0.1,
    noise: Any = None,
    use_baseline: bool = True,
) -> Callable[..., Any]:
    r"""A smooth form of a function, with gradients that need only its values.

    .. math::
        f_σ(x) = \operatorname E f(x + σ Z), \quad
        \nabla f_σ(x) = -\frac1σ \operatorname E \left(f(x + σ Z) - f(x)\right)
        \nabla \log p(Z)

    Args:
        fun: a function of a tree of tensors to a tensor, or a tree of them. Its own gradient is
            not asked for.
        num_samples: how many points are averaged over, at least 1.
        sigma: σ, above 0.
        noise: the distribution of Z: :class:`Gumbel` if not given, :class:`Normal`, or anything
            with their methods.
        use_baseline: subtract :math:`f(x)`, which leaves the gradient's mean and makes its
            variance less.

    Returns:
        A function of the tree and, if wanted, a generator. Its result may be differentiated, also
        more than once.

    Raises:
        ValueError: for arguments out of range.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.optim import perturbations
        >>> ramp = perturbations.make_perturbed_fun(lambda x: x.clamp(min=0).sum(), 500)
        >>> bool(abs(ramp(fb.ones(3), fb.Generator().manual_seed(0)) - 3.17) < 0.1)
        True

    Reference: Berthet et al., "Learning with differentiable perturbed optimizers", NeurIPS 2020;
    Foerster et al., "DiCE: the infinitely differentiable Monte Carlo estimator", ICML 2018.
    Differs from optax: the generator comes last and may be left out.
    """
    in_range("make_perturbed_fun", "num_samples", num_samples, 1)
    in_range("make_perturbed_fun", "sigma", sigma, 0, open_low=True)
    distribution = Gumbel() if noise is None else noise

    def perturbed(x: Any, generator: Any = None) -> Any:
        baseline = None
        if use_baseline:
            with no_grad():
                baseline = fun(trees.map(lambda part: part.detach(), x))
        found = [once(x, baseline, generator) for _ in range(num_samples)]
        return trees.map(lambda *parts: stack(parts).mean(0), *found)

    def once(x: Any, baseline: Any, generator: Any) -> Any:
        def moved(part: Tensor) -> Tensor:
            z = distribution.sample(tuple(part.shape), part.dtype, generator)
            return part.detach() + z * sigma

        point = trees.map(moved, x)
        with no_grad():
            value = fun(point)
        # How likely the point is depends on x: its derivative is what the estimate is made of.
        parts = zip(trees.leaves(x), trees.leaves(point), strict=True)
        chances = [distribution.log_prob((there - here) / sigma).sum() for here, there in parts]
        log_chance = sum(chances[1:], chances[0])
        weight = (log_chance - log_chance.detach()).exp()  # 1, but not for its derivatives
        if baseline is None:
            return trees.map(lambda y: y * weight, value)
        return trees.map(lambda y, base: y * weight + base * (1 - weight), value, baseline)

    return perturbed
