"""`save`: one object into one file, at once or not at all."""

from __future__ import annotations

import os
import pickle
from typing import IO, Any

from flambeau.core.errors import message

PROTOCOL = 2


def save(
    obj: Any,
    f: str | os.PathLike[str] | IO[bytes],
    pickle_module: Any = pickle,
    pickle_protocol: int = PROTOCOL,
    _use_new_zipfile_serialization: bool = True,
) -> None:
    """Write tensors and plain containers into a file, which PyTorch can read too.

    A file on disk is replaced at once: whatever happens meanwhile, a full disk or a loss of power,
    there is the old file or the new one. Tensors that share memory share it again when loaded.

    Args:
        obj: a tensor, a number, text, bytes, or lists, tuples, sets and dicts of them; a module's
            or an optimizer's ``state_dict()`` for instance. NumPy's numbers become Python's.
        f: a path, or a file that can be written to.
        pickle_module: Python's ``pickle``.
        pickle_protocol: 2, the one that every reader takes.

    Raises:
        TypeError: if something in ``obj`` cannot be stored; the message says where it stands.
            Nothing has been written then.
        RuntimeError: if another format is asked for.
        OSError: as the system says; the old file is untouched then.

    Example:
        >>> import flambeau as fb, io
        >>> model, file = fb.nn.Linear(2, 1), io.BytesIO()
        >>> fb.save(model.state_dict(), file)
        >>> model.load_state_dict(fb.load(file))
        <All keys matched successfully>

    Differs from PyTorch: modules and other objects are refused rather than stored as references
    to their code, and of memory that tensors share only what they reach is written.
    """
    if (
        not _use_new_zipfile_serialization
        or pickle_protocol != PROTOCOL
        or pickle_module
        not in (
            None,
            pickle,
        )
    ):
        raise RuntimeError(
            message(
                "save: only one format is written",
                expected="the zip format, with Python's pickle and its protocol 2",
                got=f"pickle_module={getattr(pickle_module, '__name__', pickle_module)}, "
                f"pickle_protocol={pickle_protocol}, "
                f"_use_new_zipfile_serialization={_use_new_zipfile_serialization}",
                help="leave these arguments away",
            )
        )
    # Most programs start without these.
    from flambeau.checkpoint.archive_writing import write_archive
    from flambeau.checkpoint.atomic import replacing
    from flambeau.checkpoint.pickle_writing import pickled

    contents, blocks = pickled(obj)
    if isinstance(f, (str, os.PathLike)):
        with replacing(f) as file:
            write_archive(file, contents, blocks)
        return
    if not hasattr(f, "write"):
        raise AttributeError(
            message(
                "save: neither a path nor a file",
                expected="a path, or an object with write()",
                got=type(f).__name__,
            )
        )
    write_archive(f, contents, blocks)
