"""From recorded programs to native code."""

from __future__ import annotations

from typing import Any


def compile(function: Any = None, *, verify: int = 0) -> Any:
    """A function that is recorded at its first call and from then on runs as one program.

    Whatever the function reads and was not given is found by recording: parameters, optimizer
    state, random generators, tensors of closures. Numbers that optimizers own may change at any
    time. Other Python state that the function reads is compared before each call, and where it
    differs the function is recorded anew.

    Args:
        function: a function, method, or module; with none given, a decorator.
        verify: for how many calls to run the function eagerly, too, and compare.

    Returns:
        a callable like ``function``, with ``report()``, ``program()`` and ``llvm()``.

    Example:
        >>> import flambeau as fb
        >>> @fb.compile
        ... def distance(x, y):
        ...     return ((x - y) ** 2).sum().sqrt()
        >>> distance(fb.tensor([0., 3.]), fb.tensor([4., 0.]))
        tensor(5.)

    Differs from PyTorch: one program holds forward pass, backward pass and update; the options
    ``fullgraph``, ``dynamic``, ``backend`` and ``mode`` do not exist.
    """
    from flambeau.compiler.compiled import compile as make  # imported by those who compile

    return make(function, verify=verify)
