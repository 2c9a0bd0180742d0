"""How PyTorch lays out the state of a CPU generator in 5056 bytes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from flambeau.core.errors import message
from flambeau.random.engine import STATE_WORDS

LAYOUT = np.dtype(
    [
        ("seed", "<u8"),
        # Outputs until the block is used up, counting from one past the end.
        ("left", "<i4"),
        ("seeded", "<i4"),
        ("next", "<u8"),
        ("words", "<u8", STATE_WORDS),
        ("normal_x", "<f8"),
        # The second value of the last pair of normal samples, if it has not been given out.
        ("normal_y", "<f8"),
        ("normal_rho", "<f8"),
        ("normal_is_valid", "<i4"),
        ("padding", "<i4"),
        ("float_normal", "<f4"),
        ("float_normal_is_valid", "?"),
        ("end", "V3"),
    ]
)
STATE_BYTES = LAYOUT.itemsize


class State(NamedTuple):
    """All that a generator's future depends on, and the seed that it reports."""

    seed: int
    words: np.ndarray  # uint32[625], the last one is the position
    fresh: bool
    normal: float | None
    float_normal: float | None


def pack(state: State) -> np.ndarray:
    """The state as ``uint8[5056]``."""
    record = np.zeros((), LAYOUT)
    position = 0 if state.fresh else int(state.words[STATE_WORDS])
    record["seed"] = state.seed
    # A block begins with 624 outputs left; a fresh seed has no block yet.
    record["left"] = 1 if state.fresh else STATE_WORDS + 1 - position
    record["seeded"] = 1
    record["next"] = position
    record["words"] = state.words[:STATE_WORDS]
    if state.normal is not None:
        record["normal_y"] = state.normal
        record["normal_is_valid"] = 1
    if state.float_normal is not None:
        record["float_normal"] = state.float_normal
        record["float_normal_is_valid"] = True
    return np.frombuffer(record.tobytes(), np.uint8).copy()


def unpack(data: np.ndarray) -> State:
    """The state in ``uint8[5056]``.

    Raises:
        TypeError: the array does not hold bytes.
        RuntimeError: its size is not 5056, or the position in it cannot be.
    """
    if data.dtype != np.uint8:
        text = message(
            "set_state: not a state of a generator",
            expected=f"{STATE_BYTES} bytes, dtype uint8",
            got=f"dtype {data.dtype}",
            help="pass what get_state() returned",
        )
        raise TypeError(text)
    if data.size != STATE_BYTES:
        text = message(
            "set_state: not a state of a CPU generator",
            expected=f"{STATE_BYTES} bytes",
            got=f"{data.size} bytes",
            help="pass what get_state() of a CPU generator returned",
        )
        raise RuntimeError(text)
    record = np.frombuffer(np.ascontiguousarray(data).tobytes(), LAYOUT)[0]
    left, position, seeded = int(record["left"]), int(record["next"]), int(record["seeded"])
    fresh = left == 1 and position == 0
    in_block = 1 <= position <= STATE_WORDS and left == STATE_WORDS + 1 - position
    if not seeded or not (fresh or in_block):
        text = message(
            "set_state: invalid mt19937 state",
            expected="a seeded state with left = 625 - next, or left = 1 and next = 0",
            got=f"seeded = {seeded}, left = {left}, next = {position}",
            help="pass what get_state() returned, unchanged",
        )
        raise RuntimeError(text)
    words = np.empty(STATE_WORDS + 1, np.uint32)
    words[:STATE_WORDS] = record["words"]
    words[STATE_WORDS] = STATE_WORDS if fresh else position
    return State(
        int(record["seed"]),
        words,
        fresh,
        float(record["normal_y"]) if record["normal_is_valid"] else None,
        float(record["float_normal"]) if record["float_normal_is_valid"] else None,
    )
