"""Calls of all losses: every option, every reduction, several shapes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

REDUCTIONS = ("mean", "sum", "none")


class Case:
    """One call of a loss.

    Attributes:
        function: its name in ``nn.functional``.
        inputs: arrays, passed by position.
        options: passed by name; arrays among them become tensors.
        wanted: which inputs a gradient is asked for.
        second: whether PyTorch's gradient can be differentiated again.
    """

    def __init__(
        self,
        function: str,
        inputs: tuple[Any, ...],
        options: dict[str, Any],
        wanted: tuple[int, ...] = (0,),
        second: bool = True,
    ) -> None:
        self.function = function
        self.inputs = inputs
        self.options = options
        self.wanted = wanted
        self.second = second

    def __str__(self) -> str:
        shapes = ",".join("x".join(map(str, np.shape(x))) or "scalar" for x in self.inputs)
        options = ",".join(
            f"{k}={list(v.shape) if isinstance(v, np.ndarray) else v}"
            for k, v in self.options.items()
        )
        return f"{self.function}({shapes};{options})"

    def tensors(self, library: Any, kind: str) -> list[Any]:
        """The inputs as tensors of a floating-point type, asking for gradients where wanted."""
        made = [self._converted(library, x, kind) for x in self.inputs]
        for index in self.wanted:
            made[index].requires_grad_()
        return made

    def call(self, library: Any, tensors: list[Any], kind: str) -> Any:
        """The loss."""
        options = {k: self._converted(library, v, kind) for k, v in self.options.items()}
        return getattr(library.nn.functional, self.function)(*tensors, **options)

    @staticmethod
    def _converted(library: Any, x: Any, kind: str) -> Any:
        if not isinstance(x, (np.ndarray, np.generic)):
            return x
        tensor = library.tensor(np.array(x))
        return tensor.to(getattr(library, kind)) if x.dtype.kind == "f" else tensor


class Values:
    """Reproducible arrays."""

    def __init__(self) -> None:
        self.random = np.random.default_rng(0)

    def normal(self, *shape: int) -> np.ndarray:
        return np.asarray(self.random.standard_normal(shape))

    def uniform(self, *shape: int, low: float = 0.02, high: float = 0.98) -> np.ndarray:
        return np.asarray(self.random.uniform(low, high, shape))

    def labels(self, *shape: int, low: int = 0, high: int = 5) -> np.ndarray:
        return np.asarray(self.random.integers(low, high, shape))

    def signs(self, *shape: int) -> np.ndarray:
        return np.asarray(self.random.integers(0, 2, shape) * 2.0 - 1.0)


def regression(v: Values) -> Iterator[Case]:
    for reduction in REDUCTIONS:
        for shape in ((), (7,), (4, 3), (2, 1, 3)):
            pair = v.normal(*shape), v.normal(*shape)
            for name in ("mse_loss", "l1_loss"):
                yield Case(name, pair, {"reduction": reduction}, (0, 1))
            for threshold in (1.0, 0.3):
                options = {"reduction": reduction, "beta": threshold}
                yield Case("smooth_l1_loss", pair, options, (0, 1))
                options = {"reduction": reduction, "delta": threshold}
                yield Case("huber_loss", pair, options, (0, 1))
        pair = v.normal(4, 3), v.normal(4, 3)
        yield Case("smooth_l1_loss", pair, {"reduction": reduction, "beta": 0}, (0, 1))
        for name in ("mse_loss", "l1_loss", "huber_loss"):
            options = {"reduction": reduction, "weight": v.uniform(4, 3)}
            yield Case(name, pair, options, (0, 1))


def likelihood(v: Values) -> Iterator[Case]:
    shapes: list[tuple[int, ...]] = [(6, 5), (1, 5), (5,), (2, 5, 3), (2, 5, 3, 2), (2, 5, 3, 1, 2)]
    for reduction in REDUCTIONS:
        for shape in shapes:
            labels = v.labels(*(shape[:1] + shape[2:] if len(shape) > 1 else ()))
            inputs = v.normal(*shape), labels
            for weight in (None, v.uniform(5)):
                for ignored in (-100, 2):
                    if ignored == 2 and (labels == 2).all():
                        continue  # nan on both sides; see the tests of empty means
                    options = {"reduction": reduction, "weight": weight, "ignore_index": ignored}
                    yield Case("nll_loss", inputs, options)
                    yield Case("cross_entropy", inputs, options)
                    yield Case("cross_entropy", inputs, options | {"label_smoothing": 0.2})
            probabilities = v.uniform(*shape)
            for weight in (None, v.uniform(5)):
                for smoothing in (0.0, 0.3):
                    options = {
                        "reduction": reduction,
                        "weight": weight,
                        "label_smoothing": smoothing,
                    }
                    yield Case("cross_entropy", (inputs[0], probabilities), options, (0, 1))


def binary(v: Values) -> Iterator[Case]:
    for reduction in REDUCTIONS:
        for shape in ((), (6,), (4, 3)):
            target = v.uniform(*shape)
            for weight in (None, v.uniform(*shape[-1:])):
                options = {"reduction": reduction, "weight": weight}
                yield Case("binary_cross_entropy", (v.uniform(*shape), target), options, (0, 1))
                for positive in (None, v.uniform(*shape[-1:])):
                    more = options | {"pos_weight": positive}
                    pair = v.normal(*shape) * 3, target
                    yield Case("binary_cross_entropy_with_logits", pair, more, (0, 1))


def margins(v: Values) -> Iterator[Case]:
    for reduction in REDUCTIONS:
        option = {"reduction": reduction}
        for shape in ((), (6,), (4, 3)):
            yield Case("soft_margin_loss", (v.normal(*shape), v.signs(*shape)), option)
        for shape in ((4, 5), (5,), (2, 3, 5)):
            pair = v.normal(*shape), v.labels(*shape, high=2).astype(float)
            for weight in (None, v.uniform(5)):
                yield Case("multilabel_soft_margin_loss", pair, option | {"weight": weight})
        for shape in ((4, 5), (5,)):
            pair = v.normal(*shape), v.labels(*shape[:-1])
            for p, margin in ((1, 1.0), (2, 0.7)):
                for weight in (None, v.uniform(5)):
                    options = option | {"p": p, "margin": margin, "weight": weight}
                    yield Case("multi_margin_loss", pair, options, second=False)
            pair = v.normal(*shape), v.labels(*shape, low=-1)
            yield Case("multilabel_margin_loss", pair, option, second=False)


def probability(v: Values) -> Iterator[Case]:
    for reduction in (*REDUCTIONS, "batchmean"):
        for logarithms in (False, True):
            pair = v.normal(4, 3), v.uniform(4, 3)
            yield Case("kl_div", pair, {"reduction": reduction, "log_target": logarithms}, (0, 1))
    for reduction in REDUCTIONS:
        for full in (False, True):
            for shape in ((4, 3), (4, 1), (4,)):
                triple = v.normal(4, 3), v.normal(4, 3), v.uniform(*shape)
                options = {"reduction": reduction, "full": full}
                yield Case("gaussian_nll_loss", triple, options, (0, 1, 2))
            for log_input in (True, False):
                pair = v.uniform(4, 3), v.uniform(4, 3, high=4.0)
                options = {"reduction": reduction, "full": full, "log_input": log_input}
                yield Case("poisson_nll_loss", pair, options, (0, 1))


def ranking(v: Values) -> Iterator[Case]:
    for reduction in REDUCTIONS:
        option = {"reduction": reduction}
        for margin in (1.0, 0.3):
            options = option | {"margin": margin}
            yield Case("hinge_embedding_loss", (v.uniform(4, 3), v.signs(4, 3)), options)
            triple = v.normal(5), v.normal(5), v.signs(5)
            yield Case("margin_ranking_loss", triple, options, (0, 1))
            triple = v.normal(5, 4), v.normal(5, 4), v.signs(5)
            yield Case("cosine_embedding_loss", triple, options, (0, 1))
        triple = v.normal(4), v.normal(4), v.signs()
        yield Case("cosine_embedding_loss", triple, option, (0, 1))
        for swap in (False, True):
            triple = v.normal(5, 4), v.normal(5, 4), v.normal(5, 4)
            for p in (2, 1, 3.0):
                options = option | {"swap": swap, "p": p, "margin": 0.8}
                yield Case("triplet_margin_loss", triple, options, (0, 1, 2))
            options = option | {"swap": swap}
            yield Case("triplet_margin_with_distance_loss", triple, options, (0, 1, 2))


def distances(v: Values) -> Iterator[Case]:
    for dim in (0, 1, -1):
        yield Case("cosine_similarity", (v.normal(4, 3), v.normal(4, 3)), {"dim": dim}, (0, 1))
    yield Case("cosine_similarity", (v.normal(2, 1, 3), v.normal(4, 3)), {"dim": 2}, (0, 1))
    yield Case("cosine_similarity", (v.normal(4, 3), v.normal(4, 3)), {"eps": 2.0}, (0, 1))
    for p in (2, 1, 3.5, float("inf")):
        for keepdim in (False, True):
            options = {"p": p, "keepdim": keepdim}
            yield Case("pairwise_distance", (v.normal(4, 3), v.normal(4, 3)), options, (0, 1))
    yield Case("pairwise_distance", (v.normal(4, 3), v.normal(3)), {}, (0, 1))


def sequences(v: Values) -> Iterator[Case]:
    logs = v.normal(7, 3, 5)
    logs = logs - np.log(np.exp(logs).sum(-1, keepdims=True))
    rows, concatenated = v.labels(3, 4, low=1), v.labels(6, low=0, high=4)
    times, counts = np.array([7, 6, 4]), np.array([4, 2, 0])
    for reduction in REDUCTIONS:
        for zero in (False, True):
            options = {"reduction": reduction, "zero_infinity": zero}
            yield Case("ctc_loss", (logs, rows, times, counts), options, second=False)
            flat = logs, concatenated, np.array([7, 6, 1]), np.array([1, 3, 2])
            yield Case("ctc_loss", flat, options | {"blank": 4}, second=False)
        one = logs[:, 0], rows[0], times[0], counts[0]
        yield Case("ctc_loss", one, {"reduction": reduction}, second=False)


def all_cases() -> list[Case]:
    """Every case, in a fixed order."""
    found = []
    for group in (
        regression, likelihood, binary, margins, probability, ranking, distances, sequences,
    ):  # fmt: skip
        found += list(group(Values()))
    return found
