"""Layers that leave something out by lot while training."""

from __future__ import annotations

from flambeau.core.errors import message
from flambeau.nn import functional
from flambeau.nn.module import Module
from flambeau.tensor.tensor import Tensor


class _Dropout(Module):
    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if p < 0 or p > 1:
            raise ValueError(
                message(
                    f"{type(self).__name__}: not a probability",
                    expected="0 <= p <= 1",
                    got=f"p = {p}",
                )
            )
        self.p = p
        self.inplace = inplace

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_Dropout):
    """Sets elements to zero by lot while training, and scales the others up.

    :math:`out = input · keep / (1 - p)`; in evaluation the input is handed on.

    Args:
        p: the probability of an element to become zero, in [0, 1].
        inplace: replace the input.

    Shape: any; the result has the input's.

    Raises:
        ValueError: if ``p`` is not in [0, 1].

    Reference: Srivastava et al., "Dropout", JMLR 15, 2014.

    Example:
        >>> import flambeau as fb
        >>> _ = fb.manual_seed(0)
        >>> fb.nn.Dropout(0.5)(fb.ones(6))
        tensor([0., 0., 2., 0., 0., 0.])
    """

    def forward(self, input: Tensor) -> Tensor:
        """The input with elements left out."""
        return functional.dropout(input, self.p, self.training, self.inplace)


class Dropout1d(_Dropout):
    """Sets whole channels of sequences to zero by lot while training.

    Args:
        p: the probability of a channel to become zero, in [0, 1].
        inplace: replace the input.

    Shape: (n, c, l) or (c, l); the result has the input's.

    Raises:
        ValueError: if ``p`` is not in [0, 1].
    """

    def forward(self, input: Tensor) -> Tensor:
        """The input with channels left out."""
        return functional.dropout1d(input, self.p, self.training, self.inplace)


class Dropout2d(_Dropout):
    """Sets whole channels of images to zero by lot while training.

    Args:
        p: the probability of a channel to become zero, in [0, 1].
        inplace: replace the input.

    Shape: (n, c, h, w); the result has the input's.

    Raises:
        ValueError: if ``p`` is not in [0, 1].
    """

    def forward(self, input: Tensor) -> Tensor:
        """The input with channels left out."""
        return functional.dropout2d(input, self.p, self.training, self.inplace)


class Dropout3d(_Dropout):
    """Sets whole channels of volumes to zero by lot while training.

    Args:
        p: the probability of a channel to become zero, in [0, 1].
        inplace: replace the input.

    Shape: (n, c, d, h, w); the result has the input's.

    Raises:
        ValueError: if ``p`` is not in [0, 1].
    """

    def forward(self, input: Tensor) -> Tensor:
        """The input with channels left out."""
        return functional.dropout3d(input, self.p, self.training, self.inplace)


class AlphaDropout(_Dropout):
    """Sets elements to the saturation of SELU by lot, and keeps mean and variance.

    Args:
        p: the probability of an element to be set, in [0, 1].
        inplace: replace the input.

    Shape: any; the result has the input's.

    Raises:
        ValueError: if ``p`` is not in [0, 1].

    Reference: Klambauer et al., Self-Normalizing Neural Networks, 2017.
    """

    def forward(self, input: Tensor) -> Tensor:
        """The input with elements set to the saturation."""
        return functional.alpha_dropout(input, self.p, self.training, self.inplace)


class FeatureAlphaDropout(_Dropout):
    """Sets whole channels to the saturation of SELU by lot, and keeps mean and variance.

    Args:
        p: the probability of a channel to be set, in [0, 1].
        inplace: replace the input.

    Shape: (n, c, ...); the result has the input's.

    Raises:
        ValueError: if ``p`` is not in [0, 1].
    """

    def forward(self, input: Tensor) -> Tensor:
        """The input with channels set to the saturation."""
        return functional.feature_alpha_dropout(input, self.p, self.training, self.inplace)
