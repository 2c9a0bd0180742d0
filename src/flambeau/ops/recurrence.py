"""What recurrent layers have in common: the order of their steps, and the shapes they take.

A layer works on *rows*: the sequences of a batch, one time step after the other, the sequences
longest first. ``batch_sizes[t]`` says how many of them still last at time ``t``, so that a batch
of equal lengths and a packed one are the same thing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import ShapeError, message
from flambeau.ops.joining import cat
from flambeau.tensor.tensor import Tensor

# A compiled program writes its steps out. Beyond this many, compiling takes longer than many
# training runs gain, and the layer runs as one operation of NumPy's.
UNROLLED_STEPS = 64


@lru_cache(maxsize=256)
def spans(batch_sizes: tuple[int, ...], reverse: bool) -> list[tuple[int, int]]:
    """For each step, in the order they are taken, its first row and the one after its last.

    Args:
        batch_sizes: how many sequences there are at each time, never increasing.
        reverse: whether time runs backward.

    Example:
        >>> from flambeau.ops.recurrence import spans
        >>> spans((3, 2), False)
        [(0, 3), (3, 5)]
    """
    found, start = [], 0
    for size in batch_sizes:
        found.append((start, start + size))
        start += size
    return found[::-1] if reverse else found


def is_uniform(batch_sizes: tuple[int, ...]) -> bool:
    """Whether all sequences are equally long."""
    return batch_sizes[0] == batch_sizes[-1]


def previous(
    states: np.ndarray, first: np.ndarray | None, batch_sizes: tuple[int, ...], reverse: bool
) -> np.ndarray:
    """For each row, the state that its step started from.

    Args:
        states: after each step.
        first: before all steps; zeros if ``None``.
        batch_sizes, reverse: as for :func:`spans`.
    """
    before = np.empty_like(states)
    held = 0
    last: tuple[int, int] | None = None
    for start, stop in spans(batch_sizes, reverse):
        count = stop - start
        known = min(held, count)
        if last is not None:
            before[start : start + known] = states[last[0] : last[0] + known]
        if known < count:  # sequences that begin here
            before[start + known : stop] = 0 if first is None else first[known:count]
        held, last = count, (start, stop)
    return before


def only(wanted: tuple[bool, ...], *makers: Callable[[], Any]) -> tuple[Any, ...]:
    """Those gradients that are wanted; the others are not computed."""
    return tuple([make() for want, make in zip(wanted, makers) if want])


def spread(found: Sequence[Any], wanted: tuple[bool, ...]) -> list[Any]:
    """What :func:`only` gave, with ``None`` for what was not wanted."""
    left = iter(found)
    return [next(left) if want else None for want in wanted]


# --- the same on tensors, for decompositions ---------------------------------------------------


def leading(x: Any, count: int) -> Any:
    """The first ``count`` rows."""
    return x if x.shape[0] == count else x.narrow(0, 0, count)


def with_leading(x: Any, rows: Any) -> Any:
    """``x`` with its first rows replaced."""
    count = rows.shape[0]
    if x.shape[0] == count:
        return rows
    return cat([rows, x.narrow(0, count, x.shape[0] - count)])


def in_time_order(parts: list[Any], reverse: bool, dim: int = 0) -> Any:
    """The rows of all steps from those of each, in the order the steps were taken."""
    ordered = parts[::-1] if reverse else parts
    return ordered[0] if len(ordered) == 1 else cat(ordered, dim)


def previous_rows(
    states: Any, first: Any, batch_sizes: tuple[int, ...], reverse: bool
) -> list[Any]:
    """For each step, in the order they are taken, the state that it started from."""
    held = first
    found = []
    for start, stop in spans(batch_sizes, reverse):
        found.append(leading(held, stop - start))
        held = with_leading(held, states.narrow(0, start, stop - start))
    return found


def unrolled(parts: Callable[..., Any]) -> Callable[..., Any]:
    """A decomposition for as many steps as are worth writing out."""

    def decompose(*given: Any) -> Any:
        batch_sizes = next(x for x in given if x.__class__ is tuple)
        return NotImplemented if len(batch_sizes) > UNROLLED_STEPS else parts(*given)

    return decompose


# --- checks -----------------------------------------------------------------------------------


def check_layer(
    name: str,
    gates: int,
    x: Any,
    states: Sequence[Any],
    weights: Sequence[Any],
    biases: Sequence[Any],
    batch_sizes: tuple[int, ...],
) -> None:
    """Refuse operands of a recurrent layer that do not fit together.

    Args:
        name: of the layer.
        gates: how many rows of the weights there are for each hidden unit.
        x: the rows of the input.
        states: initial states; the first has the size that is fed back.
        weights: for the input, for the fed-back state, and perhaps a projection.
        biases: for the first two, or ``None``.
        batch_sizes: how many sequences there are at each time.

    Raises:
        RuntimeError: if sizes or types do not fit.
    """
    w_ih, w_hh, w_hr = weights
    rows = w_ih.shape[0] if w_ih.ndim == 2 else -1
    hidden = rows // gates
    fed_back = hidden if w_hr is None else (w_hr.shape[0] if w_hr.ndim == 2 else -1)
    expected = {
        "input": (x, (sum(batch_sizes), w_ih.shape[-1] if w_ih.ndim else -1)),
        "weight_ih": (w_ih, (gates * hidden, x.shape[-1] if x.ndim else -1)),
        "weight_hh": (w_hh, (rows, fed_back)),
        "weight_hr": (w_hr, (fed_back, hidden)),
    }
    for label, bias in zip(("bias_ih", "bias_hh"), biases):
        expected[label] = (bias, (rows,))
    for number, state in enumerate(states):
        expected[f"state {number}"] = (state, (batch_sizes[0], hidden if number else fed_back))
    given = {label: value for label, (value, _) in expected.items() if value is not None}
    for label, (value, shape) in expected.items():
        if value is not None and tuple(value.shape) != shape:
            raise ShapeError(
                message(
                    f"{name}: size of {label} does not fit",
                    expected=f"{label} of shape {shape}",
                    got=", ".join(f"{k} {tuple(v.shape)}" for k, v in given.items()),
                )
            )
    check_types(name, given)


def check_types(name: str, given: dict[str, Any]) -> None:
    """Refuse operands of several types, or of one that is no real floating-point type.

    Raises:
        RuntimeError: for them.
    """
    kinds = [v.dtype for v in given.values()]
    if any(k != kinds[0] for k in kinds) or kinds[0].kind not in "fV":
        raise RuntimeError(
            message(
                f"{name}: operands of different types",
                expected="operands of the same floating-point dtype",
                got=", ".join(f"{label} {dtypes.of(v.dtype)}" for label, v in given.items()),
                help="convert one of them with .to(dtype)",
            )
        )


def make_sure(
    x: np.ndarray,
    weights: Sequence[np.ndarray],
    biases: Sequence[Any],
    states: Sequence[Any],
    batch_sizes: tuple[int, ...],
) -> None:
    """Make sure that NumPy broadcasts nothing; :func:`check_layer` says what is wrong."""
    w_ih, w_hh = weights
    rows = w_hh.shape[0]
    if x.shape[0] != sum(batch_sizes) or w_ih.shape[0] != rows:
        raise ValueError("rows do not fit")
    for bias in biases:
        if bias is not None and bias.shape != (rows,):
            raise ValueError("a bias of another shape")
    for state, size in states:
        if state is not None and state.shape != (batch_sizes[0], size):
            raise ValueError("a state of another shape")
    for operand in (w_ih, w_hh, *biases, *[state for state, _ in states]):
        if operand is not None and operand.dtype is not x.dtype:
            raise ValueError("operands of several types")


def zeros_if_missing(state: Any, like: Any, count: int, size: int) -> Tensor:
    """An initial state, zeros if there is none."""
    return like.new_zeros((count, size)) if state is None else state
