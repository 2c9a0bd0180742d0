"""Indexing against NumPy, gradients at repeated indices, and texts of errors."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import flambeau as fb

SHAPE = (3, 4, 2)


def text(error: pytest.ExceptionInfo) -> str:
    return str(error.value)


def entries(draw: st.DataObject, allow_tensors: bool) -> tuple:
    """An index that NumPy and we must understand alike (NumPy's slices with positive steps)."""
    index, dims = [], 0
    least = min(SHAPE)  # numbers that fit every dimension, wherever an ellipsis moves them
    for size in SHAPE[: draw.draw(st.integers(0, 3))]:
        kind = draw.draw(st.sampled_from(["integer", "slice", "none"]))
        if kind == "integer":
            index.append(draw.draw(st.integers(-least, least - 1)))
        elif kind == "slice":
            bound = st.none() | st.integers(-size - 1, size + 1)
            index.append(slice(draw.draw(bound), draw.draw(bound), draw.draw(st.integers(1, 3))))
        else:
            index.append(None)
            continue
        dims += 1
    if allow_tensors and dims < 3:
        index = [i if not isinstance(i, int) else slice(i, None) for i in index]
        chosen = arrays.arrays(np.int64, (2, 2), elements=st.integers(-least, least - 1))
        index.append(draw.draw(chosen))
    elif draw.draw(st.booleans()):
        index.insert(draw.draw(st.integers(0, len(index))), ...)
    return tuple(index)


@given(st.data(), st.booleans(), st.booleans())
def test_reading_and_writing_agree_with_numpy(data, allow_tensors, requires_grad) -> None:
    array = np.arange(24.0).reshape(SHAPE)
    index = entries(data, allow_tensors)
    ours = tuple(fb.from_numpy(i) if isinstance(i, np.ndarray) else i for i in index)
    x = fb.tensor(array, requires_grad=requires_grad) * 1
    np.testing.assert_array_equal(x[ours].detach().numpy(), array[index])
    x[ours] = 0.5
    array[index] = 0.5
    np.testing.assert_array_equal(x.detach().numpy(), array)


def test_gradients_add_up_where_an_index_is_repeated() -> None:
    x = fb.arange(3.0).requires_grad_()
    x[fb.tensor([0, 2, 0, 0])].sum().backward()
    assert x.grad.tolist() == [3, 0, 1]


def test_half_precision_gradients_are_added_up_in_float32() -> None:
    x = fb.zeros(1, dtype=fb.float16, requires_grad=True)
    g = fb.cat([fb.ones(1, dtype=fb.float16), fb.full((2000,), 2.0**-12, dtype=fb.float16)])
    x[fb.zeros(2001, dtype=fb.int64)].backward(g)
    # One at a time in float16, each small addition to 1 would be rounded away.
    assert x.grad.item() == pytest.approx(1 + 2000 * 2.0**-12, rel=1e-3)


def test_assignment_sends_gradients_to_both_sides() -> None:
    x = fb.ones(2, 3, requires_grad=True)
    v = fb.tensor([2.0, 3.0], requires_grad=True)
    y = x * 1
    y[:, 1] = v
    y[fb.tensor([0, 0]), fb.tensor([0, 2])] = v
    (y * fb.arange(6.0).reshape(2, 3)).sum().backward()
    assert x.grad.tolist() == [[0, 0, 0], [3, 0, 5]]
    assert v.grad.tolist() == [0 + 1, 2 + 4]


def test_texts_of_errors() -> None:
    x = fb.zeros(2, 3)
    cases = [
        (lambda: x[5], IndexError, ("index: index 5 is out of bounds for dimension 0 with size 2\n"
         "  expected: an index from -2 to 1\n  got:      5")),
        (lambda: x[0, 1, 2], IndexError,
         "index: too many indices\n  expected: at most 2 for shape (2, 3)\n  got:      3"),
        (lambda: x[::-1], ValueError, ("index: slices need a positive step\n"
         "  expected: a step of at least 1\n  got:      -1\n"
         "  help:     use flambeau.flip(x, (dim,)) to reverse a dimension")),
        (lambda: x[fb.tensor([0, 7])], IndexError,
         ("index: index 7 is out of bounds for dimension 0 with size 2\n"
         "  expected: indices from -2 to 1\n  got:      7")),
        (lambda: x[:, fb.tensor([0, -9])], IndexError,
         ("index: index -9 is out of bounds for dimension 1 with size 3\n"
         "  expected: indices from -3 to 2\n  got:      -9")),
        (lambda: x[fb.tensor([True, False, True])], IndexError,
         ("index: the mask does not fit the tensor\n"
         "  expected: size 2 where the mask meets dimension 0\n"
         "  got:      a mask of shape (3,), tensor (2, 3)")),
        (lambda: x[fb.tensor([0.5])], IndexError,
         ("index: tensors used as indices must be of an integer or bool type\n"
         "  expected: int64, int32, uint8 or bool\n  got:      torch.float32")),
        (lambda: x.__setitem__(0, [1, 2]), TypeError,
         ("index: the value assigned is not a tensor\n"
         "  expected: a tensor or a number\n  got:      list\n"
         "  help:     make a tensor of it with flambeau.tensor(...)")),
        (lambda: x.__setitem__(0, fb.zeros(2)), RuntimeError,
         ("copy_: the source does not broadcast to the tensor\n"
         "  expected: a source that broadcasts to (3,)\n  got:      shape (2,)")),
        (lambda: x.__setitem__([0, 1], fb.zeros(4)), RuntimeError,
         ("index_put_: the values do not broadcast to the selection\n"
         "  expected: values that broadcast to (2, 3)\n  got:      shape (4,)")),
        (lambda: x.__setitem__([0], fb.zeros(3, dtype=fb.float64)), RuntimeError,
         ("index_put_: the values are of another type\n"
         "  expected: torch.float32\n  got:      torch.float64\n"
         "  help:     convert them with .to(dtype)")),
        (lambda: x.take(fb.tensor([6])), IndexError,
         ("take: an index is out of range\n"
         "  expected: indices from -6 to 5\n  got:      indices from 6 to 6")),
        (lambda: x.masked_select(fb.tensor([1, 0, 1])), RuntimeError,
         ("masked_select: the mask must be of type bool\n"
         "  expected: torch.bool\n  got:      torch.int64\n"
         "  help:     compare it with something, or convert it with .bool()")),
    ]  # fmt: skip
    for call, kind, expected in cases:
        with pytest.raises(kind) as error:
            call()
        assert text(error) == expected
    assert x.sum().item() == 0


@pytest.mark.parametrize("requires_grad", [False, True])
def test_nothing_is_written_when_an_index_is_wrong(requires_grad: bool) -> None:
    x = fb.zeros(3, requires_grad=requires_grad) * 1
    with pytest.raises(IndexError):
        x[fb.tensor([0, 1, 9])] = 1.0
    assert x.tolist() == [0, 0, 0]
    assert x._version == 0


def test_assignment_between_overlapping_parts() -> None:
    x = fb.arange(6)
    x[1:] = x[:-1]
    assert x.tolist() == [0, 0, 1, 2, 3, 4]
    y = fb.arange(4.0).requires_grad_() * 1
    y[1:] = y[:-1]
    assert y.tolist() == [0, 0, 1, 2]


def test_iteration_gives_views() -> None:
    x = fb.zeros(2, 3)
    for number, row in enumerate(x):
        row.fill_(number)
    assert x.tolist() == [[0, 0, 0], [1, 1, 1]]
    with pytest.raises(TypeError, match="0-d"):
        iter(fb.tensor(1))


def test_views_taken_without_a_graph_follow_a_later_history() -> None:
    x = fb.zeros(3, 4)
    view = x[1:, 2]
    w = fb.tensor(2.0, requires_grad=True)
    x.add_(w)
    view.sum().backward()
    assert w.grad.item() == 2
