"""`load`: what `flambeau.save` and `torch.save` wrote."""

from __future__ import annotations

import codecs
import os
import pickle
from typing import IO, Any

from flambeau.core.errors import message
from flambeau.tensor.device import check_device


def load(
    f: str | os.PathLike[str] | IO[bytes],
    map_location: Any = None,
    pickle_module: Any = None,
    *,
    weights_only: bool | None = None,
    mmap: bool | None = None,
    encoding: str = "utf-8",
) -> Any:
    """What :func:`flambeau.save`, or PyTorch's ``torch.save``, wrote into a file.

    Tensors that shared memory share it again. Nothing in the file is ever executed: it can build
    tensors and plain containers, and asks in vain for anything else.

    Args:
        f: a path, or a file that can be read from and sought in.
        map_location: the CPU, a dict of places, or a function, as PyTorch takes them. Wherever
            tensors were, they come to the CPU, which is the only place there is.
        pickle_module: Python's ``pickle``, or ``None``.
        weights_only: a selector without effect: reading is always safe.
        mmap: show tensors where they lie in the file, which must be a path and must not be
            written to meanwhile. Nothing is read before it is needed; changes stay in memory.
        encoding: of text that Python 2 wrote.

    Raises:
        FileNotFoundError: if there is no such file.
        RuntimeError: for a file that is damaged or not of PyTorch's zip format.
        pickle.UnpicklingError: for a file that holds anything but tensors, numbers, text and
            plain containers. The message names it.
        ValueError: if ``mmap`` is asked for of something else than a path.

    Example:
        >>> import flambeau as fb, io
        >>> file = io.BytesIO()
        >>> fb.save({"weight": fb.ones(2), "epoch": 3}, file)
        >>> fb.load(file)
        {'weight': tensor([1., 1.]), 'epoch': 3}

    Differs from PyTorch: ``weights_only=False`` does not make it execute what the file says, and
    tensors of other devices come to the CPU without being asked to.
    """
    _check_location(map_location)
    codecs.lookup(encoding)
    if pickle_module is not None and pickle_module is not pickle:
        raise RuntimeError(
            message(
                "load: no other module can read the file safely",
                expected="pickle_module=None",
                got=f"pickle_module={getattr(pickle_module, '__name__', pickle_module)}",
            )
        )
    from flambeau.checkpoint.pt_reading import read  # which most programs start without

    if isinstance(f, (str, os.PathLike)):
        with open(f, "rb") as file:
            return read(file, bool(mmap), encoding)
    if mmap:
        raise ValueError(
            message(
                "load: only a file on disk can be mapped",
                expected="a path",
                got=type(f).__name__,
                help="leave mmap=True away, or pass the path",
            )
        )
    _check_file(f)
    return read(f, False, encoding)


def _check_location(location: Any) -> None:
    """Refuse places that do not exist here."""
    if location is None or callable(location):
        return
    for place in location.values() if isinstance(location, dict) else [location]:
        check_device("load", place)


def _check_file(f: Any) -> None:
    if not hasattr(f, "read"):
        raise AttributeError(
            message(
                "load: neither a path nor a file",
                expected="a path, or an object with read() and seek()",
                got=type(f).__name__,
            )
        )
    if not getattr(f, "seekable", lambda: hasattr(f, "seek"))():
        raise AttributeError(
            message(
                "load: the file cannot be sought in",
                expected="a file with seek() and tell()",
                got=type(f).__name__,
                help="read it first: flambeau.load(io.BytesIO(file.read()))",
            )
        )
