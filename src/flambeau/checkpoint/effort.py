"""How much reading one file may cost: a small file must not be able to ask for much."""

from __future__ import annotations

from flambeau.checkpoint.errors import damaged

# A tensor, its conjugate and its negative may all show one storage, and only one of them is stored.
_MEMORY_PER_BYTE = 16


class Effort:
    """What may still be copied.

    Args:
        elements: how many elements constructors may copy; no honest pickle has more elements than
            bytes.
        file_size: the length of the whole file in bytes.
    """

    def __init__(self, elements: int, file_size: int) -> None:
        self._elements = elements
        self._memory = _MEMORY_PER_BYTE * file_size

    def charge(self, elements: int) -> None:
        """Raises: DamagedFileError: when no elements are left."""
        self._elements -= elements
        if self._elements < 0:
            raise _too_much()

    def charge_memory(self, nbytes: int) -> None:
        """Raises: DamagedFileError: when no memory is left."""
        self._memory -= nbytes
        if self._memory < 0:
            raise _too_much()


def _too_much() -> Exception:
    return damaged(
        "the file builds more than it holds",
        expected="contents that stand there once",
        got="the same contents copied again and again",
        help="it was tampered with; do not trust it",
    )
