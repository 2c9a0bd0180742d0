"""Probabilities of a choice, given as such or by their logarithms."""

from __future__ import annotations

from typing import Any

from flambeau.core.errors import message
from flambeau.core.shapes import Size
from flambeau.distributions.parameters import (
    batch_shape_of,
    broadcast_all,
    lazy_property,
    logits_to_probs,
    normalised_logits,
    normalised_probs,
    one_of,
    probs_to_logits,
)
from flambeau.tensor.tensor import Tensor


class Odds:
    """Distributions of a choice between two: ``probs``, or ``logits`` = log(p / (1 - p))."""

    def _set_odds(self, probs: Any, logits: Any, *others: Any) -> tuple[Size, list[Tensor]]:
        """Keep the one that is given; the batch's shape, and the others brought to it."""
        name = one_of(self, probs=probs, logits=logits)
        value = probs if name == "probs" else logits
        *rest, self.__dict__[name] = broadcast_all(*others, value)
        return batch_shape_of(self.__dict__[name], *others, value), rest

    @lazy_property
    def probs(self) -> Tensor:
        """The probability of 1."""
        return logits_to_probs(self.logits, is_binary=True)

    @lazy_property
    def logits(self) -> Tensor:
        """The logarithm of the odds of 1."""
        return probs_to_logits(self.probs, is_binary=True)

    @property
    def _param(self) -> Tensor:
        return self.__dict__["probs"] if "probs" in self.__dict__ else self.__dict__["logits"]

    @property
    def param_shape(self) -> Size:
        """The shape of ``probs`` and ``logits``."""
        return self._param.size()


class Weights:
    """Distributions of a choice between several: ``probs``, or ``logits``, which sum to 1."""

    def _set_weights(self, probs: Any, logits: Any) -> Tensor:
        """Keep the one that is given, normalised."""
        name = one_of(self, probs=probs, logits=logits)
        value = probs if name == "probs" else logits
        if value.ndim < 1:
            raise ValueError(
                message(
                    f"{type(self).__name__}: {name} are no vectors",
                    expected="at least one dimension, the last of which numbers the choices",
                    got="shape ()",
                )
            )
        made = normalised_probs(value) if name == "probs" else normalised_logits(value)
        self.__dict__[name] = made
        return made

    @lazy_property
    def probs(self) -> Tensor:
        """The probability of each choice."""
        return logits_to_probs(self.logits)

    @lazy_property
    def logits(self) -> Tensor:
        """The logarithm of each probability."""
        return probs_to_logits(self.probs)

    @property
    def _param(self) -> Tensor:
        return self.__dict__["probs"] if "probs" in self.__dict__ else self.__dict__["logits"]

    @property
    def param_shape(self) -> Size:
        """The shape of ``probs`` and ``logits``."""
        return self._param.size()


class OfCategorical:
    """Distributions whose values are made from those of a categorical one, and which share its
    probabilities.
    """

    _categorical: Any

    @property
    def probs(self) -> Tensor:
        """The probability of each choice."""
        return self._categorical.probs

    @property
    def logits(self) -> Tensor:
        """The logarithm of each probability."""
        return self._categorical.logits

    @property
    def _param(self) -> Tensor:
        return self._categorical._param

    @property
    def param_shape(self) -> Size:
        """The shape of ``probs`` and ``logits``."""
        return self._categorical.param_shape
