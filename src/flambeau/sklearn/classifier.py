"""`Classifier`: a network that tells classes apart."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.nn import functional as F
from flambeau.sklearn.interface import ClassifierMixin, check_classification_targets
from flambeau.sklearn.network import NetworkEstimator


class Classifier(ClassifierMixin, NetworkEstimator):
    r"""A network that tells classes apart, trained with the cross-entropy.

    .. math:: p(c \mid x) = \mathrm{softmax}(f(x))_c

    Shape: samples (n, features), targets (n,).

    Args:
        module: the network: a module (each fit trains a copy), or a function of the numbers of
            features and classes that makes one. Linear layers with rectifiers if not given.
        hidden_sizes: their sizes between two layers.
        optimizer: the name of a class in :mod:`flambeau.optim`, or a class.
        lr: the learning rate, >= 0.
        optimizer_options: what else the optimizer is to know.
        epochs: how often all samples are taken, >= 1.
        batch_size: samples in a step, >= 1.
        random_state: the seed of everything random, a ``RandomState``, or ``None``.

    Attributes:
        classes_: the classes, in the order of the network's outputs.
        module_: the trained network.
        optimizer_: what trained it.
        loss_curve_: the mean loss of each epoch.

    Raises:
        ValueError: if samples or targets are not what they should be.

    Example:
        >>> import numpy as np
        >>> from flambeau.sklearn import Classifier
        >>> x = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
        >>> xor = Classifier(hidden_sizes=(16,), random_state=0).fit(x, ["no", "yes", "yes", "no"])
        >>> xor.predict(x).tolist()
        ['no', 'yes', 'yes', 'no']
    """

    _loss = staticmethod(F.cross_entropy)

    def fit(self, X: Any, y: Any) -> Classifier:
        """Train a new network.

        Args:
            X: samples.
            y: the class of each.
        """
        samples, targets = self._samples(X, y, first=True)
        check_classification_targets(targets)
        self.classes_, numbers = np.unique(targets, return_inverse=True)
        self._begin(samples.dtype, len(self.classes_))
        self._train(samples, numbers.astype(np.int64), self.epochs)
        return self

    def partial_fit(self, X: Any, y: Any, classes: Any = None) -> Classifier:
        """Train the network on these samples for one epoch.

        Args:
            X: samples.
            y: the class of each.
            classes: all that will come; needed at the first call only.
        """
        first = not hasattr(self, "module_")
        samples, targets = self._samples(X, y, first=first)
        check_classification_targets(targets)
        if first:
            self.classes_ = np.unique(targets if classes is None else classes)
            self._begin(samples.dtype, len(self.classes_))
        numbers = np.searchsorted(self.classes_, targets)
        known = self.classes_[np.minimum(numbers, len(self.classes_) - 1)] == targets
        if not np.all(known):
            raise ValueError(
                f"Classifier: classes {sorted(set(np.asarray(targets)[~known].tolist()))} were not "
                f"among those of the first call, {self.classes_.tolist()}"
            )
        self._train(samples, numbers.astype(np.int64), 1)
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """The probability of each class.

        Shape: (n, classes).

        Args:
            X: samples.
        """
        outputs = self._outputs(X)
        exponentials = np.exp(outputs - outputs.max(1, keepdims=True))
        return exponentials / exponentials.sum(1, keepdims=True)

    def predict(self, X: Any) -> np.ndarray:
        """The most probable class of each sample.

        Args:
            X: samples.
        """
        places = self._outputs(X).argmax(1)
        return self.classes_[places]
