"""What a schedule is: a function of the step, and nothing else."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ParamSpec

import numpy as np

from flambeau.core.errors import message
from flambeau.core.number import Number, call
from flambeau.tensor.tensor import Tensor

P = ParamSpec("P")


class Schedule:
    """A value for every step: ``schedule(step)``.

    It has no state, so resuming at any step gives the same future. A step is a Python number (the
    result is one too), or a 0-d tensor (the result is a tensor of float64), and counts from 0.

    Args:
        make: the public function that made it, with its arguments; they are what is printed and
            what is pickled.
        function: the formula.

    Example:
        >>> import flambeau as fb
        >>> schedule = fb.optim.schedule.linear_schedule(1.0, 0.0, 5)
        >>> schedule
        linear_schedule(1.0, 0.0, 5)
        >>> schedule(2)
        0.6
        >>> schedule(fb.tensor(2))
        tensor(0.6000, dtype=torch.float64)
    """

    __slots__ = ("args", "function", "kwargs", "make")

    def __init__(
        self,
        make: Callable[..., Schedule],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        function: Callable[[Any], Any],
    ) -> None:
        self.make = make
        self.args = args
        self.kwargs = kwargs
        self.function = function

    def __call__(self, step: Any) -> Any:
        return value_at(self.function, step)

    def __repr__(self) -> str:
        parts = [*map(repr, self.args), *(f"{k}={v!r}" for k, v in self.kwargs.items())]
        return f"{self.make.__name__}({', '.join(parts)})"

    def __reduce__(self) -> tuple[Any, ...]:
        return functools.partial(self.make, *self.args, **self.kwargs), ()


def schedule(formula: Callable[P, Callable[[Any], Any]]) -> Callable[P, Schedule]:
    """Decorator: what a function returns, a formula of the step, becomes a schedule."""

    @functools.wraps(formula)
    def make(*args: P.args, **kwargs: P.kwargs) -> Schedule:
        return Schedule(make, args, kwargs, formula(*args, **kwargs))

    return make


def value_at(function: Any, step: Any) -> Any:
    """The value of a schedule, or of any function of the step, at a step.

    Args:
        function: a schedule, a function, or a number or 0-d tensor that is the same at all steps.
        step: a Python number, a number of a recording, or a 0-d tensor.

    Raises:
        ValueError: if the value is a tensor with more than one element.
    """
    if not callable(function):
        return function
    if step.__class__ is Number:
        return call(functools.partial(_checked, function), step)
    if isinstance(step, Tensor) and not step.is_floating_point():
        step = step.double()
    return _checked(function, step)


def _checked(function: Callable[[Any], Any], step: Any) -> Any:
    value = function(step)
    if isinstance(value, Tensor) and value.ndim != 0:
        raise ValueError(
            message(
                "schedule: the value is not a scalar",
                expected="a number or a 0-d tensor",
                got=f"a tensor of shape {tuple(value.shape)}",
            )
        )
    if not isinstance(value, (int, float, np.number, Tensor, Number)):
        raise TypeError(
            message(
                "schedule: the value is not a number",
                expected="a number or a 0-d tensor",
                got=type(value).__name__,
            )
        )
    return value


@schedule
def as_float32(schedule: Callable[[Any], Any]) -> Callable[[Any], Any]:
    r"""The same schedule, computed with single-precision scalars.

    For figures that were made that way, such as those of optax without ``jax_enable_x64``.

    Args:
        schedule: a schedule of this package; it is given the step as a ``numpy.float32``.

    Returns:
        A schedule of Python numbers, each the value of a float32.

    Example:
        >>> import flambeau as fb
        >>> schedule = fb.optim.schedule.linear_schedule(1.0, 0.0, 5)
        >>> schedule(4), fb.optim.schedule.as_float32(schedule)(4)
        (0.19999999999999996, 0.19999998807907104)

    Differs from optax: there the precision is that of the whole process.
    """

    def value(step: Any) -> Any:
        if isinstance(step, Tensor):
            return schedule(step.float())
        return float(np.float32(schedule(np.float32(step))))

    return value
