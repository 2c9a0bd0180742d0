"""The chi-squared distribution."""

from __future__ import annotations

from typing import Any, ClassVar

from flambeau.distributions import constraints
from flambeau.distributions.gamma import Gamma
from flambeau.tensor.tensor import Tensor


class Chi2(Gamma):
    """The chi-squared distribution: the sum of df squared standard normal numbers.

    It is the gamma distribution of concentration df / 2 and rate 1 / 2.

    Args:
        df: degrees of freedom > 0.
        validate_args: see :class:`Distribution`.

    Example:
        >>> import flambeau as fb
        >>> fb.distributions.Chi2(fb.tensor([3.0])).mean
        tensor([3.])
    """

    arg_constraints: ClassVar = {"df": constraints.positive}

    def __init__(self, df: Any, validate_args: bool | None = None) -> None:
        super().__init__(0.5 * df, 0.5, validate_args=validate_args)

    def _parameters(self) -> dict[str, Any]:
        return Gamma.arg_constraints

    @property
    def df(self) -> Tensor:
        """The degrees of freedom."""
        return self.concentration * 2
