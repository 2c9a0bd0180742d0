"""Joining and arranging against NumPy, and texts of errors."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import flambeau as fb


@given(st.lists(st.integers(0, 3), min_size=1, max_size=4), st.integers(-2, 1), st.booleans())
def test_cat_agrees_with_numpy(sizes: list[int], dim: int, transposed: bool) -> None:
    parts = []
    for number, size in enumerate(sizes):
        shape = [2, 2]
        shape[dim] = size
        part = np.arange(2.0 * size).reshape(shape) + 10 * number
        parts.append(part.copy("F") if transposed else part)
    joined = fb.cat([fb.from_numpy(p) for p in parts], dim)
    np.testing.assert_array_equal(joined.numpy(), np.concatenate(parts, dim))
    assert joined.is_contiguous()


def test_types_are_promoted_and_empty_vectors_left_out() -> None:
    joined = fb.cat([fb.tensor([]), fb.ones(1, 2, dtype=fb.int32), fb.ones(1, 2, dtype=fb.float16)])
    assert joined.dtype is fb.float32  # the empty vector counts for the type
    assert joined.shape == (2, 2)
    assert fb.stack([fb.tensor(1), fb.tensor(2.5)]).tolist() == [1, 2.5]


def test_texts_of_errors() -> None:
    x, y = fb.zeros(2, 3), fb.zeros(3, 2)
    cases = [
        (lambda: fb.cat([x, y]), RuntimeError,
         ("cat: sizes differ in a dimension other than the one joined\n"
         "  expected: shapes that are equal except in dimension 0\n"
         "  got:      (2, 3) and (3, 2)")),
        (lambda: fb.cat([fb.tensor(1), fb.tensor(2)]), RuntimeError,
         ("cat: a 0-d tensor cannot be joined\n"
         "  expected: tensors of at least 1 dimension\n"
         "  got:      a 0-d tensor at position 0\n"
         "  help:     use stack, or reshape it with .reshape(1)")),
        (lambda: fb.cat(x), TypeError,
         ("cat: a list of tensors is needed\n"
         "  expected: a tuple or list of tensors\n  got:      Tensor")),
        (lambda: fb.stack([x, y]), RuntimeError,
         ("stack: tensors have different shapes\n"
         "  expected: shape (2, 3), that of the first\n"
         "  got:      shape (3, 2) at position 1")),
        (lambda: fb.stack([x, 1]), TypeError,
         ("stack: not all are tensors\n"
         "  expected: a tuple or list of tensors\n  got:      int at position 1")),
        (lambda: x.repeat(2), RuntimeError,
         ("repeat: one number for each dimension is needed\n"
         "  expected: at least 2 numbers, none of them negative\n  got:      (2,)")),
        (lambda: x.roll((1, 2), 0), RuntimeError,
         ("roll: shifts and dims do not fit together\n"
         "  expected: one shift for each dimension, or a single shift without dims\n"
         "  got:      shifts=(1, 2), dims=0")),
        (lambda: fb.meshgrid(x[0], x, indexing="ij"), RuntimeError,
         ("meshgrid: only tensors of at most one dimension\n"
         "  expected: shape (n,) or ()\n  got:      shape (2, 3)")),
    ]  # fmt: skip
    for call, kind, expected in cases:
        with pytest.raises(kind) as error:
            call()
        assert str(error.value) == expected


def test_arrangements_agree_with_numpy() -> None:
    array = np.arange(24.0).reshape(2, 3, 4)
    x = fb.from_numpy(array)
    pairs = [
        (x.flip(0, 2), np.flip(array, (0, 2))),
        (x.roll((1, -2), (1, 2)), np.roll(array, (1, -2), (1, 2))),
        (x.roll(5), np.roll(array, 5)),
        (x.rot90(3, (1, 2)), np.rot90(array, 3, (1, 2))),
        (x.tile(2, 1), np.tile(array, (2, 1))),
        (x.repeat(2, 1, 3), np.tile(array, (2, 1, 3))),
        (x.repeat_interleave(2, 1), np.repeat(array, 2, 1)),
        (x.repeat_interleave(fb.tensor([2, 0, 1]), 1), np.repeat(array, [2, 0, 1], 1)),
        (fb.block_diag(x[0], fb.tensor(7.0)).double(), _block(array[0], 7.0)),
    ]
    for found, expected in pairs:
        np.testing.assert_array_equal(found.numpy(), expected)
    for ours, theirs in zip(
        fb.meshgrid(x[0, 0], x[0, :, 0], indexing="xy"), np.meshgrid(array[0, 0], array[0, :, 0])
    ):
        np.testing.assert_array_equal(ours.numpy(), theirs)


def _block(matrix: np.ndarray, number: float) -> np.ndarray:
    result = np.zeros((matrix.shape[0] + 1, matrix.shape[1] + 1))
    result[:-1, :-1] = matrix
    result[-1, -1] = number
    return result


def test_gradients_of_parts_that_were_not_used_are_zero() -> None:
    x = fb.arange(4.0).requires_grad_()
    first, _, third = x.split([1, 2, 1])
    (first * 3 + third * 5).sum().backward()
    assert x.grad.tolist() == [3, 0, 0, 5]
