"""Gather, scatter, sorting, scans and searches: laws, ties, nan, in-place forms, error texts."""

from __future__ import annotations

from math import inf, nan
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import flambeau as fb

LISTS = st.lists(st.integers(-4, 4), min_size=1, max_size=12)


def error_of(call: Any, kind: type[Exception]) -> str:
    with pytest.raises(kind) as caught:
        call()
    return str(caught.value)


@given(LISTS, st.booleans())
def test_sort_is_stable_and_argsort_agrees(values: list[int], descending: bool) -> None:
    for x in (fb.tensor(values), fb.tensor(values, dtype=fb.float32)):
        ordered, index = x.sort(descending=descending)
        expected = sorted(range(len(values)), key=lambda i: -values[i] if descending else values[i])
        assert index.tolist() == expected == x.argsort(descending=descending).tolist()
        assert ordered.tolist() == [values[i] for i in expected]


@given(LISTS, st.data())
def test_topk_is_the_head_of_a_sort(values: list[int], data: Any) -> None:
    k = data.draw(st.integers(0, len(values)))
    largest = data.draw(st.booleans())
    found = fb.tensor(values).topk(k, largest=largest)
    ordered = fb.tensor(values).sort(descending=largest)
    assert found.values.tolist() == ordered.values.tolist()[:k]
    assert found.indices.tolist() == ordered.indices.tolist()[:k]


def test_topk_of_many_elements_takes_ties_in_order() -> None:
    values = np.random.default_rng(0).integers(0, 50, 2000)
    found = fb.from_numpy(values).topk(5)
    assert found.values.tolist() == sorted(values.tolist(), reverse=True)[:5]
    assert values[found.indices.numpy()].tolist() == found.values.tolist()


def test_nan_is_the_largest() -> None:
    x = fb.tensor([1.0, nan, 3.0, -inf, nan])
    assert x.argsort().tolist() == [3, 0, 2, 1, 4]
    assert x.argsort(descending=True).tolist() == [1, 4, 2, 0, 3]
    assert x.argmax().item() == 1
    assert x.argmin().item() == 1
    assert x.cummax(0).indices.tolist() == [0, 1, 1, 1, 4]
    assert x.kthvalue(3).values.item() == 3


def test_unsigned_and_extreme_integers_sort_downward() -> None:
    low = np.iinfo(np.int64).min
    assert fb.tensor([0, low, 5]).argsort(descending=True).tolist() == [2, 0, 1]
    assert fb.tensor([0, 255, 7], dtype=fb.uint8).argsort(descending=True).tolist() == [1, 2, 0]


@given(LISTS)
def test_unique_inverse_and_counts_rebuild_the_input(values: list[int]) -> None:
    x = fb.tensor(values)
    for find in (fb.unique, fb.unique_consecutive):
        found, inverse, counts = find(x, return_inverse=True, return_counts=True)
        assert found[inverse].tolist() == values
        assert counts.sum().item() == len(values)
    assert fb.unique(x).tolist() == sorted(set(values))


@given(LISTS, LISTS, st.booleans())
def test_searchsorted_keeps_order(sequence: list[int], values: list[int], right: bool) -> None:
    ordered = sorted(sequence)
    places = fb.searchsorted(fb.tensor(ordered), fb.tensor(values), right=right)
    for value, place in zip(values, places.tolist(), strict=True):
        smaller = sum(s <= value if right else s < value for s in ordered)
        assert place == smaller


def test_in_place_forms_record_their_history() -> None:
    index = fb.tensor([[0, 2]])
    source = fb.tensor([[10.0, 20.0]], requires_grad=True)
    x = fb.ones(1, 3, requires_grad=True)
    y = x * 2
    assert y.scatter_add_(1, index, source) is y
    (y * fb.tensor([[1.0, 2.0, 3.0]])).sum().backward()
    assert x.grad.tolist() == [[2, 4, 6]]
    assert source.grad.tolist() == [[1, 3]]


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("scatter", (0, fb.tensor([1]), fb.tensor([5.0]))),
        ("scatter_add", (0, fb.tensor([1]), fb.tensor([5.0]))),
        ("scatter_reduce", (0, fb.tensor([1]), fb.tensor([5.0]), "prod")),
        ("index_add", (0, fb.tensor([1]), fb.tensor([5.0]))),
        ("index_copy", (0, fb.tensor([1]), fb.tensor([5.0]))),
        ("index_fill", (0, fb.tensor([1]), 5.0)),
        ("index_reduce", (0, fb.tensor([1]), fb.tensor([5.0]), "amax")),
    ],
)
def test_in_place_equals_out_of_place(name: str, arguments: tuple[Any, ...]) -> None:
    x = fb.tensor([1.0, 2.0, 3.0])
    expected = getattr(x, name)(*arguments)
    assert x.tolist() == [1, 2, 3]
    changed = x.clone()
    assert getattr(changed, name + "_")(*arguments) is changed
    assert changed.tolist() == expected.tolist() != x.tolist()


