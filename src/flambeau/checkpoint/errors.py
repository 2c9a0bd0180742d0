"""What is wrong with a file."""

from __future__ import annotations

import pickle

from flambeau.core.errors import message


class DamagedFileError(RuntimeError):
    """A file that is cut short, contradicts itself, or is of another format."""


class RefusedObjectError(pickle.UnpicklingError):
    """A file that asks for something else than tensors and plain containers."""


class UnstorableObjectError(TypeError):
    """An object that no checkpoint can hold."""


def damaged(problem: str, expected: str, got: str, help: str | None = None) -> DamagedFileError:
    """The error for a file that does not say what it should."""
    advice = "the file is damaged; take an older checkpoint" if help is None else help
    return DamagedFileError(message(f"load: {problem}", expected=expected, got=got, help=advice))
