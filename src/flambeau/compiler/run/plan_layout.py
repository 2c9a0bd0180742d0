"""The memory that the dispatcher reads: words of 64 bits, in records of fixed sizes.

A *plan* describes one specialisation: what must still be so (guards), where its pointers go, what
is computed and what becomes of the results. Each table in it is a count and an address.
"""

from __future__ import annotations

import numpy as np


class Head:
    """What an entry owns."""

    PLAN, SLOW, MODE, MODE_NAME = range(4)
    # The number of a thread, what holds its mode, and the mode that others begin with.
    THREAD, THREAD_MODES, FIRST_MODE = range(4, 7)
    # That thread's mode when it was last looked up, and the version of what holds it then.
    MODE_FOUND, MODE_TAG, SIZE = range(7, 10)


class Plan:
    """A plan; names of tables stand for their count, followed by their address.

    The tables of tags, blocks and words are filled up to multiples of ``TOGETHER``.
    """

    TOGETHER = 4

    NEXT, BUSY, CODE, RUN, KERNEL, TABLE, RELEASE, RENEW, GROW, FINISH, SHAPE = range(11)
    ARGUMENTS = 11
    WORDS = 13
    LISTS = 15
    ITEMS = 17
    OTHERS = 19
    OVERLAPS = 21
    SOURCES = 23
    OPERATIONS = 25
    OUTPUTS = 27
    GRADIENTS = 29
    ROOTS = 31
    COUNTERS = 33
    LEAVES = 35
    BORROWED = 37  # buffers that are the present gradient of a tensor
    ABSENT = 39  # tensors that must have no gradient
    EQUAL_SOURCES = 41  # pairs of registers; if they are equal, the short tables are enough
    SHORT_OPERATIONS = 43
    SHORT_OUTPUTS = 45
    STATUS = 49
    MOVED = 50  # whether addresses changed since buffers were found to lie apart
    COUNT = 51  # gives a tensor its version counter
    APART = 52  # buffers that must lie apart from spans of memory
    # Functions that take the lock of the generator it draws from, if that is free, and give it
    # back; null if it draws nothing.
    TRY_LOCK, UNLOCK = 54, 55
    # Of a call: how many arguments by position, and the names of the others.
    GIVEN = 56
    NAMES = 57
    # Where arguments are containers or have names: what to take apart, and which of the objects
    # found, in the order of their finding, are the leaves.
    UNPACK = 59
    PICKED = 61
    FOUND, FLAT = 63, 64
    TAGS = 65  # addresses of words that only grow, whose sum must stay as it was
    TAG_SUM = 67
    BLOCKS = 68  # neighbouring words
    COUNTED = 70  # version counters that go up
    BUILD = 72  # how leaves are put together
    STACK, SIZE = 74, 75


class Block:
    """``WORDS`` neighbouring words: what they must be where a mask has bits."""

    WORDS = 4
    ADDRESS, EXPECTED, MASK, SIZE = 0, 1, 1 + WORDS, 1 + 2 * WORDS


class Argument:
    """One argument."""

    KIND, FIRST, TYPE, REQUIRES, DTYPE, NDIM, SIZES, TABLE, WRITTEN, ARRAY, SIZE = range(11)


class ArgumentKind:
    TENSOR, NUMBER, OBJECT = range(3)


class Borrowed:
    """A buffer that is whatever ``tensor.grad`` is at the call."""

    TENSOR, DTYPE, NDIM, SIZES, TABLE, WRITTEN, ARRAY, SIZE = range(8)


class Unpack:
    """A container: which of the objects found it is, and its children's first place there."""

    KIND, SOURCE, COUNT, KEYS, TARGET, SIZE = range(6)


class UnpackKind:
    TUPLE, LIST, DICT = range(3)


class Apart:
    """A buffer, and spans that it must not touch: pairs of begin and end, ``2 ** BITS`` of them.

    They are in order, apart from each other, and filled up with the largest words.
    """

    TABLE, EXTENT, SPANS, BITS, SIZE = range(5)


class Other:
    """A guard that asks the interpreter.

    Of a ``TENSOR``: a dict, a key, and the address of its data type, dimensions and sizes.
    """

    KIND, FIRST, SECOND, EXPECTED, SIZE = range(5)


class OtherKind:
    ATTRIBUTE, EQUAL, BYTES, TENSOR = range(4)


class Source:
    """A number that is read at each call; ``PLACE`` is the address of its register."""

    KIND, PLACE, FIRST, SECOND, INDEX, TYPE, ASKED, SIZE = range(8)


class SourceKind:
    ARGUMENT, ITEM, FLOAT32, FLOAT64, INT64 = range(5)


class Step:
    """One operation on numbers, by the addresses of its registers.

    Of ``python``, ``FIRST`` is a function of the call's arguments.
    """

    FUNCTION, RESULT, FIRST, SECOND, SIZE = range(5)


# ``rest`` is 1 - x**y, as optimizers correct their moments by it.
FUNCTIONS = ("add", "sub", "mul", "div", "pow", "neg", "abs", "python", "rest")


class Gradient:
    """A tensor that gets a gradient, and the objects that hold it (0: it becomes ``None``).

    The counts are how many references arrays have while only the plan and its gradient hold them.
    """

    TENSOR, GRADIENT, ARRAY, ARRAY_COUNT, ROOT, ROOT_COUNT, SIZE = range(7)


class Root:
    """A result's memory: arrays to choose from."""

    TABLE, COUNT, ARRAYS, FLAGS, DTYPE, NDIM, SIZES, CHOSEN, OWNED, SIZE = range(10)


class Counter:
    """A tensor whose version goes up, where its counter may be another at each call."""

    KIND, FIRST, SIZE = range(3)


class CounterKind:
    ARGUMENT, GRADIENT = range(2)


class Leaf:
    """A leaf of what is returned."""

    KIND, FIRST, REQUIRES, NODE, SIZE = range(5)


class LeafKind:
    FRESH, OBJECT, ARGUMENT = range(3)


class Shape:
    """What the leaves are returned as: one as it is, a tree, or what Python makes of them."""

    SINGLE, BUILT, FINISHED = range(3)


class Build:
    """The next leaf, or a container of the last ``COUNT`` objects that there are."""

    KIND, COUNT, KEYS, SIZE = range(4)


class BuildKind:
    LEAF, TUPLE, LIST, DICT = range(4)


WORD = 0xFFFFFFFFFFFFFFFF


def table(rows: list[tuple[int, ...]], width: int) -> np.ndarray:
    """Rows of 64-bit words."""
    found = np.zeros((max(len(rows), 1), width), np.uint64)
    words = [x & WORD for row in rows for x in (*row, *(0,) * (width - len(row)))]
    found[: len(rows)] = np.array(words, np.uint64).reshape(len(rows), width)
    return found
