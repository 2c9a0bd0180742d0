"""Views share memory, know their strides, and refuse what strides do not allow."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import flambeau as fb
from flambeau.core.strides import can_view, overlaps_itself


def text(error: pytest.ExceptionInfo) -> str:
    return str(error.value)


def test_view_refuses_what_strides_do_not_allow() -> None:
    with pytest.raises(RuntimeError) as error:
        fb.zeros(3, 2).t().view(6)
    assert text(error) == (
        "view: view size is not compatible with input tensor's size and stride\n"
        "  expected: sizes that split or join dimensions which lie in memory without gaps\n"
        "  got:      shape (2, 3), strides (1, 2), view size (6,)\n"
        "  help:     use .reshape(...), which copies where it must"
    )


def test_sizes_that_do_not_hold_the_elements() -> None:
    for function in (lambda: fb.zeros(6).view(4), lambda: fb.zeros(6).reshape(4)):
        with pytest.raises(RuntimeError, match=r"expected: sizes whose product is 6"):
            function()
    with pytest.raises(RuntimeError) as error:
        fb.zeros(6).reshape(-1, 4)
    assert text(error) == (
        "reshape: the sizes do not hold the elements\n"
        "  expected: sizes whose product is 6, at most one of them -1\n"
        "  got:      (-1, 4)"
    )
    with pytest.raises(RuntimeError):
        fb.zeros(6).reshape(-2, 3)


def test_a_view_shares_memory_and_version() -> None:
    x = fb.zeros(2, 3)
    views = [
        x.view(6),
        x.t(),
        x[1:],
        x.unsqueeze(0),
        x.unbind(1)[0],
        x.diagonal(),
        x.expand(4, 2, 3),
    ]
    x.fill_(5)
    for view in views:
        assert view.min().item() == 5
        assert view._version == 1
        assert view._base is x


def test_reshape_copies_only_where_it_must() -> None:
    x = fb.zeros(2, 3)
    assert x.reshape(6)._base is x
    copy = x.t().reshape(6)
    assert copy._base is None
    copy.fill_(1)
    assert x.sum().item() == 0


@given(
    arrays.array_shapes(min_dims=1, max_dims=4, max_side=4),
    st.permutations(range(4)),
    st.data(),
)
def test_can_view_is_what_numpy_can_do_without_a_copy(shape, order, data) -> None:
    array = np.zeros(shape)[tuple(slice(None, None, data.draw(st.integers(1, 2))) for _ in shape)]
    array = array.transpose([d for d in order if d < array.ndim])
    sizes = []
    rest = array.size
    while rest > 1:
        size = data.draw(st.sampled_from([d for d in range(1, rest + 1) if rest % d == 0]))
        sizes.append(size)
        rest //= size
    view = array.view()
    try:
        view.reshape(tuple(sizes), copy=False)
        possible = True
    except ValueError:
        possible = False
    assert can_view(array.shape, array.strides, tuple(sizes)) == possible


def test_expanded_tensors_are_not_written_to() -> None:
    x = fb.zeros(1, 3).expand(2, 3)
    with pytest.raises(RuntimeError) as error:
        x.add_(1)
    assert text(error) == (
        "add_: several elements of the tensor share one place in memory\n"
        "  expected: a tensor whose elements each have a place of their own\n"
        "  got:      an expanded tensor of shape (2, 3)\n"
        "  help:     clone() it first"
    )
    for change in (
        lambda: x.copy_(fb.ones(2, 3)),
        lambda: x.__setitem__(slice(None), fb.ones(2, 3)),
        lambda: x.__setitem__([0, 1], fb.ones(2, 3)),
        lambda: x.mul_(x),
    ):
        with pytest.raises(RuntimeError):
            change()
    assert x.sum().item() == 0
    x[0].add_(1)  # one row has its places to itself
    assert x.tolist() == [[1, 1, 1], [1, 1, 1]]


def test_overlap_is_seen_where_a_repeated_dimension_is_stepped_along() -> None:
    assert overlaps_itself((2, 3), (0, 8))
    assert not overlaps_itself((1, 3), (0, 8))
    assert not overlaps_itself((2, 0), (0, 8))
    assert not overlaps_itself((2, 3), (24, 8))


def test_read_only_arrays_are_not_written_to() -> None:
    array = np.zeros(2)
    array.flags.writeable = False
    x = fb.from_numpy(array)
    for change in (lambda: x.add_(1), lambda: x.fill_(1), lambda: x.__setitem__(0, 1.0)):
        with pytest.raises(RuntimeError, match="read-only"):
            change()


@given(st.lists(st.sampled_from([-1, 1, 2, 3]), min_size=1, max_size=4))
def test_expand_agrees_with_numpy(sizes: list[int]) -> None:
    given_array = np.arange(6.0).reshape(2, 1, 3)
    x = fb.from_numpy(given_array)
    wanted = [
        (1, 1, 1, *given_array.shape)[6 - len(sizes) + a] if s == -1 and len(sizes) - a <= 3 else s
        for a, s in enumerate(sizes)
    ]
    try:
        if len(sizes) < 3:
            raise ValueError("too few")
        expected = np.broadcast_to(given_array, wanted)
    except ValueError:
        with pytest.raises(RuntimeError):
            x.expand(*sizes)
        return
    found = x.expand(*sizes)
    np.testing.assert_array_equal(found.numpy(), expected)


def test_gradients_of_overlapping_views_are_added_up() -> None:
    x = fb.arange(5.0).requires_grad_()
    x.unfold(0, 3, 1).sum().backward()
    assert x.grad.tolist() == [1, 2, 3, 2, 1]
    x.grad = None
    x.as_strided((3, 2), (1, 1), 1).sum().backward()
    assert x.grad.tolist() == [0, 1, 2, 2, 1]
    x.grad = None
    x.unsqueeze(0).expand(4, 5).sum().backward()
    assert x.grad.tolist() == [4] * 5


def test_errors_name_the_dimension() -> None:
    x = fb.zeros(2, 3)
    with pytest.raises(IndexError) as error:
        x.transpose(0, 2)
    assert text(error) == (
        "transpose: dimension out of range\n  expected: dim from -2 to 1\n  got:      2"
    )
    with pytest.raises(RuntimeError) as error:
        x.split([1, 1], 1)
    assert text(error) == (
        "split: the sizes do not add up to the dimension\n"
        "  expected: sizes whose sum is 3\n"
        "  got:      [1, 1]"
    )
    with pytest.raises(RuntimeError) as error:
        x.expand(4, 3)
    assert text(error) == (
        "expand: the sizes do not fit the tensor\n"
        "  expected: at least as many sizes as dimensions; each -1, the present size, or any "
        "where the present size is 1\n"
        "  got:      a tensor of shape (2, 3), sizes (4, 3)"
    )
    with pytest.raises(RuntimeError) as error:
        x.as_strided((2, 3), (3, 2))
    assert text(error) == (
        "as_strided: the view reaches beyond the memory of the tensor\n"
        "  expected: at most 6 elements of memory\n"
        "  got:      8: shape (2, 3), strides (3, 2), offset 0"
    )


def test_views_of_bfloat16_and_of_transposed_memory() -> None:
    x = fb.arange(6.0).to(fb.bfloat16).reshape(2, 3)
    assert x.t().unsqueeze(0).expand(2, 3, 2)[1].float().tolist() == [[0, 3], [1, 4], [2, 5]]
    assert x.as_strided((2, 2), (1, 2), 1).float().tolist() == [[1, 3], [2, 4]]


def test_storage_offset_is_counted_from_the_start_of_the_memory() -> None:
    x = fb.arange(24).reshape(2, 3, 4)
    assert x[1, 2:].storage_offset() == 20
    assert x.as_strided((2,), (3,), 5).storage_offset() == 5
    assert x[1].expand(2, 3, 4).storage_offset() == 12
