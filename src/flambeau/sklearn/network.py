"""What both kinds of estimators share: a network, and its training."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from flambeau import nn, optim
from flambeau.autograd import no_grad
from flambeau.compiler import compile as compiled
from flambeau.core.errors import message
from flambeau.random import Generator, default_generator, permutation
from flambeau.sklearn.interface import (
    BaseEstimator,
    check_is_fitted,
    check_random_state,
    validate_data,
)
from flambeau.tensor.construction import from_numpy
from flambeau.tensor.tensor import Tensor

Network = nn.Module | Callable[[int, int], nn.Module] | None


def layers(inputs: int, outputs: int, hidden_sizes: Sequence[int]) -> nn.Module:
    """Linear layers with rectifiers between them.

    Args:
        inputs, outputs: how many numbers go in and come out.
        hidden_sizes: how many are between two layers.
    """
    sizes = [inputs, *hidden_sizes, outputs]
    parts: list[nn.Module] = []
    for before, after in pairwise(sizes):
        parts += [nn.ReLU(), nn.Linear(before, after)]
    return nn.Sequential(*parts[1:])


class NetworkEstimator(BaseEstimator):
    """A network that is trained by mini-batches; classifiers and regressors say what on.

    Its numbers are float32 where the samples are, and float64 elsewhere.
    """

    # The mean loss of a batch: what kinds of estimators differ in.
    _loss: Callable[[Tensor, Tensor], Tensor]

    def __init__(
        self,
        module: Network = None,
        *,
        hidden_sizes: Sequence[int] = (64,),
        optimizer: Any = "Adam",
        lr: float = 0.01,
        optimizer_options: dict[str, Any] | None = None,
        epochs: int = 100,
        batch_size: int = 32,
        random_state: Any = None,
    ) -> None:
        self.module = module
        self.hidden_sizes = hidden_sizes
        self.optimizer = optimizer
        self.lr = lr
        self.optimizer_options = optimizer_options
        self.epochs = epochs
        self.batch_size = batch_size
        self.random_state = random_state

    def _samples(self, *X_y: Any, first: bool = False, **options: Any) -> Any:
        """Arrays that scikit-learn has checked: of samples, and of targets if they are given."""
        return validate_data(self, *X_y, reset=first, dtype=[np.float64, np.float32], **options)

    def _begin(self, dtype: np.dtype, outputs: int) -> None:
        """A new network and a new optimizer."""
        self._check_options()
        seed = check_random_state(self.random_state).randint(2**31 - 1)
        self._stream = Generator().manual_seed(seed)
        self.loss_curve_: list[float] = []
        self.__dict__.pop("_compiled", None)  # it was for another network
        with _Seeded(self._stream):
            network = self._new_network(outputs)
        self.module_ = network.double() if dtype == np.float64 else network.float()
        kind = getattr(optim, self.optimizer) if isinstance(self.optimizer, str) else self.optimizer
        options = self.optimizer_options or {}
        self.optimizer_ = kind(self.module_.parameters(), lr=self.lr, **options)

    def _new_network(self, outputs: int) -> nn.Module:
        inputs, given = self.n_features_in_, self.module
        if given is None:
            return layers(inputs, outputs, self.hidden_sizes)
        return copy.deepcopy(given) if isinstance(given, nn.Module) else given(inputs, outputs)

    def __getstate__(self) -> Any:
        return {n: v for n, v in super().__getstate__().items() if n != "_compiled"}

    def _check_options(self) -> None:
        for name in ("epochs", "batch_size"):
            value = getattr(self, name)
            if not isinstance(value, (int, np.integer)) or value < 1:
                raise ValueError(
                    message(
                        f"{type(self).__name__}: {name} is not a positive integer",
                        expected=f"{name} >= 1",
                        got=f"{name}={value!r}",
                    )
                )

    def _train(self, x: np.ndarray, y: np.ndarray, epochs: int) -> None:
        """Some epochs over all samples, in a new order each."""
        parts = self._loss, self.module_.train(), self.optimizer_
        if "_compiled" not in self.__dict__:
            self._compiled = compiled(_step)
        step = self._compiled
        with _Seeded(self._stream):
            for _ in range(epochs):
                order = permutation(None, len(x))  # of the stream that is the process's now
                total = 0.0
                for start in range(0, len(order), self.batch_size):
                    chosen = order[start : start + self.batch_size]
                    loss = step(*parts, from_numpy(x[chosen]), from_numpy(y[chosen]))
                    total += loss.item() * len(chosen)
                self.loss_curve_.append(total / len(x))

    def _outputs(self, X: Any) -> np.ndarray:
        """What the network says of samples."""
        check_is_fitted(self)
        samples = self._samples(X)
        network = self.module_.eval()
        kind = next(network.parameters()).dtype.numpy
        with no_grad():
            return network(from_numpy(np.ascontiguousarray(samples, kind))).numpy()


def _step(loss_of: Any, network: nn.Module, optimizer: Any, x: Tensor, y: Tensor) -> Tensor:
    """One step of training; what it changes comes as arguments, where a compiler finds it."""
    loss = loss_of(network(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.detach()


class _Seeded:
    """The process's stream is this one for a while, so that layers and dropout draw from it."""

    def __init__(self, stream: Generator) -> None:
        self.stream = stream

    def __enter__(self) -> None:
        self.before = default_generator.snapshot()
        default_generator.restore(self.stream.snapshot())

    def __exit__(self, *error: object) -> None:
        self.stream.restore(default_generator.snapshot())
        default_generator.restore(self.before)
