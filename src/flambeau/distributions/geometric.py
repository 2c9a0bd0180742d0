"""The geometric distribution."""

from __future__ import annotations

from typing import Any, ClassVar

from flambeau.autograd import no_grad
from flambeau.core.limits import finfo
from flambeau.distributions import constraints
from flambeau.distributions.distribution import Distribution
from flambeau.distributions.odds import Odds
from flambeau.distributions.parameters import broadcast_all
from flambeau.nn.functional import binary_cross_entropy_with_logits
from flambeau.ops.likes import zeros_like
from flambeau.ops.selection import where
from flambeau.tensor.tensor import Tensor


class Geometric(Odds, Distribution):
    r"""The geometric distribution: how many failures come before the first success.

    .. math:: P(k) = (1 - p)^k p

    Args:
        probs: p, above 0 and at most 1.
        logits: log(p / (1 - p)) instead.
        validate_args: see :class:`Distribution`.

    Example:
        >>> import flambeau as fb
        >>> fb.distributions.Geometric(fb.tensor(0.25)).mean
        tensor(3.)
    """

    arg_constraints: ClassVar = {
        "probs": constraints._Numbers(0.0, 1.0, open_below=True),
        "logits": constraints.real,
    }
    support = constraints.nonnegative_integer

    def __init__(
        self, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        shape, _ = self._set_odds(probs, logits)
        super().__init__(shape, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        return 1.0 / self.probs - 1.0

    @property
    def mode(self) -> Tensor:
        return zeros_like(self.probs)

    @property
    def variance(self) -> Tensor:
        return (1.0 / self.probs - 1.0) / self.probs

    def sample(self, sample_shape: Any = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        with no_grad():
            noise = self.probs.new_empty(shape).uniform_(finfo(self.probs.dtype).tiny, 1)
            return (noise.log() / (-self.probs).log1p()).floor()

    def log_prob(self, value: Tensor) -> Tensor:
        self._validate_sample(value)
        value, probs = broadcast_all(value, self.probs)
        # 0 failures are certain where p is 1: 0 times an infinite logarithm counts as 0.
        certain = (probs == 1) & (value == 0)
        failures = value * (-where(certain, 0.0, probs)).log1p()
        return failures + self.probs.log()

    def entropy(self) -> Tensor:
        cross = binary_cross_entropy_with_logits(self.logits, self.probs, reduction="none")
        return cross / self.probs
