"""Several processes: there is one, and what asks for them is told so."""

from __future__ import annotations


def is_available() -> bool:
    """Whether processes can be joined: no.

    Example:
        >>> import flambeau as fb
        >>> fb.distributed.is_available()
        False
    """
    return False


def is_initialized() -> bool:
    """Whether this process has joined others: no.

    Example:
        >>> import flambeau as fb
        >>> fb.distributed.is_initialized()
        False
    """
    return False


def is_torchelastic_launched() -> bool:
    """Whether a launcher of several processes has started this one: no.

    Example:
        >>> import flambeau as fb
        >>> fb.distributed.is_torchelastic_launched()
        False
    """
    return False


# No library that would join them is there.
is_gloo_available = is_mpi_available = is_nccl_available = is_available


def __getattr__(name: str) -> object:
    raise AttributeError(
        f"flambeau.distributed has no {name!r}: there is one process; "
        "guard its use with is_available() or is_initialized()"
    )
