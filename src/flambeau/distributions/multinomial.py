"""The multinomial distribution."""

from __future__ import annotations

from typing import Any, ClassVar

from flambeau.autograd import no_grad
from flambeau.core.errors import message
from flambeau.core.shapes import Size
from flambeau.distributions import constraints
from flambeau.distributions.binomial import Binomial
from flambeau.distributions.categorical import Categorical
from flambeau.distributions.distribution import Distribution
from flambeau.distributions.odds import OfCategorical
from flambeau.distributions.parameters import broadcast_all
from flambeau.ops.likes import ones_like
from flambeau.tensor.tensor import Tensor


class Multinomial(OfCategorical, Distribution):
    r"""The multinomial distribution: how often each of K choices is made in n.

    .. math:: P(k) = \frac{n!}{\prod_i k_i!} \prod_i p_i^{k_i}

    Args:
        total_count: n >= 0.
        probs: weights >= 0 of shape (..., K), which are divided by their sum.
        logits: logarithms of weights instead.
        validate_args: see :class:`Distribution`.

    Raises:
        NotImplementedError: if ``total_count`` is not one integer.

    Example:
        >>> import flambeau as fb
        >>> fb.distributions.Multinomial(8, fb.tensor([1.0, 3.0])).mean
        tensor([2., 6.])
    """

    arg_constraints: ClassVar = {
        "probs": constraints.simplex,
        "logits": constraints.real_vector,
    }

    def __init__(
        self,
        total_count: int = 1,
        probs: Tensor | None = None,
        logits: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        if not isinstance(total_count, int):
            raise NotImplementedError(
                message(
                    "Multinomial: each distribution of a batch makes as many choices",
                    expected="an integer total_count",
                    got=type(total_count).__name__,
                )
            )
        self.total_count = total_count
        self._categorical = Categorical(probs, logits)
        self._binomial = Binomial(total_count, self.probs)
        shape = self._categorical.batch_shape
        super().__init__(shape, self._param.shape[-1:], validate_args=validate_args)

    def _expand_others(self, new: Any, shape: Size) -> None:
        new.total_count = self.total_count
        new._categorical = self._categorical.expand(shape)
        new._binomial = self._binomial.expand((*shape, *self.event_shape))

    @constraints.dependent_property(is_discrete=True, event_dim=1)
    def support(self) -> Any:
        return constraints.multinomial(self.total_count)

    @property
    def mean(self) -> Tensor:
        return self.probs * self.total_count

    @property
    def variance(self) -> Tensor:
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        with no_grad():
            choices = self._categorical.sample((self.total_count, *sample_shape))
            choices = choices.movedim(0, -1)
            counts = choices.new_zeros(self._extended_shape(sample_shape))
            return counts.scatter_add(-1, choices, ones_like(choices)).type_as(self.probs)

    def log_prob(self, value: Tensor) -> Tensor:
        self._validate_sample(value)
        logits, value = broadcast_all(self.logits, value)
        # What cannot be chosen and was not adds nothing: 0 times -inf counts as 0.
        absent = (value == 0) & (logits == -float("inf"))
        ways = (value.sum(-1) + 1).lgamma() - (value + 1).lgamma().sum(-1)
        return ways + (logits.masked_fill(absent, 0.0) * value).sum(-1)

    def entropy(self) -> Tensor:
        counts = self._binomial.enumerate_support(expand=False)[1:]
        expected = self._binomial.log_prob(counts).exp() * (counts + 1).lgamma()
        n = self.probs.new_tensor(float(self.total_count))
        return n * self._categorical.entropy() - (n + 1).lgamma() + expected.sum(0).sum(-1)
