"""Random permutations: PyTorch's `randperm`, without its serial loop.

The algorithm is Fisher and Yates': for i = 0 ... n - 2, exchange r[i] and r[t_i], t_i = i + z_i
with z_i = random mod (n - i). Each exchange depends on the ones before it. Written as a question,
what lies at place p when step i comes? If an earlier step k aimed at p (t_k = p), the last such
step left there what it found at its own place k; otherwise p itself still lies there. So the
final r[i] follows the last earlier step with the same aim, and from there on a chain of places
that sorting finds for all i at once and doubling shortens.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import DTypeLike

from flambeau.core.errors import message
from flambeau.core.native import kernels_for
from flambeau.random.generator import Generator
from flambeau.random.precision import DIGITS, INTEGERS, as_dtype, bfloat16, refuse_dtype
from flambeau.random.process import resolve
from flambeau.random.uniforms import CHUNK, words64

_INT64 = np.dtype(np.int64)
# From here on 32 bits would favour some permutations noticeably; PyTorch takes 64.
WIDE_LENGTH = (2**32 - 1) // 20
# Below this length exchanging in a list is quicker.
_SHORT = 600


def permutation(generator: Generator | None, n: int, dtype: DTypeLike = np.int64) -> np.ndarray:
    """The numbers 0 ... n - 1 in random order, all orders being equally likely.

    Shape: (n,).

    Args:
        generator: the stream; None for the process's own.
        n: how many, >= 0.
        dtype: of the result; it must hold n - 1.

    Raises:
        RuntimeError: ``n`` is negative, or too large for the dtype.
        NotImplementedError: no permutations of this dtype.

    Example:
        >>> from flambeau.random import Generator, permutation
        >>> permutation(Generator().manual_seed(0), 5).tolist()
        [4, 0, 1, 3, 2]

    Reference: R. A. Fisher and F. Yates, Statistical Tables, 1938; R. Durstenfeld, CACM 7(7),
    1964 (algorithm 235).
    """
    generator = resolve(generator)
    target = as_dtype(dtype)
    if target is not _INT64 or n < 0:
        _check(n, target)
    with generator.lock:
        native = kernels_for(n)
        order = np.empty(n, np.int64)
        if native and n < WIDE_LENGTH and native.fill_permutation(generator.engine.words, order):
            pass
        elif n >= WIDE_LENGTH:
            order = inside_out(_wide_aims(generator, n), n)
        elif n < _SHORT:
            order = np.array(_exchanged(generator.engine.raw(max(n - 1, 0)).tolist(), n), np.int64)
        else:
            order = exchanges(_aims(generator, n))
    return order if target is _INT64 or target == _INT64 else _cast(order, target)


def _exchanged(outputs: list[int], n: int) -> list[int]:
    order = list(range(n))
    for i, output in enumerate(outputs):
        aim = i + output % (n - i)
        order[i], order[aim] = order[aim], order[i]
    return order


def _aims(generator: Generator, n: int) -> np.ndarray:
    """t_i for i = 0 ... n - 1; the last step changes nothing and draws nothing."""
    steps = np.arange(n, dtype=np.uint32)
    outputs = np.empty(n, np.uint32)
    outputs[:-1] = generator.engine.raw(n - 1)
    outputs[-1] = 0
    outputs %= np.uint32(n) - steps
    outputs += steps
    return outputs.astype(np.uint64)


def exchanges(aims: np.ndarray) -> np.ndarray:
    """The result of exchanging places i and ``aims[i]`` >= i of 0 ... n - 1 for i = 0, 1, ...

    Shape: (n,) uint64 -> (n,) int64.
    """
    n = aims.size
    bits = np.uint64(n.bit_length())
    # Sorted by aim, and steps of equal aim in their order.
    keys = aims << bits
    keys |= np.arange(n, dtype=np.uint64)
    keys.sort()
    step = (keys & np.uint64((1 << int(bits)) - 1)).view(np.int64)
    keys >>= bits
    aim = keys.view(np.int64)
    before = np.empty(n, np.int64)
    before[0] = 0
    before[1:] = step[:-1]
    follows = np.empty(n, bool)
    follows[0] = False
    np.equal(aim[1:], aim[:-1], out=follows[1:])

    # What lies at place i when step i comes was left there by the last earlier step aimed at i,
    # which found it at its own place. Of the steps aimed at i, written in order, the last one
    # stays; if that is step i itself, the one before it counts.
    origin = np.arange(n)
    origin[aim] = np.where(step == aim, np.where(follows, before, aim), step)
    origin = _chain_ends(origin)
    order = np.empty(n, np.int64)
    order[step] = np.where(follows, origin[before], aim)
    return order


def _chain_ends(successor: np.ndarray) -> np.ndarray:
    """Follow i -> successor[i] <= i to its end, for all i; each pass doubles the stride."""
    while True:
        further = successor[successor]
        if np.array_equal(further, successor):
            return successor
        successor = further


def _wide_aims(generator: Generator, n: int) -> Iterator[int]:
    """z_i = random64 mod (i + 1), drawn in pieces: all at once would take the memory of a list."""
    for start in range(0, n, CHUNK):
        stop = min(start + CHUNK, n)
        aims = words64(generator, stop - start)
        aims %= np.arange(start + 1, stop + 1, dtype=np.uint64)
        yield from aims.tolist()


def inside_out(aims: Iterable[int], n: int) -> np.ndarray:
    """The shuffle that PyTorch uses for very long permutations.

    r[i] = r[z_i], r[z_i] = i for i = 0 ... n - 1, z_i <= i: r grows by one place, which takes
    what lay at z_i.

    Shape: (n,) int64.
    """
    order = array("q", bytes(8 * n))
    for i, aim in enumerate(aims):
        order[i] = order[aim]
        order[aim] = i
    return np.frombuffer(order, np.int64).copy()


def _check(n: int, dtype: np.dtype) -> None:
    if n < 0:
        text = message("randperm: negative length", expected="n >= 0", got=f"n = {n}")
        raise RuntimeError(text)
    if dtype not in DIGITS and dtype not in INTEGERS:
        refuse_dtype("randperm", dtype, "a signed integer, uint8 or floating-point dtype")
    if dtype in INTEGERS:
        limit = int(np.iinfo(dtype).max) + 1
    else:
        # PyTorch lets bfloat16 repeat numbers.
        limit = n if dtype == bfloat16 else 2 ** DIGITS[dtype] + 1
    if n > limit:
        text = message(
            f"randperm: too long for {dtype.name}", expected=f"n <= {limit}", got=f"n = {n}"
        )
        raise RuntimeError(text)


def _cast(order: np.ndarray, dtype: np.dtype) -> np.ndarray:
    return (order.astype(np.float32) if dtype.kind not in "iu" else order).astype(dtype)
