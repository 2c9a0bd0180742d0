"""Hyperparameters as part of the state."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any

from flambeau.core import dtypes
from flambeau.ops.creation import zeros
from flambeau.optim.engine.combinators import as_transformation
from flambeau.optim.engine.leaf import Leaf, Run, below, number_of
from flambeau.optim.engine.transformation import Transformation
from flambeau.optim.schedule.definition import value_at
from flambeau.tensor.tensor import Tensor


class Injected(Transformation):
    """See :func:`inject_hyperparams`.

    Args:
        factory: makes the transformation.
        fixed: its arguments that stay as they are.
        injected: its arguments that are in the state: numbers and tensors.
        schedules: its arguments that are functions of the step.
        dtype: the type of the hyperparameters in the state.
    """

    name = "inject_hyperparams"

    def __init__(
        self,
        factory: Callable[..., Any],
        fixed: dict[str, Any],
        injected: dict[str, Any],
        schedules: dict[str, Any],
        dtype: Any,
    ) -> None:
        self.factory = factory
        self.fixed = fixed
        self.injected = injected
        self.schedules = schedules
        self.dtype = dtype

    def start(self, leaves: list[Leaf], run: Run, path: str) -> None:
        values = self.injected | {k: value_at(f, 0) for k, f in self.schedules.items()}
        run.shared[below(path, "hyperparams")] = {k: self._kept(v) for k, v in values.items()}
        self._inner(values).start(leaves, run, path)

    def run(self, leaves: list[Leaf], run: Run, path: str) -> None:
        kept = run.shared[below(path, "hyperparams")]
        values = {k: number_of(kept[k]) for k in self.injected}
        for name, schedule in self.schedules.items():
            values[name] = value_at(schedule, run.step - 1)
            kept[name] = self._kept(values[name])
        self._inner(values).run(leaves, run, path)

    def _kept(self, value: Any) -> Tensor:
        return zeros((), dtype=self.dtype) + value if not isinstance(value, Tensor) else value

    def _inner(self, values: dict[str, Any]) -> Transformation:
        return as_transformation(self.factory(**self.fixed, **values))

    def __repr__(self) -> str:
        return f"inject_hyperparams({getattr(self.factory, '__name__', self.factory)})"


def inject_hyperparams(
    inner_factory: Callable[..., Any],
    static_args: str | Iterable[str] = (),
    hyperparam_dtype: Any = None,
) -> Callable[..., Transformation]:
    """Make the hyperparameters of a transformation part of its state.

    Numbers that the factory is given can then be read, and changed between updates, in
    ``state.hyperparams``; schedules show their present value there.

    Args:
        inner_factory: a function that makes a transformation.
        static_args: names of arguments that stay out of the state.
        hyperparam_dtype: the type of the numbers in the state; ``None`` for float64.

    Returns:
        A function with the arguments of ``inner_factory``.

    Raises:
        TypeError: for arguments that the factory does not have.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.optim import transform
        >>> rule = transform.inject_hyperparams(transform.sgd)(learning_rate=0.1)
        >>> state = rule.init(fb.zeros(1))
        >>> state.hyperparams["learning_rate"] = 0.5
        >>> rule.update(fb.ones(1), state)[0]
        tensor([-0.5000])

    Differs from optax: a schedule is evaluated with the one clock, and its value has one place.
    """
    static = {static_args} if isinstance(static_args, str) else set(static_args)
    signature = inspect.signature(inner_factory)

    @functools.wraps(inner_factory)
    def make(*args: Any, **kwargs: Any) -> Transformation:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        fixed: dict[str, Any] = {}
        injected: dict[str, Any] = {}
        schedules: dict[str, Any] = {}
        for name, value in bound.arguments.items():
            is_number = isinstance(value, (int, float, Tensor)) and not isinstance(value, bool)
            if name in static or not (is_number or callable(value)):
                fixed[name] = value
            elif is_number:
                injected[name] = value
            elif name.endswith(("_fn", "mask")):
                fixed[name] = value
            else:
                schedules[name] = value
        return Injected(
            inner_factory, fixed, injected, schedules, hyperparam_dtype or dtypes.float64
        )

    return make
