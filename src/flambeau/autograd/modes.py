"""Context managers and decorators that switch the recording of gradients."""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable
from typing import Any

from flambeau.core.errors import message
from flambeau.tensor.modes import ANOMALY, GRAD, MODE, set_grad


class _Switch:
    """A mode that is on inside ``with``, or while a decorated function runs.

    A switch may be entered again inside itself: what it replaced is a stack.
    """

    def __init__(self) -> None:
        self.before: list[Any] = []

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        make = self.clone
        if inspect.isclass(function):
            warnings.warn(
                f"{type(self).__name__} on a class switches while instances are made and not in "
                "their methods: decorate the methods",
                FutureWarning,
                stacklevel=2,
            )
        elif inspect.isgeneratorfunction(function):
            return _wrap_generator(function, make)

        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with make():
                return function(*args, **kwargs)

        return wrapped if inspect.isclass(function) else functools.wraps(function)(wrapped)

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
        with make():
            generator = function(*args, **kwargs)
        resume, argument = generator.send, None
        while True:
            try:
                with make():
                    value = resume(argument)
            except StopIteration as stop:
                return stop.value
            try:
                resume, argument = generator.send, (yield value)
            except GeneratorExit:
                with make():
                    generator.close()
                raise
            except BaseException as error:  # noqa: BLE001 - it is the generator's to handle
                resume, argument = generator.throw, error

    return wrapped


class no_grad(_Switch):
    """Record nothing: results require no gradient.

    Works as a context manager and as a decorator, of generators as well.

    Example:
        >>> import flambeau as fb
        >>> w = fb.ones(2, requires_grad=True)
        >>> with fb.no_grad():
        ...     (w * 2).requires_grad
        False
    """

    def __new__(cls, function: Any = None) -> Any:
        self = object.__new__(cls)
        self.before = []
        return self if function is None else self(function)

    def __init__(self, function: Any = None) -> None:
        """``__new__`` has done it, since ``@no_grad`` without parentheses makes no switch."""

    def __enter__(self) -> None:
        code = MODE.code
        self.before.append(code & GRAD)
        MODE.code = code & ~GRAD

    def __exit__(self, *error: object) -> None:
        MODE.code = (MODE.code & ~GRAD) | self.before.pop()


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
        code = MODE.code
        self.before.append(code & GRAD)
        MODE.code = code | GRAD


class set_grad_enabled(_Switch):
    """Record or not, by a flag; takes effect at once, and for ``with`` until its end.

    Args:
        mode: whether to record.

    Raises:
        TypeError: if ``mode`` is not a truth value.

    Example:
        >>> import flambeau as fb
        >>> with fb.set_grad_enabled(False):
        ...     fb.is_grad_enabled()
        False
    """

    def __init__(self, mode: bool) -> None:
        if not isinstance(mode, bool):
            raise TypeError(
                message("set_grad_enabled: mode is not a bool", expected="a bool", got=repr(mode))
            )
        self.mode = mode
        self.replaced = set_grad(mode)

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        set_grad(self.replaced)
        return super().__call__(function)

    def clone(self) -> set_grad_enabled:
        return set_grad_enabled(self.mode)

    def __enter__(self) -> None:
        set_grad(self.mode)

    def __exit__(self, *error: object) -> None:
        set_grad(self.replaced)


class inference_mode(_Switch):
    """``no_grad`` for code that will never be differentiated.

    Args:
        mode: whether it is on; ``False`` switches recording on again.

    Differs from PyTorch: tensors made inside may be used in recorded operations afterwards.

    Example:
        >>> import flambeau as fb
        >>> with fb.inference_mode():
        ...     fb.is_inference_mode_enabled()
        True
    """

    def __new__(cls, mode: Any = True) -> Any:
        if callable(mode):
            return cls(True)(mode)
        return object.__new__(cls)

    def __init__(self, mode: bool = True) -> None:
        super().__init__()
        self.mode = bool(mode)

    def clone(self) -> inference_mode:
        return inference_mode(self.mode)

    def __enter__(self) -> None:
        self.before.append((MODE.inference, set_grad(not self.mode)))
        MODE.inference = self.mode

    def __exit__(self, *error: object) -> None:
        MODE.inference, grad = self.before.pop()
        set_grad(grad)


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

    Slow; for finding the operation whose gradient is wrong. Takes effect at once, and for
    ``with`` until its end. An error in a backward pass is preceded by a warning that shows where
    the operation was called.

    Args:
        mode: whether it is on.
        check_nan: whether a nan in a gradient raises.

    Example:
        >>> import flambeau as fb
        >>> with fb.autograd.set_detect_anomaly(True):
        ...     fb.is_anomaly_enabled()
        True
    """

    def __init__(self, mode: bool = True, check_nan: bool = True) -> None:
        self.mode, self.check_nan = bool(mode), bool(check_nan)
        self.replaced = MODE.code & ANOMALY, MODE.check_nan
        self.switch()

    def switch(self) -> None:
        """Take effect."""
        MODE.code = (MODE.code & ~ANOMALY) | (ANOMALY if self.mode else 0)
        MODE.check_nan = self.check_nan

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        self.__exit__()
        return super().__call__(function)

    def clone(self) -> set_detect_anomaly:
        return set_detect_anomaly(self.mode, self.check_nan)

    def __enter__(self) -> None:
        self.switch()

    def __exit__(self, *error: object) -> None:
        anomaly, MODE.check_nan = self.replaced
        MODE.code = (MODE.code & ~ANOMALY) | anomaly


class detect_anomaly(set_detect_anomaly):
    """``set_detect_anomaly(True)`` for a ``with`` block.

    Args:
        check_nan: whether a nan in a gradient raises.

    Example:
        >>> import flambeau as fb
        >>> x = fb.tensor([0.], requires_grad=True)
        >>> with fb.autograd.detect_anomaly():
        ...     y = x.sqrt() * 0
        ...     try:
        ...         y.backward()
        ...     except RuntimeError as error:
        ...         print(str(error).splitlines()[0])
        backward: SqrtBackward0 returned nan values in its output 0
    """

    def __init__(self, check_nan: bool = True) -> None:
        self.mode, self.check_nan = True, bool(check_nan)
        self.replaced = 0, True

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        return _Switch.__call__(self, function)

    def clone(self) -> detect_anomaly:
        return detect_anomaly(self.check_nan)

    def __enter__(self) -> None:
        self.replaced = MODE.code & ANOMALY, MODE.check_nan
        self.switch()


def is_anomaly_enabled() -> bool:
    """Whether operations remember where they were called.

    Example:
        >>> import flambeau as fb
        >>> fb.is_anomaly_enabled()
        False
    """
    return bool(MODE.code & ANOMALY)


def is_anomaly_check_nan_enabled() -> bool:
    """Whether a nan in a gradient raises while anomaly mode is on.

    Example:
        >>> import flambeau as fb
        >>> fb.is_anomaly_check_nan_enabled()
        True
    """
    return MODE.check_nan
