"""Pictures of tensors, as PNG files hold them."""

from __future__ import annotations

import struct
import zlib
from typing import Any

import numpy as np

from flambeau.core.errors import message

_PER_ROW = 8
_COLOUR_TYPE = {1: 0, 3: 2, 4: 6}


def to_picture(array: np.ndarray, dimensions: str) -> np.ndarray:
    """Heights, widths and channels of bytes.

    Args:
        array: integers from 0 to 255, or fractions from 0 to 1.
        dimensions: a letter for each dimension: C, H and W in any order; C may be missing.

    Raises:
        ValueError: if they do not fit.
    """
    array = _arranged(array, dimensions, "HWC")
    if array.shape[2] not in _COLOUR_TYPE:
        raise ValueError(
            message(
                "add_image: no colours have so many channels",
                expected="1, 3 or 4 channels",
                got=f"{array.shape[2]} of shape {array.shape} (height, width, channels)",
            )
        )
    return _bytes(array)


def grid(array: np.ndarray, dimensions: str) -> np.ndarray:
    """Several pictures as one, in rows of eight.

    Args:
        array: as for :func:`to_picture`.
        dimensions: with N for the pictures; without N, there is one.

    Raises:
        ValueError: if they do not fit.
    """
    if "N" not in dimensions.upper():
        return to_picture(array, dimensions)
    pictures = _arranged(array, dimensions, "NHWC")
    count, height, width, channels = pictures.shape
    columns = min(count, _PER_ROW)
    rows = -(-count // columns)
    sheet = np.zeros((rows * columns, height, width, channels), pictures.dtype)
    sheet[:count] = pictures
    sheet = sheet.reshape(rows, columns, height, width, channels).swapaxes(1, 2)
    return to_picture(sheet.reshape(rows * height, columns * width, channels), "HWC")


def _arranged(array: np.ndarray, dimensions: str, wanted: str) -> np.ndarray:
    """The dimensions in the order that is wanted; a missing one has size 1."""
    letters = dimensions.upper()
    if (
        len(set(letters)) != len(letters)
        or len(letters) != array.ndim
        or not {*letters} <= {*wanted}
    ):
        raise ValueError(
            message(
                "add_image: the dimensions do not fit",
                expected=f"one letter of {wanted} for each dimension",
                got=f"dataformats={dimensions!r} for shape {array.shape}",
            )
        )
    for letter in wanted:
        if letter not in letters:
            array, letters = array[..., None], letters + letter
    return array.transpose([letters.index(letter) for letter in wanted])


def _bytes(array: np.ndarray) -> np.ndarray:
    if array.dtype == np.uint8:
        return array
    scaled = array * 255.0 if array.dtype.kind in "fb" else array
    return np.clip(scaled, 0, 255).astype(np.uint8)


def png(picture: np.ndarray) -> bytes:
    """A picture as a PNG file.

    Args:
        picture: bytes of shape (height, width, channels).

    Reference: PNG specification, W3C, 2003, sections 5 and 10.
    """
    height, width, channels = picture.shape
    head = struct.pack(">IIBBBBB", width, height, 8, _COLOUR_TYPE[channels], 0, 0, 0)
    # Each line begins with the number of its filter; 0 leaves it as it is.
    lines = np.zeros((height, 1 + width * channels), np.uint8)
    lines[:, 1:] = picture.reshape(height, width * channels)
    parts = [(b"IHDR", head), (b"IDAT", zlib.compress(lines.tobytes())), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def picture_of_figure(figure: Any, close: bool) -> np.ndarray:
    """A figure of matplotlib's as bytes.

    Args:
        figure: a ``matplotlib.figure.Figure``.
        close: whether it is not needed any more.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    picture = np.asarray(canvas.buffer_rgba()).copy()
    if close:
        from matplotlib import pyplot as plt

        plt.close(figure)
    return picture
