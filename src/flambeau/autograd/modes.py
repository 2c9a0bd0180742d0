"""Context managers and decorators that switch the recording of gradients."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from flambeau.tensor.modes import ANOMALY, MODE, set_grad


class _Switch:
    """A mode that is on inside ``with``, or while a decorated function runs."""

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        make = self.clone
        if inspect.isgeneratorfunction(function):
            return _wrap_generator(function, make)

        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with make():
                return function(*args, **kwargs)

        return wrapped

    def clone(self) -> Any:
        """A switch like this one, for one call of a decorated function."""
        return type(self)()

    def __enter__(self) -> None:
        raise TypeError("a switch says what it switches")

    def __exit__(self, *error: object) -> None:
        raise TypeError("a switch says what it switches")


def _wrap_generator(function: Callable[..., Any], make: Callable[[], Any]) -> Callable[..., Any]:
    """The mode is on while the generator runs, and not while its caller does."""

    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        generator = function(*args, **kwargs)
        sent: Any = None
        try:
            while True:
                with make():
                    value = generator.send(sent)
                sent = yield value
        except StopIteration as stop:
            return stop.value
        finally:
            generator.close()

    return wrapped


class no_grad(_Switch):
    """Record nothing: results require no gradient.

    Works as a context manager and as a decorator.

    Example:
        >>> import flambeau as fb
        >>> w = fb.ones(2, requires_grad=True)
        >>> with fb.no_grad():
        ...     (w * 2).requires_grad
        False
    """

    def __new__(cls, function: Any = None) -> Any:
        self = object.__new__(cls)
        return self if function is None else self(function)

    def __enter__(self) -> None:
        self.before = set_grad(False)

    def __exit__(self, *error: object) -> None:
        set_grad(self.before)


class enable_grad(no_grad):
    """Record again, inside a ``no_grad``.

    Example:
        >>> import flambeau as fb
        >>> w = fb.ones(2, requires_grad=True)
        >>> with fb.no_grad(), fb.enable_grad():
        ...     (w * 2).requires_grad
        True
    """

    def __enter__(self) -> None:
        self.before = set_grad(True)


class set_grad_enabled(_Switch):
    """Record or not, by a flag; takes effect at once, and for ``with`` until its end.

    Args:
        mode: whether to record.

    Example:
        >>> import flambeau as fb
        >>> with fb.set_grad_enabled(False):
        ...     fb.is_grad_enabled()
        False
    """

    def __init__(self, mode: bool) -> None:
        self.mode = mode
        self.before = set_grad(mode)

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        set_grad(self.before)
        return super().__call__(function)

    def clone(self) -> set_grad_enabled:
        return set_grad_enabled(self.mode)

    def __enter__(self) -> None:
        set_grad(self.mode)

    def __exit__(self, *error: object) -> None:
        set_grad(self.before)


class inference_mode(_Switch):
    """``no_grad`` for code that will never be differentiated.

    Args:
        mode: whether it is on.

    Differs from PyTorch: tensors made inside may be used in recorded operations afterwards.

    Example:
        >>> import flambeau as fb
        >>> with fb.inference_mode():
        ...     fb.is_inference_mode_enabled()
        True
    """

    def __new__(cls, mode: Any = True) -> Any:
        self = object.__new__(cls)
        if callable(mode):
            self.mode = True
            return self(mode)
        self.mode = bool(mode)
        return self

    def clone(self) -> inference_mode:
        return inference_mode(self.mode)

    def __enter__(self) -> None:
        self.before = MODE.inference, set_grad(not self.mode and bool(MODE.code & 1))
        MODE.inference = self.mode

    def __exit__(self, *error: object) -> None:
        MODE.inference = self.before[0]
        set_grad(self.before[1])


def is_inference_mode_enabled() -> bool:
    """Whether ``inference_mode`` is on in this thread.

    Example:
        >>> import flambeau as fb
        >>> fb.is_inference_mode_enabled()
        False
    """
    return MODE.inference


class set_detect_anomaly(_Switch):
    """Make operations remember where they were called, and stop a backward pass at a nan.

    Slow; for finding the operation whose gradient is wrong.

    Args:
        mode: whether it is on.
        check_nan: whether a nan in a gradient raises.
    """

    def __init__(self, mode: bool = True, check_nan: bool = True) -> None:
        self.before = MODE.code & ANOMALY, MODE.check_nan
        self.mode, self.check_nan = mode, check_nan
        MODE.code = (MODE.code & ~ANOMALY) | (ANOMALY if mode else 0)
        MODE.check_nan = check_nan

    def clone(self) -> set_detect_anomaly:
        return set_detect_anomaly(self.mode, self.check_nan)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *error: object) -> None:
        MODE.code = (MODE.code & ~ANOMALY) | self.before[0]
        MODE.check_nan = self.before[1]


class detect_anomaly(set_detect_anomaly):
    """``set_detect_anomaly(True)`` for a ``with`` block.

    Args:
        check_nan: whether a nan in a gradient raises.
    """

    def __init__(self, check_nan: bool = True) -> None:
        super().__init__(True, check_nan)

    def clone(self) -> detect_anomaly:
        return detect_anomaly(self.check_nan)
