"""In-place changes, views and the graph."""

import pytest

import flambeau as fb


def leaf() -> fb.Tensor:
    return fb.arange(1.0, 7.0).reshape(2, 3).requires_grad_()


def test_changing_a_view_changes_the_history_of_its_base() -> None:
    x = leaf()
    y = x * 1
    row, before = y[0], y.grad_fn
    row.mul_(10)
    assert y.grad_fn.name() == "torch::autograd::CopySlices"
    assert y.grad_fn.next_functions[0][0] is before
    assert row.grad_fn.name() == "AsStridedBackward0"
    assert row.grad_fn.next_functions[0][0] is y.grad_fn
    y.sum().backward()
    assert x.grad.tolist() == [[10, 10, 10], [1, 1, 1]]


def test_changing_a_base_changes_the_history_of_its_views() -> None:
    x = leaf()
    y = x * 1
    column = y[:, 1]
    corner = column[0]
    y.mul_(y.detach())
    (column.sum() + corner).backward()
    assert x.grad.tolist() == [[0, 4, 0], [0, 5, 0]]


def test_a_tensor_written_into_a_view_gets_its_gradient() -> None:
    x, w = leaf(), fb.tensor([2.0, 3.0], requires_grad=True)
    buffer = fb.zeros(2, 3)
    window = buffer[:, 1]
    window.copy_(w * 2)
    buffer[:, 0] = x[:, 2]
    (buffer * x.detach()).sum().backward()
    assert w.grad.tolist() == [4, 10]
    assert x.grad.tolist() == [[0, 0, 1], [0, 0, 4]]


def test_gradients_of_a_sibling_view_are_current() -> None:
    x = leaf()
    y = x * 1
    left, right = y[:, :2], y[:, 1:]
    left.mul_(3)
    (right * right).sum().backward()
    assert x.grad.tolist() == [[0, 2 * 9 * 2, 2 * 3], [0, 2 * 9 * 5, 2 * 6]]


LEAF = (
    "  expected: a tensor that the backward pass can do without\n"
    "  got:      {0}\n"
    "  help:     wrap the change in no_grad(), or use the out-of-place operation"
)


def test_leaves_and_their_views_are_refused() -> None:
    x = leaf()
    for target, what in (
        (x, "a leaf tensor that requires a gradient"),
        (x[0], "a view of a leaf tensor that requires a gradient"),
    ):
        with pytest.raises(RuntimeError) as error:
            target.add_(1)
        assert str(error.value) == (
            f"add_: {what} is used in an in-place operation\n" + LEAF.format(what)
        )
    assert x._version == 0
    with fb.no_grad():
        x[0].add_(1)
    assert x[0, 0].item() == 2


@pytest.mark.parametrize("records", [False, True])
def test_one_of_several_views_is_refused_before_anything_has_changed(records: bool) -> None:
    y = fb.zeros(2, 3) if records else leaf() * 1
    other = fb.ones(3, requires_grad=records)
    first = y.unbind()[0]
    with pytest.raises(RuntimeError) as error:
        first.add_(other)
    assert str(error.value) == (
        "add_: one of several views made by unbind is changed in place\n"
        "  expected: a view of its own\n"
        "  got:      an output of unbind\n"
        "  help:     take the view by indexing, or clone() it"
    )
    assert y._version == 0
    assert y[0, 0].item() == (0 if records else 1)


def test_several_views_cannot_be_used_after_their_base_changed() -> None:
    y = leaf() * 1
    first, _ = y.split(1)
    y.mul_(2)
    assert first.requires_grad
    with pytest.raises(RuntimeError) as error:
        first * 2
    assert str(error.value) == (
        "split: the base of one of its several views was changed in place\n"
        "  expected: a base that keeps its values while the views are used\n"
        "  got:      a base at a later version\n"
        "  help:     take the views by indexing, or use the out-of-place operation"
    )


def test_a_view_and_its_change_on_different_sides_of_no_grad() -> None:
    y = leaf() * 1
    with fb.no_grad():
        view = y[0]
    with pytest.raises(RuntimeError) as error:
        view.mul_(2)
    assert str(error.value) == (
        "mul_: a view taken under no_grad() is changed by a recorded operation\n"
        "  expected: the view and its change both inside or both outside no_grad()\n"
        "  got:      the view inside, the change outside\n"
        "  help:     take the view outside no_grad(), or clone() it"
    )
    y.mul_(2)
    with pytest.raises(RuntimeError, match=r"the view taken in no_grad\(\)"):
        view * 2


def test_a_base_that_was_reshaped_in_place_cannot_be_viewed_again() -> None:
    y = leaf()[:, :2] * 1
    view = y[0]
    y.t_()
    with pytest.raises(RuntimeError, match="got other sizes, strides or memory in place"):
        view * 2


def test_views_in_place() -> None:
    x = leaf()
    y = (x * 1).t_().unsqueeze_(0).squeeze_(0)
    assert y.shape == (3, 2)
    (y * fb.arange(6.0).reshape(3, 2)).sum().backward()
    assert x.grad.tolist() == [[0, 2, 4], [1, 3, 5]]
    with pytest.raises(RuntimeError, match="a leaf tensor that requires a gradient"):
        x.t_()


def test_detached_tensors_share_the_version_and_data_does_not() -> None:
    x = leaf()
    y = x * x
    x.detach().mul_(2)
    with pytest.raises(RuntimeError, match="was modified by an inplace operation"):
        y.sum().backward()
    z = x * x
    x.data.mul_(2)
    z.sum().backward()
    assert x.grad.tolist() == (2 * x.detach()).tolist()


def test_second_derivatives_through_changed_views() -> None:
    def function(x: fb.Tensor) -> fb.Tensor:
        y = x * x
        y[0].mul_(x[1])
        y[:, 1] = x[:, 0] * x[:, 2]
        return (y * y).sum()

    x = leaf().detach().double().requires_grad_()
    assert fb.autograd.gradcheck(function, (x,))
    assert fb.autograd.gradgradcheck(function, (x,))


def test_expanded_tensors_are_filled_with_numbers_only() -> None:
    x = fb.ones(3, 1).expand(3, 4)
    assert x.fill_(2.0)[0].tolist() == [2, 2, 2, 2]
    for change in (
        lambda: x.fill_(fb.tensor(3.0)),
        lambda: x.__setitem__((..., slice(0, 2)), 3.0),
        lambda: x.__setitem__((..., slice(0, 2)), fb.tensor(3.0)),
        lambda: x.__setitem__(0, fb.ones(4)),
    ):
        with pytest.raises(RuntimeError, match="several elements of the tensor share one place"):
            change()
    x[..., :1] = 5.0
    assert x[0].tolist() == [5, 5, 5, 5]
