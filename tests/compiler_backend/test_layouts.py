"""Layouts are learnt on arrays without values, which lie in memory all the same."""

import numpy as np
import pytest
from numpy.lib.array_utils import byte_bounds

from flambeau.compiler.loops.access import Access, viewed
from flambeau.compiler.record.program import Value
from flambeau.core.memory import owner
from flambeau.core.spec import Spec

LAYOUTS = [
    ((4, 3), (12, 4)),
    ((3, 1 << 20), (4, 12)),
    ((5, 4), (0, 4)),
    ((4, 3), (-12, 4)),
    ((2, 3), (400, -8)),
    ((), ()),
    ((0, 3), (12, 4)),
    ((3, 0), (-12, 4)),
]


def assert_lies_in_its_memory(array):
    """NumPy copies what it cannot move: then it reads every element."""
    whole = owner(array)
    assert whole.flags.c_contiguous
    (first, end), (begin, stop) = byte_bounds(array), byte_bounds(whole)
    assert begin <= first
    assert end <= stop


@pytest.mark.parametrize(("shape", "strides"), LAYOUTS)
def test_layout_of_a_spec_may_be_read(shape, strides):
    array = Spec(shape, np.dtype(np.float32), strides).meta()
    assert (array.shape, array.strides, array.dtype) == (shape, strides, np.float32)
    assert_lies_in_its_memory(array)
    assert not array.flags.writeable
    assert array.reshape(-1).sum() == 0.0


@pytest.mark.parametrize(("shape", "strides"), LAYOUTS)
def test_layout_of_a_value_may_be_read(shape, strides):
    spec = Spec(shape, np.dtype(np.float32), strides)
    value = Value(0, spec, "buffer")
    seen = []
    in_elements = tuple(s // 4 for s in strides)
    (same,) = viewed(Access(value, 7, in_elements, shape), lambda x: seen.append(x) or x)
    assert (same.offset, same.strides, same.shape) == (7, in_elements, shape)
    assert_lies_in_its_memory(seen[0])


def test_views_of_a_value_are_found_where_they_lie():
    value = Value(0, Spec((6, 5), np.dtype(np.float32)), "buffer")
    (flipped,) = viewed(Access(value, 0, (5, 1), (6, 5)), lambda x: x[::-2, 1:])
    assert (flipped.offset, flipped.strides, flipped.shape) == (26, (-10, 1), (3, 4))
