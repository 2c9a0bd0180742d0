"""PyTorch's switch between ways of computing attention, of which there is one."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flambeau.core.errors import message


class SDPBackend(enum.IntEnum):
    """PyTorch's ways of computing attention."""

    ERROR = -1
    MATH = 0
    FLASH_ATTENTION = 1
    EFFICIENT_ATTENTION = 2
    CUDNN_ATTENTION = 3
    OVERRIDEABLE = 4


@contextmanager
def sdpa_kernel(backends: Any, set_priority: bool = False) -> Iterator[None]:
    """A region for which a way of computing attention is chosen; without effect: there is one.

    Args:
        backends: a :class:`SDPBackend`, or a list of them.
        set_priority: without effect.

    Raises:
        AssertionError: for anything else.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.nn.attention import SDPBackend, sdpa_kernel
        >>> x = fb.ones(1, 1, 2, 4)
        >>> with sdpa_kernel(SDPBackend.MATH):
        ...     fb.nn.functional.scaled_dot_product_attention(x, x, x).shape
        torch.Size([1, 1, 2, 4])
    """
    chosen = [backends] if isinstance(backends, SDPBackend) else backends
    if not isinstance(chosen, list) or not all(isinstance(b, SDPBackend) for b in chosen):
        raise AssertionError(
            message(
                "sdpa_kernel: no such way of computing attention",
                expected="an SDPBackend, or a list of them",
                got=repr(backends),
            )
        )
    yield
