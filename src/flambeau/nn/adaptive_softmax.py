"""A softmax over many classes of which few are frequent."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from flambeau.core.errors import ShapeError, message
from flambeau.nn.containers import ModuleList, Sequential
from flambeau.nn.functional import log_softmax
from flambeau.nn.linear import Linear
from flambeau.nn.module import Module
from flambeau.ops.joining import cat
from flambeau.ops.selection import where
from flambeau.tensor.modes import INTERPRETED, MODE
from flambeau.tensor.tensor import Tensor


class ASMOutput(NamedTuple):
    """What :class:`AdaptiveLogSoftmaxWithLoss` gives.

    Attributes:
        output: the log-probability of each target.
        loss: their mean, negated.
    """

    output: Tensor
    loss: Tensor


class AdaptiveLogSoftmaxWithLoss(Module):
    """Log-probabilities of many classes, sorted by how frequent they are.

    The frequent classes, and one entry for each cluster of rare ones, share a softmax, the head;
    each cluster has one of its own, on fewer features.

    :math:`log p(y) = log p_head(cluster of y) + log p_cluster(y)`

    Args:
        in_features: size of the input.
        n_classes: the number of classes, the most frequent first.
        cutoffs: where clusters begin: the head has the classes up to the first of them.
        div_value: by how much each cluster has fewer features than the one before.
        head_bias: whether the head has a bias.
        device: the CPU.
        dtype: the type of the parameters; the default type if not given.

    Shape: (n, in_features) and (n,) -> (n,) and (); or (in_features,) and () -> () and ().

    Raises:
        ValueError: if the cutoffs are not increasing numbers from 1 to n_classes - 1.

    Reference: E. Grave et al., "Efficient softmax approximation for GPUs", 2017.

    Example:
        >>> import flambeau as fb
        >>> model = fb.nn.AdaptiveLogSoftmaxWithLoss(16, 50, [5, 20])
        >>> model(fb.zeros(2, 16), fb.tensor([3, 40])).output.shape
        torch.Size([2])
    """

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        cutoffs: Sequence[int],
        div_value: float = 4.0,
        head_bias: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        cutoffs = list(cutoffs)
        _check_cutoffs(cutoffs, n_classes)
        self.in_features = in_features
        self.n_classes = n_classes
        self.cutoffs = [*cutoffs, n_classes]
        self.div_value = div_value
        self.head_bias = head_bias
        self.shortlist_size = cutoffs[0]
        self.n_clusters = len(cutoffs)
        self.head_size = self.shortlist_size + self.n_clusters
        factory = {"device": device, "dtype": dtype}
        self.head = Linear(in_features, self.head_size, bias=head_bias, **factory)
        self.tail = ModuleList()
        for number, (low, high) in enumerate(pairwise(self.cutoffs)):
            hidden = int(in_features // (div_value ** (number + 1)))
            first = Linear(in_features, hidden, bias=False, **factory)
            second = Linear(hidden, high - low, bias=False, **factory)
            self.tail.append(Sequential(first, second))

    def reset_parameters(self) -> None:
        """Draw initial values."""
        self.head.reset_parameters()
        for cluster in self.tail:
            for layer in cluster:
                layer.reset_parameters()

    def forward(self, input_: Tensor, target_: Tensor) -> ASMOutput:
        """Log-probabilities of the targets, and the loss.

        Args:
            input_: features.
            target_: class numbers.

        Raises:
            RuntimeError: if shapes do not fit, or a target is no class.
        """
        _check_shapes(input_, target_)
        batched = target_.ndim > 0
        x = input_ if batched else input_.unsqueeze(0)
        target = target_ if batched else target_.unsqueeze(0)
        in_program = bool(MODE.code & INTERPRETED)
        if not in_program:
            self._check_targets(target)
        output = x.new_zeros(target.shape)
        place = target
        for number, (low, high) in enumerate(pairwise(self.cutoffs)):
            inside = (target >= low) & (target < high)
            place = where(inside, self.shortlist_size + number, place)
            if in_program:  # shapes must not depend on values: all rows are computed
                found = self._of_cluster(number, x, (target - low).clamp(0, high - low - 1))
                output = where(inside, found, output)
            elif bool(inside.any()):
                rows = inside.nonzero().squeeze(1)
                found = self._of_cluster(number, x[rows], target[rows] - low)
                output = output.index_copy(0, rows, found)
        head = log_softmax(self.head(x), dim=1)
        output = output + head.gather(1, place.unsqueeze(1)).squeeze(1)
        loss = (-output).mean()
        return ASMOutput(output if batched else output.squeeze(0), loss)

    def _of_cluster(self, number: int, x: Any, target: Any) -> Any:
        """Log-probabilities of targets within a cluster."""
        inner = log_softmax(self.tail[number](x), dim=1)
        return inner.gather(1, target.unsqueeze(1)).squeeze(1)

    def log_prob(self, input: Tensor) -> Tensor:
        """Log-probabilities of all classes.

        Args:
            input: features.

        Shape: (n, in_features) -> (n, n_classes).
        """
        head = log_softmax(self.head(input), dim=1)
        parts = [head[:, : self.shortlist_size]]
        for number, cluster in enumerate(self.tail):
            chosen = head[:, self.shortlist_size + number].unsqueeze(1)
            parts.append(log_softmax(cluster(input), dim=1) + chosen)
        return cat(parts, 1)

    def predict(self, input: Tensor) -> Tensor:
        """The most probable classes; as in PyTorch clusters count only where the head chooses one.

        Args:
            input: features.

        Shape: (n, in_features) -> (n,).
        """
        first = self.head(input).argmax(1)
        return where(first < self.shortlist_size, first, self.log_prob(input).argmax(1))

    def _check_targets(self, target: Any) -> None:
        if target.numel() and bool(((target < 0) | (target >= self.n_classes)).any()):
            raise RuntimeError(
                message(
                    "AdaptiveLogSoftmaxWithLoss: a target is no class",
                    expected=f"numbers from 0 to {self.n_classes - 1}",
                    got=f"numbers from {target.min().item()} to {target.max().item()}",
                )
            )


def _check_cutoffs(cutoffs: list[int], n_classes: int) -> None:
    right = cutoffs and all(int(c) == c for c in cutoffs)
    right = right and all(a < b for a, b in pairwise([0, *cutoffs, n_classes]))
    if not right:
        raise ValueError(
            message(
                "AdaptiveLogSoftmaxWithLoss: cutoffs",
                expected=f"increasing integers from 1 to {n_classes - 1}, one or more",
                got=str(cutoffs),
            )
        )


def _check_shapes(input: Any, target: Any) -> None:
    fits = target.ndim < 2 and input.ndim == target.ndim + 1
    if not fits or input.shape[:-1] != target.shape:
        raise ShapeError(
            message(
                "AdaptiveLogSoftmaxWithLoss: shapes do not fit",
                expected="input (n, in_features) and target (n,), or (in_features,) and ()",
                got=f"input {tuple(input.shape)} and target {tuple(target.shape)}",
            )
        )
