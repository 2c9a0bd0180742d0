"""Looking at updates on their way, and at one vector in place of a tree."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flambeau.core import trees
from flambeau.ops.joining import cat
from flambeau.optim.checks import in_range
from flambeau.optim.engine.combinators import as_transformation, partition, tree_of
from flambeau.optim.engine.leaf import Leaf, Run, below, number_of
from flambeau.optim.engine.transformation import Transformation
from flambeau.optim.transform.conditions import Wrapper
from flambeau.optim.transform.scaling import set_to_zero
from flambeau.tensor.tensor import Tensor

Measure = Callable[[Any], Any]


class Monitor(Transformation):
    """See :func:`monitor`."""

    name = "monitor"

    def __init__(
        self, measures: Mapping[str, Measure], decay: Any = None, debias: bool = True
    ) -> None:
        self.measures = measures
        self.decay = decay
        self.debias = debias

    def start(self, leaves: list[Leaf], run: Run, path: str) -> None:
        given = tree_of(leaves, run, lambda leaf: leaf.param.detach())
        first = {name: measure(given) for name, measure in self.measures.items()}
        if self.decay is not None:
            first = {name: trees.map(lambda x: x * 0, value) for name, value in first.items()}
        run.shared[path or self.name] = first

    def run(self, leaves: list[Leaf], run: Run, path: str) -> None:
        kept = run.shared[path or self.name]
        given = tree_of(leaves, run, Leaf.value)
        for name, measure in self.measures.items():
            found = measure(given)
            if self.decay is not None:
                found = trees.map(lambda x, old: old + (x - old) * self._share(run), found,
                                  kept[name])  # fmt: skip
            kept[name] = found

    def _share(self, run: Run) -> Any:
        """The newest value's share of an average."""
        if not self.debias:
            return 1 - self.decay
        return (1 - self.decay) / (1 - self.decay ** number_of(run.step))


def monitor(measures: Mapping[str, Measure]) -> Transformation:
    """Keep measurements of the updates at this place of a chain; they pass unchanged.

    Args:
        measures: from names to functions of a tree of updates to a tensor, or a tree of them.

    Returns:
        A transformation that has the last measurements in its state, under their names.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.optim import transform
        >>> rule = transform.chain(
        ...     transform.monitor({"gradient_norm": transform.global_norm}), transform.sgd(0.1))
        >>> _, state = rule.update(fb.tensor([3., 4.]), rule.init(fb.zeros(2)))
        >>> state["gradient_norm"]
        tensor(5.)

    Differs from optax: measures are functions; see :func:`measure_with_ema` for averages.
    """
    return Monitor(measures)


def snapshot(measure_name: str, measure: Measure) -> Transformation:
    """Keep one measurement of the updates; they pass unchanged.

    Args:
        measure_name: its name in the state.
        measure: a function of a tree of updates to a tensor, or a tree of them.
    """
    return Monitor({measure_name: measure})


def measure_with_ema(
    measure: Measure, decay: Any, debias: bool = True, name: str = "measure"
) -> Transformation:
    r"""Keep the running average of a measurement of the updates; they pass unchanged.

    .. math:: a ← a + (x - a) \frac{1 - β}{1 - β^t} \text{, or without } 1 - β^t

    Args:
        measure: a function of a tree of updates to a tensor, or a tree of them.
        decay: β, in [0, 1).
        debias: free the average from the zero that it begins with.
        name: its name in the state.

    Raises:
        ValueError: for a decay rate outside [0, 1).

    Differs from optax: it is a measure and a transformation in one, and updates pass.
    """
    in_range("measure_with_ema", "decay", decay, 0, 1)
    return Monitor({name: measure}, decay, debias)


class Flat(Wrapper):
    """See :func:`flatten`."""

    name = "flatten"

    def start(self, leaves: list[Leaf], run: Run, path: str) -> None:
        key = path or self.name
        one = Leaf((), _joined([leaf.param for leaf in leaves]), None, {}, 0)
        self.inner.start([one], run, self.inside(key))
        run.shared[below(key, "whole")] = one.state

    def run(self, leaves: list[Leaf], run: Run, path: str) -> None:
        key = path or self.name
        param = None
        if all(leaf.param is not None for leaf in leaves):
            param = _joined([leaf.param for leaf in leaves])
        state = run.shared[below(key, "whole")]
        one = Leaf((), param, _joined([leaf.value() for leaf in leaves]), state, run.step)
        self.inner.run([one], run, self.inside(key))
        flat, offset = one.value(), 0
        for leaf in leaves:
            part = flat.narrow(0, offset, leaf.update.numel())
            offset += leaf.update.numel()
            leaf.set(part.reshape(leaf.update.shape).to(leaf.update.dtype))


def _joined(parts: list[Tensor]) -> Tensor:
    return cat([x.reshape(-1) for x in parts])


def flatten(inner: Any) -> Transformation:
    """Show a transformation all parameters as one vector, so that its state is one vector too.

    Args:
        inner: the transformation. What depends on shapes (norms of parameters, factors) sees one
            vector.

    Differs from optax: compiled steps are as quick without it.
    """
    return Flat(as_transformation(inner))


def selective_transform(optimizer: Any, *, freeze_mask: Any) -> Transformation:
    """Apply a transformation to the parameters that are not frozen; zeros for the others.

    Args:
        optimizer: the transformation.
        freeze_mask: a tree of ``True`` and ``False`` like that of the parameters, or an upper
            part of it. ``True`` freezes.
    """
    labels = trees.map(lambda frozen: "freeze" if frozen else "train", freeze_mask)
    return partition({"train": optimizer, "freeze": set_to_zero()}, labels)
