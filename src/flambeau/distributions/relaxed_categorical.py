"""Categorical distributions relaxed to vectors that sum to 1."""

from __future__ import annotations

from typing import Any, ClassVar

from flambeau.core.shapes import Size
from flambeau.distributions import constraints
from flambeau.distributions.categorical import Categorical
from flambeau.distributions.distribution import Distribution
from flambeau.distributions.odds import OfCategorical
from flambeau.distributions.parameters import broadcast_all, clamp_probs
from flambeau.distributions.transformed_distribution import TransformedDistribution
from flambeau.distributions.transforms.elementwise import ExpTransform
from flambeau.ops.sampling import rand
from flambeau.tensor.tensor import Tensor


class ExpRelaxedCategorical(OfCategorical, Distribution):
    """The distribution of the logarithm of :class:`RelaxedOneHotCategorical`.

    Args:
        temperature: > 0.
        probs: weights >= 0 of shape (..., K), which are divided by their sum.
        logits: logarithms of weights instead.
        validate_args: see :class:`Distribution`.
    """

    arg_constraints: ClassVar = {
        "probs": constraints.simplex,
        "logits": constraints.real_vector,
    }
    support = constraints.real_vector
    has_rsample = True

    def __init__(
        self,
        temperature: Any,
        probs: Tensor | None = None,
        logits: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        self._categorical = Categorical(probs, logits)
        self.temperature = temperature
        shape = self._categorical.batch_shape
        super().__init__(shape, self._param.shape[-1:], validate_args=validate_args)

    def _expand_others(self, new: Any, shape: Size) -> None:
        new.temperature = self.temperature
        new._categorical = self._categorical.expand(shape)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        noise = clamp_probs(rand(self._extended_shape(sample_shape), dtype=self.logits.dtype))
        scores = (self.logits - (-noise.log()).log()) / self.temperature
        return scores - scores.logsumexp(-1, keepdim=True)

    def log_prob(self, value: Tensor) -> Tensor:
        self._validate_sample(value)
        count = self.event_shape[0]
        logits, value = broadcast_all(self.logits, value)
        temperature = self.temperature
        if not isinstance(temperature, Tensor):
            temperature = logits.new_tensor(temperature)
        scores = logits - value * temperature
        normaliser = temperature.new_tensor(float(count)).lgamma() + temperature.log() * (count - 1)
        return (scores - scores.logsumexp(-1, keepdim=True)).sum(-1) + normaliser


class RelaxedOneHotCategorical(TransformedDistribution):
    """The categorical distribution relaxed to the simplex, so that samples follow the parameters.

    Args:
        temperature: > 0; towards 0, samples are nearly vectors with a single one.
        probs: weights >= 0 of shape (..., K), which are divided by their sum.
        logits: logarithms of weights instead.
        validate_args: see :class:`Distribution`.

    Example:
        >>> import flambeau as fb
        >>> weights = fb.tensor([0.1, 0.2, 0.7])
        >>> fb.distributions.RelaxedOneHotCategorical(fb.tensor(2.2), weights).rsample().shape
        torch.Size([3])

    Reference: C. J. Maddison, A. Mnih and Y. W. Teh, "The Concrete Distribution", ICLR 2017; E.
    Jang, S. Gu and B. Poole, "Categorical Reparameterization with Gumbel-Softmax", ICLR 2017.
    """

    arg_constraints: ClassVar = {
        "probs": constraints.simplex,
        "logits": constraints.real_vector,
    }
    support = constraints.simplex
    has_rsample = True
    base_dist: ExpRelaxedCategorical

    def __init__(
        self,
        temperature: Any,
        probs: Tensor | None = None,
        logits: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        base = ExpRelaxedCategorical(temperature, probs, logits, validate_args=validate_args)
        super().__init__(base, ExpTransform(), validate_args=validate_args)

    @property
    def temperature(self) -> Tensor:
        """The temperature."""
        return self.base_dist.temperature

    @property
    def probs(self) -> Tensor:
        """The probability of each choice."""
        return self.base_dist.probs

    @property
    def logits(self) -> Tensor:
        """The logarithm of each probability."""
        return self.base_dist.logits
