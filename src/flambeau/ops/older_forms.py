"""Calls whose factors stand before the tensors, as PyTorch once had them: ``x.add_(-lr, g)``.

PyTorch still takes them, and older optimizers are written so.
"""

from __future__ import annotations

import warnings
from typing import Any

from flambeau.core.errors import message
from flambeau.tensor.tensor import Tensor

_USER = 3  # from here to who called the public function


def factors_first(name: str, given: tuple[Any, ...], tensors: int, factors: int) -> tuple[Any, ...]:
    """Sort what was given by position: the tensors, and then the factors.

    Args:
        name: the operation, for messages.
        given: all that was given by position.
        tensors: how many tensors there must be.
        factors: how many factors there may be; those that are not given are 1.

    Raises:
        TypeError: if there are more or fewer.
    """
    found = [x for x in given if isinstance(x, Tensor)]
    numbers = [x for x in given if not isinstance(x, Tensor)]
    if len(found) != tensors or len(numbers) > factors:
        raise TypeError(
            message(
                f"{name}: too many arguments",
                expected=f"{tensors} tensors, and factors by name",
                got=", ".join(type(x).__name__ for x in given),
            )
        )
    warnings.warn(f"{name}: write the factor by name, behind the tensors", stacklevel=_USER)
    return (*found, *numbers, *([1] * (factors - len(numbers))))
