"""`Regressor`: a network that predicts numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.nn import functional as F
from flambeau.sklearn.interface import RegressorMixin
from flambeau.sklearn.network import NetworkEstimator


class Regressor(RegressorMixin, NetworkEstimator):
    r"""A network that predicts numbers, trained with the mean squared error.

    The network's outputs are in units of the targets' standard deviation about their mean, so that
    its learning rate does not depend on what they are measured in.

    Shape: samples (n, features), targets (n,) or (n, outputs).

    Args:
        module: the network: a module (each fit trains a copy), or a function of the numbers of
            features and outputs that makes one. Linear layers with rectifiers if not given.
        hidden_sizes: their sizes between two layers.
        optimizer: the name of a class in :mod:`flambeau.optim`, or a class.
        lr: the learning rate, >= 0.
        optimizer_options: what else the optimizer is to know.
        epochs: how often all samples are taken, >= 1.
        batch_size: samples in a step, >= 1.
        random_state: the seed of everything random, a ``RandomState``, or ``None``.

    Attributes:
        module_: the trained network.
        optimizer_: what trained it.
        loss_curve_: the mean loss of each epoch, in units of the targets' variance.

    Raises:
        ValueError: if samples or targets are not what they should be.

    Example:
        >>> import numpy as np
        >>> from flambeau.sklearn import Regressor
        >>> x = np.linspace(-1, 1, 50)[:, None]
        >>> line = Regressor(random_state=0).fit(x, 300 * x[:, 0] + 1000)
        >>> bool(line.score(x, 300 * x[:, 0] + 1000) > 0.99)
        True
    """

    _loss = staticmethod(F.mse_loss)

    def fit(self, X: Any, y: Any) -> Regressor:
        """Train a new network.

        Args:
            X: samples.
            y: what belongs to each.
        """
        samples, targets = self._samples(X, y, first=True, multi_output=True, y_numeric=True)
        self._start(samples, targets)
        self._train(samples, self._scaled(targets, samples.dtype), self.epochs)
        return self

    def partial_fit(self, X: Any, y: Any) -> Regressor:
        """Train the network on these samples for one epoch.

        Args:
            X: samples.
            y: what belongs to each. The first call's mean and deviation are the units.
        """
        first = not hasattr(self, "module_")
        samples, targets = self._samples(X, y, first=first, multi_output=True, y_numeric=True)
        if first:
            self._start(samples, targets)
        self._train(samples, self._scaled(targets, samples.dtype), 1)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """What belongs to each sample.

        Args:
            X: samples.
        """
        outputs = self._outputs(X)
        outputs = outputs * self._scale + self._mean
        return outputs if self._columns else outputs[:, 0]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def _start(self, samples: np.ndarray, targets: np.ndarray) -> None:
        self._columns = targets.ndim == 2
        targets = targets.reshape(len(targets), -1).astype(np.float64)
        self._mean, deviation = targets.mean(0), targets.std(0)
        self._scale = np.where(deviation > 0, deviation, 1.0)
        self._begin(samples.dtype, targets.shape[1])

    def _scaled(self, targets: np.ndarray, dtype: np.dtype) -> np.ndarray:
        columns = targets.reshape(len(targets), -1)
        return ((columns - self._mean) / self._scale).astype(dtype)
