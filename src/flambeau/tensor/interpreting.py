"""Interpreters that look on: they pass every operation to what was there before them.

A subclass of :class:`Passing` overrides :meth:`Passing.apply` to change the inputs of operations
(:mod:`flambeau.amp`) or to note what is computed (:mod:`flambeau.profiler`). Recorders of the
compiler and levels of :mod:`flambeau.func` may lie below it or above it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar, cast

from flambeau.tensor.dispatch import apply, apply_inplace, bump, wrap
from flambeau.tensor.modes import GRAD, INTERPRETED, MODE
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor


class Interpreter:
    """What the rooms below ask of an interpreter that stands above another one, or above none.

    Attributes:
        outer: the interpreter that was active before, or ``None``.
    """

    outer: Any = None

    def fresh(self, tensor: Tensor) -> Tensor:
        """A tensor of its own from one over somebody's data."""
        if self.outer is None:
            return wrap(tensor._array.copy())
        return self.outer.fresh(tensor)

    def read_value(self, tensor: Tensor, what: str) -> None:
        """Somebody asks for a tensor's value as Python sees it."""
        if self.outer is not None:
            self.outer.read_value(tensor, what)

    def read_grad(self, tensor: Tensor) -> Tensor | None:
        """``tensor.grad``."""
        return tensor._stored_grad() if self.outer is None else self.outer.read_grad(tensor)

    def write_grad(self, tensor: Tensor, gradient: Tensor | None) -> None:
        """``tensor.grad = gradient``."""
        if self.outer is None:
            tensor._grad = gradient
        else:
            self.outer.write_grad(tensor, gradient)

    def number(self, source: tuple[Any, ...], value: Any) -> Any:
        """A Python number that a compiled function reads at each call."""
        return value if self.outer is None else self.outer.number(source, value)

    def advance(self, step: Tensor) -> Any:
        """Count one more step in a 0-d tensor; the count as a number."""
        if self.outer is not None:
            return self.outer.advance(step)
        step._array += 1
        bump(step)
        return step._array.item()

    def single(self, x: Any) -> Any:
        """An argument of an operation that regions of mixed precision compute in float32."""
        return x if self.outer is None else self.outer.single(x)

    def lower(self, x: Any) -> Any:
        """An argument of one that they compute in their lower precision."""
        return x if self.outer is None else self.outer.lower(x)

    def refuse_state(self, what: str) -> None:
        """Something is done that a recording could not do again."""
        if self.outer is not None:
            self.outer.refuse_state(what)


class Passing(Interpreter):
    """An interpreter that does what would happen without it; a context manager.

    Attributes:
        steady: whether it does the same to every step of a loop, so that one may stand for all.
    """

    steady = False

    def __enter__(self) -> Any:
        self.outer = MODE.interpreter if MODE.code & INTERPRETED else None
        MODE.interpreter = self
        MODE.code |= INTERPRETED
        return self

    def __exit__(self, *error: object) -> None:
        MODE.interpreter = self.outer
        if self.outer is None:
            MODE.code &= ~INTERPRETED

    def below(self, function: Callable[..., Any], *args: Any) -> Any:
        """Call a function as if this interpreter were not there."""
        MODE.interpreter = self.outer
        if self.outer is None:
            MODE.code &= ~INTERPRETED
        try:
            return function(*args)
        finally:
            MODE.interpreter = self
            MODE.code |= INTERPRETED

    @contextmanager
    def resumed(self) -> Iterator[None]:
        """Be there again above what is active now, whether or not the region has been left."""
        outer, before, code = self.outer, MODE.interpreter, MODE.code & INTERPRETED
        self.outer = before if code else None
        MODE.interpreter = self
        MODE.code |= INTERPRETED
        try:
            yield
        finally:
            self.outer, MODE.interpreter = outer, before
            MODE.code = (MODE.code & ~INTERPRETED) | code

    def resuming(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function as it runs in this region, whenever it is called."""

        def inside(*args: Any) -> Any:
            with self.resumed():
                return function(*args)

        return inside

    def apply(self, op: Operation, inputs: tuple[Any, ...], params: tuple[Any, ...]) -> Any:
        """Compute an operation."""
        return self.below(apply, op, inputs, params)

    def apply_inplace(
        self, op: Operation, target: Tensor, others: tuple[Any, ...], params: tuple[Any, ...]
    ) -> Tensor:
        """Compute an in-place operation."""
        return self.below(apply_inplace, op, target, others, params)


Function = TypeVar("Function", bound=Callable[..., Any])


def _in_regions(precision: str) -> Callable[[Function], Function]:
    def decorate(function: Function) -> Function:
        @functools.wraps(function)
        def cast_first(*args: Any, **options: Any) -> Any:
            if MODE.code & INTERPRETED:
                convert = getattr(MODE.interpreter, precision)
                args = tuple([convert(x) for x in args])
                options = {name: convert(x) for name, x in options.items()}
            return function(*args, **options)

        return cast(Function, cast_first)

    return decorate


def in_single(*tensors: Any) -> tuple[Any, ...]:
    """Tensors of a composite operation, float32 in regions of mixed precision."""
    if MODE.code & INTERPRETED:
        return tuple([MODE.interpreter.single(x) for x in tensors])
    return tensors


# Decorators of composite operations: what their tensors are converted to in regions of mixed
# precision. Operations that are one record are known to flambeau.amp by their name.
in_single_precision = _in_regions("single")
in_lower_precision = _in_regions("lower")


def may_use_states() -> bool:
    """Whether a gradient rule may use what its operation has kept besides its results.

    Not where the backward pass is itself differentiated or batched: all that it computes must then
    follow from inputs and results.
    """
    code = MODE.code
    if code & GRAD:
        return False
    interpreter = MODE.interpreter if code & INTERPRETED else None
    while isinstance(interpreter, Passing):
        interpreter = interpreter.outer
    return not getattr(interpreter, "transforms", False)
