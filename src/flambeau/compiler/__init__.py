"""From recorded programs to native code."""

from __future__ import annotations

from typing import Any


def compile(
    function: Any = None,
    *,
    verify: int = 0,
    fullgraph: bool = False,
    dynamic: bool | None = None,
    backend: Any = "inductor",
    mode: str | None = None,
    options: Any = None,
    disable: bool = False,
) -> Any:
    """A function that is recorded at its first call and from then on runs as one program.

    Whatever the function reads and was not given is found by recording: parameters, optimizer
    state, random generators, tensors of closures. Numbers that optimizers own may change at any
    time. Other Python state that the function reads is compared before each call, and where it
    differs the function is recorded anew.

    Args:
        function: a function, method, or module; with none given, a decorator.
        verify: for how many calls to run the function eagerly, too, and compare.
        fullgraph, dynamic, backend, mode, options: accepted from programs written for PyTorch,
            without effect.
        disable: give the function back as it is.

    Returns:
        a callable like ``function``, with ``report()``, ``program()`` and ``llvm()``.

    Example:
        >>> import flambeau as fb
        >>> @fb.compile
        ... def distance(x, y):
        ...     return ((x - y) ** 2).sum().sqrt()
        >>> distance(fb.tensor([0., 3.]), fb.tensor([4., 0.]))
        tensor(5.)

    Differs from PyTorch: one program holds forward pass, backward pass and update, and is always
    whole; each shape has a program of its own.
    """
    if disable:
        return function if function is not None else lambda given: given
    from flambeau.compiler.compiled import compile as make  # imported by those who compile

    return make(function, verify=verify)


def is_compiling() -> bool:
    """Whether a function is being recorded, so that values of tensors are not known.

    Example:
        >>> import flambeau as fb
        >>> fb.compiler.is_compiling()
        False
    """
    from flambeau.compiler.record.recorder import Recorder  # imported by those who compile
    from flambeau.tensor.modes import INTERPRETED, MODE

    interpreter = MODE.interpreter if MODE.code & INTERPRETED else None
    while interpreter is not None and not isinstance(interpreter, Recorder):
        interpreter = interpreter.outer
    return interpreter is not None


def get_num_threads() -> int:
    """How many threads compiled code may use.

    ``FLAMBEAU_NUM_THREADS`` if it is set, else the number of physical cores that this process may
    use.

    Example:
        >>> import flambeau as fb
        >>> fb.get_num_threads() >= 1
        True
    """
    from flambeau.compiler.run import threads

    return threads.get_num_threads()


def set_num_threads(count: int) -> None:
    """Set how many threads compiled code may use; results do not depend on it.

    Args:
        count: 1 to 256, the calling thread among them.

    Raises:
        RuntimeError: if it is not a positive integer.

    Example:
        >>> import flambeau as fb
        >>> fb.set_num_threads(1)
        >>> fb.get_num_threads()
        1
    """
    from flambeau.compiler.run import threads

    threads.set_num_threads(count)
