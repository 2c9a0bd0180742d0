"""Refusals that say by name what a file asks for, and what its owner can do."""

from __future__ import annotations

import pickletools
from typing import Any

from flambeau.checkpoint.errors import RefusedObjectError
from flambeau.checkpoint.keys import EXPECTED, unusable
from flambeau.core.errors import message

_SAVE_STATE = (
    "where it was made, save tensors, numbers, text and plain containers only, for a model its "
    "state_dict()"
)
_OF_A_NUMPY_KIND = "where it was made, turn arrays into tensors and NumPy's numbers into .item()"

# What checkpoints often hold besides, by the first part of the module's name.
_ADVICE = {
    "numpy": _OF_A_NUMPY_KIND,
    "argparse": "where it was made, save vars(args) instead of args",
    "pathlib": "where it was made, save str(path) instead of the path",
}
_PROCESS = frozenset({"os", "posix", "nt", "sys", "subprocess", "builtins", "__builtin__", "runpy"})


def refused_name(module: str, name: str) -> RefusedObjectError:
    """The error for a class or function that a file names and that may not be built."""
    advice = _ADVICE.get(module.partition(".")[0], _SAVE_STATE)
    if module in _PROCESS:
        advice = "it can run programs when other readers open it; do not trust it"
    return RefusedObjectError(
        message(
            f"load: the file asks for {module}.{name}"[:300],
            expected="tensors, numbers, text, and plain containers of them",
            got=f"{name!r} of module {module!r}"[:300],
            help=advice,
        )
    )


def refused_step(code: int) -> RefusedObjectError:
    """The error for an instruction that no checkpoint needs."""
    known = {ord(opcode.code): opcode.name for opcode in pickletools.opcodes}
    return RefusedObjectError(
        message(
            "load: the pickle has an instruction that is not allowed",
            expected="those that build tensors and plain containers",
            got=known.get(code, f"byte {code:#04x}"),
            help=_SAVE_STATE,
        )
    )


def refused_part(path: str, what: str) -> RefusedObjectError:
    """The error for a class or a bare storage that stands among the contents."""
    return RefusedObjectError(
        message(
            f"load: {path or 'the object'} is {what}",
            expected="tensors, numbers, text, and plain containers of them",
            got=what,
            help="where it was made, save tensors instead of their storages, and no classes",
        )
    )


def require_key(key: Any) -> None:
    """Raises: RefusedObjectError: for a key that could take long to hash."""
    problem = unusable(key)
    if problem is not None:
        raise RefusedObjectError(
            message(
                "load: the file has a key that is not allowed",
                expected=EXPECTED,
                got=problem,
                help="where it was made, save containers with such keys only",
            )
        )