def test_a_failed_scatter_changes_nothing() -> None:
    x = fb.zeros(3)
    with pytest.raises(RuntimeError):
        x.scatter_(0, fb.tensor([0, 7]), fb.ones(2))
    assert x.tolist() == [0, 0, 0]


def test_a_source_larger_than_its_index_gets_zeros_where_unused() -> None:
    source = fb.ones(2, 3, requires_grad=True)
    fb.zeros(2, 3).scatter_add(1, fb.tensor([[0, 0]]), source).sum().backward()
    assert source.grad.tolist() == [[1, 1, 0], [0, 0, 0]]


def test_an_excluded_element_takes_no_share_of_the_gradient() -> None:
    source = fb.tensor([3.0, 3.0], requires_grad=True)
    x = fb.tensor([3.0])
    x.scatter_reduce(0, fb.tensor([0, 0]), source, "amax", include_self=False).backward()
    assert source.grad.tolist() == [0.5, 0.5]


def test_repeated_indices_add_their_gradients() -> None:
    x = fb.tensor([1.0, 2.0, 3.0], requires_grad=True)
    (x.index_select(0, fb.tensor([1, 1, 0])) * fb.tensor([1.0, 10.0, 100.0])).sum().backward()
    assert x.grad.tolist() == [100, 11, 0]


@pytest.mark.parametrize("name", ["logcumsumexp", "cumprod", "cumsum", "cummax", "cummin"])
def test_scans_pass_gradient_checks(name: str) -> None:
    x = fb.tensor([[0.5, -1.0, 2.0, 0.3], [1.0, 0.1, -0.2, 3.0]], dtype=fb.float64)
    x.requires_grad_()

    def call(t: Any) -> Any:
        result = getattr(t, name)(1)
        return result[0] if isinstance(result, tuple) else result

    assert fb.autograd.gradcheck(call, (x,))
    assert fb.autograd.gradgradcheck(call, (x,))


def test_logcumsumexp_far_apart() -> None:
    x = fb.tensor([-inf, 1000.0, -1000.0, 1000.0], dtype=fb.float64, requires_grad=True)
    y = x.logcumsumexp(0)
    assert y.tolist() == [-inf, 1000, 1000, 1000 + np.log(2)]
    y[-1].backward()
    np.testing.assert_allclose(x.grad.numpy(), [0, 0.5, 0, 0.5], rtol=1e-12)


def test_error_texts() -> None:
    x = fb.zeros(2, 3)
    assert error_of(lambda: x.gather(1, fb.tensor([[3]])), RuntimeError) == (
        "gather: index 3 is out of bounds for dimension 1 with size 3\n"
        "  expected: entries from 0 to 2\n"
        "  got:      3"
    )
    assert error_of(lambda: x.gather(0, fb.tensor([0])), RuntimeError) == (
        "gather: index must have the same number of dimensions as input\n"
        "  expected: an index with 2 dimension(s)\n"
        "  got:      input (2, 3) and index (1,)"
    )
    assert error_of(lambda: x.gather(0, x), RuntimeError) == (
        "gather: index has a wrong type\n"
        "  expected: an index of type torch.int64 (or torch.int32)\n"
        "  got:      torch.float32\n"
        "  help:     convert it with .long()"
    )
    assert error_of(lambda: x.topk(4), RuntimeError) == (
        "topk: k is out of range\n  expected: k from 0 to 3\n  got:      4"
    )
    wrong = fb.tensor([[0]]), fb.tensor([[1]])
    assert error_of(lambda: x.scatter(0, *wrong), RuntimeError) == (
        "scatter: src has another type than input\n"
        "  expected: torch.float32\n"
        "  got:      torch.int64\n"
        "  help:     convert src with .to(input.dtype)"
    )
    assert error_of(lambda: x.index_select(0, fb.tensor([-1])), IndexError) == (
        "index_select: index -1 is out of bounds for dimension 0 with size 2\n"
        "  expected: entries from 0 to 1\n"
        "  got:      -1"
    )
    assert error_of(lambda: fb.quantile(fb.ones(2), 1.5), RuntimeError) == (
        "quantile: q is out of range\n  expected: q from 0 to 1\n  got:      1.5"
    )
